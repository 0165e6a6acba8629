//! What several tests share: feeds in virtual time, and a judge of their quotes.

pub mod feed;
pub mod oracle;
