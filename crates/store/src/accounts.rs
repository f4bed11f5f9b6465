//! [`AccountStore`]: the accounts, in the database and ready for the webhook; every change is in the audit log.

mod load;
mod rotate;
mod snapshot;

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use arc_swap::ArcSwap;
use echostr::{Able, Account, Accounts, Seen, SeenSnapshot};
use echostr_client::Capabilities;
use echostr_protocol::api::Secret;
use echostr_protocol::{AppId, Token};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tracing::info;

use self::load::load;
use self::snapshot::{Held, Snapshot};
use crate::Error;
use crate::account::{AccountEntry, AccountSecrets, Actor, Incomplete, Origin, previous_for_ms};
use crate::change::{Change, Known, Uncommitted, commit, to_the_end};
use crate::db::Db;
use crate::rules::RuleStore;
use crate::value::now_ms;
use crate::vault::Vault;

/// How many rows are written in one transaction when there are many: the journal waits for each.
const PORTION: usize = 200;

/// The accounts. Look-ups wait for nobody: they read an immutable map that every change replaces.
pub struct AccountStore {
    db: Db,
    vault: Arc<Vault>,
    snapshot: ArcSwap<Snapshot>,
    changing: Arc<Mutex<Known>>,
    rules: OnceLock<Weak<RuleStore>>,
}

/// One change after the other: first the database, then the snapshot.
type Changing = OwnedMutexGuard<Known>;

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
    /// The same, for an account of the file.
    #[error(
        "the account `{id}` in the file of settings has the token of the account `{other}`; tokens are unique: \
         choose another, or remove that account"
    )]
    TokenTakenInFile {
        /// The account of the file.
        id: String,
        /// The other one.
        other: String,
    },
    /// Something has changed it since it was read, or it is to be changed twice.
    #[error("the account `{0}` was changed meanwhile; look at it and try again")]
    Moved(String),
    /// It comes from the file of settings.
    #[error(
        "the account `{0}` is set in the file of settings; change it there and restart the server"
    )]
    FromFile(String),
    /// It cannot be read from the database, for this reason.
    #[error("{0}")]
    Unread(Arc<str>),
    /// It would lack something.
    #[error(transparent)]
    Incomplete(#[from] Incomplete),
    /// The database could not be written: nothing has changed, unless it is [`Error::Unsure`].
    #[error(transparent)]
    Database(#[from] Error),
}

/// What becomes of an account; see [`AccountStore::edit`].
#[derive(Debug)]
pub enum Edit {
    /// It is new.
    Create(Box<AccountEntry>),
    /// It is changed: what was made of [`AccountEntry::to_edit`], with the `updated_at_ms` that stood there.
    Replace(Box<AccountEntry>),
}

/// What [`AccountStore::provision`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provisioned {
    /// New ones, by id.
    pub created: Vec<String>,
    /// Those that were something else before.
    pub changed: Vec<String>,
    /// Those that are no longer in the file and do not answer any more.
    pub disabled: Vec<String>,
}

impl AccountStore {
    /// Loads all accounts. A token or key before the last change that has expired is deleted. An account that cannot be understood
    /// or decrypted answers nothing, and the others are not disturbed.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub async fn open(db: Db, vault: impl Into<Arc<Vault>>) -> Result<Arc<Self>, Error> {
        let vault = vault.into();
        let returns = db.returns();
        let snapshot = load(&db, &vault, &Snapshot::default()).await?;
        let store = Arc::new(Self {
            db,
            vault,
            snapshot: ArcSwap::from_pointee(snapshot),
            changing: Arc::new(Mutex::new(Known(Some(returns)))),
            rules: OnceLock::new(),
        });
        store.expire(now_ms()).await?;
        Ok(store)
    }

    /// From now on the rules of an account that is removed do not answer any more. In the database they end with it in any case.
    pub fn end_rules_in(&self, rules: &Arc<RuleStore>) {
        // There is one store of rules.
        let _ = self.rules.set(Arc::downgrade(rules));
    }

    /// All, by id.
    pub fn list(&self) -> Vec<Arc<AccountEntry>> {
        let snapshot = self.snapshot.load();
        let entries = snapshot.all.values();
        entries.map(|held| Arc::clone(&held.entry)).collect()
    }

    /// At most `limit` whose id comes after `after`, by id.
    pub fn page(&self, after: Option<&str>, limit: usize) -> Vec<Arc<AccountEntry>> {
        use std::ops::Bound::{Excluded, Unbounded};
        let snapshot = self.snapshot.load();
        let begin = after.map_or(Unbounded, Excluded);
        let entries = snapshot.all.range::<str, _>((begin, Unbounded));
        let entries = entries.map(|(_, held)| Arc::clone(&held.entry));
        entries.take(limit).collect()
    }

    /// How many there are, disabled ones too.
    pub fn count(&self) -> usize {
        self.snapshot.load().all.len()
    }

    /// Whether an account has this token, now or previously, also one that is disabled.
    pub fn has_token(&self, token: &str) -> bool {
        self.snapshot.load().by_token.contains_key(token)
    }

    /// One.
    pub fn get(&self, id: &str) -> Option<Arc<AccountEntry>> {
        let snapshot = self.snapshot.load();
        snapshot.all.get(id).map(|held| Arc::clone(&held.entry))
    }

    /// Makes the accounts of the file what they are there: created, updated; one that left the file is disabled.
    ///
    /// # Errors
    /// [`NotChanged`]; then all are as they were.
    pub async fn provision(
        self: &Arc<Self>,
        entries: Vec<AccountEntry>,
    ) -> Result<Provisioned, NotChanged> {
        let by = Actor("file".into());
        let changing = self.begin().await?;
        let before = self.snapshot.load_full();
        let now = now_ms();
        let mut done = Provisioned::default();
        let mut steps = Vec::new();

        let gone = before.all.values().map(|held| &held.entry);
        let gone = gone.filter(|old| {
            let is_there = entries.iter().any(|entry| entry.id == old.id);
            old.origin == Origin::File && old.unread.is_none() && !is_there
        });
        for old in gone {
            let mut entry = AccountEntry::clone(old);
            entry.origin = Origin::Store;
            entry.disabled_at_ms = Some(now);
            entry.end_previous(now);
            entry.updated_at_ms = old.next_update();
            done.disabled.push(entry.id.clone());
            steps.push(Step::own(old, entry));
        }
        for mut entry in entries {
            entry.origin = Origin::File;
            let old = before.all.get(&*entry.id).map(|held| &held.entry);
            if let Some(old) = old {
                entry.created_at_ms = old.created_at_ms;
                entry.seen = Arc::clone(&old.seen);
                entry.able = entry.able_after(old);
                // What was learnt stays until the file says something else.
                let gh_id = entry.settings.gh_id.take().or_else(|| old.gh_id());
                entry.settings.gh_id = gh_id;
                entry.disabled_at_ms = None;
                if entry.difference(old).is_none() {
                    continue;
                }
                entry.updated_at_ms = old.next_update();
                done.changed.push(entry.id.clone());
            } else {
                entry.created_at_ms = now;
                entry.updated_at_ms = now;
                done.created.push(entry.id.clone());
            }
            steps.push(Step::new(old, entry)?);
        }
        self.make(changing, &by, steps).await?;
        Ok(done)
    }

    /// Adds one.
    ///
    /// # Errors
    /// [`NotChanged`].
    pub async fn create(
        self: &Arc<Self>,
        by: &Actor,
        entry: AccountEntry,
    ) -> Result<Arc<AccountEntry>, NotChanged> {
        let changing = self.begin().await?;
        let step = self.snapshot.load().creation(entry)?;
        let made = Arc::clone(&step.entry);
        self.make(changing, by, vec![step]).await?;
        Ok(made)
    }

    /// Changes one: settings, secrets, `disabled_at_ms`. Two changes at once happen one after the other. An original id that was
    /// learnt stands in the settings; when `change` takes it away, it is learnt anew.
    ///
    /// # Errors
    /// [`NotChanged`].
    pub async fn change(
        self: &Arc<Self>,
        by: &Actor,
        id: &str,
        change: impl FnOnce(&mut AccountEntry) + Send,
    ) -> Result<Arc<AccountEntry>, NotChanged> {
        let changing = self.begin().await?;
        let before = self.snapshot.load_full();
        let old = before.changeable(id)?;
        let mut entry = old.to_edit();
        change(&mut entry);
        let Some(step) = Step::change(old, entry)? else {
            return Ok(Arc::clone(old));
        };
        let made = Arc::clone(&step.entry);
        self.make(changing, by, vec![step]).await?;
        Ok(made)
    }

    /// Adds and changes several at once.
    ///
    /// # Errors
    /// [`NotChanged`]; then all are as they were.
    pub async fn edit(self: &Arc<Self>, by: &Actor, edits: Vec<Edit>) -> Result<(), NotChanged> {
        let changing = self.begin().await?;
        let before = self.snapshot.load_full();
        let (mut ids, mut steps) = (HashSet::new(), Vec::new());
        for edit in edits {
            let (Edit::Create(entry) | Edit::Replace(entry)) = &edit;
            if !ids.insert(entry.id.clone()) {
                return Err(NotChanged::Moved(entry.id.clone()));
            }
            let step = match edit {
                Edit::Create(entry) => Some(before.creation(*entry)?),
                Edit::Replace(entry) => {
                    let old = before.changeable(&entry.id)?;
                    if entry.updated_at_ms != old.updated_at_ms {
                        return Err(NotChanged::Moved(entry.id));
                    }
                    Step::change(old, *entry)?
                }
            };
            steps.extend(step);
        }
        self.make(changing, by, steps).await
    }

    /// Removes one with its secrets, access tokens and rules. Its messages stay until their retention ends.
    ///
    /// # Errors
    /// [`NotChanged`].
    pub async fn remove(self: &Arc<Self>, by: &Actor, id: &str) -> Result<(), NotChanged> {
        let changing = self.begin().await?;
        let mut snapshot = Snapshot::clone(&self.snapshot.load());
        let old = Arc::clone(snapshot.removable(id)?);
        snapshot.take(id);
        let (store, by) = (Arc::clone(self), by.clone());
        let removed = to_the_end(async move {
            let (account, at_ms) = (&*old.id, now_ms());
            let mut changes = vec![
                Change::NoSecrets { account },
                Change::NoSeen { account },
                Change::NoPlatform { account },
                Change::NoRules {
                    account,
                    at_ms,
                    actor: &by.0,
                },
                Change::NoAccount { account, at_ms },
                Change::Audit {
                    at_ms,
                    actor: &by.0,
                    action: "account.remove",
                    subject: account,
                    before: Some(old.masked().to_string()),
                    after: None,
                },
            ];
            let app_id = old.settings.app_id.as_ref().map(AppId::as_str);
            changes.extend(app_id.map(|app_id| Change::NoTokens { app_id }));
            let removing = store.write(changing, &changes, snapshot);
            match store.rules.get().and_then(Weak::upgrade) {
                Some(rules) => rules.without_account(account, removing).await,
                None => removing.await,
            }
        });
        Ok(removed.await?)
    }

    /// Deletes the tokens and keys before the last change whose time is over; answers of how many accounts.
    ///
    /// # Errors
    /// The database cannot be written: they count no longer, but are still there.
    pub async fn expire(self: &Arc<Self>, now_ms: i64) -> Result<usize, Error> {
        self.forget_ended(now_ms);
        let by = Actor("server".into());
        let mut n_accounts = 0;
        loop {
            let changing = self.begin().await?;
            let before = self.snapshot.load_full();
            let over = before.ended(now_ms).take(PORTION).map(|held| {
                let mut entry = AccountEntry::clone(&held.entry);
                entry.secrets.forget_ended(now_ms);
                entry.updated_at_ms = held.entry.next_update();
                Step::own(&held.entry, entry)
            });
            let steps: Vec<_> = over.collect();
            if steps.is_empty() {
                return Ok(n_accounts);
            }
            n_accounts += steps.len();
            self.make(changing, &by, steps).await.map_err(database)?;
        }
    }

    /// Only in memory: the database may be away for long.
    fn forget_ended(&self, now_ms: i64) {
        if self.snapshot.load().ended(now_ms).next().is_none() {
            return;
        }
        self.snapshot.rcu(|before| {
            let mut snapshot = Snapshot::clone(before);
            for held in before.ended(now_ms) {
                snapshot.take(&held.entry.id);
                snapshot.put(held.without_ended(now_ms));
            }
            snapshot
        });
    }

    /// Writes down what was seen since the last time, and pins the original ids that were learnt.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn save_seen(self: &Arc<Self>) -> Result<(), Error> {
        let pinned = self.pin().await;
        let snapshot = self.snapshot.load_full();
        let all = snapshot.all.values();
        let news: Vec<_> = all
            .filter_map(|held| {
                let seen = held.entry.seen.snapshot();
                let hash = hash(&seen);
                (held.saved.load(Ordering::Relaxed) != hash).then_some((held, seen, hash))
            })
            .collect();
        for portion in news.chunks(PORTION) {
            let _changing = self.begin().await?;
            let now = self.snapshot.load();
            // A removed account has no row for it, and one that was made anew under its id has its own.
            let is_there = |held: &Held| {
                let now = now.all.get(&*held.entry.id);
                now.is_some_and(|now| Arc::ptr_eq(&now.entry.seen, &held.entry.seen))
            };
            let there = portion.iter().filter(|(held, ..)| is_there(held));
            let there: Vec<_> = there.collect();
            let rows = there.iter().map(|(held, seen, _)| Change::Seen {
                account: &held.entry.id,
                last_handshake_at_ms: seen.last_handshake_at_ms,
                last_push_at_ms: seen.last_push_at_ms,
                mode: seen.mode.map(echostr::Came::as_str),
                refused: json!(seen.refused).to_string(),
                last_refusal: seen
                    .last_refusal
                    .as_ref()
                    .map(|last| json!(last).to_string()),
            });
            let rows: Vec<_> = rows.collect();
            let written = commit(&self.db, &rows).await;
            written.map_err(Uncommitted::of("what was seen of the accounts"))?;
            for (held, _, hash) in there {
                held.saved.store(*hash, Ordering::Relaxed);
            }
        }
        pinned
    }

    /// Notes what an account may do at the platform, for all its versions, and writes it down. Nothing happens when the account
    /// was removed meanwhile.
    ///
    /// # Errors
    /// The database cannot be written: it counts until the server ends.
    pub async fn save_capabilities(&self, id: &str, found: &Capabilities) -> Result<(), Error> {
        let _changing = self.begin().await?;
        let Some(entry) = self.get(id) else {
            return Ok(());
        };
        entry.able.set(found.clone());
        let found = Change::Capabilities {
            account: id,
            found: json!(found).to_string(),
        };
        let written = commit(&self.db, &[found]).await;
        written.map_err(Uncommitted::of("what the account may do"))
    }

    /// Puts what was learnt into the settings.
    async fn pin(self: &Arc<Self>) -> Result<(), Error> {
        let is_learnt = |entry: &AccountEntry| {
            let is_new = entry.settings.gh_id.is_none() && entry.seen.gh_id().is_some();
            is_new && entry.unread.is_none()
        };
        let is_any_learnt = || {
            let snapshot = self.snapshot.load();
            snapshot.all.values().any(|held| is_learnt(&held.entry))
        };
        let by = Actor("push".into());
        while is_any_learnt() {
            let changing = self.begin().await?;
            let before = self.snapshot.load_full();
            let entries = before.all.values().map(|held| &held.entry);
            let learnt = entries.filter(|entry| is_learnt(entry)).take(PORTION);
            let steps = learnt.map(|old| {
                let mut entry = old.to_edit();
                entry.updated_at_ms = old.next_update();
                Step::own(old, entry)
            });
            let steps: Vec<_> = steps.collect();
            let pinned: Vec<_> = steps.iter().map(|step| Arc::clone(&step.entry)).collect();
            self.make(changing, &by, steps).await.map_err(database)?;
            for entry in pinned {
                info!(
                    account.id = entry.id,
                    "the account's original id is {}: pushes to another one will be refused",
                    entry.settings.gh_id.as_deref().unwrap_or_default()
                );
            }
        }
        Ok(())
    }

    /// Waits until nobody else changes anything. Reads everything anew when the database may have
    /// something else.
    async fn begin(&self) -> Result<Changing, Error> {
        let mut known = Arc::clone(&self.changing).lock_owned().await;
        let returns = self.db.returns();
        if known.0 != Some(returns) {
            let snapshot = load(&self.db, &self.vault, &self.snapshot.load()).await?;
            self.snapshot.store(Arc::new(snapshot));
            known.0 = Some(returns);
        }
        Ok(known)
    }

    /// All steps or none.
    async fn make(
        self: &Arc<Self>,
        changing: Changing,
        by: &Actor,
        steps: Vec<Step>,
    ) -> Result<(), NotChanged> {
        if steps.is_empty() {
            return Ok(());
        }
        let before = self.snapshot.load_full();
        let mut snapshot = Snapshot::clone(&before);
        // First all away, then all there: two accounts may change their tokens for each other's.
        for step in &steps {
            snapshot.take(&step.entry.id);
        }
        for step in &steps {
            let old = before.all.get(&*step.entry.id);
            snapshot.put(Held {
                entry: Arc::clone(&step.entry),
                account: step.account.clone(),
                saved: old.map_or_else(nothing_seen, |old| Arc::clone(&old.saved)),
            });
        }
        snapshot.check_tokens(&steps)?;

        let (store, by) = (Arc::clone(self), by.clone());
        let made = to_the_end(async move {
            let at_ms = now_ms();
            let changes = steps
                .iter()
                .flat_map(|step| step.changes(&store, &by, at_ms));
            let changes: Vec<_> = changes.collect();
            store.write(changing, &changes, snapshot).await
        });
        Ok(made.await?)
    }

    /// First in the database, then for everybody.
    async fn write(
        &self,
        mut changing: Changing,
        changes: &[Change<'_>],
        snapshot: Snapshot,
    ) -> Result<(), Error> {
        let known = changing.0.take();
        let written = commit(&self.db, changes).await;
        if !written.as_ref().is_err_and(Uncommitted::is_unsure) {
            changing.0 = known;
        }
        written.map_err(Uncommitted::of("the account"))?;
        self.snapshot.store(Arc::new(snapshot));
        Ok(())
    }

    fn sealed<'a>(
        &self,
        account: &'a str,
        name: &'static str,
        kept: &crate::account::Kept<'_>,
    ) -> Change<'a> {
        let (key_id, sealed) = self.vault.seal(account, name, &kept.text);
        Change::Secret {
            account,
            name,
            key_id,
            sealed,
            expires_at_ms: kept.until_ms,
        }
    }
}

impl Accounts for AccountStore {
    fn by_id(&self, id: &str) -> Option<Arc<Account>> {
        self.snapshot.load().by_id.get(id).cloned()
    }

    fn by_token(&self, token: &str) -> Option<Arc<Account>> {
        self.snapshot.load().by_token.get(token)?.clone()
    }
}

impl fmt::Debug for AccountStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountStore")
            .field("n_accounts", &self.count())
            .finish_non_exhaustive()
    }
}

/// One account becomes what it is to be.
struct Step {
    old: Option<Arc<AccountEntry>>,
    entry: Arc<AccountEntry>,
    account: Option<Arc<Account>>,
}

impl Step {
    fn new(old: Option<&Arc<AccountEntry>>, entry: AccountEntry) -> Result<Self, Incomplete> {
        Ok(Self {
            old: old.map(Arc::clone),
            account: account(&entry)?,
            entry: Arc::new(entry),
        })
    }

    /// A change that the server makes by itself: what the account lacks, it may lack on.
    fn own(old: &Arc<AccountEntry>, entry: AccountEntry) -> Self {
        Self {
            old: Some(Arc::clone(old)),
            account: account(&entry).unwrap_or_default(),
            entry: Arc::new(entry),
        }
    }

    /// It stays what it is called, and where it comes from. Nothing when nothing changes.
    fn change(
        old: &Arc<AccountEntry>,
        mut entry: AccountEntry,
    ) -> Result<Option<Self>, Incomplete> {
        entry.id.clone_from(&old.id);
        entry.origin = old.origin;
        entry.created_at_ms = old.created_at_ms;
        entry.seen = Arc::clone(&old.seen);
        entry.able = entry.able_after(old);
        if entry.settings.gh_id.is_none() && old.seen.gh_id().is_some() {
            entry.seen = Arc::new(Seen::restore(old.seen.snapshot()));
        }
        if entry.difference(old).is_none() {
            return Ok(None);
        }
        entry.updated_at_ms = old.next_update();
        Self::new(Some(old), entry).map(Some)
    }

    fn changes<'a>(
        &'a self,
        store: &'a AccountStore,
        by: &'a Actor,
        at_ms: i64,
    ) -> impl Iterator<Item = Change<'a>> {
        let id = &*self.entry.id;
        let (action, before, after) = match &self.old {
            None => ("account.create", None, Some(self.entry.masked())),
            Some(old) => {
                let (before, after) = self.entry.difference(old).unzip();
                ("account.change", before, after)
            }
        };
        let audit = Change::Audit {
            at_ms,
            actor: &by.0,
            action,
            subject: id,
            before: before.map(|value| value.to_string()),
            after: after.map(|value| value.to_string()),
        };
        let is_unread = |old: &&AccountEntry| old.unread.is_some();
        let cleared = self.old.as_deref().filter(is_unread);
        let cleared = cleared.map(|_| Change::NoSecrets { account: id });
        let is_as_before = |old: &Arc<AccountEntry>| Arc::ptr_eq(&old.able, &self.entry.able);
        let is_known = self.old.as_ref().is_some_and(is_as_before);
        let unknown = (!is_known).then_some(Change::NoPlatform { account: id });
        let old = self.old.as_deref().filter(|old| old.unread.is_none());
        let old = old.map(AccountEntry::kept);
        let new = self.entry.kept().into_iter().enumerate();
        let secrets = new.filter_map(move |(place, (name, new))| {
            let old = old.as_ref().and_then(|old| old[place].1.as_ref());
            match new {
                new if new.as_ref() == old => None,
                Some(new) => Some(store.sealed(id, name, &new)),
                None => Some(Change::NoSecret { account: id, name }),
            }
        });
        std::iter::once(Change::Account(&self.entry))
            .chain(cleared)
            .chain(unknown)
            .chain(secrets.collect::<Vec<_>>())
            .chain([audit])
    }
}

fn account(entry: &AccountEntry) -> Result<Option<Arc<Account>>, Incomplete> {
    let mut entry = entry.clone();
    entry.secrets.forget_ended(now_ms());
    let account = Arc::new(entry.account()?);
    Ok(entry.disabled_at_ms.is_none().then_some(account))
}

impl AccountEntry {
    /// The original id that is set or was learnt.
    pub fn gh_id(&self) -> Option<String> {
        let learnt = || self.seen.gh_id().map(ToString::to_string);
        self.settings.gh_id.clone().or_else(learnt)
    }

    /// A copy to be changed: an original id that was learnt is set in it.
    #[must_use]
    pub fn to_edit(&self) -> Self {
        let mut entry = self.clone();
        entry.settings.gh_id = self.gh_id();
        entry
    }

    /// What it may do: what `old` may, unless the platform sees another account now, or another secret.
    fn able_after(&self, old: &Self) -> Arc<Able> {
        fn credentials(entry: &AccountEntry) -> impl PartialEq {
            let settings = &entry.settings;
            (
                settings.app_id.clone(),
                settings.api_base.clone(),
                settings.access_token.clone(),
                entry
                    .secrets
                    .app_secret
                    .as_ref()
                    .map(|secret| Secret::from(secret.expose_secret())),
            )
        }
        if credentials(self) == credentials(old) {
            Arc::clone(&old.able)
        } else {
            Arc::default()
        }
    }

    /// The moment of a change: no two versions have the same.
    fn next_update(&self) -> i64 {
        now_ms().max(self.updated_at_ms.saturating_add(1))
    }

    /// What has no end gets one.
    fn end_previous(&mut self, now_ms: i64) {
        let end = now_ms.saturating_add(previous_for_ms());
        if let Some(previous) = &mut self.secrets.previous_token {
            previous.until_ms.get_or_insert(end);
        }
        if let Some(previous) = &mut self.secrets.previous_encoding_aes_key {
            previous.until_ms.get_or_insert(end);
        }
    }
}

impl AccountSecrets {
    /// The token, and the one before it.
    fn tokens(&self) -> impl Iterator<Item = &Token> {
        let previous = self.previous_token.as_ref();
        std::iter::once(&self.token).chain(previous.map(|previous| &previous.value))
    }

    fn has_ended(&self, now_ms: i64) -> bool {
        let token = self.previous_token.as_ref();
        let key = self.previous_encoding_aes_key.as_ref();
        token.is_some_and(|previous| previous.is_over(now_ms))
            || key.is_some_and(|previous| previous.is_over(now_ms))
    }

    fn forget_ended(&mut self, now_ms: i64) {
        self.previous_token
            .take_if(|previous| previous.is_over(now_ms));
        self.previous_encoding_aes_key
            .take_if(|previous| previous.is_over(now_ms));
    }
}

/// Of a new account.
fn nothing_seen() -> Arc<AtomicU64> {
    Arc::new(AtomicU64::new(hash(&SeenSnapshot::default())))
}

fn hash(seen: &SeenSnapshot) -> u64 {
    let mut hasher = DefaultHasher::new();
    seen.hash(&mut hasher);
    hasher.finish()
}

/// What a change can fail with that neither asks for an account nor changes a token.
fn database(error: NotChanged) -> Error {
    match error {
        NotChanged::Database(error) => error,
        NotChanged::Incomplete(error) => error.into(),
        _ => unreachable!("ids and tokens are as they were"),
    }
}
