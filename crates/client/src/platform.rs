//! [`Platform`]: the connections to the platform, which all accounts share, and the access tokens of each.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::{Proxy, Request, RequestBuilder, Response, Url, redirect};

use crate::account::ApiAccount;
use crate::error::Words;
use crate::token::{MemoryTokens, TokenStore, Tokens};
use crate::{BoxError, Client, Clock};

/// How the platform is reached.
#[derive(Clone)]
pub struct Settings {
    /// `http://…`: all calls go through it. A password in it is not printed. Without one, not even one from the environment is used.
    pub proxy: Option<Url>,
    /// How long it may take to connect.
    pub connect_timeout: Duration,
    /// How long a call may take, retries included, unless a client has [another](Client::within) time.
    pub timeout: Duration,
    /// The same for calls that send or receive a file.
    pub file_timeout: Duration,
    /// How long an answer in JSON may be.
    pub max_answer_bytes: usize,
    /// How long a file may be that is downloaded.
    pub max_file_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            proxy: None,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(15),
            file_timeout: Duration::from_mins(2),
            max_answer_bytes: 16 << 20,
            max_file_bytes: 100 << 20,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The owner's name and password may stand in its address.
        let proxy = self
            .proxy
            .as_ref()
            .map(|url| url.origin().ascii_serialization());
        f.debug_struct("Settings")
            .field("proxy", &proxy)
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("file_timeout", &self.file_timeout)
            .field("max_answer_bytes", &self.max_answer_bytes)
            .field("max_file_bytes", &self.max_file_bytes)
            .finish()
    }
}

/// The connections to the platform, and the access tokens. One for the process; cloning shares it.
#[derive(Clone)]
pub struct Platform(pub(crate) Arc<Parts>);

pub(crate) struct Parts {
    /// What builds requests.
    pub(crate) http: reqwest::Client,
    transport: Arc<dyn Transport>,
    pub(crate) settings: Settings,
    pub(crate) tokens: Tokens,
    pub(crate) clock: Clock,
}

/// What carries requests: the connections; in this crate's tests, a double of the platform that needs none.
pub(crate) trait Transport: Send + Sync + 'static {
    /// Sends one, and answers as soon as the status and the headers are there.
    fn send(&self, request: Request) -> BoxFuture<'_, reqwest::Result<Response>>;
}

impl Transport for reqwest::Client {
    fn send(&self, request: Request) -> BoxFuture<'_, reqwest::Result<Response>> {
        Box::pin(self.execute(request))
    }
}

impl Platform {
    /// With access tokens in memory: for a process that is the only one, or asks for stable tokens.
    ///
    /// # Errors
    /// The proxy cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, BoxError> {
        Self::with_tokens(settings, Arc::new(MemoryTokens::default()), Clock::system())
    }

    /// With access tokens that other processes share, and the time of day from `clock`.
    ///
    /// # Errors
    /// The proxy cannot be used.
    pub fn with_tokens(
        settings: &Settings,
        store: Arc<dyn TokenStore>,
        clock: Clock,
    ) -> Result<Self, BoxError> {
        let http = connections(settings)?;
        let transport = Arc::new(http.clone());
        Ok(Self::over(transport, http, settings, store, clock))
    }

    pub(crate) fn over(
        transport: Arc<dyn Transport>,
        http: reqwest::Client,
        settings: &Settings,
        store: Arc<dyn TokenStore>,
        clock: Clock,
    ) -> Self {
        Self(Arc::new(Parts {
            http,
            transport,
            settings: settings.clone(),
            tokens: Tokens::new(store),
            clock,
        }))
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> reqwest::Result<Response> {
        self.0.transport.send(request.build()?).await
    }

    /// Calls for this account. It costs next to nothing: make one whenever one is needed.
    pub fn client(&self, account: impl Into<Arc<ApiAccount>>) -> Client {
        Client::new(self.clone(), account.into())
    }
}

pub(crate) fn connections(settings: &Settings) -> Result<reqwest::Client, BoxError> {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(crate::tls_config(true))
        .user_agent(concat!("echostr/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.connect_timeout)
        .redirect(redirect::Policy::none())
        .referer(false)
        .http1_only()
        .no_proxy();
    let builder = match &settings.proxy {
        Some(proxy) => {
            let proxy = Proxy::all(proxy.clone()).map_err(|_| {
                Words("the proxy cannot be used; write for example `http://127.0.0.1:3128`".into())
            })?;
            builder.proxy(proxy)
        }
        None => builder,
    };
    let unusable = |error: reqwest::Error| {
        Words(format!(
            "the connections to the platform cannot be set up: {}",
            crate::error::innermost(&error)
        ))
    };
    Ok(builder.build().map_err(unusable)?)
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
