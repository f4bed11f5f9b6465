//! Who wrote, or follows.

use std::fmt;
use std::str::FromStr;

use echostr::journal::FollowerRecord;
use echostr_protocol::OpenId;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use sqlx::AssertSqlSafe;

use super::{Export, History, Page, failed, list, within};
use crate::Error;
use crate::db::reading;
use crate::value::{signed, unsigned};

/// Which followers.
#[derive(Debug, Clone, Default)]
pub struct FollowerFilter {
    /// Of this account, by its public id.
    pub account: Option<String>,
    /// Seen before this one.
    pub before: Option<SeenBefore>,
    /// At most so many, from 1 to [`MAX_LIMIT`](super::MAX_LIMIT).
    pub limit: u32,
}

/// A place in the list of followers. As text `1795000000000-12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenBefore {
    last_seen_at_ms: i64,
    id: i64,
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

/// A text that is no [`SeenBefore`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no place in the list of followers: give the `next` of the page before")]
pub struct NoPlace;

pub(super) const FOLLOWERS_IN_ORDER: &str = "SELECT id, account_id, last_seen_at_ms FROM followers
    WHERE (last_seen_at_ms, id) < ($1, $2) ORDER BY last_seen_at_ms DESC, id DESC LIMIT $3";

/// The columns of [`follower_entry`].
pub(super) const FOLLOWERS: &str = "SELECT f.id, f.account_id, a.public_id, f.open_id, f.first_seen_at_ms, f.last_seen_at_ms,
    f.followed_at_ms, f.unfollowed_at_ms, f.source, f.last_number FROM followers f JOIN accounts a ON a.id = f.account_id";

pub(super) const ONE_FOLLOWER: &str = "SELECT f.id, f.account_id, a.public_id, f.open_id, f.first_seen_at_ms, f.last_seen_at_ms,
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

impl History {
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
