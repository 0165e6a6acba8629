//! What the simulated venues list: plain data, before any book or status.

mod calendar;
mod standard;
mod synthetic;

use ring::digest;
use time::OffsetDateTime;

pub(crate) use self::standard::standard;
pub(crate) use self::synthetic::append_synthetic;
use crate::units::Price;

/// How a Kalshi market's and a Polymarket market's first outcomes relate in a true pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// Kalshi YES pays exactly when Polymarket's first outcome does.
    Equal,
    /// Kalshi YES pays exactly when Polymarket's first outcome does not.
    Complement,
}

impl Relation {
    /// The word of the pairs format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Complement => "complement",
        }
    }
}

/// Where a market stands at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    Open,
    /// Not known to anybody until it is listed while the simulation runs.
    Unlisted,
    /// Trading is over; Kalshi `finalized`, Polymarket closed and resolved.
    Settled,
}

#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) ticker: String,
    pub(crate) title: String,
    pub(crate) category: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) source: (&'static str, &'static str),
    pub(crate) fee_type: &'static str,
    /// Hundredths: 100 is 1.
    pub(crate) fee_multiplier: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct KalshiEvent {
    pub(crate) ticker: String,
    pub(crate) series: usize,
    pub(crate) title: String,
    pub(crate) sub_title: String,
    pub(crate) mutually_exclusive: bool,
}

/// Kalshi's strike fields; numbers are written as JSON numbers.
#[derive(Debug, Clone)]
pub(crate) enum Strike {
    Custom(&'static str, String),
    Structured(&'static str, String),
    Greater(String),
    GreaterOrEqual(String),
    Less(String),
}

/// Where prices may lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ticks {
    Cent,
    /// 0.001 below 0.10 and above 0.90, 0.01 between.
    Tapered,
}

#[derive(Debug, Clone)]
pub(crate) struct KalshiMarket {
    pub(crate) ticker: String,
    pub(crate) event: usize,
    pub(crate) title: String,
    pub(crate) yes_sub_title: String,
    pub(crate) no_sub_title: String,
    pub(crate) rules_primary: String,
    pub(crate) rules_secondary: String,
    pub(crate) strike: Strike,
    pub(crate) close: OffsetDateTime,
    pub(crate) expected_expiration: OffsetDateTime,
    pub(crate) early_close: Option<String>,
    pub(crate) ticks: Ticks,
    /// Tickers of the legs of a combo (event, market, side); empty for an ordinary market.
    pub(crate) legs: Vec<(String, String, &'static str)>,
    pub(crate) anchor: Price,
    pub(crate) start: Start,
}

#[derive(Debug, Clone)]
pub(crate) struct PolymarketEvent {
    pub(crate) id: String,
    pub(crate) slug: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) tag: &'static str,
    pub(crate) end: OffsetDateTime,
    /// The group's id when its markets are neg-risk.
    pub(crate) neg_risk: Option<String>,
    pub(crate) augmented: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct PolymarketMarket {
    pub(crate) id: String,
    pub(crate) condition_id: String,
    pub(crate) tokens: [String; 2],
    pub(crate) event: usize,
    pub(crate) question: String,
    pub(crate) slug: String,
    pub(crate) description: String,
    pub(crate) resolution_source: &'static str,
    pub(crate) end: OffsetDateTime,
    pub(crate) outcomes: [String; 2],
    pub(crate) group_item_title: String,
    pub(crate) fee_type: &'static str,
    /// Hundredths: 5 is 0.05.
    pub(crate) fee_rate: i64,
    /// Ten-thousandths: 100 is a cent.
    pub(crate) tick: i64,
    pub(crate) game_start: Option<OffsetDateTime>,
    pub(crate) other: bool,
    pub(crate) anchor: Price,
    pub(crate) start: Start,
}

/// A pair that an operator would approve.
#[derive(Debug, Clone)]
pub(crate) struct TruePair {
    pub(crate) id: String,
    pub(crate) kalshi: usize,
    pub(crate) polymarket: usize,
    pub(crate) relation: Relation,
    /// Whether the shared price may wander; outcomes of one group keep theirs, so that a group
    /// stays free of arbitrage too.
    pub(crate) drifts: bool,
}

/// A pair that reads alike and is not the same contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookAlike {
    /// Kalshi's ticker.
    pub kalshi: String,
    /// Polymarket's condition id.
    pub condition_id: String,
    /// What differs: `deadline`, `threshold`, `comparison`, `nominee`, `touch`, `year`, `date`, `bucket`.
    pub difference: &'static str,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Listings {
    pub(crate) series: Vec<Series>,
    pub(crate) kalshi_events: Vec<KalshiEvent>,
    pub(crate) kalshi: Vec<KalshiMarket>,
    pub(crate) polymarket_events: Vec<PolymarketEvent>,
    pub(crate) polymarket: Vec<PolymarketMarket>,
    pub(crate) pairs: Vec<TruePair>,
    pub(crate) look_alikes: Vec<LookAlike>,
}

impl Listings {
    /// Adds a Polymarket market with ids derived from its slug.
    pub(crate) fn add_polymarket(&mut self, mut market: PolymarketMarket) -> usize {
        let index = self.polymarket.len();
        market.id = (1_290_417 + index).to_string();
        market.condition_id = format!("0x{}", hex(&sha256(&format!("condition {}", market.slug))));
        market.tokens = ["first", "second"]
            .map(|which| decimal(&sha256(&format!("token {which} {}", market.slug))));
        self.polymarket.push(market);
        index
    }

    /// Adds a Polymarket event; a neg-risk group gets an id derived from its slug.
    pub(crate) fn add_polymarket_event(
        &mut self,
        slug: &str,
        title: &str,
        description: &str,
        tag: &'static str,
        end: OffsetDateTime,
    ) -> usize {
        let index = self.polymarket_events.len();
        self.polymarket_events.push(PolymarketEvent {
            id: (903_193 + index).to_string(),
            slug: slug.to_owned(),
            title: title.to_owned(),
            description: description.to_owned(),
            tag,
            end,
            neg_risk: None,
            augmented: false,
        });
        index
    }

    pub(crate) fn pair(&mut self, id: &str, kalshi: usize, polymarket: usize, relation: Relation) {
        self.pairs.push(TruePair { id: id.to_owned(), kalshi, polymarket, relation, drifts: true });
    }

    pub(crate) fn look_alike(
        &mut self,
        kalshi: usize,
        polymarket: usize,
        difference: &'static str,
    ) {
        self.look_alikes.push(LookAlike {
            kalshi: self.kalshi[kalshi].ticker.clone(),
            condition_id: self.polymarket[polymarket].condition_id.clone(),
            difference,
        });
    }
}

pub(crate) fn sha256(text: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A big-endian number in decimal digits, as Polymarket writes its 256-bit token ids.
pub(crate) fn decimal(bytes: &[u8]) -> String {
    let mut digits = vec![0_u8];
    for &byte in bytes {
        let mut carry = u32::from(byte);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            *digit = (value % 10) as u8;
            carry = value / 10;
        }
        while carry > 0 {
            digits.push((carry % 10) as u8);
            carry /= 10;
        }
    }
    digits.iter().rev().map(|&digit| char::from(b'0' + digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_big_number_is_written_in_decimal() {
        assert_eq!(decimal(&[0]), "0");
        assert_eq!(decimal(&[1, 0]), "256");
        assert_eq!(
            decimal(&[0xff; 32]),
            "115792089237316195423570985008687907853269984665640564039457584007913129639935"
        );
    }
}
