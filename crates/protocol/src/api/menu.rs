//! Menus — 自定义菜单
//!
//! ```
//! use echostr_protocol::api::{self, Body, menu::{Button, CreateCustomMenu}};
//!
//! let request = CreateCustomMenu {
//!     button: vec![
//!         Button::click("今日菜谱", "today"),
//!         Button::sub_menu("更多", vec![Button::view("官网", "https://example.com/")]),
//!     ],
//! };
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! assert!(json.starts_with(r#"{"button":[{"type":"click","name":"今日菜谱","key":"today"}"#.as_bytes()));
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/custommenu/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

pub use super::autoreply::{NewsArticle, NewsInfo};
use super::{Empty, wire};
use crate::{AppId, MediaId};

endpoints! {
    Post "/cgi-bin/menu/create" CreateCustomMenu -> Empty, "创建自定义菜单";
    Get "/cgi-bin/menu/get" GetMenu -> GetMenuResponse, "获取自定义菜单配置";
    Get "/cgi-bin/menu/delete" DeleteMenu -> Empty, "删除自定义菜单", once();
    Post "/cgi-bin/menu/addconditional" AddConditionalMenu -> AddConditionalMenuResponse, "创建个性化菜单";
    Post "/cgi-bin/menu/delconditional" DeleteConditionalMenu -> Empty, "删除个性化菜单";
    Post "/cgi-bin/menu/trymatch" TryMatchMenu -> TryMatchMenuResponse, "测试个性化菜单匹配结果";
    Get "/cgi-bin/get_current_selfmenu_info" GetCurrentSelfMenuInfo -> GetCurrentSelfMenuInfoResponse, "查询自定义菜单信息";
}

/// Sets the menu, in place of the one before — 创建自定义菜单.
///
/// Followers see it when they open the conversation and have last looked more than about 5 minutes ago; those who follow anew
/// see it at once.
///
/// # Errors
/// - 40016, 40023: not 1 to 3 buttons, or not 1 to 5 in a sub-menu. 40022: a sub-menu in a sub-menu.
/// - 40018, 40025: a label is too long, see [`Button::name`]. 40019, 40026: a key. 40020, 40027: an address.
/// - 40017, 40024: no such [`ButtonType`]. 65308: a button has neither a type nor a sub-menu.
/// - 40055, 40054: an address has a domain that is not allowed. 65317: it is no address.
/// - 45064: the mini program is not linked to the account; link it in the console.
/// - 40033: the JSON holds `\u` escapes; send the characters themselves, as [`encode`](super::encode) does.
#[doc(alias = "创建自定义菜单")]
#[doc(alias = "自定义菜单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CreateCustomMenu {
    /// 1 to 3, from left to right.
    pub button: Vec<Button>,
}

/// A button of a menu: it does something, or it opens a sub-menu.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Button {
    /// What it does; absent when it opens a sub-menu.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<ButtonType>,
    /// Its label: at most 16 bytes of UTF-8 (5 Chinese characters), 60 bytes (20) in a sub-menu.
    pub name: String,
    /// What the event carries as its `EventKey`; at most 128 bytes. For the types that push an event with a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// At most 1 024 bytes. For [`View`](ButtonType::View); for [`MiniProgram`](ButtonType::MiniProgram) the page that clients
    /// open which are too old for mini programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A permanent material. For [`MediaId`](ButtonType::MediaId) and [`ViewLimited`](ButtonType::ViewLimited).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_id: Option<MediaId>,
    /// A published article. For [`ArticleId`](ButtonType::ArticleId) and
    /// [`ArticleViewLimited`](ButtonType::ArticleViewLimited).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article_id: Option<String>,
    /// A mini program that is linked to the account. For [`MiniProgram`](ButtonType::MiniProgram).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// The mini program's page. For [`MiniProgram`](ButtonType::MiniProgram).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pagepath: Option<String>,
    /// The sub-menu (二级菜单), 1 to 5 buttons from top to bottom; its buttons have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sub_button: Vec<Button>,
}

impl Button {
    /// A button that pushes [`Click`](crate::event::Click) with this key.
    pub fn click(name: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            r#type: Some(ButtonType::Click),
            name: name.into(),
            key: Some(key.into()),
            ..Self::default()
        }
    }

    /// A button that opens a web page.
    pub fn view(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            r#type: Some(ButtonType::View),
            name: name.into(),
            url: Some(url.into()),
            ..Self::default()
        }
    }

    /// A button that opens a sub-menu.
    pub fn sub_menu(name: impl Into<String>, buttons: Vec<Button>) -> Self {
        Self {
            name: name.into(),
            sub_button: buttons,
            ..Self::default()
        }
    }
}

words! {
    /// What a button does.
    ButtonType {
        /// Pushes an event with the key, 点击推事件.
        Click = "click",
        /// Opens a web page, 跳转 URL.
        View = "view",
        /// Scans a code, opens or shows what it holds, and pushes it, 扫码推事件.
        ScancodePush = "scancode_push",
        /// Scans a code, pushes it and waits for a reply, 扫码带提示.
        ScancodeWaitmsg = "scancode_waitmsg",
        /// Takes a photo with the camera, 系统拍照发图.
        PicSysphoto = "pic_sysphoto",
        /// Takes a photo or picks pictures, 拍照或者相册发图.
        PicPhotoOrAlbum = "pic_photo_or_album",
        /// Picks pictures in WeChat's album, 微信相册发图.
        PicWeixin = "pic_weixin",
        /// Sends a place, 发送位置.
        LocationSelect = "location_select",
        /// Sends the follower a material, 下发消息. [`ArticleId`](Self::ArticleId) takes its place for articles.
        MediaId = "media_id",
        /// Opens an article by its material, 跳转图文消息. [`ArticleViewLimited`](Self::ArticleViewLimited) takes its place.
        ViewLimited = "view_limited",
        /// Sends the follower a published article.
        ArticleId = "article_id",
        /// Opens a published article without its card.
        ArticleViewLimited = "article_view_limited",
        /// Opens a mini program, 小程序.
        MiniProgram = "miniprogram",
        /// Sends the text in [`SelfMenuButton::value`]; like the following only in menus that were made in the console.
        Text = "text",
        /// Sends a picture.
        Img = "img",
        /// Sends a photo.
        Photo = "photo",
        /// Sends a video.
        Video = "video",
        /// Sends a voice.
        Voice = "voice",
        /// Sends articles.
        News = "news",
    }
}

/// The menu that was set by the API, and those for some followers only — 获取自定义菜单配置.
///
/// [`GetCurrentSelfMenuInfo`] knows also a menu that was made in the console.
///
/// # Errors
/// - 46003: no menu was set by the API.
#[doc(alias = "获取自定义菜单配置")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetMenu {}

/// What [`GetMenu`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetMenuResponse {
    /// The one for everybody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub menu: Option<Menu>,
    /// Those for some followers only, newest first. The first whose rule matches is shown.
    pub conditionalmenu: Vec<ConditionalMenu>,
}

/// A menu (默认菜单).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Menu {
    /// 1 to 3.
    pub button: Vec<Button>,
    /// Its id.
    pub menuid: i64,
}

/// A menu for some followers only (个性化菜单).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConditionalMenu {
    /// 1 to 3.
    pub button: Vec<Button>,
    /// Its id, also the `MenuId` of its events; a text in [`DeleteConditionalMenu`].
    pub menuid: i64,
    /// Who sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matchrule: Option<MatchRule>,
}

/// Who sees a menu: followers for whom all that is set is true.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MatchRule {
    /// Followers in this group; groups became tags.
    #[serde(with = "wire::int::option", skip_serializing_if = "Option::is_none")]
    pub group_id: Option<i64>,
    /// Followers with this tag.
    #[serde(with = "wire::int::option", skip_serializing_if = "Option::is_none")]
    pub tag_id: Option<i64>,
    /// 1 men, 2 women. Like country, province and city only in menus from before December 2021.
    #[serde(with = "wire::int::option", skip_serializing_if = "Option::is_none")]
    pub sex: Option<i64>,
    /// 1 iOS, 2 Android, 3 others.
    #[serde(with = "wire::int::option", skip_serializing_if = "Option::is_none")]
    pub client_platform_type: Option<i64>,
    /// As WeChat calls it: `中国`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// `广东`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province: Option<String>,
    /// `广州`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// The language of the follower's client: `zh_CN`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// Takes the menu away, and those for some followers only with it — 删除自定义菜单.
#[doc(alias = "删除自定义菜单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeleteMenu {}

/// Adds a menu that only some followers see — 创建个性化菜单. At most 2 000 a day.
///
/// Where the rules of several match, the newest is shown. None can be changed: delete it and add another.
///
/// # Errors
/// - 65303: there is no menu for everybody else; [`CreateCustomMenu`] first.
/// - 65304: the rule is empty. 65320: it asks for something that the platform does not tell any more (sex, region).
/// - 65305: there are too many. 65316: all of them together link to more than 3 domains.
/// - 65306, 65309: the account may not have such menus, or has them switched off.
/// - Those of [`CreateCustomMenu`].
#[doc(alias = "创建个性化菜单")]
#[doc(alias = "个性化菜单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AddConditionalMenu {
    /// 1 to 3.
    pub button: Vec<Button>,
    /// Who sees it.
    pub matchrule: NewMatchRule,
}

/// Who will see a menu: followers for whom all that is set is true; at least one is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NewMatchRule {
    /// Followers with this tag. Of one with several tags the latest counts.
    #[serde(default, with = "wire::text::option", skip_serializing_if = "Option::is_none")]
    pub tag_id: Option<String>,
    /// `1` iOS, `2` Android, `3` others.
    #[serde(default, with = "wire::text::option", skip_serializing_if = "Option::is_none")]
    pub client_platform_type: Option<String>,
    /// The language of the follower's client: `zh_CN`, `zh_TW`, `zh_HK`, `en`, `ja` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// What [`AddConditionalMenu`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddConditionalMenuResponse {
    /// Its id, also the `MenuId` of its events.
    #[serde(with = "wire::text")]
    pub menuid: String,
}

/// Takes a menu away that only some followers see — 删除个性化菜单. At most 2 000 a day.
///
/// # Errors
/// - 65301: no such menu has this id.
#[doc(alias = "删除个性化菜单")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeleteConditionalMenu {
    /// From [`AddConditionalMenuResponse`]; that of a [`ConditionalMenu`] as a text.
    #[serde(with = "wire::text")]
    pub menuid: String,
}

/// Which menu a follower sees — 测试个性化菜单匹配结果. At most 20 000 a day.
///
/// # Errors
/// - 65302: nobody has this id.
#[doc(alias = "测试个性化菜单匹配结果")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TryMatchMenu {
    /// A follower's OpenID, or WeChat id (微信号).
    pub user_id: String,
}

/// What [`TryMatchMenu`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TryMatchMenuResponse {
    /// 1 to 3.
    pub button: Vec<Button>,
}

/// The menu that is shown, no matter whether it was set by the API or made in the console — 查询自定义菜单信息.
///
/// Unverified accounts may call it, too.
#[doc(alias = "查询自定义菜单信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetCurrentSelfMenuInfo {}

/// What [`GetCurrentSelfMenuInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetCurrentSelfMenuInfoResponse {
    /// Whether it is switched on.
    #[serde(with = "wire::flag")]
    pub is_menu_open: bool,
    /// Absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selfmenu_info: Option<SelfMenuInfo>,
}

/// The menu that is shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SelfMenuInfo {
    /// 1 to 3.
    pub button: Vec<SelfMenuButton>,
}

/// A button of the menu that is shown; it is written in other ways than [`Button`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SelfMenuButton {
    /// What it does; absent when it opens a sub-menu.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<ButtonType>,
    /// Its label.
    pub name: String,
    /// What the event carries as its `EventKey`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Made in the console: what is sent. The text of `text`; the media id of `img`, `photo`, `voice` and `news`, which works
    /// for 3 days; the address of a `video`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Of a `view`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Of a `news`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub news_info: Option<NewsInfo>,
    /// Absent when it opens no sub-menu.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_button: Option<SubMenu>,
}

/// A sub-menu (二级菜单).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubMenu {
    /// 1 to 5.
    pub list: Vec<SelfMenuButton>,
}
