//! Venues that run now: simulated on this machine, or real.

use std::sync::Arc;
use std::time::Duration;

use arb_monitor::status::{Mode, StatusModel};
use arb_risk::gate::RiskLimits;
use arb_scan::{PairSpec, PipelineConfig, QuarantineRule, QuoteConfig, pairs};
use arb_sim::{Sim, SimConfig};
use arb_ws::Windows;
use arb_ws::capture::{Recorder, RecorderConfig};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::approvals::Source;
use crate::args::Args;
use crate::audit::{self, Pace};
use crate::endpoints::{self, Endpoints};
use crate::failure::Failure;
use crate::feeds::{self, Feeds, Parts};
use crate::keeper::Keeper;
use crate::kill_switch::Switch;
use crate::publisher::{Finding, Publisher};
use crate::registry::{self, Registry};
use crate::services::Services;
use crate::sets_file::SetsFile;
use crate::settings::Settings;
use crate::tally::{Score, Tally};
use crate::trading_hours::{self, Closures, TradingHours};
use crate::watch::DelayedBooks;
use crate::{replay, table, terminal, tradable, view};

/// Findings that may wait for cache and screen; more are lost to them, and counted.
const FINDINGS: usize = 4_096;
/// The first listings may take so long, also where the program is to end sooner.
const FIRST_SWEEP: Duration = Duration::from_secs(10);
/// How often the table is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(500);
/// How often a line of status is written where nobody looks at a table.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// Frames already on their way arrive within this time.
const SETTLE: Duration = Duration::from_millis(300);
/// Alerts on the screen.
const ALERTS: usize = 3;

/// Scans until the time is over, Ctrl-C or SIGTERM, or nothing can be printed any more; a second signal ends at once.
///
/// # Errors
/// When it cannot start, when the simulation's score is not perfect, and when standard output could not be written for another
/// reason than that it was closed.
pub fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::run(format!("the runtime cannot be built: {error}")))?;
    terminal::start();
    let result = runtime.block_on(scan(args, settings));
    // A name that is still being looked up keeps nobody waiting.
    runtime.shutdown_timeout(Duration::from_millis(100));
    match terminal::finish() {
        Err(unwritten) if result.is_err() => {
            terminal::complain(&format!("scan: {}", unwritten.message));
            result
        }
        written => result.and(written),
    }
}

async fn scan(args: &Args, settings: &Settings) -> Result<(), Failure> {
    // Keys and pairs first: nothing starts on a command line that cannot work.
    let key = args.live.then(|| endpoints::key(args, settings)).transpose()?;
    let file = args.pairs.as_deref().map(Source::file).transpose()?;
    if args.live && file.is_none() {
        return Err(Failure::usage(
            "--live needs the pairs you approved: --pairs FILE (the match example proposes candidates and keeps approvals)",
        ));
    }
    let sets = args.sets()?.map(SetsFile::open).transpose()?;
    let switch = Switch::open(settings.kill_switch_file.as_deref());
    // The venues' clients look their meters up when they are made: what takes them is there first.
    let services = Services::start(settings, &switch).await?;
    let (sim, endpoints) = match key {
        Some(key) => (None, Endpoints::live_with(key, args, settings)?),
        None => {
            let sim = Sim::start(SimConfig::default())
                .await
                .map_err(|error| Failure::from_error("the simulated venues", &error))?;
            let endpoints = Endpoints::simulated(&sim)?;
            (Some(sim), endpoints)
        }
    };
    let source = match (file, &sim) {
        (Some(file), _) => file,
        (None, Some(sim)) => Source::fixed(approved_by_the_simulation(sim)?),
        (None, None) => Source::fixed(Vec::new()),
    };
    let endpoints = Arc::new(endpoints);
    let mode = endpoints.mode.as_str();
    if sim.is_some() {
        // The real catalogues take minutes to read whole; there only the approved pairs' markets are asked for.
        terminal::line(&format!("{mode} {}", tradable::survey(&endpoints).await?));
    }
    let mut registry = Registry::new(endpoints.clone(), source, registry::Pace::default())
        .with_sets(sets.as_ref().map(SetsFile::subscribe));
    let found = registry.sweep_in_time(args.run_for.map(|end| end.max(FIRST_SWEEP))).await?;
    registry::describe(mode, &found);
    let hours = TradingHours::new(endpoints.clone(), trading_hours::Pace::default());
    hours.look().await;
    let beside_books = BesideBooks::of(&hours, &registry);
    if let Some(page) = services.page() {
        terminal::line(&format!("{mode} status page {page}"));
    }
    let recorder = recorder(args)?;
    let (findings, received) = mpsc::channel(FINDINGS);
    let mut publisher = Publisher::new(findings, risk_limits(settings), found.confirmed_at);
    let (notices, heard) = mpsc::channel(registry::NOTICES);
    publisher.notices = Some(notices);
    let (asked, questions) = mpsc::channel(audit::QUESTIONS);
    let tickers: Vec<(String, String)> =
        found.pairs.iter().map(|spec| (spec.pair.id.clone(), spec.pair.kalshi.clone())).collect();
    let parts = Parts {
        pipeline: judging(args, settings, endpoints.mode),
        tap: recorder.as_ref().map(Recorder::tap),
        heartbeat: Some(services.heartbeat()),
        questions: Some(questions),
        switch: Some(switch.subscribe()),
        closures: Some(hours.subscribe()),
        quotes_every: args.quotes,
        keeper: services.shared_inbox().map(Keeper::new),
        ..Parts::new(found, publisher)
    };
    let feeds = feeds::start(&endpoints, parts)?;
    services.watch_feeds(&feeds.view);
    let mut beside = tokio::task::JoinSet::new();
    let approvals = feeds.approvals();
    beside.spawn(async move { registry.run(heard, approvals).await });
    if !args.watch {
        let pace = pace_of_audits(settings, sim.is_some());
        beside.spawn(audit::run(endpoints.clone(), asked, pace));
    }
    beside.spawn(switch.follow_file());
    beside.spawn(hours.follow());
    if let Some(sets) = sets {
        beside.spawn(sets.follow());
    }
    let delayed = args.watch.then(|| DelayedBooks::start(endpoints.kalshi.clone(), tickers));
    let shown = Shown { sim: sim.as_ref(), delayed: delayed.as_ref() };
    let tally = watch(args, &services, &feeds, received, beside_books, shown).await;
    beside.abort_all();
    let last = feeds.view.borrow().clone();
    feeds.stop();
    if let Some(recorder) = recorder {
        finish_recording(mode, recorder);
    }
    let score = sim.as_ref().map(|sim| tally.against(&sim.planted()));
    services.stop().await;
    if let Some(sim) = sim {
        sim.shutdown().await;
    }
    conclude(&last, &tally, score)
}

fn risk_limits(settings: &Settings) -> RiskLimits {
    RiskLimits {
        max_position_size: settings.max_position_size,
        max_risk_score: settings.max_risk_score,
        ..RiskLimits::default()
    }
}

fn finish_recording(mode: &str, recorder: Recorder) {
    let status = recorder.finish();
    terminal::line(&format!("{mode} recorded {} lines, lost {}", status.lines, status.lost));
    if let Some(failure) = status.failure {
        terminal::complain(&format!("scan: the recording is incomplete: {failure}"));
    }
}

/// The simulated venues answer out of no cache.
fn pace_of_audits(settings: &Settings, simulated: bool) -> Pace {
    let usual = Pace { every: settings.audit_interval, ..Pace::default() };
    Pace { lead: if simulated { [Duration::ZERO; 2] } else { usual.lead }, ..usual }
}

fn approved_by_the_simulation(sim: &Sim) -> Result<Vec<PairSpec>, Failure> {
    pairs::parse(&sim.approved_pairs_json())
        .map_err(|error| Failure::from_error("the simulated approvals", &error))
}

/// How trades are judged; what is too good to be true is taken for a mistake on the real venues alone.
fn judging(args: &Args, settings: &Settings, mode: Mode) -> PipelineConfig {
    let config = PipelineConfig::default()
        .with_limits(settings.limits.clone())
        .with_detectors(args.detectors())
        .with_paired_books_only();
    let config =
        if args.quotes.is_some() { config.with_quoting(QuoteConfig::default()) } else { config };
    match mode {
        Mode::Live => config.with_quarantine(QuarantineRule::default()),
        _ => config,
    }
}

fn recorder(args: &Args) -> Result<Option<Recorder>, Failure> {
    let Some(directory) = &args.record else { return Ok(None) };
    let mut config = RecorderConfig::new(directory);
    config.meta = serde_json::json!({ "program": "scan", "version": env!("CARGO_PKG_VERSION") });
    Recorder::start(config).map(Some).map_err(|error| Failure::from_error("the recorder", &error))
}

/// What stops trading or makes it doubtful, and is not seen in any book.
struct BesideBooks {
    /// Venues that do not trade.
    closures: watch::Receiver<Closures>,
    /// Listings that are not read.
    listings: watch::Receiver<Option<String>>,
}

impl BesideBooks {
    fn of(hours: &TradingHours, registry: &Registry) -> Self {
        let (mut closures, listings) = (hours.subscribe(), registry.trouble());
        if closures.borrow().any().is_some() {
            closures.mark_changed();
        }
        Self { closures, listings }
    }

    /// Waits for the next change, and tells of it.
    async fn tell_next(&mut self, services: &Services, mode: &str, lines: bool) {
        tokio::select! {
            Ok(()) = self.closures.changed() => {
                let closures = self.closures.borrow_and_update().clone();
                services.tell_closures(&closures);
                if lines {
                    let word = closures.any().map_or_else(
                        || "both venues trade".to_owned(),
                        |reason| format!("nothing can be traded: {reason}"),
                    );
                    terminal::line(&format!("{mode} {word}"));
                }
            }
            Ok(()) = self.listings.changed() => {
                let trouble = self.listings.borrow_and_update().clone();
                services.tell_listings(trouble.as_deref());
            }
            else => std::future::pending().await,
        }
    }
}

/// What the screen shows beside the feeds.
#[derive(Clone, Copy)]
struct Shown<'a> {
    sim: Option<&'a Sim>,
    delayed: Option<&'a DelayedBooks>,
}

/// Draws and passes findings on until it is over.
async fn watch(
    args: &Args,
    services: &Services,
    feeds: &Feeds,
    mut findings: mpsc::Receiver<Finding>,
    mut beside_books: BesideBooks,
    Shown { sim, delayed }: Shown<'_>,
) -> Tally {
    let started = Instant::now();
    let mode = feeds.view.borrow().mode.as_str();
    let on_terminal = terminal::is_terminal();
    let screen = on_terminal.then(terminal::Screen::enter);
    let page = services.page();
    let windows = Windows::default();
    let mut tally = if sim.is_some() { Tally::keeping() } else { Tally::default() };
    let mut draw = tokio::time::interval(DRAW_EVERY);
    let mut line = tokio::time::interval_at(started + LINE_EVERY, LINE_EVERY);
    let end = async {
        match args.run_for {
            Some(span) => tokio::time::sleep(span).await,
            None => std::future::pending().await,
        }
    };
    let (interrupt, unread) = (terminal::interrupted(), terminal::gone());
    tokio::pin!(end, interrupt, unread);
    loop {
        tokio::select! {
            Some(finding) = findings.recv() => take(services, &mut tally, &finding, mode, !on_terminal),
            () = beside_books.tell_next(services, mode, !on_terminal) => {}
            _ = draw.tick() => {
                let mut view = feeds.view.borrow().clone();
                view::add_windows(&mut view, &windows);
                if let Some(delayed) = delayed {
                    delayed.show(&mut view);
                }
                services.publish(view.clone());
                if on_terminal {
                    let alerts = services.alert_lines(ALERTS);
                    let screen = table::screen(&view, started.elapsed(), page.as_deref(), &alerts);
                    terminal::redraw(&screen.cut_to(terminal::size()));
                }
            }
            _ = line.tick(), if !on_terminal => {
                terminal::line(&table::summary_line(&feeds.view.borrow()));
            }
            () = &mut end => break,
            _ = &mut interrupt => break,
            () = &mut unread => break,
        }
    }
    if let Some(sim) = sim {
        // The books stand still, so that what was sent and what was seen can be compared.
        sim.pause();
        tokio::time::sleep(SETTLE).await;
    }
    while let Ok(finding) = findings.try_recv() {
        take(services, &mut tally, &finding, mode, !on_terminal);
    }
    drop(screen);
    tally
}

fn take(services: &Services, tally: &mut Tally, finding: &Finding, mode: &str, lines: bool) {
    services.take(finding);
    match finding {
        Finding::Shown { opportunity, risk, .. } => {
            let is_new = tally.shown(opportunity);
            if lines && is_new {
                terminal::line(&format!(
                    "{mode} opened {}; ${:.4} after risk, score {:.1}; gate: {}",
                    replay::describe(opportunity),
                    risk.profit_after_risk.to_f64_lossy(),
                    risk.score,
                    risk.denied.as_deref().unwrap_or("passed")
                ));
            }
        }
        Finding::Quarantined { pair, why } => {
            if lines {
                terminal::line(&format!("{mode} {pair} {why}"));
            }
        }
        Finding::Closed(closed) => {
            tally.closed(closed);
            if lines {
                let lasted = closed.lasted.unwrap_or_default().as_secs_f64();
                terminal::line(&format!(
                    "{mode} closed {} {} after {lasted:.3} s, best net ${}",
                    closed.id,
                    closed.reason.as_str(),
                    closed.best_net_usd
                ));
            }
        }
    }
}

/// Prints the summary; a simulation in which something was missed or made up is a failure.
fn conclude(view: &StatusModel, tally: &Tally, score: Option<Score>) -> Result<(), Failure> {
    let mode = view.mode.as_str();
    let frames: Vec<String> =
        view.funnel.iter().map(|step| format!("{} {}", step.count, step.name)).collect();
    terminal::line(&format!("{mode} {}", frames.join(", ")));
    terminal::line(&format!("{mode} opportunities seen {}", tally.len()));
    let Some(score) = score else { return Ok(()) };
    terminal::line(&format!(
        "{mode} opportunities planted {}, found {} ({} exact to the last digit), missed {}, false {}",
        score.planted,
        score.found,
        score.exact,
        score.missed(),
        score.false_alarms
    ));
    if score.is_perfect() {
        Ok(())
    } else {
        Err(Failure::run("the scanner missed a planted opportunity or saw one that was not there"))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn only_on_the_real_venues_is_anything_too_good_to_be_true() {
        let args = Args::parse_from(["scan"]);
        let settings = Settings::read_from(&args, &|_| None).unwrap();
        let rule = |mode| judging(&args, &settings, mode).quarantine;
        assert_eq!(rule(Mode::Live), Some(QuarantineRule::default()));
        assert_eq!(rule(Mode::Simulated), None);
    }
}
