//! [`PostgresUrl`]: where a PostgreSQL is and how to get in; it prints itself without what is secret.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

/// What may stand behind the `?`, as the driver reads it.
const PARAMETERS: [&str; 20] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "statement-cache-capacity",
    // For those that are used to them; the server's own limits count.
    "connect_timeout",
    "target_session_attrs",
];

/// Those of them that the driver does not know.
const IGNORED: usize = 2;

/// The address of a PostgreSQL database: `postgres://user:password@host:5432/database?sslmode=require`.
///
/// `Display` and `Debug` leave password and parameters out. What is not in it comes from the usual environment: `PGHOST`,
/// `PGUSER`, `PGPASSWORD`, `~/.pgpass` and so on.
#[derive(Clone)]
pub struct PostgresUrl {
    options: Arc<PgConnectOptions>,
}

/// Why something is no address of a PostgreSQL database. The address is not shown: there may be a password in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// It begins otherwise.
    #[error("it has to begin with `postgres://` or `postgresql://`")]
    Scheme,
    /// A parameter that the driver would ignore.
    #[error(
        "the parameter `{0}` is not known; there are sslmode, sslrootcert, sslcert, sslkey, host, port and options"
    )]
    Parameter(String),
    /// It cannot be taken apart.
    #[error(
        "it is no address such as `postgres://user:password@host:5432/database?sslmode=require`; characters of the password \
         that have a meaning in an address are written as %40 for @, %2F for /, %3A for :"
    )]
    Malformed,
}

impl FromStr for PostgresUrl {
    type Err = UrlError;

    fn from_str(url: &str) -> Result<Self, UrlError> {
        let is_ours = ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme));
        if !is_ours {
            return Err(UrlError::Scheme);
        }
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let mut known = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let name = pair.split('=').next().unwrap_or_default();
            if !PARAMETERS.contains(&name) && !name.starts_with("options[") {
                // What stands there may be the rest of a password with a question mark in it.
                let is_word = name.len() < 40
                    && pair.contains('=')
                    && name
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-'));
                return Err(if is_word {
                    UrlError::Parameter(name.to_owned())
                } else {
                    UrlError::Malformed
                });
            }
            if !PARAMETERS[PARAMETERS.len() - IGNORED..].contains(&name) {
                known.push(pair);
            }
        }
        let url = if known.is_empty() {
            Cow::Borrowed(address)
        } else {
            Cow::Owned(format!("{address}?{}", known.join("&")))
        };
        let options = PgConnectOptions::from_str(&url).map_err(|_| UrlError::Malformed)?;
        Ok(Self {
            options: Arc::new(options.disable_statement_logging()),
        })
    }
}

impl PostgresUrl {
    /// How to connect, under a name that the server's lists show.
    pub(crate) fn options(&self, application: &str) -> PgConnectOptions {
        PgConnectOptions::clone(&self.options).application_name(application)
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.options;
        let database = options.get_database().unwrap_or(options.get_username());
        match options.get_socket() {
            Some(socket) => write!(
                f,
                "postgres://{}@{}:{}/{database}",
                options.get_username(),
                socket.display(),
                options.get_port()
            ),
            None => write!(
                f,
                "postgres://{}@{}:{}/{database}",
                options.get_username(),
                options.get_host(),
                options.get_port()
            ),
        }
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({self})")
    }
}

impl PartialEq for PostgresUrl {
    fn eq(&self, other: &Self) -> bool {
        self.options.to_url_lossy() == other.options.to_url_lossy()
    }
}

impl Eq for PostgresUrl {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Result<&str, &UrlError>) {
        let parsed = url.parse::<PostgresUrl>();
        let shown = parsed.as_ref().map(PostgresUrl::to_string);
        assert_eq!(shown.as_deref().map_err(|error| *error), expected);
        for shown in [format!("{parsed:?}"), format!("{shown:?}")] {
            assert!(!shown.contains("geheim"), "{shown}");
        }
    }

    #[test]
    fn an_address_is_shown_without_what_is_secret() {
        check(
            "postgres://me:geheim@db.example:5433/bot?sslmode=require&options=-c%20geheim%3D1",
            Ok("postgres://me@db.example:5433/bot"),
        );
        check(
            "postgresql://me:geheim%40@db/bot?connect_timeout=3",
            Ok("postgres://me@db:5432/bot"),
        );
        check(
            "postgres://me@%2Frun%2Fpostgresql/bot",
            Ok("postgres://me@/run/postgresql:5432/bot"),
        );
        check(
            "postgres:///bot?host=/tmp/s&user=me&password=geheim",
            Ok("postgres://me@/tmp/s:5432/bot"),
        );
    }

    #[test]
    fn what_is_no_address_is_refused_without_showing_it() {
        check("mysql://me:geheim@db/bot", Err(&UrlError::Scheme));
        check("geheim", Err(&UrlError::Scheme));
        check(
            "postgres://me:geheim@db:port/bot",
            Err(&UrlError::Malformed),
        );
        check("postgres://me:a?geheim@db/bot", Err(&UrlError::Malformed));
        check(
            "postgres://me@db/bot?sslmode=geheim",
            Err(&UrlError::Malformed),
        );
        check(
            "postgres://me@db/bot?pasword=geheim",
            Err(&UrlError::Parameter("pasword".into())),
        );
    }
}
