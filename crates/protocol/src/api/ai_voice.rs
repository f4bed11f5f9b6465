//! Speech and translation — 微信AI开放接口: Mandarin and English.
//!
//! A recording is [uploaded](AddVoiceToRecoForText) under an id of the caller's own, its text
//! [asked for](QueryRecoResultForText) under the same id within 10 seconds. Third-party platforms may not call these for an
//! account.
//!
//! ```
//! use echostr_protocol::api::{self, ai_voice::{Lang, TranslateContent}};
//!
//! let request = TranslateContent { lfrom: Lang::ZhCn, lto: Lang::EnUs, content: "几点开门?".into() };
//! let encoded = api::encode(&request);
//! assert_eq!(encoded.query[1], ("lto".into(), "en_US".into()));
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/ai/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, File};

endpoints! {
    Post "/cgi-bin/media/voice/addvoicetorecofortext" AddVoiceToRecoForText -> Empty, "上传语音文件", form(), query(&["format", "voice_id", "lang"]);
    Post "/cgi-bin/media/voice/queryrecoresultfortext" QueryRecoResultForText -> QueryRecoResultForTextResponse, "获取语音识别结果", no_body();
    Post "/cgi-bin/media/voice/translatecontent" TranslateContent -> TranslateContentResponse, "微信翻译", query(&["lfrom", "lto"]);
}

words! {
    /// A language.
    Lang {
        /// Chinese: Mandarin.
        ZhCn = "zh_CN",
        /// English.
        EnUs = "en_US",
    }

    /// The format of a recording.
    Format {
        /// The only one.
        Mp3 = "mp3",
    }
}

/// Uploads a recording to be recognised — 上传语音文件.
///
/// # Errors
/// - 40010: the recording is larger than 1 MB; send less.
#[doc(alias = "上传语音文件")]
#[doc(alias = "提交语音")]
#[doc(alias = "语音识别")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddVoiceToRecoForText {
    /// MP3.
    pub format: Format,
    /// Invented by the caller, a new one for each recording.
    pub voice_id: String,
    /// What is spoken; Chinese without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<Lang>,
    /// MP3, 16 kHz, mono, at most 1 MB. Voice messages of followers come as AMR: convert them.
    pub media: File,
}

/// Asks for the text of a recording, within 10 seconds of its upload — 获取语音识别结果.
#[doc(alias = "获取语音识别结果")]
#[doc(alias = "语音转文字")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryRecoResultForText {
    /// As it was uploaded.
    pub voice_id: String,
    /// As it was uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<Lang>,
}

/// What [`QueryRecoResultForText`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueryRecoResultForTextResponse {
    /// The text; empty when there is none for this id, or none yet.
    pub result: String,
}

/// Translates between Chinese and English — 微信翻译.
///
/// Older pages, and libraries after them, send the text itself as the body; the present page has a JSON body, as here.
///
/// # Errors
/// - 40035: something was not accepted, such as a text of more than 600 bytes.
#[doc(alias = "微信翻译")]
#[doc(alias = "文本翻译")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TranslateContent {
    /// The language it is in.
    pub lfrom: Lang,
    /// The language it is wanted in.
    pub lto: Lang,
    /// At most 600 bytes of UTF-8: 200 Chinese characters.
    pub content: String,
}

/// What [`TranslateContent`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TranslateContentResponse {
    /// The text that was sent.
    pub from_content: String,
    /// The translation.
    pub to_content: String,
}
