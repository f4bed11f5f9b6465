//! `echostr send`: a message to a follower (客服消息).

use std::process::ExitCode;

use axum::http::HeaderValue;
use clap::Args;
use serde_json::{Value, json};

use super::call::{no_json, text_of};
use super::client::{Content, Failure, Where, path, run as ask, say};

/// What to send, and to whom.
#[derive(Args)]
pub struct Options {
    /// 公众号的 id · the account's id
    account: String,
    /// 关注者的 OpenID · the follower's OpenID
    openid: String,
    /// 文字，最多 2048 字节；- 是标准输入 · the text, at most 2048 bytes; `-` for standard input
    #[arg(required_unless_present = "json", allow_hyphen_values = true)]
    text: Option<String>,
    /// 其他种类的消息，写法见平台的文档；@文件 从文件读，- 是标准输入 · a message of any kind, as the platform's documents write it; @FILE reads a file, `-` standard input
    #[arg(long, value_name = "JSON", conflicts_with = "text")]
    json: Option<String>,
    /// 标明由 AI 生成 · mark it as made by AI
    #[arg(long)]
    ai: bool,
    /// 用哪个客服账号的名义 · the desk account in whose name it is sent
    #[arg(long, value_name = "DESK")]
    desk: Option<String>,
    /// 24 小时内，同一个 KEY 的同一条消息只发一次 · within 24 hours, the same message with the same KEY is sent once
    #[arg(long, value_name = "KEY")]
    once: Option<String>,
    #[command(flatten)]
    place: Where,
}

/// Does it.
pub fn run(options: Options) -> ExitCode {
    let Options {
        account,
        openid,
        text,
        json,
        ai,
        desk,
        once,
        place,
    } = options;
    ask(place, async move |client| {
        let mut fields = json!({ "to": openid, "is_ai": ai, "desk": desk });
        if let Some(text) = text {
            fields["text"] = if text == "-" {
                text_of("-")?.trim_end().into()
            } else {
                text.into()
            };
        }
        if let Some(json) = json {
            fields["message"] = message(&json)?;
        }
        let content = match once {
            None => Content::Json(fields),
            Some(key) => {
                let key = HeaderValue::try_from(key).map_err(|_| {
                    Failure::Usage(
                        "`--once` cannot be used: 1 to 128 printable characters without blanks are needed".into(),
                    )
                })?;
                Content::Once(fields, key)
            }
        };
        client
            .post(&path(&["accounts", &account, "messages"], &[]), content)
            .await?;
        say("已发送 · sent\n")
    })
}

fn message(json: &str) -> Result<Value, Failure> {
    let text = text_of(json)?;
    serde_json::from_str(&text).map_err(|error| no_json("消息", "the message", &text, &error))
}
