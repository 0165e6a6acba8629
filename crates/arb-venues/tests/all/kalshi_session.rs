//! Kalshi's session against a scripted venue: what it sends for every answer, and that nothing leaks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arb_venues::ClockOffset;
use arb_venues::kalshi::{KalshiCredentials, KalshiSession};
use arb_ws::{AfterRefusal, Key, KeyId, Outbox, Refusal, Session, Verdict};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// A session and what it has sent.
struct Script {
    session: KalshiSession,
    out: Outbox,
    /// The venue's time in the random histories.
    stamped: i64,
}

impl Script {
    /// A session on an open link; its lifecycle subscription is acknowledged as sid 9.
    fn open() -> Self {
        Self::open_as(|session| session)
    }

    /// The same, with the channel of trades.
    fn open_with_trades() -> Self {
        Self::open_as(KalshiSession::with_trades)
    }

    fn open_as(made: impl FnOnce(KalshiSession) -> KalshiSession) -> Self {
        let key = KalshiCredentials::from_ed25519_seed("key", &[1; 32]).unwrap();
        let clock = ClockOffset::new("kalshi");
        let session = KalshiSession::new("ws://127.0.0.1/trade-api/ws/v2", Arc::new(key), clock);
        let mut script = Self { session: made(session), out: Outbox::new(), stamped: 0 };
        script.session.on_open(&mut script.out);
        let [opened] = script.sent().try_into().unwrap();
        assert_eq!(opened["params"]["channels"], json!(["market_lifecycle_v2"]));
        script.subscribed(&opened, 9);
        script
    }

    /// The commands sent since this was asked last.
    fn sent(&mut self) -> Vec<Value> {
        let frames = self.out.frames().iter();
        let commands =
            frames.map(|frame| serde_json::from_slice(frame.payload().unwrap()).unwrap());
        let commands = commands.collect();
        self.out.clear();
        commands
    }

    fn one(&mut self) -> Value {
        let [command] = self.sent().try_into().unwrap();
        command
    }

    fn subscribe(&mut self, keys: &[Key]) -> Value {
        self.session.subscribe(keys, &mut self.out);
        self.one()
    }

    fn unsubscribe(&mut self, keys: &[Key]) -> Vec<Value> {
        self.session.unsubscribe(keys, &mut self.out);
        self.sent()
    }

    /// The venue says this; the outbox then holds the session's answer alone.
    fn hear(&mut self, frame: &Value) -> Verdict {
        self.out.clear();
        self.session.on_frame(frame.to_string().as_bytes(), &mut self.out)
    }

    fn subscribed(&mut self, command: &Value, sid: u64) {
        let channel = &command["params"]["channels"][0];
        self.hear(&json!({"id": command["id"], "type": "subscribed", "msg": {"channel": channel, "sid": sid}}));
    }

    fn ok(&mut self, command: &Value, sid: u64, seq: u64) {
        self.hear(&json!({"id": command["id"], "sid": sid, "seq": seq, "type": "ok", "msg": {"market_tickers": []}}));
    }

    fn error(&mut self, command: &Value, code: u32, market: Option<&str>) {
        let mut frame =
            json!({"id": command["id"], "type": "error", "msg": {"code": code, "msg": "no"}});
        if let Some(market) = market {
            frame["msg"]["market_ticker"] = market.into();
        }
        self.hear(&frame);
    }

    fn trade(&mut self, market: &str, sid: u64, seq: u64) -> Verdict {
        self.hear(&json!({"type": "trade", "sid": sid, "seq": seq, "msg": {"trade_id": "t", "market_ticker": market,
            "yes_price_dollars": "0.4", "count_fp": "1.00", "taker_book_side": "bid", "ts_ms": 1_795_187_045_123_i64}}))
    }

    /// A delta that the venue stamped so long after the usual ones.
    fn delta_later(&mut self, market: &str, sid: u64, seq: u64, millis: i64) {
        let stamp = 1_795_187_045_123 + millis;
        self.hear(&json!({"type": "orderbook_delta", "sid": sid, "seq": seq, "msg": {"market_ticker": market, "ts_ms": stamp}}));
    }

    fn delta(&mut self, market: &str, sid: u64, seq: u64) -> Verdict {
        let text = format!(
            r#"{{"type":"orderbook_delta","sid":{sid},"seq":{seq},"msg":{{"market_ticker":"{market}","market_id":"x","price_dollars":"0.4","delta_fp":"1.00","side":"yes","ts_ms":1795187045123}}}}"#
        );
        self.out.clear();
        self.session.on_frame(text.as_bytes(), &mut self.out)
    }
}

fn key(number: u32, name: &str) -> Key {
    Key { id: KeyId::new(number), name: name.into() }
}

fn keys(names: &[&str]) -> Vec<Key> {
    (0..).zip(names).map(|(number, name)| key(number, name)).collect()
}

fn id(number: u32) -> KeyId {
    KeyId::new(number)
}

#[test]
fn a_market_given_up_before_its_acknowledgement_is_taken_out_when_it_comes() {
    let mut venue = Script::open();
    let both = keys(&["A", "B"]);
    let command = venue.subscribe(&both);
    assert!(venue.unsubscribe(&both[..1]).is_empty(), "the venue has no sid to name yet");
    venue.subscribed(&command, 1);
    assert_eq!(venue.out.confirmed(), [id(1)]);
    let removal = venue.one();
    assert_eq!(
        removal["params"],
        json!({"sid": 1, "action": "delete_markets", "market_tickers": ["A"]})
    );

    // Nothing is left of a subscription of which nothing is wanted any more.
    let alone = keys(&["C"]);
    let command = venue.subscribe(&alone);
    assert_eq!(command["params"]["action"], "add_markets");
    venue.unsubscribe(&both[1..]);
    venue.unsubscribe(&alone);
    venue.ok(&command, 1, 2);
    assert_eq!(venue.one()["cmd"], "unsubscribe");
}

#[test]
fn prices_of_the_no_side_are_asked_for_in_no_prices_whatever_the_venues_default() {
    let mut venue = Script::open();
    let command = venue.subscribe(&keys(&["A"]));
    assert_eq!(command["params"]["use_yes_price"], json!(false));
    venue.subscribed(&command, 1);
    let more = venue.subscribe(&[key(1, "B")]);
    assert_eq!(more["params"]["action"], "add_markets");
    assert_eq!(more["params"]["use_yes_price"], json!(false));
}

#[test]
fn a_handshake_refused_for_the_clock_names_it_and_is_tried_again_once() {
    let key = KalshiCredentials::from_ed25519_seed("key", &[1; 32]).unwrap();
    let clock = ClockOffset::new("kalshi");
    let mut session = KalshiSession::new("ws://127.0.0.1/x", Arc::new(key), clock.clone());
    let now = OffsetDateTime::from_unix_timestamp(1_795_000_000).unwrap();
    let stamp = |session: &mut KalshiSession| {
        let headers = session.handshake(now).unwrap().headers;
        let stamp =
            headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("kalshi-access-timestamp"));
        stamp.unwrap().1.parse::<i64>().unwrap()
    };
    assert_eq!(stamp(&mut session), 1_795_000_000_000);
    let mut refusal = Refusal::new("127.0.0.1", 401);
    assert_eq!(
        session.on_refused(&refusal, now),
        AfterRefusal::Default,
        "nothing is known of the clock"
    );
    refusal.date = Some(now + time::Duration::seconds(30));
    assert!(matches!(session.on_refused(&refusal, now), AfterRefusal::RetryAfter(_)));
    assert_eq!(clock.to_string(), "clock is 30.5 s behind kalshi");
    assert_eq!(
        stamp(&mut session),
        1_795_000_030_500,
        "the next one is signed by the venue's clock"
    );
    // Refused again by the same clock: it is the key, and the connection waits.
    assert_eq!(session.on_refused(&refusal, now), AfterRefusal::Default);
    refusal.status = 503;
    refusal.date = Some(now);
    assert_eq!(session.on_refused(&refusal, now), AfterRefusal::Default);
}

#[test]
fn a_market_that_comes_back_under_another_number_is_confirmed_by_that_number() {
    let mut venue = Script::open();
    let first = venue.subscribe(&[key(0, "A")]);
    venue.unsubscribe(&[key(0, "A")]);
    // Number 0 stands for another market now.
    venue.session.subscribe(&[key(0, "Z"), key(5, "A")], &mut venue.out);
    let second = venue.one();
    venue.subscribed(&first, 1);
    assert!(venue.out.confirmed().is_empty(), "the later answer says where it is");
    venue.subscribed(&second, 2);
    assert_eq!(venue.out.confirmed(), [id(0), id(5)]);
    venue.delta("A", 2, 1);
    assert_eq!(venue.out.touched(), [id(5)]);
    assert!(venue.sent().is_empty());
    // The first command's subscription carries it too, and carries nothing else.
    venue.delta("A", 1, 2);
    assert_eq!(venue.one()["params"], json!({"sids": [1]}));
}

#[test]
fn a_subscription_that_ended_is_forgotten_and_never_added_to() {
    let mut venue = Script::open();
    let command = venue.subscribe(&keys(&["A"]));
    venue.subscribed(&command, 1);
    let [end] = venue.unsubscribe(&keys(&["A"])).try_into().unwrap();
    assert_eq!(end["params"], json!({"sids": [1]}));
    let anew = venue.subscribe(&keys(&["A"]));
    assert_eq!(anew["cmd"], "subscribe", "a subscription on its way out takes no market");
    venue.hear(&json!({"id": end["id"], "sid": 1, "seq": 2, "type": "unsubscribed"}));
    venue.subscribed(&anew, 2);
    assert_eq!(venue.out.confirmed(), [id(0)]);
    // Numbers of a new subscription under the old sid begin anew.
    venue.delta("A", 2, 1);
    assert!(venue.out.gaps().is_empty());
}

#[test]
fn markets_on_their_way_count_for_room_and_keep_a_subscription_alive() {
    let mut venue = Script::open();
    let many: Vec<Key> = (0..499).map(|n| key(n, &format!("M{n}"))).collect();
    let command = venue.subscribe(&many);
    venue.subscribed(&command, 1);
    let last = venue.subscribe(&[key(600, "LAST")]);
    assert_eq!(last["params"]["action"], "add_markets");
    let more = venue.subscribe(&[key(601, "MORE")]);
    assert_eq!(more["cmd"], "subscribe", "500 are the most");
    // All but the one on its way leave: the subscription stays.
    for sent in venue.unsubscribe(&many) {
        assert_eq!(sent["params"]["action"], "delete_markets");
    }
    venue.ok(&last, 1, 2);
    assert_eq!(venue.out.confirmed(), [id(600)]);
    assert!(venue.sent().is_empty());
}

#[test]
fn passing_refusals_are_tried_again_later_and_cost_no_market() {
    for code in [1, 18, 27] {
        let mut venue = Script::open();
        let command = venue.subscribe(&keys(&["A", "B"]));
        venue.error(&command, code, None);
        assert!(venue.out.failed().is_empty(), "code {code}");
        let deferred: Vec<KeyId> = venue.out.deferred().iter().map(|(id, _)| *id).collect();
        assert_eq!(deferred, [id(0), id(1)], "code {code}");
        assert!(venue.sent().is_empty());
        // What the connection does when the time is up.
        assert!(venue.unsubscribe(&keys(&["A", "B"])).is_empty());
        let again = venue.subscribe(&keys(&["A", "B"]));
        venue.subscribed(&again, 1);
        assert_eq!(venue.out.confirmed(), [id(0), id(1)], "code {code}");
    }
}

#[test]
fn a_full_subscription_is_left_and_another_begun() {
    let mut venue = Script::open();
    let command = venue.subscribe(&keys(&["A"]));
    venue.subscribed(&command, 1);
    let add = venue.subscribe(&[key(1, "B")]);
    venue.error(&add, 26, None);
    assert!(venue.out.failed().is_empty() && venue.out.resubscribed().is_empty());
    let anew = venue.one();
    assert_eq!(
        (&anew["cmd"], &anew["params"]["market_tickers"]),
        (&json!("subscribe"), &json!(["B"]))
    );
    // More than one subscription may hold: in halves until they fit.
    let mut venue = Script::open();
    let four = venue.subscribe(&keys(&["A", "B", "C", "D"]));
    venue.error(&four, 26, None);
    let halves: Vec<Value> =
        venue.sent().iter().map(|c| c["params"]["market_tickers"].clone()).collect();
    assert_eq!(halves, [json!(["A", "B"]), json!(["C", "D"])]);
}

#[test]
fn an_unknown_sid_named_by_the_command_alone_makes_the_subscription_anew() {
    let mut venue = Script::open();
    let command = venue.subscribe(&keys(&["A", "B"]));
    venue.subscribed(&command, 1);
    venue.session.resync(&keys(&["A"]), &mut venue.out);
    let snapshot = venue.one();
    assert_eq!(snapshot["params"]["action"], "get_snapshot");
    venue.error(&snapshot, 7, None);
    let lost: BTreeSet<KeyId> = venue.out.resubscribed().iter().copied().collect();
    assert_eq!(lost, [id(0), id(1)].into());
    // A snapshot that is refused for one market is asked for again for the others.
    let again = venue.subscribe(&keys(&["A", "B"]));
    venue.subscribed(&again, 2);
    venue.session.resync(&keys(&["A", "B"]), &mut venue.out);
    let snapshot = venue.one();
    venue.error(&snapshot, 11, Some("A"));
    assert_eq!(venue.out.resubscribed(), [id(0)]);
    assert_eq!(venue.one()["params"]["market_tickers"], json!(["B"]));
}

#[test]
fn data_of_a_market_nobody_wants_ends_its_subscription_once() {
    let mut venue = Script::open();
    let command = venue.subscribe(&keys(&["A", "B"]));
    venue.subscribed(&command, 1);
    let [removal] = venue.unsubscribe(&keys(&["A"])).try_into().unwrap();
    // On its way while the removal is, and the removal fails.
    venue.delta("A", 1, 1);
    assert!(venue.sent().is_empty());
    venue.error(&removal, 18, None);
    venue.delta("A", 1, 2);
    assert_eq!(venue.one()["params"]["action"], "delete_markets");
}

#[test]
fn the_lifecycle_channel_is_followed_and_costs_no_book_anything() {
    let mut venue = Script::open();
    let command = venue.subscribe(&keys(&["A"]));
    venue.subscribed(&command, 1);
    let event = json!({"type": "market_lifecycle_v2", "sid": 9, "seq": 1, "msg": {"market_ticker": "A", "event_type": "deactivated"}});
    assert_eq!(venue.hear(&event), Verdict::Control, "a halt is no data of a book");
    assert!(venue.out.touched().is_empty());
    assert!(!venue.out.has_missed(), "its first number is where it begins");
    venue.hear(&json!({"type": "event_lifecycle", "sid": 9, "seq": 2, "msg": []}));
    assert!(!venue.out.has_missed());
    // Lost numbers of that channel are no gap of a book, and a broken message of it is none either.
    assert_eq!(
        venue.hear(&json!({"type": "event_lifecycle", "sid": 9, "seq": 7, "msg": []})),
        Verdict::Control
    );
    assert!(venue.out.gaps().is_empty() && venue.out.has_missed(), "what was lost is told");
    assert_eq!(
        venue.hear(&json!({"type": "event_fee_update", "sid": "nine", "msg": 3})),
        Verdict::Control
    );
    // It is asked for again when the venue ends it.
    venue.hear(
        &json!({"sid": 9, "seq": 8, "type": "error", "msg": {"code": 25, "msg": "overflow"}}),
    );
    assert!(venue.out.has_missed(), "until it is followed again");
    assert_eq!(venue.one()["params"]["channels"], json!(["market_lifecycle_v2"]));
    assert!(venue.out.resubscribed().is_empty());
}

#[test]
fn what_is_no_json_is_invalid_and_a_cut_frame_is_too() {
    let mut venue = Script::open();
    assert_eq!(venue.delta("A", 1, 1), Verdict::Data);
    venue.out.clear();
    for text in ["{]", r#"{"type":"orderbook_delta","sid":1,"seq":2,"msg":{"market_ti"#] {
        let verdict = venue.session.on_frame(text.as_bytes(), &mut venue.out);
        assert!(matches!(verdict, Verdict::Invalid(_)), "{text}");
    }
}

/// The markets a command names, and whether it is about trades.
fn asked(command: &Value) -> (Value, bool) {
    let params = &command["params"];
    (params["market_tickers"].clone(), params["channels"] == json!(["trade"]))
}

#[test]
fn trades_are_asked_for_once_a_book_is_acknowledged_and_given_up_with_it() {
    let mut venue = Script::open_with_trades();
    let books = venue.subscribe(&keys(&["B", "A"]));
    assert_eq!(asked(&books), (json!(["B", "A"]), false), "nothing of trades yet");
    venue.subscribed(&books, 1);
    let trades = venue.one();
    assert_eq!(asked(&trades), (json!(["A", "B"]), true));
    assert_eq!(trades["params"].get("use_yes_price"), None);
    // Another market while that answer is out: one command at a time.
    let more = venue.subscribe(&[key(2, "C")]);
    venue.ok(&more, 1, 1);
    assert!(venue.sent().is_empty());
    venue.subscribed(&trades, 2);
    let add = venue.one();
    assert_eq!(add["params"], json!({"sid": 2, "action": "add_markets", "market_tickers": ["C"]}));
    venue.ok(&add, 2, 1);
    assert!(venue.sent().is_empty(), "as it should be");
    // Trades are no data of a book, and keep none from being thought silent.
    assert_eq!(venue.trade("A", 2, 2), Verdict::Control);
    assert!(venue.out.touched().is_empty());
    let [book, trade] = venue.unsubscribe(&keys(&["B"])).try_into().unwrap();
    assert_eq!(
        book["params"],
        json!({"sid": 1, "action": "delete_markets", "market_tickers": ["B"]})
    );
    assert_eq!(
        trade["params"],
        json!({"sid": 2, "action": "delete_markets", "market_tickers": ["B"]})
    );
    venue.ok(&trade, 2, 3);
    let [book, trade] = venue.unsubscribe(&[key(1, "A"), key(2, "C")]).try_into().unwrap();
    assert_eq!((&book["params"], &trade["params"]), (&json!({"sids": [1]}), &json!({"sids": [2]})));
    venue.hear(&json!({"id": trade["id"], "sid": 2, "seq": 4, "type": "unsubscribed"}));
    assert!(venue.sent().is_empty());
    // A new link begins with nothing, whatever the old one carried and whatever it was asked.
    let books = venue.subscribe(&keys(&["A", "B"]));
    venue.subscribed(&books, 3);
    let trades = venue.one();
    venue.subscribed(&trades, 4);
    let more = venue.subscribe(&[key(2, "C")]);
    venue.ok(&more, 3, 9);
    assert_eq!(venue.one()["params"]["action"], "add_markets");
    venue.session.on_open(&mut venue.out);
    venue.sent();
    let books = venue.subscribe(&keys(&["A", "B", "C"]));
    venue.subscribed(&books, 1);
    assert_eq!(asked(&venue.one()), (json!(["A", "B", "C"]), true));
}

#[test]
fn without_trades_none_are_asked_for() {
    let mut venue = Script::open();
    let books = venue.subscribe(&keys(&["A"]));
    venue.subscribed(&books, 1);
    assert!(venue.sent().is_empty());
    venue.trade("A", 2, 1);
    venue.trade("A", 2, 7);
    assert!(venue.sent().is_empty() && venue.out.gaps().is_empty());
}

#[test]
fn lost_trades_are_no_gap_of_a_book_and_lost_deltas_none_of_the_trades() {
    let mut venue = Script::open_with_trades();
    let books = venue.subscribe(&keys(&["A"]));
    // Both channels may speak before they are acknowledged.
    venue.delta("A", 1, 1);
    venue.subscribed(&books, 1);
    let trades = venue.one();
    venue.trade("A", 2, 1);
    venue.subscribed(&trades, 2);
    for (number, seq) in [2, 3, 9, 10].into_iter().enumerate() {
        venue.trade("A", 2, seq);
        assert!(venue.out.gaps().is_empty() && !venue.out.has_missed(), "trade {seq}");
        venue.delta("A", 1, number as u64 + 2);
        assert!(venue.out.gaps().is_empty(), "delta beside trade {seq}");
    }
    venue.delta("A", 1, 9);
    assert_eq!(venue.out.gaps(), [id(0)], "its own numbers count");
    assert!(venue.sent().is_empty());
}

#[test]
fn numbers_that_went_wrong_do_not_hide_later_losses() {
    let mut venue = Script::open();
    let books = venue.subscribe(&keys(&["A"]));
    venue.subscribed(&books, 1);
    venue.delta("A", 1, 1);
    venue.delta("A", 1, 1_000);
    assert_eq!(venue.out.gaps(), [id(0)]);
    // It goes on where it was, which the eighth number running tells, and from then on losses show again.
    for seq in 2..9 {
        venue.delta("A", 1, seq);
        assert!(venue.out.gaps().is_empty(), "{seq}");
    }
    venue.delta("A", 1, 9);
    assert_eq!(venue.out.gaps(), [id(0)]);
    venue.delta("A", 1, 10);
    assert!(venue.out.gaps().is_empty());
    venue.delta("A", 1, 12);
    assert_eq!(venue.out.gaps(), [id(0)]);
    // One that comes again is none.
    venue.delta("A", 1, 12);
    venue.delta("A", 1, 13);
    assert!(venue.out.gaps().is_empty());
}

#[test]
fn lost_trades_are_counted() {
    let recorder = DebuggingRecorder::new();
    metrics::with_local_recorder(&recorder, || {
        let mut venue = Script::open_with_trades();
        let books = venue.subscribe(&keys(&["A"]));
        venue.subscribed(&books, 1);
        let trades = venue.one();
        venue.subscribed(&trades, 2);
        // Where it begins is no gap, and a number that comes again is none.
        for seq in [7, 8, 11, 11, 9, 12] {
            venue.trade("A", 2, seq);
        }
    });
    let said: Vec<_> = recorder.snapshotter().snapshot().into_vec();
    let [(key, _, _, value)] = said.try_into().unwrap();
    assert_eq!(key.key().name(), "arb_venues_trade_gaps_total");
    assert_eq!(value, DebugValue::Counter(1));
}

#[test]
fn what_becomes_of_the_trades_costs_no_book_anything() {
    // Its subscription dies: it is asked for anew, whether the venue names the sid or a command.
    for code in [7, 10, 25] {
        let mut venue = Script::open_with_trades();
        let books = venue.subscribe(&keys(&["A", "B"]));
        venue.subscribed(&books, 1);
        let trades = venue.one();
        venue.subscribed(&trades, 2);
        venue.hear(&json!({"sid": 2, "type": "error", "msg": {"code": code, "msg": "no"}}));
        assert!(venue.out.resubscribed().is_empty() && venue.out.failed().is_empty());
        let anew = venue.one();
        assert_eq!(asked(&anew), (json!(["A", "B"]), true), "code {code}");
        venue.subscribed(&anew, 3);
        let [_, removal] = venue.unsubscribe(&keys(&["A"])).try_into().unwrap();
        venue.error(&removal, code, None);
        assert!(venue.out.resubscribed().is_empty() && venue.out.failed().is_empty());
        assert_eq!(asked(&venue.one()), (json!(["B"]), true), "code {code}");
    }
    // A market whose trades are refused by name is left out, the others are not.
    let mut venue = Script::open_with_trades();
    let books = venue.subscribe(&keys(&["A", "B"]));
    venue.subscribed(&books, 1);
    let trades = venue.one();
    venue.error(&trades, 11, Some("A"));
    assert!(venue.out.failed().is_empty());
    let rest = venue.one();
    assert_eq!(asked(&rest), (json!(["B"]), true));
    venue.subscribed(&rest, 2);
    assert!(venue.sent().is_empty());
    // Refused as a whole: three times are enough.
    let mut venue = Script::open_with_trades();
    let books = venue.subscribe(&keys(&["A"]));
    venue.subscribed(&books, 1);
    for _ in 0..3 {
        let trades = venue.one();
        venue.error(&trades, 9, None);
        assert!(venue.out.failed().is_empty());
    }
    assert!(venue.sent().is_empty());
    assert_eq!(venue.delta("A", 1, 1), Verdict::Data);
}

#[test]
fn trades_that_cannot_be_had_now_are_asked_for_again_by_the_venues_time() {
    for code in [1, 18, 27] {
        let mut venue = Script::open_with_trades();
        let books = venue.subscribe(&keys(&["A"]));
        venue.subscribed(&books, 1);
        let trades = venue.one();
        venue.error(&trades, code, None);
        venue.delta_later("A", 1, 1, 0);
        venue.delta_later("A", 1, 2, 1_999);
        assert!(venue.sent().is_empty() && venue.out.deferred().is_empty(), "code {code}");
        venue.delta_later("A", 1, 3, 2_000);
        let again = venue.one();
        assert_eq!(asked(&again), (json!(["A"]), true), "code {code}");
        // An answer that never comes is waited for, but not for ever.
        venue.delta_later("A", 1, 4, 3_000);
        venue.delta_later("A", 1, 5, 12_999);
        assert!(venue.sent().is_empty());
        venue.delta_later("A", 1, 6, 13_000);
        let third = venue.one();
        assert_eq!(asked(&third), (json!(["A"]), true));
        // Should it have been granted after all, what comes by it is not wanted twice.
        venue.subscribed(&third, 4);
        venue.trade("A", 4, 1);
        assert!(venue.sent().is_empty());
        venue.trade("A", 3, 1);
        assert_eq!(venue.one()["params"], json!({"sids": [3]}));
        venue.trade("A", 3, 2);
        assert!(venue.sent().is_empty(), "once");
    }
}

#[test]
fn trades_that_fill_a_subscription_go_to_another() {
    let mut venue = Script::open_with_trades();
    let books = venue.subscribe(&keys(&["A", "B", "C", "D"]));
    venue.subscribed(&books, 1);
    let four = venue.one();
    venue.error(&four, 26, None);
    let two = venue.one();
    assert_eq!(asked(&two), (json!(["A", "B"]), true));
    venue.subscribed(&two, 2);
    let others = venue.one();
    assert_eq!(asked(&others), (json!(["C", "D"]), true));
    venue.subscribed(&others, 3);
    assert!(venue.sent().is_empty());
    // One that takes no more is left as it is.
    let mut venue = Script::open_with_trades();
    let books = venue.subscribe(&keys(&["A"]));
    venue.subscribed(&books, 1);
    let trades = venue.one();
    venue.subscribed(&trades, 2);
    let more = venue.subscribe(&[key(1, "B")]);
    venue.ok(&more, 1, 1);
    let add = venue.one();
    venue.error(&add, 26, None);
    assert_eq!(asked(&venue.one()), (json!(["B"]), true));
    // Five hundred markets are the most of one.
    let mut venue = Script::open_with_trades();
    let many: Vec<Key> = (0..501).map(|n| key(n, &format!("M{n:03}"))).collect();
    let books = venue.subscribe(&many[..500]);
    venue.subscribed(&books, 1);
    let first = venue.one();
    assert_eq!(first["params"]["market_tickers"].as_array().unwrap().len(), 500);
    let books = venue.subscribe(&many[500..]);
    venue.subscribed(&books, 2);
    assert!(venue.sent().is_empty(), "one command at a time");
    venue.subscribed(&first, 3);
    assert_eq!(asked(&venue.one()), (json!(["M500"]), true));
}

/// What the venue holds, answering every command as documented.
#[derive(Default)]
struct Held {
    sids: BTreeMap<u64, BTreeSet<String>>,
    /// The same of the trade channel.
    trades: BTreeMap<u64, BTreeSet<String>>,
    last: u64,
    /// Whether markets that a subscription carries already are acknowledged with its sid.
    shares: bool,
}

impl Held {
    fn end(&mut self, sid: u64) -> Option<BTreeSet<String>> {
        self.sids.remove(&sid).or_else(|| self.trades.remove(&sid))
    }

    /// The answer to one command, or the passing refusal that `refuse` asks for.
    fn answer(&mut self, command: &Value, refuse: bool) -> Value {
        let id = &command["id"];
        if refuse {
            return json!({"id": id, "type": "error", "msg": {"code": 27, "msg": "rate"}});
        }
        let params = &command["params"];
        let markets = || -> BTreeSet<String> {
            let tickers = params["market_tickers"].as_array().into_iter().flatten();
            tickers.map(|ticker| ticker.as_str().unwrap().to_owned()).collect()
        };
        let unknown = json!({"id": id, "type": "error", "msg": {"code": 7, "msg": "unknown sid"}});
        let sid = params["sid"].as_u64().unwrap_or(0);
        match (command["cmd"].as_str().unwrap(), params["action"].as_str().unwrap_or_default()) {
            ("subscribe", _) => {
                let books = params["channels"][0] == "orderbook_delta";
                let trades = params["channels"][0] == "trade";
                let known = self.sids.iter().find(|(_, held)| markets().is_subset(held));
                let known = known.map(|(sid, _)| *sid).filter(|_| self.shares && books);
                let sid = known.unwrap_or_else(|| {
                    self.last += 1;
                    self.last
                });
                if books {
                    self.sids.entry(sid).or_default().extend(markets());
                }
                if trades {
                    self.trades.entry(sid).or_default().extend(markets());
                }
                json!({"id": id, "type": "subscribed", "msg": {"channel": params["channels"][0], "sid": sid}})
            }
            ("unsubscribe", _) => match self.end(params["sids"][0].as_u64().unwrap()) {
                Some(_) => json!({"id": id, "sid": params["sids"][0], "type": "unsubscribed"}),
                None => unknown,
            },
            (_, action) => match self.sids.get_mut(&sid).or(self.trades.get_mut(&sid)) {
                None => unknown,
                Some(held) => {
                    match action {
                        "add_markets" => held.extend(markets()),
                        "delete_markets" => held.retain(|market| !markets().contains(market)),
                        _ => {}
                    }
                    json!({"id": id, "sid": sid, "type": "ok", "msg": {"market_tickers": []}})
                }
            },
        }
    }
}

/// Random histories of wishes and late answers: at rest the venue streams each wanted market once and nothing else, its book and,
/// where they are followed, its trades.
#[test]
fn whatever_is_wanted_in_whatever_order_the_venue_ends_with_exactly_that() {
    for with_trades in [false, true] {
        histories(with_trades);
    }
}

fn histories(with_trades: bool) {
    let rounds = if std::env::var_os("ARB_LONG").is_some() { 20_000 } else { 600 };
    for seed in 0..rounds {
        let mut random = Random(seed * 2 + 1);
        let mut script = if with_trades { Script::open_with_trades() } else { Script::open() };
        script.session.on_open(&mut script.out);
        let mut venue = Held { shares: seed % 2 == 0, ..Held::default() };
        // Commands that have not reached the venue, and answers that have not reached us.
        let (mut commands, mut answers) = (script.sent(), Vec::new());
        let mut wanted: BTreeMap<String, KeyId> = BTreeMap::new();
        let mut retry: Vec<KeyId> = Vec::new();
        for step in 0..60 {
            let name = format!("M{}", random.below(5));
            match random.below(6) {
                0 | 1 if step < 45 && !wanted.contains_key(&name) => {
                    let free = (0..).map(KeyId::new).find(|id| !wanted.values().any(|u| u == id));
                    wanted.insert(name.clone(), free.unwrap());
                    let key = Key { id: free.unwrap(), name: name.as_str().into() };
                    script.session.subscribe(&[key], &mut script.out);
                }
                2 if step < 45 => {
                    if let Some(id) = wanted.remove(&name) {
                        retry.retain(|known| *known != id);
                        script.session.unsubscribe(
                            &[Key { id, name: name.as_str().into() }],
                            &mut script.out,
                        );
                    }
                }
                3 if !commands.is_empty() => {
                    let command = commands.remove(0);
                    let refuse = step < 45 && random.below(5) == 0;
                    answers.push(venue.answer(&command, refuse));
                }
                _ if !answers.is_empty() => {
                    let answer = answers.remove(0);
                    script.session.on_frame(answer.to_string().as_bytes(), &mut script.out);
                    let again = script.out.deferred().iter().map(|(id, _)| *id);
                    retry.extend(again.chain(script.out.resubscribed().iter().copied()));
                }
                _ => {}
            }
            commands.extend(script.sent());
        }
        settle(&mut script, &mut venue, commands, answers, retry, &wanted);
        let mut held: Vec<String> = venue.sids.values().flatten().cloned().collect();
        held.sort();
        let names: Vec<String> = wanted.keys().cloned().collect();
        assert_eq!(held, names, "seed {seed}: {:?}", venue.sids);
        let mut held: Vec<String> = venue.trades.values().flatten().cloned().collect();
        held.sort();
        let names = if with_trades { names } else { Vec::new() };
        assert_eq!(held, names, "seed {seed}: {:?}", venue.trades);
    }
}

/// Answers everything, does what the connection does with keys to be asked for again, and lets every market speak.
fn settle(
    script: &mut Script,
    venue: &mut Held,
    mut commands: Vec<Value>,
    mut answers: Vec<Value>,
    mut retry: Vec<KeyId>,
    wanted: &BTreeMap<String, KeyId>,
) {
    for _ in 0..200 {
        if let Some(answer) = (!answers.is_empty()).then(|| answers.remove(0)) {
            script.session.on_frame(answer.to_string().as_bytes(), &mut script.out);
            let again = script.out.deferred().iter().map(|(id, _)| *id);
            retry.extend(again.chain(script.out.resubscribed().iter().copied()));
        } else if let Some(command) = (!commands.is_empty()).then(|| commands.remove(0)) {
            answers.push(venue.answer(&command, false));
        } else if let Some(id) = retry.pop() {
            if let Some((name, _)) = wanted.iter().find(|(_, known)| **known == id) {
                let key = Key { id, name: name.as_str().into() };
                script.session.unsubscribe(std::slice::from_ref(&key), &mut script.out);
                script.session.subscribe(&[key], &mut script.out);
            }
        } else {
            let streams: Vec<(u64, String)> = venue
                .sids
                .iter()
                .flat_map(|(sid, markets)| markets.iter().map(|m| (*sid, m.clone())))
                .collect();
            script.stamped += 1_000;
            let stamp = script.stamped;
            for (sid, market) in streams {
                let frame = json!({"type": "orderbook_delta", "sid": sid, "msg": {"market_ticker": market, "ts_ms": stamp}});
                script.session.on_frame(frame.to_string().as_bytes(), &mut script.out);
            }
        }
        commands.extend(script.sent());
    }
}

/// A small generator, the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
