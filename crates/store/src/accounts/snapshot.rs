//! All accounts at a moment, as look-ups find them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use echostr::{Account, Mode};
use echostr_protocol::Str;

use super::{NotChanged, Step};
use crate::account::{AccountEntry, Origin};

/// All accounts at a moment.
#[derive(Clone, Default)]
pub(super) struct Snapshot {
    pub(super) all: BTreeMap<Str, Held>,
    // Those that answer.
    pub(super) by_id: HashMap<Str, Arc<Account>>,
    // Of all, the previous ones as well; one of a disabled account leads to nothing.
    pub(super) by_token: HashMap<Str, Option<Arc<Account>>>,
}

#[derive(Clone)]
pub(super) struct Held {
    pub(super) entry: Arc<AccountEntry>,
    // Nothing while it is disabled, and when it cannot be read or lacks something.
    pub(super) account: Option<Arc<Account>>,
    // A hash of what was last written down of `seen`.
    pub(super) saved: Arc<AtomicU64>,
}

impl Held {
    /// The same without a token or key whose time is over.
    pub(super) fn without_ended(&self, now_ms: i64) -> Self {
        let mut secrets = self.entry.secrets.clone();
        secrets.forget_ended(now_ms);
        let account = self.account.as_ref().map(|account| {
            let mut account = Account::clone(account);
            if secrets.previous_token.is_none() {
                account.previous_token = None;
            }
            if let Mode::Compatible(sealing) | Mode::Safe(sealing) = &mut account.mode
                && secrets.previous_encoding_aes_key.is_none()
            {
                sealing.previous_key = None;
            }
            Arc::new(account)
        });
        Self {
            account,
            ..self.clone()
        }
    }
}

impl Snapshot {
    /// Those that have a token or key whose time is over.
    pub(super) fn ended(&self, now_ms: i64) -> impl Iterator<Item = &Held> {
        let all = self.all.values();
        all.filter(move |held| held.entry.secrets.has_ended(now_ms))
    }

    pub(super) fn put(&mut self, held: Held) {
        for token in held.entry.secrets.tokens() {
            // One whose time is over counts no longer, though it may stand in the entry until the database is back.
            let account = held.account.as_ref().filter(|account| {
                account.token == *token || account.previous_token.as_ref() == Some(token)
            });
            self.by_token
                .insert(token.expose().into(), account.cloned());
        }
        if let Some(account) = &held.account {
            self.by_id.insert(account.id.clone(), Arc::clone(account));
        }
        self.all.insert(held.entry.id.as_str().into(), held);
    }

    pub(super) fn take(&mut self, id: &str) {
        let Some(held) = self.all.remove(id) else {
            return;
        };
        self.by_id.remove(id);
        for token in held.entry.secrets.tokens() {
            self.by_token.remove(token.expose());
        }
    }

    /// The one that is new.
    pub(super) fn creation(&self, entry: AccountEntry) -> Result<Step, NotChanged> {
        if self.all.contains_key(&*entry.id) {
            return Err(NotChanged::Exists(entry.id));
        }
        Ok(Step::new(None, entry)?)
    }

    /// One that may be changed here.
    pub(super) fn changeable(&self, id: &str) -> Result<&Arc<AccountEntry>, NotChanged> {
        let entry = self.removable(id)?;
        match &entry.unread {
            Some(why) => Err(NotChanged::Unread(Arc::clone(why))),
            None => Ok(entry),
        }
    }

    /// One that may at least be removed here.
    pub(super) fn removable(&self, id: &str) -> Result<&Arc<AccountEntry>, NotChanged> {
        let held = self.all.get(id);
        let entry = held.map(|held| &held.entry);
        let entry = entry.ok_or_else(|| NotChanged::Unknown(id.to_owned()))?;
        match entry.origin {
            Origin::File => Err(NotChanged::FromFile(id.to_owned())),
            Origin::Store => Ok(entry),
        }
    }

    /// Disabled accounts keep their tokens, too.
    pub(super) fn check_tokens(&self, steps: &[Step]) -> Result<(), NotChanged> {
        let mut owners: HashMap<&str, &str> = HashMap::with_capacity(self.all.len());
        for Held { entry, .. } in self.all.values() {
            for token in entry.secrets.tokens() {
                let other = owners.insert(token.expose(), &entry.id);
                let Some(other) = other.filter(|other| *other != entry.id) else {
                    continue;
                };
                let in_file = steps.iter().map(|step| &step.entry).find(|step| {
                    step.origin == Origin::File && [other, &entry.id].contains(&&*step.id)
                });
                return Err(in_file.map_or(NotChanged::TokenTaken, |step| {
                    NotChanged::TokenTakenInFile {
                        id: step.id.clone(),
                        other: if step.id == other { &*entry.id } else { other }.to_owned(),
                    }
                }));
            }
        }
        Ok(())
    }
}
