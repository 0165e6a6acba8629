//! Lists what was decided, and whether it still holds.

use std::io::Write;

use arb_match::{Approval, Approvals, Decision, TermMatcher};
use arb_normalize::Venue;
use serde::Serialize;

use crate::listings::Listings;
use crate::{Arguments, Result, deciding};

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    entry: &'a Approval,
    /// Whether an approval holds; nothing where it was not checked, and for rejections.
    holds: Option<bool>,
    reason: String,
}

/// Lists all decisions. The answer is 1 if an approval does not hold.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<i32> {
    let approvals = deciding::kept(&arguments.approvals)?;
    let (k, p) = (arguments.kalshi.as_deref(), arguments.polymarket.as_deref());
    let catalogue = Listings::read(k, p)?.catalogue;
    let checks = k.is_some() || p.is_some();
    let mut code = 0;
    for entry in approvals.iter() {
        let markets = (
            catalogue.market(Venue::Kalshi, &entry.kalshi),
            catalogue.market(Venue::Polymarket, &entry.polymarket),
        );
        let (holds, reason) = match (entry.decision, markets) {
            (Decision::Rejected, _) => (None, format!("rejected at {}", entry.at)),
            (Decision::Approved, _) if !checks => {
                (None, "not checked: no listings given".to_owned())
            }
            (Decision::Approved, (Some(k), Some(p))) => match approvals.holds(&TermMatcher, k, p) {
                Ok(_) => (Some(true), "holds".to_owned()),
                Err(refusal) => (Some(false), refusal.to_string()),
            },
            (Decision::Approved, _) => (Some(false), "not in the listings given".to_owned()),
        };
        if holds == Some(false) {
            code = 1;
        }
        print(&Line { entry, holds, reason }, arguments.json, out)?;
    }
    templates(&approvals, arguments.json, out)?;
    Ok(code)
}

fn print(line: &Line<'_>, json: bool, out: &mut impl Write) -> Result<()> {
    if json {
        writeln!(out, "{}", serde_json::to_string(line)?)?;
        return Ok(());
    }
    let Line { entry, reason, .. } = line;
    let decision = match entry.decision {
        Decision::Approved => "approved",
        Decision::Rejected => "rejected",
    };
    let relation = entry.relation.map_or("unread", |relation| relation.as_str());
    let mut remarks = String::new();
    if !entry.despite.is_empty() {
        remarks.push_str(&format!(" despite {}", entry.despite.join(",")));
    }
    if !entry.note.is_empty() {
        remarks.push_str(&format!(" ({})", entry.note));
    }
    writeln!(
        out,
        "{decision} {relation} {} {} {}{remarks}: {reason}",
        entry.kalshi, entry.polymarket, entry.at
    )?;
    Ok(())
}

/// Lists the templates.
pub(crate) fn templates(approvals: &Approvals, json: bool, out: &mut impl Write) -> Result<()> {
    for template in approvals.templates() {
        if json {
            writeln!(out, "{}", serde_json::to_string(template)?)?;
        } else {
            writeln!(
                out,
                "series {} ~ {}*: {} settled alike, {} differently",
                template.kalshi_series,
                template.polymarket_prefix,
                template.settled_alike,
                template.settled_differently
            )?;
        }
    }
    Ok(())
}
