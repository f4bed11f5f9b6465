//! What a turn of a language model adds to the sums, and how its columns are written.

use echostr::journal::{ModelUse, Turn, TurnOutcome};
use echostr_protocol::Str;
use serde::{Deserialize, Serialize};

use crate::value::signed;

/// How far the chain of a follower's turns is followed.
pub(crate) const MAX_CHAIN: i64 = 10_000;

/// More tokens, and a higher cost, than any call has: sums of what is counted stay far from where integers end, whatever an
/// endpoint claims.
const MAX_COUNTED: u64 = 1_000_000_000_000;

fn capped(cost_micros: i64) -> i64 {
    let most = signed(MAX_COUNTED);
    cost_micros.clamp(-most, most)
}

/// What is added to the sums of a model.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted<'a> {
    pub(crate) model: &'a str,
    pub(crate) turns: i64,
    pub(crate) calls: i64,
    pub(crate) tokens_in: i64,
    pub(crate) tokens_out: i64,
    pub(crate) guessed: i64,
    pub(crate) cost_micros: i64,
}

impl<'a> Counted<'a> {
    /// What a turn adds to each of its models.
    pub(crate) fn of(turn: &'a Turn) -> Vec<Self> {
        let turns = i64::from(turn.outcome.is_counted());
        if turn.used.is_empty() && turns > 0 {
            // Budgets count it all the same.
            return vec![Self {
                turns,
                ..Self::default()
            }];
        }
        let mut counted: Vec<_> = turn.used.iter().map(Self::of_model).collect();
        if let Some(last) = counted.last_mut() {
            last.turns = turns;
        }
        counted
    }

    /// What a turn adds to all of its models together; the name is that of the last.
    pub(crate) fn sum(turn: &'a Turn) -> Self {
        let mut sum = Self::default();
        for of_one in Self::of(turn) {
            sum.model = of_one.model;
            sum.tokens_in = sum.tokens_in.saturating_add(of_one.tokens_in);
            sum.tokens_out = sum.tokens_out.saturating_add(of_one.tokens_out);
            sum.cost_micros = sum.cost_micros.saturating_add(of_one.cost_micros);
        }
        sum
    }

    fn of_model(used: &'a ModelUse) -> Self {
        Self {
            model: used.model.as_str(),
            turns: 0,
            calls: used.calls.into(),
            tokens_in: signed(used.tokens_in.min(MAX_COUNTED)),
            tokens_out: signed(used.tokens_out.min(MAX_COUNTED)),
            guessed: used.is_guessed.into(),
            cost_micros: capped(used.cost_micros),
        }
    }
}

/// What a model has used, as JSON.
#[derive(Serialize, Deserialize)]
pub(crate) struct Used {
    model: Str,
    calls: u32,
    tokens_in: u64,
    tokens_out: u64,
    is_guessed: bool,
    cost_micros: i64,
}

impl Used {
    pub(crate) fn of(used: &ModelUse) -> Self {
        Self {
            model: used.model.clone(),
            calls: used.calls,
            tokens_in: used.tokens_in.min(MAX_COUNTED),
            tokens_out: used.tokens_out.min(MAX_COUNTED),
            is_guessed: used.is_guessed,
            cost_micros: capped(used.cost_micros),
        }
    }
}

/// What each model has used, as it is written.
pub(crate) fn used_json(used: &[ModelUse]) -> String {
    let used: Vec<_> = used.iter().map(Used::of).collect();
    serde_json::to_string(&used).expect("it has only texts, numbers and flags in it")
}

/// The same as it is read. What cannot be read any more was counted when it was written.
pub(crate) fn used(json: &str) -> Vec<ModelUse> {
    let used: Vec<Used> = serde_json::from_str(json).unwrap_or_default();
    let used = used.into_iter().map(|used| ModelUse {
        model: used.model,
        calls: used.calls,
        tokens_in: used.tokens_in,
        tokens_out: used.tokens_out,
        is_guessed: used.is_guessed,
        cost_micros: used.cost_micros,
    });
    used.collect()
}

/// What came of a turn, from its word.
pub(crate) fn outcome(word: &str) -> TurnOutcome {
    let known = TurnOutcome::WORDS.iter().find(|(_, known)| *known == word);
    known.map_or(TurnOutcome::Failed, |(outcome, _)| *outcome)
}
