//! Template messages — 模板消息
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/notify/template/> (read 2026-11-22)

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Empty};
use crate::{AppId, OpenId};

endpoints! {
    Post "/cgi-bin/message/template/send" SendTemplateMessage -> SendTemplateMessageResponse, "发送模板消息";
    Post "/cgi-bin/template/api_set_industry" SetIndustry -> Empty, "设置所属行业";
    Get "/cgi-bin/template/get_industry" GetIndustry -> GetIndustryResponse, "获取设置的行业信息";
    Post "/cgi-bin/template/api_add_template" AddTemplate -> AddTemplateResponse, "添加模板";
    Get "/cgi-bin/template/get_all_private_template" GetAllTemplates -> GetAllTemplatesResponse, "获取模板列表";
    Post "/cgi-bin/template/del_private_template" DeleteTemplate -> Empty, "删除模板";
    Post "/wxa/sec/queryblocktmplmsg" QueryBlockTmplMsg -> QueryBlockTmplMsgResponse, "查询拦截的模板消息";
}

/// Send template message — 发送模板消息.
///
/// Service accounts, 100000 a day by default. url and miniprogram may both be given: the mini program wins, url is the fallback. data keys are the template's parameter names. Result arrives later as TEMPLATESENDJOBFINISH. Errors: 40003, 40037 bad template_id, 43004 not following, 43101 user refused, 47003 parameter mismatch, 45009 quota, 40165/40166 mini-program path or appid, 43116 template blocked.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/template/api_sendtemplatemessage.html> (read 2026-11-22)
#[doc(alias = "发送模板消息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SendTemplateMessage {
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
    /// Payload.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, Data>,
    /// Idempotency key; one delivery per OpenID and key within 10 minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_msg_id: Option<String>,
}

/// Mini-program jump target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Miniprogram {
    /// AppID.
    pub appid: AppId,
    /// Mini-program page, may carry a query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pagepath: Option<String>,
}

/// Payload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Data {
    /// Parameter value.
    pub value: String,
}

/// What [`SendTemplateMessage`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SendTemplateMessageResponse {
    /// Message id.
    pub msgid: i64,
}

/// Set industry — 设置所属行业.
///
/// Once a month; changing it deletes templates of the old industry. 43100 changed too often.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/template/api_setindustry.html> (read 2026-11-22)
#[doc(alias = "设置所属行业")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SetIndustry {
    /// Primary industry code 1-41.
    pub industry_id1: String,
    /// Secondary industry code 1-41.
    pub industry_id2: String,
}

/// Get industry — 获取设置的行业信息.
///
/// No errcode on success.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/template/api_getindustry.html> (read 2026-11-22)
#[doc(alias = "获取设置的行业信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetIndustry {
}

/// What [`GetIndustry`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetIndustryResponse {
    /// Primary industry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_industry: Option<PrimaryIndustry>,
    /// Secondary industry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secondary_industry: Option<SecondaryIndustry>,
}

/// Primary industry.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PrimaryIndustry {
    /// First-level class.
    pub first_class: String,
    /// Second-level class.
    pub second_class: String,
}

/// Secondary industry.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SecondaryIndustry {
    /// First-level class.
    pub first_class: String,
    /// Second-level class.
    pub second_class: String,
}

/// Add template — 添加模板.
///
/// 25 templates in use at most (45026). 40246 keyword unknown. Category templates (digits) need keyword_name_list.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/template/api_addtemplate.html> (read 2026-11-22)
#[doc(alias = "添加模板")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AddTemplate {
    /// Library number: TM..., OPENTM... or digits.
    pub template_id_short: String,
    /// Keywords for category templates, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keyword_name_list: Vec<String>,
}

/// What [`AddTemplate`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddTemplateResponse {
    /// Template id.
    pub template_id: String,
}

/// Get all templates — 获取模板列表.
///
/// Deputy_industry here is what get_industry calls secondary_industry.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/template/api_getalltemplates.html> (read 2026-11-22)
#[doc(alias = "获取模板列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetAllTemplates {
}

/// What [`GetAllTemplates`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetAllTemplatesResponse {
    /// Templates.
    pub template_list: Vec<Template>,
}

/// Templates.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Template {
    /// Template id.
    pub template_id: String,
    /// Title.
    pub title: String,
    /// Primary industry.
    pub primary_industry: String,
    /// Second-level industry.
    pub deputy_industry: String,
    /// Text / HTML content.
    pub content: String,
    /// Sample rendering.
    pub example: String,
}

/// Delete template — 删除模板.
///
/// 40037 unknown id.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/template/api_deletetemplate.html> (read 2026-11-22)
#[doc(alias = "删除模板")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeleteTemplate {
    /// Template id.
    pub template_id: String,
}

/// Query block tmpl msg — 查询拦截的模板消息.
///
/// Template messages stopped by content control.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/template/api_queryblocktmplmsg.html> (read 2026-11-22)
#[doc(alias = "查询拦截的模板消息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryBlockTmplMsg {
    /// Template message id that was blocked.
    pub tmpl_msg_id: String,
    /// Cursor: largest id of the previous page, 0 first.
    pub largest_id: i64,
    /// Rows, at most 100.
    pub limit: i64,
}

/// What [`QueryBlockTmplMsg`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueryBlockTmplMsgResponse {
    /// Blocked messages; the docs show one object, the live API an array: accept both.
    pub msginfo: Vec<Msginfo>,
}

/// Blocked messages; the docs show one object, the live API an array: accept both.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Msginfo {
    /// Record id, string or number.
    pub id: i64,
    /// Template message id.
    pub tmpl_msg_id: String,
    /// Title.
    pub title: String,
    /// Content.
    pub content: String,
    /// Unix seconds.
    pub send_timestamp: i64,
    /// Recipient.
    pub openid: OpenId,
}

