//! A server that answers what a test says, byte by byte, and keeps what it was sent.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use echostr_client::{
    ApiAccount, BoxError, Client, Clock, ExternalToken, GivenToken, MemoryTokens, Platform,
    Settings, TokenSource,
};
use echostr_protocol::api::Secret;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const APP_ID: &str = "wx3aea277d7b497b65";
pub(crate) const SECRET: &str = "5f1c3b0e9d7a48c2b6e4f80a1d23c795";
pub(crate) const TOKEN: &str = "TOKEN_1-a";

/// What the server does with a request that it has read.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// These bytes; the connection stays open.
    Bytes(Vec<u8>),
    /// These bytes, then the end of the connection.
    Last(Vec<u8>),
    /// Nothing, for as long as the other side waits.
    Never,
}

/// Success, with nothing else to say.
pub(crate) const OK: &str = r#"{"errcode":0,"errmsg":"ok"}"#;

/// JSON as the platform sends it.
pub(crate) fn json(body: &str) -> Answer {
    with(
        "200 OK",
        "Content-Type: application/json; encoding=utf-8\r\n",
        body,
    )
}

pub(crate) fn with(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Answer {
    let body = body.as_ref();
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
    Answer::Bytes([head.as_bytes(), body].concat())
}

/// The server. The last answer counts from then on.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

/// What a request is answered with.
type Answering = dyn Fn(&[u8]) -> Answer + Send + Sync;

#[derive(Default)]
struct State {
    answers: VecDeque<Answer>,
    /// In the place of the answers.
    answering: Option<Arc<Answering>>,
    requests: Vec<Vec<u8>>,
    n_connections: usize,
}

impl Server {
    pub(crate) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let server = Self {
            port: listener.local_addr().expect("it listens").port(),
            state: Arc::default(),
        };
        server.then(answers);
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.state.lock().expect("not poisoned").n_connections += 1;
                let serving = serving.clone();
                // The other side may go away at any time.
                tokio::spawn(async move { serving.connection(stream).await });
            }
        });
        server
    }

    /// One that looks at the requests.
    pub(crate) async fn answering(
        answer: impl Fn(&[u8]) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let server = Self::start([]).await;
        server.state.lock().expect("not poisoned").answering = Some(Arc::new(answer));
        server
    }

    /// From now on these.
    pub(crate) fn then(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state.lock().expect("not poisoned").answers = answers.into_iter().collect();
    }

    /// What came, whole.
    pub(crate) fn requests(&self) -> Vec<Vec<u8>> {
        self.state.lock().expect("not poisoned").requests.clone()
    }

    /// The last request as text, with what differs from run to run replaced.
    pub(crate) fn last(&self) -> String {
        let requests = self.requests();
        let request = requests.last().expect("there was a request");
        let text = String::from_utf8(request.clone()).expect("it is UTF-8");
        let text = text.replace(&format!("127.0.0.1:{}", self.port), "HOST");
        let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        match text.split_once("boundary=") {
            Some((_, rest)) => {
                let boundary = rest.lines().next().unwrap_or_default().to_owned();
                text.replace(&boundary, "BOUNDARY")
            }
            None => text,
        }
    }

    pub(crate) fn n_connections(&self) -> usize {
        self.state.lock().expect("not poisoned").n_connections
    }

    async fn connection(&self, mut stream: TcpStream) -> io::Result<()> {
        while let Some(request) = request(&mut stream).await? {
            let answer = {
                let mut state = self.state.lock().expect("not poisoned");
                let answer = match (&state.answering, state.answers.len()) {
                    (Some(answering), _) => answering(&request),
                    (None, 0) => panic!("no answer is left"),
                    (None, 1) => state.answers[0].clone(),
                    (None, _) => state.answers.pop_front().expect("there are two"),
                };
                state.requests.push(request);
                answer
            };
            match answer {
                Answer::Bytes(bytes) => stream.write_all(&bytes).await?,
                Answer::Last(bytes) => return stream.write_all(&bytes).await,
                Answer::Never => {
                    let mut rest = [0; 64];
                    while stream.read(&mut rest).await? > 0 {}
                }
            }
        }
        Ok(())
    }

    /// The address for an account.
    pub(crate) fn base(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// An account whose API is here, with a token that it always has.
    pub(crate) fn account(&self) -> ApiAccount {
        ApiAccount {
            source: TokenSource::External(Arc::new(Always)),
            ..self.asking()
        }
    }

    /// An account whose API is here, and which asks for its token here, too.
    pub(crate) fn asking(&self) -> ApiAccount {
        ApiAccount {
            base: Some(self.base("").parse().expect("an address")),
            ..ApiAccount::new(APP_ID, SECRET)
        }
    }

    pub(crate) fn client(&self) -> Client {
        platform(&settings()).client(self.account())
    }
}

/// A request with all of its body; nothing when there is none any more.
async fn request(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut read = Vec::new();
    let head = loop {
        if let Some(head) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break head + 4;
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Ok(None);
        }
    };
    let text = String::from_utf8_lossy(&read[..head]).to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length
        .and_then(|length| length.trim().parse().ok())
        .unwrap_or(0);
    while read.len() < head + length {
        if stream.read_buf(&mut read).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(read))
}

/// Short, so that a test that waits for the end of a call does not wait long.
pub(crate) fn settings() -> Settings {
    Settings {
        timeout: Duration::from_secs(20),
        ..Settings::default()
    }
}

pub(crate) fn platform(settings: &Settings) -> Platform {
    let store = Arc::new(MemoryTokens::default());
    Platform::with_tokens(settings, store, Clock::system()).expect("the proxy is none")
}

/// Who always has the token.
#[derive(Debug)]
struct Always;

impl ExternalToken for Always {
    fn token<'a>(&'a self, _: Option<&'a Secret>) -> BoxFuture<'a, Result<GivenToken, BoxError>> {
        let token = GivenToken {
            access_token: TOKEN.into(),
            expires_in: 7200,
        };
        Box::pin(async { Ok(token) })
    }
}
