//! An account, the platform that pushes to it, and a bot between them, with and without a socket.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod book;
pub(crate) mod model;
pub(crate) mod phone;
pub(crate) mod stage;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::Request;
use axum::{Router, http};
use echostr::protocol::{Document, Message, Reply, Token};
use echostr::{Account, Bot, Limits};
use echostr_simulator::{Answer, Envelope, Exchange, Mode, Platform, Push, Sealing, Shown};
use http_body_util::BodyExt as _;
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;

pub(crate) const TOKEN: &str = "S1qJ0JoQmYfy";
pub(crate) const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
pub(crate) const APP_ID: &str = "wx0123456789abcdef";
pub(crate) const FALLBACK: &str = "Sorry, try again";

pub(crate) fn token() -> Token {
    TOKEN.parse().expect("a token")
}

/// `shop`, in plain mode, with a fallback text.
pub(crate) fn shop() -> Account {
    Account {
        fallback: FALLBACK.into(),
        ..Account::new("shop", token())
    }
}

/// The same mode on both sides: the account's and the platform's.
pub(crate) fn modes() -> [(echostr::Mode, Mode); 3] {
    let ours = || echostr::Sealing {
        app_id: APP_ID.into(),
        key: KEY.parse().expect("a key"),
        previous_key: None,
    };
    let theirs = || Sealing {
        app_id: APP_ID.into(),
        key: KEY.parse().expect("a key"),
    };
    [
        (echostr::Mode::Plain, Mode::Plain),
        (
            echostr::Mode::Compatible(ours()),
            Mode::Compatible(theirs()),
        ),
        (echostr::Mode::Safe(ours()), Mode::Safe(theirs())),
    ]
}

/// The message that a push is.
pub(crate) fn message(push: &Push) -> Message {
    let envelope = platform("http://localhost/", Mode::Plain).envelope(push);
    Message::parse(Document::parse(envelope.body.as_bytes()).expect("a document"))
}

pub(crate) fn platform(url: &str, mode: Mode) -> Platform {
    Platform::new(url, token(), mode).expect("an address")
}

/// One delivery to the bot as a service, without a socket.
pub(crate) async fn deliver(bot: &Bot, platform: &Platform, envelope: &Envelope) -> Exchange {
    let body = Body::from(envelope.body.clone());
    deliver_as(bot, platform, envelope, body).await
}

/// The same with `body` for the envelope's, to let it come as it likes.
pub(crate) async fn deliver_as(
    bot: &Bot,
    platform: &Platform,
    envelope: &Envelope,
    body: Body,
) -> Exchange {
    let request = platform.request(envelope);
    let start = Instant::now();
    let asked: Request = http::Request::builder()
        .method(&request.method)
        .uri(request.url.as_str())
        .body(body)
        .expect("a request");
    let (head, body) = match bot.clone().oneshot(asked).await {
        Ok(response) => response.into_parts(),
        Err(never) => match never {},
    };
    let body = body.collect().await.expect("it is in memory").to_bytes();
    Exchange {
        request,
        start,
        took: start.elapsed(),
        answer: Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.to_vec(),
            is_cut: false,
        }),
    }
}

/// What the follower sees after one delivery to the bot as a service, in plain mode.
pub(crate) async fn shown(bot: &Bot, push: &Push) -> Shown {
    let platform = platform("http://localhost/", Mode::Plain);
    let envelope = platform.envelope(push);
    platform.shown(&envelope, &deliver(bot, &platform, &envelope).await)
}

/// Serves on a free port as `Bot::serve` does, until the test ends.
pub(crate) async fn listen(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        let app = move |request| {
            let answer = tower::ServiceExt::oneshot(app.clone(), request);
            async move { answer.await.expect("a router always answers") }
        };
        echostr::listen(listener, app, &Limits::default(), std::future::pending()).await;
    });
    address
}

/// The text that the follower reads.
#[track_caller]
pub(crate) fn text_shown(shown: &Shown) -> &str {
    match shown {
        Shown::Answer { reply, .. } => match &reply.reply {
            Reply::Text(content) => content,
            other => panic!("not a text: {other:?}"),
        },
        other => panic!("no answer: {other:?}"),
    }
}

/// Waits for something that a test does itself; it fails when that does not happen.
pub(crate) async fn soon<T>(event: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), event)
        .await
        .expect("it happens soon")
}

/// While there is only one subscriber, tracing asks that of the thread which meets a line first, whether anybody listens; with
/// tests on other threads, that is nobody. With two, it asks both.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

/// What is logged on this thread.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Does `work` and listens.
    pub(crate) fn of<T>(&self, work: impl FnOnce() -> T) -> T {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || log.clone())
            .finish();
        LazyLock::force(&ANOTHER);
        tracing::subscriber::with_default(subscriber, work)
    }

    pub(crate) fn text(&self) -> String {
        let log = self.0.lock().expect("nobody panics while holding it");
        String::from_utf8_lossy(&log).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().expect("nobody panics while holding it");
        log.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
