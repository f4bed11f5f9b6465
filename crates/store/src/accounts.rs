//! [`AccountStore`]: the accounts, in the database and ready for the webhook; every change is in the audit log.

use std::sync::Arc;

use echostr::Account;

use crate::Error;
use crate::account::{AccountEntry, Actor};
use crate::db::Db;
use crate::vault::Vault;

/// The accounts. Look-ups wait for nobody: they read an immutable map that every change replaces.
pub struct AccountStore {
    _db: Db,
}

/// Why an account was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotChanged {
    /// There is none with this id.
    #[error("there is no account `{0}`")]
    Unknown(String),
    /// There is one with this id.
    #[error("there is an account `{0}` already; choose another id")]
    Exists(String),
    /// Another account has this token, now or previously. The token is not shown.
    #[error("another account has this token; choose another, tokens are unique")]
    TokenTaken,
    /// It comes from the file of settings.
    #[error(
        "the account `{0}` is set in the file of settings; change it there and restart the server"
    )]
    FromFile(String),
    /// The database could not be written: nothing has changed.
    #[error(transparent)]
    Database(#[from] Error),
}

impl AccountStore {
    /// Loads all accounts. A token or key before the last change that has expired is deleted.
    pub async fn open(db: Db, vault: Vault) -> Result<Arc<Self>, Error> {
        let _ = vault;
        Ok(Arc::new(Self { _db: db }))
    }

    /// All, by id.
    pub fn list(&self) -> Vec<Arc<AccountEntry>> {
        todo!()
    }

    /// One.
    pub fn get(&self, _id: &str) -> Option<Arc<AccountEntry>> {
        todo!()
    }

    /// Makes the accounts of the file what they are there: created, updated; one that left the file is disabled.
    pub async fn provision(&self, _entries: Vec<AccountEntry>) -> Result<(), NotChanged> {
        todo!()
    }

    /// Adds one.
    pub async fn create(
        &self,
        _by: &Actor,
        _entry: AccountEntry,
    ) -> Result<Arc<AccountEntry>, NotChanged> {
        todo!()
    }

    /// Changes one: settings, secrets, `disabled_at_ms`. Two changes at once happen one after the other.
    pub async fn change(
        &self,
        _by: &Actor,
        _id: &str,
        _change: impl FnOnce(&mut AccountEntry) + Send,
    ) -> Result<Arc<AccountEntry>, NotChanged> {
        todo!()
    }

    /// Removes one with its secrets. Its messages stay until their retention ends.
    pub async fn remove(&self, _by: &Actor, _id: &str) -> Result<(), NotChanged> {
        todo!()
    }

    /// Encrypts every secret anew under the newest master key; answers how many.
    pub async fn reencrypt(&self, _by: &Actor) -> Result<usize, Error> {
        todo!()
    }

    /// Writes down what was seen since the last time.
    pub async fn save_seen(&self) -> Result<(), Error> {
        todo!()
    }
}

impl echostr::Accounts for AccountStore {
    fn by_id(&self, _id: &str) -> Option<Arc<Account>> {
        todo!()
    }

    fn by_token(&self, _token: &str) -> Option<Arc<Account>> {
        todo!()
    }
}
