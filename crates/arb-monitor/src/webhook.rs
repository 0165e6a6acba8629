//! A sink that posts JSON.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, StatusCode, Url, redirect};

use crate::alert::{AlertSink, Format, Notification, SinkError};
use crate::error::MonitorError;

/// Where and how to post.
///
/// The address of a Slack or Discord webhook is a secret: it is neither shown by `Debug` nor part
/// of any error.
#[derive(Clone)]
#[non_exhaustive]
pub struct WebhookConfig {
    /// The address, `http` or `https`.
    pub url: String,
    /// What the receiver reads. Default: [`Format::Generic`].
    pub format: Format,
    /// Sent as `authorization: Bearer …`. Default: none.
    pub bearer: Option<String>,
    /// For one request, connecting included. Default: 5 s.
    pub timeout: Duration,
}

impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookConfig").field("format", &self.format).finish_non_exhaustive()
    }
}

impl WebhookConfig {
    /// Posts the generic body to an address.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            format: Format::Generic,
            bearer: None,
            timeout: Duration::from_secs(5),
        }
    }

    /// Posts another body.
    #[must_use]
    pub fn with_format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Sends a bearer token.
    #[must_use]
    pub fn with_bearer(mut self, token: impl Into<String>) -> Self {
        self.bearer = Some(token.into());
        self
    }
}

/// Posts notifications to a webhook. Redirects are not followed: an address that moved is a
/// refusal, seen in the sink's status.
pub struct WebhookSink {
    client: Client,
    url: Url,
    config: WebhookConfig,
}

impl fmt::Debug for WebhookSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSink").field("config", &self.config).finish_non_exhaustive()
    }
}

impl WebhookSink {
    /// A sink for an address.
    ///
    /// # Errors
    ///
    /// [`MonitorError::Config`] for an address that is none, [`MonitorError::Client`] when the
    /// client cannot be built.
    pub fn new(config: WebhookConfig) -> Result<Self, MonitorError> {
        let bad = |hint| MonitorError::Config {
            setting: "the address of a webhook",
            value: "not usable".to_owned(),
            hint,
        };
        let url = Url::parse(&config.url).map_err(|_| bad("give a whole https:// address"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("give an address that begins with https:// or http://"));
        }
        let client = Client::builder()
            .timeout(config.timeout)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("arb-monitor/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|source| MonitorError::Client { source: Box::new(source) })?;
        Ok(Self { client, url, config })
    }
}

#[async_trait]
impl AlertSink for WebhookSink {
    async fn deliver(&self, notification: &Notification) -> Result<(), SinkError> {
        let body = self.config.format.body(notification).to_string();
        let mut request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .body(body);
        if let Some(token) = &self.config.bearer {
            request = request.bearer_auth(token);
        }
        match request.send().await {
            Ok(response) => judge(response).await,
            Err(error) => {
                let error = error.without_url();
                Err(SinkError::Unavailable {
                    reason: "the request failed".to_owned(),
                    retry_after: None,
                    source: Some(Box::new(error)),
                })
            }
        }
    }
}

async fn judge(mut response: Response) -> Result<(), SinkError> {
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.trim().parse::<f64>().ok())
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let said = match response.chunk().await {
        Ok(Some(bytes)) => String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned(),
        _ => String::new(),
    };
    let reason = format!("status {}: {said}", status.as_u16());
    let later = status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        );
    if later {
        Err(SinkError::Unavailable { reason, retry_after, source: None })
    } else {
        Err(SinkError::Refused { reason })
    }
}
