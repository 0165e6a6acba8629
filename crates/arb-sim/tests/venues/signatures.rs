//! The handshake is checked as Kalshi checks it.

use std::time::Duration;

use arb_sim::{AcceptedKey, PublicKey, Sim, SimConfig};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{Ed25519KeyPair, KeyPair, RSA_PSS_SHA256, RsaKeyPair};
use tokio_tungstenite::tungstenite::Error;

use crate::client::{WS_PATH, Ws, request, signed_get, signed_headers};
use crate::still;

async fn refused(sim: &Sim, headers: &[(&'static str, String)]) -> u16 {
    match Ws::open(&sim.kalshi_ws_url(), headers).await {
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("wanted a refusal, got {other}"),
        Ok(_) => panic!("the handshake was accepted"),
    }
}

#[tokio::test]
async fn a_handshake_needs_a_signature_that_fits() {
    let sim = Sim::start(still()).await.unwrap();
    assert_eq!(refused(&sim, &[]).await, 401);
    // The signature of another path, of another method, by an unknown key, of another stamp.
    assert_eq!(refused(&sim, &signed_headers(&sim, "GET", "/trade-api/ws/v2/", 0)).await, 401);
    assert_eq!(refused(&sim, &signed_headers(&sim, "POST", WS_PATH, 0)).await, 401);
    let mut headers = signed_headers(&sim, "GET", WS_PATH, 0);
    headers[0].1 = "nobody".to_owned();
    assert_eq!(refused(&sim, &headers).await, 401);
    let mut headers = signed_headers(&sim, "GET", WS_PATH, 0);
    headers[1].1 = signed_headers(&sim, "GET", WS_PATH, 7)[1].1.clone();
    assert_eq!(refused(&sim, &headers).await, 401);
    let mut headers = signed_headers(&sim, "GET", WS_PATH, 0);
    headers[2].1 = "not base64!".to_owned();
    assert_eq!(refused(&sim, &headers).await, 401);
    // What fits is accepted.
    Ws::kalshi(&sim).await;
    let stats = sim.stats(arb_sim::Venue::Kalshi);
    assert_eq!((stats.handshakes, stats.refused), (7, 6));
    sim.shutdown().await;
}

#[tokio::test]
async fn a_stamp_may_be_a_little_off_and_no_more() {
    let config = SimConfig { signature_skew: Duration::from_secs(60), ..still() };
    let sim = Sim::start(config).await.unwrap();
    for skew in [-50_000, 50_000] {
        let headers = signed_headers(&sim, "GET", WS_PATH, skew);
        Ws::open(&sim.kalshi_ws_url(), &headers).await.unwrap();
    }
    for skew in [-90_000, 90_000] {
        assert_eq!(refused(&sim, &signed_headers(&sim, "GET", WS_PATH, skew)).await, 401);
        let path = "/trade-api/v2/portfolio/balance";
        let headers = signed_headers(&sim, "GET", path, skew);
        let url = format!("{}/portfolio/balance", sim.kalshi_rest_url());
        let answer = request("GET", &url, &headers, "").await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.body["error"]["code"], "header_timestamp_expired");
    }
    sim.shutdown().await;
}

#[tokio::test]
async fn rsa_keys_and_keys_of_ones_own_are_accepted() {
    let own = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let public = <[u8; 32]>::try_from(own.public_key().as_ref()).unwrap();
    let accepted = AcceptedKey { key_id: "mine".to_owned(), key: PublicKey::Ed25519(public) };
    let sim = Sim::start(SimConfig { accepted_keys: vec![accepted], ..still() }).await.unwrap();

    let mut headers = signed_headers(&sim, "GET", WS_PATH, 0);
    let text = format!("{}GET{WS_PATH}", headers[1].1);
    headers[0].1 = "mine".to_owned();
    headers[2].1 = STANDARD.encode(own.sign(text.as_bytes()));
    Ws::open(&sim.kalshi_ws_url(), &headers).await.unwrap();

    let key = sim.kalshi_credentials();
    let body: String =
        key.rsa_private_key_pem.lines().filter(|line| !line.starts_with('-')).collect();
    let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    let random = ring::rand::SystemRandom::new();
    pair.sign(&RSA_PSS_SHA256, &random, text.as_bytes(), &mut signature).unwrap();
    headers[0].1 = key.rsa_key_id.clone();
    headers[2].1 = STANDARD.encode(&signature);
    Ws::open(&sim.kalshi_ws_url(), &headers).await.unwrap();

    // The PEM text of the Ed25519 key is the DER in another form, and Debug shows neither.
    let body: String = key.private_key_pem.lines().filter(|line| !line.starts_with('-')).collect();
    assert_eq!(STANDARD.decode(&body).unwrap(), key.private_key_der);
    let shown = format!("{key:?}");
    assert!(shown.contains(&key.key_id) && !shown.contains(&body[20..40]), "{shown}");
    sim.shutdown().await;
}

#[tokio::test]
async fn signed_calls_have_a_budget_and_unsigned_ones_do_not() {
    let sim = Sim::start(SimConfig { signed_calls_per_second: 2, ..still() }).await.unwrap();
    let mut refused = 0;
    for _ in 0..12 {
        let answer = signed_get(&sim, "/exchange/status").await;
        if answer.status == 429 {
            refused += 1;
            assert_eq!(answer.body, serde_json::json!({"error": "too many requests"}));
            assert!(!answer.headers.contains("retry-after"));
        }
    }
    assert!(refused > 0);
    for _ in 0..12 {
        let answer =
            crate::client::get(&format!("{}/exchange/status", sim.kalshi_rest_url())).await;
        assert_eq!(answer.status, 200);
    }
    sim.shutdown().await;
}
