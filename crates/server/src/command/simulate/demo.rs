//! The program that answers in a trial: it echoes, and takes its time when it is asked to.
//!
//! It is a program of an owner like any other: `docs/http-bot.md`.

use std::fmt::Write as _;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use echostr::{Limits, listen};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tokio::net::TcpListener;
use tokio::time::sleep;

/// How much a follower may ask it to wait, in seconds.
const MAX_SECS: u32 = 280;
const MAX_BYTES: usize = 1 << 20;

/// What a new follower reads.
pub(super) const WELCOME: &str = "Hi~ 终于等到你\n\n\
发什么，我就回什么。也可以点这些试试：\n\
<a href=\"weixin://bizmsgmenu?msgmenucontent=等 12&msgmenuid=1\">等 12 秒再回答</a>\n\
<a href=\"weixin://bizmsgmenu?msgmenucontent=等 30&msgmenuid=2\">等 30 秒再回答</a>\n\
<a href=\"weixin://bizmsgmenu?msgmenucontent=写 20&msgmenuid=3\">边想边写，写 20 秒</a>\n\
<a href=\"weixin://bizmsgmenu?msgmenucontent=长文&msgmenuid=4\">一篇长文</a>\n\
<a href=\"weixin://bizmsgmenu?msgmenucontent=文章&msgmenuid=5\">一张图文</a>\n\n\
English: write \"wait 12\", \"write 20\", \"long\" or \"article\".";

/// The program, running until the process ends.
pub(super) struct Demo {
    port: u16,
    secret: String,
}

impl Demo {
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let key: [u8; 32] = rand::random();
        let secret = format!("whsec_{}", STANDARD.encode(key));
        let webhook = Webhook::from_bytes(key.to_vec()).expect("any bytes are a key");
        let router = Router::new()
            .fallback(receive)
            .with_state(Arc::new(webhook));
        let app = move |request| {
            let router = router.clone();
            async move {
                tower::ServiceExt::oneshot(router, request)
                    .await
                    .unwrap_or_else(|never| match never {})
            }
        };
        tokio::spawn(async move {
            listen(listener, app, &Limits::default(), std::future::pending()).await;
        });
        Ok(Self { port, secret })
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }
}

/// What comes: one message or event.
#[derive(Deserialize)]
struct Push {
    r#type: String,
    data: Value,
}

/// What is answered, and how long it takes.
#[derive(Debug, PartialEq)]
enum Said {
    /// At once.
    Json(Value),
    /// After so many seconds.
    After(u32, String),
    /// A sentence a second, so many.
    Writing(u32),
}

async fn receive(State(webhook): State<Arc<Webhook>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if webhook.verify(&body, &head.headers).is_err() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Ok(push) = serde_json::from_slice::<Push>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match said(&push) {
        Said::Json(json) => Json(json).into_response(),
        Said::After(secs, text) => {
            sleep(Duration::from_secs(secs.into())).await;
            Json(json!({ "text": text })).into_response()
        }
        Said::Writing(secs) => writing(secs),
    }
}

/// A sentence now, and one each second.
fn writing(secs: u32) -> Response {
    let sentences = stream::unfold(0, move |n| async move {
        if n > 0 {
            sleep(Duration::from_secs(1)).await;
        }
        let sentence = format!(
            "这是第 {} 句，过了 {n} 秒。它说明边写边发的回答会怎样送到。\n\n",
            n + 1
        );
        (n < secs).then(|| (Ok::<_, io::Error>(Bytes::from(sentence)), n + 1))
    });
    let mut response = Response::new(Body::from_stream(sentences));
    let markdown = axum::http::HeaderValue::from_static("text/markdown; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, markdown);
    response
}

fn said(push: &Push) -> Said {
    let text = |name: &str| {
        push.data
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let number = |name: &str| {
        push.data
            .get(name)
            .and_then(Value::as_f64)
            .unwrap_or_default()
    };
    match push.r#type.as_str() {
        "message.text" => to_text(text("content")),
        "message.image" => Said::Json(json!({ "image": text("media_id") })),
        "message.voice" => Said::Json(json!({ "voice": text("media_id") })),
        "message.location" => Said::Json(json!({
            "text": format!("您在 {}（北纬 {}，东经 {}）", text("label"), number("latitude"), number("longitude"))
        })),
        "message.link" => Said::Json(json!({ "text": format!("收到链接「{}」", text("title")) })),
        "message.unsupported" => Said::Json(
            json!({ "text": "平台没有转发这条消息的内容 · the platform does not forward these" }),
        ),
        "event.click" => to_text(text("event_key")),
        "event.scan" => {
            Said::Json(json!({ "text": format!("您扫了场景「{}」的二维码", text("scene")) }))
        }
        "event.scancode_waitmsg" => Said::Json(json!({ "text": "扫到了 · scanned" })),
        "event.subscribe" => Said::Json(json!({ "text": WELCOME })),
        _ => Said::Json(json!({ "silence": true })),
    }
}

fn to_text(content: &str) -> Said {
    let content = content.trim();
    let secs = |words: [&str; 2]| {
        let after = words.iter().find_map(|word| content.strip_prefix(word))?;
        let number: u32 = after
            .trim()
            .trim_end_matches(['秒', 's'])
            .trim()
            .parse()
            .ok()?;
        Some(number.min(MAX_SECS))
    };
    if let Some(secs) = secs(["等", "wait"]) {
        let text = format!("想了 {secs} 秒，这是回答。 · That took {secs} seconds.");
        return Said::After(secs, text);
    }
    if let Some(secs) = secs(["写", "write"]) {
        return Said::Writing(secs);
    }
    Said::Json(match content {
        "长文" | "long" => json!({ "markdown": long() }),
        "文章" | "article" => json!({ "news": [{
            "title": "没有一条回答会丢失",
            "description": "平台每次只等五秒，共投递三次；回音不会因此丢掉任何一条回答。",
            "pic_url": "",
            "url": "https://mp.weixin.qq.com/",
        }] }),
        "人工" | "desk" => json!({ "desk": true }),
        "帮助" | "help" | "?" | "？" => json!({ "text": WELCOME }),
        _ => json!({ "text": content }),
    })
}

/// More than fits into one message.
fn long() -> String {
    let mut text =
        String::from("# 一篇长文\n\n超过 2048 字节的回答会分页，点「继续」看下一页。\n\n");
    for n in 1..=40 {
        let _ = writeln!(
            text,
            "{n}. 这是第 {n} 段。微信的一条文字消息最多 2048 字节，大约六百八十个汉字，再长就要分开发送。"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &str, expected: &Said) {
        let push = Push {
            r#type: "message.text".into(),
            data: json!({ "content": content }),
        };
        assert_eq!(&said(&push), expected, "{content}");
    }

    #[test]
    fn it_waits_as_long_as_it_is_asked_to_and_echoes_the_rest() {
        let waited = |secs| {
            Said::After(
                secs,
                format!("想了 {secs} 秒，这是回答。 · That took {secs} seconds."),
            )
        };
        check("等 12", &waited(12));
        check("等30秒", &waited(30));
        check("wait 3 s", &waited(3));
        check("等 100000", &waited(MAX_SECS));
        check("写 20", &Said::Writing(20));
        check("等一下", &Said::Json(json!({ "text": "等一下" })));
        check("你好", &Said::Json(json!({ "text": "你好" })));
    }
}
