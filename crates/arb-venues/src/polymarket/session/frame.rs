//! What a frame of the market channel is about.

use serde::Deserialize;

/// What the member names before its text, in the form without white space that the venue sends.
const ASSET: &[u8] = br#""asset_id":""#;
const STAMP: &[u8] = br#""timestamp":""#;

/// The texts of every `asset_id` in a frame, without a parse: inside a JSON string its quotes would be escaped, so what
/// looks like the member is the member.
pub(super) fn assets(payload: &[u8]) -> impl Iterator<Item = &str> {
    texts(payload, ASSET)
}

/// The frame's own stamp, in milliseconds since 1970: the last one in it.
pub(super) fn stamped_ms(payload: &[u8]) -> Option<i64> {
    texts(payload, STAMP).last()?.parse().ok()
}

fn texts<'a>(payload: &'a [u8], member: &'static [u8]) -> impl Iterator<Item = &'a str> {
    let mut rest = payload;
    std::iter::from_fn(move || {
        let start = rest.windows(member.len()).position(|here| here == member)? + member.len();
        let text = &rest[start..];
        let end = text.iter().position(|byte| *byte == b'"')?;
        rest = &text[end..];
        std::str::from_utf8(&text[..end]).ok()
    })
}

/// Whether a frame holds whole books: nothing else has both sides.
pub(super) fn has_book(payload: &[u8]) -> bool {
    let has = |member: &[u8]| payload.windows(member.len()).any(|here| here == member);
    has(br#""bids""#) && has(br#""asks""#)
}

/// Whether a frame begins and ends like JSON: one that was cut short does not.
pub(super) fn is_whole(payload: &[u8]) -> bool {
    let text = payload.trim_ascii();
    matches!((text.first(), text.last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')))
}

/// Any message of the venue, read whole.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Messages {
    One(Message),
    Many(Vec<Message>),
    Other(serde::de::IgnoredAny),
}

/// The members that concern a session.
#[derive(Deserialize)]
pub(super) struct Message {
    #[serde(default)]
    asset_id: Option<String>,
    #[serde(default)]
    price_changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    asset_id: Option<String>,
}

impl Messages {
    /// Every asset it names.
    pub(super) fn assets(&self) -> impl Iterator<Item = &str> {
        let messages = match self {
            Self::One(message) => std::slice::from_ref(message),
            Self::Many(messages) => messages,
            Self::Other(_) => &[],
        };
        messages.iter().flat_map(|message| {
            let changed = message.price_changes.iter().map(|change| change.asset_id.as_deref());
            std::iter::once(message.asset_id.as_deref()).chain(changed).flatten()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_are_found_without_a_parse_and_nowhere_else() {
        let frame = br#"{"market":"0x1","price_changes":[{"asset_id":"11","price":"0.4"},{"asset_id":"22","price":"0.6"}],"timestamp":"1795187045120","event_type":"price_change"}"#;
        assert_eq!(assets(frame).collect::<Vec<_>>(), ["11", "22"]);
        assert_eq!(stamped_ms(frame), Some(1_795_187_045_120));
        let quoted = br#"{"question":"\"asset_id\":\"33\"","timestamp":"soon"}"#;
        assert_eq!(assets(quoted).count(), 0);
        assert_eq!(stamped_ms(quoted), None);
        let spaced = br#"[{"asset_id": "44", "price_changes": [{"asset_id" : "55"}]}]"#;
        assert_eq!(assets(spaced).count(), 0);
        let read: Messages = serde_json::from_slice(spaced).unwrap();
        assert_eq!(read.assets().collect::<Vec<_>>(), ["44", "55"]);
        assert!(
            is_whole(frame) && is_whole(spaced) && !is_whole(&frame[..90]) && !is_whole(b"PING")
        );
    }
}
