//! Why something could not be written, and whether it can be later.

use std::fmt;

use rusqlite::ErrorCode;

/// What went wrong in a transaction.
#[derive(Debug)]
pub(crate) enum Fault {
    Sqlite(rusqlite::Error),
    /// A reply or a push that stands in the database cannot be read any more. Its text is not shown: followers wrote it.
    Damaged,
}

impl Fault {
    /// Whether it lies with disk, file or locks and may pass; otherwise with what was to be written.
    pub(crate) fn may_pass(&self) -> bool {
        use ErrorCode as Code;
        let Self::Sqlite(error) = self else {
            return false;
        };
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

    /// What the owner can do.
    pub(crate) fn remedy(&self) -> &'static str {
        let Self::Sqlite(error) = self else {
            return "please report this";
        };
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
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(error) => error.fmt(f),
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

impl From<serde_json::Error> for Fault {
    fn from(_: serde_json::Error) -> Self {
        Self::Damaged
    }
}
