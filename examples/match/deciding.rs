//! Keeps what an operator decides about pairs.

use std::io::{ErrorKind, Write};
use std::path::Path;

use arb_match::{Approvals, Catalogue, MatchError, Matcher as _, Remark, TermMatcher};
use arb_normalize::{Market, Relation, Venue};
use scan_app::kept_file;
use time::OffsetDateTime;

use crate::listings::{Listings, read};
use crate::{Arguments, Result, judging, listing};

/// The decisions of a file; none where there is no file yet.
pub(crate) fn kept(path: &Path) -> Result<Approvals> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            Approvals::from_json(&text).map_err(|e| format!("{}: {e}", path.display()).into())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Approvals::new()),
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}

/// Takes all decisions of the command line or none, and keeps those that others make meanwhile.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<i32> {
    let (k, p) = (arguments.kalshi.as_deref(), arguments.polymarket.as_deref());
    if (k.is_none() || p.is_none()) && arguments.reject.is_empty() {
        return Err("a decision is about the texts of both markets: give --kalshi FILE and --polymarket FILE".into());
    }
    let catalogue = Listings::read(k, p)?.catalogue;
    let path = &arguments.approvals;
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    let _held = kept_file::hold(path).map_err(named)?;
    let mut desk = Desk { arguments, approvals: kept(path)?, catalogue: &catalogue };
    desk.decide(out)?;
    kept_file::replace(path, &desk.approvals.to_json()?).map_err(named)?;
    Ok(0)
}

/// What is decided, and on what.
struct Desk<'a> {
    arguments: &'a Arguments,
    approvals: Approvals,
    catalogue: &'a Catalogue,
}

impl<'a> Desk<'a> {
    fn decide(&mut self, out: &mut impl Write) -> Result<()> {
        let arguments = self.arguments;
        if let Some(csv) = &arguments.import {
            self.import(csv, out)?;
        }
        for pair in arguments.approve.chunks_exact(2) {
            self.approve(&pair[0], &pair[1], out)?;
        }
        for pair in arguments.reject.chunks_exact(2) {
            self.reject(&pair[0], &pair[1], out)?;
        }
        for series in arguments.approve_series.chunks_exact(3) {
            let (k, p) = self.markets(&series[0], &series[1])?;
            self.approvals.approve_series(&TermMatcher, k, p, &series[2], now())?;
        }
        for settled in arguments.settled.chunks_exact(3) {
            let alike = match settled[2].as_str() {
                "alike" => true,
                "differently" => false,
                word => return Err(format!("--settled: {word} is not alike or differently").into()),
            };
            let (k, p) = self.markets(&settled[0], &settled[1])?;
            self.approvals.record_settlement(k, p, alike)?;
        }
        if !(arguments.approve_series.is_empty() && arguments.settled.is_empty()) {
            listing::templates(&self.approvals, arguments.json, out)?;
        }
        Ok(())
    }

    fn markets(&self, ticker: &str, id: &str) -> Result<(&'a Market, &'a Market)> {
        let catalogue = self.catalogue;
        Ok((catalogue.find(Venue::Kalshi, ticker)?, catalogue.find(Venue::Polymarket, id)?))
    }

    fn remark(&self) -> Remark<'a> {
        let Arguments { note, despite_veto, .. } = self.arguments;
        Remark { at: now(), note, despite: despite_veto }
    }

    fn import(&mut self, path: &Path, out: &mut impl Write) -> Result<()> {
        let csv = String::from_utf8(read(path)?)
            .map_err(|_| format!("{}: not UTF-8 text; save it as UTF-8", path.display()))?;
        let taken = self
            .approvals
            .import(&csv, self.catalogue, &TermMatcher, &self.remark())
            .map_err(|error| format!("{}: {error}; nothing was taken over", path.display()))?;
        if self.arguments.json {
            writeln!(out, "{}", serde_json::json!({"kind": "summary", "taken": taken}))?;
        } else {
            writeln!(out, "{taken} decisions taken over")?;
        }
        Ok(())
    }

    fn approve(&mut self, ticker: &str, id: &str, out: &mut impl Write) -> Result<()> {
        let (k, p) = self.markets(ticker, id)?;
        let judgement = TermMatcher.judge(k, p);
        judging::print(out, k, p, &judgement, self.arguments.json)?;
        let relation = match self.arguments.relation.as_deref() {
            Some("complement") => Relation::Complement,
            Some(_) => Relation::Equal,
            None => judgement.relation,
        };
        let remark = self.remark();
        match self.approvals.approve(&TermMatcher, k, p, relation, &remark) {
            Err(error @ MatchError::Vetoed { .. }) => {
                let flag = judgement.vetoes(relation).join(",");
                Err(format!("{error}: --despite-veto {flag}").into())
            }
            Err(error @ MatchError::NotTradableRelation { .. }) => {
                Err(format!("{error}: --relation equal|complement").into())
            }
            done => Ok(done?),
        }
    }

    fn reject(&mut self, ticker: &str, id: &str, out: &mut impl Write) -> Result<()> {
        let remark = self.remark();
        let (k, p) =
            self.approvals.reject_named(self.catalogue, &TermMatcher, ticker, id, &remark)?;
        match self.markets(&k, &p) {
            Ok((k, p)) => judging::print(out, k, p, &TermMatcher.judge(k, p), self.arguments.json),
            Err(_) => {
                eprintln!(
                    "match: {k} and {p} are rejected, unread: not both are in listings given"
                );
                Ok(())
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a decision is stamped with the operator's clock, here and nowhere else"
)]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
