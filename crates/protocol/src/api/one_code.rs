//! One code for each thing — 一物一码
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/onecode/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty};
use crate::{OpenId};

endpoints! {
    Post "/intp/marketcode/applycode" ApplyCode -> ApplyCodeResponse, "申请二维码";
    Post "/intp/marketcode/applycodequery" ApplyCodeQuery -> ApplyCodeQueryResponse, "查询二维码申请单";
    Post "/intp/marketcode/applycodedownload" ApplyCodeDownload -> ApplyCodeDownloadResponse, "下载二维码包";
    Post "/intp/marketcode/codeactive" CodeActive -> Empty, "激活二维码";
    Post "/intp/marketcode/codeactivequery" CodeActiveQuery -> CodeActiveQueryResponse, "查询二维码激活状态";
    Post "/intp/marketcode/tickettocode" TicketToCode -> TicketToCodeResponse, "code_ticket换code";
}

/// Apply code — 申请二维码.
///
/// Isv_application_id is the idempotency key; code_count a multiple of 10000 up to 20000000.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/onecode/api_intp_marketcode_applycode> (read 2026-11-22)
#[doc(alias = "申请二维码")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ApplyCode {
    /// Number of codes, a multiple of 10000.
    pub code_count: i64,
    /// Caller's idempotency key.
    pub isv_application_id: String,
}

/// What [`ApplyCode`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplyCodeResponse {
    /// Application number.
    pub application_id: i64,
}

/// Apply code query — 查询二维码申请单.
///
/// Poll until FINISH.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/onecode/api_intp_marketcode_applycodequery> (read 2026-11-22)
#[doc(alias = "查询二维码申请单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ApplyCodeQuery {
    /// Application number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_id: Option<i64>,
    /// Caller's idempotency key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isv_application_id: Option<String>,
}

/// What [`ApplyCodeQuery`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplyCodeQueryResponse {
    /// Application number.
    pub application_id: i64,
    /// Caller's idempotency key.
    pub isv_application_id: String,
    /// State.
    pub status: String,
    /// Code generation list.
    pub code_generate_list: Vec<CodeGenerate>,
    /// Unix seconds of the last change.
    pub update_time: i64,
    /// Unix seconds.
    pub create_time: i64,
}

/// Code generation list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CodeGenerate {
    /// Code start.
    pub code_start: i64,
    /// Code end.
    pub code_end: i64,
}

/// Apply code download — 下载二维码包.
///
/// Buffer is base64 of an AES-encrypted file.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/onecode/api_intp_marketcode_applycodedownload> (read 2026-11-22)
#[doc(alias = "下载二维码包")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ApplyCodeDownload {
    /// Application number.
    pub application_id: i64,
    /// Code start.
    pub code_start: i64,
    /// Code end.
    pub code_end: i64,
}

/// What [`ApplyCodeDownload`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplyCodeDownloadResponse {
    /// Encoding file data.
    pub buffer: String,
}

/// Code active — 激活二维码.
///
/// Binds a code range to a product.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/onecode/api_intp_marketcode_codeactive> (read 2026-11-22)
#[doc(alias = "激活二维码")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CodeActive {
    /// Application number.
    pub application_id: i64,
    /// Activity name.
    pub activity_name: String,
    /// Product brand.
    pub product_brand: String,
    /// Product title.
    pub product_title: String,
    /// Product code.
    pub product_code: String,
    /// Mini program AppID.
    pub wxa_appid: String,
    /// Mini program path.
    pub wxa_path: String,
    /// Mini program type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wxa_type: Option<i64>,
    /// Code start.
    pub code_start: i64,
    /// Code end.
    pub code_end: i64,
}

/// Code active query — 查询二维码激活状态.
///
/// State of one code.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/onecode/api_intp_marketcode_codeactivequery> (read 2026-11-22)
#[doc(alias = "查询二维码激活状态")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CodeActiveQuery {
    /// Application number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_id: Option<i64>,
    /// Code index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_index: Option<i64>,
    /// Code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Code url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_url: Option<String>,
}

/// What [`CodeActiveQuery`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CodeActiveQueryResponse {
    /// Application number.
    pub application_id: i64,
    /// Caller's idempotency key.
    pub isv_application_id: String,
    /// Code.
    pub code: String,
    /// Activity name.
    pub activity_name: String,
    /// Product brand.
    pub product_brand: String,
    /// Product title.
    pub product_title: String,
    /// Product code.
    pub product_code: String,
    /// Mini program AppID.
    pub wxa_appid: String,
    /// Mini program path.
    pub wxa_path: String,
    /// Mini program type.
    pub wxa_type: i64,
    /// Code start.
    pub code_start: i64,
    /// Code end.
    pub code_end: i64,
}

/// Ticket to code — code_ticket换code.
///
/// Code_ticket from the page URL to a code.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/onecode/api_intp_marketcode_tickettocode> (read 2026-11-22)
#[doc(alias = "code_ticket换code")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TicketToCode {
    /// User's OpenID in this account.
    pub openid: OpenId,
    /// Code ticket.
    pub code_ticket: String,
}

/// What [`TicketToCode`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketToCodeResponse {
    /// Application number.
    pub application_id: i64,
    /// Caller's idempotency key.
    pub isv_application_id: String,
    /// Code.
    pub code: String,
    /// Activity name.
    pub activity_name: String,
    /// Product brand.
    pub product_brand: String,
    /// Product title.
    pub product_title: String,
    /// Product code.
    pub product_code: String,
    /// Mini program AppID.
    pub wxa_appid: String,
    /// Mini program path.
    pub wxa_path: String,
    /// Mini program type.
    pub wxa_type: i64,
    /// Code start.
    pub code_start: i64,
    /// Code end.
    pub code_end: i64,
}

