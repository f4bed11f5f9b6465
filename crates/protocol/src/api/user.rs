//! Followers — 用户信息
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, wire};
use crate::{OpenId, UnionId};

endpoints! {
    Get "/cgi-bin/user/info" UserInfo -> UserInfoResponse, "获取用户基本信息";
    Post "/cgi-bin/user/info/batchget" BatchUserInfo -> BatchUserInfoResponse, "批量获取用户基本信息";
    Get "/cgi-bin/user/get" GetFans -> GetFansResponse, "获取关注者列表";
    Post "/cgi-bin/user/info/updateremark" UpdateRemark -> Empty, "设置用户备注名";
    Post "/cgi-bin/changeopenid" ChangeOpenId -> ChangeOpenIdResponse, "账号迁移OpenID转换";
}

/// User info — 获取用户基本信息.
///
/// Since 2021-12 nickname, headimgurl and the region fields come empty; only openid, unionid, subscription facts and tags are useful. 40003 bad OpenID, 46004 unknown user.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_userinfo.html> (read 2026-11-22)
#[doc(alias = "获取用户基本信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UserInfo {
    /// OpenID.
    pub openid: OpenId,
    /// Zh_CN | zh_TW | en.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
}

/// What [`UserInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserInfoResponse {
    /// User's OpenID in this account.
    pub openid: OpenId,
    /// UnionID, only when the account is bound to an open-platform account.
    pub unionid: UnionId,
    /// Nickname; retired 2021-12-27.
    pub nickname: String,
    /// Gender; retired since 2021-12.
    pub sex: i64,
    /// Country; retired since 2021-12.
    pub country: String,
    /// Province; retired since 2021-12.
    pub province: String,
    /// City; retired since 2021-12.
    pub city: String,
    /// Language code.
    pub language: String,
    /// Avatar URL; retired 2021-12-27.
    pub headimgurl: String,
    /// 0 not following (then only openid/unionid are returned), 1 following.
    #[serde(with = "wire::flag")]
    pub subscribe: bool,
    /// Unix seconds of the latest follow.
    pub subscribe_time: i64,
    /// How the user came to follow (ADD_SCENE_*).
    pub subscribe_scene: String,
    /// Operator's remark for the user.
    pub remark: String,
    /// Legacy group id.
    pub groupid: i64,
    /// Tag ids on the user.
    pub tagid_list: Vec<i64>,
    /// Integer scene of the QR code followed through.
    pub qr_scene: i64,
    /// String scene of the QR code followed through.
    pub qr_scene_str: String,
}

/// Batch user info — 批量获取用户基本信息.
///
/// 100 users a call; same retired fields as user_info.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_batchuserinfo.html> (read 2026-11-22)
#[doc(alias = "批量获取用户基本信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchUserInfo {
    /// Users.
    pub user_list: Vec<User>,
}

/// Users.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// User's OpenID in this account.
    pub openid: OpenId,
    /// Zh_CN | zh_TW | en.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
}

/// What [`BatchUserInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchUserInfoResponse {
    /// Users.
    pub user_info_list: Vec<BatchUserInfoUserInfo>,
}

/// Users.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchUserInfoUserInfo {
    /// User's OpenID in this account.
    pub openid: OpenId,
    /// UnionID, only when the account is bound to an open-platform account.
    pub unionid: UnionId,
    /// Nickname; retired 2021-12-27.
    pub nickname: String,
    /// Gender; retired since 2021-12.
    pub sex: i64,
    /// Country; retired since 2021-12.
    pub country: String,
    /// Province; retired since 2021-12.
    pub province: String,
    /// City; retired since 2021-12.
    pub city: String,
    /// Language code.
    pub language: String,
    /// Avatar URL; retired 2021-12-27.
    pub headimgurl: String,
    /// 0 not following (then only openid/unionid are returned), 1 following.
    #[serde(with = "wire::flag")]
    pub subscribe: bool,
    /// Unix seconds of the latest follow.
    pub subscribe_time: i64,
    /// How the user came to follow (ADD_SCENE_*).
    pub subscribe_scene: String,
    /// Operator's remark for the user.
    pub remark: String,
    /// Legacy group id.
    pub groupid: i64,
    /// Tag ids on the user.
    pub tagid_list: Vec<i64>,
    /// Integer scene of the QR code followed through.
    pub qr_scene: i64,
    /// String scene of the QR code followed through.
    pub qr_scene_str: String,
}

/// Get fans — 获取关注者列表.
///
/// 10000 OpenIDs a page; stop when next_openid is empty. Success may leave out data on an empty page.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_getfans.html> (read 2026-11-22)
#[doc(alias = "获取关注者列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetFans {
    /// Cursor; empty for the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_openid: Option<String>,
}

/// What [`GetFans`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetFansResponse {
    /// Total number.
    pub total: i64,
    /// Number of items.
    pub count: i64,
    /// Payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// Cursor: last OpenID of the previous page.
    pub next_openid: String,
}

/// Payload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Data {
    /// User's OpenID in this account.
    pub openid: Vec<OpenId>,
}

/// Update remark — 设置用户备注名.
///
/// At most 30 characters.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_updateremark.html> (read 2026-11-22)
#[doc(alias = "设置用户备注名")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateRemark {
    /// User's OpenID in this account.
    pub openid: OpenId,
    /// Operator's remark for the user.
    pub remark: String,
}

/// Change open id — 账号迁移OpenID转换.
///
/// After an account migration: maps old OpenIDs to new ones, 100 a call (63179); available for about 15 days after the migration. 63178 wrong from_appid.
///
/// Source: <https://kf.qq.com/faq/1901177NrqMr190117nqYJze.html> (read 2026-11-22)
#[doc(alias = "账号迁移OpenID转换")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangeOpenId {
    /// From appid.
    pub from_appid: String,
    /// OpenIDs.
    pub openid_list: Vec<OpenId>,
}

/// What [`ChangeOpenId`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangeOpenIdResponse {
    /// Result list.
    pub result_list: Vec<ChangeOpenIdResult>,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangeOpenIdResult {
    /// Error message.
    pub err_msg: String,
    /// Original OpenID.
    pub ori_openid: OpenId,
    /// New openid.
    pub new_openid: OpenId,
}

