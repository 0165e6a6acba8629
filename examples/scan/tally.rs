//! Planted against found: what the simulation hid and what the scanner saw.

use std::collections::{HashMap, HashSet};

use arb_normalize::{Opportunity, OpportunityClass, Outcome, Timestamp, Usd};
use arb_scan::Closed;
use arb_sim::Planted;
use time::OffsetDateTime;

/// Frames take this long at most from a venue's clock to ours, under load.
const SLACK: time::Duration = time::Duration::milliseconds(500);

/// One trade's life as the scanner saw it.
#[derive(Debug, Clone)]
struct Seen {
    kalshi: String,
    buys_yes: bool,
    opened_at: OffsetDateTime,
    closed_at: Option<OffsetDateTime>,
    /// Every (quantity, net) it showed.
    lines: Vec<(String, Usd)>,
}

/// What the scanner saw: counted, and kept where it is to be held against what was planted.
#[derive(Debug, Default)]
pub struct Tally {
    seen: HashMap<String, Seen>,
    /// Trades of other classes.
    others: HashSet<String>,
    /// Whether trades that ended are kept.
    keeps: bool,
    /// Trades that ended and were not kept.
    forgotten: usize,
}

/// Planted against found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Score {
    /// Opportunities whose legs had both reached us.
    pub planted: usize,
    /// Of those, seen while they were there.
    pub found: usize,
    /// Of those, with the simulator's own quantity and net profit to the last digit.
    pub exact: usize,
    /// Seen, but never planted.
    pub false_alarms: usize,
}

impl Score {
    /// Not seen.
    pub const fn missed(&self) -> usize {
        self.planted - self.found
    }

    /// Everything planted was found, and nothing else.
    pub const fn is_perfect(&self) -> bool {
        self.found == self.planted && self.false_alarms == 0
    }
}

impl Tally {
    /// A tally that keeps everything.
    pub fn keeping() -> Self {
        Self { keeps: true, ..Self::default() }
    }

    /// A trade opened or changed; says whether it is new. Only cross-venue trades are planted, so only they are held against it.
    pub fn shown(&mut self, opportunity: &Opportunity) -> bool {
        if opportunity.class != OpportunityClass::CrossVenue {
            return self.others.insert(opportunity.id.clone());
        }
        let (Some(at), Some(leg)) =
            (opportunity.at.map(OffsetDateTime::from), opportunity.legs.first())
        else {
            return false;
        };
        let is_new = !self.seen.contains_key(&opportunity.id);
        let seen = self.seen.entry(opportunity.id.clone()).or_insert_with(|| Seen {
            kalshi: leg.market.clone(),
            buys_yes: leg.outcome == Outcome::Yes,
            opened_at: at,
            closed_at: None,
            lines: Vec::new(),
        });
        if self.keeps {
            seen.lines.push((opportunity.quantity.to_string(), opportunity.net_usd));
        }
        is_new
    }

    /// A trade ended.
    pub fn closed(&mut self, closed: &Closed) {
        if !self.keeps {
            let known = self.seen.remove(&closed.id).is_some() || self.others.remove(&closed.id);
            self.forgotten += usize::from(known);
        } else if let Some(seen) = self.seen.get_mut(&closed.id) {
            seen.closed_at = closed.at.map(Timestamp::into);
        }
    }

    /// How many trades were seen.
    pub fn len(&self) -> usize {
        self.seen.len() + self.others.len() + self.forgotten
    }

    /// Whether none was seen.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Holds what was seen against what was planted.
    pub fn against(&self, planted: &[Planted]) -> Score {
        let mut score = Score { planted: planted.len(), ..Score::default() };
        for plant in planted {
            let mut hits = self.seen.values().filter(|seen| overlap(seen, plant)).peekable();
            if hits.peek().is_some() {
                score.found += 1;
            }
            let quantity = plant.quantity.to_string();
            let net: Option<Usd> = plant.net_usd.to_string().parse().ok();
            let exact = |seen: &Seen| {
                seen.lines.iter().any(|(q, n)| same_number(q, &quantity) && Some(*n) == net)
            };
            if hits.any(exact) {
                score.exact += 1;
            } else {
                let seen: Vec<_> = self.seen.values().filter(|seen| overlap(seen, plant)).collect();
                tracing::warn!(?plant, ?seen, "planted, and not seen to the last digit");
            }
        }
        score.false_alarms = self
            .seen
            .values()
            .filter(|seen| !planted.iter().any(|plant| overlap(seen, plant)))
            .count();
        score
    }
}

fn same_number(a: &str, b: &str) -> bool {
    let number = |text: &str| text.parse::<arb_normalize::Quantity>().ok();
    number(a) == number(b)
}

fn overlap(seen: &Seen, plant: &Planted) -> bool {
    let buys_yes = plant.kalshi_outcome == arb_sim::Outcome::Yes;
    seen.kalshi == plant.kalshi
        && seen.buys_yes == buys_yes
        && plant.closed_at.is_none_or(|closed| seen.opened_at <= closed + SLACK)
        && seen.closed_at.is_none_or(|closed| closed >= plant.opened_at - SLACK)
}
