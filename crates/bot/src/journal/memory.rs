//! [`Journal`] without a disk: what a bot keeps that was given no other.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use echostr_protocol::{Event, Key, MediaId, Message, Reply};
use futures_util::FutureExt as _;

use super::{
    Commit, Content, FollowerRecord, Found, Id, Journal, Link, LinkRecord, Of, Page, PushId,
    Reading, Record, Replied, SavedAnswer, SentOutcome, Shown, Spent, Turn, TurnOutcome,
    Unfinished, by,
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
    turns: Bounded<Id, Turn>,
    // By day, of each follower and of each account.
    follower_spent: Bounded<(Owner, i32), Spent>,
    account_spent: Bounded<(String, i32), Spent>,
}

/// An account and its follower.
type Owner = (String, String);

#[derive(Default)]
struct Follower {
    record: FollowerRecord,
    latest_question_at_ms: i64,
    // The first message that is no event, and its `CreateTime`.
    wrote: Option<(Key, i64)>,
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
            turns: Bounded::new(room),
            follower_spent: Bounded::new(room),
            account_spent: Bounded::new(room),
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

    fn has_written<'a>(&'a self, of: Of<'a>, before: &'a PushId) -> Reading<'a, bool> {
        let memory = self.memory();
        let follower = memory.followers.get(&owner(of));
        let first = follower.and_then(|follower| follower.wrote.as_ref());
        ready(first.is_some_and(|(key, created_at)| {
            *key != before.key && *created_at <= before.created_at
        }))
    }

    fn turns<'a>(&'a self, of: Of<'a>, since_ms: i64, limit: u32) -> Reading<'a, Vec<Turn>> {
        let memory = self.memory();
        let of_follower = memory
            .turns
            .latest_first()
            .filter(|turn| of.account == &*turn.push.account && *of.follower == turn.follower);
        let is_cleared = |turn: &&Turn| turn.outcome == TurnOutcome::Cleared;
        let cleared = of_follower.clone().find(is_cleared);
        // One that was asked before is kept after it when its answer took long.
        let since_ms = cleared.map_or(since_ms, |cleared| since_ms.max(cleared.at_ms));
        let told = of_follower
            .take_while(|turn| !is_cleared(turn))
            .filter(|turn| {
                turn.at_ms >= since_ms
                    && matches!(turn.outcome, TurnOutcome::Answered | TurnOutcome::Broken)
            });
        let mut turns: Vec<_> = told.take(limit as usize).cloned().collect();
        turns.reverse();
        ready(turns)
    }

    fn follower_spent<'a>(&'a self, of: Of<'a>, day: i32) -> Reading<'a, Spent> {
        let memory = self.memory();
        let spent = memory.follower_spent.get(&(owner(of), day));
        ready(spent.copied().unwrap_or_default())
    }

    fn account_spent<'a>(
        &'a self,
        account: &'a str,
        day: i32,
        month: i32,
    ) -> Reading<'a, (Spent, Spent)> {
        let memory = self.memory();
        let on = |day| memory.account_spent.get(&(account.to_owned(), day));
        let mut of_month = Spent::default();
        for spent in (month..=day).filter_map(on) {
            of_month.add(*spent);
        }
        ready((on(day).copied().unwrap_or_default(), of_month))
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
            Record::Turn(turn) => self.keep(turn),
            Record::Feedback {
                account,
                follower,
                turn,
                is_good,
                ..
            } => {
                if let Some(turn) = self.turns.get_mut(&turn)
                    && turn.push.account == account
                    && turn.follower == follower
                {
                    turn.is_good = Some(is_good);
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
                self.turns
                    .retain(|_, turn| !is_gone(&turn.push.account, turn.follower.as_str()));
                self.follower_spent.retain(|(owner, _), _| *owner != gone);
            }
        }
        None
    }
}

impl Memory {
    /// Keeps a turn and counts what it has used; one that is known already was counted.
    fn keep(&mut self, turn: Turn) {
        if self.turns.get(&turn.id).is_some() {
            return;
        }
        let (account, spent) = (turn.push.account.to_string(), Spent::of(&turn));
        let of_account = (account.clone(), turn.day);
        self.account_spent.entry(&of_account).add(spent);
        let of_follower = ((account, turn.follower.to_string()), turn.day);
        self.follower_spent.entry(&of_follower).add(spent);
        self.turns.insert(turn.id, turn);
    }

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
        if message.is_ordinary() && self.wrote.is_none() {
            self.wrote = Some((Key::of(message), message.created_at()));
        }
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

impl Spent {
    /// What a turn has used.
    fn of(turn: &Turn) -> Self {
        let tokens = turn.used.iter().fold(0_u64, |tokens, used| {
            let of_model = used.tokens_in.saturating_add(used.tokens_out);
            tokens.saturating_add(of_model)
        });
        Self {
            messages: turn.outcome.is_counted().into(),
            tokens,
        }
    }

    fn add(&mut self, other: Self) {
        self.messages += other.messages;
        self.tokens = self.tokens.saturating_add(other.tokens);
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

    fn latest_first(&self) -> impl Iterator<Item = &V> + Clone {
        let keys = self.order.values().rev();
        keys.filter_map(|key| self.get(key))
    }

    fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.values().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use echostr_protocol::{Document, OpenId};

    use super::super::{ModelUse, Received};
    use super::*;

    fn message(n: i64, rest: &str) -> Arc<Message> {
        let document = format!(
            "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>{n}</CreateTime>{rest}</xml>"
        );
        let document = Document::parse(document.as_bytes()).expect("a push");
        Arc::new(Message::parse(document))
    }

    fn text(n: i64) -> Arc<Message> {
        message(
            n,
            &format!("<MsgType>text</MsgType><Content>hi</Content><MsgId>{n}</MsgId>"),
        )
    }

    fn follow(n: i64) -> Arc<Message> {
        message(n, "<MsgType>event</MsgType><Event>subscribe</Event>")
    }

    fn received(message: &Arc<Message>) -> Record {
        Record::Received(Received {
            push: PushId::of(&"shop".into(), message),
            message: Arc::clone(message),
            received_at_ms: message.created_at() * 1000,
            replied: None,
        })
    }

    fn turn(n: u8, outcome: TurnOutcome) -> Record {
        Record::Turn(Turn {
            id: n.into(),
            follower: "o1".into(),
            push: PushId::of(&"shop".into(), &text(n.into())),
            question: format!("question {n}"),
            answer: format!("answer {n}"),
            outcome,
            used: vec![ModelUse {
                model: "a".into(),
                calls: 1,
                tokens_in: 10,
                tokens_out: 5,
                is_guessed: false,
                cost_micros: 0,
            }],
            at_ms: i64::from(n) * 1000,
            day: 20_000 + i32::from(n),
            is_good: None,
        })
    }

    fn feedback(follower: &str, turn: Id, is_good: bool) -> Record {
        Record::Feedback {
            account: "shop".into(),
            follower: follower.into(),
            turn,
            is_good,
            at_ms: 0,
        }
    }

    fn get<T>(reading: Reading<'_, T>) -> T {
        reading.now_or_never().expect("ready").expect("read")
    }

    #[test]
    fn who_wrote_before_has_written() {
        let journal = MemoryJournal::default();
        let o1 = OpenId::from("o1");
        let has_written = |message: &Message| {
            let of = Of {
                account: "shop",
                follower: &o1,
            };
            get(journal.has_written(of, &PushId::of(&"shop".into(), message)))
        };
        assert!(!has_written(&text(2)));
        journal.write(vec![received(&follow(1)), received(&text(2))]);
        assert!(!has_written(&text(2)));
        assert!(!has_written(&follow(1)));
        assert!(has_written(&text(3)));
        journal.write(vec![received(&text(3))]);
        assert!(has_written(&text(3)));
        assert!(!has_written(&text(2)));
    }

    #[test]
    fn turns_are_told_since_the_last_one_that_cleared_them() {
        use TurnOutcome::{Answered, Broken, Cleared, Failed};
        let journal = MemoryJournal::default();
        let o1 = OpenId::from("o1");
        let of = Of {
            account: "shop",
            follower: &o1,
        };
        let turns = |since_ms, limit| {
            let turns = get(journal.turns(of, since_ms, limit));
            turns.iter().map(|turn| turn.id).collect::<Vec<_>>()
        };
        journal.write(vec![
            turn(1, Answered),
            turn(2, Cleared),
            turn(3, Answered),
            turn(4, Failed),
            turn(5, Broken),
        ]);
        assert_eq!(turns(0, 10), [3, 5]);
        assert_eq!(turns(0, 1), [5]);
        assert_eq!(turns(5000, 10), [5]);
        // It ran while they were cleared.
        journal.write(vec![
            turn(7, Cleared),
            turn(6, Answered),
            turn(8, Answered),
            turn(9, Broken),
        ]);
        assert_eq!(turns(0, 10), [8, 9]);

        journal.write(vec![feedback("o2", 8, false), feedback("o1", 9, true)]);
        let good = get(journal.turns(of, 0, 10));
        let good: Vec<_> = good.iter().map(|turn| turn.is_good).collect();
        assert_eq!(good, [None, Some(true)]);
    }

    #[test]
    fn what_was_spent_is_counted_once_and_outlives_the_follower() {
        let journal = MemoryJournal::default();
        let o1 = OpenId::from("o1");
        let of = Of {
            account: "shop",
            follower: &o1,
        };
        journal.write(vec![
            turn(1, TurnOutcome::Answered),
            turn(1, TurnOutcome::Answered),
            turn(2, TurnOutcome::Failed),
            turn(3, TurnOutcome::BlockedInput),
        ]);
        let spent = |messages, tokens| Spent { messages, tokens };
        assert_eq!(get(journal.follower_spent(of, 20_001)), spent(1, 15));
        assert_eq!(get(journal.follower_spent(of, 20_003)), spent(0, 15));
        let of_account = (spent(1, 15), spent(2, 30));
        assert_eq!(
            get(journal.account_spent("shop", 20_002, 20_000)),
            of_account
        );
        journal.write(vec![Record::Forget {
            account: "shop".into(),
            follower: "o1".into(),
        }]);
        assert_eq!(get(journal.follower_spent(of, 20_001)), spent(0, 0));
        assert!(get(journal.turns(of, 0, 10)).is_empty());
        assert_eq!(
            get(journal.account_spent("shop", 20_002, 20_000)),
            of_account
        );
    }
}
