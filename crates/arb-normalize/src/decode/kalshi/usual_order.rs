//! The frequent messages in the member orders seen on the wire, read in one go.

use super::{Sent, to_yes};
use crate::decode::Sequence;
use crate::decode::scratch::{Event, Scratch, Span, Text};
use crate::json::{Cursor, Token};
use crate::{Level, Outcome, Price, Quantity, QuantityChange, Timestamp};

/// Reads a delta or snapshot whose members stand in a known order, `None` for anything else (which the general reader then
/// reads: this one refuses nothing and decides nothing by itself; what it left in the scratch is to be thrown away then).
#[inline]
pub(super) fn book(cursor: &Cursor<'_>, scratch: &mut Scratch, sent: &Sent) -> Option<Sequence> {
    let mut cursor = cursor.clone();
    let cursor = &mut cursor;
    let is_delta = cursor.take(br#"{"type":"orderbook_delta","sid":"#);
    (is_delta || cursor.take(br#"{"type":"orderbook_snapshot","sid":"#)).then_some(())?;
    let sid = digits(cursor)?;
    cursor.take(br#","seq":"#).then_some(())?;
    let seq = digits(cursor)?;
    cursor.take(br#","msg":{""#).then_some(())?;
    let event = if is_delta {
        delta(cursor, scratch, sent, sid)
    } else {
        snapshot(cursor, scratch, sent, sid)
    };
    scratch.events.push(event?);
    (cursor.at() == cursor.text().len()).then_some(Sequence { sid, seq })
}

#[inline]
fn delta(cursor: &mut Cursor<'_>, scratch: &mut Scratch, sent: &Sent, sid: u64) -> Option<Event> {
    // As documented, or in alphabetical order (recordings of May 2026).
    let (market, price, change) = if cursor.take(br#"market_ticker":""#) {
        let market = cursor.plain_until_quote()?;
        pass_text(cursor, br#","market_id":""#)?;
        cursor.take(br#","price_dollars":""#).then_some(())?;
        let price = cursor.micros_until_quote()?;
        cursor.take(br#","delta_fp":""#).then_some(())?;
        (market, price, signed_micros(cursor)?)
    } else {
        cursor.take(br#"delta_fp":""#).then_some(())?;
        let change = signed_micros(cursor)?;
        pass_text(cursor, br#","market_id":""#)?;
        let market = text(cursor, br#","market_ticker":""#)?;
        cursor.take(br#","price_dollars":""#).then_some(())?;
        (market, cursor.micros_until_quote()?, change)
    };
    let outcome = if cursor.take(br#","side":"yes""#) {
        Outcome::Yes
    } else if cursor.take(br#","side":"no""#) {
        Outcome::No
    } else {
        return None;
    };
    if cursor.take(br#","ts":""#) {
        cursor.plain_until_quote()?;
    }
    cursor.take(br#","ts_ms":"#).then_some(())?;
    let millis = digits(cursor)?;
    cursor.take(b"}}").then_some(())?;
    // Zero is counted as drift, and an empty ticker refused, by the general reader.
    (change != 0 && market.start != market.end).then_some(())?;
    let venue_at = Some(Timestamp::from_millis(i64::try_from(millis).ok()?)?);
    let market: Text = scratch.text(cursor, market).ok()?;
    let (side, price) = to_yes(sent, sid, outcome, Price::from_wide_micros(price)?);
    Some(Event::Delta {
        market,
        side,
        price,
        change: QuantityChange::from_micros(change),
        venue_at,
    })
}

fn snapshot(
    cursor: &mut Cursor<'_>,
    scratch: &mut Scratch,
    sent: &Sent,
    sid: u64,
) -> Option<Event> {
    // As documented, or in alphabetical order; a side without levels is absent.
    let documented = cursor.take(br#"market_ticker":""#);
    (documented || cursor.take(br#"market_id":""#)).then_some(())?;
    let first = cursor.plain_until_quote()?;
    let (market, id) = if documented {
        (first, text(cursor, br#","market_id":""#)?)
    } else {
        (text(cursor, br#","market_ticker":""#)?, first)
    };
    (market.start != market.end).then_some(())?;
    let (mut bids, mut asks) = (Span::default(), Span::default());
    loop {
        if bids.end == 0 && cursor.take(br#","yes_dollars_fp":["#) {
            bids = levels(cursor, scratch)?;
        } else if asks.end == 0 && cursor.take(br#","no_dollars_fp":["#) {
            asks = levels(cursor, scratch)?;
        } else {
            cursor.take(b"}}").then_some(())?;
            break;
        }
    }
    if !sent.yes_prices(sid) {
        for level in &mut scratch.levels[asks.start as usize..asks.end as usize] {
            *level = level.mirror();
        }
    }
    let market = scratch.text(cursor, market).ok()?;
    let venue_id = Some(scratch.text(cursor, id).ok()?);
    Some(Event::Snapshot { market, venue_id, bids, asks, tick: None, venue_at: None })
}

/// Reads at least one level, up to the end of the list.
#[inline]
fn levels(cursor: &mut Cursor<'_>, scratch: &mut Scratch) -> Option<Span> {
    let start = scratch.levels.len();
    loop {
        cursor.take(b"[\"").then_some(())?;
        let price = Price::from_wide_micros(cursor.micros_until_quote()?)?;
        cursor.take(b",\"").then_some(())?;
        let size = Quantity::from_micros(cursor.micros_until_quote()?)?;
        scratch.levels.push(Level { price, size });
        if cursor.take(b"]]") {
            return Some(scratch.levels_from(start));
        }
        cursor.take(b"],").then_some(())?;
    }
}

#[inline]
fn signed_micros(cursor: &mut Cursor<'_>) -> Option<i64> {
    let negative = cursor.take(b"-");
    let micros = i64::try_from(cursor.micros_until_quote()?).ok()?;
    Some(if negative { -micros } else { micros })
}

#[inline]
fn text(cursor: &mut Cursor<'_>, before: &[u8]) -> Option<Token> {
    if cursor.take(before) { cursor.plain_until_quote() } else { None }
}

#[inline]
fn pass_text(cursor: &mut Cursor<'_>, before: &[u8]) -> Option<()> {
    text(cursor, before).map(|_| ())
}

/// Takes a JSON whole number of at most 18 digits, without a leading zero unless it is 0.
#[inline]
fn digits(cursor: &mut Cursor<'_>) -> Option<u64> {
    let (value, length) = cursor.leading_digits();
    ((1..=18).contains(&length) && (length == 1 || !cursor.starts_with(b'0'))).then(|| {
        cursor.advance(length);
        value
    })
}
