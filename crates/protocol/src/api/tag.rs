//! Tags — 用户标签
//!
//! ```
//! use echostr_protocol::api::{self, Body, tag::BatchTagging};
//!
//! let request = BatchTagging { openid_list: vec!["osZFAyPrKrJBb2E3OA1_00000001".into()], tagid: 134 };
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! assert_eq!(json, br#"{"openid_list":["osZFAyPrKrJBb2E3OA1_00000001"],"tagid":134}"#);
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/tag/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::Empty;
use super::user::OpenIds;
use crate::OpenId;

endpoints! {
    Post "/cgi-bin/tags/create" CreateTag -> CreateTagResponse, "创建标签";
    Get "/cgi-bin/tags/get" GetTags -> GetTagsResponse, "获取标签列表";
    Post "/cgi-bin/tags/update" UpdateTag -> Empty, "编辑标签";
    Post "/cgi-bin/tags/delete" DeleteTag -> Empty, "删除标签";
    Post "/cgi-bin/user/tag/get" GetTagFans -> GetTagFansResponse, "获取标签下的粉丝列表";
    Post "/cgi-bin/tags/members/batchtagging" BatchTagging -> Empty, "批量为用户打标签";
    Post "/cgi-bin/tags/members/batchuntagging" BatchUntagging -> Empty, "批量为用户取消标签";
    Post "/cgi-bin/tags/getidlist" GetTagIdList -> GetTagIdListResponse, "获取用户的标签列表";
}

/// Creates a tag — 创建标签. An account has at most 100.
///
/// # Errors
/// - 45056: there are 100 tags already; delete one.
/// - 45157: the name is taken or not allowed; choose another.
/// - 45158: the name is too long, see [`NewTag::name`].
#[doc(alias = "创建标签")]
#[doc(alias = "新建标签")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CreateTag {
    /// The tag without its number, which the platform gives.
    pub tag: NewTag,
}

/// A tag that has no number yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NewTag {
    /// At most 30 bytes of UTF-8 (10 Chinese characters) by error 45158. The parameter table of the same page says 30 characters.
    pub name: String,
}

/// What [`CreateTag`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateTagResponse {
    /// The tag with its number.
    pub tag: Tag,
}

/// A tag.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tag {
    /// Given by the platform; 0 to 2 are its own.
    pub id: i64,
    /// As long as [`NewTag::name`].
    pub name: String,
}

/// All tags — 获取标签列表, with those of the platform: 2 is the starred group (星标组).
#[doc(alias = "获取标签列表")]
#[doc(alias = "获取公众号已创建的标签")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetTags {}

/// What [`GetTags`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetTagsResponse {
    /// At most 100 and those of the platform.
    pub tags: Vec<CountedTag>,
}

/// A tag, and how many carry it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CountedTag {
    /// As [`Tag::id`].
    pub id: i64,
    /// As the operator sees it.
    pub name: String,
    /// Followers who carry it.
    pub count: i64,
}

/// Renames a tag — 编辑标签.
///
/// # Errors
/// - 45058: tags 0 to 2 are the platform's and stay as they are.
/// - 45157: the name is taken or not allowed; choose another.
/// - 45158: the name is too long, see [`NewTag::name`].
#[doc(alias = "编辑标签")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateTag {
    /// The number it has and the name it shall have.
    pub tag: Tag,
}

/// Deletes a tag — 删除标签.
///
/// # Errors
/// - 45057: more than 100 000 followers carry it; take it from them first, with [`BatchUntagging`].
/// - 45058: tags 0 to 2 are the platform's and stay.
#[doc(alias = "删除标签")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeleteTag {
    /// Only its number.
    pub tag: TagId,
}

/// A tag by its number.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TagId {
    /// As [`Tag::id`].
    pub id: i64,
}

/// The followers who carry a tag — 获取标签下的粉丝列表, 10 000 at a time.
///
/// # Errors
/// - 40003: `next_openid` is malformed or of another account.
/// - 45159: there is no such tag.
#[doc(alias = "获取标签下的粉丝列表")]
#[doc(alias = "获取标签下粉丝列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetTagFans {
    /// The tag's number.
    pub tagid: i64,
    /// From [`GetTagFansResponse::next_openid`]; absent for the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_openid: Option<OpenId>,
}

/// What [`GetTagFans`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetTagFansResponse {
    /// How many came with this answer.
    pub count: i64,
    /// Absent on the wire when there are none.
    #[serde(skip_serializing_if = "OpenIds::is_empty")]
    pub data: OpenIds,
    /// The last of this page, for the next one. Empty when there are no more.
    pub next_openid: OpenId,
}

/// Gives a tag to followers — 批量为用户打标签.
///
/// # Errors
/// - 40032: more than 50 followers in one call.
/// - 45059: a follower would carry more than 20 tags.
/// - 45159: there is no such tag.
/// - 49003: an OpenID is of another account.
#[doc(alias = "批量为用户打标签")]
#[doc(alias = "打标签")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchTagging {
    /// At most 50.
    pub openid_list: Vec<OpenId>,
    /// The tag's number.
    pub tagid: i64,
}

/// Takes a tag from followers — 批量为用户取消标签.
///
/// # Errors
/// - 40032: more than 50 followers in one call.
/// - 45159: there is no such tag.
/// - 49003: an OpenID is of another account.
#[doc(alias = "批量为用户取消标签")]
#[doc(alias = "取消标签")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchUntagging {
    /// At most 50.
    pub openid_list: Vec<OpenId>,
    /// The tag's number.
    pub tagid: i64,
}

/// The tags that a follower carries — 获取用户的标签列表.
///
/// # Errors
/// - 49003: the OpenID is of another account.
#[doc(alias = "获取用户的标签列表")]
#[doc(alias = "获取用户身上的标签列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetTagIdList {
    /// The follower.
    pub openid: OpenId,
}

/// What [`GetTagIdList`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetTagIdListResponse {
    /// Their numbers, at most 20.
    pub tagid_list: Vec<i64>,
}
