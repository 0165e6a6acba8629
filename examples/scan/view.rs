//! The state of feeds and pipeline as the status page and the table show it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use arb_monitor::status::{
    BlockedPairs, BookCounts, BreakerRow, ClockOffset, FeedRow, FunnelStep, KillSwitch, LegRow,
    Mode, NearMiss, OpportunityRow, StatusModel, Tone,
};
use arb_normalize::books::BookState;
use arb_normalize::opportunity::Action;
use arb_normalize::{Opportunity, Timestamp, Venue};
use arb_risk::gate::TradingState;
use arb_scan::detect::Refused;
use arb_scan::{NotPriced, Pipeline, Share, Sink, Stopped, Terms};
use arb_ws::{Health, LinkState, Windows};
use rust_decimal::Decimal;
use time::OffsetDateTime;

use crate::audit::Auditor;
use crate::endpoints::Endpoints;
use crate::publisher::Publisher;
use crate::watch;

/// Clocks further apart than this are shown as wrong: signatures are refused from about 5 s on.
const CLOCK_LIMIT_MS: i64 = 2_000;
/// Data older than this is shown as wrong.
const DATA_AGE_MAX: Duration = Duration::from_secs(30);
/// Near misses shown.
const NEAR_MISSES: usize = 20;
/// Examples of blocked pairs, by reason.
const EXAMPLES: usize = 4;

/// What does not change with the feeds.
pub fn base(endpoints: &Endpoints) -> StatusModel {
    let clock = |venue: Venue, offset: &arb_venues::ClockOffset| ClockOffset {
        venue: venue.as_str().to_owned(),
        offset_ms: Some(-offset.millis()),
        limit_ms: CLOCK_LIMIT_MS,
    };
    StatusModel {
        mode: endpoints.mode,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: Some(arb_ws::wall_clock()),
        clocks: vec![
            clock(Venue::Kalshi, &endpoints.kalshi_clock),
            clock(Venue::Polymarket, &endpoints.polymarket_clock),
        ],
        ..StatusModel::default()
    }
}

/// Puts in which approved pairs and sets may not be traded, and why.
pub fn refuse(
    base: &mut StatusModel,
    refused: &[(String, String)],
    refused_sets: &[(String, String)],
) {
    base.pairs_total = refused.len();
    base.blocked = blocked(refused.iter().map(|(pair, reason)| (reason.clone(), pair.clone())));
    base.blocked.extend(refused_sets.iter().map(|(set, reason)| BlockedPairs {
        reason: format!("set {set} is not traded: {reason}"),
        count: 1,
        examples: Vec::new(),
    }));
}

/// A breaker as a row.
pub fn breaker(breaker: &arb_breaker::Breaker) -> BreakerRow {
    let snapshot = breaker.snapshot();
    let closed = snapshot.state == arb_breaker::State::Closed;
    BreakerRow {
        name: snapshot.name.to_string(),
        state: format!("{:?}", snapshot.state).to_lowercase(),
        tone: if closed { Tone::Good } else { Tone::Bad },
        opened: snapshot.totals.opened,
        note: snapshot.last_trip.map(|trip| format!("last: {trip}")).unwrap_or_default(),
    }
}

/// Pairs by the reason that blocks them.
fn blocked(pairs: impl Iterator<Item = (String, String)>) -> Vec<BlockedPairs> {
    let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (reason, pair) in pairs {
        by_reason.entry(reason).or_default().push(pair);
    }
    by_reason
        .into_iter()
        .map(|(reason, pairs)| BlockedPairs {
            reason,
            count: pairs.len(),
            examples: pairs.into_iter().take(EXAMPLES).collect(),
        })
        .collect()
}

/// The view now.
pub fn of(
    base: &StatusModel,
    pipeline: &Pipeline<Publisher>,
    health: &[BTreeMap<u32, Health>; 2],
    clocks: &[arb_venues::ClockOffset; 2],
    now: Option<Timestamp>,
) -> StatusModel {
    let mut view = base.clone();
    for (clock, offset) in view.clocks.iter_mut().zip(clocks) {
        clock.offset_ms = Some(-offset.millis());
    }
    let switch = &pipeline.sink().switch;
    let halted = switch.state() != TradingState::Active;
    view.kill_switch = KillSwitch { engaged: halted, reason: stands_at(switch) };
    let closed = pipeline.sink().closures.any();
    let suspected: HashSet<&str> = pipeline.quarantined().map(|(pair, _)| pair).collect();
    let mut blocked_now = Vec::new();
    let (mut live, mut followed) = (0, 0);
    for (id, reason) in pipeline.pair_states() {
        view.pairs_total += 1;
        followed += usize::from(!matches!(reason, Some(NotPriced::Dead(_))));
        live += usize::from(!matches!(
            reason,
            Some(NotPriced::Dead(_) | NotPriced::Empty(_) | NotPriced::Suspect(_))
        ));
        let why_not = match (reason, closed) {
            (Some(dead @ NotPriced::Dead(_)), _) => dead.to_string(),
            (None, _) if halted => "stopped by the kill switch".to_owned(),
            (_, Some(closed)) => closed.to_owned(),
            (Some(reason), None) => reason.to_string(),
            // Listed below, with what it did.
            (None, None) if suspected.contains(id) => continue,
            (None, None) => {
                view.pairs_tradable += 1;
                continue;
            }
        };
        blocked_now.push((why_not, id.to_owned()));
    }
    view.blocked.extend(blocked(blocked_now.into_iter()));
    view.pairs_live = Some(live);
    view.pairs_followed = Some(followed);
    for venue in Venue::ALL {
        let books = books(pipeline, venue);
        let newest =
            pipeline.board().books(venue).iter().filter_map(|(_, b)| b.received_at()).max();
        let age = now.zip(newest).map(|(now, at)| now.since(at));
        for (place, (number, health)) in health[venue.index()].iter().enumerate() {
            // Books are counted by venue, and shown with its first connection.
            let books = if place == 0 { books } else { BookCounts::default() };
            view.feeds.push(feed(venue, *number, health, books, age.filter(|_| place == 0)));
        }
    }
    // Gaps and resyncs of the books are counted over both venues; Polymarket has no numbers to jump.
    if let Some(first) = view.feeds.first_mut() {
        first.gaps = first.gaps.max(pipeline.counts().gaps);
        first.resyncs = pipeline.counts().resyncs;
    }
    view.opportunities = opportunities(pipeline, now);
    let quarantined = pipeline.quarantined().map(|(pair, why)| (why.to_string(), pair.to_owned()));
    view.blocked.extend(blocked(quarantined));
    view.blocked.extend(pipeline.board().refused().iter().map(|refused| BlockedPairs {
        reason: why_refused(pipeline, refused),
        count: 1,
        examples: Vec::new(),
    }));
    view.near_misses = near_misses(pipeline);
    if view.mode == Mode::Watch {
        let books = pipeline.board().books(Venue::Polymarket);
        view.near_misses = watch::quotes(pipeline.board().pairs().iter().map(|spec| {
            let book = books.book_id(&spec.pair.polymarket_yes).map(|id| books.get(id));
            let live = book.filter(|book| book.is_priceable());
            (spec.pair.id.as_str(), live.map(|tracked| tracked.book()))
        }));
    }
    let funnel = pipeline.funnel();
    let survivors = pipeline.sink().survivors;
    view.funnel = [
        ("evaluated", funnel.evaluated),
        ("priced", funnel.priced),
        ("with a gross edge", funnel.gross_edge),
        ("net of fees", funnel.net_edge),
        ("within the limits", funnel.within_limits),
        ("published with profit after risk", survivors.after_risk),
        ("through the gate", survivors.gate),
    ]
    .map(|(name, count)| FunnelStep { name: name.to_owned(), count })
    .to_vec();
    view
}

/// Why a set is not traded, and where something unlisted may happen how much the prices leave for it.
fn why_refused<S: Sink>(pipeline: &Pipeline<S>, refused: &Refused) -> String {
    let mass = match refused {
        Refused::NotExhaustive { id, .. } => pipeline.missing_mass(id),
        _ => None,
    };
    mass.map_or_else(
        || refused.to_string(),
        |mass| format!("{refused}; the prices leave ${} to ${} for it", mass.least, mass.most),
    )
}

/// Why the switch stands where it stands, and since when.
fn stands_at(switch: &arb_risk::gate::KillSwitch) -> String {
    let since = switch.since().map(|at| {
        let at = OffsetDateTime::from(at);
        format!(" (since {} {:02}:{:02} UTC)", at.date(), at.hour(), at.minute())
    });
    match switch.state() {
        TradingState::ReduceOnly => {
            format!("reduce only: {}{}", switch.reason(), since.unwrap_or_default())
        }
        _ => format!("{}{}", switch.reason(), since.unwrap_or_default()),
    }
}

/// Shows the audits of each venue with its first connection.
pub fn add_audit(view: &mut StatusModel, auditor: &Auditor) {
    for venue in Venue::ALL {
        let first = view.feeds.iter_mut().find(|feed| feed.name.starts_with(venue.as_str()));
        if let Some(feed) = first {
            feed.audited = auditor.audited[venue.index()];
            feed.audit_wrong = auditor.wrong[venue.index()];
        }
    }
}

/// Fills in each feed's next planned interruption. Time zones are worked out here, beside the feeds' thread.
pub fn add_windows(view: &mut StatusModel, windows: &Windows) {
    for feed in &mut view.feeds {
        let venue = feed.name.split(' ').next().unwrap_or_default();
        feed.next_window = windows.next(venue, arb_ws::wall_clock()).map(|window| window.from);
    }
}

fn books(pipeline: &Pipeline<Publisher>, venue: Venue) -> BookCounts {
    let mut counts = BookCounts::default();
    let board = pipeline.board();
    for (_, book) in board.books(venue).iter().filter(|(id, _)| board.is_paired(venue, *id)) {
        match book.state() {
            BookState::Live => counts.live += 1,
            BookState::Suspect => counts.suspect += 1,
            BookState::Resyncing => counts.resyncing += 1,
            BookState::Dead => counts.dead += 1,
            _ => counts.empty += 1,
        }
    }
    counts
}

fn feed(
    venue: Venue,
    number: u32,
    health: &Health,
    books: BookCounts,
    newest_book: Option<Duration>,
) -> FeedRow {
    let (state, tone) = match health.state {
        LinkState::Open if health.pending > 0 => ("subscribing", Tone::Warn),
        LinkState::Open => ("live", Tone::Good),
        LinkState::Connecting => ("connecting", Tone::Warn),
        LinkState::Waiting => ("waiting", Tone::Bad),
        LinkState::Paused => ("paused", Tone::Plain),
        _ => ("stopped", Tone::Bad),
    };
    FeedRow {
        name: format!("{venue} #{number}"),
        state: state.to_owned(),
        tone,
        // The connection's own figure is up to a second old.
        data_age: match (health.last_data_age(), newest_book) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (age, _) => age,
        },
        data_age_max: Some(DATA_AGE_MAX),
        frames_per_second: health.message_rate,
        books,
        gaps: health.gaps,
        ..FeedRow::default()
    }
}

/// The best prices of the day that were no trade in the end, the nearest first: one row a pair or set.
fn near_misses(pipeline: &Pipeline<Publisher>) -> Vec<NearMiss> {
    let mut nearest: HashMap<&str, arb_scan::NearMiss<'_>> = HashMap::new();
    for miss in pipeline.near_misses() {
        let known = nearest.entry(miss.pair).or_insert(miss);
        if miss.net_usd > known.net_usd {
            *known = miss;
        }
    }
    let stopped = &pipeline.sink().stopped;
    let mut rows: Vec<NearMiss> = nearest
        .into_values()
        .filter_map(|miss| {
            let missing = match miss.stopped {
                // What paid may still have failed behind the pipeline.
                Stopped::Nothing => stopped.get(miss.pair)?.clone()?,
                _ => format!("{}: {miss}", miss.direction),
            };
            Some(NearMiss {
                pair: miss.pair.to_owned(),
                missing,
                net_usd: Some(miss.net_usd.into()),
            })
        })
        .collect();
    rows.sort_by(|a, b| b.net_usd.cmp(&a.net_usd).then_with(|| a.pair.cmp(&b.pair)));
    rows.truncate(NEAR_MISSES);
    rows
}

fn opportunities(pipeline: &Pipeline<Publisher>, now: Option<Timestamp>) -> Vec<OpportunityRow> {
    let opened: HashMap<&str, Option<Timestamp>> = pipeline
        .open_opportunities()
        .map(|(opportunity, opened_at)| (opportunity.id.as_str(), opened_at))
        .collect();
    // Both come in the order in which trades deserve capital.
    let shares = pipeline.serve(None);
    let ranked = pipeline.ranked().into_iter().zip(shares);
    ranked
        .map(|((opportunity, terms), share)| {
            let opened_at = opened.get(opportunity.id.as_str()).copied().flatten();
            row(pipeline, opportunity, &terms, &share, opened_at, now)
        })
        .collect()
}

/// Pairs that want the same liquidity, and how much of it those served before leave.
fn competing(opportunity: &Opportunity, share: &Share) -> Vec<String> {
    let pair_of = |id: &String| id.rsplitn(3, '/').last().unwrap_or(id).to_owned();
    let mut notes: Vec<String> = share.competing.iter().map(pair_of).collect();
    notes.sort();
    notes.dedup();
    if share.quantity < opportunity.quantity {
        notes.push(format!("those before leave {}", share.quantity));
    }
    notes
}

fn row(
    pipeline: &Pipeline<Publisher>,
    opportunity: &Opportunity,
    terms: &Terms,
    share: &Share,
    opened_at: Option<Timestamp>,
    now: Option<Timestamp>,
) -> OpportunityRow {
    let risk = pipeline.sink().risks.get(&opportunity.id);
    let since =
        |at: Option<Timestamp>| now.zip(at).map_or(Duration::ZERO, |(now, at)| now.since(at));
    OpportunityRow {
        id: opportunity.id.clone(),
        pair: opportunity.pair.clone(),
        legs: opportunity
            .legs
            .iter()
            .zip(&terms.heard_at)
            .map(|(leg, heard_at)| LegRow {
                venue: leg.venue.as_str().to_owned(),
                action: format!(
                    "{} {}",
                    if leg.action == Action::Buy { "buy" } else { "sell" },
                    leg.outcome.as_str().to_uppercase()
                ),
                limit: leg.limit.into(),
                age: since(*heard_at),
            })
            .collect(),
        quantity: opportunity.quantity.into(),
        net_usd: opportunity.net_usd.into(),
        after_risk_usd: risk.map_or(Decimal::ZERO, |risk| risk.profit_after_risk.into()),
        served_usd: share.net_usd.into(),
        capital_usd: terms.capital_usd.into(),
        days: pipeline.sink().days_to_settlement(&opportunity.pair, opportunity.at),
        age: since(opened_at),
        competing: competing(opportunity, share),
        // What was not judged was not approved.
        denied: risk.map_or_else(|| Some("not judged yet".to_owned()), |risk| risk.denied.clone()),
    }
}
