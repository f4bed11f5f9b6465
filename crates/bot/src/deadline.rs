//! The deadline: what each delivery of a push gets, and when.
//!
//! The platform delivers a push up to three times, about five seconds apart, and shows the first answer that comes in time.
//! The first delivery starts a job that outlives its connection; further ones join it. [`step`] is the whole policy; the
//! rest carries it out.

mod begin;
mod fetch;
mod follow;
mod give;
mod kept;
mod running;
mod send;

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use echostr_client::{Capability, Clock, May, Platform, Settings};
use echostr_protocol::{Message, Reply};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::account::DOCTORS_FOLLOWER;
use crate::bot::Bot;
use crate::flight::{Body, Flight};
use crate::job::{JobLimits, Slots};
use crate::journal::{
    Commit, Delivery, Ended, Id, Journal, Of, PushId, Received, Record, Replied, Written,
};
use crate::listen::Connection;
use crate::live::Live;
use crate::metrics::{Counted, Metrics};
use crate::pace::{Pace, Paces};
use crate::progress::Progress;
use crate::send::{CustomMessages, SENT_WITHIN, Sender};
use crate::shared::{InProcess, Place, Shared};
use crate::{Account, SendLimits, Strategy};
use kept::Kept;

/// The first delivery that arrives so long after the push was sent first is the last one.
const LAST_AFTER: Duration = Duration::from_secs(9);
/// The delivery with this number is the last one in any case: each may come before the one before it has been closed.
const LAST_NUMBER: u32 = 3;
/// The last delivery is answered so much earlier than others.
const EARLIER: Duration = Duration::from_millis(200);
/// A held delivery is given up when the platform has not closed it after this time.
const HELD_FOR: Duration = Duration::from_secs(7);
/// A connection whose answer takes longer than this is parked: it costs less then.
const PARKED_AFTER: Duration = Duration::from_millis(100);
/// With the strategy `send`, the follower sees after this time that somebody writes.
const TYPING_AFTER: Duration = Duration::from_millis(1500);
/// A push is journaled together with its answer if that is ready within this time.
const TOGETHER_WITHIN: Duration = Duration::from_millis(50);
/// Nobody waits longer for the journal.
pub(crate) const JOURNAL_WITHIN: Duration = Duration::from_secs(1);
/// Nor longer than so much beyond the time within which a delivery is answered: it would be closed.
const COMMIT_OVERTIME: Duration = Duration::from_millis(300);
/// When an answer is ready, deliveries that wait take it within this time.
const TAKEN_WITHIN: Duration = Duration::from_millis(100);
/// After this time no delivery of a push is to be expected.
const DELIVERED_WITHIN: Duration = Duration::from_secs(30);
/// So long after a push was sent first the platform has closed its last delivery: what nobody has taken is sent then, where that
/// is possible.
const CLOSED_WITHIN: Duration = Duration::from_secs(20);
/// A text that may not have reached the follower is shown again for so long.
const SHOWN_AGAIN_MS: i64 = 10 * 60 * 1000;
/// The replies after the first of so many pushes are sent at once; those of others wait in the outbox.
const FOLLOWING_AT_ONCE: usize = 1000;
/// Unfinished jobs that are older are not run again.
const RUN_AGAIN_MS: i64 = 5 * 60 * 1000;

/// Pages on which answers appear while they are made.
pub trait Pages: Send + Sync + 'static {
    /// The address of a page. Who knows it can read there: the journal has only the [hash](crate::journal::page_hash) of
    /// the id, and says to which answer it leads.
    fn url(&self, page: Id) -> String;

    /// How long a page can be read.
    fn kept(&self) -> Duration {
        Duration::from_hours(7 * 24)
    }
}

/// What deliveries of an account get, with everything that it takes. Cloning shares all of it.
#[derive(Clone)]
pub(crate) struct Deadline {
    /// Without one there is no outbox: what is not ready on the last delivery is answered with the fallback.
    pub(crate) journal: Option<Arc<dyn Journal>>,
    pub(crate) shared: Arc<dyn Shared>,
    /// Without one, that of accounts with an API is made when it is needed.
    pub(crate) sender: Option<Arc<dyn Sender>>,
    pub(crate) platform: Arc<OnceLock<Platform>>,
    pub(crate) send_limits: SendLimits,
    pub(crate) pages: Option<Arc<dyn Pages>>,
    pub(crate) live: Arc<Live>,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    limits: JobLimits,
    room: Arc<Semaphore>,
    slots: Arc<Slots>,
    // How many pushes may have replies that follow at once.
    following: Arc<Semaphore>,
    // Of the answers to a follower one is sent after the other, so that each knows how many messages are left.
    sending: Arc<Slots>,
    kept: Arc<Kept>,
    paces: Arc<Paces>,
    stopping: Arc<watch::Sender<bool>>,
    // Since when this process answers, Unix milliseconds; 0 when there was none before it.
    began_at_ms: Arc<AtomicI64>,
    never: Arc<Notify>,
}

/// One delivery of one push.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) account: Arc<Account>,
    pub(crate) message: Arc<Message>,
    pub(crate) push: PushId,
    pub(crate) arrived_at: Instant,
    pub(crate) arrived_at_ms: i64,
}

/// What a delivery gets.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// This reply, with this `CreateTime` in Unix seconds.
    Reply(Arc<Reply>, i64),
    /// Nothing that the platform would show, so that it repeats the push.
    Unanswered,
}

/// What the decision about a delivery depends on.
#[derive(Debug, Clone, Copy)]
struct View {
    /// Since this delivery arrived.
    waited: Duration,
    /// Since the push was sent first, when this delivery arrived.
    since_start: Duration,
    /// Of the delivery, from 1.
    number: u32,
    /// How long after its arrival a delivery is answered at the latest.
    within: Duration,
    strategy: Strategy,
    is_ready: bool,
    is_event: bool,
}

/// What a delivery does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It waits for the answer until so long after its arrival.
    Wait(Duration),
    /// It is answered.
    Give(How),
    /// It is left open until the platform repeats it.
    Hold,
}

/// How a delivery is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// With what there is: all of it, the beginning, or a placeholder.
    Part,
    /// With nothing; the answer follows as a message.
    Later,
    /// With a link to the page where the answer appears.
    Page,
}

/// The policy.
fn step(view: &View) -> Step {
    let is_last = view.since_start >= LAST_AFTER || view.number >= LAST_NUMBER;
    let within = if is_last {
        view.within.saturating_sub(EARLIER)
    } else {
        view.within
    };
    if view.is_ready && view.waited <= within {
        return Step::Give(How::Part);
    }
    if view.waited < within {
        return Step::Wait(within);
    }
    match view.strategy {
        // Its job ends at this moment: it has one delivery's time.
        _ if view.is_event && !view.is_ready => Step::Wait(HELD_FOR),
        _ if view.is_event => Step::Give(How::Part),
        Strategy::Send => Step::Give(How::Later),
        Strategy::Link => Step::Give(How::Page),
        Strategy::Quick => Step::Give(How::Part),
        Strategy::Auto | Strategy::Patient if is_last => Step::Give(How::Part),
        Strategy::Auto | Strategy::Patient => Step::Hold,
    }
}

impl Deadline {
    /// For registered accounts: with a journal and an outbox.
    pub(crate) fn new(limits: JobLimits, journal: Option<Arc<dyn Journal>>) -> Self {
        let pushes = if journal.is_some() { 8_000 } else { 2_000 };
        Self {
            journal,
            shared: Arc::new(InProcess::new(pushes, limits.max_held)),
            sender: None,
            platform: Arc::default(),
            send_limits: SendLimits::default(),
            pages: None,
            live: Arc::default(),
            clock: Clock::system(),
            metrics: Metrics::default(),
            limits,
            room: Arc::new(Semaphore::new(limits.max_jobs.min(Semaphore::MAX_PERMITS))),
            slots: Arc::default(),
            following: Arc::new(Semaphore::new(FOLLOWING_AT_ONCE)),
            sending: Arc::new(Slots::new(1)),
            kept: Arc::default(),
            paces: Arc::default(),
            stopping: Arc::new(watch::Sender::new(false)),
            began_at_ms: Arc::default(),
            never: Arc::default(),
        }
    }

    /// Changes what jobs and deliveries may cost.
    pub(crate) fn bound(&mut self, limits: JobLimits) {
        let bounded = Self::new(limits, self.journal.clone());
        self.limits = limits;
        self.room = bounded.room;
        self.shared = bounded.shared;
    }

    /// Lets go of held deliveries: the platform repeats them to the next process.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// One delivery, from its arrival to what it gets. Dropped when the platform closes the connection.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        asked: Asked,
        connection: Option<Connection>,
        bot: &Bot,
    ) -> Verdict {
        // What strangers do in open access tells nothing about anybody else.
        let pace = if asked.account.is_open {
            Arc::default()
        } else {
            self.paces.of(&asked.account.id)
        };
        let scope = asked.account.scope(&asked.message);
        let (flight, is_first) = self.shared.join(&scope, &asked.push.key).await;
        let age = pace.age(asked.push.created_at, asked.arrived_at_ms);
        let number = flight.arrive(asked.arrived_at, age);
        let was_answered = flight.body().is_some();
        if is_first {
            self.metrics.first_delivery();
            self.begin(&flight, &asked, &pace, age, bot);
            self.send_kept(&flight, &asked);
        } else {
            self.metrics
                .delivery(if was_answered { "same_again" } else { "joined" });
        }
        let mut waiting = Waiting {
            deadline: self,
            asked: &asked,
            flight: &flight,
            pace: &pace,
            number,
            is_over: false,
        };
        let verdict = self.outcome(&waiting, connection).await;
        waiting.end(&verdict, was_answered);
        verdict
    }

    /// Waits for the body, decides when to fix it, holds the delivery.
    async fn outcome(
        self: &Arc<Self>,
        delivery: &Waiting<'_>,
        mut connection: Option<Connection>,
    ) -> Verdict {
        let Waiting { asked, flight, .. } = *delivery;
        if let Some(body) = flight.body() {
            return self.committed(delivery, body).await;
        }
        let mut stopping = self.stopping.subscribe();
        let mut has_typed = false;
        loop {
            let mut flight_changed = std::pin::pin!(flight.changed().notified());
            flight_changed.as_mut().enable();
            let source = flight.source();
            let progress = source.as_ref().map(|source| &*source.progress);
            let of_answer = progress.map_or(&*self.never, Progress::changed);
            let mut answer_changed = std::pin::pin!(of_answer.notified());
            answer_changed.as_mut().enable();

            if let Some(body) = flight.body() {
                return self.committed(delivery, body).await;
            }
            let view = View {
                waited: asked.arrived_at.elapsed(),
                since_start: flight.age(asked.arrived_at),
                number: delivery.number,
                within: delivery.pace.reply_within(),
                strategy: self.strategy_of(asked),
                is_ready: progress.is_some_and(Progress::is_finished),
                is_event: !asked.message.is_ordinary(),
            };
            let until = match (step(&view), &source) {
                (Step::Give(how), Some(source)) => {
                    if self.fix(delivery, source, how).await {
                        continue;
                    }
                    return self.hold(delivery, None, &mut stopping).await;
                }
                // The journal is being asked what this push is.
                (Step::Give(_), None) => HELD_FOR,
                (Step::Hold, source) => match (self.shared.hold(), source) {
                    (None, Some(source)) => {
                        if self.fix(delivery, source, How::Part).await {
                            continue;
                        }
                        return self.hold(delivery, None, &mut stopping).await;
                    }
                    (place, _) => return self.hold(delivery, place, &mut stopping).await,
                },
                (Step::Wait(until), _)
                    if view.strategy == Strategy::Send && !view.is_event && !has_typed =>
                {
                    if view.waited >= TYPING_AFTER {
                        has_typed = true;
                        self.show_typing(asked);
                    }
                    until.min(TYPING_AFTER.max(view.waited))
                }
                (Step::Wait(until), _) => until,
            };
            if view.waited > HELD_FOR {
                return Verdict::Unanswered;
            }
            if view.waited >= PARKED_AFTER
                && let Some(connection) = connection.take()
            {
                connection.park();
            }
            let until = if connection.is_some() {
                until.min(PARKED_AFTER)
            } else {
                until
            };
            tokio::select! {
                () = flight_changed => {}
                () = answer_changed => {}
                () = sleep_until(asked.arrived_at + until) => {}
            }
        }
    }

    /// The strategy that counts: what there is nobody for, or the account may not do, is `patient`.
    fn strategy(&self, account: &Account) -> Strategy {
        match account.delivery {
            Strategy::Send if self.can_send(account) => Strategy::Send,
            Strategy::Auto
                if account.able.may(Capability::CustomMessage) == May::Yes
                    && self.can_send(account) =>
            {
                Strategy::Send
            }
            Strategy::Send | Strategy::Auto => Strategy::Patient,
            Strategy::Link if self.pages.is_none() => Strategy::Patient,
            other => other,
        }
    }

    /// The doctor's follower cannot be sent anything: its deliveries are held instead.
    fn strategy_of(&self, asked: &Asked) -> Strategy {
        match self.strategy(&asked.account) {
            Strategy::Send if asked.message.from_user().as_str() == DOCTORS_FOLLOWER => {
                Strategy::Patient
            }
            strategy => strategy,
        }
    }

    fn can_send(&self, account: &Account) -> bool {
        (self.sender.is_some() || account.api.is_some())
            && self.journal.is_some()
            && account.able.can_send()
    }

    fn sender(&self, account: &Account) -> Option<Arc<dyn Sender>> {
        match &self.sender {
            Some(sender) => Some(Arc::clone(sender)),
            None if account.api.is_none() => None,
            None => Some(Arc::new(CustomMessages::new(
                platform(&self.platform).clone(),
            ))),
        }
    }

    fn show_typing(self: &Arc<Self>, asked: &Asked) {
        let Some(sender) = self.sender(&asked.account) else {
            return;
        };
        let asked = asked.clone();
        tokio::spawn(async move {
            let typing = sender.typing(&asked.account, asked.message.from_user());
            // Nobody misses it.
            let _ = timeout(SENT_WITHIN, typing).await;
        });
    }

    /// Writes nothing until the platform closes the connection, which drops this.
    async fn hold(
        &self,
        delivery: &Waiting<'_>,
        _place: Option<Place>,
        stopping: &mut watch::Receiver<bool>,
    ) -> Verdict {
        if let Some(received) = delivery.flight.was_received() {
            self.written(received, Instant::now() + JOURNAL_WITHIN)
                .await;
        }
        let _held = Counted::of(&self.metrics.held);
        tokio::select! {
            () = sleep_until(delivery.asked.arrived_at + HELD_FOR) => {}
            _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
        }
        Verdict::Unanswered
    }

    /// The body, once it may leave.
    async fn committed(&self, delivery: &Waiting<'_>, body: &Body) -> Verdict {
        let until = delivery.journal_until(COMMIT_OVERTIME);
        match self.written(&body.commit, until).await {
            Some(Written::Instead(reply, replied_at)) => {
                Verdict::Reply(Arc::new(reply), replied_at)
            }
            _ => Verdict::Reply(Arc::clone(&body.reply), body.replied_at),
        }
    }

    /// What came of records, or nothing when the journal takes too long: then the promise is suspended, and the journal says
    /// so.
    async fn written(&self, commit: &Commit, until: Instant) -> Option<Written> {
        if let Some(written) = commit.now() {
            return Some(written);
        }
        if self.is_journal_away() {
            return None;
        }
        timeout_at(until, commit.wait()).await.ok()
    }

    pub(crate) fn is_journal_away(&self) -> bool {
        self.journal
            .as_ref()
            .is_some_and(|journal| journal.is_away())
    }

    fn write(&self, records: Vec<Record>) -> Commit {
        self.journal
            .as_ref()
            .map_or_else(Commit::done, |journal| journal.write(records))
    }
}

/// A delivery that waits. Dropped before its end, it was closed by the platform.
struct Waiting<'a> {
    deadline: &'a Deadline,
    asked: &'a Asked,
    flight: &'a Arc<Flight>,
    pace: &'a Pace,
    number: u32,
    is_over: bool,
}

impl Waiting<'_> {
    /// When this delivery no longer waits for the journal: it is answered at the latest so much beyond its time.
    fn journal_until(&self, overtime: Duration) -> Instant {
        let closes_soon_at = self.asked.arrived_at + self.pace.reply_within() + overtime;
        closes_soon_at.min(Instant::now() + JOURNAL_WITHIN)
    }

    fn end(&mut self, verdict: &Verdict, was_answered: bool) {
        self.is_over = true;
        match verdict {
            Verdict::Reply(..) => {
                self.flight.written();
                if self.number > 1 || self.flight.was_received().is_some() {
                    self.trace(if was_answered {
                        Ended::SameAgain
                    } else {
                        Ended::Answered
                    });
                }
            }
            Verdict::Unanswered => {
                self.deadline.metrics.delivery("given_up");
                self.trace(Ended::GivenUp);
            }
        }
    }

    fn trace(&self, ended: Ended) {
        if self.deadline.journal.is_none() {
            return;
        }
        let delivery = Delivery {
            number: self.number,
            arrived_at_ms: self.asked.arrived_at_ms,
            ended_at_ms: self.deadline.clock.unix_ms(),
            ended,
        };
        self.deadline
            .write(vec![Record::Delivery(self.asked.push.clone(), delivery)]);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.flight.leave();
        if !self.is_over {
            self.pace.closed_after(self.asked.arrived_at.elapsed());
            self.deadline.metrics.delivery("held");
            self.trace(Ended::Closed);
        }
    }
}

/// The connections to the platform; those that a bot was not given are made when they are needed.
pub(crate) fn platform(given: &OnceLock<Platform>) -> &Platform {
    given.get_or_init(|| {
        Platform::new(&Settings::default()).expect("only a proxy could be wrong, and there is none")
    })
}

fn of(asked: &Asked) -> Of<'_> {
    Of {
        account: &asked.account.id,
        follower: asked.message.from_user(),
    }
}

fn received(asked: &Asked, replied: Option<Replied>) -> Received {
    Received {
        push: asked.push.clone(),
        message: Arc::clone(&asked.message),
        received_at_ms: asked.arrived_at_ms,
        replied,
    }
}

/// The reply alone when the push is in the journal already, else both.
fn reply_record(flight: &Flight, asked: &Asked, replied: Replied) -> Record {
    if flight.was_received().is_some() {
        let follower = asked.message.from_user().clone();
        Record::Replied(asked.push.clone(), follower, replied)
    } else {
        Record::Received(received(asked, Some(replied)))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
