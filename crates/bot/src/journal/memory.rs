//! [`Journal`] without a disk: what a bot keeps that was given no other.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use echostr_protocol::{Event, MediaId, Message, Reply};
use futures_util::FutureExt as _;

use super::{
    Commit, Content, FollowerRecord, Found, Id, Journal, Link, LinkRecord, Of, Page, PushId,
    Reading, Record, Replied, SavedAnswer, SentOutcome, Shown, Unfinished, by,
};
use crate::{Interactions, Trigger};

/// A journal in memory. It ends with the process, and knows the latest followers, sessions and answers only.
pub struct MemoryJournal(Mutex<Memory>);

struct Memory {
    followers: Bounded<Owner, Follower>,
    sessions: Bounded<(Owner, String), String>,
    answers: Bounded<Id, SavedAnswer>,
    links: Bounded<Id, (LinkRecord, Option<Reply>)>,
    // Answer and expiry, by the hash of the page's id.
    pages: Bounded<[u8; 32], (Id, i64)>,
    // Id and expiry, by account and hash.
    uploads: Bounded<(String, [u8; 32]), (MediaId, i64)>,
}

/// An account and its follower.
type Owner = (String, String);

#[derive(Default)]
struct Follower {
    record: FollowerRecord,
    latest_question_at_ms: i64,
    shown: Option<Shown>,
    interactions: Interactions,
}

/// How much is known of what happened with one follower.
const MAX_INTERACTIONS: usize = 50;

impl Default for MemoryJournal {
    fn default() -> Self {
        Self::new(10_000)
    }
}

impl MemoryJournal {
    /// Knows up to `room` followers, sessions and answers; the oldest are forgotten first.
    pub fn new(room: usize) -> Self {
        Self(Mutex::new(Memory {
            followers: Bounded::new(room),
            sessions: Bounded::new(room),
            answers: Bounded::new(room),
            links: Bounded::new(room),
            pages: Bounded::new(room),
            uploads: Bounded::new(room),
        }))
    }

    /// The answer that can be read on a page, by the page's [hash](super::page_hash); nothing when it has expired by `now_ms`.
    pub fn live_page(&self, hash: &[u8; 32], now_ms: i64) -> Option<SavedAnswer> {
        let memory = self.memory();
        let (answer, expires_at_ms) = memory.pages.get(hash)?;
        let answer = memory.answers.get(answer)?;
        (*expires_at_ms > now_ms).then(|| answer.clone())
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for MemoryJournal {
    fn write(&self, records: Vec<Record>) -> Commit {
        let mut memory = self.memory();
        let mut commit = Commit::done();
        for record in records {
            if let Some(instead) = memory.take(record) {
                commit = instead;
            }
        }
        commit
    }

    fn find<'a>(&'a self, push: &'a PushId) -> Reading<'a, Option<Found>> {
        let memory = self.memory();
        let mut answers = memory.answers.values();
        let answer = answers.find(|answer| {
            answer.push.account == push.account
                && answer.push.key == push.key
                && answer.push.created_at == push.created_at
        });
        let found = answer.map(|answer| Found {
            received_at_ms: answer.asked_at_ms,
            reply: None,
            answer: Some(answer.clone()),
        });
        ready(found)
    }

    fn page<'a>(&'a self, of: Of<'a>, link: &'a Link) -> Reading<'a, Option<Page>> {
        let memory = self.memory();
        let is_meant = |known: &LinkRecord| match link {
            Link::Id(id) => known.id == *id,
            // 0 is none.
            Link::Number(number) => *number > 0 && known.number == *number,
        };
        let mut links = memory.links.values();
        let link = links.find(|(known, _)| owns(of, known) && is_meant(known));
        let page = link.and_then(|(link, _)| {
            Some(Page {
                link: link.clone(),
                fixed: memory.fixed(link.answer, link.step).cloned(),
                answer: memory.overtaken(memory.answers.get(&link.answer)?),
            })
        });
        ready(page)
    }

    fn unread<'a>(&'a self, of: Of<'a>, now_ms: i64) -> Reading<'a, Vec<SavedAnswer>> {
        let memory = self.memory();
        let answers = memory.answers.values().filter(|answer| {
            of.account == &*answer.push.account
                && *of.follower == answer.follower
                && answer.expires_at_ms > now_ms
                && !matches!(answer.content, Content::Read | Content::Failed)
        });
        let mut answers: Vec<_> = answers.map(|answer| memory.overtaken(answer)).collect();
        answers.sort_by_key(|answer| answer.asked_at_ms);
        answers.truncate(100);
        ready(answers)
    }

    fn latest_text<'a>(&'a self, of: Of<'a>, since_ms: i64) -> Reading<'a, Option<Shown>> {
        let memory = self.memory();
        let follower = memory.followers.get(&owner(of));
        let shown = follower.and_then(|follower| follower.shown.as_ref());
        ready(
            shown
                .filter(|shown| shown.replied_at * 1000 >= since_ms)
                .cloned(),
        )
    }

    fn next_number<'a>(&'a self, of: Of<'a>) -> Reading<'a, u64> {
        let mut memory = self.memory();
        let follower = memory.followers.entry(&owner(of));
        follower.record.last_number += 1;
        ready(follower.record.last_number)
    }

    fn take_up(&self, _: i64) -> Reading<'_, Vec<Unfinished>> {
        ready(Vec::new())
    }

    fn follower<'a>(&'a self, of: Of<'a>) -> Reading<'a, Option<FollowerRecord>> {
        let memory = self.memory();
        let follower = memory.followers.get(&owner(of));
        ready(follower.map(|follower| follower.record.clone()))
    }

    fn interactions<'a>(&'a self, of: Of<'a>, since_ms: i64) -> Reading<'a, Interactions> {
        let memory = self.memory();
        let follower = memory.followers.get(&owner(of));
        let mut happened =
            follower.map_or_else(Interactions::default, |it| it.interactions.clone());
        happened.done.retain(|(_, at_ms)| *at_ms >= since_ms);
        happened.sent_at_ms.retain(|at_ms| *at_ms >= since_ms);
        ready(happened)
    }

    fn uploaded<'a>(
        &'a self,
        account: &'a str,
        hash: &'a [u8; 32],
        now_ms: i64,
    ) -> Reading<'a, Option<MediaId>> {
        let memory = self.memory();
        let upload = memory.uploads.get(&(account.to_owned(), *hash));
        let usable = upload.filter(|(_, expires_at_ms)| *expires_at_ms > now_ms);
        ready(usable.map(|(media_id, _)| media_id.clone()))
    }

    fn session<'a>(&'a self, of: Of<'a>, name: &'a str) -> Reading<'a, Option<String>> {
        let memory = self.memory();
        ready(memory.sessions.get(&(owner(of), name.to_owned())).cloned())
    }
}

impl Memory {
    /// Takes one record down; what stood there already.
    fn take(&mut self, record: Record) -> Option<Commit> {
        match record {
            Record::Received(received) => {
                let follower = (
                    received.push.account.to_string(),
                    received.message.from_user().to_string(),
                );
                let follower = self.followers.entry(&follower);
                follower.see(&received.message, received.received_at_ms);
                let by = received.replied.as_ref().map(|replied| &*replied.by);
                if received.message.is_ordinary() && by != Some(by::OUTBOX) {
                    follower.latest_question_at_ms = received.received_at_ms;
                }
                if let Some(replied) = received.replied {
                    follower.read(&received.push, &replied);
                }
            }
            Record::Replied(push, follower, replied) => {
                let follower = (push.account.to_string(), follower.to_string());
                self.followers.entry(&follower).read(&push, &replied);
            }
            Record::Delivery(..) => {}
            Record::Answer(answer) => {
                // A part that was given out is not taken back.
                let known = self.answers.get(&answer.id);
                if known.is_none_or(|known| known.step <= answer.step) {
                    let written = known.and_then(|known| known.written.clone());
                    let answer = SavedAnswer {
                        written: answer.written.or(written),
                        ..answer
                    };
                    self.answers.insert(answer.id, answer);
                }
            }
            Record::Link(link) => self.links.insert(link.id, (link, None)),
            Record::Page(page) => {
                if let Some(fixed) = self.fixed(page.answer, page.step) {
                    return Some(Commit::instead(fixed.clone(), page.replied_at));
                }
                let (_, fixed) = self.links.get_mut(&page.link)?;
                *fixed = Some((*page.reply).clone());
                if let Some(answer) = self.answers.get_mut(&page.answer)
                    && answer.step == page.step
                {
                    answer.step += 1;
                    answer.content = page.content;
                }
            }
            Record::LivePage {
                hash,
                answer,
                expires_at_ms,
                ..
            } => {
                if self.answers.get(&answer).is_some() && self.pages.get(&hash).is_none() {
                    self.pages.insert(hash, (answer, expires_at_ms));
                }
            }
            Record::Sent(sent) => {
                if !matches!(sent.outcome, SentOutcome::Refused(_)) {
                    let follower = (sent.account.to_string(), sent.follower.to_string());
                    let happened = &mut self.followers.entry(&follower).interactions;
                    keep_latest(&mut happened.sent_at_ms, sent.sent_at_ms);
                }
            }
            Record::Uploaded {
                account,
                hash,
                media_id,
                expires_at_ms,
            } => {
                let key = (account.to_string(), hash);
                self.uploads.insert(key, (media_id, expires_at_ms));
            }
            Record::Session {
                account,
                follower,
                name,
                value,
                ..
            } => {
                let name = ((account.to_string(), follower.to_string()), name);
                match value {
                    Some(value) => self.sessions.insert(name, value),
                    None => self.sessions.remove(&name),
                }
            }
            Record::Forget { account, follower } => {
                let gone: Owner = (account.to_string(), follower.to_string());
                let is_gone =
                    |account: &str, follower: &str| *account == gone.0 && *follower == gone.1;
                self.followers.remove(&gone);
                self.sessions.retain(|(owner, _), _| *owner != gone);
                self.answers
                    .retain(|_, answer| !is_gone(&answer.push.account, answer.follower.as_str()));
                let Self { answers, pages, .. } = self;
                pages.retain(|_, (answer, _)| answers.get(answer).is_some());
                self.links
                    .retain(|_, (link, _)| !is_gone(&link.account, link.follower.as_str()));
            }
        }
        None
    }
}

impl Memory {
    /// The page that was fixed for a link to this part of an answer.
    fn fixed(&self, answer: Id, step: u32) -> Option<&Reply> {
        let mut links = self.links.values();
        links.find_map(|(link, fixed)| {
            let is_meant = link.answer == answer && link.step == step;
            fixed.as_ref().filter(|_| is_meant)
        })
    }

    /// The answer, which tells whether another question was asked since.
    fn overtaken(&self, answer: &SavedAnswer) -> SavedAnswer {
        let owner = (answer.push.account.to_string(), answer.follower.to_string());
        let follower = self.followers.get(&owner);
        SavedAnswer {
            is_overtaken: follower
                .is_some_and(|follower| follower.latest_question_at_ms > answer.asked_at_ms),
            ..answer.clone()
        }
    }
}

impl Follower {
    fn see(&mut self, message: &Message, at_ms: i64) {
        let record = &mut self.record;
        if record.first_seen_at_ms == 0 {
            record.first_seen_at_ms = at_ms;
        }
        record.last_seen_at_ms = at_ms;
        if let Some(trigger) = Trigger::of(message) {
            keep_latest(&mut self.interactions.done, (trigger, at_ms));
        }
        match message {
            Message::Event(Event::Subscribe(subscribe)) => {
                record.followed_at_ms = Some(at_ms);
                record.unfollowed_at_ms = None;
                record.source = subscribe.scene.as_deref().map(str::to_owned);
            }
            Message::Event(Event::Unsubscribe(_)) => record.unfollowed_at_ms = Some(at_ms),
            _ => {}
        }
    }

    fn read(&mut self, push: &PushId, replied: &Replied) {
        if let Reply::Text(text) = &*replied.reply {
            self.shown = Some(Shown {
                key: push.key.clone(),
                created_at: push.created_at,
                text: text.clone(),
                replied_at: replied.replied_at,
            });
        }
    }
}

fn keep_latest<T>(all: &mut Vec<T>, latest: T) {
    if all.len() == MAX_INTERACTIONS {
        all.remove(0);
    }
    all.push(latest);
}

fn ready<'a, T: Send + 'a>(value: T) -> Reading<'a, T> {
    std::future::ready(Ok(value)).boxed()
}

fn owner(of: Of<'_>) -> Owner {
    (of.account.to_owned(), of.follower.to_string())
}

fn owns(of: Of<'_>, link: &LinkRecord) -> bool {
    of.account == &*link.account && *of.follower == link.follower
}

/// A map that forgets what came first when it is full.
struct Bounded<K, V> {
    room: usize,
    entries: HashMap<K, (u64, V)>,
    order: BTreeMap<u64, K>,
    next: u64,
}

impl<K: Clone + Eq + Hash, V> Bounded<K, V> {
    fn new(room: usize) -> Self {
        Self {
            room,
            entries: HashMap::new(),
            order: BTreeMap::new(),
            next: 0,
        }
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|(_, value)| value)
    }

    fn entry(&mut self, key: &K) -> &mut V
    where
        V: Default,
    {
        if !self.entries.contains_key(key) {
            self.insert(key.clone(), V::default());
        }
        self.get_mut(key).expect("it was inserted just now")
    }

    fn insert(&mut self, key: K, value: V) {
        if let Some(known) = self.get_mut(&key) {
            *known = value;
            return;
        }
        if self.entries.len() >= self.room
            && let Some((_, first)) = self.order.pop_first()
        {
            self.entries.remove(&first);
        }
        self.order.insert(self.next, key.clone());
        self.entries.insert(key, (self.next, value));
        self.next += 1;
    }

    fn remove(&mut self, key: &K) {
        if let Some((place, _)) = self.entries.remove(key) {
            self.order.remove(&place);
        }
    }

    fn retain(&mut self, mut is_kept: impl FnMut(&K, &V) -> bool) {
        let gone: Vec<K> = self
            .entries
            .iter()
            .filter(|(key, (_, value))| !is_kept(key, value))
            .map(|(key, _)| key.clone())
            .collect();
        for key in gone {
            self.remove(&key);
        }
    }

    fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.values().map(|(_, value)| value)
    }
}
