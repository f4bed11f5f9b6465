//! [`migrate_to`]: copies the journal of a data folder into PostgreSQL: in portions, each once; interrupted, it goes on where
//! it was; at the end every table is compared.
//!
//! Rows travel in PostgreSQL's binary form of COPY. The same bytes are made from the file and read back from the server, so
//! that one digest tells whether a table is the same on both sides.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::TryStreamExt as _;
use ring::digest::{Context, Digest, SHA256};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor as _};
use tokio::sync::mpsc;

use crate::db::without_nul;
use crate::postgres::{Lock, PostgresUrl, bring_up_to_date, connect};
use crate::value::{now_ms, signed, unsigned};
use crate::{Error, schema};

/// Every table that is copied, with the order of its rows; those that name others come after them. What can be searched is
/// not copied: the server makes it anew.
const TABLES: [Table; 23] = [
    table("accounts", "id"),
    table("master_keys", "key_id"),
    table("secrets", "account_id, name"),
    table("seen", "account_id"),
    table("api_keys", "id"),
    table("audit", "id"),
    table("followers", "id"),
    table("sessions", "follower_id, name"),
    table("latest", "follower_id"),
    table("messages", "id"),
    table("deliveries", "message_id, place"),
    table("answers", "rowid"),
    table("links", "id"),
    table("pages", "hash"),
    table("tokens", "name"),
    table("sent", "id"),
    table("uploads", "account_id, hash"),
    table("capabilities", "account_id"),
    table("idempotency", "account_id, key"),
    table("rules", "id"),
    table("turns", "id"),
    table("latest_turns", "follower_id"),
    table("model_usage", "account_id, day, model"),
];

/// Rows and bytes of one transaction.
const PORTION_ROWS: u64 = 10_000;
const PORTION_BYTES: usize = 8 << 20;

/// The beginning and the end of a COPY in binary form.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: &[u8] = b"\xff\xff";

/// One statement may read a whole table.
const STATEMENT_SECS: u32 = 0;

#[derive(Debug, Clone, Copy)]
struct Table {
    name: &'static str,
    key: &'static str,
}

const fn table(name: &'static str, key: &'static str) -> Table {
    Table { name, key }
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MigrateStep {
    /// The table.
    pub table: &'static str,
    /// Whether its rows are compared; before that they are copied.
    pub is_compared: bool,
    /// So many rows are done.
    pub rows: u64,
    /// So many there are.
    pub of: u64,
}

/// What was copied: tables with their rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// In the order in which they were copied.
    pub tables: Vec<(&'static str, u64)>,
}

/// Copies the journal of this data folder into the database at `url`, which is empty or was copied to before by this. No
/// server may run on either. `told` is called after each portion; when `stop` is set, it ends after the portion that is
/// under way, and goes on there when it is called again.
///
/// # Errors
/// A server runs, the folder has no journal, the database holds something else, the schemas differ, the connection is lost,
/// or what was copied is not the same.
pub async fn migrate_to(
    folder: &Path,
    url: &PostgresUrl,
    stop: &AtomicBool,
    mut told: impl FnMut(MigrateStep),
) -> Result<Migrated, Error> {
    if !folder.join(schema::FILE_NAME).exists() {
        return Err(Error::Missing {
            path: folder.join(schema::FILE_NAME),
        });
    }
    let folder_lock = schema::lock(folder).await?;
    let path = schema::find(folder).await?;
    bring_up_to_date(url).await?;
    let mut target = Target::open(url).await?;
    let done = copy_all(&path, &mut target, stop, &mut told).await;
    target.lock.free().await;
    // Held until nothing is read any more.
    drop(folder_lock);
    done
}

async fn copy_all(
    path: &Path,
    target: &mut Target,
    stop: &AtomicBool,
    told: &mut impl FnMut(MigrateStep),
) -> Result<Migrated, Error> {
    let origin = Origin::open(path)?;
    target.begin(&origin.fingerprint()?).await?;
    let mut plans = Vec::new();
    for table in TABLES {
        let columns = target.columns(table).await?;
        plans.push(origin.plan(table, columns)?);
    }
    for plan in &plans {
        copy_table(path, target, plan, stop, told).await?;
    }
    for (table, sequence) in origin.sequences()? {
        target.set_sequence(table, sequence).await?;
    }
    let mut tables = Vec::new();
    for plan in &plans {
        compare_table(path, target, plan, stop, told).await?;
        tables.push((plan.table.name, plan.rows));
    }
    target.complete().await?;
    Ok(Migrated { tables })
}

/// Copies what is not there yet of a table.
async fn copy_table(
    path: &Path,
    target: &mut Target,
    plan: &Plan,
    stop: &AtomicBool,
    told: &mut impl FnMut(MigrateStep),
) -> Result<(), Error> {
    let mut rows = target.rows_copied(plan.table).await?;
    let mut step = MigrateStep {
        table: plan.table.name,
        is_compared: false,
        rows,
        of: plan.rows,
    };
    told(step);
    let mut portions = read(path, plan, rows);
    while let Some(portion) = portions.recv().await {
        let portion = portion?;
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        target.write(plan, &portion, rows).await?;
        rows += portion.rows;
        step.rows = rows;
        told(step);
    }
    Ok(())
}

/// Compares a table on both sides.
async fn compare_table(
    path: &Path,
    target: &mut Target,
    plan: &Plan,
    stop: &AtomicBool,
    told: &mut impl FnMut(MigrateStep),
) -> Result<(), Error> {
    let copied = target.digest(plan).await?;
    let mut digest = Context::new(&SHA256);
    let mut step = MigrateStep {
        table: plan.table.name,
        is_compared: true,
        rows: 0,
        of: plan.rows,
    };
    told(step);
    let mut portions = read(path, plan, 0);
    while let Some(portion) = portions.recv().await {
        let portion = portion?;
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        digest.update(&portion.bytes);
        step.rows += portion.rows;
        told(step);
    }
    let found = target.count(plan.table).await?;
    if found != step.rows || copied.as_ref() != digest.finish().as_ref() {
        return Err(Error::Differs {
            url: target.url.to_string(),
            table: plan.table.name,
            expected: step.rows,
            found,
        });
    }
    Ok(())
}

/// How a table is copied.
#[derive(Debug, Clone)]
struct Plan {
    table: Table,
    columns: Vec<String>,
    rows: u64,
}

/// The file.
struct Origin {
    connection: Connection,
}

impl Origin {
    fn open(path: &Path) -> Result<Self, Error> {
        let connection = reader(path).map_err(|source| unread("_sqlx_migrations", source))?;
        Ok(Self { connection })
    }

    /// Which journal it is: no two were made in the same nanoseconds.
    fn fingerprint(&self) -> Result<String, Error> {
        let rows = || -> rusqlite::Result<Vec<String>> {
            let mut select = self.connection.prepare(
                "SELECT version || ' ' || installed_on || ' ' || execution_time FROM _sqlx_migrations ORDER BY version LIMIT 1",
            )?;
            let rows = select.query_map([], |row| row.get(0))?;
            rows.collect()
        };
        let rows = rows().map_err(|source| unread("_sqlx_migrations", source))?;
        let digest = ring::digest::digest(&SHA256, rows.join("\n").as_bytes());
        let (first, _) = digest.as_ref().split_at(16);
        let number = first.try_into().map(u128::from_be_bytes);
        Ok(format!("{:032x}", number.unwrap_or_default()))
    }

    /// The columns of the target, if both have the same.
    fn plan(&self, table: Table, columns: Vec<String>) -> Result<Plan, Error> {
        let look = || -> rusqlite::Result<(Vec<String>, i64)> {
            let mut select = self
                .connection
                .prepare("SELECT name FROM pragma_table_info(?1)")?;
            let names = select.query_map([table.name], |row| row.get(0))?;
            let mut names: Vec<String> = names.collect::<Result<_, _>>()?;
            if table.name == "answers" {
                // The order in which they came: SQLite has that without a column.
                names.push("rowid".into());
            }
            let count = format!("SELECT count(*) FROM {}", table.name);
            Ok((
                names,
                self.connection.query_row(&count, [], |row| row.get(0))?,
            ))
        };
        let (mut here, rows) = look().map_err(|source| unread(table.name, source))?;
        let mut there = columns.clone();
        here.sort();
        there.sort();
        if here != there {
            return Err(Error::Columns { table: table.name });
        }
        Ok(Plan {
            table,
            columns,
            rows: unsigned(rows),
        })
    }

    /// The numbers that were given last: none is given twice, also when its row was deleted.
    fn sequences(&self) -> Result<Vec<(&'static str, i64)>, Error> {
        let mut sequences = Vec::new();
        for (table, sql) in [
            ("accounts", "SELECT coalesce(max(id), 0) FROM accounts"),
            (
                "followers",
                "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'followers'",
            ),
            (
                "messages",
                "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'messages'",
            ),
            (
                "audit",
                "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'audit'",
            ),
            (
                "turns",
                "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'turns'",
            ),
            ("answers", "SELECT coalesce(max(rowid), 0) FROM answers"),
            ("sent", "SELECT coalesce(max(id), 0) FROM sent"),
        ] {
            let last = self.connection.query_row(sql, [], |row| row.get(0));
            sequences.push((table, last.map_err(|source| unread(table, source))?));
        }
        Ok(sequences)
    }
}

/// Rows in the binary form of COPY.
struct Portion {
    bytes: Vec<u8>,
    rows: u64,
}

/// Reads a table after its first rows, on a thread of its own.
fn read(path: &Path, plan: &Plan, skip: u64) -> mpsc::Receiver<Result<Portion, Error>> {
    let (sender, receiver) = mpsc::channel(2);
    let (path, plan): (PathBuf, Plan) = (path.to_owned(), plan.clone());
    tokio::task::spawn_blocking(move || {
        if let Err(source) = read_within(&path, &plan, skip, &sender) {
            // Whoever asked may have gone.
            let _ = sender.blocking_send(Err(unread(plan.table.name, source)));
        }
    });
    receiver
}

fn read_within(
    path: &Path,
    plan: &Plan,
    skip: u64,
    sender: &mpsc::Sender<Result<Portion, Error>>,
) -> rusqlite::Result<()> {
    let connection = reader(path)?;
    let sql = format!(
        "SELECT {} FROM {} ORDER BY {} LIMIT -1 OFFSET {skip}",
        plan.columns.join(", "),
        plan.table.name,
        plan.table.key
    );
    let mut select = connection.prepare(&sql)?;
    let mut rows = select.query([])?;
    let mut portion = Portion {
        bytes: Vec::new(),
        rows: 0,
    };
    while let Some(row) = rows.next()? {
        encode(row, plan.columns.len(), &mut portion.bytes)?;
        portion.rows += 1;
        if portion.rows >= PORTION_ROWS || portion.bytes.len() >= PORTION_BYTES {
            let full = std::mem::replace(
                &mut portion,
                Portion {
                    bytes: Vec::new(),
                    rows: 0,
                },
            );
            if sender.blocking_send(Ok(full)).is_err() {
                return Ok(());
            }
        }
    }
    if portion.rows > 0 {
        // Whoever asked may have gone.
        let _ = sender.blocking_send(Ok(portion));
    }
    Ok(())
}

/// One row: the number of its columns, and of each its length and its bytes.
fn encode(row: &rusqlite::Row<'_>, n_columns: usize, bytes: &mut Vec<u8>) -> rusqlite::Result<()> {
    // Tables have a dozen columns, and SQLite's values less than 2^31 bytes.
    bytes.extend(i16::try_from(n_columns).unwrap_or(i16::MAX).to_be_bytes());
    for column in 0..n_columns {
        let number;
        let text;
        let value: &[u8] = match row.get_ref(column)? {
            ValueRef::Null => {
                bytes.extend((-1_i32).to_be_bytes());
                continue;
            }
            ValueRef::Integer(integer) => {
                number = integer.to_be_bytes();
                &number
            }
            ValueRef::Text(raw) => {
                text = String::from_utf8_lossy(raw);
                bytes_of(&text, bytes);
                continue;
            }
            ValueRef::Blob(blob) => blob,
            ValueRef::Real(_) => {
                let name = row.as_ref().column_name(column)?.to_owned();
                let kind = rusqlite::types::Type::Real;
                return Err(rusqlite::Error::InvalidColumnType(column, name, kind));
            }
        };
        bytes.extend(i32::try_from(value.len()).unwrap_or(i32::MAX).to_be_bytes());
        bytes.extend(value);
    }
    Ok(())
}

/// A text with its length.
fn bytes_of(text: &str, bytes: &mut Vec<u8>) {
    let text = without_nul(text);
    bytes.extend(i32::try_from(text.len()).unwrap_or(i32::MAX).to_be_bytes());
    bytes.extend(text.as_bytes());
}

/// A connection that reads the file.
fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(schema::PATIENCE)?;
    Ok(connection)
}

fn unread(table: &'static str, source: rusqlite::Error) -> Error {
    Error::MigrateRead { table, source }
}

/// The server.
struct Target {
    url: PostgresUrl,
    lock: Lock,
    connection: PgConnection,
}

impl Target {
    /// Takes the lock of the database that servers take.
    async fn open(url: &PostgresUrl) -> Result<Self, Error> {
        let lock = Lock::take(url).await?;
        let connection = connect(url, "echostr migrate-to", STATEMENT_SECS).await;
        Ok(Self {
            connection: connection.map_err(|source| unwritten(url, source))?,
            url: url.clone(),
            lock,
        })
    }

    /// Notes which journal is copied, or finds that it is the same that was.
    async fn begin(&mut self, fingerprint: &str) -> Result<(), Error> {
        let state: Option<(String, Option<i64>)> =
            sqlx::query_as("SELECT fingerprint, completed_at_ms FROM migration")
                .fetch_optional(&mut self.connection)
                .await
                .map_err(|source| unwritten(&self.url, source))?;
        match state {
            Some((_, Some(_))) => Err(Error::MigratedBefore {
                url: self.url.to_string(),
            }),
            Some((found, None)) if found == fingerprint => Ok(()),
            Some(_) => Err(Error::Occupied {
                url: self.url.to_string(),
                table: "migration",
            }),
            None => {
                for table in TABLES {
                    if self.count(table).await? > 0 {
                        return Err(Error::Occupied {
                            url: self.url.to_string(),
                            table: table.name,
                        });
                    }
                }
                sqlx::query("INSERT INTO migration (fingerprint, started_at_ms) VALUES ($1, $2)")
                    .bind(fingerprint)
                    .bind(now_ms())
                    .execute(&mut self.connection)
                    .await
                    .map_err(|source| unwritten(&self.url, source))?;
                Ok(())
            }
        }
    }

    async fn complete(&mut self) -> Result<(), Error> {
        sqlx::query("UPDATE migration SET completed_at_ms = $1")
            .bind(now_ms())
            .execute(&mut self.connection)
            .await
            .map_err(|source| unwritten(&self.url, source))?;
        Ok(())
    }

    /// The columns of a table, in their order.
    async fn columns(&mut self, table: Table) -> Result<Vec<String>, Error> {
        sqlx::query_scalar(
            "SELECT attname::text FROM pg_attribute
             WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        )
        .bind(table.name)
        .fetch_all(&mut self.connection)
        .await
        .map_err(|source| unwritten(&self.url, source))
    }

    async fn count(&mut self, table: Table) -> Result<u64, Error> {
        let sql = format!("SELECT count(*) FROM {}", table.name);
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut self.connection)
            .await
            .map_err(|source| unwritten(&self.url, source))?;
        Ok(unsigned(count))
    }

    async fn rows_copied(&mut self, table: Table) -> Result<u64, Error> {
        let rows: Option<i64> =
            sqlx::query_scalar("SELECT rows FROM migration_tables WHERE name = $1")
                .bind(table.name)
                .fetch_optional(&mut self.connection)
                .await
                .map_err(|source| unwritten(&self.url, source))?;
        Ok(unsigned(rows.unwrap_or_default()))
    }

    /// One portion, and how far the table is with it, in one transaction.
    async fn write(&mut self, plan: &Plan, portion: &Portion, before: u64) -> Result<(), Error> {
        let done = self.write_within(plan, portion, before).await;
        done.map_err(|source| unwritten(&self.url, source))
    }

    async fn write_within(
        &mut self,
        plan: &Plan,
        portion: &Portion,
        before: u64,
    ) -> Result<(), sqlx::Error> {
        let connection = &mut self.connection;
        connection.execute("BEGIN").await?;
        // As every transaction of a server: nothing is written when another one has taken over.
        let fenced = sqlx::query("UPDATE journal_state SET batch = batch + 1 WHERE holder = $1")
            .bind(&self.lock.holder)
            .execute(&mut *connection)
            .await?;
        if fenced.rows_affected() != 1 {
            return Err(sqlx::Error::Protocol(
                "another server has taken the database over".into(),
            ));
        }
        let sql = format!(
            "COPY {} ({}) FROM STDIN (FORMAT binary)",
            plan.table.name,
            plan.quoted()
        );
        let mut copy = connection.copy_in_raw(&sql).await?;
        copy.send(HEADER).await?;
        copy.send(&portion.bytes[..]).await?;
        copy.send(TRAILER).await?;
        copy.finish().await?;
        sqlx::query(
            "INSERT INTO migration_tables (name, rows) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET rows = excluded.rows",
        )
        .bind(plan.table.name)
        .bind(signed(before + portion.rows))
        .execute(&mut *connection)
        .await?;
        connection.execute("COMMIT").await?;
        Ok(())
    }

    async fn set_sequence(&mut self, table: &str, last: i64) -> Result<(), Error> {
        let column = if table == "answers" { "rowid" } else { "id" };
        sqlx::query("SELECT setval(pg_get_serial_sequence($1, $2), greatest($3, 1), $3 > 0)")
            .bind(table)
            .bind(column)
            .bind(last)
            .execute(&mut self.connection)
            .await
            .map_err(|source| unwritten(&self.url, source))?;
        Ok(())
    }

    /// The digest of a table, over the bytes of its rows in their order.
    async fn digest(&mut self, plan: &Plan) -> Result<Digest, Error> {
        let digest = self.digest_within(plan).await;
        digest.map_err(|source| unwritten(&self.url, source))
    }

    async fn digest_within(&mut self, plan: &Plan) -> Result<Digest, sqlx::Error> {
        let connection = &mut self.connection;
        let texts: Vec<String> = sqlx::query_scalar(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1) AND atttypid = 'text'::regtype",
        )
        .bind(plan.table.name)
        .fetch_all(&mut *connection)
        .await?;
        let key = plan.table.key.split(", ").map(|column| {
            // Byte by byte, as SQLite has it.
            let is_text = texts.iter().any(|text| text == column);
            format!(
                "\"{column}\"{}",
                if is_text { " COLLATE \"C\"" } else { "" }
            )
        });
        let key: Vec<_> = key.collect();
        let sql = format!(
            "COPY (SELECT {} FROM {} ORDER BY {}) TO STDOUT (FORMAT binary)",
            plan.quoted(),
            plan.table.name,
            key.join(", ")
        );
        let mut digest = Context::new(&SHA256);
        let mut head = HEADER.len();
        // The end is known only when nothing follows.
        let mut held = Vec::new();
        let mut chunks = connection.copy_out_raw(&sql).await?;
        while let Some(chunk) = chunks.try_next().await? {
            let passed = head.min(chunk.len());
            head -= passed;
            held.extend_from_slice(&chunk[passed..]);
            let whole = held.len().saturating_sub(TRAILER.len());
            digest.update(&held[..whole]);
            held.drain(..whole);
        }
        Ok(digest.finish())
    }
}

impl Plan {
    fn quoted(&self) -> String {
        let quoted = self.columns.iter().map(|column| format!("\"{column}\""));
        quoted.collect::<Vec<_>>().join(", ")
    }
}

fn unwritten(url: &PostgresUrl, source: sqlx::Error) -> Error {
    Error::MigrateWrite {
        url: url.to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::value::empty;

    #[test]
    fn every_table_is_copied() {
        let connection = empty();
        let mut select = connection
            .prepare(
                "SELECT name FROM sqlite_master WHERE type = 'table'
                 AND name NOT LIKE 'search%' AND name NOT LIKE 'sqlite%'",
            )
            .expect("a statement");
        let tables = select.query_map([], |row| row.get(0)).expect("tables");
        let tables: BTreeSet<String> = tables.map(|name| name.expect("a name")).collect();
        let copied = TABLES.iter().map(|table| table.name.to_owned());
        assert_eq!(copied.collect::<BTreeSet<_>>(), tables);
    }
}
