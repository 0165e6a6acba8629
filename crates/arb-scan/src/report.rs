//! The JSON lines of `scan --json`: one object a line, versioned, the same bytes for the same input, as
//! `schema/lines.schema.json` of this crate describes them.

use std::io::{self, Write};

use arb_normalize::books::{BookState, Books};
use arb_normalize::{
    Level, Opportunity, OpportunityLeg, Outcome, Price, Quantity, Timestamp, Usd, Venue,
};
use serde::Serialize;
use serde::ser::SerializeMap;

use crate::quote::{QuoteLeg, WITHIN};
use crate::{Closed, Counts, Quote};

/// The version every line carries.
pub const VERSION: u32 = 1;

/// Writes the line of an opportunity that opened or changed.
///
/// # Errors
/// When the writer fails.
pub fn opportunity(out: &mut impl Write, opportunity: &Opportunity) -> io::Result<()> {
    line(
        out,
        &OpportunityLine {
            v: VERSION,
            kind: "opportunity",
            at_ns: opportunity.at.map_or(0, Timestamp::nanos),
            id: &opportunity.id,
            class: opportunity.class.as_str(),
            pair: &opportunity.pair,
            legs: &opportunity.legs,
            quantity: opportunity.quantity,
            gross_usd: opportunity.gross_usd,
            fees_usd: opportunity.fees_usd,
            net_usd: opportunity.net_usd,
        },
    )
}

/// Writes the line of an opportunity that ended.
///
/// # Errors
/// When the writer fails.
pub fn closed(out: &mut impl Write, closed: &Closed) -> io::Result<()> {
    line(
        out,
        &ClosedLine {
            v: VERSION,
            kind: "closed",
            at_ns: closed.at.map_or(0, Timestamp::nanos),
            id: &closed.id,
            pair: &closed.pair,
            reason: closed.reason.as_str(),
            best_net_usd: closed.best_net_usd,
        },
    )
}

/// Writes the line of a quote.
///
/// # Errors
/// When the writer fails.
pub fn quote(out: &mut impl Write, at: Option<Timestamp>, quote: &Quote<'_>) -> io::Result<()> {
    let chances = quote.fills.map(|fill| ChanceLine {
        within_ms: u64::try_from(fill.within.as_millis()).unwrap_or(u64::MAX),
        chance: fill.chance,
    });
    line(
        out,
        &QuoteLine {
            v: VERSION,
            kind: "quote",
            at_ns: at.map_or(0, Timestamp::nanos),
            pair: quote.pair,
            rest: &quote.rest,
            hedge: &quote.hedge,
            quantity: quote.quantity,
            net_usd: quote.net_usd,
            ahead: quote.ahead,
            fills: chances,
            trades: quote.evidence.trades,
            volume: quote.evidence.volume,
            watched_ms: quote
                .evidence
                .watched
                .map(|watched| u64::try_from(watched.as_millis()).unwrap_or(u64::MAX)),
        },
    )
}

/// Writes the line of a quote that is no more: resting there for that outcome earns nothing, or cannot be judged.
///
/// # Errors
/// When the writer fails.
pub fn quote_gone(
    out: &mut impl Write,
    at: Option<Timestamp>,
    pair: &str,
    venue: Venue,
    outcome: Outcome,
) -> io::Result<()> {
    let at_ns = at.map_or(0, Timestamp::nanos);
    line(out, &QuoteGoneLine { v: VERSION, kind: "quote_gone", at_ns, pair, venue, outcome })
}

/// Writes the last line: counts, and every book of the recording.
///
/// # Errors
/// When the writer fails.
pub fn summary(
    out: &mut impl Write,
    counts: &Counts,
    bad_lines: u64,
    books: &[&Books],
) -> io::Result<()> {
    line(
        out,
        &SummaryLine {
            v: VERSION,
            kind: "summary",
            frames: counts.frames(),
            decoded: counts.decoded,
            unknown: counts.unknown,
            malformed: counts.malformed,
            bad_lines,
            duplicates: counts.duplicates,
            gaps: counts.gaps,
            resyncs: counts.resyncs,
            books: BookLines(books),
            episodes: counts.episodes,
            best_net_usd: counts.best_net_usd,
        },
    )
}

fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct OpportunityLine<'a> {
    v: u32,
    kind: &'static str,
    at_ns: i64,
    id: &'a str,
    class: &'static str,
    pair: &'a str,
    legs: &'a [OpportunityLeg],
    quantity: Quantity,
    gross_usd: Usd,
    fees_usd: Usd,
    net_usd: Usd,
}

#[derive(Serialize)]
struct ClosedLine<'a> {
    v: u32,
    kind: &'static str,
    at_ns: i64,
    id: &'a str,
    pair: &'a str,
    reason: &'static str,
    best_net_usd: Usd,
}

#[derive(Serialize)]
struct SummaryLine<'a> {
    v: u32,
    kind: &'static str,
    frames: u64,
    decoded: u64,
    unknown: u64,
    malformed: u64,
    bad_lines: u64,
    duplicates: u64,
    gaps: u64,
    resyncs: u64,
    books: BookLines<'a>,
    episodes: u64,
    best_net_usd: Option<Usd>,
}

#[derive(Serialize)]
struct QuoteLine<'a> {
    v: u32,
    kind: &'static str,
    at_ns: i64,
    pair: &'a str,
    rest: &'a QuoteLeg<'a>,
    hedge: &'a QuoteLeg<'a>,
    quantity: Quantity,
    net_usd: Usd,
    /// Contracts served before.
    ahead: Quantity,
    fills: [ChanceLine; WITHIN.len()],
    /// What the chances rest on: trades of that market on that side, contracts in them, the time they were watched (null where
    /// the venue's trades are not received).
    trades: u32,
    volume: Quantity,
    watched_ms: Option<u64>,
}

#[derive(Serialize)]
struct ChanceLine {
    within_ms: u64,
    chance: Option<f64>,
}

#[derive(Serialize)]
struct QuoteGoneLine<'a> {
    v: u32,
    kind: &'static str,
    at_ns: i64,
    pair: &'a str,
    venue: Venue,
    outcome: Outcome,
}

/// Books by `venue/market`, in that order.
struct BookLines<'a>(&'a [&'a Books]);

#[derive(Serialize)]
struct BookLine {
    state: BookState,
    best_bid: Option<(Price, Quantity)>,
    best_ask: Option<(Price, Quantity)>,
}

impl Serialize for BookLines<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut lines: Vec<(String, BookLine)> = self
            .0
            .iter()
            .flat_map(|books| books.iter().map(move |(id, tracked)| (books, id, tracked)))
            .map(|(books, id, tracked)| {
                let live = tracked.state() == BookState::Live;
                let touch = |level: Option<Level>| {
                    level.filter(|_| live).map(|level| (level.price, level.size))
                };
                (
                    format!("{}/{}", books.venue(), books.market(id)),
                    BookLine {
                        state: tracked.state(),
                        best_bid: touch(tracked.book().best_bid()),
                        best_ask: touch(tracked.book().best_ask()),
                    },
                )
            })
            .collect();
        lines.sort_by(|a, b| a.0.cmp(&b.0));
        let mut map = serializer.serialize_map(Some(lines.len()))?;
        for (name, line) in &lines {
            map.serialize_entry(name, line)?;
        }
        map.end()
    }
}
