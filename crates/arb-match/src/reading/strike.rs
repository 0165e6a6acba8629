//! The structured strike and the label of an outcome, held against the text.

use arb_normalize::{Market, Outcome, Venue};

use super::Reading;
use crate::amount::{Amount, Bound, Interval, SCALE, measured, parse};
use crate::lexicon::Kind;
use crate::statement::{Atom, Statement};
use crate::text::{plain, tokens};

/// The bounds of a numeric strike.
pub(super) fn strike(market: &Market) -> Option<Amount> {
    let strike = market.strike.as_ref()?;
    let bound = |value: Option<rust_decimal::Decimal>, inclusive: bool| {
        let value = value?.normalize();
        let size = parse(&value.abs().to_string())?;
        Some(Bound { value: if value.is_sign_negative() { -size } else { size }, inclusive })
    };
    let (low, high) = match strike.kind.as_str() {
        "greater" => (bound(strike.floor, false), None),
        "greater_or_equal" => (bound(strike.floor, true), None),
        "less" => (None, bound(strike.cap.or(strike.floor), false)),
        "less_or_equal" => (None, bound(strike.cap.or(strike.floor), true)),
        "between" => (bound(strike.floor, true), bound(strike.cap, true)),
        _ => return None,
    };
    (low.is_some() || high.is_some()).then(|| Amount {
        interval: Interval { low, high },
        unit: String::new(),
        compared: true,
        start: 0,
        stop: 0,
    })
}

/// Where strike and label contradict the text: the term, and how.
pub(super) fn misfits(
    market: &Market,
    reading: &Reading,
    read: impl Fn(&str) -> Statement,
) -> Vec<(&'static str, &'static str)> {
    let mut out = Vec::new();
    if contradicts(market, reading) {
        out.push(("threshold", "the structured strike is not what the text says"));
    }
    if another_outcome(market, reading, read) {
        out.push(("outcome", "the rules pay somebody else than the label names"));
    }
    out
}

/// Whether the strike is another number than every one of the text, looks the other way, names nobody the text names, or is a
/// function of what comes out, which no text here tells.
fn contradicts(market: &Market, reading: &Reading) -> bool {
    let Some(given) = market.strike.as_ref() else { return false };
    match given.kind.as_str() {
        "functional" => return true,
        "custom" => return given.custom.iter().any(|(_, value)| !named(value, market)),
        _ => {}
    }
    let Some(strike) = &reading.strike else { return false };
    let claims = reading.claims.iter().take(1);
    let statements = claims.chain(&reading.label).chain(&reading.titles);
    let denied = reading.claims.iter().any(|s| s.negated);
    let mut written = statements.flat_map(|s| &s.amounts).peekable();
    written.peek().is_some() && !written.any(|amount| agree(amount, strike.interval, denied))
}

/// Whether a text names what the value of a custom strike names; numbers, ids and single letters are not compared.
fn named(value: &str, market: &Market) -> bool {
    let text = format!("{}\n{}\n{}", market.title, market.rules.primary, market.rules.secondary);
    let label = market.outcome(Outcome::Yes).map(|o| o.label.as_str()).unwrap_or_default();
    let said = tokens(&plain(&format!("{text}\n{label}")));
    let words = tokens(&plain(value));
    let telling = |t: &&crate::text::Token| {
        t.word && t.text.len() > 1 && t.text.chars().all(char::is_alphabetic)
    };
    let mut words = words.iter().filter(telling).peekable();
    words.peek().is_none() || words.any(|word| said.iter().any(|t| t.stem == word.stem))
}

/// Whether an amount of the text is that strike: the same ends, by value, where the text has them. Counts and temperatures are whole;
/// a venue may write 1.5 for trillions, 0.045 for 4.5 % and 118,499.99 for 118,500.
fn agree(amount: &Amount, strike: Interval, denied: bool) -> bool {
    let whole = !matches!(amount.unit.as_str(), "%" | "bps")
        && measured(&amount.unit).is_none_or(|what| what == "temperature");
    let step = |i: Interval| if whole { i.on_multiples_of(SCALE) } else { i };
    let same = |a: Option<Bound>, b: Option<Bound>| match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => scaled(a.value, b.value),
        _ => false,
    };
    let ends = |a: Interval, b: Interval| same(a.low, b.low) && same(a.high, b.high);
    let turned = Interval { low: strike.high, high: strike.low };
    let cents = (amount.interval.without_last_cent(), strike.without_last_cent());
    // "$150,000" alone may be reached from either side.
    let point = !amount.compared && {
        let value = amount.interval.low.or(amount.interval.high);
        same(value, strike.low) || same(value, strike.high)
    };
    point
        || ends(amount.interval, strike)
        || ends(step(amount.interval), step(strike))
        || ends(cents.0, cents.1)
        || denied && ends(amount.interval, turned)
}

fn scaled(a: i128, b: i128) -> bool {
    const FACTORS: [i128; 6] = [1, 100, 1_000, 1_000_000, 1_000_000_000, 1_000_000_000_000];
    FACTORS.iter().any(|f| a.checked_mul(*f) == Some(b) || b.checked_mul(*f) == Some(a))
}

/// Whether the condition pays another side of the match, or somebody else, than whom the venue calls the outcome.
fn another_outcome(market: &Market, reading: &Reading, read: impl Fn(&str) -> Statement) -> bool {
    if market.key.venue != Venue::Kalshi {
        return false;
    }
    let label = market.outcome(Outcome::Yes).map(|o| plain(&o.label)).unwrap_or_default();
    let (Some(claim), false) = (reading.claims.first(), label.eq_ignore_ascii_case("yes")) else {
        return false;
    };
    let who = |a: &&Atom| {
        let kinds = [Kind::Name, Kind::Team, Kind::Place, Kind::Party, Kind::Organisation];
        kinds.contains(&a.kind)
    };
    let label = read(&label);
    let labelled: Vec<&Atom> = label.atoms.iter().filter(who).collect();
    let subject: Vec<&Atom> = claim.subject().filter(who).collect();
    if labelled.is_empty() || subject.is_empty() {
        return false;
    }
    let same = |a: &Atom, b: &Atom| a.id == b.id || a.text == b.text;
    if labelled.iter().any(|a| subject.iter().any(|b| same(a, b))) {
        return false;
    }
    let inside = |a: &Atom| claim.versus.iter().flatten().any(|side| side.contains(&a.at));
    let other_side =
        claim.atoms.iter().filter(|a| inside(a)).any(|a| labelled.iter().any(|b| same(a, b)));
    let stems = |atoms: &[&Atom]| -> Vec<String> {
        let words = atoms.iter().flat_map(|a| tokens(&a.text));
        words.map(|t| t.stem).collect()
    };
    let said = stems(&claim.atoms.iter().collect::<Vec<_>>());
    other_side || !stems(&labelled).iter().any(|stem| said.contains(stem))
}
