//! Markets between two named sides, totals and margins.

use arb_normalize::{Market, Outcome, Venue};

use super::condition::condition;
use super::wording::variants;
use crate::amount::{Interval, SCALE, parse};
use crate::statement::Statement;
use crate::text::plain;

/// The two outcomes of a market whose outcomes are not yes and no.
pub(super) fn sides(market: &Market) -> Option<[String; 2]> {
    if market.key.venue != Venue::Polymarket {
        return None;
    }
    let [yes, no] = market.outcomes.as_slice() else { return None };
    if yes.label.eq_ignore_ascii_case("yes") || yes.label.is_empty() || no.label.is_empty() {
        return None;
    }
    Some([plain(&yes.label), plain(&no.label)])
}

/// Whether the condition that pays the first outcome asks for another number than the title of a total or a margin.
pub(super) fn other_number(
    titles: &[Statement],
    rules: &str,
    market: &Market,
    read: impl Fn(&str) -> Statement,
) -> bool {
    let text: String = rules.chars().filter(|c| *c != '"').collect();
    let paid = |side: Outcome| {
        let label = plain(&market.outcome(side)?.label).to_lowercase();
        condition(&text, &label).map(|condition| (label, condition))
    };
    let Some((label, condition)) = paid(Outcome::Yes).or_else(|| paid(Outcome::No)) else {
        return false;
    };
    let whole = |s: &Statement| -> Vec<Interval> {
        s.amounts.iter().map(|a| a.interval.on_multiples_of(SCALE)).collect()
    };
    let asked: Vec<Interval> = titles.iter().flat_map(whole).collect();
    // The title of a total speaks of its first outcome.
    let first = market.outcome(Outcome::Yes).map(|o| o.label.to_lowercase());
    let same = first.is_some_and(|first| first == label);
    let ruled = whole(&read(&condition));
    same && !ruled.is_empty() && !ruled.iter().any(|interval| asked.contains(interval))
}

/// `A vs. B: O/U 7.5` between Over and Under states that there are over (or under) 7.5, whichever stands first.
pub(super) fn total(names: &[String; 2], title: &str) -> Option<String> {
    let first = names[0].to_lowercase();
    let other = names[1].to_lowercase();
    if !matches!((first.as_str(), other.as_str()), ("over", "under") | ("under", "over")) {
        return None;
    }
    let at = ["O/U ", "Over/Under "].iter().find_map(|words| {
        let at = title.find(words)?;
        Some((at, at + words.len()))
    });
    let (start, end) = at?;
    Some(format!("{}{first} {}", &title[..start], &title[end..]))
}

/// `Spread: Chiefs (-3.5)` states that the Chiefs win by over 3.5.
pub(super) fn spread(title: &str) -> Option<(String, String)> {
    let rest = title.split_once("Spread: ").or_else(|| title.split_once("Spread ")).map(|s| s.1)?;
    let (name, points) = rest.split_once(" (-").or_else(|| rest.split_once(" -"))?;
    let points = points.trim_end_matches(')');
    parse(points)?;
    Some((name.to_owned(), format!("{name} wins by over {points}")))
}

/// What a market between two named sides states: that the first wins.
pub(super) fn two_sided_claim(first: &str, title: &str) -> String {
    let title = variants(title).swap_remove(0);
    let verb = if title.contains(" vs") || title.contains(" v. ") { "wins" } else { ":" };
    format!("{first} {verb} {title}")
}

/// Whether some line `If …, the market will resolve to "X"` is denied or does not speak of X.
pub(super) fn turned(names: &[String; 2], rules: &str, spread: bool) -> bool {
    let lower = rules.to_lowercase();
    if pays_another_name(names, &lower) {
        return true;
    }
    let lines = lower.split(['\n', '.']).filter(|line| line.contains("resolve to \""));
    lines.filter_map(|line| line.split_once("resolve to \"")).any(|(before, paid)| {
        // A side that does not cover loses to the other one.
        if spread && before.trim_start().starts_with("otherwise") {
            return !paid.starts_with(&names[1].to_lowercase());
        }
        // The condition stands before what is paid, or after it: `resolve to "A" if A wins`.
        let after = paid.split_once("\" if ").map(|(_, after)| after);
        let condition = after.unwrap_or(before);
        let denied =
            [" not ", "n't ", " fail", " lose", " loses", "unless ", "defeated by", "beaten by"]
                .iter()
                .any(|word| condition.contains(word));
        // The outcome `Berg` may be paid by the full name.
        let (paid, _) = paid.split_once('"').unwrap_or((paid, ""));
        let paid = names
            .iter()
            .map(|name| name.to_lowercase())
            .find(|name| paid.starts_with(name.as_str()) || paid.ends_with(&format!(" {name}")));
        let won = ["win", "won", "defeat", "beat", "victor", "advance", "over"];
        let won = won.iter().filter_map(|word| condition.find(word)).min();
        paid.is_some_and(|name| {
            let first = condition.find(&name).is_some_and(|at| won.is_some_and(|won| at < won));
            denied || (after.is_some() && !first) || won.is_none() || !condition.contains(&name)
        })
    })
}

/// Whether the rules never pay one of the two names, and pay another one instead.
fn pays_another_name(names: &[String; 2], rules: &str) -> bool {
    let paid = rules.split("resolve to \"").skip(1);
    let paid: Vec<&str> = paid.filter_map(|rest| rest.split('"').next()).collect();
    let names = names.each_ref().map(|name| name.to_lowercase());
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect()
    };
    let of = |paid: &str, name: &str| {
        let (paid, name) = (words(paid), words(name));
        name.iter().any(|word| word.len() > 1 && paid.contains(word))
    };
    let unpaid = |name: &String| !paid.iter().any(|paid| of(paid, name));
    let foreign = |paid: &&str| {
        let answer = paid.starts_with(|c: char| c.is_ascii_digit())
            || ["yes", "no", "other", "draw", "tie"].contains(&paid.trim_matches('.'));
        !answer && !names.iter().any(|name| of(paid, name))
    };
    names.iter().any(unpaid) && paid.iter().any(foreign)
}
