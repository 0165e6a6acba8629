//! The rows of the tables in `data/`, and their named groups.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The fields of each row that is no comment.
pub(crate) fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let written = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    written.map(|line| line.split('\t').collect())
}

static GROUPS: LazyLock<HashMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let named = rows(include_str!("../data/groups.tsv")).filter_map(|fields| {
        let [name, ids] = fields[..] else { return None };
        Some((name, ids.split('|').collect()))
    });
    named.collect()
});

/// What `data/groups.tsv` lists under a name; nothing for an unknown one.
pub(crate) fn group(name: &str) -> &'static [&'static str] {
    GROUPS.get(name).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_that_is_asked_for_has_members() {
        for name in ["league", "regular_season_award", "college_title", "won_by_coming_first"] {
            assert!(!group(name).is_empty(), "{name}");
        }
        assert!(group("american_city").contains(&"nyc"));
        assert!(group("league").iter().all(|l| !group(&format!("{l}_competition")).is_empty()));
        assert!(group("no such group").is_empty());
    }
}
