//! The strategy `link` from outside: a link within one delivery, a page that grows, outlives `kill -9`, and ends.

mod common;

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::command::check;
use common::program::SECRET;
use common::{Connection, Folder, PATIENCE, Request, Server, TOKEN, text_shown};
use echostr_simulator::{Clock, Mode, Push};
use echostr_store::{Place, Retention, SqlJournal};
use serde_json::Value;

/// An owner's program that writes Markdown when the test says so: each run of an answer gets the pieces that are sent meanwhile.
struct Writer {
    address: SocketAddr,
    runs: Mutex<Receiver<Sender<Option<&'static str>>>>,
}

impl Writer {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (begun, runs) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let begun = begun.clone();
                std::thread::spawn(move || write(stream.expect("a connection"), &begun));
            }
        });
        Self {
            address,
            runs: Mutex::new(runs),
        }
    }

    /// The next run; `None` ends its text.
    fn run(&self) -> Sender<Option<&'static str>> {
        let runs = self.runs.lock().expect("nobody panics");
        runs.recv_timeout(PATIENCE).expect("the program is asked")
    }

    fn settings(&self, more: &str) -> String {
        format!(
            "public_url = \"https://bot.example\"\n{more}\n[open_access]\nenabled = false\n\
             [[account]]\nid = \"shop\"\nname = \"<雯子>\"\ntoken = \"{TOKEN}\"\ndelivery = \"link\"\n\
             bot = {{ kind = \"http\", url = \"http://{}/\", secret = \"{SECRET}\", timeout_secs = 90 }}\n",
            self.address
        )
    }
}

/// A piece that is none: there the program dies.
const BREAK: &str = "BREAK";

fn write(mut stream: TcpStream, begun: &Sender<Sender<Option<&'static str>>>) {
    let mut request = Vec::new();
    let mut some = [0; 4096];
    // The body ends with the only line of JSON.
    while !request.ends_with(b"}") {
        match stream.read(&mut some) {
            Ok(n) if n > 0 => request.extend_from_slice(&some[..n]),
            _ => return,
        }
    }
    let (sender, pieces) = channel();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/markdown; charset=utf-8\r\nConnection: close\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    if stream.write_all(head.as_bytes()).is_err() || begun.send(sender).is_err() {
        return;
    }
    // Who asked may have been killed.
    while let Ok(Some(piece)) = pieces.recv() {
        let piece: &str = piece;
        if piece == BREAK {
            return;
        }
        let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
        if stream.write_all(chunk.as_bytes()).is_err() {
            return;
        }
    }
    let _ = stream.write_all(b"0\r\n\r\n");
}

/// Asks, and gives the path of the page: it comes on the first delivery.
async fn ask(server: &Server, question: &'static str) -> String {
    let mut platform = server.platform("/mp/shop", TOKEN, Mode::Plain);
    platform.clock = Clock {
        deadline: Duration::from_secs(5),
        deliveries: 1,
    };
    let start = Instant::now();
    let delivered = platform.push(&Push::text(question)).await;
    assert!(start.elapsed() < Duration::from_secs(5));
    let text = text_shown(&delivered.shown).to_owned();
    let (wait, link) = text
        .split_once("\n\n<a href=\"https://bot.example/a/")
        .unwrap_or_else(|| panic!("no link to a page: {text}"));
    assert_eq!(wait, "这个问题需要多想一会儿。");
    let (id, label) = link.split_once("\">").expect("the end of the tag");
    assert_eq!((id.len(), label), (22, "点这里看回答</a>"));
    format!("/a/{id}")
}

/// Events of a page as they come.
struct Events {
    connection: Connection,
    text: String,
}

impl Events {
    fn of(server: &Server, path: &str, last_event_id: Option<&str>) -> Self {
        let target = format!("{path}/events");
        let headers = last_event_id.map(|id| ("Last-Event-ID", id)).into_iter();
        let mut connection = server.connect();
        connection.write(
            &Request {
                method: "GET",
                target: &target,
                headers: headers.collect(),
                body: b"",
            }
            .bytes(""),
        );
        Self {
            connection,
            text: String::new(),
        }
    }

    /// All that has come, once `part` is in it.
    #[track_caller]
    fn until(&mut self, part: &str) -> &str {
        while !self.text.contains(part) {
            let some = self.connection.some();
            assert!(
                !some.is_empty(),
                "no `{part}` in the events:\n{}",
                self.text
            );
            self.text.push_str(&String::from_utf8_lossy(&some));
        }
        &self.text
    }

    /// The id of the last event.
    fn last_id(&self) -> &str {
        let (_, id) = self.text.rsplit_once("id: ").expect("an event with an id");
        id.lines().next().expect("a line")
    }
}

/// Until no answer is still made, as far as the journal knows.
fn until_saved(folder: &Folder) {
    let list = ["answer", "list", "--json"];
    while check(folder, &list, 0, &[]).out.contains("running") {}
}

#[track_caller]
fn html(server: &Server, path: &str) -> String {
    let response = server.get(path);
    assert_eq!(response.status, 200, "{path}");
    String::from_utf8(response.body).expect("UTF-8")
}

#[track_caller]
fn assert_gone(server: &Server, path: &str) {
    let unknown = server.get("/a/AAAAAAAAAAAAAAAAAAAAAA");
    let gone = server.get(path);
    assert_eq!((gone.status, unknown.status), (404, 404), "{path}");
    assert_eq!(gone.body, unknown.body, "{path}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_grows_and_outlives_a_kill() {
    let writer = Writer::start();
    let folder = Arc::new(Folder::new());
    let mut server = Server::start_in(&folder, &writer.settings(""));
    let path = ask(&server, "<b>为什么</b>？").await;
    let run = writer.run();
    let page = html(&server, &path);
    for part in [
        "正在写…",
        "&#60;雯子&#62;",
        "<h1>b为什么/b？</h1>",
        "data-at=",
    ] {
        assert!(page.contains(part), "no {part} in\n{page}");
    }

    let mut events = Events::of(&server, &path, None);
    run.send(Some("# 一\n\n第一")).expect("it is listened to");
    events.until("<h2>一</h2>");
    run.send(Some("句。\n\n第二")).expect("it is listened to");
    events.until("\"settled\":\"<h2>一</h2>\"");
    let last_id = events.last_id().to_owned();
    assert!(html(&server, &path).contains("<h2>一</h2>"));

    // Who comes back gets what is missing, and no more.
    let mut again = Events::of(&server, &path, Some(&last_id));
    let missing = again.until("\"last\":\"<p>第一句。").to_owned();
    assert!(
        missing.contains("\"anew\":false") && !missing.contains("<h2>"),
        "{missing}"
    );

    server.kill();
    let mut server = Server::start_in(&folder, &writer.settings(""));
    let run = writer.run();
    // Another process writes another text: nothing of the first one counts.
    let mut events = Events::of(&server, &path, Some(&last_id));
    run.send(Some("## 二\n\n")).expect("it is listened to");
    run.send(Some("| a |\n|---|\n| 1 |\n"))
        .expect("it is listened to");
    events.until("<td>1</td>");
    assert!(events.text.contains("\"anew\":true"), "{}", events.text);
    run.send(Some("\n完。")).expect("it is listened to");
    run.send(None).expect("it is listened to");
    let all = events.until("event: end").to_owned();
    events.until("已写完");
    assert!(!all.contains("第一句"), "{all}");
    let page = html(&server, &path);
    assert!(
        page.contains("<h3>二</h3>") && page.contains("<p>完。</p>") && page.contains("已写完")
    );

    // A restart later it is read from the journal.
    until_saved(&folder);
    server.kill();
    let server = Server::start_in(&folder, &writer.settings(""));
    assert!(html(&server, &path).contains("<p>完。</p>"));
    Events::of(&server, &path, None).until("<p>完。</p>");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_broke_off_says_so_while_it_is_watched_and_after_a_restart() {
    let writer = Writer::start();
    let folder = Arc::new(Folder::new());
    let mut server = Server::start_in(&folder, &writer.settings(""));
    let path = ask(&server, "为什么？").await;
    let run = writer.run();
    let mut events = Events::of(&server, &path, None);
    run.send(Some("**一**。\n\n二")).expect("it is listened to");
    events.until("<strong>一</strong>");
    run.send(Some(BREAK)).expect("it is listened to");
    events.until("event: end");
    let end = events.until("\"stage\":\"broken-off\"");
    assert!(end.contains("回答到这里中断了") && end.contains("中断了，没有写完"));
    assert!(!end.contains("已写完"), "{end}");
    until_saved(&folder);
    for _ in 0..2 {
        let page = html(&server, &path);
        for part in [
            "class=\"state broken-off\"",
            "中断了，没有写完",
            "<p><strong>一</strong>。</p><p>二</p><p class=\"note\">回答到这里中断了",
        ] {
            assert!(page.contains(part), "no {part} in\n{page}");
        }
        Events::of(&server, &path, None).until("\"stage\":\"broken-off\"");
        server.kill();
        server = Server::start_in(&folder, &writer.settings(""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_read_from_memory_while_the_journal_is_away() {
    let writer = Writer::start();
    let folder = Arc::new(Folder::new());
    let server = Server::start_limitable(&folder, &writer.settings(""));
    server.limit_files("0");
    let path = ask(&server, "为什么？").await;
    let run = writer.run();
    let mut events = Events::of(&server, &path, None);
    run.send(Some("一。\n\n")).expect("it is listened to");
    events.until("一。");
    assert!(html(&server, &path).contains("<h1>为什么？</h1>"));
    // Whether it is nowhere or only not here, nobody can say.
    let unknown = "/a/AAAAAAAAAAAAAAAAAAAAAA";
    let busy = server.get(unknown);
    assert_eq!((busy.status, busy.header("retry-after")), (503, "5"));
    let busy = String::from_utf8(busy.body).expect("UTF-8");
    assert!(busy.contains("暂时读不到这条回答"), "{busy}");
    run.send(None).expect("it is listened to");
    events.until("event: end");
    assert!(html(&server, &path).contains("已写完"));

    server.limit_files("unlimited");
    server.wait_for_metrics(|metrics| metrics.get("echostr_journal_away") < 0.5);
    assert!(html(&server, &path).contains("已写完"));
    assert_eq!(server.get(unknown).status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_revoked_ends_at_once_for_who_watches_it() {
    let writer = Writer::start();
    let folder = Arc::new(Folder::new());
    let server = Server::start_in(&folder, &writer.settings(""));
    let path = ask(&server, "为什么？").await;
    let run = writer.run();
    let mut events = Events::of(&server, &path, None);
    run.send(Some("一。\n\n")).expect("it is listened to");
    events.until("一。");
    let answers = check(&folder, &["answer", "list", "--json"], 0, &[]).out;
    let answer: serde_json::Value = serde_json::from_str(answers.trim()).expect("one answer");
    let answer = answer["id"].as_str().expect("a text");
    let socket = folder.path().join("data/echostr.sock");
    let mut socket = UnixStream::connect(socket).expect("it listens");
    let request = format!(
        "DELETE /api/v1/answers/{answer}/page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    );
    // The next beat, after which it looks by itself, is five seconds away.
    events.until(": …");
    let start = Instant::now();
    socket.write_all(request.as_bytes()).expect("it listens");
    let mut response = String::new();
    socket.read_to_string(&mut response).expect("it answers");
    assert!(response.starts_with("HTTP/1.1 204"), "{response}");
    events.until("event: gone");
    assert!(start.elapsed() < Duration::from_secs(3));
    assert_gone(&server, &path);
    run.send(Some("二。")).expect("it is listened to");
    assert_gone(&server, &format!("{path}/events"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_ends_when_it_is_revoked_or_has_expired() {
    let writer = Writer::start();
    let folder = Arc::new(Folder::new());
    let settings = writer.settings("[limits]\nheader_timeout_secs = 1\n");
    let mut server = Server::start_in(&folder, &settings);
    let path = ask(&server, "为什么？").await;
    let run = writer.run();
    let mut events = Events::of(&server, &path, None);
    run.send(Some("一。\n\n")).expect("it is listened to");
    events.until("一。");
    // The connection stays open although nothing comes for longer than idle ones may live.
    while events.text.matches(": …").count() < 6 {
        let some = events.connection.some();
        assert!(!some.is_empty(), "it was closed: {}", events.text);
        events.text.push_str(&String::from_utf8_lossy(&some));
    }
    run.send(Some("二。")).expect("it is listened to");
    run.send(None).expect("it is listened to");
    events.until("event: end");
    server.kill();

    let place = Place::Folder(folder.path().join("data"));
    let journal = SqlJournal::open(&place, Retention::default()).await;
    let journal = journal.expect("the journal of the server");
    let id = id_of(&path);
    let pages = journal.pages();
    let page = pages.find(id).await.expect("read").expect("it is there");
    let now_ms = echostr::Clock::system().unix_ms();
    let left_hours = (page.expires_at_ms - now_ms) / 3_600_000;
    assert_eq!(left_hours, 7 * 24 - 1, "less than 7 days");
    pages.revoke(page.answer, now_ms).await.expect("written");
    journal.close().await;
    let server = Server::start_in(&folder, &settings);
    assert_gone(&server, &path);
    assert_gone(&server, &format!("{path}/events"));
    for wrong in ["/a/x", "/a/..", "/a/AAAAAAAAAAAAAAAAAAAAAB"] {
        assert_gone(&server, wrong);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_ends_when_the_command_says_so() {
    let writer = Writer::start();
    let server = Server::start(&writer.settings(""));
    let folder = server.folder();
    let path = ask(&server, "为什么？").await;
    writer.run().send(None).expect("it is listened to");
    html(&server, &path);
    let listed = check(folder, &["answer", "list", "--all", "--json"], 0, &[]);
    let answer: Value = serde_json::from_str(listed.out.trim()).expect("one line of JSON");
    let id = answer["id"].as_str().expect("an id");
    check(folder, &["answer", "list", "--all"], 0, &[id]);
    check(folder, &["answer", "revoke", id], 0, &[id, "已撤回"]);
    assert_gone(&server, &path);
    check(folder, &["audit", "list"], 0, &["page.revoke", id]);
}

fn id_of(path: &str) -> u128 {
    use base64::Engine as _;
    let word = path.strip_prefix("/a/").expect("a page");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(word);
    u128::from_be_bytes(bytes.expect("base64").try_into().expect("16 bytes"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_guarded_and_its_files_are_kept() {
    let writer = Writer::start();
    let server = Server::start(&writer.settings(""));
    let path = ask(&server, "为什么？").await;
    writer.run().send(None).expect("it is listened to");
    let page = server.get(&path);
    let gone = server.get("/a/AAAAAAAAAAAAAAAAAAAAAA");
    for response in [&page, &gone] {
        for (name, expected) in [
            (
                "content-security-policy",
                "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; \
                 form-action 'none'; frame-ancestors 'none'",
            ),
            ("referrer-policy", "no-referrer"),
            ("x-robots-tag", "noindex, nofollow"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("content-type", "text/html; charset=utf-8"),
        ] {
            assert_eq!(response.header(name), expected, "{name}");
        }
    }
    let head = server.send(&Request {
        method: "HEAD",
        target: &path,
        ..Request::default()
    });
    assert_eq!(head.status, 200);
    let text = String::from_utf8(page.body).expect("UTF-8");
    for (ending, kind) in [("css", "text/css"), ("js", "text/javascript")] {
        let (before, _) = text.split_once(&format!(".{ending}\"")).expect("a file");
        let (_, file) = before.rsplit_once('"').expect("its address");
        let file = server.get(&format!("{file}.{ending}"));
        assert_eq!(file.status, 200);
        assert!(file.header("content-type").starts_with(kind));
        assert!(file.header("cache-control").ends_with("immutable"));
    }
}
