//! Every transition of an alert, step by step.
#![expect(clippy::expect_used, reason = "tests")]

use std::collections::BTreeMap;
use std::time::Duration;

use arb_monitor::Moment;
use arb_monitor::alert::{
    AlertBook, AlertBookConfig, AlertKind, Change, Fingerprint, Notification, Severity, Signal,
    Silence, Status,
};
use proptest::prelude::*;
use time::OffsetDateTime;
use time::macros::datetime;

const START: OffsetDateTime = datetime!(2026-11-22 00:00 UTC);

fn at(seconds: u64) -> Moment {
    Moment { at: START + Duration::from_secs(seconds), elapsed: Duration::from_secs(seconds) }
}

fn signal(name: &str, severity: Severity) -> Signal {
    Signal::new(name, AlertKind::Connection, severity, "something is wrong")
}

fn high() -> Signal {
    signal("CacheDown", Severity::High)
}

/// A book that sends its watchdog once and is quiet about it afterwards.
fn book_with(change: impl FnOnce(&mut AlertBookConfig)) -> AlertBook {
    let mut config = AlertBookConfig::default();
    config.watchdog_every = Duration::MAX;
    change(&mut config);
    let mut book = AlertBook::new(config);
    book.tick(at(0));
    assert_eq!(changes(&mut book), [Change::Watchdog]);
    book
}

fn book() -> AlertBook {
    book_with(|_| {})
}

fn changes(book: &mut AlertBook) -> Vec<Change> {
    book.take_notifications().iter().map(|one| one.change).collect()
}

#[test]
fn a_state_change_is_told_once() {
    let mut book = book();
    let id = book.raise(high(), at(1));
    assert_eq!(changes(&mut book), [Change::Firing]);
    for second in 2..100 {
        book.raise(high().with_value(second as f64), at(second));
        book.tick(at(second));
    }
    assert_eq!(changes(&mut book), []);
    let alert = book.alert(id).unwrap();
    assert_eq!((alert.occurrences, alert.value), (99, Some(99.0)));
    book.clear(id, at(100));
    book.clear(id, at(101));
    book.tick(at(102));
    assert_eq!(changes(&mut book), [Change::Resolved]);
    assert!(book.active().is_empty());
    assert_eq!(book.history()[0].ended_at, Some(at(100).at));
}

#[test]
fn a_pending_alert_fires_after_its_time_or_never() {
    let mut book = book();
    let slow = || high().pending_for(Duration::from_secs(60));
    let id = book.raise(slow(), at(0));
    book.tick(at(59));
    assert_eq!(changes(&mut book), []);
    assert_eq!(book.active()[0].status, Status::Pending);
    book.tick(at(60));
    assert_eq!(changes(&mut book), [Change::Firing]);
    book.clear(id, at(61));
    assert_eq!(changes(&mut book), [Change::Resolved]);
    // Ended while pending: nobody hears of it.
    let other = book.raise(slow().with_label("store", "2"), at(100));
    book.clear(other, at(130));
    book.tick(at(300));
    assert_eq!(changes(&mut book), []);
}

#[test]
fn repeats_come_only_while_firing_and_not_acknowledged() {
    let mut book = book();
    let id = book.raise(high(), at(0));
    let critical = book.raise(signal("WrongBook", Severity::Critical), at(0));
    changes(&mut book);
    let hours = |book: &mut AlertBook, from: u64, to: u64| {
        (from * 3600..to * 3600).step_by(60).for_each(|second| book.tick(at(second + 1)));
        let told = book.take_notifications();
        let of = |id| told.iter().filter(|one| one.alert.fingerprint == id).count();
        assert!(told.iter().all(|one| one.change == Change::Repeat));
        (of(id), of(critical))
    };
    // Every 4 h, every 15 min.
    assert_eq!(hours(&mut book, 0, 9), (2, 35));
    assert!(book.acknowledge(id, "ann", at(9 * 3600)).is_some());
    assert!(book.acknowledge(critical, "bob", at(9 * 3600)).is_some());
    assert_eq!(hours(&mut book, 9, 48), (0, 0));
    assert_eq!(book.alert(id).unwrap().acknowledged.unwrap().by, "ann");
    // The end is told all the same, and the next episode starts without the acknowledgement.
    book.clear(id, at(48 * 3600));
    assert_eq!(changes(&mut book), [Change::Resolved]);
    assert!(book.acknowledge(id, "ann", at(48 * 3600)).is_none());
    book.raise(high(), at(48 * 3600 + 5));
    assert_eq!(changes(&mut book), [Change::Firing]);
    assert!(book.alert(id).unwrap().acknowledged.is_none());
}

#[test]
fn a_rise_in_severity_is_told_and_lifts_the_acknowledgement() {
    let mut book = book();
    let id = book.raise(signal("Drawdown", Severity::Low), at(0));
    book.acknowledge(id, "ann", at(1));
    book.raise(signal("Drawdown", Severity::Critical), at(2));
    assert_eq!(changes(&mut book), [Change::Firing, Change::Escalated]);
    assert!(book.alert(id).unwrap().acknowledged.is_none());
    // It does not fall within the episode.
    book.raise(signal("Drawdown", Severity::Low), at(3));
    assert_eq!(book.alert(id).unwrap().severity, Severity::Critical);
    assert_eq!(changes(&mut book), []);
}

#[test]
fn a_silence_keeps_quiet_and_what_still_fires_is_told_at_its_end() {
    let mut book = book();
    let before = book.raise(signal("Before", Severity::High), at(0));
    changes(&mut book);
    let hour = Duration::from_secs(3600);
    book.silence(Silence::new(hour, "planned work"), at(10));
    book.raise(signal("During", Severity::High), at(20));
    let over = book.raise(signal("Over", Severity::High), at(20));
    assert!(book.active().iter().all(|alert| alert.silenced));
    book.raise(signal("Worst", Severity::Critical), at(30));
    assert_eq!(changes(&mut book), [Change::Firing], "a critical alert must be named");
    // One that was announced before ends: told. One that nobody heard of ends: not told.
    book.clear(before, at(40));
    book.clear(over, at(40));
    assert_eq!(changes(&mut book), [Change::Resolved]);
    book.tick(at(3609));
    let told = book.take_notifications();
    assert!(told.iter().all(|one| one.alert.name == "Worst"), "{told:?}");
    book.tick(at(3610));
    let told = book.take_notifications();
    assert_eq!((told[0].change, told[0].alert.name.as_str()), (Change::Firing, "During"));
}

#[test]
fn a_silence_covers_what_it_names_and_can_be_ended() {
    let mut book = book();
    let hour = Duration::from_secs(3600);
    let named = Silence::new(hour, "known").name("FeedStalled").label("venue", "kalshi");
    let id = book.silence(named.including_critical(), at(0));
    let feed = |venue: &str| signal("FeedStalled", Severity::Critical).with_label("venue", venue);
    book.raise(feed("kalshi"), at(1));
    assert_eq!(changes(&mut book), []);
    book.raise(feed("polymarket"), at(1));
    assert_eq!(changes(&mut book), [Change::Firing]);
    assert_eq!(book.silences(at(2))[0].1, hour - Duration::from_secs(2));
    assert!(book.unsilence(id) && !book.unsilence(id));
    book.tick(at(3));
    assert_eq!(changes(&mut book), [Change::Firing]);
}

#[test]
fn flapping_is_told_once_and_ends_when_it_has_been_quiet() {
    let mut book = book();
    let mut told = Vec::new();
    let mut id = None;
    for flap in 0..30 {
        id = Some(book.raise(high(), at(flap * 20)));
        book.tick(at(flap * 20 + 5));
        book.clear(id.unwrap(), at(flap * 20 + 10));
        book.tick(at(flap * 20 + 15));
        told.extend(changes(&mut book));
    }
    // Three episodes, then the fourth that does not end.
    let pair = [Change::Firing, Change::Resolved];
    assert_eq!(told, [&pair[..], &pair[..], &pair[..], &[Change::Firing]].concat());
    assert!(book.alert(id.unwrap()).unwrap().flapping);
    // Clearing what is clear does not prolong the wait.
    book.clear(id.unwrap(), at(590 + 200));
    book.tick(at(590 + 299));
    assert_eq!(changes(&mut book), []);
    book.tick(at(590 + 300));
    assert_eq!(changes(&mut book), [Change::Resolved]);
}

#[test]
fn the_limit_keeps_back_counts_and_catches_up_but_never_holds_a_critical_one() {
    let mut book = book();
    for number in 0..25 {
        book.raise(high().with_label("n", number.to_string()), at(0));
    }
    assert_eq!(changes(&mut book).len(), 10);
    for number in 0..20 {
        let worst = signal("Worst", Severity::Critical).with_label("n", number.to_string());
        book.raise(worst, at(1));
    }
    assert_eq!(changes(&mut book).len(), 20);
    book.tick(at(30));
    assert_eq!(changes(&mut book), []);
    // Another kind has its own limit.
    book.raise(Signal::new("Slow", AlertKind::Performance, Severity::Low, "slow"), at(31));
    assert_eq!(changes(&mut book), [Change::Firing]);
    book.tick(at(60));
    let told = book.take_notifications();
    assert_eq!(told.iter().filter(|one| one.change == Change::Firing).count(), 10);
    let report = told.iter().find(|one| matches!(one.change, Change::Suppressed { .. })).unwrap();
    assert_eq!(report.change, Change::Suppressed { count: 15 });
    assert_eq!(report.alert.severity, Severity::High);
    book.tick(at(120));
    assert_eq!(changes(&mut book), [Change::Firing; 5], "counted once, not reported again");
}

#[test]
fn what_ends_while_kept_back_is_never_told() {
    let mut book = book_with(|config| config.limit = 1);
    let first = book.raise(high(), at(0));
    let second = book.raise(high().with_label("n", "2"), at(0));
    book.clear(second, at(10));
    book.clear(first, at(10));
    book.tick(at(61));
    let told = changes(&mut book);
    assert_eq!(told, [Change::Firing, Change::Resolved, Change::Suppressed { count: 1 }]);
}

#[test]
fn one_shot_alerts_end_by_themselves() {
    let mut book = book();
    let once = || high().expires_after(Duration::from_secs(30));
    book.raise(once(), at(0));
    book.raise(once(), at(20));
    book.tick(at(49));
    assert_eq!(changes(&mut book), [Change::Firing]);
    book.tick(at(50));
    assert_eq!(changes(&mut book), [Change::Resolved]);
}

#[test]
fn the_watchdog_always_fires() {
    let mut book = AlertBook::new(AlertBookConfig::default());
    book.silence(Silence::new(Duration::MAX, "everything").including_critical(), at(0));
    (0..=600).for_each(|second| book.tick(at(second)));
    let told = book.take_notifications();
    assert_eq!(told.len(), 11);
    assert!(told.iter().all(|one| one.change == Change::Watchdog));
    assert!(told.iter().all(|one| one.alert.started_at == at(0).at));
}

#[test]
fn stepping_the_wall_clock_changes_nothing_but_what_is_shown() {
    let mut book = book();
    let step = |seconds: u64, offset: i64| Moment {
        at: START + time::Duration::seconds(offset),
        elapsed: Duration::from_secs(seconds),
    };
    let id = book.raise(high().pending_for(Duration::from_secs(60)), step(0, 0));
    book.tick(step(1, 86_400 * 365));
    book.tick(step(2, -86_400 * 365));
    assert_eq!(changes(&mut book), []);
    book.tick(step(60, -50));
    assert_eq!(changes(&mut book), [Change::Firing]);
    book.tick(step(61, 86_400));
    assert_eq!(changes(&mut book), [], "no repeat by a clock set forward");
    book.clear(id, step(62, -100));
    assert_eq!(changes(&mut book), [Change::Resolved]);
}

#[test]
fn ten_thousand_alerts_in_a_second_stay_within_bounds() {
    let mut book = book();
    for number in 0..10_000 {
        book.raise(high().with_label("n", number.to_string()), at(1));
    }
    assert_eq!(book.active().len(), 1_000);
    assert_eq!(book.overflowed(), 9_000);
    assert_eq!(changes(&mut book).len(), 10);
    // A critical one finds room.
    let worst = book.raise(signal("Worst", Severity::Critical), at(2));
    assert_eq!(changes(&mut book), [Change::Firing]);
    assert!(book.alert(worst).is_some());
    book.tick(at(70));
    let report = book.take_notifications();
    assert!(report.iter().any(|one| one.change == Change::Suppressed { count: 9_990 }));
}

#[test]
fn fingerprints_are_stable_and_readable_back() {
    let id = high().with_label("store", "a").fingerprint();
    assert_eq!(Fingerprint::parse(&id.to_string()), Some(id));
    assert_ne!(id, high().with_label("store", "b").fingerprint());
    // Neighbouring texts do not run together.
    let one = Fingerprint::of("ab", &BTreeMap::from([("c".to_owned(), "d".to_owned())]));
    let other = Fingerprint::of("a", &BTreeMap::from([("bc".to_owned(), "d".to_owned())]));
    assert_ne!(one, other);
    for bad in ["", "zz", "+123456789abcdef", "0123456789abcdef0"] {
        assert_eq!(Fingerprint::parse(bad), None, "{bad}");
    }
}

#[derive(Debug, Clone)]
enum Step {
    Raise { alert: u8, severity: Severity },
    Clear { alert: u8 },
    Acknowledge { alert: u8 },
    Silence { seconds: u64 },
    Wait { seconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let severity = prop_oneof![
        Just(Severity::Low),
        Just(Severity::Medium),
        Just(Severity::High),
        Just(Severity::Critical)
    ];
    prop_oneof![
        4 => (0u8..6, severity).prop_map(|(alert, severity)| Step::Raise { alert, severity }),
        4 => (0u8..6).prop_map(|alert| Step::Clear { alert }),
        1 => (0u8..6).prop_map(|alert| Step::Acknowledge { alert }),
        1 => (1u64..300).prop_map(|seconds| Step::Silence { seconds }),
        4 => (1u64..400).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// Alerts 0 and 1 fire at once, 2 and 3 after 30 s, 4 and 5 end by themselves.
fn numbered(alert: u8, severity: Severity) -> Signal {
    let signal = signal(&format!("Alert{alert}"), severity);
    match alert {
        0 | 1 => signal,
        2 | 3 => signal.pending_for(Duration::from_secs(30)),
        _ => signal.expires_after(Duration::from_secs(60)),
    }
}

/// Walks the told changes of each alert through the only grammar there is:
/// (Firing (Escalated | Repeat)* Resolved)*. Returns how many are open.
fn open_episodes(told: &[Notification]) -> usize {
    let mut open: BTreeMap<Fingerprint, Severity> = BTreeMap::new();
    for one in told {
        let id = one.alert.fingerprint;
        match one.change {
            Change::Firing => {
                assert_eq!(open.insert(id, one.alert.severity), None, "fired twice");
            }
            Change::Escalated => {
                let before = open.insert(id, one.alert.severity).expect("escalated unannounced");
                assert!(before < one.alert.severity);
            }
            Change::Repeat => assert!(open.contains_key(&id), "repeated unannounced"),
            Change::Resolved => assert!(open.remove(&id).is_some(), "ended unannounced or twice"),
            _ => {}
        }
    }
    open.len()
}

fn assert_limited(told: &[Notification], config: &AlertBookConfig) {
    let counted = |one: &&Notification| {
        matches!(one.change, Change::Firing | Change::Escalated | Change::Repeat)
            && one.alert.severity < Severity::Critical
    };
    let stamps: Vec<_> = told.iter().filter(counted).map(|one| one.at).collect();
    for window in stamps.windows(config.limit + 1) {
        assert!(window[config.limit] - window[0] >= config.limit_window, "over the limit");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("ARB_LONG").is_some() { 20_000 } else { 300 }))]

    #[test]
    fn whatever_happens_every_announced_episode_ends_once(steps in prop::collection::vec(step(), 1..120)) {
        let mut config = AlertBookConfig::default();
        config.limit = 3;
        config.watchdog_every = Duration::MAX;
        config.repeat_every = Duration::from_secs(200);
        config.repeat_critical_every = Duration::from_secs(50);
        let mut book = AlertBook::new(config.clone());
        let (mut told, mut now) = (Vec::new(), 0);
        for step in steps {
            match step {
                Step::Raise { alert, severity } => {
                    book.raise(numbered(alert, severity), at(now));
                }
                Step::Clear { alert } => {
                    book.clear(numbered(alert, Severity::Low).fingerprint(), at(now));
                }
                Step::Acknowledge { alert } => {
                    let id = numbered(alert, Severity::Low).fingerprint();
                    book.acknowledge(id, "ann", at(now));
                }
                Step::Silence { seconds } => {
                    book.silence(Silence::new(Duration::from_secs(seconds), ""), at(now));
                }
                Step::Wait { seconds } => {
                    for _ in 0..seconds.min(40) {
                        now += seconds.div_ceil(40);
                        book.tick(at(now));
                    }
                }
            }
            told.extend(book.take_notifications());
            let firing = book.active().iter().filter(|alert| alert.announced).count();
            prop_assert_eq!(open_episodes(&told), firing);
        }
        // All conditions end and time passes: every episode that was announced has ended.
        for alert in 0..6 {
            book.clear(numbered(alert, Severity::Low).fingerprint(), at(now));
        }
        (0..400).for_each(|second| book.tick(at(now + second)));
        told.extend(book.take_notifications());
        prop_assert_eq!(open_episodes(&told), 0);
        prop_assert!(book.active().is_empty());
        assert_limited(&told, &config);
    }
}
