//! The command line as an operator uses it.

use clap::Parser as _;
use serde_json::Value;

use crate::Arguments;

/// Two Kalshi and two Polymarket markets in files of their own, and the approvals beside them.
struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { dir: tempfile::tempdir().unwrap() };
        let kalshi = |ticker: &str, who: &str| {
            serde_json::json!({"ticker": ticker, "status": "active", "close_time": "2027-11-01T00:00:00Z",
                "title": format!("Will {who} win the 2026 Norwegian presidential election?"),
                "rules_primary": format!("If {who} wins the 2026 Norwegian presidential election, then the market resolves to Yes.")})
        };
        let polymarket = |id: &str, slug: &str, who: &str| {
            serde_json::json!({"conditionId": id, "slug": slug, "outcomes": "[\"Yes\", \"No\"]",
            "clobTokenIds": format!("[\"{id}1\", \"{id}2\"]"), "endDate": "2026-09-14T00:00:00Z",
                "question": format!("Will {who} win the 2026 Norwegian presidential election?"),
                "description": format!("This market will resolve to \"Yes\" if {who} wins the 2026 presidential election in Norway.")})
        };
        let k = serde_json::json!({"markets": [kalshi("KXNOR-26-AB", "Ann Berg"), kalshi("KXNOR-26-OD", "Ola Dahl")]});
        let p = serde_json::json!([
            polymarket("0xab", "norway-ann-berg", "Ann Berg"),
            polymarket("0xod", "norway-ola-dahl", "Ola Dahl")
        ]);
        desk.write("k.json", &k.to_string());
        desk.write("p.json", &p.to_string());
        desk
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Runs the command line; the answer is its exit code and what it printed, or its error.
    fn run(&self, words: &[&str]) -> std::result::Result<(i32, String), String> {
        let (k, p, approvals) = (self.path("k.json"), self.path("p.json"), self.path("a.json"));
        let mut line = vec!["match", "--approvals", &approvals];
        if !words.contains(&"--kalshi") {
            line.extend(["--kalshi", &k, "--polymarket", &p]);
        }
        line.extend(words.iter().filter(|word| **word != "--kalshi"));
        let arguments = Arguments::try_parse_from(line).map_err(|error| error.to_string())?;
        let mut out = Vec::new();
        let code = crate::run(&arguments, &mut out).map_err(|error| error.to_string())?;
        Ok((code, String::from_utf8(out).unwrap()))
    }

    fn file(&self) -> Option<String> {
        std::fs::read_to_string(self.path("a.json")).ok()
    }
}

#[test]
fn decisions_are_made_kept_and_listed() {
    let desk = Desk::new();
    let (code, said) =
        desk.run(&["--approve", "KXNOR-26-OD", "norway-ola-dahl", "--note", "read both"]).unwrap();
    assert!(code == 0 && said.starts_with("probable equal"), "{said}");
    desk.run(&["--reject", "KXNOR-26-AB", "0xab"]).unwrap();
    let (_, list) = desk.run(&["--list"]).unwrap();
    let lines: Vec<&str> = list.lines().collect();
    assert!(
        lines[0].starts_with("rejected equal KXNOR-26-AB 0xab")
            && lines[0].contains(": rejected at"),
        "{list}"
    );
    assert!(
        lines[1].starts_with("approved equal KXNOR-26-OD 0xod")
            && lines[1].ends_with("(read both): holds"),
        "{list}"
    );
    // Later words replace earlier ones; a changed text ends an approval.
    desk.run(&["--approve", "KXNOR-26-AB", "0xab"]).unwrap();
    let text = std::fs::read_to_string(desk.path("k.json")).unwrap();
    desk.write("k.json", &text.replace("If Ann Berg wins", "If Ann Berg or Per Lie wins"));
    let (code, list) = desk.run(&["--list"]).unwrap();
    assert!(list.lines().next().unwrap().contains("is not the one approved at"), "{list}");
    assert_eq!(code, 1, "an approval has lapsed");
    let (code, list) = desk.run(&["--list", "--kalshi"]).unwrap();
    assert!(code == 0 && list.contains("not checked: no listings given"), "{list}");
}

#[test]
fn the_file_does_not_depend_on_the_order_of_decisions() {
    let without_times = |desk: &Desk| {
        let text = desk.file().unwrap();
        text.lines().filter(|line| !line.contains("\"at\"")).collect::<Vec<_>>().join("\n")
    };
    let (one, other) = (Desk::new(), Desk::new());
    for (desk, order) in [(&one, ["AB", "OD"]), (&other, ["OD", "AB"])] {
        for who in order {
            desk.run(&[
                "--approve",
                &format!("KXNOR-26-{who}"),
                &format!("0x{}", who.to_lowercase()),
            ])
            .unwrap();
        }
    }
    assert_eq!(without_times(&one), without_times(&other));
}

#[test]
fn an_import_is_taken_whole_or_not_at_all() {
    let desk = Desk::new();
    desk.write("in.csv", "ticker,market,relation,note\nKXNOR-26-AB,norway-ann-berg\nKXNOR-26-OD,0xod,rejected,not yet\n");
    let csv = desk.path("in.csv");
    assert_eq!(desk.run(&["--import", &csv]).unwrap(), (0, "2 decisions taken over\n".to_owned()));
    let kept = desk.file();
    desk.write("in.csv", "KXNOR-26-AB,0xab,rejected\nKXNOR-26-ZZ,0xab\n");
    let error = desk.run(&["--import", &csv]).unwrap_err();
    assert!(
        error.contains("line 2")
            && error.contains("KXNOR-26-ZZ")
            && error.contains("nothing was taken over"),
        "{error}"
    );
    assert_eq!(desk.file(), kept);
}

#[test]
fn errors_say_what_to_do_and_leave_the_file_alone() {
    let desk = Desk::new();
    for (words, said) in [
        (vec!["--approve", "KXNONE", "0xab"], "no kalshi market KXNONE"),
        (vec!["--approve", "KXNOR-26-AB", "0xnone"], "no polymarket market 0xnone"),
        (vec!["--approve", "KXNOR-26-AB", "0xod"], "--relation equal|complement"),
        (
            vec!["--approve", "KXNOR-26-AB", "0xab", "--kalshi"],
            "give --kalshi FILE and --polymarket FILE",
        ),
        (vec!["--approve", "KXNOR-26-AB"], "2 values required"),
        (vec!["--list", "--approve", "KXNOR-26-AB", "0xab"], "cannot be used with"),
        (
            vec!["--relation", "same", "--approve", "KXNOR-26-AB", "0xab"],
            "possible values: equal, complement",
        ),
        (vec!["--import", "/nonexistent.csv"], "/nonexistent.csv"),
    ] {
        let error = desk.run(&words).unwrap_err();
        assert!(error.contains(said), "{words:?}: {error}");
        assert_eq!(desk.file(), None, "{words:?}");
    }
    desk.write("a.json", "{\"v\":9}");
    assert!(desk.run(&["--list"]).unwrap_err().contains("version 9"));
    std::fs::remove_file(desk.path("a.json")).unwrap();
    for (words, said) in [
        (vec!["--list", "--note", "why"], "required"),
        (vec!["--list", "--despite-veto", "subject"], "required"),
        (vec!["--score", "x.jsonl", "--json"], "cannot be used with"),
        (vec!["--list", "--export-pairs", "x.json"], "cannot be used with"),
        (vec!["--settled", "KXNOR-26-AB", "0xab", "same"], "same is not alike or differently"),
        (vec!["--settled", "KXNOR-26-AB", "0xab", "alike"], "no template covers"),
    ] {
        let error = desk.run(&words).unwrap_err();
        assert!(error.contains(said), "{words:?}: {error}");
        assert_eq!(desk.file(), None, "{words:?}");
    }
}

#[test]
fn every_candidate_or_the_given_pairs_are_judged() {
    let desk = Desk::new();
    let (code, said) = desk.run(&["--json"]).unwrap();
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, lines.last().unwrap()["probable"].as_u64()), (0, Some(2)), "{said}");
    desk.write("pairs.json", r#"[{"kalshi":"KXNOR-26-AB","polymarket":"0xod"},{"kalshi":"KXNOR-26-AB","polymarket":"0xgone"}]"#);
    let (code, said) = desk.run(&["--json", "--judge", &desk.path("pairs.json")]).unwrap();
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, lines.len()), (1, 2), "{said}");
    assert_eq!(
        (lines[0]["relation"].as_str(), lines[0]["verdict"].as_str()),
        (Some("disjoint"), Some("rejected"))
    );
    assert_eq!(lines[1]["missing"].as_u64(), Some(1));
}

#[test]
fn a_flag_given_twice_decides_both_or_neither() {
    let desk = Desk::new();
    let both = ["--reject", "KXNOR-26-AB", "0xab", "--reject", "KXNOR-26-OD", "0xod"];
    let (code, said) = desk.run(&both).unwrap();
    assert!(code == 0 && said.contains("KXNOR-26-AB") && said.contains("KXNOR-26-OD"), "{said}");
    let (_, list) = desk.run(&["--list"]).unwrap();
    assert_eq!(list.lines().filter(|line| line.starts_with("rejected")).count(), 2, "{list}");
    let kept = desk.file();
    desk.run(&["--approve", "KXNOR-26-AB", "0xab", "--approve", "KXNOR-26-OD", "0xnone"])
        .unwrap_err();
    assert_eq!(desk.file(), kept);
}

#[test]
fn decisions_made_at_the_same_time_are_all_kept() {
    let (desk, count) = (Desk::new(), 24);
    let text = std::fs::read_to_string(desk.path("k.json")).unwrap();
    let listed: Value = serde_json::from_str(&text).unwrap();
    let market = |n: usize| {
        let mut market = listed["markets"][0].clone();
        market["ticker"] = Value::from(format!("KXNOR-26-{n:02}"));
        market
    };
    let markets: Vec<Value> = (0..count).map(market).collect();
    desk.write("k.json", &serde_json::json!({ "markets": markets }).to_string());
    std::thread::scope(|scope| {
        for n in 0..count {
            let desk = &desk;
            scope.spawn(move || {
                desk.run(&["--approve", &format!("KXNOR-26-{n:02}"), "0xab"]).unwrap()
            });
        }
    });
    let (_, list) = desk.run(&["--list"]).unwrap();
    assert_eq!(list.lines().filter(|line| line.ends_with("holds")).count(), count, "{list}");
}

#[test]
fn a_veto_is_overridden_by_name_and_the_approval_says_so() {
    let desk = Desk::new();
    let words = ["--approve", "KXNOR-26-AB", "0xod", "--relation", "equal"];
    let error = desk.run(&words).unwrap_err();
    let (_, flag) = error.split_once("--despite-veto ").unwrap();
    assert_eq!(desk.file(), None, "{error}");
    let half = flag.split(',').next().unwrap();
    if half != flag {
        desk.run(&[&words[..], &["--despite-veto", half]].concat()).unwrap_err();
    }
    desk.run(&[&words[..], &["--despite-veto", flag]].concat()).unwrap();
    let (code, list) = desk.run(&["--list"]).unwrap();
    assert!(code == 0 && list.contains(&format!("despite {flag}: holds")), "{list}");
    // A line of an import is refused alike.
    let desk = Desk::new();
    desk.write("in.csv", "KXNOR-26-AB,0xab\nKXNOR-26-AB,0xod,equal\n");
    let csv = desk.path("in.csv");
    let error = desk.run(&["--import", &csv]).unwrap_err();
    assert!(error.contains("line 2") && error.contains("nothing was taken over"), "{error}");
    assert_eq!(desk.file(), None);
    desk.run(&["--import", &csv, "--despite-veto", flag, "--note", "both read"]).unwrap();
    assert_eq!(desk.file().unwrap().matches("both read").count(), 2);
}

#[test]
fn what_is_approved_and_holds_is_exported_as_scan_reads_it() {
    let desk = Desk::new();
    let pairs = desk.path("pairs.json");
    desk.run(&["--approve", "KXNOR-26-AB", "0xab"]).unwrap();
    desk.run(&["--reject", "KXNOR-26-OD", "0xod"]).unwrap();
    assert_eq!(desk.run(&["--export-pairs", &pairs]).unwrap().0, 0);
    let text = std::fs::read_to_string(&pairs).unwrap();
    let read = arb_scan::pairs::parse(&text).unwrap();
    assert_eq!(read.len(), 1, "{text}");
    let pair = &read[0].pair;
    assert_eq!((pair.id.as_str(), pair.kalshi.as_str()), ("KXNOR-26-AB/0xab", "KXNOR-26-AB"));
    assert_eq!(pair.polymarket_yes, "0xab1");
    assert_eq!(pair.polymarket_no.as_deref(), Some("0xab2"));
    assert_eq!(pair.condition_id.as_deref(), Some("0xab"));
    assert_eq!(pair.relation, arb_normalize::Relation::Equal);
    desk.run(&["--export-pairs", &pairs]).unwrap();
    assert_eq!(std::fs::read_to_string(&pairs).unwrap(), text, "the same again");
    // An approval that does not hold is left out, and what cannot be checked too.
    let listed = std::fs::read_to_string(desk.path("k.json")).unwrap();
    desk.write("k.json", &listed.replace("If Ann Berg wins", "If Ann Berg or Per Lie wins"));
    let (code, said) = desk.run(&["--export-pairs", &pairs, "--json"]).unwrap();
    assert_eq!(code, 1);
    assert_eq!(said, "{\"exported\":0,\"kind\":\"summary\",\"left_out\":1}\n");
    assert_eq!(arb_scan::pairs::parse(&std::fs::read_to_string(&pairs).unwrap()).unwrap(), []);
    desk.run(&["--export-pairs", &pairs, "--kalshi"]).unwrap_err();
}

#[test]
fn a_series_is_approved_by_a_pair_of_it_and_ends_when_one_settles_differently() {
    let desk = Desk::new();
    let (ab, od) = (["KXNOR-26-AB", "0xab"], ["KXNOR-26-OD", "0xod"]);
    let series = ["--approve-series", ab[0], ab[1], "norway-"];
    assert!(desk.run(&series).unwrap_err().contains("no approval"));
    desk.run(&["--approve", ab[0], ab[1]]).unwrap();
    let (_, said) = desk.run(&series).unwrap();
    assert_eq!(said, "series KXNOR ~ norway-*: 0 settled alike, 0 differently\n");
    let (_, said) = desk.run(&["--settled", ab[0], ab[1], "alike"]).unwrap();
    assert!(said.contains("1 settled alike"), "{said}");
    let pairs = desk.path("pairs.json");
    let exported = || {
        let code = desk.run(&["--export-pairs", &pairs]).unwrap().0;
        let text = std::fs::read_to_string(&pairs).unwrap();
        let read = arb_scan::pairs::parse(&text).unwrap();
        (code, read.into_iter().map(|spec| spec.pair.id).collect::<Vec<_>>())
    };
    assert_eq!(exported(), (0, vec!["KXNOR-26-AB/0xab".to_owned(), "KXNOR-26-OD/0xod".to_owned()]));
    desk.run(&["--settled", od[0], od[1], "differently"]).unwrap();
    assert_eq!(exported(), (0, vec!["KXNOR-26-AB/0xab".to_owned()]));
}

#[test]
fn answers_are_json_where_they_are_asked_for_as_json() {
    let desk = Desk::new();
    let json = |said: &str| -> Vec<Value> {
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let (_, said) = desk.run(&["--json", "--approve", "KXNOR-26-AB", "norway-ann-berg"]).unwrap();
    assert_eq!(json(&said)[0]["polymarket"], "0xab", "{said}");
    let (_, said) = desk.run(&["--json", "--list"]).unwrap();
    let line = &json(&said)[0];
    assert_eq!(
        (line["kalshi"].as_str(), line["holds"].as_bool(), line["decision"].as_str()),
        (Some("KXNOR-26-AB"), Some(true), Some("approved")),
    );
    desk.write("pairs.json", r#"[{"kalshi":"KXNOR-26-AB","polymarket":"norway-ann-berg"}]"#);
    let (_, said) = desk.run(&["--json", "--judge", &desk.path("pairs.json")]).unwrap();
    assert_eq!(json(&said)[0]["polymarket"], "0xab", "by slug: {said}");
    desk.write("in.csv", "KXNOR-26-AB,0xab\n");
    let (_, said) = desk.run(&["--json", "--import", &desk.path("in.csv")]).unwrap();
    assert_eq!(json(&said)[0]["taken"], 1);
}

#[test]
fn errors_name_the_file_and_the_line() {
    let desk = Desk::new();
    let scored = r#"{"kalshi":{},"polymarket":{},"relation":"equal"}"#;
    for (name, text, words, said) in [
        ("k.json", "{\"markets\":[", vec!["--json"], "k.json: "),
        ("p.json", "[{", vec!["--json"], "p.json: "),
        ("pairs.json", "[{}]", vec!["--judge", "pairs.json"], "pairs.json: missing field"),
        ("s.jsonl", scored, vec!["--score", "s.jsonl", "--kalshi"], "s.jsonl: line 1: "),
        ("s.jsonl", "\n", vec!["--score", "s.jsonl", "--kalshi"], "s.jsonl: no labelled pairs"),
        ("a.json", "{\"v\":2,\"pairs\":[", vec!["--list"], "a.json: "),
    ] {
        let desk_of_its_own = Desk::new();
        desk_of_its_own.write(name, text);
        let words: Vec<String> = words
            .iter()
            .map(|word| if *word == name { desk_of_its_own.path(name) } else { (*word).to_owned() })
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let error = desk_of_its_own.run(&words).unwrap_err();
        assert!(error.contains(said), "{name}: {error}");
    }
    // A market that cannot be read is counted; a listing of which nothing can be read is an error.
    let text = std::fs::read_to_string(desk.path("k.json")).unwrap();
    let text = text.replace("\"KXNOR-26-OD\"", "7");
    desk.write("k.json", &text);
    let (_, said) = desk.run(&["--json"]).unwrap();
    let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(last["unreadable"].as_u64(), Some(1), "{said}");
    desk.write("k.json", &text.replace("\"KXNOR-26-AB\"", "7"));
    let error = desk.run(&["--json"]).unwrap_err();
    assert!(error.contains("k.json: 2 markets could not be read"), "{error}");
}
