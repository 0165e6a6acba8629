//! A sink that keeps nothing but a number.

use arb_scan::{Closed, Found, Sink};

/// How many trades were shown.
#[derive(Default)]
pub(crate) struct Count(pub(crate) u64);

impl Sink for Count {
    fn on_opportunity(&mut self, _: &Found<'_>) {
        self.0 += 1;
    }

    fn on_closed(&mut self, _: &Closed) {}
}
