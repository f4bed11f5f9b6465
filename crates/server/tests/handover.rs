//! A server that is stopped hands over: what it has not answered, the next one answers.

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::program::{Gate, Recorder};
use common::{Folder, PATIENCE, SHOP, Server, TOKEN, text_shown};
use echostr_simulator::{Clock, Mode, Platform, Push};

const QUESTION: &str = "How long is a piece of string?";
const ANSWER: &str = "Twice as long as half of it";

fn platform(server: &Server) -> Platform {
    let mut platform = server.platform("/mp/shop", TOKEN, Mode::Plain);
    // The server ends these deliveries, not the platform.
    platform.clock = Clock {
        deadline: PATIENCE,
        deliveries: 1,
    };
    platform
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stopped_server_holds_the_next_one_answers() {
    let gate = Gate::default();
    let recorder = Recorder::behind(&gate, ANSWER);
    let folder = Arc::new(Folder::new());
    let settings = format!("{SHOP}{}", recorder.bot());
    let mut server = Server::start_in(&folder, &settings);
    let before = platform(&server);
    // Of the one the platform repeats the push, of the other it does not.
    let [repeated, lost] =
        ["Ada", "Ben"].map(|follower| before.envelope(&Push::text(QUESTION).by(follower)));
    let held = [&repeated, &lost].map(|envelope| {
        let (before, envelope) = (before.clone(), envelope.clone());
        tokio::spawn(async move { before.deliver(&envelope).await })
    });
    server.wait_for_metrics(|metrics| metrics.get("echostr_deliveries_held") > 1.5);

    server.terminate();
    let stopped = Instant::now();
    for held in held {
        let exchange = held.await.expect("it was delivered");
        let answer = exchange
            .answer
            .expect("the connection is not merely closed");
        assert_eq!((answer.status, answer.text().as_str()), (503, ""));
        assert_eq!(answer.headers["connection"], "close");
    }
    // By themselves they would be held for two seconds more.
    let took = stopped.elapsed();
    assert!(took < Duration::from_millis(1500), "{took:?}");
    let (log, status) = server.wait_for_end();
    assert!(status.success(), "{log}");
    let took = stopped.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");

    let server = Server::start_in(&folder, &settings);
    server.wait_for_log("2 unfinished answers are taken up again");
    let after = platform(&server);
    let asked = recorder.wait_for(4);
    let ids = |follower: &str| {
        let asked = asked.iter().filter(|asked| asked.follower == follower);
        let mut ids: Vec<_> = asked.map(|asked| &*asked.webhook_id).collect();
        assert_eq!(ids.len(), 2, "{follower}");
        ids.dedup();
        ids
    };
    assert_eq!((ids("Ada").len(), ids("Ben").len()), (1, 1));

    let repeat = tokio::spawn({
        let (after, repeated) = (after.clone(), repeated.clone());
        async move { after.deliver(&repeated).await }
    });
    server.wait_for_metrics(|metrics| {
        metrics.get(r#"echostr_deliveries_total{outcome="joined"}"#) > 0.5
    });
    gate.open(QUESTION);
    let exchange = repeat.await.expect("it was delivered");
    assert_eq!(text_shown(&after.shown(&repeated, &exchange)), ANSWER);
    // Nothing more came for this one, so it waits until the follower asks for it.
    let outcome = after.push(&Push::text("1").by("Ben")).await;
    assert_eq!(text_shown(&outcome.shown), ANSWER);
    assert_eq!(recorder.asked().len(), 4, "nobody was asked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_in_time_is_answered_by_the_server_that_stops() {
    let gate = Gate::default();
    let recorder = Recorder::behind(&gate, ANSWER);
    let mut server = Server::start(&format!("{SHOP}{}", recorder.bot()));
    let platform = platform(&server);
    let asking = tokio::spawn(async move { platform.push(&Push::text(QUESTION)).await });
    recorder.wait_for(1);
    server.terminate();
    server.wait_for_log("stopping");
    gate.open(QUESTION);
    let outcome = asking.await.expect("it was pushed");
    assert_eq!(text_shown(&outcome.shown), ANSWER);
    let (log, status) = server.wait_for_end();
    assert!(status.success(), "{log}");
}
