//! The league a market is about.

use crate::lexicon::Kind;
use crate::statement::Statement;
use crate::table::group;
use crate::when::Around;

/// The league a market is about, if its texts name exactly one.
pub(super) fn league(texts: &[&str]) -> Option<&'static str> {
    let mut found: Option<&'static str> = None;
    for text in texts {
        let statement = Statement::read(text, None, Around::default());
        for atom in statement.atoms {
            let league = match atom.kind {
                Kind::League => group("league").iter().find(|known| **known == atom.id).copied(),
                Kind::Team => group("league")
                    .iter()
                    .find(|known| atom.id.starts_with(&format!("{known}:")))
                    .copied(),
                Kind::Competition => league_of_competition(&atom.id),
                Kind::Name | Kind::Word => ticker_league(&atom.text),
                _ => None,
            };
            if let Some(league) = league {
                if found.is_some_and(|held| held != league) {
                    return None;
                }
                found = Some(league);
            }
        }
        if found.is_some() {
            break;
        }
    }
    found
}

pub(super) fn ticker_league(word: &str) -> Option<&'static str> {
    let rest = word.strip_prefix("kx")?;
    group("league")
        .iter()
        .filter(|known| rest.starts_with(**known))
        .max_by_key(|known| known.len())
        .copied()
}

pub(super) fn league_of_competition(id: &str) -> Option<&'static str> {
    let by_name = |league: &&&str| group(&format!("{league}_competition")).contains(&id);
    match group("league").iter().find(by_name) {
        Some(league) => Some(league),
        None if id.starts_with("afc_") && id != "afc_cl" || id.starts_with("nfc_") => Some("nfl"),
        None if id.starts_with("al_") || id.starts_with("nl_") => Some("mlb"),
        None => None,
    }
}
