//! The gate: what passes, and that each rule fails alone with its figures.
#![expect(clippy::unwrap_used, reason = "a test stops where its own values are wrong")]

use arb_normalize::opportunity::{Action, OpportunityClass};
use arb_normalize::{Book, Level, Opportunity, OpportunityLeg, Outcome, Timestamp, Usd, Venue};
use arb_risk::assess::{Assessment, Assessor, LegView, TradeView};
use arb_risk::gate::{
    Account, Failure, Failures, Gate, GateInput, Intent, KillSwitch, LegState, PairStatus,
    RiskLimits, Rule, TradingState,
};

fn usd(text: &str) -> Usd {
    text.parse().unwrap()
}

/// Everything an input borrows, good enough to pass.
struct Scene {
    opportunity: Opportunity,
    assessment: Assessment,
    intent: Intent,
    now: Timestamp,
    in_play: bool,
    pair: PairStatus,
    legs: Vec<LegState>,
    account: Account,
    switch: KillSwitch,
}

fn after(now: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(now.nanos() / 1_000_000 + millis).unwrap()
}

fn scene() -> Scene {
    // A Thursday.
    let now = Timestamp::try_from(time::macros::datetime!(2026-07-02 18:00 UTC)).unwrap();
    let book = |bid: &str, ask: &str| {
        let mut book = Book::new();
        let level = |price: &str| [Level::new(price.parse().unwrap(), "1000".parse().unwrap())];
        book.replace(&level(bid), &level(ask));
        book
    };
    let (yes, no) = (book("0.43", "0.44"), book("0.48", "0.49"));
    let leg = |venue, outcome, limit: &str, cost: &str, fee: &str| OpportunityLeg {
        venue,
        market: "m".to_owned(),
        outcome,
        action: Action::Buy,
        limit: limit.parse().unwrap(),
        quantity: "100".parse().unwrap(),
        cost_usd: usd(cost),
        fee_usd: usd(fee),
    };
    let opportunity = Opportunity {
        id: "e1".to_owned(),
        at: Some(now),
        class: OpportunityClass::CrossVenue,
        pair: "p1".to_owned(),
        legs: vec![
            leg(Venue::Kalshi, Outcome::Yes, "0.44", "44", "1.00"),
            leg(Venue::Polymarket, Outcome::No, "0.52", "52", "0.50"),
        ],
        quantity: "100".parse().unwrap(),
        gross_usd: usd("4"),
        fees_usd: usd("1.5"),
        net_usd: usd("2.5"),
    };
    let trade = TradeView {
        divergence: 0.0005,
        until_settlement: Some(std::time::Duration::from_secs(86_400)),
        bankroll: Some(usd("100000")),
        ..TradeView::default()
    };
    let views = [LegView::new(Venue::Kalshi, &yes), LegView::new(Venue::Polymarket, &no)];
    let assessment = Assessor::default().assess(&opportunity, &views, &trade);
    assert!(assessment.hard_failures.is_empty() && assessment.total < 50.0, "{assessment:?}");
    let received = Some(after(now, -100));
    Scene {
        opportunity,
        assessment,
        intent: Intent::Open,
        now,
        in_play: false,
        pair: PairStatus { confirmed_at: Some(after(now, -86_400_000)), ..PairStatus::default() },
        legs: vec![
            LegState::live(yes.asks(), received, received),
            LegState::live(no.bids().mirror(), received, None),
        ],
        account: Account {
            equity: Some(usd("10000")),
            peak_equity: Some(usd("10000")),
            ..Account::default()
        },
        switch: KillSwitch::released(),
    }
}

impl Scene {
    fn failures(&self, gate: &Gate) -> Vec<Failure> {
        let input = GateInput {
            opportunity: &self.opportunity,
            assessment: &self.assessment,
            intent: self.intent,
            now: self.now,
            in_play: self.in_play,
            pair: self.pair,
            legs: &self.legs,
            account: &self.account,
            switch: &self.switch,
        };
        match gate.check(&input) {
            Ok(approved) => {
                assert_eq!(approved.opportunity().id, "e1");
                assert_eq!(approved.intent(), self.intent);
                Vec::new()
            }
            Err(denied) => denied.failures().to_vec(),
        }
    }
}

fn after_change(change: impl FnOnce(&mut Scene)) -> Vec<Failure> {
    let mut scene = scene();
    change(&mut scene);
    scene.failures(&Gate::new(RiskLimits::default()))
}

#[test]
fn a_good_order_passes() {
    assert_eq!(after_change(|_| ()), []);
    assert_eq!(after_change(|scene| scene.intent = Intent::Reduce), []);
}

#[test]
fn each_condition_fails_alone() {
    let only = |change: fn(&mut Scene), rule: &str, expected: fn(&Failure) -> bool| {
        let failures = after_change(change);
        assert_eq!(failures.len(), 1, "{rule}: {failures:?}");
        assert!(expected(&failures[0]), "{rule}: {failures:?}");
        assert_eq!(failures[0].rule().0, rule);
        assert!(!failures[0].to_string().is_empty());
    };
    only(|s| s.legs[1].open = false, "venue", |f| matches!(f, Failure::VenueClosed { leg: 1 }));
    only(|s| s.pair.confirmed_at = None, "pair", |f| matches!(f, Failure::Unconfirmed {}));
    only(|s| s.pair.rules_changed = true, "pair", |f| matches!(f, Failure::RulesChanged {}));
    only(
        |s| s.pair.confirmed_at = Some(after(s.now, -31 * 86_400_000)),
        "pair",
        |f| matches!(f, Failure::Verdict { days: 31, limit: 30 }),
    );
    only(|s| s.legs[0].live = false, "book", |f| matches!(f, Failure::BookNotLive { leg: 0 }));
    only(
        |s| s.legs[0].received_at = None,
        "book",
        |f| matches!(f, Failure::BookAge { leg: 0, age: None, limit: 1_000 }),
    );
    only(
        |s| s.legs[0].venue_at = Some(after(s.now, -2_001)),
        "book",
        |f| matches!(f, Failure::VenueAge { leg: 0, age: 2_001, limit: 2_000 }),
    );
    only(
        |s| s.legs[0].received_at = Some(after(s.now, -601)),
        "skew",
        |f| matches!(f, Failure::Skew { apart: 501, limit: 500 }),
    );
    only(
        |s| s.opportunity.legs[0].limit = "0.99".parse().unwrap(),
        "price_band",
        |f| matches!(f, Failure::PriceBand { leg: 0, .. }),
    );
    only(
        |s| s.opportunity.net_usd = usd("5.013"),
        "gap",
        |f| matches!(f, Failure::GapTooLarge { per_contract, .. } if *per_contract == usd("0.0502")),
    );
    only(
        |s| s.pair.usual_gap = Some(usd("0.006")),
        "gap",
        |f| matches!(f, Failure::GapTooLarge { limit, .. } if *limit == usd("0.024")),
    );
    only(
        |s| s.assessment.profit_after_risk = Usd::ZERO,
        "after_risk",
        |f| matches!(f, Failure::AfterRisk { .. }),
    );
    only(
        |s| s.assessment.annualised = Some(f64::NAN),
        "after_risk",
        |f| matches!(f, Failure::Annualised { .. }),
    );
    only(
        |s| s.assessment.total = 50.1,
        "risk_score",
        |f| matches!(f, Failure::RiskScore { limit, .. } if *limit == 50.0),
    );
    only(
        |s| s.legs[1].depth = "100".parse().unwrap(),
        "depth",
        |f| matches!(f, Failure::Depth { leg: 1, .. }),
    );
}

#[test]
fn a_trade_must_earn_enough_a_contract_and_in_all() {
    let failures = |net: Usd, min_profit: &str| {
        let mut scene = scene();
        scene.opportunity.net_usd = net;
        let limits = RiskLimits { min_profit: usd(min_profit), ..RiskLimits::default() };
        scene.failures(&Gate::new(limits))
    };
    let least = usd("0.5");
    assert_eq!(failures(least, "0.5"), [], "half a cent on each of a hundred contracts");
    let short = least - Usd::from_pico(1);
    assert!(matches!(failures(short, "0.1")[..], [Failure::EdgeTooSmall { .. }]));
    assert!(matches!(failures(usd("2"), "2.01")[..], [Failure::ProfitTooSmall { .. }]));
}

#[test]
fn each_limit_on_holdings_and_conduct_fails_alone() {
    let only = |change: fn(&mut Scene), rule: &str, expected: fn(&Failure) -> bool| {
        let failures = after_change(change);
        assert_eq!(failures.len(), 1, "{rule}: {failures:?}");
        assert!(expected(&failures[0]), "{rule}: {failures:?}");
        assert_eq!(failures[0].rule().0, rule);
    };
    // The order lays out 97.50, so 9,902.50 may be held.
    only(
        |s| s.account.held_in_pair = usd("9902.51"),
        "position",
        |f| matches!(f, Failure::Position { limit, .. } if *limit == usd("10000")),
    );
    only(
        |s| s.account.held_in_event = usd("9902.51"),
        "position",
        |f| matches!(f, Failure::Event { .. }),
    );
    only(
        |s| s.account.held_at[Venue::Polymarket.index()] = usd("4947.51"),
        "position",
        |f| matches!(f, Failure::VenueShare { venue: Venue::Polymarket, .. }),
    );
    only(
        |s| s.account.held_at = [usd("4000"), usd("3910")],
        "position",
        |f| matches!(f, Failure::Total { limit, .. } if *limit == usd("8000")),
    );
    only(
        |s| s.account.unhedged = usd("100.01"),
        "unhedged",
        |f| matches!(f, Failure::Unhedged { .. }),
    );
    only(
        |s| s.account.unhedged_since = Some(after(s.now, -10_001)),
        "unhedged",
        |f| matches!(f, Failure::UnhedgedFor { time: 10_001, .. }),
    );
    only(
        |s| s.account.attempts = 3,
        "attempts",
        |f| matches!(f, Failure::Attempts { made: 3, limit: 3 }),
    );
    only(
        |s| s.account.orders_last_second = [5, 0],
        "rate",
        |f| matches!(f, Failure::OrderRate { venue: Venue::Kalshi, last_second: 5, limit: 5 }),
    );
    only(
        |s| s.account.day_profit = usd("-200.01"),
        "loss",
        |f| matches!(f, Failure::DayLoss { limit, .. } if *limit == usd("200")),
    );
    only(
        |s| s.account.peak_equity = Some(usd("10600")),
        "loss",
        |f| matches!(f, Failure::Drawdown { lost, .. } if *lost == usd("600")),
    );
    only(
        |s| {
            s.account.leg_failures = 3;
            s.account.last_leg_failure = Some(after(s.now, -1_000));
        },
        "cool_off",
        |f| matches!(f, Failure::CoolingOff { failures: 3, left: 899_000 }),
    );
    only(
        |s| s.account.mismatch[0] = true,
        "reconciliation",
        |f| matches!(f, Failure::Reconciliation { venue: Venue::Kalshi }),
    );
    only(
        |s| {
            s.now = Timestamp::try_from(time::macros::datetime!(2026-07-07 11:00:30 UTC)).unwrap();
            s.pair.confirmed_at = Some(s.now);
            for leg in &mut s.legs {
                (leg.received_at, leg.venue_at) = (Some(s.now), None);
            }
        },
        "venue",
        |f| matches!(f, Failure::Restart { venue: Venue::Polymarket }),
    );
}

#[test]
fn what_sales_bring_in_makes_no_room_for_purchases() {
    let found = |costs: [&str; 2], gross: &str| {
        let mut scene = scene();
        for (leg, cost) in scene.opportunity.legs.iter_mut().zip(costs) {
            leg.cost_usd = usd(cost);
            leg.action = if leg.cost_usd.is_positive() { Action::Buy } else { Action::Sell };
        }
        scene.opportunity.gross_usd = usd(gross);
        let limits = RiskLimits { max_position_size: usd("90"), ..RiskLimits::default() };
        let failures = scene.failures(&Gate::new(limits));
        let [Failure::Order { outlay, .. }, Failure::Position { .. }] = failures[..] else {
            panic!("{failures:?}");
        };
        outlay
    };
    // A hundred sets split for a dollar each, and both halves sold.
    assert_eq!(found(["-53", "-51"], "4"), usd("100"));
    // One outcome bought, another sold.
    assert_eq!(found(["91", "-95"], "4"), usd("92"));
}

#[test]
fn an_order_is_the_smaller_the_larger_its_gap() {
    // 100 contracts that earn 4 cents each: the limit of 120 dollars falls to 90, and 97.50 are laid out.
    let mut scene = scene();
    scene.opportunity.net_usd = usd("4");
    let limits = RiskLimits { max_order: Some(usd("120")), ..RiskLimits::default() };
    let denied = scene.failures(&Gate::new(limits));
    assert_eq!(denied, [Failure::Order { outlay: usd("97.5"), limit: usd("90") }]);
    scene.opportunity.net_usd = usd("3");
    assert_eq!(scene.failures(&Gate::new(limits)), []);
}

#[test]
fn a_denial_names_everything_that_failed_in_order() {
    let failures = after_change(|scene| {
        scene.account.attempts = 7;
        scene.legs[0].live = false;
        scene.switch.pull(TradingState::Halted, "test", scene.now);
    });
    let rules: Vec<&str> = failures.iter().map(|failure| failure.rule().0).collect();
    assert_eq!(rules, ["kill_switch", "book", "attempts"]);
}

#[test]
fn the_environment_limits_win_over_the_others() {
    let limits = RiskLimits::default();
    assert_eq!(limits.max_position_size, usd("10000"));
    assert_eq!((limits.order_limit(), limits.event_limit()), (usd("10000"), usd("10000")));
    let small = RiskLimits { max_position_size: usd("97.49"), max_risk_score: 1.0, ..limits };
    assert_eq!(small.event_limit(), usd("2500"));
    let rules: Vec<&str> =
        scene().failures(&Gate::new(small)).iter().map(|failure| failure.rule().0).collect();
    assert_eq!(rules, ["risk_score", "position", "position"]);
    let text = serde_json::to_string(&small).unwrap();
    assert_eq!(serde_json::from_str::<RiskLimits>(&text).unwrap(), small);
    assert_eq!(
        serde_json::from_str::<RiskLimits>(r#"{"max_position_size":"97.49","max_risk_score":1.0}"#)
            .unwrap(),
        small
    );
    assert!(serde_json::from_str::<RiskLimits>(r#"{"max_position":"1"}"#).is_err());
    let broken = RiskLimits { max_risk_score: f64::NAN, ..limits };
    assert_eq!(scene().failures(&Gate::new(broken)).len(), 1, "a limit that is no number denies");
}

#[test]
fn the_kill_switch_separates_opening_from_reducing_and_survives() {
    let mut scene = scene();
    let gate = Gate::new(RiskLimits::default());
    assert!(scene.switch.pull(TradingState::ReduceOnly, "day loss", scene.now));
    assert!(!scene.switch.pull(TradingState::Active, "never loosens", scene.now));
    scene.switch = KillSwitch::restore(Some(&scene.switch.record()));
    assert_eq!(scene.failures(&gate).len(), 1);
    scene.intent = Intent::Reduce;
    // What only guards against new risk does not keep one from leaving.
    scene.account.held_in_pair = usd("1000000");
    scene.assessment.total = 100.0;
    scene.pair.confirmed_at = None;
    assert_eq!(scene.failures(&gate), []);
    assert!(scene.switch.pull(TradingState::Halted, "balance", scene.now));
    scene.switch = KillSwitch::restore(Some(&scene.switch.record()));
    assert_eq!(scene.failures(&gate), [Failure::Switch { state: TradingState::Halted }]);
    assert_eq!((scene.switch.reason(), scene.switch.since()), ("balance", Some(scene.now)));
    scene.switch.release("looked at it", scene.now);
    assert_eq!(scene.failures(&gate), []);
}

#[test]
fn a_record_that_cannot_be_read_halts() {
    assert_eq!(KillSwitch::restore(None).state(), TradingState::Active);
    for record in ["", "{}", "active", r#"{"v":2,"state":"active","reason":"","since":null}"#] {
        let switch = KillSwitch::restore(Some(record));
        assert_eq!(switch.state(), TradingState::Halted, "{record:?}");
        assert!(switch.reason().contains("record"), "{:?}", switch.reason());
    }
}

#[test]
fn a_file_that_is_there_and_cannot_be_read_halts() {
    use std::io::{Error, ErrorKind};
    let read = |kind: ErrorKind| KillSwitch::restore_read(Err(Error::from(kind)));
    assert_eq!(read(ErrorKind::NotFound), KillSwitch::released());
    for kind in [ErrorKind::PermissionDenied, ErrorKind::InvalidData, ErrorKind::Other] {
        assert_eq!(read(kind).state(), TradingState::Halted, "{kind}");
    }
    let mut pulled = KillSwitch::released();
    pulled.pull(TradingState::ReduceOnly, "day loss", scene().now);
    assert_eq!(KillSwitch::restore_read(Ok(pulled.record())), pulled);
}

#[test]
fn a_stamp_from_the_future_is_no_fresh_book() {
    let ahead = |millis: i64| {
        after_change(|scene| {
            for leg in &mut scene.legs {
                (leg.received_at, leg.venue_at) = (Some(after(scene.now, millis)), None);
            }
        })
    };
    assert_eq!(ahead(1_000), []);
    let age = Some(1_001);
    assert_eq!(
        ahead(1_001),
        [0, 1].map(|leg| Failure::BookAge { leg, age, limit: 1_000 }),
        "the clock was set back: how old the books are is not known"
    );
    let venue = after_change(|scene| scene.legs[0].venue_at = Some(after(scene.now, 2_001)));
    assert!(matches!(venue[..], [Failure::VenueAge { leg: 0, age: 2_001, .. }]), "{venue:?}");
    let unhedged = after_change(|s| s.account.unhedged_since = Some(after(s.now, 10_001)));
    assert!(matches!(unhedged[..], [Failure::UnhedgedFor { time: 10_001, .. }]), "{unhedged:?}");
}

#[test]
fn losses_ask_for_the_kill_switch() {
    let gate = Gate::new(RiskLimits::default());
    let state = |equity: &str, day: &str| {
        gate.required_state(&Account {
            equity: Some(usd(equity)),
            peak_equity: Some(usd("10000")),
            day_profit: usd(day),
            ..Account::default()
        })
    };
    assert_eq!(state("9500", "-190"), TradingState::Active);
    assert_eq!(state("9500", "-191"), TradingState::ReduceOnly);
    assert_eq!(state("9499.99", "0"), TradingState::ReduceOnly);
    assert_eq!(state("8999.99", "0"), TradingState::Halted);
    assert_eq!(gate.required_state(&Account::default()), TradingState::Active);
}

/// A rule of one's own: no trades of more than two legs.
struct TwoLegs;

impl Rule for TwoLegs {
    fn check(&self, input: &GateInput<'_>, _: &RiskLimits, failures: &mut Failures) {
        let legs = input.opportunity.legs.len() as f64;
        if legs > 1.0 {
            failures.push(Failure::Own { rule: "at most one leg", found: legs, limit: 1.0 });
        }
    }
}

#[test]
fn a_rule_of_ones_own_is_checked_last() {
    let gate = Gate::new(RiskLimits::default()).with_rule(Box::new(TwoLegs));
    let mut scene = scene();
    let own = Failure::Own { rule: "at most one leg", found: 2.0, limit: 1.0 };
    assert_eq!(scene.failures(&gate), [own]);
    assert_eq!(own.to_string(), "at most one leg: 2 against a limit of 1");
    scene.account.attempts = 3;
    assert_eq!(scene.failures(&gate).last(), Some(&own));
}
