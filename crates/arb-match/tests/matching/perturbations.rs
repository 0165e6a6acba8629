//! One changed term must cost a pair its `probable`.

use arb_match::{Matcher as _, TermMatcher, Verdict};
use arb_normalize::Market;

use crate::markets::pairs;

type Change = fn(&str) -> String;

/// What is changed, and how. A change that leaves both texts as they are is not counted.
const CHANGES: [(&str, Change); 13] = [
    ("year", |t| {
        t.replace("2028", "2032")
            .replace("2026", "2027")
            .replace("2025", "2026")
            .replace("68th", "69th")
            .replace("LX", "LXI")
    }),
    ("deadline", |t| {
        t.replace("December 31", "October 31").replace("before Jan 1", "before Nov 1")
    }),
    ("day", |t| t.replace("September 7 at", "September 14 at").replace("Sep 7", "Sep 14")),
    ("strike", |t| t.replace("25 bps", "75 bps").replace("25bps", "75bps")),
    ("person", |t| {
        t.replace("Mamdani", "Holloway")
            .replace("Vance", "Holloway")
            .replace("Putin", "Holloway")
            .replace("Trump", "Holloway")
            .replace("GNX", "Holloway")
    }),
    ("office", |t| {
        t.replace("governor", "senator")
            .replace("governorship", "senate seat")
            .replace("mayoral", "comptroller")
            .replace("Presidential", "Parliamentary")
    }),
    ("party", |t| t.replace("Democratic", "Republican").replace("Democrats", "Republicans")),
    ("contest", |t| {
        t.replace("Premier League", "FA Cup")
            .replace("Super Bowl", "NFC Championship")
            .replace("Pro Football Championship", "NFC Championship")
            .replace("MVP", "Coach of the Year")
            .replace("Person of the Year", "Athlete of the Year")
            .replace("Album of the Year", "Song of the Year")
    }),
    ("round", |t| {
        t.replace(" win the ", " reach the final of the ")
            .replace(" wins the ", " reaches the final of the ")
    }),
    ("comparator", |t| {
        t.replace("above", "below")
            .replace("or higher", "or lower")
            .replace("or more", "or fewer")
            .replace("more than", "fewer than")
            .replace("greater than", "less than")
            .replace("at least", "at most")
    }),
    ("observation", |t| {
        t.replace("closes above", "touches")
            .replace("close above", "touch")
            .replace("closing price", "intraday high")
            .replace(" hit $", " close above $")
            .replace(" hits $", " closes above $")
            .replace(" reach $", " close above $")
            .replace(" reaches $", " closes above $")
    }),
    ("place", |t| {
        t.replace("Norway", "Portugal")
            .replace("Norwegian", "Portuguese")
            .replace("Texas", "Ohio")
            .replace("Ukraine", "Moldova")
            .replace("Iran", "Jordan")
            .replace("England", "Wales")
            .replace("Brazil", "Chile")
    }),
    ("negation", |t| {
        t.replace(" win ", " not win ")
            .replace(" wins ", " does not win ")
            .replace(" meet ", " not meet ")
            .replace(" is named ", " is not named ")
    }),
];

fn changed(market: &Market, change: Change) -> Option<Market> {
    let mut next = market.clone();
    next.title = change(&market.title);
    next.rules.primary = change(&market.rules.primary);
    (next.title != market.title || next.rules.primary != market.rules.primary).then_some(next)
}

#[test]
fn one_changed_term_costs_probable() {
    let (mut tried, mut kept) = (0, Vec::new());
    for pair in pairs() {
        let before = TermMatcher.judge(&pair.kalshi, &pair.polymarket);
        if before.verdict != Verdict::Probable {
            continue;
        }
        let relation = before.relation;
        for (name, change) in CHANGES {
            let sides = [
                changed(&pair.kalshi, change).map(|k| (k, pair.polymarket.clone())),
                changed(&pair.polymarket, change).map(|p| (pair.kalshi.clone(), p)),
            ];
            for (k, p) in sides.into_iter().flatten() {
                tried += 1;
                // "Under" for "over" is the complement, and is called that.
                let judgement = TermMatcher.judge(&k, &p);
                if judgement.verdict == Verdict::Probable && judgement.relation == relation {
                    kept.push(format!("{name}: {} / {}", k.title, p.title));
                }
            }
        }
    }
    assert!(tried > 600, "only {tried} perturbations");
    assert!(kept.len() * 100 <= tried, "{} of {tried} still probable: {kept:#?}", kept.len());
}

/// A clause on one side that could pay differently costs `probable`; one that only says what silence means does not.
#[test]
fn clauses_about_other_cases_count() {
    let dangerous = [
        "If the event is postponed, this market will resolve to \"No\".",
        "If the event is canceled, this market will resolve to \"Yes\".",
        "A leaked memorandum will also suffice for this market to resolve to \"Yes\".",
        "If nothing has been announced by January 2, 2020, this market will resolve to \"No\".",
        "Only the result of the first half counts.",
        "Otherwise, this market will resolve to \"Yes\".",
        "In the case of a tie, this market will resolve to the name drawn by lot.",
        "Unless somebody objects, this market will resolve to \"No\".",
    ];
    let harmless = [
        "If the event is postponed, this market will remain open until it has taken place.",
        "If the event is canceled, this market will resolve 50-50.",
        "The result includes any overtime periods.",
        "If it becomes impossible, this market will resolve to \"No\".",
        "The primary resolution source will be a consensus of credible reporting.",
    ];
    let said = |market: &Market, clause: &str| {
        let mut next = market.clone();
        next.rules.primary = format!("{}\n{clause}", market.rules.primary);
        next
    };
    let probable = |k: &Market, p: &Market| TermMatcher.judge(k, p).verdict == Verdict::Probable;
    let mut tried = 0;
    for pair in pairs() {
        let (k, p) = (&pair.kalshi, &pair.polymarket);
        if !probable(k, p) {
            continue;
        }
        let before = TermMatcher.judge(k, p).relation;
        for clause in dangerous {
            tried += 1;
            let judgement = TermMatcher.judge(k, &said(p, clause));
            assert_ne!(judgement.verdict, Verdict::Probable, "{clause} {}", p.title);
            assert_eq!(judgement.relation, before, "{clause} {judgement:?}");
            assert!(!probable(&said(k, clause), p), "kalshi: {clause} {}", k.title);
        }
        let regular_time = k.rules.primary.contains("90 minutes");
        for clause in
            harmless.into_iter().filter(|clause| !(regular_time && clause.contains("overtime")))
        {
            assert!(
                probable(k, &said(p, clause)),
                "{clause} {:?}",
                TermMatcher.judge(k, &said(p, clause))
            );
        }
    }
    assert!(tried >= 100, "only {tried} tried");
}
