//! What was logged lately, so that nobody can fill the log.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use echostr_protocol::{Event, Message, Str};
use tracing::info;

use crate::Account;

/// Refusals of the last minute, and the unknown kinds since the start.
#[derive(Default)]
pub(crate) struct Noted {
    refusals: Mutex<HashMap<Refused, Instant>>,
    kinds: Mutex<HashSet<String>>,
}

/// By whom, by which account, of which class.
type Refused = (Option<IpAddr>, Str, &'static str);

impl Noted {
    const FOR: Duration = Duration::from_mins(1);
    const MAX_REFUSALS: usize = 10_000;
    const MAX_KINDS: usize = 200;

    /// Whether there was no such refusal within the last minute; then there is one now. When too many are known,
    /// nothing is news until the minute is over.
    pub(crate) fn is_news(
        &self,
        peer: Option<IpAddr>,
        account: &Account,
        class: &'static str,
    ) -> bool {
        let refused = (peer.map(network), account.id.clone(), class);
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if refusals
            .get(&refused)
            .is_some_and(|at| at.elapsed() < Self::FOR)
        {
            return false;
        }
        if refusals.len() >= Self::MAX_REFUSALS {
            refusals.retain(|_, at| at.elapsed() < Self::FOR);
            if refusals.len() >= Self::MAX_REFUSALS {
                return false;
            }
        }
        refusals.insert(refused, Instant::now());
        true
    }

    /// Logs a kind that is not known here, once per name.
    pub(crate) fn unknown(&self, account: &Account, message: &Message) {
        if !matches!(
            message,
            Message::Unknown(_) | Message::Event(Event::Unknown(_))
        ) {
            return;
        }
        let kind: String = message.kind().chars().take(64).collect();
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        if kinds.len() < Self::MAX_KINDS && kinds.insert(kind.clone()) {
            info!(
                account.id = account.log_id(),
                msg.kind = kind,
                "a push of a kind that is not known here, passed on as it is"
            );
        }
    }
}

/// Who has an IPv6 address has all of its /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}
