//! [`HttpTool`]: one HTTP call as a tool.

use std::time::Duration;

use echostr_client::with_causes;
use echostr_protocol::api::Secret;
use futures_util::future::BoxFuture;
use http::header::CONTENT_TYPE;
use jsonschema::Validator;
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};
use tracing::warn;

use super::{
    CallLimits, MAX_REFUSAL_CHARS, Offered, Tools, bad, checked, compiled, excerpt, result,
};
use crate::call::{ProgramUrl, wrong_status};
use crate::llm::web::{Endpoint, Fetched, Limits};
use crate::llm::{BadLlm, ToolSettings};

pub(super) struct HttpTool {
    offered: Offered,
    schema: Validator,
    endpoint: Endpoint,
    method: Method,
    timeout: Duration,
    key: Option<Secret>,
}

impl HttpTool {
    /// `n` is its place in the settings.
    pub(super) fn new(n: usize, tool: &ToolSettings, key: Option<Secret>) -> Result<Self, BadLlm> {
        let method = match &*tool.method {
            "GET" => Method::GET,
            "POST" => Method::POST,
            other => {
                return Err(bad(
                    n,
                    "method",
                    format!("is `{other}`, `GET` or `POST` is needed"),
                ));
            }
        };
        let parameters = parameters(&tool.parameters).map_err(|text| bad(n, "parameters", text))?;
        let schema = compiled(&parameters).map_err(|error| {
            bad(
                n,
                "parameters",
                format!("is no JSON Schema that can be used: {error}"),
            )
        })?;
        Ok(Self {
            offered: Offered {
                name: name(&tool.name).map_err(|text| bad(n, "name", text))?,
                description: tool.description.clone(),
                parameters,
            },
            schema,
            endpoint: Endpoint::new("tool", &format!("tools[{n}]"), &tool.url, key.as_ref())?,
            method,
            timeout: Duration::from_secs(tool.timeout_secs),
            key,
        })
    }

    async fn made(
        &self,
        arguments: Map<String, Value>,
        limits: CallLimits,
    ) -> Result<String, String> {
        let arguments = Value::Object(arguments);
        checked(&self.schema, &arguments)?;
        let request = self.request(&arguments)?;
        let allowed = Limits {
            time: self.timeout.min(limits.time),
            size_bytes: limits.result_bytes,
        };
        match self.endpoint.fetch(request, allowed).await {
            Ok(fetched) if fetched.status.is_success() => text(&fetched, limits.result_bytes),
            Ok(fetched) => Err(self.refused(&fetched)),
            Err(error) => {
                let name = &self.offered.name;
                let error = with_causes(&error);
                warn!(
                    tool = name,
                    error, "a call of the tool `{name}` failed: {error}"
                );
                // Addresses of the owner's network are nothing for the model.
                Err("the tool cannot be reached now".into())
            }
        }
    }

    fn request(&self, arguments: &Value) -> Result<RequestBuilder, String> {
        if self.method == Method::POST {
            return Ok(self
                .endpoint
                .request(Method::POST)
                .header(CONTENT_TYPE, "application/json")
                .body(arguments.to_string()));
        }
        let mut url = self.endpoint.url.0.clone();
        for (name, value) in arguments.as_object().into_iter().flatten() {
            let value = match value {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                Value::Array(_) | Value::Object(_) => {
                    let name = excerpt(name, 64);
                    return Err(format!(
                        "`{name}` is no text, number, true or false, as a query needs"
                    ));
                }
            };
            url.query_pairs_mut().append_pair(name, &value);
        }
        Ok(self.endpoint.request_of(Method::GET, &ProgramUrl(url)))
    }

    /// What was wrong with the call is told by statuses of 4xx; what is wrong with the program is nothing for the model.
    fn refused(&self, fetched: &Fetched) -> String {
        let name = &self.offered.name;
        let status = wrong_status(fetched.status, "2xx");
        let failure = self.endpoint.failed(&status);
        warn!(tool = name, %failure, "a call of the tool `{name}` failed: {failure}");
        let code = fetched.status.as_u16();
        let said = String::from_utf8_lossy(&fetched.body);
        let said = match &self.key {
            Some(key) if !key.expose().trim().is_empty() => {
                said.replace(key.expose().trim(), "***")
            }
            _ => said.into_owned(),
        };
        let said = excerpt(said.trim(), MAX_REFUSAL_CHARS);
        if fetched.status.is_client_error() && !said.is_empty() {
            format!("the tool answered with status {code}: {said}")
        } else {
            format!("the tool answered with status {code}")
        }
    }
}

impl Tools for HttpTool {
    fn offered(&self) -> BoxFuture<'_, Vec<Offered>> {
        Box::pin(async { vec![self.offered.clone()] })
    }

    fn call<'a>(
        &'a self,
        name: &'a str,
        arguments: Map<String, Value>,
        limits: CallLimits,
    ) -> BoxFuture<'a, Option<Result<String, String>>> {
        Box::pin(async move {
            if name != self.offered.name {
                return None;
            }
            Some(self.made(arguments, limits).await)
        })
    }
}

/// What came, as the model is told it.
fn text(fetched: &Fetched, result_bytes: usize) -> Result<String, String> {
    match std::str::from_utf8(&fetched.body) {
        Ok(text) => Ok(result(text, fetched.is_cut, result_bytes)),
        Err(error) if fetched.is_cut && error.error_len().is_none() => {
            let text = String::from_utf8_lossy(&fetched.body[..error.valid_up_to()]);
            Ok(result(&text, true, result_bytes))
        }
        Err(_) => {
            let content_type = excerpt(&fetched.content_type, 64);
            Err(format!(
                "the tool answered with something else than text ({content_type})"
            ))
        }
    }
}

fn name(name: &str) -> Result<String, String> {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&name.len()) && name.bytes().all(is_fit) {
        return Ok(name.to_owned());
    }
    let shown = excerpt(name, 64);
    Err(format!(
        "is `{shown}`; 1 to 64 of a-z, A-Z, 0-9, `_` and `-` are allowed"
    ))
}

/// Keywords that say which members there may be, beside `properties` or with other schemas.
const OF_MEMBERS: [&str; 11] = [
    "$dynamicRef",
    "$recursiveRef",
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "dependencies",
    "dependentSchemas",
    "if",
    "oneOf",
    "unevaluatedProperties",
];

/// The schema that the model is shown. Endpoints want to read that it is one of an object. Members that it does not declare are
/// not sent, unless it says something else about them.
fn parameters(own: &Map<String, Value>) -> Result<Value, String> {
    let mut parameters = own.clone();
    match parameters.get("type") {
        None => {
            parameters.insert("type".into(), "object".into());
        }
        Some(Value::String(kind)) if kind == "object" => {}
        Some(other) => {
            let other = excerpt(&other.to_string(), 64);
            return Err(format!(
                "is of the type {other}; the arguments are an object, `\"type\": \"object\"`"
            ));
        }
    }
    let is_closed = parameters.contains_key("properties")
        && OF_MEMBERS.iter().all(|it| !parameters.contains_key(*it));
    if is_closed {
        parameters.insert("additionalProperties".into(), false.into());
    }
    parameters.entry("properties").or_insert_with(|| json!({}));
    Ok(Value::Object(parameters))
}
