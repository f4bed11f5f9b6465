//! [`RelayBot`]: another server answers, one that was made for the platform: it gets the push as it came, signed with its own
//! token and sealed with its own key. `docs/relay.md` is the manual for those who have such a server.
//!
//! Source of the form: <https://developers.weixin.qq.com/doc/service/guide/dev/push/> (read 2026-11-22)

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use echostr_protocol::{
    Document, Element, Error, MAX_BYTES, Message, Query, Reply, Token, encrypted_part, open, seal,
    with_encrypted_part,
};
use futures_util::future::BoxFuture;
use http::StatusCode;
use http::header::{CONTENT_TYPE, USER_AGENT};
use reqwest::{Client, Response, Url};
use tokio::time::{Instant, timeout_at};

use crate::call::{AGENT, Failure, ON_THE_WAY, ProgramUrl, client, now, shown, wrong_status};
use crate::{Answer, BoxError, Context, Mode, OwnBot, Sealing};

/// In sentences.
const WHO: &str = "server";
/// How much of what the other server made up is shown to the owner, in characters.
const SHOWN_CHARS: usize = 200;

/// Another server as a bot, one that expects the platform. Cloning is cheap; all clones share their connections.
///
/// ```no_run
/// use echostr::prelude::*;
/// use echostr::{Relay, RelayBot};
///
/// # fn main() -> Result<()> {
/// let shop = Relay::new("https://shop.example.com/wx".parse()?, "TheTokenItHas".parse()?);
/// let bot = Bot::from_env()?
///     .state(RelayBot::new(shop))
///     .keyword("帮助", "发任意文字，商店会回答")
///     .on(async |message: Message, State(shop): State<RelayBot>| shop.answer(&message).await);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RelayBot {
    relay: Arc<Relay>,
    client: Client,
}

/// A server that expects the platform, and what it was told about it.
#[derive(Debug, Clone)]
pub struct Relay {
    /// Where it listens: what stood on the platform's page as URL(服务器地址). A query of its own is kept.
    pub url: ProgramUrl,
    /// Signs what is sent to it.
    pub token: Token,
    /// How bodies are sealed for it, whatever the account's own mode is. An answer may be sealed with the previous key.
    pub mode: Mode,
    /// How long an answer may take; it need not be within the platform's five seconds.
    pub timeout: Duration,
}

impl Relay {
    /// A server that expects clear bodies and has 60 seconds to answer.
    pub fn new(url: ProgramUrl, token: Token) -> Self {
        Self {
            url,
            token,
            mode: Mode::Plain,
            timeout: Duration::from_mins(1),
        }
    }
}

impl RelayBot {
    /// Makes no connection yet.
    pub fn new(relay: Relay) -> Self {
        let client = client(&relay.url);
        Self {
            relay: Arc::new(relay),
            client,
        }
    }

    /// What the other server answers to a push. It is asked at most once for each call, and never about a third-party
    /// platform's authorisations: those pushes hold tickets and codes, and have an address of their own.
    ///
    /// # Errors
    /// When no answer came in time, or none that the platform would take: the sentence says what came, and holds no secret.
    pub async fn answer(&self, message: &Message) -> Result<Reply, BoxError> {
        if matches!(message, Message::Component(_)) {
            return Ok(Reply::Silence);
        }
        let relay = &*self.relay;
        let push = relay.push(message, now(), rand::random())?;
        let by = Instant::now() + relay.timeout + ON_THE_WAY;
        let answer = self.call(push, by).await?;
        relay
            .read(&answer)
            .map_err(|what| relay.failed(&what).into())
    }

    /// The body of the answer.
    async fn call(&self, push: Push, by: Instant) -> Result<Vec<u8>, Failure> {
        let relay = &*self.relay;
        let request = self
            .client
            .post(push.url)
            .header(CONTENT_TYPE, push.content_type)
            .header(USER_AGENT, AGENT)
            .body(push.body);
        let Ok(sent) = timeout_at(by, request.send()).await else {
            let within = shown(relay.timeout);
            return Err(relay.failed(&format!("did not answer within {within}")));
        };
        let response = sent.map_err(|error| relay.unreached(&error))?;
        if response.status() != StatusCode::OK {
            return Err(relay.failed(&wrong(response.status())));
        }
        relay.whole(response, by).await
    }
}

impl OwnBot for RelayBot {
    fn answer<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Answer, BoxError>> {
        Box::pin(async { self.answer(&context.message).await.map(Answer::from) })
    }
}

/// One request to the other server, as the platform would make it.
struct Push {
    url: Url,
    content_type: &'static str,
    body: String,
}

impl Relay {
    /// `now` is Unix seconds, `random` comes from a cryptographic generator.
    fn push(&self, message: &Message, now: i64, random: [u8; 20]) -> Result<Push, BoxError> {
        let source = message.document().source();
        if source.is_empty() {
            return Err(
                "this message was not pushed: it has no document that could be passed on".into(),
            );
        }
        let is_json = source.trim_start().starts_with('{');
        // Of a push in compatible mode, which the account's own mode took in clear, the ciphertext is for us alone.
        let clear = if message.document().root().child("Encrypt").is_some() {
            Cow::from(with_encrypted_part(source, None)?)
        } else {
            Cow::from(source)
        };
        let (random, nonce) = split(random);
        let timestamp = now.to_string();

        let mut url = self.url.0.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair(
                "signature",
                self.token.signature(&timestamp, &nonce).as_str(),
            )
            .append_pair("timestamp", &timestamp)
            .append_pair("nonce", &nonce);
        let from = message.from_user().as_str();
        if !from.is_empty() {
            query.append_pair("openid", from);
        }
        let body = match &self.mode {
            Mode::Plain => clear.into_owned(),
            Mode::Compatible(sealing) | Mode::Safe(sealing) => {
                let Sealing { app_id, key, .. } = sealing;
                let sealed = seal(key, &self.token, app_id, &clear, random, now, &nonce);
                let encrypt = encrypted_part(sealed.as_bytes())?;
                let signature = self.token.msg_signature(&timestamp, &nonce, &encrypt);
                query
                    .append_pair("encrypt_type", "aes")
                    .append_pair("msg_signature", signature.as_str());
                match &self.mode {
                    Mode::Safe(_) => envelope(message.to_user().as_str(), &encrypt, is_json),
                    _ => with_encrypted_part(&clear, Some(&encrypt))?,
                }
            }
        };
        drop(query);
        Ok(Push {
            url,
            content_type: if is_json {
                "application/json"
            } else {
                "text/xml"
            },
            body,
        })
    }

    /// All of the answer, bounded in size and time.
    async fn whole(&self, mut response: Response, by: Instant) -> Result<Vec<u8>, Failure> {
        let mut whole = Vec::new();
        loop {
            match timeout_at(by, response.chunk()).await {
                Ok(Ok(Some(chunk))) => whole.extend_from_slice(&chunk),
                Ok(Ok(None)) => return Ok(whole),
                Ok(Err(error)) => return Err(self.unreached(&error)),
                Err(_) => {
                    let within = shown(self.timeout);
                    return Err(
                        self.failed(&format!("did not send all of its answer within {within}"))
                    );
                }
            }
            if whole.len() > MAX_BYTES {
                return Err(self.failed(&format!("answered with more than {MAX_BYTES} bytes")));
            }
        }
    }

    /// What the answer means, or what is wrong with it.
    fn read(&self, answer: &[u8]) -> Result<Reply, String> {
        if is_silence(answer) {
            return Ok(Reply::Silence);
        }
        let document = Document::parse(answer).map_err(|error| {
            let why = why(&error);
            format!("answered with what the platform cannot read ({why}); `success`, nothing or XML is needed")
        })?;
        match (document.root().child("Encrypt"), &self.mode) {
            (None, Mode::Safe(_)) => Err(
                "answered with clear text, but in `safe` mode the platform takes only what is sealed; is its own mode `safe`?".into(),
            ),
            (None, _) => reply(&document),
            (Some(_), Mode::Plain) => Err(
                "answered with a sealed reply, but the relay's mode is `plain`; give its `mode`, `app_id` and \
                 `encoding_aes_key`".into(),
            ),
            (Some(encrypt), Mode::Compatible(sealing) | Mode::Safe(sealing)) => {
                let clear = self.opened(document.root(), encrypt.text(), sealing)?;
                if is_silence(clear.as_bytes()) {
                    return Ok(Reply::Silence);
                }
                reply(&Document::from_text(clear).map_err(unusable)?)
            }
        }
    }

    /// The clear text of a sealed answer whose signature is that of its token.
    fn opened(
        &self,
        envelope: Element<'_>,
        encrypt: &str,
        sealing: &Sealing,
    ) -> Result<Arc<str>, String> {
        let value = |name: &str| envelope.child(name).map(|element| element.text().into());
        let query = Query {
            msg_signature: value("MsgSignature"),
            timestamp: value("TimeStamp"),
            nonce: value("Nonce"),
            ..Query::default()
        };
        self.token.verify_msg(&query, encrypt).map_err(|_| {
            "answered with a sealed reply whose `MsgSignature` is missing or is not that of the relay's token".to_owned()
        })?;
        let both = [
            &sealing.key,
            sealing.previous_key.as_ref().unwrap_or(&sealing.key),
        ];
        let keys = &both[..if sealing.previous_key.is_some() { 2 } else { 1 }];
        let opened = open(keys, encrypt, &sealing.app_id);
        opened.map(|(clear, _)| clear).map_err(|error| match error {
            Error::BadAppId { found, expected } => format!(
                "answered with a reply that was sealed for AppID `{}`, the relay has `{expected}`",
                short(&found)
            ),
            error => format!(
                "answered with a sealed reply that does not open ({}); is its EncodingAESKey the relay's?",
                error.class()
            ),
        })
    }

    /// `what` goes on after "the server at …".
    fn failed(&self, what: &str) -> Failure {
        Failure::of(WHO, &self.url, what)
    }

    fn unreached(&self, error: &reqwest::Error) -> Failure {
        Failure::unreached(WHO, &self.url, error)
    }
}

/// A body of safe mode.
fn envelope(to: &str, encrypt: &str, is_json: bool) -> String {
    if is_json {
        return serde_json::json!({ "ToUserName": to, "Encrypt": encrypt }).to_string();
    }
    let to = to.replace("]]>", "]]]]><![CDATA[>");
    format!(
        "<xml><ToUserName><![CDATA[{to}]]></ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"
    )
}

/// For the ciphertext, and a nonce as the platform's: decimal digits.
fn split(random: [u8; 20]) -> ([u8; 16], String) {
    let (prefix, nonce) = random.split_at(16);
    let nonce = u32::from_le_bytes(nonce.try_into().expect("4 of 20 bytes"));
    (
        prefix.try_into().expect("16 of 20 bytes"),
        nonce.to_string(),
    )
}

/// Many servers end what they say with a line end, and some begin it with a byte order mark.
fn is_silence(answer: &[u8]) -> bool {
    let answer = answer.strip_prefix("\u{feff}".as_bytes()).unwrap_or(answer);
    matches!(answer.trim_ascii(), b"" | b"success")
}

fn reply(document: &Document) -> Result<Reply, String> {
    let missing = |name: &str| {
        Err(unusable(Error::BadXml(format!(
            "the reply has no `{name}`"
        ))))
    };
    match Reply::parse(document).map_err(unusable)? {
        Reply::News(articles) if articles.is_empty() => missing("Articles.item"),
        Reply::Music(music) if music.thumb_media_id.as_str().is_empty() => {
            missing("Music.ThumbMediaId")
        }
        // A long text is given out in parts.
        reply @ Reply::Text(_) => Ok(reply),
        reply => Ok(reply.detached()),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands behind `map_err`")]
fn unusable(error: Error) -> String {
    format!("answered with a reply that cannot be used: {}", why(&error))
}

fn why(error: &Error) -> String {
    match error {
        Error::BadXml(what) => short(what),
        error => short(&error.to_string()),
    }
}

/// What the other server made up may be in it.
fn short(text: &str) -> String {
    let characters = text.chars().filter(|character| !character.is_control());
    characters.take(SHOWN_CHARS).collect()
}

fn wrong(status: StatusCode) -> String {
    let what = wrong_status(status, "200");
    if status.is_client_error() {
        format!("{what}; are its token and its mode those of the relay?")
    } else {
        what
    }
}
