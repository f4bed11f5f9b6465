//! Web authorisation through a third-party platform — 代公众号网页授权
//!
//! As in [`oauth`](super::oauth), with the third-party platform's token in the place of the account's secret. The follower's
//! name and picture are asked for in the same way, with [`SnsUserInfo`](super::oauth::SnsUserInfo).
//!
//! ```
//! use echostr_protocol::api::component_oauth::{ComponentOauthAuthorizeUrl, Scope};
//!
//! let page = ComponentOauthAuthorizeUrl {
//!     appid: "wxf8b4f85f3a794e77".into(),
//!     redirect_uri: "https://bot.example.com/me".into(),
//!     scope: Scope::Base,
//!     state: Some("a1b2".into()),
//!     component_appid: "wx570bc396a51b8ff8".into(),
//! };
//! assert_eq!(
//!     page.url(),
//!     "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wxf8b4f85f3a794e77\
//!      &redirect_uri=https%3A%2F%2Fbot.example.com%2Fme&response_type=code&scope=snsapi_base&state=a1b2\
//!      &component_appid=wx570bc396a51b8ff8#wechat_redirect"
//! );
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Official_Accounts/official_account_website_authorization.html>
//! (read 2026-11-22)

use serde::{Deserialize, Serialize};

pub use super::oauth::Scope;
use super::{Auth, Request as _, Secret, wire, address};
use crate::{AppId, OpenId, UnionId};

endpoints! {
    Page "/connect/oauth2/authorize?response_type=code" ComponentOauthAuthorizeUrl -> ComponentOauthAuthorizeUrlResponse, "代公众号发起网页授权", host("open.weixin.qq.com"), auth(Auth::None);
    Get "/sns/oauth2/component/access_token?grant_type=authorization_code" SnsComponentAccessToken -> SnsComponentAccessTokenResponse, "代公众号换取网页授权access_token", auth(Auth::Component), once();
    Get "/sns/oauth2/component/refresh_token?grant_type=refresh_token" SnsComponentRefreshToken -> SnsComponentRefreshTokenResponse, "代公众号刷新网页授权access_token", auth(Auth::Component);
}

/// The page inside WeChat where a follower agrees — 代公众号发起网页授权.
///
/// # Errors
/// They are shown to the follower:
/// - 10003, 10016: the domain of `redirect_uri` is not the one registered at the third-party platform (公众号开发域名).
/// - 10005: the account has no right to this scope; a verified service account has.
/// - 10015: the account has not granted web authorisation to the third-party platform.
#[doc(alias = "代公众号发起网页授权")]
#[doc(alias = "网页授权")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ComponentOauthAuthorizeUrl {
    /// The account.
    pub appid: AppId,
    /// Where the browser comes back to, not escaped.
    pub redirect_uri: String,
    /// What the follower is asked to agree to.
    pub scope: Scope,
    /// Comes back as it is: ASCII letters and digits, at most 128 bytes. One that is hard to guess shows that the answer belongs
    /// to this question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The third-party platform.
    pub component_appid: AppId,
}

impl ComponentOauthAuthorizeUrl {
    /// The page's address. The order of the parameters matters to the platform.
    pub fn url(&self) -> String {
        let query = [
            ("appid", Some(self.appid.as_str())),
            ("redirect_uri", Some(&self.redirect_uri)),
            ("response_type", Some("code")),
            ("scope", Some(self.scope.as_str())),
            ("state", self.state.as_deref()),
            ("component_appid", Some(self.component_appid.as_str())),
        ];
        address(Self::ENDPOINT, &query) + "#wechat_redirect"
    }
}

/// What [`ComponentOauthAuthorizeUrl`] comes back with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ComponentOauthAuthorizeUrlResponse {
    /// For [`SnsComponentAccessToken`]: once, within five minutes. Absent when the follower has refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Secret>,
    /// As it was sent.
    pub state: String,
    /// The account.
    pub appid: AppId,
}

/// Changes the code of a page for the follower's token — 代公众号换取网页授权access_token.
///
/// # Errors
/// - 40029, 40163, 42003: the code is not one, was used before, or has expired; send the follower to the page again.
/// - 61003: the account has not agreed to the third-party platform.
/// - 48001: the token is an account's; this call takes the third-party platform's own.
#[doc(alias = "代公众号换取网页授权access_token")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SnsComponentAccessToken {
    /// The account.
    pub appid: AppId,
    /// [`ComponentOauthAuthorizeUrlResponse::code`].
    pub code: Secret,
    /// The third-party platform.
    pub component_appid: AppId,
}

/// What [`SnsComponentAccessToken`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SnsComponentAccessTokenResponse {
    /// The follower's token, for calls with [`Auth::Follower`]; it is not the account's. Allow 512 characters.
    pub access_token: Secret,
    /// Seconds, normally 7200.
    pub expires_in: i64,
    /// What it is renewed with, for 30 days.
    pub refresh_token: Secret,
    /// The follower. May be somebody who does not follow the account.
    pub openid: OpenId,
    /// What the follower has agreed to.
    pub scope: Scope,
    /// Only when the account is bound to an open-platform account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unionid: Option<UnionId>,
    /// Whether the page is shown as a snapshot (快照页), where OpenID, name and picture are invented: do not log this visitor in.
    /// Absent otherwise.
    #[serde(with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub is_snapshotuser: Option<bool>,
}

/// Renews a follower's token — 代公众号刷新网页授权access_token.
///
/// # Errors
/// - 40030: there is no such refresh token.
/// - 42002: it has expired, after 30 days; send the follower to the page again.
#[doc(alias = "代公众号刷新网页授权access_token")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SnsComponentRefreshToken {
    /// The account.
    pub appid: AppId,
    /// The third-party platform.
    pub component_appid: AppId,
    /// [`SnsComponentAccessTokenResponse::refresh_token`].
    pub refresh_token: Secret,
}

/// What [`SnsComponentRefreshToken`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SnsComponentRefreshTokenResponse {
    /// The new token.
    pub access_token: Secret,
    /// Seconds, normally 7200.
    pub expires_in: i64,
    /// What it is renewed with.
    pub refresh_token: Secret,
    /// The follower.
    pub openid: OpenId,
    /// What the follower has agreed to.
    pub scope: Scope,
}
