//! Breakers by name, and their states over a restart.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arb_breaker::{
    Breaker, BreakerConfig, BreakerError, BreakerRegistry, Clock, Moment, State, TripReason,
};

const SECOND: Duration = Duration::from_secs(1);
const WALL: Duration = Duration::from_secs(1_783_295_657);

/// Settings whose clock stands where `now` says, in seconds.
fn standing(now: &Arc<AtomicUsize>) -> BreakerConfig {
    let now = Arc::clone(now);
    BreakerConfig::default().with_consecutive_failures(1).with_clock(Clock::new(move || {
        Moment::from_nanos(now.load(Ordering::SeqCst) as u64 * 1_000_000_000)
    }))
}

fn registry() -> BreakerRegistry {
    BreakerRegistry::new(standing(&Arc::default())).unwrap()
}

fn wall(seconds: u64) -> SystemTime {
    UNIX_EPOCH + WALL + Duration::from_secs(seconds)
}

#[test]
fn all_who_ask_for_a_name_get_the_same_breaker() {
    const NAMES: u64 = 1_000;
    let breakers = registry();
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for name in 0..NAMES {
                    let name = name.to_string();
                    start.wait();
                    let breaker = breakers.get_or_create(&name).unwrap();
                    breaker.record(arb_breaker::Outcome::Success);
                }
            });
        }
    });
    let all = breakers.snapshots();
    assert_eq!(all.len() as u64, NAMES);
    assert!(all.iter().all(|seen| seen.totals.successes == 4));
}

#[test]
fn the_limit_holds_and_is_named() {
    let breakers = registry().with_limit(2);
    breakers.get_or_create("a").unwrap();
    breakers.get_or_create("b").unwrap();
    breakers.get_or_create("a").unwrap();
    let full = breakers.get_or_create("c").unwrap_err();
    assert_eq!(full, BreakerError::RegistryFull { name: "c".to_owned(), limit: 2 });
    breakers.remove("a");
    breakers.get_or_create("c").unwrap();
}

#[test]
fn health_counts_what_lets_calls_pass() {
    let now = Arc::default();
    let breakers = BreakerRegistry::new(standing(&now)).unwrap();
    assert_eq!(breakers.health().percentage, 100.0);
    let names = ["closed", "forced", "half-open", "metrics", "open"];
    let [_closed, forced, half_open, metrics, open] =
        names.map(|name| breakers.get_or_create(name).unwrap());
    half_open.try_acquire().unwrap().failure();
    now.store(60, Ordering::SeqCst);
    open.try_acquire().unwrap().failure();
    forced.force_open();
    metrics.metrics_only();
    let health = breakers.health();
    let counts = (health.total, health.closed, health.half_open, health.open);
    assert_eq!((counts, health.percentage), ((5, 2, 1, 2), 60.0));
    let seen: Vec<_> = breakers.snapshots().iter().map(|seen| seen.name.to_string()).collect();
    assert_eq!(seen, names);
    breakers.reset_all();
    assert_eq!(breakers.health().closed, 5);
}

#[test]
fn a_listener_hears_breakers_made_before_and_after_it() {
    let breakers = registry();
    let before = breakers.get_or_create("before").unwrap();
    let heard: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let log = Arc::clone(&heard);
    breakers.on_event(move |event| {
        log.lock().unwrap().insert(event.breaker.to_string());
    });
    before.force_open();
    breakers.get_or_create("after").unwrap().force_open();
    assert_eq!(heard.lock().unwrap().iter().collect::<Vec<_>>(), ["after", "before"]);
}

#[test]
fn a_restart_does_not_forget_an_open_breaker() {
    let breakers = registry();
    breakers.get_or_create("open").unwrap().try_acquire().unwrap().failure();
    breakers.get_or_create("forced").unwrap().force_open();
    breakers.get_or_create("closed").unwrap();
    let saved = breakers.save(wall(0));

    // The new process has another clock; 20 s have passed on the wall.
    let now = Arc::new(AtomicUsize::new(500));
    let restarted = BreakerRegistry::new(standing(&now)).unwrap();
    restarted.restore(&saved, wall(20)).unwrap();
    let open = restarted.get("open").unwrap();
    let refusal = open.try_acquire().unwrap_err();
    assert_eq!((refusal.state, refusal.retry_after), (State::Open, Some(40 * SECOND)));
    let reason = TripReason::ConsecutiveFailures { failures: 1 };
    assert_eq!(open.snapshot().last_trip, Some(reason));
    assert_eq!(restarted.get("forced").unwrap().state(), State::ForcedOpen);
    assert_eq!(restarted.get("closed").unwrap().state(), State::Closed);

    // The growth goes on as well.
    now.store(540, Ordering::SeqCst);
    open.try_acquire().unwrap().failure();
    assert_eq!(open.snapshot().open_for, Some(120 * SECOND));
}

#[test]
fn a_wall_clock_that_jumps_neither_adds_nor_panics() {
    let breaker = registry().get_or_create("b").unwrap();
    breaker.try_acquire().unwrap().failure();
    let saved = breaker.save(wall(0));
    breaker.restore(&saved, UNIX_EPOCH - SECOND).unwrap();
    assert_eq!(breaker.snapshot().open_for, Some(60 * SECOND));
    breaker.restore(&saved, wall(1_000_000)).unwrap();
    assert_eq!(breaker.state(), State::HalfOpen);
}

#[test]
fn a_saved_state_of_another_breaker_or_version_is_refused() {
    let breakers = registry();
    let (one, other) = (breakers.get_or_create("a").unwrap(), breakers.get_or_create("b").unwrap());
    one.force_open();
    let mut saved = one.save(wall(0));
    let error = other.restore(&saved, wall(0)).unwrap_err();
    assert_eq!(error.to_string(), "saved state of breaker a cannot be restored into breaker b");
    saved.version = 2;
    let error = one.restore(&saved, wall(0)).unwrap_err();
    assert_eq!(error.to_string(), "saved breaker state has version 2, but must have 1");
    assert_eq!(other.state(), State::Closed);
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let with = |config: BreakerConfig| Breaker::new("b", config).unwrap_err().to_string();
    let config = BreakerConfig::default;
    let cases = [
        (
            with(config().with_consecutive_failures(0)),
            "breaker setting consecutive_failures is 0, but must be 1 to 4294967295",
        ),
        (
            with(config().with_failure_rate(arb_breaker::Rate::percent(101))),
            "breaker setting failure_rate is 101%, but must be more than 0% and at most 100%",
        ),
        (
            with(config().with_window(arb_breaker::Window::Count(0))),
            "breaker setting window count is 0, but must be 1 to 65536",
        ),
        (
            with(config().with_growth(2, SECOND)),
            "breaker setting open_time_max is 1s, but must be at least the open_time",
        ),
        (
            with(config().with_open_time(Duration::ZERO)),
            "breaker setting open_time is 0ns, but must be more than 0 and at most 365 days",
        ),
        (with(config().with_probes(0)), "breaker setting probes is 0, but must be 1 to 1024"),
    ];
    for (message, expected) in cases {
        assert_eq!(message, expected);
    }
    assert!(registry().with_template("*", config().with_probes(0)).is_err());
}

#[cfg(feature = "serde")]
#[test]
fn a_saved_state_is_the_documented_json() {
    let breaker = registry().get_or_create("kalshi/orders").unwrap();
    breaker.try_acquire().unwrap().failure();
    let saved = breaker.save(wall(0));
    let json = serde_json::to_string(&saved).unwrap();
    assert_eq!(
        json,
        concat!(
            r#"{"version":1,"breaker":"kalshi/orders","saved_at_ms":1783295657000,"state":"open","#,
            r#""open_for_ms":60000,"growth_level":1,"#,
            r#""last_trip":{"consecutive_failures":{"failures":1}}}"#
        )
    );
    assert_eq!(serde_json::from_str::<arb_breaker::SavedState>(&json).unwrap(), saved);
    let unknown = json.replace("version", "verzion");
    assert!(serde_json::from_str::<arb_breaker::SavedState>(&unknown).is_err());

    // Every member is in the schema, and the schema asks for no other.
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../saved-state.schema.json")).unwrap();
    let members = |value: &serde_json::Value| -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(members(&value), members(&schema["properties"]));
}
