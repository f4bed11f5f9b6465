//! A QR code on every single product — 一物一码
//!
//! A batch of codes is applied for, made within a while, downloaded to be printed, and activated range by range: from then on a
//! scan opens a page of a mini program, with a `code_ticket` that says which code it was. For service accounts that were granted it.
//!
//! ```
//! use echostr_protocol::api::{self, Body, one_code::ApplyCode};
//!
//! let request = ApplyCode { code_count: 50_000, isv_application_id: "tea-2026-11".into() };
//! let encoded = api::encode(&request);
//! assert_eq!(encoded.path, "/intp/marketcode/applycode");
//! let Body::Json(json) = encoded.body else { panic!("a JSON body") };
//! assert_eq!(json, br#"{"code_count":50000,"isv_application_id":"tea-2026-11"}"#);
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/onecode/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, Secret};
use crate::{AppId, OpenId};

endpoints! {
    Post "/intp/marketcode/applycode" ApplyCode -> ApplyCodeResponse, "申请二维码";
    Post "/intp/marketcode/applycodequery" ApplyCodeQuery -> ApplyCodeQueryResponse, "查询二维码申请单";
    Post "/intp/marketcode/applycodedownload" ApplyCodeDownload -> ApplyCodeDownloadResponse, "下载二维码包";
    Post "/intp/marketcode/codeactive" CodeActive -> Empty, "激活二维码";
    Post "/intp/marketcode/codeactivequery" CodeActiveQuery -> ActiveCode, "查询二维码激活状态";
    Post "/intp/marketcode/tickettocode" TicketToCode -> ActiveCode, "CODE_TICKET换CODE";
}

/// Applies for a batch of codes — 申请二维码. They are not there at once: ask with [`ApplyCodeQuery`].
#[doc(alias = "申请二维码")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ApplyCode {
    /// 10000 to 20000000, a multiple of 10000.
    pub code_count: i64,
    /// The caller's own number of the batch (外部单号), at most 128 bytes. Applying with the same one again makes no second batch.
    pub isv_application_id: String,
}

/// What [`ApplyCode`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplyCodeResponse {
    /// The platform's number of the batch (申请单号).
    pub application_id: i64,
}

/// How far a batch is — 查询二维码申请单, by either of its numbers. Repeat it until [`ApplyCodeQueryResponse::status`] is `FINISH`.
#[doc(alias = "查询二维码申请单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ApplyCodeQuery {
    /// The platform's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_id: Option<i64>,
    /// The caller's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isv_application_id: Option<String>,
}

/// What [`ApplyCodeQuery`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplyCodeQueryResponse {
    /// The platform's number.
    pub application_id: i64,
    /// The caller's number.
    pub isv_application_id: String,
    /// `FINISH` when the codes can be downloaded. The platform names no other.
    pub status: String,
    /// The parts in which the batch is downloaded; empty until it is finished.
    pub code_generate_list: Vec<CodeRange>,
    /// Unix seconds of the last change.
    pub update_time: i64,
    /// Unix seconds.
    pub create_time: i64,
}

/// Codes of a batch, by their place in it: the first has 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CodeRange {
    /// The first.
    pub code_start: i64,
    /// The last; it belongs to them.
    pub code_end: i64,
}

/// Downloads one part of a finished batch — 下载二维码包.
#[doc(alias = "下载二维码包")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ApplyCodeDownload {
    /// The platform's number of the batch.
    pub application_id: i64,
    /// A part as [`ApplyCodeQueryResponse::code_generate_list`] has it.
    #[serde(flatten)]
    pub range: CodeRange,
}

/// What [`ApplyCodeDownload`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplyCodeDownloadResponse {
    /// The codes: base64 of a file that is encrypted by AES-CBC, with the key that the platform sent with the grant.
    pub buffer: String,
}

/// Says what some codes of a batch stand on, and which page their scan opens — 激活二维码.
///
/// The names of activity, brand and product are what the platform's statistics are grouped by.
#[doc(alias = "激活二维码")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CodeActive {
    /// The platform's number of the batch.
    pub application_id: i64,
    /// 活动名称.
    pub activity_name: String,
    /// 商品品牌.
    pub product_brand: String,
    /// 商品标题.
    pub product_title: String,
    /// The product's barcode (EAN).
    pub product_code: String,
    /// The mini program that a scan opens.
    pub wxa_appid: AppId,
    /// Its page.
    pub wxa_path: String,
    /// Its version: 0 released, 1 in development, 2 on trial. Absent: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wxa_type: Option<i64>,
    /// Which codes; any range of the batch.
    #[serde(flatten)]
    pub range: CodeRange,
}

/// What a code was activated with — 查询二维码激活状态. The code is named by batch and place, by itself, or by its address.
#[doc(alias = "查询二维码激活状态")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CodeActiveQuery {
    /// The platform's number of the batch; needs [`code_index`](Self::code_index).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_id: Option<i64>,
    /// Its place in the batch, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_index: Option<i64>,
    /// The nine characters of the code itself (原始码).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The 28 characters that are printed (普通码).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_url: Option<String>,
}

/// Which code a follower scanned — CODE_TICKET换CODE.
///
/// The platform's page shows this call without an `access_token`, the older document with one.
///
/// # Errors
/// - 40097: the OpenID or the ticket is not accepted.
#[doc(alias = "CODE_TICKET换CODE")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TicketToCode {
    /// Who scanned it.
    pub openid: OpenId,
    /// From the address of the page that the scan opened.
    pub code_ticket: Secret,
}

/// An activated code: what [`CodeActiveQuery`] and [`TicketToCode`] answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActiveCode {
    /// The code itself (原始码).
    pub code: String,
    /// The caller's number of the batch.
    pub isv_application_id: String,
    /// What it was activated with. Its range is the one that was activated at once.
    #[serde(flatten)]
    pub activation: CodeActive,
}
