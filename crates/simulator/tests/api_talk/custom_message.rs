//! Customer-service messages: what is seen, and when they may be sent.

use echostr_protocol::{Article, OpenId};
use echostr_simulator::conversation::Bubble;
use echostr_simulator::{Action, Change};
use serde_json::{Value, json};

use crate::stage::{Stage, done, refused};

const SEND: &str = "/cgi-bin/message/custom/send";
const TYPING: &str = "/cgi-bin/message/custom/typing";
const NO_MORE: (i64, &str) = (45047, "out of response count limit");
const TOO_LATE: (i64, &str) = (
    45015,
    "response out of time limit or subscription is canceled",
);

/// Sends until it is refused; how many were sent, and how the refusal reads.
async fn until_refused(stage: &Stage, to: &OpenId) -> (usize, Value) {
    for n in 0.. {
        let answer = stage.send_text(to, "嗯").await;
        if answer["errcode"] != 0 {
            return (n, answer);
        }
    }
    unreachable!("it ends")
}

#[tokio::test]
async fn a_message_of_the_follower_grants_five_within_48_hours() {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    stage.advance_secs(61);
    stage.say(&open_id, "在吗").await;
    stage.advance_secs(48 * 3600 - 60);
    stage.renew_token().await;
    let (n, answer) = until_refused(&stage, &open_id).await;
    assert_eq!(n, 5);
    refused(&answer, NO_MORE.0, NO_MORE.1);
    assert_eq!(stage.seen(&open_id).len(), 5);
    // It begins anew.
    stage.say(&open_id, "还在吗").await;
    assert_eq!(until_refused(&stage, &open_id).await.0, 5);
    stage.say(&open_id, "哦").await;
    stage.advance_secs(48 * 3600);
    stage.renew_token().await;
    let answer = stage.send_text(&open_id, "抱歉").await;
    refused(&answer, TOO_LATE.0, TOO_LATE.1);
}

#[tokio::test]
async fn following_and_a_tap_grant_three_within_a_minute() {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    assert_eq!(until_refused(&stage, &open_id).await.0, 3);
    let tap = Action::Tap {
        content: "价格".into(),
        id: "1".into(),
    };
    stage.act(&open_id, tap.clone()).await;
    assert_eq!(until_refused(&stage, &open_id).await.0, 3);
    stage.act(&open_id, tap).await;
    stage.advance_secs(60);
    let answer = stage.send_text(&open_id, "太晚了").await;
    refused(&answer, TOO_LATE.0, TOO_LATE.1);
}

#[tokio::test]
async fn what_different_acts_grant_adds_up() {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    stage.say(&open_id, "你好").await;
    // What ends soonest is spent first: three of the follow are gone with it, two of the message.
    for _ in 0..5 {
        done(&stage.send_text(&open_id, "嗯").await);
    }
    stage.advance_secs(60);
    assert_eq!(until_refused(&stage, &open_id).await.0, 3);
}

#[tokio::test]
async fn only_a_follower_is_sent_to() {
    let mut stage = Stage::new().await;
    let nobody = OpenId::from("oNobody0000000000000000000000");
    refused(
        &stage.send_text(&nobody, "你好").await,
        40003,
        "invalid openid",
    );
    let stranger = stage.person("小红");
    refused(
        &stage.send_text(&stranger, "你好").await,
        43004,
        "require subscribe",
    );
    let open_id = stage.follower("小明").await;
    stage.say(&open_id, "你好").await;
    done(&stage.send_text(&open_id, "你好").await);
    stage.act(&open_id, Action::Unfollow).await;
    refused(
        &stage.send_text(&open_id, "别走").await,
        43004,
        "require subscribe",
    );
    // Whoever comes back begins anew.
    stage.act(&open_id, Action::Follow).await;
    assert_eq!(until_refused(&stage, &open_id).await.0, 3);
    stage.block(&open_id).await;
    refused(
        &stage.send_text(&open_id, "你好").await,
        43019,
        "require remove blacklist",
    );
}

/// What a follower sees of it; or the refusal.
#[track_caller]
fn check(answer: &Value, seen: &[Bubble], expected: Result<Bubble, (i64, &str)>) {
    match expected {
        Ok(bubble) => {
            done(answer);
            assert_eq!(seen.last(), Some(&bubble));
        }
        Err((errcode, errmsg)) => refused(answer, errcode, errmsg),
    }
}

#[tokio::test]
async fn each_kind_is_seen_as_what_it_is() {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    let article = json!({ "title": "菜谱", "description": "烤鱼", "url": "https://example.com/1", "picurl": "" });
    let cases = [
        (
            json!({ "msgtype": "text", "text": { "content": "您好" } }),
            Ok(Bubble::text("您好")),
        ),
        (
            json!({ "msgtype": "text", "text": { "content": "您好" }, "aimsgcontext": { "is_ai_msg": 1 } }),
            Ok(Bubble::Text {
                content: "您好".into(),
                is_ai: true,
            }),
        ),
        (
            json!({ "msgtype": "text", "text": { "content": "" } }),
            Err((44004, "empty content")),
        ),
        (
            json!({ "msgtype": "text", "text": { "content": "多".repeat(682) } }),
            Ok(Bubble::text("多".repeat(682))),
        ),
        (
            json!({ "msgtype": "text", "text": { "content": "多".repeat(683) } }),
            Err((45002, "content size out of limit")),
        ),
        (
            json!({ "msgtype": "image", "image": { "media_id": "none" } }),
            Err((40007, "invalid media_id")),
        ),
        (
            json!({ "msgtype": "news", "news": { "articles": [article] } }),
            Ok(Bubble::News(vec![Article {
                title: "菜谱".into(),
                description: "烤鱼".into(),
                pic_url: String::new(),
                url: "https://example.com/1".into(),
            }])),
        ),
        (
            json!({ "msgtype": "news", "news": { "articles": [article, article] } }),
            Err((45008, "article size out of limit")),
        ),
        (
            json!({ "msgtype": "msgmenu", "msgmenu": {
                "head_content": "满意吗？", "list": [{ "id": "101", "content": "满意" }], "tail_content": "谢谢",
            } }),
            Ok(Bubble::Menu {
                head: "满意吗？".into(),
                entries: vec![("101".into(), "满意".into())],
                tail: "谢谢".into(),
            }),
        ),
        (
            json!({ "msgtype": "msgmenu", "msgmenu": {
                "head_content": "啊".repeat(683), "list": [{ "id": "1", "content": "满意" }],
            } }),
            Err((45002, "content size out of limit")),
        ),
        (
            json!({ "msgtype": "miniprogrampage", "miniprogrampage": {
                "title": "点餐", "appid": "wx3aea277d7b497b65", "pagepath": "pages/index?id=1",
            } }),
            Ok(Bubble::MiniProgram {
                title: "点餐".into(),
                app_id: "wx3aea277d7b497b65".into(),
                path: "pages/index?id=1".into(),
            }),
        ),
        (
            json!({ "msgtype": "link", "link": { "title": "", "description": "", "url": "", "thumb_url": "" } }),
            Err((40008, "invalid message type")),
        ),
        (
            json!({ "msgtype": "text", "text": { "content": "您好" }, "customservice": { "kf_account": "no@one" } }),
            Err((65401, "invalid custom service account")),
        ),
    ];
    for (mut message, expected) in cases {
        stage.say(&open_id, "嗯").await;
        message["touser"] = json!(open_id);
        let answer = stage.call(SEND, message).await;
        check(&answer, &stage.seen(&open_id), expected);
    }
}

#[tokio::test]
async fn a_picture_is_seen_until_it_has_expired() {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    let uploaded = stage
        .upload(
            "/cgi-bin/media/upload?type=image",
            "fish.jpg",
            b"\xff\xd8\xff\xe0 a fish",
        )
        .await;
    let id = uploaded["media_id"]
        .as_str()
        .unwrap_or_else(|| panic!("{uploaded}"));
    let message = json!({ "touser": open_id, "msgtype": "image", "image": { "media_id": id } });
    done(&stage.call(SEND, message.clone()).await);
    let seen = stage.seen(&open_id);
    let [Bubble::Image { url }] = seen.as_slice() else {
        panic!("{seen:?}")
    };
    let picture = stage
        .browse(url.strip_prefix(&stage.base).expect("an address"))
        .await;
    assert!(picture.is_ok_and(|picture| picture.ends_with(" a fish")));
    stage.advance_secs(3 * 24 * 3600);
    stage.renew_token().await;
    stage.say(&open_id, "还有吗").await;
    refused(&stage.call(SEND, message).await, 40007, "invalid media_id");
}

#[tokio::test]
async fn somebody_is_seen_typing_until_the_message_comes() {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    let until = |stage: &Stage| {
        let world = stage.simulator.world();
        let account = world.account(stage.app_id.as_str()).expect("the account");
        let follower = account.follower(open_id.as_str()).expect("the follower");
        follower.conversation.typing_until_ms - world.now_ms()
    };
    let begin = json!({ "touser": open_id, "command": "Typing" });
    stage.advance_secs(30);
    let words = "need sending message to user, or recving message from user in the last 30 seconds before typing";
    refused(&stage.call(TYPING, begin.clone()).await, 45080, words);
    stage.say(&open_id, "在吗").await;
    let mut changes = stage.simulator.changes();
    done(&stage.call(TYPING, begin.clone()).await);
    let conversation = Change::Conversation(stage.app_id.clone(), open_id.clone());
    assert_eq!(changes.recv().await.expect("a change"), conversation);
    assert!((10_000..=15_000).contains(&until(&stage)));
    refused(
        &stage.call(TYPING, begin.clone()).await,
        45081,
        "you are already typing",
    );
    let wrong = json!({ "touser": open_id, "command": "Sleeping" });
    refused(&stage.call(TYPING, wrong).await, 45072, "invalid command");
    done(&stage.send_text(&open_id, "在的").await);
    assert!(until(&stage) < 0);
    done(&stage.call(TYPING, begin.clone()).await);
    done(
        &stage
            .call(
                TYPING,
                json!({ "touser": open_id, "command": "CancelTyping" }),
            )
            .await,
    );
    assert!(until(&stage) < 0);
    done(&stage.call(TYPING, begin.clone()).await);
    stage.advance_secs(16);
    done(&stage.call(TYPING, begin).await);
}
