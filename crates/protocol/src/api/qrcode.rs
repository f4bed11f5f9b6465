//! QR codes — 二维码
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/qrcode/qrcodes/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Auth, Empty, wire};
use crate::{AppId};

endpoints! {
    Post "/cgi-bin/qrcode/create" CreateQrCode -> CreateQrCodeResponse, "生成带参数的二维码";
    Get "/cgi-bin/showqrcode" ShowQrCode -> Empty, "通过ticket换取二维码", host("mp.weixin.qq.com"), auth(Auth::None), file();
    Post "/cgi-bin/wxopen/qrcodejumpget" QrCodeJumpGet -> QrCodeJumpGetResponse, "获取二维码规则";
    Post "/cgi-bin/wxopen/qrcodejumpadd" QrCodeJumpAdd -> Empty, "增加或修改二维码规则";
    Post "/cgi-bin/wxopen/qrcodejumppublish" QrCodeJumpPublish -> Empty, "发布二维码规则";
    Post "/cgi-bin/wxopen/qrcodejumpdelete" QrCodeJumpDelete -> Empty, "删除二维码规则";
}

/// Create qr code — 生成带参数的二维码.
///
/// Service accounts. Permanent codes: 100000 in all. scene_id for QR_SCENE/QR_LIMIT_SCENE, scene_str for the STR kinds. url is the text inside the code.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/qrcode/qrcodes/api_createqrcode.html> (read 2026-11-22)
#[doc(alias = "生成带参数的二维码")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CreateQrCode {
    /// Lifetime in seconds, at most 2592000 (30 days).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_seconds: Option<i64>,
    /// QR_SCENE | QR_STR_SCENE | QR_LIMIT_SCENE | QR_LIMIT_STR_SCENE.
    pub action_name: String,
    /// QR code data.
    pub action_info: ActionInfo,
}

/// QR code data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ActionInfo {
    /// Scene value.
    pub scene: Scene,
}

/// Scene value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// Integer scene: 32-bit non-zero for temporary, 1-100000 for permanent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scene_id: Option<i64>,
    /// String scene, 1-64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scene_str: Option<String>,
}

/// What [`CreateQrCode`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateQrCodeResponse {
    /// Temporary codes only.
    pub expire_seconds: i64,
    /// Ticket.
    pub ticket: String,
    /// Target or resource URL.
    pub url: String,
}

/// Show qr code — 通过ticket换取二维码.
///
/// JPEG; HTTP 404 for an unknown ticket. No credential.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/qrcode/qrcodes/api_createqrcode.html> (read 2026-11-22)
#[doc(alias = "通过ticket换取二维码")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ShowQrCode {
    /// URL-encoded ticket from qrcode_create.
    pub ticket: String,
}

/// Qr code jump get — 获取二维码规则.
///
/// 5 calls a second (44990). get_type 0 latest 10000, 1 by prefix_list (200), 2 paged.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/qrcode/qrcodejump/api_qrcodejumpget.html> (read 2026-11-22)
#[doc(alias = "获取二维码规则")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QrCodeJumpGet {
    /// AppID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// Get type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub get_type: Option<i64>,
    /// Prefix list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefix_list: Vec<String>,
    /// Page num.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_num: Option<i64>,
    /// Rows per page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_size: Option<i64>,
}

/// What [`QrCodeJumpGet`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QrCodeJumpGetResponse {
    /// Total count.
    pub list_size: i64,
    /// Rule list.
    pub rule_list: Vec<Rule>,
    /// Qrcode jump publish quota.
    pub qrcodejump_pub_quota: i64,
    /// Is qrcode jump open.
    #[serde(with = "wire::flag")]
    pub qrcodejump_open: bool,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// Prefix.
    pub prefix: String,
    /// Permit sub rule.
    pub permit_sub_rule: i64,
    /// State.
    pub state: i64,
    /// Mini program page path.
    pub path: String,
    /// Open version.
    pub open_version: i64,
    /// Debug URL list.
    pub debug_url: Vec<String>,
}

/// Qr code jump add — 增加或修改二维码规则.
///
/// Link the mini program first (61007). Published rules cannot be changed (40097). 85066-85076 URL problems.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/qrcode/qrcodejump/api_qrcodejumpadd.html> (read 2026-11-22)
#[doc(alias = "增加或修改二维码规则")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QrCodeJumpAdd {
    /// Prefix.
    pub prefix: String,
    /// Permit sub rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permit_sub_rule: Option<i64>,
    /// State.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<i64>,
    /// AppID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// Mini program page path.
    pub path: String,
    /// Open version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_version: Option<i64>,
    /// Debug URL list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub debug_url: Vec<String>,
    /// Is edit.
    #[serde(with = "wire::flag")]
    pub is_edit: bool,
}

/// Qr code jump publish — 发布二维码规则.
///
/// 100 a month (886000). 85074 mini program not released.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/qrcode/qrcodejump/api_qrcodejumppublish.html> (read 2026-11-22)
#[doc(alias = "发布二维码规则")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QrCodeJumpPublish {
    /// Prefix.
    pub prefix: String,
}

/// Qr code jump delete — 删除二维码规则.
///
/// 44990, 886001.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/qrcode/qrcodejump/api_qrcodejumpdelete.html> (read 2026-11-22)
#[doc(alias = "删除二维码规则")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QrCodeJumpDelete {
    /// Prefix.
    pub prefix: String,
    /// AppID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
}

