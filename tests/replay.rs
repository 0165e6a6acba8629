//! Recordings through the pipeline: the lines of `scan --replay --json`, to the byte.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::Write as _;

use clap::Parser as _;
use scan_app::args::Args;
use scan_app::replay;

const FRAMES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/frames/handmade.jsonl");
const PAIRS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/frames/handmade.pairs.json");
const EXPECTED: &str = include_str!("frames/handmade.expected.jsonl");

fn output(arguments: &[&str]) -> Result<String, scan_app::failure::Failure> {
    let args = Args::try_parse_from([&["scan"], arguments].concat()).unwrap();
    let mut out = Vec::new();
    replay::write(&args, &mut out).map(|()| String::from_utf8(out).unwrap())
}

#[test]
fn a_recording_gives_the_lines_worked_out_by_hand() {
    let lines = output(&["--replay", FRAMES, "--pairs", PAIRS, "--json"]).unwrap();
    assert_eq!(lines, EXPECTED);
    let again = output(&["--replay", FRAMES, "--pairs", PAIRS, "--json"]).unwrap();
    assert_eq!(lines, again, "the same recording twice gives the same bytes");
}

#[test]
fn a_packed_recording_gives_the_same_lines_and_a_torn_end_costs_one_bad_line() {
    let folder = tempfile::tempdir().unwrap();
    let packed = folder.path().join("frames.jsonl.gz");
    let text = std::fs::read(FRAMES).unwrap();
    // Two members, as a recorder writes them.
    let mut bytes = Vec::new();
    for half in [&text[..700], &text[700..]] {
        let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        member.write_all(half).unwrap();
        bytes.extend(member.finish().unwrap());
    }
    std::fs::write(&packed, &bytes).unwrap();
    let packed = packed.to_str().unwrap();
    assert_eq!(output(&["--replay", packed, "--pairs", PAIRS, "--json"]).unwrap(), EXPECTED);
    std::fs::write(packed, &bytes[..bytes.len() - 20]).unwrap();
    let torn = output(&["--replay", packed, "--pairs", PAIRS, "--json"]).unwrap();
    let summary: serde_json::Value = serde_json::from_str(torn.lines().last().unwrap()).unwrap();
    // The handmade bad line, and the torn end.
    assert_eq!(summary["bad_lines"], 2, "{torn}");
}

#[test]
fn two_recordings_have_connections_of_their_own() {
    let lines = output(&["--replay", FRAMES, FRAMES, "--pairs", PAIRS, "--json"]).unwrap();
    let summary: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    // The numbers of the second recording begin anew: one gap and one duplicate each, not more.
    assert_eq!(summary["gaps"], 2);
    assert_eq!(summary["duplicates"], 2);
    assert_eq!(summary["bad_lines"], 2);
    assert_eq!(summary["episodes"], 4);
}

#[test]
fn without_pairs_books_are_kept_and_nothing_is_priced() {
    let lines = output(&["--replay", FRAMES, "--json"]).unwrap();
    let summary: serde_json::Value = serde_json::from_str(lines.trim()).unwrap();
    assert_eq!(summary["best_net_usd"], serde_json::Value::Null);
    assert_eq!(summary["books"]["kalshi/KXHANDMADE-27JAN-H0"]["best_ask"][0], "0.45");
}

#[test]
fn nothing_readable_is_wrong_input() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "dear diary\n").unwrap();
    let failure = output(&["--replay", path.to_str().unwrap(), "--json"]).unwrap_err();
    assert_eq!(failure.code, 2);
    assert!(failure.message.contains("notes.txt"), "{}", failure.message);
    let failure = output(&["--replay", "no-such-file.jsonl", "--json"]).unwrap_err();
    assert_eq!(failure.code, 2);
    assert!(failure.message.contains("no-such-file.jsonl"), "{}", failure.message);
}

#[test]
fn limits_apply_only_where_their_flag_is_given() {
    let limited =
        output(&["--replay", FRAMES, "--pairs", PAIRS, "--json", "--min-net", "9.5"]).unwrap();
    let kinds = |text: &str, kind: &str| text.matches(&format!("\"kind\":\"{kind}\"")).count();
    assert_eq!(kinds(&limited, "opportunity"), 1, "{limited}");
    let position =
        output(&["--replay", FRAMES, "--pairs", PAIRS, "--json", "--max-position", "10"]).unwrap();
    let first: serde_json::Value = serde_json::from_str(position.lines().next().unwrap()).unwrap();
    // 11 contracts lay out 11 × (0.45 + 0.42) = 9.57 and about 0.33 of fees; 12 would lay out more than $10.
    assert_eq!(first["quantity"], "11");
}

#[test]
fn other_classes_speak_only_when_asked_and_do_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let sets = folder.path().join("sets.json");
    // "Above" bought on Kalshi, "further above" sold on Polymarket: the handmade pair read as a chain.
    let pairs: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(PAIRS).unwrap()).unwrap();
    let members = serde_json::json!([
        {"kalshi": pairs[0]["kalshi"]}, {"polymarket": pairs[0]["polymarket_yes"]}
    ]);
    let set = serde_json::json!([{"id": "s", "relation": "chain", "members": members,
        "fees": pairs[0]["fees"]}]);
    std::fs::write(&sets, set.to_string()).unwrap();
    let sets = sets.to_str().unwrap();
    let all = ["--replay", FRAMES, "--pairs", PAIRS, "--json", "--classes", "all"];
    assert_eq!(output(&all).unwrap(), EXPECTED, "pairs alone have no other class");
    let lines = output(&[&all[..], &["--sets", sets]].concat()).unwrap();
    let (others, raw): (Vec<&str>, Vec<&str>) =
        lines.lines().partition(|line| line.contains("\"s/yes0-no1/"));
    assert!(others[0].contains("\"class\":\"chain\""), "{others:?}");
    let expected: Vec<&str> = EXPECTED.lines().collect();
    assert_eq!(raw, expected, "the raw lines and the summary stay as they are");
    let failure = output(&["--replay", FRAMES, "--sets", sets, "--json"]).unwrap_err();
    assert_eq!(failure.code, 2);
}

#[test]
fn an_absurd_connection_number_costs_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frames.jsonl");
    let good = r#"{"received_at_ns":1,"venue":"kalshi","connection":0,"frame":"{\"type\":\"subscribed\",\"id\":1,\"msg\":{\"channel\":\"orderbook_delta\",\"sid\":1}}"}"#;
    let absurd = good.replace("\"connection\":0", "\"connection\":4000000000");
    let foreign = good.replace("kalshi", "bourse");
    std::fs::write(&path, format!("{good}\n{absurd}\n{foreign}\n")).unwrap();
    let path = path.to_str().unwrap();
    let lines = output(&["--replay", path, path, "--json"]).unwrap();
    let summary: serde_json::Value = serde_json::from_str(lines.trim()).unwrap();
    assert_eq!((&summary["decoded"], &summary["bad_lines"]), (&2.into(), &4.into()));
}

/// A recording of two books that no taker earns anything of and a resting order does, moved after 500 ms and 1.2 s, crossed after 2.4 s.
fn quiet_market() -> String {
    let line = |millis: i64, venue: &str, frame: serde_json::Value| {
        let at = 1_795_187_045_000_000_000 + millis * 1_000_000;
        let frame = frame.to_string();
        serde_json::json!({"received_at_ns": at, "venue": venue, "connection": 0, "frame": frame})
            .to_string()
    };
    let kalshi = |seq: u64, bid: &str, size: &str| {
        serde_json::json!({"type": "orderbook_snapshot", "sid": 1, "seq": seq, "msg": {
            "market_ticker": "KXA", "market_id": "5f0c2a1e-7b34-4c55-9d21-6a8e0b7f4412",
            "yes_dollars_fp": [[bid, size]], "no_dollars_fp": [["0.54", "60"]]}})
    };
    let polymarket = serde_json::json!({"event_type": "book", "asset_id": "71", "market": "0xa",
        "bids": [{"price": "0.48", "size": "200"}], "asks": [{"price": "0.49", "size": "100"}],
        "timestamp": "1795187045000", "hash": ""});
    [
        line(0, "kalshi", kalshi(1, "0.44", "75")),
        line(100, "polymarket", polymarket),
        line(500, "kalshi", kalshi(2, "0.44", "80")),
        line(1_200, "kalshi", kalshi(3, "0.43", "90")),
        line(2_400, "kalshi", kalshi(4, "0.50", "90")),
    ]
    .join("\n")
}

#[test]
fn quotes_are_said_when_they_are_asked_for_and_when_they_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (capture, pairs) = (path("quiet.jsonl"), path("pairs.json"));
    std::fs::write(&capture, quiet_market()).unwrap();
    let approved = r#"[{"id":"p","kalshi":"KXA","polymarket_yes":"71","relation":"equal","fees":{
        "kalshi":{"multiplier":"1","precision":"0.0001"},"polymarket":{"rate":"0.03","exponent":"1"}}}]"#;
    std::fs::write(&pairs, approved).unwrap();
    let line = ["--replay", &capture, "--pairs", &pairs, "--json"];
    assert_eq!(output(&line).unwrap().lines().count(), 1, "the summary alone");
    let lines = output(&[&line[..], &["--quotes"]].concat()).unwrap();
    let said: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_kalshi = |line: &&serde_json::Value| {
        line["rest"]["venue"] == "kalshi" && line["rest"]["outcome"] == "yes"
    };
    // The first look is at the first frame, with one book; then at 1.2 s, and at 2.4 s.
    let quotes: Vec<&serde_json::Value> = said.iter().filter(of_kalshi).collect();
    assert_eq!(quotes.len(), 1, "{lines}");
    let quote = quotes[0];
    assert_eq!(quote["kind"], "quote");
    assert_eq!(quote["at_ns"], 1_795_187_046_200_000_000_i64);
    // 1 − 0.43 − 0.0175 · 0.43 · 0.57 − 0.005 = 0.5607… buys NO at 0.55: with 0.03 · 0.55 · 0.45 that is 0.557425; 0.56 is too dear.
    assert_eq!(
        (&quote["rest"]["limit"], &quote["hedge"]["limit"]),
        (&"0.43".into(), &"0.55".into())
    );
    // A quarter of the 200 at 0.52, 50 · (1 − 0.43 − 0.52) less 0.0175 · 50 · 0.2451 (0.2145 when rounded up) and 0.03 · 50 · 0.2496.
    assert_eq!((&quote["quantity"], &quote["net_usd"]), (&"50".into(), &"1.9111".into()));
    assert_eq!(quote["ahead"], "90");
    assert_eq!(quote["fills"][0], serde_json::json!({"within_ms": 1_000, "chance": null}));
    assert!(quote["watched_ms"].is_null(), "no trade was ever received");
    let gone: Vec<_> = said.iter().filter(|line| line["kind"] == "quote_gone").collect();
    assert!(
        gone.iter().any(|line| line["venue"] == "kalshi" && line["outcome"] == "yes"),
        "{lines}"
    );
    assert!(said.iter().all(|line| line["v"] == 1));
    let every_frame = output(&[&line[..], &["--quotes", "1ms"]].concat()).unwrap();
    let of_kalshi = every_frame.lines().filter(|line| {
        line.contains(r#""kind":"quote""#)
            && line.contains(r#""rest":{"venue":"kalshi","market":"KXA","outcome":"yes""#)
    });
    assert_eq!(of_kalshi.count(), 2, "a line that says the same is not said again: {every_frame}");
    let text = output(&[&line[..4], &["--quotes"]].concat()).unwrap();
    assert!(text.contains("REPLAY quote   p: 50 × (rest kalshi yes 0.43 behind 90, hedge polymarket no ≤ 0.55) net $1.9111"), "{text}");
    assert!(text.contains("REPLAY no quote any more: p, kalshi yes"), "{text}");
}
