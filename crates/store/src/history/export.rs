//! Everything about one follower, as one JSON object that is made piece by piece.

use std::fmt::Write as _;

use futures_util::stream::{Stream, try_unfold};
use serde::Serialize;

use super::messages::{SentEntry, SentRow};
use super::{AnswerFilter, FollowerEntry, History, MessageFilter, TurnFilter, failed};
use crate::Error;
use crate::db::reading;
use crate::value::now_ms;

/// How many of each are read at once.
const PORTION: u32 = 50;

const SESSIONS: &str =
    "SELECT name, value, updated_at_ms FROM sessions WHERE follower_id = $1 AND name > $2
    ORDER BY name LIMIT 10";

/// What answers no message that is here: that stands with its message.
pub(super) const SENT: &str = "SELECT id, message, sent_by, sent_at_ms, outcome, why FROM sent
    WHERE follower_id = $1 AND (sent_at_ms, id) < ($2, $3)
      AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.id = sent.message_id)
    ORDER BY sent_at_ms DESC, id DESC LIMIT $4";

/// Everything about one follower: what is known of them, sessions, answers, messages with replies and deliveries, what was sent
/// to them beside, and what language models were asked. Newest first.
#[derive(Debug)]
pub struct Export {
    history: History,
    follower: i64,
    entry: FollowerEntry,
    next: Part,
    // Whether an item of the list stands there already.
    has_items: bool,
}

/// What is written next.
#[derive(Debug)]
enum Part {
    Head,
    /// After the one with this name.
    Sessions(String),
    /// Before this one.
    Answers(Option<i64>),
    /// Before this one.
    Messages(Option<i64>),
    /// Sent before this time, and before the one with this number.
    Sent(i64, i64),
    /// Before this one.
    Turns(Option<i64>),
    Nothing,
}

#[derive(Serialize)]
struct SessionEntry<'a> {
    name: &'a str,
    value: serde_json::Value,
    updated_at_ms: i64,
}

impl Export {
    pub(super) fn new(history: History, follower: i64, entry: FollowerEntry) -> Self {
        Self {
            history,
            follower,
            entry,
            next: Part::Head,
            has_items: false,
        }
    }

    /// The follower.
    pub fn follower(&self) -> &FollowerEntry {
        &self.entry
    }

    /// The JSON in pieces, each in memory for itself. What comes while it is read is not in it.
    pub fn stream(self) -> impl Stream<Item = Result<String, Error>> + Send + 'static {
        try_unfold(self, async |mut export| {
            let piece = export.piece().await?;
            Ok(piece.map(|piece| (piece, export)))
        })
    }

    async fn piece(&mut self) -> Result<Option<String>, Error> {
        let (items, next) = match &self.next {
            Part::Head => (vec![self.head()], Part::Sessions(String::new())),
            Part::Sessions(after) => self.sessions(after).await?,
            Part::Answers(before) => self.answers(*before).await?,
            Part::Messages(before) => self.messages(*before).await?,
            Part::Sent(at_ms, id) => self.sent(*at_ms, *id).await?,
            Part::Turns(before) => self.turns(*before).await?,
            Part::Nothing => return Ok(None),
        };
        let mut text = String::new();
        for item in items {
            if self.has_items {
                text.push(',');
            }
            self.has_items = !matches!(self.next, Part::Head);
            text.push('\n');
            text.push_str(&item);
        }
        let after = match (&self.next, &next) {
            (Part::Head, _) => ",\n\"sessions\":[",
            (Part::Sessions(_), Part::Answers(_)) => "],\n\"answers\":[",
            (Part::Answers(_), Part::Messages(_)) => "],\n\"messages\":[",
            (Part::Messages(_), Part::Sent(..)) => "],\n\"sent\":[",
            (Part::Sent(..), Part::Turns(_)) => "],\n\"turns\":[",
            (Part::Turns(_), Part::Nothing) => "]}\n",
            _ => "",
        };
        if !after.is_empty() {
            text.push_str(after);
            self.has_items = false;
        }
        self.next = next;
        Ok(Some(text))
    }

    /// What is known of the follower, without the brace at its end.
    fn head(&self) -> String {
        let mut text = json(&self.entry);
        text.pop();
        let _ = write!(text, ",\"exported_at_ms\":{}", now_ms());
        text
    }

    async fn sessions(&self, after: &str) -> Result<(Vec<String>, Part), Error> {
        let rows: Vec<(String, String, i64)> = reading!(&self.history.db, pool => {
            sqlx::query_as(SESSIONS).bind(self.follower).bind(after).fetch_all(pool).await
        })
        .map_err(|source| failed("read sessions", source))?;
        let entries = rows
            .iter()
            .map(|(name, value, updated_at_ms)| SessionEntry {
                name,
                value: serde_json::from_str(value).unwrap_or_default(),
                updated_at_ms: *updated_at_ms,
            });
        let items = entries.map(|entry| json(&entry)).collect();
        Ok(match rows.last() {
            Some((name, ..)) => (items, Part::Sessions(name.clone())),
            None => (items, Part::Answers(None)),
        })
    }

    async fn answers(&self, before: Option<i64>) -> Result<(Vec<String>, Part), Error> {
        let filter = AnswerFilter {
            account: Some(self.entry.account.clone()),
            follower: Some(self.entry.open_id.clone()),
            all: true,
            before,
            limit: PORTION,
        };
        let page = self.history.answers(&filter).await?;
        let items = page.items.iter().map(json).collect();
        Ok(match page.next {
            Some(_) => (items, Part::Answers(page.next)),
            None => (items, Part::Messages(None)),
        })
    }

    async fn messages(&self, before: Option<i64>) -> Result<(Vec<String>, Part), Error> {
        let filter = MessageFilter {
            account: Some(self.entry.account.clone()),
            follower: Some(self.entry.open_id.clone()),
            before,
            limit: PORTION,
            ..MessageFilter::default()
        };
        let page = self.history.messages(&filter).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for entry in page.items {
            items.push(json(&self.history.detail(entry).await?));
        }
        Ok(match page.next {
            Some(_) => (items, Part::Messages(page.next)),
            None => (items, Part::Sent(i64::MAX, i64::MAX)),
        })
    }

    async fn sent(&self, at_ms: i64, id: i64) -> Result<(Vec<String>, Part), Error> {
        let rows: Vec<SentRow> = reading!(&self.history.db, pool => {
            let query = sqlx::query_as(SENT).bind(self.follower).bind(at_ms).bind(id);
            query.bind(i64::from(PORTION)).fetch_all(pool).await
        })
        .map_err(|source| failed("read what was sent", source))?;
        let entries: Vec<_> = rows.into_iter().map(SentEntry::of).collect();
        let items = entries.iter().map(json).collect();
        Ok(match entries.last() {
            Some(last) => (items, Part::Sent(last.sent_at_ms, last.id)),
            None => (items, Part::Turns(None)),
        })
    }

    async fn turns(&self, before: Option<i64>) -> Result<(Vec<String>, Part), Error> {
        let filter = TurnFilter {
            account: Some(self.entry.account.clone()),
            follower: Some(self.entry.open_id.clone()),
            before,
            limit: PORTION,
            ..TurnFilter::default()
        };
        let page = self.history.turns(&filter).await?;
        let items = page.items.iter().map(json).collect();
        Ok(match page.next {
            Some(_) => (items, Part::Turns(page.next)),
            None => (items, Part::Nothing),
        })
    }
}

fn json(item: &impl Serialize) -> String {
    serde_json::to_string(item).expect("it has only texts and numbers in it")
}
