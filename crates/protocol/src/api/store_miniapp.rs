//! Store mini programs — 门店小程序: a page for each shop of a company, built by the platform and found on the map.
//!
//! The way there: [`ApplyMerchant`] once; then for each shop find its point on Tencent's map with [`SearchMapPoi`], or have it
//! put there with [`CreateMapPoi`], and hand it in with [`AddStore`]. People review each of these, for days sometimes. The
//! result comes as an event, `apply_merchant_audit_info`, `create_map_poi_audit_info`, `add_store_audit_info` or
//! `modify_store_audit_info`; its `audit_id` is the one that was answered here.
//!
//! ```
//! use echostr_protocol::api::{self, Body, store_miniapp::{AddStore, Pictures}};
//!
//! let request = AddStore {
//!     map_poi_id: "2880741500279549033".into(),
//!     pic_list: Some(Pictures { list: vec!["http://mmbiz.qpic.cn/shop.jpg".into()] }),
//!     hour: "08:00-21:30".into(),
//!     contract_phone: "020-12345678".into(),
//!     credential: "91440101MA5XXXXX0K".into(),
//!     ..Default::default()
//! };
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! let json = String::from_utf8(json).expect("UTF-8");
//! assert!(json.contains(r#""pic_list":"{\"list\":[\"http://mmbiz.qpic.cn/shop.jpg\"]}""#));
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/stores/miniapp/> and, with the events,
//! <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Stores/WeChat_Shop_Miniprogram_Interface.html> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, wire};
use crate::MediaId;

endpoints! {
    Get "/wxa/get_merchant_category" GetMerchantCategory -> GetMerchantCategoryResponse, "拉取门店小程序类目";
    Post "/wxa/apply_merchant" ApplyMerchant -> Empty, "创建门店小程序";
    Get "/wxa/get_merchant_audit_info" GetMerchantAuditInfo -> GetMerchantAuditInfoResponse, "获取门店小程序审核结果";
    Post "/wxa/modify_merchant" ModifyMerchant -> Empty, "修改门店小程序信息";
    Get "/wxa/get_district" GetDistrict -> GetDistrictResponse, "拉取省市区信息";
    Post "/wxa/search_map_poi" SearchMapPoi -> SearchMapPoiResponse, "搜索门店地图信息";
    Post "/wxa/create_map_poi" CreateMapPoi -> CreateMapPoiResponse, "在地图中创建门店";
    Post "/wxa/add_store" AddStore -> AddStoreResponse, "新增门店";
    Post "/wxa/update_store" UpdateStore -> UpdateStoreResponse, "更新门店信息";
    Post "/wxa/get_store_info" GetStoreInfo -> GetStoreInfoResponse, "获取门店详情";
    Post "/wxa/get_store_list" GetStoreList -> GetStoreListResponse, "获取门店列表";
    Post "/wxa/del_store" DelStore -> Empty, "删除门店";
}

/// Gets the categories of business that a store mini program can have — 拉取门店小程序类目.
#[doc(alias = "拉取门店小程序类目")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetMerchantCategory {}

/// What [`GetMerchantCategory`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetMerchantCategoryResponse {
    /// Wraps the categories.
    pub data: CategoryData,
}

/// What wraps [`Categories`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CategoryData {
    /// All that there are.
    pub all_category_info: Categories,
}

/// A tree as a flat list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Categories {
    /// The root with id 0, and below it two levels.
    pub categories: Vec<Category>,
}

/// A category of business — 类目.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Category {
    /// For [`ApplyMerchant::first_catid`] or [`ApplyMerchant::second_catid`], by its level.
    pub id: i64,
    /// `便利店`; of the root `root`.
    pub name: String,
    /// 0 is the root, 1 and 2 are the levels to choose from.
    pub level: i64,
    /// The category above; the root has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub father: Option<i64>,
    /// The categories below; empty at level 2.
    pub children: Vec<i64>,
    /// 1: certificates are needed, in [`ApplyMerchant::qualification_list`]. 0: they are not.
    pub sensitive_type: i64,
    /// Which certificates are needed, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualify: Option<Qualification>,
}

/// What a company has to prove — 资质.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Qualification {
    /// Groups of certificates.
    pub exter_list: Vec<Certificates>,
    /// What the platform says about them, for people.
    pub remark: String,
}

/// Certificates that belong together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Certificates {
    /// Each of them.
    pub inner_list: Vec<Certificate>,
}

/// A certificate — 证件.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Certificate {
    /// Its name, often a whole sentence: `若涉及食品，请提供《食品经营许可证》`.
    pub name: String,
    /// A picture of an example.
    pub url: String,
}

/// Applies for a store mini program — 创建门店小程序. Open to all accounts but those of individuals.
///
/// The account's administrator has to confirm within 24 hours in WeChat, then it is reviewed; see [`GetMerchantAuditInfo`].
/// Applying again is possible once it was refused, or was not confirmed in time.
///
/// # Errors
/// - 43104: this account may not; only some kinds of business, such as e-commerce (电商平台, 商家自营, 跨境电商), may.
/// - 85024: more proof is needed; fill in `org_code`, and `other_files` if there are any.
/// - 85025 to 85028: the administrator's telephone, WeChat account or identity card, or the company, has enough of them.
/// - 85029 to 85035: the name is taken, protected, forbidden, or not 4 to 30 characters long; choose another.
/// - 85036: the introduction is not allowed.
/// - 85050: an application is being reviewed; wait for it.
/// - 85056: a media id is not valid, or its three days are over; upload the picture again.
#[doc(alias = "创建门店小程序")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ApplyMerchant {
    /// A category of level 1.
    pub first_catid: i64,
    /// A category of level 2 below it.
    pub second_catid: i64,
    /// Certificates for the category (类目相关证件), if its [`Category::sensitive_type`] is 1: up to 5 temporary media ids with
    /// `|` between them. The current page calls them required and shows one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualification_list: Option<String>,
    /// Its name, 4 to 30 characters; a Chinese character counts as two.
    pub nickname: String,
    /// What it is about.
    pub intro: String,
    /// Its picture, JPEG or PNG, as temporary media.
    pub headimg_mediaid: MediaId,
    /// The business licence (营业执照或组织代码证), as temporary media; only after error 85024.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org_code: Option<MediaId>,
    /// Other proof (补充材料), only after error 85024: up to 5 temporary media ids with `|` between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_files: Option<String>,
}

/// Asks how far [`ApplyMerchant`] has come — 获取门店小程序审核结果.
///
/// The current page asks for an `audit_id` in a body; its method is GET and its example is empty.
#[doc(alias = "获取门店小程序审核结果")]
#[doc(alias = "查询门店小程序审核结果")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetMerchantAuditInfo {}

/// What [`GetMerchantAuditInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetMerchantAuditInfoResponse {
    /// The last application.
    pub data: MerchantAudit,
}

/// An application for a store mini program.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MerchantAudit {
    /// As in the event `apply_merchant_audit_info`.
    pub audit_id: i64,
    /// 0: not handed in; 1: accepted; 2: being reviewed; 3: refused; 4: refused by the account's administrator.
    pub status: i64,
    /// Why it was refused; otherwise empty.
    pub reason: String,
}

/// Changes the picture and the introduction of the store mini program — 修改门店小程序信息.
///
/// # Errors
/// - 85049: they were changed too often this month.
#[doc(alias = "修改门店小程序信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModifyMerchant {
    /// Empty leaves it as it is.
    pub intro: String,
    /// Temporary media; empty leaves it as it is.
    pub headimg_mediaid: MediaId,
}

/// Gets the provinces, cities and districts of Tencent's map — 从腾讯地图拉取省市区信息. The answer is large and seldom changes.
#[doc(alias = "拉取省市区信息")]
#[doc(alias = "获取省市区信息")]
#[doc(alias = "行政区划")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetDistrict {}

/// What [`GetDistrict`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetDistrictResponse {
    /// A date, `20260909`.
    pub data_version: String,
    /// Three lists: provinces, cities, districts.
    pub result: Vec<Vec<District>>,
}

/// A province, a city or a district — 省, 市, 区.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct District {
    /// The division's six-digit code: 440105. On the page it is a text.
    #[serde(with = "wire::int")]
    pub id: i64,
    /// Short: `广州`. Districts have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `广州市`
    pub fullname: String,
    /// Its middle.
    pub location: Location,
    /// Its name by syllables, `["guang", "zhou"]`. Districts have none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pinyin: Vec<String>,
    /// Where in the next list those below it begin and end, by the map's own documents; this page says that they are all the
    /// ids below, and shows two. Districts have none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cidx: Vec<i64>,
}

/// A point on Tencent's map, in degrees (GCJ-02, 火星坐标).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Location {
    /// Longitude — 经度.
    #[serde(with = "wire::decimal")]
    pub lng: f64,
    /// Latitude — 纬度.
    #[serde(with = "wire::decimal")]
    pub lat: f64,
}

/// Searches a shop on Tencent's map — 搜索门店地图信息. Without a hit, [`CreateMapPoi`] puts it there.
#[doc(alias = "搜索门店地图信息")]
#[doc(alias = "在腾讯地图中搜索门店")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchMapPoi {
    /// Where: a [`District::id`].
    pub districtid: i64,
    /// A part of its name.
    pub keyword: String,
}

/// What [`SearchMapPoi`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchMapPoiResponse {
    /// Wraps the hits.
    pub data: MapPois,
}

/// What wraps each [`MapPoi`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MapPois {
    /// Empty without a hit.
    pub item: Vec<MapPoi>,
}

/// A shop on Tencent's map — 地图点位.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MapPoi {
    /// For [`AddStore::map_poi_id`].
    pub sosomap_poi_uid: String,
    /// The shop's name.
    pub branch_name: String,
    /// Two levels: `购物:便利店`.
    pub category: String,
    /// With province, city and district.
    pub address: String,
    /// Several have `;` between them.
    pub telephone: String,
    /// In degrees.
    #[serde(with = "wire::decimal")]
    pub longitude: f64,
    /// In degrees.
    #[serde(with = "wire::decimal")]
    pub latitude: f64,
    /// Pictures of it.
    pub pic_urls: Vec<String>,
    /// Cards (卡券) that are valid there.
    pub card_id_list: Vec<String>,
}

/// Has a shop put on Tencent's map — 在地图中创建门店. The event `create_map_poi_audit_info` brings the result, and the
/// `map_poi_id` for [`AddStore`].
#[doc(alias = "在地图中创建门店")]
#[doc(alias = "在腾讯地图中创建门店")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CreateMapPoi {
    /// Only for a store of the older store management (门店管理) that is moved here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poi_id: Option<String>,
    /// The shop's name.
    pub name: String,
    /// Two levels: `购物:便利店`.
    pub category: String,
    /// About the shop; the platform spells it so.
    pub introduct: String,
    /// Several have `;` between them: `020-12345678;020-12345679`.
    pub telephone: String,
    /// In degrees, as a text.
    pub longitude: String,
    /// In degrees, as a text.
    pub latitude: String,
    /// A [`District::id`], here as a text.
    pub districtid: String,
    /// `广东省`
    pub province: String,
    /// `广州市`
    pub city: String,
    /// `海珠区`
    pub district: String,
    /// Street and number.
    pub address: String,
    /// The address of a picture of the shop; an SDK takes it for a media id.
    pub photo: String,
    /// The address of a picture of the business licence (营业执照); an SDK takes it for a media id.
    pub license: String,
}

/// What [`CreateMapPoi`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateMapPoiResponse {
    /// Wraps the id.
    pub data: MapPoiAudit,
}

/// A shop that is to be put on the map.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MapPoiAudit {
    /// The event's `audit_id`.
    pub base_id: i64,
}

/// Adds a store to the store mini program — 新增门店. The event `add_store_audit_info` brings the result, and the store's id.
///
/// # Errors
/// - 85038, 85040: it is there already.
/// - 85039: somebody else has it.
/// - 85041: this `credential` has a store already.
/// - 85042: there are too many places nearby (附近的小程序).
/// - 85054: an account that is being upgraded has to move its older stores; name one in `poi_id`.
/// - 85055: `map_poi_id` is not known; take it from [`SearchMapPoi`].
/// - 85056: a media id is not valid, or its three days are over.
#[doc(alias = "新增门店")]
#[doc(alias = "添加门店")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AddStore {
    /// Only for a store of the older store management (门店管理) that is moved here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poi_id: Option<String>,
    /// A [`MapPoi::sosomap_poi_uid`].
    pub map_poi_id: String,
    /// At least one picture is needed.
    #[serde(
        default,
        with = "wire::json_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub pic_list: Option<Pictures>,
    /// When it is open: `08:00-21:30`.
    pub hour: String,
    /// Not on the current page, where the map knows the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The company that runs it, if it is not the account's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    /// A telephone number.
    pub contract_phone: String,
    /// The number of the business licence (经营资质证件号); of one store only.
    pub credential: String,
    /// Proof for `company_name`: up to 5 temporary media ids with `|` between them. The table of the current page calls them an
    /// array, its example and older pages have a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualification_list: Option<String>,
    /// A member card or a card for paying (会员卡, 买单, 刷卡支付券) without codes of its own, made in the console.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_id: Option<String>,
}

/// Pictures of a store. They travel as JSON in a text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Pictures {
    /// Addresses at the platform, as [`UploadImage`](super::material::UploadImage) answers them.
    pub list: Vec<String>,
}

/// What [`AddStore`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddStoreResponse {
    /// Wraps the id.
    pub data: StoreAudit,
}

/// A store that is reviewed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoreAudit {
    /// As in the event.
    pub audit_id: i64,
}

/// Changes a store — 更新门店信息. What is not sent stays as it is; new pictures are reviewed.
///
/// # Errors
/// - 40097: an argument is not right.
/// - 65115: there is no such store.
/// - 65118: it cannot be changed now, while it is reviewed; wait for `modify_store_audit_info`.
/// - 85053: there is no store mini program yet; start with [`ApplyMerchant`].
#[doc(alias = "更新门店信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateStore {
    /// Which store.
    pub poi_id: String,
    /// A [`MapPoi::sosomap_poi_uid`]; in the example of the current page, not in its table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map_poi_id: Option<String>,
    /// All of them, not those that are new.
    #[serde(
        default,
        with = "wire::json_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub pic_list: Option<Pictures>,
    /// When it is open: `08:00-21:30`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hour: Option<String>,
    /// A telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract_phone: Option<String>,
    /// As in [`AddStore::card_id`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_id: Option<String>,
}

/// What [`UpdateStore`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateStoreResponse {
    /// Whether it is done.
    pub data: StoreUpdate,
}

/// What became of a change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoreUpdate {
    /// Whether it is reviewed first; otherwise it is done.
    #[serde(with = "wire::flag")]
    pub has_audit_id: bool,
    /// As in the event `modify_store_audit_info`, if it is reviewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_id: Option<i64>,
}

/// Gets a store — 获取门店详情.
///
/// # Errors
/// - 65115: there is no such store.
#[doc(alias = "获取门店详情")]
#[doc(alias = "获取单个门店信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetStoreInfo {
    /// Which store: the id in `add_store_audit_info`, or from [`GetStoreList`].
    pub poi_id: String,
}

/// What [`GetStoreInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetStoreInfoResponse {
    /// The store.
    pub business: Store,
}

/// What wraps [`StoreInfo`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Store {
    /// All that is known of it.
    pub base_info: StoreInfo,
}

/// A store — 门店.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoreInfo {
    /// The store's id.
    pub poi_id: String,
    /// Its name.
    pub business_name: String,
    /// `广东省`
    pub province: String,
    /// `广州市`
    pub city: String,
    /// `海珠区`
    pub district: String,
    /// Street and number.
    pub address: String,
    /// Several have `;` between them.
    pub telephone: String,
    /// In degrees.
    #[serde(with = "wire::decimal")]
    pub longitude: f64,
    /// In degrees.
    #[serde(with = "wire::decimal")]
    pub latitude: f64,
    /// When it is open: `08:00-21:30`.
    pub open_time: String,
    /// Its pictures.
    pub photo_list: Vec<Photo>,
    /// 1: accepted; 2: being reviewed; 3: refused.
    pub status: i64,
    /// The number of the business licence.
    pub qualification_num: String,
    /// The name on the business licence.
    pub qualification_name: String,
}

/// A picture of a store.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Photo {
    /// Where it is.
    pub photo_url: String,
}

/// Gets a page of the list of stores — 获取门店列表.
#[doc(alias = "获取门店列表")]
#[doc(alias = "获取门店信息列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetStoreList {
    /// How many stores to skip.
    pub offset: i64,
    /// How many to get, at most 50.
    pub limit: i64,
}

/// What [`GetStoreList`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetStoreListResponse {
    /// The stores of this page.
    pub business_list: Vec<Store>,
    /// How many there are on all pages.
    pub total_count: i64,
}

/// Deletes a store — 删除门店.
///
/// # Errors
/// - 65115: there is no such store.
#[doc(alias = "删除门店")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DelStore {
    /// Which store.
    pub poi_id: String,
}
