//! What others hear of a breaker without asking: `metrics` and `tracing`, each behind its feature.

use crate::event::Event;
use crate::snapshot::Snapshot;

/// Tells of one event.
pub(crate) fn event(event: &Event) {
    #[cfg(feature = "metrics")]
    measured::event(event);
    #[cfg(feature = "tracing")]
    traced::event(event);
    #[cfg(not(any(feature = "metrics", feature = "tracing")))]
    let _ = event;
}

/// Brings all counters up to date.
pub(crate) fn counts(snapshot: &Snapshot) {
    #[cfg(feature = "metrics")]
    measured::counts(snapshot);
    #[cfg(not(feature = "metrics"))]
    let _ = snapshot;
}

#[cfg(feature = "metrics")]
mod measured {
    use metrics::{Level, SharedString, counter, gauge};

    use crate::event::{Event, EventKind};
    use crate::snapshot::Snapshot;
    use crate::state::State;

    pub(super) fn event(event: &Event) {
        let EventKind::StateChanged { to, .. } = event.kind else { return };
        let breaker = SharedString::from_shared(event.breaker.clone());
        counter!(
            "arb_breaker_transitions_total", "breaker" => breaker.clone(), "to" => to.as_str()
        )
        .increment(1);
        state(breaker, to);
    }

    fn state(breaker: SharedString, state: State) {
        let code = match state {
            State::Closed | State::MetricsOnly | State::Disabled => 0.0,
            State::HalfOpen => 1.0,
            State::Open | State::ForcedOpen => 2.0,
        };
        gauge!(level: Level::INFO, "arb_breaker_state", "breaker" => breaker).set(code);
    }

    pub(super) fn counts(snapshot: &Snapshot) {
        let totals = &snapshot.totals;
        let breaker = SharedString::from_shared(snapshot.name.clone());
        let calls = [
            ("success", totals.successes),
            ("failure", totals.failures),
            ("ignored", totals.ignored),
            ("cancelled", totals.cancelled),
            ("stale", totals.stale),
            ("rejected", totals.rejected),
        ];
        for (outcome, count) in calls {
            counter!("arb_breaker_calls_total", "breaker" => breaker.clone(), "outcome" => outcome)
                .absolute(count);
        }
        let unknown =
            totals.failures - totals.failures_local - totals.failures_remote - totals.panics;
        let failures = [
            ("local", totals.failures_local),
            ("remote", totals.failures_remote),
            ("panic", totals.panics),
            ("unknown", unknown),
        ];
        for (origin, count) in failures {
            counter!("arb_breaker_failures_total", "breaker" => breaker.clone(), "origin" => origin)
                .absolute(count);
        }
        let apart = [
            ("admitted", totals.risk_reducing.admitted),
            ("admitted_unhealthy", totals.risk_reducing.admitted_unhealthy),
            ("success", totals.risk_reducing.successes),
            ("failure", totals.risk_reducing.failures),
        ];
        for (outcome, count) in apart {
            counter!(
                "arb_breaker_risk_reducing_calls_total",
                "breaker" => breaker.clone(), "outcome" => outcome
            )
            .absolute(count);
        }
        counter!("arb_breaker_slow_calls_total", "breaker" => breaker.clone())
            .absolute(totals.slow);
        counter!("arb_breaker_probes_lost_total", "breaker" => breaker.clone())
            .absolute(totals.probes_lost);
        counter!("arb_breaker_would_open_total", "breaker" => breaker.clone())
            .absolute(totals.would_open);
        state(breaker, snapshot.state);
    }
}

#[cfg(feature = "tracing")]
mod traced {
    use tracing::{info, warn};

    use crate::event::{Event, EventKind};

    pub(super) fn event(event: &Event) {
        let breaker = &*event.breaker;
        match event.kind {
            EventKind::StateChanged { from, to, reason: Some(reason), open_for } => {
                warn!(breaker, %from, %to, %reason, ?open_for, "breaker opened");
            }
            EventKind::StateChanged { from, to, .. } => {
                info!(breaker, %from, %to, "breaker changed its state");
            }
            EventKind::WouldOpen { reason } => warn!(breaker, %reason, "breaker would open"),
            EventKind::ProbeLost => warn!(breaker, "probe did not report within its lease"),
        }
    }
}
