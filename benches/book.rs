//! What does it cost to change one level and look at both best prices, in one book and in 100,000?
//!
//! All contenders hold the same cent book; before anything is timed each must show the same best prices with the same sizes after each
//! of 20,000 changes, and after each of 400,000 changes to 100,000 books. The resident memory one of those takes is printed beside the
//! times.
#![expect(clippy::print_stdout, reason = "memory is part of the result")]
#![allow(missing_docs, reason = "the criterion macro makes a public function")]

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::hint::black_box;

use arb_benches::memory::resident_bytes;
use arb_benches::random::Random;
use arb_normalize::{Book, Price, Quantity, Side};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// One level's new total: bid or ask, cents, hundredths of contracts.
type Change = (bool, u32, u64);

/// A side's best price in cents and its size in hundredths of contracts.
type Best = Option<(u32, u64)>;

/// Something that holds a cent book.
trait Holds: Sized {
    const NAME: &'static str;
    /// A change in its own types, made before the clock runs.
    type Own;
    fn own(change: Change) -> Self::Own;
    fn new() -> Self;
    fn set(&mut self, change: &Self::Own);
    /// Best bid and best ask.
    fn best(&self) -> (Best, Best);
    /// Looks at both best prices in its own types.
    fn look(&self);
}

/// Ours.
struct Ours(Book);

impl Holds for Ours {
    const NAME: &'static str = "arb";
    type Own = (Side, Price, Quantity);

    fn own((bid, cents, hundredths): Change) -> Self::Own {
        let side = if bid { Side::Bid } else { Side::Ask };
        let price = Price::from_cents(cents).unwrap_or_default();
        (side, price, Quantity::from_micros(hundredths * 10_000).unwrap_or_default())
    }

    fn new() -> Self {
        Self(Book::new())
    }

    #[inline]
    fn set(&mut self, (side, price, size): &Self::Own) {
        self.0.set(*side, *price, *size);
    }

    fn best(&self) -> (Best, Best) {
        let whole = |level: arb_normalize::Level| {
            (level.price.micros() / 10_000, level.size.micros() / 10_000)
        };
        (self.0.best_bid().map(whole), self.0.best_ask().map(whole))
    }

    #[inline]
    fn look(&self) {
        let price = |level: arb_normalize::Level| level.price;
        black_box((self.0.best_bid().map(price), self.0.best_ask().map(price)));
    }
}

/// What one writes first.
struct Tree([BTreeMap<i64, i64>; 2]);

impl Holds for Tree {
    const NAME: &'static str = "btreemap_i64";
    type Own = (bool, i64, i64);

    fn own((bid, cents, hundredths): Change) -> Self::Own {
        (bid, cents.into(), hundredths as i64)
    }

    fn new() -> Self {
        Self(Default::default())
    }

    #[inline]
    fn set(&mut self, (bid, cents, hundredths): &Self::Own) {
        let side = &mut self.0[usize::from(!bid)];
        if *hundredths == 0 {
            side.remove(cents);
        } else {
            side.insert(*cents, *hundredths);
        }
    }

    fn best(&self) -> (Best, Best) {
        let whole = |(price, size): (&i64, &i64)| (*price as u32, *size as u64);
        (self.0[0].last_key_value().map(whole), self.0[1].first_key_value().map(whole))
    }

    #[inline]
    fn look(&self) {
        let price = |(price, _): (&i64, &i64)| *price;
        let sides = &self.0;
        black_box((sides[0].last_key_value().map(price), sides[1].first_key_value().map(price)));
    }
}

#[cfg(feature = "peers")]
mod peers {
    use hftbacktest::depth::{BTreeMarketDepth, HashMapMarketDepth, ROIVectorMarketDepth};
    use hftbacktest::depth::{INVALID_MAX, INVALID_MIN, L2MarketDepth, MarketDepth};
    use nautilus_model::data::{BookOrder, OrderBookDelta};
    use nautilus_model::enums::{BookAction, BookType, OrderSide};
    use nautilus_model::identifiers::InstrumentId;
    use nautilus_model::orderbook::OrderBook;
    use nautilus_model::types::{Price, Quantity};

    use std::hint::black_box;

    use super::{Best, Change, Holds};

    /// hftbacktest's depth over a vector, a hash map or a tree.
    pub(super) struct Hft<D>(D);

    /// One of hftbacktest's depths in cents and hundredths of contracts.
    pub(super) trait Depth: L2MarketDepth + MarketDepth {
        const NAME: &'static str;
        fn empty() -> Self;
    }

    impl Depth for ROIVectorMarketDepth {
        const NAME: &'static str = "hftbacktest_roi_vector";

        fn empty() -> Self {
            Self::new(0.01, 0.01, 0.0, 1.0)
        }
    }

    impl Depth for HashMapMarketDepth {
        const NAME: &'static str = "hftbacktest_hash_map";

        fn empty() -> Self {
            Self::new(0.01, 0.01)
        }
    }

    impl Depth for BTreeMarketDepth {
        const NAME: &'static str = "hftbacktest_btree";

        fn empty() -> Self {
            Self::new(0.01, 0.01)
        }
    }

    impl<D: Depth> Holds for Hft<D> {
        const NAME: &'static str = D::NAME;
        type Own = (bool, f64, f64);

        fn own((bid, cents, hundredths): Change) -> Self::Own {
            (bid, f64::from(cents) * 0.01, hundredths as f64 * 0.01)
        }

        fn new() -> Self {
            Self(D::empty())
        }

        #[inline]
        fn set(&mut self, (bid, price, size): &Self::Own) {
            if *bid {
                self.0.update_bid_depth(*price, *size, 0);
            } else {
                self.0.update_ask_depth(*price, *size, 0);
            }
        }

        fn best(&self) -> (Best, Best) {
            let (bid, ask) = (self.0.best_bid_tick(), self.0.best_ask_tick());
            let whole = |tick: i64, size: f64| (tick as u32, hundredths(size));
            (
                (bid != INVALID_MIN).then(|| whole(bid, self.0.best_bid_qty())),
                (ask != INVALID_MAX).then(|| whole(ask, self.0.best_ask_qty())),
            )
        }

        #[inline]
        fn look(&self) {
            black_box((self.0.best_bid_tick(), self.0.best_ask_tick()));
        }
    }

    fn hundredths(size: f64) -> u64 {
        (size * 100.0).round() as u64
    }

    /// nautilus-model's L2 book, its deltas ready.
    pub(super) struct Nautilus(OrderBook);

    fn instrument() -> InstrumentId {
        InstrumentId::from("BOOK.BENCH")
    }

    impl Holds for Nautilus {
        const NAME: &'static str = "nautilus_model";

        type Own = OrderBookDelta;

        fn own((bid, cents, hundredths): Change) -> OrderBookDelta {
            let side = if bid { OrderSide::Buy } else { OrderSide::Sell };
            let price = Price::from_mantissa_exponent(cents.into(), -2, 2);
            let size = Quantity::from_mantissa_exponent(hundredths, -2, 2);
            let action = if hundredths == 0 { BookAction::Delete } else { BookAction::Update };
            let order = BookOrder::new(side, price, size, cents.into());
            OrderBookDelta::new(instrument(), action, order, 0, 0, 0.into(), 0.into())
        }

        fn new() -> Self {
            Self(OrderBook::new(instrument(), BookType::L2_MBP))
        }

        fn set(&mut self, delta: &OrderBookDelta) {
            let applied = self.0.apply_delta(delta);
            assert!(applied.is_ok(), "{applied:?}");
        }

        fn best(&self) -> (Best, Best) {
            let whole = |(price, size): (Price, Quantity)| {
                ((price.as_f64() * 100.0).round() as u32, hundredths(size.as_f64()))
            };
            let book = &self.0;
            (
                book.best_bid_price().zip(book.best_bid_size()).map(whole),
                book.best_ask_price().zip(book.best_ask_size()).map(whole),
            )
        }

        fn look(&self) {
            black_box((self.0.best_bid_price(), self.0.best_ask_price()));
        }
    }
}

/// Changes to a book around 50 cents that never crosses: 24 levels a side come and go.
fn changes(count: usize) -> Vec<Change> {
    let mut random = Random::new();
    (0..count)
        .map(|_| {
            let bid = random.below(2) == 0;
            let depth = random.below(24).min(random.below(24)) as u32;
            let cents = if bid { 49 - depth } else { 51 + depth };
            let size = if random.below(5) == 0 { 0 } else { 100 + random.below(100_000) };
            (bid, cents, size)
        })
        .collect()
}

fn agree<H: Holds>(changes: &[Change]) {
    let (mut ours, mut other) = (Ours::new(), H::new());
    for change in changes {
        ours.set(&Ours::own(*change));
        other.set(&H::own(*change));
        assert_eq!(other.best(), ours.best(), "{} after {change:?}", H::NAME);
    }
}

fn one<H: Holds>(criterion: &mut Criterion, changes: &[Change]) {
    agree::<H>(changes);
    let mut group = criterion.benchmark_group("book_update_and_best");
    let changes: Vec<H::Own> = changes.iter().copied().map(H::own).collect();
    let mut book = H::new();
    group.throughput(Throughput::Elements(changes.len() as u64));
    group.bench_function(H::NAME, |bench| {
        bench.iter(|| {
            for change in &changes {
                book.set(black_box(change));
                book.look();
            }
        });
    });
    group.finish();
}

const BOOKS: usize = 100_000;

/// So many books of 48 levels; prints what one takes.
fn filled<H: Holds>() -> Vec<H> {
    let before = resident_bytes();
    let mut books: Vec<H> = (0..BOOKS).map(|_| H::new()).collect();
    for book in &mut books {
        for level in 0..24 {
            book.set(&H::own((true, 49 - level, 1_000 + u64::from(level))));
            book.set(&H::own((false, 51 + level, 1_000 + u64::from(level))));
        }
    }
    let each = resident_bytes().saturating_sub(before) / BOOKS;
    println!("{}: {each} resident bytes a book of 48 levels", H::NAME);
    books
}

/// Changes with the book they are for. Many more than there are books, so that none is still warm from the pass before.
fn scattered(changes: &[Change]) -> Vec<(usize, Change)> {
    let mut random = Random::new();
    let changes = changes.iter().cycle().take(4 * BOOKS);
    changes.map(|change| (random.below(BOOKS as u64) as usize, *change)).collect()
}

/// What the best prices and sizes were after each of the changes.
fn digest<H: Holds>(books: &mut [H], changes: &[(usize, Change)]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (at, change) in changes {
        let book = &mut books[*at];
        book.set(&H::own(*change));
        book.best().hash(&mut hasher);
    }
    hasher.finish()
}

fn many<H: Holds>(criterion: &mut Criterion, mut books: Vec<H>, changes: &[(usize, Change)]) {
    let mut group = criterion.benchmark_group("book_random_of_100000");
    let changes: Vec<(usize, H::Own)> =
        changes.iter().map(|(at, change)| (*at, H::own(*change))).collect();
    group.throughput(Throughput::Elements(changes.len() as u64));
    group.bench_function(H::NAME, |bench| {
        bench.iter(|| {
            for (at, change) in &changes {
                let book = &mut books[*at];
                book.set(black_box(change));
                book.look();
            }
        });
    });
    group.finish();
}

/// All books stand before the first is given up: memory that was freed would be taken again and not be counted.
fn all_of_many(criterion: &mut Criterion, changes: &[Change]) {
    let (mut ours, mut trees) = (filled::<Ours>(), filled::<Tree>());
    let changes = scattered(changes);
    let shown = digest(&mut ours, &changes);
    assert_eq!(digest(&mut trees, &changes), shown, "{} and ours differ", Tree::NAME);
    many(criterion, ours, &changes);
    many(criterion, trees, &changes);
}

fn books(criterion: &mut Criterion) {
    arb_benches::measured::began("book");
    let changes = changes(20_000);
    all_of_many(criterion, &changes);
    one::<Ours>(criterion, &changes);
    one::<Tree>(criterion, &changes);
    #[cfg(feature = "peers")]
    {
        use hftbacktest::depth::{BTreeMarketDepth, HashMapMarketDepth, ROIVectorMarketDepth};
        one::<peers::Hft<ROIVectorMarketDepth>>(criterion, &changes);
        one::<peers::Hft<HashMapMarketDepth>>(criterion, &changes);
        one::<peers::Hft<BTreeMarketDepth>>(criterion, &changes);
        one::<peers::Nautilus>(criterion, &changes);
    }
}

criterion_group!(benches, books);
criterion_main!(benches);
