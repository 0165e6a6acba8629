//! Quotes as the status page and a replay show them.

use std::collections::HashMap;
use std::io::Write as _;
use std::time::Duration;

use arb_monitor::status::{LegRow, QuoteRow};
use arb_normalize::{Outcome, Price, Quantity, Timestamp, Usd, Venue};
use arb_risk::gate::TradingState;
use arb_scan::quote::{Evidence, QuoteLeg};
use arb_scan::{Pipeline, Quote, Sink, report};

use crate::publisher::Publisher;

/// Rows shown, those that earn most.
const ROWS: usize = 20;

/// The rows of the status page, renewed at times: they are too dear for every view.
#[derive(Debug)]
pub struct Quotes {
    every: Duration,
    made_at: Option<Timestamp>,
    rows: Vec<QuoteRow>,
}

impl Quotes {
    /// Renewed so often.
    pub const fn new(every: Duration) -> Self {
        Self { every, made_at: None, rows: Vec::new() }
    }

    /// The rows at `now`; none while the kill switch stops trading or a venue does not trade.
    pub fn rows(
        &mut self,
        pipeline: &Pipeline<Publisher>,
        now: Option<Timestamp>,
    ) -> Vec<QuoteRow> {
        let stands = pipeline.sink();
        if stands.switch.state() != TradingState::Active || stands.closures.any().is_some() {
            (self.made_at, self.rows) = (None, Vec::new());
            return Vec::new();
        }
        let is_fresh =
            self.made_at.zip(now).is_some_and(|(made_at, now)| now.since(made_at) < self.every);
        if !is_fresh {
            let mut quotes = pipeline.quotes();
            quotes.sort_by(|a, b| b.net_usd.cmp(&a.net_usd).then_with(|| a.pair.cmp(b.pair)));
            self.rows = quotes.iter().take(ROWS).map(|quote| row(quote, now)).collect();
            self.made_at = now;
        }
        self.rows.clone()
    }
}

fn row(quote: &Quote<'_>, now: Option<Timestamp>) -> QuoteRow {
    let leg = |leg: &QuoteLeg<'_>| LegRow {
        venue: leg.venue.as_str().to_owned(),
        action: format!("buy {}", leg.outcome.as_str().to_uppercase()),
        limit: leg.limit.into(),
        age: now.zip(leg.heard_at).map_or(Duration::ZERO, |(now, at)| now.since(at)),
    };
    QuoteRow {
        pair: quote.pair.to_owned(),
        rest: leg(&quote.rest),
        hedge: leg(&quote.hedge),
        quantity: quote.quantity.into(),
        ahead: quote.ahead.into(),
        net_usd: quote.net_usd.into(),
        fills: quote.fills.iter().map(|fill| (fill.within, fill.chance)).collect(),
        evidence: evidence(&quote.evidence),
    }
}

fn evidence(evidence: &Evidence) -> String {
    match evidence.watched {
        None => "no trades are received there".to_owned(),
        Some(watched) => {
            let some = if evidence.trades == 1 { "trade" } else { "trades" };
            format!("{} {some} in {} s", evidence.trades, watched.as_secs())
        }
    }
}

/// One quote in a line of text.
fn describe(quote: &Quote<'_>) -> String {
    let (rest, hedge) = (&quote.rest, &quote.hedge);
    format!(
        "{}: {} × (rest {} {} {} behind {}, hedge {} {} ≤ {}) net ${}",
        quote.pair,
        quote.quantity,
        rest.venue,
        rest.outcome,
        rest.limit,
        quote.ahead,
        hedge.venue,
        hedge.outcome,
        hedge.limit,
        quote.net_usd
    )
}

/// What a line said of a quote.
type Said = (Price, Price, Quantity, Usd);

/// The lines of a replay: what changed between two looks at the quotes.
#[derive(Debug)]
pub struct QuoteLines {
    every: Duration,
    json: bool,
    looked_at: Option<Timestamp>,
    /// By pair and where what rests.
    said: HashMap<(String, Venue, Outcome), Said>,
}

impl QuoteLines {
    /// Looks this often.
    pub fn new(every: Duration, json: bool) -> Self {
        Self { every, json, looked_at: None, said: HashMap::new() }
    }

    /// The lines that are due after a frame, none between two looks: one for each quote that is new or differs from its last line, one
    /// for each that is gone.
    ///
    /// # Errors
    /// Never in practice: memory is written to.
    pub fn after_frame<S: Sink>(&mut self, pipeline: &Pipeline<S>) -> std::io::Result<Vec<u8>> {
        let mut out = Vec::new();
        let now = pipeline.now();
        let is_due = match (self.looked_at, now) {
            (Some(looked_at), Some(now)) => now.since(looked_at) >= self.every,
            (looked_at, _) => looked_at.is_none(),
        };
        if !is_due {
            return Ok(out);
        }
        self.looked_at = now;
        let mut gone = std::mem::take(&mut self.said);
        for quote in pipeline.quotes() {
            let key = (quote.pair.to_owned(), quote.rest.venue, quote.rest.outcome);
            let says = (quote.rest.limit, quote.hedge.limit, quote.quantity, quote.net_usd);
            if gone.remove(&key) != Some(says) {
                if self.json {
                    report::quote(&mut out, now, &quote)?;
                } else {
                    writeln!(out, "REPLAY quote   {}", describe(&quote))?;
                }
            }
            self.said.insert(key, says);
        }
        let mut gone: Vec<_> = gone.into_keys().collect();
        gone.sort_by(|a, b| {
            (&a.0, a.1.index(), a.2.as_str()).cmp(&(&b.0, b.1.index(), b.2.as_str()))
        });
        for (pair, venue, outcome) in gone {
            if self.json {
                report::quote_gone(&mut out, now, &pair, venue, outcome)?;
            } else {
                writeln!(out, "REPLAY no quote any more: {pair}, {venue} {outcome}")?;
            }
        }
        Ok(out)
    }
}
