//! Menus.

use serde_json::{Value, json};

use crate::desk::Desk;

const CREATE: &str = "/cgi-bin/menu/create";
const ADD: &str = "/cgi-bin/menu/addconditional";

fn click(name: &str, key: &str) -> Value {
    json!({ "type": "click", "name": name, "key": key })
}

fn menu(button: &Value) -> Value {
    json!({ "button": [button] })
}

/// The labels that a follower sees.
fn seen(desk: &Desk, open_id: &str) -> Vec<String> {
    let world = desk.world();
    let account = world.account(desk.app_id.as_str()).expect("the account");
    let follower = account.follower(open_id).expect("the follower");
    account
        .menu_of(follower)
        .iter()
        .map(|button| button.name.clone())
        .collect()
}

#[tokio::test]
async fn a_menu_is_seen_by_followers_until_it_is_deleted() {
    let desk = Desk::open().await;
    let open_id = desk.follower("小明");
    assert_eq!(desk.get("/cgi-bin/menu/get").await["errcode"], 46003);
    let current = desk.get("/cgi-bin/get_current_selfmenu_info").await;
    assert_eq!(current, json!({ "is_menu_open": 0 }));
    let more = json!({ "name": "更多", "sub_button": [{ "type": "view", "name": "官网", "url": "https://example.com/?a=1" }] });
    desk.done(CREATE, json!({ "button": [click("菜谱", "TODAY"), more] }))
        .await;
    assert_eq!(seen(&desk, open_id.as_str()), ["菜谱", "更多"]);
    let got = desk.get("/cgi-bin/menu/get").await;
    assert_eq!(got["menu"]["button"], json!([click("菜谱", "TODAY"), more]));
    assert_eq!(got["conditionalmenu"], json!([]));
    let current = desk.get("/cgi-bin/get_current_selfmenu_info").await;
    let view = json!({ "type": "view", "name": "官网", "url": "https://example.com/?a=1" });
    let expected =
        json!([click("菜谱", "TODAY"), { "name": "更多", "sub_button": { "list": [view] } }]);
    assert_eq!(
        current,
        json!({ "is_menu_open": 1, "selfmenu_info": { "button": expected } })
    );
    desk.done(CREATE, menu(&click("新菜", "NEW"))).await;
    assert_eq!(seen(&desk, open_id.as_str()), ["新菜"]);
    assert_eq!(desk.get("/cgi-bin/menu/delete").await["errcode"], 0);
    assert_eq!(seen(&desk, open_id.as_str()), [""; 0]);
    assert_eq!(desk.get("/cgi-bin/menu/get").await["errcode"], 46003);
}

#[tokio::test]
async fn the_newest_menu_that_matches_a_follower_is_the_one_they_see() {
    let desk = Desk::open().await;
    let (ming, hong) = (desk.follower("小明"), desk.follower("小红"));
    let tag = desk
        .post("/cgi-bin/tags/create", json!({ "tag": { "name": "熟客" } }))
        .await["tag"]["id"]
        .clone();
    let special =
        |name: &str, rule: Value| json!({ "button": [click(name, "K")], "matchrule": rule });
    desk.refused(ADD, special("熟客", json!({ "tag_id": tag })), 65303)
        .await;
    desk.done(CREATE, menu(&click("大家", "K"))).await;
    desk.refused(ADD, special("无", json!({})), 65304).await;
    desk.refused(ADD, special("无", json!({ "tag_id": "999" })), 45159)
        .await;
    desk.refused(
        ADD,
        special("男", json!({ "sex": "1", "tag_id": tag })),
        65320,
    )
    .await;
    let old = desk
        .post(ADD, special("熟客", json!({ "tag_id": tag.to_string() })))
        .await;
    let new = desk
        .post(
            ADD,
            special("熟客新", json!({ "tag_id": tag, "language": "zh_CN" })),
        )
        .await;
    desk.post(ADD, special("英文", json!({ "language": "en" })))
        .await;
    assert_eq!(seen(&desk, ming.as_str()), ["大家"]);
    let both = json!({ "openid_list": [ming], "tagid": tag });
    desk.done("/cgi-bin/tags/members/batchtagging", both).await;
    assert_eq!(seen(&desk, ming.as_str()), ["熟客新"]);
    assert_eq!(seen(&desk, hong.as_str()), ["大家"]);
    let tried = desk
        .post("/cgi-bin/menu/trymatch", json!({ "user_id": ming }))
        .await;
    assert_eq!(tried["button"][0]["name"], "熟客新");
    desk.refused(
        "/cgi-bin/menu/trymatch",
        json!({ "user_id": "nobody" }),
        65302,
    )
    .await;
    let got = desk.get("/cgi-bin/menu/get").await;
    assert_eq!(
        got["conditionalmenu"][0]["matchrule"],
        json!({ "language": "en" })
    );
    assert_eq!(
        got["conditionalmenu"][2]["menuid"].to_string(),
        old["menuid"].as_str().expect("a text")
    );
    desk.done(
        "/cgi-bin/menu/delconditional",
        json!({ "menuid": new["menuid"] }),
    )
    .await;
    assert_eq!(seen(&desk, ming.as_str()), ["熟客"]);
    desk.refused(
        "/cgi-bin/menu/delconditional",
        json!({ "menuid": new["menuid"] }),
        65301,
    )
    .await;
    assert_eq!(desk.get("/cgi-bin/menu/delete").await["errcode"], 0);
    assert_eq!(seen(&desk, ming.as_str()), [""; 0]);
}

#[tokio::test]
async fn a_wrong_menu_is_refused_with_the_code_that_names_the_fault() {
    let desk = Desk::open().await;
    let picture = desk.picture().await;
    let button = |kind: &str, more: Value| {
        let mut button = json!({ "type": kind, "name": "按钮" });
        button
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        button
    };
    let sub = |buttons: Value| json!({ "name": "更多", "sub_button": buttons });
    let view = |url: &str| button("view", json!({ "url": url }));
    let page = "https://example.com/";
    let mini = json!({ "url": page, "appid": "wx286b93c14bbf93aa", "pagepath": "pages/index" });
    let cases: &[(Value, i64)] = &[
        (json!([]), 40016),
        (
            json!([
                click("1", "K"),
                click("2", "K"),
                click("3", "K"),
                click("4", "K")
            ]),
            40016,
        ),
        (json!([button("clack", json!({ "key": "K" }))]), 40017),
        (json!([button("text", json!({ "value": "…" }))]), 40017),
        (json!([{ "name": "空" }]), 65308),
        (json!([{ "name": "空", "sub_button": [] }]), 65308),
        (json!([click("五个汉字多一个", "K")]), 40018),
        (json!([click("", "K")]), 40018),
        (json!([click("按钮", "")]), 40019),
        (json!([click("按钮", &"K".repeat(129))]), 40019),
        (json!([view("")]), 40020),
        (json!([view(&format!("{page}{}", "a".repeat(1024)))]), 40020),
        (json!([view("example.com")]), 40055),
        (json!([sub(json!([sub(json!([click("深", "K")]))]))]), 40022),
        (
            json!([sub(json!([1, 2, 3, 4, 5, 6].map(|_| click("按钮", "K"))))]),
            40023,
        ),
        (json!([sub(json!([button("clack", json!({}))]))]), 40024),
        (json!([sub(json!([click(&"长".repeat(21), "K")]))]), 40025),
        (
            json!([sub(json!([click("按钮", &"K".repeat(129))]))]),
            40026,
        ),
        (json!([sub(json!([view("")]))]), 40027),
        (json!([sub(json!([view("ftp://example.com/")]))]), 40054),
        (
            json!([button(
                "miniprogram",
                json!({ "url": page, "appid": "gh_1", "pagepath": "p" })
            )]),
            40013,
        ),
        (
            json!([button(
                "miniprogram",
                json!({ "url": page, "appid": "wx286b93c14bbf93aa" })
            )]),
            40097,
        ),
        (json!([button("media_id", json!({}))]), 40117),
        (
            json!([button("media_id", json!({ "media_id": "nothing" }))]),
            40007,
        ),
        (
            json!([button("view_limited", json!({ "media_id": picture }))]),
            40121,
        ),
        (
            json!([button("article_id", json!({ "article_id": "nothing" }))]),
            53600,
        ),
        (
            json!([
                button("media_id", json!({ "media_id": picture })),
                button("miniprogram", mini)
            ]),
            0,
        ),
        // 16 and 60 bytes, 128 bytes.
        (
            json!([
                click("五个汉字啦x", &"K".repeat(128)),
                sub(json!([click(&"长".repeat(20), "K")]))
            ]),
            0,
        ),
    ];
    for (buttons, errcode) in cases {
        let answer = desk.post(CREATE, json!({ "button": buttons })).await;
        assert_eq!(answer["errcode"], *errcode, "{buttons}: {answer}");
    }
    let escaped = r#"{"button":[{"type":"click","name":"\u83dc\u8c31","key":"K"}]}"#;
    assert_eq!(desk.post_bytes(CREATE, escaped).await["errcode"], 40033);
    let errmsg = desk.post(CREATE, json!({ "button": [] })).await["errmsg"].clone();
    let errmsg = errmsg.as_str().expect("a text");
    assert!(errmsg.starts_with("invalid button size rid: "), "{errmsg}");
}

#[tokio::test]
async fn menus_for_some_followers_link_to_three_domains_at_most() {
    let desk = Desk::open().await;
    desk.done(CREATE, menu(&click("大家", "K"))).await;
    let add = |host: &str| {
        let button = json!({ "type": "view", "name": "官网", "url": format!("https://{host}/") });
        json!({ "button": [button], "matchrule": { "language": "en" } })
    };
    for host in ["a.example", "b.example", "c.example", "a.example"] {
        assert_eq!(desk.post(ADD, add(host)).await["errcode"], Value::Null);
    }
    desk.refused(ADD, add("d.example"), 65316).await;
    desk.refused(ADD, add(""), 65317).await;
}
