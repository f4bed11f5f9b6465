//! Brings notices to a program or a mail server: a bounded queue, a few attempts, one log line when all of them failed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use echostr::{BoxError, Program};
use echostr_client::with_causes;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use reqwest::Url;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::{Mail, Notice};

/// How many notices wait for one address; further ones are dropped.
const MAX_WAITING: usize = 64;
/// How much of what a mail server says is logged, in characters.
const MAX_CHARS: usize = 300;

/// How often it is tried.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How long one attempt may take.
    pub attempt: Duration,
    /// How long is waited after each attempt that failed; after that the notice is given up.
    pub waits: &'static [Duration],
}

impl Default for Patience {
    fn default() -> Self {
        const WAITS: &[Duration] = &[
            Duration::from_secs(5),
            Duration::from_secs(30),
            Duration::from_mins(2),
            Duration::from_mins(10),
        ];
        Self {
            attempt: Duration::from_secs(20),
            waits: WAITS,
        }
    }
}

/// A mail server: `smtp://user:password@host:587` or `smtps://…`. It prints without user and password.
#[derive(Clone)]
pub struct MailServer(Url);

/// Why a mail server's address cannot be used, as the rest of a sentence about it. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadMailServer(String);

/// How notices get there.
#[derive(Debug, Clone)]
pub(super) enum Way {
    Program(Program),
    Mail(Mail),
}

/// The notices that wait for one address.
pub(super) struct Queue {
    sender: Sender<Arc<Notice>>,
    address: String,
}

impl Queue {
    pub(super) fn start(
        way: Way,
        server: String,
        patience: Patience,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        let address = way.to_string();
        tasks.spawn(send_all(way, server, patience, receiver));
        Self { sender, address }
    }

    /// Never waits.
    pub(super) fn put(&self, notice: &Notice) {
        if self.sender.try_send(Arc::new(notice.clone())).is_err() {
            warn!(
                notice.cause = notice.cause.as_str(),
                "a notice to {} is dropped: {MAX_WAITING} others wait already", self.address
            );
        }
    }
}

async fn send_all(
    way: Way,
    server: String,
    patience: Patience,
    mut notices: Receiver<Arc<Notice>>,
) {
    while let Some(notice) = notices.recv().await {
        let result = match way.letter(&notice, &server) {
            Ok(letter) => bring(&way, &letter, patience).await,
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            warn!(
                notice.cause = notice.cause.as_str(),
                error = %with_causes(&*error),
                "a notice to {way} is given up"
            );
        }
    }
}

/// Tries until it works or the last attempt has failed.
async fn bring(way: &Way, letter: &Letter, patience: Patience) -> Result<(), BoxError> {
    let mut waits = patience.waits.iter();
    loop {
        let result = match timeout(patience.attempt, way.send(letter)).await {
            Ok(result) => result,
            Err(_) => Err(format!("no answer within {} s", patience.attempt.as_secs_f64()).into()),
        };
        match (result, waits.next()) {
            (Ok(()), _) => return Ok(()),
            (Err(_), Some(wait)) => sleep(*wait).await,
            (Err(error), None) => return Err(error),
        }
    }
}

/// A notice as it is sent: the same for every attempt, so that a second copy can be told.
enum Letter {
    Json { id: String, json: String },
    Mail(Box<Message>),
}

impl Way {
    fn letter(&self, notice: &Notice, server: &str) -> Result<Letter, BoxError> {
        match self {
            Self::Program(_) => Ok(Letter::Json {
                id: format!("notice_{:032x}", rand::random::<u128>()),
                json: notice.json(server),
            }),
            Self::Mail(mail) => Ok(Letter::Mail(Box::new(mail.message(notice, server)?))),
        }
    }

    async fn send(&self, letter: &Letter) -> Result<(), BoxError> {
        match (self, letter) {
            (Self::Program(program), Letter::Json { id, json }) => {
                program.tell(id, json.clone()).await
            }
            (Self::Mail(mail), Letter::Mail(message)) => {
                mail.server.send(Message::clone(message)).await
            }
            _ => unreachable!("`letter` writes what this way takes"),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(program) => program.url.fmt(f),
            Self::Mail(mail) => mail.server.fmt(f),
        }
    }
}

impl Mail {
    fn message(&self, notice: &Notice, server: &str) -> Result<Message, BoxError> {
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(notice.subject())
            .header(ContentType::TEXT_PLAIN)
            .message_id(None)
            .date_now();
        for reader in &self.to {
            message = message.to(reader.clone());
        }
        Ok(message.body(notice.text(server))?)
    }
}

impl MailServer {
    async fn send(&self, message: Message) -> Result<(), BoxError> {
        match self.transport()?.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Encrypted from the start with `smtps`. With `smtp` before anything is said that is secret; without user and
    /// password if the server can; never on this machine.
    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, BoxError> {
        let Self(url) = self;
        let mut url = url.clone();
        if url.scheme() == "smtp" && !self.is_here() {
            let has_secret = url.password().is_some();
            let tls = if has_secret {
                "required"
            } else {
                "opportunistic"
            };
            url.query_pairs_mut().append_pair("tls", tls);
        }
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str());
        Ok(builder.map_err(|error| self.failed(&error))?.build())
    }

    fn is_here(&self) -> bool {
        matches!(self.0.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
    }

    fn failed(&self, error: &lettre::transport::smtp::Error) -> BoxError {
        let mut said = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            let text = error.to_string();
            if !said.contains(&text) {
                said = format!("{said}: {text}");
            }
            cause = error.source();
        }
        if let Some(password) = self.0.password().filter(|password| !password.is_empty()) {
            said = said.replace(password, "***");
        }
        let said: String = said
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_CHARS)
            .collect();
        format!("the mail server {self} did not take it: {said}").into()
    }
}

impl FromStr for MailServer {
    type Err = BadMailServer;

    /// Blanks around the address are cut off: they come from copying.
    fn from_str(text: &str) -> Result<Self, BadMailServer> {
        const EXAMPLE: &str =
            "write for example `smtp://user:password@smtp.example.com:587` or `smtps://…`";
        let bad = |what: &str| BadMailServer(format!("{what}; {EXAMPLE}"));
        // What cannot be read may be a password anywhere.
        let url =
            Url::parse(text.trim()).map_err(|error| bad(&format!("is no address ({error})")))?;
        if !matches!(url.scheme(), "smtp" | "smtps") {
            return Err(bad("does not begin with `smtp://` or `smtps://`"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(bad("has no host"));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(bad(
                "has something behind host and port; in a user name or password, `/`, `?`, `#`, `@` and `%` are written \
                 `%2F`, `%3F`, `%23`, `%40` and `%25`",
            ));
        }
        if url.username().is_empty() != url.password().is_none() {
            return Err(bad(
                "has a user name or a password, both are needed or none",
            ));
        }
        Ok(Self(url))
    }
}

impl fmt::Display for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(url) = self;
        write!(
            f,
            "{}://{}",
            url.scheme(),
            url.host_str().unwrap_or_default()
        )?;
        match url.port() {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cause;
    use super::*;

    #[tokio::test]
    async fn who_tells_never_waits_for_who_listens() {
        // Nobody takes the connection from the listener's queue.
        let deaf = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!("http://{}/", deaf.local_addr().expect("it is bound"));
        let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
        let program = Program::new(
            url.parse().expect("an address"),
            secret.parse().expect("a secret"),
        );
        let mut tasks = JoinSet::new();
        let queue = Queue::start(
            Way::Program(program),
            String::new(),
            Patience::default(),
            &mut tasks,
        );
        let notice = Notice {
            cause: Cause::NoPush,
            at_ms: 0,
            accounts: Vec::new(),
        };
        for _ in 0..10 * MAX_WAITING {
            queue.put(&notice);
        }
        assert_eq!(queue.sender.capacity(), 0);
    }
}
