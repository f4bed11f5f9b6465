//! The platform as a double: what a follower does reaches a server, what a server calls reaches a follower.

mod common;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Asked, Right, Said, broken, safe, serve, token};
use echostr_protocol::{AppId, Article, Document, OpenId, Reply};
use echostr_simulator::conversation::{Bubble, From};
use echostr_simulator::exchange::{Pushed, What};
use echostr_simulator::world::{AccountSettings, ServerConfig};
use echostr_simulator::{Action, Clock, Course, Mode, Push, Simulator};
use serde_json::{Value, json};

/// An account in safe mode with a right server.
async fn account(simulator: &Simulator) -> AppId {
    let mode = safe();
    let address: SocketAddr = broken(mode.clone(), Right::answer).await;
    let settings = AccountSettings {
        server: Some(ServerConfig {
            url: format!("http://{address}/wx"),
            token: token(),
            mode,
        }),
        ..AccountSettings::new("雯子")
    };
    simulator.add_account(settings).expect("an address")
}

async fn follow(simulator: &Simulator, app_id: &AppId, open_id: &OpenId) {
    let sent = simulator.act(app_id, open_id, Action::Follow);
    let sent = sent.expect("the follower").expect("it has a server");
    sent.shown.await.expect("it does not panic");
}

fn client() -> reqwest::Client {
    // A second test of this process has done it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("it has what it needs")
}

async fn get(url: String) -> Value {
    let response = client().get(url).send().await.expect("it answers");
    serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON")
}

async fn post(url: String, body: Value) -> Value {
    let response = client()
        .post(url)
        .body(body.to_string())
        .send()
        .await
        .expect("it answers");
    serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON")
}

#[tokio::test]
async fn what_a_follower_writes_is_answered_in_their_conversation() {
    let simulator = Simulator::start(Clock::default()).await.expect("a port");
    let app_id = account(&simulator).await;
    let open_id = simulator
        .add_follower(&app_id, "小明")
        .expect("the account");
    simulator
        .act(&app_id, &open_id, Action::Follow)
        .expect("the follower");
    let sent = simulator
        .act(&app_id, &open_id, Action::Say("你好".into()))
        .expect("the follower");
    let sent = sent.expect("it has a server");
    sent.shown.await.expect("it does not panic");
    let world = simulator.world();
    let follower = world
        .account(app_id.as_str())
        .and_then(|account| account.follower(open_id.as_str()));
    let seen: Vec<_> = follower
        .expect("the follower")
        .conversation
        .entries()
        .iter()
        .map(|entry| (entry.from, entry.bubble.clone()))
        .collect();
    let expected = [
        (From::Follower, Bubble::text("你好")),
        (From::Account, Bubble::text("你说：你好")),
    ];
    assert_eq!(seen, expected);
    let What::Push(pushed) = &world.log.record(sent.record).expect("the record").what else {
        panic!("a push")
    };
    assert_eq!(pushed.deliveries.len(), 1);
    assert!(
        pushed.deliveries[0]
            .request
            .starts_with("POST /wx?signature=")
    );
}

#[tokio::test]
async fn a_message_that_the_server_sends_is_seen_by_its_follower() {
    let simulator = Simulator::start(Clock::default()).await.expect("a port");
    let app_id = account(&simulator).await;
    let open_id = simulator
        .add_follower(&app_id, "小明")
        .expect("the account");
    let base = simulator.base();
    let secret = simulator
        .world()
        .account(app_id.as_str())
        .expect("it is there")
        .settings
        .app_secret
        .clone();
    let token = get(format!(
        "{base}/cgi-bin/token?grant_type=client_credential&appid={app_id}&secret={}",
        secret.expose()
    ))
    .await;
    let token = token["access_token"].as_str().expect("a token").to_owned();
    follow(&simulator, &app_id, &open_id).await;
    simulator
        .act(&app_id, &open_id, Action::Follow)
        .expect("the follower");
    simulator
        .act(&app_id, &open_id, Action::Say("在吗".into()))
        .expect("the follower");
    let sent = post(
        format!("{base}/cgi-bin/message/custom/send?access_token={token}"),
        json!({ "touser": open_id, "msgtype": "text", "text": { "content": "在的" } }),
    );
    assert_eq!(sent.await, json!({ "errcode": 0, "errmsg": "ok" }));
    let world = simulator.world();
    let follower = world
        .account(app_id.as_str())
        .and_then(|account| account.follower(open_id.as_str()));
    let entries = follower.expect("the follower").conversation.entries();
    assert!(
        entries
            .iter()
            .any(|entry| entry.bubble == Bubble::text("在的"))
    );
}

/// A simulator, and somebody at an account in plain mode whose server answers so.
async fn stage<F>(answer: F) -> (Simulator, AppId, OpenId)
where
    F: Fn(&Asked) -> Said + Clone + Send + Sync + 'static,
{
    let address = serve(move |asked| {
        let said = answer(&asked);
        async move { said }
    })
    .await;
    let simulator = Simulator::start(Clock::default()).await.expect("a port");
    let settings = AccountSettings {
        server: Some(ServerConfig {
            url: format!("http://{address}/wx"),
            token: token(),
            mode: Mode::Plain,
        }),
        ..AccountSettings::new("雯子")
    };
    let app_id = simulator.add_account(settings).expect("an address");
    let open_id = simulator
        .add_follower(&app_id, "小明")
        .expect("the account");
    (simulator, app_id, open_id)
}

/// What they see that they did not say themselves.
fn seen(simulator: &Simulator, app_id: &AppId, open_id: &OpenId) -> Vec<Bubble> {
    let world = simulator.world();
    let account = world.account(app_id.as_str()).expect("it is there");
    let follower = account.follower(open_id.as_str()).expect("they are there");
    let entries = follower.conversation.entries().iter();
    let others = entries.filter(|entry| entry.from != From::Follower);
    others.map(|entry| entry.bubble.clone()).collect()
}

fn pushed(simulator: &Simulator, record: u64) -> Pushed {
    let world = simulator.world();
    match &world.log.record(record).expect("the record").what {
        What::Push(pushed) => pushed.clone(),
        What::Call(_) => panic!("a push"),
    }
}

fn article(n: usize) -> Article {
    Article {
        title: format!("{n}"),
        ..Article::default()
    }
}

#[tokio::test]
async fn only_what_can_be_answered_visibly_is() {
    let failure = Bubble::Line("该公众号提供的服务出现故障，请稍后再试".into());
    let cases = [
        (Push::text("你好"), true),
        (Push::subscribe(), true),
        (Push::click("K"), true),
        (Push::scan("1", "T"), true),
        (Push::unsubscribe(), false),
        (Push::view("https://a.cn/", "1"), false),
        (Push::view_mini_program("pages/a", "1"), false),
        (Push::template_sent(1, "success"), false),
    ];
    for (push, is_seen) in cases {
        for works in [true, false] {
            let (simulator, app_id, open_id) = stage(move |asked| {
                if !works {
                    return Said::status(500);
                }
                let right = Right::new(Mode::Plain);
                right.answer_with(asked, |message| Reply::from("好").render(message, 1))
            })
            .await;
            let push = push.clone().by(open_id.clone());
            let sent = simulator.push(&app_id, &push, true).expect("a server");
            sent.shown.await.expect("it does not panic");
            let expected = match (is_seen, works) {
                (false, _) => vec![],
                (true, true) => vec![Bubble::text("好")],
                (true, false) => vec![failure.clone()],
            };
            assert_eq!(seen(&simulator, &app_id, &open_id), expected, "{push:?}");
            // What happened is told all the same.
            assert!(pushed(&simulator, sent.record).shown.is_some());
        }
    }
}

#[tokio::test]
async fn one_article_is_shown_after_a_message_and_more_after_an_event() {
    let (simulator, app_id, open_id) = stage(|asked| {
        let article = |n| format!("<item><Title>{n}</Title><Description/><PicUrl/><Url/></item>");
        let articles = [0, 1, 2].map(article).concat();
        let document = Document::parse(&asked.body).expect("a document");
        let of = |name: &str| document.root().child(name).expect("it has it").text().to_owned();
        Said::ok(format!(
            "<xml><ToUserName>{}</ToUserName><FromUserName>{}</FromUserName><CreateTime>1</CreateTime><MsgType>news</MsgType>\
             <ArticleCount>3</ArticleCount><Articles>{articles}</Articles></xml>",
            of("FromUserName"),
            of("ToUserName")
        ))
    })
    .await;
    for action in [Action::Follow, Action::Say("新闻".into())] {
        let sent = simulator.act(&app_id, &open_id, action);
        let sent = sent.expect("the follower").expect("a server");
        sent.shown.await.expect("it does not panic");
    }
    assert_eq!(
        seen(&simulator, &app_id, &open_id),
        [
            Bubble::News(vec![article(0), article(1), article(2)]),
            Bubble::News(vec![article(0)])
        ]
    );
}

#[tokio::test]
async fn an_answer_is_seen_while_an_earlier_delivery_is_still_waited_for() {
    let asked = Arc::new(AtomicUsize::new(0));
    let (simulator, app_id, open_id) = stage(move |push| {
        let right = Right::new(Mode::Plain).answer(push);
        match asked.fetch_add(1, Ordering::SeqCst) {
            0 => right.late(Duration::from_mins(1)),
            _ => right,
        }
    })
    .await;
    let course = Course::Overlapping(Duration::from_millis(50));
    simulator.set_course(&app_id, course).expect("the account");
    let mut changes = simulator.changes();
    let push = Push::text("你好").by(open_id.clone());
    let sent = simulator.push(&app_id, &push, true).expect("a server");
    while seen(&simulator, &app_id, &open_id).is_empty() {
        changes.recv().await.expect("it runs");
    }
    assert_eq!(
        seen(&simulator, &app_id, &open_id),
        [Bubble::text("你说：你好")]
    );
    assert!(
        pushed(&simulator, sent.record).deliveries[0]
            .answer
            .is_none()
    );
    sent.shown.await.expect("it does not panic");
    assert_eq!(seen(&simulator, &app_id, &open_id).len(), 1);
}

#[tokio::test]
async fn pushes_are_dated_by_the_clock_of_the_world() {
    let (simulator, app_id, open_id) = stage(|_| Said::ok("success")).await;
    let push = Push::text("你好").by(open_id.clone());
    simulator.advance(Duration::from_hours(25));
    let course = Course::Skewed(1000);
    simulator.set_course(&app_id, course).expect("the account");
    let now = simulator.world().now_ms() / 1000;
    let mut dated = push.clone();
    dated.created_at = 1_700_000_000;
    for (push, expected) in [(push, now + 1000), (dated, 1_700_001_000)] {
        let sent = simulator.push(&app_id, &push, true).expect("a server");
        sent.shown.await.expect("it does not panic");
        let pushed = pushed(&simulator, sent.record);
        let number = |text: &str, before: &str| -> i64 {
            let (_, rest) = text.split_once(before).expect("it is there");
            let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next();
            digits.unwrap_or_default().parse().expect("a number")
        };
        let request = &pushed.deliveries[0].request;
        for (text, expected) in [(&pushed.document, expected), (request, expected)] {
            let off = number(text, "<CreateTime>") - expected;
            assert!((0..5).contains(&off), "{text}");
        }
        let off = number(request, "&timestamp=") - now - 1000;
        assert!((0..5).contains(&off), "{request}");
    }
}

#[tokio::test]
async fn of_what_is_long_the_log_keeps_a_part() {
    const KEPT: usize = 64 * 1024;
    let (simulator, app_id, open_id) = stage(|asked| {
        let right = Right::new(Mode::Plain);
        right.answer_with(asked, |message| {
            let long = Article {
                description: "长".repeat(100_000),
                ..article(1)
            };
            Reply::News(vec![long]).render(message, 1)
        })
    })
    .await;
    let push = Push::text(&"问".repeat(100_000)).by(open_id.clone());
    let sent = simulator.push(&app_id, &push, true).expect("a server");
    sent.shown.await.expect("it does not panic");
    let pushed = pushed(&simulator, sent.record);
    let delivery = &pushed.deliveries[0];
    let answer = delivery.answer.as_ref().expect("it has ended");
    assert!(pushed.document.len() <= KEPT && delivery.request.len() <= KEPT);
    assert_eq!(answer.as_ref().expect("an answer").body.len(), KEPT);
    let bubbles = seen(&simulator, &app_id, &open_id);
    let [Bubble::News(articles)] = &*bubbles else {
        panic!("{bubbles:?}")
    };
    assert!(articles[0].description.len() <= KEPT);
}
