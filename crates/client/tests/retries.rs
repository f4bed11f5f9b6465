//! What is made again is counted at the socket, and so is what may have arrived.

mod common;

use std::time::Duration;

use echostr_client::{ApiAccount, Client, Error};
use echostr_protocol::api::tag::{CreateTag, GetTags, NewTag};
use tokio::net::TcpListener;

use common::{Answer, OK, Server, json, platform, settings, with};

fn tag() -> CreateTag {
    CreateTag {
        tag: NewTag {
            name: "熟客".into(),
        },
    }
}

/// Reads, or changes something.
async fn call(client: &Client, is_repeatable: bool) -> Result<(), Error> {
    if is_repeatable {
        client.call(GetTags {}).await.map(|_| ())
    } else {
        client.call(tag()).await.map(|_| ())
    }
}

/// How often a call is made that always fails so, and whether it may have arrived.
async fn check(answer: Answer, is_repeatable: bool, n_requests: usize, may_have_arrived: bool) {
    let server = Server::start([answer.clone()]).await;
    let error = call(&server.client(), is_repeatable).await;
    let error = error.expect_err("it always fails");
    assert_eq!(server.requests().len(), n_requests, "{answer:?}: {error:?}");
    assert_eq!(error.may_have_arrived(), may_have_arrived, "{error:?}");
}

fn refusal(code: i64) -> Answer {
    json(&format!(r#"{{"errcode":{code},"errmsg":"no"}}"#))
}

#[tokio::test]
async fn a_busy_platform_is_asked_again_only_for_what_reads() {
    check(refusal(-1), true, 4, true).await;
    check(refusal(-1), false, 1, true).await;
}

#[tokio::test]
async fn what_is_too_often_was_not_done_and_comes_again() {
    check(refusal(45011), true, 4, false).await;
    check(refusal(45011), false, 4, false).await;
}

#[tokio::test]
async fn a_refusal_is_final() {
    for code in [45009, 48001, 40013, 40164, 45157] {
        check(refusal(code), true, 1, false).await;
        check(refusal(code), false, 1, false).await;
    }
}

#[tokio::test]
async fn a_gateway_that_fails_may_have_passed_it_on() {
    for status in [
        "500 Internal Server Error",
        "502 Bad Gateway",
        "504 Gateway Timeout",
    ] {
        check(with(status, "", ""), true, 4, true).await;
        check(with(status, "", ""), false, 1, true).await;
    }
    check(with("429 Too Many Requests", "", ""), false, 4, false).await;
    check(with("302 Found", "Location: /\r\n", ""), true, 1, false).await;
}

#[tokio::test]
async fn a_connection_that_ends_after_the_request_leaves_it_open() {
    for bytes in [
        "",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
    ] {
        check(Answer::Last(bytes.into()), true, 4, true).await;
        check(Answer::Last(bytes.into()), false, 1, true).await;
    }
}

#[tokio::test]
async fn what_succeeds_at_last_is_a_success() {
    for (first, is_repeatable) in [
        (refusal(-1), true),
        (refusal(45011), false),
        (Answer::Last(Vec::new()), true),
    ] {
        let ok = json(r#"{"tags":[],"tag":{"id":1,"name":"熟客"}}"#);
        let server = Server::start([first, ok]).await;
        call(&server.client(), is_repeatable)
            .await
            .expect("the second time");
        assert_eq!(server.requests().len(), 2);
    }
}

#[tokio::test]
async fn nobody_listens_so_it_has_not_arrived() {
    let server = Server::start([json(OK)]).await;
    let nobody = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = nobody.local_addr().expect("it listens");
    drop(nobody);
    let account = ApiAccount {
        base: Some(format!("http://{address}").parse().expect("an address")),
        ..server.account()
    };
    let error = call(&platform(&settings()).client(account), false).await;
    let error = error.expect_err("nobody listens");
    assert!(
        matches!(
            error,
            Error::Unreached {
                may_have_arrived: false,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        error
            .to_string()
            .starts_with("createTag failed: the platform cannot be reached"),
        "{error}"
    );
}

#[tokio::test]
async fn a_call_ends_in_time_and_says_what_is_not_known() {
    let server = Server::start([Answer::Never]).await;
    let client = server.client().within(Duration::from_secs(1));
    let error = call(&client, false).await.expect_err("there is no answer");
    assert!(
        matches!(
            error,
            Error::Late {
                may_have_arrived: true,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_time_that_nobody_lives_to_see_is_no_limit() {
    let server = Server::start([json(r#"{"tags":[]}"#)]).await;
    call(&server.client().within(Duration::MAX), true)
        .await
        .expect("done");
}

#[tokio::test]
async fn a_connection_that_ended_while_it_was_idle_is_not_used() {
    let ok = r#"{"tag":{"id":1,"name":"熟客"}}"#;
    let Answer::Bytes(bytes) = json(ok) else {
        unreachable!("it is bytes")
    };
    let server = Server::start([Answer::Last(bytes)]).await;
    let client = server.client();
    for n_calls in 1..=20 {
        call(&client, false)
            .await
            .expect("over a connection of its own");
        // The end of the connection is on its way by now; on this thread it is seen before the next call.
        tokio::task::yield_now().await;
        assert_eq!(server.n_connections(), n_calls);
        assert_eq!(server.requests().len(), n_calls);
    }
}

#[tokio::test]
async fn an_open_connection_is_used_again() {
    let server = Server::start([json(r#"{"tags":[]}"#)]).await;
    let client = server.client();
    for _ in 0..5 {
        call(&client, true).await.expect("done");
    }
    assert_eq!(server.n_connections(), 1);
}
