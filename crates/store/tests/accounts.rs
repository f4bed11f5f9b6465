//! The story of accounts and API keys, on every database: made, changed, rotated, disabled, removed, read again, re-encrypted.

use std::path::Path;
use std::sync::Arc;

use echostr::{Accounts as _, Mode};
use echostr_protocol::Token;
use echostr_store::{
    AccountEntry, AccountSecrets, AccountStore, Actor, ApiKeys, BotSettings, Db, Error,
    MASTER_KEY_FILE, MasterKeys, ModeWord, NotChanged, Origin, Previous, Retention, SqliteJournal,
    Vault, audit,
};
use secrecy::{ExposeSecret as _, SecretString};

/// A data folder, and a server that is stopped and started on it.
struct House {
    folder: tempfile::TempDir,
}

/// What a running server has of the store.
struct Running {
    journal: SqlJournal,
    db: Db,
    accounts: Arc<AccountStore>,
    keys: Arc<ApiKeys>,
}

impl House {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self) -> MasterKeys {
        MasterKeys::File(self.path().join(MASTER_KEY_FILE))
    }

    async fn start(&self) -> Running {
        self.start_with(self.file()).await.expect("it starts")
    }

    async fn start_with(&self, master_keys: MasterKeys) -> Result<Running, Error> {
        let journal =
            SqlJournal::open(&Place::Folder(self.path().to_owned()), Retention::default()).await?;
        let db = journal.db();
        let opened = async {
            let vault = Vault::open(&db, master_keys).await?;
            let accounts = AccountStore::open(db.clone(), vault).await?;
            Ok((accounts, ApiKeys::open(db.clone()).await?))
        };
        match opened.await {
            Ok((accounts, keys)) => Ok(Running {
                journal,
                db,
                accounts,
                keys,
            }),
            Err(error) => {
                journal.close().await;
                Err(error)
            }
        }
    }
}

impl Running {
    async fn stop(self) {
        self.journal.close().await;
    }

    /// Action, before and after of what was written down about an account or key, oldest first.
    async fn story(&self, subject: &str) -> Vec<String> {
        let entries = audit(&self.db, Some(subject), None, 100)
            .await
            .expect("it can be read");
        let line = |entry: &echostr_store::AuditEntry| {
            let value = |value: &Option<serde_json::Value>| {
                value.as_ref().map_or("-".into(), ToString::to_string)
            };
            format!(
                "{} {} {} > {}",
                entry.actor,
                entry.action,
                value(&entry.before),
                value(&entry.after)
            )
        };
        entries.iter().rev().map(line).collect()
    }
}

fn by() -> Actor {
    Actor("command line".into())
}

fn token(text: &str) -> Token {
    text.parse().expect("a token")
}

fn entry(id: &str, its_token: &str) -> AccountEntry {
    AccountEntry::new(id, token(its_token), 1_700_000_000_000)
}

#[tokio::test]
async fn what_was_made_is_there_after_a_restart() {
    let house = House::new();
    let running = house.start().await;
    let key = AccountSecrets::random_encoding_aes_key();
    let mut shop = entry("shop", "TokenOfTheShop");
    shop.settings.name = "雯子".into();
    shop.settings.mode = ModeWord::Safe;
    shop.settings.app_id = Some("wx0123456789abcdef".into());
    shop.secrets.encoding_aes_key = Some(key.clone());
    shop.secrets.app_secret = Some("ThePlatformsSecret".into());
    running
        .accounts
        .create(&by(), shop)
        .await
        .expect("it is made");
    running.stop().await;

    let running = house.start().await;
    let shop = running.accounts.get("shop").expect("it is there");
    assert_eq!(shop.settings.name, "雯子");
    assert_eq!(shop.origin, Origin::Store);
    assert_eq!(
        shop.secrets
            .app_secret
            .as_ref()
            .expect("it is set")
            .expose_secret(),
        "ThePlatformsSecret"
    );
    let account = running
        .accounts
        .by_token("TokenOfTheShop")
        .expect("it answers");
    assert_eq!(account.id, "shop");
    let Mode::Safe(sealing) = &account.mode else {
        panic!("{:?}", account.mode)
    };
    assert_eq!(sealing.key, key);
    assert_eq!(sealing.app_id, "wx0123456789abcdef");
    running.stop().await;
}
