//! Several replies to one push: the first answers it, the others follow as messages, or wait in the outbox.

use std::sync::Arc;
use std::time::Duration;

use echostr_client::{Capability, May};
use echostr_protocol::{OpenId, Reply, Str};
use tokio::time::{Instant, sleep};

use super::kept::KeptAnswer;
use super::send::Went;
use super::{Asked, Deadline, JOURNAL_WITHIN};
use crate::journal::{Commit, Content, Id, Record, SavedAnswer};
use crate::outbox;
use crate::progress::Progress;
use crate::{Account, Strategy};

/// So long after the reply was fixed a message comes after it, also at the follower's.
pub(super) const AFTER_THE_REPLY: Duration = Duration::from_millis(500);

impl Deadline {
    /// The first reply and the others, without empty ones. Who has to fetch the others must be told of them, which only a text
    /// can do: then the first text leads.
    pub(super) fn first_of(
        &self,
        mut replies: Vec<Reply>,
        account: &Account,
    ) -> (Reply, Vec<Reply>) {
        replies.retain(|reply| match reply {
            Reply::Text(text) => !text.trim().is_empty(),
            Reply::Silence => false,
            _ => true,
        });
        if replies.is_empty() {
            return (Reply::Silence, replies);
        }
        let is_text = |reply: &Reply| matches!(reply, Reply::Text(_));
        let leading = if self.sends_following(account) {
            0
        } else {
            replies.iter().position(is_text).unwrap_or_default()
        };
        let first = replies.remove(leading);
        (first, replies)
    }

    /// The replies after the first, each as an answer of its own. A job that runs again after a crash makes the same ones.
    pub(super) fn following(&self, asked: &Asked, replies: Vec<Reply>) -> Vec<SavedAnswer> {
        let mine = self.progress(asked, None).saved();
        let places = 1i64..;
        places
            .zip(replies)
            .map(|(place, reply)| SavedAnswer {
                id: id_of(asked, place),
                follower: OpenId::from(asked.message.from_user().as_str()),
                // One after the other.
                asked_at_ms: mine.asked_at_ms + place,
                content: match reply.detached() {
                    Reply::Text(text) => Content::Text {
                        text,
                        shown_bytes: 0,
                    },
                    other => Content::Other(other),
                },
                ..mine.clone()
            })
            .collect()
    }

    /// Whether they are sent; else they are fetched.
    pub(super) fn sends_following(&self, account: &Account) -> bool {
        let is_allowed = || account.able.may(Capability::CustomMessage) == May::Yes;
        self.can_send(account) && (account.delivery == Strategy::Send || is_allowed())
    }

    /// Sends what comes after a reply, once that is durable. What is not sent stays in the outbox, with all that comes after it.
    pub(super) fn send_following(
        self: &Arc<Self>,
        account: &Arc<Account>,
        by: &Str,
        following: Vec<SavedAnswer>,
        commit: Commit,
    ) {
        if following.is_empty() || !self.sends_following(account) {
            return;
        }
        let Ok(place) = Arc::clone(&self.following).try_acquire_owned() else {
            return;
        };
        let n_following = following.len();
        let following = following.into_iter().enumerate();
        let following: Vec<_> = following
            .map(|(place, answer)| {
                let progress = Progress::new(Arc::clone(account), answer);
                progress.made_by(by.clone());
                progress.precede(n_following - place - 1);
                Arc::new(progress)
            })
            .collect();
        // Who asks for them meanwhile gets these, not what the journal has.
        for progress in &following {
            self.shared.began(progress);
        }
        let deadline = Arc::clone(self);
        tokio::spawn(async move {
            deadline
                .written(&commit, Instant::now() + JOURNAL_WITHIN)
                .await;
            sleep(AFTER_THE_REPLY).await;
            let mut sent = following.iter();
            let mut went = Went::Over;
            for progress in sent.by_ref() {
                went = deadline.send(progress).await;
                if went != Went::Over {
                    break;
                }
            }
            if went == Went::Kept {
                // With the one before them, in their order.
                for progress in sent {
                    deadline.kept.keep(progress.of(), KeptAnswer::of(progress));
                }
            }
            for progress in &following {
                deadline.shared.ended(progress);
            }
            drop(place);
        });
    }
}

/// What comes after this answer, and what has to be written of it together with the reply.
pub(super) fn take_following(progress: &Progress) -> (Vec<Record>, Vec<SavedAnswer>) {
    let following = progress.take_following();
    let records = following.iter().cloned().map(Record::Answer).collect();
    (records, following)
}

/// The first reply, which says how many others wait if it is a text.
pub(super) fn told_of_others(first: Reply, account: &Account, n_others: usize) -> Reply {
    match first {
        Reply::Text(text) if n_others > 0 => {
            Reply::Text(outbox::with_unread(&text, &account.texts, n_others))
        }
        other => other,
    }
}

fn id_of(asked: &Asked, place: i64) -> Id {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let of = [
        &*asked.push.account,
        asked.push.key.as_str(),
        asked.message.from_user().as_str(),
    ];
    for part in of {
        context.update(&part.len().to_le_bytes());
        context.update(part.as_bytes());
    }
    context.update(&asked.push.created_at.to_le_bytes());
    context.update(&place.to_le_bytes());
    let digest = context.finish();
    let first = digest.as_ref().first_chunk().copied().unwrap_or_default();
    Id::from_be_bytes(first)
}
