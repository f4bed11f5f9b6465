//! Template messages — 模板消息: notices to a follower who has done something, in a form that the platform approved.
//!
//! ```
//! use echostr_protocol::api::{self, Body, template_message::SendTemplateMessage};
//!
//! let request = SendTemplateMessage {
//!     touser: "osZFAyPrKrJBb2E3OA1_00000001".into(),
//!     template_id: "Ynb8Z3vQ0eGkW5mXr2TtLc7hUo1Jd4As6PiFqNxEwKg".into(),
//!     data: [("thing1".into(), "招牌烤鱼".into()), ("time2".into(), "2026年11月22日 18:30".into())].into(),
//!     ..Default::default()
//! };
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! assert!(String::from_utf8_lossy(&json).contains(r#""thing1":{"value":"招牌烤鱼"}"#));
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/notify/template/> (read 2026-11-22)

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::{Empty, wire};
use crate::{AppId, OpenId};

endpoints! {
    Post "/cgi-bin/message/template/send" SendTemplateMessage -> SendTemplateMessageResponse, "发送模板消息";
    Post "/cgi-bin/template/api_set_industry" SetIndustry -> Empty, "设置所属行业";
    Get "/cgi-bin/template/get_industry" GetIndustry -> GetIndustryResponse, "获取行业信息";
    Post "/cgi-bin/template/api_add_template" AddTemplate -> AddTemplateResponse, "选用模板";
    Get "/cgi-bin/template/get_all_private_template" GetAllTemplates -> GetAllTemplatesResponse, "获取已选用模板列表";
    Post "/cgi-bin/template/del_private_template" DeleteTemplate -> Empty, "删除模板";
    Post "/wxa/sec/queryblocktmplmsg" QueryBlockTmplMsg -> QueryBlockTmplMsgResponse, "查询拦截的模板消息";
}

/// Sends a template message to a follower — 发送模板消息. Verified service accounts, 100 000 a day unless the console says otherwise.
///
/// The answer says that it was accepted; whether it arrived comes later as the event `TEMPLATESENDJOBFINISH`.
/// With both `url` and `miniprogram`, a tap opens the mini program, and the page where that cannot be opened. With neither, nothing.
///
/// # Errors
/// - 40003: the OpenID is not one of this account.
/// - 43004: they do not follow the account.
/// - 43101: they have refused its messages.
/// - 40037: the account has no such template; see [`GetAllTemplates`].
/// - 47003: `data` does not fit the template; `errmsg` names the parameter.
/// - 40165, 40166: the page of the mini program is wrong, or its AppID is not linked with the account.
/// - 43116: the template was blocked for misuse; take another.
/// - 45009: the day's quota is used up.
#[doc(alias = "发送模板消息")]
#[doc(alias = "模板消息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SendTemplateMessage {
    /// The follower.
    pub touser: OpenId,
    /// The account's own id of the template, from [`AddTemplate`] or [`GetAllTemplates`].
    pub template_id: String,
    /// The page that a tap opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The mini program that a tap opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub miniprogram: Option<MiniProgram>,
    /// What stands for the parameters: `thing1` for `{{thing1.DATA}}` in [`Template::content`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, Parameter>,
    /// Any text, unique for a message (防重入 id): a follower gets one message with it in 10 minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_msg_id: Option<String>,
}

/// A page of a mini program that is linked with the account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MiniProgram {
    /// The AppID of the mini program, not of the account.
    pub appid: AppId,
    /// `pages/order?id=7`, with its query. `None`: the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pagepath: Option<String>,
}

/// What stands for a parameter of a template.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// A text in the form that the parameter's name demands: `thing` at most 20 characters, `time` a time, `amount` money.
    pub value: String,
}

impl<T: Into<String>> From<T> for Parameter {
    fn from(value: T) -> Self {
        Self {
            value: value.into(),
        }
    }
}

/// What [`SendTemplateMessage`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SendTemplateMessageResponse {
    /// Comes again as `MsgID` of the event `TEMPLATESENDJOBFINISH`.
    pub msgid: i64,
}

/// Chooses the two industries from whose templates the account may take — 设置所属行业. Once a month.
///
/// The templates of an industry that is left are deleted.
///
/// # Errors
/// - 43100: it was changed this month already.
#[doc(alias = "设置所属行业")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SetIndustry {
    /// The code of the main industry (主营行业), `1` to `41` of the page's table: `10` is catering.
    ///
    /// <https://developers.weixin.qq.com/doc/service/api/notify/template/api_setindustry.html>
    pub industry_id1: String,
    /// The code of the other industry (副营行业), of the same table.
    pub industry_id2: String,
}

/// The account's two industries — 获取行业信息. The success has no `errcode`.
#[doc(alias = "获取行业信息")]
#[doc(alias = "获取设置的行业信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetIndustry {}

/// What [`GetIndustry`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetIndustryResponse {
    /// 主营行业
    pub primary_industry: Industry,
    /// 副营行业
    pub secondary_industry: Industry,
}

/// An industry, by its Chinese names.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Industry {
    /// `IT科技`
    pub first_class: String,
    /// `互联网|电子商务`
    pub second_class: String,
}

/// Takes a template from the platform's library — 选用模板. An account has at most 25.
///
/// # Errors
/// - 40246: `keyword_name_list` is empty, or has a keyword that the template does not have.
/// - 45026: there are 25 templates already; delete one.
#[doc(alias = "选用模板")]
#[doc(alias = "添加模板")]
#[doc(alias = "获得模板ID")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AddTemplate {
    /// Its number in the library: digits for a template of a category (类目模板), `TM…` or `OPENTM…` for one of an industry.
    pub template_id_short: String,
    /// The keywords that are wanted, in their order: `时间`, `地点`. Only for templates of a category, which need it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keyword_name_list: Vec<String>,
}

/// What [`AddTemplate`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddTemplateResponse {
    /// For [`SendTemplateMessage::template_id`].
    pub template_id: String,
}

/// The templates that the account has taken — 获取已选用模板列表.
#[doc(alias = "获取已选用模板列表")]
#[doc(alias = "获取模板列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetAllTemplates {}

/// What [`GetAllTemplates`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetAllTemplatesResponse {
    /// All of them; there are no pages.
    pub template_list: Vec<Template>,
}

/// A template that the account has taken.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Template {
    /// For [`SendTemplateMessage::template_id`].
    pub template_id: String,
    /// What stands above the message: `预约成功通知`.
    pub title: String,
    /// Its industry, see [`Industry::first_class`].
    pub primary_industry: String,
    /// Its industry, see [`Industry::second_class`]; not the account's second one.
    pub deputy_industry: String,
    /// Lines such as `时间：{{time2.DATA}}`: the names before `.DATA` are the keys of [`SendTemplateMessage::data`].
    pub content: String,
    /// The content with values, as the library shows it.
    pub example: String,
}

/// Gives a template back — 删除模板.
///
/// # Errors
/// - 40037: the account has no such template.
#[doc(alias = "删除模板")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeleteTemplate {
    /// From [`GetAllTemplates`].
    pub template_id: String,
}

/// The messages that the platform stopped for their content — 查询拦截的模板消息.
#[doc(alias = "查询拦截的模板消息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryBlockTmplMsg {
    /// The template, as the platform's notice about the stopped messages names it.
    pub tmpl_msg_id: String,
    /// The greatest [`BlockedMessage::id`] of the page before; 0 for the first page.
    pub largest_id: i64,
    /// At most 100.
    pub limit: i64,
}

/// What [`QueryBlockTmplMsg`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueryBlockTmplMsgResponse {
    /// A page of them. The platform's documents show one without a list; the answers that were seen have a list.
    #[serde(deserialize_with = "one_or_many")]
    pub msginfo: Vec<BlockedMessage>,
}

/// A message that was not sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BlockedMessage {
    /// Its place among the stopped messages, for [`QueryBlockTmplMsg::largest_id`].
    #[serde(with = "wire::int")]
    pub id: i64,
    /// The template.
    pub tmpl_msg_id: String,
    /// The template's title.
    pub title: String,
    /// What it said.
    pub content: String,
    /// Unix seconds.
    pub send_timestamp: i64,
    /// Who would have got it.
    pub openid: OpenId,
}

fn one_or_many<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<BlockedMessage>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Msginfo {
        Many(Vec<BlockedMessage>),
        One(Box<BlockedMessage>),
    }
    Ok(match Msginfo::deserialize(deserializer)? {
        Msginfo::Many(messages) => messages,
        Msginfo::One(message) => vec![*message],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stopped_message_may_come_without_a_list() {
        let json = r#"{"msginfo":{"id":"2","title":"预约成功通知"}}"#;
        let response: QueryBlockTmplMsgResponse = serde_json::from_str(json).expect("an answer");
        assert_eq!(response.msginfo.len(), 1);
        assert_eq!(response.msginfo[0].id, 2);
    }
}
