//! What the process keeps: the database, and upon it the journal, the accounts and the API keys; what is done when it cannot be
//! opened.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use echostr_client::with_causes;
use echostr_client::{MemoryTokens, Platform, TokenStore};
use echostr_store::{
    AccountStore, ApiKeys, Db, Error, FILE_NAME, History, MASTER_KEY_FILE, MasterKeys, NotChanged,
    Place, Retention, RuleStore, SqlJournal, SqlTokens, Vault,
};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::{error, info, warn};

use crate::config::Config;
use crate::office::{Office, Parts};

/// How long a database that cannot be opened is tried again, and how often: a disk may come late after a boot, and a database
/// server later.
const PATIENCE: Duration = Duration::from_secs(5);
const PATIENCE_FOR_A_SERVER: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(500);

/// How often what is counted in memory is written down, and what has expired is deleted.
const KEEP_EVERY: Duration = Duration::from_secs(30);

/// Everything upon the one database.
#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) journal: Arc<SqlJournal>,
    pub(crate) db: Db,
    pub(crate) accounts: Arc<AccountStore>,
    pub(crate) keys: Arc<ApiKeys>,
    pub(crate) rules: Arc<RuleStore>,
    tokens: Arc<SqlTokens>,
}

impl Store {
    /// Opens all of it, and keeps other servers out meanwhile.
    ///
    /// # Errors
    /// Then nothing is open.
    pub(crate) async fn open(config: &Config) -> Result<Self, Error> {
        let retention = Retention {
            journal_days: config.journal.retention_days,
            unfollowed_days: config.journal.forget_unfollowed_days,
        };
        let place = match &config.database {
            Some(url) => Place::Postgres(url.clone()),
            None => Place::Folder(config.data.clone()),
        };
        let journal = SqlJournal::open(&place, retention).await?;
        let db = journal.db();
        let opened = async {
            let vault = Arc::new(Vault::open(&db, master_keys(config)).await?);
            let accounts = AccountStore::open(db.clone(), Arc::clone(&vault)).await?;
            let rules = RuleStore::open(db.clone(), Arc::clone(&vault)).await?;
            accounts.end_rules_in(&rules);
            Ok((accounts, rules, ApiKeys::open(db.clone()).await?, vault))
        };
        match opened.await {
            Ok((accounts, rules, keys, vault)) => Ok(Self {
                journal: Arc::new(journal),
                tokens: Arc::new(SqlTokens::new(db.clone(), vault)),
                db,
                accounts,
                keys,
                rules,
            }),
            Err(error) => {
                journal.close().await;
                Err(error)
            }
        }
    }

    /// Writes down what is only in memory, again and again, until the task is ended.
    pub(crate) fn keep(&self) -> JoinHandle<()> {
        let store = self.clone();
        tokio::spawn(async move {
            let mut ticks = interval(KEEP_EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut returns = store.db.returns();
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    // Another server may have changed accounts and keys: they are read anew.
                    now = store.db.returned(returns) => returns = now,
                }
                store.write_down().await;
            }
        })
    }

    /// Where access tokens are kept; without a database, in memory.
    pub(crate) fn tokens(store: Option<&Self>) -> Arc<dyn TokenStore> {
        match store {
            Some(store) => Arc::clone(&store.tokens) as _,
            None => Arc::new(MemoryTokens::default()),
        }
    }

    /// What people and programs may do with it, and at the platform.
    pub(crate) fn office(&self, config: &Config, platform: Platform) -> Office {
        Office::new(Parts {
            accounts: Arc::clone(&self.accounts),
            keys: Arc::clone(&self.keys),
            rules: Arc::clone(&self.rules),
            journal: Arc::clone(&self.journal),
            db: self.db.clone(),
            history: History::new(self.db.clone()),
            platform,
            public_url: config.public_url.clone(),
            started: Instant::now(),
        })
    }

    /// Writes down what is only in memory, and closes the database.
    pub(crate) async fn close(self) {
        self.write_down().await;
        self.journal.close().await;
    }

    async fn write_down(&self) {
        let now_ms = echostr::Clock::system().unix_ms();
        let done = [
            self.accounts.expire(now_ms).await.map(|_| ()),
            self.accounts.save_seen().await,
            self.keys.save_used().await,
            self.rules.save_hits().await,
        ];
        for error in done.into_iter().filter_map(Result::err) {
            warn!(
                error = %with_causes(&error),
                "what was counted cannot be written down at the moment; it is tried again"
            );
        }
    }
}

fn master_keys(config: &Config) -> MasterKeys {
    match &config.master_key {
        Some(keys) => MasterKeys::Environment(keys.clone()),
        // Whoever can read the database should not find the key beside it.
        None if config.database.is_some() => MasterKeys::Environment(String::new().into()),
        None => MasterKeys::File(config.data.join(MASTER_KEY_FILE)),
    }
}

/// Opens everything for a server, with the accounts of the file in it. Nothing when there is no database yet and none can be made
/// at the moment: the accounts of the file are answered without it until the next start.
///
/// # Errors
/// What is there cannot be opened or written: only that knows which accounts there are, and the platform gives up when it is
/// told that one is unknown. Or it belongs to somebody else, to a newer Echostr or to a server that runs: it is not touched. Or
/// the accounts of the file do not go together with those that are there.
pub(crate) async fn open(config: &Config) -> Result<Option<Store>, String> {
    let start = Instant::now();
    let path = config.data.join(FILE_NAME);
    let (patience, is_needed, place) = match &config.database {
        Some(url) => (PATIENCE_FOR_A_SERVER, true, url.to_string()),
        None => (PATIENCE, holds_something(&path), path.display().to_string()),
    };
    let opened = loop {
        match provisioned(config).await {
            Err(NotChanged::Database(error)) if !error.is_final() && start.elapsed() < patience => {
                let text = with_causes(&error);
                info!("waiting for the database at {place}: {text}");
                sleep(PAUSE).await;
            }
            opened => break opened,
        }
    };
    match opened {
        Ok(store) => Ok(Some(store)),
        Err(NotChanged::Database(error)) if !error.is_final() && !is_needed => {
            without(&error);
            Ok(None)
        }
        Err(error) => Err(with_causes(&error)),
    }
}

/// Whether there may be accounts in this file.
fn holds_something(path: &Path) -> bool {
    match path.metadata() {
        Ok(file) => file.len() > 0,
        // One that may not even be looked at is there.
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

async fn provisioned(config: &Config) -> Result<Store, NotChanged> {
    let store = Store::open(config).await?;
    match provision(config, &store).await {
        Ok(()) => Ok(store),
        Err(error) => {
            store.journal.close().await;
            Err(error)
        }
    }
}

fn without(error: &Error) {
    error!(
        error = %with_causes(error),
        "the journal cannot be made; the accounts of the file are answered, but what is not read when the server stops is lost; \
         restart the server when this is mended"
    );
}

/// Makes the accounts of the file what they are there.
async fn provision(config: &Config, store: &Store) -> Result<(), NotChanged> {
    let done = store.accounts.provision(config.accounts.clone()).await?;
    for id in done.created {
        info!(
            account.id = id,
            "the account `{id}` was added from the file of settings"
        );
    }
    for id in done.changed {
        info!(
            account.id = id,
            "the account `{id}` was changed in the file of settings"
        );
    }
    for id in done.disabled {
        warn!(
            account.id = id,
            "the account `{id}` is no longer in the file of settings and is answered no more; \
             bring it back with `echostr account enable {id}`, or remove it with `echostr account remove {id}`"
        );
    }
    Ok(())
}
