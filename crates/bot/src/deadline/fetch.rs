//! Reading on: which answer a tap, a number, `1` or 继续 leads to.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use echostr_protocol::Reply;

use super::begin::read;
use super::{Asked, Deadline, SHOWN_AGAIN_MS, of};
use crate::flight::{CONFIRMED_AFTER, Purpose, Source};
use crate::journal::{Content, Link, Page};
use crate::outbox::Wanted;
use crate::progress::Progress;

/// What a text that may be meant for the outbox is.
pub(super) enum Fetched {
    /// An ordinary text: the bot's.
    Question,
    /// A part of an answer.
    Source(Source),
    /// This.
    Reply(Reply),
}

impl Deadline {
    pub(super) async fn fetched(self: &Arc<Self>, asked: &Asked, wanted: Wanted) -> Fetched {
        let Some(journal) = &self.journal else {
            return Fetched::Question;
        };
        match wanted {
            Wanted::Page(link, or) => {
                let by_id = matches!(link, Link::Id(_));
                // Before the journal: what ends meanwhile is in both.
                let running = self.shared.running(of(asked)).await;
                for link in std::iter::once(link).chain(or) {
                    // One that was shown since the journal is away stands in memory only.
                    if journal.is_away()
                        && let Some(source) = shown(&running, &link)
                    {
                        return Fetched::Source(source);
                    }
                    match read(asked, journal.page(of(asked), &link)).await {
                        Some(Some(page)) => return Self::page(asked, page, running),
                        Some(None) => {}
                        None => {
                            if let Some(source) = shown(&running, &link) {
                                return Fetched::Source(source);
                            }
                        }
                    }
                    // A number that was never given out is an ordinary text.
                    if let Link::Number(number) = link
                        && !by_id
                        && !self.was_drawn(asked, number).await
                    {
                        return Fetched::Question;
                    }
                }
                // What is left is better than nothing while the journal is away.
                if journal.is_away()
                    && let Some(source) = self.next_unread(asked).await
                {
                    return Fetched::Source(source);
                }
                Fetched::Reply(Reply::from(&*asked.account.texts.expired))
            }
            Wanted::One | Wanted::More => {
                if let Some(source) = self.next_unread(asked).await {
                    return Fetched::Source(source);
                }
                if wanted == Wanted::More
                    && let Some(text) = self.unconfirmed(asked).await
                {
                    return Fetched::Reply(Reply::Text(text));
                }
                Fetched::Question
            }
        }
    }

    fn page(asked: &Asked, page: Page, running: Vec<Arc<Progress>>) -> Fetched {
        let texts = &asked.account.texts;
        if page.answer.expires_at_ms <= asked.arrived_at_ms {
            return Fetched::Reply(Reply::from(&*texts.expired));
        }
        if let Some(fixed) = page.fixed {
            return Fetched::Reply(fixed);
        }
        let running = running
            .into_iter()
            .find(|progress| progress.id() == page.answer.id);
        let progress = match running {
            Some(progress) => {
                if page.answer.is_overtaken {
                    progress.overtake();
                }
                progress
            }
            None => match page.answer.content {
                Content::Text { .. } | Content::Other(_) => {
                    Arc::new(Progress::new(Arc::clone(&asked.account), page.answer))
                }
                // Or its job was lost with its process, and it was too late to run it again.
                Content::Running | Content::Failed => {
                    let fallback = &*asked.account.fallback;
                    return Fetched::Reply(Reply::from(if fallback.is_empty() {
                        &*texts.failed
                    } else {
                        fallback
                    }));
                }
                // The bot chose to say nothing.
                Content::Read if page.answer.step == 0 => return Fetched::Reply(Reply::Silence),
                Content::Read => return Fetched::Reply(Reply::from(&*texts.end)),
            },
        };
        Fetched::Source(Source {
            step: page.link.step,
            progress,
            purpose: Purpose::Link(Box::new(page.link)),
        })
    }

    async fn was_drawn(&self, asked: &Asked, number: u64) -> bool {
        let Some(journal) = &self.journal else {
            return false;
        };
        let follower = read(asked, journal.follower(of(asked))).await.flatten();
        follower.is_some_and(|follower| (1..=follower.last_number).contains(&number))
    }

    /// The oldest answer that the follower has not read to the end.
    async fn next_unread(&self, asked: &Asked) -> Option<Source> {
        let journal = self.journal.as_ref()?;
        let running = self.shared.running(of(asked)).await;
        let saved = read(asked, journal.unread(of(asked), asked.arrived_at_ms)).await;
        let saved = saved.unwrap_or_default();
        for progress in &running {
            let mut known = saved.iter().filter(|answer| answer.id == progress.id());
            if known.any(|answer| answer.is_overtaken) {
                progress.overtake();
            }
        }
        let saved = saved
            .into_iter()
            // What died with its process is not running.
            .filter(|answer| answer.content != Content::Running)
            .filter(|answer| running.iter().all(|progress| progress.id() != answer.id))
            .map(|answer| Arc::new(Progress::new(Arc::clone(&asked.account), answer)));
        let mut unread: Vec<_> = saved
            .chain(running.iter().cloned())
            .filter(|progress| progress.is_unread())
            .collect();
        unread.sort_by_key(|progress| progress.asked_at_ms());
        let progress = Arc::clone(unread.first()?);
        // Who has a page for an answer is not told that it waits.
        let others = unread[1..].iter().filter(|progress| !progress.has_page());
        Some(Source {
            step: progress.step(),
            progress,
            purpose: Purpose::Typed {
                others: others.count(),
            },
        })
    }

    /// The latest text, when it may not have reached the follower.
    async fn unconfirmed(&self, asked: &Asked) -> Option<String> {
        let journal = self.journal.as_ref()?;
        let since_ms = asked.arrived_at_ms - SHOWN_AGAIN_MS;
        let shown = read(asked, journal.latest_text(of(asked), since_ms)).await??;
        let scope = asked.account.scope(&asked.message);
        let flight = self.shared.find(&scope, &shown.key).await;
        let is_unconfirmed = if let Some(flight) = flight {
            flight.is_unconfirmed()
        } else {
            // It was written by a process that may have died before it was confirmed.
            let written_at_ms = shown.replied_at * 1000;
            let confirmed_after_ms = i64::try_from(CONFIRMED_AFTER.as_millis()).unwrap_or(0);
            let began_at_ms = self.began_at_ms.load(Ordering::Relaxed);
            (written_at_ms..written_at_ms + confirmed_after_ms).contains(&began_at_ms)
        };
        is_unconfirmed.then_some(shown.text)
    }
}

/// What this link leads to, if it was shown by this process and its answer is still in memory.
fn shown(running: &[Arc<Progress>], link: &Link) -> Option<Source> {
    running.iter().find_map(|progress| {
        let link = progress.link(link)?;
        Some(Source {
            step: link.step,
            progress: Arc::clone(progress),
            purpose: Purpose::Link(Box::new(link)),
        })
    })
}
