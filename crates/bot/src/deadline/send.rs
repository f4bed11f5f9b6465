//! Sending an answer as customer-service messages, part by part. What is not sent stays in the outbox.

use std::sync::Arc;

use echostr_protocol::Reply;
use echostr_protocol::api::custom_message::SendCustomMessage;
use tokio::time::{Instant, timeout};
use tracing::warn;

use super::{Deadline, JOURNAL_WITHIN};
use crate::journal::{LinkRecord, Record, SentMessage, SentOutcome};
use crate::outbox::{self, Frame, Part};
use crate::progress::Progress;
use crate::send::{NotSent, SENT_WITHIN, Sender, custom_message, journaled, message};

/// How far an answer was sent.
enum Went {
    /// A part of it; there may be more.
    On,
    /// As far as it goes.
    Over,
    /// Not further, because of this.
    Stopped(NotSent),
}

impl Deadline {
    /// Sends all of an answer.
    pub(super) async fn send(&self, progress: &Arc<Progress>) {
        let Some(sender) = self.sender(&progress.account) else {
            return;
        };
        let _cutting = progress.cutting.lock().await;
        // A process that dies now has made the answer: the next one must not run its job again.
        progress.save();
        self.write(vec![Record::Answer(progress.saved())]);
        let mut left = self.left(progress).await;
        loop {
            match self.send_part(&*sender, progress, left).await {
                Went::On => left = left.map(|left| left.saturating_sub(1)),
                Went::Over => return,
                Went::Stopped(why) => {
                    self.metrics.answer("kept");
                    warn!(
                        account.id = progress.account.log_id(),
                        error = &why as &dyn std::error::Error,
                        "an answer could not be sent; the follower can read it by sending 1"
                    );
                    return;
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
            others: 0,
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
                return Went::Stopped(refused(why));
            }
            (None, _) => {
                return Went::Stopped(refused(
                    "such an answer cannot be sent, it can only be a reply",
                ));
            }
            (Some(custom), _) => message(progress.follower(), custom, progress.is_ai()),
        };
        let is_last = link.is_some() || part.bytes.is_none();
        let sending = sender.send(&progress.account, message.clone());
        let sent = timeout(SENT_WITHIN, sending).await.unwrap_or_else(|late| {
            Err(NotSent {
                may_have_arrived: true,
                why: late.into(),
            })
        });
        match sent {
            Ok(()) => {
                self.metrics.answer("sent");
                self.went(progress, part, &message, SentOutcome::Sent, link);
                if is_last { Went::Over } else { Went::On }
            }
            // Not a second time. It counts as read when it was the end; else it stays with what follows.
            Err(why) if why.may_have_arrived && part.bytes.is_none() => {
                self.went(
                    progress,
                    part,
                    &message,
                    SentOutcome::Unsure(why.sentence()),
                    None,
                );
                Went::Stopped(why)
            }
            Err(why) => {
                let outcome = if why.may_have_arrived {
                    SentOutcome::Unsure(why.sentence())
                } else {
                    SentOutcome::Refused(why.sentence())
                };
                self.write(vec![self.sent(progress, &message, outcome)]);
                Went::Stopped(why)
            }
        }
    }

    /// A part was given out: the answer, the link to its rest and the message are written down together.
    fn went(
        &self,
        progress: &Arc<Progress>,
        part: Part,
        message: &SendCustomMessage,
        outcome: SentOutcome,
        link: Option<LinkRecord>,
    ) {
        let reply: Arc<Reply> = Arc::new(part.reply);
        progress.gave(&reply, part.bytes, part.is_so_far);
        let mut records = vec![
            Record::Answer(progress.saved()),
            self.sent(progress, message, outcome),
        ];
        records.extend(link.map(|link| {
            let link = LinkRecord {
                step: progress.step(),
                ..link
            };
            progress.linked(link.clone());
            Record::Link(link)
        }));
        self.write(records);
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
            by: progress.account.bot.clone(),
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
