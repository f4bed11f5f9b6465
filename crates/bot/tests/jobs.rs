//! Jobs: how many run at once, how they end, what deliveries get when there is no room for them.

mod common;

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::phone::{Course, Desk, End, Phone, assert_ms, parts};
use common::{FALLBACK, shop};
use echostr::journal::{Journal, Of};
use echostr::prelude::*;
use echostr::{JobLimits, MemoryJournal, Strategy};
use echostr_simulator::{FOLLOWER, Push, Shown};
use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

const BUSY: &str = "现在提问的人太多，请稍后再试";

/// Which questions began when.
#[derive(Clone)]
struct Begun(Arc<Mutex<Vec<(String, Duration)>>>, Instant);

impl Begun {
    fn new() -> Self {
        Self(Arc::default(), Instant::now())
    }

    fn note(&self, question: &str) {
        let mut begun = self.0.lock().expect("nobody panics while holding it");
        begun.push((question.to_owned(), self.1.elapsed()));
    }

    fn at_ms(&self) -> Vec<(String, u64)> {
        let begun = self.0.lock().expect("nobody panics while holding it");
        let ms = |time: Duration| u64::try_from(time.as_millis()).expect("a short test");
        begun
            .iter()
            .map(|(question, at)| (question.clone(), ms(*at)))
            .collect()
    }
}

/// Takes as many seconds as the text says, and answers with it; what is no number is answered at once.
fn working(begun: &Begun, account: Account) -> Bot {
    Bot::new()
        .on(async |text: Text, State(begun): State<Begun>| {
            begun.note(&text.content);
            if let Ok(secs) = text.content.parse() {
                sleep(Duration::from_secs(secs)).await;
            }
            text.content
        })
        .state(begun.clone())
        .account(account)
}

fn quick() -> Account {
    Account {
        delivery: Strategy::Quick,
        ..shop()
    }
}

fn open() -> Account {
    Account {
        is_open: true,
        ..shop()
    }
}

#[tokio::test(start_paused = true)]
async fn three_questions_of_one_follower_are_worked_on_at_once_and_the_fourth_waits() {
    let begun = Begun::new();
    let phone = Phone::new(working(&begun, quick()));
    let other = phone.of("oAnn");
    let questions = ["20", "21", "22", "23", "24"];
    join_all(questions.iter().enumerate().map(async |(place, question)| {
        phone.at(u64::try_from(place).expect("a few") * 100).await;
        phone.says(question).await;
    }))
    .await;
    // Another follower does not wait for them.
    other.says("10").await;
    phone.at(90_000).await;
    let expected = [
        ("20", 0),
        ("21", 100),
        ("22", 200),
        ("10", 4_900),
        ("23", 20_000),
        ("24", 21_100),
    ];
    for ((question, at), (expected, expected_at)) in begun.at_ms().iter().zip(expected) {
        assert_eq!(question, expected);
        assert_ms(Duration::from_millis(*at), expected_at);
    }
    assert_eq!(begun.at_ms().len(), expected.len());
    // None was swallowed.
    for question in questions {
        let visit = phone.says("1").await;
        let (text, _) = parts(visit.text());
        assert!(
            text.contains(&format!("\n{question}")) || text == question,
            "{text}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_room_for_a_job_is_told_at_once() {
    let begun = Begun::new();
    let limits = JobLimits {
        max_jobs: 2,
        ..JobLimits::default()
    };
    let phone = Phone::new(working(&begun, quick()).with_job_limits(limits));
    for follower in ["oAnn", "oBob"] {
        let visit = phone.of(follower).says("30").await;
        assert_eq!(visit.to_string(), "1@4.5");
    }
    let visit = phone.says("30").await;
    assert_eq!((visit.to_string().as_str(), visit.text()), ("1@0", BUSY));
    // What takes no time needs no room.
    assert_eq!(phone.says("hello").await.text(), "hello");
    let event = phone.push(Push::click("menu-1"), &Course::normal()).await;
    assert_eq!(event.text(), "");
    phone.at(70_000).await;
    assert_eq!(phone.says("5").await.to_string(), "1@4.5");
    assert_eq!(phone.of("oAnn").says("1").await.text(), "30");
}

#[tokio::test(start_paused = true)]
async fn an_event_finds_no_room_silently() {
    let limits = JobLimits {
        max_jobs: 0,
        ..JobLimits::default()
    };
    let bot = Bot::new()
        .on(async |_: Message| pending::<&str>().await)
        .account(shop())
        .with_job_limits(limits);
    let phone = Phone::new(bot);
    assert_eq!(phone.says("hello").await.text(), BUSY);
    let visit = phone.push(Push::subscribe(), &Course::normal()).await;
    assert_eq!(visit.reply(), None);
}

#[tokio::test(start_paused = true)]
async fn a_job_ends_after_two_minutes() {
    let begun = Begun::new();
    for (secs, expected) in [("119", "119"), ("121", FALLBACK)] {
        let phone = Phone::new(working(&begun, shop()));
        let link = phone.says(secs).await.text_and_link().1;
        phone.at(115_000).await;
        let visit = phone.taps(&link).await;
        assert_eq!(visit.text(), expected);
        assert_ms(
            phone.began.elapsed(),
            if expected == secs { 119_000 } else { 120_000 },
        );
    }
}

/// What all deliveries of a question get whose job ends badly after two seconds, and one that comes later.
async fn check_failed<Arguments: 'static>(handler: impl echostr::Handler<Arguments>) {
    let limits = JobLimits {
        timeout: Duration::from_secs(2),
        ..JobLimits::default()
    };
    let bot = Bot::new()
        .on(handler)
        .account(shop())
        .with_job_limits(limits);
    let phone = Phone::new(bot);
    let envelope = common::platform("http://localhost/", echostr_simulator::Mode::Plain)
        .envelope(&Push::text("hello"));
    let course = Course::at(&[0, 0, 1_000]);
    let visit = phone.post(&envelope, &course).await;
    assert_eq!(visit.deliveries.len(), 3);
    for delivery in &visit.deliveries {
        assert_ms(delivery.ended, 2_000);
        assert!(matches!(delivery.end, End::Answered(Shown::Answer { .. })));
    }
    assert_eq!(visit.text(), FALLBACK);
    let again = phone.post(&envelope, &Course::normal()).await;
    assert_eq!(
        (again.to_string().as_str(), again.text()),
        ("1@0", FALLBACK)
    );
}

#[tokio::test(start_paused = true)]
async fn whatever_ends_a_job_wakes_who_waits_for_it() {
    struct Fragile;
    impl Drop for Fragile {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "dropped");
        }
    }
    check_failed(async |_: Text| pending::<&str>().await).await;
    check_failed(async |_: Text| -> Result<&str> {
        sleep(Duration::from_secs(2)).await;
        Err("out of order".into())
    })
    .await;
    check_failed(async |_: Text| -> &str {
        sleep(Duration::from_secs(2)).await;
        panic!("in the handler");
    })
    .await;
    // Its task itself panics, when the time is over and the work is dropped.
    check_failed(async |_: Text| {
        let _fragile = Fragile;
        pending::<&str>().await
    })
    .await;
}

/// What an event shows after so long, when its handler needs `secs` seconds.
async fn check_event(push: &Push, ms: u64, course: &Course, expected: &str) {
    let bot = Bot::new()
        .on(async |_: Event, State(time): State<Duration>| {
            sleep(time).await;
            "ready"
        })
        .state(Duration::from_millis(ms))
        .account(shop());
    let phone = Phone::new(bot);
    let visit = phone.push(push.clone(), course).await;
    let told = format!("{push:?} after {ms} ms");
    assert_eq!(format!("{visit} {}", visit.text()), expected, "{told}");
    // Nothing is kept of it.
    phone.at(60_000).await;
    assert_eq!(phone.says("1").await.text(), "", "{told}");
}

#[tokio::test(start_paused = true)]
async fn an_event_gets_one_deliverys_time_then_the_welcome_or_nothing() {
    let normal = Course::normal();
    let welcome = "1@4.5 Hi~ 终于等到你";
    for (push, late) in [
        (Push::subscribe(), welcome),
        (Push::subscribe_by_scan("7", "t"), welcome),
        (Push::click("menu-1"), "1@4.5 "),
        (Push::scan("7", "t"), "1@4.5 "),
    ] {
        check_event(&push, 0, &normal, "1@0 ready").await;
        check_event(&push, 4_400, &normal, "1@4.4 ready").await;
        for ms in [4_600, 9_400, 600_000] {
            check_event(&push, ms, &normal, late).await;
        }
    }
    check_event(&Push::unsubscribe(), 600_000, &normal, "1@4.5 ").await;
    // Repeats get the same.
    let lost = Course {
        n_lost: 2,
        ..Course::normal()
    };
    check_event(&Push::subscribe(), 600_000, &lost, "3@10 Hi~ 终于等到你").await;
    check_event(&Push::click("menu-1"), 4_400, &lost, "3@10 ready").await;
    // The first was closed before the time was over.
    let early = Course {
        closes_after: 3_000,
        ..Course::at(&[0, 3_000, 6_000])
    };
    check_event(&Push::subscribe(), 600_000, &early, "2@4.5 Hi~ 终于等到你").await;
}

/// What a question shows in open access that takes so many seconds.
async fn check_open(secs: &str, expected: &str) {
    let begun = Begun::new();
    let phone = Phone::new(working(&begun, open()));
    let visit = phone.says(secs).await;
    assert_eq!(format!("{visit} {}", visit.text()), expected);
    phone.at(60_000).await;
    for word in ["1x", "继续", "继续1"] {
        assert_eq!(phone.says(word).await.text(), word);
    }
}

#[tokio::test(start_paused = true)]
async fn open_access_has_no_outbox() {
    check_open("1", "1@1 1").await;
    check_open("6", "2@6 6").await;
    check_open("14", "3@14 14").await;
    check_open("16", &format!("3@14.3 {FALLBACK}")).await;
    check_open("600", &format!("3@14.3 {FALLBACK}")).await;
}

#[tokio::test(start_paused = true)]
async fn open_access_gives_one_message_without_links_whatever_is_answered() {
    for delivery in [
        Strategy::Patient,
        Strategy::Auto,
        Strategy::Quick,
        Strategy::Send,
        Strategy::Link,
    ] {
        let account = Account { delivery, ..open() };
        let bot = Bot::new()
            .on(async |text: Text| {
                if text.content == "streams" {
                    sleep(Duration::from_mins(1)).await;
                }
                "字".repeat(2_000)
            })
            .account(account)
            .sender(Desk::new(usize::MAX))
            .pages(Arc::new(common::phone::NoPages));
        let phone = Phone::new(bot);
        let visit = phone.says("long").await;
        assert!(visit.text().len() <= 2_048 && visit.text().ends_with("字…"));
        let visit = phone.says("streams").await;
        assert_eq!(visit.text(), FALLBACK);
        for word in ["1", "继续", "继续1"] {
            assert!(phone.says(word).await.text().ends_with("字…"), "{word}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_text_that_streams_in_open_access_is_shown_when_it_is_complete() {
    use futures_util::{StreamExt as _, stream};
    let bot = Bot::new()
        .on(async |text: Text| {
            let secs = text.content.parse().expect("a number");
            let begin = stream::iter(["一。"]);
            let end = stream::once(sleep(Duration::from_secs(secs))).map(|()| "二。");
            TextStream::new(begin.chain(end))
        })
        .account(open());
    let phone = Phone::new(bot);
    assert_eq!(phone.says("6").await.text(), "一。二。");
    assert_eq!(phone.says("60").await.text(), FALLBACK);
}

#[tokio::test(start_paused = true)]
async fn without_a_place_to_be_held_a_delivery_is_answered_quickly() {
    let begun = Begun::new();
    let limits = JobLimits {
        max_held: 1,
        ..JobLimits::default()
    };
    for (account, expected) in [(shop(), "这个问题需要多想一会儿。"), (open(), FALLBACK)]
    {
        let phone = Phone::new(working(&begun, account).with_job_limits(limits));
        let (ann, bob) = (phone.of("oAnn"), phone.of("oBob"));
        let (first, second) = tokio::join!(ann.says("6"), async {
            phone.at(100).await;
            bob.says("6").await
        });
        assert_eq!((first.to_string().as_str(), first.text()), ("2@6", "6"));
        let (text, _) = parts(second.text());
        assert_eq!((second.to_string().as_str(), text), ("1@4.5", expected));
        // The place is free again.
        assert_eq!(bob.says("6").await.to_string(), "2@6");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_is_not_closed_is_given_up_after_seven_seconds() {
    let begun = Begun::new();
    for account in [shop(), open()] {
        let phone = Phone::new(working(&begun, account));
        let course = Course {
            closes_after: 60_000,
            ..Course::at(&[0, 7_500])
        };
        let visit = phone.push(Push::text("9"), &course).await;
        assert_eq!(visit.deliveries[0].end, End::GivenUp);
        assert_ms(visit.deliveries[0].ended, 7_000);
        assert_eq!((visit.to_string().as_str(), visit.text()), ("2@9", "9"));
    }
}

#[tokio::test(start_paused = true)]
async fn held_deliveries_are_let_go_when_the_process_stops() {
    let begun = Begun::new();
    for account in [shop(), open()] {
        let phone = Phone::new(working(&begun, account));
        let bot = phone.bots[0].clone();
        let (ann, bob) = (phone.of("oAnn"), phone.of("oBob"));
        let only = Course::at(&[0]);
        let (held, waits, ()) = tokio::join!(
            ann.push(Push::text("60"), &only),
            async {
                phone.at(2_000).await;
                bob.push(Push::text("60"), &only).await
            },
            async {
                phone.at(4_800).await;
                bot.stop();
            }
        );
        for (visit, expected_ms) in [(held, 4_800), (waits, 4_500)] {
            assert_eq!(visit.deliveries[0].end, End::GivenUp);
            assert_ms(visit.deliveries[0].ended, expected_ms);
        }
    }
}

/// When a delivery is answered at the latest, and the last one, after three that were closed after so long.
async fn check_pace(closes_after: u64, expected_ms: u64, last_expected_ms: u64) {
    let bot = Bot::new()
        .on(async |_: Message| pending::<&str>().await)
        .account(shop());
    let phone = Phone::new(bot);
    let course = |arrivals: &[u64]| Course {
        closes_after,
        ..Course::at(arrivals)
    };
    for follower in ["oAnn", "oBob", "oCid"] {
        let text = Push::text("hello");
        let closed = phone.of(follower).push(text, &course(&[0])).await;
        assert_eq!(closed.deliveries[0].end, End::Closed);
    }
    // An event has one delivery's time.
    let event = phone.push(Push::subscribe(), &course(&[0])).await;
    assert_eq!(event.text(), "Hi~ 终于等到你");
    assert_ms(event.deliveries[0].ended, expected_ms);
    let text = phone.push(Push::text("hello"), &course(&[0, 10_000])).await;
    assert_eq!(text.counts, Some(2));
    assert_ms(text.deliveries[1].ended, 10_000 + last_expected_ms);
}

#[tokio::test(start_paused = true)]
async fn deliveries_are_answered_before_the_platform_closes_them_by_what_was_measured() {
    check_pace(3_000, 2_600, 2_400).await;
    check_pace(4_800, 4_400, 4_200).await;
    check_pace(5_000, 4_600, 4_400).await;
    check_pace(6_500, 4_600, 4_400).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_is_not_taken_for_unfinished_after_a_restart() {
    let journal = Arc::new(MemoryJournal::default());
    let account = Account {
        delivery: Strategy::Send,
        ..shop()
    };
    let desk = Desk::new(usize::MAX);
    let bot = working(&Begun::new(), account)
        .sender(desk.clone())
        .journal(journal.clone());
    let phone = Phone::new(bot);
    assert_eq!(phone.says("6").await.reply(), None);
    phone.at(10_000).await;
    assert_eq!(desk.sent.lock().expect("nobody panics").len(), 1);
    let follower = FOLLOWER.into();
    let of = Of {
        account: "shop",
        follower: &follower,
    };
    let unread = journal.unread(of, phone.clock.unix_ms()).await;
    assert_eq!(unread.expect("it is in memory").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_event_waited_behind_three_slow_questions() {
    let bot = Bot::new()
        .on(async |_: Text| {
            sleep(Duration::from_mins(1)).await;
            "slow"
        })
        .on(async |_: Click| "at once")
        .account(shop());
    let phone = Phone::new(bot);
    let slow = join_all((0..3).map(|_| phone.says("slow")));
    let click = async {
        phone.at(1_000).await;
        phone.push(Push::click("menu-1"), &Course::normal()).await
    };
    let (_, click) = tokio::join!(slow, click);
    assert_eq!(click.text(), "at once");
    assert_ms(click.answered_at().expect("it was answered"), 0);
}
