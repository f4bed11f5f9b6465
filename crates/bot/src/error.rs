//! What can go wrong before the first message: settings, the address to listen on, a missing state.

use std::fmt;

/// An error of a handler; any error type converts into it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The result of handlers and of `main`: any error fits in, so `?` works.
pub type Result<T, E = BoxError> = std::result::Result<T, E>;

/// Why a bot cannot start. `Debug` prints the same sentence as `Display`, with its causes, because `main` shows `Debug`.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An environment variable is missing.
    #[error("`{name}` is not set; {remedy}")]
    Missing {
        /// The variable.
        name: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// An environment variable has a value that cannot be used. The value is not shown: it may be a secret.
    #[error("`{name}` cannot be used: {why}")]
    Setting {
        /// The variable.
        name: &'static str,
        /// What is wrong and what is allowed.
        why: String,
    },
    /// Handlers ask for states that the bot was not given.
    #[error("handlers ask for {}; give the bot a value of that type with `.state(…)`", .0.iter().map(|name| format!("`State<{name}>`")).collect::<Vec<_>>().join(" and "))]
    NoState(
        /// The names of the types.
        Vec<&'static str>,
    ),
    /// A bot without an account cannot receive.
    #[error(
        "the bot has no account; make it with `Bot::from_env()` or give it one with `.account(…)`"
    )]
    NoAccount,
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}; give an address of this machine with a port that is free and allowed"
    )]
    Listen {
        /// As it was given.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
