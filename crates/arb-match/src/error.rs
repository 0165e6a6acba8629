//! Errors of this crate.

/// What can go wrong with decisions, their file and an import.
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
        "the approvals file has version {found}, this program reads 1 to {known}; use the program that wrote it or a newer one"
    )]
    Version {
        /// The file's version.
        found: u32,
        /// The newest known.
        known: u32,
    },
    /// An entry of the file cannot stand.
    #[error("the approvals file: {entry} {reason}")]
    Entry {
        /// The pair or template.
        entry: String,
        /// What is wrong and what to do.
        reason: &'static str,
    },
    /// A CSV line could not be used.
    #[error("line {line} of the import: {reason}")]
    Import {
        /// Counted from 1.
        line: usize,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A CSV decides nothing.
    #[error("no decisions in it; write lines of ticker,condition id or slug")]
    EmptyImport,
    /// A template cannot be made.
    #[error("no template for {series} ~ {prefix}*: {reason}")]
    Template {
        /// The Kalshi series.
        series: String,
        /// What the Polymarket slugs begin with.
        prefix: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A settled pair is of no series that was approved.
    #[error("no template covers {kalshi} and {polymarket}; approve the series first")]
    NoTemplate {
        /// The Kalshi ticker.
        kalshi: String,
        /// The Polymarket condition id.
        polymarket: String,
    },
    /// The judgement speaks against an approval.
    #[error(
        "{kalshi} and {polymarket} as {relation}: the judgement speaks against it by {}; read both rules again, and override these terms by name if you know better",
        terms.join(", ")
    )]
    Vetoed {
        /// The Kalshi ticker.
        kalshi: String,
        /// The Polymarket condition id.
        polymarket: String,
        /// The relation it was to be approved as.
        relation: arb_normalize::Relation,
        /// What has to be overridden: [`Judgement::vetoes`](crate::Judgement::vetoes).
        terms: Vec<String>,
    },
    /// A market that is named is not in the listings.
    #[error("no {venue} market {id} in the listings given; give a listing that has it")]
    UnknownMarket {
        /// The venue.
        venue: arb_normalize::Venue,
        /// The id.
        id: String,
    },
    /// Several markets bear a slug.
    #[error("several Polymarket markets bear the slug {slug}: {ids}; name one by its condition id")]
    AmbiguousSlug {
        /// The slug.
        slug: String,
        /// Their condition ids.
        ids: String,
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
