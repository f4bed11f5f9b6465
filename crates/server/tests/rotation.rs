//! New tokens and keys while pushes come: none that was signed with the old or the new one is refused.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::command::{Said, check, run_with};
use common::{APP_ID, Folder, KEY, SERVE, Server, TOKEN, echostr, sealing};
use echostr_simulator::{Mode, Platform, Push, Shown};

/// 500 pushes each second.
const EVERY: Duration = Duration::from_millis(2);

/// So many come before the rotation and so many after it.
const PUSHES: usize = 750;

#[tokio::test(flavor = "multi_thread")]
async fn no_push_is_refused_that_was_signed_with_the_old_or_the_new_token_in_plain_mode() {
    rotate(&[], |_| Mode::Plain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_push_is_refused_that_was_sealed_with_the_old_or_the_new_key_in_safe_mode() {
    let safe = ["--app-id", APP_ID, "--encoding-aes-key-file", "key"];
    rotate(&safe, |key| Mode::Safe(sealing(key, APP_ID))).await;
}

async fn rotate(more: &[&str], mode: impl Fn(&str) -> Mode) {
    let folder = Arc::new(Folder::new());
    folder.write("token", TOKEN);
    folder.write("key", KEY);
    let server = Server::start_as(&mut echostr(&folder, &SERVE), &folder);
    let add = [&["account", "add", "shop", "--token-file", "token"], more].concat();
    check(&folder, &add, 0, &[]);

    let before = server.platform("/mp/shop", TOKEN, mode(KEY));
    let mut after: Option<Platform> = None;
    let mut ticks = tokio::time::interval(EVERY);
    let mut rotating = None;
    let mut pushes = tokio::task::JoinSet::new();
    let mut left = PUSHES;
    let mut number = 0;
    while left > 0 {
        ticks.tick().await;
        number += 1;
        // The secrets are replaced while more pushes come.
        if number == PUSHES {
            let folder = Arc::clone(&folder);
            rotating = Some(tokio::task::spawn_blocking(move || -> Said {
                let rotate = ["account", "rotate", "shop", "--token", "--encoding-aes-key"];
                run_with(&folder, &rotate, "")
            }));
        }
        if after.is_none()
            && let Some(done) = rotating.take_if(|rotating| rotating.is_finished())
        {
            let said = done.await.expect("it ran");
            assert_eq!(said.code, 0, "{said:#?}");
            let key = said.line("EncodingAESKey");
            after = Some(server.platform("/mp/shop", &said.line("Token"), mode(&key)));
        }
        if after.is_some() {
            left -= 1;
        }
        // The platform's servers learn of it one after the other.
        let platform = match &after {
            Some(after) if number % 2 == 0 => after.clone(),
            _ => before.clone(),
        };
        pushes.spawn(async move {
            let mut platform = platform;
            platform.clock.deliveries = 1;
            let push =
                Push::text(&format!("push {number}")).by(format!("follower {}", number % 100));
            let outcome = platform.push(&push).await;
            match &outcome.shown {
                Shown::Answer { .. } => None,
                other => Some(format!("push {number}: {other:?}")),
            }
        });
    }
    let pushed = pushes.join_all().await;
    assert!(pushed.len() >= 2 * PUSHES);
    let refused: Vec<_> = pushed.into_iter().flatten().collect();
    assert_eq!(refused, <[String; 0]>::default());
    assert!(!server.log().contains("bad_"), "{}", server.log());

    // The other direction: signed with neither, it is refused.
    let mut stranger = server.platform("/mp/shop", "SomebodyElse", mode(KEY));
    stranger.clock.deliveries = 1;
    let outcome = stranger.push(&Push::text("hello")).await;
    let answer = outcome.deliveries[0].answer.as_ref().expect("an answer");
    assert_eq!(answer.status, 404);
}
