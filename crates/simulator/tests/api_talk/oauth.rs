//! Web authorisation.

use echostr_simulator::world::Kind;
use serde_json::Value;

use crate::stage::{Stage, done, refused};

/// The page's address.
fn page(stage: &Stage, scope: &str) -> String {
    format!(
        "/connect/oauth2/authorize?appid={}&redirect_uri=https%3A%2F%2Fexample.com%2Fme%3Ffrom%3D1&response_type=code&scope={scope}&state=7f3a",
        stage.app_id
    )
}

/// The code in the address to which the browser is sent.
#[track_caller]
fn code(sent: Result<String, String>) -> String {
    let to = sent.expect_err("it is sent back");
    let code = to.strip_prefix("https://example.com/me?from=1&code=");
    let code = code.and_then(|rest| rest.strip_suffix("&state=7f3a"));
    code.unwrap_or_else(|| panic!("{to}")).to_owned()
}

async fn exchange(stage: &Stage, code: &str) -> Value {
    let (app_id, secret) = (&stage.app_id, stage.secret());
    stage
        .bare(&format!(
            "/sns/oauth2/access_token?appid={app_id}&secret={secret}&code={code}&grant_type=authorization_code"
        ))
        .await
}

#[tokio::test]
async fn a_page_learns_in_silence_who_looks_at_it() {
    let stage = Stage::new().await;
    let open_id = stage.person("小明");
    let code = code(stage.browse(&page(&stage, "snsapi_base")).await);
    let token = exchange(&stage, &code).await;
    assert_eq!(token["openid"], open_id.as_str(), "{token}");
    assert_eq!(token["scope"], "snsapi_base");
    let (openid, access) = (&open_id, token["access_token"].as_str().expect("a token"));
    done(
        &stage
            .bare(&format!("/sns/auth?access_token={access}&openid={openid}"))
            .await,
    );
    let answer = stage
        .bare(&format!(
            "/sns/userinfo?access_token={access}&openid={openid}"
        ))
        .await;
    refused(&answer, 48001, "api unauthorized");
    refused(&exchange(&stage, &code).await, 40163, "code been used");
    refused(&exchange(&stage, "none").await, 40029, "invalid code");
}

#[tokio::test]
async fn a_code_is_good_for_five_minutes() {
    let stage = Stage::new().await;
    stage.person("小明");
    let code = code(stage.browse(&page(&stage, "snsapi_base")).await);
    stage.advance_secs(5 * 60);
    refused(&exchange(&stage, &code).await, 42003, "code expired");
}

#[tokio::test]
async fn who_is_asked_for_their_name_agrees_on_a_page() {
    let stage = Stage::new().await;
    let open_id = stage.person("<b>小明</b>");
    stage.person("小红");
    let address = page(&stage, "snsapi_userinfo");
    let html = stage.browse(&address).await.expect("a page");
    assert!(
        html.contains("&lt;b&gt;小明&lt;/b&gt;") && !html.contains("<b>小明"),
        "{html}"
    );
    assert!(html.contains("name=\"state\" value=\"7f3a\""), "{html}");
    let refused_by = stage
        .browse(&format!("{address}&follower={open_id}&agreed=0"))
        .await;
    assert_eq!(
        refused_by,
        Err("https://example.com/me?from=1&state=7f3a".into())
    );
    let code = code(
        stage
            .browse(&format!("{address}&follower={open_id}&agreed=1"))
            .await,
    );
    let token = exchange(&stage, &code).await;
    let access = token["access_token"].as_str().expect("a token");
    let info = stage
        .bare(&format!(
            "/sns/userinfo?access_token={access}&openid={open_id}"
        ))
        .await;
    assert_eq!(info["nickname"], "<b>小明</b>", "{info}");
    let answer = stage
        .bare(&format!("/sns/userinfo?access_token={access}&openid=other"))
        .await;
    refused(&answer, 40003, "invalid openid");
}

#[tokio::test]
async fn a_token_of_a_person_is_renewed_for_thirty_days() {
    let stage = Stage::new().await;
    let open_id = stage.person("小明");
    let code = code(stage.browse(&page(&stage, "snsapi_base")).await);
    let token = exchange(&stage, &code).await;
    let access = token["access_token"].as_str().expect("a token").to_owned();
    let renew = format!(
        "/sns/oauth2/refresh_token?appid={}&grant_type=refresh_token&refresh_token={}",
        stage.app_id,
        token["refresh_token"].as_str().expect("a token")
    );
    assert_eq!(stage.bare(&renew).await["access_token"], access.as_str());
    stage.advance_secs(7200);
    let auth = |token: &str| format!("/sns/auth?access_token={token}&openid={open_id}");
    refused(
        &stage.bare(&auth(&access)).await,
        42001,
        "access_token expired",
    );
    let renewed = stage.bare(&renew).await;
    assert_ne!(renewed["access_token"], access.as_str());
    done(
        &stage
            .bare(&auth(renewed["access_token"].as_str().expect("a token")))
            .await,
    );
    stage.advance_secs(30 * 24 * 3600);
    refused(&stage.bare(&renew).await, 42002, "refresh_token expired");
}

#[tokio::test]
async fn only_a_verified_service_account_may_ask() {
    let stage = Stage::of_kind(Kind::VerifiedSubscription).await;
    stage.person("小明");
    let html = stage.browse(&page(&stage, "snsapi_base")).await;
    assert!(html.is_ok_and(|html| html.contains("没有 Scope 权限")));
    refused(&exchange(&stage, "none").await, 48001, "api unauthorized");
}

#[tokio::test]
async fn a_page_that_cannot_be_opened_says_why() {
    let stage = Stage::new().await;
    stage.person("小明");
    let script = page(&stage, "snsapi_base").replace(
        "https%3A%2F%2Fexample.com%2Fme%3Ffrom%3D1",
        "javascript%3Aalert(1)",
    );
    let html = stage.browse(&script).await.expect("a page");
    assert!(html.contains("redirect_uri 参数错误"), "{html}");
    let html = stage
        .browse(&page(&stage, "snsapi_x"))
        .await
        .expect("a page");
    assert!(html.contains("Scope 参数错误"), "{html}");
    let html = stage
        .browse(&format!("{}&follower=nobody", page(&stage, "snsapi_base")))
        .await
        .expect("a page");
    assert!(html.contains("没有这个用户"), "{html}");
}
