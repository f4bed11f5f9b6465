//! Tickets of the JS-SDK — JS-SDK临时票据
//!
//! A web page may use the JS-SDK after `wx.config` with a signature over its own address; the ticket behind it stays on the server.
//!
//! ```
//! use echostr_protocol::api::{Secret, js_sdk};
//!
//! let ticket = Secret::from("bxLdikRXVbTPdHSM05e5u4RbEYQn7pNQMPrfzl8lJNb1foLDa3HIwI3BRMkQmSO5CX");
//! let signature = js_sdk::signature(&ticket, "b3fH9kQz", 1_763_600_028, "https://example.com/me?from=menu#top");
//! assert_eq!(signature, "1da4484a8a5439810129eadc03fb1fffd06cfed8");
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/webdev/jssdk/> (read 2026-11-22)

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};

use super::Secret;

endpoints! {
    Get "/cgi-bin/ticket/getticket" GetTicket -> GetTicketResponse, "获取JS-SDK临时票据";
}

/// A ticket to sign with — 获取JS-SDK临时票据.
///
/// Keep it as long as it is valid, in one place for all servers: every call makes a new one, and there are few calls a day.
#[doc(alias = "获取JS-SDK临时票据")]
#[doc(alias = "jsapi_ticket")]
#[doc(alias = "api_ticket")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetTicket {
    /// What it is for.
    pub r#type: TicketType,
}

words! {
    /// What a ticket is for.
    TicketType {
        /// For `wx.config`, see [`signature`].
        Jsapi = "jsapi",
        /// For cards and invoices (卡券、电子发票).
        WxCard = "wx_card",
    }
}

/// What [`GetTicket`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetTicketResponse {
    /// To sign with; never to be sent to a browser.
    pub ticket: Secret,
    /// Seconds, mostly 7200.
    pub expires_in: i64,
}

/// The `signature` of `wx.config` — JS-SDK使用权限签名算法: 40 lower-case hex digits.
///
/// `noncestr` is any text and `timestamp` is in Unix seconds; the page gives the same two to `wx.config`, where the first is written
/// `nonceStr`. `url` is the page's `location.href` as it is; what stands behind a `#` does not count.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html>
#[doc(alias = "JS-SDK使用权限签名算法")]
#[doc(alias = "wx.config")]
#[doc(alias = "invalid signature")]
pub fn signature(ticket: &Secret, noncestr: &str, timestamp: i64, url: &str) -> String {
    let (url, _) = url.split_once('#').unwrap_or((url, ""));
    let ticket = ticket.expose();
    let text = format!("jsapi_ticket={ticket}&noncestr={noncestr}&timestamp={timestamp}&url={url}");
    let mut hex = String::with_capacity(40);
    for byte in Sha1::digest(text) {
        write!(hex, "{byte:02x}").expect("a string can be written to");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: &str) {
        let ticket = Secret::from(
            "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg",
        );
        let signature = signature(&ticket, "Wm3WZYTPz0wzccnW", 1_414_587_457, url);
        assert_eq!(signature, expected);
    }

    /// The first is the platform's example, the others are from Python's `hashlib`.
    #[test]
    fn the_address_is_signed_without_what_stands_behind_the_hash() {
        check(
            "http://mp.weixin.qq.com?params=value",
            "0f9de62fce790f9a083d5c99e95740ceb90c27ed",
        );
        check(
            "http://mp.weixin.qq.com?params=value#top",
            "0f9de62fce790f9a083d5c99e95740ceb90c27ed",
        );
        check(
            "https://example.com/me?a=1&b=%E8%8F%9C#/list#2",
            "697bd747d276d341d232ff532f72d7a098a63c97",
        );
    }
}
