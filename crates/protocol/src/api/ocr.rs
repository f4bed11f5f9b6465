//! Text in pictures — OCR识别: cards, licences, print.
//!
//! A verified account may call each of these 100 times a day; more is bought (服务平台), except for [menus](MenuOcr). What is read
//! from cards and licences is personal: do not log it, and keep no more of it than is needed.
//!
//! ```
//! use echostr_protocol::api::{self, ocr::{CommOcr, Picture}};
//!
//! let request = CommOcr { picture: Picture::ImgUrl("https://example.com/a.jpg".into()) };
//! let encoded = api::encode(&request);
//! assert_eq!(encoded.query[0], ("img_url".into(), "https://example.com/a.jpg".into()));
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/openpoc/ocr/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{File, wire};

endpoints! {
    Post "/cv/ocr/idcard" IdCardOcr -> IdCardOcrResponse, "身份证识别", form(), query(&["img_url", "type"]);
    Post "/cv/ocr/bankcard" BankCardOcr -> BankCardOcrResponse, "银行卡识别", form(), query(&["img_url", "type"]);
    Post "/cv/ocr/driving" DrivingOcr -> DrivingOcrResponse, "行驶证识别", form(), query(&["img_url", "type"]);
    Post "/cv/ocr/drivinglicense" DrivingLicenseOcr -> DrivingLicenseOcrResponse, "驾驶证识别", form(), query(&["img_url", "type"]);
    Post "/cv/ocr/bizlicense" BizLicenseOcr -> BizLicenseOcrResponse, "营业执照识别", form(), query(&["img_url"]);
    Post "/cv/ocr/comm" CommOcr -> CommOcrResponse, "通用印刷体识别", form(), query(&["img_url"]);
    Post "/cv/ocr/menu" MenuOcr -> MenuOcrResponse, "菜单识别", form(), query(&["img_url"]);
}

/// A picture of less than 2 MB.
///
/// # Errors
/// With every call that takes one:
/// - 101000: the address is wrong, or the platform cannot fetch a picture there.
/// - 101001: what should be in it was not found; take a clearer picture.
/// - 101002: it is too big. The platform's text says `not enough market quota`, so what was bought may be used up, too.
/// - 101003: what is free today is used up; buy more, or wait until tomorrow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Picture {
    /// An address where the platform fetches it.
    ImgUrl(String),
    /// The picture itself.
    Img(File),
}

words! {
    /// How a picture was made. Only older pages have it.
    PictureKind {
        /// A photograph, with something around the card.
        Photo = "photo",
        /// A scan: nothing but the card.
        Scan = "scan",
    }
}

/// Where something is in a picture: its corners.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pos {
    /// Top left.
    pub left_top: Point,
    /// Top right.
    pub right_top: Point,
    /// Bottom right.
    pub right_bottom: Point,
    /// Bottom left.
    pub left_bottom: Point,
}

/// A place in a picture, in pixels from its top left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Point {
    /// To the right.
    pub x: i64,
    /// Down.
    pub y: i64,
}

/// The size of a picture, in pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImgSize {
    /// Width.
    pub w: i64,
    /// Height.
    pub h: i64,
}

/// Where a card or a licence is in a picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardPosition {
    /// Its corners.
    pub pos: Pos,
}

/// Reads one side of an identity card — 身份证识别.
///
/// # Errors
/// See [`Picture`].
#[doc(alias = "身份证识别")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IdCardOcr {
    /// One side of the card.
    #[serde(flatten)]
    pub picture: Picture,
    /// How it was made.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<PictureKind>,
}

/// What [`IdCardOcr`] answers: the side that was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum IdCardOcrResponse {
    /// The side with the portrait.
    Front(IdCardFront),
    /// The side with the emblem.
    Back(IdCardBack),
}

/// The side of an identity card with the portrait.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IdCardFront {
    /// The name.
    pub name: String,
    /// The number: 18 digits, the last of which may be `X`.
    pub id: String,
    /// The address.
    pub addr: String,
    /// 男 or 女.
    pub gender: String,
    /// The ethnic group (民族), such as 汉, in spite of the field's name.
    pub nationality: String,
}

/// The side of an identity card with the emblem.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IdCardBack {
    /// From when to when it is valid: `20070105-20270105`.
    pub valid_date: String,
}

/// Reads the number of a bank card — 银行卡识别.
///
/// # Errors
/// See [`Picture`].
#[doc(alias = "银行卡识别")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BankCardOcr {
    /// The card.
    #[serde(flatten)]
    pub picture: Picture,
    /// How it was made.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<PictureKind>,
}

/// What [`BankCardOcr`] answers. The platform's page has `number` in its table and `id` in its example.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BankCardOcrResponse {
    /// The card's number, by the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The card's number, by the example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl BankCardOcrResponse {
    /// The card's number, wherever it stands.
    pub fn card_number(&self) -> Option<&str> {
        self.number.as_deref().or(self.id.as_deref())
    }
}

/// Reads the licence of a vehicle — 行驶证识别.
///
/// # Errors
/// See [`Picture`].
#[doc(alias = "行驶证识别")]
#[doc(alias = "车牌识别")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrivingOcr {
    /// The main sheet, the second sheet, or both.
    #[serde(flatten)]
    pub picture: Picture,
    /// How it was made.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<PictureKind>,
}

/// What [`DrivingOcr`] answers, as it is printed; empty is what was not seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DrivingOcrResponse {
    /// The number plate (号牌号码), on the main sheet.
    pub plate_num: String,
    /// What kind of vehicle (车辆类型).
    pub vehicle_type: String,
    /// Whose it is (所有人).
    pub owner: String,
    /// The owner's address (住址).
    pub addr: String,
    /// What it is used for (使用性质), such as 非营运.
    pub use_character: String,
    /// Make and model (品牌型号).
    pub model: String,
    /// The vehicle's identification number (车辆识别代号): 17 characters.
    pub vin: String,
    /// The engine's number (发动机号码).
    pub engine_num: String,
    /// When it was registered (注册日期): `YYYY-MM-DD`.
    pub register_date: String,
    /// When the licence was issued (发证日期): `YYYY-MM-DD`.
    pub issue_date: String,
    /// The number plate, on the second sheet (副页).
    pub plate_num_b: String,
    /// The number of the file (档案编号); the platform's table says 号牌.
    pub record: String,
    /// How many it may carry (核定载人数): `7人`.
    pub passengers_num: String,
    /// Its mass with its load (总质量): `2700kg`.
    pub total_quality: String,
    /// Its own mass (整备质量): `1995kg`.
    pub prepare_quality: String,
    /// Length, width and height (外廓尺寸): `4582x1795x1458mm`.
    pub overall_size: String,
    /// Where the main sheet is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_position_front: Option<CardPosition>,
    /// Where the second sheet is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_position_back: Option<CardPosition>,
    /// The size of the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_size: Option<ImgSize>,
}

/// Reads the licence of a driver — 驾驶证识别.
///
/// # Errors
/// See [`Picture`].
#[doc(alias = "驾驶证识别")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrivingLicenseOcr {
    /// The licence.
    #[serde(flatten)]
    pub picture: Picture,
    /// How it was made.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<PictureKind>,
}

/// What [`DrivingLicenseOcr`] answers, as it is printed; empty is what was not seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DrivingLicenseOcrResponse {
    /// The licence's number (证号), the same as the identity card's.
    pub id_num: String,
    /// The driver's name.
    pub name: String,
    /// 男 or 女. Empty since December 2021.
    pub sex: String,
    /// 中国, for example.
    pub nationality: String,
    /// The driver's address.
    pub address: String,
    /// `YYYY-MM-DD`
    pub birth_date: String,
    /// When the first one was issued (初次领证日期): `YYYY-MM-DD`.
    pub issue_date: String,
    /// What may be driven (准驾车型): `C1`.
    pub car_class: String,
    /// Valid from: `YYYY-MM-DD`.
    pub valid_from: String,
    /// Valid until: `YYYY-MM-DD`.
    pub valid_to: String,
    /// What the seal says (印章文构).
    pub official_seal: String,
}

/// Reads the licence of a business — 营业执照识别.
///
/// # Errors
/// See [`Picture`].
#[doc(alias = "营业执照识别")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BizLicenseOcr {
    /// The licence.
    #[serde(flatten)]
    pub picture: Picture,
}

/// What [`BizLicenseOcr`] answers, as it is printed; empty is what this licence does not have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BizLicenseOcrResponse {
    /// The number of the registration (注册号), or the unified social credit code (统一社会信用代码).
    pub reg_num: String,
    /// The number of the sheet (编号).
    pub serial: String,
    /// Who represents it (法定代表人).
    pub legal_representative: String,
    /// How it is made up (组成形式), such as 个人经营.
    pub type_of_organization: String,
    /// Its name (企业名称).
    pub enterprise_name: String,
    /// What kind it is (公司类型), such as 个体工商户.
    pub type_of_enterprise: String,
    /// Where it is (经营场所/企业住所).
    pub address: String,
    /// What it may do (经营范围).
    pub business_scope: String,
    /// Its capital (注册资本), in words: 贰拾万元整.
    pub registered_capital: String,
    /// What of it was paid in (实收资本), in words.
    pub paid_in_capital: String,
    /// From when to when it may work (营业期限): 2025年04月28日至长期.
    pub valid_period: String,
    /// When it was registered or founded (注册日期/成立日期): 2025年04月28日.
    pub registered_date: String,
    /// Where the licence is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_position: Option<CardPosition>,
    /// The size of the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_size: Option<ImgSize>,
}

/// Reads print — 通用印刷体识别.
///
/// # Errors
/// See [`Picture`].
#[doc(alias = "通用印刷体识别")]
#[doc(alias = "文字识别")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommOcr {
    /// A page, a screen, a label.
    #[serde(flatten)]
    pub picture: Picture,
}

/// What [`CommOcr`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CommOcrResponse {
    /// The lines.
    pub items: Vec<Line>,
    /// The size of the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_size: Option<ImgSize>,
}

/// A line of print.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    /// What it says.
    pub text: String,
    /// Where it is.
    pub pos: Pos,
}

/// Reads the menu of a restaurant — 菜单识别. More than the free calls cannot be bought.
///
/// # Errors
/// See [`Picture`].
#[doc(alias = "菜单识别")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MenuOcr {
    /// The menu, on paper.
    #[serde(flatten)]
    pub picture: Picture,
}

/// What [`MenuOcr`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MenuOcrResponse {
    /// JSON in a text, by the example of the platform's page; the table of the same page says an object.
    #[serde(with = "wire::json_text")]
    pub content: Option<MenuContent>,
}

/// What is on a menu.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MenuContent {
    /// The dishes.
    pub menu_items: Vec<Dish>,
}

/// A dish.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dish {
    /// What it is called.
    pub name: String,
    /// What it costs, in yuan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
}
