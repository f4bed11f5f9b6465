//! The outbox: answers that were not wholly delivered, read on by tap, number, `1` and 继续.

mod common;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use common::phone::{Course, Phone, Tap, Visit, parts};
use common::{FALLBACK, shop};
use echostr::prelude::*;
use echostr::{Language, Strategy};
use echostr_simulator::Push;
use tokio::time::sleep;

const WAIT: &str = "这个问题需要多想一会儿。";
const EXPIRED: &str = "这条回答已过期";
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What is answered to which question after how many milliseconds. Other texts come back with 好 behind them.
#[derive(Clone)]
struct Script(Arc<HashMap<&'static str, (u64, Reply)>>);

/// An account that shows a link after 4.5 s, so that tests are short.
fn phone<R: Into<Reply>>(script: impl IntoIterator<Item = (&'static str, u64, R)>) -> Phone {
    let account = Account {
        delivery: Strategy::Quick,
        ..shop()
    };
    phone_of(account, script)
}

fn phone_of<R: Into<Reply>>(
    account: Account,
    script: impl IntoIterator<Item = (&'static str, u64, R)>,
) -> Phone {
    let script = script.into_iter();
    let script = script.map(|(question, ms, reply)| (question, (ms, reply.into())));
    let bot = Bot::new()
        .on(async |text: Text, State(Script(script)): State<Script>| {
            match script.get(text.content.as_str()) {
                Some((ms, reply)) => {
                    sleep(Duration::from_millis(*ms)).await;
                    reply.clone()
                }
                None => Reply::from(format!("{}好", text.content)),
            }
        })
        .state(Script(Arc::new(script.collect())))
        .account(account);
    Phone::new(bot)
}

/// Asks and reads the link in the placeholder.
async fn ask(phone: &Phone, question: &str) -> Tap {
    let visit = phone.says(question).await;
    let (text, link) = visit.text_and_link();
    assert_eq!(text, WAIT);
    link
}

/// What a push shows after the answer to a slow question is ready; the link to it says 继续1.
async fn check_fetch(push: impl FnOnce(&Tap) -> Push, expected: &str) {
    let phone = phone([("慢", 6_000, "答案")]);
    let link = ask(&phone, "慢").await;
    assert_eq!(link.content, "继续1");
    phone.at(20_000).await;
    let push = push(&link);
    let visit = phone.push(push.clone(), &Course::normal()).await;
    assert_eq!(visit.text(), expected, "{push:?}");
}

#[tokio::test(start_paused = true)]
async fn a_link_leads_to_its_answer_by_id_and_by_number() {
    check_fetch(|link| Push::menu_text(&link.content, &link.id), "答案").await;
    // A client that drops the id, and one that changes what is said.
    check_fetch(|_| Push::text("继续1"), "答案").await;
    check_fetch(|link| Push::menu_text("查看", &link.id), "答案").await;
    for text in [
        " 继续 1\n",
        "more1",
        "More 1",
        "continue 1",
        "1",
        "１",
        "继续",
        "more",
    ] {
        check_fetch(|_| Push::text(text), "答案").await;
    }
    let unknown = format!("echostr-{:032x}", 7);
    check_fetch(|_| Push::menu_text("继续1", &unknown), "答案").await;
    check_fetch(|_| Push::menu_text("继续1", "101"), "答案").await;
    check_fetch(|_| Push::menu_text("继续2", &unknown), EXPIRED).await;
    check_fetch(|_| Push::menu_text("查看", &unknown), EXPIRED).await;
}

#[tokio::test(start_paused = true)]
async fn what_names_no_answer_is_an_ordinary_text() {
    for text in ["继续2", "继续0", "2", "继续说", "11", "继续1吧"] {
        check_fetch(|_| Push::text(text), &format!("{text}好")).await;
    }
    check_fetch(|_| Push::menu_text("查看", "101"), "查看好").await;
    check_fetch(|_| Push::menu_text("查看", "echostr-1"), "查看好").await;
}

#[tokio::test(start_paused = true)]
async fn a_word_is_an_ordinary_text_while_nothing_waits() {
    let phone = phone([("慢", 6_000, "答案")]);
    for text in ["1", "继续", "more"] {
        assert_eq!(phone.says(text).await.text(), format!("{text}好"));
        sleep(Duration::from_secs(8)).await;
    }
    ask(&phone, "慢").await;
    // It is still running.
    assert_eq!(phone.says("继续").await.text(), "答案");
    for text in ["1", "继续", "more"] {
        sleep(Duration::from_secs(8)).await;
        assert_eq!(phone.says(text).await.text(), format!("{text}好"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_word_waits_for_an_answer_that_was_not_announced_yet() {
    let account = shop();
    let phone = phone_of(account, [("慢", 7_000, "答案")]);
    let (question, word) = tokio::join!(phone.says("慢"), async {
        phone.at(6_000).await;
        phone.says("1").await
    });
    // Either gets it, never both.
    let mut texts = [question.text(), word.text()];
    texts.sort_unstable();
    assert_eq!(texts, ["", "答案"]);
}

#[tokio::test(start_paused = true)]
async fn a_picture_that_comes_late_is_fetched_like_a_text() {
    let picture = Reply::Image("media-1".into());
    let phone = phone([("画", 6_000, picture.clone())]);
    let link = ask(&phone, "画").await;
    assert_eq!(phone.taps(&link).await.reply(), Some(&picture));
    assert_eq!(phone.taps(&link).await.reply(), Some(&picture));
    assert_eq!(phone.says("1").await.text(), "1好");
}

#[tokio::test(start_paused = true)]
async fn silence_that_comes_late_is_silence() {
    let phone = phone([("静", 6_000, Reply::Silence)]);
    let link = ask(&phone, "静").await;
    assert_eq!(phone.taps(&link).await.text(), "");
    assert_eq!(phone.says("1").await.text(), "1好");
}

#[tokio::test(start_paused = true)]
async fn unread_answers_come_oldest_first_and_tell_how_many_wait() {
    let script = [
        ("一", 6_000, "答一"),
        ("二", 6_000, "答二"),
        ("三", 6_000, "答三"),
    ];
    let phone = phone(script);
    for question in ["一", "二", "三"] {
        ask(&phone, question).await;
        sleep(Duration::from_secs(4)).await;
    }
    phone.at(60_000).await;
    let named = |question: &str, answer: &str| format!("您之前的问题「{question}」\n{answer}");
    for (text, expected) in [
        ("1", named("一", "答一") + "\n\n还有 2 条回答，回复 1 查看"),
        (
            "继续",
            named("二", "答二") + "\n\n还有 1 条回答，回复 1 查看",
        ),
        // Nothing was asked after it.
        ("1", "答三".to_owned()),
        ("1", "1好".to_owned()),
    ] {
        assert_eq!(phone.says(text).await.text(), expected);
    }
}

/// Whether the answer to 慢, fetched at the end, names the question; `then` is asked after so many milliseconds.
async fn check_named(then: &[(u64, &str)], fetch: Option<&str>, expected: &str) {
    let phone = phone([("慢", 6_000, "答案"), ("也慢", 6_000, "另一个")]);
    let link = ask(&phone, "慢").await;
    for (at, text) in then {
        phone.at(*at).await;
        phone.says(text).await;
    }
    phone.at(60_000).await;
    let visit = match fetch {
        Some(text) => phone.says(text).await,
        None => phone.taps(&link).await,
    };
    let (text, _) = parts(visit.text());
    assert_eq!(text, expected, "after {then:?} by {fetch:?}");
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_names_its_question_when_another_one_was_asked_since() {
    let named = "您之前的问题「慢」\n答案";
    let more = "您之前的问题「慢」\n答案\n\n还有 1 条回答，回复 1 查看";
    for fetch in [None, Some("继续1")] {
        check_named(&[], fetch, "答案").await;
        // While it runs and after it was saved; a question that is answered at once counts as well.
        check_named(&[(5_000, "也慢")], fetch, named).await;
        check_named(&[(5_000, "快")], fetch, named).await;
        check_named(&[(30_000, "也慢")], fetch, named).await;
        check_named(&[(30_000, "快")], fetch, named).await;
    }
    check_named(&[], Some("1"), "答案").await;
    check_named(&[(5_000, "也慢")], Some("1"), more).await;
    check_named(&[(5_000, "快")], Some("1"), named).await;
    check_named(&[(30_000, "也慢")], Some("1"), more).await;
    check_named(&[(30_000, "快")], Some("1"), named).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_still_waited_for_names_its_question_too() {
    for by_tap in [true, false] {
        let phone = phone([("慢", 12_000, "答案")]);
        let link = ask(&phone, "慢").await;
        assert_eq!(phone.says("快").await.text(), "快好");
        phone.at(10_000).await;
        let visit = if by_tap {
            phone.taps(&link).await
        } else {
            phone.says("1").await
        };
        assert_eq!(visit.text(), "您之前的问题「慢」\n答案");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_question_is_named_by_its_beginning_and_cannot_make_a_link() {
    let question = "<a href=\"https://evil.example\">请\n点</a>这里，谢谢，谢谢，谢谢";
    let phone = phone([(question, 6_000, "答案"), ("也慢", 6_000, "另一个")]);
    let link = ask(&phone, question).await;
    ask(&phone, "也慢").await;
    let visit = phone.taps(&link).await;
    assert_eq!(visit.text(), "您之前的问题「a href=\"https://evil…」\n答案");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_still_runs_gets_the_full_window_when_it_is_fetched() {
    // Asked at 0, with the placeholder at 14.3; fetched at 20.
    for (ready_ms, expected) in [
        (21_000, "1@1"),
        (24_400, "1@4.4"),
        (26_000, "2@6"),
        (30_500, "3@10.5"),
        (34_000, "3@14"),
    ] {
        for by_tap in [true, false] {
            let phone = phone_of(shop(), [("慢", ready_ms, "答案")]);
            let link = ask(&phone, "慢").await;
            phone.at(20_000).await;
            let visit = if by_tap {
                phone.taps(&link).await
            } else {
                phone.says("1").await
            };
            assert_eq!(
                (visit.to_string().as_str(), visit.text()),
                (expected, "答案")
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tap_that_comes_too_early_gets_another_link_to_the_same_answer() {
    let phone = phone_of(shop(), [("慢", 60_000, "答案")]);
    let first = ask(&phone, "慢").await;
    let visit = phone.taps(&first).await;
    let (text, second) = visit.text_and_link();
    assert_eq!((text, &*second.content), (WAIT, "继续2"));
    phone.at(61_000).await;
    // Both lead to it, in any order, however often.
    for link in [&second, &first, &second, &first] {
        assert_eq!(phone.taps(link).await.text(), "答案", "{link:?}");
        sleep(Duration::from_mins(1)).await;
    }
    assert_eq!(phone.says("1").await.text(), "1好");
}

/// All pages of an answer, by tapping on; they are taken from `first`.
async fn read_on(phone: &Phone, first: Visit) -> Vec<String> {
    let mut pages = vec![first.text().to_owned()];
    while let Some(link) = parts(pages.last().expect("a page")).1.pop() {
        pages.push(phone.taps(&link).await.text().to_owned());
    }
    pages
}

/// The pages of this answer to a question that is answered after so many milliseconds.
async fn check_pages(ms: u64, answer: &str, expected_pages: usize) {
    let answer: &'static str = answer.to_owned().leak();
    let phone = phone_of(shop(), [("长", ms, answer)]);
    let first = phone.says("长").await;
    let pages = read_on(&phone, first).await;
    assert_eq!(pages.len(), expected_pages, "{} bytes", answer.len());
    let mut whole = String::new();
    for page in &pages {
        assert!(page.len() <= 2_048, "{} bytes", page.len());
        let (text, links) = parts(page);
        if !links.is_empty() {
            assert!(page.len() <= 2_000, "{} bytes with a link", page.len());
            assert!(page.len() > 1_900, "{} bytes only", page.len());
        }
        whole += text;
    }
    // White space at the seams is not shown.
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(bare(&whole), bare(answer));
    assert_eq!(phone.says("1").await.text(), "1好");
}

#[tokio::test(start_paused = true)]
async fn a_long_answer_comes_in_pages_that_together_are_the_answer() {
    for ms in [0, 3_000, 6_000] {
        check_pages(ms, &"a".repeat(2_048), 1).await;
        check_pages(ms, &"a".repeat(2_049), 2).await;
        check_pages(ms, &"字".repeat(682), 1).await;
        check_pages(ms, &"字".repeat(683), 2).await;
        check_pages(ms, &"字".repeat(2_000), 4).await;
        check_pages(ms, &"一句话。".repeat(500), 4).await;
        check_pages(ms, &"Four words it has. ".repeat(400), 4).await;
        check_pages(ms, &"👨‍👩‍👧‍👦".repeat(200), 3).await;
        let link = "<a href=\"https://example.com/a/long/address\">名</a>，";
        check_pages(ms, &link.repeat(80), 3).await;
        check_pages(ms, &"一段。\n\n".repeat(600), 4).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_heading_counts_for_the_limit() {
    let answer: &'static str = "字".repeat(682).leak();
    let phone = phone([("长", 6_000, answer), ("也慢", 6_000, "另一个")]);
    let link = ask(&phone, "长").await;
    ask(&phone, "也慢").await;
    let pages = read_on(&phone, phone.taps(&link).await).await;
    assert_eq!(pages.len(), 2);
    let (first, _) = parts(&pages[0]);
    let first = first
        .strip_prefix("您之前的问题「长」\n")
        .expect("its heading");
    assert!(pages[0].len() <= 2_000);
    assert_eq!(first.to_owned() + &pages[1], answer);
}

#[tokio::test(start_paused = true)]
async fn a_tap_and_its_repeats_give_the_same_page_and_do_not_turn_it() {
    let answer: &'static str = "一二三四五六七八九。".repeat(200).leak();
    let phone = phone([("长", 6_000, answer)]);
    let link = ask(&phone, "长").await;
    // Lost twice on the way, then shown; tapped again later, by id and by number.
    let lost_twice = Course {
        n_lost: 2,
        ..Course::normal()
    };
    let tap = Push::menu_text(&link.content, &link.id);
    let first = phone.push(tap.clone(), &lost_twice).await.text().to_owned();
    for wait_secs in [0, 1, 60, 3_600] {
        sleep(Duration::from_secs(wait_secs)).await;
        assert_eq!(
            phone.push(tap.clone(), &Course::normal()).await.text(),
            first
        );
        assert_eq!(phone.taps(&link).await.text(), first);
        assert_eq!(phone.says(&link.content).await.text(), first);
    }
    let (_, links) = parts(&first);
    let second = phone.taps(&links[0]).await.text().to_owned();
    assert_ne!(second, first);
    assert_eq!(phone.taps(&link).await.text(), first);
    assert_eq!(phone.taps(&links[0]).await.text(), second);
}

#[tokio::test(start_paused = true)]
async fn two_taps_at_once_give_the_same_page() {
    let answer: &'static str = "一二三四五六七八九。".repeat(200).leak();
    for at in [5_000, 20_000, 90_000] {
        let phone = phone([("长", 8_000, answer)]);
        let link = ask(&phone, "长").await;
        phone.at(at).await;
        let (one, other) = tokio::join!(phone.taps(&link), phone.says(&link.content));
        assert_eq!(one.text(), other.text());
        let (text, links) = parts(one.text());
        assert!(answer.starts_with(text), "{text}");
        let second = phone.taps(&links[0]).await;
        let (second, _) = parts(second.text());
        assert!(answer[text.len()..].starts_with(second), "{second}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_expires_after_seven_days() {
    // Tapped and typed, read and not.
    for (at, expected) in [(7 * DAY_MS - 1_000, "答案"), (7 * DAY_MS + 1_000, EXPIRED)] {
        for by_id in [true, false] {
            let phone = phone([("慢", 6_000, "答案")]);
            let link = ask(&phone, "慢").await;
            phone.at(at).await;
            let visit = if by_id {
                phone.taps(&link).await
            } else {
                phone.says(&link.content).await
            };
            assert_eq!(visit.text(), expected);
        }
    }
    let phone = phone([("慢", 6_000, "答案")]);
    ask(&phone, "慢").await;
    phone.at(7 * DAY_MS + 1_000).await;
    for word in ["1", "继续"] {
        assert_eq!(phone.says(word).await.text(), format!("{word}好"));
        sleep(Duration::from_secs(8)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_to_an_answer_that_failed_says_so() {
    for fallback in ["", FALLBACK] {
        let account = Account {
            delivery: Strategy::Quick,
            fallback: fallback.into(),
            ..shop()
        };
        // The job runs for two minutes at the most.
        let phone = phone_of(account, [("慢", 600_000, "答案")]);
        let link = ask(&phone, "慢").await;
        phone.at(121_000).await;
        let expected = match fallback {
            "" => "这个问题没有得到回答，请再问一次",
            fallback => fallback,
        };
        assert_eq!(phone.taps(&link).await.text(), expected);
        // In memory at first, in the journal later.
        sleep(Duration::from_mins(10)).await;
        assert_eq!(phone.taps(&link).await.text(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_reads_anothers_answer_whatever_is_sent() {
    let phone = phone([("密", 6_000, "秘密"), ("私", 6_000, "自己的")]);
    let link = ask(&phone, "密").await;
    let other = phone.of("oAnn");
    let check = async |at: u64, expected_by_both: &str, expected_by_number: &str| {
        phone.at(at).await;
        assert_eq!(other.taps(&link).await.text(), expected_by_both);
        let by_id = Push::menu_text("查看", &link.id);
        let visit = other.push(by_id, &Course::normal()).await;
        assert_eq!(visit.text(), EXPIRED);
        let visit = other.says(&link.content).await;
        assert_eq!(visit.text(), expected_by_number);
        for word in ["1", "继续"] {
            sleep(Duration::from_secs(8)).await;
            assert_eq!(other.says(word).await.text(), format!("{word}好"));
        }
    };
    // While it runs, when it is ready, when it was saved.
    check(5_000, EXPIRED, "继续1好").await;
    check(60_000, EXPIRED, "继续1好").await;
    // With a number of their own, which leads to their own.
    let own = ask(&other, "私").await;
    assert_eq!(own.content, link.content);
    assert_eq!(other.says("1").await.text(), "自己的");
    check(120_000, "自己的", "自己的").await;
    // And after it was read by whose it is.
    assert_eq!(phone.taps(&link).await.text(), "秘密");
    check(180_000, "自己的", "自己的").await;
}

#[tokio::test(start_paused = true)]
async fn followers_of_two_accounts_with_one_open_id_do_not_share_an_outbox() {
    let phone = phone([("密", 6_000, "秘密")]);
    let link = ask(&phone, "密").await;
    let other = Account {
        id: "other".into(),
        ..shop()
    };
    let bots = phone
        .bots
        .iter()
        .map(|bot| bot.clone().account(other.clone()));
    let others = Phone::with(bots.collect::<Vec<_>>());
    assert_eq!(others.taps(&link).await.text(), EXPIRED);
    assert_eq!(others.says("继续1").await.text(), "继续1好");
    assert_eq!(others.says("1").await.text(), "1好");
    assert_eq!(phone.says("1").await.text(), "秘密");
}

#[tokio::test(start_paused = true)]
async fn numbers_are_not_used_again() {
    let phone = phone([
        ("慢", 6_000, "答案"),
        ("长", 0, &*"字".repeat(1_500).leak()),
    ]);
    let mut contents = Vec::new();
    for _ in 0..3 {
        let link = ask(&phone, "慢").await;
        phone.taps(&link).await;
        contents.push(link.content);
        let pages = read_on(&phone, phone.says("长").await).await;
        let links = pages.iter().flat_map(|page| parts(page).1);
        contents.extend(links.map(|link| link.content));
        // Long after all was read, and after it expired.
        phone.at(phone.now_ms() + 8 * DAY_MS).await;
    }
    let expected: Vec<_> = (1..=9).map(|number| format!("继续{number}")).collect();
    assert_eq!(contents, expected);
}

/// 继续, so long after an answer was written `n_lost` times without being shown and then shown or not.
async fn check_again(n_lost: usize, wait_secs: u64, expected: &str) {
    let phone = phone([("快", 0, "答案")]);
    let course = Course {
        n_lost,
        ..Course::normal()
    };
    let visit = phone.push(Push::text("快"), &course).await;
    let (_, written) = visit.written().expect("an answer");
    assert_eq!(written, "答案");
    sleep(Duration::from_secs(wait_secs)).await;
    let again = phone.says("继续").await;
    assert_eq!(again.text(), expected, "{n_lost} lost, {wait_secs} s later");
}

#[tokio::test(start_paused = true)]
async fn more_shows_the_latest_text_again_that_may_not_have_been_read() {
    // Nothing was repeated: after eight seconds it was read.
    check_again(0, 0, "答案").await;
    check_again(0, 7, "答案").await;
    check_again(0, 8, "继续好").await;
    // Repeated: for ten minutes nobody knows.
    for n_lost in [1, 2, 3] {
        check_again(n_lost, 60, "答案").await;
        check_again(n_lost, 570, "答案").await;
        check_again(n_lost, 601, "继续好").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_was_lost_is_shown_again_by_more() {
    let answer: &'static str = "一二三四五六七八九。".repeat(200).leak();
    let phone = phone([("长", 0, answer)]);
    let lost = Course {
        n_lost: 3,
        ..Course::normal()
    };
    let visit = phone.push(Push::text("长"), &lost).await;
    assert_eq!(visit.to_string(), "-");
    let (_, first) = visit.written().expect("a page");
    // What is unread comes first, and says which page it is by what it holds.
    let next = phone.says("继续").await;
    let (first, _) = parts(first);
    let (next, _) = parts(next.text());
    assert!(answer[first.len()..].starts_with(next), "{next}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_waited_for_is_in_the_outbox() {
    for (closes_after, ms) in [(1_000, 2_000), (1_000, 900_000), (5_000, 4_600)] {
        let phone = phone_of(shop(), [("慢", ms, "答案")]);
        let course = Course {
            closes_after,
            ..Course::at(&[0])
        };
        let visit = phone.push(Push::text("慢"), &course).await;
        assert_eq!(visit.to_string(), "-");
        phone.at(ms.min(120_000) + 1_000).await;
        let expected = if ms > 120_000 { FALLBACK } else { "答案" };
        assert_eq!(phone.says("1").await.text(), expected);
        assert_eq!(phone.says("1").await.text(), "1好");
    }
}

#[tokio::test(start_paused = true)]
async fn an_english_account_reads_english() {
    let language = Language::English;
    let account = Account {
        language,
        texts: language.texts(),
        delivery: Strategy::Quick,
        ..shop()
    };
    let phone = phone_of(account, [("Why?", 6_000, "So."), ("How?", 6_000, "Thus.")]);
    let visit = phone.says("Why?").await;
    let (text, link) = visit.text_and_link();
    assert_eq!(text, "This takes a little longer.");
    assert_eq!(
        (&*link.content, &*link.label),
        ("more1", "Tap here for the answer")
    );
    phone.says("How?").await;
    phone.at(20_000).await;
    let page =
        "Your earlier question \u{201c}Why?\u{201d}\nSo.\n\n1 more waiting, send 1 to read on";
    assert_eq!(phone.says("more").await.text(), page);
    assert_eq!(phone.says("More 7").await.text(), "More 7好");
    assert_eq!(phone.taps(&link).await.text(), page);
    phone.at(8 * DAY_MS).await;
    let gone = Tap {
        id: format!("echostr-{:032x}", 7),
        content: "more9".into(),
        ..link
    };
    assert_eq!(phone.taps(&gone).await.text(), "This answer has expired");
}
