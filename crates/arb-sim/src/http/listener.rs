//! Listening sockets: one for each endpoint, and able to refuse.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::service::{self, Upgraded};
use super::websocket;
use crate::credentials::KeyRing;
use crate::error::SimError;
use crate::fault::{Fault, Place, Surface, Venue};
use crate::world::Shared;

/// What a client connects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    KalshiWs,
    KalshiRest,
    PolymarketWs,
    Gamma,
    Clob,
}

impl Endpoint {
    pub(crate) const ALL: [Self; 5] =
        [Self::KalshiWs, Self::KalshiRest, Self::PolymarketWs, Self::Gamma, Self::Clob];

    pub(crate) const fn venue(self) -> Venue {
        match self {
            Self::KalshiWs | Self::KalshiRest => Venue::Kalshi,
            Self::PolymarketWs | Self::Gamma | Self::Clob => Venue::Polymarket,
        }
    }

    pub(crate) const fn surface(self) -> Surface {
        match self {
            Self::KalshiWs | Self::PolymarketWs => Surface::WebSocket,
            Self::KalshiRest | Self::Gamma | Self::Clob => Surface::Rest,
        }
    }

    const fn place(self) -> Place {
        Place { venue: self.venue(), surface: self.surface(), connection: None, market: None }
    }
}

/// What every connection needs.
#[derive(Debug)]
pub(crate) struct Backstage {
    pub(crate) shared: Shared,
    pub(crate) keys: KeyRing,
    /// Something about the faults has changed.
    pub(crate) faults_changed: Notify,
}

/// A listening socket and the socket that keeps its port while it does not listen.
#[derive(Debug)]
pub(crate) struct Listener {
    endpoint: Endpoint,
    pub(crate) address: SocketAddr,
    /// Bound, never listening: connecting is refused while the other socket is away, and nobody
    /// else gets the port.
    _keeper: TcpSocket,
    socket: Option<TcpListener>,
}

fn bind(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    #[cfg(unix)]
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}

impl Listener {
    pub(crate) fn open(endpoint: Endpoint, address: SocketAddr) -> Result<Self, SimError> {
        let failed = |source| SimError::Listen { address, source };
        // A port that was asked for by number must be free for us alone: with shared ports a second
        // simulator would get half of the first one's clients.
        if address.port() != 0 {
            std::net::TcpListener::bind(address).map_err(failed)?;
        }
        let keeper = bind(address).map_err(failed)?;
        let address = keeper.local_addr().map_err(failed)?;
        let socket = bind(address).and_then(|socket| socket.listen(1_024)).map_err(failed)?;
        Ok(Self { endpoint, address, _keeper: keeper, socket: Some(socket) })
    }

    /// Accepts clients for ever; every connection ends with this future.
    pub(crate) async fn serve(mut self, backstage: Arc<Backstage>) {
        let mut clients = JoinSet::new();
        loop {
            let changed = backstage.faults_changed.notified();
            let refuses = {
                let world = backstage.shared.lock();
                world.faults.on(self.endpoint.place(), |f| *f == Fault::Refuse).is_some()
            };
            if refuses {
                self.socket = None;
            } else if self.socket.is_none() {
                self.socket = bind(self.address).and_then(|socket| socket.listen(1_024)).ok();
            }
            let Some(socket) = &self.socket else {
                // Looked at again soon even without a notice: the port may have been busy.
                let _ = tokio::time::timeout(Duration::from_millis(50), changed).await;
                continue;
            };
            tokio::select! {
                () = changed => {}
                accepted = socket.accept() => match accepted {
                    Ok((stream, _)) => {
                        let _ = stream.set_nodelay(true);
                        clients.spawn(client(stream, self.endpoint, Arc::clone(&backstage)));
                    }
                    // Out of descriptors, or the client is gone already.
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                },
                Some(_) = clients.join_next(), if !clients.is_empty() => {}
            }
        }
    }
}

/// One TCP connection: requests, and when one of them upgrades, the WebSocket session.
async fn client(stream: TcpStream, endpoint: Endpoint, backstage: Arc<Backstage>) {
    let upgraded = Upgraded::default();
    let service = service::of(endpoint, Arc::clone(&backstage), upgraded.clone());
    let _ = http1::Builder::new()
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Some((upgrade, id)) = upgraded.take() {
        match upgrade.await {
            Ok(io) => websocket::run(io, id, &backstage).await,
            Err(error) => tracing::debug!(%error, "a client left during its handshake"),
        }
        backstage.shared.lock().connections.remove(&id);
    }
}
