//! Giving out: fixes what every delivery of a push gets, in memory and in the journal at once.

use std::sync::Arc;
use std::time::Duration;

use echostr_protocol::{Reply, Str};
use tokio::time::{Instant, timeout_at};

use super::begin::forgotten;
use super::follow::take_following;
use super::{Deadline, How, Waiting, millis, reply_record};
use crate::Strategy;
use crate::flight::{Body, Purpose, Source};
use crate::journal::{Commit, Content, LinkRecord, PageRecord, Record, Replied, by, page_hash};
use crate::outbox::{self, Frame, Part};
use crate::progress::{Next, Progress};

/// A number is drawn until so long after the time within which a delivery is answered, so that its commit has time too.
const NUMBER_OVERTIME: Duration = Duration::from_millis(100);

impl Deadline {
    /// Fixes what every delivery of this push gets: the next part of its answer. `false` when somebody else is giving out a
    /// part of the answer for so long that this delivery cannot be answered in time.
    pub(super) async fn fix(
        self: &Arc<Self>,
        delivery: &Waiting<'_>,
        source: &Source,
        how: How,
    ) -> bool {
        let Waiting { asked, flight, .. } = *delivery;
        let progress = &source.progress;
        let until = delivery.journal_until(NUMBER_OVERTIME);
        let Ok(_cutting) = timeout_at(until, progress.cutting.lock()).await else {
            return false;
        };
        if flight.body().is_some() {
            return true;
        }
        if progress.step() != source.step {
            // Given out to another push meanwhile. A link leads to the same page again.
            let again = match &source.purpose {
                Purpose::Link(_) => progress.page(source.step),
                Purpose::Own | Purpose::Typed { .. } => None,
            };
            let reply = again.unwrap_or_else(|| Arc::new(Reply::Silence));
            self.fix_with(delivery, source, reply, Vec::new());
            return true;
        }
        let next = progress.next();
        if let (Next::Nothing, Purpose::Link(_)) = (&next, &source.purpose) {
            // It promised more, but the text ended there, or never began.
            let texts = &asked.account.texts;
            let end = outbox::text(match progress.step() {
                _ if progress.is_failed() => &texts.failed,
                // The bot chose to say nothing.
                0 => "",
                _ => &texts.end,
            });
            self.fix_with(delivery, source, end, Vec::new());
            return true;
        }
        let texts = &asked.account.texts;
        if self.journal.is_none() {
            let reply = match next {
                Next::Text(text) => Reply::Text(progress.footer(false).under(text)).detached(),
                Next::Other(reply) => reply,
                Next::SoFar(..) => Reply::from(&*asked.account.fallback),
                Next::Nothing => Reply::Silence,
            };
            self.fix_with(delivery, source, Arc::new(reply), Vec::new());
            return true;
        }
        match how {
            How::Later if !progress.is_finished() => {
                progress.send_later();
                progress.save();
                let records = vec![Record::Answer(progress.saved())];
                self.fix_with(delivery, source, Arc::new(Reply::Silence), records);
                return true;
            }
            How::Page if !progress.is_finished() => {
                if let Some((url, page)) = self.page_of(progress) {
                    let link = outbox::link_to(&url, &texts.wait_label);
                    let text = outbox::text(&format!("{}\n\n{link}", texts.wait));
                    progress.save();
                    let records = vec![Record::Answer(progress.saved()), page];
                    self.fix_with(delivery, source, text, records);
                    return true;
                }
            }
            How::Part | How::Later | How::Page => {}
        }
        let is_question_named = progress.is_overtaken() && !matches!(source.purpose, Purpose::Own);
        let mut frame = Frame {
            texts,
            question: is_question_named.then(|| progress.question()),
            others: match source.purpose {
                Purpose::Typed { others } => others,
                Purpose::Own | Purpose::Link(_) => progress.n_waiting(),
            },
            footer: progress.footer(false),
            more: None,
            wait: String::new(),
        };
        let (mut link, mut page) = (None, None);
        let needs_link = frame.needs_link(&next);
        let is_tap = matches!(source.purpose, Purpose::Link(_));
        if needs_link && !is_tap && self.strategy(&asked.account) == Strategy::Link {
            // One link for everything: all of it stands there.
            page = self.page_of(progress).map(|(url, page)| {
                frame.more = Some(outbox::link_to(&url, &texts.more_label));
                page
            });
        }
        if needs_link && page.is_none() {
            let drawn = self.draw(progress, source.step, until).await;
            let language = asked.account.language;
            frame.more = Some(outbox::link(&drawn, &texts.more_label, language));
            frame.wait = format!(
                "{}\n\n{}",
                texts.wait,
                outbox::link(&drawn, &texts.wait_label, language)
            );
            link = Some(drawn);
        }
        let part = frame.part(next);
        self.give(delivery, source, part, link, page);
        true
    }

    /// The address of the answer's page, and what has to be written so that it leads there.
    fn page_of(&self, progress: &Arc<Progress>) -> Option<(String, Record)> {
        let pages = self.pages.as_ref()?;
        let page = progress.live_page();
        let created_at_ms = self.clock.unix_ms();
        let kept_ms = i64::try_from(pages.kept().as_millis()).unwrap_or(i64::MAX);
        let record = Record::LivePage {
            hash: page_hash(page),
            answer: progress.id(),
            created_at_ms,
            expires_at_ms: created_at_ms.saturating_add(kept_ms),
        };
        Some((pages.url(page), record))
    }

    /// A new link to what follows, or to the same part when nothing of it is shown.
    pub(super) async fn draw(&self, progress: &Progress, step: u32, until: Instant) -> LinkRecord {
        let number = match &self.journal {
            Some(journal) if !journal.is_away() => {
                let drawn = timeout_at(until, journal.next_number(progress.of())).await;
                // Without a number the id must do.
                drawn.ok().and_then(Result::ok).unwrap_or_default()
            }
            _ => 0,
        };
        LinkRecord {
            id: rand::random(),
            account: progress.push().account.clone(),
            follower: progress.follower().clone(),
            number,
            answer: progress.id(),
            step,
        }
    }

    /// Gives out `part`: in memory, in the journal, to every delivery of this push. Nothing here waits.
    fn give(
        self: &Arc<Self>,
        delivery: &Waiting<'_>,
        source: &Source,
        part: Part,
        link: Option<LinkRecord>,
        page: Option<Record>,
    ) {
        let progress = &source.progress;
        let reply = Arc::new(part.reply);
        let mut records = Vec::new();
        let step_before = progress.step();
        if part.is_some {
            progress.gave(&reply, part.bytes, part.is_so_far);
        }
        let saved = progress.saved();
        let is_over = saved.content == Content::Read;
        let page_of = |link| {
            Record::Page(PageRecord {
                link,
                answer: progress.id(),
                reply: Arc::clone(&reply),
                replied_at: self.clock.unix_secs(),
                step: step_before,
                content: saved.content.clone(),
            })
        };
        if let (Purpose::Link(tapped), true) = (&source.purpose, part.is_some) {
            records.push(page_of(tapped.id));
        } else if !is_over || progress.was_saved() || link.is_some() || page.is_some() {
            records.push(Record::Answer(saved.clone()));
            progress.save();
            // Links to this part, which were shown before somebody typed `1`, go on leading to it: by one that nobody sees.
            if matches!(source.purpose, Purpose::Typed { .. }) && part.is_some {
                let unseen = LinkRecord {
                    id: rand::random(),
                    account: delivery.asked.account.id.clone(),
                    follower: delivery.asked.message.from_user().clone(),
                    number: 0,
                    answer: progress.id(),
                    step: step_before,
                };
                let page = page_of(unseen.id);
                records.extend([Record::Link(unseen), page]);
            }
        }
        records.extend(link.map(|link| {
            let link = LinkRecord {
                step: progress.step(),
                ..link
            };
            progress.linked(link.clone());
            Record::Link(link)
        }));
        records.extend(page);
        self.fix_with(delivery, source, reply, records);
    }

    /// Fixes the body with `records` in one transaction.
    fn fix_with(
        self: &Arc<Self>,
        delivery: &Waiting<'_>,
        source: &Source,
        reply: Arc<Reply>,
        mut records: Vec<Record>,
    ) {
        let Waiting {
            asked,
            flight,
            number,
            ..
        } = *delivery;
        let is_own = matches!(source.purpose, Purpose::Own);
        let replied_at = self.clock.unix_secs();
        let by: Str = match (is_own, source.progress.is_finished()) {
            (false, _) => by::OUTBOX.into(),
            (true, false) => by::DEADLINE.into(),
            (true, true) if source.progress.is_failed() => by::FALLBACK.into(),
            (true, true) => source.progress.by(),
        };
        self.metrics.answer(match (is_own, number) {
            (false, _) => "outbox",
            (true, 1) => "1",
            (true, 2) => "2",
            (true, _) => "3",
        });
        let page_until = records.iter().find_map(|record| match record {
            Record::LivePage { expires_at_ms, .. } => Some(*expires_at_ms),
            _ => None,
        });
        let commit = if self.journal.is_some() {
            let arrived_at = flight.first_arrival().unwrap_or(asked.arrived_at);
            let replied = Replied {
                reply: Arc::clone(&reply),
                replied_at,
                by,
                delivery: number,
                latency_ms: millis(arrived_at.elapsed()),
            };
            // First, so that what stood there already counts.
            records.insert(0, reply_record(flight, asked, replied));
            if is_own {
                records.extend(forgotten(asked));
            }
            let (others, following) = if is_own && source.progress.is_finished() {
                take_following(&source.progress)
            } else {
                Default::default()
            };
            records.extend(others);
            let commit = self.write(records);
            let by = source.progress.by();
            self.send_following(&asked.account, &by, following, commit.clone());
            commit
        } else {
            Commit::done()
        };
        if let Some(expires_at_ms) = page_until
            && source.progress.has_text()
        {
            self.live.give(&source.progress, expires_at_ms, &commit);
        }
        flight.fix(Body {
            reply,
            replied_at,
            commit,
        });
    }
}
