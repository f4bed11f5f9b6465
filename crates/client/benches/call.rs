//! What a call costs in CPU beside the same request made with reqwest and serde_json alone.
//!
//! Both go over one open connection to a server in a thread of its own; the CPU time is what the kernel counted for the
//! thread that calls. Rounds are interleaved, the best of many counts, so that other work on the machine shows as little as
//! possible. Linux only: it reads `/proc`.

use std::time::Duration;

use echostr_client::{
    ApiAccount, Client, ExternalToken, GivenToken, Platform, Settings, TokenSource,
};
use echostr_client::{BoxError, tls_config};
use echostr_protocol::api::Secret;
use echostr_protocol::api::tag::{CreateTag, CreateTagResponse, GetTags, GetTagsResponse, NewTag};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const ROUNDS: usize = 60;
const PER_ROUND: u32 = 300;
const TOKEN: &str = "TOKEN_of_about_the_length_that_the_platform_s_have_which_is_more_than_one_hundred_characters_as_a_rule_0123456789";
const TAG: &str = r#"{"tag":{"id":134,"name":"广东"}}"#;
const TAGS: &str = r#"{"tags":[{"id":1,"name":"每天一罐可乐星人","count":0},{"id":2,"name":"星标组","count":0},{"id":127,"name":"广东","count":5}]}"#;

fn main() {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        runtime().block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
            let address = listener.local_addr().expect("it listens");
            send.send(address).expect("the other thread waits for it");
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
    });
    let address = receive.recv().expect("the server starts");
    runtime().block_on(compare(&format!("http://{address}")));
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}

/// A request ends with its head or with its JSON.
async fn serve(mut stream: TcpStream) {
    let mut read = Vec::new();
    while stream.read_buf(&mut read).await.is_ok_and(|n| n > 0) {
        let body = match () {
            () if read.starts_with(b"GET") && read.ends_with(b"\r\n\r\n") => TAGS,
            () if read.starts_with(b"POST") && read.ends_with(b"}") => TAG,
            () => continue,
        };
        read.clear();
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn compare(base: &str) {
    let platform = Platform::new(&Settings::default()).expect("there is no proxy");
    let client = platform.client(ApiAccount {
        source: TokenSource::External(Arc::new(Always)),
        base: Some(base.parse().expect("an address")),
        ..ApiAccount::new("wx3aea277d7b497b65", "")
    });
    let plain = reqwest::Client::builder()
        .tls_backend_preconfigured(tls_config(true))
        .http1_only()
        .no_proxy()
        .build()
        .expect("there is no proxy");
    let mut best = [f64::MAX; 4];
    for _ in 0..ROUNDS {
        let costs = [
            cost(async || get_plainly(&plain, base).await).await,
            cost(async || get(&client).await).await,
            cost(async || post_plainly(&plain, base).await).await,
            cost(async || post(&client).await).await,
        ];
        for (best, cost) in best.iter_mut().zip(costs) {
            *best = best.min(cost);
        }
    }
    println!("CPU time per call, best of {ROUNDS} rounds of {PER_ROUND}");
    for (name, [plain, own]) in [("GET", [best[0], best[1]]), ("POST", [best[2], best[3]])] {
        println!(
            "{name:<6}reqwest {plain:>6.1} us, a call {own:>6.1} us, {:>6.1} us more",
            own - plain
        );
    }
}

/// CPU time of one, in microseconds.
async fn cost(call: impl AsyncFn()) -> f64 {
    let start = cpu_time();
    for _ in 0..PER_ROUND {
        call().await;
    }
    cpu_time().saturating_sub(start).as_secs_f64() * 1e6 / f64::from(PER_ROUND)
}

/// Of this thread.
fn cpu_time() -> Duration {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").expect("this is Linux");
    let nanos = counted
        .split_whitespace()
        .next()
        .and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.expect("the first number is the time on a CPU"))
}

fn tag() -> CreateTag {
    CreateTag {
        tag: NewTag {
            name: "广东".into(),
        },
    }
}

async fn get(client: &Client) {
    let tags = client.call(GetTags {}).await.expect("an answer").tags;
    assert_eq!(tags.len(), 3);
}

async fn post(client: &Client) {
    let made = client.call(tag()).await.expect("an answer");
    assert_eq!(made.tag.id, 134);
}

async fn get_plainly(http: &reqwest::Client, base: &str) {
    let url = format!("{base}/cgi-bin/tags/get?access_token={TOKEN}");
    let answer = http.get(url).send().await.expect("an answer");
    let body = answer.bytes().await.expect("all of it");
    let tags: GetTagsResponse = serde_json::from_slice(&body).expect("such an answer");
    assert_eq!(tags.tags.len(), 3);
}

async fn post_plainly(http: &reqwest::Client, base: &str) {
    let url = format!("{base}/cgi-bin/tags/create?access_token={TOKEN}");
    let body = serde_json::to_vec(&tag()).expect("it is a struct");
    let request = http.post(url).header("content-type", "application/json");
    let answer = request.body(body).send().await.expect("an answer");
    let body = answer.bytes().await.expect("all of it");
    let made: CreateTagResponse = serde_json::from_slice(&body).expect("such an answer");
    assert_eq!(made.tag.id, 134);
}

/// Who always has the token.
#[derive(Debug)]
struct Always;

impl ExternalToken for Always {
    fn token<'a>(&'a self, _: Option<&'a Secret>) -> BoxFuture<'a, Result<GivenToken, BoxError>> {
        let token = GivenToken {
            access_token: TOKEN.into(),
            expires_in: 7200,
        };
        Box::pin(async { Ok(token) })
    }
}
