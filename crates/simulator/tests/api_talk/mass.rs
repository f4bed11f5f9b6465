//! Mass messages.

use echostr_simulator::conversation::Bubble;
use echostr_simulator::world::Kind;
use serde_json::{Value, json};

use crate::stage::{Stage, at, done, refused};

const SEND_ALL: &str = "/cgi-bin/message/mass/sendall";

fn text(content: &str) -> Value {
    json!({ "filter": { "is_to_all": true }, "msgtype": "text", "text": { "content": content } })
}

#[tokio::test]
async fn a_mass_message_is_seen_by_those_who_follow_and_its_end_is_told() {
    let mut stage = Stage::new().await;
    let (ming, hong) = (stage.follower("小明").await, stage.follower("小红").await);
    let stranger = stage.person("路人");
    let job = stage.call(SEND_ALL, text("新菜上市")).await;
    let status = "/cgi-bin/message/mass/get";
    let event = stage.event("MASSSENDJOBFINISH").await;
    assert_eq!(at(&event, "MsgID"), job["msg_id"].to_string(), "{job}");
    let counts = [
        "Status",
        "TotalCount",
        "FilterCount",
        "SentCount",
        "ErrorCount",
    ]
    .map(|name| at(&event, name));
    assert_eq!(counts, ["send success", "2", "2", "2", "0"]);
    for open_id in [&ming, &hong] {
        assert_eq!(stage.seen(open_id), [Bubble::text("新菜上市")]);
    }
    assert_eq!(stage.seen(&stranger), []);
    let asked = json!({ "msg_id": job["msg_id"] });
    assert_eq!(
        stage.call(status, asked.clone()).await["msg_status"],
        "SEND_SUCCESS"
    );
    refused(
        &stage.call(status, json!({ "msg_id": 7 })).await,
        40059,
        "invalid msg id",
    );
    // Texts stay.
    let answer = stage.call("/cgi-bin/message/mass/delete", asked).await;
    refused(&answer, 40065, "invalid msg status");
}

#[tokio::test]
async fn a_mass_message_to_a_list_reaches_the_list() {
    let mut stage = Stage::new().await;
    let (ming, hong) = (stage.follower("小明").await, stage.follower("小红").await);
    let lan = stage.follower("小兰").await;
    let to =
        |to: Value| json!({ "touser": to, "msgtype": "text", "text": { "content": "你们好" } });
    let send = "/cgi-bin/message/mass/send";
    refused(
        &stage.call(send, to(json!([ming]))).await,
        40130,
        "invalid openid list size, at least two openid",
    );
    refused(
        &stage.call(send, to(json!([ming, "nobody"]))).await,
        40031,
        "invalid openid list",
    );
    stage.call(send, to(json!([ming, hong]))).await;
    assert_eq!(stage.seen(&ming), [Bubble::text("你们好")]);
    assert_eq!(stage.seen(&lan), []);
}

#[tokio::test]
async fn a_mass_message_to_a_tag_reaches_those_who_carry_it() {
    let mut stage = Stage::new().await;
    let (ming, hong) = (stage.follower("小明").await, stage.follower("小红").await);
    let tag = stage
        .call("/cgi-bin/tags/create", json!({ "tag": { "name": "熟客" } }))
        .await["tag"]["id"]
        .clone();
    let tagged = json!({ "openid_list": [ming], "tagid": tag });
    done(
        &stage
            .call("/cgi-bin/tags/members/batchtagging", tagged)
            .await,
    );
    let mut message = text("只给熟客");
    message["filter"] = json!({ "is_to_all": false, "tag_id": tag });
    stage.call(SEND_ALL, message.clone()).await;
    assert_eq!(
        at(&stage.event("MASSSENDJOBFINISH").await, "TotalCount"),
        "1"
    );
    assert_eq!(stage.seen(&ming), [Bubble::text("只给熟客")]);
    assert_eq!(stage.seen(&hong), []);
    message["filter"]["tag_id"] = json!(7);
    refused(
        &stage.call(SEND_ALL, message).await,
        40152,
        "invalid group id",
    );
}

#[tokio::test]
async fn a_service_account_reaches_a_follower_four_times_a_month() {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    for n in 0..4 {
        let job = stage.call(SEND_ALL, text(&n.to_string())).await;
        assert!(job["msg_id"].is_i64(), "{job}");
    }
    let words = "has no masssend quota";
    refused(&stage.call(SEND_ALL, text("5")).await, 45028, words);
    assert_eq!(stage.seen(&open_id).len(), 4);
    stage.advance_secs(31 * 24 * 3600);
    stage.renew_token().await;
    stage.call(SEND_ALL, text("6")).await;
    assert_eq!(stage.seen(&open_id).len(), 5);
}

#[tokio::test]
async fn a_subscription_account_reaches_a_follower_once_a_day() {
    let mut stage = Stage::of_kind(Kind::VerifiedSubscription).await;
    let open_id = stage.follower("小明").await;
    stage.call(SEND_ALL, text("1")).await;
    refused(
        &stage.call(SEND_ALL, text("2")).await,
        45028,
        "has no masssend quota",
    );
    stage.advance_secs(24 * 3600);
    stage.renew_token().await;
    stage.call(SEND_ALL, text("3")).await;
    assert_eq!(stage.seen(&open_id), [Bubble::text("1"), Bubble::text("3")]);
}

#[tokio::test]
async fn the_same_clientmsgid_is_sent_once() {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    let mut message = text("周报");
    message["clientmsgid"] = json!("weekly-47");
    let job = stage.call(SEND_ALL, message.clone()).await;
    refused(
        &stage.call(SEND_ALL, message.clone()).await,
        45066,
        "same clientmsgid retry too fast",
    );
    stage.advance_secs(60);
    let again = stage.call(SEND_ALL, message).await;
    refused(&again, 45065, "clientmsgid exist");
    assert_eq!(again["msg_id"], job["msg_id"]);
    assert_eq!(stage.seen(&open_id).len(), 1);
}

#[tokio::test]
async fn a_preview_is_seen_by_one_person() {
    let mut stage = Stage::new().await;
    let (ming, hong) = (stage.follower("小明").await, stage.follower("小红").await);
    let preview = "/cgi-bin/message/mass/preview";
    let to = |who: &str, value: Value| json!({ who: value, "msgtype": "text", "text": { "content": "看看" } });
    done(&stage.call(preview, to("touser", json!(ming))).await);
    done(&stage.call(preview, to("towxname", json!("小红"))).await);
    refused(
        &stage.call(preview, to("towxname", json!("路人"))).await,
        40132,
        "invalid username",
    );
    assert_eq!(stage.seen(&ming), [Bubble::text("看看")]);
    assert_eq!(stage.seen(&hong), [Bubble::text("看看")]);
}

#[tokio::test]
async fn the_speed_is_what_it_was_set_to() {
    let stage = Stage::new().await;
    let get = "/cgi-bin/message/mass/speed/get";
    assert_eq!(
        stage.call(get, json!({})).await,
        json!({ "speed": 0, "realspeed": 80 })
    );
    done(
        &stage
            .call("/cgi-bin/message/mass/speed/set", json!({ "speed": 3 }))
            .await,
    );
    assert_eq!(
        stage.call(get, json!({})).await,
        json!({ "speed": 3, "realspeed": 30 })
    );
    let answer = stage
        .call("/cgi-bin/message/mass/speed/set", json!({ "speed": 5 }))
        .await;
    refused(&answer, 45083, "the speed out of range");
}
