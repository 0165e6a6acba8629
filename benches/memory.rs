//! What this process takes of the memory.

/// Resident bytes by the kernel's count; 0 where it does not say.
#[must_use]
pub fn resident_bytes() -> usize {
    const PAGE: usize = 4_096;
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split_whitespace().nth(1)?.parse::<usize>().ok());
    pages.unwrap_or(0) * PAGE
}
