//! A call as it came: which endpoint it means, and its fields.

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Method as Verb, StatusCode};
use echostr_protocol::api::{self, Endpoint, Method, Place};
use serde_json::{Map, Value};

use super::Refusal;
use crate::listen::BODY_WITHIN;

/// How much of a request is read: a video has 10 MB.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// A call as it came.
pub(crate) struct Received {
    /// From where.
    pub(super) peer: IpAddr,
    pub(super) head: Parts,
    pub(super) query: BTreeMap<String, String>,
    pub(super) body: Bytes,
}

impl Received {
    pub(super) async fn read(request: Request, peer: IpAddr) -> Result<Self, StatusCode> {
        let (head, body) = request.into_parts();
        let query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
        let query = query.into_owned().collect();
        let body = tokio::time::timeout(BODY_WITHIN, to_bytes(body, MAX_BYTES))
            .await
            .map_err(|_| StatusCode::REQUEST_TIMEOUT)?
            .map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
        Ok(Self {
            peer,
            head,
            query,
            body,
        })
    }

    /// Head and body, of each at most so much.
    pub(super) fn raw(&self, max_bytes: usize) -> Vec<u8> {
        let mut raw = format!("{} {} HTTP/1.1\r\n", self.head.method, self.head.uri).into_bytes();
        for (name, value) in &self.head.headers {
            raw.extend_from_slice(name.as_str().as_bytes());
            raw.extend_from_slice(b": ");
            raw.extend_from_slice(value.as_bytes());
            raw.extend_from_slice(b"\r\n");
        }
        raw.truncate(max_bytes);
        raw.extend_from_slice(b"\r\n");
        raw.extend_from_slice(&self.body[..self.body.len().min(max_bytes)]);
        raw
    }

    /// The access token in the query; empty without one.
    pub(crate) fn access_token(&self) -> &str {
        self.parameter("access_token")
    }

    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }
}

/// What is called. Some endpoints share a path: the part of the query that is always the same tells which it is.
pub(super) fn endpoint(received: &Received) -> Result<&'static Endpoint, Refusal> {
    let path = received.head.uri.path();
    let here: Vec<_> = api::all()
        .filter(|endpoint| endpoint.path == path)
        .collect();
    if here.is_empty() {
        return Err(Refusal::new(40066, "invalid url"));
    }
    let is_get = received.head.method == Verb::GET;
    let fits = |endpoint: &&&'static Endpoint| (endpoint.method == Method::Post) != is_get;
    let Some(_) = here.iter().find(fits) else {
        return Err(if is_get {
            Refusal::new(43002, "require POST method")
        } else {
            Refusal::new(43001, "require GET method")
        });
    };
    let n_fixed = |endpoint: &&'static Endpoint| {
        form_urlencoded::parse(endpoint.fixed.as_bytes())
            .filter(|(name, value)| received.parameter(name) == value)
            .count()
    };
    let is_whole = |endpoint: &&'static Endpoint| {
        n_fixed(endpoint) == form_urlencoded::parse(endpoint.fixed.as_bytes()).count()
    };
    // A third-party platform names itself beside the account.
    let is_component = !received.parameter("component_appid").is_empty();
    let found = here
        .iter()
        .filter(fits)
        .copied()
        .filter(is_whole)
        .max_by_key(|endpoint| {
            let is_meant = (endpoint.chapter == "component_oauth") == is_component;
            (n_fixed(endpoint), is_meant)
        });
    found.ok_or_else(|| {
        let is_grant = here[0].fixed.starts_with("grant_type=");
        Refusal::code(if is_grant { 40002 } else { 40035 })
    })
}

/// The fields of the request, from wherever they travel.
pub(super) async fn fields(endpoint: &Endpoint, received: &Received) -> Result<Value, Refusal> {
    let is_fixed = |name: &str| {
        form_urlencoded::parse(endpoint.fixed.as_bytes()).any(|(fixed, _)| fixed == name)
    };
    let mut fields: Map<String, Value> = received
        .query
        .iter()
        .filter(|(name, _)| {
            // Of this one the parameter table shows a body and the sample a query; programs do either.
            let is_either = endpoint.name == "ClearQuotaByAppSecret";
            let is_meant = endpoint.place == Place::Query
                || endpoint.query.contains(&name.as_str())
                || is_either;
            is_meant && !is_fixed(name) && *name != "access_token"
        })
        .map(|(name, value)| (name.clone(), Value::String(value.clone())))
        .collect();
    match endpoint.place {
        Place::Query => {}
        Place::Json => match body(&received.body)? {
            Value::Object(body) => {
                fields.extend(body);
                super::qrcode::complete(endpoint, &fields)?;
            }
            _ => return Err(Refusal::new(47001, "data format error")),
        },
        Place::Form => {
            fields.extend(form(received).await?);
            super::media::complete(endpoint, &mut fields)?;
        }
    }
    Ok(Value::Object(typed(endpoint, received, fields)))
}

/// What travels in a query or a form is text, even where a number is meant: those that have to be numbers for this to be such a
/// request become numbers.
fn typed(
    endpoint: &Endpoint,
    received: &Received,
    mut fields: Map<String, Value>,
) -> Map<String, Value> {
    /// There are no requests with more of them.
    const MAX: usize = 3;
    /// No number is longer.
    const MAX_CHARS: usize = 24;
    let meant = |name: &String, value: &Value| {
        let is_text = endpoint.place != Place::Json || received.query.contains_key(name);
        let text = value.as_str().filter(|text| text.len() <= MAX_CHARS)?;
        let value = serde_json::from_str::<Value>(text).ok()?;
        (is_text && (value.is_number() || value.is_boolean())).then_some(value)
    };
    let meant: Vec<_> = fields
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), meant(name, value)?)))
        .take(MAX)
        .collect();
    if meant.is_empty() {
        return fields;
    }
    // It is tried several times: without the files, which may be large.
    let light: Map<_, _> = fields
        .iter()
        .map(|(name, value)| match value {
            Value::Object(_) if endpoint.place == Place::Form => (name.clone(), empty_file()),
            value => (name.clone(), value.clone()),
        })
        .collect();
    for tried in 0..1_usize << meant.len() {
        let chosen = meant.iter().enumerate();
        let chosen = chosen.filter(|(n, _)| tried >> n & 1 == 1);
        let chosen: Vec<_> = chosen.map(|(_, field)| field.clone()).collect();
        let mut changed = light.clone();
        changed.extend(chosen.iter().cloned());
        if endpoint.read_request(Value::Object(changed)).is_ok() {
            fields.extend(chosen);
            break;
        }
    }
    fields
}

/// Stands in for a file.
fn empty_file() -> Value {
    serde_json::to_value(api::File::named("file", [])).expect("a file is a struct")
}

fn body(bytes: &[u8]) -> Result<Value, Refusal> {
    if bytes.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(bytes).map_err(|error| Refusal::format(&error))
}

/// A form, with its files as they are recorded.
async fn form(received: &Received) -> Result<Map<String, Value>, Refusal> {
    let content_type = received.head.headers.get(axum::http::header::CONTENT_TYPE);
    let boundary = content_type
        .and_then(|value| value.to_str().ok())
        .and_then(|value| multer::parse_boundary(value).ok());
    let Some(boundary) = boundary else {
        // What may be a form or a parameter of the query alone.
        return if received.body.is_empty() {
            Ok(Map::new())
        } else {
            Err(Refusal::new(41005, "media data missing"))
        };
    };
    let broken =
        |error: multer::Error| Refusal::new(47001, format!("data format error hint: [{error}]"));
    let body = Body::from(received.body.clone()).into_data_stream();
    let mut parts = multer::Multipart::new(body, boundary);
    let mut fields = Map::new();
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(str::to_owned);
        let content_type = part.content_type().map(ToString::to_string);
        let bytes = part.bytes().await.map_err(broken)?;
        let value = match file_name {
            Some(file_name) => {
                let mut file = api::File::named(file_name, bytes.to_vec());
                file.content_type = content_type.unwrap_or(file.content_type);
                serde_json::to_value(file).expect("a file is a struct")
            }
            None => Value::String(String::from_utf8_lossy(&bytes).into_owned()),
        };
        fields.insert(name, value);
    }
    Ok(fields)
}

/// What was sent and is not known: most likely a slip of the pen.
pub(super) fn unknown_fields(sent: &Value, known: &Value) -> Vec<String> {
    let mut lost = Vec::new();
    lose(sent, known, "", &mut lost);
    lost.truncate(10);
    lost.into_iter()
        .map(|field| format!("平台不认识 `{field}` · the platform knows no `{field}`"))
        .collect()
}

fn lose(sent: &Value, known: &Value, at: &str, lost: &mut Vec<String>) {
    match (sent, known) {
        (Value::Object(sent), Value::Object(known)) => {
            for (name, value) in sent {
                let at = if at.is_empty() {
                    name.clone()
                } else {
                    format!("{at}.{name}")
                };
                match known.get(name) {
                    Some(known) => lose(value, known, &at, lost),
                    // What is empty may be left out.
                    None if value.is_null()
                        || value == ""
                        || value == &Value::Array(Vec::new()) => {}
                    None => lost.push(at),
                }
            }
        }
        (Value::Array(sent), Value::Array(known)) => {
            for (n, (sent, known)) in sent.iter().zip(known).enumerate() {
                lose(sent, known, &format!("{at}[{n}]"), lost);
            }
        }
        _ => {}
    }
}
