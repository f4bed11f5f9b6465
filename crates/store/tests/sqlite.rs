//! What is SQLite's own: the file and what may be wrong with it, a disk that is full, what is deleted.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use echostr::journal::{Link, Record, Written, by};
use echostr::{Journal, Reply};
use echostr_store::{Db, History, MessageFilter, Place, SqlJournal};

use common::*;

#[tokio::test]
async fn the_file_is_the_owners_only() {
    let folder = folder();
    let data = folder.path().join("deep/data");
    open(&data).await.close().await;
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join(echostr_store::FILE_NAME)), 0o600);
    let names = fs::read_dir(&data).expect("a folder").count();
    assert_eq!(
        names, 2,
        "the log was written back and removed, database and lock are left"
    );
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = folder();
    open(folder.path()).await.close().await;
    look(folder.path())
        .execute_batch(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (99, 'of tomorrow', 1, x'00', 0)",
        )
        .expect("written");
    let message = refused(folder.path()).await;
    assert!(
        message.contains("its schema is version 99, this Echostr knows versions up to 4"),
        "{message}"
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = folder();
    let path = folder.path().join(echostr_store::FILE_NAME);
    fs::write(&path, "This is no database. ".repeat(1000)).expect("written");
    let message = refused(folder.path()).await;
    assert!(
        message.contains("the file is none, or it is damaged"),
        "{message}"
    );
    assert!(message.contains(&path.display().to_string()), "{message}");
    let left = fs::read_to_string(&path).expect("still there");
    assert!(
        left.starts_with("This is no database. "),
        "it is not touched"
    );
}

#[tokio::test]
async fn a_database_of_another_program_is_refused() {
    let folder = folder();
    look(folder.path())
        .execute_batch("CREATE TABLE cookies (id INTEGER)")
        .expect("written");
    let message = refused(folder.path()).await;
    assert!(
        message.contains("tables of another program (`cookies`)"),
        "{message}"
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");
    let message = refused(&file.join("data")).await;
    assert!(
        message.contains("cannot create the data folder"),
        "{message}"
    );
}

#[tokio::test]
async fn a_database_that_another_program_keeps_locked_is_named() {
    let folder = folder();
    open(folder.path()).await.close().await;
    let other = look(folder.path());
    other
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT")
        .expect("locked");
    let message = refused(folder.path()).await;
    assert!(
        message.contains("end the other program that keeps it locked"),
        "{message}"
    );
}

async fn refused(folder: &Path) -> String {
    match SqlJournal::open(&Place::Folder(folder.to_owned()), FOR_EVER).await {
        Ok(_) => panic!("opened"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn another_connection_may_delete_a_follower_meanwhile() {
    let folder = folder();
    let journal = open(folder.path()).await;
    done(&written(&journal, vec![received(&text("o1", 1, "hi"), None)]).await);
    look(folder.path())
        .execute_batch("DELETE FROM messages; DELETE FROM latest; DELETE FROM followers")
        .expect("deleted");

    // The journal remembered the follower's row, which is gone.
    done(&written(&journal, vec![received(&text("o2", 1, "hi"), None)]).await);
    done(&written(&journal, vec![received(&text("o1", 9, "hi"), None)]).await);
    assert_eq!(messages_of(&journal, "o1").await, 1);
}

/// How many of this follower are found.
async fn messages_of(journal: &SqlJournal, follower: &str) -> usize {
    let filter = MessageFilter {
        follower: Some(open_id(follower)),
        limit: 10,
        ..MessageFilter::default()
    };
    let page = History::new(journal.db()).messages(&filter).await;
    page.expect("read").items.len()
}

#[tokio::test]
async fn while_the_database_is_locked_records_wait() {
    let folder = folder();
    let journal = open(folder.path()).await;
    let o1 = open_id("o1");
    let messages: Vec<_> = (0..2000).map(|n| text("o1", n, "hi")).collect();
    let blocker = look(folder.path());
    blocker.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let commits: Vec<_> = messages
        .iter()
        .map(|message| journal.write(vec![received(message, None)]))
        .collect();
    until(async || journal.is_away()).await;
    let health = journal.health();
    assert_eq!((health.queued_records, health.lost_records), (2000, 0));
    assert!(health.queued_bytes > 2000 * 300);
    assert!(commits.iter().all(|commit| commit.now().is_none()));
    // A number that is not durable could be drawn again; reading goes on.
    journal.next_number(of(&o1)).await.expect_err("refused");
    assert!(journal.follower(of(&o1)).await.expect("read").is_none());

    blocker.execute_batch("COMMIT").expect("unlocked");
    for commit in commits {
        assert_eq!(commit.wait().await, Written::Done);
    }
    assert!(!journal.is_away());
    assert_eq!(journal.next_number(of(&o1)).await.expect("drawn"), 1);
    until(async || journal.health().queued_records == 0).await;
    assert_eq!(count(folder.path(), "messages"), 2000);
}

#[tokio::test]
async fn a_journal_with_nothing_to_write_notices_that_it_can_be_written_again() {
    let folder = folder();
    let journal = open(folder.path()).await;
    let o1 = open_id("o1");
    let blocker = look(folder.path());
    blocker.execute_batch("BEGIN IMMEDIATE").expect("locked");
    journal.next_number(of(&o1)).await.expect_err("refused");
    assert!(journal.health().away_since_ms.is_some());
    blocker.execute_batch("COMMIT").expect("unlocked");
    until(async || journal.health().away_since_ms.is_none()).await;
    assert_eq!(journal.next_number(of(&o1)).await.expect("drawn"), 1);
}

#[tokio::test]
async fn the_queue_is_bounded_and_the_newest_are_given_up() {
    let folder = folder();
    let journal = open(folder.path()).await;
    let blocker = look(folder.path());
    blocker.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let long = "长".repeat(20_000);
    let mut commits = Vec::new();
    let mut n = 0;
    while journal.health().lost_records == 0 {
        commits.push(journal.write(vec![received(&text("o1", n, &long), None)]));
        n += 1;
    }
    assert!(journal.health().queued_bytes <= 64 * 1024 * 1024);
    assert!(journal.health().queued_bytes > 60 * 1024 * 1024);
    assert_eq!(
        commits.last().expect("the newest").now(),
        Some(Written::Lost)
    );
    blocker.execute_batch("COMMIT").expect("unlocked");
    let mut n_done = 0;
    for commit in &commits {
        n_done += i64::from(commit.wait().await == Written::Done);
    }
    assert_eq!(n_done, n - 1);
    assert_eq!(count(folder.path(), "messages"), n - 1);
}

#[tokio::test]
async fn closing_does_not_wait_for_ever() {
    let folder = folder();
    let journal = open(folder.path()).await;
    let blocker = look(folder.path());
    blocker.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let commit = journal.write(vec![received(&text("o1", 1, "hi"), None)]);
    journal.close().await;
    assert_eq!(commit.wait().await, Written::Lost);
}

/// A small disk of its own, when this may mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new() -> Option<Self> {
        let disk = Self(folder());
        let is_mounted = mount(&["-t", "tmpfs", "-o", "size=4m", "tmpfs"], disk.0.path());
        is_mounted.then_some(disk)
    }

    fn fill(&self) -> std::path::PathBuf {
        let path = self.0.path().join("filler");
        let mut file = fs::File::create(&path).expect("a file");
        // Until nothing goes in any more.
        while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn mount(options: &[&str], path: &Path) -> bool {
    let status = Command::new("mount").args(options).arg(path).status();
    status.is_ok_and(|status| status.success())
}

#[tokio::test]
async fn a_full_disk_is_caught_up_with_later() {
    let Some(disk) = SmallDisk::new() else {
        println!("skipped: only root may mount a small disk");
        return;
    };
    let journal = open(disk.0.path()).await;
    done(&written(&journal, vec![received(&text("o1", 0, "before"), None)]).await);
    let filler = disk.fill();
    let messages: Vec<_> = (1..1000).map(|n| text("o1", n, "hi")).collect();
    let commits: Vec<_> = messages
        .iter()
        .map(|message| journal.write(vec![received(message, Some(replied("hi", "echo")))]))
        .collect();
    until(async || journal.health().away_since_ms.is_some()).await;
    // What is there can be read.
    let before = journal.find(&id_of(&text("o1", 0, "before"))).await;
    assert!(before.expect("read").is_some());

    fs::remove_file(filler).expect("removed");
    for commit in commits {
        assert_eq!(commit.wait().await, Written::Done);
    }
    assert_eq!(journal.health().away_since_ms, None);
    assert_eq!(journal.health().lost_records, 0);
    journal.close().await;
    assert_eq!(count(disk.0.path(), "messages"), 1000);
}

#[tokio::test]
async fn a_read_only_disk_is_named_at_the_start() {
    let Some(disk) = SmallDisk::new() else {
        println!("skipped: only root may mount a small disk");
        return;
    };
    open(disk.0.path()).await.close().await;
    assert!(mount(&["-o", "remount,ro", "tmpfs"], disk.0.path()));
    let message = refused(disk.0.path()).await;
    assert!(message.contains("may the server's user"), "{message}");
}

#[tokio::test]
async fn a_disk_that_is_full_at_the_start_is_named() {
    let Some(disk) = SmallDisk::new() else {
        println!("skipped: only root may mount a small disk");
        return;
    };
    disk.fill();
    let message = refused(disk.0.path()).await;
    assert!(message.contains("is the disk full"), "{message}");
}

#[tokio::test]
async fn a_reader_sees_links_after_the_log_was_copied() {
    let folder = folder();
    let journal = open(folder.path()).await;
    // Enough for several checkpoints and for the log to begin anew.
    let long = "长".repeat(2000);
    for n in 0..40 {
        let calls: Vec<_> = (0..100)
            .map(|m| {
                received(
                    &text(&format!("o{m}"), n * 100 + m, &long),
                    Some(replied("x", "echo")),
                )
            })
            .collect();
        done(&written(&journal, calls).await);
    }
    fill(&journal, "o1", 9000).await;
    let o1 = open_id("o1");
    assert!(
        journal
            .page(of(&o1), &Link::Number(1))
            .await
            .expect("read")
            .is_some()
    );
    assert_eq!(count(folder.path(), "messages"), 4003);
    let log = fs::metadata(folder.path().join("echostr.db-wal"))
        .expect("a log")
        .len();
    journal.close().await;
    let integrity: String = look(folder.path())
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("checked");
    assert_eq!(integrity, "ok");
    println!("the log had {log} bytes");
}

#[tokio::test]
async fn a_chain_does_not_lead_into_another_followers_messages() {
    let folder = folder();
    let journal = open(folder.path()).await;
    done(&written(&journal, vec![received(&text("o1", 1, "a"), None)]).await);
    // As retention does, while `latest` still names the message.
    look(folder.path())
        .execute_batch("DELETE FROM messages")
        .expect("deleted");
    done(&written(&journal, vec![received(&text("o2", 2, "b"), None)]).await);
    assert_eq!(messages_of(&journal, "o1").await, 0);
    done(&written(&journal, vec![forget("o1")]).await);
    assert_eq!(count(folder.path(), "messages"), 1);
}

#[tokio::test]
async fn a_follower_whose_return_was_missed_is_not_forgotten() {
    let folder = folder();
    let journal = open(folder.path()).await;
    let o1 = open_id("o1");
    let unfollowed_at = async || {
        let known = journal.follower(of(&o1)).await.expect("read");
        known.expect("known").unfollowed_at_ms
    };
    let now = now_ms();
    let gone = received_at(&event("o1", 2, "unsubscribe", ""), now, None);
    done(&written(&journal, vec![gone]).await);
    assert!(unfollowed_at().await.is_some());
    // Written late, but received before.
    let before = received_at(&text("o1", 1, "bye"), now - 1, None);
    done(&written(&journal, vec![before]).await);
    assert!(unfollowed_at().await.is_some());
    let after = received_at(&text("o1", 3, "back"), now + 1, None);
    done(&written(&journal, vec![after]).await);
    assert_eq!(unfollowed_at().await, None);
}

#[tokio::test]
async fn an_answer_that_gave_way_is_not_kept() {
    let folder = folder();
    let journal = open(folder.path()).await;
    let question = text("o1", 1, "多少钱");
    done(
        &written(
            &journal,
            vec![received(&question, Some(replied("first", "echo")))],
        )
        .await,
    );
    let records = vec![
        reply_to(&question, replied("second", by::DEADLINE)),
        Record::Answer(answer(7, &question, rest("never shown", 0))),
        Record::Link(link(70, "o1", 1, 7, 0)),
        session("o1", "cart", Some("[]")),
    ];
    let came = written(&journal, records).await;
    assert_eq!(came, Written::Instead(Reply::from("first"), START + 100));
    for (table, expected) in [("answers", 0), ("links", 0), ("sessions", 1)] {
        assert_eq!(count(folder.path(), table), expected, "{table}");
    }
}

#[tokio::test]
async fn what_came_before_forgetting_stays_forgotten_after_a_new_push() {
    let folder = folder();
    let journal = open(folder.path()).await;
    let (o1, before) = (open_id("o1"), text("o1", 1, "a"));
    done(&written(&journal, vec![received(&before, None)]).await);
    done(&written(&journal, vec![forget("o1")]).await);
    // No number and no session make the follower anew.
    assert_eq!(journal.next_number(of(&o1)).await.expect("drawn"), 0);
    done(&written(&journal, vec![session("o1", "cart", Some("[]"))]).await);
    assert_eq!(count(folder.path(), "followers"), 0);

    let later = received_at(&text("o1", 2, "b"), now_ms() + 1000, None);
    done(&written(&journal, vec![later]).await);
    let leftovers = vec![
        received(&before, Some(replied("a", "echo"))),
        Record::Answer(answer(7, &before, rest("a", 0))),
        Record::Link(link(70, "o1", 1, 7, 0)),
    ];
    done(&written(&journal, leftovers).await);
    for (table, expected) in [("messages", 1), ("answers", 0), ("links", 0)] {
        assert_eq!(count(folder.path(), table), expected, "{table}");
    }
    assert_eq!(journal.next_number(of(&o1)).await.expect("drawn"), 1);
}

#[tokio::test]
async fn what_was_forgotten_is_not_in_the_file() {
    let folder = folder();
    let journal = open(folder.path()).await;
    for (n, secret) in ["planted one", "planted two"].iter().enumerate() {
        let follower = format!("o{n}");
        done(&written(&journal, vec![received(&text(&follower, 1, secret), None)]).await);
    }
    let Db::Sqlite { writer, .. } = journal.db() else {
        panic!("a folder has SQLite");
    };
    sqlx::query(
        "INSERT INTO secrets (account_id, name, key_id, sealed) VALUES (1, 'token', '', $1)",
    )
    .bind(b"planted three".to_vec())
    .execute(&writer)
    .await
    .expect("written");
    journal.close().await;
    let is_there = |words: &str| {
        let bytes = fs::read(folder.path().join(echostr_store::FILE_NAME)).expect("a file");
        bytes
            .windows(words.len())
            .any(|part| part == words.as_bytes())
    };
    let planted = ["planted one", "planted two", "planted three"];
    assert_eq!(planted.map(is_there), [true; 3]);

    let journal = open(folder.path()).await;
    let forgotten = journal.forget(SHOP, &open_id("o0")).await;
    assert_eq!(forgotten.expect("forgotten").messages, 1);
    done(&written(&journal, vec![forget("o1")]).await);
    let Db::Sqlite { writer, .. } = journal.db() else {
        panic!("a folder has SQLite");
    };
    let forgotten = sqlx::query("DELETE FROM secrets").execute(&writer).await;
    forgotten.expect("written");
    journal.close().await;
    assert_eq!(planted.map(is_there), [false; 3]);
}

#[tokio::test]
async fn a_second_server_is_kept_out_of_the_folder() {
    let folder = folder();
    let journal = open(folder.path()).await;
    let message = refused(folder.path()).await;
    assert!(
        message.contains("another Echostr server is using"),
        "{message}"
    );

    // A restart: the one before ends meanwhile.
    let start = std::time::Instant::now();
    let ending = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        journal.close().await;
    };
    let (next, ()) = tokio::join!(open(folder.path()), ending);
    assert!(start.elapsed() >= std::time::Duration::from_millis(200));
    next.close().await;
}

#[tokio::test]
async fn a_closed_journal_is_away() {
    let folder = folder();
    let journal = open(folder.path()).await;
    assert!(!journal.is_away());
    journal.close().await;
    assert!(journal.is_away());
}

#[tokio::test]
async fn what_can_never_be_written_is_not_reported_as_written() {
    let folder = folder();
    let journal = open(folder.path()).await;
    let damaged = text("o1", 1, "a");
    done(
        &written(
            &journal,
            vec![received(&damaged, Some(replied("a", "echo")))],
        )
        .await,
    );
    // The writer has looked once for what is too old, and does not do that now.
    done(&written(&journal, vec![session("o1", "cart", Some("[]"))]).await);
    let blocker = look(folder.path());
    blocker
        .execute_batch("BEGIN IMMEDIATE; UPDATE messages SET reply = '{'")
        .expect("locked");
    let first = journal.write(vec![received(&text("o1", 2, "b"), None)]);
    until(async || journal.is_away()).await;
    // One batch, because the writer is at the first.
    let never = journal.write(vec![received(&damaged, None)]);
    journal.write(vec![received(&text("o1", 3, "c"), None)]);
    blocker.execute_batch("COMMIT").expect("unlocked");
    assert_eq!(first.wait().await, Written::Done);
    assert_eq!(never.wait().await, Written::Lost);
    assert_eq!(journal.health().lost_records, 1);
    assert_eq!(count(folder.path(), "messages"), 3);
}
