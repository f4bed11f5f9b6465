//! Subscription notices — 订阅通知
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/notify/subscribe/> (read 2026-11-22)

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Auth, Empty, wire};
use crate::{AppId, OpenId};

endpoints! {
    Post "/cgi-bin/message/template/subscribe" TemplateSubscribe -> Empty, "推送一次性订阅消息";
    Post "/cgi-bin/message/subscribe/bizsend" SendNewSubscribeMsg -> Empty, "发送订阅通知";
    Post "/wxaapi/newtmpl/addtemplate" AddWxaNewTemplate -> AddWxaNewTemplateResponse, "选用订阅通知模板";
    Post "/wxaapi/newtmpl/deltemplate" DelWxaNewTemplate -> Empty, "删除订阅通知模板";
    Get "/wxaapi/newtmpl/getcategory" GetCategory -> GetCategoryResponse, "获取公众号类目";
    Get "/wxaapi/newtmpl/getpubtemplatekeywords" GetPubNewTemplateKeywords -> GetPubNewTemplateKeywordsResponse, "获取模板中的关键词";
    Get "/wxaapi/newtmpl/getpubtemplatetitles" GetPubNewTemplateTitles -> GetPubNewTemplateTitlesResponse, "获取类目下的公共模板";
    Get "/wxaapi/newtmpl/gettemplate" GetWxaPubNewTemplate -> GetWxaPubNewTemplateResponse, "获取私有模板列表";
    Page "/mp/subscribemsg?action=get_confirm" SubscribeOnceAuthorizeUrl -> SubscribeOnceAuthorizeUrlResponse, "一次性订阅消息授权链接", host("mp.weixin.qq.com"), auth(Auth::None);
}

/// Template subscribe — 推送一次性订阅消息.
///
/// One-time subscription: needs the user's consent through the subscribemsg page with the same template_id and scene; one message per consent. data.content.value at most 200 characters. 43101 no consent left, 47003 bad arguments.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/subscribe/api_templatesubscribe.html> (read 2026-11-22)
#[doc(alias = "推送一次性订阅消息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TemplateSubscribe {
    /// Recipient OpenID(s).
    pub touser: OpenId,
    /// Template id.
    pub template_id: String,
    /// Target or resource URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Mini-program jump target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub miniprogram: Option<Miniprogram>,
    /// Scene 0-10000, same as at consent.
    pub scene: String,
    /// Title, at most 15 characters.
    pub title: String,
    /// Message body.
    pub data: Data,
}

/// Mini-program jump target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Miniprogram {
    /// AppID.
    pub appid: AppId,
    /// Mini-program page path.
    pub pagepath: String,
}

/// Message body.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Data {
    /// Content.
    pub content: Content,
}

/// Content.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// Text, at most 200 characters.
    pub value: String,
    /// Text colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
}

/// Send new subscribe msg — 发送订阅通知.
///
/// Consumes one consent of the user. Result comes as subscribe_msg_sent_event. Errors: 40003, 40037, 43101 no consent, 47003 bad data, 41030 bad page, 45168 sensitive word, 40165/40166.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/notify/api_sendnewsubscribemsg.html> (read 2026-11-22)
#[doc(alias = "发送订阅通知")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SendNewSubscribeMsg {
    /// Recipient OpenID(s).
    pub touser: OpenId,
    /// Id in the private list (priTmplId).
    pub template_id: String,
    /// Web page to open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Mini-program target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub miniprogram: Option<Miniprogram>,
    /// Payload.
    pub data: BTreeMap<String, SendNewSubscribeMsgData>,
}

/// Payload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SendNewSubscribeMsgData {
    /// Keyword value.
    pub value: String,
}

/// Add wxa new template — 选用订阅通知模板.
///
/// 200011 account blocked, 200012 list full, 200013 template blocked, 200014 bad tid, 200020 bad kidList, 200021 bad sceneDesc, 200022 duplicate.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/notify/api_addwxanewtemplate.html> (read 2026-11-22)
#[doc(alias = "选用订阅通知模板")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AddWxaNewTemplate {
    /// Title id in the public library.
    pub tid: String,
    /// Keyword ids, 2-5, in order.
    #[serde(rename = "kidList")]
    pub kid_list: Vec<i64>,
    /// Scene description, at most 15 characters.
    #[serde(rename = "sceneDesc")]
    pub scene_desc: String,
}

/// What [`AddWxaNewTemplate`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddWxaNewTemplateResponse {
    /// Id of the template in the account's own list.
    #[serde(rename = "priTmplId")]
    pub pri_tmpl_id: String,
}

/// Del wxa new template — 删除订阅通知模板.
///
/// 200014 unknown id.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/notify/api_delwxanewtemplate.html> (read 2026-11-22)
#[doc(alias = "删除订阅通知模板")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DelWxaNewTemplate {
    /// Id of the template in the account's own list.
    #[serde(rename = "priTmplId")]
    pub pri_tmpl_id: String,
}

/// Get category — 获取公众号类目.
///
/// Categories of the account.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/notify/api_getcategory.html> (read 2026-11-22)
#[doc(alias = "获取公众号类目")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetCategory {
}

/// What [`GetCategory`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetCategoryResponse {
    /// Payload.
    pub data: Vec<GetCategoryData>,
}

/// Payload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetCategoryData {
    /// Identifier.
    pub id: i64,
    /// Display name.
    pub name: String,
}

/// Get pub new template keywords — 获取模板中的关键词.
///
/// Rule gives the type prefix used in bizsend data keys.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/notify/api_getpubnewtemplatekeywords.html> (read 2026-11-22)
#[doc(alias = "获取模板中的关键词")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetPubNewTemplateKeywords {
    /// Title id in the public library.
    pub tid: String,
}

/// What [`GetPubNewTemplateKeywords`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetPubNewTemplateKeywordsResponse {
    /// Payload.
    pub data: Vec<GetPubNewTemplateKeywordsData>,
}

/// Payload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetPubNewTemplateKeywordsData {
    /// Keyword id.
    pub kid: i64,
    /// Display name.
    pub name: String,
    /// Sample rendering.
    pub example: String,
    /// Keyword data type.
    pub rule: String,
}

/// Get pub new template titles — 获取类目下的公共模板.
///
/// Limit at most 30; 200016-200019 for bad paging or category ids. categoryId may be a string.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/notify/api_getpubnewtemplatetitles.html> (read 2026-11-22)
#[doc(alias = "获取类目下的公共模板")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetPubNewTemplateTitles {
    /// Category id list.
    pub ids: String,
    /// Offset.
    pub start: i64,
    /// Limit.
    pub limit: i64,
}

/// What [`GetPubNewTemplateTitles`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetPubNewTemplateTitlesResponse {
    /// Payload.
    pub data: Vec<GetPubNewTemplateTitlesData>,
    /// Number of items.
    pub count: i64,
}

/// Payload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetPubNewTemplateTitlesData {
    /// Title id in the public library.
    pub tid: i64,
    /// Title.
    pub title: String,
    /// Kind discriminator.
    pub r#type: i64,
    /// Category id.
    #[serde(with = "wire::text")]
    #[serde(rename = "categoryId")]
    pub category_id: String,
}

/// Get wxa pub new template — 获取私有模板列表.
///
/// Type 2 one-time, 3 long-term.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/notify/api_getwxapubnewtemplate.html> (read 2026-11-22)
#[doc(alias = "获取私有模板列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetWxaPubNewTemplate {
}

/// What [`GetWxaPubNewTemplate`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetWxaPubNewTemplateResponse {
    /// Payload.
    pub data: Vec<GetWxaPubNewTemplateData>,
}

/// Payload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetWxaPubNewTemplateData {
    /// Id of the template in the account's own list.
    #[serde(rename = "priTmplId")]
    pub pri_tmpl_id: String,
    /// Title.
    pub title: String,
    /// Text / HTML content.
    pub content: String,
    /// Kind discriminator.
    pub r#type: i64,
    /// Sample rendering.
    pub example: String,
    /// Allowed enum values.
    #[serde(rename = "keywordEnumValueList")]
    pub keyword_enum_value_list: Vec<KeywordEnumValue>,
}

/// Allowed enum values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeywordEnumValue {
    /// Keyword code.
    #[serde(rename = "keywordCode")]
    pub keyword_code: String,
    /// Values.
    #[serde(rename = "enumValueList")]
    pub enum_value_list: Vec<String>,
}

/// Subscribe once authorize url — 一次性订阅消息授权链接.
///
/// Browser page to build, not an API call; end the URL with #wechat_redirect.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/Message_Management/One-time_subscription_info.html> (read 2026-11-22)
#[doc(alias = "一次性订阅消息授权链接")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SubscribeOnceAuthorizeUrl {
    /// AppID.
    pub appid: AppId,
    /// 0-10000.
    pub scene: i64,
    /// One-time template.
    pub template_id: String,
    /// Where to return; domain must be registered.
    pub redirect_url: String,
    /// State value, at most 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserved: Option<String>,
}

/// What [`SubscribeOnceAuthorizeUrl`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubscribeOnceAuthorizeUrlResponse {
    /// Redirect parameter.
    pub openid: OpenId,
    /// Redirect parameter.
    pub template_id: String,
    /// Redirect parameter: confirm | cancel.
    pub action: String,
    /// Redirect parameter.
    pub scene: String,
    /// Redirect parameter.
    pub reserved: String,
}

