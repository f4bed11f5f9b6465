//! What a record costs: rows per second and CPU per record by the size of the batch, and how long commits take under a
//! constant load. `cargo bench -p echostr-store`, with a folder on the disk in question as `ECHOSTR_BENCH_DATA`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use echostr::journal::{Commit, Delivery, Ended, PushId, Received, Record, Replied, Written};
use echostr::{Journal, Message, Reply};
use echostr_protocol::{Document, Str};
use echostr_store::{Place, Retention, SqlJournal};

const FOLLOWERS: u64 = 1000;
const START: u64 = 1_761_000_000;

fn main() {
    let data = std::env::var_os("ECHOSTR_BENCH_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from)
        .join("journal-bench");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    println!("a message is a push with its reply and one delivery: two records\n");
    println!("batch   messages/s   CPU per message");
    for batch in [1, 16, 64, 256] {
        let mut best = (0.0, f64::MAX);
        for _ in 0..3 {
            let (rate, cpu) = runtime.block_on(batches(&data, batch));
            best = if cpu < best.1 { (rate, cpu) } else { best };
        }
        println!("{batch:>5} {:>12.0} {:>12.1} µs", best.0, best.1);
    }
    println!("\nopen loop   p50      p99    p99.9      max   log at the end   CPU per message");
    for per_second in [2000, 5000, 10_000] {
        runtime.block_on(open_loop(&data, per_second, Duration::from_secs(15)));
    }
    let _ = fs::remove_dir_all(&data);
}

/// So many messages in each transaction: those of one call are written together.
async fn batches(data: &Path, batch: u64) -> (f64, f64) {
    let n_messages = 2000 * batch.min(48);
    let calls: Vec<Vec<Record>> = (0..n_messages)
        .step_by(usize::try_from(batch).expect("small"))
        .map(|first| (first..first + batch).flat_map(message).collect())
        .collect();
    let journal = fresh(data).await;
    let (start, cpu) = (Instant::now(), cpu_us());
    let n_calls = calls.len() as u64;
    for call in calls {
        assert_eq!(journal.write(call).wait().await, Written::Done);
    }
    let (wall, cpu) = (start.elapsed(), cpu_us() - cpu);
    journal.close().await;
    let n_messages = float(n_calls * batch);
    (n_messages / wall.as_secs_f64(), cpu / n_messages)
}

/// Messages at a constant rate, whatever becomes of those before.
async fn open_loop(data: &Path, per_second: u64, time: Duration) {
    let journal = Arc::new(fresh(data).await);
    let (start, cpu) = (Instant::now(), cpu_us());
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
    let cpu = (cpu_us() - cpu) / float(n);
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 1000].as_secs_f64() * 1000.0;
    let log = fs::metadata(data.join("echostr.db-wal")).map_or(0, |about| about.len());
    println!(
        "{per_second:>7}/s {:>6.1} {:>8.1} {:>8.1} {:>8.1} ms {:>10.1} MiB {cpu:>14.1} µs",
        at(500),
        at(990),
        at(999),
        at(1000),
        float(log) / 1_048_576.0,
    );
    if let Some(journal) = Arc::into_inner(journal) {
        journal.close().await;
    }
}

async fn fresh(data: &Path) -> SqlJournal {
    let _ = fs::remove_dir_all(data);
    let retention = Retention {
        journal_days: 0,
        ..Retention::default()
    };
    SqlJournal::open(&Place::Folder(data.to_owned()), retention)
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
