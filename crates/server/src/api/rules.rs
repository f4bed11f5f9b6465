//! Rules — 规则: listing, making, changing, removing and trying them out, and taking over those of the platform's website.

mod shape;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse as _, Response};
use echostr::{LocalTime, day_of, fault_of_kind};
use echostr_store::RuleNotChanged;
use serde_json::Map;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::PREFIX;
use super::authority::Caller;
use super::given::{Asked, Given, Object, Query, Segment, shown};
use super::problem::{Away, Code, Conflict, NotFound, Problem, Refusal, Unreached};
use crate::office::{AskingPlace, Office, RulesWanted, Situation};
use shape::{
    ImportedRules, NewRule, Rule, RuleChange, Rules, Verdict, imported_rules, rule, verdict,
};

pub(super) fn routes() -> OpenApiRouter<Office> {
    OpenApiRouter::new()
        .routes(routes!(list_rules, create_rule))
        .routes(routes!(try_rules))
        .routes(routes!(get_rule, change_rule, remove_rule))
        .routes(routes!(import_rules))
}

/// Which rules.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes; `list_rules` reads")]
struct Which {
    /// 这个公众号的，和所有公众号的 · of this account, and those for all.
    #[param(min_length = 1, max_length = 32)]
    account: Option<String>,
    /// 名字、条件或回复里有这几个字 · this stands in its name, its conditions or its reply.
    #[param(min_length = 1, max_length = 200)]
    q: Option<String>,
    /// 一页最多多少条 · how many on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// 上一页的 `next` · the `next` of the page before.
    #[param(min_length = 1, max_length = 80)]
    after: Option<String>,
}

/// 一条没有人发过的消息：写 `text`，或者 `kind`、`event`、`key`、`scene` · a message that nobody has written: `text`, or `kind`, `event`,
/// `key`, `scene`.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "account": "wenzi", "text": "多少钱？" }))]
#[expect(dead_code, reason = "it describes; `try_rules` reads")]
struct Question {
    #[schema(min_length = 1, max_length = 32)]
    account: String,
    /// 写的文字，或语音识别出的文字（`kind` 是 `voice`） · what is written, or what a voice says (`kind` is `voice`).
    #[schema(min_length = 1, max_length = 4096)]
    text: Option<String>,
    /// `text`、`image`、`event.subscribe` ……
    #[schema(min_length = 1, max_length = 64)]
    kind: Option<String>,
    /// `"subscribe"` 就是 `kind` 写 `event.subscribe` · `"subscribe"` is `event.subscribe` as `kind`.
    #[schema(min_length = 1, max_length = 64)]
    event: Option<String>,
    /// 点了这个菜单 · this menu entry is tapped.
    #[schema(min_length = 1, max_length = 1024)]
    key: Option<String>,
    /// 扫了这个场景值的二维码；`event` 是 `subscribe` 时是扫码关注 · this QR code is scanned; with `subscribe` as `event`, to follow.
    #[schema(min_length = 1, max_length = 128)]
    scene: Option<String>,
    /// 谁发的：他以前的消息也算数 · who writes: what is known of this follower counts.
    #[schema(min_length = 1, max_length = 128)]
    follower: Option<String>,
    /// 什么时候，公众号的时区；默认现在 · when, in the account's time zone; by default now.
    #[schema(
        pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}$",
        example = "2026-12-01 20:15"
    )]
    at: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes; `import_rules` reads")]
struct ImportQuery {
    /// 只看会改什么 · whether only to say what would change.
    #[param(default = false)]
    dry_run: Option<bool>,
}

/// 列出规则 · lists rules, in the order in which they are asked.
#[utoipa::path(
    get, path = "/rules", tag = "rules", params(Which), security(("key" = ["rules:read"])),
    responses((status = 200, description = "一页规则 · a page of rules", body = Rules), Away)
)]
async fn list_rules(
    State(office): State<Office>,
    Query(mut query): Query,
) -> Result<Json<Rules>, Problem> {
    let limit = query.limit() as usize;
    let account = query.text("account", 1..=32);
    let text = query.text("q", 1..=200);
    let after = query.text("after", 1..=80);
    let place = after.as_deref().and_then(AskingPlace::read);
    if after.is_some() && place.is_none() {
        query.fault(
            "after",
            "is not the `next` of a page; leave it out to begin with the first",
        );
    }
    query.finish()?;
    let wanted = RulesWanted {
        account,
        text,
        after: place,
        limit: limit + 1,
    };
    let found = office.rules(wanted).await;
    let mut page = found.map_err(|refused| Problem::of(refused, Code::UnknownRule, ""))?;
    let has_more = page.len() > limit;
    page.truncate(limit);
    let last = page.last().filter(|_| has_more);
    Ok(Json(Rules {
        next: last.map(|entry| AskingPlace::of(&entry.rule).text()),
        items: page.iter().map(|entry| rule(entry)).collect(),
    }))
}

/// 添加规则，立即生效 · adds a rule; it answers at once.
#[utoipa::path(
    post, path = "/rules", tag = "rules", security(("key" = ["rules:write"])),
    request_body = NewRule,
    responses(
        (status = 201, description = "已添加 · it is there, and answers", body = Rule,
            headers(("Location" = String, description = "它的地址 · its address"))),
        Conflict, Away
    )
)]
async fn create_rule(
    State(office): State<Office>,
    caller: Caller,
    Object(given): Object,
) -> Result<Response, Problem> {
    let made = office.create_rule(&caller.actor, given).await;
    let made = made.map_err(|refused| Problem::of(refused, Code::UnknownRule, ""))?;
    let location = format!("{PREFIX}/rules/{}", made.rule.id);
    let body = Json(rule(&made));
    Ok((StatusCode::CREATED, [(LOCATION, location)], body).into_response())
}

/// 查看一条规则 · one rule.
#[utoipa::path(
    get, path = "/rules/{id}", tag = "rules", security(("key" = ["rules:read"])),
    params(("id" = String, Path, description = "规则的 id · the rule's id", example = "price")),
    responses((status = 200, description = "规则 · the rule", body = Rule), NotFound)
)]
async fn get_rule(
    State(office): State<Office>,
    Segment(id): Segment,
) -> Result<Json<Rule>, Problem> {
    let entry = office.rule(&id);
    let entry = entry.ok_or_else(|| Problem::unknown(Code::UnknownRule, &id))?;
    Ok(Json(rule(&entry)))
}

/// 修改一条规则，立即生效 · changes a rule, at once.
#[utoipa::path(
    patch, path = "/rules/{id}", tag = "rules", security(("key" = ["rules:write"])),
    params(("id" = String, Path, description = "规则的 id · the rule's id", example = "price")),
    request_body(content((RuleChange = "application/json"), (RuleChange = "application/merge-patch+json"))),
    responses(
        (status = 200, description = "修改后的规则 · the rule after the change", body = Rule),
        NotFound, Conflict, Away
    )
)]
async fn change_rule(
    State(office): State<Office>,
    Segment(id): Segment,
    caller: Caller,
    Object(mut given): Object,
) -> Result<Json<Rule>, Problem> {
    let seen = given.remove_entry("updated_at_ms");
    let mut seen = Given::of_body(Map::from_iter(seen));
    let expected = seen.integer("updated_at_ms", 0..=i64::MAX);
    seen.finish()?;
    let changed = office
        .change_rule(&caller.actor, &id, &given, expected)
        .await;
    let entry = changed.map_err(|refused| Problem::of(refused, Code::UnknownRule, &id))?;
    Ok(Json(rule(&entry)))
}

/// 删除一条规则，立即生效 · removes a rule, at once.
#[utoipa::path(
    delete, path = "/rules/{id}", tag = "rules", security(("key" = ["rules:write"])),
    params(("id" = String, Path, description = "规则的 id · the rule's id", example = "price")),
    responses((status = 204, description = "已删除 · it is gone"), NotFound, Away)
)]
async fn remove_rule(
    State(office): State<Office>,
    Segment(id): Segment,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    let removed = office.remove_rule(&caller.actor, &id).await;
    removed.map_err(|refused| Problem::of(refused, Code::UnknownRule, &id))?;
    Ok(StatusCode::NO_CONTENT)
}

/// 试一试：这条消息会由哪条规则回答，为什么 · tries the rules out: which one answers a message, and why the others do not.
///
/// 什么也不会发出，也不计数 · nothing is sent, and nothing is counted.
#[utoipa::path(
    post, path = "/rules/test", tag = "rules", security(("key" = ["rules:read"])),
    request_body = Question,
    responses(
        (status = 200, description = "会怎么回答 · what would be answered", body = Verdict),
        NotFound, Conflict
    )
)]
async fn try_rules(
    State(office): State<Office>,
    Object(given): Object,
) -> Result<Json<Verdict>, Problem> {
    let situation = situation(Given::of_body(given))?;
    let tried = office.try_rules(&situation).await;
    let tried =
        tried.map_err(|refused| Problem::of(refused, Code::UnknownAccount, &situation.account))?;
    Ok(Json(verdict(&office, tried)))
}

/// 把公众平台网页上的自动回复变成规则 · makes rules of the replies that were set up on the platform's website.
///
/// 重复导入会更新，不会重复；网页上做的菜单要重新建，回答里有它的写法。
/// Importing again changes what was imported before. A menu that was made on the website has to be made anew: the answer has it.
#[utoipa::path(
    post, path = "/accounts/{id}/import", tag = "rules", security(("key" = ["rules:write"])),
    params(("id" = String, Path, description = "公众号的 id · the account's id", example = "wenzi"), ImportQuery),
    responses(
        (status = 200, description = "导入了什么 · what was imported, or would be", body = ImportedRules),
        NotFound, Conflict, Refusal, Unreached, Away
    )
)]
async fn import_rules(
    State(office): State<Office>,
    Asked(id, mut query): Asked,
    caller: Caller,
) -> Result<Json<ImportedRules>, Problem> {
    let dry_run = query.flag("dry_run").unwrap_or_default();
    query.finish()?;
    let imported = office.import(&caller.actor, &id, dry_run).await;
    let imported = imported.map_err(|not_done| super::platform::problem(not_done, &id))?;
    Ok(Json(imported_rules(imported, !dry_run)))
}

/// What is to be tried out.
fn situation(mut given: Given) -> Result<Situation, Problem> {
    let account = given.text("account", 1..=32);
    let text = given.text("text", 1..=4096);
    let kind = given.text("kind", 1..=64);
    let event = given.text("event", 1..=64);
    let key = given.text("key", 1..=1024);
    let scene = given.text("scene", 1..=128);
    let follower = given.text("follower", 1..=128);
    let at = given.text("at", 1..=64);
    if account.is_none() {
        given.missing("account", "write the account's id");
    }
    if kind.is_some() && event.is_some() {
        given.fault("event", "stands beside `kind`; keep one of them");
    }
    let field = if kind.is_some() { "kind" } else { "event" };
    let kind = kind.or_else(|| event.map(|event| format!("event.{event}")));
    if let Some(text) = kind.as_deref().and_then(fault_of_kind) {
        given.fault(field, &text);
    }
    if let Some(kind @ ("message" | "event")) = kind.as_deref() {
        let text =
            format!("is `{kind}`, which is many; write one, like `text` or `event.subscribe`");
        given.fault("kind", &text);
    }
    let kind = match (kind, &text, &key, &scene) {
        (Some(kind), ..) => kind.to_lowercase(),
        (None, Some(_), ..) => "text".into(),
        (None, None, Some(_), _) => "event.click".into(),
        (None, None, None, Some(_)) => "event.scan".into(),
        (None, None, None, None) => {
            given.missing("text", "write `text`, `kind`, `event`, `key` or `scene`");
            String::new()
        }
    };
    let time = at.as_deref().and_then(local_time);
    if let (Some(at), None) = (&at, time) {
        let text = format!(
            "is `{}`, a time like `2026-12-01 20:15` is needed",
            shown(at)
        );
        given.fault("at", &text);
    }
    given.finish()?;
    Ok(Situation {
        account: account.unwrap_or_default(),
        kind,
        text,
        key,
        scene,
        follower,
        at: time,
    })
}

/// `2026-12-01 20:15`
fn local_time(text: &str) -> Option<LocalTime> {
    let (date, time) = text.split_once([' ', 'T'])?;
    let (hour, minute) = time.split_once(':')?;
    let number = |part: &str, below: u16| -> Option<u16> {
        let is_number = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        let number = part.parse::<u16>().ok().filter(|_| is_number)?;
        (number < below).then_some(number)
    };
    Some(LocalTime {
        day: day_of(date)?,
        minute: number(hour, 24)? * 60 + number(minute, 60)?,
    })
}

/// Why a rule cannot be changed.
pub(super) fn code(why: &RuleNotChanged) -> Code {
    match why {
        RuleNotChanged::Unknown(_) => Code::UnknownRule,
        RuleNotChanged::Exists(_) => Code::RuleExists,
        RuleNotChanged::UnknownAccount(_) => Code::UnknownAccount,
        RuleNotChanged::Moved(_) => Code::RuleChanged,
        RuleNotChanged::TooMuch(_) => Code::TooManyRules,
        _ => Code::DatabaseAway,
    }
}
