//! The book against the slowest book there is, under any sequence of operations.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use arb_normalize::{Book, Ladder, Level, Outcome, Price, Quantity, QuantityChange, Side, Usd};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Set(Side, Price, Quantity),
    Change(Side, Price, QuantityChange),
    Replace(Vec<Level>, Vec<Level>),
    Clear,
}

/// Prices of a cent book, of a book that turns finer now and then, or of a fine one.
fn price(fine: u32) -> impl Strategy<Value = Price> {
    prop_oneof![
        100 => (0_u32..=100).prop_map(|cents| Price::from_cents(cents).unwrap()),
        fine => (0_u32..=1000).prop_map(|mills| Price::from_micros(mills * 1000).unwrap()),
        fine => (0_u32..=1_000_000).prop_map(|micros| Price::from_micros(micros).unwrap()),
    ]
}

fn size() -> impl Strategy<Value = Quantity> {
    prop_oneof![
        2 => Just(Quantity::ZERO),
        20 => (0_u64..50_000).prop_map(|hundredths| Quantity::from_micros(hundredths * 10_000).unwrap()),
        1 => (0_u64..50_000_000).prop_map(|micros| Quantity::from_micros(micros).unwrap()),
        1 => (0..=Quantity::MAX.micros()).prop_map(|micros| Quantity::from_micros(micros).unwrap()),
    ]
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Bid), Just(Side::Ask)]
}

fn levels(fine: u32) -> impl Strategy<Value = Vec<Level>> {
    let level = (price(fine), size()).prop_map(|(price, size)| Level { price, size });
    let levels = proptest::collection::vec(level, 0..30);
    (levels, 0..3).prop_map(|(mut levels, order)| {
        match order {
            0 => levels.sort_by_key(|level| level.price),
            1 => levels.sort_by_key(|level| std::cmp::Reverse(level.price)),
            _ => {}
        }
        levels
    })
}

fn step(fine: u32) -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (side(), price(fine), size()).prop_map(|(side, price, size)| Step::Set(side, price, size)),
        20 => (side(), price(fine), -50_000_i64..50_000).prop_map(|(side, price, hundredths)| {
            Step::Change(side, price, QuantityChange::from_micros(hundredths * 10_000))
        }),
        2 => (levels(fine), levels(fine)).prop_map(|(bids, asks)| Step::Replace(bids, asks)),
        1 => Just(Step::Clear),
    ]
}

/// Prices to sizes, nothing else.
#[derive(Default)]
struct Model {
    bids: BTreeMap<u32, u64>,
    asks: BTreeMap<u32, u64>,
}

impl Model {
    fn side(&mut self, side: Side) -> &mut BTreeMap<u32, u64> {
        match side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        }
    }

    fn set(&mut self, side: Side, price: Price, size: Quantity) {
        self.side(side).insert(price.micros(), size.micros());
        self.side(side).retain(|_, size| *size > 0);
    }

    fn apply(&mut self, step: &Step) -> bool {
        match step {
            Step::Set(side, price, size) => self.set(*side, *price, *size),
            Step::Change(side, price, change) => {
                let held = self.side(*side).get(&price.micros()).copied().unwrap_or(0);
                let Some(size) = i128::from(held).checked_add(i128::from(change.micros())) else {
                    return false;
                };
                let Some(size) = u64::try_from(size).ok().and_then(Quantity::from_micros) else {
                    return false;
                };
                self.set(*side, *price, size);
            }
            Step::Replace(bids, asks) => {
                *self = Self::default();
                for level in bids {
                    self.set(Side::Bid, level.price, level.size);
                }
                for level in asks {
                    self.set(Side::Ask, level.price, level.size);
                }
            }
            Step::Clear => *self = Self::default(),
        }
        true
    }
}

fn apply(book: &mut Book, step: &Step) -> bool {
    match step {
        Step::Set(side, price, size) => book.set(*side, *price, *size),
        Step::Change(side, price, change) => return book.change(*side, *price, *change).is_ok(),
        Step::Replace(bids, asks) => book.replace(bids, asks),
        Step::Clear => book.clear(),
    }
    true
}

fn level((price, size): (&u32, &u64)) -> Level {
    Level::new(Price::from_micros(*price).unwrap(), Quantity::from_micros(*size).unwrap())
}

fn check(book: &Book, model: &Model) -> Result<(), TestCaseError> {
    let bids: Vec<Level> = model.bids.iter().rev().map(level).collect();
    let asks: Vec<Level> = model.asks.iter().map(level).collect();
    prop_assert_eq!(book.bids().collect::<Vec<_>>(), bids.clone());
    prop_assert_eq!(book.asks().collect::<Vec<_>>(), asks.clone());
    prop_assert_eq!(book.best_bid(), bids.first().copied());
    prop_assert_eq!(book.best_ask(), asks.first().copied());
    prop_assert_eq!((book.bids().len(), book.asks().len()), (bids.len(), asks.len()));
    prop_assert_eq!(book.is_empty(), bids.is_empty() && asks.is_empty());
    let crossed = bids.first().zip(asks.first()).is_some_and(|(b, a)| b.price >= a.price);
    prop_assert_eq!(book.is_crossed(), crossed);
    // The NO side is the same liquidity seen from the other outcome, and mirroring twice is nothing.
    let no: Vec<Level> = bids.iter().map(|level| level.mirror()).collect();
    prop_assert_eq!(book.buy(Outcome::No).collect::<Vec<_>>(), no);
    let twice: Vec<Level> = book.sell(Outcome::No).mirror().collect();
    prop_assert_eq!(twice, asks);
    for (yes, no) in book.bids().zip(book.buy(Outcome::No)) {
        prop_assert_eq!(yes.price.micros() + no.price.micros(), Price::SCALE);
    }
    for ladder in [book.asks(), book.bids().mirror()] {
        check_walk(ladder)?;
        check_views(ladder)?;
    }
    Ok(())
}

/// Cost of half the depth against a sum over the levels.
fn check_walk(ladder: Ladder<'_>) -> Result<(), TestCaseError> {
    let depth: u128 = ladder.map(|level| u128::from(level.size.micros())).sum();
    let want = Quantity::from_micros(u64::try_from(depth / 2).unwrap_or(u64::MAX))
        .unwrap_or(Quantity::MAX);
    let (mut left, mut cost) = (want.micros(), 0_i128);
    for level in ladder {
        let take = left.min(level.size.micros());
        cost += i128::from(level.price.micros()) * i128::from(take);
        left -= take;
    }
    prop_assert_eq!(ladder.cost_of(want), (left == 0).then(|| Usd::from_pico(cost)));
    Ok(())
}

/// The best price wherever one stands, and the two other ways to see the levels.
fn check_views(ladder: Ladder<'_>) -> Result<(), TestCaseError> {
    let levels: Vec<Level> = ladder.collect();
    let mut walk = ladder;
    for level in &levels {
        prop_assert_eq!(walk.best(), Some(*level));
        prop_assert_eq!(walk.best_price(), Some(level.price));
        prop_assert_eq!(walk.mirror().best_price(), Some(level.price.complement()));
        walk.next();
    }
    prop_assert_eq!(walk.best_price(), None);
    let mut seen = Vec::new();
    ladder.each_while(|level| {
        seen.push(level);
        seen.len() < 3
    });
    prop_assert_eq!(&seen[..], &levels[..levels.len().min(3)]);
    if let Some((list, mirrored)) = ladder.as_list() {
        let own = |level: &Level| if mirrored { level.mirror() } else { *level };
        prop_assert_eq!(list.iter().rev().map(own).collect::<Vec<_>>(), levels);
    }
    Ok(())
}

fn cases() -> u32 {
    if std::env::var_os("ARB_LONG").is_some() { 20_000 } else { 300 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn a_book_is_what_the_model_is(fine in 0_u32..10, seed in any::<u64>(), length in 1_usize..80) {
        let mut runner = proptest::test_runner::TestRunner::new_with_rng(
            ProptestConfig::default(),
            proptest::test_runner::TestRng::from_seed(
                proptest::test_runner::RngAlgorithm::ChaCha,
                &std::array::from_fn::<u8, 32, _>(|i| (seed >> (i % 8 * 8)) as u8),
            ),
        );
        let fine = if fine < 4 { 0 } else { fine };
        let (mut book, mut model) = (Book::new(), Model::default());
        let steps = step(fine);
        for _ in 0..length {
            let step = proptest::strategy::ValueTree::current(&steps.new_tree(&mut runner).unwrap());
            let before = book.clone();
            let done = apply(&mut book, &step);
            prop_assert_eq!(done, model.apply(&step), "{:?}", step);
            if !done {
                prop_assert_eq!(&book, &before);
            }
            check(&book, &model)?;
        }
        let copy = {
            let mut copy = Book::new();
            copy.replace(&book.bids().collect::<Vec<_>>(), &book.asks().collect::<Vec<_>>());
            copy
        };
        prop_assert_eq!(copy, book);
    }
}

#[test]
fn one_sided_books_have_no_middle_and_still_a_price() {
    let mut book = Book::new();
    book.set(Side::Ask, "0.02".parse().unwrap(), "12000".parse().unwrap());
    assert_eq!((book.mid(), book.micro_price(), book.spread()), (None, None, None));
    assert_eq!(book.buy(Outcome::Yes).best().unwrap().price, "0.02".parse().unwrap());
    assert_eq!(book.buy(Outcome::No).best(), None);
}

#[test]
fn middle_micro_price_and_depth_are_as_documented() {
    let mut book = Book::new();
    book.set(Side::Bid, "0.43".parse().unwrap(), "75".parse().unwrap());
    book.set(Side::Bid, "0.42".parse().unwrap(), "300.5".parse().unwrap());
    book.set(Side::Ask, "0.45".parse().unwrap(), "25".parse().unwrap());
    assert_eq!(book.spread(), Some("0.02".parse().unwrap()));
    assert_eq!(book.mid().unwrap().to_string(), "0.44");
    assert_eq!(book.micro_price().unwrap().normalize().to_string(), "0.445");
    assert_eq!(book.depth(Side::Bid), "375.5".parse().unwrap());
}
