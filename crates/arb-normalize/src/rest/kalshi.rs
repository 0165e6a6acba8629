//! Kalshi's REST bodies, with today's fixed-point fields and the cents of older recordings.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::read::{self, Number};
use super::{BookSnapshot, Event, ExchangeStatus, FeeChange, Page, PastTrade, Series};
use crate::market::{
    FeeData, Group, Market, MarketKey, MarketOutcome, OutcomeKind, Rules, Strike, TickRange,
};
use crate::{
    DecodeError, Level, MarketStatus, Outcome, Price, Quantity, Side, Timestamp, Usd, Venue,
};

const VENUE: Venue = Venue::Kalshi;

/// Reads the body of `GET /markets`.
///
/// # Errors
/// When the body is not such a page; a market that cannot be read is in [`Page::refused`].
pub fn markets_page(body: &[u8]) -> Result<Page<Market>, DecodeError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        markets: Vec<&'a RawValue>,
        #[serde(default)]
        cursor: Option<String>,
    }
    let body: Body<'_> = read::json(VENUE, "markets page", body)?;
    Ok(Page::read(&body.markets, read::filled(body.cursor), |item| {
        RawMarket::read(item).map(|market| market.market(None))
    }))
}

/// Reads the body of `GET /markets/{ticker}`.
///
/// # Errors
/// When the body is not such a market.
pub fn market(body: &[u8]) -> Result<Market, DecodeError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        market: &'a RawValue,
    }
    let body: Body<'_> = read::json(VENUE, "market", body)?;
    Ok(RawMarket::read(body.market)?.market(None))
}

/// Reads the body of `GET /events`, with or without nested markets.
///
/// # Errors
/// When the body is not such a page; an event that cannot be read is in [`Page::refused`].
pub fn events_page(body: &[u8]) -> Result<Page<Event>, DecodeError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        events: Vec<&'a RawValue>,
        #[serde(default)]
        cursor: Option<String>,
    }
    let body: Body<'_> = read::json(VENUE, "events page", body)?;
    Ok(Page::read(&body.events, read::filled(body.cursor), |item| {
        let event: RawEvent<'_> = read::json(VENUE, "event", item.get().as_bytes())?;
        event.event(&[])
    }))
}

/// Reads the body of `GET /events/{ticker}`.
///
/// # Errors
/// When the body is not such an event, or one of its markets cannot be read.
pub fn event(body: &[u8]) -> Result<Event, DecodeError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        event: RawEvent<'a>,
        /// Without nesting asked for, the markets stand beside the event.
        #[serde(borrow, default)]
        markets: Vec<&'a RawValue>,
    }
    let body: Body<'_> = read::json(VENUE, "event", body)?;
    body.event.event(&body.markets)
}

/// Reads the body of `GET /series/{ticker}`.
///
/// # Errors
/// When the body is not such a series.
pub fn series(body: &[u8]) -> Result<Series, DecodeError> {
    #[derive(Deserialize)]
    struct Body {
        series: Raw,
    }
    #[derive(Deserialize)]
    struct Raw {
        ticker: String,
        #[serde(default)]
        title: String,
        category: Option<String>,
        fee_type: Option<String>,
        #[serde(default, deserialize_with = "read::number_or_none")]
        fee_multiplier: Option<Number>,
        #[serde(default)]
        settlement_sources: Option<Vec<Source>>,
    }
    #[derive(Deserialize)]
    struct Source {
        #[serde(default)]
        name: String,
    }
    let Body { series } = read::json(VENUE, "series", body)?;
    Ok(Series {
        id: series.ticker,
        title: series.title,
        category: read::filled(series.category),
        fees: FeeData::Kalshi {
            fee_type: read::filled(series.fee_type),
            multiplier: series.fee_multiplier.map(|number| number.0),
            waived_until: None,
        },
        sources: series
            .settlement_sources
            .unwrap_or_default()
            .into_iter()
            .map(|source| source.name)
            .collect(),
    })
}

/// Reads the body of `GET /events/fee_changes`: overrides of single events, null where one is cleared.
///
/// # Errors
/// When the body is not such a page; a change that cannot be read is in [`Page::refused`].
pub fn event_fee_changes(body: &[u8]) -> Result<Page<FeeChange>, DecodeError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        event_fee_changes: Vec<&'a RawValue>,
        #[serde(default)]
        cursor: Option<String>,
    }
    let body: Body<'_> = read::json(VENUE, "event fee changes", body)?;
    Ok(Page::read(&body.event_fee_changes, read::filled(body.cursor), RawFeeChange::read))
}

/// Reads the body of `GET /series/fee_changes`.
///
/// # Errors
/// When the body is not such a list; a change that cannot be read is in [`Page::refused`].
pub fn series_fee_changes(body: &[u8]) -> Result<Page<FeeChange>, DecodeError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        series_fee_change_arr: Vec<&'a RawValue>,
    }
    let body: Body<'_> = read::json(VENUE, "series fee changes", body)?;
    Ok(Page::read(&body.series_fee_change_arr, None, RawFeeChange::read))
}

#[derive(Deserialize)]
struct RawFeeChange {
    event_ticker: Option<String>,
    series_ticker: Option<String>,
    #[serde(alias = "fee_type_override")]
    fee_type: Option<String>,
    #[serde(default, alias = "fee_multiplier_override", deserialize_with = "read::number_or_none")]
    fee_multiplier: Option<Number>,
    #[serde(default, deserialize_with = "read::time")]
    scheduled_ts: Option<OffsetDateTime>,
}

impl RawFeeChange {
    fn read(item: &RawValue) -> Result<FeeChange, DecodeError> {
        let missing = |field| DecodeError::Missing { venue: VENUE, kind: "fee change", field };
        let raw: Self = read::json(VENUE, "fee change", item.get().as_bytes())?;
        Ok(FeeChange {
            of: raw.event_ticker.or(raw.series_ticker).ok_or(missing("event_ticker"))?,
            at: raw.scheduled_ts.ok_or(missing("scheduled_ts"))?,
            fee_type: read::filled(raw.fee_type),
            multiplier: raw.fee_multiplier.map(|number| number.0),
        })
    }
}

/// Reads the body of `GET /markets/{ticker}/orderbook`, which does not name its market.
///
/// # Errors
/// When the body is not such a book, or a level cannot be held exactly.
pub fn orderbook(ticker: &str, body: &[u8]) -> Result<BookSnapshot, DecodeError> {
    let body: RawBook = read::json(VENUE, "order book", body)?;
    body.snapshot(ticker.to_owned())
}

/// Reads the body of `GET /markets/orderbooks`.
///
/// # Errors
/// When the body is not such a list, or a level cannot be held exactly.
pub fn orderbooks(body: &[u8]) -> Result<Vec<BookSnapshot>, DecodeError> {
    #[derive(Deserialize)]
    struct Body {
        orderbooks: Vec<Named>,
    }
    #[derive(Deserialize)]
    struct Named {
        ticker: String,
        #[serde(flatten)]
        book: RawBook,
    }
    let Body { orderbooks } = serde_json::from_slice::<serde_json::Value>(body)
        .and_then(serde_json::from_value)
        .map_err(|error| read::refused(VENUE, "order books", error))?;
    orderbooks.into_iter().map(|named| named.book.snapshot(named.ticker)).collect()
}

/// Reads the body of `GET /markets/trades`.
///
/// # Errors
/// When the body is not such a page; a trade that cannot be read is in [`Page::refused`].
pub fn trades(body: &[u8]) -> Result<Page<PastTrade>, DecodeError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        trades: Vec<&'a RawValue>,
        #[serde(default)]
        cursor: Option<String>,
    }
    let body: Body<'_> = read::json(VENUE, "trades page", body)?;
    Ok(Page::read(&body.trades, read::filled(body.cursor), |item| {
        let raw: RawTrade = read::json(VENUE, "trade", item.get().as_bytes())?;
        raw.trade()
    }))
}

/// Reads the body of `GET /exchange/status`.
///
/// # Errors
/// When the body is not such a status.
pub fn exchange_status(body: &[u8]) -> Result<ExchangeStatus, DecodeError> {
    #[derive(Deserialize)]
    struct Body {
        exchange_active: bool,
        trading_active: bool,
        #[serde(default)]
        exchange_index_statuses: Option<Vec<super::ShardStatus>>,
    }
    let body: Body = read::json(VENUE, "exchange status", body)?;
    Ok(ExchangeStatus {
        exchange_active: body.exchange_active,
        trading_active: body.trading_active,
        shards: body.exchange_index_statuses.unwrap_or_default(),
    })
}

/// What a word of the venue means.
#[must_use]
pub fn status(word: &str) -> MarketStatus {
    match word {
        "initialized" | "unopened" => MarketStatus::Upcoming,
        "active" | "open" => MarketStatus::Active,
        "inactive" | "paused" => MarketStatus::Paused,
        "closed" => MarketStatus::Closed,
        "determined" => MarketStatus::Determined,
        "disputed" | "amended" => MarketStatus::Disputed,
        "finalized" | "settled" => MarketStatus::Settled,
        _ => MarketStatus::Unknown,
    }
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct RawMarket {
    ticker: String,
    event_ticker: Option<String>,
    market_type: Option<String>,
    title: Option<String>,
    event_title: Option<String>,
    yes_sub_title: Option<String>,
    no_sub_title: Option<String>,
    #[serde(deserialize_with = "read::time")]
    open_time: Option<OffsetDateTime>,
    #[serde(deserialize_with = "read::time")]
    close_time: Option<OffsetDateTime>,
    #[serde(deserialize_with = "read::time")]
    expected_expiration_time: Option<OffsetDateTime>,
    #[serde(deserialize_with = "read::time")]
    latest_expiration_time: Option<OffsetDateTime>,
    #[serde(deserialize_with = "read::time")]
    expiration_time: Option<OffsetDateTime>,
    #[serde(deserialize_with = "read::time")]
    fee_waiver_expiration_time: Option<OffsetDateTime>,
    status: String,
    #[serde(deserialize_with = "read::number_or_none")]
    last_price_dollars: Option<Number>,
    last_price: Option<u32>,
    #[serde(deserialize_with = "read::number_or_none")]
    volume_fp: Option<Number>,
    #[serde(deserialize_with = "read::number_or_none")]
    volume: Option<Number>,
    #[serde(deserialize_with = "read::number_or_none")]
    liquidity_dollars: Option<Number>,
    rules_primary: Option<String>,
    rules_secondary: Option<String>,
    strike_type: Option<String>,
    #[serde(deserialize_with = "read::number_or_none")]
    floor_strike: Option<Number>,
    #[serde(deserialize_with = "read::number_or_none")]
    cap_strike: Option<Number>,
    custom_strike: Option<serde_json::Map<String, serde_json::Value>>,
    price_ranges: Option<Vec<RawRange>>,
    tick_size: Option<u32>,
    fractional_trading_enabled: Option<bool>,
    mve_collection_ticker: Option<String>,
}

#[derive(Deserialize)]
struct RawRange {
    start: Number,
    end: Number,
    step: Number,
}

impl RawRange {
    fn range(&self) -> Option<TickRange> {
        Some(TickRange {
            start: self.start.price()?,
            end: self.end.price()?,
            step: self.step.price().filter(|step| *step != Price::ZERO)?,
        })
    }
}

impl RawMarket {
    fn read(item: &RawValue) -> Result<Self, DecodeError> {
        let market: Self = read::json(VENUE, "market", item.get().as_bytes())?;
        if market.ticker.is_empty() {
            let (kind, field) = ("market", "ticker");
            return Err(DecodeError::Missing { venue: VENUE, kind, field });
        }
        Ok(market)
    }

    fn market(self, event: Option<&EventFacts>) -> Market {
        let event_id =
            read::filled(self.event_ticker).or_else(|| event.map(|event| event.id.clone()));
        // An event's ticker begins with its series' ticker, up to the first hyphen.
        let series_id = event.and_then(|event| event.series.clone()).or_else(|| {
            let event = event_id.as_deref()?;
            Some(event.split('-').next().unwrap_or(event).to_owned())
        });
        let last = self
            .last_price_dollars
            .and_then(Number::price)
            .or_else(|| self.last_price.and_then(Price::from_cents))
            .filter(|price| *price != Price::ZERO);
        let outcome = |side, label: Option<String>, last| MarketOutcome {
            side,
            label: label.unwrap_or_default(),
            token: None,
            last,
        };
        let ticks = match &self.price_ranges {
            Some(ranges) if !ranges.is_empty() => {
                ranges.iter().filter_map(RawRange::range).collect()
            }
            _ => {
                self.tick_size.and_then(Price::from_cents).map_or_else(Vec::new, read::whole_range)
            }
        };
        let strike = read::filled(self.strike_type).map(|kind| Strike {
            kind,
            floor: self.floor_strike.map(|number| number.0),
            cap: self.cap_strike.map(|number| number.0),
            custom: self
                .custom_strike
                .unwrap_or_default()
                .into_iter()
                .map(|(name, value)| match value {
                    serde_json::Value::String(text) => (name, text),
                    other => (name, other.to_string()),
                })
                .collect(),
        });
        let multi_leg =
            read::filled(self.mve_collection_ticker).is_some() || self.ticker.starts_with("KXMVE");
        Market {
            key: MarketKey { venue: VENUE, id: self.ticker },
            slug: None,
            event_id,
            series_id,
            title: self.title.unwrap_or_default(),
            event_title: read::filled(self.event_title)
                .or_else(|| event.map(|event| event.title.clone())),
            outcomes: vec![
                outcome(Outcome::Yes, self.yes_sub_title, last),
                outcome(Outcome::No, self.no_sub_title, last.map(Price::complement)),
            ],
            rules: Rules {
                primary: self.rules_primary.unwrap_or_default(),
                secondary: self.rules_secondary.unwrap_or_default(),
                source: event.and_then(|event| event.source.clone()),
            },
            strike,
            status: status(&self.status),
            status_word: self.status,
            kind: if self.market_type.as_deref() == Some("scalar") {
                OutcomeKind::Scalar
            } else {
                OutcomeKind::Binary
            },
            open_at: self.open_time,
            close_at: self.close_time,
            expected_resolution_at: self
                .expected_expiration_time
                .or(self.latest_expiration_time)
                .or(self.expiration_time),
            volume: self.volume_fp.or(self.volume).map(|number| number.0),
            liquidity: self.liquidity_dollars.and_then(Number::usd).filter(|usd| *usd >= Usd::ZERO),
            ticks,
            min_size: self.fractional_trading_enabled.and_then(|fractional| {
                Quantity::from_micros(if fractional { 10_000 } else { Quantity::SCALE })
            }),
            fees: FeeData::Kalshi {
                fee_type: event.and_then(|event| event.fee_type.clone()),
                multiplier: event.and_then(|event| event.fee_multiplier),
                waived_until: self.fee_waiver_expiration_time,
            },
            group: event.and_then(EventFacts::group),
            multi_leg,
        }
    }
}

/// What a market inherits from its event.
struct EventFacts {
    id: String,
    title: String,
    series: Option<String>,
    source: Option<String>,
    exclusive: bool,
    /// Fees of its own, over the series'.
    fee_type: Option<String>,
    fee_multiplier: Option<Decimal>,
}

impl EventFacts {
    /// Kalshi says that at most one market of an event can resolve YES, never that one must.
    fn group(&self) -> Option<Group> {
        self.exclusive.then(|| Group { id: self.id.clone(), exclusive: true, exhaustive: false })
    }
}

#[derive(Deserialize)]
struct RawEvent<'a> {
    event_ticker: String,
    series_ticker: Option<String>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    sub_title: Option<String>,
    category: Option<String>,
    #[serde(default)]
    mutually_exclusive: Option<bool>,
    #[serde(default)]
    settlement_sources: Option<Vec<RawSource>>,
    #[serde(default)]
    fee_type_override: Option<String>,
    #[serde(default, deserialize_with = "read::number_or_none")]
    fee_multiplier_override: Option<Number>,
    #[serde(borrow, default)]
    markets: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct RawSource {
    #[serde(default)]
    name: String,
}

impl RawEvent<'_> {
    fn event(self, beside: &[&RawValue]) -> Result<Event, DecodeError> {
        let facts = EventFacts {
            id: self.event_ticker,
            title: self.title,
            series: read::filled(self.series_ticker),
            source: self
                .settlement_sources
                .and_then(|sources| sources.into_iter().next())
                .map(|source| source.name),
            exclusive: self.mutually_exclusive.unwrap_or(false),
            fee_type: read::filled(self.fee_type_override),
            fee_multiplier: self.fee_multiplier_override.map(|number| number.0),
        };
        let nested = self.markets.unwrap_or_default();
        let markets = nested
            .into_iter()
            .chain(beside.iter().copied())
            .map(|item| RawMarket::read(item).map(|market| market.market(Some(&facts))))
            .collect::<Result<_, _>>()?;
        Ok(Event {
            venue: VENUE,
            group: facts.group(),
            id: facts.id,
            title: facts.title,
            subtitle: self.sub_title.unwrap_or_default(),
            series_id: facts.series,
            category: read::filled(self.category),
            markets,
        })
    }
}

type Pairs = Option<Vec<(serde_json::Value, serde_json::Value)>>;

#[derive(Deserialize)]
struct RawBook {
    orderbook_fp: Option<RawSides>,
    orderbook: Option<RawSides>,
}

#[derive(Deserialize)]
struct RawSides {
    yes_dollars: Pairs,
    no_dollars: Pairs,
    yes: Pairs,
    no: Pairs,
}

impl RawBook {
    fn snapshot(self, market: String) -> Result<BookSnapshot, DecodeError> {
        let sides = self.orderbook_fp.or(self.orderbook).ok_or(DecodeError::Missing {
            venue: VENUE,
            kind: "order book",
            field: "orderbook_fp",
        })?;
        let bids = levels(sides.yes_dollars, sides.yes)?;
        let asks = levels(sides.no_dollars, sides.no)?;
        Ok(BookSnapshot {
            market,
            venue_id: None,
            bids,
            asks: asks.into_iter().map(Level::mirror).collect(),
            tick: None,
            min_size: None,
            venue_at: None,
        })
    }
}

/// The levels of one side: in dollars, or in cents where only those are given.
fn levels(dollars: Pairs, cents: Pairs) -> Result<Vec<Level>, DecodeError> {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let refused = |value: &str, reason: &dyn std::fmt::Display| DecodeError::Value {
        venue: VENUE,
        kind: "order book",
        field: "level",
        value: value.chars().take(64).collect(),
        reason: reason.to_string(),
    };
    let in_cents = dollars.is_none();
    let pairs = dollars.or(cents).unwrap_or_default();
    let mut levels = Vec::with_capacity(pairs.len());
    for (price, size) in &pairs {
        let (price, size) = (text(price), text(size));
        let price = if in_cents {
            price
                .parse()
                .ok()
                .and_then(Price::from_cents)
                .ok_or_else(|| refused(&price, &"not a number of cents from 0 to 100"))?
        } else {
            price.parse().map_err(|error| refused(&price, &error))?
        };
        let size: Quantity = size.parse().map_err(|error| refused(&size, &error))?;
        levels.push(Level { price, size });
    }
    Ok(levels)
}

#[derive(Deserialize)]
struct RawTrade {
    trade_id: String,
    ticker: String,
    #[serde(default, deserialize_with = "read::number_or_none")]
    yes_price_dollars: Option<Number>,
    #[serde(default)]
    yes_price: Option<u32>,
    #[serde(default, deserialize_with = "read::number_or_none")]
    count_fp: Option<Number>,
    #[serde(default, deserialize_with = "read::number_or_none")]
    count: Option<Number>,
    taker_book_side: Option<String>,
    taker_outcome_side: Option<String>,
    taker_side: Option<String>,
    #[serde(default, deserialize_with = "read::time")]
    created_time: Option<OffsetDateTime>,
}

impl RawTrade {
    fn trade(self) -> Result<PastTrade, DecodeError> {
        let missing = |field| DecodeError::Missing { venue: VENUE, kind: "trade", field };
        let price = self
            .yes_price_dollars
            .and_then(Number::price)
            .or_else(|| self.yes_price.and_then(Price::from_cents))
            .ok_or_else(|| missing("yes_price_dollars"))?;
        let size = self
            .count_fp
            .or(self.count)
            .and_then(Number::quantity)
            .ok_or_else(|| missing("count_fp"))?;
        let side = self.taker_book_side.or(self.taker_outcome_side).or(self.taker_side);
        let taker = match side.as_deref() {
            Some("bid" | "yes") => Some(Side::Bid),
            Some("ask" | "no") => Some(Side::Ask),
            _ => None,
        };
        Ok(PastTrade {
            market: self.ticker,
            id: self.trade_id,
            price,
            size,
            taker,
            at: self.created_time.and_then(|at| Timestamp::try_from(at).ok()),
        })
    }
}
