//! The words of alerting.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::window::Labels;

/// How urgent an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth looking at today.
    Medium,
    /// Worth looking at now.
    High,
    /// Money is at risk or nothing works. Never rate limited.
    Critical,
}

impl Severity {
    /// The name in capitals, as it is written everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What an alert is about. Rate limits are kept for each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// An opportunity worth a look.
    Opportunity,
    /// The program itself.
    SystemError,
    /// Slower or failing more often than it should.
    Performance,
    /// A venue or store that is not reached.
    Connection,
    /// Data that is late, missing or contradictory.
    DataQuality,
}

impl AlertKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Opportunity,
        Self::SystemError,
        Self::Performance,
        Self::Connection,
        Self::DataQuality,
    ];

    /// The name in snake case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opportunity => "opportunity",
            Self::SystemError => "system_error",
            Self::Performance => "performance",
            Self::Connection => "connection",
            Self::DataQuality => "data_quality",
        }
    }
}

impl fmt::Display for AlertKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The identity of an alert: 64-bit FNV-1a over its name and labels, the same in every process, so
/// that a receiver recognises an alert across a restart. Shown as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of a name and labels.
    #[must_use]
    pub fn of(name: &str, labels: &Labels) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut feed = |text: &str| {
            // 0xff never occurs in UTF-8, so neighbouring texts cannot run into each other.
            for byte in text.bytes().chain([0xff]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        };
        feed(name);
        for (label, value) in labels {
            feed(label);
            feed(value);
        }
        Self(hash)
    }

    /// Reads 16 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then(|| u64::from_str_radix(text, 16).ok().map(Self)).flatten()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A condition that holds, as a rule or code reports it.
///
/// ```
/// use arb_monitor::alert::{AlertKind, Severity, Signal};
///
/// let signal = Signal::new("CacheDown", AlertKind::Connection, Severity::High, "Redis refuses connections")
///     .with_label("store", "redis://127.0.0.1")
///     .with_runbook("cache-down");
/// assert_eq!(signal.fingerprint().to_string().len(), 16);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// The alert's name, in CamelCase.
    pub name: String,
    /// What it is about.
    pub kind: AlertKind,
    /// How urgent it is.
    pub severity: Severity,
    /// What tells it apart from others of its name. Part of the identity: no measured values here.
    pub labels: Labels,
    /// One sentence for a human.
    pub summary: String,
    /// Anything more, may be empty.
    pub details: String,
    /// The number that crossed a limit.
    pub value: Option<f64>,
    /// The runbook page.
    pub runbook: Option<String>,
    /// How long the condition must hold before it fires. Default: not at all.
    pub pending_for: Duration,
    /// The condition ends by itself when it was not raised again for this long. Default: never;
    /// what raises it clears it.
    pub expires_after: Option<Duration>,
}

impl Signal {
    /// A condition without labels that fires at once and stays until it is cleared.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        kind: AlertKind,
        severity: Severity,
        summary: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            kind,
            severity,
            labels: Labels::new(),
            summary: summary.into(),
            details: String::new(),
            value: None,
            runbook: None,
            pending_for: Duration::ZERO,
            expires_after: None,
        }
    }

    /// Adds a label.
    #[must_use]
    pub fn with_label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }

    /// Sets the details.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        self.details = details.into();
        self
    }

    /// Sets the value.
    #[must_use]
    pub fn with_value(mut self, value: f64) -> Self {
        self.value = Some(value);
        self
    }

    /// Sets the runbook page.
    #[must_use]
    pub fn with_runbook(mut self, runbook: impl Into<String>) -> Self {
        self.runbook = Some(runbook.into());
        self
    }

    /// Sets how long the condition must hold before it fires.
    #[must_use]
    pub fn pending_for(mut self, hold: Duration) -> Self {
        self.pending_for = hold;
        self
    }

    /// Lets the condition end by itself when it is not raised again.
    #[must_use]
    pub fn expires_after(mut self, after: Duration) -> Self {
        self.expires_after = Some(after);
        self
    }

    /// The identity.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.name, &self.labels)
    }
}

/// Where an alert is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The condition holds, but not for long enough yet. Nobody was told.
    Pending,
    /// The condition holds, or a flapping one is waited for.
    Firing,
    /// The condition ended.
    Resolved,
}

/// Who took care of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acknowledgement {
    /// A name.
    pub by: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// An alert as it is shown and sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Alert {
    /// The identity.
    pub fingerprint: Fingerprint,
    /// The alert's name.
    pub name: String,
    /// What it is about.
    pub kind: AlertKind,
    /// The highest severity of this episode; it rises and does not fall.
    pub severity: Severity,
    /// Where it is in its life.
    pub status: Status,
    /// What tells it apart.
    pub labels: Labels,
    /// One sentence.
    pub summary: String,
    /// Anything more.
    pub details: String,
    /// The number that crossed a limit, as last reported.
    pub value: Option<f64>,
    /// The runbook page.
    pub runbook: Option<String>,
    /// When the condition began.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339::option")]
    pub ended_at: Option<OffsetDateTime>,
    /// How often it was raised in this episode.
    pub occurrences: u64,
    /// Who took care of it.
    pub acknowledged: Option<Acknowledgement>,
    /// Whether a silence covers it now.
    pub silenced: bool,
    /// Whether it came and went so often that its end is waited for longer.
    pub flapping: bool,
    /// Whether anybody was told.
    pub announced: bool,
}

/// Why a notification is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "change")]
#[non_exhaustive]
pub enum Change {
    /// It began to fire.
    Firing,
    /// It fires with a higher severity than before.
    Escalated,
    /// It still fires.
    Repeat,
    /// It ended. Sent exactly once for an episode that was announced, never for another.
    Resolved,
    /// A rate limit kept this many alerts of the kind back since the last such report.
    Suppressed {
        /// How many.
        count: u64,
    },
    /// The sign of life that always fires: tell somebody when it stops coming.
    Watchdog,
}

/// What is sent to a sink.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Notification {
    /// Counts up from 1 in this process.
    pub sequence: u64,
    /// Why it is sent.
    #[serde(flatten)]
    pub change: Change,
    /// When it was decided.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The alert at that moment.
    pub alert: Alert,
}
