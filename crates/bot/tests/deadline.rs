//! Repeats get the same answer, what is not ready in time is held. The clock is tokio's and stands still until everybody
//! waits.

mod common;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use common::{
    FALLBACK, deliver, deliver_as, listen, modes, platform, shop, shown, soon, text_shown,
};
use echostr::prelude::*;
use echostr::protocol::Document;
use echostr_simulator::{Cause, Course, Exchange, Mode, Push, Shown, Xml};
use futures_util::future::join_all;
use futures_util::stream;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// How often a handler ran.
#[derive(Clone, Default)]
struct Runs(Arc<AtomicUsize>);

impl Runs {
    /// The number of this run, from 1.
    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn so_far(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Answers a message with the number of the run, so that no two runs give the same.
fn counting() -> (Bot, Runs) {
    let runs = Runs::default();
    let bot = Bot::new()
        .on(async |_: Message, State(runs): State<Runs>| format!("run {}", runs.next()))
        .state(runs.clone())
        .account(shop());
    (bot, runs)
}

/// What is held is given up with this when the platform does not close it.
const HELD: Shown = Shown::Failure(Cause::Status(503));

/// A handler that is ready after so many milliseconds.
async fn check_slow(handler_ms: u64, push: &Push, expected: Option<&str>, answered_after_ms: u64) {
    let bot = slow(Duration::from_millis(handler_ms));
    let start = Instant::now();
    let shown = shown(&bot, push).await;
    match expected {
        Some(text) => assert_eq!(text_shown(&shown), text, "{handler_ms} ms, {push:?}"),
        None => assert_eq!(shown, Shown::Nothing, "{handler_ms} ms, {push:?}"),
    }
    assert_took(start, answered_after_ms);
}

/// A bot that takes its time for everything.
fn slow(time: Duration) -> Bot {
    Bot::new()
        .on(async |_: Message, State(time): State<Duration>| {
            tokio::time::sleep(time).await;
            "ready"
        })
        .state(time)
        .account(shop())
}

#[track_caller]
fn assert_took(start: Instant, expected_ms: u64) {
    // Tokio's clock goes in steps of a millisecond.
    let took = start.elapsed().as_millis();
    let expected = u128::from(expected_ms);
    assert!(
        (expected..=expected + 2).contains(&took),
        "answered after {took} ms"
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_is_answered_until_half_a_second_before_the_platform_gives_up_and_held_then() {
    check_slow(0, &Push::text("hello"), Some("ready"), 0).await;
    check_slow(4_490, &Push::text("hello"), Some("ready"), 4_490).await;
    for handler_ms in [4_510, 3_600_000] {
        let start = Instant::now();
        let shown = shown(
            &slow(Duration::from_millis(handler_ms)),
            &Push::text("hello"),
        )
        .await;
        assert_eq!(shown, HELD);
        assert_took(start, 7_000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_handler_is_answered_for_with_the_welcome_the_fallback_or_nothing() {
    for (push, expected) in [
        (Push::subscribe(), Some("Hi~ 终于等到你")),
        (Push::scan("7", "t"), None),
        (Push::click("menu-1"), None),
        (Push::view("https://example.com", "1"), None),
        (Push::unsubscribe(), None),
        (Push::template_sent(7, "success"), None),
    ] {
        check_slow(4_510, &push, expected, 4_500).await;
    }
    check_slow(4_490, &Push::subscribe(), Some("ready"), 4_490).await;
}

#[tokio::test(start_paused = true)]
async fn the_time_that_the_body_takes_is_the_handlers() {
    for (handler_ms, is_ready, ends_after_ms) in [(3_490, true, 4_490), (3_510, false, 7_000)] {
        let platform = platform("http://localhost/", Mode::Plain);
        let envelope = platform.envelope(&Push::text("hello"));
        let content = envelope.body.clone();
        let body = Body::from_stream(stream::once(async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, Infallible>(content)
        }));
        let bot = slow(Duration::from_millis(handler_ms));
        let start = Instant::now();
        let delivery = deliver_as(&bot, &platform, &envelope, body).await;
        let shown = platform.shown(&envelope, &delivery);
        if is_ready {
            assert_eq!(text_shown(&shown), "ready");
        } else {
            assert_eq!(shown, HELD);
        }
        assert_took(start, ends_after_ms);
    }
}

#[tokio::test(start_paused = true)]
async fn a_repeat_joins_the_run_that_is_under_way_and_gets_its_answer_at_once() {
    let runs = Runs::default();
    let bot = Bot::new()
        .on(async |_: Text, State(runs): State<Runs>| {
            let run = runs.next();
            tokio::time::sleep(Duration::from_secs(3)).await;
            format!("run {run}")
        })
        .state(runs.clone())
        .account(shop());
    let platform = platform("http://localhost/", Mode::Plain);
    let envelope = platform.envelope(&Push::text("hello"));
    // The clock moves on only when all deliveries wait.
    let start = Instant::now();
    let deliveries = join_all((0..5).map(|_| deliver(&bot, &platform, &envelope))).await;
    assert_eq!(start.elapsed().as_secs(), 3);
    for delivery in &deliveries {
        assert_eq!(text_shown(&platform.shown(&envelope, delivery)), "run 1");
    }
    // One that comes later has nothing to wait for.
    let repeat = deliver(&bot, &platform, &envelope).await;
    assert_eq!(text_shown(&platform.shown(&envelope, &repeat)), "run 1");
    assert_eq!(start.elapsed().as_secs(), 3);
    assert_eq!(runs.so_far(), 1);
}

#[tokio::test]
async fn a_repeat_of_a_message_or_an_event_gets_the_same_answer() {
    let (bot, runs) = counting();
    let platform = platform("http://localhost/", Mode::Plain);
    for push in [
        Push::text("hello"),
        Push::subscribe(),
        Push::click("menu-1"),
    ] {
        let n_before = runs.so_far();
        let envelope = platform.envelope(&push);
        for _ in 0..3 {
            let delivery = deliver(&bot, &platform, &envelope).await;
            let expected = format!("run {}", n_before + 1);
            assert_eq!(text_shown(&platform.shown(&envelope, &delivery)), expected);
        }
        assert_eq!(runs.so_far(), n_before + 1);
    }
}

#[tokio::test]
async fn what_is_no_repeat_runs_again() {
    let (bot, runs) = counting();
    let text = Push::text("hello");
    let click = |key: &str, created_at| {
        let mut push = Push::click(key);
        push.created_at = created_at;
        push
    };
    let mut numbered = text.clone();
    numbered.msg_id = Some(7);
    let pushes = [
        text.clone(),
        // Another follower may have the same number.
        text.clone().by("oAnn"),
        numbered,
        Push::text("hello"),
        // In one second, by one follower.
        click("menu-1", 1_761_069_225),
        click("menu-2", 1_761_069_225),
        click("menu-1", 1_761_069_226),
    ];
    for (number, push) in pushes.iter().enumerate() {
        assert_eq!(
            text_shown(&shown(&bot, push).await),
            format!("run {}", number + 1)
        );
    }
    // And all of them again.
    for (number, push) in pushes.iter().enumerate() {
        assert_eq!(
            text_shown(&shown(&bot, push).await),
            format!("run {}", number + 1)
        );
    }
    assert_eq!(runs.so_far(), pushes.len());
}

#[tokio::test]
async fn a_failure_is_not_tried_again_by_a_repeat() {
    let runs = Runs::default();
    let bot = Bot::new()
        .on(async |_: Text, State(runs): State<Runs>| -> &str {
            panic!("in run {}", runs.next());
        })
        .state(runs.clone())
        .account(shop());
    let push = Push::text("hello");
    for _ in 0..3 {
        assert_eq!(text_shown(&shown(&bot, &push).await), FALLBACK);
    }
    assert_eq!(runs.so_far(), 1);
}

/// A bot whose handler says that it has begun and waits until it may end.
struct Gate {
    bot: Bot,
    runs: Runs,
    begun: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    fn new() -> Self {
        #[derive(Clone)]
        struct Signals(Arc<Semaphore>, Arc<Semaphore>);
        let (runs, begun, open) = (
            Runs::default(),
            Arc::new(Semaphore::new(0)),
            Arc::new(Semaphore::new(0)),
        );
        let bot = Bot::new()
            .on(
                async |_: Text,
                       State(runs): State<Runs>,
                       State(Signals(begun, open)): State<Signals>| {
                    let run = runs.next();
                    begun.add_permits(1);
                    let _ = open.acquire().await;
                    format!("run {run}")
                },
            )
            .state(runs.clone())
            .state(Signals(Arc::clone(&begun), Arc::clone(&open)))
            .account(shop());
        Self {
            bot,
            runs,
            begun,
            open,
        }
    }

    /// Gives `delivery` up as soon as the handler has begun.
    async fn give_up(&self, delivery: impl Future<Output = Exchange>) {
        tokio::select! {
            exchange = delivery => panic!("it was answered: {:?}", exchange.answer),
            _ = soon(self.begun.acquire()) => {}
        }
    }
}

#[tokio::test]
async fn a_closed_connection_does_not_end_the_run() {
    let gate = Gate::new();
    let platform = platform("http://localhost/", Mode::Plain);
    let envelope = platform.envelope(&Push::text("hello"));
    gate.give_up(deliver(&gate.bot, &platform, &envelope)).await;
    gate.open.add_permits(1);
    let second = soon(deliver(&gate.bot, &platform, &envelope)).await;
    assert_eq!(text_shown(&platform.shown(&envelope, &second)), "run 1");
    assert_eq!(gate.runs.so_far(), 1);
}

#[tokio::test]
async fn a_connection_closed_by_the_platform_does_not_end_the_run() {
    let gate = Gate::new();
    let address = listen(gate.bot.clone().router().expect("all is there")).await;
    let platform = platform(&format!("http://{address}/mp/shop"), Mode::Plain);
    let envelope = platform.envelope(&Push::text("hello"));
    gate.give_up(platform.deliver(&envelope)).await;
    gate.open.add_permits(1);
    let outcome = soon(platform.post(&envelope)).await;
    assert_eq!(text_shown(&outcome.shown), "run 1");
    assert_eq!(gate.runs.so_far(), 1);
}

#[tokio::test]
async fn deliveries_at_once_and_lost_answers_cost_one_run_on_a_socket() {
    for (mode, platforms_mode) in modes() {
        let (bot, runs) = counting();
        let bot = bot.account(Account { mode, ..shop() });
        let address = listen(bot.router().expect("all is there")).await;
        let mut platform = platform(&format!("http://{address}/mp/shop"), platforms_mode);
        let name = platform.mode.name();

        let envelope = platform.envelope(&Push::text("hello"));
        let at_once = soon(join_all((0..3).map(|_| platform.deliver(&envelope)))).await;
        for delivery in &at_once {
            let shown = platform.shown(&envelope, delivery);
            assert_eq!(text_shown(&shown), "run 1", "{name}");
        }

        platform.course = Course::FirstLost(Duration::from_secs(5));
        let envelope = platform.envelope(&Push::text("hello"));
        let lost = soon(platform.post(&envelope)).await;
        assert_eq!(text_shown(&lost.shown), "run 2", "{name}");
        assert_eq!(lost.deliveries.len(), 2, "{name}");
        assert_eq!(runs.so_far(), 2, "{name}");
    }
}

#[tokio::test]
async fn a_repeat_gets_the_very_same_document_sealed_anew() {
    let mut firsts = Vec::new();
    for (mode, platforms_mode) in modes() {
        let (bot, runs) = counting();
        let bot = bot.account(Account { mode, ..shop() });
        let platform = platform("http://localhost/", platforms_mode);
        let envelope = platform.envelope(&Push::text("hello"));
        let first = deliver(&bot, &platform, &envelope).await;
        firsts.push((bot, runs, platform, envelope, first));
    }
    soon(next_second()).await;
    for (bot, runs, platform, envelope, first) in firsts {
        let second = deliver(&bot, &platform, &envelope).await;
        let name = platform.mode.name();
        let document = |exchange: &Exchange| match platform.shown(&envelope, exchange) {
            Shown::Answer { document, .. } => document,
            other => panic!("no answer in {name}: {other:?}"),
        };
        // Its `CreateTime` included.
        assert_eq!(document(&first), document(&second), "{name}");
        assert_eq!(text_shown(&platform.shown(&envelope, &second)), "run 1");
        assert_eq!(runs.so_far(), 1);
        if platform.mode.sealing().is_some() {
            for part in ["Encrypt", "MsgSignature", "Nonce", "TimeStamp"] {
                let (first, second) = (part_of(&first, part), part_of(&second, part));
                assert_ne!(first, second, "{part} in {name}");
            }
        }
    }
}

/// Ready when the clock of the wall shows another second.
async fn next_second() {
    let second = || {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        since_epoch.expect("it is later than 1970").as_secs()
    };
    let before = second();
    while second() == before {
        tokio::task::yield_now().await;
    }
}

/// A part of a sealed reply.
#[track_caller]
fn part_of(exchange: &Exchange, name: &str) -> String {
    let body = exchange.answer.as_ref().expect("an answer").text();
    let document = Document::parse(body.as_bytes()).expect("a document");
    let part = document.root().child(name).expect("a sealed reply");
    part.text().to_owned()
}

/// A push is answered by the run that it began although `n_others`, more than are kept, have come meanwhile.
async fn check_kept(account: Account, n_others: usize) {
    let gate = Gate::new();
    let bot = gate.bot.clone().account(account);
    let platform = platform("http://localhost/", Mode::Plain);
    let envelope = platform.envelope(&Push::text("hello"));
    gate.give_up(deliver(&bot, &platform, &envelope)).await;
    let mut other = Push::image("https://mmbiz.qpic.cn/1", "m1");
    for number in 0..n_others {
        other.msg_id = u64::try_from(number).ok();
        deliver(&bot, &platform, &platform.envelope(&other)).await;
    }
    gate.open.add_permits(1);
    let repeat = soon(deliver(&bot, &platform, &envelope)).await;
    assert_eq!(text_shown(&platform.shown(&envelope, &repeat)), "run 1");
    assert_eq!(gate.runs.so_far(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_under_way_is_not_forgotten_however_many_pushes_come() {
    check_kept(shop(), 25_000).await;
    let open = Account {
        is_open: true,
        ..shop()
    };
    check_kept(open, 6_000).await;
}

#[tokio::test]
async fn accounts_do_not_share_answers() {
    let (bot, runs) = counting();
    let platform = platform("http://localhost/", Mode::Plain);
    let envelope = platform.envelope(&Push::text("hello"));
    let other = bot.clone().account(Account {
        id: "other".into(),
        ..shop()
    });
    for (bot, expected) in [(&bot, "run 1"), (&other, "run 2"), (&bot, "run 1")] {
        let delivery = deliver(bot, &platform, &envelope).await;
        assert_eq!(text_shown(&platform.shown(&envelope, &delivery)), expected);
    }
    assert_eq!(runs.so_far(), 2);
}

#[tokio::test]
async fn accounts_of_open_access_with_one_token_do_not_share_answers() {
    let (bot, runs) = counting();
    let bot = bot.account(Account {
        is_open: true,
        ..shop()
    });
    let mut platform = platform("http://localhost/", Mode::Plain);
    let push = Push::text("hello");
    for (gh_id, expected) in [
        ("gh_000000000001", "run 1"),
        ("gh_000000000002", "run 2"),
        ("gh_000000000001", "run 1"),
    ] {
        platform.gh_id = gh_id.into();
        let envelope = platform.envelope(&push);
        let delivery = deliver(&bot, &platform, &envelope).await;
        assert_eq!(text_shown(&platform.shown(&envelope, &delivery)), expected);
    }
    assert_eq!(runs.so_far(), 2);
}

#[tokio::test]
async fn a_push_without_a_sender_gets_success() {
    let (bot, _) = counting();
    let document = Xml::group(
        "xml",
        [
            Xml::text("InfoType", "component_verify_ticket"),
            Xml::text("AppId", "wx1"),
        ],
    );
    assert_eq!(
        shown(&bot, &Push::xml(document.to_string())).await,
        Shown::Nothing
    );
}
