//! Whether the venues trade at all: what Kalshi says of its exchange, and the interruptions that venues plan.
//!
//! While one of them does not, books stand still and look tradable, and an order on the other venue would be left alone.

use std::sync::Arc;
use std::time::Duration;

use arb_monitor::status::Mode;
use arb_normalize::Venue;
use arb_ws::Windows;
use time::format_description::well_known::Rfc3339;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, timeout};

use crate::endpoints::Endpoints;

/// How often windows are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often Kalshi is asked, and how long its word counts.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Time between two questions.
    pub ask_every: Duration,
    /// A question without an answer for so long has none.
    pub patience: Duration,
    /// What was said last counts for so long while nothing else is heard; after that it is not known whether the exchange trades.
    pub word_for: Duration,
}

impl Default for Pace {
    /// 10 s; 5 s; one minute.
    fn default() -> Self {
        Self {
            ask_every: Duration::from_secs(10),
            patience: Duration::from_secs(5),
            word_for: Duration::from_secs(60),
        }
    }
}

/// Why venues do not trade now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closures {
    /// What Kalshi's exchange says, or that it says nothing.
    exchange: Option<String>,
    /// The planned interruption each venue is in.
    planned: [Option<String>; 2],
}

impl Closures {
    /// Kalshi's exchange does not trade, for that reason.
    pub fn of_exchange(reason: impl Into<String>) -> Self {
        Self { exchange: Some(reason.into()), ..Self::default() }
    }

    /// Why a venue does not trade; none while it does.
    pub fn of(&self, venue: Venue) -> Option<&str> {
        let exchange = self.exchange.as_deref().filter(|_| venue == Venue::Kalshi);
        self.planned[venue.index()].as_deref().or(exchange)
    }

    /// Whether that was planned.
    pub fn is_planned(&self, venue: Venue) -> bool {
        self.planned[venue.index()].is_some()
    }

    /// Why no pair of the two venues can be traded; none while both trade.
    pub fn any(&self) -> Option<&str> {
        Venue::ALL.into_iter().find_map(|venue| self.of(venue))
    }
}

/// Follows whether the venues trade.
#[derive(Debug)]
pub struct TradingHours {
    endpoints: Arc<Endpoints>,
    windows: Windows,
    pace: Pace,
    said: watch::Sender<Closures>,
}

impl TradingHours {
    /// Nothing is known yet, which counts as not trading. Simulated venues keep no calendar.
    pub fn new(endpoints: Arc<Endpoints>, pace: Pace) -> Self {
        let windows = match endpoints.mode {
            Mode::Simulated => Windows::none(),
            _ => Windows::default(),
        };
        let unknown = Closures::of_exchange("kalshi has not said yet whether it trades");
        Self { endpoints, windows, pace, said: watch::Sender::new(unknown) }
    }

    /// For those who obey it.
    pub fn subscribe(&self) -> watch::Receiver<Closures> {
        self.said.subscribe()
    }

    /// Asks Kalshi and looks at the calendar, once.
    pub async fn look(&self) {
        self.look_at_windows();
        self.ask(&mut None).await;
    }

    /// Goes on looking and asking.
    pub async fn follow(self) {
        let windows = async {
            let mut looks = tokio::time::interval(LOOK_EVERY);
            loop {
                looks.tick().await;
                self.look_at_windows();
            }
        };
        let exchange = async {
            let mut asks = tokio::time::interval(self.pace.ask_every);
            asks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            // What the look before said counts from here on.
            let mut heard_at = Some(Instant::now());
            loop {
                asks.tick().await;
                self.ask(&mut heard_at).await;
            }
        };
        tokio::join!(windows, exchange);
    }

    /// Asks Kalshi whether it trades; `heard_at` is when it last answered.
    async fn ask(&self, heard_at: &mut Option<Instant>) {
        let answer = timeout(self.pace.patience, self.endpoints.kalshi.exchange_status()).await;
        let exchange = match answer {
            Ok(Ok(status)) => {
                *heard_at = Some(Instant::now());
                match (status.exchange_active, status.trading_active) {
                    (true, true) => None,
                    (true, false) => Some("kalshi has paused trading".to_owned()),
                    _ => Some("kalshi's exchange is closed".to_owned()),
                }
            }
            unread => {
                if let Ok(Err(error)) = unread {
                    tracing::warn!(%error, "kalshi's exchange status is not read");
                }
                if heard_at.is_some_and(|at| at.elapsed() < self.pace.word_for) {
                    return;
                }
                Some("kalshi does not say whether it trades".to_owned())
            }
        };
        self.say(|closures| &mut closures.exchange, exchange);
    }

    fn look_at_windows(&self) {
        let now = arb_ws::wall_clock();
        for venue in Venue::ALL {
            let planned = self.windows.at(venue.as_str(), now).map(|window| {
                let until = window.to.format(&Rfc3339).unwrap_or_else(|_| window.to.to_string());
                format!("{venue}: {} until {until}", window.name)
            });
            self.say(|closures| &mut closures.planned[venue.index()], planned);
        }
    }

    fn say(&self, place: impl Fn(&mut Closures) -> &mut Option<String>, reason: Option<String>) {
        self.said.send_if_modified(|closures| {
            let known = place(closures);
            let is_new = *known != reason;
            *known = reason;
            is_new
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kalshis_exchange_says_nothing_of_polymarket_and_a_plan_counts_for_its_venue() {
        let open = Closures::default();
        assert_eq!((open.of(Venue::Kalshi), open.any()), (None, None));
        let paused = Closures::of_exchange("paused");
        assert_eq!(
            (paused.of(Venue::Kalshi), paused.of(Venue::Polymarket)),
            (Some("paused"), None)
        );
        assert!(paused.any().is_some() && !paused.is_planned(Venue::Kalshi));
        let planned = [None, Some("a restart".to_owned())];
        let restart = Closures { planned, ..Closures::default() };
        assert_eq!((restart.of(Venue::Kalshi), restart.any()), (None, Some("a restart")));
        assert!(restart.is_planned(Venue::Polymarket));
    }
}
