//! `echostr turn`: what language models were asked, and what came of it.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::client::{Where, run as ask, say};
use super::print::{clean, escaped, headed, short, text, time};

/// What to show.
#[derive(Subcommand)]
pub enum Action {
    /// 列出问大模型的问题和结果，新的在前 · list the questions to language models and what came of them, newest first
    List(List),
}

/// Which turns.
#[derive(Args)]
pub struct List {
    /// 只看这个公众号 · of this account only, by its id
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// 只看这个关注者 · of this follower only, by the OpenID
    #[arg(long, value_name = "OPENID")]
    follower: Option<String>,
    /// 只看这个结果：answered、broken、failed、spent…… · of this outcome only
    #[arg(long, value_name = "WORD")]
    outcome: Option<String>,
    /// 只看问过这个模型的 · of this model only
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// 最多几条 · at most so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// 只看编号比它小的，用来翻页 · older than this number, to turn the page
    #[arg(long, value_name = "N")]
    before: Option<i64>,
    /// 每行一个 JSON · one JSON object on each line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// Prints them.
pub fn run(action: Action) -> ExitCode {
    let Action::List(List {
        account,
        follower,
        outcome,
        model,
        limit,
        before,
        json,
        place,
    }) = action;
    ask(place, async move |client| {
        let query = [
            ("account", account.clone()),
            ("follower", follower),
            ("outcome", outcome),
            ("model", model),
            ("before", before.map(|before| before.to_string())),
        ];
        let found = client.all(&["turns"], &query, limit).await?;
        if json {
            let lines = found
                .items
                .iter()
                .map(|turn| escaped(&turn.to_string()) + "\n");
            return say(&lines.collect::<String>());
        }
        if found.items.is_empty() {
            let none = "没有问过大模型 · no language model was asked\n";
            return client.say_none(account.as_deref(), none).await;
        }
        say(&(listed(&found.items) + &found.turn_the_page()))
    })
}

fn listed(turns: &[Value]) -> String {
    let head = [
        "编号 ID",
        "时间 at",
        "公众号 account",
        "关注者 follower",
        "问题 question",
        "回答 answer",
        "结果 outcome",
        "模型 models",
        "token",
        "评价 rating",
    ];
    headed(
        head,
        turns.iter().map(|turn| {
            [
                turn["number"].to_string(),
                turn["at_ms"].as_i64().map(time).unwrap_or_default(),
                clean(text(&turn["account"])),
                short(text(&turn["follower"]), 28),
                short(text(&turn["question"]), 30),
                short(text(&turn["answer"]), 30),
                clean(text(&turn["outcome"])),
                models(turn),
                tokens(turn),
                match turn["is_good"].as_bool() {
                    Some(true) => "👍".into(),
                    Some(false) => "👎".into(),
                    None => String::new(),
                },
            ]
        }),
    )
}

fn used(turn: &Value) -> impl Iterator<Item = &Value> {
    turn["used"].as_array().into_iter().flatten()
}

fn models(turn: &Value) -> String {
    let names: Vec<_> = used(turn).map(|used| clean(text(&used["model"]))).collect();
    names.join(", ")
}

/// Input and output; `~` marks a guess.
fn tokens(turn: &Value) -> String {
    let sum = |name: &str| {
        used(turn)
            .filter_map(|used| used[name].as_u64())
            .sum::<u64>()
    };
    let is_guessed = used(turn).any(|used| used["is_guessed"] == true);
    let mark = if is_guessed { "~" } else { "" };
    match [sum("tokens_in"), sum("tokens_out")] {
        [0, 0] => String::new(),
        [tokens_in, tokens_out] => format!("{mark}{tokens_in} + {tokens_out}"),
    }
}
