//! The simulated venues as a program.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::client::get;

/// Ends with its test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn it_says_where_it_listens_and_answers_there() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arb-sim"));
    command.args([
        "--pairs",
        "3",
        "--fault",
        "status:code=503,surface=rest,venue=kalshi,after=60m",
    ]);
    let mut program = Program(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(program.0.stdout.take().unwrap()).lines();
    let mut told = |what: &str| {
        let line = lines.find_map(|line| line.unwrap().strip_prefix(what).map(str::to_owned));
        line.unwrap_or_else(|| panic!("no {what}")).trim().to_owned()
    };
    assert!(told("SIMULATED").contains("no real market"));
    let kalshi = told("Kalshi REST");
    let gamma = told("Polymarket Gamma");
    assert!(told("fault injected:").contains("status"));
    let markets = get(&format!("{kalshi}/markets?status=open")).await;
    assert_eq!(markets.body["markets"].as_array().unwrap().len(), 3);
    assert_eq!(get(&format!("{gamma}/markets/keyset?closed=false")).await.status, 200);
}

#[test]
fn what_cannot_be_used_is_refused_with_its_reason() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_arb-sim")).args(["--fault", "melt"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("melt"));
}
