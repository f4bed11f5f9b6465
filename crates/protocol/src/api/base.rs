//! The platform's addresses — 网络与服务器地址
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/base/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

endpoints! {
    Post "/cgi-bin/callback/check" CallbackCheck -> CallbackCheckResponse, "网络通信检测";
    Get "/cgi-bin/get_api_domain_ip" GetApiDomainIp -> GetApiDomainIpResponse, "获取微信API服务器IP";
    Get "/cgi-bin/getcallbackip" GetCallbackIp -> GetCallbackIpResponse, "获取微信推送服务器IP";
}

/// Callback check — 网络通信检测.
///
/// Asks the platform to probe the configured callback URL (dns, ping or all) from a chosen carrier.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/base/api_callbackcheck.html> (read 2026-11-22)
#[doc(alias = "网络通信检测")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CallbackCheck {
    /// Dns | ping | all.
    pub action: String,
    /// CHINANET | UNICOM | CAP | DEFAULT.
    pub check_operator: String,
}

/// What [`CallbackCheck`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallbackCheckResponse {
    /// DNS results.
    pub dns: Vec<Dns>,
    /// Ping results.
    pub ping: Vec<Ping>,
}

/// DNS results.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dns {
    /// IP address.
    pub ip: String,
    /// Operator of the resolved IP.
    pub real_operator: String,
}

/// Ping results.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ping {
    /// IP address.
    pub ip: String,
    /// Operator pinged from.
    pub from_operator: String,
    /// Packet loss, e.g. 0%.
    pub package_loss: String,
    /// Latency.
    pub time: String,
}

/// Get api domain ip — 获取微信API服务器IP.
///
/// Addresses of api.weixin.qq.com, for outbound firewalls. Changes without notice; refresh daily.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/base/api_getapidomainip.html> (read 2026-11-22)
#[doc(alias = "获取微信API服务器IP")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetApiDomainIp {
}

/// What [`GetApiDomainIp`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetApiDomainIpResponse {
    /// IP addresses or CIDR blocks.
    pub ip_list: Vec<String>,
}

/// Get callback ip — 获取微信推送服务器IP.
///
/// Source addresses of pushes, for inbound firewalls. Entries may be plain IPs or CIDR blocks.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/base/api_getcallbackip.html> (read 2026-11-22)
#[doc(alias = "获取微信推送服务器IP")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetCallbackIp {
}

/// What [`GetCallbackIp`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetCallbackIpResponse {
    /// IP addresses or CIDR blocks.
    pub ip_list: Vec<String>,
}

