//! `docs/api.md` tells the truth: its commands are run, its requests are sent, and what comes is what stands there.

mod common;

use std::sync::Arc;

use common::command::check;
use common::platform::{APP_ID, APP_SECRET, Reaction, Script};
use common::program::documents;
use common::{Folder, Request, Server, run};
use serde_json::{Value, json};

/// The Chinese and the English half.
fn halves() -> [String; 2] {
    let document = std::fs::read_to_string(documents().join("api.md")).expect("it is there");
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

/// An account `shop` whose platform answers as the document says.
fn house() -> (Script, Arc<Folder>, Server) {
    let script = Script::start();
    let folder = Arc::new(Folder::new());
    folder.write("secret.txt", APP_SECRET);
    folder.write("photo.jpg", "not really");
    folder.write(
        "menu.json",
        r#"{"button":[{"type":"click","name":"今日菜谱","key":"today"}]}"#,
    );
    let server = Server::start_in(&folder, "");
    let base = script.base();
    check(
        &folder,
        &["account", "add", "shop", "--api-base", &base],
        0,
        &[],
    );
    let media = "bDy2Yp9xQ7mK4tV8nR3sL6wE1";
    for (path, answer) in [
        (
            "/cgi-bin/tags/create",
            json!({ "tag": { "id": 134, "name": "熟客" } }),
        ),
        (
            "/cgi-bin/user/info",
            json!({ "subscribe": 1, "openid": "osZFAyPrKrJBb2E3" }),
        ),
        (
            "/cgi-bin/media/upload",
            json!({ "type": "image", "media_id": media, "created_at": 1_761_069_225 }),
        ),
        (
            "/cgi-bin/material/add_material",
            json!({ "media_id": media, "url": "http://mmbiz.qpic.cn/photo" }),
        ),
    ] {
        script.will_answer(path, [Reaction::Json(answer)]);
    }
    (script, folder, server)
}

/// Words as a shell makes them: blanks part them, except between `'` and `'`.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (place, piece) in line.split('\'').enumerate() {
        let mut parts = piece.split(' ');
        let last = words.last_mut().expect("there is one");
        if place % 2 == 1 {
            last.push_str(piece);
            continue;
        }
        last.push_str(parts.next().unwrap_or_default());
        words.extend(parts.map(str::to_owned));
    }
    words.retain(|word| !word.is_empty());
    words
}

#[track_caller]
fn says(folder: &Folder, line: &str) -> String {
    let words = words(line);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    assert_eq!(words[0], "echostr");
    check(folder, &words[1..], 0, &[]).out
}

#[test]
fn both_halves_have_the_same_parts() {
    let [chinese, english] = &halves();
    assert_eq!(blocks(chinese), blocks(english));
    assert!(blocks(chinese).len() >= 9);
    let headings = |half: &str| half.matches("\n### ").count();
    assert_eq!((headings(chinese), headings(english)), (4, 4));
    let codes = |half: &str| -> Vec<String> {
        let rows = half.lines().filter(|line| line.starts_with("| `"));
        let cells = rows.map(|row| row.split(" | ").take(2).collect::<Vec<_>>().join(" "));
        cells.skip(1).collect()
    };
    assert_eq!(codes(chinese), codes(english));
    // Each is a code of the API with its status.
    let described = echostr_server::api::document()["components"]["responses"].clone();
    assert_eq!(codes(chinese).len(), 8);
    for code in codes(chinese) {
        let (code, status) = code
            .trim_start_matches("| ")
            .split_once(' ')
            .expect("two cells");
        let titles = described[format!("problem{status}")]["description"].as_str();
        assert!(
            titles.is_some_and(|titles| titles.contains(code)),
            "{code} {status}"
        );
    }
}

#[test]
fn the_commands_say_what_stands_there() {
    let [half, _] = halves();
    let (script, folder, _server) = house();
    let all = blocks(&half);
    let of = |language| all.iter().filter(move |(other, _)| *other == language);
    for line in of("sh").flat_map(|(_, text)| text.lines()) {
        says(&folder, line);
    }
    let (_, transcript) = of("console").next().expect("a transcript");
    for step in transcript.split("$ ").filter(|step| !step.is_empty()) {
        let (line, expected) = step.split_once('\n').expect("it says something");
        assert_eq!(says(&folder, line), expected, "{line}");
    }
    let sent = script.asked("/cgi-bin/message/custom/send");
    assert_eq!(sent.len(), 1);
}

#[test]
fn the_requests_are_answered_as_it_stands_there() {
    let [half, _] = halves();
    let (_script, folder, server) = house();
    let set = [
        "account",
        "set",
        "shop",
        "--app-id",
        APP_ID,
        "--app-secret-file",
        "secret.txt",
    ];
    check(&folder, &set, 0, &[]);
    let all = blocks(&half);
    let (_, create) = all
        .iter()
        .find(|(_, text)| text.contains("api-key"))
        .expect("a key");
    let arguments = words(create.trim());
    let arguments: Vec<_> = arguments[1..].iter().map(String::as_str).collect();
    let key = String::from_utf8(run(&folder, &arguments).stdout).expect("UTF-8");
    let authorization = format!("Bearer {}", key.trim());
    let mut n_requests = 0;
    for pair in all.windows(2) {
        let [("http", request), ("json", expected)] = pair else {
            continue;
        };
        n_requests += 1;
        let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
        let mut lines = head.lines();
        let line = lines.next().expect("a request line");
        let mut parts = line.split(' ');
        let (method, target) = (parts.next().expect("one"), parts.next().expect("one"));
        let mut headers: Vec<_> = lines.filter_map(|line| line.split_once(": ")).collect();
        headers.push(("Authorization", &authorization));
        let response = server.send(&Request {
            method,
            target,
            headers,
            body: body.trim_end().as_bytes(),
        });
        assert_eq!(response.status, 200, "{line}: {}", response.text());
        // The seconds that are left, and the script's token.
        let mut found: Value = serde_json::from_str(response.text()).expect("JSON");
        if found["access_token"] == "tok-1" {
            found = json!({ "access_token": "98_mZ4kq", "expires_in": 7200 });
        }
        let expected: Value = serde_json::from_str(expected).expect("JSON");
        assert_eq!(found, expected, "{line}");
    }
    assert_eq!(n_requests, 3);
}
