//! Silences.

use std::time::Duration;

use super::model::{AlertKind, Severity};
use crate::window::Labels;

/// Keeps matching alerts from being announced for a while. They are still shown, and one that still
/// fires when the silence ends is announced then. The end of an alert that had been announced
/// before is always told.
///
/// An empty silence matches everything but [`Severity::Critical`]; those must be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Only alerts of this name.
    pub name: Option<String>,
    /// Only alerts of this kind.
    pub kind: Option<AlertKind>,
    /// Only alerts with all these labels.
    pub labels: Labels,
    /// Only alerts up to this severity. Default: [`Severity::High`].
    pub severity_max: Severity,
    /// For how long.
    pub lasts: Duration,
    /// Why, for those who look at it later.
    pub reason: String,
}

impl Silence {
    /// A silence of everything up to [`Severity::High`].
    #[must_use]
    pub fn new(lasts: Duration, reason: impl Into<String>) -> Self {
        Self {
            name: None,
            kind: None,
            labels: Labels::new(),
            severity_max: Severity::High,
            lasts,
            reason: reason.into(),
        }
    }

    /// Only alerts of this name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Only alerts of this kind.
    #[must_use]
    pub fn kind(mut self, kind: AlertKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Only alerts with this label.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }

    /// Also alerts that are critical.
    #[must_use]
    pub fn including_critical(mut self) -> Self {
        self.severity_max = Severity::Critical;
        self
    }

    pub(super) fn covers(
        &self,
        name: &str,
        kind: AlertKind,
        severity: Severity,
        labels: &Labels,
    ) -> bool {
        severity <= self.severity_max
            && self.name.as_deref().is_none_or(|wanted| wanted == name)
            && self.kind.is_none_or(|wanted| wanted == kind)
            && self.labels.iter().all(|(label, value)| labels.get(label) == Some(value))
    }
}
