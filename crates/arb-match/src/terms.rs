//! The words by which a market is found: concepts of the tables, names, numbers and days.

use arb_normalize::{Market, Outcome};

use crate::lexicon::{Entry, Kind, Lexicon};
use crate::table::group;
use crate::text::{Token, tokens};

/// The terms of a market, without repetition and in a stable order. One pass over title, label, event title and the
/// beginning of the rules; dates are left to the comparison, except the day of a match.
pub(crate) fn terms(market: &Market) -> Vec<String> {
    let mut text = String::with_capacity(256);
    text.push_str(&market.title);
    for outcome in &market.outcomes {
        let label = outcome.label.as_str();
        if outcome.side == Outcome::Yes || !label.eq_ignore_ascii_case("no") {
            text.push_str(" \n ");
            text.push_str(label);
        }
    }
    if let Some(event) = &market.event_title {
        text.push_str(" \n ");
        text.push_str(event);
    }
    let rules = &market.rules.primary;
    let cut = rules.char_indices().nth(RULES).map_or(rules.len(), |(at, _)| at);
    text.push_str(" \n ");
    text.push_str(&rules[..cut]);
    let tokens = tokens(&text);
    let lexicon = Lexicon::standard();
    let entries: Vec<Option<&Entry>> = tokens.iter().map(|t| lexicon.entry(&t.stem)).collect();
    let league = league(&tokens, &entries, market);
    let mut out = Vec::with_capacity(16);
    let mut at = 0;
    while at < tokens.len() {
        at = step(&tokens, &entries, at, league, &mut out);
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// How much of the rules is read for finding; the comparison reads all.
const RULES: usize = 240;

fn step(
    tokens: &[Token],
    entries: &[Option<&Entry>],
    at: usize,
    league: Option<&str>,
    out: &mut Vec<String>,
) -> usize {
    let token = &tokens[at];
    if !token.word {
        return at + 1;
    }
    let longest = |entry| Lexicon::standard().longest_of(entry, tokens, at, league);
    if let Some((concept, end)) = entries[at].and_then(longest) {
        if concept.kind == Kind::Noise {
            return end;
        }
        let mut term = String::with_capacity(concept.id.len() + 1);
        term.push('=');
        term.push_str(&concept.id);
        out.push(term);
        // A city may be a place on one side and a club on the other.
        if matches!(concept.kind, Kind::Place | Kind::Team) {
            out.extend(tokens[at..end].iter().filter(|t| t.word).map(|t| t.stem.clone()));
        }
        return end;
    }
    if token.text.len() > 1 && !entries[at].is_some_and(|entry| entry.stop)
        || token.text.bytes().all(|b| b.is_ascii_digit())
    {
        out.push(token.stem.clone());
    }
    at + 1
}

fn league(tokens: &[Token], entries: &[Option<&Entry>], market: &Market) -> Option<&'static str> {
    let ticker = market.key.id.to_ascii_lowercase();
    let from_ticker = ticker
        .strip_prefix("kx")
        .and_then(|rest| group("league").iter().find(|l| rest.starts_with(**l)).copied());
    let slug = || {
        market.slug.as_deref().and_then(|slug| {
            group("league").iter().find(|l| slug.starts_with(&format!("{l}-"))).copied()
        })
    };
    from_ticker.or_else(slug).or_else(|| {
        (0..tokens.len()).find_map(|at| {
            let (concept, _) = Lexicon::standard().longest_of(entries[at]?, tokens, at, None)?;
            match concept.kind {
                Kind::League => group("league").iter().find(|l| **l == concept.id).copied(),
                Kind::Team => concept.league,
                _ => None,
            }
        })
    })
}
