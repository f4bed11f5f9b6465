//! A journal that moves from its data folder into PostgreSQL, whatever interrupts it.

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use common::*;
use echostr::journal::{Content, Ended, Record, TurnOutcome};
use echostr_store::{Error, Migrated, Place, PostgresUrl, SqlJournal, migrate_to};
use rusqlite::params;

/// So many messages: several portions.
const N_MESSAGES: i64 = 25_000;

/// A journal with something in every table.
async fn journal(folder: &Path) {
    let journal = open(folder).await;
    let message = text("o1", 1, "问\u{0}题\\ \t\n '\"");
    let records = vec![
        received(&message, Some(replied("好", "echo"))),
        delivery(&message, 1, Ended::Answered),
        Record::Answer(answer(7, &message, rest("长长的回答", 6))),
        Record::Link(link(8, "o1", 1, 7, 1)),
        session("o1", "cart", Some(r#"{"n":1}"#)),
        Record::Turn(turn(5, &message, TurnOutcome::Answered)),
        Record::Turn(turn(6, &message, TurnOutcome::Failed)),
    ];
    done(&written(&journal, records).await);
    let other = text("o2", 2, "再问");
    let records = vec![
        received(&other, None),
        Record::Answer(answer(3, &other, Content::Running)),
    ];
    done(&written(&journal, records).await);
    journal.close().await;
    let connection = look(folder);
    connection
        .execute_batch(
            "INSERT INTO accounts (public_id, created_at_ms, updated_at_ms, settings, gh_id) VALUES ('二号', 1, 2, '{}', '');
             INSERT INTO secrets (account_id, name, key_id, sealed, expires_at_ms) VALUES (1, 'token', 'k', x'00ff', 5), (1, 'Token', 'k', x'', NULL);
             INSERT INTO master_keys (key_id, check_value, created_at_ms) VALUES ('b', x'01', 1), ('B', x'02', 2), ('ä', x'03', 3);
             INSERT INTO seen (account_id, mode) VALUES (1, 'safe');
             INSERT INTO audit (at_ms, actor, action, subject, before) VALUES (1, 'file', 'a', 's', NULL), (2, 'file', 'b', 's', '{}');
             DELETE FROM audit WHERE id = 2;
             INSERT INTO api_keys (id, name, hash, scopes, created_at_ms) VALUES ('id', 'name', x'0102', '[]', 1);
             INSERT INTO pages (hash, answer_id, created_at_ms, expires_at_ms) VALUES (x'0a', x'0b', 1, 2);
             INSERT INTO tokens (name, key_id, sealed, fetched_at_ms, lease_holder) VALUES ('wx1', 'k', x'00ff', 1, x'0a'), ('wx1@http://b', NULL, NULL, NULL, NULL);
             INSERT INTO sent (follower_id, message, sent_by, sent_at_ms, outcome) VALUES (1, '{}', 'echo', 1, 'sent');
             INSERT INTO rules (id, account_id, created_at_ms, updated_at_ms, rule) VALUES ('a', 1, 1, 2, '{}'), ('B', NULL, 3, 4, '{}');
             UPDATE rules SET key_id = 'k', sealed = x'00ff', hits = 3, last_hit_at_ms = 9 WHERE id = 'a';
             INSERT INTO uploads (account_id, hash, media_id, expires_at_ms) VALUES (1, x'0a', 'm', 1);
             INSERT INTO capabilities (account_id, found) VALUES (1, '{}');
             INSERT INTO idempotency (account_id, key, digest, started_at_ms) VALUES (1, 'k', x'0a', 1), (1, 'K', x'0b', 2)",
        )
        .expect("rows");
    connection.execute_batch("BEGIN").expect("begun");
    let source = "<xml><Content>这是一条不短的消息，只为了占地方</Content></xml>".repeat(8);
    for n in 0..N_MESSAGES {
        connection
            .execute(
                "INSERT INTO messages (account_id, follower_id, created_at, key, kind, received_at_ms, source)
                 VALUES (1, 1, ?1, ?2, 'text', ?1, ?3)",
                params![n, n.to_string(), source],
            )
            .expect("a message");
    }
    connection.execute_batch("COMMIT").expect("committed");
}

async fn run(folder: &Path, url: &str) -> Result<Migrated, Error> {
    let url: PostgresUrl = url.parse().expect("an address");
    migrate_to(folder, &url, &AtomicBool::new(false), |_| {}).await
}

fn number(url: &str, sql: &str) -> i64 {
    let printed = postgres::shared().psql(url, sql);
    printed.parse().unwrap_or_default()
}

#[tokio::test]
async fn a_journal_moves_with_everything_in_it() {
    let folder = folder();
    journal(folder.path()).await;
    let url = postgres::shared().database();
    let migrated = run(folder.path(), &url).await.expect("copied");
    let tables: BTreeSet<_> = migrated.tables.iter().map(|(name, _)| *name).collect();
    assert_eq!(tables.len(), 23);
    for (table, rows) in &migrated.tables {
        assert!(*rows > 0, "the test has nothing in {table}");
        let found = number(&url, &format!("SELECT count(*) FROM {table}"));
        assert_eq!(u64::try_from(found).expect("a count"), *rows, "{table}");
    }
    let again = run(folder.path(), &url).await.expect_err("complete");
    assert!(matches!(again, Error::MigratedBefore { .. }), "{again}");

    // The server goes on with it.
    let place = Place::Postgres(url.parse().expect("an address"));
    let moved = SqlJournal::open(&place, FOR_EVER).await.expect("a journal");
    let o1 = open_id("o1");
    let unread = echostr::Journal::unread(&moved, of(&o1), 0)
        .await
        .expect("read");
    assert_eq!(unread[0].id, 7);
    let next = text("o1", 3, "新的");
    let records = vec![
        received(&next, None),
        Record::Turn(turn(9, &next, TurnOutcome::Answered)),
    ];
    done(&written(&moved, records).await);
    let told = echostr::Journal::turns(&moved, of(&o1), 0, 10).await;
    let told: Vec<_> = told.expect("read").iter().map(|turn| turn.id).collect();
    assert_eq!(told, [5, 9]);
    moved.close().await;
    assert!(number(&url, "SELECT max(id) FROM messages") > N_MESSAGES + 2);
    // A number that was deleted is not given again.
    let audit = number(
        &url,
        "INSERT INTO audit (at_ms, actor, action, subject) VALUES (1, '', '', '') RETURNING id",
    );
    assert_eq!(audit, 3);
    assert!(
        number(
            &url,
            "INSERT INTO accounts (public_id, created_at_ms, updated_at_ms) VALUES ('x', 1, 1) RETURNING id"
        ) > 2
    );
}

#[tokio::test]
async fn it_is_copied_once_however_often_it_is_interrupted() {
    let folder = folder();
    journal(folder.path()).await;
    let url = postgres::shared().database();
    // Ended in order.
    let stop = AtomicBool::new(false);
    let target: PostgresUrl = url.parse().expect("an address");
    let stopped = migrate_to(folder.path(), &target, &stop, |step| {
        if step.table == "messages" && step.rows > 0 {
            stop.store(true, Ordering::Relaxed);
        }
    });
    let stopped = stopped.await.expect_err("stopped");
    assert!(matches!(stopped, Error::Interrupted), "{stopped}");
    assert!(number(&url, "SELECT count(*) FROM messages") > 0);
    let half = Place::Postgres(target.clone());
    let refused = SqlJournal::open(&half, FOR_EVER)
        .await
        .err()
        .expect("refused");
    assert!(matches!(refused, Error::HalfCopied { .. }), "{refused}");
    // Killed at several points.
    for delay_ms in [30, 120, 250, 400] {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "copies_as_a_process_of_its_own", "--ignored"])
            .env("ECHOSTR_TEST_FOLDER", folder.path())
            .env("ECHOSTR_TEST_URL", &url)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        sleep(Duration::from_millis(delay_ms));
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().expect("ended");
    }
    match run(folder.path(), &url).await {
        // One of those was quick enough.
        Ok(_) | Err(Error::MigratedBefore { .. }) => {}
        Err(other) => panic!("{other}"),
    }
    assert_eq!(
        number(&url, "SELECT count(*) FROM messages"),
        N_MESSAGES + 2
    );
    assert_eq!(
        number(
            &url,
            "SELECT count(*) FROM migration WHERE completed_at_ms IS NOT NULL"
        ),
        1
    );
}

#[tokio::test]
#[ignore = "is killed by another test"]
async fn copies_as_a_process_of_its_own() {
    let folder = std::env::var_os("ECHOSTR_TEST_FOLDER").expect("a folder");
    let url = std::env::var("ECHOSTR_TEST_URL").expect("an address");
    run(Path::new(&folder), &url).await.expect("copied");
}

#[tokio::test]
async fn a_row_that_was_changed_is_found() {
    let folder = folder();
    journal(folder.path()).await;
    let url = postgres::shared().database();
    let target: PostgresUrl = url.parse().expect("an address");
    let stop = AtomicBool::new(false);
    // Between copying and comparing.
    let stopped = migrate_to(folder.path(), &target, &stop, |step| {
        if step.is_compared {
            stop.store(true, Ordering::Relaxed);
        }
    });
    stopped.await.expect_err("stopped");
    postgres::shared().psql(&url, "UPDATE messages SET source = 'x' WHERE id = 777");
    let differs = run(folder.path(), &url).await.expect_err("it differs");
    assert!(
        matches!(
            differs,
            Error::Differs {
                table: "messages",
                ..
            }
        ),
        "{differs}"
    );
}

#[tokio::test]
async fn nothing_is_copied_over_other_data_or_under_a_server() {
    let folder_of_one = folder();
    let (one, other) = (folder_of_one.path(), folder());
    open(one).await.close().await;
    open(other.path()).await.close().await;
    let url = postgres::shared().database();

    // A server runs on the folder.
    let running = open(one).await;
    let refused = run(one, &url).await.expect_err("refused");
    assert!(matches!(refused, Error::Taken { .. }), "{refused}");
    running.close().await;

    // A server runs on the database.
    let place = Place::Postgres(url.parse().expect("an address"));
    let running = SqlJournal::open(&place, FOR_EVER).await.expect("a journal");
    let refused = run(one, &url).await.expect_err("refused");
    assert!(matches!(refused, Error::TakenDatabase { .. }), "{refused}");
    let message = text("o1", 1, "你好");
    done(&written(&running, vec![received(&message, None)]).await);
    running.close().await;

    // It has received something.
    let refused = run(one, &url).await.expect_err("refused");
    assert!(matches!(refused, Error::Occupied { .. }), "{refused}");

    // Another journal was copied half.
    let url = postgres::shared().database();
    let stop = AtomicBool::new(false);
    let target: PostgresUrl = url.parse().expect("an address");
    let stopped = migrate_to(one, &target, &stop, |_| stop.store(true, Ordering::Relaxed));
    drop(stopped.await);
    postgres::shared().psql(&url, "UPDATE migration SET completed_at_ms = NULL");
    let refused = run(other.path(), &url).await.expect_err("refused");
    assert!(
        matches!(
            refused,
            Error::Occupied {
                table: "migration",
                ..
            }
        ),
        "{refused}"
    );

    // There is none.
    let nothing = folder();
    let refused = run(nothing.path(), &url).await.expect_err("refused");
    assert!(matches!(refused, Error::Missing { .. }), "{refused}");
    assert!(!nothing.path().join(echostr_store::FILE_NAME).exists());
}
