//! Memory that programs hold, where the system tells.

use std::fs;

/// Resident memory of this process in bytes.
#[must_use]
pub fn of_this_process() -> Option<u64> {
    bytes("self", "VmRSS:")
}

/// Anonymous resident memory of another process in bytes: neither code nor mapped files.
#[must_use]
pub fn anonymous_of(process: u32) -> Option<u64> {
    bytes(&process.to_string(), "RssAnon:")
}

fn bytes(process: &str, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1_024)
}
