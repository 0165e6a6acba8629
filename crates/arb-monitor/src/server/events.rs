//! The live page: one task renders, every open page gets what changed.

use std::convert::Infallible;
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::StatusCode;
use hyper::body::Frame;
use hyper::header::HeaderValue;
use serde_json::Value;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{MissedTickBehavior, interval};

use super::answer::{Answer, answer, full, text};
use crate::monitor::MonitorHandle;
use crate::status::{Page, Rendered, document};

/// How often the page is rendered while somebody looks.
const REFRESH: Duration = Duration::from_secs(1);

/// A page with its streams.
pub(super) struct Live {
    shared: Arc<Shared>,
}

struct Shared {
    page: Page,
    monitor: MonitorHandle,
    token_needed: bool,
    rendered: watch::Sender<Option<Arc<Rendered>>>,
    refresh: Notify,
    room: Arc<Semaphore>,
}

/// What one open page has and gets.
struct Open {
    changes: watch::Receiver<Option<Arc<Rendered>>>,
    had: Option<Arc<Rendered>>,
    _permit: OwnedSemaphorePermit,
}

impl Live {
    /// The page and the work that renders it.
    pub(super) fn new(
        page: Page,
        monitor: MonitorHandle,
        token_needed: bool,
        streams_max: usize,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let shared = Arc::new(Shared {
            page,
            monitor,
            token_needed,
            rendered: watch::Sender::new(None),
            refresh: Notify::new(),
            room: Arc::new(Semaphore::new(streams_max)),
        });
        (Self { shared: Arc::clone(&shared) }, render(shared))
    }

    /// Moves the kill switch; `None` where the page does not offer it.
    pub(super) fn move_switch(&self, engage: bool) -> Option<Result<(), String>> {
        self.shared.page.move_switch(engage)
    }

    /// Renders at once instead of at the next second.
    pub(super) fn refresh(&self) {
        self.shared.refresh.notify_one();
    }

    pub(super) fn json(&self) -> Value {
        self.shared.page.json(&self.shared.monitor)
    }

    pub(super) fn document(&self) -> Answer {
        let nonce = nonce();
        let rendered = self.shared.page.render(&self.shared.monitor);
        let body = full(document(&rendered, &nonce, self.shared.token_needed));
        let mut answer = answer(StatusCode::OK, "text/html; charset=utf-8", body);
        let policy = format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; \
             connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            answer.headers_mut().insert("content-security-policy", policy);
        }
        answer
    }

    pub(super) fn events(&self) -> Answer {
        let Ok(permit) = Arc::clone(&self.shared.room).try_acquire_owned() else {
            return text(StatusCode::SERVICE_UNAVAILABLE, "too many live pages are open\n");
        };
        let changes = self.shared.rendered.subscribe();
        self.refresh();
        let open = Open { changes, had: None, _permit: permit };
        let body = StreamBody::new(stream::unfold(open, next)).boxed_unsync();
        answer(StatusCode::OK, "text/event-stream", body)
    }
}

async fn render(shared: Arc<Shared>) {
    let mut ticks = interval(REFRESH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = shared.refresh.notified() => {}
        }
        if shared.rendered.receiver_count() > 0 {
            let rendered = shared.page.render(&shared.monitor);
            shared.rendered.send_replace(Some(Arc::new(rendered)));
        }
    }
}

/// The next event. A page that reads slowly skips what it missed: only the newest is kept.
async fn next(mut open: Open) -> Option<(Result<Frame<Bytes>, Infallible>, Open)> {
    loop {
        open.changes.changed().await.ok()?;
        let newest = open.changes.borrow_and_update().clone();
        let Some(newest) = newest else { continue };
        // Without a change a comment tells the browser that we are there.
        let event = match newest.changes(open.had.as_deref()) {
            Some(changed) => format!("event: sections\ndata: {changed}\n\n"),
            None => ": nothing changed\n\n".to_owned(),
        };
        open.had = Some(newest);
        return Some((Ok(Frame::data(Bytes::from(event))), open));
    }
}

/// Letters that a page of another making cannot know: two words of the standard library's hasher,
/// which is seeded from the system's random numbers.
fn nonce() -> String {
    let mut nonce = String::with_capacity(32);
    for word in [RandomState::new().hash_one(0), RandomState::new().hash_one(1)] {
        // Writing into a String cannot fail.
        let _ = write!(nonce, "{word:016x}");
    }
    nonce
}
