//! Access tokens: one is asked for at a time, by one process, and a fresh one is never thrown away.
//!
//! A token that the platform refuses is replaced only while it is still the one that counts: whoever comes later with the same
//! refusal finds the new one. A token that ages is renewed behind the calls, which go on with it meanwhile.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/base/> (read 2026-11-22)

mod fetch;
mod memory;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use echostr_protocol::AppId;
use echostr_protocol::api::Secret;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use tokio::time::{Instant, sleep};
use tracing::warn;

use self::fetch::fetch;
pub use self::memory::MemoryTokens;
use crate::account::{ApiAccount, TokenSource};
use crate::error::{Error, Words, shared, with_causes};
use crate::{BoxError, Platform};

/// A token is renewed so long before it expires: from then on the platform has the next one, and this one still counts.
const RENEWED_BEFORE_MS: i64 = 5 * 60 * 1000;
/// But not sooner than so long after the last time.
const RENEWED_AFTER_MS: i64 = 30 * 1000;
/// `force_refresh` is possible so often.
const FORCED_EVERY_MS: i64 = 30 * 1000;
/// When there was no token, nobody asks again for so long.
const FAILED_FOR: Duration = Duration::from_secs(5);
/// Who waits for another process to ask gives up after this time.
const WAIT_FOR_OTHERS: Duration = Duration::from_secs(20);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Where access tokens are kept, and who may ask for the next one: in memory, or where other processes share them.
///
/// The name of a token is the account's AppID, with the address of the API behind it when it is not the platform's own.
pub trait TokenStore: Send + Sync + 'static {
    /// Asks, in one step that nobody comes between, to be the one who gets another token than `seen`, which is aging or was
    /// refused; nothing: none is known. A [granted](Leased::Granted) lease ends by itself after `LEASE_FOR`, 30 seconds.
    /// `now_ms` is Unix milliseconds.
    fn lease<'a>(
        &'a self,
        name: &'a str,
        seen: Option<&'a Secret>,
        holder: u128,
        now_ms: i64,
    ) -> Asking<'a, Leased>;

    /// Keeps a token and gives the lease back. `false`, and nothing is kept, when the lease is no longer `holder`'s.
    fn keep<'a>(&'a self, name: &'a str, holder: u128, kept: &'a Kept) -> Asking<'a, bool>;

    /// Gives the lease back, if it is `holder`'s; there is no other token.
    fn release<'a>(&'a self, name: &'a str, holder: u128) -> Asking<'a, ()>;
}

/// How long a lease counts: longer than it can take to get a token.
impl dyn TokenStore {
    /// After this time a lease ends by itself: its holder has died.
    pub const LEASE_FOR: Duration = Duration::from_secs(30);
}

/// Something that is asked of a store. Its error says what was tried and is printed with its sources; no token is in it.
pub type Asking<'a, T> = BoxFuture<'a, Result<T, BoxError>>;

/// Who gets the next token.
#[derive(Debug, Clone)]
pub enum Leased {
    /// Whoever asked; this is the token that counted last, if there was one.
    Granted(Option<Kept>),
    /// Nobody: there is another token than the one that was seen, and it has not expired.
    Instead(Kept),
    /// Somebody is at it.
    Held,
}

/// A token as it is kept. It prints without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The token.
    pub value: Secret,
    /// When it came, Unix milliseconds.
    pub fetched_at_ms: i64,
    /// When it expires, Unix milliseconds.
    pub expires_at_ms: i64,
    /// When one was forced last (`force_refresh`), Unix milliseconds.
    pub forced_at_ms: Option<i64>,
    /// Of an account that has authorised a third-party platform: what the next one is asked for with.
    pub refresh_token: Option<Secret>,
}

impl Kept {
    /// From when on the next one is asked for.
    fn renew_at_ms(&self) -> i64 {
        let early = self.expires_at_ms - RENEWED_BEFORE_MS;
        early.max(self.fetched_at_ms + RENEWED_AFTER_MS)
    }
}

/// A token as a program gives it to another.
#[derive(Debug, Clone, Deserialize)]
pub struct GivenToken {
    /// The token.
    pub access_token: Secret,
    /// How many seconds are left to it.
    pub expires_in: i64,
}

/// Which of an account's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Its own.
    Account,
    /// That of its third-party platform.
    Component,
}

impl Which {
    fn app_id(self, account: &ApiAccount) -> &AppId {
        match (self, &account.component) {
            (Self::Component, Some(component)) => &component.app_id,
            _ => &account.app_id,
        }
    }

    fn name(self, account: &ApiAccount) -> Cow<'_, str> {
        let app_id = self.app_id(account).as_str();
        match &account.base {
            Some(base) => format!("{app_id}@{base}").into(),
            None => app_id.into(),
        }
    }
}

/// The tokens of all accounts.
pub(crate) struct Tokens {
    store: Arc<dyn TokenStore>,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

/// What this process knows of one token.
#[derive(Default)]
struct Slot {
    state: Mutex<State>,
    asking: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    is_renewing: bool,
    // Not before this time, and only with another secret, is it tried again.
    failure: Option<(Instant, Option<Secret>, Error)>,
}

impl Tokens {
    pub(crate) fn new(store: Arc<dyn TokenStore>) -> Self {
        Self {
            store,
            slots: Mutex::default(),
        }
    }

    /// A token that counts, as far as anybody knows.
    pub(crate) async fn get(
        &self,
        platform: &Platform,
        account: &Arc<ApiAccount>,
        which: Which,
    ) -> Result<Kept, Error> {
        let slot = self.slot(&which.name(account));
        let now_ms = platform.0.clock.unix_ms();
        let (good, seen) = {
            let mut state = slot.state();
            let good = state
                .kept
                .clone()
                .filter(|kept| kept.expires_at_ms > now_ms);
            if let Some(kept) = &good {
                if now_ms < kept.renew_at_ms() || state.is_renewing {
                    return Ok(kept.clone());
                }
                state.is_renewing = true;
            }
            (good, state.kept.as_ref().map(|kept| kept.value.clone()))
        };
        let refreshing = Refreshing {
            platform: platform.clone(),
            account: Arc::clone(account),
            which,
            slot,
            seen,
            is_refused: false,
        };
        match good {
            Some(kept) => {
                tokio::spawn(refreshing.renew());
                Ok(kept)
            }
            None => refreshing.detached().await,
        }
    }

    /// Another token than `failed`, which the platform has refused.
    pub(crate) async fn instead(
        &self,
        platform: &Platform,
        account: &Arc<ApiAccount>,
        which: Which,
        failed: Secret,
    ) -> Result<Kept, Error> {
        let refreshing = Refreshing {
            platform: platform.clone(),
            account: Arc::clone(account),
            which,
            slot: self.slot(&which.name(account)),
            seen: Some(failed),
            is_refused: true,
        };
        refreshing.detached().await
    }

    fn slot(&self, name: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        match slots.get(name) {
            Some(slot) => Arc::clone(slot),
            None => Arc::clone(slots.entry(name.to_owned()).or_default()),
        }
    }
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Getting another token. It goes on when whoever wants it goes away: a token that was issued is kept.
struct Refreshing {
    platform: Platform,
    account: Arc<ApiAccount>,
    which: Which,
    slot: Arc<Slot>,
    /// The token that will not do.
    seen: Option<Secret>,
    /// Because the platform has refused it.
    is_refused: bool,
}

impl Refreshing {
    async fn detached(self) -> Result<Kept, Error> {
        let app_id = self.which.app_id(&self.account).clone();
        tokio::spawn(self.run()).await.unwrap_or_else(|_| {
            Err(Error::NoToken {
                app_id,
                source: Arc::new(Words("the task that asked for it was ended".into())),
            })
        })
    }

    /// Behind the calls; they go on with what they have.
    async fn renew(self) {
        let slot = Arc::clone(&self.slot);
        let app_id = self.which.app_id(&self.account).clone();
        let platform = self.platform.clone();
        if let Err(error) = self.detached().await {
            warn!(
                error = %with_causes(&error),
                "the access token of {app_id} cannot be renewed before it expires; it is tried again"
            );
            // It is tried again a little later.
            let now_ms = platform.0.clock.unix_ms();
            if let Some(kept) = &mut slot.state().kept {
                kept.fetched_at_ms = now_ms;
            }
        }
        slot.state().is_renewing = false;
    }

    async fn run(self) -> Result<Kept, Error> {
        let _alone = self.slot.asking.lock().await;
        let secret = self.secret();
        {
            let now_ms = self.now_ms();
            let state = self.slot.state();
            if let Some(kept) = &state.kept
                && self.seen.as_ref() != Some(&kept.value)
                && kept.expires_at_ms > now_ms
            {
                return Ok(kept.clone());
            }
            if let Some((until, with, error)) = &state.failure
                && *until > Instant::now()
                && *with == secret
            {
                return Err(error.clone());
            }
        }
        let got = match &self.account.source {
            TokenSource::Url(_) | TokenSource::External(_) if self.which == Which::Account => {
                self.fetched(None).await
            }
            _ => self.leased().await,
        };
        let mut state = self.slot.state();
        match got {
            Ok(kept) => {
                state.failure = None;
                state.kept = Some(kept.clone());
                Ok(kept)
            }
            Err(error) => {
                state.failure = Some((Instant::now() + FAILED_FOR, secret, error.clone()));
                Err(error)
            }
        }
    }

    /// Asks for the token as the only one of all processes.
    async fn leased(&self) -> Result<Kept, Error> {
        let store = &self.platform.0.tokens.store;
        let name = self.which.name(&self.account);
        let holder: u128 = rand::random();
        let give_up_at = Instant::now() + WAIT_FOR_OTHERS;
        loop {
            let leased = store
                .lease(&name, self.seen.as_ref(), holder, self.now_ms())
                .await;
            match leased {
                Ok(Leased::Instead(kept)) => return Ok(kept),
                Ok(Leased::Held) if Instant::now() < give_up_at => {
                    sleep(LOOK_EVERY.mul_f64(0.5 + rand::random::<f64>())).await;
                }
                Ok(Leased::Held) => {
                    return Err(self.none(Arc::new(Words(
                        "another process has been asking for it for too long".into(),
                    ))));
                }
                Ok(Leased::Granted(last)) => match self.fetched(last.as_ref()).await {
                    Ok(kept) => match store.keep(&name, holder, &kept).await {
                        // It took so long that somebody else was let in, and has one.
                        Ok(false) if Instant::now() < give_up_at => {}
                        Ok(_) => return Ok(kept),
                        Err(error) => {
                            self.log(&*error);
                            self.release(&name, holder).await;
                            return Ok(kept);
                        }
                    },
                    Err(error) => {
                        self.release(&name, holder).await;
                        return Err(error);
                    }
                },
                // Better one too many than no answer.
                Err(error) => {
                    self.log(&*error);
                    let last = self.slot.state().kept.clone();
                    return self.fetched(last.as_ref()).await;
                }
            }
        }
    }

    async fn release(&self, name: &str, holder: u128) {
        if let Err(error) = self.platform.0.tokens.store.release(name, holder).await {
            self.log(&*error);
        }
    }

    async fn fetched(&self, last: Option<&Kept>) -> Result<Kept, Error> {
        let refused = self.seen.as_ref().filter(|_| self.is_refused);
        let fetched = fetch(&self.platform, &self.account, self.which, refused, last).await;
        fetched.map_err(|error| self.none(shared(error)))
    }

    fn none(&self, source: Arc<dyn std::error::Error + Send + Sync>) -> Error {
        Error::NoToken {
            app_id: self.which.app_id(&self.account).clone(),
            source,
        }
    }

    /// What the token is asked for with: a failure with one secret says nothing about another.
    fn secret(&self) -> Option<Secret> {
        match (&self.account.source, self.which, &self.account.component) {
            (_, Which::Component, Some(component)) => component.ticket.get(),
            (
                TokenSource::Stable(secret)
                | TokenSource::Plain(secret)
                | TokenSource::Authorizer(secret),
                ..,
            ) => Some(secret.clone()),
            _ => None,
        }
    }

    fn now_ms(&self) -> i64 {
        self.platform.0.clock.unix_ms()
    }

    fn log(&self, error: &(dyn std::error::Error + 'static)) {
        warn!(
            error = %with_causes(error),
            "the access token of {} cannot be shared with other processes at the moment",
            self.which.app_id(&self.account)
        );
    }
}
