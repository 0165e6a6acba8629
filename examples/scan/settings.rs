//! Settings by flag, environment variable, file or default, each knowing where it came from.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use arb_normalize::{Usd, Venue};
use arb_scan::{Limits, MaxAge};

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
    /// How trades on running venues are judged.
    pub limits: Limits,
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
struct Lookup<'e> {
    environment: &'e dyn Fn(&str) -> Option<String>,
    file: BTreeMap<String, toml::Value>,
    path: String,
    shown: Vec<(&'static str, String, Origin)>,
}

impl Lookup<'_> {
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
        (expected, is_one): (&str, fn(&T) -> bool),
    ) -> Result<T, Failure> {
        let text = self.text(name, flag, variable, Some(default)).unwrap_or_default();
        text.parse().ok().filter(is_one).ok_or_else(|| {
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
        let is_one = |seconds: &u64| *seconds > 0;
        let expected = "a whole number of seconds, at least 1";
        self.parsed(name, None, variable, default, (expected, is_one)).map(Duration::from_secs)
    }

    /// Shows what only a flag can say.
    fn only_flag(&mut self, name: &'static str, flag: &'static str, is_given: bool, value: String) {
        let origin = if is_given { Origin::Flag(flag) } else { Origin::Default };
        self.shown.push((name, value, origin));
    }

    fn limits(&mut self, args: &Args, max_position: Usd) -> Limits {
        let mut limits = Limits::live();
        limits.max_age = args.max_age(limits.max_age);
        limits.max_skew = args.max_skew.or(limits.max_skew);
        limits.min_net = args.min_net.or(limits.min_net);
        limits.max_position = Some(max_position);
        self.only_flag("max_age", "--max-age", !args.max_age.is_empty(), ages(&limits.max_age));
        self.only_flag("max_skew", "--max-skew", args.max_skew.is_some(), time(limits.max_skew));
        let least = limits.min_net.map_or_else(|| "-".to_owned(), |least| least.to_string());
        self.only_flag("min_net", "--min-net", args.min_net.is_some(), least);
        limits
    }
}

impl Settings {
    /// Reads the configuration file, if one is named, and the environment.
    pub fn read(args: &Args) -> Result<Self, Failure> {
        Self::read_from(args, &|name| std::env::var(name).ok())
    }

    /// The same with variables from elsewhere.
    pub fn read_from(
        args: &Args,
        environment: &dyn Fn(&str) -> Option<String>,
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
            lookup.seconds("monitoring_interval", "MONITORING_INTERVAL", "30")?;
        let max_position_size = lookup.parsed(
            "max_position_size",
            args.max_position.map(|value| ("--max-position", value.to_string())),
            "MAX_POSITION_SIZE",
            "10000",
            ("dollars above 0, such as 10000", |dollars: &Usd| dollars.is_positive()),
        )?;
        let limits = lookup.limits(args, max_position_size);
        let max_risk_score = lookup.parsed(
            "max_risk_score",
            None,
            "MAX_RISK_SCORE",
            "50",
            ("a score from 0 to 100", |score: &f64| (0.0..=100.0).contains(score)),
        )?;
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
        let audit_interval = lookup.seconds("audit_interval", "AUDIT_INTERVAL", "60")?;
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
            ("dollars per token above 0, such as 0.25", |dollars: &Usd| dollars.is_positive()),
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
            limits,
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

/// As `--max-age` takes it.
fn ages(ages: &MaxAge) -> String {
    if ages.kalshi == ages.polymarket {
        return time(ages.kalshi);
    }
    let each = Venue::ALL.map(|venue| format!("{}={}", venue.as_str(), time(ages.of(venue))));
    each.join(" ")
}

fn time(span: Option<Duration>) -> String {
    span.map_or_else(|| "-".to_owned(), |span| format!("{span:?}"))
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

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    const NONE: (&str, &str) = ("", "");

    /// Settings by flags and one variable.
    fn read(flags: &[&str], variable: (&str, &str)) -> Result<Settings, Failure> {
        let environment = |name: &str| (name == variable.0).then(|| variable.1.to_owned());
        Settings::read_from(&Args::parse_from(["scan"].iter().chain(flags)), &environment)
    }

    #[test]
    fn what_would_refuse_or_store_nothing_is_refused_by_its_name() {
        for flag in ["--max-position=-7", "--max-position=0"] {
            let refused = read(&[flag], NONE).unwrap_err();
            assert!(refused.message.contains("flag --max-position): expected dollars above 0"));
            assert_eq!(refused.code, 2);
        }
        for (setting, variable, value) in [
            ("max_position_size", "MAX_POSITION_SIZE", "-5"),
            ("max_risk_score", "MAX_RISK_SCORE", "101"),
            ("cache_ttl_orderbook", "CACHE_TTL_ORDERBOOK", "0"),
            ("audit_interval", "AUDIT_INTERVAL", "0"),
            ("monitoring_interval", "MONITORING_INTERVAL", "soon"),
            ("pol_price_usd", "POL_PRICE_USD", "0"),
        ] {
            let refused = read(&[], (variable, value)).unwrap_err();
            let expected = format!("{setting} is \"{value}\" (environment {variable})");
            assert!(refused.message.starts_with(&expected), "{}", refused.message);
        }
    }

    #[test]
    fn what_only_flags_can_say_is_shown_too() {
        let rows = |flags: &[&str]| -> Vec<String> {
            let settings = read(flags, NONE).unwrap();
            let rows = settings
                .shown()
                .lines()
                .map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>();
            let ours = |row: &String| {
                ["max_age", "max_skew", "min_net"].iter().any(|name| row.starts_with(name))
            };
            rows.into_iter().filter(ours).collect()
        };
        assert_eq!(
            rows(&[]),
            ["max_age 300s default", "max_skew - default", "min_net 0.5 default"]
        );
        assert_eq!(
            rows(&["--max-age", "kalshi=5s", "--max-skew", "500ms", "--min-net", "2"]),
            [
                "max_age kalshi=5s polymarket=300s flag --max-age",
                "max_skew 500ms flag --max-skew",
                "min_net 2 flag --min-net"
            ]
        );
    }

    #[test]
    fn the_readme_names_each_variable() {
        let readme = include_str!("../../README.md");
        let source = include_str!("settings.rs");
        let is_variable = |text: &&str| {
            text.len() > 6 && text.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        };
        let variables: Vec<&str> = source.split('"').filter(is_variable).collect();
        assert!(variables.len() >= 20, "{variables:?}");
        for variable in variables {
            assert!(
                readme.contains(&format!("`{variable}`")),
                "README.md says nothing of {variable}"
            );
        }
    }
}
