//! A disk that is full or read-only: followers are answered all the same, the owner is told, and nothing of it is missing
//! when it can be written again.
//!
//! A real disk that is full or read-only takes the right to mount one. Where that is missing, the test says so and makes do
//! with a process that may not write any file.

mod common;

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::command::{Running, check};
use common::metrics::Metrics;
use common::{Folder, Link, PATIENCE, Request, SERVE, SHOP, Server, signed, text_push};
use echostr_protocol::{Document, Rendered, Reply};
use serde_json::Value;

const TOKEN: &str = common::TOKEN;

/// A disk of its own under a folder.
struct Disk(PathBuf);

impl Disk {
    /// One of 4 MiB, where we may mount it.
    fn mount(path: &Path) -> Option<Self> {
        fs::create_dir(path).expect("the folder of the tests can be written");
        if is_done(
            "mount",
            &["-t", "tmpfs", "-o", "size=4m", "echostr-test"],
            path,
        ) {
            return Some(Self(path.to_owned()));
        }
        eprintln!("a disk cannot be mounted here, so a full and a read-only one were not tried");
        fs::remove_dir(path).expect("it is empty");
        None
    }

    fn fill(&self) {
        let mut filler = File::create(self.0.join("filler")).expect("it can be written");
        // Smaller and smaller pieces, until not even a byte is left.
        for size in [1 << 16, 1 << 12, 1] {
            while filler.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.0.join("filler")).expect("it was filled");
    }

    fn make_read_only(&self) {
        assert!(is_done("mount", &["-o", "remount,ro"], &self.0));
    }

    fn make_writable(&self) {
        assert!(is_done("mount", &["-o", "remount,rw"], &self.0));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        is_done("umount", &["--lazy"], &self.0);
    }
}

/// Nothing can be written below a folder, by whoever opens it from now on.
struct ReadOnly(PathBuf);

impl ReadOnly {
    fn over(path: &Path) -> Self {
        let text = path.to_str().expect("a plain path");
        assert!(is_done("mount", &["--bind", text], path));
        let over = Self(path.to_owned());
        assert!(is_done("mount", &["-o", "remount,bind,ro"], path));
        over
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        is_done("umount", &["--lazy"], &self.0);
    }
}

fn is_done(program: &str, arguments: &[&str], path: &Path) -> bool {
    let output = Command::new(program).args(arguments).arg(path).output();
    output.is_ok_and(|output| output.status.success())
}

/// Followers who write, and what must be found in the journal in the end.
struct Story<'a> {
    server: &'a Server,
    /// What was answered, by the number of the message.
    answered: Vec<String>,
}

impl Story<'_> {
    /// Writes a text and is told how long the answer took.
    #[track_caller]
    fn writes(&mut self, text: &str) -> (String, Duration) {
        let msg_id = self.answered.len() as u64;
        let (shown, took) = push(self.server, &text_push(text, msg_id));
        self.answered.push(shown.clone());
        (shown, took)
    }

    /// Taps a link and reads the rest.
    #[track_caller]
    fn taps(&mut self, link: &Link) -> (String, Duration) {
        let msg_id = self.answered.len() as u64;
        let (shown, took) = push(self.server, &link.tapped(msg_id));
        self.answered.push(shown.clone());
        (shown, took)
    }

    /// Echoes come back.
    #[track_caller]
    fn check(&mut self, text: &str) -> Duration {
        let (shown, took) = self.writes(text);
        assert_eq!(shown, text);
        took
    }

    /// All of it is in the journal, and nothing else.
    #[track_caller]
    fn assert_is_journaled(&self, folder: &Folder) {
        let listed = ["message", "list", "--json", "--limit", "10000"];
        let listed = check(folder, &listed, 0, &[]).out;
        let mut journaled: Vec<(usize, String)> = listed
            .lines()
            .map(|line| {
                let entry: Value = serde_json::from_str(line).expect("JSON");
                let msg_id = entry["message"]["msg_id"].as_str().expect("a message");
                match serde_json::from_value(entry["reply"].clone()) {
                    Ok(Reply::Text(text)) => (msg_id.parse().expect("a number"), text),
                    other => panic!("{msg_id} has {other:?}"),
                }
            })
            .collect();
        journaled.sort();
        let answered: Vec<_> = self.answered.iter().cloned().enumerate().collect();
        assert_eq!(journaled, answered);
    }
}

#[track_caller]
fn push(server: &Server, push: &str) -> (String, Duration) {
    let start = Instant::now();
    let target = signed("/mp/shop", TOKEN, "");
    let response = server.send(&Request::post(&target, push.as_bytes()));
    let took = start.elapsed();
    assert_eq!(response.status, 200, "{}", server.log());
    let document = Document::parse(&response.body).expect("a reply");
    match Rendered::parse(&document).expect("a reply").reply {
        Reply::Text(text) => (text, took),
        other => panic!("{other:?}"),
    }
}

fn is_away(metrics: &Metrics) -> bool {
    metrics.get("echostr_journal_away") > 0.5
}

fn queued(metrics: &Metrics) -> f64 {
    metrics.get("echostr_journal_queue_records")
}

/// From a journal that can be written to one that cannot, by `spoil`, and back, by `mend`.
fn check_is_caught_up(server: &Server, folder: &Folder, spoil: impl FnOnce(), mend: impl FnOnce()) {
    let mut story = Story {
        server,
        answered: Vec::new(),
    };
    story.check("before");
    assert!(!is_away(&server.metrics()));

    spoil();
    // Files that are there may still have room; then the first that cannot be written is waited for, and not for long.
    let text = "x".repeat(1500);
    let start = Instant::now();
    let took = loop {
        let took = story.check(&text);
        if took > Duration::from_millis(500) {
            break took;
        }
        assert!(start.elapsed() < PATIENCE, "it can still be written");
    };
    assert!(took < Duration::from_secs(3), "{took:?}");
    let line = server.wait_for_log("cannot write the journal");
    for words in ["ERROR", "Followers are answered meanwhile", "64 MiB"] {
        assert!(line.contains(words), "{line}");
    }

    // From now on nobody waits.
    let before = server.metrics();
    assert!(is_away(&before) && queued(&before) > 0.0, "{before:?}");
    for number in 0..20 {
        let took = story.check(&format!("meanwhile {number}"));
        assert!(took < Duration::from_millis(500), "{took:?}");
    }
    let long = "一二三四五六七八九十".repeat(100);
    let (page, took) = story.writes(&long);
    let link = Link::of(&page).expect("a link");
    let (rest, took_tap) = story.taps(&link);
    assert_eq!(link.before + &rest, long);
    assert!((took + took_tap).as_millis() < 500, "{took:?} {took_tap:?}");
    let (page, _) = story.writes(&long);
    let link = Link::of(&page).expect("a link");
    let after = server.metrics();
    assert!(is_away(&after), "{after:?}");
    assert!(queued(&after) >= queued(&before) + 20.0, "{after:?}");
    for path in ["/readyz", "/healthz"] {
        assert_eq!(server.get(path).status, 200);
    }

    mend();
    let metrics = server.wait_for_metrics(|metrics| !is_away(metrics) && queued(metrics) < 0.5);
    metrics.check(&[
        ("echostr_journal_lost_records_total", 0.0),
        ("echostr_journal_queue_bytes", 0.0),
    ]);
    server.wait_for_log("the journal can be written again");
    let log = server.log();
    assert_eq!(log.matches("cannot write the journal").count(), 1, "{log}");
    assert_eq!(log.matches("ERROR").count(), 1, "{log}");
    story.check("after");
    // What was announced meanwhile is there.
    let (rest, _) = story.taps(&link);
    assert_eq!(link.before + &rest, long);
    story.assert_is_journaled(folder);
}

#[test]
fn a_full_disk_keeps_nobody_waiting_and_loses_nothing() {
    let folder = Arc::new(Folder::new());
    let Some(disk) = Disk::mount(&folder.path().join("data")) else {
        return;
    };
    let server = Server::start_in(&folder, SHOP);
    check_is_caught_up(&server, &folder, || disk.fill(), || disk.make_room());
    drop(server);
}

#[test]
fn a_disk_that_refuses_every_write_keeps_nobody_waiting_and_loses_nothing() {
    let folder = Arc::new(Folder::new());
    let server = Server::start_limitable(&folder, SHOP);
    check_is_caught_up(
        &server,
        &folder,
        || server.limit_files("0"),
        || server.limit_files("unlimited"),
    );
}

#[test]
fn a_disk_that_has_become_read_only_keeps_nobody_waiting_and_loses_nothing() {
    let folder = Arc::new(Folder::new());
    let data = folder.path().join("data");
    let Some(_disk) = Disk::mount(&data) else {
        return;
    };
    let server = Server::start_limitable(&folder, SHOP);
    let read_only = RefCell::new(None);
    check_is_caught_up(
        &server,
        &folder,
        || {
            // As when a file system finds itself damaged: a write fails, and whoever opens the files then may only read.
            server.limit_files("0");
            read_only.replace(Some(ReadOnly::over(&data)));
        },
        || {
            server.limit_files("unlimited");
            // Longer than the longest pause between two tries, so that it is tried in this state as well.
            std::thread::sleep(Duration::from_millis(2500));
            assert!(is_away(&server.metrics()));
            read_only.replace(None);
        },
    );
}

#[test]
fn a_server_that_crashed_and_starts_on_a_read_only_disk_answers_and_says_so() {
    let folder = Arc::new(Folder::new());
    let Some(disk) = Disk::mount(&folder.path().join("data")) else {
        return;
    };
    let mut server = Server::start_in(&folder, SHOP);
    assert_eq!(push(&server, &text_push("before", 1)).0, "before");
    server.kill();

    // The log of the database is there, and SQLite opens it to be read.
    disk.make_read_only();
    let server = Server::start_in(&folder, SHOP);
    let n_slow = (0..10)
        .map(|number| (format!("meanwhile {number}"), 2 + number))
        .filter(|(text, msg_id)| {
            let (shown, took) = push(&server, &text_push(text, *msg_id));
            assert_eq!(shown, *text);
            took > Duration::from_millis(500)
        })
        .count();
    assert!(n_slow <= 1, "{n_slow} had to wait");
    assert_eq!(server.get("/readyz").status, 200);
    let metrics = server.metrics();
    assert!(is_away(&metrics) && queued(&metrics) > 9.0, "{metrics:?}");
    let line = server.wait_for_log("cannot write the journal");
    assert!(line.contains("ERROR"), "{line}");
    assert!(line.contains("read-only"), "{line}");
    let log = server.log();
    assert!(!log.contains("can be written again"), "{log}");
}

#[test]
fn a_server_does_not_start_without_the_database_that_is_there() {
    let folder = Arc::new(Folder::new());
    let Some(disk) = Disk::mount(&folder.path().join("data")) else {
        return;
    };
    let mut server = Server::start_in(&folder, SHOP);
    server.terminate();
    server.wait_for_end();
    disk.make_read_only();
    // Otherwise it would not know the accounts in there, and tell the platform so.
    let words = [
        "cannot open the database ./data/echostr.db",
        "is the disk full or read-only?",
    ];
    let said = check(&folder, &SERVE, 1, &words);
    assert!(!said.all().contains("listening on"), "{said:?}");

    let mut starting = Running::start(&folder, &SERVE);
    starting.wait_for("waiting for the database at ./data/echostr.db");
    disk.make_writable();
    starting.wait_for("listening on http://");
}

#[test]
fn a_server_without_room_for_a_journal_answers_and_says_what_is_missing() {
    for (is_full, words) in [
        (true, "is the disk full or read-only?"),
        (false, "cannot create the database ./data/echostr.db"),
    ] {
        let folder = Arc::new(Folder::new());
        let Some(disk) = Disk::mount(&folder.path().join("data")) else {
            return;
        };
        if is_full {
            disk.fill();
        } else {
            disk.make_read_only();
        }
        let server = Server::start_in(&folder, SHOP);
        let line = server.wait_for_log("the journal cannot be made");
        assert!(line.contains("ERROR") && line.contains(words), "{line}");
        let (shown, took) = push(&server, &text_push("hello", 1));
        assert_eq!(shown, "hello");
        assert!(took < Duration::from_millis(500), "{took:?}");
        assert_eq!(server.get("/readyz").status, 200);
    }
}
