//! The schema in PostgreSQL: made, brought up to date, refused when it is not ours or too new.

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions as _, Connection as _, SqlSafeStr as _};
use tokio::time::timeout;
use tracing::warn;

use super::{CONNECT, PostgresUrl, prepare};
use crate::Error;
use crate::journal::fault::remedy_postgres;

/// Every version of the schema, oldest first. One that was published never changes; a change is a further line.
const VERSIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "journal",
        include_str!("../../migrations/postgres/0001_journal.sql"),
    ),
    (
        2,
        "platform",
        include_str!("../../migrations/postgres/0002_platform.sql"),
    ),
    (
        3,
        "answering",
        include_str!("../../migrations/postgres/0003_answering.sql"),
    ),
];

/// The newest version that is known here.
const KNOWN: i64 = VERSIONS[VERSIONS.len() - 1].0;

/// How long bringing the schema up to date may take, with what another server is at meanwhile.
const MIGRATE_SECS: u32 = 600;

/// A connection with the usual settings.
pub(crate) async fn connect(
    url: &PostgresUrl,
    application: &str,
    statement_secs: u32,
) -> Result<PgConnection, sqlx::Error> {
    let connecting = async {
        let mut connection = url.options(application).connect().await?;
        prepare(&mut connection, statement_secs).await?;
        Ok(connection)
    };
    timeout(CONNECT, connecting).await.unwrap_or_else(|_| {
        let late = std::io::Error::new(std::io::ErrorKind::TimedOut, "connecting took too long");
        Err(sqlx::Error::Io(late))
    })
}

pub(super) fn unconnected(url: &PostgresUrl, source: sqlx::Error) -> Error {
    Error::Connect {
        url: url.to_string(),
        remedy: remedy_postgres(&source),
        source,
    }
}

/// Looks whose the database is and brings it up to date. Two servers may do so at once: the migrator takes a lock.
pub(crate) async fn bring_up_to_date(url: &PostgresUrl) -> Result<(), Error> {
    let unconnected = |source| unconnected(url, source);
    let mut connection = connect(url, "echostr", MIGRATE_SECS)
        .await
        .map_err(unconnected)?;
    look(&mut connection, url).await?;
    let migrations = VERSIONS.iter().map(|(version, name, sql)| {
        Migration::new(
            *version,
            (*name).into(),
            MigrationType::Simple,
            (*sql).into_sql_str(),
            false,
        )
    });
    let migrator = Migrator::with_migrations(migrations.collect());
    let limit = Duration::from_secs(u64::from(MIGRATE_SECS));
    let migrated = timeout(limit, migrator.run(&mut connection)).await;
    match migrated {
        Ok(Ok(())) => {}
        // A newer server was faster.
        Ok(Err(MigrateError::VersionMissing(found))) => return Err(newer(url, found)),
        Ok(Err(source)) => {
            return Err(Error::MigrateDatabase {
                url: url.to_string(),
                source,
            });
        }
        Err(late) => {
            return Err(unconnected(sqlx::Error::Io(late.into())));
        }
    }
    // What was done counts, whatever closing says.
    let _ = connection.close().await;
    Ok(())
}

/// Refuses what is not ours or too new, and warns of what breaks the promise.
async fn look(connection: &mut PgConnection, url: &PostgresUrl) -> Result<(), Error> {
    let unreadable = |source| unconnected(url, source);
    let encoding: String = sqlx::query_scalar("SELECT current_setting('server_encoding')")
        .fetch_one(&mut *connection)
        .await
        .map_err(unreadable)?;
    if encoding != "UTF8" {
        return Err(Error::Encoding {
            url: url.to_string(),
            found: encoding,
        });
    }
    let unsafe_settings: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'",
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(unreadable)?;
    for setting in unsafe_settings {
        warn!(
            "PostgreSQL at {url} runs with `{setting} = off`: a power cut may lose what was acknowledged, or all of the database"
        );
    }
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = to_regnamespace(current_schema()::text)
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
         ORDER BY c.relname",
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(unreadable)?;
    if !tables.iter().any(|table| table == "_sqlx_migrations") {
        return match tables.into_iter().next() {
            None => Ok(()),
            Some(table) => Err(foreign(url, table)),
        };
    }
    let versions: Vec<(i64, String)> =
        sqlx::query_as("SELECT version, description FROM _sqlx_migrations ORDER BY version")
            .fetch_all(&mut *connection)
            .await
            .map_err(unreadable)?;
    match (versions.first(), versions.last()) {
        (Some((first, name)), _) if (*first, name.as_str()) != (VERSIONS[0].0, VERSIONS[0].1) => {
            Err(foreign(url, "_sqlx_migrations".into()))
        }
        (_, Some((found, _))) if *found > KNOWN => Err(newer(url, *found)),
        _ => Ok(()),
    }
}

fn foreign(url: &PostgresUrl, table: String) -> Error {
    Error::ForeignDatabase {
        url: url.to_string(),
        table,
    }
}

fn newer(url: &PostgresUrl, found: i64) -> Error {
    Error::NewerDatabase {
        url: url.to_string(),
        found,
        known: KNOWN,
    }
}
