//! Template messages — 模板消息.
//!
//! The library is as large as one likes: a number in digits is a template of a category whose lines are the keywords that are
//! asked for; `TM…` and `OPENTM…` are templates of an industry with two keywords.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/notify/template/> (read 2026-11-22)

use std::fmt::Write as _;

use echostr_protocol::OpenId;
use echostr_protocol::api::Empty;
use echostr_protocol::api::template_message::{
    AddTemplate, AddTemplateResponse, DeleteTemplate, GetAllTemplates, GetAllTemplatesResponse,
    GetIndustry, GetIndustryResponse, Industry, QueryBlockTmplMsg, QueryBlockTmplMsgResponse,
    SendTemplateMessage, SendTemplateMessageResponse, SetIndustry, Template,
};

use super::{Call, Handlers, Refusal, notice, quota};
use crate::conversation::Bubble;
use crate::push::Push;

/// How many templates an account may have.
const MAX_TEMPLATES: usize = 25;
/// How long a number of the library may be: `OPENTM401833445`.
const MAX_SHORT_BYTES: usize = 20;
/// How many keywords a template of a category may have.
const MAX_KEYWORDS: usize = 5;
/// How long a `client_msg_id` may be. The platform names no limit.
const MAX_ID_BYTES: usize = 1024;
/// How long a `client_msg_id` gives one message only.
const SAME_MS: i64 = 10 * 60 * 1000;
/// How many of them are remembered.
const MAX_SENT: usize = 1000;
/// Above what nobody's numbers are: as long as the real ones.
const FIRST_JOB: i64 = 4_000_000_000_000_000_000;

/// The templates of an account.
#[derive(Debug, Default)]
pub(crate) struct State {
    templates: Vec<Template>,
    industries: Option<[&'static (&'static str, &'static str); 2]>,
    changed: quota::Counter,
    sent: Vec<Sent>,
}

#[derive(Debug)]
struct Sent {
    client_msg_id: String,
    to: OpenId,
    at_ms: i64,
    job: i64,
}

/// First and second class, from the number 1 on.
#[rustfmt::skip]
const INDUSTRIES: [(&str, &str); 41] = [
    ("IT科技", "互联网|电子商务"), ("IT科技", "IT软件与服务"), ("IT科技", "IT硬件与设备"), ("IT科技", "电子技术"),
    ("IT科技", "通信与运营商"), ("IT科技", "网络游戏"), ("金融业", "银行"), ("金融业", "基金|理财|信托"), ("金融业", "保险"),
    ("餐饮", "餐饮"), ("酒店旅游", "酒店"), ("酒店旅游", "旅游"), ("运输与仓储", "快递"), ("运输与仓储", "物流"),
    ("运输与仓储", "仓储"), ("教育", "培训"), ("教育", "院校"), ("政府与公共事业", "学术科研"), ("政府与公共事业", "交警"),
    ("政府与公共事业", "博物馆"), ("政府与公共事业", "公共事业|非盈利机构"), ("医药护理", "医药医疗"), ("医药护理", "护理美容"),
    ("医药护理", "保健与卫生"), ("交通工具", "汽车相关"), ("交通工具", "摩托车相关"), ("交通工具", "火车相关"),
    ("交通工具", "飞机相关"), ("房地产", "建筑"), ("房地产", "物业"), ("消费品", "消费品"), ("商业服务", "法律"),
    ("商业服务", "会展"), ("商业服务", "中介服务"), ("商业服务", "认证"), ("商业服务", "审计"), ("文体娱乐", "传媒"),
    ("文体娱乐", "体育"), ("文体娱乐", "娱乐休闲"), ("印刷", "印刷"), ("其它", "其它"),
];

pub(super) fn handlers(on: &mut Handlers) {
    on.on(send_template_message);
    on.on(set_industry);
    on.on(get_industry);
    on.on(add_template);
    on.on(get_all_templates);
    on.on(delete_template);
    // Nothing is ever stopped for its content here.
    on.on(|_, _: QueryBlockTmplMsg| Ok(QueryBlockTmplMsgResponse::default()));
}

fn send_template_message(
    call: &mut Call<'_>,
    request: SendTemplateMessage,
) -> Result<SendTemplateMessageResponse, Refusal> {
    let to = request.touser;
    let follower = call.account.follower(to.as_str());
    let follower = follower.ok_or_else(|| Refusal::code(40003))?;
    if follower.subscribed_at.is_none() {
        return Err(Refusal::code(43004));
    }
    let client_msg_id = request.client_msg_id.as_deref().unwrap_or_default();
    if client_msg_id.len() > MAX_ID_BYTES {
        return Err(Refusal::code(40035));
    }
    let is_blocked = follower.blocked_at.is_some();
    let templates = call.account.state.template_message.templates.iter();
    let template = templates
        .clone()
        .find(|template| template.template_id == request.template_id)
        .ok_or_else(|| Refusal::code(40037))?;
    let value = |name: &str| request.data.get(name).map(|value| value.value.as_str());
    let fields = notice::lines(&template.content, value)?;
    let title = template.title.clone();
    if let Some(job) = sent_before(call, request.client_msg_id.as_deref(), &to) {
        return Ok(SendTemplateMessageResponse { msgid: job });
    }
    let job = job(call);
    remember(call, request.client_msg_id, &to, job);
    let status = if is_blocked {
        "failed:user block"
    } else {
        "success"
    };
    if !is_blocked {
        let url = request.url.unwrap_or_default();
        call.show(&to, Bubble::Notice { title, fields, url });
    }
    call.push(Push::template_sent(job.unsigned_abs(), status).by(to));
    Ok(SendTemplateMessageResponse { msgid: job })
}

/// A new number of a message or job.
pub(super) fn job(call: &mut Call<'_>) -> i64 {
    FIRST_JOB + i64::try_from(call.next_id()).unwrap_or_default()
}

/// The message that the follower got with this id.
fn sent_before(call: &Call<'_>, client_msg_id: Option<&str>, to: &OpenId) -> Option<i64> {
    let client_msg_id = client_msg_id?;
    let sent = call.account.state.template_message.sent.iter();
    let same = |sent: &&Sent| {
        sent.client_msg_id == client_msg_id && sent.to == *to && sent.at_ms + SAME_MS > call.now_ms
    };
    sent.rev().find(same).map(|sent| sent.job)
}

fn remember(call: &mut Call<'_>, client_msg_id: Option<String>, to: &OpenId, job: i64) {
    let Some(client_msg_id) = client_msg_id else {
        return;
    };
    let sent = &mut call.account.state.template_message.sent;
    sent.push(Sent {
        client_msg_id,
        to: to.clone(),
        at_ms: call.now_ms,
        job,
    });
    let n_surplus = sent.len().saturating_sub(MAX_SENT);
    sent.drain(..n_surplus);
}

/// Once a month; the templates of an industry that is left are gone.
fn set_industry(call: &mut Call<'_>, request: SetIndustry) -> Result<Empty, Refusal> {
    let industry = |id: &str| {
        let place = id.parse::<usize>().ok().and_then(|id| id.checked_sub(1));
        let industry = place.and_then(|place| INDUSTRIES.get(place));
        industry.ok_or_else(|| Refusal::code(40102))
    };
    let chosen = [
        industry(&request.industry_id1)?,
        industry(&request.industry_id2)?,
    ];
    let state = &mut call.account.state.template_message;
    if !state.changed.count_in(quota::month(call.now_ms), 1) {
        return Err(Refusal::code(43100));
    }
    state.industries = Some(chosen);
    state.templates.retain(|template| {
        let of = (
            template.primary_industry.as_str(),
            template.deputy_industry.as_str(),
        );
        of.0.is_empty() || chosen.iter().any(|industry| **industry == of)
    });
    Ok(Empty {})
}

fn get_industry(call: &mut Call<'_>, _: GetIndustry) -> Result<GetIndustryResponse, Refusal> {
    let named = |industry: &(&str, &str)| Industry {
        first_class: industry.0.into(),
        second_class: industry.1.into(),
    };
    let industries = call.account.state.template_message.industries;
    Ok(
        industries.map_or_else(Default::default, |[first, second]| GetIndustryResponse {
            primary_industry: named(first),
            secondary_industry: named(second),
        }),
    )
}

fn add_template(call: &mut Call<'_>, request: AddTemplate) -> Result<AddTemplateResponse, Refusal> {
    let state = &mut call.account.state.template_message;
    if state.templates.len() >= MAX_TEMPLATES {
        return Err(Refusal::code(45026));
    }
    let short = &request.template_id_short;
    if short.len() > MAX_SHORT_BYTES {
        return Err(Refusal::code(40246));
    }
    let is_of_category = !short.is_empty() && short.bytes().all(|byte| byte.is_ascii_digit());
    let digits = short
        .strip_prefix("OPENTM")
        .or_else(|| short.strip_prefix("TM"));
    let mut template = Template {
        template_id: notice::template_id(),
        title: format!("模板 {short}"),
        ..Default::default()
    };
    let keywords = match (is_of_category, digits) {
        (true, _) if are_keywords(&request.keyword_name_list) => request.keyword_name_list,
        (false, Some(digits)) if !digits.is_empty() => {
            let (first, second) = state.industries.map_or(("其它", "其它"), |[of, _]| *of);
            template.primary_industry = first.into();
            template.deputy_industry = second.into();
            vec!["内容".into(), "时间".into()]
        }
        _ => return Err(Refusal::code(40246)),
    };
    for (n, keyword) in (1..).zip(&keywords) {
        let form = if is_of_category {
            notice::form(keyword)
        } else {
            "keyword"
        };
        let _ = writeln!(template.content, "{keyword}：{{{{{form}{n}.DATA}}}}");
        let _ = writeln!(template.example, "{keyword}：示例");
    }
    let template_id = template.template_id.clone();
    state.templates.push(template);
    Ok(AddTemplateResponse { template_id })
}

/// Whether the library could have them.
fn are_keywords(keywords: &[String]) -> bool {
    let is_keyword = |keyword: &String| (1..=20).contains(&keyword.chars().count());
    (1..=MAX_KEYWORDS).contains(&keywords.len()) && keywords.iter().all(is_keyword)
}

fn get_all_templates(
    call: &mut Call<'_>,
    _: GetAllTemplates,
) -> Result<GetAllTemplatesResponse, Refusal> {
    Ok(GetAllTemplatesResponse {
        template_list: call.account.state.template_message.templates.clone(),
    })
}

fn delete_template(call: &mut Call<'_>, request: DeleteTemplate) -> Result<Empty, Refusal> {
    let templates = &mut call.account.state.template_message.templates;
    let n_before = templates.len();
    templates.retain(|template| template.template_id != request.template_id);
    if templates.len() < n_before {
        Ok(Empty {})
    } else {
        Err(Refusal::code(40037))
    }
}
