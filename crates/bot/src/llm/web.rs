//! [`Endpoint`]: what is called beside the model, with a key, a limit in time and one in size.

use std::time::Duration;

use echostr_protocol::api::Secret;
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::BadLlm;
use crate::call::{AGENT, BadProgram, Failure, ProgramUrl, client, shown, wrong_status};

/// An address, and what proves that we may call it.
#[derive(Clone)]
pub(super) struct Endpoint {
    /// In sentences: `moderation endpoint`.
    who: &'static str,
    pub(super) url: ProgramUrl,
    authorization: Option<HeaderValue>,
}

/// What a call may cost.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// From the first byte that is sent to the last that comes.
    pub(super) time: Duration,
    /// What is read of the answer.
    pub(super) size_bytes: usize,
}

/// What came.
pub(super) struct Fetched {
    pub(super) status: StatusCode,
    /// Without parameters, in lower case; empty when there is none.
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
    /// There was more of it.
    pub(super) is_cut: bool,
}

impl Endpoint {
    /// `place` is where the address stands in the settings, without `.url`: `moderation`, `tools[0]`.
    ///
    /// # Errors
    /// When the address cannot be called, or no header can hold the key.
    pub(super) fn new(
        who: &'static str,
        place: &str,
        url: &str,
        key: Option<&Secret>,
    ) -> Result<Self, BadLlm> {
        let bad = |field: &str, text: String| BadLlm {
            field: format!("{place}.{field}"),
            text,
        };
        let url = url.parse().map_err(|error| {
            let (BadProgram::Url(text) | BadProgram::Secret(text)) = error;
            bad("url", text)
        })?;
        let authorization = key.map(bearer).transpose();
        let authorization = authorization.map_err(|text| bad("key", text))?;
        Ok(Self {
            who,
            url,
            authorization,
        })
    }

    /// An address that needs no key.
    pub(super) fn of(who: &'static str, url: ProgramUrl) -> Self {
        Self {
            who,
            url,
            authorization: None,
        }
    }

    /// A call of the address.
    pub(super) fn request(&self, method: Method) -> RequestBuilder {
        self.request_of(method, &self.url)
    }

    /// A call of a variant of the address, such as one with a query.
    pub(super) fn request_of(&self, method: Method, url: &ProgramUrl) -> RequestBuilder {
        let request = client(url)
            .request(method, url.0.clone())
            .header(USER_AGENT, AGENT);
        match &self.authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization.clone()),
            None => request,
        }
    }

    /// Sends it and reads what comes, whatever its status.
    pub(super) async fn fetch(
        &self,
        request: RequestBuilder,
        limits: Limits,
    ) -> Result<Fetched, Failure> {
        let by = Instant::now() + limits.time;
        let fetching = async {
            let response = request.send().await?;
            Fetched::of(response, limits.size_bytes).await
        };
        match timeout_at(by, fetching).await {
            Ok(Ok(fetched)) => Ok(fetched),
            Ok(Err(error)) => Err(Failure::unreached(self.who, &self.url, &error)),
            Err(_) => Err(self.failed(&format!("did not answer within {}", shown(limits.time)))),
        }
    }

    /// Sends it; the answer has to have a status of 2xx and come whole.
    pub(super) async fn fetch_whole(
        &self,
        request: RequestBuilder,
        limits: Limits,
    ) -> Result<Fetched, Failure> {
        let fetched = self.fetch(request, limits).await?;
        if !fetched.status.is_success() {
            return Err(self.failed(&wrong_status(fetched.status, "2xx")));
        }
        if fetched.is_cut {
            let most = limits.size_bytes;
            return Err(self.failed(&format!("answered with more than {most} bytes")));
        }
        Ok(fetched)
    }

    /// Posts JSON; the answer has to be JSON, too.
    pub(super) async fn ask(&self, question: &Value, limits: Limits) -> Result<Value, Failure> {
        let request = self
            .request(Method::POST)
            .header(CONTENT_TYPE, "application/json")
            .body(question.to_string());
        let answer = self.fetch_whole(request, limits).await?;
        serde_json::from_slice(&answer.body).map_err(|error| {
            self.failed(&format!("answered with something else than JSON: {error}"))
        })
    }

    /// `what` goes on after "the moderation endpoint at …".
    pub(super) fn failed(&self, what: &str) -> Failure {
        Failure::of(self.who, &self.url, what)
    }
}

impl Fetched {
    async fn of(mut response: Response, size_bytes: usize) -> Result<Self, reqwest::Error> {
        let mut fetched = Self {
            status: response.status(),
            content_type: content_type(&response),
            body: Vec::new(),
            is_cut: false,
        };
        while let Some(chunk) = response.chunk().await? {
            let room = size_bytes - fetched.body.len();
            fetched
                .body
                .extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                fetched.is_cut = true;
                break;
            }
        }
        Ok(fetched)
    }
}

fn content_type(response: &Response) -> String {
    let value = response.headers().get(CONTENT_TYPE);
    let value = value.map(HeaderValue::as_bytes).unwrap_or_default();
    let value = String::from_utf8_lossy(value);
    let essence = value.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// The header that holds a key. It prints as `Sensitive`.
fn bearer(key: &Secret) -> Result<HeaderValue, String> {
    let header = HeaderValue::try_from(format!("Bearer {}", token(key)?));
    let mut header = header.map_err(|error| error.to_string())?;
    header.set_sensitive(true);
    Ok(header)
}

/// A key that a header can hold. Blanks around it are cut off: they come from copying.
pub(super) fn token(key: &Secret) -> Result<String, String> {
    let key = key.expose().trim();
    if key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(key.to_owned());
    }
    Err("has characters that no HTTP header can hold; copy it again, it is letters, digits and signs".into())
}
