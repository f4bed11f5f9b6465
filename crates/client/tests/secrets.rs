//! Secrets are planted everywhere, and looked for in every error and every line that is logged.

mod common;

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use echostr_client::{
    ApiAccount, Client, Component, Error, Settings, Ticket, TokenSource, TokenUrl,
};
use echostr_protocol::api::component_token::GetPreAuthCode;
use echostr_protocol::api::media::GetMedia;
use echostr_protocol::api::oauth::{SnsAccessToken, SnsUserInfo};
use echostr_protocol::api::tag::{CreateTag, GetTags, NewTag};
use echostr_protocol::api::token::GetStableAccessToken;
use serde_json::json;
use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::{DefaultGuard, NoSubscriber};

use common::{APP_ID, Answer, Server, json as answer, platform, settings, with};

/// Every secret has this in it.
const MARK: &str = "s3cr3t";
const APP_SECRET: &str = "app_s3cr3t_1";
const REFRESH: &str = "refresh_s3cr3t_2";
const COMPONENT_SECRET: &str = "component_s3cr3t_3";
const TICKET: &str = "ticket_s3cr3t_4";
const KEY: &str = "key_s3cr3t_5";
const TOKEN: &str = "token_s3cr3t_6";

/// While there is only one subscriber, tracing asks that of the thread which meets a line first, whether anybody listens; with
/// tests on other threads, that is nobody. With two, it asks both.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

/// What is logged on this thread, all of it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn listen() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        LazyLock::force(&ANOTHER);
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn has_no_secret(&self) {
        let text = self.text();
        assert!(!text.is_empty(), "nothing was logged");
        assert!(!text.contains(MARK), "{text}");
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("not poisoned")).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Everything that an error can print.
fn printed(error: &Error) -> String {
    let mut text = format!("{error:?}\n{error:#?}\n");
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        writeln!(text, "{error}\n{error:?}").expect("a String takes everything");
        next = error.source();
    }
    if let Some(refused) = error.refused() {
        writeln!(text, "{refused} {refused:?} {}", refused.remedy())
            .expect("a String takes everything");
    }
    text
}

fn component() -> Arc<Component> {
    let ticket = Ticket::default();
    ticket.set(TICKET.into());
    Arc::new(Component {
        app_id: "wxc".into(),
        secret: COMPONENT_SECRET.into(),
        ticket,
    })
}

/// Accounts of every kind whose API is at `base`.
fn accounts(base: &str) -> Vec<ApiAccount> {
    let url = TokenUrl::new(&format!("{base}/token"), Some(KEY.into())).expect("an address");
    [
        TokenSource::Stable(APP_SECRET.into()),
        TokenSource::Plain(APP_SECRET.into()),
        TokenSource::Authorizer(REFRESH.into()),
        TokenSource::Url(url),
    ]
    .map(|source| ApiAccount {
        source,
        base: Some(base.parse().expect("an address")),
        component: Some(component()),
        ..ApiAccount::new(APP_ID, APP_SECRET)
    })
    .into()
}

/// Calls of every kind; nothing of what they print or log is secret.
async fn check(what: &str, client: &Client) {
    let code = SnsAccessToken {
        appid: APP_ID.into(),
        secret: APP_SECRET.into(),
        code: "code_s3cr3t_7".into(),
    };
    let user = SnsUserInfo {
        openid: "o".into(),
        lang: None,
    };
    let client = client.as_follower("follower_s3cr3t_8".into());
    let token = GetStableAccessToken {
        appid: APP_ID.into(),
        secret: APP_SECRET.into(),
        ..Default::default()
    };
    let tag = CreateTag {
        tag: NewTag { name: "a".into() },
    };
    let code_of = GetPreAuthCode {
        component_appid: "wxc".into(),
    };
    let media = GetMedia {
        media_id: "m".into(),
    };
    let errors = tokio::join!(
        client.call(GetTags {}),
        client.call(tag),
        client.download(media),
        client.call(code),
        client.call(user),
        client.call(token),
        client.call(code_of),
        client.access_token_instead(TOKEN.into()),
    );
    let errors = [
        errors.0.err(),
        errors.1.err(),
        errors.2.err(),
        errors.3.err(),
        errors.4.err(),
        errors.5.err(),
        errors.6.err(),
        errors.7.err(),
    ];
    let mut n_errors = 0;
    for error in errors.iter().flatten() {
        n_errors += 1;
        let printed = printed(error);
        assert!(!printed.contains(MARK), "{what}: {printed}");
    }
    assert!(n_errors > 2, "{what}");
    let debug = format!("{client:?} {:#?}", client.account());
    assert!(!debug.contains(MARK), "{what}: {debug}");
}

/// All accounts at once.
async fn all(what: &impl std::fmt::Debug, settings: &Settings, base: &str) {
    let checks = accounts(base).into_iter().map(async |account| {
        let what = format!("{what:?} {:?}", account.source);
        check(&what, &platform(settings).client(account)).await;
    });
    futures_util::future::join_all(checks).await;
}

/// A platform that gives tokens, and answers everything else so.
async fn with_tokens(other: Answer) -> Server {
    Server::answering(move |request| {
        let request = String::from_utf8_lossy(request);
        let line = request.lines().next().unwrap_or_default();
        let gives = [
            " /cgi-bin/stable_token",
            " /cgi-bin/token?",
            "component_token",
            "authorizer_token",
            " /token ",
        ];
        if gives.iter().any(|path| line.contains(path)) {
            let all = json!({
                "access_token": TOKEN,
                "component_access_token": TOKEN,
                "authorizer_access_token": TOKEN,
                "authorizer_refresh_token": "refresh_s3cr3t_9",
                "expires_in": 7200,
            });
            answer(&all.to_string())
        } else {
            other.clone()
        }
    })
    .await
}

fn brief() -> Settings {
    Settings {
        timeout: Duration::from_secs(5),
        file_timeout: Duration::from_secs(5),
        ..settings()
    }
}

/// What the platform says when it says again all that it was told.
fn echo(code: i64) -> String {
    let all = [
        APP_SECRET,
        REFRESH,
        COMPONENT_SECRET,
        TICKET,
        TOKEN,
        "follower_s3cr3t_8",
        "code_s3cr3t_7",
    ]
    .join(" and ");
    format!(r#"{{"errcode":{code},"errmsg":"no {all} rid: 61-{TOKEN}"}}"#)
}

#[tokio::test]
async fn what_the_platform_says_again_is_left_out() {
    for code in [40001, 40014, 45009, 48001, 40164, 99_998] {
        let server = with_tokens(answer(&echo(code))).await;
        for account in accounts(&server.base("")) {
            let what = format!("{code} {:?}", account.source);
            // Only what this account and this call know can be left out.
            let client = platform(&brief()).client(account);
            let (log, listening) = Log::listen();
            let error = client.call(GetTags {}).await.expect_err("it is refused");
            drop(listening);
            let text = printed(&error) + &log.text();
            let own = match &client.account().source {
                TokenSource::Stable(_) | TokenSource::Plain(_) => APP_SECRET,
                TokenSource::Authorizer(_) => REFRESH,
                _ => KEY,
            };
            for secret in [TOKEN, COMPONENT_SECRET, TICKET, own] {
                assert!(!text.contains(secret), "{what}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn who_asks_for_a_token_is_told_no_secret() {
    let (log, _listening) = Log::listen();
    for code in [40001, 40125, 40164, 61_023, 99_998] {
        let server = Server::answering(move |request| {
            // It says again exactly what it was told.
            let told = String::from_utf8_lossy(request)
                .replace(['"', '\r', '\n', '{', '}', ',', '&', ':', '='], " ");
            let told = told.split_whitespace().filter(|word| word.contains(MARK));
            let told: Vec<&str> = told.collect();
            answer(&format!(
                r#"{{"errcode":{code},"errmsg":"no {}"}}"#,
                told.join(" and ")
            ))
        })
        .await;
        all(&code, &brief(), &server.base("")).await;
    }
    log.has_no_secret();
}

#[tokio::test]
async fn answers_that_cannot_be_read_are_not_shown_when_they_may_be_secret() {
    for body in [
        format!(r#"{{"access_token":"{TOKEN}","expires_in":"{TOKEN}"}}"#),
        format!(r#"{{"access_token":"{TOKEN}""#),
        format!(r#""{TOKEN}""#),
        format!(r#"["{TOKEN}"]"#),
        format!(r#"{{"component_access_token":["{TOKEN}"],"authorizer_access_token":5}}"#),
        format!("<html>{TOKEN} is no access_token"),
    ] {
        let server = Server::start([answer(&body)]).await;
        for account in accounts(&server.base("")) {
            let what = format!("{body} {:?}", account.source);
            let client = platform(&brief()).client(account);
            let (log, listening) = Log::listen();
            let error = client
                .call(GetTags {})
                .await
                .expect_err("there is no token");
            drop(listening);
            let text = printed(&error) + &log.text();
            assert!(!text.contains(MARK), "{what}: {text}");
        }
    }
}

#[tokio::test]
async fn connections_that_fail_name_no_secret() {
    let (log, _listening) = Log::listen();
    let nobody = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("a port");
    let refused = format!("http://{}", nobody.local_addr().expect("it listens"));
    drop(nobody);
    let proxy = Server::start([with("407 Proxy Authentication Required", "", "")]).await;
    let through = |address: &str| {
        let address = address.replace("http://", "http://owner:password_s3cr3t@");
        Settings {
            proxy: Some(address.parse().expect("an address")),
            ..brief()
        }
    };
    for (what, settings, base) in [
        ("refused", brief(), refused.clone()),
        (
            "no such proxy",
            through(&refused),
            "https://api.weixin.qq.com".into(),
        ),
        (
            "a proxy that refuses",
            through(&proxy.base("")),
            "https://api.weixin.qq.com".into(),
        ),
        (
            "a proxy in clear that refuses",
            through(&proxy.base("")),
            "http://api.weixin.qq.com".into(),
        ),
    ] {
        let platform = platform(&settings);
        assert!(!format!("{platform:?} {settings:?}").contains(MARK));
        all(&what, &settings, &base).await;
    }
    log.has_no_secret();
}

#[tokio::test]
async fn answers_that_break_off_or_never_come_name_no_secret() {
    let (log, _listening) = Log::listen();
    for other in [
        Answer::Last(Vec::new()),
        Answer::Last(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec()),
        Answer::Last(b"nonsense\r\n\r\n".to_vec()),
        with("502 Bad Gateway", "", TOKEN),
        with(
            "302 Found",
            "Location: http://127.0.0.1:9/?access_token=token_s3cr3t_6\r\n",
            "",
        ),
    ] {
        let server = with_tokens(other.clone()).await;
        all(&other, &brief(), &server.base("")).await;
    }
    let server = with_tokens(Answer::Never).await;
    let account = accounts(&server.base("")).remove(0);
    let error = platform(&brief()).client(account).call(GetTags {}).await;
    let printed = printed(&error.expect_err("it never answers"));
    assert!(!printed.contains(MARK), "{printed}");
    log.has_no_secret();
}
