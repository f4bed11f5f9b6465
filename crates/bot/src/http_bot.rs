//! [`HttpBot`]: the owner's own program answers, in whatever language it is written: signed JSON goes out, JSON or a text
//! comes back. `docs/http-bot.md` is the manual for those who write such programs.
//!
//! Source of the three headers and the signature:
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md> (read 2026-11-22)

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use echostr_protocol::{Article, Event, Key, Message, Music, Reply, Video};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, Stream, StreamExt as _};
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, USER_AGENT};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};
use sse_stream::{Sse, SseByteStream};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook,
};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::{Instant, timeout_at};

use crate::answer::{Answer, Markdown, Markup, TextStream};
use crate::call::{
    AGENT, BadProgram, EXCERPT_CHARS, Failure, ON_THE_WAY, ProgramUrl, client, excerpt, now, shown,
    wrong_status,
};
use crate::handler::IntoAnswer as _;
use crate::{Account, BoxError, Context, OwnBot};

/// How long a text may be, in bytes.
const MAX_TEXT_BYTES: usize = 256 * 1024;
/// How much of an answer is read when it is more than a text: JSON, or events around a text.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// In sentences.
const WHO: &str = "program";
/// The largest number that programs in JavaScript read exactly.
const MAX_EXACT: u64 = (1 << 53) - 1;

/// The owner's program as a bot. Cloning is cheap; all clones share their connections.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use echostr::prelude::*;
/// use echostr::{HttpBot, Program};
///
/// # fn main() -> Result<()> {
/// let program = Program::new(
///     "http://127.0.0.1:9000/".parse()?,
///     "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse()?,
/// );
/// let bot = Bot::from_env()?.state(HttpBot::new(program)).on(
///     async |message: Message, account: Arc<Account>, State(program): State<HttpBot>| {
///         program.answer(&message, &account).await
///     },
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct HttpBot {
    program: Arc<Program>,
    client: Client,
}

/// A program that answers, and how it is called.
#[derive(Debug, Clone)]
pub struct Program {
    /// Where it listens.
    pub url: ProgramUrl,
    /// Signs what is sent to it.
    pub secret: ProgramSecret,
    /// How long an answer may take, and how long a text that comes piece by piece may pause.
    pub timeout: Duration,
    /// Whether it gets events too. Without them, a new follower gets the account's welcome text, and other events no answer.
    pub events: bool,
}

/// `whsec_` and 24 to 64 random bytes in base64. It prints as `***`.
#[derive(Clone)]
pub struct ProgramSecret(Arc<Secret>);

struct Secret {
    base64: String,
    signer: Webhook,
}

impl Program {
    /// A program that has 60 seconds to answer and gets no events.
    pub fn new(url: ProgramUrl, secret: ProgramSecret) -> Self {
        Self {
            url,
            secret,
            timeout: Duration::from_mins(1),
            events: false,
        }
    }
}

impl Program {
    /// Posts what it need not answer, as signed JSON. `id` is the same for every attempt at the same thing.
    ///
    /// # Errors
    /// When it cannot be reached or does not accept it. There is no secret in the sentence, and no limit in time: the caller
    /// has one.
    pub async fn tell(&self, id: &str, json: String) -> Result<(), BoxError> {
        let request = self.signed(&client(&self.url), id, now(), json);
        let response = request.send().await;
        let status = response.map_err(|error| self.unreached(&error))?.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(self.failed(&wrong_status(status, "2xx")).into())
        }
    }

    fn signed(&self, client: &Client, id: &str, timestamp: i64, body: String) -> RequestBuilder {
        client
            .post(self.url.0.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, AGENT)
            .header(HEADER_WEBHOOK_ID, id)
            .header(HEADER_WEBHOOK_TIMESTAMP, timestamp)
            .header(
                HEADER_WEBHOOK_SIGNATURE,
                self.secret.sign(id, timestamp, &body),
            )
            .body(body)
    }
}

impl HttpBot {
    /// Makes no connection yet.
    pub fn new(program: Program) -> Self {
        let client = client(&program.url);
        Self {
            program: Arc::new(program),
            client,
        }
    }

    /// What the program answers to a message. It is asked at most once for each call.
    ///
    /// # Errors
    /// When no answer came in time, or none that can be used: the sentence says what came, and holds no secret.
    pub async fn answer(&self, message: &Message, account: &Account) -> Result<Answer, BoxError> {
        if !self.program.takes(message) {
            return Ok(unasked(message, account).into());
        }
        let response = self.ask(message, account).await?;
        self.read(response).await
    }

    async fn ask(&self, message: &Message, account: &Account) -> Result<Body, Failure> {
        let Program { timeout, .. } = &*self.program;
        let id = webhook_id(message, &account.id);
        let timestamp = now();
        let body = body(message, &account.id, timestamp);
        let request = self
            .program
            .signed(&self.client, &id, timestamp, body)
            .header(
                ACCEPT,
                "application/json, text/plain, text/markdown, text/event-stream",
            );
        // The time is the program's; the way there and back is not counted.
        let by = Instant::now() + *timeout + ON_THE_WAY;
        match timeout_at(by, request.send()).await {
            Ok(Ok(response)) => Ok(Body {
                response,
                program: Arc::clone(&self.program),
                by,
                is_stream: false,
                n_bytes: 0,
                limit_bytes: MAX_BODY_BYTES,
            }),
            Ok(Err(error)) => Err(self.program.unreached(&error)),
            Err(_) => Err(self
                .program
                .failed(&format!("did not answer within {}", shown(*timeout)))),
        }
    }

    async fn read(&self, body: Body) -> Result<Answer, BoxError> {
        let status = body.response.status();
        if status == StatusCode::NO_CONTENT {
            return Ok(Reply::Silence.into());
        }
        if status != StatusCode::OK {
            return Err(body
                .refused(&wrong_status(status, "200 or 204"))
                .await
                .into());
        }
        match &*body.content_type() {
            "application/json" => body.json().await,
            "text/plain" => body.text(Markup::Plain),
            "text/markdown" => body.text(Markup::Markdown),
            "text/event-stream" => Ok(body.events()),
            other => Err(body.refused(&wrong_type(other)).await.into()),
        }
    }
}

impl OwnBot for HttpBot {
    fn answer<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Answer, BoxError>> {
        Box::pin(self.answer(&context.message, &context.account))
    }
}

impl Program {
    /// Pushes to a third-party platform hold its tickets and codes: they go to nobody.
    fn takes(&self, message: &Message) -> bool {
        message.is_ordinary() || (self.events && !matches!(message, Message::Component(_)))
    }

    /// `what` goes on after "the program at …".
    fn failed(&self, what: &str) -> Failure {
        Failure::of(WHO, &self.url, what)
    }

    fn unreached(&self, error: &reqwest::Error) -> Failure {
        Failure::unreached(WHO, &self.url, error)
    }

    fn excerpt(&self, came: &[u8]) -> String {
        excerpt(came, &self.secret.0.base64)
    }
}

/// What a message gets that does not go to the program.
fn unasked(message: &Message, account: &Account) -> Reply {
    match message {
        Message::Event(Event::Subscribe(_)) => Reply::from(&*account.welcome),
        _ => Reply::Silence,
    }
}

/// The same for all deliveries of a push, and when it is answered again after a crash.
fn webhook_id(message: &Message, account: &str) -> String {
    use std::fmt::Write as _;
    let mut hasher = Sha1::new();
    let created_at = message.created_at().to_string();
    for part in [account, Key::of(message).as_str(), &created_at] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize()[..16]
        .iter()
        .fold("msg_".to_owned(), |mut id, byte| {
            write!(id, "{byte:02x}").expect("a string can be written to");
            id
        })
}

/// The JSON that the program gets. `now` stands in for a `CreateTime` that is missing.
fn body(message: &Message, account: &str, now: i64) -> String {
    let kind = match message {
        // On the wire it is a text, but the follower did not write it.
        Message::Unsupported(_) => "unsupported".into(),
        message => message.kind(),
    };
    let group = match message {
        Message::Event(_) => "event",
        Message::Device(_) => "device",
        Message::Component(_) => "component",
        Message::Unknown(_) => "unknown",
        _ => "message",
    };
    let moment = [message.created_at(), now]
        .into_iter()
        .filter(|seconds| *seconds > 0)
        .find_map(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);

    let mut data =
        serde_json::to_value(message).expect("messages are objects of texts and numbers");
    exact(&mut data);
    data["account"] = account.into();
    data["kind"] = (*kind).into();
    data["key"] = Key::of(message).as_str().into();
    if matches!(
        message,
        Message::Unknown(_) | Message::Event(Event::Unknown(_))
    ) {
        data["document"] = message.document().source().into();
    }
    json!({
        "type": format!("{group}.{kind}"),
        "timestamp": moment.format(&Rfc3339).expect("the years of these seconds have four digits"),
        "data": data,
    })
    .to_string()
}

/// Numbers that programs in JavaScript would round become texts.
fn exact(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let is_rounded = match (number.as_u64(), number.as_i64()) {
                (None, None) => false,
                (size, negative) => {
                    size.or(negative.map(i64::unsigned_abs)).unwrap_or_default() > MAX_EXACT
                }
            };
            if is_rounded {
                *value = number.to_string().into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(exact),
        Value::Object(members) => members.values_mut().for_each(exact),
        _ => {}
    }
}

/// An answer while it is read.
struct Body {
    response: Response,
    program: Arc<Program>,
    /// When the next bytes have to be there.
    by: Instant,
    /// Then the time begins anew with each piece.
    is_stream: bool,
    n_bytes: usize,
    limit_bytes: usize,
}

impl Body {
    /// Without parameters, in lower case; empty when there is none.
    fn content_type(&self) -> String {
        let value = self.response.headers().get(CONTENT_TYPE);
        let value = value.map(HeaderValue::as_bytes).unwrap_or_default();
        let value = String::from_utf8_lossy(value);
        let essence = value.split(';').next().unwrap_or_default();
        essence.trim().to_ascii_lowercase()
    }

    /// The next bytes, or nothing at the end.
    async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let Program { timeout, .. } = *self.program;
        let chunk = match timeout_at(self.by, self.response.chunk()).await {
            Ok(Ok(chunk)) => chunk,
            Ok(Err(error)) => return Err(self.program.unreached(&error)),
            Err(_) => {
                let what = if self.is_stream {
                    "sent nothing more of its text for"
                } else {
                    "did not send all of its answer within"
                };
                return Err(self.program.failed(&format!("{what} {}", shown(timeout))));
            }
        };
        if self.is_stream {
            self.by = Instant::now() + timeout;
        }
        self.n_bytes += chunk.as_ref().map_or(0, Bytes::len);
        if self.n_bytes > self.limit_bytes {
            return Err(self.too_long());
        }
        Ok(chunk)
    }

    fn too_long(&self) -> Failure {
        let limit_bytes = self.limit_bytes;
        self.program
            .failed(&format!("answered with more than {limit_bytes} bytes"))
    }

    /// The failure that `what` is wrong with the answer, and how it begins.
    async fn refused(mut self, what: &str) -> Failure {
        let mut came = Vec::new();
        // A little more than is shown: a secret at its end must be whole to be seen.
        while came.len() < 4 * EXCERPT_CHARS + 128 {
            match self.chunk().await {
                Ok(Some(chunk)) => came.extend_from_slice(&chunk),
                _ => break,
            }
        }
        self.unusable(what, &came)
    }

    fn unusable(&self, what: &str, came: &[u8]) -> Failure {
        let excerpt = self.program.excerpt(came);
        self.program.failed(&if excerpt.is_empty() {
            format!("{what}; nothing is in it")
        } else {
            format!("{what}; it begins: {excerpt}")
        })
    }

    async fn json(mut self) -> Result<Answer, BoxError> {
        let mut came = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            came.extend_from_slice(&chunk);
        }
        of_json(&came).map_err(|why| {
            let what = format!("answered with JSON that cannot be used: {why}");
            self.unusable(&what, &came).into()
        })
    }

    /// A text, whether it comes at once or piece by piece.
    fn text(mut self, markup: Markup) -> Result<Answer, BoxError> {
        self.is_stream = true;
        self.limit_bytes = MAX_TEXT_BYTES;
        let length = self.response.content_length();
        if length.is_some_and(|length| length > MAX_TEXT_BYTES as u64) {
            return Err(self.too_long().into());
        }
        let pieces = stream::try_unfold((self, Vec::new()), async |(mut body, mut cut)| {
            while let Some(chunk) = body.chunk().await? {
                cut.extend_from_slice(&chunk);
                let piece = whole_characters(&mut cut).ok_or_else(|| body.program.not_utf_8())?;
                if !piece.is_empty() {
                    return Ok(Some((piece, (body, cut))));
                }
            }
            if cut.is_empty() {
                Ok(None)
            } else {
                Err(body.program.not_utf_8())
            }
        });
        Ok(of_pieces(pieces, markup))
    }

    /// A text in Markdown whose pieces are the data of server-sent events.
    fn events(mut self) -> Answer {
        self.is_stream = true;
        let program = Arc::clone(&self.program);
        let bytes = stream::try_unfold(self, async |mut body| {
            let chunk = body.chunk().await?;
            Ok::<_, Failure>(chunk.map(|chunk| (chunk, body)))
        });
        // Many programs leave out the blank line after their last event.
        let bytes = bytes.chain(stream::once(async { Ok(Bytes::from_static(b"\n\n")) }));
        let events = SseByteStream::new(bytes.boxed());
        let pieces = stream::try_unfold((events, program, 0), async |(mut events, program, n)| {
            while let Some(event) = events.next().await {
                let Sse { event, data, .. } = event.map_err(|error| match error {
                    sse_stream::Error::Body(error) => match error.downcast::<Failure>() {
                        Ok(failure) => *failure,
                        Err(error) => program.failed(&format!("broke off: {error}")),
                    },
                    _ => program.not_utf_8(),
                })?;
                let data = data.unwrap_or_default();
                if event.as_deref() == Some("error") {
                    let excerpt = program.excerpt(data.as_bytes());
                    return Err(program.failed(&format!("ended with an `error` event: {excerpt}")));
                }
                if data == "[DONE]" {
                    return Ok(None);
                }
                let n = n + data.len();
                if n > MAX_TEXT_BYTES {
                    let what = format!("sent a text of more than {MAX_TEXT_BYTES} bytes");
                    return Err(program.failed(&what));
                }
                if !data.is_empty() {
                    return Ok(Some((data, (events, program, n))));
                }
            }
            Ok(None)
        });
        of_pieces(pieces, Markup::Markdown)
    }
}

fn of_pieces(
    pieces: impl Stream<Item = Result<String, Failure>> + Send + 'static,
    markup: Markup,
) -> Answer {
    match markup {
        Markup::Plain => TextStream::new(pieces).into(),
        Markup::Markdown => TextStream::markdown(pieces).into(),
    }
}

/// Takes what is whole; the beginning of a character stays. Nothing when there is what no character begins with.
fn whole_characters(bytes: &mut Vec<u8>) -> Option<String> {
    let n_whole = match std::str::from_utf8(bytes) {
        Ok(text) => text.len(),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => return None,
    };
    let rest = bytes.split_off(n_whole);
    String::from_utf8(std::mem::replace(bytes, rest)).ok()
}

/// The members of which a JSON answer has one.
const ANSWERS: &[&str] = &[
    "text", "markdown", "image", "voice", "video", "music", "news", "desk", "ai", "silence",
];

/// The answer in JSON, or what is wrong with it.
fn of_json(json: &[u8]) -> Result<Answer, String> {
    let value = serde_json::from_slice(json).map_err(|error| format!("{error}"))?;
    let Value::Object(members) = without_nulls(value) else {
        return Err("an object is needed, like {\"text\": \"…\"}".into());
    };
    let mut members = members.into_iter();
    let (name, value) = match (members.next(), members.next()) {
        (Some(member), None) => member,
        (Some((first, _)), Some((second, _))) => {
            return Err(format!(
                "it has `{}` and `{}`, exactly one member is needed",
                short(&first),
                short(&second)
            ));
        }
        (None, _) => return Err(format!("it is empty, one is needed of {}", names(ANSWERS))),
    };
    let reply = match (&*name, value) {
        ("text", Value::String(text)) => Reply::Text(bounded(text)?),
        ("markdown", Value::String(text)) => {
            let answer = Markdown(bounded(text)?).into_answer();
            return answer.map_err(|error| error.to_string());
        }
        ("image", Value::String(id)) if !id.is_empty() => Reply::Image(id.into()),
        ("voice", Value::String(id)) if !id.is_empty() => Reply::Voice(id.into()),
        ("video", Value::Object(video)) => {
            let video: Video = object("video", video, &["media_id", "title", "description"])?;
            if video.media_id.as_str().is_empty() {
                return Err("`video` has no `media_id`".into());
            }
            Reply::Video(video)
        }
        ("music", Value::Object(music)) => {
            const NAMES: &[&str] = &[
                "title",
                "description",
                "music_url",
                "hq_music_url",
                "thumb_media_id",
            ];
            let music: Music = object("music", music, NAMES)?;
            if music.thumb_media_id.as_str().is_empty() {
                return Err("`music` has no `thumb_media_id`".into());
            }
            Reply::Music(music)
        }
        ("news", Value::Array(articles)) if !articles.is_empty() => {
            let articles = articles.into_iter().map(article);
            Reply::News(articles.collect::<Result<_, _>>()?)
        }
        ("desk", Value::Bool(true)) => Reply::TransferCustomerService(None),
        ("desk", Value::String(agent)) if !agent.is_empty() => {
            Reply::TransferCustomerService(Some(agent))
        }
        ("ai", Value::Bool(true)) => Reply::TransferBizAiIvr,
        ("silence", Value::Bool(true)) => Reply::Silence,
        (name, _) => return Err(unfit(name)),
    };
    Ok(reply.into())
}

/// What is wrong with a member whose value does not fit.
fn unfit(name: &str) -> String {
    let needed = match name {
        "text" | "markdown" => "a text",
        "image" | "voice" => "a media id",
        "video" => "an object with `media_id`, `title`, `description`",
        "music" => {
            "an object with `title`, `description`, `music_url`, `hq_music_url`, `thumb_media_id`"
        }
        "news" => "a list of objects with `title`, `description`, `pic_url`, `url`",
        "desk" => "`true` or the account of an agent",
        "ai" | "silence" => "`true`",
        other => {
            return format!(
                "`{}` is not known; there are {}",
                short(other),
                names(ANSWERS)
            );
        }
    };
    format!("`{name}` is something else than {needed}")
}

fn article(value: Value) -> Result<Article, String> {
    let Value::Object(article) = value else {
        return Err(unfit("news"));
    };
    object("news", article, &["title", "description", "pic_url", "url"])
}

/// The object under `member`, which has no names but these.
fn object<T: serde::de::DeserializeOwned>(
    member: &str,
    object: Map<String, Value>,
    known: &[&str],
) -> Result<T, String> {
    if let Some(name) = object.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(format!(
            "`{}` in `{member}` is not known; there are {}",
            short(name),
            names(known)
        ));
    }
    serde_json::from_value(Value::Object(object)).map_err(|error| format!("`{member}`: {error}"))
}

fn bounded(text: String) -> Result<String, String> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(format!(
            "the text has {} bytes, at most {MAX_TEXT_BYTES} are allowed",
            text.len()
        ));
    }
    Ok(text)
}

/// Programs with types write down what they do not mean, as `null`.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                members
                    .map(|(name, value)| (name, without_nulls(value)))
                    .collect(),
            )
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        value => value,
    }
}

fn names(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// A name that the program made up.
fn short(name: &str) -> String {
    name.chars()
        .filter(|character| !character.is_control())
        .take(40)
        .collect()
}

fn wrong_type(found: &str) -> String {
    let needed = "application/json, text/plain, text/markdown and text/event-stream can be read";
    if found.is_empty() {
        return format!("answered without `Content-Type`; {needed}, status 204 is silence");
    }
    format!("answered with content type `{}`; {needed}", short(found))
}

impl Program {
    fn not_utf_8(&self) -> Failure {
        self.failed("sent a text that is not UTF-8")
    }
}

impl ProgramSecret {
    const PREFIX: &str = "whsec_";

    /// The secret in clear, as the program has it. Never log it.
    pub fn expose(&self) -> String {
        format!("{}{}", Self::PREFIX, self.0.base64)
    }

    fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let signed = self.0.signer.sign(id, timestamp, body.as_bytes());
        signed.expect("it fails only for what is not UTF-8")
    }
}

impl FromStr for ProgramSecret {
    type Err = BadProgram;

    /// Blanks around the secret are cut off: they come from copying.
    fn from_str(text: &str) -> Result<Self, BadProgram> {
        const MAKE: &str = "make one with: echo \"whsec_$(openssl rand -base64 32)\"";
        let bad = |what: &str| BadProgram::Secret(format!("{what}; {MAKE}"));
        let Some(base64) = text.trim().strip_prefix(Self::PREFIX) else {
            return Err(bad("does not begin with `whsec_`"));
        };
        let signer = Webhook::new(base64).map_err(|_| bad("is not base64 after its `whsec_`"))?;
        // Four characters are three bytes; `=` stands for a byte that is not there.
        let n_bytes = base64.len() / 4 * 3 - base64.bytes().filter(|byte| *byte == b'=').count();
        if !(24..=64).contains(&n_bytes) {
            return Err(bad(&format!("has {n_bytes} bytes, 24 to 64 are allowed")));
        }
        let base64 = base64.to_owned();
        Ok(Self(Arc::new(Secret { base64, signer })))
    }
}

impl fmt::Debug for ProgramSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
