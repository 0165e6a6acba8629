//! Real sockets: TCP with no delay, TLS by rustls, framing by tungstenite.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{SinkExt, Stream};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::Error as TungsteniteError;
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::{Dial, Handshake, Link};
use crate::error::{Refusal, WsError};
use crate::frame::{CloseReason, Frame};

/// The library's own 128 KiB is zeroed again at every read; 16 KiB costs a fifth of that for
/// lone frames and next to nothing in bursts.
const READ_BUFFER: usize = 16 * 1024;
/// Kalshi documents messages of up to 64 MiB.
const MAX_MESSAGE: usize = 64 * 1024 * 1024;
const MAX_BODY_SHOWN: usize = 1024;

/// Dials real sockets: `ws://` and `wss://`.
///
/// TLS is rustls with the ring provider, given explicitly so that a program's default does not
/// matter, and the Mozilla roots. TCP_NODELAY is on.
#[derive(Clone)]
pub struct TungsteniteDial {
    tls: TlsConnector,
    max_message: usize,
}

impl fmt::Debug for TungsteniteDial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TungsteniteDial").field("max_message", &self.max_message).finish()
    }
}

impl TungsteniteDial {
    /// A dial that trusts the Mozilla roots.
    ///
    /// # Errors
    /// [`WsError::Tls`] if the provider offers no TLS version we speak; it always does.
    pub fn new() -> Result<Self, WsError> {
        Self::with_extra_roots(&[])
    }

    /// A dial that trusts some certificates (DER) beside the Mozilla roots, for a proxy or a
    /// server of one's own.
    ///
    /// # Errors
    /// [`WsError::Tls`] if a certificate cannot be read.
    pub fn with_extra_roots(der: &[&[u8]]) -> Result<Self, WsError> {
        let failed = |source| WsError::Tls { host: "any host".to_owned(), source };
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for certificate in der {
            roots
                .add(CertificateDer::from(certificate.to_vec()))
                .map_err(|error| failed(Box::new(error)))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(Box::new(error)))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), max_message: MAX_MESSAGE })
    }

    /// The longest message accepted, in bytes; a longer one breaks the link. Default: 64 MiB.
    #[must_use]
    pub fn with_max_message(mut self, bytes: usize) -> Self {
        self.max_message = bytes;
        self
    }

    fn config(&self) -> WebSocketConfig {
        WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(self.max_message))
            .max_frame_size(Some(self.max_message))
    }

    async fn upgrade<S>(
        &self,
        host: &str,
        request: Request<()>,
        stream: S,
    ) -> Result<Box<dyn Link>, WsError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        match client_async_with_config(request, stream, Some(self.config())).await {
            Ok((socket, _)) => Ok(Box::new(TungsteniteLink { socket })),
            Err(TungsteniteError::Http(answer)) => {
                let body = answer.body().as_deref().unwrap_or_default();
                let refusal = refusal(host, answer.status().as_u16(), answer.headers(), body);
                Err(WsError::Refused(Box::new(refusal)))
            }
            Err(error) => Err(WsError::Upgrade { host: host.to_owned(), source: Box::new(error) }),
        }
    }
}

#[async_trait]
impl Dial for TungsteniteDial {
    async fn dial(&self, handshake: &Handshake) -> Result<Box<dyn Link>, WsError> {
        let shown = handshake.host();
        let address = |problem| WsError::Address { host: shown.to_owned(), problem };
        let uri: Uri = handshake.url.parse().map_err(|_| address("it is not a URL"))?;
        let host = uri.host().ok_or_else(|| address("it names no host"))?;
        let secure = match uri.scheme_str() {
            Some("wss") => true,
            Some("ws") => false,
            _ => return Err(address("its scheme is not ws or wss")),
        };
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let request = request(&uri, &handshake.headers)?;

        // An IPv6 host is written in brackets, which the resolver does not take.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let connect = |source| WsError::Connect { host: shown.to_owned(), source };
        let stream = TcpStream::connect((bare, port)).await.map_err(connect)?;
        stream.set_nodelay(true).map_err(connect)?;
        if !secure {
            return self.upgrade(shown, request, stream).await;
        }
        let name = ServerName::try_from(bare.to_owned())
            .map_err(|_| address("its host is not a name TLS can check"))?;
        let stream = self
            .tls
            .connect(name, stream)
            .await
            .map_err(|source| WsError::Tls { host: shown.to_owned(), source: Box::new(source) })?;
        self.upgrade(shown, request, stream).await
    }
}

fn request(uri: &Uri, headers: &[(String, String)]) -> Result<Request<()>, WsError> {
    let mut request = uri.into_client_request().map_err(|_| WsError::Address {
        host: uri.host().unwrap_or_default().to_owned(),
        problem: "no request can be made for it",
    })?;
    for (name, value) in headers {
        let bad = || WsError::Header { name: name.clone() };
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
        value.set_sensitive(true);
        request.headers_mut().append(key, value);
    }
    Ok(request)
}

fn refusal(host: &str, status: u16, headers: &HeaderMap, body: &[u8]) -> Refusal {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let date = text("date").and_then(http_date);
    let mut refusal = Refusal::new(host, status);
    refusal.retry_after = text("retry-after").and_then(|value| retry_after(value, date));
    refusal.date = date;
    refusal.body = String::from_utf8_lossy(&body[..body.len().min(MAX_BODY_SHOWN)]).into_owned();
    refusal
}

/// HTTP's date ("Sun, 06 Nov 1994 08:49:37 GMT") is a form of RFC 2822's.
fn http_date(value: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(value.trim(), &Rfc2822).ok()
}

fn retry_after(value: &str, date: Option<OffsetDateTime>) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    // A date that is already past asks for no wait.
    Some((http_date(value)? - date?).try_into().unwrap_or(Duration::ZERO))
}

struct TungsteniteLink<S> {
    socket: WebSocketStream<S>,
}

#[async_trait]
impl<S> Link for TungsteniteLink<S>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Frame, WsError>> {
        loop {
            let frame = match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
                Some(Ok(Message::Text(text))) => Frame::Text(Bytes::from(text)),
                Some(Ok(Message::Binary(body))) => Frame::Binary(body),
                Some(Ok(Message::Ping(body))) => Frame::Ping(body),
                Some(Ok(Message::Pong(body))) => Frame::Pong(body),
                Some(Ok(Message::Close(reason))) => Frame::Close(reason.map(|frame| CloseReason {
                    code: frame.code.into(),
                    reason: frame.reason.to_string(),
                })),
                // Raw frames appear only while writing.
                Some(Ok(Message::Frame(_))) => continue,
                Some(Err(error)) => return Poll::Ready(Err(broken(error))),
                None => return Poll::Ready(Err(WsError::Ended)),
            };
            return Poll::Ready(Ok(frame));
        }
    }

    async fn send(&mut self, frame: Frame) -> Result<(), WsError> {
        let message = match frame {
            Frame::Text(text) => {
                let text = Utf8Bytes::try_from(text).map_err(|e| WsError::Link(Box::new(e)))?;
                Message::Text(text)
            }
            Frame::Binary(body) => Message::Binary(body),
            Frame::Ping(body) => Message::Ping(body),
            Frame::Pong(body) => Message::Pong(body),
            Frame::Close(reason) => Message::Close(reason.map(|reason| CloseFrame {
                code: reason.code.into(),
                reason: reason.reason.into(),
            })),
        };
        self.socket.send(message).await.map_err(broken)
    }
}

fn broken(error: TungsteniteError) -> WsError {
    match error {
        TungsteniteError::ConnectionClosed | TungsteniteError::AlreadyClosed => WsError::Ended,
        error => WsError::Link(Box::new(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let date = http_date("Sun, 22 Nov 2026 10:00:00 GMT");
        assert!(date.is_some());
        assert_eq!(retry_after("7", None), Some(Duration::from_secs(7)));
        let at = "Sun, 22 Nov 2026 10:00:30 GMT";
        assert_eq!(retry_after(at, date), Some(Duration::from_secs(30)));
        assert_eq!(retry_after(at, None), None);
        assert_eq!(
            retry_after("Sun, 22 Nov 2026 09:00:00 GMT", date),
            Some(Duration::ZERO),
            "a moment already past"
        );
        assert_eq!(retry_after("soon", date), None);
    }
}
