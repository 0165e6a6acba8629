//! The scanner as a program of its own: what it needs to find the simulated venues, and a run of it that ends with its test.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use arb_sim::Sim;
use clap::Parser as _;
use scan_app::args::Args;
use scan_app::failure::Failure;
use scan_app::live;
use scan_app::settings::Settings;

use crate::resident;

/// A program that ends with its test.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    /// Starts it without input and output.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().map(Self)
    }

    /// Anonymous resident memory in bytes – neither code nor mapped files –, where the system tells.
    #[must_use]
    pub fn resident(&self) -> Option<u64> {
        resident::anonymous_of(self.0.id())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that nobody listens on.
///
/// # Errors
/// When the loopback interface cannot be used.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Writes the settings, the key and the approved pairs of a scanner of these venues into a folder: `scan.toml`, `key.pem`,
/// `pairs.json`. Its status page is at that port; `more` are further settings.
///
/// # Errors
/// When a file cannot be written.
pub fn configure(folder: &Path, sim: &Sim, status: u16, more: &str) -> io::Result<()> {
    let key = sim.kalshi_credentials();
    fs::write(folder.join("key.pem"), &key.private_key_pem)?;
    fs::write(folder.join("pairs.json"), sim.approved_pairs_json())?;
    let config = format!(
        "status = \"127.0.0.1:{status}\"\nkalshi_key_id = \"{}\"\nkalshi_private_key_path = \"{}\"\n\
         kalshi_rest_url = \"{}\"\nkalshi_ws_url = \"{}\"\npolymarket_gamma_url = \"{}\"\npolymarket_clob_url = \"{}\"\n\
         polymarket_ws_url = \"{}\"\n{more}",
        key.key_id,
        folder.join("key.pem").display(),
        sim.kalshi_rest_url(),
        sim.kalshi_ws_url(),
        sim.gamma_url(),
        sim.clob_url(),
        sim.polymarket_ws_url(),
    );
    fs::write(folder.join("scan.toml"), config)
}

/// This run of the test program again as the scanner that `folder` configures, in that test: where the variable is set, the test
/// is the scanner. Its log is in `scan.log`.
///
/// # Errors
/// When it cannot be started.
pub fn start(folder: &Path, variable: &str, test: &str) -> io::Result<Running> {
    let mut again = Command::new(std::env::current_exe()?);
    again.args(["--exact", test, "--nocapture"]);
    let log = fs::File::create(folder.join("scan.log"))?;
    Running::start(again.env(variable, folder).stderr(log))
}

/// Is that scanner, until it is over.
///
/// # Errors
/// What it would end with.
pub fn run(folder: &Path) -> Result<(), Failure> {
    let path = |name: &str| folder.join(name).display().to_string();
    let line = ["scan", "--live", "--pairs", &path("pairs.json"), "--config", &path("scan.toml")];
    let args = Args::parse_from(line);
    let settings = Settings::read_from(&args, &|_| None)?;
    scan_app::terminal::start_log(false);
    live::run(&args, &settings)
}
