//! Durable before acknowledged: a reply leaves after the commit that holds it. And what is kept of a follower.

mod common;

use std::future::{pending, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::phone::{Course, Phone, parts};
use common::shop;
use echostr::journal::{
    Batch, Commit, Content, Ended, FollowerRecord, Found, Journal, Link, Of, Page, PushId, Reading,
    Record, SavedAnswer, Shown, Spent, Turn, Unfinished, by,
};
use echostr::prelude::*;
use echostr::{Interactions, MemoryJournal, Strategy};
use echostr_simulator::{FOLLOWER, Push};
use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

/// What becomes of records.
#[derive(Debug, Clone)]
enum Disk {
    /// They are written after so many milliseconds.
    After(u64),
    /// They are given up after so many milliseconds.
    Lost(u64),
    Never,
    /// Writing has failed for a while.
    Away,
    /// After so many milliseconds it turns out that this was answered already.
    Instead(u64, &'static str),
}

/// A push that was received when the test began.
#[derive(Debug, Clone, Copy)]
struct Known {
    reply: Option<&'static str>,
    /// The answer, if it was saved on its own.
    answer: Option<&'static str>,
}

impl Known {
    fn found(self, push: &PushId) -> Found {
        let received_at_ms = push.created_at * 1000;
        Found {
            received_at_ms,
            reply: self.reply.map(|text| (text.into(), 1_234_567_890)),
            answer: self.answer.map(|text| SavedAnswer {
                id: 7,
                push: push.clone(),
                follower: FOLLOWER.into(),
                question: "hello".into(),
                is_overtaken: false,
                asked_at_ms: received_at_ms,
                expires_at_ms: i64::MAX,
                content: Content::Text {
                    text: text.into(),
                    shown_bytes: 0,
                },
                step: 0,
                has_page: false,
                written: None,
            }),
        }
    }
}

/// A journal in memory that takes its time.
struct Slow {
    memory: MemoryJournal,
    disk: Disk,
    /// Whether the counter of numbers cannot be read.
    has_no_numbers: bool,
    /// How long a number takes.
    number_ms: u64,
    /// Whether nothing can be read.
    is_unreadable: bool,
    /// What another process knew of every push before it died.
    known: Option<Known>,
    written: Mutex<Vec<Record>>,
    // Never finished.
    open: Mutex<Vec<Arc<Batch>>>,
}

impl Slow {
    fn new(disk: Disk) -> Arc<Self> {
        Arc::new(Self {
            memory: MemoryJournal::default(),
            disk,
            has_no_numbers: false,
            number_ms: 0,
            is_unreadable: false,
            known: None,
            written: Mutex::default(),
            open: Mutex::default(),
        })
    }

    fn read<'a, T: Send + 'a>(&self, reading: Reading<'a, T>) -> Reading<'a, T> {
        if self.is_unreadable {
            Box::pin(pending())
        } else {
            reading
        }
    }

    fn written(&self) -> Vec<Record> {
        self.written.lock().expect("nobody panics").clone()
    }
}

/// Does `finish` to a batch after so many milliseconds.
fn later(after_ms: u64, finish: impl FnOnce(&Batch) + Send + 'static) -> Commit {
    let batch = Arc::new(Batch::default());
    let commit = Commit::of(&batch, 0);
    tokio::spawn(async move {
        sleep(Duration::from_millis(after_ms)).await;
        finish(&batch);
    });
    commit
}

impl Journal for Slow {
    fn write(&self, records: Vec<Record>) -> Commit {
        let is_reply = records.iter().any(|record| {
            matches!(record, Record::Received(received) if received.replied.is_some())
                || matches!(record, Record::Replied(..))
        });
        let mut written = self.written.lock().expect("nobody panics");
        written.extend(records.iter().cloned());
        self.memory.write(records);
        match self.disk {
            Disk::After(ms) => later(ms, |batch| batch.finish(Vec::new())),
            Disk::Lost(ms) => later(ms, Batch::lose),
            Disk::Never | Disk::Away => {
                let batch = Arc::new(Batch::default());
                let commit = Commit::of(&batch, 0);
                self.open.lock().expect("nobody panics").push(batch);
                commit
            }
            Disk::Instead(ms, text) if is_reply => later(ms, move |batch| {
                batch.finish(vec![(0, text.into(), 1_234_567_890)]);
            }),
            Disk::Instead(..) => Commit::done(),
        }
    }

    fn is_away(&self) -> bool {
        matches!(self.disk, Disk::Away)
    }

    fn find<'a>(&'a self, push: &'a PushId) -> Reading<'a, Option<Found>> {
        match self.known {
            Some(known) => self.read(Box::pin(ready(Ok(Some(known.found(push)))))),
            None => self.read(self.memory.find(push)),
        }
    }

    fn page<'a>(&'a self, of: Of<'a>, link: &'a Link) -> Reading<'a, Option<Page>> {
        self.read(self.memory.page(of, link))
    }

    fn unread<'a>(&'a self, of: Of<'a>, now_ms: i64) -> Reading<'a, Vec<SavedAnswer>> {
        self.read(self.memory.unread(of, now_ms))
    }

    fn latest_text<'a>(&'a self, of: Of<'a>, since_ms: i64) -> Reading<'a, Option<Shown>> {
        self.read(self.memory.latest_text(of, since_ms))
    }

    fn next_number<'a>(&'a self, of: Of<'a>) -> Reading<'a, u64> {
        if self.has_no_numbers {
            return Box::pin(pending());
        }
        Box::pin(async move {
            sleep(Duration::from_millis(self.number_ms)).await;
            self.read(self.memory.next_number(of)).await
        })
    }

    fn take_up(&self, since_ms: i64) -> Reading<'_, Vec<Unfinished>> {
        self.read(self.memory.take_up(since_ms))
    }

    fn follower<'a>(&'a self, of: Of<'a>) -> Reading<'a, Option<FollowerRecord>> {
        self.read(self.memory.follower(of))
    }

    fn interactions<'a>(&'a self, of: Of<'a>, since_ms: i64) -> Reading<'a, Interactions> {
        self.read(self.memory.interactions(of, since_ms))
    }

    fn uploaded<'a>(
        &'a self,
        account: &'a str,
        hash: &'a [u8; 32],
        now_ms: i64,
    ) -> Reading<'a, Option<MediaId>> {
        self.read(self.memory.uploaded(account, hash, now_ms))
    }

    fn has_written<'a>(&'a self, of: Of<'a>, before: &'a PushId) -> Reading<'a, bool> {
        self.read(self.memory.has_written(of, before))
    }

    fn turns<'a>(&'a self, of: Of<'a>, since_ms: i64, limit: u32) -> Reading<'a, Vec<Turn>> {
        self.read(self.memory.turns(of, since_ms, limit))
    }

    fn follower_spent<'a>(&'a self, of: Of<'a>, day: i32) -> Reading<'a, Spent> {
        self.read(self.memory.follower_spent(of, day))
    }

    fn account_spent<'a>(
        &'a self,
        account: &'a str,
        day: i32,
        month: i32,
    ) -> Reading<'a, (Spent, Spent)> {
        self.read(self.memory.account_spent(account, day, month))
    }

    fn session<'a>(&'a self, of: Of<'a>, name: &'a str) -> Reading<'a, Option<String>> {
        self.read(self.memory.session(of, name))
    }
}

/// Answers with the number of milliseconds after which it is ready.
fn phone(journal: &Arc<Slow>, account: Account) -> Phone {
    let bot = Bot::new()
        .on(async |text: Text| {
            if let Ok(ms @ 1..) = text.content.parse() {
                sleep(Duration::from_millis(ms)).await;
            }
            format!("{} ms", text.content)
        })
        .account(account)
        .journal(journal.clone());
    Phone::new(bot)
}

async fn check(disk: Disk, course: &Course, ready_ms: &str, expected: &str) {
    check_with(&Slow::new(disk.clone()), course, ready_ms, expected, &disk).await;
}

async fn check_with(
    journal: &Arc<Slow>,
    course: &Course,
    text: &str,
    expected: &str,
    told: &dyn std::fmt::Debug,
) {
    let phone = phone(journal, shop());
    let visit = phone.push(Push::text(text), course).await;
    let (text, _) = if visit.counts.is_some() {
        parts(visit.text())
    } else {
        ("", Vec::new())
    };
    assert_eq!(format!("{visit} {text}"), expected, "{told:?}, {course:?}");
}

#[tokio::test(start_paused = true)]
async fn a_reply_leaves_after_the_commit_that_holds_it() {
    let normal = Course::normal();
    check(Disk::After(0), &normal, "0", "1@0 0 ms").await;
    check(Disk::After(300), &normal, "0", "1@0.3 0 ms").await;
    check(Disk::After(300), &normal, "20", "1@0.3 20 ms").await;
    check(Disk::After(300), &normal, "2000", "1@2.3 2000 ms").await;
    check(Disk::After(300), &normal, "6000", "2@6.3 6000 ms").await;
    check(
        Disk::After(300),
        &normal,
        "60000",
        "3@14.6 这个问题需要多想一会儿。",
    )
    .await;
    // Repeats wait as well.
    check(Disk::After(500), &Course::at(&[0, 100]), "0", "1@0.5 0 ms").await;
    let lost = Course {
        n_lost: 1,
        ..Course::at(&[0, 100])
    };
    check(Disk::After(500), &lost, "0", "2@0.5 0 ms").await;
    let closed = Course {
        closes_after: 200,
        ..Course::at(&[0, 200, 400])
    };
    check(Disk::After(500), &closed, "0", "3@0.5 0 ms").await;
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_a_second_for_the_journal() {
    let normal = Course::normal();
    check(Disk::After(900), &normal, "0", "1@0.9 0 ms").await;
    for disk in [Disk::After(3_000), Disk::Never] {
        check(disk.clone(), &normal, "0", "1@1 0 ms").await;
        check(disk.clone(), &normal, "2000", "1@3 2000 ms").await;
        check(disk.clone(), &normal, "6000", "2@7 6000 ms").await;
    }
    check(Disk::Lost(300), &normal, "0", "1@0.3 0 ms").await;
    check(Disk::Away, &normal, "0", "1@0 0 ms").await;
    check(Disk::Away, &normal, "6000", "2@6 6000 ms").await;
    check(
        Disk::Away,
        &normal,
        "60000",
        "3@14.3 这个问题需要多想一会儿。",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_the_journal_until_the_platform_closes() {
    let normal = Course::normal();
    check(Disk::Never, &normal, "4400", "1@4.8 4400 ms").await;
    check(Disk::Never, &normal, "9400", "2@9.8 9400 ms").await;
    check(Disk::Never, &normal, "14200", "3@14.8 14200 ms").await;
    check(
        Disk::Never,
        &normal,
        "60000",
        "3@14.8 这个问题需要多想一会儿。",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_link_needs_no_number_when_none_can_be_drawn() {
    for delivery in [Strategy::Quick, Strategy::Patient] {
        for disk in [Disk::After(0), Disk::Never] {
            let journal = Arc::new(Slow {
                has_no_numbers: true,
                ..Arc::into_inner(Slow::new(disk)).expect("it was made just now")
            });
            let account = Account { delivery, ..shop() };
            let phone = phone(&journal, account);
            let visit = phone.says("20000").await;
            let (_, link) = visit.text_and_link();
            assert_eq!(link.content, "继续");
            phone.at(30_000).await;
            assert_eq!(phone.taps(&link).await.text(), "20000 ms");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_stood_in_the_journal_already_is_the_answer() {
    let normal = Course::normal();
    let disk = || Disk::Instead(100, "stood there");
    check(disk(), &normal, "0", "1@0.1 stood there").await;
    check(disk(), &normal, "6000", "2@6.1 stood there").await;
    let lost = Course {
        n_lost: 2,
        ..Course::normal()
    };
    check(disk(), &lost, "0", "3@10 stood there").await;
}

#[tokio::test(start_paused = true)]
async fn who_writes_while_the_journal_cannot_be_read_is_answered_without_it() {
    for (text, expected) in [
        ("0", "1@0 0 ms"),
        ("6000", "2@6 6000 ms"),
        ("1", "1@2 1 ms"),
        ("继续", "1@3 继续 ms"),
        ("继续1", "1@3 继续1 ms"),
    ] {
        let journal = Arc::new(Slow {
            is_unreadable: true,
            ..Arc::into_inner(Slow::new(Disk::After(0))).expect("it was made just now")
        });
        check_with(&journal, &Course::normal(), text, expected, &text).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_leads_to_its_own_answer_while_the_journal_cannot_be_read() {
    for disk in [Disk::After(0), Disk::Away] {
        let journal = Arc::new(Slow {
            is_unreadable: true,
            ..Arc::into_inner(Slow::new(disk.clone())).expect("it was made just now")
        });
        let account = Account {
            delivery: Strategy::Quick,
            ..shop()
        };
        let phone = phone(&journal, account);
        let first = phone.says("20000").await;
        let second = phone.says("19000").await;
        phone.at(25_000).await;
        // Not the oldest that is left.
        let (_, link) = second.text_and_link();
        assert_eq!(phone.taps(&link).await.text(), "19000 ms", "{disk:?}");
        let (_, link) = first.text_and_link();
        let text = phone.taps(&link).await.text().to_owned();
        assert!(text.ends_with("20000 ms"), "{disk:?}: {text}");
    }
}

/// What later deliveries of a push get whose first one was received by a process that has died.
async fn check_known(known: Known, arrivals: &[u64], ready_ms: &str, expected: &str) {
    let journal = Arc::new(Slow {
        known: Some(known),
        ..Arc::into_inner(Slow::new(Disk::After(0))).expect("it was made just now")
    });
    check_with(&journal, &Course::at(arrivals), ready_ms, expected, &known).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_process_left_that_died_is_taken_up_by_the_next_delivery() {
    let replied = Known {
        reply: Some("stood there"),
        answer: None,
    };
    let saved = Known {
        reply: None,
        answer: Some("was saved"),
    };
    let neither = Known {
        reply: None,
        answer: None,
    };
    for arrival in [5_000, 10_000] {
        let at = arrival / 1000;
        check_known(replied, &[arrival], "0", &format!("1@{at} stood there")).await;
        check_known(saved, &[arrival], "0", &format!("1@{at} was saved")).await;
        let expected = format!("1@{} 2000 ms", at + 2);
        check_known(neither, &[arrival], "2000", &expected).await;
    }
    // Which delivery is the last one counts from when that process received the first.
    let wait = "这个问题需要多想一会儿。";
    check_known(
        neither,
        &[5_000, 10_000],
        "60000",
        &format!("2@14.3 {wait}"),
    )
    .await;
    check_known(neither, &[10_000], "60000", &format!("1@14.3 {wait}")).await;
}

/// How the records of one message look, in their order.
async fn check_records(ready_ms: &str, course: &Course, expected: &[&str]) {
    let journal = Slow::new(Disk::After(0));
    let phone = phone(&journal, shop());
    phone.push(Push::text(ready_ms), course).await;
    sleep(Duration::from_secs(1)).await;
    let records = journal.written();
    let records: Vec<_> = records.iter().map(named).collect();
    assert_eq!(records, expected, "{ready_ms} ms, {course:?}");
}

fn named(record: &Record) -> String {
    match record {
        Record::Received(received) => match &received.replied {
            Some(replied) => format!(
                "received and replied by {} on {}",
                replied.by, replied.delivery
            ),
            None => "received".into(),
        },
        Record::Replied(_, _, replied) => {
            format!("replied by {} on {}", replied.by, replied.delivery)
        }
        Record::Delivery(_, delivery) => {
            format!("delivery {} {}", delivery.number, delivery.ended.word())
        }
        Record::Answer(answer) => format!("answer at step {}", answer.step),
        Record::Link(link) => format!("link {}", link.number),
        Record::Page(_) => "page".into(),
        Record::LivePage { .. } => "live page".into(),
        Record::Turn(_) => "turn".into(),
        Record::Feedback { .. } => "feedback".into(),
        Record::Sent(_) => "sent".into(),
        Record::Uploaded { .. } => "uploaded".into(),
        Record::Session { .. } => "session".into(),
        Record::Forget { .. } => "forget".into(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_push_is_written_down_with_its_answer_or_before_it_is_held() {
    assert_eq!(Ended::Closed.word(), "closed");
    assert_eq!(by::DEADLINE, "deadline");
    let normal = Course::normal();
    check_records("0", &normal, &["received and replied by echo on 1"]).await;
    check_records("30", &normal, &["received and replied by echo on 1"]).await;
    let slow = ["received", "replied by echo on 1", "delivery 1 answered"];
    check_records("100", &normal, &slow).await;
    let held = [
        "received",
        "delivery 1 closed",
        "replied by echo on 2",
        "delivery 2 answered",
    ];
    check_records("6000", &normal, &held).await;
    let late = [
        "received",
        "delivery 1 closed",
        "delivery 2 closed",
        "replied by deadline on 3",
        "answer at step 0",
        "link 1",
        "delivery 3 answered",
    ];
    check_records("60000", &normal, &late).await;
    let lost = Course {
        n_lost: 1,
        ..Course::normal()
    };
    let again = ["received and replied by echo on 1", "delivery 2 same again"];
    check_records("0", &lost, &again).await;
}

#[derive(Default, Serialize, Deserialize)]
struct Visits(u32);

/// Counts what each follower writes; `reset` ends the count.
fn visits(account: Account) -> Phone {
    let bot = Bot::new()
        .on(
            async |text: Text, session: Session<Visits>, follower: Follower| -> Result<String> {
                if text.content == "reset" {
                    session.clear().await?;
                }
                let Visits(n) = session.get().await?;
                session.set(&Visits(n + 1)).await?;
                let seen = follower
                    .record()
                    .await?
                    .map_or(0, |known| known.first_seen_at_ms);
                Ok(format!("{} {} {seen}", follower.open_id, n + 1))
            },
        )
        .account(account);
    Phone::new(bot)
}

#[tokio::test(start_paused = true)]
async fn a_session_lasts_from_message_to_message() {
    let phone = visits(shop());
    let (ann, bob) = (phone.of("oAnn"), phone.of("oBob"));
    let first_seen = phone.clock.unix_ms();
    for (phone, text, expected) in [
        // Nothing is known before the first message.
        (&ann, "hello", "oAnn 1 0".to_owned()),
        (&ann, "hello", format!("oAnn 2 {first_seen}")),
        (&bob, "hello", "oBob 1 0".to_owned()),
        (&ann, "hello", format!("oAnn 3 {first_seen}")),
        (&ann, "reset", format!("oAnn 1 {first_seen}")),
        (&ann, "hello", format!("oAnn 2 {first_seen}")),
    ] {
        assert_eq!(phone.says(text).await.text(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_follower_who_withdraws_is_forgotten() {
    let phone = visits(shop());
    assert_eq!(phone.says("hello").await.text(), format!("{FOLLOWER} 1 0"));
    let withdrawn = Push::event(
        "user_authorization_revoke",
        [echostr_simulator::Xml::text("OpenID", FOLLOWER)],
    );
    assert_eq!(phone.push(withdrawn, &Course::normal()).await.reply(), None);
    assert_eq!(phone.says("hello").await.text(), format!("{FOLLOWER} 1 0"));
}

#[tokio::test(start_paused = true)]
async fn open_access_keeps_nothing() {
    let counting = visits(Account {
        is_open: true,
        ..shop()
    });
    for _ in 0..3 {
        assert_eq!(
            counting.says("hello").await.text(),
            format!("{FOLLOWER} 1 0")
        );
    }
    let journal = Slow::new(Disk::After(0));
    let open = Account {
        is_open: true,
        ..shop()
    };
    let slow = phone(&journal, open);
    for ms in ["0", "6000", "60000"] {
        slow.says(ms).await;
    }
    assert!(journal.written().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_ended_while_its_first_part_was_given_out_panicked() {
    let sentences = (0..40).map(|n| format!("**第{n}句**，[链接](https://example.com/{n})。\n\n"));
    let sentences = sentences.collect::<Vec<_>>().concat();
    // The first delivery is answered at 4.5 s, and has to wait for a number until 4.55 s.
    for end_ms in [4_400_u64, 4_510, 4_540, 4_560, 4_700] {
        let journal = Slow {
            number_ms: 50,
            ..Arc::into_inner(Slow::new(Disk::After(1))).expect("nobody else has it")
        };
        let text = sentences.clone();
        let account = Account {
            delivery: Strategy::Quick,
            ..shop()
        };
        let bot = Bot::new()
            .on(
                async |_: Text, State((text, end_ms)): State<(String, u64)>| {
                    let end = stream::once(async move {
                        sleep(Duration::from_millis(end_ms - 100)).await;
                        String::new()
                    });
                    let begin = stream::once(async move {
                        sleep(Duration::from_millis(100)).await;
                        text
                    });
                    TextStream::markdown(begin.chain(end))
                },
            )
            .state((text, end_ms))
            .journal(Arc::new(journal))
            .account(account);
        let phone = Phone::new(bot);
        let mut shown = String::new();
        let mut visit = phone.says("写").await;
        for _ in 0..10 {
            let (text, links) = parts(visit.text());
            shown.push_str(text);
            shown.push('\n');
            let Some(link) = links.last() else { break };
            visit = phone.taps(link).await;
        }
        for n in 0..40 {
            let sentence = format!("第{n}句，");
            assert_eq!(
                shown.matches(&sentence).count(),
                1,
                "{sentence} of {shown}, ended at {end_ms}"
            );
        }
    }
}
