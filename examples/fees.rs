//! Reproduces the fees of your own Kalshi fills and names the rule behind each difference.
//!
//! ```text
//! cargo run --release --example fees -- fills.csv [--precision 0.0001] [--multiplier 1]
//! ```
//!
//! The file needs a header with the columns `date` (2026-08-18, or an RFC 3339 time), `count`, `price` (of the side that
//! was traded) and `fee_dollars`; `ticker`, `role` (taker, maker) and `action` (buy, sell) are used where present and count as
//! taker and buy where not. Fields
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

/// A field read, or which column holds what instead.
fn field<T: std::str::FromStr<Err: std::fmt::Display>>(
    columns: &Columns<'_>,
    fields: &[&str],
    name: &str,
) -> Result<T, String> {
    let text = columns.need(fields, name)?;
    text.parse().map_err(|error| format!("{name} {text:?}: {error}"))
}

fn read<'l>(columns: &Columns<'_>, fields: &[&'l str]) -> Result<Line<'l>, String> {
    let word = |name: &str| columns.get(fields, name).map(str::to_ascii_lowercase);
    let action = match word("action").as_deref() {
        None | Some("buy") => Action::Buy,
        Some("sell") => Action::Sell,
        Some(other) => return Err(format!("action {other:?} is neither buy nor sell")),
    };
    let role = match word("role").as_deref() {
        None | Some("taker") => KalshiRole::Taker,
        Some("maker") => KalshiRole::Maker,
        Some(other) => return Err(format!("role {other:?} is neither taker nor maker")),
    };
    let date = columns.need(fields, "date")?;
    Ok(Line {
        at: instant(date).map_err(|error| format!("date {date:?}: {error}"))?,
        ticker: columns.get(fields, "ticker").unwrap_or("-"),
        role,
        fill: ChargedFill {
            action,
            price: field(columns, fields, "price")?,
            size: field(columns, fields, "count")?,
            charged: field(columns, fields, "fee_dollars")?,
        },
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let text = std::fs::read_to_string(&arguments.fills)?;
    // Spreadsheets begin a file with a byte order mark.
    let lines = text.strip_prefix('\u{feff}').unwrap_or(&text).lines();
    let mut lines = (1..).zip(lines).filter(|(_, line)| !line.trim().is_empty());
    let (_, header) = lines.next().ok_or("the file is empty")?;
    let columns = Columns::of(header);
    let rounding = KalshiRounding::default();
    let (mut all, mut charged, mut reasons) = (0_u32, Usd::ZERO, BTreeMap::<String, u32>::new());
    for (number, text) in lines {
        let fields: Vec<&str> = text.split(',').collect();
        let line = read(&columns, &fields).map_err(|error| format!("line {number}: {error}"))?;
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
