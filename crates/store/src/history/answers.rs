//! Answers that wait to be read.

use echostr::journal::{Content, Id, PushId, SavedAnswer};
use echostr_protocol::{Key, OpenId};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use sqlx::AssertSqlSafe;

use super::{History, Page, failed, list, within};
use crate::Error;
use crate::db::reading;
use crate::value::{bytes, content, id, message, now_ms, signed, unsigned};

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
    /// At most so many, from 1 to [`MAX_LIMIT`](super::MAX_LIMIT).
    pub limit: u32,
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

/// The columns of [`answer_entry`].
pub(super) const ANSWERS: &str =
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
pub(super) const ANSWERS_IN_ORDER: &str = "WITH looked AS MATERIALIZED (
        SELECT a.rowid AS place, a.follower_id, a.state, a.expires_at_ms FROM answers a
        WHERE a.rowid < $1 WHOSE ORDER BY a.rowid DESC LIMIT $2
    )
    SELECT looked.place, f.account_id, $4 OR (looked.expires_at_ms > $3 AND looked.state IN ('running', 'text', 'other')),
        (SELECT count(*) FROM looked)
    FROM looked JOIN followers f ON f.id = looked.follower_id
    WHERE $4 OR (looked.expires_at_ms > $3 AND looked.state IN ('running', 'text', 'other'))
        OR looked.place = (SELECT min(place) FROM looked)
    ORDER BY looked.place DESC";

pub(super) const ANSWER_BY_ID: &str = "SELECT a.rowid FROM answers a WHERE a.id = $1";

pub(super) const PAGE_OF_ANSWER: &str =
    "SELECT created_at_ms, expires_at_ms, revoked_at_ms FROM pages WHERE answer_id = $1
    ORDER BY revoked_at_ms IS NULL DESC, expires_at_ms DESC LIMIT 1";

impl History {
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
    pub(super) async fn answer_entries(&self, places: &[i64]) -> Result<Vec<AnswerEntry>, Error> {
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
