//! Image processing — 图像处理
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/image/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{File};

endpoints! {
    Post "/cv/img/qrcode" ImgQrCode -> ImgQrCodeResponse, "二维码和条码识别", form(), query(&["img_url"]);
    Post "/cv/img/aicrop" ImgAiCrop -> ImgAiCropResponse, "图片智能裁剪", form(), query(&["img_url", "ratios"]);
}

/// Img qr code — 二维码和条码识别.
///
/// Either upload the picture as form field img or give img_url, not both; under 2 MB. Paid quota beyond 100 a day. 101000 bad image URL, 101001 nothing recognised, 101002 too big, 101003 no quota.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/image/api_imgqrcode.html> (read 2026-11-22)
#[doc(alias = "二维码和条码识别")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ImgQrCode {
    /// Picture URL, when no file is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_url: Option<String>,
    /// Picture, when img_url is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img: Option<File>,
}

/// What [`ImgQrCode`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImgQrCodeResponse {
    /// Result list.
    pub code_results: Vec<CodeResult>,
    /// Image size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_size: Option<ImgSize>,
}

/// Result list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CodeResult {
    /// Type name.
    pub type_name: String,
    /// Payload.
    pub data: String,
    /// Corner points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pos: Option<Pos>,
}

/// Corner points.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pos {
    /// Top-left point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_top: Option<LeftTop>,
    /// Top-right point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right_top: Option<RightTop>,
    /// Bottom-right point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right_bottom: Option<RightBottom>,
    /// Bottom-left point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_bottom: Option<LeftBottom>,
}

/// Top-left point.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeftTop {
    /// X.
    pub x: i64,
    /// Y.
    pub y: i64,
}

/// Top-right point.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RightTop {
    /// X.
    pub x: i64,
    /// Y.
    pub y: i64,
}

/// Bottom-right point.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RightBottom {
    /// X.
    pub x: i64,
    /// Y.
    pub y: i64,
}

/// Bottom-left point.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeftBottom {
    /// X.
    pub x: i64,
    /// Y.
    pub y: i64,
}

/// Image size.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImgSize {
    /// Width.
    pub w: i64,
    /// Height.
    pub h: i64,
}

/// Img ai crop — 图片智能裁剪.
///
/// Either upload the picture as form field img or give img_url, not both; under 2 MB. Paid quota beyond 100 a day. 101000 bad image URL, 101001 nothing recognised, 101002 too big, 101003 no quota.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/image/api_imgaicrop.html> (read 2026-11-22)
#[doc(alias = "图片智能裁剪")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ImgAiCrop {
    /// Picture URL, when no file is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_url: Option<String>,
    /// Up to 5 ratios, comma separated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratios: Option<String>,
    /// Picture, when img_url is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img: Option<File>,
}

/// What [`ImgAiCrop`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImgAiCropResponse {
    /// Result list.
    pub results: Vec<ImgAiCropResult>,
    /// Image size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_size: Option<ImgSize>,
}

/// Result list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImgAiCropResult {
    /// Crop left.
    pub crop_left: i64,
    /// Crop top.
    pub crop_top: i64,
    /// Crop right.
    pub crop_right: i64,
    /// Crop bottom.
    pub crop_bottom: i64,
}

