//! The strategy `send`: the answer follows as customer-service messages, and whatever goes wrong, it is not lost and not sent
//! twice.

mod common;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use common::phone::{Course, Desk, Fate, Phone, assert_ms, parts};
use common::shop;
use echostr::client::{Capabilities, Capability, May};
use echostr::journal::{Journal, Record, SentMessage, SentOutcome};
use echostr::prelude::*;
use echostr::{MemoryJournal, SendLimits, Strategy};
use echostr_simulator::{FOLLOWER, Push};
use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use tokio::time::sleep;

/// Answers `写3` with three sentences after six seconds, everything else with itself.
fn bot(delivery: Strategy, desk: &Arc<Desk>) -> Bot {
    Bot::new()
        .on(async |text: Text| {
            let number = text.content.strip_prefix("写");
            let Some(Ok(n_sentences)) = number.map(str::parse::<usize>) else {
                return TextStream::new(stream::iter([format!("{}好", text.content)]));
            };
            let whole = sentences(n_sentences);
            let late = stream::once(sleep(Duration::from_secs(6))).map(move |()| whole.clone());
            TextStream::new(late).by_model()
        })
        .account(Account { delivery, ..shop() })
        .sender(desk.clone())
        .journal(Arc::new(MemoryJournal::default()))
}

fn sentences(n: usize) -> String {
    let mut text = String::new();
    for n in 0..n {
        let _ = write!(text, "这是第{n:03}句。");
    }
    text
}

/// A sentence has 18 bytes: so many fit into a message that is cut, and so many beside a link.
const SENT: usize = 111;
const LINKED: usize = 104;

/// What the follower has of an answer of so many sentences, when messages have these fates: by the desk, and by `1` until nothing
/// is left.
async fn check(n_sentences: usize, fates: &[Fate], sent: &[usize], by_one: &[usize]) {
    let desk = Desk::with(fates);
    let phone = Phone::new(bot(Strategy::Send, &desk));
    let visit = phone.says(&format!("写{n_sentences}")).await;
    assert_eq!(visit.reply(), None);
    phone.at(8_000).await;
    let whole = sentences(n_sentences);
    let n_in = |text: &str| {
        let (text, _) = parts(text);
        assert!(text.is_empty() || whole.contains(text), "{text}");
        text.matches('。').count()
    };
    let told = format!("{fates:?}");
    let found: Vec<_> = desk.texts().iter().map(|text| n_in(text)).collect();
    assert_eq!(found, sent, "{told}");
    assert_eq!(
        *desk.n_by_model.lock().expect("a number"),
        sent.len(),
        "{told}"
    );
    let n_tried = desk.n_tried();
    let mut fetched = Vec::new();
    loop {
        sleep(Duration::from_mins(20)).await;
        let visit = phone.says("1").await;
        if visit.text() == "1好" {
            break;
        }
        fetched.push(n_in(visit.text()));
    }
    assert_eq!(fetched, by_one, "{told}");
    assert_eq!(desk.n_tried(), n_tried, "{told}: nothing more was sent");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_and_nothing_is_sent_twice_whatever_becomes_of_a_message() {
    use Fate::{Arrives, ArrivesUnknown, Lost, Refused};
    check(300, &[Arrives], &[SENT, SENT, 78], &[]).await;
    check(300, &[Refused], &[], &[LINKED, LINKED, 92]).await;
    check(300, &[Arrives, Refused], &[SENT], &[LINKED, 85]).await;
    // What nobody knows of is not sent again: who asks for it reads it, perhaps once more.
    let all = [LINKED, LINKED, 92];
    check(300, &[ArrivesUnknown], &[SENT], &all).await;
    check(300, &[Lost], &[], &all).await;
    check(300, &[Arrives, Lost], &[SENT], &[LINKED, 85]).await;
    let known = [Arrives, Arrives, ArrivesUnknown];
    check(300, &known, &[SENT, SENT, 78], &[78]).await;
    check(300, &[Arrives, Arrives, Lost], &[SENT, SENT], &[78]).await;
    for (fate, sent, by_one) in [
        (Arrives, &[3][..], &[][..]),
        (Refused, &[], &[3]),
        (Lost, &[], &[3]),
        (ArrivesUnknown, &[3], &[3]),
    ] {
        check(3, &[fate], sent, by_one).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_message_that_is_allowed_leads_to_the_rest() {
    let desk = Desk::with(&[Fate::Arrives]);
    let limits = SendLimits {
        per_message: 2,
        ..SendLimits::default()
    };
    let phone = Phone::new(bot(Strategy::Send, &desk).send_limits(limits));
    phone.says("写300").await;
    phone.at(8_000).await;
    let texts = desk.texts();
    assert_eq!(texts.len(), 2);
    assert_eq!(parts(&texts[0]).1, []);
    let (second, links) = parts(&texts[1]);
    assert_eq!(links.len(), 1, "{}", texts[1]);
    let visit = phone.taps(&links[0]).await;
    assert_eq!(second.matches('。').count(), LINKED);
    let whole = texts[0].clone() + second + visit.text();
    assert_eq!(whole, sentences(300));
}

#[tokio::test(start_paused = true)]
async fn a_link_in_a_message_of_which_nobody_knows_leads_on() {
    let desk = Desk::with(&[Fate::ArrivesUnknown]);
    let limits = SendLimits {
        per_message: 1,
        ..SendLimits::default()
    };
    let phone = Phone::new(bot(Strategy::Send, &desk).send_limits(limits));
    phone.says("写300").await;
    phone.at(8_000).await;
    let texts = desk.texts();
    let (first, links) = parts(&texts[0]);
    let visit = phone.taps(&links[0]).await;
    // The part itself once more: it may have been lost.
    assert_eq!(parts(visit.text()).0, first);
}

#[tokio::test(start_paused = true)]
async fn a_follower_who_may_be_sent_nothing_more_is_not_tried() {
    let desk = Desk::with(&[Fate::Arrives]);
    let journal = Arc::new(MemoryJournal::default());
    let bot = bot(Strategy::Send, &desk).journal(journal.clone());
    let phone = Phone::new(bot);
    phone.says("您").await;
    let question = phone.says("写3");
    let others = async {
        // Another program sends all five messages meanwhile.
        phone.at(5_000).await;
        for _ in 0..5 {
            journal.write(vec![Record::Sent(SentMessage {
                account: "shop".into(),
                follower: FOLLOWER.into(),
                push: None,
                message: "{}".into(),
                by: "key k_1".into(),
                sent_at_ms: phone.clock.unix_ms(),
                outcome: SentOutcome::Sent,
            })]);
        }
    };
    tokio::join!(question, others);
    phone.at(8_000).await;
    assert_eq!(desk.n_tried(), 0);
    assert_eq!(phone.says("1").await.text(), sentences(3));
}

/// How the question is answered when the account is known to be so.
async fn check_strategy(delivery: Strategy, may: Option<May>, expected: &str) {
    let desk = Desk::with(&[Fate::Arrives]);
    let bot = bot(delivery, &desk);
    let account = Account { delivery, ..shop() };
    if let Some(may) = may {
        account.able.set(Capabilities {
            found_at_ms: 1,
            found: vec![(Capability::CustomMessage, may)],
        });
    }
    let phone = Phone::new(bot.account(account));
    let visit = phone.says("写3").await;
    phone.at(8_000).await;
    let shown = format!(
        "{visit} {}",
        if visit.reply().is_some() {
            "reply"
        } else {
            "sent"
        }
    );
    assert_eq!(shown, expected, "{delivery:?} {may:?}");
    assert_eq!(desk.n_tried(), usize::from(visit.reply().is_none()));
}

#[tokio::test(start_paused = true)]
async fn auto_sends_when_the_account_may() {
    let (sent, reply) = ("1@4.5 sent", "2@6 reply");
    check_strategy(Strategy::Auto, Some(May::Yes), sent).await;
    check_strategy(Strategy::Auto, Some(May::No(48001)), reply).await;
    check_strategy(Strategy::Auto, Some(May::Unknown(Some(-1))), reply).await;
    check_strategy(Strategy::Auto, None, reply).await;
    check_strategy(Strategy::Send, None, sent).await;
    check_strategy(Strategy::Send, Some(May::Unknown(None)), sent).await;
    check_strategy(Strategy::Send, Some(May::No(48001)), reply).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_is_written_down_with_what_became_of_it() {
    let desk = Desk::with(&[Fate::Arrives, Fate::Refused]);
    let journal = Arc::new(MemoryJournal::default());
    let phone = Phone::new(bot(Strategy::Send, &desk).journal(journal.clone()));
    phone.says("写300").await;
    phone.at(8_000).await;
    let follower = FOLLOWER.into();
    let of = echostr::journal::Of {
        account: "shop",
        follower: &follower,
    };
    let happened = journal.interactions(of, 0).await.expect("it is in memory");
    assert_eq!(happened.done.len(), 1);
    // The refused one does not count.
    assert_eq!(happened.sent_at_ms.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_time_is_a_reply_and_nobody_is_shown_typing() {
    let desk = Desk::with(&[Fate::Arrives]);
    let phone = Phone::new(bot(Strategy::Send, &desk));
    let visit = phone.push(Push::text("您"), &Course::normal()).await;
    assert_eq!(visit.text(), "您好");
    assert_ms(visit.answered_at().expect("it was answered"), 0);
    phone.at(5_000).await;
    assert_eq!(desk.n_tried(), 0);
    assert_eq!(desk.typed.lock().expect("times").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn answers_beyond_the_limit_are_told_of_and_sent_when_their_follower_writes_again() {
    let desk = Desk::with(&[Fate::Arrives]);
    let limits = SendLimits {
        per_message: 2,
        ..SendLimits::default()
    };
    let phone = Phone::new(bot(Strategy::Send, &desk).send_limits(limits));
    let questions: Vec<_> = (1..=6).map(|n| format!("写{n}")).collect();
    join_all(questions.iter().map(|question| phone.says(question))).await;
    phone.at(30_000).await;
    // After each reply so many more, as long as some are left.
    for (n_asked, n_sent, n_left) in [(0, 2, 4), (1, 4, 2), (2, 6, 0)] {
        if n_asked > 0 {
            assert_eq!(phone.says("您").await.text(), "您好");
            assert_eq!(desk.texts().len(), n_sent - 2, "they come after the reply");
            sleep(Duration::from_secs(10)).await;
        }
        let texts = desk.texts();
        assert_eq!(texts.len(), n_sent, "{texts:?}");
        let (last, others) = texts.split_last().expect("some were sent");
        let is_told = |text: &String| text.contains("条回答，回复 1 查看");
        let told = format!("\n\n还有 {n_left} 条回答，回复 1 查看");
        assert_eq!(last.ends_with(&told), n_left > 0, "{last}");
        assert_eq!(others.iter().filter(|text| is_told(text)).count(), n_asked);
    }
    let texts = desk.texts();
    for n in 1..=6 {
        let has =
            |text: &&String| text.contains(&sentences(n)) && !text.contains(&sentences(n + 1));
        assert_eq!(texts.iter().filter(has).count(), 1, "{n}: {texts:?}");
    }
    assert_eq!(*desk.n_by_model.lock().expect("a number"), 6);
    // They come after other questions.
    assert!(
        texts[2..]
            .iter()
            .all(|text| text.starts_with("您之前的问题「写"))
    );
    assert_eq!(phone.says("1").await.text(), "1好");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_no_delivery_has_taken_is_sent() {
    let desk = Desk::with(&[Fate::Arrives]);
    let phone = Phone::new(bot(Strategy::Send, &desk));
    // Its connection breaks after three seconds, and the platform does not try again.
    let course = Course {
        closes_after: 3_000,
        ..Course::at(&[0])
    };
    let visit = phone.push(Push::text("写3"), &course).await;
    assert_eq!(visit.counts, None);
    phone.at(19_000).await;
    assert_eq!(desk.n_tried(), 0, "a delivery may still come");
    phone.at(22_000).await;
    assert_eq!(desk.texts(), [sentences(3)]);
    assert_eq!(phone.says("1").await.text(), "1好");
}

#[tokio::test(start_paused = true)]
async fn what_was_kept_comes_after_an_answer_that_takes_its_time() {
    let desk = Desk::with(&[Fate::Arrives]);
    let limits = SendLimits {
        per_message: 2,
        ..SendLimits::default()
    };
    let phone = Phone::new(bot(Strategy::Send, &desk).send_limits(limits));
    let questions = ["写1", "写2", "写3"];
    join_all(questions.iter().map(|question| phone.says(question))).await;
    phone.at(30_000).await;
    assert_eq!(desk.texts().len(), 2);
    phone.says("写4").await;
    phone.at(60_000).await;
    let texts = desk.texts();
    assert_eq!(texts.len(), 4, "{texts:?}");
    assert!(texts[2].starts_with(&sentences(4)), "{texts:?}");
    assert!(texts[3].ends_with(&sentences(3)), "{texts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_refused_for_good_is_not_tried_again() {
    let desk = Desk::with(&[Fate::Refused, Fate::Arrives]);
    let phone = Phone::new(bot(Strategy::Send, &desk));
    phone.says("写3").await;
    phone.at(10_000).await;
    assert_eq!(phone.says("您").await.text(), "您好");
    phone.at(60_000).await;
    assert_eq!(desk.n_tried(), 1);
    assert!(phone.says("1").await.text().ends_with(&sentences(3)));
}
