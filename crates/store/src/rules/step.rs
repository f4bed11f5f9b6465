//! One rule becomes what it is to be: in memory, in the database, in the audit log.

use std::sync::Arc;

use echostr::{Rule, RuleSecrets};
use serde_json::{Map, Value, json};

use super::RuleEntry;
use super::load::seal;
use crate::account::Actor;
use crate::change::Change;
use crate::vault::Vault;

/// One rule becomes what it is to be.
pub(super) struct Step {
    pub(super) old: Option<Arc<RuleEntry>>,
    pub(super) new: Option<New>,
}

/// A rule as it is to be, and as it is written.
pub(super) struct New {
    pub(super) entry: Arc<RuleEntry>,
    pub(super) json: String,
}

impl New {
    fn of(entry: RuleEntry) -> Self {
        Self {
            json: written(&entry.rule),
            entry: Arc::new(entry),
        }
    }
}

/// A rule as JSON, without secrets.
pub(super) fn written(rule: &Rule) -> String {
    serde_json::to_string(rule).expect("a rule has only texts, numbers and flags in it")
}

impl Step {
    pub(super) fn create(rule: Rule, secrets: RuleSecrets, now_ms: i64) -> Self {
        Self {
            old: None,
            new: Some(New::of(RuleEntry {
                rule: Arc::new(rule),
                secrets: Arc::new(secrets),
                hits: 0,
                last_hit_at_ms: None,
                created_at_ms: now_ms,
                updated_at_ms: now_ms,
                unread: None,
            })),
        }
    }

    /// Nothing when nothing changes.
    pub(super) fn change(
        old: &Arc<RuleEntry>,
        rule: Rule,
        secrets: RuleSecrets,
        now_ms: i64,
    ) -> Option<Self> {
        if old.unread.is_none() && *old.rule == rule && *old.secrets == secrets {
            return None;
        }
        Some(Self {
            old: Some(Arc::clone(old)),
            new: Some(New::of(RuleEntry {
                rule: Arc::new(rule),
                secrets: Arc::new(secrets),
                // No two versions have the same moment.
                updated_at_ms: now_ms.max(old.updated_at_ms.saturating_add(1)),
                unread: None,
                ..RuleEntry::clone(old)
            })),
        })
    }

    pub(super) fn remove(old: &Arc<RuleEntry>) -> Self {
        Self {
            old: Some(Arc::clone(old)),
            new: None,
        }
    }

    pub(super) fn id(&self) -> &str {
        let new = self.new.as_ref().map(|new| &new.entry);
        let entry = new.or(self.old.as_ref());
        entry.map_or("", |entry| &entry.rule.id)
    }

    /// What is written.
    pub(super) fn changes<'a>(
        &'a self,
        vault: &Vault,
        by: &'a Actor,
        at_ms: i64,
    ) -> impl Iterator<Item = Change<'a>> + use<'a> {
        let id = self.id();
        let row = match &self.new {
            Some(New { entry, json }) => Change::Rule {
                id,
                account: entry.rule.account.as_deref(),
                rule: json,
                sealed: seal(vault, id, &entry.secrets),
                created_at_ms: entry.created_at_ms,
                updated_at_ms: entry.updated_at_ms,
            },
            None => Change::NoRule { id },
        };
        let (action, before, after) = self.audit();
        let audit = Change::Audit {
            at_ms,
            actor: &by.0,
            action,
            subject: id,
            before: before.map(|value| value.to_string()),
            after: after.map(|value| value.to_string()),
        };
        [row, audit].into_iter()
    }

    /// What the audit log says. What stood in a rule that could not be read is not known.
    fn audit(&self) -> (&'static str, Option<Value>, Option<Value>) {
        let old = self.old.as_ref().filter(|old| old.unread.is_none());
        match (&self.old, old, &self.new) {
            (None, _, new) => {
                let after = new.as_ref().map(|new| visible(&new.entry).into());
                ("rule.create", None, after)
            }
            (Some(_), Some(old), Some(new)) => {
                let (before, after) = difference(old, &new.entry);
                ("rule.change", Some(before.into()), Some(after.into()))
            }
            (Some(_), None, Some(new)) => ("rule.change", None, Some(visible(&new.entry).into())),
            (Some(_), old, None) => {
                let before = old.map(|old| visible(old).into());
                ("rule.remove", before, None)
            }
        }
    }
}

/// All of it, secrets masked.
fn visible(entry: &RuleEntry) -> Map<String, Value> {
    let mut map = whole(entry);
    mask_query(&mut map);
    map
}

/// A rule as it stands in the database, for the audit log; nothing when it is no JSON.
pub(crate) fn masked(rule: &str) -> Option<String> {
    let mut map: Map<String, Value> = serde_json::from_str(rule).ok()?;
    mask_query(&mut map);
    Some(Value::Object(map).to_string())
}

/// The query of a relay's address may hold a secret.
fn mask_query(map: &mut Map<String, Value>) {
    let reply = map.get_mut("reply").and_then(Value::as_object_mut);
    let relay = reply.and_then(|reply| reply.get_mut("relay"));
    if let Some(Value::String(url)) = relay.and_then(|relay| relay.get_mut("url"))
        && let Some(place) = url.find('?')
    {
        url.replace_range(place.., "?***");
    }
}

/// All of it, but for the query of an address with the secrets masked.
fn whole(entry: &RuleEntry) -> Map<String, Value> {
    let Ok(Value::Object(mut map)) = serde_json::to_value(&*entry.rule) else {
        unreachable!("a rule is an object of texts, numbers and flags");
    };
    let RuleSecrets {
        token,
        encoding_aes_key,
    } = &*entry.secrets;
    for (name, is_set) in [
        ("token", token.is_some()),
        ("encoding_aes_key", encoding_aes_key.is_some()),
    ] {
        if is_set {
            map.insert(name.into(), json!("***"));
        }
    }
    map
}

/// Only what differs.
fn difference(old: &RuleEntry, new: &RuleEntry) -> (Map<String, Value>, Map<String, Value>) {
    let (mut was, mut is) = (whole(old), whole(new));
    let (before, after) = (&old.secrets, &new.secrets);
    let is_other_token = before.token != after.token;
    let is_other_key = before.encoding_aes_key != after.encoding_aes_key;
    was.retain(|name, value| {
        let is_other_secret = match name.as_str() {
            "token" => is_other_token,
            "encoding_aes_key" => is_other_key,
            _ => false,
        };
        let is_same = !is_other_secret && is.get(name) == Some(value);
        if is_same {
            is.remove(name);
        }
        !is_same
    });
    mask_query(&mut was);
    mask_query(&mut is);
    (was, is)
}
