//! [`OwnBot`]: who answers for one account, when no handler does.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::{Answer, BoxError, Context, Language};

/// Who answers for an account when no handler takes the message: the owner's program, another server, …
pub trait OwnBot: fmt::Debug + Send + Sync + 'static {
    /// The answer to the message of `context`.
    ///
    /// # Errors
    /// Why there is none; the follower gets the account's fallback text.
    fn answer<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Answer, BoxError>>;

    /// What a follower reads who has said what they think of an answer; nothing: this bot asks nobody.
    fn thanks(&self, _language: Language) -> Option<String> {
        None
    }
}
