//! What a person sees of the status, as text.

use std::fmt::Write as _;
use std::time::Duration;

use arb_monitor::status::{FeedRow, OpportunityRow, StatusModel};

/// Rows of opportunities on a screen.
const OPPORTUNITIES: usize = 12;
/// Examples of pairs that are not tradable, by reason.
const EXAMPLES: usize = 2;

/// A whole screen: the mode in capitals, pairs, feeds, opportunities.
pub fn screen(
    status: &StatusModel,
    running_for: Duration,
    page: Option<&str>,
    alerts: &[String],
) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{}  pairs tradable now {} of {}   running {}{}",
        status.mode.as_str(),
        status.pairs_tradable,
        status.pairs_total,
        span(running_for),
        page.map(|page| format!("   status page {page}")).unwrap_or_default()
    );
    if status.kill_switch.engaged {
        let _ = writeln!(out, "KILL SWITCH ENGAGED: {}", status.kill_switch.reason);
    }
    for blocked in &status.blocked {
        let some = blocked.examples.iter().take(EXAMPLES).cloned().collect::<Vec<_>>().join(", ");
        let more = if blocked.count > EXAMPLES { ", …" } else { "" };
        let _ = writeln!(
            out,
            "  not tradable: {:>3}  {} ({some}{more})",
            blocked.count, blocked.reason
        );
    }
    for row in status.near_misses.iter().take(OPPORTUNITIES) {
        let _ = writeln!(out, "  {:<34} {}", cut(&row.pair, 34), row.missing);
    }
    let _ = writeln!(
        out,
        "\nFEED              STATE        LAST DATA  MSG/S  LIVE SUSP DEAD  GAPS RESYNCS"
    );
    for feed in &status.feeds {
        let _ = writeln!(out, "{}", feed_row(feed));
    }
    let _ = writeln!(
        out,
        "\n{:<34} {:<34} {:>7} {:>10} {:>10} {:>11} {:>6}",
        "OPPORTUNITY", "ORDERS (LIMIT)", "QTY", "NET $", "RISK-ADJ $", "CAPITAL $", "AGE"
    );
    for row in status.opportunities.iter().take(OPPORTUNITIES) {
        let _ = writeln!(out, "{}", opportunity_row(row));
    }
    if status.opportunities.is_empty() {
        let _ = writeln!(out, "none open");
    } else if status.opportunities.len() > OPPORTUNITIES {
        let _ = writeln!(out, "… and {} more", status.opportunities.len() - OPPORTUNITIES);
    }
    let funnel: Vec<String> =
        status.funnel.iter().map(|step| format!("{} {}", step.count, step.name)).collect();
    let _ = writeln!(out, "\n{}", funnel.join(" → "));
    for alert in alerts {
        let _ = writeln!(out, "{alert}");
    }
    let _ = writeln!(out, "Ctrl-C ends");
    out
}

/// One line of status, for output that is piped.
pub fn summary_line(status: &StatusModel) -> String {
    let feeds: Vec<String> = status
        .feeds
        .iter()
        .map(|feed| format!("{} {} {}", feed.name, feed.state, age(feed.data_age)))
        .collect();
    format!(
        "{}{} pairs {}/{} tradable; {}; {} open",
        status.mode.as_str(),
        if status.kill_switch.engaged { " KILL SWITCH ENGAGED" } else { "" },
        status.pairs_tradable,
        status.pairs_total,
        feeds.join(", "),
        status.opportunities.len()
    )
}

fn feed_row(feed: &FeedRow) -> String {
    format!(
        "{:<17} {:<12} {:>9} {:>6.1} {:>5} {:>4} {:>4} {:>5} {:>7}",
        cut(&feed.name, 17),
        cut(&feed.state, 12),
        age(feed.data_age),
        feed.frames_per_second,
        feed.books.live,
        feed.books.suspect + feed.books.resyncing,
        feed.books.dead,
        feed.gaps,
        feed.resyncs
    )
}

fn opportunity_row(row: &OpportunityRow) -> String {
    let orders: Vec<String> = row
        .legs
        .iter()
        .map(|leg| {
            let venue = if leg.venue == "kalshi" { "K" } else { "P" };
            format!("{venue} {} {}", leg.action, leg.limit.normalize())
        })
        .collect();
    format!(
        "{:<34} {:<34} {:>7} {:>10.4} {:>10.4} {:>11.2} {:>6}",
        cut(&row.pair, 34),
        cut(&orders.join(" + "), 34),
        row.quantity.normalize().to_string(),
        row.net_usd,
        row.after_risk_usd,
        row.capital_usd,
        span(row.age)
    )
}

fn age(age: Option<Duration>) -> String {
    age.map_or_else(|| "-".to_owned(), span)
}

/// `0.4s`, `12s`, `3m05s`, `2h07m`.
fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..10 => format!("{:.1}s", span.as_secs_f64()),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width - 1).collect();
    short.push('…');
    short
}
