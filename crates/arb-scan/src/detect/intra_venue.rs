//! The two outcomes of one market on one venue.

use arb_normalize::opportunity::Action;
use arb_normalize::{OpportunityClass, Outcome, Usd, Venue};

use super::{Approved, Detector, Refused, leg};
use crate::Basket;
use crate::sets::SetRelation;

/// YES and NO of one market bought for less than $1 together (`merge`: Kalshi nets the two, Polymarket merges them), or, on
/// Polymarket, split off a dollar and sold for more than $1 (`split`).
///
/// Condition of a merge: YES ask + NO ask + fees < $1. Of a split: YES bid + NO bid − fees > $1. Both are settled at once, so they pay
/// the same however the market ends.
///
/// On both venues the two outcomes share one book: Kalshi quotes a NO bid at q, which is a YES ask at 1 − q; an order on either
/// Polymarket token stands in both tokens' books. NO ask = 1 − YES bid then, so a merge pays exactly when the book is crossed (YES
/// bid > YES ask), and so does a split. A crossed book is never priced: the venue would have matched those orders, so what is
/// seen is a frame under way. This detector therefore never opens a trade on today's venues; it stands for the case that one
/// day keeps two books apart, and its trades show as `book_crossed` among what was not priced. Two tokens' recorded books that disagree are no
/// opportunity either: they are one liquidity seen at two instants.
///
/// Worked: YES bid 0.46 above YES ask 0.45 is NO ask 0.54; 0.45 + 0.54 = 0.99 looks like a cent a contract, and is not priced.
#[derive(Debug, Clone, Copy, Default)]
pub struct IntraVenue;

impl Detector for IntraVenue {
    fn class(&self) -> OpportunityClass {
        OpportunityClass::IntraVenue
    }

    fn baskets(&self, approved: Approved<'_>) -> Result<Vec<Basket>, Refused> {
        let Approved::Set(set) = approved else { return Ok(Vec::new()) };
        if set.relation != SetRelation::Apart {
            return Ok(Vec::new());
        }
        let mut baskets = Vec::new();
        for (number, member) in set.members.iter().enumerate() {
            for (venue, key, market) in member.markets() {
                let both = |action| {
                    [Outcome::Yes, Outcome::No]
                        .map(|outcome| leg(0, venue, key, market, outcome, action))
                        .to_vec()
                };
                let merge = format!("merge{number}-{venue}");
                baskets.push(Basket::new(
                    self.class(),
                    &set.id,
                    merge,
                    Usd::DOLLAR,
                    both(Action::Buy),
                ));
                if venue == Venue::Polymarket {
                    let split = format!("split{number}-{venue}");
                    baskets.push(Basket::new(
                        self.class(),
                        &set.id,
                        split,
                        -Usd::DOLLAR,
                        both(Action::Sell),
                    ));
                }
            }
        }
        Ok(baskets)
    }
}
