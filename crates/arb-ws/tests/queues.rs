//! Handlers on their own task: order, overflow, slowness and panics.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use arb_ws::{
    Event, GapCause, Handler, Meta, Overflow, QueueConfig, QueueStatus, Sink, handler_queue,
};
use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::toy::{name, settle};

/// Writes down what it is given, when it is let; `hang` and `panic` do as they say.
#[derive(Clone)]
struct Slow {
    seen: Arc<Mutex<Vec<String>>>,
    gate: Arc<Semaphore>,
}

#[async_trait::async_trait]
impl Handler for Slow {
    async fn on_message(&mut self, _meta: &Meta, payload: Bytes) {
        self.gate.acquire().await.unwrap().forget();
        match &*payload {
            b"hang" => std::future::pending().await,
            b"panic" => panic!("as asked"),
            text => self.seen.lock().unwrap().push(String::from_utf8_lossy(text).into_owned()),
        }
    }
    async fn on_event(&mut self, _meta: &Meta, event: &Event) {
        self.seen.lock().unwrap().push(name(event));
    }
}

/// Fills a queue of four with six messages before the handler runs.
async fn overflowing(overflow: Overflow) -> (Vec<String>, QueueStatus, usize) {
    let handler = Slow { seen: Arc::default(), gate: Arc::new(Semaphore::new(100)) };
    let mut config = QueueConfig::default();
    config.capacity = 4;
    config.overflow = overflow;
    let resyncs = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&resyncs);
    let (mut sink, task) = handler_queue(config, move |_: &Meta| *counted.lock().unwrap() += 1);
    let meta = Meta::new("toy", 0);
    sink.on_event(&meta, &Event::Connected { took: Duration::ZERO });
    for number in 1..=6 {
        sink.on_message(&meta, number.to_string().as_bytes());
    }
    drop(sink.clone());
    let running = tokio::spawn(task.run(handler.clone()));
    settle().await;
    sink.on_message(&meta, b"7");
    drop(sink);
    let status = running.await.unwrap();
    let (seen, resyncs) = (handler.seen.lock().unwrap().clone(), *resyncs.lock().unwrap());
    (seen, status, resyncs)
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_loses_by_its_policy_and_says_so_in_the_stream() {
    let (seen, status, resyncs) = overflowing(Overflow::DropOldest).await;
    let gap = format!("gap {:?} all", GapCause::Overflow { lost: 2 });
    assert_eq!(seen, [&gap, "connected", "3", "4", "5", "6", "7"]);
    assert_eq!((status.lost, status.handled, resyncs), (2, 7, 1));

    let (seen, status, resyncs) = overflowing(Overflow::DropNewest).await;
    assert_eq!(seen, ["connected", "1", "2", "3", "4", &gap, "7"]);
    assert_eq!((status.lost, status.handled, resyncs), (2, 7, 1));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_or_panics_loses_that_message_and_goes_on() {
    let handler = Slow { seen: Arc::default(), gate: Arc::new(Semaphore::new(100)) };
    let resyncs = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&resyncs);
    let (sink, task) = handler_queue(QueueConfig::default(), move |meta: &Meta| {
        noted.lock().unwrap().push(meta.connection);
    });
    let running = tokio::spawn(task.run(handler.clone()));
    for (connection, text) in [(0, "1"), (1, "hang"), (2, "2"), (3, "panic"), (4, "3")] {
        sink.clone().on_message(&Meta::new("toy", connection), text.as_bytes());
    }
    let started = tokio::time::Instant::now();
    drop(sink);
    let status = running.await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 5);
    assert_eq!((status.timeouts, status.panics), (1, 1));
    let gap = format!("gap {:?} all", GapCause::Handler);
    assert_eq!(*handler.seen.lock().unwrap(), ["1", &gap, "2", &gap, "3"]);
    assert_eq!(*resyncs.lock().unwrap(), [1, 3]);
}

#[tokio::test(start_paused = true)]
async fn events_beyond_bounds_are_told_as_a_gap() {
    let handler = Slow { seen: Arc::default(), gate: Arc::new(Semaphore::new(100)) };
    let mut config = QueueConfig::default();
    config.capacity = 4;
    let resyncs = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&resyncs);
    let (mut sink, task) =
        handler_queue(config, move |meta: &Meta| noted.lock().unwrap().push(meta.connection));
    for _ in 0..4 * 64 {
        sink.on_event(&Meta::new("toy", 0), &Event::Connected { took: Duration::ZERO });
    }
    assert_eq!(sink.status().lost, 0);
    for connection in [1, 2, 1] {
        sink.on_event(&Meta::new("toy", connection), &Event::Connected { took: Duration::ZERO });
    }
    drop(sink);
    let status = task.run(handler.clone()).await;
    assert_eq!((status.lost, status.handled), (3, 258));
    let mut told = resyncs.lock().unwrap().clone();
    told.sort_unstable();
    assert_eq!(told, [1, 2], "each connection that an event was lost of is read again");
    let seen = handler.seen.lock().unwrap();
    let gaps: Vec<_> = seen.iter().filter(|name| name.starts_with("gap")).collect();
    assert_eq!(gaps.len(), 2, "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn sinks_of_a_dropped_task_do_nothing() {
    let (mut sink, task) = handler_queue(QueueConfig::default(), |_: &Meta| {});
    drop(task);
    for _ in 0..10_000 {
        sink.on_message(&Meta::new("toy", 0), b"1");
    }
    assert_eq!(sink.status(), QueueStatus::default());
}
