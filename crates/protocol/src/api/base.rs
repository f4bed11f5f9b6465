//! The platform's addresses, and whether it reaches ours — 网络与服务器地址
//!
//! ```
//! use echostr_protocol::api::{self, Body, base::{CallbackCheck, CheckAction, Operator}};
//!
//! let request = CallbackCheck { action: CheckAction::All, check_operator: Operator::Auto };
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! assert_eq!(json, br#"{"action":"all","check_operator":"DEFAULT"}"#);
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/base/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

endpoints! {
    Post "/cgi-bin/callback/check" CallbackCheck -> CallbackCheckResponse, "网络通信检测";
    Get "/cgi-bin/get_api_domain_ip" GetApiDomainIp -> IpList, "获取微信API服务器IP";
    Get "/cgi-bin/getcallbackip" GetCallbackIp -> IpList, "获取微信推送服务器IP";
}

/// Lets the platform look whether it reaches the configured webhook — 网络通信检测.
///
/// # Errors
/// - 40201: the account has no webhook, or one that is no address; configure it first.
/// - 40202: there is no such [`CheckAction`]. 40203: there is no such [`Operator`].
#[doc(alias = "网络通信检测")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CallbackCheck {
    /// What it tries.
    pub action: CheckAction,
    /// From whose network it tries.
    pub check_operator: Operator,
}

words! {
    /// What [`CallbackCheck`] tries.
    CheckAction {
        /// To resolve the webhook's domain.
        Dns = "dns",
        /// To ping its addresses.
        Ping = "ping",
        /// Both.
        All = "all",
    }

    /// A network operator (运营商).
    Operator {
        /// China Telecom, 电信.
        ChinaNet = "CHINANET",
        /// China Unicom, 联通.
        Unicom = "UNICOM",
        /// Tencent's own network, 腾讯自建出口.
        Cap = "CAP",
        /// The one that suits the address.
        Auto = "DEFAULT",
    }
}

/// What [`CallbackCheck`] answers. A list stays empty when it was not asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallbackCheckResponse {
    /// The addresses that the domain resolves to.
    pub dns: Vec<DnsResult>,
    /// How these addresses were reached.
    pub ping: Vec<PingResult>,
}

/// An address that the webhook's domain resolves to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DnsResult {
    /// The address.
    pub ip: String,
    /// In whose network it is.
    pub real_operator: Operator,
}

/// How an address was reached.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PingResult {
    /// The address.
    pub ip: String,
    /// From whose network.
    pub from_operator: Operator,
    /// How many packets were lost: `0%`.
    pub package_loss: String,
    /// How long one took, with its unit: `23.079ms`.
    pub time: String,
}

/// The addresses of `api.weixin.qq.com`, for a firewall that restricts what goes out — 获取微信API服务器IP.
///
/// They change without notice: ask once a day.
#[doc(alias = "获取微信API服务器IP")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetApiDomainIp {}

/// The addresses that pushes come from, for a firewall that restricts what comes in — 获取微信推送服务器IP.
///
/// They change without notice: ask once a day.
#[doc(alias = "获取微信推送服务器IP")]
#[doc(alias = "获取微信callback IP地址")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetCallbackIp {}

/// What [`GetApiDomainIp`] and [`GetCallbackIp`] answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IpList {
    /// Single addresses and CIDR blocks: `101.226.103.0/25`.
    pub ip_list: Vec<String>,
}
