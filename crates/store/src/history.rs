//! [`History`]: the journal as people read it: page by page, filtered, searched, and all of one follower at once.
//!
//! A page costs a bounded amount of work. When a filter matches rarely, it comes back short, with the place to go on from.

mod export;
mod source;

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use echostr::journal::{Content, FollowerRecord, Id, PushId, SavedAnswer};
use echostr_protocol::{Key, Message, OpenId, Reply};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use sqlx::AssertSqlSafe;

use self::source::Source;
use crate::Error;
use crate::db::{Db, reading};
use crate::search::{Query, Texts, account_term, kind_term};
use crate::value::{bytes, content, id, message, now_ms, reply, signed, unsigned};

pub use self::export::Export;

/// The most that a page holds.
pub const MAX_LIMIT: u32 = 200;

/// How many rows one request looks at, at the most, and of those that the index of terms has found.
const MAX_LOOK: usize = 5000;
const MAX_HITS: usize = 1500;

/// How many of the newest are looked at before the index of terms is asked: what stands in nearly every one is found by them.
const NEWEST: usize = 60;

/// How long a request may look; then its page is as long as it is.
const PATIENCE: Duration = Duration::from_millis(100);

/// How much later a message may have its number than one that came after it.
const DISORDER_MS: i64 = 60_000;

/// How near to a time its number is looked for.
const NEAR: i64 = 64;

/// How many whole messages are read at once, and how large a page may become.
const AT_ONCE: usize = 100;
const MAX_PAGE_BYTES: usize = 4 << 20;

/// The journal, to be read by people. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct History {
    db: Db,
    bounds: Bounds,
}

/// How much one request does.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    look: usize,
    hits: usize,
    newest: usize,
    patience: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            look: MAX_LOOK,
            hits: MAX_HITS,
            newest: NEWEST,
            patience: PATIENCE,
        }
    }
}

/// Some of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page<T, C = i64> {
    /// Perhaps fewer than were asked for, even none, when more follow.
    pub items: Vec<T>,
    /// What to give as `before` for those that follow; nothing at the end.
    pub next: Option<C>,
}

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
    /// At most so many, from 1 to [`MAX_LIMIT`].
    pub limit: u32,
}

/// Which answers; all that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct AnswerFilter {
    /// Of this account, by its public id.
    pub account: Option<String>,
    /// Of this follower.
    pub follower: Option<OpenId>,
    /// Also those that were read to the end, failed or expired.
    pub all: bool,
    /// Older than this one, by its place.
    pub before: Option<i64>,
    /// At most so many, from 1 to [`MAX_LIMIT`].
    pub limit: u32,
}

/// Which followers.
#[derive(Debug, Clone, Default)]
pub struct FollowerFilter {
    /// Of this account, by its public id.
    pub account: Option<String>,
    /// Seen before this one.
    pub before: Option<SeenBefore>,
    /// At most so many, from 1 to [`MAX_LIMIT`].
    pub limit: u32,
}

/// A place in the list of followers. As text `1795000000000-12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenBefore {
    last_seen_at_ms: i64,
    id: i64,
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
}

/// An answer that was not wholly delivered. As JSON it is one flat object.
#[derive(Debug, Clone)]
pub struct AnswerEntry {
    /// Its place among all answers, in the order in which they came.
    pub place: i64,
    /// The number of its message in the journal.
    pub message: i64,
    /// The answer.
    pub answer: SavedAnswer,
    /// Its live page, if it has one: the one that ends last.
    pub page: Option<PageTimes>,
}

/// Until when an answer can be read on its live page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PageTimes {
    /// Unix milliseconds.
    pub created_at_ms: i64,
    /// Unix milliseconds.
    pub expires_at_ms: i64,
    /// Unix milliseconds.
    pub revoked_at_ms: Option<i64>,
}

/// A follower.
#[derive(Debug, Clone)]
pub struct FollowerEntry {
    /// The account's public id.
    pub account: String,
    /// The follower.
    pub open_id: OpenId,
    /// What is known of them.
    pub record: FollowerRecord,
}

impl MessageEntry {
    /// All of it but the document as one JSON object, on one line.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("it has only texts and numbers in it")
    }
}

impl AnswerEntry {
    /// The id as the API has it: 32 hexadecimal digits.
    pub fn id_text(id: Id) -> String {
        format!("{id:032x}")
    }

    /// The id in such a text.
    pub fn id_of(text: &str) -> Option<Id> {
        let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| Id::from_str_radix(text, 16).ok()).flatten()
    }
}

impl Serialize for AnswerEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let answer = &self.answer;
        let (state, text, shown_bytes, reply) = match &answer.content {
            Content::Running => ("running", None, None, None),
            Content::Text { text, shown_bytes } => ("text", Some(text), Some(shown_bytes), None),
            Content::Other(reply) => ("other", None, None, Some(reply)),
            Content::Failed => ("failed", None, None, None),
            Content::Read => ("read", None, None, None),
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &Self::id_text(answer.id))?;
        map.serialize_entry("place", &self.place)?;
        map.serialize_entry("message", &self.message)?;
        map.serialize_entry("account", answer.push.account.as_str())?;
        map.serialize_entry("follower", &answer.follower)?;
        map.serialize_entry("question", &answer.question)?;
        map.serialize_entry("asked_at_ms", &answer.asked_at_ms)?;
        map.serialize_entry("expires_at_ms", &answer.expires_at_ms)?;
        map.serialize_entry("state", state)?;
        map.serialize_entry("text", &text)?;
        map.serialize_entry("shown_bytes", &shown_bytes)?;
        map.serialize_entry("reply", &reply)?;
        map.serialize_entry("step", &answer.step)?;
        map.serialize_entry("is_overtaken", &answer.is_overtaken)?;
        map.serialize_entry("page", &self.page)?;
        map.end()
    }
}

impl Serialize for FollowerEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("account", &self.account)?;
        map.serialize_entry("follower", &self.open_id)?;
        map.serialize_entry("first_seen_at_ms", &self.record.first_seen_at_ms)?;
        map.serialize_entry("last_seen_at_ms", &self.record.last_seen_at_ms)?;
        map.serialize_entry("followed_at_ms", &self.record.followed_at_ms)?;
        map.serialize_entry("unfollowed_at_ms", &self.record.unfollowed_at_ms)?;
        map.serialize_entry("source", &self.record.source)?;
        map.end()
    }
}

impl fmt::Display for SeenBefore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.last_seen_at_ms, self.id)
    }
}

impl Serialize for SeenBefore {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for SeenBefore {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (last_seen, id) = text.rsplit_once('-').ok_or(NoPlace)?;
        Ok(Self {
            last_seen_at_ms: last_seen.parse().map_err(|_| NoPlace)?,
            id: id.parse().map_err(|_| NoPlace)?,
        })
    }
}

/// A text that is no [`SeenBefore`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no place in the list of followers: give the `next` of the page before")]
pub struct NoPlace;

/// The columns of [`entry`]; what follows `FROM` begins with `messages m`.
const MESSAGES: &str = "SELECT m.id, a.public_id, coalesce(f.open_id, ''), m.kind, m.source, m.created_at, m.received_at_ms,
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

const DELIVERIES: &str = "SELECT number, arrived_at_ms, ended_at_ms, ended FROM deliveries WHERE message_id = $1 ORDER BY place";

type DeliveryRow = (i64, i64, i64, String);

/// The columns of [`answer_entry`].
const ANSWERS: &str =
    "SELECT a.rowid, a.message_id, a.id, a.question, a.asked_at_ms, a.expires_at_ms, a.state, a.text,
    a.shown_bytes, a.reply, a.step, account.public_id, f.open_id, m.source, m.created_at,
    coalesce((SELECT question_id FROM latest WHERE follower_id = f.id), 0) > m.id
    FROM answers a JOIN messages m ON m.id = a.message_id JOIN followers f ON f.id = a.follower_id
    JOIN accounts account ON account.id = f.account_id";

type AnswerRow = (
    i64,
    i64,
    Vec<u8>,
    String,
    i64,
    i64,
    String,
    Option<String>,
    Option<i64>,
    Option<String>,
    i64,
    String,
    String,
    String,
    i64,
    bool,
);

/// So many answers are looked at; those that are shown, the last of all, and how many that were. `WHOSE` may be a further
/// condition.
const ANSWERS_IN_ORDER: &str = "WITH looked AS MATERIALIZED (
        SELECT a.rowid AS place, a.follower_id, a.state, a.expires_at_ms FROM answers a
        WHERE a.rowid < $1 WHOSE ORDER BY a.rowid DESC LIMIT $2
    )
    SELECT looked.place, f.account_id, $4 OR (looked.expires_at_ms > $3 AND looked.state IN ('running', 'text', 'other')),
        (SELECT count(*) FROM looked)
    FROM looked JOIN followers f ON f.id = looked.follower_id
    WHERE $4 OR (looked.expires_at_ms > $3 AND looked.state IN ('running', 'text', 'other'))
        OR looked.place = (SELECT min(place) FROM looked)
    ORDER BY looked.place DESC";

const ANSWER_OF_MESSAGE: &str =
    "SELECT a.rowid FROM answers a WHERE a.message_id = $1 ORDER BY a.rowid LIMIT 1";
const ANSWER_BY_ID: &str = "SELECT a.rowid FROM answers a WHERE a.id = $1";

const PAGE_OF_ANSWER: &str =
    "SELECT created_at_ms, expires_at_ms, revoked_at_ms FROM pages WHERE answer_id = $1
    ORDER BY revoked_at_ms IS NULL DESC, expires_at_ms DESC LIMIT 1";

const FOLLOWERS_IN_ORDER: &str = "SELECT id, account_id, last_seen_at_ms FROM followers
    WHERE (last_seen_at_ms, id) < ($1, $2) ORDER BY last_seen_at_ms DESC, id DESC LIMIT $3";

/// The columns of [`follower_entry`].
const FOLLOWERS: &str = "SELECT f.id, f.account_id, a.public_id, f.open_id, f.first_seen_at_ms, f.last_seen_at_ms,
    f.followed_at_ms, f.unfollowed_at_ms, f.source, f.last_number FROM followers f JOIN accounts a ON a.id = f.account_id";

const ONE_FOLLOWER: &str = "SELECT f.id, f.account_id, a.public_id, f.open_id, f.first_seen_at_ms, f.last_seen_at_ms,
    f.followed_at_ms, f.unfollowed_at_ms, f.source, f.last_number
    FROM followers f JOIN accounts a ON a.id = f.account_id WHERE a.public_id = $1 AND f.open_id = $2";

type FollowerRow = (
    i64,
    i64,
    String,
    String,
    i64,
    i64,
    Option<i64>,
    Option<i64>,
    Option<String>,
    i64,
);

/// Of any account: each has OpenIDs of its own, but who asks may not know it.
const FOLLOWERS_OF_OPEN_ID: &str = "SELECT f.id, a.id FROM accounts a CROSS JOIN followers f
    WHERE f.account_id = a.id AND f.open_id = $1 LIMIT 8";

const ACCOUNT: &str = "SELECT id FROM accounts WHERE public_id = $1";

/// The first message from this number on.
const FROM_NUMBER: &str =
    "SELECT id, received_at_ms FROM messages WHERE id >= $1 ORDER BY id LIMIT 1";
const LAST_NUMBER: &str = "SELECT coalesce(max(id), 0) FROM messages";
const FIRST_NUMBER: &str = "SELECT coalesce(min(id), 0) FROM messages";

const INDEXED_TO: &str = "SELECT coalesce(max(indexed_to), 0) FROM search_state WHERE version = $1";

impl History {
    /// Of this database.
    pub fn new(db: Db) -> Self {
        Self {
            db,
            bounds: Bounds::default(),
        }
    }

    /// Whether anything of this account is here, by its public id.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn knows_account(&self, account: &str) -> Result<bool, Error> {
        Ok(self.account(account).await?.is_some())
    }

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

    /// One message with its deliveries and its answer.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn message(&self, id: i64) -> Result<Option<MessageDetail>, Error> {
        let Some(entry) = self.entries(&[id]).await?.remove(&id) else {
            return Ok(None);
        };
        self.detail(entry).await.map(Some)
    }

    /// Answers that were not wholly delivered, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn answers(&self, filter: &AnswerFilter) -> Result<Page<AnswerEntry>, Error> {
        let Some(account) = self.account_of(filter.account.as_deref()).await? else {
            return Ok(Page::empty());
        };
        let followers = match &filter.follower {
            None => None,
            Some(open_id) => match self.followers_of(account, open_id).await? {
                none if none.is_empty() => return Ok(Page::empty()),
                known => Some(known),
            },
        };
        let (limit, now) = (within(filter.limit), now_ms());
        let mut shown = Vec::new();
        let mut looked = filter.before.unwrap_or(i64::MAX);
        let (mut want, mut left) = (limit + 1, self.bounds.look);
        let mut next = None;
        'look: while left > 0 {
            want = want.min(left);
            let rows = self
                .answers_in_order(followers.as_deref(), looked, want, now, filter.all)
                .await?;
            let n_looked = rows.first().map_or(0, |row| unsigned(row.3));
            left -= left.min(n_looked);
            for (place, in_account, is_shown, _) in rows {
                if is_shown && account.is_none_or(|account| account == in_account) {
                    if shown.len() == limit {
                        next = Some(looked);
                        break 'look;
                    }
                    shown.push(place);
                }
                looked = place;
            }
            if n_looked < want {
                next = None;
                break;
            }
            next = Some(looked);
            want = (want * 3).min(1500);
        }
        Ok(Page {
            items: self.answer_entries(&shown).await?,
            next,
        })
    }

    /// One answer.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn answer(&self, id: Id) -> Result<Option<AnswerEntry>, Error> {
        let id = bytes(id).to_vec();
        let place: Option<i64> = reading!(&self.db, pool => {
            sqlx::query_scalar(ANSWER_BY_ID).bind(id).fetch_optional(pool).await
        })
        .map_err(|source| failed("read an answer", source))?;
        let places: Vec<_> = place.into_iter().collect();
        Ok(self.answer_entries(&places).await?.pop())
    }

    /// Followers, those seen last first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn followers(
        &self,
        filter: &FollowerFilter,
    ) -> Result<Page<FollowerEntry, SeenBefore>, Error> {
        let Some(account) = self.account_of(filter.account.as_deref()).await? else {
            return Ok(Page::empty());
        };
        let limit = within(filter.limit);
        let mut looked = filter.before.unwrap_or(SeenBefore {
            last_seen_at_ms: i64::MAX,
            id: i64::MAX,
        });
        let mut shown: Vec<i64> = Vec::new();
        let (mut want, mut left) = (limit + 1, self.bounds.look);
        let mut next = None;
        'look: while left > 0 {
            want = want.min(left);
            let count = signed(want as u64);
            let rows: Vec<(i64, i64, i64)> = reading!(&self.db, pool => {
                sqlx::query_as(FOLLOWERS_IN_ORDER)
                    .bind(looked.last_seen_at_ms)
                    .bind(looked.id)
                    .bind(count)
                    .fetch_all(pool)
                    .await
            })
            .map_err(|source| failed("read followers", source))?;
            let is_end = rows.len() < want;
            left -= rows.len().min(left);
            for (id, in_account, last_seen_at_ms) in rows {
                if account.is_none_or(|account| account == in_account) {
                    if shown.len() == limit {
                        next = Some(looked);
                        break 'look;
                    }
                    shown.push(id);
                }
                looked = SeenBefore {
                    last_seen_at_ms,
                    id,
                };
            }
            if is_end {
                next = None;
                break;
            }
            next = Some(looked);
            want = (want * 3).min(1500);
        }
        let items = self.follower_entries(&shown).await?;
        Ok(Page { items, next })
    }

    /// Followers by their numbers, in this order.
    async fn follower_entries(&self, ids: &[i64]) -> Result<Vec<FollowerEntry>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!("{FOLLOWERS} WHERE f.id IN ({})", list(ids));
        let mut rows: Vec<FollowerRow> = reading!(&self.db, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).persistent(false).fetch_all(pool).await
        })
        .map_err(|source| failed("read followers", source))?;
        rows.sort_by_key(|row| ids.iter().position(|id| *id == row.0));
        Ok(rows.into_iter().map(follower_entry).collect())
    }

    /// One follower.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn follower(
        &self,
        account: &str,
        open_id: &OpenId,
    ) -> Result<Option<FollowerEntry>, Error> {
        let row = self.follower_row(account, open_id).await?;
        Ok(row.map(follower_entry))
    }

    /// Everything about a follower; nothing when they are not known.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn export(&self, account: &str, open_id: &OpenId) -> Result<Option<Export>, Error> {
        let row = self.follower_row(account, open_id).await?;
        Ok(row.map(|row| Export::new(self.clone(), row.0, follower_entry(row))))
    }

    async fn follower_row(
        &self,
        account: &str,
        open_id: &OpenId,
    ) -> Result<Option<FollowerRow>, Error> {
        let (account, open_id) = (self.db.text(account), self.db.text(open_id.as_str()));
        reading!(&self.db, pool => {
            sqlx::query_as(ONE_FOLLOWER).bind(&*account).bind(&*open_id).fetch_optional(pool).await
        })
        .map_err(|source| failed("read a follower", source))
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

    /// The account's number, for all of them `Some(None)`; nothing when it is not known.
    async fn account_of(&self, account: Option<&str>) -> Result<Option<Option<i64>>, Error> {
        match account {
            None => Ok(Some(None)),
            Some(account) => Ok(self.account(account).await?.map(Some)),
        }
    }

    async fn account(&self, public_id: &str) -> Result<Option<i64>, Error> {
        let public_id = self.db.text(public_id);
        reading!(&self.db, pool => {
            sqlx::query_scalar(ACCOUNT).bind(&*public_id).fetch_optional(pool).await
        })
        .map_err(|source| failed("read an account", source))
    }

    async fn followers_of(
        &self,
        account: Option<i64>,
        open_id: &OpenId,
    ) -> Result<Vec<i64>, Error> {
        let open_id = self.db.text(open_id.as_str());
        let rows: Vec<(i64, i64)> = reading!(&self.db, pool => {
            sqlx::query_as(FOLLOWERS_OF_OPEN_ID).bind(&*open_id).fetch_all(pool).await
        })
        .map_err(|source| failed("read a follower", source))?;
        let wanted = rows
            .into_iter()
            .filter(|(_, of)| account.is_none_or(|account| account == *of));
        Ok(wanted.map(|(id, _)| id).collect())
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

    async fn detail(&self, entry: MessageEntry) -> Result<MessageDetail, Error> {
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
        Ok(MessageDetail {
            deliveries: deliveries.collect(),
            source: entry.source.clone(),
            answer: self.answer_entries(&places).await?.pop(),
            entry,
        })
    }

    async fn answers_in_order(
        &self,
        followers: Option<&[i64]>,
        before: i64,
        count: usize,
        now_ms: i64,
        all: bool,
    ) -> Result<Vec<(i64, i64, bool, i64)>, Error> {
        let whose =
            followers.map(|followers| format!("AND a.follower_id IN ({})", list(followers)));
        let sql = ANSWERS_IN_ORDER.replace("WHOSE", &whose.unwrap_or_default());
        let count = signed(count as u64);
        reading!(&self.db, pool => {
            sqlx::query_as(AssertSqlSafe(sql))
                .persistent(followers.is_none())
                .bind(before)
                .bind(count)
                .bind(now_ms)
                .bind(all)
                .fetch_all(pool)
                .await
        })
        .map_err(|source| failed("read answers", source))
    }

    /// Whole answers by their places, newest first. One that cannot be read any more is left out.
    async fn answer_entries(&self, places: &[i64]) -> Result<Vec<AnswerEntry>, Error> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "{ANSWERS} WHERE a.rowid IN ({}) ORDER BY a.rowid DESC",
            list(places)
        );
        let rows: Vec<AnswerRow> = reading!(&self.db, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).persistent(false).fetch_all(pool).await
        })
        .map_err(|source| failed("read answers", source))?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            let id = row.2.clone();
            let Some(mut entry) = answer_entry(row) else {
                continue;
            };
            let page: Option<(i64, i64, Option<i64>)> = reading!(&self.db, pool => {
                sqlx::query_as(PAGE_OF_ANSWER).bind(id).fetch_optional(pool).await
            })
            .map_err(|source| failed("read the page of an answer", source))?;
            entry.page = page.map(|(created_at_ms, expires_at_ms, revoked_at_ms)| PageTimes {
                created_at_ms,
                expires_at_ms,
                revoked_at_ms,
            });
            entries.push(entry);
        }
        Ok(entries)
    }
}

/// A page that is being made.
struct Search<'a> {
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
enum End {
    /// The page is full, and there is more.
    Page,
    /// There is no more.
    Source,
    /// There may be more.
    Enough,
}

/// One message as a source knows it.
#[derive(Debug, Clone, Copy)]
struct Looked {
    id: i64,
    passes: bool,
}

impl Search<'_> {
    /// Whether every message is to be read whole.
    fn passes_all(&self) -> bool {
        let MessageFilter {
            kind,
            since_ms,
            until_ms,
            ..
        } = self.filter;
        self.account.is_none() && kind.is_none() && since_ms.is_none() && until_ms.is_none()
    }

    /// Whether a message is to be read whole.
    fn passes(&self, account: i64, kind: &str, received_at_ms: i64) -> bool {
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

impl<T, C> Page<T, C> {
    fn empty() -> Self {
        Self {
            items: Vec::new(),
            next: None,
        }
    }
}

fn passing(rows: &[Looked]) -> impl Iterator<Item = i64> {
    rows.iter().filter(|row| row.passes).map(|row| row.id)
}

fn within(limit: u32) -> usize {
    limit.clamp(1, MAX_LIMIT) as usize
}

fn list(numbers: &[i64]) -> String {
    let texts: Vec<_> = numbers.iter().map(i64::to_string).collect();
    texts.join(", ")
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

fn answer_entry(row: AnswerRow) -> Option<AnswerEntry> {
    let push = message(&row.13).ok()?;
    Some(AnswerEntry {
        place: row.0,
        message: row.1,
        answer: SavedAnswer {
            id: id(&row.2),
            push: PushId {
                account: row.11.into(),
                key: Key::of(&push),
                created_at: row.14,
            },
            follower: row.12.into(),
            question: row.3,
            is_overtaken: row.15,
            asked_at_ms: row.4,
            expires_at_ms: row.5,
            content: content(&row.6, row.7, row.8, row.9.as_deref()).ok()?,
            step: unsigned(row.10),
            // `page` says more.
            has_page: false,
            written: None,
        },
        page: None,
    })
}

fn follower_entry(row: FollowerRow) -> FollowerEntry {
    FollowerEntry {
        account: row.2,
        open_id: row.3.into(),
        record: FollowerRecord {
            first_seen_at_ms: row.4,
            last_seen_at_ms: row.5,
            followed_at_ms: row.6,
            unfollowed_at_ms: row.7,
            source: row.8,
            last_number: unsigned(row.9),
        },
    }
}

fn failed(doing: &'static str, source: sqlx::Error) -> Error {
    Error::Database { doing, source }
}

#[cfg(test)]
mod tests {
    use rusqlite::params;
    use tempfile::TempDir;

    use super::*;
    use crate::value::plan;
    use crate::{FILE_NAME, Place, Retention, SqlJournal};

    #[test]
    fn nothing_is_read_through_a_whole_table() {
        for sql in [
            DELIVERIES,
            ANSWER_OF_MESSAGE,
            ANSWER_BY_ID,
            PAGE_OF_ANSWER,
            FOLLOWERS_IN_ORDER,
            ONE_FOLLOWER,
            ACCOUNT,
            FROM_NUMBER,
            &format!("{MESSAGES} WHERE m.id IN (1, 2)"),
            &format!("{ANSWERS} WHERE a.rowid IN (1, 2) ORDER BY a.rowid DESC"),
            &format!("{FOLLOWERS} WHERE f.id IN (1, 2)"),
            &ANSWERS_IN_ORDER.replace("WHOSE", ""),
            &ANSWERS_IN_ORDER.replace("WHOSE", "AND a.follower_id IN (1, 2)"),
        ] {
            // Some hundred rows that were looked at are read whole.
            let plan = plan(sql).replace("SCAN looked", "");
            assert!(!plan.contains("SCAN"), "{sql}\n{plan}");
        }
        // Accounts are few.
        let plan = plan(FOLLOWERS_OF_OPEN_ID);
        assert!(plan.contains("SEARCH f "), "{plan}");
    }

    /// Messages of two accounts and three followers; every tenth is rare.
    async fn journal(folder: &TempDir) -> SqlJournal {
        let place = Place::Folder(folder.path().to_owned());
        let retention = Retention {
            journal_days: 0,
            unfollowed_days: 0,
        };
        let journal = SqlJournal::open(&place, retention)
            .await
            .expect("a journal");
        let connection =
            rusqlite::Connection::open(folder.path().join(FILE_NAME)).expect("a database");
        connection
            .execute_batch(
                "BEGIN IMMEDIATE;
                 INSERT INTO accounts (id, public_id, created_at_ms, updated_at_ms) VALUES (1, 'one', 0, 0), (2, 'two', 0, 0);
                 INSERT INTO followers (id, account_id, open_id, first_seen_at_ms, last_seen_at_ms)
                 VALUES (1, 1, 'o1', 0, 0), (2, 1, 'o2', 0, 0), (3, 2, 'o1', 0, 0)",
            )
            .expect("followers");
        for n in 1..=120_i64 {
            let follower = n % 3 + 1;
            let is_rare = n % 10 == 0;
            let source = serde_json::json!({
                "MsgType": "text",
                "Content": if is_rare { "稀有的词" } else { "平常的话" },
            });
            connection
                .execute(
                    "INSERT INTO messages (id, account_id, follower_id, previous_id, created_at, key, kind, received_at_ms, source, reply)
                     VALUES (?1, ?2, ?3, ?4, ?1, '', ?5, ?1, ?6, '\"silence\"')",
                    params![
                        n,
                        if follower == 3 { 2 } else { 1 },
                        follower,
                        (n > 3).then_some(n - 3),
                        if is_rare { "image" } else { "text" },
                        source.to_string(),
                    ],
                )
                .expect("a message");
        }
        connection
            .execute_batch(
                "INSERT INTO latest (follower_id, message_id, question_id) SELECT follower_id, max(id), max(id) FROM messages GROUP BY 1;
                 COMMIT",
            )
            .expect("committed");
        journal
    }

    #[tokio::test]
    async fn pages_are_whole_however_little_a_request_may_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = journal(&folder).await;
        let mut history = History::new(journal.db());
        // The index is made beside; whether it is there must not matter.
        for bounds in [(1, 1, 1), (3, 2, 1), (7, 3, 5), (5000, 1500, 100)] {
            history.bounds = Bounds {
                look: bounds.0,
                hits: bounds.1,
                newest: bounds.2,
                patience: Duration::ZERO,
            };
            let check = async |filter: MessageFilter, expected: &dyn Fn(i64) -> bool| {
                let mut filter = MessageFilter { limit: 4, ..filter };
                let asked = format!("{filter:?}, {bounds:?}");
                let mut found = Vec::new();
                loop {
                    let page = history.messages(&filter).await.expect("a page");
                    found.extend(page.items.iter().map(|entry| entry.id));
                    match page.next {
                        None => break,
                        next => filter.before = next,
                    }
                }
                let expected: Vec<_> = (1..=120).rev().filter(|n| expected(*n)).collect();
                assert_eq!(found, expected, "{asked}");
            };
            let none = MessageFilter::default;
            let (one, rare) = (Some("one".to_owned()), Some("稀有".to_owned()));
            let o1 = Some(OpenId::from("o1"));
            let is_rare = |n: i64| n % 10 == 0;
            check(none(), &|_| true).await;
            check(
                MessageFilter {
                    account: one.clone(),
                    ..none()
                },
                &|n| n % 3 != 2,
            )
            .await;
            check(
                MessageFilter {
                    kind: Some("image".into()),
                    ..none()
                },
                &is_rare,
            )
            .await;
            check(
                MessageFilter {
                    kind: Some("text".into()),
                    ..none()
                },
                &|n| !is_rare(n),
            )
            .await;
            check(
                MessageFilter {
                    q: rare.clone(),
                    ..none()
                },
                &is_rare,
            )
            .await;
            check(
                MessageFilter {
                    q: rare.clone(),
                    account: one.clone(),
                    ..none()
                },
                &|n| is_rare(n) && n % 3 != 2,
            )
            .await;
            // An OpenID that two accounts know.
            check(
                MessageFilter {
                    follower: o1.clone(),
                    ..none()
                },
                &|n| n % 3 != 1,
            )
            .await;
            check(
                MessageFilter {
                    follower: o1.clone(),
                    q: rare,
                    ..none()
                },
                &|n| is_rare(n) && n % 3 != 1,
            )
            .await;
            check(
                MessageFilter {
                    follower: o1,
                    account: one,
                    ..none()
                },
                &|n| n % 3 == 0,
            )
            .await;
        }
        journal.close().await;
    }
}
