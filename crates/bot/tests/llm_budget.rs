//! What may be spent on the `llm` bot.

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use common::book::Book;
use common::model::{Model, Script};
use common::stage::Stage;
use common::{FALLBACK, message, shop};
use echostr::journal::TurnOutcome::{Answered, Failed, Spent};
use echostr::{Account, Clock, Language};
use echostr_simulator::Push;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

const OK: &str = "答。";
const FOLLOWER_SPENT: &str = "您今天的额度用完了，明天再来吧。";
const ACCOUNT_SPENT: &str = "大家的提问额度暂时用完了，请过些时候再来。";
/// 2026-11-29 22:00 in China, a Sunday; a day later the month has two hours left.
const EVENING_MS: i64 = 1_795_960_800_000;

/// Who asks after how many hours, and what each reads. Every question uses ten tokens.
async fn check(budget: Value, questions: &[(i64, &str, &str)]) {
    let model = Model::new([Script::says(&[OK])]).await;
    let book = Arc::<Book>::default();
    for (hours, follower, expected) in questions {
        let settings = json!({ "url": model.url, "budget": budget });
        let clock = Clock::with_tokio(EVENING_MS + hours * 3_600_000);
        let stage = Stage::with(settings, shop(), Arc::clone(&book)).clock(clock);
        let shown = stage.ask_as(follower, "一").await;
        assert_eq!(shown, *expected, "{budget} after {hours} hours");
    }
    let n_answered = questions.iter().filter(|(.., shown)| *shown == OK).count();
    assert_eq!(model.n_asked(), n_answered, "{budget}");
    let n_spent = book.turns().iter().filter(|it| it.outcome == Spent).count();
    assert_eq!(n_spent, questions.len() - n_answered, "{budget}");
}

#[tokio::test]
async fn a_budget_has_an_end_and_begins_anew() {
    check(json!({}), &[(0, "o1", OK), (0, "o1", OK)]).await;
    let of_follower = [
        (0, "o1", OK),
        (1, "o1", OK),
        (1, "o1", FOLLOWER_SPENT),
        (1, "o2", OK),
        (2, "o1", OK),
    ];
    check(json!({ "follower_day_messages": 2 }), &of_follower).await;
    check(json!({ "follower_day_tokens": 20 }), &of_follower).await;
    check(json!({ "follower_day_tokens": 11 }), &of_follower).await;
    let of_account = [
        (0, "o1", OK),
        (1, "o2", OK),
        (1, "o3", ACCOUNT_SPENT),
        (2, "o3", OK),
    ];
    check(json!({ "account_day_messages": 2 }), &of_account).await;
    check(json!({ "account_day_tokens": 20 }), &of_account).await;
    // The month ends 26 hours later.
    let of_month = [
        (0, "o1", OK),
        (2, "o2", OK),
        (25, "o3", ACCOUNT_SPENT),
        (26, "o3", OK),
    ];
    check(json!({ "account_month_messages": 2 }), &of_month).await;
    check(json!({ "account_month_tokens": 20 }), &of_month).await;
    // The follower's own comes first.
    let both = json!({ "follower_day_messages": 1, "account_day_messages": 1 });
    check(
        both,
        &[
            (0, "o1", OK),
            (0, "o1", FOLLOWER_SPENT),
            (0, "o2", ACCOUNT_SPENT),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_day_is_that_of_the_account() {
    let model = Model::new([Script::says(&[OK])]).await;
    let book = Arc::<Book>::default();
    let ask = async |zone: &str, minutes: i64| {
        let account = Account {
            zone: zone.parse().expect("a zone"),
            ..shop()
        };
        let settings = json!({ "url": model.url, "budget": { "follower_day_messages": 1 } });
        let clock = Clock::with_tokio(EVENING_MS + minutes * 60_000);
        let stage = Stage::with(settings, account, Arc::clone(&book)).clock(clock);
        stage.ask("一").await
    };
    assert_eq!(ask("+09:00", 0).await, OK);
    assert_eq!(ask("+09:00", 59).await, FOLLOWER_SPENT);
    assert_eq!(ask("+09:00", 60).await, OK);
    let days: Vec<_> = book.turns().iter().map(|turn| turn.day).collect();
    assert_eq!(days[2], days[0] + 1);
}

/// How many of 20 questions at once a model is asked.
async fn check_at_once(budget: Value, is_slow: bool, followers: usize) {
    let gate = Arc::new(Semaphore::new(0));
    let script = Script::events("")
        .wait(&gate)
        .send(common::model::delta(OK) + &common::model::finished());
    let model = Model::new([script]).await;
    let stage = Stage::new(json!({ "url": model.url, "budget": budget }));
    stage.book.is_slow.store(is_slow, Ordering::Relaxed);
    let ask = async |n: usize| {
        // Not by deliveries: only three jobs of a follower run at once.
        let push = Push::text("一").by(format!("o{}", n % followers));
        let answer = stage.bot.answer(message(&push)).await;
        answer.expect("an answer")
    };
    let asking = join_all((0..20).map(ask));
    let answering = async {
        // Those that may are asked, all others know already.
        model.was_asked(3).await;
        stage.book.has_turns(17).await;
        gate.add_permits(20);
        stage.book.has_turns(20).await;
    };
    let (shown, ()) = tokio::join!(asking, answering);
    let n_answered = shown.iter().filter(|it| **it == OK.into()).count();
    assert_eq!((n_answered, model.n_asked()), (3, 3), "{budget} {shown:?}");
    // And none afterwards, also while the journal has not counted those that were answered.
    let settling = async {
        tokio::task::yield_now().await;
        stage.book.settle();
    };
    let (late, ()) = tokio::join!(stage.ask_as("o0", "一"), settling);
    assert_ne!(late, OK, "{budget}");
}

#[tokio::test]
async fn messages_are_counted_exactly_when_many_come_at_once() {
    check_at_once(json!({ "follower_day_messages": 3 }), false, 1).await;
    check_at_once(json!({ "account_day_messages": 3 }), false, 20).await;
    check_at_once(json!({ "account_month_messages": 3 }), false, 20).await;
    check_at_once(json!({ "account_day_messages": 3 }), true, 20).await;
}

#[tokio::test]
async fn what_failed_counts_and_what_was_refused_does_not() {
    let model = Model::new([Script::new(400, "text/plain", ""), Script::says(&[OK])]).await;
    let stage = Stage::new(json!({ "url": model.url, "budget": { "follower_day_messages": 2 } }));
    assert_eq!(stage.ask("一").await, FALLBACK);
    assert_eq!(stage.ask("二").await, OK);
    assert_eq!(stage.ask("三").await, FOLLOWER_SPENT);
    assert_eq!(stage.ask("四").await, FOLLOWER_SPENT);
    assert_eq!(stage.outcomes(), [Failed, Answered, Spent, Spent]);
}

#[tokio::test]
async fn one_follower_over_the_limit_does_not_delay_others() {
    let model = Model::new([Script::says(&[OK])]).await;
    let stage = Stage::new(json!({ "url": model.url, "budget": { "follower_day_messages": 1 } }));
    stage.book.is_slow.store(true, Ordering::Relaxed);
    assert_eq!(stage.ask_as("o1", "一").await, OK);
    let ask = async |follower: &str| {
        let push = Push::text("一").by(follower.to_owned());
        let answer = stage.bot.answer(message(&push)).await;
        answer.expect("an answer")
    };
    // It waits until the journal has counted.
    let mut refused = std::pin::pin!(ask("o1"));
    tokio::select! {
        biased;
        early = &mut refused => panic!("it did not wait: {early:?}"),
        answered = ask("o2") => assert_eq!(answered, OK.into()),
    }
    stage.book.settle();
    assert_eq!(refused.await, FOLLOWER_SPENT.into());
}

#[tokio::test]
async fn a_spent_month_of_tokens_promises_no_tomorrow_and_speaks_of_no_number_of_questions() {
    for (language, words) in [
        (Language::Chinese, ["今天", "明天", "次数"]),
        (Language::English, ["today", "tomorrow", "number"]),
    ] {
        let model = Model::new([Script::says(&[OK])]).await;
        let settings = json!({ "url": model.url, "budget": { "account_month_tokens": 1 } });
        let account = Account { language, ..shop() };
        let stage = Stage::of(settings, account);
        stage.ask("一").await;
        let shown = stage.ask("二").await.to_lowercase();
        assert!(!shown.is_empty(), "{language:?}");
        let said = words.into_iter().find(|word| shown.contains(word));
        assert_eq!(said, None, "{shown}");
    }
}

#[tokio::test]
async fn who_has_nothing_left_to_spend_costs_nothing() {
    let results = |is_flagged: bool| json!({ "results": [{ "flagged": is_flagged }] }).to_string();
    let moderator =
        Model::new([true, false].map(|it| Script::new(200, "application/json", results(it)))).await;
    let model = Model::new([Script::says(&[OK])]).await;
    let stage = Stage::new(json!({
        "url": model.url,
        "moderation": { "url": moderator.url },
        "budget": { "follower_day_messages": 1 },
    }));
    // What was blocked does not count.
    assert_eq!(stage.ask("一").await, "这个话题我不能回答。");
    assert_eq!(stage.ask("二").await, OK);
    assert_eq!(stage.ask("三").await, FOLLOWER_SPENT);
    assert_eq!((moderator.n_asked(), model.n_asked()), (2, 1));
    let used = "今天已提问 1 / 1 次，用量 10 token。";
    assert_eq!(stage.ask("/usage").await, used);
}

#[tokio::test]
async fn a_picture_that_cannot_be_had_is_no_question() {
    let model = Model::new([Script::says(&[OK])]).await;
    let stage = Stage::new(json!({ "url": model.url, "vision": { "enabled": true } }));
    let picture = Push::image("http://127.0.0.1:1/p", "M");
    assert_eq!(stage.push(&picture).await, FALLBACK);
    assert_eq!(model.n_asked(), 0);
    assert_eq!(stage.outcomes(), []);
}

#[tokio::test]
async fn a_limit_holds_when_the_journal_cannot_be_read() {
    let model = Model::new([Script::says(&[OK])]).await;
    let limited = Stage::new(json!({ "url": model.url, "budget": { "account_day_tokens": 1000 } }));
    limited.book.is_unreadable.store(true, Ordering::Relaxed);
    assert_eq!(limited.ask("一").await, FALLBACK);
    assert_eq!(model.n_asked(), 0);
    let free = Stage::new(json!({ "url": model.url }));
    free.book.is_unreadable.store(true, Ordering::Relaxed);
    assert_eq!(free.ask("一").await, OK);
}
