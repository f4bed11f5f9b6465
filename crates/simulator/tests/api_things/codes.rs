//! QR codes, short keys, and what is told of the platform and of its console.

use std::time::Duration;

use serde_json::{Value, json};

use crate::desk::Desk;

const CREATE: &str = "/cgi-bin/qrcode/create";

fn code(action: &str, scene: impl Into<Value>, expire_seconds: Option<i64>) -> Value {
    let mut request = json!({ "action_name": action, "action_info": { "scene": scene.into() } });
    if let Some(seconds) = expire_seconds {
        request["expire_seconds"] = json!(seconds);
    }
    request
}

/// What a scan of the code tells.
fn scanned(desk: &Desk, ticket: &Value) -> Option<String> {
    let world = desk.world();
    let account = world.account(desk.app_id.as_str()).expect("the account");
    account.scanned(ticket.as_str().expect("a text"), world.now_ms())
}

#[tokio::test]
async fn a_code_tells_its_scene_until_it_expires() {
    let desk = Desk::open().await;
    let made = desk
        .post(
            CREATE,
            code("QR_STR_SCENE", json!({ "scene_str": "门店-3" }), Some(600)),
        )
        .await;
    assert_eq!(made["expire_seconds"], 600);
    assert!(
        made["url"]
            .as_str()
            .expect("a text")
            .starts_with("http://weixin.qq.com/q/02")
    );
    let short = desk
        .post(CREATE, code("QR_SCENE", json!({ "scene_id": 7 }), None))
        .await;
    assert_eq!(short["expire_seconds"], 60);
    let for_ever = desk
        .post(
            CREATE,
            code("QR_LIMIT_SCENE", json!({ "scene_id": 100_000 }), None),
        )
        .await;
    assert_eq!(for_ever["expire_seconds"], Value::Null);
    let again = desk
        .post(
            CREATE,
            code("QR_LIMIT_SCENE", json!({ "scene_id": 100_000 }), None),
        )
        .await;
    assert_eq!(again["ticket"], for_ever["ticket"]);
    assert_eq!(scanned(&desk, &made["ticket"]).as_deref(), Some("门店-3"));
    assert_eq!(scanned(&desk, &short["ticket"]).as_deref(), Some("7"));
    let picture = |made: &Value| {
        let ticket: String =
            form_urlencoded::byte_serialize(made["ticket"].as_str().expect("a text").as_bytes())
                .collect();
        format!("{}/cgi-bin/showqrcode?ticket={ticket}", desk.base)
    };
    let shown = desk.fetch(&picture(&made)).await;
    assert_eq!(
        (shown.status, shown.content_type.as_str()),
        (200, "image/svg+xml")
    );
    assert!(
        shown.body.starts_with(b"<?xml"),
        "{}",
        String::from_utf8_lossy(&shown.body)
    );
    desk.simulator.advance(Duration::from_secs(61));
    assert_eq!(scanned(&desk, &short["ticket"]), None);
    assert_eq!(desk.fetch(&picture(&short)).await.status, 404);
    desk.simulator.advance(Duration::from_mins(10));
    assert_eq!(scanned(&desk, &made["ticket"]), None);
    assert_eq!(
        scanned(&desk, &for_ever["ticket"]).as_deref(),
        Some("100000")
    );
    let world = desk.world();
    let account = world.account(desk.app_id.as_str()).expect("the account");
    let scenes: Vec<_> = account
        .codes(world.now_ms())
        .map(|code| code.scene.as_str())
        .collect();
    assert_eq!(scenes, ["100000"]);
}

#[tokio::test]
async fn a_wrong_code_is_refused_with_the_code_that_names_the_fault() {
    let desk = Desk::open().await;
    let (id, text) = (
        |id: i64| json!({ "scene_id": id }),
        |text: &str| json!({ "scene_str": text }),
    );
    let cases = [
        (code("QR_SCENES", id(1), None), 40052),
        (json!({}), 40052),
        (code("QR_SCENE", id(0), None), 40053),
        (code("QR_SCENE", id(4_294_967_296), None), 40053),
        (code("QR_SCENE", id(4_294_967_295), None), 0),
        (code("QR_SCENE", text("a"), None), 40053),
        (code("QR_LIMIT_SCENE", id(100_001), None), 40053),
        (code("QR_STR_SCENE", text(""), None), 40053),
        (code("QR_STR_SCENE", text(&"长".repeat(65)), None), 40053),
        (code("QR_STR_SCENE", text(&"长".repeat(64)), None), 0),
        (code("QR_LIMIT_STR_SCENE", id(1), None), 40053),
        (code("QR_SCENE", id(1), Some(2_592_001)), 40097),
        (code("QR_SCENE", id(1), Some(2_592_000)), 0),
        (code("QR_SCENE", id(1), Some(0)), 40097),
    ];
    for (request, errcode) in cases {
        let answer = desk.post(CREATE, request.clone()).await;
        assert_eq!(
            answer["errcode"].as_i64().unwrap_or_default(),
            errcode,
            "{request}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_rule_by_which_codes_open_a_mini_program_is_added_published_and_deleted() {
    let desk = Desk::open().await;
    let call = |name: &str| format!("/cgi-bin/wxopen/qrcodejump{name}");
    let rule = |path: &str, is_edit: i64| json!({ "prefix": "http://weixin.qq.com/q/02x", "appid": "wx8c41f7a0de529b36", "path": path, "is_edit": is_edit });
    let prefix = json!({ "prefix": "http://weixin.qq.com/q/02x" });
    desk.refused(&call("publish"), prefix.clone(), 40097).await;
    desk.refused(&call("add"), rule("pages/a", 1), 40097).await;
    desk.done(&call("add"), rule("pages/a", 0)).await;
    desk.done(&call("add"), rule("pages/b", 1)).await;
    desk.done(&call("publish"), prefix.clone()).await;
    desk.refused(&call("add"), rule("pages/c", 1), 40097).await;
    let got = desk
        .post(
            &call("get"),
            json!({ "get_type": 2, "page_num": 1, "page_size": 200 }),
        )
        .await;
    let rules = json!([{ "prefix": "http://weixin.qq.com/q/02x", "state": 2, "path": "pages/b" }]);
    assert_eq!(got["rule_list"], rules);
    assert_eq!(
        (&got["total_count"], &got["qrcodejump_pub_quota"]),
        (&json!(1), &json!(99))
    );
    desk.done(&call("delete"), prefix.clone()).await;
    desk.refused(&call("delete"), prefix, 40097).await;
    assert_eq!(
        desk.post(&call("get"), json!({})).await["rule_list"],
        json!([])
    );
}

#[tokio::test]
async fn a_text_is_kept_under_a_short_key_for_as_long_as_was_asked() {
    let desk = Desk::open().await;
    let keep = |text: &str, seconds: i64| json!({ "long_data": text, "expire_seconds": seconds });
    let made = desk
        .post("/cgi-bin/shorten/gen", keep("from=门店-3", 600))
        .await;
    assert_eq!(made["short_key"].as_str().map(str::len), Some(15));
    let key = json!({ "short_key": made["short_key"] });
    desk.simulator.advance(Duration::from_secs(100));
    let got = desk.post("/cgi-bin/shorten/fetch", key.clone()).await;
    assert_eq!(got["long_data"], "from=门店-3");
    let left = got["expire_seconds"].as_i64().expect("a number");
    assert!((490..=500).contains(&left), "{left}");
    desk.simulator.advance(Duration::from_secs(500));
    desk.refused("/cgi-bin/shorten/fetch", key, 9_410_012).await;
    desk.refused(
        "/cgi-bin/shorten/gen",
        keep(&"a".repeat(4097), 600),
        9_410_010,
    )
    .await;
    desk.refused("/cgi-bin/shorten/gen", keep("a", 2_592_001), 9_410_011)
        .await;
}

#[tokio::test]
async fn the_platform_tells_its_addresses_and_whether_it_reaches_the_server() {
    let desk = Desk::open().await;
    for path in ["/cgi-bin/get_api_domain_ip", "/cgi-bin/getcallbackip"] {
        assert_eq!(desk.get(path).await, json!({ "ip_list": ["127.0.0.1"] }));
    }
    let check =
        |action: &str, operator: &str| json!({ "action": action, "check_operator": operator });
    let path = "/cgi-bin/callback/check";
    let answer = desk.post(path, check("all", "DEFAULT")).await;
    assert_eq!(
        answer["dns"],
        json!([{ "ip": "127.0.0.1", "real_operator": "CAP" }])
    );
    assert_eq!(answer["ping"][0]["package_loss"], "0%");
    let answer = desk.post(path, check("ping", "UNICOM")).await;
    assert_eq!(
        (&answer["dns"], &answer["ping"][0]["from_operator"]),
        (&json!([]), &json!("UNICOM"))
    );
    desk.refused(path, check("trace", "DEFAULT"), 40202).await;
    desk.refused(path, check("all", "MOON"), 40203).await;
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address")
        .port();
    let mut server = {
        let world = desk.world();
        world
            .account(desk.app_id.as_str())
            .and_then(|account| account.settings.server.clone())
            .expect("a server")
    };
    server.url = format!("http://127.0.0.1:{port}/wx");
    desk.simulator
        .configure(&desk.app_id, Some(server))
        .expect("an address");
    let answer = desk.post(path, check("ping", "DEFAULT")).await;
    assert_eq!(answer["ping"][0]["package_loss"], "100%");
    desk.simulator
        .configure(&desk.app_id, None)
        .expect("the account");
    desk.refused(path, check("all", "DEFAULT"), 40201).await;
}

#[tokio::test]
async fn replies_that_are_set_up_in_the_console_are_read() {
    let desk = Desk::open().await;
    let path = "/cgi-bin/get_current_autoreply_info";
    assert_eq!(
        desk.get(path).await,
        json!({ "is_add_friend_reply_open": 0, "is_autoreply_open": 0 })
    );
    let picture = desk.picture().await;
    let replies = json!({
        "is_add_friend_reply_open": 1, "is_autoreply_open": 0,
        "add_friend_autoreply_info": { "type": "img", "content": picture },
    });
    let set = serde_json::from_value(replies.clone()).expect("replies");
    desk.world()
        .account_mut(desk.app_id.as_str())
        .expect("the account")
        .set_autoreply(set);
    assert_eq!(desk.get(path).await, replies);
    desk.refused(
        "/cgi-bin/material/del_material",
        json!({ "media_id": picture }),
        48005,
    )
    .await;
}
