//! Rate decisions, inflation, jobs, growth, an index and a coin.

use time::{Date, Duration};

use super::{Shelf, Strike, Times};
use crate::catalogue::calendar::{Written, at, fed_meetings, month_ahead, year_end};
use crate::catalogue::{Relation, Ticks, hex, sha256};

const ECONOMY: (&str, i64) = ("economics_fees", 5);
const BLS: (&str, &str) = ("Bureau of Labor Statistics", "https://www.bls.gov/");

pub(super) fn add(shelf: &mut Shelf) {
    fed_decision(shelf);
    inflation(shelf);
    unemployment(shelf);
    growth(shelf);
    index(shelf);
    bitcoin(shelf);
    ether(shelf);
}

/// Suffix, sub title, strike, what the committee does, and the fair price; the outcomes of the group
/// add up to one dollar.
const KALSHI_FED: [(&str, &str, &str, &str, i64); 4] = [
    (
        "H0",
        "Fed maintains rate",
        "maintain rates",
        "maintains the target federal funds rate",
        4_400,
    ),
    (
        "C25",
        "Cut 25bps",
        "cut rates by 25bps",
        "cuts the target federal funds rate by exactly 25 basis points",
        3_000,
    ),
    (
        "C26",
        "Cut >25bps",
        "cut rates by >25bps",
        "cuts the target federal funds rate by more than 25 basis points",
        1_500,
    ),
    (
        "H25",
        "Hike 25bps",
        "hike rates by 25bps",
        "hikes the target federal funds rate by exactly 25 basis points",
        900,
    ),
];

/// Slug, question, group item and condition of the outcomes that equal Kalshi's first three.
const POLYMARKET_FED: [(&str, &str, &str, &str); 3] = [
    (
        "fed-no-change",
        "No change in Fed interest rates after the",
        "No change",
        "the upper bound of the target federal funds range is unchanged",
    ),
    (
        "fed-25-bps-cut",
        "Fed decreases interest rates by 25 bps after the",
        "25 bps decrease",
        "the upper bound of the target federal funds range is decreased by exactly 25 basis points",
    ),
    (
        "fed-cut-more-than-25-bps",
        "Fed decreases interest rates by more than 25 bps after the",
        "More than 25 bps decrease",
        "the upper bound of the target federal funds range is decreased by more than 25 basis points",
    ),
];

fn fed_decision(shelf: &mut Shelf) {
    let [meeting, next] = fed_meetings(shelf.now);
    let kalshi = kalshi_fed(shelf, meeting);
    let group = polymarket_fed_group(shelf, meeting);
    for (index, (row, id)) in
        POLYMARKET_FED.into_iter().zip(["fed-hold", "fed-cut-25", "fed-cut-more"]).enumerate()
    {
        let market = fed_market(shelf, group, row, meeting, KALSHI_FED[index].4);
        shelf.listings.pair(id, kalshi[index], market, Relation::Equal);
        if let Some(pair) = shelf.listings.pairs.last_mut() {
            pair.drifts = false;
        }
    }
    // "25+" is not "25": a hike of 50 pays here and not on Kalshi.
    let row = (
        "fed-hike-25-plus",
        "Fed increases interest rates by 25+ bps after the",
        "25+ bps increase",
        "the upper bound of the target federal funds range is increased by 25 basis points or more",
    );
    let hike = fed_market(shelf, group, row, meeting, 1_100);
    shelf.listings.look_alike(kalshi[3], hike, "bucket");
    // The meeting after: the same words, another date.
    let other = polymarket_fed_group(shelf, next);
    let later = fed_market(shelf, other, POLYMARKET_FED[0], next, 5_800);
    shelf.listings.look_alike(kalshi[0], later, "date");
}

fn kalshi_fed(shelf: &mut Shelf, meeting: Date) -> [usize; 4] {
    let source = ("Federal Reserve", "https://www.federalreserve.gov/");
    let series = shelf.series("KXFEDDECISION", "Fed decision", "Economics", "Fed", source);
    shelf.listings.series[series].fee_type = "quadratic_with_maker_fees";
    let name = format!("{} {}", meeting.month_name(), meeting.year());
    let event = shelf.event(
        series,
        &format!("KXFEDDECISION-{}", &meeting.ticker()[..5]),
        &format!("Fed decision in {name}?"),
        &format!("At the {} meeting", meeting.long()),
    );
    shelf.listings.kalshi_events[event].mutually_exclusive = true;
    KALSHI_FED.map(|(suffix, sub, words, act, fair)| {
        let primary = format!(
            "If the Federal Reserve {act} at its {name} meeting, scheduled for {}, then the market resolves to Yes.",
            meeting.long()
        );
        let secondary = "The change is that of the upper bound of the target federal funds range given in the FOMC statement of the meeting, compared with the level before the meeting.";
        let title = format!("Will the Federal Reserve {words} at its {name} meeting?");
        let times = Times::at(at(meeting, 18, 55))
            .early("This market will close and expire once the decision is published.");
        let strike = Strike::Custom("Decision", sub.to_owned());
        shelf.kalshi(event, suffix, &title, sub, (&primary, secondary), strike, times, fair)
    })
}

fn polymarket_fed_group(shelf: &mut Shelf, meeting: Date) -> usize {
    let (month, year) = (meeting.month_name(), meeting.year());
    let slug = format!("fed-decision-in-{}-{year}", month.to_lowercase());
    let description = format!(
        "The FED interest rates are defined in this market by the upper bound of the target federal funds range. This market will resolve to the amount of basis points the upper bound is changed by versus the level it was prior to the Federal Reserve's {month} {year} meeting."
    );
    let end = at(meeting, 19, 0);
    let group = shelf.listings.add_polymarket_event(
        &slug,
        &format!("Fed decision in {month} {year}?"),
        &description,
        "economy",
        end,
    );
    let id = format!("0x{}", hex(&sha256(&format!("group {slug}"))));
    shelf.listings.polymarket_events[group].neg_risk = Some(id);
    group
}

fn fed_market(
    shelf: &mut Shelf,
    group: usize,
    (slug, question, item, act): (&str, &str, &str, &str),
    meeting: Date,
    fair: i64,
) -> usize {
    let (month, year) = (meeting.month_name(), meeting.year());
    let description = format!(
        "This market will resolve to \"Yes\" if {act} at the Federal Reserve's {month} {year} meeting, scheduled for {}, versus the level it was prior to the meeting. Otherwise, this market will resolve to \"No\".\n\nThe resolution source for this market is the FOMC's statement after its meeting as published on the official website of the Federal Reserve at https://www.federalreserve.gov/monetarypolicy/fomccalendars.htm.",
        meeting.long()
    );
    let slug = format!("{slug}-{}-{year}", month.to_lowercase());
    let question = format!("{question} {month} {year} meeting?");
    let end = at(meeting, 19, 0);
    let market = shelf.polymarket(group, &slug, &question, &description, ECONOMY, end, fair);
    let listed = &mut shelf.listings.polymarket[market];
    listed.group_item_title = item.to_owned();
    listed.resolution_source = "https://www.federalreserve.gov/monetarypolicy/fomccalendars.htm";
    market
}

fn inflation(shelf: &mut Shelf) {
    let month = month_ahead(shelf.now, 1);
    let release = month_ahead(shelf.now, 2) + Duration::days(11);
    let name = format!("{} {}", month.month_name(), month.year());
    let series = shelf.series("KXCPIYOY", "CPI year over year", "Economics", "Inflation", BLS);
    let event = shelf.event(
        series,
        &format!("KXCPIYOY-{}", &month.ticker()[..5]),
        &format!("Inflation in {name}?"),
        &name,
    );
    let primary = format!(
        "If the rate of CPI inflation is above 3.0% for the year ending in {name}, then the market resolves to Yes."
    );
    let secondary = "The figure is the 12-month percentage change of the Consumer Price Index for All Urban Consumers (CPI-U), not seasonally adjusted, with one decimal, in the first release of the Bureau of Labor Statistics for the month. Later revisions are not considered.";
    let close = at(release, 13, 25);
    let k = shelf.kalshi(
        event,
        "T3.0",
        &format!("Will the rate of CPI inflation be above 3.0% for the year ending in {name}?"),
        "Above 3.0%",
        (&primary, secondary),
        Strike::Greater("3.0".to_owned()),
        Times::at(close),
        5_700,
    );

    let text = |level: &str| {
        format!(
            "This market will resolve to \"Yes\" if the 12-month percentage change of the Consumer Price Index for All Urban Consumers (CPI-U), not seasonally adjusted, for {name} is greater than {level}. Otherwise, this market will resolve to \"No\".\n\nThe resolution source for this market is the first release of the Bureau of Labor Statistics report for {name}, currently scheduled for {}. The figure published with one decimal is used; later revisions are not considered.",
            release.long()
        )
    };
    let slug = |level: &str| {
        format!(
            "annual-inflation-above-{level}-in-{}-{}",
            month.month_name().to_lowercase(),
            month.year()
        )
    };
    let p = shelf.polymarket_alone(
        &slug("3pt0"),
        &format!("Will annual inflation be greater than 3.0% in {name}?"),
        &text("3.0%"),
        ECONOMY,
        close,
        5_700,
    );
    shelf.listings.pair("cpi-above-3.0", k, p, Relation::Equal);
    let higher = shelf.polymarket_alone(
        &slug("3pt2"),
        &format!("Will annual inflation be greater than 3.2% in {name}?"),
        &text("3.2%"),
        ECONOMY,
        close,
        3_100,
    );
    shelf.listings.look_alike(k, higher, "threshold");
    for market in [p, higher] {
        shelf.listings.polymarket[market].resolution_source = "https://www.bls.gov/cpi/";
    }
}

fn unemployment(shelf: &mut Shelf) {
    let month = month_ahead(shelf.now, 1);
    let release = month_ahead(shelf.now, 2) + Duration::days(5);
    let name = format!("{} {}", month.month_name(), month.year());
    let series = shelf.series("KXU3", "Unemployment rate", "Economics", "Jobs", BLS);
    let event = shelf.event(
        series,
        &format!("KXU3-{}", &month.ticker()[..5]),
        &format!("Unemployment rate in {name}?"),
        &name,
    );
    let secondary = "The figure is the seasonally adjusted U-3 rate with one decimal in the first release of the Employment Situation report. Later revisions are not considered.";
    let close = at(release, 13, 25);
    let primary = format!(
        "If the U-3 unemployment rate for {name} is less than 4.5%, then the market resolves to Yes."
    );
    let k = shelf.kalshi(
        event,
        "B4.5",
        &format!("Will the unemployment rate be below 4.5% in {name}?"),
        "Below 4.5%",
        (&primary, secondary),
        Strike::Less("4.5".to_owned()),
        Times::at(close),
        6_200,
    );
    let text = format!(
        "This market will resolve to \"Yes\" if the seasonally adjusted U-3 unemployment rate for {name} is 4.5% or higher. Otherwise, this market will resolve to \"No\".\n\nThe resolution source for this market is the first release of the Employment Situation report of the Bureau of Labor Statistics for {name}, with one decimal; later revisions are not considered."
    );
    let slug = format!(
        "unemployment-4pt5-or-higher-in-{}-{}",
        month.month_name().to_lowercase(),
        month.year()
    );
    let p = shelf.polymarket_alone(
        &slug,
        &format!("Will the unemployment rate be 4.5% or higher in {name}?"),
        &text,
        ECONOMY,
        close,
        3_800,
    );
    shelf.listings.polymarket[p].resolution_source = "https://www.bls.gov/";
    shelf.listings.pair("unemployment-4.5", k, p, Relation::Complement);
}

fn growth(shelf: &mut Shelf) {
    let release = month_ahead(shelf.now, 3) + Duration::days(26);
    // The quarter before the release.
    let before = month_ahead(shelf.now, 0);
    let quarter = format!("Q{} {}", (u8::from(before.month()) - 1) / 3 + 1, before.year());
    let code = quarter.replace(' ', "-").to_lowercase();
    let series = shelf.series(
        "KXGDP",
        "GDP growth",
        "Economics",
        "GDP",
        ("Bureau of Economic Analysis", "https://www.bea.gov/"),
    );
    let event = shelf.event(
        series,
        &format!("KXGDP-{}", &release.ticker()[..5]),
        &format!("US GDP growth in {quarter}?"),
        &quarter,
    );
    let primary = format!(
        "If real GDP growth in the United States for {quarter} is greater than 2.5%, then the market resolves to Yes."
    );
    let secondary = "The figure is the seasonally adjusted annual rate with one decimal in the advance estimate of the Bureau of Economic Analysis.";
    let close = at(release, 13, 25);
    let k = shelf.kalshi(
        event,
        "T2.5",
        &format!("Will real GDP increase by more than 2.5% in {quarter}?"),
        "More than 2.5%",
        (&primary, secondary),
        Strike::Greater("2.5".to_owned()),
        Times::at(close),
        4_200,
    );
    let text = |words: &str| {
        format!(
            "This market will resolve to \"Yes\" if real GDP in the United States for {quarter} grew by {words} at a seasonally adjusted annual rate, according to the advance estimate of the Bureau of Economic Analysis with one decimal. Otherwise, this market will resolve to \"No\".\n\nThe resolution source for this market is the advance estimate published by the Bureau of Economic Analysis."
        )
    };
    let p = shelf.polymarket_alone(
        &format!("us-gdp-growth-above-2pt5-{code}"),
        &format!("Will US GDP growth be greater than 2.5% in {quarter}?"),
        &text("more than 2.5%"),
        ECONOMY,
        close,
        4_200,
    );
    shelf.listings.pair("gdp-above-2.5", k, p, Relation::Equal);
    // Exactly 2.5 % pays here and not on Kalshi.
    let at_least = shelf.polymarket_alone(
        &format!("us-gdp-growth-2pt5-or-more-{code}"),
        &format!("Will US GDP growth be 2.5% or more in {quarter}?"),
        &text("2.5% or more"),
        ECONOMY,
        close,
        5_000,
    );
    shelf.listings.look_alike(k, at_least, "comparison");
    for market in [p, at_least] {
        shelf.listings.polymarket[market].resolution_source = "https://www.bea.gov/";
    }
}

fn index(shelf: &mut Shelf) {
    let last = year_end(shelf.now);
    let series = shelf.series(
        "KXINXY",
        "S&P 500 yearly close",
        "Financials",
        "S&P",
        ("S&P Dow Jones Indices", "https://www.spglobal.com/"),
    );
    shelf.listings.series[series].fee_multiplier = 50;
    let event = shelf.event(
        series,
        &format!("KXINXY-{}", last.ticker()),
        &format!("S&P 500 close on {}?", last.long()),
        &format!("On {}", last.short()),
    );
    let primary = format!(
        "If the S&P 500 index closes above 7500 on the last trading day on or before {}, then the market resolves to Yes.",
        last.long()
    );
    let secondary = "The figure is the official closing value of the S&P 500 index.";
    let close = at(last, 21, 0);
    let k = shelf.kalshi(
        event,
        "T7500",
        &format!("Will the S&P 500 close above 7,500 on {}?", last.long()),
        "Above 7,500",
        (&primary, secondary),
        Strike::Greater("7500".to_owned()),
        Times::at(close),
        3_500,
    );
    shelf.listings.kalshi[k].ticks = Ticks::Tapered;
    let text = format!(
        "This market will resolve to \"Yes\" if the official closing value of the S&P 500 index is above 7,500 on the last trading day on or before {}. Otherwise, this market will resolve to \"No\".\n\nThe resolution source for this market is the official closing value published by S&P Dow Jones Indices.",
        last.long()
    );
    let p = shelf.polymarket_alone(
        &format!("sp500-close-above-7500-{}", last.iso()),
        &format!("Will the S&P 500 close above 7,500 on {}?", last.long()),
        &text,
        ("finance_fees", 4),
        close,
        3_500,
    );
    shelf.listings.polymarket[p].tick = 10;
    shelf.listings.polymarket[p].resolution_source = "https://www.spglobal.com/";
    shelf.listings.pair("sp500-above-7500", k, p, Relation::Equal);
}

fn bitcoin(shelf: &mut Shelf) {
    let last = year_end(shelf.now);
    let series = shelf.series(
        "KXBTCMAXY",
        "Bitcoin yearly high",
        "Crypto",
        "BTC",
        ("CF Benchmarks", "https://www.cfbenchmarks.com/"),
    );
    let event = shelf.event(
        series,
        &format!("KXBTCMAXY-{}", last.ticker()),
        &format!("How high will Bitcoin get by {}?", last.long()),
        &format!("By {}", last.short()),
    );
    let primary = format!(
        "If the price of Bitcoin reaches $150,000 or higher at any time between market creation and {}, 11:59 PM ET, according to the CF Benchmarks Bitcoin Real-Time Index (BRTI), then the market resolves to Yes.",
        last.long()
    );
    let k = shelf.kalshi(
        event,
        "150000",
        &format!("Will Bitcoin reach $150,000 by {}?", last.long()),
        "$150,000 or above",
        (&primary, "Any value of the index counts, also between two minutes."),
        Strike::GreaterOrEqual("150000".to_owned()),
        Times::end_of_day(last),
        2_700,
    );
    shelf.listings.kalshi[k].ticks = Ticks::Tapered;
    let text = format!(
        "This market will resolve to \"Yes\" if the price of Bitcoin reaches $150,000 or higher at any time between market creation and {}, 11:59 PM ET, according to the CF Benchmarks Bitcoin Real-Time Index (BRTI). Otherwise, this market will resolve to \"No\".",
        last.long()
    );
    let fees = ("crypto_fees_v2", 7);
    let p = shelf.polymarket_alone(
        &format!("bitcoin-reach-150k-by-{}", last.iso()),
        &format!("Will Bitcoin reach $150,000 by {}?", last.long()),
        &text,
        fees,
        at(last, 12, 0),
        2_700,
    );
    shelf.listings.pair("btc-reach-150k", k, p, Relation::Equal);
    // The close of the last day is not the high of the year.
    let text = format!(
        "This market will resolve to \"Yes\" if the price of Bitcoin is above $150,000 on {} at 11:59 PM ET, according to the CF Benchmarks Bitcoin Real-Time Index (BRTI). Otherwise, this market will resolve to \"No\". Prices at any other time are not considered.",
        last.long()
    );
    let close = shelf.polymarket_alone(
        &format!("bitcoin-above-150k-on-{}", last.iso()),
        &format!("Bitcoin above $150,000 on {}?", last.long()),
        &text,
        fees,
        at(last, 12, 0),
        1_800,
    );
    shelf.listings.look_alike(k, close, "touch");
    for market in [p, close] {
        shelf.listings.polymarket[market].resolution_source =
            "https://www.cfbenchmarks.com/data/indices/BRTI";
    }
}

fn ether(shelf: &mut Shelf) {
    let last = year_end(shelf.now);
    let series = shelf.series(
        "KXETHMAXY",
        "Ethereum yearly high",
        "Crypto",
        "ETH",
        ("CF Benchmarks", "https://www.cfbenchmarks.com/"),
    );
    // Like some of Kalshi's coin series, this one is free of fees.
    shelf.listings.series[series].fee_multiplier = 0;
    let event = shelf.event(
        series,
        &format!("KXETHMAXY-{}", last.ticker()),
        &format!("How high will Ethereum get by {}?", last.long()),
        &format!("By {}", last.short()),
    );
    let primary = format!(
        "If the price of Ethereum reaches $5,000 or higher at any time between market creation and {}, 11:59 PM ET, according to the CF Benchmarks Ether-Dollar Real-Time Index (ETHUSD_RTI), then the market resolves to Yes.",
        last.long()
    );
    let k = shelf.kalshi(
        event,
        "5000",
        &format!("Will Ethereum reach $5,000 by {}?", last.long()),
        "$5,000 or above",
        (&primary, "Any value of the index counts."),
        Strike::GreaterOrEqual("5000".to_owned()),
        Times::end_of_day(last),
        3_300,
    );
    let text = format!(
        "This market will resolve to \"Yes\" if the price of Ethereum reaches $5,000 or higher at any time between market creation and {}, 11:59 PM ET, according to the CF Benchmarks Ether-Dollar Real-Time Index (ETHUSD_RTI). Otherwise, this market will resolve to \"No\".",
        last.long()
    );
    let p = shelf.polymarket_alone(
        &format!("ethereum-reach-5000-by-{}", last.iso()),
        &format!("Will Ethereum reach $5,000 by {}?", last.long()),
        &text,
        ("crypto_fees_v2", 7),
        at(last, 12, 0),
        3_300,
    );
    shelf.listings.pair("eth-reach-5000", k, p, Relation::Equal);
}
