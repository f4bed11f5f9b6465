//! `echostr rule` as an owner types it, and mistypes it.

mod common;

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
