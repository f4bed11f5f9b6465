//! How values stand in the database.

use std::time::{SystemTime, UNIX_EPOCH};

use echostr::journal::{Content, Id, SavedAnswer, SentOutcome};
use echostr::{Markup, Stage};
use echostr_protocol::{Document, Message, Reply};

/// Unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

pub(crate) fn json(reply: &Reply) -> String {
    serde_json::to_string(reply).expect("a reply has only texts in it")
}

pub(crate) fn reply(json: &str) -> Result<Reply, serde_json::Error> {
    serde_json::from_str(json)
}

/// The push, read again from what was kept of it.
pub(crate) fn message(source: &str) -> Result<Message, echostr_protocol::Error> {
    Document::parse(source.as_bytes()).map(Message::parse)
}

pub(crate) fn bytes(id: Id) -> [u8; 16] {
    id.to_be_bytes()
}

/// The id of 16 bytes; another length cannot be written, so it is nobody's id.
pub(crate) fn id(bytes: &[u8]) -> Id {
    bytes.try_into().map(Id::from_be_bytes).unwrap_or_default()
}

/// A number as the database has them; ours are far below 2^63.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number of the database that is never below zero.
pub(crate) fn unsigned<T: TryFrom<i64> + Default>(number: i64) -> T {
    T::try_from(number).unwrap_or_default()
}

/// What an answer is, in columns.
pub(crate) struct ContentColumns<'a> {
    pub(crate) state: &'static str,
    pub(crate) text: Option<&'a str>,
    pub(crate) shown_bytes: Option<i64>,
    pub(crate) reply: Option<String>,
}

impl<'a> ContentColumns<'a> {
    pub(crate) fn of(content: &'a Content) -> Self {
        let mut columns = Self {
            state: "running",
            text: None,
            shown_bytes: None,
            reply: None,
        };
        match content {
            Content::Running => {}
            Content::Text { text, shown_bytes } => {
                columns.state = "text";
                columns.text = Some(text);
                columns.shown_bytes = Some(signed(*shown_bytes as u64));
            }
            Content::Other(other) => {
                columns.state = "other";
                columns.reply = Some(json(other));
            }
            Content::Failed => columns.state = "failed",
            Content::Read => columns.state = "read",
        }
        columns
    }
}

/// What an answer is, from its columns.
pub(crate) fn content(
    state: &str,
    text: Option<String>,
    shown_bytes: Option<i64>,
    other: Option<&str>,
) -> Result<Content, serde_json::Error> {
    Ok(match state {
        "running" => Content::Running,
        "text" => Content::Text {
            text: text.unwrap_or_default(),
            shown_bytes: unsigned(shown_bytes.unwrap_or_default()),
        },
        "other" => Content::Other(reply(other.unwrap_or_default())?),
        "read" => Content::Read,
        _ => Content::Failed,
    })
}

/// What came of a message that was sent, in columns.
pub(crate) fn outcome_columns(outcome: &SentOutcome) -> (&'static str, Option<&str>) {
    match outcome {
        SentOutcome::Sent => ("sent", None),
        SentOutcome::Unsure(why) => ("unsure", Some(why)),
        SentOutcome::Refused(why) => ("refused", Some(why)),
    }
}

/// How an answer with a page is written, and how it ended unless all of it is there; nothing for one without a page. While
/// it is made, that is not known yet.
pub(crate) fn markup_of(answer: &SavedAnswer) -> Option<&'static str> {
    let Some(written) = &answer.written else {
        return (answer.has_page && answer.content == Content::Running).then_some("plain");
    };
    Some(match (written.markup, written.stage) {
        (Markup::Plain, Stage::BrokenOff) => "plain, broken off",
        (Markup::Plain, Stage::Failed) => "plain, failed",
        (Markup::Plain, Stage::Writing | Stage::Written) => "plain",
        (Markup::Markdown, Stage::BrokenOff) => "markdown, broken off",
        (Markup::Markdown, Stage::Failed) => "markdown, failed",
        (Markup::Markdown, Stage::Writing | Stage::Written) => "markdown",
    })
}

/// The same from its column, and from the one of its state.
pub(crate) fn markup(word: &str, state: &str) -> (Markup, Stage) {
    let (markup, end) = word.split_once(", ").unwrap_or((word, ""));
    let markup = match markup {
        "markdown" => Markup::Markdown,
        _ => Markup::Plain,
    };
    let stage = match (state, end) {
        ("running", _) => Stage::Writing,
        ("failed", _) | (_, "failed") => Stage::Failed,
        (_, "broken off") => Stage::BrokenOff,
        _ => Stage::Written,
    };
    (markup, stage)
}

/// How SQLite runs a statement on the newest schema.
#[cfg(test)]
pub(crate) fn plan(sql: &str) -> String {
    let connection = empty();
    let mut plan = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .expect("a statement");
    let lines = plan
        .query_map(
            rusqlite::params_from_iter(vec![0; plan.parameter_count()]),
            |row| row.get::<_, String>(3),
        )
        .expect("a plan");
    lines.map(|line| line.expect("a line") + "\n").collect()
}

/// A database in memory with the newest schema and nothing in it.
#[cfg(test)]
pub(crate) fn empty() -> rusqlite::Connection {
    let connection = rusqlite::Connection::open_in_memory().expect("a database");
    for (_, _, sql) in crate::schema::VERSIONS {
        connection.execute_batch(sql).expect("a schema");
    }
    connection
}
