//! Every book of every venue, and the baskets that are made of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arb_normalize::books::{BookId, BookState, Books, FrameReport, Quote, TrackedBook};
use arb_normalize::decode::DriftKind;
use arb_normalize::{Decode, DecodeError, Decoded, MarketStatus, Timestamp, Usd, Venue, decoder};
use arb_risk::fees::{FeeHistory, LegFees};
use smallvec::SmallVec;

use crate::detect::{Approved, CrossVenue, Detector, Refused};
use crate::screen::Screen;
use crate::sets::{MarketSet, Member};
use crate::{Basket, BasketLeg, PairSpec};

/// What changed when pairs or sets were replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PairsChange {
    /// Ids that are new.
    pub added: Vec<String>,
    /// Ids that are gone.
    pub removed: Vec<String>,
    /// Ids whose markets, relation or fees differ.
    pub changed: Vec<String>,
}

impl PairsChange {
    /// Whether everything stays as it was.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

impl std::fmt::Display for PairsChange {
    /// `added a, b; changed c; removed d`, or `nothing changed`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut rest = "";
        for (word, ids) in
            [("added", &self.added), ("changed", &self.changed), ("removed", &self.removed)]
        {
            if !ids.is_empty() {
                write!(f, "{rest}{word} {}", ids.join(", "))?;
                rest = "; ";
            }
        }
        if self.is_empty() { f.write_str("nothing changed") } else { Ok(()) }
    }
}

/// What the members of a set leave for outcomes that are not listed: 1 − Σ of their YES prices, in dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingMass {
    /// By the best asks: the least.
    pub least: Usd,
    /// By the best bids: the most.
    pub most: Usd,
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
    decoders: [BTreeMap<u32, Box<dyn Decode>>; 2],
    pairs: Vec<PairSpec>,
    sets: Vec<MarketSet>,
    detectors: Vec<Arc<dyn Detector>>,
    refused: Vec<Refused>,
    pub(crate) baskets: Vec<Basket>,
    pub(crate) screen: Screen,
    /// Market name → baskets, in order, by venue.
    wanted: [HashMap<String, Vec<u32>>; 2],
    /// How many of each venue's books have been linked to their baskets, and the revision of the books then.
    linked: [(usize, u64); 2],
    /// The span the baskets' fees were taken for; `None` before the first known time.
    fee_span: Option<FeeSpan>,
    /// When the money of a pair or set is expected back.
    resolves_at: HashMap<String, Timestamp>,
    /// Whether markets outside of all pairs and sets get no book.
    paired_books_only: bool,
}

impl Board {
    /// An empty board that looks for cross-venue trades.
    #[must_use]
    pub fn new() -> Self {
        Self::with_detectors(vec![Arc::new(CrossVenue)])
    }

    /// An empty board that looks for trades of these classes.
    #[must_use]
    pub fn with_detectors(detectors: Vec<Arc<dyn Detector>>) -> Self {
        Self {
            books: Venue::ALL.map(Books::new),
            decoders: Default::default(),
            pairs: Vec::new(),
            sets: Vec::new(),
            detectors,
            refused: Vec::new(),
            baskets: Vec::new(),
            screen: Screen::default(),
            wanted: Default::default(),
            linked: Default::default(),
            fee_span: None,
            resolves_at: HashMap::new(),
            paired_books_only: false,
        }
    }

    /// From here on frames make no books of markets outside of all pairs and sets.
    pub(crate) fn keep_paired_books_only(&mut self) {
        self.paired_books_only = true;
        self.books.iter_mut().for_each(|books| books.follow_registered_only(true));
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

    /// Notes what the venue's catalogue says of a market, heard of or not.
    pub(crate) fn set_status(
        &mut self,
        venue: Venue,
        market: &str,
        status: MarketStatus,
        report: &mut FrameReport,
    ) {
        self.books[venue.index()].set_status(market, status, report);
        self.link_new_books(venue);
    }

    pub(crate) fn set_resolves_at(&mut self, id: &str, at: Option<Timestamp>) {
        match at {
            Some(at) => self.resolves_at.insert(id.to_owned(), at),
            None => self.resolves_at.remove(id),
        };
    }

    /// When the money of a pair or set is expected back, where somebody said so.
    #[must_use]
    pub fn resolves_at(&self, id: &str) -> Option<Timestamp> {
        self.resolves_at.get(id).copied()
    }

    /// The picked legs of a basket with their books.
    pub(crate) fn books_of_legs<'a>(
        &'a self,
        basket: &'a Basket,
        picks: &'a [u8],
    ) -> impl Iterator<Item = (&'a BasketLeg, &'a TrackedBook)> + Clone {
        picks.iter().filter_map(move |pick| {
            let leg = &basket.legs[usize::from(*pick)];
            leg.book.map(|id| (leg, self.books(leg.venue).get(id)))
        })
    }

    /// The books of a venue, to tell them of connections and time.
    pub(crate) fn books_mut(&mut self, venue: Venue) -> &mut Books {
        &mut self.books[venue.index()]
    }

    /// Whether a book is priced in any pair. The second outcome's book is not: it is the mirror of the first's.
    #[must_use]
    pub fn is_paired(&self, venue: Venue, book: BookId) -> bool {
        self.touching(venue, book).next().is_some()
    }

    /// The approved pairs, in the order of their file.
    #[must_use]
    pub fn pairs(&self) -> &[PairSpec] {
        &self.pairs
    }

    /// The approved sets, in the order of their file.
    #[must_use]
    pub fn sets(&self) -> &[MarketSet] {
        &self.sets
    }

    /// What approved sets seem to offer and does not count as a trade, and why.
    #[must_use]
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// Whether what a basket is made of stands unchanged among these.
    pub(crate) fn stays(&self, basket: &Basket, kept: &Kept<'_>) -> bool {
        match self.source_of(basket) {
            Some(Approved::Pair(spec)) => kept.pairs.get(spec.pair.id.as_str()) == Some(&spec),
            Some(Approved::Set(set)) => kept.sets.get(set.id.as_str()) == Some(&set),
            None => false,
        }
    }

    /// The pair or set that a basket is made of.
    pub(crate) fn source_of(&self, basket: &Basket) -> Option<Approved<'_>> {
        let source = basket.source as usize;
        match source.checked_sub(self.pairs.len()) {
            None => self.pairs.get(source).map(Approved::Pair),
            Some(set) => self.sets.get(set).map(Approved::Set),
        }
    }

    /// Replaces what is approved; no feed is touched.
    pub(crate) fn replace(
        &mut self,
        pairs: Vec<PairSpec>,
        sets: Vec<MarketSet>,
    ) -> [PairsChange; 2] {
        let changes = [
            difference(&self.pairs, &pairs, |spec| &spec.pair.id),
            difference(&self.sets, &sets, |set| &set.id),
        ];
        (self.pairs, self.sets) = (pairs, sets);
        self.detect();
        self.screen.replace(&self.baskets);
        self.fee_span = None;
        self.wanted = Default::default();
        self.linked = Default::default();
        for (index, basket) in (0_u32..).zip(&self.baskets) {
            for leg in &basket.legs {
                let baskets = self.wanted[leg.venue.index()].entry(leg.key.clone()).or_default();
                if baskets.last() != Some(&index) {
                    baskets.push(index);
                }
            }
        }
        // A set that no detector takes is told of too: what it leaves out.
        for (venue, key) in self.sets.iter().flat_map(markets) {
            self.wanted[venue.index()].entry(key.to_owned()).or_default();
        }
        for venue in Venue::ALL {
            if self.paired_books_only {
                self.register_wanted(venue);
            }
            self.link_new_books(venue);
        }
        changes
    }

    /// In the order of what is approved, so that what is read together lies together.
    fn register_wanted(&mut self, venue: Venue) {
        let legs = self.baskets.iter().flat_map(|basket| &basket.legs);
        let legs = legs.map(|leg| (leg.venue, leg.key.as_str()));
        let all = legs.chain(self.sets.iter().flat_map(markets));
        for (_, key) in all.filter(|(other, _)| *other == venue) {
            self.books[venue.index()].register(key);
        }
    }

    /// Makes the baskets of everything approved, pairs first.
    fn detect(&mut self) {
        self.baskets.clear();
        self.refused.clear();
        let pairs = self.pairs.iter().map(|spec| (Approved::Pair(spec), spec.fees.as_ref()));
        let sets = self.sets.iter().map(|set| (Approved::Set(set), set.fees.as_ref()));
        for (source, (approved, fees)) in (0_u32..).zip(pairs.chain(sets)) {
            for detector in &self.detectors {
                match detector.baskets(approved) {
                    Ok(baskets) => self.baskets.extend(baskets.into_iter().map(|mut basket| {
                        basket.source = source;
                        for leg in &mut basket.legs {
                            leg.fees = fees_of(fees, leg.venue, None);
                        }
                        basket
                    })),
                    Err(refused) => self.refused.push(refused),
                }
            }
        }
    }

    /// What the members of a set leave for outcomes that are not listed, by the cheaper ask and the higher bid of each; `None`
    /// while a member has no priceable book with both, or there is no such set.
    #[must_use]
    pub fn missing_mass(&self, set: &str) -> Option<MissingMass> {
        let set = self.sets.iter().find(|known| known.id == set)?;
        let mut mass = MissingMass { least: Usd::DOLLAR, most: Usd::DOLLAR };
        for member in &set.members {
            let quotes = || self.quotes(member);
            let ask = quotes().filter_map(|quote| quote.ask).map(|ask| ask.price).min()?;
            let bid = quotes().filter_map(|quote| quote.bid).map(|bid| bid.price).max()?;
            mass.least -= Usd::from_micros(i64::from(ask.micros()));
            mass.most -= Usd::from_micros(i64::from(bid.micros()));
        }
        Some(mass)
    }

    fn quotes<'a>(&'a self, member: &'a Member) -> impl Iterator<Item = Quote> + 'a {
        member.markets().filter_map(|(venue, key, _)| {
            let books = &self.books[venue.index()];
            books.get(books.book_id(key)?).quote()
        })
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
        let (books, screen) = (&mut self.books[venue.index()], &self.screen);
        books.apply_telling(connection, at, &decoded, report, |id| screen.fetch(venue, id));
        self.link_new_books(venue);
        Ok(())
    }

    /// What the decoders and books of a venue met that its known format does not foresee: how often, by kind and name.
    pub fn drift(&self, venue: Venue) -> BTreeMap<(DriftKind, &str), u64> {
        let decoders = self.decoders[venue.index()].values().map(|decoder| decoder.drift());
        let mut counts = BTreeMap::new();
        for drift in decoders.chain([self.books[venue.index()].drift()]) {
            for (kind, name, count) in drift.iter() {
                *counts.entry((kind, name)).or_default() += count;
            }
        }
        counts
    }

    pub(crate) fn note_sent(&mut self, venue: Venue, connection: u32, frame: &[u8]) {
        decoder_of(&mut self.decoders[venue.index()], venue, connection).note_sent(frame);
    }

    /// A book has changed: notes its best prices.
    pub(crate) fn note_touch(&mut self, venue: Venue, book: BookId) {
        self.screen.note(venue, book, self.books[venue.index()].get(book));
    }

    /// Brings what is needed to judge these baskets into the caches.
    ///
    /// Among a hundred thousand pairs nearly all of it is cold, and judging one basket after another waits for each line of memory
    /// in turn. Read for many baskets first, and nothing done with it, the lines come side by side.
    pub(crate) fn bring(&self, baskets: &[u32]) {
        let mut read = 0;
        // Each walk reads what the one before it brought, and asks for what that points to.
        for index in baskets {
            read ^= self.baskets[*index as usize].legs.len();
        }
        let mut books: SmallVec<[&TrackedBook; 64]> = SmallVec::new();
        for index in baskets {
            for leg in &self.baskets[*index as usize].legs {
                read ^= leg.fees.venue() as usize;
                books.extend(leg.book.map(|id| self.books(leg.venue).get(id)));
            }
        }
        for book in &books {
            read ^= usize::from(book.state() == BookState::Live);
        }
        for book in &books {
            read ^= book.book().bids().len();
        }
        for book in &books {
            read ^= book.book().best_bid().map_or(0, |bid| bid.size.micros() as usize);
            read ^= book.book().best_ask().map_or(0, |ask| ask.size.micros() as usize);
        }
        std::hint::black_box(read);
    }

    /// The baskets a book is part of, in order; one twice where it takes both outcomes.
    pub(crate) fn touching(&self, venue: Venue, book: BookId) -> impl Iterator<Item = u32> {
        self.screen.baskets(venue, book)
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
        let histories = self.pairs.iter().map(|spec| spec.fees.as_ref());
        let boundaries = histories
            .chain(self.sets.iter().map(|set| set.fees.as_ref()))
            .flatten()
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
            let source = basket.source as usize;
            let fees = match source.checked_sub(self.pairs.len()) {
                None => self.pairs.get(source).and_then(|spec| spec.fees.as_ref()),
                Some(set) => self.sets.get(set).and_then(|set| set.fees.as_ref()),
            };
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
        let (known, revision) = (self.books[v].known(), self.books[v].revision());
        if self.linked[v] == (known, revision) {
            return;
        }
        // Numbers are used again only where books were forgotten; otherwise what is new is at the end.
        let from = if self.linked[v].1 == revision { self.linked[v].0 } else { 0 };
        self.linked[v] = (known, revision);
        for (id, _) in self.books[v].iter_from(from) {
            if self.screen.is_linked(venue, id) {
                continue;
            }
            let market = self.books[v].market(id);
            let baskets = self.wanted[v].get(market).map_or(&[][..], Vec::as_slice);
            let mut orders = Vec::with_capacity(baskets.len());
            for &basket in baskets {
                let legs = self.baskets[basket as usize].legs.iter_mut().enumerate();
                for (order, leg) in legs.filter(|(_, leg)| leg.venue == venue && leg.key == market)
                {
                    leg.book = Some(id);
                    orders.push((basket, order, leg.outcome));
                }
            }
            self.screen.link(venue, id, &orders);
            self.screen.note(venue, id, self.books[v].get(id));
        }
    }

    /// Forgets the books of a venue that are part of no pair or set.
    pub(crate) fn forget_unpaired(&mut self, venue: Venue) {
        let v = venue.index();
        let unpaired: Vec<(BookId, String)> = self.books[v]
            .iter()
            .map(|(id, _)| (id, self.books[v].market(id)))
            .filter(|(_, market)| !self.wanted[v].contains_key(*market))
            .map(|(id, market)| (id, market.to_owned()))
            .collect();
        for (id, market) in unpaired {
            self.books[v].forget(&market);
            // Whoever gets the number next begins with an empty book.
            self.screen.forget(venue, id);
        }
        self.link_new_books(venue);
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

/// The books of a set's members.
fn markets(set: &MarketSet) -> impl Iterator<Item = (Venue, &str)> {
    set.members.iter().flat_map(Member::markets).map(|(venue, key, _)| (venue, key))
}

fn decoder_of(
    decoders: &mut BTreeMap<u32, Box<dyn Decode>>,
    venue: Venue,
    connection: u32,
) -> &mut dyn Decode {
    &mut **decoders.entry(connection).or_insert_with(|| decoder(venue))
}

fn fees_of(fees: Option<&FeeHistory>, venue: Venue, at: Option<Timestamp>) -> LegFees {
    fees.map_or_else(|| LegFees::worst_known(venue), |fees| fees.in_force(at).of_or_worst(venue))
}

/// What stays approved, by id.
pub(crate) struct Kept<'a> {
    pairs: HashMap<&'a str, &'a PairSpec>,
    sets: HashMap<&'a str, &'a MarketSet>,
}

impl<'a> Kept<'a> {
    pub(crate) fn new(pairs: &'a [PairSpec], sets: &'a [MarketSet]) -> Self {
        Self {
            pairs: pairs.iter().map(|spec| (spec.pair.id.as_str(), spec)).collect(),
            sets: sets.iter().map(|set| (set.id.as_str(), set)).collect(),
        }
    }
}

fn difference<T: PartialEq>(before: &[T], after: &[T], id: impl Fn(&T) -> &String) -> PairsChange {
    let old: HashMap<&str, &T> = before.iter().map(|one| (id(one).as_str(), one)).collect();
    let new: HashMap<&str, &T> = after.iter().map(|one| (id(one).as_str(), one)).collect();
    let mut change = PairsChange::default();
    for one in after {
        match old.get(id(one).as_str()) {
            None => change.added.push(id(one).clone()),
            Some(known) if *known != one => change.changed.push(id(one).clone()),
            Some(_) => {}
        }
    }
    for one in before {
        if !new.contains_key(id(one).as_str()) {
            change.removed.push(id(one).clone());
        }
    }
    change
}
