//! Rules in a document: `[[rule]]`, written as the API has them.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

use echostr::{Rule, RuleReply, RuleSecrets};
use echostr_protocol::EncodingAesKey;
use echostr_store::{RuleEdit, RuleEntry};
use serde::Serialize;
use serde_json::Value as Json;
use toml::{Table, Value};

use super::form::{Draft, FIELDS};
use super::{put, without_reply};
use crate::office::document::{Wanted, divided};
use crate::office::{Action, FormFault, Office, Planned, Thing};

/// Writes these rules down.
pub(crate) fn write(text: &mut String, entries: &[Arc<RuleEntry>], with_secrets: bool) {
    for entry in entries.iter().filter(|entry| entry.unread.is_none()) {
        write_rule(text, entry, with_secrets);
    }
}

fn write_rule(text: &mut String, entry: &RuleEntry, with_secrets: bool) {
    let rule = &entry.rule;
    text.push_str("\n[[rule]]\n");
    let mut put = |name: &str, value: Value| {
        let _ = writeln!(text, "{name} = {value}");
    };
    put("id", rule.id.clone().into());
    if let Some(account) = &rule.account {
        put("account", account.clone().into());
    }
    if !rule.name.is_empty() {
        put("name", rule.name.clone().into());
    }
    if rule.priority != 0 {
        put("priority", Value::Integer(rule.priority.into()));
    }
    if !rule.enabled {
        put("enabled", false.into());
    }
    if rule.cool_down_secs != 0 {
        let secs = i64::try_from(rule.cool_down_secs).unwrap_or(i64::MAX);
        put("cool_down_secs", Value::Integer(secs));
    }
    for (name, value) in table(&rule.when) {
        put(&format!("when.{name}"), value);
    }
    let mut left_out = Vec::new();
    for (name, mut value) in table(&rule.reply) {
        if let (RuleReply::Relay(_), Value::Table(relay)) = (&rule.reply, &mut value) {
            left_out = add_secrets(relay, entry, with_secrets);
        }
        put(&format!("reply.{name}"), value);
    }
    if !left_out.is_empty() {
        let _ = writeln!(text, "# 没写出来 · left out: {}", left_out.join(", "));
    }
}

/// What of a relay is left out.
fn add_secrets(relay: &mut Table, entry: &RuleEntry, with_secrets: bool) -> Vec<&'static str> {
    let mut left_out = Vec::new();
    if let Some(Value::String(url)) = relay.get_mut("url") {
        let (address, query) = divided(url, with_secrets);
        left_out.extend(query.map(|_| "the query of reply.relay.url"));
        *url = address;
    }
    let token = entry.secrets.token.as_ref();
    let key = entry.secrets.encoding_aes_key.as_ref();
    for (name, full_name, value) in [
        (
            "token",
            "reply.relay.token",
            token.map(|token| token.expose().to_owned()),
        ),
        (
            "encoding_aes_key",
            "reply.relay.encoding_aes_key",
            key.map(EncodingAesKey::to_base64),
        ),
    ] {
        match value {
            Some(value) if with_secrets => {
                relay.insert(name.into(), value.into());
            }
            Some(_) => left_out.push(full_name),
            None => {}
        }
    }
    left_out
}

fn table(value: &impl Serialize) -> Table {
    match Value::try_from(value) {
        Ok(Value::Table(table)) => table,
        _ => Table::new(),
    }
}

impl Office {
    /// What a document changes of rules; `new_accounts` are those that it makes.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub(in crate::office) fn plan_rules(
        &self,
        wanted: Vec<Wanted>,
        new_accounts: &HashSet<String>,
    ) -> Result<(Vec<Planned>, Vec<RuleEdit>), Vec<FormFault>> {
        let (mut planned, mut edits, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        let is_account = |id: &str| new_accounts.contains(id) || self.account(id).is_some();
        for Wanted {
            id,
            place,
            mut fields,
        } in wanted
        {
            let mut others = Vec::new();
            if !fields.contains_key("reply") {
                others.push(without_reply());
            }
            for name in FIELDS.iter().filter(|name| **name != "reply") {
                fields.entry(*name).or_insert(Json::Null);
            }
            let before = self.rule(&id);
            let readable = before.as_ref().filter(|before| before.unread.is_none());
            let mut draft = readable.map_or_else(
                || Draft::new(id.clone()),
                |before| Draft {
                    rule: Rule::clone(&before.rule),
                    secrets: (*before.secrets).clone(),
                },
            );
            others.extend(
                draft
                    .fill_in(&fields, is_account)
                    .err()
                    .into_iter()
                    .flatten(),
            );
            if !others.is_empty() {
                faults.extend(others.into_iter().map(|fault| fault.at(&place, &id)));
                continue;
            }
            let differing = readable.map_or_else(Vec::new, |before| differing(before, &draft));
            let lost = before
                .as_ref()
                .map_or_else(Vec::new, |before| lost(&before.secrets, &draft.secrets));
            let action = match &before {
                None => Action::Create,
                Some(before) if before.unread.is_none() && differing.is_empty() => {
                    Action::Unchanged
                }
                Some(_) => Action::Change,
            };
            if action != Action::Unchanged {
                edits.push(put(draft, before.map(|before| before.updated_at_ms)));
            }
            planned.push(Planned {
                thing: Thing::Rule,
                id,
                action,
                fields: differing,
                bot: None,
                lost,
                token: None,
                encoding_aes_key: None,
            });
        }
        if faults.is_empty() {
            Ok((planned, edits))
        } else {
            Err(faults)
        }
    }
}

/// The secrets that a rule has, and would have no more.
fn lost(before: &RuleSecrets, after: &RuleSecrets) -> Vec<String> {
    let all = [
        (
            "reply.relay.token",
            before.token.is_some() && after.token.is_none(),
        ),
        (
            "reply.relay.encoding_aes_key",
            before.encoding_aes_key.is_some() && after.encoding_aes_key.is_none(),
        ),
    ];
    let lost = all.into_iter().filter(|(_, is_lost)| *is_lost);
    lost.map(|(name, _)| name.into()).collect()
}

/// The fields in which a rule would differ.
pub(in crate::office) fn differing(before: &RuleEntry, after: &Draft) -> Vec<&'static str> {
    let (old, new) = (&before.rule, &after.rule);
    let is_same = [
        ("account", old.account == new.account),
        ("name", old.name == new.name),
        ("priority", old.priority == new.priority),
        ("enabled", old.enabled == new.enabled),
        ("cool_down_secs", old.cool_down_secs == new.cool_down_secs),
        ("when", old.when == new.when),
        (
            "reply",
            old.reply == new.reply && *before.secrets == after.secrets,
        ),
    ];
    let differing = is_same.into_iter().filter(|(_, is_same)| !is_same);
    differing.map(|(name, _)| name).collect()
}
