//! Paths.

use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use serde_json::json;

use super::answer::{Answer, json as json_answer, text};
use super::guard::Guard;
use crate::monitor::MonitorHandle;
#[cfg(feature = "prometheus")]
use crate::prometheus::Exporter;

/// What is served.
pub(super) struct Site {
    pub(super) guard: Guard,
    pub(super) monitor: MonitorHandle,
    #[cfg(feature = "prometheus")]
    pub(super) exporter: Option<Exporter>,
    #[cfg(feature = "status")]
    pub(super) page: Option<super::events::Live>,
}

impl Site {
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Answer {
        if let Err(refusal) = self.guard.admit(&request) {
            return *refusal;
        }
        let path = request.uri().path();
        match *request.method() {
            Method::GET | Method::HEAD => self.get(path),
            Method::POST => self.post(path, &request),
            _ => text(StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD or POST\n"),
        }
    }

    fn get(&self, path: &str) -> Answer {
        match path {
            "/healthz" => self.healthz(),
            "/readyz" => self.readyz(),
            #[cfg(feature = "prometheus")]
            "/metrics" if self.exporter.is_some() => self.metrics(),
            #[cfg(feature = "status")]
            "/" | "/events" | "/api/status" if self.page.is_some() => self.page(path),
            _ => text(StatusCode::NOT_FOUND, "nothing here\n"),
        }
    }

    /// Alive: the process's own loops turn. Says nothing of venues or stores, so that their failure
    /// does not get the process restarted.
    fn healthz(&self) -> Answer {
        let health = self.monitor.health();
        json_answer(status(health.alive), &json!({"alive": health.alive, "loops": health.loops}))
    }

    fn readyz(&self) -> Answer {
        let health = self.monitor.health();
        json_answer(status(health.ready && health.alive), &health)
    }

    #[cfg(feature = "prometheus")]
    fn metrics(&self) -> Answer {
        use super::answer::{answer, full};
        let body = self.exporter.as_ref().map(Exporter::render).unwrap_or_default();
        answer(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", full(body))
    }

    #[cfg(feature = "status")]
    fn page(&self, path: &str) -> Answer {
        let Some(live) = &self.page else { return text(StatusCode::NOT_FOUND, "nothing here\n") };
        match path {
            "/" => live.document(),
            "/events" => live.events(),
            _ => json_answer(StatusCode::OK, &live.json()),
        }
    }

    #[cfg(not(feature = "status"))]
    fn post(&self, _: &str, request: &Request<Incoming>) -> Answer {
        match self.guard.admit_action(request) {
            Ok(()) => text(StatusCode::NOT_FOUND, "nothing here\n"),
            Err(refusal) => *refusal,
        }
    }

    #[cfg(feature = "status")]
    fn post(&self, path: &str, request: &Request<Incoming>) -> Answer {
        use crate::alert::Fingerprint;
        use hyper::header::{HeaderValue, LOCATION};

        if let Err(refusal) = self.guard.admit_action(request) {
            return *refusal;
        }
        let Some(live) = &self.page else { return text(StatusCode::NOT_FOUND, "nothing here\n") };
        let done = match path {
            "/kill-switch/engage" => moved(live.move_switch(true)),
            "/kill-switch/release" => moved(live.move_switch(false)),
            _ => path
                .strip_prefix("/alerts/")
                .and_then(|rest| rest.strip_suffix("/acknowledge"))
                .and_then(Fingerprint::parse)
                .map(|alert| match self.monitor.acknowledge(alert, "status page") {
                    Some(_) => Ok(()),
                    None => Err((StatusCode::NOT_FOUND, "that alert has ended".to_owned())),
                }),
        };
        match done {
            Some(Ok(())) => {
                live.refresh();
                // For a browser without script: back to the page.
                let mut answer = text(StatusCode::SEE_OTHER, "done\n");
                answer.headers_mut().insert(LOCATION, HeaderValue::from_static("/"));
                answer
            }
            Some(Err((status, said))) => text(status, said + "\n"),
            None => text(StatusCode::NOT_FOUND, "nothing here\n"),
        }
    }
}

/// A switch that is not where it was asked to be is this program's trouble.
#[cfg(feature = "status")]
fn moved(done: Option<Result<(), String>>) -> Option<Result<(), (StatusCode, String)>> {
    done.map(|done| done.map_err(|said| (StatusCode::INTERNAL_SERVER_ERROR, said)))
}

fn status(well: bool) -> StatusCode {
    if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
