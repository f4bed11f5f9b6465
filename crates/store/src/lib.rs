//! What Echostr keeps: every SQL statement of the project is in this crate.
//!
//! [`SqlJournal`] is the [`Journal`](echostr::Journal) in a database; [`History`] reads it for people.
//!
//! ```no_run
//! # async fn start() -> Result<(), echostr_store::Error> {
//! use echostr_store::{Place, Retention, SqlJournal};
//!
//! let journal = SqlJournal::open(&Place::Folder("./data".into()), Retention::default()).await?;
//! // … give it to the bot, serve, stop …
//! journal.close().await;
//! # Ok(())
//! # }
//! ```

mod account;
mod accounts;
mod audit;
mod change;
pub(crate) mod db;
mod error;
mod health;
mod history;
mod idempotency;
mod journal;
mod keys;
mod migrate_to;
mod pages;
mod postgres;
mod read;
mod rules;
mod schema;
mod search;
mod sqlite;
mod tokens;
mod value;
mod vault;

pub use account::{
    AccessTokenFrom, AccountEntry, AccountSecrets, AccountSettings, Actor, BotSettings, Incomplete,
    ModeWord, Origin, PREVIOUS_FOR, Previous, TextSettings,
};
pub use accounts::{AccountStore, Edit, NotChanged, Provisioned};
pub use audit::{AuditEntry, audit, note};
pub use db::{Db, Holder};
pub use error::Error;
pub use health::Health;
pub use history::{
    AnswerEntry, AnswerFilter, DeliveryEntry, Export, FollowerEntry, FollowerFilter, History,
    MAX_LIMIT, MessageDetail, MessageEntry, MessageFilter, NoPlace, Page, PageTimes, SeenBefore,
    SentEntry, TurnEntry, TurnFilter, UsageEntry,
};
pub use idempotency::{Begun, Idempotency};
pub use journal::{Deleted, Place, Retention, SqlJournal};
pub use keys::{ApiKey, ApiKeys};
pub use migrate_to::{MigrateStep, Migrated, migrate_to};
pub use pages::{Busy, LivePage, LivePages};
pub use postgres::{PostgresUrl, UrlError};
pub use rules::{RuleEdit, RuleEntry, RuleNotChanged, RuleStore};
pub use schema::FILE_NAME;
pub use tokens::SqlTokens;
pub use vault::{BadMasterKey, MASTER_KEY_FILE, MASTER_KEY_VARIABLE, MasterKeys, Rotated, Vault};
