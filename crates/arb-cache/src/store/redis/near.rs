//! Reports of changes: RESP3 client tracking that survives reconnects and admits every loss.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fred::clients::{Client, WithOptions};
use fred::interfaces::{ClientLike, EventInterface, TrackingInterface};
use fred::types::client::Invalidation as Report;
use fred::types::config::Options;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::bounded::lock;
use crate::store::Invalidation;

/// How long after a failed attempt tracking is asked for again.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// The connection whose reads the server remembers.
///
/// The server forgets with the connection what it has to report, and the client does not ask again; so after every loss (a closed or
/// silent connection, a change of nodes, reports that came faster than they were read) everything handed out is suspect first and
/// tracking is asked for anew.
pub(super) struct Tracker {
    connection: WithOptions<Client>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Tracker {
    pub(super) fn new(connection: Client, options: &Options) -> Self {
        Self { connection: connection.with_options(options), task: Mutex::new(None) }
    }

    pub(super) const fn connection(&self) -> &WithOptions<Client> {
        &self.connection
    }

    /// Reports to `sink` from now on, and to nobody else.
    pub(super) fn report_to(&self, sink: Arc<dyn Invalidation>) {
        let client = Client::clone(&self.connection);
        let task = tokio::spawn(Reporter::new(client, sink).run());
        if let Some(before) = lock(&self.task).replace(task) {
            before.abort();
        }
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        if let Some(task) = lock(&self.task).take() {
            task.abort();
        }
    }
}

struct Reporter {
    client: Client,
    sink: Arc<dyn Invalidation>,
    reports: Receiver<Report>,
    losses: metrics::Counter,
}

impl Reporter {
    fn new(client: Client, sink: Arc<dyn Invalidation>) -> Self {
        let losses = metrics::counter!("arb_cache_tracking_losses_total");
        Self { reports: client.invalidation_rx(), client, sink, losses }
    }

    async fn run(mut self) {
        let mut reconnects = self.client.reconnect_rx();
        let mut errors = self.client.error_rx();
        let mut silences = self.client.unresponsive_rx();
        let mut nodes = self.client.cluster_change_rx();
        self.track().await;
        loop {
            let tracking = tokio::select! {
                biased;
                // A loss is heard before the reports that may have survived it. A lagging receiver of losses has lost, too.
                _ = errors.recv() => false,
                _ = silences.recv() => false,
                _ = reconnects.recv() => false,
                _ = nodes.recv() => false,
                report = self.reports.recv() => match report {
                    Ok(report) => {
                        self.pass_on(&report);
                        true
                    }
                    Err(RecvError::Lagged(_)) => {
                        self.losses.increment(1);
                        self.sink.lost(true);
                        true
                    }
                    // The client has ended.
                    Err(RecvError::Closed) => {
                        self.sink.lost(false);
                        return;
                    }
                },
            };
            if !tracking {
                self.losses.increment(1);
                self.sink.lost(false);
                self.track().await;
            }
        }
    }

    fn pass_on(&self, report: &Report) {
        for key in &report.keys {
            // Keys that are no text are not ours.
            if let Some(key) = key.as_str() {
                self.sink.changed(key);
            }
        }
    }

    /// Asks every node to track, for as long as it takes.
    async fn track(&self) {
        loop {
            let asked = async {
                self.client.wait_for_connect().await?;
                // Only keys that are read are tracked; broadcasting would report every write of every process, and on one node only.
                self.client.start_tracking((), false, false, false, false).await
            };
            match asked.await {
                Ok(()) => break,
                Err(error) => tracing::debug!(%error, "tracking refused, asking again"),
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
        self.sink.lost(true);
    }
}
