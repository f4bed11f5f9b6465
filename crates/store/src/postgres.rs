//! The journal in PostgreSQL: one thread with a connection that writes, one that holds the lock, a pool for everything else.

mod apply;
mod body;
mod followers;
mod hot;
mod index;
mod lock;
mod schema;
mod tidy;
mod url;

use std::time::Duration;

use sqlx::Executor as _;
use sqlx::postgres::{PgConnection, PgPoolOptions};

use self::body::ServerBody;
use crate::Error;
use crate::db::Db;
use crate::health::Counts;
use crate::journal::{Retention, Threads, WriterThread};

pub(crate) use self::lock::Lock;
pub(crate) use self::schema::{bring_up_to_date, connect};
pub use self::url::{PostgresUrl, UrlError};

/// Connections beside the journal's two.
const POOL: u32 = 8;

/// How long connecting, or waiting for one of the pool, may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a statement may take before PostgreSQL ends it.
const READ_SECS: u32 = 5;
const WRITE_SECS: u32 = 30;

/// Opens the database, brings it up to date, takes its lock and starts what works on it.
pub(crate) async fn open(
    url: &PostgresUrl,
    retention: Retention,
    counts: &Counts,
) -> Result<(Db, Threads), Error> {
    let (url_of_writer, counts) = (url.clone(), counts.clone());
    // The writer's connections live in a runtime of its own.
    let starting = tokio::task::spawn_blocking(move || {
        let body = ServerBody::open(&url_of_writer)?;
        let holder = body.holder();
        Ok::<_, Error>((WriterThread::start(body, retention, &counts)?, holder))
    });
    let (writer, holder) = starting.await.map_err(|panicked| Error::Thread {
        source: panicked.into(),
    })??;
    let pool = PgPoolOptions::new()
        .max_connections(POOL)
        .acquire_timeout(CONNECT)
        .after_connect(|connection, _| {
            Box::pin(async move { prepare(connection, READ_SECS).await })
        })
        .connect_lazy_with(url.options("echostr"));
    let threads = Threads {
        writer: Some(writer),
        checkpointer: None,
        file: None,
        lock: None,
    };
    Ok((Db::Postgres(pool, holder), threads))
}

/// Settings of a new connection: nobody waits for ever, what is committed is durable whatever the server's default is, and a
/// server that lost us (its network was cut) ends our transaction and our locks within two minutes.
async fn prepare(connection: &mut PgConnection, statement_secs: u32) -> Result<(), sqlx::Error> {
    let settings = format!(
        "SET statement_timeout = '{statement_secs}s'; SET lock_timeout = '{statement_secs}s'; \
         SET idle_in_transaction_session_timeout = '60s'; SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; \
         SET tcp_keepalives_count = 6; SET jit = off; SET client_min_messages = warning; \
         SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    );
    connection
        .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(settings)))
        .await?;
    Ok(())
}
