//! A short name for what a market's rules say.

use arb_normalize::Market;

use crate::text::plain;

/// A fingerprint of the meaning-bearing text of a market: title, outcome labels, strike, rules and source. White space, the order
/// of fields, HTML entities and the style of quote marks and dashes do not count; every other character does.
///
/// It is a 128-bit FNV-1a hash in hexadecimal: stable over versions and machines, good against accident, not against intent.
#[must_use]
pub fn fingerprint(market: &Market) -> String {
    let mut parts = vec![
        canonical(&market.title),
        canonical(&market.rules.primary),
        canonical(&market.rules.secondary),
    ];
    parts.extend(market.rules.source.iter().map(|s| canonical(s)));
    let mut outcomes: Vec<String> = market
        .outcomes
        .iter()
        .map(|o| format!("{}={}", o.side.as_str(), canonical(&o.label)))
        .collect();
    outcomes.sort();
    parts.extend(outcomes);
    if let Some(strike) = &market.strike {
        let decimal = |d: Option<rust_decimal::Decimal>| {
            d.map_or_else(String::new, |d| d.normalize().to_string())
        };
        let mut custom: Vec<String> =
            strike.custom.iter().map(|(k, v)| format!("{k}={}", canonical(v))).collect();
        custom.sort();
        parts.push(format!(
            "{} {} {} {}",
            strike.kind,
            decimal(strike.floor),
            decimal(strike.cap),
            custom.join(";")
        ));
    }
    hash(&parts)
}

/// A fingerprint of the shape of a market's rules: names, numbers and months are blanked, so all markets of a series share it until
/// the venue changes its wording.
#[must_use]
pub fn shape_fingerprint(market: &Market) -> String {
    let text = canonical(&format!("{} {}", market.rules.primary, market.rules.secondary));
    let mut out: Vec<&str> = Vec::new();
    for word in text.split(' ') {
        let blank = word.contains(|c: char| c.is_ascii_digit())
            || word.trim_start_matches(['(', '$']).starts_with(|c: char| c.is_uppercase());
        let word = if blank { "_" } else { word };
        if !(blank && out.last() == Some(&"_")) {
            out.push(word);
        }
    }
    hash(&[out.join(" ")])
}

fn canonical(text: &str) -> String {
    let plain: String = plain(text).chars().filter(|c| !matches!(c, '"' | '\'')).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn hash(parts: &[String]) -> String {
    let mut state: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for part in parts {
        for byte in part.bytes().chain([0]) {
            state ^= u128::from(byte);
            state = state.wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
    format!("{state:032x}")
}
