//! [`Able`]: what an account may do at the platform, as far as that was found out.

use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use echostr_client::{Capabilities, Capability, May};
use tokio::time::Instant;

use crate::ApiTrouble;

/// What an account may do at the platform. Shared by all versions of the account; nothing is known at the beginning.
#[derive(Debug, Default)]
pub struct Able {
    known: RwLock<Option<Capabilities>>,
    paused_until: Mutex<Option<Instant>>,
    pub(crate) trouble: ApiTrouble,
}

impl Able {
    /// What was found out last.
    pub fn known(&self) -> Option<Capabilities> {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What was found out now, or stands in the database.
    pub fn set(&self, found: Capabilities) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(found);
    }

    /// Whether it may do this.
    pub fn may(&self, what: Capability) -> May {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known
            .as_ref()
            .map_or(May::Unknown(None), |known| known.may(what))
    }

    /// What a call has taught.
    pub fn learn(&self, what: Capability, may: May) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.get_or_insert_default().learn(what, may);
    }

    /// Whether customer-service messages are worth a try: nothing is known that speaks against it.
    pub fn can_send(&self) -> bool {
        let paused_until = *self.pause_lock();
        paused_until.is_none_or(|until| until <= Instant::now())
            && !matches!(self.may(Capability::CustomMessage), May::No(_))
    }

    /// Nothing is sent for so long.
    pub(crate) fn pause(&self, time: Duration) {
        *self.pause_lock() = Some(Instant::now() + time);
    }

    fn pause_lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.paused_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
