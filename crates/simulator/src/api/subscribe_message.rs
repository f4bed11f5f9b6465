//! Subscription notices — 订阅通知, and one-time subscription messages — 一次性订阅消息.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/notify/> (read 2026-11-22)

use std::collections::BTreeMap;
use std::fmt::Write as _;

use echostr_protocol::api::Empty;
use echostr_protocol::api::subscribe_message::{
    AddWxaNewTemplate, AddWxaNewTemplateResponse, Category, DelWxaNewTemplate, GetCategory,
    GetCategoryResponse, GetPubNewTemplateKeywords, GetPubNewTemplateKeywordsResponse,
    GetPubNewTemplateTitles, GetPubNewTemplateTitlesResponse, GetWxaPubNewTemplate,
    GetWxaPubNewTemplateResponse, Keyword, SendNewSubscribeMsg, SubscribeOnceAuthorizeUrl,
    Template, TemplateSubscribe, TemplateTitle,
};
use echostr_protocol::{AppId, OpenId};
use reqwest::Url;

use super::page::{failure, question};
use super::{Call, Handlers, Output, Refusal, notice, template_message};
use crate::conversation::Bubble;
use crate::push::{Push, Xml};
use crate::simulator::{Change, NotThere, Sent, Simulator};

/// How many templates an account may have.
const MAX_TEMPLATES: usize = 25;
/// How many consents to one message are remembered.
const MAX_ONCE: usize = 1000;
/// The only category of an account here.
const CATEGORY: (i64, &str) = (616, "点餐平台");
/// A consent to a template of this type is good for one notice.
const ONCE: i64 = 2;

/// A template of the public library: number, title, type, and its keywords with number, form and an example.
type Public = (
    i64,
    &'static str,
    i64,
    &'static [(i64, &'static str, &'static str, &'static str)],
);

/// The public library.
#[rustfmt::skip]
const LIBRARY: &[Public] = &[
    (401, "取餐提醒", ONCE, &[
        (1, "菜品名称", "thing", "招牌烤鱼"), (2, "取餐号", "character_string", "A017"), (3, "订单状态", "phrase", "已取餐"),
        (4, "取餐时间", "time", "2026年11月22日 18:30"), (5, "温馨提示", "thing", "请尽快取餐"),
    ]),
    (402, "预约成功通知", ONCE, &[
        (1, "预约项目", "thing", "靠窗四人桌"), (2, "预约时间", "time", "2026年11月22日 18:30"), (3, "预约人数", "number", "4"),
    ]),
    (403, "开门提醒", 3, &[
        (1, "开门时间", "time", "2026年11月22日 10:00"), (2, "门店名称", "thing", "雯子的店"),
    ]),
];

/// Templates and consents of an account.
#[derive(Debug, Default)]
pub(crate) struct State {
    templates: Vec<Template>,
    /// By person and template: how many notices may still be sent; nothing: as many as one likes.
    consents: BTreeMap<(OpenIdText, String), Option<u32>>,
    /// By person, template and scene, those who have agreed to one message.
    once: Vec<(OpenIdText, String, String)>,
}

type OpenIdText = String;

impl State {
    fn template(&self, id: &str) -> Option<&Template> {
        self.templates
            .iter()
            .find(|template| template.pri_tmpl_id == id)
    }
}

/// What a person answers when they are asked whether they want notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// `priTmplId` of the template.
    pub template_id: String,
    /// Whether they want them.
    pub is_given: bool,
}

/// Where a person is asked, as `PopupScene` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// On a web page.
    Page,
    /// In an article.
    Article,
    /// Nowhere: they take back what they agreed to, among the settings of the account.
    Settings,
}

impl Simulator {
    /// A person answers whether they want notices: it is kept for the templates that the account has, and pushed. Nothing is
    /// pushed when the account has no server.
    ///
    /// It has to be called within a runtime.
    ///
    /// # Errors
    /// There is no such account or follower.
    pub fn consent(
        &self,
        app_id: &AppId,
        open_id: &OpenId,
        asked: Asked,
        consents: &[Consent],
    ) -> Result<Option<Sent>, NotThere> {
        let mut world = self.world();
        let account = world
            .account_mut(app_id.as_str())
            .ok_or_else(|| NotThere::Account(app_id.to_string()))?;
        if account.follower(open_id.as_str()).is_none() {
            return Err(NotThere::Follower(open_id.to_string()));
        }
        let state = &mut account.state.subscribe_message;
        for consent in consents {
            let Some(template) = state.template(&consent.template_id) else {
                continue;
            };
            let is_once = template.r#type == ONCE;
            let key = (open_id.to_string(), consent.template_id.clone());
            match (consent.is_given, is_once) {
                (false, _) => drop(state.consents.remove(&key)),
                (true, false) => drop(state.consents.insert(key, None)),
                (true, true) => {
                    let left = state.consents.entry(key).or_insert(Some(0));
                    *left = left.map(|left| left.saturating_add(1));
                }
            }
        }
        drop(world);
        self.changed(Change::Account(app_id.clone()));
        let push = event(asked, consents).by(open_id.clone());
        Ok(self.push(app_id, &push, false))
    }
}

fn event(asked: Asked, consents: &[Consent]) -> Push {
    let (name, wrapper) = match asked {
        Asked::Settings => ("subscribe_msg_change_event", "SubscribeMsgChangeEvent"),
        Asked::Page | Asked::Article => ("subscribe_msg_popup_event", "SubscribeMsgPopupEvent"),
    };
    let scene = match asked {
        Asked::Page => Some(1),
        Asked::Article => Some(2),
        Asked::Settings => None,
    };
    let entries = consents.iter().map(|consent| {
        let status = if consent.is_given { "accept" } else { "reject" };
        let fields = [
            Xml::text("TemplateId", &consent.template_id),
            Xml::text("SubscribeStatusString", status),
        ];
        let scene = scene.map(|scene: u8| Xml::number("PopupScene", scene));
        Xml::group("List", fields.into_iter().chain(scene))
    });
    Push::event(name, [Xml::group(wrapper, entries)])
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on(send_new_subscribe_msg);
    on.on(add_template);
    on.on(del_template);
    on.on(get_category);
    on.on(get_keywords);
    on.on(get_titles);
    on.on(get_templates);
    on.on_raw(ask_once);
    on.on(template_subscribe);
}

fn send_new_subscribe_msg(
    call: &mut Call<'_>,
    request: SendNewSubscribeMsg,
) -> Result<Empty, Refusal> {
    let to = request.touser;
    if call.account.follower(to.as_str()).is_none() {
        return Err(Refusal::code(40003));
    }
    let state = &mut call.account.state.subscribe_message;
    let template = state.template(&request.template_id);
    let template = template.ok_or_else(|| Refusal::code(40037))?.clone();
    let value = |name: &str| request.data.get(name).map(|value| value.value.as_str());
    let fields = notice::lines(&template.content, value)?;
    let consent = state
        .consents
        .get_mut(&(to.to_string(), request.template_id.clone()));
    match consent {
        None | Some(Some(0)) => return Err(Refusal::code(43101)),
        Some(None) => {}
        Some(Some(left)) => *left -= 1,
    }
    let job = template_message::job(call);
    let url = request.page.unwrap_or_default();
    let title = template.title;
    call.show(&to, Bubble::Notice { title, fields, url });
    let sent = Xml::group(
        "List",
        [
            Xml::text("TemplateId", &request.template_id),
            Xml::number("MsgID", job),
            Xml::number("ErrorCode", 0),
            Xml::text("ErrorStatus", "success"),
        ],
    );
    let event = Xml::group("SubscribeMsgSentEvent", [sent]);
    call.push(Push::event("subscribe_msg_sent_event", [event]).by(to));
    Ok(Empty {})
}

fn public(tid: &str) -> Result<&'static Public, Refusal> {
    let tid = tid.parse::<i64>();
    let mut library = LIBRARY.iter();
    let public = library.find(|(number, ..)| tid.as_ref() == Ok(number));
    public.ok_or_else(|| Refusal::code(200_014))
}

fn add_template(
    call: &mut Call<'_>,
    request: AddWxaNewTemplate,
) -> Result<AddWxaNewTemplateResponse, Refusal> {
    let (_, title, r#type, keywords) = public(&request.tid)?;
    if !(2..=5).contains(&request.kid_list.len()) {
        return Err(Refusal::code(200_020));
    }
    if request.scene_desc.chars().count() > 15 {
        return Err(Refusal::code(200_021));
    }
    let mut template = Template {
        pri_tmpl_id: notice::template_id(),
        title: (*title).into(),
        r#type: *r#type,
        ..Default::default()
    };
    for kid in &request.kid_list {
        let keyword = keywords.iter().find(|(number, ..)| number == kid);
        let (_, name, form, example) = keyword.ok_or_else(|| Refusal::code(200_020))?;
        let _ = writeln!(template.content, "{name}:{{{{{form}{kid}.DATA}}}}");
        let _ = writeln!(template.example, "{name}:{example}");
    }
    let templates = &mut call.account.state.subscribe_message.templates;
    let same = |other: &Template| other.title == *title && other.content == template.content;
    if templates.iter().any(same) {
        return Err(Refusal::code(200_022));
    }
    if templates.len() >= MAX_TEMPLATES {
        return Err(Refusal::code(200_012));
    }
    let pri_tmpl_id = template.pri_tmpl_id.clone();
    templates.push(template);
    Ok(AddWxaNewTemplateResponse { pri_tmpl_id })
}

fn del_template(call: &mut Call<'_>, request: DelWxaNewTemplate) -> Result<Empty, Refusal> {
    let state = &mut call.account.state.subscribe_message;
    if state.template(&request.pri_tmpl_id).is_none() {
        return Err(Refusal::code(200_014));
    }
    state
        .templates
        .retain(|template| template.pri_tmpl_id != request.pri_tmpl_id);
    state
        .consents
        .retain(|(_, template), _| *template != request.pri_tmpl_id);
    Ok(Empty {})
}

fn get_category(_: &mut Call<'_>, _: GetCategory) -> Result<GetCategoryResponse, Refusal> {
    let (id, name) = CATEGORY;
    let name = name.into();
    Ok(GetCategoryResponse {
        data: vec![Category { id, name }],
    })
}

fn get_keywords(
    _: &mut Call<'_>,
    request: GetPubNewTemplateKeywords,
) -> Result<GetPubNewTemplateKeywordsResponse, Refusal> {
    let (_, _, _, keywords) = public(&request.tid)?;
    let data = keywords.iter().map(|(kid, name, rule, example)| Keyword {
        kid: *kid,
        name: (*name).into(),
        example: (*example).into(),
        rule: (*rule).into(),
    });
    Ok(GetPubNewTemplateKeywordsResponse {
        data: data.collect(),
    })
}

fn get_titles(
    _: &mut Call<'_>,
    request: GetPubNewTemplateTitles,
) -> Result<GetPubNewTemplateTitlesResponse, Refusal> {
    let start = usize::try_from(request.start).map_err(|_| Refusal::code(200_016))?;
    let limit = usize::try_from(request.limit)
        .ok()
        .filter(|limit| (1..=30).contains(limit));
    let limit = limit.ok_or_else(|| Refusal::code(200_017))?;
    if request.ids.is_empty() {
        return Err(Refusal::code(200_018));
    }
    let own = CATEGORY.0.to_string();
    if !request.ids.split(',').any(|id| id.trim() == own) {
        return Err(Refusal::code(200_019));
    }
    let page = LIBRARY.iter().skip(start).take(limit);
    let data = page.map(|(tid, title, r#type, _)| TemplateTitle {
        tid: *tid,
        title: (*title).into(),
        r#type: *r#type,
        category_id: own.clone(),
    });
    Ok(GetPubNewTemplateTitlesResponse {
        data: data.collect(),
        count: i64::try_from(LIBRARY.len()).unwrap_or(i64::MAX),
    })
}

fn get_templates(
    call: &mut Call<'_>,
    _: GetWxaPubNewTemplate,
) -> Result<GetWxaPubNewTemplateResponse, Refusal> {
    Ok(GetWxaPubNewTemplateResponse {
        data: call.account.state.subscribe_message.templates.clone(),
    })
}

/// The page where a person agrees to one message.
fn ask_once(call: &mut Call<'_>, request: SubscribeOnceAuthorizeUrl) -> Result<Output, Refusal> {
    let back = Url::parse(&request.redirect_url).ok();
    let Some(mut back) = back.filter(|url| matches!(url.scheme(), "http" | "https")) else {
        return Ok(failure("redirect_url 参数错误"));
    };
    let named = call.query.get("follower").map_or("", String::as_str);
    let agreed = call.query.get("agreed").map(|agreed| agreed == "1");
    let (Some(person), Some(agreed)) = (call.account.follower(named), agreed) else {
        let people: Vec<_> = call.account.followers.iter().collect();
        let asked = format!("{} 申请向你发送一条消息", call.account.settings.name);
        return Ok(if people.is_empty() {
            failure(
                "没有用户：先在手机上添加一个 · there is nobody: add somebody on the phone first",
            )
        } else {
            question(call, "一次性订阅消息 · One message", &asked, &people)
        });
    };
    let open_id = person.open_id.to_string();
    let scene = request.scene.to_string();
    let mut query = back.query_pairs_mut();
    if agreed {
        query.append_pair("openid", &open_id);
    }
    query
        .append_pair("template_id", &request.template_id)
        .append_pair("action", if agreed { "confirm" } else { "cancel" })
        .append_pair("scene", &scene);
    if let Some(reserved) = &request.reserved {
        query.append_pair("reserved", reserved);
    }
    drop(query);
    let consent = (open_id, request.template_id, scene);
    let once = &mut call.account.state.subscribe_message.once;
    // Agreeing twice gives one message.
    if agreed && !once.contains(&consent) {
        once.push(consent);
        let n_surplus = once.len().saturating_sub(MAX_ONCE);
        once.drain(..n_surplus);
    }
    Ok(Output::Redirect(back.into()))
}

fn template_subscribe(call: &mut Call<'_>, request: TemplateSubscribe) -> Result<Empty, Refusal> {
    let misfit = |what: &str| Refusal::new(47003, format!("argument invalid! {what}"));
    if request.title.is_empty() || request.title.chars().count() > 15 {
        return Err(misfit("title invalid"));
    }
    let content = request.data.content.value;
    if content.is_empty() || content.chars().count() > 200 {
        return Err(misfit("data.content.value invalid"));
    }
    let to = request.touser;
    let consent = (to.to_string(), request.template_id, request.scene);
    let once = &mut call.account.state.subscribe_message.once;
    let place = once.iter().position(|agreed| *agreed == consent);
    once.remove(place.ok_or_else(|| Refusal::code(43101))?);
    let bubble = Bubble::Notice {
        title: request.title,
        fields: vec![(String::new(), content)],
        url: request.url.unwrap_or_default(),
    };
    call.show(&to, bubble);
    Ok(Empty {})
}
