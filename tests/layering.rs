//! The crate graph, held: who may import whom, what no library may import, and the one TLS provider.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Our crates and the ones of ours each may import.
const GRAPH: &[(&str, &[&str])] = &[
    ("arb-normalize", &[]),
    ("arb-breaker", &[]),
    ("arb-monitor", &[]),
    ("arb-sim", &[]),
    ("arb-ws", &["arb-breaker"]),
    ("arb-cache", &["arb-normalize"]),
    ("arb-risk", &["arb-normalize"]),
    ("arb-match", &["arb-normalize"]),
    ("arb-scan", &["arb-normalize", "arb-risk"]),
    ("arb-venues", &["arb-normalize", "arb-ws", "arb-breaker"]),
];

/// Crates that do I/O or run tasks.
const IO: &[&str] = &[
    "tokio",
    "hyper",
    "hyper-util",
    "reqwest",
    "fred",
    "tokio-tungstenite",
    "tungstenite",
    "rustls",
    "tokio-rustls",
    "mio",
    "socket2",
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

/// Direct normal dependencies by package, workspace members only.
fn dependencies(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let members: BTreeSet<&str> = metadata["workspace_members"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| members.contains(package["id"].as_str().unwrap()))
        .map(|package| {
            let normal = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
                .collect();
            (package["name"].as_str().unwrap().to_owned(), normal)
        })
        .collect()
}

#[test]
fn each_crate_imports_only_what_the_graph_allows() {
    let dependencies = dependencies(&metadata());
    for (name, allowed) in GRAPH {
        let ours: BTreeSet<&str> = dependencies[*name]
            .iter()
            .map(String::as_str)
            .filter(|dependency| dependency.starts_with("arb-"))
            .collect();
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        assert!(ours.is_subset(&allowed), "{name} imports {ours:?}, allowed is {allowed:?}");
    }
    let known: BTreeSet<&str> = GRAPH
        .iter()
        .map(|(name, _)| *name)
        .chain(["arb-examples", "arb-benches", "arb-tests"])
        .collect();
    let members: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    assert_eq!(members, known, "the workspace and this test's graph list the same packages");
}

#[test]
fn pure_crates_do_no_io() {
    let dependencies = dependencies(&metadata());
    for name in ["arb-normalize", "arb-risk", "arb-match", "arb-scan"] {
        for io in IO {
            assert!(!dependencies[name].contains(*io), "{name} imports {io}: it is a pure crate");
        }
    }
    for (name, imports) in &dependencies {
        let library = GRAPH.iter().any(|(ours, _)| ours == name);
        assert!(
            !library || !imports.contains("anyhow"),
            "{name} imports anyhow: a library has an error type of its own"
        );
        assert!(
            name == "arb-cache" || !library || !imports.contains("fred"),
            "{name} imports fred: only arb-cache does"
        );
        let socket = imports.contains("tokio-tungstenite") || imports.contains("tungstenite");
        assert!(
            ["arb-ws", "arb-sim"].contains(&name.as_str()) || !library || !socket,
            "{name} imports tungstenite: only arb-ws and arb-sim do"
        );
    }
}

#[test]
fn no_default_members_and_every_package_inherits_the_lints() {
    let root =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).unwrap();
    assert!(
        !root.contains("default-members"),
        "with default-members the examples and tests are not found from the root"
    );
    for package in metadata()["packages"].as_array().unwrap() {
        if package["source"].is_null() {
            let manifest =
                std::fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
            assert!(
                manifest.contains("[lints]\nworkspace = true"),
                "{} does not inherit the workspace's lints",
                package["name"]
            );
        }
    }
}

#[test]
fn ring_is_the_only_tls_provider() {
    // The benches' peers are measured against, never shipped, so they are left out.
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--exclude", "arb-benches", "--all-features"])
        .args(["--edges", "normal,build", "--prefix", "none", "--format", "{p}"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let names: BTreeSet<&str> =
        tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains("ring"), "ring is there, so the names are read right");
    for forbidden in ["aws-lc-rs", "aws-lc-sys", "openssl-sys", "native-tls"] {
        assert!(
            !names.contains(forbidden),
            "{forbidden} is in the dependency tree; ring is the one TLS provider"
        );
    }
}
