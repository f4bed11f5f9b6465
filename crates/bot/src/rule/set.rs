//! [`RuleSet`]: the rules of one account, or those for all, compiled once: which of them may answer a message is found without
//! looking at the others.

use std::ops::Range;
use std::sync::Arc;

use regex::{Captures, Regex};

use super::answer::Plan;
use super::index::{Draft, Hits, Index};
use super::question::Question;
use super::template::{Groups, Values};
use super::when::Conditions;
use super::{Rule, RuleSecrets};

/// A rule as it is compiled: with its secrets.
pub type RuleParts = (Arc<Rule>, Arc<RuleSecrets>);

/// Compiled rules. It never changes.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// In the order in which they are asked.
    rules: Vec<Compiled>,
    index: Index,
}

/// A rule, compiled.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) rule: Arc<Rule>,
    pub(super) conditions: Conditions,
    pub(super) plan: Plan,
    /// Its regular expressions, by their numbers in the index.
    regexes: Range<u32>,
}

/// The rules of two sets that a message fits, in the order in which they are asked.
pub(super) struct Candidates<'a> {
    question: &'a Question<'a>,
    /// Those of the account, then those for all.
    sides: [Side<'a>; 2],
}

struct Side<'a> {
    set: Option<&'a Arc<RuleSet>>,
    hits: Hits,
    /// The last rule that fitted: it may fit for several reasons.
    last: Option<u32>,
}

/// A rule that a message fits.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    set: Arc<RuleSet>,
    number: u32,
}

impl RuleSet {
    /// Compiles rules that have no [faults](Rule::check); those that are switched off are left out. It takes up to a second for
    /// very many: not on a thread that answers messages.
    pub fn compile(rules: impl IntoIterator<Item = RuleParts>) -> Self {
        let rules = rules.into_iter();
        let mut parts: Vec<_> = rules.filter(|(rule, _)| rule.enabled).collect();
        parts.sort_by(|(left, _), (right, _)| {
            let by_priority = right.priority.cmp(&left.priority);
            by_priority.then_with(|| left.id.cmp(&right.id))
        });
        let mut draft = Draft::default();
        let mut rules = Vec::with_capacity(parts.len());
        for (number, (rule, secrets)) in (0..).zip(parts) {
            let conditions = Conditions::of(&rule);
            let regexes = draft.add(number, &rule.when, &conditions.kinds);
            let groups = Groups::of(draft.regexes(&regexes));
            rules.push(Compiled {
                conditions,
                plan: Plan::of(&rule.reply, &secrets, &groups),
                regexes,
                rule,
            });
        }
        Self {
            rules,
            index: draft.finish(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

impl<'a> Candidates<'a> {
    pub(super) fn of(sets: [Option<&'a Arc<RuleSet>>; 2], question: &'a Question<'a>) -> Self {
        let sides = sets.map(|set| Side {
            set,
            hits: set.map_or_else(Hits::default, |set| set.index.find(question)),
            last: None,
        });
        Self { question, sides }
    }

    /// The side whose next rule is asked first.
    fn first(&mut self) -> Option<&mut Side<'a>> {
        let [own, for_all] = &mut self.sides;
        match (own.priority(), for_all.priority()) {
            (None, None) => None,
            (Some(priority), Some(other)) if other > priority => Some(for_all),
            (Some(_), _) => Some(own),
            (None, Some(_)) => Some(for_all),
        }
    }
}

impl Iterator for Candidates<'_> {
    type Item = Candidate;

    fn next(&mut self) -> Option<Candidate> {
        let question = self.question;
        loop {
            let side = self.first()?;
            let set = side.set?;
            let Some(number) = side.hits.take(&set.index, question) else {
                continue;
            };
            let conditions = &set.rules[number as usize].conditions;
            if side.last != Some(number) && question.kind.is_one_of(&conditions.kinds) {
                side.last = Some(number);
                let set = Arc::clone(set);
                return Some(Candidate { set, number });
            }
        }
    }
}

impl Side<'_> {
    fn priority(&self) -> Option<i32> {
        let number = self.hits.head()?;
        Some(self.set?.rules[number as usize].rule.priority)
    }
}

impl Candidate {
    /// The rule.
    pub(super) fn compiled(&self) -> &Compiled {
        &self.set.rules[self.number as usize]
    }

    /// The values of the variables in its reply.
    pub(super) fn values<'q>(&self, question: &'q Question<'q>) -> Values<'q> {
        let has_groups = self.compiled().plan.has_groups();
        let groups = has_groups.then(|| self.groups(question)).flatten();
        Values { question, groups }
    }

    /// What of it fits, for people.
    pub(super) fn because(&self, question: &Question<'_>) -> String {
        question.because(&self.compiled().rule.when, self.regexes())
    }

    /// What its regular expressions have caught in the text: the first of them that matches.
    fn groups<'q>(&self, question: &'q Question<'q>) -> Option<Captures<'q>> {
        let text = question.text.as_ref()?;
        self.regexes()
            .find_map(|regex| regex.captures(&text.narrow))
    }

    fn regexes(&self) -> impl Iterator<Item = &Regex> {
        let numbers = self.compiled().regexes.clone();
        numbers.map(|number| self.set.index.regex(number))
    }
}
