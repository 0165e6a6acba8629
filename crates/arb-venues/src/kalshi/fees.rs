//! What Kalshi charges for a market, now and from each announced instant on.

use arb_normalize::market::FeeData;
use arb_normalize::rest::FeeChange;
use time::OffsetDateTime;

/// Fees that are in force from an instant on.
#[derive(Debug, Clone, PartialEq)]
pub struct FeesFrom {
    /// From when; `None` for those in force now.
    pub from: Option<OffsetDateTime>,
    /// The fees.
    pub fees: FeeData,
}

/// Puts a market's fees in order of time: `listed` are those of its series in force at `now` (with the market's own waiver,
/// which is passed on as it is), `series` and `event` the changes of both, past and announced.
///
/// An event's change counts from its instant until its next one; one without values gives way to the series again. Past
/// changes of the series are in `listed` already.
///
/// ```
/// use arb_normalize::market::FeeData;
/// use arb_normalize::rest::FeeChange;
/// use arb_venues::kalshi::fee_timeline;
/// use time::macros::datetime;
///
/// let series = FeeData::Kalshi { fee_type: Some("quadratic".into()), multiplier: Some(1.into()), waived_until: None };
/// let half = FeeChange { of: "KXFED-27JAN".into(), at: datetime!(2026-12-01 0:00 UTC), fee_type: None, multiplier: Some("0.5".parse()?) };
/// let fees = fee_timeline(&series, &[], &[half], datetime!(2026-11-22 0:00 UTC));
/// assert_eq!((fees[0].from, &fees[0].fees), (None, &series));
/// assert_eq!(fees[1].from, Some(datetime!(2026-12-01 0:00 UTC)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn fee_timeline(
    listed: &FeeData,
    series: &[FeeChange],
    event: &[FeeChange],
    now: OffsetDateTime,
) -> Vec<FeesFrom> {
    let mut instants: Vec<OffsetDateTime> =
        series.iter().chain(event).map(|change| change.at).filter(|at| *at > now).collect();
    instants.sort_unstable();
    instants.dedup();
    let in_force = |changes: &[FeeChange], at: OffsetDateTime| {
        changes.iter().filter(|change| change.at <= at).max_by_key(|change| change.at).cloned()
    };
    let at_instant = |at: OffsetDateTime| {
        let announced = in_force(series, at).filter(|change| change.at > now);
        let base = announced.map_or_else(|| listed.clone(), |change| over(listed, &change));
        match in_force(event, at) {
            Some(change) => over(&base, &change),
            None => base,
        }
    };
    let first = FeesFrom { from: None, fees: at_instant(now) };
    let later = instants.into_iter().map(|at| FeesFrom { from: Some(at), fees: at_instant(at) });
    std::iter::once(first).chain(later).collect()
}

/// The fees with a change over them.
fn over(base: &FeeData, change: &FeeChange) -> FeeData {
    let (fee_type, multiplier, waived_until) = match base {
        FeeData::Kalshi { fee_type, multiplier, waived_until } => {
            (fee_type.clone(), *multiplier, *waived_until)
        }
        _ => (None, None, None),
    };
    FeeData::Kalshi {
        fee_type: change.fee_type.clone().or(fee_type),
        multiplier: change.multiplier.or(multiplier),
        waived_until,
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    fn change(day: u8, multiplier: Option<&str>) -> FeeChange {
        FeeChange {
            of: "E".to_owned(),
            at: NOW.replace_day(day).unwrap(),
            fee_type: multiplier.map(|_| "quadratic".to_owned()),
            multiplier: multiplier.map(|text| text.parse().unwrap()),
        }
    }

    fn fees(multiplier: &str) -> FeeData {
        FeeData::Kalshi {
            fee_type: Some("quadratic".to_owned()),
            multiplier: Some(multiplier.parse().unwrap()),
            waived_until: Some(NOW),
        }
    }

    #[test]
    fn an_event_goes_over_its_series_until_it_is_cleared() {
        let series = [change(20, Some("9")), change(25, Some("2"))];
        let event = [change(21, Some("0.5")), change(28, None)];
        let found: Vec<_> = fee_timeline(&fees("1"), &series, &event, NOW)
            .into_iter()
            .map(|entry| (entry.from.map(|at| at.day()), entry.fees))
            .collect();
        assert_eq!(
            found,
            [(None, fees("0.5")), (Some(25), fees("0.5")), (Some(28), fees("2"))],
            "the series' past change is in its listing already"
        );
    }

    #[test]
    fn nothing_announced_is_one_entry() {
        assert_eq!(
            fee_timeline(&fees("1"), &[], &[], NOW),
            [FeesFrom { from: None, fees: fees("1") }]
        );
    }
}
