//! The one path every REST request takes: rate limit, breaker, time-out, retry.

use std::sync::Arc;
use std::time::Duration;

use arb_breaker::{Breaker, BreakerConfig};
use arb_normalize::Venue;
use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{AGE, DATE, HeaderMap, RETRY_AFTER};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::bucket::{TokenBucket, TokenRate};
use crate::clock::ClockOffset;
use crate::error::VenueError;
use crate::kalshi::KalshiCredentials;

/// Longest part of an error body that is kept.
const MESSAGE_LIMIT: usize = 200;
/// Largest answer that is read.
const BODY_LIMIT: usize = 64 << 20;

/// An answer that took longer says too little about the venue's clock.
const CLOCK_ROUND_TRIP: Duration = Duration::from_secs(2);
/// A signature that was refused is made anew when the clock it was made by was wrong by more, in milliseconds.
const RESIGN_ABOVE_MS: i64 = 2_000;

/// How a venue's REST interface is used.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RestConfig {
    /// Scheme, host and base path, without a slash at the end.
    pub base_url: String,
    /// Time allowed for one try, body included. Default: 10 s.
    pub timeout: Duration,
    /// Tries after the first. Default: 3.
    pub retries: u32,
    /// The first wait between tries; it doubles. Default: 500 ms.
    pub retry_delay: Duration,
    /// The longest wait between tries, also where the venue asks for more. Default: 30 s.
    pub retry_delay_max: Duration,
    /// Tokens a second.
    pub rate: TokenRate,
    /// Where the time is read, for signatures and clock offsets.
    pub now: fn() -> OffsetDateTime,
}

impl RestConfig {
    /// The defaults for an interface at `base_url`, with that rate.
    #[must_use]
    pub fn new(base_url: &str, rate: TokenRate) -> Self {
        Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            timeout: Duration::from_secs(10),
            retries: 3,
            retry_delay: Duration::from_millis(500),
            retry_delay_max: Duration::from_secs(30),
            rate,
            now: wall_clock,
        }
    }
}

/// The system's clock, UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "signatures carry the wall-clock time; the configuration replaces this function"
)]
pub(crate) fn wall_clock() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) query: Vec<(&'a str, String)>,
    pub(crate) body: Option<String>,
    /// Tokens it costs.
    pub(crate) cost: u32,
    pub(crate) signed: bool,
}

impl<'a> Request<'a> {
    pub(crate) fn get(path: &'a str) -> Self {
        Self { method: Method::GET, path, query: Vec::new(), body: None, cost: 1, signed: false }
    }

    pub(crate) fn with(mut self, name: &'a str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    pub(crate) fn signed(mut self) -> Self {
        self.signed = true;
        self
    }

    pub(crate) fn cost(mut self, tokens: u32) -> Self {
        self.cost = tokens;
        self
    }
}

/// A venue's REST interface.
#[derive(Debug)]
pub(crate) struct Rest {
    venue: Venue,
    config: RestConfig,
    client: reqwest::Client,
    bucket: TokenBucket,
    breaker: Breaker,
    credentials: Option<Arc<KalshiCredentials>>,
    clock: ClockOffset,
    /// Path of the base address, which is part of what Kalshi wants signed.
    base_path: String,
    meters: Meters,
}

/// What is counted of a venue's requests, looked up once.
struct Meters {
    requests: metrics::Counter,
    failures: metrics::Counter,
    seconds: metrics::Histogram,
}

impl Meters {
    fn of(venue: Venue) -> Self {
        let venue = venue.as_str();
        let meters = Self {
            requests: metrics::counter!("arb_venues_requests_total", "venue" => venue),
            failures: metrics::counter!("arb_venues_failures_total", "venue" => venue),
            seconds: metrics::histogram!("arb_venues_request_seconds", "venue" => venue),
        };
        // Shown before the first: what appears with a value has not increased for who watches the time series.
        meters.failures.increment(0);
        meters
    }
}

impl std::fmt::Debug for Meters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meters").finish_non_exhaustive()
    }
}

impl Rest {
    pub(crate) fn new(
        venue: Venue,
        config: RestConfig,
        credentials: Option<Arc<KalshiCredentials>>,
        clock: ClockOffset,
    ) -> Result<Self, VenueError> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("arb-venues/", env!("CARGO_PKG_VERSION")))
            .timeout(config.timeout)
            .connect_timeout(config.timeout)
            .tcp_nodelay(true)
            // Signed headers go to the venue and nowhere else; loopback needs no proxy.
            .redirect(reqwest::redirect::Policy::none());
        let client = if is_loopback(&config.base_url) { client.no_proxy() } else { client };
        let client = client.build().map_err(|error| VenueError::Client(error.into()))?;
        let base_path = config
            .base_url
            .split_once("://")
            .and_then(|(_, rest)| rest.find('/').map(|slash| rest[slash..].to_owned()))
            .unwrap_or_default();
        let breaker = Breaker::new(format!("rest.{venue}"), BreakerConfig::default())
            .map_err(|error| VenueError::Client(error.into()))?;
        Ok(Self {
            venue,
            bucket: TokenBucket::new(config.rate),
            breaker,
            config,
            client,
            credentials,
            clock,
            base_path,
            meters: Meters::of(venue),
        })
    }

    /// Sends a request and gives the body of the answer.
    ///
    /// Failures that may pass are tried again with growing waits; a `Retry-After` is obeyed up to `retry_delay_max`. A
    /// signed request that is refused with 401 goes out once more where the answer showed that the clock was wrong.
    ///
    /// # Errors
    /// The last failure.
    ///
    /// # Cancel safety
    /// Cancel safe: every request of this crate is a read.
    pub(crate) async fn send(&self, request: &Request<'_>) -> Result<Bytes, VenueError> {
        let mut delay = self.config.retry_delay;
        let mut tries_left = self.config.retries;
        let mut resigned = false;
        loop {
            let signed_by = self.clock.millis();
            let error = match self.try_once(request).await {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            let unauthorized = matches!(error, VenueError::Status { status: 401, .. });
            if unauthorized && request.signed && !resigned {
                resigned = true;
                if (self.clock.millis() - signed_by).abs() > RESIGN_ABOVE_MS {
                    tracing::warn!(venue = %self.venue, offset = %self.clock, "a signature was refused; the clock is corrected");
                    continue;
                }
            }
            // While the breaker is open nothing is sent; the caller decides whether to wait that long.
            let suspended = matches!(error, VenueError::Suspended { .. });
            if tries_left == 0 || suspended || !error.is_retryable() {
                return Err(error);
            }
            tries_left -= 1;
            let wait = error.retry_after().unwrap_or(delay).min(self.config.retry_delay_max);
            tracing::debug!(venue = %self.venue, path = request.path, ?wait, %error, "request is tried again");
            tokio::time::sleep(wait).await;
            delay = (delay * 2).min(self.config.retry_delay_max);
        }
    }

    async fn try_once(&self, request: &Request<'_>) -> Result<Bytes, VenueError> {
        self.bucket.take(request.cost).await;
        let permit = self.breaker.try_acquire().map_err(|rejected| VenueError::Suspended {
            venue: self.venue,
            retry_in: rejected.retry_after.unwrap_or_default(),
        })?;
        self.meters.requests.increment(1);
        let started = tokio::time::Instant::now();
        let result = self.exchange(request).await;
        self.meters.seconds.record(started.elapsed().as_secs_f64());
        match &result {
            Ok(_) => permit.success(),
            // A refusal is an answer: the venue works. So is a rate limit: it is not broken, we are too fast.
            Err(VenueError::Status { status, .. }) if *status < 500 => permit.ignore(),
            Err(_) => {
                self.meters.failures.increment(1);
                permit.failure();
            }
        }
        result
    }

    async fn exchange(&self, request: &Request<'_>) -> Result<Bytes, VenueError> {
        let url = format!("{}{}", self.config.base_url, request.path);
        let mut builder = self.client.request(request.method.clone(), url).query(&request.query);
        if let Some(credentials) = self.credentials.as_ref().filter(|_| request.signed) {
            let now = self.clock.venue_time((self.config.now)());
            let path = format!("{}{}", self.base_path, request.path);
            let signed = credentials
                .sign(now, request.method.as_str(), &path)
                .map_err(|source| VenueError::Sign { venue: self.venue, source })?;
            for (name, value) in signed.into_pairs() {
                builder = builder.header(name, value);
            }
        }
        if let Some(body) = &request.body {
            builder = builder.header("content-type", "application/json").body(body.clone());
        }
        let transport = |error: reqwest::Error| VenueError::Transport {
            venue: self.venue,
            path: request.path.to_owned(),
            timeout: error.is_timeout(),
            // The address may hold a query; the cause is kept without it.
            source: error.without_url().into(),
        };
        let started = tokio::time::Instant::now();
        let mut response = builder.send().await.map_err(transport)?;
        self.read_clock(response.headers(), started.elapsed());
        let status = response.status();
        let retry_after = retry_after(response.headers(), (self.config.now)());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(transport)? {
            if body.len() + chunk.len() > BODY_LIMIT {
                return Err(VenueError::Status {
                    venue: self.venue,
                    path: request.path.to_owned(),
                    status: status.as_u16(),
                    message: format!("the answer is larger than {BODY_LIMIT} bytes"),
                    retry_after: None,
                });
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            return Err(VenueError::Status {
                venue: self.venue,
                path: request.path.to_owned(),
                status: status.as_u16(),
                message: excerpt(&body),
                retry_after,
            });
        }
        Ok(body.into())
    }

    fn read_clock(&self, headers: &HeaderMap, round_trip: Duration) {
        if round_trip > CLOCK_ROUND_TRIP || is_cached(headers) {
            return;
        }
        let date = headers.get(DATE).and_then(|value| value.to_str().ok());
        if let Some(date) = date.and_then(http_date) {
            // It was made somewhere on the way, half the round trip ago on average.
            self.clock.correct_by_date(date, (self.config.now)() - round_trip / 2);
        }
    }
}

/// Whether an answer was kept somewhere on the way: its date is that of another time.
fn is_cached(headers: &HeaderMap) -> bool {
    let text = |value: &reqwest::header::HeaderValue| {
        value.to_str().unwrap_or_default().trim().to_ascii_lowercase()
    };
    headers.get(AGE).map(text).is_some_and(|age| age.parse::<u64>().is_ok_and(|age| age > 0))
        || ["x-cache", "x-cache-status", "cf-cache-status"]
            .iter()
            .filter_map(|name| headers.get(*name).map(text))
            .any(|word| word.contains("hit") || word.contains("stale"))
}

/// Whether an address is on this machine.
fn is_loopback(base_url: &str) -> bool {
    let host = base_url.split_once("://").map_or("", |(_, rest)| rest);
    ["127.", "localhost", "[::1]"].iter().any(|local| host.starts_with(local))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(&text.replace("GMT", "+0000"), &Rfc2822).ok()
}

/// `Retry-After` in seconds or as a date.
fn retry_after(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    Duration::try_from(http_date(text)? - now).ok()
}

fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = OffsetDateTime::from_unix_timestamp(784_111_777).unwrap();
        let header = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(header("7"), Some(Duration::from_secs(7)));
        assert_eq!(header("Sun, 06 Nov 1994 08:49:47 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(header("Sun, 06 Nov 1994 08:49:27 GMT"), None);
        assert_eq!(header("soon"), None);
    }

    #[test]
    fn an_answer_out_of_a_cache_is_known_by_its_headers() {
        let cached = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            is_cached(&headers)
        };
        assert!(cached("age", "7") && !cached("age", "0") && !cached("age", "new"));
        assert!(
            cached("x-cache", "Hit from cloudfront") && !cached("x-cache", "Miss from cloudfront")
        );
        assert!(cached("cf-cache-status", "HIT") && !cached("cf-cache-status", "DYNAMIC"));
    }

    #[test]
    fn an_error_body_is_cut_and_freed_of_control_characters() {
        assert_eq!(excerpt(b"a\nb"), "a b");
        assert_eq!(excerpt(&[b'x'; 1000]).len(), MESSAGE_LIMIT);
    }
}
