//! The frequent message in the member order seen on the wire, read in one go.

use super::{Change, is_quote};
use crate::decode::scratch::Scratch;
use crate::json::Cursor;
use crate::{Level, Price, Quantity, Side, Timestamp};

/// Reads a price change whose members stand in a known order, `None` for anything else (which the general reader
/// then reads: this one refuses nothing and decides nothing by itself; its events are to be thrown away then).
#[inline]
pub(super) fn price_change(cursor: &Cursor<'_>, scratch: &mut Scratch) -> Option<()> {
    let mut cursor = cursor.clone();
    let cursor = &mut cursor;
    let kind_first = cursor.take(br#"{"event_type":"price_change","market":""#);
    (kind_first || cursor.take(br#"{"market":""#)).then_some(())?;
    cursor.plain_until_quote()?;
    cursor.take(br#","price_changes":"#).then_some(())?;
    changes(cursor, scratch)?;
    cursor.take(br#","timestamp":""#).then_some(())?;
    let (millis, length) = cursor.leading_digits();
    cursor.advance(length);
    let end: &[u8] = if kind_first { b"\"}" } else { br#"","event_type":"price_change"}"# };
    (length <= 18 && cursor.take(end) && cursor.at() == cursor.text().len()).then_some(())?;
    let at = Timestamp::from_millis(i64::try_from(millis).ok()?)?;
    for event in &mut scratch.events {
        event.set_venue_at(at);
    }
    Some(())
}

/// Reads a list of changes, without the time that stands behind it, `None` where any of it is unusual.
#[inline]
pub(super) fn changes(cursor: &mut Cursor<'_>, scratch: &mut Scratch) -> Option<()> {
    cursor.take(b"[").then_some(())?;
    loop {
        let change = change(cursor, scratch)?;
        scratch.events.push(change.event(None));
        if cursor.take(b"]") {
            return Some(());
        }
        cursor.take(b",").then_some(())?;
    }
}

/// Reads a list of levels, `None` where any of it is unusual.
#[inline]
pub(super) fn levels(cursor: &mut Cursor<'_>, levels: &mut Vec<Level>) -> Option<()> {
    cursor.take(b"[").then_some(())?;
    if cursor.take(b"]") {
        return Some(());
    }
    loop {
        cursor.take(br#"{"price":""#).then_some(())?;
        let price = price(cursor)?;
        cursor.take(br#","size":""#).then_some(())?;
        let size = quantity(cursor)?;
        levels.push(Level { price, size });
        if cursor.take(b"}]") {
            return Some(());
        }
        cursor.take(b"},").then_some(())?;
    }
}

#[inline]
fn change(cursor: &mut Cursor<'_>, scratch: &mut Scratch) -> Option<Change> {
    cursor.take(br#"{"asset_id":""#).then_some(())?;
    let asset = cursor.plain_until_quote()?;
    cursor.take(br#","price":""#).then_some(())?;
    let price = price(cursor)?;
    cursor.take(br#","size":""#).then_some(())?;
    let size = quantity(cursor)?;
    let side = if cursor.take(br#","side":"BUY""#) {
        Side::Bid
    } else if cursor.take(br#","side":"SELL""#) {
        Side::Ask
    } else {
        return None;
    };
    if cursor.take(br#","hash":""#) {
        cursor.plain_until_quote()?;
    }
    cursor.take(br#","best_bid":""#).then_some(())?;
    let bid = price_or_none(cursor)?;
    cursor.take(br#","best_ask":""#).then_some(())?;
    let best = Some((bid, price_or_none(cursor)?));
    (cursor.take(b"}") && asset.start != asset.end).then_some(())?;
    Some(Change { market: scratch.text(cursor, asset).ok()?, side, price, size, best })
}

#[inline]
fn price(cursor: &mut Cursor<'_>) -> Option<Price> {
    Price::from_wide_micros(cursor.micros_until_quote()?)
}

#[inline]
fn quantity(cursor: &mut Cursor<'_>) -> Option<Quantity> {
    Quantity::from_micros(cursor.micros_until_quote()?)
}

#[inline]
fn price_or_none(cursor: &mut Cursor<'_>) -> Option<Option<Price>> {
    if cursor.take(b"\"") {
        return Some(None);
    }
    price(cursor).map(|price| is_quote(price).then_some(price))
}
