//! Kalshi's WebSocket messages, of today and of the recordings.

use super::drift::{Drift, DriftKind};
use super::scratch::{Event, Scratch, Span, State, Text};
use super::value::Field;
use super::{Decode, DecodeError, Decoded, Sequence};
use crate::json::{Cursor, Kind, Token};
use crate::market::TickRange;
use crate::{Level, MarketStatus, Outcome, Price, Quantity, Side, Timestamp, Venue};

mod command;
mod usual_order;

pub use command::KalshiCommand;

/// Reads the frames of one Kalshi connection.
///
/// Prices and sizes are read in every form the venue has used: `*_dollars` and `*_fp` strings of today, `yes_dollars`
/// with whole counts, and whole cents; where a message carries several, the most exact counts. The NO side is quoted in
/// NO prices unless a subscription said `use_yes_price` ([`Decode::note_sent`]).
#[derive(Debug, Default)]
pub struct KalshiDecoder {
    scratch: Scratch,
    sent: Sent,
    drift: Drift,
}

impl KalshiDecoder {
    /// A decoder for a connection on which nothing has been sent yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Decode for KalshiDecoder {
    fn decode<'f>(&'f mut self, frame: &'f [u8]) -> Result<Decoded<'f>, DecodeError> {
        self.scratch.clear();
        let cursor = Cursor::new(Venue::Kalshi, frame)?;
        let text = cursor.text();
        let (sid, sequence) = match usual_order::book(&cursor, &mut self.scratch, &self.sent) {
            Some(sequence) => (Some(sequence.sid), Some(sequence)),
            None => {
                self.scratch.clear();
                let mut reading = Reading {
                    scratch: &mut self.scratch,
                    sent: &mut self.sent,
                    drift: &mut self.drift,
                };
                match reading.frame(cursor) {
                    Ok(place) => place,
                    Err(error) => {
                        self.drift.count_refusal(&error);
                        return Err(error);
                    }
                }
            }
        };
        Ok(Decoded::new(sid, sequence, self.scratch.events(text)))
    }

    fn note_sent(&mut self, frame: &[u8]) {
        self.sent.note(frame);
    }

    fn drift(&self) -> &Drift {
        &self.drift
    }
}

/// What was asked on the connection, as far as it decides what answers mean.
#[derive(Debug, Default)]
struct Sent {
    /// Order-book subscriptions not acknowledged yet: command, and whether NO is quoted in YES prices.
    unacknowledged: Vec<(u64, bool)>,
    /// The same by subscription id, once acknowledged.
    acknowledged: Vec<(u64, bool)>,
    /// Markets that commands take out of a subscription.
    removals: Vec<(u64, Vec<String>)>,
}

impl Sent {
    /// Commands remembered while their answer is out; more are forgotten, the oldest first.
    const MAX_OPEN: usize = 1024;

    fn note(&mut self, frame: &[u8]) {
        let Some(command) = KalshiCommand::read(frame) else { return };
        if command.subscribes_to("orderbook_delta") {
            self.unacknowledged.push((command.id, command.use_yes_price));
            if self.unacknowledged.len() > Self::MAX_OPEN {
                self.unacknowledged.remove(0);
            }
        } else if command.name == "update_subscription" && command.action == "delete_markets" {
            self.removals.push((command.id, command.markets));
            if self.removals.len() > Self::MAX_OPEN {
                self.removals.remove(0);
            }
        }
    }

    fn acknowledge(&mut self, command: Option<u64>, sid: u64) {
        let position = self.unacknowledged.iter().position(|(id, _)| Some(*id) == command);
        let Some(position) = position else { return };
        let (_, yes_prices) = self.unacknowledged.remove(position);
        self.acknowledged.retain(|(known, _)| *known != sid);
        self.acknowledged.push((sid, yes_prices));
    }

    /// Whether that subscription quotes NO in YES prices. Data may come before its acknowledgement, then the oldest open
    /// subscription is the one meant, because they are answered in order.
    #[inline]
    fn yes_prices(&self, sid: u64) -> bool {
        if self.acknowledged.is_empty() && self.unacknowledged.is_empty() {
            return false;
        }
        let known = self.acknowledged.iter().find(|(known, _)| *known == sid);
        known.or(self.unacknowledged.first()).is_some_and(|(_, yes_prices)| *yes_prices)
    }
}

/// The members of a frame around its message.
#[derive(Debug, Clone, Copy, Default)]
struct Envelope {
    id: Option<u64>,
    sid: Option<u64>,
    seq: Option<u64>,
}

/// A member of the envelope that the message cannot do without.
fn around(kind: &'static str, name: &'static str, member: Option<u64>) -> Result<u64, DecodeError> {
    member.ok_or(DecodeError::Missing { venue: Venue::Kalshi, kind, field: name })
}

fn field(message: &'static str, name: &'static str) -> Field {
    Field { venue: Venue::Kalshi, message, name }
}

/// One frame being read.
struct Reading<'d> {
    scratch: &'d mut Scratch,
    sent: &'d mut Sent,
    drift: &'d mut Drift,
}

impl Reading<'_> {
    fn frame(
        &mut self,
        mut cursor: Cursor<'_>,
    ) -> Result<(Option<u64>, Option<Sequence>), DecodeError> {
        if matches!(cursor.text().trim_ascii(), "PONG" | "PING") {
            self.scratch.events.push(Event::Pong);
            return Ok((None, None));
        }
        let mut envelope = Envelope::default();
        let (mut kind, mut message) = (None, None);
        cursor.object(|cursor, key| {
            match key {
                b"type" => kind = Some(cursor.value()?),
                b"msg" => {
                    cursor.peek();
                    let at = cursor.at();
                    message = Some((at, cursor.value()?));
                }
                b"sid" => envelope.sid = number(cursor, "sid")?,
                b"seq" => envelope.seq = number(cursor, "seq")?,
                b"id" => envelope.id = number(cursor, "id")?,
                _ => {
                    cursor.value()?;
                }
            }
            Ok(())
        })?;
        cursor.end()?;
        let sequence = envelope.sid.zip(envelope.seq).map(|(sid, seq)| Sequence { sid, seq });
        let kind = match kind {
            Some(token) if matches!(token.kind, Kind::Plain | Kind::Escaped) => token,
            _ => {
                self.drift.count(DriftKind::UnknownKind, "");
                self.scratch.events.push(Event::Unknown { kind: Text::EMPTY });
                return Ok((envelope.sid, sequence));
            }
        };
        let word = cursor.string_of(kind)?;
        let kind = self.scratch.text(&cursor, kind)?;
        self.message(&word, kind, envelope, &Message { cursor: &cursor, at: message })?;
        Ok((envelope.sid, sequence))
    }

    fn message(
        &mut self,
        word: &str,
        kind: Text,
        envelope: Envelope,
        message: &Message<'_, '_>,
    ) -> Result<(), DecodeError> {
        match word {
            "orderbook_delta" => self.delta(envelope, message),
            "orderbook_snapshot" => self.snapshot(envelope, message),
            "ticker" => self.ticker(message),
            "trade" => self.trade(message),
            "market_lifecycle_v2" | "market_lifecycle" | "multivariate_market_lifecycle" => {
                self.lifecycle(message)
            }
            "event_lifecycle" => self.event_lifecycle(message),
            "event_fee_update" => self.fee_update(message),
            "subscribed" => self.subscribed(envelope, message),
            "ok" => {
                self.acknowledged(envelope);
                Ok(())
            }
            "unsubscribed" => {
                self.sent.acknowledged.retain(|(known, _)| Some(*known) != envelope.sid);
                self.push(Event::Acknowledged { command: envelope.id, sid: envelope.sid });
                self.push(Event::Unsubscribed { sid: envelope.sid, market: None });
                Ok(())
            }
            "error" => self.refused(envelope, message),
            "fill"
            | "user_order"
            | "market_position"
            | "order_group_updates"
            | "rfq_created"
            | "rfq_deleted"
            | "quote_created"
            | "quote_accepted"
            | "quote_executed"
            | "cfbenchmarks_value"
            | "cfbenchmarks_value_5hz"
            | "cfbenchmarks_value_indexlist"
            | "cfbenchmarks_value_5hz_indexlist"
            | "pyth_value"
            | "pyth_value_underlying_list" => {
                self.push(Event::Passed { kind });
                Ok(())
            }
            _ => {
                self.drift.count(DriftKind::UnknownKind, word);
                self.push(Event::Unknown { kind });
                Ok(())
            }
        }
    }

    fn push(&mut self, event: Event) {
        self.scratch.events.push(event);
    }

    fn delta(&mut self, envelope: Envelope, message: &Message<'_, '_>) -> Result<(), DecodeError> {
        const KIND: &str = "orderbook_delta";
        let (mut ticker, mut id, mut side) = (None, None, None);
        let (mut dollars, mut cents, mut change, mut count) = (None, None, None, None);
        let (mut millis, mut time) = (None, None);
        let cursor = message.object(KIND, |cursor, key| {
            let slot = match key {
                b"market_ticker" => &mut ticker,
                b"market_id" => &mut id,
                b"price_dollars" => &mut dollars,
                b"price" => &mut cents,
                b"delta_fp" => &mut change,
                b"delta" => &mut count,
                b"side" => &mut side,
                b"ts_ms" => &mut millis,
                b"ts" => &mut time,
                _ => return cursor.value().map(|_| ()),
            };
            *slot = Some(cursor.value()?);
            Ok(())
        })?;
        let price = price(&cursor, KIND, ("price_dollars", dollars), ("price", cents))?;
        let change = field(KIND, "delta_fp").required(change.or(count))?;
        let change = field(KIND, "delta_fp").change(&cursor, change)?;
        let side_field = field(KIND, "side");
        let side = side_field.required(side)?;
        let outcome = outcome(&cursor, side_field, side)?;
        let (side, price) = self.to_yes(envelope.sid.unwrap_or(0), outcome, price);
        let market = self.market(&cursor, KIND, ticker)?;
        let venue_at = time_of(&cursor, KIND, millis, time)?;
        // Without its place in the numbering nothing would tell that a change before it is missing.
        around(KIND, "sid", envelope.sid)?;
        around(KIND, "seq", envelope.seq)?;
        if change.micros() == 0 {
            self.drift.count(DriftKind::ZeroedField, "orderbook_delta.delta_fp");
        }
        self.push(Event::Delta { market, side, price, change, venue_at });
        Ok(())
    }

    /// A price quoted on one of Kalshi's two bid sides, in YES terms.
    #[inline]
    fn to_yes(&self, sid: u64, outcome: Outcome, price: Price) -> (Side, Price) {
        to_yes(self.sent, sid, outcome, price)
    }

    fn snapshot(
        &mut self,
        envelope: Envelope,
        message: &Message<'_, '_>,
    ) -> Result<(), DecodeError> {
        const KIND: &str = "orderbook_snapshot";
        let (mut ticker, mut id) = (None, None);
        let (mut millis, mut time) = (None, None);
        let mut sides = [Listed::default(), Listed::default()];
        let (levels, drift) = (&mut self.scratch.levels, &mut *self.drift);
        let cursor = message.object(KIND, |cursor, key| {
            let (side, form) = match key {
                b"yes_dollars_fp" => (0, Form::Fixed),
                b"no_dollars_fp" => (1, Form::Fixed),
                b"yes_dollars" => (0, Form::Dollars),
                b"no_dollars" => (1, Form::Dollars),
                b"yes" => (0, Form::Cents),
                b"no" => (1, Form::Cents),
                _ => {
                    let slot = match key {
                        b"market_ticker" => &mut ticker,
                        b"market_id" => &mut id,
                        b"ts_ms" => &mut millis,
                        b"ts" => &mut time,
                        _ => {
                            // A side under a new name would otherwise read as an empty one.
                            if cursor.value()?.kind == Kind::Nested {
                                let name = String::from_utf8_lossy(key);
                                drift.count(DriftKind::UnknownKind, &format!("{KIND}.{name}"));
                            }
                            return Ok(());
                        }
                    };
                    *slot = Some(cursor.value()?);
                    return Ok(());
                }
            };
            let listed: &mut Listed = &mut sides[side];
            if cursor.peek() == Some(b'n') || listed.form > form {
                return cursor.value().map(|_| ());
            }
            let start = levels.len();
            cursor.array(|cursor| {
                levels.push(level(cursor, KIND, form)?);
                Ok(())
            })?;
            *listed = Listed { form, span: Span { start: start as u32, end: levels.len() as u32 } };
            Ok(())
        })?;
        let market = self.market(&cursor, KIND, ticker)?;
        // Whether the answer to get_snapshot takes a number is not documented; the subscription it answers on it must name.
        around(KIND, "sid", envelope.sid)?;
        let venue_id = id.map(|id| self.scratch.text(&cursor, id)).transpose()?;
        if venue_id.is_none() {
            self.drift.count(DriftKind::MissingField, "orderbook_snapshot.market_id");
        }
        let venue_at = time_of(&cursor, KIND, millis, time)?;
        let [bids, asks] = sides.map(|listed| listed.span);
        if !self.sent.yes_prices(envelope.sid.unwrap_or(0)) {
            for level in &mut self.scratch.levels[asks.start as usize..asks.end as usize] {
                *level = level.mirror();
            }
        }
        self.push(Event::Snapshot { market, venue_id, bids, asks, tick: None, venue_at });
        Ok(())
    }

    fn ticker(&mut self, message: &Message<'_, '_>) -> Result<(), DecodeError> {
        const KIND: &str = "ticker";
        let (mut ticker, mut millis, mut time) = (None, None, None);
        let (mut last, mut last_cents) = (None, None);
        let (mut bid, mut bid_cents, mut bid_size) = (None, None, None);
        let (mut ask, mut ask_cents, mut ask_size) = (None, None, None);
        let cursor = message.object(KIND, |cursor, key| {
            let slot = match key {
                b"market_ticker" => &mut ticker,
                b"price_dollars" => &mut last,
                b"price" => &mut last_cents,
                b"yes_bid_dollars" => &mut bid,
                b"yes_bid" => &mut bid_cents,
                b"yes_bid_size_fp" => &mut bid_size,
                b"yes_ask_dollars" => &mut ask,
                b"yes_ask" => &mut ask_cents,
                b"yes_ask_size_fp" => &mut ask_size,
                b"ts_ms" => &mut millis,
                b"ts" => &mut time,
                _ => return cursor.value().map(|_| ()),
            };
            *slot = Some(cursor.value()?);
            Ok(())
        })?;
        let bid = quoted(
            &cursor,
            price(&cursor, KIND, ("yes_bid_dollars", bid), ("yes_bid", bid_cents))?,
            ("yes_bid_size_fp", bid_size),
        )?;
        let ask = quoted(
            &cursor,
            price(&cursor, KIND, ("yes_ask_dollars", ask), ("yes_ask", ask_cents))?,
            ("yes_ask_size_fp", ask_size),
        )?;
        let last = match (last, last_cents) {
            (None, None) => None,
            (dollars, cents) => {
                let last = price(&cursor, KIND, ("price_dollars", dollars), ("price", cents))?;
                // A price of zero stands for "never traded".
                Some(last).filter(|last| *last != Price::ZERO)
            }
        };
        let market = self.market(&cursor, KIND, ticker)?;
        let venue_at = time_of(&cursor, KIND, millis, time)?;
        self.push(Event::Touch { market, bid, ask, last, venue_at });
        Ok(())
    }

    fn trade(&mut self, message: &Message<'_, '_>) -> Result<(), DecodeError> {
        const KIND: &str = "trade";
        let (mut ticker, mut id, mut millis, mut time) = (None, None, None, None);
        let (mut dollars, mut cents, mut size, mut count) = (None, None, None, None);
        let (mut book_side, mut outcome_side, mut taker_side) = (None, None, None);
        let cursor = message.object(KIND, |cursor, key| {
            let slot = match key {
                b"market_ticker" => &mut ticker,
                b"trade_id" => &mut id,
                b"yes_price_dollars" => &mut dollars,
                b"yes_price" => &mut cents,
                b"count_fp" => &mut size,
                b"count" => &mut count,
                b"taker_book_side" => &mut book_side,
                b"taker_outcome_side" => &mut outcome_side,
                b"taker_side" => &mut taker_side,
                b"ts_ms" => &mut millis,
                b"ts" => &mut time,
                _ => return cursor.value().map(|_| ()),
            };
            *slot = Some(cursor.value()?);
            Ok(())
        })?;
        let price = price(&cursor, KIND, ("yes_price_dollars", dollars), ("yes_price", cents))?;
        let size = field(KIND, "count_fp").required(size.or(count))?;
        let size = field(KIND, "count_fp").quantity(&cursor, size)?;
        let taker = match (book_side, outcome_side.or(taker_side)) {
            (Some(side), _) => match &*cursor.string_of(side)? {
                "bid" => Some(Side::Bid),
                "ask" => Some(Side::Ask),
                _ => {
                    return field(KIND, "taker_book_side").refused(&cursor, side, "not bid or ask");
                }
            },
            (None, Some(side)) => match outcome(&cursor, field(KIND, "taker_side"), side)? {
                Outcome::Yes => Some(Side::Bid),
                Outcome::No => Some(Side::Ask),
            },
            (None, None) => None,
        };
        let market = self.market(&cursor, KIND, ticker)?;
        let id = id.map(|id| self.scratch.text(&cursor, id)).transpose()?;
        let venue_at = time_of(&cursor, KIND, millis, time)?;
        for (zero, name) in
            [(price == Price::ZERO, "trade.yes_price_dollars"), (size.is_zero(), "trade.count_fp")]
        {
            if zero {
                self.drift.count(DriftKind::ZeroedField, name);
            }
        }
        self.push(Event::Trade { market, id, price, size, taker, venue_at });
        Ok(())
    }

    fn lifecycle(&mut self, message: &Message<'_, '_>) -> Result<(), DecodeError> {
        const KIND: &str = "market_lifecycle_v2";
        let (mut ticker, mut word, mut close, mut result, mut value) =
            (None, None, None, None, None);
        let (mut deactivated, mut determined, mut settled) = (None, None, None);
        let mut ranges = None;
        let cursor = message.object(KIND, |cursor, key| {
            let slot = match key {
                b"market_ticker" => &mut ticker,
                b"event_type" => &mut word,
                b"close_ts" => &mut close,
                b"result" => &mut result,
                b"settlement_value" => &mut value,
                b"is_deactivated" => &mut deactivated,
                b"determination_ts" => &mut determined,
                b"settled_ts" => &mut settled,
                b"price_ranges" => &mut ranges,
                _ => return cursor.value().map(|_| ()),
            };
            *slot = Some(cursor.value()?);
            Ok(())
        })?;
        let market = self.market(&cursor, KIND, ticker)?;
        let word_token = field(KIND, "event_type").required(word)?;
        let name = cursor.string_of(word_token)?;
        let word = self.scratch.text(&cursor, word_token)?;
        // Whatever the other fields hold, what the word says has happened.
        let venue_at = determined.filter(|token| token.kind != Kind::Null).or(settled);
        let venue_at = self.spared_instant(&cursor, "determination_ts", venue_at);
        if name == "price_level_structure_updated" {
            return self.tick_change(&cursor, market, ranges, venue_at);
        }
        let status = match (&*name, deactivated.map(|token| token.kind)) {
            ("created", _) => Some(MarketStatus::Upcoming),
            ("activated", _) => Some(MarketStatus::Active),
            ("deactivated", Some(Kind::False)) => Some(MarketStatus::Active),
            ("deactivated", _) => Some(MarketStatus::Paused),
            ("closed", _) => Some(MarketStatus::Closed),
            ("determined", _) => Some(MarketStatus::Determined),
            ("settled", _) => Some(MarketStatus::Settled),
            ("close_date_updated" | "metadata_updated", _) => None,
            _ => {
                self.drift.count(DriftKind::UnknownKind, &format!("{KIND}.{name}"));
                None
            }
        };
        let close_at = self.spared_instant(&cursor, "close_ts", close);
        let given = value.filter(|token| !matches!(cursor.raw(*token), "" | "null"));
        let settlement =
            given.map(|token| field(KIND, "settlement_value").price(&cursor, token)).transpose();
        let settlement = self.drift.spared(KIND, "settlement_value", settlement);
        let result = result.map(|token| cursor.string_of(token)).transpose();
        let result = match self.drift.spared(KIND, "result", result).as_deref() {
            Some("yes") => Some(Outcome::Yes),
            Some("no") => Some(Outcome::No),
            _ => None,
        };
        self.push(Event::Lifecycle(State {
            market,
            word,
            status,
            close_at,
            result,
            settlement,
            venue_at,
        }));
        Ok(())
    }

    /// A time of a market's life, which its message can do without.
    fn spared_instant(
        &mut self,
        cursor: &Cursor<'_>,
        name: &'static str,
        token: Option<Token>,
    ) -> Option<Timestamp> {
        const KIND: &str = "market_lifecycle_v2";
        let token = token.filter(|token| token.kind != Kind::Null)?;
        self.drift.spared(KIND, name, field(KIND, name).instant(cursor, token))
    }

    fn tick_change(
        &mut self,
        cursor: &Cursor<'_>,
        market: Text,
        list: Option<Token>,
        venue_at: Option<Timestamp>,
    ) -> Result<(), DecodeError> {
        const KIND: &str = "market_lifecycle_v2";
        let name = field(KIND, "price_ranges");
        let list = name.required(list)?;
        let ranges = &mut self.scratch.ranges;
        cursor.seek(list.start as usize).array(|cursor| {
            ranges.push(tick_range(cursor, KIND)?);
            Ok(())
        })?;
        let tick = ranges.iter().map(|range| range.step).min();
        let ranges = Span { start: 0, end: ranges.len() as u32 };
        let Some(tick) = tick else { return name.required(None).map(|_| ()) };
        self.push(Event::TickChange { market, tick, ranges, venue_at });
        Ok(())
    }

    fn event_lifecycle(&mut self, message: &Message<'_, '_>) -> Result<(), DecodeError> {
        const KIND: &str = "event_lifecycle";
        let (mut event, mut series, mut title, mut collateral) = (None, None, None, None);
        let cursor = message.object(KIND, |cursor, key| {
            let slot = match key {
                b"event_ticker" => &mut event,
                b"series_ticker" => &mut series,
                b"title" => &mut title,
                b"collateral_return_type" => &mut collateral,
                _ => return cursor.value().map(|_| ()),
            };
            *slot = Some(cursor.value()?);
            Ok(())
        })?;
        let event = field(KIND, "event_ticker").required(event)?;
        let event = self.scratch.text(&cursor, event)?;
        let series = series.map(|token| self.scratch.text(&cursor, token)).transpose()?;
        let title = match title {
            Some(token) => self.scratch.text(&cursor, token)?,
            None => Text::EMPTY,
        };
        let exclusive = match collateral {
            Some(token) => matches!(&*cursor.string_of(token)?, "MECNET" | "DIRECNET"),
            None => false,
        };
        self.push(Event::Listed { event, series, title, exclusive });
        Ok(())
    }

    fn fee_update(&mut self, message: &Message<'_, '_>) -> Result<(), DecodeError> {
        const KIND: &str = "event_fee_update";
        let (mut event, mut fee_type, mut multiplier) = (None, None, None);
        let cursor = message.object(KIND, |cursor, key| {
            let slot = match key {
                b"event_ticker" => &mut event,
                b"fee_type_override" => &mut fee_type,
                b"fee_multiplier_override" => &mut multiplier,
                _ => return cursor.value().map(|_| ()),
            };
            *slot = Some(cursor.value()?);
            Ok(())
        })?;
        let event = field(KIND, "event_ticker").required(event)?;
        let event = self.scratch.text(&cursor, event)?;
        let mut text = |token: Option<Token>| {
            token
                .filter(|token| token.kind != Kind::Null)
                .map(|token| self.scratch.text(&cursor, token))
                .transpose()
        };
        let (fee_type, multiplier) = (text(fee_type)?, text(multiplier)?);
        self.push(Event::FeeUpdate { event, fee_type, multiplier });
        Ok(())
    }

    fn subscribed(
        &mut self,
        envelope: Envelope,
        message: &Message<'_, '_>,
    ) -> Result<(), DecodeError> {
        const KIND: &str = "subscribed";
        let (mut channel, mut sid) = (None, None);
        let cursor = message.object(KIND, |cursor, key| {
            match key {
                b"channel" => channel = Some(cursor.value()?),
                b"sid" => sid = number(cursor, "sid")?,
                _ => {
                    cursor.value()?;
                }
            }
            Ok(())
        })?;
        let channel = field(KIND, "channel").required(channel)?;
        let Some(sid) = sid.or(envelope.sid) else {
            return field(KIND, "sid").required(None).map(|_| ());
        };
        if cursor.string_of(channel)? == "orderbook_delta" {
            self.sent.acknowledge(envelope.id, sid);
        }
        let channel = self.scratch.text(&cursor, channel)?;
        self.push(Event::Subscribed { command: envelope.id, channel, sid });
        Ok(())
    }

    fn acknowledged(&mut self, envelope: Envelope) {
        self.push(Event::Acknowledged { command: envelope.id, sid: envelope.sid });
        let removal = self.sent.removals.iter().position(|(id, _)| Some(*id) == envelope.id);
        let Some(removal) = removal else { return };
        let (_, markets) = self.sent.removals.remove(removal);
        for market in markets {
            let market = Some(self.scratch.own(&market));
            self.push(Event::Unsubscribed { sid: envelope.sid, market });
        }
    }

    fn refused(
        &mut self,
        envelope: Envelope,
        message: &Message<'_, '_>,
    ) -> Result<(), DecodeError> {
        const KIND: &str = "error";
        let (mut code, mut text) = (None, None);
        let cursor = message.object(KIND, |cursor, key| {
            let slot = match key {
                b"code" => &mut code,
                b"msg" => &mut text,
                _ => return cursor.value().map(|_| ()),
            };
            *slot = Some(cursor.value()?);
            Ok(())
        })?;
        let code = match code {
            Some(token) => field(KIND, "code").integer(&cursor, token)?,
            None => 0,
        };
        let message = match text {
            Some(token) => self.scratch.text(&cursor, token)?,
            None => Text::EMPTY,
        };
        let code = u32::try_from(code).unwrap_or(u32::MAX);
        self.push(Event::Refused { command: envelope.id, sid: envelope.sid, code, message });
        Ok(())
    }

    #[inline]
    fn market(
        &mut self,
        cursor: &Cursor<'_>,
        kind: &'static str,
        ticker: Option<Token>,
    ) -> Result<Text, DecodeError> {
        let name = field(kind, "market_ticker");
        let ticker = name.required(ticker)?;
        if !matches!(ticker.kind, Kind::Plain | Kind::Escaped) || ticker.start == ticker.end {
            return name.refused(cursor, ticker, "not a ticker");
        }
        self.scratch.text(cursor, ticker)
    }
}

/// Where the `msg` member of a frame stands.
struct Message<'c, 'a> {
    cursor: &'c Cursor<'a>,
    at: Option<(usize, Token)>,
}

impl<'a> Message<'_, 'a> {
    /// Reads the message as an object; the cursor is given back for reading its tokens.
    #[inline]
    fn object(
        &self,
        kind: &'static str,
        member: impl FnMut(&mut Cursor<'a>, &[u8]) -> Result<(), DecodeError>,
    ) -> Result<Cursor<'a>, DecodeError> {
        let Some((at, _)) = self.at else {
            return Err(DecodeError::Missing { venue: Venue::Kalshi, kind, field: "msg" });
        };
        let mut cursor = self.cursor.seek(at);
        cursor.object(member)?;
        Ok(cursor)
    }
}

/// How a snapshot lists its levels; the later, the more exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Form {
    #[default]
    Absent,
    /// `[43, 300]`
    Cents,
    /// `["0.4300", 300]`
    Dollars,
    /// `["0.4300", "300.00"]`
    Fixed,
}

#[derive(Debug, Clone, Copy, Default)]
struct Listed {
    form: Form,
    span: Span,
}

#[inline]
fn level(cursor: &mut Cursor<'_>, kind: &'static str, form: Form) -> Result<Level, DecodeError> {
    let (mut price, mut size, mut more) = (None, None, false);
    cursor.array(|cursor| {
        let token = cursor.value()?;
        match (price, size) {
            (None, _) => price = Some(token),
            (_, None) => size = Some(token),
            _ => more = true,
        }
        Ok(())
    })?;
    let price_field = field(kind, "level price");
    let token = price_field.required(price)?;
    if more {
        return price_field.refused(cursor, token, "a level has a price and a size, nothing more");
    }
    let price = if form == Form::Cents {
        price_field.cents(cursor, token)?
    } else {
        price_field.price(cursor, token)?
    };
    let size_field = field(kind, "level size");
    let size = size_field.quantity(cursor, size_field.required(size)?)?;
    Ok(Level { price, size })
}

fn tick_range(cursor: &mut Cursor<'_>, kind: &'static str) -> Result<TickRange, DecodeError> {
    let (mut start, mut end, mut step) = (None, None, None);
    cursor.object(|cursor, key| {
        let slot = match key {
            b"start" => &mut start,
            b"end" => &mut end,
            b"step" => &mut step,
            _ => return cursor.value().map(|_| ()),
        };
        *slot = Some(cursor.value()?);
        Ok(())
    })?;
    let read = |name, token| {
        let field = field(kind, name);
        field.price(cursor, field.required(token)?)
    };
    Ok(TickRange {
        start: read("price_ranges.start", start)?,
        end: read("price_ranges.end", end)?,
        step: read("price_ranges.step", step)?,
    })
}

/// A price in dollars, or in cents where only the older field is there.
#[inline]
fn price(
    cursor: &Cursor<'_>,
    kind: &'static str,
    dollars: (&'static str, Option<Token>),
    cents: (&'static str, Option<Token>),
) -> Result<Price, DecodeError> {
    match (dollars.1, cents.1) {
        (None, Some(token)) => field(kind, cents.0).cents(cursor, token),
        (token, _) => {
            let field = field(kind, dollars.0);
            field.price(cursor, field.required(token)?)
        }
    }
}

/// The level of a ticker's side. An empty side is written as size 0, and as price 0 or 1 where sizes are not given.
fn quoted(
    cursor: &Cursor<'_>,
    price: Price,
    size: (&'static str, Option<Token>),
) -> Result<Option<Level>, DecodeError> {
    let empty = price == Price::ZERO || price == Price::ONE;
    match size.1 {
        Some(token) => {
            let size = field("ticker", size.0).quantity(cursor, token)?;
            Ok((!size.is_zero()).then_some(Level { price, size }))
        }
        None => Ok((!empty).then_some(Level { price, size: Quantity::ZERO })),
    }
}

fn outcome(cursor: &Cursor<'_>, field: Field, token: Token) -> Result<Outcome, DecodeError> {
    match &*cursor.string_of(token)? {
        "yes" => Ok(Outcome::Yes),
        "no" => Ok(Outcome::No),
        _ => field.refused(cursor, token, "not yes or no"),
    }
}

/// A bid for `outcome`, as a side and price of the YES book.
#[inline]
fn to_yes(sent: &Sent, sid: u64, outcome: Outcome, price: Price) -> (Side, Price) {
    match outcome {
        Outcome::Yes => (Side::Bid, price),
        Outcome::No if sent.yes_prices(sid) => (Side::Ask, price),
        Outcome::No => (Side::Ask, price.complement()),
    }
}

/// Milliseconds where given, else the older field: seconds or a text.
#[inline]
fn time_of(
    cursor: &Cursor<'_>,
    kind: &'static str,
    millis: Option<Token>,
    time: Option<Token>,
) -> Result<Option<Timestamp>, DecodeError> {
    match (millis, time) {
        (Some(token), _) if token.kind != Kind::Null => field(kind, "ts_ms").millis(cursor, token),
        (_, Some(token)) if token.kind != Kind::Null => field(kind, "ts").instant(cursor, token),
        _ => Ok(None),
    }
}

/// A member of the envelope: a whole number or null.
fn number(cursor: &mut Cursor<'_>, name: &'static str) -> Result<Option<u64>, DecodeError> {
    let token = cursor.value()?;
    if token.kind == Kind::Null {
        return Ok(None);
    }
    field("message", name).integer(cursor, token).map(Some)
}
