//! What is noted of the requests for an account, and that pushes for another account are refused.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Log, TOKEN, deliver, modes, platform, shop};
use echostr::prelude::*;
use echostr::protocol::Token;
use echostr::{Came, Seen};
use echostr_simulator::{Mode, Platform, Push};

const OURS: &str = "gh_e8df390a377e";
const THEIRS: &str = "gh_ea156c5c452c";

/// A bot for this account that counts what it is asked, and what is noted of the account.
fn counting(account: Account) -> (Bot, Arc<Seen>, Arc<AtomicUsize>) {
    let seen = Arc::clone(&account.seen);
    let n_asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&n_asked);
    let bot = Bot::new().account(account).on(move |message: Message| {
        counter.fetch_add(1, Ordering::Relaxed);
        async move { message.kind().into_owned() }
    });
    (bot, seen, n_asked)
}

/// The platform that pushes to the account with this original id.
fn of(gh_id: &str, mode: Mode) -> Platform {
    let mut platform = platform("http://localhost/", mode);
    platform.gh_id = gh_id.into();
    platform
}

async fn status(bot: &Bot, platform: &Platform, push: &Push) -> u16 {
    let exchange = deliver(bot, platform, &platform.envelope(push)).await;
    exchange.answer.expect("an answer").status
}

#[tokio::test]
async fn the_mode_is_noted_in_which_a_push_came() {
    let cases = [
        // The account's, the platform's: what is seen, or why it was refused.
        (0, 0, Ok(Came::Plain)),
        (0, 1, Ok(Came::Compatible)),
        (0, 2, Err("bad_xml")),
        (1, 1, Ok(Came::Compatible)),
        (1, 2, Ok(Came::Safe)),
        (2, 0, Err("bad_xml")),
        (2, 1, Ok(Came::Compatible)),
        (2, 2, Ok(Came::Safe)),
    ];
    for (ours, theirs, expected) in cases {
        let [mode, platforms_mode] = [ours, theirs].map(|place| modes()[place].clone());
        let account = Account {
            mode: mode.0,
            ..shop()
        };
        let (bot, seen, _) = counting(account);
        assert_eq!(seen.snapshot().mode, None);
        let platform = of(OURS, platforms_mode.1);
        let status = status(&bot, &platform, &Push::text("你好")).await;
        let seen = seen.snapshot();
        let case = format!("{ours} {theirs}: {seen:?}");
        match expected {
            Ok(came) => {
                assert_eq!((status, seen.mode), (200, Some(came)), "{case}");
                assert!(seen.last_push_at_ms.is_some(), "{case}");
                assert!(seen.refused.is_empty(), "{case}");
            }
            Err(class) => {
                assert_eq!((status, seen.mode), (400, None), "{case}");
                assert_eq!(seen.last_push_at_ms, None, "{case}");
                assert_eq!(seen.refused[class], 1, "{case}");
            }
        }
        assert_eq!(seen.last_handshake_at_ms, None, "{case}");
    }
}

#[tokio::test]
async fn a_handshake_is_noted_when_its_signature_is_right() {
    let (bot, seen, _) = counting(shop());
    let address = common::listen(bot.router().expect("all is there")).await;
    let url = format!("http://{address}/mp/shop");
    let mut stranger = platform(&url, Mode::Plain);
    stranger.token = "AnotherToken".parse().expect("a token");
    assert!(!stranger.handshake().await.passed());
    assert_eq!(seen.snapshot().last_handshake_at_ms, None);
    assert_eq!(seen.snapshot().refused["bad_signature"], 1);
    let last = seen.snapshot().last_refusal.expect("there was one");
    assert_eq!(last.class, "bad_signature");
    assert!(
        last.what
            .starts_with("`signature` is missing or does not match"),
        "{}",
        last.what
    );

    assert!(platform(&url, Mode::Plain).handshake().await.passed());
    assert!(seen.snapshot().last_handshake_at_ms >= Some(last.at_ms));
    assert_eq!(seen.snapshot().refused["bad_signature"], 1);
}

#[tokio::test]
async fn the_first_push_teaches_the_original_id_and_another_one_is_refused() {
    for (mode, platforms_mode) in modes() {
        let (bot, seen, n_asked) = counting(Account { mode, ..shop() });
        let push = async |gh_id: &str, push: Push| {
            status(&bot, &of(gh_id, platforms_mode.clone()), &push).await
        };
        assert_eq!(push(OURS, Push::text("1")).await, 200);
        assert_eq!(seen.gh_id().map(|id| &**id), Some(OURS));
        assert_eq!(push(THEIRS, Push::text("2")).await, 400);
        assert_eq!(push(THEIRS, Push::subscribe()).await, 400);
        assert_eq!(push(OURS, Push::text("3")).await, 200);
        assert_eq!(n_asked.load(Ordering::Relaxed), 2);
        let seen = seen.snapshot();
        assert_eq!(seen.refused["wrong_account"], 2);
        let last = seen.last_refusal.expect("there was one");
        assert_eq!(last.class, "wrong_account");
        for part in [OURS, THEIRS, "echostr account set shop --gh-id ''"] {
            assert!(last.what.contains(part), "{}", last.what);
        }
        assert!(!last.what.contains(TOKEN), "{}", last.what);
    }
}

#[tokio::test]
async fn an_original_id_that_is_set_counts_from_the_first_push_on() {
    let account = Account {
        gh_id: Some(OURS.into()),
        ..shop()
    };
    let (bot, seen, n_asked) = counting(account);
    assert_eq!(
        status(&bot, &of(THEIRS, Mode::Plain), &Push::text("1")).await,
        400
    );
    assert_eq!(
        status(&bot, &of(OURS, Mode::Plain), &Push::text("2")).await,
        200
    );
    assert_eq!(n_asked.load(Ordering::Relaxed), 1);
    assert_eq!(seen.gh_id(), None, "there is nothing to learn");
}

#[tokio::test]
async fn what_names_no_real_account_teaches_nothing_and_is_not_refused() {
    let (bot, seen, n_asked) = counting(shop());
    let doctor = platform("http://localhost/", Mode::Plain);
    let nobody = Push::xml(
        "<xml><AppId>wx0123456789abcdef</AppId><CreateTime>1761000000</CreateTime>\
         <InfoType>component_verify_ticket</InfoType><ComponentVerifyTicket>t</ComponentVerifyTicket></xml>",
    );
    let sample = Push::text("sample");
    for learnt in [None, Some(OURS)] {
        assert_eq!(seen.gh_id().map(|id| &**id), learnt);
        assert_eq!(status(&bot, &doctor, &Push::text("examined")).await, 200);
        assert_eq!(status(&bot, &doctor, &nobody).await, 200);
        if learnt.is_none() {
            // The documents' example, and others that are no original id.
            let long = format!("gh_{}", "a".repeat(65));
            for odd in ["toUser", "gh_", "gh_雯子", "gh_a b", &long] {
                assert_eq!(status(&bot, &of(odd, Mode::Plain), &sample).await, 200);
                assert_eq!(seen.gh_id(), None, "{odd}");
            }
            assert_eq!(
                status(&bot, &of(OURS, Mode::Plain), &Push::text("1")).await,
                200
            );
        }
    }
    assert!(n_asked.load(Ordering::Relaxed) >= 4);
    assert!(seen.snapshot().refused.is_empty());
}

#[tokio::test]
async fn open_access_belongs_to_everybody() {
    let token: Token = TOKEN.parse().expect("a token");
    let account = Account {
        is_open: true,
        ..Account::new("", token)
    };
    let (bot, seen, n_asked) = counting(account);
    for gh_id in [OURS, THEIRS] {
        assert_eq!(
            status(&bot, &of(gh_id, Mode::Plain), &Push::text(gh_id)).await,
            200
        );
    }
    assert_eq!(n_asked.load(Ordering::Relaxed), 2);
    assert_eq!(seen.gh_id(), None);
}

#[test]
fn a_push_for_another_account_is_logged_with_what_to_do() {
    let log = Log::default();
    log.of(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            let (bot, _, _) = counting(shop());
            status(&bot, &of(OURS, Mode::Plain), &Push::text("1")).await;
            status(&bot, &of(THEIRS, Mode::Plain), &Push::text("2")).await;
        });
    });
    let text = log.text();
    let line = text.lines().find(|line| line.contains("wrong_account"));
    let line = line.unwrap_or_else(|| panic!("{text}"));
    for part in ["shop", OURS, THEIRS, "--gh-id ''", "WARN"] {
        assert!(line.contains(part), "{line}");
    }
}
