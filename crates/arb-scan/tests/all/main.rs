//! The pipeline against brute force and against its rules.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod classes;
mod decimal;
mod oracle;
mod pipeline;
mod support;
