//! A server whose everything is in PostgreSQL: from the address to paste to what followers wrote, over an end without warning.

mod common;
#[path = "../../store/tests/common/postgres.rs"]
mod postgres;

use std::sync::Arc;

use common::command::Said;
use common::program::{Gate, Recorder};
use common::{Folder, SHOP, Server, TOKEN, echostr_on, text_shown};
use echostr_simulator::{Mode, Push};

#[track_caller]
fn check(database: &str, folder: &Folder, arguments: &[&str], words: &[&str]) -> Said {
    let output = echostr_on(database, folder, arguments).output();
    let said = Said::from(output.expect("the binary runs"));
    assert_eq!(said.code, 0, "{arguments:?}: {said:#?}");
    for words in words {
        assert!(said.out.contains(words), "no `{words}`: {said:#?}");
    }
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_messages_outlive_a_server_that_is_killed() {
    let database = postgres::shared().database();
    let folder = Arc::new(Folder::new());
    let check = |arguments: &[&str], words: &[&str]| check(&database, &folder, arguments, words);
    let add = ["account", "add", "shop", "--name", "小店"];
    // No server runs: the command opens the database.
    let token = check(&add, &["/mp/shop"]).line("Token");
    let settings = "[open_access]\nenabled = false\n";
    for round in 0..3 {
        let mut server = Server::start_on(&database, &folder, settings);
        let platform = server.platform("/mp/shop", &token, Mode::Plain);
        assert!(platform.handshake().await.passed());
        for earlier in 0..round {
            check(&["message", "list"], &[&format!("round {earlier}")]);
        }
        let text = format!("round {round}");
        let outcome = platform.push(&Push::text(&text).by("li-lei")).await;
        assert_eq!(text_shown(&outcome.shown), text);
        let name = format!("小店 {round}");
        check(&["account", "set", "shop", "--name", &name], &[]);
        if round == 2 {
            server.terminate();
            let (log, status) = server.wait_for_end();
            assert!(status.success() && !log.contains("ERROR"), "{log}");
        } else {
            server.kill();
        }
        // Without the server as well.
        check(&["account", "list"], &[&name]);
        check(&["message", "list"], &[&text, "li-lei"]);
    }
    let data = folder.path().join("data");
    assert!(!data.join("echostr.db").exists() && !data.join("master.key").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_unfinished_is_taken_up_as_soon_as_the_database_can_be_written() {
    const QUESTION: &str = "How many?";
    let database = postgres::shared().database();
    let (gate, folder) = (Gate::default(), Arc::new(Folder::new()));
    let recorder = Recorder::behind(&gate, "42");
    let settings = format!("{SHOP}{}", recorder.bot());
    let mut server = Server::start_on(&database, &folder, &settings);
    let platform = server.platform("/mp/shop", TOKEN, Mode::Plain);
    let asking = tokio::spawn(async move { platform.push(&Push::text(QUESTION)).await });
    server.wait_for_metrics(|metrics| metrics.get("echostr_deliveries_held") > 0.5);
    server.kill();
    asking.abort();

    // As when its disk is full.
    let sql = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                   $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$;
               CREATE TRIGGER refuse BEFORE UPDATE ON messages EXECUTE FUNCTION refuse()";
    postgres::shared().psql(&database, sql);
    let server = Server::start_on(&database, &folder, &settings);
    server.wait_for_log("unfinished answers cannot be taken up again at the moment");
    assert_eq!(recorder.asked().len(), 1);
    postgres::shared().psql(&database, "DROP TRIGGER refuse ON messages");
    server.wait_for_log("1 unfinished answers are taken up again");
    recorder.wait_for(2);
    gate.open(QUESTION);
    let platform = server.platform("/mp/shop", TOKEN, Mode::Plain);
    let outcome = platform.push(&Push::text("1")).await;
    assert_eq!(text_shown(&outcome.shown), "42");
}

#[test]
fn tokens_that_nobody_saw_because_rules_were_refused_are_told_of() {
    let (database, folder) = (postgres::shared().database(), Folder::new());
    check(&database, &folder, &["account", "add", "shop"], &[]);
    let refuse =
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END';
        CREATE TRIGGER refuse BEFORE INSERT ON rules FOR EACH ROW EXECUTE FUNCTION refuse()";
    postgres::shared().psql(&database, refuse);
    let document = "[[account]]\nid = \"new\"\n[[rule]]\nid = \"a\"\nreply.text = \"x\"\n";
    folder.write("both.toml", document);
    let output = echostr_on(&database, &folder, &["apply", "both.toml", "--yes"]).output();
    let said = Said::from(output.expect("the binary runs"));
    assert_ne!(said.code, 0, "{said:#?}");
    for words in ["made for `new`", "echostr account rotate"] {
        assert!(said.err.contains(words), "no `{words}`: {said:#?}");
    }
}
