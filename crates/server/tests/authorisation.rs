//! Who may ask for what: every route of the description, asked by everybody there can be; and what becomes of what was asked.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use echostr::{Bot, Clock, Limits, Platform, echo, receive};
use echostr_client::Settings;
use echostr_protocol::Token;
use echostr_server::api::{Authority, SCOPES, document, router};
use echostr_server::config::ApiSettings;
use echostr_server::office::{Office, Parts};
use echostr_store::{
    AccountEntry, AccountStore, Actor, ApiKeys, History, MASTER_KEY_FILE, MasterKeys, Place,
    Retention, RuleStore, SqlJournal, Vault,
};
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::task::yield_now;
use tokio::time::timeout;
use tower::ServiceExt as _;

const JSON: &str = "application/json";
const TOML: &str = "application/toml";

/// Method, route, what is asked for there, type and text of the body; the scope that is needed, and what who has it gets.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    (&'static str, &'static str),
    Option<&'static str>,
    u16,
);

const NOTHING: (&str, &str) = ("", "");
const EMPTY: (&str, &str) = (JSON, "{}");
const ID: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// Every route. Nothing here changes anything, so that each can be asked again.
#[rustfmt::skip]
const ROUTES: &[Row] = &[
    ("GET", "/openapi.json", "/openapi.json", NOTHING, None, 200),
    ("GET", "/health", "/health", NOTHING, Some("health:read"), 200),
    ("GET", "/accounts", "/accounts?limit=3", NOTHING, Some("accounts:read"), 200),
    ("POST", "/accounts", "/accounts", EMPTY, Some("accounts:write"), 422),
    ("GET", "/accounts/{id}", "/accounts/none", NOTHING, Some("accounts:read"), 404),
    ("PATCH", "/accounts/{id}", "/accounts/none", EMPTY, Some("accounts:write"), 404),
    ("DELETE", "/accounts/{id}", "/accounts/none", NOTHING, Some("accounts:write"), 404),
    ("POST", "/accounts/{id}/rotate", "/accounts/none/rotate", (JSON, "{\"token\":true}"), Some("accounts:write"), 404),
    ("GET", "/accounts/{id}/access-token", "/accounts/none/access-token", NOTHING, Some("tokens:read"), 404),
    ("POST", "/accounts/{id}/access-token", "/accounts/none/access-token", (JSON, "{\"failed\":\"x\"}"), Some("tokens:read"), 404),
    ("POST", "/accounts/{id}/call/{name}", "/accounts/none/call/createTag", EMPTY, Some("platform:call"), 404),
    ("POST", "/accounts/{id}/call", "/accounts/none/call?path=/cgi-bin/tags/get", NOTHING, Some("platform:call"), 404),
    ("POST", "/accounts/{id}/messages", "/accounts/none/messages", (JSON, "{\"to\":\"o1\",\"text\":\"x\"}"), Some("messages:write"), 404),
    ("GET", "/turns", "/turns?limit=3", NOTHING, Some("messages:read"), 200),
    ("GET", "/accounts/{id}/usage", "/accounts/none/usage", NOTHING, Some("usage:read"), 404),
    ("GET", "/accounts/{id}/capabilities", "/accounts/none/capabilities", NOTHING, Some("accounts:read"), 404),
    ("GET", "/rules", "/rules?q=x", NOTHING, Some("rules:read"), 200),
    ("POST", "/rules", "/rules", EMPTY, Some("rules:write"), 422),
    ("GET", "/rules/{id}", "/rules/none", NOTHING, Some("rules:read"), 404),
    ("PATCH", "/rules/{id}", "/rules/none", EMPTY, Some("rules:write"), 404),
    ("DELETE", "/rules/{id}", "/rules/none", NOTHING, Some("rules:write"), 404),
    ("POST", "/rules/test", "/rules/test", (JSON, "{\"account\":\"none\",\"text\":\"x\"}"), Some("rules:read"), 404),
    ("POST", "/accounts/{id}/import", "/accounts/none/import", NOTHING, Some("rules:write"), 404),
    ("GET", "/export", "/export", NOTHING, Some("accounts:read"), 200),
    ("POST", "/apply", "/apply?dry_run=true", (TOML, ""), Some("accounts:write"), 200),
    ("GET", "/messages", "/messages?q=x", NOTHING, Some("messages:read"), 200),
    ("GET", "/messages/{id}", "/messages/7", NOTHING, Some("messages:read"), 404),
    ("GET", "/answers", "/answers", NOTHING, Some("answers:read"), 200),
    ("GET", "/answers/{id}", "/answers/{id}", NOTHING, Some("answers:read"), 404),
    ("DELETE", "/answers/{id}/page", "/answers/{id}/page", NOTHING, Some("answers:write"), 404),
    ("GET", "/followers", "/followers", NOTHING, Some("followers:read"), 200),
    ("GET", "/followers/{account}/{openid}", "/followers/none/o1", NOTHING, Some("followers:read"), 404),
    ("GET", "/followers/{account}/{openid}/export", "/followers/none/o1/export", NOTHING, Some("followers:read"), 404),
    ("DELETE", "/followers/{account}/{openid}", "/followers/none/o1", NOTHING, Some("followers:write"), 404),
    ("GET", "/keys", "/keys", NOTHING, Some("keys:write"), 200),
    ("POST", "/keys", "/keys", EMPTY, Some("keys:write"), 422),
    ("DELETE", "/keys/{id}", "/keys/k_none", NOTHING, Some("keys:write"), 404),
    ("GET", "/audit", "/audit", NOTHING, Some("audit:read"), 200),
    ("POST", "/secrets/rotate", "/secrets/rotate", NOTHING, Some("secrets:write"), 200),
];

/// A server without a socket.
struct House {
    journal: Arc<SqlJournal>,
    accounts: Arc<AccountStore>,
    keys: Arc<ApiKeys>,
    office: Office,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::Folder(folder.path().to_owned());
        let journal = SqlJournal::open(&place, Retention::default()).await;
        let journal = Arc::new(journal.expect("it opens"));
        let db = journal.db();
        let master_keys = MasterKeys::File(folder.path().join(MASTER_KEY_FILE));
        let vault = Vault::open(&db, master_keys).await.expect("it opens");
        let vault = Arc::new(vault);
        let accounts = AccountStore::open(db.clone(), Arc::clone(&vault)).await;
        let accounts = accounts.expect("they are read");
        let rules = RuleStore::open(db.clone(), vault).await;
        let keys = ApiKeys::open(db.clone()).await.expect("they are read");
        let office = Office::new(Parts {
            accounts: Arc::clone(&accounts),
            keys: Arc::clone(&keys),
            rules: rules.expect("they are read"),
            journal: Arc::clone(&journal),
            history: History::new(db.clone()),
            db,
            platform: Platform::new(&Settings::default()).expect("it has no proxy"),
            public_url: None,
            started: Instant::now(),
        });
        Self {
            journal,
            accounts,
            keys,
            office,
            _folder: folder,
        }
    }

    /// The routes as they are on the network; failures have as much room as a test needs.
    fn network(&self) -> Router {
        let often = NonZeroU32::new(100_000).expect("it is not 0");
        let settings = ApiSettings {
            requests_per_second: often,
            burst: often,
        };
        let limits = Limits::default();
        router(self.office.clone(), Authority::Keys { settings, limits })
    }

    async fn key(&self, scopes: &[&str], expires_at_ms: Option<i64>) -> (String, String) {
        let scopes = scopes.iter().map(ToString::to_string).collect();
        let by = Actor("test".into());
        let made = self.keys.create(&by, "test", scopes, expires_at_ms);
        let (key, secret) = made.await.expect("it is made");
        (key.id, secret.expose_secret().to_owned())
    }

    async fn revoke(&self, id: &str) {
        let revoked = self.keys.revoke(&Actor("test".into()), id).await;
        assert!(revoked.expect("it is written"));
    }
}

/// From an address of its own for each route, so that failures there are few.
fn request(row: &Row, key: Option<&str>) -> Request<Body> {
    let (method, _, target, (kind, body), ..) = row;
    let target = target.replace("{id}", ID);
    let mut request = Request::builder()
        .method(*method)
        .uri(format!("/api/v1{target}"));
    let place = ROUTES
        .iter()
        .position(|other| other.1 == row.1 && other.0 == row.0);
    let address = Ipv4Addr::from(0x0a00_0000 + u32::try_from(place.unwrap_or(0)).expect("few"));
    request = request.extension(ConnectInfo(SocketAddr::from((address, 1024))));
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    if !kind.is_empty() {
        request = request.header("content-type", *kind);
    }
    request.body(Body::from(*body)).expect("a request")
}

/// Status and body.
async fn ask(router: &Router, request: Request<Body>) -> (u16, Value) {
    let answered = router.clone().oneshot(request).await;
    let response = answered.unwrap_or_else(|error| match error {});
    let status = response.status();
    assert_eq!(response.headers()["cache-control"], "no-store");
    if status == StatusCode::UNAUTHORIZED {
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
    }
    let bytes = response.into_body().collect().await.expect("it is whole");
    let body = serde_json::from_slice(&bytes.to_bytes()).unwrap_or_default();
    (status.as_u16(), body)
}

#[test]
fn every_route_of_the_description_is_in_the_table_with_its_scope() {
    let document = document();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("an object") {
        for (method, operation) in item.as_object().expect("an object") {
            let path = path.strip_prefix("/api/v1").expect("all begin so");
            let scope = operation["security"][0]["key"][0].as_str();
            let scope = scope.unwrap_or("none").to_owned();
            described.insert((method.to_uppercase(), path.to_owned(), scope));
        }
    }
    let table = ROUTES.iter().map(|(method, path, _, _, scope, _)| {
        let scope = scope.unwrap_or("none");
        (method.to_string(), path.to_string(), scope.to_owned())
    });
    assert_eq!(described, table.collect());
    assert_eq!(document["openapi"], "3.1.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_more_than_their_key_is_good_for() {
    let house = House::new().await;
    let network = house.network();
    let yesterday = 1_700_000_000_000;
    let (_, expired) = house.key(&["*"], Some(yesterday)).await;
    let (id, revoked) = house.key(&["*"], None).await;
    house.revoke(&id).await;
    let (_, right) = house.key(&["*"], None).await;
    let wrong = format!("echostr_{}", "A".repeat(43));
    let cut = &right[..right.len() - 1];

    let mut keys = Vec::new();
    for scope in SCOPES {
        keys.push((scope, house.key(&[scope], None).await.1));
    }
    for row in ROUTES {
        let (method, path, _, _, needed, allowed) = row;
        let who = [
            ("no key", None, "no_key"),
            ("a wrong key", Some(&*wrong), "wrong_key"),
            ("a cut key", Some(cut), "wrong_key"),
            ("an expired key", Some(&*expired), "wrong_key"),
            ("a revoked key", Some(&*revoked), "wrong_key"),
        ];
        for (who, key, code) in who {
            let (status, body) = ask(&network, request(row, key)).await;
            match needed {
                None => assert_eq!(status, *allowed, "{who}: {method} {path}"),
                Some(_) => assert_eq!(
                    (status, body["code"].as_str()),
                    (401, Some(code)),
                    "{who}: {method} {path}"
                ),
            }
        }
        for (scope, key) in &keys {
            let (status, body) = ask(&network, request(row, Some(key))).await;
            let is_allowed = needed.is_none_or(|needed| [needed, "*"].contains(scope));
            if is_allowed {
                assert_eq!(status, *allowed, "{scope}: {method} {path}: {body}");
            } else {
                let code = body["code"].as_str();
                assert_eq!(
                    (status, code),
                    (403, Some("missing_scope")),
                    "{scope}: {method} {path}"
                );
            }
        }
    }
    house.journal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_needs_no_key() {
    let house = House::new().await;
    let socket = router(house.office.clone(), Authority::Operator);
    for row in ROUTES {
        let (method, path, .., allowed) = row;
        let (status, _) = ask(&socket, request(row, None)).await;
        assert_eq!(status, *allowed, "{method} {path}");
    }
    house.journal.close().await;
}

/// Status and code of what is asked of this route with this body, or about this id.
async fn asked(router: &Router, key: Option<&str>, route: [&str; 2], what: &str) -> (u16, String) {
    let [method, path] = route;
    let row = ROUTES.iter().find(|row| [row.0, row.1] == route);
    let mut request = request(row.expect("it is there"), key);
    if method == "DELETE" {
        let target = format!("/api/v1{}", path.replace("{id}", what));
        *request.uri_mut() = target.parse().expect("an address");
    } else {
        *request.body_mut() = Body::from(what.to_owned());
    }
    let (status, body) = ask(router, request).await;
    (status, body["code"].as_str().unwrap_or_default().into())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_gives_and_takes_only_what_it_has_and_no_longer_than_it_counts() {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let house = House::new().await;
    let network = house.network();
    let socket = router(house.office.clone(), Authority::Operator);
    let in_ten_days = Clock::system().unix_ms() + 10 * DAY_MS;
    let scopes = ["keys:write", "audit:read"];
    let (_, ever) = house.key(&scopes, None).await;
    let (_, ending) = house.key(&scopes, Some(in_ten_days)).await;
    for (given, ever_gets, ending_gets) in [
        (
            r#""scopes":["audit:read"],"expires_in_days":9"#,
            (201, ""),
            (201, ""),
        ),
        (
            r#""scopes":["audit:read"],"expires_in_days":11"#,
            (201, ""),
            (403, "outlives_key"),
        ),
        (
            r#""scopes":["keys:write"]"#,
            (201, ""),
            (403, "outlives_key"),
        ),
        (
            r#""scopes":["audit:read","messages:read"],"expires_in_days":9"#,
            (403, "missing_scope"),
            (403, "missing_scope"),
        ),
        (
            r#""scopes":["*"],"expires_in_days":9"#,
            (403, "missing_scope"),
            (403, "missing_scope"),
        ),
    ] {
        let body = format!(r#"{{"name":"a",{given}}}"#);
        for (router, key, (status, code)) in [
            (&network, Some(&*ever), ever_gets),
            (&network, Some(&*ending), ending_gets),
            (&socket, None, (201, "")),
        ] {
            let answer = asked(router, key, ["POST", "/keys"], &body).await;
            assert_eq!(answer, (status, code.to_owned()), "{body}");
        }
    }
    let revoke = ["DELETE", "/keys/{id}"];
    for (scopes, status, code) in [
        (&["audit:read"][..], 204, ""),
        (&["keys:write", "audit:read"], 204, ""),
        (&["audit:read", "messages:read"], 403, "missing_scope"),
        (&["*"], 403, "missing_scope"),
    ] {
        let (id, victim) = house.key(scopes, None).await;
        let answer = asked(&network, Some(&ever), revoke, &id).await;
        assert_eq!(answer, (status, code.to_owned()), "{scopes:?}");
        let still_counts = house.keys.check(&victim).is_some();
        assert_eq!(still_counts, status == 403, "{scopes:?}");
        assert_eq!(asked(&socket, None, revoke, &id).await.0, 204);
        assert!(house.keys.check(&victim).is_none());
    }
    house.journal.close().await;
}

/// An account, and a follower who wrote to it.
async fn written_to(house: &House) {
    let token: Token = "S1qJ0JoQmYfy".parse().expect("a token");
    let query = token.signature("1761009968", "759327189");
    let target = format!("/?signature={query}&timestamp=1761009968&nonce=759327189");
    let shop = AccountEntry::new("shop", token, 0);
    let by = Actor("test".into());
    house.accounts.create(&by, shop).await.expect("it is new");
    let bot = Bot::new()
        .on(echo)
        .accounts(Arc::clone(&house.accounts))
        .journal(Arc::clone(&house.journal) as _);
    let push = "<xml><ToUserName>gh_e8df390a377e</ToUserName><FromUserName>Ben</FromUserName><CreateTime>1761069225</CreateTime>\
                <MsgType>text</MsgType><Content>hello</Content><MsgId>1</MsgId></xml>";
    let push = Request::post(target).body(Body::from(push));
    let shop = bot.find("shop").expect("it was added");
    let answer = receive(&bot, &shop, push.expect("a request")).await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_is_finished_and_noted_though_who_asked_hangs_up() {
    let house = House::new().await;
    written_to(&house).await;
    let socket = router(house.office.clone(), Authority::Operator);
    let forget = Request::delete("/api/v1/followers/shop/Ben").body(Body::empty());
    let forget = forget.expect("a request");
    // The future is dropped, as when the connection breaks off. On a busy machine all may be done already.
    let _ = socket.clone().oneshot(forget).now_or_never();
    let read = async |path: &str| {
        let request = Request::get(format!("/api/v1{path}")).body(Body::empty());
        let (status, body) = ask(&socket, request.expect("a request")).await;
        assert_eq!(status, 200);
        body["items"].clone()
    };
    let noted = async {
        loop {
            let last = read("/audit?limit=1").await[0].take();
            if last["action"] == "follower.forget" {
                return last;
            }
        }
    };
    let noted = timeout(Duration::from_secs(20), noted).await;
    assert_eq!(noted.expect("it is noted")["after"]["messages"], 1);
    assert_eq!(read("/followers").await, json!([]));
    house.journal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_applied_whole_or_not_at_all_though_who_asked_hangs_up() {
    const N_ACCOUNTS: usize = 150;
    let house = House::new().await;
    let socket = router(house.office.clone(), Authority::Operator);
    let document = (0..N_ACCOUNTS).map(|number| format!("[[account]]\nid = \"a-{number}\"\n"));
    let apply = Request::post("/api/v1/apply")
        .header("content-type", TOML)
        .body(Body::from(document.collect::<String>()))
        .expect("a request");
    let _ = socket.oneshot(apply).now_or_never();
    let all = async {
        loop {
            match house.accounts.count() {
                0 => yield_now().await,
                n_accounts => return n_accounts,
            }
        }
    };
    let n_accounts = timeout(Duration::from_secs(20), all).await;
    assert_eq!(n_accounts, Ok(N_ACCOUNTS));
    house.journal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_fails_too_often_must_wait_and_a_right_key_from_there_need_not() {
    let house = House::new().await;
    let network = house.network();
    let (_, key) = house.key(&["health:read"], None).await;
    let row = &ROUTES[1];
    let mut statuses = BTreeSet::new();
    for _ in 0..400 {
        statuses.insert(ask(&network, request(row, Some("echostr_guess"))).await.0);
    }
    assert_eq!(statuses, [401, 429].into());
    assert_eq!(ask(&network, request(row, Some(&key))).await.0, 200);
    house.journal.close().await;
}
