//! Our pipeline, with an assessment of every trade it shows.

use arb_normalize::{Quantity, Timestamp, Usd, Venue};
use arb_risk::assess::{Assessor, LegView, TradeView};
use arb_scan::{Closed, Found, Limits, MinOrders, Pipeline, PipelineConfig, QuarantineRule, Sink};
use arrayvec::ArrayVec;

use crate::contender::{Contender, Outbox, Published, Tally};
use crate::stream::{Frame, Stream};

/// The pipeline with `scan`'s live configuration, but for the least profit worth showing, which the others do not know.
///
/// What `scan` does besides is not in it: reading the clock for a histogram of its own, and, where an opportunity opened or
/// changed, gating and publishing it.
#[derive(Debug)]
pub struct Ours {
    pipeline: Pipeline<Assessed>,
    now: i64,
}

#[derive(Debug)]
struct Assessed {
    assessor: Assessor,
    outbox: Outbox,
    /// Keeps the assessment from being left out.
    worst_score: f64,
}

impl Sink for Assessed {
    fn on_opportunity(&mut self, found: &Found<'_>) {
        let views: ArrayVec<LegView<'_>, 2> = found
            .legs()
            .map(|(leg, tracked)| {
                let mut view = LegView::new(leg.venue, tracked.book());
                view.fees = leg.fees;
                view
            })
            .collect();
        let trade = TradeView::default();
        let assessment = self.assessor.assess(found.opportunity, &views, &trade);
        self.worst_score = self.worst_score.max(assessment.total);
        let (trade, direction) = (found.opportunity, found.direction());
        self.outbox.publish(published(&trade.pair, direction, trade.quantity, trade.net_usd));
    }

    fn on_closed(&mut self, _: &Closed) {}
}

/// Pairs are numbered in their ids.
fn published(pair: &str, direction: &str, quantity: Quantity, net: Usd) -> Published {
    Published {
        pair: pair.parse().unwrap_or(u32::MAX),
        direction: u8::from(direction != "yes-no"),
        quantity: quantity.micros(),
        net: net.pico(),
    }
}

impl Ours {
    /// Judges every pair anew: the trades there are.
    #[must_use]
    pub fn scan_all(&self) -> Tally {
        let mut tally = Tally::default();
        self.pipeline.scan_all(|basket, trade| {
            tally.add(&published(&basket.pair, &basket.direction, trade.quantity, trade.net));
        });
        tally
    }

    /// Takes one payload as received from a venue.
    #[inline]
    pub fn payload(&mut self, venue: Venue, at: Option<Timestamp>, payload: &[u8]) {
        self.pipeline.on_frame(venue, 0, at, payload);
    }

    /// Both venues' connections were lost and are open again.
    pub fn reconnect(&mut self) {
        self.now += 1_000;
        for venue in Venue::ALL {
            self.pipeline.on_open(venue, 0, Timestamp::from_nanos(self.now));
        }
    }
}

impl Contender for Ours {
    fn new(stream: &Stream) -> Self {
        let sink =
            Assessed { assessor: Assessor::default(), outbox: Outbox::new(), worst_score: 0.0 };
        let mut limits = Limits::live();
        // The others publish whatever pays.
        limits.min_net = None;
        limits.min_orders = MinOrders::default();
        let config = PipelineConfig::default().with_limits(limits).with_paired_books_only();
        let config = config.with_quarantine(QuarantineRule::default());
        let mut pipeline = Pipeline::new(config, sink);
        let pairs = arb_scan::pairs::parse(&stream.pairs_file()).unwrap_or_default();
        assert_eq!(pairs.len(), stream.names.len(), "the bench's own pairs can be read");
        pipeline.replace_pairs(pairs);
        Self { pipeline, now: 1_795_359_845_000_000_000 }
    }

    #[inline]
    fn frame(&mut self, frame: &Frame) {
        self.now += 1_000;
        let at = Timestamp::from_nanos(self.now);
        self.payload(frame.venue, at, frame.text.as_bytes());
    }

    fn tally(&self) -> Tally {
        self.pipeline.sink().outbox.tally()
    }
}
