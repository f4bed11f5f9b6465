//! Calls to the platform from handlers: the client as an argument, files that are uploaded once, what refusals of messages teach.

mod common;

use std::sync::Arc;

use common::{message, shop};
use echostr::client::{Capability, May};
use echostr::prelude::*;
use echostr::protocol::api::custom_message::SendCustomMessage;
use echostr::protocol::api::tag::{CreateTag, GetTags, NewTag};
use echostr::protocol::{self, AppId, OpenId};
use echostr::{ApiAccount, CustomMessages, FileReply, Platform, Sender as _};
use echostr_simulator::conversation::From;
use echostr_simulator::exchange::What;
use echostr_simulator::world::AccountSettings;
use echostr_simulator::{Action, Clock, Push, Simulator};

/// The platform with the account, and a follower who has just written.
struct Stage {
    simulator: Simulator,
    app_id: AppId,
    follower: OpenId,
}

impl Stage {
    async fn begin() -> Self {
        let simulator = Simulator::start(Clock::default()).await.expect("a port");
        let app_id = simulator
            .add_account(AccountSettings::new("雯子"))
            .expect("it has no server");
        let follower = simulator
            .add_follower(&app_id, "小明")
            .expect("the account");
        for action in [Action::Follow, Action::Say("您好".into())] {
            simulator
                .act(&app_id, &follower, action)
                .expect("they are there");
        }
        Self {
            simulator,
            app_id,
            follower,
        }
    }

    fn account(&self) -> Account {
        let world = self.simulator.world();
        let account = world.account(self.app_id.as_str()).expect("it is there");
        let api = ApiAccount {
            base: Some(world.base.parse().expect("an address")),
            ..ApiAccount::new(self.app_id.clone(), account.settings.app_secret.clone())
        };
        Account {
            api: Some(Arc::new(api)),
            ..shop()
        }
    }

    /// Path and bytes of what was called, but for tokens.
    fn calls(&self) -> Vec<(&'static str, Vec<u8>)> {
        let world = self.simulator.world();
        let calls = world.log.records().filter_map(|record| match &record.what {
            What::Call(call) => Some((call.endpoint?.path, call.request.clone())),
            What::Push(_) => None,
        });
        calls
            .filter(|(path, _)| *path != "/cgi-bin/stable_token")
            .collect()
    }

    fn asked(&self) -> Vec<&'static str> {
        self.calls().into_iter().map(|(path, _)| path).collect()
    }
}

fn text(content: &str) -> Message {
    message(&Push::text(content))
}

#[tokio::test]
async fn a_handler_calls_the_platform_for_the_account_of_the_message() {
    let stage = Stage::begin().await;
    let bot = Bot::new()
        .on(async |text: Text, client: Client| -> Result<String> {
            let tag = NewTag {
                name: text.content.to_string(),
            };
            let made = client.call(CreateTag { tag }).await?;
            let tags = client.call(GetTags {}).await?;
            let found = tags.tags.iter().find(|tag| tag.id == made.tag.id);
            Ok(format!("标签 {}", found.expect("it was made").name))
        })
        .account(stage.account());
    let reply = bot.answer(text("熟客")).await.expect("an answer");
    assert_eq!(reply, Reply::from("标签 熟客"));
    assert_eq!(stage.asked(), ["/cgi-bin/tags/create", "/cgi-bin/tags/get"]);
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
    let stage = Stage::begin().await;
    let bot = Bot::new()
        .on(async |text: Text| {
            let bytes = [b"\x89PNG\r\n\x1a\n", text.content.as_bytes()].concat();
            FileReply::image(protocol::api::File::named("菜单.png", bytes))
        })
        .account(stage.account());
    let mut replies = Vec::new();
    for (content, n_uploads) in [("a", 1), ("a", 1), ("b", 2), ("a", 2)] {
        replies.push(bot.answer(text(content)).await.expect("an answer"));
        assert_eq!(stage.asked(), vec!["/cgi-bin/media/upload"; n_uploads]);
    }
    assert_eq!(replies[0], replies[1]);
    assert_eq!(replies[0], replies[3]);
    assert_ne!(replies[0], replies[2]);
    let (_, request) = stage.calls().remove(0);
    let request = String::from_utf8_lossy(&request).into_owned();
    assert!(
        request.contains("filename=\"菜单.png\"\r\nContent-Type: image/png"),
        "{request}"
    );
}

/// What an answer to a message teaches: whether it may have arrived, what is known of the account then, and whether it is tried
/// again. `rule` is what goes wrong.
async fn check(rule: &str, expected: Result<(), bool>, may: May, can_send: bool) {
    let stage = Stage::begin().await;
    let rules = (!rule.is_empty()).then(|| rule.parse().expect("a rule"));
    stage.simulator.world().faults.0 = rules.into_iter().collect();
    let account = stage.account();
    let platform = Platform::new(&echostr::client::Settings::default()).expect("no proxy");
    let desk = CustomMessages::new(platform);
    let message = SendCustomMessage::text(stage.follower.clone(), "您好");
    let sent = desk.send(&account, message).await;
    let sent = sent.map_err(|why| why.may_have_arrived);
    assert_eq!(sent, expected, "{rule}");
    assert_eq!(account.able.may(Capability::CustomMessage), may, "{rule}");
    assert_eq!(account.able.can_send(), can_send, "{rule}");
    let asked = stage.asked();
    assert_eq!(asked, ["/cgi-bin/message/custom/send"], "{rule}: once");
    let world = stage.simulator.world();
    let account = world.account(stage.app_id.as_str()).expect("it is there");
    let follower = account.follower(stage.follower.as_str());
    let entries = follower.expect("they are there").conversation.entries();
    let has_arrived = entries.iter().any(|entry| entry.from == From::Account);
    let is_lost = rule.starts_with("lost");
    assert_eq!(has_arrived, expected.is_ok() || is_lost, "{rule}");
}

#[tokio::test]
async fn what_the_platform_says_of_a_message_is_remembered_of_the_account() {
    let unknown = May::Unknown(None);
    check("", Ok(()), May::Yes, true).await;
    // Of this follower only.
    for code in [45015, 45047, 43004, 48008] {
        let rule = format!("fail {code} on message/custom/send");
        check(&rule, Err(false), unknown, true).await;
    }
    let no = May::No(48001);
    check("fail 48001 on message/custom/send", Err(false), no, false).await;
    let rule = "fail 40164 on message/custom/send";
    check(rule, Err(false), unknown, false).await;
    // Then replies are better for a while.
    let rule = "fail -1 on message/custom/send";
    check(rule, Err(true), unknown, true).await;
    for rule in ["status 502", "lost", "reset"] {
        let rule = format!("{rule} on message/custom/send");
        check(&rule, Err(true), unknown, false).await;
    }
}
