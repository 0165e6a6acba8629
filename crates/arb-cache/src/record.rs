//! The types a cache holds.

use arb_normalize::{Book, Market, MarketKey, Opportunity};

use crate::{Class, MarketPair, Quote, Similarity};

/// A type the cache holds, with its key. Implemented for [`Market`], [`Book`], [`Quote`], [`Opportunity`] and
/// [`Similarity`]; the trait is closed.
pub trait Record: internal::Internal {
    /// The class of its values.
    const CLASS: Class;
}

impl Record for Market {
    const CLASS: Class = Class::Market;
}

impl Record for Book {
    const CLASS: Class = Class::Orderbook;
}

impl Record for Quote {
    const CLASS: Class = Class::Price;
}

impl Record for Opportunity {
    const CLASS: Class = Class::Opportunity;
}

impl Record for Similarity {
    const CLASS: Class = Class::Similarity;
}

pub(crate) mod internal {
    use std::borrow::Borrow;
    use std::hash::Hash;

    use arb_normalize::Level;

    use super::*;
    use crate::codec::Payload;
    use crate::key::Layout;
    use crate::store::Rank;
    use crate::tier::{Tier, Tiers};

    /// What the cache needs to know about a type; unreachable from outside, which closes the trait.
    pub trait Internal: Sized + Send + Sync + 'static {
        /// What names a value, borrowed.
        type Key: ?Sized + Hash + Eq + Sync + ToOwned<Owned = Self::OwnedKey>;
        /// What names a value.
        type OwnedKey: Borrow<Self::Key> + Clone + Hash + Eq + Send + Sync + 'static;
    }

    pub(crate) trait Stored: Record + Payload {
        /// Whether an older version is refused.
        const GUARDED: bool;

        fn store_key(layout: &Layout, key: &Self::Key) -> String;
        fn tier(tiers: &Tiers) -> &Tier<Self>;
        /// Bytes of the value in memory, roughly.
        fn weight(&self) -> usize;
        fn rank(&self, _layout: &Layout) -> Option<Rank> {
            None
        }
    }

    impl Internal for Market {
        type Key = MarketKey;
        type OwnedKey = MarketKey;
    }

    impl Stored for Market {
        const GUARDED: bool = false;

        fn store_key(layout: &Layout, key: &MarketKey) -> String {
            layout.of_market(Class::Market, key)
        }

        fn tier(tiers: &Tiers) -> &Tier<Self> {
            &tiers.markets
        }

        fn weight(&self) -> usize {
            size_of::<Self>()
                + 2 * self.key.id.len()
                + self.title.len()
                + self.rules.primary.len()
                + self.rules.secondary.len()
                + 512
        }

        fn rank(&self, layout: &Layout) -> Option<Rank> {
            Some(Rank { score: 0, sets: vec![layout.index_of_venue(self.key.venue)] })
        }
    }

    impl Internal for Book {
        type Key = MarketKey;
        type OwnedKey = MarketKey;
    }

    impl Stored for Book {
        const GUARDED: bool = true;

        fn store_key(layout: &Layout, key: &MarketKey) -> String {
            layout.of_market(Class::Orderbook, key)
        }

        fn tier(tiers: &Tiers) -> &Tier<Self> {
            &tiers.books
        }

        fn weight(&self) -> usize {
            size_of::<Self>() + (self.bids().len() + self.asks().len()) * size_of::<Level>() + 128
        }
    }

    impl Internal for Quote {
        type Key = MarketKey;
        type OwnedKey = MarketKey;
    }

    impl Stored for Quote {
        const GUARDED: bool = true;

        fn store_key(layout: &Layout, key: &MarketKey) -> String {
            layout.of_market(Class::Price, key)
        }

        fn tier(tiers: &Tiers) -> &Tier<Self> {
            &tiers.quotes
        }

        fn weight(&self) -> usize {
            size_of::<Self>() + 128
        }
    }

    impl Internal for Opportunity {
        type Key = str;
        type OwnedKey = String;
    }

    impl Stored for Opportunity {
        const GUARDED: bool = false;

        fn store_key(layout: &Layout, key: &str) -> String {
            layout.opportunity(key)
        }

        fn tier(tiers: &Tiers) -> &Tier<Self> {
            &tiers.opportunities
        }

        fn weight(&self) -> usize {
            size_of::<Self>() + 2 * self.id.len() + self.pair.len() + self.legs.len() * 192 + 128
        }
    }

    impl Internal for Similarity {
        type Key = MarketPair;
        type OwnedKey = MarketPair;
    }

    impl Stored for Similarity {
        const GUARDED: bool = false;

        fn store_key(layout: &Layout, key: &MarketPair) -> String {
            layout.similarity(key)
        }

        fn tier(tiers: &Tiers) -> &Tier<Self> {
            &tiers.similarities
        }

        fn weight(&self) -> usize {
            size_of::<Self>() + 192
        }
    }
}
