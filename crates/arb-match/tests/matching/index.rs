use std::collections::BTreeSet;

use arb_match::{Catalogue, Index};
use arb_normalize::{Market, Venue};
use proptest::prelude::*;

use crate::markets::{market, pairs};

fn titled(venue: Venue, id: &str, title: &str) -> Market {
    market(venue, id, title, "", "2026-01-01T00:00:00Z", ["Yes", "No"])
}

#[test]
fn tradeable_pairs_are_among_the_candidates() {
    let all = pairs();
    let mut catalogue = Catalogue::new();
    for pair in &all {
        catalogue.insert(pair.kalshi.clone());
        catalogue.insert(pair.polymarket.clone());
    }
    let found: BTreeSet<_> =
        catalogue.all_candidates().into_iter().map(|c| (c.kalshi, c.polymarket)).collect();
    for pair in all.iter().filter(|pair| pair.label.tradeable == Some(true)) {
        assert!(
            found.contains(&(pair.kalshi.key.id.clone(), pair.polymarket.key.id.clone())),
            "{}",
            pair.kalshi.title
        );
    }
}

#[test]
fn at_most_twenty_and_in_a_stable_order() {
    let mut catalogue = Catalogue::new();
    for i in (0..50).rev() {
        catalogue.insert(titled(
            Venue::Polymarket,
            &format!("0x{i:02}"),
            "Will Ann Berg win the Oslo regatta?",
        ));
    }
    let kalshi = titled(Venue::Kalshi, "KXREGATTA", "Will Ann Berg win the Oslo regatta?");
    let found = catalogue.candidates(&kalshi);
    let ids: Vec<_> = found.iter().map(|c| c.polymarket.clone()).collect();
    let want: Vec<_> = (0..20).map(|i| format!("0x{i:02}")).collect();
    assert_eq!(ids, want);
}

#[test]
fn combos_are_held_out() {
    let mut combo = titled(Venue::Kalshi, "KXMVE-1", "Will Ann Berg win the Oslo regatta?");
    combo.multi_leg = true;
    let mut catalogue = Catalogue::new();
    assert!(!catalogue.insert(combo));
    assert!(catalogue.market(Venue::Kalshi, "KXMVE-1").is_none());
}

const WORDS: [&str; 12] = [
    "oslo", "regatta", "berg", "tariff", "hormuz", "comet", "lisbon", "harvest", "violin",
    "glacier", "orchid", "lantern",
];

fn cases() -> u32 {
    if std::env::var_os("ARB_LONG").is_some() { 2_000 } else { 64 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    /// Whatever was added, replaced and removed before, the index answers like one built from what is left.
    #[test]
    fn history_leaves_no_trace(steps in prop::collection::vec((0..8_u8, prop::collection::vec(0..WORDS.len(), 1..5), any::<bool>()), 1..40)) {
        let mut index = Index::new();
        let mut held: std::collections::BTreeMap<String, Market> = std::collections::BTreeMap::new();
        for (id, words, add) in steps {
            let id = format!("0x{id}");
            if add {
                let title = words.iter().map(|w| WORDS[*w]).collect::<Vec<_>>().join(" ");
                let market = titled(Venue::Polymarket, &id, &title);
                index.insert(&market);
                held.insert(id, market);
            } else {
                prop_assert_eq!(index.remove(&id), held.remove(&id).is_some());
            }
        }
        prop_assert_eq!(index.len(), held.len());
        let mut fresh = Index::new();
        held.values().rev().for_each(|market| fresh.insert(market));
        let query = titled(Venue::Kalshi, "K", "oslo berg violin orchid");
        prop_assert_eq!(index.candidates(&query, 5), fresh.candidates(&query, 5));
    }
}

/// What is said of all markets at once is what each market is told alone.
#[test]
fn all_candidates_are_those_of_every_market() {
    let mut catalogue = Catalogue::new();
    let all = pairs();
    for pair in &all {
        catalogue.insert(pair.polymarket.clone());
        catalogue.insert(pair.kalshi.clone());
    }
    let mut tickers: Vec<&str> = all.iter().map(|pair| pair.kalshi.key.id.as_str()).collect();
    tickers.sort_unstable();
    tickers.dedup();
    let one_by_one: Vec<_> = tickers
        .into_iter()
        .filter_map(|ticker| catalogue.market(Venue::Kalshi, ticker))
        .flat_map(|market| catalogue.candidates(market))
        .collect();
    assert_eq!(catalogue.all_candidates(), one_by_one);
}
