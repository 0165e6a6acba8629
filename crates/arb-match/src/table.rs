//! The rows of the tables in `data/`, and their named groups.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// The fields of each row that is no comment.
pub(crate) fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let written = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    written.map(|line| line.split('\t').collect())
}

static GROUPS: LazyLock<HashMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let tables = [include_str!("../data/groups.tsv"), include_str!("../data/phrasing.tsv")];
    let named = tables.into_iter().flat_map(rows).filter_map(|fields| {
        let [name, ids] = fields[..] else { return None };
        Some((name, ids.split('|').collect()))
    });
    named.collect()
});

/// What `data/groups.tsv` or `data/phrasing.tsv` lists under a name; nothing for an unknown one.
pub(crate) fn group(name: &str) -> &'static [&'static str] {
    GROUPS.get(name).map_or(&[], Vec::as_slice)
}

/// The rows of words that have siblings: each makes another proposition of the same sentence.
static ROWS: LazyLock<Vec<Vec<&str>>> = LazyLock::new(|| {
    let lines = include_str!("../data/qualifiers.txt").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_whitespace().collect())
        .collect()
});

static QUALIFIERS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| ROWS.iter().flatten().copied().collect());

/// Whether a word has siblings.
pub(crate) fn has_siblings(word: &str) -> bool {
    QUALIFIERS.contains(word)
}

/// Whether two words stand in one row of siblings.
pub(crate) fn siblings(a: &str, b: &str) -> bool {
    a != b && ROWS.iter().any(|row| row.contains(&a) && row.contains(&b))
}

/// Whether two predicates exclude each other.
pub(crate) fn opposed(a: &str, b: &str) -> bool {
    let both = |name: &&&str| {
        let row = group(name);
        row.contains(&a) && row.contains(&b)
    };
    a != b && group("opposed").iter().any(|name| both(&name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Every name that the sources pass to `group`, or hold in quotes.
    fn quoted(dir: &Path, out: &mut BTreeSet<String>, asked: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                quoted(&path, out, asked);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            out.extend(text.split('"').map(str::to_owned));
            let calls = text.split("group(\"").skip(1);
            asked.extend(calls.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
        }
    }

    #[test]
    fn every_group_that_is_asked_for_exists_and_every_group_is_asked_for() {
        let (mut quotes, mut asked) = (BTreeSet::new(), BTreeSet::new());
        quoted(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut quotes, &mut asked);
        asked.remove(")).unwrap().path();");
        assert!(asked.len() > 20, "{asked:?}");
        let unknown: Vec<&String> =
            asked.iter().filter(|name| !name.contains(' ') && group(name).is_empty()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        let of_a_league = |name: &str| {
            name.strip_suffix("_competition").is_some_and(|l| group("league").contains(&l))
        };
        let row = |name: &&str| {
            ["opposed", "beside_each_other"].iter().any(|table| group(table).contains(name))
        };
        let asked_for = |name: &&str| of_a_league(name) || row(name) || quotes.contains(*name);
        let idle: Vec<&&str> = GROUPS.keys().filter(|name| !asked_for(name)).collect();
        assert!(idle.is_empty(), "{idle:?}");
        assert!(group("league").iter().all(|l| !group(&format!("{l}_competition")).is_empty()));
        assert!(group("no such group").is_empty());
    }

    #[test]
    fn tables_name_their_origin() {
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("data")).unwrap()
        {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let top: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
            let top = top.join(" ");
            let stated =
                ["Made ", "Written ", "everyday English", "rules of the leagues", "own phrasing"];
            assert!(stated.iter().any(|words| top.contains(words)), "{}", path.display());
        }
    }
}
