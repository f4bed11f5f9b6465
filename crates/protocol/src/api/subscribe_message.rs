//! Subscription notices — 订阅通知, and one-time subscription messages — 一次性订阅消息: what a person has asked to be told.
//!
//! Two ways, each with its own templates. Notices: the person agrees in a dialogue of the article or page, the account sends with
//! [`SendNewSubscribeMsg`]. One-time messages: they agree on the page of [`SubscribeOnceAuthorizeUrl`], the account sends with
//! [`TemplateSubscribe`]. Neither needs them to follow the account.
//!
//! ```
//! use echostr_protocol::api::{self, subscribe_message::SendNewSubscribeMsg};
//!
//! let request = SendNewSubscribeMsg {
//!     touser: "osZFAyPrKrJBb2E3OA1_00000001".into(),
//!     template_id: "9fT3vKx1Qw7ZbR5yUj0LmHn2CsEoPd8Ga4XiVtB6YrM".into(),
//!     page: Some("https://example.com/orders/7".into()),
//!     data: [("thing1".into(), "招牌烤鱼".into()), ("phrase3".into(), "已取餐".into())].into(),
//!     ..Default::default()
//! };
//! assert_eq!(api::encode(&request).path, "/cgi-bin/message/subscribe/bizsend");
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/notify/> (read 2026-11-22)

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Auth, Empty, Request as _, address, wire};
use crate::{AppId, OpenId};

endpoints! {
    Post "/cgi-bin/message/template/subscribe" TemplateSubscribe -> Empty, "推送一次性订阅消息";
    Post "/cgi-bin/message/subscribe/bizsend" SendNewSubscribeMsg -> Empty, "发送订阅通知";
    Post "/wxaapi/newtmpl/addtemplate" AddWxaNewTemplate -> AddWxaNewTemplateResponse, "选用订阅通知模板";
    Post "/wxaapi/newtmpl/deltemplate" DelWxaNewTemplate -> Empty, "删除订阅通知模板";
    Get "/wxaapi/newtmpl/getcategory" GetCategory -> GetCategoryResponse, "获取类目";
    Get "/wxaapi/newtmpl/getpubtemplatekeywords" GetPubNewTemplateKeywords -> GetPubNewTemplateKeywordsResponse, "获取模板中的关键词";
    Get "/wxaapi/newtmpl/getpubtemplatetitles" GetPubNewTemplateTitles -> GetPubNewTemplateTitlesResponse, "获取类目下的公共模板";
    Get "/wxaapi/newtmpl/gettemplate" GetWxaPubNewTemplate -> GetWxaPubNewTemplateResponse, "获取已有模板列表";
    Page "/mp/subscribemsg?action=get_confirm" SubscribeOnceAuthorizeUrl -> SubscribeOnceAuthorizeUrlResponse, "一次性订阅消息授权链接", host("mp.weixin.qq.com"), auth(Auth::None);
}

/// Sends the one message to which a person has agreed on the page of [`SubscribeOnceAuthorizeUrl`] — 推送一次性订阅消息.
///
/// Agreeing twice with the same scene gives one message, not two. Who does not follow the account gets it among the service notices (服务通知).
///
/// # Errors
/// - 43101: they have not agreed with this `template_id` and `scene`, or have got the message already.
/// - 47003: the arguments do not fit; `errmsg` names the field.
#[doc(alias = "推送一次性订阅消息")]
#[doc(alias = "一次性订阅消息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TemplateSubscribe {
    /// Who has agreed.
    pub touser: OpenId,
    /// The template to which they agreed.
    pub template_id: String,
    /// The page that a tap opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The mini program that a tap opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub miniprogram: Option<MiniProgram>,
    /// `0` to `10000`, that of [`SubscribeOnceAuthorizeUrl::scene`].
    pub scene: String,
    /// At most 15 characters.
    pub title: String,
    /// What it says.
    pub data: Data,
}

/// A page of a mini program that is linked with the account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MiniProgram {
    /// The AppID of the mini program, not of the account.
    pub appid: AppId,
    /// `pages/order?id=7`, with its query.
    pub pagepath: String,
}

/// The only parameter of the templates of one-time messages.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Data {
    /// `{{content.DATA}}`
    pub content: Content,
}

/// A text and its colour.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// At most 200 characters.
    pub value: String,
    /// `#173177`; `None`: black.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
}

/// Sends a notice to which a person has agreed — 发送订阅通知. Verified service accounts.
///
/// A template of type 2 needs their consent for each notice, one of type 3 once. Whether it arrived comes later as the event
/// `subscribe_msg_sent_event`. With both `page` and `miniprogram`, a tap opens the mini program; with neither, nothing.
///
/// The page of 2026-11-22 lists `miniprogram_state` and `lang` instead of `miniprogram`: these are the parameters of mini programs.
///
/// # Errors
/// - 40003: the OpenID is not one of this account.
/// - 40037: the account has no such template; see [`GetWxaPubNewTemplate`].
/// - 43101: they have not agreed, or no consent is left.
/// - 47003: `data` does not fit the template; `errmsg` names the keyword.
/// - 41030: `page` is wrong.
/// - 40165, 40166: the page of the mini program is wrong, or its AppID is not linked with the account.
/// - 45168: a word in `data` is not allowed.
#[doc(alias = "发送订阅通知")]
#[doc(alias = "订阅通知")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SendNewSubscribeMsg {
    /// Who has agreed.
    pub touser: OpenId,
    /// [`Template::pri_tmpl_id`].
    pub template_id: String,
    /// The web page that a tap opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// The mini program that a tap opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub miniprogram: Option<MiniProgram>,
    /// What stands for the keywords: `thing1` for `{{thing1.DATA}}` in [`Template::content`].
    pub data: BTreeMap<String, Value>,
}

/// What stands for a keyword.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// A text in the form that the keyword's [`rule`](Keyword::rule) demands.
    pub value: String,
}

impl<T: Into<String>> From<T> for Value {
    fn from(value: T) -> Self {
        Self {
            value: value.into(),
        }
    }
}

/// Takes a template from the public library — 选用模板.
///
/// # Errors
/// - 200011: the account is blocked.
/// - 200012: the account has as many templates as it may have; delete one.
/// - 200013: the template is blocked.
/// - 200014: there is no such `tid`.
/// - 200020: `kid_list` has too few or too many keywords, or some that the template does not have.
/// - 200021: `scene_desc` is too long.
/// - 200022: the account has a template with the same title and keywords already.
#[doc(alias = "选用订阅通知模板")]
#[doc(alias = "选用模板")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AddWxaNewTemplate {
    /// [`TemplateTitle::tid`].
    pub tid: String,
    /// 2 to 5 of the template's [`Keyword::kid`], in the order in which they are shown.
    #[serde(rename = "kidList")]
    pub kid_list: Vec<i64>,
    /// What it is for (服务场景描述), at most 15 characters.
    #[serde(rename = "sceneDesc")]
    pub scene_desc: String,
}

/// What [`AddWxaNewTemplate`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddWxaNewTemplateResponse {
    /// For [`SendNewSubscribeMsg::template_id`].
    #[serde(rename = "priTmplId")]
    pub pri_tmpl_id: String,
}

/// Gives a template back — 删除模板.
///
/// # Errors
/// - 200014: the account has no such template.
#[doc(alias = "删除订阅通知模板")]
#[doc(alias = "删除模板")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DelWxaNewTemplate {
    /// [`Template::pri_tmpl_id`].
    #[serde(rename = "priTmplId")]
    pub pri_tmpl_id: String,
}

/// The account's categories — 获取类目. They decide which templates it may take.
#[doc(alias = "获取类目")]
#[doc(alias = "获取公众号类目")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetCategory {}

/// What [`GetCategory`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetCategoryResponse {
    /// All of them.
    pub data: Vec<Category>,
}

/// What an account does (类目).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Category {
    /// For [`GetPubNewTemplateTitles::ids`].
    pub id: i64,
    /// `点餐平台`
    pub name: String,
}

/// The keywords of a template of the public library — 获取模板中的关键词.
#[doc(alias = "获取模板中的关键词")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetPubNewTemplateKeywords {
    /// [`TemplateTitle::tid`].
    pub tid: String,
}

/// What [`GetPubNewTemplateKeywords`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetPubNewTemplateKeywordsResponse {
    /// All of them.
    pub data: Vec<Keyword>,
}

/// A keyword (关键词) of a template: one line of a notice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Keyword {
    /// For [`AddWxaNewTemplate::kid_list`].
    pub kid: i64,
    /// What stands before the value: `菜品名称`.
    pub name: String,
    /// A value.
    pub example: String,
    /// The form of the value: `thing` (at most 20 characters), `phrase` (5 Chinese ones), `number`, `date`, `amount`, …; with `kid` it
    /// is the key in [`SendNewSubscribeMsg::data`]: `thing1`.
    pub rule: String,
}

/// The templates that the public library has for some categories — 获取类目下的公共模板.
///
/// # Errors
/// - 200016, 200017: `start` or `limit` is wrong.
/// - 200018, 200019: `ids` is missing, or has a category that is not the account's.
#[doc(alias = "获取类目下的公共模板")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetPubNewTemplateTitles {
    /// [`Category::id`], several with commas between: `2,616`.
    pub ids: String,
    /// How many to leave out; 0 for the first page.
    #[serde(with = "wire::int")]
    pub start: i64,
    /// At most 30.
    #[serde(with = "wire::int")]
    pub limit: i64,
}

/// What [`GetPubNewTemplateTitles`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetPubNewTemplateTitlesResponse {
    /// A page of them.
    pub data: Vec<TemplateTitle>,
    /// How many there are on all pages.
    pub count: i64,
}

/// A template of the public library.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplateTitle {
    /// For [`AddWxaNewTemplate::tid`] and [`GetPubNewTemplateKeywords::tid`], there as a text.
    pub tid: i64,
    /// `取餐提醒`
    pub title: String,
    /// 2: a consent is good for one notice (一次性订阅); 3: for as many as are sent (长期订阅), only for public services.
    pub r#type: i64,
    /// [`Category::id`]; comes as a number, too.
    #[serde(rename = "categoryId", with = "wire::text")]
    pub category_id: String,
}

/// The templates that the account has taken — 获取已有模板列表.
#[doc(alias = "获取已有模板列表")]
#[doc(alias = "获取私有模板列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetWxaPubNewTemplate {}

/// What [`GetWxaPubNewTemplate`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetWxaPubNewTemplateResponse {
    /// All of them.
    pub data: Vec<Template>,
}

/// A template that the account has taken.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Template {
    /// For [`SendNewSubscribeMsg::template_id`].
    #[serde(rename = "priTmplId")]
    pub pri_tmpl_id: String,
    /// What stands above the notice: `取餐提醒`.
    pub title: String,
    /// Lines such as `菜品名称:{{thing1.DATA}}`: the names before `.DATA` are the keys of [`SendNewSubscribeMsg::data`].
    pub content: String,
    /// 2 for one notice, 3 for many, as in [`TemplateTitle`].
    pub r#type: i64,
    /// The content with values.
    pub example: String,
    /// The keywords that take only certain values.
    #[serde(rename = "keywordEnumValueList", skip_serializing_if = "Vec::is_empty")]
    pub keyword_enum_value_list: Vec<KeywordEnumValue>,
}

/// A keyword that takes only certain values (枚举参数).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeywordEnumValue {
    /// `enum_string2.DATA`
    #[serde(rename = "keywordCode")]
    pub keyword_code: String,
    /// The values.
    #[serde(rename = "enumValueList")]
    pub enum_value_list: Vec<String>,
}

/// The page where a person agrees to one message — 一次性订阅消息授权链接.
///
/// The address ends with `#wechat_redirect`, and is opened within WeChat. The account is verified, and the host of `redirect_url` is
/// one of its business domains (业务域名).
///
/// <https://developers.weixin.qq.com/doc/offiaccount/Message_Management/One-time_subscription_info.html>
#[doc(alias = "一次性订阅消息授权链接")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SubscribeOnceAuthorizeUrl {
    /// The account.
    pub appid: AppId,
    /// 0 to 10000, as the account likes: one message for each that is agreed to.
    pub scene: i64,
    /// The template of one-time messages; the console shows it among the rights (接口权限).
    pub template_id: String,
    /// Where the person comes back to.
    pub redirect_url: String,
    /// Comes back as it is: at most 128 letters and digits, against forged returns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserved: Option<String>,
}

impl SubscribeOnceAuthorizeUrl {
    /// The page's address.
    ///
    /// ```
    /// use echostr_protocol::api::subscribe_message::SubscribeOnceAuthorizeUrl;
    ///
    /// let page = SubscribeOnceAuthorizeUrl {
    ///     appid: "wx3aea277d7b497b65".into(),
    ///     scene: 7,
    ///     template_id: "9fT3vKx1Qw7".into(),
    ///     redirect_url: "https://example.com/?a=b".into(),
    ///     reserved: None,
    /// };
    /// assert_eq!(
    ///     page.url(),
    ///     "https://mp.weixin.qq.com/mp/subscribemsg?action=get_confirm&appid=wx3aea277d7b497b65&scene=7\
    ///      &template_id=9fT3vKx1Qw7&redirect_url=https%3A%2F%2Fexample.com%2F%3Fa%3Db#wechat_redirect"
    /// );
    /// ```
    pub fn url(&self) -> String {
        let scene = self.scene.to_string();
        let query = [
            ("action", Some("get_confirm")),
            ("appid", Some(self.appid.as_str())),
            ("scene", Some(&scene)),
            ("template_id", Some(&self.template_id)),
            ("redirect_url", Some(&self.redirect_url)),
            ("reserved", self.reserved.as_deref()),
        ];
        address(Self::ENDPOINT, &query) + "#wechat_redirect"
    }
}

/// With what a person comes back from [`SubscribeOnceAuthorizeUrl`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubscribeOnceAuthorizeUrlResponse {
    /// Only from who has agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openid: Option<OpenId>,
    /// That of the request.
    pub template_id: String,
    /// What they have tapped.
    pub action: Action,
    /// That of the request.
    pub scene: String,
    /// That of the request, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserved: Option<String>,
}

words! {
    /// What a person has tapped on the page of [`SubscribeOnceAuthorizeUrl`].
    Action {
        /// They agree: one message may be sent.
        Confirm = "confirm",
        /// They do not.
        Cancel = "cancel",
    }
}
