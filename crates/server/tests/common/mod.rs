//! The binary as a child process, and requests byte for byte over a socket.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod command;
pub(crate) mod metrics;
pub(crate) mod model;
pub(crate) mod platform;
pub(crate) mod program;
pub(crate) mod rules;

use std::fs;
use std::io::{BufRead as _, BufReader, ErrorKind, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use echostr_protocol::Token;
use echostr_simulator::{Mode, Platform, Push, Sealing, Shown};

/// Nothing here takes so long: a test that waits in vain fails then.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const TOKEN: &str = "S1qJ0JoQmYfy";
pub(crate) const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
pub(crate) const APP_ID: &str = "wx0123456789abcdef";

/// The key for the secrets in a PostgreSQL.
const MASTER_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// One account `shop` in plain mode; more of its keys and tables may follow.
pub(crate) const SHOP: &str = "[[account]]\nid = \"shop\"\ntoken = \"S1qJ0JoQmYfy\"\n";

pub(crate) fn token(text: &str) -> Token {
    text.parse().expect("3 to 32 letters and digits")
}

pub(crate) fn sealing(key: &str, app_id: &str) -> Sealing {
    Sealing {
        key: key.parse().expect("43 characters"),
        app_id: app_id.into(),
    }
}

/// A folder that is removed with the value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static N_FOLDERS: AtomicUsize = AtomicUsize::new(0);
        let number = N_FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("server-{}-{number}", std::process::id());
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).expect("the folder of the tests can be written");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("the folder of the tests can be written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The binary, without the settings of whoever runs the tests.
pub(crate) fn echostr(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_echostr"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| {
        name.to_str()
            .is_some_and(|name| name.starts_with("ECHOSTR_"))
    }) {
        command.env_remove(name);
    }
    command.current_dir(&folder.0).args(arguments);
    command
}

/// The binary, with everything in this PostgreSQL.
pub(crate) fn echostr_on(database: &str, folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = echostr(folder, arguments);
    command
        .env("ECHOSTR_DATABASE__URL", database)
        .env("ECHOSTR_MASTER_KEY", MASTER_KEY);
    command
}

/// What a command says that ends by itself.
pub(crate) fn run(folder: &Folder, arguments: &[&str]) -> Output {
    echostr(folder, arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs")
}

/// A running server; it is killed with the value.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    child: Child,
    log: Arc<Log>,
    folder: Arc<Folder>,
}

/// How a server is started: on a port that is free.
pub(crate) const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

impl Server {
    /// Serves on a free port; `settings` is `echostr.toml`.
    pub(crate) fn start(settings: &str) -> Self {
        Self::start_in(&Arc::new(Folder::new()), settings)
    }

    /// The same in a folder that another server may have had before.
    pub(crate) fn start_in(folder: &Arc<Folder>, settings: &str) -> Self {
        folder.write("echostr.toml", settings);
        Self::start_as(&mut echostr(folder, &SERVE), folder)
    }

    /// The same with everything in this PostgreSQL.
    pub(crate) fn start_on(database: &str, folder: &Arc<Folder>, settings: &str) -> Self {
        folder.write("echostr.toml", settings);
        Self::start_as(&mut echostr_on(database, folder, &SERVE), folder)
    }

    /// The same, going on when it may not write a file, as with an error of the disk: by default it would be ended.
    pub(crate) fn start_limitable(folder: &Arc<Folder>, settings: &str) -> Self {
        folder.write("echostr.toml", settings);
        let own = echostr(folder, &SERVE);
        let mut command = Command::new("sh");
        command
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(own.get_program())
            .args(own.get_args())
            .current_dir(folder.path());
        for (name, _) in own.get_envs() {
            command.env_remove(name);
        }
        Self::start_as(&mut command, folder)
    }

    /// How long a file may become that the process writes.
    pub(crate) fn limit_files(&self, bytes: &str) {
        let status = Command::new("prlimit")
            .arg(format!("--pid={}", self.id()))
            .arg(format!("--fsize={bytes}:unlimited"))
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "`prlimit` runs"
        );
    }

    /// Serves by this command, which somehow ends in [`SERVE`].
    pub(crate) fn start_as(command: &mut Command, folder: &Arc<Folder>) -> Self {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        Self::watch(child, Arc::clone(folder))
    }

    fn watch(mut child: Child, folder: Arc<Folder>) -> Self {
        let log = Arc::new(Log::default());
        let stderr = child.stderr.take().expect("it is piped");
        std::thread::spawn({
            let log = Arc::clone(&log);
            move || log.follow(stderr)
        });
        let line = log.wait_for("listening on http://");
        let (_, address) = line
            .split_once("listening on http://")
            .expect("it was waited for");
        let end = address
            .find(|character: char| !character.is_ascii_digit() && !".:".contains(character))
            .unwrap_or(address.len());
        Self {
            address: address[..end].parse().expect("an address"),
            child,
            log,
            folder,
        }
    }

    /// The first line of the log that holds `text`, once there is one.
    #[track_caller]
    pub(crate) fn wait_for_log(&self, text: &str) -> String {
        self.log.wait_for(text)
    }

    /// The log up to now.
    pub(crate) fn log(&self) -> String {
        self.log.lock().0.clone()
    }

    /// The most memory that the process has had, in bytes, where the system tells.
    pub(crate) fn peak_memory_bytes(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kilobytes * 1024)
    }

    /// Asks the process to stop.
    pub(crate) fn terminate(&self) {
        // The shell's own `kill`: a program of this name is not on every machine.
        let killed = Command::new("sh")
            .args(["-c", "kill -TERM \"$0\"", &self.child.id().to_string()])
            .status();
        assert!(killed.is_ok_and(|status| status.success()), "`kill` runs");
    }

    /// The end without warning, as of a power cut: `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it is our child");
    }

    /// Where it runs.
    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The whole log and the exit status, once the process has ended.
    #[track_caller]
    pub(crate) fn wait_for_end(&mut self) -> (String, ExitStatus) {
        let log = self.log.wait_for_end();
        (log, self.child.wait().expect("it is our child"))
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::to(self.address)
    }

    /// The answer to one request on a connection of its own.
    #[track_caller]
    pub(crate) fn send(&self, request: &Request<'_>) -> Response {
        let mut connection = self.connect();
        connection.write(&request.bytes("Connection: close\r\n"));
        let response = Response::read(&mut connection.0, request.method == "HEAD");
        response.expect("a response")
    }

    /// `GET` as curl sends it.
    #[track_caller]
    pub(crate) fn get(&self, target: &str) -> Response {
        self.send(&Request {
            method: "GET",
            target,
            ..Request::default()
        })
    }

    /// The platform against a path of this server.
    pub(crate) fn platform(&self, path: &str, token: &str, mode: Mode) -> Platform {
        let url = format!("http://{}{path}", self.address);
        Platform::new(&url, self::token(token), mode).expect("an address")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Standard error of a process: its text, and whether it has ended.
#[derive(Default)]
struct Log {
    text: Mutex<(String, bool)>,
    changed: Condvar,
}

impl Log {
    fn lock(&self) -> std::sync::MutexGuard<'_, (String, bool)> {
        self.text.lock().expect("nobody panics while holding it")
    }

    fn follow(&self, stderr: impl Read) {
        let mut lines = BufReader::new(stderr);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            self.lock().0.push_str(&String::from_utf8_lossy(&line));
            self.changed.notify_all();
            line.clear();
        }
        self.lock().1 = true;
        self.changed.notify_all();
    }

    #[track_caller]
    fn wait_for(&self, text: &str) -> String {
        let line_of = |log: &str| {
            log.lines()
                .find(|line| line.contains(text))
                .map(str::to_owned)
        };
        let (log, _) = self
            .changed
            .wait_timeout_while(self.lock(), PATIENCE, |(log, ended)| {
                !*ended && line_of(log).is_none()
            })
            .expect("nobody panics while holding it");
        line_of(&log.0).unwrap_or_else(|| panic!("no `{text}` in the log:\n{}", log.0))
    }

    #[track_caller]
    fn wait_for_end(&self) -> String {
        let (log, waited) = self
            .changed
            .wait_timeout_while(self.lock(), PATIENCE, |(_, ended)| !*ended)
            .expect("nobody panics while holding it");
        assert!(!waited.timed_out(), "the server does not end:\n{}", log.0);
        log.0.clone()
    }
}

/// A request, byte for byte: no header is added but `Host` and `Content-Length`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) headers: Vec<(&'a str, &'a str)>,
    pub(crate) body: &'a [u8],
}

impl<'a> Request<'a> {
    pub(crate) fn get(target: &'a str) -> Self {
        Self {
            method: "GET",
            target,
            ..Self::default()
        }
    }

    pub(crate) fn post(target: &'a str, body: &'a [u8]) -> Self {
        Self {
            method: "POST",
            target,
            headers: vec![("Content-Type", "text/xml")],
            body,
        }
    }

    pub(crate) fn bytes(&self, more_headers: &str) -> Vec<u8> {
        use std::fmt::Write as _;
        let Self {
            method,
            target,
            headers,
            body,
        } = self;
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n{more_headers}");
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !["GET", "HEAD"].contains(method) {
            let _ = write!(head, "Content-Length: {}\r\n", body.len());
        }
        [head.as_bytes(), b"\r\n", body].concat()
    }
}

/// The target of a request that is signed with `token`: `path`, the signature, and `more` (`&echostr=…`).
pub(crate) fn signed(path: &str, token: &str, more: &str) -> String {
    let (timestamp, nonce) = ("1761009968", "759327189");
    let signature = self::token(token).signature(timestamp, nonce);
    format!("{path}?signature={signature}&timestamp={timestamp}&nonce={nonce}{more}")
}

/// A text message in clear.
pub(crate) fn text_push(content: &str, msg_id: u64) -> String {
    format!(
        "<xml><ToUserName><![CDATA[gh_e8df390a377e]]></ToUserName>\
         <FromUserName><![CDATA[osZFAyPrKrJBb2E3]]></FromUserName><CreateTime>1761069225</CreateTime>\
         <MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{content}]]></Content><MsgId>{msg_id}</MsgId></xml>"
    )
}

/// The text that the follower reads.
#[track_caller]
pub(crate) fn text_shown(shown: &Shown) -> &str {
    match shown {
        Shown::Answer { reply, .. } => match &reply.reply {
            echostr_protocol::Reply::Text(content) => content,
            other => panic!("not a text: {other:?}"),
        },
        other => panic!("no answer: {other:?}"),
    }
}

/// A link at the end of a text that leads to the rest, and what stands before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) before: String,
    pub(crate) label: String,
    content: String,
    id: String,
}

impl Link {
    /// The link of a text, if it has one.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let (before, link) = text.rsplit_once("<a href=\"weixin://bizmsgmenu?msgmenucontent=")?;
        let (content, link) = link.split_once("&msgmenuid=")?;
        let (id, link) = link.split_once("\">")?;
        Some(Self {
            before: before.trim_end().into(),
            label: link.strip_suffix("</a>")?.into(),
            content: content.into(),
            id: id.into(),
        })
    }

    /// What is pushed when this follower taps it.
    pub(crate) fn tap(&self, follower: &str) -> Push {
        Push::menu_text(&self.content, &self.id).by(follower)
    }

    /// The same, for a simulated follower.
    pub(crate) fn action(&self) -> echostr_simulator::Action {
        echostr_simulator::Action::Tap {
            content: self.content.clone(),
            id: self.id.clone(),
        }
    }

    /// The same as [`text_push`] writes a text.
    pub(crate) fn tapped(&self, msg_id: u64) -> String {
        let id = format!("<bizmsgmenuid>{}</bizmsgmenuid></xml>", self.id);
        text_push(&self.content, msg_id).replace("</xml>", &id)
    }
}

/// A connection; reading and writing end after [`PATIENCE`].
pub(crate) struct Connection(TcpStream);

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server accepts");
        stream
            .set_read_timeout(Some(PATIENCE))
            .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
            .and_then(|()| stream.set_nodelay(true))
            .expect("it is an open socket");
        Self(stream)
    }

    #[track_caller]
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.try_write(bytes).expect("the server reads");
    }

    /// For what the server may refuse to read to its end.
    pub(crate) fn try_write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(bytes)
    }

    #[track_caller]
    pub(crate) fn response(&mut self) -> Response {
        Response::read(&mut self.0, false).expect("a response")
    }

    /// What comes next; nothing when the server has closed the connection.
    #[track_caller]
    pub(crate) fn some(&mut self) -> Vec<u8> {
        let mut some = vec![0; 16 * 1024];
        let n = self.0.read(&mut some).expect("something comes in time");
        some.truncate(n);
        some
    }

    /// The response, if the server gives one before it closes the connection.
    pub(crate) fn try_response(&mut self) -> Option<Response> {
        Response::read(&mut self.0, false)
    }

    /// Whether nothing comes and the connection stays open for this time.
    pub(crate) fn is_silent_for(&mut self, time: Duration) -> bool {
        self.0
            .set_read_timeout(Some(time))
            .expect("it is an open socket");
        let peeked = self.0.peek(&mut [0]);
        self.0
            .set_read_timeout(Some(PATIENCE))
            .expect("it is an open socket");
        peeked
            .is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }

    /// What comes until the server closes the connection, and how long that took.
    #[track_caller]
    pub(crate) fn rest(mut self) -> (Vec<u8>, Duration) {
        let start = Instant::now();
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => {
                panic!("the server does not close: {error}")
            }
            _ => (rest, start.elapsed()),
        }
    }
}

/// A response as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// Names in lower case; empty when it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let header = self.headers.iter().find(|(other, _)| other == name);
        header.map_or("", |(_, value)| value)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    fn read(stream: &mut TcpStream, is_without_body: bool) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            // A connection that was reset has nothing more to say.
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return None;
            }
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let status = head.first()?.split(' ').nth(1)?.parse().ok()?;
        let header = |line: &String| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let mut response = Self {
            status,
            headers: head[1..].iter().filter_map(header).collect(),
            body: Vec::new(),
        };
        if !is_without_body {
            let length = response.header("content-length").parse().unwrap_or(0);
            response.body = vec![0; length];
            reader.read_exact(&mut response.body).ok()?;
        }
        Some(response)
    }
}

/// Where the test vectors are: `fixtures/vectors`, or the folder that `ECHOSTR_VECTORS` names.
pub(crate) fn read_vectors<T: serde::de::DeserializeOwned>(file: &str) -> T {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/vectors");
    let folder = std::env::var_os("ECHOSTR_VECTORS").map_or_else(own, PathBuf::from);
    let path = folder.join(file);
    let bytes =
        fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| {
        panic!("{file} has something that this test does not know: {error}")
    })
}

/// Prints how many cases were run, and fails with everything that was wrong.
#[track_caller]
pub(crate) fn conclude(what: &str, verdicts: &[Result<(), String>]) {
    assert!(!verdicts.is_empty(), "there are no cases: {what}");
    let failures: Vec<&str> = verdicts
        .iter()
        .filter_map(|verdict| verdict.as_ref().err())
        .map(String::as_str)
        .collect();
    println!("{} cases run: {what}", verdicts.len());
    assert!(
        failures.is_empty(),
        "{} failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
