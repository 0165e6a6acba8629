//! The baseline every matcher has to beat: the cosine of two titles.

use std::collections::{BTreeMap, HashMap};

use arb_normalize::{Market, Relation};

use crate::judgement::{Judgement, Matcher, Verdict};
use crate::text::tokens;

/// Compares titles as bags of words weighted by rarity and calls what is similar enough equal. It knows nothing of dates, numbers
/// or negation, and it is here to show what that costs.
#[derive(Debug, Clone)]
pub struct TfIdfMatcher {
    frequency: HashMap<String, u32>,
    documents: u32,
    threshold: f64,
}

impl TfIdfMatcher {
    /// Counts the words of the given markets. A pair whose titles have a cosine of at least `threshold` is called probable, one of
    /// at least half of it a candidate.
    #[must_use]
    pub fn fit<'a>(markets: impl IntoIterator<Item = &'a Market>, threshold: f64) -> Self {
        let mut frequency: HashMap<String, u32> = HashMap::new();
        let mut documents = 0;
        for market in markets {
            documents += 1;
            for word in bag(&market.title).into_keys() {
                *frequency.entry(word).or_default() += 1;
            }
        }
        Self { frequency, documents, threshold }
    }

    /// The cosine of two titles, 0 to 1.
    #[must_use]
    pub fn similarity(&self, a: &str, b: &str) -> f64 {
        let (a, b) = (self.vector(a), self.vector(b));
        let dot: f64 = a.iter().filter_map(|(word, w)| b.get(word).map(|v| w * v)).sum();
        let norm = |v: &BTreeMap<String, f64>| v.values().map(|w| w * w).sum::<f64>().sqrt();
        let size = norm(&a) * norm(&b);
        if size > 0.0 { (dot / size).clamp(0.0, 1.0) } else { 0.0 }
    }

    fn vector(&self, title: &str) -> BTreeMap<String, f64> {
        let rarity = |word: &str| {
            let seen = self.frequency.get(word).copied().unwrap_or(0);
            (f64::from(1 + self.documents) / f64::from(1 + seen)).ln() + 1.0
        };
        bag(title)
            .into_iter()
            .map(|(word, n)| {
                let w = f64::from(n) * rarity(&word);
                (word, w)
            })
            .collect()
    }
}

fn bag(title: &str) -> BTreeMap<String, u32> {
    let mut out = BTreeMap::new();
    for token in tokens(title).into_iter().filter(|t| t.word) {
        *out.entry(token.text).or_default() += 1;
    }
    out
}

impl Matcher for TfIdfMatcher {
    fn judge(&self, kalshi: &Market, polymarket: &Market) -> Judgement {
        let similarity = self.similarity(&kalshi.title, &polymarket.title);
        let (relation, verdict) = if similarity >= self.threshold {
            (Relation::Equal, Verdict::Probable)
        } else if similarity >= self.threshold / 2.0 {
            (Relation::Overlap, Verdict::Candidate)
        } else {
            (Relation::Unrelated, Verdict::Rejected)
        };
        Judgement { similarity, relation, verdict, differences: Vec::new() }
    }
}
