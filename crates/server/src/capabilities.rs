//! Finds out once a day what each account may do at the platform, and soon after its access to the API has changed.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use echostr_store::AccountEntry;
use futures_util::{StreamExt as _, stream};
use secrecy::ExposeSecret;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tracing::info;

use crate::office::{Office, now_ms};

/// How often it is looked whether something is due.
const EVERY: Duration = Duration::from_secs(5);
/// How many accounts are asked about at once: each takes some ten calls.
const AT_ONCE: usize = 4;
const MINUTE_MS: i64 = 60 * 1000;
/// How long what was found out counts.
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// When it could not be found out, it is tried again after this time.
const RETRY_MS: i64 = 60 * MINUTE_MS;

/// When which account is due. What moves a moment, so that not all come at once, is given.
#[derive(Default)]
struct Plan {
    accounts: HashMap<String, Due>,
    /// Whether the accounts were seen that are there at the start.
    is_begun: bool,
}

struct Due {
    changed_at_ms: i64,
    access: u64,
    // Unix milliseconds.
    at_ms: i64,
}

/// Looks again and again, until the task is ended.
pub(crate) fn keep(office: &Office) -> JoinHandle<()> {
    let office = office.clone();
    tokio::spawn(async move {
        let mut plan = Plan::default();
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let due = plan.due(&office.all_accounts(), now_ms(), rand::random);
            let looked = stream::iter(due).map(|id| look(&office, id));
            let looked: Vec<_> = looked.buffer_unordered(AT_ONCE).collect().await;
            for (id, was_found) in looked {
                plan.looked(&id, was_found, now_ms(), rand::random());
            }
        }
    })
}

async fn look(office: &Office, id: String) -> (String, bool) {
    let found = office.find_out(&id).await;
    if let Err(why) = &found {
        info!(
            account.id = id,
            "what the account `{id}` may do at the platform cannot be found out: {why}"
        );
    }
    (id, found.is_ok())
}

impl Plan {
    /// The accounts whose time has come; `random` gives numbers from 0 to 1.
    fn due(
        &mut self,
        accounts: &[impl AsRef<AccountEntry>],
        now_ms: i64,
        random: impl Fn() -> f64,
    ) -> Vec<String> {
        let mut due = Vec::new();
        let mut here = HashMap::new();
        for account in accounts.iter().map(AsRef::as_ref) {
            if account.disabled_at_ms.is_some() {
                continue;
            }
            let mut plan = self.accounts.remove(&account.id).unwrap_or_else(|| {
                // Known from before, it is due a day later.
                let known = account.able.known();
                let at_ms = known.map_or(now_ms, |known| known.found_at_ms + DAY_MS);
                Due {
                    changed_at_ms: account.updated_at_ms,
                    access: access(account),
                    // One that was added just now is waited for by somebody.
                    at_ms: if self.is_begun {
                        at_ms
                    } else {
                        at_ms.max(now_ms) + moved(MINUTE_MS, random())
                    },
                }
            });
            if plan.changed_at_ms != account.updated_at_ms {
                plan.changed_at_ms = account.updated_at_ms;
                let access = access(account);
                if plan.access != access {
                    plan.access = access;
                    plan.at_ms = now_ms;
                }
            }
            let is_due = plan.at_ms <= now_ms && plan.access != NO_ACCESS;
            due.extend(is_due.then(|| account.id.clone()));
            here.insert(account.id.clone(), plan);
        }
        self.accounts = here;
        self.is_begun = true;
        due
    }

    /// Notes that an account was looked at.
    fn looked(&mut self, id: &str, was_found: bool, now_ms: i64, random: f64) {
        if let Some(due) = self.accounts.get_mut(id) {
            let after_ms = if was_found { DAY_MS } else { RETRY_MS };
            due.at_ms = now_ms + after_ms + moved(after_ms / 10, random);
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a day of milliseconds is far below 2^53"
)]
fn moved(most_ms: i64, random: f64) -> i64 {
    (most_ms as f64 * random) as i64
}

const NO_ACCESS: u64 = 0;

/// By what the account has access to the API: another number when that is another way, or another AppID.
fn access(account: &AccountEntry) -> u64 {
    let has_access = account.account().is_ok_and(|account| account.api.is_some());
    if !has_access {
        return NO_ACCESS;
    }
    let (settings, secrets) = (&account.settings, &account.secrets);
    let mut hasher = DefaultHasher::new();
    let app_id = settings.app_id.as_ref().map(ToString::to_string);
    (app_id, &settings.api_base, settings.access_token.as_str()).hash(&mut hasher);
    for secret in [&secrets.app_secret, &secrets.access_token_key] {
        secret
            .as_ref()
            .map(ExposeSecret::expose_secret)
            .hash(&mut hasher);
    }
    hasher.finish() | 1
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn account(id: &str) -> AccountEntry {
        let token = "S1qJ0JoQmYfy".parse().expect("a token");
        let mut account = AccountEntry::new(id, token, 0);
        account.settings.app_id = Some("wx0123456789abcdef".into());
        account.secrets.app_secret = Some("0123456789abcdef0123456789abcdef".into());
        account
    }

    #[test]
    fn an_account_is_due_after_the_start_once_a_day_and_after_a_change_of_its_access() {
        let mut plan = Plan::default();
        let mut shop = account("shop");
        let mut disabled = account("disabled");
        disabled.disabled_at_ms = Some(1);
        let mut without = account("without");
        without.secrets.app_secret = None;
        let mut check = |shop: &AccountEntry, now_ms: i64, is_due: bool| {
            let all = [shop, &disabled, &without].map(|account| Arc::new(account.clone()));
            let expected: &[&str] = if is_due { &["shop"] } else { &[] };
            assert_eq!(plan.due(&all, now_ms, || 0.5), expected, "{now_ms}");
            if is_due {
                plan.looked("shop", now_ms != 30_000, now_ms, 0.0);
            }
        };
        check(&shop, 0, false);
        check(&shop, 30_000, true);
        // It could not be found out.
        check(&shop, 30_001, false);
        check(&shop, 30_000 + RETRY_MS, true);
        let found_at_ms = 30_000 + RETRY_MS;
        check(&shop, found_at_ms + DAY_MS - 1, false);
        check(&shop, found_at_ms + DAY_MS, true);
        shop.updated_at_ms = 1;
        shop.settings.name = "another name".into();
        check(&shop, found_at_ms + DAY_MS + 1, false);
        shop.updated_at_ms = 2;
        shop.secrets.app_secret = Some("fedcba9876543210fedcba9876543210".into());
        check(&shop, found_at_ms + DAY_MS + 2, true);
        let new = [Arc::new(account("new"))];
        assert_eq!(plan.due(&new, 0, || 0.5), ["new"]);
    }
}
