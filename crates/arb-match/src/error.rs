//! Errors of this crate.

/// What can go wrong with an approvals file or an import.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MatchError {
    /// The text is not the JSON of an approvals file.
    #[error(
        "the approvals file is not readable: {source}; restore it from version control or start a new one"
    )]
    Approvals {
        /// The parser's reason.
        #[from]
        source: serde_json::Error,
    },
    /// The file is of a version this program does not know.
    #[error(
        "the approvals file has version {found}, this program reads up to {known}; use a newer program"
    )]
    Version {
        /// The file's version.
        found: u32,
        /// The newest known.
        known: u32,
    },
    /// A CSV line could not be used.
    #[error("line {line} of the import, {text:?}: {reason}")]
    Import {
        /// Counted from 1.
        line: usize,
        /// The line.
        text: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A market that an approval needs was not given.
    #[error("no {venue} market {id} in the listing; approve against a listing that contains it")]
    UnknownMarket {
        /// The venue.
        venue: arb_normalize::Venue,
        /// The id.
        id: String,
    },
    /// Only equal and complementary pairs can be approved.
    #[error(
        "{kalshi} and {polymarket} are judged {relation}: only equal or complement pairs can be approved; give the relation by hand if you know better"
    )]
    NotTradableRelation {
        /// The Kalshi ticker.
        kalshi: String,
        /// The Polymarket condition id.
        polymarket: String,
        /// The relation.
        relation: arb_normalize::Relation,
    },
}
