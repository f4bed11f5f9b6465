//! `echostr api-key`: who may use the HTTP API, and for what.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Content, Where, path, run as ask, say};
use super::print::{ago, clean, escaped, headed, now_ms, short, text, time};

/// What to do.
#[derive(Subcommand)]
pub enum Action {
    /// 新建，密钥只显示这一次 · make one; it is shown this once
    Create(Create),
    /// 列出，包括吊销的 · list them, revoked ones too
    List(List),
    /// 吊销，立即生效 · make one worthless, at once
    Revoke(Revoke),
}

/// A new key.
#[derive(Args)]
pub struct Create {
    /// 权限，可以写多次，例如 messages:read；* 是全部 · what it is good for, may be repeated, like `messages:read`; `*` is everything
    #[arg(long, required = true)]
    scope: Vec<String>,
    /// 给人看的名字；不写就是它的权限 · the name for people; without it, its scopes
    #[arg(long)]
    name: Option<String>,
    /// 多少天后失效；不写就一直有效 · how many days it counts; without it, until it is revoked
    #[arg(long, value_name = "DAYS")]
    expires_in_days: Option<u32>,
    /// 打印 JSON · print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// All keys.
#[derive(Args)]
pub struct List {
    /// 每行一个 JSON · one JSON object on each line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// A key that is to be worthless.
#[derive(Args)]
pub struct Revoke {
    /// 编号，k_…，见 list · its id, `k_…`, see `list`
    id: String,
    #[command(flatten)]
    place: Where,
}

/// Does it.
pub fn run(action: Action) -> ExitCode {
    match action {
        Action::Create(create) => created(create),
        Action::List(List { json, place }) => ask(place, async move |client| {
            let keys = client.get("/keys").await?;
            let keys = keys["items"].as_array().map_or(&[][..], Vec::as_slice);
            if json {
                return say(&keys.iter().map(line).collect::<String>());
            }
            say(&listed(keys))
        }),
        Action::Revoke(Revoke { id, place }) => ask(place, async move |client| {
            client.delete(&path(&["keys", &id], &[])).await?;
            let id = clean(&id);
            let [since, in_english] = client.since();
            say(&format!(
                "已吊销 {id}，{since} · revoked {id}, {in_english}\n"
            ))
        }),
    }
}

fn created(create: Create) -> ExitCode {
    let Create {
        scope,
        name,
        expires_in_days,
        json,
        place,
    } = create;
    ask(place, async move |client| {
        let name = name.unwrap_or_else(|| scope.join(" ").chars().take(64).collect());
        let mut fields = json!({ "name": name, "scopes": scope });
        if let Some(days) = expires_in_days {
            fields["expires_in_days"] = days.into();
        }
        let made = client.post("/keys", Content::Json(fields)).await?;
        if json {
            return say(&line(&made));
        }
        eprintln!(
            "请求头里写 Authorization: Bearer 和这个密钥；它只显示这一次 · \
             to be sent as `Authorization: Bearer` and the key; it is shown this once:\n"
        );
        say(&format!("{}\n", clean(text(&made["key"]))))
    })
}

fn line(key: &Value) -> String {
    escaped(&key.to_string()) + "\n"
}

fn listed(keys: &[Value]) -> String {
    if keys.is_empty() {
        return "还没有 API 密钥；用 echostr api-key create 新建 · no API keys yet; make one with `echostr api-key create`\n".into();
    }
    let now = now_ms();
    let head = [
        "编号 ID",
        "名称 name",
        "权限 scopes",
        "新建 made",
        "最近使用 used",
        "状态 state",
    ];
    headed(
        head,
        keys.iter().map(|key| {
            let scopes = key["scopes"].as_array().into_iter().flatten();
            let scopes: Vec<_> = scopes.map(text).collect();
            let used = key["last_used_at_ms"].as_i64();
            [
                clean(text(&key["id"])),
                short(text(&key["name"]), 30),
                clean(&scopes.join(" ")),
                key["created_at_ms"].as_i64().map(time).unwrap_or_default(),
                used.map_or("—".into(), |used| ago(now, used)),
                state(key, now),
            ]
        }),
    )
}

fn state(key: &Value, now: i64) -> String {
    if key["revoked_at_ms"].is_i64() {
        return "已吊销 revoked".into();
    }
    match key["expires_at_ms"].as_i64() {
        Some(expires) if expires <= now => "已过期 expired".into(),
        Some(expires) => format!("有效到 valid until {}", time(expires)),
        None => "有效 valid".into(),
    }
}
