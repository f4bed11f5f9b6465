//! What people read of the journal: pages that fit together, filters, searches, one follower's export; nothing of a follower
//! who was forgotten.

mod common;

use std::collections::BTreeSet;
use std::fs;

use common::*;
use echostr::journal::{Content, Record, SentOutcome};
use echostr_store::{AnswerFilter, FollowerFilter, History, MessageFilter, Page, SqlJournal};
use futures_util::TryStreamExt as _;
use tokio::time::{Duration, timeout};

async fn write(journal: &SqlJournal, records: Vec<Record>) {
    common::done(&written(journal, records).await);
}

/// A journal with a hundred messages of three followers; every tenth is an event.
async fn hundred(journal: &SqlJournal) {
    for n in 0..100 {
        let follower = format!("follower{}", n % 3);
        let message = if n % 10 == 9 {
            event(&follower, n, "CLICK", "<EventKey>menu_价格</EventKey>")
        } else {
            text(&follower, n, &format!("第{n}个问题，多少钱"))
        };
        let reply = replied(format!("回答 number{n}"), "echo");
        write(journal, vec![received(&message, Some(reply))]).await;
    }
}

fn all(filter: MessageFilter) -> MessageFilter {
    MessageFilter { limit: 7, ..filter }
}

/// The numbers of all pages, and how many pages there were.
async fn pages(history: &History, mut filter: MessageFilter) -> (Vec<i64>, usize) {
    let (mut ids, mut n_pages) = (Vec::new(), 0);
    loop {
        let page = history.messages(&filter).await.expect("a page");
        assert!(page.items.len() <= filter.limit as usize);
        ids.extend(page.items.iter().map(|entry| entry.id));
        n_pages += 1;
        match page.next {
            None => return (ids, n_pages),
            Some(next) => {
                assert!(filter.before.is_none_or(|before| next < before));
                filter.before = Some(next);
            }
        }
    }
}

/// Waits until all that was received can be searched.
async fn indexed(ground: &Ground) {
    let is_indexed = async {
        while ground.count("messages WHERE id > (SELECT indexed_to FROM search_state)") > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), is_indexed)
        .await
        .expect("indexed");
}

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
    pages_fit_together_whatever_is_filtered,
    what_comes_meanwhile_does_not_move_a_page,
    answers_and_followers_come_page_by_page,
    an_export_has_everything_about_one_follower,
    a_forgotten_follower_is_found_no_more,
}

async fn pages_fit_together_whatever_is_filtered(ground: Ground) {
    let journal = ground.open().await;
    hundred(&journal).await;
    let history = History::new(journal.db());
    let of_follower = |n: i64| (1..=100).rev().filter(move |id| (id - 1) % 3 == n);
    let is_event = |id: &i64| (id - 1) % 10 == 9;
    // PostgreSQL leaves numbers out: the first message is 1 here, the last 100.
    let (mut numbers, _) = pages(&history, all(MessageFilter::default())).await;
    numbers.reverse();
    assert_eq!(numbers.len(), 100);
    let check = async |mut filter: MessageFilter, expected: Vec<i64>| {
        let place = |n: i64| usize::try_from(n - 1).expect("from 1");
        filter.before = filter.before.map(|n| numbers[place(n)]);
        let expected: Vec<_> = expected.into_iter().map(|n| numbers[place(n)]).collect();
        let asked = format!("{filter:?}");
        assert_eq!(pages(&history, all(filter)).await.0, expected, "{asked}");
    };
    let none = MessageFilter::default;
    let start_ms = common::START * 1000;
    // Before they can be found by the index, and after.
    for _ in 0..2 {
        check(none(), (1..=100).rev().collect()).await;
        let account = Some(SHOP.to_owned());
        check(
            MessageFilter {
                account: account.clone(),
                ..none()
            },
            (1..=100).rev().collect(),
        )
        .await;
        check(
            MessageFilter {
                account: Some("other".into()),
                ..none()
            },
            vec![],
        )
        .await;
        let follower = Some(open_id("follower1"));
        check(
            MessageFilter {
                follower: follower.clone(),
                ..none()
            },
            of_follower(1).collect(),
        )
        .await;
        check(
            MessageFilter {
                follower: Some(open_id("nobody")),
                ..none()
            },
            vec![],
        )
        .await;
        let kind = Some("click".to_owned());
        check(
            MessageFilter {
                kind: kind.clone(),
                ..none()
            },
            (1..=100).rev().filter(is_event).collect(),
        )
        .await;
        check(
            MessageFilter {
                kind: Some("text".into()),
                ..none()
            },
            (1..=100).rev().filter(|id| !is_event(id)).collect(),
        )
        .await;
        check(
            MessageFilter {
                kind,
                follower: follower.clone(),
                account: account.clone(),
                ..none()
            },
            of_follower(1).filter(is_event).collect(),
        )
        .await;
        check(
            MessageFilter {
                since_ms: Some(start_ms + 20_000),
                until_ms: Some(start_ms + 30_000),
                ..none()
            },
            (21..=30).rev().collect(),
        )
        .await;
        check(
            MessageFilter {
                until_ms: Some(start_ms + 5000),
                follower: follower.clone(),
                ..none()
            },
            vec![5, 2],
        )
        .await;
        check(
            MessageFilter {
                before: Some(4),
                ..none()
            },
            vec![3, 2, 1],
        )
        .await;
        // Not a message of that follower.
        check(
            MessageFilter {
                before: Some(4),
                follower: follower.clone(),
                ..none()
            },
            vec![2],
        )
        .await;
        check(
            MessageFilter {
                q: Some("多少钱".into()),
                ..none()
            },
            (1..=100).rev().filter(|id| !is_event(id)).collect(),
        )
        .await;
        check(
            MessageFilter {
                q: Some("少".into()),
                follower,
                ..none()
            },
            of_follower(1).filter(|id| !is_event(id)).collect(),
        )
        .await;
        check(
            MessageFilter {
                q: Some("number42".into()),
                account,
                ..none()
            },
            vec![43],
        )
        .await;
        check(
            MessageFilter {
                q: Some("第42个 NUMBER42".into()),
                ..none()
            },
            vec![43],
        )
        .await;
        check(
            MessageFilter {
                q: Some("第42个 number43".into()),
                ..none()
            },
            vec![],
        )
        .await;
        check(
            MessageFilter {
                q: Some("价格".into()),
                ..none()
            },
            (1..=100).rev().filter(is_event).collect(),
        )
        .await;
        check(
            MessageFilter {
                q: Some("。".into()),
                ..none()
            },
            vec![],
        )
        .await;
        indexed(&ground).await;
    }
    journal.close().await;
}

async fn what_comes_meanwhile_does_not_move_a_page(ground: Ground) {
    let journal = ground.open().await;
    hundred(&journal).await;
    let history = History::new(journal.db());
    let mut filter = all(MessageFilter::default());
    let first = history.messages(&filter).await.expect("a page");
    for n in 100..110 {
        let message = text("follower0", n, "新的");
        write(&journal, vec![received(&message, None)]).await;
    }
    filter.before = first.next;
    let second = history.messages(&filter).await.expect("a page");
    let (numbers, _) = pages(&history, all(MessageFilter::default())).await;
    assert_eq!(ids(&first), numbers[10..17]);
    assert_eq!(ids(&second), numbers[17..24]);
    journal.close().await;
}

fn ids(page: &Page<echostr_store::MessageEntry>) -> Vec<i64> {
    page.items.iter().map(|entry| entry.id).collect()
}

async fn answers_and_followers_come_page_by_page(ground: Ground) {
    let journal = ground.open().await;
    let now = common::now_ms();
    for n in 0..20 {
        let message = text(&format!("follower{}", n % 5), n, "问");
        let content = if n % 2 == 0 {
            Content::Read
        } else {
            Content::Failed
        };
        let mut saved = answer(u128::from(n.unsigned_abs()) + 1, &message, content);
        if n == 13 {
            saved.content = Content::Running;
        }
        saved.expires_at_ms = now + 1_000_000;
        let records = vec![
            received_at(&message, now - 1_000_000 + n * 1000, None),
            Record::Answer(saved),
        ];
        write(&journal, records).await;
    }
    let history = History::new(journal.db());
    let read = async |mut filter: AnswerFilter| {
        let mut found = Vec::new();
        loop {
            let page = history.answers(&filter).await.expect("a page");
            found.extend(page.items.iter().map(|entry| entry.answer.id));
            match page.next {
                None => return found,
                next => filter.before = next,
            }
        }
    };
    let filter = AnswerFilter {
        limit: 3,
        all: true,
        ..AnswerFilter::default()
    };
    assert_eq!(
        read(filter.clone()).await,
        (1..=20).rev().collect::<Vec<_>>()
    );
    let follower = Some(open_id("follower3"));
    assert_eq!(
        read(AnswerFilter {
            follower,
            ..filter.clone()
        })
        .await,
        [19, 14, 9, 4]
    );
    let account = Some("other".to_owned());
    assert!(
        read(AnswerFilter {
            account,
            ..filter.clone()
        })
        .await
        .is_empty()
    );
    assert_eq!(
        read(AnswerFilter {
            all: false,
            ..filter
        })
        .await,
        [14]
    );
    let one = history.answer(14).await.expect("read").expect("there");
    let json = serde_json::to_value(&one).expect("JSON");
    assert_eq!(json["id"], "0000000000000000000000000000000e");
    assert_eq!(json["state"], "running");
    assert_eq!(json["account"], SHOP);

    let mut filter = FollowerFilter {
        account: Some(SHOP.into()),
        limit: 2,
        before: None,
    };
    let mut followers = Vec::new();
    loop {
        let page = history.followers(&filter).await.expect("a page");
        followers.extend(page.items.iter().map(|entry| entry.open_id.to_string()));
        match page.next {
            None => break,
            // As it goes through an address.
            Some(next) => filter.before = Some(next.to_string().parse().expect("a place")),
        }
    }
    // Seen is written once a minute, so that all were seen at their first message.
    let expected: Vec<_> = (0..5).rev().map(|n| format!("follower{n}")).collect();
    assert_eq!(followers, expected);
    journal.close().await;
}

async fn an_export_has_everything_about_one_follower(ground: Ground) {
    let journal = ground.open().await;
    hundred(&journal).await;
    let message = text("follower1", 200, "最后一问");
    let session = |name: &str| Record::Session {
        account: SHOP.into(),
        follower: open_id("follower1"),
        name: name.into(),
        value: Some(r#"{"step":2}"#.into()),
        at_ms: 5,
    };
    let mut records = vec![
        received(&message, None),
        Record::Answer(answer(7, &message, Content::Running)),
    ];
    records.extend((0..25).map(|n| session(&format!("s{n:02}"))));
    records.push(sent("follower1", 201, Some(&message), SentOutcome::Sent));
    let refused = SentOutcome::Refused("too many".into());
    records.push(sent("follower1", 202, Some(&message), refused));
    records.extend((203..263).map(|n| sent("follower1", n, None, SentOutcome::Sent)));
    write(&journal, records).await;
    let history = History::new(journal.db());
    let export = history
        .export(SHOP, &open_id("follower1"))
        .await
        .expect("read")
        .expect("known");
    let pieces: Vec<String> = export.stream().try_collect().await.expect("all of it");
    let json: serde_json::Value = serde_json::from_str(&pieces.concat()).expect("JSON");
    assert_eq!(json["follower"], "follower1");
    assert_eq!(json["account"], SHOP);
    let messages = json["messages"].as_array().expect("a list");
    assert_eq!(messages.len(), 34);
    assert_eq!(messages[0]["answer"]["state"], "running");
    // What answers a message stands there, the rest for itself.
    let of_message = messages[0]["sent"].as_array().expect("a list");
    assert_eq!(of_message.len(), 2);
    assert_eq!(of_message[0]["message"]["text"]["content"], "第201条");
    assert_eq!(of_message[0]["by"], "echo");
    assert_eq!(of_message[1]["outcome"], "refused");
    assert_eq!(of_message[1]["why"], "too many");
    let beside = json["sent"].as_array().expect("a list");
    let beside: Vec<_> = beside
        .iter()
        .map(|sent| sent["sent_at_ms"].as_i64())
        .collect();
    let expected: Vec<_> = (203..263).rev().map(|n| Some((START + n) * 1000)).collect();
    assert_eq!(beside, expected);
    assert!(
        messages[1]["source"]
            .as_str()
            .expect("a document")
            .contains("<xml>")
    );
    assert_eq!(json["sessions"].as_array().map(Vec::len), Some(25));
    assert_eq!(json["sessions"][0]["value"]["step"], 2);
    assert_eq!(json["answers"].as_array().map(Vec::len), Some(1));
    let nobody = history.export(SHOP, &open_id("nobody")).await;
    assert!(nobody.expect("read").is_none());
    journal.close().await;
}

/// 400 messages, every fourth of one follower.
async fn planted(journal: &SqlJournal) {
    for n in 0..400 {
        let (follower, content, answer) = if n % 4 == 0 {
            (
                "planted",
                format!("zebraword{n} 麒麟凤凰"),
                format!("giraffeword{n}"),
            )
        } else {
            (
                "other",
                format!("commonword{n} 天气怎么样"),
                "好".to_owned(),
            )
        };
        let message = text(follower, n, &content);
        write(
            journal,
            vec![received(&message, Some(replied(answer, "echo")))],
        )
        .await;
    }
}

async fn a_forgotten_follower_is_found_no_more(ground: Ground) {
    let journal = ground.open().await;
    planted(&journal).await;
    indexed(&ground).await;
    let history = History::new(journal.db());
    let found = async |q: &str| {
        let filter = MessageFilter {
            q: Some(q.into()),
            limit: 200,
            ..MessageFilter::default()
        };
        pages(&history, filter).await.0.len()
    };
    assert_eq!(found("麒麟").await, 100);
    assert_eq!(found("zebraword4").await, 1);
    write(&journal, vec![forget("planted")]).await;
    assert_eq!(found("麒麟").await, 0);
    assert_eq!(found("天气").await, 300);
    journal.close().await;
}

#[tokio::test]
async fn nothing_of_a_forgotten_follower_is_left_in_the_file() {
    let ground = Ground::sqlite();
    let journal = ground.open().await;
    planted(&journal).await;
    indexed(&ground).await;
    write(&journal, vec![forget("planted")]).await;
    journal.close().await;
    assert_eq!(ground.count("messages"), 300);
    let Ground::Sqlite(folder) = &ground else {
        unreachable!("it is SQLite");
    };
    for entry in fs::read_dir(folder.path()).expect("a folder") {
        let path = entry.expect("a file").path();
        let bytes = fs::read(&path).expect("a file");
        let left: BTreeSet<&str> = ["zebraword", "giraffeword", "麒麟", "凤凰", "planted"]
            .into_iter()
            .filter(|word| {
                bytes
                    .windows(word.len())
                    .any(|window| window == word.as_bytes())
            })
            .collect();
        assert!(left.is_empty(), "{}: {left:?}", path.display());
    }
}
