//! The scanner where standard output is not read, is full or is closed: it goes on as long as it is to, or ends in order.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "test support")]

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, PipeWriter, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use arb_tests::scanner::free_port;
use clap::Parser as _;
use flate2::read::MultiGzDecoder;
use rustix::process::{Pid, Signal, kill_process};
use scan_app::args::Args;
use scan_app::program;
use serde_json::Value;

/// The command line of a run of this program that is the scanner.
const SCANNER: &str = "ARB_TEST_OUTPUT_SCANNER";
const PATIENCE: Duration = Duration::from_secs(120);

/// Is the scanner where this run is to be: its standard output is what came as standard input.
fn be_the_scanner() {
    let Ok(line) = std::env::var(SCANNER) else { return };
    rustix::stdio::dup2_stdout(std::io::stdin()).unwrap();
    std::process::exit(program::run(&Args::parse_from(line.split(' '))).into());
}

/// This test again as a scanner that prints there. Its standard error is in `scan.log`.
fn start(test: &str, out: impl Into<Stdio>, folder: &Path, flags: &str) -> Child {
    let log = File::create(folder.join("scan.log")).unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(SCANNER, format!("scan {flags}"))
        // Complaints alone: alerts of good trades are no part of this.
        .env("RUST_LOG", "error")
        .stdin(out)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// How it ended, and what it complained about.
fn end(mut scanner: Child, folder: &Path) -> (ExitStatus, String) {
    let deadline = Instant::now() + PATIENCE;
    let log = || fs::read_to_string(folder.join("scan.log")).unwrap();
    loop {
        if let Some(status) = scanner.try_wait().unwrap() {
            return (status, log());
        }
        if Instant::now() > deadline {
            let _ = scanner.kill();
            panic!("it did not end: {}", log());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The lines of everything recorded in a folder.
fn recorded(folder: &Path) -> usize {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| BufReader::new(MultiGzDecoder::new(File::open(path).unwrap())).lines().count())
        .sum()
}

/// Fills a pipe and keeps it full until its reader is gone.
fn keep_full(mut pipe: PipeWriter) {
    std::thread::spawn(move || while pipe.write_all(&[b'\n'; 4096]).is_ok() {});
}

/// How many trades were evaluated, as the status page says.
fn evaluated(port: u16) -> Option<u64> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET /api/status HTTP/1.0\r\nhost: localhost\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status: Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
    status["model"]["funnel"][0]["count"].as_u64()
}

#[test]
fn a_reader_who_does_not_read_stops_neither_the_scanner_nor_its_end() {
    be_the_scanner();
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port().unwrap());
    let (reader, pipe) = std::io::pipe().unwrap();
    keep_full(pipe.try_clone().unwrap());
    let test = "a_reader_who_does_not_read_stops_neither_the_scanner_nor_its_end";
    let scanner = start(test, pipe, folder.path(), &format!("--status 127.0.0.1:{port}"));
    let deadline = Instant::now() + PATIENCE;
    let (mut last, mut steps) = (0, 0);
    while steps < 5 {
        assert!(Instant::now() < deadline, "it stands still at {last} evaluated");
        let now = evaluated(port).unwrap_or_default();
        steps += u32::from(now > last);
        last = now;
        std::thread::sleep(Duration::from_millis(100));
    }
    kill_process(Pid::from_child(&scanner), Signal::TERM).unwrap();
    let (status, log) = end(scanner, folder.path());
    drop(reader);
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("lines were not written"), "{log}");
}

#[test]
fn what_cannot_be_written_is_said_and_ends_with_1_and_everything_in_order() {
    be_the_scanner();
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("records");
    let full = File::options().write(true).open("/dev/full").unwrap();
    let test = "what_cannot_be_written_is_said_and_ends_with_1_and_everything_in_order";
    let scanner = start(test, full, folder.path(), &format!("--record {}", records.display()));
    let (status, log) = end(scanner, folder.path());
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("standard output cannot be written: No space left"), "{log}");
    assert!(recorded(&records) > 0);
}

#[test]
fn a_reader_who_has_had_enough_ends_everything_quietly_and_in_order() {
    be_the_scanner();
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("records");
    let (reader, pipe) = std::io::pipe().unwrap();
    let test = "a_reader_who_has_had_enough_ends_everything_quietly_and_in_order";
    let scanner = start(test, pipe, folder.path(), &format!("--record {}", records.display()));
    let first: Vec<String> = BufReader::new(reader).lines().take(5).map(Result::unwrap).collect();
    assert_eq!(first.len(), 5, "{first:?}");
    let (status, log) = end(scanner, folder.path());
    assert_eq!((status.code(), log.as_str()), (Some(0), ""));
    assert!(recorded(&records) > 0);
}
