//! [`Given`]: what a request says in its query or its body; every fault is told at once, unknown names with what was meant.

use std::ops::RangeInclusive;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::{Map, Value};

use super::problem::{Code, FieldFault, Problem};
use crate::config::nearest;
pub(super) use crate::config::shown;

/// How large a body may be; a document of accounts is bounded by [`DOCUMENT_BYTES`].
pub(super) const BODY_BYTES: usize = 256 * 1024;
/// How large a document of accounts may be: room for ten thousand.
pub(super) const DOCUMENT_BYTES: usize = 8 * 1024 * 1024;
/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How large the request of a call to the platform may be: room for a video of 10 MB in base64.
pub(super) const CALL_BYTES: usize = 16 * 1024 * 1024;

/// Names with values, from a query or from a JSON object.
pub(super) struct Given {
    /// What faults of it are called.
    code: Code,
    values: Map<String, Value>,
    known: Vec<&'static str>,
    faults: Vec<FieldFault>,
}

/// The query of a request.
pub(super) struct Query(pub(super) Given);

/// The one variable segment of an address: an id.
pub(super) struct Segment(pub(super) String);

/// The one variable segment of an address: an id; and the query.
pub(super) struct Asked(pub(super) String, pub(super) Given);

/// The two variable segments of an address.
pub(super) struct Segments(pub(super) String, pub(super) String);

/// The body of a request, which is a JSON object.
pub(super) struct Object(pub(super) Map<String, Value>);

/// The body of a call to the platform: JSON as it came, or nothing. The query is for others to look at.
pub(super) struct Payload(pub(super) Option<Vec<u8>>);

/// The body of a request, which is a text in TOML.
pub(super) struct Toml(pub(super) String);

impl Given {
    fn of_query(query: &str) -> Self {
        let mut given = Self::new(Code::BadQuery, Map::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if given.values.contains_key(&*name) {
                given.fault(&shown(&name), "is given twice; keep one of them");
            }
            given
                .values
                .insert(name.into_owned(), Value::String(value.into_owned()));
        }
        given
    }

    /// The members of a body.
    pub(super) fn of_body(values: Map<String, Value>) -> Self {
        Self::new(Code::Invalid, values)
    }

    fn new(code: Code, values: Map<String, Value>) -> Self {
        Self {
            code,
            values,
            known: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// The value, if there is one; `null` is none. From now on the name is known.
    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.values.remove(name).filter(|value| !value.is_null())
    }

    /// Something is wrong with `name`; `text` goes on after it.
    pub(super) fn fault(&mut self, name: &str, text: &str) {
        self.faults.push(FieldFault {
            field: name.into(),
            message: format!("`{name}` {text}"),
        });
    }

    /// Something that must be there is not.
    pub(super) fn missing(&mut self, name: &'static str, what: &str) {
        // A faulty one is not missing.
        if self.faults.iter().all(|fault| fault.field != name) {
            self.fault(name, &format!("is missing; {what}"));
        }
    }

    /// A text of so many characters.
    pub(super) fn text(
        &mut self,
        name: &'static str,
        characters: RangeInclusive<usize>,
    ) -> Option<String> {
        let value = self.take(name)?;
        let Value::String(text) = value else {
            self.fault(name, &format!("is {}, a text is needed", described(&value)));
            return None;
        };
        let length = text.chars().count();
        if !characters.contains(&length) {
            let (least, most) = (characters.start(), characters.end());
            let found = match length {
                0 => "is empty".into(),
                1 => "has 1 character".into(),
                length => format!("has {length} characters"),
            };
            self.fault(name, &format!("{found}, {least} to {most} are allowed"));
            return None;
        }
        if text.contains('\0') {
            self.fault(name, "has a NUL character in it, which no text has here");
            return None;
        }
        Some(text)
    }

    /// An object, whatever is in it.
    pub(super) fn object(&mut self, name: &'static str) -> Option<Map<String, Value>> {
        match self.take(name)? {
            Value::Object(object) => Some(object),
            other => {
                let found = described(&other);
                self.fault(name, &format!("is {found}, an object is needed"));
                None
            }
        }
    }

    /// A whole number in this range.
    pub(super) fn integer(
        &mut self,
        name: &'static str,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        let value = self.take(name)?;
        let number = match &value {
            Value::String(text) if self.code == Code::BadQuery => text.parse().ok(),
            // 7.0 is 7, as JSON sees it.
            #[expect(clippy::cast_possible_truncation, reason = "compared afterwards")]
            Value::Number(number) => number.as_i64().or_else(|| {
                let whole = number.as_f64()?;
                #[expect(clippy::cast_precision_loss, reason = "it is compared, nothing else")]
                (whole.fract() == 0.0 && whole.abs() < i64::MAX as f64).then_some(whole as i64)
            }),
            _ => None,
        };
        let fitting = number.filter(|number| range.contains(number));
        if fitting.is_none() {
            let found = described(&value);
            let (least, most) = (range.start(), range.end());
            self.fault(
                name,
                &format!("is {found}, a whole number from {least} to {most} is needed"),
            );
        }
        fitting
    }

    /// How many entries a page has: 1 to 200, 50 when nothing is said.
    pub(super) fn limit(&mut self) -> u32 {
        let limit = self.integer("limit", 1..=200);
        limit.and_then(|limit| limit.try_into().ok()).unwrap_or(50)
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.known.push(name);
        let value = self.values.remove(name)?;
        let flag = match &value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if self.code == Code::BadQuery => text.parse().ok(),
            _ => None,
        };
        if flag.is_none() {
            let found = described(&value);
            self.fault(name, &format!("is {found}, `true` or `false` is needed"));
        }
        flag
    }

    /// A list of some of these words, each once.
    pub(super) fn words(
        &mut self,
        name: &'static str,
        allowed: &[&'static str],
    ) -> Option<Vec<String>> {
        let value = self.take(name)?;
        let Value::Array(items) = &value else {
            let found = described(&value);
            self.fault(name, &format!("is {found}, a list of words is needed"));
            return None;
        };
        let n_faults = self.faults.len();
        let all = || {
            let all: Vec<_> = allowed.iter().map(|word| format!("`{word}`")).collect();
            all.join(", ")
        };
        if items.is_empty() || items.len() > allowed.len() {
            let (n_items, most) = (items.len(), allowed.len());
            self.fault(
                name,
                &format!(
                    "has {n_items} words, 1 to {most} are allowed, each once: {}",
                    all()
                ),
            );
            return None;
        }
        let mut words: Vec<String> = Vec::new();
        for item in items {
            match item.as_str() {
                Some(word) if words.iter().any(|other| other == word) => {
                    self.fault(name, &format!("has `{word}` more than once"));
                    break;
                }
                Some(word) if allowed.contains(&word) => words.push(word.into()),
                _ => {
                    let found = described(item);
                    self.fault(name, &format!("has {found} in it; allowed: {}", all()));
                }
            }
        }
        (self.faults.len() == n_faults).then_some(words)
    }

    /// Everything was asked for: the names that are left are known to nobody.
    ///
    /// # Errors
    /// All faults.
    pub(super) fn finish(mut self) -> Result<(), Problem> {
        for name in std::mem::take(&mut self.values).keys() {
            let hint = match nearest(name, self.known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if self.known.is_empty() => "there are none here".into(),
                None => {
                    let known: Vec<_> = self.known.iter().map(|name| format!("`{name}`")).collect();
                    format!("there are {}", known.join(", "))
                }
            };
            self.fault(&shown(name), &format!("is not known; {hint}"));
        }
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(Problem::fields(self.code, self.faults))
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(Given::of_query(parts.uri.query().unwrap_or_default())))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        no_query(&parts.uri)?;
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(segment)| Self(segment))
            .map_err(|_| no_text(parts))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(query) = Query::from_request_parts(parts, state).await?;
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(segment)| Self(segment, query))
            .map_err(|_| no_text(parts))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Segments {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        no_query(&parts.uri)?;
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        path.map(|Path((first, second))| Self(first, second))
            .map_err(|_| no_text(parts))
    }
}

/// What is percent-encoded in it is not UTF-8.
fn no_text(parts: &Parts) -> Problem {
    let path = shown(parts.uri.path());
    Problem::new(Code::UnknownRoute, format!("there is nothing at `{path}`"))
}

impl<S: Send + Sync> FromRequest<S> for Object {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        no_query(request.uri())?;
        let types = ["application/json", "application/merge-patch+json"];
        check_type(request.headers(), &types)?;
        let bytes = read(request.into_body(), BODY_BYTES).await?;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(object)) => Ok(Self(object)),
            Ok(other) => Err(Problem::new(
                Code::BadJson,
                format!("the body is {}, a JSON object is needed", described(&other)),
            )),
            Err(error) => Err(no_json(&error)),
        }
    }
}

/// Names the place, never what stands there.
fn no_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let detail = format!("the body cannot be read as JSON: error in line {line}, column {column}");
    Problem::new(Code::BadJson, detail)
}

impl<S: Send + Sync> FromRequest<S> for Payload {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(body, CALL_BYTES).await?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        check_type(&parts.headers, &["application/json"])?;
        serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).map_err(|error| no_json(&error))?;
        Ok(Self(Some(bytes)))
    }
}

impl<S: Send + Sync> FromRequest<S> for Toml {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        check_type(request.headers(), &["application/toml"])?;
        let bytes = read(request.into_body(), DOCUMENT_BYTES).await?;
        String::from_utf8(bytes).map(Self).map_err(|error| {
            let place = error.utf8_error().valid_up_to();
            let detail = format!("the body is not UTF-8 at its byte {place}");
            Problem::new(Code::BadToml, detail)
        })
    }
}

/// Most routes have none.
fn no_query(uri: &Uri) -> Result<(), Problem> {
    Given::of_query(uri.query().unwrap_or_default()).finish()
}

fn check_type(headers: &HeaderMap, allowed: &[&str]) -> Result<(), Problem> {
    let given = headers.get(CONTENT_TYPE);
    let text = given.and_then(|value| value.to_str().ok());
    let essence = text.and_then(|text| text.split(';').next()).map(str::trim);
    if essence.is_some_and(|essence| allowed.iter().any(|it| it.eq_ignore_ascii_case(essence))) {
        return Ok(());
    }
    let found = match (given, essence) {
        (None, _) => "has no `Content-Type`".into(),
        (_, None) => "has a `Content-Type` that cannot be read".into(),
        (_, Some(essence)) => format!("is of the type `{}`", shown(essence)),
    };
    let needed = allowed[0];
    Err(Problem::new(
        Code::WrongMediaType,
        format!("the body {found}, `Content-Type: {needed}` is needed"),
    ))
}

async fn read(body: Body, limit: usize) -> Result<Vec<u8>, Problem> {
    let reading = tokio::time::timeout(PATIENCE, Limited::new(body, limit).collect());
    match reading.await {
        Ok(Ok(collected)) => Ok(collected.to_bytes().into()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::new(
            Code::BodyTooLarge,
            format!("the body has more than {limit} bytes, which is the limit"),
        )),
        _ => Err(Problem::new(
            Code::BrokenBody,
            format!(
                "the body did not arrive whole within {} s",
                PATIENCE.as_secs()
            ),
        )),
    }
}

/// What a value is, for people.
fn described(value: &Value) -> String {
    match value {
        Value::Null => "`null`".into(),
        Value::Bool(flag) => format!("`{flag}`"),
        Value::Number(number) => format!("the number {}", shown(&number.to_string())),
        Value::String(text) if text.is_empty() => "empty".into(),
        Value::String(text) => format!("`{}`", shown(text)),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}
