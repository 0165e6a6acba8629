//! Throw-away Redis servers on free ports.
//!
//! Each server keeps its files in a directory of its own and ends with the fixture. A server is spoken to here by a few lines of plain
//! sockets, so that what the tests see does not pass through the client under test.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Long enough for a machine that does many other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Whether the tests that need a server are switched off by `ARB_SKIP_REDIS=1`.
pub(crate) fn skipped() -> bool {
    std::env::var_os("ARB_SKIP_REDIS").is_some_and(|value| value == "1")
}

/// A port nobody listens on; low enough for the port of a cluster's bus, too.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// What a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    Text(String),
    Error(String),
    Number(i64),
    Nothing,
    List(Vec<Reply>),
}

impl Reply {
    pub(crate) fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            other => panic!("{other:?} is no text"),
        }
    }

    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Number(number) => number,
            other => panic!("{other:?} is no number"),
        }
    }
}

/// A running redis-server, or another program that takes its options.
pub(crate) struct RedisServer {
    program: &'static str,
    child: Child,
    pub(crate) port: u16,
    directory: TempDir,
    options: Vec<String>,
}

impl RedisServer {
    /// A server that keeps nothing on disk.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// A server with further options.
    pub(crate) fn start_with(options: &[&str]) -> Self {
        Self::start_program("redis-server", options)
    }

    /// A program that takes redis-server's options.
    pub(crate) fn start_program(program: &'static str, options: &[&str]) -> Self {
        let options: Vec<_> = options.iter().map(|option| (*option).to_owned()).collect();
        // Another process may take the port between our looking and the server's binding.
        for _ in 0..5 {
            let directory = tempfile::tempdir().unwrap();
            let port = free_port();
            let child = spawn(program, port, &directory, &options);
            let mut server = Self { program, child, port, directory, options: options.clone() };
            if server.wait_until_it_answers() {
                return server;
            }
        }
        panic!("{program} does not start on any of five free ports");
    }

    fn wait_until_it_answers(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if self.try_command(&["PING"]).is_some_and(|reply| reply == Reply::Text("PONG".into()))
            {
                return true;
            }
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(Instant::now() < deadline, "redis-server does not answer within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn unix_url(&self) -> String {
        format!("redis+unix://{}/socket", self.directory.path().display())
    }

    /// Sends one command over a connection of its own.
    pub(crate) fn command(&self, words: &[&str]) -> Reply {
        self.try_command(words).unwrap_or_else(|| panic!("no answer to {words:?}"))
    }

    pub(crate) fn try_command(&self, words: &[&str]) -> Option<Reply> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let mut line = format!("*{}\r\n", words.len());
        for word in words {
            line.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        (&stream).write_all(line.as_bytes()).ok()?;
        read_reply(&mut BufReader::new(stream))
    }

    /// The connections of clients, without the one that asks.
    pub(crate) fn clients(&self) -> Vec<String> {
        let list = self.command(&["CLIENT", "LIST"]).text();
        list.lines().filter(|line| !line.contains("cmd=client")).map(str::to_owned).collect()
    }

    /// Closes the connections of all clients.
    pub(crate) fn close_clients(&self) {
        self.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same port, with empty hands.
    pub(crate) fn restart(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.child = spawn(self.program, self.port, &self.directory, &self.options);
            if self.wait_until_it_answers() {
                return;
            }
            assert!(Instant::now() < deadline, "redis-server does not come back on its port");
        }
    }

    /// Stops the process where it stands; its sockets stay open.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let status =
            Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // A frozen process is killed as well; one that is gone already needs nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(program: &str, port: u16, directory: &TempDir, options: &[String]) -> Child {
    let path = directory.path();
    Command::new(program)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(["--unixsocket", &path.join("socket").display().to_string()])
        .args(["--dir", &path.display().to_string()])
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "{program} cannot be started ({error}): run tests/run, which installs it, or set ARB_SKIP_REDIS=1 to leave these tests out"
            )
        })
}

fn read_reply(reader: &mut impl BufRead) -> Option<Reply> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let line = line.trim_end();
    let (kind, rest) = line.split_at_checked(1)?;
    Some(match kind {
        "+" => Reply::Text(rest.to_owned()),
        "-" => Reply::Error(rest.to_owned()),
        ":" => Reply::Number(rest.parse().ok()?),
        "$" if rest == "-1" => Reply::Nothing,
        "*" if rest == "-1" => Reply::Nothing,
        "$" => {
            let mut bytes = vec![0; rest.parse::<usize>().ok()? + 2];
            reader.read_exact(&mut bytes).ok()?;
            bytes.truncate(bytes.len() - 2);
            Reply::Text(String::from_utf8_lossy(&bytes).into_owned())
        }
        "*" => {
            let count: usize = rest.parse().ok()?;
            Reply::List((0..count).map(|_| read_reply(reader)).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// Waits until something is true.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "{what}: still not so after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
