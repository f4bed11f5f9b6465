//! A request as it travels: the query, and the body.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Endpoint, File, Place, Request};

/// A request without its credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The path.
    pub path: &'static str,
    /// Names and values, not escaped yet; the part that is always the same comes first.
    pub query: Vec<(String, String)>,
    /// The body.
    pub body: Body,
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// None.
    None,
    /// JSON in UTF-8, nothing of it escaped that need not be: the platform shows `\\u` escapes as they are.
    Json(Vec<u8>),
    /// A form with files.
    Form(Vec<(String, Part)>),
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A value.
    Text(String),
    /// A file.
    File(File),
}

/// How this request travels.
pub fn encode<R: Request>(request: &R) -> Encoded {
    let endpoint = R::ENDPOINT;
    if endpoint.place == Place::Json && endpoint.query.is_empty() {
        // In the order of the struct, as the platform's documents write it.
        return encoded(endpoint, Map::new(), Body::Json(json(request)));
    }
    endpoint.encode(fields(request))
}

impl Endpoint {
    /// How a request with these fields travels. They are not checked: [`read_request`](Self::read_request) does that.
    ///
    /// # Panics
    /// When an object that is no recorded [`File`] stands in a form.
    pub fn encode(&self, fields: Map<String, Value>) -> Encoded {
        let (in_query, in_body): (Map<_, _>, Map<_, _>) =
            fields.into_iter().partition(|(name, _)| {
                self.place == Place::Query || self.query.contains(&name.as_str())
            });
        let body = match self.place {
            Place::Query => Body::None,
            Place::Json => Body::Json(json(&in_body)),
            Place::Form => Body::Form(
                in_body
                    .into_iter()
                    .map(|(name, value)| (name, part(value)))
                    .collect(),
            ),
        };
        encoded(self, in_query, body)
    }
}

/// With what is always the same in the query.
fn encoded(endpoint: &Endpoint, in_query: Map<String, Value>, body: Body) -> Encoded {
    let always = endpoint
        .fixed
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let given = in_query
        .into_iter()
        .map(|(name, value)| (name, text(value)));
    Encoded {
        path: endpoint.path,
        query: always.chain(given).collect(),
        body,
    }
}

/// The address of a page, with these parameters in this order; those that are absent are left out. What is always the same is
/// among them, because it has its place, too.
pub(super) fn address(page: &Endpoint, query: &[(&str, Option<&str>)]) -> String {
    let address = format!("https://{}{}?", page.host, page.path);
    let start = address.len();
    let given = query
        .iter()
        .filter_map(|(name, value)| Some((name, (*value)?)));
    form_urlencoded::Serializer::for_suffix(address, start)
        .extend_pairs(given)
        .finish()
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("requests are structs, and what is in them has texts as names")
}

fn fields<R: Request>(request: &R) -> Map<String, Value> {
    match serde_json::to_value(request) {
        Ok(Value::Object(fields)) => fields,
        other => unreachable!("a request is a struct: {other:?}"),
    }
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn part(value: Value) -> Part {
    match value {
        Value::Object(_) => {
            Part::File(serde_json::from_value(value).expect("the only objects in forms are files"))
        }
        other => Part::Text(text(other)),
    }
}
