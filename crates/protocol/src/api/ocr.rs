//! Text recognition — OCR识别
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/ocr/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{File};

endpoints! {
    Post "/cv/ocr/idcard" IdCardOcr -> IdCardOcrResponse, "身份证识别", form(), query(&["img_url", "type"]);
    Post "/cv/ocr/bankcard" BankCardOcr -> BankCardOcrResponse, "银行卡识别", form(), query(&["img_url", "type"]);
    Post "/cv/ocr/driving" DrivingOcr -> DrivingOcrResponse, "行驶证识别", form(), query(&["img_url", "type"]);
    Post "/cv/ocr/drivinglicense" DrivingLicenseOcr -> DrivingLicenseOcrResponse, "驾驶证识别", form(), query(&["img_url", "type"]);
    Post "/cv/ocr/bizlicense" BizLicenseOcr -> BizLicenseOcrResponse, "营业执照识别", form(), query(&["img_url"]);
    Post "/cv/ocr/comm" CommOcr -> CommOcrResponse, "通用印刷体识别", form(), query(&["img_url"]);
    Post "/cv/ocr/menu" MenuOcr -> MenuOcrResponse, "菜单识别", form(), query(&["img_url"]);
}

/// Id card ocr — 身份证识别.
///
/// Either upload the picture as form field img or give img_url, not both; under 2 MB. Paid quota beyond 100 a day. 101000 bad image URL, 101001 nothing recognised, 101002 too big, 101003 no quota.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/ocr/api_idcardocr.html> (read 2026-11-22)
#[doc(alias = "身份证识别")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IdCardOcr {
    /// Picture URL, when no file is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_url: Option<String>,
    /// Photo | scan; older docs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// Picture, when img_url is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img: Option<File>,
}

/// What [`IdCardOcr`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IdCardOcrResponse {
    /// Kind discriminator.
    pub r#type: String,
    /// Identifier.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Address.
    pub addr: String,
    /// Gender.
    pub gender: String,
    /// Nationality.
    pub nationality: String,
    /// Valid date.
    pub valid_date: String,
}

/// Bank card ocr — 银行卡识别.
///
/// Either upload the picture as form field img or give img_url, not both; under 2 MB. Paid quota beyond 100 a day. 101000 bad image URL, 101001 nothing recognised, 101002 too big, 101003 no quota.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/ocr/api_bankcardocr.html> (read 2026-11-22)
#[doc(alias = "银行卡识别")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BankCardOcr {
    /// Picture URL, when no file is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_url: Option<String>,
    /// Photo | scan; older docs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// Picture, when img_url is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img: Option<File>,
}

/// What [`BankCardOcr`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BankCardOcrResponse {
    /// Card number.
    pub number: String,
    /// Card number under the other documented key.
    pub id: String,
}

/// Driving ocr — 行驶证识别.
///
/// Either upload the picture as form field img or give img_url, not both; under 2 MB. Paid quota beyond 100 a day. 101000 bad image URL, 101001 nothing recognised, 101002 too big, 101003 no quota.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/ocr/api_drivingocr.html> (read 2026-11-22)
#[doc(alias = "行驶证识别")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DrivingOcr {
    /// Picture URL, when no file is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_url: Option<String>,
    /// Photo | scan; older docs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// Picture, when img_url is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img: Option<File>,
}

/// What [`DrivingOcr`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DrivingOcrResponse {
    /// Plate number.
    pub plate_num: String,
    /// Vehicle type.
    pub vehicle_type: String,
    /// Owner.
    pub owner: String,
    /// Address.
    pub addr: String,
    /// Use character.
    pub use_character: String,
    /// Vehicle model.
    pub model: String,
    /// Vin.
    pub vin: String,
    /// Engine number.
    pub engine_num: String,
    /// Register date.
    pub register_date: String,
    /// Issue date.
    pub issue_date: String,
    /// Plate number b.
    pub plate_num_b: String,
    /// Record.
    pub record: String,
    /// Passengers num.
    pub passengers_num: String,
    /// Total quality.
    pub total_quality: String,
    /// Prepare quality.
    pub prepare_quality: String,
    /// Overall size.
    pub overall_size: String,
    /// Card position front.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_position_front: Option<CardPositionFront>,
    /// Card position back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_position_back: Option<CardPositionBack>,
    /// Image size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_size: Option<ImgSize>,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardPositionFront {
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

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardPositionBack {
    /// Corner points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pos: Option<Pos>,
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

/// Driving license ocr — 驾驶证识别.
///
/// Either upload the picture as form field img or give img_url, not both; under 2 MB. Paid quota beyond 100 a day. 101000 bad image URL, 101001 nothing recognised, 101002 too big, 101003 no quota.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/ocr/api_drivinglicenseocr.html> (read 2026-11-22)
#[doc(alias = "驾驶证识别")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DrivingLicenseOcr {
    /// Picture URL, when no file is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_url: Option<String>,
    /// Photo | scan; older docs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// Picture, when img_url is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img: Option<File>,
}

/// What [`DrivingLicenseOcr`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DrivingLicenseOcrResponse {
    /// Id number.
    pub id_num: String,
    /// Display name.
    pub name: String,
    /// Gender; retired since 2021-12.
    pub sex: String,
    /// Nationality.
    pub nationality: String,
    /// Address.
    pub address: String,
    /// Birth date.
    pub birth_date: String,
    /// Issue date.
    pub issue_date: String,
    /// Car class.
    pub car_class: String,
    /// Valid date from.
    pub valid_from: String,
    /// Valid date to.
    pub valid_to: String,
    /// Official seal.
    pub official_seal: String,
}

/// Biz license ocr — 营业执照识别.
///
/// Either upload the picture as form field img or give img_url, not both; under 2 MB. Paid quota beyond 100 a day. 101000 bad image URL, 101001 nothing recognised, 101002 too big, 101003 no quota.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/ocr/api_bizlicenseocr.html> (read 2026-11-22)
#[doc(alias = "营业执照识别")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BizLicenseOcr {
    /// Picture URL, when no file is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_url: Option<String>,
    /// Picture, when img_url is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img: Option<File>,
}

/// What [`BizLicenseOcr`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BizLicenseOcrResponse {
    /// Registration number.
    pub reg_num: String,
    /// Serial number.
    pub serial: String,
    /// Legal representative.
    pub legal_representative: String,
    /// Type of organization.
    pub type_of_organization: String,
    /// Enterprise name.
    pub enterprise_name: String,
    /// Type of enterprise.
    pub type_of_enterprise: String,
    /// Address.
    pub address: String,
    /// Business scope.
    pub business_scope: String,
    /// Registered capital.
    pub registered_capital: String,
    /// Paid in capital.
    pub paid_in_capital: String,
    /// Valid date.
    pub valid_period: String,
    /// Registered date.
    pub registered_date: String,
    /// Certification position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_position: Option<CertPosition>,
    /// Image size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_size: Option<ImgSize>,
}

/// Certification position.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CertPosition {
    /// Corner points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pos: Option<Pos>,
}

/// Comm ocr — 通用印刷体识别.
///
/// Either upload the picture as form field img or give img_url, not both; under 2 MB. Paid quota beyond 100 a day. 101000 bad image URL, 101001 nothing recognised, 101002 too big, 101003 no quota.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/ocr/api_commocr.html> (read 2026-11-22)
#[doc(alias = "通用印刷体识别")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CommOcr {
    /// Picture URL, when no file is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_url: Option<String>,
    /// Picture, when img_url is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img: Option<File>,
}

/// What [`CommOcr`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CommOcrResponse {
    /// Result list.
    pub items: Vec<Item>,
    /// Image size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_size: Option<ImgSize>,
}

/// Result list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Item {
    /// Text message.
    pub text: String,
    /// Corner points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pos: Option<Pos>,
}

/// Menu ocr — 菜单识别.
///
/// Menu picture. No paid quota. Either upload the picture as form field img or give img_url, not both; under 2 MB. Paid quota beyond 100 a day. 101000 bad image URL, 101001 nothing recognised, 101002 too big, 101003 no quota.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/ocr/api_menuocr.html> (read 2026-11-22)
#[doc(alias = "菜单识别")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MenuOcr {
    /// Picture URL, when no file is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_url: Option<String>,
    /// Picture, when img_url is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img: Option<File>,
}

/// What [`MenuOcr`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MenuOcrResponse {
    /// JSON text with the dishes recognised.
    pub content: String,
}

