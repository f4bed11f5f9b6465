//! [`Db`]: the database, for everything but the journal's writer. The same statements run on SQLite and PostgreSQL.

use sqlx::{PgPool, SqlitePool};

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
    /// A server.
    Postgres(PgPool),
}

/// Runs the same body on whichever database it is: `reading!(db, pool => sqlx::query(…).fetch_all(pool).await)`.
macro_rules! reading {
    ($db:expr, $pool:ident => $body:expr) => {
        match $db {
            $crate::db::Db::Sqlite { readers: $pool, .. } => $body,
            $crate::db::Db::Postgres($pool) => $body,
        }
    };
}

/// The same within a transaction that writes; `$body` gets `&mut Transaction` and ends in a `Result`. It is committed when that
/// is `Ok`. The lock of SQLite is taken at once: a transaction that starts by reading could not write any more.
macro_rules! writing {
    ($db:expr, $transaction:ident => $body:expr) => {
        match $db {
            $crate::db::Db::Sqlite { writer, .. } => {
                let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
                let $transaction = &mut transaction;
                let done = $body;
                if done.is_ok() {
                    transaction.commit().await?;
                }
                done
            }
            $crate::db::Db::Postgres(pool) => {
                let mut transaction = pool.begin().await?;
                let $transaction = &mut transaction;
                let done = $body;
                if done.is_ok() {
                    transaction.commit().await?;
                }
                done
            }
        }
    };
}

pub(crate) use {reading, writing};
