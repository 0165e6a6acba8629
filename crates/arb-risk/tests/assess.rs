//! The assessment: what it says of known trades, and what must hold of every one.
#![expect(clippy::unwrap_used, reason = "a test stops where its own values are wrong")]

use std::time::Duration;

use arb_normalize::opportunity::{Action, OpportunityClass};
use arb_normalize::{
    Book, Level, Opportunity, OpportunityLeg, Outcome, Price, Quantity, Side, Usd, Venue,
};
use arb_risk::assess::{
    Assessor, BREAK_EVEN_SCORE, Category, HardFailure, LegView, LossKind, Remedy, TerminalState,
    TradeView, Verdict, assess_opportunity, score,
};
use arb_risk::fees::{FeeModel, LegFees};
use proptest::prelude::*;

fn usd(text: &str) -> Usd {
    text.parse().unwrap()
}

fn book(bids: &[(&str, &str)], asks: &[(&str, &str)]) -> Book {
    let level = |(p, s): &(&str, &str)| Level::new(p.parse().unwrap(), s.parse().unwrap());
    let mut book = Book::new();
    let bids: Vec<Level> = bids.iter().map(level).collect();
    let asks: Vec<Level> = asks.iter().map(level).collect();
    book.replace(&bids, &asks);
    book
}

/// Buys YES from one book and NO from the other.
fn opportunity(yes: &Book, no: &Book, quantity: &str) -> Opportunity {
    let quantity: Quantity = quantity.parse().unwrap();
    let leg = |venue, book: &Book, outcome| {
        let order = LegFees::worst_known(venue).buy(book.buy(outcome), quantity).unwrap();
        OpportunityLeg {
            venue,
            market: "m".to_owned(),
            outcome,
            action: Action::Buy,
            limit: order.limit,
            quantity,
            cost_usd: order.cost,
            fee_usd: order.fee,
        }
    };
    let legs = vec![leg(Venue::Kalshi, yes, Outcome::Yes), leg(Venue::Polymarket, no, Outcome::No)];
    let costs: Usd = legs.iter().map(|leg| leg.cost_usd).sum();
    let fees_usd: Usd = legs.iter().map(|leg| leg.fee_usd).sum();
    let gross_usd = Usd::payout(quantity) - costs;
    Opportunity {
        id: "e1".to_owned(),
        at: None,
        class: OpportunityClass::CrossVenue,
        pair: "p1".to_owned(),
        legs,
        quantity,
        gross_usd,
        fees_usd,
        net_usd: gross_usd - fees_usd,
    }
}

fn wide() -> (Book, Book) {
    (book(&[("0.39", "500")], &[("0.40", "500")]), book(&[("0.48", "500")], &[("0.49", "500")]))
}

#[test]
fn a_known_trade_comes_out_as_computed_by_hand() {
    let (yes, no) = wide();
    let found = opportunity(&yes, &no, "100");
    // 100 · (1 − 0.40 − 0.52) − 0.07·100·0.24 − 0.07·100·0.2496
    assert_eq!(found.net_usd, usd("8") - usd("1.68") - usd("1.7472"));
    let views = [LegView::new(Venue::Kalshi, &yes), LegView::new(Venue::Polymarket, &no)];
    let trade = TradeView {
        divergence: 0.001,
        until_settlement: Some(Duration::from_secs(10 * 86_400)),
        bankroll: Some(usd("10000")),
        ..TradeView::default()
    };
    let assessment = Assessor::default().assess(&found, &views, &trade);
    assert!(assessment.hard_failures.is_empty(), "{:?}", assessment.hard_failures);
    let outlay = found.outlay_usd();
    assert_eq!(outlay, usd("95.4272"));
    let loss = |kind| assessment.losses.get(kind).to_f64_lossy();
    let near = |kind, expected: f64| {
        let found = loss(kind);
        assert!((found - expected).abs() <= 1e-6, "{kind}: {found}, expected {expected}");
    };
    near(LossKind::Divergence, 0.1);
    near(LossKind::Dispute, 0.05);
    near(LossKind::Carry, 95.4272 * 0.08 * 10.0 / 365.0);
    near(LossKind::Custody, 95.4272 * 0.005 * 10.0 / 365.0);
    near(LossKind::Concentration, 0.002 * 95.4272 * 95.4272 / 10_000.0);
    // Undoing YES at 0.39: one cent and two fees; undoing NO at 0.51.
    let yes_back = 1.0 + 1.68 + 1.67;
    let no_back = 1.0 + 1.7472 + 0.07 * 100.0 * 0.51 * 0.49;
    near(LossKind::EarlyExit, 0.01 * (yes_back + no_back));
    near(LossKind::Ghost, 0.01 * yes_back);
    let noise = 0.005 / 60.0_f64.sqrt();
    near(LossKind::Timing, 100.0 * noise * (0.15_f64.sqrt() + 0.5_f64.sqrt()));
    let sum: Usd = LossKind::ALL.iter().map(|kind| assessment.losses.get(*kind)).sum();
    assert_eq!(assessment.profit_after_risk, found.net_usd - sum);
    assert_eq!(assessment.recommendation.verdict, Verdict::Execute);
    assert!(assessment.annualised.unwrap() > assessment.return_after_risk * 36.5);
}

#[test]
fn an_unknown_series_does_not_pay_for_a_thin_edge() {
    let (yes, no) = wide();
    let found = opportunity(&yes, &no, "100");
    let assessment = assess_opportunity(&found, &yes, &no);
    // 3 % of 100 dollars against an edge of 4.57.
    assert_eq!(assessment.losses.largest(), Some((LossKind::Divergence, usd("3"))));
    assert!(assessment.total > 60.0);
    let text = assessment.recommendation.to_string();
    assert!(text.contains("largest loss divergence $3"), "{text}");
    assert!(
        matches!(assessment.recommendation.remedy, Remedy::DivergenceBelow { agreed: Some(n), .. } if n > 0),
        "{text}"
    );
}

#[test]
fn every_way_the_markets_may_end_is_listed() {
    let (yes, no) = wide();
    let found = opportunity(&yes, &no, "100");
    let assessment = assess_opportunity(&found, &yes, &no);
    let profit = |state| assessment.states.iter().find(|s| s.state == state).unwrap().profit;
    let outlay = found.outlay_usd();
    assert_eq!(profit(TerminalState::AsPlanned), found.net_usd);
    assert_eq!(profit(TerminalState::FiftyFiftyAll), found.net_usd);
    assert_eq!(profit(TerminalState::VoidAll), -found.fees_usd);
    assert_eq!(profit(TerminalState::NonePays), -outlay);
    assert_eq!(profit(TerminalState::AllPay), usd("200") - outlay);
    assert_eq!(profit(TerminalState::VoidOne { leg: 0 }), usd("40") - outlay);
    assert_eq!(profit(TerminalState::FiftyFiftyOne { leg: 1 }), usd("50") - outlay);
    assert_eq!(profit(TerminalState::OnlyOnePays { leg: 1 }), found.net_usd);
    assert_eq!(assessment.worst_state().unwrap().state, TerminalState::NonePays);
}

#[test]
fn books_that_cannot_be_trusted_score_a_hundred() {
    let (yes, no) = wide();
    let found = opportunity(&yes, &no, "100");
    let fails = |views: &[LegView<'_>], expected: fn(&HardFailure) -> bool| {
        let assessment = Assessor::default().assess(&found, views, &TradeView::default());
        assert_eq!(assessment.total, 100.0);
        assert!(!assessment.is_profitable());
        assert_eq!(assessment.recommendation.verdict, Verdict::Reject);
        assert!(assessment.hard_failures.iter().any(expected), "{:?}", assessment.hard_failures);
    };
    let a = LegView::new(Venue::Kalshi, &yes);
    let b = LegView::new(Venue::Polymarket, &no);
    fails(&[LegView { live: false, ..a }, b], |f| matches!(f, HardFailure::NotLive { leg: 0 }));
    fails(&[a], |f| matches!(f, HardFailure::Legs { legs: 2, books: 1 }));
    let empty = Book::new();
    fails(&[a, LegView::new(Venue::Polymarket, &empty)], |f| {
        matches!(f, HardFailure::Moved { leg: 1, .. })
    });
    let one_sided = book(&[], &[("0.40", "500")]);
    let assessment = Assessor::default().assess(
        &found,
        &[LegView::new(Venue::Kalshi, &one_sided), b],
        &TradeView::default(),
    );
    assert!(assessment.hard_failures.is_empty(), "a one-sided book only makes undoing dear");
    assert!((assessment.legs[0].unwind - 41.68).abs() < 1e-9);
    let mut crossed = yes.clone();
    crossed.set(Side::Bid, "0.41".parse().unwrap(), "1".parse().unwrap());
    fails(&[LegView::new(Venue::Kalshi, &crossed), b], |f| {
        matches!(f, HardFailure::Crossed { leg: 0 })
    });
    fails(&[LegView { volatility: f64::NAN, ..a }, b], |f| {
        matches!(f, HardFailure::NotANumber(LossKind::Timing | LossKind::Impact))
    });
    let ruined = Opportunity { net_usd: Usd::ZERO, ..found.clone() };
    let assessment = assess_opportunity(&ruined, &yes, &no);
    assert_eq!((assessment.total, assessment.execution), (100.0, 100.0));
    let nothing = Opportunity { legs: Vec::new(), ..found.clone() };
    assert_eq!(assess_opportunity(&nothing, &yes, &no).total, 100.0);
}

#[test]
fn an_order_larger_than_the_believed_depth_fills_only_in_part() {
    let (yes, no) = wide();
    let found = opportunity(&yes, &no, "100");
    let fill = |asks: &str| {
        let yes = book(&[("0.39", "500")], &[("0.40", asks)]);
        assess_opportunity(&found, &yes, &no).legs[0].fill
    };
    let (thin, deep) = (fill("100"), fill("100000"));
    assert!((thin / deep - 0.8).abs() < 0.01, "80 of 100 contracts are believed: {thin} of {deep}");
}

#[test]
fn a_trade_without_quantity_is_refused_and_nothing_divides_by_zero() {
    let (yes, no) = wide();
    let mut nothing = opportunity(&yes, &no, "1");
    nothing.quantity = Quantity::ZERO;
    for leg in &mut nothing.legs {
        (leg.quantity, leg.cost_usd, leg.fee_usd) = (Quantity::ZERO, Usd::ZERO, Usd::ZERO);
    }
    (nothing.net_usd, nothing.gross_usd, nothing.fees_usd) = (Usd::ZERO, Usd::ZERO, Usd::ZERO);
    let assessment = assess_opportunity(&nothing, &yes, &no);
    assert_eq!(assessment.total, 100.0);
    assert_eq!(assessment.return_after_risk, 0.0);
}

fn any_dollars() -> impl Strategy<Value = Usd> {
    prop_oneof![
        (0..10_000_000_000_i64).prop_map(Usd::from_micros),
        (0..1_000_000_i128).prop_map(Usd::from_pico),
        Just(Usd::ZERO),
    ]
}

fn any_assessment() -> impl Strategy<Value = (Book, Book, u64, TradeView, [f64; 3])> {
    let level = (1..60_u32, 1..800_u64);
    (
        prop::collection::vec(level.clone(), 1..6),
        prop::collection::vec(level, 1..6),
        1..600_u64,
        (0.0..0.2_f64, prop::option::of(0..10_000_000_u64), any::<bool>(), 0..2_000_000_000_i64),
        prop::array::uniform3(0.0..0.01_f64),
    )
        .prop_map(|(yes, no, quantity, (divergence, seconds, in_play, exposure), sigma)| {
            // Asks from 1 to 59 cents for the outcome that is bought, bids at a third of them.
            let build = |levels: Vec<(u32, u64)>, outcome| {
                let mut book = Book::new();
                for (cents, size) in levels {
                    let ask = Price::from_cents(cents).unwrap();
                    let bid = Price::from_cents(cents / 3).unwrap();
                    let size = Quantity::from_contracts(size).unwrap();
                    if outcome == Outcome::Yes {
                        book.set(Side::Ask, ask, size);
                        book.set(Side::Bid, bid, size);
                    } else {
                        book.set(Side::Bid, ask.complement(), size);
                        book.set(Side::Ask, bid.complement(), size);
                    }
                }
                book
            };
            let trade = TradeView {
                divergence,
                until_settlement: seconds.map(Duration::from_secs),
                in_play,
                event_exposure: Usd::from_micros(exposure),
                bankroll: Some(Usd::from_micros(3_000_000_000)),
            };
            (build(yes, Outcome::Yes), build(no, Outcome::No), quantity, trade, sigma)
        })
}

fn trade_of(yes: &Book, no: &Book, contracts: u64) -> Option<Opportunity> {
    let quantity = Quantity::from_contracts(contracts)?;
    if yes.asks().depth() < quantity || no.bids().depth() < quantity {
        return None;
    }
    Some(opportunity(yes, no, &contracts.to_string()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_score_rises_with_the_loss_and_agrees_with_the_profit(
        loss in any_dollars(), more in any_dollars(), net in any_dollars()
    ) {
        let (low, high) = (score(loss, net), score(loss + more, net));
        prop_assert!((0.0..=100.0).contains(&low));
        prop_assert!(low <= high);
        if net.is_positive() {
            prop_assert_eq!(low < BREAK_EVEN_SCORE, loss < net);
            prop_assert_eq!(low > BREAK_EVEN_SCORE, loss > net);
        } else {
            prop_assert_eq!(low, 100.0);
        }
    }

    #[test]
    fn score_and_profit_never_disagree((yes, no, quantity, trade, sigma) in any_assessment()) {
        let Some(found) = trade_of(&yes, &no, quantity) else { return Ok(()) };
        let mut views = [LegView::new(Venue::Kalshi, &yes), LegView::new(Venue::Polymarket, &no)];
        for (view, sigma) in views.iter_mut().zip(sigma) {
            view.volatility = sigma;
        }
        let assessed = Assessor::default().assess(&found, &views, &trade);
        prop_assert_eq!(assessed.profit_after_risk, found.net_usd - assessed.losses.total());
        let parts: Usd = [Category::Execution, Category::Market, Category::Platform]
            .map(|category| assessed.losses.of_category(category))
            .into_iter()
            .sum();
        prop_assert_eq!(parts, assessed.losses.total());
        if assessed.hard_failures.is_empty() {
            prop_assert_eq!(assessed.total < BREAK_EVEN_SCORE, assessed.profit_after_risk.is_positive());
            let product = [assessed.execution, assessed.market, assessed.platform]
                .map(|score| 1.0 - score / 100.0)
                .into_iter()
                .product::<f64>();
            prop_assert!((assessed.total - 100.0 * (1.0 - product)).abs() < 1e-6);
        } else {
            prop_assert_eq!(assessed.total, 100.0);
        }
        prop_assert!((0.0..=1.0).contains(&assessed.confidence));
        let worst = assessed.worst_state().unwrap();
        prop_assert!(assessed.states.iter().all(|state| state.profit >= worst.profit));

        // More of any input loss never lowers the total.
        let riskier = TradeView { divergence: trade.divergence + 0.01, ..trade };
        let worse = Assessor::default().assess(&found, &views, &riskier);
        prop_assert!(worse.total >= assessed.total);
        prop_assert!(worse.profit_after_risk <= assessed.profit_after_risk);
        views[0].ghost_rate += 0.1;
        let worse = Assessor::default().assess(&found, &views, &trade);
        prop_assert!(worse.total >= assessed.total);
    }
}
