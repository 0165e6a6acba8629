//! Things that happen by a day, or not.

use time::{Duration, Month};

use super::{Shelf, Strike, Times, before};
use crate::catalogue::calendar::{Written, at, day, mid_year, year_end};
use crate::catalogue::{Relation, Start};

const TECH: (&str, i64) = ("tech_fees", 4);
const CULTURE: (&str, i64) = ("culture_fees", 5);

pub(super) fn add(shelf: &mut Shelf) {
    listing(shelf);
    shutdown(shelf);
    award(shelf);
    starship(shelf);
}

/// "Before July 1" is "by June 30"; "by December 31" is another contract.
fn listing(shelf: &mut Shelf) {
    let last = mid_year(shelf.now);
    let series = shelf.series(
        "KXIPOORBITAL",
        "Orbital Dynamics IPO",
        "Companies",
        "IPOs",
        ("The New York Times", "https://www.nytimes.com/"),
    );
    let event = shelf.event(
        series,
        "KXIPOORBITAL",
        "When will Orbital Dynamics officially announce an IPO?",
        &format!("Before {}", before(last)),
    );
    let primary = format!(
        "If Orbital Dynamics officially announces an initial public offering before {}, then the market resolves to Yes.",
        before(last)
    );
    let secondary = "A public filing of a registration statement or an official statement of the company counts as an announcement.";
    let suffix = (last + Duration::days(1)).ticker();
    let k = shelf.kalshi(
        event,
        &suffix,
        "When will Orbital Dynamics officially announce an IPO?",
        &format!("Before {}", before(last)),
        (&primary, secondary),
        Strike::Custom("Date", before(last)),
        Times::end_of_day(last),
        3_900,
    );
    shelf.listings.kalshi[k].title =
        format!("Will Orbital Dynamics officially announce an IPO before {}?", before(last));
    let text = |until: String| {
        format!(
            "This market will resolve to \"Yes\" if Orbital Dynamics officially announces an initial public offering (IPO) by {until}, 11:59 PM ET. Otherwise, this market will resolve to \"No\".\n\nA public filing of a registration statement or an official statement of the company counts as an announcement. The primary resolution source for this market will be official information from Orbital Dynamics, however a consensus of credible reporting may also be used."
        )
    };
    let p = shelf.polymarket_alone(
        &format!("orbital-dynamics-ipo-by-{}", last.iso()),
        &format!("Will Orbital Dynamics announce an IPO by {}?", last.long()),
        &text(last.long()),
        TECH,
        at(last, 12, 0),
        3_900,
    );
    shelf.listings.pair("orbital-ipo", k, p, Relation::Equal);
    let far = day(last.year(), Month::December, 31);
    let later = shelf.polymarket_alone(
        &format!("orbital-dynamics-ipo-by-{}", far.iso()),
        &format!("Will Orbital Dynamics announce an IPO by {}?", far.long()),
        &text(far.long()),
        TECH,
        at(far, 12, 0),
        6_400,
    );
    shelf.listings.look_alike(k, later, "deadline");
}

fn shutdown(shelf: &mut Shelf) {
    let last = mid_year(shelf.now);
    let series = shelf.series(
        "KXGOVSHUT",
        "Government shutdown",
        "Politics",
        "Congress",
        ("Office of Personnel Management", "https://www.opm.gov/"),
    );
    let event = shelf.event(
        series,
        &format!("KXGOVSHUT-{}", &last.ticker()[..5]),
        &format!("Government shutdown before {}?", before(last)),
        &format!("Before {}", before(last)),
    );
    let primary = format!(
        "If the U.S. federal government shuts down due to a lapse in appropriations before {}, then the market resolves to Yes.",
        before(last)
    );
    let secondary = "A shutdown counts once the Office of Personnel Management announces it on its operating status page.";
    let k = shelf.kalshi(
        event,
        "S",
        &format!("Will the U.S. federal government shut down before {}?", before(last)),
        &format!("Before {}", before(last)),
        (&primary, secondary),
        Strike::Custom("Date", before(last)),
        Times::end_of_day(last),
        2_800,
    );
    let text = format!(
        "This market will resolve to \"Yes\" if the U.S. federal government shuts down due to a lapse in appropriations by {}, 11:59 PM ET. Otherwise, this market will resolve to \"No\".\n\nThe resolution source for this market is the operating status page of the U.S. Office of Personnel Management (OPM).",
        last.long()
    );
    let p = shelf.polymarket_alone(
        &format!("us-government-shutdown-by-{}", last.iso()),
        &format!("US government shutdown by {}?", last.long()),
        &text,
        ("politics_fees", 4),
        at(last, 12, 0),
        2_800,
    );
    shelf.listings.polymarket[p].resolution_source =
        "https://www.opm.gov/policy-data-oversight/snow-dismissal-procedures/current-status/";
    shelf.listings.pair("shutdown", k, p, Relation::Equal);
}

fn award(shelf: &mut Shelf) {
    // The ceremony of a year honours the films of the year before; the 99th is held in 2027.
    let mut ceremony = day(shelf.now.year(), Month::March, 14);
    if ceremony - shelf.now.date() < Duration::days(30) {
        ceremony = day(shelf.now.year() + 1, Month::March, 14);
    }
    let number = ceremony.year() - 1928;
    let ordinal = format!("{number}{}", ordinal_suffix(number));
    let year = ceremony.year();
    let series = shelf.series(
        "KXOSCARPIC",
        "Best Picture",
        "Entertainment",
        "Oscars",
        ("Academy of Motion Picture Arts and Sciences", "https://www.oscars.org/"),
    );
    let event = shelf.event(
        series,
        &format!("KXOSCARPIC-{}", year % 100),
        "Oscar for Best Picture?",
        &format!("At the {ordinal} Academy Awards"),
    );
    shelf.listings.kalshi_events[event].mutually_exclusive = true;
    let primary = format!(
        "If The Long Harbor wins Best Picture at the {ordinal} Academy Awards, then the market resolves to Yes."
    );
    let times = Times::at(at(ceremony + Duration::days(1), 5, 0))
        .early("This market will close and expire after the award has been announced.");
    let k = shelf.kalshi(
        event,
        "LON",
        "Will The Long Harbor win Best Picture at the Oscars?",
        "The Long Harbor",
        (&primary, ""),
        Strike::Custom("Movie", "The Long Harbor".to_owned()),
        times,
        4_600,
    );
    let text = format!(
        "This market will resolve to \"Yes\" if The Long Harbor wins the Academy Award for Best Picture at the {ordinal} Academy Awards, scheduled for {}. Otherwise, this market will resolve to \"No\".\n\nThe primary resolution source for this market will be official information from the Academy of Motion Picture Arts and Sciences, including the live broadcast of the award ceremony.",
        ceremony.long()
    );
    let p = shelf.polymarket_alone(
        &format!("will-the-long-harbor-win-best-picture-at-the-{ordinal}-academy-awards"),
        &format!("Will \"The Long Harbor\" win Best Picture at the {ordinal} Academy Awards?"),
        &text,
        CULTURE,
        at(ceremony, 23, 0),
        4_600,
    );
    shelf.listings.polymarket[p].resolution_source = "https://www.oscars.org/";
    shelf.listings.pair("best-picture-long-harbor", k, p, Relation::Equal);
}

const fn ordinal_suffix(number: i32) -> &'static str {
    match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

/// A pair that nobody knows until it is listed while the simulation runs.
fn starship(shelf: &mut Shelf) {
    let last = year_end(shelf.now);
    let series = shelf.series(
        "KXLUNARLANDER",
        "Lunar landing",
        "Science and Technology",
        "Space",
        ("NASA", "https://www.nasa.gov/"),
    );
    let event = shelf.event(
        series,
        &format!("KXLUNARLANDER-{}", last.ticker()),
        &format!("Lunar landing before {}?", before(last)),
        &format!("Before {}", before(last)),
    );
    let primary = format!(
        "If the Meridian lander of Orbital Dynamics makes a soft landing on the Moon before {}, then the market resolves to Yes.",
        before(last)
    );
    let k = shelf.kalshi(
        event,
        "MER",
        &format!("Will the Meridian lander land on the Moon before {}?", before(last)),
        "Meridian",
        (&primary, "A landing counts as soft when the lander sends data from the surface."),
        Strike::Custom("Lander", "Meridian".to_owned()),
        Times::end_of_day(last),
        5_500,
    );
    let text = format!(
        "This market will resolve to \"Yes\" if the Meridian lander of Orbital Dynamics makes a soft landing on the Moon by {}, 11:59 PM ET. Otherwise, this market will resolve to \"No\".\n\nA landing counts as soft when the lander sends data from the surface. The primary resolution source for this market will be official information from NASA.",
        last.long()
    );
    let p = shelf.polymarket_alone(
        &format!("meridian-lander-on-the-moon-by-{}", last.iso()),
        &format!("Will the Meridian lander land on the Moon by {}?", last.long()),
        &text,
        TECH,
        at(last, 12, 0),
        5_500,
    );
    shelf.listings.polymarket[p].resolution_source = "https://www.nasa.gov/";
    shelf.listings.kalshi[k].start = Start::Unlisted;
    shelf.listings.polymarket[p].start = Start::Unlisted;
    shelf.listings.pair("meridian-landing", k, p, Relation::Equal);
}
