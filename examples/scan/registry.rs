//! Keeps the traded pairs in step with the venues while scanning: markets that are listed, halted, closed or decided, fees
//! that change, approvals that are added or taken away.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use arb_normalize::market::FeeData;
use arb_normalize::{Market, MarketStatus, Timestamp, Venue};
use arb_scan::{MarketSet, PairSpec};
use arb_venues::VenueError;
use arb_venues::kalshi::FeesFrom;
use rust_decimal::Decimal;
use time::OffsetDateTime;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use crate::approvals::{Approvals, Source};
use crate::endpoints::Endpoints;
use crate::failure::Failure;
use crate::feeds::newest;
use crate::terminal;
use crate::tradable::{self, Tradable};

/// How often the operator's file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// What each pair adds to the time that a sweep may take: its fees alone are four requests.
const A_PAIR: Duration = Duration::from_secs(1);
/// What may wait to be looked at; more is caught up with by the next sweep.
pub const NOTICES: usize = 1_024;

/// How often the venues are asked, and how long what they said counts.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How often they are asked at the least: what nobody told us is known within this.
    pub sweep_every: Duration,
    /// After something was heard they are asked soon, and once more when their caches have caught up.
    pub after_notice: [Duration; 2],
    /// Announced fees are read again after this.
    pub fees_for: Duration,
    /// What a feed told of a market counts for so long, whatever its listing says: that may come out of a cache.
    pub listings_lag: Duration,
    /// A market said to be decided is left alone for so long; where its listing does not say so by then it is traded again.
    pub confirm_within: Duration,
    /// A sweep that takes longer has failed; one of many pairs gets a second for each on top.
    pub sweep_within: Duration,
    /// What sweeps that fail for so long are complained about.
    pub complain_after: Duration,
}

impl Default for Pace {
    /// 30 s; 250 ms and 5 s; 10 minutes; 20 s; 10 minutes; one minute; two minutes.
    fn default() -> Self {
        Self {
            sweep_every: Duration::from_secs(30),
            after_notice: [Duration::from_millis(250), Duration::from_secs(5)],
            fees_for: Duration::from_secs(600),
            listings_lag: Duration::from_secs(20),
            confirm_within: Duration::from_secs(600),
            sweep_within: Duration::from_secs(60),
            complain_after: Duration::from_secs(120),
        }
    }
}

/// What a feed told that concerns listings.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// Something happened in a market's life: Kalshi's ticker or Polymarket's condition id.
    Market {
        /// The venue.
        venue: Venue,
        /// The market.
        market: String,
        /// What it is now, where that was said.
        status: Option<MarketStatus>,
        /// When it closes now, where that was said.
        closes_at: Option<Timestamp>,
    },
    /// A Kalshi event has fees of its own now, or its series' again.
    Fees {
        /// The event.
        event: String,
        /// Its multiplier; `None` gives way to the series.
        multiplier: Option<Decimal>,
    },
    /// Halts, ends and fees may have been missed: a connection is new, or its messages were lost or garbled.
    Missed,
}

/// What feeds told of a market, the newest of each.
#[derive(Debug, Clone, Copy, Default)]
struct Heard {
    status: Option<MarketStatus>,
    closes_at: Option<Timestamp>,
}

/// The pairs and what is known about their markets.
#[derive(Debug)]
pub struct Registry {
    endpoints: Arc<Endpoints>,
    source: Source,
    /// Each pair's approval, with the texts as they were when it was first seen.
    confirmed: HashMap<String, arb_match::Approvals>,
    /// Pairs that are decided for good.
    over: HashSet<String>,
    /// Kalshi's fees by ticker, and when they were read.
    fees: HashMap<String, (Instant, Vec<FeesFrom>)>,
    /// Multipliers that feeds told of, by event, and when.
    told: HashMap<String, (Instant, Option<Decimal>)>,
    /// What feeds told of markets lately, and when.
    heard: HashMap<(Venue, String), (Instant, Heard)>,
    /// Markets that feeds said are decided and whose listings do not say so yet.
    unconfirmed: HashMap<(Venue, String), Instant>,
    /// Approved pairs that were not traded at the last sweep, and why.
    refused: HashMap<String, String>,
    /// Markets of approved pairs, for telling what concerns us.
    concerned: HashSet<(Venue, String)>,
    /// What is approved of groups and chains.
    sets: Option<watch::Receiver<Vec<MarketSet>>>,
    /// Approved sets that were not traded at the last sweep, and why.
    refused_sets: HashMap<String, String>,
    /// Why sweeps have failed for long, while they do.
    trouble: watch::Sender<Option<String>>,
    pace: Pace,
}

impl Registry {
    /// A registry that has read nothing yet.
    pub fn new(endpoints: Arc<Endpoints>, source: Source, pace: Pace) -> Self {
        Self {
            endpoints,
            source,
            confirmed: HashMap::new(),
            over: HashSet::new(),
            fees: HashMap::new(),
            told: HashMap::new(),
            heard: HashMap::new(),
            unconfirmed: HashMap::new(),
            refused: HashMap::new(),
            concerned: HashSet::new(),
            sets: None,
            refused_sets: HashMap::new(),
            trouble: watch::Sender::new(None),
            pace,
        }
    }

    /// The same with sets, which it follows as they change.
    pub fn with_sets(self, sets: Option<watch::Receiver<Vec<MarketSet>>>) -> Self {
        Self { sets, ..self }
    }

    /// Why sweeps have failed for long, while they do.
    pub fn trouble(&self) -> watch::Receiver<Option<String>> {
        self.trouble.subscribe()
    }

    /// A sweep that ends in time, and within `most` where that is sooner.
    ///
    /// # Errors
    /// When a venue does not answer, or not in time; what is traded stays as it is then.
    pub async fn sweep_in_time(&mut self, most: Option<Duration>) -> Result<Approvals, Failure> {
        let pairs = u32::try_from(self.source.pairs().len()).unwrap_or(u32::MAX);
        let within = self.pace.sweep_within + A_PAIR.saturating_mul(pairs);
        let within = most.map_or(within, |most| most.min(within));
        match timeout(within, self.sweep()).await {
            Ok(swept) => {
                swept.map_err(|error| Failure::from_error("the listings cannot be read", &error))
            }
            Err(_) => Err(Failure::run(format!(
                "the listings were not read within {within:?}: a venue does not answer, or gives them without end"
            ))),
        }
    }

    /// Asks the venues about every approved pair that is not over, and about every approved set.
    ///
    /// # Errors
    /// When a venue does not answer; nothing changes then.
    pub async fn sweep(&mut self) -> Result<Approvals, VenueError> {
        let approved = self.source.pairs();
        let asked =
            approved.iter().filter(|spec| !self.over.contains(&spec.pair.id)).cloned().collect();
        let sets = self.sets.as_mut().map(|sets| sets.borrow_and_update().clone());
        let sets = sets.unwrap_or_default();
        let now = arb_ws::wall_clock();
        let mut found =
            tradable::discover(&self.endpoints, asked, &sets, &mut self.confirmed, now).await?;
        self.over.extend(found.over.drain(..));
        self.confirmed.retain(|id, _| !self.over.contains(id));
        let of_sets = tradable::markets_of_sets(&sets)
            .flat_map(|(venue, key, name)| [key, name].map(|name| (venue, name.to_owned())))
            .chain(found.members.iter().map(|market| (market.key.venue, market.key.id.clone())));
        self.concerned =
            approved.iter().chain(&found.pairs).flat_map(markets_of).chain(of_sets).collect();
        self.hold_back_unconfirmed(&mut found);
        self.prefer_what_was_told(&mut found);
        self.hold_back_members(&mut found);
        self.add_fees(&mut found, now).await;
        self.refused = found.refused.iter().cloned().collect();
        let (sets, refused_sets) = tradable::admit_sets(&sets, &found.members, now);
        self.refused_sets = refused_sets.iter().cloned().collect();
        // What is over is followed no more, and its book not brought back.
        found.members = tradable::members_of(&sets, found.members);
        let confirmed_at = Timestamp::try_from(now).ok();
        Ok(Approvals { confirmed_at, sets, refused_sets, ..found.into() })
    }

    /// Keeps sweeping, sooner where a feed told something or the operator's file changed, and hands each result on; until
    /// nobody takes it.
    pub async fn run(
        &mut self,
        mut notices: mpsc::Receiver<Notice>,
        approvals: watch::Sender<Approvals>,
    ) {
        let mut due = Instant::now() + self.pace.sweep_every;
        let mut again: Option<Instant> = None;
        let mut looks = tokio::time::interval(LOOK_EVERY);
        let mut is_new = false;
        let mut read_at = Instant::now();
        loop {
            let next = again.map_or(due, |again| again.min(due));
            tokio::select! {
                biased;
                notice = notices.recv() => {
                    let Some(notice) = notice else { return };
                    if self.note(notice) {
                        let now = Instant::now();
                        due = due.min(now + self.pace.after_notice[0]);
                        again = Some(now + self.pace.after_notice[1]);
                    }
                }
                _ = looks.tick() => {
                    if self.look() {
                        is_new = true;
                        due = Instant::now();
                    }
                }
                _ = newest(&mut self.sets) => due = Instant::now(),
                () = sleep_until(next) => {
                    let now = Instant::now();
                    due = now + self.pace.sweep_every;
                    again = again.filter(|again| *again > now);
                    let before = [self.refused.clone(), self.refused_sets.clone()];
                    match self.sweep_in_time(None).await {
                        Ok(found) => {
                            read_at = Instant::now();
                            self.note_trouble(None);
                            let mode = self.endpoints.mode.as_str();
                            if std::mem::take(&mut is_new) {
                                describe(mode, &found);
                            } else {
                                tell_changes(mode, &before, &found);
                            }
                            if approvals.send(found).is_err() {
                                return;
                            }
                        }
                        Err(failure) => {
                            let why = failure.message;
                            tracing::warn!(why, "the pairs stay as they are");
                            if read_at.elapsed() >= self.pace.complain_after {
                                self.note_trouble(Some(why));
                            }
                        }
                    }
                }
            }
        }
    }

    fn note_trouble(&self, why: Option<String>) {
        self.trouble.send_if_modified(|known| {
            // The first word of an episode stands for all.
            let turns = known.is_some() != why.is_some();
            if turns {
                *known = why;
            }
            turns
        });
    }

    /// Looks at the operator's file; whether it says something new. A pair whose entry stands there as before stays confirmed, or
    /// refused; any other is approved as its markets read now.
    fn look(&mut self) -> bool {
        let Some(stays) = self.source.look() else { return false };
        self.over.retain(|id| stays.contains(id));
        self.confirmed.retain(|id, _| stays.contains(id));
        true
    }

    /// How much it remembers of markets, pairs and events.
    pub fn memory(&self) -> usize {
        self.confirmed.len()
            + self.over.len()
            + self.fees.len()
            + self.told.len()
            + self.heard.len()
            + self.unconfirmed.len()
            + self.refused.len()
            + self.refused_sets.len()
            + self.concerned.len()
    }

    /// Takes in what a feed told; whether it concerns an approved pair.
    fn note(&mut self, notice: Notice) -> bool {
        match notice {
            Notice::Market { venue, market, status, closes_at } => {
                let market = (venue, market);
                if !self.concerned.contains(&market) {
                    return false;
                }
                if status.is_some() || closes_at.is_some() {
                    let now = Instant::now();
                    let (at, heard) =
                        self.heard.entry(market.clone()).or_insert((now, Heard::default()));
                    *at = now;
                    heard.status = status.or(heard.status);
                    heard.closes_at = closes_at.or(heard.closes_at);
                }
                if status.is_some_and(tradable::is_decided) {
                    self.unconfirmed.entry(market).or_insert_with(Instant::now);
                }
                true
            }
            Notice::Fees { event, multiplier } => {
                self.told.retain(|_, (at, _)| at.elapsed() < self.pace.fees_for);
                if self.told.len() < NOTICES {
                    self.told.insert(event, (Instant::now(), multiplier));
                }
                true
            }
            Notice::Missed => true,
        }
    }

    /// A market that a feed called decided is not traded until its listing says what it is: decided, and the pair is over, or
    /// after a while still trading.
    fn hold_back_unconfirmed(&mut self, found: &mut Tradable) {
        let pairs = &found.pairs;
        self.unconfirmed.retain(|market, since| {
            let waits = since.elapsed() < self.pace.confirm_within;
            if !waits && pairs.iter().flat_map(markets_of).any(|known| known == *market) {
                let (venue, market) = market;
                tracing::warn!(%venue, market, "said to be decided, and its listing does not say so: traded again");
            }
            waits
        });
        let unconfirmed = &self.unconfirmed;
        let refused = &mut found.refused;
        found.pairs.retain(|spec| {
            let held = markets_of(spec).any(|market| unconfirmed.contains_key(&market));
            if held {
                refused.push((spec.pair.id.clone(), UNCONFIRMED.to_owned()));
                found.markets.remove(&spec.pair.id);
            }
            !held
        });
    }

    /// A listing out of a cache must not end a halt that a feed has just told of, nor halt again what has just opened, nor put off
    /// a close that has just been brought forward.
    fn prefer_what_was_told(&mut self, found: &mut Tradable) {
        let lag = self.pace.listings_lag;
        self.heard.retain(|_, (at, _)| at.elapsed() < lag);
        let heard = |venue, name: &str| {
            self.heard.get(&(venue, name.to_owned())).map(|(_, heard)| *heard).unwrap_or_default()
        };
        for market in found.all_markets_mut() {
            let venue = market.key.venue;
            let of_market = heard(venue, &market.key.id);
            let of_book = tradable::book_of(market).and_then(|book| heard(venue, book).status);
            if let Some(told) = of_market.status.or(of_book).filter(|told| *told != market.status) {
                market.status = told;
                market.status_word = format!("{told:?}").to_lowercase();
            }
            if venue == Venue::Kalshi {
                market.close_at = of_market.closes_at.map(OffsetDateTime::from).or(market.close_at);
            }
        }
    }

    /// The same for the markets of sets, each by itself.
    fn hold_back_members(&self, found: &mut Tradable) {
        for market in &mut found.members {
            let names = [Some(market.key.id.as_str()), tradable::book_of(market)];
            let waits =
                |name: &str| self.unconfirmed.contains_key(&(market.key.venue, name.to_owned()));
            if names.into_iter().flatten().any(waits) {
                market.status = MarketStatus::Determined;
                market.status_word = UNCONFIRMED.to_owned();
            }
        }
    }

    /// Adds the venues' fees to pairs whose approval names none.
    async fn add_fees(&mut self, found: &mut Tradable, now: OffsetDateTime) {
        let tickers: HashSet<&str> =
            found.markets.values().map(|(kalshi, _)| kalshi.key.id.as_str()).collect();
        self.fees.retain(|ticker, (read_at, _)| {
            tickers.contains(ticker.as_str()) && read_at.elapsed() < self.pace.fees_for
        });
        let told = &self.told;
        let told_of = |market: &Market| {
            let told = market.event_id.as_ref().and_then(|event| told.get(event));
            told.filter(|(at, _)| at.elapsed() < self.pace.fees_for)
        };
        let own_fees = found.pairs.iter().filter(|spec| spec.fees.is_none());
        let unread: Vec<Market> = own_fees
            .filter_map(|spec| Some(&found.markets.get(&spec.pair.id)?.0))
            .filter(|kalshi| {
                // For a while after a change the list is read again and again: it may come out of a cache.
                let moved =
                    told_of(kalshi).is_some_and(|(at, _)| at.elapsed() < 2 * self.pace.sweep_every);
                moved || !self.fees.contains_key(&kalshi.key.id)
            })
            .cloned()
            .collect();
        for (ticker, read) in self.endpoints.kalshi.fees(&unread).await {
            self.fees.insert(ticker, (Instant::now(), read));
        }
        for spec in found.pairs.iter_mut().filter(|spec| spec.fees.is_none()) {
            let Some((kalshi, polymarket)) = found.markets.get(&spec.pair.id) else { continue };
            let known = self.fees.get(&kalshi.key.id);
            let mut timeline = known.map(|(_, timeline)| timeline.clone()).unwrap_or_default();
            if let Some((_, Some(told))) = told_of(kalshi) {
                let first = timeline.first_mut().map(|step| &mut step.fees);
                if let Some(FeeData::Kalshi { multiplier, .. }) = first {
                    *multiplier = Some(*told);
                }
            }
            spec.fees = tradable::venue_fees(kalshi, polymarket, &timeline, now);
        }
    }
}

/// Why a market waits that a feed called decided.
const UNCONFIRMED: &str = "said to be decided, to be confirmed by the listing";

/// The markets of a pair as feeds name them.
fn markets_of(spec: &PairSpec) -> impl Iterator<Item = (Venue, String)> + use<> {
    let pair = &spec.pair;
    let condition = pair.condition_id.clone();
    [
        Some((Venue::Kalshi, pair.kalshi.clone())),
        Some((Venue::Polymarket, pair.polymarket_yes.clone())),
        condition.map(|condition| (Venue::Polymarket, condition)),
    ]
    .into_iter()
    .flatten()
}

/// Says which of the approved pairs can be traded.
pub fn describe(mode: &str, found: &Approvals) {
    let all = found.pairs.len() + found.refused.len();
    terminal::line(&format!("{mode} {} of {all} approved pairs can be traded", found.pairs.len()));
    for (pair, reason) in &found.refused {
        terminal::line(&format!("{mode} pair {pair} is not traded: {reason}"));
    }
    for (set, reason) in &found.refused_sets {
        terminal::line(&format!("{mode} set {set} is not traded: {reason}"));
    }
}

/// Says which pairs and sets are traded no more, and why, and which are again.
fn tell_changes(mode: &str, before: &[HashMap<String, String>; 2], found: &Approvals) {
    let refused = [("pair", &found.refused), ("set", &found.refused_sets)];
    for ((kind, refused), before) in refused.into_iter().zip(before) {
        for (id, reason) in refused.iter().filter(|(id, why)| before.get(id) != Some(why)) {
            terminal::line(&format!("{mode} {kind} {id} is not traded: {reason}"));
        }
    }
    let [pairs, sets] = before;
    for spec in found.pairs.iter().filter(|spec| pairs.contains_key(&spec.pair.id)) {
        terminal::line(&format!("{mode} pair {} can be traded again", spec.pair.id));
    }
    for set in found.sets.iter().filter(|set| sets.contains_key(&set.id)) {
        terminal::line(&format!("{mode} set {} can be traded again", set.id));
    }
}
