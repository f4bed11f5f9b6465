//! Calls that wechatpy makes are ours, too: the same method, path, query and body. The cases are
//! `interop/wechatpy_calls.json`; where wechatpy is out of date, the case says why and what it sends instead.

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use echostr_client::ApiAccount;
use echostr_protocol::api::find;
use serde::Deserialize;
use serde_json::Value;

use common::{OK, Server, json, platform, settings};

#[derive(Deserialize)]
struct Case {
    /// What is called in wechatpy.
    theirs: String,
    /// What is called here, and with what.
    ours: String,
    request: Value,
    /// The access token of a follower.
    follower: Option<String>,
    differs: Option<Differs>,
}

/// What wechatpy sends instead.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Differs {
    because: String,
    method: Option<String>,
    path: Option<String>,
    query: Option<BTreeMap<String, String>>,
    #[serde(default, deserialize_with = "given")]
    json: Option<Value>,
}

/// `null` is given, too: there is no body.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A request, as far as the platform looks at it.
#[derive(Debug, PartialEq)]
struct Sent {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    /// JSON; nothing of an empty body.
    json: Value,
    /// Of a form: what stands in the first line of each part, and the part.
    form: Vec<(String, String)>,
}

impl Sent {
    /// Below `/7`, when this is case 7.
    fn read(request: &[u8]) -> (usize, Self) {
        let text = String::from_utf8(request.to_vec()).expect("it is UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let mut words = head.split([' ', '\r']);
        let method = words.next().unwrap_or_default().to_owned();
        let address = words.next().unwrap_or_default();
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let (case, path) = path[1..].split_once('/').expect("the number of the case");
        let boundary = head.split_once("boundary=").map(|(_, rest)| {
            let boundary = rest.lines().next().unwrap_or_default();
            format!("--{boundary}")
        });
        let sent = Self {
            method,
            path: format!("/{path}"),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            json: match &boundary {
                None if !body.is_empty() => serde_json::from_str(body).expect("it is JSON"),
                _ => Value::Null,
            },
            form: boundary
                .map(|boundary| parts(body, &boundary))
                .unwrap_or_default(),
        };
        (case.parse().expect("a number"), sent)
    }
}

fn parts(body: &str, boundary: &str) -> Vec<(String, String)> {
    let parts = body
        .split(boundary)
        .filter_map(|part| part.split_once("\r\n\r\n"));
    let parts = parts.map(|(head, content)| {
        let first = head.trim().lines().next().unwrap_or_default();
        (first.to_owned(), content.trim_end().to_owned())
    });
    parts.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs wechatpy: `cargo xtask check interop` runs it"]
async fn wechatpy_makes_the_same_calls() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../interop");
    let cases = std::fs::read_to_string(folder.join("wechatpy_calls.json")).expect("the cases");
    let cases: Vec<Case> = serde_json::from_str(&cases).expect("they are JSON");
    assert!(cases.len() >= 60);

    let server = Server::answering(|_| json(OK)).await;
    let python = std::env::var("INTEROP_PYTHON").expect("the Python that has wechatpy");
    let mut peer = Command::new(python);
    peer.arg("-B")
        .arg(folder.join("wechatpy_client.py"))
        .arg(format!("--url={}", server.base("")));
    let status = tokio::task::spawn_blocking(move || peer.status()).await;
    assert!(
        status
            .expect("it does not panic")
            .expect("it can be run")
            .success()
    );
    let mut theirs = BTreeMap::new();
    for request in server.requests() {
        let (case, sent) = Sent::read(&request);
        theirs.entry(case).or_insert(sent);
    }

    let platform = platform(&settings());
    let mut faults = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let account = ApiAccount {
            base: Some(
                server
                    .base(&format!("/{number}"))
                    .parse()
                    .expect("an address"),
            ),
            ..server.account()
        };
        let Some(endpoint) = find(&case.ours) else {
            faults.push(format!("there is no {}", case.ours));
            continue;
        };
        let mut client = platform.client(account);
        if let Some(token) = &case.follower {
            client = client.as_follower(token.as_str().into());
        }
        // What is answered does not count.
        let answered = client.call_json(endpoint, case.request.clone()).await;
        if let Err(error @ echostr_client::Error::NotARequest { .. }) = answered {
            faults.push(format!("{}: {error}", case.theirs));
            continue;
        }
        let last = server.requests().pop().expect("it was called");
        let (_, mut expected) = Sent::read(&last);
        if let Some(differs) = &case.differs {
            assert!(!differs.because.is_empty());
            expected.method = differs.method.clone().unwrap_or(expected.method);
            expected.path = differs.path.clone().unwrap_or(expected.path);
            expected
                .query
                .extend(differs.query.clone().unwrap_or_default());
            expected.json = differs.json.clone().unwrap_or(expected.json);
        }
        let found = theirs.get(&number);
        if found != Some(&expected) {
            faults.push(format!(
                "{}: wechatpy {found:?}\n   ours {expected:?}",
                case.theirs
            ));
        }
    }
    assert!(
        faults.is_empty(),
        "{} of {}:\n{}",
        faults.len(),
        cases.len(),
        faults.join("\n")
    );
    println!("{} calls are the same", cases.len());
}
