//! Polymarket's Gamma (metadata) and CLOB (books) bodies.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::read::{self, Number};
use super::{BookSnapshot, Event, Page};
use crate::market::{FeeData, Group, Market, MarketKey, MarketOutcome, OutcomeKind, Rules};
use crate::{DecodeError, Level, MarketStatus, Outcome, Price, Quantity, Timestamp, Venue};

const VENUE: Venue = Venue::Polymarket;

/// Reads an array of Gamma markets (`GET /markets`).
///
/// # Errors
/// When the body is not an array; a market that cannot be read is in [`Page::refused`].
pub fn gamma_markets(body: &[u8]) -> Result<Page<Market>, DecodeError> {
    let items: Vec<&RawValue> = read::json(VENUE, "markets", body)?;
    Ok(Page::read(&items, None, |item| read_market(item)?.market(None)))
}

/// Reads the body of `GET /markets/keyset`.
///
/// # Errors
/// When the body is not such a page; a market that cannot be read is in [`Page::refused`].
pub fn gamma_markets_page(body: &[u8]) -> Result<Page<Market>, DecodeError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        markets: Vec<&'a RawValue>,
        #[serde(default)]
        next_cursor: Option<String>,
    }
    let body: Body<'_> = read::json(VENUE, "markets page", body)?;
    Ok(Page::read(&body.markets, read::filled(body.next_cursor), |item| {
        read_market(item)?.market(None)
    }))
}

/// Reads one Gamma market.
///
/// # Errors
/// When the body is not such a market.
pub fn gamma_market(body: &[u8]) -> Result<Market, DecodeError> {
    let raw: RawMarket = read::json(VENUE, "market", body)?;
    raw.market(None)
}

/// Reads one Gamma event with its markets.
///
/// # Errors
/// When the body is not such an event, or one of its markets cannot be read.
pub fn gamma_event(body: &[u8]) -> Result<Event, DecodeError> {
    let raw: RawEvent<'_> = read::json(VENUE, "event", body)?;
    raw.event()
}

/// Reads a list of Gamma events: an array, or the body of `GET /events/keyset`.
///
/// # Errors
/// When the body is neither; an event that cannot be read is in [`Page::refused`].
pub fn gamma_events(body: &[u8]) -> Result<Page<Event>, DecodeError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        events: Vec<&'a RawValue>,
        #[serde(default)]
        next_cursor: Option<String>,
    }
    let body = if body.trim_ascii_start().starts_with(b"[") {
        Body { events: read::json(VENUE, "events", body)?, next_cursor: None }
    } else {
        read::json(VENUE, "events page", body)?
    };
    Ok(Page::read(&body.events, read::filled(body.next_cursor), |item| {
        let raw: RawEvent<'_> = read::json(VENUE, "event", item.get().as_bytes())?;
        raw.event()
    }))
}

/// Reads the body of `GET /book`.
///
/// # Errors
/// When the body is not such a book, or a level cannot be held exactly.
pub fn clob_book(body: &[u8]) -> Result<BookSnapshot, DecodeError> {
    let raw: RawBook = read::json(VENUE, "book", body)?;
    raw.snapshot()
}

/// Reads the body of `POST /books`; tokens without a book are left out by the venue, and the order is its own.
///
/// # Errors
/// When the body is not such a list, or a level cannot be held exactly.
pub fn clob_books(body: &[u8]) -> Result<Vec<BookSnapshot>, DecodeError> {
    let raw: Vec<RawBook> = read::json(VENUE, "books", body)?;
    raw.into_iter().map(RawBook::snapshot).collect()
}

/// What the CLOB says about a market (`GET /clob-markets/{condition}`): fees and limits as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClobMarket {
    /// The condition id.
    pub condition_id: String,
    /// Tokens and labels, the first outcome first.
    pub tokens: Vec<(String, String)>,
    /// The smallest order.
    pub min_size: Option<Quantity>,
    /// The price step.
    pub tick: Option<Price>,
    /// Whether orders are taken.
    pub accepting_orders: bool,
    /// Whether it belongs to a neg-risk group.
    pub neg_risk: bool,
    /// The fee schedule.
    pub fees: FeeData,
    /// How long a marketable order waits, in seconds.
    pub taker_delay_s: Option<Decimal>,
}

/// Reads the body of `GET /clob-markets/{condition}`.
///
/// # Errors
/// When the body is not such a market.
pub fn clob_market(body: &[u8]) -> Result<ClobMarket, DecodeError> {
    #[derive(Deserialize)]
    struct Body {
        c: String,
        #[serde(default)]
        t: Vec<Token>,
        #[serde(default, deserialize_with = "read::number_or_none")]
        mos: Option<Number>,
        #[serde(default, deserialize_with = "read::number_or_none")]
        mts: Option<Number>,
        #[serde(default)]
        ao: bool,
        #[serde(default)]
        nr: bool,
        fd: Option<Fee>,
        #[serde(default, deserialize_with = "read::number_or_none")]
        sd: Option<Number>,
    }
    #[derive(Deserialize)]
    struct Token {
        t: String,
        #[serde(default)]
        o: String,
    }
    #[derive(Deserialize)]
    struct Fee {
        r: Number,
        e: Number,
    }
    let body: Body = read::json(VENUE, "clob market", body)?;
    Ok(ClobMarket {
        condition_id: body.c,
        tokens: body.t.into_iter().map(|token| (token.t, token.o)).collect(),
        min_size: body.mos.and_then(Number::quantity),
        tick: body.mts.and_then(Number::price),
        accepting_orders: body.ao,
        neg_risk: body.nr,
        fees: body.fd.map_or(FeeData::Unknown, |fee| FeeData::Polymarket {
            rate: fee.r.0,
            exponent: fee.e.0,
        }),
        taker_delay_s: body.sd.map(|number| number.0),
    })
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RawMarket {
    condition_id: String,
    question: String,
    slug: Option<String>,
    description: Option<String>,
    resolution_source: Option<String>,
    #[serde(deserialize_with = "read::time")]
    start_date: Option<OffsetDateTime>,
    #[serde(deserialize_with = "read::time")]
    end_date: Option<OffsetDateTime>,
    #[serde(deserialize_with = "read::time")]
    game_start_time: Option<OffsetDateTime>,
    #[serde(deserialize_with = "read::list")]
    outcomes: Vec<String>,
    #[serde(deserialize_with = "read::list")]
    outcome_prices: Vec<serde_json::Value>,
    #[serde(deserialize_with = "read::list")]
    clob_token_ids: Vec<String>,
    #[serde(deserialize_with = "read::list")]
    position_ids: Vec<String>,
    version: Option<String>,
    active: Option<bool>,
    closed: Option<bool>,
    archived: Option<bool>,
    enable_order_book: Option<bool>,
    accepting_orders: Option<bool>,
    uma_resolution_status: Option<String>,
    #[serde(deserialize_with = "read::number_or_none")]
    order_price_min_tick_size: Option<Number>,
    #[serde(deserialize_with = "read::number_or_none")]
    order_min_size: Option<Number>,
    neg_risk: Option<bool>,
    #[serde(rename = "negRiskMarketID")]
    neg_risk_market_id: Option<String>,
    fees_enabled: Option<bool>,
    fee_schedule: Option<RawFees>,
    #[serde(deserialize_with = "read::number_or_none")]
    volume: Option<Number>,
    #[serde(deserialize_with = "read::number_or_none")]
    liquidity: Option<Number>,
    #[serde(deserialize_with = "read::number_or_none")]
    last_trade_price: Option<Number>,
    events: Option<Vec<EventFacts>>,
    #[serde(rename = "event_title")]
    event_title: Option<String>,
}

#[derive(Deserialize)]
struct RawFees {
    exponent: Number,
    rate: Number,
}

/// What a market says of, or inherits from, its event.
#[derive(Deserialize, Default, Clone)]
#[serde(default, rename_all = "camelCase")]
struct EventFacts {
    slug: Option<String>,
    title: Option<String>,
    neg_risk_augmented: Option<bool>,
}

fn read_market(item: &RawValue) -> Result<RawMarket, DecodeError> {
    read::json(VENUE, "market", item.get().as_bytes())
}

impl RawMarket {
    fn market(self, event: Option<&EventFacts>) -> Result<Market, DecodeError> {
        let missing = |field| DecodeError::Missing { venue: VENUE, kind: "market", field };
        if self.condition_id.is_empty() {
            return Err(missing("conditionId"));
        }
        if self.outcomes.len() != 2 {
            return Err(missing("two outcomes"));
        }
        let (status, status_word) = self.status();
        let outcomes = self.market_outcomes();
        let binary = outcomes[0].label.eq_ignore_ascii_case("yes")
            && outcomes[1].label.eq_ignore_ascii_case("no");
        let fees = self.fees();
        let own = self.events.and_then(|events| events.into_iter().next()).unwrap_or_default();
        let event = event.unwrap_or(&own);
        let group = read::filled(self.neg_risk_market_id)
            .filter(|_| self.neg_risk == Some(true))
            // Only where the venue says that nothing was left out for later; unknown counts as left out.
            .map(|id| Group {
                id,
                exclusive: true,
                exhaustive: event.neg_risk_augmented == Some(false),
            });
        Ok(Market {
            key: MarketKey { venue: VENUE, id: self.condition_id },
            slug: read::filled(self.slug),
            event_id: read::filled(event.slug.clone()),
            series_id: None,
            title: self.question,
            event_title: read::filled(event.title.clone())
                .or_else(|| read::filled(self.event_title)),
            outcomes: outcomes.into(),
            rules: Rules {
                primary: self.description.unwrap_or_default(),
                secondary: String::new(),
                source: read::filled(self.resolution_source),
            },
            strike: None,
            status,
            status_word,
            kind: if binary { OutcomeKind::Binary } else { OutcomeKind::Categorical },
            open_at: self.start_date,
            close_at: self.end_date,
            expected_resolution_at: self.game_start_time.max(self.end_date),
            volume: self.volume.map(|number| number.0),
            liquidity: self.liquidity.and_then(Number::usd),
            ticks: self
                .order_price_min_tick_size
                .and_then(Number::price)
                .map_or_else(Vec::new, read::whole_range),
            min_size: self.order_min_size.and_then(Number::quantity),
            fees,
            group,
            multi_leg: false,
        })
    }

    /// The state, and the venue's words for it. It has no single field for it.
    fn status(&self) -> (MarketStatus, String) {
        let uma = self.uma_resolution_status.as_deref().unwrap_or_default();
        let (status, word) = if self.closed == Some(true) {
            (MarketStatus::Settled, if uma.is_empty() { "closed" } else { uma })
        } else {
            match uma {
                "resolved" => (MarketStatus::Settled, uma),
                "proposed" => (MarketStatus::Determined, uma),
                "disputed" | "challenged" | "reproposed" => (MarketStatus::Disputed, uma),
                "" if self.archived == Some(true) => (MarketStatus::Closed, "archived"),
                "" if self.active != Some(true) => (MarketStatus::Upcoming, "inactive"),
                "" if self.accepting_orders == Some(false)
                    || self.enable_order_book == Some(false) =>
                {
                    (MarketStatus::Paused, "not accepting orders")
                }
                "" => (MarketStatus::Active, "active"),
                other => (MarketStatus::Unknown, other),
            }
        };
        (status, word.to_owned())
    }

    fn market_outcomes(&self) -> [MarketOutcome; 2] {
        // By version, never by which ids are there: many v1 markets carry position ids that have no book.
        let tokens = if self.version.as_deref() == Some("v2") && self.position_ids.len() == 2 {
            &self.position_ids
        } else {
            &self.clob_token_ids
        };
        let last = self.last_trade_price.and_then(Number::price);
        let outcome = |index: usize, side: Outcome| {
            let listed = self.outcome_prices.get(index).and_then(|price| {
                let text = price.as_str().map_or_else(|| price.to_string(), str::to_owned);
                text.parse::<Price>().ok()
            });
            // The last trade is told in prices of the first outcome.
            let traded = last.map(|price| match side {
                Outcome::Yes => price,
                Outcome::No => price.complement(),
            });
            MarketOutcome {
                side,
                label: self.outcomes.get(index).cloned().unwrap_or_default(),
                token: tokens.get(index).filter(|token| !token.is_empty()).cloned(),
                last: traded.or(listed),
            }
        };
        [outcome(0, Outcome::Yes), outcome(1, Outcome::No)]
    }

    fn fees(&self) -> FeeData {
        match (self.fees_enabled, &self.fee_schedule) {
            (Some(false), _) => FeeData::Polymarket { rate: Decimal::ZERO, exponent: Decimal::ONE },
            (_, Some(fees)) => FeeData::Polymarket { rate: fees.rate.0, exponent: fees.exponent.0 },
            _ => FeeData::Unknown,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEvent<'a> {
    #[serde(default)]
    slug: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    neg_risk: Option<bool>,
    #[serde(default, rename = "negRiskMarketID")]
    neg_risk_market_id: Option<String>,
    #[serde(default)]
    neg_risk_augmented: Option<bool>,
    #[serde(borrow, default)]
    markets: Option<Vec<&'a RawValue>>,
}

impl RawEvent<'_> {
    fn event(self) -> Result<Event, DecodeError> {
        let facts = EventFacts {
            slug: self.slug.clone(),
            title: self.title.clone(),
            neg_risk_augmented: self.neg_risk_augmented,
        };
        let markets = self
            .markets
            .unwrap_or_default()
            .into_iter()
            .map(|item| read_market(item)?.market(Some(&facts)))
            .collect::<Result<_, _>>()?;
        let group = read::filled(self.neg_risk_market_id)
            .filter(|_| self.neg_risk == Some(true))
            .map(|id| Group {
                id,
                exclusive: true,
                exhaustive: self.neg_risk_augmented == Some(false),
            });
        Ok(Event {
            venue: VENUE,
            id: read::filled(self.slug).ok_or(DecodeError::Missing {
                venue: VENUE,
                kind: "event",
                field: "slug",
            })?,
            title: self.title.unwrap_or_default(),
            subtitle: self.description.unwrap_or_default(),
            series_id: None,
            category: None,
            group,
            markets,
        })
    }
}

#[derive(Deserialize)]
struct RawBook {
    market: Option<String>,
    asset_id: String,
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(default)]
    bids: Option<Vec<RawLevel>>,
    #[serde(default)]
    asks: Option<Vec<RawLevel>>,
    #[serde(default, deserialize_with = "read::number_or_none")]
    min_order_size: Option<Number>,
    #[serde(default, deserialize_with = "read::number_or_none")]
    tick_size: Option<Number>,
}

#[derive(Deserialize)]
struct RawLevel {
    price: Price,
    size: Quantity,
}

impl RawBook {
    fn snapshot(self) -> Result<BookSnapshot, DecodeError> {
        let levels = |levels: Option<Vec<RawLevel>>| {
            let levels = levels.unwrap_or_default().into_iter();
            levels.map(|level| Level { price: level.price, size: level.size }).collect()
        };
        let venue_at = match self.timestamp.as_deref() {
            None | Some("") => None,
            Some(text) => match text.parse() {
                Ok(millis) => Timestamp::from_millis(millis),
                Err(error) => {
                    return Err(read::refused(VENUE, "book timestamp", error));
                }
            },
        };
        Ok(BookSnapshot {
            market: self.asset_id,
            venue_id: read::filled(self.market),
            bids: levels(self.bids),
            asks: levels(self.asks),
            tick: self.tick_size.and_then(Number::price),
            min_size: self.min_order_size.and_then(Number::quantity),
            venue_at,
        })
    }
}
