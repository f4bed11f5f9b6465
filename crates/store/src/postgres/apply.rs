//! A batch into PostgreSQL, within the writer's transaction: what is frequent in bulk, what is rare one by one. The meaning
//! is that of `sqlite/apply.rs`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::mem;

use echostr::journal::{
    Id, LinkRecord, PageRecord, PushId, Received, Record, Replied, SavedAnswer, Unfinished, by,
};
use echostr_protocol::{OpenId, Reply, Str};
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::{Query, QueryScalar};
use sqlx::{Postgres, Row as _};

use super::hot::Hot;
use crate::db::without_nul;
use crate::journal::known::{Known, Latest, MAX_RUNS, not_0, stand_in_source};
use crate::journal::unfinished::{UnfinishedRow, unfinished_row};
use crate::journal::{Fault, Item, Op, OpAnswer, Outcome};
use crate::value::{ContentColumns, bytes, json, markup_of, reply, signed};

pub(super) type Result<T> = std::result::Result<T, Fault>;

const UNFINISHED: &str =
    "SELECT m.id, account.public_id, m.source, m.received_at_ms, m.reply IS NOT NULL,
            f.open_id, a.id, a.question, a.asked_at_ms, a.expires_at_ms, a.step, coalesce(l.question_id, 0) > m.id,
            a.markup IS NOT NULL
     FROM (
         SELECT id FROM messages WHERE reply IS NULL AND received_at_ms >= $1
         UNION
         SELECT message_id FROM answers WHERE state = 'running'
     ) AS candidate
     JOIN messages m ON m.id = candidate.id
     JOIN accounts account ON account.id = m.account_id
     LEFT JOIN followers f ON f.id = m.follower_id
     LEFT JOIN latest l ON l.follower_id = m.follower_id
     LEFT JOIN answers a ON a.message_id = m.id
     WHERE m.received_at_ms >= $1 AND m.runs < $2 AND m.id <= $3 AND (a.id IS NULL OR a.state = 'running')
     ORDER BY m.id";

/// Those that are too old, or have cost two processes their life.
const GIVE_UP: &str = "UPDATE answers SET state = 'failed' WHERE state = 'running' AND message_id <= $3
    AND EXISTS (SELECT 1 FROM messages m WHERE m.id = answers.message_id AND (m.received_at_ms < $1 OR m.runs >= $2))
    AND message_id <> ALL ($4)";

/// The row of a push, from `CreateTime`, key and account as the first three parameters. The `+ 0` keeps the planner from the
/// index of all messages of an account, which it would take as well when it plans for a table that is still empty.
macro_rules! push_is {
    () => {
        "created_at = $1 AND key = $2 AND account_id + 0 = (SELECT id FROM accounts WHERE public_id = $3)"
    };
}

// Behind the macro, which it uses.
mod platform;
pub(super) mod turns;

/// What came of a call when something stood there already: a reply and its `CreateTime`.
pub(super) type Instead = Option<(Reply, i64)>;

/// A transaction that is under way.
pub(super) struct Transaction<'a> {
    pub(super) connection: &'a mut PgConnection,
    pub(super) known: &'a mut Known,
    /// Pushes with ids above this were received by this process.
    pub(super) first_id: i64,
    /// The next free number of a message; enough were drawn for the batch.
    pub(super) next_id: i64,
    // What was not written yet.
    hot: Hot<'a>,
    // Followers that were seen, and when.
    pub(super) seen: BTreeMap<i64, i64>,
    // By the place of the record in the batch, then that of its call.
    pub(super) instead: Vec<(usize, usize, Reply, i64)>,
}

/// How many numbers of messages a batch may need.
pub(super) fn n_ids(items: &[Item]) -> i64 {
    let n_new = items
        .iter()
        .map(|item| match item {
            Item::Call(_, records) => records
                .iter()
                .filter(|record| matches!(record, Record::Received(_) | Record::Answer(_)))
                .count(),
            Item::Op(..) => 0,
        })
        .sum::<usize>();
    signed(n_new as u64)
}

impl<'a> Transaction<'a> {
    /// Of a connection on which a transaction has begun.
    pub(super) fn new(
        connection: &'a mut PgConnection,
        known: &'a mut Known,
        first_id: i64,
        next_id: i64,
    ) -> Self {
        Self {
            connection,
            known,
            first_id,
            next_id,
            hot: Hot::default(),
            seen: BTreeMap::new(),
            instead: Vec::new(),
        }
    }

    /// All of these, but for the commit. `first` is the place of the first item in its batch.
    pub(super) async fn apply(mut self, items: &'a [Item], first: usize) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut n_records = 0;
        for (place, item) in items.iter().enumerate() {
            match item {
                Item::Call(call, records) => {
                    self.call(*call, records, n_records).await?;
                    n_records += records.len();
                }
                Item::Op(op, Some(_)) => {
                    self.flush().await?;
                    outcome.answers.push((first + place, self.op(op).await?));
                }
                Item::Op(_, None) => {}
            }
        }
        self.flush().await?;
        self.flush_seen().await?;
        self.flush_latest().await?;
        // Of one call the first counts.
        self.instead.sort_by_key(|(record, ..)| *record);
        for (_, call, reply, at) in self.instead {
            if !outcome.instead.iter().any(|(other, ..)| *other == call) {
                outcome.instead.push((call, reply, at));
            }
        }
        Ok(outcome)
    }

    /// The records of one call. `place` is that of its first record in the batch.
    async fn call(&mut self, call: usize, records: &'a [Record], place: usize) -> Result<()> {
        let is_hot = |record: &Record| {
            matches!(
                record,
                Record::Received(_) | Record::Replied(..) | Record::Delivery(..)
            )
        };
        if !records.iter().all(is_hot) {
            self.flush().await?;
            if let Some((reply, at)) = self.rare(records).await? {
                self.instead.push((place, call, reply, at));
            }
            return Ok(());
        }
        for (place, record) in (place..).zip(records) {
            match record {
                Record::Received(received) => {
                    let Received {
                        push,
                        message,
                        received_at_ms,
                        ..
                    } = received;
                    let follower = message.from_user();
                    if self
                        .known
                        .was_forgotten(&push.account, follower, *received_at_ms)
                    {
                        continue;
                    }
                    if !self.hot.is_new(push) {
                        self.flush().await?;
                    }
                    self.hot.received(place, call, received);
                }
                Record::Replied(push, _, replied) => {
                    if !self.hot.is_new(push) {
                        self.flush().await?;
                    }
                    self.hot.replied(place, call, push, replied);
                }
                Record::Delivery(push, delivery) => self.hot.delivery(push, delivery),
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes what is frequent and was only noted.
    pub(super) async fn flush(&mut self) -> Result<()> {
        if self.hot.is_empty() {
            return Ok(());
        }
        let hot = mem::take(&mut self.hot);
        hot.write(self).await
    }

    /// The records of one call, in their order, but for pages: whether one is shown depends on what came of the push. When
    /// the push had a reply already, the answer of this call is not shown either, and neither it nor its link is kept.
    async fn rare(&mut self, records: &'a [Record]) -> Result<Instead> {
        let pages = || {
            records.iter().filter_map(|record| match record {
                Record::Page(page) => Some(page),
                _ => None,
            })
        };
        let mut fixed = None;
        for page in pages() {
            fixed = self.fixed_page(page).await?;
        }
        let shown = fixed.as_ref().map(|(reply, _)| reply);
        let mut instead = None;
        for record in records {
            let found = match record {
                Record::Received(received) => self.received(received, shown).await?,
                Record::Replied(push, _, replied) => self.replied(push, replied, shown).await?,
                Record::Page(_) => None,
                Record::Delivery(push, delivery) => {
                    self.hot.delivery(push, delivery);
                    self.flush().await?;
                    None
                }
                Record::Answer(_) | Record::Link(_) | Record::LivePage { .. }
                    if instead.is_some() =>
                {
                    None
                }
                Record::Answer(answer) => {
                    self.answer(answer).await?;
                    None
                }
                Record::Link(link) => {
                    self.link(link).await?;
                    None
                }
                Record::LivePage {
                    hash,
                    answer,
                    created_at_ms,
                    expires_at_ms,
                } => {
                    self.live_page(hash, *answer, *created_at_ms, *expires_at_ms)
                        .await?;
                    None
                }
                Record::Sent(sent) => {
                    self.sent(sent).await?;
                    None
                }
                Record::Uploaded {
                    account,
                    hash,
                    media_id,
                    expires_at_ms,
                } => {
                    self.uploaded(account, hash, media_id, *expires_at_ms)
                        .await?;
                    None
                }
                Record::Session {
                    account,
                    follower,
                    name,
                    value,
                    at_ms,
                } => {
                    self.session(account, follower, name, value.as_deref(), *at_ms)
                        .await?;
                    None
                }
                Record::Turn(turn) => {
                    self.turn(turn).await?;
                    None
                }
                Record::Feedback {
                    account,
                    follower,
                    turn,
                    is_good,
                    ..
                } => {
                    self.feedback(account, follower, *turn, *is_good).await?;
                    None
                }
                Record::Forget { account, follower } => {
                    self.forget(account, follower).await?;
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
            self.page(page, fixed.as_ref()).await?;
        }
        Ok(fixed)
    }

    async fn op(&mut self, op: &Op) -> Result<OpAnswer> {
        match op {
            Op::Number { account, follower } => {
                self.number(account, follower).await.map(OpAnswer::Number)
            }
            Op::TakeUp { since_ms } => self.take_up(*since_ms).await.map(OpAnswer::Unfinished),
            Op::Forget { account, follower } => {
                self.forget(account, follower).await.map(OpAnswer::Deleted)
            }
        }
    }

    /// With the page that is shown instead of the reply, if another one was fixed.
    async fn received(&mut self, received: &'a Received, shown: Option<&Reply>) -> Result<Instead> {
        let follower = received.message.from_user();
        if self
            .known
            .was_forgotten(&received.push.account, follower, received.received_at_ms)
        {
            return Ok(None);
        }
        let before = self.instead.len();
        self.hot.received(0, 0, received);
        self.hot.shown = shown.cloned();
        self.flush().await?;
        let found = self.instead.drain(before..).next();
        Ok(found.map(|(_, _, reply, at)| (reply, at)))
    }

    pub(super) async fn replied(
        &mut self,
        push: &PushId,
        replied: &Replied,
        shown: Option<&Reply>,
    ) -> Result<Instead> {
        let row = query(concat!(
            "UPDATE messages SET reply = $4, replied_at = $5, answered_by = $6, delivery = $7, latency_ms = $8 WHERE ",
            push_is!(),
            " AND reply IS NULL RETURNING id, follower_id, msg_id IS NOT NULL"
        ))
        .of_push(push)
        .bind(json(shown.unwrap_or(&replied.reply)))
        .bind(replied.replied_at)
        .bind(without_nul(replied.by.as_str()))
        .bind(i64::from(replied.delivery))
        .bind(signed(replied.latency_ms))
        .fetch_optional(&mut *self.connection)
        .await?;
        let Some(row) = row else {
            return self.stored_reply(push).await;
        };
        let (message, follower, has_id) = (
            row.try_get::<i64, _>(0)?,
            row.try_get::<Option<i64>, _>(1)?,
            row.try_get::<bool, _>(2)?,
        );
        self.answered(message, follower, has_id, replied).await?;
        Ok(None)
    }

    /// What looked like a tap, but a bot has answered it, is a question.
    pub(super) async fn answered(
        &mut self,
        message: i64,
        follower: Option<i64>,
        has_id: bool,
        replied: &Replied,
    ) -> Result<()> {
        match follower {
            Some(follower) if has_id && replied.by != by::OUTBOX => {
                self.asked(follower, message).await
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn stored_reply(&mut self, push: &PushId) -> Result<Instead> {
        let stored = query(concat!(
            "SELECT reply, replied_at FROM messages WHERE ",
            push_is!(),
            " AND reply IS NOT NULL"
        ))
        .of_push(push)
        .fetch_optional(&mut *self.connection)
        .await?;
        stored.as_ref().map(stored_reply).transpose()
    }

    /// The message is a question of its follower, newer than those before it.
    async fn asked(&mut self, follower: i64, message: i64) -> Result<()> {
        let is_newer = match self.known.latest.get_mut(&follower) {
            Some(latest) if latest.question >= message => false,
            Some(latest) => {
                latest.question = message;
                true
            }
            None => {
                let changed = query("UPDATE latest SET question_id = $2 WHERE follower_id = $1 AND question_id < $2")
                    .bind(follower)
                    .bind(message)
                    .execute(&mut *self.connection)
                    .await?;
                changed.rows_affected() > 0
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

    async fn answer(&mut self, answer: &SavedAnswer) -> Result<()> {
        if self
            .known
            .was_forgotten(&answer.push.account, &answer.follower, answer.asked_at_ms)
        {
            return Ok(());
        }
        let known = query(concat!(
            "SELECT id, follower_id FROM messages WHERE ",
            push_is!()
        ))
        .of_push(&answer.push)
        .fetch_optional(&mut *self.connection)
        .await?;
        let known: Option<(i64, Option<i64>)> = known
            .map(|row| Ok::<_, sqlx::Error>((row.try_get(0)?, row.try_get(1)?)))
            .transpose()?;
        let (message, follower) = match known {
            Some((message, Some(follower))) => (message, follower),
            // A push without a sender is no question.
            Some((_, None)) => return Ok(()),
            None => self.stand_in(answer).await?,
        };
        let columns = ContentColumns::of(&answer.content);
        query(
            "INSERT INTO answers (id, message_id, follower_id, question, asked_at_ms, expires_at_ms, state, text, shown_bytes,
                                  reply, step, source, markup)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             ON CONFLICT (id) DO UPDATE SET question = $4, asked_at_ms = $5, expires_at_ms = $6, state = $7, text = $8,
                                            shown_bytes = $9, reply = $10, step = $11,
                                            source = coalesce($12, answers.source), markup = coalesce($13, answers.markup)
             WHERE answers.step <= $11",
        )
        .bind(bytes(answer.id))
        .bind(message)
        .bind(follower)
        .bind(without_nul(&answer.question))
        .bind(answer.asked_at_ms)
        .bind(answer.expires_at_ms)
        .bind(columns.state)
        .bind(columns.text.map(without_nul))
        .bind(columns.shown_bytes)
        .bind(columns.reply)
        .bind(i64::from(answer.step))
        .bind(answer.written.as_ref().map(|written| without_nul(&written.text)))
        .bind(markup_of(answer))
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    /// A row for a push that was given up while the journal could not be written, made of what its answer tells: no answer
    /// is lost with it.
    async fn stand_in(&mut self, answer: &SavedAnswer) -> Result<(i64, i64)> {
        let SavedAnswer {
            push,
            follower,
            asked_at_ms,
            ..
        } = answer;
        let (msg_id, source) = stand_in_source(answer);
        let account = self.account(&push.account, *asked_at_ms).await?;
        let mut known = self
            .follower_or_new(account, follower, *asked_at_ms)
            .await?;
        let message = self.draw_id();
        query(
            "INSERT INTO messages (id, account_id, follower_id, previous_id, created_at, key, kind, msg_id, received_at_ms, source)
             VALUES ($1, $2, $3, $4, $5, $6, 'text', $7, $8, $9)",
        )
        .bind(message)
        .bind(account)
        .bind(known.id)
        .bind(not_0(known.latest.message))
        .bind(push.created_at)
        .bind(without_nul(push.key.as_str()))
        .bind(without_nul(msg_id))
        .bind(asked_at_ms)
        .bind(source)
        .execute(&mut *self.connection)
        .await?;
        known.latest = Latest {
            message,
            question: message,
        };
        self.noted(account, follower, &mut known, *asked_at_ms);
        Ok((message, known.id))
    }

    /// Belongs to the follower of its answer. Without that it would lead nowhere: it was forgotten, for example.
    async fn link(&mut self, link: &LinkRecord) -> Result<()> {
        query(
            "INSERT INTO links (id, follower_id, number, answer_id, step)
             SELECT $1, follower_id, $2, id, $4 FROM answers WHERE id = $3
             ON CONFLICT DO NOTHING",
        )
        .bind(bytes(link.id))
        // 0 for none: it could not be drawn while the journal was away.
        .bind(not_0(signed(link.number)))
        .bind(bytes(link.answer))
        .bind(i64::from(link.step))
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    /// The page that was fixed for this link, or for another one to the same part, if there is one.
    async fn fixed_page(&mut self, page: &PageRecord) -> Result<Instead> {
        let fixed = query(
            "SELECT page, fixed_at FROM links
             WHERE page IS NOT NULL AND (id = $1 OR (answer_id = $2 AND step = $3))
             ORDER BY id = $1 DESC LIMIT 1",
        )
        .bind(bytes(page.link))
        .bind(bytes(page.answer))
        .bind(i64::from(page.step))
        .fetch_optional(&mut *self.connection)
        .await?;
        fixed.as_ref().map(stored_reply).transpose()
    }

    /// Fixes the page behind a link. The answer moves only if it is still where the page begins.
    async fn page(&mut self, page: &PageRecord, fixed: Option<&(Reply, i64)>) -> Result<()> {
        let (shown, at) = fixed.map_or((&*page.reply, page.replied_at), |(reply, at)| (reply, *at));
        query("UPDATE links SET page = $2, fixed_at = $3 WHERE id = $1 AND page IS NULL")
            .bind(bytes(page.link))
            .bind(json(shown))
            .bind(at)
            .execute(&mut *self.connection)
            .await?;
        if fixed.is_some() {
            return Ok(());
        }
        let columns = ContentColumns::of(&page.content);
        query(
            "UPDATE answers SET state = $3, text = $4, shown_bytes = $5, reply = $6, step = step + 1
             WHERE id = $1 AND step = $2",
        )
        .bind(bytes(page.answer))
        .bind(i64::from(page.step))
        .bind(columns.state)
        .bind(columns.text.map(without_nul))
        .bind(columns.shown_bytes)
        .bind(columns.reply)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    async fn session(
        &mut self,
        account: &Str,
        follower: &OpenId,
        name: &str,
        value: Option<&str>,
        at_ms: i64,
    ) -> Result<()> {
        let follower = self
            .follower_unless_forgotten(account, follower, at_ms)
            .await?;
        let Some(follower) = follower else {
            return Ok(());
        };
        let statement = match value {
            Some(value) => query(
                "INSERT INTO sessions (follower_id, name, value, updated_at_ms) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (follower_id, name) DO UPDATE SET value = $3, updated_at_ms = $4",
            )
            .bind(follower)
            .bind(without_nul(name))
            .bind(without_nul(value))
            .bind(at_ms),
            None => query("DELETE FROM sessions WHERE follower_id = $1 AND name = $2")
                .bind(follower)
                .bind(without_nul(name)),
        };
        statement.execute(&mut *self.connection).await?;
        Ok(())
    }

    /// The page of an answer, unless that was forgotten, for example.
    async fn live_page(
        &mut self,
        hash: &[u8; 32],
        answer: Id,
        created_at_ms: i64,
        expires_at_ms: i64,
    ) -> Result<()> {
        query(
            "INSERT INTO pages (hash, answer_id, created_at_ms, expires_at_ms)
             SELECT $1, id, $3, $4 FROM answers WHERE id = $2
             ON CONFLICT DO NOTHING",
        )
        .bind(hash.to_vec())
        .bind(bytes(answer))
        .bind(created_at_ms)
        .bind(expires_at_ms)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    async fn take_up(&mut self, since_ms: i64) -> Result<Vec<Unfinished>> {
        let rows = query(UNFINISHED)
            .bind(since_ms)
            .bind(MAX_RUNS)
            .bind(self.first_id)
            .fetch_all(&mut *self.connection)
            .await?;
        let unfinished = rows
            .iter()
            .map(|row| Ok(unfinished_row!(row.try_get)))
            .collect::<std::result::Result<Vec<_>, sqlx::Error>>()?;
        let taken: Vec<i64> = unfinished.iter().map(|row| row.message).collect();
        query("UPDATE messages SET runs = runs + 1 WHERE id = ANY ($1)")
            .bind(&taken)
            .execute(&mut *self.connection)
            .await?;
        query(GIVE_UP)
            .bind(since_ms)
            .bind(MAX_RUNS)
            .bind(self.first_id)
            .bind(&taken)
            .execute(&mut *self.connection)
            .await?;
        Ok(unfinished
            .into_iter()
            .filter_map(UnfinishedRow::decode)
            .collect())
    }

    pub(super) fn draw_id(&mut self) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }
}

pub(super) fn query<'q>(sql: &'static str) -> Query<'q, Postgres, PgArguments> {
    sqlx::query(sql)
}

pub(super) fn scalar<'q, T>(sql: &'static str) -> QueryScalar<'q, Postgres, T, PgArguments>
where
    (T,): for<'r> sqlx::FromRow<'r, PgRow>,
{
    sqlx::query_scalar(sql)
}

/// Binds what names a push: see `push_is`.
trait OfPush<'q>: Sized {
    fn of_push(self, push: &'q PushId) -> Self;
}

impl<'q> OfPush<'q> for Query<'q, Postgres, PgArguments> {
    fn of_push(self, push: &'q PushId) -> Self {
        self.bind(push.created_at)
            .bind(without_nul(push.key.as_str()))
            .bind(without_nul(push.account.as_str()))
    }
}

/// A reply and its `CreateTime`, the first two columns.
fn stored_reply(row: &PgRow) -> Result<(Reply, i64)> {
    Ok((reply(row.try_get(0)?)?, row.try_get(1)?))
}

/// Texts of a bulk statement.
pub(super) type Texts<'a> = Vec<Cow<'a, str>>;
