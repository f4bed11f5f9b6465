//! The control API, at its address: what the page can do, a program can.

mod common;

use common::{KEY, Right, broken, safe};
use echostr_simulator::{Clock, Simulator};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

type Headers<'a> = &'a [(&'a str, &'a str)];

struct Control {
    base: String,
    client: Client,
}

impl Control {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let simulator = Simulator::start(Clock::default()).await.expect("a port");
        let client = Client::builder()
            .no_proxy()
            .build()
            .expect("it has what it needs");
        Self {
            base: simulator.base(),
            client,
        }
    }

    async fn ask(&self, request: &str, body: Value) -> (StatusCode, Value) {
        self.ask_as(request, body, &[]).await
    }

    async fn ask_as(
        &self,
        request: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> (StatusCode, Value) {
        let (method, path) = request.split_once(' ').expect("method and path");
        let method: Method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let response = request.send().await.expect("it answers");
        let (status, bytes) = (response.status(), response.bytes().await.expect("a body"));
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn done(&self, request: &str, body: Value) -> Value {
        let (status, answer) = self.ask(request, body).await;
        assert_eq!(status, StatusCode::OK, "{request}: {answer}");
        answer
    }

    /// It is refused, with these words in the reason.
    async fn check_refused(&self, request: &str, body: Value, status: u16, words: &str) {
        let (found, answer) = self.ask(request, body).await;
        assert_eq!(found.as_u16(), status, "{request}: {answer}");
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(
            error.contains(words),
            "{request}: `{error}` lacks `{words}`"
        );
    }
}

#[tokio::test]
async fn an_account_is_made_connected_and_spoken_with_by_json_alone() {
    let control = Control::new().await;
    let address = broken(safe(), Right::answer).await;
    let account = json!({ "name": "雯子", "app_id": common::APP_ID, "kind": "subscription" });
    let made = control.done("POST /sim/accounts", account).await;
    assert_eq!(made["server"], Value::Null);
    let server = json!({ "url": format!("http://{address}/wx"), "token": common::TOKEN, "mode": "safe", "encoding_aes_key": KEY });
    let submitted = control
        .done("PUT /sim/accounts/wx0123456789abcdef/server", server)
        .await;
    assert_eq!(submitted["passed"], true, "{submitted}");
    assert_eq!(submitted["why"], json!([]));
    let person = control
        .done(
            "POST /sim/accounts/wx0123456789abcdef/followers",
            json!({ "name": "小明" }),
        )
        .await;
    let person = format!(
        "/sim/accounts/wx0123456789abcdef/followers/{}",
        person["open_id"].as_str().expect("an id")
    );
    control
        .done(&format!("POST {person}/act?wait=1"), json!("follow"))
        .await;
    let said = control
        .done(
            &format!("POST {person}/act?wait=1"),
            json!({ "say": "你好" }),
        )
        .await;
    let bubbles: Vec<_> = said["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| (&entry["from"], &entry["bubble"]))
        .collect();
    let text = |content: &str| json!({ "text": { "content": content, "is_ai": false } });
    assert_eq!(
        bubbles,
        [
            (&json!("follower"), &text("你好")),
            (&json!("account"), &text("你说：你好"))
        ]
    );

    let seen = control.done(&format!("GET {person}"), Value::Null).await;
    assert_eq!(seen["n_unread"], 1);
    assert_eq!(
        control
            .done(&format!("POST {person}/read"), Value::Null)
            .await,
        json!({ "n_read": 1 })
    );
    assert_eq!(
        control.done(&format!("GET {person}"), Value::Null).await["n_unread"],
        0
    );

    let id = &said["exchanges"][0];
    let exchange = control
        .done(&format!("GET /sim/exchanges/{id}"), Value::Null)
        .await;
    assert_eq!(exchange["shown"], "answer");
    assert!(
        exchange["reply"]
            .as_str()
            .is_some_and(|reply| reply.contains("你说：你好"))
    );
    assert!(
        exchange["deliveries"][0]["request"]
            .as_str()
            .is_some_and(|request| request.starts_with("POST /wx?signature="))
    );
    assert!(
        exchange["deliveries"][0]["response"]
            .as_str()
            .is_some_and(|response| response.contains("<Encrypt>"))
    );
    let listed = control
        .done("GET /sim/exchanges?limit=1", Value::Null)
        .await;
    assert_eq!(&listed["exchanges"][0]["id"], id);
}

#[tokio::test]
async fn a_server_that_fails_the_handshake_is_not_saved_and_the_reason_is_told() {
    let control = Control::new().await;
    let made = control
        .done("POST /sim/accounts", json!({ "name": "雯子" }))
        .await;
    let account = format!("/sim/accounts/{}", made["app_id"].as_str().expect("an id"));
    let address = broken(safe(), |right, asked| {
        if asked.is_push() {
            return right.answer(asked);
        }
        common::Said::ok(format!("\"{}\"", asked.echostr()))
    })
    .await;
    let server = json!({ "url": format!("http://{address}/wx"), "token": common::TOKEN });
    let submitted = control
        .done(&format!("PUT {account}/server"), server.clone())
        .await;
    assert_eq!(
        (&submitted["passed"], &submitted["saved"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(submitted["why"][0]["name"], "quoted-echostr");
    assert_eq!(
        control.done(&format!("GET {account}"), Value::Null).await["server"],
        Value::Null
    );
    let mut anyway = server;
    anyway["anyway"] = true.into();
    assert_eq!(
        control.done(&format!("PUT {account}/server"), anyway).await["saved"],
        true
    );
    assert_eq!(
        control
            .done(&format!("DELETE {account}/server"), Value::Null)
            .await["server"],
        Value::Null
    );
}

#[tokio::test]
async fn settings_faults_and_the_clock_are_changed_while_it_runs() {
    let control = Control::new().await;
    let made = control
        .done("POST /sim/accounts", json!({ "name": "雯子" }))
        .await;
    let (app_id, secret) = (
        made["app_id"].as_str().expect("an id"),
        made["app_secret"].as_str().expect("a secret"),
    );
    let changes = json!({ "kind": "service", "allowed": ["127.0.0.1"], "name": "小店" });
    let changed = control
        .done(&format!("PATCH /sim/accounts/{app_id}"), changes)
        .await;
    assert_eq!(
        (&changed["kind"], &changed["allowed"], &changed["name"]),
        (&json!("service"), &json!(["127.0.0.1"]), &json!("小店"))
    );

    let course = json!({ "course": "overlapping 1 s" });
    let path = format!("PATCH /sim/accounts/{app_id}");
    let course = control.done(&path, course).await["course"].clone();
    let server = json!({ "url": "http://127.0.0.1:9/wx", "token": common::TOKEN, "anyway": true });
    control
        .done(&format!("PUT /sim/accounts/{app_id}/server"), server)
        .await;
    let kept = control
        .done(&format!("GET /sim/accounts/{app_id}"), Value::Null)
        .await;
    assert_eq!(kept["course"], course, "there was no server yet");

    let token =
        format!("GET /cgi-bin/token?grant_type=client_credential&appid={app_id}&secret={secret}");
    let rule = "fail -1 on /cgi-bin/token once";
    let faults = control
        .done("POST /sim/faults", json!({ "rule": rule }))
        .await;
    assert_eq!(faults["faults"].as_array().map(Vec::len), Some(1));
    assert_eq!(control.done(&token, Value::Null).await["errcode"], -1);
    let issued = control.done(&token, Value::Null).await;
    let access_token = issued["access_token"].as_str().expect("a token");
    assert_eq!(
        control.done("DELETE /sim/faults/0", Value::Null).await,
        json!({ "faults": [] })
    );

    control
        .done("POST /sim/clock", json!({ "advance": "3 h" }))
        .await;
    let expired = control
        .done(
            &format!("GET /cgi-bin/getcallbackip?access_token={access_token}"),
            Value::Null,
        )
        .await;
    assert_eq!(expired["errcode"], 42001);

    let listed = control
        .done("GET /sim/exchanges", Value::Null)
        .await
        .to_string();
    let first = control
        .done("GET /sim/exchanges?limit=1000", Value::Null)
        .await["exchanges"][1]["id"]
        .clone();
    let whole = control
        .done(&format!("GET /sim/exchanges/{first}"), Value::Null)
        .await
        .to_string();
    for text in [
        &listed,
        &whole,
        &control
            .done("GET /sim/accounts", Value::Null)
            .await
            .to_string(),
    ] {
        assert!(
            !text.contains(secret) && !text.contains(access_token),
            "{text}"
        );
    }
    assert!(whole.contains("secret=***"), "{whole}");
}

#[tokio::test]
async fn what_is_wrong_is_told_with_what_is_allowed() {
    let control = Control::new().await;
    let made = control
        .done("POST /sim/accounts", json!({ "name": "雯子" }))
        .await;
    let account = format!("/sim/accounts/{}", made["app_id"].as_str().expect("an id"));
    let person = control
        .done(
            &format!("POST {account}/followers"),
            json!({ "name": "小明" }),
        )
        .await;
    let person = format!(
        "{account}/followers/{}",
        person["open_id"].as_str().expect("an id")
    );
    let cases = [
        (
            "POST /sim/accounts",
            json!({ "name": "a", "kind": "x" }),
            400,
            "verified-subscription",
        ),
        ("POST /sim/accounts", json!({ "name": "" }), 400, "1 to 30"),
        (
            "POST /sim/accounts",
            json!({ "name": "a", "app_id": "../x" }),
            400,
            "`app_id`",
        ),
        (
            "POST /sim/accounts",
            json!({ "nmae": "a" }),
            400,
            "unknown field `nmae`",
        ),
        ("GET /sim/accounts/wx0", Value::Null, 404, "wx0"),
        (
            "PUT ACCOUNT/server",
            json!({ "url": "http://a/", "token": "a" }),
            400,
            "Token",
        ),
        (
            "PUT ACCOUNT/server",
            json!({ "url": "http://a/", "token": "abc", "mode": "x" }),
            400,
            "plain, compatible, safe",
        ),
        (
            "PUT ACCOUNT/server",
            json!({ "url": "a.cn", "token": "abc" }),
            400,
            "https://",
        ),
        ("PATCH ACCOUNT", json!({ "course": "x" }), 400, "in-turn"),
        ("POST PERSON/act", json!({ "say": "在吗" }), 409, "follow"),
        (
            "POST PERSON/act",
            json!({ "sing": "啦" }),
            400,
            "unknown variant `sing`",
        ),
        (
            "POST /sim/faults",
            json!({ "rule": "x" }),
            400,
            "fail 40001 on",
        ),
        ("DELETE /sim/faults/3", Value::Null, 404, "0 rules"),
        ("POST /sim/clock", json!({ "advance": "x" }), 400, "48 h"),
        ("GET /sim/exchanges/9999", Value::Null, 404, "9999"),
        ("GET /sim/exchanges/x", Value::Null, 400, "Invalid URL"),
        ("GET /sim/exchanges?limit=x", Value::Null, 400, "query"),
        (
            "GET /sim/nothing/here",
            Value::Null,
            404,
            "/sim/nothing/here",
        ),
        ("GET /sim/accounts/a/b/c", Value::Null, 404, "`GET /sim`"),
        ("DELETE /sim", Value::Null, 405, "method"),
        (
            "POST PERSON/act",
            json!({ "say": "a".repeat(70_000) }),
            400,
            "70000",
        ),
    ];
    for (request, body, status, words) in cases {
        let request = request
            .replace("ACCOUNT", &account)
            .replace("PERSON", &person);
        control.check_refused(&request, body, status, words).await;
    }
    let long = json!({ "name": "a".repeat(70_000) });
    assert_eq!(
        control.ask("POST /sim/accounts", long).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn other_sites_and_other_names_are_refused() {
    let control = Control::new().await;
    let own = control.base.clone();
    let cases: [(&str, Headers<'_>, u16); 9] = [
        ("GET /sim", &[], 200),
        (
            "GET /sim",
            &[("origin", &own), ("sec-fetch-site", "same-origin")],
            200,
        ),
        ("GET /sim", &[("host", "localhost:1")], 200),
        ("GET /sim", &[("origin", "http://evil.example")], 403),
        ("POST /sim/clock", &[("sec-fetch-site", "cross-site")], 403),
        ("GET /sim", &[("host", "evil.example")], 403),
        ("GET /", &[("host", "evil.example")], 403),
        (
            "GET /phone/events",
            &[("sec-fetch-site", "cross-site")],
            403,
        ),
        // A link elsewhere may lead here.
        ("GET /", &[("sec-fetch-site", "cross-site")], 200),
    ];
    for (request, headers, status) in cases {
        let (found, _) = control.ask_as(request, Value::Null, headers).await;
        assert_eq!(found.as_u16(), status, "{request} {headers:?}");
    }
}

#[tokio::test]
async fn there_are_a_hundred_accounts_at_most() {
    let control = Control::new().await;
    let new = json!({ "name": "雯子" });
    for _ in 0..100 {
        control.done("POST /sim/accounts", new.clone()).await;
    }
    control
        .check_refused("POST /sim/accounts", new, 400, "100")
        .await;
}
