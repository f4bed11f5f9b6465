//! `echostr audit`: who changed what, and when.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::client::{Where, run as ask, say};
use super::print::{clean, escaped, headed, short, text, time};

/// What to show.
#[derive(Subcommand)]
pub enum Action {
    /// 列出修改，新的在前，密钥已遮住 · list the changes, newest first, secrets masked
    List(List),
}

/// Which changes.
#[derive(Args)]
pub struct List {
    /// 只看这个公众号或密钥 · of this account or key only, by its id
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// 最多几条 · at most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
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
        subject,
        limit,
        before,
        json,
        place,
    }) = action;
    ask(place, async move |client| {
        let query = [
            ("subject", subject),
            ("before", before.map(|before| before.to_string())),
        ];
        let found = client.all(&["audit"], &query, limit).await?;
        if json {
            let lines = found
                .items
                .iter()
                .map(|entry| escaped(&entry.to_string()) + "\n");
            return say(&lines.collect::<String>());
        }
        if found.items.is_empty() {
            return say("没有修改 · no changes\n");
        }
        say(&(listed(&found.items) + &found.turn_the_page()))
    })
}

fn listed(entries: &[Value]) -> String {
    let head = [
        "编号 ID",
        "时间 at",
        "谁 who",
        "做了什么 action",
        "对象 subject",
        "之前 before",
        "之后 after",
    ];
    headed(
        head,
        entries.iter().map(|entry| {
            [
                entry["id"].to_string(),
                entry["at_ms"].as_i64().map(time).unwrap_or_default(),
                clean(text(&entry["actor"])),
                clean(text(&entry["action"])),
                clean(text(&entry["subject"])),
                values(&entry["before"]),
                values(&entry["after"]),
            ]
        }),
    )
}

/// What it was or became, in short.
fn values(of: &Value) -> String {
    short(&named(of), 40)
}

fn named(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            let fields: Vec<_> = fields
                .map(|(name, value)| match value {
                    Value::Object(_) => format!("{name}({})", named(value)),
                    value => format!("{name}={}", named(value)),
                })
                .collect();
            fields.join(" ")
        }
        other => other.to_string(),
    }
}
