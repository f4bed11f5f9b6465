//! `echostr rule` as an owner types it, and mistypes it.

mod common;

use common::Folder;
use common::command::check;
use common::rules::Shop;
use serde_json::{Value, json};

#[test]
fn an_empty_condition_makes_no_rule_that_answers_everything() {
    let shop = Shop::open();
    let folder = shop.server.folder();
    for option in ["--contains", "--equals", "--regex", "--kind", "--from"] {
        let add = ["rule", "add", "price", option, "", "--reply", "99 元"];
        check(folder, &add, 2, &[&format!("{option} 是空的")]);
    }
    let rules = shop.call("GET", "/rules", &Value::Null).body;
    assert_eq!(rules["items"], json!([]), "nothing was made");
    // In a change an empty one takes the condition away, and what comes of it is said.
    let answers_all = "它没有条件，回答所有消息";
    let add = ["rule", "add", "price", "--contains", "价", "--reply", "99"];
    let said = check(folder, &add, 0, &["contains 价"]);
    assert!(!said.err.contains(answers_all), "{said:?}");
    let edit = ["rule", "edit", "price", "--contains", ""];
    check(folder, &edit, 0, &[answers_all]);
    let all = ["rule", "add", "all", "--reply", "在"];
    check(folder, &all, 0, &[answers_all, "所有消息 all messages"]);
}

#[test]
fn who_removes_an_account_is_told_how_many_rules_go_with_it() {
    let shop = Shop::open();
    let folder = shop.server.folder();
    for id in ["one", "two"] {
        shop.command(&["rule", "add", id, "--account", "shop", "--reply", "x"]);
    }
    shop.command(&["rule", "add", "for-all", "--reply", "y"]);
    check(folder, &["account", "remove", "shop"], 2, &["规则（2 条）"]);
    let remove = ["account", "remove", "shop", "--yes"];
    check(folder, &remove, 0, &["它的规则（2 条）", "its rules (2)"]);
}

#[test]
fn a_try_out_promises_no_answer_of_a_bot_that_is_never_asked() {
    let shop = Shop::open();
    let folder = shop.server.folder();
    let llm = json!({ "bot": { "kind": "llm", "preset": "deepseek", "key": "sk-planted" } });
    let set = shop.call("PATCH", "/accounts/shop", &llm);
    assert_eq!(set.status, 200, "{set:?}");
    for said in [
        &["--event", "click"][..],
        &["--kind", "event.scan"],
        &["--key", "today"],
    ] {
        let test = [&["rule", "test", "shop"], said].concat();
        check(folder, &test, 0, &["llm 也不回答事件"]);
    }
    let test = ["rule", "test", "shop", "多少钱"];
    check(folder, &test, 0, &["没有规则回答，接着问 llm"]);
}

#[test]
fn a_try_out_of_a_mistyped_kind_says_what_was_meant() {
    let shop = Shop::open();
    for (arguments, words) in [
        (["--event", "clik"], "did you mean `event.click`?"),
        (["--kind", "foo"], "there are `message`, `text`"),
        (["--kind", "event"], "is `event`, which is many"),
    ] {
        let test = [&["rule", "test", "shop"][..], &arguments].concat();
        check(shop.server.folder(), &test, 2, &[words]);
    }
}

#[test]
fn an_option_before_the_command_is_told_where_it_belongs() {
    let folder = Folder::new();
    let list = ["--data", "elsewhere", "rule", "list"];
    let words = "选项要写在命令后面：echostr rule … --data <FOLDER>";
    check(&folder, &list, 2, &[words]);
}

#[test]
fn the_prompt_of_a_rule_is_shown() {
    let shop = Shop::open();
    let reply = r#"{"bot": {"name": "own", "prompt": "用文言文回答。\n不要超过两句。"}}"#;
    let add = [
        "rule",
        "add",
        "classic",
        "--equals",
        "古文",
        "--reply-json",
        reply,
    ];
    let prompt = ["bot own", "用文言文回答。\n  不要超过两句。"];
    check(shop.server.folder(), &add, 0, &prompt);
    check(
        shop.server.folder(),
        &["rule", "show", "classic"],
        0,
        &prompt,
    );
}

#[test]
fn a_file_without_its_at_sign_is_not_only_called_no_json() {
    let shop = Shop::open();
    let folder = shop.server.folder();
    let reply = ["rule", "add", "a", "--reply-json", "f.json"];
    check(folder, &reply, 2, &["不是 JSON", "从文件读就写 @f.json"]);
    folder.write("rule", "{}");
    let whole = ["rule", "add", "a", "--file", "rule"];
    check(folder, &whole, 2, &["从文件读就写 @rule"]);
    let no_file = ["rule", "add", "a", "--reply-json", "{"];
    let said = check(folder, &no_file, 2, &["不是 JSON"]);
    assert!(!said.all().contains('@'), "{said:?}");
}

#[test]
fn who_adds_a_rule_twice_is_told_how_to_change_it() {
    let shop = Shop::open();
    let add = ["rule", "add", "price", "--contains", "价", "--reply", "99"];
    shop.command(&add);
    check(
        shop.server.folder(),
        &add,
        1,
        &["要改已有的就用 echostr rule edit price"],
    );
}

#[test]
fn a_time_of_another_form_is_answered_with_the_form_not_with_its_length() {
    let shop = Shop::open();
    let test = ["rule", "test", "shop", "在吗", "--at", "tomorrow"];
    let words = "`at` is `tomorrow`, a time like `2026-12-01 20:15` is needed";
    check(shop.server.folder(), &test, 2, &[words]);
}

#[test]
fn patterns_of_which_one_must_fit_are_not_shown_like_conditions_that_must_all_hold() {
    let shop = Shop::open();
    let folder = shop.server.folder();
    let add = "rule add price --contains 价格 --equals 价钱 --hours 09:00-18:00 --reply 99";
    let add: Vec<_> = add.split(' ').collect();
    let when = "contains 价格 / equals 价钱; hours 09:00-18:00";
    check(folder, &add, 0, &[when]);
    check(folder, &["rule", "show", "price"], 0, &[when]);
}
