//! Several replies to one push, and what stands under a text: nothing of either is lost or shown twice.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::phone::{Desk, Fate, Phone, Visit, parts};
use common::shop;
use echostr::prelude::*;
use echostr::{Answer, Footer, Strategy};
use futures_util::{StreamExt as _, stream};
use tokio::time::sleep;

const LABEL: &str = "（AI 生成）";
const LINKS: &str = "<a href=\"weixin://bizmsgmenu?msgmenucontent=👍&msgmenuid=x1\">有用</a>";

/// Answers `A B C` with three replies, after so many milliseconds; `图` is a picture.
fn several(delivery: Strategy, after_ms: u64) -> Bot {
    Bot::new()
        .on(async |text: Text, State(after_ms): State<u64>| {
            if after_ms > 0 && text.content.contains(' ') {
                sleep(Duration::from_millis(after_ms)).await;
            }
            let words = text.content.split(' ');
            let replies: Vec<_> = words
                .map(|word| match word {
                    "图" => Reply::Image("PICTURE".into()),
                    word => Reply::from(word),
                })
                .collect();
            if let [only] = &replies[..] {
                return Answer::from(only.clone());
            }
            Answer::Several(replies)
        })
        .state(after_ms)
        .account(Account { delivery, ..shop() })
}

fn words(visit: &Visit) -> String {
    match visit.reply() {
        Some(Reply::Text(text)) => text.replace("\n\n", "|"),
        Some(Reply::Image(id)) => format!("[{id}]"),
        Some(other) => format!("{other:?}"),
        None => "(nothing)".into(),
    }
}

/// What the follower gets at once, and then by saying `1` again and again.
async fn check_fetched(says: &str, after_ms: u64, expected: &[&str]) {
    let phone = Phone::new(several(Strategy::Patient, after_ms));
    let mut found = vec![words(&phone.says(says).await)];
    for _ in 1..expected.len() {
        sleep(Duration::from_mins(1)).await;
        found.push(words(&phone.says("1").await));
    }
    assert_eq!(found, expected, "{says} after {after_ms} ms");
    // Then `1` is a text like any other.
    assert_eq!(words(&phone.says("1").await), "1", "{says}");
}

#[tokio::test(start_paused = true)]
async fn who_may_not_be_sent_anything_fetches_the_others_in_their_order() {
    for after_ms in [0, 20, 3_000, 7_000] {
        check_fetched(
            "甲 乙 丙",
            after_ms,
            &[
                "甲|还有 2 条回答，回复 1 查看",
                "乙|还有 1 条回答，回复 1 查看",
                "丙",
            ],
        )
        .await;
        // Only a text can tell of what waits: it leads.
        check_fetched(
            "图 乙",
            after_ms,
            &["乙|还有 1 条回答，回复 1 查看", "[PICTURE]"],
        )
        .await;
        check_fetched(
            "甲 图",
            after_ms,
            &["甲|还有 1 条回答，回复 1 查看", "[PICTURE]"],
        )
        .await;
    }
}

/// What the follower gets as a reply, then as messages, and then by `1`.
async fn check_sent(after_ms: u64, fates: &[Fate], expected: [&[&str]; 3]) {
    let desk = Desk::with(fates);
    let phone = Phone::new(several(Strategy::Send, after_ms).sender(Arc::clone(&desk) as _));
    let [reply, sent, fetched] = expected;
    let told = format!("{after_ms} ms, {fates:?}");
    let visit = phone.says("甲 乙 丙").await;
    let at_once: Vec<_> = visit.reply().map(|_| words(&visit)).into_iter().collect();
    assert_eq!(at_once, reply, "{told}");
    sleep(Duration::from_mins(1)).await;
    assert_eq!(desk.texts(), sent, "{told}");
    for expected in fetched {
        assert_eq!(words(&phone.says("1").await), *expected, "{told}");
        sleep(Duration::from_mins(1)).await;
    }
    assert_eq!(words(&phone.says("1").await), "1", "{told}");
}

#[tokio::test(start_paused = true)]
async fn who_may_be_sent_messages_gets_the_others_so() {
    use Fate::{Arrives, Refused};
    for after_ms in [0, 20, 3_000] {
        check_sent(after_ms, &[Arrives], [&["甲"], &["乙", "丙"], &[]]).await;
        // What cannot be sent waits, and so does all that comes after it.
        let none_sent = [&["甲"][..], &[], &["乙|还有 1 条回答，回复 1 查看", "丙"]];
        check_sent(after_ms, &[Refused, Arrives], none_sent).await;
        let one_sent = [&["甲"][..], &["乙"], &["丙"]];
        check_sent(after_ms, &[Arrives, Refused], one_sent).await;
    }
    // The first one is late and sent as well.
    check_sent(8_000, &[Arrives], [&[], &["甲", "乙", "丙"], &[]]).await;
}

/// Writes as many sentences of 18 bytes as it is asked for, over so many milliseconds.
fn model(delivery: Strategy, over_ms: u64, footer: Footer) -> Bot {
    Bot::new()
        .on(
            async |text: Text, State((over_ms, footer)): State<(u64, Footer)>| {
                let n: u64 = text.content.parse().unwrap_or(1);
                let pause = Duration::from_millis(over_ms / n);
                let pieces = stream::iter(0..n).then(move |n| async move {
                    sleep(pause).await;
                    format!("这是第{n:03}句。")
                });
                TextStream::new(pieces).by_model().footer(footer)
            },
        )
        .state((over_ms, footer))
        .account(Account { delivery, ..shop() })
}

fn footer(is_always_labelled: bool) -> Footer {
    Footer {
        label: LABEL.into(),
        is_always_labelled,
        links: LINKS.into(),
    }
}

/// How many sentences, labels, links to more and links to tap are in a text.
fn found(text: &str) -> [usize; 4] {
    let n = |what: &str| text.matches(what).count();
    [n("句。"), n(LABEL), n("echostr-"), n(LINKS)]
}

#[tokio::test(start_paused = true)]
async fn every_reply_is_labelled_and_the_last_has_the_links() {
    for over_ms in [0, 20, 3_000, 13_000, 16_000] {
        let phone = Phone::new(model(Strategy::Patient, over_ms, footer(false)));
        let mut visit = phone.says("250").await;
        let mut n_sentences = 0;
        for n_parts in 1.. {
            assert!(visit.text().len() <= 2048, "{over_ms}");
            let [n, n_labels, n_more, n_links] = found(visit.text());
            n_sentences += n;
            assert_eq!(
                n_labels,
                1,
                "{over_ms} ms, part {n_parts}: {}",
                visit.text()
            );
            assert_eq!(n_more + n_links, 1, "{over_ms} ms, part {n_parts}");
            let (_, links) = parts(visit.text());
            if n_links == 1 {
                break;
            }
            // In memory at first, from the journal later.
            sleep(Duration::from_mins(n_parts - 1)).await;
            visit = phone.taps(&links[0]).await;
        }
        assert_eq!(n_sentences, 250, "{over_ms}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_the_platform_marks_is_labelled_only_when_that_is_wanted() {
    for (is_always, expected) in [(false, 0), (true, 1)] {
        let desk = Desk::with(&[Fate::Arrives]);
        let bot = model(Strategy::Send, 6_000, footer(is_always));
        let phone = Phone::new(bot.sender(Arc::clone(&desk) as _));
        assert_eq!(phone.says("150").await.reply(), None);
        phone.at(8_000).await;
        let texts = desk.texts();
        let found: Vec<_> = texts.iter().map(|text| found(text)).collect();
        assert_eq!(found.len(), 2, "{texts:?}");
        assert_eq!(found[0][0] + found[1][0], 150);
        assert_eq!([found[0][1], found[1][1]], [expected; 2]);
        assert_eq!([found[0][3], found[1][3]], [0, 1]);
    }
}

#[tokio::test(start_paused = true)]
async fn links_under_a_text_get_no_page_of_their_own() {
    // 110 sentences and the label fit into one message, the links do not.
    let phone = Phone::new(model(Strategy::Patient, 0, footer(false)));
    assert_eq!(found(phone.says("110").await.text()), [110, 1, 0, 0]);
}
