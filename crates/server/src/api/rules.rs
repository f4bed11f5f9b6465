//! Rules — 规则: listing, making, changing, removing and trying them out, and taking over those of the platform's website.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse as _, Response};
use echostr::{LocalTime, RuleReply, day_of, fault_of_kind};
use echostr_store::{RuleEntry, RuleNotChanged};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::PREFIX;
use super::authority::Caller;
use super::given::{Asked, Given, Object, Query, Segment, shown};
use super::problem::{Away, Code, Conflict, NotFound, Problem, Refusal, Unreached};
use crate::office::{Action, AskingPlace, Imported, Office, RulesWanted, Situation, Tried};

pub(super) fn routes() -> OpenApiRouter<Office> {
    OpenApiRouter::new()
        .routes(routes!(list_rules, create_rule))
        .routes(routes!(try_rules))
        .routes(routes!(get_rule, change_rule, remove_rule))
        .routes(routes!(import_rules))
}

/// 一条规则 · a rule.
#[derive(Serialize, ToSchema)]
pub(super) struct Rule {
    #[schema(pattern = "^[a-z0-9_-]{1,64}$", example = "price")]
    id: String,
    /// 哪个公众号的；`null` 是所有的 · of which account; `null`: for all.
    #[schema(example = "wenzi")]
    account: Option<String>,
    /// 给人看的名字 · for people.
    name: String,
    /// 大的先问 · higher ones are asked first.
    priority: i32,
    enabled: bool,
    /// 回答过同一个人以后，多少秒内不再回答 · for so many seconds it does not answer the same follower again.
    cool_down_secs: u64,
    #[schema(value_type = When)]
    when: Value,
    #[schema(value_type = Reply)]
    reply: Value,
    /// 只有 `relay` 才有 · of a `relay` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    secrets: Option<Secrets>,
    /// 回答过多少次，最多晚半分钟 · how often it has answered; behind by up to half a minute.
    hits: u64,
    last_hit_at_ms: Option<i64>,
    /// 为什么不起作用：读不出来 · why it answers nothing: it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    fault: Option<String>,
    created_at_ms: i64,
    updated_at_ms: i64,
}

/// 转发要用的密钥，内容不会显示 · the secrets of a relay, which are not shown.
#[derive(Serialize, ToSchema)]
#[schema(as = RuleSecrets)]
struct Secrets {
    token: IsSet,
    encoding_aes_key: IsSet,
}

/// 一个密钥 · a secret.
#[derive(Serialize, ToSchema)]
struct IsSet {
    /// 是否设置了 · whether there is one.
    set: bool,
}

/// 什么时候回答：写了的都要成立；一个列表里有一项成立就行 · when it answers: everything that is given must hold; of a list, one must.
///
/// `equals`、`contains`、`starts_with`、`regex` 合起来算一个列表，不分大小写和全角半角 · these four are one list; upper and lower case,
/// full and half width are the same for them.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "contains": ["价格", "多少钱"] }))]
#[expect(dead_code, reason = "it describes; `office::rules` reads")]
struct When {
    /// `text`、`image`……、`event.subscribe`……；`message` 是所有消息，`event` 是所有事件 · `message`: all that followers write; `event`: all
    /// events.
    #[schema(required = false)]
    kind: Vec<String>,
    /// 整条文字 · the whole text.
    #[schema(required = false)]
    equals: Vec<String>,
    /// 文字里有 · somewhere in the text.
    #[schema(required = false)]
    contains: Vec<String>,
    /// 文字以此开头 · the beginning of the text.
    #[schema(required = false)]
    starts_with: Vec<String>,
    /// 正则表达式 · a regular expression.
    #[schema(required = false)]
    regex: Vec<String>,
    /// 菜单的 key · the key of a menu entry.
    #[schema(required = false)]
    key: Vec<String>,
    /// 刚扫的二维码的场景值，可以写 `abc*` · the scene of the QR code that was scanned just now; `abc*` is every one that begins so.
    #[schema(required = false)]
    scene: Vec<String>,
    /// 当初关注时扫的二维码的场景值 · the scene of the QR code by which the follower came.
    #[schema(required = false)]
    source: Vec<String>,
    /// `09:00-18:00`，也可以跨过零点 · also over midnight.
    #[schema(required = false)]
    hours: Vec<String>,
    /// `mon` … `sun`
    #[schema(required = false)]
    weekdays: Vec<String>,
    /// 第一天 · the first day.
    #[schema(required = false, example = "2026-12-01")]
    from: Option<String>,
    /// 最后一天 · the last day.
    #[schema(required = false, example = "2026-12-31")]
    to: Option<String>,
    /// 只回答一个人写的第一条消息 · only the first message that a follower ever writes.
    #[schema(required = false)]
    first_message: bool,
    /// 只回答一百个人里的这么多 · only so many of a hundred followers.
    #[schema(required = false, minimum = 1, maximum = 99)]
    share_percent: Option<u8>,
}

/// 回答什么：只有一个成员的对象 · with what it answers: an object with one member.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(example = json!({ "text": "99 元" }))]
#[expect(dead_code, reason = "it describes; `office::rules` reads")]
enum Reply {
    /// 文字，可以有 `{{date}}` 这样的变量 · a text; variables like `{{date}}` can be used.
    Text(String),
    /// Markdown
    Markdown(String),
    /// 图片的 media_id · a picture, by its media id.
    Image(String),
    /// 语音的 media_id · a voice, by its media id.
    Voice(String),
    Video(Video),
    Music(Music),
    /// 图文：回答消息只能有一篇 · articles: one after a message, up to eight after an event.
    News(Vec<Article>),
    /// 转给客服：`true` 或客服账号 · the customer-service desk: `true`, or the account of an agent.
    #[schema(value_type = Value)]
    Desk(()),
    /// 平台的 AI 回复 · the platform's AI reply.
    Ai(bool),
    /// 不回答 · nothing.
    Silence(bool),
    /// 随机一个，2 到 20 个 · one of 2 to 20 by chance.
    #[schema(value_type = Vec<Value>)]
    Random(()),
    /// 依次全部，2 到 5 个 · all of 2 to 5, in this order.
    #[schema(value_type = Vec<Value>)]
    All(()),
    Relay(RelayTo),
    Bot(BotOfRule),
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleVideo)]
#[expect(dead_code, reason = "it describes; `office::rules` reads")]
struct Video {
    media_id: String,
    #[schema(required = false)]
    title: String,
    #[schema(required = false)]
    description: String,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleMusic)]
#[expect(dead_code, reason = "it describes; `office::rules` reads")]
#[expect(clippy::struct_field_names, reason = "they are the platform's")]
struct Music {
    #[schema(required = false)]
    title: String,
    #[schema(required = false)]
    description: String,
    #[schema(required = false)]
    music_url: String,
    #[schema(required = false)]
    hq_music_url: String,
    thumb_media_id: String,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleArticle)]
#[expect(dead_code, reason = "it describes; `office::rules` reads")]
struct Article {
    title: String,
    #[schema(required = false)]
    description: String,
    #[schema(required = false)]
    pic_url: String,
    url: String,
}

/// 另一台公众号服务器 · another server that expects the platform. 没写的密钥保持不变 · secrets that are not written stay.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleRelay)]
#[expect(dead_code, reason = "it describes; `office::rules` reads")]
struct RelayTo {
    url: String,
    /// `plain`（默认）、`compatible`、`safe`
    #[schema(required = false, example = "plain")]
    mode: String,
    /// `compatible` 和 `safe` 必填 · required for `compatible` and `safe`.
    #[schema(pattern = "^wx[0-9A-Fa-f]{16}$")]
    app_id: Option<String>,
    #[schema(required = false, minimum = 1, maximum = 600, default = 60)]
    timeout_secs: u64,
    /// 不会显示 · never shown.
    #[schema(pattern = "^[A-Za-z0-9]{3,32}$", write_only)]
    token: Option<String>,
    /// 不会显示 · never shown.
    #[schema(pattern = "^[A-Za-z0-9+/]{43}$", write_only)]
    encoding_aes_key: Option<String>,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleBot)]
#[expect(dead_code, reason = "it describes; `office::rules` reads")]
struct BotOfRule {
    /// `own` 是公众号自己的（默认），`echo` 原样回复 · `own`: that of the account (the default).
    #[schema(required = false, example = "own")]
    name: String,
    /// 代替 `llm` 的系统提示词 · instead of the system prompt of a bot of the kind `llm`.
    prompt: Option<String>,
}

/// 新的规则 · a new rule.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "id": "price", "when": { "contains": ["价格"] }, "reply": { "text": "99 元" } }))]
#[expect(dead_code, reason = "it describes; `office::rules` reads")]
struct NewRule {
    /// 不写就生成一个 · made unless it is given.
    #[schema(pattern = "^[a-z0-9_-]{1,64}$")]
    id: Option<String>,
    /// 哪个公众号的；不写是所有的 · of which account; without it, for all.
    #[schema(max_length = 32)]
    account: Option<String>,
    #[schema(max_length = 64)]
    name: Option<String>,
    /// 默认 0 · default 0.
    #[schema(minimum = -1000, maximum = 1000)]
    priority: Option<i32>,
    /// 默认 `true` · default `true`.
    enabled: Option<bool>,
    #[schema(minimum = 0, maximum = 2_678_400)]
    cool_down_secs: Option<u64>,
    /// 不写是所有消息 · without it, all that followers write.
    when: Option<When>,
    reply: Reply,
}

/// 规则的改动：没写的不变，`null` 恢复默认值，`when` 和 `reply` 整个换掉 · a change: what is not written stays, `null` is the default
/// again, `when` and `reply` are replaced as a whole.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "enabled": false }))]
#[expect(dead_code, reason = "it describes; `office::rules` reads")]
struct RuleChange {
    #[schema(max_length = 32)]
    account: Option<String>,
    #[schema(max_length = 64)]
    name: Option<String>,
    #[schema(minimum = -1000, maximum = 1000)]
    priority: Option<i32>,
    enabled: Option<bool>,
    #[schema(minimum = 0, maximum = 2_678_400)]
    cool_down_secs: Option<u64>,
    when: Option<When>,
    #[schema(required = false, value_type = Reply)]
    reply: Option<()>,
    /// 您看到的 `updated_at_ms`：之后又有人改过，就不改，回答 `rule_changed` · as you have read it: when somebody has changed the rule since,
    /// it is not changed, and the answer is `rule_changed`.
    updated_at_ms: Option<i64>,
}

/// 一页规则 · a page of rules.
#[derive(Serialize, ToSchema)]
struct Rules {
    items: Vec<Rule>,
    /// 下一页的 `after` · the `after` of the next page.
    next: Option<String>,
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

/// 会怎么回答 · what would be answered.
#[derive(Serialize, ToSchema)]
struct Verdict {
    /// 由哪条规则；`null`：没有规则 · by which rule; `null`: by none.
    rule: Option<String>,
    /// 回答什么，变量已经填好；`random` 列出全部 · with what, its variables filled in; of `random` all are shown.
    #[schema(value_type = Option<Reply>)]
    reply: Option<Value>,
    /// 没有规则时接着问谁：它不一定回答，`llm` 从不回答事件 · who is asked when no rule answers; it may not answer, and `llm` never answers events.
    #[schema(example = "echo")]
    bot: String,
    /// 按什么时间，公众号的时区 · at which time, in the account's zone.
    #[schema(example = "2026-12-01 20:15")]
    at: String,
    /// 对得上的规则，先问的在前；没有 `hindrance` 的第一条来回答 · the rules that fit, in the order in which they are asked: the first
    /// without a hindrance answers.
    considered: Vec<Considered>,
}

/// 一条对得上的规则 · a rule that fits.
#[derive(Serialize, ToSchema)]
struct Considered {
    rule: String,
    name: String,
    /// 什么对得上 · what of it fits.
    #[schema(example = "contains 价格")]
    because: String,
    /// 为什么还是不回答 · why it does not answer all the same.
    #[schema(example = json!(null))]
    hindrance: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes; `import_rules` reads")]
struct ImportQuery {
    /// 只看会改什么 · whether only to say what would change.
    #[param(default = false)]
    dry_run: Option<bool>,
}

/// 从公众平台网页上设置的自动回复得到的规则 · the rules that the platform's website had as replies.
#[derive(Serialize, ToSchema)]
struct ImportedRules {
    /// 是否真的改了 · whether it was done.
    done: bool,
    rules: Vec<ImportedRule>,
    /// 要重新建的菜单，`createCustomMenu` 接受的写法；`null`：不用重建 · the menu to make anew, as `createCustomMenu` takes it; `null`: none.
    #[schema(value_type = Option<Object>)]
    menu: Option<Value>,
    /// 还要人来做的事 · what is left for a person to do.
    notes: Vec<String>,
}

/// 一条导入的规则 · an imported rule.
#[derive(Serialize, ToSchema)]
struct ImportedRule {
    #[schema(example = "import-wenzi-welcome")]
    id: String,
    name: String,
    action: Action,
    enabled: bool,
    #[schema(value_type = When)]
    when: Value,
    #[schema(value_type = Reply)]
    reply: Value,
    /// 要注意什么 · what to know about it.
    remarks: Vec<String>,
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

fn verdict(office: &Office, tried: Tried) -> Verdict {
    let answering = tried.considered.iter().find(|one| one.hindrance.is_none());
    Verdict {
        rule: answering.map(|one| one.rule.clone()),
        reply: tried.reply.as_ref().map(reply),
        bot: tried.bot,
        at: format!("{} {}", tried.at.date(), tried.at.time()),
        considered: tried
            .considered
            .into_iter()
            .map(|one| Considered {
                name: office
                    .rule(&one.rule)
                    .map(|entry| entry.rule.name.clone())
                    .unwrap_or_default(),
                rule: one.rule,
                because: one.because,
                hindrance: one.hindrance,
            })
            .collect(),
    }
}

fn imported_rules(imported: Imported, done: bool) -> ImportedRules {
    ImportedRules {
        done,
        rules: imported
            .rules
            .into_iter()
            .map(|one| ImportedRule {
                action: one.action,
                enabled: one.rule.enabled,
                when: json!(one.rule.when),
                reply: reply(&one.rule.reply),
                id: one.rule.id,
                name: one.rule.name,
                remarks: one.remarks,
            })
            .collect(),
        menu: imported.menu,
        notes: imported.notes,
    }
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

fn rule(entry: &RuleEntry) -> Rule {
    let rule = &entry.rule;
    let set = |set| IsSet { set };
    let is_relay = matches!(rule.reply, RuleReply::Relay(_));
    Rule {
        id: rule.id.clone(),
        account: rule.account.clone(),
        name: rule.name.clone(),
        priority: rule.priority,
        enabled: rule.enabled,
        cool_down_secs: rule.cool_down_secs,
        when: json!(rule.when),
        reply: reply(&rule.reply),
        secrets: is_relay.then(|| Secrets {
            token: set(entry.secrets.token.is_some()),
            encoding_aes_key: set(entry.secrets.encoding_aes_key.is_some()),
        }),
        hits: entry.hits,
        last_hit_at_ms: entry.last_hit_at_ms,
        fault: entry.unread.as_deref().map(str::to_owned),
        created_at_ms: entry.created_at_ms,
        updated_at_ms: entry.updated_at_ms,
    }
}

/// A reply, without the query of an address that may hold a secret.
fn reply(reply: &RuleReply) -> Value {
    let mut shown = json!(reply);
    if let RuleReply::Relay(relay) = reply {
        shown["relay"]["url"] = super::accounts::without_query(&relay.url).into();
    }
    shown
}
