//! What a journal is asked, from connections that only read: they never wait for the writer.

use echostr::journal::{
    FollowerRecord, Found, Link, LinkRecord, Of, Page, PushId, SavedAnswer, Shown,
};
use echostr::{BoxError, Interactions, Trigger};
use echostr_protocol::{Key, MediaId, OpenId, Reply, Str};

use crate::db::{Db, reading, row};
use crate::value::{bytes, content, id, message, reply, signed, unsigned};

/// How many unread answers are asked for at most.
const MAX_UNREAD: i64 = 100;

/// How much of what happened with a follower is told, and how many pushes are looked through for it: some accounts are told
/// every few seconds where a follower is, and that allows nothing.
const MAX_INTERACTIONS: usize = 50;
const MAX_CHAIN: i64 = 200;

type Result<T> = std::result::Result<T, BoxError>;

/// The columns of an answer, with its push, its follower, and whether a question came after it.
macro_rules! answers {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.question, a.asked_at_ms, a.expires_at_ms, a.state, a.text, a.shown_bytes, a.reply, a.step,
                    account.public_id, f.open_id, m.source, m.created_at,
                    coalesce((SELECT question_id FROM latest WHERE follower_id = f.id), 0) > m.id AS is_overtaken,
                    a.markup IS NOT NULL AS has_page ",
            $rest
        )
    };
}

/// The follower's row, from account and OpenID as the first two parameters.
macro_rules! follower_id {
    () => {
        "(SELECT f.id FROM followers f JOIN accounts a ON a.id = f.account_id WHERE a.public_id = $1 AND f.open_id = $2)"
    };
}

// Behind the macros, which it uses.
mod turns;

pub(crate) use self::turns::{account_spent, follower_spent, has_written, turns};

/// The `+ 0` keeps a database that knows nothing of its tables yet from the index of all messages of an account.
const FIND: &str = "SELECT m.id, m.received_at_ms, m.reply, m.replied_at
    FROM messages m JOIN accounts a ON a.id = m.account_id + 0
    WHERE m.created_at = $1 AND m.key = $2 AND a.public_id = $3";

const FIND_ANSWER: &str = answers!(
    "FROM answers a JOIN messages m ON m.id = a.message_id JOIN followers f ON f.id = a.follower_id
     JOIN accounts account ON account.id = f.account_id
     WHERE a.message_id = $1 ORDER BY a.rowid LIMIT 1"
);

/// With the page, also one that was fixed for another link to the same part.
const LINK: &str = "SELECT l.id, l.number, l.answer_id, l.step, coalesce(l.page, (SELECT same.page FROM links same
        WHERE same.answer_id = l.answer_id AND same.step = l.step AND same.page IS NOT NULL LIMIT 1))
    FROM links l JOIN followers f ON f.id = l.follower_id JOIN accounts a ON a.id = f.account_id
    WHERE a.public_id = $1 AND f.open_id = $2 AND (l.id = $3 OR l.number = $4)";

const LINK_ANSWER: &str = answers!(
    "FROM answers a JOIN messages m ON m.id = a.message_id JOIN followers f ON f.id = a.follower_id
     JOIN accounts account ON account.id = f.account_id
     WHERE a.id = $3 AND account.public_id = $1 AND f.open_id = $2"
);

const UNREAD: &str = answers!(
    "FROM answers a JOIN messages m ON m.id = a.message_id JOIN followers f ON f.id = a.follower_id
     JOIN accounts account ON account.id = f.account_id
     WHERE account.public_id = $1 AND f.open_id = $2 AND a.expires_at_ms > $3
       AND a.state IN ('running', 'text', 'other')
     ORDER BY a.asked_at_ms, a.rowid LIMIT $4"
);

const LATEST_TEXT: &str = concat!(
    "WITH RECURSIVE chain (id, place) AS (
         SELECT message_id, 1 FROM latest WHERE follower_id = ",
    follower_id!(),
    "    UNION ALL
         SELECT previous_id, place + 1 FROM messages JOIN chain USING (id)
         WHERE previous_id IS NOT NULL AND place < 100
     )
     SELECT m.source, m.created_at, m.reply, m.replied_at FROM chain JOIN messages m ON m.id = chain.id
     WHERE m.replied_at >= $3 AND m.reply LIKE '{\"text\":%'
     ORDER BY m.replied_at DESC, m.id DESC LIMIT 1"
);

const PUSHES_SINCE: &str = concat!(
    "WITH RECURSIVE chain (id, place) AS (
         SELECT message_id, 1 FROM latest WHERE follower_id = ",
    follower_id!(),
    "    UNION ALL
         SELECT previous_id, place + 1 FROM messages JOIN chain USING (id)
         WHERE previous_id IS NOT NULL AND place < $4 AND received_at_ms >= $3
     )
     SELECT m.source, m.received_at_ms FROM chain JOIN messages m ON m.id = chain.id
     WHERE m.received_at_ms >= $3 ORDER BY place"
);

const SENT_SINCE: &str = concat!(
    "SELECT sent_at_ms FROM sent WHERE sent_at_ms >= $3 AND outcome <> 'refused' AND follower_id = ",
    follower_id!(),
    " ORDER BY sent_at_ms DESC LIMIT $4"
);

const UPLOADED: &str = "SELECT u.media_id FROM uploads u JOIN accounts a ON a.id = u.account_id
    WHERE a.public_id = $1 AND u.hash = $2 AND u.expires_at_ms > $3";

const FOLLOWER: &str = concat!(
    "SELECT first_seen_at_ms, last_seen_at_ms, followed_at_ms, unfollowed_at_ms, source, last_number
     FROM followers WHERE id = ",
    follower_id!()
);

const COUNT_UNREAD: &str = "SELECT count(*) FROM answers
    WHERE expires_at_ms > $1 AND state IN ('running', 'text', 'other')";

const SESSION: &str = concat!(
    "SELECT value FROM sessions WHERE name = $3 AND follower_id = ",
    follower_id!()
);

row! {
    /// An answer with its push and its follower.
    pub(crate) struct AnswerRow {
        id: Vec<u8>,
        question: String,
        asked_at_ms: i64,
        expires_at_ms: i64,
        state: String,
        text: Option<String>,
        shown_bytes: Option<i64>,
        reply: Option<String>,
        step: i64,
        public_id: String,
        open_id: String,
        source: String,
        created_at: i64,
        is_overtaken: bool,
        has_page: bool,
    }
}

row! {
    struct FollowerRow {
        first_seen_at_ms: i64,
        last_seen_at_ms: i64,
        followed_at_ms: Option<i64>,
        unfollowed_at_ms: Option<i64>,
        source: Option<String>,
        last_number: i64,
    }
}

pub(crate) async fn find(db: &Db, push: &PushId) -> Result<Option<Found>> {
    type Stored = (i64, i64, Option<String>, Option<i64>);
    let (key, account) = (db.text(push.key.as_str()), db.text(push.account.as_str()));
    let row: Option<Stored> = reading!(db, pool => {
        let query = sqlx::query_as(FIND).bind(push.created_at).bind(&*key).bind(&*account);
        query.fetch_optional(pool).await
    })
    .map_err(|error| failed("a push", error))?;
    let Some((id, received_at_ms, json, replied_at)) = row else {
        return Ok(None);
    };
    let answer: Option<AnswerRow> = reading!(db, pool => {
        sqlx::query_as(FIND_ANSWER).bind(id).fetch_optional(pool).await
    })
    .map_err(|error| failed("the answer to a push", error))?;
    let replied = json.map(|json| stored(&json)).transpose()?;
    Ok(Some(Found {
        received_at_ms,
        reply: replied.zip(replied_at),
        answer: answer.map(saved_answer).transpose()?,
    }))
}

pub(crate) async fn page(db: &Db, of: Of<'_>, link: &Link) -> Result<Option<Page>> {
    type Stored = (Vec<u8>, Option<i64>, Vec<u8>, i64, Option<String>);
    let (by_id, by_number) = match link {
        Link::Id(id) => (Some(bytes(*id).to_vec()), None),
        Link::Number(number) => (None, Some(i64::try_from(*number).unwrap_or(-1))),
    };
    let (account, follower) = (db.text(of.account), db.text(of.follower.as_str()));
    let row: Option<Stored> = reading!(db, pool => {
        let query = sqlx::query_as(LINK).bind(&*account).bind(&*follower);
        query.bind(by_id).bind(by_number).fetch_optional(pool).await
    })
    .map_err(|error| failed("a link", error))?;
    let Some((link, number, answer_id, step, fixed)) = row else {
        return Ok(None);
    };
    let answer: Option<AnswerRow> = reading!(db, pool => {
        let query = sqlx::query_as(LINK_ANSWER).bind(&*account).bind(&*follower);
        query.bind(&answer_id).fetch_optional(pool).await
    })
    .map_err(|error| failed("the answer behind a link", error))?;
    let Some(answer) = answer.map(saved_answer).transpose()? else {
        return Ok(None);
    };
    let link = LinkRecord {
        id: id(&link),
        account: of.account.into(),
        follower: of.follower.clone(),
        number: unsigned(number.unwrap_or_default()),
        answer: id(&answer_id),
        step: unsigned(step),
    };
    Ok(Some(Page {
        link,
        fixed: fixed.map(|json| stored(&json)).transpose()?,
        answer,
    }))
}

pub(crate) async fn unread(db: &Db, of: Of<'_>, now_ms: i64) -> Result<Vec<SavedAnswer>> {
    let (account, follower) = (db.text(of.account), db.text(of.follower.as_str()));
    let rows: Vec<AnswerRow> = reading!(db, pool => {
        let query = sqlx::query_as(UNREAD).bind(&*account).bind(&*follower);
        query.bind(now_ms).bind(MAX_UNREAD).fetch_all(pool).await
    })
    .map_err(|error| failed("unread answers", error))?;
    rows.into_iter().map(saved_answer).collect()
}

pub(crate) async fn latest_text(db: &Db, of: Of<'_>, since_ms: i64) -> Result<Option<Shown>> {
    let (account, follower) = (db.text(of.account), db.text(of.follower.as_str()));
    let row: Option<(String, i64, String, i64)> = reading!(db, pool => {
        let query = sqlx::query_as(LATEST_TEXT).bind(&*account).bind(&*follower);
        query.bind(since_ms.div_euclid(1000)).fetch_optional(pool).await
    })
    .map_err(|error| failed("the latest reply to a follower", error))?;
    let Some((source, created_at, json, replied_at)) = row else {
        return Ok(None);
    };
    let Reply::Text(text) = stored(&json)? else {
        return Ok(None);
    };
    Ok(Some(Shown {
        key: key(&source)?,
        created_at,
        text,
        replied_at,
    }))
}

pub(crate) async fn follower(db: &Db, of: Of<'_>) -> Result<Option<FollowerRecord>> {
    let (account, follower) = (db.text(of.account), db.text(of.follower.as_str()));
    let row: Option<FollowerRow> = reading!(db, pool => {
        let query = sqlx::query_as(FOLLOWER).bind(&*account).bind(&*follower);
        query.fetch_optional(pool).await
    })
    .map_err(|error| failed("a follower", error))?;
    Ok(row.map(|row| FollowerRecord {
        first_seen_at_ms: row.first_seen_at_ms,
        last_seen_at_ms: row.last_seen_at_ms,
        followed_at_ms: row.followed_at_ms,
        unfollowed_at_ms: row.unfollowed_at_ms,
        source: row.source,
        last_number: unsigned(row.last_number),
    }))
}

pub(crate) async fn count_unread(db: &Db, now_ms: i64) -> Result<i64> {
    reading!(db, pool => sqlx::query_scalar(COUNT_UNREAD).bind(now_ms).fetch_one(pool).await)
        .map_err(|error| failed("how many answers are unread", error))
}

pub(crate) async fn interactions(db: &Db, of: Of<'_>, since_ms: i64) -> Result<Interactions> {
    let (account, follower) = (db.text(of.account), db.text(of.follower.as_str()));
    let pushes: Vec<(String, i64)> = reading!(db, pool => {
        let query = sqlx::query_as(PUSHES_SINCE).bind(&*account).bind(&*follower);
        query.bind(since_ms).bind(MAX_CHAIN).fetch_all(pool).await
    })
    .map_err(|error| failed("what a follower did", error))?;
    let most = signed(MAX_INTERACTIONS as u64);
    let sent_at_ms: Vec<i64> = reading!(db, pool => {
        let query = sqlx::query_scalar(SENT_SINCE).bind(&*account).bind(&*follower);
        query.bind(since_ms).bind(most).fetch_all(pool).await
    })
    .map_err(|error| failed("what was sent to a follower", error))?;
    let done = pushes.iter().filter_map(|(source, at_ms)| {
        // One that cannot be read any more allows nothing.
        let trigger = Trigger::of(&message(source).ok()?)?;
        Some((trigger, *at_ms))
    });
    Ok(Interactions {
        done: done.take(MAX_INTERACTIONS).collect(),
        sent_at_ms,
    })
}

pub(crate) async fn uploaded(
    db: &Db,
    account: &str,
    hash: &[u8; 32],
    now_ms: i64,
) -> Result<Option<MediaId>> {
    let account = db.text(account);
    let media_id: Option<String> = reading!(db, pool => {
        let query = sqlx::query_scalar(UPLOADED).bind(&*account).bind(hash.as_slice());
        query.bind(now_ms).fetch_optional(pool).await
    })
    .map_err(|error| failed("a file that was uploaded", error))?;
    Ok(media_id.map(MediaId::from))
}

pub(crate) async fn session(db: &Db, of: Of<'_>, name: &str) -> Result<Option<String>> {
    let (account, follower) = (db.text(of.account), db.text(of.follower.as_str()));
    let name = db.text(name);
    reading!(db, pool => {
        let query = sqlx::query_scalar(SESSION).bind(&*account).bind(&*follower);
        query.bind(&*name).fetch_optional(pool).await
    })
    .map_err(|error| failed("a session", error))
}

pub(crate) fn saved_answer(row: AnswerRow) -> Result<SavedAnswer> {
    Ok(SavedAnswer {
        id: id(&row.id),
        push: PushId {
            account: Str::from(row.public_id),
            key: key(&row.source)?,
            created_at: row.created_at,
        },
        follower: OpenId::from(row.open_id),
        question: row.question,
        is_overtaken: row.is_overtaken,
        asked_at_ms: row.asked_at_ms,
        expires_at_ms: row.expires_at_ms,
        content: content(&row.state, row.text, row.shown_bytes, row.reply.as_deref())
            .map_err(|_| damaged())?,
        step: unsigned(row.step),
        has_page: row.has_page,
        written: None,
    })
}

/// The key of a push, from what was kept of it.
fn key(source: &str) -> Result<Key> {
    message(source)
        .map(|message| Key::of(&message))
        .map_err(|_| damaged())
}

fn stored(json: &str) -> Result<Reply> {
    reply(json).map_err(|_| damaged())
}

/// Says no more, because followers wrote it.
fn damaged() -> BoxError {
    "what stands in the journal there cannot be read".into()
}

fn failed(what: &'static str, source: sqlx::Error) -> BoxError {
    Failed { what, source }.into()
}

#[derive(Debug, thiserror::Error)]
#[error("cannot read {what} from the journal")]
struct Failed {
    what: &'static str,
    source: sqlx::Error,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::plan;

    #[test]
    fn nothing_is_read_through_a_whole_table() {
        for sql in [
            FIND,
            FIND_ANSWER,
            LINK,
            LINK_ANSWER,
            UNREAD,
            LATEST_TEXT,
            PUSHES_SINCE,
            SENT_SINCE,
            UPLOADED,
            FOLLOWER,
            COUNT_UNREAD,
            SESSION,
        ] {
            // The recursion itself is read whole.
            let plan = plan(sql).replace("SCAN chain", "");
            assert!(!plan.contains("SCAN"), "{sql}\n{plan}");
        }
    }
}
