//! A market's texts taken apart once, for many comparisons.

use arb_normalize::Market;

use crate::compare::compare;
use crate::contingency::Case;
use crate::judgement::Judgement;
use crate::lexicon::Kind;
use crate::reading::{Provenance, Reading};
use crate::statement::Statement;

/// Where a term was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Source {
    /// The condition in the rules.
    Rules,
    /// The question or the label of the outcome.
    Title,
    /// A sentence of the rules about what happens if nothing is decided.
    Fallback,
    /// The ticker.
    Ticker,
}

/// A term of a proposition, for people and logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// `subject`, `predicate`, `competition`, `threshold`, `window`, `edition`, `source`, `polarity`, `tie`, `void`, `postponement`,
    /// `fallback`, `definition`, ….
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// Where it was found.
    pub source: Source,
}

/// What a market asserts, taken apart. Reading costs far more than comparing: read each market once.
#[derive(Debug, Clone)]
pub struct Proposition {
    reading: Reading,
}

impl Proposition {
    /// Reads a market of either venue.
    #[must_use]
    pub fn read(market: &Market) -> Self {
        Self { reading: Reading::of(market) }
    }

    /// Compares this Kalshi proposition with a Polymarket one.
    #[must_use]
    pub fn judge(&self, polymarket: &Self) -> Judgement {
        compare(&self.reading, &polymarket.reading)
    }

    /// The terms found, each with its provenance, in a stable order. A term that is not here was not found: that is not the same as
    /// being equal.
    #[must_use]
    pub fn terms(&self) -> Vec<Term> {
        let reading = &self.reading;
        let mut out = Vec::new();
        let claims = reading.claims.iter().take(1).map(|s| (s, Source::Rules));
        for (statement, source) in
            claims.chain(reading.titles.iter().take(1).map(|s| (s, Source::Title)))
        {
            statement_terms(statement, source, &mut out);
        }
        if let Some(window) = reading.window {
            let source = match window.from {
                Provenance::Claim => Source::Rules,
                Provenance::Title => Source::Title,
                Provenance::Fallback => Source::Fallback,
            };
            out.push(Term {
                name: "window",
                value: crate::compare::show_window(Some(window)),
                source,
            });
        }
        if let Some(edition) = &reading.ticker {
            out.push(Term {
                name: "edition",
                value: crate::compare::edition(edition),
                source: Source::Ticker,
            });
        }
        for source in &reading.sources {
            out.push(Term { name: "source", value: source.clone(), source: Source::Rules });
        }
        for one in &reading.contingencies {
            let fallback = matches!(one.case, Case::Undecided | Case::Otherwise);
            let source = if fallback { Source::Fallback } else { Source::Rules };
            out.push(Term { name: one.case.term(), value: one.payout.to_string(), source });
        }
        for one in &reading.definitions {
            out.push(Term {
                name: "definition",
                value: one.sentence.clone(),
                source: Source::Rules,
            });
        }
        out
    }
}

fn statement_terms(statement: &Statement, source: Source, out: &mut Vec<Term>) {
    let subject = statement.verb_at.unwrap_or(0);
    for atom in &statement.atoms {
        let name = if atom.at < subject && matches!(atom.kind, Kind::Name | Kind::Word) {
            "subject"
        } else {
            atom.kind.as_str()
        };
        out.push(Term { name, value: atom.text.clone(), source });
    }
    for amount in &statement.amounts {
        out.push(Term {
            name: "threshold",
            value: format!("{} {}", amount.interval, amount.unit).trim().to_owned(),
            source,
        });
    }
    if statement.negated {
        out.push(Term { name: "polarity", value: "not".to_owned(), source });
    }
}
