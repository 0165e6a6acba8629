//! Every book of every venue, and the baskets that are made of them.

use std::collections::HashMap;

use arb_normalize::books::{BookId, Books, FrameReport};
use arb_normalize::{
    Decode, DecodeError, Decoded, OpportunityClass, Outcome, Relation, Timestamp, Usd, Venue,
    decoder,
};
use arb_risk::fees::{FeeHistory, LegFees};

use crate::{Basket, BasketLeg, PairSpec};

/// What changed when the pairs were replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PairsChange {
    /// Ids that are new.
    pub added: Vec<String>,
    /// Ids that are gone.
    pub removed: Vec<String>,
    /// Ids whose markets, relation or fees differ.
    pub changed: Vec<String>,
}

/// The span of time in which the fees of all pairs stay as they are.
#[derive(Debug, Clone, Copy)]
struct FeeSpan {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// The latest books, and for each book the baskets that hold it.
pub struct Board {
    books: [Books; 2],
    decoders: [HashMap<u32, Box<dyn Decode>>; 2],
    pairs: Vec<PairSpec>,
    pub(crate) baskets: Vec<Basket>,
    /// Market name → baskets, in order, by venue.
    wanted: [HashMap<String, Vec<u32>>; 2],
    /// Book → baskets, in order, by venue; filled as books appear.
    touching: [Vec<Vec<u32>>; 2],
    /// The span the baskets' fees were taken for; `None` before the first known time.
    fee_span: Option<FeeSpan>,
}

impl Board {
    /// An empty board.
    #[must_use]
    pub fn new() -> Self {
        Self {
            books: Venue::ALL.map(Books::new),
            decoders: Default::default(),
            pairs: Vec::new(),
            baskets: Vec::new(),
            wanted: Default::default(),
            touching: Default::default(),
            fee_span: None,
        }
    }

    /// The books of a venue.
    #[must_use]
    pub fn books(&self, venue: Venue) -> &Books {
        &self.books[venue.index()]
    }

    /// Says when a market closes, heard of or not.
    pub(crate) fn set_close_at(&mut self, venue: Venue, market: &str, at: Option<Timestamp>) {
        let books = &mut self.books[venue.index()];
        let id = books.register(market);
        books.set_close_at(id, at);
        self.link_new_books(venue);
    }

    /// The books of a venue, to tell them of connections and time.
    pub(crate) fn books_mut(&mut self, venue: Venue) -> &mut Books {
        &mut self.books[venue.index()]
    }

    /// Whether a book is priced in any pair. The second outcome's book is not: it is the mirror of the first's.
    #[must_use]
    pub fn is_paired(&self, venue: Venue, book: BookId) -> bool {
        !self.touching(venue, book).is_empty()
    }

    /// The approved pairs, in the order of their file.
    #[must_use]
    pub fn pairs(&self) -> &[PairSpec] {
        &self.pairs
    }

    /// Replaces the approved pairs; no feed is touched.
    pub(crate) fn replace_pairs(&mut self, pairs: Vec<PairSpec>) -> PairsChange {
        let change = difference(&self.pairs, &pairs);
        self.baskets = (0..).zip(&pairs).flat_map(|(source, spec)| baskets(source, spec)).collect();
        self.pairs = pairs;
        self.fee_span = None;
        self.wanted = Default::default();
        self.touching = Default::default();
        for (index, basket) in (0_u32..).zip(&self.baskets) {
            for leg in &basket.legs {
                self.wanted[leg.venue.index()].entry(leg.key.clone()).or_default().push(index);
            }
        }
        for venue in Venue::ALL {
            self.link_new_books(venue);
        }
        change
    }

    /// Decodes a frame with the connection's decoder and applies it.
    ///
    /// `seen` is given the decoded frame before it is applied.
    pub(crate) fn apply(
        &mut self,
        venue: Venue,
        connection: u32,
        at: Option<Timestamp>,
        frame: &[u8],
        report: &mut FrameReport,
        seen: impl FnOnce(&Decoded<'_>),
    ) -> Result<(), DecodeError> {
        let decoder = decoder_of(&mut self.decoders[venue.index()], venue, connection);
        let decoded = decoder.decode(frame)?;
        seen(&decoded);
        self.books[venue.index()].apply(connection, at, &decoded, report);
        self.link_new_books(venue);
        Ok(())
    }

    pub(crate) fn note_sent(&mut self, venue: Venue, connection: u32, frame: &[u8]) {
        decoder_of(&mut self.decoders[venue.index()], venue, connection).note_sent(frame);
    }

    /// The baskets a book is part of, in order.
    pub(crate) fn touching(&self, venue: Venue, book: BookId) -> &[u32] {
        self.touching[venue.index()].get(book.index()).map_or(&[], Vec::as_slice)
    }

    /// Takes the fees in force at `at` into the baskets; pushes the baskets whose fees changed.
    pub(crate) fn fees_at(&mut self, at: Timestamp, changed: &mut Vec<u32>) {
        let inside = self.fee_span.is_some_and(|span| {
            span.from.is_none_or(|from| from <= at) && span.until.is_none_or(|until| at < until)
        });
        if inside {
            return;
        }
        let mut span = FeeSpan { from: None, until: None };
        let boundaries = self
            .pairs
            .iter()
            .filter_map(|spec| spec.fees.as_ref())
            .flat_map(FeeHistory::entries)
            .filter_map(|entry| Timestamp::try_from(entry.from?).ok());
        for boundary in boundaries {
            if boundary <= at {
                span.from = span.from.max(Some(boundary));
            } else {
                span.until = Some(span.until.map_or(boundary, |until| until.min(boundary)));
            }
        }
        self.fee_span = Some(span);
        for (index, basket) in (0_u32..).zip(&mut self.baskets) {
            let fees = self.pairs.get(basket.source as usize).and_then(|spec| spec.fees.as_ref());
            let mut differs = false;
            for leg in &mut basket.legs {
                let now = fees_of(fees, leg.venue, Some(at));
                differs |= now != leg.fees;
                leg.fees = now;
            }
            if differs {
                changed.push(index);
            }
        }
    }

    fn link_new_books(&mut self, venue: Venue) {
        let v = venue.index();
        for (id, _) in self.books[v].iter_from(self.touching[v].len()) {
            let market = self.books[v].market(id);
            let baskets = self.wanted[v].get(market).cloned().unwrap_or_default();
            for &basket in &baskets {
                for leg in &mut self.baskets[basket as usize].legs {
                    if leg.venue == venue && leg.key == market {
                        leg.book = Some(id);
                    }
                }
            }
            self.touching[v].push(baskets);
        }
    }
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Board")
            .field("books", &self.books)
            .field("pairs", &self.pairs.len())
            .finish_non_exhaustive()
    }
}

impl Default for Board {
    fn default() -> Self {
        Self::new()
    }
}

fn decoder_of(
    decoders: &mut HashMap<u32, Box<dyn Decode>>,
    venue: Venue,
    connection: u32,
) -> &mut dyn Decode {
    &mut **decoders.entry(connection).or_insert_with(|| decoder(venue))
}

fn fees_of(fees: Option<&FeeHistory>, venue: Venue, at: Option<Timestamp>) -> LegFees {
    fees.map_or_else(|| LegFees::worst_known(venue), |fees| fees.in_force(at).of_or_worst(venue))
}

/// The two trades of a pair, Kalshi's YES first.
///
/// Equal: Kalshi YES + Polymarket NO, Kalshi NO + Polymarket YES. Complement: Kalshi YES + the first outcome, Kalshi NO + the
/// second. Either way exactly one of the two contracts pays $1.
fn baskets(source: u32, spec: &PairSpec) -> [Basket; 2] {
    [Outcome::Yes, Outcome::No].map(|kalshi| {
        let polymarket = match spec.pair.relation {
            Relation::Complement => kalshi,
            _ => kalshi.opposite(),
        };
        let leg = |venue, key: &str, market: &str, outcome| BasketLeg {
            venue,
            key: key.to_owned(),
            book: None,
            market: market.to_owned(),
            outcome,
            fees: fees_of(spec.fees.as_ref(), venue, None),
        };
        let contract = spec.pair.condition_id.as_deref().unwrap_or(&spec.pair.polymarket_yes);
        Basket {
            class: OpportunityClass::CrossVenue,
            pair: spec.pair.id.clone(),
            direction: match (kalshi, polymarket) {
                (Outcome::Yes, Outcome::No) => "yes-no",
                (Outcome::No, Outcome::Yes) => "no-yes",
                (Outcome::Yes, Outcome::Yes) => "yes-yes",
                (Outcome::No, Outcome::No) => "no-no",
            },
            legs: vec![
                leg(Venue::Kalshi, &spec.pair.kalshi, &spec.pair.kalshi, kalshi),
                leg(Venue::Polymarket, &spec.pair.polymarket_yes, contract, polymarket),
            ],
            payoff: Usd::DOLLAR,
            source,
        }
    })
}

fn difference(before: &[PairSpec], after: &[PairSpec]) -> PairsChange {
    let old: HashMap<&str, &PairSpec> =
        before.iter().map(|spec| (spec.pair.id.as_str(), spec)).collect();
    let new: HashMap<&str, &PairSpec> =
        after.iter().map(|spec| (spec.pair.id.as_str(), spec)).collect();
    let mut change = PairsChange::default();
    for spec in after {
        match old.get(spec.pair.id.as_str()) {
            None => change.added.push(spec.pair.id.clone()),
            Some(known) if *known != spec => change.changed.push(spec.pair.id.clone()),
            Some(_) => {}
        }
    }
    for spec in before {
        if !new.contains_key(spec.pair.id.as_str()) {
            change.removed.push(spec.pair.id.clone());
        }
    }
    change
}
