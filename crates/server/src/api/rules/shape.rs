//! Rules as the API shows and takes them.

use echostr::RuleReply;
use echostr_store::RuleEntry;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::accounts::without_query;
use crate::office::{Action, Imported, Office, Tried};

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
pub(super) struct NewRule {
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
pub(super) struct RuleChange {
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
pub(super) struct Rules {
    pub(super) items: Vec<Rule>,
    /// 下一页的 `after` · the `after` of the next page.
    pub(super) next: Option<String>,
}

/// 会怎么回答 · what would be answered.
#[derive(Serialize, ToSchema)]
pub(super) struct Verdict {
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

/// 从公众平台网页上设置的自动回复得到的规则 · the rules that the platform's website had as replies.
#[derive(Serialize, ToSchema)]
pub(super) struct ImportedRules {
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

pub(super) fn verdict(office: &Office, tried: Tried) -> Verdict {
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

pub(super) fn imported_rules(imported: Imported, done: bool) -> ImportedRules {
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

pub(super) fn rule(entry: &RuleEntry) -> Rule {
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
pub(super) fn reply(reply: &RuleReply) -> Value {
    let mut shown = json!(reply);
    if let RuleReply::Relay(relay) = reply {
        shown["relay"]["url"] = without_query(&relay.url).into();
    }
    shown
}
