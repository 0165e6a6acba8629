//! What `scan` is made of: composition of the crates, and nothing that belongs in one of them.

pub mod approvals;
pub mod args;
pub mod audit;
pub mod components;
pub mod doctor;
pub mod endpoints;
pub mod failure;
pub mod feeds;
pub mod gas;
pub mod keeper;
pub mod kill_switch;
pub mod live;
pub mod publisher;
pub mod quotes;
pub mod registry;
pub mod replay;
pub mod services;
pub mod sets_file;
pub mod settings;
pub mod table;
pub mod tally;
pub mod terminal;
pub mod tradable;
pub mod view;
pub mod watch;
pub mod watched_file;
