//! One case each: refusals, failures, renewals, and where else tokens come from.

use std::time::Duration;

use echostr_protocol::api::Secret;
use echostr_protocol::api::tag::GetTags;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::double::{Manners, Watched};
use super::{
    APP_ID, ApiAccount, Arc, Double, MemoryTokens, SECRET, TokenSource, TokenStore, paused,
    process, stable, with,
};
use crate::{BoxError, Client, Component, Error, ExternalToken, GivenToken, Ticket};

fn quick() -> Arc<Double> {
    Double::new(1, Manners::default())
}

fn memory() -> Arc<MemoryTokens> {
    Arc::default()
}

async fn token(client: &Client) -> String {
    let given = client.access_token().await.expect("a token");
    given.access_token.expose().to_owned()
}

async fn calls(client: &Client) -> Result<(), Error> {
    client.call(GetTags {}).await.map(|_| ())
}

#[track_caller]
fn good(double: &Double, n_given: usize) {
    let world = double.world();
    assert_eq!(world.faults, Vec::<String>::new());
    assert_eq!(world.n_given, n_given, "{:?}", world.asked);
}

#[test]
fn a_late_refusal_of_an_old_token_finds_the_new_one() {
    paused(async {
        let double = quick();
        let client = process(&double, memory()).client(stable());
        assert_eq!(token(&client).await, "token-0");
        double.end();
        for _ in 0..3 {
            let instead = client.access_token_instead("token-0".into()).await;
            assert_eq!(instead.expect("a token").access_token, "token-1".into());
        }
        good(&double, 2);
    });
}

#[test]
fn a_token_that_ended_is_replaced_within_the_call() {
    paused(async {
        let double = quick();
        let client = process(&double, memory()).client(stable());
        calls(&client).await.expect("the first");
        double.end();
        calls(&client).await.expect("with the next token");
        good(&double, 2);
    });
}

#[test]
fn a_token_that_the_platform_insists_on_is_forced_at_most_every_30_seconds() {
    paused(async {
        let insists = true;
        let double = Double::new(
            1,
            Manners {
                insists,
                ..Manners::default()
            },
        );
        let client = process(&double, memory()).client(stable());
        for n_forced in 0..3 {
            calls(&client).await.expect("with a token by force");
            assert_eq!(double.world().n_forced, n_forced);
            double.end();
            if n_forced > 0 {
                let error = calls(&client).await.expect_err("the platform insists");
                assert_eq!(error.code(), Some(40001));
                assert_eq!(double.world().n_forced, n_forced);
                sleep(Duration::from_secs(30)).await;
            }
        }
        assert_eq!(double.world().faults, Vec::<String>::new());
    });
}

#[test]
fn a_failure_is_remembered_for_5_seconds_and_only_with_the_same_secret() {
    paused(async {
        let double = Double::new(
            1,
            Manners {
                busy_percent: 100,
                ..Manners::default()
            },
        );
        let platform = process(&double, memory());
        let client = platform.client(stable());
        let n_asked = || double.world().asked.len();
        for _ in 0..3 {
            let error = client.access_token().await.expect_err("it is busy");
            assert_eq!(error.code(), Some(-1));
        }
        // Its own attempts, but those only once.
        assert_eq!(n_asked(), 4);
        let other = platform.client(with(TokenSource::Stable("another".into())));
        other.access_token().await.expect_err("it is busy");
        assert_eq!(n_asked(), 8);
        sleep(Duration::from_secs(5)).await;
        double.world().manners.busy_percent = 0;
        assert_eq!(token(&client).await, "token-0");
    });
}

#[test]
fn a_token_is_renewed_5_minutes_early_and_calls_do_not_wait() {
    paused(async {
        let double = quick();
        let client = process(&double, memory()).client(stable());
        assert_eq!(token(&client).await, "token-0");
        sleep(Duration::from_secs(6899)).await;
        assert_eq!(token(&client).await, "token-0");
        sleep(Duration::from_secs(1)).await;
        good(&double, 1);
        // This one sets it off, and goes on with what there is.
        assert_eq!(token(&client).await, "token-0");
        sleep(Duration::from_millis(1)).await;
        assert_eq!(token(&client).await, "token-1");
        good(&double, 2);
    });
}

#[test]
fn a_renewal_that_fails_keeps_the_token_and_comes_again_after_30_seconds() {
    paused(async {
        let double = quick();
        let client = process(&double, memory()).client(stable());
        assert_eq!(token(&client).await, "token-0");
        sleep(Duration::from_secs(6990)).await;
        double.world().manners.busy_percent = 100;
        // Each attempt is four requests.
        for n_asked in [5, 5, 9, 9] {
            calls(&client).await.expect("it is good for some minutes");
            sleep(Duration::from_secs(10)).await;
            calls(&client).await.expect("it is good for some minutes");
            sleep(Duration::from_secs(2)).await;
            assert_eq!(double.world().asked.len(), n_asked);
        }
        double.world().manners.busy_percent = 0;
        sleep(Duration::from_secs(30)).await;
        calls(&client).await.expect("it is good for some minutes");
        sleep(Duration::from_secs(1)).await;
        assert_eq!(token(&client).await, "token-1");
    });
}

#[test]
fn who_goes_away_does_not_take_the_token_along() {
    paused(async {
        let double = Double::new(
            7,
            Manners {
                max_latency_ms: 1000,
                ..Manners::default()
            },
        );
        let client = process(&double, memory()).client(stable());
        tokio::time::timeout(Duration::from_millis(1), calls(&client))
            .await
            .expect_err("it takes longer");
        sleep(Duration::from_secs(3)).await;
        good(&double, 1);
        assert_eq!(token(&client).await, "token-0");
        good(&double, 1);
    });
}

/// The `authorizer_refresh_token` of each request for a token.
fn refreshed_with(double: &Double) -> Vec<String> {
    let world = double.world();
    let tokens = world
        .asked
        .iter()
        .filter_map(|body| body["authorizer_refresh_token"].as_str());
    tokens.map(str::to_owned).collect()
}

fn authorizer() -> Arc<ApiAccount> {
    let ticket = Ticket::default();
    ticket.set("ticket@@@1".into());
    let component = Component {
        app_id: "wxfedcba9876543210".into(),
        secret: "component-secret".into(),
        ticket,
    };
    Arc::new(ApiAccount {
        source: TokenSource::Authorizer("refresh-first".into()),
        component: Some(Arc::new(component)),
        ..ApiAccount::new(APP_ID, SECRET)
    })
}

#[track_caller]
fn check_authorizer(gives_refresh_tokens: bool, fails_percent: u32, expected: [&str; 3]) {
    let double = Double::new(
        1,
        Manners {
            gives_refresh_tokens,
            ..Manners::default()
        },
    );
    let store: Arc<dyn TokenStore> = Arc::new(Watched {
        store: memory(),
        double: Arc::clone(&double),
        fails_percent,
    });
    paused(async {
        let client = process(&double, store).client(authorizer());
        for _ in 0..3 {
            calls(&client).await.expect("with a token");
            double.end();
        }
    });
    assert_eq!(refreshed_with(&double), expected);
}

#[test]
fn a_newer_refresh_token_is_kept_and_used() {
    check_authorizer(true, 0, ["refresh-first", "refresh-1", "refresh-2"]);
}

#[test]
fn an_answer_without_a_refresh_token_does_not_lose_the_last() {
    check_authorizer(false, 0, ["refresh-first"; 3]);
    let double = quick();
    paused(async {
        let client = process(&double, memory()).client(authorizer());
        calls(&client).await.expect("with a token");
        double.world().manners.gives_refresh_tokens = false;
        for _ in 0..2 {
            double.end();
            calls(&client).await.expect("with a token");
        }
    });
    assert_eq!(
        refreshed_with(&double),
        ["refresh-first", "refresh-1", "refresh-1"]
    );
}

#[test]
fn a_store_that_fails_does_not_bring_back_the_first_refresh_token() {
    check_authorizer(true, 100, ["refresh-first", "refresh-1", "refresh-2"]);
}

/// A program of the owner that has tokens.
#[derive(Debug, Default)]
struct Program {
    is_stuck: bool,
}

impl ExternalToken for Program {
    fn token<'a>(
        &'a self,
        failed: Option<&'a Secret>,
    ) -> BoxFuture<'a, Result<GivenToken, BoxError>> {
        Box::pin(async move {
            if self.is_stuck {
                return std::future::pending().await;
            }
            let token = if failed.is_some() {
                "theirs-2"
            } else {
                "theirs-1"
            };
            Ok(GivenToken {
                access_token: token.into(),
                expires_in: 600,
            })
        })
    }
}

#[test]
fn who_has_tokens_from_a_program_never_asks_the_platform() {
    paused(async {
        let double = quick();
        let account = with(TokenSource::External(Arc::new(Program::default())));
        let client = process(&double, memory()).client(account);
        assert_eq!(token(&client).await, "theirs-1");
        // The platform does not know it, and the program is asked for another.
        let error = calls(&client).await.expect_err("it knows neither");
        assert_eq!(error.code(), Some(40001));
        assert_eq!(token(&client).await, "theirs-2");
        let error = client.access_token_instead("theirs-2".into()).await;
        assert!(matches!(error, Err(Error::NoToken { .. })), "{error:?}");
        assert_eq!(double.world().asked, Vec::<Value>::new());
    });
}

#[test]
fn a_program_that_does_not_answer_is_asked_again() {
    paused(async {
        let double = quick();
        let account = with(TokenSource::External(Arc::new(Program { is_stuck: true })));
        let client = process(&double, memory()).client(account);
        let error = client.access_token().await.expect_err("it is stuck");
        assert!(
            matches!(
                error,
                Error::Late {
                    may_have_arrived: false,
                    ..
                }
            ),
            "{error:?}"
        );
        sleep(Duration::from_secs(6)).await;
        let error = client.access_token().await.expect_err("it did not answer");
        assert!(
            matches!(error, Error::NoToken { .. } | Error::Late { .. }),
            "{error:?}"
        );
    });
}

#[test]
fn a_late_call_that_was_refused_has_not_arrived() {
    paused(async {
        let double = quick();
        let client = process(&double, memory()).client(stable());
        calls(&client).await.expect("the first");
        double.end();
        double.world().manners.busy_percent = 100;
        let error = calls(&client.within(Duration::from_millis(100))).await;
        let error = error.expect_err("there is no token in time");
        assert!(matches!(error, Error::Late { .. }), "{error:?}");
        assert!(!error.may_have_arrived());
    });
}

#[test]
fn the_component_s_token_is_asked_for_with_the_ticket() {
    paused(async {
        let double = quick();
        let client = process(&double, memory()).client(authorizer());
        calls(&client).await.expect("with a token");
        let asked = double.world().asked.clone();
        assert_eq!(
            asked,
            [
                json!({
                    "component_appid": "wxfedcba9876543210",
                    "component_appsecret": "component-secret",
                    "component_verify_ticket": "ticket@@@1",
                }),
                json!({
                    "component_appid": "wxfedcba9876543210",
                    "authorizer_appid": APP_ID,
                    "authorizer_refresh_token": "refresh-first",
                }),
            ]
        );
    });
}
