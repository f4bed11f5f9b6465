//! Requests as they travel, byte by byte, and what comes of the answers.

mod common;

use echostr_client::{ApiAccount, Client, Component, Download, Error, Settings, Ticket};
use echostr_protocol::api::ad_stats::PublisherSettlement;
use echostr_protocol::api::component_token::GetPreAuthCode;
use echostr_protocol::api::custom_message::SendCustomMessage;
use echostr_protocol::api::js_sdk::GetTicket;
use echostr_protocol::api::kf_account::{GetKfList, UploadKfHeadImg};
use echostr_protocol::api::material::{AddMaterial, GetMaterial, GetMaterialResponse, UploadImage};
use echostr_protocol::api::media::{GetMedia, MediaType, UploadTempMedia};
use echostr_protocol::api::menu::DeleteMenu;
use echostr_protocol::api::oauth::{SnsAccessToken, SnsUserInfo};
use echostr_protocol::api::qrcode::ShowQrCode;
use echostr_protocol::api::tag::{CreateTag, GetTags, NewTag};
use echostr_protocol::api::user::{GetFans, UserInfo};
use echostr_protocol::api::{Body, File, Method, Request, find};
use serde_json::{Value, json};
use std::sync::Arc;

use common::{Answer, OK, Server, json as answer, platform, settings, with};

fn get(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\naccept: */*\r\nuser-agent: echostr/VERSION\r\nhost: HOST\r\n\r\n"
    )
}

fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\ncontent-type: application/json\r\naccept: */*\r\nuser-agent: echostr/VERSION\r\n\
         host: HOST\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// The boundary that travels has as many more characters.
fn form(path: &str, parts: &[&str]) -> String {
    let mut body: String = parts
        .iter()
        .map(|part| format!("--BOUNDARY\r\nContent-Disposition: form-data; {part}\r\n"))
        .collect::<Vec<_>>()
        .concat();
    body.push_str("--BOUNDARY--\r\n");
    let length = body.replace("BOUNDARY", &"x".repeat(BOUNDARY_BYTES)).len();
    format!(
        "POST {path} HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=BOUNDARY\r\ncontent-length: {length}\r\n\
         accept: */*\r\nuser-agent: echostr/VERSION\r\nhost: HOST\r\n\r\n{body}"
    )
}

/// Four numbers of sixteen digits, and what is between them.
const BOUNDARY_BYTES: usize = 67;

async fn check<R: Request>(request: R, expected: &str) {
    let server = Server::start([answer(OK)]).await;
    // Most answers have more in them; here only the request counts.
    let _ = server.client().call(request).await;
    assert_eq!(server.last(), expected);
}

#[tokio::test]
async fn what_is_read_travels_in_the_query() {
    check(GetTags {}, "GET /cgi-bin/tags/get?access_token=TOKEN_1-a HTTP/1.1\r\naccept: */*\r\nuser-agent: echostr/VERSION\r\nhost: HOST\r\n\r\n").await;
    check(
        DeleteMenu {},
        &get("/cgi-bin/menu/delete?access_token=TOKEN_1-a"),
    )
    .await;
    check(
        GetKfList { business_id: None },
        &get("/cgi-bin/customservice/getkflist?access_token=TOKEN_1-a"),
    )
    .await;
    check(
        GetFans { next_openid: None },
        &get("/cgi-bin/user/get?access_token=TOKEN_1-a"),
    )
    .await;
    check(
        GetFans {
            next_openid: Some("oGbW & 熟=客".into()),
        },
        &get("/cgi-bin/user/get?access_token=TOKEN_1-a&next_openid=oGbW+%26+%E7%86%9F%3D%E5%AE%A2"),
    )
    .await;
    let user = UserInfo {
        openid: "oGbW".into(),
        lang: Some("zh_CN".into()),
    };
    check(
        user,
        &get("/cgi-bin/user/info?access_token=TOKEN_1-a&lang=zh_CN&openid=oGbW"),
    )
    .await;
    let ticket = GetTicket {
        r#type: "jsapi".into(),
    };
    check(
        ticket,
        &get("/cgi-bin/ticket/getticket?access_token=TOKEN_1-a&type=jsapi"),
    )
    .await;
    check(
        GetMedia {
            media_id: "m/1+2".into(),
        },
        &get("/cgi-bin/media/get?access_token=TOKEN_1-a&media_id=m%2F1%2B2"),
    )
    .await;
}

#[tokio::test]
async fn a_fixed_part_of_the_query_comes_first_and_no_token_where_none_belongs() {
    let code = SnsAccessToken {
        appid: "wx1".into(),
        secret: "s".into(),
        code: "c".into(),
    };
    check(
        code,
        &get("/sns/oauth2/access_token?grant_type=authorization_code&appid=wx1&code=c&secret=s"),
    )
    .await;
    check(
        ShowQrCode {
            ticket: "gQH/7+w==".into(),
        },
        &get("/cgi-bin/showqrcode?ticket=gQH%2F7%2Bw%3D%3D"),
    )
    .await;
    let settlement: PublisherSettlement = serde_json::from_value(json!({
        "page": 1, "page_size": 20, "start_date": "2026-11-01", "end_date": "2026-11-22",
    }))
    .expect("such a request");
    check(
        settlement,
        &get("/publisher/stat?access_token=TOKEN_1-a&action=publisher_settlement&end_date=2026-11-22&page=1&page_size=20&start_date=2026-11-01"),
    )
    .await;
}

#[tokio::test]
async fn the_token_of_a_follower_travels_in_the_follower_s_calls() {
    let server =
        Server::start([answer(r#"{"errcode":40001,"errmsg":"invalid credential"}"#)]).await;
    let user = || SnsUserInfo {
        openid: "oGbW".into(),
        lang: None,
    };
    let client = server.client();
    let error = client.call(user()).await.expect_err("there is none");
    assert!(matches!(error, Error::Lacking { .. }), "{error:?}");
    let client = client.as_follower("FOLLOWER".into());
    let error = client.call(user()).await.expect_err("it has expired");
    assert_eq!(error.code(), Some(40001));
    assert_eq!(
        server.last(),
        get("/sns/userinfo?access_token=FOLLOWER&openid=oGbW")
    );
    // The account's own is nothing for it, so it is not made again.
    assert_eq!(server.requests().len(), 1);
    let _ = client.call(GetTags {}).await;
    assert_eq!(
        server.last(),
        get("/cgi-bin/tags/get?access_token=TOKEN_1-a")
    );
}

#[tokio::test]
async fn json_is_sent_as_it_is_written_without_escapes() {
    check(
        CreateTag { tag: NewTag { name: "熟客 <b>&\"😀/".into() } },
        "POST /cgi-bin/tags/create?access_token=TOKEN_1-a HTTP/1.1\r\ncontent-type: application/json\r\naccept: */*\r\n\
         user-agent: echostr/VERSION\r\nhost: HOST\r\ncontent-length: 37\r\n\r\n{\"tag\":{\"name\":\"熟客 <b>&\\\"😀/\"}}",
    )
    .await;
    check(
        SendCustomMessage::text("oGbW", "一\n二"),
        &post(
            "/cgi-bin/message/custom/send?access_token=TOKEN_1-a",
            "{\"touser\":\"oGbW\",\"msgtype\":\"text\",\"text\":{\"content\":\"一\\n二\"}}",
        ),
    )
    .await;
    check(
        GetMaterial {
            media_id: "m".into(),
        },
        &post(
            "/cgi-bin/material/get_material?access_token=TOKEN_1-a",
            "{\"media_id\":\"m\"}",
        ),
    )
    .await;
}

fn file(name: &str) -> File {
    File {
        name: name.into(),
        content_type: "image/jpeg".into(),
        bytes: Arc::from(*b"BYTES\r\n"),
    }
}

#[tokio::test]
async fn files_travel_in_forms_under_names_in_utf_8() {
    check(
        UploadTempMedia {
            r#type: MediaType::Image,
            media: file("熟客.jpg"),
        },
        &form(
            "/cgi-bin/media/upload?access_token=TOKEN_1-a&type=image",
            &["name=\"media\"; filename=\"熟客.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nBYTES\r\n"],
        ),
    )
    .await;
    check(
        AddMaterial::video(file("a.mp4"), "标题", "介绍 \"一\""),
        &form(
            "/cgi-bin/material/add_material?access_token=TOKEN_1-a&type=video",
            &[
                "name=\"description\"\r\n\r\n{\"title\":\"标题\",\"introduction\":\"介绍 \\\"一\\\"\"}",
                "name=\"media\"; filename=\"a.mp4\"\r\nContent-Type: image/jpeg\r\n\r\nBYTES\r\n",
            ],
        ),
    )
    .await;
    check(
        UploadImage { media: file("a\"; b\\c\r\nd.png") },
        &form(
            "/cgi-bin/media/uploadimg?access_token=TOKEN_1-a",
            &["name=\"media\"; filename=\"a_; b_c__d.png\"\r\nContent-Type: image/jpeg\r\n\r\nBYTES\r\n"],
        ),
    )
    .await;
    check(
        UploadKfHeadImg {
            kf_account: "desk@shop".into(),
            media: file("a.jpg"),
        },
        &form(
            "/customservice/kfaccount/uploadheadimg?access_token=TOKEN_1-a&kf_account=desk%40shop",
            &["name=\"media\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nBYTES\r\n"],
        ),
    )
    .await;
}

#[tokio::test]
async fn a_file_without_a_proper_type_has_none() {
    let media = File {
        content_type: "a\r\nb".into(),
        ..file("a.jpg")
    };
    check(
        UploadImage { media },
        &form(
            "/cgi-bin/media/uploadimg?access_token=TOKEN_1-a",
            &["name=\"media\"; filename=\"a.jpg\"\r\n\r\nBYTES\r\n"],
        ),
    )
    .await;
}

#[tokio::test]
async fn a_base_may_have_a_path() {
    let server = Server::start([answer(OK)]).await;
    let account = ApiAccount {
        base: Some(server.base("/relay/wx/").parse().expect("an address")),
        ..server.account()
    };
    let client = platform(&settings()).client(account);
    client.call(DeleteMenu {}).await.expect("done");
    assert_eq!(
        server.last(),
        get("/relay/wx/cgi-bin/menu/delete?access_token=TOKEN_1-a")
    );
    // Also where the endpoint has another host.
    let _ = client.download(ShowQrCode { ticket: "t".into() }).await;
    assert_eq!(server.last(), get("/relay/wx/cgi-bin/showqrcode?ticket=t"));
}

#[tokio::test]
async fn without_a_base_the_host_is_that_of_the_endpoint() {
    let proxy = Server::start([with("502 Bad Gateway", "", "")]).await;
    let settings = Settings {
        proxy: Some(proxy.base("/").parse().expect("an address")),
        ..settings()
    };
    let account = ApiAccount {
        base: None,
        ..proxy.account()
    };
    let client = platform(&settings).client(account);
    for (is_page, host) in [
        (true, "mp.weixin.qq.com:443"),
        (false, "api.weixin.qq.com:443"),
    ] {
        let within = client.within(std::time::Duration::from_millis(300));
        let error = if is_page {
            within
                .download(ShowQrCode { ticket: "t".into() })
                .await
                .map(|_| ())
                .expect_err("502")
        } else {
            within
                .call(DeleteMenu {})
                .await
                .map(|_| ())
                .expect_err("502")
        };
        assert!(!error.may_have_arrived(), "{error:?}");
        let last = proxy.last();
        assert!(
            last.starts_with(&format!("CONNECT {host} HTTP/1.1\r\n")),
            "{last}"
        );
        assert!(!last.contains("TOKEN_1-a"), "{last}");
    }
}

#[tokio::test]
async fn the_component_s_token_has_a_name_of_its_own() {
    let server = Server::start([
        answer(r#"{"component_access_token":"COMPONENT","expires_in":7200}"#),
        answer(r#"{"pre_auth_code":"code","expires_in":600}"#),
    ])
    .await;
    let ticket = Ticket::default();
    ticket.set("ticket@@@1".into());
    let component = Component {
        app_id: "wxc".into(),
        secret: "s".into(),
        ticket,
    };
    let account = ApiAccount {
        component: Some(Arc::new(component)),
        ..server.account()
    };
    let client = platform(&settings()).client(account);
    client
        .call(GetPreAuthCode {
            component_appid: "wxc".into(),
        })
        .await
        .expect("a code");
    assert_eq!(
        server.last(),
        post(
            "/cgi-bin/component/api_create_preauthcode?component_access_token=COMPONENT",
            r#"{"component_appid":"wxc"}"#
        )
    );
    let first = String::from_utf8(server.requests()[0].clone()).expect("UTF-8");
    assert!(
        first.starts_with("POST /cgi-bin/component/api_component_token HTTP/1.1\r\n"),
        "{first}"
    );
    assert!(first.ends_with(r#"{"component_appid":"wxc","component_appsecret":"s","component_verify_ticket":"ticket@@@1"}"#), "{first}");
}

/// What comes of an answer: the JSON, the file, or the error.
async fn comes_of<R: Request>(request: R, answers: Answer) -> Result<String, Error> {
    let server = Server::start([answers]).await;
    let settings = Settings {
        max_answer_bytes: 100_000,
        max_file_bytes: 100_000,
        ..settings()
    };
    let client = platform(&settings).client(server.account());
    Ok(match client.download(request).await? {
        Download::Json(json) => serde_json::to_string(&json).expect("it came as JSON"),
        Download::File(file) => {
            let name = file.file_name.clone().unwrap_or_default();
            let kind = file.content_type.clone();
            let bytes = file.bytes().await?;
            format!("{name} {kind} {}", String::from_utf8_lossy(&bytes))
        }
    })
}

async fn check_answer<R: Request>(request: R, answer: Answer, expected: &str) {
    let found = match comes_of(request, answer).await {
        Ok(found) => found,
        Err(error) => error.to_string(),
    };
    assert_eq!(found, expected);
}

fn media() -> GetMedia {
    GetMedia {
        media_id: "m".into(),
    }
}

#[tokio::test]
async fn a_file_is_told_from_words() {
    let jpeg =
        "Content-Type: image/jpeg\r\nContent-disposition: attachment; filename=\"fish.jpg\"\r\n";
    check_answer(
        media(),
        with("200 OK", jpeg, "JPEG"),
        "fish.jpg image/jpeg JPEG",
    )
    .await;
    let jpg = "Content-Type: image/jpg\r\n";
    check_answer(
        ShowQrCode { ticket: "t".into() },
        with("200 OK", jpg, "{JPG"),
        " image/jpg {JPG",
    )
    .await;
    let video = r#"{"video_url":"http://v/1"}"#;
    for kind in [
        "text/plain",
        "application/json; encoding=utf-8",
        "text/json",
    ] {
        let header = format!("Content-Type: {kind}\r\n");
        check_answer(media(), with("200 OK", &header, video), video).await;
        let error = r#"{"errcode":40007,"errmsg":"invalid media_id rid: 61-6"}"#;
        let error = comes_of(media(), with("200 OK", &header, error))
            .await
            .expect_err("no such file");
        assert_eq!(error.code(), Some(40007), "{kind}");
    }
    check_answer(
        media(),
        with("200 OK", "Content-Type: text/plain\r\n", "words"),
        " text/plain words",
    )
    .await;
}

#[tokio::test]
async fn articles_of_more_than_64_kb_are_not_a_file() {
    let content = "文".repeat(30_000);
    let body = format!(r#"{{"news_item":[{{"title":"一","content":"{content}"}}]}}"#);
    let server = Server::start([with("200 OK", "Content-Type: text/plain\r\n", &body)]).await;
    let download = server
        .client()
        .download(GetMaterial {
            media_id: "m".into(),
        })
        .await;
    match download.expect("it is there") {
        Download::Json(GetMaterialResponse::News { news_item }) => {
            assert_eq!(news_item[0].content, content);
        }
        other => panic!("{other:?}"),
    }
}

fn tags() -> GetTags {
    GetTags {}
}

#[tokio::test]
async fn answers_that_cannot_be_used_say_why() {
    check_answer(
        tags(),
        with("200 OK", "Content-Type: text/html\r\n", "<html>\n<h1>403</h1>"),
        "getTags was answered, but the answer cannot be used: expected value at line 1 column 1; it begins with `<html> <h1>403</h1>`",
    )
    .await;
    check_answer(
        tags(),
        with("200 OK", "", "x".repeat(100_001)),
        "the answer to getTags has more than 100000 bytes, which are not read; ask for less at once, or use `download`",
    )
    .await;
    for status in ["302 Found", "403 Forbidden", "404 Not Found"] {
        let code = &status[..3];
        check_answer(
            tags(),
            with(status, "Location: http://127.0.0.1:9/\r\n", OK),
            &format!("getTags failed: the answer has status {code}, 200 is needed; something between here and the platform may have answered"),
        )
        .await;
    }
    let endless = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
        b"4e20\r\n".to_vec(),
        vec![b'x'; 20_000],
        b"\r\n".to_vec(),
    ]
    .concat();
    let endless = [
        endless,
        [b"4e20\r\n".to_vec(), vec![b'x'; 20_000], b"\r\n".to_vec()]
            .concat()
            .repeat(5),
    ]
    .concat();
    let error = comes_of(tags(), Answer::Bytes(endless))
        .await
        .expect_err("it is too large");
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn a_file_that_is_cut_off_or_too_large_is_an_error() {
    let cut =
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\nJPEG".to_vec();
    let error = comes_of(media(), Answer::Last(cut))
        .await
        .expect_err("it is cut off");
    assert!(matches!(error, Error::Unreadable { .. }), "{error:?}");
    let large = with(
        "200 OK",
        "Content-Type: image/jpeg\r\n",
        "x".repeat(100_001),
    );
    let error = comes_of(media(), large).await.expect_err("it is too large");
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn a_code_in_a_text_and_bytes_that_json_does_not_allow_are_understood() {
    let error = comes_of(
        tags(),
        answer(r#"{"errcode":"45009","errmsg":"reach max api daily quota limit"}"#),
    )
    .await;
    assert_eq!(error.expect_err("the quota").code(), Some(45009));
    check_answer(
        tags(),
        answer("{\"errcode\":\"0\",\"tags\":[{\"id\":1,\"name\":\"熟\u{1}客\n\",\"count\":0}]}"),
        r#"{"tags":[{"id":1,"name":"熟客","count":0}]}"#,
    )
    .await;
}

async fn as_json(client: &Client, name: &str, request: Value) -> Result<(), String> {
    let endpoint = find(name).expect("there is such an endpoint");
    let done = client.call_json(endpoint, request).await;
    done.map(|_| ()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_request_given_as_json_is_the_same_and_fields_that_are_not_known_are_refused() {
    let server = Server::start([answer(OK)]).await;
    let client = server.client();
    as_json(&client, "CreateTag", json!({"tag": {"name": "熟客"}}))
        .await
        .expect("done");
    assert_eq!(
        server.last(),
        post(
            "/cgi-bin/tags/create?access_token=TOKEN_1-a",
            "{\"tag\":{\"name\":\"熟客\"}}"
        )
    );
    let media = json!({"name": "a.jpg", "content_type": "image/jpeg", "data": "QllURVMNCg=="});
    as_json(
        &client,
        "uploadTempMedia",
        json!({"type": "image", "media": media}),
    )
    .await
    .expect("done");
    assert_eq!(
        server.last(),
        form(
            "/cgi-bin/media/upload?access_token=TOKEN_1-a&type=image",
            &["name=\"media\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nBYTES\r\n"],
        )
    );
    let n_requests = server.requests().len();
    for (name, request, expected) in [
        (
            "createTag",
            json!({"tag": {"name": "a", "colour": 1}}),
            "createTag cannot be called: it has no field `tag.colour`; if it is newer than this program, call its path",
        ),
        (
            "createTag",
            json!({}),
            "createTag cannot be called: missing field `tag`",
        ),
        (
            "createTag",
            json!([]),
            "createTag cannot be called: invalid type: sequence, expected struct CreateTag",
        ),
        (
            "uploadImage",
            json!({"media": {"name": "a", "content_type": "b", "data": "&"}}),
            "uploadImage cannot be called: Invalid symbol 38, offset 0.",
        ),
        (
            "oauthAuthorizeUrl",
            json!({"appid": "wx1", "redirect_uri": "https://a/", "scope": "snsapi_base"}),
            "oauthAuthorizeUrl cannot be called: it is a page for a browser: build its address with `url()` and send the browser there",
        ),
    ] {
        assert_eq!(
            as_json(&client, name, request)
                .await
                .expect_err("it is none"),
            expected
        );
    }
    assert_eq!(server.requests().len(), n_requests);
}

#[tokio::test]
async fn a_request_given_as_json_gets_what_is_always_the_same() {
    let server = Server::start([answer(r#"{"access_token":"a","expires_in":7200}"#)]).await;
    as_json(
        &server.client(),
        "getStableAccessToken",
        json!({"appid": "wx1", "secret": "s"}),
    )
    .await
    .expect("done");
    assert_eq!(
        server.last(),
        post(
            "/cgi-bin/stable_token",
            r#"{"appid":"wx1","grant_type":"client_credential","secret":"s"}"#
        )
    );
}

#[tokio::test]
async fn a_call_without_a_type_goes_to_its_path_as_it_is() {
    let server = Server::start([answer(r#"{"errcode":0,"new":"新"}"#)]).await;
    let client = server.client();
    let body = Body::Json("{\"a\":\"新\"}".into());
    let done = client
        .call_raw(Method::Post, "/cgi-bin/new/thing", &[("b", "c d")], body)
        .await;
    assert_eq!(done.expect("done"), json!({"errcode": 0, "new": "新"}));
    assert_eq!(
        server.last(),
        post(
            "/cgi-bin/new/thing?access_token=TOKEN_1-a&b=c+d",
            "{\"a\":\"新\"}"
        )
    );
    client
        .call_raw(Method::Get, "/cgi-bin/new", &[], Body::None)
        .await
        .expect("done");
    assert_eq!(server.last(), get("/cgi-bin/new?access_token=TOKEN_1-a"));
    let n_requests = server.requests().len();
    for (method, path, body) in [
        (Method::Get, "cgi-bin/new", Body::None),
        (Method::Get, "//elsewhere/new", Body::None),
        (Method::Get, "/new?access_token=1", Body::None),
        (Method::Page, "/new", Body::None),
        (Method::Get, "/new", Body::Json(b"{}".to_vec())),
    ] {
        let error = client
            .call_raw(method, path, &[], body)
            .await
            .expect_err("it is none");
        assert!(matches!(error, Error::NotARequest { .. }), "{error:?}");
    }
    assert_eq!(server.requests().len(), n_requests);
}

#[tokio::test]
async fn a_picture_of_an_article_goes_where_its_size_belongs() {
    const MEGABYTE: usize = 1 << 20;
    for (n_bytes, path) in [
        (MEGABYTE - 1, "/cgi-bin/media/uploadimg?"),
        (MEGABYTE, "/cgi-bin/material/add_material?"),
    ] {
        let added = r#"{"media_id":"m","url":"https://mmbiz.qpic.cn/1"}"#;
        let server = Server::start([answer(added)]).await;
        let picture = File::named("a.png", vec![0; n_bytes]);
        let url = server.client().upload_article_image(picture).await;
        assert_eq!(url.expect("an address"), "https://mmbiz.qpic.cn/1");
        let requests = server.requests();
        let [request] = &requests[..] else {
            panic!("{} requests", requests.len());
        };
        let head = String::from_utf8_lossy(&request[..200]).into_owned();
        assert!(head.starts_with(&format!("POST {path}")), "{head}");
    }
}
