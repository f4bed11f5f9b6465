//! Requests that come twice and are done once.

mod common;

use echostr_store::{Begun, Idempotency};
use futures_util::future::join_all;

use common::*;

const MINUTE_MS: i64 = 60_000;

#[tokio::test]
async fn a_request_is_done_once_on_sqlite() {
    a_request_is_done_once(Ground::sqlite()).await;
}

#[tokio::test]
async fn a_request_is_done_once_on_postgres() {
    a_request_is_done_once(Ground::postgres()).await;
}

async fn a_request_is_done_once(ground: Ground) {
    let journal = ground.open().await;
    done(&written(&journal, vec![received(&text("o1", 1, "hi"), None)]).await);
    let requests = Idempotency::new(journal.db());
    let now = now_ms();
    let check = async |key: &str, digest: u8, at_ms: i64, expected: Begun| {
        let begun = requests.begin(SHOP, key, &[digest; 32], at_ms).await;
        assert_eq!(begun.expect("asked"), expected, "{key}");
    };

    let many = join_all((0..20).map(|_| requests.begin(SHOP, "many", &[1; 32], now))).await;
    let is_new = many.iter().filter(|begun| matches!(begun, Ok(Begun::New)));
    assert_eq!(is_new.count(), 1);

    check("a", 1, now, Begun::New).await;
    check("a", 1, now + 10 * MINUTE_MS, Begun::Underway).await;
    check("a", 2, now, Begun::Other).await;
    // Its process died: perhaps it was done.
    check("a", 1, now + 10 * MINUTE_MS + 1, Begun::Unsure).await;
    // Or it was only slow.
    requests.finish(SHOP, "a", "{}").await.expect("written");
    check("a", 1, now + 11 * MINUTE_MS, Begun::Done("{}".into())).await;
    check("a", 2, now, Begun::Other).await;
    // What is done is not abandoned.
    requests.abandon(SHOP, "a").await.expect("written");
    check("a", 1, now, Begun::Done("{}".into())).await;

    check("b", 1, now, Begun::New).await;
    requests.abandon(SHOP, "b").await.expect("written");
    check("b", 2, now, Begun::New).await;

    // The next day it is another request.
    let day_ms = 24 * 60 * MINUTE_MS;
    check("a", 1, now + day_ms - 1, Begun::Done("{}".into())).await;
    check("a", 2, now + day_ms, Begun::New).await;

    let nobody = requests.begin("nobody", "a", &[1; 32], now).await;
    assert!(nobody.is_err());
    journal.close().await;
}

#[tokio::test]
async fn requests_of_yesterday_are_forgotten() {
    for ground in [Ground::sqlite(), Ground::postgres()] {
        let journal = ground.open().await;
        done(&written(&journal, vec![received(&text("o1", 1, "hi"), None)]).await);
        let requests = Idempotency::new(journal.db());
        for (key, ago_ms) in [("old", DAY_MS), ("new", DAY_MS - 5 * MINUTE_MS)] {
            let begun = requests.begin(SHOP, key, &[1; 32], now_ms() - ago_ms).await;
            assert_eq!(begun.expect("asked"), Begun::New);
        }
        journal.close().await;
        let journal = ground.open().await;
        let touch =
            async |n| done(&written(&journal, vec![received(&text("o1", n, "hi"), None)]).await);
        let mut n = 1;
        until(async || {
            n += 1;
            touch(n).await;
            ground.count("idempotency") == 1
        })
        .await;
        journal.close().await;
    }
}
