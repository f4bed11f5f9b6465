//! What language models have used, as the API and the command line tell it.

mod common;

use std::time::Instant;

use common::command::check as command;
use common::model::Model;
use common::{PATIENCE, Request, SHOP, Server, TOKEN, run, signed, text_push};
use serde_json::{Value, json};

/// A server whose account `shop` has a model with prices, that was asked once.
fn house(model: &Model) -> Server {
    let bot = model
        .bot()
        .replace(" }", ", price_in = 2, price_out = 8.5 }");
    let other = "[[account]]\nid = \"quiet\"\ntoken = \"AnotherToken1\"\n";
    let server = Server::start(&format!("{SHOP}{bot}{other}"));
    let body = text_push("讲 2 0", 1);
    let target = signed("/mp/shop", TOKEN, "");
    let response = server.send(&Request::post(&target, body.as_bytes()));
    assert!(response.text().contains("第000句"), "{}", response.text());
    server
}

fn key(server: &Server, scope: &str) -> String {
    let made = run(server.folder(), &["api-key", "create", "--scope", scope]);
    String::from_utf8(made.stdout)
        .expect("UTF-8")
        .trim()
        .to_owned()
}

fn get(server: &Server, key: &str, target: &str) -> (u16, Value) {
    let authorization = format!("Bearer {key}");
    let response = server.send(&Request {
        method: "GET",
        target: &format!("/api/v1{target}"),
        headers: vec![("Authorization", &authorization)],
        body: b"",
    });
    let body = serde_json::from_slice(&response.body).expect("JSON");
    (response.status, body)
}

/// Once the answer is in the journal.
fn usage(server: &Server, key: &str) -> Value {
    let start = Instant::now();
    loop {
        let (status, usage) = get(server, key, "/accounts/shop/usage");
        assert_eq!(status, 200, "{usage}");
        if usage["total"]["turns"] == 1 {
            return usage;
        }
        assert!(start.elapsed() < PATIENCE, "{usage}");
        std::thread::yield_now();
    }
}

#[test]
fn what_a_model_has_used_is_told_by_day_and_model() {
    let model = Model::start();
    let server = house(&model);
    let key = key(&server, "usage:read");
    let usage = usage(&server, &key);
    let used = json!({
        "turns": 1, "calls": 1, "tokens_in": 20, "tokens_out": 30, "guessed": 0,
        // 20 × 2 + 30 × 8.5
        "cost_micros": 295, "good": 0, "bad": 0,
    });
    assert_eq!(usage["total"], used);
    let mut item = used;
    item["day"] = usage["to"].clone();
    item["model"] = "teller".into();
    assert_eq!(usage["items"], json!([item]));
    let today = usage["to"].as_str().expect("a date");
    assert_eq!(usage["from"], format!("{}-01", &today[..7]));

    // The question itself, which is for whoever may read messages.
    let (status, _) = get(&server, &key, "/turns");
    assert_eq!(status, 403);
    let messages = self::key(&server, "messages:read");
    let (_, turns) = get(
        &server,
        &messages,
        "/turns?account=shop&outcome=answered&model=teller",
    );
    let turn = &turns["items"][0];
    assert_eq!(turn["question"], "讲 2 0");
    assert!(
        turn["answer"]
            .as_str()
            .is_some_and(|text| text.contains("第001句")),
        "{turn}"
    );
    assert_eq!(turn["used"][0]["tokens_out"], 30);
    let (_, none) = get(&server, &messages, "/turns?outcome=failed");
    assert_eq!(none["items"], json!([]));
    let (status, problem) = get(&server, &messages, "/turns?outcome=lost");
    assert_eq!(status, 400);
    assert_eq!(
        problem["fields"][0]["message"],
        "`outcome` is `lost`; allowed: `answered`, `broken`, `failed`, `blocked input`, `blocked output`, `spent`, `cleared`"
    );
    let list = ["turn", "list", "--account", "shop"];
    command(
        server.folder(),
        &list,
        0,
        &["讲 2 0", "teller", "20 + 30", "answered"],
    );
    command(
        server.folder(),
        &["turn", "list", "--account", "quiet"],
        0,
        &["没有问过大模型"],
    );

    // Another month.
    let (_, other) = get(
        &server,
        &key,
        "/accounts/shop/usage?from=2020-02-01&to=2020-02-29",
    );
    assert_eq!(
        (&other["items"], &other["total"]["turns"]),
        (&json!([]), &json!(0))
    );

    let folder = server.folder();
    let page = command(folder, &["usage"], 0, &["quiet", "没有用过大模型"]).out;
    let lines: Vec<Vec<_>> = page
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let row = [today, "teller", "1", "1", "20", "30", "0.0003", "0", "0"];
    let total = ["合计", "total", "1", "1", "20", "30", "0.0003", "0", "0"];
    assert!(lines.iter().any(|line| *line == row), "{page}");
    assert!(lines.iter().any(|line| *line == total), "{page}");
    let month = &today[..7];
    let said = command(
        folder,
        &["usage", "shop", "--month", month, "--json"],
        0,
        &[],
    )
    .out;
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(
        (&said["account"], &said["items"]),
        (&json!("shop"), &usage["items"])
    );
    command(
        folder,
        &["usage", "shop", "--month", "2020-02"],
        0,
        &["2020-02-01", "2020-02-29"],
    );
}

#[test]
fn what_cannot_be_asked_is_told() {
    let server = Server::start(SHOP);
    let key = key(&server, "usage:read");
    let faults = |query: &str| {
        let (status, problem) = get(&server, &key, &format!("/accounts/shop/usage?{query}"));
        assert_eq!(status, 400, "{problem}");
        let fields = problem["fields"].as_array().expect("a list").iter();
        let said = fields.map(|fault| fault["message"].as_str().expect("a text").to_owned());
        said.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        faults("from=yesterday&to=2026-02-30&month=1"),
        "`from` is `yesterday`, a date like `2026-12-01` is needed\n\
         `to` is `2026-02-30`, a date like `2026-12-01` is needed\n\
         `month` is not known; there are `from`, `to`"
    );
    assert_eq!(
        faults("from=2026-12-02&to=2026-12-01"),
        "`from` is `2026-12-02`, which is after `to`, `2026-12-01`"
    );
    assert_eq!(
        faults("from=2024-12-01&to=2026-12-01"),
        "`from` is `2024-12-01`, which makes 731 days up to `to`; at most 366 are allowed"
    );
    let (status, problem) = get(&server, &key, "/accounts/none/usage");
    assert_eq!((status, &problem["code"]), (404, &json!("unknown_account")));
    command(server.folder(), &["usage", "none"], 1, &["none"]);
    command(
        server.folder(),
        &["usage", "--month", "12"],
        2,
        &["like 2026-12"],
    );
}
