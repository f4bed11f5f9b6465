//! Whatever the platform, the job and the follower do at whatever time: nothing of an answer is lost or shown twice.

mod common;

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::phone::{Course, Desk, End as Ended, Fate, Phone, Tap, Visit, assert_ms, parts};
use common::{FALLBACK, shop};
use echostr::prelude::*;
use echostr::{BoxError, InProcess, MemoryJournal, Strategy as Delivery, prelude};
use echostr_simulator::Push;
use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tokio::time::sleep;

const QUESTION: &str = "写一篇长文";
const WAIT: &str = "这个问题需要多想一会儿。";
const END: &str = "这条回答到此为止";
const EXPIRED: &str = "这条回答已过期";
/// Then every job has ended, and every delivery with it.
const OVER_MS: u64 = 300_000;

/// Everything that happens.
#[derive(Debug, Clone)]
struct Schedule {
    delivery: Delivery,
    /// What becomes of messages that are sent.
    fates: Vec<Fate>,
    n_servers: usize,
    job: Job,
    course: Course,
    acts: Vec<(u64, Act, Course)>,
}

/// A text in pieces, each so many milliseconds after the one before it, and how it ends so long after the last.
#[derive(Debug, Clone)]
struct Job {
    pieces: Vec<(u64, String)>,
    end: (u64, End),
}

#[derive(Debug, Clone, Copy)]
enum End {
    Finish,
    Error,
    Panic,
    Never,
}

/// What a follower does; links are those that were shown until then.
#[derive(Debug, Clone)]
enum Act {
    Tap(Index),
    /// A client that drops the id.
    Number(Index),
    One,
    More,
    /// Another question, which is answered at once.
    Ask,
    /// Somebody else sends what a link holds.
    Steal(Index),
}

fn schedule() -> impl Strategy<Value = Schedule> {
    let delivery = select(vec![Delivery::Patient, Delivery::Quick, Delivery::Send]);
    let fates = vec(select(vec![Fate::Arrives, Fate::Refused]), 1..5);
    let acts = vec((0..60_000_u64, act(), course()), 0..8);
    (delivery, fates, 1..3_usize, job(), course(), acts).prop_map(
        |(delivery, fates, n_servers, job, course, acts)| Schedule {
            delivery,
            fates,
            n_servers,
            job,
            course,
            acts,
        },
    )
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => any::<Index>().prop_map(Act::Tap),
        2 => any::<Index>().prop_map(Act::Number),
        2 => Just(Act::One),
        2 => Just(Act::More),
        1 => Just(Act::Ask),
        1 => any::<Index>().prop_map(Act::Steal),
    ]
}

/// Up to four deliveries at any times, closed at any time, of which some answers are lost.
fn course() -> impl Strategy<Value = Course> {
    let gaps = vec(0..7_000_u64, 0..4);
    let closes_after = prop_oneof![4 => Just(5_000), 1 => 0..8_000_u64];
    let n_lost = prop_oneof![4 => Just(0), 1 => 1..4_usize];
    (gaps, closes_after, n_lost).prop_map(|(gaps, closes_after, n_lost)| {
        let mut arrivals = vec![0];
        for gap in gaps {
            arrivals.push(arrivals[arrivals.len() - 1] + gap);
        }
        Course {
            arrivals,
            n_lost,
            closes_after,
        }
    })
}

/// A text of numbered sentences, cut into pieces anywhere.
fn job() -> impl Strategy<Value = Job> {
    let length = prop_oneof![0..20_usize, 0..300_usize];
    let cuts = vec((0..12_000_u64, any::<Index>()), 1..8);
    let end = select(vec![
        End::Finish,
        End::Finish,
        End::Error,
        End::Panic,
        End::Never,
    ]);
    (length, cuts, 0..12_000_u64, end).prop_map(|(n_sentences, cuts, end_after, end)| {
        let text: Vec<char> = (0..n_sentences)
            .flat_map(|number| {
                let end = if number % 7 == 6 { "\n\n" } else { "" };
                format!("第{number}句话。{end}").chars().collect::<Vec<_>>()
            })
            .collect();
        let mut places: Vec<_> = cuts
            .iter()
            .map(|(_, cut)| cut.index(text.len() + 1))
            .collect();
        places.sort_unstable();
        places.pop();
        places.push(text.len());
        let mut begin = 0;
        let pieces = cuts.iter().zip(places).map(|((after, _), end)| {
            let piece = text[begin..end].iter().collect();
            begin = end;
            (*after, piece)
        });
        Job {
            pieces: pieces.collect(),
            end: (end_after, end),
        }
    })
}

#[derive(Clone)]
struct Runs(Arc<AtomicUsize>);

impl Job {
    fn begin(self) -> TextStream {
        let Self {
            pieces,
            end: (end_after, end),
        } = self;
        let pieces = stream::iter(pieces).then(async |(after, piece)| {
            sleep(Duration::from_millis(after)).await;
            Ok::<_, BoxError>(piece)
        });
        let end = stream::once(async move {
            sleep(Duration::from_millis(end_after)).await;
            match end {
                End::Finish => Ok(String::new()),
                End::Error => Err("the model is overloaded".into()),
                End::Panic => panic!("in the middle of a text"),
                End::Never => std::future::pending().await,
            }
        });
        TextStream::new(pieces.chain(end))
    }

    /// What the follower has to get in the end.
    fn answer(&self) -> String {
        let text: String = self
            .pieces
            .iter()
            .map(|(_, piece)| piece.as_str())
            .collect();
        match self.end.1 {
            End::Error | End::Panic | End::Never if text.is_empty() => FALLBACK.into(),
            _ => text,
        }
    }
}

fn phone(schedule: &Schedule, runs: &Runs, desk: &Arc<Desk>) -> Phone {
    let account = Account {
        delivery: schedule.delivery,
        ..shop()
    };
    let bot = Bot::new()
        .on(
            async |text: prelude::Text, State(job): State<Job>, State(runs): State<Runs>| {
                if text.content != QUESTION {
                    return TextStream::new(stream::iter([format!("{}好", text.content)]));
                }
                runs.0.fetch_add(1, Ordering::SeqCst);
                job.begin()
            },
        )
        .state(schedule.job.clone())
        .state(runs.clone())
        .account(account)
        .sender(desk.clone())
        .shared(Arc::new(InProcess::new(1_000, 1_000)))
        .journal(Arc::new(MemoryJournal::default()));
    Phone::with((0..schedule.n_servers).map(|_| bot.clone()))
}

/// What was written to the follower, and when.
#[derive(Default)]
struct Written(RefCell<Vec<Text>>);

#[derive(Debug, Clone)]
struct Text {
    at: Duration,
    /// Whether it was asked for by a link or by 继续: then it may have been written before.
    is_again: bool,
    content: String,
}

impl Written {
    fn note(&self, visit: &Visit, is_again: bool) {
        for delivery in &visit.deliveries {
            if delivery.end == Ended::GivenUp {
                assert_ms(delivery.ended.saturating_sub(delivery.arrived), 7_000);
            }
        }
        if let Some((at, content)) = visit.written() {
            self.0.borrow_mut().push(Text {
                at,
                is_again,
                content: content.to_owned(),
            });
        }
    }

    fn link(&self, which: Index) -> Option<Tap> {
        let written = self.0.borrow();
        let links = written.iter().flat_map(|text| parts(&text.content).1);
        let mut links: Vec<_> = links.collect();
        (!links.is_empty()).then(|| links.swap_remove(which.index(links.len())))
    }

    /// What was sent as messages.
    fn sent(&self, desk: &Desk) {
        let sent = desk.sent.lock().expect("nobody panics");
        let texts = sent.iter().map(|(at, reply)| match reply {
            Reply::Text(content) => Text {
                at: *at,
                is_again: false,
                content: content.clone(),
            },
            other => panic!("not a text: {other:?}"),
        });
        self.0.borrow_mut().extend(texts);
    }

    /// The parts of the answer in their order; of those that came at one moment, as they stand in `whole`.
    fn answer(&self, whole: &str) -> String {
        let mut written = self.0.borrow().clone();
        written.sort_by_key(|text| (text.at, text.is_again, whole.find(part(&text.content))));
        let mut answer = String::new();
        let mut known: Vec<String> = Vec::new();
        for text in written {
            let part = part(&text.content);
            if !known.contains(&text.content) {
                answer += part;
                known.push(text.content);
            } else if !part.is_empty() {
                assert!(text.is_again, "shown twice: {part}");
            }
        }
        answer
    }
}

/// What of a text is the answer's.
fn part(text: &str) -> &str {
    let (text, _) = parts(text);
    if [WAIT, END, EXPIRED].contains(&text) || text.ends_with('好') {
        return "";
    }
    let heading = format!("您之前的问题「{QUESTION}」\n");
    let text = text.strip_prefix(&heading).unwrap_or(text);
    let end = text.find("\n\n还有 ").unwrap_or(text.len());
    &text[..end]
}

async fn perform(phone: &Phone, act: &Act, course: &Course, written: &Written) {
    let push = match act {
        Act::Tap(which) | Act::Steal(which) => {
            let Some(link) = written.link(*which) else {
                return;
            };
            Push::menu_text(&link.content, &link.id)
        }
        Act::Number(which) => match written.link(*which) {
            Some(link) => Push::text(&link.content),
            None => return,
        },
        Act::One => Push::text("1"),
        Act::More => Push::text("继续"),
        Act::Ask => Push::text("您"),
    };
    if matches!(act, Act::Steal(_)) {
        let visit = phone.of("oThief").push(push, course).await;
        let stolen = visit.written().map_or("", |(_, text)| part(text));
        assert_eq!(stolen, "", "it is another follower's");
        return;
    }
    let is_again = !matches!(act, Act::One | Act::Ask);
    written.note(&phone.push(push, course).await, is_again);
}

async fn check(schedule: Schedule) {
    let runs = Runs(Arc::default());
    let desk = Desk::with(&schedule.fates);
    let phone = phone(&schedule, &runs, &desk);
    let written = Written::default();
    let acts = schedule.acts.iter().map(async |(at, what, course)| {
        phone.at(*at).await;
        perform(&phone, what, course, &written).await;
    });
    tokio::join!(join_all(acts), async {
        let visit = phone.push(Push::text(QUESTION), &schedule.course).await;
        written.note(&visit, false);
    });
    phone.at(OVER_MS).await;
    // The outbox, to its end.
    loop {
        let visit = phone.says("1").await;
        if visit.text() == "1好" {
            break;
        }
        written.note(&visit, false);
    }
    written.sent(&desk);
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    let whole = schedule.job.answer();
    assert_eq!(bare(&written.answer(&whole)), bare(&whole));
    assert_eq!(runs.0.load(Ordering::SeqCst), 1);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_of_an_answer_is_lost_or_shown_twice(schedule in schedule()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(check(schedule));
    }
}
