//! Access tokens over real sockets. How they behave in ten thousand schedules is tested beside them.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use echostr_client::{ApiAccount, Error, TokenSource, TokenUrl};
use echostr_protocol::api::tag::GetTags;
use tokio::task::JoinSet;

use common::{Server, json, platform, settings, with};

/// A platform whose token number `n` is good; any other one is refused.
async fn platform_with(good: Arc<AtomicUsize>) -> Server {
    Server::answering(move |request| {
        let request = String::from_utf8_lossy(request);
        let good = good.load(Ordering::SeqCst);
        if request.starts_with("POST /cgi-bin/stable_token ") {
            json(&format!(
                r#"{{"access_token":"token-{good}","expires_in":7200}}"#
            ))
        } else if request.contains(&format!("access_token=token-{good} ")) {
            json(r#"{"tags":[]}"#)
        } else {
            json(r#"{"errcode":40001,"errmsg":"invalid credential rid: 61-6"}"#)
        }
    })
    .await
}

fn n_asked(server: &Server) -> usize {
    let asks = b"POST /cgi-bin/stable_token ";
    let requests = server.requests();
    requests
        .iter()
        .filter(|request| request.starts_with(asks))
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_call_at_once_ask_for_each_token_once() {
    let good = Arc::new(AtomicUsize::new(0));
    let server = platform_with(Arc::clone(&good)).await;
    let client = platform(&settings()).client(server.asking());
    for n_tokens in 1..=5 {
        let mut tasks = JoinSet::new();
        for _ in 0..16 {
            let client = client.clone();
            tasks.spawn(async move { client.call(GetTags {}).await });
        }
        while let Some(done) = tasks.join_next().await {
            done.expect("it does not panic")
                .expect("with one token or the next");
        }
        assert_eq!(n_asked(&server), n_tokens);
        good.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_program_at_an_address_is_asked_with_its_key_and_the_platform_never() {
    let theirs = Server::start([json(r#"{"access_token":"token-0","expires_in":600}"#)]).await;
    let server = platform_with(Arc::default()).await;
    let url = TokenUrl::new(&theirs.base("/token"), Some("key_1".into())).expect("an address");
    let account = ApiAccount {
        source: TokenSource::Url(url),
        ..server.asking()
    };
    let client = platform(&settings()).client(account);
    client.call(GetTags {}).await.expect("with their token");
    assert_eq!(
        theirs.last(),
        "GET /token HTTP/1.1\r\nauthorization: Bearer key_1\r\naccept: */*\r\nuser-agent: echostr/VERSION\r\nhost: HOST\r\n\r\n"
    );
    assert_eq!(n_asked(&server), 0);
}

#[tokio::test]
async fn a_program_that_has_no_token_is_an_error_that_says_so() {
    for (answer, expected) in [
        (
            with("503 Service Unavailable", "", ""),
            "answers with status 503, 200 is needed",
        ),
        (
            json("[]"),
            "does not answer `{\"access_token\": \"…\", \"expires_in\": 7200}`",
        ),
        (json(&"x".repeat(20_000)), "answers too much, or broke off"),
        (
            json(r#"{"access_token":"","expires_in":600}"#),
            "the answer has no token in it",
        ),
    ] {
        let theirs = Server::start([answer]).await;
        let url = TokenUrl::new(&theirs.base("/token"), None).expect("an address");
        let account = ApiAccount {
            source: TokenSource::Url(url),
            ..theirs.asking()
        };
        let error = platform(&settings()).client(account).call(GetTags {}).await;
        let Err(Error::NoToken { source, .. }) = error else {
            panic!("{error:?}");
        };
        assert!(source.to_string().ends_with(expected), "{source}");
    }
}
