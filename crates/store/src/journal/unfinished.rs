//! Rows of what was not finished, before their texts are understood.

use std::sync::Arc;

use echostr::journal::{Content, PushId, SavedAnswer, Unfinished};
use echostr_protocol::Str;

use crate::value::{id, message, unsigned};

pub(crate) struct UnfinishedRow {
    pub(crate) message: i64,
    pub(crate) account: String,
    pub(crate) source: String,
    pub(crate) received_at_ms: i64,
    pub(crate) is_replied: bool,
    /// With the OpenID of who asked.
    pub(crate) answer: Option<(String, StoredAnswer)>,
}

pub(crate) struct StoredAnswer {
    pub(crate) id: Vec<u8>,
    pub(crate) question: String,
    pub(crate) asked_at_ms: i64,
    pub(crate) expires_at_ms: i64,
    pub(crate) step: i64,
    pub(crate) is_overtaken: bool,
    pub(crate) has_page: bool,
}

/// Makes it of a row of either driver, whose columns `get` reads: `unfinished_row!(row.get)`.
macro_rules! unfinished_row {
    ($row:ident.$get:ident) => {{
        let id: Option<Vec<u8>> = $row.$get(6)?;
        let answer = match id {
            None => None,
            Some(id) => Some((
                $row.$get(5)?,
                $crate::journal::unfinished::StoredAnswer {
                    id,
                    question: $row.$get(7)?,
                    asked_at_ms: $row.$get(8)?,
                    expires_at_ms: $row.$get(9)?,
                    step: $row.$get(10)?,
                    is_overtaken: $row.$get(11)?,
                    has_page: $row.$get(12)?,
                },
            )),
        };
        $crate::journal::unfinished::UnfinishedRow {
            message: $row.$get(0)?,
            account: $row.$get(1)?,
            source: $row.$get(2)?,
            received_at_ms: $row.$get(3)?,
            is_replied: $row.$get(4)?,
            answer,
        }
    }};
}

pub(crate) use unfinished_row;

impl UnfinishedRow {
    /// Nothing when the push cannot be read any more: a damaged row must not keep the server from starting.
    pub(crate) fn decode(self) -> Option<Unfinished> {
        let message = Arc::new(message(&self.source).ok()?);
        let account = Str::from(self.account);
        let answer = self.answer.map(|(open_id, stored)| SavedAnswer {
            id: id(&stored.id),
            push: PushId::of(&account, &message),
            follower: open_id.into(),
            question: stored.question,
            is_overtaken: stored.is_overtaken,
            asked_at_ms: stored.asked_at_ms,
            expires_at_ms: stored.expires_at_ms,
            // No other is asked for.
            content: Content::Running,
            step: unsigned(stored.step),
            has_page: stored.has_page,
            written: None,
        });
        Some(Unfinished {
            account,
            message,
            received_at_ms: self.received_at_ms,
            is_replied: self.is_replied,
            answer,
        })
    }
}
