//! The desk: its accounts, and sessions in which it answers by hand.

use echostr_simulator::conversation::Bubble;
use echostr_simulator::world::AccountSettings;
use serde_json::json;

use crate::stage::{Stage, at, done, refused};

const DESK: &str = "desk1@gh_shop";

async fn with_desk(stage: &Stage) {
    done(
        &stage
            .call(
                "/customservice/kfaccount/add",
                json!({ "kf_account": DESK, "nickname": "小文" }),
            )
            .await,
    );
    let invitation = json!({ "kf_account": DESK, "invite_wx": "wen" });
    done(
        &stage
            .call("/customservice/kfaccount/inviteworker", invitation)
            .await,
    );
}

#[tokio::test]
async fn a_desk_account_is_listed_as_it_was_made() {
    let stage = Stage::new().await;
    with_desk(&stage).await;
    let expected = json!({ "kf_list": [
        { "kf_id": "1001", "kf_account": DESK, "kf_nick": "小文", "kf_headimgurl": "", "kf_wx": "wen" },
    ] });
    assert_eq!(
        stage.get("/cgi-bin/customservice/getkflist").await,
        expected
    );
    let change = json!({ "kf_account": DESK, "nickname": "大文" });
    done(&stage.call("/customservice/kfaccount/update", change).await);
    let list = stage.get("/cgi-bin/customservice/getkflist").await;
    assert_eq!(list["kf_list"][0]["kf_nick"], "大文");
    for (account, nickname, errcode, errmsg) in [
        (DESK, "小文", 65406, "custom service account exists"),
        ("desk", "小文", 65404, "illegal custom service account"),
        (
            "desk 2@gh_shop",
            "小文",
            65404,
            "illegal custom service account",
        ),
        (
            "desk2@gh_shop",
            "一二三四五六七八九十一二三四五六七",
            65403,
            "illegal nickname",
        ),
    ] {
        let body = json!({ "kf_account": account, "nickname": nickname });
        refused(
            &stage.call("/customservice/kfaccount/add", body).await,
            errcode,
            errmsg,
        );
    }
    let upload = format!("/customservice/kfaccount/uploadheadimg?kf_account={DESK}");
    refused(
        &stage.upload(&upload, "face.jpg", b"GIF89a").await,
        40005,
        "invalid file type",
    );
    done(
        &stage
            .upload(&upload, "face.jpg", b"\xff\xd8\xff\xe0 a face")
            .await,
    );
    let list = stage.get("/cgi-bin/customservice/getkflist").await;
    let picture = list["kf_list"][0]["kf_headimgurl"]
        .as_str()
        .and_then(|url| url.strip_prefix(&stage.base));
    let picture = stage.browse(picture.expect("an address")).await;
    assert!(picture.is_ok_and(|picture| picture.ends_with(" a face")));
    done(
        &stage
            .call(
                "/customservice/kfaccount/del",
                json!({ "kf_account": DESK }),
            )
            .await,
    );
    assert_eq!(
        stage.get("/cgi-bin/customservice/getkflist").await,
        json!({ "kf_list": [] })
    );
}

#[tokio::test]
async fn while_a_session_is_open_nothing_is_pushed_that_the_follower_writes() {
    let mut stage = Stage::new().await;
    let open_id = stage.follower("小明").await;
    let session = json!({ "kf_account": DESK, "openid": open_id });
    let create = "/customservice/kfsession/create";
    refused(
        &stage.call(create, session.clone()).await,
        65401,
        "invalid custom service account",
    );
    done(
        &stage
            .call(
                "/customservice/kfaccount/add",
                json!({ "kf_account": DESK, "nickname": "小文" }),
            )
            .await,
    );
    let words = "the custom service account need to bind a wechat user";
    refused(&stage.call(create, session.clone()).await, 65402, words);
    let invitation = json!({ "kf_account": DESK, "invite_wx": "wen" });
    done(
        &stage
            .call("/customservice/kfaccount/inviteworker", invitation)
            .await,
    );
    done(&stage.call(create, session.clone()).await);
    let event = stage.event("kf_create_session").await;
    assert_eq!(
        (at(&event, "KfAccount"), at(&event, "FromUserName")),
        (DESK.into(), open_id.to_string())
    );
    let other = json!({ "kf_account": "desk2@gh_shop", "nickname": "大文" });
    done(&stage.call("/customservice/kfaccount/add", other).await);
    let invitation = json!({ "kf_account": "desk2@gh_shop", "invite_wx": "wen" });
    let invite = "/customservice/kfaccount/inviteworker";
    let words = "the wechat user have been one of your workers";
    refused(&stage.call(invite, invitation).await, 65407, words);
    let invitation = json!({ "kf_account": "desk2@gh_shop", "invite_wx": "wei" });
    done(&stage.call(invite, invitation).await);
    let stolen = json!({ "kf_account": "desk2@gh_shop", "openid": open_id });
    let words = "another worker is serving the customer";
    refused(&stage.call(create, stolen).await, 65414, words);
    let asked = format!("/customservice/kfsession/getsession?openid={open_id}");
    assert_eq!(stage.get(&asked).await["kf_account"], DESK);
    let online = stage.get("/cgi-bin/customservice/getonlinekflist").await;
    assert_eq!(online["kf_online_list"][0]["accepted_case"], 1, "{online}");

    stage.say(&open_id, "有人吗").await;
    assert_eq!(stage.pushed(), [""; 0]);
    let message = json!({
        "touser": open_id, "msgtype": "text", "text": { "content": "有的" }, "customservice": { "kf_account": DESK },
    });
    done(&stage.call("/cgi-bin/message/custom/send", message).await);
    assert_eq!(stage.seen(&open_id), [Bubble::text("有的")]);
    let now = stage.simulator.world().now_ms() / 1000;
    let asked = json!({ "starttime": now - 60, "endtime": now + 60, "msgid": 1, "number": 10 });
    let said = stage
        .call("/customservice/msgrecord/getmsglist", asked)
        .await;
    let said: Vec<_> = (0..2)
        .map(|n| {
            (
                &said["recordlist"][n]["opercode"],
                &said["recordlist"][n]["text"],
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            (&json!(2003), &json!("有人吗")),
            (&json!(2002), &json!("有的"))
        ]
    );

    done(
        &stage
            .call("/customservice/kfsession/close", session.clone())
            .await,
    );
    assert_eq!(
        at(&stage.event("kf_close_session").await, "KfAccount"),
        DESK
    );
    stage.say(&open_id, "再见").await;
    assert_eq!(stage.pushed(), ["再见"]);
    let words = "no effective session for the customer";
    refused(
        &stage
            .call("/customservice/kfsession/close", session.clone())
            .await,
        65413,
        words,
    );

    done(&stage.call(create, session).await);
    stage.event("kf_create_session").await;
    stage.advance_secs(30 * 60);
    stage.say(&open_id, "又来了").await;
    assert_eq!(stage.pushed(), ["又来了"]);
}

const HANDED_OVER: &str = "<xml><ToUserName>{to}</ToUserName><FromUserName>{from}</FromUserName>\
    <CreateTime>1761069226</CreateTime><MsgType>transfer_customer_service</MsgType></xml>";

#[tokio::test]
async fn a_follower_who_is_handed_over_waits_for_the_desk() {
    let mut stage = Stage::with(AccountSettings::new("雯子"), HANDED_OVER).await;
    let open_id = stage.person("小明");
    stage.act(&open_id, echostr_simulator::Action::Follow).await;
    with_desk(&stage).await;
    // The answer to an event hands nobody over.
    let waiting = stage.get("/customservice/kfsession/getwaitcase").await;
    assert_eq!(waiting["count"], 0);
    stage.say(&open_id, "人工").await;
    let waiting = stage.get("/customservice/kfsession/getwaitcase").await;
    assert_eq!(
        (&waiting["count"], &waiting["waitcaselist"][0]["openid"]),
        (&json!(1), &json!(open_id))
    );
    let session = json!({ "kf_account": DESK, "openid": open_id });
    done(&stage.call("/customservice/kfsession/create", session).await);
    stage.event("kf_create_session").await;
    let waiting = stage.get("/customservice/kfsession/getwaitcase").await;
    assert_eq!(waiting["count"], 0);
}

const TO_DESK: &str = "<xml><ToUserName>{to}</ToUserName><FromUserName>{from}</FromUserName>\
    <CreateTime>1761069226</CreateTime><MsgType>transfer_customer_service</MsgType>\
    <TransInfo><KfAccount>desk1@gh_shop</KfAccount></TransInfo></xml>";

#[tokio::test]
async fn a_follower_who_is_handed_over_to_a_desk_account_is_served_by_it() {
    let mut stage = Stage::with(AccountSettings::new("雯子"), TO_DESK).await;
    let open_id = stage.person("小明");
    stage.act(&open_id, echostr_simulator::Action::Follow).await;
    with_desk(&stage).await;
    stage.say(&open_id, "人工").await;
    let event = stage.event("kf_create_session").await;
    assert_eq!(
        (at(&event, "KfAccount"), at(&event, "FromUserName")),
        (DESK.into(), open_id.to_string())
    );
    stage.say(&open_id, "有人吗").await;
    assert_eq!(stage.pushed(), [""; 0]);
    let asked = format!("/customservice/kfsession/getsessionlist?kf_account={DESK}");
    assert_eq!(
        stage.get(&asked).await["sessionlist"][0]["openid"],
        open_id.as_str()
    );
}
