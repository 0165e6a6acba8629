//! Every interleaving of the permit and generation protocol, by loom.
//!
//! The lock-free half is compiled a second time with loom's atomics and lock in place of the
//! standard ones; each test runs all orders in which its threads can meet.

mod sync {
    pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
    pub(crate) use loom::sync::{Mutex, MutexGuard};

    /// As few as can be, so that a thread that stands still meets the same word again.
    pub(crate) const GENERATIONS: usize = 2;
}

#[path = "machine.rs"]
#[expect(dead_code, reason = "the tests do not need all of the machine")]
mod machine;

use std::time::Duration;

use loom::sync::Arc;
use loom::thread;

use crate::config::{BreakerConfig, SlowCalls, Window};
use crate::ledger::Verdict;
use crate::moment::Moment;
use crate::outcome::Failure;
use crate::rate::Rate;
use crate::snapshot::Snapshot;
use crate::state::State;
use crate::ticket::Ticket;
use machine::{FOLD_AT, MILESTONE, Machine, Rest};

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> Moment {
    Moment::from_nanos(seconds * 1_000_000_000)
}

fn machine(config: BreakerConfig) -> Arc<Machine> {
    let config = config.with_open_time(SECOND).with_jitter_seed(1);
    config.validate().unwrap();
    Arc::new(Machine::new("loom".into(), std::sync::Arc::new(config), at(0)))
}

fn admit(machine: &Machine, now: Moment) -> Ticket {
    machine.admit_closed().unwrap_or_else(|| machine.admit(now).unwrap())
}

fn succeed(machine: &Machine, ticket: Ticket, now: Moment) {
    let counted = match machine.count_success(ticket, now, Some(now)) {
        Ok(()) => true,
        Err(Rest::Look(word)) => machine.look(ticket, word),
        Err(Rest::All) => false,
    };
    if !counted {
        machine.settle(ticket, Verdict::Success, now, now);
    }
}

fn fail(machine: &Machine, ticket: Ticket, now: Moment) {
    machine.settle(ticket, Verdict::Failure(Failure::default()), now, now);
}

fn snapshot(machine: &Machine, now: Moment) -> Snapshot {
    machine.locked(|ledger, word| ledger.snapshot(now, word))
}

/// Runs `work` on a thread of its own.
fn spawn(machine: &Arc<Machine>, work: impl FnOnce(&Machine) + 'static) -> thread::JoinHandle<()> {
    let machine = Arc::clone(machine);
    thread::spawn(move || work(&machine))
}

#[test]
fn a_success_beside_the_failure_that_opens_is_counted_or_stale_and_never_both() {
    loom::model(|| {
        let machine = machine(BreakerConfig::default().with_consecutive_failures(1));
        let (good, bad) = (admit(&machine, at(0)), admit(&machine, at(0)));
        let other = spawn(&machine, move |machine| succeed(machine, good, at(0)));
        fail(&machine, bad, at(0));
        other.join().unwrap();
        let seen = snapshot(&machine, at(0));
        assert_eq!((seen.state, seen.totals.opened, seen.totals.failures), (State::Open, 1, 1));
        assert_eq!(seen.totals.successes + seen.totals.stale, 1);
    });
}

#[test]
fn a_success_admitted_two_generations_ago_never_enters_the_new_window() {
    loom::model(|| {
        let machine = machine(BreakerConfig::default().with_consecutive_failures(1).with_probes(1));
        let old = admit(&machine, at(0));
        let other = spawn(&machine, move |machine| succeed(machine, old, at(1)));
        let bad = admit(&machine, at(0));
        fail(&machine, bad, at(0));
        let probe = machine.admit(at(1)).unwrap();
        succeed(&machine, probe, at(1));
        let new = admit(&machine, at(1));
        succeed(&machine, new, at(1));
        other.join().unwrap();
        let seen = snapshot(&machine, at(1));
        assert_eq!((seen.state, seen.window_calls), (State::Closed, 1));
        assert_eq!(seen.totals.successes + seen.totals.stale, 3);
    });
}

#[test]
fn an_old_success_never_closes_the_breaker_while_the_probe_is_out() {
    loom::model(|| {
        let machine = machine(BreakerConfig::default().with_consecutive_failures(1).with_probes(1));
        let old = admit(&machine, at(0));
        let bad = admit(&machine, at(0));
        let other = spawn(&machine, move |machine| succeed(machine, old, at(1)));
        fail(&machine, bad, at(0));
        let probe = machine.admit(at(1)).unwrap();
        let before = snapshot(&machine, at(1)).state;
        succeed(&machine, probe, at(1));
        other.join().unwrap();
        assert_eq!((before, snapshot(&machine, at(1)).state), (State::HalfOpen, State::Closed));
    });
}

#[test]
fn failures_in_a_row_are_in_a_row_of_the_order_in_which_they_were_counted() {
    loom::model(|| {
        let machine = machine(BreakerConfig::default().with_consecutive_failures(2));
        let tickets = [0, 1, 2].map(|_| admit(&machine, at(0)));
        let [first, good, second] = tickets;
        let failing = spawn(&machine, move |machine| fail(machine, first, at(0)));
        let passing = spawn(&machine, move |machine| succeed(machine, good, at(0)));
        fail(&machine, second, at(0));
        failing.join().unwrap();
        passing.join().unwrap();
        let seen = snapshot(&machine, at(0));
        assert_eq!(seen.totals.failures, 2);
        match seen.state {
            State::Open => assert_eq!(seen.totals.successes + seen.totals.stale, 1),
            State::Closed => {
                // The success lies between the failures, so the run is one long, and it counts.
                assert_eq!((seen.totals.successes, seen.window_calls), (1, 3));
                assert_eq!(seen.consecutive_failures, 1);
            }
            other => panic!("{other}"),
        }
    });
}

#[test]
fn one_place_admits_one_probe() {
    loom::model(|| {
        let machine = machine(BreakerConfig::default().with_consecutive_failures(1).with_probes(1));
        let bad = admit(&machine, at(0));
        fail(&machine, bad, at(0));
        let other = spawn(&machine, |machine| {
            if let Ok(probe) = machine.admit(at(1)) {
                machine.settle(probe, Verdict::Cancelled, at(1), at(1));
            }
        });
        let mine = machine.admit(at(1));
        let admitted = u64::from(mine.is_ok());
        let seen = snapshot(&machine, at(1));
        assert!(seen.probes_outstanding <= 1 && seen.probes_outstanding >= admitted);
        other.join().unwrap();
        let seen = snapshot(&machine, at(1));
        // Refused at most once, and a cancelled probe has given its place back.
        assert_eq!(seen.probes_outstanding, admitted);
        assert_eq!(seen.totals.rejected + seen.totals.cancelled, 2 - admitted);
        assert_eq!(seen.state, State::HalfOpen);
    });
}

#[test]
fn a_reset_beside_a_failing_probe_gives_one_of_the_two_orders() {
    loom::model(|| {
        let machine = machine(BreakerConfig::default().with_consecutive_failures(1).with_probes(1));
        let bad = admit(&machine, at(0));
        fail(&machine, bad, at(0));
        let probe = machine.admit(at(1)).unwrap();
        let other = spawn(&machine, move |machine| fail(machine, probe, at(1)));
        machine.locked(|ledger, word| {
            ledger.command(crate::ledger::Command::Reset, at(1), word);
        });
        other.join().unwrap();
        let seen = snapshot(&machine, at(1));
        assert_eq!((seen.state, seen.window_calls), (State::Closed, 0));
        assert_eq!(seen.totals.stale + seen.totals.opened, 2);
    });
}

#[test]
fn no_success_is_lost_where_the_time_window_slides() {
    loom::model(|| {
        let window = Window::Time { span: 4 * SECOND, buckets: 4 };
        let slow = SlowCalls { longer_than: 10 * SECOND, rate: Rate::percent(50) };
        let config = BreakerConfig::default().with_window(window).with_slow_calls(slow);
        let machine = machine(config);
        let [first, second] = [0, 1].map(|_| admit(&machine, at(0)));
        let early = spawn(&machine, move |machine| succeed(machine, first, at(0)));
        succeed(&machine, second, at(1));
        early.join().unwrap();
        let seen = snapshot(&machine, at(3));
        assert_eq!((seen.window_calls, seen.totals.successes), (2, 2));
        // At 5 s the buckets of 0 s and 1 s are out, whichever of them counted the early one.
        assert_eq!(snapshot(&machine, at(5)).window_calls, 0);
    });
}

#[test]
fn no_success_is_lost_where_the_count_is_folded() {
    loom::model(|| {
        let machine = machine(BreakerConfig::default().with_consecutive_failures(2));
        machine.preset(FOLD_AT + MILESTONE);
        let [good, bad, other] = [0, 1, 2].map(|_| admit(&machine, at(0)));
        let passing = spawn(&machine, move |machine| succeed(machine, good, at(0)));
        succeed(&machine, other, at(0));
        fail(&machine, bad, at(0));
        passing.join().unwrap();
        let totals = snapshot(&machine, at(0)).totals;
        assert_eq!((totals.successes, totals.failures), (u64::from(FOLD_AT + MILESTONE) + 2, 1));
        assert_eq!(snapshot(&machine, at(0)).window_calls, 100);
    });
}

#[test]
fn a_count_that_would_not_fit_beside_its_tag_is_folded_in_time() {
    loom::model(|| {
        let machine = machine(BreakerConfig::default());
        for _ in 0..2 {
            machine.preset(FOLD_AT + MILESTONE);
            let ticket = admit(&machine, at(0));
            succeed(&machine, ticket, at(0));
        }
        let seen = snapshot(&machine, at(0));
        assert_eq!(seen.totals.successes, 2 * u64::from(FOLD_AT + MILESTONE + 1));
        assert_eq!((seen.totals.stale, seen.state), (0, State::Closed));
    });
}

#[test]
fn a_success_that_stood_still_while_all_words_took_a_turn_is_stale() {
    loom::model(|| {
        let machine = machine(BreakerConfig::default());
        let old = admit(&machine, at(0));
        let other = spawn(&machine, move |machine| succeed(machine, old, at(0)));
        for _ in 0..3 {
            machine.locked(|ledger, word| {
                ledger.command(crate::ledger::Command::Reset, at(0), word);
            });
        }
        other.join().unwrap();
        let seen = snapshot(&machine, at(0));
        assert_eq!((seen.window_calls, seen.totals.successes + seen.totals.stale), (0, 1));
    });
}

#[test]
fn who_was_admitted_under_a_new_tag_finds_its_word_set_up() {
    loom::model(|| {
        let machine = machine(BreakerConfig::default());
        let other = spawn(&machine, |machine| {
            let ticket = admit(machine, at(0));
            succeed(machine, ticket, at(0));
        });
        machine.locked(|ledger, word| {
            ledger.command(crate::ledger::Command::Reset, at(0), word);
        });
        other.join().unwrap();
        let ticket = admit(&machine, at(0));
        succeed(&machine, ticket, at(0));
        let seen = snapshot(&machine, at(0));
        assert_eq!(seen.totals.successes + seen.totals.stale, 2);
        assert!(seen.window_calls >= 1);
    });
}
