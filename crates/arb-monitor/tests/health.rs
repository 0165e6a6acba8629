//! Components and loops, under paused time.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use arb_monitor::health::{
    Checked, ComponentConfig, ComponentState, FnCheck, HealthRegistry, Overall,
};
use arb_monitor::{Clock, MonitorError};
use tokio::time::sleep;

fn registry() -> HealthRegistry {
    HealthRegistry::new(Clock::system())
}

/// A check whose answer is set from outside: 0 healthy, 1 degraded, 2 unhealthy, 3 hangs, 4 panics.
#[derive(Clone, Default)]
struct Dial(Arc<AtomicU32>);

impl Dial {
    fn set(&self, to: u32) {
        self.0.store(to, Ordering::Relaxed);
    }

    fn check(&self) -> impl arb_monitor::health::HealthCheck + use<> {
        let dial = self.0.clone();
        FnCheck::new(move || {
            let dial = Arc::clone(&dial);
            async move {
                match dial.load(Ordering::Relaxed) {
                    0 => Checked::healthy(),
                    1 => Checked::degraded("slow"),
                    2 => Checked::unhealthy("refused"),
                    3 => std::future::pending().await,
                    _ => panic!("a check panics"),
                }
            }
        })
    }
}

fn second(name: &str, required: bool) -> ComponentConfig {
    let config =
        if required { ComponentConfig::required(name) } else { ComponentConfig::optional(name) };
    config.every(Duration::from_secs(1)).timeout(Duration::from_millis(400))
}

fn state(registry: &HealthRegistry, name: &str) -> (ComponentState, String) {
    let report = registry.report();
    let component = report.components.iter().find(|one| one.name == name).unwrap();
    (component.state, component.message.clone())
}

#[tokio::test(start_paused = true)]
async fn it_takes_failures_in_a_row_to_be_unhealthy_and_one_answer_to_recover() {
    let (registry, dial) = (registry(), Dial::default());
    registry.add(second("db", true), dial.check()).unwrap();
    assert_eq!(registry.report().overall, Overall::Starting);
    assert!(!registry.report().ready);
    sleep(Duration::from_millis(500)).await;
    assert_eq!(registry.report().overall, Overall::Healthy);
    dial.set(2);
    for expected in [ComponentState::Degraded, ComponentState::Degraded, ComponentState::Unhealthy]
    {
        sleep(Duration::from_secs(1)).await;
        assert_eq!(state(&registry, "db").0, expected);
    }
    let report = registry.report();
    assert!(!report.ready && report.alive && report.overall == Overall::Unhealthy);
    assert_eq!(report.components[0].failures_in_a_row, 3);
    dial.set(1);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(state(&registry, "db"), (ComponentState::Degraded, "slow".to_owned()));
    assert!(registry.report().ready);
    // The count begins anew.
    dial.set(2);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(state(&registry, "db").0, ComponentState::Degraded);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_or_panics_is_a_failure_and_the_next_one_is_made() {
    let (registry, dial) = (registry(), Dial::default());
    registry.add(second("db", true).failures_max(1), dial.check()).unwrap();
    dial.set(3);
    sleep(Duration::from_millis(500)).await;
    assert_eq!(state(&registry, "db").1, "no answer within 400 ms");
    assert_eq!(registry.report().components[0].response_time, Some(Duration::from_millis(400)));
    dial.set(4);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(state(&registry, "db").1, "the check panicked");
    dial.set(0);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(state(&registry, "db").0, ComponentState::Healthy);
}

#[tokio::test(start_paused = true)]
async fn an_optional_component_degrades_the_whole_until_half_are_down() {
    let registry = registry();
    let dials: Vec<Dial> = (0..4).map(|_| Dial::default()).collect();
    for (number, dial) in dials.iter().enumerate() {
        let config = second(&format!("part {number}"), number == 0).failures_max(1);
        registry.add(config, dial.check()).unwrap();
    }
    sleep(Duration::from_millis(500)).await;
    assert_eq!(registry.report().overall, Overall::Healthy);
    dials[1].set(2);
    sleep(Duration::from_secs(1)).await;
    let report = registry.report();
    assert_eq!((report.overall, report.ready), (Overall::Degraded, true));
    dials[2].set(2);
    sleep(Duration::from_secs(1)).await;
    let report = registry.report();
    assert_eq!((report.overall, report.ready), (Overall::Unhealthy, true));
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_stands_still_is_not_alive() {
    let registry = registry();
    let beat = registry.heartbeats().watch("pipeline", Duration::from_secs(5));
    for _ in 0..10 {
        sleep(Duration::from_secs(1)).await;
        beat.beat();
        assert!(registry.report().alive);
    }
    sleep(Duration::from_secs(5)).await;
    assert!(registry.report().alive);
    sleep(Duration::from_secs(1)).await;
    let report = registry.report();
    assert!(!report.alive && report.loops[0].silent_for == Duration::from_secs(6));
    // Readiness is another question.
    assert!(report.ready);
    beat.beat();
    assert!(registry.report().alive);
}

#[tokio::test(start_paused = true)]
async fn names_are_unique_and_the_last_handle_ends_the_checks() {
    let (registry, dial) = (registry(), Dial::default());
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    let check = FnCheck::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        async { Checked::healthy() }
    });
    registry.add(second("db", true), check).unwrap();
    let twice = registry.add(second("db", false), dial.check());
    assert!(matches!(twice, Err(MonitorError::DuplicateName { what: "component", .. })));
    let never = registry.add(second("other", true).every(Duration::ZERO), dial.check());
    assert!(matches!(never, Err(MonitorError::Config { .. })));
    sleep(Duration::from_millis(2_500)).await;
    assert_eq!(asked.load(Ordering::Relaxed), 3);
    drop(registry);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}
