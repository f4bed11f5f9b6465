//! How the platform's HTTP API is reached: `[platform]` in the settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use echostr_client::{Clock, Platform, Settings, TokenStore};
use reqwest::Url;

/// How the platform's HTTP API is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformSettings {
    /// All calls go through it.
    pub proxy: Option<ProxyUrl>,
    /// How long a call may take, retries included; those with files may take longer.
    pub timeout: Duration,
}

/// The address of a proxy. It prints without its user name and password.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl(Url);

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.0.clone();
        if !url.username().is_empty() || url.password().is_some() {
            let _ = url.set_username("***");
            let _ = url.set_password(None);
        }
        f.write_str(url.as_str())
    }
}

/// Reads the address of a proxy; empty: none. What is wrong never shows what is there.
pub(crate) fn proxy(text: &str) -> Result<Option<ProxyUrl>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let url = Url::parse(text)
        .map_err(|_| "is not an address; write for example `http://127.0.0.1:3128`")?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("does not begin with `http://` or `https://` and a host".into());
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("has something behind host and port; leave that out".into());
    }
    Ok(Some(ProxyUrl(url)))
}

impl PlatformSettings {
    /// The connections to the platform, with access tokens that are kept there.
    ///
    /// # Errors
    /// They cannot be set up.
    pub(crate) fn connect(&self, tokens: Arc<dyn TokenStore>) -> Result<Platform, String> {
        let settings = Settings {
            proxy: self.proxy.as_ref().map(|ProxyUrl(url)| url.clone()),
            timeout: self.timeout,
            ..Settings::default()
        };
        Platform::with_tokens(&settings, tokens, Clock::system()).map_err(|error| error.to_string())
    }
}
