//! Calls to the platform from handlers: the client as an argument, files that are uploaded once, what refusals of messages teach.

mod common;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use common::{listen, message, shop};
use echostr::client::{Capability, May};
use echostr::prelude::*;
use echostr::protocol;
use echostr::protocol::api::custom_message::SendCustomMessage;
use echostr::protocol::api::tag::{CreateTag, NewTag};
use echostr::{ApiAccount, CustomMessages, FileReply, Platform, Sender as _};
use echostr_simulator::{FOLLOWER, Push};

const TOKEN: &str = r#"{"access_token":"token-1","expires_in":7200}"#;

/// The platform's HTTP API: it gives out a token, and answers all else with one text.
#[derive(Clone)]
struct Api {
    answer: &'static str,
    asked: Arc<Mutex<Vec<(String, Bytes)>>>,
}

impl Api {
    /// Answers its address, too.
    async fn begin(answer: &'static str) -> (Self, String) {
        let api = Self {
            answer,
            asked: Arc::default(),
        };
        let shared = api.clone();
        let router =
            Router::new().fallback(move |request: Request| shared.clone().respond(request));
        let address = listen(router).await;
        (api, format!("http://{address}"))
    }

    async fn respond(self, request: Request) -> Response {
        let path = request.uri().path().to_owned();
        let body = to_bytes(request.into_body(), 1 << 20)
            .await
            .expect("a body");
        if path == "/cgi-bin/stable_token" {
            return TOKEN.into_response();
        }
        let mut asked = self.asked.lock().expect("nobody panics");
        asked.push((path, body));
        self.answer.into_response()
    }

    fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("nobody panics");
        asked.iter().map(|(path, _)| path.clone()).collect()
    }
}

fn account(base: &str) -> Account {
    let api = ApiAccount {
        base: Some(base.parse().expect("an address")),
        ..ApiAccount::new("wx0123456789abcdef", "5f1c3b0e9d7a48c2b6e4f80a1d23c795")
    };
    Account {
        api: Some(Arc::new(api)),
        ..shop()
    }
}

fn text(content: &str) -> Message {
    message(&Push::text(content))
}

#[tokio::test]
async fn a_handler_calls_the_platform_for_the_account_of_the_message() {
    let (api, base) = Api::begin(r#"{"tag":{"id":134,"name":"熟客"}}"#).await;
    let bot = Bot::new()
        .on(async |text: Text, client: Client| -> Result<String> {
            let tag = NewTag {
                name: text.content.to_string(),
            };
            let made = client.call(CreateTag { tag }).await?;
            Ok(format!("标签 {}", made.tag.id))
        })
        .account(account(&base));
    let reply = bot.answer(text("熟客")).await.expect("an answer");
    assert_eq!(reply, Reply::from("标签 134"));
    assert_eq!(api.asked(), ["/cgi-bin/tags/create"]);
}

#[tokio::test]
async fn a_handler_that_calls_for_an_account_without_a_secret_is_told_what_is_missing() {
    let bot = Bot::new()
        .on(async |_: Text, client: Client| client.account().app_id.to_string())
        .account(shop());
    let error = bot.answer(text("您好")).await.expect_err("it has none");
    assert_eq!(
        error.to_string(),
        "the account `shop` has no AppID and AppSecret, so nothing can be called for it; they are on the platform's page \
         (设置与开发 → 基本配置)"
    );
}

#[tokio::test]
async fn a_file_is_uploaded_once_and_known_again_by_what_is_in_it() {
    let answer = r#"{"type":"image","media_id":"media-1","created_at":4102444800}"#;
    let (api, base) = Api::begin(answer).await;
    let bot = Bot::new()
        .on(async |text: Text| {
            let bytes = text.content.as_bytes().to_vec();
            FileReply::image(protocol::api::File::named("菜单.png", bytes))
        })
        .account(account(&base));
    for (content, n_uploads) in [("a", 1), ("a", 1), ("b", 2), ("a", 2)] {
        let reply = bot.answer(text(content)).await.expect("an answer");
        assert_eq!(reply, Reply::Image("media-1".into()));
        assert_eq!(api.asked(), vec!["/cgi-bin/media/upload"; n_uploads]);
    }
    let (_, body) = api.asked.lock().expect("nobody panics")[0].clone();
    let body = String::from_utf8_lossy(&body).into_owned();
    assert!(
        body.contains("filename=\"菜单.png\"\r\nContent-Type: image/png"),
        "{body}"
    );
}

/// What an answer to a message teaches: whether it may have arrived, what is known of the account then, and whether it is tried
/// again.
async fn check(answer: &'static str, expected: Result<(), bool>, may: May, can_send: bool) {
    let (api, base) = Api::begin(answer).await;
    let account = account(&base);
    let platform = Platform::new(&echostr::client::Settings::default()).expect("no proxy");
    let desk = CustomMessages::new(platform);
    let sent = desk
        .send(&account, SendCustomMessage::text(FOLLOWER, "您好"))
        .await;
    assert_eq!(
        sent.map_err(|why| why.may_have_arrived),
        expected,
        "{answer}"
    );
    assert_eq!(account.able.may(Capability::CustomMessage), may, "{answer}");
    assert_eq!(account.able.can_send(), can_send, "{answer}");
    assert_eq!(
        api.asked(),
        ["/cgi-bin/message/custom/send"],
        "{answer}: once"
    );
}

#[tokio::test]
async fn what_the_platform_says_of_a_message_is_remembered_of_the_account() {
    let unknown = May::Unknown(None);
    check(r#"{"errcode":0,"errmsg":"ok"}"#, Ok(()), May::Yes, true).await;
    // Of this follower only.
    for answer in [
        r#"{"errcode":45015,"errmsg":"response out of time limit"}"#,
        r#"{"errcode":45047,"errmsg":"out of response count limit"}"#,
        r#"{"errcode":43004,"errmsg":"require subscribe"}"#,
        r#"{"errcode":48008,"errmsg":"no permission for this msgtype"}"#,
    ] {
        check(answer, Err(false), unknown, true).await;
    }
    let unauthorized = r#"{"errcode":48001,"errmsg":"api unauthorized"}"#;
    check(unauthorized, Err(false), May::No(48001), false).await;
    let refused = r#"{"errcode":40164,"errmsg":"invalid ip 203.0.113.7, not in whitelist"}"#;
    check(refused, Err(false), unknown, false).await;
    // Then replies are better for a while.
    let busy = r#"{"errcode":-1,"errmsg":"system error"}"#;
    check(busy, Err(true), unknown, true).await;
    check("<html>", Err(true), unknown, false).await;
}
