//! Decisions from comma-separated lines.

use std::collections::HashMap;

use arb_normalize::{Relation, Venue};

use super::csv::{Record, records};
use super::{Approvals, Remark};
use crate::error::MatchError;
use crate::index::Catalogue;
use crate::judgement::Matcher;

/// The note is the last field and may hold commas.
const FIELDS: usize = 4;

impl Approvals {
    /// Takes over decisions from comma-separated lines `ticker,condition id or slug[,equal|complement|rejected[,note]]`, as
    /// spreadsheets write them: a field may stand in quotes. A first line whose first field is `ticker` is a heading, empty lines
    /// and lines that begin with `#` are skipped. Without a third field the relation is what `matcher` finds. A line without a note
    /// takes the remark's, and what the remark names as overridden is so for every line. All lines are taken over or none; the
    /// answer is how many.
    ///
    /// # Errors
    /// [`MatchError::Import`] with the line that cannot be used: it names a market that is not listed, approves what [`approve`]
    /// would not, or decides a pair again that an earlier line decides. [`MatchError::EmptyImport`] if nothing is decided.
    ///
    /// [`approve`]: Self::approve
    pub fn import(
        &mut self,
        csv: &str,
        catalogue: &Catalogue,
        matcher: &dyn Matcher,
        remark: &Remark<'_>,
    ) -> Result<usize, MatchError> {
        let unusable = |line, reason| MatchError::Import { line, reason };
        let mut records = records(csv, FIELDS).map_err(|(line, reason)| unusable(line, reason))?;
        if records.first().is_some_and(is_heading) {
            records.remove(0);
        }
        let mut next = self.clone();
        let mut decided: HashMap<(String, String), usize> = HashMap::new();
        for record in &records {
            let pair = next
                .import_record(record, catalogue, matcher, remark)
                .map_err(|reason| unusable(record.line, reason))?;
            if let Some(earlier) = decided.insert(pair, record.line) {
                let reason = format!("line {earlier} decides this pair already; keep one of them");
                return Err(unusable(record.line, reason));
            }
        }
        if records.is_empty() {
            return Err(MatchError::EmptyImport);
        }
        *self = next;
        Ok(records.len())
    }

    fn import_record(
        &mut self,
        record: &Record,
        catalogue: &Catalogue,
        matcher: &dyn Matcher,
        remark: &Remark<'_>,
    ) -> Result<(String, String), String> {
        let field = |n: usize| record.fields.get(n).map_or("", String::as_str);
        let (ticker, other, word) = (field(0), field(1), field(2));
        if other.is_empty() {
            return Err("no condition id or slug; write ticker,condition id".to_owned());
        }
        let note = if field(3).is_empty() { remark.note } else { field(3) };
        let remark = Remark { note, ..*remark };
        let said = |error: MatchError| error.to_string();
        if word == "rejected" {
            return self.reject_named(catalogue, matcher, ticker, other, &remark).map_err(said);
        }
        let kalshi = catalogue.find(Venue::Kalshi, ticker).map_err(said)?;
        let polymarket = catalogue.find(Venue::Polymarket, other).map_err(said)?;
        let relation = match word {
            "" => matcher.judge(kalshi, polymarket).relation,
            "equal" => Relation::Equal,
            "complement" => Relation::Complement,
            other => return Err(format!("{other} is not equal, complement or rejected")),
        };
        self.approve(matcher, kalshi, polymarket, relation, &remark).map_err(said)?;
        Ok((kalshi.key.id.clone(), polymarket.key.id.clone()))
    }
}

fn is_heading(record: &Record) -> bool {
    record.fields.first().is_some_and(|field| field.eq_ignore_ascii_case("ticker"))
}
