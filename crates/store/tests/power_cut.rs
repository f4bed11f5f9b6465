//! What was told to be written is there after a power cut: `power_cut.c` keeps what was synced, the process is killed at
//! any moment, and only what was synced is opened again.

mod common;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use echostr::Journal;
use echostr::journal::{Content, Ended, Link, Record, Written, by};

use common::*;

/// Names the folder for the process that is killed.
const DATA: &str = "POWER_CUT_DATA";

/// Before each number that was written for certain.
const MARK: &str = "written ";

/// Calls that are on their way at once.
const AT_ONCE: i64 = 24;

#[tokio::test]
async fn a_power_cut_loses_nothing_that_was_written() {
    let library = library();
    for round in 0..5_u64 {
        let (data, shadow) = (folder(), folder());
        // Early, late, and after checkpoints.
        let n_lines = 1 + 400 * round;
        let told = killed_after(n_lines, data.path(), Some((&library, shadow.path())));
        check(shadow.path(), &told).await;
    }
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_written() {
    for round in 0..4_u64 {
        let data = folder();
        let told = killed_after(1 + 900 * round, data.path(), None);
        check(data.path(), &told).await;
    }
}

/// Everything that was told is there, and what belongs together.
async fn check(data: &Path, told: &[i64]) {
    assert!(!told.is_empty());
    let journal = open(data).await;
    for n in told {
        let message = text(&follower(*n), *n, "问题");
        let found = journal.find(&id_of(&message)).await.expect("read");
        let found = found.unwrap_or_else(|| panic!("{n} of {} is lost", told.len()));
        assert_eq!(found.reply.expect("its reply").0, "稍等".into());
        let follower = open_id(&follower(*n));
        let link = Link::Id(u128::from(n.unsigned_abs()) + 1_000_000);
        let page = journal.page(of(&follower), &link).await.expect("read");
        assert_eq!(page.expect("its link").answer.content, rest("回答", 0));
    }
    journal.close().await;
    let integrity: String = look(data)
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("checked");
    assert_eq!(integrity, "ok");
}

/// Runs [`writes_until_killed`] in a process of its own, kills it after so many lines, and returns what it told.
fn killed_after(n_lines: u64, data: &Path, shadow: Option<(&Path, &Path)>) -> Vec<i64> {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command
        .args(["--exact", "writes_until_killed", "--ignored", "--nocapture"])
        .env(DATA, data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some((library, to)) = shadow {
        command
            .env("LD_PRELOAD", library)
            .env("SHADOW_OF", data)
            .env("SHADOW_TO", to);
    }
    let mut child = command.spawn().expect("a process");
    let mut told = Vec::new();
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    for line in lines {
        let line = line.expect("a line");
        // The first stands behind words of the test harness.
        let Some((_, n)) = line.split_once(MARK) else {
            continue;
        };
        told.push(n.parse().expect("a number"));
        if told.len() as u64 == n_lines {
            // What it tells until it is dead counts, too.
            child.kill().expect("killed");
        }
    }
    child.wait().expect("dead");
    assert!(
        told.len() as u64 >= n_lines,
        "it ended by itself after {} lines",
        told.len()
    );
    told
}

#[tokio::test]
#[ignore = "runs in the process that is killed"]
async fn writes_until_killed() {
    let Some(data) = std::env::var_os(DATA) else {
        return;
    };
    let journal = open(&PathBuf::from(data)).await;
    for start in (0..).step_by(usize::try_from(AT_ONCE).expect("small")) {
        let commits: Vec<_> = (start..start + AT_ONCE)
            .map(|n| (n, journal.write(records(n))))
            .collect();
        for (n, commit) in commits {
            assert_eq!(commit.wait().await, Written::Done);
            let mut out = std::io::stdout().lock();
            writeln!(out, "{MARK}{n}").expect("told");
            out.flush().expect("told");
        }
    }
}

fn records(n: i64) -> Vec<Record> {
    let follower = follower(n);
    let message = text(&follower, n, "问题");
    let id = u128::from(n.unsigned_abs());
    vec![
        received(&message, Some(replied("稍等", by::DEADLINE))),
        delivery(&message, 1, Ended::Answered),
        Record::Answer(answer(id, &message, Content::Running)),
        Record::Link(link(
            id + 1_000_000,
            &follower,
            id.try_into().expect("small"),
            id,
            0,
        )),
        Record::Answer(answer(id, &message, rest("回答", 0))),
    ]
}

fn follower(n: i64) -> String {
    format!("o{}", n % 50)
}

/// Compiles the library; there is a C compiler, because SQLite was compiled.
fn library() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/power_cut.c");
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("power_cut.so");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let status = Command::new(compiler)
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(&source)
        .status();
    assert!(status.expect("a C compiler").success());
    assert!(fs::exists(&library).expect("a folder"));
    library
}
