//! Books that move: a seeded walk of quotes that never cross their anchor.
//!
//! Every bid of a market lies at least one step below its anchor and every ask at least one step
//! above it; the two markets of a pair share the anchor. So whatever moment of one book meets
//! whatever moment of the other, buying both outcomes never costs less than a dollar. The anchor
//! itself moves by a cent, rarely; a client would have to be several moves behind on one venue only
//! before old quotes could look like an opportunity.

use tokio::time::Instant;

use super::{Status, World};
use crate::book::{Change, Side};
use crate::catalogue::Relation;
use crate::fault::{Fault, Place, Surface, Venue};
use crate::units::{CONTRACT, DOLLAR, Price, Quantity};

/// Levels a side may have before the farthest is dropped.
const DEPTH: usize = 8;
/// How far an anchor may wander from where it began.
const WANDER: i64 = 500;
pub(super) const CENT: i64 = 100;

impl World {
    /// Quotes and anchors move by what time asks for.
    pub(super) fn move_quotes(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.ticked);
        self.ticked = now;
        self.quotes_due += passed.as_secs_f64() * f64::from(self.config.quotes_per_second);
        // A simulation that was held up does not make up for it in one burst.
        let steps = self.quotes_due.min(2_000.0) as usize;
        self.quotes_due -= self.quotes_due.floor();
        for _ in 0..steps {
            let market = self.random.below(self.markets.len());
            if self.trades_now(market) && !self.markets[market].frozen {
                self.move_quote(market);
            }
        }
        if now >= self.next_drift {
            self.next_drift = now + self.config.drift_every;
            if self.config.quotes_per_second > 0 {
                self.drift();
            }
        }
    }

    /// Whether the market is open and its venue is not paused.
    pub(super) fn trades_now(&self, market: usize) -> bool {
        let known = &self.markets[market];
        if known.status != Status::Active {
            return false;
        }
        let place = Place {
            venue: known.venue,
            surface: Surface::WebSocket,
            connection: None,
            market: Some(market),
        };
        let pause = |fault: &Fault| matches!(fault, Fault::PlannedWindow | Fault::ExchangePause);
        self.faults.on(place, pause).is_none()
    }

    /// The step of prices near here, in ten-thousandths.
    pub(crate) fn step(&self, market: usize, price: i64) -> i64 {
        let edge = !(1_000..=9_000).contains(&price);
        match self.markets[market].venue {
            Venue::Kalshi if edge && self.fine_edges(market) => 10,
            Venue::Polymarket if edge => self.markets[market].tick.min(CENT),
            _ => CENT,
        }
    }

    fn fine_edges(&self, market: usize) -> bool {
        self.ticks(market) == crate::catalogue::Ticks::Tapered
    }

    pub(super) fn size(&mut self, market: usize) -> Quantity {
        let whole = self.random.between(5, 400);
        let part = match (self.random.below(4), self.markets[market].venue) {
            (0, Venue::Kalshi) => self.random.between(1, 99) * (CONTRACT / 100),
            (0, Venue::Polymarket) => self.random.between(1, 999_999),
            _ => 0,
        };
        Quantity(whole * CONTRACT + part)
    }

    /// `steps` steps away from the anchor, inside the prices that exist.
    fn away(&self, market: usize, side: Side, steps: i64) -> Price {
        let anchor = self.markets[market].anchor.0;
        let step = self.step(market, anchor);
        let price = match side {
            Side::Bid => anchor - steps * step,
            Side::Ask => anchor + steps * step,
        };
        Price(price.clamp(step, DOLLAR - step))
    }

    /// The book a market opens with.
    pub(super) fn fill_book(&mut self, market: usize) {
        for side in [Side::Bid, Side::Ask] {
            let first = self.random.between(1, 3);
            for level in 0..self.random.between(4, 6) {
                let price = self.away(market, side, first + level);
                let total = self.size(market);
                self.markets[market].book.set(Change { side, price, total });
            }
        }
        if self.markets[market].venue == Venue::Polymarket {
            for (side, price) in [(Side::Bid, CENT), (Side::Ask, DOLLAR - CENT)] {
                let total = Quantity::contracts(self.random.between(5_000, 20_000));
                self.markets[market].book.set(Change { side, price: Price(price), total });
            }
        }
        self.markets[market].last_trade = Some(self.markets[market].anchor);
        self.markets[market].volume = Quantity::contracts(self.random.between(1_000, 400_000));
    }

    fn move_quote(&mut self, market: usize) {
        let side = if self.random.percent(50) { Side::Bid } else { Side::Ask };
        match self.random.below(100) {
            0..=49 => {
                let levels = self.markets[market].book.levels(side);
                let Some(&(price, _)) = levels.get(self.random.below(levels.len().min(4))) else {
                    return;
                };
                let total = self.size(market);
                self.change(market, &[Change { side, price, total }], None);
            }
            50..=79 => {
                let steps = self.random.between(1, 5);
                let price = self.away(market, side, steps);
                let changes = self.best_at(market, side, price);
                self.change(market, &changes, None);
            }
            80..=94 => {
                let steps = self.random.between(6, 12);
                let price = self.away(market, side, steps);
                let standing = self.markets[market].book.at(side, price).0 > 0;
                let total = if standing { Quantity(0) } else { self.size(market) };
                if !standing || self.markets[market].book.levels(side).len() > 2 {
                    self.change(market, &[Change { side, price, total }], None);
                }
            }
            _ => self.trade(market, side),
        }
    }

    /// Changes that make `price` the best of its side, with the farthest levels trimmed.
    pub(super) fn best_at(&mut self, market: usize, side: Side, price: Price) -> Vec<Change> {
        let better = |level: Price| match side {
            Side::Bid => level > price,
            Side::Ask => level < price,
        };
        let levels = self.markets[market].book.levels(side);
        let mut changes: Vec<Change> = levels
            .iter()
            .filter(|level| better(level.0))
            .map(|level| Change { side, price: level.0, total: Quantity(0) })
            .collect();
        let kept = levels.len() - changes.len();
        if !levels.iter().any(|level| level.0 == price) {
            let total = self.size(market);
            // The new order first, so that the side is never empty in between.
            changes.insert(0, Change { side, price, total });
            if kept >= DEPTH {
                let farthest = levels[levels.len() - 1].0;
                changes.push(Change { side, price: farthest, total: Quantity(0) });
            }
        }
        changes
    }

    /// Somebody takes part of the best level.
    fn trade(&mut self, market: usize, side: Side) {
        let Some((price, standing)) = self.markets[market].book.best(side) else { return };
        let taken = standing.0 / CONTRACT / 2;
        if taken < 1 {
            return;
        }
        let taken = Quantity::contracts(self.random.between(1, taken));
        let total = Quantity(standing.0 - taken.0);
        self.markets[market].last_trade = Some(price);
        self.markets[market].volume.0 += taken.0;
        self.change(market, &[Change { side, price, total }], None);
        match self.markets[market].venue {
            Venue::Kalshi => self.kalshi_traded(market, side, price, taken),
            Venue::Polymarket => self.polymarket_traded(market, side, price, taken),
        }
    }

    /// One pair's shared price moves by a cent, with both books following at once.
    fn drift(&mut self) {
        if self.listings.pairs.is_empty() {
            return;
        }
        let pair = self.random.below(self.listings.pairs.len());
        let up = self.random.percent(50);
        let [kalshi, polymarket] = self.legs(pair);
        if !self.listings.pairs[pair].drifts
            || [kalshi, polymarket].iter().any(|&m| !self.trades_now(m) || self.markets[m].frozen)
        {
            return;
        }
        let by = if up { CENT } else { -CENT };
        let anchor = self.markets[kalshi].anchor.0 + by;
        if (anchor - self.markets[kalshi].home.0).abs() > WANDER {
            return;
        }
        self.markets[kalshi].anchor = Price(anchor);
        self.markets[polymarket].anchor = match self.listings.pairs[pair].relation {
            Relation::Equal => Price(anchor),
            Relation::Complement => Price(anchor).complement(),
        };
        for market in [kalshi, polymarket] {
            for side in [Side::Bid, Side::Ask] {
                self.keep_away(market, side, 1);
            }
        }
    }

    /// Removes quotes of a side that are nearer than `steps` to the anchor.
    pub(super) fn keep_away(&mut self, market: usize, side: Side, steps: i64) {
        let limit = self.away(market, side, steps);
        let nearer = self.markets[market].book.best(side).is_some_and(|(best, _)| match side {
            Side::Bid => best > limit,
            Side::Ask => best < limit,
        });
        if nearer {
            let changes = self.best_at(market, side, limit);
            self.change(market, &changes, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::SimConfig;

    /// The books of every pair, at any two moments of a long walk, cost at least a dollar together.
    #[tokio::test]
    async fn a_pair_never_costs_less_than_a_dollar_by_itself() {
        for seed in 0..2 {
            let config = SimConfig {
                seed,
                drift_every: Duration::from_millis(200),
                plant_every: None,
                quotes_per_second: 5_000,
                ..SimConfig::default()
            };
            let mut world = World::new(config);
            let mut now = Instant::now();
            for _ in 0..150 {
                now += Duration::from_millis(200);
                world.move_quotes(now);
                for pair in 0..world.listings.pairs.len() {
                    let known = &world.listings.pairs[pair];
                    let [kalshi, polymarket] = world.legs(pair).map(|leg| &world.markets[leg].book);
                    let best = |book: &crate::book::Book, side| book.best(side).unwrap().0;
                    let (mut bid, mut ask) =
                        (best(polymarket, Side::Bid), best(polymarket, Side::Ask));
                    if known.relation == Relation::Complement {
                        (bid, ask) = (ask.complement(), bid.complement());
                    }
                    assert!(best(kalshi, Side::Ask) > bid, "{}", known.id);
                    assert!(ask > best(kalshi, Side::Bid), "{}", known.id);
                }
                for market in world.markets.iter().filter(|m| !m.book.is_empty()) {
                    let best = |side| market.book.best(side).unwrap().0;
                    assert!(best(Side::Bid) < market.anchor && market.anchor < best(Side::Ask));
                    for side in [Side::Bid, Side::Ask] {
                        assert!(market.book.levels(side).len() <= DEPTH + 4);
                    }
                }
            }
            let moved = world.markets.iter().filter(|m| m.anchor != m.home).count();
            assert!(moved > 2, "anchors drift: {moved}");
        }
    }
}
