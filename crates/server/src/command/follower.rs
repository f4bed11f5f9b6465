//! `echostr follower`: lists them, gives out all that is known of one, deletes it.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::client::{Where, path, run as ask, say};
use super::config::FAULTY;
use super::print::{clean, escaped, headed, short, text, time};

/// What to do.
#[derive(Subcommand)]
pub enum Action {
    /// 列出关注者，最近来过的在前 · list them, those seen last first
    List(List),
    /// 打印一个关注者的全部数据（JSON） · all that is known of a follower, as JSON
    Export(One),
    /// 删除一个关注者的全部数据，服务器运行时也可以 · delete everything about a follower, also while the server runs
    Forget(Forget),
}

/// Which followers.
#[derive(Args)]
pub struct List {
    /// 只看这个公众号 · of this account only, by its id
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// 最多几个 · at most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// 从上一页末尾给出的地方继续 · goes on where the last page ended
    #[arg(long, value_name = "NEXT")]
    before: Option<String>,
    /// 每行一个 JSON · one JSON object on each line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// One follower.
#[derive(Args)]
pub struct One {
    /// 公众号的 id · the account's id
    account: String,
    /// 关注者的 OpenID · the follower's OpenID
    #[arg(value_name = "OPENID")]
    follower: String,
    #[command(flatten)]
    place: Where,
}

/// Whom.
#[derive(Args)]
pub struct Forget {
    #[command(flatten)]
    one: One,
    /// 确认：删除后无法恢复 · confirmed: what is deleted cannot be brought back
    #[arg(long)]
    yes: bool,
}

/// Does it.
pub fn run(action: Action) -> ExitCode {
    match action {
        Action::List(list) => listed(list),
        Action::Export(one) => ask(one.place, async move |client| {
            let parts = ["followers", &one.account, &one.follower, "export"];
            client.pour(&path(&parts, &[])).await
        }),
        Action::Forget(forget) => forgotten(forget),
    }
}

fn listed(list: List) -> ExitCode {
    let List {
        account,
        limit,
        before,
        json,
        place,
    } = list;
    ask(place, async move |client| {
        let query = [("account", account.clone()), ("before", before)];
        let found = client.all(&["followers"], &query, limit).await?;
        if json {
            let lines = found
                .items
                .iter()
                .map(|follower| escaped(&follower.to_string()) + "\n");
            return say(&lines.collect::<String>());
        }
        if found.items.is_empty() {
            return client
                .say_none(account.as_deref(), "没有关注者 · no followers\n")
                .await;
        }
        let head = [
            "公众号 account",
            "关注者 follower",
            "第一次 first",
            "最近 last",
            "状态 state",
        ];
        let rows = found.items.iter().map(|follower| {
            let at = |name: &str| follower[name].as_i64().map(time).unwrap_or_default();
            [
                clean(text(&follower["account"])),
                short(text(&follower["follower"]), 40),
                at("first_seen_at_ms"),
                at("last_seen_at_ms"),
                state(follower),
            ]
        });
        say(&(headed(head, rows) + &found.turn_the_page()))
    })
}

fn state(follower: &Value) -> String {
    if follower["unfollowed_at_ms"].is_i64() {
        "已取消关注 left".into()
    } else if follower["followed_at_ms"].is_i64() {
        "关注 follows".into()
    } else {
        // Who was there before Echostr was.
        String::new()
    }
}

fn forgotten(forget: Forget) -> ExitCode {
    let Forget {
        one: One {
            account,
            follower,
            place,
        },
        yes,
    } = forget;
    let name = clean(&follower);
    if !yes {
        eprintln!(
            "将删除 {name} 的全部消息、回答和会话，无法恢复；确定就加上 --yes · \
             this deletes all messages, answers and sessions of {name} for ever; add `--yes` to do it"
        );
        return ExitCode::from(FAULTY);
    }
    ask(place, async move |client| {
        let gone = client
            .delete(&path(&["followers", &account, &follower], &[]))
            .await?;
        let count = |what: &str| gone[what].as_u64().unwrap_or_default();
        let (messages, answers, sessions) =
            (count("messages"), count("answers"), count("sessions"));
        say(&format!(
            "已删除 {name}：消息 {messages} 条，回答 {answers} 条，会话 {sessions} 个 · \
             deleted {name}: {messages} message(s), {answers} answer(s), {sessions} session(s)\n"
        ))
    })
}
