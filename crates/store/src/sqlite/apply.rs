//! One record after the other into the database, within the writer's transaction.

mod platform;
mod turns;

use echostr::journal::{
    Delivery, Id, LinkRecord, PageRecord, PushId, Received, Record, Replied, SavedAnswer,
    Unfinished, by,
};
use echostr_protocol::{Event, Message, MsgId, OpenId, Reply, Str};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, params};

use super::index;
use crate::journal::known::{
    Follower, Known, Latest, MAX_RUNS, SEEN_EVERY_MS, is_question, not_0, stand_in_source,
};
use crate::journal::unfinished::{UnfinishedRow, unfinished_row};
use crate::journal::{Deleted, Fault, Op, OpAnswer};
use crate::value::{ContentColumns, bytes, json, markup_of, now_ms, reply, signed, unsigned};

type Result<T> = std::result::Result<T, Fault>;

/// Candidates first, or else every message is looked at.
const UNFINISHED: &str =
    "SELECT m.id, account.public_id, m.source, m.received_at_ms, m.reply IS NOT NULL,
            f.open_id, a.id, a.question, a.asked_at_ms, a.expires_at_ms, a.step, coalesce(l.question_id, 0) > m.id,
            a.markup IS NOT NULL
     FROM (
         SELECT id FROM messages WHERE reply IS NULL AND received_at_ms >= ?1
         UNION
         SELECT message_id FROM answers WHERE state = 'running'
     ) AS candidate
     CROSS JOIN messages m ON m.id = candidate.id
     JOIN accounts account ON account.id = m.account_id
     LEFT JOIN followers f ON f.id = m.follower_id
     LEFT JOIN latest l ON l.follower_id = m.follower_id
     LEFT JOIN answers a ON a.message_id = m.id
     WHERE m.received_at_ms >= ?1 AND m.runs < ?2 AND m.id <= ?3 AND (a.id IS NULL OR a.state = 'running')
     ORDER BY m.id";

/// Those that are too old, or have cost two processes their life.
const GIVE_UP: &str = "UPDATE answers SET state = 'failed' WHERE state = 'running' AND message_id <= ?3
    AND EXISTS (SELECT 1 FROM messages m WHERE m.id = answers.message_id AND (m.received_at_ms < ?1 OR m.runs >= ?2))
    AND message_id NOT IN (SELECT value FROM json_each(?4))";

/// What came of a call when something stood there already: a reply and its `CreateTime`.
type Instead = Option<(Reply, i64)>;

/// What the writer remembers, and of which state of the file.
#[derive(Default)]
pub(crate) struct Cache {
    known: Known,
    data_version: i64,
}

impl Cache {
    pub(crate) fn clear(&mut self) {
        self.known.clear();
        self.data_version = 0;
    }
}

/// A transaction that is under way.
pub(crate) struct Transaction<'a> {
    connection: &'a Connection,
    known: &'a mut Known,
    /// Pushes with ids above this were received by this process.
    first_id: i64,
}

impl<'a> Transaction<'a> {
    /// Begins. The lock is taken at once, or else a transaction that starts by reading could not write any more.
    pub(crate) fn begin(
        connection: &'a Connection,
        cache: &'a mut Cache,
        first_id: i64,
    ) -> Result<Self> {
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        // Changes when another connection has written, such as the one that keeps the accounts.
        let version = connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        if cache.data_version != version {
            cache.clear();
            cache.data_version = version;
        }
        Ok(Self {
            connection,
            known: &mut cache.known,
            first_id,
        })
    }

    pub(crate) fn commit(mut self) -> Result<()> {
        self.flush_latest()?;
        self.statement("COMMIT")?.execute([])?;
        Ok(())
    }

    /// The records of one call, in their order, but for pages: whether one is shown depends on what came of the push. When
    /// the push had a reply already, the answer of this call is not shown either, and neither it nor its link is kept.
    pub(crate) fn call(&mut self, records: &[Record]) -> Result<Instead> {
        let pages = || {
            records.iter().filter_map(|record| match record {
                Record::Page(page) => Some(page),
                _ => None,
            })
        };
        let mut fixed = None;
        for page in pages() {
            fixed = self.fixed_page(page)?;
        }
        let shown = fixed.as_ref().map(|(reply, _)| reply);
        let mut instead = None;
        for record in records {
            let found = match record {
                Record::Received(received) => self.received(received, shown)?,
                Record::Replied(push, _, replied) => self.replied(push, replied, shown)?,
                Record::Page(_) => None,
                Record::Delivery(push, delivery) => {
                    self.delivery(push, delivery)?;
                    None
                }
                Record::Answer(_) | Record::Link(_) | Record::LivePage { .. }
                    if instead.is_some() =>
                {
                    None
                }
                Record::Answer(answer) => {
                    self.answer(answer)?;
                    None
                }
                Record::Link(link) => {
                    self.link(link)?;
                    None
                }
                Record::LivePage {
                    hash,
                    answer,
                    created_at_ms,
                    expires_at_ms,
                } => {
                    self.live_page(hash, *answer, *created_at_ms, *expires_at_ms)?;
                    None
                }
                Record::Sent(sent) => {
                    self.sent(sent)?;
                    None
                }
                Record::Uploaded {
                    account,
                    hash,
                    media_id,
                    expires_at_ms,
                } => {
                    self.uploaded(account, hash, media_id, *expires_at_ms)?;
                    None
                }
                Record::Session {
                    account,
                    follower,
                    name,
                    value,
                    at_ms,
                } => {
                    self.session(account, follower, name, value.as_deref(), *at_ms)?;
                    None
                }
                Record::Turn(turn) => {
                    self.turn(turn)?;
                    None
                }
                Record::Feedback {
                    account,
                    follower,
                    turn,
                    is_good,
                    ..
                } => {
                    self.feedback(account, follower, *turn, *is_good)?;
                    None
                }
                Record::Forget { account, follower } => {
                    self.forget(account, follower)?;
                    None
                }
            };
            instead = instead.or(found);
        }
        if instead.is_some() {
            // The push had a reply already, so the page is not shown.
            return Ok(instead);
        }
        for page in pages() {
            self.page(page, fixed.as_ref())?;
        }
        Ok(fixed)
    }

    pub(crate) fn op(&mut self, op: &Op) -> Result<OpAnswer> {
        match op {
            Op::Number { account, follower } => {
                self.number(account, follower).map(OpAnswer::Number)
            }
            Op::TakeUp { since_ms } => self.take_up(*since_ms).map(OpAnswer::Unfinished),
            Op::Forget { account, follower } => {
                self.forget(account, follower).map(OpAnswer::Deleted)
            }
        }
    }

    fn received(&mut self, received: &Received, shown: Option<&Reply>) -> Result<Instead> {
        let Received {
            push,
            message,
            received_at_ms,
            replied,
        } = received;
        let follower = message.from_user();
        if self
            .known
            .was_forgotten(&push.account, follower, *received_at_ms)
        {
            return Ok(None);
        }
        let account = self.account(&push.account, *received_at_ms)?;
        let mut known = if follower.as_str().is_empty() {
            None
        } else {
            Some(self.follower_or_new(account, follower, *received_at_ms)?)
        };
        let kind = message.kind();
        let mut insert = self.statement(
            "INSERT INTO messages (account_id, follower_id, previous_id, created_at, key, kind, msg_id, received_at_ms, source,
                                   reply, replied_at, answered_by, delivery, latency_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT DO NOTHING",
        )?;
        let previous = known.and_then(|follower| not_0(follower.latest.message));
        let json = replied
            .as_ref()
            .map(|replied| json(shown.unwrap_or(&replied.reply)));
        let replied = replied.as_ref();
        let inserted = insert.execute(params![
            account,
            known.map(|follower| follower.id),
            previous,
            push.created_at,
            push.key.as_str(),
            &*kind,
            message.msg_id().map(MsgId::as_str),
            received_at_ms,
            message.document().source(),
            json,
            replied.map(|replied| replied.replied_at),
            replied.map(|replied| replied.by.as_str()),
            replied.map(|replied| replied.delivery),
            replied.map(|replied| signed(replied.latency_ms)),
        ])?;
        drop(insert);
        if inserted == 0 {
            return match replied {
                Some(replied) => self.replied(push, replied, shown),
                None => self.stored_reply(push),
            };
        }
        if let Some(known) = &mut known {
            known.latest.message = self.connection.last_insert_rowid();
            if is_question(message, replied) {
                known.latest.question = known.latest.message;
            }
            self.follows(known, message, *received_at_ms)?;
            self.seen(account, follower, known, *received_at_ms)?;
        }
        Ok(None)
    }

    fn replied(
        &mut self,
        push: &PushId,
        replied: &Replied,
        shown: Option<&Reply>,
    ) -> Result<Instead> {
        let row = self
            .statement(
                "UPDATE messages SET reply = ?4, replied_at = ?5, answered_by = ?6, delivery = ?7, latency_ms = ?8
                 WHERE created_at = ?1 AND key = ?2 AND account_id = (SELECT id FROM accounts WHERE public_id = ?3)
                   AND reply IS NULL
                 RETURNING id, follower_id, msg_id IS NOT NULL",
            )?
            .query_row(
                params![
                    push.created_at,
                    push.key.as_str(),
                    push.account.as_str(),
                    json(shown.unwrap_or(&replied.reply)),
                    replied.replied_at,
                    replied.by.as_str(),
                    replied.delivery,
                    signed(replied.latency_ms),
                ],
                |row| {
                    Ok((
                        row.get::<_, i64>(0)?,
                        row.get::<_, Option<i64>>(1)?,
                        row.get::<_, bool>(2)?,
                    ))
                },
            )
            .optional()?;
        match row {
            None => self.stored_reply(push),
            // What looked like a tap, but a bot has answered it.
            Some((message, Some(follower), true)) if replied.by != by::OUTBOX => {
                self.asked(follower, message)?;
                Ok(None)
            }
            Some(_) => Ok(None),
        }
    }

    fn stored_reply(&self, push: &PushId) -> Result<Instead> {
        let stored: Option<(String, i64)> = self
            .statement(
                "SELECT reply, replied_at FROM messages
                 WHERE created_at = ?1 AND key = ?2 AND account_id = (SELECT id FROM accounts WHERE public_id = ?3)
                   AND reply IS NOT NULL",
            )?
            .query_row(
                params![push.created_at, push.key.as_str(), push.account.as_str()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        stored.map(|(json, at)| Ok((reply(&json)?, at))).transpose()
    }

    /// The message is a question of its follower, newer than those before it.
    fn asked(&mut self, follower: i64, message: i64) -> Result<()> {
        let is_newer = match self.known.latest.get_mut(&follower) {
            Some(latest) if latest.question >= message => false,
            Some(latest) => {
                latest.question = message;
                true
            }
            None => {
                let changed = self
                    .statement(
                        "UPDATE latest SET question_id = ?2 WHERE follower_id = ?1 AND question_id < ?2",
                    )?
                    .execute(params![follower, message])?;
                changed > 0
            }
        };
        if is_newer {
            // Rare enough to look at them all.
            if let Some(known) = self.known.by_row(follower) {
                known.latest.question = message;
            }
        }
        Ok(())
    }

    fn delivery(&self, push: &PushId, delivery: &Delivery) -> Result<()> {
        self.statement(
            "INSERT INTO deliveries (message_id, place, number, arrived_at_ms, ended_at_ms, ended)
             SELECT id, (SELECT count(*) + 1 FROM deliveries WHERE message_id = messages.id), ?4, ?5, ?6, ?7
             FROM messages
             WHERE created_at = ?1 AND key = ?2 AND account_id = (SELECT id FROM accounts WHERE public_id = ?3)",
        )?
        .execute(params![
            push.created_at,
            push.key.as_str(),
            push.account.as_str(),
            delivery.number,
            delivery.arrived_at_ms,
            delivery.ended_at_ms,
            delivery.ended.word(),
        ])?;
        Ok(())
    }

    fn answer(&mut self, answer: &SavedAnswer) -> Result<()> {
        if self
            .known
            .was_forgotten(&answer.push.account, &answer.follower, answer.asked_at_ms)
        {
            return Ok(());
        }
        let push = &answer.push;
        let known: Option<(i64, Option<i64>)> = self
            .statement(
                "SELECT id, follower_id FROM messages
                 WHERE created_at = ?1 AND key = ?2 AND account_id = (SELECT id FROM accounts WHERE public_id = ?3)",
            )?
            .query_row(
                params![push.created_at, push.key.as_str(), push.account.as_str()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let (message, follower) = match known {
            Some((message, Some(follower))) => (message, follower),
            // A push without a sender is no question.
            Some((_, None)) => return Ok(()),
            None => self.stand_in(answer)?,
        };
        let columns = ContentColumns::of(&answer.content);
        self.statement(
            "INSERT INTO answers (id, message_id, follower_id, question, asked_at_ms, expires_at_ms, state, text, shown_bytes,
                                  reply, step, source, markup)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT (id) DO UPDATE SET question = ?4, asked_at_ms = ?5, expires_at_ms = ?6, state = ?7, text = ?8,
                                            shown_bytes = ?9, reply = ?10, step = ?11,
                                            source = coalesce(?12, source), markup = coalesce(?13, markup)
             WHERE step <= ?11",
        )?
        .execute(params![
            bytes(answer.id),
            message,
            follower,
            answer.question,
            answer.asked_at_ms,
            answer.expires_at_ms,
            columns.state,
            columns.text,
            columns.shown_bytes,
            columns.reply,
            answer.step,
            answer.written.as_ref().map(|written| &written.text),
            markup_of(answer),
        ])?;
        Ok(())
    }

    /// A row for a push that was given up while the journal could not be written, made of what its answer tells: no answer
    /// is lost with it.
    fn stand_in(&mut self, answer: &SavedAnswer) -> Result<(i64, i64)> {
        let SavedAnswer {
            push,
            follower,
            asked_at_ms,
            ..
        } = answer;
        let (msg_id, source) = stand_in_source(answer);
        let account = self.account(&push.account, *asked_at_ms)?;
        let mut known = self.follower_or_new(account, follower, *asked_at_ms)?;
        self.statement(
            "INSERT INTO messages (account_id, follower_id, previous_id, created_at, key, kind, msg_id, received_at_ms, source)
             VALUES (?1, ?2, ?3, ?4, ?5, 'text', ?6, ?7, ?8)",
        )?
        .execute(params![
            account,
            known.id,
            not_0(known.latest.message),
            push.created_at,
            push.key.as_str(),
            msg_id,
            asked_at_ms,
            source,
        ])?;
        let message = self.connection.last_insert_rowid();
        known.latest = Latest {
            message,
            question: message,
        };
        self.seen(account, follower, &mut known, *asked_at_ms)?;
        Ok((message, known.id))
    }

    /// Belongs to the follower of its answer. Without that it would lead nowhere: it was forgotten, for example.
    fn link(&self, link: &LinkRecord) -> Result<()> {
        self.statement(
            "INSERT INTO links (id, follower_id, number, answer_id, step)
             SELECT ?1, follower_id, ?2, id, ?4 FROM answers WHERE id = ?3
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            bytes(link.id),
            // 0 for none: it could not be drawn while the journal was away.
            not_0(signed(link.number)),
            bytes(link.answer),
            link.step,
        ])?;
        Ok(())
    }

    /// A page leads to an answer that is there.
    fn live_page(
        &self,
        hash: &[u8; 32],
        answer: Id,
        created_at_ms: i64,
        expires_at_ms: i64,
    ) -> Result<()> {
        self.statement(
            "INSERT INTO pages (hash, answer_id, created_at_ms, expires_at_ms)
             SELECT ?1, id, ?3, ?4 FROM answers WHERE id = ?2
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![hash, bytes(answer), created_at_ms, expires_at_ms])?;
        Ok(())
    }

    /// The page that was fixed for this link, or for another one to the same part, if there is one.
    fn fixed_page(&self, page: &PageRecord) -> Result<Instead> {
        let fixed: Option<(String, i64)> = self
            .statement(
                "SELECT page, fixed_at FROM links
                 WHERE page IS NOT NULL AND (id = ?1 OR (answer_id = ?2 AND step = ?3))
                 ORDER BY id = ?1 DESC LIMIT 1",
            )?
            .query_row(
                params![bytes(page.link), bytes(page.answer), page.step],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        fixed.map(|(json, at)| Ok((reply(&json)?, at))).transpose()
    }

    /// Fixes the page behind a link. The answer moves only if it is still where the page begins.
    fn page(&self, page: &PageRecord, fixed: Option<&(Reply, i64)>) -> Result<()> {
        let (shown, at) = fixed.map_or((&*page.reply, page.replied_at), |(reply, at)| (reply, *at));
        self.statement("UPDATE links SET page = ?2, fixed_at = ?3 WHERE id = ?1 AND page IS NULL")?
            .execute(params![bytes(page.link), json(shown), at])?;
        if fixed.is_some() {
            return Ok(());
        }
        let columns = ContentColumns::of(&page.content);
        self.statement(
            "UPDATE answers SET state = ?3, text = ?4, shown_bytes = ?5, reply = ?6, step = step + 1
             WHERE id = ?1 AND step = ?2",
        )?
        .execute(params![
            bytes(page.answer),
            page.step,
            columns.state,
            columns.text,
            columns.shown_bytes,
            columns.reply,
        ])?;
        Ok(())
    }

    fn session(
        &mut self,
        account: &Str,
        follower: &OpenId,
        name: &str,
        value: Option<&str>,
        at_ms: i64,
    ) -> Result<()> {
        let Some(follower) = self.follower_unless_forgotten(account, follower, at_ms)? else {
            return Ok(());
        };
        match value {
            Some(value) => self
                .statement(
                    "INSERT INTO sessions (follower_id, name, value, updated_at_ms) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO UPDATE SET value = ?3, updated_at_ms = ?4",
                )?
                .execute(params![follower, name, value, at_ms])?,
            None => self
                .statement("DELETE FROM sessions WHERE follower_id = ?1 AND name = ?2")?
                .execute(params![follower, name])?,
        };
        Ok(())
    }

    fn forget(&mut self, account: &Str, follower: &OpenId) -> Result<Deleted> {
        self.known.forget(account, follower);
        self.flush_latest()?;
        let deleted = forget(self.connection, account, follower)?;
        self.known.drop_follower(account, follower.as_str());
        Ok(deleted)
    }

    /// The row of a follower for what names no push: of one who may have been forgotten, only if a later push has made it
    /// anew.
    fn follower_unless_forgotten(
        &mut self,
        account: &Str,
        follower: &OpenId,
        at_ms: i64,
    ) -> Result<Option<i64>> {
        let may_be_made = self.known.forgotten_at_ms(account, follower).is_none();
        let account = self.account(account, at_ms)?;
        let follower = if may_be_made {
            Some(self.follower_or_new(account, follower, at_ms)?)
        } else {
            self.follower(account, follower)?
        };
        Ok(follower.map(|follower| follower.id))
    }

    /// 0 for a follower who was forgotten.
    fn number(&mut self, account: &Str, follower: &OpenId) -> Result<u64> {
        let Some(follower) = self.follower_unless_forgotten(account, follower, now_ms())? else {
            return Ok(0);
        };
        let number: i64 = self
            .statement(
                "UPDATE followers SET last_number = last_number + 1 WHERE id = ?1 RETURNING last_number",
            )?
            .query_row([follower], |row| row.get(0))?;
        Ok(unsigned(number))
    }

    fn take_up(&mut self, since_ms: i64) -> Result<Vec<Unfinished>> {
        let unfinished = {
            let mut select = self.statement(UNFINISHED)?;
            let rows = select.query_map(params![since_ms, MAX_RUNS, self.first_id], |row| {
                Ok(unfinished_row!(row.get))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()?
        };
        for row in &unfinished {
            self.statement("UPDATE messages SET runs = runs + 1 WHERE id = ?1")?
                .execute([row.message])?;
        }
        let taken: Vec<_> = unfinished.iter().map(|row| row.message).collect();
        self.statement(GIVE_UP)?.execute(params![
            since_ms,
            MAX_RUNS,
            self.first_id,
            serde_json::to_string(&taken)?,
        ])?;
        Ok(unfinished
            .into_iter()
            .filter_map(UnfinishedRow::decode)
            .collect())
    }

    fn account(&mut self, public_id: &Str, at_ms: i64) -> Result<i64> {
        if let Some(id) = self.known.accounts.get(public_id) {
            return Ok(*id);
        }
        self.statement(
            "INSERT INTO accounts (public_id, name, created_at_ms, updated_at_ms) VALUES (?1, ?1, ?2, ?2)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![public_id.as_str(), at_ms])?;
        let id = self
            .statement("SELECT id FROM accounts WHERE public_id = ?1")?
            .query_row([public_id.as_str()], |row| row.get(0))?;
        self.known.accounts.insert(public_id.as_str().into(), id);
        Ok(id)
    }

    fn follower_or_new(&mut self, account: i64, open_id: &OpenId, at_ms: i64) -> Result<Follower> {
        if let Some(follower) = self.follower(account, open_id)? {
            return Ok(follower);
        }
        self.statement(
            "INSERT INTO followers (account_id, open_id, first_seen_at_ms, last_seen_at_ms) VALUES (?1, ?2, ?3, ?3)",
        )?
        .execute(params![account, open_id.as_str(), at_ms])?;
        let follower = Follower {
            id: self.connection.last_insert_rowid(),
            last_seen_at_ms: at_ms,
            unfollowed_at_ms: None,
            latest: Latest::default(),
        };
        self.remember(account, open_id, follower)?;
        Ok(follower)
    }

    fn follower(&mut self, account: i64, open_id: &OpenId) -> Result<Option<Follower>> {
        if let Some(follower) = self.known.follower(account, open_id.as_str()) {
            return Ok(Some(follower));
        }
        let stored = self
            .statement(
                "SELECT f.id, last_seen_at_ms, unfollowed_at_ms, coalesce(message_id, 0), coalesce(question_id, 0)
                 FROM followers f LEFT JOIN latest ON follower_id = f.id
                 WHERE account_id = ?1 AND open_id = ?2",
            )?
            .query_row(params![account, open_id.as_str()], |row| {
                Ok(Follower {
                    id: row.get(0)?,
                    last_seen_at_ms: row.get(1)?,
                    unfollowed_at_ms: row.get(2)?,
                    latest: Latest {
                        message: row.get(3)?,
                        question: row.get(4)?,
                    },
                })
            })
            .optional()?;
        if let Some(follower) = stored {
            self.remember(account, open_id, follower)?;
        }
        Ok(stored)
    }

    fn remember(&mut self, account: i64, open_id: &OpenId, follower: Follower) -> Result<()> {
        if self.known.is_full() {
            self.flush_latest()?;
            self.known.drop_followers();
        }
        self.known.remember(account, open_id.as_str(), follower);
        Ok(())
    }

    /// Remembers what has changed about a follower, and writes it down where it has to be.
    fn seen(
        &mut self,
        account: i64,
        open_id: &OpenId,
        follower: &mut Follower,
        at_ms: i64,
    ) -> Result<()> {
        if at_ms >= follower.last_seen_at_ms + SEEN_EVERY_MS {
            self.statement("UPDATE followers SET last_seen_at_ms = ?2 WHERE id = ?1")?
                .execute(params![follower.id, at_ms])?;
            follower.last_seen_at_ms = at_ms;
        }
        self.known.latest.insert(follower.id, follower.latest);
        self.known.update(account, open_id.as_str(), follower);
        Ok(())
    }

    fn follows(&self, follower: &mut Follower, message: &Message, at_ms: i64) -> Result<()> {
        match message {
            Message::Event(Event::Subscribe(subscribe)) => {
                self.statement(
                    "UPDATE followers SET followed_at_ms = ?2, unfollowed_at_ms = NULL, source = ?3 WHERE id = ?1",
                )?
                .execute(params![follower.id, at_ms, subscribe.scene.as_deref()])?;
                follower.unfollowed_at_ms = None;
            }
            Message::Event(Event::Unsubscribe(_)) => {
                self.statement("UPDATE followers SET unfollowed_at_ms = ?2 WHERE id = ?1")?
                    .execute(params![follower.id, at_ms])?;
                follower.unfollowed_at_ms = Some(at_ms);
            }
            // Only who follows can send anything: the push that told of it was missed.
            _ if follower.unfollowed_at_ms.is_some_and(|gone| gone < at_ms) => {
                self.statement("UPDATE followers SET unfollowed_at_ms = NULL WHERE id = ?1")?
                    .execute([follower.id])?;
                follower.unfollowed_at_ms = None;
            }
            _ => {}
        }
        Ok(())
    }

    /// Writes down who has which newest message: once per follower and transaction, in the order of the table.
    fn flush_latest(&mut self) -> Result<()> {
        let latest = std::mem::take(&mut self.known.latest);
        for (follower, latest) in latest {
            self.statement(
                "INSERT INTO latest (follower_id, message_id, question_id) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET message_id = ?2, question_id = ?3",
            )?
            .execute(params![follower, latest.message, latest.question])?;
        }
        Ok(())
    }

    fn statement(&self, sql: &str) -> rusqlite::Result<CachedStatement<'a>> {
        self.connection.prepare_cached(sql)
    }
}

/// Deletes everything about a follower, within a transaction.
pub(super) fn forget(
    connection: &Connection,
    account: &str,
    open_id: &OpenId,
) -> rusqlite::Result<Deleted> {
    // Overwritten, not only marked as free.
    connection.execute_batch("PRAGMA secure_delete = ON")?;
    let deleted = delete_follower(connection, account, open_id);
    connection.execute_batch("PRAGMA secure_delete = FAST")?;
    deleted
}

fn delete_follower(
    connection: &Connection,
    account: &str,
    open_id: &OpenId,
) -> rusqlite::Result<Deleted> {
    let follower: Option<i64> = connection
        .prepare_cached(
            "SELECT f.id FROM followers f JOIN accounts a ON a.id = f.account_id WHERE a.public_id = ?1 AND f.open_id = ?2",
        )?
        .query_row(params![account, open_id.as_str()], |row| row.get(0))
        .optional()?;
    let Some(follower) = follower else {
        return Ok(Deleted::default());
    };
    let run = |sql: &str| connection.prepare_cached(sql)?.execute([follower]);
    connection.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS doomed (id INTEGER PRIMARY KEY); DELETE FROM doomed",
    )?;
    // The chain ends where retention has deleted; what it left behind that has an answer.
    run("INSERT OR IGNORE INTO doomed
         WITH RECURSIVE chain (id) AS (
             SELECT message_id FROM latest WHERE follower_id = ?1
             UNION
             SELECT message_id FROM answers WHERE follower_id = ?1
             UNION
             SELECT previous_id FROM messages JOIN chain USING (id) WHERE previous_id IS NOT NULL
         )
         SELECT id FROM chain")?;
    let doomed: Vec<i64> = connection
        .prepare("SELECT id FROM doomed")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    index::remove(connection, &doomed)?;
    connection
        .execute_batch("DELETE FROM deliveries WHERE message_id IN (SELECT id FROM doomed)")?;
    let messages = connection.execute(
        "DELETE FROM messages WHERE id IN (SELECT id FROM doomed)",
        [],
    )?;
    run("DELETE FROM pages WHERE answer_id IN (SELECT id FROM answers WHERE follower_id = ?1)")?;
    let answers = run("DELETE FROM answers WHERE follower_id = ?1")?;
    run("DELETE FROM links WHERE follower_id = ?1")?;
    let sessions = run("DELETE FROM sessions WHERE follower_id = ?1")?;
    run("DELETE FROM sent WHERE follower_id = ?1")?;
    run(turns::DELETE)?;
    run("DELETE FROM latest_turns WHERE follower_id = ?1")?;
    run("DELETE FROM latest WHERE follower_id = ?1")?;
    let followers = run("DELETE FROM followers WHERE id = ?1")?;
    connection.execute_batch("DELETE FROM doomed")?;
    Ok(Deleted {
        followers,
        messages,
        answers,
        sessions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::plan;

    #[test]
    fn a_start_does_not_look_at_every_message() {
        for sql in [UNFINISHED, GIVE_UP] {
            let plan = plan(sql);
            for table in ["m", "messages", "answers", "a"] {
                assert!(!plan.contains(&format!("SCAN {table}\n")), "{sql}\n{plan}");
            }
        }
    }
}
