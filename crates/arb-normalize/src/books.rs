//! Every book of a venue, and whether each may be trusted.
//!
//! [`Books`] applies decoded frames to books and follows continuity: the numbers of Kalshi's subscriptions, Polymarket's
//! own best prices, crossed books, ticks, closes and lost connections. A book that may be wrong says so and why, and the
//! report says which snapshot is needed; nothing is ever guessed.
//!
//! ```
//! use arb_normalize::books::{BookState, Books, FrameReport};
//! use arb_normalize::decode::decoder;
//! use arb_normalize::Venue;
//!
//! let (mut kalshi, mut books, mut report) = (decoder(Venue::Kalshi), Books::new(Venue::Kalshi), FrameReport::default());
//! let mut apply = |frame: &str| -> Result<FrameReport, Box<dyn std::error::Error>> {
//!     books.apply(0, None, &kalshi.decode(frame.as_bytes())?, &mut report);
//!     let id = books.book_id("KXFED-27APR-T4.25").ok_or("no book")?;
//!     println!("{:?} {:?}", books.get(id).state(), books.get(id).book().best_bid());
//!     Ok(report.clone())
//! };
//! apply(r#"{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"KXFED-27APR-T4.25","market_id":"c1",
//!     "yes_dollars_fp":[["0.4200","300.00"]],"no_dollars_fp":[["0.5500","60.00"]]}}"#)?;
//! // Number 2 is lost, so the change with number 3 cannot be trusted and a snapshot is asked for.
//! let report = apply(r#"{"type":"orderbook_delta","sid":1,"seq":3,"msg":{"market_ticker":"KXFED-27APR-T4.25",
//!     "market_id":"c1","price_dollars":"0.4200","delta_fp":"-25.00","side":"yes"}}"#)?;
//! assert_eq!((report.gaps, report.needs[0].sid), (1, Some(1)));
//! let id = books.book_id("KXFED-27APR-T4.25").ok_or("no book")?;
//! assert_eq!(books.get(id).state(), BookState::Suspect);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::HashMap;
use std::time::Duration;

use crate::decode::{Decoded, Drift, DriftKind, Sequence};
use crate::event::{Delta, LevelSet, Lifecycle, Snapshot, Touch};
use crate::market::TickRange;
use crate::{Level, MarketEvent, MarketStatus, Price, Timestamp, Venue};

mod index;
mod numbering;
mod report;
mod state;
mod stream;
mod tracked;

pub use index::BookId;
pub use numbering::{Numbered, Numbering, Repeated};
pub use report::{FrameReport, Resync};
pub use state::{BookState, Epoch, SuspectReason};
pub use tracked::{Quote, TrackedBook};

use index::MarketIndex;
use stream::{StreamId, Streams};

/// How far ahead of the time one asks at a frame may have been received, because clocks are read in more than one place: 5 s. What is
/// further ahead was stamped before the clock was set back.
pub const CLOCK_SLACK: Duration = Duration::from_secs(5);

/// Where live time makes a book suspect ([`Books::advance`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BookLimits {
    /// How long a book may stay crossed, in receive time. Kalshi's own stream crosses for up to 8 ms.
    pub crossed_for: Duration,
    /// A silence shorter than this is never suspect.
    pub silent_for: Duration,
    /// A longer silence is suspect when it exceeds this many of the book's own mean intervals…
    pub silent_factor: u32,
    /// …once the book has seen this many frames since its snapshot.
    pub silent_after_updates: u32,
}

impl Default for BookLimits {
    /// 1 s crossed; 60 s and 100 mean intervals of silence after 32 frames.
    fn default() -> Self {
        Self {
            crossed_for: Duration::from_secs(1),
            silent_for: Duration::from_secs(60),
            silent_factor: 100,
            silent_after_updates: 32,
        }
    }
}

/// Every book of one venue, over all its connections.
///
/// Numbers belong to one subscription of one connection, so redundant connections keep a copy of a market's book each;
/// [`Books::get`] reads the freshest Live one (the latest snapshot, then the latest venue time) and switches over when it
/// stops being Live.
#[derive(Debug)]
pub struct Books {
    venue: Venue,
    limits: BookLimits,
    /// Whether markets that nobody registered are passed over.
    registered_only: bool,
    index: MarketIndex,
    /// The copy to read, by [`BookId`].
    books: Vec<TrackedBook>,
    /// The copies of other streams.
    spares: HashMap<BookId, Vec<TrackedBook>>,
    streams: Streams,
    by_venue_id: HashMap<Box<str>, Vec<BookId>>,
    /// What the venue said its best prices are, in the frame being applied.
    announced: Vec<(BookId, Option<Price>, Option<Price>)>,
    /// Books that fell in a call without a report.
    unreported: Vec<BookId>,
    /// How often a book's number was given back or used again.
    revision: u64,
    /// The number of the call, to list a touched book once.
    mark: u32,
    epochs: u64,
    drift: Drift,
}

impl Books {
    /// No books yet, with the usual limits.
    #[must_use]
    pub fn new(venue: Venue) -> Self {
        Self::with_limits(venue, BookLimits::default())
    }

    /// No books yet.
    #[must_use]
    pub fn with_limits(venue: Venue, limits: BookLimits) -> Self {
        Self {
            venue,
            limits,
            registered_only: false,
            index: MarketIndex::default(),
            books: Vec::new(),
            spares: HashMap::new(),
            streams: Streams::default(),
            by_venue_id: HashMap::new(),
            announced: Vec::new(),
            unreported: Vec::new(),
            revision: 0,
            mark: 0,
            epochs: 0,
            drift: Drift::default(),
        }
    }

    /// The venue.
    #[must_use]
    pub const fn venue(&self) -> Venue {
        self.venue
    }

    /// The book of a Kalshi ticker or Polymarket token, if it has been registered or seen.
    #[must_use]
    #[inline]
    pub fn book_id(&self, market: &str) -> Option<BookId> {
        self.index.get(market)
    }

    /// The book of a Kalshi ticker or Polymarket token; an Empty one if it is new.
    pub fn register(&mut self, market: &str) -> BookId {
        let (id, is_new) = self.index.register(market);
        if is_new && id.index() == self.books.len() {
            self.books.push(TrackedBook::default());
        } else if is_new {
            self.revision += 1;
        }
        id
    }

    /// Says whether frames make books of [registered](Books::register) markets only. Otherwise, as from the beginning, whatever a
    /// frame is about gets a book. Numbering is followed over all frames either way: what is passed over leaves no gap.
    ///
    /// Polymarket's changes name both tokens of a market, each the mirror of the other: who reads one of them saves half of the
    /// work and the memory.
    pub const fn follow_registered_only(&mut self, only: bool) {
        self.registered_only = only;
    }

    /// The book that a frame's market has or gets; `None` where it is passed over.
    #[inline]
    fn followed(&mut self, market: &str) -> Option<BookId> {
        match self.index.get(market) {
            None if !self.registered_only => Some(self.register(market)),
            known => known,
        }
    }

    /// Forgets a market for good: its book is dropped and its number free for another one. Frames about it that still
    /// come register it anew, unless [only registered ones are followed](Books::follow_registered_only).
    pub fn forget(&mut self, market: &str) {
        let Some(id) = self.index.remove(market) else { return };
        self.revision += 1;
        let book = std::mem::take(&mut self.books[id.index()]);
        if let Some(venue_id) = book.venue_id()
            && let Some(books) = self.by_venue_id.get_mut(venue_id)
        {
            books.retain(|known| *known != id);
            if books.is_empty() {
                self.by_venue_id.remove(venue_id);
            }
        }
        self.spares.remove(&id);
        self.unreported.retain(|known| *known != id);
        self.streams.drop_book(id);
    }

    /// Grows whenever the number of a forgotten book is given back or used again: whoever keeps something by [`BookId`] looks
    /// again then, and at the numbers that are new ([`Books::iter_from`]).
    #[must_use]
    #[inline]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Notes what the venue says of a market outside its stream (its REST catalogue): a halt, its end, trading again. A halt or an
    /// end of a market without a book gives it one, Empty, so that it counts for the snapshot to come; what a condition id
    /// or uuid stands for is known once a snapshot has named it.
    pub fn set_status(&mut self, market: &str, status: MarketStatus, report: &mut FrameReport) {
        self.begin(report);
        let shared = self.by_venue_id.get(market).cloned().unwrap_or_default();
        let own = match self.index.get(market) {
            None if shared.is_empty() && stops_trading(status) => Some(self.register(market)),
            known => known,
        };
        for id in own.into_iter().chain(shared) {
            self.follow_status(id, status, report);
        }
    }

    /// The ticker or token of a book.
    ///
    /// # Panics
    /// When the id comes from other books.
    #[must_use]
    pub fn market(&self, id: BookId) -> &str {
        self.index.name(id)
    }

    /// A book.
    ///
    /// # Panics
    /// When the id comes from other books.
    #[must_use]
    #[inline]
    pub fn get(&self, id: BookId) -> &TrackedBook {
        &self.books[id.index()]
    }

    /// Every book, in the order of registration.
    pub fn iter(&self) -> impl Iterator<Item = (BookId, &TrackedBook)> {
        self.iter_from(0)
    }

    /// The books with the number `known` and above, in order; those before cost nothing.
    pub fn iter_from(&self, known: usize) -> impl Iterator<Item = (BookId, &TrackedBook)> {
        let books = self.books.get(known..).unwrap_or_default();
        (known..)
            .zip(books)
            .map(|(index, book)| (BookId(index as u32), book))
            .filter(|(id, _)| !self.index.is_free(*id))
    }

    /// How many numbers have been given to books so far, those of forgotten ones among them: [`Books::iter_from`] this one is empty.
    #[must_use]
    #[inline]
    pub const fn known(&self) -> usize {
        self.books.len()
    }

    /// How many books there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The copies of a book that come over other streams, which [`Books::get`] does not read. Where two copies are Live,
    /// their disagreement is a free audit of both feeds.
    pub fn spares(&self, id: BookId) -> impl Iterator<Item = &TrackedBook> {
        self.spares.get(&id).into_iter().flatten()
    }

    /// The subscription a book is kept up to date by: connection and subscription id.
    #[must_use]
    pub fn source(&self, id: BookId) -> Option<(u32, Option<u64>)> {
        let stream = self.streams.get(self.books[id.index()].stream?)?;
        Some((stream.connection, stream.sid))
    }

    /// Unforeseen values met while applying, counted.
    #[must_use]
    pub const fn drift(&self) -> &Drift {
        &self.drift
    }

    /// Says what grid the prices of a market are on, so that others are counted ([`DriftKind::OffGridPrice`]).
    pub fn set_ticks(&mut self, id: BookId, ticks: &[TickRange]) {
        self.books[id.index()].set_ticks(ticks);
    }

    /// Says when a market closes, so that [`Books::advance`] makes its book Dead then (Kalshi sends no event).
    pub fn set_close_at(&mut self, id: BookId, close_at: Option<Timestamp>) {
        self.books[id.index()].set_close_at(close_at);
    }

    /// When the next market closes that has not: the time of the next [`Books::advance`] that must not be late.
    #[must_use]
    pub fn next_close(&self) -> Option<Timestamp> {
        let open = self.books.iter().filter(|book| book.state != BookState::Dead);
        open.filter_map(TrackedBook::close_at).min()
    }

    /// Notes that a suspect book's snapshot has been asked for.
    pub fn mark_resyncing(&mut self, id: BookId) {
        let book = &mut self.books[id.index()];
        if book.state == BookState::Suspect {
            book.state = BookState::Resyncing;
        }
    }

    /// Makes a Live book Suspect because somebody outside knows that it stands still: a watchdog that saw its feed go silent.
    pub fn suspect(&mut self, id: BookId, report: &mut FrameReport) {
        self.begin(report);
        if self.books[id.index()].state == BookState::Live {
            self.fall(id, BookState::Suspect, SuspectReason::Silent, report);
        }
    }

    /// Applies one frame, whole, and reports what it did.
    ///
    /// `connection` counts the venue's connections and is never used again for another one unless
    /// [`Books::connection_opened`] or [`Books::connection_closed`] says so. `received_at` is `None` where a recording
    /// does not know it; such a frame creates no age.
    pub fn apply(
        &mut self,
        connection: u32,
        received_at: Option<Timestamp>,
        decoded: &Decoded<'_>,
        report: &mut FrameReport,
    ) {
        self.apply_telling(connection, received_at, decoded, report, |_| {});
    }

    /// The same, and tells `found` of each book whose levels the frame changes as soon as its number is known, before the book is
    /// read or changed.
    ///
    /// Among thousands of markets nearly everything about one is cold. Who keeps something by [`BookId`] and will need it after the
    /// frame reads it there, and it comes from memory at the same time as the book instead of after it. A snapshot tells of none.
    #[inline]
    pub fn apply_telling(
        &mut self,
        connection: u32,
        received_at: Option<Timestamp>,
        decoded: &Decoded<'_>,
        report: &mut FrameReport,
        mut found: impl FnMut(BookId),
    ) {
        self.begin(report);
        let stream = self.streams.id(connection, decoded.sid);
        if let Some(sequence) = decoded.sequence
            && !self.take_number(stream, sequence, decoded, report)
        {
            return;
        }
        let gap = report.gaps > 0;
        let mut frame = Frame { stream, received_at, report };
        for event in decoded.events() {
            match event {
                MarketEvent::Delta(delta) => self.delta(&mut frame, &delta, &mut found),
                MarketEvent::LevelSet(level) => self.level_set(&mut frame, &level, &mut found),
                MarketEvent::Snapshot(snapshot) => self.snapshot(&mut frame, &snapshot),
                MarketEvent::Touch(touch) => self.touch(&touch),
                MarketEvent::TickChange { market, tick, ranges, .. } => {
                    self.tick_change(&mut frame, market, tick, ranges);
                }
                MarketEvent::Lifecycle(lifecycle) => self.lifecycle(&mut frame, &lifecycle),
                MarketEvent::Unsubscribed { sid, market } => {
                    self.unsubscribed(&mut frame, connection, sid, market);
                }
                MarketEvent::Refused { sid, code: 10 | 25, .. } => {
                    self.subscription_lost(&mut frame, connection, sid);
                }
                _ => {}
            }
        }
        self.judge_announced(&mut frame);
        self.judge_crossed(received_at, report);
        if gap {
            self.need_suspects_of(stream, report);
        }
    }

    /// Notes that a connection is open: its numbering starts anew. Books that an earlier connection of that number still
    /// kept become Suspect, as by [`Books::connection_closed`]; the next report names them. Halts hold until the venue says that the
    /// market trades again: where their ends may have been missed, ask its catalogue and pass on what it says ([`Books::set_status`]).
    pub fn connection_opened(&mut self, connection: u32, at: Option<Timestamp>) {
        let mut report = FrameReport::default();
        self.connection_closed(connection, at, &mut report);
        self.unreported = report.touched;
    }

    /// Notes that a connection is gone: the books it kept up to date become Suspect, unless another connection has a
    /// Live copy.
    pub fn connection_closed(
        &mut self,
        connection: u32,
        at: Option<Timestamp>,
        report: &mut FrameReport,
    ) {
        self.begin(report);
        self.end_streams(connection, report);
        self.judge_crossed(at, report);
    }

    /// Notes that a recording ended: its connection says nothing more, so its books stand as they are until another connection's
    /// snapshot. Until then they [may not be priced](TrackedBook::is_priceable), and none of them stands in for another connection's
    /// copy.
    pub fn detach(&mut self, connection: u32, report: &mut FrameReport) {
        self.begin(report);
        for id in self.streams.of_connection(connection) {
            let books = self.streams.get(id).map_or_else(Vec::new, |stream| stream.books.clone());
            for book in books {
                if self.books[book.index()].stream == Some(id) {
                    self.touched(book, report);
                }
            }
            self.forget_stream(id);
        }
    }

    /// Applies the rules of live time: books crossed for too long and silent ones become Suspect, books whose close time
    /// has passed Dead, whether or not anything was heard of them. A replay does not call this, so that time alone changes nothing
    /// there. Costs one look at each book; once a second is plenty, and once at each [`Books::next_close`].
    ///
    /// Where the clock was set back, a book whose last frame was received after `now` [cannot tell its age](TrackedBook::is_ahead_of): it
    /// is silent too, whatever its rate, and read again.
    pub fn advance(&mut self, now: Timestamp, report: &mut FrameReport) {
        self.begin(report);
        for index in 0..self.books.len() {
            let id = BookId(index as u32);
            let book = &self.books[index];
            if book.close_at().is_some_and(|at| at <= now) {
                self.fall_everywhere(id, BookState::Dead, SuspectReason::CloseTimePassed, report);
            } else if book.state == BookState::Live {
                if book.crossed_at.is_some_and(|at| now.since(at) > self.limits.crossed_for) {
                    self.fall(id, BookState::Suspect, SuspectReason::Crossed, report);
                } else if self.is_silent(book, now) {
                    self.fall(id, BookState::Suspect, SuspectReason::Silent, report);
                }
            }
        }
        // A copy that is read now instead of one that fell may be crossed too.
        self.judge_crossed(Some(now), report);
    }

    fn is_silent(&self, book: &TrackedBook, now: Timestamp) -> bool {
        if book.is_ahead_of(now) {
            return true;
        }
        let (Some(age), Some(mean)) = (book.age(now), book.mean_interval()) else { return false };
        book.updates >= self.limits.silent_after_updates
            && age > self.limits.silent_for
            && age > mean.saturating_mul(self.limits.silent_factor)
    }

    fn begin(&mut self, report: &mut FrameReport) {
        report.clear();
        self.announced.clear();
        self.mark = self.mark.wrapping_add(1);
        while let Some(id) = self.unreported.pop() {
            self.touched(id, report);
        }
    }

    /// Follows the numbering; `false` when the frame came before and is to be passed over.
    #[inline]
    fn take_number(
        &mut self,
        id: StreamId,
        sequence: Sequence,
        decoded: &Decoded<'_>,
        report: &mut FrameReport,
    ) -> bool {
        let Some(stream) = self.streams.get(id) else { return true };
        let mut numbers = stream.numbers;
        let numbered = numbers.take(sequence.seq, || self.repeated(id, decoded));
        if let Some(stream) = self.streams.get_mut(id) {
            stream.numbers = numbers;
        }
        if numbered == Numbered::Next {
            return true;
        }
        let own = stated(decoded);
        let own_book = own.and_then(|market| self.index.get(market));
        match numbered {
            Numbered::Next => {}
            Numbered::Again => {
                report.duplicates += u32::from(own.is_none());
                return own.is_some();
            }
            // The other books wait for their own snapshots.
            Numbered::Begun => self.fall_all(id, own_book, SuspectReason::Restarted, report),
            Numbered::Gap => {
                report.gaps += 1;
                self.fall_all(id, own_book, SuspectReason::Gap, report);
            }
            Numbered::Restarted => {
                report.gaps += 1;
                self.fall_all(id, own_book, SuspectReason::Restarted, report);
            }
        }
        true
    }

    /// What is known of a frame whose number came before: a change that the venue made no later than the last one its book has is old.
    fn repeated(&self, stream: StreamId, decoded: &Decoded<'_>) -> Repeated {
        if stated(decoded).is_some() {
            return Repeated::Snapshot;
        }
        let Some(MarketEvent::Delta(delta)) = decoded.events().next() else {
            return Repeated::Untold;
        };
        let Some(id) = self.index.get(delta.market) else { return Repeated::Untold };
        let spares = self.spares.get(&id).map_or(&[][..], Vec::as_slice);
        let copies = std::iter::once(&self.books[id.index()]).chain(spares);
        let mut live = copies.filter(|copy| copy.state == BookState::Live);
        let own = live.find(|copy| copy.stream == Some(stream));
        match own.and_then(|copy| copy.venue_at).zip(delta.venue_at) {
            Some((known, said)) if said <= known => Repeated::Old,
            _ => Repeated::Untold,
        }
    }

    /// The copy of a market's book that follows `stream`.
    #[inline]
    fn copy_of(&mut self, id: BookId, stream: StreamId) -> Option<&mut TrackedBook> {
        let main = &mut self.books[id.index()];
        if main.stream == Some(stream) {
            return Some(main);
        }
        self.spares.get_mut(&id)?.iter_mut().find(|book| book.stream == Some(stream))
    }

    fn snapshot(&mut self, frame: &mut Frame<'_>, snapshot: &Snapshot<'_>) {
        let Some(id) = self.followed(snapshot.market) else { return };
        let stream = frame.stream;
        let read = &self.books[id.index()];
        let (before, read_before, known) = (read.state, read.stream, read.venue_at);
        if before == BookState::Live && snapshot.venue_at.is_some_and(|said| Some(said) < known) {
            self.drift.count(DriftKind::BackwardTime, "snapshot");
        }
        self.note_venue_id(id, snapshot.venue_id);
        self.bring_forward(id, stream);
        self.epochs += 1;
        let epoch = Epoch(self.epochs);
        let book = &mut self.books[id.index()];
        if snapshot.bids.iter().chain(snapshot.asks).any(|level| level.price.is_worthless()) {
            let [bids, asks] = [snapshot.bids, snapshot.asks].map(without_worthless);
            book.book.replace(&bids, &asks);
        } else {
            book.book.replace(snapshot.bids, snapshot.asks);
        }
        (book.state, book.reason) = book.state_after_snapshot(frame.received_at);
        let is_live = book.state == BookState::Live;
        book.epoch = epoch;
        book.updates = 0;
        book.mismatches = 0;
        book.venue_at = None;
        book.note_update(frame.received_at, snapshot.venue_at);
        if let Some(tick) = snapshot.tick {
            book.set_ticks(&[TickRange { start: Price::ZERO, end: Price::ONE, step: tick }]);
        }
        let levels = snapshot.bids.iter().chain(snapshot.asks);
        let off_grid = levels.filter(|level| !book.is_on_grid(level.price)).count();
        for _ in 0..off_grid {
            self.drift.count(DriftKind::OffGridPrice, "snapshot");
        }
        if matches!(before, BookState::Suspect | BookState::Resyncing | BookState::Dead) && is_live
        {
            frame.report.resyncs += 1;
        }
        // A connection that lags behind has this for the venue's book; the copy that was read knows better.
        if snapshot.venue_at.is_some()
            && let Some(read_before) = read_before.filter(|read| *read != stream)
        {
            self.take_over(id, read_before);
        }
        self.touched(id, frame.report);
    }

    /// Makes the copy that follows `stream` the one to read: the one that nobody keeps, or an empty one, if there is none.
    fn bring_forward(&mut self, id: BookId, stream: StreamId) {
        let main = &mut self.books[id.index()];
        if main.stream == Some(stream) {
            return;
        }
        let spares = self.spares.get(&id).map_or(&[][..], Vec::as_slice);
        if let Some(at) = spares.iter().position(|spare| spare.stream == Some(stream)) {
            self.read_instead(id, at);
            return;
        }
        if main.stream.is_none() {
            main.stream = Some(stream);
        } else {
            let spares = self.spares.entry(id).or_default();
            spares.push(TrackedBook::following(stream));
            let at = spares.len() - 1;
            self.read_instead(id, at);
        }
        self.follow(stream, id);
    }

    /// Reads the spare at that place from now on. A copy that no stream keeps is dropped for it: nothing would ever correct it.
    fn read_instead(&mut self, id: BookId, at: usize) {
        let Some(spares) = self.spares.get_mut(&id) else { return };
        let Some(spare) = spares.get_mut(at) else { return };
        swap_copies(&mut self.books[id.index()], spare);
        if spare.stream.is_none() {
            spares.swap_remove(at);
        }
        if spares.is_empty() {
            self.spares.remove(&id);
        }
    }

    fn follow(&mut self, stream: StreamId, id: BookId) {
        if let Some(stream) = self.streams.get_mut(stream)
            && !stream.books.contains(&id)
        {
            stream.books.push(id);
        }
    }

    fn note_venue_id(&mut self, id: BookId, venue_id: Option<&str>) {
        let Some(venue_id) = venue_id else { return };
        let book = &mut self.books[id.index()];
        if book.venue_id() == Some(venue_id) {
            return;
        }
        book.set_venue_id(venue_id);
        let books = self.by_venue_id.entry(Box::from(venue_id)).or_default();
        if !books.contains(&id) {
            books.push(id);
        }
    }

    #[inline]
    fn delta(&mut self, frame: &mut Frame<'_>, delta: &Delta<'_>, found: &mut impl FnMut(BookId)) {
        let Some(id) = self.followed(delta.market) else { return };
        found(id);
        let stream = frame.stream;
        let Some(book) = self.copy_of(id, stream) else { return };
        if book.state != BookState::Live {
            return;
        }
        let changed = if delta.price.is_worthless() {
            Ok(())
        } else {
            book.book.change(delta.side, delta.price, delta.change)
        };
        match changed {
            Ok(()) => {
                book.note_update(frame.received_at, delta.venue_at);
                let off_grid = !book.is_on_grid(delta.price);
                self.changed(id, frame, off_grid);
            }
            Err(_) => self.fall_copy(id, stream, SuspectReason::NegativeLevel, frame.report),
        }
    }

    #[inline]
    fn level_set(
        &mut self,
        frame: &mut Frame<'_>,
        level: &LevelSet<'_>,
        found: &mut impl FnMut(BookId),
    ) {
        let Some(id) = self.followed(level.market) else { return };
        found(id);
        let stream = frame.stream;
        let Some(book) = self.copy_of(id, stream) else { return };
        if book.state != BookState::Live {
            return;
        }
        if !level.price.is_worthless() {
            book.book.set(level.side, level.price, level.size);
        }
        book.note_update(frame.received_at, level.venue_at);
        let off_grid = !book.is_on_grid(level.price);
        if let Some((bid, ask)) = level.best {
            self.announce(id, bid, ask);
        }
        self.changed(id, frame, off_grid);
    }

    /// A copy of the book has been changed: it may now be the fresher one.
    #[inline]
    fn changed(&mut self, id: BookId, frame: &mut Frame<'_>, off_grid: bool) {
        if off_grid {
            self.drift.count(DriftKind::OffGridPrice, "change");
        }
        let main = &self.books[id.index()];
        if main.stream != Some(frame.stream) && !self.take_over(id, frame.stream) {
            return;
        }
        self.touched(id, frame.report);
    }

    /// Reads the copy of `stream` from now on if it is fresher.
    fn take_over(&mut self, id: BookId, stream: StreamId) -> bool {
        let main = &self.books[id.index()];
        let Some(spares) = self.spares.get(&id) else { return false };
        let Some(at) = spares.iter().position(|spare| spare.stream == Some(stream)) else {
            return false;
        };
        let fresher = spares[at].state == BookState::Live
            && (main.state != BookState::Live || spares[at].venue_at > main.venue_at);
        if fresher {
            self.read_instead(id, at);
        }
        fresher
    }

    fn touch(&mut self, touch: &Touch<'_>) {
        // Kalshi's ticker is not numbered together with the book, so it proves nothing about it.
        if self.venue == Venue::Kalshi {
            return;
        }
        if let Some(id) = self.index.get(touch.market) {
            let price = |level: Option<Level>| level.map(|level| level.price);
            self.announce(id, price(touch.bid), price(touch.ask));
        }
    }

    /// Keeps what the venue says the best prices are, until the whole frame is applied.
    #[inline]
    fn announce(&mut self, id: BookId, bid: Option<Price>, ask: Option<Price>) {
        match self.announced.iter_mut().find(|(known, ..)| *known == id) {
            Some(known) => *known = (id, bid, ask),
            None => self.announced.push((id, bid, ask)),
        }
    }

    #[inline]
    fn judge_announced(&mut self, frame: &mut Frame<'_>) {
        for index in 0..self.announced.len() {
            let (id, bid, ask) = self.announced[index];
            let stream = frame.stream;
            let Some(book) = self.copy_of(id, stream) else { continue };
            if book.state != BookState::Live {
                continue;
            }
            let price = |level: Option<Level>| level.map(|level| level.price);
            let agrees = price(book.book.best_bid()) == bid && price(book.book.best_ask()) == ask;
            if agrees {
                book.mismatches = 0;
                continue;
            }
            book.mismatches += 1;
            if book.mismatches >= 2 {
                self.fall_copy(id, stream, SuspectReason::TouchMismatch, frame.report);
            }
        }
    }

    #[inline]
    fn judge_crossed(&mut self, now: Option<Timestamp>, report: &mut FrameReport) {
        for index in 0..report.touched.len() {
            let id = report.touched[index];
            let book = &mut self.books[id.index()];
            if !book.book.is_crossed() {
                book.crossed = false;
                book.crossed_at = None;
                continue;
            }
            if !book.crossed || book.crossed_at.is_none() {
                book.crossed = true;
                book.crossed_at = now;
            }
            let (Some(since), Some(now)) = (book.crossed_at, now) else { continue };
            if book.state == BookState::Live && now.since(since) > self.limits.crossed_for {
                self.fall(id, BookState::Suspect, SuspectReason::Crossed, report);
            }
        }
    }

    fn tick_change(
        &mut self,
        frame: &mut Frame<'_>,
        market: &str,
        tick: Price,
        ranges: &[TickRange],
    ) {
        let Some(id) = self.index.get(market) else { return };
        let whole = [TickRange { start: Price::ZERO, end: Price::ONE, step: tick }];
        self.set_ticks(id, if ranges.is_empty() { &whole } else { ranges });
        self.fall_everywhere(id, BookState::Suspect, SuspectReason::TickChange, frame.report);
    }

    fn lifecycle(&mut self, frame: &mut Frame<'_>, lifecycle: &Lifecycle<'_>) {
        let own = self.index.get(lifecycle.market);
        let shared = self.by_venue_id.get(lifecycle.market).cloned().unwrap_or_default();
        for id in own.into_iter().chain(shared) {
            if lifecycle.close_at.is_some() {
                self.set_close_at(id, lifecycle.close_at);
            }
            if let Some(status) = lifecycle.status {
                self.follow_status(id, status, frame.report);
            }
        }
    }

    fn follow_status(&mut self, id: BookId, status: MarketStatus, report: &mut FrameReport) {
        match status {
            MarketStatus::Closed
            | MarketStatus::Determined
            | MarketStatus::Disputed
            | MarketStatus::Settled => {
                // What merely closed may open again, and its snapshot says so; what has its answer is not traded on any more.
                if status != MarketStatus::Closed {
                    self.books[id.index()].set_decided(true);
                }
                self.fall_everywhere(id, BookState::Dead, SuspectReason::Closed, report);
            }
            MarketStatus::Paused => {
                self.books[id.index()].set_halted(true);
                self.fall_everywhere(id, BookState::Suspect, SuspectReason::Halted, report);
            }
            MarketStatus::Active => {
                let book = &mut self.books[id.index()];
                book.set_halted(false);
                book.set_decided(false);
                let stopped =
                    book.reason == Some(SuspectReason::Halted) || book.state == BookState::Dead;
                if stopped && let Some(stream) = book.stream {
                    self.need(id, stream, report);
                }
            }
            _ => {}
        }
    }

    fn unsubscribed(
        &mut self,
        frame: &mut Frame<'_>,
        connection: u32,
        sid: Option<u64>,
        market: Option<&str>,
    ) {
        let Some(stream) = self.streams.find(connection, sid) else { return };
        let reason = SuspectReason::Unsubscribed;
        match market {
            None => {
                self.fall_all(stream, None, reason, frame.report);
                // Nothing more comes on it.
                self.forget_stream(stream);
            }
            Some(market) => {
                if let Some(id) = self.index.get(market) {
                    self.fall_copy(id, stream, reason, frame.report);
                }
            }
        }
    }

    fn subscription_lost(&mut self, frame: &mut Frame<'_>, connection: u32, sid: Option<u64>) {
        let streams = match sid {
            Some(_) => self.streams.find(connection, sid).into_iter().collect(),
            None => self.streams.of_connection(connection),
        };
        for stream in streams {
            self.fall_all(stream, None, SuspectReason::SubscriptionLost, frame.report);
            self.need_suspects_of(stream, frame.report);
        }
    }

    /// Every Live copy that follows the stream becomes Suspect, but for the one whose snapshot is at hand.
    fn fall_all(
        &mut self,
        stream: StreamId,
        but: Option<BookId>,
        reason: SuspectReason,
        report: &mut FrameReport,
    ) {
        let count = self.streams.get(stream).map_or(0, |stream| stream.books.len());
        for index in 0..count {
            let id = self.streams.get(stream).and_then(|stream| stream.books.get(index).copied());
            if let Some(id) = id
                && but != Some(id)
            {
                self.set_fallen(id, stream, BookState::Suspect, reason, report);
            }
        }
    }

    /// The copy of one stream becomes Suspect and asks for its snapshot.
    fn fall_copy(
        &mut self,
        id: BookId,
        stream: StreamId,
        reason: SuspectReason,
        report: &mut FrameReport,
    ) {
        if self.set_fallen(id, stream, BookState::Suspect, reason, report)
            && reason.is_mended_by_snapshot()
        {
            self.need(id, stream, report);
        }
    }

    /// The copy that is read falls.
    fn fall(&mut self, id: BookId, to: BookState, reason: SuspectReason, report: &mut FrameReport) {
        let Some(stream) = self.books[id.index()].stream else {
            self.books[id.index()].state = to;
            self.books[id.index()].reason = Some(reason);
            self.touched(id, report);
            return;
        };
        if self.set_fallen(id, stream, to, reason, report) && reason.is_mended_by_snapshot() {
            self.need(id, stream, report);
        }
    }

    /// Every copy of the book falls: what happened is the market's, not a connection's.
    fn fall_everywhere(
        &mut self,
        id: BookId,
        to: BookState,
        reason: SuspectReason,
        report: &mut FrameReport,
    ) {
        for spare in self.spares.get_mut(&id).into_iter().flatten() {
            if may_fall(spare.state, to) {
                spare.state = to;
                spare.reason = Some(reason);
            }
        }
        if may_fall(self.books[id.index()].state, to) {
            self.fall(id, to, reason, report);
        }
    }

    /// Lets one copy fall; `false` when it does not stand higher.
    fn set_fallen(
        &mut self,
        id: BookId,
        stream: StreamId,
        to: BookState,
        reason: SuspectReason,
        report: &mut FrameReport,
    ) -> bool {
        let Some(book) = self.copy_of(id, stream) else { return false };
        if !may_fall(book.state, to) {
            return false;
        }
        book.state = to;
        book.reason = Some(reason);
        if self.books[id.index()].stream == Some(stream) {
            self.promote_live_spare(id);
            self.touched(id, report);
        }
        true
    }

    /// Reads another Live copy, if there is one.
    fn promote_live_spare(&mut self, id: BookId) {
        let Some(spares) = self.spares.get(&id) else { return };
        let live = spares.iter().enumerate().filter(|(_, spare)| spare.state == BookState::Live);
        let freshest = live.max_by_key(|(_, spare)| (spare.venue_at, spare.received_at));
        if let Some((at, _)) = freshest {
            self.read_instead(id, at);
        }
    }

    fn end_streams(&mut self, connection: u32, report: &mut FrameReport) {
        for id in self.streams.of_connection(connection) {
            self.fall_all(id, None, SuspectReason::Disconnected, report);
            self.forget_stream(id);
        }
    }

    /// Closes a stream; a copy that followed it is dropped, unless it is the one that is read.
    fn forget_stream(&mut self, id: StreamId) {
        let Some(stream) = self.streams.close(id) else { return };
        for book in stream.books {
            let main = &mut self.books[book.index()];
            if main.stream == Some(id) {
                main.stream = None;
            }
            if let Some(spares) = self.spares.get_mut(&book) {
                spares.retain(|spare| spare.stream != Some(id));
                if spares.is_empty() {
                    self.spares.remove(&book);
                }
            }
        }
    }

    fn need(&mut self, id: BookId, stream: StreamId, report: &mut FrameReport) {
        let Some(stream) = self.streams.get(stream) else { return };
        let (connection, sid) = (stream.connection, stream.sid);
        let same =
            report.needs.iter_mut().find(|need| need.connection == connection && need.sid == sid);
        match same {
            Some(need) if need.books.contains(&id) => {}
            Some(need) => need.books.push(id),
            None => report.needs.push(Resync { connection, sid, books: vec![id] }),
        }
    }

    fn need_suspects_of(&mut self, stream: StreamId, report: &mut FrameReport) {
        let books = self.streams.get(stream).map_or_else(Vec::new, |stream| stream.books.clone());
        for id in books {
            let suspect = self.copy_of(id, stream).is_some_and(|book| {
                book.state == BookState::Suspect
                    && book.reason.is_some_and(SuspectReason::is_mended_by_snapshot)
            });
            if suspect {
                self.need(id, stream, report);
            }
        }
    }

    #[inline]
    fn touched(&mut self, id: BookId, report: &mut FrameReport) {
        let book = &mut self.books[id.index()];
        if book.mark != self.mark {
            book.mark = self.mark;
            report.touched.push(id);
        }
    }
}

/// The market whose whole book a frame states.
fn stated<'f>(decoded: &Decoded<'f>) -> Option<&'f str> {
    decoded.events().find_map(|event| match event {
        MarketEvent::Snapshot(snapshot) => Some(snapshot.market),
        _ => None,
    })
}

/// What all events of one frame share.
struct Frame<'r> {
    stream: StreamId,
    received_at: Option<Timestamp>,
    report: &'r mut FrameReport,
}

/// Exchanges two copies of one market's book; what belongs to the market stays with the one that is read.
fn swap_copies(main: &mut TrackedBook, spare: &mut TrackedBook) {
    std::mem::swap(main, spare);
    main.swap_market_facts(spare);
    // Crossing was judged on the copy that was read; where both are crossed, the market has been since then.
    main.crossed = main.book.is_crossed();
    main.crossed_at = spare.crossed_at.filter(|_| main.crossed && spare.crossed);
}

/// The levels at which something can rest: one at $0 or $1 is a fault of the stream, and would look like the best of all offers.
fn without_worthless(levels: &[Level]) -> Vec<Level> {
    levels.iter().copied().filter(|level| !level.price.is_worthless()).collect()
}

/// Whether a market of this status does not trade, or no longer.
const fn stops_trading(status: MarketStatus) -> bool {
    matches!(
        status,
        MarketStatus::Paused
            | MarketStatus::Closed
            | MarketStatus::Determined
            | MarketStatus::Disputed
            | MarketStatus::Settled
    )
}

/// A book that is Empty has nothing to lose, a Dead one nothing worse to become, and one that waits for its snapshot
/// still does after another fault.
const fn may_fall(from: BookState, to: BookState) -> bool {
    match from {
        BookState::Empty => matches!(to, BookState::Dead),
        BookState::Live => true,
        BookState::Suspect | BookState::Resyncing => matches!(to, BookState::Dead),
        BookState::Dead => false,
    }
}
