//! The index of terms: made behind the messages, in portions while there is nothing else to write; entries are deleted with
//! their messages.
//!
//! What is indexed of a message is what it says and what was replied. One that has no reply yet waits for it a while; then it
//! goes into the index without, and into `search_unanswered`, and once more when a reply has come after all.

use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::journal::Fault;
use crate::search::{Texts, VERSION, as_text};
use crate::value::reply;

/// How many messages go into the index in one transaction at the most, and how long that is continued: no commit waits long
/// for it.
const PORTION: i64 = 256;
const PORTION_TIME: Duration = Duration::from_millis(4);

/// How long a message waits for its reply. The platform's last delivery comes after 15 seconds at the most.
const WAIT_FOR_REPLY_MS: i64 = 60_000;

/// How many of those without a reply are looked at, the newest.
const UNANSWERED: i64 = 200;

/// How far the index has come.
struct State {
    indexed_to: i64,
}

/// What a portion has done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Indexed {
    pub(crate) rows: usize,
    /// Whether there may be more to do now.
    pub(crate) is_more: bool,
}

/// Brings the index forward by one portion. It is not synced: what a crash takes from it is indexed again.
pub(crate) fn portion(connection: &Connection, now_ms: i64) -> Result<Indexed, Fault> {
    // What merging leaves behind is overwritten, so that nobody is found in it who was forgotten since.
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON")?;
    let done = within(connection, now_ms);
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST")?;
    done
}

fn within(connection: &Connection, now_ms: i64) -> Result<Indexed, Fault> {
    let start = Instant::now();
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let state = State::read(connection)?;
    let mut done = Indexed {
        rows: answered_late(connection)?,
        is_more: false,
    };
    let mut select = connection.prepare_cached(
        "SELECT id, account_id, kind, source, reply, received_at_ms FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let mut rows = select.query(params![state.indexed_to, PORTION])?;
    let mut indexed_to = state.indexed_to;
    while let Some(row) = rows.next()? {
        let replied: Option<String> = row.get(4)?;
        let received_at_ms: i64 = row.get(5)?;
        // A time from the future is a clock that was wrong.
        let is_new = (0..WAIT_FOR_REPLY_MS).contains(&(now_ms - received_at_ms));
        if replied.is_none() && is_new {
            break;
        }
        let (id, kind, source): (i64, String, String) = (row.get(0)?, row.get(2)?, row.get(3)?);
        let terms = terms(row.get(1)?, &kind, &source, replied.as_deref());
        insert(connection, id, &terms)?;
        if replied.is_none() {
            connection
                .prepare_cached("INSERT OR IGNORE INTO search_unanswered (message_id) VALUES (?1)")?
                .execute([id])?;
        }
        indexed_to = id;
        done.rows += 1;
        if start.elapsed() > PORTION_TIME {
            done.is_more = true;
            break;
        }
    }
    done.is_more |= indexed_to > state.indexed_to;
    if indexed_to > state.indexed_to {
        connection
            .prepare_cached("UPDATE search_state SET indexed_to = ?1")?
            .execute([indexed_to])?;
    }
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(done)
}

/// Takes messages that are about to be deleted out of the index, within a transaction.
pub(crate) fn remove(connection: &Connection, ids: &[i64]) -> rusqlite::Result<()> {
    let state = State::read(connection)?;
    for id in ids.iter().filter(|id| **id <= state.indexed_to) {
        let row: Option<(i64, String, String, Option<String>)> = connection
            .prepare_cached("SELECT account_id, kind, source, reply FROM messages WHERE id = ?1")?
            .query_row([id], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        let was_unanswered = connection
            .prepare_cached("DELETE FROM search_unanswered WHERE message_id = ?1")?
            .execute([id])?
            > 0;
        if let Some((account, kind, source, replied)) = row {
            let replied = replied.filter(|_| !was_unanswered);
            delete(
                connection,
                *id,
                &terms(account, &kind, &source, replied.as_deref()),
            )?;
        }
    }
    Ok(())
}

/// Messages whose reply has come after they were indexed.
fn answered_late(connection: &Connection) -> rusqlite::Result<usize> {
    let mut select = connection.prepare_cached(
        "SELECT m.id, m.account_id, m.kind, m.source, m.reply
         FROM (SELECT message_id FROM search_unanswered ORDER BY message_id DESC LIMIT ?1) AS late
         JOIN messages m ON m.id = late.message_id WHERE m.reply IS NOT NULL",
    )?;
    let rows = select.query_map([UNANSWERED], |row| {
        Ok((
            row.get(0)?,
            row.get(1)?,
            row.get(2)?,
            row.get(3)?,
            row.get(4)?,
        ))
    })?;
    let rows: Vec<(i64, i64, String, String, String)> = rows.collect::<Result<_, _>>()?;
    for (id, account, kind, source, replied) in &rows {
        delete(connection, *id, &terms(*account, kind, source, None))?;
        insert(
            connection,
            *id,
            &terms(*account, kind, source, Some(replied)),
        )?;
        connection
            .prepare_cached("DELETE FROM search_unanswered WHERE message_id = ?1")?
            .execute([id])?;
    }
    Ok(rows.len())
}

fn insert(connection: &Connection, id: i64, terms: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO search (rowid, terms) VALUES (?1, ?2)")?
        .execute(params![id, terms])?;
    Ok(())
}

fn delete(connection: &Connection, id: i64, terms: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO search (search, rowid, terms) VALUES ('delete', ?1, ?2)")?
        .execute(params![id, terms])?;
    Ok(())
}

/// The terms, with blanks between them.
fn terms(account: i64, kind: &str, source: &str, replied: Option<&str>) -> String {
    let replied = replied.and_then(|json| reply(json).ok());
    as_text(&Texts::of(source, replied.as_ref()).terms(account, kind))
}

impl State {
    /// How far it has come. An index by other terms is given up: its entries cannot be deleted any more.
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let (indexed_to, version): (i64, i64) = connection
            .prepare_cached("SELECT indexed_to, version FROM search_state")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if version == VERSION {
            return Ok(Self { indexed_to });
        }
        connection.execute_batch(
            "INSERT INTO search (search) VALUES ('delete-all');
             DELETE FROM search_unanswered",
        )?;
        connection.execute(
            "UPDATE search_state SET indexed_to = 0, version = ?1",
            [VERSION],
        )?;
        Ok(Self { indexed_to: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{Query, account_term, fts5};
    use crate::value::empty;

    const NOW_MS: i64 = 1_795_000_000_000;
    const OLD_MS: i64 = NOW_MS - WAIT_FOR_REPLY_MS;

    fn journal() -> Connection {
        let connection = empty();
        connection
            .execute_batch(
                "INSERT INTO accounts (id, public_id, created_at_ms, updated_at_ms) VALUES (1, 'shop', 0, 0);
                 INSERT INTO followers (id, account_id, open_id, first_seen_at_ms, last_seen_at_ms) VALUES (1, 1, 'o', 0, 0)",
            )
            .expect("an account");
        connection
    }

    fn add(connection: &Connection, text: &str, replied: Option<&str>, received_at_ms: i64) -> i64 {
        let source = serde_json::json!({ "MsgType": "text", "Content": text }).to_string();
        let replied = replied.map(|text| serde_json::json!({ "text": text }).to_string());
        connection
            .execute(
                "INSERT INTO messages (account_id, created_at, key, kind, received_at_ms, source, reply)
                 VALUES (1, 0, ?1 || random(), 'text', ?2, ?3, ?4)",
                params![text, received_at_ms, source, replied],
            )
            .expect("a message");
        connection.last_insert_rowid()
    }

    fn answer(connection: &Connection, id: i64, text: &str) {
        let replied = serde_json::json!({ "text": text }).to_string();
        connection
            .execute(
                "UPDATE messages SET reply = ?2 WHERE id = ?1",
                params![id, replied],
            )
            .expect("answered");
    }

    fn index(connection: &Connection) {
        while portion(connection, NOW_MS).expect("a portion").is_more {}
    }

    #[track_caller]
    fn check(connection: &Connection, question: &str, expected: &[i64]) {
        let mut terms = Query::new(question).expect("a question").terms();
        terms.push(account_term(1));
        let mut select = connection
            .prepare("SELECT rowid FROM search WHERE search MATCH ?1 ORDER BY rowid DESC")
            .expect("a statement");
        let found = select.query_map([fts5(&terms)], |row| row.get(0));
        let found: Result<Vec<i64>, _> = found.expect("found").collect();
        assert_eq!(found.expect("numbers"), expected, "{question}");
    }

    /// Whether anything is left in the index.
    fn n_terms(connection: &Connection) -> i64 {
        connection
            .execute_batch(
                "INSERT INTO search (search) VALUES ('integrity-check');
                 CREATE VIRTUAL TABLE IF NOT EXISTS temp.terms USING fts5vocab (main, search, row)",
            )
            .expect("in order");
        connection
            .query_row("SELECT count(*) FROM temp.terms", [], |row| row.get(0))
            .expect("a count")
    }

    #[test]
    fn what_was_written_and_replied_is_found() {
        let connection = journal();
        let first = add(&connection, "这个多少钱", Some("99 元"), OLD_MS);
        let second = add(&connection, "那个多少钱", Some("98 元"), OLD_MS);
        index(&connection);
        check(&connection, "多少钱", &[second, first]);
        check(&connection, "这个 99", &[first]);
        check(&connection, "钱", &[second, first]);
        check(&connection, "这个 98", &[]);
    }

    #[test]
    fn a_reply_that_comes_late_is_found() {
        let connection = journal();
        let fresh = add(&connection, "在吗", None, NOW_MS - 1000);
        index(&connection);
        check(&connection, "在吗", &[]);
        answer(&connection, fresh, "在的");
        index(&connection);
        check(&connection, "在吗 在的", &[fresh]);

        let late = add(&connection, "营业时间", None, OLD_MS);
        index(&connection);
        check(&connection, "营业", &[late]);
        answer(&connection, late, "九点");
        check(&connection, "九点", &[]);
        index(&connection);
        check(&connection, "营业 九点", &[late]);
        remove(&connection, &[fresh, late]).expect("removed");
        assert_eq!(n_terms(&connection), 0);
    }

    #[test]
    fn nothing_of_a_deleted_message_stays_in_the_index() {
        let connection = journal();
        let ids: Vec<_> = (0..700)
            .map(|n| {
                let replied = format!("第 {n} 个回答");
                let replied = (n % 3 != 0).then_some(&*replied);
                add(
                    &connection,
                    &format!("问题 number{n} 好吗"),
                    replied,
                    OLD_MS,
                )
            })
            .collect();
        index(&connection);
        // Indexed without it, deleted before it went in.
        answer(&connection, ids[0], "晚了");
        check(&connection, "number77", &[ids[77]]);
        remove(&connection, &ids[..350]).expect("removed");
        check(&connection, "number77", &[]);
        check(&connection, "number500", &[ids[500]]);
        remove(&connection, &ids[350..]).expect("removed");
        assert_eq!(n_terms(&connection), 0);
        let left: i64 = connection
            .query_row("SELECT count(*) FROM search_unanswered", [], |row| {
                row.get(0)
            })
            .expect("a count");
        assert_eq!(left, 0);
    }

    #[test]
    fn what_is_not_indexed_yet_is_deleted_without_harm() {
        let connection = journal();
        let ids = [
            add(&connection, "一二", Some("三"), OLD_MS),
            add(&connection, "一二", None, NOW_MS),
        ];
        index(&connection);
        remove(&connection, &ids).expect("removed");
        assert_eq!(n_terms(&connection), 0);
    }

    #[test]
    fn a_wrong_clock_does_not_stop_the_index() {
        let connection = journal();
        let future = add(&connection, "将来", None, NOW_MS + 1_000_000);
        let now = add(&connection, "现在", Some("好"), NOW_MS);
        index(&connection);
        check(&connection, "将来", &[future]);
        check(&connection, "现在", &[now]);
    }

    #[test]
    fn an_index_by_other_terms_is_made_anew() {
        let connection = journal();
        let id = add(&connection, "多少钱", Some("99"), OLD_MS);
        index(&connection);
        connection
            .execute_batch(
                "UPDATE search_state SET version = 0;
                 INSERT INTO search (rowid, terms) VALUES (1, 'old')",
            )
            .expect("an older one");
        index(&connection);
        check(&connection, "多少钱", &[id]);
        check(&connection, "old", &[]);
    }
}
