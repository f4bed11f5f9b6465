//! Access tokens that several processes share: one at a time asks for the next, and nothing of them stands there in clear.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use echostr_client::{Kept, Leased, TokenStore};
use echostr_protocol::api::Secret;
use echostr_store::{AccountStore, Actor, Db, FILE_NAME, MasterKeys, SqlJournal, SqlTokens, Vault};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tokio::task::{JoinSet, yield_now};

use common::*;

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
    of_many_who_ask_one_gets_the_lease,
    who_comes_late_gets_what_is_there,
    the_lease_of_who_has_died_ends,
    a_lease_from_a_clock_that_was_wrong_does_not_last,
    what_expired_is_asked_for_anew,
    no_token_stands_there_in_clear,
    a_token_under_another_key_is_none,
    tokens_move_to_a_new_master_key,
    tokens_go_with_their_account,
}

const MASTER: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEWER: &str = "IAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NAME: &str = "wx5823bf96d3bd56c7";
const HOUR_MS: i64 = 60 * 60 * 1000;

async fn vault(db: &Db, keys: &str) -> Arc<Vault> {
    let vault = Vault::open(db, MasterKeys::Environment(keys.into())).await;
    Arc::new(vault.expect("a vault"))
}

/// A journal, and tokens of two processes that have its database.
async fn two(ground: &Ground) -> (SqlJournal, [SqlTokens; 2]) {
    let journal = ground.open().await;
    let db = journal.db();
    let other = match (ground, &db) {
        (Ground::Sqlite(folder), _) => {
            let options = SqliteConnectOptions::new()
                .filename(folder.path().join(FILE_NAME))
                .busy_timeout(std::time::Duration::from_secs(30));
            Db::Sqlite {
                readers: SqlitePoolOptions::new().connect_lazy_with(options.clone()),
                writer: SqlitePoolOptions::new()
                    .max_connections(1)
                    .connect_lazy_with(options),
            }
        }
        (Ground::Postgres(url), Db::Postgres(_, holder)) => {
            let options: PgConnectOptions = url.parse().expect("an address");
            let pool = PgPoolOptions::new().connect_lazy_with(options);
            Db::Postgres(pool, holder.clone())
        }
        (Ground::Postgres(_), Db::Sqlite { .. }) => unreachable!("it is PostgreSQL"),
    };
    let mut tokens = Vec::new();
    for db in [db, other] {
        let vault = vault(&db, MASTER).await;
        tokens.push(SqlTokens::new(db, vault));
    }
    (journal, tokens.try_into().expect("two"))
}

fn token(n: usize) -> Kept {
    let now = now_ms();
    Kept {
        value: format!("TheAccessToken{n}").into(),
        fetched_at_ms: now,
        expires_at_ms: now + 2 * HOUR_MS,
        forced_at_ms: Some(now - HOUR_MS),
        refresh_token: Some("TheRefreshToken".into()),
    }
}

/// What an answer is, in short.
async fn lease(
    tokens: &SqlTokens,
    seen: Option<&Secret>,
    holder: u128,
    now_ms: i64,
) -> Result<Option<Kept>, &'static str> {
    match tokens.lease(NAME, seen, holder, now_ms).await {
        Ok(Leased::Granted(last)) => Ok(last),
        Ok(Leased::Instead(kept)) => {
            assert_eq!(seen.filter(|seen| **seen == kept.value), None);
            Err("instead")
        }
        Ok(Leased::Held) => Err("held"),
        Err(error) => panic!("{error}"),
    }
}

async fn kept(tokens: &SqlTokens, holder: u128, kept: &Kept) -> bool {
    tokens.keep(NAME, holder, kept).await.expect("written")
}

/// What is there for who has seen nothing.
async fn there(tokens: &SqlTokens) -> Option<Kept> {
    let holder = rand::random();
    match tokens.lease(NAME, None, holder, now_ms()).await {
        Ok(Leased::Instead(kept)) => Some(kept),
        Ok(Leased::Granted(None)) => {
            tokens.release(NAME, holder).await.expect("written");
            None
        }
        other => panic!("{other:?}"),
    }
}

async fn of_many_who_ask_one_gets_the_lease(ground: Ground) {
    let (journal, tokens) = two(&ground).await;
    let n_granted = Arc::new(AtomicUsize::new(0));
    let n_inside = Arc::new(AtomicUsize::new(0));
    let mut seen: Option<Secret> = None;
    for round in 1..=4 {
        let mut tasks = JoinSet::new();
        for n in 0..20 {
            let tokens = tokens[n % 2].clone();
            let (n_granted, n_inside) = (Arc::clone(&n_granted), Arc::clone(&n_inside));
            let seen = seen.clone();
            tasks.spawn(async move {
                loop {
                    let holder = rand::random();
                    let leased = tokens.lease(NAME, seen.as_ref(), holder, now_ms()).await;
                    match leased.expect("asked") {
                        Leased::Instead(kept) => return kept,
                        Leased::Held => yield_now().await,
                        Leased::Granted(last) => {
                            assert_eq!(last.map(|last| last.value), seen);
                            assert_eq!(n_inside.fetch_add(1, Ordering::SeqCst), 0);
                            let new = token(n_granted.fetch_add(1, Ordering::SeqCst) + 1);
                            // Whoever else is there has time to be wrong.
                            for _ in 0..20 {
                                yield_now().await;
                            }
                            n_inside.fetch_sub(1, Ordering::SeqCst);
                            assert!(kept(&tokens, holder, &new).await);
                            return new;
                        }
                    }
                }
            });
        }
        let all = tasks.join_all().await;
        assert_eq!(n_granted.load(Ordering::SeqCst), round);
        for kept in &all {
            assert_eq!(kept, &all[0]);
        }
        seen = Some(all[0].value.clone());
    }
    journal.close().await;
}

async fn who_comes_late_gets_what_is_there(ground: Ground) {
    let (journal, [one, other]) = two(&ground).await;
    let now = now_ms();
    assert_eq!(lease(&one, None, 1, now).await, Ok(None));
    assert!(kept(&one, 1, &token(1)).await);
    let first = token(1).value;
    assert!(lease(&one, Some(&first), 2, now).await.is_ok());
    assert_eq!(lease(&other, Some(&first), 3, now).await, Err("held"));
    // It still counts for who has not seen that it does not.
    assert_eq!(lease(&other, None, 3, now).await, Err("instead"));
    let second = token(2);
    assert!(kept(&one, 2, &second).await);
    assert_eq!(lease(&other, Some(&first), 3, now).await, Err("instead"));
    assert_eq!(there(&other).await, Some(second));
    journal.close().await;
}

async fn the_lease_of_who_has_died_ends(ground: Ground) {
    let (journal, [one, other]) = two(&ground).await;
    let now = now_ms();
    assert_eq!(lease(&one, None, 1, now).await, Ok(None));
    assert_eq!(lease(&other, None, 2, now + 20_000).await, Err("held"));
    // A lease counts by the clock of the database, if that has one.
    let at_ms = match ground {
        Ground::Sqlite(_) => now + 30_000,
        Ground::Postgres(_) => {
            execute(
                &ground,
                "UPDATE tokens SET lease_until_ms = lease_until_ms - 30000",
            );
            now
        }
    };
    assert_eq!(lease(&other, None, 2, at_ms).await, Ok(None));
    // It was only slow.
    assert!(!kept(&one, 1, &token(1)).await);
    one.release(NAME, 1).await.expect("written");
    assert_eq!(lease(&one, None, 3, at_ms).await, Err("held"));
    assert!(kept(&other, 2, &token(2)).await);
    assert!(!kept(&other, 2, &token(3)).await, "it was given back");
    assert_eq!(
        there(&one).await.map(|kept| kept.value),
        Some(token(2).value)
    );
    // Given back without a token.
    let seen = token(2).value;
    assert!(lease(&one, Some(&seen), 4, at_ms).await.is_ok());
    one.release(NAME, 4).await.expect("written");
    assert!(lease(&other, Some(&seen), 5, at_ms).await.is_ok());
    journal.close().await;
}

async fn a_lease_from_a_clock_that_was_wrong_does_not_last(ground: Ground) {
    let (journal, [one, other]) = two(&ground).await;
    assert_eq!(lease(&one, None, 1, now_ms()).await, Ok(None));
    execute(
        &ground,
        "UPDATE tokens SET lease_until_ms = lease_until_ms + 86400000",
    );
    assert_eq!(lease(&other, None, 2, now_ms()).await, Ok(None));
    journal.close().await;
}

async fn what_expired_is_asked_for_anew(ground: Ground) {
    let (journal, [one, other]) = two(&ground).await;
    let now = now_ms();
    let short = Kept {
        expires_at_ms: now + 1000,
        ..token(1)
    };
    assert_eq!(lease(&one, None, 1, now).await, Ok(None));
    assert!(kept(&one, 1, &short).await);
    assert_eq!(lease(&other, None, 2, now + 999).await, Err("instead"));
    // With it comes what the next one is asked for with.
    assert_eq!(lease(&other, None, 2, now + 1000).await, Ok(Some(short)));
    journal.close().await;
}

async fn no_token_stands_there_in_clear(ground: Ground) {
    let (journal, [one, _]) = two(&ground).await;
    assert_eq!(lease(&one, None, 1, now_ms()).await, Ok(None));
    assert!(kept(&one, 1, &token(1)).await);
    assert!(!format!("{one:?}").contains("TheAccessToken"));
    let before_closing = stored(&ground);
    journal.close().await;
    for (place, bytes) in before_closing.into_iter().chain(stored(&ground)) {
        // PostgreSQL prints them as hex digits.
        for secret in ["TheAccessToken", "TheRefreshToken", "546865416363657373"] {
            let mut all = bytes.windows(secret.len());
            assert!(!all.any(|bytes| bytes == secret.as_bytes()), "{place}");
        }
    }
    assert_eq!(ground.count("tokens WHERE sealed IS NOT NULL"), 1);
}

async fn a_token_under_another_key_is_none(ground: Ground) {
    let (journal, [one, _]) = two(&ground).await;
    assert_eq!(lease(&one, None, 1, now_ms()).await, Ok(None));
    assert!(kept(&one, 1, &token(1)).await);
    let other = SqlTokens::new(journal.db(), vault(&journal.db(), NEWER).await);
    assert_eq!(there(&other).await, None);
    assert_eq!(lease(&other, None, 2, now_ms()).await, Ok(None));
    assert!(kept(&other, 2, &token(2)).await);
    assert_eq!(
        there(&other).await.map(|kept| kept.value),
        Some(token(2).value)
    );
    journal.close().await;
}

async fn tokens_move_to_a_new_master_key(ground: Ground) {
    let (journal, [one, _]) = two(&ground).await;
    let first = token(1);
    assert_eq!(lease(&one, None, 1, now_ms()).await, Ok(None));
    assert!(kept(&one, 1, &first).await);
    execute(
        &ground,
        "INSERT INTO tokens (name, key_id, sealed) SELECT 'damaged', key_id, sealed FROM tokens",
    );
    let db = journal.db();
    let both = vault(&db, &format!("{NEWER},{MASTER}")).await;
    let tokens = SqlTokens::new(db.clone(), Arc::clone(&both));
    let accounts = AccountStore::open(db.clone(), both).await.expect("a store");
    let rotated = accounts.reencrypt(&Actor("command line".into())).await;
    assert_eq!(rotated.expect("written").n_secrets, 2);
    assert_eq!(there(&tokens).await, Some(first.clone()));
    let newer = SqlTokens::new(db.clone(), vault(&db, NEWER).await);
    assert_eq!(there(&newer).await, Some(first));
    assert_eq!(ground.count("tokens WHERE sealed IS NOT NULL"), 1);
    journal.close().await;
}

async fn tokens_go_with_their_account(ground: Ground) {
    let (journal, [one, _]) = two(&ground).await;
    let db = journal.db();
    let accounts = AccountStore::open(db.clone(), vault(&db, MASTER).await);
    let accounts = accounts.await.expect("a store");
    let by = Actor("command line".into());
    let random = echostr_store::AccountSecrets::random_token();
    let mut entry = echostr_store::AccountEntry::new("shop", random, now_ms());
    entry.settings.app_id = Some(NAME.into());
    accounts.create(&by, entry).await.expect("made");
    for name in [
        NAME,
        "wx5823bf96d3bd56c7@http://127.0.0.1:9",
        "wx5823bf96d3bd56c70",
    ] {
        let leased = one.lease(name, None, 1, now_ms()).await.expect("asked");
        assert!(matches!(leased, Leased::Granted(None)), "{leased:?}");
        assert!(one.keep(name, 1, &token(1)).await.expect("written"));
    }
    accounts.remove(&by, "shop").await.expect("removed");
    assert_eq!(ground.count("tokens"), 1);
    journal.close().await;
}
