//! The bot on a socket: at `/mp/{account}`, and mounted in somebody else's application.

mod common;

use axum::routing::get;
use axum::{Router, http};
use common::{deliver, listen, modes, platform, shop, soon, text_shown, token};
use echostr::prelude::*;
use echostr::protocol::{MediaId, Reply};
use echostr::{AccountMap, Error, echo};
use echostr_simulator::{Mode, Push, Shown};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Says what it was told, in the form that was asked for.
fn parrot() -> Bot {
    Bot::new()
        .on(async |_: Subscribe| "welcome")
        .on(async |text: Text| match &*text.content {
            "nothing" => Reply::Silence,
            "image" => Reply::Image(MediaId::from("m1")),
            "article" => Article {
                title: "t".into(),
                url: "https://example.com/?a=1&b=2".into(),
                ..Article::default()
            }
            .into(),
            "desk" => Reply::TransferCustomerService(None),
            words => words.into(),
        })
}

#[tokio::test]
async fn it_answers_in_the_three_modes_whatever_is_said() {
    for (mode, platforms_mode) in modes() {
        let bot = parrot().account(Account { mode, ..shop() });
        let address = listen(bot.router().expect("all is there")).await;
        let platform = platform(&format!("http://{address}/mp/shop"), platforms_mode);
        assert!(platform.handshake().await.passed());
        let name = platform.mode.name();
        for words in [
            "你好",
            "]]>",
            "a & b < c > \"d\"",
            "😀👍🏽",
            "line\nline",
            "  hi ",
        ] {
            let outcome = platform.push(&Push::text(words)).await;
            assert_eq!(text_shown(&outcome.shown), words, "{name}");
            assert_eq!(outcome.deliveries.len(), 1, "{name}");
        }
        for (words, expected) in [
            ("image", Reply::Image("m1".into())),
            (
                "article",
                Article {
                    title: "t".into(),
                    url: "https://example.com/?a=1&b=2".into(),
                    ..Article::default()
                }
                .into(),
            ),
            ("desk", Reply::TransferCustomerService(None)),
        ] {
            let shown = platform.push(&Push::text(words)).await.shown;
            let Shown::Answer { reply, .. } = shown else {
                panic!("no answer to `{words}` in {name}: {shown:?}");
            };
            assert_eq!(reply.reply, expected, "{name}");
        }
        assert_eq!(
            text_shown(&platform.push(&Push::subscribe()).await.shown),
            "welcome",
            "{name}"
        );
        for push in [
            Push::text("nothing"),
            Push::voice("m2"),
            Push::unsubscribe(),
        ] {
            let outcome = platform.push(&push).await;
            assert_eq!(outcome.shown, Shown::Nothing, "{name}");
            let answer = outcome.deliveries[0].answer.as_ref().expect("an answer");
            assert_eq!(answer.body, b"success", "{name}");
        }
    }
}

#[tokio::test]
async fn a_long_text_is_cut_so_that_the_platform_shows_it() {
    let bot = parrot().account(shop());
    let platform = platform("http://localhost/", Mode::Plain);
    for words in [
        "字".repeat(682),
        "字".repeat(683),
        "a".repeat(2049),
        "😀".repeat(5000),
    ] {
        let envelope = platform.envelope(&Push::text(&words));
        let shown = platform.shown(&envelope, &deliver(&bot, &platform, &envelope).await);
        let text = text_shown(&shown);
        if words.len() <= 2048 {
            assert_eq!(text, words);
        } else {
            // The rest is behind a link.
            assert!(
                text.len() <= 2000 && text.ends_with(">继续</a>"),
                "{} bytes: {text}",
                text.len()
            );
        }
    }
}

#[tokio::test]
async fn a_bot_is_a_service_at_whatever_path_it_is_mounted() {
    let app = Router::new()
        .route("/", get(async || "my own page"))
        .route_service("/wx", parrot().account(shop()))
        .nest_service("/deep/er", parrot().account(shop()))
        .merge(parrot().account(shop()).router().expect("all is there"));
    let address = listen(app).await;
    for path in ["/wx", "/deep/er", "/deep/er/below", "/mp/shop"] {
        let platform = platform(&format!("http://{address}{path}"), Mode::Plain);
        assert!(platform.handshake().await.passed(), "{path}");
        let outcome = platform.push(&Push::text("hello")).await;
        assert_eq!(text_shown(&outcome.shown), "hello", "{path}");
    }
    assert!(
        request(address, "GET / HTTP/1.1")
            .await
            .ends_with("my own page")
    );
    assert!(
        request(address, "GET /mp/other HTTP/1.1")
            .await
            .starts_with("HTTP/1.1 404 ")
    );
    let refused = request(address, "PUT /wx HTTP/1.1").await;
    assert!(refused.starts_with("HTTP/1.1 405 "), "{refused}");
    assert!(
        refused.contains("\r\nallow: GET, HEAD, POST\r\n"),
        "{refused}"
    );
}

/// The whole response to a request without a body.
async fn request(address: std::net::SocketAddr, line: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request =
        format!("{line}\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it reads");
    let mut response = String::new();
    soon(stream.read_to_string(&mut response))
        .await
        .expect("it writes");
    response
}

#[tokio::test]
async fn one_router_answers_for_several_accounts() {
    let accounts: AccountMap = [
        Account {
            welcome: "the shop".into(),
            ..shop()
        },
        Account {
            welcome: "the library".into(),
            ..Account::new("library", "AnotherToken".parse().expect("a token"))
        },
    ]
    .into_iter()
    .collect();
    let address = listen(
        Bot::new()
            .on(echo)
            .accounts(accounts)
            .router()
            .expect("all is there"),
    )
    .await;
    for (id, token, welcome) in [
        ("shop", token(), "the shop"),
        (
            "library",
            "AnotherToken".parse().expect("a token"),
            "the library",
        ),
    ] {
        let mut platform = platform(&format!("http://{address}/mp/{id}"), Mode::Plain);
        platform.token = token;
        let outcome = platform.push(&Push::subscribe()).await;
        assert_eq!(text_shown(&outcome.shown), welcome);
    }
    let mut stranger = platform(&format!("http://{address}/mp/library"), Mode::Plain);
    assert!(!stranger.handshake().await.passed());
    stranger.token = "AnotherToken".parse().expect("a token");
    assert!(stranger.handshake().await.passed());
}

#[tokio::test]
async fn a_service_without_an_account_finds_nothing() {
    let platform = platform("http://localhost/", Mode::Plain);
    let envelope = platform.envelope(&Push::text("hello"));
    let answer = deliver(&parrot(), &platform, &envelope)
        .await
        .answer
        .expect("an answer");
    assert_eq!((answer.status, answer.text()), (404, String::new()));
}

#[tokio::test]
async fn a_stranger_never_reaches_a_handler() {
    let bot = Bot::new()
        .on(async |_: Message| -> () { unreachable!("a stranger's message") })
        .account(shop());
    let mut platform = platform("http://localhost/", Mode::Plain);
    platform.token = "AnotherToken".parse().expect("a token");
    let envelope = platform.envelope(&Push::text("hello"));
    let answer = deliver(&bot, &platform, &envelope)
        .await
        .answer
        .expect("an answer");
    assert_eq!((answer.status, answer.text()), (404, String::new()));
}

#[tokio::test]
async fn echo_says_what_a_follower_said() {
    let account = Account {
        welcome: "welcome".into(),
        ..shop()
    };
    let bot = Bot::new().on(echo).account(account);
    let welcome = || Reply::from("welcome");
    for (push, expected) in [
        (Push::text("你好"), "你好".into()),
        (
            Push::image("https://mmbiz.qpic.cn/1", "m1"),
            Reply::Image("m1".into()),
        ),
        (Push::voice("m2"), Reply::Voice("m2".into())),
        (Push::video("m3", "m4"), welcome()),
        (Push::short_video("m3", "m4"), welcome()),
        (Push::location(23.1, 113.3, 15, "Canton"), welcome()),
        (Push::link("t", "d", "https://example.com"), welcome()),
        (Push::unsupported(), welcome()),
        (Push::subscribe(), welcome()),
        (Push::subscribe_by_scan("7", "t"), welcome()),
        (Push::unsubscribe(), Reply::Silence),
        (Push::scan("7", "t"), Reply::Silence),
        (Push::click("menu-1"), Reply::Silence),
        (Push::message("device_text", []), Reply::Silence),
        (Push::message("something_new", []), Reply::Silence),
        (
            Push::xml("<xml><InfoType>authorized</InfoType></xml>"),
            Reply::Silence,
        ),
    ] {
        let answer = bot
            .answer(common::message(&push))
            .await
            .expect("it does not fail");
        assert_eq!(answer, expected, "{push:?}");
    }
}

/// A port that was free a moment ago.
async fn free_address() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("it is bound")
}

#[tokio::test]
async fn serve_answers_at_mp_and_the_id_of_the_account() {
    let address = free_address().await;
    let bot = parrot().account(Account::new("default", token()));
    let serving = tokio::spawn(bot.serve(address.to_string()));
    let connected = async {
        while TcpStream::connect(address).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    soon(connected).await;
    let platform = platform(&format!("http://{address}/mp/default"), Mode::Plain);
    assert!(platform.handshake().await.passed());
    assert_eq!(
        text_shown(&platform.push(&Push::text("hello")).await.shown),
        "hello"
    );

    let nothing = request(address, "GET /nothing HTTP/1.1").await;
    let unknown = request(address, "GET /mp/other HTTP/1.1").await;
    for page in [&nothing, &unknown] {
        assert!(page.starts_with("HTTP/1.1 404 "), "{page}");
        assert!(page.contains("This address can be reached"), "{page}");
    }
    assert!(!serving.is_finished());
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let holder = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = holder.local_addr().expect("it is bound").to_string();
    let error = parrot()
        .account(shop())
        .serve(address.clone())
        .await
        .expect_err("it is in use");
    assert!(matches!(error.downcast_ref(), Some(Error::Listen { .. })));
    assert_eq!(
        error.to_string(),
        format!(
            "cannot listen on {address}; give an address of this machine with a port that is free and allowed"
        )
    );
    // `main` shows `Debug`, which names the cause.
    assert!(format!("{error:?}").contains("allowed: "), "{error:?}");
}

#[tokio::test]
async fn the_content_types_are_those_that_the_platform_reads() {
    let bot = parrot().account(shop());
    let platform = platform("http://localhost/", Mode::Plain);
    for (words, expected) in [
        ("hello", "text/xml; charset=utf-8"),
        ("nothing", "text/plain; charset=utf-8"),
    ] {
        let envelope = platform.envelope(&Push::text(words));
        let answer = deliver(&bot, &platform, &envelope)
            .await
            .answer
            .expect("an answer");
        assert_eq!(answer.headers[http::header::CONTENT_TYPE], expected);
    }
}
