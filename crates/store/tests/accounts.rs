//! What accounts, their secrets, API keys and the audit log promise, told once and true of every database: SQLite, and a
//! PostgreSQL that these tests start.

mod common;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use echostr::{Accounts as _, Came, Mode, SeenSnapshot, Strategy};
use echostr_client::{Capabilities, Capability, May};
use echostr_protocol::{EncodingAesKey, Query, Token, encrypted_part, seal};
use echostr_store::{
    AccessTokenFrom, AccountEntry, AccountSecrets, AccountStore, Actor, ApiKeys, AuditEntry,
    BotSettings, Db, Edit, Error, MASTER_KEY_FILE, MasterKeys, ModeWord, NotChanged, Origin,
    Previous, SqlJournal, Vault, audit,
};
use futures_util::FutureExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use common::*;

/// 32 bytes in base64, several.
const MASTER: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const NEWER: &str = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=";
const APP_ID: &str = "wx0123456789abcdef";
/// The first moment of accounts here.
const THEN_MS: i64 = START * 1000;

/// Every one of these on every database.
macro_rules! story {
    ($($name:ident,)*) => {
        mod sqlite {
            $(#[tokio::test] async fn $name() { super::$name(crate::Ground::sqlite()).await; })*
        }

        mod postgres {
            $(#[tokio::test] async fn $name() { super::$name(crate::Ground::postgres()).await; })*
        }
    };
}

story! {
    what_was_made_is_there_after_opening_again,
    a_change_counts_at_once,
    what_an_account_lacks_is_said_and_nothing_changes,
    a_disabled_account_answers_nothing_and_keeps_its_token,
    after_a_rotation_old_and_new_count_for_a_day,
    what_has_expired_counts_no_longer_though_the_database_is_away,
    a_second_rotation_keeps_what_the_platforms_page_has,
    after_a_restart_a_handshake_tells_which_token_the_page_has,
    a_token_belongs_to_one_account,
    changes_at_once_happen_one_after_the_other,
    a_change_that_was_begun_is_made_though_nobody_waits_for_it,
    several_changes_are_made_together_or_not_at_all,
    many_accounts_are_loaded_expired_and_pinned,
    a_removed_account_leaves_no_secret_and_its_id_is_free,
    accounts_of_the_file_are_what_the_file_says,
    an_account_of_the_file_takes_no_token_of_another,
    who_changed_what_is_written_down_without_secrets,
    what_was_seen_goes_on,
    what_an_account_may_do_is_known_until_its_credentials_change,
    a_secret_in_the_place_of_another_opens_nothing_and_disturbs_nobody,
    what_lacks_something_in_the_database_does_not_answer,
    another_master_key_is_refused,
    all_secrets_move_to_a_new_master_key,
    a_secret_that_no_account_here_has_moves_to_a_new_master_key,
    a_master_key_is_kept_while_a_secret_needs_it,
    a_key_opens_until_it_is_revoked_or_expires,
    a_key_that_is_revoked_was_used_when_it_was_used,
    no_secret_is_in_the_database_or_printed,
}

/// What a running server has of the store.
struct Running {
    journal: SqlJournal,
    db: Db,
    accounts: Arc<AccountStore>,
    keys: Arc<ApiKeys>,
}

async fn start(ground: &Ground) -> Running {
    start_with(ground, MASTER).await.expect("it starts")
}

async fn start_with(ground: &Ground, master_keys: &str) -> Result<Running, Error> {
    start_from(ground, MasterKeys::Environment(master_keys.into())).await
}

async fn start_from(ground: &Ground, master_keys: MasterKeys) -> Result<Running, Error> {
    let journal = ground.open().await;
    let db = journal.db();
    let opened = async {
        let vault = Vault::open(&db, master_keys).await?;
        let accounts = AccountStore::open(db.clone(), vault).await?;
        Ok((accounts, ApiKeys::open(db.clone()).await?))
    };
    match opened.await {
        Ok((accounts, keys)) => Ok(Running {
            journal,
            db,
            accounts,
            keys,
        }),
        Err(error) => {
            journal.close().await;
            Err(error)
        }
    }
}

impl Running {
    async fn stop(self) {
        self.journal.close().await;
    }

    async fn create(&self, entry: AccountEntry) -> Arc<AccountEntry> {
        let made = self.accounts.create(&by(), entry).await;
        made.expect("it is made")
    }

    async fn change(&self, id: &str, change: impl FnOnce(&mut AccountEntry) + Send) {
        let changed = self.accounts.change(&by(), id, change).await;
        changed.expect("it is changed");
    }

    /// Which account a token leads to.
    fn of_token(&self, token: &str) -> Option<String> {
        let account = self.accounts.by_token(token)?;
        Some(account.id.to_string())
    }

    /// The audit log of an account or key, oldest first.
    async fn story(&self, subject: &str) -> Vec<String> {
        let entries = audit(&self.db, Some(subject), None, 100).await;
        let mut entries = entries.expect("it can be read");
        entries.reverse();
        let line = |entry: &AuditEntry| {
            let value = |value: &Option<Value>| value.clone().unwrap_or_default();
            let (before, after) = (value(&entry.before), value(&entry.after));
            format!("{} {} {before} → {after}", entry.actor, entry.action)
        };
        entries.iter().map(line).collect()
    }
}

type Change = fn(&mut AccountEntry);

fn by() -> Actor {
    Actor("command line".into())
}

fn token(text: &str) -> Token {
    text.parse().expect("a token")
}

fn entry(id: &str, its_token: &str) -> AccountEntry {
    AccountEntry::new(id, token(its_token), THEN_MS)
}

/// As it stands in the file of settings.
fn in_file(id: &str, its_token: &str) -> AccountEntry {
    let mut entry = AccountEntry::new(id, token(its_token), 0);
    entry.origin = Origin::File;
    entry
}

/// Safe mode, and everything else that can be set.
fn whole(id: &str, its_token: &str, key: &EncodingAesKey) -> AccountEntry {
    let mut entry = entry(id, its_token);
    entry.settings.name = "雯子\0".into();
    entry.settings.mode = ModeWord::Safe;
    entry.settings.app_id = Some(APP_ID.into());
    entry.settings.delivery = Strategy::Quick;
    entry.settings.welcome = Some("你好".into());
    entry.settings.texts.busy = Some("忙".into());
    entry.settings.bot = BotSettings::Http {
        url: "http://127.0.0.1:9000/?key=QuerySecret".into(),
        timeout_secs: 5,
        events: true,
    };
    entry.secrets.encoding_aes_key = Some(key.clone());
    entry.secrets.app_secret = Some("0123456789abcdef0123456789abcdef".into());
    entry.secrets.bot_secret = Some("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into());
    entry
}

async fn what_was_made_is_there_after_opening_again(ground: Ground) {
    let running = start(&ground).await;
    let key = AccountSecrets::random_encoding_aes_key();
    let made = running.create(whole("shop", "TokenOfTheShop", &key)).await;
    running.create(entry("other", "AnotherToken")).await;
    running.stop().await;

    let running = start(&ground).await;
    let ids = running.accounts.list();
    let ids: Vec<_> = ids.iter().map(|entry| &*entry.id).collect();
    assert_eq!(ids, ["other", "shop"]);
    let shop = running.accounts.get("shop").expect("it is there");
    let mut settings = made.settings.clone();
    settings.name = "雯子\u{fffd}".into();
    assert_eq!(shop.settings, settings);
    assert_eq!(
        (shop.origin, shop.disabled_at_ms, shop.created_at_ms),
        (Origin::Store, None, THEN_MS)
    );
    let text = |secret: &Option<SecretString>| {
        let secret = secret.as_ref();
        secret.map(|secret| secret.expose_secret().to_owned())
    };
    assert_eq!(
        text(&shop.secrets.app_secret).as_deref(),
        Some("0123456789abcdef0123456789abcdef")
    );
    assert_eq!(
        text(&shop.secrets.bot_secret).as_deref(),
        Some("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")
    );

    let account = running.accounts.by_id("shop").expect("it answers");
    assert_eq!(account.token, token("TokenOfTheShop"));
    assert_eq!((&*account.welcome, &*account.texts.busy), ("你好", "忙"));
    assert!(account.own_bot.is_some());
    let Mode::Safe(sealing) = &account.mode else {
        panic!("{:?}", account.mode)
    };
    assert_eq!(sealing.key, key);
    assert_eq!(sealing.app_id, APP_ID);
    assert_eq!(running.of_token("AnotherToken").as_deref(), Some("other"));
    running.stop().await;
}

async fn a_change_counts_at_once(ground: Ground) {
    let running = start(&ground).await;
    running.create(entry("shop", "TokenOne")).await;
    let before = running.accounts.by_id("shop").expect("it answers");
    running
        .change("shop", |entry| {
            entry.id = "another".into();
            entry.origin = Origin::File;
            entry.settings.fallback = "稍后再试".into();
            entry.secrets.token = token("TokenTwo");
        })
        .await;
    let after = running.accounts.by_id("shop").expect("it answers");
    assert_eq!((&*before.fallback, &*after.fallback), ("", "稍后再试"));
    assert!(Arc::ptr_eq(&before.seen, &after.seen));
    assert_eq!(running.of_token("TokenOne"), None);
    assert_eq!(running.of_token("TokenTwo").as_deref(), Some("shop"));
    // What it is called and where it comes from is no setting.
    assert!(running.accounts.get("another").is_none());
    let entry = running.accounts.get("shop").expect("it is there");
    assert_eq!(entry.origin, Origin::Store);

    let unknown = running.accounts.change(&by(), "none", |_| {}).await;
    assert!(matches!(unknown, Err(NotChanged::Unknown(id)) if id == "none"));
    let twice = running.accounts.create(&by(), entry_of("shop")).await;
    assert!(matches!(twice, Err(NotChanged::Exists(id)) if id == "shop"));
    running.stop().await;
}

/// One with a token that nobody else has.
fn entry_of(id: &str) -> AccountEntry {
    AccountEntry::new(id, AccountSecrets::random_token(), THEN_MS)
}

async fn what_an_account_lacks_is_said_and_nothing_changes(ground: Ground) {
    let running = start(&ground).await;
    running.create(entry("shop", "TokenOne")).await;
    let cases: [(Change, &str); 4] = [
        (
            |entry| entry.settings.mode = ModeWord::Safe,
            "the account `shop` is in the mode `safe`, which needs an AppID",
        ),
        (
            |entry| {
                entry.settings.mode = ModeWord::Compatible;
                entry.settings.app_id = Some(APP_ID.into());
            },
            "the account `shop` is in the mode `compatible`, which needs an EncodingAESKey",
        ),
        (
            |entry| {
                entry.settings.bot = BotSettings::Http {
                    url: "http://127.0.0.1/".into(),
                    timeout_secs: 5,
                    events: false,
                };
            },
            "the account `shop` has a bot of the kind `http`, which needs a secret",
        ),
        (
            |entry| {
                entry.settings.bot = BotSettings::Relay {
                    url: "http://127.0.0.1/".into(),
                    mode: ModeWord::Plain,
                    app_id: None,
                    timeout_secs: 5,
                };
            },
            "the account `shop` has a bot of the kind `relay`, which needs a token",
        ),
    ];
    for (change, expected) in cases {
        let refused = running.accounts.change(&by(), "shop", change).await;
        let error = refused.expect_err(expected);
        assert!(matches!(error, NotChanged::Incomplete(_)), "{error:?}");
        assert_eq!(error.to_string(), expected);
    }
    let entry = running.accounts.get("shop").expect("it is there");
    assert_eq!(entry.settings.mode, ModeWord::Plain);
    assert_eq!(running.story("shop").await.len(), 1);
    running.stop().await;
}

async fn a_disabled_account_answers_nothing_and_keeps_its_token(ground: Ground) {
    let running = start(&ground).await;
    running.create(entry("shop", "TokenOne")).await;
    running
        .change("shop", |entry| entry.disabled_at_ms = Some(THEN_MS))
        .await;
    assert!(running.accounts.by_id("shop").is_none());
    assert_eq!(running.of_token("TokenOne"), None);
    running.stop().await;

    let running = start(&ground).await;
    assert!(running.accounts.by_id("shop").is_none());
    let taken = running.accounts.create(&by(), entry("b", "TokenOne")).await;
    assert!(matches!(taken, Err(NotChanged::TokenTaken)));
    running
        .change("shop", |entry| entry.disabled_at_ms = None)
        .await;
    assert_eq!(running.of_token("TokenOne").as_deref(), Some("shop"));
    running.stop().await;
}

async fn after_a_rotation_old_and_new_count_for_a_day(ground: Ground) {
    let [old_key, new_key] = [(); 2].map(|()| AccountSecrets::random_encoding_aes_key());
    let running = start(&ground).await;
    running.create(whole("shop", "TokenOld", &old_key)).await;
    let now = now_ms();
    running
        .change("shop", |entry| {
            entry.rotate_token(token("TokenNew"), now);
            entry.rotate_encoding_aes_key(new_key.clone(), now);
        })
        .await;
    running.stop().await;

    let running = start(&ground).await;
    let keys = |running: &Running| {
        let account = running.accounts.by_id("shop").expect("it answers");
        match &account.mode {
            Mode::Safe(sealing) => (sealing.key.clone(), sealing.previous_key.clone()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(running.of_token("TokenOld").as_deref(), Some("shop"));
    assert_eq!(running.of_token("TokenNew").as_deref(), Some("shop"));
    assert_eq!(keys(&running), (new_key.clone(), Some(old_key)));
    assert_eq!(ground.count("secrets"), 7);

    let expire = async |now_ms| running.accounts.expire(now_ms).await.expect("written");
    assert_eq!(expire(now + DAY_MS - 1).await, 0);
    assert_eq!(running.of_token("TokenOld").as_deref(), Some("shop"));
    assert_eq!(expire(now + DAY_MS).await, 1);
    assert_eq!(running.of_token("TokenOld"), None);
    assert_eq!(running.of_token("TokenNew").as_deref(), Some("shop"));
    assert_eq!(keys(&running), (new_key, None));
    assert_eq!(ground.count("secrets"), 5);
    running.stop().await;
}

async fn what_has_expired_counts_no_longer_though_the_database_is_away(ground: Ground) {
    let [old_key, new_key] = [(); 2].map(|()| AccountSecrets::random_encoding_aes_key());
    let running = start(&ground).await;
    running.create(whole("shop", "TokenOld", &old_key)).await;
    let now = now_ms();
    running
        .change("shop", |entry| {
            entry.rotate_token(token("TokenNew"), now);
            entry.rotate_encoding_aes_key(new_key.clone(), now);
        })
        .await;
    assert!(comes(&running, "TokenOld", &old_key));
    running.journal.close().await;
    let unwritten = running.accounts.expire(now + DAY_MS).await;
    unwritten.expect_err("the database is away");
    assert_eq!(running.of_token("TokenOld"), None);
    assert!(!comes(&running, "TokenOld", &new_key));
    assert!(!comes(&running, "TokenNew", &old_key));
    assert!(comes(&running, "TokenNew", &new_key));
    assert_eq!(ground.count("secrets"), 7);

    let running = start(&ground).await;
    let expired = running.accounts.expire(now + DAY_MS).await;
    assert_eq!(expired.expect("written"), 1);
    assert_eq!(ground.count("secrets"), 5);
    running.stop().await;
}

async fn a_second_rotation_keeps_what_the_platforms_page_has(ground: Ground) {
    let [a, b, c, d] = [(); 4].map(|()| AccountSecrets::random_encoding_aes_key());
    let running = start(&ground).await;
    running.create(whole("shop", "TokenA", &a)).await;
    let now = now_ms();
    let rotate = async |to: &str, key: &EncodingAesKey, now| {
        let change = |entry: &mut AccountEntry| {
            entry.rotate_token(token(to), now);
            entry.rotate_encoding_aes_key(key.clone(), now);
        };
        running.change("shop", change).await;
    };
    rotate("TokenB", &b, now).await;
    rotate("TokenC", &c, now + 1).await;
    assert!(comes(&running, "TokenA", &a), "the page has it still");
    assert_eq!(running.of_token("TokenB"), None);
    let entry = running.accounts.get("shop").expect("it is there");
    let previous = entry.secrets.previous_token.as_ref().expect("kept");
    assert_eq!(previous.until_ms, Some(now + 1 + DAY_MS));
    // From the first request on, the page is known to have the new ones.
    assert!(comes(&running, "TokenC", &c));
    rotate("TokenD", &d, now + 2).await;
    assert!(comes(&running, "TokenC", &c));
    assert!(!comes(&running, "TokenA", &a));
    // Back to those of the page, and on: they are the ones that count.
    rotate("TokenC", &c, now + 3).await;
    rotate("TokenB", &b, now + 4).await;
    assert!(comes(&running, "TokenC", &c));
    // What counts no longer is not kept.
    rotate("TokenE", &a, now + 4 + DAY_MS).await;
    assert_eq!(running.of_token("TokenB").as_deref(), Some("shop"));
    assert_eq!(running.of_token("TokenC"), None);
    running.stop().await;
}

async fn after_a_restart_a_handshake_tells_which_token_the_page_has(ground: Ground) {
    for (its_token, is_submitted) in [("TokenA", false), ("TokenB", true)] {
        let running = start(&ground).await;
        let shop = running.create(entry("shop", "TokenA")).await;
        let now = now_ms();
        shop.seen.handshake(now - 1);
        running
            .change("shop", |entry| entry.rotate_token(token("TokenB"), now))
            .await;
        if is_submitted {
            shop.seen.handshake(now + 1);
        }
        running.accounts.save_seen().await.expect("written");
        running.stop().await;

        let running = start(&ground).await;
        running
            .change("shop", |entry| entry.rotate_token(token("TokenC"), now + 2))
            .await;
        assert_eq!(running.of_token(its_token).as_deref(), Some("shop"));
        let removed = running.accounts.remove(&by(), "shop").await;
        removed.expect("it is removed");
        running.stop().await;
    }
}

/// Whether a push is accepted that is signed and encrypted with these.
fn comes(running: &Running, its_token: &str, key: &EncodingAesKey) -> bool {
    let its_token = token(its_token);
    let document =
        "<xml><ToUserName>gh_e8df390a377e</ToUserName><FromUserName>o1</FromUserName></xml>";
    let body = seal(key, &its_token, &APP_ID.into(), document, [7; 16], 1, "2");
    let encrypt = encrypted_part(body.as_bytes()).expect("it is sealed");
    let query = format!(
        "timestamp=1&nonce=2&signature={}&msg_signature={}",
        its_token.signature("1", "2").as_str(),
        its_token.msg_signature("1", "2", &encrypt).as_str()
    );
    let query = Query::parse(&query);
    let account = running.accounts.by_id("shop").expect("it answers");
    let verified = account.verify(&query);
    verified.is_ok_and(|token| account.open(token, &query, body.as_bytes()).is_ok())
}

async fn a_token_belongs_to_one_account(ground: Ground) {
    let running = start(&ground).await;
    running.create(entry("a", "TokenOfA")).await;
    running.create(entry("b", "TokenOfB")).await;
    let now = now_ms();
    running
        .change("a", |entry| entry.rotate_token(token("NewTokenOfA"), now))
        .await;
    let taken = |result: Result<Arc<AccountEntry>, NotChanged>| {
        let error = result.expect_err("it is taken");
        assert!(matches!(error, NotChanged::TokenTaken), "{error:?}");
        assert!(!error.to_string().contains("OfA"), "{error}");
    };
    for others in ["TokenOfA", "NewTokenOfA"] {
        taken(running.accounts.create(&by(), entry("c", others)).await);
        let change = |entry: &mut AccountEntry| entry.secrets.token = token(others);
        taken(running.accounts.change(&by(), "b", change).await);
        let previous = |entry: &mut AccountEntry| {
            let value = token(others);
            let until_ms = None;
            entry.secrets.previous_token = Some(Previous { value, until_ms });
        };
        taken(running.accounts.change(&by(), "b", previous).await);
    }
    assert_eq!(running.of_token("TokenOfB").as_deref(), Some("b"));
    assert_eq!(running.story("b").await.len(), 1);
    assert_eq!(ground.count("secrets"), 3);
    // Back to the one before is no conflict with oneself.
    running
        .change("a", |entry| entry.rotate_token(token("TokenOfA"), now))
        .await;
    running.stop().await;
}

async fn changes_at_once_happen_one_after_the_other(ground: Ground) {
    let running = start(&ground).await;
    running.create(entry("shop", "TokenOne")).await;
    let add = |n: usize| {
        let accounts = Arc::clone(&running.accounts);
        tokio::spawn(async move {
            let change = |entry: &mut AccountEntry| entry.settings.fallback.push('x');
            accounts
                .change(&by(), "shop", change)
                .await
                .expect("changed");
            let id = format!("a{n}");
            let made = accounts.create(&by(), entry_of(&id)).await;
            made.expect("made");
        })
    };
    let tasks: Vec<_> = (0..20).map(add).collect();
    for task in tasks {
        task.await.expect("done");
    }
    let entry = running.accounts.get("shop").expect("it is there");
    assert_eq!(entry.settings.fallback, "x".repeat(20));
    assert_eq!(running.accounts.count(), 21);
    running.stop().await;
    let running = start(&ground).await;
    let entry = running.accounts.get("shop").expect("it is there");
    assert_eq!(entry.settings.fallback, "x".repeat(20));
    assert_eq!(running.accounts.count(), 21);
    running.stop().await;
}

async fn a_change_that_was_begun_is_made_though_nobody_waits_for_it(ground: Ground) {
    let running = start(&ground).await;
    running.create(entry("gone", "TokenOne")).await;
    let (_, text) = running
        .keys
        .create(&by(), "key", Vec::new(), None)
        .await
        .expect("made");
    let key = running.keys.list().remove(0);

    let by = by();
    let change = |entry: &mut AccountEntry| entry.settings.fallback = "稍后再试".into();
    running.create(entry("shop", "TokenTwo")).await;
    // Polled once and dropped, as by a client that hangs up.
    let _ = running.accounts.change(&by, "shop", change).now_or_never();
    until(async || {
        let shop = running.accounts.by_id("shop").expect("it answers");
        shop.fallback == "稍后再试"
    })
    .await;
    let _ = running.accounts.remove(&by, "gone").now_or_never();
    until(async || running.accounts.by_id("gone").is_none()).await;
    let _ = running.keys.revoke(&by, &key.id).now_or_never();
    until(async || running.keys.check(text.expose_secret()).is_none()).await;
    running.stop().await;

    let running = start(&ground).await;
    let ids: Vec<_> = running
        .accounts
        .list()
        .iter()
        .map(|entry| entry.id.clone())
        .collect();
    assert_eq!(ids, ["shop"]);
    assert!(running.keys.list()[0].revoked_at_ms.is_some());
    running.stop().await;
}

async fn several_changes_are_made_together_or_not_at_all(ground: Ground) {
    let running = start(&ground).await;
    running.create(entry("a", "TokenOfA")).await;
    running.create(entry("b", "TokenOfB")).await;
    let edit = |id: &str, its_token: &str| {
        let mut entry = running.accounts.get(id).expect("it is there").to_edit();
        entry.secrets.token = token(its_token);
        Edit::Replace(Box::new(entry))
    };
    let create = |id: &str, its_token: &str| Edit::Create(Box::new(entry(id, its_token)));
    let refused = async |edits| {
        let error = running.accounts.edit(&by(), edits).await;
        error.expect_err("refused").to_string()
    };
    let moved = "the account `a` was changed meanwhile; look at it and try again";
    let taken = "another account has this token; choose another, tokens are unique";
    assert_eq!(
        refused(vec![edit("a", "New"), create("c", "TokenOfB")]).await,
        taken
    );
    assert_eq!(
        refused(vec![edit("a", "New"), edit("a", "Newer")]).await,
        moved
    );
    let late = edit("a", "TokenOfLate");
    running
        .change("a", |entry| entry.settings.name = "甲".into())
        .await;
    assert_eq!(refused(vec![create("c", "TokenOfC"), late]).await, moved);
    assert_eq!(running.accounts.count(), 2);
    assert_eq!(running.of_token("TokenOfA").as_deref(), Some("a"));
    assert_eq!(ground.count("secrets"), 2);

    // Tokens that are exchanged, and one that is as it was.
    let edits = vec![
        edit("a", "TokenOfB"),
        edit("b", "TokenOfA"),
        create("c", "TokenOfC"),
    ];
    running.accounts.edit(&by(), edits).await.expect("written");
    running
        .accounts
        .edit(&by(), vec![edit("c", "TokenOfC")])
        .await
        .expect("nothing to do");
    assert_eq!(running.story("c").await.len(), 1);
    running.stop().await;
    let running = start(&ground).await;
    for (its_token, id) in [("TokenOfB", "a"), ("TokenOfA", "b"), ("TokenOfC", "c")] {
        assert_eq!(running.of_token(its_token).as_deref(), Some(id));
    }
    assert_eq!(
        running.accounts.get("a").expect("there").settings.name,
        "甲"
    );
    running.stop().await;
}

async fn many_accounts_are_loaded_expired_and_pinned(ground: Ground) {
    // More than are written or read at a time.
    const N: usize = 401;
    let running = start(&ground).await;
    let now = now_ms();
    let create = |n: usize| {
        let mut entry = entry_of(&format!("a{n}"));
        entry.rotate_token(token(&format!("Token{n}")), now);
        Edit::Create(Box::new(entry))
    };
    let edits = (0..N).map(create).collect();
    running.accounts.edit(&by(), edits).await.expect("written");
    for entry in running.accounts.list() {
        entry.seen.learn(&format!("gh_{}", entry.id));
    }
    running.accounts.save_seen().await.expect("written");
    let expired = running.accounts.expire(now + DAY_MS).await;
    assert_eq!(expired.expect("written"), N);
    running.stop().await;

    let running = start(&ground).await;
    assert_eq!(running.accounts.count(), N);
    for n in 0..N {
        let id = format!("a{n}");
        let account = running.accounts.by_token(&format!("Token{n}"));
        let account = account.expect("it answers");
        assert_eq!(
            (&*account.id, account.previous_token.is_none()),
            (&*id, true)
        );
        assert_eq!(account.gh_id.as_deref(), Some(&*format!("gh_{id}")));
    }
    running.stop().await;
}

async fn a_removed_account_leaves_no_secret_and_its_id_is_free(ground: Ground) {
    let running = start(&ground).await;
    let key = AccountSecrets::random_encoding_aes_key();
    let made = running.create(whole("shop", "TokenOne", &key)).await;
    made.seen.handshake(THEN_MS);
    running.accounts.save_seen().await.expect("written");
    let message = text("o1", 1, "你好");
    done(&written(&running.journal, vec![received(&message, None)]).await);

    let removed = running.accounts.remove(&by(), "shop").await;
    removed.expect("it is removed");
    // What was still counted of it is nobody's.
    made.seen.handshake(THEN_MS + 1);
    running.accounts.save_seen().await.expect("written");
    assert!(running.accounts.by_id("shop").is_none());
    assert_eq!(running.of_token("TokenOne"), None);
    assert_eq!((ground.count("secrets"), ground.count("seen")), (0, 0));
    let again = running.accounts.remove(&by(), "shop").await;
    assert!(matches!(again, Err(NotChanged::Unknown(_))));
    running.stop().await;

    let running = start(&ground).await;
    assert_eq!(running.accounts.count(), 0);
    assert_eq!(ground.count("messages"), 1);
    let made = running.create(entry("shop", "TokenOne")).await;
    assert_eq!(made.settings.mode, ModeWord::Plain);
    assert_eq!(made.seen.snapshot(), SeenSnapshot::default());
    running.stop().await;
}

async fn accounts_of_the_file_are_what_the_file_says(ground: Ground) {
    let running = start(&ground).await;
    let provision = async |running: &Running, entries: Vec<AccountEntry>| {
        let done = running.accounts.provision(entries).await.expect("written");
        (done.created, done.changed, done.disabled)
    };
    let ids = |ids: &[&str]| -> Vec<String> { ids.iter().map(ToString::to_string).collect() };
    let none = || ids(&[]);
    let both = || vec![in_file("a", "TokenOfA"), in_file("b", "TokenOfB")];
    assert_eq!(
        provision(&running, both()).await,
        (ids(&["a", "b"]), none(), none())
    );
    // Nothing changed: nothing is written down.
    assert_eq!(provision(&running, both()).await, (none(), none(), none()));
    assert_eq!(running.story("a").await.len(), 1);
    assert!(
        running
            .accounts
            .get("a")
            .expect("it is there")
            .created_at_ms
            > THEN_MS
    );

    // Tokens that were exchanged.
    let exchanged = vec![in_file("a", "TokenOfB"), in_file("b", "TokenOfA")];
    assert_eq!(
        provision(&running, exchanged.clone()).await,
        (none(), ids(&["a", "b"]), none())
    );
    assert_eq!(running.of_token("TokenOfA").as_deref(), Some("b"));
    assert_eq!(running.of_token("TokenOfB").as_deref(), Some("a"));

    // Read-only elsewhere.
    let change = running.accounts.change(&by(), "a", |_| {}).await;
    assert!(matches!(change, Err(NotChanged::FromFile(id)) if id == "a"));
    let removed = running.accounts.remove(&by(), "a").await;
    assert!(matches!(removed, Err(NotChanged::FromFile(id)) if id == "a"));
    running.stop().await;

    // One left, with a token before that had no end.
    let running = start(&ground).await;
    let mut a = exchanged[0].clone();
    a.secrets.previous_token = Some(Previous {
        value: token("TokenBefore"),
        until_ms: None,
    });
    provision(&running, vec![a, exchanged[1].clone()]).await;
    assert_eq!(running.of_token("TokenBefore").as_deref(), Some("a"));
    assert_eq!(
        provision(&running, vec![exchanged[1].clone()]).await,
        (none(), none(), ids(&["a"]))
    );
    assert_eq!(running.of_token("TokenOfB"), None);
    running.stop().await;
    let running = start(&ground).await;
    let a = running.accounts.get("a").expect("it is there");
    assert_eq!(
        (a.origin, a.disabled_at_ms.is_some()),
        (Origin::Store, true)
    );
    assert!(
        a.secrets
            .previous_token
            .as_ref()
            .expect("set")
            .until_ms
            .is_some()
    );
    // It is an account like any other now, and the file's again when it comes back there.
    running
        .change("a", |entry| entry.disabled_at_ms = None)
        .await;
    assert_eq!(
        provision(&running, exchanged).await,
        (none(), ids(&["a"]), none())
    );
    let a = running.accounts.get("a").expect("it is there");
    assert_eq!((a.origin, a.disabled_at_ms), (Origin::File, None));
    running.stop().await;
}

async fn an_account_of_the_file_takes_no_token_of_another(ground: Ground) {
    let running = start(&ground).await;
    running.create(entry("mine", "TokenOne")).await;
    let entries = vec![in_file("a", "TokenTwo"), in_file("b", "TokenOne")];
    let refused = running.accounts.provision(entries).await;
    assert_eq!(
        refused.expect_err("it is taken").to_string(),
        "the account `b` in the file of settings has the token of the account `mine`; tokens are unique: choose another, \
         or remove that account"
    );
    assert_eq!(running.accounts.count(), 1);
    assert_eq!(running.of_token("TokenOne").as_deref(), Some("mine"));
    running.stop().await;
}

async fn who_changed_what_is_written_down_without_secrets(ground: Ground) {
    let running = start(&ground).await;
    running.create(entry("shop", "TokenOne")).await;
    let bot = |key: &str| BotSettings::Http {
        url: format!("http://127.0.0.1:9000/?key={key}"),
        timeout_secs: 60,
        events: false,
    };
    running
        .change("shop", |entry| {
            entry.settings.name = "雯子".into();
            entry.settings.bot = bot("one");
            entry.secrets.bot_secret = Some("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into());
        })
        .await;
    running
        .change("shop", |entry| entry.settings.bot = bot("two"))
        .await;
    // The same again is no change.
    running
        .change("shop", |entry| entry.settings.bot = bot("two"))
        .await;
    let program = Actor("key k_1a2b3c4d".into());
    let rotate = |entry: &mut AccountEntry| entry.rotate_token(token("TokenTwo"), THEN_MS);
    let rotated = running.accounts.change(&program, "shop", rotate).await;
    rotated.expect("it is changed");
    running.accounts.expire(now_ms()).await.expect("written");
    let removed = running.accounts.remove(&by(), "shop").await;
    removed.expect("it is removed");

    let masked =
        r#"{"kind":"http","url":"http://127.0.0.1:9000/?***","timeout_secs":60,"events":false}"#;
    let masked: Value = serde_json::from_str(masked).expect("JSON");
    let made = json!({
        "name": "shop", "mode": "plain", "delivery": "auto", "fallback": "", "language": "zh",
        "bot": { "kind": "echo" }, "origin": "store", "disabled": false, "token": "***",
    });
    let mut last = made.clone();
    last["name"] = json!("雯子");
    last["bot"] = masked.clone();
    last["bot_secret"] = json!("***");
    let changed = json!({ "name": "雯子", "bot": masked, "bot_secret": "***" });
    assert_eq!(
        running.story("shop").await,
        [
            format!("command line account.create null → {made}"),
            format!(
                "command line account.change {} → {changed}",
                json!({ "name": "shop", "bot": { "kind": "echo" } })
            ),
            format!(
                "command line account.change {} → {}",
                json!({ "bot": masked }),
                json!({ "bot": masked })
            ),
            format!(
                "key k_1a2b3c4d account.change {} → {}",
                json!({ "token": "***" }),
                json!({ "token": "***", "previous_token": "***" })
            ),
            format!(
                "server account.change {} → {}",
                json!({ "previous_token": "***" }),
                json!({})
            ),
            format!("command line account.remove {last} → null"),
        ]
    );
    // Newest first, in portions.
    let portion = audit(&running.db, None, None, 2).await.expect("read");
    let actions: Vec<_> = portion.iter().map(|entry| &*entry.action).collect();
    assert_eq!(actions, ["account.remove", "account.change"]);
    let rest = audit(&running.db, None, Some(portion[1].id), 100).await;
    assert_eq!(rest.expect("read").len(), 4);
    running.stop().await;
}

async fn what_was_seen_goes_on(ground: Ground) {
    let running = start(&ground).await;
    let shop = running.create(entry("shop", "TokenOne")).await;
    running.create(entry("quiet", "TokenTwo")).await;
    shop.seen.handshake(THEN_MS + 1);
    shop.seen.push(THEN_MS + 2, Came::Compatible);
    shop.seen.refused(THEN_MS + 3, "bad_signature", "wrong");
    shop.seen.refused(THEN_MS + 4, "wrong_account", "another");
    running.accounts.save_seen().await.expect("written");
    assert_eq!(ground.count("seen"), 1, "of the quiet one nothing was seen");
    running.stop().await;

    let running = start(&ground).await;
    let shop = running.accounts.get("shop").expect("it is there");
    let seen = shop.seen.snapshot();
    assert_eq!(seen.last_handshake_at_ms, Some(THEN_MS + 1));
    assert_eq!(seen.last_push_at_ms, Some(THEN_MS + 2));
    assert_eq!(seen.mode, Some(Came::Compatible));
    let counts: Vec<_> = seen
        .refused
        .iter()
        .map(|(class, n)| (&**class, *n))
        .collect();
    assert_eq!(counts, [("bad_signature", 1), ("wrong_account", 1)]);
    let last = seen.last_refusal.expect("there was one");
    assert_eq!(
        (&*last.class, last.at_ms, &*last.what),
        ("wrong_account", THEN_MS + 4, "another")
    );
    shop.seen.refused(THEN_MS + 5, "bad_signature", "wrong");
    running.accounts.save_seen().await.expect("written");
    running.stop().await;
    let running = start(&ground).await;
    let shop = running.accounts.get("shop").expect("it is there");
    assert_eq!(shop.seen.snapshot().refused["bad_signature"], 2);
    running.stop().await;
}

async fn what_an_account_may_do_is_known_until_its_credentials_change(ground: Ground) {
    let running = start(&ground).await;
    let key = AccountSecrets::random_encoding_aes_key();
    let shop = running.create(whole("shop", "TokenOne", &key)).await;
    running.create(entry("other", "TokenTwo")).await;
    let may = |running: &Running| {
        let answering = running.accounts.by_id("shop").expect("it answers");
        answering.able.may(Capability::CustomMessage)
    };
    assert_eq!(may(&running), May::Unknown(None));
    let found = Capabilities {
        found_at_ms: THEN_MS,
        found: vec![(Capability::CustomMessage, May::No(48001))],
    };
    let save = async |running: &Running| {
        let saved = running.accounts.save_capabilities("shop", &found).await;
        saved.expect("written");
    };
    save(&running).await;
    assert_eq!(may(&running), May::No(48001));
    assert_eq!(shop.able.known().as_ref(), Some(&found), "for all versions");
    let of_nobody = running.accounts.save_capabilities("nobody", &found).await;
    of_nobody.expect("nothing to do");
    let changed = |entry: &mut AccountEntry| entry.settings.fallback = "稍后再说".into();
    running.change("shop", changed).await;
    assert_eq!(may(&running), May::No(48001));
    running.stop().await;

    let changes: [fn(&mut AccountEntry); 4] = [
        |entry| entry.settings.app_id = Some("wx0000000000000001".into()),
        |entry| entry.settings.api_base = Some("http://127.0.0.1:9".into()),
        |entry| entry.settings.access_token = AccessTokenFrom::Plain,
        |entry| entry.secrets.app_secret = Some("fedcba9876543210fedcba9876543210".into()),
    ];
    for change in changes {
        let running = start(&ground).await;
        assert_eq!(may(&running), May::No(48001));
        let uploaded = vec![uploaded(1, "media", i64::MAX)];
        done(&written(&running.journal, uploaded).await);
        running.change("shop", change).await;
        assert_eq!(may(&running), May::Unknown(None));
        assert_eq!(ground.count("capabilities"), 0);
        assert_eq!(ground.count("uploads"), 0);
        save(&running).await;
        running.stop().await;
    }
    let running = start(&ground).await;
    let removed = running.accounts.remove(&by(), "shop").await;
    removed.expect("removed");
    assert_eq!(ground.count("capabilities"), 0);

    // The same in the file of settings.
    let provision = async |change: fn(&mut AccountEntry)| {
        let mut entry = in_file("shop", "TokenOne");
        change(&mut entry);
        let provisioned = running.accounts.provision(vec![entry]).await;
        provisioned.expect("written");
    };
    provision(|_| {}).await;
    save(&running).await;
    provision(|entry| entry.settings.fallback = "稍后再说".into()).await;
    assert_eq!(may(&running), May::No(48001));
    provision(|entry| entry.settings.app_id = Some(APP_ID.into())).await;
    assert_eq!(may(&running), May::Unknown(None));
    assert_eq!(ground.count("capabilities"), 0);
    running.stop().await;
}

async fn a_secret_in_the_place_of_another_opens_nothing_and_disturbs_nobody(ground: Ground) {
    let running = start(&ground).await;
    running.create(entry("a", "TokenOfA")).await;
    running.create(entry("b", "TokenOfB")).await;
    running.stop().await;
    execute(
        &ground,
        "UPDATE secrets SET sealed = (SELECT s.sealed FROM secrets s JOIN accounts a ON a.id = s.account_id
         WHERE a.public_id = 'b') WHERE account_id = (SELECT id FROM accounts WHERE public_id = 'a')",
    );
    let running = start(&ground).await;
    assert_eq!(running.of_token("TokenOfB").as_deref(), Some("b"));
    assert!(running.accounts.by_id("a").is_none());
    let why = "the secret `token` of the account `a` cannot be decrypted: it was changed outside of Echostr; \
               restore the database from a backup, or remove the account and add it anew";
    let fault = |id: &str| running.accounts.get(id).expect("it is listed").fault();
    assert_eq!((fault("a").as_deref(), fault("b")), (Some(why), None));
    let refused = running.accounts.change(&by(), "a", |_| {}).await;
    assert_eq!(refused.expect_err("refused").to_string(), why);
    assert_eq!(running.accounts.expire(now_ms()).await.expect("read"), 0);
    running.stop().await;

    // The file makes it whole again, and so does adding it anew.
    let running = start(&ground).await;
    let provisioned = running
        .accounts
        .provision(vec![in_file("a", "TokenOfFile")])
        .await;
    assert_eq!(provisioned.expect("written").changed, ["a"]);
    running.stop().await;
    let running = start(&ground).await;
    assert_eq!(running.of_token("TokenOfFile").as_deref(), Some("a"));
    running.stop().await;
    let newer =
        r#"UPDATE accounts SET settings = '{"bot":{"kind":"newer"}}' WHERE public_id = 'b'"#;
    execute(&ground, newer);
    let running = start(&ground).await;
    let fault = running.accounts.get("b").expect("it is listed").fault();
    let fault = fault.expect("it cannot be read");
    assert!(
        fault.starts_with("cannot read the settings of the account `b`"),
        "{fault}"
    );
    assert_eq!(running.of_token("TokenOfFile").as_deref(), Some("a"));
    running.accounts.remove(&by(), "b").await.expect("removed");
    running.create(entry("b", "TokenOfB")).await;
    running.stop().await;
    let running = start(&ground).await;
    assert_eq!(running.of_token("TokenOfB").as_deref(), Some("b"));
    running.stop().await;
}

async fn what_lacks_something_in_the_database_does_not_answer(ground: Ground) {
    let running = start(&ground).await;
    running.create(entry("shop", "TokenOne")).await;
    running.create(entry("other", "TokenTwo")).await;
    let rotate = |entry: &mut AccountEntry| entry.rotate_token(token("TokenNew"), now_ms());
    running.change("shop", rotate).await;
    running.stop().await;
    execute(
        &ground,
        "UPDATE accounts SET mode = 'safe' WHERE public_id = 'shop'",
    );
    let running = start(&ground).await;
    assert_eq!(running.of_token("TokenTwo").as_deref(), Some("other"));
    assert!(running.accounts.by_id("shop").is_none());
    let entry = running.accounts.get("shop").expect("it is listed");
    let what = "the account `shop` is in the mode `safe`, which needs an AppID";
    assert_eq!(entry.fault().as_deref(), Some(what));
    // It goes on otherwise, and what it lacks can be set.
    let expired = running.accounts.expire(now_ms() + DAY_MS).await;
    assert_eq!(expired.expect("written"), 1);
    running
        .change("shop", |entry| entry.settings.mode = ModeWord::Plain)
        .await;
    assert_eq!(running.of_token("TokenNew").as_deref(), Some("shop"));
    running.stop().await;
}

async fn another_master_key_is_refused(ground: Ground) {
    let running = start(&ground).await;
    running.create(entry("shop", "TokenOne")).await;
    running.stop().await;
    let refused = async |keys: &str| {
        let error = start_with(&ground, keys).await.err();
        error.expect("it is refused").to_string()
    };
    let wrong = refused(NEWER).await;
    assert!(
        wrong.starts_with("the master key in the variable ECHOSTR_MASTER_KEY is not that of the database: it has key "),
        "{wrong}"
    );
    for (keys, expected) in [
        (
            "",
            "there is no master key in the variable ECHOSTR_MASTER_KEY",
        ),
        (
            " , ",
            "there is no master key in the variable ECHOSTR_MASTER_KEY",
        ),
        (
            "c2hvcnQ=",
            "the master key 1 in the variable ECHOSTR_MASTER_KEY has 5 bytes",
        ),
        (
            &format!("{MASTER},no base64!"),
            "the master key 2 in the variable ECHOSTR_MASTER_KEY is not base64",
        ),
    ] {
        let error = refused(keys).await;
        assert!(error.starts_with(expected), "{error}");
        assert!(
            !error.contains("c2hv") && !error.contains("base64!"),
            "{error}"
        );
    }
    let running = start(&ground).await;
    assert_eq!(running.of_token("TokenOne").as_deref(), Some("shop"));
    running.stop().await;
}

async fn all_secrets_move_to_a_new_master_key(ground: Ground) {
    let running = start(&ground).await;
    let key = AccountSecrets::random_encoding_aes_key();
    running.create(whole("shop", "TokenOne", &key)).await;
    running.create(entry("other", "TokenTwo")).await;
    running.stop().await;

    let both = format!("{NEWER}, {MASTER}");
    let running = start_with(&ground, &both).await.expect("both are given");
    assert_eq!(running.of_token("TokenOne").as_deref(), Some("shop"));
    let rotated = running.accounts.reencrypt(&by()).await.expect("written");
    assert_eq!((rotated.n_secrets, rotated.retired.len()), (6, 1));
    assert_eq!(rotated.file, None);
    let story = running.story(&rotated.key_id).await;
    assert_eq!(
        story,
        [format!(
            "command line secrets.rotate null → {}",
            json!({ "key": rotated.key_id, "retired": rotated.retired, "secrets": 6 })
        )]
    );
    running.stop().await;

    assert!(start_with(&ground, MASTER).await.is_err());
    let running = start_with(&ground, NEWER)
        .await
        .expect("the new one is enough");
    let account = running.accounts.by_id("shop").expect("it answers");
    assert!(account.own_bot.is_some());
    assert!(matches!(&account.mode, Mode::Safe(sealing) if sealing.key == key));
    running.stop().await;
}

async fn a_secret_that_no_account_here_has_moves_to_a_new_master_key(ground: Ground) {
    let running = start(&ground).await;
    running.create(entry("shop", "TokenOne")).await;
    running.create(entry("other", "TokenTwo")).await;
    running.stop().await;
    // Its settings are gone for a while: nothing of it is in memory.
    let settings = r#"'{"delivery":"auto","welcome":null,"fallback":"","language":"zh","bot":{"kind":"echo"}}'"#;
    let set = |settings: &str| {
        let sql = format!("UPDATE accounts SET settings = {settings} WHERE public_id = 'other'");
        execute(&ground, &sql);
    };
    set("NULL");
    let running = start_with(&ground, &format!("{NEWER},{MASTER}")).await;
    let running = running.expect("both are given");
    assert_eq!(running.accounts.count(), 1);
    let rotated = running.accounts.reencrypt(&by()).await.expect("written");
    assert_eq!((rotated.n_secrets, rotated.retired.len()), (2, 1));
    running.stop().await;

    set(settings);
    let running = start_with(&ground, NEWER).await.expect("one is enough");
    assert_eq!(running.of_token("TokenTwo").as_deref(), Some("other"));
    running.stop().await;
}

async fn a_master_key_is_kept_while_a_secret_needs_it(ground: Ground) {
    let running = start(&ground).await;
    running.create(entry("shop", "TokenOne")).await;
    running.create(entry("other", "TokenTwo")).await;
    running.stop().await;
    let running = start_with(&ground, &format!("{NEWER},{MASTER}")).await;
    let running = running.expect("both are given");
    let damage = |to: &str| {
        let sql = format!(
            "UPDATE secrets SET sealed = {to} WHERE account_id = (SELECT id FROM accounts WHERE public_id = 'other')"
        );
        execute(&ground, &sql);
    };
    damage("substr(sealed, 2)");
    let refused = running.accounts.reencrypt(&by()).await;
    let refused = refused.expect_err("one cannot be decrypted").to_string();
    assert!(
        refused.contains("the secret `token` of the account `other`"),
        "{refused}"
    );
    assert_eq!(ground.count("master_keys"), 2);
    running.stop().await;
}

async fn a_key_opens_until_it_is_revoked_or_expires(ground: Ground) {
    let running = start(&ground).await;
    let scopes = vec!["accounts:read".to_owned()];
    let create = async |name: &str, expires_at_ms| {
        let made = running
            .keys
            .create(&by(), name, scopes.clone(), expires_at_ms)
            .await;
        made.expect("it is made")
    };
    let (first, first_text) = create("one", None).await;
    let (later, later_text) = create("two", Some(now_ms() + DAY_MS)).await;
    let (_, over_text) = create("three", Some(now_ms() - 1)).await;
    let text = first_text.expose_secret();
    assert!(
        text.starts_with("echostr_") && text.len() == 8 + 43,
        "{}",
        text.len()
    );
    let name = |running: &Running, text: &SecretString| {
        running.keys.check(text.expose_secret()).map(|key| key.name)
    };
    assert_eq!(name(&running, &first_text).as_deref(), Some("one"));
    assert_eq!(name(&running, &over_text), None);
    for no_key in ["", "echostr_", &text[1..], &text[..50], &format!("{text}A")] {
        assert_eq!(running.keys.check(no_key), None, "{no_key}");
    }
    running.keys.save_used().await.expect("written");
    running.stop().await;

    let running = start(&ground).await;
    let names: Vec<_> = running
        .keys
        .list()
        .into_iter()
        .map(|key| key.name)
        .collect();
    assert_eq!(names.len(), 3);
    let found = running.keys.list();
    let found = found.iter().find(|key| key.id == first.id).expect("kept");
    assert_eq!((&found.scopes, found.expires_at_ms), (&scopes, None));
    assert!(found.last_used_at_ms >= Some(first.created_at_ms));
    assert_eq!(name(&running, &later_text).as_deref(), Some("two"));
    assert!(
        running
            .keys
            .revoke(&by(), &later.id)
            .await
            .expect("written")
    );
    assert_eq!(name(&running, &later_text), None);
    assert!(!running.keys.revoke(&by(), "k_none").await.expect("written"));
    running.stop().await;

    let running = start(&ground).await;
    assert_eq!(name(&running, &later_text), None);
    assert_eq!(name(&running, &first_text).as_deref(), Some("one"));
    assert_eq!(
        running.story(&later.id).await,
        [
            format!(
                "command line key.create null → {}",
                json!({ "name": "two", "scopes": scopes, "expires_at_ms": later.expires_at_ms })
            ),
            format!(
                "command line key.revoke {} → null",
                json!({ "name": "two", "scopes": scopes })
            ),
        ]
    );
    running.stop().await;
}

async fn a_key_that_is_revoked_was_used_when_it_was_used(ground: Ground) {
    let running = start(&ground).await;
    let made = running.keys.create(&by(), "key", Vec::new(), None).await;
    let (key, text) = made.expect("made");
    assert!(running.keys.check(text.expose_secret()).is_some());
    let revoked = running.keys.revoke(&by(), &key.id).await;
    assert!(revoked.expect("written"));
    running.keys.save_used().await.expect("written");
    running.stop().await;
    let running = start(&ground).await;
    assert!(running.keys.list()[0].last_used_at_ms >= Some(key.created_at_ms));
    running.stop().await;
}

async fn no_secret_is_in_the_database_or_printed(ground: Ground) {
    let running = start(&ground).await;
    let key = AccountSecrets::random_encoding_aes_key();
    running.create(whole("shop", "PlantedTokenOne", &key)).await;
    let relay_key = AccountSecrets::random_encoding_aes_key();
    let mut other = entry("other", "PlantedTokenTwo");
    other.settings.bot = BotSettings::Relay {
        url: "https://example.com/wx?code=QuerySecret".into(),
        mode: ModeWord::Safe,
        app_id: Some(APP_ID.into()),
        timeout_secs: 60,
    };
    other.secrets.relay_token = Some(token("PlantedRelayToken"));
    other.secrets.relay_encoding_aes_key = Some(relay_key.clone());
    running.create(other).await;
    running
        .change("shop", |entry| {
            entry.rotate_token(token("PlantedTokenThree"), now_ms());
        })
        .await;
    let (api_key, text) = running
        .keys
        .create(&by(), "name", vec!["*".into()], None)
        .await
        .expect("made");
    let taken = running
        .accounts
        .create(&by(), entry("c", "PlantedTokenTwo"))
        .await;
    let taken = taken.expect_err("it is taken");

    let mut printed = format!(
        "{:?} {:?} {:?} {api_key:?} {text:?} {taken:?} {taken} {:?}",
        running.accounts,
        running.keys,
        running.accounts.list(),
        audit(&running.db, None, None, 100).await.expect("read"),
    );
    for id in ["shop", "other"] {
        write!(printed, "{:?}", running.accounts.by_id(id)).expect("a string can be written to");
    }
    let vault = Vault::open(&running.db, MasterKeys::Environment(MASTER.into())).await;
    write!(printed, "{:?}", vault.expect("opened")).expect("a string can be written to");
    let before_closing = stored(&ground);
    running.stop().await;
    let after_closing = stored(&ground);

    let hidden = [
        "Planted",
        "QuerySecret",
        "0123456789abcdef0123456789abcdef",
        "C2FVsBQIhrscChlQIMV",
        MASTER,
        text.expose_secret(),
        &key.to_base64(),
        &relay_key.to_base64(),
    ];
    for hidden in hidden {
        assert!(
            !printed.contains(hidden),
            "`{hidden}` is printed: {printed}"
        );
        for (what, bytes) in before_closing.iter().chain(&after_closing) {
            let hex = hidden.bytes().fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").expect("a string can be written to");
                hex
            });
            for form in [hidden, &hex] {
                let mut windows = bytes.windows(form.len());
                assert!(
                    !windows.any(|bytes| bytes == form.as_bytes()),
                    "`{form}` is in {what}"
                );
            }
        }
    }
    let all: usize = before_closing.iter().map(|(_, bytes)| bytes.len()).sum();
    let holds = |text: &str| {
        let holds = |bytes: &[u8]| {
            bytes
                .windows(text.len())
                .any(|bytes| bytes == text.as_bytes())
        };
        before_closing.iter().any(|(_, bytes)| holds(bytes))
    };
    assert!(all > 0 && holds("127.0.0.1:9000/?***"), "{all} bytes");
}

/// What is told of a file that another program keeps locked for a moment, or does not let be written.
mod locked {
    use super::*;

    fn look_at(ground: &Ground) -> rusqlite::Connection {
        match ground {
            Ground::Sqlite(folder) => look(folder.path()),
            Ground::Postgres(_) => unreachable!("it has no file"),
        }
    }

    #[tokio::test]
    async fn what_was_seen_of_a_removed_account_is_not_that_of_the_next_one_with_its_id() {
        let ground = Ground::sqlite();
        let running = start(&ground).await;
        let old = running.create(entry("shop", "TokenOne")).await;
        old.seen.refused(THEN_MS, "bad_signature", "wrong");
        let (accounts, by) = (&running.accounts, by());
        let other = look_at(&ground);
        other.execute_batch("BEGIN IMMEDIATE").expect("locked");
        // One waits for the file, the others for their turn.
        let removing = accounts.remove(&by, "shop");
        let creating = accounts.create(&by, entry("shop", "TokenTwo"));
        let saving = accounts.save_seen();
        let freeing = async { other.execute_batch("COMMIT").expect("freed") };
        let (removed, made, saved, ()) = tokio::join!(biased; removing, creating, saving, freeing);
        removed.expect("removed");
        made.expect("made");
        saved.expect("written");
        assert_eq!(ground.count("seen"), 0);
        running.stop().await;
    }

    #[tokio::test]
    async fn what_was_seen_is_written_though_an_original_id_cannot_be() {
        let ground = Ground::sqlite();
        let running = start(&ground).await;
        let shop = running.create(entry("shop", "TokenOne")).await;
        shop.seen.learn("gh_e8df390a377e");
        shop.seen.handshake(THEN_MS);
        let refuse = "CREATE TRIGGER refuse BEFORE UPDATE ON accounts BEGIN SELECT RAISE(ABORT, 'refused'); END";
        look_at(&ground).execute_batch(refuse).expect("made");
        running
            .accounts
            .save_seen()
            .await
            .expect_err("it is refused");
        assert_eq!(ground.count("seen"), 1);
        look_at(&ground)
            .execute_batch("DROP TRIGGER refuse")
            .expect("gone");
        running.accounts.save_seen().await.expect("written");
        let shop = running.accounts.get("shop").expect("it is there");
        assert_eq!(shop.settings.gh_id.as_deref(), Some("gh_e8df390a377e"));
        running.stop().await;
    }
}

/// The file of the data folder, which only SQLite has.
mod file {
    use super::*;

    fn folder_of(ground: &Ground) -> PathBuf {
        match ground {
            Ground::Sqlite(folder) => folder.path().to_owned(),
            Ground::Postgres(_) => unreachable!("it has no folder"),
        }
    }

    async fn start(ground: &Ground) -> Result<Running, Error> {
        let path = folder_of(ground).join(MASTER_KEY_FILE);
        start_from(ground, MasterKeys::File(path)).await
    }

    #[tokio::test]
    async fn the_master_key_is_made_once_for_the_servers_user_only() {
        let ground = Ground::sqlite();
        let path = folder_of(&ground).join(MASTER_KEY_FILE);
        let running = start(&ground).await.expect("it is made");
        running.create(entry("shop", "TokenOne")).await;
        running.stop().await;
        let text = fs::read_to_string(&path).expect("it is there");
        assert_eq!(text.len(), 45, "32 bytes in base64 and the end of the line");
        let mode = fs::metadata(&path)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);

        let running = start(&ground).await.expect("it is read");
        assert_eq!(running.of_token("TokenOne").as_deref(), Some("shop"));
        running.stop().await;
        assert_eq!(fs::read_to_string(&path).expect("it is there"), text);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("changed");
        let error = start(&ground).await.err().expect("others may read it");
        assert!(
            error
                .to_string()
                .ends_with(&format!("chmod 600 {}", path.display())),
            "{error}"
        );

        fs::remove_file(&path).expect("removed");
        let error = start(&ground).await.err().expect("it is needed");
        assert!(
            error
                .to_string()
                .contains(" is missing, but secrets in the database are encrypted under it"),
            "{error}"
        );
        assert!(!path.exists(), "a new one would make a second fault of it");
    }

    #[tokio::test]
    async fn a_rotation_leaves_one_new_key_in_the_file() {
        let ground = Ground::sqlite();
        let path = folder_of(&ground).join(MASTER_KEY_FILE);
        let running = start(&ground).await.expect("it is made");
        running.create(entry("shop", "TokenOne")).await;
        let old = fs::read_to_string(&path).expect("it is there");
        for _ in 0..2 {
            let rotated = running.accounts.reencrypt(&by()).await.expect("written");
            assert_eq!((rotated.n_secrets, rotated.retired.len()), (1, 1));
            assert_eq!(rotated.file.as_deref(), Some(&*path));
        }
        running.create(entry("other", "TokenTwo")).await;
        running.stop().await;

        let new = fs::read_to_string(&path).expect("it is there");
        assert!(new.len() == 45 && new != old);
        let mode = fs::metadata(&path)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(ground.count("master_keys"), 1);
        let running = start(&ground).await.expect("it is read");
        assert_eq!(running.of_token("TokenOne").as_deref(), Some("shop"));
        assert_eq!(running.of_token("TokenTwo").as_deref(), Some("other"));
        running.stop().await;

        fs::write(&path, old).expect("written");
        assert!(start(&ground).await.is_err());
    }

    #[tokio::test]
    async fn a_rotation_that_was_broken_off_can_be_done_again() {
        let ground = Ground::sqlite();
        let path = folder_of(&ground).join(MASTER_KEY_FILE);
        let running = start(&ground).await.expect("it is made");
        running.create(entry("shop", "TokenOne")).await;
        running.stop().await;
        // The new key was put first, and nothing was encrypted under it.
        let old = fs::read_to_string(&path).expect("it is there");
        fs::write(&path, format!("{NEWER}\n{old}")).expect("written");
        let running = start(&ground).await.expect("both are there");
        running.create(entry("other", "TokenTwo")).await;
        let rotated = running.accounts.reencrypt(&by()).await.expect("written");
        assert_eq!((rotated.n_secrets, rotated.retired.len()), (2, 2));
        running.stop().await;
        let running = start(&ground).await.expect("one is enough");
        assert_eq!(running.of_token("TokenOne").as_deref(), Some("shop"));
        assert_eq!(running.of_token("TokenTwo").as_deref(), Some("other"));
        running.stop().await;
    }
}

#[test]
fn what_is_made_is_what_the_platforms_page_takes() {
    for _ in 0..100 {
        let token = AccountSecrets::random_token();
        assert_eq!(token.expose().len(), 32);
        let key = AccountSecrets::random_encoding_aes_key().to_base64();
        let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        assert!(is_plain && key.len() == 43, "{key}");
    }
}
