//! Any bytes as a frame of Polymarket.
#![no_main]

#[path = "frame.rs"]
mod frame;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| frame::check(arb_normalize::Venue::Polymarket, bytes));
