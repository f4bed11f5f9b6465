//! Menus — 自定义菜单
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/custommenu/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, wire};
use crate::{AppId, MediaId};

endpoints! {
    Post "/cgi-bin/menu/create" CreateCustomMenu -> Empty, "创建自定义菜单";
    Get "/cgi-bin/menu/get" GetMenu -> GetMenuResponse, "获取自定义菜单配置";
    Get "/cgi-bin/menu/delete" DeleteMenu -> Empty, "删除自定义菜单";
    Post "/cgi-bin/menu/addconditional" AddConditionalMenu -> AddConditionalMenuResponse, "创建个性化菜单";
    Post "/cgi-bin/menu/delconditional" DeleteConditionalMenu -> Empty, "删除个性化菜单";
    Post "/cgi-bin/menu/trymatch" TryMatchMenu -> TryMatchMenuResponse, "测试个性化菜单匹配结果";
    Get "/cgi-bin/get_current_selfmenu_info" GetCurrentSelfMenuInfo -> GetCurrentSelfMenuInfoResponse, "查询自定义菜单信息";
}

/// Create custom menu — 创建自定义菜单.
///
/// 1-3 first-level buttons, 1-5 second-level each; replaces the whole menu; clients refresh after 5 minutes. Send raw UTF-8: \uXXXX escapes give 40033. Other errors: 40015-40027 shape and lengths, 40054/40055 URL domain, 65303-65317 conditional menus. media_id/view_limited types are being replaced by article_id types.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/custommenu/api_createcustommenu.html> (read 2026-11-22)
#[doc(alias = "创建自定义菜单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CreateCustomMenu {
    /// Top-level buttons, 1 to 3.
    pub button: Vec<Button>,
}

/// Top-level buttons, 1 to 3.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Button {
    /// Click|view|scancode_push|scancode_waitmsg|pic_sysphoto|pic_photo_or_album|pic_weixin|location_select|media_id|article_id|article_view_limited|view_limited|miniprogram; absent when sub_button is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// Label: 16 bytes on the first level, 60 on the second.
    pub name: String,
    /// For click, scancode, pic and location types; at most 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// For view and miniprogram (fallback), at most 1024 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// For media_id / view_limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_id: Option<MediaId>,
    /// Published article, for article_id / article_view_limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article_id: Option<String>,
    /// Mini program, for miniprogram.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// Mini-program page, for miniprogram.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pagepath: Option<String>,
    /// Second-level buttons, at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sub_button: Vec<Button>,
}

/// Get menu — 获取自定义菜单配置.
///
/// Only menus set by API; 46003 when there is none. Returns the default menu and every personalised one.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/custommenu/api_getmenu.html> (read 2026-11-22)
#[doc(alias = "获取自定义菜单配置")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetMenu {
}

/// What [`GetMenu`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetMenuResponse {
    /// Default menu.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub menu: Option<Menu>,
    /// Personalised menus, newest first.
    pub conditionalmenu: Vec<Conditionalmenu>,
}

/// Default menu.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Menu {
    /// Top-level buttons, 1 to 3.
    pub button: Vec<GetMenuButton>,
    /// Menu id.
    pub menuid: i64,
}

/// Top-level buttons, 1 to 3.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetMenuButton {
    /// Kind discriminator.
    pub r#type: String,
    /// Display name.
    pub name: String,
    /// Event key echoed in CLICK/scan events, at most 128 bytes.
    pub key: String,
    /// Target or resource URL.
    pub url: String,
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    pub media_id: MediaId,
    /// Id of a published article.
    pub article_id: String,
    /// AppID.
    pub appid: AppId,
    /// Mini-program page path.
    pub pagepath: String,
    /// Second-level buttons, at most 5.
    pub sub_button: Vec<GetMenuButton>,
}

/// Personalised menus, newest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditionalmenu {
    /// Top-level buttons, 1 to 3.
    pub button: Vec<GetMenuButton>,
    /// Menu id.
    pub menuid: i64,
    /// Conditions; at least one must be set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matchrule: Option<Matchrule>,
}

/// Conditions; at least one must be set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Matchrule {
    /// Legacy group id.
    pub group_id: i64,
    /// Tag id.
    pub tag_id: i64,
    /// Gender; retired since 2021-12.
    pub sex: i64,
    /// 1 iOS, 2 Android, 3 others.
    pub client_platform_type: i64,
    /// Country; retired since 2021-12.
    pub country: String,
    /// Province; retired since 2021-12.
    pub province: String,
    /// City; retired since 2021-12.
    pub city: String,
    /// Language code.
    pub language: String,
}

/// Delete menu — 删除自定义菜单.
///
/// Also deletes every personalised menu.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/custommenu/api_deletemenu.html> (read 2026-11-22)
#[doc(alias = "删除自定义菜单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeleteMenu {
}

/// Add conditional menu — 创建个性化菜单.
///
/// Needs a default menu first (65303). No edit call: delete and add. 2000 adds a day. Later menus win; matching uses the user's latest tag. All personalised menus together may link to 3 domains at most. 65320 when the rule uses retired privacy fields.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/custommenu/api_addconditionalmenu.html> (read 2026-11-22)
#[doc(alias = "创建个性化菜单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AddConditionalMenu {
    /// Top-level buttons, 1 to 3.
    pub button: Vec<AddConditionalMenuButton>,
    /// Conditions; at least one must be set.
    pub matchrule: AddConditionalMenuMatchrule,
}

/// Top-level buttons, 1 to 3.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AddConditionalMenuButton {
    /// Click|view|scancode_push|scancode_waitmsg|pic_sysphoto|pic_photo_or_album|pic_weixin|location_select|media_id|article_id|article_view_limited|view_limited|miniprogram; absent when sub_button is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// Label: 16 bytes on the first level, 60 on the second.
    pub name: String,
    /// For click, scancode, pic and location types; at most 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// For view and miniprogram (fallback), at most 1024 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// For media_id / view_limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_id: Option<MediaId>,
    /// Published article, for article_id / article_view_limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article_id: Option<String>,
    /// Mini program, for miniprogram.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// Mini-program page, for miniprogram.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pagepath: Option<String>,
    /// Second-level buttons, at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sub_button: Vec<SubButton>,
}

/// Second-level buttons, at most 5.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SubButton {
    /// Kind discriminator.
    pub r#type: String,
    /// Display name.
    pub name: String,
    /// Event key echoed in CLICK/scan events, at most 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Target or resource URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_id: Option<MediaId>,
    /// Id of a published article.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article_id: Option<String>,
    /// AppID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// Mini-program page path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pagepath: Option<String>,
    /// Second-level buttons, at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sub_button: Vec<SubButton>,
}

/// Conditions; at least one must be set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AddConditionalMenuMatchrule {
    /// User tag id.
    #[serde(default, with = "wire::text::option", skip_serializing_if = "Option::is_none")]
    pub tag_id: Option<String>,
    /// 1 iOS, 2 Android, 3 others.
    #[serde(default, with = "wire::int::option", skip_serializing_if = "Option::is_none")]
    pub client_platform_type: Option<i64>,
    /// Language code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// What [`AddConditionalMenu`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddConditionalMenuResponse {
    /// Menu id.
    #[serde(with = "wire::int")]
    pub menuid: i64,
}

/// Delete conditional menu — 删除个性化菜单.
///
/// 2000 a day. 65301 unknown menuid.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/custommenu/api_deleteconditionalmenu.html> (read 2026-11-22)
#[doc(alias = "删除个性化菜单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeleteConditionalMenu {
    /// Id from menu_addconditional.
    #[serde(with = "wire::text")]
    pub menuid: String,
}

/// Try match menu — 测试个性化菜单匹配结果.
///
/// 20000 a day. 65302 unknown user.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/custommenu/api_trymatchmenu.html> (read 2026-11-22)
#[doc(alias = "测试个性化菜单匹配结果")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TryMatchMenu {
    /// OpenID or WeChat id.
    pub user_id: String,
}

/// What [`TryMatchMenu`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TryMatchMenuResponse {
    /// Top-level buttons, 1 to 3.
    pub button: Vec<TryMatchMenuButton>,
}

/// Top-level buttons, 1 to 3.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TryMatchMenuButton {
    /// Kind discriminator.
    pub r#type: String,
    /// Display name.
    pub name: String,
    /// Event key echoed in CLICK/scan events, at most 128 bytes.
    pub key: String,
    /// Target or resource URL.
    pub url: String,
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    pub media_id: MediaId,
    /// Id of a published article.
    pub article_id: String,
    /// AppID.
    pub appid: AppId,
    /// Mini-program page path.
    pub pagepath: String,
    /// Second-level buttons, at most 5.
    pub sub_button: Vec<TryMatchMenuSubButton>,
}

/// Second-level buttons, at most 5.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TryMatchMenuSubButton {
    /// Kind discriminator.
    pub r#type: String,
    /// Display name.
    pub name: String,
    /// Event key echoed in CLICK/scan events, at most 128 bytes.
    pub key: String,
    /// Target or resource URL.
    pub url: String,
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    pub media_id: MediaId,
    /// Id of a published article.
    pub article_id: String,
    /// AppID.
    pub appid: AppId,
    /// Mini-program page path.
    pub pagepath: String,
    /// Second-level buttons, at most 5.
    pub sub_button: Vec<TryMatchMenuSubButton>,
}

/// Get current self menu info — 查询自定义菜单信息.
///
/// Also reports menus made on the website, whose shape differs (sub_button.list, news_info.list, value). Open to unverified accounts. Media ids in it are temporary.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/custommenu/api_getcurrentselfmenuinfo.html> (read 2026-11-22)
#[doc(alias = "查询自定义菜单信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetCurrentSelfMenuInfo {
}

/// What [`GetCurrentSelfMenuInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetCurrentSelfMenuInfoResponse {
    /// 1 when the menu is on.
    #[serde(with = "wire::flag")]
    pub is_menu_open: bool,
    /// Menu in effect (differs in shape from menu/get).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selfmenu_info: Option<SelfmenuInfo>,
}

/// Menu in effect (differs in shape from menu/get).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SelfmenuInfo {
    /// Top-level buttons, 1 to 3.
    pub button: Vec<SelfMenuButton>,
}

/// Top-level buttons, 1 to 3.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SelfMenuButton {
    /// Kind discriminator.
    pub r#type: String,
    /// Display name.
    pub name: String,
    /// Event key echoed in CLICK/scan events, at most 128 bytes.
    pub key: String,
    /// Value.
    pub value: String,
    /// Target or resource URL.
    pub url: String,
    /// Article list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub news_info: Option<NewsInfo>,
    /// Second-level buttons, at most 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_button: Option<GetCurrentSelfMenuInfoSubButton>,
}

/// Article list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewsInfo {
    /// Result rows.
    pub list: Vec<List>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct List {
    /// Title.
    pub title: String,
    /// Author, at most 16 characters.
    pub author: String,
    /// Summary, at most 128 characters; single-article messages only.
    pub digest: String,
    /// 1 shows the cover.
    #[serde(with = "wire::flag")]
    pub show_cover: bool,
    /// Cover image URL.
    pub cover_url: String,
    /// Article URL.
    pub content_url: String,
    /// Original link.
    pub source_url: String,
}

/// Second-level buttons, at most 5.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetCurrentSelfMenuInfoSubButton {
    /// Result rows.
    pub list: Vec<SelfMenuButton>,
}

