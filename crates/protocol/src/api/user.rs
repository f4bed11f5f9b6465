//! Followers — 用户信息
//!
//! ```
//! use echostr_protocol::api::{self, user::{GetFans, GetFansResponse}};
//!
//! let page: GetFansResponse = serde_json::from_str(
//!     r#"{"total":10002,"count":1,"data":{"openid":["osZFAyPrKrJBb2E3OA1_00000001"]},"next_openid":"osZFAyPrKrJBb2E3OA1_00000001"}"#,
//! )?;
//! assert_eq!(page.data.openid, [page.next_openid.clone()]);
//! let next = GetFans { next_openid: Some(page.next_openid) };
//! assert_eq!(api::encode(&next).query, [("next_openid".into(), "osZFAyPrKrJBb2E3OA1_00000001".into())]);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, wire};
use crate::{AppId, OpenId, UnionId};

endpoints! {
    Get "/cgi-bin/user/info" UserInfo -> UserInfoResponse, "获取用户基本信息";
    Post "/cgi-bin/user/info/batchget" BatchUserInfo -> BatchUserInfoResponse, "批量获取用户基本信息";
    Get "/cgi-bin/user/get" GetFans -> GetFansResponse, "获取关注者列表";
    Post "/cgi-bin/user/info/updateremark" UpdateRemark -> Empty, "设置用户备注名";
    Post "/cgi-bin/changeopenid" ChangeOpenId -> ChangeOpenIdResponse, "账号迁移OpenID转换";
}

/// What is known of a follower — 获取用户基本信息.
///
/// Name, picture and place have not been told since 27 December 2021. What remains is whether, when and how somebody follows, the tags,
/// the remark and the UnionID. With the follower's consent a web page is told the name and the picture, see [`oauth`](super::oauth).
///
/// # Errors
/// - 40003: the OpenID is malformed or of another account.
/// - 46004: there is no such user.
#[doc(alias = "获取用户基本信息")]
#[doc(alias = "UnionID机制")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UserInfo {
    /// Who.
    pub openid: OpenId,
    /// In which language the place was told. Default: `zh_CN`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<Lang>,
}

words! {
    /// A language of the platform's answers.
    Lang {
        /// Simplified Chinese.
        ZhCn = "zh_CN",
        /// Traditional Chinese.
        ZhTw = "zh_TW",
        /// English.
        En = "en",
    }

    /// How somebody came to follow (关注来源).
    SubscribeScene {
        /// Searched for the account (公众号搜索).
        Search = "ADD_SCENE_SEARCH",
        /// Came with another account's migration (公众号迁移).
        AccountMigration = "ADD_SCENE_ACCOUNT_MIGRATION",
        /// Was sent the account's card (名片分享).
        ProfileCard = "ADD_SCENE_PROFILE_CARD",
        /// Scanned a QR code (扫描二维码).
        QrCode = "ADD_SCENE_QR_CODE",
        /// Tapped the account's name in an article (图文页内名称点击).
        ProfileLink = "ADD_SCENE_PROFILE_LINK",
        /// From the menu in the corner of an article (图文页右上角菜单).
        ProfileItem = "ADD_SCENE_PROFILE_ITEM",
        /// Followed after paying (支付后关注).
        Paid = "ADD_SCENE_PAID",
        /// From an advertisement (微信广告).
        WechatAdvertisement = "ADD_SCENE_WECHAT_ADVERTISEMENT",
        /// From an article that somebody else reprinted (他人转载).
        Reprint = "ADD_SCENE_REPRINT",
        /// From a live stream (视频号直播).
        Livestream = "ADD_SCENE_LIVESTREAM",
        /// From Channels (视频号).
        Channels = "ADD_SCENE_CHANNELS",
        /// From a mini program (小程序关注).
        Wxa = "ADD_SCENE_WXA",
        /// Any other way (其他).
        Others = "ADD_SCENE_OTHERS",
    }
}

/// What [`UserInfo`] answers, and [`BatchUserInfo`] for each.
///
/// Of somebody who does not follow there are only `subscribe`, `openid` and `unionid`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserInfoResponse {
    /// Whether this user follows the account.
    #[serde(with = "wire::flag")]
    pub subscribe: bool,
    /// Who.
    pub openid: OpenId,
    /// The same user at all accounts and apps of one open platform account (微信开放平台); absent when this one belongs to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unionid: Option<UnionId>,
    /// Empty since 27 December 2021.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// 0 unknown, 1 male, 2 female; 0 since 27 December 2021.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sex: Option<i64>,
    /// Empty since 27 December 2021.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Empty since 27 December 2021.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province: Option<String>,
    /// Empty since 27 December 2021.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// The language of the follower's WeChat: `zh_CN`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Empty since 27 December 2021.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headimgurl: Option<String>,
    /// Unix seconds; of several times the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscribe_time: Option<i64>,
    /// How they came to follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscribe_scene: Option<SubscribeScene>,
    /// What the operator calls them; empty when they were given no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// Their group (用户分组), which tags have replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groupid: Option<i64>,
    /// The numbers of their [tags](super::tag).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tagid_list: Vec<i64>,
    /// Scene of the QR code by which they came to follow; 0 when it was none, or had a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qr_scene: Option<i64>,
    /// The same where the scene is a text; empty when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qr_scene_str: Option<String>,
}

/// What is known of several followers — 批量获取用户基本信息.
#[doc(alias = "批量获取用户基本信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchUserInfo {
    /// At most 100.
    pub user_list: Vec<UserInfo>,
}

/// What [`BatchUserInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchUserInfoResponse {
    /// One for each.
    pub user_info_list: Vec<UserInfoResponse>,
}

/// Who follows the account — 获取关注者列表, 10 000 at a time.
#[doc(alias = "获取关注者列表")]
#[doc(alias = "关注者列表")]
#[doc(alias = "获取用户列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetFans {
    /// From [`GetFansResponse::next_openid`]; absent for the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_openid: Option<OpenId>,
}

/// What [`GetFans`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetFansResponse {
    /// Followers in all.
    pub total: i64,
    /// How many came with this answer, at most 10 000.
    pub count: i64,
    /// Absent on the wire when there are none.
    #[serde(skip_serializing_if = "OpenIds::is_empty")]
    pub data: OpenIds,
    /// The last of this page, for the next one. Empty when there are no more. In the platform's sample the last followers still come with
    /// one, and only the answer to that is empty.
    pub next_openid: OpenId,
}

/// A page of a list of users.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OpenIds {
    /// At most 10 000.
    pub openid: Vec<OpenId>,
}

impl OpenIds {
    pub(super) fn is_empty(&self) -> bool {
        self.openid.is_empty()
    }
}

/// What the operator calls a follower — 设置用户备注名.
#[doc(alias = "设置用户备注名")]
#[doc(alias = "备注名")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateRemark {
    /// The follower.
    pub openid: OpenId,
    /// At most 30 characters; fewer than 30 bytes by older pages.
    pub remark: String,
}

/// The new OpenIDs after an account's migration — 账号迁移OpenID转换. Called with the new account's token, for about 15 days.
///
/// # Errors
/// - 63178: `from_appid` is not the account that was migrated here.
/// - 63179: more than 100 OpenIDs in one call.
///
/// Source: <https://kf.qq.com/faq/1901177NrqMr190117nqYJze.html>
#[doc(alias = "账号迁移OpenID转换")]
#[doc(alias = "openid转换接口")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangeOpenId {
    /// The old account.
    pub from_appid: AppId,
    /// At most 100, as the old account knew them.
    pub openid_list: Vec<OpenId>,
}

/// What [`ChangeOpenId`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangeOpenIdResponse {
    /// One for each.
    pub result_list: Vec<ChangedOpenId>,
}

/// What became of one OpenID.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangedOpenId {
    /// `ok`, or `ori_openid error` for one that was not the old account's.
    pub err_msg: String,
    /// As the old account knew it.
    pub ori_openid: OpenId,
    /// As the new account knows it; absent after an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_openid: Option<OpenId>,
}
