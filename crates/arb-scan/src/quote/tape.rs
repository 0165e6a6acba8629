//! Recorded trades, and how often they would have filled a resting order.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use arb_normalize::event::Trade;
use arb_normalize::{Quantity, Side, Timestamp, Venue};
use serde::Serialize;

use super::WITHIN;

/// Trades older than this say nothing about now.
const MEMORY: Duration = Duration::from_secs(3_600);
/// Trades kept of a market; of a busier one the memory is shorter.
const TRADES: usize = 4_096;
/// A chance within some time is told once so many times that time was watched.
const TIMES_WATCHED: u64 = 10;

/// How likely an order fills.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FillChance {
    /// Within this time.
    pub within: Duration,
    /// 0 to 1; `None` where too little was watched to say.
    pub chance: Option<f64>,
}

/// What a chance is estimated from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Evidence {
    /// Trades of that market on that side.
    pub trades: u32,
    /// Contracts in them.
    pub volume: Quantity,
    /// The time in which they were watched; `None` where the venue's trades are not received at all.
    pub watched: Option<Duration>,
}

/// The trades of every market.
#[derive(Debug, Default)]
pub(crate) struct Tapes {
    /// By venue and book.
    tapes: [HashMap<String, Tape>; 2],
    /// When the first trade of each venue came in: from then on a market without trades had none.
    listening: [Option<Timestamp>; 2],
}

#[derive(Debug, Default)]
struct Tape {
    trades: VecDeque<(Timestamp, Side, Quantity)>,
    /// Trades up to here were forgotten for want of room.
    forgotten: Option<Timestamp>,
}

impl Tapes {
    pub(crate) fn note(&mut self, venue: Venue, at: Option<Timestamp>, trade: &Trade<'_>) {
        let (Some(at), Some(taker)) = (at, trade.taker) else { return };
        self.listening[venue.index()].get_or_insert(at);
        let tapes = &mut self.tapes[venue.index()];
        if !tapes.contains_key(trade.market) {
            tapes.insert(trade.market.to_owned(), Tape::default());
        }
        let Some(tape) = tapes.get_mut(trade.market) else { return };
        if tape.trades.len() == TRADES {
            tape.forgotten = tape.trades.pop_front().map(|(at, ..)| at);
        }
        tape.trades.push_back((at, taker, trade.size));
    }

    /// How likely `needed` contracts are taken on a side within each time, from the trades of the last hour: the share of all instants
    /// after which so many were.
    ///
    /// An order that joins the best bid is served after all that rests there, so it fills when takers sell what is ahead
    /// of it and itself. Orders ahead that are cancelled fill it sooner, a better bid that comes fills it later.
    pub(crate) fn judge(
        &self,
        venue: Venue,
        market: &str,
        taker: Side,
        needed: Quantity,
        now: Option<Timestamp>,
    ) -> ([FillChance; WITHIN.len()], Evidence) {
        let unknown = WITHIN.map(|within| FillChance { within, chance: None });
        let (Some(listening), Some(now)) = (self.listening[venue.index()], now) else {
            return (unknown, Evidence::default());
        };
        let tape = self.tapes[venue.index()].get(market);
        let memory = i64::try_from(MEMORY.as_nanos()).unwrap_or(i64::MAX);
        let begin = tape
            .and_then(|tape| tape.forgotten)
            .map_or(listening, |forgotten| forgotten.max(listening))
            .nanos()
            .max(now.nanos().saturating_sub(memory));
        let trades: Vec<(i64, u64)> = tape
            .iter()
            .flat_map(|tape| &tape.trades)
            .filter(|(at, side, _)| *side == taker && at.nanos() > begin)
            .map(|(at, _, size)| (at.nanos(), size.micros()))
            .collect();
        let span = u64::try_from(now.nanos().saturating_sub(begin)).unwrap_or(0);
        let volume = trades.iter().fold(0_u64, |sum, (_, size)| sum.saturating_add(*size));
        let evidence = Evidence {
            trades: u32::try_from(trades.len()).unwrap_or(u32::MAX),
            volume: Quantity::from_micros(volume).unwrap_or(Quantity::MAX),
            watched: Some(Duration::from_nanos(span)),
        };
        let fills = WITHIN.map(|within| {
            let nanos = u64::try_from(within.as_nanos()).unwrap_or(u64::MAX);
            let chance = (span / nanos >= TIMES_WATCHED)
                .then(|| chance(&trades, begin, now.nanos(), nanos as i64, needed.micros()));
            FillChance { within, chance }
        });
        (fills, evidence)
    }
}

/// The share of the instants s of [begin, end − within) for which the trades in (s, s + within] sum up to `needed`.
fn chance(trades: &[(i64, u64)], begin: i64, end: i64, within: i64, needed: u64) -> f64 {
    let last = end - within;
    // A trade enters the window when s reaches its time less `within`, and leaves it when s reaches its time.
    let (mut entering, mut leaving) = (trades.iter().peekable(), trades.iter().peekable());
    let (mut at, mut volume, mut enough) = (begin, 0_u64, 0_i64);
    while at < last {
        while let Some((_, size)) = entering.next_if(|(time, _)| time - within <= at) {
            volume = volume.saturating_add(*size);
        }
        while let Some((_, size)) = leaving.next_if(|(time, _)| *time <= at) {
            volume = volume.saturating_sub(*size);
        }
        let next_in = entering.peek().map_or(last, |(time, _)| time - within);
        let next_out = leaving.peek().map_or(last, |(time, _)| *time);
        let next = next_in.min(next_out).min(last);
        if volume >= needed {
            enough += next - at;
        }
        at = next;
    }
    enough as f64 / (last - begin) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_chance_is_that_of_trying_every_instant(
            gaps in prop::collection::vec((0_i64..40, 1_u64..9), 0..30),
            within in 1_i64..60,
            needed in 1_u64..30,
            tail in 0_i64..50,
        ) {
            let mut now = 0;
            let trades: Vec<(i64, u64)> = gaps
                .iter()
                .map(|(gap, size)| {
                    now += gap;
                    (now, *size)
                })
                .filter(|(at, _)| *at > 0)
                .collect();
            let end = now + tail;
            prop_assume!(end > within);
            let fills = |s: i64| {
                let inside = trades.iter().filter(|(at, _)| s < *at && *at <= s + within);
                inside.map(|(_, size)| size).sum::<u64>() >= needed
            };
            let slow = (0..end - within).filter(|s| fills(*s)).count() as f64;
            let slow = slow / (end - within) as f64;
            prop_assert!((chance(&trades, 0, end, within, needed) - slow).abs() < 1e-12);
        }
    }
}
