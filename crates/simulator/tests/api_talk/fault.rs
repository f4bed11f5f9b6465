//! What is made to fail on purpose.

use std::time::{Duration, Instant};

use echostr_simulator::conversation::Bubble;
use echostr_simulator::exchange::What;
use serde_json::json;

use crate::stage::{Stage, done, refused};

const SEND: &str = "/cgi-bin/message/custom/send";

fn rule(stage: &Stage, rule: &str) {
    let fault = rule.parse().unwrap_or_else(|error| panic!("{error}"));
    stage.simulator.world().faults.0 = vec![fault];
}

/// The conversation of somebody who was sent `你好` while this rule held, and what came of the call.
async fn check(text: &str, answer: Option<(u16, &str)>, seen: &[&str]) {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    rule(&stage, text);
    let message = json!({ "touser": open_id, "msgtype": "text", "text": { "content": "你好" } });
    let got = stage.http(SEND, message).await;
    match (got, answer) {
        (None, None) => {}
        (Some((status, body)), Some((expected, part))) => {
            assert_eq!(status, expected, "{text}");
            assert!(body.contains(part), "{text}: {body}");
        }
        (got, _) => panic!("{text}: {got:?}"),
    }
    let seen: Vec<_> = seen.iter().map(|text| Bubble::text(*text)).collect();
    assert_eq!(stage.seen(&open_id), seen, "{text}");
}

#[tokio::test]
async fn a_call_fails_as_its_rule_says() {
    check(
        "fail 45009 on message/custom/send",
        Some((200, "reach max api daily quota limit rid: ")),
        &[],
    )
    .await;
    check(
        "fail -1 on *",
        Some((200, r#""errcode":-1,"errmsg":"system error"#)),
        &[],
    )
    .await;
    check(
        "fail 40001 on menu/create",
        Some((200, r#""errcode":0"#)),
        &["你好"],
    )
    .await;
    check("status 502 on *", Some((502, "502 Bad Gateway")), &[]).await;
    check("reset on SendCustomMessage", None, &[]).await;
    check("lost on message/custom/send", None, &["你好"]).await;
    check(
        "fail 40001 on * for 0 %",
        Some((200, r#""errcode":0"#)),
        &["你好"],
    )
    .await;
}

#[tokio::test]
async fn a_late_answer_comes_after_what_it_did() {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    rule(&stage, "late 300 ms on message/custom/send");
    let began = Instant::now();
    done(&stage.send_text(&open_id, "你好").await);
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert_eq!(stage.seen(&open_id), [Bubble::text("你好")]);
}

#[tokio::test]
async fn a_rule_that_holds_twice_holds_twice() {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    rule(&stage, "fail 40001 on message/custom/send 2 times");
    let words = "invalid credential, access_token is invalid or not latest";
    for _ in 0..2 {
        refused(&stage.send_text(&open_id, "你好").await, 40001, words);
    }
    done(&stage.send_text(&open_id, "你好").await);
}

#[tokio::test]
async fn the_log_shows_what_was_called_and_what_came_of_it() {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    rule(&stage, "lost on message/custom/send");
    stage
        .http(
            SEND,
            json!({ "touser": open_id, "msgtype": "text", "text": { "content": "你好" } }),
        )
        .await;
    let world = stage.simulator.world();
    let record = world.log.records().next_back().expect("a record");
    let What::Call(called) = &record.what else {
        panic!("a call")
    };
    assert_eq!(
        called.endpoint.map(|endpoint| endpoint.name),
        Some("SendCustomMessage")
    );
    assert_eq!((called.errcode, called.response.len()), (0, 0));
    assert_eq!(record.app_id.as_ref(), Some(&stage.app_id));
    let account = world.account(stage.app_id.as_str()).expect("the account");
    let follower = account.follower(open_id.as_str()).expect("the follower");
    let entry = follower.conversation.entries().last().expect("a message");
    assert_eq!(entry.exchange, Some(record.id));
}

#[tokio::test]
async fn the_log_tells_what_a_rule_did() {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    let cases = [
        ("fail 45009 on *", Some(200), 45009, "fail with 45009"),
        ("status 502 on *", Some(502), 0, "HTTP 502"),
        ("reset on *", None, 0, "not done"),
        ("lost on *", None, 0, "lost its answer"),
        ("late 10 ms on *", Some(200), 0, "10 ms"),
    ];
    for (text, status, errcode, words) in cases {
        rule(&stage, text);
        let message =
            json!({ "touser": open_id, "msgtype": "text", "text": { "content": "你好" } });
        stage.http(SEND, message).await;
        let world = stage.simulator.world();
        let record = world.log.records().next_back().expect("a record");
        let What::Call(called) = &record.what else {
            panic!("a call")
        };
        assert_eq!((called.status, called.errcode), (status, errcode), "{text}");
        assert_eq!(called.notes.len(), 1, "{text}: {:?}", called.notes);
        assert!(called.notes[0].contains(words), "{:?}", called.notes);
        assert!(!format!("{record:?}").contains(&stage.token), "{text}");
    }
}
