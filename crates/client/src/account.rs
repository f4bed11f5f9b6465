//! [`ApiAccount`]: an account as the platform's API knows it, and where its access tokens come from.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use echostr_protocol::AppId;
use echostr_protocol::api::Secret;
use futures_util::future::BoxFuture;
use http::header::CONTENT_TYPE;
use reqwest::Url;

use crate::answer::bounded;
use crate::error::innermost;
use crate::token::GivenToken;
use crate::{BoxError, Platform};

/// An account as the platform's API knows it. It prints without secrets.
#[derive(Debug, Clone)]
pub struct ApiAccount {
    /// Whose calls these are; access tokens are kept under it.
    pub app_id: AppId,
    /// Where access tokens come from.
    pub source: TokenSource,
    /// Where the API is, when it is not where the platform's documents say.
    pub base: Option<ApiBase>,
    /// For calls of a third-party platform (第三方平台).
    pub component: Option<Arc<Component>>,
}

/// Where access tokens come from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TokenSource {
    /// `stable_token`: any number of programs may ask. The one to use.
    Stable(Secret),
    /// `token`: each call makes the token before it invalid, so nobody else may ask.
    Plain(Secret),
    /// The account has authorised a third-party platform, and this is its `authorizer_refresh_token`. A newer one that comes
    /// with a token is kept in the [`TokenStore`](crate::TokenStore), and counts from then on.
    Authorizer(Secret),
    /// A program gives them out; this process never asks the platform.
    Url(TokenUrl),
    /// The same, but by the owner's own code.
    External(Arc<dyn ExternalToken>),
    /// Nowhere: the account has no AppSecret here. Calls that need a token fail.
    None,
}

/// A third-party platform (第三方平台), which calls for accounts that have authorised it.
#[derive(Debug)]
pub struct Component {
    /// Its AppID.
    pub app_id: AppId,
    /// Its AppSecret.
    pub secret: Secret,
    /// What the platform pushes every ten minutes.
    pub ticket: Ticket,
}

/// The `component_verify_ticket`, as it was pushed last. Cloning shares it.
#[derive(Clone, Default)]
pub struct Ticket(Arc<RwLock<Option<Secret>>>);

impl Ticket {
    /// A ticket that was pushed; it serves for twelve hours.
    pub fn set(&self, ticket: Secret) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(ticket);
    }

    pub(crate) fn get(&self) -> Option<Secret> {
        let ticket = self.0.read().unwrap_or_else(PoisonError::into_inner);
        ticket.clone()
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Somebody else who has access tokens: a program of the owner, a closure.
pub trait ExternalToken: fmt::Debug + Send + Sync + 'static {
    /// The token that counts now; `failed` is one that the platform has refused, so that it should be another one.
    ///
    /// # Errors
    /// Why there is none. No secret may be in it.
    fn token<'a>(
        &'a self,
        failed: Option<&'a Secret>,
    ) -> BoxFuture<'a, Result<GivenToken, BoxError>>;
}

/// A program that has access tokens, asked with `GET`: `{"access_token": "…", "expires_in": 7200}`, as another Echostr answers
/// at `/api/v1/accounts/{id}/access-token`. One that the platform has refused is told with `POST` and `{"failed": "…"}`. It prints without what is secret.
#[derive(Clone)]
pub struct TokenUrl {
    url: Url,
    // Sent as `Authorization: Bearer …`.
    key: Option<Secret>,
}

impl fmt::Debug for TokenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenUrl")
            .field("url", &self.url.as_str())
            .field("key", &self.key)
            .finish()
    }
}

/// Where the API is: `https://api.weixin.qq.com`, another one of the platform's hosts, a relay with a fixed address of one's own,
/// a simulator. A path before that of the endpoints is allowed; a user name, a query or a fragment is not.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiBase(String);

/// Why an address cannot be used, as the rest of a sentence about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the address {0}")]
pub struct BadBase(pub String);

impl ApiAccount {
    /// An account with its AppSecret.
    pub fn new(app_id: impl Into<AppId>, secret: impl Into<Secret>) -> Self {
        Self {
            app_id: app_id.into(),
            source: TokenSource::Stable(secret.into()),
            base: None,
            component: None,
        }
    }
}

impl ApiAccount {
    /// What is secret of it.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let own = match &self.source {
            TokenSource::Stable(secret)
            | TokenSource::Plain(secret)
            | TokenSource::Authorizer(secret) => Some(secret.clone()),
            TokenSource::Url(program) => program.key.clone(),
            TokenSource::External(_) | TokenSource::None => None,
        };
        let component = self.component.as_deref();
        let of_component = component.map(|component| component.secret.clone());
        let ticket = component.and_then(|component| component.ticket.get());
        own.into_iter().chain(of_component).chain(ticket).collect()
    }
}

impl FromStr for ApiBase {
    type Err = BadBase;

    fn from_str(text: &str) -> Result<Self, BadBase> {
        let url = address(text, "https://api.weixin.qq.com")?;
        Ok(Self(url.as_str().trim_end_matches('/').into()))
    }
}

/// An address that may stand in logs: nothing in it can be secret.
fn address(text: &str, example: &str) -> Result<Url, BadBase> {
    let url = Url::parse(text.trim())
        .map_err(|_| BadBase(format!("is not an address; write for example `{example}`")))?;
    let fault = if !matches!(url.scheme(), "http" | "https") {
        "does not begin with `http://` or `https://`"
    } else if !url.has_host() {
        "has no host"
    } else if !url.username().is_empty() || url.password().is_some() {
        "has a user name or a password in it; leave them out"
    } else if url.query().is_some() || url.fragment().is_some() {
        "has a `?` or a `#` in it; leave out what follows the path"
    } else {
        return Ok(url);
    };
    Err(BadBase(fault.into()))
}

impl ApiBase {
    /// Without a `/` at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ApiBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How long a program with tokens may take.
const TOKEN_WITHIN: Duration = Duration::from_secs(10);
/// How much it may answer.
const TOKEN_BYTES: usize = 16 << 10;

impl TokenUrl {
    /// A program at `url`.
    ///
    /// # Errors
    /// The address is none, or has a user name, a query or a fragment: what is secret is the key.
    pub fn new(url: &str, key: Option<Secret>) -> Result<Self, BadBase> {
        let url = address(
            url,
            "https://bot.example.com/api/v1/accounts/shop/access-token",
        )?;
        Ok(Self { url, key })
    }

    /// Asks it. It is told of a token that the platform has refused, unless it cannot be told such things.
    pub(crate) async fn ask(
        &self,
        platform: &Platform,
        refused: Option<&Secret>,
    ) -> Result<GivenToken, BoxError> {
        if let Some(refused) = refused {
            let told = serde_json::json!({ "failed": refused }).to_string();
            let request = platform.0.http.post(self.url.clone());
            let request = request.header(CONTENT_TYPE, "application/json").body(told);
            if let Ok(given) = self.answered(platform, request).await {
                return Ok(given);
            }
        }
        let request = platform.0.http.get(self.url.clone());
        self.answered(platform, request).await
    }

    async fn answered(
        &self,
        platform: &Platform,
        request: reqwest::RequestBuilder,
    ) -> Result<GivenToken, BoxError> {
        let host = self.url.host_str().unwrap_or_default();
        let failed = |what: String| -> BoxError {
            format!("the program at {host} that has the access tokens {what}").into()
        };
        let mut request = request.timeout(TOKEN_WITHIN);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose());
        }
        let answer = platform.send(request).await;
        let answer =
            answer.map_err(|error| failed(format!("cannot be asked: {}", innermost(&error))))?;
        let status = answer.status();
        if !status.is_success() {
            let code = status.as_u16();
            return Err(failed(format!("answers with status {code}, 200 is needed")));
        }
        let body = bounded(answer, TOKEN_BYTES).await;
        let body = body.map_err(|_| failed("answers too much, or broke off".into()))?;
        serde_json::from_slice(&body).map_err(|_| {
            failed("does not answer `{\"access_token\": \"…\", \"expires_in\": 7200}`".into())
        })
    }
}
