//! The listener: connections bounded in number, in the size of their heads and in time, and a stop that loses nothing.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{self, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use futures_util::future::{self, Either};
use http::header::CONNECTION;
use http::{HeaderValue, Version};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1::{self, Parts};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};
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

/// The connection that a request came on.
#[derive(Clone)]
pub(crate) struct Connection {
    peer: SocketAddr,
    activity: Arc<Activity>,
    // Which of its requests, from 1.
    number: u64,
}

impl Connection {
    /// The answer will take long: what the connection does not need meanwhile is freed.
    pub(crate) fn park(&self) {
        self.activity.parked.store(self.number, Ordering::Relaxed);
        self.activity.parks.notify_one();
    }
}

impl Limits {
    /// Who sent the request: the last address of `X-Forwarded-For` that is no trusted proxy, if the connection comes from
    /// one, else the connection's.
    pub fn peer_of(&self, head: &http::request::Parts) -> Option<IpAddr> {
        // An axum application that a bot is mounted in may know it by other means.
        let mounted = head.extensions.get().map(|ConnectInfo(peer)| peer);
        let ours = head.extensions.get().map(|Connection { peer, .. }| peer);
        let connection = ours.or(mounted)?;
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
    app: impl Fn(Request) -> Answering + Clone + Send + Sync + 'static,
    limits: &Limits,
    stop: impl Future<Output = ()>,
) where
    Answering: Future<Output = Response> + Send + 'static,
{
    let mut http = http1::Builder::new();
    // Time is the watchdog's: hyper would set a timer for every request, and none for a client that does not read.
    http.max_buf_size(HEAD_BYTES).header_read_timeout(None);
    let places = Arc::new(Semaphore::new(
        limits.max_connections.min(Semaphore::MAX_PERMITS),
    ));
    let (stopping, is_stopping) = watch::channel(false);
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, peer, place) = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut stop => break,
        };
        // A small answer must not wait for more to send.
        let _ = stream.set_nodelay(true);
        let served = serve(
            http.clone(),
            stream,
            peer,
            app.clone(),
            limits.header_timeout,
            is_stopping.clone(),
        );
        tokio::spawn(async move {
            served.await;
            drop(place);
        });
    }
    drop(listener);
    info!(
        "stopping: no new connections, waiting for {} to end",
        limits.max_connections - places.available_permits()
    );
    stopping.send_replace(true);
    // Ready when all connections have ended, each of which holds the receiver.
    drop(is_stopping);
    if tokio::time::timeout(limits.shutdown, stopping.closed())
        .await
        .is_err()
    {
        warn!(
            "stopped although some requests had not ended within {:?}",
            limits.shutdown
        );
    }
}

/// Serves one connection to its end.
///
/// HTTP takes two buffers of 8 KiB per connection. While an answer takes long, neither is needed: the connection is taken
/// back from hyper and *parked*. When the answer is there, hyper gets the connection anew with a short request in front of
/// it, to which it gives this answer.
async fn serve<Answering>(
    http: http1::Builder,
    mut stream: TcpStream,
    peer: SocketAddr,
    app: impl Fn(Request) -> Answering + Sync,
    patience: Duration,
    mut is_stopping: watch::Receiver<bool>,
) where
    Answering: Future<Output = Response> + Send + 'static,
{
    let activity = Arc::<Activity>::default();
    let slot = Mutex::new(Slot::default());
    let ready = Mutex::<Option<Response>>::default();
    let mut before = Bytes::new();
    loop {
        let service = service_fn(|request: hyper::Request<Incoming>| {
            if let Some(response) = lock(&ready).take() {
                return Either::Left(future::ready(Ok::<_, Infallible>(response)));
            }
            let form = Form::of(&request);
            let number = activity.begun.fetch_add(1, Ordering::Relaxed) + 1;
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(Connection {
                peer,
                activity: Arc::clone(&activity),
                number,
            });
            let running = Running {
                activity: Arc::clone(&activity),
                number,
                form,
            };
            lock(&slot).begin(running, app(request));
            Either::Right(future::poll_fn(|context| lock(&slot).poll(context)))
        });
        let io = TokioIo::new(Rewind { before, stream });
        let mut connection = http.serve_connection(io, service);
        let mut stalls = std::pin::pin!(activity.stalls(patience));
        let mut is_told = false;
        let (running, mut answer) = loop {
            tokio::select! {
                // First hyper: an answer that was waited for must be taken before a stop finds the connection idle.
                biased;
                // One that breaks off or is too slow is no news.
                _ = &mut connection => return,
                () = &mut stalls => return,
                _ = is_stopping.wait_for(|is_stopping| *is_stopping), if !is_told => {
                    is_told = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
                () = activity.parks.notified() => {
                    let parked = activity.parked.load(Ordering::Relaxed);
                    // It may have been answered meanwhile, and another be at work.
                    if let Some(running) = lock(&slot).take(parked) {
                        break running;
                    }
                }
            }
        };
        (stream, before) = taken_back(connection.into_parts(), running.form);
        let mut response = tokio::select! {
            response = future::poll_fn(|context| poll_in(answer.as_mut(), context)) => response,
            () = closed(&stream) => return,
        };
        if *is_stopping.borrow() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        *lock(&ready) = Some(response);
    }
}

/// The stream of a connection that is parked, and what hyper will read first: the request in short, and what has come
/// after it. Hyper's buffers end here.
fn taken_back<S>(parts: Parts<TokioIo<Rewind>, S>, form: Form) -> (TcpStream, Bytes) {
    let Rewind { before, stream } = parts.io.into_inner();
    let before = [form.request(), &parts.read_buf, &before].concat();
    (stream, before.into())
}

/// Ready when the client has closed the connection.
async fn closed(stream: &TcpStream) {
    if let Ok(1..) = stream.peek(&mut [0]).await {
        // It has sent something more instead; that is read after the answer.
        future::pending::<()>().await;
    }
}

/// What is said of a request to hyper when its answer is there.
#[derive(Clone, Copy)]
struct Form {
    is_http_10: bool,
    is_last: bool,
}

impl Form {
    fn of(request: &hyper::Request<Incoming>) -> Self {
        let is_http_10 = request.version() == Version::HTTP_10;
        let connection = request.headers().get(CONNECTION);
        let has = |word: &str| {
            let connection = connection.and_then(|connection| connection.to_str().ok());
            connection.is_some_and(|connection| connection.to_ascii_lowercase().contains(word))
        };
        Self {
            is_http_10,
            is_last: has("close") || (is_http_10 && !has("keep-alive")),
        }
    }

    fn request(self) -> &'static [u8] {
        match (self.is_http_10, self.is_last) {
            (true, true) => b"POST / HTTP/1.0\r\n\r\n",
            (true, false) => b"POST / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            (false, true) => b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            (false, false) => b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        }
    }
}

/// A stream with something before it.
struct Rewind {
    before: Bytes,
    stream: TcpStream,
}

impl AsyncRead for Rewind {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.before.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = self.before.len().min(buffer.remaining());
        buffer.put_slice(&self.before.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewind {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// What a connection does, for its watchdog.
#[derive(Default)]
struct Activity {
    begun: AtomicU64,
    ended: AtomicU64,
    // Pieces of answers that come piece by piece.
    streamed: AtomicU64,
    // The request that is to be parked.
    parked: AtomicU64,
    parks: Notify,
}

impl Activity {
    /// Ready when nothing runs and nothing has begun, ended or been streamed for `patience`, or up to twice as long: the client
    /// is idle, sends its next head too slowly, or does not read its answers.
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

    fn counts(&self) -> (u64, u64, u64) {
        (
            self.begun.load(Ordering::Relaxed),
            self.ended.load(Ordering::Relaxed),
            self.streamed.load(Ordering::Relaxed),
        )
    }
}

/// A request that is being answered.
struct Running {
    activity: Arc<Activity>,
    number: u64,
    form: Form,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.activity.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// The request that a connection is answering, and its answer: in memory that is the same for all of its requests.
struct Slot<Answering> {
    running: Option<Running>,
    answer: Option<Boxed<Answering>>,
}

type Boxed<Answering> = Pin<Box<Option<Answering>>>;

impl<Answering> Default for Slot<Answering> {
    fn default() -> Self {
        Self {
            running: None,
            answer: None,
        }
    }
}

impl<Answering: Future<Output = Response>> Slot<Answering> {
    fn begin(&mut self, running: Running, answer: Answering) {
        self.running = Some(running);
        match &mut self.answer {
            Some(place) => place.as_mut().set(Some(answer)),
            place => *place = Some(Box::pin(Some(answer))),
        }
    }

    /// The answer, once it is there; never, when it was taken.
    fn poll(&mut self, context: &mut task::Context<'_>) -> Poll<Result<Response, Infallible>> {
        let Some(answer) = &mut self.answer else {
            return Poll::Pending;
        };
        let mut response = ready!(poll_in(answer.as_mut(), context));
        answer.as_mut().set(None);
        if let Some(running) = self.running.take()
            && response.body().size_hint().exact().is_none()
        {
            let activity = Arc::clone(&running.activity);
            response = response.map(|body| streamed(body, activity));
        }
        Poll::Ready(Ok(response))
    }

    /// Takes the request with this number away, if it is being answered.
    fn take(&mut self, number: u64) -> Option<(Running, Boxed<Answering>)> {
        let running = self.running.take_if(|running| running.number == number)?;
        Some((running, self.answer.take()?))
    }
}

/// A body that comes piece by piece: each piece that the client takes shows that it reads.
fn streamed(body: Body, activity: Arc<Activity>) -> Body {
    Body::new(body.map_frame(move |frame| {
        activity.streamed.fetch_add(1, Ordering::Relaxed);
        frame
    }))
}

fn poll_in<F: Future>(
    future: Pin<&mut Option<F>>,
    context: &mut task::Context<'_>,
) -> Poll<F::Output> {
    future
        .as_pin_mut()
        .map_or(Poll::Pending, |future| future.poll(context))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, impl Send + use<>) {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    let mut is_told = false;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            Err(error) => {
                // Out of file descriptors, mostly: others end soon.
                if !is_told {
                    warn!(%error, "cannot accept a connection, trying again until it works");
                }
                is_told = true;
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
