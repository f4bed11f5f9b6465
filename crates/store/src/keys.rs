//! [`ApiKeys`]: who may use the HTTP API, and for what.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::Error;
use crate::account::Actor;
use crate::change::{Change, Known, Uncommitted, commit, to_the_end};
use crate::db::{Db, reading};
use crate::value::now_ms;

/// The beginning of every key, by which people and scanners of source code know it.
const PREFIX: &str = "echostr_";

/// The keys. Looked up in memory; kept hashed.
pub struct ApiKeys {
    db: Db,
    keys: ArcSwap<Map>,
    changing: Arc<Mutex<Known>>,
}

/// By SHA-256.
type Map = HashMap<[u8; 32], Arc<Held>>;

/// One change after the other: first the database, then the map.
type Changing = OwnedMutexGuard<Known>;

struct Held {
    // Without `last_used_at_ms`.
    key: ApiKey,
    // Unix milliseconds, 0 for never; the second is what stands in the database.
    last_used_at_ms: AtomicI64,
    saved_at_ms: AtomicI64,
}

/// A key, without what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// `k_` and 8 hex digits.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// What it is good for: words that the HTTP API defines.
    pub scopes: Vec<String>,
    /// Unix milliseconds.
    pub created_at_ms: i64,
    /// Unix milliseconds.
    pub expires_at_ms: Option<i64>,
    /// Unix milliseconds; after a crash behind by up to a minute.
    pub last_used_at_ms: Option<i64>,
    /// Unix milliseconds.
    pub revoked_at_ms: Option<i64>,
}

/// Id, name, hash, scopes, created, expires, last used, revoked.
type Row = (
    String,
    String,
    Vec<u8>,
    String,
    i64,
    Option<i64>,
    Option<i64>,
    Option<i64>,
);

impl ApiKeys {
    /// Loads all.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn open(db: Db) -> Result<Arc<Self>, Error> {
        let returns = db.returns();
        let keys = load(&db).await?;
        Ok(Arc::new(Self {
            db,
            keys: ArcSwap::from_pointee(keys),
            changing: Arc::new(Mutex::new(Known(Some(returns)))),
        }))
    }

    /// Makes one; the second value is the key itself (`echostr_` and 43 characters), shown this once.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn create(
        self: &Arc<Self>,
        by: &Actor,
        name: &str,
        scopes: Vec<String>,
        expires_at_ms: Option<i64>,
    ) -> Result<(ApiKey, SecretString), Error> {
        let changing = self.begin().await?;
        let keys = self.keys.load_full();
        let id = loop {
            let id = format!("k_{:08x}", rand::random::<u32>());
            if !keys.values().any(|held| held.key.id == id) {
                break id;
            }
        };
        let random = Zeroizing::new(rand::random::<[u8; 32]>());
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(*random));
        let secret = SecretString::from(format!("{PREFIX}{}", *text));
        let hash = hash(secret.expose_secret());
        let key = ApiKey {
            id,
            name: name.replace('\0', "\u{fffd}"),
            scopes,
            created_at_ms: now_ms(),
            expires_at_ms,
            last_used_at_ms: None,
            revoked_at_ms: None,
        };
        let mut keys = Map::clone(&keys);
        keys.insert(hash, Arc::new(Held::new(key.clone())));
        let (store, by) = (Arc::clone(self), by.clone());
        to_the_end(async move {
            let after = json!({ "name": key.name, "scopes": key.scopes, "expires_at_ms": key.expires_at_ms });
            let changes = [
                Change::Key {
                    id: &key.id,
                    name: &key.name,
                    hash: &hash,
                    scopes: json!(key.scopes).to_string(),
                    created_at_ms: key.created_at_ms,
                    expires_at_ms,
                },
                Change::Audit {
                    at_ms: key.created_at_ms,
                    actor: &by.0,
                    action: "key.create",
                    subject: &key.id,
                    before: None,
                    after: Some(after.to_string()),
                },
            ];
            store.write(changing, &changes, keys).await?;
            Ok((key, secret))
        })
        .await
    }

    /// All, newest first, revoked ones too.
    pub fn list(&self) -> Vec<ApiKey> {
        let keys = self.keys.load();
        let mut list: Vec<_> = keys.values().map(|held| held.seen()).collect();
        list.sort_by(|a, b| (b.created_at_ms, &b.id).cmp(&(a.created_at_ms, &a.id)));
        list
    }

    /// The key that this is, unless it was revoked or has expired; notes its use. Waits for nothing.
    pub fn check(&self, key: &str) -> Option<ApiKey> {
        if !key.starts_with(PREFIX) {
            return None;
        }
        let keys = self.keys.load();
        // Only who knows the key knows where its hash leads: the time of the look-up tells nothing.
        let held = keys.get(&hash(key))?;
        let now = now_ms();
        let is_over = held.key.expires_at_ms.is_some_and(|at_ms| at_ms <= now);
        if is_over || held.key.revoked_at_ms.is_some() {
            return None;
        }
        held.last_used_at_ms.store(now, Ordering::Relaxed);
        Some(held.seen())
    }

    /// From now on it opens nothing. `false` when there is no such key.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn revoke(self: &Arc<Self>, by: &Actor, id: &str) -> Result<bool, Error> {
        let changing = self.begin().await?;
        let mut keys = Map::clone(&self.keys.load());
        let Some((&hash, held)) = keys.iter().find(|(_, held)| held.key.id == id) else {
            return Ok(false);
        };
        if held.key.revoked_at_ms.is_some() {
            return Ok(true);
        }
        let at_ms = now_ms();
        let saved_at_ms = held.saved_at_ms.load(Ordering::Relaxed);
        let mut key = held.seen();
        key.revoked_at_ms = Some(at_ms);
        let mut held = Held::new(key.clone());
        held.saved_at_ms = saved_at_ms.into();
        keys.insert(hash, Arc::new(held));
        let (store, by) = (Arc::clone(self), by.clone());
        to_the_end(async move {
            let before = json!({ "name": key.name, "scopes": key.scopes });
            let changes = [
                Change::KeyRevoked { id: &key.id, at_ms },
                Change::Audit {
                    at_ms,
                    actor: &by.0,
                    action: "key.revoke",
                    subject: &key.id,
                    before: Some(before.to_string()),
                    after: None,
                },
            ];
            store.write(changing, &changes, keys).await?;
            Ok(true)
        })
        .await
    }

    /// Waits until nobody else changes anything. Reads everything anew when the database may have
    /// something else.
    async fn begin(&self) -> Result<Changing, Error> {
        let mut known = Arc::clone(&self.changing).lock_owned().await;
        let returns = self.db.returns();
        if known.0 != Some(returns) {
            let keys = load(&self.db).await?;
            for (hash, before) in &**self.keys.load() {
                if let Some(held) = keys.get(hash) {
                    let used = before.last_used_at_ms.load(Ordering::Relaxed);
                    held.last_used_at_ms.fetch_max(used, Ordering::Relaxed);
                }
            }
            self.keys.store(Arc::new(keys));
            known.0 = Some(returns);
        }
        Ok(known)
    }

    /// First in the database, then for everybody.
    async fn write(
        &self,
        mut changing: Changing,
        changes: &[Change<'_>],
        keys: Map,
    ) -> Result<(), Error> {
        let known = changing.0.take();
        let written = commit(&self.db, changes).await;
        if !written.as_ref().is_err_and(Uncommitted::is_unsure) {
            changing.0 = known;
        }
        written.map_err(Uncommitted::of("the API key"))?;
        self.keys.store(Arc::new(keys));
        Ok(())
    }

    /// Writes down which keys were used since the last time.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn save_used(&self) -> Result<(), Error> {
        let _changing = self.begin().await?;
        let keys = self.keys.load_full();
        let used = keys.values().filter_map(|held| {
            let at_ms = held.last_used_at_ms.load(Ordering::Relaxed);
            (at_ms != held.saved_at_ms.load(Ordering::Relaxed)).then_some((held, at_ms))
        });
        let used: Vec<_> = used.collect();
        if used.is_empty() {
            return Ok(());
        }
        let changes: Vec<_> = used
            .iter()
            .map(|(held, at_ms)| Change::KeyUsed {
                id: held.key.id.clone(),
                at_ms: *at_ms,
            })
            .collect();
        let written = commit(&self.db, &changes).await;
        written.map_err(Uncommitted::of("when the API keys were used"))?;
        for (held, at_ms) in used {
            held.saved_at_ms.store(at_ms, Ordering::Relaxed);
        }
        Ok(())
    }
}

async fn load(db: &Db) -> Result<Map, Error> {
    let rows = reading!(db, pool => sqlx::query_as::<_, Row>(
        "SELECT id, name, hash, scopes, created_at_ms, expires_at_ms, last_used_at_ms, revoked_at_ms FROM api_keys",
    )
    .fetch_all(pool)
    .await);
    let rows = rows.map_err(Error::unread("the API keys"))?;
    Ok(rows.into_iter().filter_map(Held::of).collect())
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeys")
            .field("n_keys", &self.keys.load().len())
            .finish_non_exhaustive()
    }
}

impl Held {
    fn new(mut key: ApiKey) -> Self {
        let last_used = key.last_used_at_ms.take().unwrap_or_default();
        Self {
            key,
            last_used_at_ms: last_used.into(),
            saved_at_ms: last_used.into(),
        }
    }

    /// A row whose hash or scopes are none opens nothing.
    fn of(row: Row) -> Option<([u8; 32], Arc<Self>)> {
        let (id, name, hash, scopes, created_at_ms, expires_at_ms, last_used_at_ms, revoked_at_ms) =
            row;
        let key = ApiKey {
            id,
            name,
            scopes: serde_json::from_str(&scopes).ok()?,
            created_at_ms,
            expires_at_ms,
            last_used_at_ms,
            revoked_at_ms,
        };
        Some((hash.try_into().ok()?, Arc::new(Self::new(key))))
    }

    fn seen(&self) -> ApiKey {
        let last_used = self.last_used_at_ms.load(Ordering::Relaxed);
        ApiKey {
            last_used_at_ms: (last_used != 0).then_some(last_used),
            ..self.key.clone()
        }
    }
}

fn hash(key: &str) -> [u8; 32] {
    let hash = digest(&SHA256, key.as_bytes());
    hash.as_ref().try_into().expect("SHA-256 has 32 bytes")
}
