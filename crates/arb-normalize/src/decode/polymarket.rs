//! Polymarket's market-channel messages, of today and of the recordings.

use super::drift::{Drift, DriftKind};
use super::scratch::{Event, Scratch, Span, State, Text};
use super::value::Field;
use super::{Decode, DecodeError, Decoded};
use crate::json::{Cursor, Kind, Token};
use crate::{Level, MarketStatus, Outcome, Price, Quantity, Side, Timestamp, Venue};

mod usual_order;

/// Reads the frames of one Polymarket connection.
///
/// A frame is one message, an array of messages, or the text `PONG`. Both schemas of `price_change` are read (one list
/// with a token for each item; before September 2025 one token for the message). A best bid of 0 and a best ask of 1,
/// and the empty text, mean an empty side.
#[derive(Debug, Default)]
pub struct PolymarketDecoder {
    scratch: Scratch,
    drift: Drift,
}

impl PolymarketDecoder {
    /// A decoder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Decode for PolymarketDecoder {
    fn decode<'f>(&'f mut self, frame: &'f [u8]) -> Result<Decoded<'f>, DecodeError> {
        self.scratch.clear();
        let cursor = Cursor::new(Venue::Polymarket, frame)?;
        let text = cursor.text();
        if usual_order::price_change(&cursor, &mut self.scratch).is_none() {
            self.scratch.clear();
            let mut reading = Reading { scratch: &mut self.scratch, drift: &mut self.drift };
            reading.frame(cursor)?;
        }
        Ok(Decoded::new(None, None, self.scratch.events(text)))
    }

    fn drift(&self) -> &Drift {
        &self.drift
    }
}

fn field(message: &'static str, name: &'static str) -> Field {
    Field { venue: Venue::Polymarket, message, name }
}

/// The refusal of a message whose array is lost with it, whatever else is in there.
fn beside_others(error: DecodeError) -> DecodeError {
    match error {
        DecodeError::Missing { venue, field, .. } => {
            DecodeError::Missing { venue, kind: "message", field }
        }
        DecodeError::Value { venue, field, value, reason, .. } => {
            DecodeError::Value { venue, kind: "message", field, value, reason }
        }
        error => error,
    }
}

/// One frame being read.
struct Reading<'d> {
    scratch: &'d mut Scratch,
    drift: &'d mut Drift,
}

impl Reading<'_> {
    fn frame(&mut self, mut cursor: Cursor<'_>) -> Result<(), DecodeError> {
        if matches!(cursor.text().trim_ascii(), "PONG" | "PING") {
            self.scratch.events.push(Event::Pong);
            return Ok(());
        }
        if cursor.peek() != Some(b'[') {
            self.counted(|reading| reading.message(&mut cursor))?;
            return cursor.end();
        }
        let mut left_out = None;
        cursor.array(|cursor| {
            let events = self.scratch.events.len();
            match self.counted(|reading| reading.message(cursor)) {
                // The message was read to its end before anything in it was judged, so the cursor stands behind it.
                Err(error) if error.may_concern_books() => Err(error),
                Err(error) if error.may_concern_status() => Err(beside_others(error)),
                Err(error) => {
                    self.scratch.events.truncate(events);
                    left_out.get_or_insert(error);
                    Ok(())
                }
                Ok(()) => Ok(()),
            }
        })?;
        cursor.end()?;
        match left_out {
            Some(error) if self.scratch.events.is_empty() => Err(error),
            _ => Ok(()),
        }
    }

    /// Counts why a message is refused.
    fn counted(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        read(self).inspect_err(|error| self.drift.count_refusal(error))
    }

    /// Reads one message. The kind may stand behind the members it explains, so they are located first.
    fn message(&mut self, cursor: &mut Cursor<'_>) -> Result<(), DecodeError> {
        let mut fields = Fields::default();
        let scratch = &mut *self.scratch;
        cursor.object(|cursor, key| {
            let slot = match key {
                b"bids" | b"buys" => {
                    fields.bids = Some(Listed::levels(cursor, scratch)?);
                    return Ok(());
                }
                b"asks" | b"sells" => {
                    fields.asks = Some(Listed::levels(cursor, scratch)?);
                    return Ok(());
                }
                b"price_changes" => {
                    // Of a member given twice the last counts.
                    if let Some(Listed::Read(span)) = fields.price_changes {
                        scratch.events.truncate(span.start as usize);
                    }
                    fields.price_changes = Some(Listed::changes(cursor, scratch)?);
                    return Ok(());
                }
                b"event_type" => &mut fields.kind,
                b"asset_id" => &mut fields.asset,
                b"market" => &mut fields.market,
                b"timestamp" => &mut fields.timestamp,
                b"changes" => &mut fields.changes,
                b"tick_size" => &mut fields.tick,
                b"new_tick_size" => &mut fields.new_tick,
                b"price" => &mut fields.price,
                b"size" => &mut fields.size,
                b"side" => &mut fields.side,
                b"transaction_hash" => &mut fields.transaction,
                b"best_bid" => &mut fields.best_bid,
                b"best_ask" => &mut fields.best_ask,
                b"active" => &mut fields.active,
                b"assets_ids" => &mut fields.assets,
                b"winning_asset_id" => &mut fields.winner,
                _ => return cursor.value().map(|_| ()),
            };
            *slot = Some(cursor.value()?);
            Ok(())
        })?;
        let is_change = fields
            .kind
            .is_some_and(|kind| cursor.string_of(kind).is_ok_and(|word| word == "price_change"));
        if let (Some(Listed::Read(span)), false) = (fields.price_changes, is_change) {
            self.scratch.events.truncate(span.start as usize);
        }
        let kind = match fields.kind {
            Some(token) if matches!(token.kind, Kind::Plain | Kind::Escaped) => token,
            _ => {
                self.drift.count(DriftKind::UnknownKind, "");
                self.scratch.events.push(Event::Unknown { kind: Text::EMPTY });
                return Ok(());
            }
        };
        match &*cursor.string_of(kind)? {
            "book" => self.book(cursor, &fields),
            "price_change" => self.price_change(cursor, &fields),
            "last_trade_price" => self.trade(cursor, &fields),
            "best_bid_ask" => self.touch(cursor, &fields),
            "tick_size_change" => self.tick_change(cursor, &fields),
            "new_market" => self.new_market(cursor, &fields),
            "market_resolved" => self.resolved(cursor, &fields),
            "order" | "trade" => {
                let kind = self.scratch.text(cursor, kind)?;
                self.scratch.events.push(Event::Passed { kind });
                Ok(())
            }
            word => {
                self.drift.count(DriftKind::UnknownKind, word);
                let kind = self.scratch.text(cursor, kind)?;
                self.scratch.events.push(Event::Unknown { kind });
                Ok(())
            }
        }
    }

    fn book(&mut self, cursor: &Cursor<'_>, fields: &Fields) -> Result<(), DecodeError> {
        const KIND: &str = "book";
        let market = self.id(cursor, field(KIND, "asset_id"), fields.asset)?;
        let venue_id = match fields.market {
            Some(token) => Some(self.scratch.text(cursor, token)?),
            None => {
                self.drift.count(DriftKind::MissingField, "book.market");
                None
            }
        };
        let tick = match fields.tick {
            Some(token) if !matches!(cursor.raw(token), "" | "null") => {
                let tick = field(KIND, "tick_size").price(cursor, token)?;
                if tick == Price::ZERO {
                    self.drift.count(DriftKind::ZeroedField, "book.tick_size");
                }
                Some(tick).filter(|tick| *tick != Price::ZERO)
            }
            _ => None,
        };
        let bids = self.levels(cursor, field(KIND, "bids"), fields.bids)?;
        let asks = self.levels(cursor, field(KIND, "asks"), fields.asks)?;
        let venue_at = self.timestamp(cursor, KIND, fields)?;
        self.scratch.events.push(Event::Snapshot { market, venue_id, bids, asks, tick, venue_at });
        Ok(())
    }

    fn levels(
        &mut self,
        cursor: &Cursor<'_>,
        name: Field,
        list: Option<Listed>,
    ) -> Result<Span, DecodeError> {
        let list = match list {
            Some(Listed::Read(span)) => return Ok(span),
            // `null` is what some encoders write for an empty list; an absent member is a message of another shape.
            Some(Listed::At(token)) if token.kind == Kind::Null => return Ok(Span::default()),
            Some(Listed::At(token)) => token,
            None => name.required(None)?,
        };
        let start = self.scratch.levels.len();
        let levels = &mut self.scratch.levels;
        cursor.seek(list.start as usize).array(|cursor| {
            levels.push(level(cursor, name)?);
            Ok(())
        })?;
        Ok(self.scratch.levels_from(start))
    }

    fn price_change(&mut self, cursor: &Cursor<'_>, fields: &Fields) -> Result<(), DecodeError> {
        const KIND: &str = "price_change";
        let venue_at = self.timestamp(cursor, KIND, fields)?;
        let (list, asset) = match (fields.price_changes, fields.changes) {
            (Some(Listed::Read(span)), _) => {
                if let Some(at) = venue_at {
                    for event in &mut self.scratch.events[span.start as usize..span.end as usize] {
                        event.set_venue_at(at);
                    }
                }
                return Ok(());
            }
            (Some(Listed::At(list)), _) => (Some(list), None),
            (None, list) => {
                let list = field(KIND, "price_changes").required(list)?;
                (Some(list), Some(self.id(cursor, field(KIND, "asset_id"), fields.asset)?))
            }
        };
        let list = field(KIND, "price_changes").required(list)?;
        cursor.seek(list.start as usize).array(|cursor| {
            let (market, mut event) = change(cursor, KIND)?;
            let market = match (market, asset) {
                (Some(_), _) | (_, None) => self.id(cursor, field(KIND, "asset_id"), market)?,
                (None, Some(asset)) => asset,
            };
            event.market = market;
            if event.best.is_none() && asset.is_none() {
                // Without it nothing tells whether a change before this one is missing.
                self.drift.count(DriftKind::MissingField, "price_change.best_bid");
            }
            self.scratch.events.push(event.event(venue_at));
            Ok(())
        })
    }

    fn trade(&mut self, cursor: &Cursor<'_>, fields: &Fields) -> Result<(), DecodeError> {
        const KIND: &str = "last_trade_price";
        let market = self.id(cursor, field(KIND, "asset_id"), fields.asset)?;
        let name = field(KIND, "price");
        let price = name.price(cursor, name.required(fields.price)?)?;
        let name = field(KIND, "size");
        let size = name.quantity(cursor, name.required(fields.size)?)?;
        let taker = match fields.side {
            Some(token) => Some(side(cursor, field(KIND, "side"), token)?),
            None => None,
        };
        let id = match fields.transaction {
            Some(token) if !matches!(cursor.raw(token), "" | "null") => {
                Some(self.scratch.text(cursor, token)?)
            }
            _ => None,
        };
        let venue_at = self.timestamp(cursor, KIND, fields)?;
        for (zero, name) in [
            (price == Price::ZERO, "last_trade_price.price"),
            (size.is_zero(), "last_trade_price.size"),
        ] {
            if zero {
                self.drift.count(DriftKind::ZeroedField, name);
            }
        }
        self.scratch.events.push(Event::Trade { market, id, price, size, taker, venue_at });
        Ok(())
    }

    fn touch(&mut self, cursor: &Cursor<'_>, fields: &Fields) -> Result<(), DecodeError> {
        const KIND: &str = "best_bid_ask";
        let market = self.id(cursor, field(KIND, "asset_id"), fields.asset)?;
        let level = |name, token| {
            let field = field(KIND, name);
            let best = best(cursor, field, field.required(token)?)?;
            Ok(best.map(|price| Level { price, size: Quantity::ZERO }))
        };
        let (bid, ask) = (level("best_bid", fields.best_bid)?, level("best_ask", fields.best_ask)?);
        let venue_at = self.timestamp(cursor, KIND, fields)?;
        self.scratch.events.push(Event::Touch { market, bid, ask, last: None, venue_at });
        Ok(())
    }

    fn tick_change(&mut self, cursor: &Cursor<'_>, fields: &Fields) -> Result<(), DecodeError> {
        const KIND: &str = "tick_size_change";
        let market = self.id(cursor, field(KIND, "asset_id"), fields.asset)?;
        let name = field(KIND, "new_tick_size");
        let tick = name.price(cursor, name.required(fields.new_tick)?)?;
        let venue_at = self.timestamp(cursor, KIND, fields)?;
        self.scratch.events.push(Event::TickChange {
            market,
            tick,
            ranges: Span::default(),
            venue_at,
        });
        Ok(())
    }

    fn new_market(&mut self, cursor: &Cursor<'_>, fields: &Fields) -> Result<(), DecodeError> {
        const KIND: &str = "new_market";
        let status = match fields.active.map(|token| token.kind) {
            Some(Kind::True) => MarketStatus::Active,
            _ => MarketStatus::Upcoming,
        };
        self.lifecycle(cursor, KIND, fields, status, None)
    }

    fn resolved(&mut self, cursor: &Cursor<'_>, fields: &Fields) -> Result<(), DecodeError> {
        const KIND: &str = "market_resolved";
        let winner = fields.winner.map(|token| cursor.string_of(token)).transpose();
        let winner = self.drift.spared(KIND, "winning_asset_id", winner);
        let mut result = None;
        if let (Some(winner), Some(assets)) = (winner, fields.assets) {
            let mut outcomes = [Outcome::Yes, Outcome::No].into_iter();
            let read = cursor.seek(assets.start as usize).array(|cursor| {
                let token = cursor.value()?;
                let outcome = outcomes.next();
                if cursor.string_of(token)? == winner {
                    result = outcome;
                }
                Ok(())
            });
            self.drift.spared(KIND, "assets_ids", read.map(Some));
        }
        self.lifecycle(cursor, KIND, fields, MarketStatus::Settled, result)
    }

    fn lifecycle(
        &mut self,
        cursor: &Cursor<'_>,
        kind: &'static str,
        fields: &Fields,
        status: MarketStatus,
        result: Option<Outcome>,
    ) -> Result<(), DecodeError> {
        let market = self.id(cursor, field(kind, "market"), fields.market)?;
        let venue_at = self.timestamp(cursor, kind, fields);
        let venue_at = self.drift.spared(kind, "timestamp", venue_at);
        let word = self.scratch.own(kind);
        self.scratch.events.push(Event::Lifecycle(State {
            market,
            word,
            status: Some(status),
            close_at: None,
            result,
            settlement: result.map(|outcome| match outcome {
                Outcome::Yes => Price::ONE,
                Outcome::No => Price::ZERO,
            }),
            venue_at,
        }));
        Ok(())
    }

    /// A token or condition id.
    fn id(
        &mut self,
        cursor: &Cursor<'_>,
        name: Field,
        token: Option<Token>,
    ) -> Result<Text, DecodeError> {
        let token = name.required(token)?;
        if !matches!(token.kind, Kind::Plain | Kind::Escaped) || token.start == token.end {
            return name.refused(cursor, token, "not an id");
        }
        self.scratch.text(cursor, token)
    }

    fn timestamp(
        &mut self,
        cursor: &Cursor<'_>,
        kind: &'static str,
        fields: &Fields,
    ) -> Result<Option<Timestamp>, DecodeError> {
        match fields.timestamp {
            Some(token) if !matches!(cursor.raw(token), "" | "null") => {
                field(kind, "timestamp").millis(cursor, token)
            }
            _ => {
                self.drift.count(DriftKind::MissingField, &format!("{kind}.timestamp"));
                Ok(None)
            }
        }
    }
}

/// The members of a message that are read, by place.
#[derive(Debug, Clone, Copy, Default)]
struct Fields {
    kind: Option<Token>,
    asset: Option<Token>,
    market: Option<Token>,
    timestamp: Option<Token>,
    bids: Option<Listed>,
    asks: Option<Listed>,
    price_changes: Option<Listed>,
    changes: Option<Token>,
    tick: Option<Token>,
    new_tick: Option<Token>,
    price: Option<Token>,
    size: Option<Token>,
    side: Option<Token>,
    transaction: Option<Token>,
    best_bid: Option<Token>,
    best_ask: Option<Token>,
    active: Option<Token>,
    assets: Option<Token>,
    winner: Option<Token>,
}

/// A list met before it is known what message it belongs to: read already where it is written as usual.
#[derive(Debug, Clone, Copy)]
enum Listed {
    Read(Span),
    At(Token),
}

impl Listed {
    fn levels(cursor: &mut Cursor<'_>, scratch: &mut Scratch) -> Result<Self, DecodeError> {
        let (start, mut ahead) = (scratch.levels.len(), cursor.clone());
        if usual_order::levels(&mut ahead, &mut scratch.levels).is_some() {
            *cursor = ahead;
            return Ok(Self::Read(scratch.levels_from(start)));
        }
        scratch.levels.truncate(start);
        cursor.value().map(Self::At)
    }

    fn changes(cursor: &mut Cursor<'_>, scratch: &mut Scratch) -> Result<Self, DecodeError> {
        let (start, mut ahead) = (scratch.events.len(), cursor.clone());
        if usual_order::changes(&mut ahead, scratch).is_some() {
            *cursor = ahead;
            let (start, end) = (start as u32, scratch.events.len() as u32);
            return Ok(Self::Read(Span { start, end }));
        }
        scratch.events.truncate(start);
        cursor.value().map(Self::At)
    }
}

/// One item of a price change.
#[derive(Debug, Clone, Copy)]
struct Change {
    market: Text,
    side: Side,
    price: Price,
    size: Quantity,
    best: Option<(Option<Price>, Option<Price>)>,
}

impl Change {
    fn event(self, venue_at: Option<Timestamp>) -> Event {
        let Self { market, side, price, size, best } = self;
        Event::LevelSet { market, side, price, size, best, venue_at }
    }
}

fn change(
    cursor: &mut Cursor<'_>,
    kind: &'static str,
) -> Result<(Option<Token>, Change), DecodeError> {
    let (mut asset, mut price, mut size, mut side_token) = (None, None, None, None);
    let (mut best_bid, mut best_ask) = (None, None);
    cursor.object(|cursor, key| {
        let slot = match key {
            b"asset_id" => &mut asset,
            b"price" => &mut price,
            b"size" => &mut size,
            b"side" => &mut side_token,
            b"best_bid" => &mut best_bid,
            b"best_ask" => &mut best_ask,
            _ => return cursor.value().map(|_| ()),
        };
        *slot = Some(cursor.value()?);
        Ok(())
    })?;
    let name = field(kind, "price");
    let price = name.price(cursor, name.required(price)?)?;
    let name = field(kind, "size");
    let size = name.quantity(cursor, name.required(size)?)?;
    let name = field(kind, "side");
    let side = side(cursor, name, name.required(side_token)?)?;
    let best = match (best_bid, best_ask) {
        (Some(bid), Some(ask)) if bid.kind != Kind::Null && ask.kind != Kind::Null => Some((
            best(cursor, field(kind, "best_bid"), bid)?,
            best(cursor, field(kind, "best_ask"), ask)?,
        )),
        _ => None,
    };
    Ok((asset, Change { market: Text::EMPTY, side, price, size, best }))
}

fn level(cursor: &mut Cursor<'_>, list: Field) -> Result<Level, DecodeError> {
    let (mut price, mut size) = (None, None);
    cursor.object(|cursor, key| {
        let slot = match key {
            b"price" => &mut price,
            b"size" => &mut size,
            _ => return cursor.value().map(|_| ()),
        };
        *slot = Some(cursor.value()?);
        Ok(())
    })?;
    let price = Field { name: "level price", ..list }.required(price)?;
    let size = Field { name: "level size", ..list }.required(size)?;
    Ok(Level {
        price: Field { name: "level price", ..list }.price(cursor, price)?,
        size: Field { name: "level size", ..list }.quantity(cursor, size)?,
    })
}

fn side(cursor: &Cursor<'_>, name: Field, token: Token) -> Result<Side, DecodeError> {
    match &*cursor.string_of(token)? {
        "BUY" => Ok(Side::Bid),
        "SELL" => Ok(Side::Ask),
        _ => name.refused(cursor, token, "not BUY or SELL"),
    }
}

/// A best price, `None` for an empty side: no quote can stand at 0 or 1.
fn best(cursor: &Cursor<'_>, name: Field, token: Token) -> Result<Option<Price>, DecodeError> {
    if token.start == token.end {
        return Ok(None);
    }
    let price = name.price(cursor, token)?;
    Ok(is_quote(price).then_some(price))
}

fn is_quote(price: Price) -> bool {
    price != Price::ZERO && price != Price::ONE
}
