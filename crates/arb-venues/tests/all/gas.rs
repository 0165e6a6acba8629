//! A Polygon node's fee history, from a JSON-RPC server on loopback.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use arb_venues::gas::PolygonNode;
use arb_venues::{RestConfig, TokenRate, VenueError};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The first line and the body of each request.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// Two blocks and the base fee of the next; the second block has no transactions.
const HISTORY: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"oldestBlock":"0x3f","baseFeePerGas":["0x6fc23ac00","0x6fc23ac01","0x2"],"gasUsedRatio":[0.5,0],"reward":[["0x4a817c800"],["0x0"]]}}"#;

/// A node that gives these answers one after the other, with their status.
async fn node(answers: Vec<(u16, &'static str)>) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v2/secret-key", listener.local_addr().unwrap());
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        for (status, body) in answers {
            let (socket, _) = listener.accept().await.unwrap();
            let request = answer(socket, status, body).await.unwrap();
            seen.lock().unwrap().push(request);
        }
    });
    (url, asked)
}

async fn answer(
    mut socket: TcpStream,
    status: u16,
    body: &str,
) -> std::io::Result<(String, String)> {
    let mut reader = BufReader::new(&mut socket);
    let mut first = String::new();
    reader.read_line(&mut first).await?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).await?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut asked = vec![0; length];
    reader.read_exact(&mut asked).await?;
    let head = format!("HTTP/1.1 {status} x\r\nContent-Type: application/json\r\n");
    let length = body.len();
    let text = format!("{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    socket.write_all(text.as_bytes()).await?;
    Ok((first, String::from_utf8_lossy(&asked).into_owned()))
}

fn client(url: &str) -> PolygonNode {
    let mut config = RestConfig::new(url, TokenRate { per_second: 1_000, burst: 1_000 });
    config.retry_delay = Duration::from_millis(1);
    PolygonNode::with_config(config).unwrap()
}

#[tokio::test]
async fn the_fees_of_recent_blocks_are_asked_for_and_read() {
    let (url, asked) = node(vec![(200, HISTORY)]).await;
    let node = client(&url);
    assert_eq!(node.recent_fees(40).await.unwrap(), [50_000_000_000, 30_000_000_001]);
    let (line, body) = asked.lock().unwrap().remove(0);
    assert!(line.starts_with("POST /v2/secret-key HTTP/1.1"), "{line}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["jsonrpc"], "2.0");
    assert_eq!(body["method"], "eth_feeHistory");
    assert_eq!(body["params"], serde_json::json!(["0x28", "latest", [50]]));
    assert!(!format!("{node:?}").contains("secret-key"), "an address may hold a key");
}

#[tokio::test]
async fn no_more_blocks_are_asked_for_than_a_node_answers() {
    let (url, asked) = node(vec![(200, HISTORY), (200, HISTORY)]).await;
    for (blocks, count) in [(0, "0x1"), (5_000, "0x400")] {
        client(&url).recent_fees(blocks).await.unwrap();
        let (_, body) = asked.lock().unwrap().remove(0);
        assert!(body.contains(&format!(r#""params":["{count}","#)), "{body}");
    }
}

#[tokio::test]
async fn a_node_that_is_busy_is_asked_again() {
    let (url, asked) = node(vec![(429, "slow down"), (503, ""), (200, HISTORY)]).await;
    assert_eq!(client(&url).recent_fees(2).await.unwrap().len(), 2);
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_refusal_is_told_with_its_reason_and_without_the_address() {
    let refusal =
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"daily limit reached"}}"#;
    let (url, asked) = node(vec![(200, refusal), (200, "<html>"), (403, "forbidden")]).await;
    let node = client(&url);
    let errors: Vec<VenueError> = [
        node.recent_fees(1).await.unwrap_err(),
        node.recent_fees(1).await.unwrap_err(),
        node.recent_fees(1).await.unwrap_err(),
    ]
    .into();
    assert_eq!(asked.lock().unwrap().len(), 3, "none of these is asked again");
    for (error, words) in errors.iter().zip(["daily limit reached", "eth_feeHistory", "403"]) {
        let mut told = error.to_string();
        let mut cause: &dyn std::error::Error = error;
        while let Some(next) = cause.source() {
            told = format!("{told}: {next}");
            cause = next;
        }
        assert!(told.contains(words), "{told}");
        assert!(!format!("{told} {error:?}").contains("secret-key"), "{told}");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_node_that_cannot_be_reached_is_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v2/secret-key", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&url).recent_fees(1).await.unwrap_err();
    assert!(matches!(error, VenueError::Transport { .. }), "{error}");
    assert!(!format!("{error:?}").contains("secret-key"), "{error:?}");
}
