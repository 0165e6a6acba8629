//! A plain client of both venues, as somebody else would write it.

use std::time::Duration;

use arb_sim::Sim;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use ring::signature::Ed25519KeyPair;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Long enough for a loaded machine; nothing is measured with it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const WS_PATH: &str = "/trade-api/ws/v2";

/// The three headers of a signed request.
pub(crate) fn signed_headers(
    sim: &Sim,
    method: &str,
    path: &str,
    skew_ms: i64,
) -> [(&'static str, String); 3] {
    let key = sim.kalshi_credentials();
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&key.private_key_der).unwrap();
    let stamp = (sim.now().unix_timestamp_nanos() / 1_000_000) as i64 + skew_ms;
    let signature = pair.sign(format!("{stamp}{method}{path}").as_bytes());
    [
        ("KALSHI-ACCESS-KEY", key.key_id),
        ("KALSHI-ACCESS-TIMESTAMP", stamp.to_string()),
        ("KALSHI-ACCESS-SIGNATURE", STANDARD.encode(signature)),
    ]
}

pub(crate) struct Ws(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Ws {
    pub(crate) async fn open(url: &str, headers: &[(&'static str, String)]) -> Result<Self, Error> {
        let mut request = url.into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let connecting = tokio_tungstenite::connect_async(request);
        let (socket, _) = tokio::time::timeout(PATIENCE, connecting).await.unwrap()?;
        Ok(Self(socket))
    }

    pub(crate) async fn kalshi(sim: &Sim) -> Self {
        let headers = signed_headers(sim, "GET", WS_PATH, 0);
        Self::open(&sim.kalshi_ws_url(), &headers).await.unwrap()
    }

    pub(crate) async fn polymarket(sim: &Sim) -> Self {
        Self::open(&sim.polymarket_ws_url(), &[]).await.unwrap()
    }

    pub(crate) async fn send(&mut self, text: impl ToString) {
        self.0.send(Message::text(text.to_string())).await.unwrap();
    }

    /// The next message of any kind; `None` when the connection has ended.
    pub(crate) async fn message(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap();
        next.and_then(Result::ok)
    }

    /// The next text; pings do not count as patience.
    pub(crate) async fn text(&mut self) -> String {
        tokio::time::timeout(PATIENCE, self.wait_for_text()).await.unwrap()
    }

    async fn wait_for_text(&mut self) -> String {
        loop {
            match self.message().await {
                Some(Message::Text(text)) => return text.to_string(),
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("wanted a text, got {other:?}"),
            }
        }
    }

    /// The next text as JSON.
    pub(crate) async fn json(&mut self) -> Value {
        let text = self.text().await;
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"))
    }

    /// The next JSON that has this `type` or `event_type`.
    pub(crate) async fn kind(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.json().await;
            if frame["type"] == kind || frame["event_type"] == kind {
                return frame;
            }
        }
    }

    /// Waits for the end; the code of a closing handshake if there was one.
    pub(crate) async fn end(&mut self) -> Option<u16> {
        loop {
            match self.message().await {
                Some(Message::Close(frame)) => return frame.map(|frame| u16::from(frame.code)),
                Some(_) => {}
                None => return None,
            }
        }
    }
}

/// A REST answer: status, headers in lower case, body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: Value,
}

pub(crate) async fn request(
    method: &str,
    url: &str,
    headers: &[(&'static str, String)],
    body: &str,
) -> Answer {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let path = if path.is_empty() { "/" } else { path };
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    if !headers.iter().any(|header| header.0 == "User-Agent") {
        text.push_str("User-Agent: sim-test\r\n");
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    let exchange = async {
        let mut socket = TcpStream::connect(host).await.unwrap();
        socket.write_all(text.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        socket.read_to_end(&mut bytes).await.unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let answer = tokio::time::timeout(PATIENCE, exchange).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = serde_json::from_str(body).unwrap_or_else(|_| panic!("not JSON: {body}"));
    Answer { status, headers: head.to_lowercase(), body }
}

pub(crate) async fn get(url: &str) -> Answer {
    request("GET", url, &[], "").await
}

/// A signed GET of Kalshi's REST; `path` begins after `/trade-api/v2` and may have a query.
pub(crate) async fn signed_get(sim: &Sim, path: &str) -> Answer {
    let bare = path.split('?').next().unwrap();
    let headers = signed_headers(sim, "GET", &format!("/trade-api/v2{bare}"), 0);
    request("GET", &format!("{}{path}", sim.kalshi_rest_url()), &headers, "").await
}
