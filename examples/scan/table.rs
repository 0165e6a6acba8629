//! What a person sees of the status, as text.

use std::time::Duration;

use arb_monitor::status::{FeedRow, OpportunityRow, StatusModel};

/// Rows of opportunities on a screen.
const OPPORTUNITIES: usize = 12;
/// Examples of pairs that are not tradable, by reason.
const EXAMPLES: usize = 2;

/// A whole screen: the mode in capitals, pairs, feeds, opportunities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// Mode, kill switch, page: always there.
    head: Vec<String>,
    /// Why pairs are not traded and what almost paid: the first to go where rows are few.
    why: Vec<String>,
    feeds: Vec<String>,
    opportunities: Vec<String>,
    foot: Vec<String>,
}

/// What a person sees of the status.
pub fn screen(
    status: &StatusModel,
    running_for: Duration,
    page: Option<&str>,
    alerts: &[String],
) -> Screen {
    let feeds =
        ["", "FEED              STATE        LAST DATA  MSG/S  LIVE SUSP DEAD  GAPS RESYNCS"];
    let feeds = feeds.map(str::to_owned).into_iter();
    let funnel: Vec<String> =
        status.funnel.iter().map(|step| format!("{} {}", step.count, step.name)).collect();
    let foot = [String::new(), funnel.join(" → ")].into_iter();
    Screen {
        head: head(status, running_for, page),
        why: why(status),
        feeds: feeds.chain(status.feeds.iter().map(feed_row)).collect(),
        opportunities: opportunities(status),
        foot: foot.chain(alerts.iter().cloned()).chain(["Ctrl-C ends".to_owned()]).collect(),
    }
}

impl Screen {
    /// As much of it as a terminal of so many columns and rows shows.
    pub fn cut_to(&self, (columns, rows): (usize, usize)) -> String {
        let fixed = [&self.feeds, &self.opportunities, &self.foot];
        let others = self.head.len() + fixed.iter().map(|lines| lines.len()).sum::<usize>();
        let why = self.why.iter().take(rows.saturating_sub(others));
        let lines = self.head.iter().chain(why).chain(fixed.into_iter().flatten()).take(rows);
        lines.map(|line| cut(line, columns) + "\n").collect()
    }
}

fn head(status: &StatusModel, running_for: Duration, page: Option<&str>) -> Vec<String> {
    let mut lines = vec![format!(
        "{}  pairs tradable now {} of {}   running {}",
        status.mode.as_str(),
        status.pairs_tradable,
        status.pairs_total,
        span(running_for),
    )];
    if status.kill_switch.engaged {
        lines.push(format!("KILL SWITCH ENGAGED: {}", status.kill_switch.reason));
    }
    lines.extend(page.map(|page| format!("status page {page}")));
    lines
}

fn why(status: &StatusModel) -> Vec<String> {
    let blocked = status.blocked.iter().map(|blocked| {
        let some = blocked.examples.iter().take(EXAMPLES).cloned().collect::<Vec<_>>().join(", ");
        let more = if blocked.count > EXAMPLES { ", …" } else { "" };
        format!("  not tradable: {:>3}  {} ({some}{more})", blocked.count, blocked.reason)
    });
    let near = status.near_misses.iter().take(OPPORTUNITIES);
    blocked.chain(near.map(|row| format!("  {:<34} {}", cut(&row.pair, 34), row.missing))).collect()
}

fn opportunities(status: &StatusModel) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        format!(
            "{:<34} {:<34} {:>7} {:>10} {:>10} {:>11} {:>6}",
            "OPPORTUNITY", "ORDERS (LIMIT)", "QTY", "NET $", "RISK-ADJ $", "CAPITAL $", "AGE"
        ),
    ];
    lines.extend(status.opportunities.iter().take(OPPORTUNITIES).map(opportunity_row));
    if status.opportunities.is_empty() {
        lines.push("none open".to_owned());
    } else if status.opportunities.len() > OPPORTUNITIES {
        lines.push(format!("… and {} more", status.opportunities.len() - OPPORTUNITIES));
    }
    lines
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
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use arb_monitor::status::{BlockedPairs, FunnelStep, KillSwitch, Mode, NearMiss};

    use super::*;

    fn crowded() -> Screen {
        let mut status = StatusModel { mode: Mode::Live, ..StatusModel::default() };
        status.kill_switch = KillSwitch { engaged: true, reason: "a wrong book ".repeat(20) };
        status.blocked = vec![BlockedPairs {
            reason: "settled".to_owned(),
            count: 7,
            examples: vec!["a-pair-of-a-long-name".to_owned(); 7],
        }];
        let near = |n| NearMiss {
            pair: format!("pair-{n}"),
            missing: "prices 2.00 cents too high before fees of 2.82: 4.82 cents a contract short"
                .to_owned(),
            net_usd: None,
        };
        status.near_misses = (0..12).map(near).collect();
        status.feeds = vec![FeedRow { name: "kalshi #0".to_owned(), ..FeedRow::default() }; 6];
        let funnel = FunnelStep { name: "evaluated and more than that".to_owned(), count: 1 };
        status.funnel = vec![funnel; 7];
        let alerts = vec!["ALERT high something".to_owned(); 3];
        screen(&status, Duration::from_secs(65), Some("http://127.0.0.1:41234/"), &alerts)
    }

    #[test]
    fn a_small_terminal_shows_mode_kill_switch_page_and_feeds() {
        let screen = crowded();
        for size in [(80, 24), (20, 5), (1, 1), (0, 0)] {
            let text = screen.cut_to(size);
            assert!(text.lines().count() <= size.1, "{text}");
            assert!(text.lines().all(|line| line.chars().count() <= size.0.max(1)), "{text}");
        }
        let text = screen.cut_to((80, 24));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "LIVE  pairs tradable now 0 of 0   running 1m05s");
        assert!(
            lines[1].starts_with("KILL SWITCH ENGAGED: a wrong book") && lines[1].ends_with('…')
        );
        assert_eq!(lines[2], "status page http://127.0.0.1:41234/");
        let of = |start: &str| lines.iter().filter(|line| line.starts_with(start)).count();
        assert_eq!((of("FEED"), of("kalshi #0"), of("OPPORTUNITY"), of("none open")), (1, 6, 1, 1));
        assert_eq!(
            (of("ALERT"), of("Ctrl-C ends"), of("  not tradable"), of("  pair-")),
            (3, 1, 1, 3)
        );
        assert_eq!(screen.cut_to((200, 60)).matches("  pair-").count(), 12);
    }
}
