//! What is PostgreSQL's own: who may use the database, what happens when it is killed, stopped or taken over.

mod common;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use echostr::journal::{Commit, Content, Ended, Record, Written, by};
use echostr::{Accounts as _, Journal as _};
use echostr_protocol::OpenId;
use echostr_store::{
    AccountEntry, AccountSecrets, AccountStore, Actor, ApiKeys, Error, MasterKeys, NotChanged,
    Place, RuleEdit, RuleNotChanged, RuleStore, SqlJournal, Vault,
};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use common::postgres::{Postgres, shared};
use common::*;

/// The database for the process that is killed.
const URL: &str = "ECHOSTR_TEST_POSTGRES";

/// Said by it when it is at work.
const READY: &str = "the journal is open";

fn place(url: &str) -> Place {
    Place::Postgres(url.parse().expect("an address"))
}

async fn opened(url: &str) -> SqlJournal {
    SqlJournal::open(&place(url), FOR_EVER)
        .await
        .expect("a journal")
}

async fn refused(url: &str) -> Error {
    match SqlJournal::open(&place(url), FOR_EVER).await {
        Ok(_) => panic!("opened"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn of_two_servers_that_start_at_once_one_serves() {
    let url = shared().database();
    let start = Instant::now();
    let (place_a, place_b) = (place(&url), place(&url));
    let (a, b) = tokio::join!(
        SqlJournal::open(&place_a, FOR_EVER),
        SqlJournal::open(&place_b, FOR_EVER)
    );
    let (journal, error) = match (a, b) {
        (Ok(journal), Err(error)) | (Err(error), Ok(journal)) => (journal, error),
        (Ok(_), Ok(_)) => panic!("both serve"),
        (Err(a), Err(b)) => panic!("none serves: {a}; {b}"),
    };
    assert!(
        start.elapsed() >= Duration::from_secs(5),
        "the one before may be about to end"
    );
    let message = error.to_string();
    assert!(
        message.starts_with(
            "another Echostr server is using the database at postgres://echostr@127.0.0.1:"
        ),
        "{message}"
    );
    assert!(message.contains(" (from 127.0.0.1"), "{message}");

    // The next one waits for it to end.
    let next = tokio::spawn({
        let url = url.clone();
        async move { opened(&url).await }
    });
    done(&written(&journal, vec![received(&text("o1", 1, "hi"), None)]).await);
    assert!(!next.is_finished());
    journal.close().await;
    let next = next.await.expect("opened");
    let found = next.find(&id_of(&text("o1", 1, "hi"))).await;
    assert!(found.expect("read").is_some());
    next.close().await;
}

#[tokio::test]
async fn a_server_that_died_leaves_the_database_free() {
    let url = shared().database();
    let mut first = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "holds_the_database", "--ignored", "--nocapture"])
        .env(URL, &url)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut lines = BufReader::new(first.stdout.take().expect("its output")).lines();
    assert!(
        lines.any(|line| line.expect("a line").contains(READY)),
        "it does not start"
    );
    let error = refused(&url).await;
    assert!(matches!(error, Error::TakenDatabase { .. }), "{error}");
    first.kill().expect("killed");
    first.wait().expect("dead");
    opened(&url).await.close().await;
}

#[tokio::test]
#[ignore = "runs in the process that is killed"]
async fn holds_the_database() {
    let Ok(url) = std::env::var(URL) else {
        return;
    };
    let _journal = opened(&url).await;
    println!("{READY}");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn two_schemas_of_a_database_are_two_journals() {
    let url = shared().database();
    shared().psql(&url, "CREATE SCHEMA one; CREATE SCHEMA two");
    let one = opened(&format!("{url}?options=-csearch_path%3Done")).await;
    let two = opened(&format!("{url}?options[search_path]=two")).await;
    let message = text("o1", 1, "hi");
    done(&written(&one, vec![received(&message, None)]).await);
    assert!(two.find(&id_of(&message)).await.expect("read").is_none());
    assert!(one.find(&id_of(&message)).await.expect("read").is_some());
}

#[tokio::test]
async fn it_works_over_the_unix_socket() {
    let url = shared().database();
    let name = url.rsplit('/').next().expect("a name");
    let journal = opened(&shared().socket_url(name)).await;
    done(&written(&journal, vec![received(&text("o1", 1, "hi"), None)]).await);
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_refused_with_what_to_do() {
    let check = async |prepare: &dyn Fn(&str) -> String, expected: &[&str]| {
        let url = shared().database();
        let error = refused(&prepare(&url)).await.to_string();
        for part in expected {
            assert!(error.contains(part), "{error}");
        }
        assert!(!error.contains("geheim"), "{error}");
    };
    let sql = |sql: &'static str| {
        move |url: &str| {
            shared().psql(url, sql);
            url.to_owned()
        }
    };
    check(
        &sql("CREATE TABLE cookies (id bigint)"),
        &["tables of another program (`cookies`)", "search_path"],
    )
    .await;
    check(
        &sql("CREATE TABLE _sqlx_migrations (version bigint, description text); INSERT INTO _sqlx_migrations VALUES (1, 'shop')"),
        &["tables of another program (`_sqlx_migrations`)"],
    )
    .await;
    check(
        &sql(
            "CREATE TABLE _sqlx_migrations (version bigint, description text);
              INSERT INTO _sqlx_migrations VALUES (1, 'journal'), (99, 'of tomorrow')",
        ),
        &["its schema is version 99, this Echostr knows versions up to 3"],
    )
    .await;
    check(
        &|url| format!("{url}_that_is_not_there").replace("echostr@", "echostr:geheim@"),
        &["_that_is_not_there: there is no such database: make it with `createdb`"],
    )
    .await;
    check(
        &|_| "postgres://me:geheim@127.0.0.1:1/bot".into(),
        &["cannot open the database at postgres://me@127.0.0.1:1/bot: is PostgreSQL running there?"],
    )
    .await;
    check(
        &|url| format!("{url}?sslmode=require").replace("echostr@", "echostr:geheim@"),
        &["see that the server offers TLS"],
    )
    .await;
    check(
        &|url| {
            shared().psql(
                url,
                "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
            );
            shared().url("latin")
        },
        &["its encoding is LATIN1"],
    )
    .await;
}

#[tokio::test]
async fn what_postgresql_cannot_keep_in_a_text_is_replaced() {
    let url = shared().database();
    let journal = opened(&url).await;
    let message = echostr_protocol::Document::parse(
        br#"{"FromUserName":"o\u00001","CreateTime":1761000001,"MsgType":"text","Content":"a\u0000b","MsgId":"1\u00002"}"#,
    );
    let message = Arc::new(echostr::Message::parse(message.expect("a push")));
    let saved = echostr::journal::SavedAnswer {
        question: "a\0b".into(),
        ..answer(7, &message, rest("c\0d", 1))
    };
    let records = vec![
        received(&message, Some(replied("e\0f", "echo"))),
        delivery(&message, 1, Ended::Answered),
        Record::Answer(saved),
        session("o\u{0}1", "cart\0", Some("[\"\0\"]")),
    ];
    done(&written(&journal, records).await);
    let found = journal.find(&id_of(&message)).await.expect("read");
    let found = found.expect("found");
    assert_eq!(
        found.reply.expect("a reply").0,
        echostr::Reply::from("e\0f")
    );
    let answer = found.answer.expect("an answer");
    assert_eq!(answer.question, "a\u{fffd}b");
    assert_eq!(answer.content, rest("c\u{fffd}d", 1));
    let follower = OpenId::from("o\u{0}1");
    let kept = journal
        .session(of(&follower), "cart\0")
        .await
        .expect("read");
    assert_eq!(kept.as_deref(), Some("[\"\u{fffd}\"]"));
    assert!(
        journal
            .follower(of(&follower))
            .await
            .expect("read")
            .is_some()
    );
}

#[tokio::test]
async fn what_can_never_be_written_is_given_up_and_the_rest_is_kept() {
    let url = shared().database();
    let journal = opened(&url).await;
    let (good, bad) = (text("o1", 1, "good"), text("o1", 2, "bad"));
    shared().psql(
        &url,
        "ALTER TABLE messages ADD CONSTRAINT no_bad CHECK (source NOT LIKE '%bad%')",
    );
    let commits = [
        journal.write(vec![received(&good, None)]),
        journal.write(vec![received(&bad, None)]),
        journal.write(vec![delivery(&good, 1, Ended::Answered)]),
    ];
    // The others only if they were in a batch with it: that has one outcome.
    let [good, bad, delivery] = commits.each_ref().map(Commit::wait);
    let (_, bad, _) = tokio::join!(good, bad, delivery);
    assert_eq!(bad, Written::Lost);
    assert_eq!(journal.health().lost_records, 1);
    assert!(!journal.is_away());
    assert_eq!(shared().psql(&url, "SELECT count(*) FROM messages"), "1");
    assert_eq!(shared().psql(&url, "SELECT count(*) FROM deliveries"), "1");
}

#[tokio::test]
async fn commits_are_durable_whatever_the_servers_default_is() {
    let url = shared().database();
    let name = url.rsplit('/').next().expect("a name");
    shared().psql(
        &url,
        &format!("ALTER DATABASE {name} SET synchronous_commit = off"),
    );
    let journal = opened(&url).await;
    shared().psql(
        &url,
        "CREATE TABLE told (value text);
         CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO told VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
         CREATE TRIGGER tell AFTER INSERT ON messages FOR EACH ROW EXECUTE FUNCTION tell()",
    );
    done(&written(&journal, vec![received(&text("o1", 1, "hi"), None)]).await);
    assert_eq!(shared().psql(&url, "SELECT DISTINCT value FROM told"), "on");
}

/// Cuts the connection that holds the lock.
fn cut_the_lock(url: &str) {
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE application_name LIKE 'echostr lock%' AND datname = current_database() AND pid IN
                   (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)";
    shared().psql(url, cut);
}

#[tokio::test]
async fn a_lock_that_was_lost_is_taken_again() {
    let url = shared().database();
    let journal = opened(&url).await;
    done(&written(&journal, vec![received(&text("o1", 1, "hi"), None)]).await);
    cut_the_lock(&url);
    done(&written(&journal, vec![received(&text("o1", 2, "hi"), None)]).await);
    until(async || {
        let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        shared().psql(&url, held) == "1"
    })
    .await;
    let error = refused(&url).await;
    assert!(matches!(error, Error::TakenDatabase { .. }), "{error}");
}

/// Another server at work on the database of one that runs.
async fn taken_over(url: &str) -> SqlJournal {
    // The old one takes its lock again within a second, so this may need several tries.
    loop {
        let waiting = tokio::spawn({
            let url = url.to_owned();
            async move { SqlJournal::open(&place(&url), FOR_EVER).await }
        });
        let cutting = async {
            loop {
                tokio::time::sleep(Duration::from_millis(300)).await;
                cut_the_lock(url);
            }
        };
        tokio::select! {
            opened = waiting => match opened.expect("no panic") {
                Ok(new) => break new,
                Err(error) => assert!(matches!(error, Error::TakenDatabase { .. }), "{error}"),
            },
            () = cutting => {}
        }
    }
}

#[tokio::test]
async fn accounts_that_another_server_changed_are_known_when_the_database_is_ours_again() {
    let url = shared().database();
    let by = Actor("test".into());
    let old = opened(&url).await;
    let (old_accounts, old_keys) = accounts_and_keys(&old).await;
    let shop = old_accounts
        .create(&by, account("shop"))
        .await
        .expect("made");
    let (_, key) = old_keys
        .create(&by, "key", Vec::new(), None)
        .await
        .expect("made");

    let new = taken_over(&url).await;
    let taken = |refused: NotChanged| {
        let NotChanged::Database(error) = refused else {
            panic!("{refused}")
        };
        assert!(matches!(error, Error::TakenDatabase { .. }), "{error}");
    };
    taken(
        old_accounts
            .create(&by, account("other"))
            .await
            .expect_err("it is not ours"),
    );
    taken(
        old_accounts
            .remove(&by, "shop")
            .await
            .expect_err("it is not ours"),
    );
    let refused = old_keys.create(&by, "other", Vec::new(), None).await;
    assert!(matches!(refused, Err(Error::TakenDatabase { .. })));
    let (new_accounts, new_keys) = accounts_and_keys(&new).await;
    new_accounts
        .create(&by, account("other"))
        .await
        .expect("made");
    let rename = |entry: &mut AccountEntry| entry.settings.name = "雯子".into();
    new_accounts
        .change(&by, "shop", rename)
        .await
        .expect("changed");
    let id = &new_keys.list()[0].id;
    assert!(new_keys.revoke(&by, id).await.expect("written"));
    new.close().await;

    let returned =
        tokio::time::timeout(Duration::from_mins(1), async { old.db().returned(0).await });
    assert_eq!(returned.await.expect("within a minute"), 1);
    // As is done from time to time, and at this moment.
    old_accounts.expire(now_ms()).await.expect("read");
    old_keys.save_used().await.expect("read");
    assert!(old_accounts.by_id("other").is_some());
    let known = old_accounts.get("shop").expect("it is there");
    assert_eq!(known.settings.name, "雯子");
    assert!(
        Arc::ptr_eq(&known.seen, &shop.seen),
        "what is counted goes on"
    );
    assert!(old_keys.check(key.expose_secret()).is_none());
    old_accounts.remove(&by, "shop").await.expect("removed");
}

#[tokio::test]
async fn rules_that_another_server_changed_answer_when_the_database_is_ours_again() {
    let url = shared().database();
    let by = Actor("test".into());
    let old = opened(&url).await;
    let old_rules = rules(&old).await;
    let made = old_rules.edit(&by, vec![rule("one"), rule("two")]).await;
    made.expect("made");

    let new = taken_over(&url).await;
    let refused = old_rules.edit(&by, vec![rule("three")]).await;
    let refused = refused.expect_err("it is not ours");
    assert!(
        matches!(
            refused,
            RuleNotChanged::Database(Error::TakenDatabase { .. })
        ),
        "{refused}"
    );
    let new_rules = rules(&new).await;
    let remove = RuleEdit::Remove { id: "one".into() };
    let changed = new_rules.edit(&by, vec![remove, rule("three")]).await;
    changed.expect("changed");
    new.close().await;

    let returned =
        tokio::time::timeout(Duration::from_mins(1), async { old.db().returned(0).await });
    assert_eq!(returned.await.expect("within a minute"), 1);
    // As is done from time to time, and at this moment.
    old_rules.save_hits().await.expect("read");
    let all = old_rules.list(None);
    let ids: Vec<_> = all.iter().map(|entry| &*entry.rule.id).collect();
    assert_eq!(ids, ["three", "two"]);
    let answers = async |content: &str| {
        let bot = echostr::Bot::new().on(old_rules.rules().clone());
        let message = Arc::unwrap_or_clone(text("o1", 1, content));
        bot.answer(message).await.expect("answered")
    };
    assert_eq!(answers("one").await, echostr::Reply::Silence);
    assert_eq!(answers("three").await, echostr::Reply::from("three!"));
}

#[tokio::test]
async fn a_server_whose_database_was_taken_over_writes_nothing() {
    let url = shared().database();
    let old = opened(&url).await;
    let first = text("o1", 1, "first");
    done(&written(&old, vec![received(&first, Some(replied("A", "echo")))]).await);
    let new = taken_over(&url).await;
    let second = text("o1", 2, "second");
    let commit = old.write(vec![
        received(&second, Some(replied("B", "echo"))),
        delivery(&second, 1, Ended::Answered),
    ]);
    until(async || old.is_away()).await;
    assert_eq!(commit.now(), None);
    // The new one does.
    let third = text("o1", 3, "third");
    done(&written(&new, vec![received(&third, None)]).await);
    let keys = "SELECT count(*) FROM messages";
    assert_eq!(shared().psql(&url, keys), "2");
    new.close().await;
    // Now it is the old one's again.
    assert_eq!(commit.wait().await, Written::Done);
    assert_eq!(shared().psql(&url, keys), "3");
    assert_eq!(
        shared().psql(&url, CHAIN),
        "3",
        "the chain goes on from the other's message"
    );
    assert!(!old.is_away());
}

/// What a [`proxy`] does between journal and PostgreSQL, once it is told to.
struct Cut {
    is_due: AtomicBool,
    /// What is let through last.
    after: &'static str,
    /// All connections of the journal are cut, and PostgreSQL does not notice. Otherwise both sides of this one.
    is_silent: bool,
    n_silent: watch::Sender<u32>,
}

impl Cut {
    fn after(after: &'static str, is_silent: bool) -> Arc<Self> {
        Arc::new(Self {
            is_due: AtomicBool::new(false),
            after,
            is_silent,
            n_silent: watch::Sender::new(0),
        })
    }

    /// Cuts at the next occasion. Connections that come later are good.
    fn due(&self) {
        self.is_due.store(true, Ordering::Relaxed);
    }

    fn is_made(&self) -> bool {
        !self.is_due.load(Ordering::Relaxed)
    }
}

/// Stands between a journal in this database and PostgreSQL; the database's address through it.
async fn proxy(url: &str, cut: &Arc<Cut>) -> String {
    let (_, address) = url.split_once('@').expect("a user");
    let (to, name) = address.split_once('/').expect("a database");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (to, cut) = (to.to_owned(), Arc::clone(cut));
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.expect("a connection");
            let server = TcpStream::connect(&to).await.expect("PostgreSQL");
            tokio::spawn(pass(client, server, Arc::clone(&cut)));
        }
    });
    format!("postgres://echostr@127.0.0.1:{port}/{name}")
}

async fn pass(mut client: TcpStream, mut server: TcpStream, cut: Arc<Cut>) {
    let (mut up, mut down) = (vec![0; 65_536], vec![0; 65_536]);
    let mut is_cut = false;
    let mut n_silent = cut.n_silent.subscribe();
    loop {
        tokio::select! {
            read = client.read(&mut up) => match read {
                Ok(n) if n > 0 => {
                    let is_last = up[..n].windows(cut.after.len()).any(|bytes| bytes == cut.after.as_bytes());
                    is_cut |= is_last && cut.is_due.swap(false, Ordering::Relaxed);
                    server.write_all(&up[..n]).await.expect("sent");
                }
                _ => return,
            },
            read = server.read(&mut down) => match read {
                // It has done what came last.
                Ok(n) if n > 0 && is_cut && cut.is_silent => {
                    cut.n_silent.send_modify(|n| *n += 1);
                }
                Ok(n) if n > 0 && !is_cut => {
                    if client.write_all(&down[..n]).await.is_err() {
                        return;
                    }
                }
                _ => return,
            },
            _ = n_silent.changed() => {
                drop(client);
                // Until PostgreSQL ends it.
                while server.read(&mut down).await.is_ok_and(|n| n > 0) {}
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_not_made_again() {
    let url = shared().database();
    let cut = Cut::after("COMMIT", false);
    let journal = opened(&proxy(&url, &cut).await).await;
    let known = text("o1", 100, "known");
    done(&written(&journal, vec![received(&known, Some(replied("A", "echo")))]).await);
    for n in 0..20 {
        let message = text("o1", n, "hi");
        cut.due();
        let commits = [
            journal.write(vec![
                received(&message, Some(replied("hi", "echo"))),
                delivery(&message, 1, Ended::Answered),
            ]),
            journal.write(vec![received(&known, Some(replied("B", "echo")))]),
        ];
        let written = (commits[0].wait().await, commits[1].wait().await);
        let instead = Written::Instead(echostr::Reply::from("A"), START + 100);
        assert_eq!(written, (Written::Done, instead));
        assert!(cut.is_made());
    }
    assert_eq!(shared().psql(&url, "SELECT count(*) FROM messages"), "21");
    assert_eq!(shared().psql(&url, "SELECT count(*) FROM deliveries"), "20");
    assert_eq!(shared().psql(&url, CHAIN), "21");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_answer_was_lost_is_known_before_the_next_one() {
    let url = shared().database();
    let cut = Cut::after("COMMIT", false);
    let journal = opened(&proxy(&url, &cut).await).await;
    let (accounts, keys) = accounts_and_keys(&journal).await;
    let by = Actor("test".into());
    // The journal's own transaction may be the one that is cut.
    let mut n = 0;
    let error = loop {
        n += 1;
        cut.due();
        if let Err(error) = accounts.create(&by, account(&format!("a{n}"))).await {
            break error;
        }
    };
    let NotChanged::Database(error) = error else {
        panic!("{error}")
    };
    assert!(matches!(error, Error::Unsure { .. }), "{error}");
    assert!(!error.to_string().contains("nothing"), "{error}");
    let again = accounts.create(&by, account(&format!("a{n}"))).await;
    assert!(matches!(again, Err(NotChanged::Exists(_))), "{again:?}");
    assert_eq!(accounts.count(), n);

    let mut n = 0;
    loop {
        n += 1;
        cut.due();
        if keys.create(&by, "key", Vec::new(), None).await.is_err() {
            break;
        }
    }
    cut.is_due.store(false, Ordering::Relaxed);
    assert!(!keys.revoke(&by, "none").await.expect("read"));
    assert_eq!(keys.list().len(), n);

    let rules = rules(&journal).await;
    let mut n = 0;
    let error = loop {
        n += 1;
        cut.due();
        if let Err(error) = rules.edit(&by, vec![rule(&format!("r{n}"))]).await {
            break error;
        }
    };
    cut.is_due.store(false, Ordering::Relaxed);
    assert!(
        matches!(error, RuleNotChanged::Database(Error::Unsure { .. })),
        "{error}"
    );
    let again = rules.edit(&by, vec![rule(&format!("r{n}"))]).await;
    assert!(matches!(again, Err(RuleNotChanged::Exists(_))), "{again:?}");
    assert_eq!(rules.list(None).len(), n);
}

async fn rules(journal: &SqlJournal) -> Arc<RuleStore> {
    let master_key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let db = journal.db();
    let vault = Vault::open(&db, MasterKeys::Environment(master_key.into())).await;
    let rules = RuleStore::open(db, Arc::new(vault.expect("a vault"))).await;
    rules.expect("rules")
}

/// A new one that answers its own id.
fn rule(id: &str) -> RuleEdit {
    let rule = serde_json::json!({
        "id": id,
        "when": { "equals": [id] },
        "reply": { "text": format!("{id}!") },
    });
    RuleEdit::Put {
        rule: serde_json::from_value(rule).expect("a rule"),
        secrets: echostr::RuleSecrets::default(),
        before: None,
    }
}

async fn accounts_and_keys(journal: &SqlJournal) -> (Arc<AccountStore>, Arc<ApiKeys>) {
    let master_key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let db = journal.db();
    let vault = Vault::open(&db, MasterKeys::Environment(master_key.into())).await;
    let accounts = AccountStore::open(db.clone(), vault.expect("a vault")).await;
    let keys = ApiKeys::open(db).await;
    (accounts.expect("accounts"), keys.expect("keys"))
}

fn account(id: &str) -> AccountEntry {
    AccountEntry::new(id, AccountSecrets::random_token(), START * 1000)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_not_kept_out_by_its_own_connections_that_were_lost() {
    for after in ["BEGIN", "COMMIT"] {
        let url = shared().database();
        let cut = Cut::after(after, true);
        let journal = opened(&proxy(&url, &cut).await).await;
        let start = Instant::now();
        for n in 0..3 {
            cut.due();
            let message = text("o1", n, "hi");
            done(&written(&journal, vec![received(&message, None)]).await);
            assert!(cut.is_made());
        }
        // By itself, PostgreSQL would notice after more than a minute.
        let took = start.elapsed();
        assert!(took < Duration::from_secs(15), "{after}: {took:?}");
        assert_eq!(shared().psql(&url, CHAIN), "3");
    }
}

#[tokio::test]
async fn an_idle_server_writes_nothing() {
    let url = shared().database();
    let journal = opened(&url).await;
    let message = text("o1", 1, "hi");
    done(
        &written(
            &journal,
            vec![received(&message, Some(replied("hi", "echo")))],
        )
        .await,
    );
    let ask = |sql: &str| shared().psql(&url, sql);
    let is_indexed = "SELECT indexed_to = (SELECT max(id) FROM messages) FROM search_state";
    until(async || ask(is_indexed) == "t").await;
    // Each transaction has a number.
    let before = ask("SELECT batch FROM journal_state");
    for _ in 0..3 {
        let looked = "SELECT state_change FROM pg_stat_activity
            WHERE application_name LIKE 'echostr journal%' AND datname = current_database()";
        let last = ask(looked);
        until(async || ask(looked) != last).await;
    }
    assert_eq!(ask("SELECT batch FROM journal_state"), before);
}

/// How many messages the chain of the only follower has.
const CHAIN: &str = "WITH RECURSIVE chain (id) AS (
        SELECT message_id FROM latest
        UNION ALL
        SELECT previous_id FROM messages JOIN chain USING (id) WHERE previous_id IS NOT NULL
    ) SELECT count(*) FROM chain JOIN messages USING (id)";

#[tokio::test(flavor = "multi_thread")]
async fn while_postgresql_is_stopped_records_wait() {
    let server = Postgres::start();
    let url = server.database();
    let journal = opened(&url).await;
    let o1 = open_id("o1");
    done(&written(&journal, vec![received(&text("o1", 0, "hi"), None)]).await);
    server.stop();
    let commits: Vec<_> = (1..2000)
        .map(|n| {
            let message = text("o1", n, "hi");
            journal.write(vec![
                received(&message, Some(replied("hi", "echo"))),
                delivery(&message, 1, Ended::Answered),
            ])
        })
        .collect();
    until(async || journal.is_away()).await;
    let health = journal.health();
    assert_eq!((health.queued_records, health.lost_records), (1999 * 2, 0));
    assert!(health.away_since_ms.is_some());
    assert!(commits.iter().all(|commit| commit.now().is_none()));
    // A number that is not durable could be drawn again.
    journal.next_number(of(&o1)).await.expect_err("refused");
    assert!(journal.follower(of(&o1)).await.is_err());

    server.resume();
    for commit in commits {
        assert_eq!(commit.wait().await, Written::Done);
    }
    assert!(!journal.is_away());
    until(async || journal.health().away_since_ms.is_none()).await;
    assert_eq!(journal.next_number(of(&o1)).await.expect("drawn"), 1);
    assert!(journal.follower(of(&o1)).await.expect("read").is_some());
    assert_eq!(server.psql(&url, "SELECT count(*) FROM messages"), "2000");
    assert_eq!(server.psql(&url, "SELECT count(*) FROM deliveries"), "1999");
    assert_eq!(server.psql(&url, CHAIN), "2000");
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_does_not_wait_for_a_postgresql_that_is_away() {
    let server = Postgres::start();
    let journal = opened(&server.database()).await;
    server.stop();
    let commit = journal.write(vec![received(&text("o1", 1, "hi"), None)]);
    let start = Instant::now();
    journal.close().await;
    assert_eq!(commit.wait().await, Written::Lost);
    assert!(start.elapsed() < Duration::from_secs(15));
}

const ROUNDS: usize = 30;

/// Calls that are under way at once.
const AT_ONCE: i64 = 64;

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_is_killed_loses_nothing_and_doubles_nothing() {
    let server = Arc::new(Postgres::start());
    let url = server.database();
    let journal = Arc::new(opened(&url).await);
    let (n, is_over) = (
        Arc::new(AtomicI64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let writers: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (journal, n, is_over) =
                (Arc::clone(&journal), Arc::clone(&n), Arc::clone(&is_over));
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    let n = n.fetch_add(1, Ordering::Relaxed);
                    for records in calls(n) {
                        assert_eq!(written(&*journal, records).await, Written::Done);
                    }
                }
            })
        })
        .collect();
    let drawing = tokio::spawn({
        let (journal, is_over) = (Arc::clone(&journal), Arc::clone(&is_over));
        async move {
            let follower = open_id("o0");
            let mut numbers = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                // Refused while it is away.
                numbers.extend(journal.next_number(of(&follower)).await);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            numbers
        }
    });
    for round in 0..ROUNDS {
        let before = n.load(Ordering::Relaxed);
        until(async || n.load(Ordering::Relaxed) > before + 2 * AT_ONCE).await;
        // Not always at the same point of a transaction.
        tokio::time::sleep(Duration::from_micros(round as u64 * 331)).await;
        let server = Arc::clone(&server);
        let restarted = spawn_blocking(move || {
            server.kill();
            server.resume();
        });
        restarted.await.expect("restarted");
    }
    is_over.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("everything was written");
    }
    let mut numbers = drawing.await.expect("drawn");
    let n_drawn = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), n_drawn, "no number twice");

    let n = n.load(Ordering::Relaxed).to_string();
    for (what, sql) in [
        ("messages", "SELECT count(*) FROM messages"),
        (
            "replies",
            "SELECT count(*) FROM messages WHERE reply IS NOT NULL",
        ),
        (
            "deliveries",
            "SELECT count(*) FROM deliveries WHERE place = 1",
        ),
        ("deliveries in all", "SELECT count(*) FROM deliveries"),
        (
            "answers",
            "SELECT count(*) FROM answers WHERE state = 'text'",
        ),
        ("links", "SELECT count(*) FROM links"),
        ("chain", CHAIN),
    ] {
        assert_eq!(server.psql(&url, sql), n, "{what}");
    }
    assert_eq!(journal.health().lost_records, 0);
}

/// What is written for one push, call by call.
fn calls(n: i64) -> [Vec<Record>; 2] {
    let message = text(&format!("o{}", n % 50), n, "问题");
    let id = u128::from(n.unsigned_abs());
    let link = link(
        id + 1_000_000_000,
        "o",
        u64::try_from(n + 1).expect("small"),
        id,
        0,
    );
    [
        vec![
            received(&message, None),
            Record::Answer(answer(id, &message, Content::Running)),
        ],
        vec![
            reply_to(&message, replied("稍等", by::DEADLINE)),
            Record::Answer(answer(id, &message, rest("回答", 0))),
            Record::Link(link),
            delivery(&message, 1, Ended::Answered),
        ],
    ]
}
