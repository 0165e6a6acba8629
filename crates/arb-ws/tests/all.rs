//! One test program for the crate: scripted servers under paused time, and real sockets.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

mod breaker;
mod deadlines;
mod delivery;
mod histories;
mod lifecycle;
mod meters;
mod pool;
mod queues;
mod refusals;
mod replay;
mod sockets;
mod toy;
