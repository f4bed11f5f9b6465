//! Beginning: the first delivery of a push finds out what the push is, and starts its job.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use echostr_client::with_causes;
use echostr_protocol::{Element, MAX_TEXT_BYTES, Message, OpenId, Reply, Str};
use futures_util::FutureExt as _;
use tokio::time::timeout;
use tracing::error;

use super::fetch::Fetched;
use super::follow::told_of_others;
use super::running::Running;
use super::{Asked, Deadline, JOURNAL_WITHIN, millis, of, reply_record};
use crate::bot::{Bot, instead};
use crate::flight::{Body, Flight, Purpose, Source};
use crate::job::{Limit, Made};
use crate::journal::{Commit, Content, Found, Reading, Record, Replied, SavedAnswer, by};
use crate::outbox;
use crate::pace::Pace;
use crate::progress::Progress;
use crate::{Answer, readable};

impl Deadline {
    /// The first delivery has arrived: finds out what the push is and starts its job.
    pub(super) fn begin(
        self: &Arc<Self>,
        flight: &Arc<Flight>,
        asked: &Asked,
        pace: &Pace,
        age: Option<Duration>,
        bot: &Bot,
    ) {
        let limit = if asked.message.is_ordinary() {
            Limit::After(self.limits.timeout)
        } else {
            Limit::At(asked.arrived_at + pace.reply_within())
        };
        let wanted = self
            .journal
            .as_ref()
            .and_then(|_| outbox::wanted(&asked.message));
        if wanted.is_none() && !self.may_be_known(asked, age) {
            self.start(flight, asked, limit, bot);
            return;
        }
        let (deadline, flight, asked, bot) = (
            Arc::clone(self),
            Arc::clone(flight),
            asked.clone(),
            bot.clone(),
        );
        // Reading takes a moment, and the push must not depend on this connection.
        tokio::spawn(async move {
            if deadline.is_known(&flight, &asked).await {
                return;
            }
            let source = match wanted {
                Some(wanted) => deadline.fetched(&asked, wanted).await,
                None => Fetched::Question,
            };
            match source {
                Fetched::Question => deadline.start(&flight, &asked, limit, &bot),
                Fetched::Source(source) => flight.comes_from(source),
                Fetched::Reply(reply) => {
                    deadline.fix_at_once(&flight, &asked, reply, by::OUTBOX);
                }
            }
        });
    }

    /// Whether this may be the repeat of a delivery that another process received.
    fn may_be_known(&self, asked: &Asked, age: Option<Duration>) -> bool {
        const FIRST_WITHIN: Duration = Duration::from_secs(3);
        if self.journal.is_none() {
            return false;
        }
        if let Some(age) = age {
            return age >= FIRST_WITHIN;
        }
        let by_our_clock = asked.arrived_at_ms / 1000 - asked.push.created_at;
        let since_begin_ms = asked.arrived_at_ms - self.began_at_ms.load(Ordering::Relaxed);
        (3..600).contains(&by_our_clock) || since_begin_ms < 30_000
    }

    /// Looks the push up in the journal; what is there counts.
    async fn is_known(self: &Arc<Self>, flight: &Arc<Flight>, asked: &Asked) -> bool {
        let Some(journal) = &self.journal else {
            return false;
        };
        let found = read(asked, journal.find(&asked.push)).await;
        let Some(Found {
            received_at_ms,
            reply,
            answer,
        }) = found.flatten()
        else {
            return false;
        };
        let age_ms = asked.arrived_at_ms.saturating_sub(received_at_ms);
        flight.began_before(Duration::from_millis(age_ms.try_into().unwrap_or_default()));
        flight.received(Commit::done());
        if let Some((reply, replied_at)) = reply {
            flight.fix(Body {
                reply: Arc::new(reply),
                replied_at,
                commit: Commit::done(),
            });
            return true;
        }
        // Its process died. When the answer is there, it is given; when not, the job runs again.
        let Some(answer) = answer.filter(|answer| answer.content != Content::Running) else {
            return false;
        };
        let progress = Arc::new(Progress::new(Arc::clone(&asked.account), answer));
        let step = progress.step();
        flight.comes_from(Source {
            progress,
            purpose: Purpose::Own,
            step,
        });
        true
    }

    /// Starts the job. One that is done at once needs nothing further.
    fn start(self: &Arc<Self>, flight: &Arc<Flight>, asked: &Asked, limit: Limit, bot: &Bot) {
        let mut job = bot.job(&asked.account, &asked.message);
        let is_question = asked.message.is_ordinary();
        let slot = if is_question {
            self.slots.try_enter(of(asked))
        } else {
            None
        };
        let mut needs_room = true;
        if slot.is_some() || !is_question {
            match (&mut job).now_or_never() {
                None => {}
                Some(Ok(Made {
                    answer: Answer::Reply(reply),
                    by,
                })) if self.fits(&reply) => {
                    self.fix_at_once(flight, asked, reply, by);
                    return;
                }
                Some(Ok(Made {
                    answer: Answer::Several(replies),
                    by,
                })) => {
                    let (first, others) = self.first_of(replies, &asked.account);
                    let told = self.first_told(first.clone(), others.len(), &asked.account);
                    if self.fits(&told) {
                        self.fix_first_at_once(flight, asked, told, others, &by);
                        return;
                    }
                    needs_room = false;
                    let replies = std::iter::once(first).chain(others).collect();
                    let answer = Answer::Several(replies);
                    job = std::future::ready(Ok(Made { answer, by })).boxed();
                }
                Some(Ok(Made {
                    answer: Answer::Markdown(text),
                    by,
                })) => {
                    let reply = Reply::from(readable(&text));
                    if self.fits(&reply) {
                        self.fix_at_once(flight, asked, reply, by);
                        return;
                    }
                    needs_room = false;
                    let answer = Answer::Markdown(text);
                    job = std::future::ready(Ok(Made { answer, by })).boxed();
                }
                Some(Err(failure)) => {
                    let reply = instead(&asked.account, &asked.message, &failure);
                    self.fix_at_once(flight, asked, reply, by::FALLBACK);
                    return;
                }
                Some(done) => {
                    needs_room = false;
                    job = std::future::ready(done).boxed();
                }
            }
        }
        let room = Arc::clone(&self.room).try_acquire_owned().ok();
        let is_crowded = slot.is_none() && is_question && self.slots.is_crowded(of(asked));
        if needs_room && (room.is_none() || is_crowded) {
            self.metrics.job("busy");
            let busy = if is_question {
                Reply::from(&*asked.account.texts.busy)
            } else {
                Reply::Silence
            };
            self.fix_at_once(flight, asked, busy, by::BUSY);
            return;
        }
        let progress = Arc::new(self.progress(asked, None));
        flight.comes_from(Source {
            progress: Arc::clone(&progress),
            purpose: Purpose::Own,
            step: 0,
        });
        let running = Running {
            deadline: Arc::clone(self),
            flight: Some(Arc::clone(flight)),
            asked: asked.clone(),
            progress,
        };
        tokio::spawn(running.run(job, slot, limit, room));
    }

    /// A reply that needs no outbox.
    fn fits(&self, reply: &Reply) -> bool {
        !matches!(reply, Reply::Text(text) if text.len() > MAX_TEXT_BYTES && self.journal.is_some())
    }

    pub(super) fn progress(&self, asked: &Asked, saved: Option<SavedAnswer>) -> Progress {
        let answer = saved.unwrap_or_else(|| SavedAnswer {
            id: rand::random(),
            push: asked.push.clone(),
            // Not a part of the push's buffer, which may be large.
            follower: OpenId::from(asked.message.from_user().as_str()),
            question: outbox::question(&asked.message),
            is_overtaken: false,
            asked_at_ms: asked.arrived_at_ms,
            expires_at_ms: asked
                .arrived_at_ms
                .saturating_add(i64::try_from(self.limits.kept.as_millis()).unwrap_or(i64::MAX)),
            content: Content::Running,
            step: 0,
            has_page: false,
            written: None,
        });
        Progress::new(Arc::clone(&asked.account), answer)
    }

    /// The answer is there while the first delivery waits: it is journaled together with the push.
    fn fix_at_once(&self, flight: &Flight, asked: &Asked, reply: Reply, by: impl Into<Str>) {
        self.fix_body_at_once(flight, asked, reply, by, Vec::new());
    }

    /// The same for the first of several replies.
    fn fix_first_at_once(
        self: &Arc<Self>,
        flight: &Flight,
        asked: &Asked,
        first: Reply,
        others: Vec<Reply>,
        by: &Str,
    ) {
        let following = self.following(asked, others);
        let records = following.iter().cloned().map(Record::Answer).collect();
        let commit = self.fix_body_at_once(flight, asked, first, by.clone(), records);
        self.send_following(&asked.account, by, following, commit);
    }

    /// The first reply, which tells of the others when they have to be fetched. Without a journal there are none.
    fn first_told(&self, first: Reply, n_others: usize, account: &crate::Account) -> Reply {
        if self.journal.is_none() || self.sends_following(account) {
            first
        } else {
            told_of_others(first, account, n_others)
        }
    }

    fn fix_body_at_once(
        &self,
        flight: &Flight,
        asked: &Asked,
        reply: Reply,
        by: impl Into<Str>,
        others: Vec<Record>,
    ) -> Commit {
        let reply = Arc::new(reply.detached());
        let replied_at = self.clock.unix_secs();
        let by: Str = by.into();
        if *by == *by::OUTBOX {
            self.metrics.answer("outbox");
        } else {
            self.metrics.first_answer();
        }
        let mut records = Vec::new();
        if self.journal.is_some() {
            let replied = Replied {
                reply: Arc::clone(&reply),
                replied_at,
                by,
                delivery: 1,
                latency_ms: millis(asked.arrived_at.elapsed()),
            };
            records.push(reply_record(flight, asked, replied));
            records.extend(forgotten(asked));
            records.extend(others);
        }
        let commit = if records.is_empty() {
            Commit::done()
        } else {
            self.write(records)
        };
        flight.fix(Body {
            reply,
            replied_at,
            commit: commit.clone(),
        });
        commit
    }
}

/// A follower who takes the authorisation back wants to be forgotten.
pub(super) fn forgotten(asked: &Asked) -> Option<Record> {
    let Message::Event(event) = &*asked.message else {
        return None;
    };
    let is_withdrawn = matches!(
        &*event.kind(),
        "user_authorization_revoke" | "user_authorization_cancellation"
    );
    is_withdrawn.then(|| {
        let named = event.document().root().child("OpenID").map(Element::text);
        Record::Forget {
            account: asked.account.id.clone(),
            follower: named.map_or_else(|| event.from_user().clone(), OpenId::from),
        }
    })
}

/// What the journal says, if it does so in time.
pub(super) async fn read<T>(asked: &Asked, reading: Reading<'_, T>) -> Option<T> {
    let reading = timeout(JOURNAL_WITHIN, reading);
    match reading.await.unwrap_or_else(|late| Err(late.into())) {
        Ok(read) => Some(read),
        Err(error) => {
            error!(
                account.id = asked.account.log_id(),
                error = %with_causes(&*error),
                "the journal cannot be read, the push is answered without it"
            );
            None
        }
    }
}
