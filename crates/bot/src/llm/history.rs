//! What the model is told of the conversation: the follower's own latest turns, as many as the settings allow.

use std::sync::Arc;

use echostr_client::with_causes;
use serde_json::Value;
use tokio::time::timeout;
use tracing::warn;

use super::HistorySettings;
use super::wire::{Guess, assistant, user};
use crate::Journal;
use crate::deadline::JOURNAL_WITHIN;
use crate::journal::{Of, Turn};

/// The messages of earlier turns, oldest first. A journal that is away or slow tells nothing; the question is asked all the same.
pub(super) async fn earlier(
    journal: Option<&Arc<dyn Journal>>,
    of: Of<'_>,
    settings: &HistorySettings,
    now_ms: i64,
) -> Vec<Value> {
    let Some(journal) = journal.filter(|_| settings.turns > 0 && settings.tokens > 0) else {
        return Vec::new();
    };
    let since_ms = now_ms - i64::from(settings.hours) * 3_600_000;
    let reading = journal.turns(of, since_ms, settings.turns);
    let turns = match timeout(JOURNAL_WITHIN, reading).await {
        Ok(Ok(turns)) => turns,
        Ok(Err(error)) => return unread(of, &*error),
        Err(late) => return unread(of, &late),
    };
    latest(turns, settings.tokens.into())
        .into_iter()
        .flat_map(|turn| [user(&turn.question), assistant(&turn.answer)])
        .collect()
}

fn unread(of: Of<'_>, error: &(dyn std::error::Error + 'static)) -> Vec<Value> {
    warn!(
        account.id = of.account,
        error = with_causes(error),
        "the history of a conversation cannot be read, a model is asked without it"
    );
    Vec::new()
}

/// The newest turns that have no more than so many tokens together.
fn latest(mut turns: Vec<Turn>, tokens: u64) -> Vec<Turn> {
    // A model cannot make anything of half a turn, and some endpoints refuse empty messages.
    turns.retain(|turn| !turn.question.is_empty() && !turn.answer.is_empty());
    let mut room = tokens;
    let n_kept = turns
        .iter()
        .rev()
        .take_while(|turn| {
            let needed = Guess::of(&turn.question).tokens() + Guess::of(&turn.answer).tokens();
            let left = room.checked_sub(needed);
            room = left.unwrap_or_default();
            left.is_some()
        })
        .count();
    turns.split_off(turns.len() - n_kept)
}
