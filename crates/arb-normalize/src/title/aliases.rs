//! Words that mean the same, and words that mean little.

/// Puts a word into `out` in the form all its spellings share; some names become several words.
pub(super) fn expand(word: &str, out: &mut Vec<String>) {
    if let Ok(index) = ALIASES.binary_search_by(|(name, _)| (*name).cmp(word)) {
        out.extend(ALIASES[index].1.split(' ').map(|word| stem(word).to_owned()));
        return;
    }
    if let Ok(index) = TEAMS.binary_search_by(|(name, _)| (*name).cmp(word)) {
        out.extend(TEAMS[index].1.split(' ').map(|word| stem(word).to_owned()));
    }
    out.push(stem(word).to_owned());
}

/// Cuts the plural ending of a longer word: `holds`, `rates`; not `us`, `boss`, `celsius`.
fn stem(word: &str) -> &str {
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 2 && !stem.ends_with(['s', 'u', 'i']) => stem,
        _ => word,
    }
}

/// Whether most titles have the word, so that sharing it says little.
pub(super) fn is_common(word: &str) -> bool {
    COMMON.binary_search(&word).is_ok()
}

/// Sorted.
const COMMON: &[&str] = &[
    "a", "an", "and", "any", "are", "as", "at", "be", "become", "before", "between", "by", "do",
    "does", "during", "end", "for", "from", "game", "happen", "has", "have", "how", "if", "in",
    "into", "is", "it", "its", "many", "market", "match", "more", "much", "next", "of", "on", "or",
    "over", "price", "so", "than", "that", "the", "their", "there", "this", "time", "to", "vs",
    "was", "what", "when", "where", "which", "who", "will", "with", "year",
];

/// Spellings and abbreviations, sorted.
const ALIASES: &[(&str, &str)] = &[
    ("ai", "artificial intelligence"),
    ("bps", "bp"),
    ("btc", "bitcoin"),
    ("democratic", "democrat"),
    ("democrats", "democrat"),
    ("dems", "democrat"),
    ("doge", "dogecoin"),
    ("eth", "ethereum"),
    ("fomc", "fed"),
    ("gop", "republican"),
    ("nyc", "new york city"),
    ("percentage", "percent"),
    ("potus", "president"),
    ("pres", "president"),
    ("scotus", "supreme court"),
    ("sol", "solana"),
    ("spx", "s&p #500"),
    ("uk", "united kingdom"),
    ("us", "united states"),
    ("usa", "united states"),
    ("v", "vs"),
    ("versus", "vs"),
    ("winner", "win"),
    ("winners", "win"),
    ("winning", "win"),
    ("wins", "win"),
    ("won", "win"),
    ("xrp", "ripple"),
];

/// Team names that mean one city, NBA and NFL, sorted. Names that both leagues or other words use are left out.
const TEAMS: &[(&str, &str)] = &[
    ("49ers", "san francisco"),
    ("76ers", "philadelphia"),
    ("bears", "chicago"),
    ("bengals", "cincinnati"),
    ("bills", "buffalo"),
    ("blazers", "portland"),
    ("broncos", "denver"),
    ("browns", "cleveland"),
    ("buccaneers", "tampa bay"),
    ("bucks", "milwaukee"),
    ("bulls", "chicago"),
    ("cavaliers", "cleveland"),
    ("celtics", "boston"),
    ("chargers", "los angeles"),
    ("chiefs", "kansas city"),
    ("clippers", "los angeles"),
    ("colts", "indianapolis"),
    ("commanders", "washington"),
    ("cowboys", "dallas"),
    ("dolphins", "miami"),
    ("eagles", "philadelphia"),
    ("falcons", "atlanta"),
    ("grizzlies", "memphis"),
    ("hawks", "atlanta"),
    ("hornets", "charlotte"),
    ("jaguars", "jacksonville"),
    ("knicks", "new york"),
    ("lakers", "los angeles"),
    ("mavericks", "dallas"),
    ("nuggets", "denver"),
    ("pacers", "indiana"),
    ("packers", "green bay"),
    ("patriots", "new england"),
    ("pelicans", "new orleans"),
    ("pistons", "detroit"),
    ("raiders", "las vegas"),
    ("raptors", "toronto"),
    ("ravens", "baltimore"),
    ("rockets", "houston"),
    ("seahawks", "seattle"),
    ("sixers", "philadelphia"),
    ("spurs", "san antonio"),
    ("steelers", "pittsburgh"),
    ("suns", "phoenix"),
    ("texans", "houston"),
    ("timberwolves", "minnesota"),
    ("vikings", "minnesota"),
    ("warriors", "golden state"),
    ("wizards", "washington"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_without_doubles() {
        assert!(COMMON.is_sorted_by(|a, b| a < b));
        assert!(ALIASES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(TEAMS.is_sorted_by(|a, b| a.0 < b.0));
    }
}
