//! Short keys — 短key托管
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/qrcode/shorten/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

endpoints! {
    Post "/cgi-bin/shorten/gen" GenShortKey -> GenShortKeyResponse, "生成短key";
    Post "/cgi-bin/shorten/fetch" FetchShorten -> FetchShortenResponse, "还原短key";
}

/// Gen short key — 生成短key.
///
/// 9410010 over 4 KB, 9410011 over 30 days.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/qrcode/shorten/api_genshortkey.html> (read 2026-11-22)
#[doc(alias = "生成短key")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GenShortKey {
    /// Lifetime in seconds, at most 2592000 (30 days).
    pub expire_seconds: i64,
    /// Payload up to 4 KB.
    pub long_data: String,
}

/// What [`GenShortKey`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenShortKeyResponse {
    /// 15-character base62 key.
    pub short_key: String,
}

/// Fetch shorten — 还原短key.
///
/// 9410012 unknown, expired or foreign key. expire_seconds in the reply is what is left.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/qrcode/shorten/api_fetchshorten.html> (read 2026-11-22)
#[doc(alias = "还原短key")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FetchShorten {
    /// 15-character base62 key.
    pub short_key: String,
}

/// What [`FetchShorten`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FetchShortenResponse {
    /// Lifetime in seconds, at most 2592000 (30 days).
    pub expire_seconds: i64,
    /// Payload up to 4 KB.
    pub long_data: String,
    /// Unix seconds.
    pub create_time: i64,
}

