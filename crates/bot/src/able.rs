//! [`Able`]: what an account may do at the platform, as far as that was found out.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use echostr_client::{Capabilities, Capability, Error, May};
use tokio::time::Instant;

use crate::ApiTrouble;

/// What an account may do at the platform. Shared by all versions of the account; nothing is known at the beginning.
#[derive(Debug, Default)]
pub struct Able {
    known: RwLock<Option<Capabilities>>,
    paused_until: Mutex<Option<Instant>>,
    trouble: ApiTrouble,
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

    /// The trouble that the account has with the platform's API.
    pub fn trouble(&self) -> &ApiTrouble {
        &self.trouble
    }

    /// What came of a customer-service message.
    pub fn heard_of_message(&self, failure: Option<&Error>) {
        self.trouble.learn(failure);
        let Some(error) = failure else {
            self.learn(Capability::CustomMessage, May::Yes);
            *self.paused() = None;
            return;
        };
        match error {
            Error::Refused(refused) if FOR_ALL_MESSAGES.contains(&refused.code) => {
                self.learn(Capability::CustomMessage, May::No(refused.code));
                // Whatever is found out by asking.
                self.pause(REFUSED_FOR);
            }
            // Of one follower, or one message.
            Error::Refused(refused) if refused.code != DAILY_QUOTA => {}
            _ => self.pause(AWAY_FOR),
        }
    }

    /// Whether customer-service messages are worth a try: nothing is known that speaks against it.
    pub fn can_send(&self) -> bool {
        let paused_until = *self.paused();
        paused_until.is_none_or(|until| until <= Instant::now())
            && self.trouble.now().is_none()
            && !matches!(self.may(Capability::CustomMessage), May::No(_))
    }

    /// Nothing is sent for so long: answers are given as replies.
    fn pause(&self, time: Duration) {
        *self.paused() = Some(Instant::now() + time);
    }

    fn paused(&self) -> MutexGuard<'_, Option<Instant>> {
        self.paused_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Codes that say that the account may send no message at all.
const FOR_ALL_MESSAGES: [i64; 4] = [48001, 48004, 50004, 50007];
/// Then nothing is sent for so long, unless the account's access changes or a message is sent by hand.
const REFUSED_FOR: Duration = Duration::from_hours(7 * 24);
/// The calls of the day are used up.
const DAILY_QUOTA: i64 = 45009;
/// While the platform cannot be reached, or lets nobody in, nothing is sent for so long.
const AWAY_FOR: Duration = Duration::from_mins(1);
