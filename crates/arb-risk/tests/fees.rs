//! Fees against the venues' worked examples, and properties that hold for every price and size.
#![expect(clippy::unwrap_used, reason = "a test stops where its own values are wrong")]

use arb_normalize::market::FeeData;
use arb_normalize::opportunity::Action;
use arb_normalize::{Ladder, Level, Price, Quantity, Timestamp, Usd, Venue};
use arb_risk::fees::{
    ChargedFill, FeeHistory, FeeModel, FeeRule, FeeSource, KalshiFees, KalshiOrder, KalshiRole,
    KalshiRounding, LegFees, Multiplier, PolymarketFees, Rate, Step, audit,
};
use proptest::prelude::*;
use serde_json::Value;
use time::macros::datetime;

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap()
}

fn role(coefficient: &str) -> KalshiRole {
    match coefficient {
        "0.07" => KalshiRole::Taker,
        "0.0175" => KalshiRole::Maker,
        "0.035" => KalshiRole::ComboMaker,
        other => unreachable!("the fixture knows no coefficient {other}"),
    }
}

#[test]
fn every_worked_example_of_kalshi_comes_out() {
    let vectors: Value =
        serde_json::from_str(include_str!("fixtures/kalshi_fee_vectors.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 18);
    for case in cases {
        let name = text(case, "name");
        let fees = KalshiFees::taker()
            .with_multiplier(text(case, "multiplier").parse().unwrap())
            .with_precision(text(case, "precision").parse().unwrap())
            .with_role(role(text(case, "coefficient")));
        let action = if case["is_buy"] == true { Action::Buy } else { Action::Sell };
        let (price, size) =
            (text(case, "price").parse().unwrap(), text(case, "count").parse().unwrap());
        let charge = KalshiOrder::new(fees).fill(action, price, size);
        for (field, found) in [
            ("trade_fee", charge.trade_fee),
            ("rounding_fee", charge.rounding_fee),
            ("net_fee", charge.net_fee),
            ("balance_change", charge.balance_change),
        ] {
            assert_eq!(found, text(case, field).parse().unwrap(), "{name}: {field}");
        }
        let level = [Level::new(price, size)];
        let ladder = Ladder::from_best_last(&level);
        let order = match action {
            Action::Buy => fees.buy(ladder, size),
            Action::Sell => fees.sell(ladder, size),
        };
        assert_eq!(order.unwrap().outlay, -charge.balance_change, "{name}");
    }
}

#[test]
fn the_accumulator_pays_whole_cents_back() {
    let vectors: Value =
        serde_json::from_str(include_str!("fixtures/kalshi_fee_vectors.json")).unwrap();
    let example = &vectors["order_accumulator"];
    let mut order = KalshiOrder::new(KalshiFees::taker());
    for fill in example["fills"].as_array().unwrap() {
        let charge = order.fill(
            Action::Buy,
            text(example, "price").parse().unwrap(),
            text(example, "count_each").parse().unwrap(),
        );
        assert_eq!(charge.net_fee, text(fill, "net_fee").parse().unwrap());
        assert_eq!(charge.rebate, text(fill, "rebate").parse().unwrap());
        assert_eq!(order.carry(), text(fill, "carry").parse().unwrap());
    }
}

#[test]
fn every_worked_example_of_polymarket_comes_out_rounded_up() {
    let vectors: Value =
        serde_json::from_str(include_str!("fixtures/polymarket_fee_vectors.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 14);
    for case in cases {
        let fees = PolymarketFees::from_schedule(
            text(case, "rate").parse().unwrap(),
            case["exponent"].as_u64().unwrap().into(),
        )
        .unwrap();
        let size = text(case, "shares").parse().unwrap();
        let level = [Level::new(text(case, "price").parse().unwrap(), size)];
        let order = fees.buy(Ladder::from_best_last(&level), size).unwrap();
        assert_eq!(order.fee, text(case, "fee_ceil").parse().unwrap(), "{}", text(case, "name"));
        let sale = fees.sell(Ladder::from_best_last(&level), size).unwrap();
        assert_eq!(sale.outlay, sale.fee - order.cost);
    }
}

#[test]
fn an_order_over_several_levels_rounds_each_fee_and_then_the_order_once() {
    let levels = [("0.33", "7.5"), ("0.31", "3.07")]
        .map(|(p, s)| Level::new(p.parse().unwrap(), s.parse().unwrap()));
    let fees = KalshiFees::taker().with_quantum(Step::CENTICENT);
    let order = fees.buy(Ladder::from_best_last(&levels), "10".parse().unwrap()).unwrap();
    // 3.07 @ 0.31: 0.9517, fee 0.04596711 → 0.0460; 6.93 @ 0.33: 2.2869, fee 0.10725561 → 0.1073; 3.3919 → 3.40.
    assert_eq!(order.cost, "3.2386".parse().unwrap());
    assert_eq!(order.outlay, "3.40".parse().unwrap());
    assert_eq!(order.limit, "0.33".parse().unwrap());
    assert_eq!(fees.buy(Ladder::from_best_last(&levels), "10.58".parse().unwrap()), None);
    assert_eq!(fees.buy(Ladder::from_best_last(&levels), Quantity::ZERO), None);
}

#[test]
fn a_pairs_file_says_fees_in_one_object_or_a_list() {
    let one: FeeHistory = serde_json::from_str(
        r#"{"kalshi":{"multiplier":"0.5","precision":"0.0001"},"polymarket":{"rate":"0.03","exponent":"1"}}"#,
    )
    .unwrap();
    let entry = one.in_force(None);
    let kalshi = entry.kalshi.unwrap();
    assert_eq!((kalshi.quantum(), kalshi.precision()), (Step::MICRO, Step::CENTICENT));
    assert_eq!(kalshi.multiplier(), Multiplier::HALF);

    let list: FeeHistory = serde_json::from_str(
        r#"[{"from":"2026-07-10T00:00:00Z","polymarket":{"rate":"0.05"}},
            {"from":"2026-03-30T00:00:00Z","polymarket":{"rate":"0.03","exponent":"1"}}]"#,
    )
    .unwrap();
    let rate = |at: Option<time::OffsetDateTime>| {
        let at = at.map(|at| Timestamp::try_from(at).unwrap());
        list.in_force(at).polymarket.unwrap().rate().to_string()
    };
    assert_eq!(rate(Some(datetime!(2026-07-09 23:59:59.999 UTC))), "0.03");
    assert_eq!(rate(Some(datetime!(2026-07-10 0:00 UTC))), "0.05");
    assert_eq!(
        rate(Some(datetime!(2020-01-01 0:00 UTC))),
        "0.03",
        "none in force yet: the earliest"
    );
    assert_eq!(rate(None), "0.03", "an unknown time: the earliest");
    assert_eq!(list.in_force(None).of_or_worst(Venue::Kalshi), LegFees::worst_known(Venue::Kalshi));

    let again: FeeHistory = serde_json::from_str(&serde_json::to_string(&list).unwrap()).unwrap();
    assert_eq!(again, list);
}

/// The members that a schema allows are those that are written, and its defaults are what an absent one means.
#[test]
fn the_schema_says_what_is_read_and_written() {
    let schema: Value = serde_json::from_str(include_str!("../schema/fees.schema.json")).unwrap();
    let members =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let full = r#"{"from":"2026-03-30T00:00:00Z",
        "kalshi":{"multiplier":"0.5","precision":"0.0001","quantum":"0.0001","role":"maker"},
        "polymarket":{"rate":"0.05","exponent":"2"}}"#;
    let fees: FeeHistory = serde_json::from_str(full).unwrap();
    let written = serde_json::to_value(&fees).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(full).unwrap());
    assert_eq!(members(&written), members(&schema["$defs"]["entry"]["properties"]));
    for venue in ["kalshi", "polymarket"] {
        let described = &schema["$defs"][venue]["properties"];
        assert_eq!(members(&written[venue]), members(described), "{venue}");
        // Written out, the defaults mean what leaving them out means.
        let mut bare = serde_json::Map::new();
        let mut spelled = serde_json::Map::new();
        for (member, description) in described.as_object().unwrap() {
            match description.get("default") {
                Some(default) => spelled.insert(member.clone(), default.clone()),
                None => bare.insert(member.clone(), written[venue][member].clone()),
            };
        }
        spelled.extend(bare.clone());
        let read = |fields| -> FeeHistory {
            serde_json::from_value(serde_json::json!({ venue: Value::Object(fields) })).unwrap()
        };
        assert_eq!(read(bare), read(spelled), "{venue}");
    }
}

#[test]
fn a_wrong_fee_entry_is_refused() {
    for wrong in [
        "[]",
        r#"{"polymarket":{"rate":"1.5"}}"#,
        r#"{"polymarket":{"rate":"0.05","exponent":"1.5"}}"#,
        r#"{"polymarket":{"rate":0.05}}"#,
        r#"{"kalshi":{"multiplyer":"1"}}"#,
        r#"{"kalshi":{"precision":"0"}}"#,
        r#"[{"polymarket":{"rate":"0.05"}},{"polymarket":{"rate":"0.03"}}]"#,
    ] {
        assert!(serde_json::from_str::<FeeHistory>(wrong).is_err(), "{wrong}");
    }
    let error = serde_json::from_str::<FeeHistory>(r#"{"polymarket":{"rate":"1.5"}}"#).unwrap_err();
    assert!(error.to_string().contains("fee rate \"1.5\""), "{error}");
}

#[test]
fn unknown_fees_are_the_worst_known_and_never_zero() {
    let kalshi = KalshiFees::taker().with_precision(Step::CENTICENT);
    let of = |venue, data: &FeeData| LegFees::from_data(venue, data, kalshi, None);
    assert_eq!(
        of(Venue::Polymarket, &FeeData::Unknown),
        (LegFees::Polymarket(PolymarketFees::new("0.07".parse().unwrap())), FeeSource::WorstKnown)
    );
    assert_eq!(of(Venue::Kalshi, &FeeData::Unknown), (kalshi.into(), FeeSource::WorstKnown));
    let series = |fee_type: Option<&str>, multiplier: Option<&str>| FeeData::Kalshi {
        fee_type: fee_type.map(str::to_owned),
        multiplier: multiplier.map(|m| m.parse().unwrap()),
        waived_until: None,
    };
    let half = (kalshi.with_multiplier(Multiplier::HALF).into(), FeeSource::Venue);
    assert_eq!(of(Venue::Kalshi, &series(Some("quadratic"), Some("0.5"))), half);
    let flat = of(Venue::Kalshi, &series(Some("flat"), Some("0.5")));
    assert_eq!(flat, (kalshi.into(), FeeSource::UpperBound));
    assert_eq!(of(Venue::Kalshi, &series(None, None)), (kalshi.into(), FeeSource::WorstKnown));
    let third = of(Venue::Kalshi, &series(Some("quadratic"), Some("0.33333")));
    let above = kalshi.with_multiplier("0.3334".parse().unwrap());
    assert_eq!(third, (above.into(), FeeSource::UpperBound));

    let schedule = |rate: &str, exponent: &str| FeeData::Polymarket {
        rate: rate.parse().unwrap(),
        exponent: exponent.parse().unwrap(),
    };
    assert_eq!(
        of(Venue::Polymarket, &schedule("0", "1")),
        (PolymarketFees::FREE.into(), FeeSource::Venue),
        "zero only where the venue says zero"
    );
    let bound = PolymarketFees::from_schedule("0.05".parse().unwrap(), 1.into()).unwrap();
    assert_eq!(
        of(Venue::Polymarket, &schedule("0.05", "1.5")),
        (bound.into(), FeeSource::UpperBound)
    );
    assert_eq!(of(Venue::Polymarket, &schedule("-1", "1")).1, FeeSource::WorstKnown);
    assert_eq!(of(Venue::Polymarket, &schedule("0.05", "-1")).1, FeeSource::WorstKnown);
}

#[test]
fn a_waiver_counts_until_its_instant() {
    let until = datetime!(2026-05-01 0:00 UTC);
    let data = FeeData::Kalshi {
        fee_type: Some("quadratic".to_owned()),
        multiplier: Some(1.into()),
        waived_until: Some(until),
    };
    let at = |now| LegFees::from_data(Venue::Kalshi, &data, KalshiFees::taker(), now).0;
    let free = LegFees::Kalshi(KalshiFees::taker().with_multiplier(Multiplier::ZERO));
    assert_eq!(at(Some(until - time::Duration::SECOND)), free);
    assert_eq!(at(Some(until)), KalshiFees::taker().into());
    assert_eq!(at(None), KalshiFees::taker().into(), "an unknown time has no waiver");
}

#[test]
fn rounding_goes_by_date() {
    let rounding = KalshiRounding::default();
    let direct = KalshiFees::taker().with_precision(Step::CENTICENT);
    let steps = |at| {
        let fees = rounding.at(direct, at);
        (fees.quantum(), fees.precision())
    };
    assert_eq!(steps(datetime!(2026-01-20 0:00 UTC)), (Step::CENT, Step::CENT));
    assert_eq!(steps(datetime!(2026-06-11 0:00 UTC)), (Step::CENTICENT, Step::CENTICENT));
    assert_eq!(steps(datetime!(2026-09-02 0:00 UTC)), (Step::MICRO, Step::CENTICENT));
    let at = datetime!(2026-01-01 0:00 UTC);
    assert!(KalshiRounding::new(Step::CENT, vec![(at, Step::MICRO), (at, Step::CENT)]).is_err());
    let own = KalshiRounding::new(Step::CENTICENT, vec![(at, Step::MICRO)]).unwrap();
    assert_eq!(own.quantum(at - time::Duration::SECOND), Step::CENTICENT);
    assert_eq!(own.quantum(at), Step::MICRO, "from the instant itself on");
}

#[test]
fn an_audit_names_the_rule_behind_a_charge() {
    let direct = KalshiFees::taker().with_quantum(Step::CENTICENT).with_precision(Step::CENTICENT);
    let rule = |price: &str, size: &str, charged: &str| {
        let fill = ChargedFill {
            action: Action::Buy,
            price: price.parse().unwrap(),
            size: size.parse().unwrap(),
            charged: charged.parse().unwrap(),
        };
        audit(&fill, direct).rule
    };
    // 0.07 · 12.5 · 0.37 · 0.63 = 0.2039625
    assert_eq!(rule("0.37", "12.5", "0.204"), FeeRule::AsExpected);
    assert_eq!(rule("0.37", "12.5", "0.102"), FeeRule::Multiplier(Multiplier::HALF));
    assert_eq!(rule("0.37", "12.5", "0"), FeeRule::Multiplier(Multiplier::ZERO));
    assert_eq!(rule("0.37", "12.5", "0.051"), FeeRule::Role(KalshiRole::Maker));
    // 4.625 + 0.2040 = 4.8290, in cents 4.83
    assert_eq!(rule("0.37", "12.5", "0.205"), FeeRule::Precision(Step::CENT));
    assert_eq!(rule("0.37", "12.5", "0.21"), FeeRule::Quantum(Step::CENT));
    assert_eq!(rule("0.37", "12.5", "0.5"), FeeRule::Unexplained);
}

fn any_price() -> impl Strategy<Value = Price> {
    (0..=1_000_000_u32).prop_map(|micros| Price::from_micros(micros).unwrap())
}

fn any_size() -> impl Strategy<Value = Quantity> {
    (1..5_000_000_000_u64).prop_map(|micros| Quantity::from_micros(micros).unwrap())
}

fn any_schedule() -> impl Strategy<Value = LegFees> {
    prop_oneof![
        (0..=140_000_u32).prop_map(|m| {
            let multiplier = Multiplier::try_from(rust_decimal::Decimal::new(m.into(), 4)).unwrap();
            LegFees::Kalshi(KalshiFees::taker().with_multiplier(multiplier))
        }),
        (0..=100_000_000_u32, 1..=4_i64).prop_map(|(rate, exponent)| {
            let rate = rust_decimal::Decimal::new(rate.into(), 8);
            LegFees::Polymarket(PolymarketFees::from_schedule(rate, exponent.into()).unwrap())
        }),
    ]
}

/// The promises of [`FeeModel`] that the sizer rests on, for a schedule.
fn keeps_the_promises(
    fees: &impl FeeModel,
    price: Price,
    size: Quantity,
) -> Result<(), TestCaseError> {
    let unit = fees.unit_fee(price);
    prop_assert_eq!(unit, fees.unit_fee(price.complement()), "a fee is symmetric in p and 1 − p");
    if let Some(above) = Price::from_micros(price.micros() + 1) {
        // One micro-dollar is 1e14 units of a unit fee.
        let step = 100_000_000_000_000;
        let more = fees.unit_fee(above).units();
        prop_assert!(more + step >= unit.units() && unit.units() + step >= more);
    }
    let cost = Usd::cost(price, size);
    let exact = unit.times(size);
    let charged = fees.level_fee(unit, size);
    prop_assert!(charged >= exact, "rounding never makes a level cheaper");
    for signed in [cost, -cost] {
        let outlay = fees.order_outlay(signed, charged);
        prop_assert!(outlay >= signed + exact.to_usd_up() - Usd::from_pico(1));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_schedule_keeps_the_promises_of_the_seam(
        fees in any_schedule(), price in any_price(), size in any_size()
    ) {
        keeps_the_promises(&fees, price, size)?;
        match fees {
            LegFees::Kalshi(own) => keeps_the_promises(&own, price, size)?,
            LegFees::Polymarket(own) => keeps_the_promises(&own, price, size)?,
            _ => {}
        }
    }

    #[test]
    fn the_fills_of_an_order_add_up_to_the_order(
        fills in prop::collection::vec((1..100_u32, 1..4_000_u64), 1..8),
        cents in any::<bool>(), sell in any::<bool>(),
    ) {
        let precision = if cents { Step::CENT } else { Step::CENTICENT };
        let fees = KalshiFees::taker().with_precision(precision);
        let action = if sell { Action::Sell } else { Action::Buy };
        let mut order = KalshiOrder::new(fees);
        let (mut balance, mut exact, mut short) = (Usd::ZERO, Usd::ZERO, false);
        for (cents, hundredths) in fills {
            let price = Price::from_cents(cents).unwrap();
            let size = Quantity::from_micros(hundredths * 10_000).unwrap();
            let charge = order.fill(action, price, size);
            let cost = Usd::cost(price, size);
            balance += charge.balance_change;
            exact += if sell { cost } else { -cost } - charge.trade_fee;
            prop_assert!(charge.net_fee >= Usd::ZERO);
            prop_assert_eq!(charge.net_fee, charge.trade_fee + charge.rounding_fee - charge.rebate);
            prop_assert_eq!(charge.balance_change.floor_to(precision.usd()), charge.balance_change);
            short |= order.carry() >= precision.usd();
        }
        prop_assert_eq!(exact - balance, order.carry(), "what was taken too much is the carry");
        if !short {
            prop_assert_eq!(balance, exact.floor_to(precision.usd()));
        }
    }
}

#[test]
fn a_rate_above_one_is_no_rate() {
    assert_eq!(Rate::from_units(100_000_001), None);
}
