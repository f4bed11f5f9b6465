//! [`Rules`]: the handler that asks the rules, before any bot.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use echostr_protocol::{Message, Str};

use super::facts::{CoolDowns, Facts};
use super::question::Question;
use super::set::{Candidate, Candidates, Compiled};
use super::{RuleReply, RuleSet};
use crate::handler::{Answering, Context, Handler, Needs};
use crate::{Account, Answer, Journal};

/// The rules of all accounts, as a handler: `bot.on(rules.clone())`. Cloning is cheap; all clones have the same rules.
///
/// Whoever changes rules compiles a new set and swaps it in; messages that are being answered meanwhile keep the old one.
#[derive(Clone, Default)]
pub struct Rules(Arc<Parts>);

#[derive(Default)]
struct Parts {
    book: ArcSwap<Book>,
    cool_downs: CoolDowns,
    /// How often each rule has answered, by its id.
    hits: Mutex<HashMap<String, u64>>,
}

#[derive(Clone, Default)]
struct Book {
    for_all: Arc<RuleSet>,
    own: HashMap<Str, Arc<RuleSet>>,
}

/// What rules are asked about, when they are tried out.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The message.
    pub message: Arc<Message>,
    /// Unix milliseconds at which it is received.
    pub at_ms: i64,
}

/// A rule that the text, the kind, the key or the scene of a message fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    /// The rule's id.
    pub rule: String,
    /// What of it fits: `contains 价格`, `event.subscribe`.
    pub because: String,
    /// Why it does not answer all the same, in English: `not at this hour: it is 20:15, hours are 09:00-18:00`. Nothing: it
    /// answers, unless one before it does.
    pub hindrance: Option<String>,
}

/// Tells the implementation of [`Handler`] from those for functions.
#[derive(Debug)]
pub struct ByRules;

/// So many rules are shown of those that a message fits.
const MAX_CONSIDERED: usize = 100;

impl Rules {
    /// From now on these are the rules of `account`, or those for all.
    pub fn replace(&self, account: Option<&str>, set: RuleSet) {
        self.replace_all([(account.map(Str::from), set)]);
    }

    /// The same for several at once: no message finds some of them replaced and some not.
    pub fn replace_all(&self, sets: impl IntoIterator<Item = (Option<Str>, RuleSet)>) {
        let sets = sets
            .into_iter()
            .map(|(account, set)| (account, Arc::new(set)));
        let sets: Vec<_> = sets.collect();
        self.0.book.rcu(|book| {
            let mut book = Book::clone(book);
            for (account, set) in &sets {
                match account {
                    None => book.for_all = Arc::clone(set),
                    Some(account) if set.is_empty() => drop(book.own.remove(account)),
                    Some(account) => drop(book.own.insert(account.clone(), Arc::clone(set))),
                }
            }
            book
        });
    }

    /// Which rules a message fits, in the order in which they are asked, at most 100: the first without a hindrance answers.
    /// Nothing is counted, no cool-down begins.
    pub async fn consider(
        &self,
        trial: &Trial,
        account: &Account,
        journal: Option<&Arc<dyn Journal>>,
    ) -> Vec<Considered> {
        let Some(question) = Question::of(&trial.message, account, trial.at_ms) else {
            return Vec::new();
        };
        let mut considered = Vec::new();
        let mut facts = Facts::new(journal.map(|journal| &**journal), &question);
        for candidate in self.candidates(&question, MAX_CONSIDERED) {
            let compiled = candidate.compiled();
            let rule = &*compiled.rule;
            let mut hindrance = compiled.conditions.hindrance(&rule.id, &question);
            if hindrance.is_none() {
                hindrance = facts.hindrance(compiled, &self.0.cool_downs).await;
            }
            considered.push(Considered {
                rule: rule.id.clone(),
                because: candidate.because(&question),
                hindrance: hindrance.map(|hindrance| hindrance.sentence(rule, &question)),
            });
        }
        considered
    }

    /// What a rule of the account, or of those for all, would answer: with its variables filled in. Nothing when there is no such
    /// rule, or when it does not fit.
    pub fn filled_in(&self, rule: &str, trial: &Trial, account: &Account) -> Option<RuleReply> {
        let question = Question::of(&trial.message, account, trial.at_ms)?;
        let mut candidates = self.candidates(&question, usize::MAX).into_iter();
        let candidate = candidates.find(|candidate| candidate.compiled().rule.id == rule)?;
        let Compiled { rule, plan, .. } = candidate.compiled();
        Some(plan.filled_in(&rule.reply, &candidate.values(&question)))
    }

    /// How often each rule has answered since this was asked last: its id, and how often.
    pub fn take_hits(&self) -> Vec<(String, u64)> {
        let mut hits = self.0.hits.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *hits).into_iter().collect()
    }

    /// The first rule that answers; when the journal must be asked for that, all that may be the first.
    fn choose(&self, question: &Question<'_>) -> Choice {
        let book = self.0.book.load();
        let mut maybe = Vec::new();
        for candidate in book.candidates(question) {
            let compiled = candidate.compiled();
            let conditions = &compiled.conditions;
            if conditions.hindrance(&compiled.rule.id, question).is_some() {
                continue;
            }
            let is_certain = !conditions.needs_journal();
            if is_certain && maybe.is_empty() {
                return Choice::Certain(candidate);
            }
            maybe.push(candidate);
            if is_certain {
                break;
            }
        }
        if maybe.is_empty() {
            Choice::None
        } else {
            Choice::OneOf(maybe)
        }
    }

    /// The first that the message fits, whatever hinders them.
    fn candidates(&self, question: &Question<'_>, most: usize) -> Vec<Candidate> {
        if question.account.is_open {
            return Vec::new();
        }
        self.0.book.load().candidates(question).take(most).collect()
    }

    /// Asks the journal which rule answers, and answers.
    async fn answer_one_of(
        self,
        candidates: Vec<Candidate>,
        context: Context,
        at_ms: i64,
    ) -> Result<Answer, crate::BoxError> {
        let Some(question) = Question::of(&context.message, &context.account, at_ms) else {
            return Ok(Answer::Pass);
        };
        let mut facts = Facts::new(context.journal.as_deref(), &question);
        for candidate in candidates {
            let compiled = candidate.compiled();
            let cool_downs = &self.0.cool_downs;
            if facts.hindrance(compiled, cool_downs).await.is_some() {
                continue;
            }
            let Some(cool_down) = facts.begin_cool_down(compiled, cool_downs) else {
                continue;
            };
            let answer = self.begin(&candidate, &question, &context).await?;
            cool_down.stays();
            return Ok(answer);
        }
        Ok(Answer::Pass)
    }

    /// Counts and answers.
    fn begin(
        &self,
        candidate: &Candidate,
        question: &Question<'_>,
        context: &Context,
    ) -> Answering {
        let compiled = candidate.compiled();
        let id = &compiled.rule.id;
        self.count(id);
        let values = candidate.values(question);
        compiled
            .plan
            .begin(&values, context)
            .by(format!("rule {id}"))
    }

    fn count(&self, id: &str) {
        let mut hits = self.0.hits.lock().unwrap_or_else(PoisonError::into_inner);
        match hits.get_mut(id) {
            Some(count) => *count += 1,
            None => {
                hits.insert(id.into(), 1);
            }
        }
    }
}

enum Choice {
    None,
    Certain(Candidate),
    OneOf(Vec<Candidate>),
}

impl Book {
    /// Whether there is nothing to ask, so that a message need not be looked at.
    fn is_empty_for(&self, account: &Account) -> bool {
        self.for_all.is_empty() && !self.own.contains_key(&*account.id)
    }

    fn candidates<'a>(&'a self, question: &'a Question<'a>) -> Candidates<'a> {
        let own = self.own.get(&*question.account.id);
        Candidates::of([own, Some(&self.for_all)], question)
    }
}

impl Handler<ByRules> for Rules {
    fn call(&self, context: &Context) -> Option<Answering> {
        if context.account.is_open {
            return None;
        }
        if self.0.book.load().is_empty_for(&context.account) {
            return None;
        }
        let at_ms = context.clock.unix_ms();
        let question = Question::of(&context.message, &context.account, at_ms)?;
        match self.choose(&question) {
            Choice::None => None,
            Choice::Certain(candidate) => Some(self.begin(&candidate, &question, context)),
            Choice::OneOf(candidates) => {
                let rules = self.clone();
                let context = context.clone();
                Some(Box::pin(rules.answer_one_of(candidates, context, at_ms)))
            }
        }
    }

    fn needs(&self, _needs: &mut Needs) {}
}
