//! What rules ask the journal: cool-downs, the first message, by which QR code a follower came.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use echostr::journal::{
    Commit, FollowerRecord, Found, Link, Of, Page, PushId, Reading, Record, SavedAnswer, Shown,
    Spent, Turn, Unfinished,
};
use echostr::protocol::{MediaId, Message};
use echostr::{
    Account, Answer, Bot, BoxError, Clock, Context, Interactions, Journal, MemoryJournal, OwnBot,
    Rule, Rules,
};
use echostr_simulator::Push;
use futures_util::future::BoxFuture;
use serde_json::json;

use crate::asking::{NO_RULE, NOW_MS, considered, rule, rules, run};
use crate::common::{message, shop, shown, text_shown};

fn bot(rules: &Rules, journal: Arc<dyn Journal>) -> Bot {
    Bot::new()
        .on(rules.clone())
        .on(async |_: Message| NO_RULE)
        .journal(journal)
        .clock(Clock::with_tokio(NOW_MS))
        .account(shop())
}

/// What the bot answers, as a word.
async fn ask(bot: &Bot, push: &Push) -> String {
    let answer = bot.answer(message(push)).await;
    match answer.expect("rules do not fail") {
        echostr::Reply::Text(text) => text,
        other => panic!("no text: {other:?}"),
    }
}

/// It answers once a minute; without it the rule `other` answers.
fn once_a_minute() -> [Rule; 2] {
    [
        rule(json!({
            "id": "once", "priority": 1, "cool_down_secs": 60, "when": { "contains": ["价格"] }, "reply": { "text": "once" }
        })),
        rule(
            json!({ "id": "other", "when": { "contains": ["格"] }, "reply": { "text": "other" } }),
        ),
    ]
}

#[test]
fn a_rule_does_not_answer_the_same_follower_again_while_it_cools_down() {
    run(async {
        let bot = bot(&rules(once_a_minute()), Arc::new(MemoryJournal::default()));
        let (one, two) = (Push::text("价格").by("o1"), Push::text("价格").by("o2"));
        assert_eq!(ask(&bot, &one).await, "once");
        assert_eq!(ask(&bot, &one).await, "other");
        assert_eq!(ask(&bot, &two).await, "once");
        tokio::time::advance(Duration::from_millis(59_999)).await;
        assert_eq!(ask(&bot, &one).await, "other");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(ask(&bot, &one).await, "once");
        assert_eq!(ask(&bot, &one).await, "other");
    });
}

#[test]
fn a_cool_down_holds_for_messages_that_come_at_once() {
    run(async {
        let bot = bot(&rules(once_a_minute()), Arc::new(MemoryJournal::default()));
        let push = Push::text("价格");
        let (a, b, c) = futures_util::join!(ask(&bot, &push), ask(&bot, &push), ask(&bot, &push));
        let mut all = [a, b, c];
        all.sort();
        assert_eq!(all, ["once", "other", "other"]);
    });
}

#[test]
fn a_cool_down_is_known_to_the_next_process() {
    run(async {
        let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::default());
        let push = Push::text("价格");
        let first = bot(&rules(once_a_minute()), Arc::clone(&journal));
        assert_eq!(ask(&first, &push).await, "once");
        let second = rules(once_a_minute());
        let answering = bot(&second, Arc::clone(&journal));
        assert_eq!(ask(&answering, &Push::text("价格")).await, "other");
        let mut hits = second.take_hits();
        hits.sort();
        assert_eq!(hits, [("other".to_owned(), 1)]);
        // The same message is answered as it was, when a crash has it answered again.
        let third = bot(&rules(once_a_minute()), journal);
        assert_eq!(ask(&third, &push).await, "once");
    });
}

/// A bot that has no answer to `away`, and none ever to `hang`.
#[derive(Debug)]
struct OftenAway;

impl OwnBot for OftenAway {
    fn answer<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Answer, BoxError>> {
        Box::pin(async move {
            match &*context.message {
                Message::Text(text) if text.content.contains("away") => Err("it is away".into()),
                Message::Text(text) if text.content.contains("hang") => pending().await,
                _ => Ok("once".into()),
            }
        })
    }
}

#[test]
fn an_answer_that_failed_begins_no_cool_down() {
    run(async {
        let mut all = once_a_minute();
        all[0].reply = rule(json!({ "id": "r", "reply": { "bot": {} } })).reply;
        let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::default());
        let bot = || {
            bot(&rules(all.clone()), Arc::clone(&journal)).account(Account {
                own_bot: Some(Arc::new(OftenAway)),
                ..shop()
            })
        };
        let (one, next_process) = (bot(), bot());
        let fails = message(&Push::text("价格 away"));
        assert!(one.answer(fails).await.is_err());
        assert_eq!(ask(&next_process, &Push::text("价格")).await, "once");
        let fails = message(&Push::text("价格 away").by("o2"));
        assert!(one.answer(fails).await.is_err());
        let hangs = one.answer(message(&Push::text("价格 hang").by("o2")));
        let hangs = tokio::time::timeout(Duration::from_secs(100), hangs).await;
        assert!(hangs.is_err(), "it is given up");
        assert_eq!(ask(&one, &Push::text("价格").by("o2")).await, "once");
        assert_eq!(ask(&one, &Push::text("价格").by("o2")).await, "other");
    });
}

#[test]
fn cool_downs_of_several_rules_are_kept_side_by_side() {
    run(async {
        let all = ["a", "b"].map(|id| {
            rule(json!({ "id": id, "cool_down_secs": 60, "when": { "contains": [id] }, "reply": { "text": id } }))
        });
        let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::default());
        let first = bot(&rules(all.clone()), Arc::clone(&journal));
        assert_eq!(ask(&first, &Push::text("a")).await, "a");
        assert_eq!(ask(&first, &Push::text("b")).await, "b");
        let second = bot(&rules(all), journal);
        assert_eq!(ask(&second, &Push::text("a")).await, NO_RULE);
        assert_eq!(ask(&second, &Push::text("b")).await, NO_RULE);
    });
}

#[test]
fn a_trial_sees_a_cool_down_and_begins_none() {
    let rules = rules(once_a_minute());
    let push = Push::text("价格");
    let hindrances = |rules: &Rules| {
        let considered = considered(rules, &push, NOW_MS);
        let hindrances = considered.into_iter().map(|it| it.hindrance);
        hindrances.collect::<Vec<_>>()
    };
    assert_eq!(hindrances(&rules), [None, None]);
    assert_eq!(hindrances(&rules), [None, None]);
    run(async {
        let bot = bot(&rules, Arc::new(MemoryJournal::default()));
        assert_eq!(ask(&bot, &push).await, "once");
    });
    let expected = Some("it has answered this follower within 60 s".to_owned());
    assert_eq!(hindrances(&rules), [expected, None]);
}

#[test]
fn only_the_first_message_ever_is_the_first() {
    run(async {
        let all = rules([
            rule(
                json!({ "id": "first", "priority": 1, "when": { "first_message": true }, "reply": { "text": "first" } }),
            ),
            rule(
                json!({ "id": "later", "when": { "kind": ["message", "event"] }, "reply": { "text": "later" } }),
            ),
        ]);
        let bot = bot(&all, Arc::new(MemoryJournal::default()));
        for (push, expected) in [
            (Push::subscribe(), "later"),
            (Push::text("一"), "first"),
            (Push::text("二"), "later"),
            (Push::text("一").by("o2"), "first"),
        ] {
            assert_eq!(text_shown(&shown(&bot, &push).await), expected, "{push:?}");
        }
    });
}

#[test]
fn a_follower_has_the_source_by_which_they_came() {
    run(async {
        let all = rules([rule(json!({
            "id": "table", "when": { "source": ["table-*", "door"] }, "reply": { "text": "table" }
        }))]);
        let bot = bot(&all, Arc::new(MemoryJournal::default()));
        for (scene, by, expected) in [
            (Some("table-7"), "o1", "table"),
            (Some("door"), "o2", "table"),
            (Some("window"), "o3", NO_RULE),
            (None, "o4", NO_RULE),
        ] {
            let follow =
                scene.map_or_else(Push::subscribe, |scene| Push::subscribe_by_scan(scene, "t"));
            assert_eq!(text_shown(&shown(&bot, &follow.by(by)).await), NO_RULE);
            let push = Push::text("x").by(by);
            assert_eq!(text_shown(&shown(&bot, &push).await), expected, "{scene:?}");
        }
    });
}

/// A journal that answers nothing in time.
struct Silent;

fn never<'a, T>() -> Reading<'a, T>
where
    T: Send + 'a,
{
    Box::pin(pending())
}

impl Journal for Silent {
    fn write(&self, _: Vec<Record>) -> Commit {
        Commit::done()
    }

    fn find<'a>(&'a self, _: &'a PushId) -> Reading<'a, Option<Found>> {
        never()
    }

    fn page<'a>(&'a self, _: Of<'a>, _: &'a Link) -> Reading<'a, Option<Page>> {
        never()
    }

    fn unread<'a>(&'a self, _: Of<'a>, _: i64) -> Reading<'a, Vec<SavedAnswer>> {
        never()
    }

    fn latest_text<'a>(&'a self, _: Of<'a>, _: i64) -> Reading<'a, Option<Shown>> {
        never()
    }

    fn next_number<'a>(&'a self, _: Of<'a>) -> Reading<'a, u64> {
        never()
    }

    fn take_up(&self, _: i64) -> Reading<'_, Vec<Unfinished>> {
        never()
    }

    fn follower<'a>(&'a self, _: Of<'a>) -> Reading<'a, Option<FollowerRecord>> {
        never()
    }

    fn interactions<'a>(&'a self, _: Of<'a>, _: i64) -> Reading<'a, Interactions> {
        never()
    }

    fn uploaded<'a>(&'a self, _: &'a str, _: &'a [u8; 32], _: i64) -> Reading<'a, Option<MediaId>> {
        never()
    }

    fn has_written<'a>(&'a self, _: Of<'a>, _: &'a PushId) -> Reading<'a, bool> {
        never()
    }

    fn turns<'a>(&'a self, _: Of<'a>, _: i64, _: u32) -> Reading<'a, Vec<Turn>> {
        never()
    }

    fn follower_spent<'a>(&'a self, _: Of<'a>, _: i32) -> Reading<'a, Spent> {
        never()
    }

    fn account_spent<'a>(&'a self, _: &'a str, _: i32, _: i32) -> Reading<'a, (Spent, Spent)> {
        never()
    }

    fn session<'a>(&'a self, _: Of<'a>, _: &'a str) -> Reading<'a, Option<String>> {
        never()
    }
}

#[test]
fn a_journal_that_does_not_answer_is_waited_for_once() {
    run(async {
        let all = rules([
            rule(
                json!({ "id": "a", "priority": 9, "when": { "first_message": true }, "reply": { "text": "first" } }),
            ),
            rule(
                json!({ "id": "b", "priority": 8, "when": { "source": ["*"] }, "reply": { "text": "source" } }),
            ),
            rule(
                json!({ "id": "c", "priority": 7, "cool_down_secs": 60, "reply": { "text": "once" } }),
            ),
            rule(json!({ "id": "d", "reply": { "text": "other" } })),
        ]);
        let bot = bot(&all, Arc::new(Silent));
        let begin = tokio::time::Instant::now();
        assert_eq!(ask(&bot, &Push::text("x")).await, "once");
        assert!(begin.elapsed() < Duration::from_millis(1100));
        // By memory alone.
        assert_eq!(ask(&bot, &Push::text("x")).await, "other");
    });
}

#[test]
fn open_access_begins_no_cool_down() {
    run(async {
        let rules = rules(once_a_minute());
        let open = Account {
            is_open: true,
            ..shop()
        };
        let bot = bot(&rules, Arc::new(MemoryJournal::default())).account(open);
        assert_eq!(ask(&bot, &Push::text("价格")).await, NO_RULE);
        assert_eq!(rules.take_hits(), []);
    });
}
