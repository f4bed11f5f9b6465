//! What a journal promises about turns of language models, told once and true of every database: SQLite, and a PostgreSQL
//! that these tests start.

mod common;

use echostr::Journal;
use echostr::journal::{Record, Spent, Turn, TurnOutcome};
use echostr_protocol::Message;
use echostr_store::{History, SqlJournal, TurnEntry, TurnFilter, UsageEntry};
use serde_json::{Value, json};

use TurnOutcome::{Answered, BlockedInput, Broken, Cleared, Failed};
use common::*;

/// Every one of these on every database.
macro_rules! story {
    ($($name:ident,)*) => {
        mod sqlite {
            $(#[tokio::test] async fn $name() { super::$name(crate::Ground::sqlite()).await; })*
        }

        mod postgres {
            $(#[tokio::test] async fn $name() { super::$name(crate::Ground::postgres()).await; })*
        }
    };
}

story! {
    turns_are_told_since_the_last_one_that_cleared_them,
    a_turn_is_whole_when_it_is_told,
    a_turn_that_is_written_twice_is_counted_once,
    a_turn_belongs_to_its_last_model,
    what_was_spent_is_counted_by_day,
    sums_do_not_overflow_whatever_an_endpoint_claims,
    what_was_spent_outlives_the_follower,
    the_last_word_about_an_answer_counts,
    another_followers_turn_cannot_be_judged,
    who_wrote_before_has_written,
    a_long_chain_of_events_does_not_hide_a_message,
    turns_are_listed_newest_first_and_filtered,
    the_turns_of_a_follower_are_exported,
    texts_of_any_kind_are_kept,
}

async fn told(journal: &SqlJournal, follower: &str, since_ms: i64, limit: u32) -> Vec<u128> {
    let open_id = open_id(follower);
    let turns = journal.turns(of(&open_id), since_ms, limit).await;
    turns.expect("read").iter().map(|turn| turn.id).collect()
}

async fn write(journal: &SqlJournal, turns: impl IntoIterator<Item = Turn>) {
    let records = turns.into_iter().map(Record::Turn).collect();
    done(&written(journal, records).await);
}

/// Of the account: this day, and since the first of two days.
async fn spent(journal: &SqlJournal) -> (Spent, Spent) {
    let spent = journal.account_spent(SHOP, DAY, DAY - 1).await;
    spent.expect("read")
}

fn sums(messages: u64, tokens: u64) -> Spent {
    Spent { messages, tokens }
}

async fn usage(journal: &SqlJournal) -> Vec<UsageEntry> {
    let history = History::new(journal.db());
    history.usage(Some(SHOP), 0, i32::MAX).await.expect("read")
}

/// Model, turns, calls, tokens, good, bad.
fn short(usage: &[UsageEntry]) -> Vec<(&str, u64, u64, u64, u64, u64)> {
    let short = usage.iter().map(|entry| {
        let tokens = entry.tokens_in + entry.tokens_out;
        (
            &*entry.model,
            entry.turns,
            entry.calls,
            tokens,
            entry.good,
            entry.bad,
        )
    });
    short.collect()
}

async fn turns_are_told_since_the_last_one_that_cleared_them(ground: Ground) {
    let journal = ground.open().await;
    assert_eq!(told(&journal, "o1", 0, 10).await, [] as [u128; 0]);
    // Nothing of them was received before.
    let messages: Vec<_> = (0..7).map(|n| text("o1", n, "问")).collect();
    let outcomes = [Answered, Cleared, Answered, Failed, Broken, BlockedInput];
    let turns = (1..).zip(&messages).zip(outcomes);
    write(
        &journal,
        turns.map(|((id, message), outcome)| turn(id, message, outcome)),
    )
    .await;
    write(&journal, [turn(90, &text("o2", 9, "别人"), Answered)]).await;
    assert_eq!(told(&journal, "o1", 0, 10).await, [3, 5]);
    assert_eq!(told(&journal, "o1", 0, 1).await, [5]);
    assert_eq!(told(&journal, "o1", (START + 3) * 1000, 10).await, [5]);
    assert_eq!(told(&journal, "o2", 0, 10).await, [90]);

    // One of the future has one of the past before it.
    journal.close().await;
    let journal = ground.open().await;
    write(&journal, [turn(7, &messages[6], Answered)]).await;
    assert_eq!(told(&journal, "o1", 0, 10).await, [3, 5, 7]);
    write(&journal, [turn(8, &messages[6], Cleared)]).await;
    assert_eq!(told(&journal, "o1", 0, 10).await, [] as [u128; 0]);
    // It ran while they were cleared.
    write(&journal, [turn(9, &messages[5], Answered)]).await;
    assert_eq!(told(&journal, "o1", 0, 10).await, [] as [u128; 0]);
    assert_eq!(ground.count("followers"), 2);
}

async fn a_turn_is_whole_when_it_is_told(ground: Ground) {
    let journal = ground.open().await;
    let message = text("o1", 1, "问");
    let mut asked = turn(u128::MAX, &message, Broken);
    asked.used = vec![used("large", 3, 0), used("small", 20, 30)];
    asked.used[1].is_guessed = true;
    write(&journal, [asked.clone()]).await;
    done(&written(&journal, vec![feedback("o1", u128::MAX, false)]).await);
    let o1 = open_id("o1");
    let told = journal.turns(of(&o1), 0, 10).await.expect("read");
    let [told] = &told[..] else {
        panic!("{told:?}")
    };
    asked.is_good = Some(false);
    assert_eq!(format!("{told:?}"), format!("{asked:?}"));
}

async fn a_turn_that_is_written_twice_is_counted_once(ground: Ground) {
    let journal = ground.open().await;
    let message = text("o1", 1, "问");
    let asked = turn(1, &message, Answered);
    // In one call, in one batch, later, and by another process.
    let twice = vec![Record::Turn(asked.clone()), Record::Turn(asked.clone())];
    let commits = [
        journal.write(twice),
        journal.write(vec![Record::Turn(asked.clone())]),
    ];
    for commit in commits {
        done(&commit.wait().await);
    }
    journal.close().await;
    let journal = ground.open().await;
    write(&journal, [asked]).await;
    assert_eq!(spent(&journal).await, (sums(1, 15), sums(1, 15)));
    assert_eq!(ground.count("turns"), 1);
    // The same message may have another turn: its job was run again.
    write(&journal, [turn(2, &message, Answered)]).await;
    assert_eq!(spent(&journal).await.0, sums(2, 30));
    assert_eq!(told(&journal, "o1", 0, 10).await, [1, 2]);
}

async fn a_turn_belongs_to_its_last_model(ground: Ground) {
    let journal = ground.open().await;
    let message = text("o1", 1, "问");
    let both = |id| {
        let mut asked = turn(id, &message, Answered);
        asked.used = vec![used("large", 3, 1), used("small", 20, 30)];
        asked.used[0].is_guessed = true;
        asked
    };
    let nothing = |id, outcome| Turn {
        used: Vec::new(),
        ..turn(id, &message, outcome)
    };
    write(
        &journal,
        [
            both(1),
            both(2),
            turn(3, &message, Answered),
            nothing(4, Failed),
            nothing(5, TurnOutcome::Spent),
            nothing(6, Cleared),
        ],
    )
    .await;
    let entry =
        |model: &str, turns, calls, tokens_in, tokens_out, guessed, cost_micros| UsageEntry {
            account: SHOP.into(),
            day: DAY,
            model: model.into(),
            turns,
            calls,
            tokens_in,
            tokens_out,
            guessed,
            cost_micros,
            good: 0,
            bad: 0,
        };
    assert_eq!(
        usage(&journal).await,
        [
            entry("", 1, 0, 0, 0, 0, 0),
            entry("large", 0, 2, 6, 2, 2, 14),
            entry("small", 3, 3, 50, 65, 0, 21),
        ]
    );
    // Budgets count each of them once.
    assert_eq!(spent(&journal).await.0, sums(4, 123));
    let history = History::new(journal.db());
    let days = async |account: Option<&str>, from, to| {
        let usage = history.usage(account, from, to).await.expect("read");
        usage.len()
    };
    assert_eq!(days(None, DAY, DAY).await, 3);
    assert_eq!(days(None, DAY + 1, i32::MAX).await, 0);
    assert_eq!(days(Some(SHOP), i32::MIN, DAY - 1).await, 0);
    assert_eq!(days(Some("other"), i32::MIN, i32::MAX).await, 0);
}

async fn what_was_spent_is_counted_by_day(ground: Ground) {
    let journal = ground.open().await;
    let message = text("o1", 1, "问");
    let on = |id, day, outcome| Turn {
        day,
        ..turn(id, &message, outcome)
    };
    write(
        &journal,
        [
            on(1, DAY - 2, Answered),
            on(2, DAY - 1, Answered),
            on(3, DAY, Answered),
            // Begun before midnight.
            on(4, DAY - 1, Broken),
            on(5, DAY, BlockedInput),
            on(6, DAY, TurnOutcome::BlockedOutput),
            on(7, DAY + 1, Answered),
        ],
    )
    .await;
    let other = text("o2", 1, "问");
    write(&journal, [turn(8, &other, Failed)]).await;
    assert_eq!(spent(&journal).await, (sums(3, 60), sums(5, 90)));
    let of_follower = async |follower: &str, day| {
        let open_id = open_id(follower);
        let spent = journal.follower_spent(of(&open_id), day).await;
        spent.expect("read")
    };
    for (follower, day, expected) in [
        ("o1", DAY + 1, sums(1, 15)),
        ("o1", DAY, sums(2, 45)),
        ("o1", DAY - 1, sums(2, 30)),
        ("o1", DAY + 2, sums(0, 0)),
        ("o2", DAY, sums(1, 15)),
        ("o3", DAY, sums(0, 0)),
    ] {
        assert_eq!(
            of_follower(follower, day).await,
            expected,
            "{follower} {day}"
        );
    }
    let elsewhere = journal.account_spent("other", DAY, 0).await.expect("read");
    assert_eq!(elsewhere, (sums(0, 0), sums(0, 0)));
}

async fn sums_do_not_overflow_whatever_an_endpoint_claims(ground: Ground) {
    let journal = ground.open().await;
    let message = text("o1", 1, "问");
    let claimed = |id| {
        let mut asked = turn(id, &message, Answered);
        asked.used = vec![used("small", u64::MAX, u64::MAX)];
        asked.used[0].cost_micros = i64::MAX;
        asked
    };
    write(&journal, [claimed(1), claimed(2)]).await;
    write(&journal, [claimed(3)]).await;
    let tokens = 6_000_000_000_000;
    assert_eq!(spent(&journal).await.0, sums(3, tokens));
    let o1 = open_id("o1");
    let of_follower = journal.follower_spent(of(&o1), DAY).await.expect("read");
    assert_eq!(of_follower, sums(3, tokens));
    assert_eq!(usage(&journal).await[0].cost_micros, 3_000_000_000_000);
}

/// Turns that are refused for want of a budget stand in the same chain.
#[tokio::test]
async fn ten_thousand_refused_turns_do_not_open_the_budget_again() {
    let ground = Ground::sqlite();
    let journal = ground.open().await;
    let message = text("o1", 1, "问");
    write(&journal, [turn(1, &message, Answered)]).await;
    let o1 = open_id("o1");
    let of_day = async |day| {
        let spent = journal.follower_spent(of(&o1), day).await;
        spent.expect("read").messages
    };
    let refused = |id| Turn {
        used: Vec::new(),
        ..turn(id, &message, TurnOutcome::Spent)
    };
    write(&journal, (2..10_000).map(refused)).await;
    assert_eq!(of_day(DAY).await, 1);
    write(&journal, [refused(10_000), refused(10_001)]).await;
    assert_eq!(of_day(DAY).await, u64::MAX / 2);
    assert_eq!(of_day(DAY + 1).await, 0);
}

async fn what_was_spent_outlives_the_follower(ground: Ground) {
    let journal = ground.open().await;
    let message = text("o1", 1, "问");
    write(&journal, (1..=3).map(|id| turn(id, &message, Answered))).await;
    done(&written(&journal, vec![forget("o1")]).await);
    assert_eq!(ground.count("turns"), 0);
    assert_eq!(ground.count("latest_turns"), 0);
    assert_eq!(told(&journal, "o1", 0, 10).await, [] as [u128; 0]);
    assert_eq!(spent(&journal).await.0, sums(3, 45));
    // What a job still had to tell is paid for as well, though nothing is kept of it.
    write(&journal, [turn(4, &message, Answered)]).await;
    done(&written(&journal, vec![feedback("o1", 4, true)]).await);
    assert_eq!(spent(&journal).await.0, sums(4, 60));
    for (table, n_rows) in rows(&ground) {
        assert_eq!(n_rows, 0, "{table}");
    }
}

async fn the_last_word_about_an_answer_counts(ground: Ground) {
    let journal = ground.open().await;
    let message = text("o1", 1, "问");
    write(&journal, (1..=3).map(|id| turn(id, &message, Answered))).await;
    let counts = async |id, is_good| {
        done(&written(&journal, vec![feedback("o1", id, is_good)]).await);
        let usage = usage(&journal).await;
        (usage[0].good, usage[0].bad)
    };
    assert_eq!(counts(1, true).await, (1, 0));
    assert_eq!(counts(1, true).await, (1, 0));
    assert_eq!(counts(2, true).await, (2, 0));
    assert_eq!(counts(1, false).await, (1, 1));
    assert_eq!(counts(3, false).await, (1, 2));
    assert_eq!(counts(1, true).await, (2, 1));
    let o1 = open_id("o1");
    let told = journal.turns(of(&o1), 0, 10).await.expect("read");
    let told: Vec<_> = told.iter().map(|turn| turn.is_good).collect();
    assert_eq!(told, [Some(true), Some(true), Some(false)]);
    // In the same call as its turn.
    let records = vec![
        Record::Turn(turn(4, &message, Answered)),
        feedback("o1", 4, true),
    ];
    done(&written(&journal, records).await);
    assert_eq!(short(&usage(&journal).await), [("small", 4, 4, 60, 3, 1)]);
}

async fn another_followers_turn_cannot_be_judged(ground: Ground) {
    let journal = ground.open().await;
    write(&journal, [turn(1, &text("o1", 1, "问"), Answered)]).await;
    write(&journal, [turn(2, &text("o2", 1, "问"), Answered)]).await;
    let elsewhere = match feedback("o1", 1, true) {
        Record::Feedback {
            follower,
            turn,
            is_good,
            at_ms,
            ..
        } => Record::Feedback {
            account: "other".into(),
            follower,
            turn,
            is_good,
            at_ms,
        },
        other => other,
    };
    let records = vec![
        feedback("o2", 1, true),
        feedback("o3", 1, true),
        feedback("o1", 99, true),
        elsewhere,
    ];
    done(&written(&journal, records).await);
    assert_eq!(short(&usage(&journal).await), [("small", 2, 2, 30, 0, 0)]);
    assert_eq!(ground.count("turns WHERE is_good IS NOT NULL"), 0);
}

async fn has_written(journal: &SqlJournal, message: &Message) -> bool {
    let has_written = journal
        .has_written(of(message.from_user()), &id_of(message))
        .await;
    has_written.expect("read")
}

async fn who_wrote_before_has_written(ground: Ground) {
    let journal = ground.open().await;
    let follow = event("o1", 1, "subscribe", "");
    let (first, second, third) = (
        text("o1", 2, "一"),
        text("o1", 3, "二"),
        text("o1", 4, "三"),
    );
    assert!(!has_written(&journal, &first).await, "nobody is known");
    let records = vec![
        received(&follow, None),
        received(&text("o2", 1, "别人"), None),
    ];
    done(&written(&journal, records).await);
    assert!(!has_written(&journal, &first).await, "it was only an event");
    done(&written(&journal, vec![received(&first, None)]).await);
    assert!(!has_written(&journal, &first).await, "itself");
    assert!(!has_written(&journal, &follow).await);
    // Whether it is written down already or not.
    assert!(has_written(&journal, &second).await);
    let records = vec![
        received(&second, None),
        received(&event("o1", 3, "CLICK", "<EventKey>a</EventKey>"), None),
        received(&third, None),
    ];
    done(&written(&journal, records).await);
    for (message, expected) in [(&first, false), (&second, true), (&third, true)] {
        assert_eq!(has_written(&journal, message).await, expected);
    }
}

async fn a_long_chain_of_events_does_not_hide_a_message(ground: Ground) {
    let journal = ground.open().await;
    let mut records = vec![received(&text("o1", 0, "多少钱"), None)];
    records.extend((1..=500).map(|n| received(&event("o1", n, "LOCATION", ""), None)));
    done(&written(&journal, records).await);
    let next = text("o1", 501, "在吗");
    assert!(has_written(&journal, &next).await);
    done(&written(&journal, vec![received(&next, None)]).await);
    assert!(has_written(&journal, &next).await);
}

/// All of it, in pages of two.
async fn listed(journal: &SqlJournal, filter: TurnFilter) -> Vec<TurnEntry> {
    let history = History::new(journal.db());
    let mut filter = TurnFilter { limit: 2, ..filter };
    let mut all = Vec::new();
    loop {
        let page = history.turns(&filter).await.expect("read");
        all.extend(page.items);
        match page.next {
            None => return all,
            next => filter.before = next,
        }
    }
}

async fn turns_are_listed_newest_first_and_filtered(ground: Ground) {
    let journal = ground.open().await;
    let (mine, theirs) = (text("o1", 1, "问"), text("o2", 1, "问"));
    done(&written(&journal, vec![received(&mine, None)]).await);
    for id in 1..=9 {
        let message = if id % 3 == 0 { &theirs } else { &mine };
        let outcome = if id % 2 == 0 { Failed } else { Answered };
        let mut asked = turn(id, message, outcome);
        if id == 4 {
            asked.used = vec![used("large", 1, 1), used("small", 1, 1)];
        }
        if id == 8 {
            asked.push.account = "other".into();
        }
        write(&journal, [asked]).await;
    }
    let ids = async |filter| {
        let listed = listed(&journal, filter).await;
        listed.iter().map(|entry| entry.id).collect::<Vec<_>>()
    };
    let none = TurnFilter::default;
    let account = |account: &str| Some(account.to_owned());
    let follower = |follower: &str| Some(open_id(follower));
    for (filter, expected) in [
        (none(), &[9, 8, 7, 6, 5, 4, 3, 2, 1][..]),
        (
            TurnFilter {
                account: account(SHOP),
                ..none()
            },
            &[9, 7, 6, 5, 4, 3, 2, 1],
        ),
        (
            TurnFilter {
                account: account("nobody's"),
                ..none()
            },
            &[],
        ),
        (
            TurnFilter {
                follower: follower("o2"),
                ..none()
            },
            &[9, 6, 3],
        ),
        // An OpenID that two accounts know.
        (
            TurnFilter {
                follower: follower("o1"),
                ..none()
            },
            &[8, 7, 5, 4, 2, 1],
        ),
        (
            TurnFilter {
                follower: follower("o1"),
                account: account(SHOP),
                outcome: Some(Answered),
                ..none()
            },
            &[7, 5, 1],
        ),
        (
            TurnFilter {
                follower: follower("o3"),
                ..none()
            },
            &[],
        ),
        (
            TurnFilter {
                outcome: Some(Failed),
                ..none()
            },
            &[8, 6, 4, 2],
        ),
        (
            TurnFilter {
                model: Some("large".into()),
                ..none()
            },
            &[4],
        ),
        (
            TurnFilter {
                follower: follower("o1"),
                before: Some(6),
                ..none()
            },
            &[5, 4, 2, 1],
        ),
    ] {
        assert_eq!(ids(filter.clone()).await, expected, "{filter:?}");
    }
    let entries = listed(&journal, none()).await;
    let [first, .., last] = &entries[..] else {
        panic!("{entries:?}")
    };
    let number = last.message.expect("it was received");
    let message = History::new(journal.db()).message(number).await;
    let message = message.expect("read").expect("it is there");
    assert_eq!(message.entry.created_at, START + 1);
    let json = serde_json::to_value(last).expect("JSON");
    assert_eq!(
        json,
        json!({
            "number": 1, "id": "00000000000000000000000000000001", "account": "shop", "follower": "o1", "message": number,
            "question": "问题1", "answer": "回答1", "outcome": "answered", "at_ms": (START + 1) * 1000, "day": DAY,
            "is_good": null,
            "used": [{
                "model": "small", "calls": 1, "tokens_in": 10, "tokens_out": 5, "is_guessed": false, "cost_micros": 7,
            }],
        })
    );
    assert_eq!((&*first.account, first.message), (SHOP, None));
}

async fn the_turns_of_a_follower_are_exported(ground: Ground) {
    use futures_util::TryStreamExt as _;
    let journal = ground.open().await;
    fill(&journal, "o1", 1).await;
    write(
        &journal,
        (1..=120).map(|id| turn(id, &text("o1", 1, "问"), Answered)),
    )
    .await;
    write(&journal, [turn(200, &text("o2", 1, "问"), Answered)]).await;
    let history = History::new(journal.db());
    let export = history.export(SHOP, &open_id("o1")).await.expect("read");
    let pieces: Vec<String> = export
        .expect("known")
        .stream()
        .try_collect()
        .await
        .expect("read");
    let export: Value = serde_json::from_str(&pieces.concat()).expect("JSON");
    let turns = export["turns"].as_array().expect("a list");
    assert_eq!(turns.len(), 122);
    assert_eq!(turns[0]["question"], "问题120");
    assert_eq!(turns[121]["follower"], "o1");
}

async fn texts_of_any_kind_are_kept(ground: Ground) {
    let journal = ground.open().await;
    let mut asked = turn(1, &text("o1", 1, "问"), Answered);
    asked.question = "a\0b'\"; DROP TABLE turns; --😀".into();
    asked.used[0].model = "m\0odel".into();
    write(&journal, [asked.clone()]).await;
    done(&written(&journal, vec![feedback("o1", 1, true)]).await);
    let o1 = open_id("o1");
    let told = journal.turns(of(&o1), 0, 1).await.expect("read");
    let as_kept = |text: &str| match ground {
        Ground::Sqlite(_) => text.to_owned(),
        Ground::Postgres(_) => text.replace('\0', "\u{fffd}"),
    };
    assert_eq!(told[0].question, as_kept(&asked.question));
    let usage = usage(&journal).await;
    assert_eq!(short(&usage), [(&*as_kept("m\0odel"), 1, 1, 15, 1, 0)]);
}
