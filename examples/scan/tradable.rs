//! From two catalogues and the operator's approvals to the pairs that may be traded.

use std::collections::HashMap;

use arb_match::{Approvals, Catalogue, Matcher as _, TermMatcher, Verdict};
use arb_normalize::market::FeeData;
use arb_normalize::{Market, Outcome, Pair, Venue};
use arb_risk::fees::{FeeHistory, KalshiFees, LegFees, PairFees, Step};
use arb_scan::PairSpec;
use arb_venues::{Discovery, MarketFilter, MarketSource as _};
use time::OffsetDateTime;

use crate::endpoints::Endpoints;
use crate::failure::Failure;

/// What may be traded, and what was found on the way there.
#[derive(Debug)]
pub struct Tradable {
    /// Approved pairs, in the order of their file.
    pub pairs: Vec<PairSpec>,
    /// Approved pairs that may not be traded, and why.
    pub refused: Vec<(String, String)>,
    /// Markets by pair id: Kalshi's, then Polymarket's.
    pub markets: HashMap<String, (Market, Market)>,
    /// One line on the catalogues and the matcher's proposals.
    pub findings: String,
}

/// Lists both catalogues, has the matcher propose pairs and takes the approved ones.
///
/// An approval holds for the rule texts as they are now; whoever approves a pair from a program that keeps
/// approvals (the `match` example) also learns when the texts change.
pub async fn discover(
    endpoints: &Endpoints,
    approved: Vec<PairSpec>,
    now: OffsetDateTime,
) -> Result<Tradable, Failure> {
    let filter = MarketFilter::default();
    let (kalshi, polymarket) =
        tokio::join!(endpoints.kalshi.markets(&filter), endpoints.polymarket.markets(&filter));
    let failed = |error| Failure::from_error("the catalogue cannot be read", &error);
    let (kalshi, polymarket) = (kalshi.map_err(failed)?, polymarket.map_err(failed)?);
    let skipped = skipped(&kalshi, &polymarket);
    let mut catalogue = Catalogue::new();
    let sizes = (kalshi.markets.len(), polymarket.markets.len());
    for market in kalshi.markets.into_iter().chain(polymarket.markets) {
        catalogue.insert(market);
    }
    let proposals = propose(&catalogue);
    let mut tradable = admit(&catalogue, approved, now);
    tradable.findings = format!(
        "{} Kalshi and {} Polymarket markets trade ({skipped}); the matcher proposes {} probable and {} candidate pairs; {} of {} approved pairs can be traded",
        sizes.0,
        sizes.1,
        proposals.0,
        proposals.1,
        tradable.pairs.len(),
        tradable.pairs.len() + tradable.refused.len()
    );
    Ok(tradable)
}

fn skipped(kalshi: &Discovery, polymarket: &Discovery) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for (venue, discovery) in [("kalshi", kalshi), ("polymarket", polymarket)] {
        for (reason, count) in &discovery.skipped {
            reasons.push(format!("{count} {venue} {}", reason.replace('_', " ")));
        }
    }
    if reasons.is_empty() {
        "none left out".to_owned()
    } else {
        format!("left out: {}", reasons.join(", "))
    }
}

/// How many probable and candidate pairs the matcher proposes.
fn propose(catalogue: &Catalogue) -> (usize, usize) {
    let mut count = (0, 0);
    for pair in catalogue.all_candidates() {
        let markets = (
            catalogue.market(Venue::Kalshi, &pair.kalshi),
            catalogue.market(Venue::Polymarket, &pair.polymarket),
        );
        if let (Some(kalshi), Some(polymarket)) = markets {
            match TermMatcher.judge(kalshi, polymarket).verdict {
                Verdict::Probable => count.0 += 1,
                Verdict::Candidate => count.1 += 1,
                _ => {}
            }
        }
    }
    count
}

fn admit(catalogue: &Catalogue, approved: Vec<PairSpec>, now: OffsetDateTime) -> Tradable {
    let by_token: HashMap<String, &Market> = catalogue
        .markets(Venue::Polymarket)
        .into_iter()
        .filter_map(|market| Some((market.outcome(Outcome::Yes)?.token.clone()?, market)))
        .collect();
    let kalshi_of = |ticker: &str| catalogue.market(Venue::Kalshi, ticker);
    let polymarket_of = |pair: &Pair| by_token.get(&pair.polymarket_yes).copied();
    let pairs: Vec<Pair> = approved.iter().map(|spec| spec.pair.clone()).collect();
    let approvals = Approvals::from_pairs(&pairs, kalshi_of, polymarket_of, now);
    let mut tradable = Tradable {
        pairs: Vec::new(),
        refused: Vec::new(),
        markets: HashMap::new(),
        findings: String::new(),
    };
    for mut spec in approved {
        let id = spec.pair.id.clone();
        let (Some(kalshi), Some(polymarket)) =
            (kalshi_of(&spec.pair.kalshi), polymarket_of(&spec.pair))
        else {
            tradable.refused.push((id, "not listed, or not trading".to_owned()));
            continue;
        };
        match approvals.check(&TermMatcher, &spec.pair, kalshi, polymarket) {
            Ok(_) => {
                spec.pair.condition_id.get_or_insert_with(|| polymarket.key.id.clone());
                if spec.fees.is_none() {
                    spec.fees = venue_fees(kalshi, polymarket, now);
                }
                tradable.markets.insert(id, (kalshi.clone(), polymarket.clone()));
                tradable.pairs.push(spec);
            }
            Err(refusal) => tradable.refused.push((id, refusal.to_string())),
        }
    }
    tradable
}

/// The fees that the venues publish with the markets; an API member's balance is kept to $0.0001. Where Kalshi waives its
/// fee for a while, the fee that follows is already in the history.
fn venue_fees(kalshi: &Market, polymarket: &Market, now: OffsetDateTime) -> Option<FeeHistory> {
    let mut entries = vec![fees_at(kalshi, polymarket, now)];
    if let FeeData::Kalshi { waived_until: Some(until), .. } = kalshi.fees
        && until > now
    {
        entries.push(PairFees { from: Some(until), ..fees_at(kalshi, polymarket, until) });
    }
    FeeHistory::new(entries).ok()
}

fn fees_at(kalshi: &Market, polymarket: &Market, at: OffsetDateTime) -> PairFees {
    let direct = KalshiFees::taker().with_precision(Step::CENTICENT);
    let mut fees = PairFees::default();
    for market in [kalshi, polymarket] {
        match LegFees::from_data(market.key.venue, &market.fees, direct, Some(at)).0 {
            LegFees::Kalshi(known) => fees.kalshi = Some(known),
            LegFees::Polymarket(known) => fees.polymarket = Some(known),
            _ => {}
        }
    }
    fees
}
