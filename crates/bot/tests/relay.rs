//! The `relay` bot: what the other server gets, what its answers become, and what happens when there is none.

mod common;

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use echostr::protocol::{
    Article, Document, Element, EncodingAesKey, MAX_BYTES, Message, Music, Query, Token, Video,
    seal,
};
use echostr::{Account, Bot, BoxError, Context, Mode, Relay, RelayBot, Reply, Sealing};
use echostr_simulator::{Clock, GH_ID, Push, Shown};
use futures_util::stream::{self, StreamExt as _};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use common::{message, modes, shop, soon};

const TOKEN: &str = "TheirOwnToken1";
const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2D";
const PREVIOUS_KEY: &str = "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcbA";
const APP_ID: &str = "wxfedcba9876543210";

/// What the other server was sent.
#[derive(Clone)]
struct Received {
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

/// A server that listens as if the platform called it.
struct Other {
    url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Other {
    async fn new<R: IntoResponse + Send>(
        answer: impl Fn() -> R + Clone + Send + Sync + 'static,
    ) -> Self {
        Self::slow(move || std::future::ready(answer())).await
    }

    async fn slow<F: Future<Output = R> + Send, R: IntoResponse>(
        answer: impl Fn() -> F + Clone + Send + Sync + 'static,
    ) -> Self {
        let received = Arc::<Mutex<Vec<_>>>::default();
        let keep = Arc::clone(&received);
        let app = axum::Router::new().fallback(async move |request: Request| {
            let (head, body) = request.into_parts();
            let body = body.collect().await.expect("a whole body").to_bytes();
            keep.lock().expect("not poisoned").push(Received {
                uri: head.uri,
                headers: head.headers,
                body,
            });
            answer().await.into_response()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it listens");
        tokio::spawn(async { axum::serve(listener, app).await });
        Self {
            url: format!("http://{address}/wx.php?who=shop"),
            received,
        }
    }

    /// One that sends `bytes` to whoever sends a request, and closes.
    async fn raw(bytes: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it listens");
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let _ = socket.read(&mut [0; 8192]).await;
                let _ = socket.write_all(bytes).await;
            }
        });
        Self {
            url: format!("http://{address}/wx.php?who=shop"),
            received: Arc::default(),
        }
    }

    fn relay(&self, mode: Mode) -> Relay {
        Relay {
            mode,
            timeout: Duration::from_secs(20),
            ..Relay::new(self.url.parse().expect("an address"), token())
        }
    }

    fn bot(&self, mode: Mode) -> RelayBot {
        RelayBot::new(self.relay(mode))
    }

    fn n_received(&self) -> usize {
        self.received.lock().expect("not poisoned").len()
    }

    #[track_caller]
    fn one_received(&self) -> Received {
        let received = self.received.lock().expect("not poisoned");
        assert_eq!(received.len(), 1);
        received[0].clone()
    }

    /// What is answered to a text, an error as the log shows it, without the address.
    async fn answer(&self, mode: Mode) -> Result<Reply, String> {
        let (url, _) = self.url.split_once('?').expect("a query");
        let answer = self.bot(mode).answer(&text()).await;
        answer.map_err(|error| chain(&*error).replace(url, "URL"))
    }
}

impl Received {
    /// Checks all signatures and opens the body, as `Account` does with the platform's own pushes.
    fn document(&self, mode: Mode) -> String {
        let account = Account {
            mode,
            ..Account::new("theirs", token())
        };
        let query = Query::parse(self.uri.query().expect("a query"));
        let token = account.verify(&query).expect("it is signed");
        let push = account.open(token, &query, &self.body).expect("it opens");
        push.message.document().source().to_owned()
    }

    fn body(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    fn parameters(&self) -> Vec<&str> {
        let pairs = self.uri.query().unwrap_or_default().split('&');
        pairs
            .map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name))
            .collect()
    }
}

fn token() -> Token {
    TOKEN.parse().expect("a token")
}

fn key(key: &str) -> EncodingAesKey {
    key.parse().expect("a key")
}

fn sealing() -> Sealing {
    Sealing {
        app_id: APP_ID.into(),
        key: key(KEY),
        previous_key: None,
    }
}

fn their_modes() -> [Mode; 3] {
    [
        Mode::Plain,
        Mode::Compatible(sealing()),
        Mode::Safe(sealing()),
    ]
}

fn sealed_by(token: &str, key: &str, app_id: &str, document: &str) -> String {
    seal(
        &self::key(key),
        &token.parse().expect("a token"),
        &app_id.into(),
        document,
        *b"0123456789abcdef",
        1_761_069_226,
        "1320562132",
    )
}

fn sealed(document: &str) -> String {
    sealed_by(TOKEN, KEY, APP_ID, document)
}

fn text() -> Message {
    message(&Push::text("几点开门？ ]]> <b>"))
}

fn pushed(document: &str) -> Message {
    Message::parse(Document::parse(document.as_bytes()).expect("a push"))
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

/// A reply as another server writes it: sender and receiver are whoever it thinks.
fn written(children: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[oNobody]]></ToUserName><FromUserName><![CDATA[gh_other]]></FromUserName>\
         <CreateTime>12345678</CreateTime>{children}</xml>"
    )
}

fn says(content: &str) -> String {
    written(&format!(
        "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{content}]]></Content>"
    ))
}

/// An account whose pushes all go to the other server.
fn bot(relay: RelayBot, account: Account) -> Bot {
    let account = Account {
        own_bot: Some(Arc::new(relay)),
        ..account
    };
    Bot::new()
        .on(
            async |_: Message, account: Arc<Account>, context: Context| {
                let own = account.own_bot.as_ref().expect("a relay");
                own.answer(&context).await
            },
        )
        .account(account)
}

#[tokio::test]
async fn the_other_server_gets_what_the_platform_would_send() {
    let text = text();
    let source = text.document().source();
    for mode in their_modes() {
        let other = Other::new(|| "success").await;
        let answer = other.bot(mode.clone()).answer(&text).await;
        assert_eq!(answer.expect("an answer"), Reply::Silence);
        let received = other.one_received();
        assert_eq!(received.uri.path(), "/wx.php");
        assert_eq!(received.headers["content-type"], "text/xml");
        assert_eq!(received.document(mode.clone()), source);
        let clear = ["who", "signature", "timestamp", "nonce", "openid"];
        let from = format!("openid={}", echostr_simulator::FOLLOWER);
        assert!(received.uri.query().expect("a query").contains(&from));
        match mode {
            Mode::Plain => {
                assert_eq!(received.parameters(), clear);
                assert_eq!(received.body(), source);
            }
            Mode::Compatible(_) => {
                let both = [&clear[..], &["encrypt_type", "msg_signature"]].concat();
                assert_eq!(received.parameters(), both);
                let (before, after) = received.body().split_once("<Encrypt>").expect("sealed");
                let (_, after) = after.split_once("</Encrypt>").expect("sealed");
                assert_eq!(format!("{before}{after}"), source);
            }
            Mode::Safe(_) => {
                let both = [&clear[..], &["encrypt_type", "msg_signature"]].concat();
                assert_eq!(received.parameters(), both);
                let body = Document::parse(&received.body).expect("a document");
                let children: Vec<_> = body.root().children().map(Element::name).collect();
                assert_eq!(children, ["ToUserName", "Encrypt"]);
                assert_eq!(body.root().child("ToUserName").expect("one").text(), GH_ID);
            }
        }
    }
}

#[tokio::test]
async fn its_answer_comes_under_our_envelope_in_all_modes() {
    for (ours, platforms) in modes() {
        for theirs in their_modes() {
            let answer = match theirs {
                Mode::Plain => says("九点"),
                _ => sealed(&says("九点")),
            };
            let other = Other::new(move || answer.clone()).await;
            let account = Account {
                mode: ours.clone(),
                ..shop()
            };
            let bot = bot(other.bot(theirs.clone()), account);
            let address = common::listen(bot.router().expect("all states")).await;
            let url = format!("http://{address}/mp/shop");
            let platform = common::platform(&url, platforms.clone());
            let outcome = platform.push(&Push::text("几点开门？")).await;
            assert_eq!(
                common::text_shown(&outcome.shown),
                "九点",
                "{ours:?} {theirs:?}"
            );
            // Sender and receiver are those of the push: the simulator's judge has checked it.
            assert_eq!(other.n_received(), 1);
            other.one_received().document(theirs);
        }
    }
}

#[tokio::test]
async fn every_kind_of_reply_keeps_its_meaning() {
    let media = |kind: &str, element: &str| {
        format!("<MsgType>{kind}</MsgType><{element}><MediaId>m-1</MediaId></{element}>")
    };
    let article = |title: &str| Article {
        title: title.into(),
        description: "d".into(),
        pic_url: "http://p/1?a=1&b=2".into(),
        url: "http://u/1".into(),
    };
    let item = |title: &str| {
        format!(
            "<item><Title>{title}</Title><Description>d</Description>\
             <PicUrl><![CDATA[http://p/1?a=1&b=2]]></PicUrl><Url>http://u/1</Url></item>"
        )
    };
    let long = "回".repeat(5000);
    let cases = [
        ("<MsgType>text</MsgType><Content><![CDATA[ a <b> ]]]]><![CDATA[> ]]></Content>".to_owned(), Reply::from(" a <b> ]]> ")),
        (format!("<MsgType>text</MsgType><Content>{long}</Content>"), Reply::from(&*long)),
        (media("image", "Image"), Reply::Image("m-1".into())),
        (media("voice", "Voice"), Reply::Voice("m-1".into())),
        (
            "<MsgType>video</MsgType><Video><MediaId>m-1</MediaId><Title>t</Title><Description>d</Description></Video>".into(),
            Reply::Video(Video { media_id: "m-1".into(), title: "t".into(), description: "d".into() }),
        ),
        (
            "<MsgType>music</MsgType><Music><Title>t</Title><Description>d</Description><MusicUrl>http://m</MusicUrl>\
             <HQMusicUrl>http://h</HQMusicUrl><ThumbMediaId>c-1</ThumbMediaId></Music>".into(),
            Reply::Music(Music {
                title: "t".into(),
                description: "d".into(),
                music_url: "http://m".into(),
                hq_music_url: "http://h".into(),
                thumb_media_id: "c-1".into(),
            }),
        ),
        (
            format!("<MsgType>news</MsgType><ArticleCount>2</ArticleCount><Articles>{}{}</Articles>", item("a"), item("b")),
            Reply::News(vec![article("a"), article("b")]),
        ),
        ("<MsgType>transfer_customer_service</MsgType>".into(), Reply::TransferCustomerService(None)),
        (
            "<MsgType>transfer_customer_service</MsgType><TransInfo><KfAccount>a@b</KfAccount></TransInfo>".into(),
            Reply::TransferCustomerService(Some("a@b".into())),
        ),
        ("<MsgType>transfer_biz_ai_ivr</MsgType>".into(), Reply::TransferBizAiIvr),
    ];
    for (children, expected) in cases {
        let document = written(&children);
        for (mode, answer) in [
            (Mode::Plain, document.clone()),
            (Mode::Compatible(sealing()), document.clone()),
            (Mode::Compatible(sealing()), sealed(&document)),
            (Mode::Safe(sealing()), sealed(&document)),
        ] {
            let other = Other::new(move || answer.clone()).await;
            assert_eq!(other.answer(mode).await, Ok(expected.clone()));
        }
    }
    // Neither sender, receiver nor time are needed.
    let short = "<xml><MsgType>text</MsgType><Content>a</Content></xml>";
    let other = Other::new(move || short).await;
    assert_eq!(other.answer(Mode::Plain).await, Ok("a".into()));
}

#[tokio::test]
async fn success_and_nothing_are_silence() {
    for answer in ["", "success", "success\n", "\u{feff}success", "\r\n"] {
        for mode in their_modes() {
            let other = Other::new(move || answer).await;
            assert_eq!(other.answer(mode).await, Ok(Reply::Silence), "{answer:?}");
        }
    }
    let other = Other::new(|| sealed("success")).await;
    assert_eq!(
        other.answer(Mode::Safe(sealing())).await,
        Ok(Reply::Silence)
    );
}

/// The other server answers so, in this mode; the owner reads this.
async fn fails(mode: Mode, answer: impl Into<String>, expected: &str) {
    let answer = answer.into();
    let other = Other::new({
        let answer = answer.clone();
        move || answer.clone()
    })
    .await;
    let expected = Err(format!("the server at URL answered with {expected}"));
    assert_eq!(other.answer(mode).await, expected, "{answer}");
}

#[tokio::test]
async fn an_answer_that_the_platform_would_not_take_is_an_error() {
    const READ: &str = "; `success`, nothing or XML is needed";
    let plain = || Mode::Plain;
    let unread = |why: &str| format!("what the platform cannot read ({why}){READ}");
    fails(
        plain(),
        "ok",
        &unread("there is text outside of the document"),
    )
    .await;
    fails(
        plain(),
        "\"success\"",
        &unread("there is text outside of the document"),
    )
    .await;
    fails(
        plain(),
        "<!DOCTYPE html><html></html>",
        &unread("a DOCTYPE is refused"),
    )
    .await;
    fails(
        plain(),
        "<xml><MsgType>text",
        &unread("it ends before the document does"),
    )
    .await;
    let unusable = |why: &str| format!("a reply that cannot be used: {why}");
    fails(
        plain(),
        "<xml></xml>",
        &unusable("the reply has no `MsgType`"),
    )
    .await;
    fails(plain(), says(""), &unusable("the reply has no `Content`")).await;
    fails(
        plain(),
        written("<MsgType>hardware</MsgType>"),
        &unusable("the platform has no reply of `MsgType` `hardware`"),
    )
    .await;
    let endless = format!(
        "the platform has no reply of `MsgType` `{}",
        "x".repeat(200)
    );
    fails(
        plain(),
        written(&format!("<MsgType>{}</MsgType>", "x\n".repeat(5000))),
        &unusable(&endless.chars().take(200).collect::<String>()),
    )
    .await;
    fails(
        plain(),
        written("<MsgType>news</MsgType><ArticleCount>0</ArticleCount><Articles></Articles>"),
        &unusable("the reply has no `Articles.item`"),
    )
    .await;
    fails(
        plain(),
        written("<MsgType>music</MsgType><Music><Title>t</Title></Music>"),
        &unusable("the reply has no `Music.ThumbMediaId`"),
    )
    .await;
    fails(
        plain(),
        written("<MsgType>image</MsgType>"),
        &unusable("the reply has no `Image.MediaId`"),
    )
    .await;
}

#[tokio::test]
async fn a_sealed_answer_that_is_not_theirs_is_refused() {
    const SIGNATURE: &str =
        "a sealed reply whose `MsgSignature` is missing or is not that of the relay's token";
    let safe = || Mode::Safe(sealing());
    let document = says("a");
    fails(
        safe(),
        &*document,
        "clear text, but in `safe` mode the platform takes only what is sealed; is its own mode `safe`?",
    )
    .await;
    for mode in [safe(), Mode::Compatible(sealing())] {
        let forged = sealed_by("AnotherToken", KEY, APP_ID, &document);
        fails(mode.clone(), forged, SIGNATURE).await;
        let unsigned = sealed(&document).replace("MsgSignature", "Signature");
        fails(mode.clone(), unsigned, SIGNATURE).await;
        let other_key = sealed_by(TOKEN, PREVIOUS_KEY, APP_ID, &document);
        fails(
            mode.clone(),
            other_key,
            "a sealed reply that does not open (bad_buffer); is its EncodingAESKey the relay's?",
        )
        .await;
        let other_app = sealed_by(TOKEN, KEY, "wx0000000000000000", &document);
        fails(
            mode.clone(),
            other_app,
            "a reply that was sealed for AppID `wx0000000000000000`, the relay has `wxfedcba9876543210`",
        )
        .await;
        fails(
            mode,
            sealed("<xml>"),
            "a reply that cannot be used: it ends before the document does",
        )
        .await;
    }
    fails(
        Mode::Plain,
        sealed(&document),
        "a sealed reply, but the relay's mode is `plain`; give its `mode`, `app_id` and `encoding_aes_key`",
    )
    .await;
}

#[tokio::test]
async fn a_status_other_than_200_is_an_error() {
    async fn check(status: u16, expected: &str) {
        let status = StatusCode::from_u16(status).expect("a status");
        let other = Other::new(move || (status, [("location", "/elsewhere")], says("a"))).await;
        let expected = Err(format!("the server at URL answered with {expected}"));
        assert_eq!(other.answer(Mode::Plain).await, expected);
        assert_eq!(other.n_received(), 1);
    }
    check(204, "status 204, 200 is needed").await;
    check(500, "status 500, 200 is needed").await;
    let redirect = "the redirect 302, which is not followed; give the address that it leads to";
    check(302, redirect).await;
    let refused = "status 403, 200 is needed; are its token and its mode those of the relay?";
    check(403, refused).await;
}

#[tokio::test]
async fn a_server_that_cannot_be_used_is_named() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!(
        "http://{}/wx.php?key=Planted",
        nobody.local_addr().expect("it is bound")
    );
    drop(nobody);
    let relay = Relay::new(url.parse().expect("an address"), token());
    let shown = format!("{:?} {relay:?}", RelayBot::new(relay.clone()));
    let error = RelayBot::new(relay).answer(&text()).await;
    let error = error.expect_err("nobody is there");
    let said = chain(&*error);
    assert!(
        said.starts_with("cannot connect to the server at http://127.0.0.1:"),
        "{said}"
    );
    for said in [said, shown, format!("{error:?}")] {
        assert!(!said.contains("Planted") && !said.contains(TOKEN), "{said}");
    }

    let other = Other::raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n<xml>").await;
    let error = other.answer(Mode::Plain).await.expect_err("it is cut off");
    assert!(
        error.starts_with("the call of the server at URL broke off"),
        "{error}"
    );

    let endless = Bytes::from(vec![b' '; MAX_BYTES + 1]);
    let other = Other::new(move || endless.clone()).await;
    let expected = "the server at URL answered with more than 1048576 bytes";
    assert_eq!(other.answer(Mode::Plain).await, Err(expected.into()));
}

#[tokio::test]
async fn a_server_that_is_late_is_given_up() {
    async fn check(other: Other, expected: &str) {
        let relay = Relay {
            timeout: Duration::from_millis(50),
            ..other.relay(Mode::Plain)
        };
        let error = soon(RelayBot::new(relay).answer(&text())).await;
        let error = error.expect_err("it is late").to_string();
        assert!(error.ends_with(expected), "{error}");
    }
    let silent = Other::slow(std::future::pending::<StatusCode>).await;
    check(silent, "did not answer within 0.05 s").await;
    let slow = Other::new(|| {
        Body::from_stream(
            stream::once(async { Ok::<_, BoxError>("<xml>") }).chain(stream::pending()),
        )
    })
    .await;
    check(slow, "did not send all of its answer within 0.05 s").await;
}

#[tokio::test]
async fn a_push_that_is_repeated_is_one_call() {
    let open = Arc::new(Semaphore::new(0));
    let other = Other::slow({
        let open = Arc::clone(&open);
        move || {
            let open = Arc::clone(&open);
            async move {
                let _permit = open.acquire_owned().await;
                says("九点")
            }
        }
    })
    .await;
    let bot = bot(other.bot(Mode::Plain), shop());
    let address = common::listen(bot.router().expect("all states")).await;
    let url = format!("http://{address}/mp/shop");
    let mut platform = common::platform(&url, echostr_simulator::Mode::Plain);
    platform.clock.deadline = Duration::from_millis(300);
    let envelope = platform.envelope(&Push::text("几点开门？"));
    // The platform gives up on all of its deliveries.
    let outcome = platform.post(&envelope).await;
    assert_eq!(outcome.deliveries.len(), 3);
    assert!(
        matches!(outcome.shown, Shown::Failure(_)),
        "{:?}",
        outcome.shown
    );
    open.add_permits(1);
    platform.clock = Clock::default();
    let outcome = platform.post(&envelope).await;
    assert_eq!(common::text_shown(&outcome.shown), "九点");
    assert_eq!(other.n_received(), 1);
}

#[tokio::test]
async fn whatever_is_pushed_is_passed_on_but_tickets() {
    let passed_on = async |document: &str| {
        let other = Other::new(|| says("a")).await;
        let answer = other
            .bot(Mode::Safe(sealing()))
            .answer(&pushed(document))
            .await;
        drop(answer);
        (other.n_received() > 0).then(|| other.one_received().document(Mode::Safe(sealing())))
    };
    let from = "<ToUserName>gh_e8df390a377e</ToUserName><FromUserName>osZFAyPrKrJBb2E3</FromUserName><CreateTime>1</CreateTime>";
    for children in [
        "<MsgType>event</MsgType><Event>subscribe</Event>",
        "<MsgType>event</MsgType><Event>LOCATION</Event>",
        "<MsgType>event</MsgType><Event>of_tomorrow</Event>",
        "<MsgType>device_text</MsgType>",
        "<MsgType>of_tomorrow</MsgType><New>\n  1 </New>",
        "<MsgType>text</MsgType><Content>【收到不支持的消息类型，暂无法显示】</Content>",
    ] {
        let document = format!("<xml>{from}{children}<!-- as it came --></xml>");
        assert_eq!(passed_on(&document).await.as_deref(), Some(&*document));
    }
    let ticket = "<xml><AppId>wx1</AppId><CreateTime>1</CreateTime><InfoType>component_verify_ticket</InfoType>\
                  <ComponentVerifyTicket>ticket@@@Planted</ComponentVerifyTicket></xml>";
    assert_eq!(passed_on(ticket).await, None);
}

#[tokio::test]
async fn json_stays_json() {
    let document = r#"{"ToUserName":"gh_1","FromUserName":"o1","CreateTime":1761069225,"MsgType":"text","Content":"a","MsgId":23238031123456789}"#;
    let message = pushed(document);
    for mode in their_modes() {
        let answer = r#"{"MsgType":"text","Content":"b"}"#;
        let answer = match mode {
            Mode::Safe(_) => sealed(answer),
            _ => answer.into(),
        };
        let other = Other::new(move || answer.clone()).await;
        let answer = other.bot(mode.clone()).answer(&message).await;
        assert_eq!(answer.expect("an answer"), "b".into());
        let received = other.one_received();
        assert_eq!(received.headers["content-type"], "application/json");
        assert_eq!(received.document(mode.clone()), document);
        let body: serde_json::Value = serde_json::from_slice(&received.body).expect("JSON");
        let members: Vec<_> = body.as_object().expect("an object").keys().collect();
        match mode {
            Mode::Plain => assert_eq!(received.body(), document),
            Mode::Compatible(_) => {
                assert_eq!(members.len(), 7);
                assert_eq!(body["MsgId"], 23_238_031_123_456_789_u64);
            }
            Mode::Safe(_) => assert_eq!(members, ["Encrypt", "ToUserName"]),
        }
    }
}

/// The account's own mode is plain, the platform's is compatible.
#[tokio::test]
async fn a_ciphertext_that_was_meant_for_us_is_not_passed_on() {
    let clear = says("a");
    let xml = clear.replace("</xml>", "<Encrypt>Planted</Encrypt><Encrypt/></xml>");
    let json = r#"{"Content":"a","CreateTime":1,"FromUserName":"o1","MsgType":"text","ToUserName":"gh_1"}"#;
    let sealed_json = json.replace("{\"Content", "{\"Encrypt\":\"Planted\",\"Content");
    for (document, clear) in [(&*xml, &*clear), (&sealed_json, json)] {
        for mode in their_modes() {
            let other = Other::new(|| "success").await;
            let answer = other.bot(mode.clone()).answer(&pushed(document)).await;
            assert_eq!(answer.expect("an answer"), Reply::Silence);
            let received = other.one_received();
            assert_eq!(received.document(mode), clear);
            assert!(!received.body().contains("Planted"));
            assert!(received.body().matches("<Encrypt>").count() <= 1);
        }
    }
}

#[tokio::test]
async fn who_writes_while_the_other_server_fails_gets_the_fallback_and_a_new_follower_the_welcome()
{
    let other = Other::new(|| StatusCode::BAD_GATEWAY).await;
    let bot = bot(other.bot(Mode::Plain), shop());
    let shown = common::shown(&bot, &Push::text("a")).await;
    assert_eq!(common::text_shown(&shown), common::FALLBACK);
    let shown = common::shown(&bot, &Push::subscribe()).await;
    assert_eq!(common::text_shown(&shown), "Hi~ 终于等到你");
}

#[tokio::test]
async fn a_message_that_was_never_pushed_cannot_be_passed_on() {
    let other = Other::new(|| "success").await;
    let message = echostr::protocol::message::Text::default().into();
    let error = other.bot(Mode::Plain).answer(&message).await;
    let expected = "this message was not pushed: it has no document that could be passed on";
    assert_eq!(error.expect_err("no document").to_string(), expected);
}

#[tokio::test]
async fn the_key_before_still_opens_answers() {
    let other = Other::new(|| sealed_by(TOKEN, PREVIOUS_KEY, APP_ID, &says("a"))).await;
    let mode = Mode::Safe(Sealing {
        previous_key: Some(key(PREVIOUS_KEY)),
        ..sealing()
    });
    assert_eq!(other.answer(mode).await, Ok("a".into()));
}
