//! [`Client`]: calls for one account, from the typed request to the answer.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use echostr_protocol::api::{
    self, Answer, Auth, Body, Encoded, Endpoint, Method, Part, Place, Request, Secret,
};
use http::header::CONTENT_TYPE;
use reqwest::multipart;
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep, timeout_at};

use crate::account::{ApiAccount, TokenSource};
use crate::answer::{self, Cut, Download, FileStream};
use crate::error::{self, Error, innermost};
use crate::retry::{Next, Tries};
use crate::token::Which;
use crate::{GivenToken, Platform};

/// Calls for one account. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Client {
    platform: Platform,
    account: Arc<ApiAccount>,
    limit: Limit,
    follower: Option<Secret>,
}

/// How long calls may take.
#[derive(Debug, Clone, Copy)]
enum Limit {
    /// As the settings say.
    Usual,
    Within(Duration),
    Until(Instant),
}

/// A call before it is made.
struct Call {
    name: Cow<'static, str>,
    is_get: bool,
    host: &'static str,
    path: Cow<'static, str>,
    query: Vec<(String, String)>,
    body: Bytes,
    form: Vec<(String, Part)>,
    auth: Auth,
    place: Place,
    answer: Answer,
    is_repeatable: bool,
}

/// An answer in JSON, unread, and the token with which it came.
type Words = (Bytes, Option<Secret>);

impl Client {
    pub(crate) fn new(platform: Platform, account: Arc<ApiAccount>) -> Self {
        Self {
            platform,
            account,
            limit: Limit::Usual,
            follower: None,
        }
    }

    /// The account whose calls these are.
    pub fn account(&self) -> &ApiAccount {
        &self.account
    }

    /// The same, but each call has this time, retries included.
    #[must_use]
    pub fn within(&self, time: Duration) -> Self {
        Self {
            limit: Limit::Within(time),
            ..self.clone()
        }
    }

    /// The same, but every call ends at this moment.
    #[must_use]
    pub fn until(&self, end: Instant) -> Self {
        Self {
            limit: Limit::Until(end),
            ..self.clone()
        }
    }

    /// The same, with the access token of a follower who has agreed on a web page (网页授权), for the calls that need it:
    /// `SnsUserInfo`, `SnsAuth`. It comes with `SnsAccessToken`.
    #[must_use]
    pub fn as_follower(&self, access_token: Secret) -> Self {
        Self {
            follower: Some(access_token),
            ..self.clone()
        }
    }

    /// Makes a call.
    ///
    /// # Errors
    /// [`Error`]. A call that only reads is made again when that may help; one that changes something only when it is known
    /// not to have arrived.
    pub async fn call<R: Request>(&self, request: R) -> Result<R::Response, Error> {
        let call = Call::of(R::ENDPOINT, api::encode(&request))?;
        let (body, token) = self.words(&call).await?;
        answer::read(&call.name, &body, &secrets(token.as_ref()))
    }

    /// Makes a call whose request is given as JSON, with the names of the platform's documents; a file is
    /// `{"name": "a.jpg", "content_type": "image/jpeg", "data": "base64"}`. For programs that learn only when they run what to call.
    ///
    /// # Errors
    /// [`Error::NotARequest`] when a field is missing, of another type or not known, and all of [`call`](Self::call).
    pub async fn call_json(
        &self,
        endpoint: &'static Endpoint,
        request: Value,
    ) -> Result<Download<Value>, Error> {
        let call = Call::of(endpoint, endpoint.encode(checked(endpoint, request)?))?;
        match call.answer {
            Answer::Json => {
                let (body, token) = self.words(&call).await?;
                Ok(Download::Json(answer::read(
                    &call.name,
                    &body,
                    &secrets(token.as_ref()),
                )?))
            }
            Answer::File => self.exchange(&call).await?.map(|(body, token)| {
                answer::read(
                    &endpoint.call_name().into(),
                    &body,
                    &secrets(token.as_ref()),
                )
            }),
        }
    }

    /// Makes a call that has no type, such as one that is newer than this library: with the account's access token, and `body`
    /// as it is. It is made again only when it is known not to have arrived.
    ///
    /// # Errors
    /// [`Error::NotARequest`] when `path` does not begin with `/`, and all of [`call`](Self::call).
    pub async fn call_raw(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Body,
    ) -> Result<Value, Error> {
        let name = Cow::Owned(path.to_owned());
        let is_read = method == Method::Get;
        let is_path =
            path.starts_with('/') && !path.contains(['?', '#', '\\']) && !path.starts_with("//");
        if method == Method::Page || !is_path {
            let what = "a path that begins with `/` and has no query is needed; a page is opened in a browser";
            return Err(Error::NotARequest {
                call: name,
                what: what.into(),
            });
        }
        if is_read && body != Body::None {
            let what = "a GET has no body; put it into the query";
            return Err(Error::NotARequest {
                call: name,
                what: what.into(),
            });
        }
        let query = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut call = Call::blank(name.clone(), is_read, name);
        call.query = query.collect();
        call.carry(body);
        let (body, token) = self.words(&call).await?;
        answer::read(&call.name, &body, &secrets(token.as_ref()))
    }

    /// Downloads a file, which is read piece by piece.
    ///
    /// # Errors
    /// All of [`call`](Self::call).
    pub async fn download<R: Request>(&self, request: R) -> Result<Download<R::Response>, Error> {
        let call = Call::of(R::ENDPOINT, api::encode(&request))?;
        let download = self.exchange(&call).await?;
        download.map(|(body, token)| answer::read(&call.name, &body, &secrets(token.as_ref())))
    }

    /// The account's access token, for a program that makes calls of its own, with the seconds that are left to it.
    ///
    /// # Errors
    /// [`Error::NoToken`], [`Error::Late`].
    pub async fn access_token(&self) -> Result<GivenToken, Error> {
        let tokens = &self.platform.0.tokens;
        let kept = self
            .in_time(tokens.get(&self.platform, &self.account, Which::Account))
            .await?;
        let left_ms = kept.expires_at_ms - self.platform.0.clock.unix_ms();
        Ok(GivenToken {
            access_token: kept.value,
            expires_in: left_ms.max(0) / 1000,
        })
    }

    /// Says that the platform does not take this token any more, as a program has found that was given it; the answer is the
    /// one that counts now.
    ///
    /// # Errors
    /// [`Error::NoToken`], [`Error::Late`].
    pub async fn access_token_instead(&self, failed: Secret) -> Result<GivenToken, Error> {
        let tokens = &self.platform.0.tokens;
        self.in_time(tokens.instead(&self.platform, &self.account, Which::Account, failed))
            .await?;
        self.access_token().await
    }

    async fn in_time<T>(&self, asking: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let (start, until) = (Instant::now(), self.until_of(false));
        timeout_at(until, asking).await.unwrap_or_else(|_| {
            Err(Error::Late {
                call: "getAccessToken".into(),
                within: whole_ms(until.saturating_duration_since(start)),
                may_have_arrived: false,
            })
        })
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.platform.0.clock.unix_ms()
    }

    /// An answer in JSON, unread, and the token with which it came.
    async fn words(&self, call: &Call) -> Result<Words, Error> {
        match self.exchange(call).await? {
            Download::Json(words) => Ok(words),
            Download::File(file) => Err(Error::Unreadable {
                call: call.name.clone(),
                what: format!(
                    "it is a file of the type {}; use `download`",
                    file.content_type
                ),
                head: String::new(),
            }),
        }
    }

    fn until_of(&self, has_file: bool) -> Instant {
        let settings = &self.platform.0.settings;
        match self.limit {
            Limit::Until(end) => end,
            // A limit that nobody lives to see is none.
            Limit::Within(time) => Instant::now() + time.min(Duration::from_hours(24 * 365)),
            Limit::Usual if has_file => Instant::now() + settings.file_timeout,
            Limit::Usual => Instant::now() + settings.timeout,
        }
    }

    /// Makes the call until it succeeds or must not be made again.
    async fn exchange(&self, call: &Call) -> Result<Download<Words>, Error> {
        let start = Instant::now();
        let may_have_arrived = AtomicBool::new(false);
        let until = self.until_of(call.place == Place::Form || call.answer == Answer::File);
        let began_at_ms = self.now_ms();
        let connect_timeout = self.platform.0.settings.connect_timeout;
        // Boxed: it is large, and would be part of every future that makes a call.
        let work = Box::pin(async {
            let mut tries = Tries::default();
            let which = self.which(call)?;
            let mut token = self.token(call, which).await?;
            loop {
                let may_have_before = may_have_arrived.load(Ordering::Relaxed);
                let tried = self
                    .once(call, which, token.as_ref(), until, &may_have_arrived)
                    .await;
                let error = match tried {
                    Ok(taken) => return Ok(taken),
                    Err(error) => error,
                };
                // What was refused has arrived, and was not done.
                let may_have = may_have_before || error.may_have_arrived();
                may_have_arrived.store(may_have, Ordering::Relaxed);
                match tries.next(&error, which.is_some(), call.is_repeatable, rand::random()) {
                    Next::NewToken => {
                        if let (Some(which), Some(failed)) = (which, token.take()) {
                            let tokens = &self.platform.0.tokens;
                            let kept = tokens
                                .instead(&self.platform, &self.account, which, failed)
                                .await?;
                            if kept.fetched_at_ms < began_at_ms {
                                tries.found_token();
                            }
                            token = Some(kept.value);
                        }
                    }
                    // What is known now is better than to be cut off in an attempt that cannot end.
                    Next::After(pause) if Instant::now() + pause + connect_timeout >= until => {
                        return Err(error);
                    }
                    Next::After(pause) => sleep(pause).await,
                    Next::GiveUp => return Err(error),
                }
            }
        });
        timeout_at(until, work).await.unwrap_or_else(|_| {
            Err(Error::Late {
                call: call.name.clone(),
                within: whole_ms(until.saturating_duration_since(start)),
                may_have_arrived: may_have_arrived.load(Ordering::Relaxed),
            })
        })
    }

    /// One attempt.
    async fn once(
        &self,
        call: &Call,
        which: Option<Which>,
        token: Option<&Secret>,
        until: Instant,
        may_have_arrived: &AtomicBool,
    ) -> Result<Download<Words>, Error> {
        let request = self.request(call, which, token);
        may_have_arrived.store(true, Ordering::Relaxed);
        let response = self.platform.send(request).await.map_err(|error| {
            // Not even connected, so nothing was sent.
            let is_unsent = error.is_connect() || error.is_builder();
            unreached(call, &error, !is_unsent)
        })?;
        let status = response.status().as_u16();
        if !response.status().is_success() {
            return Err(Error::Status {
                call: call.name.clone(),
                status,
            });
        }
        let body = match call.answer {
            Answer::Json => self.body(call, response).await?,
            Answer::File => match self.file_or_words(call, response, until).await? {
                Ok(body) => body,
                Err((first, response)) => {
                    let limit_bytes = self.platform.0.settings.max_file_bytes;
                    let name = call.name.clone();
                    return Ok(Download::File(FileStream::new(
                        name,
                        first,
                        response,
                        limit_bytes,
                        until,
                    )));
                }
            },
        };
        // Here already, because it decides about another attempt.
        answer::refusal(&call.name, &body, &secrets(token))
            .map_err(|error| error.without(&call.secrets(&self.account)))?;
        Ok(Download::Json((body, token.cloned())))
    }

    async fn file_or_words(
        &self,
        call: &Call,
        response: reqwest::Response,
        until: Instant,
    ) -> Result<Result<Bytes, (Option<Bytes>, reqwest::Response)>, Error> {
        let limit_bytes = self.platform.0.settings.max_answer_bytes;
        answer::file_or_words(response, &call.name, limit_bytes, until).await
    }

    async fn body(&self, call: &Call, response: reqwest::Response) -> Result<Bytes, Error> {
        let limit_bytes = self.platform.0.settings.max_answer_bytes;
        let body = answer::bounded(response, limit_bytes).await;
        body.map_err(|cut| match cut {
            Cut::TooLarge => Error::TooLarge {
                call: call.name.clone(),
                limit_bytes,
            },
            Cut::Broken(error) => unreached(call, &error, true),
        })
    }

    /// Which token the call needs.
    fn which(&self, call: &Call) -> Result<Option<Which>, Error> {
        let lacking = |lacks| Error::Lacking {
            call: call.name.clone(),
            app_id: self.account.app_id.clone(),
            lacks,
        };
        match call.auth {
            Auth::Follower if self.follower.is_none() => Err(lacking(
                "it needs the access token of a follower who has agreed on a web page (网页授权); give it with `as_follower`",
            )),
            Auth::None | Auth::Follower => Ok(None),
            Auth::Account if matches!(self.account.source, TokenSource::None) => Err(lacking(
                "the account has no AppSecret here; set `app_secret`, it is on the platform's page (开发者密码)",
            )),
            Auth::Account => Ok(Some(Which::Account)),
            Auth::Component if self.account.component.is_none() => Err(lacking(
                "it is a call of third-party platforms (第三方平台), and the account belongs to none here",
            )),
            Auth::Component => Ok(Some(Which::Component)),
        }
    }

    async fn token(&self, call: &Call, which: Option<Which>) -> Result<Option<Secret>, Error> {
        match which {
            Some(which) => {
                let tokens = &self.platform.0.tokens;
                let kept = tokens.get(&self.platform, &self.account, which).await?;
                Ok(Some(kept.value))
            }
            None if call.auth == Auth::Follower => Ok(self.follower.clone()),
            None => Ok(None),
        }
    }

    fn request(
        &self,
        call: &Call,
        which: Option<Which>,
        token: Option<&Secret>,
    ) -> reqwest::RequestBuilder {
        let address = self.address(call, which, token);
        let http = &self.platform.0.http;
        if call.is_get {
            return http.get(address);
        }
        let request = http.post(address);
        match call.place {
            Place::Form => request.multipart(form(&call.form)),
            Place::Json => request
                .header(CONTENT_TYPE, "application/json")
                .body(call.body.clone()),
            Place::Query => request,
        }
    }

    fn address(&self, call: &Call, which: Option<Which>, token: Option<&Secret>) -> String {
        let mut address = match &self.account.base {
            Some(base) => base.as_str().to_owned(),
            None => format!("https://{}", call.host),
        };
        address.push_str(&call.path);
        if token.is_none() && call.query.is_empty() {
            return address;
        }
        address.push('?');
        let start = address.len();
        let mut query = form_urlencoded::Serializer::for_suffix(address, start);
        if let Some(token) = token {
            let name = match which {
                Some(Which::Component) => "component_access_token",
                _ => "access_token",
            };
            query.append_pair(name, token.expose());
        }
        query.extend_pairs(&call.query).finish()
    }
}

impl Call {
    fn blank(name: Cow<'static, str>, is_get: bool, path: Cow<'static, str>) -> Self {
        Self {
            name,
            is_get,
            host: "api.weixin.qq.com",
            path,
            query: Vec::new(),
            body: Bytes::new(),
            form: Vec::new(),
            auth: Auth::Account,
            place: Place::Query,
            answer: Answer::Json,
            is_repeatable: is_get,
        }
    }

    fn of(endpoint: &'static Endpoint, encoded: Encoded) -> Result<Self, Error> {
        let name = Cow::Owned(endpoint.call_name());
        if endpoint.method == Method::Page {
            let what = "it is a page for a browser: build its address with `url()` and send the browser there";
            return Err(Error::NotARequest {
                call: name,
                what: what.into(),
            });
        }
        let mut call = Self {
            host: endpoint.host,
            query: encoded.query,
            auth: endpoint.auth,
            answer: endpoint.answer,
            is_repeatable: endpoint.is_repeatable,
            ..Self::blank(name, endpoint.method == Method::Get, endpoint.path.into())
        };
        call.carry(encoded.body);
        Ok(call)
    }

    fn carry(&mut self, body: Body) {
        match body {
            Body::None => {}
            Body::Json(json) => {
                self.place = Place::Json;
                self.body = json.into();
            }
            Body::Form(form) => {
                self.place = Place::Form;
                self.form = form;
            }
        }
    }
}

impl Call {
    /// What is secret in the request, and of the account: the platform might say it again.
    fn secrets(&self, account: &ApiAccount) -> Vec<Secret> {
        let in_body: Map<String, Value> = serde_json::from_slice(&self.body).unwrap_or_default();
        let in_body = in_body
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
        let is_secret = |name: &str| {
            let words = ["token", "secret", "ticket", "code"];
            words.iter().any(|word| name.contains(word))
        };
        self.query
            .iter()
            .cloned()
            .chain(in_body)
            .filter(|(name, _)| is_secret(name))
            .map(|(_, value)| value.into())
            .chain(account.secrets())
            .collect()
    }
}

/// Without what passed between two looks at the clock.
fn whole_ms(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

fn secrets(token: Option<&Secret>) -> Vec<&Secret> {
    token.into_iter().collect()
}

fn unreached(call: &Call, error: &reqwest::Error, may_have_arrived: bool) -> Error {
    Error::Unreached {
        call: call.name.clone(),
        may_have_arrived,
        source: Arc::new(error::Words(if error.is_connect() && !crate::has_roots() {
            "this machine has no root certificates to check others with; install them (Debian, Ubuntu: ca-certificates)".into()
        } else {
            innermost(error)
        })),
    }
}

/// A form as the platform reads it: names of files in UTF-8, as browsers write them.
fn form(parts: &[(String, Part)]) -> multipart::Form {
    let mut form = multipart::Form::new().percent_encode_noop();
    for (name, part) in parts {
        form = match part {
            Part::Text(text) => form.text(name.clone(), text.clone()),
            Part::File(file) => {
                let part = || {
                    let bytes = Bytes::from_owner(Arc::clone(&file.bytes));
                    let length = bytes.len() as u64;
                    multipart::Part::stream_with_length(bytes, length)
                        .file_name(quotable(&file.name))
                };
                // One that is no type is left out; the platform looks at the name.
                let part = part()
                    .mime_str(&file.content_type)
                    .unwrap_or_else(|_| part());
                form.part(name.clone(), part)
            }
        };
    }
    form
}

/// What would end the quoted name of a file, or its line, is replaced.
fn quotable(name: &str) -> String {
    name.replace(['"', '\\', '\r', '\n'], "_")
}

/// The fields of a request that is this endpoint's and has nothing else in it.
fn checked(endpoint: &Endpoint, request: Value) -> Result<Map<String, Value>, Error> {
    let wrong = |what: String| Error::NotARequest {
        call: endpoint.call_name().into(),
        what,
    };
    let again = endpoint
        .read_request(request.clone())
        .map_err(|error| wrong(error.to_string()))?;
    let Value::Object(fields) = request else {
        return Err(wrong("an object is needed".into()));
    };
    let lost = lost(&fields, &again, "");
    match (again, lost) {
        (_, Some(field)) => Err(wrong(format!(
            "it has no field `{field}`; if it is newer than this program, call its path"
        ))),
        // With what is always the same, and stands in no request.
        (Value::Object(again), None) => Ok(again),
        (_, None) => Err(wrong("an object is needed".into())),
    }
}

/// The first field of `given` that `known` does not have.
fn lost(given: &Map<String, Value>, known: &Value, place: &str) -> Option<String> {
    given.iter().find_map(|(name, value)| {
        let field = format!("{place}{name}");
        match (value, known.get(name)) {
            (Value::Null, _) => None,
            (_, None) => Some(field),
            (Value::Object(value), Some(known)) if known.is_object() => {
                lost(value, known, &format!("{field}."))
            }
            (Value::Array(values), Some(Value::Array(known))) => {
                values.iter().zip(known).find_map(|pair| match pair {
                    (Value::Object(value), known) => lost(value, known, &format!("{field}[].")),
                    _ => None,
                })
            }
            _ => None,
        }
    })
}
