//! A follower's phone and the platform's clock, at tokio's paused clock and without sockets.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::header::CONNECTION;
use echostr::protocol::api::custom_message::{CustomMessage, SendCustomMessage};
use echostr::protocol::{OpenId, Reply};
use echostr::{Account, Bot, Clock, NotSent, Pages, Sender};
use echostr_simulator::{Envelope, Exchange, FOLLOWER, Mode, Platform, Push, Shown};
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{deliver, platform};

/// What the clock of the bot shows when a test begins, Unix milliseconds.
const BEGIN_MS: i64 = 1_761_069_225_000;

/// How the deliveries of one push follow each other. All times are milliseconds since the push was sent.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    /// When deliveries arrive. After a usable answer there are none.
    pub(crate) arrivals: Vec<u64>,
    /// How many answers are lost on the way, the first ones; the platform goes on waiting.
    pub(crate) n_lost: usize,
    /// After which time the platform closes, from each arrival.
    pub(crate) closes_after: u64,
}

impl Course {
    /// Three deliveries, five seconds apart.
    pub(crate) fn normal() -> Self {
        Self::at(&[0, 5_000, 10_000])
    }

    pub(crate) fn at(arrivals: &[u64]) -> Self {
        Self {
            arrivals: arrivals.to_vec(),
            n_lost: 0,
            closes_after: 5_000,
        }
    }
}

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// With status 200 and a body that the platform accepts.
    Answered(Shown),
    /// The same, but it was lost on the way.
    Lost(Shown),
    /// With an empty 503 and `Connection: close`.
    GivenUp,
    /// The platform closed the connection.
    Closed,
}

/// One delivery, times since the push was sent.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) arrived: Duration,
    pub(crate) ended: Duration,
    pub(crate) end: End,
}

/// What came of a push.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    /// When the push was sent, since the test began.
    pub(crate) sent_at: Duration,
    /// In the order of their arrival.
    pub(crate) deliveries: Vec<Delivery>,
    /// The delivery that was answered first, from 1; nothing when the follower saw the failure notice.
    pub(crate) counts: Option<usize>,
}

/// A link that says something when it is tapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tap {
    /// What it makes the follower say.
    pub(crate) content: String,
    pub(crate) id: String,
    pub(crate) label: String,
}

/// A follower, the platform, and the servers that take its deliveries in turn.
pub(crate) struct Phone {
    pub(crate) bots: Vec<Bot>,
    pub(crate) clock: Clock,
    pub(crate) began: Instant,
    platform: Platform,
    follower: OpenId,
}

impl Phone {
    /// The bot goes by the paused clock from now on.
    pub(crate) fn new(bot: Bot) -> Self {
        Self::with([bot])
    }

    /// Several servers, which take deliveries in turn.
    pub(crate) fn with(bots: impl IntoIterator<Item = Bot>) -> Self {
        let clock = Clock::with_tokio(BEGIN_MS);
        Self {
            bots: bots.into_iter().map(|bot| bot.clock(clock)).collect(),
            clock,
            began: Instant::now(),
            platform: platform("http://localhost/", Mode::Plain),
            follower: FOLLOWER.into(),
        }
    }

    /// Another follower of the same account.
    pub(crate) fn of(&self, follower: &str) -> Self {
        Self {
            bots: self.bots.clone(),
            clock: self.clock,
            began: self.began,
            platform: platform("http://localhost/", Mode::Plain),
            follower: follower.into(),
        }
    }

    /// Milliseconds since the test began.
    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).expect("a short test")
    }

    /// Waits until so many milliseconds after the test began.
    pub(crate) async fn at(&self, ms: u64) {
        sleep_until(self.began + Duration::from_millis(ms)).await;
    }

    /// Sends a push at this moment and tells what came of it.
    pub(crate) async fn push(&self, push: Push, course: &Course) -> Visit {
        let mut push = push.by(self.follower.clone());
        push.created_at = self.clock.unix_secs();
        self.post(&self.platform.envelope(&push), course).await
    }

    /// The same for an envelope, which may have been sent before.
    pub(crate) async fn post(&self, envelope: &Envelope, course: &Course) -> Visit {
        let (sent_at, n_lost) = (Instant::now(), Cell::new(course.n_lost));
        let answered_first = RefCell::new(None);
        let is_answered = Notify::new();
        let after = |ms: u64| sent_at + Duration::from_millis(ms);
        let deliveries = course.arrivals.iter().enumerate().map(|(place, arrival)| {
            let (n_lost, answered_first, is_answered) = (&n_lost, &answered_first, &is_answered);
            async move {
                while answered_first.borrow().is_none() && Instant::now() < after(*arrival) {
                    tokio::select! {
                        () = sleep_until(after(*arrival)) => {}
                        () = is_answered.notified() => {}
                    }
                }
                if answered_first.borrow().is_some() {
                    return None;
                }
                let arrived = sent_at.elapsed();
                let closed_at = after(arrival + course.closes_after);
                let bot = &self.bots[place % self.bots.len()];
                let delivery = deliver(bot, &self.platform, envelope);
                let mut end = match timeout_at(closed_at, delivery).await {
                    Ok(exchange) => self.end(envelope, &exchange),
                    Err(_) => End::Closed,
                };
                let ended = sent_at.elapsed();
                if let End::Answered(shown) = &end {
                    if n_lost.get() > 0 {
                        n_lost.set(n_lost.get() - 1);
                        end = End::Lost(shown.clone());
                        sleep_until(closed_at).await;
                    } else {
                        answered_first.borrow_mut().get_or_insert(place + 1);
                        is_answered.notify_waiters();
                    }
                }
                Some(Delivery {
                    arrived,
                    ended,
                    end,
                })
            }
        });
        let deliveries: Vec<_> = join_all(deliveries).await.into_iter().flatten().collect();
        let counts = answered_first.take();
        let visit = Visit {
            sent_at: sent_at - self.began,
            deliveries,
            counts,
        };
        visit.check_bodies();
        visit
    }

    /// Whatever has status 200 has a body that the platform accepts; what has not is an empty 503.
    fn end(&self, envelope: &Envelope, exchange: &Exchange) -> End {
        let answer = exchange.answer.as_ref().expect("there is no network");
        if answer.status == 503 {
            assert!(answer.body.is_empty(), "the body of a 503");
            assert_eq!(answer.headers[CONNECTION], "close");
            return End::GivenUp;
        }
        match self.platform.shown(envelope, exchange) {
            Shown::Failure(cause) => panic!("a body that cannot be used: {cause}"),
            shown => End::Answered(shown),
        }
    }

    /// Writes a text and reads what comes back by the normal course.
    pub(crate) async fn says(&self, text: &str) -> Visit {
        self.push(Push::text(text), &Course::normal()).await
    }

    pub(crate) async fn taps(&self, link: &Tap) -> Visit {
        self.push(Push::menu_text(&link.content, &link.id), &Course::normal())
            .await
    }
}

impl Visit {
    /// Every body of a push is the same document.
    fn check_bodies(&self) {
        let documents = self
            .deliveries
            .iter()
            .filter_map(|delivery| match &delivery.end {
                End::Answered(Shown::Answer { document, .. })
                | End::Lost(Shown::Answer { document, .. }) => Some(document.as_str()),
                End::Answered(_) | End::Lost(_) => Some("success"),
                End::GivenUp | End::Closed => None,
            });
        let mut documents: Vec<_> = documents.collect();
        documents.dedup();
        assert!(documents.len() <= 1, "several answers: {documents:#?}");
    }

    /// The text that was shown, nothing for `success`.
    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        match self.reply() {
            Some(Reply::Text(text)) => text,
            None => "",
            Some(other) => panic!("not a text: {other:?}"),
        }
    }

    /// The reply that was shown, nothing for `success`.
    #[track_caller]
    pub(crate) fn reply(&self) -> Option<&Reply> {
        let number = self.counts.unwrap_or_else(|| panic!("no answer: {self}"));
        match &self.deliveries[number - 1].end {
            End::Answered(Shown::Answer { reply, .. }) => Some(&reply.reply),
            _ => None,
        }
    }

    /// The text that was written, even if it was lost, and when that was since the test began.
    pub(crate) fn written(&self) -> Option<(Duration, &str)> {
        let mut deliveries = self.deliveries.iter();
        deliveries.find_map(|delivery| match &delivery.end {
            End::Answered(Shown::Answer { reply, .. }) | End::Lost(Shown::Answer { reply, .. }) => {
                match &reply.reply {
                    Reply::Text(text) => Some((self.sent_at + delivery.ended, text.as_str())),
                    other => panic!("not a text: {other:?}"),
                }
            }
            _ => None,
        })
    }

    /// The text and the only link in it.
    #[track_caller]
    pub(crate) fn text_and_link(&self) -> (&str, Tap) {
        let (text, mut links) = parts(self.text());
        assert_eq!(links.len(), 1, "links in {:?}", self.text());
        (text, links.remove(0))
    }

    /// When the delivery that counts was answered.
    pub(crate) fn answered_at(&self) -> Option<Duration> {
        self.counts.map(|number| self.deliveries[number - 1].ended)
    }
}

/// Which delivery was answered after how many seconds: `2@5.0`; `-` for none.
impl fmt::Display for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(number), Some(at)) = (self.counts, self.answered_at()) else {
            return f.write_str("-");
        };
        let tenths = (at.as_millis() + 50) / 100;
        let (secs, tenths) = (tenths / 10, tenths % 10);
        match tenths {
            0 => write!(f, "{number}@{secs}"),
            _ => write!(f, "{number}@{secs}.{tenths}"),
        }
    }
}

/// A text up to its first link, without the blank line before that, and its links.
pub(crate) fn parts(text: &str) -> (&str, Vec<Tap>) {
    const BEGIN: &str = "<a href=\"weixin://bizmsgmenu?msgmenucontent=";
    let mut pieces = text.split(BEGIN);
    let before = pieces.next().unwrap_or_default();
    let links = pieces.map(|piece| {
        let (content, rest) = piece.split_once("&msgmenuid=").expect("an id");
        let (id, rest) = rest.split_once("\">").expect("the end of the tag");
        let (label, _) = rest.split_once("</a>").expect("the end of the link");
        Tap {
            content: content.into(),
            id: id.into(),
            label: label.into(),
        }
    });
    let links: Vec<_> = links.collect();
    let before = if links.is_empty() {
        before
    } else {
        before.trim_end()
    };
    (before, links)
}

/// Fails when a time is not the expected one. Tokio's clock goes in steps of a millisecond.
#[track_caller]
pub(crate) fn assert_ms(time: Duration, expected_ms: u64) {
    let time = time.as_millis();
    let expected = u128::from(expected_ms);
    assert!(
        (expected..=expected + 2).contains(&time),
        "{time} ms, {expected} ms were expected"
    );
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrives,
    /// The platform refuses it.
    Refused,
    /// Nobody knows, but the follower has it.
    ArrivesUnknown,
    /// Nobody knows, and the follower does not have it.
    Lost,
}

/// Customer-service messages, written down or refused.
pub(crate) struct Desk {
    pub(crate) sent: Mutex<Vec<(Duration, Reply)>>,
    pub(crate) typed: Mutex<Vec<Duration>>,
    /// How many were marked as written by a model.
    pub(crate) n_by_model: Mutex<usize>,
    /// What becomes of the first, the second … message; of all others what becomes of the last.
    fates: Vec<Fate>,
    n_tried: Mutex<usize>,
    began: Instant,
}

impl Desk {
    /// It takes so many, and refuses the others.
    pub(crate) fn new(room: usize) -> Arc<Self> {
        match room {
            usize::MAX => Self::with(&[Fate::Arrives]),
            room => {
                let mut fates = vec![Fate::Arrives; room];
                fates.push(Fate::Refused);
                Self::with(&fates)
            }
        }
    }

    pub(crate) fn with(fates: &[Fate]) -> Arc<Self> {
        Arc::new(Self {
            sent: Mutex::default(),
            typed: Mutex::default(),
            n_by_model: Mutex::default(),
            fates: fates.to_vec(),
            n_tried: Mutex::default(),
            began: Instant::now(),
        })
    }

    pub(crate) fn n_tried(&self) -> usize {
        *self.n_tried.lock().expect("nobody panics while holding it")
    }

    /// The texts that the follower has.
    pub(crate) fn texts(&self) -> Vec<String> {
        let sent = self.sent.lock().expect("nobody panics while holding it");
        let texts = sent.iter().map(|(_, reply)| match reply {
            Reply::Text(text) => text.clone(),
            other => panic!("not a text: {other:?}"),
        });
        texts.collect()
    }
}

impl Sender for Desk {
    fn typing<'a>(&'a self, _: &'a Account, _: &'a OpenId) -> BoxFuture<'a, ()> {
        let mut typed = self.typed.lock().expect("nobody panics while holding it");
        typed.push(self.began.elapsed());
        Box::pin(std::future::ready(()))
    }

    fn send<'a>(
        &'a self,
        _: &'a Account,
        message: SendCustomMessage,
    ) -> BoxFuture<'a, Result<(), NotSent>> {
        let mut n_tried = self.n_tried.lock().expect("nobody panics while holding it");
        let fate = self.fates[(*n_tried).min(self.fates.len() - 1)];
        *n_tried += 1;
        if matches!(fate, Fate::Arrives | Fate::ArrivesUnknown) {
            let mut sent = self.sent.lock().expect("nobody panics while holding it");
            sent.push((self.began.elapsed(), shown(&message.message)));
            let mut n_by_model = self.n_by_model.lock().expect("nobody panics");
            *n_by_model += usize::from(message.aimsgcontext.is_some_and(|it| it.is_ai_msg));
        }
        let not_sent = |may_have_arrived, why: &str| {
            Err(NotSent {
                may_have_arrived,
                why: why.into(),
            })
        };
        let outcome = match fate {
            Fate::Arrives => Ok(()),
            Fate::Refused => not_sent(false, "sendCustomMessage failed: too many (errcode 45047)"),
            Fate::ArrivesUnknown | Fate::Lost => not_sent(true, "sendCustomMessage had no answer"),
        };
        Box::pin(std::future::ready(outcome))
    }
}

/// What the follower sees of a message.
fn shown(message: &CustomMessage) -> Reply {
    match message {
        CustomMessage::Text { text } => Reply::Text(text.content.clone()),
        CustomMessage::Image { image } => Reply::Image(image.media_id.clone()),
        other => panic!("a message that no test sends: {other:?}"),
    }
}

/// Live pages that nobody opens.
pub(crate) struct NoPages;

impl Pages for NoPages {
    fn url(&self, answer: u128) -> String {
        format!("https://echostr.example/a/{answer:032x}")
    }
}
