use arb_match::{Approvals, Catalogue, Ground, MatchError, Refusal, TermMatcher, fingerprint};
use arb_normalize::{Market, Pair, Relation, Venue};
use time::macros::datetime;

use crate::markets::market;

const AT: time::OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

fn markets() -> (Market, Market) {
    let kalshi = market(
        Venue::Kalshi,
        "KXDEAL-27-PER",
        "Will Norway and Peru sign a trade deal?",
        "If Norway and Peru sign a trade deal before Jan 1, 2027, then the market resolves to Yes.",
        "2027-01-01T00:00:00Z",
        ["Yes", "No"],
    );
    let mut polymarket = market(
        Venue::Polymarket,
        "0xdeal",
        "Norway and Peru sign a trade deal?",
        "This market will resolve to \"Yes\" if Norway and Peru sign a trade deal by December 31, 2026, 11:59 PM ET.",
        "2026-12-31T00:00:00Z",
        ["Yes", "No"],
    );
    polymarket.slug = Some("deal-norway-peru".to_owned());
    (kalshi, polymarket)
}

fn pair(relation: Relation) -> Pair {
    Pair {
        id: "deal".to_owned(),
        kalshi: "KXDEAL-27-PER".to_owned(),
        polymarket_yes: "0xdeal-1".to_owned(),
        polymarket_no: None,
        condition_id: Some("0xdeal".to_owned()),
        relation,
    }
}

#[test]
fn only_an_approval_makes_a_pair_tradable() {
    let (k, p) = markets();
    let mut approvals = Approvals::new();
    let check = |approvals: &Approvals, k: &Market, p: &Market| {
        approvals.check(&TermMatcher, &pair(Relation::Equal), k, p)
    };
    assert!(matches!(check(&approvals, &k, &p), Err(Refusal::NotApproved { .. })));
    approvals.approve(&k, &p, Relation::Equal, AT, "read both").unwrap();
    assert_eq!(check(&approvals, &k, &p), Ok(Ground::Pair));
    assert!(matches!(
        approvals.check(&TermMatcher, &pair(Relation::Complement), &k, &p),
        Err(Refusal::RelationDiffers { .. })
    ));
    approvals.reject(&k, &p, Relation::Equal, AT, "");
    assert!(matches!(check(&approvals, &k, &p), Err(Refusal::Rejected { .. })));
    assert!(matches!(
        approvals.approve(&k, &p, Relation::Superset, AT, ""),
        Err(MatchError::NotTradableRelation { .. })
    ));
}

#[test]
fn an_approval_lapses_when_a_text_changes_its_meaning() {
    let (k, p) = markets();
    let mut approvals = Approvals::new();
    approvals.approve(&k, &p, Relation::Equal, AT, "").unwrap();
    let mut cosmetic = p.clone();
    cosmetic.rules.primary =
        p.rules.primary.replace('"', "\u{201d}").replace(" if ", "  if\n").replace('.', ".&nbsp;");
    let mut single = p.clone();
    single.rules.primary = p.rules.primary.replace('"', "'");
    assert_eq!(fingerprint(&single), fingerprint(&p), "the style of quote marks does not count");
    cosmetic.volume = Some(rust_decimal::Decimal::ONE);
    cosmetic.outcomes.reverse();
    assert!(approvals.is_tradable(&TermMatcher, &pair(Relation::Equal), &k, &cosmetic));
    for change in [("11:59 PM", "11:58 PM"), ("Peru", "Chile"), ("sign", "announce")] {
        let mut other = p.clone();
        other.rules.primary = p.rules.primary.replace(change.0, change.1);
        let refusal =
            approvals.check(&TermMatcher, &pair(Relation::Equal), &k, &other).unwrap_err();
        assert!(matches!(refusal, Refusal::Lapsed { venue: Venue::Polymarket, .. }), "{refusal}");
    }
    let mut title = k.clone();
    title.title.push_str(" (2028)");
    assert!(!approvals.is_tradable(&TermMatcher, &pair(Relation::Equal), &title, &p));
    let mut label = p.clone();
    label.outcomes.swap(0, 1);
    (label.outcomes[0].label, label.outcomes[1].label) = ("Yes".into(), "No".into());
    assert_ne!(fingerprint(&label), fingerprint(&p), "a YES that became NO must count");
}

#[test]
fn a_pair_that_names_other_markets_is_refused() {
    let (k, p) = markets();
    let approvals = Approvals::from_pairs(&[pair(Relation::Equal)], |_| Some(&k), |_| Some(&p), AT);
    assert!(approvals.is_tradable(&TermMatcher, &pair(Relation::Equal), &k, &p));
    let mut wrong = pair(Relation::Equal);
    wrong.polymarket_yes = "0xdeal-2".to_owned();
    assert!(matches!(
        approvals.check(&TermMatcher, &wrong, &k, &p),
        Err(Refusal::OtherMarket { .. })
    ));
    let subset = Approvals::from_pairs(&[pair(Relation::Subset)], |_| Some(&k), |_| Some(&p), AT);
    assert_eq!(subset.iter().count(), 0);
}

#[test]
fn a_series_template_needs_a_probable_pair_the_shape_and_no_divergence() {
    let (k, p) = markets();
    let mut approvals = Approvals::new();
    approvals.approve_series(&k, &p, "deal-", AT);
    let (mut k2, mut p2) = markets();
    for m in [&mut k2, &mut p2] {
        m.title = m.title.replace("Peru", "Chile");
        m.rules.primary = m.rules.primary.replace("Peru", "Chile");
    }
    let check = |approvals: &Approvals, k: &Market, p: &Market| {
        approvals.check(&TermMatcher, &pair(Relation::Equal), k, p)
    };
    assert_eq!(check(&approvals, &k2, &p2), Ok(Ground::Series { settled_alike: 0 }));
    assert!(
        matches!(check(&approvals, &k2, &p), Err(Refusal::NotApproved { .. })),
        "Chile is not Peru"
    );
    let mut reworded = p2.clone();
    reworded.rules.primary = p2.rules.primary.replace("sign a", "announce a");
    assert!(matches!(check(&approvals, &k2, &reworded), Err(Refusal::Lapsed { .. })));
    assert!(approvals.record_settlement(&k, &p, true));
    assert_eq!(check(&approvals, &k2, &p2), Ok(Ground::Series { settled_alike: 1 }));
    approvals.record_settlement(&k, &p, false);
    assert!(matches!(check(&approvals, &k2, &p2), Err(Refusal::SeriesDiverged { count: 1, .. })));
}

#[test]
fn the_file_is_stable_versioned_and_reads_back() {
    let (k, p) = markets();
    let mut forward = Approvals::new();
    let mut backward = Approvals::new();
    let mut other = k.clone();
    other.key.id = "KXDEAL-26-PER".to_owned();
    forward.approve(&k, &p, Relation::Equal, AT, "a").unwrap();
    forward.approve(&other, &p, Relation::Complement, AT, "b").unwrap();
    backward.approve(&other, &p, Relation::Complement, AT, "b").unwrap();
    backward.approve(&k, &p, Relation::Equal, AT, "a").unwrap();
    let text = forward.to_json().unwrap();
    assert_eq!(text, backward.to_json().unwrap());
    assert_eq!(Approvals::from_json(&text).unwrap(), forward);
    assert!(matches!(
        Approvals::from_json(r#"{"v":2}"#),
        Err(MatchError::Version { found: 2, known: 1 })
    ));
    assert!(matches!(Approvals::from_json("[]"), Err(MatchError::Approvals { .. })));
}

#[test]
fn import_takes_all_lines_or_none() {
    let (k, p) = markets();
    let mut catalogue = Catalogue::new();
    catalogue.insert(k.clone());
    catalogue.insert(p.clone());
    let mut approvals = Approvals::new();
    let csv = "ticker,market\n\n# by slug, relation judged\nKXDEAL-27-PER,deal-norway-peru\n";
    assert_eq!(approvals.import(csv, &catalogue, &TermMatcher, AT).unwrap(), 1);
    assert!(approvals.is_tradable(&TermMatcher, &pair(Relation::Equal), &k, &p));
    let before = approvals.clone();
    for bad in [
        "KXDEAL-27-PER,0xdeal,rejected\nKXNONE,0xdeal",
        "KXDEAL-27-PER",
        "KXDEAL-27-PER,0xdeal,same",
    ] {
        let error = approvals.import(bad, &catalogue, &TermMatcher, AT).unwrap_err();
        assert!(matches!(error, MatchError::Import { .. }), "{error}");
        assert_eq!(approvals, before);
    }
    approvals
        .import("KXDEAL-27-PER,0xdeal,rejected,no, really", &catalogue, &TermMatcher, AT)
        .unwrap();
    assert_eq!(approvals.get("KXDEAL-27-PER", "0xdeal").unwrap().note, "no, really");
}
