use arb_match::{
    Approvals, Catalogue, Ground, MatchError, Matcher as _, Refusal, Remark, TermMatcher,
    fingerprint, shape_fingerprint,
};
use arb_normalize::{Market, Pair, Relation, Venue};
use serde_json::Value;
use time::macros::datetime;

use crate::markets::market;

const AT: time::OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const NOTED: Remark<'_> = Remark { at: AT, note: "", despite: &[] };

fn noted(note: &str) -> Remark<'_> {
    Remark { note, ..NOTED }
}

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

fn check(approvals: &Approvals, k: &Market, p: &Market) -> Result<Ground, Refusal> {
    approvals.check(&TermMatcher, &pair(Relation::Equal), k, p)
}

fn approved() -> (Market, Market, Approvals) {
    let (k, p) = markets();
    let mut approvals = Approvals::new();
    approvals.approve(&TermMatcher, &k, &p, Relation::Equal, &NOTED).unwrap();
    (k, p, approvals)
}

#[test]
fn only_an_approval_makes_a_pair_tradable() {
    let (k, p) = markets();
    let mut approvals = Approvals::new();
    assert!(matches!(check(&approvals, &k, &p), Err(Refusal::NotApproved { .. })));
    approvals.approve(&TermMatcher, &k, &p, Relation::Equal, &noted("read both")).unwrap();
    assert_eq!(check(&approvals, &k, &p), Ok(Ground::Pair));
    assert!(matches!(
        approvals.check(&TermMatcher, &pair(Relation::Complement), &k, &p),
        Err(Refusal::RelationDiffers { .. })
    ));
    approvals.reject(&TermMatcher, &k, &p, &NOTED);
    assert!(matches!(check(&approvals, &k, &p), Err(Refusal::Rejected { .. })));
    assert!(matches!(
        approvals.approve(&TermMatcher, &k, &p, Relation::Superset, &NOTED),
        Err(MatchError::NotTradableRelation { .. })
    ));
}

#[test]
fn what_speaks_against_an_approval_is_overridden_by_name() {
    let (k, p) = markets();
    let mut approvals = Approvals::new();
    let mut approve = |p: &Market, relation, despite: &[&str]| {
        let despite: Vec<String> = despite.iter().map(|&term| term.to_owned()).collect();
        let remark = Remark { despite: &despite, ..NOTED };
        approvals.approve(&TermMatcher, &k, p, relation, &remark)
    };
    let vetoed = |outcome| match outcome {
        Err(MatchError::Vetoed { terms, .. }) => terms,
        other => panic!("{other:?}"),
    };
    // The other relation is a matter of polarity, whatever the verdict.
    assert_eq!(vetoed(approve(&p, Relation::Complement, &[])), ["relation"]);
    let mut chile = p.clone();
    for text in [&mut chile.title, &mut chile.rules.primary] {
        *text = text.replace("Peru", "Chile");
    }
    let terms = vetoed(approve(&chile, Relation::Equal, &[]));
    assert!(!terms.is_empty());
    assert_eq!(vetoed(approve(&chile, Relation::Equal, &["weather"])), terms);
    let named: Vec<&str> = terms.iter().map(String::as_str).chain(["weather"]).collect();
    approve(&chile, Relation::Equal, &named).unwrap();
    let kept = approvals.get("KXDEAL-27-PER", "0xdeal").unwrap();
    assert_eq!(kept.despite, terms, "what does not speak against it is not kept");
    assert_eq!(check(&approvals, &k, &chile), Ok(Ground::Pair));
}

#[test]
fn an_approval_lapses_when_a_text_changes_its_meaning() {
    let (k, p, approvals) = approved();
    let mut cosmetic = p.clone();
    cosmetic.rules.primary =
        p.rules.primary.replace('"', "\u{201d}").replace(" if ", "  if\n").replace('.', ".&nbsp;");
    cosmetic.volume = Some(rust_decimal::Decimal::ONE);
    cosmetic.outcomes.reverse();
    assert_eq!(check(&approvals, &k, &cosmetic), Ok(Ground::Pair));
    for change in [("11:59 PM", "11:58 PM"), ("Peru", "Chile"), ("sign", "announce")] {
        let mut other = p.clone();
        other.rules.primary = p.rules.primary.replace(change.0, change.1);
        let refusal = check(&approvals, &k, &other).unwrap_err();
        assert!(matches!(refusal, Refusal::Lapsed { venue: Venue::Polymarket, .. }), "{refusal}");
    }
    let mut title = k.clone();
    title.title.push_str(" (2028)");
    assert!(check(&approvals, &title, &p).is_err());
    for change in [
        |m: &mut Market| m.slug = Some("deal-norway-chile".to_owned()),
        |m: &mut Market| {
            m.event_title = Some("Trade deals of 2028".to_owned());
        },
    ] {
        let mut other = p.clone();
        change(&mut other);
        assert!(matches!(check(&approvals, &k, &other), Err(Refusal::Lapsed { .. })));
    }
    let mut label = p.clone();
    label.outcomes.swap(0, 1);
    (label.outcomes[0].label, label.outcomes[1].label) = ("Yes".into(), "No".into());
    assert_ne!(fingerprint(&label), fingerprint(&p), "a YES that became NO must count");
}

#[test]
fn an_approval_lapses_when_the_judgement_turns_against_it() {
    let (k, p, approvals) = approved();
    let mut later = p.clone();
    later.close_at = later.close_at.map(|at| at + time::Duration::days(2));
    assert_eq!(check(&approvals, &k, &later), Ok(Ground::Pair), "end dates move");
    // The end date is not part of the text, and says which year a day without one is of.
    let day = |venue, id: &str, end: &str| {
        market(
            venue,
            id,
            "Will the Lakers beat the Celtics on March 3?",
            "If the Lakers beat the Celtics on March 3, then the market resolves to Yes.",
            end,
            ["Yes", "No"],
        )
    };
    let k = day(Venue::Kalshi, "KXGAME-1", "2026-03-04T00:00:00Z");
    let p = day(Venue::Polymarket, "0xgame", "2026-03-04T00:00:00Z");
    let mut approvals = Approvals::new();
    approvals.approve(&Stern, &k, &p, Relation::Equal, &NOTED).unwrap();
    let moved = day(Venue::Polymarket, "0xgame", "2027-03-04T00:00:00Z");
    assert_eq!(fingerprint(&moved), fingerprint(&p));
    let refusal = approvals.holds(&Stern, &k, &moved).unwrap_err();
    assert!(
        matches!(&refusal, Refusal::Vetoed { terms, .. } if terms == &["edition"]),
        "{refusal}"
    );
    // What the operator has overridden does not end the approval.
    let despite = ["edition".to_owned()];
    let remark = Remark { despite: &despite, ..NOTED };
    approvals.approve(&Stern, &k, &moved, Relation::Equal, &remark).unwrap();
    let farther = day(Venue::Polymarket, "0xgame", "2029-03-04T00:00:00Z");
    approvals.holds(&Stern, &k, &moved).unwrap();
    approvals.holds(&Stern, &k, &farther).unwrap();
}

/// Holds years that differ against a pair, and nothing else.
struct Stern;

impl arb_match::Matcher for Stern {
    fn judge(&self, kalshi: &Market, polymarket: &Market) -> arb_match::Judgement {
        let years = [kalshi, polymarket].map(|m| m.close_at.map(|at| at.year()));
        let differs = years[0] != years[1];
        let edition = arb_match::Difference {
            term: "edition".to_owned(),
            kalshi: format!("{:?}", years[0]),
            polymarket: format!("{:?}", years[1]),
            kind: arb_match::DifferenceKind::Contradiction,
        };
        arb_match::Judgement {
            similarity: 1.0,
            relation: Relation::Equal,
            verdict: if differs {
                arb_match::Verdict::Rejected
            } else {
                arb_match::Verdict::Probable
            },
            differences: if differs { vec![edition] } else { Vec::new() },
        }
    }
}

#[test]
fn marks_that_mean_something_count_and_marks_that_do_not_do_not() {
    let (_, p) = markets();
    let print = |rules: &str| {
        let mut market = p.clone();
        market.rules.primary = rules.to_owned();
        fingerprint(&market)
    };
    for (a, b) in [
        ("above 10\u{b2} m", "above 102 m"),
        ("over 5'11\" tall", "over 511 tall"),
        ("over 6' long", "over 6\" long"),
        ("x\u{bd}", "x12"),
        ("to the US", "to the us"),
    ] {
        assert_ne!(print(a), print(b), "{a} {b}");
    }
    let plain = print("resolves to \"Yes\" - if 'it' is \"above 5\".");
    for same in [
        "resolves to \u{201e}Yes\u{201f} \u{2013} if \u{201a}it\u{2018} is \u{201e}above 5\u{201d}.",
        "resolves to \u{ab}Yes\u{bb} - if \u{2039}it\u{203a} is \u{2033}above 5\u{2033}.",
        "resolves to &bdquo;Yes&rdquo; &ndash; if &sbquo;it&lsquo; is &laquo;above 5&raquo;.",
        "resolves to &amp;quot;Yes&amp;quot; - if &amp;#39;it&amp;#39; is &quot;above 5&quot;.",
        "resolves&ensp;to&thinsp;\"Yes\" - if 'it'\u{2009}is\u{a0}\"above 5\".",
        "\u{feff}resol\u{ad}ves to\u{200b} \"Yes\" - if 'it' is \"above 5\".",
        "resolves to Yes - if it is above 5.",
    ] {
        assert_eq!(print(same), plain, "{same}");
    }
}

#[test]
fn a_pair_that_names_other_markets_is_refused() {
    let (k, p, approvals) = approved();
    let mut wrong = pair(Relation::Equal);
    wrong.polymarket_yes = "0xdeal-2".to_owned();
    assert!(matches!(
        approvals.check(&TermMatcher, &wrong, &k, &p),
        Err(Refusal::OtherMarket { .. })
    ));
}

/// The markets of the same series about another country.
fn of(country: &str) -> (Market, Market) {
    let (mut k, mut p) = markets();
    for m in [&mut k, &mut p] {
        m.title = m.title.replace("Peru", country);
        m.rules.primary = m.rules.primary.replace("Peru", country);
    }
    k.key.id = format!("KXDEAL-27-{country}");
    p.key.id = format!("0x{country}");
    (k, p)
}

#[test]
fn a_series_template_needs_a_probable_pair_the_shape_and_no_divergence() {
    let (k, p, mut approvals) = approved();
    approvals.approve_series(&TermMatcher, &k, &p, "deal-", AT).unwrap();
    let (k2, p2) = of("Chile");
    let holds = |approvals: &Approvals, k: &Market, p: &Market| approvals.holds(&TermMatcher, k, p);
    let series = |settled_alike| Ok((Relation::Equal, Ground::Series { settled_alike }));
    assert_eq!(holds(&approvals, &k2, &p2), series(0));
    let (_, p3) = of("Brazil");
    assert!(
        matches!(holds(&approvals, &k2, &p3), Err(Refusal::NotApproved { .. })),
        "Chile is not Brazil"
    );
    for (old, new) in [
        ("sign a", "announce a"),
        ("\"Yes\" if", "\"No\" if"),
        ("\" if ", "\" unless "),
        ("PM ET", "PM PT"),
        ("by December", "after December"),
    ] {
        let mut reworded = p2.clone();
        reworded.rules.primary = p2.rules.primary.replace(old, new);
        assert_ne!(reworded, p2);
        let refusal = holds(&approvals, &k2, &reworded);
        assert!(matches!(refusal, Err(Refusal::Lapsed { .. })), "{new}: {refusal:?}");
    }
    let mut unless = k2.clone();
    unless.rules.primary = k2.rules.primary.replace("If ", "Unless ");
    assert_ne!(shape_fingerprint(&unless), shape_fingerprint(&k2));
    let mut until = k2.clone();
    until.rules.primary = k2.rules.primary.replace("If ", "Until ");
    assert_ne!(shape_fingerprint(&until), shape_fingerprint(&unless), "before a name too");
    let mut source = p2.clone();
    source.rules.source = Some("Fox News".to_owned());
    assert_ne!(shape_fingerprint(&source), shape_fingerprint(&p2));
    approvals.record_settlement(&k, &p, true).unwrap();
    approvals.record_settlement(&k, &p, true).unwrap();
    assert_eq!(holds(&approvals, &k2, &p2), series(1), "a pair counts once");
    approvals.record_settlement(&k, &p, false).unwrap();
    assert!(matches!(holds(&approvals, &k2, &p2), Err(Refusal::SeriesDiverged { count: 1, .. })));
    assert_eq!(approvals.templates().next().unwrap().settled_alike, 0);
    let again = approvals.approve_series(&TermMatcher, &k, &p, "deal-", AT).unwrap_err();
    assert!(again.to_string().contains("settled differently"), "{again}");
}

#[test]
fn a_template_is_made_of_an_approved_probable_pair_of_its_series() {
    let (k, p, approved) = approved();
    let refused = |approvals: &Approvals, k: &Market, p: &Market, prefix: &str| {
        approvals.clone().approve_series(&TermMatcher, k, p, prefix, AT).unwrap_err().to_string()
    };
    assert!(refused(&Approvals::new(), &k, &p, "deal-").contains("no approval"));
    assert!(refused(&approved, &k, &p, "").contains("prefix"));
    assert!(refused(&approved, &k, &p, "trade-").contains("does not begin with the prefix"));
    let (k2, p2) = of("Chile");
    let error = approved.clone().record_settlement(&k2, &p2, true).unwrap_err();
    assert!(matches!(error, MatchError::NoTemplate { .. }), "{error}");
    // A series that the venue names otherwise than its tickers begin.
    let named = |market: &Market| Market { series_id: Some("DEALS".to_owned()), ..market.clone() };
    let mut approvals = approved.clone();
    approvals.approve_series(&TermMatcher, &named(&k), &p, "deal-", AT).unwrap();
    approvals.holds(&TermMatcher, &named(&k2), &p2).unwrap();
    assert!(approvals.holds(&TermMatcher, &k2, &p2).is_err(), "another series");
}

#[test]
fn a_series_that_diverged_is_not_hidden_by_a_wider_template() {
    let (k, p, mut approvals) = approved();
    approvals.approve_series(&TermMatcher, &k, &p, "deal-norway-", AT).unwrap();
    approvals.record_settlement(&k, &p, false).unwrap();
    approvals.approve_series(&TermMatcher, &k, &p, "deal-", AT).unwrap();
    let (k2, p2) = of("Chile");
    let refusal = approvals.holds(&TermMatcher, &k2, &p2).unwrap_err();
    assert!(matches!(refusal, Refusal::SeriesDiverged { .. }), "{refusal}");
}

#[test]
fn the_file_is_stable_versioned_and_reads_back() {
    let (k, p) = markets();
    let mut forward = Approvals::new();
    let mut backward = Approvals::new();
    let mut other = k.clone();
    other.key.id = "KXDEAL-26-PER".to_owned();
    let approve = |all: &mut Approvals, k: &Market, note: &str| {
        all.approve(&TermMatcher, k, &p, Relation::Equal, &noted(note)).unwrap();
    };
    approve(&mut forward, &k, "a");
    approve(&mut forward, &other, "b");
    approve(&mut backward, &other, "b");
    approve(&mut backward, &k, "a");
    forward.approve_series(&TermMatcher, &k, &p, "deal-", AT).unwrap();
    backward.approve_series(&TermMatcher, &k, &p, "deal-", AT).unwrap();
    let text = forward.to_json().unwrap();
    assert_eq!(text, backward.to_json().unwrap());
    assert_eq!(Approvals::from_json(&text).unwrap(), forward);
    assert!(matches!(Approvals::from_json("[]"), Err(MatchError::Approvals { .. })));
    let entry = &text[text.find('{').unwrap() + 1..];
    let entry = &entry[entry.find('{').unwrap()..=entry.find('}').unwrap()];
    let said = |text: &str| Approvals::from_json(text).unwrap_err().to_string();
    for (bad, why) in [
        (r#"{"v":0}"#.to_owned(), "version 0"),
        (r#"{"v":3,"pairs":[{"otherwise":1}]}"#.to_owned(), "version 3"),
        (text.replace("\"note\"", "\"owner\""), "unknown field `owner`"),
        (r#"{"v":2,"owner":"me"}"#.to_owned(), "unknown field `owner`"),
        (format!(r#"{{"v":2,"pairs":[{entry},{entry}]}}"#), "stands in it twice"),
        (text.replace("\"equal\"", "\"subset\""), "neither as equal nor as complement"),
    ] {
        assert!(said(&bad).contains(why), "{bad}: {}", said(&bad));
    }
}

#[test]
fn files_of_version_1_are_read_and_their_approvals_have_lapsed() {
    let text = r#"{"v":1,"pairs":[{"kalshi":"KXDEAL-27-PER","polymarket":"0xdeal","relation":"equal","decision":"approved",
        "at":"2026-03-01T12:00:00Z","note":"old","kalshi_rules":"00","polymarket_rules":"11"}],
        "templates":[{"kalshi_series":"KXDEAL","polymarket_prefix":"deal-","at":"2026-03-01T12:00:00Z","kalshi_shape":"22",
        "polymarket_shape":"33","settled_alike":3,"settled_differently":0}]}"#;
    let approvals = Approvals::from_json(text).unwrap();
    let (k, p) = markets();
    assert!(matches!(check(&approvals, &k, &p), Err(Refusal::Lapsed { .. })));
    let (k2, p2) = of("Chile");
    let refusal = approvals.holds(&TermMatcher, &k2, &p2);
    assert!(matches!(refusal, Err(Refusal::Lapsed { .. })), "{refusal:?}");
    assert!(approvals.to_json().unwrap().contains("\"v\": 2"));
}

/// The members a JSON Schema object names, with those it requires.
fn members(schema: &Value) -> (Vec<&String>, Vec<&str>) {
    let required = schema["required"].as_array().unwrap();
    let properties = schema["properties"].as_object().unwrap();
    (properties.keys().collect(), required.iter().map(|name| name.as_str().unwrap()).collect())
}

#[test]
fn the_schema_names_what_the_file_has() {
    let schema: Value =
        serde_json::from_str(include_str!("../../schema/approvals.schema.json")).unwrap();
    let (k, p, mut approvals) = approved();
    approvals.approve_series(&TermMatcher, &k, &p, "deal-", AT).unwrap();
    approvals.record_settlement(&k, &p, true).unwrap();
    let despite = TermMatcher.judge(&k, &p).vetoes(Relation::Complement);
    let remark = Remark { despite: &despite, ..noted("turned") };
    approvals.approve(&TermMatcher, &k, &p, Relation::Complement, &remark).unwrap();
    let full: Value = serde_json::from_str(&approvals.to_json().unwrap()).unwrap();
    let (pair, template) = (&schema["$defs"]["pair"], &schema["$defs"]["template"]);
    for (written, schema) in
        [(&full, &schema), (&full["pairs"][0], pair), (&full["templates"][0], template)]
    {
        assert_eq!(schema["additionalProperties"], Value::Bool(false));
        let written: Vec<&String> = written.as_object().unwrap().keys().collect();
        let (known, required) = members(schema);
        assert_eq!(written, known, "every field stands in a full entry");
        assert!(required.iter().all(|name| written.iter().any(|w| w == name)));
    }
    let mut least = Approvals::new();
    least.reject_named(&Catalogue::new(), &TermMatcher, "KXGONE", "0xgone", &NOTED).unwrap();
    let least: Value = serde_json::from_str(&least.to_json().unwrap()).unwrap();
    let least: Vec<&String> = least["pairs"][0].as_object().unwrap().keys().collect();
    let mut required = members(pair).1;
    required.sort_unstable();
    assert_eq!(least, required, "the least entry has what is required");
}

fn catalogue() -> (Market, Market, Catalogue) {
    let (k, p) = markets();
    let mut catalogue = Catalogue::new();
    catalogue.insert(k.clone());
    catalogue.insert(p.clone());
    (k, p, catalogue)
}

#[test]
fn import_takes_all_lines_or_none() {
    let (k, p, catalogue) = catalogue();
    let mut approvals = Approvals::new();
    let mut import = |csv: &str| approvals.import(csv, &catalogue, &TermMatcher, &NOTED);
    let csv = "\u{feff}\"Ticker\",market\r\n\r\n# by slug, relation judged\nKXDEAL-27-PER,deal-norway-peru\n";
    assert_eq!(import(csv).unwrap(), 1);
    for (bad, line, why) in [
        ("KXDEAL-27-PER,0xdeal,rejected\nKXNONE,0xdeal", 2, "no kalshi market KXNONE"),
        ("KXDEAL-27-PER", 1, "no condition id"),
        ("KXDEAL-27-PER,0xdeal,same", 1, "same is not equal"),
        ("TICKERX,0xdeal", 1, "no kalshi market TICKERX"),
        (
            "# twice\nKXDEAL-27-PER,0xdeal\nKXDEAL-27-PER,deal-norway-peru,rejected",
            3,
            "line 2 decides",
        ),
        ("KXDEAL-27-PER,0xdeal,complement", 1, "relation"),
        ("KXDEAL-27-PER,0xdeal,equal,\"why", 1, "not closed"),
    ] {
        match import(bad).unwrap_err() {
            MatchError::Import { line: found, reason } => {
                assert!(found == line && reason.contains(why), "{bad}: {found} {reason}");
            }
            other => panic!("{bad}: {other}"),
        }
    }
    for empty in ["", "\n# nothing\n", "ticker,market\n"] {
        assert!(matches!(import(empty), Err(MatchError::EmptyImport)));
    }
    assert_eq!(check(&approvals, &k, &p), Ok(Ground::Pair), "refused lines change nothing");
    for (line, note) in [
        ("KXDEAL-27-PER,0xdeal,rejected,no, really", "no, really"),
        ("KXDEAL-27-PER,0xdeal,rejected,he said \"no\"", "he said \"no\""),
        (
            "KXDEAL-27-PER,0xdeal,rejected,\"he said \"\"no\"\", twice\nor so\"",
            "he said \"no\", twice\nor so",
        ),
    ] {
        approvals.import(line, &catalogue, &TermMatcher, &NOTED).unwrap();
        assert_eq!(approvals.get("KXDEAL-27-PER", "0xdeal").unwrap().note, note);
    }
}

#[test]
fn markets_that_are_no_longer_listed_can_be_rejected() {
    let (k, p, catalogue) = catalogue();
    let mut approvals = Approvals::new();
    approvals.approve(&TermMatcher, &k, &p, Relation::Equal, &NOTED).unwrap();
    let print = approvals.get("KXDEAL-27-PER", "0xdeal").unwrap().kalshi_rules.clone();
    let nothing = Catalogue::new();
    let mut reject =
        |c: &Catalogue, k: &str, p: &str| approvals.reject_named(c, &TermMatcher, k, p, &NOTED);
    reject(&nothing, "KXDEAL-27-PER", "0xdeal").unwrap();
    reject(&catalogue, "KXGONE", "deal-norway-peru").unwrap();
    let unknown = reject(&nothing, "KXDEAL-27-PER", "deal-norway-peru").unwrap_err();
    assert!(matches!(unknown, MatchError::UnknownMarket { .. }), "{unknown}");
    assert!(matches!(check(&approvals, &k, &p), Err(Refusal::Rejected { .. })));
    assert_eq!(approvals.get("KXDEAL-27-PER", "0xdeal").unwrap().kalshi_rules, print);
    assert_eq!(approvals.get("KXGONE", "0xdeal").unwrap().relation, None);
    assert_eq!(Approvals::from_json(&approvals.to_json().unwrap()).unwrap(), approvals);
}

#[test]
fn a_slug_of_several_markets_names_none() {
    let (_, p, mut catalogue) = catalogue();
    let mut twin = p;
    twin.key.id = "0xtwin".to_owned();
    catalogue.insert(twin);
    let error = catalogue.find(Venue::Polymarket, "deal-norway-peru").unwrap_err();
    assert!(error.to_string().contains("0xdeal, 0xtwin"), "{error}");
    assert_eq!(catalogue.find(Venue::Polymarket, "0xtwin").unwrap().key.id, "0xtwin");
}
