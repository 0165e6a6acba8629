//! Abbreviations that a rule text spells out itself: `SV = Socialist Left Party`.

use crate::table::group;
/// The text with its abbreviations spelled out as the rules do, if they spell out one.
pub(super) fn spelled_out(text: &str, rules: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let short = |word: &&str| (2..=6).contains(&word.chars().count());
    let capitals = |word: &str| word.chars().all(|c| c.is_uppercase() || c.is_ascii_digit());
    words.filter(short).find_map(|word| {
        let defined = capitals(word).then(|| meaning(word, rules)).flatten();
        let name = defined.or_else(|| bracketed(word, rules))?;
        Some(text.replacen(word, &name, 1))
    })
}

/// The name before an abbreviation in brackets: `Progress Party (FrP)`.
fn bracketed(word: &str, rules: &str) -> Option<String> {
    let capital = word.starts_with(|c: char| c.is_uppercase());
    let at = rules.find(&format!(" ({word})")).filter(|_| capital)?;
    let words: Vec<&str> = rules[..at].split_whitespace().collect();
    let name = words[words.len() - name_before(&words)..].join(" ");
    (name.len() > word.len() && !name.contains(['.', ',', '"'])).then_some(name)
}

/// How many of the last words are one name. `And` and `of` stand only in the name of a body: `Respect and Freedom Party`.
pub(super) fn name_before(words: &[&str]) -> usize {
    let capital = |word: &str| word.starts_with(|c: char| c.is_uppercase());
    let body = words.last().is_some_and(|last| group("body_name").contains(last));
    let joins = |word: &str| body && matches!(word, "and" | "of" | "for" | "&");
    let run = words.iter().rev().take_while(|w| capital(w) || joins(w)).count();
    let small = words[words.len() - run..].iter().take_while(|w| !capital(w)).count();
    run - small
}

/// What the rules say an abbreviation stands for.
fn meaning(word: &str, rules: &str) -> Option<String> {
    let signs = [" = ", " stands for ", " refers to ", " means "];
    signs.iter().find_map(|sign| {
        let at = rules.find(&format!("{word}{sign}"))?;
        let alone = rules[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        let rest = &rules[at + word.len() + sign.len()..];
        let name: Vec<&str> = rest
            .trim_start_matches("the ")
            .split(' ')
            .take_while(|w| w.starts_with(|c: char| c.is_uppercase()))
            .take(6)
            .collect();
        let name = name.join(" ");
        let name = name.split(['.', '(', ',', ';', '\n']).next().unwrap_or_default().trim();
        (alone && name.len() > word.len()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::spelled_out;

    #[test]
    fn abbreviations_are_spelled_out_where_the_rules_do() {
        let rules = "The winner is listed. SV = Socialist Left Party (Sosialistisk Venstreparti).";
        let asked = "Will SV win the most seats?";
        let spelled = "Will Socialist Left Party win the most seats?";
        assert_eq!(spelled_out(asked, rules).as_deref(), Some(spelled));
        assert_eq!(spelled_out("Will SP win the most seats?", rules), None);
        assert_eq!(spelled_out("Will SV win?", "USV = United Socialist Vote."), None);
        let bracket =
            "It resolves to Yes if the Respect and Freedom Party (ReF) wins, by Ann and Eva (An).";
        let spelled = "Will Respect and Freedom Party win?";
        assert_eq!(spelled_out("Will ReF win?", bracket).as_deref(), Some(spelled));
        assert_eq!(spelled_out("Will An win?", bracket).as_deref(), Some("Will Eva win?"));
        assert_eq!(spelled_out("Will It win?", bracket), None);
    }
}
