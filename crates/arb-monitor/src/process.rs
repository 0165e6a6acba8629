//! What the process costs, where the system tells (Linux).

use std::fs;

/// Ticks of `/proc` a second; 100 on every Linux that Rust supports.
const TICKS_PER_SECOND: f64 = 100.0;
/// Bytes of a page on x86-64 and most of AArch64; what `/proc/self/status` says needs no such
/// constant, so memory is read there.
const KIB: f64 = 1024.0;

/// Sets the process gauges; does nothing where there is no `/proc`.
pub(crate) fn export() {
    if let Some(bytes) = fs::read_to_string("/proc/self/status").ok().and_then(|s| resident(&s)) {
        metrics::gauge!("arb_monitor_process_resident_bytes").set(bytes);
    }
    if let Some(seconds) = fs::read_to_string("/proc/self/stat").ok().and_then(|s| cpu(&s)) {
        metrics::gauge!("arb_monitor_process_cpu_seconds").set(seconds);
    }
}

fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * KIB)
}

/// User and system time: fields 14 and 15, counted after the name, which may contain anything.
fn cpu(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_found_in_proc() {
        let status = "Name:\tscan\nVmPeak:\t  9000 kB\nVmRSS:\t    2048 kB\n";
        assert_eq!(resident(status), Some(2_097_152.0));
        let stat = "42 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0";
        assert_eq!(cpu(stat), Some(2.0));
        assert_eq!(resident("Name: x"), None);
        assert_eq!(cpu("nothing"), None);
    }
}
