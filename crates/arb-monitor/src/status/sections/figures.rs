//! Numbers as people read them.

use std::time::Duration;

use rust_decimal::Decimal;
use time::OffsetDateTime;

/// An age or a span: `0.4 s`, `12 s`, `3 min`, `2 h 10 min`, `3 d 4 h`.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..=9 => format!("{:.1} s", span.as_secs_f64()),
        10..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// A latency given in seconds: `850 ns`, `4.2 µs`, `31 ms`, `1.2 s`.
pub(super) fn latency(seconds: f64) -> String {
    let (value, unit) = match seconds.abs() {
        s if s < 1e-6 => (seconds * 1e9, "ns"),
        s if s < 1e-3 => (seconds * 1e6, "µs"),
        s if s < 1.0 => (seconds * 1e3, "ms"),
        _ => (seconds, "s"),
    };
    if value.abs() < 10.0 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// Dollars, cents at least and no more digits than there are: `$12.40`, `−$0.0035`.
pub(super) fn dollars(usd: Decimal) -> String {
    let sign = if usd.is_sign_negative() && !usd.is_zero() { "−" } else { "" };
    let amount = usd.abs().normalize();
    let digits = amount.scale().max(2) as usize;
    format!("{sign}${amount:.digits$}")
}

/// An amount for reading: cents, or ten-thousandths below a dollar. Rounded half to even.
pub(super) fn money(usd: Decimal) -> String {
    dollars(usd.round_dp(if usd.abs() >= Decimal::ONE { 2 } else { 4 }))
}

/// A count with thin spaces between thousands.
pub(super) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{2009}');
        }
        out.push(digit);
    }
    out
}

/// A time of day in UTC, with the date when it is another day.
pub(super) fn clock(at: OffsetDateTime, now: OffsetDateTime) -> String {
    let time = format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
    if at.date() == now.date() { time } else { format!("{} {time}", at.date()) }
}

/// The points of a line through the values, in a box of `width` by `height`.
pub(super) fn line(values: &[f64], width: f64, height: f64) -> String {
    let max = values.iter().copied().fold(0.0_f64, f64::max);
    let step = width / (values.len().saturating_sub(1).max(1)) as f64;
    let points: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(place, value)| {
            let share = if max > 0.0 { (value / max).clamp(0.0, 1.0) } else { 0.0 };
            format!("{:.1},{:.1}", place as f64 * step, (height - 1.0) - share * (height - 2.0))
        })
        .collect();
    points.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_latencies_read_well() {
        let seconds = |s: f64| span(Duration::from_secs_f64(s));
        assert_eq!(seconds(0.42), "0.4 s");
        assert_eq!(seconds(61.0), "61 s");
        assert_eq!(seconds(3_599.0), "59 min");
        assert_eq!(seconds(7_800.0), "2 h 10 min");
        assert_eq!(seconds(273_600.0), "3 d 4 h");
        assert_eq!(latency(8.5e-7), "850 ns");
        assert_eq!(latency(4.21e-6), "4.2 µs");
        assert_eq!(latency(0.0312), "31 ms");
        assert_eq!(latency(1.25), "1.2 s");
    }

    #[test]
    fn dollars_keep_their_digits() {
        assert_eq!(dollars(Decimal::new(124, 1)), "$12.40");
        assert_eq!(dollars(Decimal::new(-35, 4)), "−$0.0035");
        assert_eq!(dollars(Decimal::ZERO), "$0.00");
        assert_eq!(money(Decimal::new(-6_436_375, 6)), "−$6.44");
        assert_eq!(money(Decimal::new(35_149, 7)), "$0.0035");
        assert_eq!(count(1_234_567), "1\u{2009}234\u{2009}567");
        assert_eq!(count(12), "12");
    }

    #[test]
    fn a_line_stays_in_its_box() {
        assert_eq!(line(&[0.0, 1.0, 0.5], 100.0, 20.0), "0.0,19.0 50.0,1.0 100.0,10.0");
        assert_eq!(line(&[0.0], 100.0, 20.0), "0.0,19.0");
        assert_eq!(line(&[], 100.0, 20.0), "");
    }
}
