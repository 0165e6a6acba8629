//! What a frame of the venue is about, as far as the session needs to know.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A snapshot or a delta of one market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BookFrame<'a> {
    pub(super) sid: u64,
    pub(super) seq: u64,
    pub(super) is_snapshot: bool,
    pub(super) market: &'a str,
    /// When the venue made it, in milliseconds since 1970, where it says so.
    pub(super) stamped_ms: Option<i64>,
}

/// Reads the ends of a book frame whose members stand in the usual order, without looking at what lies between; `None`
/// for anything else, which [`other`] then reads whole. Whether the levels can be read is the decoder's business.
pub(super) fn book(payload: &[u8]) -> Option<BookFrame<'_>> {
    let rest = payload.strip_prefix(br#"{"type":"orderbook_"#)?;
    let (is_snapshot, rest) = match rest.strip_prefix(br#"delta","sid":"#) {
        Some(rest) => (false, rest),
        None => (true, rest.strip_prefix(br#"snapshot","sid":"#)?),
    };
    let (sid, rest) = leading_number(rest)?;
    let (seq, rest) = leading_number(rest.strip_prefix(br#","seq":"#)?)?;
    let rest = rest.strip_prefix(br#","msg":{"market_ticker":""#)?;
    let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    if rest.get(end) != Some(&b'"') {
        return None;
    }
    let market = std::str::from_utf8(rest.get(..end)?).ok()?;
    // A frame that was cut short is not one.
    let body = payload.strip_suffix(b"}}")?;
    let digits = body.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (before, millis) = body.split_at(body.len() - digits);
    let stamped_ms = before
        .ends_with(br#","ts_ms":"#)
        .then(|| leading_number(millis))
        .flatten()
        .and_then(|(millis, _)| i64::try_from(millis).ok());
    Some(BookFrame { sid, seq, is_snapshot, market, stamped_ms })
}

fn leading_number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // Nineteen digits fit 64 bits.
    if !(1..=19).contains(&digits) {
        return None;
    }
    let (number, rest) = text.split_at(digits);
    let value = number.iter().fold(0_u64, |value, digit| value * 10 + u64::from(digit - b'0'));
    Some((value, rest))
}

/// Any message of the venue.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OtherFrame<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'a, str>,
    pub(super) id: Option<u64>,
    pub(super) sid: Option<u64>,
    pub(super) seq: Option<u64>,
    #[serde(borrow)]
    msg: Option<&'a RawValue>,
}

/// The members of `msg` that concern a session.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields<'a> {
    #[serde(borrow)]
    pub(super) market_ticker: Option<Cow<'a, str>>,
    pub(super) sid: Option<u64>,
    pub(super) code: Option<u32>,
    pub(super) ts_ms: Option<i64>,
}

impl<'a> OtherFrame<'a> {
    /// `msg` as an object; empty where it is something else.
    pub(super) fn fields(&self) -> Fields<'a> {
        self.msg.and_then(|msg| serde_json::from_str(msg.get()).ok()).unwrap_or_default()
    }
}

/// Reads any message. JSON of another shape is a message without a kind: it is none of ours and costs no book anything.
///
/// # Errors
/// When it is not JSON.
pub(super) fn other(payload: &[u8]) -> Result<OtherFrame<'_>, serde_json::Error> {
    match serde_json::from_slice(payload) {
        Ok(frame) => Ok(frame),
        Err(_) => serde_json::from_slice::<&RawValue>(payload).map(|_| OtherFrame::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_order_is_read_without_a_parse_and_says_the_same() {
        let delta = br#"{"type":"orderbook_delta","sid":12,"seq":345,"msg":{"market_ticker":"KXFED-27APR-T4.25","market_id":"c1","price_dollars":"0.4300","delta_fp":"-25.00","side":"yes","ts":"2026-11-20T15:04:05Z","ts_ms":1795187045123}}"#;
        let read = book(delta).unwrap();
        let whole = other(delta).unwrap();
        let fields = whole.fields();
        assert_eq!((Some(read.sid), Some(read.seq)), (whole.sid, whole.seq));
        assert_eq!(Some(read.market), fields.market_ticker.as_deref());
        assert_eq!(read.stamped_ms, fields.ts_ms);
        assert!(!read.is_snapshot && whole.kind == "orderbook_delta");
        let snapshot = br#"{"type":"orderbook_snapshot","sid":1,"seq":2,"msg":{"market_ticker":"A","market_id":"x","yes_dollars_fp":[["0.42","3.00"]]}}"#;
        let read = book(snapshot).unwrap();
        assert_eq!((read.is_snapshot, read.market, read.stamped_ms), (true, "A", None));
    }

    #[test]
    fn anything_else_is_read_whole_or_refused() {
        for text in [
            r#"{"type":"orderbook_delta","sid":1,"seq":2,"msg":{"market_ticker":"A","#,
            r#"{"type":"orderbook_delta","sid":,"seq":2,"msg":{"market_ticker":"A"}}"#,
            r#"{"type":"orderbook_delta","sid":1,"seq":2,"msg":{"market_ticker":"A}}"#,
            "{]\u{fffd}#! not json",
        ] {
            assert_eq!(book(text.as_bytes()), None, "{text}");
            assert!(other(text.as_bytes()).is_err(), "{text}");
        }
        let shuffled = br#"{"sid":1,"seq":2,"type":"orderbook_delta","msg":{"market_ticker":"A\u0042","ts_ms":5}}"#;
        assert_eq!(book(shuffled), None);
        let read = other(shuffled).unwrap();
        assert_eq!(read.fields().market_ticker.as_deref(), Some("AB"));
        assert!(other(br#"{"type":7,"sid":"one"}"#).unwrap().kind.is_empty());
        assert!(other(b"[1,2]").unwrap().kind.is_empty());
    }
}
