//! The journal of the process: where it is, what is done when it cannot be opened.

use std::sync::Arc;
use std::time::{Duration, Instant};

use echostr_store::{Place, Retention, SqlJournal};
use tokio::time::sleep;
use tracing::error;

use crate::config::Config;

/// How long a journal that cannot be opened is tried again, and how often: a disk may come late after a boot.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(500);

/// Opens the journal in the data folder. Nothing when it cannot be written at the moment: followers are answered without it
/// until the next start.
///
/// # Errors
/// When what is there belongs to somebody else, to a newer Echostr or to a server that runs: it is not touched.
pub(crate) async fn open(config: &Config) -> Result<Option<Arc<SqlJournal>>, String> {
    let retention = Retention {
        journal_days: config.journal.retention_days,
        unfollowed_days: config.journal.forget_unfollowed_days,
    };
    let place = Place::Folder(config.data.clone());
    let start = Instant::now();
    let opened = loop {
        match SqlJournal::open(&place, retention).await {
            Err(error) if !error.is_final() && start.elapsed() < PATIENCE => sleep(PAUSE).await,
            opened => break opened,
        }
    };
    match opened {
        Ok(journal) => {
            if let Err(error) = journal.put_accounts(&config.accounts).await {
                error!(
                    error = &*error as &dyn std::error::Error,
                    "the accounts cannot be written to the journal"
                );
            }
            Ok(Some(Arc::new(journal)))
        }
        Err(error) if error.is_final() => Err(with_causes(&error)),
        Err(error) => {
            error!(
                error = &error as &dyn std::error::Error,
                "the journal cannot be opened; followers are answered, but what is not read when the server stops is lost; \
                 restart the server when this is mended"
            );
            Ok(None)
        }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
