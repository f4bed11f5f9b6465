//! Accounts from the database, with their secrets in clear and what was seen of them.

use std::collections::HashMap;
use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use echostr::{Able, LlmKeys, Seen, SeenSnapshot};
use echostr_client::Capabilities;
use echostr_protocol::{EncodingAesKey, Error as Unusable, Token};
use secrecy::{ExposeSecret as _, SecretString};
use tracing::error;

use super::snapshot::{Held, Snapshot};
use super::{PORTION, account, hash};
use crate::Error;
use crate::account::{
    AccountEntry, AccountSecrets, AccountSettings, BOT_URL, LLM_KEYS, Origin, Previous,
};
use crate::db::{Db, reading};
use crate::vault::Vault;

/// Id, name, gh_id, app_id, mode, settings, origin, disabled, created, updated.
type AccountRow = (
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
    String,
    Option<i64>,
    i64,
    i64,
);
/// Account, name, key, sealed, expires.
pub(super) type SecretRow = (String, String, String, Vec<u8>, Option<i64>);
/// Account, handshake, push, mode, refused, last refusal.
type SeenRow = (
    String,
    Option<i64>,
    Option<i64>,
    Option<String>,
    String,
    Option<String>,
);

/// All accounts of the database; what was seen of those of `before` goes on.
pub(super) async fn load(db: &Db, vault: &Vault, before: &Snapshot) -> Result<Snapshot, Error> {
    let mut snapshot = Snapshot::default();
    // In portions, so that what is read takes little memory beside what is kept.
    let mut last = Some(String::new());
    while let Some(after) = last {
        last = load_portion(db, vault, before, &mut snapshot, &after).await?;
    }
    Ok(snapshot)
}

/// Those whose id comes after `after`; answers the last of them.
async fn load_portion(
    db: &Db,
    vault: &Vault,
    before: &Snapshot,
    snapshot: &mut Snapshot,
    after: &str,
) -> Result<Option<String>, Error> {
    let rows = reading!(db, pool => sqlx::query_as::<_, AccountRow>(
        "SELECT public_id, name, gh_id, app_id, mode, settings, origin, disabled_at_ms, created_at_ms, updated_at_ms
         FROM accounts WHERE settings IS NOT NULL AND public_id > $1 ORDER BY public_id LIMIT $2",
    )
    .bind(after)
    .bind(i64::try_from(PORTION).unwrap_or(i64::MAX))
    .fetch_all(pool)
    .await);
    let rows = rows.map_err(Error::unread("the accounts"))?;
    let Some(last) = rows.last().map(|row| row.0.clone()) else {
        return Ok(None);
    };
    let mut secrets = load_secrets(db, vault, after, &last).await?;
    let mut seen = load_seen(db, after, &last).await?;
    let mut capabilities = load_capabilities(db, after, &last).await?;
    for row in rows {
        let (
            id,
            name,
            gh_id,
            app_id,
            mode,
            settings,
            origin,
            disabled_at_ms,
            created_at_ms,
            updated_at_ms,
        ) = row;
        let columns = [
            ("name", Some(name)),
            ("gh_id", gh_id),
            ("app_id", app_id),
            ("mode", mode),
        ];
        let secrets = secrets.remove(&id).unwrap_or_else(|| Ok(Clear::new()));
        let read = AccountSettings::read(&settings, columns).map_err(|source| Error::Settings {
            account: id.clone(),
            source,
        });
        let read = read.and_then(|mut settings| {
            let mut secrets = secrets?;
            if let Some((url, _)) = secrets.remove(BOT_URL) {
                settings.bot.set_url(url.expose_secret());
            }
            Ok((settings, collect(&id, secrets)?))
        });
        let (settings, secrets, unread) = match read {
            Ok((settings, secrets)) => (settings, secrets, None),
            Err(error) => {
                error!(
                    account.id = id,
                    error = error.source(),
                    "the account `{id}` is not answered: {error}"
                );
                let nobody = AccountSecrets::new(AccountSecrets::random_token());
                let why = error.to_string().into();
                (AccountSettings::new(&id), nobody, Some(why))
            }
        };
        let stored = seen.remove(&id).unwrap_or_default();
        let before = before.all.get(&*id);
        let before = before.filter(|held| held.entry.created_at_ms == created_at_ms);
        let (seen, saved) = if let Some(held) = before {
            (Arc::clone(&held.entry.seen), Arc::clone(&held.saved))
        } else {
            let saved = Arc::new(AtomicU64::new(hash(&stored)));
            (Arc::new(Seen::restore(stored)), saved)
        };
        let mut entry = AccountEntry {
            able: able(before, capabilities.remove(&id)),
            secrets,
            settings,
            origin: if origin == "file" {
                Origin::File
            } else {
                Origin::Store
            },
            disabled_at_ms,
            created_at_ms,
            updated_at_ms,
            seen,
            used: Arc::default(),
            unread,
            id,
        };
        entry.recall_used();
        let account = match account(&entry) {
            Ok(account) => account.filter(|_| entry.unread.is_none()),
            Err(incomplete) => {
                error!(account.id = entry.id, "not answered: {incomplete}");
                None
            }
        };
        snapshot.put(Held {
            account,
            entry: Arc::new(entry),
            saved,
        });
    }
    Ok(Some(last))
}

/// Name, clear text and end of each, by account.
type Clear = HashMap<String, (SecretString, Option<i64>)>;

/// Those of an account, unless one of them cannot be decrypted.
async fn load_secrets(
    db: &Db,
    vault: &Vault,
    after: &str,
    last: &str,
) -> Result<HashMap<String, Result<Clear, Error>>, Error> {
    let rows = reading!(db, pool => sqlx::query_as::<_, SecretRow>(
        "SELECT account.public_id, secret.name, secret.key_id, secret.sealed, secret.expires_at_ms
         FROM accounts account JOIN secrets secret ON secret.account_id = account.id
         WHERE account.public_id > $1 AND account.public_id <= $2",
    )
    .bind(after)
    .bind(last)
    .fetch_all(pool)
    .await);
    let rows = rows.map_err(Error::unread("the secrets of the accounts"))?;
    let mut secrets = HashMap::<String, Result<Clear, Error>>::new();
    for (account, name, key_id, sealed, until_ms) in rows {
        let clear = vault.unseal(&account, &name, &key_id, &sealed);
        let of_account = secrets.entry(account.clone());
        let of_account = of_account.or_insert_with(|| Ok(Clear::new()));
        match (clear, &mut *of_account) {
            (Some(clear), Ok(of_account)) => {
                of_account.insert(name, (clear, until_ms));
            }
            (Some(_), Err(_)) => {}
            (None, of_account) => {
                *of_account = Err(Error::Sealed {
                    account,
                    secret: name,
                });
            }
        }
    }
    Ok(secrets)
}

async fn load_seen(
    db: &Db,
    after: &str,
    last: &str,
) -> Result<HashMap<String, SeenSnapshot>, Error> {
    let rows = reading!(db, pool => sqlx::query_as::<_, SeenRow>(
        "SELECT account.public_id, seen.last_handshake_at_ms, seen.last_push_at_ms, seen.mode, seen.refused, seen.last_refusal
         FROM accounts account JOIN seen ON seen.account_id = account.id
         WHERE account.public_id > $1 AND account.public_id <= $2",
    )
    .bind(after)
    .bind(last)
    .fetch_all(pool)
    .await);
    let rows = rows.map_err(Error::unread("what was seen of the accounts"))?;
    let seen = rows.into_iter().map(|row| {
        let (account, last_handshake_at_ms, last_push_at_ms, mode, refused, last_refusal) = row;
        // It is only counted: what cannot be read is begun anew.
        let snapshot = SeenSnapshot {
            last_handshake_at_ms,
            last_push_at_ms,
            mode: mode.and_then(|mode| serde_json::from_value(mode.into()).ok()),
            refused: serde_json::from_str(&refused).unwrap_or_default(),
            last_refusal: last_refusal.and_then(|last| serde_json::from_str(&last).ok()),
        };
        (account, snapshot)
    });
    Ok(seen.collect())
}

async fn load_capabilities(
    db: &Db,
    after: &str,
    last: &str,
) -> Result<HashMap<String, Capabilities>, Error> {
    let rows = reading!(db, pool => sqlx::query_as::<_, (String, String)>(
        "SELECT account.public_id, capabilities.found
         FROM accounts account JOIN capabilities ON capabilities.account_id = account.id
         WHERE account.public_id > $1 AND account.public_id <= $2",
    )
    .bind(after)
    .bind(last)
    .fetch_all(pool)
    .await);
    let rows = rows.map_err(Error::unread("what the accounts may do"))?;
    // What cannot be read can be found out anew.
    let found = rows
        .into_iter()
        .filter_map(|(account, found)| Some((account, serde_json::from_str(&found).ok()?)));
    Ok(found.collect())
}

/// What an account may do. What calls have taught since it was found out stays; but another process may have found it out
/// anew, or changed the account.
fn able(before: Option<&Held>, found: Option<Capabilities>) -> Arc<Able> {
    let found_at_ms = |found: &Capabilities| found.found_at_ms;
    let at_ms = found.as_ref().map(found_at_ms);
    if let Some(held) = before
        && held.entry.able.known().as_ref().map(found_at_ms) == at_ms
    {
        return Arc::clone(&held.entry.able);
    }
    let able = Able::default();
    if let Some(found) = found {
        able.set(found);
    }
    Arc::new(able)
}

/// The secrets of an account from what was decrypted.
fn collect(account: &str, mut clear: Clear) -> Result<AccountSecrets, Error> {
    let unusable = |name: &str| Error::Sealed {
        account: account.to_owned(),
        secret: name.to_owned(),
    };
    let mut take = |name: &'static str| clear.remove(name);
    let mut token = |name| parsed::<Token>(take(name)).map_err(|_| unusable(name));
    let token_now = token("token")?.ok_or_else(|| unusable("token"))?;
    let previous_token = token("previous_token")?;
    let relay_token = token("relay_token")?;
    let mut key = |name| parsed::<EncodingAesKey>(take(name)).map_err(|_| unusable(name));
    let encoding_aes_key = key("encoding_aes_key")?;
    let previous_encoding_aes_key = key("previous_encoding_aes_key")?;
    let relay_encoding_aes_key = key("relay_encoding_aes_key")?;
    let mut text = |name| take(name).map(|(text, _)| text);
    let llm_keys = text(LLM_KEYS).map(|json| serde_json::from_str(json.expose_secret()));
    let llm_keys = llm_keys.transpose().map_err(|_| unusable(LLM_KEYS))?;
    Ok(AccountSecrets {
        token: token_now.value,
        previous_token,
        encoding_aes_key: encoding_aes_key.map(|key| key.value),
        previous_encoding_aes_key,
        app_secret: text("app_secret"),
        access_token_key: text("access_token_key"),
        bot_secret: text("bot_secret"),
        relay_token: relay_token.map(|token| token.value),
        relay_encoding_aes_key: relay_encoding_aes_key.map(|key| key.value),
        llm_keys: LlmKeys(llm_keys.unwrap_or_default()),
    })
}

/// A token or a key of what was decrypted.
fn parsed<T: std::str::FromStr<Err = Unusable>>(
    of: Option<(SecretString, Option<i64>)>,
) -> Result<Option<Previous<T>>, Unusable> {
    let parsed = of.map(|(text, until_ms)| {
        let value = text.expose_secret().parse()?;
        Ok(Previous { value, until_ms })
    });
    parsed.transpose()
}
