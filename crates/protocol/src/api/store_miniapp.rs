//! Store mini programs — 门店小程序
//!
//! Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Stores/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, wire};

endpoints! {
    Get "/wxa/get_merchant_category" GetMerchantCategory -> GetMerchantCategoryResponse, "拉取门店小程序类目";
    Post "/wxa/apply_merchant" ApplyMerchant -> Empty, "创建门店小程序";
    Get "/wxa/get_merchant_audit_info" GetMerchantAuditInfo -> GetMerchantAuditInfoResponse, "查询门店小程序审核结果";
    Post "/wxa/modify_merchant" ModifyMerchant -> Empty, "修改门店小程序信息";
    Get "/wxa/get_district" GetDistrict -> GetDistrictResponse, "拉取省市区信息";
    Post "/wxa/search_map_poi" SearchMapPoi -> SearchMapPoiResponse, "在腾讯地图中搜索门店";
    Post "/wxa/create_map_poi" CreateMapPoi -> CreateMapPoiResponse, "在腾讯地图中创建门店";
    Post "/wxa/add_store" AddStore -> AddStoreResponse, "添加门店";
    Post "/wxa/update_store" UpdateStore -> UpdateStoreResponse, "更新门店信息";
    Post "/wxa/get_store_info" GetStoreInfo -> GetStoreInfoResponse, "获取单个门店信息";
    Post "/wxa/get_store_list" GetStoreList -> GetStoreListResponse, "获取门店信息列表";
    Post "/wxa/del_store" DelStore -> Empty, "删除门店";
}

/// Get merchant category — 拉取门店小程序类目.
///
/// Category tree.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Stores/WeChat_Shop_Miniprogram_Interface.html> (read 2026-11-22)
#[doc(alias = "拉取门店小程序类目")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetMerchantCategory {
}

/// What [`GetMerchantCategory`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetMerchantCategoryResponse {
    /// Payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
}

/// Payload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Data {
    /// Category list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all_category_info: Option<AllCategoryInfo>,
}

/// Category list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AllCategoryInfo {
    /// Items.
    pub categories: Vec<Category>,
}

/// Items.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Category {
    /// Identifier.
    pub id: i64,
    /// Display name.
    pub name: String,
    /// Level.
    pub level: i64,
    /// Parent category id.
    pub father: i64,
    /// Sub category id list.
    pub children: Vec<i64>,
    /// Sensitive type.
    pub sensitive_type: i64,
    /// Qualification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualify: Option<Qualify>,
}

/// Qualification.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Qualify {
    /// File list.
    pub exter_list: Vec<Exter>,
    /// Operator's remark for the user.
    pub remark: String,
}

/// File list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Exter {
    /// Example list.
    pub inner_list: Vec<Inner>,
}

/// Example list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inner {
    /// Display name.
    pub name: String,
    /// Target or resource URL.
    pub url: String,
}

/// Apply merchant — 创建门店小程序.
///
/// Creates the store mini program; reviewed. 43104 only some business categories.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Stores/WeChat_Shop_Miniprogram_Interface.html> (read 2026-11-22)
#[doc(alias = "创建门店小程序")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ApplyMerchant {
    /// First category id.
    pub first_catid: i64,
    /// Second category id.
    pub second_catid: i64,
    /// Qualification media id list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub qualification_list: Vec<String>,
    /// Nickname.
    pub nickname: String,
    /// Introduction.
    pub intro: String,
    /// Head image media id.
    pub headimg_mediaid: String,
    /// License media id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org_code: Option<String>,
    /// Other file media id list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_files: Vec<String>,
}

/// Get merchant audit info — 查询门店小程序审核结果.
///
/// Review state.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Stores/WeChat_Shop_Miniprogram_Interface.html> (read 2026-11-22)
#[doc(alias = "查询门店小程序审核结果")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetMerchantAuditInfo {
}

/// What [`GetMerchantAuditInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetMerchantAuditInfoResponse {
    /// Payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<GetMerchantAuditInfoData>,
}

/// Payload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetMerchantAuditInfoData {
    /// Audit id.
    pub audit_id: i64,
    /// State.
    pub status: i64,
    /// Audit reject reason.
    pub reason: String,
}

/// Modify merchant — 修改门店小程序信息.
///
/// Avatar and introduction; monthly limit.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Stores/WeChat_Shop_Miniprogram_Interface.html> (read 2026-11-22)
#[doc(alias = "修改门店小程序信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModifyMerchant {
    /// Introduction.
    pub intro: String,
    /// Head image media id.
    pub headimg_mediaid: String,
}

/// Get district — 拉取省市区信息.
///
/// Tencent-map districts.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Stores/WeChat_Shop_Miniprogram_Interface.html> (read 2026-11-22)
#[doc(alias = "拉取省市区信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetDistrict {
}

/// What [`GetDistrict`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetDistrictResponse {
    /// Data version.
    pub data_version: String,
    /// District list.
    pub result: Vec<Vec<GetDistrictResult>>,
}

/// District list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetDistrictResult {
    /// Identifier.
    #[serde(with = "wire::int")]
    pub id: i64,
    /// Display name.
    pub name: String,
    /// Fullname.
    pub fullname: String,
    /// Location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Pinyin.
    pub pinyin: Vec<String>,
    /// City id list.
    pub cidx: Vec<i64>,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Location {
    /// Longitude.
    pub lng: f64,
    /// Latitude.
    pub lat: f64,
}

/// Search map poi — 在腾讯地图中搜索门店.
///
/// Points by district and keyword.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Stores/WeChat_Shop_Miniprogram_Interface.html> (read 2026-11-22)
#[doc(alias = "在腾讯地图中搜索门店")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchMapPoi {
    /// Districtid.
    pub districtid: i64,
    /// Keyword.
    pub keyword: String,
}

/// What [`SearchMapPoi`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchMapPoiResponse {
    /// Payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<SearchMapPoiData>,
}

/// Payload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchMapPoiData {
    /// Items.
    pub item: Vec<Item>,
}

/// Items.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Item {
    /// Map poi id.
    pub sosomap_poi_uid: String,
    /// Branch name.
    pub branch_name: String,
    /// Category.
    pub category: String,
    /// Address.
    pub address: String,
    /// Telephone.
    pub telephone: String,
    /// Longitude.
    pub longitude: f64,
    /// Latitude.
    pub latitude: f64,
    /// Picture URL list.
    pub pic_urls: Vec<String>,
    /// Card id list.
    pub card_id_list: Vec<String>,
}

/// Create map poi — 在腾讯地图中创建门店.
///
/// Creates a point; result by event create_map_poi_audit_info.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Stores/WeChat_Shop_Miniprogram_Interface.html> (read 2026-11-22)
#[doc(alias = "在腾讯地图中创建门店")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CreateMapPoi {
    /// Store id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poi_id: Option<String>,
    /// Display name.
    pub name: String,
    /// Category.
    pub category: String,
    /// Introduction.
    pub introduct: String,
    /// Telephone.
    pub telephone: String,
    /// Longitude.
    #[serde(with = "wire::decimal")]
    pub longitude: f64,
    /// Latitude.
    #[serde(with = "wire::decimal")]
    pub latitude: f64,
    /// Districtid.
    pub districtid: i64,
    /// Province; retired since 2021-12.
    pub province: String,
    /// City; retired since 2021-12.
    pub city: String,
    /// District.
    pub district: String,
    /// Address.
    pub address: String,
    /// Picture media id.
    pub photo: String,
    /// License media id.
    pub license: String,
}

/// What [`CreateMapPoi`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateMapPoiResponse {
    /// Payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<CreateMapPoiData>,
}

/// Payload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateMapPoiData {
    /// Audit id.
    pub base_id: i64,
}

/// Add store — 添加门店.
///
/// Adds a store; reviewed (event add_store_audit_info). pic_list is a JSON string.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/stores/miniapp/api_addentityshop.html> (read 2026-11-22)
#[doc(alias = "添加门店")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AddStore {
    /// Store id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poi_id: Option<String>,
    /// Map point id.
    pub map_poi_id: String,
    /// Pictures, as a JSON string.
    pub pic_list: Pic,
    /// Opening hours, HH:MM-HH:MM.
    pub hour: String,
    /// Address.
    pub address: String,
    /// Company name.
    pub company_name: String,
    /// Telephone.
    pub contract_phone: String,
    /// License number.
    pub credential: String,
    /// Qualification media id list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub qualification_list: Vec<String>,
    /// Card template id.
    pub card_id: String,
}

/// Pictures, as a JSON string.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Pic {
    /// Result rows.
    pub list: Vec<String>,
}

/// What [`AddStore`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddStoreResponse {
    /// Payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<AddStoreData>,
}

/// Payload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddStoreData {
    /// Audit id.
    pub audit_id: i64,
}

/// Update store — 更新门店信息.
///
/// Fields not sent keep their value; has_audit_id 1 means reviewed. 65118 not updatable.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/stores/miniapp/api_newupdatepoi.html> (read 2026-11-22)
#[doc(alias = "更新门店信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateStore {
    /// Store id.
    pub poi_id: String,
    /// Map point id.
    pub map_poi_id: String,
    /// Pictures, as a JSON string.
    pub pic_list: Pic,
    /// Opening hours, HH:MM-HH:MM.
    pub hour: String,
    /// Telephone.
    pub contract_phone: String,
    /// Card template id.
    pub card_id: String,
}

/// What [`UpdateStore`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateStoreResponse {
    /// Payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<UpdateStoreData>,
}

/// Payload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateStoreData {
    /// Require audit.
    #[serde(with = "wire::flag")]
    pub has_audit_id: bool,
    /// Audit id.
    pub audit_id: i64,
}

/// Get store info — 获取单个门店信息.
///
/// 65115 unknown store.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Stores/WeChat_Shop_Miniprogram_Interface.html> (read 2026-11-22)
#[doc(alias = "获取单个门店信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetStoreInfo {
    /// Store id.
    pub poi_id: String,
}

/// What [`GetStoreInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetStoreInfoResponse {
    /// Poi.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business: Option<Business>,
}

/// Poi.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Business {
    /// Base info.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_info: Option<BaseInfo>,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BaseInfo {
    /// Store id.
    pub poi_id: String,
    /// Business name.
    pub business_name: String,
    /// Province; retired since 2021-12.
    pub province: String,
    /// City; retired since 2021-12.
    pub city: String,
    /// District.
    pub district: String,
    /// Address.
    pub address: String,
    /// Telephone.
    pub telephone: String,
    /// Longitude.
    pub longitude: f64,
    /// Latitude.
    pub latitude: f64,
    /// Business hours.
    pub open_time: String,
    /// Picture list.
    pub photo_list: Vec<Photo>,
    /// State.
    pub status: i64,
}

/// Picture list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Photo {
    /// Picture URL.
    pub photo_url: String,
}

/// Get store list — 获取门店信息列表.
///
/// Paged, limit at most 50.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/WeChat_Stores/WeChat_Shop_Miniprogram_Interface.html> (read 2026-11-22)
#[doc(alias = "获取门店信息列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetStoreList {
    /// Index of the first item, from 0.
    pub offset: i64,
    /// Limit.
    pub limit: i64,
}

/// What [`GetStoreList`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetStoreListResponse {
    /// Poi list.
    pub business_list: Vec<Business>,
    /// Total number of items.
    pub total_count: i64,
}

/// Del store — 删除门店.
///
/// 65115 unknown store.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/stores/miniapp/api_newdelpoi.html> (read 2026-11-22)
#[doc(alias = "删除门店")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DelStore {
    /// Store id.
    pub poi_id: String,
}

