//! Frames in, opportunities out: one synchronous object on one thread.

mod config;
mod reading;
mod withdrawn;

use std::time::Duration;

use arb_normalize::books::{Books, FrameReport};
use arb_normalize::{MarketStatus, Opportunity, OpportunityClass, Timestamp, Usd, Venue};

pub use config::PipelineConfig;

use crate::board::{Kept, PairsChange};
use crate::capture::Capture;
use crate::episode::{self, Closed, Episode};
use crate::judge::{self, Judgement, Trade};
use crate::near_miss;
use crate::quarantine::QuarantineRule;
use crate::quote::{QuoteConfig, Tapes};
use crate::screen::Look;
use crate::{
    Board, Change, CloseReason, Counts, Found, Funnel, Limits, MarketSet, PairSpec, Pick, Sink,
};
use withdrawn::Withdrawn;

/// How far apart frames may be stamped that come one after the other.
const OUT_OF_ORDER: Duration = Duration::from_secs(5);

/// Decodes, applies, detects and sizes every frame, and tells its sink.
///
/// Live sockets, a simulator and a recording drive the same object, so a recording gives the same bytes twice. It reads no clock and
/// does no I/O; times are those of the frames, and of [`Pipeline::advance`] where feeds are live.
#[derive(Debug)]
pub struct Pipeline<S> {
    board: Board,
    limits: Limits,
    quarantine: Option<QuarantineRule>,
    captures: Vec<Capture>,
    quoting: Option<(QuoteConfig, Tapes)>,
    sink: S,
    episodes: Vec<Episode>,
    withdrawn: Withdrawn,
    counts: Counts,
    funnel: Funnel,
    /// The last known receive time.
    now: Option<Timestamp>,
    /// Its day, counted from 1970.
    day: i64,
    /// When it was [advanced](Pipeline::advance) last.
    advanced_at: Option<Timestamp>,
    report: FrameReport,
    touched: Vec<u32>,
    /// The last trade that ended; its memory is used again.
    closed: Closed,
}

impl<S: Sink> Pipeline<S> {
    /// A pipeline without pairs or books.
    #[must_use]
    pub fn new(config: PipelineConfig, sink: S) -> Self {
        let mut board = Board::with_detectors(config.detectors);
        board.screen.time_all(config.quarantine.is_some());
        if config.paired_books_only {
            board.keep_paired_books_only();
        }
        Self {
            board,
            limits: config.limits,
            quarantine: config.quarantine,
            captures: config.latencies.into_iter().map(Capture::new).collect(),
            quoting: config.quoting.map(|quoting| (quoting, Tapes::default())),
            sink,
            episodes: Vec::new(),
            withdrawn: Withdrawn::default(),
            counts: Counts::default(),
            funnel: Funnel::default(),
            now: None,
            day: 0,
            advanced_at: None,
            report: FrameReport::default(),
            touched: Vec::new(),
            closed: Closed::blank(),
        }
    }

    /// Replaces the approved pairs, in their order, without touching a feed; sets stay. Open trades of pairs that are gone or
    /// changed end as [`CloseReason::Withdrawn`]. The difference is logged.
    pub fn replace_pairs(&mut self, pairs: Vec<PairSpec>) -> PairsChange {
        let sets = self.board.sets().to_vec();
        let [change, _] = self.replace(pairs, sets);
        tracing::info!(pairs = self.board.pairs().len(), %change, "pairs replaced");
        change
    }

    /// Replaces the approved sets, in their order, without touching a feed; pairs stay. Open trades of sets that are gone
    /// or changed end as [`CloseReason::Withdrawn`]. The difference is logged, and so is what is
    /// [refused](Board::refused).
    ///
    /// Sets are looked at by the [detectors](PipelineConfig::detectors) of their classes, which the default does not have.
    pub fn replace_sets(&mut self, sets: Vec<MarketSet>) -> PairsChange {
        let pairs = self.board.pairs().to_vec();
        let [_, change] = self.replace(pairs, sets);
        tracing::info!(sets = self.board.sets().len(), %change, "sets replaced");
        for refused in self.board.refused() {
            tracing::warn!(%refused, "not a trade");
        }
        change
    }

    fn replace(&mut self, pairs: Vec<PairSpec>, sets: Vec<MarketSet>) -> [PairsChange; 2] {
        // Episodes of what stays as it is go on; all others end.
        let kept = Kept::new(&pairs, &sets);
        let stays: Vec<bool> =
            self.board.baskets.iter().map(|basket| self.board.stays(basket, &kept)).collect();
        for (index, stays) in stays.into_iter().enumerate() {
            if !stays {
                self.end(index, CloseReason::Withdrawn);
                self.episodes[index].withdraw(self.quarantine.as_ref(), self.now);
            }
        }
        let baskets = std::mem::take(&mut self.board.baskets);
        self.withdrawn.keep(baskets.into_iter().zip(std::mem::take(&mut self.episodes)));
        let changes = self.board.replace(pairs, sets);
        if let Some((_, tapes)) = &mut self.quoting {
            tapes.follow(self.board.pairs(), self.now);
        }
        self.captures.iter_mut().for_each(Capture::forget_orders);
        let baskets = self.board.baskets.iter();
        self.episodes = baskets.map(|basket| self.withdrawn.take(basket)).collect();
        self.withdrawn.forget_surplus();
        for (index, episode) in self.episodes.iter().enumerate() {
            self.board.screen.set_open(index, episode.is_open());
            self.board.screen.set_timed(index, episode.record.is_timed());
        }
        if let Some(now) = self.now {
            self.board.fees_at(now, &mut self.touched);
        }
        self.touched.extend(0..u32::try_from(self.board.baskets.len()).unwrap_or(u32::MAX));
        self.judge_touched();
        changes
    }

    /// Says when trading in a market ends, so that [`Pipeline::advance`] makes its book Dead at that moment: Kalshi sends
    /// no event then. Polymarket trades past the end dates it lists, so do not pass those.
    pub fn set_close_at(&mut self, venue: Venue, market: &str, at: Option<Timestamp>) {
        self.board.set_close_at(venue, market, at);
    }

    /// Says when the money of a pair or set is expected back, for [`Found::terms`]; `None` forgets it.
    pub fn set_resolves_at(&mut self, id: &str, at: Option<Timestamp>) {
        self.board.set_resolves_at(id, at);
    }

    /// Notes what a venue's catalogue says of a market beside its stream: a halt, its end, trading again. It counts for books that
    /// come later too, and over connections; see [`Books::set_status`].
    pub fn set_status(
        &mut self,
        venue: Venue,
        market: &str,
        status: MarketStatus,
        at: Option<Timestamp>,
    ) {
        self.now = at.or(self.now);
        self.report.clear();
        self.board.set_status(venue, market, status, &mut self.report);
        self.after_report(venue);
    }

    /// Forgets every book that is part of no pair or set, so that markets which come and go leave nothing behind. Live feeds call
    /// it now and then; a replay, whose result lists every book, does not.
    pub fn forget_unpaired(&mut self) {
        for venue in Venue::ALL {
            self.board.forget_unpaired(venue);
        }
    }

    /// Takes one frame as received, and judges every trade it touches with all its updates applied.
    ///
    /// A frame that cannot be read is counted, told to the sink, and changes nothing. `received_at` is `None` where a
    /// recording does not know it; that creates no age.
    pub fn on_frame(
        &mut self,
        venue: Venue,
        connection: u32,
        received_at: Option<Timestamp>,
        frame: &[u8],
    ) {
        self.begin(received_at);
        let (sink, counts) = (&mut self.sink, &mut self.counts);
        let quoting = &mut self.quoting;
        let mut source = (connection, None);
        let applied =
            self.board.apply(venue, connection, received_at, frame, &mut self.report, |decoded| {
                if decoded.is_unknown() {
                    counts.unknown += 1;
                } else {
                    counts.decoded += 1;
                }
                source.1 = decoded.sequence.map(|sequence| sequence.sid);
                if let Some((_, tapes)) = &mut *quoting {
                    for event in decoded.events() {
                        tapes.note(venue, source, received_at, &event);
                    }
                }
                // The levels of a book are no concern of the sink.
                for event in decoded.beside_levels() {
                    sink.on_event(venue, received_at, &event);
                }
            });
        if self.report.gaps > 0
            && let Some((_, tapes)) = quoting
        {
            tapes.lost(venue, source, received_at);
        }
        if let Err(error) = applied {
            self.counts.malformed += 1;
            self.sink.on_malformed(venue, connection, &error);
        }
        self.after_report(venue);
    }

    /// Learns from a frame that we sent on a connection (Kalshi's `use_yes_price`).
    pub fn on_sent(&mut self, venue: Venue, connection: u32, frame: &[u8]) {
        self.board.note_sent(venue, connection, frame);
        if let Some((_, tapes)) = &mut self.quoting {
            tapes.note_sent(venue, connection, frame);
        }
    }

    /// A connection opened; its numbering begins anew. Books that one of its number still kept are suspect, and trades on them end: that
    /// one closed unheard of.
    pub fn on_open(&mut self, venue: Venue, connection: u32, at: Option<Timestamp>) {
        self.begin(at);
        let books = self.board.books_mut(venue);
        books.connection_closed(connection, at, &mut self.report);
        books.connection_opened(connection, at);
        if let Some((_, tapes)) = &mut self.quoting {
            tapes.opened(venue, connection);
        }
        self.after_report(venue);
    }

    /// A connection closed: its books are suspect and trades on them end.
    pub fn on_close(&mut self, venue: Venue, connection: u32, at: Option<Timestamp>) {
        self.begin(at);
        self.board.books_mut(venue).connection_closed(connection, at, &mut self.report);
        if let Some((_, tapes)) = &mut self.quoting {
            tapes.closed(venue, connection);
        }
        self.after_report(venue);
    }

    /// A recording ended, and another one follows: this connection says nothing more. Its books stand as they are and are not priced
    /// until the next recording's snapshot, so that no trade is made of books of different days; trades on them end as
    /// [`CloseReason::BookSuspect`] at the last known time.
    pub fn on_recording_end(&mut self, venue: Venue, connection: u32) {
        self.board.books_mut(venue).detach(connection, &mut self.report);
        if let Some((_, tapes)) = &mut self.quoting {
            tapes.opened(venue, connection);
        }
        self.after_report(venue);
    }

    /// A watchdog saw a market's feed go silent: its book is suspect until it is read again.
    pub fn on_silent(&mut self, venue: Venue, market: &str, at: Option<Timestamp>) {
        self.begin(at);
        if let Some((_, tapes)) = &mut self.quoting {
            tapes.silent(venue, market);
        }
        if let Some(id) = self.board.books(venue).book_id(market) {
            self.board.books_mut(venue).suspect(id, &mut self.report);
            self.after_report(venue);
        }
    }

    /// Applies what time alone decides on live feeds: books that are too old or crossed for too long, closed markets,
    /// limits of age. A replay never calls it.
    pub fn advance(&mut self, now: Timestamp) {
        let before = self.advanced_at.replace(now);
        self.begin(Some(now));
        for venue in Venue::ALL {
            self.report.clear();
            self.board.books_mut(venue).advance(now, &mut self.report);
            self.after_report(venue);
        }
        if !self.limits.max_age.is_none() {
            if self.quarantine.is_some() {
                self.judge_aged(before, now);
            }
            let open = (0_u32..).zip(&self.episodes).filter(|(_, episode)| episode.is_open());
            self.touched.extend(open.map(|(index, _)| index));
            self.judge_touched();
        }
    }

    /// Judges what was priced with books that are too old since `before`: their time is no time of live books. Looks at each book
    /// once, and at no other trade.
    fn judge_aged(&mut self, before: Option<Timestamp>, now: Timestamp) {
        for venue in Venue::ALL {
            let Some(limit) = self.limits.max_age.of(venue) else { continue };
            let since = before.map_or(Duration::MAX, |before| now.since(before) + OUT_OF_ORDER);
            for (id, tracked) in self.board.books(venue).iter() {
                let over = tracked.age(now).and_then(|age| age.checked_sub(limit));
                if over.is_some_and(|over| !over.is_zero() && over <= since) {
                    self.touched.extend(self.board.touching(venue, id));
                }
            }
        }
        let mut aged = std::mem::take(&mut self.touched);
        aged.sort_unstable();
        aged.dedup();
        for &index in &aged {
            let index = index as usize;
            if self.episodes[index].record.is_timed() {
                self.judge(index);
            }
        }
        aged.clear();
        self.touched = aged;
    }

    /// Begins to take what came in at `at`: orders that arrived before it met the books as they stood.
    fn begin(&mut self, at: Option<Timestamp>) {
        if let Some(at) = at {
            if !self.captures.is_empty() {
                self.arrive(at);
            }
            let day = near_miss::day_of(Some(at));
            if day != self.day {
                self.day = day;
                self.board.screen.begin_day();
            }
            self.now = Some(at);
        }
        self.report.clear();
    }

    fn arrive(&mut self, now: Timestamp) {
        let books = books_of(&self.board);
        for capture in &mut self.captures {
            // Orders of a trade that is still there go out again at once, and may arrive before `now` too.
            while let Some((index, at)) = capture.arrive(&self.board.baskets, &books, now) {
                let episode = &self.episodes[index as usize];
                if episode.is_open() {
                    let basket = &self.board.baskets[index as usize];
                    capture.send(index, basket, &episode.picks, &books, &self.limits, Some(at));
                }
            }
        }
    }

    fn after_report(&mut self, venue: Venue) {
        self.counts.duplicates += u64::from(self.report.duplicates);
        self.counts.gaps += u64::from(self.report.gaps);
        self.counts.resyncs += u64::from(self.report.resyncs);
        for needed in &self.report.needs {
            self.sink.on_resync(venue, needed, self.board.books(venue));
        }
        for &book in &self.report.touched {
            self.board.note_touch(venue, book);
            self.touched.extend(self.board.touching(venue, book));
            for capture in &mut self.captures {
                capture.refresh(venue, book, self.board.books(venue));
            }
        }
        if let Some(now) = self.now {
            self.board.fees_at(now, &mut self.touched);
        }
        self.judge_touched();
    }

    fn judge_touched(&mut self) {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        for &index in &touched {
            let index = index as usize;
            match self.board.screen.look(index) {
                Look::Judge => self.judge(index),
                Look::NoEdge => self.funnel.no_edge(),
                Look::NotPriced => self.funnel.evaluated += 1,
            }
        }
        touched.clear();
        self.touched = touched;
    }

    fn judge(&mut self, index: usize) {
        let episode = &mut self.episodes[index];
        let judgement = judge::judge(
            &self.board.baskets[index],
            &books_of(&self.board),
            &self.limits,
            self.now,
            &mut self.funnel,
            Some(&mut episode.day),
        );
        if let Some(gross) = episode.day.gross_micros() {
            self.board.screen.set_near(index, gross);
        }
        let mut quarantined = false;
        if let Some(rule) = &self.quarantine {
            let net = match &judgement {
                Judgement::NotPriced(_) => None,
                Judgement::Trade(trade) => Some(trade.sized.net),
                _ => Some(Usd::ZERO),
            };
            quarantined = episode.record.note(rule, self.now, net);
            self.board.screen.set_timed(index, net.is_some());
            if quarantined && let Some(why) = episode.record.quarantine {
                let pair = &self.board.baskets[index].pair;
                metrics::counter!("arb_scan_quarantined_total").increment(1);
                tracing::warn!(pair, %why, "too good to be true");
                self.sink.on_quarantine(pair, &why);
            }
        }
        let mut told = false;
        match judgement {
            Judgement::Trade(sized) => told = self.show(index, &sized),
            Judgement::NotPriced(reason) => self.end(index, reason.into()),
            Judgement::NoEdge => self.end(index, CloseReason::PriceMoved),
            Judgement::NoSize => self.end(index, CloseReason::SizeGone),
            Judgement::Limited => self.end(index, CloseReason::Limited),
        }
        if quarantined {
            // Whoever took one of its trades for a good one must hear of it, whether or not the trade changes.
            self.tell_of(self.beside(index).filter(|other| !told || *other != index));
        }
    }

    /// A trade pays: opens its episode, or brings its line up to date; says whether the sink was told.
    fn show(&mut self, index: usize, trade: &Trade) -> bool {
        let quarantine = self.quarantine.and_then(|_| self.quarantine_of(index));
        let basket = &self.board.baskets[index];
        let episode = &mut self.episodes[index];
        let sized = &trade.sized;
        let change = if episode.is_open() {
            let same = episode
                .line
                .as_ref()
                .is_some_and(|line| line.quantity == sized.quantity && line.net_usd == sized.net);
            if same && (basket.pick == Pick::All || episode.picks == trade.picks) {
                return false;
            }
            episode.accrue(self.now);
            Change::Changed
        } else {
            episode.open(basket, self.now);
            self.board.screen.set_open(index, true);
            Change::Opened
        };
        episode.note_net(sized.net);
        episode.picks.clone_from(&trade.picks);
        let line = episode.line_mut(basket);
        episode::pick_legs(line, basket, &trade.picks);
        fill(line, trade, self.now);
        if basket.class == OpportunityClass::CrossVenue {
            self.counts.episodes += u64::from(change == Change::Opened);
            self.counts.best_net_usd = self.counts.best_net_usd.max(Some(sized.net));
        }
        let picks = &trade.picks;
        self.sink.on_opportunity(&Found {
            opportunity: line,
            change,
            basket,
            picks,
            board: &self.board,
            quarantine,
        });
        let books = books_of(&self.board);
        for capture in &mut self.captures {
            // Baskets are counted in 32 bits.
            capture.send(index as u32, basket, picks, &books, &self.limits, self.now);
        }
        true
    }

    /// Tells the sink of every open trade again, as it was last told ([`Change::Again`]): for a sink whose own judgement changed, such
    /// as by a kill switch.
    pub fn tell_again(&mut self) {
        self.tell_of(0..self.episodes.len());
    }

    fn tell_of(&mut self, trades: impl Iterator<Item = usize>) {
        for index in trades {
            let quarantine = self.quarantine.and_then(|_| self.quarantine_of(index));
            let episode = &self.episodes[index];
            let Some(line) = episode.line.as_ref().filter(|_| episode.is_open()) else { continue };
            self.sink.on_opportunity(&Found {
                opportunity: line,
                change: Change::Again,
                basket: &self.board.baskets[index],
                picks: &episode.picks,
                board: &self.board,
                quarantine,
            });
        }
    }

    /// A trade does not pay: ends its episode if it is open.
    fn end(&mut self, index: usize, reason: CloseReason) {
        let episode = &mut self.episodes[index];
        if episode.is_open() {
            episode.close(&self.board.baskets[index], self.now, reason, &mut self.closed);
            self.board.screen.set_open(index, false);
            self.sink.on_closed(&self.closed);
        }
    }
}

fn books_of(board: &Board) -> [&Books; 2] {
    Venue::ALL.map(|venue| board.books(venue))
}

/// Brings a line up to date.
fn fill(line: &mut Opportunity, trade: &Trade, at: Option<Timestamp>) {
    let trade = &trade.sized;
    line.at = at;
    line.quantity = trade.quantity;
    line.gross_usd = trade.gross;
    line.fees_usd = trade.fees;
    line.net_usd = trade.net;
    for (leg, order) in line.legs.iter_mut().zip(trade.legs()) {
        leg.limit = order.limit;
        leg.quantity = trade.quantity;
        leg.cost_usd = order.cost;
        leg.fee_usd = order.fee;
    }
}
