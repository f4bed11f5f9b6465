//! Short keys — 短key托管
//!
//! The platform keeps a text for some days under a short key, for QR codes that would be too dense with the text itself.
//!
//! ```
//! use echostr_protocol::api::{self, Body, short_link::GenShortKey};
//!
//! let request = GenShortKey { expire_seconds: 86_400, long_data: "loyalty=gold&from=shop-3".into() };
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! assert_eq!(json, br#"{"expire_seconds":86400,"long_data":"loyalty=gold&from=shop-3"}"#);
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/qrcode/shorten/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

endpoints! {
    Post "/cgi-bin/shorten/gen" GenShortKey -> GenShortKeyResponse, "生成短key";
    Post "/cgi-bin/shorten/fetch" FetchShorten -> FetchShortenResponse, "还原短key";
}

/// Keeps a text — 生成短key.
///
/// # Errors
/// - 9410010: the text has more than 4 KB.
/// - 9410011: it shall be kept for more than 30 days.
#[doc(alias = "生成短key")]
#[doc(alias = "短链接")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GenShortKey {
    /// At most 2 592 000 (30 days).
    pub expire_seconds: i64,
    /// Any text, at most 4 KB.
    pub long_data: String,
}

/// What [`GenShortKey`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenShortKeyResponse {
    /// 15 letters and digits.
    pub short_key: String,
}

/// Reads a text that was kept — 还原短key.
///
/// # Errors
/// - 9410012: there is no such key any more, or it is another account's.
#[doc(alias = "还原短key")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FetchShorten {
    /// From [`GenShortKeyResponse::short_key`].
    pub short_key: String,
}

/// What [`FetchShorten`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FetchShortenResponse {
    /// How long it will still be kept.
    pub expire_seconds: i64,
    /// The text.
    pub long_data: String,
    /// Unix seconds.
    pub create_time: i64,
}
