//! All rules at a moment, in the order in which they are asked.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use echostr::{Rule, RuleParts};

use echostr_protocol::Str;

use super::step::Step;
use super::{RuleEdit, RuleEntry, RuleNotChanged, Scope};

/// How many rules there may be, and how many bytes they may have as JSON, all together.
const MAX_RULES: usize = 100_000;
const MAX_BYTES: usize = 64 << 20;

/// All rules.
pub(super) struct Book {
    by_id: HashMap<Str, Held>,
    in_order: BTreeMap<Place, Arc<RuleEntry>>,
    // As JSON.
    bytes: usize,
    max_rules: usize,
    max_bytes: usize,
}

struct Held {
    entry: Arc<RuleEntry>,
    bytes: usize,
}

/// Where a rule stands among those that are asked.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    priority: Reverse<i32>,
    is_for_all: bool,
    id: Str,
}

impl Place {
    fn of(rule: &Rule) -> Self {
        Self {
            priority: Reverse(rule.priority),
            is_for_all: rule.account.is_none(),
            id: rule.id.as_str().into(),
        }
    }
}

impl Default for Book {
    fn default() -> Self {
        Self {
            by_id: HashMap::new(),
            in_order: BTreeMap::new(),
            bytes: 0,
            max_rules: MAX_RULES,
            max_bytes: MAX_BYTES,
        }
    }
}

impl Book {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn get(&self, id: &str) -> Option<&Arc<RuleEntry>> {
        self.by_id.get(id).map(|held| &held.entry)
    }

    pub(super) fn list(&self, account: Option<&str>) -> Vec<Arc<RuleEntry>> {
        let is_asked = |entry: &&Arc<RuleEntry>| {
            let of = entry.rule.account.as_deref();
            account.is_none() || of.is_none() || of == account
        };
        self.in_order.values().filter(is_asked).cloned().collect()
    }

    /// The accounts that have rules, and everybody.
    pub(super) fn scopes(&self) -> impl Iterator<Item = Scope> {
        self.in_order.values().map(|entry| scope(entry))
    }

    /// What is compiled for each of these.
    pub(super) fn parts(&self, scopes: HashSet<Scope>) -> HashMap<Scope, Vec<RuleParts>> {
        let empty = scopes.into_iter().map(|scope| (scope, Vec::new()));
        let mut parts: HashMap<Scope, Vec<RuleParts>> = empty.collect();
        for entry in self
            .in_order
            .values()
            .filter(|entry| entry.unread.is_none())
        {
            if let Some(of_scope) = parts.get_mut(&scope(entry)) {
                of_scope.push((Arc::clone(&entry.rule), Arc::clone(&entry.secrets)));
            }
        }
        parts
    }

    /// What these come to; nothing has changed by that.
    pub(super) fn steps(
        &self,
        edits: Vec<RuleEdit>,
        now_ms: i64,
    ) -> Result<Vec<Step>, RuleNotChanged> {
        let (mut ids, mut steps) = (HashSet::new(), Vec::with_capacity(edits.len()));
        for edit in edits {
            let id = match &edit {
                RuleEdit::Put { rule, .. } => &rule.id,
                RuleEdit::Remove { id } => id,
            };
            if !ids.insert(id.clone()) {
                return Err(RuleNotChanged::Moved(id.clone()));
            }
            steps.extend(self.step(edit, now_ms)?);
        }
        self.check_room(&steps)?;
        Ok(steps)
    }

    fn step(&self, edit: RuleEdit, now_ms: i64) -> Result<Option<Step>, RuleNotChanged> {
        match edit {
            RuleEdit::Put {
                rule,
                secrets,
                before,
            } => match (self.get(&rule.id), before) {
                (None, None) => Ok(Some(Step::create(*rule, secrets, now_ms))),
                (None, Some(_)) => Err(RuleNotChanged::Unknown(rule.id)),
                (Some(_), None) => Err(RuleNotChanged::Exists(rule.id)),
                (Some(old), Some(before)) if old.updated_at_ms != before => {
                    Err(RuleNotChanged::Moved(rule.id))
                }
                (Some(old), Some(_)) => Ok(Step::change(old, *rule, secrets, now_ms)),
            },
            RuleEdit::Remove { id } => match self.get(&id) {
                Some(old) => Ok(Some(Step::remove(old))),
                None => Err(RuleNotChanged::Unknown(id)),
            },
        }
    }

    fn check_room(&self, steps: &[Step]) -> Result<(), RuleNotChanged> {
        let (mut n_rules, mut bytes) = (self.len(), self.bytes);
        for step in steps {
            if let Some(held) = self.by_id.get(step.id()) {
                n_rules -= 1;
                bytes -= held.bytes;
            }
            if let Some(new) = &step.new {
                n_rules += 1;
                bytes += new.json.len();
            }
        }
        let (max_rules, max_bytes) = (self.max_rules, self.max_bytes);
        if n_rules > max_rules && n_rules > self.len() {
            return Err(RuleNotChanged::TooMuch(format!(
                "there would be {n_rules} rules, at most {max_rules} are allowed; remove some, or give one rule several patterns"
            )));
        }
        if bytes > max_bytes && bytes > self.bytes {
            return Err(RuleNotChanged::TooMuch(format!(
                "the rules would have {bytes} bytes as JSON, at most {max_bytes} are allowed for all of them; shorten or remove some"
            )));
        }
        Ok(())
    }

    /// Makes them; tells whose rules have changed.
    pub(super) fn apply(&mut self, steps: Vec<Step>) -> HashSet<Scope> {
        let mut scopes = HashSet::new();
        for step in steps {
            scopes.extend(step.old.as_deref().map(scope));
            self.take(step.id());
            if let Some(new) = step.new {
                scopes.insert(scope(&new.entry));
                self.put(new.entry, new.json.len());
            }
        }
        scopes
    }

    /// One more, which has so many bytes as JSON.
    pub(super) fn put(&mut self, entry: Arc<RuleEntry>, bytes: usize) {
        let place = Place::of(&entry.rule);
        self.bytes += bytes;
        let held = Held {
            entry: Arc::clone(&entry),
            bytes,
        };
        self.by_id.insert(place.id.clone(), held);
        self.in_order.insert(place, entry);
    }

    fn take(&mut self, id: &str) -> Option<Held> {
        let held = self.by_id.remove(id)?;
        self.in_order.remove(&Place::of(&held.entry.rule));
        self.bytes -= held.bytes;
        Some(held)
    }

    /// Of this account.
    pub(super) fn drop_account(&mut self, account: &str) {
        let all = self.in_order.values();
        let gone = all.filter(|entry| entry.rule.account.as_deref() == Some(account));
        let gone: Vec<_> = gone.map(|entry| entry.rule.id.clone()).collect();
        for id in gone {
            self.take(&id);
        }
    }

    /// A rule has answered so often.
    pub(super) fn hit(&mut self, id: &str, n_hits: u64, at_ms: i64) {
        if let Some(held) = self.take(id) {
            let mut entry = RuleEntry::clone(&held.entry);
            entry.hits += n_hits;
            entry.last_hit_at_ms = Some(at_ms);
            self.put(Arc::new(entry), held.bytes);
        }
    }
}

fn scope(entry: &RuleEntry) -> Scope {
    entry.rule.account.as_deref().map(Str::from)
}

#[cfg(test)]
mod tests {

    use echostr::{RuleReply, RuleSecrets, When};

    use super::*;
    use crate::rules::step::written;

    fn rule(id: &str, text: &str) -> Rule {
        Rule {
            id: id.into(),
            account: None,
            name: String::new(),
            priority: 0,
            enabled: true,
            cool_down_secs: 0,
            when: When::default(),
            reply: RuleReply::Text(text.into()),
        }
    }

    fn put(id: &str, text: &str) -> RuleEdit {
        RuleEdit::Put {
            rule: Box::new(rule(id, text)),
            secrets: RuleSecrets::default(),
            before: None,
        }
    }

    #[track_caller]
    fn check(book: &mut Book, edits: Vec<RuleEdit>, expected: Option<&str>) {
        match (book.steps(edits, 1), expected) {
            (Ok(steps), None) => drop(book.apply(steps)),
            (Err(error), Some(expected)) => {
                let error = error.to_string();
                assert!(error.contains(expected), "{error}");
            }
            (Ok(_), Some(expected)) => panic!("it was not refused: {expected}"),
            (Err(error), None) => panic!("{error}"),
        }
    }

    #[test]
    fn there_is_room_for_so_many_rules() {
        let mut book = Book {
            max_rules: 3,
            ..Book::default()
        };
        check(
            &mut book,
            vec![put("a", ""), put("b", ""), put("c", "")],
            None,
        );
        let too_many = "there would be 4 rules, at most 3 are allowed; remove some";
        check(&mut book, vec![put("d", "")], Some(too_many));
        let remove = RuleEdit::Remove { id: "b".into() };
        check(&mut book, vec![remove, put("d", "")], None);
        assert_eq!((book.len(), book.get("b").is_none()), (3, true));
    }

    #[test]
    fn there_is_room_for_so_many_bytes() {
        let long = "长".repeat(100);
        let bytes = written(&rule("a", &long)).len();
        let mut book = Book {
            max_bytes: 2 * bytes + 5,
            ..Book::default()
        };
        check(&mut book, vec![put("a", &long), put("b", &long)], None);
        assert_eq!(book.bytes, 2 * bytes);
        let too_much = format!("at most {} are allowed for all of them", 2 * bytes + 5);
        check(&mut book, vec![put("c", "")], Some(&too_much));
        let remove = RuleEdit::Remove { id: "b".into() };
        check(&mut book, vec![put("c", ""), remove], None);
        assert_eq!(book.bytes, bytes + written(&rule("c", "")).len());
    }
}
