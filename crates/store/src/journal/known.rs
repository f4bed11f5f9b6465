//! What the writer remembers of the database, so that a plain message needs no look into it.

use std::collections::{BTreeMap, HashMap};

use echostr::journal::{Replied, by};
use echostr_protocol::{Message, OpenId, Str};

use crate::value::now_ms;

/// How many followers are remembered; then all are forgotten, and asked for again.
pub(crate) const MAX_FOLLOWERS: usize = 20_000;

/// How often it is written down when a follower was last seen.
pub(crate) const SEEN_EVERY_MS: i64 = 60_000;

/// How long the jobs of a forgotten follower may still write: longer than any job lasts.
const FORGOTTEN_FOR_MS: i64 = 60 * 60 * 1000;

/// A push is handed out to a second process, never to a third.
pub(crate) const MAX_RUNS: i64 = 2;

/// What is remembered. After a transaction that failed, and when another connection has written, it is
/// [cleared](Known::clear).
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) accounts: HashMap<Str, i64>,
    // By account, so that a look-up needs no text of its own.
    followers: HashMap<i64, HashMap<Str, Follower>>,
    n_followers: usize,
    /// Followers whose newest message has changed, in the order of the table.
    pub(crate) latest: BTreeMap<i64, Latest>,
    // Who was forgotten, and when; not cleared.
    forgotten: HashMap<(Str, OpenId), i64>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Follower {
    pub(crate) id: i64,
    pub(crate) last_seen_at_ms: i64,
    pub(crate) unfollowed_at_ms: Option<i64>,
    pub(crate) latest: Latest,
}

/// The newest message of a follower and the newest question; 0 for none.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Latest {
    pub(crate) message: i64,
    pub(crate) question: i64,
}

impl Known {
    pub(crate) fn clear(&mut self) {
        *self = Self {
            forgotten: std::mem::take(&mut self.forgotten),
            ..Self::default()
        };
    }

    pub(crate) fn follower(&self, account: i64, open_id: &str) -> Option<Follower> {
        self.followers.get(&account)?.get(open_id).copied()
    }

    /// Whether there is no room for another follower: what is in [`latest`](Self::latest) has to be written, and the
    /// followers [dropped](Self::drop_followers).
    pub(crate) fn is_full(&self) -> bool {
        self.n_followers >= MAX_FOLLOWERS
    }

    pub(crate) fn drop_followers(&mut self) {
        self.followers.clear();
        self.n_followers = 0;
    }

    pub(crate) fn remember(&mut self, account: i64, open_id: &str, follower: Follower) {
        // A text of its own: the push's would keep all of the push in memory.
        let of_account = self.followers.entry(account).or_default();
        if of_account.insert(open_id.into(), follower).is_none() {
            self.n_followers += 1;
        }
    }

    /// Changes what is remembered of a follower, if anything is.
    pub(crate) fn update(&mut self, account: i64, open_id: &str, follower: &Follower) {
        let known = self.followers.get_mut(&account);
        if let Some(known) = known.and_then(|known| known.get_mut(open_id)) {
            *known = *follower;
        }
    }

    /// The follower with this row, if it is remembered. Looks at them all: for what is rare.
    pub(crate) fn by_row(&mut self, id: i64) -> Option<&mut Follower> {
        self.followers
            .values_mut()
            .flat_map(HashMap::values_mut)
            .find(|known| known.id == id)
    }

    /// From now on this follower counts as forgotten.
    pub(crate) fn forget(&mut self, account: &Str, open_id: &OpenId) {
        let now = now_ms();
        self.forgotten.retain(|_, at| *at + FORGOTTEN_FOR_MS > now);
        self.forgotten
            .insert((account.clone(), open_id.clone()), now);
    }

    /// The row of a follower is gone.
    pub(crate) fn drop_follower(&mut self, account: &Str, open_id: &str) {
        if let Some(id) = self.accounts.get(account)
            && let Some(followers) = self.followers.get_mut(id)
            && followers.remove(open_id).is_some()
        {
            self.n_followers -= 1;
        }
    }

    /// Whether the follower was forgotten after this push was received: what its jobs still write then must not bring
    /// anything back. A push that came later does, but not what came before.
    pub(crate) fn was_forgotten(
        &self,
        account: &Str,
        open_id: &OpenId,
        received_at_ms: i64,
    ) -> bool {
        self.forgotten_at_ms(account, open_id)
            .is_some_and(|at| received_at_ms <= at)
    }

    pub(crate) fn forgotten_at_ms(&self, account: &Str, open_id: &OpenId) -> Option<i64> {
        if self.forgotten.is_empty() {
            return None;
        }
        let who = (account.clone(), open_id.clone());
        self.forgotten.get(&who).copied()
    }
}

/// Whether a push asks something, rather than for the rest of an answer. Who has answered it knows best.
pub(crate) fn is_question(message: &Message, replied: Option<&Replied>) -> bool {
    if message.msg_id().is_none() {
        return false;
    }
    match (replied, message) {
        (Some(replied), _) => replied.by != by::OUTBOX,
        // A tap on a link, or what is typed instead: 继续12, `1`.
        (None, Message::Text(text)) => {
            let is_tap = text
                .menu_id
                .as_deref()
                .is_some_and(|id| id.starts_with("echostr-"));
            let content = text.content.trim();
            let word = content
                .trim_end_matches(|end: char| end.is_ascii_digit())
                .trim_end();
            let is_word = ["继续", "more", "continue"]
                .iter()
                .any(|more| word.eq_ignore_ascii_case(more));
            !(is_tap || is_word || matches!(content, "1" | "１"))
        }
        (None, _) => true,
    }
}

/// The push of an answer whose own record was given up, made of what the answer tells: its `MsgId` and its document.
pub(crate) fn stand_in_source(answer: &echostr::journal::SavedAnswer) -> (&str, String) {
    let msg_id = answer
        .push
        .key
        .as_str()
        .strip_prefix(answer.follower.as_str())
        .unwrap_or_default()
        .trim();
    let source = serde_json::json!({
        "FromUserName": answer.follower,
        "CreateTime": answer.push.created_at,
        "MsgType": "text",
        "Content": answer.question,
        "MsgId": msg_id,
    });
    (msg_id, source.to_string())
}

pub(crate) fn not_0(id: i64) -> Option<i64> {
    (id != 0).then_some(id)
}
