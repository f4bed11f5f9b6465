//! What an owner can look at: the metrics, and the commands that read the journal.

mod common;

use std::process::Output;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::metrics::Metrics;
use common::program::{Gate, Recorder, says};
use common::{
    Folder, Link, PATIENCE, Request, SHOP, Server, TOKEN, run, signed, text_push, text_shown,
};
use echostr_simulator::{Clock, Envelope, Exchange, Mode, Platform, Push, Transport};
use tokio::task::spawn_blocking;

const PROGRAM_TOKEN: &str = "ProgramProgram";

/// Hurries with all but what it measures: a repeat that comes less than 3 s later would not be another delivery.
const CLOSED_AFTER: Duration = Duration::from_millis(3100);

fn text_of(platform: &Platform, envelope: &Envelope, exchange: &Exchange) -> String {
    text_shown(&platform.shown(envelope, exchange)).to_owned()
}

/// Asks, and has the program answer when delivery `number` waits.
async fn answered_on(server: Arc<Server>, platform: Platform, gate: Gate, number: u32) {
    let question = format!("Ready on delivery {number}");
    let envelope = platform.envelope(&Push::text(&question).by(&*question));
    for _ in 1..number {
        let exchange = platform.deliver(&envelope).await;
        assert_eq!(exchange.answer.err(), Some(Transport::TimedOut));
    }
    let delivery = platform.deliver(&envelope);
    let opening = async {
        // Both second deliveries have joined, or all.
        let joined = move |metrics: &Metrics| {
            metrics.get(r#"echostr_deliveries_total{outcome="joined"}"#) > f64::from(number) - 0.5
        };
        let waiting = spawn_blocking(move || server.wait_for_metrics(joined));
        waiting.await.expect("it has joined");
        gate.open(&question);
    };
    let (exchange, ()) = tokio::join!(delivery, opening);
    assert_eq!(text_of(&platform, &envelope, &exchange), "Here it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_count_what_deliveries_and_answers_come_to() {
    let gate = Gate::default();
    let recorder = Recorder::behind(&gate, "Here it is");
    let server = Arc::new(Server::start(&format!(
        "{SHOP}[[account]]\nid = \"program\"\ntoken = \"{PROGRAM_TOKEN}\"\n{}",
        recorder.bot()
    )));
    server.metrics().check(&[
        ("echostr_jobs_running", 0.0),
        ("echostr_deliveries_held", 0.0),
        ("echostr_answers_unread", 0.0),
        ("echostr_journal_away", 0.0),
    ]);

    let mut slow = server.platform("/mp/program", PROGRAM_TOKEN, Mode::Plain);
    slow.clock.deadline = CLOSED_AFTER;
    let slow = [2, 3].map(|number| {
        let server = Arc::clone(&server);
        tokio::spawn(answered_on(server, slow.clone(), gate.clone(), number))
    });

    // On the first delivery; and again the same.
    let shop = server.platform("/mp/shop", TOKEN, Mode::Plain);
    let envelope = shop.envelope(&Push::text("hello"));
    for _ in 0..2 {
        let exchange = shop.deliver(&envelope).await;
        assert_eq!(text_of(&shop, &envelope, &exchange), "hello");
    }
    // In two pages, the second by a tap.
    let long = "一二三四五六七八九十".repeat(100);
    let outcome = shop.push(&Push::text(&long).by("reader")).await;
    let link = Link::of(text_shown(&outcome.shown)).expect("a link");
    server.wait_for_metrics(|metrics| metrics.get("echostr_answers_unread") > 0.0);
    let outcome = shop.push(&link.tap("reader")).await;
    assert_eq!(text_shown(&outcome.shown), &long[link.before.len()..]);
    // Refused.
    server.get("/mp/shop?signature=1");
    let target = signed("/mp/shop", TOKEN, "");
    let too_large = vec![b' '; (1 << 20) + 1];
    for body in [b"<xml>".as_slice(), &too_large, &too_large] {
        server.send(&Request::post(&target, body));
    }

    for slow in slow {
        slow.await.expect("it was answered");
    }
    let metrics = server.wait_for_metrics(|metrics| {
        metrics.get("echostr_jobs_running") + metrics.get("echostr_answers_unread") < 0.5
    });
    metrics.check(&[
        // Both slow ones, `hello`, the long one, and the tap.
        (r#"echostr_deliveries_total{outcome="first"}"#, 5.0),
        (r#"echostr_deliveries_total{outcome="joined"}"#, 3.0),
        (r#"echostr_deliveries_total{outcome="same_again"}"#, 1.0),
        (r#"echostr_deliveries_total{outcome="held"}"#, 3.0),
        (r#"echostr_deliveries_total{outcome="given_up"}"#, 0.0),
        (r#"echostr_answers_total{delivery="1"}"#, 2.0),
        (r#"echostr_answers_total{delivery="2"}"#, 1.0),
        (r#"echostr_answers_total{delivery="3"}"#, 1.0),
        (r#"echostr_answers_total{delivery="outbox"}"#, 1.0),
        // `hello` was answered in a moment and is no job.
        (r#"echostr_jobs_total{outcome="answered"}"#, 3.0),
        (r#"echostr_rejected_total{reason="bad_signature"}"#, 1.0),
        (r#"echostr_rejected_total{reason="bad_xml"}"#, 1.0),
        (r#"echostr_rejected_total{reason="too_large"}"#, 2.0),
        ("echostr_deliveries_held", 0.0),
        ("echostr_journal_away", 0.0),
        ("echostr_journal_lost_records_total", 0.0),
    ]);
    let count = |name: &str| metrics.get(&format!("echostr_journal_{name}_count"));
    assert!(count("commit_seconds") > 4.0, "{metrics:?}");
    assert!(count("batch_records") > 4.0, "{metrics:?}");
}

#[track_caller]
fn check(output: &Output, code: i32, said: &[&str]) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let all = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{all}");
    for words in said {
        assert!(all.contains(words), "no `{words}` in:\n{all}");
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_read_the_journal_while_the_server_runs_and_after() {
    let folder = Arc::new(Folder::new());
    check(
        &run(&folder, &["message", "list"]),
        1,
        &["there is no database at", "--data"],
    );
    let gate = Gate::default();
    let recorder = Recorder::behind(&gate, "Here it is");
    let mut server = Server::start_in(
        &folder,
        &format!(
            "{SHOP}[[account]]\nid = \"program\"\ntoken = \"{PROGRAM_TOKEN}\"\n{}",
            recorder.bot()
        ),
    );
    let shop = server.platform("/mp/shop", TOKEN, Mode::Plain);
    let outcome = shop.push(&Push::text("hello\u{1b}[31m").by("Ada")).await;
    assert_eq!(text_shown(&outcome.shown), "hello[31m");
    let long = "一二三四五六七八九十".repeat(100);
    let outcome = shop.push(&Push::text(&long).by("Ben")).await;
    assert!(Link::of(text_shown(&outcome.shown)).is_some());
    let mut program = server.platform("/mp/program", PROGRAM_TOKEN, Mode::Plain);
    program.clock = Clock {
        deadline: Duration::from_secs(2),
        deliveries: 2,
    };
    // The first delivery is closed, the second is answered.
    let slow = Push::text("slow").by("Cai");
    let asking = tokio::spawn(async move { program.push(&slow).await });
    server.wait_for_metrics(|metrics| {
        metrics.get(r#"echostr_deliveries_total{outcome="joined"}"#) > 0.0
    });
    gate.open("slow");
    let outcome = asking.await.expect("it was pushed");
    assert_eq!(text_shown(&outcome.shown), "Here it is");
    // How a delivery ended is written a moment later.
    wait_until_said(&folder, &["message", "show", "3"], "已回答 · answered");

    for is_running in [true, false] {
        if !is_running {
            server.terminate();
            let (log, status) = server.wait_for_end();
            assert!(status.success(), "{log}");
        }
        let list = run(&folder, &["message", "list", "--json"]);
        let list = check(&list, 0, &[]);
        let list: Vec<serde_json::Value> = list
            .lines()
            .map(|line| serde_json::from_str(line).expect("an object on each line"))
            .collect();
        let facts: Vec<_> = list
            .iter()
            .map(|entry| {
                let text = |name: &str| entry[name].as_str().unwrap_or_default();
                (text("account"), text("follower"), text("answered_by"))
            })
            .collect();
        assert_eq!(
            facts,
            [
                ("program", "Cai", "http"),
                ("shop", "Ben", "echo"),
                ("shop", "Ada", "echo"),
            ]
        );
        let id = |place: usize| list[place]["id"].to_string();
        let table = check(
            &run(
                &folder,
                &["message", "list", "--account", "shop", "--limit", "1"],
            ),
            0,
            &["Ben", "echo", &format!("--before {}", id(1))],
        );
        assert!(!table.contains("Ada") && !table.contains("Cai"), "{table}");
        check(
            &run(&folder, &["message", "show", &id(0)]),
            0,
            &[
                "Cai",
                "slow",
                "Here it is",
                "http",
                "平台先断开，等下一次",
                "已回答 · answered",
            ],
        );
        let shown = check(
            &run(&folder, &["message", "show", &id(2)]),
            0,
            &["hello[31m", "Ada", "echo"],
        );
        assert!(!shown.contains('\u{1b}'), "it steers the terminal");
        check(&run(&folder, &["message", "show", "99"]), 1, &["99"]);
        let found = ["message", "list", "--search", "hello"];
        let found = check(&run(&folder, &found), 0, &["Ada"]);
        assert!(!found.contains("Ben") && !found.contains("Cai"), "{found}");
        let table = ["message", "list", "--kind", "image"];
        check(&run(&folder, &table), 0, &["no messages"]);
        let table = check(
            &run(&folder, &["follower", "list"]),
            0,
            &["Ada", "Ben", "Cai"],
        );
        assert!(table.find("Cai") < table.find("Ada"), "{table}");
        let export = check(
            &run(&folder, &["follower", "export", "shop", "Ada"]),
            0,
            &[],
        );
        let export: serde_json::Value =
            serde_json::from_str(&export).unwrap_or_else(|error| panic!("{error}: {export:?}"));
        assert_eq!(export["follower"], "Ada");
        assert_eq!(export["messages"].as_array().map(Vec::len), Some(1));
        assert!(!export.to_string().contains("Ben"), "{export}");
        let unread = check(&run(&folder, &["answer", "list"]), 0, &["Ben", "3000"]);
        assert!(!unread.contains("Ada"), "{unread}");
    }
}

/// Runs the command until it says this.
#[track_caller]
fn wait_until_said(folder: &Folder, arguments: &[&str], words: &str) {
    let start = Instant::now();
    loop {
        let said = check(&run(folder, arguments), 0, &[]);
        if said.contains(words) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "no `{words}` in:\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_is_forgotten_while_the_server_runs_and_after() {
    for is_running in [true, false] {
        let folder = Arc::new(Folder::new());
        let mut server = Server::start_in(&folder, SHOP);
        let shop = server.platform("/mp/shop", TOKEN, Mode::Plain);
        let long = "一二三四五六七八九十".repeat(100);
        let outcome = shop.push(&Push::text(&long).by("Ben")).await;
        let link = Link::of(text_shown(&outcome.shown)).expect("a link");
        shop.push(&link.tap("Ben")).await;
        shop.push(&Push::text("hello").by("Ada")).await;
        // What is still being worked on would be written down.
        server.wait_for_metrics(|metrics| metrics.get("echostr_jobs_running") < 0.5);
        if !is_running {
            server.terminate();
            server.wait_for_end();
        }

        let forget = ["follower", "forget", "shop", "Ben"];
        check(&run(&folder, &forget), 2, &["--yes"]);
        wait_until_said(&folder, &["message", "list"], "Ben");
        let forget = [&forget[..], &["--yes"]].concat();
        check(&run(&folder, &forget), 0, &["2 message(s), 1 answer(s)"]);
        check(&run(&folder, &forget), 1, &["没有这个关注者", "Ben"]);
        let list = check(&run(&folder, &["message", "list"]), 0, &["Ada"]);
        assert!(!list.contains("Ben"), "{list}");
        check(&run(&folder, &["answer", "list"]), 0, &["no answer waits"]);
        check(
            &run(&folder, &["message", "list", "--follower", "Ben"]),
            0,
            &["no messages"],
        );

        // The server notices: the link leads nowhere, and a new message is the first one.
        if !is_running {
            server = Server::start_in(&folder, SHOP);
        }
        let shop = server.platform("/mp/shop", TOKEN, Mode::Plain);
        let outcome = shop.push(&link.tap("Ben")).await;
        assert_eq!(text_shown(&outcome.shown), "这条回答已过期");
        let outcome = shop.push(&Push::text("again").by("Ben")).await;
        assert_eq!(text_shown(&outcome.shown), "again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_who_is_forgotten_while_an_answer_is_made_stays_forgotten() {
    let gate = Gate::default();
    let recorder = Recorder::behind(&gate, "Here it is");
    let folder = Arc::new(Folder::new());
    let server = Server::start_in(&folder, &format!("{SHOP}{}", recorder.bot()));
    let mut shop = server.platform("/mp/shop", TOKEN, Mode::Plain);
    shop.clock = Clock {
        deadline: Duration::from_millis(300),
        deliveries: 1,
    };
    shop.push(&Push::text("slow").by("Ben")).await;
    wait_until_said(&folder, &["message", "show", "1"], "平台先断开，等下一次");
    let forget = ["follower", "forget", "shop", "Ben", "--yes"];
    check(&run(&folder, &forget), 0, &["1 message(s)"]);

    let batches = |metrics: &Metrics| metrics.get("echostr_journal_batch_records_count");
    let before = batches(&server.metrics());
    gate.open("slow");
    // The answer is to be kept for who does not fetch it.
    server.wait_for_metrics(|metrics| batches(metrics) > before);
    check(
        &run(&folder, &["answer", "list", "--all"]),
        0,
        &["no answer"],
    );
    check(&run(&folder, &["message", "list"]), 0, &["no messages"]);
}

#[test]
fn the_time_of_an_answer_does_not_count_from_the_second_in_which_it_was_written() {
    let program = Recorder::start(|_| says("好"));
    let folder = Arc::new(Folder::new());
    let server = Server::start_in(&folder, &format!("{SHOP}{}", program.bot()));
    let target = signed("/mp/shop", TOKEN, "");
    // After three the clock of the platform is known; the last one was written two seconds before it came.
    for msg_id in 1..=4 {
        let mut push = text_push("在吗", msg_id);
        if msg_id == 4 {
            push = push.replace("<CreateTime>1761069225<", "<CreateTime>1761069223<");
        }
        let answer = server.send(&Request::post(&target, push.as_bytes()));
        assert!(answer.text().contains("好"), "{answer:?}");
    }
    let listed = run(&folder, &["message", "list", "--limit", "1", "--json"]);
    let last: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    assert_eq!(last["created_at"], 1_761_069_223);
    let latency_ms = last["latency_ms"].as_i64().expect("it was answered");
    assert!(latency_ms < 1500, "{last}");
}
