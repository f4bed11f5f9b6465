//! [`RuleStore`]: the rules, in the database and compiled for the webhook; every change is in the audit log.

mod book;
mod load;
mod step;

use std::collections::HashMap;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use echostr::{Rule, RuleParts, RuleSecrets, RuleSet, Rules};
use echostr_protocol::Str;
use tokio::sync::{Mutex, OwnedMutexGuard};

use self::book::Book;
use self::load::load;
use self::step::Step;
use crate::Error;
use crate::account::Actor;
use crate::change::{Change, Known, Uncommitted, commit, to_the_end};
use crate::db::Db;
use crate::value::{now_ms, signed};
use crate::vault::Vault;

pub(crate) use self::load::SEALED_AS;
pub(crate) use self::step::masked;

/// How many rows are written in one transaction when it need not be one: the journal waits for each.
const PORTION: usize = 200;

/// A rule as it is kept.
#[derive(Debug, Clone)]
pub struct RuleEntry {
    /// When it answers, and with what.
    pub rule: Arc<Rule>,
    /// Of a relay.
    pub secrets: Arc<RuleSecrets>,
    /// How often it has answered; behind by up to half a minute.
    pub hits: u64,
    /// When it answered last, Unix milliseconds; behind by as much.
    pub last_hit_at_ms: Option<i64>,
    /// Unix milliseconds.
    pub created_at_ms: i64,
    /// Unix milliseconds of the last change.
    pub updated_at_ms: i64,
    /// Why it answers nothing: it cannot be read from the database, or its secrets cannot be decrypted.
    pub unread: Option<Arc<str>>,
}

/// What becomes of a rule; see [`RuleStore::edit`].
#[derive(Debug, Clone)]
pub enum RuleEdit {
    /// It is made, or made what it is here.
    Put {
        /// Without [faults](Rule::check).
        rule: Box<Rule>,
        /// All of them: what was kept before is replaced.
        secrets: RuleSecrets,
        /// The [`updated_at_ms`](RuleEntry::updated_at_ms) of the rule that is changed; nothing for a new one.
        before: Option<i64>,
    },
    /// It is removed.
    Remove {
        /// Its id.
        id: String,
    },
}

/// Why rules were not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleNotChanged {
    /// There is none with this id.
    #[error("there is no rule `{0}`")]
    Unknown(String),
    /// There is one with this id.
    #[error("there is a rule `{0}` already; choose another id")]
    Exists(String),
    /// There is no such account.
    #[error("there is no account `{0}`")]
    UnknownAccount(String),
    /// Something has changed it since it was read, or it is to be changed twice.
    #[error("the rule `{0}` was changed meanwhile; look at it and try again")]
    Moved(String),
    /// There would be too many, or their patterns would be too long.
    #[error("{0}")]
    TooMuch(String),
    /// The database could not be written: nothing has changed, unless it is [`Error::Unsure`].
    #[error(transparent)]
    Database(#[from] Error),
}

/// The rules of all accounts. What is asked is answered from memory.
pub struct RuleStore {
    db: Db,
    vault: Arc<Vault>,
    rules: Rules,
    // Held for moments: messages do not wait for it, they are answered by `rules`.
    book: RwLock<Book>,
    changing: Arc<Mutex<State>>,
}

/// What is known to who changes something.
struct State {
    known: Known,
    /// How often rules have answered, as far as it is not written down.
    hits: HashMap<String, u64>,
}

/// One change after the other: first the database, then the entries, then what answers.
type Changing = OwnedMutexGuard<State>;

/// Whose rules: of an account, or for all.
type Scope = Option<Str>;

impl RuleStore {
    /// Loads and compiles all rules. One that cannot be understood or decrypted answers nothing, and the others are not disturbed.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn open(db: Db, vault: Arc<Vault>) -> Result<Arc<Self>, Error> {
        let state = State {
            known: Known(None),
            hits: HashMap::new(),
        };
        let store = Arc::new(Self {
            db,
            vault,
            rules: Rules::default(),
            book: RwLock::default(),
            changing: Arc::new(Mutex::new(state)),
        });
        store.begin().await?;
        Ok(store)
    }

    /// The handler: it has what this store has, from the moment at which a change is made.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// All, in the order in which they are asked; `account` has only those of it, and those for all.
    pub fn list(&self, account: Option<&str>) -> Vec<Arc<RuleEntry>> {
        self.book().list(account)
    }

    /// One.
    pub fn get(&self, id: &str) -> Option<Arc<RuleEntry>> {
        self.book().get(id).cloned()
    }

    /// Makes all of these changes, or none. When this is ready, they answer.
    ///
    /// # Errors
    /// [`RuleNotChanged`].
    pub async fn edit(
        self: &Arc<Self>,
        by: &Actor,
        edits: Vec<RuleEdit>,
    ) -> Result<(), RuleNotChanged> {
        let changing = self.begin().await?;
        let steps = self.book().steps(edits, now_ms())?;
        if steps.is_empty() {
            return Ok(());
        }
        let (store, by) = (Arc::clone(self), by.clone());
        to_the_end(async move { store.make(changing, &by, steps).await }).await
    }

    async fn make(
        &self,
        mut changing: Changing,
        by: &Actor,
        steps: Vec<Step>,
    ) -> Result<(), RuleNotChanged> {
        let known = changing.known.0.take();
        if let Err(failed) = self.write(by, &steps).await {
            if !failed.is_unsure() {
                changing.known.0 = known;
            }
            return Err(match failed {
                Uncommitted::UnknownAccount(account) => RuleNotChanged::UnknownAccount(account),
                failed => Uncommitted::of("the rules")(failed).into(),
            });
        }
        let changed = {
            let mut book = self.book_mut();
            let changed = book.apply(steps);
            book.parts(changed)
        };
        self.compile(changed).await;
        changing.known.0 = known;
        Ok(())
    }

    /// Sealed and written while nobody rotates the master keys.
    async fn write(&self, by: &Actor, steps: &[Step]) -> Result<(), Uncommitted> {
        let _sealing = self.vault.sealing().await;
        let at_ms = now_ms();
        let changes = steps
            .iter()
            .flat_map(|step| step.changes(&self.vault, by, at_ms));
        let changes: Vec<_> = changes.collect();
        commit(&self.db, &changes).await
    }

    /// From now on these answer, and no others of the same accounts.
    async fn compile(&self, scopes: HashMap<Scope, Vec<RuleParts>>) {
        let rules = self.rules.clone();
        aside(move || {
            let sets = scopes.into_iter();
            rules.replace_all(sets.map(|(account, parts)| (account, RuleSet::compile(parts))));
        })
        .await;
    }

    /// Waits until nobody else changes anything. Reads everything anew when the database may have something else.
    async fn begin(&self) -> Result<Changing, Error> {
        let mut changing = Arc::clone(&self.changing).lock_owned().await;
        let returns = self.db.returns();
        if changing.known.0 != Some(returns) {
            let loaded = load(&self.db, &self.vault).await?;
            let scopes = {
                let mut book = self.book_mut();
                let gone = std::mem::replace(&mut *book, loaded);
                let scopes = gone.scopes().chain(book.scopes()).collect();
                book.parts(scopes)
            };
            self.compile(scopes).await;
            changing.known.0 = Some(returns);
        }
        Ok(changing)
    }

    /// Does what removes an account with its rules from the database; then they answer no more.
    pub(crate) async fn without_account(
        &self,
        account: &str,
        removing: impl Future<Output = Result<(), Error>>,
    ) -> Result<(), Error> {
        let mut changing = self.begin().await?;
        let known = changing.known.0.take();
        let removed = removing.await;
        if !matches!(removed, Err(Error::Unsure { .. })) {
            changing.known.0 = known;
        }
        removed?;
        self.book_mut().drop_account(account);
        self.rules.replace(Some(account), RuleSet::default());
        Ok(())
    }

    /// Writes down how often rules have answered since this was done last.
    ///
    /// # Errors
    /// The database cannot be written: it is counted on.
    pub async fn save_hits(&self) -> Result<(), Error> {
        let mut changing = self.begin().await?;
        for (id, n_hits) in self.rules.take_hits() {
            *changing.hits.entry(id).or_default() += n_hits;
        }
        let is_there = |id: &String| self.book().get(id).is_some();
        changing.hits.retain(|id, _| is_there(id));
        let (hits, at_ms) = (changing.hits.clone(), now_ms());
        let hits: Vec<_> = hits.into_iter().collect();
        for portion in hits.chunks(PORTION) {
            let changes = portion.iter().map(|(id, n_hits)| Change::RuleHits {
                id,
                n_hits: signed(*n_hits),
                at_ms,
            });
            let changes: Vec<_> = changes.collect();
            let written = commit(&self.db, &changes).await;
            written.map_err(Uncommitted::of("how often rules have answered"))?;
            let mut book = self.book_mut();
            for (id, n_hits) in portion {
                changing.hits.remove(id);
                book.hit(id, *n_hits, at_ms);
            }
        }
        Ok(())
    }

    fn book(&self) -> RwLockReadGuard<'_, Book> {
        self.book.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn book_mut(&self) -> RwLockWriteGuard<'_, Book> {
        self.book.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RuleStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleStore")
            .field("n_rules", &self.book().len())
            .finish_non_exhaustive()
    }
}

/// Does what takes long where nobody waits for it.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The process ends.
            Err(_) => std::future::pending().await,
        },
    }
}
