//! The platform's API through ours, and through commands: a script plays the platform.

mod common;

use std::sync::Arc;

use common::command::{Said, check, run_with};
use common::platform::{APP_SECRET, Asked, Reaction, Script};
use common::{Folder, Request, Response, Server, run};
use serde_json::{Value, json};

const JSON: &str = "application/json";
const OPENID: &str = "osZFAyPrKrJBb2E3";
const SEND: &str = "/cgi-bin/message/custom/send";

/// A server whose account `shop` has its API at the script; `poor` has no AppSecret, `far` cannot reach the platform.
struct House {
    server: Server,
    script: Script,
    authorization: String,
}

/// Status, and the body as JSON.
type Answer = (u16, Value);

impl House {
    fn new() -> Self {
        let script = Script::start();
        let room = "[api]\nrequests_per_second = 1000\nburst = 1000\n";
        let poor = "[[account]]\nid = \"poor\"\ntoken = \"Tokenpoor\"\n";
        let far = script
            .account("far")
            .replace(&script.base(), "http://127.0.0.1:1");
        let settings = [room, &script.account("shop"), poor, &far].concat();
        let server = Server::start(&settings);
        let made = run(server.folder(), &["api-key", "create", "--scope", "*"]);
        let key = String::from_utf8(made.stdout).expect("UTF-8");
        Self {
            server,
            script,
            authorization: format!("Bearer {}", key.trim()),
        }
    }

    fn send(
        &self,
        method: &str,
        target: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Response {
        let target = format!("/api/v1/accounts{target}");
        let mut headers = vec![("Authorization", self.authorization.as_str())];
        headers.extend(body.map(|_| ("Content-Type", JSON)));
        headers.extend(key.map(|key| ("Idempotency-Key", key)));
        let body = body.map(Value::to_string).unwrap_or_default();
        self.server.send(&Request {
            method,
            target: &target,
            headers,
            body: body.as_bytes(),
        })
    }

    fn ask(&self, method: &str, target: &str, body: Option<&Value>) -> Answer {
        answer(&self.send(method, target, None, body))
    }

    #[track_caller]
    fn post(&self, target: &str, body: &Value) -> Value {
        let (status, answer) = self.ask("POST", target, Some(body));
        assert_eq!(status, 200, "{target}: {answer}");
        answer
    }

    /// Sends a text with this key.
    fn text(&self, key: &str, text: &str) -> Answer {
        let body = json!({ "to": OPENID, "text": text });
        answer(&self.send("POST", "/shop/messages", Some(key), Some(&body)))
    }
}

fn answer(response: &Response) -> Answer {
    let body = serde_json::from_slice(&response.body).unwrap_or_default();
    (response.status, body)
}

fn refusal(errcode: i64, errmsg: &str) -> Reaction {
    Reaction::Json(json!({ "errcode": errcode, "errmsg": errmsg }))
}

#[test]
fn tokens_are_given_out_and_one_that_fails_is_replaced_once() {
    let house = House::new();
    let token = |answer: Answer| {
        let (status, body) = answer;
        let secs = body["expires_in"].as_i64().expect("a number");
        assert!(status == 200 && (7100..=7200).contains(&secs), "{body}");
        body["access_token"].as_str().expect("a text").to_owned()
    };
    let get = || token(house.ask("GET", "/shop/access-token", None));
    let failed = |value: &str| {
        token(house.ask(
            "POST",
            "/shop/access-token",
            Some(&json!({ "failed": value })),
        ))
    };
    assert_eq!((get(), get()), ("tok-1".into(), "tok-1".into()));
    house.script.expire();
    assert_eq!(failed("tok-1"), "tok-2");
    let n_asked = house.script.asked("/cgi-bin/stable_token").len();
    // Others come with the same failure.
    assert_eq!((failed("tok-1"), get()), ("tok-2".into(), "tok-2".into()));
    assert_eq!(house.script.asked("/cgi-bin/stable_token").len(), n_asked);
    let log = house.server.log();
    assert!(!log.contains("tok-") && !log.contains(APP_SECRET), "{log}");
}

#[test]
fn who_does_not_know_the_app_secret_cannot_have_it_sent_elsewhere() {
    let house = House::new();
    let (mine, key) = (house.script.base(), "of-the-program");
    let made = json!({ "id": "new", "token": "Tokennew", "app_id": "wx0123456789abcdef",
        "app_secret": APP_SECRET, "access_token_key": key, "api_base": mine });
    assert_eq!(house.ask("POST", "", Some(&made)).0, 201);
    let check = |change: Value, expected: &[&str]| {
        let (status, body) = house.ask("PATCH", "/new", Some(&change));
        let faults = body["fields"].as_array().into_iter().flatten();
        let faults: Vec<_> = faults.map(|fault| fault["field"].clone()).collect();
        assert_eq!(faults, expected, "{change}: {body}");
        assert_eq!(
            status,
            if expected.is_empty() { 200 } else { 422 },
            "{body}"
        );
    };
    let (theirs, both) = ("http://127.0.0.1:1", ["app_secret", "access_token_key"]);
    check(json!({ "api_base": theirs }), &both);
    check(json!({ "access_token": theirs }), &both);
    check(
        json!({ "api_base": theirs, "app_secret": APP_SECRET }),
        &both[1..],
    );
    check(json!({ "api_base": mine, "name": "the same address" }), &[]);
    let given = json!({ "api_base": theirs, "app_secret": APP_SECRET, "access_token_key": key });
    check(given, &[]);
    // Who runs commands on the server may read them anyway.
    let set = ["account", "set", "new", "--api-base", &mine];
    assert!(run(house.server.folder(), &set).status.success());
}

#[test]
fn a_call_has_many_names_and_arrives_as_it_was_given() {
    let house = House::new();
    let tags = "/cgi-bin/tags/create";
    let body = json!({ "tag": { "name": "熟客" } });
    let answer = json!({ "tag": { "id": 134, "name": "熟客" } });
    let title = "%E5%88%9B%E5%BB%BA%E6%A0%87%E7%AD%BE";
    let names = ["createTag", "CreateTag", title].map(|name| format!("/shop/call/{name}"));
    let path = format!("/shop/call?path={tags}");
    for target in names.iter().chain([&path, &format!("{path}&method=post")]) {
        house
            .script
            .will_answer(tags, [Reaction::Json(answer.clone())]);
        assert_eq!(house.post(target, &body), answer, "{target}");
    }
    let expected = Asked {
        path: tags.into(),
        query: String::new(),
        body: body.to_string(),
    };
    assert_eq!(house.script.asked(tags), vec![expected; 5]);

    // Without a body, and with a query.
    let user = "/cgi-bin/user/info";
    let target = format!("/shop/call?path={user}?openid=o%26lang=en&method=get");
    assert_eq!(house.ask("POST", &target, None).0, 200);
    assert_eq!(house.script.asked(user)[0].query, "openid=o&lang=en");
    // A token that is refused is replaced under way.
    house.script.expire();
    assert_eq!(house.ask("POST", "/shop/call/getTags", None).0, 200);

    let (_, log) = answer_of_audit(&house);
    let noted: Vec<_> = log
        .iter()
        .map(|entry| entry["after"]["call"].clone())
        .collect();
    // By a path, nobody knows whether it only reads.
    let expected = [user, tags, tags, "createTag", "createTag", "createTag"];
    assert_eq!(noted, expected);
    assert!(!log.iter().any(|entry| entry.to_string().contains("熟客")));
}

fn answer_of_audit(house: &House) -> (u16, Vec<Value>) {
    let response = house.server.send(&Request {
        method: "GET",
        target: "/api/v1/audit?subject=shop",
        headers: vec![("Authorization", &house.authorization)],
        body: b"",
    });
    let (status, body) = answer(&response);
    let items = body["items"].as_array().expect("a list").iter();
    let calls = items.filter(|entry| entry["action"] == "platform.call");
    (status, calls.cloned().collect())
}

#[test]
fn files_go_up_and_come_down_as_they_are() {
    let house = House::new();
    let body = json!({ "type": "image", "media": { "name": "鱼.jpg", "content_type": "image/jpeg", "data": "/9j/SGFsbG8=" } });
    let up = "/cgi-bin/media/upload";
    let kept = json!({ "type": "image", "media_id": "MEDIA", "created_at": 1_761_069_225 });
    house.script.will_answer(up, [Reaction::Json(kept.clone())]);
    assert_eq!(house.post("/shop/call/uploadTempMedia", &body), kept);
    let asked = &house.script.asked(up)[0];
    assert_eq!(asked.query, "type=image");
    for part in ["name=\"media\"; filename=\"鱼.jpg\"", "image/jpeg", "Hallo"] {
        assert!(asked.body.contains(part), "{part}: {}", asked.body);
    }

    let bytes: &[u8] = b"\xff\xd8\xff\xe0 no JSON";
    house
        .script
        .will_answer("/cgi-bin/media/get", [Reaction::File("image/jpeg", bytes)]);
    let id = json!({ "media_id": "MEDIA" });
    let file = house.send("POST", "/shop/call/getMedia", None, Some(&id));
    assert_eq!((file.status, &*file.body), (200, bytes));
    assert_eq!(file.header("content-type"), "image/jpeg");
    let name = file.header("content-disposition");
    assert_eq!(name, "attachment; filename=\"fish.jpg\"");
    // A video is answered with words.
    let words = json!({ "video_url": "https://v.example.com/1" });
    house
        .script
        .will_answer("/cgi-bin/media/get", [Reaction::Json(words.clone())]);
    assert_eq!(house.post("/shop/call/getMedia", &id), words);
}

#[test]
fn a_message_is_sent_in_the_platforms_form() {
    let house = House::new();
    for (given, expected) in [
        (
            json!({ "to": OPENID, "text": "您好" }),
            json!({ "touser": OPENID, "msgtype": "text", "text": { "content": "您好" } }),
        ),
        (
            json!({ "to": OPENID, "text": "您好", "is_ai": true, "desk": "desk1@gh_shop" }),
            json!({ "touser": OPENID, "msgtype": "text", "text": { "content": "您好" },
                "customservice": { "kf_account": "desk1@gh_shop" }, "aimsgcontext": { "is_ai_msg": 1 } }),
        ),
        (
            json!({ "to": OPENID, "message": { "msgtype": "image", "image": { "media_id": "MEDIA" } } }),
            json!({ "touser": OPENID, "msgtype": "image", "image": { "media_id": "MEDIA" } }),
        ),
    ] {
        let sent = house.post("/shop/messages", &given);
        assert_eq!(sent, json!({ "state": "sent" }));
        let arrived = house.script.asked(SEND).pop().expect("it was sent");
        let arrived: Value = serde_json::from_str(&arrived.body).expect("JSON");
        assert_eq!(arrived, expected);
    }
    // Without a key, the same again is another one.
    assert_eq!(house.script.asked(SEND).len(), 3);
}

#[test]
fn a_key_sends_once() {
    let house = House::new();
    let n_sent = || house.script.asked(SEND).len();
    let check = |key: &str, text: &str, status: u16, word: &str, n: usize| {
        let (found, body) = house.text(key, text);
        let said = body["code"].as_str().or(body["state"].as_str());
        assert_eq!((found, said, n_sent()), (status, Some(word), n), "{body}");
    };
    check("order-1", "已发货", 200, "sent", 1);
    check("order-1", "已发货", 200, "sent", 1);
    check("order-1", "另一句", 409, "key_used", 1);
    check("order-2", "已发货", 200, "sent", 2);
    // It was refused, so nothing was sent, and it may be tried again.
    house
        .script
        .will_answer(SEND, [refusal(45015, "response out of time limit")]);
    check("order-3", "已发货", 424, "platform_refused", 3);
    check("order-3", "已发货", 200, "sent", 4);
    // Nobody knows, so it is not.
    house.script.will_answer(SEND, [Reaction::Status(502)]);
    check("order-4", "已发货", 504, "unsure", 5);
    check("order-4", "已发货", 504, "unsure", 5);
    // While it goes on.
    house.script.will_answer(SEND, [Reaction::Held]);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| house.text("order-5", "已发货"));
        while n_sent() < 6 {
            std::thread::yield_now();
        }
        check("order-5", "已发货", 409, "underway", 6);
        house.script.go_on();
        assert_eq!(first.join().expect("it ends").0, 200);
    });
    check("order-5", "已发货", 200, "sent", 6);
}

#[test]
fn every_refusal_is_a_problem_that_says_what_to_do() {
    let house = House::new();
    let long = "字".repeat(683);
    let to = |more: Value| {
        let mut body = json!({ "to": OPENID });
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        body
    };
    let tag = json!({ "tag": { "name": "熟客" } });
    #[rustfmt::skip]
    let cases: Vec<(&str, Value, u16, &str, &str)> = vec![
        ("/shop/call/createTga", json!({}), 404, "unknown_call", "did you mean `createTag` (创建标签)?"),
        ("/shop/call/batchTag", json!({}), 404, "unknown_call", "did you mean `batchTagging`"),
        ("/none/call/createTag", json!({}), 404, "unknown_account", "`none`"),
        ("/poor/call/createTag", tag.clone(), 409, "no_app_secret", "set `app_id` and `app_secret`"),
        ("/far/call/createTag", tag.clone(), 502, "platform_unreached", "cannot be reached"),
        ("/shop/call/createTag", json!({}), 422, "invalid", "missing field `tag`"),
        ("/shop/call/createTag", json!({ "tag": { "name": "a", "colour": "red" } }), 422, "invalid", "no field `tag.colour`"),
        ("/shop/call/createTag", tag.clone(), 424, "platform_refused", "createTag failed: "),
        ("/shop/call/createTag", tag.clone(), 424, "platform_refused", "add 203.0.113.7 to the list"),
        ("/shop/call/createTag", tag, 504, "unsure", "status 500"),
        ("/shop/call/getTags", json!({}), 502, "platform_unreached", "status 404"),
        ("/shop/call?path=cgi-bin/tags/get", json!({}), 422, "invalid", "a path that begins with `/`"),
        ("/shop/call?path=/cgi-bin/x&method=put", json!({}), 400, "bad_query", "`method` is `put`"),
        ("/shop/call?path=/cgi-bin/x&method=get", json!({}), 400, "bad_query", "there is a body"),
        ("/shop/call", json!({}), 400, "bad_query", "`path` is missing"),
        ("/shop/messages", to(json!({ "text": long })), 422, "invalid", "`text` has 2049 bytes, at most 2048 are allowed"),
        ("/shop/messages", to(json!({ "message": { "msgtype": "text", "text": { "content": long } } })), 422, "invalid", "2049 bytes"),
        ("/shop/messages", to(json!({})), 422, "invalid", "`text` is missing; write `text` or `message`"),
        ("/shop/messages", json!({ "text": "x" }), 422, "invalid", "`to` is missing"),
        ("/shop/messages", to(json!({ "text": "x", "message": {} })), 422, "invalid", "keep one of them"),
        ("/shop/messages", to(json!({ "message": { "touser": "x" } })), 422, "invalid", "`message.touser`"),
        ("/shop/messages", to(json!({ "message": { "msgtype": "dance" } })), 422, "invalid", "dance"),
        ("/shop/access-token", json!({}), 422, "invalid", "`failed` is missing"),
    ];
    house.script.will_answer(
        "/cgi-bin/tags/create",
        [
            refusal(45157, "invalid tag name rid: 61725984-6126f6f9-040f19c4"),
            refusal(
                40164,
                "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 1-2-3",
            ),
            Reaction::Status(500),
        ],
    );
    house
        .script
        .will_answer("/cgi-bin/tags/get", [Reaction::Status(404)]);
    for (target, body, status, code, words) in cases {
        let (found, problem) = house.ask("POST", target, Some(&body));
        let at = format!("{target} {body}: {problem}");
        assert_eq!(
            (found, problem["code"].as_str()),
            (status, Some(code)),
            "{at}"
        );
        let detail = problem["detail"].as_str().expect("a text");
        assert!(detail.contains(words), "{at}");
        if words == "createTag failed: " {
            assert_eq!(problem["errcode"], 45157, "{at}");
            assert_eq!(problem["rid"], "61725984-6126f6f9-040f19c4", "{at}");
        }
    }
    for key in ["", "a b", &"k".repeat(129)] {
        let (status, problem) = house.text(key, "您好");
        assert_eq!(
            (status, &problem["code"]),
            (422, &json!("invalid")),
            "{key}"
        );
    }
}

#[test]
fn the_owner_is_told_of_an_address_that_is_not_on_the_list() {
    let script = Script::start();
    let refused = "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist";
    script.will_answer("/cgi-bin/stable_token", vec![refusal(40164, refused); 50]);
    let (keep, told) = std::sync::mpsc::channel();
    let receiver = common::platform::listener(move |body| {
        let _ = keep.send(body);
    });
    let notify = format!(
        "[[notify]]\nurl = \"http://{receiver}/\"\nsecret = \"{}\"\n",
        common::program::SECRET
    );
    let server = Server::start(&(script.account("shop") + &notify));
    check(
        server.folder(),
        &["call", "shop", "getTags"],
        1,
        &["微信平台拒绝了", "add 203.0.113.7 to the list"],
    );
    let notice = told.recv_timeout(common::PATIENCE).expect("it is told");
    assert!(notice.contains("notice.api_refused"), "{notice}");
    assert!(notice.contains("把 203.0.113.7 加入 IP 白名单"), "{notice}");
}

#[test]
fn what_an_account_may_do_is_found_out_and_shown() {
    let house = House::new();
    for path in ["/cgi-bin/message/custom/typing", "/cgi-bin/tags/get"] {
        house
            .script
            .will_answer(path, vec![refusal(48001, "api unauthorized"); 50]);
    }
    let (status, found) = house.ask("GET", "/shop/capabilities?refresh=true", None);
    assert_eq!(status, 200, "{found}");
    assert!(found["found_at_ms"].is_i64(), "{found}");
    let of = |name: &str| {
        let items = found["items"].as_array().expect("a list").iter();
        let mut named = items.filter(|item| item["name"] == name);
        named.next().expect("it is there").clone()
    };
    let no = json!({ "name": "custom_message", "title": "客服消息", "english": "customer-service messages", "may": "no", "errcode": 48001 });
    assert_eq!(of("custom_message"), no);
    assert_eq!(
        (&of("user")["may"], &of("menu")["may"]),
        (&json!("no"), &json!("yes"))
    );
    let known = house.ask("GET", "/shop/capabilities", None).1;
    assert_eq!(known, found);
    let (_, unknown) = house.ask("GET", "/poor/capabilities", None);
    assert_eq!(unknown["items"][0]["may"], "unknown");
    let (status, refused) = house.ask("GET", "/poor/capabilities?refresh=true", None);
    assert_eq!((status, &refused["code"]), (409, &json!("no_app_secret")));

    let folder = house.server.folder();
    let shown = check(folder, &["account", "show", "shop"], 0, &["AppSecret"]).out;
    for line in [
        "客服消息",
        "不能 · no（errcode 48001）",
        "能 · yes",
        "查询时间 found",
        "认证",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    let shown = check(folder, &["account", "show", "poor"], 0, &["AppSecret"]).out;
    assert!(!shown.contains("能做什么"), "{shown}");
}

#[test]
fn an_account_is_looked_at_as_soon_as_it_has_access() {
    let script = Script::start();
    let server = Server::start("");
    let folder = server.folder();
    folder.write("secret", APP_SECRET);
    let base = script.base();
    check(
        folder,
        &[
            "account",
            "add",
            "shop",
            "--app-id",
            common::APP_ID,
            "--api-base",
            &base,
        ],
        0,
        &[],
    );
    check(
        folder,
        &["account", "set", "shop", "--name", "小店"],
        0,
        &[],
    );
    check(
        folder,
        &["account", "set", "shop", "--app-secret-file", "secret"],
        0,
        &[],
    );
    script.wait_for("/cgi-bin/menu/get");
    check(folder, &["account", "show", "shop"], 0, &[&base]);
}

/// A folder with an account, and a server if one is to run.
fn place(script: &Script, is_running: bool) -> (Arc<Folder>, Option<Server>) {
    let folder = Arc::new(Folder::new());
    folder.write("secret", APP_SECRET);
    folder.write("echostr.toml", "");
    let server = is_running.then(|| Server::start_in(&folder, ""));
    let base = script.base();
    let add = [
        "account",
        "add",
        "shop",
        "--app-id",
        common::APP_ID,
        "--app-secret-file",
        "secret",
        "--api-base",
        &base,
    ];
    check(&folder, &add, 0, &[]);
    (folder, server)
}

#[track_caller]
fn says(folder: &Folder, arguments: &[&str], input: &str, out: &str) -> Said {
    let said = run_with(folder, arguments, input);
    assert_eq!(
        (said.code, &*said.out),
        (0, out),
        "{arguments:?}: {said:#?}"
    );
    said
}

#[test]
fn commands_call_the_platform_with_and_without_a_server() {
    for is_running in [true, false] {
        let script = Script::start();
        let (folder, _server) = place(&script, is_running);
        let json = r#"{"tag":{"name":"熟客"}}"#;
        let tags = "/cgi-bin/tags/create";
        folder.write("tag.json", json);
        let answer = "{\"tag\":{\"id\":134,\"name\":\"熟客\"}}\n";
        for arguments in [
            ["call", "shop", "createTag", json],
            ["call", "shop", "创建标签", "@tag.json"],
            ["call", "shop", "createTag", "-"],
            ["call", "shop", tags, json],
        ] {
            let made = json!({ "tag": { "id": 134, "name": "熟客" } });
            script.will_answer(tags, [Reaction::Json(made)]);
            says(&folder, &arguments, json, answer);
            assert_eq!(script.asked(tags).pop().expect("it was called").body, json);
        }
        let ok = "{\"errcode\":0,\"errmsg\":\"ok\"}\n";
        says(
            &folder,
            &["call", "shop", "/cgi-bin/user/info?openid=o1"],
            "",
            ok,
        );
        assert_eq!(script.asked("/cgi-bin/user/info")[0].query, "openid=o1");

        let bytes: &[u8] = b"\xff\xd8\xff\xe0 no JSON";
        script.will_answer("/cgi-bin/media/get", [Reaction::File("image/jpeg", bytes)]);
        let get = [
            "call",
            "shop",
            "getMedia",
            "{\"media_id\":\"M\"}",
            "--output",
            "fish.jpg",
        ];
        let said = says(&folder, &get, "", "");
        assert!(said.err.contains("已写入 fish.jpg，12 字节"), "{said:?}");
        let file = std::fs::read(folder.path().join("fish.jpg")).expect("it is there");
        assert_eq!(file, bytes);
        let put = [
            "call",
            "shop",
            "uploadTempMedia",
            "{\"type\":\"image\"}",
            "--file",
            "media=fish.jpg",
        ];
        says(&folder, &put, "", ok);
        let up = script
            .asked("/cgi-bin/media/upload")
            .pop()
            .expect("it was called");
        assert!(up.body.contains("filename=\"fish.jpg\"") && up.body.contains("no JSON"));

        says(
            &folder,
            &["send", "shop", OPENID, "您好"],
            "",
            "已发送 · sent\n",
        );
        let image = r#"{"msgtype":"image","image":{"media_id":"M"}}"#;
        says(
            &folder,
            &["send", "shop", OPENID, "--json", image, "--ai"],
            "",
            "已发送 · sent\n",
        );
        let sent = script.asked(SEND).pop().expect("it was sent").body;
        assert!(sent.contains("\"is_ai_msg\":1"), "{sent}");

        let kept = json!({ "media_id": "PERMANENT", "url": "http://mmbiz.qpic.cn/1" });
        script.will_answer("/cgi-bin/material/add_material", [Reaction::Json(kept)]);
        let out = "media_id  PERMANENT\nurl       http://mmbiz.qpic.cn/1\n";
        says(
            &folder,
            &["material", "upload", "shop", "fish.jpg"],
            "",
            out,
        );
        let kept = json!({ "type": "thumb", "thumb_media_id": "THUMB", "created_at": 1 });
        script.will_answer("/cgi-bin/media/upload", [Reaction::Json(kept)]);
        let thumb = [
            "material",
            "upload",
            "shop",
            "fish.jpg",
            "--temporary",
            "--type",
            "thumb",
        ];
        says(&folder, &thumb, "", "media_id  THUMB\n");
    }
}

#[test]
fn a_menu_is_pulled_and_pushed() {
    let script = Script::start();
    let (folder, _server) = place(&script, true);
    let get = "/cgi-bin/menu/get";
    script.will_answer(get, [refusal(46003, "menu no exist")]);
    check(
        &folder,
        &["menu", "pull", "shop"],
        1,
        &["还没有用接口设置过菜单"],
    );
    let button = json!([{ "type": "click", "name": "今日菜谱", "key": "today", "sub_button": [] }]);
    let rule = json!({ "group_id": 2 });
    let there = json!({
        "menu": { "button": button, "menuid": 1 },
        "conditionalmenu": [{ "button": button, "menuid": 2, "matchrule": rule }],
    });
    script.will_answer(get, vec![Reaction::Json(there); 2]);
    check(
        &folder,
        &["menu", "pull", "shop", "menu.json"],
        0,
        &["menu.json"],
    );
    let button = r#"[{"key":"today","name":"今日菜谱","type":"click"}]"#;
    let pulled = std::fs::read_to_string(folder.path().join("menu.json")).expect("it is there");
    let pulled: Value = serde_json::from_str(&pulled).expect("JSON");
    let conditional = format!(r#"{{"button":{button},"matchrule":{{"tag_id":"2"}}}}"#);
    let expected = format!(r#"{{"button":{button},"conditionalmenu":[{conditional}]}}"#);
    assert_eq!(pulled.to_string(), expected);

    check(
        &folder,
        &["menu", "push", "shop", "menu.json"],
        0,
        &["菜单已换，还有 1 个个性化菜单"],
    );
    let body = |path: &str| script.asked(path).pop().expect("it was called").body;
    assert_eq!(
        body("/cgi-bin/menu/create"),
        format!("{{\"button\":{button}}}")
    );
    assert_eq!(body("/cgi-bin/menu/delconditional"), r#"{"menuid":"2"}"#);
    assert_eq!(body("/cgi-bin/menu/addconditional"), conditional);
}

#[test]
fn commands_refuse_what_cannot_be_called() {
    let script = Script::start();
    let (folder, _server) = place(&script, true);
    folder.write("big.mp3", &"a".repeat((2 << 20) + 1));
    folder.write("video.mp4", "x");
    folder.write("what.bin", "x");
    script.will_answer(
        SEND,
        [refusal(
            45015,
            "response out of time limit or subscription is canceled rid: 1-2-3",
        )],
    );
    for (arguments, code, words) in [
        (
            &["call", "shop", "createTag", "{"][..],
            2,
            &["请求不是 JSON（第 1 行第 1 列）"][..],
        ),
        (
            &[
                "call",
                "shop",
                "createTag",
                "[]",
                "--file",
                "media=what.bin",
            ],
            2,
            &["JSON 对象"],
        ),
        (
            &["call", "shop", "createTag", "@none.json"],
            2,
            &["none.json"],
        ),
        (
            &["call", "shop", "createTag", "--file", "media"],
            2,
            &["FIELD=FILE"],
        ),
        (&["call", "shop", "createTag", "--post"], 2, &["paths"]),
        (&["call", "shop"], 2, &["<NAME>"]),
        (
            &["call", "shop", "createTga"],
            1,
            &["平台没有这个接口", "`createTag` (创建标签)"],
        ),
        (&["call", "nobody", "createTag"], 1, &["没有这个公众号"]),
        (&["send", "shop", OPENID], 2, &["<TEXT>"]),
        (
            &["send", "shop", OPENID, "x", "--once", "a b"],
            2,
            &["Idempotency-Key"],
        ),
        (
            &["send", "shop", OPENID, "您好"],
            1,
            &["微信平台拒绝了", "errcode 45015", "rid 1-2-3"],
        ),
        (
            &["material", "upload", "shop", "big.mp3"],
            2,
            &["2097153", "2097152"],
        ),
        (
            &["material", "upload", "shop", "video.mp4"],
            2,
            &["--title"],
        ),
        (&["material", "upload", "shop", "what.bin"], 2, &["--type"]),
        (
            &["material", "upload", "shop", "none.jpg"],
            2,
            &["none.jpg"],
        ),
        (&["menu", "push", "shop", "none.json"], 2, &["none.json"]),
    ] {
        check(&folder, arguments, code, words);
    }
}

#[test]
fn every_call_is_listed_and_completed() {
    let folder = Folder::new();
    let list = check(&folder, &["call", "--list"], 0, &["\ntag\n  createTag "]).out;
    let help = check(&folder, &["call", "shop", "--help"], 0, &["--output"]).out;
    assert!(help.contains(list.trim_end()), "{help}");
    assert!(!help.contains("possible values: getAccessToken"), "{help}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = check(&folder, &["completion", shell], 0, &["echostr"]).out;
        let names = ["bash", "zsh", "fish"].contains(&shell);
        assert_eq!(script.contains("createTag"), names, "{shell}");
    }
    for endpoint in echostr_protocol::api::all() {
        assert!(list.contains(endpoint.title), "{}", endpoint.title);
    }
}
