//! [`Lock`]: who may write to the database. It ends with the process that has it.
//!
//! A session advisory lock on a connection of its own keeps a second server from starting. That connection may die while the
//! process lives; so the row of `journal_state` names the holder as well, and every transaction begins by locking that row:
//! after another server has taken over, nothing is committed any more.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Row as _};
use tokio::time::{sleep, timeout};

use super::schema::{connect, unconnected};
use super::{PostgresUrl, WRITE_SECS};
use crate::Error;
use crate::journal::Fault;

/// How long the server before this one may take to end, and how often it is looked.
const HANDOVER: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How often it is looked whether the connection lives, and how long its answer may take.
const KEEP_ALIVE: Duration = Duration::from_secs(1);
const ANSWER: Duration = Duration::from_secs(5);

/// By the table, so that two schemas of one database have one lock each.
const TRY: &str = "SELECT pg_try_advisory_lock((1701734765::bigint << 32) | 'journal_state'::regclass::oid::bigint)";

/// From where the lock is held.
const WHO: &str = "SELECT coalesce(host(a.client_addr), 'the same machine'), a.backend_start::text
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.objsubid = 1 AND ((l.classid::bigint << 32) | l.objid::bigint)
          = ((1701734765::bigint << 32) | 'journal_state'::regclass::oid::bigint)
    LIMIT 1";

/// Ends connections of this name that are at nothing. One that is at work may be at a COMMIT, and ends by itself.
const END: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE application_name = $1 AND pid <> pg_backend_pid() AND state <> 'active'";

pub(crate) struct Lock {
    url: PostgresUrl,
    /// Who this process is in `journal_state`.
    pub(crate) holder: String,
    connection: Option<PgConnection>,
    looked_at: Instant,
    is_doubtful: bool,
}

/// What came of looking at the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// All the time.
    Still,
    /// Again, but in between another server may have written.
    Anew,
}

impl Lock {
    /// Takes the lock of a database that is up to date.
    pub(crate) async fn take(url: &PostgresUrl) -> Result<Self, Error> {
        let start = Instant::now();
        let mut lock = Self {
            url: url.clone(),
            holder: format!("{:032x}", rand::random::<u128>()),
            connection: None,
            looked_at: start,
            is_doubtful: false,
        };
        let failed = |source| unconnected(url, source);
        let mut connection = connect(url, &lock.name(), WRITE_SECS)
            .await
            .map_err(failed)?;
        while !try_lock(&mut connection).await.map_err(failed)? {
            if start.elapsed() >= HANDOVER {
                return Err(Error::TakenDatabase {
                    url: url.to_string(),
                    from: who(&mut connection).await.unwrap_or_default(),
                });
            }
            sleep(LOOK_EVERY).await;
        }
        lock.become_holder(&mut connection).await.map_err(failed)?;
        lock.connection = Some(connection);
        Ok(lock)
    }

    /// Makes sure that the lock is held, before something is written and from time to time. Takes it again when its
    /// connection has died.
    pub(super) async fn hold(&mut self) -> Result<Held, Fault> {
        if let Some(mut connection) = self.connection.take() {
            if !self.is_doubtful && self.looked_at.elapsed() < KEEP_ALIVE {
                self.connection = Some(connection);
                return Ok(Held::Still);
            }
            // As long as the connection lives, so does its lock.
            if let Ok(Ok(held)) = timeout(ANSWER, self.become_holder(&mut connection)).await {
                self.keep(connection);
                return Ok(held);
            }
        }
        let mut connection = connect(&self.url, &self.name(), WRITE_SECS).await?;
        let start = Instant::now();
        while !try_lock(&mut connection).await? {
            // It may be held by the connection that was lost, for as long as PostgreSQL does not know of that.
            let n_ended = end_lost(&mut connection, &self.name()).await?;
            if n_ended == 0 || start.elapsed() >= ANSWER {
                return Err(Fault::Taken);
            }
            sleep(LOOK_EVERY).await;
        }
        let held = self.become_holder(&mut connection).await?;
        self.keep(connection);
        Ok(held)
    }

    /// What its connection is called.
    fn name(&self) -> String {
        format!("echostr lock {}", self.holder)
    }

    fn keep(&mut self, connection: PgConnection) {
        self.connection = Some(connection);
        self.looked_at = Instant::now();
        self.is_doubtful = false;
    }

    /// Something failed: the lock is looked at before anything else is written.
    pub(super) fn doubt(&mut self) {
        self.is_doubtful = true;
    }

    /// Names this process as the one that writes, after a transaction of another that may be under way.
    async fn become_holder(&self, connection: &mut PgConnection) -> Result<Held, sqlx::Error> {
        let changed =
            sqlx::query("UPDATE journal_state SET holder = $1, batch = 0 WHERE holder <> $1")
                .bind(&self.holder)
                .execute(connection)
                .await?;
        Ok(match changed.rows_affected() {
            0 => Held::Still,
            _ => Held::Anew,
        })
    }

    /// Frees the lock at once.
    pub(crate) async fn free(&mut self) {
        if let Some(connection) = self.connection.take() {
            // Otherwise PostgreSQL frees it when it notices that the connection is gone.
            let _ = timeout(ANSWER, connection.close()).await;
        }
    }
}

/// Ends what is left in PostgreSQL of lost connections of this name; how many that were.
pub(super) async fn end_lost(
    connection: &mut PgConnection,
    name: &str,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(END)
        .bind(name)
        .fetch_one(connection)
        .await
}

async fn try_lock(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(TRY).fetch_one(connection).await
}

/// ` (from 10.0.0.5, since …)`; nothing when that cannot be seen.
async fn who(connection: &mut PgConnection) -> Option<String> {
    let row = sqlx::query(WHO).fetch_optional(connection).await.ok()??;
    let (host, since): (String, Option<String>) = (row.try_get(0).ok()?, row.try_get(1).ok()?);
    Some(match since {
        Some(since) => format!(" (from {host}, since {since})"),
        None => format!(" (from {host})"),
    })
}
