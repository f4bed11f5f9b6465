//! What a record costs: rows per second and CPU per record by the size of the batch, and how long commits take under a
//! constant load. `cargo bench -p echostr-store`, with a folder on the disk in question as `ECHOSTR_BENCH_DATA`.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use echostr::journal::{Commit, Delivery, Ended, PushId, Received, Record, Replied, Written};
use echostr::{Journal, Message, Reply};
use echostr_protocol::{Document, Str};
use echostr_store::{Place, Retention, SqlJournal};

use postgres::Postgres;

#[path = "../tests/common/postgres.rs"]
mod postgres;

const FOLLOWERS: u64 = 1000;
const START: u64 = 1_761_000_000;

/// The database that is measured.
enum Ground {
    File(PathBuf),
    Server(Box<Postgres>),
}

fn main() {
    let data = std::env::var_os("ECHOSTR_BENCH_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from)
        .join("journal-bench");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let grounds = [
        ("SQLite", Ground::File(data.clone())),
        ("PostgreSQL", Ground::Server(Box::new(Postgres::start()))),
    ];
    println!("a message is a push with its reply and one delivery: two records\n");
    println!(
        "{:>10} batch   messages/s   CPU per message here   in the database",
        ""
    );
    for batch in [1, 16, 64, 256] {
        let mut best = [(0.0, f64::MAX, 0.0); 2];
        // In turns, so that what else the machine does meets both.
        for _ in 0..3 {
            for ((_, ground), best) in grounds.iter().zip(&mut best) {
                let (rate, here, there) = runtime.block_on(batches(ground, batch));
                if here + there < best.1 + best.2 {
                    *best = (rate, here, there);
                }
            }
        }
        for ((name, _), (rate, here, there)) in grounds.iter().zip(best) {
            println!("{name:>10} {batch:>5} {rate:>12.0} {here:>19.1} µs {there:>14.1} µs");
        }
    }
    println!(
        "\n{:>10} open loop   p50      p99    p99.9      max   log at the end   CPU per message here   in the database",
        ""
    );
    for per_second in [2000, 5000, 10_000] {
        for (name, ground) in &grounds {
            print!("{name:>10}");
            runtime.block_on(open_loop(ground, per_second, Duration::from_secs(15)));
        }
    }
    let _ = fs::remove_dir_all(&data);
}

/// So many messages in each transaction: those of one call are written together.
async fn batches(ground: &Ground, batch: u64) -> (f64, f64, f64) {
    let n_messages = 2000 * batch.min(48);
    let calls: Vec<Vec<Record>> = (0..n_messages)
        .step_by(usize::try_from(batch).expect("small"))
        .map(|first| (first..first + batch).flat_map(message).collect())
        .collect();
    let journal = fresh(ground).await;
    let (start, before) = (Instant::now(), ground.cpu_us());
    let n_calls = calls.len() as u64;
    for call in calls {
        assert_eq!(journal.write(call).wait().await, Written::Done);
    }
    let (wall, after) = (start.elapsed(), ground.cpu_us());
    journal.close().await;
    let n_messages = float(n_calls * batch);
    (
        n_messages / wall.as_secs_f64(),
        (after.0 - before.0) / n_messages,
        (after.1 - before.1) / n_messages,
    )
}

/// Messages at a constant rate, whatever becomes of those before.
async fn open_loop(ground: &Ground, per_second: u64, time: Duration) {
    let journal = Arc::new(fresh(ground).await);
    let (start, before) = (Instant::now(), ground.cpu_us());
    let mut waiting = Vec::new();
    let mut n = 0;
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    while start.elapsed() < time {
        tick.tick().await;
        let due =
            u64::try_from(start.elapsed().as_micros()).expect("minutes") * per_second / 1_000_000;
        while n < due {
            let began = Instant::now();
            let commit: Commit = journal.write(message(n));
            waiting.push(tokio::spawn(async move {
                assert_eq!(commit.wait().await, Written::Done);
                began.elapsed()
            }));
            n += 1;
        }
    }
    let mut times = Vec::with_capacity(waiting.len());
    for task in waiting {
        times.push(task.await.expect("a commit"));
    }
    let after = ground.cpu_us();
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 1000].as_secs_f64() * 1000.0;
    let log = match ground {
        Ground::File(data) => {
            let log = fs::metadata(data.join("echostr.db-wal")).map_or(0, |about| about.len());
            format!("{:.1} MiB", float(log) / 1_048_576.0)
        }
        Ground::Server(_) => "its own".into(),
    };
    println!(
        "{per_second:>8}/s {:>6.1} {:>8.1} {:>8.1} {:>8.1} ms {log:>12} {:>19.1} µs {:>14.1} µs",
        at(500),
        at(990),
        at(999),
        at(1000),
        (after.0 - before.0) / float(n),
        (after.1 - before.1) / float(n),
    );
    if let Some(journal) = Arc::into_inner(journal) {
        journal.close().await;
    }
}

impl Ground {
    /// CPU time of this process and of the database's, if it has some of its own.
    fn cpu_us(&self) -> (f64, f64) {
        let there = match self {
            Self::File(_) => 0.0,
            Self::Server(server) => server.cpu_us(),
        };
        (cpu_us(), there)
    }
}

async fn fresh(ground: &Ground) -> SqlJournal {
    let place = match ground {
        Ground::File(data) => {
            let _ = fs::remove_dir_all(data);
            Place::Folder(data.clone())
        }
        Ground::Server(server) => Place::Postgres(server.database().parse().expect("an address")),
    };
    let retention = Retention {
        journal_days: 0,
        ..Retention::default()
    };
    SqlJournal::open(&place, retention)
        .await
        .expect("a journal")
}

/// A text with an answer of the same length, and its delivery.
fn message(n: u64) -> Vec<Record> {
    let follower = format!(
        "osZFAyPrKrJBb2E3OA1_{:08}",
        n.wrapping_mul(2_654_435_761) % FOLLOWERS
    );
    let text = "你好，这是一条测试消息，看看日志写得多快";
    let source = format!(
        "<xml><ToUserName><![CDATA[gh_e8df390a377e]]></ToUserName><FromUserName><![CDATA[{follower}]]></FromUserName>\
         <CreateTime>{}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content>\
         <MsgId>{}</MsgId></xml>",
        START + n / 2000,
        23_000_000_000_000_000 + n * 7919
    );
    let document = Document::parse(source.as_bytes()).expect("a push");
    let message = Arc::new(Message::parse(document));
    let push = PushId::of(&Str::from("shop"), &message);
    let at_ms = message.created_at() * 1000;
    vec![
        Record::Received(Received {
            push: push.clone(),
            message,
            received_at_ms: at_ms,
            replied: Some(Replied {
                reply: Arc::new(Reply::from(text)),
                replied_at: at_ms / 1000,
                by: "echo".into(),
                delivery: 1,
                latency_ms: 2,
            }),
        }),
        Record::Delivery(
            push,
            Delivery {
                number: 1,
                arrived_at_ms: at_ms,
                ended_at_ms: at_ms + 2,
                ended: Ended::Answered,
            },
        ),
    ]
}

/// CPU time of this process, all threads.
fn cpu_us() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum();
    ticks * 10_000.0
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn float(number: u64) -> f64 {
    number as f64
}
