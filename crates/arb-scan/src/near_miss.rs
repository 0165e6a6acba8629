//! Trades that almost paid: the best prices of each day, what stopped them, and what they would have needed.
//!
//! The best are those that leave most (or lack least) before fees, because that can be seen without touching a book.

use arb_normalize::{OpportunityClass, Timestamp, Usd};
use arb_risk::size::SizeRequest;
use serde::Serialize;

/// What kept the best prices of a day from being a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stopped {
    /// The prices alone cost at least the payoff.
    Prices,
    /// The prices leave something, and the fees take it.
    Fees,
    /// The first contract earns something after fees, and no whole quantity does after the venues' roundings.
    Rounding,
    /// It pays, and a limit forbids it.
    Limit,
    /// Nothing: it was a trade.
    Nothing,
}

/// The best prices of a trade on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NearMiss<'a> {
    /// The pair or set.
    pub pair: &'a str,
    /// Which of its trades.
    pub direction: &'a str,
    /// Its class.
    pub class: OpportunityClass,
    /// When the prices were there.
    pub at: Option<Timestamp>,
    /// What the first contract would have earned before fees, in dollars (negative: lost).
    pub gross_usd: Usd,
    /// What it would have earned after fees, before rounding.
    pub net_usd: Usd,
    /// What stopped it.
    pub stopped: Stopped,
}

impl std::fmt::Display for NearMiss<'_> {
    /// What stopped it and what it would have needed, such as `fees of 3.2 cents against 2.8 cents between the prices: 0.4 cents short`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cents = |usd: Usd| format!("{:.2}", usd.to_f64_lossy() * 100.0);
        let fees = cents(self.gross_usd - self.net_usd);
        let short = cents(-self.net_usd);
        match self.stopped {
            Stopped::Prices => write!(
                f,
                "prices {} cents too high before fees of {fees}: {short} cents a contract short",
                cents(-self.gross_usd)
            ),
            Stopped::Fees => write!(
                f,
                "fees of {fees} cents against {} cents between the prices: {short} cents a contract short",
                cents(self.gross_usd)
            ),
            Stopped::Rounding => write!(
                f,
                "{} cents a contract after fees, and roundings eat it at every size on offer",
                cents(self.net_usd)
            ),
            Stopped::Limit => {
                write!(
                    f,
                    "{} cents a contract after fees, forbidden by a limit",
                    cents(self.net_usd)
                )
            }
            Stopped::Nothing => {
                write!(f, "a trade at {} cents a contract after fees", cents(self.net_usd))
            }
        }
    }
}

/// The best of the day so far of one basket.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DayBest {
    day: i64,
    best: Option<Best>,
}

#[derive(Debug, Clone, Copy)]
struct Best {
    at: Option<Timestamp>,
    /// Micro-dollars a contract.
    gross: i64,
    /// 1e-20 dollars a contract, after fees.
    net: i128,
    stopped: Stopped,
}

const DAY_NANOS: i64 = 86_400_000_000_000;
/// A micro-dollar in units of 1e-20 dollars.
const MICRO: i128 = 100_000_000_000_000;

/// The day of an instant, counted from 1970; 0 where the instant is not known.
pub(crate) fn day_of(at: Option<Timestamp>) -> i64 {
    at.map_or(0, |at| at.nanos().div_euclid(DAY_NANOS))
}

impl DayBest {
    /// Takes what the best prices of an evaluation leave before fees, in micro-dollars a contract; `stopped` is how far it came. The fees are
    /// only worked out for a new best.
    pub(crate) fn note(
        &mut self,
        now: Option<Timestamp>,
        request: &SizeRequest<'_>,
        gross: i64,
        stopped: Stopped,
    ) {
        let day = day_of(now);
        if day != self.day {
            *self = Self { day, best: None };
        }
        if self.best.is_some_and(|best| gross <= best.gross) {
            return;
        }
        if let Some(net) = edge_after_fees(request, i128::from(gross) * MICRO) {
            self.best = Some(Best { at: now, gross, net, stopped });
        }
    }

    /// What the best prices leave before fees, in millionths of a dollar.
    pub(crate) fn gross_micros(&self) -> Option<i32> {
        let gross = self.best?.gross;
        Some(i32::try_from(gross).unwrap_or(if gross > 0 { i32::MAX } else { i32::MIN }))
    }

    pub(crate) fn of<'a>(
        &self,
        pair: &'a str,
        direction: &'a str,
        class: OpportunityClass,
    ) -> Option<NearMiss<'a>> {
        let best = self.best?;
        Some(NearMiss {
            pair,
            direction,
            class,
            at: best.at,
            gross_usd: Usd::from_micros(best.gross),
            net_usd: Usd::from_pico(best.net.div_euclid(100_000_000)),
            stopped: best.stopped,
        })
    }
}

/// What the first contract earns after fees, in 1e-20 dollars.
fn edge_after_fees(request: &SizeRequest<'_>, gross: i128) -> Option<i128> {
    use arb_risk::fees::FeeModel as _;
    let mut fees = 0;
    for leg in request.legs {
        fees += leg.fees.unit_fee(leg.ladder.best()?.price).units() as i128;
    }
    Some(gross - fees)
}
