//! [`ApiTrouble`]: what the platform's API refuses for a reason that only a person can remove.

use std::sync::{PoisonError, RwLock};

use echostr_client::Error;

/// The trouble that an account has with the platform's API, while it lasts.
#[derive(Debug, Default)]
pub struct ApiTrouble(RwLock<Option<Trouble>>);

/// Why calls are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The platform's code.
    pub code: i64,
    /// With 40164 and 61004: the address that has to be on the list (IP白名单).
    pub address: Option<String>,
    /// How many calls were refused for it.
    pub n_calls: u64,
}

impl ApiTrouble {
    /// Learns from a call that was made: a good one ends the trouble.
    pub fn learn(&self, failure: Option<&Error>) {
        let Some(error) = failure else {
            self.set(None);
            return;
        };
        let Some(refused) = error.refused() else {
            return;
        };
        let is_about_secret = matches!(error, Error::NoToken { .. })
            && matches!(refused.code, 40001 | 40013 | 40125 | 40243 | 41002 | 41004);
        if !is_about_secret && !matches!(refused.code, 40164 | 61004) {
            return;
        }
        let before = self.now();
        let same = before.filter(|before| before.code == refused.code);
        self.set(Some(Trouble {
            code: refused.code,
            address: refused.address.clone(),
            n_calls: same.map_or(0, |same| same.n_calls) + 1,
        }));
    }

    /// What it is now.
    pub fn now(&self) -> Option<Trouble> {
        let now = self.0.read().unwrap_or_else(PoisonError::into_inner);
        now.clone()
    }

    fn set(&self, trouble: Option<Trouble>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}
