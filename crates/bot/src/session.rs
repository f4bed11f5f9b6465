//! [`Follower`] and [`Session`]: what handlers may know and keep of who wrote.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use echostr_client::Clock;
use echostr_protocol::{OpenId, Str};
use serde::Serialize;
use serde::de::DeserializeOwned;

use tokio::time::timeout;

use crate::deadline::JOURNAL_WITHIN;
use crate::handler::{Argument, Context};
use crate::journal::{FollowerRecord, Journal, Of, Record, Written};
use crate::{BoxError, Result};

/// Who wrote: an argument of handlers.
///
/// ```
/// use echostr::prelude::*;
///
/// let bot = Bot::new().on(async |_: Text, follower: Follower| -> Result<String> {
///     let is_new = follower.record().await?.is_none_or(|known| known.first_seen_at_ms == known.last_seen_at_ms);
///     Ok(if is_new { "初次见面" } else { "又见面了" }.into())
/// });
/// ```
#[derive(Clone)]
pub struct Follower {
    /// The follower's OpenID.
    pub open_id: OpenId,
    account: Str,
    // Nothing in open access.
    journal: Option<Arc<dyn Journal>>,
}

impl Follower {
    /// What is known of the follower from earlier messages; nothing before the first one, and nothing in open access.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn record(&self) -> Result<Option<FollowerRecord>> {
        match &self.journal {
            Some(journal) => journal.follower(self.of()).await,
            None => Ok(None),
        }
    }

    fn of(&self) -> Of<'_> {
        Of {
            account: &self.account,
            follower: &self.open_id,
        }
    }
}

impl Argument for Follower {
    fn take(context: &Context) -> Option<Self> {
        Some(Self {
            open_id: context.message.from_user().clone(),
            account: context.account.id.clone(),
            journal: context.journal.clone(),
        })
    }
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Follower").field(&self.open_id).finish()
    }
}

/// What a handler keeps for one follower between messages: a `T`, as JSON, under the name of its type. It survives the
/// process, and is deleted with the follower's data. In open access nothing is kept.
///
/// Two messages of one follower may be answered at once: the later [`set`](Self::set) counts.
///
/// ```
/// use echostr::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct Visits(u32);
///
/// let bot = Bot::new().on(async |_: Text, session: Session<Visits>| -> Result<String> {
///     let Visits(n) = session.get().await?;
///     session.set(&Visits(n + 1)).await?;
///     Ok(format!("第 {} 次", n + 1))
/// });
/// ```
pub struct Session<T> {
    follower: Follower,
    clock: Clock,
    kept: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned + Default> Session<T> {
    /// What was kept, or the default.
    ///
    /// # Errors
    /// When the journal cannot be read, or holds what is no `T`: set another value or [clear](Self::clear) it.
    pub async fn get(&self) -> Result<T> {
        let Some(journal) = &self.follower.journal else {
            return Ok(T::default());
        };
        let name = type_name::<T>();
        match journal.session(self.follower.of(), name).await? {
            Some(value) => serde_json::from_str(&value)
                .map_err(|error| format!("the session holds no `{name}`: {error}").into()),
            None => Ok(T::default()),
        }
    }

    /// Keeps `value` from now on; ready when it is durable, or after a second when the journal is away or slow.
    ///
    /// # Errors
    /// When `value` cannot be written as JSON, or the journal has given it up.
    pub async fn set(&self, value: &T) -> Result<()> {
        self.keep(Some(serde_json::to_string(value)?)).await
    }

    /// Ends the session: the next [`get`](Self::get) gives the default.
    ///
    /// # Errors
    /// When the journal has given it up.
    pub async fn clear(&self) -> Result<()> {
        self.keep(None).await
    }

    async fn keep(&self, value: Option<String>) -> Result<(), BoxError> {
        let Some(journal) = &self.follower.journal else {
            return Ok(());
        };
        let commit = journal.write(vec![Record::Session {
            account: self.follower.account.clone(),
            follower: self.follower.open_id.clone(),
            name: type_name::<T>().to_owned(),
            value,
            at_ms: self.clock.unix_ms(),
        }]);
        if journal.is_away() {
            return Ok(());
        }
        match timeout(JOURNAL_WITHIN, commit.wait()).await {
            Ok(Written::Lost) => Err("the session could not be written to the journal".into()),
            _ => Ok(()),
        }
    }
}

impl<T> Argument for Session<T> {
    fn take(context: &Context) -> Option<Self> {
        Some(Self {
            follower: Follower::take(context)?,
            clock: context.clock,
            kept: PhantomData,
        })
    }
}

impl<T> fmt::Debug for Session<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Session").field(&self.follower).finish()
    }
}
