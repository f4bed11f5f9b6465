//! `echostr answer`: answers that were not delivered in one piece, how far they were read, and the end of their pages.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::client::{Where, path, run as ask, say};
use super::print::{clean, escaped, headed, short, text, time};

/// What to do.
#[derive(Subcommand)]
pub enum Action {
    /// 列出还没读完的回答，新的在前 · list answers that wait to be read, newest first
    List(List),
    /// 撤回一个回答的网页，立即生效 · make the live page of an answer unreadable, at once
    Revoke(Revoke),
}

/// Which answers.
#[derive(Args)]
pub struct List {
    /// 只看这个公众号 · of this account only, by its id
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// 只看这个关注者 · of this follower only
    #[arg(long, value_name = "OPENID")]
    follower: Option<String>,
    /// 也列出读完、失败和过期的 · those that were read, failed or expired as well
    #[arg(long)]
    all: bool,
    /// 最多几条 · at most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// 只看编号比它小的，用来翻页 · older than this number, to turn the page
    #[arg(long, value_name = "ID")]
    before: Option<String>,
    /// 每行一个 JSON · one JSON object on each line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// An answer that nobody is to read on a page.
#[derive(Args)]
pub struct Revoke {
    /// 回答的 id，见 list · the answer's id, see `list`
    id: String,
    #[command(flatten)]
    place: Where,
}

/// Does it.
pub fn run(action: Action) -> ExitCode {
    match action {
        Action::List(list) => printed(list),
        Action::Revoke(Revoke { id, place }) => ask(place, async move |client| {
            client.delete(&path(&["answers", &id, "page"], &[])).await?;
            let id = clean(&id);
            let [since, in_english] = client.since();
            say(&format!(
                "回答 {id} 的网页（如果有）已撤回，{since} · revoked the page of {id}, if it had one, {in_english}\n"
            ))
        }),
    }
}

fn printed(list: List) -> ExitCode {
    let List {
        account,
        follower,
        all,
        limit,
        before,
        json,
        place,
    } = list;
    ask(place, async move |client| {
        let query = [
            ("account", account.clone()),
            ("follower", follower),
            ("all", all.then(|| "true".to_owned())),
            ("before", before),
        ];
        let found = client.all(&["answers"], &query, limit).await?;
        if json {
            let lines = found
                .items
                .iter()
                .map(|answer| escaped(&answer.to_string()) + "\n");
            return say(&lines.collect::<String>());
        }
        if found.items.is_empty() {
            return client
                .say_none(
                    account.as_deref(),
                    "没有未读的回答 · no answer waits to be read\n",
                )
                .await;
        }
        say(&(listed(&found.items) + &found.turn_the_page()))
    })
}

fn listed(answers: &[Value]) -> String {
    let head = [
        "消息 message",
        "提问 asked",
        "公众号 account",
        "关注者 follower",
        "问题 question",
        "状态 state",
        "到期 expires",
        "id",
    ];
    headed(
        head,
        answers.iter().map(|answer| {
            let at = |name: &str| answer[name].as_i64().map(time).unwrap_or_default();
            [
                answer["message"].to_string(),
                at("asked_at_ms"),
                clean(text(&answer["account"])),
                short(text(&answer["follower"]), 28),
                short(text(&answer["question"]), 30),
                state(answer),
                at("expires_at_ms"),
                clean(text(&answer["id"])),
            ]
        }),
    )
}

fn state(answer: &Value) -> String {
    match text(&answer["state"]) {
        "running" => "还在生成 running".into(),
        "text" => format!(
            "已读 {} / {} 字节 · bytes read of all",
            answer["shown_bytes"],
            text(&answer["text"]).len()
        ),
        "other" => "未读 unread".into(),
        "failed" => "失败 failed".into(),
        "read" => "已读完 read".into(),
        other => clean(other),
    }
}
