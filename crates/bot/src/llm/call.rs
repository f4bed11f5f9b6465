//! One call to a model: the request, the events of its answer, and what may go wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use echostr_protocol::api::Secret;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, StatusCode};
use reqwest::{Client, Response};
use sse_stream::{Sse, SseByteStream};
use tokio::time::{Instant, timeout_at};

use super::wire::{Heard, heard};
use super::{BadLlm, LlmKeys, ModelSettings};
use crate::call::{AGENT, BadProgram, Failure, ProgramUrl, client, excerpt, shown, wrong_status};

/// In sentences.
const WHO: &str = "model";
/// How much of an answer is read; each token comes with some hundred bytes around it.
const MAX_STREAM_BYTES: usize = 64 * 1024 * 1024;
/// How long one event may be, and an answer that does not stream.
const MAX_EVENT_BYTES: usize = 1024 * 1024;
/// How much of an answer that cannot be used is read for the owner, in bytes.
const EXCERPT_BYTES: usize = 2048;
/// After which time a call is tried again.
const AGAIN_AFTER: Duration = Duration::from_millis(300);
/// The same when there were too many calls and the endpoint does not say when there may be more.
const AGAIN_AFTER_MANY: Duration = Duration::from_secs(1);
/// How long the end of an answer is waited for that is complete already: what it has used may come.
const END_WITHIN: Duration = Duration::from_secs(1);
/// Who is told to wait longer than this does not wait: a follower does.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// A model and how it is called.
pub(super) struct Model {
    pub(super) settings: ModelSettings,
    url: ProgramUrl,
    client: Client,
    key: Option<Secret>,
    authorization: Option<HeaderValue>,
}

/// Why there is no answer, or no more of it.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) why: Failure,
    /// Whether it is worth while to try again, and after which time.
    pub(super) again_after: Option<Duration>,
}

impl Model {
    /// `place` is where its settings stand: empty, or `fallback.`.
    pub(super) fn new(
        settings: &ModelSettings,
        place: &str,
        keys: &LlmKeys,
    ) -> Result<Self, BadLlm> {
        let bad = |field: &str, text: &str| BadLlm {
            field: format!("{place}{field}"),
            text: text.into(),
        };
        let Some(endpoint) = settings.endpoint() else {
            return Err(bad(
                "url",
                "is not set, and there is no known `preset`; one of the two is needed",
            ));
        };
        if settings.name().is_empty() {
            return Err(bad("model", "is not set; the endpoint has to know which"));
        }
        let url: ProgramUrl = format!("{endpoint}/chat/completions")
            .parse()
            .map_err(|why| match why {
                BadProgram::Url(why) | BadProgram::Secret(why) => bad("url", &why),
            })?;
        let key = keys.get(&format!("{place}key")).cloned();
        let authorization = key
            .as_ref()
            .map(|key| bearer(key).ok_or_else(|| bad("key", "has characters that no key has")))
            .transpose()?;
        Ok(Self {
            settings: settings.clone(),
            client: client(&url),
            url,
            key,
            authorization,
        })
    }

    /// The same model, with the other's key if it has none and is at the same endpoint.
    pub(super) fn beside(self, other: &Self) -> Self {
        if self.key.is_some() || self.url != other.url {
            return self;
        }
        Self {
            key: other.key.clone(),
            authorization: other.authorization.clone(),
            ..self
        }
    }

    fn silence(&self) -> Duration {
        Duration::from_secs(self.settings.timeout_secs)
    }

    /// Asks once, with this JSON.
    pub(super) async fn ask(self: &Arc<Self>, request: Bytes) -> Result<Hearing, Failed> {
        let mut call = self
            .client
            .post(self.url.0.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "text/event-stream, application/json")
            .header(USER_AGENT, AGENT);
        if let Some(authorization) = &self.authorization {
            call = call.header(AUTHORIZATION, authorization);
        }
        let by = Instant::now() + self.silence();
        let response = match timeout_at(by, call.body(request).send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(self.broke_off(&error)),
            Err(_) => return Err(self.was_silent(false)),
        };
        if response.status() != StatusCode::OK {
            return Err(self.refused(response, by).await);
        }
        let mut hearing = Hearing {
            model: Arc::clone(self),
            source: Source::End,
            by,
            has_begun: false,
            is_complete: false,
        };
        hearing.source = match &*content_type(&response) {
            "application/json" => Source::Whole(response),
            // Some endpoints say nothing about their events, or that they are texts.
            "text/event-stream" | "text/plain" | "application/octet-stream" | "" => {
                Source::Events(self.events(response))
            }
            other => {
                let what = format!(
                    "answered with content type `{other}`; text/event-stream and application/json can be read"
                );
                let came = begin(response, by).await;
                return Err(self.unusable(&what, &came));
            }
        };
        Ok(hearing)
    }

    fn events(self: &Arc<Self>, response: Response) -> Events {
        let since_event = Arc::new(AtomicUsize::new(0));
        let model = Arc::clone(self);
        let counting = (response, model, Arc::clone(&since_event), 0);
        let bytes = stream::try_unfold(counting, async |(mut response, model, since, all)| {
            let chunk = response.chunk().await;
            let Some(chunk) = chunk.map_err(|error| model.unreached(&error))? else {
                return Ok(None);
            };
            let all = all + chunk.len();
            let n_unfinished = since.fetch_add(chunk.len(), Ordering::Relaxed) + chunk.len();
            if n_unfinished > MAX_EVENT_BYTES {
                return Err(model.failed(&format!(
                    "sent an event of more than {MAX_EVENT_BYTES} bytes"
                )));
            }
            if all > MAX_STREAM_BYTES {
                return Err(model.failed(&format!("sent more than {MAX_STREAM_BYTES} bytes")));
            }
            Ok(Some((chunk, (response, model, since, all))))
        });
        // Some endpoints leave out the blank line after their last event.
        let bytes = bytes.chain(stream::once(async { Ok(Bytes::from_static(b"\n\n")) }));
        let events = SseByteStream::new(bytes.boxed());
        let events = events.inspect(move |_| since_event.store(0, Ordering::Relaxed));
        events.boxed()
    }

    /// The failure that `what` is wrong; the same call would fail again.
    pub(super) fn fails(&self, what: &str) -> Failed {
        Failed::for_good(self.failed(what))
    }

    fn failed(&self, what: &str) -> Failure {
        Failure::of(WHO, &self.url, what)
    }

    fn unreached(&self, error: &reqwest::Error) -> Failure {
        Failure::unreached(WHO, &self.url, error)
    }

    fn broke_off(&self, error: &reqwest::Error) -> Failed {
        Failed {
            why: self.unreached(error),
            again_after: Some(AGAIN_AFTER),
        }
    }

    fn was_silent(&self, has_begun: bool) -> Failed {
        let silence = shown(self.silence());
        self.fails(&if has_begun {
            format!("was silent for {silence} in the middle of its answer")
        } else {
            format!("did not begin to answer within {silence}")
        })
    }

    /// The failure that `what` is wrong with what came.
    fn unusable(&self, what: &str, came: &[u8]) -> Failed {
        let excerpt = self.excerpt(came);
        self.fails(&if excerpt.is_empty() {
            format!("{what}; nothing is in it")
        } else {
            format!("{what}; it begins: {excerpt}")
        })
    }

    fn excerpt(&self, came: &[u8]) -> String {
        excerpt(came, self.key.as_ref().map_or("", Secret::expose))
    }

    async fn refused(&self, response: Response, by: Instant) -> Failed {
        let status = response.status();
        let hint = match status.as_u16() {
            401 | 403 => ": is the key right?",
            402 => ": is there money left at this vendor?",
            404 => ": are `url` and `model` right?",
            429 => ": there were too many calls, or nothing is left to spend",
            _ => "",
        };
        let what = format!("{}{hint}", wrong_status(status, "200"));
        let again_after = again_after(status, response.headers());
        let came = begin(response, by).await;
        Failed {
            again_after,
            ..self.unusable(&what, &came)
        }
    }
}

impl Failed {
    /// The same call would fail again.
    fn for_good(why: Failure) -> Self {
        Self {
            why,
            again_after: None,
        }
    }
}

/// An answer while it comes.
pub(super) struct Hearing {
    model: Arc<Model>,
    source: Source,
    /// When the next word has to be there.
    by: Instant,
    has_begun: bool,
    /// The model says why it writes no more; `[DONE]` need not come.
    is_complete: bool,
}

type Events = BoxStream<'static, Result<Sse, sse_stream::Error>>;

enum Source {
    Events(Events),
    /// It does not stream.
    Whole(Response),
    End,
}

impl Hearing {
    /// The next word, or nothing at the end. What an endpoint sends to keep a connection open is none.
    pub(super) async fn next(&mut self) -> Result<Option<Heard>, Failed> {
        loop {
            let next = match &mut self.source {
                Source::Events(events) => timeout_at(self.by, events.next()).await,
                Source::Whole(_) => return self.whole().await,
                Source::End => return Ok(None),
            };
            let event = match next {
                Ok(Some(Ok(event))) => event,
                _ if self.is_complete => return Ok(None),
                Ok(Some(Err(error))) => return Err(self.broken(error)),
                Ok(None) => return Err(self.ended_early()),
                Err(_) => return Err(self.model.was_silent(self.has_begun)),
            };
            let data = event.data;
            let data = data.as_deref().map(str::trim).unwrap_or_default();
            if data == "[DONE]" {
                self.source = Source::End;
                continue;
            }
            if data.is_empty() {
                continue;
            }
            let heard = self.understood(data)?;
            if heard.is_word() || heard.is_complete {
                self.has_begun = true;
                self.is_complete |= heard.is_complete;
                let most = if self.is_complete {
                    END_WITHIN
                } else {
                    self.model.silence()
                };
                self.by = Instant::now() + most;
            }
            return Ok(Some(heard));
        }
    }

    async fn whole(&mut self) -> Result<Option<Heard>, Failed> {
        let Source::Whole(mut response) = std::mem::replace(&mut self.source, Source::End) else {
            return Ok(None);
        };
        let mut came = Vec::new();
        loop {
            match timeout_at(self.by, response.chunk()).await {
                Ok(Ok(Some(chunk))) if came.len() + chunk.len() <= MAX_EVENT_BYTES => {
                    came.extend_from_slice(&chunk);
                }
                Ok(Ok(Some(_))) => {
                    let what = format!("answered with more than {MAX_EVENT_BYTES} bytes");
                    return Err(self.model.fails(&what));
                }
                Ok(Ok(None)) => break,
                Ok(Err(error)) => return Err(self.model.broke_off(&error)),
                Err(_) => return Err(self.model.was_silent(false)),
            }
        }
        let text = std::str::from_utf8(&came)
            .map_err(|_| self.model.unusable("sent what is no UTF-8", &came))?;
        self.understood(text).map(Some)
    }

    fn understood(&self, json: &str) -> Result<Heard, Failed> {
        heard(json).map_err(|why| {
            let why = self.model.excerpt(why.as_bytes());
            self.model.fails(&why)
        })
    }

    /// A connection that broke may look like the end.
    fn ended_early(&self) -> Failed {
        let what = "broke off: its answer ended with neither a `finish_reason` nor `[DONE]`";
        Failed {
            why: self.model.failed(what),
            again_after: Some(AGAIN_AFTER),
        }
    }

    fn broken(&self, error: sse_stream::Error) -> Failed {
        let why = match error {
            sse_stream::Error::Body(error) => match error.downcast::<Failure>() {
                Ok(failure) => *failure,
                Err(error) => self.model.failed(&format!("broke off: {error}")),
            },
            _ => self.model.failed("sent what is no UTF-8"),
        };
        let again_after = why.is_break().then_some(AGAIN_AFTER);
        Failed { why, again_after }
    }
}

/// Whether a refused call may be tried again, and when.
fn again_after(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let otherwise = match status.as_u16() {
        429 => AGAIN_AFTER_MANY,
        500.. => AGAIN_AFTER,
        _ => return None,
    };
    let told = headers.get(RETRY_AFTER).and_then(|secs| secs.to_str().ok());
    match told.and_then(|secs| secs.trim().parse().ok()) {
        Some(secs) => Some(Duration::from_secs(secs)).filter(|wait| *wait <= MAX_WAIT),
        None => Some(otherwise),
    }
}

/// How an answer begins that cannot be used.
async fn begin(mut response: Response, by: Instant) -> Vec<u8> {
    let mut came = Vec::new();
    while came.len() < EXCERPT_BYTES {
        match timeout_at(by, response.chunk()).await {
            Ok(Ok(Some(chunk))) => came.extend_from_slice(&chunk),
            _ => break,
        }
    }
    came
}

/// Without parameters, in lower case; empty when there is none.
fn content_type(response: &Response) -> String {
    let value = response.headers().get(CONTENT_TYPE);
    let value = value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// `Bearer KEY`; nothing when no header can hold it.
fn bearer(key: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose().trim())).ok()?;
    value.set_sensitive(true);
    Some(value)
}
