//! The listener: connections bounded in number, in the size of their heads and in time, and a stop that loses nothing.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use futures_util::FutureExt as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use ipnet::IpNet;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tracing::{info, warn};

/// What a request's head may take in memory; the platform's is below 1 KB.
const HEAD_BYTES: usize = 16 * 1024;

/// What connections and bodies may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How many connections are served at once; further ones wait to be accepted.
    pub max_connections: usize,
    /// How long a connection may be idle, take to send a head, or leave its answers unread; up to twice as long before it
    /// is closed.
    pub header_timeout: Duration,
    /// How long the body may take after the head.
    pub body_timeout: Duration,
    /// How large a body may be.
    pub body_bytes: usize,
    /// How long what is in flight may take to end after a stop.
    pub shutdown: Duration,
    /// The reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 20_000,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            body_bytes: echostr_protocol::MAX_BYTES,
            shutdown: Duration::from_secs(10),
            trusted_proxies: Vec::new(),
        }
    }
}

/// The other end of the connection.
#[derive(Debug, Clone, Copy)]
struct Peer(SocketAddr);

impl Limits {
    /// Who sent the request: the last address of `X-Forwarded-For` that is no trusted proxy, if the connection comes from
    /// one, else the connection's.
    pub(crate) fn peer_of(&self, head: &http::request::Parts) -> Option<IpAddr> {
        // An axum application that a bot is mounted in may know it by other means.
        let mounted = head.extensions.get().map(|ConnectInfo(peer)| peer);
        let connection = head.extensions.get().map(|Peer(peer)| peer).or(mounted)?;
        let is_trusted = |address: &IpAddr| {
            self.trusted_proxies
                .iter()
                .any(|proxies| proxies.contains(address))
        };
        let peer = connection.ip().to_canonical();
        if !is_trusted(&peer) {
            return Some(peer);
        }
        let headers = head
            .headers
            .get_all("x-forwarded-for")
            .iter()
            .rev()
            .filter_map(|header| header.to_str().ok());
        let addresses = headers
            .flat_map(|header| header.rsplit(','))
            .map_while(|address| address.trim().parse().ok());
        addresses
            .map(|address: IpAddr| address.to_canonical())
            .find(|address| !is_trusted(address))
            .or(Some(peer))
    }
}

/// Serves `app` on `listener` until `stop` is ready; then what is in flight may end, within [`Limits::shutdown`].
pub async fn listen<Answering>(
    listener: TcpListener,
    app: impl Fn(Request) -> Answering + Clone + Send + 'static,
    limits: &Limits,
    stop: impl Future<Output = ()>,
) where
    Answering: Future<Output = Response> + Send + 'static,
{
    let mut http = http1::Builder::new();
    // Time is the watchdog's: hyper would set a timer for every request, and none for a client that does not read.
    http.max_buf_size(HEAD_BYTES).header_read_timeout(None);
    let patience = limits.header_timeout;
    let places = Arc::new(Semaphore::new(limits.max_connections));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, peer, place) = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut stop => break,
        };
        // A small answer must not wait for more to send.
        let _ = stream.set_nodelay(true);
        let app = app.clone();
        let activity = Arc::<Activity>::default();
        let watched = Arc::clone(&activity);
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            let running = Running::begin(&watched);
            app(request).map(|response| {
                drop(running);
                Ok::<_, Infallible>(response)
            })
        });
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A connection that breaks off or is too slow is no news.
            tokio::select! {
                _ = connection => {}
                () = activity.stalls(patience) => {}
            }
            drop(place);
        });
    }
    drop(listener);
    info!(
        "stopping: no new connections, waiting for {} to end",
        limits.max_connections - places.available_permits()
    );
    if tokio::time::timeout(limits.shutdown, graceful.shutdown())
        .await
        .is_err()
    {
        warn!(
            "stopped although some requests had not ended within {:?}",
            limits.shutdown
        );
    }
}

/// What a connection does, for its watchdog.
#[derive(Default)]
struct Activity {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Activity {
    /// Ready when nothing runs and nothing has begun or ended for `patience`, or up to twice as long: the client is idle,
    /// sends its next head too slowly, or does not read its answers.
    async fn stalls(&self, patience: Duration) {
        let mut before = self.counts();
        loop {
            tokio::time::sleep(patience).await;
            let now = self.counts();
            if now == before && now.0 == now.1 {
                return;
            }
            before = now;
        }
    }

    fn counts(&self) -> (u64, u64) {
        (
            self.begun.load(Ordering::Relaxed),
            self.ended.load(Ordering::Relaxed),
        )
    }
}

/// A request that is being answered.
struct Running(Arc<Activity>);

impl Running {
    fn begin(activity: &Arc<Activity>) -> Self {
        activity.begun.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(activity))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (tokio::net::TcpStream, SocketAddr, impl Send + use<>) {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            Err(error) => {
                // Out of file descriptors, mostly: others end soon.
                warn!(%error, "cannot accept a connection, trying again");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Ready when the process is asked to stop: SIGTERM or Ctrl-C.
pub async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
