//! `echostr message`: what came, what was replied, and the whole trace of one message.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use echostr_protocol::{Document, Reply};
use serde_json::Value;

use super::client::{Found, Where, path, run as ask, say};
use super::print::{clean, escaped, facts, headed, seconds, short, table, text, time};

/// What to show.
#[derive(Subcommand)]
pub enum Action {
    /// 列出消息，新的在前 · list messages, newest first
    List(List),
    /// 一条消息的全部经过：每次投递、谁回答、用了多久 · one message: each delivery, who answered, how long it took
    Show(Show),
}

/// Which messages.
#[derive(Args)]
pub struct List {
    /// 只看这个公众号 · of this account only, by its id
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// 只看这个关注者 · of this follower only
    #[arg(long, value_name = "OPENID")]
    follower: Option<String>,
    /// 只看这一类，例如 text、image、event.subscribe · of this kind only, like `text`
    #[arg(long)]
    kind: Option<String>,
    /// 只看收到或回复的文字里有这些字的 · only where this was written or replied
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// 最多几条 · at most so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// 只看编号比它小的，用来翻页 · older than this number, to turn the page
    #[arg(long, value_name = "ID")]
    before: Option<i64>,
    /// 每行一个 JSON · one JSON object on each line
    #[arg(long)]
    json: bool,
    /// 连同收到的原文和每次投递，给 `echostr simulate replay` · each with the document as it came and its deliveries, for a replay
    #[arg(long, requires = "json")]
    source: bool,
    #[command(flatten)]
    place: Where,
}

/// Which message.
#[derive(Args)]
pub struct Show {
    /// 编号，见 list · its number, see `list`
    id: i64,
    /// 打印 JSON · print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// Prints it.
pub fn run(action: Action) -> ExitCode {
    match action {
        Action::List(list) => listed(list),
        Action::Show(Show { id, json, place }) => ask(place, async move |client| {
            let parts = ["messages", &id.to_string()];
            let message = client.get(&path(&parts, &[])).await?;
            if json {
                return say(&(escaped(&message.to_string()) + "\n"));
            }
            say(&shown(&message))
        }),
    }
}

fn listed(list: List) -> ExitCode {
    let List {
        account,
        follower,
        kind,
        search,
        limit,
        before,
        json,
        source,
        place,
    } = list;
    ask(place, async move |client| {
        let query = [
            ("account", account.clone()),
            ("follower", follower),
            ("kind", kind),
            ("q", search),
            ("before", before.map(|before| before.to_string())),
        ];
        let mut found = client.all(&["messages"], &query, limit).await?;
        if source {
            for message in &mut found.items {
                let id = message["id"].to_string();
                *message = client.get(&path(&["messages", &id], &[])).await?;
            }
        }
        if json {
            let lines = found
                .items
                .iter()
                .map(|message| escaped(&message.to_string()) + "\n");
            return say(&lines.collect::<String>());
        }
        if found.items.is_empty() {
            return client
                .say_none(account.as_deref(), "没有消息 · no messages\n")
                .await;
        }
        say(&rows(&found))
    })
}

fn rows(found: &Found) -> String {
    let head = [
        "编号 ID",
        "收到 received",
        "公众号 account",
        "关注者 follower",
        "类型 kind",
        "内容 content",
        "回复 reply",
        "谁答 by",
        "用时 after",
    ];
    let rows = found.items.iter().map(|message| {
        [
            message["id"].to_string(),
            at(&message["received_at_ms"]),
            clean(text(&message["account"])),
            short(text(&message["follower"]), 28),
            short(text(&message["kind"]), 20),
            short(content(message), 30),
            reply(message).map_or_else(|| "…".into(), |reply| short(&summary(&reply), 30)),
            short(text(&message["answered_by"]), 16),
            after(message),
        ]
    });
    let mut text = headed(head, rows);
    if let Some(next) = &found.next {
        let _ = writeln!(
            text,
            "\n更早的 · older ones: --before {}    一条的经过 · one of them: echostr message show ID",
            clean(next)
        );
    }
    text
}

fn at(at_ms: &Value) -> String {
    at_ms.as_i64().map(time).unwrap_or_default()
}

fn after(message: &Value) -> String {
    message["latency_ms"]
        .as_i64()
        .map(seconds)
        .unwrap_or_default()
}

/// What was replied; one of a later version than this command is nothing.
fn reply(message: &Value) -> Option<Reply> {
    serde_json::from_value(message["reply"].clone()).ok()
}

fn shown(message: &Value) -> String {
    let mut shown = format!("消息 {0} · message {0}\n\n", message["id"]);
    shown.push_str(&facts([
        ("公众号 account", clean(text(&message["account"]))),
        ("关注者 follower", clean(text(&message["follower"]))),
        ("类型 kind", clean(text(&message["kind"]))),
        (
            "发出 sent",
            message["created_at"]
                .as_i64()
                .map(|secs| time(secs * 1000))
                .unwrap_or_default(),
        ),
        ("收到 received", at(&message["received_at_ms"])),
    ]));
    if message["runs"].as_u64().is_some_and(|runs| runs > 1) {
        let _ = writeln!(
            shown,
            "  服务器中途停过，这条消息处理了 {0} 次 · the server stopped meanwhile, it was worked on {0} times",
            message["runs"]
        );
    }

    shown.push_str("\n收到的内容 · what came\n");
    shown.push_str(&fields(text(&message["source"])));

    shown.push_str("\n投递 · deliveries\n");
    shown.push_str(&deliveries(message));

    let sent = sent(message);
    if !sent.is_empty() {
        shown.push_str("\n客服消息 · customer-service messages\n");
        shown.push_str(&sent);
    }

    shown.push_str("\n回复 · reply\n");
    let Some(reply) = reply(message) else {
        shown.push_str("  还没有 · none yet\n");
        return shown;
    };
    shown.push_str(&facts([
        ("谁答 by", clean(text(&message["answered_by"]))),
        (
            "时间 at",
            message["replied_at"]
                .as_i64()
                .map(|secs| time(secs * 1000))
                .unwrap_or_default(),
        ),
        (
            "第几次投递 delivery",
            message["delivery"]
                .as_u64()
                .map(|number| number.to_string())
                .unwrap_or_default(),
        ),
        ("用时 after", after(message)),
    ]));
    shown.push('\n');
    for line in clean(&summary(&reply)).lines() {
        let _ = writeln!(shown, "  {line}");
    }
    shown
}

/// What of the answer was sent, a line each.
fn sent(message: &Value) -> String {
    let sent = message["sent"].as_array().map_or(&[][..], Vec::as_slice);
    let rows: Vec<_> = sent
        .iter()
        .map(|one| {
            let outcome = match text(&one["outcome"]) {
                "sent" => "已送出 sent",
                "unsure" => "不知道送到没有 nobody knows",
                _ => "平台没收 refused",
            };
            let content = &one["message"]["text"]["content"];
            let content = match content.as_str() {
                Some(content) => content.to_owned(),
                None => one["message"].to_string(),
            };
            vec![
                format!("  {}", time(one["sent_at_ms"].as_i64().unwrap_or_default())),
                outcome.to_owned(),
                short(&content, 40),
                clean(text(&one["why"])),
            ]
        })
        .collect();
    table(&rows)
}

fn deliveries(message: &Value) -> String {
    let deliveries = message["deliveries"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if deliveries.is_empty() {
        return if message["delivery"] == 1 {
            "  第一次投递就回答了 · the first one was answered at once\n"
        } else {
            "  没有记录 · none was written down\n"
        }
        .into();
    }
    let ms = |delivery: &Value, name: &str| delivery[name].as_i64().unwrap_or_default();
    let arrivals = deliveries.iter().map(|one| ms(one, "arrived_at_ms"));
    let first = arrivals.min().unwrap_or_default();
    let rows: Vec<_> = deliveries
        .iter()
        .map(|delivery| {
            let (arrived, ended_at) = (ms(delivery, "arrived_at_ms"), ms(delivery, "ended_at_ms"));
            vec![
                format!("  {}", delivery["number"]),
                time(arrived),
                format!(
                    "+{} → +{}",
                    seconds(arrived - first),
                    seconds(ended_at - first)
                ),
                clean(ended(text(&delivery["ended"]))),
            ]
        })
        .collect();
    table(&rows)
}

/// The words of `Ended`, explained.
fn ended(word: &str) -> &str {
    match word {
        "answered" => "已回答 · answered",
        "same again" => "重发同一回答 · got the same answer again",
        "closed" => "平台先断开，等下一次 · the platform closed, it will repeat",
        "given up" => "平台没断开，回 503 · the platform did not close, it got a 503",
        other => other,
    }
}

/// What a push says, in a few words.
fn content(message: &Value) -> &str {
    let telling = [
        "content",
        "recognition",
        "event_key",
        "title",
        "label",
        "pic_url",
    ];
    let texts = telling.iter().map(|name| text(&message["message"][name]));
    texts
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

/// Every field of a push that has a text, but for those that are shown anyway.
fn fields(source: &str) -> String {
    let Ok(document) = Document::parse(source.as_bytes()) else {
        return "  无法解读 · it cannot be read\n".into();
    };
    let shown = ["ToUserName", "FromUserName", "CreateTime", "MsgType"];
    let fields = document
        .root()
        .children()
        .filter(|field| !shown.contains(&field.name()));
    let rows: Vec<_> = fields
        .map(|field| {
            let value = if field.is_leaf() {
                short(field.text(), 400)
            } else {
                "…".into()
            };
            vec![format!("  {}", short(field.name(), 30)), value]
        })
        .collect();
    table(&rows)
}

fn summary(reply: &Reply) -> String {
    match reply {
        Reply::Text(text) => text.clone(),
        Reply::Image(id) => format!("[图片 image {id}]"),
        Reply::Voice(id) => format!("[语音 voice {id}]"),
        Reply::Video(video) => format!("[视频 video {} {}]", video.title, video.media_id),
        Reply::Music(music) => format!("[音乐 music {} {}]", music.title, music.music_url),
        Reply::News(articles) => articles
            .iter()
            .map(|article| format!("[图文 article {} {}]", article.title, article.url))
            .collect::<Vec<_>>()
            .join("\n"),
        Reply::TransferCustomerService(_) => "[转客服 to the desk]".into(),
        Reply::TransferBizAiIvr => "[平台 AI · the platform's AI]".into(),
        Reply::Silence => "[不回复 silence]".into(),
    }
}
