//! Sizing a trade, its break-even range, its assessment and its gate allocate nothing.
#![expect(clippy::unwrap_used, reason = "a test stops where its own values are wrong")]

use arb_normalize::opportunity::{Action, OpportunityClass};
use arb_normalize::{
    Book, Opportunity, OpportunityLeg, Outcome, Price, Quantity, Side, Usd, Venue,
};
use arb_risk::assess::{Assessor, LegView, TradeView};
use arb_risk::fees::{KalshiFees, LegFees, PolymarketFees, Step};
use arb_risk::gate::{
    Account, Gate, GateInput, Intent, KillSwitch, LegState, PairStatus, RiskLimits,
};
use arb_risk::size::{Leg, SizeRequest, SizedTrade};

/// A book of ten levels a side, in cents or in tenths of a cent.
fn book(bid: u32, tick: u32) -> Book {
    let mut book = Book::new();
    for level in 0..10 {
        let size = Quantity::from_micros(20_500_000).unwrap();
        book.set(Side::Bid, Price::from_micros(bid - level * tick).unwrap(), size);
        book.set(Side::Ask, Price::from_micros(bid + 10_000 + level * tick).unwrap(), size);
    }
    book
}

fn requests<'a>(legs: &'a [Leg<'a>; 2], thin: &'a [Leg<'a>; 3]) -> [SizeRequest<'a>; 4] {
    let plain = SizeRequest::new(legs);
    [
        plain,
        // One that needs the search, one that is refused, and one of three legs.
        SizeRequest {
            max_outlay: Some("30".parse().unwrap()),
            lot: "0.01".parse().unwrap(),
            ..plain
        },
        SizeRequest { payout: "0.5".parse().unwrap(), ..plain },
        SizeRequest { payout: "1.5".parse().unwrap(), ..SizeRequest::new(thin) },
    ]
}

fn opportunity(trade: &SizedTrade) -> Opportunity {
    let outcomes = [(Venue::Kalshi, Outcome::Yes), (Venue::Polymarket, Outcome::No)];
    let legs = outcomes.iter().zip(trade.legs()).map(|((venue, outcome), order)| OpportunityLeg {
        venue: *venue,
        market: "market".to_owned(),
        outcome: *outcome,
        action: Action::Buy,
        limit: order.limit,
        quantity: trade.quantity,
        cost_usd: order.cost,
        fee_usd: order.fee,
    });
    Opportunity {
        id: "episode".to_owned(),
        at: None,
        class: OpportunityClass::CrossVenue,
        pair: "pair".to_owned(),
        legs: legs.collect(),
        quantity: trade.quantity,
        gross_usd: trade.gross,
        fees_usd: trade.fees,
        net_usd: trade.net,
    }
}

#[test]
fn nothing_on_the_way_of_a_frame_allocates() {
    let (yes, no) = (book(400_000, 10_000), book(520_000, 1_000));
    let fees: [LegFees; 2] = [
        KalshiFees::taker().with_precision(Step::CENTICENT).into(),
        PolymarketFees::new("0.04".parse().unwrap()).into(),
    ];
    let legs = [Leg::buy(yes.buy(Outcome::Yes), fees[0]), Leg::buy(no.buy(Outcome::No), fees[1])];
    let thin = [legs[0], legs[1], legs[0]];
    let requests = requests(&legs, &thin);
    let trade = requests[0].size().unwrap();
    assert!(
        requests[1].size().is_ok() && requests[2].size().is_err() && requests[3].size().is_ok()
    );
    let sized = allocation_counter::measure(|| {
        for request in &requests {
            if let Ok(trade) = request.size() {
                assert!(request.break_even(&trade).largest >= trade.quantity);
            }
        }
    });
    assert_eq!(sized.count_total, 0, "sizing");

    let opportunity = opportunity(&trade);
    let views = [LegView::new(Venue::Kalshi, &yes), LegView::new(Venue::Polymarket, &no)];
    let view = TradeView { divergence: 0.0005, ..TradeView::default() };
    let assessor = Assessor::default();
    let gate = Gate::new(RiskLimits::default());
    let (account, switch) = (Account::default(), KillSwitch::released());
    let now = arb_normalize::Timestamp::from_millis(1_783_000_000_000).unwrap();
    let live = |ladder| LegState::live(ladder, Some(now), None);
    let states = [live(yes.buy(Outcome::Yes)), live(no.buy(Outcome::No))];
    let mut held = Usd::ZERO;
    let assessed = allocation_counter::measure(|| {
        let assessment = assessor.assess(&opportunity, &views, &view);
        held = assessment.outlay;
        let input = GateInput {
            opportunity: &opportunity,
            assessment: &assessment,
            intent: Intent::Open,
            now,
            in_play: false,
            pair: PairStatus { confirmed_at: Some(now), ..PairStatus::default() },
            legs: &states,
            account: &account,
            switch: &switch,
        };
        assert!(gate.check(&input).is_ok() || held.is_positive());
    });
    assert!(held.is_positive());
    assert_eq!(assessed.count_total, 0, "assessing and the gate");
}
