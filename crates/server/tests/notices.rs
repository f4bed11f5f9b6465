//! What the owner is told, when, and how it gets there.

use std::io;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use echostr::{Able, Clock, Program, Strategy, Trouble};
use echostr_client::{Capabilities, Capability, May};
use echostr_server::notify::{
    CAUSES, Cause, Mail, MailServer, Notices, Notify, Patience, Sight, Watched, Watcher,
};
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// 2026-11-22 12:00 UTC.
const NOON: i64 = 1_795_348_800_000;

const AT_ONCE: Patience = Patience {
    attempt: Duration::from_secs(20),
    waits: &[Duration::ZERO, Duration::ZERO],
};

fn nobody() -> Notify {
    Notify {
        program: None,
        mail: None,
        causes: CAUSES.iter().map(|(_, cause)| *cause).collect(),
        no_push: Some(Duration::from_hours(24)),
        forged_per_10_min: 100,
    }
}

fn away() -> Sight {
    Sight {
        journal_away_since_ms: Some(NOON),
        accounts: Vec::new(),
    }
}

fn shop() -> Watched {
    Watched {
        id: "shop".into(),
        name: "小店".into(),
        ..Watched::default()
    }
}

fn sight(accounts: impl IntoIterator<Item = Watched>) -> Sight {
    Sight {
        accounts: accounts.into_iter().collect(),
        ..Sight::default()
    }
}

/// At these minutes this is seen; then this is told: causes, and `account:n` of those that they are about.
#[track_caller]
fn check(settings: &Notify, seen: &[(i64, Sight, &str)]) {
    let mut watcher = Watcher::new(settings, NOON);
    for (minute, sight, expected) in seen {
        let told = watcher.look(sight, NOON + minute * MINUTE);
        let told: Vec<_> = told
            .iter()
            .map(|notice| {
                assert_eq!(notice.at_ms, NOON + minute * MINUTE);
                let accounts = notice.accounts.iter();
                let accounts = accounts.map(|account| format!(" {}:{}", account.id, account.n));
                notice.cause.as_str().to_owned() + &accounts.collect::<String>()
            })
            .collect();
        assert_eq!(told.join(", "), *expected, "in minute {minute}");
    }
}

#[test]
fn a_journal_that_goes_and_comes_is_told_once_an_hour() {
    let here = Sight::default;
    check(
        &nobody(),
        &[
            (0, here(), ""),
            (1, away(), "journal_away"),
            (2, away(), ""),
            (3, here(), "journal_back"),
            (4, here(), ""),
            // Again within the hour.
            (5, away(), ""),
            (6, here(), ""),
            (50, away(), ""),
            // It still is when it may be told.
            (61, away(), "journal_away"),
            (62, here(), ""),
            (63, here(), "journal_back"),
        ],
    );
}

#[test]
fn many_forged_requests_are_many_within_ten_minutes() {
    let forged = |count: u64| {
        sight([Watched {
            forged: count,
            ..shop()
        }])
    };
    check(
        &nobody(),
        &[
            // What was counted before the start is not news.
            (0, forged(5_000), ""),
            (1, forged(5_050), ""),
            (9, forged(5_099), ""),
            (12, forged(5_120), ""),
            (13, forged(5_200), "many_forged shop:150"),
            (14, forged(5_900), ""),
            (72, forged(5_950), ""),
            // The most within ten minutes that was not told.
            (73, forged(6_050), "many_forged shop:700"),
            (200, forged(6_060), ""),
        ],
    );
}

#[test]
fn an_account_without_pushes_is_told_once_for_each_silence() {
    let pushed = |minute: Option<i64>| {
        sight([Watched {
            last_push_at_ms: minute.map(|minute| NOON + minute * MINUTE),
            ..shop()
        }])
    };
    let day = 24 * 60;
    check(
        &nobody(),
        &[
            // Nobody pushes to an account that is not connected yet.
            (3 * day, pushed(None), ""),
            (3 * day, pushed(Some(3 * day)), ""),
            (4 * day - 1, pushed(Some(3 * day)), ""),
            (4 * day, pushed(Some(3 * day)), "no_push shop:24"),
            (6 * day, pushed(Some(3 * day)), ""),
            (6 * day, pushed(Some(6 * day)), ""),
            (7 * day, pushed(Some(6 * day)), "no_push shop:24"),
        ],
    );
    // The time when the server did not run does not count.
    check(
        &nobody(),
        &[
            (0, pushed(Some(-9 * day)), ""),
            (day, pushed(Some(-9 * day)), "no_push shop:240"),
        ],
    );
    let never = Notify {
        no_push: None,
        ..nobody()
    };
    check(&never, &[(9 * day, pushed(Some(0)), "")]);
}

#[test]
fn pushes_for_another_account_are_told() {
    let wrong = |count: u64| {
        sight([Watched {
            wrong_account: count,
            ..shop()
        }])
    };
    check(
        &nobody(),
        &[
            (0, wrong(7), ""),
            (1, wrong(8), "wrong_account shop:1"),
            (2, wrong(10), ""),
            (61, wrong(11), "wrong_account shop:3"),
            (125, wrong(11), ""),
        ],
    );
}

#[test]
fn further_accounts_are_told_of_an_hour_after_the_notice() {
    let both = |wrong: [u64; 2], forged: [u64; 2], minutes: [i64; 2]| {
        let watched = |place: usize| Watched {
            id: ["a", "b"][place].into(),
            wrong_account: wrong[place],
            forged: forged[place],
            last_push_at_ms: Some(NOON + minutes[place] * MINUTE),
            ..Watched::default()
        };
        sight([0, 1].map(watched))
    };
    check(
        &Notify {
            no_push: Some(Duration::from_hours(1)),
            ..nobody()
        },
        &[
            (0, both([0, 0], [0, 0], [0, 0]), ""),
            (
                5,
                both([1, 0], [200, 0], [0, 5]),
                "many_forged a:200, wrong_account a:1",
            ),
            (20, both([1, 2], [200, 0], [0, 5]), ""),
            (30, both([1, 2], [200, 300], [0, 5]), ""),
            (50, both([1, 4], [200, 300], [0, 5]), ""),
            (60, both([1, 4], [200, 300], [0, 5]), "no_push a:1"),
            (
                65,
                both([1, 4], [200, 300], [0, 5]),
                "many_forged b:300, wrong_account b:4",
            ),
            (66, both([1, 4], [200, 300], [0, 5]), ""),
            (120, both([1, 4], [200, 300], [0, 5]), "no_push b:1"),
            (300, both([1, 4], [200, 300], [0, 5]), ""),
        ],
    );
}

#[test]
fn a_refusal_of_the_platform_is_told_once_until_it_is_another_or_over() {
    let refused = |code: i64, address: Option<&str>, n_calls: u64| {
        sight([Watched {
            api: Some(Trouble {
                code,
                address: address.map(str::to_owned),
                n_calls,
            }),
            ..shop()
        }])
    };
    check(
        &nobody(),
        &[
            (0, sight([shop()]), ""),
            (
                1,
                refused(40164, Some("203.0.113.7"), 2),
                "api_refused shop:2",
            ),
            (2, refused(40164, Some("203.0.113.7"), 9), ""),
            (90, refused(40164, Some("203.0.113.7"), 99), ""),
            (
                91,
                refused(40164, Some("203.0.113.8"), 100),
                "api_refused shop:100",
            ),
            (92, refused(40125, None, 1), ""),
            (160, refused(40125, None, 5), "api_refused shop:5"),
            (300, sight([shop()]), ""),
            (301, refused(40125, None, 1), "api_refused shop:1"),
        ],
    );
}

#[test]
fn an_account_that_sends_must_be_able_to() {
    let able = Able::default();
    for (may, delivery, expected) in [
        (May::Yes, Strategy::Send, None),
        (May::No(48001), Strategy::Patient, None),
        (May::Unknown(None), Strategy::Send, None),
        (May::No(48001), Strategy::Send, Some(48001)),
    ] {
        able.set(Capabilities {
            found_at_ms: NOON,
            found: vec![(Capability::CustomMessage, may)],
        });
        let watched = shop().able(&able, delivery);
        assert_eq!(watched.api.map(|trouble| trouble.code), expected, "{may:?}");
    }
}

#[tokio::test]
async fn a_notice_says_which_address_to_add() {
    let mut receiver = Receiver::new(&[204]).await;
    let trouble = Trouble {
        code: 40164,
        address: Some("203.0.113.7".into()),
        n_calls: 3,
    };
    let watched = Watched {
        api: Some(trouble),
        ..shop()
    };
    let _notices = start(receiver.notify(), AT_ONCE, sight([watched]));
    let (_, body) = receiver.next().await;
    let notice: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(notice["type"], "notice.api_refused");
    let text = notice["data"]["text"].as_str().expect("a text");
    for line in [
        "- 公众号「小店」(shop)：3 次；在公众平台的页面上把 203.0.113.7 加入 IP 白名单\n",
        "- 小店 (shop): 3 calls; add 203.0.113.7 to the list of allowed addresses (IP白名单) on the platform's page\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn many_accounts_are_one_notice_and_causes_that_are_not_wanted_none() {
    let wrong = |count: u64| {
        let accounts = ["a", "b"].map(|id| Watched {
            id: id.into(),
            wrong_account: count,
            ..Watched::default()
        });
        sight(accounts)
    };
    let seen = [(0, wrong(0), ""), (1, wrong(5), "wrong_account a:5 b:5")];
    check(&nobody(), &seen);
    let other = Notify {
        causes: vec![Cause::NoPush],
        ..nobody()
    };
    check(
        &other,
        &[(0, wrong(0), ""), (1, wrong(5), ""), (2, away(), "")],
    );
}

/// A program that takes notices; it answers with these, the last one for ever.
struct Receiver {
    url: String,
    received: UnboundedReceiver<(HeaderMap, Bytes)>,
}

impl Receiver {
    async fn new(statuses: &'static [u16]) -> Self {
        type Kept = (UnboundedSender<(HeaderMap, Bytes)>, Arc<Mutex<usize>>);
        let (sender, received) = unbounded_channel();
        let app = axum::Router::new()
            .fallback(
                async move |State((keep, n)): State<Kept>, headers: HeaderMap, body: Bytes| {
                    let _ = keep.send((headers, body));
                    let mut n = n.lock().expect("not poisoned");
                    *n += 1;
                    StatusCode::from_u16(statuses[(*n - 1).min(statuses.len() - 1)]).expect("one")
                },
            )
            .with_state((sender, Arc::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it listens");
        tokio::spawn(async { axum::serve(listener, app).await });
        Self {
            url: format!("http://{address}/notices?key=Planted"),
            received,
        }
    }

    fn notify(&self) -> Notify {
        let url = self.url.parse().expect("an address");
        Notify {
            program: Some(Program::new(url, SECRET.parse().expect("a secret"))),
            ..nobody()
        }
    }

    async fn next(&mut self) -> (HeaderMap, Bytes) {
        soon(self.received.recv()).await.expect("it listens")
    }
}

fn start(notify: Notify, patience: Patience, sight: Sight) -> Notices {
    let clock = Clock::with_tokio(NOON);
    Notices::start(
        &[notify],
        "https://bot.example.com",
        clock,
        patience,
        move || sight.clone(),
    )
}

async fn soon<T>(event: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), event)
        .await
        .expect("it happens soon")
}

/// While there is only one subscriber, tracing asks that of the thread which meets a line first, whether anybody listens; with
/// tests on other threads, that is nobody. With two, it asks both.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// What is logged on this thread.
    fn listen() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        LazyLock::force(&ANOTHER);
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("not poisoned")).into_owned()
    }

    /// Waits until a line says this.
    async fn says(&self, what: &str) -> String {
        soon(async {
            while !self.text().contains(what) {
                tokio::task::yield_now().await;
            }
        })
        .await;
        self.text()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("not poisoned")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_program_gets_signed_json_until_it_takes_it() {
    let mut receiver = Receiver::new(&[503, 200]).await;
    let _notices = start(receiver.notify(), AT_ONCE, away());
    let (first, _) = receiver.next().await;
    let (headers, body) = receiver.next().await;
    assert_eq!(
        first["webhook-id"], headers["webhook-id"],
        "it is the same notice"
    );
    let signer = Webhook::new(SECRET).expect("a secret");
    signer.verify(&body, &headers).expect("it is signed");
    assert_eq!(headers["content-type"], "application/json");
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(body["type"], "notice.journal_away");
    assert_eq!(body["timestamp"], "2026-11-22T12:00:00Z");
    let data = &body["data"];
    assert_eq!(data["cause"], "journal_away");
    assert_eq!(data["server"], "https://bot.example.com");
    assert_eq!(
        data["title"],
        "流水写不进去 · the journal cannot be written"
    );
    let text = data["text"].as_str().expect("a text");
    let (chinese, english) = (text.find("检查磁盘"), text.find("Check the space"));
    assert!(chinese < english && chinese.is_some(), "{text}");
    assert_eq!(data["accounts"], Value::Array(vec![]));
}

#[tokio::test]
async fn a_notice_that_nobody_takes_is_given_up_with_one_line() {
    let (log, _listening) = Log::listen();
    let mut receiver = Receiver::new(&[500]).await;
    let _notices = start(receiver.notify(), AT_ONCE, away());
    for _ in 0..3 {
        receiver.next().await;
    }
    let said = log.says("is given up").await;
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.contains("answered with status 500, 2xx is needed"),
        "{said}"
    );
    assert!(
        !said.contains("Planted") && !said.contains(&SECRET[6..]),
        "{said}"
    );
    assert!(
        receiver.received.try_recv().is_err(),
        "it was tried three times"
    );
}

/// What a mail server was told, line by line.
struct Post {
    address: String,
    lines: UnboundedReceiver<String>,
}

impl Post {
    /// `host` is one of this machine's; `extensions` is what it can, `data` how it takes a message.
    async fn new(host: &str, extensions: &'static str, data: &'static str) -> Self {
        let listener = TcpListener::bind((host, 0)).await.expect("a port");
        let address = listener.local_addr().expect("it listens").to_string();
        let (keep, lines) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let _ = talk(socket, extensions, data, &keep).await;
            }
        });
        Self { address, lines }
    }

    fn notify(&self, user: &str) -> Notify {
        let url = format!("smtp://{user}{}", self.address);
        Notify {
            mail: Some(Mail {
                server: url.parse().expect("a mail server"),
                from: "Echostr <bot@example.com>".parse().expect("an address"),
                to: ["me@example.com", "you@example.com"]
                    .map(|to| to.parse().expect("an address"))
                    .into(),
            }),
            ..nobody()
        }
    }
}

/// As RFC 5321 says, one message.
async fn talk(
    mut socket: TcpStream,
    extensions: &str,
    data: &str,
    keep: &UnboundedSender<String>,
) -> io::Result<()> {
    let (reading, mut writing) = socket.split();
    let mut reading = BufReader::new(reading);
    writing.write_all(b"220 post.example.com\r\n").await?;
    let mut in_data = false;
    let mut line = String::new();
    while reading.read_line(&mut line).await? > 0 {
        let said = line.trim_end().to_owned();
        line.clear();
        let answer = match &*said {
            "." if in_data => {
                in_data = false;
                data
            }
            _ if in_data => "",
            "DATA" => {
                in_data = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            hello if hello.starts_with("EHLO") => extensions,
            auth if auth.starts_with("AUTH") => "235 welcome",
            _ => "250 ok",
        };
        let _ = keep.send(said);
        if !answer.is_empty() {
            writing
                .write_all(format!("{answer}\r\n").as_bytes())
                .await?;
        }
    }
    let _ = reading.read_u8().await;
    Ok(())
}

const PLAIN: &str = "250-post.example.com\r\n250 AUTH PLAIN";

#[tokio::test]
async fn an_e_mail_goes_to_everybody() {
    let mut post = Post::new("127.0.0.1", PLAIN, "250 taken").await;
    let many = (0..12).map(|number| Watched {
        id: format!("shop-{number}"),
        last_push_at_ms: Some(NOON - 30 * HOUR),
        ..shop()
    });
    let notify = Notify {
        no_push: Some(Duration::ZERO),
        ..post.notify("me%40example.com:p%2Fw@")
    };
    let _notices = start(notify, AT_ONCE, sight(many));
    let mut said = Vec::new();
    while said.last().is_none_or(|line| line != ".") {
        said.push(soon(post.lines.recv()).await.expect("it listens"));
    }
    // me@example.com and p/w, with NUL before each.
    let auth = "AUTH PLAIN AG1lQGV4YW1wbGUuY29tAHAvdw==";
    for expected in [
        auth,
        "MAIL FROM:<bot@example.com>",
        "RCPT TO:<me@example.com>",
        "RCPT TO:<you@example.com>",
        "From: Echostr <bot@example.com>",
        "To: me@example.com, you@example.com",
        "Content-Type: text/plain; charset=utf-8",
    ] {
        let found = said.iter().any(|line| line.starts_with(expected));
        assert!(found, "{expected} is missing: {said:#?}");
    }
    assert!(said.iter().any(|line| line.starts_with("Message-ID: <")));
    let (_, body) = said.split_at(said.iter().position(String::is_empty).expect("a body"));
    let body = readable(&body.join("\r\n"));
    for expected in [
        "很久没有收到推送",
        "- 公众号「小店」(shop-9)：30 小时",
        "- 还有 2 个公众号",
        "- 小店 (shop-0): 30 hours",
        "- and 2 more accounts",
        "2026-11-22T12:00:00Z · https://bot.example.com",
    ] {
        assert!(body.contains(expected), "{expected} is missing: {body}");
    }
    assert!(!body.contains("shop-10"), "{body}");
}

/// A body in base64.
fn readable(body: &str) -> String {
    use base64::Engine as _;
    let letters: String = body
        .split_whitespace()
        .filter(|line| *line != ".")
        .collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(letters);
    String::from_utf8(bytes.expect("base64")).expect("UTF-8")
}

#[tokio::test]
async fn a_mail_server_that_refuses_is_named_without_the_password() {
    let (log, _listening) = Log::listen();
    let post = Post::new("127.0.0.1", PLAIN, "554 no, Planted is spam").await;
    let _notices = start(post.notify("me:Planted@"), AT_ONCE, away());
    let said = log.says("is given up").await;
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("no, *** is spam"), "{said}");
    assert!(said.contains(&format!("smtp://{}", post.address)), "{said}");
    assert!(!said.contains("Planted"), "{said}");
}

/// 127.0.0.2 is this machine as well, but not by a name that is known to be.
#[tokio::test]
async fn a_password_is_never_said_in_clear_to_another_machine() {
    let (log, _listening) = Log::listen();
    let mut post = Post::new("127.0.0.2", PLAIN, "250 taken").await;
    let _notices = start(post.notify("me:Planted@"), AT_ONCE, away());
    log.says("is given up").await;
    while let Ok(line) = post.lines.try_recv() {
        assert!(
            !line.starts_with("AUTH") && !line.starts_with("MAIL"),
            "{line}"
        );
    }
    // Without a password it may be said.
    let mut post = Post::new("127.0.0.2", PLAIN, "250 taken").await;
    let _notices = start(post.notify(""), AT_ONCE, away());
    while soon(post.lines.recv()).await.expect("it listens") != "." {}
}

#[test]
fn a_mail_server_that_cannot_be_used_is_refused() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let error = text.parse::<MailServer>().expect_err("a bad address");
        let said = error.to_string();
        assert!(said.starts_with(expected), "{said}");
        assert!(!said.contains("Planted"), "{said}");
    }
    check("", "is no address");
    check("smtp.example.com", "is no address");
    check(
        "http://smtp.example.com",
        "does not begin with `smtp://` or `smtps://`",
    );
    check("smtp://", "has no host");
    check("smtp://me:Plan/ted@a", "is no address");
    check(
        "smtp://me:Planted@a/b",
        "has something behind host and port",
    );
    check("smtp://a?tls=none", "has something behind host and port");
    check(
        "smtp://me@a",
        "has a user name or a password, both are needed or none",
    );
    let server: MailServer = " smtps://me:Planted@a:465 ".parse().expect("a mail server");
    assert_eq!(
        format!("{server} {server:?}"),
        "smtps://a:465 smtps://a:465"
    );
}
