//! Abbreviations that a rule text spells out itself: `SV = Socialist Left Party`.

/// The text with its abbreviations spelled out as the rules do, if they spell out one.
pub(super) fn spelled_out(text: &str, rules: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let short = |word: &&str| {
        (2..=6).contains(&word.chars().count())
            && word.chars().all(|c| c.is_uppercase() || c.is_ascii_digit())
    };
    words.filter(short).find_map(|word| {
        let name = meaning(word, rules)?;
        Some(text.replacen(word, &name, 1))
    })
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
    }
}
