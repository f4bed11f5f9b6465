//! What the platform's documents show as the answer to a call, for calls that have no state here.

use echostr_protocol::api::{Answer, Endpoint, Method};
use reqwest::Url;
use rust_embed::RustEmbed;
use serde_json::Value;

use super::{Output, ok};

#[derive(RustEmbed)]
#[folder = "../protocol/fixtures/api"]
struct Fixtures;

/// The documented answer. A page sends the browser back at once.
pub(super) fn answer(endpoint: &'static Endpoint, request: &Value) -> Output {
    let path = format!("{}/{}.response.json", endpoint.chapter, endpoint.name);
    let fixture =
        Fixtures::get(&path).and_then(|file| serde_json::from_slice::<Value>(&file.data).ok());
    match (endpoint.answer, fixture) {
        (_, None) => Output::Json(ok()),
        (Answer::File, Some(Value::Object(fields))) if fields.is_empty() => Output::File {
            name: "sample.txt".into(),
            content_type: "text/plain".into(),
            bytes: b"sample".to_vec(),
        },
        (_, Some(json)) => {
            // Of several the first.
            let mut json = match json {
                Value::Array(answers) => answers.into_iter().next().unwrap_or_default(),
                answer => answer,
            };
            if let Value::Object(fields) = &mut json
                && fields.is_empty()
            {
                json = ok();
            }
            if endpoint.method == Method::Page
                && let Some(back) = back(request, &json)
            {
                return Output::Redirect(back);
            }
            Output::Json(json)
        }
    }
}

/// Where a page sends the browser back to, with what it tells.
fn back(request: &Value, told: &Value) -> Option<String> {
    let to = request
        .get("redirect_uri")
        .or_else(|| request.get("redirect_url"))?;
    let mut to = Url::parse(to.as_str()?)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))?;
    for (name, value) in told.as_object()? {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        to.query_pairs_mut().append_pair(name, &text);
    }
    Some(to.into())
}
