//! Servers of the tests: they listen on real sockets, answer as they are told, and keep what they were sent.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use echostr_client::Clock;
use echostr_protocol::message::Text;
use http::request::Parts;
use http_body_util::BodyExt as _;
use tokio::net::TcpListener;

use crate::handler::Context;
use crate::{Account, ApiAccount};

/// A server that listens, and what it was sent.
pub(super) struct Listening {
    /// Without a slash at its end.
    pub(super) url: String,
    received: Arc<Mutex<Vec<(Parts, Bytes)>>>,
}

impl Listening {
    /// Answers all requests so.
    pub(super) async fn new<R: IntoResponse>(
        answer: impl Fn() -> R + Clone + Send + Sync + 'static,
    ) -> Self {
        let received = Arc::<Mutex<Vec<_>>>::default();
        let keep = Arc::clone(&received);
        let app = axum::Router::new().fallback(async move |request: Request| {
            let (head, body) = request.into_parts();
            let body = body.collect().await.expect("a whole body").to_bytes();
            keep.lock().expect("not poisoned").push((head, body));
            answer().into_response()
        });
        Self {
            received,
            ..Self::of(app).await
        }
    }

    /// Takes connections and never answers.
    pub(super) async fn silent() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it listens");
        tokio::spawn(async move {
            let mut taken = Vec::new();
            while let Ok((socket, _)) = listener.accept().await {
                taken.push(socket);
            }
        });
        Self {
            url: format!("http://{address}"),
            received: Arc::default(),
        }
    }

    pub(super) fn n_received(&self) -> usize {
        self.received.lock().expect("not poisoned").len()
    }

    /// The only request so far: its head, and its body as text.
    #[track_caller]
    pub(super) fn received(&self) -> (Parts, String) {
        let received = self.received.lock().expect("not poisoned");
        assert_eq!(received.len(), 1, "requests");
        let (head, body) = &received[0];
        (head.clone(), String::from_utf8_lossy(body).into_owned())
    }
}

/// An answer of this type.
pub(super) fn of_type(content_type: &str, body: impl Into<axum::body::Body>) -> Response {
    let response = Response::builder().header("content-type", content_type);
    response.body(body.into()).expect("a response")
}

/// A body without an end.
pub(super) fn endless(content_type: &str, piece: &'static str) -> Response {
    let pieces = futures_util::stream::repeat_with(move || {
        Ok::<_, std::convert::Infallible>(Bytes::from(piece.repeat(100)))
    });
    of_type(content_type, axum::body::Body::from_stream(pieces))
}

impl Listening {
    /// The platform: it gives a token, and for every media id this file.
    pub(super) async fn platform(file: impl Into<Bytes>, content_type: &'static str) -> Self {
        let file = file.into();
        let media = move || of_type(content_type, file.clone());
        let token = || {
            let token = r#"{"access_token": "TOKEN_1-a", "expires_in": 7200}"#;
            of_type("application/json", token)
        };
        let app = axum::Router::new()
            .route("/cgi-bin/media/get", get(async move || media()))
            .fallback(async move || token());
        Self::of(app).await
    }

    pub(super) async fn of(app: axum::Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it listens");
        tokio::spawn(async { axum::serve(listener, app).await });
        Self {
            url: format!("http://{address}"),
            received: Arc::default(),
        }
    }
}

/// What is around a message to an account whose API is there; nothing: it has none.
pub(super) fn context(base: Option<&str>) -> Context {
    let token = "S1qJ0JoQmYfy".parse().expect("a token");
    let api = base.map(|base| {
        Arc::new(ApiAccount {
            base: Some(base.parse().expect("an address")),
            ..ApiAccount::new(
                "wx0123456789abcdef",
                "5f1c3b0e9d7a48c2b6e4f80a1d23c795".to_owned(),
            )
        })
    });
    let account = Account {
        api,
        ..Account::new("shop", token)
    };
    Context {
        message: Arc::new(Text::default().into()),
        account: Arc::new(account),
        states: Arc::default(),
        journal: None,
        clock: Clock::system(),
        platform: Arc::default(),
        prompt: None,
    }
}
