//! From the venues' listings and the operator's approvals to the pairs that may be traded.

use std::collections::{HashMap, HashSet};

use arb_match::{Approvals, Catalogue, Matcher as _, Refusal, Remark, TermMatcher, Verdict};
use arb_normalize::market::FeeData;
use arb_normalize::{Market, MarketStatus, Outcome, Venue};
use arb_risk::fees::{FeeHistory, KalshiFees, LegFees, PairFees, Step};
use arb_scan::sets::{Member, SetRelation};
use arb_scan::{MarketSet, PairSpec};
use arb_venues::kalshi::FeesFrom;
use arb_venues::{Discovery, MarketFilter, MarketSource as _, VenueError};
use time::OffsetDateTime;

use crate::endpoints::Endpoints;
use crate::failure::Failure;

/// What may be traded now.
#[derive(Debug, Default)]
pub struct Tradable {
    /// Approved pairs, in the order of their file.
    pub pairs: Vec<PairSpec>,
    /// Approved pairs that may not be traded, and why.
    pub refused: Vec<(String, String)>,
    /// Pairs that never will be again: a market of theirs is decided.
    pub over: Vec<String>,
    /// Markets by pair id: Kalshi's, then Polymarket's.
    pub markets: HashMap<String, (Market, Market)>,
    /// Listed markets of sets.
    pub members: Vec<Market>,
}

impl Tradable {
    /// What is known of the markets of pairs and sets.
    pub fn all_markets(&self) -> impl Iterator<Item = &Market> {
        let of_pairs = self.markets.values().flat_map(|(kalshi, polymarket)| [kalshi, polymarket]);
        of_pairs.chain(&self.members)
    }

    /// The same, to change it.
    pub fn all_markets_mut(&mut self) -> impl Iterator<Item = &mut Market> {
        let of_pairs =
            self.markets.values_mut().flat_map(|(kalshi, polymarket)| [kalshi, polymarket]);
        of_pairs.chain(&mut self.members)
    }
}

/// The name of a market's book: Kalshi's ticker, Polymarket's token of the first outcome.
pub fn book_of(market: &Market) -> Option<&str> {
    match market.key.venue {
        Venue::Kalshi => Some(&market.key.id),
        _ => market.outcome(Outcome::Yes)?.token.as_deref(),
    }
}

/// What of the approved sets may be traded now, and the sets that may not, with the reason.
///
/// A group of which a market is over is traded no more. A chain goes on without it, and so does a set whose members have nothing to
/// do with each other: each of their trades needs the markets it takes and no others.
pub fn admit_sets(
    approved: &[MarketSet],
    members: &[Market],
    now: OffsetDateTime,
) -> (Vec<MarketSet>, Vec<(String, String)>) {
    let listed: HashMap<(Venue, &str), &Market> = members
        .iter()
        .filter_map(|market| Some(((market.key.venue, book_of(market)?), market)))
        .collect();
    let why_not = |venue: Venue, key: &str| match listed.get(&(venue, key)) {
        None => Some(format!("{venue} {key} is not listed")),
        Some(market) => not_trading(market, now),
    };
    let (mut traded, mut refused) = (Vec::new(), Vec::new());
    for set in approved {
        let mut set = set.clone();
        let mut reason = None;
        for member in &mut set.members {
            for (venue, key) in
                [(Venue::Kalshi, &mut member.kalshi), (Venue::Polymarket, &mut member.polymarket)]
            {
                if let Some(over) = key.as_deref().and_then(|key| why_not(venue, key)) {
                    *key = None;
                    reason.get_or_insert(over);
                }
            }
        }
        set.members.retain(|member| member.markets().next().is_some());
        let least = match set.relation {
            SetRelation::Chain => 2,
            SetRelation::Apart => 1,
            _ => usize::MAX,
        };
        match reason {
            Some(reason) if set.members.len() < least => refused.push((set.id, reason)),
            _ => traded.push(set),
        }
    }
    (traded, refused)
}

/// Reads both catalogues and has the matcher propose pairs; one line on what was found.
pub async fn survey(endpoints: &Endpoints) -> Result<String, Failure> {
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
    Ok(format!(
        "{} Kalshi and {} Polymarket markets trade ({skipped}); the matcher proposes {} probable and {} candidate pairs",
        sizes.0, sizes.1, proposals.0, proposals.1,
    ))
}

/// Reads the markets of these pairs and sets, and no others, and takes the pairs that may be traded.
///
/// An approval holds for the rule texts as they were when this program first saw them (`confirmed` remembers, by pair); whoever
/// approves a pair from a program that keeps approvals (the `match` example) also learns when they change in between.
pub async fn discover(
    endpoints: &Endpoints,
    approved: Vec<PairSpec>,
    sets: &[MarketSet],
    confirmed: &mut HashMap<String, Approvals>,
    now: OffsetDateTime,
) -> Result<Tradable, VenueError> {
    let of_sets = |venue| markets_of_sets(sets).filter(move |(of, ..)| *of == venue);
    let mut tickers: Vec<String> = approved.iter().map(|spec| spec.pair.kalshi.clone()).collect();
    let mut tokens: Vec<String> =
        approved.iter().map(|spec| spec.pair.polymarket_yes.clone()).collect();
    tickers.extend(of_sets(Venue::Kalshi).map(|(_, ticker, _)| ticker.to_owned()));
    tokens.extend(of_sets(Venue::Polymarket).map(|(_, token, _)| token.to_owned()));
    for names in [&mut tickers, &mut tokens] {
        names.sort();
        names.dedup();
    }
    let (kalshi, polymarket) =
        tokio::join!(endpoints.kalshi.named(&tickers), endpoints.polymarket.named(&tokens));
    let (kalshi, polymarket) = (kalshi?, polymarket?);
    let mut found = admit(&kalshi, &polymarket, approved, confirmed, now);
    found.members = members_of(sets, kalshi.into_iter().chain(polymarket));
    Ok(found)
}

/// The markets that sets are made of, of these.
pub fn members_of(sets: &[MarketSet], markets: impl IntoIterator<Item = Market>) -> Vec<Market> {
    let books: HashSet<(Venue, &str)> =
        markets_of_sets(sets).map(|(venue, key, _)| (venue, key)).collect();
    let is_member = |market: &Market| {
        book_of(market).is_some_and(|book| books.contains(&(market.key.venue, book)))
    };
    markets.into_iter().filter(is_member).collect()
}

/// The markets of sets: the venue, the name of the book, the name in outputs.
pub fn markets_of_sets(sets: &[MarketSet]) -> impl Iterator<Item = (Venue, &str, &str)> {
    sets.iter().flat_map(|set| &set.members).flat_map(Member::markets)
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

fn admit(
    kalshi: &[Market],
    polymarket: &[Market],
    approved: Vec<PairSpec>,
    confirmed: &mut HashMap<String, Approvals>,
    now: OffsetDateTime,
) -> Tradable {
    let by_ticker: HashMap<&str, &Market> =
        kalshi.iter().map(|market| (market.key.id.as_str(), market)).collect();
    let by_token: HashMap<&str, &Market> = polymarket
        .iter()
        .filter_map(|market| Some((market.outcome(Outcome::Yes)?.token.as_deref()?, market)))
        .collect();
    let mut tradable = Tradable::default();
    for mut spec in approved {
        let id = spec.pair.id.clone();
        let found = (
            by_ticker.get(spec.pair.kalshi.as_str()).copied(),
            by_token.get(spec.pair.polymarket_yes.as_str()).copied(),
        );
        let (Some(kalshi), Some(polymarket)) = found else {
            tradable.refused.push((id, "not listed".to_owned()));
            continue;
        };
        if [kalshi, polymarket].iter().any(|market| is_decided(market.status)) {
            tradable.over.push(id.clone());
        }
        if let Some(reason) = [kalshi, polymarket].into_iter().find_map(|m| not_trading(m, now)) {
            tradable.refused.push((id, reason));
            continue;
        }
        let known = confirmed.get(&id);
        let is_new =
            known.is_none_or(|known| known.get(&kalshi.key.id, &polymarket.key.id).is_none());
        if is_new && !is_whole(kalshi) {
            tradable.refused.push((id, UNREAD.to_owned()));
            continue;
        }
        let approvals = confirmed.entry(id.clone()).or_default();
        if is_new {
            // The pairs file is the operator's word, whatever the matcher holds against the pair by now.
            let relation = spec.pair.relation;
            let despite = TermMatcher.judge(kalshi, polymarket).vetoes(relation);
            let remark = Remark { at: now, note: "", despite: &despite };
            if let Err(error) =
                approvals.approve(&TermMatcher, kalshi, polymarket, relation, &remark)
            {
                tradable.refused.push((id, error.to_string()));
                continue;
            }
        }
        match approvals.check(&TermMatcher, &spec.pair, kalshi, polymarket) {
            Ok(_) => {
                spec.pair.condition_id.get_or_insert_with(|| polymarket.key.id.clone());
                tradable.markets.insert(id, (kalshi.clone(), polymarket.clone()));
                tradable.pairs.push(spec);
            }
            Err(Refusal::Lapsed { .. } | Refusal::Vetoed { .. }) if !is_whole(kalshi) => {
                tradable.refused.push((id, UNREAD.to_owned()));
            }
            Err(refusal @ (Refusal::Lapsed { .. } | Refusal::Vetoed { .. })) => {
                tradable
                    .refused
                    .push((id, format!("{refusal} by changing its entry in the pairs file")));
            }
            Err(refusal) => tradable.refused.push((id, refusal.to_string())),
        }
    }
    tradable
}

/// Why a pair waits whose Kalshi market was read without its series.
const UNREAD: &str = "kalshi's listing was not read whole: its series is missing";

/// Whether a Kalshi market was read with its series, which names the source of its answer: half a text is neither approved nor
/// taken for a changed one.
const fn is_whole(kalshi: &Market) -> bool {
    matches!(kalshi.fees, FeeData::Kalshi { multiplier: Some(_), .. })
}

/// Whether a market's outcome is known or being decided: it never trades again.
pub const fn is_decided(status: MarketStatus) -> bool {
    matches!(status, MarketStatus::Determined | MarketStatus::Disputed | MarketStatus::Settled)
}

/// Why there is nothing to trade on a market now; a halted one is followed, since it opens again.
fn not_trading(market: &Market, now: OffsetDateTime) -> Option<String> {
    let venue = market.key.venue;
    if !matches!(market.status, MarketStatus::Active | MarketStatus::Paused) {
        return Some(format!("{venue} is {}", market.status_word));
    }
    // Kalshi's listing may lag behind its clock. Polymarket trades past the end dates it lists.
    let has_closed = venue == Venue::Kalshi && market.close_at.is_some_and(|at| at <= now);
    has_closed.then(|| "kalshi has closed".to_owned())
}

/// The fees that the venues publish with the markets, from `timeline` where Kalshi's changes are known; an API member's
/// balance is kept to $0.0001. Where Kalshi waives its fee for a while, the fee that follows is already in the history.
pub fn venue_fees(
    kalshi: &Market,
    polymarket: &Market,
    timeline: &[FeesFrom],
    now: OffsetDateTime,
) -> Option<FeeHistory> {
    let mut market = kalshi.clone();
    let mut entries: Vec<PairFees> = Vec::new();
    let listed = [FeesFrom { from: None, fees: kalshi.fees.clone() }];
    for step in if timeline.is_empty() { &listed } else { timeline } {
        market.fees.clone_from(&step.fees);
        let at = step.from.unwrap_or(now);
        entries.push(PairFees { from: step.from, ..fees_at(&market, polymarket, at) });
    }
    if let FeeData::Kalshi { waived_until: Some(until), .. } = kalshi.fees
        && until > now
        && entries.iter().all(|entry| entry.from != Some(until))
    {
        let begun = |step: &&FeesFrom| step.from.is_none_or(|from| from <= until);
        if let Some(last) = timeline.iter().rfind(begun) {
            market.fees.clone_from(&last.fees);
        } else {
            market.fees.clone_from(&kalshi.fees);
        }
        entries.push(PairFees { from: Some(until), ..fees_at(&market, polymarket, until) });
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

#[cfg(test)]
mod tests {
    use arb_normalize::rest::{kalshi, polymarket};
    use arb_scan::pairs;

    use super::*;

    #[test]
    fn half_a_listing_is_neither_approved_nor_taken_for_another_text() {
        let event = br#"{"events":[{"event_ticker":"KXE-1","series_ticker":"KXE","title":"t","markets":[{"ticker":"KXE-1-A","event_ticker":"KXE-1","status":"active","rules_primary":"If it rains, Yes."}]}],"cursor":""}"#;
        let half = kalshi::events_page(event).unwrap().items.remove(0).markets.remove(0);
        let mut whole = half.clone();
        whole.rules.source = Some("Weather Bureau".to_owned());
        whole.fees = FeeData::Kalshi {
            fee_type: Some("quadratic".to_owned()),
            multiplier: Some(1.into()),
            waived_until: None,
        };
        let mut other = whole.clone();
        other.rules.primary = "If it pours, Yes.".to_owned();
        let listed = br#"{"markets":[{"id":"1","conditionId":"0x1","question":"Rain?","active":true,"closed":false,"outcomes":"[\"Yes\",\"No\"]","clobTokenIds":"[\"11\",\"12\"]"}]}"#;
        let polymarket = polymarket::gamma_markets_page(listed).unwrap().items;
        let file = r#"[{"id":"rain","kalshi":"KXE-1-A","polymarket_yes":"11","relation":"equal"}]"#;
        let mut confirmed = HashMap::new();
        let mut refusal = |kalshi: &Market| {
            let approved = pairs::parse(file).unwrap();
            let now = OffsetDateTime::UNIX_EPOCH;
            let kalshi = std::slice::from_ref(kalshi);
            let mut found = admit(kalshi, &polymarket, approved, &mut confirmed, now);
            assert_eq!(found.pairs.len() + found.refused.len(), 1);
            found.refused.pop().map(|(_, reason)| reason)
        };
        assert_eq!(refusal(&half).as_deref(), Some(UNREAD), "nothing to approve yet");
        assert_eq!(refusal(&whole), None);
        assert_eq!(refusal(&half).as_deref(), Some(UNREAD));
        assert_eq!(refusal(&whole), None, "it reads as approved");
        let reason = refusal(&other).unwrap();
        assert!(
            reason.ends_with("read it and approve again by changing its entry in the pairs file"),
            "{reason}"
        );
        assert_eq!(refusal(&whole), None);
    }
}
