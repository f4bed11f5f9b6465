//! Rules as data, and how they are asked.

use std::sync::Arc;

use echostr::protocol::{Message, Reply};
use echostr::{Account, Bot, Clock, Considered, Rule, RuleSet, Rules, Trial};
use echostr_simulator::Push;
use serde_json::{Value, json};

use crate::common::{message, shop};

/// A Tuesday, 2026-12-01 10:00 in China.
pub(crate) const NOW_MS: i64 = 1_796_090_400_000;

/// What a follower gets that no rule answers.
pub(crate) const NO_RULE: &str = "no rule";

/// A rule whose reply is the text `yes`.
pub(crate) fn when(when: Value) -> Rule {
    rule(json!({ "id": "r", "when": when, "reply": { "text": "yes" } }))
}

/// A rule for texts.
pub(crate) fn reply(reply: Value) -> Rule {
    rule(json!({ "id": "r", "when": { "kind": ["message", "event"] }, "reply": reply }))
}

#[track_caller]
pub(crate) fn rule(rule: Value) -> Rule {
    let rule: Rule = serde_json::from_value(rule).expect("a rule");
    let faults = rule.check(&echostr::RuleSecrets::default());
    assert_eq!(faults, [], "{rule:?}");
    rule
}

/// The rules for all, and those of the account `shop`.
pub(crate) fn rules(all: impl IntoIterator<Item = Rule>) -> Rules {
    let (own, for_all): (Vec<_>, Vec<_>) = all.into_iter().partition(|rule| rule.account.is_some());
    let compiled = |rules: Vec<Rule>| {
        RuleSet::compile(
            rules
                .into_iter()
                .map(|rule| (Arc::new(rule), Arc::default())),
        )
    };
    let rules = Rules::default();
    rules.replace(None, compiled(for_all));
    rules.replace(Some("shop"), compiled(own));
    rules
}

/// What a follower of `account` gets at this moment.
pub(crate) fn answer_of(rules: &Rules, push: &Push, account: Account, at_ms: i64) -> Reply {
    run(async {
        let bot = Bot::new()
            .on(rules.clone())
            .on(async |_: Message| NO_RULE)
            .clock(Clock::with_tokio(at_ms))
            .account(account);
        bot.answer(message(push)).await.expect("rules do not fail")
    })
}

pub(crate) fn answer(rules: &Rules, push: &Push) -> Reply {
    answer_of(rules, push, shop(), NOW_MS)
}

/// In a runtime whose clock stands still.
pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(work)
}

pub(crate) fn considered(rules: &Rules, push: &Push, at_ms: i64) -> Vec<Considered> {
    let trial = Trial {
        message: Arc::new(message(push)),
        at_ms,
    };
    run(rules.consider(&trial, &shop(), None))
}
