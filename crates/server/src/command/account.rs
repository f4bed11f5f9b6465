//! `echostr account`: adds, shows, changes and removes accounts (公众号), live and without a restart.

mod given;
mod import;
mod list;
mod paste;
mod show;
mod wait;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use self::given::Given;
use super::client::{Client, Content, Failure, Where, path, run as ask, say};
use super::print::{clean, escaped, text};

/// What to do.
#[derive(Subcommand)]
pub enum Action {
    /// 列出公众号 · list the accounts
    List(List),
    /// 一个公众号的全部情况：地址、设置、最近收到什么、拒绝了什么 · all about one: address, settings, what came, what was refused
    Show(One),
    /// 新建，并打印要填进公众平台的三行 · add one, and print the three lines to paste into the platform's page
    Add(Box<Add>),
    /// 修改，立即生效 · change one, at once
    Set(Box<Set>),
    /// 换新的 Token 或密钥，旧的 24 小时内仍然有效 · a new token or key; the old one stays valid for 24 hours
    Rotate(Rotate),
    /// 删除公众号、它的密钥和规则；消息照常保留到期 · remove one with its secrets and rules; its messages stay until they are too old
    Remove(Remove),
    /// 把公众平台网页上的自动回复变成规则 · make rules of the replies that were set up on the platform's website
    Import(import::Import),
    /// 启用 · answer its pushes again
    Enable(One),
    /// 停用：保留设置，不再回答 · keep it, but answer nothing
    Disable(One),
}

/// Which accounts.
#[derive(Args)]
pub struct List {
    /// 每行一个 JSON · one JSON object on each line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// One account.
#[derive(Args)]
pub struct One {
    /// 公众号的 id · the account's id
    id: String,
    /// 打印 JSON · print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// A new account.
#[derive(Args)]
pub struct Add {
    /// 网址里的名字：1 到 32 个小写字母、数字或 - · its name in the address: 1 to 32 of a-z, 0-9 and -
    id: String,
    #[command(flatten)]
    given: Given,
    /// 等待平台的握手，并说明收到了什么；默认等 300 秒 · wait for the platform's handshake and say what came; 300 s unless given
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "300")]
    wait: Option<u64>,
    /// 打印 JSON · print JSON
    #[arg(long, conflicts_with = "wait")]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// A change.
#[derive(Args)]
pub struct Set {
    /// 公众号的 id · the account's id
    id: String,
    #[command(flatten)]
    given: Given,
    /// 恢复默认值，可以写多次，例如 --default welcome · back to its default, may be repeated
    #[arg(long, value_name = "FIELD")]
    default: Vec<String>,
    /// 确认：改掉谁来回答，它的密钥就删除了 · confirmed: with another `bot`, the secrets of the one before are deleted
    #[arg(long)]
    yes: bool,
    /// 打印 JSON · print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// New secrets.
#[derive(Args)]
pub struct Rotate {
    /// 公众号的 id · the account's id
    id: String,
    /// 换 Token（什么都不写时也是它） · the token (also when nothing is said)
    #[arg(long)]
    token: bool,
    /// 换 EncodingAESKey · the EncodingAESKey
    #[arg(long)]
    encoding_aes_key: bool,
    /// 打印 JSON · print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// The end of an account.
#[derive(Args)]
pub struct Remove {
    /// 公众号的 id · the account's id
    id: String,
    /// 确认：密钥删除后无法恢复 · confirmed: its secrets cannot be brought back
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: Where,
}

/// Does it.
pub fn run(action: Action) -> ExitCode {
    match action {
        Action::List(List { json, place }) => ask(place, async move |client| {
            let accounts = client.all(&["accounts"], &[], usize::MAX).await?.items;
            if json {
                return say(&lines(&accounts));
            }
            say(&list::table(&accounts))
        }),
        Action::Show(One { id, json, place }) => ask(place, async move |client| {
            let account = client.get(&of(&id)).await?;
            if json {
                return say(&lines(&[account]));
            }
            let able = if show::has_access(&account) {
                let able = path(&["accounts", &id, "capabilities"], &[]);
                client.get(&able).await?
            } else {
                Value::Null
            };
            say(&(show::page(&account) + &show::able(&able)))
        }),
        Action::Add(add) => added(*add),
        Action::Set(set) => changed(*set),
        Action::Rotate(rotate) => rotated(rotate),
        Action::Remove(remove) => removed(remove),
        Action::Import(import) => import::run(import),
        Action::Enable(one) => switched(one, true),
        Action::Disable(one) => switched(one, false),
    }
}

/// The address of an account in the API.
fn of(id: &str) -> String {
    path(&["accounts", id], &[])
}

/// Each on a line.
fn lines(values: &[Value]) -> String {
    values
        .iter()
        .map(|value| escaped(&value.to_string()) + "\n")
        .collect()
}

fn added(add: Add) -> ExitCode {
    let Add {
        id,
        given,
        wait,
        json,
        place,
    } = add;
    ask(place, async move |client| {
        let mut fields = given.fields()?;
        // Who has an AppID can have everything encrypted; without one that is impossible.
        if !fields.contains_key("mode") && fields.get("app_id").is_some_and(Value::is_string) {
            fields.insert("mode".into(), "safe".into());
        }
        fields.insert("id".into(), json!(id));
        let made = client.post("/accounts", Content::Json(fields.into())).await;
        let made = made.inspect_err(|failure| {
            let set = format!("echostr account set {}", clean(&id));
            failure.hint_at_a_change("account_exists", &set);
        })?;
        if json {
            return say(&lines(&[made]));
        }
        let [since, in_english] = client.since();
        eprintln!(
            "公众号 {0} 已建好，{since} · the account {0} is there, {in_english}\n",
            clean(&id)
        );
        paste::print(&made, "用您给的那个 · the one that you gave")?;
        match wait {
            None => Ok(ExitCode::SUCCESS),
            Some(secs) => wait::wait(client, &made["account"], secs).await,
        }
    })
}

fn changed(set: Set) -> ExitCode {
    let Set {
        id,
        given,
        default,
        yes,
        json,
        place,
    } = set;
    ask(place, async move |client| {
        let mut fields = given.fields()?;
        for field in default {
            reset(&mut fields, &field)?;
        }
        if fields.is_empty() {
            return Err(Failure::Usage(
                "没有写要改什么；看 echostr account set --help · \
                 nothing to change was given; see `echostr account set --help`"
                    .into(),
            ));
        }
        if let (Some(bot), false) = (fields.get("bot"), yes) {
            let account = client.get(&of(&id)).await?;
            confirmed(&account["bot"], bot)?;
        }
        let account = client.patch(&of(&id), fields.into()).await?;
        if json {
            return say(&lines(&[account]));
        }
        say(&show::page(&account))
    })
}

/// Refuses another kind of bot when the one before has secrets: they would be deleted.
fn confirmed(before: &Value, after: &Value) -> Result<(), Failure> {
    let kind_before = text(&before["kind"]);
    let kind = match after {
        Value::Null => "echo",
        Value::Object(fields) => fields.get("kind").map_or(kind_before, text),
        word => text(word),
    };
    let mut lost = Vec::new();
    show::own_secrets("bot", before, &mut lost);
    lost.retain(|(_, secret)| secret["set"] == true);
    let lost: Vec<_> = lost.into_iter().map(|(name, _)| name).collect();
    if kind == kind_before || lost.is_empty() {
        return Ok(());
    }
    let lost = lost.join(", ");
    Err(Failure::Usage(format!(
        "现在由 {kind_before} 回答，换掉就会删除它的密钥 {lost}，无法恢复；确定就加上 --yes，要留着就先 echostr export --secrets · \
         `{kind_before}` answers now; with another bot, its {lost} would be deleted for ever: add `--yes` to do it, \
         keep them with `echostr export --secrets` before"
    )))
}

/// Makes a field null; `texts.wait` is a field in a field.
fn reset(fields: &mut Map<String, Value>, field: &str) -> Result<(), Failure> {
    let (outer, inner) = match field.split_once('.') {
        Some((outer, inner)) => (outer, Some(inner)),
        None => (field, None),
    };
    let place = match inner {
        None => fields.entry(outer),
        Some(inner) => match fields.entry(outer).or_insert_with(|| json!({})) {
            Value::Object(fields) => fields.entry(inner),
            _ => return Err(twice(field)),
        },
    };
    match place {
        serde_json::map::Entry::Vacant(vacant) => {
            vacant.insert(Value::Null);
            Ok(())
        }
        serde_json::map::Entry::Occupied(_) => Err(twice(field)),
    }
}

fn twice(field: &str) -> Failure {
    let field = clean(field);
    Failure::Usage(format!(
        "{field} 既给了值又要恢复默认 · {field} is given a value and its default at once; choose one"
    ))
}

fn rotated(rotate: Rotate) -> ExitCode {
    let Rotate {
        id,
        token,
        encoding_aes_key,
        json,
        place,
    } = rotate;
    ask(place, async move |client| {
        let which = json!({
            "token": token || !encoding_aes_key,
            "encoding_aes_key": encoding_aes_key,
        });
        let path = path(&["accounts", &id, "rotate"], &[]);
        let made = client.post(&path, Content::Json(which)).await?;
        if json {
            return say(&lines(&[made]));
        }
        let [since, in_english] = client.since();
        eprintln!(
            "换好了，{since}；旧的 24 小时内仍然有效，请在那之前改好公众平台的页面 · \
             done, {in_english}; the old one stays valid for 24 hours: change the platform's page before\n"
        );
        paste::print(&made, "不变 · stays as it is")?;
        Ok(ExitCode::SUCCESS)
    })
}

fn removed(remove: Remove) -> ExitCode {
    let Remove { id, yes, place } = remove;
    let name = clean(&id);
    ask(place, async move |client| {
        let query = [("account", Some(id.clone()))];
        let rules = client.all(&["rules"], &query, usize::MAX).await?.items;
        let n_rules = rules.iter().filter(|rule| text(&rule["account"]) == id);
        let n_rules = n_rules.count();
        if !yes {
            client.get(&of(&id)).await?;
            return Err(Failure::Usage(format!(
                "将删除公众号 {name} 的设置、密钥和规则（{n_rules} 条），无法恢复；确定就加上 --yes。只想暂停就用 echostr account disable · \
                 this removes the settings, the secrets and the rules ({n_rules}) of {name} for ever; add `--yes` to do it, or pause it \
                 with `echostr account disable`"
            )));
        }
        client.delete(&of(&id)).await?;
        let [since, in_english] = client.since();
        let (with_rules, and_rules) = match n_rules {
            0 => Default::default(),
            n => (
                format!(" 和它的规则（{n} 条）"),
                format!(" and its rules ({n})"),
            ),
        };
        say(&format!(
            "已删除公众号 {name}{with_rules}，{since} · removed the account {name}{and_rules}, {in_english}\n"
        ))
    })
}

fn switched(one: One, enabled: bool) -> ExitCode {
    let One { id, json, place } = one;
    ask(place, async move |client: &mut Client| {
        let account = client
            .patch(&of(&id), json!({ "disabled": !enabled }))
            .await?;
        if json {
            return say(&lines(&[account]));
        }
        let id = clean(&id);
        say(&if enabled {
            format!("公众号 {id} 已启用 · the account {id} is enabled\n")
        } else {
            format!(
                "公众号 {id} 已停用，推送得到 404 · the account {id} is disabled, its pushes get 404\n"
            )
        })
    })
}
