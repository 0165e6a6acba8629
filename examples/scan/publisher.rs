//! The sink on the feeds' thread: assesses what the pipeline finds and hands it over.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arb_normalize::books::{Books, Resync};
use arb_normalize::{DecodeError, MarketEvent, Opportunity, Timestamp, Usd, Venue};
use arb_risk::assess::{Assessor, LegView, TradeView};
use arb_scan::{Closed, Found, Sink};
use rust_decimal::Decimal;
use time::OffsetDateTime;
use tokio::sync::mpsc;

/// What is expected to be left of a trade.
#[derive(Debug, Clone, Copy, PartialEq)]
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
}

/// A finding on its way to cache, alerts and screen.
#[derive(Debug, Clone)]
pub enum Finding {
    /// A trade opened or changed.
    Shown {
        /// The trade.
        opportunity: Arc<Opportunity>,
        /// Which of the pair's trades.
        direction: &'static str,
        /// What is left after risk.
        risk: Risk,
    },
    /// A trade ended.
    Closed(Closed),
}

/// Assesses findings and hands them over without ever waiting.
#[derive(Debug)]
pub struct Publisher {
    findings: mpsc::Sender<Finding>,
    assessor: Assessor,
    /// When each pair is expected to be settled.
    settles_at: HashMap<String, OffsetDateTime>,
    /// Bankroll for concentration.
    bankroll: Usd,
    /// The last assessment of each open trade.
    pub risks: HashMap<String, Risk>,
    /// Books to be asked for again, as (venue, connection, market).
    pub resyncs: Vec<(Venue, u32, String)>,
    /// Connections that sent something unreadable.
    pub garbled: Vec<(Venue, u32)>,
}

impl Publisher {
    /// A publisher into a bounded queue.
    pub fn new(
        findings: mpsc::Sender<Finding>,
        settles_at: HashMap<String, OffsetDateTime>,
        bankroll: Usd,
    ) -> Self {
        Self {
            findings,
            assessor: Assessor::default(),
            settles_at,
            bankroll,
            risks: HashMap::new(),
            resyncs: Vec::new(),
            garbled: Vec::new(),
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
        let mut trade = TradeView { bankroll: Some(self.bankroll), ..TradeView::default() };
        trade.until_settlement =
            self.settles_at.get(&opportunity.pair).zip(at).and_then(|(settles, at)| {
                Duration::try_from(*settles - OffsetDateTime::from(at)).ok()
            });
        let assessment = self.assessor.assess(opportunity, &views, &trade);
        Risk {
            score: assessment.total,
            profit_after_risk: assessment.profit_after_risk,
            return_after_risk: assessment.return_after_risk,
            annualised: assessment.annualised,
            first_leg: assessment.first_leg,
        }
    }

    /// The queue is bounded; a finding that finds it full is lost to cache and screen, and counted.
    fn hand_over(&self, finding: Finding) {
        if self.findings.try_send(finding).is_err() {
            metrics::counter!("arb_scan_findings_dropped_total").increment(1);
        }
    }
}

impl Sink for Publisher {
    fn on_opportunity(&mut self, found: &Found<'_>) {
        let risk = self.assess(found);
        self.risks.insert(found.opportunity.id.clone(), risk);
        self.hand_over(Finding::Shown {
            opportunity: Arc::new(found.opportunity.clone()),
            direction: found.direction(),
            risk,
        });
    }

    fn on_closed(&mut self, closed: &Closed) {
        self.risks.remove(&closed.id);
        self.hand_over(Finding::Closed(closed.clone()));
    }

    fn on_resync(&mut self, venue: Venue, needed: &Resync, books: &Books) {
        let markets =
            needed.markets(books).map(|market| (venue, needed.connection, market.to_owned()));
        self.resyncs.extend(markets);
    }

    fn on_event(&mut self, venue: Venue, _: Option<Timestamp>, event: &MarketEvent<'_>) {
        if let MarketEvent::Unknown { kind } = event {
            metrics::counter!("arb_scan_drift_total", "venue" => venue.as_str()).increment(1);
            tracing::warn!(%venue, kind, "a message of an unknown kind");
        }
    }

    fn on_malformed(&mut self, venue: Venue, connection: u32, error: &DecodeError) {
        metrics::counter!("arb_scan_drift_total", "venue" => venue.as_str()).increment(1);
        tracing::warn!(%venue, connection, %error, "a frame was refused");
        self.garbled.push((venue, connection));
    }
}
