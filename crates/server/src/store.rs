//! The journal of the process: where it is, what is done when it cannot be opened.

use std::sync::Arc;

use echostr_store::{Error, Retention, SqliteJournal};
use tracing::error;

use crate::config::Config;

/// Opens the journal in the data folder. Nothing when it cannot be written at the moment: followers are answered without it.
///
/// # Errors
/// When what is there belongs to somebody else or to a newer Echostr: it is not touched.
pub(crate) async fn open(config: &Config) -> Result<Option<Arc<SqliteJournal>>, String> {
    let retention = Retention {
        journal_days: config.journal.retention_days,
        unfollowed_days: config.journal.forget_unfollowed_days,
    };
    match SqliteJournal::open(&config.data, retention).await {
        Ok(journal) => {
            if let Err(error) = journal.put_accounts(&config.accounts).await {
                error!(
                    error = &*error as &dyn std::error::Error,
                    "the accounts cannot be written to the journal"
                );
            }
            Ok(Some(Arc::new(journal)))
        }
        Err(
            error @ (Error::NotADatabase { .. }
            | Error::Foreign { .. }
            | Error::Newer { .. }
            | Error::Folder { .. }),
        ) => Err(with_causes(&error)),
        Err(error) => {
            error!(
                error = &error as &dyn std::error::Error,
                "the journal cannot be opened; followers are answered, but what is not read when the server stops is lost"
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
