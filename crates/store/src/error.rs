//! Why the journal cannot be opened or read.

use std::io;
use std::path::PathBuf;

use crate::account::Incomplete;
use crate::vault::BadMasterKey;

/// What was tried, with which file or database, and what to do. The cause is in `source()`; nothing that a follower wrote is here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data folder cannot be made.
    #[error(
        "cannot create the data folder {}: make it by hand and let the server's user write in it, or name another with `data`",
        path.display()
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The database file cannot be made.
    #[error(
        "cannot create the database {}: is the disk full, or may the server's user not write in this folder?",
        path.display()
    )]
    Create {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another server is at work on the data folder.
    #[error(
        "another Echostr server is using the data folder {}: stop that one, or give this one a folder of its own with `data`",
        path.display()
    )]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// Other servers cannot be kept out of the data folder.
    #[error(
        "cannot make or lock the file {}: may the server's user write in this folder, is the disk full or read-only, or does \
         its file system know no locks?",
        path.display()
    )]
    Lock {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is no database to read.
    #[error(
        "there is no database at {}: nothing was received yet, or the data is in another folder; name it with `--data`",
        path.display()
    )]
    Missing {
        /// The file that was looked for.
        path: PathBuf,
    },
    /// The file is something else.
    #[error(
        "cannot open the database {}: the file is none, or it is damaged; \
         move it away to begin anew, or put a backup in its place (the files ending in -wal and -shm belong to it)",
        path.display()
    )]
    NotADatabase {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
    /// The file is a database, but of another program.
    #[error(
        "cannot use the database {}: it has tables of another program (`{table}`); name another folder with `data`",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// One of its tables.
        table: String,
    },
    /// A newer Echostr has written it.
    #[error(
        "cannot use the database {}: its schema is version {found}, this Echostr knows versions up to {known}; \
         run the newer Echostr again, or restore a backup from before the upgrade",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// An older Echostr has written it, and it is only to be read.
    #[error(
        "cannot read the database {}: its schema is version {found}, this Echostr needs {known}; \
         start the server once, which brings it up to date",
        path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The one that is needed.
        known: i64,
    },
    /// The schema could not be brought up to date.
    #[error(
        "cannot bring the database {} up to date: is the disk full or read-only? The data that was there is unharmed",
        path.display()
    )]
    Migrate {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: sqlx::migrate::MigrateError,
    },
    /// It cannot be opened for another reason.
    #[error("cannot open the database {}: {remedy}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What to do.
        remedy: &'static str,
        /// What SQLite says.
        source: sqlx::Error,
    },
    /// Its writer cannot start.
    #[error("cannot start to write to the database {}: may the server's user write to it, and is there room?", path.display())]
    Writer {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A thread cannot start.
    #[error("cannot start the journal's thread: are too many processes running?")]
    Thread {
        /// Why not.
        source: io::Error,
    },
    /// PostgreSQL cannot be reached, or lets nobody in.
    #[error("cannot open the database at {url}: {remedy}")]
    Connect {
        /// The address, without the password.
        url: String,
        /// What to do.
        remedy: &'static str,
        /// What PostgreSQL or the system says.
        source: sqlx::Error,
    },
    /// PostgreSQL keeps texts in another encoding.
    #[error(
        "cannot use the database at {url}: its encoding is {found}; make one with `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE \
         template0`"
    )]
    Encoding {
        /// The address, without the password.
        url: String,
        /// The encoding.
        found: String,
    },
    /// There are tables of another program.
    #[error(
        "cannot use the database at {url}: it has tables of another program (`{table}`); give Echostr a database of its own, \
         or a schema: `?options=-csearch_path%3Dechostr`"
    )]
    ForeignDatabase {
        /// The address, without the password.
        url: String,
        /// One of its tables.
        table: String,
    },
    /// A newer Echostr has written it.
    #[error(
        "cannot use the database at {url}: its schema is version {found}, this Echostr knows versions up to {known}; \
         run the newer Echostr again, or restore a backup from before the upgrade"
    )]
    NewerDatabase {
        /// The address, without the password.
        url: String,
        /// The version of its schema.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// The schema could not be brought up to date.
    #[error(
        "cannot bring the database at {url} up to date: may this user create tables there, and is there room? The data that \
         was there is unharmed"
    )]
    MigrateDatabase {
        /// The address, without the password.
        url: String,
        /// What went wrong.
        source: sqlx::migrate::MigrateError,
    },
    /// Another server is at work on the database.
    #[error(
        "another Echostr server is using the database at {url}{from}: stop that one, or give this one a database of its own \
         with `database.url`"
    )]
    TakenDatabase {
        /// The address, without the password.
        url: String,
        /// From where, if that is known.
        from: String,
    },
    /// Something beside the journal could not be read or written.
    #[error("cannot {doing}: is the database in order? Nothing was changed; try again")]
    Database {
        /// What was tried, such as `read the accounts`.
        doing: &'static str,
        /// What the database says.
        source: sqlx::Error,
    },
    /// Something could not be read.
    #[error("cannot read {what} from the database")]
    Unread {
        /// What was wanted.
        what: &'static str,
        /// What the database says.
        source: sqlx::Error,
    },
    /// Something else than the journal could not be written.
    #[error("cannot write {what} to the database: nothing was changed; try again")]
    Unwritten {
        /// What was to be written.
        what: &'static str,
        /// What the database says.
        source: sqlx::Error,
    },
    /// Something else than the journal was written, or was not: the answer to its COMMIT is lost.
    #[error(
        "cannot tell whether {what} was written to the database: see what is there before trying again"
    )]
    Unsure {
        /// What was to be written.
        what: &'static str,
        /// What the database says.
        source: sqlx::Error,
    },
    /// The master keys cannot be used.
    #[error(transparent)]
    MasterKey(#[from] BadMasterKey),
    /// An account's settings are of no form that is known here.
    #[error(
        "cannot read the settings of the account `{account}` in the database: a newer Echostr may have written them"
    )]
    Settings {
        /// Its id.
        account: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// An account lacks something.
    #[error(transparent)]
    Incomplete(#[from] Incomplete),
    /// A secret cannot be decrypted.
    #[error(
        "the secret `{secret}` of the account `{account}` cannot be decrypted: it was changed outside of Echostr; \
         restore the database from a backup, or remove the account and add it anew"
    )]
    Sealed {
        /// The account's id.
        account: String,
        /// The secret's name.
        secret: String,
    },
    /// A rule is of no form that is known here.
    #[error("cannot read the rule `{rule}` in the database: a newer Echostr may have written it")]
    Rule {
        /// Its id.
        rule: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A rule says what is not allowed here.
    #[error("the rule `{rule}` in the database cannot be used: {faults}; change it, or remove it")]
    UnusableRule {
        /// Its id.
        rule: String,
        /// All that is wrong with it.
        faults: String,
    },
    /// The secrets of a rule cannot be decrypted.
    #[error(
        "the secrets of the rule `{rule}` cannot be decrypted: they were changed outside of Echostr; restore the database from a \
         backup, or set them anew"
    )]
    SealedRule {
        /// Its id.
        rule: String,
    },
    /// Something else is in the database that is to be copied to.
    #[error(
        "cannot copy to the database at {url}: it holds other data already (`{table}`); give an empty database, for example a new \
         one (`createdb`)"
    )]
    Occupied {
        /// The address, without the password.
        url: String,
        /// A table that is not empty.
        table: &'static str,
    },
    /// It was copied to before.
    #[error(
        "a journal was copied to the database at {url} before, and that is complete: start the server with it as \
         `database.url`; to copy once more, empty the database first"
    )]
    MigratedBefore {
        /// The address, without the password.
        url: String,
    },
    /// Only a part of a journal was copied to the database.
    #[error(
        "cannot use the database at {url}: only a part of a journal was copied to it; run `echostr migrate-to` again, it goes \
         on where it was"
    )]
    HalfCopied {
        /// The address, without the password.
        url: String,
    },
    /// Two databases have other columns.
    #[error(
        "cannot copy the table `{table}`: it has other columns in the two databases; use the same Echostr for both"
    )]
    Columns {
        /// The table.
        table: &'static str,
    },
    /// What was copied is not the same.
    #[error(
        "what was copied to `{table}` at {url} is not what is in the data folder ({expected} rows there, {found} here): something \
         has changed one of the two meanwhile; empty the database and run it again"
    )]
    Differs {
        /// The address, without the password.
        url: String,
        /// The table.
        table: &'static str,
        /// Rows in the data folder.
        expected: u64,
        /// Rows in the database.
        found: u64,
    },
    /// Copying was stopped.
    #[error("copying was stopped: what was copied stays, run it again and it goes on where it was")]
    Interrupted,
    /// Something that is to be copied cannot be read.
    #[error("cannot read the table `{table}` of the data folder to copy it: is the disk in order?")]
    MigrateRead {
        /// The table.
        table: &'static str,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// Something cannot be copied.
    #[error(
        "cannot copy to the database at {url}: see that it is there and has room; run it again, it goes on where it was"
    )]
    MigrateWrite {
        /// The address, without the password.
        url: String,
        /// What PostgreSQL says.
        source: sqlx::Error,
    },
}

impl Error {
    pub(crate) fn unread(what: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |source| Self::Unread { what, source }
    }

    pub(crate) fn unwritten(what: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |source| Self::Unwritten { what, source }
    }
}

impl Error {
    /// Whether trying again or going on without a journal would be wrong: what is there belongs to somebody else, to a newer
    /// Echostr or to a server that runs, or there will never be anything.
    pub fn is_final(&self) -> bool {
        let is_in_the_way = |error: &BadMasterKey| {
            // A disk that is full may have room again.
            !matches!(error, BadMasterKey::File { what: "write", .. })
        };
        matches!(self, Self::MasterKey(error) if is_in_the_way(error))
            || matches!(
                self,
                Self::HalfCopied { .. }
                    | Self::NotADatabase { .. }
                    | Self::Foreign { .. }
                    | Self::Newer { .. }
                    | Self::Folder { .. }
                    | Self::Taken { .. }
                    | Self::Encoding { .. }
                    | Self::ForeignDatabase { .. }
                    | Self::NewerDatabase { .. }
                    | Self::TakenDatabase { .. }
            )
    }
}
