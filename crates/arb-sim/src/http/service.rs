//! One HTTP request: faults first, then the handshake or the answer of its venue.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, CONTENT_TYPE, DATE, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, UPGRADE, USER_AGENT,
};
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::listener::{Backstage, Endpoint};
use super::{Answer, Query};
use crate::clock::{http_date, millis};
use crate::connection::Client;
use crate::fault::{Fault, Place, Surface, Venue};
use crate::kalshi::{KalshiClient, rest};
use crate::polymarket::PolymarketClient;

/// Largest request body that is read.
const BODY_LIMIT: usize = 1 << 20;
const KALSHI_WS_PATH: &str = "/trade-api/ws/v2";
const KALSHI_REST_PATH: &str = "/trade-api/v2";
const POLYMARKET_WS_PATH: &str = "/ws/market";

/// Where a request leaves its upgraded connection for the task that owns the socket.
#[derive(Debug, Clone, Default)]
pub(super) struct Upgraded(Arc<Mutex<Option<(OnUpgrade, u64)>>>);

impl Upgraded {
    fn put(&self, upgrade: OnUpgrade, id: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((upgrade, id));
    }

    pub(super) fn take(&self) -> Option<(OnUpgrade, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

type Reply = Response<Full<Bytes>>;
type Answering = Pin<Box<dyn Future<Output = Result<Reply, Infallible>> + Send>>;

/// The service of one TCP connection.
pub(super) fn of(
    endpoint: Endpoint,
    backstage: Arc<Backstage>,
    upgraded: Upgraded,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Reply,
    Error = Infallible,
    Future = Answering,
> {
    service_fn(move |request| -> Answering {
        let (backstage, upgraded) = (Arc::clone(&backstage), upgraded.clone());
        Box::pin(async move { Ok(answer(endpoint, request, &backstage, &upgraded).await) })
    })
}

async fn answer(
    endpoint: Endpoint,
    request: Request<Incoming>,
    backstage: &Backstage,
    upgraded: &Upgraded,
) -> Reply {
    let venue = endpoint.venue();
    let upgrade = request
        .headers()
        .get(UPGRADE)
        .is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let surface = if upgrade { Surface::WebSocket } else { Surface::Rest };
    let place = Place { venue, surface, connection: None, market: None };
    let (hangs, refused) = {
        let mut world = backstage.shared.lock();
        let stats = world.stats_of(venue);
        if upgrade {
            stats.handshakes += 1;
        } else {
            stats.requests += 1;
        }
        let hangs = world.faults.hit(place, |fault| *fault == Fault::Hang).is_some();
        let signed = request.headers().contains_key("kalshi-access-key");
        (hangs, world.faults.hit(place, |fault| refuses(fault, endpoint, upgrade, signed)))
    };
    if hangs {
        // Until the client gives up or the simulation ends.
        std::future::pending::<()>().await;
    }
    let outcome = match refused {
        Some(fault) => Err(refusal(venue, &fault)),
        None if upgrade => handshake(venue, request, backstage, upgraded),
        None => Err(rest_answer(venue, request, backstage).await),
    };
    let mut reply = match outcome {
        Ok(reply) => reply,
        Err(answer) => {
            if upgrade {
                backstage.shared.lock().stats_of(venue).refused += 1;
            }
            written(&answer)
        }
    };
    let now = backstage.shared.lock().venue_now(venue);
    if let Ok(date) = HeaderValue::from_str(&http_date(now)) {
        reply.headers_mut().insert(DATE, date);
    }
    reply
}

fn refuses(fault: &Fault, endpoint: Endpoint, upgrade: bool, signed: bool) -> bool {
    match fault {
        Fault::TooManyRequests { .. } | Fault::Status { .. } => true,
        Fault::Unauthorized => upgrade || signed,
        // Kalshi's status page and Gamma go on in a planned window.
        Fault::PlannedWindow => {
            upgrade || matches!(endpoint, Endpoint::Clob | Endpoint::PolymarketWs)
        }
        _ => false,
    }
}

/// The answer of a fault that refuses requests.
fn refusal(venue: Venue, fault: &Fault) -> Answer {
    match (fault, venue) {
        (Fault::Unauthorized, Venue::Kalshi) => {
            rest::signature_refused(crate::credentials::Refusal::BadSignature)
        }
        (Fault::Unauthorized, Venue::Polymarket) => {
            Answer::json(401, json!({"error": "Unauthorized/Invalid api key"}))
        }
        (Fault::TooManyRequests { retry_after }, _) => {
            let mut answer = Answer::json(429, json!({"error": "too many requests"}));
            answer.retry_after = retry_after.map(|wait| wait.as_secs());
            answer
        }
        (Fault::Status { code }, _) => Answer::json(*code, json!({"error": "unavailable"})),
        (_, Venue::Polymarket) => {
            Answer::json(425, json!({"error": "the matching engine is restarting"}))
        }
        (_, Venue::Kalshi) => Answer::json(
            503,
            json!({"error": {
                "code": "service_unavailable", "message": "service unavailable", "service": "exchange",
            }}),
        ),
    }
}

fn written(answer: &Answer) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(answer.body.clone())));
    *reply.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(seconds) = answer.retry_after {
        reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    reply
}

/// Checks a Kalshi signature against the venue's clock.
fn signature(request: &Request<Incoming>, backstage: &Backstage) -> rest::Signed {
    let (now, skew) = {
        let world = backstage.shared.lock();
        (millis(world.venue_now(Venue::Kalshi)), world.config.signature_skew)
    };
    let skew = i64::try_from(skew.as_millis()).unwrap_or(i64::MAX);
    let path = request.uri().path();
    backstage.keys.verify(request.headers(), request.method().as_str(), path, now, skew)
}

fn handshake(
    venue: Venue,
    mut request: Request<Incoming>,
    backstage: &Backstage,
    upgraded: &Upgraded,
) -> Result<Reply, Answer> {
    let path = request.uri().path();
    let client = match venue {
        Venue::Kalshi if path == KALSHI_WS_PATH => {
            signature(&request, backstage).map_err(rest::signature_refused)?;
            Client::Kalshi(KalshiClient::new())
        }
        Venue::Polymarket if path == POLYMARKET_WS_PATH => {
            Client::Polymarket(PolymarketClient::new())
        }
        _ => return Err(Answer::json(404, json!({"error": "not found"}))),
    };
    let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY) else {
        return Err(Answer::json(400, json!({"error": "Sec-WebSocket-Key is missing"})));
    };
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()))
        .map_err(|_| Answer::json(400, json!({"error": "Sec-WebSocket-Key is not usable"})))?;
    let id = backstage.shared.lock().connect(client);
    upgraded.put(hyper::upgrade::on(&mut request), id);
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = reply.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    Ok(reply)
}

async fn rest_answer(venue: Venue, request: Request<Incoming>, backstage: &Backstage) -> Answer {
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let path = request.uri().path().to_owned();
    match venue {
        Venue::Kalshi => {
            let Some(inner) = path.strip_prefix(KALSHI_REST_PATH) else {
                // A WebSocket path without an upgrade, or something else.
                return Answer::json(
                    404,
                    json!({"error": {"code": "not_found", "message": "not found"}}),
                );
            };
            if request.method() != Method::GET {
                return Answer::json(
                    405,
                    json!({"error": {
                        "code": "method_not_allowed", "message": "this simulation takes no orders",
                    }}),
                );
            }
            let signed = signature(&request, backstage);
            backstage.shared.lock().kalshi_get(inner, &query, signed)
        }
        Venue::Polymarket => {
            let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
            if agent.is_none_or(|agent| agent.is_empty() || agent.starts_with("Python-urllib")) {
                return Answer::json(403, json!({"error": "Forbidden"}));
            }
            if request.method() == Method::POST && path == "/books" {
                let body = Limited::new(request.into_body(), BODY_LIMIT).collect().await;
                return match body {
                    Ok(body) => backstage.shared.lock().clob_books(&body.to_bytes()),
                    Err(_) => Answer::json(400, json!({"error": "Invalid payload"})),
                };
            }
            let world = backstage.shared.lock();
            let found = world.gamma_get(&path, &query).or_else(|| world.clob_get(&path, &query));
            found.unwrap_or_else(|| Answer::json(404, json!({"error": "not found"})))
        }
    }
}
