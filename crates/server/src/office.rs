//! [`Office`]: what people and programs may do with a running server; the HTTP API and, through it, the command line use it.

mod form;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use echostr_protocol::{EncodingAesKey, Token};
use echostr_store::{
    AccountEntry, AccountSecrets, AccountStore, Actor, ApiKey, ApiKeys, AuditEntry, Db, Error,
    Health, NotChanged, Rotated, SqlJournal, audit,
};
use secrecy::SecretString;
use serde_json::{Map, Value};
use tracing::error;

use self::form::Circumstances;
pub(crate) use self::form::FormFault;

/// The functions of the API. Cloning is cheap.
#[derive(Clone)]
pub struct Office(Arc<Parts>);

/// What an [`Office`] works with.
pub struct Parts {
    /// The accounts.
    pub accounts: Arc<AccountStore>,
    /// Who may ask.
    pub keys: Arc<ApiKeys>,
    /// What is written by the server itself.
    pub journal: Arc<SqlJournal>,
    /// Its database.
    pub db: Db,
    /// Scheme, host and port by which the world reaches the server.
    pub public_url: Option<String>,
    /// When the server was started.
    pub started: Instant,
}

/// Why something was not done; nothing has changed.
#[derive(Debug)]
pub(crate) enum Refused {
    /// What was given cannot be used.
    Faulty(Vec<FormFault>),
    /// By the accounts: there is none, it is there already, …
    Account(NotChanged),
    /// There is no such thing.
    Unknown,
    /// The database is away; it was logged.
    Database,
}

/// An account, and what was made for it just now.
pub(crate) struct Made {
    pub(crate) account: Arc<AccountEntry>,
    pub(crate) token: Option<Token>,
    pub(crate) encoding_aes_key: Option<EncodingAesKey>,
}

/// What is replaced by a value that is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rotation {
    pub(crate) token: bool,
    pub(crate) encoding_aes_key: bool,
}

/// How the server is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Condition {
    pub(crate) journal: Health,
    pub(crate) is_postgres: bool,
    pub(crate) uptime: Duration,
    pub(crate) n_accounts: usize,
    pub(crate) n_unread: Option<i64>,
}

impl Office {
    /// Opens it.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The address to paste into the platform's page.
    pub(crate) fn url(&self, account: &str) -> String {
        let public_url = self.0.public_url.as_deref().unwrap_or("https://你的域名");
        format!("{public_url}/mp/{account}")
    }

    /// The key that this is, if it counts.
    pub(crate) fn key(&self, shown: &str) -> Option<ApiKey> {
        self.0.keys.check(shown)
    }

    pub(crate) async fn condition(&self) -> Condition {
        let Parts {
            journal,
            db,
            accounts,
            started,
            ..
        } = &*self.0;
        Condition {
            journal: journal.health(),
            is_postgres: matches!(db, Db::Postgres(_)),
            uptime: started.elapsed(),
            n_accounts: accounts.count(),
            n_unread: journal.count_unread().await.ok(),
        }
    }
}

/// Accounts.
impl Office {
    /// At most `limit` whose id comes after `after`, by id.
    pub(crate) fn accounts(&self, after: Option<&str>, limit: usize) -> Vec<Arc<AccountEntry>> {
        self.0.accounts.page(after, limit)
    }

    pub(crate) fn account(&self, id: &str) -> Option<Arc<AccountEntry>> {
        self.0.accounts.get(id)
    }

    /// Adds one. A token and a key that are not given are made.
    pub(crate) async fn create(
        &self,
        by: &Actor,
        mut given: Map<String, Value>,
    ) -> Result<Made, Refused> {
        let mut faults = Vec::new();
        let id = form::id(given.remove("id"), &mut faults);
        let has = |name: &str| given.get(name).is_some_and(|value| !value.is_null());
        let (has_token, has_key) = (has("token"), has("encoding_aes_key"));
        given.retain(|_, value| !value.is_null());
        let token = AccountSecrets::random_token();
        let key = AccountSecrets::random_encoding_aes_key();
        let mut entry = AccountEntry::new(id.unwrap_or_default(), token.clone(), now_ms());
        // Also in plain mode: the platform's page wants one.
        entry.secrets.encoding_aes_key = Some(key.clone());
        if let Err(others) = form::fill_in(&mut entry, &given, self.circumstances()) {
            faults.extend(others);
        }
        if !faults.is_empty() {
            return Err(Refused::Faulty(faults));
        }
        // Nothing was before.
        entry.secrets.previous_token = None;
        entry.secrets.previous_encoding_aes_key = None;
        let account = self.0.accounts.create(by, entry).await?;
        Ok(Made {
            account,
            token: (!has_token).then_some(token),
            encoding_aes_key: (!has_key).then_some(key),
        })
    }

    /// Changes what is given of one; `null` is the default again.
    pub(crate) async fn change(
        &self,
        by: &Actor,
        id: &str,
        given: &Map<String, Value>,
    ) -> Result<Arc<AccountEntry>, Refused> {
        let circumstances = self.circumstances();
        let mut filled = Ok(());
        let change = |entry: &mut AccountEntry| {
            let mut changed = entry.clone();
            filled = form::fill_in(&mut changed, given, circumstances);
            if filled.is_ok() {
                *entry = changed;
            }
        };
        let changed = self.0.accounts.change(by, id, change).await;
        filled.map_err(Refused::Faulty)?;
        Ok(changed?)
    }

    /// Makes a new token, a new key or both; those before count for another day.
    pub(crate) async fn rotate(
        &self,
        by: &Actor,
        id: &str,
        rotation: Rotation,
    ) -> Result<Made, Refused> {
        let token = rotation.token.then(AccountSecrets::random_token);
        let key = rotation
            .encoding_aes_key
            .then(AccountSecrets::random_encoding_aes_key);
        let change = |entry: &mut AccountEntry| {
            if let Some(token) = &token {
                entry.rotate_token(token.clone(), now_ms());
            }
            if let Some(key) = &key {
                entry.rotate_encoding_aes_key(key.clone(), now_ms());
            }
        };
        let account = self.0.accounts.change(by, id, change).await?;
        Ok(Made {
            account,
            token,
            encoding_aes_key: key,
        })
    }

    /// Removes one with its secrets; its messages stay until their time is over.
    pub(crate) async fn remove(&self, by: &Actor, id: &str) -> Result<(), Refused> {
        Ok(self.0.accounts.remove(by, id).await?)
    }

    /// Encrypts all secrets anew under the newest master key.
    pub(crate) async fn rotate_secrets(&self, by: &Actor) -> Result<Rotated, Refused> {
        Ok(self.0.accounts.reencrypt(by).await?)
    }

    fn circumstances(&self) -> Circumstances {
        Circumstances {
            has_public_url: self.0.public_url.is_some(),
            now_ms: now_ms(),
        }
    }
}

/// Keys of the API, and who did what.
impl Office {
    pub(crate) fn keys(&self) -> Vec<ApiKey> {
        self.0.keys.list()
    }

    /// Makes one. The second value is the key itself, which is kept nowhere.
    pub(crate) async fn create_key(
        &self,
        by: &Actor,
        name: &str,
        scopes: Vec<String>,
        expires_in: Option<Duration>,
    ) -> Result<(ApiKey, SecretString), Refused> {
        let expires_at_ms = expires_in.map(|time| {
            now_ms().saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
        });
        Ok(self.0.keys.create(by, name, scopes, expires_at_ms).await?)
    }

    pub(crate) async fn revoke_key(&self, by: &Actor, id: &str) -> Result<(), Refused> {
        if self.0.keys.revoke(by, id).await? {
            Ok(())
        } else {
            Err(Refused::Unknown)
        }
    }

    /// Who changed what, newest first.
    pub(crate) async fn audit(
        &self,
        subject: Option<&str>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, Refused> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        Ok(audit(&self.0.db, subject, before, limit).await?)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        error!(
            error = &error as &dyn std::error::Error,
            "a request of the API could not be carried out"
        );
        Self::Database
    }
}

impl From<NotChanged> for Refused {
    fn from(why: NotChanged) -> Self {
        match why {
            NotChanged::Database(error) => error.into(),
            NotChanged::Unknown(_) => Self::Unknown,
            why => Self::Account(why),
        }
    }
}

fn now_ms() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
