//! What an owner has set up on the platform's website becomes rules and a menu: read from the simulated platform, and answered.

mod common;

use common::command::check;
use common::platform::{APP_ID, APP_SECRET, Reaction, Script};
use common::rules::Shop;
use echostr_protocol::api::autoreply::GetCurrentAutoreplyInfoResponse;
use echostr_simulator::world::AccountSettings;
use echostr_simulator::{Clock, Simulator};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// As the platform writes it.
fn replies() -> Value {
    let text = |content: &str| json!({ "type": "text", "content": content });
    let keyword = |mode: &str, content: &str| json!({ "type": "text", "match_mode": mode, "content": content });
    json!({
        "is_add_friend_reply_open": 1,
        "is_autoreply_open": 1,
        "add_friend_autoreply_info": text("欢迎！{{不是变量}}"),
        "message_default_autoreply_info": text("请稍等"),
        "keyword_autoreply_info": { "list": [
            {
                "rule_name": "价格", "reply_mode": "random_one", "create_time": 1_423_028_166,
                "keyword_list_info": [keyword("contain", "价格"), keyword("equal", "多少钱")],
                "reply_list_info": [text("99 元"), text("99 元")],
            },
            {
                "rule_name": "上新", "reply_mode": "reply_all", "create_time": 1_423_028_210,
                "keyword_list_info": [keyword("contain", "上新")],
                "reply_list_info": [{ "type": "news", "news_info": { "list": [
                    { "title": "春装", "digest": "新到", "cover_url": "https://example.com/a.jpg", "content_url": "https://example.com/a" },
                    { "title": "夏装", "content_url": "https://example.com/b" },
                ] } }],
            },
            {
                "rule_name": "二维码", "reply_mode": "reply_all", "create_time": 1_423_028_300,
                "keyword_list_info": [keyword("contain", "二维码")],
                "reply_list_info": [text("扫一扫"), { "type": "img", "content": "MEDIA_ID" }],
            },
        ] },
    })
}

/// The simulated platform with an account that has these replies, and a server that knows it as `shop`.
struct House {
    simulator: Simulator,
    _runtime: Runtime,
    app_id: String,
    shop: Shop,
}

impl House {
    fn open() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let simulator = runtime.block_on(Simulator::start(Clock::default()));
        let simulator = simulator.expect("a port");
        let account = AccountSettings::new("文字小店");
        let (app_id, secret) = (account.app_id.to_string(), account.app_secret.clone());
        simulator.add_account(account).expect("it has no server");
        let shop = Shop::open();
        shop.server.folder().write("secret.txt", secret.expose());
        let base = simulator.base();
        shop.command(&[
            "account",
            "set",
            "shop",
            "--app-id",
            &app_id,
            "--app-secret-file",
            "secret.txt",
            "--api-base",
            &base,
        ]);
        let house = Self {
            simulator,
            _runtime: runtime,
            app_id,
            shop,
        };
        house.set_up(&replies());
        house
    }

    fn set_up(&self, replies: &Value) {
        let replies: GetCurrentAutoreplyInfoResponse =
            serde_json::from_value(replies.clone()).expect("it is the platform's form");
        let mut world = self.simulator.world();
        let account = world.account_mut(&self.app_id).expect("it is there");
        account.set_autoreply(replies);
    }

    #[track_caller]
    fn import(&self, query: &str) -> Value {
        let target = format!("/accounts/shop/import{query}");
        let said = self.shop.call("POST", &target, &Value::Null);
        assert_eq!(said.status, 200, "{said:?}");
        said.body
    }

    fn rule(&self, id: &str) -> Value {
        let target = format!("/rules/import-shop-{id}");
        self.shop.call("GET", &target, &Value::Null).body
    }
}

/// What becomes of each rule.
fn actions(imported: &Value) -> Vec<(&str, &str, bool)> {
    let rules = imported["rules"].as_array().expect("a list").iter();
    rules
        .map(|rule| {
            let id = rule["id"].as_str().expect("a text");
            (
                id.strip_prefix("import-shop-").expect("all begin so"),
                rule["action"].as_str().expect("a text"),
                rule["enabled"].as_bool().expect("a flag"),
            )
        })
        .collect()
}

#[test]
fn the_replies_of_the_website_become_rules_that_answer_the_same() {
    let house = House::open();
    let shop = &house.shop;
    let expected = [
        ("welcome", "create", true),
        ("1423028166", "create", true),
        ("1423028210", "create", true),
        ("1423028300", "create", false),
        ("default", "create", true),
    ];
    let planned = house.import("?dry_run=true");
    assert_eq!(
        (&planned["done"], actions(&planned)),
        (&json!(false), expected.to_vec())
    );
    assert_eq!(shop.says("多少钱"), "多少钱", "nothing was done yet");
    let imported = house.import("");
    assert_eq!(
        (&imported["done"], actions(&imported)),
        (&json!(true), expected.to_vec())
    );
    assert_eq!(
        (&imported["menu"], &imported["notes"]),
        (&Value::Null, &json!([]))
    );

    assert_eq!(shop.event("subscribe", ""), "欢迎！{{不是变量}}");
    assert_eq!(shop.says("多少钱"), "99 元");
    assert_eq!(shop.says("什么价格"), "99 元");
    assert_eq!(shop.says("多少钱啊"), "请稍等", "it is the whole text only");
    assert_eq!(shop.says("二维码"), "请稍等", "its picture is soon gone");
    assert_eq!(
        house.rule("1423028210")["reply"]["news"],
        json!([{ "title": "春装", "description": "新到", "pic_url": "https://example.com/a.jpg", "url": "https://example.com/a" }])
    );
    let remarks = imported["rules"][3]["remarks"][0]
        .as_str()
        .expect("a remark");
    assert!(remarks.contains("三天"), "{remarks}");
}

#[test]
fn importing_again_changes_what_changed_and_doubles_nothing() {
    let house = House::open();
    house.import("");
    let again = house.import("");
    assert!(
        actions(&again)
            .iter()
            .all(|(_, action, _)| *action == "unchanged"),
        "{again}"
    );

    // Its owner puts in a picture that stays.
    let own = json!({ "reply": { "image": "PERMANENT" }, "enabled": true });
    house
        .shop
        .call("PATCH", "/rules/import-shop-1423028300", &own);
    let mut changed = replies();
    changed["keyword_autoreply_info"]["list"][0]["reply_list_info"] =
        json!([{ "type": "text", "content": "88 元" }]);
    changed["keyword_autoreply_info"]["list"][0]["rule_name"] = "新价格".into();
    house.set_up(&changed);
    let imported = house.import("");
    let acted = actions(&imported);
    assert_eq!(acted[1], ("1423028166", "change", true));
    assert_eq!(acted[3].1, "unchanged");
    assert_eq!(house.shop.says("多少钱"), "88 元");
    assert_eq!(
        house.rule("1423028300")["reply"],
        json!({ "image": "PERMANENT" })
    );
    let all = house.shop.call("GET", "/rules", &Value::Null).body;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(5));
}

#[test]
fn a_reply_to_everything_does_not_take_the_place_of_a_bot() {
    let house = House::open();
    let bot = json!({ "bot": { "kind": "http", "url": "http://127.0.0.1:9/", "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" } });
    assert_eq!(house.shop.call("PATCH", "/accounts/shop", &bot).status, 200);
    let imported = house.import("");
    assert_eq!(actions(&imported)[4], ("default", "create", false));
}

/// A platform that answers as it is told.
fn scripted() -> (Script, Shop) {
    let script = Script::start();
    let shop = Shop::open();
    shop.server.folder().write("secret.txt", APP_SECRET);
    let base = script.base();
    shop.command(&[
        "account",
        "set",
        "shop",
        "--app-id",
        APP_ID,
        "--app-secret-file",
        "secret.txt",
        "--api-base",
        &base,
    ]);
    (script, shop)
}

const REPLIES: &str = "/cgi-bin/get_current_autoreply_info";
const MENU: &str = "/cgi-bin/get_current_selfmenu_info";

fn unauthorised() -> Reaction {
    Reaction::Json(json!({ "errcode": 48001, "errmsg": "api unauthorized" }))
}

#[test]
fn a_menu_of_the_website_becomes_one_that_pushes_events_and_rules_for_them() {
    let (script, shop) = scripted();
    let menu = json!({ "is_menu_open": 1, "selfmenu_info": { "button": [
        { "type": "text", "name": "地址", "value": "人民路 1 号" },
        { "name": "更多", "sub_button": { "list": [
            { "type": "view", "name": "官网", "url": "https://example.com/" },
            { "type": "news", "name": "上新", "value": "MEDIA", "news_info": { "list": [
                { "title": "春装", "content_url": "https://example.com/a" },
                { "title": "夏装", "content_url": "https://example.com/b" },
            ] } },
            { "type": "img", "name": "地图", "value": "MEDIA" },
        ] } },
    ] } });
    script.will_answer(REPLIES, [unauthorised()]);
    script.will_answer(MENU, [Reaction::Json(menu)]);
    let said = check(
        shop.server.folder(),
        &["account", "import", "shop", "--menu", "menu.json"],
        0,
        &[
            "没有读取自动回复的权限（48001）",
            "docs/rules.md",
            "echostr menu push shop menu.json",
            "已导入",
        ],
    );
    let path = shop.server.folder().path().join("menu.json");
    let menu: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("it was written"))
        .expect("JSON");
    let key = |button: &Value| button["key"].as_str().expect("it has one").to_owned();
    let address = key(&menu["button"][0]);
    let parts = &menu["button"][1]["sub_button"];
    assert_eq!(
        parts[0],
        json!({ "type": "view", "name": "官网", "url": "https://example.com/" })
    );
    assert_eq!(
        (&parts[1]["type"], &parts[2]["type"]),
        (&json!("click"), &json!("click"))
    );
    assert_eq!(shop.event("CLICK", &address), "人民路 1 号");
    assert_eq!(
        shop.event("CLICK", &key(&parts[1])),
        "(no text)",
        "articles"
    );
    let rules = shop.call("GET", "/rules", &Value::Null).body;
    let picture = rules["items"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|rule| rule["name"] == "地图");
    assert_eq!(picture.expect("it is there")["enabled"], false, "{said:?}");
}

#[test]
fn replies_and_menu_entries_of_one_name_are_all_imported() {
    let (script, shop) = scripted();
    let keyword_rule = |keyword: &str, reply: &str| {
        json!({
            "rule_name": "价格", "reply_mode": "reply_all", "create_time": 1_423_028_166,
            "keyword_list_info": [{ "type": "text", "match_mode": "equal", "content": keyword }],
            "reply_list_info": [{ "type": "text", "content": reply }],
        })
    };
    let replies = json!({
        "is_add_friend_reply_open": 0, "is_autoreply_open": 1,
        "keyword_autoreply_info": { "list": [keyword_rule("一", "1 元"), keyword_rule("二", "2 元")] },
    });
    let menu = json!({ "is_menu_open": 1, "selfmenu_info": { "button": [
        { "type": "text", "name": "地址", "value": "人民路 1 号" },
        { "type": "text", "name": "地址", "value": "人民路 2 号" },
    ] } });
    script.will_answer(REPLIES, [Reaction::Json(replies)]);
    script.will_answer(MENU, [Reaction::Json(menu)]);
    let said = shop.call("POST", "/accounts/shop/import", &Value::Null);
    assert_eq!(said.status, 200, "{said:?}");
    assert_eq!(said.body["rules"].as_array().map(Vec::len), Some(4));
    assert_eq!(
        [shop.says("一"), shop.says("二")],
        ["1 元", "2 元"],
        "{said:?}"
    );
    let keys = [0, 1].map(|place| said.body["menu"]["button"][place]["key"].as_str());
    assert_eq!(
        keys.map(|key| shop.event("CLICK", key.expect("it has one"))),
        ["人民路 1 号", "人民路 2 号"]
    );
}

#[test]
fn a_menu_of_the_api_stays_as_it_is() {
    let (script, shop) = scripted();
    let menu = json!({ "is_menu_open": 1, "selfmenu_info": { "button": [
        { "type": "click", "name": "今日", "key": "today" },
        { "type": "media_id", "name": "图", "value": "MEDIA" },
    ] } });
    script.will_answer(MENU, [Reaction::Json(menu)]);
    let said = shop.call("POST", "/accounts/shop/import", &Value::Null);
    let expected = json!({ "done": true, "rules": [], "menu": null, "notes": [] });
    assert_eq!((said.status, said.body), (200, expected));
}

#[test]
fn a_website_without_replies_and_menu_is_not_said_to_be_imported() {
    let (script, shop) = scripted();
    for _ in 0..2 {
        script.will_answer(
            REPLIES,
            [Reaction::Json(
                json!({ "is_add_friend_reply_open": 0, "is_autoreply_open": 0 }),
            )],
        );
        script.will_answer(MENU, [Reaction::Json(json!({ "is_menu_open": 0 }))]);
    }
    let import = ["account", "import", "shop", "--menu", "menu.json"];
    let nothing = ["什么也没有改", "没有写 menu.json"];
    for import in [&import[..], &[&import[..], &["--dry-run"]].concat()] {
        let said = check(shop.server.folder(), import, 0, &nothing);
        assert!(!said.all().contains("已导入"), "{said:?}");
        assert!(!said.all().contains("--dry-run"), "{said:?}");
    }
    assert!(!shop.server.folder().path().join("menu.json").exists());
}

#[test]
fn an_account_that_may_read_nothing_is_told_how_to_do_it_by_hand() {
    let (script, shop) = scripted();
    script.will_answer(REPLIES, [unauthorised()]);
    script.will_answer(MENU, [unauthorised()]);
    check(
        shop.server.folder(),
        &["account", "import", "shop"],
        1,
        &["48001", "docs/rules.md"],
    );
    let other = Shop::open();
    check(
        other.server.folder(),
        &["account", "import", "shop"],
        1,
        &["app_id", "docs/rules.md"],
    );
    check(
        other.server.folder(),
        &["account", "import", "none"],
        1,
        &["none"],
    );
}
