//! From the published model to rendered sections.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::export;
use super::model::StatusModel;
use super::sections::{self, Latency, View};
use crate::monitor::MonitorHandle;
use crate::window::{Reading, Select, Value as Statistics};

/// Series shown under latency when none are chosen.
const LATENCIES_MAX: usize = 24;

/// A model and when it was published.
type Published = (Instant, Arc<StatusModel>);

/// Where a program publishes its [`StatusModel`]. Clones publish to the same page; publishing never
/// waits and keeps only the newest.
#[derive(Clone)]
pub struct StatusBoard {
    newest: Arc<watch::Sender<Option<Published>>>,
}

impl fmt::Debug for StatusBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusBoard").finish_non_exhaustive()
    }
}

impl Default for StatusBoard {
    fn default() -> Self {
        Self { newest: Arc::new(watch::Sender::new(None)) }
    }
}

impl StatusBoard {
    /// Shows this from now on. Publish at least every ten seconds: the page says so when what it
    /// shows is older.
    ///
    /// What is published is also exported through `metrics` under the names of
    /// [`METRICS`](crate::vocabulary::METRICS), about 100 ns a value; publish from a task beside the
    /// hot path, not on it.
    pub fn publish(&self, model: StatusModel) {
        export::export(&model);
        self.newest.send_replace(Some((Instant::now(), Arc::new(model))));
    }

    fn newest(&self) -> Option<(Duration, Arc<StatusModel>)> {
        let newest = self.newest.borrow();
        newest.as_ref().map(|(at, model)| (at.elapsed(), Arc::clone(model)))
    }
}

/// Engages (`true`) or releases the kill switch; the text says why it could not.
type MoveSwitch = dyn Fn(bool) -> Result<(), String> + Send + Sync;

/// What a page is made of.
#[derive(Clone)]
pub struct Page {
    board: StatusBoard,
    latencies: Vec<(String, Select)>,
    switch: Option<Arc<MoveSwitch>>,
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("latencies", &self.latencies).finish_non_exhaustive()
    }
}

impl Page {
    /// A page of a board's model.
    #[must_use]
    pub fn new(board: StatusBoard) -> Self {
        Self { board, latencies: Vec::new(), switch: None }
    }

    /// Shows the histograms selected under this title, in seconds. Without any, every histogram
    /// named `…_seconds` is shown, up to 24.
    #[must_use]
    pub fn latency(mut self, title: impl Into<String>, select: Select) -> Self {
        self.latencies.push((title.into(), select));
        self
    }

    /// Offers buttons that engage (`true`) and release the kill switch; without this the page only shows where it stands. The
    /// function is called while the browser waits for its answer, and its error is shown there.
    #[must_use]
    pub fn kill_switch(
        mut self,
        switch: impl Fn(bool) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.switch = Some(Arc::new(switch));
        self
    }

    /// Moves the kill switch; `None` where the page does not offer it.
    pub(crate) fn move_switch(&self, engage: bool) -> Option<Result<(), String>> {
        self.switch.as_ref().map(|switch| switch(engage))
    }

    pub(crate) fn render(&self, monitor: &MonitorHandle) -> Rendered {
        Rendered { sections: sections::all(&self.view(monitor)) }
    }

    /// The same as JSON, for programs.
    pub(crate) fn json(&self, monitor: &MonitorHandle) -> Value {
        let newest = self.board.newest();
        json!({
            "model": newest.as_ref().map(|(_, model)| model.as_ref()),
            "model_age_seconds": newest.as_ref().map(|(age, _)| age.as_secs_f64()),
            "alerts": monitor.alerts(),
            "health": monitor.health(),
            "sinks": monitor.sinks(),
        })
    }

    fn view(&self, monitor: &MonitorHandle) -> View {
        let now = monitor.clock().now().at;
        let newest = self.board.newest();
        let mut ended = monitor.alert_history();
        ended.retain(|alert| alert.ended_at.is_some_and(|at| now - at <= sections::ENDED_FOR));
        View {
            model_age: newest.as_ref().map(|(age, _)| *age),
            model: newest.map(|(_, model)| model.as_ref().clone()).unwrap_or_default(),
            now,
            alerts: monitor.alerts(),
            ended,
            health: monitor.health(),
            sinks: monitor.sinks(),
            latencies: self.latency_rows(monitor),
            has_switch: self.switch.is_some(),
        }
    }

    fn latency_rows(&self, monitor: &MonitorHandle) -> Vec<Latency> {
        let aggregator = monitor.aggregator();
        let now = Instant::now().into_std();
        let chosen: Vec<(Option<&str>, Vec<Reading>)> = if self.latencies.is_empty() {
            let mut all = aggregator.read_all(now);
            all.retain(|reading| reading.name.ends_with("_seconds"));
            vec![(None, all)]
        } else {
            let read = |select| aggregator.read(select, now);
            self.latencies
                .iter()
                .map(|(title, select)| (Some(title.as_str()), read(select)))
                .collect()
        };
        let rows = chosen.into_iter().flat_map(|(title, readings)| {
            readings.into_iter().map(move |reading| (title, reading))
        });
        rows.filter_map(|(title, reading)| match reading.value {
            Statistics::Histogram(stats) => {
                let mut select = Select::name(reading.name.clone());
                for (name, value) in &reading.labels {
                    select = select.with(name, value);
                }
                let course = aggregator.history(&select, 0.95, now);
                let course = course.into_iter().find(|(labels, _)| *labels == reading.labels);
                let course = course.map(|(_, points)| points).unwrap_or_default();
                let course = course.into_iter().map(|(_, p95)| p95).collect();
                Some(Latency { title: title_of(title, &reading), stats, course })
            }
            _ => None,
        })
        .take(LATENCIES_MAX)
        .collect()
    }
}

fn title_of(title: Option<&str>, reading: &Reading) -> String {
    let labels: Vec<_> = reading.labels.values().map(String::as_str).collect();
    let name = title.unwrap_or(reading.name.as_str());
    if labels.is_empty() { name.to_owned() } else { format!("{name} {}", labels.join(" ")) }
}

/// The sections of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rendered {
    sections: [(&'static str, &'static str, String); 8],
}

impl Rendered {
    /// The sections that differ from what a browser has, as one JSON object by section id; `None`
    /// when there is none.
    pub(crate) fn changes(&self, had: Option<&Self>) -> Option<String> {
        let old = |place: usize| had.map(|had| had.sections[place].2.as_str());
        let changed: serde_json::Map<String, Value> = self
            .sections
            .iter()
            .enumerate()
            .filter(|(place, section)| old(*place) != Some(section.2.as_str()))
            .map(|(_, (id, _, content))| ((*id).to_owned(), json!(content)))
            .collect();
        (!changed.is_empty()).then(|| Value::Object(changed).to_string())
    }
}

/// Asks for the token. It stands outside of the sections, so that nothing moves under the fingers of who types it.
const UNLOCK: &str = "<form id=\"unlock\" autocomplete=\"off\"><label>Token for actions \
     <input id=\"token\" name=\"token\" type=\"password\"></label></form>";

/// The whole document. `nonce` is what the content security policy allows style and script by; it
/// must consist of letters and digits.
pub(crate) fn document(rendered: &Rendered, nonce: &str, token_needed: bool) -> String {
    let mut body = String::new();
    for (id, heading, content) in &rendered.sections {
        let title = match *heading {
            "" => String::new(),
            heading => format!("<h2 id=\"{id}-title\">{heading}</h2>"),
        };
        let label = match *heading {
            "" => "aria-label=\"Summary\"".to_owned(),
            _ => format!("aria-labelledby=\"{id}-title\""),
        };
        body.push_str(&format!(
            "<section {label}>{title}<div id=\"{id}\">{content}</div></section>\n"
        ));
    }
    include_str!("shell.html")
        .replace("{nonce}", nonce)
        .replace("{style}", include_str!("style.css"))
        .replace("{script}", include_str!("script.js"))
        .replace("{unlock}", if token_needed { UNLOCK } else { "" })
        .replace("{sections}", &body)
}
