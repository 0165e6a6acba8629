//! Requests and answers in the form the dialects use, and the server below them.

mod listener;
mod service;
mod websocket;

use serde_json::Value;

pub(crate) use self::listener::{Backstage, Endpoint, Listener};

/// A REST answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) retry_after: Option<u64>,
}

impl Answer {
    #[expect(clippy::needless_pass_by_value, reason = "bodies are made where they are answered")]
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self::raw(status, &body.to_string())
    }

    /// A body that is JSON already.
    pub(crate) fn raw(status: u16, body: &str) -> Self {
        Self { status, body: body.to_owned(), retry_after: None }
    }
}

/// A decoded query string.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decoded(key), decoded(value))
                })
                .collect(),
        )
    }

    pub(crate) fn first(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|pair| pair.0 == key).map(|pair| pair.1.as_str())
    }

    /// Every value of a repeated key.
    pub(crate) fn all(&self, key: &str) -> Vec<&str> {
        self.0.iter().filter(|pair| pair.0 == key).map(|pair| pair.1.as_str()).collect()
    }

    /// Values of a key that may be repeated or hold several between commas.
    pub(crate) fn list(&self, key: &str) -> Vec<&str> {
        self.all(key).into_iter().flat_map(|v| v.split(',')).filter(|v| !v.is_empty()).collect()
    }
}

/// Percent-decoding; what is not valid stays as it is.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (escaped, bytes[at]) {
            (Some(byte), _) => {
                out.push(byte);
                at += 2;
            }
            (None, b'+') => out.push(b' '),
            (None, byte) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let query = Query::parse("tickers=A,B&tickers=C&cursor=Zm9v%3D%3D&x=a+b&bad=%zz");
        assert_eq!(query.list("tickers"), ["A", "B", "C"]);
        assert_eq!(query.first("cursor"), Some("Zm9v=="));
        assert_eq!(query.first("x"), Some("a b"));
        assert_eq!(query.first("bad"), Some("%zz"));
        assert_eq!(query.first("none"), None);
    }
}
