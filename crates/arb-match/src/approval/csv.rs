//! Comma-separated lines as spreadsheets write them and people type them.

/// One record and the line it begins on, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) line: usize,
    pub(super) fields: Vec<String>,
}

/// The records of a text: empty lines and lines that begin with `#` are skipped, as is a byte order mark. A field in quotes may hold
/// commas, line breaks and quotes written twice; a quote inside another field is a quote. White space around fields does not
/// count. The field `last`, counted from 1, takes the rest of its line, commas and all.
///
/// # Errors
/// The line and what is wrong with it, where a quote is not closed or something follows one that is.
pub(super) fn records(text: &str, last: usize) -> Result<Vec<Record>, (usize, String)> {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut line, mut records) = (1, Vec::new());
    while !rest.is_empty() {
        let (first, after) = rest.split_once('\n').unwrap_or((rest, ""));
        if first.trim().is_empty() || first.trim_start().starts_with('#') {
            (rest, line) = (after, line + 1);
            continue;
        }
        let mut record = Record { line, fields: Vec::new() };
        loop {
            let (value, ends) = field(rest, record.fields.len() + 1 == last)
                .map_err(|reason| (record.line, reason))?;
            record.fields.push(value);
            line += rest[..ends].matches('\n').count();
            let separator = rest[ends..].chars().next();
            rest = rest.get(ends + 1..).unwrap_or_default();
            if separator != Some(',') {
                break;
            }
        }
        line += 1;
        records.push(record);
    }
    Ok(records)
}

/// The field a text begins with, and where the comma or line break after it stands.
fn field(text: &str, takes_rest: bool) -> Result<(String, usize), String> {
    let end_of_line = |from: usize| text[from..].find('\n').map_or(text.len(), |at| from + at);
    let begins = text.len() - text.trim_start_matches([' ', '\t']).len();
    if !text[begins..].starts_with('"') {
        let comma = if takes_rest { None } else { text.find(',') };
        let ends = end_of_line(0).min(comma.unwrap_or(text.len()));
        return Ok((text[..ends].trim().to_owned(), ends));
    }
    let (mut value, mut at) = (String::new(), begins + 1);
    loop {
        let quote = text[at..].find('"').ok_or("a quote is opened and not closed")? + at;
        value.push_str(&text[at..quote]);
        at = quote + 1;
        if !text[at..].starts_with('"') {
            break;
        }
        value.push('"');
        at += 1;
    }
    let ends = end_of_line(at).min(text[at..].find(',').map_or(text.len(), |comma| at + comma));
    let after = text[at..ends].trim();
    if after.is_empty() {
        Ok((value.trim().to_owned(), ends))
    } else {
        Err(format!("{after:?} follows a closing quote; write quotes inside quotes twice"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Record>, (usize, String)> {
        records(text, 4)
    }

    fn fields(text: &str) -> Vec<String> {
        read(text).unwrap().remove(0).fields
    }

    #[test]
    fn quotes_commas_and_line_breaks() {
        assert_eq!(fields("a, b ,,d\r\n"), ["a", "b", "", "d"]);
        assert_eq!(fields("\"a,1\" ,\"b\n2\""), ["a,1", "b\n2"]);
        assert_eq!(fields("a,b,,he said \"no\""), ["a", "b", "", "he said \"no\""]);
        assert_eq!(fields("a,b,,\"he said \"\"no\"\"\""), ["a", "b", "", "he said \"no\""]);
        assert_eq!(fields("a,b,,no, really, no"), ["a", "b", "", "no, really, no"]);
        assert_eq!(fields("a,"), ["a", ""]);
        assert_eq!(fields("\"\""), [""]);
    }

    #[test]
    fn records_know_their_lines() {
        let text = "\u{feff}a,b\n\n# no\n\"c\nd\",e\r\n  # no\nf,g";
        let lines: Vec<usize> = read(text).unwrap().iter().map(|record| record.line).collect();
        assert_eq!(lines, [1, 4, 7]);
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn what_cannot_be_understood_names_its_line() {
        let (line, reason) = read("a,b\nc,\"d\ne,f\n").unwrap_err();
        assert!(line == 2 && reason.contains("not closed"), "{line} {reason}");
        let (line, reason) = read("a,b\nc,\"d\" e\n").unwrap_err();
        assert!(line == 2 && reason.contains("\"e\" follows"), "{line} {reason}");
    }
}
