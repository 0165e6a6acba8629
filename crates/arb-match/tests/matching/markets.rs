//! Markets for tests, and the labelled pairs written for them in the style of both venues' texts.

use arb_match::Label;
use arb_normalize::market::{FeeData, MarketKey, MarketOutcome, OutcomeKind, Rules};
use arb_normalize::{Market, MarketStatus, Outcome, Relation, Venue};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub(crate) fn market(
    venue: Venue,
    id: &str,
    title: &str,
    rules: &str,
    end: &str,
    labels: [&str; 2],
) -> Market {
    let outcome = |side, label: &str, token: &str| MarketOutcome {
        side,
        label: label.to_owned(),
        token: (venue == Venue::Polymarket).then(|| format!("{id}-{token}")),
        last: None,
    };
    Market {
        key: MarketKey { venue, id: id.to_owned() },
        slug: None,
        event_id: None,
        series_id: None,
        title: title.to_owned(),
        event_title: None,
        outcomes: vec![outcome(Outcome::Yes, labels[0], "1"), outcome(Outcome::No, labels[1], "2")],
        rules: Rules { primary: rules.to_owned(), secondary: String::new(), source: None },
        strike: None,
        status: MarketStatus::Active,
        status_word: "active".to_owned(),
        kind: OutcomeKind::Binary,
        open_at: None,
        close_at: OffsetDateTime::parse(end, &Rfc3339).ok(),
        expected_resolution_at: None,
        volume: None,
        liquidity: None,
        ticks: Vec::new(),
        min_size: None,
        fees: FeeData::Unknown,
        group: None,
        multi_leg: false,
    }
}

/// Kalshi's market on a team's win in a hockey game, and Polymarket's on the game between these two outcomes, under these rules.
pub(crate) fn hockey(team: &str, sides: [&str; 2], rules: &str) -> [Market; 2] {
    let condition = format!(
        "If {team} wins the Boston at New York R professional hockey game originally scheduled for Mar 3, 2026, then the market resolves to Yes."
    );
    let kalshi = market(
        Venue::Kalshi,
        "KXNHLGAME-26MAR03BOSNYR",
        "Boston at New York R Winner?",
        &condition,
        "2026-03-17T00:00:00Z",
        ["Yes", "No"],
    );
    let title = format!("{} vs. {}", sides[0], sides[1]);
    [kalshi, market(Venue::Polymarket, "0x1", &title, rules, "2026-03-04T00:00:00Z", sides)]
}

/// A labelled pair.
pub(crate) struct Pair {
    pub(crate) kalshi: Market,
    pub(crate) polymarket: Market,
    pub(crate) label: Label,
}

pub(crate) fn pairs() -> Vec<Pair> {
    let files = [include_str!("../fixtures/pairs.jsonl"), include_str!("../fixtures/kinds.jsonl")];
    files.into_iter().flat_map(str::lines).map(pair).collect()
}

fn pair(line: &str) -> Pair {
    let value: Value = serde_json::from_str(line).unwrap();
    let (k, p) = (&value["kalshi"], &value["polymarket"]);
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let sides: Vec<String> =
        p["outcomes"].as_array().map(|all| all.iter().map(text).collect()).unwrap_or_default();
    let labels = match sides.as_slice() {
        [a, b] => [a.as_str(), b.as_str()],
        _ => ["Yes", "No"],
    };
    let relation: Relation = serde_json::from_value(value["relation"].clone()).unwrap();
    Pair {
        kalshi: market(
            Venue::Kalshi,
            &text(&k["ticker"]),
            &text(&k["title"]),
            &text(&k["rules"]),
            &text(&k["close"]),
            ["Yes", "No"],
        ),
        polymarket: market(
            Venue::Polymarket,
            &text(&p["condition_id"]),
            &text(&p["title"]),
            &text(&p["rules"]),
            &text(&p["end"]),
            labels,
        ),
        label: Label { relation, tradeable: value["tradeable"].as_bool() },
    }
}
