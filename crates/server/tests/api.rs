//! The HTTP API as a program meets it: over a socket, with a key.

mod common;

use std::cell::RefCell;
use std::fmt;
use std::time::{Duration, Instant};

use common::{Request, Response, Server, TOKEN, run, signed, text_push};
use serde_json::{Value, json};

/// Room for as many requests as a test wants, and an address for links.
const ROOM: &str =
    "public_url = \"https://bot.example.com\"\n[api]\nrequests_per_second = 1000\nburst = 1000\n";

/// A program that has a key.
struct Program<'a> {
    server: &'a Server,
    authorization: String,
    /// Every body that it got.
    got: RefCell<String>,
}

/// What the API answered.
struct Said {
    status: u16,
    body: Value,
    response: Response,
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.response.text())
    }
}

impl Said {
    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

impl<'a> Program<'a> {
    /// One that may do everything; the command line made its key.
    fn new(server: &'a Server) -> Self {
        let made = run(server.folder(), &["api-key", "create", "--scope", "*"]);
        let key = String::from_utf8(made.stdout).expect("UTF-8");
        Self::with_key(server, key.trim())
    }

    fn with_key(server: &'a Server, key: &str) -> Self {
        assert!(key.starts_with("echostr_") && key.len() == 51, "{key}");
        Self {
            server,
            authorization: format!("Bearer {key}"),
            got: RefCell::default(),
        }
    }

    #[track_caller]
    fn call(&self, method: &str, target: &str, kind: &str, body: &[u8]) -> Said {
        let target = format!("/api/v1{target}");
        let mut headers = vec![("Authorization", self.authorization.as_str())];
        if !kind.is_empty() {
            headers.push(("Content-Type", kind));
        }
        let response = self.server.send(&Request {
            method,
            target: &target,
            headers,
            body,
        });
        assert_eq!(response.header("cache-control"), "no-store", "{target}");
        self.got.borrow_mut().push_str(response.text());
        let body = serde_json::from_slice(&response.body).unwrap_or_default();
        Said {
            status: response.status,
            body,
            response,
        }
    }

    #[track_caller]
    fn json(&self, method: &str, target: &str, body: &Value) -> Said {
        let body = body.to_string();
        self.call(method, target, "application/json", body.as_bytes())
    }

    #[track_caller]
    fn get(&self, target: &str) -> Value {
        let said = self.call("GET", target, "", b"");
        assert_eq!(said.status, 200, "{said:?}");
        said.body
    }

    #[track_caller]
    fn post(&self, target: &str, body: &Value) -> Said {
        self.json("POST", target, body)
    }

    #[track_caller]
    fn patch(&self, target: &str, body: &Value) -> Value {
        let said = self.json("PATCH", target, body);
        assert_eq!(said.status, 200, "{said:?}");
        said.body
    }

    #[track_caller]
    fn delete(&self, target: &str) -> Said {
        self.call("DELETE", target, "", b"")
    }
}

/// What the platform's handshake gets at this account's address.
fn handshake(server: &Server, id: &str, token: &str) -> u16 {
    let target = signed(&format!("/mp/{id}"), token, "&echostr=hello");
    server.get(&target).status
}

fn push(server: &Server, token: &str, content: &str, msg_id: u64) {
    let target = signed("/mp/wenzi", token, "");
    let body = text_push(content, msg_id);
    let response = server.send(&Request::post(&target, body.as_bytes()));
    assert_eq!(response.status, 200);
}

#[test]
fn an_account_is_made_changed_disabled_rotated_and_removed_and_each_counts_at_once() {
    let server = Server::start(ROOM);
    let program = Program::new(&server);

    let made = program.post("/accounts", &json!({ "id": "wenzi", "name": "雯子" }));
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.response.header("location"), "/api/v1/accounts/wenzi");
    assert_eq!(
        made.body["paste"]["url"],
        "https://bot.example.com/mp/wenzi"
    );
    let first = made.body["made"]["token"].as_str().expect("it was made");
    let key = made.body["made"]["encoding_aes_key"]
        .as_str()
        .expect("so was it");
    assert_eq!((first.len(), key.len()), (32, 43));
    assert_eq!(made.body["paste"]["token"], first);
    assert_eq!(handshake(&server, "wenzi", first), 200);

    let shown = program.get("/accounts/wenzi");
    assert_eq!(shown["token"], json!({ "set": true }));
    assert!(shown["seen"]["last_handshake_at_ms"].is_i64(), "{shown}");
    for secret in [first, key] {
        assert!(!shown.to_string().contains(secret));
    }

    let changed = program.patch(
        "/accounts/wenzi",
        &json!({ "welcome": "欢迎", "language": "en" }),
    );
    assert_eq!(
        (&changed["welcome"], &changed["language"]),
        (&json!("欢迎"), &json!("en"))
    );
    let changed = program.patch("/accounts/wenzi", &json!({ "welcome": null, "name": null }));
    assert_eq!(
        (&changed["welcome"], &changed["name"]),
        (&Value::Null, &json!("wenzi"))
    );
    assert_eq!(changed["language"], "en");

    program.patch("/accounts/wenzi", &json!({ "disabled": true }));
    let start = Instant::now();
    while handshake(&server, "wenzi", first) != 404 {
        assert!(
            start.elapsed() < Duration::from_millis(100),
            "it is still answered"
        );
    }
    program.patch("/accounts/wenzi", &json!({ "disabled": false }));
    assert_eq!(handshake(&server, "wenzi", first), 200);

    let rotated = program.post("/accounts/wenzi/rotate", &json!({ "token": true }));
    let second = rotated.body["made"]["token"].as_str().expect("it was made");
    assert_eq!(rotated.body["made"]["encoding_aes_key"], Value::Null);
    assert_ne!(first, second);
    let until = &rotated.body["account"]["token"]["previous"]["until_ms"];
    assert!(until.is_i64(), "{rotated:?}");
    for token in [first, second] {
        assert_eq!(handshake(&server, "wenzi", token), 200);
    }

    assert_eq!(program.delete("/accounts/wenzi").status, 204);
    assert_eq!(handshake(&server, "wenzi", second), 404);
    assert_eq!(program.delete("/accounts/wenzi").code(), "unknown_account");

    let log = program.get("/audit?subject=wenzi");
    let actions: Vec<_> = log["items"]
        .as_array()
        .expect("a list")
        .iter()
        .rev()
        .collect();
    let actions: Vec<_> = actions.iter().map(|it| it["action"].as_str()).collect();
    let mut expected = vec![Some("account.create")];
    expected.extend([Some("account.change"); 5]);
    expected.push(Some("account.remove"));
    assert_eq!(actions, expected);
    let actor = log["items"][0]["actor"].as_str().expect("a text");
    assert!(actor.starts_with("key k_"), "{actor}");
}

#[test]
fn all_faults_of_an_account_are_told_at_once_and_none_shows_a_secret() {
    let server = Server::start(ROOM);
    let program = Program::new(&server);
    let said = program.post(
        "/accounts",
        &json!({
            "id": "Wenzi",
            "tokn": "ABC",
            "token": "plantedSecret!",
            "mode": "safe",
            "app_id": "wx01",
            "encoding_aes_key": "plantedSecret",
            "app_secret": "plantedSecret",
            "api_base": "https://plantedSecret@relay.example.com",
            "access_token": "plantedSecret",
            "access_token_key": "plantedSecret plantedSecret",
            "delivery": "soon",
            "language": 7,
            "texts": { "unread": "没有了", "wiat": "" },
            "bot": { "kind": "http", "url": "ftp://x/", "secret": "plantedSecret", "timeout_secs": 0 },
        }),
    );
    assert_eq!((said.status, said.code()), (422, "invalid"), "{said:?}");
    let mut fields: Vec<_> = said.body["fields"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|fault| fault["field"].as_str().expect("a text"))
        .collect();
    fields.sort_unstable();
    let expected = [
        "access_token",
        "access_token_key",
        "api_base",
        "app_id",
        "app_secret",
        "bot.secret",
        "bot.timeout_secs",
        "bot.url",
        "delivery",
        "encoding_aes_key",
        "id",
        "language",
        "texts.unread",
        "texts.wiat",
        "token",
        "tokn",
    ];
    assert_eq!(fields, expected, "{said:?}");
    let text = said.response.text();
    assert!(text.contains("did you mean `token`?"), "{text}");
    assert!(text.contains("did you mean `texts.wait`?"), "{text}");
    assert!(!text.contains("plantedSecret"), "{text}");
}

/// A request with type and body, and what comes: status, code, words of the detail.
type Case<'a> = (&'a str, &'a str, &'a str, &'a [u8], u16, &'a str, &'a str);

#[test]
fn every_error_is_a_problem_with_a_code() {
    let server = Server::start(&format!("{ROOM}\n{}", common::SHOP));
    let program = Program::new(&server);
    program.post("/accounts", &json!({ "id": "wenzi" }));
    let big = format!("{{\"id\":\"{}\"}}", "a".repeat(256 * 1024));
    let json = "application/json";
    let toml = "application/toml";
    #[rustfmt::skip]
    let cases: &[Case<'_>] = &[
        ("GET", "/nothing", "", b"", 404, "unknown_route", "/api/v1/nothing"),
        ("GET", "", "", b"", 404, "unknown_route", "openapi.json"),
        ("PUT", "/accounts/wenzi", json, b"{}", 405, "wrong_method", "`PUT`"),
        ("GET", "/accounts?limt=5", "", b"", 400, "bad_query", "did you mean `limit`?"),
        ("GET", "/accounts?limit=500", "", b"", 400, "bad_query", "`limit` is `500`, a whole number from 1 to 200 is needed"),
        ("GET", "/accounts?limit=5&limit=6", "", b"", 400, "bad_query", "`limit` is given twice"),
        ("GET", "/messages?q=", "", b"", 400, "bad_query", "`q` is empty, 1 to 100 are allowed"),
        ("GET", "/messages?q=a%00b", "", b"", 400, "bad_query", "NUL"),
        ("GET", "/answers?all=perhaps", "", b"", 400, "bad_query", "`true` or `false`"),
        ("GET", "/followers?before=yesterday", "", b"", 400, "bad_query", "`before` cannot be used"),
        ("GET", "/health?verbose=1", "", b"", 400, "bad_query", "`verbose` is not known; there are none here"),
        ("POST", "/accounts", json, b"{\"id\":", 400, "bad_json", "line 1"),
        ("POST", "/accounts", json, b"[]", 400, "bad_json", "a JSON object is needed"),
        ("POST", "/accounts", json, b"", 400, "bad_json", "line 1"),
        ("POST", "/accounts", json, big.as_bytes(), 413, "body_too_large", "262144 bytes"),
        ("POST", "/accounts", "text/plain", b"{}", 415, "wrong_media_type", "`text/plain`"),
        ("POST", "/accounts", "", b"{}", 415, "wrong_media_type", "no `Content-Type`"),
        ("POST", "/accounts", json, b"{\"id\":\"wenzi\"}", 409, "account_exists", "`wenzi`"),
        ("POST", "/accounts", json, b"{\"id\":\"b\",\"token\":\"S1qJ0JoQmYfy\"}", 409, "token_taken", "unique"),
        ("PATCH", "/accounts/shop", json, b"{\"name\":\"x\"}", 409, "provisioned", "`shop`"),
        ("DELETE", "/accounts/shop", "", b"", 409, "provisioned", "`shop`"),
        ("PATCH", "/accounts/wenzi", json, b"{\"id\":\"other\"}", 422, "invalid", "`id` is fixed"),
        ("PATCH", "/accounts/wenzi", json, b"{\"mode\":\"safe\"}", 422, "invalid", "`app_id` is missing"),
        ("PATCH", "/accounts/wenzi", json, b"{\"delivery\":\"send\"}", 422, "invalid", "`delivery` is `send`, which needs `app_id` and `app_secret`"),
        ("PATCH", "/accounts/wenzi", json, b"{\"delivery\":\"send\",\"app_secret\":\"x\"}", 422, "invalid", "`app_secret` is not 32 hex digits"),
        ("POST", "/accounts/wenzi/rotate", json, b"{}", 422, "invalid", "say what to replace"),
        ("POST", "/accounts/wenzi/rotate", json, b"{\"token\":null}", 422, "invalid", "`token` is `null`"),
        ("POST", "/keys", json, b"{\"name\":\"a\",\"scopes\":[\"acounts:read\"]}", 422, "invalid", "`acounts:read`"),
        ("POST", "/keys", json, b"{\"name\":\"a\",\"scopes\":[]}", 422, "invalid", "has 0 words"),
        ("POST", "/apply", toml, b"[[account]", 400, "bad_toml", "line 1"),
        ("POST", "/apply", toml, b"[[account]]\nid = \"shop\"\n", 422, "invalid", "`account[0].id` cannot be changed"),
        ("POST", "/apply", toml, b"[[account]]\nid = \"b\"\ntoken = \"S1qJ0JoQmYfy\"\n", 422, "invalid", "`account[0].token` is another account's"),
        ("GET", "/messages/7", "", b"", 404, "unknown_message", "`7`"),
        ("GET", "/messages/seven", "", b"", 404, "unknown_message", "`seven`"),
        ("GET", "/answers/7", "", b"", 404, "unknown_answer", "`7`"),
        ("GET", "/followers/wenzi/nobody", "", b"", 404, "unknown_follower", "`nobody`"),
        ("DELETE", "/keys/k_00000000", "", b"", 404, "unknown_key", "`k_00000000`"),
        ("GET", "/export?secrets=true", "", b"", 403, "socket_only", "echostr export"),
    ];
    for (method, target, kind, body, status, code, words) in cases {
        let said = program.call(method, target, kind, body);
        let at = format!("{method} {target}: {said:?}");
        assert_eq!((said.status, said.code()), (*status, *code), "{at}");
        assert_eq!(
            said.response.header("content-type"),
            "application/problem+json",
            "{at}"
        );
        assert_eq!(said.body["status"], *status, "{at}");
        assert_eq!(
            said.body["type"],
            format!("urn:echostr:problem:{code}"),
            "{at}"
        );
        let detail = said.body["detail"].as_str().expect("a text");
        assert!(detail.contains(words), "{at}");
        if *status == 405 {
            assert_eq!(said.response.header("allow"), "GET,HEAD,PATCH,DELETE");
        }
    }
}

#[test]
fn keys_are_shown_once_and_count_until_they_are_revoked() {
    let server = Server::start(ROOM);
    let program = Program::new(&server);
    let form = json!({ "name": "备份", "scopes": ["health:read"], "expires_in_days": 90 });
    let made = program.post("/keys", &form);
    assert_eq!(made.status, 201, "{made:?}");
    let key = made.body["key"].as_str().expect("a text");
    let id = made.body["about"]["id"].as_str().expect("a text");
    let lasts = made.body["about"]["expires_at_ms"]
        .as_i64()
        .expect("it has an end")
        - made.body["about"]["created_at_ms"]
            .as_i64()
            .expect("a time");
    assert!((lasts - 90 * 86_400_000).abs() < 10_000, "{made:?}");

    let other = Program::with_key(&server, key);
    let health = other.get("/health");
    assert_eq!(
        (&health["database"], &health["n_accounts"]),
        (&json!("sqlite"), &json!(0))
    );
    assert_eq!(
        other.call("GET", "/accounts", "", b"").code(),
        "missing_scope"
    );

    let list = program.get("/keys");
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
    assert!(!list.to_string().contains(key));
    assert_eq!(program.delete(&format!("/keys/{id}")).status, 204);
    let refused = other.call("GET", "/health", "", b"");
    assert_eq!((refused.status, refused.code()), (401, "wrong_key"));
    assert!(!server.log().contains(key));
}

#[test]
fn a_key_that_asks_too_often_is_told_when_to_come_back() {
    let server = Server::start("[api]\nrequests_per_second = 1\nburst = 3\n");
    let program = Program::new(&server);
    let refused = (0..10)
        .map(|_| program.call("GET", "/health", "", b""))
        .find(|said| said.status != 200)
        .expect("ten in a row are too many");
    assert_eq!((refused.status, refused.code()), (429, "too_many_requests"));
    let secs: u64 = refused
        .response
        .header("retry-after")
        .parse()
        .expect("a number");
    assert!((1..=2).contains(&secs), "{secs}");
    // Another key is not concerned.
    let other = Program::new(&server);
    assert_eq!(other.call("GET", "/health", "", b"").status, 200);
}

#[test]
fn messages_are_read_page_by_page_searched_exported_and_forgotten() {
    const FOLLOWER: &str = "/followers/wenzi/osZFAyPrKrJBb2E3";
    let server = Server::start(ROOM);
    let program = Program::new(&server);
    program.post("/accounts", &json!({ "id": "wenzi", "token": TOKEN }));
    for number in 1..=5 {
        push(&server, TOKEN, &format!("第{number}个问题"), 1000 + number);
    }

    let mut contents = Vec::new();
    let mut target = "/messages?account=wenzi&limit=2".to_owned();
    for n_items in [2, 2, 1] {
        let page = program.get(&target);
        let items = page["items"].as_array().expect("a list");
        assert_eq!(items.len(), n_items, "{page}");
        contents.extend(items.iter().map(|item| item["message"]["content"].clone()));
        target = format!("/messages?account=wenzi&limit=2&before={}", page["next"]);
    }
    assert!(target.ends_with("before=null"), "{target}");
    let expected: Vec<_> = (1..=5)
        .rev()
        .map(|n| json!(format!("第{n}个问题")))
        .collect();
    assert_eq!(contents, expected);

    let found = program.get("/messages?q=%E7%AC%AC3%E4%B8%AA");
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1), "{found}");
    let whole = program.get(&format!("/messages/{}", found["items"][0]["id"]));
    assert!(
        whole["source"]
            .as_str()
            .expect("a text")
            .contains("第3个问题")
    );
    assert_eq!(
        (&whole["delivery"], &whole["deliveries"]),
        (&json!(1), &json!([]))
    );
    assert_eq!(whole["answer"], Value::Null);

    let follower = program.get(FOLLOWER);
    assert_eq!(follower["account"], "wenzi");
    let list = program.get("/followers?account=wenzi");
    assert_eq!(list["items"], json!([follower]));

    let mut connection = server.connect();
    let authorization = &program.authorization;
    let request = format!(
        "GET /api/v1{FOLLOWER}/export HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\nConnection: close\r\n\r\n"
    );
    connection.write(request.as_bytes());
    let (export, _) = connection.rest();
    let export = String::from_utf8_lossy(&export);
    assert!(export.starts_with("HTTP/1.1 200"), "{export}");
    for number in 1..=5 {
        assert!(export.contains(&format!("第{number}个问题")), "{export}");
    }

    let forgotten = program.delete(FOLLOWER);
    assert_eq!(forgotten.status, 200, "{forgotten:?}");
    let expected = json!({ "messages": 5, "answers": 0, "sessions": 0 });
    assert_eq!(forgotten.body, expected);
    assert_eq!(program.get("/messages")["items"], json!([]));
    assert_eq!(program.delete(FOLLOWER).code(), "unknown_follower");
    let log = program.get("/audit?subject=wenzi&limit=1");
    assert_eq!(log["items"][0]["action"], "follower.forget");
    assert!(!log.to_string().contains("osZFAyPrKrJBb2E3"), "{log}");
}

#[test]
fn a_document_that_was_exported_changes_nothing_and_one_that_was_edited_only_that() {
    let server = Server::start(ROOM);
    let program = Program::new(&server);
    let secret = "whsec_cGxhbnRlZFNlY3JldC1wbGFudGVkU2VjcmV0";
    let form = json!({
        "id": "wenzi",
        "name": "雯子的\"店\"",
        "welcome": "第一行\n第二行",
        "texts": { "more_label": "继续看" },
        "app_id": "wx0123456789abcdef",
        "delivery": "send",
        "api_base": "http://127.0.0.1:9/wx",
        "access_token": "http://127.0.0.1:9/token",
        "access_token_key": "plantedAccess",
        "bot": { "kind": "http", "url": "http://127.0.0.1:9/?key=plantedKey", "secret": secret },
    });
    let made = program.post("/accounts", &form);
    assert_eq!(made.status, 201, "{made:?}");
    let token = made.body["made"]["token"].as_str().expect("it was made");

    let exported = program.call("GET", "/export", "", b"");
    let document = exported.response.text();
    assert_eq!(exported.response.header("content-type"), "application/toml");
    for planted in [token, secret, "plantedKey", "plantedAccess"] {
        assert!(!document.contains(planted), "{document}");
    }
    let apply = |document: &str, target: &str| {
        let said = program.call("POST", target, "application/toml", document.as_bytes());
        assert_eq!(said.status, 200, "{said:?}");
        said.body["changes"].clone()
    };
    let unchanged =
        json!([{ "thing": "account", "id": "wenzi", "action": "unchanged", "fields": [] }]);
    assert_eq!(apply(document, "/apply"), unchanged);

    let edited = document.replace("继续看", "看下去") + "\n[[account]]\nid = \"second\"\n";
    let plan = json!([
        { "thing": "account", "id": "wenzi", "action": "change", "fields": ["texts"] },
        { "thing": "account", "id": "second", "action": "create", "fields": [] },
    ]);
    assert_eq!(apply(&edited, "/apply?dry_run=true"), plan);
    assert_eq!(program.call("GET", "/accounts/second", "", b"").status, 404);
    let done = apply(&edited, "/apply");
    let made = done[1]["made"]["token"].as_str().expect("it was made");
    assert_eq!(handshake(&server, "second", made), 200);
    assert_eq!(handshake(&server, "wenzi", token), 200);
    let wenzi = program.get("/accounts/wenzi");
    assert_eq!(wenzi["texts"]["more_label"], "看下去");
    assert_eq!(wenzi["access_token"], "http://127.0.0.1:9/token");
    assert_eq!(wenzi["access_token_key"], json!({ "set": true }));
    assert_eq!(wenzi["bot"]["secret"], json!({ "set": true }));
    let again = apply(&edited, "/apply");
    assert_eq!(
        (&again[0]["action"], &again[1]["action"]),
        (&json!("unchanged"), &json!("unchanged"))
    );
}

#[test]
fn secrets_are_in_no_answer_and_no_line_of_the_log() {
    let server = Server::start(ROOM);
    let program = Program::new(&server);
    let planted = [
        "plantedToken7Q",
        "plantedKeyPlantedKeyPlantedKeyPlantedKeyABE",
        "0123456789abcdefdeadbeef01234567",
        "whsec_cGxhbnRlZFNlY3JldC1wbGFudGVkU2VjcmV0",
        "relayPlanted9Z",
        "queryPlanted",
        "plantedAccess7Q",
    ];
    let [
        token,
        key,
        app_secret,
        bot_secret,
        relay_token,
        query,
        access_key,
    ] = planted;
    let form = json!({
        "id": "wenzi", "token": token, "mode": "safe", "app_id": "wx0123456789abcdef",
        "encoding_aes_key": key, "app_secret": app_secret, "access_token_key": access_key,
        "api_base": "http://127.0.0.1:9",
        "bot": { "kind": "http", "url": format!("http://127.0.0.1:9/?key={query}"), "secret": bot_secret },
    });
    assert_eq!(program.post("/accounts", &form).status, 201);
    let relay = json!({ "bot": { "kind": "relay", "url": format!("http://127.0.0.1:9/?key={query}"), "token": relay_token } });
    program.patch("/accounts/wenzi", &relay);
    program.patch("/accounts/wenzi", &json!({ "token": "another7Token" }));
    program.post("/accounts", &json!({ "id": "second", "token": token }));
    program.post("/accounts", &json!({ "id": "third", "name": 5, "token": token, "app_secret": format!("{app_secret}0") }));
    program.post(
        "/accounts/wenzi/rotate",
        &json!({ "token": true, "encoding_aes_key": true }),
    );
    let wrong = format!("[[account]]\nid = \"wenzi\"\ntoken = \"{token}\nmode = 5\n");
    program.call("POST", "/apply", "application/toml", wrong.as_bytes());
    let wrong = format!("{{\"token\": \"{token}\" \"x\"}}");
    program.call("POST", "/accounts", "application/json", wrong.as_bytes());
    handshake(&server, "wenzi", token);
    for target in [
        "/accounts",
        "/accounts/wenzi",
        "/export",
        "/audit",
        "/keys",
        "/health",
    ] {
        program.call("GET", target, "", b"");
    }
    assert_eq!(program.delete("/accounts/wenzi").status, 204);
    program.get("/audit");
    let got = program.got.borrow();
    let log = server.log();
    for secret in planted
        .into_iter()
        .chain([&program.authorization["Bearer ".len()..]])
    {
        assert!(!got.contains(secret), "{secret} is in an answer:\n{got}");
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}
