//! Followers, their tags, and the blacklist.

use echostr_protocol::{Message, OpenId};
use echostr_simulator::Action;
use echostr_simulator::conversation::{Bubble, From};
use serde_json::{Value, json};

use crate::desk::Desk;

const STRANGER: &str = "osZFAyPrKrJBb2E3OA1_00000001";

async fn tag(desk: &Desk, name: &str) -> Value {
    let made = desk
        .post("/cgi-bin/tags/create", json!({ "tag": { "name": name } }))
        .await;
    assert_eq!(made["tag"]["name"], name, "{made}");
    made["tag"]["id"].clone()
}

#[tokio::test]
async fn a_follower_is_told_of_with_remark_and_tags() {
    let desk = Desk::open().await;
    let open_id = desk.follower("小明");
    let id = tag(&desk, "熟客").await;
    desk.done(
        "/cgi-bin/user/info/updateremark",
        json!({ "openid": open_id, "remark": "老王" }),
    )
    .await;
    desk.done(
        "/cgi-bin/tags/members/batchtagging",
        json!({ "openid_list": [open_id], "tagid": id }),
    )
    .await;
    let info = desk
        .get(&format!("/cgi-bin/user/info?openid={open_id}&lang=zh_CN"))
        .await;
    let expected = json!({
        "subscribe": 1, "openid": open_id, "nickname": "", "sex": 0, "language": "zh_CN", "city": "", "province": "",
        "country": "", "headimgurl": "", "subscribe_time": 1_763_600_000, "remark": "老王", "groupid": id,
        "tagid_list": [id], "subscribe_scene": "ADD_SCENE_SEARCH", "qr_scene": 0, "qr_scene_str": "",
    });
    assert_eq!(info, expected);
    let leaver = desk.follower("小红");
    desk.simulator
        .act(&desk.app_id, &leaver, Action::Unfollow)
        .expect("the follower");
    let users = json!({ "user_list": [{ "openid": leaver }, { "openid": open_id }] });
    let infos = desk.post("/cgi-bin/user/info/batchget", users).await;
    let expected = json!({ "user_info_list": [{ "subscribe": 0, "openid": leaver }, expected] });
    assert_eq!(infos, expected);
    assert_eq!(
        desk.get("/cgi-bin/user/info?openid=nobody").await["errcode"],
        40003
    );
    let many: Vec<_> = (0..101).map(|_| json!({ "openid": open_id })).collect();
    desk.refused(
        "/cgi-bin/user/info/batchget",
        json!({ "user_list": many }),
        40032,
    )
    .await;
    let long = json!({ "openid": open_id, "remark": "长".repeat(31) });
    desk.refused("/cgi-bin/user/info/updateremark", long, 40092)
        .await;
    desk.refused(
        "/cgi-bin/user/info/updateremark",
        json!({ "openid": leaver, "remark": "走了" }),
        40003,
    )
    .await;
}

#[tokio::test]
async fn followers_come_ten_thousand_at_a_time() {
    let desk = Desk::open().await;
    assert_eq!(
        desk.get("/cgi-bin/user/get").await,
        json!({ "total": 0, "count": 0, "next_openid": "" })
    );
    let all: Vec<OpenId> = (0..10_002)
        .map(|n| desk.follower(&format!("{n}")))
        .collect();
    let gone = all[5000].clone();
    desk.world()
        .account_mut(desk.app_id.as_str())
        .expect("it")
        .follower_mut(gone.as_str())
        .expect("it")
        .subscribed_at = None;
    let first = desk.get("/cgi-bin/user/get").await;
    assert_eq!(
        (&first["total"], &first["count"]),
        (&json!(10_001), &json!(10_000))
    );
    assert_eq!(first["data"]["openid"][0], json!(all[0]));
    assert_eq!(first["next_openid"], json!(all[10_000]));
    let second = desk
        .get(&format!("/cgi-bin/user/get?next_openid={}", all[10_000]))
        .await;
    let last = &all[10_001];
    assert_eq!(
        second,
        json!({ "total": 10_001, "count": 1, "data": { "openid": [last] }, "next_openid": last })
    );
    let third = desk
        .get(&format!("/cgi-bin/user/get?next_openid={last}"))
        .await;
    assert_eq!(
        third,
        json!({ "total": 10_001, "count": 0, "next_openid": "" })
    );
    assert_eq!(
        desk.get("/cgi-bin/user/get?next_openid=nobody").await["errcode"],
        40003
    );
}

#[tokio::test]
async fn a_tag_is_carried_until_it_is_taken_away_or_deleted() {
    let desk = Desk::open().await;
    let (ming, hong) = (desk.follower("小明"), desk.follower("小红"));
    let (old, new) = (tag(&desk, "熟客").await, tag(&desk, "新客").await);
    let both = json!({ "openid_list": [ming, hong], "tagid": old });
    desk.done("/cgi-bin/tags/members/batchtagging", both).await;
    desk.done(
        "/cgi-bin/tags/members/batchtagging",
        json!({ "openid_list": [ming], "tagid": new }),
    )
    .await;
    desk.done(
        "/cgi-bin/tags/update",
        json!({ "tag": { "id": old, "name": "老客" } }),
    )
    .await;
    let star = json!({ "id": 2, "name": "星标组", "count": 0 });
    let tags = json!([star, { "id": old, "name": "老客", "count": 2 }, { "id": new, "name": "新客", "count": 1 }]);
    assert_eq!(desk.get("/cgi-bin/tags/get").await["tags"], tags);
    let fans = desk
        .post("/cgi-bin/user/tag/get", json!({ "tagid": old }))
        .await;
    assert_eq!(
        fans,
        json!({ "count": 2, "data": { "openid": [ming, hong] }, "next_openid": hong })
    );
    let rest = desk
        .post(
            "/cgi-bin/user/tag/get",
            json!({ "tagid": old, "next_openid": ming }),
        )
        .await;
    assert_eq!(rest["data"]["openid"], json!([hong]));
    let tags_of = async |open_id: &OpenId| {
        desk.post("/cgi-bin/tags/getidlist", json!({ "openid": open_id }))
            .await["tagid_list"]
            .clone()
    };
    assert_eq!(tags_of(&ming).await, json!([old, new]));
    desk.done(
        "/cgi-bin/tags/members/batchuntagging",
        json!({ "openid_list": [ming], "tagid": old }),
    )
    .await;
    assert_eq!(tags_of(&ming).await, json!([new]));
    desk.done("/cgi-bin/tags/delete", json!({ "tag": { "id": old } }))
        .await;
    assert_eq!(tags_of(&hong).await, json!([]));
    desk.refused("/cgi-bin/user/tag/get", json!({ "tagid": old }), 45159)
        .await;
}

#[tokio::test]
async fn a_wrong_tag_is_refused_with_the_code_that_names_the_fault() {
    let desk = Desk::open().await;
    let open_id = desk.follower("小明");
    let id = tag(&desk, "熟客").await;
    let named = |name: &str| json!({ "tag": { "name": name } });
    let renamed = |id: &Value, name: &str| json!({ "tag": { "id": id, "name": name } });
    let given = |who: Vec<&str>, id: &Value| json!({ "openid_list": who, "tagid": id });
    let one = open_id.as_str();
    let cases = [
        ("create", named("熟客"), 45157),
        ("create", named(""), 45157),
        ("create", named("十个汉字以上的标签名称"), 45158),
        ("update", renamed(&json!(2), "改名"), 45058),
        ("update", renamed(&json!(999), "改名"), 45159),
        ("update", renamed(&id, "熟客"), 0),
        ("delete", json!({ "tag": { "id": 0 } }), 45058),
        ("delete", json!({ "tag": { "id": 999 } }), 45159),
        ("members/batchtagging", given(vec![], &id), 40032),
        ("members/batchtagging", given(vec![one; 51], &id), 40032),
        ("members/batchtagging", given(vec![one], &json!(999)), 45159),
        (
            "members/batchtagging",
            given(vec![one, STRANGER], &id),
            49003,
        ),
        ("members/batchtagging", given(vec!["short"], &id), 40003),
        ("members/batchuntagging", given(vec![STRANGER], &id), 49003),
        ("getidlist", json!({ "openid": STRANGER }), 49003),
        // Nobody got it when one could not.
        ("getidlist", json!({ "openid": one }), 0),
    ];
    for (call, body, errcode) in cases {
        let answer = desk
            .post(&format!("/cgi-bin/tags/{call}"), body.clone())
            .await;
        assert_eq!(
            answer["errcode"].as_i64().unwrap_or_default(),
            errcode,
            "{call} {body}: {answer}"
        );
        if errcode == 0 && call == "getidlist" {
            assert_eq!(answer["tagid_list"], json!([]));
        }
    }
    let mut ids = vec![id];
    for n in 2..=100 {
        ids.push(tag(&desk, &format!("标签 {n}")).await);
    }
    desk.refused("/cgi-bin/tags/create", named("第 101 个"), 45056)
        .await;
    for id in &ids[..20] {
        desk.done("/cgi-bin/tags/members/batchtagging", given(vec![one], id))
            .await;
    }
    desk.refused(
        "/cgi-bin/tags/members/batchtagging",
        given(vec![one], &ids[20]),
        45059,
    )
    .await;
    desk.done(
        "/cgi-bin/tags/members/batchtagging",
        given(vec![one], &ids[0]),
    )
    .await;
}

#[tokio::test]
async fn what_a_blocked_follower_writes_is_not_pushed() {
    let mut desk = Desk::open().await;
    let (ming, hong) = (desk.follower("小明"), desk.follower("小红"));
    desk.done(
        "/cgi-bin/tags/members/batchblacklist",
        json!({ "openid_list": [ming] }),
    )
    .await;
    let list = desk
        .post(
            "/cgi-bin/tags/members/getblacklist",
            json!({ "begin_openid": "" }),
        )
        .await;
    assert_eq!(
        list,
        json!({ "total": 1, "count": 1, "data": { "openid": [ming] }, "next_openid": ming })
    );
    let say = |open_id: &OpenId, text: &str| {
        desk.simulator
            .act(&desk.app_id, open_id, Action::Say(text.into()))
            .expect("the follower")
    };
    assert!(say(&ming, "在吗").is_none());
    assert!(say(&hong, "你好").is_some());
    {
        let world = desk.world();
        let follower = world
            .account(desk.app_id.as_str())
            .and_then(|account| account.follower(ming.as_str()));
        let entry = &follower.expect("the follower").conversation.entries()[0];
        assert_eq!(
            (entry.from, &entry.bubble),
            (From::Follower, &Bubble::text("在吗"))
        );
    }
    desk.done(
        "/cgi-bin/tags/members/batchunblacklist",
        json!({ "openid_list": [ming] }),
    )
    .await;
    assert!(say(&ming, "又来了").is_some());
    let mut said = Vec::new();
    for _ in 0..2 {
        let Message::Text(text) = desk.pushed().await else {
            panic!("a text")
        };
        said.push(text.content.to_string());
    }
    said.sort();
    assert_eq!(said, ["你好", "又来了"]);
    let many = json!({ "openid_list": vec![ming.as_str(); 21] });
    desk.refused("/cgi-bin/tags/members/batchblacklist", many, 40032)
        .await;
    let stranger = json!({ "openid_list": [STRANGER] });
    desk.refused("/cgi-bin/tags/members/batchblacklist", stranger, 49003)
        .await;
    let empty = desk
        .post("/cgi-bin/tags/members/getblacklist", json!({}))
        .await;
    assert_eq!(empty, json!({ "total": 0, "count": 0, "next_openid": "" }));
}
