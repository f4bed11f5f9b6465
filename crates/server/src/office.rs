//! [`Office`]: what people and programs may do with a running server; the HTTP API and, through it, the command line use it.

mod apply;
mod document;
mod form;
mod import;
mod platform;
mod rules;
mod usage;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use echostr::journal::Id;
use echostr_client::Platform;
use echostr_client::with_causes;
use echostr_protocol::{EncodingAesKey, Token};
use echostr_store::{
    AccountEntry, AccountSecrets, AccountStore, Actor, AnswerEntry, AnswerFilter, ApiKey, ApiKeys,
    AuditEntry, Db, Deleted, Error, Export, FollowerEntry, FollowerFilter, Health, History,
    MessageDetail, MessageEntry, MessageFilter, NotChanged, Page, Rotated, RuleNotChanged,
    RuleStore, SeenBefore, SqlJournal, audit, note,
};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use tokio::sync::RwLock;
use tokio::time::{sleep, timeout};
use tracing::error;

pub(crate) use self::apply::{Action, Planned, Thing};
use self::form::Circumstances;
pub(crate) use self::form::{FormFault, word_of};
pub(crate) use self::import::Imported;
pub(crate) use self::platform::{NotDone, RawCall};
pub(crate) use self::rules::{AskingPlace, RulesWanted, Situation, Tried};
pub(crate) use self::usage::{Days, date, written};

/// How long the journal may take to delete something, and the audit log to note it.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(500);

/// The functions of the API. Cloning is cheap.
#[derive(Clone)]
pub struct Office(Arc<Parts>, Arc<RwLock<()>>);

/// What an [`Office`] works with.
pub struct Parts {
    /// The accounts.
    pub accounts: Arc<AccountStore>,
    /// What is answered without a bot.
    pub rules: Arc<RuleStore>,
    /// Who may ask.
    pub keys: Arc<ApiKeys>,
    /// What is written by the server itself.
    pub journal: Arc<SqlJournal>,
    /// Its database.
    pub db: Db,
    /// What is read of it.
    pub history: History,
    /// The connections to the platform.
    pub platform: Platform,
    /// Scheme, host and port by which the world reaches the server.
    pub public_url: Option<String>,
    /// When the server was started.
    pub started: Instant,
}

/// Why something was not done.
#[derive(Debug)]
pub(crate) enum Refused {
    /// What was given cannot be used.
    Faulty(Vec<FormFault>),
    /// By the accounts: there is none, it is there already, …
    Account(NotChanged),
    /// By the rules, in the same way.
    Rule(RuleNotChanged),
    /// A rule cannot be read; a sentence says why and what to do.
    RuleUnread(String),
    /// The accounts of a document were changed, its rules were not.
    OnlyAccounts {
        why: Box<Refused>,
        /// For which of them a token or a key was made, which nobody has seen.
        unseen: Vec<String>,
    },
    /// A document has rules, and who gives it may not write them.
    MayNotWriteRules,
    /// A document is not even TOML.
    Toml(String),
    /// There is no such thing.
    Unknown,
    /// The database is away; it was logged.
    Database,
    /// The database did not confirm what was to be done; it was logged.
    Unsure,
    /// The database is away; it is done when it comes back.
    Late,
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
        Self(Arc::new(parts), Arc::default())
    }

    /// Does something of several steps to its end, also when who asked for it goes away meanwhile.
    async fn to_its_end<T: Send + 'static, E: From<Refused> + Send + 'static>(
        &self,
        deed: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E> {
        let underway = Arc::clone(&self.1).read_owned().await;
        let done = tokio::spawn(async move {
            let _underway = underway;
            deed.await
        });
        done.await.unwrap_or_else(|failed| {
            error!("a request of the API failed: {failed}");
            Err(Refused::Unsure.into())
        })
    }

    /// Waits so long for what is being done although nobody waits for it.
    pub(crate) async fn settle(&self, within: Duration) {
        let _ = timeout(within, self.1.write()).await;
    }

    /// Notes what was done: a moment without the database does not keep it out of the audit log.
    async fn note(
        &self,
        by: &Actor,
        action: &str,
        subject: &str,
        after: Value,
    ) -> Result<(), Refused> {
        let start = Instant::now();
        while let Err(error) = note(&self.0.db, by, action, subject, after.clone()).await {
            if start.elapsed() > PATIENCE {
                error!(
                    "`{action}` of {subject} by {} was done, but is missing in the audit log: {after}",
                    by.0
                );
                return Err(unsure(&error));
            }
            sleep(PAUSE).await;
        }
        Ok(())
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
            is_postgres: matches!(db, Db::Postgres(..)),
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

    pub(crate) fn all_accounts(&self) -> Vec<Arc<AccountEntry>> {
        self.0.accounts.list()
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
        let id = form::id(given.remove("id"), &mut faults).unwrap_or_default();
        let (entry, token, encoding_aes_key) = match self.draft(by, id, given) {
            Ok(draft) if faults.is_empty() => draft,
            Ok(_) => return Err(Refused::Faulty(faults)),
            Err(others) => {
                faults.extend(others);
                return Err(Refused::Faulty(faults));
            }
        };
        let account = self.0.accounts.create(by, entry).await?;
        Ok(Made {
            account,
            token,
            encoding_aes_key,
        })
    }

    /// A new account, and what is made for it because it was not given.
    fn draft(
        &self,
        by: &Actor,
        id: String,
        mut given: Map<String, Value>,
    ) -> Result<(AccountEntry, Option<Token>, Option<EncodingAesKey>), Vec<FormFault>> {
        let has = |name: &str| given.get(name).is_some_and(|value| !value.is_null());
        let (has_token, has_key) = (has("token"), has("encoding_aes_key"));
        given.retain(|_, value| !value.is_null());
        let token = AccountSecrets::random_token();
        let key = AccountSecrets::random_encoding_aes_key();
        let mut entry = AccountEntry::new(id, token.clone(), now_ms());
        // Also in plain mode: the platform's page wants one.
        entry.secrets.encoding_aes_key = Some(key.clone());
        form::fill_in(&mut entry, &given, self.circumstances(by))?;
        // Nothing was before.
        entry.secrets.previous_token = None;
        entry.secrets.previous_encoding_aes_key = None;
        Ok((
            entry,
            (!has_token).then_some(token),
            (!has_key).then_some(key),
        ))
    }

    /// Changes what is given of one; `null` is the default again.
    pub(crate) async fn change(
        &self,
        by: &Actor,
        id: &str,
        given: &Map<String, Value>,
    ) -> Result<Arc<AccountEntry>, Refused> {
        let circumstances = self.circumstances(by);
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

    fn circumstances(&self, by: &Actor) -> Circumstances {
        Circumstances {
            is_operator: by.is_command_line(),
            has_public_url: self.0.public_url.is_some(),
            now_ms: now_ms(),
        }
    }
}

/// What came and what was answered.
impl Office {
    pub(crate) async fn messages(
        &self,
        filter: &MessageFilter,
    ) -> Result<Page<MessageEntry>, Refused> {
        Ok(self.0.history.messages(filter).await?)
    }

    pub(crate) async fn message(&self, id: i64) -> Result<MessageDetail, Refused> {
        self.0.history.message(id).await?.ok_or(Refused::Unknown)
    }

    pub(crate) async fn answers(
        &self,
        filter: &AnswerFilter,
    ) -> Result<Page<AnswerEntry>, Refused> {
        Ok(self.0.history.answers(filter).await?)
    }

    pub(crate) async fn answer(&self, id: Id) -> Result<AnswerEntry, Refused> {
        self.0.history.answer(id).await?.ok_or(Refused::Unknown)
    }

    /// From now on nobody can read this answer on its pages.
    pub(crate) async fn revoke_pages(&self, by: &Actor, id: Id) -> Result<(), Refused> {
        let (office, by) = (self.clone(), by.clone());
        let revoking = async move {
            office.answer(id).await?;
            let revoked = office.0.journal.pages().revoke(id, now_ms()).await;
            let n_pages = revoked.map_err(|error| unsure(&error))?;
            if n_pages > 0 {
                let subject = AnswerEntry::id_text(id);
                let after = json!({ "pages": n_pages });
                office.note(&by, "page.revoke", &subject, after).await?;
            }
            Ok(())
        };
        self.to_its_end(revoking).await
    }

    pub(crate) async fn followers(
        &self,
        filter: &FollowerFilter,
    ) -> Result<Page<FollowerEntry, SeenBefore>, Refused> {
        Ok(self.0.history.followers(filter).await?)
    }

    pub(crate) async fn follower(
        &self,
        account: &str,
        follower: &str,
    ) -> Result<FollowerEntry, Refused> {
        let found = self.0.history.follower(account, &follower.into()).await?;
        found.ok_or(Refused::Unknown)
    }

    /// Everything about a follower, piece by piece.
    pub(crate) async fn export_follower(
        &self,
        account: &str,
        follower: &str,
    ) -> Result<Export, Refused> {
        let found = self.0.history.export(account, &follower.into()).await?;
        found.ok_or(Refused::Unknown)
    }

    /// Deletes everything about a follower.
    pub(crate) async fn forget(
        &self,
        by: &Actor,
        account: &str,
        follower: &str,
    ) -> Result<Deleted, Refused> {
        let (office, by) = (self.clone(), by.clone());
        let (account, follower) = (account.to_owned(), follower.to_owned());
        let forgetting = async move {
            let who = office.follower(&account, &follower).await?.open_id;
            let deleted = office.0.journal.forget(&account, &who).await;
            let deleted = deleted.map_err(|error| {
                error!(
                    error = %with_causes(&*error),
                    "a follower could not be forgotten"
                );
                Refused::Unsure
            })?;
            // The log says that it was done and by whom, and forgets of whom as well.
            let after = json!({
                "messages": deleted.messages,
                "answers": deleted.answers,
                "sessions": deleted.sessions,
            });
            office.note(&by, "follower.forget", &account, after).await?;
            Ok(deleted)
        };
        let forgotten = timeout(PATIENCE, self.to_its_end(forgetting)).await;
        forgotten.unwrap_or(Err(Refused::Late))
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
        expires_at_ms: Option<i64>,
    ) -> Result<(ApiKey, SecretString), Refused> {
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
        limit: u32,
    ) -> Result<Vec<AuditEntry>, Refused> {
        Ok(audit(&self.0.db, subject, before, limit).await?)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        log(&error);
        match error {
            Error::Unread { .. } | Error::Unwritten { .. } | Error::TakenDatabase { .. } => {
                Self::Database
            }
            _ => Self::Unsure,
        }
    }
}

/// Of something that may have been committed although it failed.
fn unsure(error: &Error) -> Refused {
    log(error);
    Refused::Unsure
}

fn log(error: &Error) {
    error!(
        error = %with_causes(error),
        "a request of the API could not be carried out"
    );
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

/// Unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
