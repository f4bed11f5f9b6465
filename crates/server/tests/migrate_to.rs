//! `echostr migrate-to` as people run it.

mod common;
#[path = "../../store/tests/common/postgres.rs"]
mod postgres;

use common::{Folder, echostr, run};
use echostr_store::{Place, Retention, SqlJournal};

const VARIABLE: &str = "ECHOSTR_DATABASE__URL";

#[track_caller]
fn refused(arguments: &[&str], url: Option<&str>, code: i32, expected: &str) {
    let folder = Folder::new();
    let mut command = echostr(&folder, arguments);
    if let Some(url) = url {
        command.env(VARIABLE, url);
    }
    let output = command.output().expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(expected), "{said}");
    assert!(!said.contains("geheim"), "{said}");
}

#[test]
fn what_is_missing_or_wrong_is_said_without_the_password() {
    refused(&["migrate-to"], None, 2, VARIABLE);
    refused(
        &["migrate-to", "mysql://me:geheim@db/bot"],
        None,
        2,
        "postgres://",
    );
    refused(
        &["migrate-to"],
        Some("postgres://me:geheim@db:5432/bot?sslmode=geheim"),
        2,
        "postgres://user:password@host",
    );
    // There is nothing to move.
    refused(
        &["migrate-to", "--data", "nowhere"],
        Some("postgres://me:geheim@127.0.0.1:1/bot"),
        1,
        "there is no database at",
    );
}

#[tokio::test]
async fn a_data_folder_moves_and_the_next_steps_are_said() {
    let folder = Folder::new();
    let place = Place::Folder(folder.path().join("data"));
    let journal = SqlJournal::open(&place, Retention::default()).await;
    journal.expect("a journal").close().await;
    let url = postgres::shared().database();
    let move_it = || {
        let mut command = echostr(&folder, &["migrate-to"]);
        command
            .env(VARIABLE, &url)
            .output()
            .expect("the binary runs")
    };
    let moved = move_it();
    let said = String::from_utf8_lossy(&moved.stdout);
    assert!(
        moved.status.success(),
        "{}",
        String::from_utf8_lossy(&moved.stderr)
    );
    for word in [
        "messages",
        "database.url",
        "ECHOSTR_MASTER_KEY",
        "master.key",
    ] {
        assert!(said.contains(word), "{said}");
    }
    let progress = String::from_utf8_lossy(&moved.stderr);
    assert!(progress.contains("copy messages: 0 / 0"), "{progress}");
    let again = move_it();
    assert_eq!(again.status.code(), Some(1));
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(said.contains("that is complete"), "{said}");
    // It names no secret when asked what it can do.
    let help = run(&folder, &["migrate-to", "--help"]);
    assert!(help.status.success());
}
