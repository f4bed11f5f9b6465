//! The store of a data folder, opened by a command while no server runs, and the functions of the server upon it.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use echostr_store::{
    AccountStore, ApiKeys, Error, FILE_NAME, MASTER_KEY_FILE, MASTER_KEY_VARIABLE, MasterKeys,
    Place, Retention, SqlJournal, Vault,
};
use tower::ServiceExt as _;

use crate::api::{self, Authority};
use crate::config::Config;
use crate::office::{Office, Parts};

/// The store, and what answers.
pub(super) struct Here {
    app: Router,
    journal: Arc<SqlJournal>,
}

impl Here {
    /// Opens it, and keeps servers out of it meanwhile. Who only reads makes no new one.
    pub(super) async fn open(config: &Config, is_reading: bool) -> Result<Self, Error> {
        let path = config.data.join(FILE_NAME);
        if is_reading && !path.exists() {
            return Err(Error::Missing { path });
        }
        let retention = Retention {
            journal_days: config.journal.retention_days,
            unfollowed_days: config.journal.forget_unfollowed_days,
        };
        let place = Place::Folder(config.data.clone());
        let journal = Arc::new(SqlJournal::open(&place, retention).await?);
        match router(config, &journal).await {
            Ok(app) => Ok(Self { app, journal }),
            Err(error) => {
                journal.close().await;
                Err(error)
            }
        }
    }

    pub(super) async fn answer(&self, request: Request) -> Response<Body> {
        let answered = self.app.clone().oneshot(request).await;
        answered.unwrap_or_else(|error| match error {})
    }

    /// Everything is written and free for others.
    pub(super) async fn close(self) {
        self.journal.close().await;
    }
}

async fn router(config: &Config, journal: &Arc<SqlJournal>) -> Result<Router, Error> {
    let db = journal.db();
    let master_keys = match std::env::var(MASTER_KEY_VARIABLE) {
        Ok(keys) => MasterKeys::Environment(keys.into()),
        Err(_) => MasterKeys::File(config.data.join(MASTER_KEY_FILE)),
    };
    let vault = Vault::open(&db, master_keys).await?;
    let office = Office::new(Parts {
        accounts: AccountStore::open(db.clone(), vault).await?,
        keys: ApiKeys::open(db.clone()).await?,
        journal: Arc::clone(journal),
        db,
        public_url: config.public_url.clone(),
        started: Instant::now(),
    });
    Ok(api::router(office, Authority::Operator))
}
