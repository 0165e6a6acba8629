//! The sink on the feeds' thread: assesses what the pipeline finds and hands it over.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arb_normalize::books::{Books, Resync};
use arb_normalize::opportunity::Action;
use arb_normalize::{DecodeError, MarketEvent, Opportunity, Timestamp, Usd, Venue};
use arb_risk::assess::{Assessment, Assessor, LegView, TradeView};
use arb_risk::gate::{
    Account, Gate, GateInput, Intent, KillSwitch, LegState, PairStatus, RiskLimits, TradingState,
};
use arb_scan::{Change, Closed, Found, Quarantine, Sink};
use rust_decimal::Decimal;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::registry::Notice;
use crate::trading_hours::Closures;

/// What is expected to be left of a trade, and whether it may be traded.
#[derive(Debug, Clone, PartialEq)]
pub struct Risk {
    /// 0 to 100; break-even is 63.2.
    pub score: f64,
    /// Dollars after all expected losses.
    pub profit_after_risk: Usd,
    /// The same as a fraction of the outlay.
    pub return_after_risk: f64,
    /// A simple yearly return, where settlement is known.
    pub annualised: Option<f64>,
    /// Which leg goes first.
    pub first_leg: usize,
    /// The first rule of the gate that it fails and how many more; none when it passes.
    pub denied: Option<String>,
    /// Whether nobody may take it, whatever is left of it: the kill switch, a venue that does not trade, or quarantine forbids it.
    pub withheld: bool,
}

/// How many published trades survived risk and gate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Survivors {
    /// With something left after all expected losses.
    pub after_risk: u64,
    /// Through every rule of the gate.
    pub gate: u64,
}

/// A finding on its way to cache, alerts and screen.
#[derive(Debug, Clone)]
pub enum Finding {
    /// A trade opened or changed.
    Shown {
        /// The trade.
        opportunity: Arc<Opportunity>,
        /// Whether it is new.
        change: Change,
        /// What is left after risk.
        risk: Risk,
    },
    /// A trade ended.
    Closed(Closed),
    /// A pair is too good to be true, and from now on not traded.
    Quarantined {
        /// The pair.
        pair: String,
        /// Why.
        why: String,
    },
}

/// Assesses findings and hands them over without ever waiting.
#[derive(Debug)]
pub struct Publisher {
    findings: mpsc::Sender<Finding>,
    assessor: Assessor,
    gate: Gate,
    /// Says what may be traded at all.
    pub switch: KillSwitch,
    /// Which venues do not trade, and why.
    pub closures: Closures,
    /// When each pair is expected to be settled.
    settles_at: HashMap<String, OffsetDateTime>,
    /// When the pairs were confirmed.
    confirmed_at: Option<Timestamp>,
    /// What came through risk and gate.
    pub survivors: Survivors,
    /// The last assessment of each open trade.
    pub risks: HashMap<String, Risk>,
    /// What stopped the last trade of each pair, none where it went through.
    pub stopped: HashMap<String, Option<String>>,
    /// Books to be asked for again, as (venue, connection, market).
    pub resyncs: Vec<(Venue, u32, String)>,
    /// Connections that sent something unreadable.
    pub garbled: Vec<(Venue, u32)>,
    /// Takes what concerns listings.
    pub notices: Option<mpsc::Sender<Notice>>,
}

fn drift(venue: Venue) -> metrics::Counter {
    metrics::counter!("arb_scan_drift_total", "venue" => venue.as_str())
}

/// Findings that cache, alerts and screen did not take in time.
fn lost() -> metrics::Counter {
    metrics::counter!("arb_scan_findings_dropped_total")
}

impl Publisher {
    /// A publisher into a bounded queue.
    pub fn new(
        findings: mpsc::Sender<Finding>,
        limits: RiskLimits,
        confirmed_at: Option<Timestamp>,
    ) -> Self {
        for venue in Venue::ALL {
            // Shown before the first: what appears with a value has not increased for who watches the time series.
            drift(venue).increment(0);
        }
        lost().increment(0);
        Self {
            findings,
            assessor: Assessor::default(),
            gate: Gate::new(limits),
            switch: KillSwitch::released(),
            closures: Closures::default(),
            settles_at: HashMap::new(),
            confirmed_at,
            survivors: Survivors::default(),
            risks: HashMap::new(),
            stopped: HashMap::new(),
            resyncs: Vec::new(),
            garbled: Vec::new(),
            notices: None,
        }
    }

    /// The pairs were confirmed: when each is expected to be settled, instead of what was said before, and when the venues said so.
    pub fn confirm(
        &mut self,
        settles_at: Vec<(String, OffsetDateTime)>,
        confirmed_at: Option<Timestamp>,
    ) {
        self.settles_at = settles_at.into_iter().collect();
        self.confirmed_at = confirmed_at.or(self.confirmed_at);
    }

    /// Tells the registry; what it does not take in time is found by the registry's next look.
    pub fn notify(&self, notice: Notice) {
        if let Some(notices) = &self.notices
            && notices.try_send(notice).is_err()
        {
            metrics::counter!("arb_scan_notices_dropped_total").increment(1);
        }
    }

    /// Days until a pair is expected to be settled.
    pub fn days_to_settlement(&self, pair: &str, at: Option<Timestamp>) -> Option<Decimal> {
        let left = *self.settles_at.get(pair)? - OffsetDateTime::from(at?);
        Some(Decimal::new(left.whole_hours().max(0) * 10 / 24, 1))
    }

    fn assess(&self, found: &Found<'_>) -> Risk {
        let opportunity = found.opportunity;
        let at = opportunity.at;
        let views: Vec<LegView<'_>> = found
            .legs()
            .map(|(leg, tracked)| {
                let mut view = LegView::new(leg.venue, tracked.book());
                view.fees = leg.fees;
                view.age =
                    at.zip(tracked.received_at()).map_or(Duration::ZERO, |(now, at)| now.since(at));
                view
            })
            .collect();
        // The most one pair may hold is taken for the bankroll that concentration is measured by.
        let bankroll = Some(self.gate.limits().max_position_size);
        let mut trade = TradeView { bankroll, ..TradeView::default() };
        trade.until_settlement =
            self.settles_at.get(&opportunity.pair).zip(at).and_then(|(settles, at)| {
                Duration::try_from(*settles - OffsetDateTime::from(at)).ok()
            });
        let assessment = self.assessor.assess(opportunity, &views, &trade);
        let legs: Vec<LegState> = found
            .legs()
            .map(|(leg, tracked)| {
                let taken = match leg.action {
                    Action::Buy => tracked.book().buy(leg.outcome),
                    Action::Sell => tracked.book().sell(leg.outcome),
                };
                let state = LegState::live(taken, tracked.received_at(), tracked.venue_at());
                LegState { open: self.closures.of(leg.venue).is_none(), ..state }
            })
            .collect();
        let closed = opportunity.legs.iter().find_map(|leg| self.closures.of(leg.venue));
        let quarantined = found.quarantine().map(ToString::to_string);
        let withheld = closed.is_some()
            || quarantined.is_some()
            || self.switch.state() != TradingState::Active;
        let denied = closed.map(str::to_owned).or(quarantined);
        let denied = denied.or_else(|| self.gate_failure(found, &assessment, &legs));
        Risk {
            score: assessment.total,
            profit_after_risk: assessment.profit_after_risk,
            return_after_risk: assessment.return_after_risk,
            annualised: assessment.annualised,
            first_leg: assessment.first_leg,
            denied,
            withheld,
        }
    }

    /// The first rule of the gate that a trade fails, and how many more.
    fn gate_failure(
        &self,
        found: &Found<'_>,
        assessment: &Assessment,
        legs: &[LegState],
    ) -> Option<String> {
        let opportunity = found.opportunity;
        opportunity.at.and_then(|now| {
            let input = GateInput {
                opportunity,
                assessment,
                intent: Intent::Open,
                now,
                in_play: false,
                pair: PairStatus { confirmed_at: self.confirmed_at, ..PairStatus::default() },
                legs,
                account: &Account::default(),
                switch: &self.switch,
            };
            let denied = self.gate.check(&input).err()?;
            let first = denied.failures().first()?;
            let more = denied.failures().len() - 1;
            Some(if more == 0 { first.to_string() } else { format!("{first} (and {more} more)") })
        })
    }

    /// The queue is bounded; a finding that finds it full is lost to cache, alerts and screen, and counted.
    fn hand_over(&self, finding: Finding) {
        if let Err(TrySendError::Full(_)) = self.findings.try_send(finding) {
            lost().increment(1);
        }
    }
}

impl Sink for Publisher {
    fn on_opportunity(&mut self, found: &Found<'_>) {
        let risk = self.assess(found);
        if found.change != Change::Again {
            self.survivors.after_risk += u64::from(risk.profit_after_risk.is_positive());
            self.survivors.gate += u64::from(risk.denied.is_none());
        }
        let stopped_by = risk.denied.clone().or_else(|| {
            (!risk.profit_after_risk.is_positive())
                .then(|| format!("expected losses leave ${}", risk.profit_after_risk))
        });
        self.stopped.insert(found.opportunity.pair.clone(), stopped_by);
        self.risks.insert(found.opportunity.id.clone(), risk.clone());
        self.hand_over(Finding::Shown {
            opportunity: Arc::new(found.opportunity.clone()),
            change: found.change,
            risk,
        });
    }

    fn on_closed(&mut self, closed: &Closed) {
        self.risks.remove(&closed.id);
        self.hand_over(Finding::Closed(closed.clone()));
    }

    fn on_quarantine(&mut self, pair: &str, why: &Quarantine) {
        self.hand_over(Finding::Quarantined { pair: pair.to_owned(), why: why.to_string() });
    }

    fn on_resync(&mut self, venue: Venue, needed: &Resync, books: &Books) {
        let markets =
            needed.markets(books).map(|market| (venue, needed.connection, market.to_owned()));
        self.resyncs.extend(markets);
    }

    fn on_event(&mut self, venue: Venue, _: Option<Timestamp>, event: &MarketEvent<'_>) {
        match event {
            MarketEvent::Unknown { kind } => {
                drift(venue).increment(1);
                tracing::warn!(%venue, kind, "a message of an unknown kind");
            }
            MarketEvent::Lifecycle(lifecycle) => self.notify(Notice::Market {
                venue,
                market: lifecycle.market.to_owned(),
                status: lifecycle.status,
                closes_at: lifecycle.close_at,
            }),
            MarketEvent::FeeUpdate { event, multiplier, .. } => self.notify(Notice::Fees {
                event: (*event).to_owned(),
                multiplier: multiplier.and_then(|text| text.parse().ok()),
            }),
            _ => {}
        }
    }

    fn on_malformed(&mut self, venue: Venue, connection: u32, error: &DecodeError) {
        drift(venue).increment(1);
        tracing::warn!(%venue, connection, %error, "a frame was refused");
        if error.may_concern_books() {
            self.garbled.push((venue, connection));
        }
        if error.may_concern_status() {
            self.notify(Notice::Missed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use arb_monitor::status::StatusModel;
    use arb_scan::{Pipeline, PipelineConfig, QuarantineRule, pairs};

    use super::*;
    use crate::view;

    /// YES at 0.45 and NO at 0.42 pay.
    fn open() -> (Pipeline<Publisher>, mpsc::Receiver<Finding>) {
        opened(PipelineConfig::default())
    }

    fn opened(config: PipelineConfig) -> (Pipeline<Publisher>, mpsc::Receiver<Finding>) {
        let (findings, found) = mpsc::channel(16);
        let publisher = Publisher::new(findings, RiskLimits::default(), None);
        let mut pipeline = Pipeline::new(config, publisher);
        let file = r#"[{"id":"p","kalshi":"KXA","polymarket_yes":"71","relation":"equal","fees":{
            "kalshi":{"multiplier":"1","precision":"0.0001"},"polymarket":{"rate":"0.05","exponent":"1"}}}]"#;
        pipeline.replace_pairs(pairs::parse(file).unwrap());
        let at = Timestamp::from_millis(1_795_187_045_000);
        let frame = br#"{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"KXA",
            "yes_dollars_fp":[["0.4300","75.00"]],"no_dollars_fp":[["0.5500","60.00"]]}}"#;
        pipeline.on_frame(Venue::Kalshi, 0, at, frame);
        let frame = br#"{"event_type":"book","asset_id":"71","market":"0xa","timestamp":"1795187045000","hash":"",
            "bids":[{"price":"0.58","size":"100"}],"asks":[{"price":"0.60","size":"100"}]}"#;
        pipeline.on_frame(Venue::Polymarket, 0, at, frame);
        (pipeline, found)
    }

    fn next(found: &mut mpsc::Receiver<Finding>) -> (Change, Risk) {
        match found.try_recv().unwrap() {
            Finding::Shown { change, risk, .. } => (change, risk),
            other => panic!("{other:?}"),
        }
    }

    fn shown(pipeline: &Pipeline<Publisher>) -> StatusModel {
        let clocks = [arb_venues::ClockOffset::new("a"), arb_venues::ClockOffset::new("b")];
        let health = [BTreeMap::new(), BTreeMap::new()];
        view::of(&StatusModel::default(), pipeline, &health, &clocks, pipeline.now())
    }

    #[test]
    fn nothing_is_tradable_while_the_kill_switch_stops_trading() {
        let (mut pipeline, mut found) = open();
        let (change, before) = next(&mut found);
        assert_eq!((change, before.withheld), (Change::Opened, false));
        let view = shown(&pipeline);
        assert_eq!((view.pairs_tradable, view.kill_switch.engaged), (1, false));
        let survivors = pipeline.sink().survivors;

        let now = pipeline.now().unwrap();
        assert!(pipeline.sink_mut().switch.pull(TradingState::Halted, "a wrong book", now));
        pipeline.tell_again();
        let (change, stopped) = next(&mut found);
        assert_eq!((change, stopped.withheld), (Change::Again, true));
        let denied = stopped.denied.unwrap();
        assert!(denied.starts_with("the kill switch is at halted"), "{denied}");
        assert_eq!(pipeline.sink().survivors, survivors, "told again is not published twice");
        let view = shown(&pipeline);
        assert_eq!((view.pairs_tradable, view.pairs_total), (0, 1));
        assert!(view.kill_switch.engaged && view.kill_switch.reason.starts_with("a wrong book"));
        assert_eq!(view.blocked[0].reason, "stopped by the kill switch");
        assert!(view.opportunities[0].denied.as_ref().unwrap().contains("kill switch"));

        pipeline.sink_mut().switch.release("", now);
        pipeline.tell_again();
        assert_eq!(next(&mut found), (Change::Again, before));
        assert_eq!(shown(&pipeline).pairs_tradable, 1);
    }

    #[test]
    fn nothing_is_tradable_while_a_venue_does_not_trade() {
        let (mut pipeline, mut found) = open();
        let (_, before) = next(&mut found);
        let paused = "kalshi has paused trading";
        pipeline.sink_mut().closures = Closures::of_exchange(paused);
        pipeline.tell_again();
        let (change, stopped) = next(&mut found);
        assert_eq!((change, stopped.withheld), (Change::Again, true));
        assert_eq!(stopped.denied.as_deref(), Some(paused));
        let view = shown(&pipeline);
        assert_eq!((view.pairs_tradable, view.pairs_total), (0, 1));
        assert_eq!((view.blocked[0].reason.as_str(), view.blocked[0].count), (paused, 1));
        assert!(!view.kill_switch.engaged);
        assert_eq!(view.opportunities[0].denied.as_deref(), Some(paused));

        pipeline.sink_mut().closures = Closures::default();
        pipeline.tell_again();
        assert_eq!(next(&mut found), (Change::Again, before));
        assert_eq!(shown(&pipeline).pairs_tradable, 1);
    }

    #[test]
    fn what_is_in_quarantine_is_withheld_and_not_tradable() {
        let mut rule = QuarantineRule::default();
        rule.after = Duration::from_secs(60);
        let (mut pipeline, mut found) = opened(PipelineConfig::default().with_quarantine(rule));
        assert!(!next(&mut found).1.withheld);
        assert_eq!(shown(&pipeline).pairs_tradable, 1);
        let frame = br#"{"type":"orderbook_snapshot","sid":1,"seq":2,"msg":{"market_ticker":"KXA",
            "yes_dollars_fp":[["0.4300","75.00"]],"no_dollars_fp":[["0.5500","60.00"]]}}"#;
        pipeline.on_frame(Venue::Kalshi, 0, Timestamp::from_millis(1_795_187_106_000), frame);
        assert!(matches!(found.try_recv().unwrap(), Finding::Quarantined { .. }));
        let (change, risk) = next(&mut found);
        assert_eq!((change, risk.withheld), (Change::Again, true));
        let view = shown(&pipeline);
        assert_eq!((view.pairs_tradable, view.pairs_total), (0, 1));
        assert!(view.opportunities[0].denied.as_ref().unwrap().starts_with("quarantined: "));
        let blocked: Vec<_> = view.blocked.iter().map(|one| one.examples.as_slice()).collect();
        assert_eq!(blocked, [["p"]], "once, with its reason");
    }
}
