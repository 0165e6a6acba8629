//! The schemas of what is read and written, against what is read and written.

use arb_normalize::books::BookState;
use arb_normalize::{OpportunityClass, Outcome, Venue};
use arb_scan::{CloseReason, PipelineConfig, QuoteConfig, pairs, report, sets};
use serde_json::{Map, Value, json};

use crate::support::{at, configured, kalshi, level, polymarket};

const FEES: &str = r#"{"kalshi":{"multiplier":"1","precision":"0.0001"},"polymarket":{"rate":"0.03","exponent":"1"}}"#;

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Whether a value is as a schema says; a keyword that is not known here fits nothing.
fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    schema.as_object().unwrap().iter().all(|(keyword, wanted)| {
        let each = |one: &Value| fits(root, one, value);
        let all = || wanted.as_array().unwrap();
        match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "default" | "format" => true,
            // What another file describes is checked there.
            "$ref" => wanted
                .as_str()
                .unwrap()
                .strip_prefix('#')
                .is_none_or(|place| each(root.pointer(place).unwrap())),
            "const" => value == wanted,
            "enum" => all().contains(value),
            "type" => wanted
                .as_array()
                .map_or(std::slice::from_ref(wanted), Vec::as_slice)
                .contains(&json!(kind(value))),
            "oneOf" => all().iter().filter(|one| each(one)).count() == 1,
            "anyOf" => all().iter().any(each),
            "required" => all().iter().all(|name| value.get(name.as_str().unwrap()).is_some()),
            "properties" => wanted
                .as_object()
                .unwrap()
                .iter()
                .all(|(name, of)| value.get(name).is_none_or(|member| fits(root, of, member))),
            "additionalProperties" => {
                let others = value
                    .as_object()
                    .into_iter()
                    .flatten()
                    .filter(|(name, _)| schema["properties"].get(name).is_none());
                others.into_iter().all(|(_, other)| wanted.is_object() && fits(root, wanted, other))
            }
            "items" => value.as_array().into_iter().flatten().all(|item| fits(root, wanted, item)),
            "minItems" => {
                value.as_array().is_none_or(|items| items.len() as u64 >= wanted.as_u64().unwrap())
            }
            "maxItems" => {
                value.as_array().is_none_or(|items| items.len() as u64 <= wanted.as_u64().unwrap())
            }
            "minLength" => {
                value.as_str().is_none_or(|text| text.len() as u64 >= wanted.as_u64().unwrap())
            }
            "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
            // Of decimals alone.
            "pattern" => {
                value.as_str().is_none_or(|text| text.parse::<rust_decimal::Decimal>().is_ok())
            }
            _ => false,
        }
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The value in all forms in which one of the object's members is missing.
fn without_each(full: &Value) -> impl Iterator<Item = (&String, Value)> {
    let members = full.as_object().unwrap();
    members.keys().map(|name| {
        let rest: Map<String, Value> = members
            .iter()
            .filter(|(other, _)| *other != name)
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        (name, Value::Object(rest))
    })
}

/// An entry fits and is read, says something by each member but `unread`, and is refused without a required one, by both.
fn agree<T: PartialEq>(
    schema: &Value,
    full: &Value,
    unread: &str,
    parse: impl Fn(&str) -> Option<T>,
) {
    let parse = |entry: &Value| parse(&json!([entry]).to_string());
    let fits = |entry: &Value| fits(schema, schema, &json!([entry]));
    let described: Vec<_> = schema["items"]["properties"].as_object().unwrap().keys().collect();
    let members: Vec<_> = full.as_object().unwrap().keys().collect();
    assert_eq!(members, described, "every member stands in a full entry");
    assert!(fits(full));
    let read = parse(full);
    assert!(read.is_some());
    for (name, rest) in without_each(full) {
        let less = parse(&rest);
        assert_eq!(fits(&rest), less.is_some(), "without {name}");
        assert_eq!(less == read, name == unread, "{name}");
    }
    for relation in
        ["equal", "complement", "subset", "exclusive", "partition", "chain", "apart", ""]
    {
        let mut other = full.clone();
        other["relation"] = json!(relation);
        assert_eq!(fits(&other), parse(&other).is_some(), "{relation}");
    }
}

#[test]
fn the_schema_of_pairs_says_what_is_read() {
    let schema = read(include_str!("../../schema/pairs.schema.json"));
    let full = json!({"id": "p", "kalshi": "KXA", "polymarket_yes": "71", "polymarket_no": "72", "condition_id": "0xa",
        "relation": "equal", "approved_at": "2026-07-01T00:00:00Z", "fees": read(FEES)});
    agree(&schema, &full, "approved_at", |text| pairs::parse(text).ok());
    for name in ["kalshi", "polymarket_yes"] {
        let mut empty = full.clone();
        empty[name] = json!("");
        assert!(pairs::parse(&json!([empty]).to_string()).is_err());
        assert!(!fits(&schema, &schema, &json!([empty])), "{name}");
    }
}

#[test]
fn the_schema_of_sets_says_what_is_read() {
    let schema = read(include_str!("../../schema/sets.schema.json"));
    let member = json!({"kalshi": "KXA", "polymarket": "71", "condition_id": "0xa"});
    let set = |member: &Value| json!({"id": "s", "relation": "partition", "neg_risk": true, "members": [member], "fees": read(FEES)});
    let parse = |set: &Value| sets::parse(&json!([set]).to_string()).ok();
    agree(&schema, &set(&member), "", |text| sets::parse(text).ok());
    let described = schema["$defs"]["member"]["properties"].as_object().unwrap();
    assert!(described.keys().eq(member.as_object().unwrap().keys()));
    for (name, rest) in without_each(&member) {
        assert_ne!(parse(&set(&rest)), parse(&set(&member)), "{name} is read");
        assert!(fits(&schema, &schema, &json!([set(&rest)])), "{name}");
    }
    let nowhere = set(&json!({"condition_id": "0xa"}));
    assert!(parse(&nowhere).is_none() && !fits(&schema, &schema, &json!([nowhere])));
}

/// A line of each kind, as they are written.
fn lines() -> Vec<Value> {
    let config = PipelineConfig::default().with_quoting(QuoteConfig::default());
    let mut pipeline = configured(config, "equal", FEES);
    let mut out = Vec::new();
    let frame = kalshi(1, &[level("0.44", "75")], &[level("0.54", "60")]);
    pipeline.on_frame(Venue::Kalshi, 0, at(0), frame.as_bytes());
    let books = Venue::ALL.map(|venue| pipeline.board().books(venue));
    report::summary(&mut out, pipeline.counts(), 0, &books).unwrap();
    let frame = polymarket(&[level("0.48", "200")], &[level("0.49", "100")]);
    pipeline.on_frame(Venue::Polymarket, 0, at(0), frame.as_bytes());
    for quote in pipeline.quotes() {
        report::quote(&mut out, at(0), &quote).unwrap();
    }
    report::quote_gone(&mut out, None, "p", Venue::Kalshi, Outcome::No).unwrap();
    let frame = polymarket(&[level("0.58", "200")], &[level("0.60", "100")]);
    pipeline.on_frame(Venue::Polymarket, 0, at(1), frame.as_bytes());
    pipeline.on_frame(Venue::Kalshi, 0, at(2), kalshi(2, &[], &[]).as_bytes());
    for (opportunity, _) in &pipeline.sink().shown {
        report::opportunity(&mut out, opportunity).unwrap();
    }
    for closed in &pipeline.sink().closed {
        report::closed(&mut out, closed).unwrap();
    }
    let books = Venue::ALL.map(|venue| pipeline.board().books(venue));
    report::summary(&mut out, pipeline.counts(), 0, &books).unwrap();
    String::from_utf8(out).unwrap().lines().map(read).collect()
}

#[test]
fn the_schema_of_lines_says_what_is_written() {
    let schema = read(include_str!("../../schema/lines.schema.json"));
    let lines = lines();
    for line in &lines {
        assert!(fits(&schema, &schema, line), "{line}");
        for (name, rest) in without_each(line) {
            assert!(!fits(&schema, &schema, &rest), "without {name}: {line}");
        }
        let mut more = line.clone();
        more["more"] = json!(1);
        assert!(!fits(&schema, &schema, &more), "{more}");
    }
    for kind in schema["oneOf"].as_array().unwrap() {
        let kind = kind["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
        assert!(lines.iter().any(|line| line["kind"] == kind), "no line of {kind}");
    }
    let one_of = |place: &str| schema["$defs"].pointer(place).unwrap()["enum"].clone();
    use CloseReason as R;
    let reasons = [
        R::PriceMoved,
        R::SizeGone,
        R::BookCrossed,
        R::BookSuspect,
        R::BookClosed,
        R::Stale,
        R::Withdrawn,
        R::Limited,
    ];
    assert_eq!(one_of("/closed/properties/reason"), json!(reasons));
    use BookState as S;
    let states = [S::Empty, S::Live, S::Suspect, S::Resyncing, S::Dead];
    assert_eq!(one_of("/book/properties/state"), json!(states));
    use OpportunityClass as C;
    let classes = [C::CrossVenue, C::IntraVenue, C::Group, C::Chain, C::Conversion, C::Quoting];
    assert_eq!(one_of("/opportunity/properties/class"), json!(classes.map(C::as_str)));
    assert_eq!(one_of("/venue"), json!(Venue::ALL.map(|venue| venue.as_str())));
}
