//! [`Able`]: what an account may do at the platform, as far as that was found out.

use std::sync::{PoisonError, RwLock};

use echostr_client::{Capabilities, Capability, May};

use crate::ApiTrouble;

/// What an account may do at the platform. Shared by all versions of the account; nothing is known at the beginning.
#[derive(Debug, Default)]
pub struct Able {
    known: RwLock<Option<Capabilities>>,
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

    /// What a call has taught, if anything was known before.
    pub fn learn(&self, what: Capability, may: May) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &mut *known {
            known.learn(what, may);
        }
    }
}
