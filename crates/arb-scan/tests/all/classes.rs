//! Every class of taker trade on random boards: against brute force over every quantity in exact decimals, and its payoff against brute
//! force over every terminal state.

use arb_normalize::opportunity::Action;
use arb_normalize::{Opportunity, OpportunityClass, Outcome, Venue};
use arb_scan::{Ending, MarketSet, Pipeline, PipelineConfig, detect, sets};
use rust_decimal::Decimal;

use crate::decimal::{
    Level, Random, crossed, kalshi_outlay, levels, mirror, polymarket_outlay, text, walk,
};
use crate::support::{Memory, at, kalshi_of, polymarket_of};

/// A book in YES prices.
#[derive(Debug, Clone)]
struct Book {
    bids: Vec<Level>,
    asks: Vec<Level>,
}

impl Book {
    fn random(random: &mut Random, middle: u64) -> Self {
        let low = middle.saturating_sub(6).max(2);
        Self { bids: levels(random, low, middle), asks: levels(random, middle, middle + 6) }
    }

    /// What a buyer (or seller) of an outcome can take, in that outcome's prices.
    fn taken(&self, action: Action, outcome: Outcome) -> Vec<Level> {
        match (action, outcome) {
            (Action::Buy, Outcome::Yes) => self.asks.clone(),
            (Action::Buy, Outcome::No) => mirror(&self.bids),
            (Action::Sell, Outcome::Yes) => self.bids.clone(),
            (Action::Sell, Outcome::No) => mirror(&self.asks),
        }
    }

    fn is_crossed(&self) -> bool {
        crossed(&self.bids, &self.asks)
    }
}

/// A member's books: Kalshi's and Polymarket's.
type MemberBooks = [Option<Book>; 2];

/// A random set and its books.
struct Case {
    relation: &'static str,
    neg_risk: bool,
    members: Vec<MemberBooks>,
    rate: Decimal,
}

impl Case {
    fn random(random: &mut Random) -> Self {
        let relation = ["partition", "exclusive", "chain", "apart"][random.below(4) as usize];
        let count = 2 + random.below(3);
        // Prices that nearly add up to a dollar, or lie near each other along a chain.
        let fair = |random: &mut Random, number: u64| match relation {
            "chain" => 60 - 3 * number + random.below(12),
            _ => (100 / count + random.below(15)).saturating_sub(7).max(9),
        };
        let on_one_venue = random.below(2) == 0;
        let members: Vec<MemberBooks> = (0..count)
            .map(|number| {
                let middle = fair(random, number);
                let venue = if on_one_venue { 1 } else { random.below(3) };
                let shift = random.below(3);
                let kalshi = (venue != 1).then(|| Book::random(random, middle));
                let polymarket = (venue != 0).then(|| Book::random(random, middle + shift));
                let mut books = [kalshi, polymarket];
                if random.below(12) == 0
                    && let Some(book) = books.iter_mut().flatten().next()
                {
                    // Somebody bids what another asks.
                    std::mem::swap(&mut book.bids, &mut book.asks);
                }
                books
            })
            .collect();
        let rate = Decimal::new(i64::try_from(random.below(4)).unwrap(), 2);
        let neg_risk = relation != "chain" && members.iter().all(|books| books[1].is_some());
        Self { relation, neg_risk, members, rate }
    }

    fn set(&self) -> MarketSet {
        let members: Vec<serde_json::Value> = self
            .members
            .iter()
            .enumerate()
            .map(|(number, books)| {
                serde_json::json!({
                    "kalshi": books[0].as_ref().map(|_| format!("K{number}")),
                    "polymarket": books[1].as_ref().map(|_| format!("P{number}")),
                })
            })
            .collect();
        let file = serde_json::json!([{
            "id": "s", "relation": self.relation, "neg_risk": self.neg_risk, "members": members,
            "fees": {"kalshi": {"multiplier": "1", "precision": "0.0001"},
                "polymarket": {"rate": self.rate.to_string(), "exponent": "1"}},
        }]);
        sets::parse(&file.to_string()).unwrap().remove(0)
    }

    fn run(&self) -> Pipeline<Memory> {
        let config = PipelineConfig::default().with_detectors(detect::all());
        let mut pipeline = Pipeline::new(config, Memory::default());
        pipeline.replace_sets(vec![self.set()]);
        for (number, books) in self.members.iter().enumerate() {
            if let Some(book) = &books[0] {
                let frame = kalshi_of(
                    &format!("K{number}"),
                    number as u64 + 1,
                    1,
                    &text(&book.bids),
                    &text(&mirror(&book.asks)),
                );
                pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
            }
            if let Some(book) = &books[1] {
                let frame =
                    polymarket_of(&format!("P{number}"), &text(&book.bids), &text(&book.asks));
                pipeline.on_frame(Venue::Polymarket, 0, at(0), frame.as_bytes());
            }
        }
        pipeline
    }

    fn fee(&self, venue: usize, price: Decimal) -> Decimal {
        let rate = if venue == 0 { Decimal::new(7, 2) } else { self.rate };
        rate * price * (Decimal::ONE - price)
    }

    /// The order for an outcome of a member: where its first contract costs least.
    fn cheapest(&self, member: usize, outcome: Outcome) -> Option<Order> {
        let mut best: Option<(Option<Decimal>, Order)> = None;
        for (venue, book) in self.members[member].iter().enumerate() {
            let Some(book) = book.as_ref().filter(|book| !book.is_crossed()) else { continue };
            let asks = book.taken(Action::Buy, outcome);
            let first = asks.iter().map(|l| l.0).min().map(|price| price + self.fee(venue, price));
            let cheaper = match (&best, first) {
                (None, _) | (Some((None, _)), Some(_)) => true,
                (Some((Some(known), _)), Some(first)) => first < *known,
                _ => false,
            };
            if cheaper {
                best = Some((
                    first,
                    Order { member, venue, outcome, action: Action::Buy, levels: asks },
                ));
            }
        }
        best.map(|(_, order)| order)
    }

    /// Every order for an outcome of a member, the cheapest first.
    fn orders(&self, member: usize, outcome: Outcome) -> Vec<Order> {
        let first = self.cheapest(member, outcome);
        let venue = first.as_ref().map(|order| order.venue);
        let books = self.members[member].iter().enumerate().filter(|(at, _)| Some(*at) != venue);
        let others = books.filter_map(|(venue, book)| {
            let book = book.as_ref().filter(|book| !book.is_crossed())?;
            let levels = book.taken(Action::Buy, outcome);
            Some(Order { member, venue, outcome, action: Action::Buy, levels })
        });
        first.into_iter().chain(others).collect()
    }

    /// The first of those that earn most, or the first of all.
    fn most(&self, choices: Vec<Vec<Order>>, pays: Decimal) -> Option<Vec<Order>> {
        let net = |orders: &[Order]| self.best(orders, pays).map(|(_, net)| net);
        choices.into_iter().reduce(|a, b| if net(&b) > net(&a) { b } else { a })
    }

    /// The orders of two members that earn most together.
    fn two(&self, of: [(usize, Outcome); 2], pays: Decimal) -> Option<Vec<Order>> {
        let [one, other] = of.map(|(member, outcome)| self.orders(member, outcome));
        let with = |first: &Order| {
            other.iter().map(|second| vec![first.clone(), second.clone()]).collect::<Vec<_>>()
        };
        self.most(one.iter().flat_map(with).collect(), pays)
    }

    fn all(&self, outcome: Outcome, pays: Decimal) -> Option<Vec<Order>> {
        if self.members.len() == 2 {
            return self.two([(0, outcome), (1, outcome)], pays);
        }
        (0..self.members.len()).map(|member| self.cheapest(member, outcome)).collect()
    }

    /// A conversion among any of the members that somebody bids for.
    fn conversion(&self) -> Option<Vec<Order>> {
        let bids: Vec<(usize, Book, Decimal)> = self
            .members
            .iter()
            .enumerate()
            .filter_map(|(member, books)| {
                let book = books[1].clone().filter(|book| !book.is_crossed())?;
                let best = book.bids.iter().map(|l| l.0).max()?;
                Some((member, book, best))
            })
            .collect();
        let whole = (1_u32 << bids.len()) - 1;
        let subsets = (0..=whole).rev().filter(|subset| subset.count_ones() > 1);
        let choices = subsets.map(|subset| {
            let members = || {
                (0..).zip(&bids).filter(|(at, _)| subset >> at & 1 == 1).map(|(_, member)| member)
            };
            let highest = members().map(|(.., best)| *best).max();
            let converted = members().find(|(.., best)| Some(*best) == highest).map(|one| one.0);
            members()
                .map(|(member, book, _)| {
                    let (action, outcome) = if Some(*member) == converted {
                        (Action::Buy, Outcome::No)
                    } else {
                        (Action::Sell, Outcome::Yes)
                    };
                    let levels = book.taken(action, outcome);
                    Order { member: *member, venue: 1, outcome, action, levels }
                })
                .collect()
        });
        self.most(choices.collect(), Decimal::ZERO)
    }

    /// Every trade there is: its name, orders and payoff.
    fn trades(&self) -> Vec<(String, Vec<Order>, Decimal)> {
        let count = self.members.len();
        let mut trades = Vec::new();
        match self.relation {
            "partition" | "exclusive" => {
                if self.relation == "partition" {
                    trades.push((
                        "all-yes".to_owned(),
                        self.all(Outcome::Yes, Decimal::ONE),
                        Decimal::ONE,
                    ));
                }
                let pays = Decimal::from(count - 1);
                trades.push(("all-no".to_owned(), self.all(Outcome::No, pays), pays));
            }
            "chain" => {
                for wide in 0..count {
                    for narrow in wide + 1..count {
                        let of = [(wide, Outcome::Yes), (narrow, Outcome::No)];
                        let orders = self.two(of, Decimal::ONE);
                        trades.push((format!("yes{wide}-no{narrow}"), orders, Decimal::ONE));
                    }
                }
            }
            _ => {}
        }
        if self.neg_risk {
            trades.push(("convert".to_owned(), self.conversion(), Decimal::ZERO));
        }
        trades.into_iter().filter_map(|(name, orders, pays)| Some((name, orders?, pays))).collect()
    }

    /// The smallest quantity that earns most, and what it earns.
    fn best(&self, orders: &[Order], pays: Decimal) -> Option<(Decimal, Decimal)> {
        let mut best: Option<(Decimal, Decimal)> = None;
        for contracts in 1.. {
            let quantity = Decimal::from(contracts);
            let outlays: Option<Vec<Decimal>> =
                orders.iter().map(|order| order.outlay(self, quantity)).collect();
            let Some(outlays) = outlays else { return best };
            let net = pays * quantity - outlays.into_iter().sum::<Decimal>();
            if net > Decimal::ZERO && best.is_none_or(|(_, most)| net > most) {
                best = Some((quantity, net));
            }
        }
        best
    }
}

#[derive(Clone)]
struct Order {
    member: usize,
    venue: usize,
    outcome: Outcome,
    action: Action,
    levels: Vec<Level>,
}

impl Order {
    fn outlay(&self, case: &Case, quantity: Decimal) -> Option<Decimal> {
        match self.action {
            Action::Buy => {
                let taken = walk(&self.levels, quantity)?;
                Some(if self.venue == 0 {
                    kalshi_outlay(&taken, Decimal::new(7, 2))
                } else {
                    polymarket_outlay(&taken, case.rate)
                })
            }
            Action::Sell => {
                // The best bid is the cheapest ask of the mirror.
                let taken = mirror(&walk(&mirror(&self.levels), quantity)?);
                let proceeds: Decimal = taken.iter().map(|(price, size)| price * size).sum();
                let fees: Decimal =
                    taken.iter().map(|(p, s)| case.rate * s * p * (Decimal::ONE - p)).sum();
                Some(crate::decimal::up(fees, 5) - proceeds)
            }
        }
    }
}

/// Every assignment of yes and no that the relation leaves possible.
fn worlds(relation: &str, members: usize) -> Vec<Vec<bool>> {
    (0_u32..1 << members)
        .map(|bits| (0..members).map(|member| bits >> member & 1 == 1).collect::<Vec<bool>>())
        .filter(|world| {
            let happen = world.iter().filter(|yes| **yes).count();
            match relation {
                "partition" => happen == 1,
                "exclusive" => happen <= 1,
                // Each member implies the one before it.
                "chain" => world.windows(2).all(|two| two[0] || !two[1]),
                _ => true,
            }
        })
        .collect()
}

/// What the trade's contracts are worth when member `m` is worth `yes(m)`, less what they cost, in exact decimals.
fn worth(trade: &Opportunity, orders: &[Order], yes: impl Fn(usize) -> Decimal) -> Decimal {
    let quantity = Decimal::from(trade.quantity);
    let value: Decimal = orders
        .iter()
        .map(|order| match order.outcome {
            Outcome::Yes => yes(order.member),
            Outcome::No => Decimal::ONE - yes(order.member),
        })
        .sum();
    value * quantity - Decimal::from(trade.outlay_usd())
}

fn check_payoff(case: &Case, trade: &Opportunity, orders: &[Order]) {
    let net = Decimal::from(trade.net_usd);
    if trade.class == OpportunityClass::Conversion {
        // Bought, converted and sold: nothing is held, the cash is the profit.
        assert_eq!(-Decimal::from(trade.outlay_usd()), net, "{trade:?}");
        return;
    }
    let count = case.members.len();
    let in_world =
        |world: &[bool]| worth(trade, orders, |member| Decimal::from(u8::from(world[member])));
    let worlds = worlds(case.relation, count);
    let least = worlds.iter().map(|world| in_world(world)).min().unwrap();
    assert_eq!(least, net, "the worst planned end earns the net: {trade:?}");
    // Scalar settlements are mixtures of worlds, so they earn no less; a tie between two members is one of them.
    for (a, b) in worlds.iter().zip(worlds.iter().skip(1)) {
        let share = |member: usize| {
            let half = Decimal::new(5, 1);
            half * Decimal::from(u8::from(a[member])) + half * Decimal::from(u8::from(b[member]))
        };
        assert!(worth(trade, orders, share) >= net, "{trade:?}");
    }
}

fn check_endings(case: &Case, pipeline: &Pipeline<Memory>, trade: &Opportunity, orders: &[Order]) {
    let endings = &pipeline.sink().endings[&trade.id];
    let net_in = |ending: Ending| {
        endings.iter().find(|e| e.ending == ending).map(|e| Decimal::from(e.net_usd))
    };
    assert_eq!(net_in(Ending::Planned), Some(Decimal::from(trade.net_usd)));
    if trade.class == OpportunityClass::Conversion {
        assert_eq!(endings.len(), 1);
        return;
    }
    let half = worth(trade, orders, |_| Decimal::new(5, 1));
    assert_eq!(net_in(Ending::FiftyFifty), Some(half));
    assert_eq!(net_in(Ending::Void), Some(-Decimal::from(trade.fees_usd)));
    // One order gives its price back, the others end in the worst world.
    let quantity = Decimal::from(trade.quantity);
    let worlds = worlds(case.relation, case.members.len());
    let void_one = (0..orders.len())
        .flat_map(|void| worlds.iter().map(move |world| (void, world)))
        .map(|(void, world)| {
            let rest: Decimal = orders
                .iter()
                .enumerate()
                .filter(|(index, _)| *index != void)
                .map(|(_, order)| {
                    let wins = world[order.member] == (order.outcome == Outcome::Yes);
                    if wins { quantity } else { Decimal::ZERO }
                })
                .sum();
            rest + Decimal::from(trade.legs[void].cost_usd) - Decimal::from(trade.outlay_usd())
        })
        .min();
    assert_eq!(net_in(Ending::VoidOne), void_one, "{trade:?}");
    let differ = orders.iter().any(|order| order.venue != orders[0].venue);
    assert_eq!(net_in(Ending::VenuesDiffer).is_some(), differ);
    let nobody = (trade.class == OpportunityClass::Group && orders[0].outcome == Outcome::Yes)
        .then(|| worth(trade, orders, |_| Decimal::ZERO));
    assert_eq!(net_in(Ending::NobodyWins), nobody);
}

#[test]
fn every_trade_of_a_set_equals_brute_force() {
    let cases = if std::env::var_os("ARB_LONG").is_some() { 120_000 } else { 10_000 };
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut found = std::collections::BTreeMap::<String, u32>::new();
    for number in 0..cases {
        let case = Case::random(&mut random);
        let pipeline = case.run();
        let shown: Vec<&Opportunity> =
            pipeline.open_opportunities().map(|(trade, _)| trade).collect();
        let expected: Vec<_> = case
            .trades()
            .into_iter()
            .filter_map(|(name, orders, pays)| {
                let (quantity, net) = case.best(&orders, pays)?;
                Some((name, orders, quantity, net))
            })
            .collect();
        let names: Vec<(&str, String, String)> = shown
            .iter()
            .map(|trade| {
                let name = trade.id.split('/').nth(1).unwrap();
                (name, trade.quantity.to_string(), trade.net_usd.to_string())
            })
            .collect();
        let wanted: Vec<(&str, String, String)> = expected
            .iter()
            .map(|(name, _, quantity, net)| {
                (name.as_str(), quantity.normalize().to_string(), net.normalize().to_string())
            })
            .collect();
        assert_eq!(names, wanted, "case {number}: {} {:?}", case.relation, case.members);
        for (trade, (name, orders, ..)) in shown.into_iter().zip(&expected) {
            for (leg, order) in trade.legs.iter().zip(orders) {
                assert_eq!(leg.venue.index(), order.venue);
                assert_eq!((leg.outcome, leg.action), (order.outcome, order.action));
            }
            check_payoff(&case, trade, orders);
            check_endings(&case, &pipeline, trade, orders);
            let venues = orders.iter().any(|order| order.venue != orders[0].venue);
            let kind = name.split('-').next().unwrap().trim_end_matches(char::is_numeric);
            let kind = if name.starts_with("all") { name.as_str() } else { kind };
            *found.entry(format!("{kind}{}", if venues { " merged" } else { "" })).or_default() +=
                1;
        }
    }
    println!("{found:?}");
    for kind in
        ["all-yes", "all-yes merged", "all-no", "all-no merged", "yes", "yes merged", "convert"]
    {
        let times = found.get(kind).copied().unwrap_or(0);
        assert!(times > 50, "{kind} only {times} times: the boards are too tame to prove anything");
    }
}

/// A pipeline over Kalshi or Polymarket members that each offer YES and bid for it at these prices, 100 contracts each.
fn quoted(relation: &str, venue: &str, bids_and_asks: &[(&str, &str)]) -> Pipeline<Memory> {
    let config = PipelineConfig::default().with_detectors(detect::all());
    quoted_by(config, relation, venue, bids_and_asks)
}

fn quoted_by(
    config: PipelineConfig,
    relation: &str,
    venue: &str,
    bids_and_asks: &[(&str, &str)],
) -> Pipeline<Memory> {
    let kalshi = venue == "kalshi";
    let members: Vec<serde_json::Value> =
        (0..bids_and_asks.len()).map(|n| serde_json::json!({venue: n.to_string()})).collect();
    let file = serde_json::json!([{
        "id": "s", "relation": relation, "neg_risk": !kalshi, "members": members,
        "fees": {"kalshi": {"multiplier": "1", "precision": "0.0001"},
            "polymarket": {"rate": "0.05", "exponent": "1"}},
    }]);
    let mut pipeline = Pipeline::new(config, Memory::default());
    pipeline.replace_sets(sets::parse(&file.to_string()).unwrap());
    for (number, (bid, ask)) in (0_u64..).zip(bids_and_asks) {
        let one = |price: &str| vec![(price.parse().unwrap(), Decimal::ONE_HUNDRED)];
        let (bids, asks) = (one(bid), one(ask));
        let name = number.to_string();
        if kalshi {
            let frame = kalshi_of(&name, number + 1, 1, &text(&bids), &text(&mirror(&asks)));
            pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
        } else {
            let frame = polymarket_of(&name, &text(&bids), &text(&asks));
            pipeline.on_frame(Venue::Polymarket, 0, at(0), frame.as_bytes());
        }
    }
    pipeline
}

fn nets(pipeline: &Pipeline<Memory>) -> Vec<String> {
    let open = pipeline.open_opportunities();
    open.map(|(trade, _)| format!("{} {} {}", trade.id, trade.quantity, trade.net_usd)).collect()
}

#[test]
fn the_worked_examples_of_the_detectors_hold() {
    let group = quoted("partition", "kalshi", &[("0.2", "0.30"), ("0.2", "0.35"), ("0.2", "0.30")]);
    assert_eq!(nets(&group), ["s/all-yes/1 100 0.4675"]);
    let group = quoted("exclusive", "kalshi", &[("0.40", "0.5"), ("0.36", "0.5"), ("0.35", "0.5")]);
    assert_eq!(nets(&group), ["s/all-no/1 100 6.1147"]);
    let chain = quoted("chain", "kalshi", &[("0.5", "0.62"), ("0.66", "0.7")]);
    // The document takes half of it: 50 contracts for $0.39.
    assert_eq!(nets(&chain), ["s/yes0-no1/1 100 0.78"]);
    let conversion =
        quoted("apart", "polymarket", &[("0.40", "0.5"), ("0.36", "0.5"), ("0.35", "0.5")]);
    assert_eq!(nets(&conversion), ["s/convert/1 100 7.5105"]);
}

/// A small order at a good price does not bound a trade that is worth more without it.
#[test]
fn an_order_of_two_contracts_does_not_hide_a_large_trade() {
    let config = || PipelineConfig::default().with_detectors(detect::all());
    let level = |price: &str, size: &str| [(price.to_owned(), size.to_owned())];
    let mut conversion = quoted_by(
        config(),
        "apart",
        "polymarket",
        &[("0.40", "0.5"), ("0.36", "0.5"), ("0.35", "0.5"), ("0.01", "0.02")],
    );
    for price in ["0.01", "0.45"] {
        let frame = polymarket_of("3", &level(price, "2"), &level("0.5", "2"));
        conversion.on_frame(Venue::Polymarket, 0, at(1), frame.as_bytes());
        // As if nobody bid for the fourth.
        assert_eq!(nets(&conversion), ["s/convert/1 100 7.5105"], "two bid for at {price}");
    }

    let file = r#"[{"id":"s","relation":"chain","members":[{"kalshi":"A","polymarket":"a"},{"kalshi":"B","polymarket":"b"}],
        "fees":{"kalshi":{"multiplier":"0"},"polymarket":{"rate":"0","exponent":"1"}}}]"#;
    let mut chain = Pipeline::new(config(), Memory::default());
    chain.replace_sets(sets::parse(file).unwrap());
    // YES of A at 0.40 and NO of B at 0.50 for 100 contracts on Kalshi.
    let frame = kalshi_of("A", 1, 1, &level("0.30", "100"), &level("0.60", "100"));
    chain.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
    let frame = kalshi_of("B", 2, 1, &level("0.50", "100"), &level("0.40", "100"));
    chain.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
    assert_eq!(nets(&chain), ["s/yes0-no1/1 100 10"]);
    // Two contracts of each a cent cheaper on Polymarket.
    let frame = polymarket_of("a", &level("0.2", "2"), &level("0.39", "2"));
    chain.on_frame(Venue::Polymarket, 0, at(1), frame.as_bytes());
    let frame = polymarket_of("b", &level("0.51", "2"), &level("0.7", "2"));
    chain.on_frame(Venue::Polymarket, 0, at(2), frame.as_bytes());
    assert_eq!(nets(&chain), ["s/yes0-no1/1 100 10"]);
    assert_eq!(chain.sink().shown.len(), 1);
}

#[test]
fn a_field_of_forty_is_one_trade_and_one_of_more_than_sixty_four_none() {
    // 40 · 100 at 0.02 cost $80 and pay $100; fees 0.07 · 100 · 0.0196 = 0.1372 each.
    let group = quoted("partition", "kalshi", &[("0.01", "0.02"); 40]);
    assert_eq!(nets(&group), ["s/all-yes/1 100 14.512"]);
    assert_eq!(group.sink().shown.last().unwrap().0.legs.len(), 40);
    // NO of the first costs 0.97, the other 39 bring 1.17: $20, less 0.05 · 100 · 0.0291 = 0.1455 for each of 40 orders.
    let conversion = quoted("apart", "polymarket", &[("0.03", "0.5"); 40]);
    assert_eq!(nets(&conversion), ["s/convert/1 100 14.18"]);
    let largest = quoted("partition", "kalshi", &[("0.001", "0.01"); 64]);
    assert_eq!(largest.sink().shown.last().unwrap().0.legs.len(), 64);
    assert_eq!(largest.ranked()[0].1.epochs.len(), 64);
    let group = quoted("partition", "kalshi", &[("0.001", "0.01"); 65]);
    assert!(nets(&group).is_empty());
    assert_eq!(
        group.board().refused()[0].to_string(),
        "set s has 65 members, of which at most 64 are traded together: approve a smaller set"
    );
}

#[test]
fn a_set_that_may_not_be_exhaustive_is_refused_by_name_and_its_missing_mass_is_told() {
    let group = quoted("exclusive", "kalshi", &[("0.30", "0.32"), ("0.28", "0.30")]);
    assert!(nets(&group).is_empty());
    assert_eq!(
        group.board().refused()[0].to_string(),
        "set s is not known to cover every outcome: YES of its 2 members pays nothing when something unlisted happens"
    );
    let mass = group.missing_mass("s").unwrap();
    assert_eq!((mass.least.to_string(), mass.most.to_string()), ("0.38".into(), "0.42".into()));
    assert_eq!(group.missing_mass("t"), None);
    // Its books are wanted, also where no detector takes it.
    let config = PipelineConfig::default().with_paired_books_only();
    let mut group = quoted_by(config, "exclusive", "kalshi", &[("0.30", "0.32"), ("0.28", "0.30")]);
    group.forget_unpaired();
    assert_eq!(group.missing_mass("s"), Some(mass));
}

#[test]
fn the_two_outcomes_of_one_book_are_never_below_a_dollar_unless_it_is_crossed() {
    for venue in ["kalshi", "polymarket"] {
        let apart = quoted("apart", venue, &[("0.46", "0.45"), ("0.44", "0.45")]);
        // The crossed market is not priced; the other's merge is, and Polymarket's split.
        let priced = if venue == "kalshi" { 1 } else { 2 };
        assert_eq!(apart.funnel().priced, priced);
        assert!(apart.sink().shown.is_empty());
    }
}

#[test]
fn a_member_changes_venue_within_one_episode() {
    let file = r#"[{"id":"s","relation":"chain","members":[{"kalshi":"A","polymarket":"a"},{"kalshi":"B"}],
        "fees":{"kalshi":{"multiplier":"0"},"polymarket":{"rate":"0","exponent":"1"}}}]"#;
    let config = PipelineConfig::default().with_detectors(detect::all());
    let mut pipeline = Pipeline::new(config, Memory::default());
    pipeline.replace_sets(sets::parse(file).unwrap());
    let level = |price: &str| [(price.to_owned(), "10".to_owned())];
    let mut seq = 0;
    let mut kalshi = |pipeline: &mut Pipeline<Memory>, ticker, bid: &str, no: &str| {
        seq += 1;
        let frame = kalshi_of(ticker, 1, seq, &level(bid), &level(no));
        pipeline.on_frame(Venue::Kalshi, 0, at(seq as i64), frame.as_bytes());
    };
    kalshi(&mut pipeline, "A", "0.30", "0.60");
    kalshi(&mut pipeline, "B", "0.50", "0.40");
    // YES of A at 0.40 on Kalshi, NO of B at 0.50.
    assert_eq!(pipeline.sink().shown.last().unwrap().0.legs[0].market, "A");
    let frame = polymarket_of("a", &level("0.2"), &level("0.40"));
    pipeline.on_frame(Venue::Polymarket, 0, at(3), frame.as_bytes());
    assert_eq!(pipeline.sink().shown.len(), 1, "at the same price Kalshi's is taken");
    // Kalshi's ask moves away by just what Polymarket still offers: the figures stay, the order is another one.
    kalshi(&mut pipeline, "A", "0.30", "0.55");
    let (trade, _) = pipeline.sink().shown.last().unwrap();
    assert_eq!((trade.id.as_str(), trade.legs[0].market.as_str()), ("s/yes0-no1/1", "a"));
    assert_eq!(pipeline.sink().shown.len(), 2);
    pipeline.on_close(Venue::Polymarket, 0, at(9));
    assert_eq!(pipeline.sink().shown.len(), 3, "Kalshi's 0.45 still pays with NO at 0.50");
}

#[test]
fn a_chain_of_more_members_than_can_be_told_apart_is_refused() {
    let chain = |members: usize| {
        let members: Vec<String> =
            (0..members).map(|n| format!(r#"{{"kalshi":"K{n}","polymarket":"{n}"}}"#)).collect();
        let file =
            format!(r#"[{{"id":"c","relation":"chain","members":[{}]}}]"#, members.join(","));
        let config = PipelineConfig::default().with_detectors(detect::all());
        let mut pipeline = Pipeline::new(config, Memory::default());
        pipeline.replace_sets(sets::parse(&file).unwrap());
        // YES of K255 at 0.45, and nobody else has a book.
        let level = |price: &str| [(price.to_owned(), "60".to_owned())];
        let frame = kalshi_of("K255", 1, 1, &level("0.43"), &level("0.55"));
        pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
        let refused: Vec<String> =
            pipeline.board().refused().iter().map(|r| r.to_string()).collect();
        (pipeline.open_opportunities().count(), refused)
    };
    assert_eq!(chain(256), (0, Vec::new()), "one leg is no trade");
    let reason =
        "set c has 257 members, of which at most 256 are traded together: approve a smaller set";
    assert_eq!(chain(257), (0, vec![reason.to_owned()]));
}
