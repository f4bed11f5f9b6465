//! A PostgreSQL that goes away under load and comes back: followers notice nothing, and nothing of it is missing afterwards.

mod common;
#[path = "../../store/tests/common/postgres.rs"]
mod postgres;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use common::metrics::Metrics;
use common::program::{Recorder, says};
use common::{Folder, Link, SHOP, Server, TOKEN, text_shown};
use echostr_protocol::Reply;
use echostr_simulator::{Mode, Platform, Push};
use postgres::Postgres;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep, sleep_until};

const PROGRAM_TOKEN: &str = "ProgramProgram";
const FOLLOWERS: u32 = 40;

/// Messages in a second, and how long they come before, during and after the outage.
const PER_SECOND: u32 = 150;
const BEFORE: Duration = Duration::from_secs(3);
const OUTAGE: Duration = Duration::from_secs(20);
const AFTER: Duration = Duration::from_secs(5);

/// The slowest answer of the echo bot: a second until it is clear that the database is away, and a busy machine.
const AT_ONCE: Duration = Duration::from_millis(3500);

/// What followers were told: the text by the id of the message.
type Told = BTreeMap<u64, String>;

#[tokio::test(flavor = "multi_thread")]
async fn followers_notice_nothing_of_a_database_that_is_away_and_all_is_there_afterwards() {
    let postgres = Arc::new(Postgres::start());
    let database = postgres.database();
    let recorder = Recorder::start(|asked| {
        // On the first, the second and the third delivery.
        let number: u64 = asked.content.parse().expect("a number");
        std::thread::sleep(Duration::from_millis(number % 100 * 83));
        says(&answer(&asked.content))
    });
    let settings = format!(
        "[open_access]\nenabled = false\n{SHOP}[[account]]\nid = \"program\"\ntoken = \"{PROGRAM_TOKEN}\"\n{}",
        recorder.bot()
    );
    let folder = Arc::new(Folder::new());
    let server = Arc::new(Server::start_on(&database, &folder, &settings));

    let writing = tokio::spawn(writes(Arc::clone(&server)));
    sleep(BEFORE).await;
    let metrics = server.metrics();
    assert!(!is_away(&metrics), "{metrics:?}");
    let stopping = Arc::clone(&postgres);
    spawn_blocking(move || stopping.stop())
        .await
        .expect("it is stopped");
    let start = Instant::now();
    server.wait_for_metrics(is_away);
    while start.elapsed() < OUTAGE {
        assert_eq!(server.get("/readyz").status, 200);
        assert!(is_away(&server.metrics()));
        sleep(Duration::from_millis(500)).await;
    }
    let starting = Arc::clone(&postgres);
    spawn_blocking(move || starting.resume())
        .await
        .expect("it is started");
    server.wait_for_metrics(|metrics| !is_away(metrics));
    let told = writing.await.expect("every message was answered");
    let metrics =
        server.wait_for_metrics(|metrics| metrics.get("echostr_journal_queue_records") < 0.5);
    metrics.check(&[
        ("echostr_journal_away", 0.0),
        ("echostr_journal_queue_bytes", 0.0),
        ("echostr_journal_lost_records_total", 0.0),
    ]);
    let log = server.log();
    for line in [
        "cannot write the journal",
        "the journal can be written again",
    ] {
        assert_eq!(log.matches(line).count(), 1, "{log}");
    }
    assert_is_once(&postgres, &database, &told);
    let asked = recorder.asked();
    let n_slow = told.values().filter(|text| text.starts_with('答')).count();
    assert_eq!(asked.len(), n_slow, "the program is asked once for each");
}

/// Messages at their rate, each looked at; what was told.
async fn writes(server: Arc<Server>) -> Told {
    let platforms = Arc::new([
        server.platform("/mp/shop", TOKEN, Mode::Plain),
        server.platform("/mp/program", PROGRAM_TOKEN, Mode::Plain),
    ]);
    let start = Instant::now();
    let n_seconds = u32::try_from((BEFORE + OUTAGE + AFTER).as_secs()).expect("not so many");
    let n_messages = n_seconds * PER_SECOND;
    let mut writing: Vec<JoinHandle<Told>> = Vec::new();
    for number in 0..n_messages {
        sleep_until(start + Duration::from_secs(1) * number / PER_SECOND).await;
        let platforms = Arc::clone(&platforms);
        writing.push(tokio::spawn(async move {
            let [shop, program] = &*platforms;
            match number % 50 {
                7 => asks(program, number).await,
                11 => reads_on(shop, number).await,
                _ => echoes(shop, number).await,
            }
        }));
    }
    let mut told = Told::new();
    for writing in writing {
        told.extend(writing.await.expect("it is answered in time"));
    }
    told
}

/// The text comes back on the first delivery.
async fn echoes(platform: &Platform, number: u32) -> Told {
    let text = format!("第 {number} 条");
    let (msg_id, shown) = at_once(platform, Push::text(&text).by(follower(number))).await;
    assert_eq!(shown, text);
    Told::from([(msg_id, shown)])
}

/// A text in two pages.
async fn reads_on(platform: &Platform, number: u32) -> Told {
    let text = format!("{number}一二三四五六七八九十").repeat(90);
    let follower = follower(number);
    let (first_id, first) = at_once(platform, Push::text(&text).by(&*follower)).await;
    let link = Link::of(&first).expect("a link to the rest");
    let (rest_id, rest) = at_once(platform, link.tap(&follower)).await;
    assert_eq!(link.before + &rest, text);
    Told::from([(first_id, first), (rest_id, rest)])
}

async fn at_once(platform: &Platform, push: Push) -> (u64, String) {
    let start = Instant::now();
    let outcome = platform.push(&push).await;
    let took = start.elapsed();
    assert!(
        took < AT_ONCE && outcome.deliveries.len() == 1,
        "{took:?}: {outcome:?}"
    );
    let msg_id = push.msg_id.expect("a message");
    (msg_id, text_shown(&outcome.shown).to_owned())
}

/// A program's answer comes on one of three deliveries.
async fn asks(platform: &Platform, number: u32) -> Told {
    let text = number.to_string();
    let push = Push::text(&text).by(follower(number));
    let outcome = platform.push(&push).await;
    let shown = text_shown(&outcome.shown);
    assert_eq!(shown, answer(&text));
    Told::from([(push.msg_id.expect("a message"), shown.to_owned())])
}

fn answer(question: &str) -> String {
    format!("答：{question}")
}

fn follower(number: u32) -> String {
    format!("follower-{}", number % FOLLOWERS)
}

fn is_away(metrics: &Metrics) -> bool {
    metrics.get("echostr_journal_away") > 0.5
}

/// Every message stands in the database once, with what was told.
#[track_caller]
fn assert_is_once(postgres: &Postgres, database: &str, told: &Told) {
    let counts = postgres.psql(
        database,
        "SELECT count(*), count(DISTINCT msg_id), count(reply) FROM messages",
    );
    let n_told = told.len();
    assert_eq!(counts, format!("{n_told}|{n_told}|{n_told}"));
    let rows = postgres.psql(database, "SELECT msg_id, reply FROM messages");
    let journaled: Told = rows
        .lines()
        .map(|row| {
            let (msg_id, reply) = row.split_once('|').expect("two columns");
            let text = match serde_json::from_str(reply).expect("a reply") {
                Reply::Text(text) => text,
                other => panic!("{other:?}"),
            };
            (msg_id.parse().expect("a number"), text)
        })
        .collect();
    assert_eq!(journaled, *told);
}
