//! What a pipeline knows, for those who ask.

use std::ops::Range;

use arb_normalize::{Opportunity, Timestamp, Usd};
use arb_risk::size::SizedTrade;
use arrayvec::ArrayVec;

use super::{Pipeline, books_of};
use crate::board::MissingMass;
use crate::compete::{self, Open, Share};
use crate::judge::{self, Judgement};
use crate::screen::Look;
use crate::{
    Basket, Board, Captured, Counts, Funnel, NearMiss, NotPriced, Quarantine, Quote, Sink, Terms,
    quote, terms,
};

/// How many trades are brought into the caches together before they are judged.
const ROUND: usize = 32;

impl<S: Sink> Pipeline<S> {
    /// The books and pairs.
    #[must_use]
    pub const fn board(&self) -> &Board {
        &self.board
    }

    /// The last known receive time, or what [`Pipeline::advance`] was told since.
    #[must_use]
    pub const fn now(&self) -> Option<Timestamp> {
        self.now
    }

    /// Frames and books so far.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How far the evaluated trades came.
    #[must_use]
    pub const fn funnel(&self) -> &Funnel {
        &self.funnel
    }

    /// The sink.
    #[must_use]
    pub const fn sink(&self) -> &S {
        &self.sink
    }

    /// The sink, to change it.
    pub const fn sink_mut(&mut self) -> &mut S {
        &mut self.sink
    }

    /// Trades that are open now, in pairs-file order, with the time they opened.
    pub fn open_opportunities(&self) -> impl Iterator<Item = (&Opportunity, Option<Timestamp>)> {
        let open = self.episodes.iter().filter(|episode| episode.is_open());
        open.filter_map(|episode| Some((episode.line.as_ref()?, episode.opened_at())))
    }

    /// For each pair, in order: its id and why it is not priced now, `None` where it is.
    pub fn pair_states(&self) -> impl Iterator<Item = (&str, Option<NotPriced>)> {
        let pairs = self.board.pairs();
        let of_pairs = self.board.baskets.chunk_by(|a, b| a.source == b.source);
        of_pairs.filter_map(move |baskets| {
            let spec = pairs.get(baskets[0].source as usize)?;
            let books = books_of(&self.board);
            let reason = judge::priceable(&baskets[0], &books, &self.limits, self.now).err();
            Some((spec.pair.id.as_str(), reason))
        })
    }

    /// Trades that are open now with their terms, those that earn most for a dollar tied up for a day first.
    #[must_use]
    pub fn ranked(&self) -> Vec<(&Opportunity, Terms)> {
        let mut open: Vec<_> = self.open().map(|one| (one.trade, one.terms)).collect();
        open.sort_by(|a, b| a.1.rank(&b.1).then_with(|| a.0.id.cmp(&b.0.id)));
        open
    }

    /// What each open trade gets when they are served in the order of [`Pipeline::ranked`] from the same books and, where given, the
    /// same capital: liquidity and money count once. Copies the books of open trades; not for every frame.
    #[must_use]
    pub fn serve(&self, capital: Option<Usd>) -> Vec<Share> {
        compete::serve(&self.board, &self.limits, self.open().collect(), capital)
    }

    fn open(&self) -> impl Iterator<Item = Open<'_>> {
        self.board
            .baskets
            .iter()
            .zip(&self.episodes)
            .filter(|(_, episode)| episode.is_open())
            .filter_map(|(basket, episode)| {
                let (trade, picks) = (episode.line.as_ref()?, episode.picks.as_slice());
                let legs = self.board.books_of_legs(basket, picks);
                let resolves_at = self.board.resolves_at(&basket.pair);
                Some(Open {
                    trade,
                    basket,
                    picks,
                    terms: terms::of(basket, trade, legs, resolves_at),
                })
            })
    }

    /// Judges every trade anew as the books stand, in order, and gives those that pay to `visit`. Changes nothing; the
    /// trades are the open ones, found another way.
    pub fn scan_all(&self, mut visit: impl FnMut(&Basket, &SizedTrade)) -> Funnel {
        let mut funnel = Funnel::default();
        let mut round: ArrayVec<u32, ROUND> = ArrayVec::new();
        for (index, look) in (0_u32..).zip(self.board.screen.look_anew()) {
            match look {
                Look::NoEdge => funnel.no_edge(),
                Look::NotPriced => funnel.evaluated += 1,
                Look::Judge => {
                    round.push(index);
                    if round.is_full() {
                        self.judge_round(&round, &mut funnel, &mut visit);
                        round.clear();
                    }
                }
            }
        }
        self.judge_round(&round, &mut funnel, &mut visit);
        funnel
    }

    fn judge_round(
        &self,
        round: &[u32],
        funnel: &mut Funnel,
        visit: &mut impl FnMut(&Basket, &SizedTrade),
    ) {
        self.board.bring(round);
        let books = books_of(&self.board);
        for &index in round {
            let basket = &self.board.baskets[index as usize];
            let judged = judge::judge(basket, &books, &self.limits, self.now, funnel, None);
            if let Judgement::Trade(trade) = judged {
                visit(basket, &trade.sized);
            }
        }
    }

    /// The best prices of each trade on its last day with any, in the order of the pairs and sets: how near it came, and
    /// what stopped it.
    pub fn near_misses(&self) -> impl Iterator<Item = NearMiss<'_>> {
        self.board.baskets.iter().zip(&self.episodes).filter_map(|(basket, episode)| {
            episode.day.of(&basket.pair, &basket.direction, basket.class)
        })
    }

    /// Resting orders that would earn something when they fill, on each priceable pair; empty without a
    /// [quoting configuration](super::PipelineConfig::quoting). Worked out when asked, not on every frame.
    #[must_use]
    pub fn quotes(&self) -> Vec<Quote<'_>> {
        self.quoting.as_ref().map_or_else(Vec::new, |(config, tapes)| {
            quote::quotes(&self.board, &self.limits, config, tapes, self.now)
        })
    }

    /// Pairs and sets that are too good to be true, and why.
    pub fn quarantined(&self) -> impl Iterator<Item = (&str, Quarantine)> {
        let trades = self.board.baskets.iter().zip(&self.episodes);
        trades.filter_map(|(basket, episode)| {
            Some((basket.pair.as_str(), episode.record.quarantine?))
        })
    }

    /// Why the pair or set of a basket is in quarantine, if it is: one of its trades is enough.
    pub(super) fn quarantine_of(&self, index: usize) -> Option<Quarantine> {
        self.episodes[self.beside(index)].iter().find_map(|episode| episode.record.quarantine)
    }

    /// The trades of the same pair or set, itself among them.
    pub(super) fn beside(&self, index: usize) -> Range<usize> {
        let baskets = &self.board.baskets;
        let source = baskets[index].source;
        let first = baskets.partition_point(|basket| basket.source < source);
        first..baskets.partition_point(|basket| basket.source <= source)
    }

    /// What orders of each of the [latencies](super::PipelineConfig::latencies) would have taken so far.
    pub fn captured(&self) -> impl Iterator<Item = Captured> {
        self.captures.iter().map(|capture| capture.captured)
    }

    /// What the members of a set leave for outcomes that are not listed; see [`Board::missing_mass`].
    #[must_use]
    pub fn missing_mass(&self, set: &str) -> Option<MissingMass> {
        self.board.missing_mass(set)
    }
}
