//! Ten thousand deliveries held at once, with as many answers being streamed: what they take in memory, and that all are
//! answered.
//!
//! Every follower asks once. The answer is written piece by piece for twelve seconds, so the platform closes two deliveries
//! after five seconds each, and the third one is answered. The server is a process of its own with the journal on the disk.
//! It needs some 10 100 file descriptors on either side (`ulimit -n`); fewer followers are named by an argument. Linux only:
//! it reads `/proc`.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use echostr::prelude::*;
use echostr::{JobLimits, Strategy, protocol::Token};
use echostr_store::{Place, Retention, SqlJournal};
use futures_util::stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until, timeout};

const TOKEN: &str = "S1qJ0JoQmYfy";
/// So often a piece comes, and so many.
const EVERY: Duration = Duration::from_secs(1);
const PIECES: u32 = 12;
/// The platform closes a delivery after this time.
const CLOSED_AFTER: Duration = Duration::from_secs(5);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    match std::env::var_os("ECHOSTR_HELD_FOLDER") {
        Some(folder) => runtime.block_on(serve(folder.as_ref())),
        None => runtime.block_on(measure()),
    }
}

/// The server: a bot that streams, with its journal in `folder`.
async fn serve(folder: &std::path::Path) {
    let journal = SqlJournal::open(&Place::Folder(folder.to_owned()), Retention::default())
        .await
        .expect("a journal");
    let account = Account {
        delivery: Strategy::Patient,
        ..Account::new("shop", token())
    };
    let bot = Bot::new()
        .with_job_limits(JobLimits::default())
        .journal(Arc::new(journal))
        .account(account)
        .on(async |text: Text| {
            let name = text.content.to_string();
            TextStream::new(stream::unfold((0, name), async |(number, name)| {
                if number == PIECES {
                    return None;
                }
                sleep(EVERY).await;
                let piece = format!("第 {number} 句，给{name}。");
                Some((piece, (number + 1, name)))
            }))
        });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    let router = bot.router().expect("all states are there");
    let app = move |request| {
        let answer = tower::ServiceExt::oneshot(router.clone(), request);
        async move { answer.await.expect("a router always answers") }
    };
    echostr::listen(
        listener,
        app,
        &echostr::Limits::default(),
        std::future::pending(),
    )
    .await;
}

async fn measure() {
    let n_followers: u32 = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(10_000);
    let folder = std::env::temp_dir().join(format!("echostr-held-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the journal");
    let mut server = Command::new(std::env::current_exe().expect("this program"))
        .env("ECHOSTR_HELD_FOLDER", &folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server can be started");
    let stdout = server.stdout.take().expect("it is piped");
    let mut line = String::new();
    let read = BufReader::new(stdout).read_line(&mut line);
    read.expect("the server says where it listens");
    let address: SocketAddr = line.trim().parse().expect("an address");
    println!("before {:.1} MiB", memory_mib(server.id(), "VmRSS:"));

    let start = Instant::now();
    let followers: Vec<_> = (0..n_followers)
        // Over one second, so that accepting is not what is measured.
        .map(|number| {
            let at = start + Duration::from_secs(1) * number / n_followers;
            tokio::spawn(ask(address, number, at))
        })
        .collect();
    sleep_until(start + Duration::from_millis(3500)).await;
    println!(
        "{n_followers} deliveries held, {n_followers} answers streamed: {:.1} MiB",
        memory_mib(server.id(), "VmRSS:")
    );
    let mut by_delivery = [0_u32; 4];
    for follower in followers {
        by_delivery[follower.await.expect("no follower fails")] += 1;
    }
    println!(
        "answered on delivery 1: {}, 2: {}, 3: {}; never: {}",
        by_delivery[1], by_delivery[2], by_delivery[3], by_delivery[0]
    );
    println!("at the most {:.1} MiB", memory_mib(server.id(), "VmHWM:"));
    let _ = server.kill();
    let _ = server.wait();
    std::fs::remove_dir_all(folder).expect("the folder was made here");
    assert_eq!(by_delivery[0], 0, "an answer was lost");
}

/// One follower's message: on which delivery the whole answer came, or 0.
async fn ask(address: SocketAddr, number: u32, at: Instant) -> usize {
    sleep_until(at).await;
    let request = request(number);
    for delivery in 1..=3 {
        let mut stream = TcpStream::connect(address)
            .await
            .expect("the server accepts");
        let mut answer = Vec::new();
        let exchange = async {
            stream.write_all(request.as_bytes()).await?;
            stream.read_to_end(&mut answer).await
        };
        if timeout(CLOSED_AFTER, exchange).await.is_ok() {
            let answer = String::from_utf8_lossy(&answer);
            let last = format!("第 {} 句，给{number}。", PIECES - 1);
            assert!(
                answer.starts_with("HTTP/1.1 200") && answer.contains(&last),
                "{answer}"
            );
            return delivery;
        }
    }
    0
}

fn request(number: u32) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock that was set")
        .as_secs();
    let body = format!(
        "<xml><ToUserName><![CDATA[gh_e8df390a377e]]></ToUserName>\n\
         <FromUserName><![CDATA[osZFAyPrKrJBb2E3-6zu-rz{number:05}]]></FromUserName>\n\
         <CreateTime>{now}</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n\
         <Content><![CDATA[{number}]]></Content>\n<MsgId>{}</MsgId>\n</xml>",
        26_876_452_655_000_000 + u64::from(number)
    );
    let (timestamp, nonce) = (now.to_string(), "334325682");
    let signature = token().signature(&timestamp, nonce);
    format!(
        "POST /mp/shop?signature={signature}&timestamp={timestamp}&nonce={nonce} HTTP/1.1\r\nHost: bot.example.com\r\n\
         Connection: close\r\nContent-Length: {}\r\nContent-Type: text/xml\r\n\r\n{body}",
        body.len()
    )
}

fn token() -> Token {
    TOKEN.parse().expect("a good token")
}

fn memory_mib(process: u32, of: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(of))
        .expect("a size");
    let kib: f64 = line
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .expect("a number");
    kib / 1024.0
}
