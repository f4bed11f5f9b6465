//! The `http` bot against programs that answer well, badly, slowly or not at all.

mod common;

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use echostr::protocol::{Document, Key, Message, MsgId, Music, Video, message::Text};
use echostr::{
    Account, Answer, Article, BoxError, HttpBot, Program, ProgramSecret, ProgramUrl, Reply,
};
use futures_util::stream::{self, StreamExt as _};
use http_body_util::BodyExt as _;
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use common::shop;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// A program that listens, and what it was sent.
struct Listening {
    url: String,
    received: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
}

impl Listening {
    async fn new<R: IntoResponse>(answer: impl Fn() -> R + Clone + Send + Sync + 'static) -> Self {
        let received = Arc::<Mutex<Vec<_>>>::default();
        let keep = Arc::clone(&received);
        let app = axum::Router::new().fallback(async move |request: Request| {
            let (head, body) = request.into_parts();
            let body = body.collect().await.expect("a whole body").to_bytes();
            keep.lock()
                .expect("not poisoned")
                .push((head.headers, body));
            answer().into_response()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it listens");
        tokio::spawn(async { axum::serve(listener, app).await });
        Self {
            url: format!("http://{address}/bot"),
            received,
        }
    }

    /// A program that does not speak HTTP through a library: it sends `bytes` to whoever sends a request, and closes.
    async fn raw(bytes: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it listens");
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let _ = socket.read(&mut [0; 4096]).await;
                let _ = socket.write_all(bytes).await;
            }
        });
        Self {
            url: format!("http://{address}/bot"),
            received: Arc::default(),
        }
    }

    fn n_received(&self) -> usize {
        self.received.lock().expect("not poisoned").len()
    }

    #[track_caller]
    fn one_received(&self) -> (HeaderMap, Bytes) {
        let received = self.received.lock().expect("not poisoned");
        assert_eq!(received.len(), 1);
        received[0].clone()
    }

    async fn answer(&self, message: &Message) -> Result<Reply, String> {
        whole(bot(&self.url).answer(message, &shop()).await)
            .await
            .map_err(|error| error.replace(&self.url, "URL"))
    }
}

fn program(url: &str) -> Program {
    Program {
        timeout: Duration::from_secs(20),
        ..Program::new(
            url.parse().expect("an address"),
            SECRET.parse().expect("a secret"),
        )
    }
}

fn bot(url: &str) -> HttpBot {
    HttpBot::new(program(url))
}

/// A bot whose program has little time.
fn hasty(url: &str) -> HttpBot {
    HttpBot::new(Program {
        timeout: Duration::from_millis(200),
        ..program(url)
    })
}

async fn whole(answer: Result<Answer, BoxError>) -> Result<Reply, String> {
    match answer {
        Ok(answer) => answer.whole().await.map_err(|error| chain(&*error)),
        Err(error) => Err(chain(&*error)),
    }
}

/// An error as the log shows it.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut causes = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes.join(": ")
}

fn text() -> Message {
    Text {
        to: "gh_e8df390a377e".into(),
        from: "osZFAyPrKrJBb2E3".into(),
        created_at: 1_761_069_225,
        msg_id: Some(MsgId::from("23238031123456789")),
        content: "几点开门？".into(),
        ..Text::default()
    }
    .into()
}

fn pushed(children: &str) -> Message {
    let push = format!(
        "<xml><ToUserName>gh_e8df390a377e</ToUserName><FromUserName>osZFAyPrKrJBb2E3</FromUserName>\
         <CreateTime>1761069225</CreateTime>{children}</xml>"
    );
    Message::parse(Document::parse(push.as_bytes()).expect("a push"))
}

fn event(name: &str) -> Message {
    pushed(&format!(
        "<MsgType>event</MsgType><Event>{name}</Event><EventKey></EventKey>"
    ))
}

fn of_type(content_type: &str, body: impl Into<Body>) -> Response {
    let response = Response::builder().header("content-type", content_type);
    response.body(body.into()).expect("a response")
}

/// A response whose body comes in these pieces, one chunk each.
fn in_pieces(content_type: &str, pieces: &[&[u8]]) -> Response {
    let pieces: Vec<_> = pieces
        .iter()
        .map(|piece| Ok::<_, BoxError>(Bytes::copy_from_slice(piece)))
        .collect();
    // A pause between them, or else they would be read as one.
    let pieces = stream::iter(pieces).then(async |piece| {
        tokio::task::yield_now().await;
        piece
    });
    of_type(content_type, Body::from_stream(pieces))
}

/// The program answers so; the follower gets this.
#[track_caller]
fn check(
    respond: impl Fn() -> Response + Clone + Send + Sync + 'static,
    expected: impl Into<Result<Reply, String>>,
) -> impl Future<Output = ()> {
    let expected = expected.into();
    let place = std::panic::Location::caller();
    async move {
        let answer = Listening::new(respond).await.answer(&text()).await;
        assert_eq!(answer, expected, "{place}");
    }
}

async fn check_json(json: &'static str, expected: Reply) {
    let answer = Listening::new(move || of_type("application/json", json)).await;
    assert_eq!(answer.answer(&text()).await, Ok(expected), "{json}");
}

/// What is said about JSON that cannot be used, without its beginning and the excerpt.
async fn check_bad_json(json: &'static str, expected: &str) {
    let answer = Listening::new(move || of_type("application/json", json)).await;
    let expected = if json.is_empty() {
        format!(
            "the program at URL answered with JSON that cannot be used: {expected}; nothing is in it"
        )
    } else {
        format!(
            "the program at URL answered with JSON that cannot be used: {expected}; it begins: {json}"
        )
    };
    assert_eq!(answer.answer(&text()).await, Err(expected));
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands where `fails` may stand"
)]
fn says(text: &str) -> Result<Reply, String> {
    Ok(text.into())
}

fn fails(error: &str) -> Result<Reply, String> {
    Err(format!("the program at URL {error}"))
}

#[tokio::test]
async fn what_is_sent_is_signed_json() {
    let program = Listening::new(|| StatusCode::NO_CONTENT).await;
    assert_eq!(program.answer(&text()).await, Ok(Reply::Silence));
    let (headers, body) = program.one_received();
    let signer = Webhook::new(SECRET).expect("a secret");
    signer.verify(&body, &headers).expect("it is signed");
    let other = Webhook::new("whsec_D2FVsBQIhrscChlQIMV+b5sSYspob7oD").expect("a secret");
    assert!(other.verify(&body, &headers).is_err());
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(
        headers["webhook-id"],
        "msg_d3147477ca4e552d5ee40f367c8006f6"
    );
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    let expected: Value = serde_json::from_str(
        r#"{
            "type": "message.text",
            "timestamp": "2025-10-21T17:53:45Z",
            "data": {
                "account": "shop",
                "to": "gh_e8df390a377e",
                "from": "osZFAyPrKrJBb2E3",
                "kind": "text",
                "key": "osZFAyPrKrJBb2E3 23238031123456789",
                "created_at": 1761069225,
                "msg_id": "23238031123456789",
                "msg_data_id": null,
                "idx": null,
                "business_id": null,
                "content": "几点开门？",
                "menu_id": null
            }
        }"#,
    )
    .expect("JSON");
    assert_eq!(body, expected);
}

#[tokio::test]
async fn the_id_is_that_of_the_push() {
    let program = Listening::new(|| StatusCode::NO_CONTENT).await;
    let id = async |message: &Message, account: &str| {
        let account = Account {
            id: account.into(),
            ..shop()
        };
        // Another process after a crash, say.
        let answer = bot(&program.url).answer(message, &account).await;
        answer.expect("silence");
        let received = program.received.lock().expect("not poisoned");
        let id = &received.last().expect("it was asked").0["webhook-id"];
        id.to_str().expect("ASCII").to_owned()
    };
    let first = id(&text(), "shop").await;
    assert_eq!(id(&text(), "shop").await, first);
    assert_ne!(id(&text(), "other").await, first);
    let later = pushed("<MsgType>text</MsgType><Content>几点开门？</Content><MsgId>1</MsgId>");
    assert_ne!(id(&later, "shop").await, first);
}

#[tokio::test]
async fn each_kind_has_its_type_and_its_fields() {
    let program = Listening::new(|| StatusCode::NO_CONTENT).await;
    let all = HttpBot::new(Program {
        events: true,
        ..self::program(&program.url)
    });
    let sent = async |children: &str| -> Value {
        let message = pushed(children);
        all.answer(&message, &shop()).await.expect("silence");
        let received = program.received.lock().expect("not poisoned");
        let body: Value =
            serde_json::from_slice(&received.last().expect("it was asked").1).expect("JSON");
        assert_eq!(body["data"]["key"], Key::of(&message).as_str());
        body
    };

    let image = sent(
        "<MsgType>image</MsgType><PicUrl>http://p</PicUrl><MediaId>m</MediaId><MsgId>1</MsgId>",
    )
    .await;
    assert_eq!(image["type"], "message.image");
    assert_eq!(image["data"]["pic_url"], "http://p");

    let sticker = sent(
        "<MsgType>text</MsgType><Content>【收到不支持的消息类型，暂无法显示】</Content><MsgId>1</MsgId>",
    )
    .await;
    assert_eq!(sticker["type"], "message.unsupported");
    assert_eq!(sticker["data"]["kind"], "unsupported");

    let scan = sent("<MsgType>event</MsgType><Event>SCAN</Event><EventKey>17</EventKey>").await;
    assert_eq!(scan["type"], "event.scan");
    assert_eq!(scan["data"]["kind"], "scan");
    assert_eq!(scan["data"]["scene"], "17");

    let file = "<MsgType>file</MsgType><FileTotalLen>";
    let exact = sent(&format!("{file}9007199254740991</FileTotalLen>")).await;
    assert_eq!(exact["data"]["file_total_len"], 9_007_199_254_740_991_u64);
    let rounded = sent(&format!("{file}9007199254740993</FileTotalLen>")).await;
    assert_eq!(rounded["data"]["file_total_len"], "9007199254740993");

    let new = sent("<MsgType>event</MsgType><Event>of_tomorrow</Event><A>1</A>").await;
    assert_eq!(new["type"], "event.of_tomorrow");
    let document = new["data"]["document"].as_str().expect("a text");
    assert!(document.contains("<A>1</A>"), "{document}");
    let new = sent("<MsgType>of_tomorrow</MsgType>").await;
    assert_eq!(new["type"], "unknown.of_tomorrow");

    let n_received = program.n_received();
    let ticket = pushed("<AppId>wx1</AppId><InfoType>component_verify_ticket</InfoType>");
    assert!(matches!(ticket, Message::Component(_)));
    all.answer(&ticket, &shop()).await.expect("silence");
    assert_eq!(program.n_received(), n_received, "tickets go to nobody");
}

#[tokio::test]
async fn events_are_sent_only_if_the_program_wants_them() {
    let program = Listening::new(|| of_type("text/plain", "来了")).await;
    let welcome = Reply::from(&*shop().welcome);
    assert_eq!(program.answer(&event("subscribe")).await, Ok(welcome));
    assert_eq!(program.answer(&event("CLICK")).await, Ok(Reply::Silence));
    assert_eq!(
        program.answer(&event("unsubscribe")).await,
        Ok(Reply::Silence)
    );
    assert_eq!(program.n_received(), 0);

    let all = HttpBot::new(Program {
        events: true,
        ..self::program(&program.url)
    });
    for name in ["subscribe", "CLICK"] {
        let answer = all.answer(&event(name), &shop()).await;
        assert_eq!(whole(answer).await, says("来了"));
    }
    assert_eq!(program.n_received(), 2);
}

#[tokio::test]
async fn every_form_of_json_is_an_answer() {
    check_json(r#"{"text": "九点"}"#, "九点".into()).await;
    check_json(r#"{"text": "九点", "image": null}"#, "九点".into()).await;
    check_json(r#"{"text": ""}"#, "".into()).await;
    check_json(r#"{"markdown": "九点"}"#, "九点".into()).await;
    check_json(r#"{"image": "M1"}"#, Reply::Image("M1".into())).await;
    check_json(r#"{"voice": "M2"}"#, Reply::Voice("M2".into())).await;
    let video = Video {
        media_id: "M3".into(),
        title: "店".into(),
        description: String::new(),
    };
    check_json(
        r#"{"video": {"media_id": "M3", "title": "店", "description": null}}"#,
        Reply::Video(video),
    )
    .await;
    let music = Music {
        thumb_media_id: "M4".into(),
        music_url: "https://m".into(),
        ..Music::default()
    };
    check_json(
        r#"{"music": {"thumb_media_id": "M4", "music_url": "https://m"}}"#,
        Reply::Music(music),
    )
    .await;
    let article = Article {
        title: "开门".into(),
        url: "https://a".into(),
        ..Article::default()
    };
    check_json(
        r#"{"news": [{"title": "开门", "url": "https://a"}]}"#,
        article.into(),
    )
    .await;
    check_json(r#"{"desk": true}"#, Reply::TransferCustomerService(None)).await;
    check_json(
        r#"{"desk": "kf2001@shop"}"#,
        Reply::TransferCustomerService(Some("kf2001@shop".into())),
    )
    .await;
    check_json(r#"{"ai": true}"#, Reply::TransferBizAiIvr).await;
    check_json(r#"{"silence": true}"#, Reply::Silence).await;
}

#[tokio::test]
async fn a_text_is_an_answer_whole_or_in_pieces() {
    check(|| of_type("text/plain", "九点"), says("九点")).await;
    check(
        || of_type("Text/Plain; charset=utf-8", "九点"),
        says("九点"),
    )
    .await;
    check(|| of_type("text/plain", ""), says("")).await;
    check(
        || in_pieces("text/plain", &[b"a", b"b", b"", b"c"]),
        says("abc"),
    )
    .await;
    check(
        || StatusCode::NO_CONTENT.into_response(),
        Ok(Reply::Silence),
    )
    .await;
}

#[tokio::test]
async fn markdown_is_made_readable() {
    const WRITTEN: &str = "# 营业时间\n\n- **周一**：九点\n";
    let readable = echostr::readable(WRITTEN);
    let markdown = move || of_type("text/markdown; charset=UTF-8", WRITTEN);
    check(markdown, says(&readable)).await;
    let json = serde_json::json!({ "markdown": WRITTEN }).to_string();
    let json = move || of_type("application/json", json.clone());
    check(json, says(&readable)).await;
    let events = WRITTEN.split('\n').map(|line| format!("data: {line}\n"));
    let events: String = events.chain(["\n".into()]).collect();
    let events = move || of_type("text/event-stream", events.clone());
    check(events, says(&readable)).await;
}

#[tokio::test]
async fn a_stream_is_there_before_it_ends() {
    let program = Listening::new(|| {
        let first = stream::once(async { Ok::<_, BoxError>(Bytes::from_static("先".as_bytes())) });
        of_type(
            "text/plain",
            Body::from_stream(first.chain(stream::pending())),
        )
    })
    .await;
    let answer = bot(&program.url).answer(&text(), &shop()).await;
    assert!(matches!(answer, Ok(Answer::Text(_))), "{answer:?}");
}

#[tokio::test]
async fn characters_that_are_cut_between_chunks_are_joined() {
    const TEXT: &str = "a好🙂é";
    for content_type in ["text/plain", "text/markdown", "text/event-stream"] {
        for size in 1..TEXT.len() {
            let body = if content_type == "text/event-stream" {
                format!("data: {TEXT}\n\n")
            } else {
                TEXT.to_owned()
            };
            let respond = move || {
                let pieces: Vec<_> = body.as_bytes().chunks(size).collect();
                in_pieces(content_type, &pieces)
            };
            check(respond, says(TEXT)).await;
        }
    }
}

#[tokio::test]
async fn events_carry_pieces_of_a_text() {
    let check = async |events: &'static str, expected: Result<Reply, String>| {
        let program = Listening::new(move || of_type("text/event-stream", events)).await;
        assert_eq!(program.answer(&text()).await, expected, "{events:?}");
    };
    check("data: 九\n\ndata: 点\n\n", says("九点")).await;
    check("data: 九\r\n\r\ndata: 点\r\n\r\n", says("九点")).await;
    check(
        ": wait\n\nid: 1\nevent: delta\ndata: 九点\n\n",
        says("九点"),
    )
    .await;
    check("data: a\ndata: b\n\ndata:  c\n\n", says("a\nb c")).await;
    check("data: 九点\n\ndata: [DONE]\n\ndata: more\n\n", says("九点")).await;
    // The blank line after the last one is missing.
    check("data: 九\n\ndata: 点", says("九点")).await;
    check("", says("")).await;
    check(
        "data: 九\n\nevent: error\ndata: out of\ndata: tokens\n\n",
        fails("ended with an `error` event: out of tokens"),
    )
    .await;
}

#[tokio::test]
async fn an_answer_with_another_status_or_type_is_refused() {
    check(
        || {
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Traceback:\n\n  \u{7}division\u{0}\n",
            )
                .into_response()
        },
        fails("answered with status 500, 200 or 204 is needed; it begins: Traceback: division"),
    )
    .await;
    check(
        || (StatusCode::ACCEPTED, "").into_response(),
        fails("answered with status 202, 200 or 204 is needed; nothing is in it"),
    )
    .await;
    check(
        || of_type("text/html; charset=utf-8", "<p>九点</p>"),
        fails(
            "answered with content type `text/html`; application/json, text/plain, text/markdown and text/event-stream \
             can be read; it begins: <p>九点</p>",
        ),
    )
    .await;
    check(
        || Response::new(Body::empty()),
        fails(
            "answered without `Content-Type`; application/json, text/plain, text/markdown and text/event-stream \
             can be read, status 204 is silence; nothing is in it",
        ),
    )
    .await;
    let long = || (StatusCode::BAD_REQUEST, "好".repeat(100_000)).into_response();
    let begins = "好".repeat(200);
    check(
        long,
        fails(&format!(
            "answered with status 400, 200 or 204 is needed; it begins: {begins}"
        )),
    )
    .await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Listening::new(|| of_type("text/plain", "九点")).await;
    let url = elsewhere.url.clone();
    let respond = move || {
        (
            StatusCode::TEMPORARY_REDIRECT,
            [("location", url.clone())],
            "",
        )
            .into_response()
    };
    let error = "answered with the redirect 307, which is not followed; give the address that it leads to; \
                 nothing is in it";
    check(respond, fails(error)).await;
    assert_eq!(elsewhere.n_received(), 0);
}

#[tokio::test]
async fn json_that_is_no_answer_is_refused() {
    check_bad_json("", "EOF while parsing a value at line 1 column 0").await;
    check_bad_json("九点", "expected value at line 1 column 1").await;
    check_bad_json("\"九点\"", "an object is needed, like {\"text\": \"…\"}").await;
    check_bad_json("[]", "an object is needed, like {\"text\": \"…\"}").await;
    let names =
        "`text`, `markdown`, `image`, `voice`, `video`, `music`, `news`, `desk`, `ai`, `silence`";
    check_bad_json("{}", &format!("it is empty, one is needed of {names}")).await;
    check_bad_json(
        "{\"reply\": 1}",
        &format!("`reply` is not known; there are {names}"),
    )
    .await;
    check_bad_json(
        "{\"text\": \"\", \"ai\": true}",
        "it has `ai` and `text`, exactly one member is needed",
    )
    .await;
    check_bad_json("{\"text\": 9}", "`text` is something else than a text").await;
    check_bad_json(
        "{\"image\": \"\"}",
        "`image` is something else than a media id",
    )
    .await;
    check_bad_json("{\"video\": {}}", "`video` has no `media_id`").await;
    check_bad_json(
        "{\"video\": {\"media_id\": 1}}",
        "`video`: invalid type: integer `1`, expected a string",
    )
    .await;
    check_bad_json(
        "{\"video\": \"M3\"}",
        "`video` is something else than an object with `media_id`, `title`, `description`",
    )
    .await;
    check_bad_json("{\"music\": {}}", "`music` has no `thumb_media_id`").await;
    check_bad_json(
        "{\"music\": {\"url\": \"\"}}",
        "`url` in `music` is not known; there are `title`, `description`, `music_url`, `hq_music_url`, `thumb_media_id`",
    )
    .await;
    let articles = "`news` is something else than a list of objects with `title`, `description`, `pic_url`, `url`";
    check_bad_json("{\"news\": []}", articles).await;
    check_bad_json("{\"news\": [1]}", articles).await;
    check_bad_json(
        "{\"news\": [{\"picurl\": \"\"}]}",
        "`picurl` in `news` is not known; there are `title`, `description`, `pic_url`, `url`",
    )
    .await;
    check_bad_json(
        "{\"desk\": false}",
        "`desk` is something else than `true` or the account of an agent",
    )
    .await;
    check_bad_json(
        "{\"silence\": 1}",
        "`silence` is something else than `true`",
    )
    .await;
}

#[tokio::test]
async fn what_is_too_long_is_refused() {
    const MOST: usize = 256 * 1024;
    let longest = || of_type("text/plain", "x".repeat(MOST));
    check(longest, says(&"x".repeat(MOST))).await;
    let longer = || of_type("text/plain", "x".repeat(MOST + 1));
    let program = Listening::new(longer).await;
    let error = bot(&program.url).answer(&text(), &shop()).await.err();
    let error = error.expect("its length is known").to_string();
    assert!(
        error.ends_with("answered with more than 262144 bytes"),
        "{error}"
    );

    // Nobody knows how long these become.
    let endless = |content_type: &'static str, piece: &'static str| {
        move || {
            let piece = Bytes::from(piece.repeat(100));
            let pieces = stream::repeat_with(move || Ok::<_, BoxError>(piece.clone()));
            of_type(content_type, Body::from_stream(pieces))
        }
    };
    let too_long = |most: &str| fails(&format!("answered with more than {most} bytes"));
    check(endless("text/plain", "好好好"), too_long("262144")).await;
    check(endless("application/json", "[[[["), too_long("1048576")).await;
    check(
        endless("text/event-stream", ": wait\n\n"),
        too_long("1048576"),
    )
    .await;
    check(
        endless("text/event-stream", "data: xxxx"),
        too_long("1048576"),
    )
    .await;
    check(
        endless("text/event-stream", "data: 好好好好好好好好好好\n\n"),
        fails("sent a text of more than 262144 bytes"),
    )
    .await;
    let long = serde_json::json!({ "text": "x".repeat(MOST + 1) }).to_string();
    let program = Listening::new(move || of_type("application/json", long.clone())).await;
    let error = program.answer(&text()).await.expect_err("it is too long");
    assert!(
        error.contains("the text has 262145 bytes, at most 262144 are allowed"),
        "{error}"
    );
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_refused() {
    const GBK: &[u8] = &[0xbe, 0xc5, 0xb5, 0xe3];
    let error = || fails("sent a text that is not UTF-8");
    check(|| of_type("text/plain; charset=gbk", GBK), error()).await;
    // The beginning of a character at the end.
    check(|| of_type("text/plain", &b"\xe5\xa5"[..]), error()).await;
    check(
        || of_type("text/event-stream", &b"data: \xbe\xc5\n\n"[..]),
        error(),
    )
    .await;
}

#[tokio::test]
async fn a_program_that_does_not_answer_in_time_is_given_up() {
    let check = async |program: Listening, expected: &str| {
        let start = Instant::now();
        let answer = whole(hasty(&program.url).answer(&text(), &shop()).await).await;
        let error = answer.expect_err("it is late").replace(&program.url, "URL");
        assert_eq!(error, format!("the program at URL {expected}"));
        assert!(start.elapsed() < Duration::from_secs(10), "{expected}");
    };
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", silent.local_addr().expect("it listens"));
    let silent_program = Listening {
        url,
        received: Arc::default(),
    };
    check(silent_program, "did not answer within 0.2 s").await;

    let stopping = |content_type: &'static str, begin: &'static str| {
        Listening::new(move || {
            let begin = stream::once(async move { Ok::<_, BoxError>(Bytes::from(begin)) });
            let body = begin.chain(stream::pending());
            of_type(content_type, Body::from_stream(body))
        })
    };
    let late = "did not send all of its answer within 0.2 s";
    check(stopping("application/json", "{\"text\":").await, late).await;
    let late = "sent nothing more of its text for 0.2 s";
    check(stopping("text/plain", "九").await, late).await;
    check(stopping("text/event-stream", "data: 九\n\n").await, late).await;
}

#[tokio::test]
async fn a_stream_may_take_longer_than_the_time_for_a_piece() {
    let program = Listening::new(|| {
        let pieces = stream::iter(0..8).then(async |n| {
            tokio::time::sleep(Duration::from_millis(60)).await;
            Ok::<_, BoxError>(Bytes::from(n.to_string()))
        });
        of_type("text/plain", Body::from_stream(pieces))
    })
    .await;
    let answer = hasty(&program.url).answer(&text(), &shop()).await;
    assert_eq!(whole(answer).await, says("01234567"));
}

#[tokio::test]
async fn a_program_that_breaks_off_is_named() {
    const CUT: &[u8] =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 99\r\n\r\nabc";
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/bot", closed.local_addr().expect("it listens"));
    drop(closed);
    let answer = bot(&url).answer(&text(), &shop()).await;
    let error = whole(answer).await.expect_err("nobody listens");
    let expected = format!(
        "cannot connect to the program at {url}; does it run?: Connection refused (os error "
    );
    assert!(error.starts_with(&expected), "{error}");

    let check = async |bytes: &'static [u8], expected: &str| {
        let error = Listening::raw(bytes).await.answer(&text()).await;
        let error = error.expect_err("it breaks off");
        assert_eq!(
            error,
            format!("the call of the program at URL broke off: {expected}")
        );
    };
    check(b"", "connection closed before message completed").await;
    check(
        b"220 mail.example.com ESMTP\r\n",
        "invalid HTTP version parsed",
    )
    .await;
    check(CUT, "end of file before message length reached").await;
}

#[tokio::test]
async fn neither_secret_nor_query_is_ever_shown() {
    // The program answers with all it knows.
    let program = Listening::new(|| {
        let page = format!("secret={SECRET} key={}", &SECRET["whsec_".len()..]);
        (StatusCode::BAD_GATEWAY, page).into_response()
    })
    .await;
    let url = format!("{}?token=PlantedQuery", program.url);
    let bot = bot(&url);
    let error = bot.answer(&text(), &shop()).await.expect_err("502");
    let nobody = self::bot("http://127.0.0.1:1/?token=PlantedQuery");
    let unreached = nobody.answer(&text(), &shop()).await.expect_err("refused");
    let said = format!(
        "{error} {error:?} {} {unreached:?} {bot:?} {bot:#?} {:?}",
        chain(&*unreached),
        self::program(&url)
    );
    assert!(said.contains("key=***"), "{said}");
    assert!(!said.contains("Planted"), "{said}");
    assert!(!said.contains(&SECRET["whsec_".len()..]), "{said}");
}

#[test]
fn an_address_that_cannot_be_called_is_refused() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let error = text.parse::<ProgramUrl>().expect_err("a bad address");
        assert_eq!(
            error.to_string(),
            format!("the program's address {expected}")
        );
    }
    check("", "is empty; write for example `http://127.0.0.1:9000/`");
    check(
        "127.0.0.1:9000",
        "is `127.0.0.1:9000`, `http://` or `https://` is needed at the beginning",
    );
    check(
        "ftp://a?token=Planted",
        "is `ftp://a`, `http://` or `https://` is needed at the beginning",
    );
    check(
        "http://me:Planted@a/",
        "has a user name or a password in it; leave them out, the signature is what proves a call",
    );
    check(
        "http://a/#b",
        "is `http://a/`, leave out the `#` and what follows it",
    );
    check("http://", "is `http://`, which is no address: empty host");
    check(
        "http://a:99999/",
        "is `http://a:99999/`, which is no address: invalid port number",
    );
    check(
        "ftp://me:Planted@a/",
        "is `a/`, `http://` or `https://` is needed at the beginning",
    );
    let at: ProgramUrl = "http://a/@bot".parse().expect("an address");
    assert_eq!(at.to_string(), "http://a/@bot");
    let url: ProgramUrl = " https://bot.example.com:8443/a/b?c=d "
        .parse()
        .expect("an address");
    assert_eq!(url.to_string(), "https://bot.example.com:8443/a/b");
    assert_eq!(format!("{url:?}"), "https://bot.example.com:8443/a/b");
}

#[test]
fn a_secret_that_cannot_sign_is_refused() {
    const MAKE: &str = "; make one with: echo \"whsec_$(openssl rand -base64 32)\"";
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let error = text.parse::<ProgramSecret>().expect_err("a bad secret");
        assert_eq!(
            error.to_string(),
            format!("the program's secret {expected}{MAKE}")
        );
    }
    check("", "does not begin with `whsec_`");
    check(
        "C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "does not begin with `whsec_`",
    );
    check("whsec_Planted!", "is not base64 after its `whsec_`");
    check("whsec_", "has 0 bytes, 24 to 64 are allowed");
    check(
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7o=",
        "has 23 bytes, 24 to 64 are allowed",
    );
    let long = format!("whsec_{}", "QUFB".repeat(22));
    check(&long, "has 66 bytes, 24 to 64 are allowed");
    let secret: ProgramSecret = format!(" {SECRET}\n").parse().expect("a secret");
    assert_eq!(format!("{secret:?}"), "***");
}

#[tokio::test]
async fn https_needs_no_installed_provider() {
    let program = Listening::new(|| of_type("text/plain", "九点")).await;
    let url = program.url.replace("http://", "https://");
    let error = bot(&url).answer(&text(), &shop()).await;
    let error = error.expect_err("it speaks no TLS").to_string();
    assert!(error.contains(&url), "{error}");
}
