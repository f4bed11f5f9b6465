//! Scripts: what followers do and should see, read from TOML and played against a server on a socket.

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::{APP_ID, Asked, KEY, Right, Said, TOKEN, broken, safe, serve};
use echostr_protocol::{Event, Message, Reply};
use echostr_simulator::Mode;
use echostr_simulator::script::{Overrides, Report, Script};
use serde_json::{Value, json};

/// Reads a script whose server is there.
fn script(address: SocketAddr, steps: &str) -> Script {
    let text = format!("url = \"http://{address}/wx\"\ntoken = \"{TOKEN}\"\n{steps}");
    match Script::read("test.toml", &text, &Overrides::default(), |_| None) {
        Ok(script) => script,
        Err(faults) => panic!("{faults}"),
    }
}

async fn play(address: SocketAddr, steps: &str) -> Report {
    let played = script(address, steps).play(|_| {}).await;
    played.expect("it can be played")
}

/// The script goes as it says.
async fn passes(address: SocketAddr, steps: &str) {
    let report = play(address, steps).await;
    let shown: Vec<_> = report.steps.iter().map(ToString::to_string).collect();
    assert!(report.passed(), "{}", shown.join("\n"));
}

/// The script's last step goes wrong, and its report holds all of these.
async fn fails(address: SocketAddr, steps: &str, parts: &[&str]) {
    let report = play(address, steps).await;
    let last = report.steps.last().expect("a step");
    let shown = last.to_string();
    assert!(!last.passed(), "{shown}");
    for part in parts {
        assert!(shown.contains(part), "`{part}` is not in:\n{shown}");
    }
}

/// An echo bot with a welcome, a link to tap, and two lines for `两行`.
async fn bot(mode: Mode) -> SocketAddr {
    broken(mode, |right: &Right, asked: &Asked| {
        right.answer_with(asked, |message| {
            let reply = match message {
                Message::Text(text) => match &*text.content {
                    "两行" => Reply::from("第一行\n第二行"),
                    "链接" => Reply::from(
                        "点<a href=\"weixin://bizmsgmenu?msgmenucontent=更多&msgmenuid=7\">继续</a>",
                    ),
                    "沉默" => Reply::Silence,
                    other => Reply::from(format!("你说：{other}（{}）", text.menu_id.as_deref().unwrap_or("-"))),
                },
                Message::Image(image) => Reply::Image(image.media_id.clone()),
                Message::Event(Event::Subscribe(event)) => {
                    Reply::from(format!("欢迎 {}", event.scene.as_deref().unwrap_or("")))
                }
                Message::Event(Event::Scan(event)) => Reply::from(format!("扫了 {}", event.scene)),
                Message::Event(Event::Click(event)) => {
                    Reply::from(format!("点了 {}", event.event_key))
                }
                _ => Reply::Silence,
            };
            reply.render(message, 1_761_069_226)
        })
    })
    .await
}

#[tokio::test]
async fn what_followers_do_is_answered_as_expected() {
    let steps = r#"
        followers = ["小明", "小红"]
        [[step]]
        handshake = true
        [[step]]
        says = "你好"
        expect = "你说：你好（-）"
        [[step]]
        who = "小红"
        follows = true
        expect = { equals = "欢迎 ", within = "5 s", on_delivery = 1 }
        [[step]]
        says = "链接"
        expect = { contains = "点", link = "继续", kind = "text" }
        [[step]]
        taps = "继续"
        expect = { matches = "更多（\\d）" }
        [[step]]
        sends = "picture"
        expect = { kind = "image" }
        [[step]]
        scans = "shop-7"
        expect = "扫了 shop-7"
        [[step]]
        clicks = "V1"
        expect = "点了 V1"
        [[step]]
        event = "CLICK"
        fields = { EventKey = "V2" }
        expect = "点了 V2"
        [[step]]
        does = { say = "同样" }
        expect = { contains = ["你说", "同样"] }
        [[step]]
        says = "沉默"
        expect = { nothing = true }
        [[step]]
        who = "小红"
        leaves = true
        expect = { nothing = true }
        [[step]]
        forges = "signature"
        [[step]]
        advance = "2 h"
    "#;
    passes(bot(Mode::Plain).await, steps).await;
}

#[tokio::test]
async fn a_script_can_be_played_in_safe_mode() {
    let steps = format!(
        "mode = \"safe\"\naes_key = \"{KEY}\"\napp_id = \"{APP_ID}\"\n\
         [[step]]\nsays = \"你好\"\nexpect = \"你说：你好（-）\"\n\
         [[step]]\nforges = \"clear-body\"\n[[step]]\nforges = \"other-body\"\n"
    );
    passes(bot(safe()).await, &steps).await;
}

#[tokio::test]
async fn who_comes_by_a_code_did_not_follow_before() {
    let steps = "[[step]]\nscans = \"9\"\nexpect = \"欢迎 9\"\n[[step]]\nscans = \"9\"\nexpect = \"扫了 9\"\n";
    passes(bot(Mode::Plain).await, steps).await;
}

#[tokio::test]
async fn what_differs_is_shown_line_by_line_with_the_delivery() {
    let address = bot(Mode::Plain).await;
    fails(
        address,
        "[[step]]\nsays = \"两行\"\nexpect = \"第一行\\n第三行\"\n",
        &[
            "✗",
            "小明 说 · says 「两行」",
            "      第一行",
            "    - 第三行",
            "    + 第二行",
            "投递 · delivery 1",
            "HTTP 200",
        ],
    )
    .await;
    fails(
        address,
        "[[step]]\nsays = \"你好\"\nexpect = { link = \"继续\" }\n",
        &["- 有链接 · link: 继续"],
    )
    .await;
    fails(
        address,
        "[[step]]\nsays = \"你好\"\nexpect = { nothing = true }\n",
        &["没有回复 · nothing", "+ 你说：你好"],
    )
    .await;
    fails(
        address,
        "[[step]]\nsays = \"沉默\"\nexpect = \"你好\"\n",
        &["什么也没看到 · nothing was seen", "success"],
    )
    .await;
    fails(
        address,
        "[[step]]\ntaps = \"继续\"\n",
        &["nothing to tap has the label `继续`"],
    )
    .await;
    fails(
        address,
        "[[step]]\nsays = \"你好\"\nexpect = { contains = \"你\", on_delivery = 2 }\n",
        &["on delivery 1"],
    )
    .await;
    fails(
        address,
        "[[step]]\nforges = \"clear-body\"\n",
        &["in plain mode nothing protects the body"],
    )
    .await;
}

#[tokio::test]
async fn the_failure_notice_is_expected_with_its_cause() {
    let address = serve(|_| async { Said::new(200, "application/json", "\"success\"") }).await;
    passes(
        address,
        "[[step]]\nsays = \"你好\"\nexpect = { failure = \"json\" }\n[[step]]\nsays = \"你好\"\nexpect = { failure = true }\n",
    )
    .await;
    fails(
        address,
        "[[step]]\nsays = \"你好\"\nexpect = { failure = \"2048\" }\n",
        &["- 2048", "+ the response is JSON"],
    )
    .await;
    for expect in [
        "\"你好\"",
        "\"该公众号提供的服务出现故障，请稍后再试\"",
        "{ matches = \".\" }",
        "{ contains = \"服务\" }",
        "[{ failure = true }, { matches = \".\" }]",
    ] {
        fails(
            address,
            &format!("[[step]]\nsays = \"你好\"\nexpect = {expect}\n"),
            &["the response is JSON"],
        )
        .await;
    }
    fails(
        address,
        "[[step]]\nsays = \"你好\"\nexpect = { matches = \".\" }\n",
        &["+ 该公众号提供的服务出现故障"],
    )
    .await;
}

#[tokio::test]
async fn a_failure_notice_that_nobody_expects_is_wrong() {
    let address = serve(|_| async { Said::status(500) }).await;
    let unexpected = ["not expected  小明", "+ 该公众号提供的服务出现故障"];
    fails(address, "[[step]]\nsays = \"你好\"\n", &unexpected).await;
    let besides = "[[step]]\nsays = \"你好\"\n[[step]]\nexpect = { failure = true }\n";
    passes(address, besides).await;
    let report = play(
        address,
        "[[step]]\nsays = \"你好\"\n[[step]]\nadvance = \"1 s\"\n",
    )
    .await;
    let passed: Vec<_> = report
        .steps
        .iter()
        .map(echostr_simulator::script::StepReport::passed)
        .collect();
    assert_eq!(passed, [false, true]);
    assert!(report.left.is_empty(), "it was told once");
}

#[tokio::test]
async fn an_answer_on_a_later_delivery_is_told_from_one_on_the_first() {
    let steps = r#"
        deadline = "400 ms"
        [[step]]
        course = "first-lost 100 ms"
        [[step]]
        says = "你好"
        expect = { contains = "你好", on_delivery = 2 }
        [[step]]
        course = "response-lost"
        [[step]]
        says = "再来"
        expect = { contains = "再来", on_delivery = 2 }
        [[step]]
        course = "in-turn"
        [[step]]
        says = "好了"
        expect = { contains = "好了", on_delivery = 1 }
    "#;
    passes(bot(Mode::Plain).await, steps).await;
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_wrong() {
    let address = serve(|asked: Asked| async move {
        Right::new(Mode::Plain)
            .answer(&asked)
            .late(Duration::from_millis(300))
    })
    .await;
    fails(
        address,
        "[[step]]\nsays = \"你好\"\nexpect = { contains = \"你好\", within = \"100 ms\" }\n",
        &["什么也没看到"],
    )
    .await;
}

/// A bot that answers `success`, then sends two messages by calls.
async fn calling(api: SocketAddr) -> SocketAddr {
    serve(move |asked: Asked| async move {
        let right = Right::new(Mode::Plain);
        let said = right.answer_with(&asked, |_| None);
        if asked.is_push() {
            let body = String::from_utf8(asked.body.clone()).expect("text");
            let (_, rest) = body
                .split_once("<FromUserName><![CDATA[")
                .expect("a sender");
            let (open_id, _) = rest.split_once("]]>").expect("it ends");
            let open_id = open_id.to_owned();
            tokio::spawn(async move { send(api, &open_id).await });
        }
        said
    })
    .await
}

async fn send(api: SocketAddr, open_id: &str) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("it has what it needs");
    let url = format!(
        "http://{api}/cgi-bin/token?grant_type=client_credential&appid={APP_ID}&secret=5f1c3b0e9d7a48c2b6e4f80a1d23c795"
    );
    let answer = client.get(url).send().await.expect("it answers");
    let answer: Value =
        serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON");
    let token = answer["access_token"].as_str().expect("a token").to_owned();
    for text in ["一", "二"] {
        let url = format!("http://{api}/cgi-bin/message/custom/send?access_token={token}");
        let body = json!({ "touser": open_id, "msgtype": "text", "text": { "content": text } });
        client
            .post(url)
            .body(body.to_string())
            .send()
            .await
            .expect("it answers");
    }
}

/// A port that was free a moment ago.
fn free_port() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}

#[tokio::test]
async fn messages_that_come_later_by_calls_are_expected_in_their_order() {
    let api = free_port();
    let address = calling(api).await;
    let settings = format!(
        "api = \"{api}\"\napp_id = \"{APP_ID}\"\napp_secret = \"5f1c3b0e9d7a48c2b6e4f80a1d23c795\"\n"
    );
    let steps = "[[step]]\nsays = \"你好\"\nexpect = [\"一\"]\n[[step]]\nexpect = { equals = \"二\", within = \"10 s\" }\n";
    passes(address, &(settings.clone() + steps)).await;

    let steps = "[[step]]\nsays = \"你好\"\nexpect = { nothing = true }\n";
    fails(address, &(settings.clone() + steps), &["+ 一"]).await;

    let steps = "[[step]]\nfault = \"fail 45047 on message/custom/send 2 times\"\n\
                 [[step]]\nsays = \"你好\"\nexpect = { contains = \"一\", within = \"1 s\" }\n";
    fails(
        address,
        &(settings + steps),
        &["什么也没看到", "errcode 45047"],
    )
    .await;
}

#[tokio::test]
async fn what_nobody_expected_is_mentioned() {
    let steps = r#"
        followers = ["小明", "小红"]
        [[step]]
        says = "你好"
        [[step]]
        says = "再见"
        expect = "你说：再见（-）"
        [[step]]
        who = "小红"
        says = "在吗"
        [[step]]
        says = "走了"
    "#;
    let report = play(bot(Mode::Plain).await, steps).await;
    assert!(report.passed());
    assert_eq!(report.steps[1].skipped, ["你说：你好（-）"]);
    assert_eq!(
        report.left,
        ["小明：你说：走了（-）", "小红：你说：在吗（-）"]
    );
    assert_eq!(report.to_json()["left"][1], "小红：你说：在吗（-）");
    let shown = report.to_string();
    assert!(shown.contains("seen besides  小红：你说：在吗"), "{shown}");
}

#[tokio::test]
async fn a_report_is_written_for_machines_too() {
    let address = bot(Mode::Plain).await;
    let steps = "[[step]]\nname = \"打 <招呼>\"\nsays = \"你好\"\nexpect = \"你好\"\n[[step]]\nsays = \"沉默\"\n";
    let report = play(address, steps).await;
    let json = report.to_json();
    assert_eq!(json["passed"], false);
    assert_eq!(json["steps"][0]["title"], "打 <招呼>");
    assert_eq!(json["steps"][0]["line"], 3);
    assert_eq!(json["steps"][0]["why"][1], "- 你好");
    assert_eq!(json["steps"][1]["passed"], true);
    let junit = Report::junit(&[report]);
    assert!(
        junit.contains("<testsuite name=\"test.toml\" tests=\"2\" failures=\"1\""),
        "{junit}"
    );
    assert!(junit.contains("name=\"3: 打 &lt;招呼&gt;\""), "{junit}");
}

/// The faults of a script, in order.
#[track_caller]
fn faulty(text: &str, expected: &[&str]) {
    let faults = Script::read("a.toml", text, &Overrides::default(), |_| None);
    let faults = faults.expect_err("it is faulty").to_string();
    let lines: Vec<_> = faults.lines().collect();
    assert_eq!(lines.len(), expected.len(), "{faults}");
    for (line, expected) in lines.iter().zip(expected) {
        let (place, words) = expected.split_once(' ').expect("a place and words");
        assert!(line.starts_with(place), "{faults}");
        assert!(line.contains(words), "`{words}` is not in {line}");
    }
}

#[test]
fn all_faults_are_told_at_once_with_line_and_nearest_key() {
    faulty(
        "ulr = \"http://a/\"\ntoken = \"ab\"\nmode = \"save\"\n\n[[step]]\nsay = \"hi\"\nexpects = \"hi\"\n[[step]]\nsays = \"a\"\n\
         clicks = \"b\"\nwho = \"阿明\"\n[[step]]\nsays = 5\nexpect = { equal = \"x\", within = \"5\" }\n[[step]]\nname = \"空\"\n",
        &[
            "a.toml:1: do you mean `url`?",
            "a.toml:2: `token`",
            "a.toml:3: `plain`, `compatible`, `safe`",
            "a.toml:6: do you mean `says`?",
            "a.toml:7: do you mean `expect`?",
            "a.toml:10: one thing in a step",
            "a.toml:11: there is no `阿明`",
            "a.toml:13: a text in quotes is needed",
            "a.toml:14: do you mean `equals`?",
            "a.toml:14: write `equals`",
            "a.toml:14: for example: `5 s`",
            "a.toml:15: this step does nothing",
        ],
    );
    let head = "url = \"http://a/\"\ntoken = \"abc\"\n";
    let one = |rest: &str, expected: &str| faulty(&format!("{head}{rest}"), &[expected]);
    one("", "a.toml: there are no steps");
    one("step = []\n", "a.toml:3: there are no steps");
    one(
        "[[step]]\nsays = \"a\"\nexpect = []\n",
        "a.toml:5: `expect` is empty",
    );
    one(
        "[[step]]\nsays = \"a\"\nexpect = { nothing = true, on_delivery = 1 }\n",
        "a.toml:5: leave out `on_delivery`",
    );
    one(
        "[[step]]\nfault = \"reset on menu/craete\"\n",
        "a.toml:4: do you mean `menu/create`?",
    );
    one("step = 1\n", "a.toml:3: write each step as `[[step]]`");
    one(
        "[[step]]\nexpect = { matches = \"(\" }\n",
        "a.toml:4: `matches`",
    );
    one("[[step]]\nfault = \"explode\"\n", "a.toml:4: is no rule");
    one("[[step]]\ncourse = \"fast\"\n", "a.toml:4: is no course");
    one(
        "[[step]]\nadvance = \"2 h\"\nexpect = \"x\"\n",
        "a.toml:5: a step of its own",
    );
    one(
        "[[step]]\nsays = \"a\"\nexpect = { nothing = true, equals = \"a\" }\n",
        "a.toml:5: `nothing` alone",
    );
    one(
        "[[step]]\nfollows = false\n",
        "a.toml:4: write `follows = true`",
    );
    one("[[step]]\ndoes = { fly = 1 }\n", "a.toml:4: `does`");
    one(
        "api = \"127.0.0.1:1\"\n[[step]]\nsays = \"a\"\n",
        "a.toml:3: `api` needs",
    );
    one(
        "mode = \"safe\"\n[[step]]\nsays = \"a\"\n",
        "a.toml:3: need `aes_key` and `app_id`",
    );
    one("not toml\n", "a.toml:3: not valid TOML");
    one(
        "followers = [\"a\", \"a\"]\n[[step]]\nsays = \"a\"\n",
        "a.toml:3: there are two `a`",
    );
}

#[test]
fn secrets_come_from_the_environment_and_the_command_line_comes_first() {
    let text = "url = \"http://a/\"\ntoken = \"$BOT_TOKEN\"\n[[step]]\nsays = \"a\"\n";
    let read = |overrides: Overrides, token: Option<&str>| {
        let token = token.map(ToOwned::to_owned);
        Script::read("a.toml", text, &overrides, |name| {
            token.clone().filter(|_| name == "BOT_TOKEN")
        })
    };
    let token = |script: Script| {
        let server = script.account.server.expect("a server");
        (server.url, server.token.expose().to_owned())
    };
    let script = read(Overrides::default(), Some("abc123")).expect("a script");
    assert_eq!(token(script), ("http://a/".into(), "abc123".into()));
    let faults = read(Overrides::default(), None).expect_err("there is none");
    assert!(faults.to_string().starts_with("a.toml:2: "), "{faults}");
    let overrides = Overrides {
        url: Some("http://b/".into()),
        token: Some("xyz789".into()),
        ..Overrides::default()
    };
    let script = read(overrides, None).expect("a script");
    assert_eq!(token(script), ("http://b/".into(), "xyz789".into()));
}
