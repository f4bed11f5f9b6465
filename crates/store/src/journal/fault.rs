//! Why something could not be written, and whether it can be later.

use std::fmt;
use std::io;

use rusqlite::ErrorCode;

/// What went wrong in a transaction.
#[derive(Debug)]
pub(crate) enum Fault {
    Sqlite(rusqlite::Error),
    Postgres(sqlx::Error),
    /// PostgreSQL has not answered in time, or the connection is stuck.
    Late,
    /// Another server has taken the database over.
    Taken,
    /// A reply or a push that stands in the database cannot be read any more. Its text is not shown: followers wrote it.
    Damaged,
}

impl Fault {
    /// Whether it lies with disk, file, connection or locks and may pass; otherwise with what was to be written.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Sqlite(error) => may_pass_sqlite(error),
            Self::Postgres(error) => may_pass_postgres(error),
            Self::Late | Self::Taken => true,
            Self::Damaged => false,
        }
    }

    /// What the owner can do.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::Sqlite(error) => remedy_sqlite(error),
            Self::Postgres(error) => remedy_postgres(error),
            Self::Late => "see that PostgreSQL, its disk and the network to it are in order",
            Self::Taken => {
                "stop one of the two: as long as the other one runs, this one keeps nothing of what it receives"
            }
            Self::Damaged => "please report this",
        }
    }
}

fn may_pass_sqlite(error: &rusqlite::Error) -> bool {
    use ErrorCode as Code;
    matches!(
        error.sqlite_error_code(),
        Some(
            Code::DiskFull
                | Code::SystemIoFailure
                | Code::ReadOnly
                | Code::DatabaseBusy
                | Code::DatabaseLocked
                | Code::CannotOpen
                | Code::OutOfMemory
                | Code::DatabaseCorrupt
                | Code::NotADatabase
                | Code::PermissionDenied
                | Code::FileLockingProtocolFailed
                | Code::OperationAborted
                | Code::OperationInterrupted
                | Code::SchemaChanged
        )
    )
}

fn remedy_sqlite(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "make room on the disk",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "let the server's user write to the file and its folder, and see that the disk is not mounted read-only"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "end the other program that keeps the database locked"
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "the file is damaged: stop the server and put a backup in its place"
        }
        _ => "see that the disk is in order",
    }
}

/// Only what PostgreSQL says about the data itself never passes: everything else lies with connection, server, disk, rights
/// or locks, and the records wait.
fn may_pass_postgres(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            // Cardinality, data, constraints, limits such as the longest key of an index.
            let code = error.code().unwrap_or_default();
            !matches!(code.get(..2), Some("21" | "22" | "23" | "54"))
        }
        sqlx::Error::Encode(_)
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::TypeNotFound { .. }
        | sqlx::Error::RowNotFound => false,
        _ => true,
    }
}

/// What the owner can do about a fault of PostgreSQL, also while it is opened.
pub(crate) fn remedy_postgres(error: &sqlx::Error) -> &'static str {
    let code = match error {
        sqlx::Error::Database(error) => error.code(),
        sqlx::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            return "is PostgreSQL running there?";
        }
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => {
            return "is PostgreSQL running there, and does the network lead to it?";
        }
        sqlx::Error::Tls(_) => {
            return "see that the server offers TLS and that its certificate is right, or choose another `sslmode`";
        }
        _ => None,
    };
    match code.as_deref() {
        Some("28P01" | "28000") => {
            "see that user and password are right and that pg_hba.conf lets this user in"
        }
        Some("3D000") => "there is no such database: make it with `createdb`",
        Some("42501") => "give this user the right to it, or let it own the database",
        Some("53100") => "make room on the disk of PostgreSQL",
        Some("53300") => {
            "PostgreSQL has no connection left: raise `max_connections` there, or end other programs"
        }
        Some("57014" | "55P03" | "40P01") => "end the other program that keeps the tables locked",
        Some("57P01" | "57P02" | "57P03") => {
            "PostgreSQL stops or starts at the moment; if that lasts, look into its log"
        }
        Some("25006") => "this server of PostgreSQL is read-only: name the one that writes",
        Some("26000") => {
            "connect to PostgreSQL itself: through a pooler that shares connections this cannot work"
        }
        _ => "look into the log of PostgreSQL",
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(error) => error.fmt(f),
            // Its detail may quote what followers wrote.
            Self::Postgres(sqlx::Error::Database(error)) => {
                let code = error.code();
                write!(f, "{} ({})", error.message(), code.unwrap_or_default())
            }
            Self::Postgres(error) => error.fmt(f),
            Self::Late => f.write_str("PostgreSQL did not answer in time"),
            Self::Taken => f.write_str("another Echostr server has taken the database over"),
            Self::Damaged => f.write_str("what stands in the database there cannot be read"),
        }
    }
}

impl std::error::Error for Fault {}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(_: serde_json::Error) -> Self {
        Self::Damaged
    }
}
