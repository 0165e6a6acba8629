//! Titles in a normal form, and how alike two of them are.
//!
//! A similarity finds candidates; it decides nothing. Two titles that differ in one number can be 0.9 alike and mean
//! opposite things, so what a pair of markets has in common is read from rules and terms (`arb-match`).
//!
//! # Normal form
//! Unicode compatibility decomposition without accents, lower case, no plural `s`, then words:
//!
//! | written | read as |
//! |---|---|
//! | `$98,412.37`, `98.41237K` | `#98412.37` |
//! | `5%`, `5 percent`, `25 bps` | `#5%`, `#5%`, `#0.25%` |
//! | `January 27, 2027`, `27 Jan 2027`, `2027-01-27` | `@01 @27d @2027` |
//! | `$1 million`, `1M`, `3rd` | `#1000000`, `#1000000`, `#3` |
//! | `Lakers`, `BTC`, `U.S.` | `los angeles lakers`, `bitcoin`, `united states` |
//! | `wins`, `winner`, `Trump's` | `win`, `win`, `trump` |
//!
//! # Similarity
//! With A and B the sets of words of two normal forms, each word weighing 1.5 where it is a number or part of a date, 0.25
//! where it is one of some 60 words that most titles have (`will`, `the`, `market` …) and 1 otherwise, and T, U the sets
//! of three-letter sequences of their words:
//!
//! `similarity = 0.8 · 2·w(A ∩ B) / (w(A) + w(B)) + 0.2 · 2·|T ∩ U| / (|T| + |U|)`
//!
//! It is symmetric, in [0, 1], and 1 exactly where both sets are equal; with an empty title it is 0.
//!
//! Worked: "Fed holds in January?" is {fed 1, hold 1, in 0.25, @01 1.5}, "Fed cuts in January?" {fed 1, cut 1, in 0.25,
//! @01 1.5}; of the words 2·2.75/7.5 = 0.7333 are shared. Each word is padded by one space a side, so the sequences are 12
//! and 11, of which 8 are shared: 2·8/23 = 0.6957. The similarity is 0.8·0.7333 + 0.2·0.6957 = 0.7258.

use std::collections::BTreeSet;

mod aliases;
mod words;

/// How alike two titles are, from 0 to 1; the formula is the [module's](self).
///
/// ```
/// use arb_normalize::similarity;
/// let near = similarity("Will Bitcoin reach $100,000 by December 31?", "BTC above 100K by Dec 31");
/// let far = similarity("Will Bitcoin reach $100,000 by December 31?", "Lakers at Celtics winner");
/// assert!(near > 0.6 && far < 0.2, "{near} {far}");
/// ```
#[must_use]
pub fn similarity(a: &str, b: &str) -> f64 {
    Title::new(a).similarity(&Title::new(b))
}

/// A title in normal form, made once and compared often.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Title {
    /// Sorted, each once.
    words: Vec<Box<str>>,
    /// Sorted, each once: three letters in the bytes of a number.
    trigrams: Vec<u64>,
}

impl Title {
    /// The normal form of a title. Words behind the 256th are left out.
    #[must_use]
    pub fn new(title: &str) -> Self {
        let words = words::words(title);
        let mut trigrams = Vec::new();
        for word in &words {
            let letters: Vec<char> =
                std::iter::once(' ').chain(word.chars()).chain(std::iter::once(' ')).collect();
            // A character has at most 21 bits, so three fit exactly.
            let code =
                |window: &[char]| window.iter().fold(0, |code, c| code << 21 | u64::from(*c));
            trigrams.extend(letters.windows(3).map(code));
        }
        trigrams.sort_unstable();
        trigrams.dedup();
        let words: BTreeSet<Box<str>> = words.into_iter().map(String::into_boxed_str).collect();
        Self { words: words.into_iter().collect(), trigrams }
    }

    /// Its words, sorted, each once: numbers begin with `#`, parts of dates with `@`.
    pub fn words(&self) -> impl ExactSizeIterator<Item = &str> {
        self.words.iter().map(|word| &**word)
    }

    /// How alike two titles are, from 0 to 1; the formula is the [module's](self).
    #[must_use]
    pub fn similarity(&self, other: &Self) -> f64 {
        if self == other {
            return if self.words.is_empty() { 0.0 } else { 1.0 };
        }
        let (mut common, mut all) = (0_u32, 0_u32);
        for word in &self.words {
            all += weight(word);
            if other.words.binary_search(word).is_ok() {
                common += 2 * weight(word);
            }
        }
        all += other.words.iter().map(|word| weight(word)).sum::<u32>();
        let shared = common_count(&self.trigrams, &other.trigrams);
        let letters = self.trigrams.len() + other.trigrams.len();
        if all == 0 || letters == 0 {
            return 0.0;
        }
        0.8 * f64::from(common) / f64::from(all) + 0.2 * (2 * shared) as f64 / letters as f64
    }
}

/// What a word weighs in similarities, in quarters.
fn weight(word: &str) -> u32 {
    if word.starts_with(['#', '@']) {
        6
    } else if aliases::is_common(word) {
        1
    } else {
        4
    }
}

/// How many numbers two sorted lists share.
fn common_count(a: &[u64], b: &[u64]) -> usize {
    let (mut a, mut b, mut count) = (a.iter().peekable(), b.iter().peekable(), 0);
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        let order = x.cmp(y);
        count += usize::from(order.is_eq());
        if order.is_le() {
            a.next();
        }
        if order.is_ge() {
            b.next();
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(title: &str) -> String {
        let mut words: Vec<_> = Title::new(title).words().map(str::to_owned).collect();
        words.sort();
        words.join(" ")
    }

    #[test]
    fn numbers_money_and_percentages_have_one_form() {
        for (title, expected) in [
            ("$98,412.37", "#98412.37"),
            ("98.41237K", "#98412.37"),
            ("$1 million", "#1000000"),
            ("1M", "#1000000"),
            ("2.50 bn", "#2500000000"),
            ("5% or 5 percent", "#5% or"),
            ("25 bps", "#0.25%"),
            ("3rd", "#3"),
            ("−4.5", "#-4.5"),
            ("007", "#7"),
            ("1.50", "#1.5"),
        ] {
            assert_eq!(words(title), expected, "{title}");
        }
    }

    #[test]
    fn dates_have_one_form() {
        for title in ["January 27, 2027", "27 Jan 2027", "2027-01-27", "Jan. 27th, 2027"] {
            assert_eq!(words(title), "@01 @2027 @27d", "{title}");
        }
        assert_eq!(words("March 2026"), "@03 @2026");
        assert_eq!(words("may the 4th"), "#4 may the");
        assert_eq!(words("by May 4"), "@04d @05 by");
    }

    #[test]
    fn names_and_endings_have_one_form() {
        for (a, b) in [
            ("Café São", "cafe sao"),
            ("BTC", "bitcoin"),
            ("Trump’s", "trump"),
            ("U.S.", "United States"),
            ("winner", "wins"),
            ("Lakers", "los angeles lakers"),
            ("ﬁnal", "final"),
        ] {
            assert_eq!(words(a), words(b), "{a} / {b}");
        }
    }

    #[test]
    fn the_worked_example_holds() {
        // {fed, hold, in, @01} and {fed, cut, in, @01}: 2·(4+1+6)/(15+15) of the words. Letters: " fe fed ed  in in  @0 @01 01 "
        // are shared (8), " ho hol old ld " (4) and " cu cut ut " (3) are not: 2·8/(12+11).
        let expected = 0.8 * 22.0 / 30.0 + 0.2 * 16.0 / 23.0;
        let found = similarity("Fed holds in January?", "Fed cuts in January?");
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }

    #[test]
    fn a_different_number_or_date_costs_more_than_a_different_filler() {
        let base = "Will Bitcoin close above $100,000 on December 31, 2026?";
        let number = similarity(base, "Will Bitcoin close above $110,000 on December 31, 2026?");
        let filler = similarity(base, "Bitcoin closes above $100,000 on December 31, 2026");
        assert!(filler > number, "{filler} {number}");
    }

    proptest! {
        #[test]
        fn it_is_symmetric_bounded_and_one_for_the_same(a in ".{0,40}", b in "[A-Za-z0-9$%., '-]{0,60}") {
            let (ab, ba) = (similarity(&a, &b), similarity(&b, &a));
            prop_assert_eq!(ab.to_bits(), ba.to_bits());
            prop_assert!((0.0..=1.0).contains(&ab));
            let title = Title::new(&b);
            let own = title.similarity(&title);
            let whole = if title.words().len() == 0 { 0.0 } else { 1.0 };
            prop_assert_eq!(own.to_bits(), f64::to_bits(whole));
            if ab == 1.0 {
                prop_assert_eq!(Title::new(&a), title);
            }
        }
    }
}
