//! What happens by itself as time passes: faults begin and end, quotes move, plants open and close.

use std::time::Duration;

use tokio::time::Instant;

use super::World;
use crate::connection::{Act, Client};
use crate::fault::active::Turn;
use crate::fault::{Fault, FaultId, FaultSpec, Venue};

/// Longest wait of a frame for another to overtake it.
const HOLD: Duration = Duration::from_millis(500);
/// How often closing times are looked at.
const CLOSE_CHECK: Duration = Duration::from_millis(500);

impl World {
    /// One turn of the simulation; called every few milliseconds.
    pub(crate) fn turn(&mut self, now: Instant) {
        self.turn_faults(now);
        if self.paused {
            self.skip_time(now);
        } else {
            self.move_quotes(now);
        }
        if now >= self.next_close_check {
            self.next_close_check = now + CLOSE_CHECK;
            self.close_what_is_due();
        }
        self.turn_plants(now);
        self.cut_flapping(now);
        self.release_held(now);
        self.give_up_on_slow_clients();
    }

    /// Time that passes while the books stand still is not made up for later.
    fn skip_time(&mut self, now: Instant) {
        self.ticked = now;
    }

    pub(crate) fn turn_faults(&mut self, now: Instant) {
        if !self.faults.any() {
            return;
        }
        for turn in self.faults.turn(now) {
            self.faults_turned = true;
            match turn {
                Turn::Begins(id, spec, market) => self.fault_begins(id, &spec, market),
                Turn::Ends(spec, market) => self.fault_ends(&spec, market),
            }
        }
    }

    pub(crate) fn clear_faults(&mut self, only: Option<FaultId>) {
        for turn in self.faults.clear(only) {
            if let Turn::Ends(spec, market) = turn {
                self.fault_ends(&spec, market);
            }
        }
    }

    /// Connections a fault means: all of them, a venue's, one, or those that follow a market.
    fn meant(&self, spec: &FaultSpec, market: Option<usize>) -> Vec<u64> {
        self.connections
            .values()
            .filter(|c| spec.venue.is_none_or(|venue| venue == c.client.venue()))
            .filter(|c| spec.connection.is_none_or(|id| id == c.id))
            .filter(|c| market.is_none_or(|market| c.client.follows(market)))
            .map(|c| c.id)
            .collect()
    }

    fn fault_begins(&mut self, id: FaultId, spec: &FaultSpec, market: Option<usize>) {
        let meant = self.meant(spec, market);
        match spec.fault {
            Fault::Drop => self.end_all(&meant, &Act::Cut),
            Fault::Close { code } => self.end_all(&meant, &Act::Close(code, "")),
            Fault::PlannedWindow => self.end_all(&meant, &Act::Close(1001, "going away")),
            Fault::BufferOverflow => {
                for &connection in &meant {
                    self.kill(connection, 25, "Subscription buffer overflow");
                }
            }
            Fault::ChannelError => {
                for &connection in &meant {
                    self.kill(connection, 10, "Channel error");
                }
            }
            Fault::TickChange => self.change_ticks(spec, market, true),
            _ => return,
        }
        self.faults.count_hits(id, meant.len() as u64);
    }

    fn fault_ends(&mut self, spec: &FaultSpec, market: Option<usize>) {
        match spec.fault {
            Fault::TickChange => self.change_ticks(spec, market, false),
            Fault::Silence | Fault::Stall => self.break_silence(),
            _ => {}
        }
    }

    fn end_all(&mut self, connections: &[u64], act: &Act) {
        for id in connections {
            if let Some(connection) = self.connections.get_mut(id) {
                connection.end(act.clone());
            }
        }
    }

    /// Kalshi ends every subscription of the connection with an error, Polymarket the connection.
    fn kill(&mut self, connection: u64, code: u32, words: &str) {
        match self.connections.get(&connection).map(|c| c.client.venue()) {
            Some(Venue::Kalshi) => self.kill_subscriptions(connection, code, words),
            Some(Venue::Polymarket) => self.end_all(&[connection], &Act::Close(1011, "overflow")),
            None => {}
        }
    }

    fn give_up_on_slow_clients(&mut self) {
        let slow: Vec<u64> =
            self.connections.values().filter(|c| c.overflowed).map(|c| c.id).collect();
        for id in slow {
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.overflowed = false;
            }
            self.kill(id, 25, "Subscription buffer overflow");
        }
    }

    fn cut_flapping(&mut self, now: Instant) {
        if !self.faults.any() {
            return;
        }
        let ids: Vec<u64> = self.connections.keys().copied().collect();
        for id in ids {
            let place = self.place(id, None);
            let Some(&Fault::Flap { up }) =
                self.faults.on(place, |fault| matches!(fault, Fault::Flap { .. }))
            else {
                continue;
            };
            let old = self.connections.get(&id).is_some_and(|c| now >= c.opened + up);
            if old && self.faults.hit(place, |f| matches!(f, Fault::Flap { .. })).is_some() {
                self.end_all(&[id], &Act::Cut);
                // Not twice, however long the socket takes to go.
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.opened = now + up * 1_000;
                }
            }
        }
    }

    /// A frame that nothing overtakes is not held for ever.
    fn release_held(&mut self, now: Instant) {
        for connection in self.connections.values_mut() {
            if connection.held.as_ref().is_some_and(|held| now >= held.1 + HOLD) {
                connection.release_held();
            }
        }
    }

    fn change_ticks(&mut self, spec: &FaultSpec, market: Option<usize>, finer: bool) {
        let all: Vec<usize> = match market {
            Some(market) => vec![market],
            None => (0..self.markets.len()).collect(),
        };
        for market in all {
            let venue = self.markets[market].venue;
            if spec.venue.is_some_and(|wanted| wanted != venue) {
                continue;
            }
            match venue {
                Venue::Kalshi => self.kalshi_ticks_changed(market, finer),
                Venue::Polymarket => self.polymarket_tick_changed(market, finer),
            }
        }
    }

    /// Sends a fresh book of every market that was withheld and no longer is.
    fn break_silence(&mut self) {
        let ids: Vec<u64> = self.connections.keys().copied().collect();
        for id in ids {
            match self.connections.get(&id).map(|connection| &connection.client) {
                Some(Client::Kalshi(_)) => self.kalshi_break_silence(id),
                Some(Client::Polymarket(_)) => self.polymarket_break_silence(id),
                None => {}
            }
        }
    }
}
