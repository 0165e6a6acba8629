//! What being ready depends on: that books of each venue are live.

use std::time::Duration;

use arb_monitor::Monitor;
use arb_monitor::health::{Checked, ComponentConfig, FnCheck};
use arb_monitor::status::{BookCounts, StatusModel};
use arb_normalize::Venue;
use tokio::sync::watch;

/// How often it is asked at the longest; three times without a live book are unhealthy.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// Watches the books of both venues.
pub fn watch_feeds(monitor: &Monitor, view: &watch::Receiver<StatusModel>, every: Duration) {
    for venue in Venue::ALL {
        let view = view.clone();
        let check = FnCheck::new(move || {
            let judged = judge(&view.borrow(), venue);
            async move { judged }
        });
        let name = format!("{venue} books");
        let config = ComponentConfig::required(&name).every(every.min(ASK_EVERY));
        if let Err(error) = monitor.handle().add_component(config, check) {
            tracing::warn!(%error, name, "the feed's health is not watched");
        }
    }
}

fn judge(view: &StatusModel, venue: Venue) -> Checked {
    let of_venue =
        || view.feeds.iter().filter(|feed| feed.name.split(' ').next() == Some(venue.as_str()));
    let mut books = BookCounts::default();
    for feed in of_venue() {
        books.live += feed.books.live;
        books.suspect += feed.books.suspect;
        books.resyncing += feed.books.resyncing;
        books.empty += feed.books.empty;
    }
    let followed = books.live + books.suspect + books.resyncing + books.empty;
    if followed == 0 {
        return Checked::degraded("no market is followed here");
    }
    if books.live > 0 {
        return Checked::healthy();
    }
    let message = format!("none of {followed} books is live");
    if of_venue().any(|feed| feed.state == "paused") {
        return Checked::degraded(format!("{message}: planned interruption"));
    }
    Checked::unhealthy(message)
}

#[cfg(test)]
mod tests {
    use arb_monitor::health::Health;
    use arb_monitor::status::FeedRow;

    use super::*;

    fn view(state: &str, live: usize, suspect: usize) -> StatusModel {
        let books = BookCounts { live, suspect, ..BookCounts::default() };
        let feed = |name: &str, books| FeedRow {
            name: name.into(),
            state: state.into(),
            books,
            ..FeedRow::default()
        };
        let feeds = vec![feed("kalshi #0", books), feed("kalshi #1", BookCounts::default())];
        StatusModel { feeds, ..StatusModel::default() }
    }

    #[test]
    fn a_venue_without_a_live_book_is_unhealthy_unless_that_is_planned() {
        for (state, live, suspect, expected) in [
            ("live", 3, 2, Health::Healthy),
            ("live", 0, 5, Health::Unhealthy),
            ("paused", 0, 5, Health::Degraded),
            ("live", 0, 0, Health::Degraded),
        ] {
            let judged = judge(&view(state, live, suspect), Venue::Kalshi);
            assert_eq!(judged.health, expected, "{state}, {live} live, {suspect} suspect");
        }
        let judged = judge(&view("live", 3, 0), Venue::Polymarket);
        assert_eq!(judged.health, Health::Degraded, "no feed at all");
    }
}
