//! Reproduces the fees of your own Kalshi fills and names the rule behind each difference.
//!
//! ```text
//! cargo run --release --example fees -- fills.csv [--precision 0.0001] [--multiplier 1]
//! ```
//!
//! The file needs a header with the columns `date` (2026-08-18, or an RFC 3339 time), `count`, `price` (of the side that
//! was traded) and `fee_dollars`; `ticker`, `role` (taker, maker) and `action` (buy, sell) are used where present. Fields
//! hold no quoted commas. Every line is judged as an order of its own, under the rounding that was in force that day.
#![expect(clippy::print_stdout, reason = "a report for the terminal")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use arb_normalize::Usd;
use arb_normalize::opportunity::Action;
use arb_risk::fees::{
    ChargedFill, FeeRule, KalshiFees, KalshiRole, KalshiRounding, Multiplier, Step, audit,
};
use clap::Parser;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

/// Reproduces the fees of your own Kalshi fills and names the rule behind each difference.
#[derive(Debug, Parser)]
struct Arguments {
    /// A CSV file with the columns date, count, price and fee_dollars.
    fills: PathBuf,
    /// To what your balance is rounded: 0.0001 for direct members, 0.01 through a broker.
    #[arg(long, default_value = "0.0001")]
    precision: Step,
    /// The multiplier to expect.
    #[arg(long, default_value = "1")]
    multiplier: Multiplier,
}

/// The columns of a header.
struct Columns<'a>(BTreeMap<&'a str, usize>);

impl<'a> Columns<'a> {
    fn of(header: &'a str) -> Self {
        Self(header.split(',').enumerate().map(|(place, name)| (name.trim(), place)).collect())
    }

    fn get<'l>(&self, fields: &[&'l str], name: &str) -> Option<&'l str> {
        fields.get(*self.0.get(name)?).map(|field| field.trim()).filter(|field| !field.is_empty())
    }

    fn need<'l>(&self, fields: &[&'l str], name: &str) -> Result<&'l str, String> {
        self.get(fields, name).ok_or_else(|| format!("no column {name}"))
    }
}

/// A line of the file.
struct Line<'l> {
    at: OffsetDateTime,
    ticker: &'l str,
    role: KalshiRole,
    fill: ChargedFill,
}

fn instant(text: &str) -> Result<OffsetDateTime, time::error::Parse> {
    OffsetDateTime::parse(text, &Rfc3339).or_else(|_| {
        let date = Date::parse(text, format_description!("[year]-[month]-[day]"))?;
        Ok(date.midnight().assume_utc())
    })
}

fn read<'l>(columns: &Columns<'_>, fields: &[&'l str]) -> Result<Line<'l>, Box<dyn Error>> {
    let sell = columns.get(fields, "action") == Some("sell");
    let role = match columns.get(fields, "role") {
        Some("maker") => KalshiRole::Maker,
        _ => KalshiRole::Taker,
    };
    Ok(Line {
        at: instant(columns.need(fields, "date")?)?,
        ticker: columns.get(fields, "ticker").unwrap_or("-"),
        role,
        fill: ChargedFill {
            action: if sell { Action::Sell } else { Action::Buy },
            price: columns.need(fields, "price")?.parse()?,
            size: columns.need(fields, "count")?.parse()?,
            charged: columns.need(fields, "fee_dollars")?.parse()?,
        },
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let text = std::fs::read_to_string(&arguments.fills)?;
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let columns = Columns::of(lines.next().ok_or("the file is empty")?);
    let rounding = KalshiRounding::default();
    let (mut all, mut charged, mut reasons) = (0_u32, Usd::ZERO, BTreeMap::<String, u32>::new());
    for (number, text) in lines.enumerate() {
        let fields: Vec<&str> = text.split(',').collect();
        let line =
            read(&columns, &fields).map_err(|error| format!("line {}: {error}", number + 2))?;
        let schedule = KalshiFees::taker()
            .with_precision(arguments.precision)
            .with_multiplier(arguments.multiplier)
            .with_role(line.role);
        let found = audit(&line.fill, rounding.at(schedule, line.at));
        (all, charged) = (all + 1, charged + line.fill.charged);
        *reasons.entry(found.rule.to_string()).or_default() += 1;
        if found.rule != FeeRule::AsExpected {
            println!(
                "{} {}: {} @ {} charged {}, expected {} ({}): {}",
                line.at.date(),
                line.ticker,
                line.fill.size,
                line.fill.price,
                line.fill.charged,
                found.expected,
                found.difference,
                found.rule
            );
        }
    }
    println!("{all} fills, {charged} dollars charged");
    for (reason, count) in reasons {
        println!("{count:>6}  {reason}");
    }
    Ok(())
}
