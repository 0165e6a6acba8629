//! The built-in catalogue: what an ordinary afternoon looks like on both venues.

mod deadlines;
mod economy;
mod elections;
mod extras;
mod games;

use time::{Date, Duration, OffsetDateTime};

use super::calendar::{Written, at};
use super::{KalshiEvent, KalshiMarket, Listings, PolymarketMarket, Series, Start, Strike, Ticks};
use crate::units::Price;

/// Every theme, dated relative to `now`.
pub(crate) fn standard(now: OffsetDateTime) -> Listings {
    let mut shelf = Shelf { now, listings: Listings::default() };
    economy::add(&mut shelf);
    elections::add(&mut shelf);
    deadlines::add(&mut shelf);
    games::add(&mut shelf);
    extras::add(&mut shelf);
    shelf.listings
}

/// The listings while they are being written.
struct Shelf {
    now: OffsetDateTime,
    listings: Listings,
}

impl Shelf {
    fn series(
        &mut self,
        ticker: &str,
        title: &str,
        category: &'static str,
        tag: &'static str,
        source: (&'static str, &'static str),
    ) -> usize {
        self.listings.series.push(Series {
            ticker: ticker.to_owned(),
            title: title.to_owned(),
            category,
            tag,
            source,
            fee_type: "quadratic",
            fee_multiplier: 100,
        });
        self.listings.series.len() - 1
    }

    fn event(&mut self, series: usize, ticker: &str, title: &str, sub_title: &str) -> usize {
        self.listings.kalshi_events.push(KalshiEvent {
            ticker: ticker.to_owned(),
            series,
            title: title.to_owned(),
            sub_title: sub_title.to_owned(),
            mutually_exclusive: false,
        });
        self.listings.kalshi_events.len() - 1
    }

    /// A market that is open on whole cents; what else it has is changed by the caller.
    #[expect(clippy::too_many_arguments, reason = "one row of the catalogue")]
    fn kalshi(
        &mut self,
        event: usize,
        suffix: &str,
        title: &str,
        sub_title: &str,
        rules: (&str, &str),
        strike: Strike,
        times: Times,
        anchor: i64,
    ) -> usize {
        let ticker = format!("{}-{suffix}", self.listings.kalshi_events[event].ticker);
        self.listings.kalshi.push(KalshiMarket {
            ticker,
            event,
            title: title.to_owned(),
            yes_sub_title: sub_title.to_owned(),
            no_sub_title: sub_title.to_owned(),
            rules_primary: rules.0.to_owned(),
            rules_secondary: rules.1.to_owned(),
            strike,
            close: times.close,
            expected_expiration: times.expiration,
            early_close: times.early.map(str::to_owned),
            ticks: Ticks::Cent,
            legs: Vec::new(),
            anchor: Price(anchor),
            start: Start::Open,
        });
        self.listings.kalshi.len() - 1
    }

    /// An open Yes/No market on whole cents; what else it has is changed by the caller.
    #[expect(clippy::too_many_arguments, reason = "one row of the catalogue")]
    fn polymarket(
        &mut self,
        event: usize,
        slug: &str,
        question: &str,
        description: &str,
        fees: (&'static str, i64),
        end: OffsetDateTime,
        anchor: i64,
    ) -> usize {
        let group_item_title = String::new();
        self.listings.add_polymarket(PolymarketMarket {
            id: String::new(),
            condition_id: String::new(),
            tokens: [String::new(), String::new()],
            event,
            question: question.to_owned(),
            slug: slug.to_owned(),
            description: description.to_owned(),
            resolution_source: "",
            end,
            outcomes: ["Yes".to_owned(), "No".to_owned()],
            group_item_title,
            fee_type: fees.0,
            fee_rate: fees.1,
            tick: 100,
            game_start: None,
            other: false,
            anchor: Price(anchor),
            start: Start::Open,
        })
    }

    /// A Polymarket event with this one market in it.
    fn polymarket_alone(
        &mut self,
        slug: &str,
        question: &str,
        description: &str,
        fees: (&'static str, i64),
        end: OffsetDateTime,
        anchor: i64,
    ) -> usize {
        let tag = fees.0.trim_end_matches("_fees");
        let event = self.listings.add_polymarket_event(slug, question, description, tag, end);
        self.polymarket(event, slug, question, description, fees, end, anchor)
    }
}

/// When a Kalshi market closes and is expected to be decided.
#[derive(Clone, Copy)]
struct Times {
    close: OffsetDateTime,
    expiration: OffsetDateTime,
    early: Option<&'static str>,
}

impl Times {
    /// Trading ends at this instant and the outcome is known soon after.
    fn at(close: OffsetDateTime) -> Self {
        Self { close, expiration: close + Duration::hours(1), early: None }
    }

    /// Trading ends with that day in New York, 11:59 PM ET (as UTC in winter), or when it happens.
    fn end_of_day(last_day: Date) -> Self {
        let close = at(last_day + Duration::days(1), 4, 59);
        Self {
            close,
            expiration: close + Duration::hours(10),
            early: Some("This market will close and expire early if the event occurs."),
        }
    }

    fn early(self, condition: &'static str) -> Self {
        Self { early: Some(condition), ..self }
    }
}

/// `Jul 1, 2027` for a deadline of June 30: Kalshi says "before the next day".
fn before(last_day: Date) -> String {
    (last_day + Duration::days(1)).short()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use time::macros::datetime;

    use super::*;
    use crate::catalogue::Relation;

    #[test]
    fn the_catalogue_has_what_it_promises_at_any_date() {
        for now in [
            datetime!(2026-11-22 15:00 UTC),
            datetime!(2027-06-30 23:59 UTC),
            datetime!(2028-12-31 12:00 UTC),
        ] {
            let all = standard(now);
            let count = |relation| all.pairs.iter().filter(|p| p.relation == relation).count();
            assert!(count(Relation::Equal) >= 12, "{}", count(Relation::Equal));
            assert!(count(Relation::Complement) >= 3);
            assert!(all.look_alikes.len() >= 6);
            assert!(all.kalshi.iter().filter(|m| !m.legs.is_empty()).count() >= 3);
            assert!(all.kalshi.iter().any(|m| m.start == Start::Settled));
            assert!(all.polymarket.iter().any(|m| m.start == Start::Settled));
            assert!(all.polymarket.iter().any(|m| m.start == Start::Unlisted));
            assert!(all.polymarket_events.iter().any(|e| e.neg_risk.is_some() && e.augmented));
            let tickers: HashSet<_> = all.kalshi.iter().map(|m| &m.ticker).collect();
            assert_eq!(tickers.len(), all.kalshi.len(), "tickers are unique");
            let slugs: HashSet<_> = all.polymarket.iter().map(|m| &m.slug).collect();
            assert_eq!(slugs.len(), all.polymarket.len(), "slugs are unique");
            for market in all.kalshi.iter().filter(|m| m.start != Start::Settled) {
                assert!(market.close > now, "{} is over at {now}", market.ticker);
            }
            for pair in &all.pairs {
                let (k, p) = (&all.kalshi[pair.kalshi], &all.polymarket[pair.polymarket]);
                let mirrored = match pair.relation {
                    Relation::Equal => p.anchor,
                    Relation::Complement => p.anchor.complement(),
                };
                assert_eq!(k.anchor, mirrored, "{}: one proposition, one fair price", pair.id);
                assert!((1_500..=8_500).contains(&k.anchor.0), "{}", pair.id);
            }
            let (mut k, mut p) = (HashSet::new(), HashSet::new());
            assert!(all.pairs.iter().all(|x| k.insert(x.kalshi) && p.insert(x.polymarket)));
        }
    }
}
