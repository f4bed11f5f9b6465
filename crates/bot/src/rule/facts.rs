//! [`Facts`]: what the journal knows that rules ask, read at most once for a message; and [`CoolDowns`], which hold also for
//! messages that come at once.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use echostr_protocol::Key;
use tokio::time::timeout;
use tracing::warn;

use super::question::Question;
use super::set::Compiled;
use super::when::Hindrance;
use crate::Journal;
use crate::client::with_causes;
use crate::deadline::JOURNAL_WITHIN;
use crate::journal::{Of, PushId, Reading, Record};

/// The session in which it stands when rules with a cool-down answered.
const SESSION: &str = "rules";
/// Of so many rules, the latest.
const MAX_KEPT: usize = 64;
/// How many followers and rules are known in memory.
const MAX_KNOWN: usize = 100_000;

/// What is known of the follower who wrote a message.
pub(super) struct Facts<'a> {
    /// Nothing when it was away or slow.
    journal: Option<&'a dyn Journal>,
    question: &'a Question<'a>,
    source: Fact<Option<String>>,
    has_written: Fact<bool>,
    /// When rules answered, by their ids.
    answered: Fact<HashMap<String, Told>>,
}

/// When a rule answered, Unix milliseconds, and the key of the push: one that is answered again after a crash is no other.
type Told = (i64, String);

/// Not asked yet, or what is known of it.
type Fact<T> = Option<Option<T>>;

impl<'a> Facts<'a> {
    pub(super) fn new(journal: Option<&'a dyn Journal>, question: &'a Question<'a>) -> Self {
        Self {
            journal,
            question,
            source: None,
            has_written: None,
            answered: None,
        }
    }

    /// What is in the way of a rule that the journal knows. What it cannot tell does not hold.
    pub(super) async fn hindrance(
        &mut self,
        compiled: &Compiled,
        cool_downs: &CoolDowns,
    ) -> Option<Hindrance> {
        let conditions = &compiled.conditions;
        if conditions.cool_down_ms > 0 && self.is_cooling_down(compiled, cool_downs).await {
            return Some(Hindrance::CoolDown);
        }
        if conditions.first_message && self.has_written().await != Some(false) {
            return Some(Hindrance::NotFirst);
        }
        if !conditions.source.is_empty() {
            let source = self.source().await.unwrap_or_default();
            let is_meant = |source: &str| conditions.source.iter().any(|it| it.fits(source));
            if !source.is_some_and(is_meant) {
                return Some(Hindrance::Source);
            }
        }
        None
    }

    async fn is_cooling_down(&mut self, compiled: &Compiled, cool_downs: &CoolDowns) -> bool {
        let rule = &*compiled.rule.id;
        let now_ms = self.question.at_ms;
        let is_recent = |at_ms: i64| is_within(at_ms, now_ms, compiled.conditions.cool_down_ms);
        if cool_downs
            .latest(self.question, rule)
            .is_some_and(is_recent)
        {
            return true;
        }
        let key = Key::of(self.question.message);
        let answered = self.answered().await;
        let told = answered.and_then(|answered| answered.get(rule));
        told.is_some_and(|(at_ms, of)| of != key.as_str() && is_recent(*at_ms))
    }

    /// The rule answers now, if it has not answered another message meanwhile.
    pub(super) fn begin_cool_down<'f>(
        &'f mut self,
        compiled: &'f Compiled,
        cool_downs: &'f CoolDowns,
    ) -> Option<CoolDown<'f, 'a>> {
        let cool_down_ms = compiled.conditions.cool_down_ms;
        let rule = &*compiled.rule.id;
        let is_any = cool_down_ms > 0;
        if is_any && !cool_downs.begin(self.question, rule, cool_down_ms) {
            return None;
        }
        let mut begun = CoolDown {
            facts: self,
            rule: Some(rule).filter(|_| is_any),
            cool_downs,
        };
        begun.write(true);
        Some(begun)
    }

    async fn has_written(&mut self) -> Option<bool> {
        if self.has_written.is_none() {
            let push = PushId::of(&self.question.account.id, self.question.message);
            let of = of(self.question);
            self.has_written = Some(self.read(|journal| journal.has_written(of, &push)).await);
        }
        self.has_written?
    }

    async fn source(&mut self) -> Option<Option<&str>> {
        if self.source.is_none() {
            let of = of(self.question);
            let follower = self.read(|journal| journal.follower(of)).await;
            self.source = Some(follower.map(|follower| follower.and_then(|it| it.source)));
        }
        self.source.as_ref()?.as_ref().map(Option::as_deref)
    }

    async fn answered(&mut self) -> Option<&HashMap<String, Told>> {
        if self.answered.is_none() {
            let of = of(self.question);
            let session = self.read(|journal| journal.session(of, SESSION)).await;
            let answered = session.map(|session| {
                let read = session.and_then(|session| serde_json::from_str(&session).ok());
                read.unwrap_or_default()
            });
            self.answered = Some(answered);
        }
        self.answered.as_ref()?.as_ref()
    }

    /// Asks the journal, unless it has failed already.
    async fn read<'r, T>(
        &mut self,
        ask: impl FnOnce(&'r dyn Journal) -> Reading<'r, T>,
    ) -> Option<T>
    where
        'a: 'r,
    {
        let failed = match timeout(JOURNAL_WITHIN, ask(self.journal?)).await {
            Ok(Ok(known)) => return Some(known),
            Ok(Err(error)) => with_causes(&*error),
            Err(_) => format!("no answer within {} s", JOURNAL_WITHIN.as_secs()),
        };
        warn!(
            account = self.question.account.log_id(),
            "cannot ask the journal what rules need ({failed}): they answer as if it did not hold"
        );
        self.journal = None;
        None
    }
}

/// A cool-down that begins with an answer. When this is dropped there is no answer, and it has not begun.
pub(super) struct CoolDown<'f, 'a> {
    facts: &'f mut Facts<'a>,
    /// Nothing when the rule has none, or has answered.
    rule: Option<&'f str>,
    cool_downs: &'f CoolDowns,
}

impl CoolDown<'_, '_> {
    /// The rule has answered.
    pub(super) fn stays(mut self) {
        self.rule = None;
    }

    /// A journal that could not be read is not written over.
    fn write(&mut self, has_answered: bool) {
        let Facts {
            journal: Some(journal),
            question,
            answered: Some(Some(answered)),
            ..
        } = &mut *self.facts
        else {
            return;
        };
        let Some(rule) = self.rule else {
            return;
        };
        if has_answered {
            let key = Key::of(question.message);
            answered.insert(rule.to_owned(), (question.at_ms, key.as_str().to_owned()));
        } else {
            answered.remove(rule);
        }
        journal.write(vec![record(question, answered)]);
    }
}

impl Drop for CoolDown<'_, '_> {
    fn drop(&mut self) {
        if let Some(rule) = self.rule {
            self.cool_downs.undo(self.facts.question, rule);
            self.write(false);
        }
    }
}

fn of<'a>(question: &'a Question<'_>) -> Of<'a> {
    Of {
        account: &question.account.id,
        follower: question.message.from_user(),
    }
}

/// The latest answers alone, so that it does not grow with the number of rules.
fn record(question: &Question<'_>, answered: &HashMap<String, Told>) -> Record {
    let mut latest: Vec<_> = answered.iter().collect();
    latest.sort_by_key(|(_, (at_ms, _))| std::cmp::Reverse(*at_ms));
    latest.truncate(MAX_KEPT);
    let latest: serde_json::Map<String, serde_json::Value> = latest
        .into_iter()
        .map(|(rule, (at_ms, of))| (rule.clone(), serde_json::json!([at_ms, of])))
        .collect();
    Record::Session {
        account: question.account.id.clone(),
        follower: question.message.from_user().clone(),
        name: SESSION.into(),
        value: Some(serde_json::Value::from(latest).to_string()),
        at_ms: question.at_ms,
    }
}

fn is_within(at_ms: i64, now_ms: i64, cool_down_ms: i64) -> bool {
    (0..cool_down_ms).contains(&now_ms.saturating_sub(at_ms))
}

/// When rules with a cool-down answered which follower: the latest, in memory.
#[derive(Default)]
pub(super) struct CoolDowns {
    known: Mutex<HashMap<(u64, u64), Answered>>,
    hashers: (RandomState, RandomState),
}

#[derive(Debug, Clone, Copy)]
struct Answered {
    at_ms: i64,
    until_ms: i64,
}

impl CoolDowns {
    /// When the rule answered the follower last, Unix milliseconds.
    fn latest(&self, question: &Question<'_>, rule: &str) -> Option<i64> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let answered = known.get(&self.key(question, rule))?;
        Some(answered.at_ms)
    }

    /// Whether it had not begun already.
    fn begin(&self, question: &Question<'_>, rule: &str, cool_down_ms: i64) -> bool {
        let key = self.key(question, rule);
        let now_ms = question.at_ms;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known
            .get(&key)
            .is_some_and(|it| is_within(it.at_ms, now_ms, cool_down_ms))
        {
            return false;
        }
        if known.len() >= MAX_KNOWN {
            make_room(&mut known, now_ms);
        }
        let answered = Answered {
            at_ms: now_ms,
            until_ms: now_ms.saturating_add(cool_down_ms),
        };
        known.insert(key, answered);
        true
    }

    fn undo(&self, question: &Question<'_>, rule: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = self.key(question, rule);
        // It may be over, and another one have begun.
        if known.get(&key).is_some_and(|it| it.at_ms == question.at_ms) {
            known.remove(&key);
        }
    }

    fn key(&self, question: &Question<'_>, rule: &str) -> (u64, u64) {
        let key = (
            &*question.account.id,
            question.message.from_user().as_str(),
            rule,
        );
        (self.hashers.0.hash_one(key), self.hashers.1.hash_one(key))
    }
}

/// Forgets what is over, and if that is little, the half that is over first: the journal knows it still.
fn make_room(known: &mut HashMap<(u64, u64), Answered>, now_ms: i64) {
    known.retain(|_, answered| answered.until_ms > now_ms);
    if known.len() > MAX_KNOWN / 2 {
        let mut ends: Vec<_> = known.values().map(|answered| answered.until_ms).collect();
        let (_, middle, _) = ends.select_nth_unstable(known.len() / 2);
        let middle = *middle;
        known.retain(|_, answered| answered.until_ms > middle);
    }
}
