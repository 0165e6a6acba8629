//! Both simulated venues in a process of their own, for any client to talk to.
#![expect(clippy::print_stdout, reason = "a program that tells where it listens")]

use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

use arb_sim::{Catalogue, FaultSpec, Sim, SimConfig, SimError, Venue};
use clap::Parser;

/// A fake Kalshi and a fake Polymarket on loopback.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    address: IpAddr,
    /// First of five neighbouring ports; free ones when it is left out.
    #[arg(long)]
    port: Option<u16>,
    /// Seed of everything random in the markets.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Book changes per second over all markets.
    #[arg(long, default_value_t = 40)]
    quotes: u32,
    /// Seconds between planted opportunities; 0 plants none.
    #[arg(long, default_value_t = 1.5)]
    plant_every: f64,
    /// This many plain pairs instead of the built-in catalogue.
    #[arg(long)]
    pairs: Option<usize>,
    /// A fault, for instance `stall:venue=kalshi,after=10s,for=5s`; may be repeated.
    #[arg(long = "fault", value_parser = parse_fault)]
    faults: Vec<FaultSpec>,
    /// Print the approved pairs (JSON) after the addresses.
    #[arg(long)]
    print_pairs: bool,
    /// End by itself after so many seconds.
    #[arg(long)]
    seconds: Option<u64>,
}

fn parse_fault(text: &str) -> Result<FaultSpec, SimError> {
    text.parse()
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let because = std::error::Error::source(&error);
            let because = because.map(|source| format!(" ({source})")).unwrap_or_default();
            println!("arb-sim: {error}{because}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), SimError> {
    let config = SimConfig {
        address: arguments.address,
        first_port: arguments.port,
        seed: arguments.seed,
        quotes_per_second: arguments.quotes,
        plant_every: Duration::try_from_secs_f64(arguments.plant_every)
            .ok()
            .filter(|every| !every.is_zero()),
        catalogue: arguments
            .pairs
            .map_or(Catalogue::Standard, |pairs| Catalogue::Synthetic { pairs }),
        ..SimConfig::default()
    };
    let sim = Sim::start(config).await?;
    let key = sim.kalshi_credentials();
    println!("SIMULATED venues, seed {}; no order, no money, no real market", arguments.seed);
    println!("Kalshi WebSocket     {}", sim.kalshi_ws_url());
    println!("Kalshi REST          {}", sim.kalshi_rest_url());
    println!("Polymarket WebSocket {}", sim.polymarket_ws_url());
    println!("Polymarket Gamma     {}", sim.gamma_url());
    println!("Polymarket CLOB      {}", sim.clob_url());
    println!("Kalshi test key (Ed25519) {}\n{}", key.key_id, key.private_key_pem);
    println!("Kalshi test key (RSA) {}\n{}", key.rsa_key_id, key.rsa_private_key_pem);
    if arguments.print_pairs {
        println!("{}", sim.approved_pairs_json());
    }
    for fault in arguments.faults {
        let name = fault.fault.name();
        sim.fault(fault)?;
        println!("fault injected: {name}");
    }
    let ends = async {
        match arguments.seconds {
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = ends => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    for venue in [Venue::Kalshi, Venue::Polymarket] {
        let stats = sim.stats(venue);
        println!(
            "{}: {} handshakes ({} refused), {} requests, {} frames sent",
            venue.name(),
            stats.handshakes,
            stats.refused,
            stats.requests,
            stats.frames
        );
    }
    println!("opportunities planted: {}", sim.planted().len());
    sim.shutdown().await;
    Ok(())
}
