//! Where notifications go.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::model::{Change, Notification, Severity};

/// A receiver of notifications. Two come with the crate, [`LogSink`] and [`MemorySink`]; the
/// feature `webhook` adds one that posts.
#[async_trait]
pub trait AlertSink: Send + Sync + 'static {
    /// Brings one notification to the receiver. It is called for one notification at a time.
    ///
    /// # Errors
    ///
    /// A [`SinkError`] that says whether to try again and when.
    ///
    /// # Cancel safety
    ///
    /// The caller drops the future when its timeout passes; the receiver may then have got the
    /// notification, and gets it again. Receivers recognise it by sequence and fingerprint.
    async fn deliver(&self, notification: &Notification) -> Result<(), SinkError>;
}

/// Why a sink did not take a notification.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// It may work later.
    #[error("the sink did not take the notification ({reason}): it is tried again")]
    Unavailable {
        /// What happened.
        reason: String,
        /// The pause the receiver asked for.
        retry_after: Option<Duration>,
        /// The cause.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The receiver refuses this notification for good.
    #[error("the sink refused the notification ({reason}): check its address and format")]
    Refused {
        /// What it said.
        reason: String,
    },
}

impl SinkError {
    /// An error after which the notification is tried again.
    #[must_use]
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable { reason: reason.into(), retry_after: None, source: None }
    }

    /// Whether the same notification may be taken later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// The pause the receiver asked for.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            Self::Refused { .. } => None,
        }
    }
}

/// Writes notifications as `tracing` events with the target `arb_monitor::alert`: errors from
/// [`Severity::High`] on, warnings below, information for ends and the watchdog.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct LogSink;

#[async_trait]
impl AlertSink for LogSink {
    async fn deliver(&self, notification: &Notification) -> Result<(), SinkError> {
        let alert = &notification.alert;
        let change = notification.change;
        macro_rules! say {
            ($level:ident) => {
                tracing::$level!(
                    target: "arb_monitor::alert",
                    change = ?change,
                    alert = %alert.name,
                    severity = %alert.severity,
                    kind = %alert.kind,
                    fingerprint = %alert.fingerprint,
                    labels = ?alert.labels,
                    value = alert.value,
                    "{}", alert.summary
                )
            };
        }
        match (change, alert.severity) {
            (Change::Watchdog, _) => say!(debug),
            (Change::Resolved, _) => say!(info),
            (_, Severity::High | Severity::Critical) => say!(error),
            _ => say!(warn),
        }
        Ok(())
    }
}

/// Keeps the newest notifications in memory, for a page or a test.
#[derive(Debug, Clone)]
pub struct MemorySink {
    kept: Arc<Mutex<Vec<Notification>>>,
    capacity: usize,
}

impl MemorySink {
    /// A sink that keeps this many; the oldest goes first.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { kept: Arc::default(), capacity: capacity.max(1) }
    }

    /// What is kept, oldest first.
    #[must_use]
    pub fn notifications(&self) -> Vec<Notification> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl AlertSink for MemorySink {
    async fn deliver(&self, notification: &Notification) -> Result<(), SinkError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= self.capacity {
            kept.remove(0);
        }
        kept.push(notification.clone());
        Ok(())
    }
}
