//! The full rescan against the trades that events opened, and near misses and funnel against it.
use arb_normalize::Venue;
use arb_scan::{Pipeline, PipelineConfig, Stopped, detect, pairs, sets};

use crate::decimal::{Random, levels, mirror, text};
use crate::support::{Memory, at, kalshi_of, level, polymarket_of};

const FEES: &str = r#"{"kalshi":{"multiplier":"1","precision":"0.0001"},"polymarket":{"rate":"0.03","exponent":"1"}}"#;

/// Three pairs, two of them on one Polymarket market, and the sets that can be made of their markets.
fn world() -> Pipeline<Memory> {
    let config = PipelineConfig::default().with_detectors(detect::all());
    let mut pipeline = Pipeline::new(config, Memory::default());
    let pair = |k: &str, p: &str, relation: &str| {
        format!(
            r#"{{"kalshi":"{k}","polymarket_yes":"{p}","relation":"{relation}","fees":{FEES}}}"#
        )
    };
    let file =
        [pair("K0", "P0", "equal"), pair("K1", "P1", "complement"), pair("K2", "P0", "equal")];
    pipeline.replace_pairs(pairs::parse(&format!("[{}]", file.join(","))).unwrap());
    let set = |id: &str, relation: &str, members: &str, neg_risk: bool| {
        format!(
            r#"{{"id":"{id}","relation":"{relation}","neg_risk":{neg_risk},"members":[{members}],"fees":{FEES}}}"#
        )
    };
    let file = [
        set("g", "partition", r#"{"kalshi":"K0","polymarket":"P0"},{"kalshi":"K1"}"#, false),
        set("c", "chain", r#"{"kalshi":"K0"},{"polymarket":"P1"},{"kalshi":"K2"}"#, false),
        set("n", "exclusive", r#"{"polymarket":"P0"},{"polymarket":"P1"}"#, true),
    ];
    pipeline.replace_sets(sets::parse(&format!("[{}]", file.join(","))).unwrap());
    pipeline
}

#[test]
fn a_full_rescan_finds_the_open_trades() {
    let runs = if std::env::var_os("ARB_LONG").is_some() { 4_000 } else { 200 };
    let mut random = Random(0x0bad_cafe_dead_beef);
    let mut seen = 0;
    for run in 0..runs {
        let mut pipeline = world();
        let mut seq = 0;
        for step in 0..40 {
            let number = random.below(3);
            let middle = 40 + random.below(12);
            let bids = levels(&mut random, middle - 5, middle);
            let asks = levels(&mut random, middle, middle + 5);
            match random.below(9) {
                0 => pipeline.on_close(Venue::Kalshi, 0, at(step)),
                1 => pipeline.on_silent(Venue::Polymarket, "P0", at(step)),
                2..=5 => {
                    // A number is left out now and then.
                    seq += 1 + u64::from(random.below(10) == 0);
                    let ticker = format!("K{number}");
                    let frame = kalshi_of(&ticker, 1, seq, &text(&bids), &text(&mirror(&asks)));
                    pipeline.on_frame(Venue::Kalshi, 0, at(step), frame.as_bytes());
                }
                _ => {
                    let token = format!("P{}", number % 2);
                    let frame = polymarket_of(&token, &text(&bids), &text(&asks));
                    pipeline.on_frame(Venue::Polymarket, 0, at(step), frame.as_bytes());
                }
            }
            let mut rescan = Vec::new();
            let funnel = pipeline.scan_all(|basket, trade| {
                let name = format!("{}/{}/", basket.pair, basket.direction);
                rescan.push((name, trade.quantity, trade.net));
            });
            let open: Vec<_> = pipeline
                .open_opportunities()
                .map(|(trade, _)| {
                    let name = trade.id.trim_end_matches(char::is_numeric).to_owned();
                    (name, trade.quantity, trade.net_usd)
                })
                .collect();
            assert_eq!(rescan, open, "run {run} step {step}");
            assert_eq!(funnel.within_limits, open.len() as u64);
            assert_eq!(funnel.evaluated, 6 + 2 + 3 + 2);
            seen += open.len();
        }
    }
    assert!(seen > runs, "only {seen} trades: too tame to prove anything");
}

#[test]
fn the_best_of_the_day_says_what_stopped_it() {
    let fees = r#"{"kalshi":{"multiplier":"1","precision":"0.0001"},"polymarket":{"rate":"0.05","exponent":"1"}}"#;
    let mut pipeline = crate::support::pipeline("equal", fees);
    let mut seq = 0;
    let mut quote = |pipeline: &mut Pipeline<Memory>, millis, ask_as_no_bid: &str| {
        seq += 1;
        let frame = crate::support::kalshi(seq, &[], &[level(ask_as_no_bid, "60")]);
        pipeline.on_frame(Venue::Kalshi, 0, at(millis), frame.as_bytes());
    };
    let frame = crate::support::polymarket(&[level("0.58", "100")], &[]);
    pipeline.on_frame(Venue::Polymarket, 0, at(0), frame.as_bytes());
    let miss = |pipeline: &Pipeline<Memory>| {
        let misses: Vec<_> = pipeline.near_misses().collect();
        assert!(misses.len() < 2, "one direction alone has both prices");
        misses.first().map(|miss| (miss.stopped, miss.to_string()))
    };
    assert_eq!(miss(&pipeline), None);
    // YES at 0.60 and NO at 0.42; fees 0.07 · 0.24 and 0.05 · 0.2436.
    quote(&mut pipeline, 1, "0.40");
    let prices = "prices 2.00 cents too high before fees of 2.90: 4.90 cents a contract short";
    assert_eq!(miss(&pipeline), Some((Stopped::Prices, prices.to_owned())));
    quote(&mut pipeline, 2, "0.43");
    let fees =
        "fees of 2.93 cents against 1.00 cents between the prices: 1.93 cents a contract short";
    assert_eq!(miss(&pipeline), Some((Stopped::Fees, fees.to_owned())));
    // Worse prices leave the best of the day.
    quote(&mut pipeline, 3, "0.20");
    assert_eq!(miss(&pipeline), Some((Stopped::Fees, fees.to_owned())));
    quote(&mut pipeline, 4, "0.55");
    assert_eq!(miss(&pipeline).unwrap().0, Stopped::Nothing);
    // Another day begins with nothing.
    quote(&mut pipeline, 86_400_000, "0.40");
    assert_eq!(miss(&pipeline), Some((Stopped::Prices, prices.to_owned())));
}

#[test]
fn a_pair_that_pays_for_too_long_is_quarantined_and_still_shown() {
    use arb_scan::QuarantineRule;
    let fees = r#"{"kalshi":{"multiplier":"1","precision":"0.0001"},"polymarket":{"rate":"0.05","exponent":"1"}}"#;
    let file = format!(
        r#"[{{"id":"p","kalshi":"{}","polymarket_yes":"{}","relation":"equal","fees":{fees}}}]"#,
        crate::support::TICKER,
        crate::support::TOKEN
    );
    let run = |config: PipelineConfig| {
        let mut pipeline = Pipeline::new(config, Memory::default());
        pipeline.replace_pairs(pairs::parse(&file).unwrap());
        let frame = crate::support::polymarket(&[level("0.58", "100")], &[level("0.6", "9")]);
        pipeline.on_frame(Venue::Polymarket, 0, at(0), frame.as_bytes());
        for (seq, hours) in (1..).zip([0, 12, 24, 25]) {
            let size = format!("{}", 60 + hours);
            let frame = crate::support::kalshi(seq, &[], &[level("0.55", &size)]);
            pipeline.on_frame(Venue::Kalshi, 0, at(hours * 3_600_000), frame.as_bytes());
        }
        pipeline
    };
    let watched = run(PipelineConfig::default().with_quarantine(QuarantineRule::default()));
    let shown: Vec<bool> = watched.sink().quarantined.clone();
    assert_eq!(shown, [false, false, true, true], "from 24 hours on it is shown as quarantined");
    assert_eq!(watched.quarantined().map(|(pair, _)| pair).collect::<Vec<_>>(), ["p"]);
    let unwatched = run(PipelineConfig::default());
    assert_eq!(unwatched.sink().quarantined, [false; 4], "a recording is never quarantined");
}
