//! What is too good to be true stays out of trading, and everybody who heard of it hears so.
use std::time::Duration;

use arb_normalize::Venue;
use arb_scan::{Change, Limits, MaxAge, Pipeline, PipelineConfig, QuarantineRule, pairs};

use crate::support::{
    self, Memory, TICKER, TOKEN, at, configured, delta, kalshi, level, polymarket,
};

const FEES: &str = r#"{"kalshi":{"multiplier":"1","precision":"0.0001"},"polymarket":{"rate":"0.05","exponent":"1"}}"#;
const HOUR: i64 = 3_600_000;

fn rule() -> QuarantineRule {
    QuarantineRule::default()
}

/// Prices that pay, or do not.
fn bid(pipeline: &mut Pipeline<Memory>, millis: i64, price: &str) {
    let frame = polymarket(&[level(price, "100")], &[level("0.60", "100")]);
    pipeline.on_frame(Venue::Polymarket, 0, at(millis), frame.as_bytes());
}

/// A pair whose Kalshi book is read.
fn half_read(config: PipelineConfig) -> Pipeline<Memory> {
    let mut pipeline = configured(config, "equal", FEES);
    let frame = kalshi(1, &[level("0.43", "75")], &[level("0.55", "60")]);
    pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
    pipeline
}

/// The same where books are priced for five minutes.
fn aging() -> Pipeline<Memory> {
    let mut limits = Limits::default();
    limits.max_age = MaxAge::everywhere(Duration::from_secs(300));
    half_read(PipelineConfig::default().with_limits(limits).with_quarantine(rule()))
}

/// A pair that has paid since the beginning.
fn paying(config: PipelineConfig) -> Pipeline<Memory> {
    let mut pipeline = half_read(config);
    bid(&mut pipeline, 0, "0.58");
    pipeline
}

/// The same in quarantine.
fn quarantined() -> Pipeline<Memory> {
    let mut pipeline = paying(PipelineConfig::default().with_quarantine(rule()));
    let frame = delta(2, "yes", "0.0100", "1.00");
    pipeline.on_frame(Venue::Kalshi, 0, at(24 * HOUR), frame.as_bytes());
    assert_eq!(pipeline.quarantined().count(), 1);
    pipeline
}

fn pair(token: &str, relation: &str, fees: &str) -> String {
    format!(
        r#"[{{"id":"p","kalshi":"{TICKER}","polymarket_yes":"{token}","relation":"{relation}","fees":{fees}}}]"#
    )
}

#[test]
fn an_open_trade_that_stays_as_it_is_is_told_again_when_its_pair_is_quarantined() {
    let pipeline = quarantined();
    let sink = pipeline.sink();
    let changes: Vec<Change> = sink.shown.iter().map(|(_, change)| *change).collect();
    assert_eq!(changes, [Change::Opened, Change::Again]);
    assert_eq!(sink.quarantined, [false, true]);
    assert_eq!(sink.shown[0].0, sink.shown[1].0);
}

#[test]
fn a_trade_that_changes_with_its_quarantine_is_told_once() {
    let mut pipeline = paying(PipelineConfig::default().with_quarantine(rule()));
    let frame = delta(2, "no", "0.5500", "-10.00");
    pipeline.on_frame(Venue::Kalshi, 0, at(24 * HOUR), frame.as_bytes());
    assert_eq!(pipeline.sink().quarantined, [false, true]);
    assert_eq!(pipeline.sink().shown[1].1, Change::Changed);
}

#[test]
fn every_open_trade_of_the_set_is_told() {
    let config =
        PipelineConfig::default().with_quarantine(rule()).with_detectors(arb_scan::detect::all());
    let mut pipeline = Pipeline::new(config, Memory::default());
    let file = r#"[{"id":"s","relation":"chain","members":[{"kalshi":"A"},{"kalshi":"B"},{"kalshi":"C"}]}]"#;
    pipeline.replace_sets(arb_scan::sets::parse(file).unwrap());
    let mut tell = |millis, ticker: &str, seq, yes: &str, no: &str| {
        let frame = support::kalshi_of(ticker, 1, seq, &[level(yes, "90")], &[level(no, "90")]);
        pipeline.on_frame(Venue::Kalshi, 0, at(millis), frame.as_bytes());
    };
    // YES of A at 0.50; NO of B and of C at 0.30.
    tell(0, "A", 1, "0.10", "0.50");
    tell(0, "B", 2, "0.70", "0.10");
    tell(HOUR, "C", 3, "0.70", "0.10");
    tell(24 * HOUR, "B", 4, "0.70", "0.10");
    let told: Vec<(&str, Change, bool)> = pipeline
        .sink()
        .shown
        .iter()
        .zip(&pipeline.sink().quarantined)
        .map(|((trade, change), quarantined)| (trade.id.as_str(), *change, *quarantined))
        .collect();
    assert_eq!(
        told,
        [
            ("s/yes0-no1/1", Change::Opened, false),
            ("s/yes0-no2/1", Change::Opened, false),
            ("s/yes0-no1/1", Change::Again, true),
            ("s/yes0-no2/1", Change::Again, true),
        ]
    );
}

#[test]
fn quarantine_outlasts_new_fees_and_a_sweep_without_the_pair() {
    let mut pipeline = quarantined();
    let cheaper = FEES.replace("0.05", "0.04");
    pipeline.replace_pairs(pairs::parse(&pair(TOKEN, "equal", &cheaper)).unwrap());
    assert_eq!(pipeline.quarantined().count(), 1);
    assert_eq!(pipeline.sink().quarantined, [false, true, true], "it reopens as quarantined");
    pipeline.replace_pairs(Vec::new());
    assert_eq!(pipeline.quarantined().count(), 0, "what is not approved is not listed");
    pipeline.replace_pairs(pairs::parse(&pair(TOKEN, "equal", &cheaper)).unwrap());
    assert_eq!(pipeline.quarantined().count(), 1);
    assert_eq!(pipeline.sink().quarantined.last(), Some(&true));
    // Somebody looked, and corrected it: another trade under the same id.
    for file in [pair(TOKEN, "complement", &cheaper), pair("9", "equal", &cheaper)] {
        let mut pipeline = quarantined();
        pipeline.replace_pairs(pairs::parse(&file).unwrap());
        assert_eq!(pipeline.quarantined().count(), 0, "{file}");
    }
}

#[test]
fn time_in_which_the_pair_was_not_approved_does_not_count() {
    let mut pipeline = paying(PipelineConfig::default().with_quarantine(rule()));
    let touch = |pipeline: &mut Pipeline<Memory>, seq, millis| {
        let frame = delta(seq, "yes", "0.0100", "1.00");
        pipeline.on_frame(Venue::Kalshi, 0, at(millis), frame.as_bytes());
    };
    touch(&mut pipeline, 2, HOUR);
    pipeline.replace_pairs(Vec::new());
    touch(&mut pipeline, 3, 30 * HOUR);
    pipeline.replace_pairs(pairs::parse(&pair(TOKEN, "equal", FEES)).unwrap());
    touch(&mut pipeline, 4, 52 * HOUR);
    assert_eq!(pipeline.quarantined().count(), 0, "23 hours");
    touch(&mut pipeline, 5, 53 * HOUR);
    assert_eq!(pipeline.quarantined().count(), 1, "24 hours");
}

#[test]
fn time_of_books_too_old_to_be_priced_is_no_live_time() {
    let mut pipeline = aging();
    bid(&mut pipeline, 0, "0.40");
    // A day on which nothing is heard: five minutes of it are live.
    for minute in 1..24 * 60 {
        pipeline.advance(at(minute * 60_000).unwrap());
    }
    let mut seq = 1;
    for second in (0..23 * 3_600).step_by(100) {
        let now = 24 * HOUR + second * 1_000;
        seq += 1;
        let frame = delta(seq, "yes", "0.0100", "1.00");
        pipeline.on_frame(Venue::Kalshi, 0, at(now), frame.as_bytes());
        bid(&mut pipeline, now, "0.58");
        pipeline.advance(at(now + 50_000).unwrap());
        assert_eq!(pipeline.quarantined().count(), 0, "after {second} s of live books");
    }
    bid(&mut pipeline, 48 * HOUR, "0.58");
    assert_eq!(pipeline.quarantined().count(), 1);
    let live = pipeline.quarantined().next().unwrap().1.live;
    assert!((86_400..86_400 + 600).contains(&live.as_secs()), "{live:?}");
}

#[test]
fn what_does_not_pay_counts_as_live_time_while_its_books_are_fresh() {
    let mut pipeline = aging();
    // Prices that never pay, heard every four minutes for a day: none of it is lost.
    let mut seq = 1;
    for minute in (0..24 * 60).step_by(4) {
        let now = minute * 60_000;
        bid(&mut pipeline, now, "0.40");
        seq += 1;
        let frame = delta(seq, "yes", "0.0100", "1.00");
        pipeline.on_frame(Venue::Kalshi, 0, at(now), frame.as_bytes());
        for second in 1..240 {
            pipeline.advance(at(now + second * 1_000).unwrap());
        }
    }
    // One percent of it, and a little more: more than 872 s, since they count too.
    for (second, expected) in [(0, 0), (290, 0), (580, 0), (865, 0), (873, 1)] {
        bid(&mut pipeline, 24 * HOUR + second * 1_000, "0.58");
        seq += 1;
        let frame = delta(seq, "yes", "0.0100", "1.00");
        pipeline.on_frame(Venue::Kalshi, 0, at(24 * HOUR + second * 1_000), frame.as_bytes());
        assert_eq!(pipeline.quarantined().count(), expected, "after {second} s");
    }
}
