//! Settings by flag, environment variable, file or default, each knowing where it came from.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use arb_normalize::Usd;

use crate::args::Args;
use crate::failure::Failure;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    Flag(&'static str),
    Environment(&'static str),
    File(String),
    Default,
}

impl Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "file {path}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Everything `scan` can be told, apart from what it is to do.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Shared cache, in memory if unset.
    pub redis_url: Option<String>,
    /// Receiver of alerts, log only if unset.
    pub webhook_url: Option<String>,
    /// How often health and rules are checked.
    pub monitoring_interval: Duration,
    /// Dollars of outlay per pair.
    pub max_position_size: Usd,
    /// Highest risk score that passes the gate, 0 to 100.
    pub max_risk_score: f64,
    /// Seconds to live of markets, books and prices in the cache.
    pub cache_ttl: [Duration; 3],
    /// Where the status page listens.
    pub status: Option<String>,
    /// What its actions ask for; needed for them where it listens elsewhere than on loopback.
    pub status_token: Option<String>,
    /// Where the kill switch is kept, only in memory if unset.
    pub kill_switch_file: Option<PathBuf>,
    /// Time between two audits of a venue's books.
    pub audit_interval: Duration,
    /// Addresses of the venues, where they differ from the built-in ones: Kalshi's REST and WebSocket, Gamma, the CLOB,
    /// Polymarket's market channel.
    pub addresses: [Option<String>; 5],
    /// Kalshi key id and the path of its private key.
    pub kalshi_key: Option<(String, String)>,
    /// A Polygon node, where gas is to be known.
    pub polygon_rpc_url: Option<String>,
    /// Dollars per token of Polygon (POL).
    pub pol_price: Usd,
    shown: Vec<(&'static str, String, Origin)>,
}

/// Looks one setting up after the other.
struct Lookup {
    environment: fn(&str) -> Option<String>,
    file: BTreeMap<String, toml::Value>,
    path: String,
    shown: Vec<(&'static str, String, Origin)>,
}

impl Lookup {
    fn text(
        &mut self,
        name: &'static str,
        flag: Option<(&'static str, String)>,
        variable: &'static str,
        default: Option<&str>,
    ) -> Option<String> {
        let from_environment = || (self.environment)(variable).filter(|value| !value.is_empty());
        let from_file = self.file.remove(name).map(|value| match value {
            toml::Value::String(text) => text,
            other => other.to_string(),
        });
        let (value, origin) = if let Some((flag, value)) = flag {
            (Some(value), Origin::Flag(flag))
        } else if let Some(value) = from_environment() {
            (Some(value), Origin::Environment(variable))
        } else if let Some(value) = from_file {
            (Some(value), Origin::File(self.path.clone()))
        } else {
            (default.map(str::to_owned), Origin::Default)
        };
        let secret = matches!(name, "redis_url" | "webhook_url" | "polygon_rpc_url");
        let shown = match value.as_deref() {
            None => "-".to_owned(),
            Some(_) if name == "status_token" => "***".to_owned(),
            Some(value) if secret => hide_password(value),
            Some(value) => value.to_owned(),
        };
        self.shown.push((name, shown, origin));
        value
    }

    fn parsed<T: FromStr>(
        &mut self,
        name: &'static str,
        flag: Option<(&'static str, String)>,
        variable: &'static str,
        default: &str,
        expected: &str,
    ) -> Result<T, Failure> {
        let text = self.text(name, flag, variable, Some(default)).unwrap_or_default();
        text.parse().map_err(|_| {
            let origin = self.shown.last().map(|(_, _, origin)| origin.to_string());
            Failure::usage(format!(
                "{name} is {text:?} ({}): expected {expected}",
                origin.unwrap_or_default()
            ))
        })
    }

    fn seconds(
        &mut self,
        name: &'static str,
        variable: &'static str,
        default: &str,
    ) -> Result<Duration, Failure> {
        self.parsed::<u64>(name, None, variable, default, "a whole number of seconds")
            .map(Duration::from_secs)
    }

    fn at_least_a_second(
        &mut self,
        name: &'static str,
        variable: &'static str,
        default: &str,
    ) -> Result<Duration, Failure> {
        let span = self.seconds(name, variable, default)?;
        if span.is_zero() {
            return Err(Failure::usage(format!("{name} is 0: expected at least 1 second")));
        }
        Ok(span)
    }
}

impl Settings {
    /// Reads the configuration file, if one is named, and the environment.
    pub fn read(args: &Args) -> Result<Self, Failure> {
        Self::read_from(args, |name| std::env::var(name).ok())
    }

    /// The same with variables from elsewhere.
    pub fn read_from(
        args: &Args,
        environment: fn(&str) -> Option<String>,
    ) -> Result<Self, Failure> {
        let mut lookup = Lookup {
            environment,
            file: args.config.as_deref().map(read_file).transpose()?.unwrap_or_default(),
            path: args.config.as_deref().map(|p| p.display().to_string()).unwrap_or_default(),
            shown: Vec::new(),
        };
        let flag = |name, value: &Option<String>| value.clone().map(|value| (name, value));
        let redis_url = lookup.text("redis_url", flag("--redis", &args.redis), "REDIS_URL", None);
        let webhook_url = lookup.text("webhook_url", None, "WEBHOOK_URL", None);
        let monitoring_interval =
            lookup.at_least_a_second("monitoring_interval", "MONITORING_INTERVAL", "30")?;
        let max_position_size = lookup.parsed(
            "max_position_size",
            args.max_position.map(|value| ("--max-position", value.to_string())),
            "MAX_POSITION_SIZE",
            "10000",
            "dollars, such as 10000",
        )?;
        let max_risk_score: f64 = lookup.parsed(
            "max_risk_score",
            None,
            "MAX_RISK_SCORE",
            "50",
            "a score from 0 to 100",
        )?;
        if !(0.0..=100.0).contains(&max_risk_score) {
            return Err(Failure::usage(format!(
                "max_risk_score is {max_risk_score}: expected a score from 0 to 100"
            )));
        }
        let cache_ttl = [
            lookup.seconds("cache_ttl_market", "CACHE_TTL_MARKET", "300")?,
            lookup.seconds("cache_ttl_orderbook", "CACHE_TTL_ORDERBOOK", "10")?,
            lookup.seconds("cache_ttl_price", "CACHE_TTL_PRICE", "5")?,
        ];
        let status = lookup.text(
            "status",
            flag("--status", &args.status),
            "STATUS_ADDRESS",
            Some("127.0.0.1:0"),
        );
        let status_token = lookup.text("status_token", None, "STATUS_TOKEN", None);
        let kill_switch_file = lookup.text("kill_switch_file", None, "KILL_SWITCH_FILE", None);
        let audit_interval = lookup.at_least_a_second("audit_interval", "AUDIT_INTERVAL", "60")?;
        let addresses = [
            ("kalshi_rest_url", "KALSHI_REST_URL"),
            ("kalshi_ws_url", "KALSHI_WS_URL"),
            ("polymarket_gamma_url", "POLYMARKET_GAMMA_URL"),
            ("polymarket_clob_url", "POLYMARKET_CLOB_URL"),
            ("polymarket_ws_url", "POLYMARKET_WS_URL"),
        ]
        .map(|(name, variable)| lookup.text(name, None, variable, None));
        let key_id = lookup.text("kalshi_key_id", None, "KALSHI_KEY_ID", None);
        let key_path =
            lookup.text("kalshi_private_key_path", None, "KALSHI_PRIVATE_KEY_PATH", None);
        let polygon_rpc_url = lookup.text("polygon_rpc_url", None, "POLYGON_RPC_URL", None);
        let pol_price = lookup.parsed(
            "pol_price_usd",
            None,
            "POL_PRICE_USD",
            "0.25",
            "dollars per token, such as 0.25",
        )?;
        if let Some(name) = lookup.file.keys().next() {
            return Err(Failure::usage(format!(
                "{}: unknown setting {name:?}; --print-config shows the known ones",
                lookup.path
            )));
        }
        Ok(Self {
            redis_url,
            webhook_url,
            monitoring_interval,
            max_position_size,
            max_risk_score,
            cache_ttl,
            status: status.filter(|address| address != "off"),
            status_token,
            kill_switch_file: kill_switch_file.map(PathBuf::from),
            audit_interval,
            addresses,
            kalshi_key: key_id.zip(key_path),
            polygon_rpc_url,
            pol_price,
            shown: lookup.shown,
        })
    }

    /// A line a setting: name, value, where it came from. Passwords in addresses are hidden.
    pub fn shown(&self) -> String {
        let lines = self.shown.iter();
        lines.map(|(name, value, origin)| format!("{name:<24} {value:<32} {origin}\n")).collect()
    }
}

fn read_file(path: &Path) -> Result<BTreeMap<String, toml::Value>, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("configuration {shown} cannot be read: {error}"))
    })?;
    toml::from_str(&text)
        .map_err(|error| Failure::usage(format!("configuration {shown} is not TOML: {error}")))
}

/// `redis://user:secret@host` → `redis://user:***@host`; a webhook's path is a secret too.
pub fn hide_password(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if scheme.starts_with("http") {
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        return format!("{scheme}://{host}/***");
    }
    let rest = rest.split('?').next().unwrap_or_default();
    match rest.rsplit_once('@') {
        Some((login, host)) => {
            let user = login.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:***@{host}")
        }
        None => format!("{scheme}://{rest}"),
    }
}
