//! What several tests share: feeds in virtual time, a judge of their quotes, memory, sets of markets, and the scanner as a program of its own.

pub mod feed;
pub mod oracle;
pub mod resident;
pub mod scanner;
pub mod sets;
