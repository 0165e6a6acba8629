//! What can be traded, what is seen, and why not more.

use std::time::Duration;

use super::super::html::Html;
use super::super::model::{FeedRow, LegRow, Mode, OpportunityRow, QuoteRow, StatusModel, Tone};
use super::figures::{clock, count, dollars, money, span};
use super::{View, nothing, tone_of};

/// A model older than this is not the present.
const MODEL_AGE_MAX: Duration = Duration::from_secs(10);

pub(super) fn head(view: &View) -> String {
    let model = &view.model;
    let mut html = Html::default();
    match view.model_age {
        None => {
            html.raw("<p class=\"banner\" role=\"alert\">Nothing was published yet.</p>");
        }
        Some(age) if age > MODEL_AGE_MAX => {
            html.raw("<p class=\"banner\" role=\"alert\">The program published nothing for ")
                .text(span(age))
                .raw(". Everything below is old.</p>");
        }
        Some(_) => {}
    }
    html.raw("<dl class=\"head\"><div class=\"mode\"><dt>Mode</dt><dd>");
    let tone = if model.mode == Mode::Live { Tone::Warn } else { Tone::Plain };
    html.badge(tone, model.mode.as_str()).raw("</dd></div><div><dt>Kill switch</dt><dd>");
    kill_switch(&mut html, view);
    html.raw("</dd></div><div><dt>Pairs tradable now</dt><dd><strong>")
        .text(model.pairs_tradable)
        .raw("</strong> of ")
        .text(model.pairs_total)
        .raw("</dd></div><div><dt>Clock offsets</dt><dd>");
    clocks(&mut html, model);
    html.raw("</dd></div><div><dt>Version</dt><dd>").text(&model.version);
    if let Some(started) = model.started_at {
        let up = Duration::try_from(view.now - started).unwrap_or_default();
        html.raw(" <small>up ").text(span(up)).raw("</small>");
    }
    html.raw("</dd></div><div><dt>Time (UTC)</dt><dd>")
        .text(clock(view.now, view.now))
        .raw("</dd></div></dl>");
    html.finish()
}

fn kill_switch(html: &mut Html, view: &View) {
    let switch = &view.model.kill_switch;
    if switch.engaged {
        html.badge(Tone::Bad, "ENGAGED").raw(" <span>").text(&switch.reason).raw("</span>");
    } else {
        html.badge(Tone::Good, "off");
    }
    // Stopping is never asked twice about; going on is.
    match (view.has_switch, switch.engaged) {
        (false, _) => {}
        (true, false) => {
            html.raw(
                " <form class=\"act\" method=\"post\" action=\"/kill-switch/engage\">\
                 <button id=\"switch\" class=\"stop\">Engage</button></form>",
            );
        }
        (true, true) => {
            html.raw(
                " <form class=\"act\" method=\"post\" action=\"/kill-switch/release\" \
                 data-confirm=\"Release the kill switch? Trades count as tradable again.\">\
                 <button id=\"switch\">Release</button></form>",
            );
        }
    }
}

fn clocks(html: &mut Html, model: &StatusModel) {
    if model.clocks.is_empty() {
        html.raw("not measured");
    }
    for offset in &model.clocks {
        html.raw("<span class=\"pair\">").text(&offset.venue).raw(" ");
        match offset.offset_ms {
            Some(ms) => html.badge(tone_of(ms.abs() > offset.limit_ms), format!("{ms:+} ms")),
            None => html.badge(Tone::Warn, "unknown"),
        };
        html.raw("</span> ");
    }
}

pub(super) fn why(view: &View) -> String {
    let mut html = Html::default();
    if view.model.blocked.is_empty() {
        nothing(&mut html, "Every approved pair can be traded.");
        return html.finish();
    }
    html.table("Reasons why pairs are not tradable", &["Reason", "#Pairs", "For example"]);
    for blocked in &view.model.blocked {
        html.raw("<tr>")
            .cell("Reason", &blocked.reason)
            .number("Pairs", blocked.count)
            .cell("For example", blocked.examples.join(", "))
            .raw("</tr>");
    }
    html.raw("</tbody></table>");
    html.finish()
}

pub(super) fn feeds(view: &View) -> String {
    let mut html = Html::default();
    let mut feeds: Vec<&FeedRow> = view.model.feeds.iter().collect();
    // The one that is silent longest comes first, an unknown age before all.
    feeds.sort_by_key(|feed| std::cmp::Reverse(feed.data_age.unwrap_or(Duration::MAX)));
    if feeds.is_empty() {
        nothing(&mut html, "No feed.");
        return html.finish();
    }
    html.table(
        "Feeds, the longest silent first",
        &[
            "Feed",
            "State",
            "#Last data",
            "#Frames/s",
            "Books",
            "#Gaps",
            "#Resyncs",
            "Audit",
            "Next window",
        ],
    );
    for feed in feeds {
        feed_row(&mut html, feed, view);
    }
    html.raw("</tbody></table>");
    html.finish()
}

fn feed_row(html: &mut Html, feed: &FeedRow, view: &View) {
    html.raw("<tr>").cell("Feed", &feed.name).open("State").badge(feed.tone, &feed.state);
    html.raw("</td><td class=\"n\" data-c=\"Last data\">");
    match (feed.data_age, feed.data_age_max) {
        (Some(age), Some(max)) if age > max => html.badge(Tone::Bad, span(age)),
        (Some(age), _) => html.text(span(age)),
        (None, _) => html.badge(Tone::Warn, "never"),
    };
    html.raw("</td>").number("Frames/s", format!("{:.1}", feed.frames_per_second)).open("Books");
    let books = feed.books;
    html.badge(Tone::Good, format!("{} live", books.live));
    let others = [
        (Tone::Bad, books.suspect, "suspect"),
        (Tone::Warn, books.resyncing, "resyncing"),
        (Tone::Plain, books.empty, "empty"),
        (Tone::Plain, books.dead, "dead"),
    ];
    for (tone, number, word) in others {
        if number > 0 {
            html.raw(" ").badge(tone, format!("{number} {word}"));
        }
    }
    html.raw("</td>")
        .number("Gaps", count(feed.gaps))
        .number("Resyncs", count(feed.resyncs))
        .open("Audit");
    if feed.audited == 0 {
        html.raw("none yet");
    } else {
        let verdict = format!("{} of {} wrong", feed.audit_wrong, feed.audited);
        html.badge(tone_of(feed.audit_wrong > 0), verdict);
    }
    html.raw("</td>");
    let window = feed.next_window.map_or_else(|| "–".to_owned(), |at| clock(at, view.now));
    html.cell("Next window", window).raw("</tr>");
}

pub(super) fn opportunities(view: &View) -> String {
    let mut html = Html::default();
    if view.model.opportunities.is_empty() {
        nothing(&mut html, "None at this moment. The funnel below says where they end.");
    } else {
        taking(&mut html, &view.model.opportunities);
    }
    if let Some(rows) = &view.model.quotes {
        html.raw("<h3>Resting orders and their hedges</h3>");
        if rows.is_empty() {
            nothing(&mut html, "No resting order would earn anything now.");
        } else {
            quotes(&mut html, rows);
        }
    }
    html.finish()
}

fn taking(html: &mut Html, rows: &[OpportunityRow]) {
    html.table(
        "Live opportunities",
        &[
            "Pair",
            "Legs",
            "#Contracts",
            "#Net",
            "#After risk",
            "#Capital",
            "#Days",
            "#Age",
            "Competing",
            "Gate",
        ],
    );
    for row in rows {
        opportunity_row(html, row);
    }
    html.raw("</tbody></table>");
}

fn quotes(html: &mut Html, rows: &[QuoteRow]) {
    html.table(
        "Resting orders that earn something when they fill, and the orders that hedge them",
        &["Pair", "Rests, then hedges", "#Contracts", "#Ahead", "#Net", "Fills within", "Seen"],
    );
    for row in rows {
        html.raw("<tr>").cell("Pair", &row.pair).open("Rests, then hedges");
        html.raw("<ul class=\"legs\">");
        leg_row(html, &row.rest);
        leg_row(html, &row.hedge);
        html.raw("</ul></td>")
            .number("Contracts", row.quantity.normalize())
            .number("Ahead", row.ahead.normalize())
            .number("Net", money(row.net_usd))
            .open("Fills within");
        let known: Vec<String> = row
            .fills
            .iter()
            .filter_map(|(within, chance)| {
                Some(format!("{} s: {:.0} %", within.as_secs(), (*chance)? * 1e2))
            })
            .collect();
        html.text(if known.is_empty() { "not known".to_owned() } else { known.join(", ") });
        html.raw("</td>").cell("Seen", &row.evidence).raw("</tr>");
    }
    html.raw("</tbody></table>");
}

fn leg_row(html: &mut Html, leg: &LegRow) {
    html.raw("<li>").text(&leg.venue).raw(": ").text(&leg.action);
    html.raw(if leg.action.starts_with("sell") { " ≥ <b>" } else { " ≤ <b>" })
        .text(dollars(leg.limit))
        .raw("</b> <small>book ")
        .text(span(leg.age))
        .raw("</small></li>");
}

fn opportunity_row(html: &mut Html, row: &OpportunityRow) {
    html.raw("<tr>").cell("Pair", &row.pair).open("Legs").raw("<ul class=\"legs\">");
    for leg in &row.legs {
        leg_row(html, leg);
    }
    let days = row.days.map_or_else(|| "?".to_owned(), |days| days.normalize().to_string());
    html.raw("</ul></td>")
        .number("Contracts", row.quantity.normalize())
        .number("Net", money(row.net_usd))
        .number("After risk", money(row.after_risk_usd))
        .number("Capital", money(row.capital_usd))
        .number("Days", days)
        .number("Age", span(row.age));
    let competing = match row.competing.as_slice() {
        [] => "–".to_owned(),
        pairs => pairs.join(", "),
    };
    html.cell("Competing", competing).open("Gate");
    match &row.denied {
        None => html.badge(Tone::Good, "passed"),
        Some(why) => html.badge(Tone::Warn, "denied").raw(" <small>").text(why).raw("</small>"),
    };
    html.raw("</td></tr>");
}

pub(super) fn funnel(view: &View) -> String {
    let mut html = Html::default();
    let most = view.model.funnel.iter().map(|step| step.count).max().unwrap_or(0);
    if most == 0 {
        nothing(&mut html, "Nothing was judged yet.");
    } else {
        html.raw("<ol class=\"funnel\">");
        for step in &view.model.funnel {
            html.raw("<li><span>")
                .text(&step.name)
                .raw("</span> <meter min=\"0\" max=\"1\" value=\"");
            // Logarithmic: from millions of frames to a handful of trades.
            let share = (step.count as f64 + 1.0).ln() / (most as f64 + 1.0).ln();
            html.text(format!("{share:.3}")).raw("\"></meter> <b>").text(count(step.count));
            html.raw("</b></li>");
        }
        html.raw("</ol>");
    }
    if !view.model.near_misses.is_empty() {
        html.table("Near misses", &["Pair", "#Net a contract", "What was missing"]);
        for miss in &view.model.near_misses {
            let net = miss.net_usd.map_or_else(|| "–".to_owned(), money);
            html.raw("<tr>").cell("Pair", &miss.pair).number("Net a contract", net);
            html.cell("What was missing", &miss.missing).raw("</tr>");
        }
        html.raw("</tbody></table>");
    }
    html.finish()
}
