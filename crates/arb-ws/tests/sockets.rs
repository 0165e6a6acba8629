//! Real sockets on loopback: the handshake, TLS, refusals, and links that fail.

use std::sync::Arc;
use std::time::Duration;

use arb_ws::testing::Collected;
use arb_ws::{
    CloseReason, Connection, Dial, Event, Frame, Handshake, Link, TungsteniteDial, WsError,
};
use futures_util::{SinkExt, StreamExt};
use time::macros::datetime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

use crate::toy::{Toy, config, name};

/// Long enough on any machine; nothing waits for it when all goes well.
const LONG: Duration = Duration::from_secs(60);

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/feed?a=b", listener.local_addr().unwrap());
    (listener, url)
}

async fn next(link: &mut Box<dyn Link>) -> Result<Frame, WsError> {
    let frame = std::future::poll_fn(|cx| link.poll_recv(cx));
    tokio::time::timeout(LONG, frame).await.unwrap()
}

/// Answers the next upgrade request with this text, whatever it asks.
async fn answer(listener: &TcpListener, text: &str) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = [0; 4096];
    let mut read = 0;
    while !request[..read].ends_with(b"\r\n\r\n") {
        read += stream.read(&mut request[read..]).await.unwrap();
    }
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn headers_path_and_frames_go_through_and_the_close_reason_comes_back() {
    let (listener, url) = listen().await;
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut seen = String::new();
        #[expect(clippy::result_large_err, reason = "the library's callback type")]
        let check = |request: &Request, response: Response| {
            let header = |name: &str| request.headers()[name].to_str().unwrap();
            seen = format!("{} {} {}", request.uri(), header("x-key"), header("x-sig"));
            Ok(response)
        };
        let mut socket = tokio_tungstenite::accept_hdr_async(stream, check).await.unwrap();
        assert_eq!(seen, "/feed?a=b id dGVzdA==");
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("hello"));
        socket.send(Message::text("x".repeat(100_000))).await.unwrap();
        socket.send(Message::Ping("heartbeat".into())).await.unwrap();
        socket.send(Message::binary(vec![1, 2])).await.unwrap();
        // Our pong to its ping, sent by the link itself while it is read.
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::Pong("heartbeat".into()));
        let close = tokio_tungstenite::tungstenite::protocol::CloseFrame {
            code: 1001.into(),
            reason: "restart".into(),
        };
        socket.close(Some(close)).await.unwrap();
    });
    let handshake = Handshake::new(url).with_header("x-key", "id").with_header("x-sig", "dGVzdA==");
    assert!(!format!("{handshake:?}").contains("dGVzdA"), "{handshake:?}");
    let mut link = TungsteniteDial::new().unwrap().dial(&handshake).await.unwrap();
    link.send(Frame::text("hello")).await.unwrap();
    assert_eq!(next(&mut link).await.unwrap(), Frame::text("x".repeat(100_000)));
    assert_eq!(next(&mut link).await.unwrap(), Frame::Ping("heartbeat".into()));
    assert_eq!(next(&mut link).await.unwrap(), Frame::Binary(vec![1, 2].into()));
    let close = next(&mut link).await.unwrap();
    assert_eq!(close, Frame::Close(Some(CloseReason::new(1001, "restart"))));
    server.await.unwrap();
}

#[tokio::test]
async fn a_refusal_carries_status_retry_after_date_and_body() {
    let (listener, url) = listen().await;
    let server = tokio::spawn(async move {
        answer(
            &listener,
            "HTTP/1.1 401 Unauthorized\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\n\
             Retry-After: 7\r\nContent-Length: 3\r\n\r\nbad",
        )
        .await
    });
    let dial = TungsteniteDial::new().unwrap();
    let error = dial.dial(&Handshake::new(&url)).await.err().unwrap();
    assert!(!error.is_retryable());
    let WsError::Refused(refusal) = error else { panic!("{error}") };
    assert_eq!(refusal.status, 401);
    assert_eq!(refusal.retry_after, Some(Duration::from_secs(7)));
    assert_eq!(refusal.date, Some(datetime!(2026-11-22 10:00 UTC)));
    assert_eq!(refusal.body, "bad");
    drop(server.await.unwrap());
}

#[tokio::test]
async fn what_cannot_be_dialled_is_said_without_secrets() {
    let dial = TungsteniteDial::new().unwrap();
    for (url, expected) in [
        ("http://venue/secret", "scheme"),
        ("venue secret", "not a URL"),
        ("wss:///secret", "not a URL"),
    ] {
        let error = dial.dial(&Handshake::new(url)).await.err().unwrap();
        let text = error.to_string();
        assert!(text.contains(expected) && !text.contains("secret"), "{text}");
        assert!(!error.is_retryable());
    }
    let bad = Handshake::new("ws://127.0.0.1:9/").with_header("x-key", "secret\n");
    let error = dial.dial(&bad).await.err().unwrap();
    assert!(matches!(&error, WsError::Header { name } if name == "x-key"), "{error}");
    // A port that was just closed.
    let (listener, url) = listen().await;
    drop(listener);
    let error = dial.dial(&Handshake::new(url)).await.err().unwrap();
    assert!(matches!(error, WsError::Connect { .. }) && error.is_retryable());
}

#[tokio::test]
async fn tls_checks_the_certificate_and_carries_the_feed() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().to_vec();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let settings = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone().into()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(settings));
    let (listener, _) = listen().await;
    let url = format!("wss://localhost:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not trust us hangs up here.
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            socket.send(Message::text("safe")).await.unwrap();
        }
    });
    let distrusting = TungsteniteDial::new().unwrap();
    let error = distrusting.dial(&Handshake::new(&url)).await.err().unwrap();
    assert!(matches!(error, WsError::Tls { .. }), "{error}");
    let trusting = TungsteniteDial::with_extra_roots(&[&certificate]).unwrap();
    let mut link = trusting.dial(&Handshake::new(&url)).await.unwrap();
    assert_eq!(next(&mut link).await.unwrap(), Frame::text("safe"));
}

#[tokio::test]
async fn a_connection_lives_through_drops_garbage_and_a_server_that_never_upgrades() {
    let (listener, url) = listen().await;
    let mut settings = config();
    settings.connect_timeout = Duration::from_millis(300);
    let dial = Arc::new(TungsteniteDial::new().unwrap());
    let toy = Toy { url, ..Toy::default() };
    let (connection, handle) = Connection::new(settings, dial, Box::new(toy));
    handle.subscribe(["a"]).unwrap();
    let sink = Collected::default();
    let running = tokio::spawn(connection.run(sink.clone()));
    let scenario = async {
        // Accepts and says nothing.
        let silent = listener.accept().await.unwrap();
        // Says something that is not HTTP.
        drop(answer(&listener, "nonsense\r\n\r\n").await);
        drop(silent);
        // Upgrades, then cuts the connection in the middle of a frame.
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("sub a"));
        socket.send(Message::text("a=1")).await.unwrap();
        socket.get_mut().write_all(&[0x81, 20, b'a', b'=']).await.unwrap();
        drop(socket);
        // Sends a frame no WebSocket has: reserved bits set.
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("sub a"));
        socket.get_mut().write_all(&[0xf1, 1, b'x']).await.unwrap();
        // And works at last.
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("sub a"));
        socket.send(Message::text("a=2")).await.unwrap();
        handle.shutdown();
        // Until the client's goodbye.
        while let Some(Ok(_)) = socket.next().await {}
    };
    tokio::time::timeout(LONG, scenario).await.unwrap();
    tokio::time::timeout(LONG, running).await.unwrap().unwrap();
    let mut told = Vec::new();
    for seen in sink.take() {
        if let arb_ws::testing::Seen::Event(event) = &seen {
            if let Event::ConnectFailed { error, .. } = event {
                told.push(format!("{error:?}").split([' ', '(']).next().unwrap().to_owned());
            } else {
                told.push(name(event));
            }
        }
    }
    assert_eq!(
        told,
        [
            "ConnectTimeout",
            "Upgrade",
            "connected",
            "disconnected broken",
            "connected",
            "disconnected broken",
            "connected",
            "disconnected shutdown"
        ]
    );
}

#[tokio::test]
async fn a_server_that_does_not_read_is_dropped_after_the_write_timeout() {
    let (listener, url) = listen().await;
    let mut settings = config();
    settings.write_timeout = Duration::from_millis(300);
    settings.chunk = 1;
    settings.send_rate = arb_ws::Rate::new(1000, Duration::from_millis(1));
    let dial = Arc::new(TungsteniteDial::new().unwrap());
    let toy = Toy { url, ..Toy::default() };
    let (connection, handle) = Connection::new(settings, dial, Box::new(toy));
    // 64 MB of subscriptions do not fit into the buffers of a socket.
    handle.subscribe((0..64).map(|n| format!("{n}{}", "x".repeat(1_000_000)))).unwrap();
    let sink = Collected::default();
    let running = tokio::spawn(connection.run(sink.clone()));
    let scenario = async {
        let (stream, _) = listener.accept().await.unwrap();
        let _unread = tokio_tungstenite::accept_async(stream).await.unwrap();
        listener.accept().await.unwrap();
    };
    tokio::time::timeout(LONG, scenario).await.unwrap();
    handle.shutdown();
    tokio::time::timeout(LONG, running).await.unwrap().unwrap();
    let cause = sink.take().into_iter().find_map(|seen| match seen {
        arb_ws::testing::Seen::Event(Event::Disconnected { cause, .. }) => Some(cause),
        _ => None,
    });
    let cause = format!("{:?}", cause.unwrap());
    assert!(cause.contains("WriteTimeout"), "{cause}");
}
