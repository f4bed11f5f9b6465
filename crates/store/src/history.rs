//! [`History`]: the journal as people read it: page by page, filtered, searched, and all of one follower at once.
//!
//! A page costs a bounded amount of work. When a filter matches rarely, it comes back short, with the place to go on from.

mod answers;
mod export;
mod followers;
mod messages;
mod source;
mod turns;

use std::time::Duration;

use echostr_protocol::OpenId;
use serde::Serialize;

use crate::Error;
use crate::db::{Db, reading};

pub use self::answers::{AnswerEntry, AnswerFilter, PageTimes};
pub use self::export::Export;
pub use self::followers::{FollowerEntry, FollowerFilter, NoPlace, SeenBefore};
pub use self::messages::{DeliveryEntry, MessageDetail, MessageEntry, MessageFilter, SentEntry};
use self::messages::{Looked, Search};
pub use self::turns::{TurnEntry, TurnFilter, UsageEntry};

/// The most that a page holds.
pub const MAX_LIMIT: u32 = 200;

/// How many rows one request looks at, at the most, and of those that the index of terms has found.
const MAX_LOOK: usize = 5000;
const MAX_HITS: usize = 1500;

/// How many of the newest are looked at before the index of terms is asked: what stands in nearly every one is found by them.
const NEWEST: usize = 60;

/// How long a request may look; then its page is as long as it is.
const PATIENCE: Duration = Duration::from_millis(100);

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

/// Some of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page<T, C = i64> {
    /// Perhaps fewer than were asked for, even none, when more follow.
    pub items: Vec<T>,
    /// What to give as `before` for those that follow; nothing at the end.
    pub next: Option<C>,
}

/// Of any account: each has OpenIDs of its own, but who asks may not know it.
const FOLLOWERS_OF_OPEN_ID: &str = "SELECT f.id, a.id FROM accounts a CROSS JOIN followers f
    WHERE f.account_id = a.id AND f.open_id = $1 LIMIT 8";

const ACCOUNT: &str = "SELECT id FROM accounts WHERE public_id = $1";

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

impl<T, C> Page<T, C> {
    fn empty() -> Self {
        Self {
            items: Vec::new(),
            next: None,
        }
    }
}

fn within(limit: u32) -> usize {
    limit.clamp(1, MAX_LIMIT) as usize
}

fn list(numbers: &[i64]) -> String {
    let texts: Vec<_> = numbers.iter().map(i64::to_string).collect();
    texts.join(", ")
}

fn failed(doing: &'static str, source: sqlx::Error) -> Error {
    Error::Database { doing, source }
}

#[cfg(test)]
mod tests {
    use rusqlite::params;
    use tempfile::TempDir;

    use super::answers::{ANSWER_BY_ID, ANSWERS, ANSWERS_IN_ORDER, PAGE_OF_ANSWER};
    use super::export::SENT;
    use super::followers::{FOLLOWERS, FOLLOWERS_IN_ORDER, ONE_FOLLOWER};
    use super::messages::{ANSWER_OF_MESSAGE, DELIVERIES, FROM_NUMBER, MESSAGES, SENT_OF_MESSAGE};
    use super::turns::{
        TURNS, TURNS_IN_ORDER, TURNS_OF_ACCOUNT, TURNS_OF_FOLLOWER, USAGE_OF_ACCOUNT,
    };
    use super::*;
    use crate::value::plan;
    use crate::{FILE_NAME, Place, Retention, SqlJournal};

    #[test]
    fn nothing_is_read_through_a_whole_table() {
        for sql in [
            DELIVERIES,
            SENT_OF_MESSAGE,
            SENT,
            ANSWER_OF_MESSAGE,
            ANSWER_BY_ID,
            PAGE_OF_ANSWER,
            FOLLOWERS_IN_ORDER,
            ONE_FOLLOWER,
            ACCOUNT,
            FROM_NUMBER,
            TURNS_OF_ACCOUNT,
            TURNS_OF_FOLLOWER,
            USAGE_OF_ACCOUNT,
            &format!("{TURNS} WHERE t.id IN (1, 2) ORDER BY t.id DESC"),
            &format!("{MESSAGES} WHERE m.id IN (1, 2)"),
            &format!("{ANSWERS} WHERE a.rowid IN (1, 2) ORDER BY a.rowid DESC"),
            &format!("{FOLLOWERS} WHERE f.id IN (1, 2)"),
            &ANSWERS_IN_ORDER.replace("WHOSE", ""),
            &ANSWERS_IN_ORDER.replace("WHOSE", "AND a.follower_id IN (1, 2)"),
        ] {
            // Some hundred rows that were looked at are read whole.
            let plan = plan(sql)
                .replace("SCAN looked", "")
                .replace("SCAN chain", "");
            let plan = plan.replace("SCAN CONSTANT ROW", "");
            assert!(!plan.contains("SCAN"), "{sql}\n{plan}");
        }
        let in_order = plan(TURNS_IN_ORDER);
        assert!(
            in_order.contains("SEARCH t USING INTEGER PRIMARY KEY"),
            "{in_order}"
        );
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
