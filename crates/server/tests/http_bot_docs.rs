//! `docs/http-bot.md` tells the truth: it quotes the programs that are tested, shows the request that is sent, and names
//! fields and answers that exist.

mod common;

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::HeaderMap;
use common::{Folder, run, token};
use echostr::protocol::Document;
use echostr::{Account, Answer, BoxError, HttpBot, Message, Program};
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::net::TcpListener;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path);
    fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// The Chinese and the English half.
fn halves() -> [String; 2] {
    let document = read("docs/http-bot.md");
    let (_, both) = document.split_once("\n## 中文\n").expect("two halves");
    let (chinese, english) = both.split_once("\n## English\n").expect("two halves");
    [chinese.to_owned(), english.to_owned()]
}

/// The fenced blocks: language and text.
fn blocks(half: &str) -> Vec<(&str, &str)> {
    let blocks = half.split("```").skip(1).step_by(2);
    let blocks = blocks.map(|block| block.split_once('\n').expect("it names its language"));
    blocks.collect()
}

#[track_caller]
fn block<'a>(half: &'a str, mark: &str) -> &'a str {
    let found = blocks(half)
        .into_iter()
        .find(|(_, text)| text.contains(mark));
    found.unwrap_or_else(|| panic!("no block has `{mark}`")).1
}

/// The texts between backticks in the cells of each row whose first cell begins with `beginning`.
fn rows<'a>(half: &'a str, beginning: &str) -> Vec<Vec<&'a str>> {
    let quoted = |row: &'a str| row.split('`').skip(1).step_by(2).collect::<Vec<_>>();
    let rows = half.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        // What explains may quote as well.
        let cells: Vec<&str> = row.splitn(4, " | ").collect();
        quoted(&row[..cells[0].len() + " | ".len() + cells[1].len()])
    })
    .filter(|row| row[0].starts_with(beginning))
    .collect()
}

/// A program that remembers what it got and always answers the same.
async fn listening(json: &str) -> (HttpBot, Arc<Mutex<Option<(HeaderMap, Bytes)>>>) {
    let received = Arc::<Mutex<Option<_>>>::default();
    let keep = Arc::clone(&received);
    let json = json.to_owned();
    let app = axum::Router::new().fallback(async move |headers: HeaderMap, body: Bytes| {
        *keep.lock().expect("not poisoned") = Some((headers, body));
        ([("content-type", "application/json")], json)
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("it listens"));
    tokio::spawn(async { axum::serve(listener, app).await });
    let program = Program::new(
        url.parse().expect("an address"),
        SECRET.parse().expect("a secret"),
    );
    let bot = HttpBot::new(Program {
        events: true,
        ..program
    });
    (bot, received)
}

async fn ask(bot: &HttpBot, push: &str) -> Result<Answer, BoxError> {
    let message = Message::parse(Document::parse(push.as_bytes()).expect("a push"));
    bot.answer(&message, &Account::new("shop", token("S1qJ0JoQmYfy")))
        .await
}

fn push(children: &str) -> String {
    format!(
        "<xml><ToUserName>gh_e8df390a377e</ToUserName><FromUserName>osZFAyPrKrJBb2E3</FromUserName>\
         <CreateTime>1761069225</CreateTime>{children}</xml>"
    )
}

#[test]
fn both_halves_have_the_same_parts() {
    let [chinese, english] = &halves();
    assert!(blocks(chinese).len() >= 8);
    assert_eq!(blocks(chinese), blocks(english));
    let headings = |half: &str| half.matches("\n### ").count();
    assert!(headings(chinese) > 10);
    assert_eq!(headings(chinese), headings(english));
    for beginning in [
        "data.",
        "message.",
        "event.",
        "{\"",
        "text/",
        "application/",
    ] {
        let names = |half| -> Vec<_> {
            let rows = rows(half, beginning).into_iter();
            rows.map(|row| row[0]).collect()
        };
        assert_eq!(names(chinese), names(english));
        assert!(!names(chinese).is_empty(), "{beginning}");
    }
}

#[test]
fn the_programs_are_the_files() {
    for half in halves() {
        for (mark, file) in [("def do_POST", "bot.py"), ("async function", "bot.mjs")] {
            assert_eq!(block(&half, mark), read(&format!("docs/http-bot/{file}")));
        }
    }
}

#[test]
fn the_settings_are_in_order_once_the_secret_is_written() {
    let folder = Folder::new();
    let [half, _] = halves();
    let shown = block(&half, "[[account]]");
    let check = |settings: &str| {
        folder.write("bot.toml", settings);
        let output = run(&folder, &["config", "check", "bot.toml"]);
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert_eq!(check(&shown.replace("whsec_…", SECRET)), "");
    // Nobody runs with a secret that is known to everybody.
    let faults = check(shown);
    assert!(
        faults.contains("is not base64 after its `whsec_`"),
        "{faults}"
    );
}

#[tokio::test]
async fn the_request_is_what_is_sent_and_its_signature_is_right() {
    let [half, _] = halves();
    let (head, body) = block(&half, "POST /").split_once("\n\n").expect("a body");
    let body = body.trim_end();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(other, _)| *other == name);
        found.unwrap_or_else(|| panic!("no `{name}`")).1
    };

    let (bot, received) = listening("{\"silence\": true}").await;
    let text = push(
        "<MsgType>text</MsgType><Content>几点开门？</Content><MsgId>23238031123456789</MsgId>",
    );
    ask(&bot, &text).await.expect("silence");
    let (headers, sent) = received
        .lock()
        .expect("not poisoned")
        .take()
        .expect("a call");
    assert_eq!(String::from_utf8_lossy(&sent), body);
    for name in ["webhook-id", "Content-Type"] {
        assert_eq!(headers[name], header(name));
    }
    assert!(half.contains(SECRET), "the secret of the example is named");
    let signer = Webhook::new(SECRET).expect("a secret");
    let timestamp = header("webhook-timestamp").parse().expect("seconds");
    let signature = signer.sign(header("webhook-id"), timestamp, body.as_bytes());
    assert_eq!(signature.expect("UTF-8"), header("webhook-signature"));
}

#[tokio::test]
async fn every_answer_can_be_given() {
    let [half, _] = halves();
    let answers = rows(&half, "{\"");
    assert!(answers.len() > 10);
    let text = push("<MsgType>text</MsgType><Content>几点开门？</Content><MsgId>1</MsgId>");
    for answer in answers {
        let (bot, _) = listening(answer[0]).await;
        let answered = ask(&bot, &text).await;
        assert!(answered.is_ok(), "{}: {answered:?}", answer[0]);
    }
}

#[tokio::test]
async fn every_field_exists() {
    let (bot, received) = listening("{\"silence\": true}").await;
    let sent = async |kind: &str| -> Value {
        let push = push(&match kind.split_once('.').expect("two parts") {
            ("event", event) => format!("<MsgType>event</MsgType><Event>{event}</Event>"),
            (_, "unsupported") => "<MsgType>text</MsgType><MsgId>1</MsgId>\
                                   <Content>【收到不支持的消息类型，暂无法显示】</Content>"
                .into(),
            (_, message) => format!("<MsgType>{message}</MsgType><MsgId>1</MsgId>"),
        });
        ask(&bot, &push).await.expect("silence");
        let (_, body) = received
            .lock()
            .expect("not poisoned")
            .take()
            .expect("a call");
        serde_json::from_slice(&body).expect("JSON")
    };
    for half in halves() {
        for row in [rows(&half, "message."), rows(&half, "event.")].concat() {
            let body = sent(row[0]).await;
            assert_eq!(body["type"], row[0]);
            for field in &row[1..] {
                assert!(body["data"].get(field).is_some(), "{row:?}: {body}");
            }
        }
        let text = sent("message.text").await;
        for row in rows(&half, "data.") {
            let field = row[0].strip_prefix("data.").expect("it begins so");
            assert!(text["data"].get(field).is_some(), "{row:?}: {text}");
        }
    }
}
