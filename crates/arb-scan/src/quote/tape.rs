//! Recorded trades, and how often they would have filled a resting order.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use arb_normalize::event::Trade;
use arb_normalize::{MarketEvent, Quantity, Side, Timestamp, Venue};
use serde::Serialize;

use super::WITHIN;
use super::hearing::{Heard, Hearing};
use crate::PairSpec;

/// Trades older than this say nothing about now.
const MEMORY: Duration = Duration::from_secs(3_600);
/// Trades kept of a market; of a busier one the memory is shorter.
const TRADES: usize = 4_096;
/// A trade made so much earlier than what is known of its market is one of before, told again.
const LATE: Duration = Duration::from_secs(5);
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
    /// How long that market's trades have been received without a break, an hour at most; `None` while they are not.
    pub watched: Option<Duration>,
}

/// The trades of every market that is part of a pair.
#[derive(Debug, Default)]
pub(crate) struct Tapes {
    /// By venue and book.
    tapes: [HashMap<String, Tape>; 2],
    /// When trades of each venue were first known to come: a recording may hold none at all.
    listening: [Option<Timestamp>; 2],
    /// Kalshi's subscriptions of trades, by connection.
    hearings: HashMap<u32, Hearing>,
}

/// What carries a market's trades: a connection and, on Kalshi, a subscription of it.
type Source = (u32, Option<u64>);

#[derive(Debug, Default)]
struct Tape {
    /// What carries its trades, and since when without a break.
    heard: Option<(Source, Timestamp)>,
    trades: VecDeque<Kept>,
    /// The marks of the trades, to know one that comes twice.
    marks: HashSet<u64>,
    /// The newest trade's time by the venue's clock.
    newest: Option<Timestamp>,
    /// Trades up to here were forgotten for want of room.
    forgotten: Option<Timestamp>,
}

#[derive(Debug)]
struct Kept {
    at: Timestamp,
    taker: Side,
    size: Quantity,
    mark: Option<u64>,
}

impl Tape {
    fn begin(&mut self, source: Source, at: Timestamp) {
        self.heard.get_or_insert((source, at));
    }

    fn take(&mut self, at: Timestamp, taker: Side, trade: &Trade<'_>) {
        let last = self.trades.back().map(|last| last.at);
        let begun = self.heard.map(|(_, since)| since);
        let is_old = trade.venue_at.is_some_and(|made| {
            begun.max(self.newest).is_some_and(|known| known.since(made) > LATE && made < known)
        });
        let mark = mark_of(trade);
        if is_old || last.is_some_and(|last| at < last) {
            return;
        }
        if let Some(mark) = mark
            && !self.marks.insert(mark)
        {
            return;
        }
        if self.trades.len() == TRADES
            && let Some(oldest) = self.trades.pop_front()
        {
            self.forgotten = Some(oldest.at);
            oldest.mark.map(|mark| self.marks.remove(&mark));
        }
        self.newest = self.newest.max(trade.venue_at);
        self.trades.push_back(Kept { at, taker, size: trade.size, mark });
    }
}

/// What makes a trade the same as another: Polymarket may name several fills by one transaction. `None` where the venue does not say.
fn mark_of(trade: &Trade<'_>) -> Option<u64> {
    let id = trade.id?;
    let mut hasher = DefaultHasher::new();
    let made = trade.venue_at.map(Timestamp::nanos);
    (id, trade.price, trade.size, trade.taker == Some(Side::Bid), made).hash(&mut hasher);
    Some(hasher.finish())
}

impl Tapes {
    /// Keeps tapes of the markets of these pairs, and no others: trades of another market are passed over.
    pub(crate) fn follow(&mut self, pairs: &[PairSpec], now: Option<Timestamp>) {
        for venue in Venue::ALL {
            let mut old = std::mem::take(&mut self.tapes[venue.index()]);
            let keys = pairs.iter().map(|spec| match venue {
                Venue::Kalshi => &spec.pair.kalshi,
                _ => &spec.pair.polymarket_yes,
            });
            let tapes = keys.map(|key| (key.clone(), old.remove(key)));
            for (key, tape) in tapes.collect::<Vec<_>>() {
                let tape = tape.unwrap_or_else(|| self.begun(venue, &key, now));
                // A market of two pairs has been taken out by the first.
                self.tapes[venue.index()].entry(key).or_insert(tape);
            }
        }
    }

    /// A tape of a market whose trades may be coming already.
    fn begun(&self, venue: Venue, key: &str, now: Option<Timestamp>) -> Tape {
        let mut hearings = self.hearings.iter().filter(|_| venue == Venue::Kalshi);
        let source = hearings.find_map(|(number, known)| Some((*number, Some(known.sid_of(key)?))));
        Tape { heard: source.zip(now), ..Tape::default() }
    }

    /// Learns from a command that was sent on a connection.
    pub(crate) fn note_sent(&mut self, venue: Venue, connection: u32, frame: &[u8]) {
        if venue == Venue::Kalshi {
            let hearing = self.hearings.entry(connection).or_default();
            if let Some(heard) = hearing.note_sent(frame) {
                self.apply(connection, heard, None);
            }
        }
    }

    /// Learns from a frame that came at `at`, one event of it after the other.
    pub(crate) fn note(
        &mut self,
        venue: Venue,
        source: Source,
        at: Option<Timestamp>,
        event: &MarketEvent<'_>,
    ) {
        let Some(at) = at else { return };
        if let (Venue::Kalshi, (connection, sid)) = (venue, source)
            && !matches!(event, MarketEvent::Delta(_))
            && let Some(hearing) = self.hearings.get_mut(&connection)
        {
            let spoke = sid.and_then(|sid| hearing.spoke(sid));
            let answered = hearing.note(event);
            for heard in [spoke, answered].into_iter().flatten() {
                self.apply(connection, heard, Some(at));
            }
        }
        let tapes = &mut self.tapes[venue.index()];
        match event {
            MarketEvent::Trade(trade) => {
                self.listening[venue.index()].get_or_insert(at);
                if let (Some(tape), Some(taker)) = (tapes.get_mut(trade.market), trade.taker) {
                    tape.begin(source, at);
                    tape.take(at, taker, trade);
                }
            }
            // Polymarket sends a market's trades with its book.
            MarketEvent::Snapshot(snapshot) if venue == Venue::Polymarket => {
                if let Some(tape) = tapes.get_mut(snapshot.market) {
                    tape.begin(source, at);
                }
            }
            _ => {}
        }
    }

    fn apply(&mut self, connection: u32, heard: Heard, at: Option<Timestamp>) {
        let tapes = &mut self.tapes[Venue::Kalshi.index()];
        match heard {
            Heard::End(markets) => {
                for market in markets {
                    if let Some(tape) = tapes.get_mut(&market) {
                        tape.heard = None;
                    }
                }
            }
            Heard::Begin(sid, markets) => {
                let Some(at) = at else { return };
                self.listening[Venue::Kalshi.index()].get_or_insert(at);
                for market in markets {
                    if let Some(tape) = tapes.get_mut(&market) {
                        tape.begin((connection, Some(sid)), at);
                    }
                }
            }
        }
    }

    /// Frames of a subscription were lost before `at`: whether trades were among them is not known, and what is watched begins anew.
    pub(crate) fn lost(&mut self, venue: Venue, source: Source, at: Option<Timestamp>) {
        let heard = self.tapes[venue.index()].values_mut().filter_map(|tape| tape.heard.as_mut());
        for (_, since) in heard.filter(|(known, _)| *known == source) {
            *since = (*since).max(at.unwrap_or(*since));
        }
    }

    /// A connection opened: it knows of no subscription.
    pub(crate) fn opened(&mut self, venue: Venue, connection: u32) {
        self.closed(venue, connection);
        if venue == Venue::Kalshi {
            self.hearings.remove(&connection);
        }
    }

    /// A connection closed or is in doubt: nothing is watched by it until it speaks again.
    pub(crate) fn closed(&mut self, venue: Venue, connection: u32) {
        for tape in self.tapes[venue.index()].values_mut() {
            tape.heard = tape.heard.filter(|((number, _), _)| *number != connection);
        }
        if venue == Venue::Kalshi
            && let Some(hearing) = self.hearings.get_mut(&connection)
        {
            hearing.doubt();
        }
    }

    /// A watchdog saw a market's feed go silent. Kalshi's trades come by a feed of their own.
    pub(crate) fn silent(&mut self, venue: Venue, market: &str) {
        if venue == Venue::Polymarket
            && let Some(tape) = self.tapes[venue.index()].get_mut(market)
        {
            tape.heard = None;
        }
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
        let tape = self.tapes[venue.index()].get(market);
        let since = tape.and_then(|tape| Some((tape, tape.heard?.1)));
        let (Some((tape, since)), Some(listening), Some(now)) =
            (since, self.listening[venue.index()], now)
        else {
            return (unknown, Evidence::default());
        };
        let memory = i64::try_from(MEMORY.as_nanos()).unwrap_or(i64::MAX);
        let begin = Some(since.max(listening))
            .max(tape.forgotten)
            .map_or(i64::MIN, Timestamp::nanos)
            .max(now.nanos().saturating_sub(memory));
        let trades: Vec<(i64, u64)> = tape
            .trades
            .iter()
            .filter(|kept| kept.taker == taker && kept.at.nanos() > begin)
            .map(|kept| (kept.at.nanos(), kept.size.micros()))
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
