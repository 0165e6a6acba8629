//! Planted opportunities: where a scanner must find something, and exactly how much.
//!
//! A plant first widens both books of a pair, then puts one order into each: only when both are
//! there does buying both outcomes cost less than a dollar after fees. It counts once both legs have
//! been written to sockets of clients that follow the markets, and ends a while after that.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::World;
use super::quotes::CENT;
use crate::book::{Change, Side};
use crate::catalogue::Relation;
use crate::connection::{Act, Frame, Mark};
use crate::fault::Venue;
use crate::profit::{self, Fees};
use crate::units::{Dollars, Price, Quantity};

/// Which outcome of a Kalshi market is bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// YES.
    Yes,
    /// NO.
    No,
}

impl Outcome {
    /// `yes` or `no`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
        }
    }
}

/// An opportunity that was there: what a scanner that missed nothing has found.
///
/// Quantity and net follow the raw rule over the full depth of both books: one taker order a leg,
/// whole contracts, Kalshi's fee rounded up to $0.000001 a level and the outlay to $0.0001,
/// Polymarket's fee rounded up to $0.00001, the smallest quantity that attains the highest net.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// The approved pair's id.
    pub pair: String,
    /// Kalshi's ticker.
    pub kalshi: String,
    /// Which outcome is bought on Kalshi.
    pub kalshi_outcome: Outcome,
    /// Polymarket's condition id.
    pub condition_id: String,
    /// The token that is bought on Polymarket.
    pub polymarket_token: String,
    /// Which outcome that is: 0 the first, 1 the second.
    pub polymarket_outcome: usize,
    /// When both legs had been sent, by the simulation's clock.
    pub opened_at: OffsetDateTime,
    /// When the first leg was taken away again; `None` while it is open.
    pub closed_at: Option<OffsetDateTime>,
    /// Contracts on each leg.
    pub quantity: Quantity,
    /// What is left of the payout after both outlays.
    pub net_usd: Dollars,
}

/// Quotes keep so many cents away from the anchor while an opportunity is planted.
const CLEARANCE: i64 = 6;
/// Time between the last frame of one stage and the first of the next.
const SETTLE: Duration = Duration::from_millis(150);
/// How many opportunities that are over are remembered.
const REMEMBERED: usize = 100_000;
/// A plant whose legs do not get through is given up.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Preparing,
    Settling { until: Instant },
    Opening,
    Open { until: Instant },
    Closing { until: Instant },
}

#[derive(Debug)]
struct Plant {
    pair: usize,
    outcome: Outcome,
    stage: Stage,
    since: Instant,
    prepared: [bool; 2],
    sent: [bool; 2],
    /// The orders it put into the books, Kalshi's first.
    orders: [Vec<Change>; 2],
    record: Option<Planted>,
}

#[derive(Debug)]
pub(crate) struct Plants {
    /// Those under way.
    active: BTreeMap<usize, Plant>,
    given: usize,
    /// What was counted and is over, the latest ones.
    finished: VecDeque<Planted>,
    next: Instant,
    pub(crate) stopped: bool,
}

impl Plants {
    pub(crate) const fn new(now: Instant) -> Self {
        Self {
            active: BTreeMap::new(),
            given: 0,
            finished: VecDeque::new(),
            next: now,
            stopped: false,
        }
    }

    pub(crate) fn records(&self) -> Vec<Planted> {
        let open = self.active.values().filter_map(|plant| plant.record.clone());
        let mut records: Vec<Planted> = self.finished.iter().cloned().chain(open).collect();
        records.sort_by_key(|record| record.opened_at);
        records
    }

    /// Whether none is being prepared or open.
    pub(crate) fn idle(&self) -> bool {
        self.active.is_empty()
    }
}

const fn leg(venue: Venue) -> usize {
    match venue {
        Venue::Kalshi => 0,
        Venue::Polymarket => 1,
    }
}

impl World {
    /// A marked frame has been written to a socket.
    pub(crate) fn marked(&mut self, mark: Mark) {
        let (Mark::Prepared { plant, venue } | Mark::Leg { plant, venue }) = mark;
        let Some(known) = self.plants.active.get_mut(&plant) else { return };
        match mark {
            Mark::Prepared { .. } => known.prepared[leg(venue)] = true,
            Mark::Leg { .. } => known.sent[leg(venue)] = true,
        }
    }

    pub(super) fn turn_plants(&mut self, now: Instant) {
        let active: Vec<usize> = self.plants.active.keys().copied().collect();
        for plant in active {
            self.turn_plant(plant, now);
        }
        let Some(every) = self.config.plant_every else { return };
        if now < self.plants.next || self.plants.stopped || self.paused {
            return;
        }
        let every = every.as_millis() as i64;
        let wait = self.random.between(every / 2, every * 3 / 2).max(1);
        self.plants.next = now + Duration::from_millis(wait.unsigned_abs());
        self.plant_somewhere(now);
    }

    fn plant_somewhere(&mut self, now: Instant) {
        let free: Vec<usize> = (0..self.listings.pairs.len())
            .filter(|&pair| {
                self.legs(pair).iter().all(|&market| {
                    self.trades_now(market)
                        && !self.markets[market].frozen
                        && !self.followers(market).is_empty()
                })
            })
            .collect();
        if free.is_empty() {
            return;
        }
        let pair = free[self.random.below(free.len())];
        let outcome = if self.random.percent(50) { Outcome::Yes } else { Outcome::No };
        self.plants.given += 1;
        let plant = self.plants.given;
        let under_way = Plant {
            pair,
            outcome,
            stage: Stage::Preparing,
            since: now,
            prepared: [false; 2],
            sent: [false; 2],
            orders: [Vec::new(), Vec::new()],
            record: None,
        };
        self.plants.active.insert(plant, under_way);
        for market in self.legs(pair) {
            self.markets[market].frozen = true;
            for side in [Side::Bid, Side::Ask] {
                self.keep_away(market, side, CLEARANCE);
            }
            let venue = self.markets[market].venue;
            for connection in self.followers(market) {
                let mut barrier = Frame::new(Act::Pass);
                barrier.marks.push(Mark::Prepared { plant, venue });
                if let Some(connection) = self.connections.get_mut(&connection) {
                    connection.push(barrier);
                }
            }
        }
    }

    fn turn_plant(&mut self, plant: usize, now: Instant) {
        let Some(known) = self.plants.active.get_mut(&plant) else { return };
        let impatient = now.saturating_duration_since(known.since) > PATIENCE;
        match known.stage {
            // What is not open yet when the books are told to stand still does not open any more.
            Stage::Preparing | Stage::Settling { .. } if self.paused => self.close(plant, now),
            Stage::Preparing if known.prepared == [true; 2] => {
                known.stage = Stage::Settling { until: now + SETTLE };
            }
            Stage::Settling { until } if now >= until => self.open(plant, now),
            Stage::Opening if known.sent == [true; 2] => self.count(plant, now),
            Stage::Preparing | Stage::Opening if impatient => self.close(plant, now),
            Stage::Open { until } if now >= until => self.close(plant, now),
            Stage::Closing { until } if now >= until => {
                if let Some(over) = self.plants.active.remove(&plant) {
                    self.plants.finished.extend(over.record);
                    if self.plants.finished.len() > REMEMBERED {
                        self.plants.finished.pop_front();
                    }
                    for market in self.legs(over.pair) {
                        self.markets[market].frozen = false;
                    }
                }
            }
            _ => {}
        }
    }

    /// Puts the two orders into the books.
    fn open(&mut self, plant: usize, now: Instant) {
        let Some(&Plant { pair, outcome, .. }) = self.plants.active.get(&plant) else { return };
        let [kalshi, polymarket] = self.legs(pair);
        // Buying YES on Kalshi lifts an ask below the anchor; buying NO hits a bid above it.
        let kalshi_side = match outcome {
            Outcome::Yes => Side::Ask,
            Outcome::No => Side::Bid,
        };
        // The other outcome, in terms of Polymarket's first one.
        let opposite = match kalshi_side {
            Side::Ask => Side::Bid,
            Side::Bid => Side::Ask,
        };
        let polymarket_side = match self.listings.pairs[pair].relation {
            Relation::Equal => opposite,
            Relation::Complement => kalshi_side,
        };
        let (near, far) = (self.random.between(3, 5), self.random.between(3, 5));
        let kalshi_order = self.order(kalshi, kalshi_side, near);
        let mut polymarket_orders = vec![self.order(polymarket, polymarket_side, far)];
        if self.random.percent(40) {
            let second = self.order(polymarket, polymarket_side, far - 1);
            polymarket_orders.push(second);
        }
        let orders = [vec![kalshi_order], polymarket_orders];
        for (market, orders) in [kalshi, polymarket].into_iter().zip(&orders) {
            self.markets[market].plant = Some(plant);
            self.change(market, orders, Some(plant));
        }
        if let Some(plant) = self.plants.active.get_mut(&plant) {
            plant.orders = orders;
            plant.stage = Stage::Opening;
            plant.since = now;
        }
    }

    /// An order on the wrong side of the anchor, by so many cents.
    fn order(&mut self, market: usize, side: Side, cents: i64) -> Change {
        let anchor = self.markets[market].anchor.0;
        let price = match side {
            Side::Ask => anchor - cents * CENT,
            Side::Bid => anchor + cents * CENT,
        };
        let total = Quantity(self.size(market).0 + Quantity::contracts(15).0);
        Change { side, price: Price(price), total }
    }

    /// Both legs are out: from now on a scanner has no excuse.
    fn count(&mut self, plant: usize, now: Instant) {
        let Some(&Plant { pair, outcome, .. }) = self.plants.active.get(&plant) else { return };
        let known = &self.listings.pairs[pair];
        let (kalshi, listed) =
            (&self.listings.kalshi[known.kalshi], &self.listings.polymarket[known.polymarket]);
        let event = &self.listings.kalshi_events[kalshi.event];
        let fees = Fees {
            kalshi_multiplier: self.listings.series[event.series].fee_multiplier,
            polymarket_rate: listed.fee_rate,
        };
        // YES with the second outcome, or NO with the first; the other way round for a complement.
        let polymarket_outcome = match (outcome, known.relation) {
            (Outcome::Yes, Relation::Equal) | (Outcome::No, Relation::Complement) => 1,
            (Outcome::No, Relation::Equal) | (Outcome::Yes, Relation::Complement) => 0,
        };
        let [k, p] = self.legs(pair);
        let kalshi_asks = self.asks(k, outcome == Outcome::No);
        let polymarket_asks = self.asks(p, polymarket_outcome == 1);
        let best = profit::best(&kalshi_asks, &polymarket_asks, fees);
        let record = best.map(|best| Planted {
            pair: known.id.clone(),
            kalshi: kalshi.ticker.clone(),
            kalshi_outcome: outcome,
            condition_id: listed.condition_id.clone(),
            polymarket_token: listed.tokens[polymarket_outcome].clone(),
            polymarket_outcome,
            opened_at: self.clock.now(),
            closed_at: None,
            quantity: Quantity::contracts(best.quantity),
            net_usd: best.net,
        });
        let until = now + self.config.plant_lifetime;
        if let Some(plant) = self.plants.active.get_mut(&plant) {
            plant.record = record;
            plant.stage = Stage::Open { until };
        }
    }

    /// What buying one outcome costs, best first.
    fn asks(&self, market: usize, second: bool) -> Vec<(Price, Quantity)> {
        let book = &self.markets[market].book;
        if second {
            let bids = book.levels(Side::Bid);
            bids.into_iter().map(|(price, size)| (price.complement(), size)).collect()
        } else {
            book.levels(Side::Ask)
        }
    }

    /// Ends the opportunity whose orders are in this market's book, if there is one.
    pub(super) fn end_plant_in(&mut self, market: usize) {
        if let Some(plant) = self.markets[market].plant {
            self.close(plant, Instant::now());
        }
    }

    fn close(&mut self, plant: usize, now: Instant) {
        let at = self.clock.now();
        let Some(known) = self.plants.active.get_mut(&plant) else { return };
        let (pair, orders) = (known.pair, std::mem::take(&mut known.orders));
        known.stage = Stage::Closing { until: now + SETTLE * 4 };
        if let Some(record) = &mut known.record {
            record.closed_at = Some(at);
        }
        for (market, orders) in self.legs(pair).into_iter().zip(orders) {
            self.markets[market].plant = None;
            let gone: Vec<Change> =
                orders.iter().map(|order| Change { total: Quantity(0), ..*order }).collect();
            self.change(market, &gone, None);
        }
    }
}
