//! Serves HTTP, and can break a connection instead of answering.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

/// A head has to be there within this time.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// So is a body.
pub(crate) const BODY_WITHIN: Duration = Duration::from_secs(30);
/// How many connections there may be; more wait until one is closed.
const MAX_CONNECTIONS: usize = 1024;
/// When no connection can be accepted, because there are too many files open, it is tried again after this time.
const PAUSE: Duration = Duration::from_millis(50);

/// In the extensions of a response: the connection is broken instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Broken;

#[derive(Debug, thiserror::Error)]
#[error("the connection is broken on purpose")]
struct OnPurpose;

/// Answers every connection, for ever.
pub(crate) async fn listen(listener: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let _ = stream.set_nodelay(true);
                let connection = connection(TokioIo::new(stream), peer, router.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn connection(stream: TokioIo<tokio::net::TcpStream>, peer: SocketAddr, router: Router) {
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            let answered: Result<Response, Infallible> = router.oneshot(request).await;
            let response = answered.unwrap_or_else(|never| match never {});
            if response.extensions().get::<Broken>().is_some() {
                return Err(OnPurpose);
            }
            Ok(response)
        }
    });
    // What is wrong with a connection concerns nobody but its other end.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(stream, service)
        .await;
}
