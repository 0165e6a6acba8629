//! The frequent message in the member orders seen on the wire, read in one go.

use super::{Sent, to_yes};
use crate::decode::Sequence;
use crate::decode::scratch::{Event, Scratch, Text};
use crate::json::{Cursor, Token};
use crate::{Outcome, Price, QuantityChange, Timestamp};

/// Reads a delta whose members stand in a known order, `None` for anything else (which the general reader then reads:
/// this one refuses nothing and decides nothing by itself).
#[inline]
pub(super) fn delta(cursor: &Cursor<'_>, scratch: &mut Scratch, sent: &Sent) -> Option<Sequence> {
    let mut cursor = cursor.clone();
    let cursor = &mut cursor;
    cursor.take(br#"{"type":"orderbook_delta","sid":"#).then_some(())?;
    let sid = digits(cursor)?;
    cursor.take(br#","seq":"#).then_some(())?;
    let seq = digits(cursor)?;
    cursor.take(br#","msg":{""#).then_some(())?;
    // As documented, or in alphabetical order (recordings of May 2026).
    let (market, price, change) = if cursor.take(br#"market_ticker":""#) {
        let market = cursor.plain_until_quote()?;
        pass_text(cursor, br#","market_id":""#)?;
        let price = text(cursor, br#","price_dollars":""#)?;
        let change = text(cursor, br#","delta_fp":""#)?;
        (market, price, change)
    } else {
        let change = text(cursor, br#"delta_fp":""#)?;
        pass_text(cursor, br#","market_id":""#)?;
        let market = text(cursor, br#","market_ticker":""#)?;
        let price = text(cursor, br#","price_dollars":""#)?;
        (market, price, change)
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
    (cursor.take(b"}}") && cursor.at() == cursor.text().len()).then_some(())?;
    let price = Price::parse(cursor.raw_bytes(price)).ok()?;
    let change = QuantityChange::parse(cursor.raw_bytes(change)).ok()?;
    // Zero is counted as drift, and an empty ticker refused, by the general reader.
    (change.micros() != 0 && market.start != market.end).then_some(())?;
    let venue_at = Some(Timestamp::from_millis(i64::try_from(millis).ok()?)?);
    let market: Text = scratch.text(cursor, market).ok()?;
    let (side, price) = to_yes(sent, sid, outcome, price);
    scratch.events.push(Event::Delta { market, side, price, change, venue_at });
    Some(Sequence { sid, seq })
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
