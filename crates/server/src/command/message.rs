//! `echostr message`: what came, what was replied, and the whole trace of one message.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use echostr_protocol::{Document, OpenId, Reply};
use echostr_store::{Book, DeliveryEntry, Error, MessageEntry, Messages};

use super::book::{Where, print};
use super::print::{clean, escaped, seconds, short, table, time};

/// What to show.
#[derive(Subcommand)]
pub enum Action {
    /// 列出消息，新的在前 · list messages, newest first
    List(List),
    /// 一条消息的全部经过：每次投递、谁回答、用了多久 · one message: each delivery, who answered, how long it took
    Show {
        /// 编号，见 list · its number, see `list`
        id: i64,
        /// 哪个数据文件夹 · in which data folder
        #[command(flatten)]
        place: Where,
    },
}

/// Which messages.
#[derive(Args)]
pub struct List {
    /// 只看这个公众号 · of this account only, by its id
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// 只看这个用户 · of this follower only
    #[arg(long, value_name = "OPENID")]
    follower: Option<String>,
    /// 最多几条 · at most so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
    /// 只看编号比它小的，用来翻页 · older than this number, to turn the page
    #[arg(long, value_name = "ID")]
    before: Option<i64>,
    /// 每行一个 JSON · one JSON object on each line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// Prints it.
pub fn run(action: Action) -> ExitCode {
    match action {
        Action::List(list) => {
            let which = Messages {
                account: list.account,
                follower: list.follower.map(OpenId::from),
                before: list.before,
                limit: list.limit,
            };
            print(list.place, async move |book: Book| {
                if let Some(account) = &which.account
                    && !book.knows_account(account).await?
                {
                    return Ok((unknown(account), ExitCode::FAILURE));
                }
                let messages = book.messages(&which).await?;
                let text = match (list.json, &messages[..]) {
                    (true, messages) => messages
                        .iter()
                        .map(|message| escaped(&message.json()) + "\n")
                        .collect(),
                    (false, []) => "没有消息 · no messages\n".into(),
                    (false, messages) => listed(messages, which.limit),
                };
                Ok::<_, Error>((text, ExitCode::SUCCESS))
            })
        }
        Action::Show { id, place } => print(place, async move |book: Book| {
            Ok::<_, Error>(match book.message(id).await? {
                Some((message, deliveries)) => (shown(&message, &deliveries), ExitCode::SUCCESS),
                None => (
                    format!(
                        "没有编号为 {id} 的消息，可能已经按保留天数删除 · there is no message {id}; it may have been deleted by age\n"
                    ),
                    ExitCode::FAILURE,
                ),
            })
        }),
    }
}

fn unknown(account: &str) -> String {
    let account = clean(account);
    format!(
        "没有 id 为 {account} 的公众号；id 写在设置的 [[account]] 里 · \
         there is no account with the id {account}; ids are in the settings, under [[account]]\n"
    )
}

fn listed(messages: &[MessageEntry], limit: u32) -> String {
    let head = [
        "编号 ID",
        "收到 received",
        "公众号 account",
        "用户 follower",
        "类型 kind",
        "内容 content",
        "回复 reply",
        "谁答 by",
        "用时 after",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(messages.iter().map(|message| {
        vec![
            message.id.to_string(),
            time(message.received_at_ms),
            clean(&message.account),
            short(message.follower.as_str(), 28),
            short(&message.kind, 20),
            short(&content(message), 30),
            message
                .reply
                .as_ref()
                .map_or_else(|| "…".into(), |reply| short(&summary(reply), 30)),
            short(message.answered_by.as_deref().unwrap_or_default(), 16),
            message.latency_ms.map(seconds).unwrap_or_default(),
        ]
    }));
    let mut text = table(&rows);
    if let Some(last) = messages.last()
        && messages.len() as u64 == u64::from(limit)
    {
        let _ = writeln!(
            text,
            "\n更早的 · older ones: --before {}    一条的经过 · one of them: echostr message show ID",
            last.id
        );
    }
    text
}

fn shown(message: &MessageEntry, deliveries: &[DeliveryEntry]) -> String {
    let mut text = format!("消息 {0} · message {0}\n\n", message.id);
    let facts = [
        ("公众号 account", clean(&message.account)),
        ("用户 follower", clean(message.follower.as_str())),
        ("类型 kind", clean(&message.kind)),
        ("发出 sent", time(message.created_at * 1000)),
        ("收到 received", time(message.received_at_ms)),
    ];
    let facts = facts.map(|(name, value)| vec![format!("  {name}"), value]);
    text.push_str(&table(&facts));
    if message.runs > 1 {
        let _ = writeln!(
            text,
            "  服务器中途停过，这条消息处理了 {0} 次 · the server stopped meanwhile, it was worked on {0} times",
            message.runs
        );
    }

    text.push_str("\n收到的内容 · what came\n");
    text.push_str(&fields(&message.source));

    text.push_str("\n投递 · deliveries\n");
    if deliveries.is_empty() {
        text.push_str(if message.delivery == Some(1) {
            "  第一次投递就回答了 · the first one was answered at once\n"
        } else {
            "  没有记录 · none was written down\n"
        });
    }
    let first = deliveries
        .iter()
        .map(|delivery| delivery.arrived_at_ms)
        .min()
        .unwrap_or_default();
    let rows: Vec<_> = deliveries
        .iter()
        .map(|delivery| {
            vec![
                format!("  {}", delivery.number),
                time(delivery.arrived_at_ms),
                format!(
                    "+{} → +{}",
                    seconds(delivery.arrived_at_ms - first),
                    seconds(delivery.ended_at_ms - first)
                ),
                ended(&delivery.ended).into(),
            ]
        })
        .collect();
    text.push_str(&table(&rows));

    text.push_str("\n回复 · reply\n");
    let Some(reply) = &message.reply else {
        text.push_str("  还没有 · none yet\n");
        return text;
    };
    let facts = [
        (
            "谁答 by",
            clean(message.answered_by.as_deref().unwrap_or_default()),
        ),
        (
            "时间 at",
            message
                .replied_at
                .map(|secs| time(secs * 1000))
                .unwrap_or_default(),
        ),
        (
            "第几次投递 delivery",
            message
                .delivery
                .map(|number| number.to_string())
                .unwrap_or_default(),
        ),
        (
            "用时 after",
            message.latency_ms.map(seconds).unwrap_or_default(),
        ),
    ];
    let facts = facts.map(|(name, value)| vec![format!("  {name}"), value]);
    text.push_str(&table(&facts));
    text.push('\n');
    for line in clean(&summary(reply)).lines() {
        let _ = writeln!(text, "  {line}");
    }
    text
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
fn content(message: &MessageEntry) -> String {
    let Ok(document) = Document::parse(message.source.as_bytes()) else {
        return String::new();
    };
    let telling = [
        "Content",
        "Recognition",
        "EventKey",
        "Title",
        "Label",
        "PicUrl",
    ];
    let texts = telling.iter().filter_map(|name| {
        let text = document.root().child(name)?.text();
        (!text.is_empty()).then(|| text.to_owned())
    });
    texts.into_iter().next().unwrap_or_default()
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
