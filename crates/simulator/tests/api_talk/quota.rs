//! Calls a day, and what became of a call.

use serde_json::{Value, json};

use crate::stage::{Stage, done, refused};

const SEND: &str = "/cgi-bin/message/custom/send";

async fn used(stage: &Stage) -> Value {
    let answer = stage
        .call("/cgi-bin/openapi/quota/get", json!({ "cgi_path": SEND }))
        .await;
    answer["quota"].clone()
}

#[tokio::test]
async fn calls_are_counted_until_midnight_or_until_they_are_set_back() {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    stage.say(&open_id, "你好").await;
    assert_eq!(
        used(&stage).await,
        json!({ "daily_limit": 500_000, "used": 0, "remain": 500_000 })
    );
    stage.change(|account| account.set_daily_limit(SEND, 2));
    for n in 0..2 {
        done(&stage.send_text(&open_id, &n.to_string()).await);
    }
    let words = "reach max api daily quota limit";
    refused(&stage.send_text(&open_id, "2").await, 45009, words);
    assert_eq!(stage.seen(&open_id).len(), 2);
    assert_eq!(
        used(&stage).await,
        json!({ "daily_limit": 2, "used": 2, "remain": 0 })
    );
    done(
        &stage
            .call("/cgi-bin/openapi/quota/clear", json!({ "cgi_path": SEND }))
            .await,
    );
    assert_eq!(used(&stage).await["used"], 0);
    done(&stage.send_text(&open_id, "3").await);
    done(&stage.send_text(&open_id, "4").await);
    refused(&stage.send_text(&open_id, "5").await, 45009, words);
    done(
        &stage
            .call("/cgi-bin/clear_quota", json!({ "appid": stage.app_id }))
            .await,
    );
    done(&stage.send_text(&open_id, "6").await);
    stage.advance_secs(24 * 3600);
    stage.renew_token().await;
    assert_eq!(used(&stage).await["used"], 0);
}

#[tokio::test]
async fn all_counters_are_set_back_ten_times_a_month() {
    let mut stage = Stage::new().await;
    let own = json!({ "appid": stage.app_id });
    for _ in 0..5 {
        done(&stage.call("/cgi-bin/clear_quota", own.clone()).await);
        let body = json!({ "appid": stage.app_id, "appsecret": stage.secret() });
        done(&stage.bare_post("/cgi-bin/clear_quota/v2", body).await);
    }
    let in_query = format!("/cgi-bin/clear_quota/v2?appid={}&appsecret=0", stage.app_id);
    let answer = stage.bare_post(&in_query, json!({})).await;
    refused(&answer, 40125, "invalid appsecret");
    let words = "forbid to clear quota because of reaching the limit";
    refused(
        &stage.call("/cgi-bin/clear_quota", own.clone()).await,
        48006,
        words,
    );
    let body = json!({ "appid": stage.app_id, "appsecret": "0" });
    refused(
        &stage.bare_post("/cgi-bin/clear_quota/v2", body).await,
        40125,
        "invalid appsecret",
    );
    let other = json!({ "appid": "wx0123456789abcdef" });
    refused(
        &stage.call("/cgi-bin/clear_quota", other).await,
        40013,
        "invalid appid",
    );
    stage.advance_secs(31 * 24 * 3600);
    stage.renew_token().await;
    done(&stage.call("/cgi-bin/clear_quota", own).await);
}

#[tokio::test]
async fn a_quota_is_asked_for_by_a_path_that_there_is() {
    let stage = Stage::new().await;
    for (path, errcode) in [
        ("cgi-bin/user/get", 76003),
        ("/cgi-bin/x", 76021),
        ("/sns/auth", 76022),
    ] {
        let answer = stage
            .call("/cgi-bin/openapi/quota/get", json!({ "cgi_path": path }))
            .await;
        assert_eq!(answer["errcode"], errcode, "{answer}");
    }
}

#[tokio::test]
async fn what_became_of_a_call_is_found_by_its_rid() {
    let stage = Stage::new().await;
    let failed = stage
        .call(
            SEND,
            json!({ "touser": "nobody", "msgtype": "text", "text": { "content": "?" } }),
        )
        .await;
    let errmsg = failed["errmsg"].as_str().expect("a text");
    let (_, rid) = errmsg.split_once("rid: ").expect("a rid");
    let answer = stage
        .call("/cgi-bin/openapi/rid/get", json!({ "rid": rid }))
        .await;
    let call = &answer["request"];
    assert_eq!(
        call["request_url"],
        format!("access_token={}", stage.token),
        "{answer}"
    );
    assert_eq!(call["client_ip"], "127.0.0.1");
    assert!(
        call["request_body"]
            .as_str()
            .is_some_and(|body| body.contains("nobody"))
    );
    assert!(
        call["response_body"]
            .as_str()
            .is_some_and(|body| body.contains("40003"))
    );
    assert!(call["invoke_time"].as_i64() > Some(1_700_000_000));
    for (rid, errcode) in [("61725984-6126f6f9-040f19c4", 76001), ("7", 76002)] {
        let answer = stage
            .call("/cgi-bin/openapi/rid/get", json!({ "rid": rid }))
            .await;
        assert_eq!(answer["errcode"], errcode, "{answer}");
    }
}
