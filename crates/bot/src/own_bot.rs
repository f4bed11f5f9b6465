//! [`OwnBot`]: who answers for one account, when no handler does.

use std::fmt;

use echostr_protocol::Message;
use futures_util::future::BoxFuture;

use crate::{Account, Answer, BoxError};

/// Who answers for an account when no handler takes the message: the owner's program, another server, …
pub trait OwnBot: fmt::Debug + Send + Sync + 'static {
    /// The answer.
    ///
    /// # Errors
    /// Why there is none; the follower gets the account's fallback text.
    fn answer<'a>(
        &'a self,
        message: &'a Message,
        account: &'a Account,
    ) -> BoxFuture<'a, Result<Answer, BoxError>>;
}
