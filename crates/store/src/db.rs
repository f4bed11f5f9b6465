//! [`Db`]: the database, for everything but the journal's writer. The same statements run on SQLite and PostgreSQL.
//!
//! ```ignore
//! async fn names(db: &Db) -> Result<Vec<String>, sqlx::Error> {
//!     reading!(db, pool => sqlx::query_scalar("SELECT name FROM accounts ORDER BY name").fetch_all(pool).await)
//! }
//!
//! async fn rename(db: &Db, id: i64, name: &str) -> Result<bool, sqlx::Error> {
//!     writing!(db, transaction => async {
//!         let done = sqlx::query("UPDATE accounts SET name = $2 WHERE id = $1").bind(id).bind(name);
//!         Ok(done.execute(&mut **transaction).await?.rows_affected() > 0)
//!     })
//! }
//! ```

use std::borrow::Cow;
use std::future::pending;
use std::sync::Arc;

use sqlx::{PgPool, SqlitePool};
use tokio::sync::watch;

/// Where the connections to the database are.
#[derive(Debug, Clone)]
pub enum Db {
    /// One file; one connection writes, beside the journal's own.
    Sqlite {
        /// They never wait for who writes.
        readers: SqlitePool,
        /// One connection.
        writer: SqlitePool,
    },
    /// A server, and as whom it is written to.
    Postgres(PgPool, Holder),
}

/// This process as the one that may write to a database of a server: it holds the advisory lock.
#[derive(Debug, Clone)]
pub struct Holder {
    /// Its name in `journal_state`.
    pub(crate) name: Arc<str>,
    /// The address of the database, without the password.
    pub(crate) url: Arc<str>,
    // How often another process has been the holder in between.
    returns: watch::Sender<u64>,
}

impl Holder {
    pub(crate) fn new(name: &str, url: &impl ToString) -> Self {
        Self {
            name: name.into(),
            url: url.to_string().into(),
            returns: watch::Sender::new(0),
        }
    }

    /// It is the holder again, but another process may have written.
    pub(crate) fn returned(&self) {
        self.returns.send_modify(|returns| *returns += 1);
    }
}

impl Db {
    /// A text as this database keeps it: PostgreSQL has no NUL in texts, U+FFFD stands for it.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self {
            Self::Sqlite { .. } => Cow::Borrowed(text),
            Self::Postgres(..) => without_nul(text),
        }
    }

    /// Closes all connections, once what they are at is done.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool, _) => pool.close().await,
        }
    }

    /// How often another process may have written to it since it was opened, and has ended since.
    pub fn returns(&self) -> u64 {
        match self {
            Self::Sqlite { .. } => 0,
            Self::Postgres(_, holder) => *holder.returns.borrow(),
        }
    }

    /// Waits until it has happened more often than this, and answers how often.
    pub async fn returned(&self, since: u64) -> u64 {
        match self {
            Self::Sqlite { .. } => pending().await,
            Self::Postgres(_, holder) => {
                let mut returns = holder.returns.subscribe();
                let returned = returns.wait_for(|returns| *returns != since).await;
                *returned.expect("the sender is here")
            }
        }
    }
}

/// The text with U+FFFD for every NUL.
pub(crate) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Runs the same body on whichever database it is: `reading!(db, pool => sqlx::query(…).fetch_all(pool).await)`.
macro_rules! reading {
    ($db:expr, $pool:ident => $body:expr) => {
        match $db {
            $crate::db::Db::Sqlite { readers: $pool, .. } => $body,
            $crate::db::Db::Postgres($pool, _) => $body,
        }
    };
}

/// The same within a transaction that writes: `writing!(db, transaction => async { … })`. The block has the transaction as
/// `&mut Transaction` and ends in a `Result`; it is committed when that is `Ok`, else nothing of it is kept. The error is one
/// that a `sqlx::Error` becomes by `?`. The lock of SQLite is taken at once: a transaction that starts by reading could not
/// write any more.
macro_rules! writing {
    ($db:expr, $transaction:ident => async $body:block) => {
        match $db {
            $crate::db::Db::Sqlite { writer, .. } => {
                let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
                let $transaction = &mut transaction;
                let done = async { $body }.await;
                if done.is_ok() {
                    transaction.commit().await?;
                }
                done
            }
            $crate::db::Db::Postgres(pool, _) => {
                let mut transaction = pool.begin().await?;
                let $transaction = &mut transaction;
                let done = async { $body }.await;
                if done.is_ok() {
                    transaction.commit().await?;
                }
                done
            }
        }
    };
}

/// A struct that is read from a row by the names of the columns, on both databases: for `sqlx::query_as`.
macro_rules! row {
    ($(#[$about:meta])* $visible:vis struct $name:ident { $($(#[$about_field:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$about])*
        $visible struct $name {
            $($(#[$about_field])* $visible $field: $type,)*
        }

        impl sqlx::FromRow<'_, sqlx::sqlite::SqliteRow> for $name {
            fn from_row(row: &sqlx::sqlite::SqliteRow) -> std::result::Result<Self, sqlx::Error> {
                Ok(Self { $($field: sqlx::Row::try_get(row, stringify!($field))?,)* })
            }
        }

        impl sqlx::FromRow<'_, sqlx::postgres::PgRow> for $name {
            fn from_row(row: &sqlx::postgres::PgRow) -> std::result::Result<Self, sqlx::Error> {
                Ok(Self { $($field: sqlx::Row::try_get(row, stringify!($field))?,)* })
            }
        }
    };
}

pub(crate) use {reading, row, writing};

#[cfg(test)]
mod tests {
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

    use super::*;

    /// Adds a number, and fails when it is not positive.
    async fn add(db: &Db, number: i64) -> Result<i64, sqlx::Error> {
        writing!(db, transaction => async {
            sqlx::query("INSERT INTO numbers (number) VALUES ($1)").bind(number).execute(&mut **transaction).await?;
            if number <= 0 {
                return Err(sqlx::Error::RowNotFound);
            }
            Ok(number)
        })
    }

    async fn count(db: &Db) -> Result<i64, sqlx::Error> {
        reading!(db, pool => sqlx::query_scalar("SELECT count(*) FROM numbers").fetch_one(pool).await)
    }

    #[tokio::test]
    async fn what_fails_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("numbers.db"))
            .create_if_missing(true);
        let writer = SqlitePoolOptions::new().connect_lazy_with(options);
        let db = Db::Sqlite {
            readers: writer.clone(),
            writer,
        };
        let create = async || -> Result<(), sqlx::Error> {
            writing!(&db, transaction => async {
                sqlx::query("CREATE TABLE numbers (number BIGINT)").execute(&mut **transaction).await?;
                Ok(())
            })
        };
        create().await.expect("a table");
        add(&db, 1).await.expect("added");
        add(&db, 0).await.expect_err("refused");
        assert_eq!(count(&db).await.expect("read"), 1);
    }
}
