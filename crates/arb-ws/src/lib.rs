#![doc = include_str!("../README.md")]

mod backoff;
pub mod capture;
mod config;
mod connection;
mod dedup;
mod dial;
mod error;
mod event;
mod frame;
mod handle;
mod health;
mod meters;
mod pool;
mod queue;
mod router;
mod session;
mod sink;
mod subscriptions;
pub mod testing;
mod throttle;
mod validate;
mod windows;

pub use crate::backoff::{Backoff, Fixed, FullJitter};
pub use crate::config::{Clock, ConnectionConfig, Silence, Watch, wall_clock};
pub use crate::connection::{Connection, Stopped};
pub use crate::dedup::Deduplicated;
pub use crate::dial::{Dial, Handshake, Link, Pace, ReplayDial, TungsteniteDial};
pub use crate::error::{BoxError, Refusal, WsError};
pub use crate::event::{Cause, Event, GapCause, Keys, Meta};
pub use crate::frame::{CloseReason, Frame};
pub use crate::handle::Handle;
pub use crate::health::{Health, LinkState, Quantiles};
pub use crate::pool::{MakeSession, Pool, PoolConfig, PoolHandle};
pub use crate::queue::{
    Handler, HandlerTask, Overflow, QueueConfig, QueueSink, QueueStatus, handler_queue,
};
pub use crate::router::Router;
pub use crate::session::{AfterRefusal, KeepAlive, Key, KeyId, Outbox, Session, Verdict};
pub use crate::sink::Sink;
pub use crate::throttle::{ConnectBudget, Rate, Throttle};
pub use crate::validate::Validate;
pub use crate::windows::{PlannedWindow, Windows};
