//! [`Endpoint`]: where a request goes, and how.

use std::fmt;

use serde_json::Value;

use super::{Request, node};

/// A line of a chapter's table.
pub struct Endpoint {
    /// The platform's English interface name, as a type: `CreateTag`.
    pub name: &'static str,
    /// Its Chinese name: `创建标签`.
    pub title: &'static str,
    /// The module of its chapter: `tag`.
    pub chapter: &'static str,
    /// The method.
    pub method: Method,
    /// The host, unless a caller has another one for the API.
    pub host: &'static str,
    /// The path, without a query.
    pub path: &'static str,
    /// The part of the query that is always the same, such as `action=publisher_settlement`.
    pub fixed: &'static str,
    /// Which credential travels in the query.
    pub auth: Auth,
    /// Where the fields of the request travel.
    pub place: Place,
    /// Those of its fields that travel in the query although there is a body.
    pub query: &'static [&'static str],
    /// What comes back.
    pub answer: Answer,
    /// Whether it only reads: then it may be made again when it is not known whether it arrived.
    pub is_repeatable: bool,
    /// Whether the platform does not maintain it any more, or has replaced it.
    pub is_deprecated: bool,
    request: fn(Value) -> serde_json::Result<Value>,
    response: fn(Value) -> serde_json::Result<Value>,
}

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// It has no body.
    Get,
    /// It may have one.
    Post,
    /// A browser goes there: the address is built, not called.
    Page,
}

/// Which credential travels in the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Auth {
    /// The account's `access_token`; of an account that has authorised a third-party platform, its `authorizer_access_token`.
    Account,
    /// The `component_access_token` of a third-party platform.
    Component,
    /// The `access_token` of one follower who has agreed on a web page (网页授权).
    Follower,
    /// None; what is needed stands in the request.
    None,
}

/// Where the fields of a request travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// In the query.
    Query,
    /// In a JSON body.
    Json,
    /// In a form with files.
    Form,
}

/// What comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// JSON.
    Json,
    /// A file; JSON when it fails, and for some kinds of what was asked for.
    File,
}

impl Endpoint {
    pub(super) const fn new<R: Request>(
        method: Method,
        path: &'static str,
        name: &'static str,
        title: &'static str,
        module: &'static str,
    ) -> Self {
        let (path, fixed) = split(path, b'?');
        let (_, chapter) = split_last(module);
        Self {
            name,
            title,
            chapter,
            method,
            host: "api.weixin.qq.com",
            path,
            fixed,
            auth: Auth::Account,
            place: match method {
                Method::Post => Place::Json,
                Method::Get | Method::Page => Place::Query,
            },
            query: &[],
            answer: Answer::Json,
            is_repeatable: matches!(method, Method::Get) || is_reading(name),
            is_deprecated: false,
            request: |json| serde_json::to_value(node::read::<R>(json)?),
            response: |json| serde_json::to_value(node::read::<R::Response>(json)?),
        }
    }

    pub(super) const fn host(mut self, host: &'static str) -> Self {
        self.host = host;
        self
    }

    pub(super) const fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    pub(super) const fn query(mut self, fields: &'static [&'static str]) -> Self {
        self.query = fields;
        self
    }

    pub(super) const fn form(mut self) -> Self {
        self.place = Place::Form;
        self
    }

    pub(super) const fn no_body(mut self) -> Self {
        self.place = Place::Query;
        self
    }

    pub(super) const fn file(mut self) -> Self {
        self.answer = Answer::File;
        self
    }

    pub(super) const fn once(mut self) -> Self {
        self.is_repeatable = false;
        self
    }

    pub(super) const fn deprecated(mut self) -> Self {
        self.is_deprecated = true;
        self
    }

    /// Its name as the platform writes it, and as errors do: `createTag`.
    pub fn call_name(&self) -> String {
        let (first, rest) = self.name.split_at(1);
        first.to_ascii_lowercase() + rest
    }

    /// Reads a request from JSON and writes it back: what is lost was not known.
    ///
    /// # Errors
    /// It is not such a request.
    pub fn read_request(&self, json: Value) -> serde_json::Result<Value> {
        (self.request)(json)
    }

    /// Reads a response from JSON and writes it back: what is lost was not known.
    ///
    /// # Errors
    /// It is not such a response.
    pub fn read_response(&self, json: Value) -> serde_json::Result<Value> {
        (self.response)(json)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("name", &self.name)
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Whether a POST of this name reads. Some that read are not known by it; that only costs them a second attempt.
const fn is_reading(name: &str) -> bool {
    contains(name, b"Get")
        || contains(name, b"Query")
        || contains(name, b"Search")
        || contains(name, b"List")
        || contains(name, b"Ocr")
}

const fn contains(text: &str, word: &[u8]) -> bool {
    let text = text.as_bytes();
    let mut place = 0;
    while place + word.len() <= text.len() {
        let mut length = 0;
        while length < word.len() && text[place + length] == word[length] {
            length += 1;
        }
        if length == word.len() {
            return true;
        }
        place += 1;
    }
    false
}

/// What is before and behind the first such byte.
const fn split(text: &str, at: u8) -> (&str, &str) {
    let mut place = 0;
    while place < text.len() {
        if text.as_bytes()[place] == at {
            let (before, rest) = text.split_at(place);
            return (before, rest.split_at(1).1);
        }
        place += 1;
    }
    (text, "")
}

/// What is before and behind the last `:`.
const fn split_last(text: &str) -> (&str, &str) {
    let mut place = text.len();
    while place > 0 {
        if text.as_bytes()[place - 1] == b':' {
            return text.split_at(place);
        }
        place -= 1;
    }
    ("", text)
}
