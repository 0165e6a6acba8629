//! The pipeline against brute force and against its rules.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod capture;
mod classes;
mod compete;
mod count;
mod decimal;
mod memory;
mod oracle;
mod pipeline;
mod quarantine;
mod quote;
mod scan_all;
mod schema;
mod support;
