//! `docs/rules.md` tells the truth: its commands run, its examples are taken, its document gives the answers that it promises.

mod common;

use std::collections::BTreeSet;

use common::Folder;
use common::command::check;
use common::platform::{APP_ID, APP_SECRET, Reaction, Script};
use common::program::documents;
use common::rules::Shop;
use serde_json::{Value, json};

/// The tables of a half, by their place.
const CONDITIONS: usize = 0;
const KINDS: usize = 1;
const REPLIES: usize = 2;
const VARIABLES: usize = 3;
const ANSWERS: usize = 4;

/// The Chinese and the English half.
fn halves() -> [String; 2] {
    let document = std::fs::read_to_string(documents().join("rules.md")).expect("it is there");
    let (_, both) = document.split_once("\n## 中文\n").expect("two halves");
    let (chinese, english) = both.split_once("\n## English\n").expect("two halves");
    [chinese.to_owned(), english.to_owned()]
}

/// The fenced blocks: language and text.
fn blocks(half: &str) -> Vec<(&str, &str)> {
    let blocks = half.split("```").skip(1).step_by(2);
    let blocks = blocks.map(|block| block.split_once('\n').expect("it names its language"));
    blocks.collect()
}

/// The first block in this language that holds this.
#[track_caller]
fn block<'a>(half: &'a str, language: &str, mark: &str) -> &'a str {
    let all = blocks(half);
    let found = all
        .iter()
        .find(|(other, text)| *other == language && text.contains(mark));
    found
        .unwrap_or_else(|| panic!("no {language} with `{mark}`"))
        .1
}

/// The rows of a table, without its head.
fn table(half: &str, place: usize) -> Vec<Vec<&str>> {
    let mut tables = Vec::new();
    let mut is_inside = false;
    for line in half.lines() {
        let is_row = line.starts_with("| ");
        if is_row && !is_inside {
            tables.push(Vec::new());
        }
        is_inside = is_row;
        if let Some(cells) = line.strip_prefix("| ").and_then(|it| it.strip_suffix(" |")) {
            let cells: Vec<_> = cells.split(" | ").collect();
            tables.last_mut().expect("it was begun").push(cells);
        }
    }
    tables.swap_remove(place).split_off(2)
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// A column of names.
fn names(half: &str, place: usize) -> Vec<&str> {
    let rows = table(half, place).into_iter();
    rows.map(|row| quoted(row[0])[0]).collect()
}

/// Runs each line as a shell would.
#[track_caller]
fn run_lines(folder: &Folder, lines: &str) {
    for line in lines.lines() {
        says(folder, line);
    }
}

#[track_caller]
fn says(folder: &Folder, line: &str) -> String {
    let mut words = vec![String::new()];
    for (place, piece) in line.split('\'').enumerate() {
        if place % 2 == 1 {
            words.last_mut().expect("there is one").push_str(piece);
            continue;
        }
        let mut parts = piece.split(' ');
        words
            .last_mut()
            .expect("there is one")
            .push_str(parts.next().unwrap_or_default());
        words.extend(parts.map(str::to_owned));
    }
    let words: Vec<_> = words
        .iter()
        .map(String::as_str)
        .filter(|word| !word.is_empty())
        .collect();
    assert_eq!(words[0], "echostr");
    check(folder, &words[1..], 0, &[]).out
}

#[test]
fn both_halves_have_the_same_parts() {
    let [chinese, english] = &halves();
    assert_eq!(blocks(chinese), blocks(english));
    assert!(blocks(chinese).len() >= 6);
    let headings = |half: &str| half.matches("\n### ").count();
    assert_eq!(headings(chinese), headings(english));
    let cells = |half, place, n: usize| -> Vec<Vec<String>> {
        let rows = table(half, place).into_iter();
        rows.map(|row| row[..n].iter().map(ToString::to_string).collect())
            .collect()
    };
    for (place, n) in [
        (CONDITIONS, 2),
        (KINDS, 1),
        (REPLIES, 2),
        (VARIABLES, 1),
        (ANSWERS, 3),
    ] {
        assert_eq!(cells(chinese, place, n), cells(english, place, n));
        assert!(!cells(chinese, place, n).is_empty());
    }
}

#[test]
fn every_condition_and_every_reply_stands_there_and_each_example_is_taken() {
    let [half, _] = halves();
    let schemas = echostr_server::api::document()["components"]["schemas"].clone();
    let when = schemas["When"]["properties"]
        .as_object()
        .expect("an object");
    let described: BTreeSet<_> = when.keys().map(String::as_str).collect();
    assert_eq!(BTreeSet::from_iter(names(&half, CONDITIONS)), described);
    let replies = schemas["Reply"]["oneOf"].as_array().expect("a list").iter();
    let described: BTreeSet<_> = replies
        .filter_map(|one| one["required"][0].as_str())
        .collect();
    assert_eq!(BTreeSet::from_iter(names(&half, REPLIES)), described);

    let shop = Shop::open();
    let taken = |rule: Value| {
        let said = shop.call("POST", "/rules", &rule);
        assert_eq!(said.status, 201, "{rule}: {said:?}");
    };
    for row in table(&half, CONDITIONS) {
        let (name, example) = (quoted(row[0])[0], quoted(row[1])[0]);
        let example: Value = serde_json::from_str(example).expect("JSON");
        taken(json!({ "when": { name: example }, "reply": { "text": "x" } }));
    }
    for name in names(&half, KINDS) {
        taken(json!({ "when": { "kind": [name] }, "reply": { "text": "x" } }));
    }
    for row in table(&half, REPLIES) {
        let example: Value = serde_json::from_str(quoted(row[1])[0]).expect("JSON");
        taken(json!({ "reply": example }));
    }
    for name in names(&half, VARIABLES) {
        taken(json!({ "reply": { "text": name } }));
    }
    let request = block(&half, "http", "POST /api/v1/rules");
    let (_, body) = request.split_once("\n\n").expect("a body");
    taken(serde_json::from_str(body).expect("JSON"));
}

#[test]
fn its_document_gives_the_answers_that_it_promises() {
    let [half, _] = halves();
    let shop = Shop::open();
    let folder = shop.server.folder();
    let document = block(&half, "toml", "[[rule]]");
    assert!(!document.contains("[[account]]"), "it resets no account");
    folder.write("shop.toml", document);
    run_lines(folder, block(&half, "sh", "echostr apply"));

    for row in table(&half, ANSWERS) {
        let [question, rule, answers] = row[..] else {
            panic!("three cells: {row:?}")
        };
        let (question, rule) = (quoted(question)[0], quoted(rule)[0]);
        let answer = match question.strip_prefix("event.") {
            Some(event) => shop.event(event, ""),
            None => shop.says(question),
        };
        // A date differs from day to day, and a long text is cut there.
        let is_promised = quoted(answers).into_iter().any(|promised| {
            let (begin, end) = promised.split_once("{{date}}").unwrap_or((promised, ""));
            let (begin, end) = match begin.strip_suffix('…') {
                Some(begin) => (begin, ""),
                None => (begin, end),
            };
            answer.starts_with(begin)
                && answer.ends_with(end)
                && (promised.contains("{{date}}") || promised.ends_with('…') || answer == promised)
        });
        assert!(is_promised, "{question}: {answer}, not {answers}");
        assert_eq!(by(&shop, question), rule, "{question}");
    }
    // Both have answered and are cooling down, or are not chosen by chance: it is asked of the bot.
    assert_eq!(shop.says("掷骰子"), "掷骰子");

    let transcript = block(&half, "console", "$ echostr rule test");
    for step in transcript.split("$ ").filter(|step| !step.is_empty()) {
        let (line, expected) = step.split_once('\n').expect("it says something");
        assert_eq!(says(folder, line), expected, "{line}");
    }
}

/// The rule that answers this.
#[track_caller]
fn by(shop: &Shop, question: &str) -> String {
    let mut asked = json!({ "account": "shop" });
    match question.strip_prefix("event.") {
        Some(event) => asked["event"] = event.into(),
        None => asked["text"] = question.into(),
    }
    let verdict = shop.call("POST", "/rules/test", &asked);
    let rule = verdict.body["rule"].as_str();
    rule.unwrap_or_else(|| panic!("{verdict:?}")).to_owned()
}

#[test]
fn its_commands_run() {
    let [half, _] = halves();
    let shop = Shop::open();
    let folder = shop.server.folder();
    run_lines(folder, block(&half, "sh", "echostr rule add"));
    run_lines(folder, block(&half, "sh", "first_message"));
    let hello = shop.command(&["rule", "show", "hello", "--json"]);
    let hello: Value = serde_json::from_str(&hello).expect("JSON");
    let when = json!({ "first_message": true, "share_percent": 50 });
    assert_eq!((&hello["when"], &hello["enabled"]), (&when, &json!(false)));

    let script = Script::start();
    folder.write("secret.txt", APP_SECRET);
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
    let menu = json!({ "is_menu_open": 1, "selfmenu_info": { "button": [
        { "type": "text", "name": "地址", "value": "人民路 1 号" },
    ] } });
    for _ in 0..2 {
        script.will_answer(
            "/cgi-bin/get_current_selfmenu_info",
            [Reaction::Json(menu.clone())],
        );
    }
    run_lines(folder, block(&half, "sh", "echostr account import"));
    let set = script.asked("/cgi-bin/menu/create");
    assert_eq!(set.len(), 1);
    let set: Value = serde_json::from_str(&set[0].body).expect("JSON");
    assert_eq!(
        (&set["button"][0]["type"], &set["button"][0]["name"]),
        (&json!("click"), &json!("地址"))
    );
}
