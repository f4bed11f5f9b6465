//! Image processing — 图像处理: codes in pictures, and where to crop.
//!
//! A verified account may call each of these 100 times a day.
//!
//! ```
//! use echostr_protocol::api::{self, image::ImgAiCrop, ocr::Picture};
//!
//! let picture = Picture::ImgUrl("https://example.com/a.jpg".into());
//! let encoded = api::encode(&ImgAiCrop { picture, ratios: Some("1,2.35".into()) });
//! assert_eq!(encoded.path, "/cv/img/aicrop");
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/image/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::ocr::{ImgSize, Picture, Pos};

endpoints! {
    Post "/cv/img/qrcode" ImgQrCode -> ImgQrCodeResponse, "二维码/条码识别", form(), query(&["img_url"]);
    Post "/cv/img/aicrop" ImgAiCrop -> ImgAiCropResponse, "图片智能裁剪", form(), query(&["img_url", "ratios"]);
}

/// Reads the codes in a picture — 二维码/条码识别: QR codes, bar codes, Data Matrix, PDF417.
///
/// # Errors
/// See [`Picture`].
#[doc(alias = "二维码/条码识别")]
#[doc(alias = "扫码")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImgQrCode {
    /// A picture with one code or several.
    #[serde(flatten)]
    pub picture: Picture,
}

/// What [`ImgQrCode`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImgQrCodeResponse {
    /// The codes.
    pub code_results: Vec<Code>,
    /// The size of the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_size: Option<ImgSize>,
}

/// A code in a picture.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Code {
    /// What kind: `QR_CODE`, `EAN_13`, `CODE_128`, …
    pub type_name: String,
    /// What it says.
    pub data: String,
    /// Where it is. Bar codes and PDF417 come without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pos: Option<Pos>,
}

/// Finds what matters in a picture — 图片智能裁剪. It says where to crop; it does not crop.
///
/// # Errors
/// See [`Picture`].
#[doc(alias = "图片智能裁剪")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImgAiCrop {
    /// The picture.
    #[serde(flatten)]
    pub picture: Picture,
    /// Width by height, up to 5 of them with commas between: `1,2.35`. Without it the best one is chosen. The platform's page has
    /// it as a field of the form; other libraries send it in the query, as here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratios: Option<String>,
}

/// What [`ImgAiCrop`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImgAiCropResponse {
    /// One for each ratio.
    pub results: Vec<Crop>,
    /// The size of the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_size: Option<ImgSize>,
}

/// A part of a picture, in pixels from its top left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Crop {
    /// Its left side.
    pub crop_left: i64,
    /// Its upper side.
    pub crop_top: i64,
    /// Its right side.
    pub crop_right: i64,
    /// Its lower side.
    pub crop_bottom: i64,
}
