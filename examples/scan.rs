//! Scans Kalshi and Polymarket for trades that pay in every outcome.

use std::process::ExitCode;

use clap::Parser as _;
use scan_app::args::Args;
use scan_app::program;

fn main() -> ExitCode {
    ExitCode::from(program::run(&Args::parse()))
}
