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

/// What the follower has in the end, of an answer of 300 sentences, when messages have these fates: by the desk, by `1` until
/// nothing is left, by 继续.
async fn check(fates: &[Fate], sent: &[usize], by_one: &[usize], by_more: Option<usize>) {
    let desk = Desk::with(fates);
    let phone = Phone::new(bot(Strategy::Send, &desk));
    assert_eq!(phone.says("写300").await.reply(), None);
    phone.at(8_000).await;
    let whole = sentences(300);
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
    let more = phone.says("继续").await;
    match by_more {
        Some(expected) => assert_eq!(n_in(more.text()), expected, "{told}"),
        None if by_one.is_empty() => assert_eq!(more.text(), "继续好", "{told}"),
        None => {}
    }
    let mut fetched = Vec::new();
    if by_more.is_none() && !by_one.is_empty() {
        fetched.push(n_in(more.text()));
    }
    loop {
        sleep(Duration::from_mins(1)).await;
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
    check(&[Arrives], &[SENT, SENT, 78], &[], None).await;
    check(&[Refused], &[], &[LINKED, LINKED, 92], None).await;
    check(&[Arrives, Refused], &[SENT], &[LINKED, 85], None).await;
    // What nobody knows of stays with the rest, and is not sent again.
    let all = [LINKED, LINKED, 92];
    check(&[ArrivesUnknown], &[SENT], &all, None).await;
    check(&[Lost], &[], &all, None).await;
    check(&[Arrives, Lost], &[SENT], &[LINKED, 85], None).await;
    // Of the end, it is 继续 that gives it again.
    let known = [Arrives, Arrives, ArrivesUnknown];
    check(&known, &[SENT, SENT, 78], &[], Some(78)).await;
    check(&[Arrives, Arrives, Lost], &[SENT, SENT], &[], Some(78)).await;
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
async fn a_follower_who_may_be_sent_nothing_more_is_not_tried() {
    let desk = Desk::with(&[Fate::Arrives]);
    let limits = SendLimits {
        per_event: 1,
        ..SendLimits::default()
    };
    let journal = Arc::new(MemoryJournal::default());
    let bot = bot(Strategy::Send, &desk)
        .send_limits(limits)
        .journal(journal.clone());
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
