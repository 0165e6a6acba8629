//! The sizer against a slow reference: every lot tried, in decimals, with the venues' rules written a second time.
#![expect(clippy::unwrap_used, reason = "a test stops where its own values are wrong")]

#[path = "support/decimal.rs"]
mod decimal;

use arb_normalize::opportunity::Action;
use arb_normalize::{Book, Ladder, Level, Outcome, Quantity, Side, Usd};
use arb_risk::fees::{
    ExactFee, FeeModel, KalshiFees, LegFees, Multiplier, PolymarketFees, Rate, Step, UnitFee,
};
use arb_risk::size::{Discount, Leg, MAX_LEGS, MAX_TRIES, NoTrade, SizeRequest};
use decimal::{ReferenceLeg, brute_force};
use proptest::prelude::*;
use rust_decimal::Decimal;

/// A random trade, owned.
#[derive(Debug, Clone)]
struct Trade {
    legs: Vec<OwnedLeg>,
    payout: Usd,
    lot: Quantity,
    max_quantity: Option<Quantity>,
    max_outlay: Option<Usd>,
    discount: Discount,
    fixed_cost: Usd,
}

#[derive(Debug, Clone)]
struct OwnedLeg {
    action: Action,
    /// Best last.
    levels: Vec<Level>,
    form: Form,
    fees: LegFees,
    min_size: Quantity,
    min_cost: Usd,
    max_outlay: Option<Usd>,
}

/// What holds the levels.
#[derive(Debug, Clone, Copy)]
enum Form {
    List,
    /// A list in the prices of the opposite outcome.
    MirroredList,
    Book,
    /// A book of the opposite outcome.
    MirroredBook,
}

/// What a leg's ladder borrows.
struct Held {
    list: Vec<Level>,
    book: Book,
}

impl OwnedLeg {
    fn hold(&self) -> Held {
        let mirrored = matches!(self.form, Form::MirroredList | Form::MirroredBook);
        let list: Vec<Level> = self
            .levels
            .iter()
            .map(|level| if mirrored { level.mirror() } else { *level })
            .collect();
        let mut book = Book::new();
        if matches!(self.form, Form::Book | Form::MirroredBook) {
            let side = if (self.action == Action::Buy) == mirrored { Side::Bid } else { Side::Ask };
            for level in &list {
                book.set(side, level.price, level.size);
            }
        }
        Held { list, book }
    }

    fn ladder<'a>(&self, held: &'a Held) -> Ladder<'a> {
        let buy = self.action == Action::Buy;
        match self.form {
            Form::List => Ladder::from_best_last(&held.list),
            Form::MirroredList => Ladder::from_best_last(&held.list).mirror(),
            Form::Book if buy => held.book.buy(Outcome::Yes),
            Form::Book => held.book.sell(Outcome::Yes),
            Form::MirroredBook if buy => held.book.buy(Outcome::No),
            Form::MirroredBook => held.book.sell(Outcome::No),
        }
    }
}

impl Trade {
    fn with_request<T>(&self, ask: impl FnOnce(&SizeRequest<'_>) -> T) -> T {
        let held: Vec<Held> = self.legs.iter().map(OwnedLeg::hold).collect();
        let legs: Vec<Leg<'_>> = self
            .legs
            .iter()
            .zip(&held)
            .map(|(leg, held)| Leg {
                action: leg.action,
                ladder: leg.ladder(held),
                fees: leg.fees,
                min_size: leg.min_size,
                min_cost: leg.min_cost,
                max_outlay: leg.max_outlay,
            })
            .collect();
        ask(&SizeRequest {
            legs: &legs,
            payout: self.payout,
            lot: self.lot,
            max_quantity: self.max_quantity,
            max_outlay: self.max_outlay,
            discount: self.discount,
            fixed_cost: self.fixed_cost,
        })
    }

    fn reference(&self) -> decimal::ReferenceTrade {
        decimal::ReferenceTrade {
            legs: self
                .legs
                .iter()
                .map(|leg| ReferenceLeg {
                    sell: leg.action == Action::Sell,
                    levels: leg
                        .levels
                        .iter()
                        .rev()
                        .map(|level| (level.price.into(), level.size.into()))
                        .collect(),
                    fees: leg.fees,
                    min_size: leg.min_size.into(),
                    min_cost: leg.min_cost.into(),
                    max_outlay: leg.max_outlay.map(Decimal::from),
                })
                .collect(),
            payout: self.payout.into(),
            lot: self.lot.into(),
            max_quantity: self.max_quantity.map(Decimal::from),
            max_outlay: self.max_outlay.map(Decimal::from),
            discount: Decimal::new(i64::from(self.discount.billionths()), 9),
            fixed_cost: self.fixed_cost.into(),
        }
    }
}

fn any_fees() -> impl Strategy<Value = LegFees> {
    let kalshi = (
        prop_oneof![Just("0"), Just("0.5"), Just("1"), Just("1.5")],
        prop_oneof![Just(Step::CENT), Just(Step::CENTICENT), Just(Step::MICRO)],
        prop_oneof![Just(Step::MICRO), Just(Step::CENTICENT), Just(Step::CENT)],
    )
        .prop_map(|(multiplier, precision, quantum)| {
            let multiplier: Multiplier = multiplier.parse().unwrap();
            LegFees::Kalshi(
                KalshiFees::taker()
                    .with_multiplier(multiplier)
                    .with_precision(precision)
                    .with_quantum(quantum),
            )
        });
    let polymarket = prop_oneof![
        Just(("0", 1)),
        Just(("0.03", 1)),
        Just(("0.05", 1)),
        Just(("0.07", 1)),
        Just(("0.25", 2))
    ]
    .prop_map(|(rate, exponent): (&str, i64)| {
        LegFees::Polymarket(
            PolymarketFees::from_schedule(rate.parse().unwrap(), exponent.into()).unwrap(),
        )
    });
    prop_oneof![kalshi, polymarket]
}

fn any_form() -> impl Strategy<Value = Form> {
    prop_oneof![
        2 => Just(Form::List),
        1 => Just(Form::MirroredList),
        1 => Just(Form::Book),
        1 => Just(Form::MirroredBook),
    ]
}

/// Levels going away from `touch` (in ticks) in steps of a few ticks.
fn any_levels(tick: u32) -> impl Strategy<Value = Vec<(u32, u64)>> {
    let size = prop_oneof![
        3 => (1..40_u64).prop_map(|whole| whole * 1_000_000),
        3 => (1..4_000_u64).prop_map(|hundredths| hundredths * 10_000),
        1 => 1..3_000_000_u64,
    ];
    prop::collection::vec((1..4_u32, size), 1..6).prop_map(move |steps| {
        let mut away = 0;
        steps
            .into_iter()
            .enumerate()
            .map(|(index, (step, size))| {
                away += if index == 0 { 0 } else { step * tick };
                (away, size)
            })
            .collect()
    })
}

/// Legs whose best prices together leave between −1.5 and +5 cents before fees.
fn any_trade() -> impl Strategy<Value = Trade> {
    let ticks = prop_oneof![Just(10_000_u32), Just(1_000), Just(100), Just(500)];
    let counts = prop_oneof![1 => Just(1_usize), 4 => Just(2), 1 => Just(3), 1 => Just(4)];
    (ticks, counts).prop_flat_map(|(tick, count)| {
        let legs =
            prop::collection::vec((any_levels(tick), any_form(), any_fees(), 1..100_u32), count);
        let edge = -15_000..50_000_i64;
        let limits = (
            prop_oneof![4 => Just(0_u64), 1 => 0..60_000_000_u64],
            prop_oneof![4 => Just(0_i64), 1 => 0..8_000_000_i64],
            prop_oneof![4 => Just(None), 1 => (0..60_000_000_i64).prop_map(Some)],
            prop_oneof![4 => Just(None), 1 => (0..60_000_000_u64).prop_map(Some)],
            prop_oneof![4 => Just(None), 1 => (0..60_000_000_i64).prop_map(Some)],
            prop_oneof![3 => Just(0_i64), 1 => 0..300_000_i64],
        );
        let lot = prop_oneof![6 => Just(1_000_000_u64), 1 => Just(5_000_000), 1 => Just(250_000)];
        let discount =
            prop_oneof![3 => Just(1_000_000_000_u32), 1 => 980_000_000..1_000_000_000_u32];
        (legs, edge, limits, lot, discount, any::<bool>(), Just(tick)).prop_map(
            |(legs, edge, limits, lot, discount, sell, tick)| {
                build(legs, edge, limits, lot, discount, sell, tick)
            },
        )
    })
}

type AnyLeg = (Vec<(u32, u64)>, Form, LegFees, u32);
type AnyLimits = (u64, i64, Option<i64>, Option<u64>, Option<i64>, i64);

fn build(
    legs: Vec<AnyLeg>,
    edge: i64,
    limits: AnyLimits,
    lot: u64,
    discount: u32,
    sell: bool,
    tick: u32,
) -> Trade {
    let (min_size, min_cost, leg_outlay, max_quantity, max_outlay, fixed) = limits;
    let weights: u32 = legs.iter().map(|leg| leg.3).sum();
    let sell = sell && legs.len() == 2;
    // Purchases share 1 − edge, sales 1 + edge, each rounded to the tick.
    let total = if sell { 1_000_000 + edge } else { 1_000_000 - edge };
    let owned = legs
        .into_iter()
        .enumerate()
        .map(|(index, (levels, form, fees, weight))| {
            let share = total * i64::from(weight) / i64::from(weights);
            let touch = (share / i64::from(tick) * i64::from(tick)).clamp(0, 1_000_000);
            let mut levels: Vec<Level> = levels
                .into_iter()
                .filter_map(|(away, size)| {
                    let away = i64::from(away);
                    let micros = if sell { touch - away } else { touch + away };
                    let price = arb_normalize::Price::from_micros(u32::try_from(micros).ok()?)?;
                    Some(Level::new(price, Quantity::from_micros(size)?))
                })
                .collect();
            levels.reverse();
            OwnedLeg {
                action: if sell { Action::Sell } else { Action::Buy },
                levels,
                form,
                fees,
                min_size: Quantity::from_micros(if index == 0 { min_size } else { 0 }).unwrap(),
                min_cost: Usd::from_micros(if index == 0 { min_cost } else { 0 }),
                max_outlay: leg_outlay.filter(|_| index == 0).map(Usd::from_micros),
            }
        })
        .collect();
    Trade {
        legs: owned,
        payout: if sell { -Usd::DOLLAR } else { Usd::DOLLAR },
        lot: Quantity::from_micros(lot).unwrap(),
        max_quantity: max_quantity.and_then(Quantity::from_micros),
        max_outlay: max_outlay.map(Usd::from_micros),
        discount: Discount::from_billionths(discount).unwrap(),
        fixed_cost: Usd::from_micros(fixed),
    }
}

fn check(trade: &Trade) -> Result<(), TestCaseError> {
    let expected = brute_force(&trade.reference());
    let found = trade.with_request(|request| request.size());
    if !trade.with_request(|request| request.has_gross_edge()) {
        let refused = matches!(found, Err(NoTrade::NoEdge { .. } | NoTrade::NoDepth { .. }));
        prop_assert!(refused, "found {:?} without a gross edge", found);
    }
    match (&expected, &found) {
        (None, Err(_)) => Ok(()),
        (Some(best), Ok(sized)) => {
            prop_assert_eq!(Decimal::from(sized.quantity), best.quantity, "{:?}", best);
            prop_assert_eq!(Decimal::from(sized.net), best.net.normalize());
            prop_assert_eq!(Decimal::from(sized.gross), best.gross.normalize());
            let marginal = decimal::marginal(&trade.reference(), best);
            prop_assert_eq!(Decimal::from(sized.marginal_edge), marginal.normalize());
            for (leg, reference) in sized.legs().iter().zip(&best.legs) {
                prop_assert_eq!(Decimal::from(leg.outlay), reference.outlay.normalize());
                prop_assert_eq!(Decimal::from(leg.cost), reference.cost.normalize());
                prop_assert_eq!(Decimal::from(leg.limit), reference.limit.normalize());
                prop_assert_eq!(leg.fee + leg.cost, leg.outlay);
            }
            Ok(())
        }
        _ => Err(TestCaseError::fail(format!("expected {expected:?}, found {found:?}"))),
    }
}

fn cases(ordinary: u32, long: u32) -> ProptestConfig {
    let cases = if std::env::var_os("ARB_LONG").is_some() { long } else { ordinary };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(10_000, 150_000))]

    #[test]
    fn the_size_equals_brute_force(trade in any_trade()) {
        check(&trade)?;
    }
}

proptest! {
    #![proptest_config(cases(1_000, 20_000))]

    #[test]
    fn break_even_equals_brute_force(trade in any_trade()) {
        let Ok(sized) = trade.with_request(|request| request.size()) else { return Ok(()) };
        let found = trade.with_request(|request| request.break_even(&sized));
        let (smallest, largest) = decimal::break_even(&trade.reference());
        prop_assert_eq!(Decimal::from(found.smallest), smallest);
        prop_assert_eq!(Decimal::from(found.largest), largest);
    }
}

/// A trade whose second stretch earns or loses next to nothing: `off` steps of 2.496e-9 dollars a contract around
/// 1.4e-9, less what the roundings of the `dear` fees of 0.07 · p(1 − p) take.
fn flat(
    off: i64,
    dear: LegFees,
    [first, contracts]: [u64; 2],
) -> ([Level; 1], [Level; 2], LegFees, LegFees) {
    let size = |contracts| Quantity::from_contracts(contracts).unwrap();
    let price = |text: &str| text.parse().unwrap();
    let yes = [Level::new(price("0.5"), size(contracts))];
    let no = [Level::new(price("0.48"), size(contracts)), Level::new(price("0.475"), size(first))];
    // 1 − 0.5 − 0.0175 − 0.48 − 0.01001602 · 0.2496 = 0.000000001408
    let rate = Rate::from_units(u32::try_from(1_001_602 - off).unwrap()).unwrap();
    (yes, no, dear, PolymarketFees::new(rate).into())
}

proptest! {
    #![proptest_config(cases(60, 1_000))]

    /// Edges of a billionth of a dollar: the roundings decide, far from the maximum before them.
    #[test]
    fn the_size_on_flat_stretches_equals_brute_force(
        off in -40..40_i64,
        dear in prop_oneof![
            Just(kalshi(Step::CENT)),
            Just(kalshi(Step::CENTICENT)),
            Just(polymarket("0.07")),
        ],
        first in 280..320_u64,
        contracts in 400..900_u64,
    ) {
        let (yes, no, dear, cheap) = flat(off, dear, [first, contracts]);
        let leg = |levels: &[Level], fees| OwnedLeg {
            action: Action::Buy,
            levels: levels.to_vec(),
            form: Form::List,
            fees,
            min_size: Quantity::ZERO,
            min_cost: Usd::ZERO,
            max_outlay: None,
        };
        check(&Trade {
            legs: vec![leg(&yes, dear), leg(&no, cheap)],
            payout: Usd::DOLLAR,
            lot: Quantity::from_contracts(1).unwrap(),
            max_quantity: None,
            max_outlay: None,
            discount: Discount::NONE,
            fixed_cost: Usd::ZERO,
        })?;
    }
}

/// Counts the orders that are priced.
#[derive(Clone, Copy)]
struct Counting<'a> {
    fees: LegFees,
    orders: &'a std::cell::Cell<u32>,
}

impl FeeModel for Counting<'_> {
    fn unit_fee(&self, price: arb_normalize::Price) -> UnitFee {
        self.fees.unit_fee(price)
    }

    fn level_fee(&self, unit: UnitFee, size: Quantity) -> ExactFee {
        self.fees.level_fee(unit, size)
    }

    fn order_outlay(&self, cost: Usd, fees: ExactFee) -> Usd {
        self.orders.set(self.orders.get() + 1);
        self.fees.order_outlay(cost, fees)
    }
}

#[test]
fn the_search_on_flat_stretches_is_bounded() {
    // With lots of a millionth a contract's roundings are millions of lots away from where they end.
    for (off, lot) in [-4, -1, 0, 1, 4].into_iter().flat_map(|off| [(off, 1), (off, 1_000_000)]) {
        let (yes, no, dear, cheap) = flat(off, kalshi(Step::CENT), [301, 100_000_000]);
        let orders = std::cell::Cell::new(0);
        let counting = |fees| Counting { fees, orders: &orders };
        let legs = [
            Leg::buy(Ladder::from_best_last(&yes), counting(dear)),
            Leg::buy(Ladder::from_best_last(&no), counting(cheap)),
        ];
        let lot = Quantity::from_micros(lot).unwrap();
        let request = SizeRequest { lot, ..SizeRequest::new(&legs) };
        let sized = request.size().unwrap();
        let priced = orders.take() / 2;
        assert!(priced <= MAX_TRIES + 10, "{off}: {priced} lots priced");
        // Not even the whole of what is out of reach is worth more than the roundings of the two orders.
        let plain = [Leg::buy(legs[0].ladder, dear), Leg::buy(legs[1].ladder, cheap)];
        let first =
            SizeRequest { max_quantity: Quantity::from_contracts(301), ..SizeRequest::new(&plain) };
        let short = Usd::CENT + Usd::from_micros(10 + 1);
        assert!(sized.net + short >= first.size().unwrap().net, "{off}");
        let range = request.break_even(&sized);
        let priced = orders.take() / 2;
        assert!(priced <= 2 * MAX_TRIES + 200, "{off}: {priced} lots priced for the range");
        assert!(range.smallest <= sized.quantity && sized.quantity <= range.largest);
    }
}

fn level(price: &str, size: &str) -> Level {
    Level::new(price.parse().unwrap(), size.parse().unwrap())
}

fn kalshi(precision: Step) -> LegFees {
    KalshiFees::taker().with_precision(precision).into()
}

fn polymarket(rate: &str) -> LegFees {
    PolymarketFees::new(rate.parse::<Rate>().unwrap()).into()
}

/// Best prices and sizes as of a real evening whose answer is known to the cent.
#[test]
fn one_level_a_side_with_a_known_answer() {
    let (yes, no) = ([level("0.5", "100")], [level("0.48", "120.5")]);
    let legs = [
        Leg::buy(Ladder::from_best_last(&yes), kalshi(Step::CENTICENT)),
        Leg::buy(Ladder::from_best_last(&no), polymarket("0")),
    ];
    let sized = SizeRequest::new(&legs).size().unwrap();
    // 100 · (1 − 0.98) − 0.07 · 100 · 0.25
    assert_eq!(sized.net, "0.25".parse().unwrap());
    assert_eq!(sized.quantity, "100".parse().unwrap());
    assert_eq!(sized.marginal_edge, "0.0025".parse().unwrap());
}

#[test]
fn a_trade_that_loses_on_its_first_contracts_is_found() {
    // 1.8 cents of edge against a fee of 1.75 cents that is charged as 2, 2, 2, 1 … cents.
    let (yes, no) = ([level("0.5", "100")], [level("0.482", "100")]);
    let legs = [
        Leg::buy(Ladder::from_best_last(&yes), kalshi(Step::CENT)),
        Leg::buy(Ladder::from_best_last(&no), polymarket("0")),
    ];
    let request = SizeRequest::new(&legs);
    let sized = request.size().unwrap();
    assert_eq!((sized.quantity, sized.net), ("100".parse().unwrap(), "0.05".parse().unwrap()));
    let range = request.break_even(&sized);
    assert_eq!(range.smallest, "4".parse().unwrap());
    assert_eq!(range.largest, "100".parse().unwrap());
}

#[test]
fn refusals_name_what_is_missing() {
    let (yes, no) = ([level("0.5", "100")], [level("0.48", "3")]);
    let free = polymarket("0");
    let base =
        [Leg::buy(Ladder::from_best_last(&yes), free), Leg::buy(Ladder::from_best_last(&no), free)];
    assert_eq!(SizeRequest::<LegFees>::new(&[]).size(), Err(NoTrade::Legs(0)));
    // Whether or not they would pay.
    for price in ["0.5", "0.01"] {
        let offered = [level(price, "100")];
        let legs = [Leg::buy(Ladder::from_best_last(&offered), free); MAX_LEGS + 1];
        assert_eq!(SizeRequest::new(&legs).size(), Err(NoTrade::Legs(65)));
        assert_eq!(SizeRequest::new(&legs[..MAX_LEGS]).size().is_ok(), price == "0.01");
    }
    let empty = [base[0], Leg::buy(Ladder::EMPTY, free)];
    assert_eq!(SizeRequest::new(&empty).size(), Err(NoTrade::NoDepth { leg: 1 }));
    let minimum = [Leg { min_size: "5".parse().unwrap(), ..base[0] }, base[1]];
    assert_eq!(
        SizeRequest::new(&minimum).size(),
        Err(NoTrade::BelowMinimum {
            needed: "5".parse().unwrap(),
            available: "3".parse().unwrap()
        })
    );
    let dollars = [base[0], Leg { min_cost: "1.45".parse().unwrap(), ..base[1] }];
    assert_eq!(SizeRequest::new(&dollars).size(), Err(NoTrade::BelowMinimumCost { leg: 1 }));
    let cash = SizeRequest { max_outlay: Some(Usd::CENT), ..SizeRequest::new(&base) };
    assert_eq!(cash.size(), Err(NoTrade::Outlay { needed: "1".parse().unwrap() }));
    let gas = SizeRequest { fixed_cost: "0.06".parse().unwrap(), ..SizeRequest::new(&base) };
    assert_eq!(gas.size(), Err(NoTrade::NoProfit));
    let dear = [base[0], Leg::buy(Ladder::from_best_last(&yes), free)];
    assert_eq!(SizeRequest::new(&dear).size(), Err(NoTrade::NoEdge { per_contract: Usd::ZERO }));
}

#[test]
fn the_largest_books_do_not_overflow() {
    let huge = Quantity::MAX;
    let levels =
        [Level::new("0.3".parse().unwrap(), huge), Level::new("0.2".parse().unwrap(), huge)];
    let legs = [Leg::buy(Ladder::from_best_last(&levels), kalshi(Step::CENT)); 2];
    let sized = SizeRequest::new(&legs).size().unwrap();
    assert_eq!(sized.quantity, arb_risk::size::MAX_QUANTITY);
    assert!(sized.net.is_positive());
}

#[test]
fn zero_sized_levels_are_passed_over() {
    let levels = [level("0.5", "10"), level("0.1", "0")];
    let other = [level("0.4", "10")];
    let legs = [
        Leg::buy(Ladder::from_best_last(&levels), polymarket("0")),
        Leg::buy(Ladder::from_best_last(&other), polymarket("0")),
    ];
    let sized = SizeRequest::new(&legs).size().unwrap();
    assert_eq!(sized.net, Usd::DOLLAR);
}

/// The last lot may reach beyond what earns, over several small levels.
#[test]
fn a_lot_across_the_end_of_what_earns_is_tried() {
    let mut book = Book::new();
    for (price, size) in [("0.4", "9.5"), ("0.61", "0.2"), ("0.62", "10")] {
        book.set(Side::Ask, price.parse().unwrap(), size.parse().unwrap());
    }
    let other = [level("0.4", "100")];
    let legs = [
        Leg::buy(book.buy(Outcome::Yes), polymarket("0")),
        Leg::buy(Ladder::from_best_last(&other), polymarket("0")),
    ];
    let sized = SizeRequest::new(&legs).size().unwrap();
    // 9.5 · 0.2 − 0.2 · 0.01 − 0.3 · 0.02
    assert_eq!((sized.quantity, sized.net), ("10".parse().unwrap(), "1.892".parse().unwrap()));
}

/// What is left of a cent that is paid anyway buys several lots, each of a level of its own, beyond what earns.
#[test]
fn lots_that_roundings_pay_for_are_tried_through_small_levels() {
    let mut book = Book::new();
    for (price, size) in [("0.1", "10.03"), ("0.31", "0.01"), ("0.32", "10")] {
        book.set(Side::Ask, price.parse().unwrap(), size.parse().unwrap());
    }
    let other = [level("0.7", "100")];
    let free = KalshiFees::taker().with_multiplier("0".parse().unwrap());
    let legs = [
        Leg::buy(book.buy(Outcome::Yes), LegFees::Kalshi(free.with_precision(Step::CENT))),
        Leg::buy(Ladder::from_best_last(&other), polymarket("0")),
    ];
    let mut request = SizeRequest::new(&legs);
    request.lot = "0.01".parse().unwrap();
    let sized = request.size().unwrap();
    // 1.003 + 0.0031 + 0.0032 is $1.01 as 1.003 alone is: 10.05 · 0.3 − 1.01
    assert_eq!((sized.quantity, sized.net), ("10.05".parse().unwrap(), "2.005".parse().unwrap()));
}

#[test]
fn books_of_many_levels_are_taken_whole() {
    let contract = Quantity::from_contracts(1).unwrap();
    let price = |index: u32| arb_normalize::Price::from_micros(400_000 + 100 * index).unwrap();
    let levels: Vec<_> = (0..200).rev().map(|index| Level::new(price(index), contract)).collect();
    let legs = [Leg::buy(Ladder::from_best_last(&levels), polymarket("0")); 2];
    let sized = SizeRequest::new(&legs).size().unwrap();
    // 200 · 0.2 − 2 · 0.0001 · (0 + 1 + … + 199)
    assert_eq!((sized.quantity, sized.net), ("200".parse().unwrap(), "36.02".parse().unwrap()));
}
