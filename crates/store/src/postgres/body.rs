//! [`ServerBody`]: applies batches to PostgreSQL, on one connection, in a runtime of the writer's thread.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tracing::error;

use super::apply::{Transaction, n_ids};
use super::index::Portion;
use super::lock::{Held, Lock, end_lost};
use super::schema::{bring_up_to_date, connect, unconnected};
use super::tidy::Tidy;
use super::{PostgresUrl, WRITE_SECS};
use crate::Error;
use crate::db::Holder;
use crate::journal::known::Known;
use crate::journal::{Body, Fault, Item, Outcome, Retention};
use crate::value::now_ms;

/// How long one transaction may take on our side: longer than any of its statements on the other.
const PATIENCE: Duration = Duration::from_secs(45);

/// The writer's side of the server.
pub(super) struct ServerBody {
    server: Server,
    // Dropped after the connections.
    runtime: Runtime,
}

struct Server {
    url: PostgresUrl,
    lock: Lock,
    holder: Holder,
    // Opened anew after a fault.
    connection: Option<PgConnection>,
    known: Known,
    first_id: i64,
    // The number of the latest transaction.
    batch: i64,
    // What comes of the COMMIT that is under way, or in which the connection was lost.
    unsure: Option<(i64, Outcome)>,
    tidy: Tidy,
    is_taken_told: bool,
}

impl ServerBody {
    /// Brings the database up to date and takes its lock. Not for asynchronous code: it waits.
    pub(super) fn open(url: &PostgresUrl) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| Error::Thread { source })?;
        let server = runtime.block_on(async {
            bring_up_to_date(url).await?;
            let lock = Lock::take(url).await?;
            let unwritable = |source| unconnected(url, source);
            let mut connection = writing(url, &lock.holder).await.map_err(unwritable)?;
            if is_half_copied(&mut connection).await.map_err(unwritable)? {
                return Err(Error::HalfCopied {
                    url: url.to_string(),
                });
            }
            let first_id = first_id(&mut connection).await.map_err(unwritable)?;
            Ok(Server {
                url: url.clone(),
                holder: Holder::new(&lock.holder, url),
                lock,
                connection: Some(connection),
                known: Known::default(),
                first_id,
                batch: 0,
                unsure: None,
                tidy: Tidy::default(),
                is_taken_told: false,
            })
        })?;
        Ok(Self { server, runtime })
    }

    pub(super) fn holder(&self) -> Holder {
        self.server.holder.clone()
    }
}

impl Server {
    /// One transaction, with the lock held.
    async fn transact(&mut self, items: &[Item], first: usize) -> Result<Outcome, Fault> {
        self.hold().await?;
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(writing(&self.url, &self.lock.holder).await?),
        };
        if let Some((batch, _)) = &self.unsure {
            // Waits for that transaction, should it still be under way.
            let latest = latest_batch(connection, &self.lock.holder).await?;
            let is_written = latest == Some(*batch);
            if let Some((_, outcome)) = self.unsure.take()
                && is_written
            {
                return Ok(outcome);
            }
        }
        self.batch += 1;
        let n_ids = n_ids(items);
        let last_id = begin(connection, &self.lock.holder, self.batch, n_ids).await?;
        let next_id = last_id - n_ids + 1;
        let transaction = Transaction::new(connection, &mut self.known, self.first_id, next_id);
        let outcome = transaction.apply(items, first).await?;
        self.unsure = Some((self.batch, outcome));
        connection.execute("COMMIT").await?;
        Ok(self
            .unsure
            .take()
            .map(|(_, outcome)| outcome)
            .unwrap_or_default())
    }

    async fn tidy(&mut self, retention: Retention) -> Result<Option<bool>, Fault> {
        self.hold().await?;
        let Some(connection) = &mut self.connection else {
            return Ok(None);
        };
        self.batch += 1;
        begin(connection, &self.lock.holder, self.batch, 0).await?;
        let done = self.tidy.portion(connection, retention).await?;
        connection.execute("COMMIT").await?;
        if done.has_forgotten {
            self.known.clear();
        }
        Ok(Some(done.is_more))
    }

    async fn index(&mut self) -> Result<bool, Fault> {
        self.hold().await?;
        let Some(connection) = &mut self.connection else {
            return Ok(false);
        };
        // Nobody else writes: what is found here is still so in the transaction. An idle server writes nothing.
        let Some(portion) = Portion::find(connection, now_ms()).await? else {
            return Ok(false);
        };
        self.batch += 1;
        begin(connection, &self.lock.holder, self.batch, 0).await?;
        let is_more = portion.write(connection).await?;
        connection.execute("COMMIT").await?;
        Ok(is_more)
    }

    async fn hold(&mut self) -> Result<(), Fault> {
        match self.lock.hold().await {
            Ok(Held::Still) => {}
            Ok(Held::Anew) => {
                self.known.clear();
                self.holder.returned();
            }
            Err(fault) => {
                if matches!(fault, Fault::Taken) && !self.is_taken_told {
                    self.is_taken_told = true;
                    error!(
                        "another Echostr server has taken over the database at {} while the connection to it was lost: {}",
                        self.url,
                        fault.remedy()
                    );
                }
                return Err(fault);
            }
        }
        self.is_taken_told = false;
        Ok(())
    }
}

impl Body for ServerBody {
    // A transaction costs both sides together more than a millisecond of a processor.
    const GATHER: Duration = Duration::from_millis(5);

    fn name(&self) -> String {
        self.server.url.to_string()
    }

    fn write(&mut self, items: &[Item], first: usize, is_again: bool) -> Result<Outcome, Fault> {
        if !is_again {
            // Of something else that was given up.
            self.server.unsure = None;
        }
        let work = self.server.transact(items, first);
        self.runtime.block_on(in_time(work))
    }

    fn failed(&mut self) {
        self.server.known.clear();
        self.server.connection = None;
        self.server.lock.doubt();
    }

    fn written(&mut self, _: usize) {}

    fn idle(&mut self) {
        // What is wrong is told when something is to be written; that another server is there, at once.
        let _ = self.runtime.block_on(in_time(self.server.hold()));
    }

    fn probe(&mut self) -> Result<(), Fault> {
        // Every transaction has a number, which is written.
        self.write(&[], 0, false).map(drop)
    }

    fn between(&mut self) {}

    fn tidy(&mut self, retention: Retention) -> Result<Option<bool>, Fault> {
        let work = self.server.tidy(retention);
        self.runtime.block_on(in_time(work))
    }

    fn index(&mut self) -> Result<bool, Fault> {
        let work = self.server.index();
        self.runtime.block_on(in_time(work))
    }
}

impl Drop for ServerBody {
    fn drop(&mut self) {
        let Server {
            connection, lock, ..
        } = &mut self.server;
        self.runtime.block_on(async {
            if let Some(connection) = connection.take() {
                // When it is not closed, PostgreSQL notices that it is gone.
                let _ = timeout(Duration::from_secs(1), connection.close()).await;
            }
            lock.free().await;
        });
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    timeout(PATIENCE, work).await.unwrap_or(Err(Fault::Late))
}

/// A connection that writes. Its plans are made once and for tables of any size: every statement of it finds its rows by an
/// index. One before it that was lost may stand in its way, with half a transaction.
async fn writing(url: &PostgresUrl, holder: &str) -> Result<PgConnection, sqlx::Error> {
    let name = format!("echostr journal {holder}");
    let mut connection = connect(url, &name, WRITE_SECS).await?;
    end_lost(&mut connection, &name).await?;
    connection
        .execute(
            "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; \
             SET enable_mergejoin = off",
        )
        .await?;
    Ok(connection)
}

/// Begins a transaction of the holder, draws so many numbers of messages and answers the last of them.
async fn begin(
    connection: &mut PgConnection,
    holder: &str,
    batch: i64,
    n_ids: i64,
) -> Result<i64, Fault> {
    let last_id = if n_ids == 0 {
        "0::bigint".to_owned()
    } else {
        // Nobody else draws.
        format!("setval('messages_id_seq', nextval('messages_id_seq') + {n_ids})")
    };
    // One round trip.
    let sql = format!(
        "BEGIN; UPDATE journal_state SET batch = {batch} WHERE holder = '{holder}' RETURNING {last_id}"
    );
    let rows = sqlx::raw_sql(AssertSqlSafe(sql))
        .fetch_all(connection)
        .await?;
    let row = rows.first().ok_or(Fault::Taken)?;
    Ok(row.try_get(0)?)
}

/// The number of this holder's latest transaction; waits for one that is under way.
async fn latest_batch(
    connection: &mut PgConnection,
    holder: &str,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT batch FROM journal_state WHERE holder = $1 FOR UPDATE")
        .bind(holder)
        .fetch_optional(connection)
        .await
}

/// Whether `echostr migrate-to` has begun and not ended.
async fn is_half_copied(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM migration WHERE completed_at_ms IS NULL)")
        .fetch_one(connection)
        .await
}

/// Pushes with ids above this are received by this process. Whatever was copied in, new ids are greater.
async fn first_id(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query(
        "SELECT setval('followers_id_seq', greatest((SELECT last_value FROM followers_id_seq), (SELECT max(id) FROM followers)))",
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query_scalar(
        "SELECT setval('messages_id_seq', greatest((SELECT last_value FROM messages_id_seq), (SELECT max(id) FROM messages)))",
    )
    .fetch_one(connection)
    .await
}
