//! What followers see of answers that take their time: every strategy against every course of deliveries.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::phone::{Course, Desk, NoPages, Phone, assert_ms};
use common::{FALLBACK, platform, shop};
use echostr::prelude::*;
use echostr::{InProcess, JobLimits, MemoryJournal, Strategy};
use echostr_simulator::{Mode, Push};

const QUESTION: &str = "生命的意义是什么？";
const ANSWER: &str = "42";
const WAIT: &str = "这个问题需要多想一会儿。";

/// After how many milliseconds the handler is ready. The last time it never is.
const READY: [u64; 11] = [
    0, 1_000, 4_400, 4_600, 6_000, 9_400, 9_600, 14_000, 16_000, 60_000, NEVER,
];
const NEVER: u64 = u64::MAX;
/// Then the job ends that is never ready.
const TIMEOUT: u64 = 120_000;

/// What stands between the platform and the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Patient,
    Auto,
    Quick,
    Send,
    /// As `Send`, but customer-service messages are refused.
    Refused,
    Link,
}

impl Way {
    fn strategy(self) -> Strategy {
        match self {
            Self::Patient => Strategy::Patient,
            Self::Auto => Strategy::Auto,
            Self::Quick => Strategy::Quick,
            Self::Send | Self::Refused => Strategy::Send,
            Self::Link => Strategy::Link,
        }
    }
}

/// How the deliveries go.
#[derive(Debug, Clone)]
struct Case {
    course: Course,
    /// Whether the first delivery never arrives: by then three messages have shown how our clock differs.
    is_first_lost: bool,
    n_servers: usize,
}

/// The courses by the names that they have in the tables.
fn case(name: &str) -> Case {
    let at = |arrivals: &[u64]| Case {
        course: Course::at(arrivals),
        is_first_lost: false,
        n_servers: 1,
    };
    let normal = at(&[0, 5_000, 10_000]);
    match name {
        "normal" => normal,
        "late" => at(&[0, 6_000, 12_000]),
        // Each begins before the one before it has been closed.
        "early" => at(&[0, 4_000, 8_000]),
        "twice at once" => at(&[0, 0, 5_000, 5_000, 10_000, 10_000]),
        "only one" => at(&[0]),
        "five" => at(&[0, 5_000, 10_000, 15_000, 20_000]),
        "first lost" => Case {
            is_first_lost: true,
            ..at(&[5_000, 10_000])
        },
        "answer lost" => Case {
            course: Course {
                n_lost: 1,
                ..Course::normal()
            },
            ..normal
        },
        "two servers" => Case {
            n_servers: 2,
            ..normal
        },
        _ => panic!("no course is named {name}"),
    }
}

/// How often the question was given to the handler.
#[derive(Clone, Default)]
struct Runs(Arc<AtomicUsize>);

#[derive(Clone, Copy)]
struct Ready(u64);

/// A line per course, and a column per time of [`READY`]: which delivery shows something after how many seconds, and what
/// that is. `"` stands for the line above.
///
/// | mark | meaning |
/// |---|---|
/// | `2@5` | the answer, on the second delivery, 5 s after the push was sent |
/// | `1@4.5?` | the placeholder with a link; a tap gives the answer |
/// | `1@4.5=` | nothing; the answer follows as a message when it is ready |
/// | `1@4.5~` | a link to the live page; `1` gives the answer too |
/// | `-` | the failure notice; `1` gives the answer |
/// | `!` | the failure notice, for the answer was lost on the way; 继续 gives it |
async fn check(way: Way, table: &str) {
    let mut above: &str = "";
    let mut lines = table.lines().filter(|line| !line.trim().is_empty());
    let head = lines.next().expect("a head");
    assert!(head.contains("after  0   1   4.4 "), "{head}");
    for line in lines {
        let (course, mut expected) = line.split_once('|').expect("the name of a course");
        if expected.trim() == "\"" {
            expected = above;
        }
        above = expected;
        let expected: Vec<&str> = expected.split_whitespace().collect();
        assert_eq!(expected.len(), READY.len(), "{line}");
        for (ready_ms, expected) in READY.into_iter().zip(expected) {
            check_one(way, &case(course.trim()), ready_ms, expected).await;
        }
    }
}

async fn check_one(way: Way, case: &Case, ready_ms: u64, expected: &str) {
    let told = format!("{way:?}, {case:?}, ready after {ready_ms} ms");
    let runs = Runs::default();
    let desk = Desk::new(if way == Way::Refused { 0 } else { usize::MAX });
    let phone = phone(way, case, ready_ms, &runs, &desk);
    if case.is_first_lost {
        for text in ["早", "中", "晚"] {
            assert_eq!(phone.says(text).await.text(), format!("{text}好"));
        }
    }
    let sent_at = phone.began.elapsed();
    let visit = phone.push(Push::text(QUESTION), &case.course).await;
    let (at, mark) = match expected.find(['?', '=', '~', '!']) {
        Some(end) => expected.split_at(end),
        None => (expected, ""),
    };
    let at = if at.is_empty() { "-" } else { at };
    assert_eq!(visit.to_string(), at, "{told}");

    let begins_ms = if case.is_first_lost { 5_000 } else { 0 };
    let (answer, ready_ms) = match ready_ms {
        NEVER => (FALLBACK, begins_ms + TIMEOUT),
        ready_ms => (ANSWER, begins_ms + ready_ms),
    };
    let is_ready = tokio::time::Instant::now() + Duration::from_millis(ready_ms + 1_000);
    let shown = match mark {
        "" if at == "-" => {
            tokio::time::sleep_until(is_ready).await;
            phone.says("1").await
        }
        "" => visit.clone(),
        "?" => {
            let (text, link) = visit.text_and_link();
            assert_eq!((text, &*link.label), (WAIT, "点这里看回答"), "{told}");
            tokio::time::sleep_until(is_ready).await;
            phone.taps(&link).await
        }
        "~" => {
            let begin = format!("{WAIT}\n\n<a href=\"https://echostr.example/a/");
            assert!(visit.text().starts_with(&begin), "{told}: {}", visit.text());
            tokio::time::sleep_until(is_ready).await;
            phone.says("1").await
        }
        "=" => {
            assert_eq!(visit.reply(), None, "{told}");
            tokio::time::sleep_until(is_ready).await;
            if way == Way::Send {
                let sent = desk.sent.lock().expect("nobody panics").clone();
                let [(at, reply)] = &*sent else {
                    panic!("{told}: {sent:?} was sent");
                };
                assert_ms(at.saturating_sub(sent_at), ready_ms);
                assert_eq!(*reply, Reply::from(answer), "{told}");
                visit.clone()
            } else {
                phone.says("1").await
            }
        }
        _ => phone.says("继续").await,
    };
    if !(mark == "=" && way == Way::Send) {
        assert_eq!(shown.text(), answer, "{told}");
    }
    // Nothing is left: these are ordinary texts again.
    for text in ["1", "继续"] {
        tokio::time::sleep(Duration::from_secs(8)).await;
        assert_eq!(phone.says(text).await.text(), format!("{text}好"), "{told}");
    }
    assert_eq!(runs.0.load(Ordering::SeqCst), 1, "{told}");
    let n_sent = desk.sent.lock().expect("nobody panics").len();
    assert_eq!(
        n_sent,
        usize::from(mark == "=" && way == Way::Send),
        "{told}"
    );
}

fn phone(way: Way, case: &Case, ready_ms: u64, runs: &Runs, desk: &Arc<Desk>) -> Phone {
    let bot = Bot::new()
        .on(
            async |text: Text, State(runs): State<Runs>, State(Ready(ready_ms)): State<Ready>| {
                if text.content != QUESTION {
                    return format!("{}好", text.content);
                }
                runs.0.fetch_add(1, Ordering::SeqCst);
                if ready_ms > 0 {
                    tokio::time::sleep(Duration::from_millis(ready_ms)).await;
                }
                ANSWER.to_owned()
            },
        )
        .state(runs.clone())
        .state(Ready(ready_ms))
        .account(Account {
            delivery: way.strategy(),
            ..shop()
        })
        .sender(desk.clone())
        .pages(Arc::new(NoPages));
    let shared = Arc::new(InProcess::new(10_000, 1_000));
    let journal = Arc::new(MemoryJournal::default());
    Phone::with((0..case.n_servers).map(|_| {
        // What two processes have in common.
        let JobLimits { timeout, .. } = JobLimits::default();
        assert_eq!(timeout, Duration::from_millis(TIMEOUT));
        let bot = bot.clone().with_job_limits(JobLimits::default());
        bot.shared(shared.clone()).journal(journal.clone())
    }))
}

#[tokio::test(start_paused = true)]
async fn a_patient_account_gives_an_answer_of_fourteen_seconds_whole() {
    // When a push came twice at once, four deliveries were closed after 5.0 s before the last ones, which are answered 0.1 s
    // later for that.
    let table = r"
        course        | after  0   1   4.4   4.6     6       9.4     9.6     14      16      60      never
        normal        |        1@0 1@1 1@4.4 2@5     2@6     2@9.4   3@10    3@14    3@14.3? 3@14.3? 3@14.3?
        late          |        1@0 1@1 1@4.4 2@6     2@6     2@9.4   2@9.6   3@14    3@16    3@16.3? 3@16.3?
        early         |        1@0 1@1 1@4.4 2@4.6   2@6     3@9.4   3@9.6   3@12.3? 3@12.3? 3@12.3? 3@12.3?
        twice at once |        1@0 1@1 1@4.4 3@5     3@6     3@9.4   5@10    5@14    5@14.4? 5@14.4? 5@14.4?
        only one      |        1@0 1@1 1@4.4 -       -       -       -       -       -       -       -
        five          |        1@0 1@1 1@4.4 2@5     2@6     2@9.4   3@10    3@14    3@14.3? 3@14.3? 3@14.3?
        first lost    |        1@5 1@6 1@9.4 2@10    2@11    2@14.3? 2@14.3? 2@14.3? 2@14.3? 2@14.3? 2@14.3?
        answer lost   |        2@5 2@5 2@5   3@10    3@10    3@10    !       !       -       -       -
        two servers   |        1@0 1@1 1@4.4 2@5     2@6     2@9.4   3@10    3@14    3@14.3? 3@14.3? 3@14.3?
    ";
    check(Way::Patient, table).await;
    check(Way::Auto, table).await;
}

#[tokio::test(start_paused = true)]
async fn a_quick_account_gives_a_link_on_the_first_delivery() {
    // After a lost answer the same comes again, although more is known by then.
    let table = r#"
        course        | after  0   1   4.4   4.6    6      9.4    9.6    14     16     60     never
        normal        |        1@0 1@1 1@4.4 1@4.5? 1@4.5? 1@4.5? 1@4.5? 1@4.5? 1@4.5? 1@4.5? 1@4.5?
        late          |        "
        early         |        "
        twice at once |        "
        only one      |        "
        five          |        "
        two servers   |        "
        first lost    |        1@5 1@6 1@9.4 1@9.5? 1@9.5? 1@9.5? 1@9.5? 1@9.5? 1@9.5? 1@9.5? 1@9.5?
        answer lost   |        2@5 2@5 2@5   2@5?   2@5?   2@5?   2@5?   2@5?   2@5?   2@5?   2@5?
    "#;
    check(Way::Quick, table).await;
}

#[tokio::test(start_paused = true)]
async fn an_account_that_may_send_sends_what_is_late() {
    let table = r#"
        course        | after  0   1   4.4   4.6    6      9.4    9.6    14     16     60     never
        normal        |        1@0 1@1 1@4.4 1@4.5= 1@4.5= 1@4.5= 1@4.5= 1@4.5= 1@4.5= 1@4.5= 1@4.5=
        late          |        "
        early         |        "
        twice at once |        "
        only one      |        "
        five          |        "
        two servers   |        "
        first lost    |        1@5 1@6 1@9.4 1@9.5= 1@9.5= 1@9.5= 1@9.5= 1@9.5= 1@9.5= 1@9.5= 1@9.5=
        answer lost   |        2@5 2@5 2@5   2@5=   2@5=   2@5=   2@5=   2@5=   2@5=   2@5=   2@5=
    "#;
    check(Way::Send, table).await;
    check(Way::Refused, table).await;
}

#[tokio::test(start_paused = true)]
async fn an_account_with_live_pages_gives_a_link_to_one() {
    let table = r#"
        course        | after  0   1   4.4   4.6    6      9.4    9.6    14     16     60     never
        normal        |        1@0 1@1 1@4.4 1@4.5~ 1@4.5~ 1@4.5~ 1@4.5~ 1@4.5~ 1@4.5~ 1@4.5~ 1@4.5~
        late          |        "
        early         |        "
        twice at once |        "
        only one      |        "
        five          |        "
        two servers   |        "
        first lost    |        1@5 1@6 1@9.4 1@9.5~ 1@9.5~ 1@9.5~ 1@9.5~ 1@9.5~ 1@9.5~ 1@9.5~ 1@9.5~
        answer lost   |        2@5 2@5 2@5   2@5~   2@5~   2@5~   2@5~   2@5~   2@5~   2@5~   2@5~
    "#;
    check(Way::Link, table).await;
}

#[tokio::test(start_paused = true)]
async fn the_last_of_deliveries_that_broke_one_soon_after_the_other_is_answered() {
    let bot = Bot::new()
        .on(async |_: Message| {
            tokio::time::sleep(Duration::from_mins(1)).await;
            ANSWER
        })
        .account(Account {
            delivery: Strategy::Patient,
            ..shop()
        });
    let phone = Phone::new(bot);
    let mut push = Push::text(QUESTION);
    push.created_at = phone.clock.unix_secs();
    let envelope = platform("http://localhost/", Mode::Plain).envelope(&push);
    for _ in 0..2 {
        let broken = Course {
            closes_after: 1_000,
            ..Course::at(&[0])
        };
        let visit = phone.post(&envelope, &broken).await;
        assert_eq!(visit.to_string(), "-");
    }
    let visit = phone.post(&envelope, &Course::at(&[0])).await;
    assert_eq!(visit.text_and_link().0, WAIT);
}
