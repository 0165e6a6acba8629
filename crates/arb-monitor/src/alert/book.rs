//! The state machine of all alerts.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use super::limit::Limit;
use super::model::{
    Acknowledgement, Alert, AlertKind, Change, Fingerprint, Notification, Severity, Signal, Status,
};
use super::silence::Silence;
use crate::clock::Moment;
use crate::window::Labels;

/// Times and bounds of an [`AlertBook`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlertBookConfig {
    /// A firing alert that nobody acknowledged is told again after this long. Default: 4 h.
    pub repeat_every: Duration,
    /// The same for [`Severity::Critical`]. Default: 15 min.
    pub repeat_critical_every: Duration,
    /// Notifications of one kind within [`limit_window`](Self::limit_window); critical ones and
    /// ends are not counted. Default: 10.
    pub limit: usize,
    /// Default: 60 s.
    pub limit_window: Duration,
    /// An alert whose condition began this often within [`flap_window`](Self::flap_window) flaps.
    /// Default: 4.
    pub flap_threshold: usize,
    /// Default: 10 min.
    pub flap_window: Duration,
    /// A flapping alert ends when its condition was gone this long. Default: 5 min.
    pub flap_hold: Duration,
    /// How often the sign of life goes out. Default: 60 s.
    pub watchdog_every: Duration,
    /// Alerts held at once; one more is counted and dropped unless it is critical and a lesser one
    /// can go. Default: 1,000.
    pub alerts_max: usize,
    /// Ended alerts remembered for display. Default: 200.
    pub history_max: usize,
}

impl Default for AlertBookConfig {
    fn default() -> Self {
        Self {
            repeat_every: Duration::from_secs(4 * 3600),
            repeat_critical_every: Duration::from_secs(900),
            limit: 10,
            limit_window: Duration::from_secs(60),
            flap_threshold: 4,
            flap_window: Duration::from_secs(600),
            flap_hold: Duration::from_secs(300),
            watchdog_every: Duration::from_secs(60),
            alerts_max: 1_000,
            history_max: 200,
        }
    }
}

/// All alerts, pure: time is an argument and notifications are taken out with
/// [`take_notifications`](Self::take_notifications).
///
/// The rules, in one place. A change of state is told once. A repeat is told only while firing and
/// not acknowledged. An end is told exactly once for every episode that was announced. What a rate
/// limit or a silence keeps back is announced later if it still fires then. A severity rises within
/// an episode and does not fall.
#[derive(Debug)]
pub struct AlertBook {
    config: AlertBookConfig,
    entries: HashMap<Fingerprint, Entry>,
    limits: BTreeMap<AlertKind, Limit>,
    silences: Vec<(u64, Duration, Silence)>,
    next_silence: u64,
    history: VecDeque<Alert>,
    outbox: Vec<Notification>,
    sequence: u64,
    watchdog_sent: Option<Duration>,
    watchdog_started: Option<Moment>,
    overflowed: u64,
}

#[derive(Debug)]
struct Entry {
    signal: Signal,
    severity: Severity,
    status: Status,
    /// Whether the condition holds now.
    holds: bool,
    began: Moment,
    ended: Option<Moment>,
    /// When the condition was last raised, or went away.
    touched: Duration,
    announced: Option<Severity>,
    told: Duration,
    acknowledged: Option<Acknowledgement>,
    occurrences: u64,
    kept_back: bool,
    rises: VecDeque<Duration>,
}

impl AlertBook {
    /// An empty book.
    #[must_use]
    pub fn new(config: AlertBookConfig) -> Self {
        Self {
            config,
            entries: HashMap::new(),
            limits: BTreeMap::new(),
            silences: Vec::new(),
            next_silence: 1,
            history: VecDeque::new(),
            outbox: Vec::new(),
            sequence: 0,
            watchdog_sent: None,
            watchdog_started: None,
            overflowed: 0,
        }
    }

    /// A condition holds. Raising it again while it holds changes its text and value and counts an
    /// occurrence; it is not told again.
    pub fn raise(&mut self, signal: Signal, now: Moment) -> Fingerprint {
        let fingerprint = signal.fingerprint();
        if let Some(entry) = self.entries.get_mut(&fingerprint) {
            entry.raise(signal, now, &self.config);
        } else if self.make_room(signal.severity) {
            self.entries.insert(fingerprint, Entry::new(signal, now));
        } else {
            self.overflowed += 1;
            let limit = self.limits.entry(signal.kind).or_default();
            limit.suppress(signal.severity, now.elapsed);
            return fingerprint;
        }
        self.settle(fingerprint, now);
        fingerprint
    }

    /// A condition ended. Unknown fingerprints and ended conditions are left alone.
    pub fn clear(&mut self, fingerprint: Fingerprint, now: Moment) {
        let Some(entry) = self.entries.get_mut(&fingerprint) else { return };
        if !entry.holds {
            return;
        }
        entry.holds = false;
        entry.touched = now.elapsed;
        match entry.status {
            Status::Pending => {
                self.entries.remove(&fingerprint);
            }
            Status::Firing if !entry.flaps(now.elapsed, &self.config) => {
                self.resolve(fingerprint, now);
            }
            Status::Firing | Status::Resolved => {}
        }
    }

    /// Lets time pass: pending alerts fire, one-shot ones end, repeats and what was kept back are
    /// told. Call it every second or so.
    pub fn tick(&mut self, now: Moment) {
        self.silences.retain(|(_, until, _)| *until > now.elapsed);
        let mut order: Vec<_> = self
            .entries
            .iter()
            .map(|(&fingerprint, entry)| (entry.severity, entry.began.elapsed, fingerprint))
            .collect();
        order.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        for (_, _, fingerprint) in order {
            self.age(fingerprint, now);
            self.settle(fingerprint, now);
            self.repeat(fingerprint, now);
        }
        self.report_suppressed(now);
        self.watchdog(now);
    }

    /// Somebody takes care of an alert: it is not repeated until it ends or rises in severity.
    /// Returns the alert, or `None` when it is not there or has ended.
    pub fn acknowledge(
        &mut self,
        fingerprint: Fingerprint,
        by: impl Into<String>,
        now: Moment,
    ) -> Option<Alert> {
        let entry = self.entries.get_mut(&fingerprint)?;
        if entry.status == Status::Resolved {
            return None;
        }
        entry.acknowledged = Some(Acknowledgement { by: by.into(), at: now.at });
        self.alert(fingerprint)
    }

    /// Adds a silence and returns its number. At most 100 are kept; the oldest goes.
    pub fn silence(&mut self, silence: Silence, now: Moment) -> u64 {
        let id = self.next_silence;
        self.next_silence += 1;
        if self.silences.len() >= 100 {
            self.silences.remove(0);
        }
        self.silences.push((id, now.elapsed.saturating_add(silence.lasts), silence));
        id
    }

    /// Ends a silence early. Returns whether it was there.
    pub fn unsilence(&mut self, id: u64) -> bool {
        let before = self.silences.len();
        self.silences.retain(|(other, _, _)| *other != id);
        self.silences.len() < before
    }

    /// The silences in force: number, time left, silence.
    #[must_use]
    pub fn silences(&self, now: Moment) -> Vec<(u64, Duration, Silence)> {
        let left = |until: Duration| until.saturating_sub(now.elapsed);
        self.silences
            .iter()
            .filter(|(_, until, _)| *until > now.elapsed)
            .map(|(id, until, silence)| (*id, left(*until), silence.clone()))
            .collect()
    }

    /// Alerts that are pending or firing, the most severe and oldest first.
    #[must_use]
    pub fn active(&self) -> Vec<Alert> {
        let mut alerts: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.status != Status::Resolved)
            .map(|(&fingerprint, entry)| self.view(fingerprint, entry))
            .collect();
        alerts.sort_by(|a, b| {
            let order = b.severity.cmp(&a.severity).then(a.started_at.cmp(&b.started_at));
            order.then(a.fingerprint.cmp(&b.fingerprint))
        });
        alerts
    }

    /// Ended alerts, the newest first.
    #[must_use]
    pub fn history(&self) -> Vec<Alert> {
        self.history.iter().rev().cloned().collect()
    }

    /// One alert, also when it ended a short while ago.
    #[must_use]
    pub fn alert(&self, fingerprint: Fingerprint) -> Option<Alert> {
        self.entries.get(&fingerprint).map(|entry| self.view(fingerprint, entry))
    }

    /// What has to be told since the last call, in order.
    #[must_use]
    pub fn take_notifications(&mut self) -> Vec<Notification> {
        std::mem::take(&mut self.outbox)
    }

    /// Signals dropped because the book was full.
    #[must_use]
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    fn make_room(&mut self, severity: Severity) -> bool {
        if self.entries.len() < self.config.alerts_max {
            return true;
        }
        let lesser = self
            .entries
            .iter()
            .filter(|(_, entry)| {
                entry.status == Status::Resolved
                    || (severity == Severity::Critical
                        && entry.severity < severity
                        && entry.announced.is_none())
            })
            .min_by_key(|(_, entry)| {
                (entry.status != Status::Resolved, entry.severity, entry.touched)
            })
            .map(|(&fingerprint, _)| fingerprint);
        lesser.is_some_and(|fingerprint| self.entries.remove(&fingerprint).is_some())
    }

    /// Expiry, the end of flapping, and forgetting.
    fn age(&mut self, fingerprint: Fingerprint, now: Moment) {
        let Some(entry) = self.entries.get(&fingerprint) else { return };
        let idle = now.elapsed.saturating_sub(entry.touched);
        if entry.holds {
            let expired = entry.signal.expires_after.is_some_and(|after| idle >= after);
            if expired {
                self.clear(fingerprint, now);
            }
            return;
        }
        match entry.status {
            Status::Firing if idle >= self.config.flap_hold => self.resolve(fingerprint, now),
            Status::Resolved if idle >= self.config.flap_window => {
                self.entries.remove(&fingerprint);
            }
            _ => {}
        }
    }

    /// Pending to firing, and the announcement of what fires.
    fn settle(&mut self, fingerprint: Fingerprint, now: Moment) {
        let Some(entry) = self.entries.get_mut(&fingerprint) else { return };
        if entry.status == Status::Pending
            && now.elapsed.saturating_sub(entry.began.elapsed) >= entry.signal.pending_for
        {
            entry.status = Status::Firing;
        }
        if entry.status != Status::Firing {
            return;
        }
        let change = match entry.announced {
            // What ended before it could be told is not worth telling any more.
            None if entry.holds => Change::Firing,
            Some(told) if told < entry.severity => Change::Escalated,
            _ => return,
        };
        if change == Change::Escalated {
            entry.acknowledged = None;
        }
        if self.is_silenced(fingerprint) || !self.admit(fingerprint, now) {
            return;
        }
        self.tell(fingerprint, change, now);
    }

    fn repeat(&mut self, fingerprint: Fingerprint, now: Moment) {
        let Some(entry) = self.entries.get(&fingerprint) else { return };
        let every = match entry.severity {
            Severity::Critical => self.config.repeat_critical_every,
            _ => self.config.repeat_every,
        };
        let due = entry.status == Status::Firing
            && entry.holds
            && entry.announced.is_some()
            && entry.acknowledged.is_none()
            && now.elapsed.saturating_sub(entry.told) >= every;
        if due && !self.is_silenced(fingerprint) && self.permit(fingerprint, now) {
            self.tell(fingerprint, Change::Repeat, now);
        }
    }

    /// A permit of the rate limit; what does not get one is counted once an episode.
    fn admit(&mut self, fingerprint: Fingerprint, now: Moment) -> bool {
        if self.permit(fingerprint, now) {
            return true;
        }
        if let Some(entry) = self.entries.get_mut(&fingerprint)
            && !entry.kept_back
        {
            entry.kept_back = true;
            let limit = self.limits.entry(entry.signal.kind).or_default();
            limit.suppress(entry.severity, now.elapsed);
        }
        false
    }

    fn permit(&mut self, fingerprint: Fingerprint, now: Moment) -> bool {
        let Some(entry) = self.entries.get(&fingerprint) else { return false };
        entry.severity == Severity::Critical
            || self.limits.entry(entry.signal.kind).or_default().take(
                now.elapsed,
                self.config.limit,
                self.config.limit_window,
            )
    }

    fn resolve(&mut self, fingerprint: Fingerprint, now: Moment) {
        let Some(entry) = self.entries.get_mut(&fingerprint) else { return };
        entry.status = Status::Resolved;
        entry.ended = Some(now);
        entry.touched = now.elapsed;
        if entry.announced.is_some() {
            self.tell(fingerprint, Change::Resolved, now);
        }
        if let Some(alert) = self.alert(fingerprint) {
            if self.history.len() >= self.config.history_max {
                self.history.pop_front();
            }
            self.history.push_back(alert);
        }
    }

    fn tell(&mut self, fingerprint: Fingerprint, change: Change, now: Moment) {
        let Some(entry) = self.entries.get_mut(&fingerprint) else { return };
        entry.announced = Some(entry.severity);
        entry.told = now.elapsed;
        if let Some(alert) = self.alert(fingerprint) {
            self.push(change, alert, now);
        }
    }

    fn push(&mut self, change: Change, alert: Alert, now: Moment) {
        self.sequence += 1;
        self.outbox.push(Notification { sequence: self.sequence, change, at: now.at, alert });
    }

    fn report_suppressed(&mut self, now: Moment) {
        for kind in AlertKind::ALL {
            let window = self.config.limit_window;
            let report = self.limits.get_mut(&kind).and_then(|one| one.report(now.elapsed, window));
            if let Some((count, severity)) = report {
                let summary = format!("{count} {kind} alerts were kept back by the rate limit");
                let signal = Signal::new("AlertsSuppressed", kind, severity, summary)
                    .with_label("kind", kind.as_str())
                    .with_value(count as f64);
                let alert = Entry::new(signal, now).into_notice();
                self.push(Change::Suppressed { count }, alert, now);
            }
        }
    }

    fn watchdog(&mut self, now: Moment) {
        let due = self
            .watchdog_sent
            .is_none_or(|sent| now.elapsed.saturating_sub(sent) >= self.config.watchdog_every);
        if due {
            self.watchdog_sent = Some(now.elapsed);
            let started = *self.watchdog_started.get_or_insert(now);
            let summary = "always fires: when it stops coming, the process is dead or cut off";
            let signal = Signal::new("Watchdog", AlertKind::SystemError, Severity::Low, summary);
            let alert = Entry::new(signal, started).into_notice();
            self.push(Change::Watchdog, alert, now);
        }
    }

    fn is_silenced(&self, fingerprint: Fingerprint) -> bool {
        self.entries.get(&fingerprint).is_some_and(|entry| self.covers(entry))
    }

    fn covers(&self, entry: &Entry) -> bool {
        let Signal { name, kind, labels, .. } = &entry.signal;
        let covers = |silence: &Silence| silence.covers(name, *kind, entry.severity, labels);
        self.silences.iter().any(|(_, _, silence)| covers(silence))
    }

    fn view(&self, fingerprint: Fingerprint, entry: &Entry) -> Alert {
        // A flapping alert is one whose end is being waited for, or would be.
        let flapping = entry.status == Status::Firing
            && entry.rises.len() >= self.config.flap_threshold
            && entry.flaps(entry.touched, &self.config);
        entry.view(fingerprint, self.covers(entry), flapping)
    }
}

impl Entry {
    fn new(signal: Signal, now: Moment) -> Self {
        Self {
            severity: signal.severity,
            signal,
            status: Status::Pending,
            holds: true,
            began: now,
            ended: None,
            touched: now.elapsed,
            announced: None,
            told: now.elapsed,
            acknowledged: None,
            occurrences: 1,
            kept_back: false,
            rises: VecDeque::from([now.elapsed]),
        }
    }

    fn raise(&mut self, signal: Signal, now: Moment, config: &AlertBookConfig) {
        if self.status == Status::Resolved {
            let rises = std::mem::take(&mut self.rises);
            *self = Self { rises, occurrences: 0, ..Self::new(signal.clone(), now) };
            self.note_rise(now.elapsed, config);
        } else if !self.holds {
            self.holds = true;
            self.note_rise(now.elapsed, config);
        }
        self.severity = self.severity.max(signal.severity);
        self.signal = signal;
        self.touched = now.elapsed;
        self.occurrences += 1;
    }

    fn note_rise(&mut self, now: Duration, config: &AlertBookConfig) {
        self.rises.push_back(now);
        while self.rises.len() > config.flap_threshold.max(1) {
            self.rises.pop_front();
        }
    }

    fn flaps(&self, now: Duration, config: &AlertBookConfig) -> bool {
        let recent = |&&at: &&Duration| now.saturating_sub(at) < config.flap_window;
        self.rises.iter().filter(recent).count() >= config.flap_threshold
    }

    fn into_notice(self) -> Alert {
        let (name, labels): (&str, &Labels) = (&self.signal.name, &self.signal.labels);
        let mut alert = self.view(Fingerprint::of(name, labels), false, false);
        alert.status = Status::Firing;
        alert.announced = true;
        alert
    }

    fn view(&self, fingerprint: Fingerprint, silenced: bool, flapping: bool) -> Alert {
        Alert {
            fingerprint,
            name: self.signal.name.clone(),
            kind: self.signal.kind,
            severity: self.severity,
            status: self.status,
            labels: self.signal.labels.clone(),
            summary: self.signal.summary.clone(),
            details: self.signal.details.clone(),
            value: self.signal.value,
            runbook: self.signal.runbook.clone(),
            started_at: self.began.at,
            ended_at: self.ended.map(|moment| moment.at),
            occurrences: self.occurrences,
            acknowledged: self.acknowledged.clone(),
            silenced,
            flapping,
            announced: self.announced.is_some(),
        }
    }
}
