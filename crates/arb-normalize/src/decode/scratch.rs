//! A decoder's memory from frame to frame, and the events read back from it.

use crate::event::{Delta, LevelSet, Lifecycle, Snapshot, Touch, Trade};
use crate::json::{Cursor, Kind, Token};
use crate::market::TickRange;
use crate::{
    DecodeError, Level, MarketEvent, MarketStatus, Outcome, Price, Quantity, QuantityChange, Side,
    Timestamp,
};

/// What a decoder keeps between frames so that reading one allocates nothing: events by the places of their texts,
/// the levels of snapshots, and strings that had escapes.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub events: Vec<Event>,
    pub levels: Vec<Level>,
    pub ranges: Vec<TickRange>,
    unescaped: String,
}

/// A text of the frame, or of the unescaped strings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text {
    start: u32,
    /// The top bit tells unescaped strings from the frame.
    end: u32,
}

const UNESCAPED: u32 = 1 << 31;

impl Text {
    /// No text.
    pub(crate) const EMPTY: Self = Self { start: 0, end: 0 };
}

/// A range of the scratch's levels or tick ranges.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Span {
    pub start: u32,
    pub end: u32,
}

/// [`MarketEvent`] with its texts and lists by place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event {
    Snapshot {
        market: Text,
        venue_id: Option<Text>,
        bids: Span,
        asks: Span,
        tick: Option<Price>,
        venue_at: Option<Timestamp>,
    },
    Delta {
        market: Text,
        side: Side,
        price: Price,
        change: QuantityChange,
        venue_at: Option<Timestamp>,
    },
    LevelSet {
        market: Text,
        side: Side,
        price: Price,
        size: Quantity,
        best: Option<(Option<Price>, Option<Price>)>,
        venue_at: Option<Timestamp>,
    },
    Touch {
        market: Text,
        bid: Option<Level>,
        ask: Option<Level>,
        last: Option<Price>,
        venue_at: Option<Timestamp>,
    },
    Trade {
        market: Text,
        id: Option<Text>,
        price: Price,
        size: Quantity,
        taker: Option<Side>,
        venue_at: Option<Timestamp>,
    },
    TickChange {
        market: Text,
        tick: Price,
        ranges: Span,
        venue_at: Option<Timestamp>,
    },
    Lifecycle(State),
    Listed {
        event: Text,
        series: Option<Text>,
        title: Text,
        exclusive: bool,
    },
    FeeUpdate {
        event: Text,
        fee_type: Option<Text>,
        multiplier: Option<Text>,
    },
    Subscribed {
        command: Option<u64>,
        channel: Text,
        sid: u64,
    },
    Unsubscribed {
        sid: Option<u64>,
        market: Option<Text>,
    },
    Acknowledged {
        command: Option<u64>,
        sid: Option<u64>,
    },
    Refused {
        command: Option<u64>,
        sid: Option<u64>,
        code: u32,
        message: Text,
    },
    Pong,
    Passed {
        kind: Text,
    },
    Unknown {
        kind: Text,
    },
}

/// [`Lifecycle`] with its texts by place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct State {
    pub market: Text,
    pub word: Text,
    pub status: Option<MarketStatus>,
    pub close_at: Option<Timestamp>,
    pub result: Option<Outcome>,
    pub settlement: Option<Price>,
    pub venue_at: Option<Timestamp>,
}

impl Event {
    /// Dates a change that was read before its message's time.
    #[inline]
    pub(crate) fn set_venue_at(&mut self, at: Timestamp) {
        if let Self::LevelSet { venue_at, .. } = self {
            *venue_at = Some(at);
        }
    }
}

impl Scratch {
    /// Forgets the last frame.
    pub(crate) fn clear(&mut self) {
        self.events.clear();
        self.levels.clear();
        self.ranges.clear();
        self.unescaped.clear();
    }

    /// The text of a token, unescaped if need be.
    #[inline]
    pub(crate) fn text(&mut self, cursor: &Cursor<'_>, token: Token) -> Result<Text, DecodeError> {
        if token.kind == Kind::Escaped {
            let text = cursor.string_of(token)?;
            return Ok(self.own(&text));
        }
        Ok(Text { start: token.start, end: token.end })
    }

    /// Keeps a text that is not in the frame.
    pub(crate) fn own(&mut self, text: &str) -> Text {
        let start = self.unescaped.len() as u32;
        self.unescaped.push_str(text);
        Text { start, end: self.unescaped.len() as u32 | UNESCAPED }
    }

    /// The range of levels from `start` to the last one.
    pub(crate) fn levels_from(&self, start: usize) -> Span {
        Span { start: start as u32, end: self.levels.len() as u32 }
    }

    /// The events with their texts.
    pub(crate) fn events<'f>(&'f self, frame: &'f str) -> Events<'f> {
        Events { left: &self.events, frame, scratch: self }
    }
}

/// The events of one frame, in order; nothing is allocated and the iterator is free to clone.
#[derive(Debug, Clone, Copy)]
pub struct Events<'f> {
    left: &'f [Event],
    frame: &'f str,
    scratch: &'f Scratch,
}

impl<'f> Events<'f> {
    #[inline]
    fn text(&self, text: Text) -> &'f str {
        let (source, end) = if text.end & UNESCAPED == 0 {
            (self.frame, text.end)
        } else {
            (self.scratch.unescaped.as_str(), text.end & !UNESCAPED)
        };
        // Places come from reading this very text, so the range is always there.
        source.get(text.start as usize..end as usize).unwrap_or_default()
    }

    fn levels(&self, span: Span) -> &'f [Level] {
        self.scratch.levels.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    #[inline]
    fn market_event(&self, event: Event) -> MarketEvent<'f> {
        let text = |text| self.text(text);
        match event {
            Event::Delta { market, side, price, change, venue_at } => {
                MarketEvent::Delta(Delta { market: text(market), side, price, change, venue_at })
            }
            Event::LevelSet { market, side, price, size, best, venue_at } => {
                let market = text(market);
                MarketEvent::LevelSet(LevelSet { market, side, price, size, best, venue_at })
            }
            Event::Snapshot { market, venue_id, bids, asks, tick, venue_at } => {
                let (market, venue_id) = (text(market), venue_id.map(text));
                let (bids, asks) = (self.levels(bids), self.levels(asks));
                MarketEvent::Snapshot(Snapshot { market, venue_id, bids, asks, tick, venue_at })
            }
            Event::Touch { market, bid, ask, last, venue_at } => {
                MarketEvent::Touch(Touch { market: text(market), bid, ask, last, venue_at })
            }
            Event::Trade { market, id, price, size, taker, venue_at } => {
                let (market, id) = (text(market), id.map(text));
                MarketEvent::Trade(Trade { market, id, price, size, taker, venue_at })
            }
            Event::TickChange { market, tick, ranges, venue_at } => {
                let span = ranges.start as usize..ranges.end as usize;
                let ranges = self.scratch.ranges.get(span).unwrap_or_default();
                MarketEvent::TickChange { market: text(market), tick, ranges, venue_at }
            }
            Event::Lifecycle(state) => MarketEvent::Lifecycle(Lifecycle {
                market: text(state.market),
                word: text(state.word),
                status: state.status,
                close_at: state.close_at,
                result: state.result,
                settlement: state.settlement,
                venue_at: state.venue_at,
            }),
            Event::Listed { event, series, title, exclusive } => {
                let (event, series, title) = (text(event), series.map(text), text(title));
                MarketEvent::EventListed { event, series, title, exclusive }
            }
            Event::FeeUpdate { event, fee_type, multiplier } => MarketEvent::FeeUpdate {
                event: text(event),
                fee_type: fee_type.map(text),
                multiplier: multiplier.map(text),
            },
            Event::Subscribed { command, channel, sid } => {
                MarketEvent::Subscribed { command, channel: text(channel), sid }
            }
            Event::Unsubscribed { sid, market } => {
                MarketEvent::Unsubscribed { sid, market: market.map(text) }
            }
            Event::Acknowledged { command, sid } => MarketEvent::Acknowledged { command, sid },
            Event::Refused { command, sid, code, message } => {
                MarketEvent::Refused { command, sid, code, message: text(message) }
            }
            Event::Pong => MarketEvent::Pong,
            Event::Passed { kind } => MarketEvent::Passed { kind: text(kind) },
            Event::Unknown { kind } => MarketEvent::Unknown { kind: text(kind) },
        }
    }

    /// Those that say nothing of a book's levels. Most frames are about levels only; of them no event is put together here.
    #[inline]
    pub(super) fn beside_levels(self) -> impl Iterator<Item = MarketEvent<'f>> {
        let others = self.left.iter().filter(|event| {
            !matches!(event, Event::Delta { .. } | Event::LevelSet { .. } | Event::Snapshot { .. })
        });
        others.map(move |event| self.market_event(*event))
    }

    /// Whether all of them are of kinds that are not known, and there is one.
    #[inline]
    pub(super) fn are_unknown(&self) -> bool {
        let unknown = |event: &Event| matches!(event, Event::Unknown { .. });
        !self.left.is_empty() && self.left.iter().all(unknown)
    }
}

impl<'f> Iterator for Events<'f> {
    type Item = MarketEvent<'f>;

    #[inline]
    fn next(&mut self) -> Option<MarketEvent<'f>> {
        let (first, rest) = self.left.split_first()?;
        self.left = rest;
        Some(self.market_event(*first))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.len(), Some(self.left.len()))
    }
}

impl ExactSizeIterator for Events<'_> {}
