//! Speech and translation — 语音识别与微信翻译
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/ai/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, File};

endpoints! {
    Post "/cgi-bin/media/voice/addvoicetorecofortext" AddVoiceToRecoForText -> Empty, "提交语音", form(), query(&["format", "voice_id", "lang"]);
    Post "/cgi-bin/media/voice/queryrecoresultfortext" QueryRecoResultForText -> QueryRecoResultForTextResponse, "获取语音识别结果", no_body();
    Post "/cgi-bin/media/voice/translatecontent" TranslateContent -> TranslateContentResponse, "微信翻译", query(&["lfrom", "lto"]);
}

/// Add voice to reco for text — 提交语音.
///
/// Mp3, 16 kHz, mono, at most 1 MB. Query the result within 10 s under the same voice_id. Not for third-party platforms. 40010 bad size.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/ai/api_addvoicetorecofortext.html> (read 2026-11-22)
#[doc(alias = "提交语音")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddVoiceToRecoForText {
    /// Mp3.
    pub format: String,
    /// Caller's unique id.
    pub voice_id: String,
    /// Zh_CN (default) | en_US.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// Voice file.
    pub media: File,
}

/// Query reco result for text — 获取语音识别结果.
///
/// Call within 10 s of the upload.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/ai/api_queryrecoresultfortext.html> (read 2026-11-22)
#[doc(alias = "获取语音识别结果")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryRecoResultForText {
    /// Id used at upload.
    pub voice_id: String,
    /// Zh_CN | en_US.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
}

/// What [`QueryRecoResultForText`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueryRecoResultForTextResponse {
    /// Result.
    pub result: String,
}

/// Translate content — 微信翻译.
///
/// Text up to 600 bytes. Older docs and peers post the bare text; current docs post JSON. 40035 bad size.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/ai/api_translatecontent.html> (read 2026-11-22)
#[doc(alias = "微信翻译")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TranslateContent {
    /// Zh_CN | en_US.
    pub lfrom: String,
    /// Zh_CN | en_US.
    pub lto: String,
    /// UTF-8 text, at most 600 bytes.
    pub content: String,
}

/// What [`TranslateContent`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TranslateContentResponse {
    /// From content.
    pub from_content: String,
    /// To content.
    pub to_content: String,
}

