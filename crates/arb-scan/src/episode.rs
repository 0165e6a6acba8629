//! The life of a trade: from the frame that opened it to the one that ended it.

use std::fmt::Write as _;
use std::time::Duration;

use arb_normalize::{
    Opportunity, OpportunityClass, OpportunityLeg, Price, Quantity, Timestamp, Usd,
};
use serde::Serialize;

use crate::judge::{NotPriced, Picks};
use crate::near_miss::DayBest;
use crate::quarantine::{QuarantineRule, Record};
use crate::{Basket, BasketLeg};

/// Why a trade ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CloseReason {
    /// The best prices no longer pay.
    PriceMoved,
    /// The best prices still pay before fees, but no size does after them.
    SizeGone,
    /// A book crossed itself and is not priced.
    BookCrossed,
    /// A book is not to be trusted until it is read again.
    BookSuspect,
    /// A market closed.
    BookClosed,
    /// A book's last message is too old, or the two are too far apart.
    Stale,
    /// The pair is no longer approved.
    Withdrawn,
    /// A limit no longer allows it.
    Limited,
}

impl CloseReason {
    /// The lower-case word of output and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PriceMoved => "price_moved",
            Self::SizeGone => "size_gone",
            Self::BookCrossed => "book_crossed",
            Self::BookSuspect => "book_suspect",
            Self::BookClosed => "book_closed",
            Self::Stale => "stale",
            Self::Withdrawn => "withdrawn",
            Self::Limited => "limited",
        }
    }
}

impl From<NotPriced> for CloseReason {
    fn from(reason: NotPriced) -> Self {
        match reason {
            NotPriced::Crossed(_) => Self::BookCrossed,
            NotPriced::Dead(_) => Self::BookClosed,
            NotPriced::Empty(_) | NotPriced::Suspect(_) => Self::BookSuspect,
            NotPriced::Old(_) | NotPriced::Skewed => Self::Stale,
        }
    }
}

/// The end of a trade.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Closed {
    /// The episode.
    pub id: String,
    /// The pair or group.
    pub pair: String,
    /// What made it pay.
    pub class: OpportunityClass,
    /// When it ended (receive time of the frame).
    pub at: Option<Timestamp>,
    /// Why.
    pub reason: CloseReason,
    /// The best net profit it showed.
    pub best_net_usd: Usd,
    /// How long it was open, where both times are known.
    pub lasted: Option<Duration>,
    /// Net profit summed over the time it was shown, in dollar-seconds.
    pub dollar_seconds: f64,
}

impl Closed {
    /// To be filled in.
    pub(crate) const fn blank() -> Self {
        Self {
            id: String::new(),
            pair: String::new(),
            class: OpportunityClass::CrossVenue,
            at: None,
            reason: CloseReason::PriceMoved,
            best_net_usd: Usd::ZERO,
            lasted: None,
            dollar_seconds: 0.0,
        }
    }
}

/// One basket's life: closed, or open with its last line.
#[derive(Debug, Default)]
pub(crate) struct Episode {
    /// How many there were.
    number: u32,
    open: bool,
    opened_at: Option<Timestamp>,
    best_net: Usd,
    dollar_seconds: f64,
    /// The last line, kept between episodes so that its memory is used again.
    pub(crate) line: Option<Opportunity>,
    /// Which legs of the basket the line's orders are.
    pub(crate) picks: Picks,
    /// The best prices of the day.
    pub(crate) day: DayBest,
    /// How it spent its time, where that is watched.
    pub(crate) record: Record,
}

impl Episode {
    pub(crate) const fn is_open(&self) -> bool {
        self.open
    }

    /// Whether there was one at all.
    pub(crate) const fn was_open(&self) -> bool {
        self.number > 0
    }

    pub(crate) const fn opened_at(&self) -> Option<Timestamp> {
        self.opened_at
    }

    /// Forgets everything but the number and how it spent its time: what it was made of is no more, and may come back.
    pub(crate) fn withdraw(&mut self, rule: Option<&QuarantineRule>, now: Option<Timestamp>) {
        self.line = None;
        self.day = DayBest::default();
        if let Some(rule) = rule {
            self.record.pause(rule, now);
        }
    }

    /// How it spent its time is another trade's.
    pub(crate) fn forget_record(&mut self) {
        self.record = Record::default();
    }

    /// Begins an episode; the caller then brings the line up to date.
    pub(crate) fn open(&mut self, basket: &Basket, at: Option<Timestamp>) {
        self.number += 1;
        self.open = true;
        self.opened_at = at;
        self.best_net = Usd::ZERO;
        self.dollar_seconds = 0.0;
        let number = self.number;
        let line = self.line_mut(basket);
        line.id.clear();
        // Writing to a String cannot fail.
        let _ = write!(line.id, "{}/{}/{number}", basket.pair, basket.direction);
    }

    /// The line, made on first use.
    pub(crate) fn line_mut(&mut self, basket: &Basket) -> &mut Opportunity {
        self.line.get_or_insert_with(|| blank_line(basket))
    }

    /// Counts the value shown since the last line, up to `at`.
    pub(crate) fn accrue(&mut self, at: Option<Timestamp>) {
        if let Some(line) = &self.line
            && let (Some(at), Some(since)) = (at, line.at)
        {
            self.dollar_seconds +=
                line.net_usd.to_f64_lossy() * (at.nanos_since(since) as f64 / 1e9);
        }
    }

    pub(crate) fn note_net(&mut self, net: Usd) {
        self.best_net = self.best_net.max(net);
    }

    /// Ends the episode, and says so in `closed`, whose memory is used again.
    pub(crate) fn close(
        &mut self,
        basket: &Basket,
        at: Option<Timestamp>,
        reason: CloseReason,
        closed: &mut Closed,
    ) {
        self.accrue(at);
        self.open = false;
        closed.id.clear();
        closed.id.push_str(self.line.as_ref().map_or("", |line| &line.id));
        closed.pair.clone_from(&basket.pair);
        closed.class = basket.class;
        closed.at = at;
        closed.reason = reason;
        closed.best_net_usd = self.best_net;
        closed.lasted = at.zip(self.opened_at).map(|(at, opened)| at.since(opened));
        closed.dollar_seconds = self.dollar_seconds;
    }
}

/// A line without orders; they come with the first trade.
fn blank_line(basket: &Basket) -> Opportunity {
    Opportunity {
        id: String::new(),
        at: None,
        class: basket.class,
        pair: basket.pair.clone(),
        legs: Vec::new(),
        quantity: Quantity::ZERO,
        gross_usd: Usd::ZERO,
        fees_usd: Usd::ZERO,
        net_usd: Usd::ZERO,
    }
}

/// Brings the orders of a line up to date with the legs that were picked.
pub(crate) fn pick_legs(line: &mut Opportunity, basket: &Basket, picks: &[u8]) {
    let same = |order: &OpportunityLeg, leg: &BasketLeg| {
        (order.venue, order.outcome, order.action) == (leg.venue, leg.outcome, leg.action)
            && order.market == leg.market
    };
    let picked = || picks.iter().map(|pick| &basket.legs[usize::from(*pick)]);
    if line.legs.len() == picks.len() && line.legs.iter().zip(picked()).all(|(o, l)| same(o, l)) {
        return;
    }
    line.legs.clear();
    line.legs.extend(picked().map(|leg| OpportunityLeg {
        venue: leg.venue,
        market: leg.market.clone(),
        outcome: leg.outcome,
        action: leg.action,
        limit: Price::ZERO,
        quantity: Quantity::ZERO,
        cost_usd: Usd::ZERO,
        fee_usd: Usd::ZERO,
    }));
}
