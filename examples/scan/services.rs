//! What stands beside the feeds: cache, monitor, status page.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arb_cache::{Cache, CacheConfig, CacheWriter, Class, ClassPolicy, Inbox, WriterConfig};
use arb_monitor::alert::{
    AlertKind, DefaultRules, LogSink, MemorySink, OpportunityAlert, OpportunityFacts, Severity,
    Signal, SinkConfig,
};
use arb_monitor::health::{Checked, ComponentConfig, FnCheck, Heartbeat};
use arb_monitor::prometheus::Exporter;
use arb_monitor::server::{Endpoints, Server, ServerConfig};
use arb_monitor::status::{CacheRow, Page, StatusBoard, StatusModel};
use arb_monitor::webhook::{WebhookConfig, WebhookSink};
use arb_monitor::window::WindowConfig;
use arb_monitor::{Monitor, MonitorConfig};
use arb_normalize::{Opportunity, Venue};
use arb_scan::{Change, Closed};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive as _;
use tokio::sync::watch;

use crate::components;
use crate::failure::Failure;
use crate::kill_switch::Switch;
use crate::publisher::{Finding, Risk};
use crate::settings::Settings;
use crate::trading_hours::Closures;

/// Recent notifications kept for the screen.
const RECENT_ALERTS: usize = 64;

/// A feeds' thread that does not turn for so long hangs.
const FEEDS_SILENCE: Duration = Duration::from_secs(5);
/// How long the cache gets to take what waits.
const DRAIN_WITHIN: Duration = Duration::from_millis(400);
/// How long the last alerts get, also where their receiver does not answer.
const LAST_ALERTS_WITHIN: Duration = Duration::from_millis(700);

/// Cache, monitor and status page, running.
#[derive(Debug)]
pub struct Services {
    cache: Cache,
    store: &'static str,
    writer: CacheWriter,
    inbox: Inbox,
    monitor: Monitor,
    board: StatusBoard,
    alert_rule: OpportunityAlert,
    recent: MemorySink,
    server: Option<Server>,
    monitoring_interval: Duration,
}

impl Services {
    /// Starts everything. A Redis that cannot be reached, a webhook that is no address and a taken port are
    /// told in one sentence before anything else starts.
    pub async fn start(settings: &Settings, switch: &Switch) -> Result<Self, Failure> {
        let config = cache_config(settings);
        let (cache, store) = match &settings.redis_url {
            None => (Cache::memory(config), "memory"),
            Some(url) => {
                let cache = Cache::redis(url.as_str(), config).await.map_err(|error| {
                    let shown = crate::settings::hide_password(url);
                    Failure::from_error(&format!("the cache at {shown}"), &error)
                })?;
                (cache, "redis")
            }
        };
        let failed = |error| Failure::from_error("the monitor", &error);
        let (aggregator, exporter) =
            Exporter::beside(WindowConfig::default(), Instant::now()).map_err(failed)?;
        aggregator.install().map_err(failed)?;
        let recent = MemorySink::new(RECENT_ALERTS);
        let upkeep = exporter.clone();
        let mut builder = Monitor::builder(MonitorConfig::default())
            .aggregator(aggregator)
            .rules(DefaultRules::default().build())
            .upkeep(move || upkeep.upkeep())
            .sink(SinkConfig::new("log"), LogSink::default())
            .sink(SinkConfig::new("screen"), recent.clone());
        if let Some(url) = &settings.webhook_url {
            let sink = WebhookSink::new(WebhookConfig::new(url)).map_err(failed)?;
            let config = SinkConfig::new("webhook").severity_min(Severity::High).with_watchdog();
            builder = builder.sink(config, sink);
        }
        let monitor = builder.start().map_err(failed)?;
        watch_cache(&monitor, cache.clone(), settings.monitoring_interval);
        let board = StatusBoard::default();
        let server = serve(settings, &monitor, exporter, page(board.clone(), switch)).await?;
        let writer = CacheWriter::start(cache.clone(), WriterConfig::default());
        let inbox = writer.inbox();
        let alert_rule = OpportunityAlert::default();
        let monitoring_interval = settings.monitoring_interval;
        Ok(Self {
            cache,
            store,
            writer,
            inbox,
            monitor,
            board,
            alert_rule,
            recent,
            server,
            monitoring_interval,
        })
    }

    /// What the feeds' thread beats, so that a thread that hangs is noticed.
    pub fn heartbeat(&self) -> Heartbeat {
        self.monitor.handle().health_registry().heartbeats().watch("feeds", FEEDS_SILENCE)
    }

    /// Takes books and prices for a cache that others read; `None` where it is this process's own, which has the books themselves.
    pub fn shared_inbox(&self) -> Option<Inbox> {
        (self.store == "redis").then(|| self.inbox.clone())
    }

    /// Watches the books of the venues: the whole is not ready without them.
    pub fn watch_feeds(&self, view: &watch::Receiver<StatusModel>) {
        components::watch_feeds(&self.monitor, view, self.monitoring_interval);
    }

    /// Where the status page is.
    pub fn page(&self) -> Option<String> {
        self.server.as_ref().map(|server| format!("http://{}/", server.address()))
    }

    /// Takes a finding to the cache, the metrics and the alerts.
    pub fn take(&self, finding: &Finding) {
        match finding {
            Finding::Shown { opportunity, change, risk } => {
                if *change == Change::Opened {
                    metrics::counter!("arb_scan_opportunities_total").increment(1);
                    metrics::histogram!("arb_scan_net_usd")
                        .record(opportunity.net_usd.to_f64_lossy());
                    metrics::histogram!("arb_scan_return_after_risk_ratio")
                        .record(risk.return_after_risk);
                }
                offer(&self.inbox, opportunity, risk.withheld);
                // Nobody is told of what the kill switch, a quarantine or another rule of the gate forbids.
                if risk.denied.is_none() {
                    self.alert(opportunity, risk);
                }
            }
            Finding::Closed(closed) => self.close(closed),
            Finding::Quarantined { pair, why } => {
                let summary = format!("{pair}: too good to be true, and not traded");
                let kind = AlertKind::DataQuality;
                let signal = Signal::new("PairQuarantined", kind, Severity::High, summary)
                    .with_label("pair", pair)
                    .with_details(why);
                self.monitor.handle().raise(signal);
            }
        }
    }

    /// Alerts that a venue does not trade, once, and that it does again.
    pub fn tell_closures(&self, closures: &Closures) {
        for venue in Venue::ALL {
            let severity = if closures.is_planned(venue) { Severity::Low } else { Severity::High };
            let summary = format!("{venue} does not trade: no pair can be traded");
            let signal = Signal::new("VenueClosed", AlertKind::Connection, severity, summary)
                .with_label("venue", venue.as_str())
                .with_runbook("venue-closed");
            self.tell(signal, closures.of(venue));
        }
    }

    /// Alerts that listings have not been read for long, and that they are again.
    pub fn tell_listings(&self, trouble: Option<&str>) {
        let summary = "the venues' listings are not read: halts, ends and new fees may be missed";
        let signal = Signal::new("ListingsUnread", AlertKind::Connection, Severity::High, summary)
            .with_runbook("listings-unread");
        self.tell(signal, trouble);
    }

    /// A condition holds for that reason, or does not.
    fn tell(&self, signal: Signal, reason: Option<&str>) {
        let handle = self.monitor.handle();
        match reason {
            Some(reason) => {
                handle.raise(signal.with_details(reason));
            }
            None => handle.clear(signal.fingerprint()),
        }
    }

    fn alert(&self, opportunity: &Opportunity, risk: &Risk) {
        let ratio = Decimal::from_f64(risk.return_after_risk).unwrap_or_default();
        let mut facts =
            OpportunityFacts::new(&opportunity.pair, opportunity.net_usd.into(), ratio.round_dp(4))
                .with_details(crate::replay::describe(opportunity));
        if let Some(share) = risk.annualised.and_then(Decimal::from_f64) {
            facts = facts.per_year(share.round_dp(4));
        }
        if let Some(signal) = self.alert_rule.signal(&facts) {
            self.monitor.handle().raise(signal);
        }
    }

    fn close(&self, closed: &Closed) {
        let _ = self.inbox.remove_opportunity(&closed.id);
        if let Some(lasted) = closed.lasted {
            metrics::histogram!("arb_scan_episode_seconds").record(lasted.as_secs_f64());
        }
        metrics::counter!("arb_scan_closed_total", "reason" => closed.reason.as_str()).increment(1);
    }

    /// Publishes the newest view.
    pub fn publish(&self, mut view: StatusModel) {
        view.cache = Some(CacheRow {
            store: self.store.to_owned(),
            up: !self
                .monitor
                .handle()
                .health()
                .components
                .iter()
                .any(|c| c.name == "cache" && c.is_unhealthy()),
            hit_rate: None,
            note: format!("{} writes waiting", self.writer.waiting()),
        });
        self.board.publish(view);
    }

    /// The last alerts, newest first, one line each.
    pub fn alert_lines(&self, most: usize) -> Vec<String> {
        self.recent
            .notifications()
            .iter()
            .rev()
            .take(most)
            .map(|one| format!("ALERT {} {}", one.alert.severity.as_str(), one.alert.summary))
            .collect()
    }

    /// The cache.
    pub const fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Writes what waits, brings the last alerts, ends.
    pub async fn stop(self) {
        let left = self.writer.shutdown(DRAIN_WITHIN).await;
        if left > 0 {
            tracing::warn!(left, "writes to the cache were left at the end");
        }
        drop(self.server);
        if tokio::time::timeout(LAST_ALERTS_WITHIN, self.monitor.shutdown()).await.is_err() {
            tracing::warn!("the last alerts did not get through in time");
        }
    }
}

/// Offers a trade to the cache. Whoever reads that must not take what is withheld: it is taken out.
fn offer(inbox: &Inbox, opportunity: &Arc<Opportunity>, withheld: bool) {
    // A full inbox is counted by the writer.
    let _ = if withheld {
        inbox.remove_opportunity(&opportunity.id)
    } else {
        inbox.offer_opportunity(Arc::clone(opportunity))
    };
}

fn cache_config(settings: &Settings) -> CacheConfig {
    [Class::Market, Class::Orderbook, Class::Price]
        .into_iter()
        .zip(settings.cache_ttl)
        .fold(CacheConfig::default(), |config, (class, ttl)| {
            config.with_policy(class, ClassPolicy::ttl(ttl))
        })
}

fn watch_cache(monitor: &Monitor, cache: Cache, every: Duration) {
    let check = FnCheck::new(move || {
        let cache = cache.clone();
        async move {
            match cache.ping().await {
                Ok(()) => {
                    metrics::gauge!("arb_cache_up").set(1.0);
                    Checked::healthy()
                }
                Err(error) => {
                    metrics::gauge!("arb_cache_up").set(0.0);
                    Checked::unhealthy(error.to_string())
                }
            }
        }
    });
    let config = ComponentConfig::optional("cache").every(every);
    if let Err(error) = monitor.handle().add_component(config, check) {
        tracing::warn!(%error, "the cache is not watched");
    }
}

/// The page, from which the switch can be moved.
fn page(board: StatusBoard, switch: &Switch) -> Page {
    let switch = switch.clone();
    Page::new(board).kill_switch(move |engage| {
        switch.set(engage, if engage { "engaged on the status page" } else { "" })
    })
}

async fn serve(
    settings: &Settings,
    monitor: &Monitor,
    exporter: Exporter,
    page: Page,
) -> Result<Option<Server>, Failure> {
    let Some(address) = &settings.status else { return Ok(None) };
    let address: SocketAddr = address.parse().map_err(|_| {
        Failure::usage(format!(
            "status is {address:?}: expected an address and port such as 127.0.0.1:8787, or off"
        ))
    })?;
    let endpoints = Endpoints::default().exporter(exporter).page(page);
    let mut config = ServerConfig::at(address);
    config.token.clone_from(&settings.status_token);
    Server::start(config, monitor.handle(), endpoints)
        .await
        .map(Some)
        .map_err(|error| Failure::from_error("the status page", &error))
}

#[cfg(test)]
mod tests {
    use arb_normalize::{OpportunityClass, Quantity, Usd};
    use clap::Parser as _;

    use super::*;
    use crate::args::Args;

    fn trade(pair: &str, net_usd: &str) -> Opportunity {
        let net_usd = net_usd.parse().unwrap();
        Opportunity {
            id: format!("{pair}/yes-no/1"),
            at: None,
            class: OpportunityClass::CrossVenue,
            pair: pair.to_owned(),
            legs: Vec::new(),
            quantity: Quantity::ZERO,
            gross_usd: net_usd,
            fees_usd: Usd::ZERO,
            net_usd,
        }
    }

    #[tokio::test]
    async fn nobody_is_alerted_of_what_the_gate_refuses() {
        let args = Args::parse_from(["scan", "--status", "off"]);
        let settings = Settings::read_from(&args, &|_| None).unwrap();
        let services = Services::start(&settings, &Switch::open(None)).await.unwrap();
        for (pair, denied) in [("refused", Some("the risk score is 51")), ("passed", None)] {
            let risk = Risk {
                score: 20.0,
                profit_after_risk: Usd::CENT,
                return_after_risk: 0.1,
                annualised: None,
                first_leg: 0,
                denied: denied.map(str::to_owned),
                withheld: false,
            };
            let opportunity = Arc::new(trade(pair, "7.5"));
            services.take(&Finding::Shown { opportunity, change: Change::Opened, risk });
        }
        let recent = services.recent.clone();
        services.stop().await;
        let told = recent.notifications();
        let told: Vec<&str> = told.iter().map(|one| one.alert.summary.as_str()).collect();
        assert_eq!(told, ["passed: $7.50 net, 10 % after risk"]);
    }

    #[tokio::test]
    async fn what_is_withheld_is_not_in_the_cache() {
        let cache = Cache::memory(CacheConfig::default());
        let trade = Arc::new(Opportunity { at: Some(cache.now()), ..trade("p", "0.01") });
        for (withheld, expected) in [(false, 1), (true, 0), (false, 1)] {
            let writer = CacheWriter::start(cache.clone(), WriterConfig::default());
            offer(&writer.inbox(), &trade, withheld);
            assert_eq!(writer.shutdown(Duration::from_secs(5)).await, 0);
            let held = cache.top_opportunities(10).await.unwrap();
            assert_eq!(held.len(), expected, "withheld: {withheld}");
        }
    }
}
