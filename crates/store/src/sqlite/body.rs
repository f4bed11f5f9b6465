//! [`FileBody`]: applies batches to the file, on one connection of rusqlite.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::apply::{Cache, Transaction};
use super::checkpoint::Progress;
use super::index;
use super::tidy::Tidy;
use crate::Error;
use crate::journal::{Body, Fault, Item, Outcome, Retention};
use crate::value::now_ms;

/// How long another connection may keep the database locked without that being a fault.
const PATIENCE: Duration = Duration::from_secs(1);

/// The writer's side of the file.
pub(crate) struct FileBody {
    path: PathBuf,
    // Opened anew after a fault.
    connection: Option<Connection>,
    cache: Cache,
    first_id: i64,
    progress: Progress,
    tidy: Tidy,
}

impl FileBody {
    pub(crate) fn open(path: &Path, progress: Progress) -> Result<Self, Error> {
        let unwritable = |source| Error::Writer {
            path: path.to_owned(),
            source,
        };
        let connection = connect(path, PATIENCE).map_err(unwritable)?;
        let first_id = connection
            .query_row("SELECT coalesce(max(id), 0) FROM messages", [], |row| {
                row.get(0)
            })
            .map_err(unwritable)?;
        Ok(Self {
            path: path.to_owned(),
            connection: Some(connection),
            cache: Cache::default(),
            first_id,
            progress,
            tidy: Tidy::default(),
        })
    }
}

impl Body for FileBody {
    const GATHER: Duration = Duration::from_micros(500);

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn write(&mut self, items: &[Item], first: usize, _: bool) -> Result<Outcome, Fault> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(connect(&self.path, PATIENCE)?),
        };
        let mut transaction = Transaction::begin(connection, &mut self.cache, self.first_id)?;
        let mut outcome = Outcome::default();
        for (place, item) in items.iter().enumerate() {
            match item {
                Item::Call(call, records) => {
                    if let Some((reply, at)) = transaction.call(records)? {
                        outcome.instead.push((*call, reply, at));
                    }
                }
                Item::Op(op, Some(_)) => outcome.answers.push((first + place, transaction.op(op)?)),
                Item::Op(_, None) => {}
            }
        }
        transaction.commit()?;
        Ok(outcome)
    }

    fn failed(&mut self) {
        self.cache.clear();
        self.connection = None;
    }

    fn written(&mut self, records: usize) {
        self.progress.written(records);
    }

    fn idle(&mut self) {
        self.progress.idle();
    }

    fn probe(&mut self) -> Result<(), Fault> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(connect(&self.path, PATIENCE)?),
        };
        // The page is written all the same.
        connection.execute("UPDATE search_state SET indexed_to = indexed_to", [])?;
        Ok(())
    }

    fn between(&mut self) {
        if let Some(connection) = &self.connection {
            self.progress.last_step(connection);
        }
    }

    fn tidy(&mut self, retention: Retention) -> Result<Option<bool>, Fault> {
        let Some(connection) = &self.connection else {
            return Ok(None);
        };
        let done = self.tidy.portion(connection, retention)?;
        self.progress.written(done.rows);
        if done.has_forgotten {
            self.cache.clear();
        }
        Ok(Some(done.is_more))
    }

    fn index(&mut self) -> Result<bool, Fault> {
        let Some(connection) = &self.connection else {
            return Ok(false);
        };
        let done = index::portion(connection, now_ms())?;
        self.progress.written(done.rows);
        Ok(done.is_more)
    }
}

/// A connection that writes. It waits so long for another one that keeps the database locked.
pub(crate) fn connect(path: &Path, patience: Duration) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(patience)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 0;
         -- The file of the log keeps its size, so that a commit writes blocks that are there already.
         PRAGMA journal_size_limit = 67108864;
         -- The statements here keep the references in order themselves.
         PRAGMA foreign_keys = OFF;
         -- What a page is rid of is overwritten where the page is written anyway: nothing of a follower who is forgotten later
         -- stays behind a copy.
         PRAGMA secure_delete = FAST;
         PRAGMA cache_size = -8000;
         PRAGMA temp_store = MEMORY;",
    )?;
    Ok(connection)
}
