//! The venues' clock: a start that the configuration gives, moved on by tokio's time.

use time::{Duration, OffsetDateTime};
use tokio::time::Instant;

/// What the venues believe the time is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    base: OffsetDateTime,
    started: Instant,
}

impl Clock {
    pub(crate) fn starting_at(base: Option<OffsetDateTime>) -> Self {
        Self { base: base.unwrap_or_else(system_time), started: Instant::now() }
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        let passed = Duration::try_from(self.started.elapsed()).unwrap_or(Duration::MAX);
        self.base.saturating_add(passed)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulator stamps frames and checks signatures; `SimConfig::now` replaces it"
)]
fn system_time() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Milliseconds since 1970.
pub(crate) fn millis(at: OffsetDateTime) -> i64 {
    (at.unix_timestamp_nanos() / 1_000_000) as i64
}

/// RFC 3339 with whole seconds: `2026-11-20T15:00:00Z`.
pub(crate) fn rfc3339(at: OffsetDateTime) -> String {
    let (date, time) = (at.date(), at.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// RFC 3339 with microseconds: `2026-11-20T15:04:05.123456Z`.
pub(crate) fn rfc3339_micros(at: OffsetDateTime) -> String {
    let whole = rfc3339(at);
    format!("{}.{:06}Z", whole.trim_end_matches('Z'), at.microsecond())
}

/// The form of an HTTP `Date` header: `Fri, 20 Nov 2026 15:04:05 GMT`.
pub(crate) fn http_date(at: OffsetDateTime) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (date, time) = (at.date(), at.time());
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        DAYS[usize::from(date.weekday().number_days_from_monday())],
        date.day(),
        MONTHS[usize::from(u8::from(date.month())) - 1],
        date.year(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn stamps_have_the_forms_the_venues_use() {
        let at = datetime!(2026-11-20 15:04:05.123456 UTC);
        assert_eq!(rfc3339(at), "2026-11-20T15:04:05Z");
        assert_eq!(rfc3339_micros(at), "2026-11-20T15:04:05.123456Z");
        assert_eq!(http_date(at), "Fri, 20 Nov 2026 15:04:05 GMT");
        assert_eq!(millis(at), 1_795_187_045_123);
    }
}
