//! Access tokens.

use echostr_simulator::world::{AccountSettings, Kind};
use serde_json::{Value, json};

use crate::stage::{Stage, refused};

const IPS: &str = "/cgi-bin/get_api_domain_ip";

async fn works(stage: &Stage, token: &str) -> i64 {
    let answer = stage.bare(&format!("{IPS}?access_token={token}")).await;
    answer["errcode"].as_i64().unwrap_or_default()
}

async fn stable(stage: &Stage, force: bool) -> Value {
    let body = json!({
        "grant_type": "client_credential", "appid": stage.app_id, "secret": stage.secret(), "force_refresh": force,
    });
    stage.bare_post("/cgi-bin/stable_token", body).await
}

fn token(answer: &Value) -> String {
    answer["access_token"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

#[tokio::test]
async fn a_plain_token_replaces_the_one_before_which_works_five_minutes_more() {
    let stage = Stage::new().await;
    let (first, second) = (
        token(&stage.plain_token().await),
        token(&stage.plain_token().await),
    );
    assert_ne!(first, second);
    assert_eq!(works(&stage, &first).await, 0);
    stage.advance_secs(5 * 60 + 1);
    let answer = stage.bare(&format!("{IPS}?access_token={first}")).await;
    refused(
        &answer,
        40001,
        "invalid credential, access_token is invalid or not latest",
    );
    assert_eq!(works(&stage, &second).await, 0);
    stage.advance_secs(7200 - 5 * 60);
    let answer = stage.bare(&format!("{IPS}?access_token={second}")).await;
    refused(&answer, 42001, "access_token expired");
}

#[tokio::test]
async fn what_is_no_token_is_told_from_one_that_is_not_known() {
    let stage = Stage::new().await;
    assert_eq!(works(&stage, "").await, 41001);
    assert_eq!(works(&stage, "token").await, 40014);
    assert_eq!(works(&stage, &"x".repeat(64)).await, 40001);
}

#[tokio::test]
async fn a_stable_token_is_the_same_for_everybody_until_shortly_before_it_expires() {
    let stage = Stage::new().await;
    let first = stable(&stage, false).await;
    assert_eq!(first["expires_in"], 7200);
    stage.advance_secs(6000);
    let again = stable(&stage, false).await;
    assert_eq!(token(&again), token(&first));
    assert!(again["expires_in"].as_i64() <= Some(1200), "{again}");
    // A plain token does not touch it.
    stage.plain_token().await;
    stage.advance_secs(901);
    let renewed = stable(&stage, false).await;
    assert_ne!(token(&renewed), token(&first));
    assert_eq!(works(&stage, &token(&first)).await, 0);
    stage.advance_secs(300);
    assert_eq!(works(&stage, &token(&first)).await, 42001);
    assert_eq!(works(&stage, &token(&renewed)).await, 0);
}

#[tokio::test]
async fn a_stable_token_that_is_renewed_by_force_ends_at_once() {
    let stage = Stage::new().await;
    let first = token(&stable(&stage, false).await);
    let second = token(&stable(&stage, true).await);
    assert_eq!(works(&stage, &first).await, 40001);
    // Not twice within 30 seconds.
    assert_eq!(token(&stable(&stage, true).await), second);
    for _ in 1..20 {
        stage.advance_secs(30);
        token(&stable(&stage, true).await);
    }
    stage.advance_secs(30);
    refused(
        &stable(&stage, true).await,
        45009,
        "reach max api daily quota limit",
    );
    token(&stable(&stage, false).await);
}

#[tokio::test]
async fn who_asks_wrongly_is_told_what_is_wrong() {
    let stage = Stage::new().await;
    let (app_id, secret) = (&stage.app_id, stage.secret());
    for (query, errcode, errmsg) in [
        (
            format!("grant_type=client_credential&appid={app_id}&secret=0"),
            40125,
            "invalid appsecret",
        ),
        (
            format!("grant_type=client_credential&appid={app_id}"),
            41004,
            "appsecret missing",
        ),
        (
            format!("grant_type=client_credential&appid=wx0&secret={secret}"),
            40013,
            "invalid appid",
        ),
        (
            format!("grant_type=client_credential&secret={secret}"),
            41002,
            "appid missing",
        ),
        (
            format!("grant_type=password&appid={app_id}&secret={secret}"),
            40002,
            "invalid grant_type",
        ),
    ] {
        let answer = stage.bare(&format!("/cgi-bin/token?{query}")).await;
        refused(&answer, errcode, errmsg);
    }
    let body = json!({ "grant_type": "password", "appid": app_id, "secret": secret });
    refused(
        &stage.bare_post("/cgi-bin/stable_token", body).await,
        40002,
        "invalid grant_type",
    );
    let answer = stage.bare("/cgi-bin/stable_token").await;
    refused(&answer, 43002, "require POST method");
}

#[tokio::test]
async fn only_who_is_on_the_allow_list_gets_a_token() {
    let settings = AccountSettings {
        allowed: vec!["203.0.113.7".parse().expect("an address")],
        ..AccountSettings::new("雯子")
    };
    let stage = Stage::with(settings, "success").await;
    let words = "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist";
    refused(&stage.plain_token().await, 40164, words);
    refused(&stable(&stage, false).await, 40164, words);
    let own = "127.0.0.1".parse().expect("an address");
    stage.change(|account| account.settings.allowed.push(own));
    token(&stage.plain_token().await);
}

#[tokio::test]
async fn a_plain_token_is_had_2000_times_a_day() {
    let stage = Stage::new().await;
    // The first was had when the stage was set.
    stage.change(|account| account.set_daily_limit("/cgi-bin/token", 2));
    token(&stage.plain_token().await);
    refused(
        &stage.plain_token().await,
        45009,
        "reach max api daily quota limit",
    );
    stage.advance_secs(24 * 3600);
    token(&stage.plain_token().await);
}

#[tokio::test]
async fn the_kind_of_an_account_decides_what_its_token_may_do() {
    let stage = Stage::of_kind(Kind::Subscription).await;
    assert_eq!(works(&stage, &stage.token).await, 0);
    refused(
        &stage.get("/cgi-bin/tags/get").await,
        48001,
        "api unauthorized",
    );
    let answer = stage
        .call("/cgi-bin/freepublish/submit", json!({ "media_id": "x" }))
        .await;
    refused(&answer, 48001, "api unauthorized");
}

#[tokio::test]
async fn a_token_of_a_third_party_platform_is_checked() {
    let stage = Stage::new().await;
    let asked = json!({ "component_appid": "wx0123456789abcdef" });
    let path = "/cgi-bin/component/api_create_preauthcode";
    let answer = stage
        .bare_post(
            &format!("{path}?access_token={}", "x".repeat(64)),
            asked.clone(),
        )
        .await;
    refused(
        &answer,
        40001,
        "invalid credential, access_token is invalid or not latest",
    );
    let answer = stage.bare_post(
        "/cgi-bin/component/api_component_token",
        json!({ "component_appid": "wx0123456789abcdef", "component_appsecret": "s", "component_verify_ticket": "t" }),
    );
    let answer = answer.await;
    let token = answer["component_access_token"].as_str().expect("a token");
    let code = stage
        .bare_post(
            &format!("{path}?component_access_token={token}"),
            asked.clone(),
        )
        .await;
    assert!(code["pre_auth_code"].is_string(), "{code}");
    stage.advance_secs(7200);
    let answer = stage
        .bare_post(&format!("{path}?access_token={token}"), asked)
        .await;
    refused(&answer, 42001, "access_token expired");
}

#[tokio::test]
async fn a_ticket_of_the_js_sdk_is_for_what_it_is_asked() {
    let stage = Stage::new().await;
    let ticket = stage.get("/cgi-bin/ticket/getticket?type=jsapi").await;
    assert_eq!(ticket["expires_in"], 7200, "{ticket}");
    assert!(
        ticket["ticket"]
            .as_str()
            .is_some_and(|ticket| ticket.len() > 32)
    );
    refused(
        &stage.get("/cgi-bin/ticket/getticket?type=x").await,
        40097,
        "invalid args",
    );
}

#[tokio::test]
async fn many_plain_tokens_leave_the_stable_one_alone() {
    let mut stage = Stage::new().await;
    let asked = json!({ "grant_type": "client_credential", "appid": stage.app_id, "secret": stage.secret() });
    let stable = stage
        .bare_post("/cgi-bin/stable_token", asked.clone())
        .await;
    for _ in 0..120 {
        stage.plain_token().await;
    }
    let again = stage.bare_post("/cgi-bin/stable_token", asked).await;
    assert_eq!(again["access_token"], stable["access_token"]);
    let token = stable["access_token"].as_str().expect("a token");
    token.clone_into(&mut stage.token);
    let answer = stage.get("/cgi-bin/getcallbackip").await;
    assert!(answer["ip_list"].is_array(), "{answer}");
}
