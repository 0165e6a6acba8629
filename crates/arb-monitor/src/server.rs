//! The HTTP server: `/healthz`, `/readyz`, and with their features `/metrics` and the status page.
//!
//! It binds to loopback unless told otherwise and answers only requests that name a loopback host,
//! so that no web page can reach it by a name of its own. What changes something is refused
//! cross-origin, and needs a token when the server is bound elsewhere.

mod answer;
#[cfg(feature = "status")]
mod events;
mod guard;
mod route;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::error::MonitorError;
use crate::monitor::MonitorHandle;
#[cfg(feature = "prometheus")]
use crate::prometheus::Exporter;
#[cfg(feature = "status")]
use crate::status::Page;

/// Time for a request's head to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the server listens and what it allows.
#[derive(Clone)]
#[non_exhaustive]
pub struct ServerConfig {
    /// Default: a free port on 127.0.0.1.
    pub address: SocketAddr,
    /// Needed for actions when bound elsewhere than loopback; without it there are none then.
    /// Asked for on loopback too when it is set. Default: none.
    pub token: Option<String>,
    /// Further host names that requests may name, for a proxy in front. Default: none.
    pub hosts: Vec<String>,
    /// Connections at once; more wait. Default: 64.
    pub connections_max: usize,
    /// Live pages at once; more get status 503. Default: 16.
    pub streams_max: usize,
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig")
            .field("address", &self.address)
            .field("token", &self.token.as_ref().map(|_| "(set)"))
            .field("hosts", &self.hosts)
            .finish_non_exhaustive()
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            token: None,
            hosts: Vec::new(),
            connections_max: 64,
            streams_max: 16,
        }
    }
}

impl ServerConfig {
    /// Listens on this address.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self { address, ..Self::default() }
    }

    /// Asks for a token before anything is changed.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Allows a further host name in requests.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into());
        self
    }
}

/// What the server offers beside `/healthz` and `/readyz`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Endpoints {
    #[cfg(feature = "prometheus")]
    exporter: Option<Exporter>,
    #[cfg(feature = "status")]
    page: Option<Page>,
}

impl Endpoints {
    /// Offers `/metrics`.
    #[cfg(feature = "prometheus")]
    #[must_use]
    pub fn exporter(mut self, exporter: Exporter) -> Self {
        self.exporter = Some(exporter);
        self
    }

    /// Offers the status page at `/`, its events and its actions.
    #[cfg(feature = "status")]
    #[must_use]
    pub fn page(mut self, page: Page) -> Self {
        self.page = Some(page);
        self
    }
}

/// A running server; it ends when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Listens and serves.
    ///
    /// # Errors
    ///
    /// [`MonitorError::Listen`] when the address is taken or not ours.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn start(
        config: ServerConfig,
        monitor: MonitorHandle,
        endpoints: Endpoints,
    ) -> Result<Self, MonitorError> {
        let asked = config.address;
        let listen = |source| MonitorError::Listen { address: asked, source };
        let listener = TcpListener::bind(asked).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let mut tasks = JoinSet::new();
        let guard = guard::Guard::new(&config, address);
        #[cfg(feature = "status")]
        let page = endpoints.page.map(|page| {
            let (live, work) =
                events::Live::new(page, monitor.clone(), guard.token_needed(), config.streams_max);
            tasks.spawn(work);
            live
        });
        let site = Arc::new(route::Site {
            guard,
            monitor,
            #[cfg(feature = "prometheus")]
            exporter: endpoints.exporter,
            #[cfg(feature = "status")]
            page,
        });
        tasks.spawn(accept(listener, site, config.connections_max));
        Ok(Self { address, _tasks: tasks })
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn accept(listener: TcpListener, site: Arc<route::Site>, connections_max: usize) {
    let room = Arc::new(Semaphore::new(connections_max.max(1)));
    let mut connections = JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        // Ended connections are taken out so that the set does not grow.
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                let site = Arc::clone(&site);
                connections.spawn(async move {
                    serve(stream, site).await;
                    drop(permit);
                });
            }
            Err(error) => {
                // Out of file descriptors, most likely: let some be closed.
                tracing::warn!(target: "arb_monitor::server", %error, "accept failed");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, site: Arc<route::Site>) {
    let service = service_fn(move |request| {
        let site = Arc::clone(&site);
        async move { Ok::<_, std::convert::Infallible>(site.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(target: "arb_monitor::server", %error, "a connection ended early");
    }
}
