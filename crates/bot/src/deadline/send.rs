//! Sending an answer as customer-service messages, part by part. What is not sent stays in the outbox.

use std::sync::Arc;
use std::time::Duration;

use echostr_client::with_causes;
use echostr_protocol::Reply;
use echostr_protocol::api::custom_message::SendCustomMessage;
use tokio::time::{Instant, timeout};
use tracing::warn;

use super::{Deadline, JOURNAL_WITHIN};
use crate::journal::{Commit, LinkRecord, Record, SentMessage, SentOutcome};
use crate::outbox::{self, Frame, Part};
use crate::progress::Progress;
use crate::send::{NotSent, SENT_WITHIN, Sender, custom_message, journaled, message};

/// A sender that does not end by itself is given up so much later.
const OVERTIME: Duration = Duration::from_secs(2);

/// How far an answer was sent.
enum Went {
    /// A part of it; there may be more.
    On,
    /// As far as it goes.
    Over,
    /// Not further, because of this; whether it is tried again when the follower writes.
    Stopped(NotSent, bool),
}

impl Deadline {
    /// Sends all of an answer; whether the follower has all of it then, or the link to its rest.
    pub(super) async fn send(&self, progress: &Arc<Progress>) -> bool {
        let Some(sender) = self.sender(&progress.account) else {
            return false;
        };
        let _place = self.sending.enter(progress.of()).await;
        let _cutting = progress.cutting.lock().await;
        // A process that dies now has made the answer: the next one must not run its job again.
        progress.save();
        let commit = self.write(vec![Record::Answer(progress.saved())]);
        self.written(&commit, Instant::now() + JOURNAL_WITHIN).await;
        let mut left = self.left(progress).await;
        loop {
            match self.send_part(&*sender, progress, left).await {
                Went::On => left = left.map(|left| left.saturating_sub(1)),
                Went::Over => return true,
                Went::Stopped(why, is_tried_again) => {
                    if is_tried_again {
                        self.kept.keep(progress.of(), progress.id());
                    }
                    self.metrics.answer("kept");
                    warn!(
                        account.id = progress.account.log_id(),
                        error = %with_causes(&why),
                        "an answer could not be sent; the follower gets it with the next message, or by sending 1"
                    );
                    return false;
                }
            }
        }
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
    ) -> Went {
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
            return Went::Over;
        }
        let message = match (custom_message(&part.reply), left) {
            (_, Some(0)) => {
                let why = "the follower has been sent as many messages as the platform allows until something comes from there";
                return Went::Stopped(refused(why), true);
            }
            (None, _) => {
                let why = "such an answer cannot be sent, it can only be a reply";
                return Went::Stopped(refused(why), false);
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
                    return Went::On;
                }
                // What is sent next finds this message in the journal.
                self.written(&commit, Instant::now() + JOURNAL_WITHIN).await;
                Went::Over
            }
            Err(why) => {
                self.stopped(progress, &message, link, &why);
                let is_tried_again = !why.may_have_arrived;
                Went::Stopped(why, is_tried_again)
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
