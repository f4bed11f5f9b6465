//! Tags — 用户标签
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/tag/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty};
use crate::{OpenId};

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

/// Create tag — 创建标签.
///
/// 100 tags at most (45056); names up to 30 bytes (45158), unique (45157).
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/tag/api_createtag.html> (read 2026-11-22)
#[doc(alias = "创建标签")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CreateTag {
    /// Tag.
    pub tag: Tag,
}

/// Tag.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tag {
    /// Display name.
    pub name: String,
}

/// What [`CreateTag`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateTagResponse {
    /// Tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<CreateTagTag>,
}

/// Tag.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateTagTag {
    /// Identifier.
    pub id: i64,
    /// Display name.
    pub name: String,
}

/// Get tags — 获取标签列表.
///
/// System tags included: 2 is the star group.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/tag/api_gettags.html> (read 2026-11-22)
#[doc(alias = "获取标签列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetTags {
}

/// What [`GetTags`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetTagsResponse {
    /// Tags.
    pub tags: Vec<GetTagsTag>,
}

/// Tags.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetTagsTag {
    /// Identifier.
    pub id: i64,
    /// Display name.
    pub name: String,
    /// Number of items.
    pub count: i64,
}

/// Update tag — 编辑标签.
///
/// 45058 tags 0-2 are system tags; 45157/45158.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/tag/api_updatetag.html> (read 2026-11-22)
#[doc(alias = "编辑标签")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateTag {
    /// Tag.
    pub tag: UpdateTagTag,
}

/// Tag.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateTagTag {
    /// Identifier.
    pub id: i64,
    /// Display name.
    pub name: String,
}

/// Delete tag — 删除标签.
///
/// 45057 more than 100000 followers: untag first; 45058 system tag.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/tag/api_deletetag.html> (read 2026-11-22)
#[doc(alias = "删除标签")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeleteTag {
    /// Tag.
    pub tag: DeleteTagTag,
}

/// Tag.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeleteTagTag {
    /// Identifier.
    pub id: i64,
}

/// Get tag fans — 获取标签下的粉丝列表.
///
/// 40003, 45159 bad tag.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/tag/api_gettagfans.html> (read 2026-11-22)
#[doc(alias = "获取标签下的粉丝列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetTagFans {
    /// Tag id.
    pub tagid: i64,
    /// Cursor: last OpenID of the previous page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_openid: Option<String>,
}

/// What [`GetTagFans`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetTagFansResponse {
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

/// Batch tagging — 批量为用户打标签.
///
/// 50 OpenIDs a call (40032); 20 tags per user (45059); 45159 bad tag, 49003 OpenID of another account.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/tag/api_batchtagging.html> (read 2026-11-22)
#[doc(alias = "批量为用户打标签")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchTagging {
    /// OpenIDs.
    pub openid_list: Vec<OpenId>,
    /// Tag id.
    pub tagid: i64,
}

/// Batch untagging — 批量为用户取消标签.
///
/// 50 OpenIDs a call; 45159, 49003.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/tag/api_batchuntagging.html> (read 2026-11-22)
#[doc(alias = "批量为用户取消标签")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchUntagging {
    /// OpenIDs.
    pub openid_list: Vec<OpenId>,
    /// Tag id.
    pub tagid: i64,
}

/// Get tag id list — 获取用户的标签列表.
///
/// 49003 OpenID of another account.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/tag/api_gettagidlist.html> (read 2026-11-22)
#[doc(alias = "获取用户的标签列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetTagIdList {
    /// User's OpenID in this account.
    pub openid: OpenId,
}

/// What [`GetTagIdList`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetTagIdListResponse {
    /// Tag ids on the user.
    pub tagid_list: Vec<i64>,
}

