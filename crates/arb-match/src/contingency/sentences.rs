//! The sentences of a rule text.

/// The sentences of a text without quote marks; examples in brackets are left out.
pub(crate) fn sentences(rules: &str) -> Vec<String> {
    let plain: String = rules.chars().filter(|c| *c != '"').collect();
    let mut out = Vec::new();
    for line in plain.lines() {
        let line = without_examples(line);
        let mut rest = line.trim();
        while !rest.is_empty() {
            let end = crate::reading::sentence_end(rest);
            out.push(rest[..end].trim().to_owned());
            rest = rest.get(end + 1..).unwrap_or_default().trim_start();
        }
    }
    out
}

fn without_examples(line: &str) -> String {
    let mut out = line.to_owned();
    for opening in ["(e.g", "(i.e", "(ie ", "(such as", "(for example"] {
        while let Some(start) = out.find(opening) {
            let end = out[start..].find(')').map_or(out.len(), |len| start + len + 1);
            out.replace_range(start..end, "");
        }
    }
    out
}
