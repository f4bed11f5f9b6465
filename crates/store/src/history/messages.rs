//! Messages, newest first: filtered, searched, one with all about it.

use std::collections::HashMap;
use std::time::Instant;

use echostr_protocol::{Message, OpenId, Reply};
use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::source::Source;
use super::{AnswerEntry, History, Page, failed, list, within};
use crate::Error;
use crate::db::{Db, reading};
use crate::search::{Query, Texts, account_term, kind_term};
use crate::value::{message, reply, unsigned};

/// How much later a message may have its number than one that came after it.
const DISORDER_MS: i64 = 60_000;

/// How near to a time its number is looked for.
const NEAR: i64 = 64;

/// How many whole messages are read at once, and how large a page may become.
const AT_ONCE: usize = 100;
const MAX_PAGE_BYTES: usize = 4 << 20;

/// Which messages; all that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct MessageFilter {
    /// Of this account, by its public id.
    pub account: Option<String>,
    /// Of this follower.
    pub follower: Option<OpenId>,
    /// Of this kind, in lower case.
    pub kind: Option<String>,
    /// Received at or after this time, Unix milliseconds.
    pub since_ms: Option<i64>,
    /// Received before this time, Unix milliseconds.
    pub until_ms: Option<i64>,
    /// Every run of letters or characters of it stands in what was written or replied.
    pub q: Option<String>,
    /// Older than this one, by its number in the journal.
    pub before: Option<i64>,
    /// At most so many, from 1 to [`MAX_LIMIT`](super::MAX_LIMIT).
    pub limit: u32,
}

/// A push and what was answered. As JSON it is all of it but the document.
#[derive(Debug, Clone, Serialize)]
pub struct MessageEntry {
    /// Its number in the journal.
    pub id: i64,
    /// The account's public id.
    pub account: String,
    /// Who sent it; empty when nobody did.
    pub follower: OpenId,
    /// The kind in lower case.
    pub kind: String,
    /// The push; nothing when it cannot be read any more.
    pub message: Option<Message>,
    /// The document as it came, in clear.
    #[serde(skip)]
    pub source: String,
    /// `CreateTime`, Unix seconds.
    pub created_at: i64,
    /// Unix milliseconds of the first delivery.
    pub received_at_ms: i64,
    /// What was replied, if anything was by now.
    pub reply: Option<Reply>,
    /// Unix seconds.
    pub replied_at: Option<i64>,
    /// Who answered.
    pub answered_by: Option<String>,
    /// To which delivery, from 1.
    pub delivery: Option<u32>,
    /// From the first delivery to the reply, milliseconds.
    pub latency_ms: Option<i64>,
    /// How many processes have worked on it.
    pub runs: u32,
}

/// One delivery of a push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryEntry {
    /// From 1.
    pub number: u32,
    /// Unix milliseconds.
    pub arrived_at_ms: i64,
    /// Unix milliseconds.
    pub ended_at_ms: i64,
    /// [`Ended::word`](echostr::journal::Ended::word).
    pub ended: String,
}

/// A message with all that belongs to it.
#[derive(Debug, Clone, Serialize)]
pub struct MessageDetail {
    /// The message.
    #[serde(flatten)]
    pub entry: MessageEntry,
    /// The document as it came, in clear.
    pub source: String,
    /// In the order of their ends.
    pub deliveries: Vec<DeliveryEntry>,
    /// Its answer, if that was saved on its own.
    pub answer: Option<AnswerEntry>,
    /// What of its answer was sent outside of replies, or was to be, in the order of time.
    pub sent: Vec<SentEntry>,
}

/// A message to a follower outside of replies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentEntry {
    /// Its number.
    pub id: i64,
    /// As the platform's `custom/send` takes it, without `touser`.
    pub message: serde_json::Value,
    /// Who wrote it.
    pub by: String,
    /// Unix milliseconds.
    pub sent_at_ms: i64,
    /// `sent`, `unsure` or `refused`: see [`SentOutcome`](echostr::journal::SentOutcome).
    pub outcome: String,
    /// Why it is not known to be sent.
    pub why: Option<String>,
}

/// The columns of [`entry`]; what follows `FROM` begins with `messages m`.
pub(super) const MESSAGES: &str = "SELECT m.id, a.public_id, coalesce(f.open_id, ''), m.kind, m.source, m.created_at, m.received_at_ms,
    m.reply, m.replied_at, m.answered_by, m.delivery, m.latency_ms, m.runs
    FROM messages m JOIN accounts a ON a.id = m.account_id LEFT JOIN followers f ON f.id = m.follower_id";

type MessageRow = (
    i64,
    String,
    String,
    String,
    String,
    i64,
    i64,
    Option<String>,
    Option<i64>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    i64,
);

pub(super) const DELIVERIES: &str = "SELECT number, arrived_at_ms, ended_at_ms, ended FROM deliveries WHERE message_id = $1 ORDER BY place";

type DeliveryRow = (i64, i64, i64, String);

pub(super) const SENT_OF_MESSAGE: &str =
    "SELECT id, message, sent_by, sent_at_ms, outcome, why FROM sent WHERE message_id = $1
    ORDER BY sent_at_ms, id";

/// The columns of [`SentEntry`].
pub(super) type SentRow = (i64, String, String, i64, String, Option<String>);

pub(super) const ANSWER_OF_MESSAGE: &str =
    "SELECT a.rowid FROM answers a WHERE a.message_id = $1 ORDER BY a.rowid LIMIT 1";

/// The first message from this number on.
pub(super) const FROM_NUMBER: &str =
    "SELECT id, received_at_ms FROM messages WHERE id >= $1 ORDER BY id LIMIT 1";

const LAST_NUMBER: &str = "SELECT coalesce(max(id), 0) FROM messages";

const FIRST_NUMBER: &str = "SELECT coalesce(min(id), 0) FROM messages";

const INDEXED_TO: &str = "SELECT coalesce(max(indexed_to), 0) FROM search_state WHERE version = $1";

/// A page that is being made.
pub(super) struct Search<'a> {
    filter: &'a MessageFilter,
    account: Option<i64>,
    query: Option<Query>,
    limit: usize,
    start: Instant,
    items: Vec<MessageEntry>,
    bytes: usize,
    // The last that was looked at.
    looked: Option<i64>,
}

/// Why looking has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The page is full, and there is more.
    Page,
    /// There is no more.
    Source,
    /// There may be more.
    Enough,
}

/// One message as a source knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Looked {
    pub(super) id: i64,
    pub(super) passes: bool,
}

impl History {
    /// Messages, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn messages(&self, filter: &MessageFilter) -> Result<Page<MessageEntry>, Error> {
        let query = match &filter.q {
            None => None,
            Some(q) => match Query::new(q) {
                // Nothing has what was asked for.
                None => return Ok(Page::empty()),
                query => query,
            },
        };
        let Some(account) = self.account_of(filter.account.as_deref()).await? else {
            return Ok(Page::empty());
        };
        let mut search = Search {
            filter,
            account,
            query,
            limit: within(filter.limit),
            start: Instant::now(),
            items: Vec::new(),
            bytes: 0,
            looked: None,
        };
        let before = filter.before.unwrap_or(i64::MAX);
        let (low, high) = self.span(filter).await?;
        let high = high.min(before);
        if let Some(open_id) = &filter.follower {
            return self.of_follower(search, open_id, before, low).await;
        }
        // What is rare is asked for by its kind, the rest as it stands in the journal.
        let rare = filter.kind.as_deref().filter(|kind| *kind != "text");
        let source = |low, high| match (rare, account) {
            (Some(kind), _) => Source::of_kind(kind, low, high),
            (None, Some(account)) => Source::of_account(account, low, high),
            (None, None) => Source::all(low, high),
        };
        let Some(query) = &search.query else {
            let end = self
                .look(&mut search, source(low, high), self.bounds.look)
                .await?;
            return Ok(search.page(end));
        };
        let mut terms = query.terms();
        terms.extend(account.map(account_term));
        terms.extend(filter.kind.as_deref().and_then(kind_term));
        let newest = source(low, high);
        match self.look(&mut search, newest, self.bounds.newest).await? {
            End::Enough if search.bytes < MAX_PAGE_BYTES => {}
            end => return Ok(search.page(end)),
        }
        let mut looked = search.looked.unwrap_or(high);
        // What came lately is not in the index yet.
        let indexed = self.indexed_to().await?.saturating_add(1);
        if looked > indexed && indexed > low {
            let lately = source(indexed, looked);
            match self.look(&mut search, lately, self.bounds.look).await? {
                End::Source => looked = indexed,
                end => return Ok(search.page(end)),
            }
        }
        let found = Source::of_terms(terms, low, looked.min(indexed));
        let end = self.look(&mut search, found, self.bounds.hits).await?;
        Ok(search.page(end))
    }

    /// One message with its deliveries, its answer and what was sent of that.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn message(&self, id: i64) -> Result<Option<MessageDetail>, Error> {
        let Some(entry) = self.entries(&[id]).await?.remove(&id) else {
            return Ok(None);
        };
        self.detail(entry).await.map(Some)
    }

    /// Looks at what a source has until the page is full, the source at its end, or it has been enough.
    async fn look(
        &self,
        search: &mut Search<'_>,
        mut source: Source,
        budget: usize,
    ) -> Result<End, Error> {
        let mut left = budget;
        // The first look is short: most pages need no second one.
        let mut want = search.limit + 1;
        while left > 0 {
            let looked = source.next(&self.db, want.min(left), search).await?;
            left -= looked.rows.len().min(left);
            let mut rows = &looked.rows[..];
            while !rows.is_empty() {
                let (now, later) = rows.split_at(search.batch(rows));
                let ids: Vec<_> = passing(now).collect();
                let mut entries = self.entries(&ids).await?;
                for row in now {
                    if let Some(entry) = entries.remove(&row.id)
                        && search.matches(&entry)
                    {
                        if search.items.len() == search.limit {
                            return Ok(End::Page);
                        }
                        search.bytes += 2 * entry.source.len();
                        search.items.push(entry);
                    }
                    search.looked = Some(row.id);
                    if search.bytes >= MAX_PAGE_BYTES {
                        return Ok(End::Enough);
                    }
                }
                rows = later;
            }
            match looked.to {
                None => return Ok(End::Source),
                to => search.looked = to,
            }
            if search.start.elapsed() > self.bounds.patience {
                break;
            }
            want = (want * 3).min(1500);
        }
        Ok(End::Enough)
    }

    /// Those of one OpenID, along the chain. It may be known to several accounts; then the pages of each are put together.
    async fn of_follower(
        &self,
        mut search: Search<'_>,
        open_id: &OpenId,
        before: i64,
        low: i64,
    ) -> Result<Page<MessageEntry>, Error> {
        let followers = self.followers_of(search.account, open_id).await?;
        let mut items = Vec::new();
        let mut cut = None;
        for follower in followers {
            let source = Source::of_follower(follower, low, before);
            let end = self
                .look(&mut search, source, self.bounds.look.div_ceil(2))
                .await?;
            let page = search.take_page(end);
            items.extend(page.items);
            // Below this something may be missing.
            cut = cut.max(page.next);
        }
        items.sort_by_key(|entry: &MessageEntry| std::cmp::Reverse(entry.id));
        let n_whole = items
            .iter()
            .take_while(|entry| Some(entry.id) >= cut)
            .count();
        let is_cut = n_whole > search.limit;
        items.truncate(n_whole.min(search.limit));
        let next = match items.last() {
            Some(last) if is_cut => Some(last.id),
            _ => cut,
        };
        Ok(Page { items, next })
    }

    /// From which number to before which a time may be found. Numbers are in the order of arrival, but for some seconds: a
    /// push is written when it is answered.
    async fn span(&self, filter: &MessageFilter) -> Result<(i64, i64), Error> {
        let low = match filter.since_ms {
            None => i64::MIN,
            Some(since) => self.around(since.saturating_sub(DISORDER_MS)).await?.0,
        };
        let high = match filter.until_ms {
            None => i64::MAX,
            Some(until) => self.around(until.saturating_add(DISORDER_MS)).await?.1,
        };
        Ok((low, high))
    }

    /// Two numbers, near each other: what is before the first was received before this time, what is after the second at it or
    /// later.
    async fn around(&self, at_ms: i64) -> Result<(i64, i64), Error> {
        let (mut low, mut high) = (
            self.number(FIRST_NUMBER).await?,
            self.number(LAST_NUMBER).await? + 1,
        );
        // When they were received, as far as that is known.
        let (mut low_ms, mut high_ms) = (None, None);
        let mut is_guess = true;
        while high - low > NEAR {
            let middle = low + (high - low) / 2;
            // Messages come evenly for a while: that is tried in turns with halving.
            let probe = match (low_ms, high_ms) {
                (Some(first), Some(last)) if is_guess && last > first => {
                    let share = i128::from(at_ms - first) * i128::from(high - low);
                    let guess = i128::from(low) + share / i128::from(last - first);
                    i64::try_from(guess)
                        .unwrap_or(middle)
                        .clamp(low + 1, high - 1)
                }
                _ => middle,
            };
            is_guess = !is_guess;
            let row: Option<(i64, i64)> = reading!(&self.db, pool => {
                sqlx::query_as(FROM_NUMBER).bind(probe).fetch_optional(pool).await
            })
            .map_err(|source| failed("read when messages came", source))?;
            match row {
                Some((id, received_at_ms)) if received_at_ms < at_ms => {
                    (low, low_ms) = (id.max(probe) + 1, Some(received_at_ms));
                }
                Some((_, received_at_ms)) => (high, high_ms) = (probe, Some(received_at_ms)),
                None => high = probe,
            }
        }
        Ok((low, high.max(low)))
    }

    async fn number(&self, sql: &'static str) -> Result<i64, Error> {
        reading!(&self.db, pool => sqlx::query_scalar(sql).fetch_one(pool).await)
            .map_err(|source| failed("read the number of a message", source))
    }

    async fn indexed_to(&self) -> Result<i64, Error> {
        reading!(&self.db, pool => {
            sqlx::query_scalar(INDEXED_TO).bind(crate::search::VERSION).fetch_one(pool).await
        })
        .map_err(|source| failed("read how far messages can be searched", source))
    }

    /// Whole messages by their numbers.
    async fn entries(&self, ids: &[i64]) -> Result<HashMap<i64, MessageEntry>, Error> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Result<Vec<MessageRow>, _> = match &self.db {
            Db::Sqlite { readers, .. } => {
                let sql = format!("{MESSAGES} WHERE m.id IN ({})", list(ids));
                let query = sqlx::query_as(AssertSqlSafe(sql)).persistent(false);
                query.fetch_all(readers).await
            }
            // A plan that is made once.
            Db::Postgres(pool, _) => {
                let sql = format!("{MESSAGES} WHERE m.id = ANY ($1)");
                sqlx::query_as(AssertSqlSafe(sql))
                    .bind(ids)
                    .fetch_all(pool)
                    .await
            }
        };
        let rows = rows.map_err(|source| failed("read messages", source))?;
        let entries = rows.into_iter().map(message_entry);
        Ok(entries.map(|entry| (entry.id, entry)).collect())
    }

    pub(super) async fn detail(&self, entry: MessageEntry) -> Result<MessageDetail, Error> {
        let rows: Vec<DeliveryRow> = reading!(&self.db, pool => {
            sqlx::query_as(DELIVERIES).bind(entry.id).fetch_all(pool).await
        })
        .map_err(|source| failed("read deliveries", source))?;
        let deliveries = rows
            .into_iter()
            .map(|(number, arrived, ended_at, ended)| DeliveryEntry {
                number: unsigned(number),
                arrived_at_ms: arrived,
                ended_at_ms: ended_at,
                ended,
            });
        let place: Option<i64> = reading!(&self.db, pool => {
            sqlx::query_scalar(ANSWER_OF_MESSAGE).bind(entry.id).fetch_optional(pool).await
        })
        .map_err(|source| failed("read the answer to a message", source))?;
        let places: Vec<_> = place.into_iter().collect();
        let sent: Vec<SentRow> = reading!(&self.db, pool => {
            sqlx::query_as(SENT_OF_MESSAGE).bind(entry.id).fetch_all(pool).await
        })
        .map_err(|source| failed("read what was sent", source))?;
        Ok(MessageDetail {
            deliveries: deliveries.collect(),
            source: entry.source.clone(),
            answer: self.answer_entries(&places).await?.pop(),
            sent: sent.into_iter().map(SentEntry::of).collect(),
            entry,
        })
    }
}

impl SentEntry {
    pub(super) fn of(row: SentRow) -> Self {
        let (id, message, by, sent_at_ms, outcome, why) = row;
        Self {
            id,
            message: serde_json::from_str(&message).unwrap_or_default(),
            by,
            sent_at_ms,
            outcome,
            why,
        }
    }
}

impl MessageEntry {
    /// All of it but the document as one JSON object, on one line.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("it has only texts and numbers in it")
    }
}

impl Search<'_> {
    /// Whether every message is to be read whole.
    pub(super) fn passes_all(&self) -> bool {
        let MessageFilter {
            kind,
            since_ms,
            until_ms,
            ..
        } = self.filter;
        self.account.is_none() && kind.is_none() && since_ms.is_none() && until_ms.is_none()
    }

    /// Whether a message is to be read whole.
    pub(super) fn passes(&self, account: i64, kind: &str, received_at_ms: i64) -> bool {
        self.account.is_none_or(|wanted| wanted == account) && self.fits(kind, received_at_ms)
    }

    fn fits(&self, kind: &str, received_at_ms: i64) -> bool {
        let MessageFilter {
            kind: wanted,
            since_ms,
            until_ms,
            ..
        } = self.filter;
        wanted.as_deref().is_none_or(|wanted| wanted == kind)
            && since_ms.is_none_or(|since| received_at_ms >= since)
            && until_ms.is_none_or(|until| received_at_ms < until)
    }

    fn matches(&self, entry: &MessageEntry) -> bool {
        let account = self.filter.account.as_ref();
        account.is_none_or(|account| *account == entry.account)
            && self.fits(&entry.kind, entry.received_at_ms)
            && self
                .query
                .as_ref()
                .is_none_or(|query| query.matches(&Texts::of(&entry.source, entry.reply.as_ref())))
    }

    /// How many of these rows are read at once.
    fn batch(&self, rows: &[Looked]) -> usize {
        let wanted = match self.query {
            None => (self.limit + 1 - self.items.len()).min(AT_ONCE),
            Some(_) => AT_ONCE,
        };
        let mut n_passing = 0;
        let first_too_many = rows.iter().position(|row| {
            n_passing += usize::from(row.passes);
            n_passing > wanted
        });
        first_too_many.unwrap_or(rows.len())
    }

    fn page(mut self, end: End) -> Page<MessageEntry> {
        self.take_page(end)
    }

    fn take_page(&mut self, end: End) -> Page<MessageEntry> {
        self.bytes = 0;
        let looked = self.looked.take();
        Page {
            items: std::mem::take(&mut self.items),
            next: looked.filter(|_| end != End::Source),
        }
    }
}

fn passing(rows: &[Looked]) -> impl Iterator<Item = i64> {
    rows.iter().filter(|row| row.passes).map(|row| row.id)
}

fn message_entry(row: MessageRow) -> MessageEntry {
    MessageEntry {
        id: row.0,
        account: row.1,
        follower: row.2.into(),
        kind: row.3,
        message: message(&row.4).ok(),
        source: row.4,
        created_at: row.5,
        received_at_ms: row.6,
        reply: row.7.and_then(|json| reply(&json).ok()),
        replied_at: row.8,
        answered_by: row.9,
        delivery: row.10.map(unsigned),
        latency_ms: row.11,
        runs: unsigned(row.12),
    }
}
