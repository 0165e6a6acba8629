//! Captures: recordings of what was received and sent, as JSON Lines.

mod reader;
mod recorder;
mod writer;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use self::reader::{BadLine, CaptureReader};
pub use self::recorder::{Recorder, RecorderConfig, RecorderStatus, RecorderTap};

/// One line of a capture. The format is described by `schema/capture.schema.json` of this crate.
///
/// ```
/// use arb_ws::capture::Line;
///
/// let text = r#"{"received_at_ns":7,"venue":"kalshi","connection":0,"frame":"{\"a\":1}"}"#;
/// let line = Line::parse(text).unwrap();
/// assert_eq!(line.kind(), "frame");
/// assert_eq!(line.to_json(), text);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Line {
    /// A received message.
    Frame {
        /// Where and when.
        at: At,
        /// The text exactly as received.
        frame: String,
    },
    /// A message we sent.
    Sent {
        /// Where and when.
        at: At,
        /// The text.
        sent: String,
    },
    /// A link was opened.
    Open {
        /// Where and when.
        at: At,
        /// Why, where that is known.
        reason: Option<String>,
    },
    /// A link was lost: the connection's books are suspect.
    Close {
        /// Where and when.
        at: At,
        /// Why, where that is known.
        reason: Option<String>,
    },
    /// An answer of a venue's REST interface.
    Rest {
        /// When the answer was complete, in nanoseconds since the epoch.
        received_at_ns: i64,
        /// The venue.
        venue: String,
        /// What was asked, without secrets.
        rest: String,
        /// HTTP status.
        status: u16,
        /// The answer's body.
        body: String,
    },
    /// Anything about the recording itself.
    Meta {
        /// When, in nanoseconds since the epoch.
        received_at_ns: i64,
        /// What.
        meta: serde_json::Value,
    },
}

/// Where and when a line belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// Nanoseconds since the epoch; 0 is unknown.
    pub received_at_ns: i64,
    /// The venue.
    pub venue: String,
    /// The venue's connection within the recording.
    pub connection: u32,
}

/// A line as it stands in the file, in the order of the file.
#[derive(Serialize, Deserialize)]
struct Written<'a> {
    #[serde(default)]
    received_at_ns: i64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    venue: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connection: Option<u32>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    frame: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    sent: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    event: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    rest: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    meta: Option<Cow<'a, serde_json::Value>>,
}

impl<'a> Written<'a> {
    fn new(received_at_ns: i64) -> Self {
        Self {
            received_at_ns,
            venue: None,
            connection: None,
            frame: None,
            sent: None,
            event: None,
            reason: None,
            rest: None,
            status: None,
            body: None,
            meta: None,
        }
    }

    fn at(at: &'a At) -> Self {
        let mut written = Self::new(at.received_at_ns);
        written.venue = Some(at.venue.as_str().into());
        written.connection = Some(at.connection);
        written
    }

    fn read(self) -> Result<Line, &'static str> {
        let received_at_ns = self.received_at_ns;
        if let Some(meta) = self.meta {
            return Ok(Line::Meta { received_at_ns, meta: meta.into_owned() });
        }
        let venue = self.venue.ok_or("it names no venue")?.into_owned();
        if let Some(rest) = self.rest {
            let status = self.status.ok_or("a rest line without a status")?;
            let body = self.body.unwrap_or_default().into_owned();
            return Ok(Line::Rest { received_at_ns, venue, rest: rest.into_owned(), status, body });
        }
        let connection = self.connection.ok_or("it names no connection")?;
        let at = At { received_at_ns, venue, connection };
        let reason = self.reason.map(Cow::into_owned);
        match (self.frame, self.sent, self.event.as_deref()) {
            (Some(frame), None, None) => Ok(Line::Frame { at, frame: frame.into_owned() }),
            (None, Some(sent), None) => Ok(Line::Sent { at, sent: sent.into_owned() }),
            (None, None, Some("open")) => Ok(Line::Open { at, reason }),
            (None, None, Some("close")) => Ok(Line::Close { at, reason }),
            (None, None, Some(_)) => Err("an event that is neither open nor close"),
            (None, None, None) => Err("it holds none of frame, sent, event, rest and meta"),
            _ => Err("it holds more than one of frame, sent and event"),
        }
    }
}

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let written: Written<'_> = serde_json::from_str(text).map_err(|e| e.to_string())?;
        written.read().map_err(str::to_owned)
    }

    /// `frame`, `sent`, `open`, `close`, `rest` or `meta`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Frame { .. } => "frame",
            Self::Sent { .. } => "sent",
            Self::Open { .. } => "open",
            Self::Close { .. } => "close",
            Self::Rest { .. } => "rest",
            Self::Meta { .. } => "meta",
        }
    }

    /// When it was received, in nanoseconds since the epoch; 0 is unknown.
    #[must_use]
    pub fn received_at_ns(&self) -> i64 {
        match self {
            Self::Frame { at, .. }
            | Self::Sent { at, .. }
            | Self::Open { at, .. }
            | Self::Close { at, .. } => at.received_at_ns,
            Self::Rest { received_at_ns, .. } | Self::Meta { received_at_ns, .. } => {
                *received_at_ns
            }
        }
    }

    /// The line as JSON, without a line end.
    #[must_use]
    pub fn to_json(&self) -> String {
        let written = match self {
            Self::Frame { at, frame } => {
                Written { frame: Some(frame.as_str().into()), ..Written::at(at) }
            }
            Self::Sent { at, sent } => {
                Written { sent: Some(sent.as_str().into()), ..Written::at(at) }
            }
            Self::Open { at, reason } | Self::Close { at, reason } => Written {
                event: Some(self.kind().into()),
                reason: reason.as_deref().map(Cow::from),
                ..Written::at(at)
            },
            Self::Rest { received_at_ns, venue, rest, status, body } => Written {
                venue: Some(venue.as_str().into()),
                rest: Some(rest.as_str().into()),
                status: Some(*status),
                body: Some(body.as_str().into()),
                ..Written::new(*received_at_ns)
            },
            Self::Meta { received_at_ns, meta } => {
                Written { meta: Some(Cow::Borrowed(meta)), ..Written::new(*received_at_ns) }
            }
        };
        // Strings and numbers always serialise.
        serde_json::to_string(&written).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at() -> At {
        At { received_at_ns: 1_783_295_657_917_000_000, venue: "kalshi".to_owned(), connection: 3 }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in any::<String>(), reason in any::<Option<String>>()) {
            let lines = [
                Line::Frame { at: at(), frame: text.clone() },
                Line::Sent { at: at(), sent: text.clone() },
                Line::Open { at: at(), reason: reason.clone() },
                Line::Close { at: at(), reason },
                Line::Rest {
                    received_at_ns: 5,
                    venue: "polymarket".to_owned(),
                    rest: "GET /book".to_owned(),
                    status: 200,
                    body: text.clone(),
                },
                Line::Meta { received_at_ns: 0, meta: serde_json::json!({ "text": text }) },
            ];
            for line in lines {
                let json = line.to_json();
                prop_assert!(!json.contains('\n'));
                prop_assert_eq!(Line::parse(&json).unwrap(), line);
            }
        }
    }

    #[test]
    fn lines_that_are_none_are_refused_with_a_reason() {
        for (text, reason) in [
            ("{}", "venue"),
            (r#"{"venue":"x"}"#, "connection"),
            (r#"{"venue":"x","connection":0}"#, "none of"),
            (r#"{"venue":"x","connection":0,"frame":"a","sent":"b"}"#, "more than one"),
            (r#"{"venue":"x","connection":0,"event":"pause"}"#, "neither"),
            (r#"{"venue":"x","rest":"GET /"}"#, "status"),
            (r#"{"venue":"x","connection":-1,"frame":"a"}"#, "invalid value"),
            ("[1", "EOF"),
        ] {
            let error = Line::parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
