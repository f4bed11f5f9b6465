//! Messages per CPU-second of the server, beside a bare hyper server that reads the body and returns 300 fixed bytes.
//!
//! Both run as processes of their own behind 64 keep-alive connections; their CPU time is what the kernel counted, so it
//! does not matter who else uses the machine, only a little how much. Rounds are interleaved, the best of five counts.
//! Every answer is looked at, and every message and its answer are in the journal on the disk before it leaves; the plain
//! case is repeated for open access, which is never journaled. Linux only: it reads `/proc`.
//!
//! Then messages come at a given rate whether or not earlier ones are answered; a latency counts from the moment at which
//! the message was due. `cargo bench -p echostr-server --bench http -- RATE` measures one rate only, `… -- postgres` messages
//! per second with the journal in a PostgreSQL that it starts: server, database and whoever pushes share the machine.

#[path = "../../store/tests/common/postgres.rs"]
mod postgres;

use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use echostr_protocol::{AppId, EncodingAesKey, Token, encrypted_part, seal};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const CONNECTIONS: u64 = 64;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(1500);

const TOKEN: &str = "S1qJ0JoQmYfy";
const SAFE_TOKEN: &str = "S1qJ0JoQmYfz";
const KEY: &str = "NjF3rEjG0e0U3rlz5PokyLE9pyyIpnZgQn3n0eCkVXV";
const APP_ID: &str = "wx3aea277d7b497b65";
const TIMESTAMP: &str = "1761069225";
const NONCE: &str = "334325682";

fn main() {
    if std::env::args().any(|argument| argument == "floor") {
        return floor();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    if std::env::args().any(|argument| argument == "postgres") {
        return runtime.block_on(on_postgres());
    }
    runtime.block_on(compare());
}

/// Messages per second that are answered and journaled in PostgreSQL, and what the rate costs.
async fn on_postgres() {
    let postgres = postgres::Postgres::start();
    let database = postgres.database();
    let folder = settings_folder();
    let mut command = Command::new(env!("CARGO_BIN_EXE_echostr"));
    command
        .current_dir(&folder)
        .env("ECHOSTR_DATABASE__URL", &database)
        .env(
            "ECHOSTR_MASTER_KEY",
            "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        );
    let server = Server::start(&mut command).await;
    for connections in [CONNECTIONS, 256] {
        for round in 1..=ROUNDS {
            let before = (Instant::now(), server.cpu_seconds(), postgres.cpu_us());
            let pushed = server.pushed(Kind::Plain, connections).await;
            let secs = before.0.elapsed().as_secs_f64();
            println!(
                "round {round}  {connections} connections{:>9.0} messages per second; CPU: server {:.0} %, PostgreSQL {:.0} %",
                f64::from(pushed) / secs,
                (server.cpu_seconds() - before.1) / secs * 100.0,
                (postgres.cpu_us() - before.2) / secs / 1e4
            );
        }
    }
    for rate in [1_000, 5_000] {
        server.print_latencies(rate).await;
    }
    let pushed = server.messages.load(Ordering::Relaxed).to_string();
    let journaled = postgres.psql(&database, "SELECT count(reply) FROM messages");
    assert_eq!(journaled, pushed, "a message with its answer is missing");
    println!("all {pushed} messages are in the database with their answers");
    std::fs::remove_dir_all(folder).expect("the folder was made here");
}

/// A folder with the settings of the server.
fn settings_folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("echostr-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the settings");
    let settings = format!(
        "[log]\nlevel = \"error\"\n[[account]]\nid = \"plain\"\ntoken = \"{TOKEN}\"\n[[account]]\nid = \"safe\"\n\
         token = \"{SAFE_TOKEN}\"\nmode = \"safe\"\napp_id = \"{APP_ID}\"\nencoding_aes_key = \"{KEY}\"\n"
    );
    std::fs::write(folder.join("echostr.toml"), settings).expect("the settings can be written");
    folder
}

async fn compare() {
    let executable = std::env::current_exe().expect("this program");
    let floor = Server::start(Command::new(executable).arg("floor")).await;
    let folder = settings_folder();
    let echostr =
        Server::start(Command::new(env!("CARGO_BIN_EXE_echostr")).current_dir(&folder)).await;
    println!(
        "first answer {:.1} ms after the start, then {:.1} MiB resident",
        echostr.first_answer_ms,
        echostr.resident_mib()
    );

    let rates: Vec<u32> = std::env::args()
        .filter_map(|rate| rate.parse().ok())
        .collect();
    if !rates.is_empty() {
        for rate in rates {
            echostr.print_latencies(rate).await;
        }
        std::fs::remove_dir_all(folder).expect("the folder was made here");
        return;
    }
    let cases = [
        ("bare hyper", &floor, Kind::Plain),
        ("open", &echostr, Kind::Open),
        ("plain", &echostr, Kind::Plain),
        ("safe", &echostr, Kind::Safe),
    ];
    let mut best = [0.0_f64; 4];
    for round in 1..=ROUNDS {
        for (best, (name, server, kind)) in best.iter_mut().zip(&cases) {
            let per_second = server.load(*kind, CONNECTIONS).await;
            println!("round {round}  {name:<12}{per_second:>9.0} messages per CPU-second");
            *best = best.max(per_second);
        }
    }
    println!(
        "best: bare hyper {:.0}, open access {:.0}, plain {:.0}, safe {:.0}",
        best[0], best[1], best[2], best[3]
    );
    println!("open / bare hyper   {:.2}", best[1] / best[0]);
    println!("plain / bare hyper  {:.2}", best[2] / best[0]);
    println!("safe / bare hyper   {:.2}", best[3] / best[0]);
    let per_second = echostr.load(Kind::Plain, 256).await;
    println!(
        "256 connections: {per_second:.0} messages per CPU-second; at the most {:.1} MiB resident",
        echostr.memory_mib("VmHWM:")
    );
    for rate in [2_000, 10_000] {
        echostr.print_latencies(rate).await;
    }
    std::fs::remove_dir_all(folder).expect("the folder was made here");
}

/// The floor: what any HTTP server in this language costs.
fn floor() {
    async fn answer(
        request: hyper::Request<Incoming>,
    ) -> Result<hyper::Response<Full<Bytes>>, hyper::Error> {
        request.into_body().collect().await?;
        Ok(hyper::Response::new(Full::new(Bytes::from_static(
            &[b'x'; 300],
        ))))
    }
    let address = std::env::args()
        .skip_while(|argument| argument != "--listen")
        .nth(1)
        .expect("an address");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await.expect("a free port");
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("a socket");
            let service = hyper::service::service_fn(answer);
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service),
            );
        }
    });
}

#[derive(Clone, Copy)]
enum Kind {
    Open,
    Plain,
    Safe,
}

struct Server {
    process: Child,
    address: SocketAddr,
    first_answer_ms: f64,
    messages: Arc<AtomicU64>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Starts a server and waits for its first answer.
    async fn start(command: &mut Command) -> Self {
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let start = Instant::now();
        let command = command
            .arg("--listen")
            .arg(address.to_string())
            .stderr(Stdio::null());
        let process = command.spawn().expect("the server can be started");
        loop {
            if let Ok(mut stream) = TcpStream::connect(address).await {
                stream
                    .write_all(b"GET /readyz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
                    .await
                    .expect("sent");
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).await.expect("answered");
                assert!(answer.starts_with(b"HTTP/1.1 200"));
                break;
            }
            tokio::task::yield_now().await;
        }
        let first_answer_ms = start.elapsed().as_secs_f64() * 1e3;
        Self {
            process,
            address,
            first_answer_ms,
            messages: Arc::default(),
        }
    }

    /// Pushes for one round and answers messages per CPU-second.
    async fn load(&self, kind: Kind, connections: u64) -> f64 {
        let cpu = self.cpu_seconds();
        let pushed = self.pushed(kind, connections).await;
        f64::from(pushed) / (self.cpu_seconds() - cpu)
    }

    /// Pushes for one round, and tells how many messages that were.
    async fn pushed(&self, kind: Kind, connections: u64) -> u32 {
        let until = Instant::now() + ROUND;
        let tasks: Vec<_> = (0..connections)
            .map(|_| tokio::spawn(push(self.address, kind, until, Arc::clone(&self.messages))))
            .collect();
        let mut pushed = 0;
        for task in tasks {
            pushed += task.await.expect("a connection that holds");
        }
        pushed
    }

    /// What the kernel counted for the process, in steps of 10 ms.
    fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))
            .expect("a running process");
        let fields: Vec<&str> = stat[stat.rfind(')').expect("a name")..]
            .split(' ')
            .collect();
        let ticks = |place: usize| fields[place].parse::<f64>().expect("a number");
        // utime and stime, counted from the closing bracket; a tick is 10 ms on every Linux.
        (ticks(12) + ticks(13)) / 100.0
    }

    /// Pushes at a rate, and prints how long the answers took.
    async fn print_latencies(&self, per_second: u32) {
        const FOR: Duration = Duration::from_secs(10);
        let start = Instant::now() + Duration::from_millis(50);
        let n_messages = u32::try_from(FOR.as_secs()).expect("few") * per_second;
        let due = Arc::new(AtomicU32::new(0));
        let connections: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let (due, ids) = (Arc::clone(&due), Arc::clone(&self.messages));
                let address = self.address;
                tokio::spawn(async move {
                    let pusher = Pusher::new(Kind::Plain);
                    let mut connection = Connection::to(address).await;
                    let mut latencies = Vec::new();
                    loop {
                        let number = due.fetch_add(1, Ordering::Relaxed);
                        if number >= n_messages {
                            return latencies;
                        }
                        let at = start + Duration::from_secs(1) * number / per_second;
                        tokio::time::sleep_until(at.into()).await;
                        connection
                            .answer(&pusher.request(ids.fetch_add(1, Ordering::Relaxed)))
                            .await;
                        latencies.push(at.elapsed());
                    }
                })
            })
            .collect();
        let mut latencies = Vec::new();
        for connection in connections {
            latencies.extend(connection.await.expect("a connection that holds"));
        }
        latencies.sort_unstable();
        let at = |share: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a place among some thousands"
            )]
            let place = ((latencies.len() - 1) as f64 * share) as usize;
            latencies[place].as_secs_f64() * 1e3
        };
        println!(
            "{per_second}/s: p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, longest {:.2} ms",
            at(0.5),
            at(0.99),
            at(0.999),
            at(1.0)
        );
    }

    fn resident_mib(&self) -> f64 {
        self.memory_mib("VmRSS:")
    }

    fn memory_mib(&self, of: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))
            .expect("a running process");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(of))
            .expect("a size");
        line.trim()
            .trim_end_matches(" kB")
            .parse::<f64>()
            .expect("a number")
            / 1024.0
    }
}

/// One connection: a message, its answer, the next message.
async fn push(address: SocketAddr, kind: Kind, until: Instant, ids: Arc<AtomicU64>) -> u32 {
    let pusher = Pusher::new(kind);
    let mut connection = Connection::to(address).await;
    let mut pushed = 0;
    while Instant::now() < until {
        connection
            .answer(&pusher.request(ids.fetch_add(1, Ordering::Relaxed)))
            .await;
        pushed += 1;
    }
    pushed
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        let buffer = vec![0; 8192];
        Self { stream, buffer }
    }

    /// Sends a request, and sees that there is a reply.
    async fn answer(&mut self, request: &str) {
        let Self { stream, buffer } = self;
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut length = 0;
        while !is_complete(&buffer[..length]) {
            let more = stream.read(&mut buffer[length..]).await.expect("an answer");
            assert!(more > 0, "the connection was closed");
            length += more;
        }
        assert!(
            buffer.starts_with(b"HTTP/1.1 200"),
            "{}",
            String::from_utf8_lossy(&buffer[..length])
        );
    }
}

/// Whether the head and as many bytes as it promises are there, and more than `success`.
fn is_complete(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.lines().next())
        .expect("a length");
    let length: usize = length.parse().expect("a number");
    assert!(length > 200, "this is no reply");
    body.len() >= length
}

struct Pusher {
    kind: Kind,
    token: Token,
    key: EncodingAesKey,
    app_id: AppId,
}

impl Pusher {
    fn new(kind: Kind) -> Self {
        let token = match kind {
            Kind::Open => "openAccess",
            Kind::Plain => TOKEN,
            Kind::Safe => SAFE_TOKEN,
        };
        Self {
            kind,
            token: token.parse().expect("a good token"),
            key: KEY.parse().expect("a good key"),
            app_id: APP_ID.into(),
        }
    }

    fn request(&self, id: u64) -> String {
        // A thousand followers, in no order.
        let follower = id * 7919 % 1_000;
        let id = 26_876_452_655_000_000 + id;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a clock that was set")
            .as_secs();
        let body = format!(
            "<xml><ToUserName><![CDATA[gh_e8df390a377e]]></ToUserName>\n\
             <FromUserName><![CDATA[osZFAyPrKrJBb2E3-6zu-rzw{follower:04}]]></FromUserName>\n\
             <CreateTime>{now}</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n\
             <Content><![CDATA[今天的天气怎么样？请问营业到几点，周末开门吗]]></Content>\n<MsgId>{id}</MsgId>\n</xml>"
        );
        let signature = self.token.signature(TIMESTAMP, NONCE);
        let query = format!(
            "signature={signature}&timestamp={TIMESTAMP}&nonce={NONCE}&openid=osZFAyPrKrJBb2E3-6zu-rzwwbgP"
        );
        let (path, query, body) = match self.kind {
            Kind::Open => ("/wechatMP/openAccess", query, body),
            Kind::Plain => ("/mp/plain", query, body),
            Kind::Safe => {
                let sealed = seal(
                    &self.key,
                    &self.token,
                    &self.app_id,
                    &body,
                    [7; 16],
                    1_761_069_225,
                    NONCE,
                );
                let encrypt = encrypted_part(sealed.as_bytes()).expect("sealed just now");
                let msg_signature = self.token.msg_signature(TIMESTAMP, NONCE, &encrypt);
                let query = format!("{query}&encrypt_type=aes&msg_signature={msg_signature}");
                let body = format!(
                    "<xml><ToUserName><![CDATA[gh_e8df390a377e]]></ToUserName>\n<Encrypt><![CDATA[{encrypt}]]></Encrypt>\n</xml>"
                );
                ("/mp/safe", query, body)
            }
        };
        format!(
            "POST {path}?{query} HTTP/1.1\r\nUser-Agent: Mozilla/4.0\r\nAccept: */*\r\nHost: bot.example.com\r\n\
             Pragma: no-cache\r\nContent-Length: {}\r\nContent-Type: text/xml\r\n\r\n{body}",
            body.len()
        )
    }
}
