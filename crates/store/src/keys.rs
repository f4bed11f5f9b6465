//! [`ApiKeys`]: who may use the HTTP API, and for what.

use std::sync::Arc;

use crate::Error;
use crate::account::Actor;
use crate::db::Db;

/// The keys. Looked up in memory; kept hashed.
pub struct ApiKeys {
    _db: Db,
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
    /// Unix milliseconds; behind by up to a minute.
    pub last_used_at_ms: Option<i64>,
    /// Unix milliseconds.
    pub revoked_at_ms: Option<i64>,
}

impl ApiKeys {
    /// Loads all.
    pub async fn open(db: Db) -> Result<Arc<Self>, Error> {
        Ok(Arc::new(Self { _db: db }))
    }

    /// Makes one; the second value is the key itself (`echostr_` and 43 characters), shown this once.
    pub async fn create(
        &self,
        _by: &Actor,
        _name: &str,
        _scopes: Vec<String>,
        _expires_at_ms: Option<i64>,
    ) -> Result<(ApiKey, secrecy::SecretString), Error> {
        todo!()
    }

    /// All, newest first, revoked ones too.
    pub fn list(&self) -> Vec<ApiKey> {
        todo!()
    }

    /// The key that this is, unless it was revoked or has expired; notes its use. Waits for nothing.
    pub fn check(&self, _key: &str) -> Option<ApiKey> {
        todo!()
    }

    /// From now on it opens nothing. `false` when there is no such key.
    pub async fn revoke(&self, _by: &Actor, _id: &str) -> Result<bool, Error> {
        todo!()
    }
}
