//! `echostr rule`: what is answered without a bot: lists, adds, changes, removes and tries out rules, live and without a restart.

mod given;
mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use self::given::Given;
pub(super) use self::show::{reply, when};
use super::client::{Content, Failure, Where, path, run as ask, say};
use super::print::{clean, escaped, text};

/// What to do.
#[derive(Subcommand)]
pub enum Action {
    /// 列出规则，先问的在前 · list the rules, in the order in which they are asked
    List(List),
    /// 一条规则的全部内容 · all about one
    Show(One),
    /// 新建，立即生效 · add one; it answers at once
    Add(Box<Add>),
    /// 修改，立即生效；没写的不变 · change one, at once; what is not given stays
    Edit(Box<Edit>),
    /// 启用 · let it answer again
    Enable(One),
    /// 停用：保留，但不回答 · keep it, but let it answer nothing
    Disable(One),
    /// 删除 · remove one
    Remove(Remove),
    /// 试一试：一条消息由哪条规则回答，别的不回答的原因 · try them out: which one answers a message, and why the others do not
    Test(Box<Test>),
}

/// Which rules.
#[derive(Args)]
pub struct List {
    /// 这个公众号的，和所有公众号的 · of this account, and those for all
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// 名字、条件或回复里有这几个字 · this stands in the name, the conditions or the reply
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// 最多列多少条 · how many at most
    #[arg(long, default_value_t = 200)]
    limit: usize,
    /// 每行一个 JSON · one JSON object on each line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// One rule.
#[derive(Args)]
pub struct One {
    /// 规则的 id · the rule's id
    id: String,
    /// 打印 JSON · print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// A new rule.
#[derive(Args)]
pub struct Add {
    /// 规则的 id：1 到 64 个小写字母、数字、- 或 _；不写就生成一个 · its id: 1 to 64 of a-z, 0-9, - and _; made unless it is given
    id: Option<String>,
    #[command(flatten)]
    given: Given,
    /// 打印 JSON · print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// A change.
#[derive(Args)]
pub struct Edit {
    /// 规则的 id · the rule's id
    id: String,
    #[command(flatten)]
    given: Given,
    /// 打印 JSON · print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// The end of a rule.
#[derive(Args)]
pub struct Remove {
    /// 规则的 id · the rule's id
    id: String,
    /// 确认：无法恢复 · confirmed: it cannot be brought back
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: Where,
}

/// A message that nobody has written.
#[derive(Args)]
pub struct Test {
    /// 公众号的 id · the account's id
    account: String,
    /// 写的文字 · what is written
    text: Option<String>,
    /// 什么消息：text、image、voice、event.subscribe…… · of which kind: text, image, voice, event.subscribe, …
    #[arg(long)]
    kind: Option<String>,
    /// 什么事件：subscribe、scan、click…… · which event: subscribe, scan, click, …
    #[arg(long, conflicts_with = "kind")]
    event: Option<String>,
    /// 点了这个菜单 · this menu entry is tapped
    #[arg(long)]
    key: Option<String>,
    /// 扫了这个场景值的二维码；加上 --event subscribe 是扫码关注 · this QR code is scanned; with `--event subscribe`, to follow
    #[arg(long)]
    scene: Option<String>,
    /// 谁发的（OpenID）：他以前的消息也算数 · who writes, by the OpenID: what is known of this follower counts
    #[arg(long, value_name = "OPENID")]
    follower: Option<String>,
    /// 什么时候，公众号的时区，例如 "2026-12-01 20:15" · when, in the account's time zone
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// 打印 JSON · print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// Does it.
pub fn run(action: Action) -> ExitCode {
    match action {
        Action::List(list) => listed(list),
        Action::Show(One { id, json, place }) => ask(place, async move |client| {
            let rule = client.get(&of(&id)).await?;
            said(&rule, json)
        }),
        Action::Add(add) => added(*add),
        Action::Edit(edit) => edited(*edit),
        Action::Enable(one) => switched(one, true),
        Action::Disable(one) => switched(one, false),
        Action::Remove(remove) => removed(remove),
        Action::Test(test) => tested(*test),
    }
}

/// The address of a rule in the API.
fn of(id: &str) -> String {
    path(&["rules", id], &[])
}

fn said(rule: &Value, json: bool) -> Result<ExitCode, Failure> {
    if json {
        return say(&line(rule));
    }
    say(&show::page(rule))
}

fn line(value: &Value) -> String {
    escaped(&value.to_string()) + "\n"
}

fn listed(list: List) -> ExitCode {
    let List {
        account,
        search,
        limit,
        json,
        place,
    } = list;
    ask(place, async move |client| {
        let query = [("account", account.clone()), ("q", search.clone())];
        let found = client.all(&["rules"], &query, limit).await?;
        if json {
            return say(&found.items.iter().map(line).collect::<String>());
        }
        if found.items.is_empty() {
            let words = if search.is_some() {
                "没有这样的规则 · no such rules\n"
            } else {
                "还没有规则；用 echostr rule add 新建 · no rules yet; add one with `echostr rule add`\n"
            };
            return client.say_none(account.as_deref(), words).await;
        }
        let mut table = show::table(&found.items);
        if found.next.is_some() {
            table +=
                "\n还有更多，用 --limit 或 --search · there are more: `--limit` or `--search`\n";
        }
        say(&table)
    })
}

fn added(add: Add) -> ExitCode {
    let Add {
        id,
        given,
        json,
        place,
    } = add;
    ask(place, async move |client| {
        given.refuse_empty()?;
        let mut fields = given.fields(&Value::Null)?;
        if let Some(id) = id {
            fields.insert("id".into(), id.into());
        }
        let edit = format!(
            "echostr rule edit {}",
            clean(fields.get("id").map_or("", text))
        );
        let rule = client.post("/rules", Content::Json(fields.into())).await;
        let rule = rule.inspect_err(|failure| failure.hint_at_a_change("rule_exists", &edit))?;
        if !json {
            let [since, in_english] = client.since();
            eprintln!(
                "规则 {0} 已建好，{since} · the rule {0} is there, {in_english}",
                clean(text(&rule["id"]))
            );
            warn_of_all(&rule);
            eprintln!();
        }
        said(&rule, json)
    })
}

/// Says it of a rule without conditions, as nobody may have meant that.
fn warn_of_all(rule: &Value) {
    if rule["when"].as_object().is_some_and(Map::is_empty) {
        eprintln!(
            "它没有条件，回答所有消息；要加条件就用 echostr rule edit，例如 --contains · it has no condition and answers all messages; \
             give it one with `echostr rule edit`, like `--contains`"
        );
    }
}

fn edited(edit: Edit) -> ExitCode {
    let Edit {
        id,
        given,
        json,
        place,
    } = edit;
    ask(place, async move |client| {
        let before = client.get(&of(&id)).await?;
        let mut fields = given.fields(&before)?;
        if fields.is_empty() {
            return Err(Failure::Usage(
                "没有写要改什么；看 echostr rule edit --help · \
                 nothing to change was given; see `echostr rule edit --help`"
                    .into(),
            ));
        }
        let is_when_given = fields.contains_key("when");
        fields.insert("updated_at_ms".into(), before["updated_at_ms"].clone());
        let rule = client.patch(&of(&id), fields.into()).await?;
        if is_when_given && !json {
            warn_of_all(&rule);
        }
        said(&rule, json)
    })
}

fn switched(one: One, enabled: bool) -> ExitCode {
    let One { id, json, place } = one;
    ask(place, async move |client| {
        let change = json!({ "enabled": enabled });
        let rule = client.patch(&of(&id), change).await?;
        if json {
            return say(&line(&rule));
        }
        let id = clean(&id);
        say(&if enabled {
            format!("规则 {id} 已启用 · the rule {id} is enabled\n")
        } else {
            format!("规则 {id} 已停用 · the rule {id} is disabled\n")
        })
    })
}

fn removed(remove: Remove) -> ExitCode {
    let Remove { id, yes, place } = remove;
    let name = clean(&id);
    if !yes {
        eprintln!(
            "将删除规则 {name}，无法恢复；确定就加上 --yes。只想暂停就用 echostr rule disable · \
             this removes the rule {name} for ever; add `--yes` to do it, or pause it with `echostr rule disable`"
        );
        return ExitCode::from(super::config::FAULTY);
    }
    ask(place, async move |client| {
        client.delete(&of(&id)).await?;
        let [since, in_english] = client.since();
        say(&format!(
            "已删除规则 {name}，{since} · removed the rule {name}, {in_english}\n"
        ))
    })
}

fn tested(test: Test) -> ExitCode {
    let Test {
        account,
        text,
        kind,
        event,
        key,
        scene,
        follower,
        at,
        json,
        place,
    } = test;
    let is_event = match (&kind, &event) {
        (Some(kind), _) => kind.to_lowercase().starts_with("event"),
        (None, Some(_)) => true,
        // A tap or a scan.
        (None, None) => text.is_none(),
    };
    ask(place, async move |client| {
        let question = json!({
            "account": account, "text": text, "kind": kind, "event": event, "key": key, "scene": scene,
            "follower": follower, "at": at,
        });
        let verdict = client.post("/rules/test", Content::Json(question)).await?;
        if json {
            return say(&line(&verdict));
        }
        say(&show::verdict(&verdict, is_event))
    })
}
