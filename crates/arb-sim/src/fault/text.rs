//! The written form of a fault, for command lines.

use std::str::FromStr;
use std::time::Duration;

use super::{Fault, FaultSpec, Surface, Venue};
use crate::error::SimError;

impl FromStr for FaultSpec {
    type Err = SimError;

    /// `name` or `name:key=value,key=value`. Keys: `venue`, `surface` (ws, rest), `connection`,
    /// `market`, `after`, `for`, `times`, and where the fault has one: `by`, `pause`, `up`, `code`,
    /// `retry-after`. Durations are `200ms`, `3s` or `2m`; a clock may be skewed `by` a negative one.
    fn from_str(text: &str) -> Result<Self, SimError> {
        let bad = |reason: String| SimError::Fault { text: text.to_owned(), reason };
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let mut fields: Vec<(&str, &str)> = Vec::new();
        for field in rest.split(',').filter(|field| !field.is_empty()) {
            fields.push(field.split_once('=').ok_or_else(|| bad(format!("`{field}` has no `=`")))?);
        }
        let mut take = |key: &str| {
            fields.iter().position(|field| field.0 == key).map(|at| fields.remove(at).1)
        };
        let need = |value: Option<&str>, key: &str| {
            value.map(str::to_owned).ok_or_else(|| bad(format!("it needs `{key}=…`")))
        };
        let fault = match name {
            "drop" => Fault::Drop,
            "close" => Fault::Close { code: number(&need(take("code"), "code")?).map_err(bad)? },
            "stall" => Fault::Stall,
            "silence" => Fault::Silence,
            "gap" => Fault::Gap,
            "duplicate" => Fault::Duplicate,
            "reorder" => Fault::Reorder,
            "delay" => Fault::Delay { by: span(&need(take("by"), "by")?).map_err(bad)? },
            "truncate" => Fault::Truncate,
            "garbage" => Fault::Garbage,
            "slow-reader" => {
                Fault::SlowReader { pause: span(&need(take("pause"), "pause")?).map_err(bad)? }
            }
            "buffer-overflow" => Fault::BufferOverflow,
            "channel-error" => Fault::ChannelError,
            "command-timeout" => Fault::CommandTimeout,
            "data-before-ack" => Fault::DataBeforeAck,
            "older-format" => Fault::OlderFormat,
            "unauthorized" => Fault::Unauthorized,
            "too-many-requests" => Fault::TooManyRequests {
                retry_after: take("retry-after").map(span).transpose().map_err(bad)?,
            },
            "status" => Fault::Status { code: number(&need(take("code"), "code")?).map_err(bad)? },
            "refuse" => Fault::Refuse,
            "hang" => Fault::Hang,
            "flap" => Fault::Flap { up: span(&need(take("up"), "up")?).map_err(bad)? },
            "clock-skew" => {
                Fault::ClockSkew { by_ms: signed(&need(take("by"), "by")?).map_err(bad)? }
            }
            "planned-window" => Fault::PlannedWindow,
            "exchange-pause" => Fault::ExchangePause,
            "tick-change" => Fault::TickChange,
            _ => return Err(bad(format!("there is no fault called `{name}`"))),
        };
        let mut spec = Self::new(fault);
        for (key, value) in fields {
            match key {
                "venue" => spec.venue = Some(venue(value).map_err(bad)?),
                "surface" => spec.surface = Some(surface(value).map_err(bad)?),
                "connection" => spec.connection = Some(number(value).map_err(bad)?),
                "market" => spec.market = Some(value.to_owned()),
                "after" => spec.after = span(value).map_err(bad)?,
                "for" => spec.lasts = Some(span(value).map_err(bad)?),
                "times" => spec.times = Some(number(value).map_err(bad)?),
                _ => return Err(bad(format!("`{key}` means nothing here"))),
            }
        }
        Ok(spec)
    }
}

fn venue(text: &str) -> Result<Venue, String> {
    match text {
        "kalshi" => Ok(Venue::Kalshi),
        "polymarket" => Ok(Venue::Polymarket),
        _ => Err(format!("`{text}` is neither `kalshi` nor `polymarket`")),
    }
}

fn surface(text: &str) -> Result<Surface, String> {
    match text {
        "ws" => Ok(Surface::WebSocket),
        "rest" => Ok(Surface::Rest),
        _ => Err(format!("`{text}` is neither `ws` nor `rest`")),
    }
}

fn number<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number that fits"))
}

fn signed(text: &str) -> Result<i64, String> {
    let (sign, size) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let millis =
        i64::try_from(span(size)?.as_millis()).map_err(|_| format!("`{text}` is too long"))?;
    Ok(sign * millis)
}

fn span(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return Err(format!("`{text}` is not a duration such as 200ms, 3s or 2m")),
    };
    let count: u64 = number(digits)?;
    count
        .checked_mul(unit)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("`{text}` is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_can_be_written() {
        let texts = [
            "drop",
            "close:code=1001",
            "stall",
            "silence",
            "gap",
            "duplicate",
            "reorder",
            "delay:by=1s",
            "truncate",
            "garbage",
            "slow-reader:pause=1s",
            "buffer-overflow",
            "channel-error",
            "command-timeout",
            "data-before-ack",
            "older-format",
            "unauthorized",
            "too-many-requests",
            "status:code=425",
            "refuse",
            "hang",
            "flap:up=1s",
            "clock-skew:by=-30s",
            "planned-window",
            "exchange-pause",
            "tick-change",
        ];
        for text in texts {
            let spec: FaultSpec = text.parse().unwrap();
            assert_eq!(spec.fault.name(), text.split(':').next().unwrap());
        }
        let skew: FaultSpec = "clock-skew:by=-30s".parse().unwrap();
        assert_eq!(skew.fault, Fault::ClockSkew { by_ms: -30_000 });
        let full: FaultSpec =
            "gap:venue=polymarket,surface=ws,connection=3,market=0xab,after=1m,for=2s,times=4"
                .parse()
                .unwrap();
        let wanted = FaultSpec::new(Fault::Gap)
            .at(Venue::Polymarket)
            .over(Surface::WebSocket)
            .on(3)
            .market("0xab")
            .after(Duration::from_secs(60))
            .lasting(Duration::from_secs(2))
            .times(4);
        assert_eq!(full, wanted);
    }

    #[test]
    fn a_bad_text_says_what_is_wrong() {
        for (text, word) in [
            ("explode", "explode"),
            ("delay", "by="),
            ("stall:for=soon", "soon"),
            ("stall:venue=mars", "mars"),
            ("stall:colour=red", "colour"),
            ("stall:for", "for"),
        ] {
            let message = text.parse::<FaultSpec>().unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }
}
