//! What a test decides: levels, listings, closes, outcomes.

use super::{Status, World};
use crate::book::{Change, Side};
use crate::catalogue::append_synthetic;
use crate::error::SimError;
use crate::fault::Venue;
use crate::units::{DOLLAR, Price, Quantity};

impl World {
    /// Adds signed changes to levels, one after the other, all with one time stamp.
    pub(crate) fn add_to_levels(
        &mut self,
        name: &str,
        by: &[(Side, Price, Quantity)],
    ) -> Result<(), SimError> {
        let market = self.need(name)?;
        let mut after = self.markets[market].book.clone();
        let mut changes = Vec::with_capacity(by.len());
        for &(side, price, delta) in by {
            let bad = |reason: &str| SimError::Change {
                market: name.to_owned(),
                price: price.to_string(),
                by: delta.to_string(),
                reason: reason.to_owned(),
            };
            if price.0 <= 0 || price.0 >= DOLLAR {
                return Err(bad("prices lie between 0 and 1"));
            }
            if self.markets[market].venue == Venue::Kalshi && delta.0 % 10_000 != 0 {
                return Err(bad("Kalshi's sizes have two decimals"));
            }
            let total = Quantity(after.at(side, price).0 + delta.0);
            if total.0 < 0 {
                return Err(bad("the level would be negative"));
            }
            let change = Change { side, price, total };
            after.set(change);
            changes.push(change);
        }
        self.change(market, &changes, None);
        Ok(())
    }

    /// Lists an unlisted market; nothing happens to one that is listed.
    pub(crate) fn list(&mut self, market: usize) {
        if self.markets[market].status != Status::Unlisted {
            return;
        }
        self.markets[market].status = Status::Active;
        match self.markets[market].venue {
            Venue::Kalshi => self.kalshi_created(market),
            Venue::Polymarket => self.polymarket_listed(market),
        }
    }

    /// Lists both markets of a pair.
    pub(crate) fn list_pair(&mut self, id: &str) -> Result<(), SimError> {
        let pair = self.listings.pairs.iter().position(|pair| pair.id == id);
        let pair = pair.ok_or_else(|| SimError::UnknownMarket { name: id.to_owned() })?;
        for market in self.legs(pair) {
            self.list(market);
        }
        Ok(())
    }

    /// Makes and lists more plain pairs; their ids.
    pub(crate) fn list_more(&mut self, pairs: usize) -> Vec<String> {
        let from = self.listings.pairs.len();
        append_synthetic(&mut self.listings, self.clock.now(), pairs);
        self.open_markets();
        let ids: Vec<String> =
            self.listings.pairs[from..].iter().map(|pair| pair.id.clone()).collect();
        for pair in from..self.listings.pairs.len() {
            for market in self.legs(pair) {
                match self.markets[market].venue {
                    Venue::Kalshi => self.kalshi_created(market),
                    Venue::Polymarket => self.polymarket_listed(market),
                }
            }
        }
        ids
    }

    /// Rewrites a market's rules; what they said before.
    pub(crate) fn reword(&mut self, market: usize, rules: &str) -> String {
        let listing = self.markets[market].listing;
        let text = match self.markets[market].venue {
            Venue::Kalshi => &mut self.listings.kalshi[listing].rules_primary,
            Venue::Polymarket => &mut self.listings.polymarket[listing].description,
        };
        std::mem::replace(text, rules.to_owned())
    }

    /// Pauses or reopens a Kalshi market. Reopening has cancelled all resting orders.
    pub(crate) fn set_paused(&mut self, market: usize, paused: bool) {
        let wanted = if paused { Status::Paused } else { Status::Active };
        let status = self.markets[market].status;
        if status == wanted || !matches!(status, Status::Active | Status::Paused) {
            return;
        }
        self.end_plant_in(market);
        self.markets[market].status = wanted;
        if self.markets[market].venue != Venue::Kalshi {
            return;
        }
        self.kalshi_paused(market, paused);
        if !paused {
            let changes: Vec<Change> = [Side::Bid, Side::Ask]
                .into_iter()
                .flat_map(|side| {
                    let levels = self.markets[market].book.levels(side);
                    levels.into_iter().map(move |(price, _)| (side, price))
                })
                .map(|(side, price)| Change { side, price, total: Quantity(0) })
                .collect();
            self.change(market, &changes, None);
        }
    }

    /// Ends trading. Neither venue says so on its WebSocket.
    pub(crate) fn close_market(&mut self, market: usize) {
        if matches!(self.markets[market].status, Status::Active | Status::Paused) {
            self.end_plant_in(market);
            self.markets[market].status = Status::Closed;
            self.markets[market].book.clear();
        }
    }

    /// Moves a Kalshi market's close; one that had closed trades again.
    pub(crate) fn move_close(&mut self, market: usize, close: time::OffsetDateTime) {
        if self.markets[market].venue != Venue::Kalshi {
            return;
        }
        let listing = self.markets[market].listing;
        self.listings.kalshi[listing].close = close;
        self.kalshi_close_moved(market);
        if self.markets[market].status == Status::Closed && close > self.clock.now() {
            self.markets[market].status = Status::Active;
            self.kalshi_paused(market, false);
        }
    }

    /// Decides and pays out a market.
    pub(crate) fn settle(&mut self, market: usize, first_wins: bool) {
        if matches!(self.markets[market].status, Status::Unlisted | Status::Settled(_)) {
            return;
        }
        self.close_market(market);
        self.markets[market].status = Status::Settled(first_wins);
        match self.markets[market].venue {
            Venue::Kalshi => self.kalshi_settled(market, first_wins),
            Venue::Polymarket => self.polymarket_resolved(market, first_wins),
        }
    }

    /// Closes the Kalshi markets whose time has come.
    pub(super) fn close_what_is_due(&mut self) {
        let now = self.venue_now(Venue::Kalshi);
        for at in 0..self.kalshi_markets.len() {
            let market = self.kalshi_markets[at];
            if self.listings.kalshi[self.markets[market].listing].close <= now {
                self.close_market(market);
            }
        }
    }
}
