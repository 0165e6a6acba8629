//! What a client asks of Kalshi.

use serde::Deserialize;

/// A command to Kalshi as it was sent, as far as it says what later frames mean.
///
/// ```
/// use arb_normalize::decode::KalshiCommand;
/// let sent = br#"{"id":3,"cmd":"update_subscription","params":{"sid":2,"action":"add_markets","market_ticker":"KXFED-27APR-T4.25"}}"#;
/// let command = KalshiCommand::read(sent).ok_or("not a command")?;
/// assert_eq!((command.id, command.action.as_str(), command.sids), (3, "add_markets", vec![2]));
/// assert_eq!(command.markets, ["KXFED-27APR-T4.25"]);
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KalshiCommand {
    /// The number its answer repeats; 0 where it has none.
    pub id: u64,
    /// What is asked: `subscribe`, `update_subscription`, `unsubscribe` …
    pub name: String,
    /// What an update does: `add_markets`, `delete_markets` …; empty in other commands.
    pub action: String,
    /// The channels of a new subscription.
    pub channels: Vec<String>,
    /// The tickers it names, in whichever field.
    pub markets: Vec<String>,
    /// The subscriptions it is about, the single one first.
    pub sids: Vec<u64>,
    /// Whether NO is to be quoted in YES prices.
    pub use_yes_price: bool,
}

#[derive(Deserialize)]
struct Text {
    #[serde(default)]
    id: u64,
    cmd: String,
    #[serde(default)]
    params: Params,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Params {
    channels: Vec<String>,
    action: String,
    market_ticker: Option<String>,
    market_tickers: Vec<String>,
    sid: Option<u64>,
    sids: Vec<u64>,
    use_yes_price: bool,
}

impl KalshiCommand {
    /// Reads a sent frame; `None` where it is no command.
    #[must_use]
    pub fn read(frame: &[u8]) -> Option<Self> {
        let Text { id, cmd, params } = serde_json::from_slice(frame).ok()?;
        let mut markets = params.market_tickers;
        markets.extend(params.market_ticker);
        Some(Self {
            id,
            name: cmd,
            action: params.action,
            channels: params.channels,
            markets,
            sids: params.sid.into_iter().chain(params.sids).collect(),
            use_yes_price: params.use_yes_price,
        })
    }

    /// Whether it opens a subscription of that channel.
    #[must_use]
    pub fn subscribes_to(&self, channel: &str) -> bool {
        self.name == "subscribe" && self.channels.iter().any(|name| name == channel)
    }
}
