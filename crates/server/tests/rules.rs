//! Rules as people and programs make them: by the API, by commands, in documents; and what followers get.

mod common;

use common::command::{check, run_with};
use common::rules::{Shop, key, send_as};
use serde_json::{Value, json};

#[track_caller]
fn items(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().expect("a list");
    let ids = items
        .iter()
        .map(|rule| rule["id"].as_str().expect("a text"));
    ids.collect()
}

#[test]
fn a_rule_is_made_read_changed_disabled_and_removed_and_each_counts_at_once() {
    let shop = Shop::open();
    assert_eq!(shop.says("价格"), "价格");
    let rule = json!({
        "id": "price", "account": "shop", "name": "问价", "priority": 5,
        "when": { "contains": ["价格"] }, "reply": { "text": "99 元" },
    });
    let made = shop.call("POST", "/rules", &rule);
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.response.header("location"), "/api/v1/rules/price");
    assert_eq!(shop.says("价格"), "99 元");
    assert_eq!(shop.says("时间"), "时间");

    let read = shop.call("GET", "/rules/price", &Value::Null).body;
    for (name, value) in rule.as_object().expect("an object") {
        assert_eq!(&read[name], value, "{name}");
    }
    assert_eq!(
        (&read["enabled"], &read["cool_down_secs"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(
        shop.call("POST", "/rules", &rule).body["code"],
        "rule_exists"
    );

    let change = json!({ "reply": { "text": "88 元" }, "name": null });
    let changed = shop.call("PATCH", "/rules/price", &change);
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.body["name"], "");
    assert_eq!(changed.body["when"], json!({ "contains": ["价格"] }));
    assert_eq!(shop.says("价格"), "88 元");

    let off = json!({ "enabled": false });
    assert_eq!(shop.call("PATCH", "/rules/price", &off).status, 200);
    assert_eq!(shop.says("价格"), "价格");

    assert_eq!(
        shop.call("DELETE", "/rules/price", &Value::Null).status,
        204
    );
    for method in ["GET", "DELETE"] {
        let gone = shop.call(method, "/rules/price", &Value::Null);
        assert_eq!(
            (gone.status, &gone.body["code"]),
            (404, &json!("unknown_rule"))
        );
    }
    let log = shop.call("GET", "/audit?subject=price", &Value::Null).body;
    let actions = log["items"].as_array().expect("a list").iter().rev();
    let actions: Vec<_> = actions.map(|entry| entry["action"].clone()).collect();
    let expected = ["rule.create", "rule.change", "rule.change", "rule.remove"];
    assert_eq!(actions, expected);
}

#[test]
fn an_id_that_is_not_given_is_made() {
    let shop = Shop::open();
    let made = shop.call("POST", "/rules", &json!({ "reply": { "text": "在" } }));
    let id = made.body["id"].as_str().expect("it was made");
    assert!(id.starts_with("r_") && id.len() == 10, "{id}");
    assert_eq!(shop.says("随便"), "在");
}

#[test]
fn every_fault_is_told_at_once_and_names_what_was_meant() {
    let shop = Shop::open();
    let check = |rule: Value, expected: &[(&str, &str)]| {
        let said = shop.call("POST", "/rules", &rule);
        assert_eq!(
            (said.status, &said.body["code"]),
            (422, &json!("invalid")),
            "{said:?}"
        );
        let faults = said.body["fields"].as_array().expect("faults");
        let fields: Vec<_> = faults.iter().map(|fault| fault["field"].as_str()).collect();
        let names: Vec<_> = expected.iter().map(|(field, _)| Some(*field)).collect();
        assert_eq!(fields, names, "{faults:?}");
        for (fault, (field, words)) in faults.iter().zip(expected) {
            let message = fault["message"].as_str().expect("a sentence");
            assert!(message.starts_with(&format!("`{field}`")), "{message}");
            assert!(message.contains(words), "no `{words}`: {message}");
        }
    };
    let text = json!({ "text": "x" });
    check(json!({}), &[("reply", "is missing")]);
    check(
        json!({ "pirority": 1, "when": { "contain": ["x"], "hours": "9-18" }, "reply": { "txt": "x" } }),
        &[
            ("pirority", "did you mean `priority`?"),
            ("reply.txt", "did you mean `reply.text`?"),
            ("when.contain", "did you mean `when.contains`?"),
            ("when.hours", "a list of texts is needed"),
        ],
    );
    check(
        json!({ "id": "Price", "account": "shoop", "priority": 1001, "enabled": "yes", "reply": text }),
        &[
            ("account", "no such account"),
            ("enabled", "`true` or `false` is needed"),
            ("priority", "a whole number from -1000 to 1000"),
            ("id", "a-z, 0-9"),
        ],
    );
    check(
        json!({ "id": "test", "reply": text }),
        &[("id", "choose another")],
    );
    check(json!({ "id": 7, "reply": text }), &[("id", "is no text")]);
    check(
        json!({ "when": { "regex": ["("], "hours": ["25:00-26:00"], "share_percent": 100 }, "reply": text }),
        &[
            ("when.share_percent", "1 to 99"),
            ("when.regex[0]", ""),
            ("when.hours[0]", ""),
        ],
    );
    check(
        json!({ "reply": { "text": "x", "image": "y" } }),
        &[("reply", "has 2 members, one is needed")],
    );
    check(
        json!({ "reply": { "random": [{ "all": [] }, { "relay": {} }] } }),
        &[
            ("reply.random[0].all", "cannot stand in a list"),
            ("reply.random[1].relay", "cannot stand in a list"),
        ],
    );
    check(
        json!({ "reply": { "desk": false } }),
        &[("reply.desk", "only `true`")],
    );
    check(
        json!({ "reply": { "relay": { "url": "ftp://x", "mode": "safe", "tokn": "abc" } } }),
        &[
            ("reply.relay.tokn", "did you mean `reply.relay.token`?"),
            ("reply.relay.url", ""),
            ("reply.relay.token", "is missing"),
            ("reply.relay.app_id", ""),
            ("reply.relay.encoding_aes_key", ""),
        ],
    );
    check(
        json!({ "reply": { "text": "{{message.contnt}}" } }),
        &[("reply.text", "message.content")],
    );
    let said = shop.call("GET", "/rules", &Value::Null);
    assert_eq!(said.body["items"], json!([]), "nothing was made");
}

#[test]
fn a_change_of_a_rule_that_was_changed_meanwhile_is_refused() {
    let shop = Shop::open();
    let rule = json!({ "id": "price", "reply": { "text": "一" } });
    let seen = shop.call("POST", "/rules", &rule).body["updated_at_ms"].clone();
    let change = |text: &str, seen: &Value| {
        let change = json!({ "reply": { "text": text }, "updated_at_ms": seen });
        shop.call("PATCH", "/rules/price", &change)
    };
    let first = change("二", &seen);
    assert_eq!(first.status, 200, "{first:?}");
    let second = change("三", &seen);
    assert_eq!(
        (second.status, &second.body["code"]),
        (409, &json!("rule_changed"))
    );
    assert_eq!(change("四", &first.body["updated_at_ms"]).status, 200);
    assert_eq!(shop.says("x"), "四");
    let faulty = change("五", &json!("now"));
    assert_eq!(faulty.body["fields"][0]["field"], "updated_at_ms");
}

#[test]
fn the_secrets_of_a_relay_stay_and_are_never_shown() {
    let shop = Shop::open();
    let token = "TheTokenItHas";
    // Of its last character not every bit counts.
    let key_of_relay = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
    let relay = json!({
        "url": "https://shop.example.com/wx?key=hidden", "mode": "safe", "app_id": "wx0123456789abcdef",
        "token": token, "encoding_aes_key": key_of_relay,
    });
    let made = shop.call(
        "POST",
        "/rules",
        &json!({ "id": "old", "reply": { "relay": relay } }),
    );
    assert_eq!(made.status, 201, "{made:?}");
    let set = json!({ "token": { "set": true }, "encoding_aes_key": { "set": true } });
    assert_eq!(made.body["secrets"], set);

    // What is shown can be given back, and nothing is lost.
    let mut shown = made.body["reply"].clone();
    assert_eq!(shown["relay"]["url"], "https://shop.example.com/wx");
    shown["relay"]["timeout_secs"] = 30.into();
    let changed = shop.call("PATCH", "/rules/old", &json!({ "reply": shown }));
    assert_eq!(
        (changed.status, &changed.body["secrets"]),
        (200, &set),
        "{changed:?}"
    );

    let document = shop.command(&["export", "--secrets"]);
    for kept in [
        token,
        &key_of_relay[..42],
        "https://shop.example.com/wx?key=hidden",
    ] {
        assert!(document.contains(kept), "{kept}");
    }
    let seen = [
        made.response.text().to_owned(),
        changed.response.text().to_owned(),
        shop.command(&["export"]),
        shop.command(&["rule", "show", "old"]),
        shop.call("GET", "/audit", &Value::Null)
            .response
            .text()
            .to_owned(),
        shop.server.log(),
    ];
    for secret in [token, &key_of_relay[..42], "hidden"] {
        for text in &seen {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    // A fault of another reply is told alone.
    let faulty = shop.call("PATCH", "/rules/old", &json!({ "reply": { "text": 5 } }));
    let faults = faulty.body["fields"].as_array().expect("faults");
    let fields: Vec<_> = faults.iter().map(|fault| &fault["field"]).collect();
    assert_eq!(fields, ["reply.text"], "{faults:?}");
    // Another reply has no use for them.
    let text = shop.call("PATCH", "/rules/old", &json!({ "reply": { "text": "x" } }));
    assert_eq!(text.body["secrets"], Value::Null);
    let faulty = shop.call("PATCH", "/rules/old", &json!({ "reply": shown }));
    assert_eq!(faulty.status, 422, "{faulty:?}");
}

#[test]
fn rules_are_listed_in_the_order_in_which_they_are_asked() {
    let shop = Shop::open();
    for (id, account, priority, word) in [
        ("b", json!("shop"), 0, "苹果 Apple"),
        ("a", json!(null), 0, "梨"),
        ("z", json!(null), 10, "桃"),
        ("c", json!("shop"), -1, "apple pie"),
    ] {
        let rule = json!({
            "id": id, "account": account, "priority": priority,
            "when": { "equals": [word] }, "reply": { "text": "好" },
        });
        assert_eq!(shop.call("POST", "/rules", &rule).status, 201);
    }
    let get = |target: &str| shop.call("GET", target, &Value::Null);
    assert_eq!(items(&get("/rules").body), ["z", "b", "a", "c"]);
    assert_eq!(items(&get("/rules?account=other").body), ["z", "a"]);
    assert_eq!(items(&get("/rules?q=APPLE").body), ["b", "c"]);
    let mut found = Vec::new();
    let mut target = "/rules?limit=1".to_owned();
    loop {
        let page = get(&target).body;
        found.extend(items(&page).into_iter().map(str::to_owned));
        let Some(next) = page["next"].as_str() else {
            break;
        };
        // A rule that goes away takes no place with it.
        if next.rsplit('.').next() == Some("b") {
            assert_eq!(shop.call("DELETE", "/rules/b", &Value::Null).status, 204);
        }
        target = format!("/rules?limit=1&after={next}");
    }
    assert_eq!(found, ["z", "b", "a", "c"]);
    assert_eq!(get("/rules?after=b").body["code"], "bad_query");
}

#[test]
fn a_try_out_says_which_rule_answers_and_why_the_others_do_not() {
    let shop = Shop::open();
    for rule in [
        json!({ "id": "closed", "priority": 10, "when": { "contains": ["人工"], "hours": ["22:00-08:00"] }, "reply": { "text": "八点上班" } }),
        json!({ "id": "desk", "name": "客服", "when": { "contains": ["人工"] }, "reply": { "desk": true } }),
        json!({ "id": "order", "when": { "regex": ["订单 *([0-9]+)"] }, "reply": { "text": "{{1}} 在 {{date}} 发出" } }),
        json!({ "id": "menu", "when": { "key": ["today"] }, "reply": { "text": "今天" } }),
        json!({ "id": "expo", "when": { "scene": ["expo-*"] }, "reply": { "text": "{{message.scene}}" } }),
    ] {
        assert_eq!(shop.call("POST", "/rules", &rule).status, 201, "{rule}");
    }
    let check = |question: Value, rule: Value, reply: Value| {
        let mut question = question;
        question["account"] = "shop".into();
        question["at"] = "2026-12-01 20:15".into();
        let said = shop.call("POST", "/rules/test", &question);
        assert_eq!(said.status, 200, "{said:?}");
        assert_eq!(
            (&said.body["rule"], &said.body["reply"]),
            (&rule, &reply),
            "{question}"
        );
        assert_eq!(said.body["at"], "2026-12-01 20:15");
        said.body
    };
    let none = Value::Null;
    let said = check(
        json!({ "text": "我要人工" }),
        json!("desk"),
        json!({ "desk": true }),
    );
    assert_eq!(
        said["considered"],
        json!([
            { "rule": "closed", "name": "", "because": "contains 人工",
              "hindrance": "not at this hour: it is 20:15, hours are 22:00-08:00" },
            { "rule": "desk", "name": "客服", "because": "contains 人工", "hindrance": null },
        ])
    );
    check(
        json!({ "text": "订单 42" }),
        json!("order"),
        json!({ "text": "42 在 2026-12-01 发出" }),
    );
    check(
        json!({ "kind": "voice", "text": "订单 7" }),
        json!("order"),
        json!({ "text": "7 在 2026-12-01 发出" }),
    );
    check(
        json!({ "key": "today" }),
        json!("menu"),
        json!({ "text": "今天" }),
    );
    check(
        json!({ "scene": "expo-1" }),
        json!("expo"),
        json!({ "text": "expo-1" }),
    );
    check(
        json!({ "event": "subscribe", "scene": "expo-2" }),
        json!("expo"),
        json!({ "text": "expo-2" }),
    );
    let said = check(json!({ "kind": "image" }), none.clone(), none.clone());
    assert_eq!(said["bot"], "echo");

    for (question, status, field) in [
        (json!({}), 422, "account"),
        (json!({ "account": "shop" }), 422, "text"),
        (json!({ "account": "shop", "kind": "message" }), 422, "kind"),
        (json!({ "account": "shop", "kind": "foo" }), 422, "kind"),
        (json!({ "account": "shop", "event": "clik" }), 422, "event"),
        (
            json!({ "account": "shop", "text": "x", "at": "2026-13-01 00:00" }),
            422,
            "at",
        ),
        (
            json!({ "account": "shop", "text": "x", "at": "2026-12-01 20:15:00" }),
            422,
            "at",
        ),
        (
            json!({ "account": "shop", "text": "x", "kind": "text", "event": "scan" }),
            422,
            "event",
        ),
        (json!({ "account": "none", "text": "x" }), 404, ""),
    ] {
        let said = shop.call("POST", "/rules/test", &question);
        assert_eq!(said.status, status, "{question}: {said:?}");
        let found = said.body["fields"][0]["field"].as_str();
        assert_eq!(found.unwrap_or_default(), field, "{question}");
    }
    let hits = shop.call("GET", "/rules/desk", &none).body["hits"].clone();
    assert_eq!(hits, 0, "nothing is counted");
}

#[test]
fn the_commands_make_change_show_and_try_out_rules() {
    let shop = Shop::open();
    let folder = shop.server.folder();
    let add = [
        "rule",
        "add",
        "price",
        "--account",
        "shop",
        "--contains",
        "价格",
        "--contains",
        "多少钱",
        "--reply",
        "99 元",
        "--name",
        "问价",
        "--priority",
        "-5",
        "--cool-down",
        "60",
    ];
    check(
        folder,
        &add,
        0,
        &["立即生效", "contains 价格, 多少钱", "99 元", "60 s"],
    );
    assert_eq!(shop.says("多少钱"), "99 元");
    check(
        folder,
        &["rule", "list"],
        0,
        &["price", "shop", "contains 价格, 多少钱", "99 元", "启用 on"],
    );
    let edit = [
        "rule",
        "edit",
        "price",
        "--equals",
        "价钱",
        "--contains",
        "",
        "--cool-down",
        "0",
    ];
    check(folder, &edit, 0, &["equals 价钱", "99 元"]);
    let shown = shop.command(&["rule", "show", "price", "--json"]);
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["when"], json!({ "equals": ["价钱"] }));
    assert_eq!(shown["priority"], -5);
    check(folder, &["rule", "edit", "price"], 2, &["没有写要改什么"]);

    check(
        folder,
        &["rule", "test", "shop", "价钱"],
        0,
        &["✓ price", "99 元", "equals 价钱"],
    );
    check(folder, &["rule", "disable", "price"], 0, &["已停用"]);
    check(folder, &["rule", "list"], 0, &["停用 disabled"]);
    check(
        folder,
        &["rule", "test", "shop", "价钱"],
        0,
        &["没有规则回答，接着问 echo"],
    );
    check(folder, &["rule", "enable", "price"], 0, &["已启用"]);
    assert_eq!(shop.says("价钱"), "99 元");

    let whole = r#"{"id": "photo", "when": {"kind": ["image"]}, "reply": {"image": "MEDIA_ID"}}"#;
    let said = run_with(folder, &["rule", "add", "--file", "-", "--json"], whole);
    assert_eq!(said.code, 0, "{said:?}");
    let made: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(
        (&made["id"], &made["reply"]),
        (&json!("photo"), &json!({ "image": "MEDIA_ID" }))
    );
    let bad = ["rule", "add", "--regex", "(", "--reply", "x"];
    check(folder, &bad, 2, &["when.regex[0]"]);
    check(
        folder,
        &["rule", "add", "--reply-json", "{"],
        2,
        &["不是 JSON"],
    );

    check(folder, &["rule", "remove", "price"], 2, &["--yes"]);
    check(
        folder,
        &["rule", "remove", "price", "--yes"],
        0,
        &["已删除"],
    );
    check(folder, &["rule", "show", "price"], 1, &["没有这条规则"]);
    check(
        folder,
        &["rule", "list", "--search", "nothing"],
        0,
        &["没有这样的规则"],
    );
    check(
        folder,
        &["rule", "list", "--account", "none"],
        0,
        &["photo"],
    );
}

/// With every field that a rule can have.
const DOCUMENT: &str = r#"
[[account]]
id = "new"

[[rule]]
id = "all-of-it"
account = "new"
name = "全部"
priority = -7
enabled = false
cool_down_secs = 60
when.kind = ["text", "image"]
when.contains = ["价格"]
when.hours = ["09:00-18:00", "20:00-22:00"]
when.weekdays = ["mon"]
when.from = 2026-12-01
when.to = "2026-12-31"
when.source = ["expo-*"]
when.first_message = true
when.share_percent = 50
reply.all = [{ text = "一\n二 \"三\"" }, { image = "MEDIA_ID" }, { news = [{ title = "题", url = "https://example.com/" }] }]

[[rule]]
id = "relay"
reply.relay = { url = "https://shop.example.com/wx?key=hidden", token = "TheTokenItHas" }

[[rule]]
id = "quiet"
when.kind = ["event.scan"]
reply.silence = true

[[rule]]
id = "bot"
when.equals = ["bot"]
reply.bot = { name = "own", prompt = "用 {{date}} 的口吻" }
"#;

#[test]
fn what_is_exported_and_applied_again_changes_nothing() {
    let shop = Shop::open();
    let apply = |document: &str, query: &str| {
        let target = format!("/apply{query}");
        shop.send("POST", &target, "application/toml", document)
    };
    let planned = apply(DOCUMENT, "?dry_run=true");
    assert_eq!(
        (planned.status, &planned.body["done"]),
        (200, &json!(false)),
        "{planned:?}"
    );
    assert_eq!(
        items(&shop.call("GET", "/rules", &Value::Null).body),
        [""; 0]
    );
    let applied = apply(DOCUMENT, "");
    assert_eq!(applied.status, 200, "{applied:?}");
    let changes = applied.body["changes"].as_array().expect("a list");
    let made: Vec<_> = changes
        .iter()
        .map(|change| {
            [&change["thing"], &change["id"], &change["action"]]
                .map(|it| it.as_str().expect("a text"))
        })
        .collect();
    let expected = [
        ["account", "new", "create"],
        ["rule", "all-of-it", "create"],
        ["rule", "relay", "create"],
        ["rule", "quiet", "create"],
        ["rule", "bot", "create"],
    ];
    assert_eq!(made, expected);

    for exported in [
        shop.command(&["export"]),
        shop.command(&["export", "--secrets"]),
    ] {
        let again = apply(&exported, "");
        assert_eq!(again.status, 200, "{again:?}\n{exported}");
        for change in again.body["changes"].as_array().expect("a list") {
            assert_eq!(change["action"], "unchanged", "{change}\n{exported}");
        }
    }
    // On another machine it is the same.
    let exported = shop.command(&["export", "--secrets"]);
    let other = Shop::empty();
    let moved = other.send("POST", "/apply", "application/toml", &exported);
    assert_eq!(moved.status, 200, "{moved:?}");
    assert_eq!(other.command(&["export", "--secrets"]), exported);

    // What is not written is the default, and a rule that is not in the document stays.
    let less = "[[rule]]\nid = \"all-of-it\"\nreply.text = \"x\"\n";
    let changed = apply(less, "").body;
    let fields = json!([
        "account",
        "name",
        "priority",
        "enabled",
        "cool_down_secs",
        "when",
        "reply"
    ]);
    assert_eq!(changed["changes"][0]["fields"], fields);
    assert_eq!(
        items(&shop.call("GET", "/rules", &Value::Null).body).len(),
        4
    );
    shop.server.folder().write("less.toml", less);
    let unchanged = ["apply", "less.toml", "--dry-run"];
    check(shop.server.folder(), &unchanged, 0, &["没有要改的"]);
}

#[test]
fn all_faults_of_a_document_are_told_and_nothing_is_changed() {
    let shop = Shop::open();
    let document = "[[account]]\nid = \"new\"\nmode = \"save\"\n\n\
        [[rule]]\nid = \"a\"\naccount = \"none\"\nreply.text = \"x\"\n\n\
        [[rule]]\nid = \"b\"\nwhen.contain = [\"x\"]\n\n\
        [[rule]]\nid = \"b\"\nreply.text = \"x\"\n\n\
        [[rules]]\nid = \"c\"\n";
    let apply = |document: &str| shop.send("POST", "/apply", "application/toml", document);
    let fields = |document: &str| -> Vec<String> {
        let said = apply(document);
        assert_eq!(said.status, 422, "{said:?}");
        let fields = said.body["fields"].as_array().expect("faults").iter();
        fields
            .map(|fault| fault["field"].as_str().expect("a text").to_owned())
            .collect()
    };
    // First those of its form, then those of what is in it.
    assert_eq!(fields(document), ["rule[2].id", "rules"]);
    let document = document
        .replace("[[rules]]", "[[rule]]\nreply.text = \"x\"")
        .replacen("id = \"b\"\nreply", "id = \"d\"\nreply", 1);
    let expected = [
        "account[0].mode",
        "rule[0].account",
        "rule[1].reply",
        "rule[1].when.contain",
    ];
    assert_eq!(fields(&document), expected);
    let said = apply(&document);
    let message = said.body["fields"][2]["message"].as_str();
    let message = message.expect("a sentence");
    assert!(
        message.ends_with("(id = `b`)"),
        "who reads it does not count: {message}"
    );
    assert_eq!(shop.call("GET", "/accounts/new", &Value::Null).status, 404);
    assert_eq!(
        items(&shop.call("GET", "/rules", &Value::Null).body),
        [""; 0]
    );
}

#[test]
fn a_key_that_may_not_see_or_write_rules_neither_exports_nor_applies_them() {
    let shop = Shop::open();
    shop.command(&["rule", "add", "price", "--reply", "99 元"]);
    let authorization = format!("Bearer {}", key(&shop.server, "accounts:read"));
    let exported = send_as(&shop.server, &authorization, "GET", "/export", "", "");
    assert_eq!(exported.status, 200);
    let text = exported.response.text();
    assert!(
        text.contains("id = \"shop\"") && !text.contains("[[rule]]"),
        "{text}"
    );
    assert!(text.contains("rules:read"), "{text}");
    let authorization = format!("Bearer {}", key(&shop.server, "accounts:write"));
    let apply = |document: &str| {
        send_as(
            &shop.server,
            &authorization,
            "POST",
            "/apply",
            "application/toml",
            document,
        )
    };
    let refused = apply("[[account]]\nid = \"new\"\n[[rule]]\nid = \"x\"\nreply.text = \"x\"\n");
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (403, &json!("missing_scope"))
    );
    assert_eq!(apply("[[account]]\nid = \"new\"\n").status, 200);
}

#[test]
fn the_rules_of_an_account_end_with_it() {
    let shop = Shop::open();
    shop.command(&["rule", "add", "own", "--account", "shop", "--reply", "x"]);
    shop.command(&["rule", "add", "for-all", "--reply", "y"]);
    shop.command(&["account", "remove", "shop", "--yes"]);
    let rules = shop.call("GET", "/rules", &Value::Null).body;
    assert_eq!(items(&rules), ["for-all"]);
}
