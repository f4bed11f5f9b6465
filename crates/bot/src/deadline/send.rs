//! Sending an answer as customer-service messages, part by part. What is not sent stays in the outbox.

use std::sync::Arc;
use std::time::Duration;

use echostr_client::{Error, with_causes};
use echostr_protocol::Reply;
use echostr_protocol::api::custom_message::SendCustomMessage;
use tokio::time::{Instant, timeout};
use tracing::warn;

use super::kept::KeptAnswer;
use super::{Deadline, JOURNAL_WITHIN};
use crate::journal::{Commit, LinkRecord, Record, SentMessage, SentOutcome};
use crate::outbox::{self, Frame, Part};
use crate::progress::Progress;
use crate::send::{NotSent, SENT_WITHIN, Sender, custom_message, journaled, message};

/// A sender that does not end by itself is given up so much later.
const OVERTIME: Duration = Duration::from_secs(2);

/// How far an answer was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Went {
    /// The follower has all of it, or the link to its rest.
    Over,
    /// It is sent when the follower writes again: the platform takes nothing for this follower now.
    Kept,
    /// It stays in the outbox.
    Left,
}

/// What became of a part.
enum PartWent {
    /// There may be more.
    On,
    /// It was the last.
    Over,
    /// It was not given out, as far as is known; whether it may be later.
    Stopped(NotSent, bool),
}

impl Deadline {
    /// Sends all of an answer, after those to the same follower that are being sent.
    pub(super) async fn send(&self, progress: &Arc<Progress>) -> Went {
        let Some(sender) = self.sender(&progress.account) else {
            return Went::Left;
        };
        if self.sending.is_crowded(progress.of()) {
            return self.not_sent(progress, &refused("too many answers wait to be sent"), true);
        }
        let _place = self.sending.enter(progress.of()).await;
        let _cutting = progress.cutting.lock().await;
        // A process that dies now has made the answer: the next one must not run its job again.
        progress.save();
        let commit = self.write(vec![Record::Answer(progress.saved())]);
        self.written(&commit, Instant::now() + JOURNAL_WITHIN).await;
        let mut left = self.left(progress).await;
        loop {
            match self.send_part(&*sender, progress, left).await {
                PartWent::On => left = left.map(|left| left.saturating_sub(1)),
                PartWent::Over => return Went::Over,
                PartWent::Stopped(why, may_be_later) => {
                    return self.not_sent(progress, &why, may_be_later);
                }
            }
        }
    }

    /// Keeps an answer that may be sent later, and says so.
    fn not_sent(&self, progress: &Progress, why: &NotSent, may_be_later: bool) -> Went {
        let is_kept = may_be_later && self.kept.keep(progress.of(), KeptAnswer::of(progress));
        let (went, until) = if is_kept {
            (
                Went::Kept,
                "it follows when the follower writes again, or is read by sending 1",
            )
        } else {
            (Went::Left, "the follower can read it by sending 1")
        };
        self.metrics.answer("kept");
        warn!(
            account.id = progress.account.log_id(),
            error = %with_causes(why),
            "an answer could not be sent; {until}"
        );
        went
    }

    /// How many messages the follower may still be sent; nothing when that cannot be known.
    async fn left(&self, progress: &Progress) -> Option<u32> {
        let journal = self.journal.as_ref()?;
        let now_ms = self.clock.unix_ms();
        let since_ms = now_ms - self.send_limits.looks_back_ms();
        let reading = journal.interactions(progress.of(), since_ms);
        let happened = timeout(JOURNAL_WITHIN, reading).await.ok()?.ok()?;
        Some(self.send_limits.left(&happened, now_ms))
    }

    /// How many other answers to this follower are to be sent, beside those to the same push.
    async fn n_further(&self, progress: &Progress) -> usize {
        let running = self.shared.running(progress.of()).await;
        let further = running.iter().filter(|other| {
            other.push().key != progress.push().key && other.is_unread() && other.is_sent_later()
        });
        further.count()
    }

    async fn send_part(
        &self,
        sender: &dyn Sender,
        progress: &Arc<Progress>,
        left: Option<u32>,
    ) -> PartWent {
        let next = progress.next();
        let mut frame = Frame {
            texts: &progress.account.texts,
            question: progress.is_overtaken().then(|| progress.question()),
            // The last message that is allowed tells of those that are not sent.
            others: if left == Some(1) {
                progress.n_after() + self.n_further(progress).await
            } else {
                0
            },
            footer: progress.footer(progress.is_ai()),
            more: None,
            wait: String::new(),
        };
        let mut link = None;
        if left == Some(1) && frame.needs_link(&next) {
            // The last one that may be sent leads to the rest.
            let drawn = self
                .draw(progress, progress.step(), Instant::now() + JOURNAL_WITHIN)
                .await;
            let label = &frame.texts.more_label;
            frame.more = Some(outbox::link(&drawn, label, progress.account.language));
            link = Some(drawn);
        }
        let part = frame.part(next);
        if !part.is_some {
            return PartWent::Over;
        }
        let message = match (custom_message(&part.reply), left) {
            (_, Some(0)) => {
                let why = "the follower has been sent as many messages as the platform allows until something comes from there";
                return PartWent::Stopped(refused(why), true);
            }
            (None, _) => {
                let why = "such an answer cannot be sent, it can only be a reply";
                return PartWent::Stopped(refused(why), false);
            }
            (Some(custom), _) => message(progress.follower(), custom, progress.is_ai()),
        };
        let is_last = link.is_some() || part.bytes.is_none();
        let sending = sender.send(&progress.account, message.clone());
        // The sender itself knows better what became of it.
        let sent = timeout(SENT_WITHIN + OVERTIME, sending).await;
        let sent = sent.unwrap_or_else(|late| {
            Err(NotSent {
                may_have_arrived: true,
                why: late.into(),
            })
        });
        match sent {
            Ok(()) => {
                self.metrics.answer("sent");
                let commit = self.went(progress, part, &message, link);
                if !is_last {
                    return PartWent::On;
                }
                // What is sent next finds this message in the journal.
                self.written(&commit, Instant::now() + JOURNAL_WITHIN).await;
                PartWent::Over
            }
            Err(why) => {
                self.stopped(progress, &message, link, &why);
                let may_be_later = may_be_later(&why);
                PartWent::Stopped(why, may_be_later)
            }
        }
    }

    /// A part was not given out, as far as is known. It stays in the outbox with what follows, and is not sent a second time:
    /// who has it all the same and asks for it reads it twice, and nobody loses it.
    fn stopped(
        &self,
        progress: &Progress,
        message: &SendCustomMessage,
        link: Option<LinkRecord>,
        why: &NotSent,
    ) {
        let (outcome, link) = if why.may_have_arrived {
            // The follower may have its link, which leads to this very part.
            (SentOutcome::Unsure(with_causes(&*why.why)), link)
        } else {
            (SentOutcome::Refused(with_causes(&*why.why)), None)
        };
        let mut records = vec![self.sent(progress, message, outcome)];
        records.extend(link.map(|link| {
            progress.linked(link.clone());
            Record::Link(link)
        }));
        self.write(records);
    }

    /// A part was given out: the answer, the link to its rest and the message are written down together.
    fn went(
        &self,
        progress: &Arc<Progress>,
        part: Part,
        message: &SendCustomMessage,
        link: Option<LinkRecord>,
    ) -> Commit {
        let reply: Arc<Reply> = Arc::new(part.reply);
        progress.gave(&reply, part.bytes, part.is_so_far);
        let mut records = vec![
            Record::Answer(progress.saved()),
            self.sent(progress, message, SentOutcome::Sent),
        ];
        records.extend(link.map(|link| {
            let link = LinkRecord {
                step: progress.step(),
                ..link
            };
            progress.linked(link.clone());
            Record::Link(link)
        }));
        self.write(records)
    }

    fn sent(
        &self,
        progress: &Progress,
        message: &SendCustomMessage,
        outcome: SentOutcome,
    ) -> Record {
        Record::Sent(SentMessage {
            account: progress.account.id.clone(),
            follower: progress.follower().clone(),
            push: Some(progress.push().clone()),
            message: journaled(message),
            by: progress.by(),
            sent_at_ms: self.clock.unix_ms(),
            outcome,
        })
    }
}

fn refused(why: &str) -> NotSent {
    NotSent {
        may_have_arrived: false,
        why: why.into(),
    }
}

/// Whether a message that was not taken now may be taken later: it is not the message that is wrong.
fn may_be_later(why: &NotSent) -> bool {
    /// The follower has not written lately, or was sent as many messages as are allowed.
    const NOT_NOW: [i64; 2] = [45015, 45047];
    let error = why.why.downcast_ref::<Error>();
    let is_refused_for_now = |error: &Error| match error.code() {
        Some(code) => NOT_NOW.contains(&code),
        None => matches!(error, Error::Unreached { .. } | Error::Late { .. }),
    };
    !why.may_have_arrived && error.is_some_and(is_refused_for_now)
}
