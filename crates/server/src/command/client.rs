//! How a command asks: the running server through its socket, or, when none runs, the store that it opens itself. Both answer
//! with the HTTP API.

use std::fmt;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, Response, StatusCode};
use clap::Args;
use echostr_store::Error;
use futures_util::TryStreamExt as _;
use http_body_util::{BodyExt as _, Limited};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::config::FAULTY;
use super::here::{Here, Unopened};
use super::print::{clean, escaped};
use crate::config::{Config, Sources, load};
use crate::socket;
use crate::store::with_causes;

/// How large an answer may be that is read as a whole.
const ANSWER_BYTES: usize = 64 << 20;

/// The most that is on one page of the API.
const PAGE: usize = 200;

/// Which server: found as `serve` finds its data.
#[derive(Args)]
pub(super) struct Where {
    /// 设置文件，默认是当前目录的 echostr.toml（如果有） · the settings, by default `echostr.toml` if there is one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// 数据文件夹 · the folder for data
    #[arg(long, value_name = "FOLDER")]
    data: Option<String>,
}

impl Where {
    /// For a command with options of its own for it.
    pub(super) fn at(config: Option<PathBuf>, data: Option<String>) -> Self {
        Self { config, data }
    }
}

/// Reads the settings, and runs a command with what answers it. What went wrong is printed.
pub(super) fn run(
    place: Where,
    command: impl AsyncFnOnce(&mut Client) -> Result<ExitCode, Failure>,
) -> ExitCode {
    let sources = Sources {
        config: place.config,
        data: place.data,
        environment: std::env::vars_os().collect(),
        ..Sources::default()
    };
    let config = match load(&sources) {
        Ok((config, _)) => config,
        Err(faults) => {
            eprintln!("{faults}");
            return ExitCode::from(FAULTY);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return Failure::Trouble(error.to_string()).report(),
    };
    runtime.block_on(async {
        let mut client = Client::new(config);
        let done = command(&mut client).await;
        client.let_go().await;
        done.unwrap_or_else(Failure::report)
    })
}

/// Prints what a command found.
pub(super) fn say(text: &str) -> Result<ExitCode, Failure> {
    let mut out = io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // Whoever reads it has seen enough (`… | head`).
        Err(_) => Err(Failure::Unread),
    }
}

/// What answers a command.
pub(super) struct Client {
    config: Config,
    // Opened at the first question when no server runs.
    here: OnceCell<Here>,
}

impl Client {
    fn new(config: Config) -> Self {
        Self {
            config,
            here: OnceCell::new(),
        }
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.json(Method::GET, path, Content::None).await
    }

    pub(super) async fn post(&self, path: &str, content: Content) -> Result<Value, Failure> {
        self.json(Method::POST, path, content).await
    }

    pub(super) async fn patch(&self, path: &str, fields: Value) -> Result<Value, Failure> {
        self.json(Method::PATCH, path, Content::Json(fields)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.json(Method::DELETE, path, Content::None).await
    }

    /// Asks, and reads a text.
    pub(super) async fn text(&self, path: &str) -> Result<String, Failure> {
        let bytes = read(self.answer(Method::GET, path, Content::None).await?).await?;
        String::from_utf8(bytes.into()).map_err(|error| Failure::Trouble(error.to_string()))
    }

    /// Asks, and prints what comes as it comes: lines of JSON.
    pub(super) async fn pour(&self, path: &str) -> Result<ExitCode, Failure> {
        let answer = self.answer(Method::GET, path, Content::None).await?;
        let mut pieces = answer.into_body().into_data_stream();
        // A character may be cut by the end of a piece.
        let mut bytes = Vec::new();
        while let Some(piece) = pieces
            .try_next()
            .await
            .map_err(|error| broken_off(&error))?
        {
            bytes.extend_from_slice(&piece);
            let whole = match std::str::from_utf8(&bytes) {
                Ok(text) => text.len(),
                Err(error) => error.valid_up_to(),
            };
            let rest = bytes.split_off(whole);
            say(&escaped(&String::from_utf8_lossy(&bytes)))?;
            bytes = rest;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Asks, and gives the answer unread: it may be a file.
    pub(super) async fn fetch(
        &self,
        path: &str,
        content: Content,
    ) -> Result<Response<Body>, Failure> {
        self.answer(Method::POST, path, content).await
    }

    /// At most so many of a list, page by page; `query` may say where it begins.
    pub(super) async fn all(
        &self,
        parts: &[&str],
        query: &[(&str, Option<String>)],
        limit: usize,
    ) -> Result<Found, Failure> {
        let mut found = Found::default();
        let mut query = query.to_vec();
        loop {
            let missing = limit - found.items.len();
            let mut asked = query.clone();
            asked.push(("limit", Some(missing.clamp(1, PAGE).to_string())));
            let mut page = self.get(&path(parts, &asked)).await?;
            if let Value::Array(items) = page["items"].take() {
                found.items.extend(items);
            }
            found.next = match page["next"].take() {
                Value::Null => None,
                Value::String(next) => Some(next),
                next => Some(next.to_string()),
            };
            let Some(next) = &found.next else {
                return Ok(found);
            };
            if found.items.len() >= limit {
                found.items.truncate(limit);
                return Ok(found);
            }
            // Accounts and rules go on after one, everything else before a number.
            let name = if ["accounts", "rules"].contains(&parts[0]) && parts.len() == 1 {
                "after"
            } else {
                "before"
            };
            query.retain(|(other, _)| *other != name);
            query.push((name, Some(next.clone())));
        }
    }

    /// An empty list, said in words; of an account that does not exist it is a failure.
    pub(super) async fn say_none(
        &self,
        account: Option<&str>,
        words: &str,
    ) -> Result<ExitCode, Failure> {
        if let Some(account) = account {
            self.get(&path(&["accounts", account], &[])).await?;
        }
        say(words)
    }

    /// Asks the server only; nothing when none runs.
    pub(super) async fn get_of_server(&self, path: &str) -> Result<Option<Value>, Failure> {
        let request = Content::None.request(Method::GET, path);
        match self.ask_server(request).await? {
            Ok(answer) => json(good(answer).await?).await.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Whether a server runs, or did not when it was asked first.
    pub(super) fn is_of_server(&self) -> bool {
        !self.here.initialized()
    }

    /// Since when a change counts that was just made, in both languages. Who meant a server that runs on another folder sees it
    /// here.
    pub(super) fn since(&self) -> [String; 2] {
        if self.is_of_server() {
            return ["立即生效".into(), "at once".into()];
        }
        let data = self.config.data.display();
        [
            format!("下次启动时生效（没有服务器在用 {data}）"),
            format!("from the next start on, as no server uses {data}"),
        ]
    }

    /// Frees the store, if this process has opened it: a server may have it.
    pub(super) async fn let_go(&mut self) {
        if let Some(here) = self.here.take() {
            here.close().await;
        }
    }

    async fn json(&self, method: Method, path: &str, content: Content) -> Result<Value, Failure> {
        json(self.answer(method, path, content).await?).await
    }

    /// A good answer.
    async fn answer(
        &self,
        method: Method,
        path: &str,
        content: Content,
    ) -> Result<Response<Body>, Failure> {
        let is_reading = method == Method::GET;
        let request = content.request(method, path);
        if let Some(here) = self.here.get() {
            return good(here.answer(request).await).await;
        }
        match self.ask_server(request).await? {
            Ok(answer) => good(answer).await,
            Err(request) => match self.open(is_reading).await {
                Ok(here) => good(here.answer(request).await).await,
                // A server may just have been started, or one stops.
                Err(error) => match self.ask_server(request).await? {
                    Ok(answer) => good(answer).await,
                    Err(_) => Err(unopened(&error)),
                },
            },
        }
    }

    /// The request comes back when no server runs.
    async fn ask_server(
        &self,
        request: Request,
    ) -> Result<Result<Response<Body>, Request>, Failure> {
        let folder = &self.config.data;
        socket::ask(folder, request).await.map_err(|error| {
            let path = folder.join(socket::NAME);
            let remedy = match error.kind() {
                io::ErrorKind::PermissionDenied => {
                    "; run the command as the user whose server it is"
                }
                _ => "",
            };
            Failure::Trouble(format!(
                "cannot ask the server at {}: {error}{remedy}",
                path.display()
            ))
        })
    }

    async fn open(&self, is_reading: bool) -> Result<&Here, Unopened> {
        self.here
            .get_or_try_init(async || Here::open(&self.config, is_reading).await)
            .await
    }
}

/// A list as far as it was asked for.
#[derive(Default)]
pub(super) struct Found {
    pub(super) items: Vec<Value>,
    /// Where it goes on.
    pub(super) next: Option<String>,
}

impl Found {
    /// How the rest can be seen.
    pub(super) fn turn_the_page(&self) -> String {
        let line = |next: &String| format!("\n更早的 · older ones: --before {}\n", clean(next));
        self.next.as_ref().map(line).unwrap_or_default()
    }
}

/// What is sent with a question.
pub(super) enum Content {
    None,
    Json(Value),
    /// The same, for something that is done once although it is asked for twice with this key.
    Once(Value, HeaderValue),
    /// JSON as it is.
    Raw(Vec<u8>),
    Toml(String),
}

impl Content {
    fn request(self, method: Method, path: &str) -> Request {
        const JSON: Option<&str> = Some("application/json");
        let mut once = None;
        let (kind, body) = match self {
            Self::None => (None, Body::empty()),
            Self::Json(value) => (JSON, Body::from(value.to_string())),
            Self::Once(value, key) => {
                once = Some(key);
                (JSON, Body::from(value.to_string()))
            }
            Self::Raw(json) => (JSON, Body::from(json)),
            Self::Toml(text) => (Some("application/toml"), Body::from(text)),
        };
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = format!("/api/v1{path}")
            .parse()
            .expect("`Path` has encoded what is no part of an address");
        if let Some(kind) = kind {
            let kind = HeaderValue::from_static(kind);
            request.headers_mut().insert(CONTENT_TYPE, kind);
        }
        if let Some(key) = once {
            request.headers_mut().insert("idempotency-key", key);
        }
        request
    }
}

/// A path with what is asked: `path(&["accounts", id], &[("limit", Some("20"))])`; whatever the parts are, they stay parts.
pub(super) fn path(parts: &[&str], query: &[(&str, Option<String>)]) -> String {
    let mut path = String::new();
    for part in parts {
        path.push('/');
        path.extend(
            form_urlencoded::byte_serialize(part.as_bytes()).map(|piece| piece.replace('+', "%20")),
        );
    }
    let mut separator = '?';
    for (name, value) in query {
        if let Some(value) = value {
            path.push(separator);
            path.push_str(name);
            path.push('=');
            path.extend(form_urlencoded::byte_serialize(value.as_bytes()));
            separator = '&';
        }
    }
    path
}

/// Why neither a server answers nor the store could be opened.
fn unopened(error: &Unopened) -> Failure {
    let error = match error {
        Unopened::Store(error) => error,
        Unopened::Platform(problem) => return Failure::Trouble(problem.clone()),
    };
    let text = with_causes(error);
    Failure::Trouble(match error {
        Error::Taken { .. } => format!(
            "{text}; nobody answers on its socket {}: if it is a server, restart it, if it is another command, wait for it",
            socket::NAME
        ),
        Error::TakenDatabase { .. } => {
            format!("{text}; run the command on the machine of that server, with its data folder")
        }
        _ => text,
    })
}

/// The answer, unless it is a problem.
async fn good(answer: Response<Body>) -> Result<Response<Body>, Failure> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let bytes = read(answer).await?;
    Err(Failure::Refused(Problem::of(status, &bytes)))
}

pub(super) async fn json(answer: Response<Body>) -> Result<Value, Failure> {
    let bytes = read(answer).await?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        let text = "the server's answer is no JSON; is it of another version than this command?";
        Failure::Trouble(format!("{text} ({error})"))
    })
}

async fn read(answer: Response<Body>) -> Result<Bytes, Failure> {
    let read = Limited::new(answer.into_body(), ANSWER_BYTES)
        .collect()
        .await;
    Ok(read.map_err(|error| broken_off(&*error))?.to_bytes())
}

pub(super) fn broken_off(error: &dyn std::error::Error) -> Failure {
    Failure::Trouble(format!("the answer broke off: {error}; try again"))
}

/// Why a command did not do what it should.
#[derive(Debug)]
pub(super) enum Failure {
    /// The answer is no.
    Refused(Problem),
    /// What was given cannot be used.
    Usage(String),
    /// It could not be tried.
    Trouble(String),
    /// Nobody reads what is printed.
    Unread,
}

impl Failure {
    /// Says, before it is reported, by which command something that exists already can be changed.
    pub(super) fn hint_at_a_change(&self, code: &str, command: &str) {
        if matches!(self, Self::Refused(problem) if problem.code == code) {
            eprintln!("要改已有的就用 {command} · to change the one that exists: `{command}`");
        }
    }

    fn report(self) -> ExitCode {
        match self {
            Self::Refused(problem) => {
                eprintln!("{problem}");
                match problem.status {
                    400 | 422 => ExitCode::from(FAULTY),
                    _ => ExitCode::FAILURE,
                }
            }
            Self::Usage(text) => {
                eprintln!("{text}");
                ExitCode::from(FAULTY)
            }
            Self::Trouble(text) => {
                eprintln!("{}", clean(&text));
                ExitCode::FAILURE
            }
            Self::Unread => ExitCode::FAILURE,
        }
    }
}

/// An answer that says no (RFC 9457).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Problem {
    pub(super) status: u16,
    pub(super) code: String,
    /// The platform's.
    pub(super) errcode: Option<i64>,
    title: String,
    detail: String,
    fields: Vec<Field>,
}

/// A value that cannot be used.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Field {
    field: String,
    message: String,
}

impl Problem {
    fn of(status: StatusCode, bytes: &[u8]) -> Self {
        let mut problem: Self = serde_json::from_slice(bytes).unwrap_or_default();
        problem.status = status.as_u16();
        if problem.title.is_empty() {
            problem.title = format!("服务器的回答是 · the server says {status}");
        }
        problem
    }
}

impl fmt::Display for Problem {
    /// The title says it in both languages, the detail in English what it was this time.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = clean(&self.title);
        // What a command puts into the query came from its options: nobody has seen an address.
        let is_of_options = self.code == "bad_query";
        if !self.fields.is_empty() {
            if is_of_options {
                f.write_str("有的选项不可用 · some options cannot be used")?;
            } else {
                f.write_str(&title)?;
            }
            for Field { field, message } in &self.fields {
                let message = if is_of_options {
                    message.replacen(&format!("`{field}`"), &format!("`{}`", option(field)), 1)
                } else {
                    message.clone()
                };
                write!(f, "\n  {}", clean(&message))?;
            }
            return Ok(());
        }
        match (title.split_once(" · "), &*self.detail) {
            (_, "") => write!(f, "{title}"),
            (Some((chinese, _)), detail) => write!(f, "{chinese} · {}", clean(detail)),
            (None, detail) => write!(f, "{title}: {}", clean(detail)),
        }
    }
}

/// The option that becomes this part of a query.
fn option(field: &str) -> String {
    match field {
        "q" => "--search".into(),
        field => format!("--{}", field.replace('_', "-")),
    }
}
