//! Trying rules out: what would be answered to a message that nobody has written.

use std::sync::Arc;

use echostr::journal::Journal;
use echostr::{Account, Considered, LocalTime, Message, RuleReply, Trial, Zone};
use echostr_protocol::Document;
use echostr_store::NotChanged;
use serde_json::json;

use crate::office::{Office, Refused, now_ms};

/// Who writes when nobody is named.
const NOBODY: &str = "o-nobody";

/// What rules are asked about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Situation {
    /// The account's id.
    pub(crate) account: String,
    /// `text`, `image`, `event.subscribe` …
    pub(crate) kind: String,
    pub(crate) text: Option<String>,
    /// Of a menu entry.
    pub(crate) key: Option<String>,
    /// Of a QR code.
    pub(crate) scene: Option<String>,
    /// What is known of this follower counts; without one, nobody has ever written.
    pub(crate) follower: Option<String>,
    /// In the account's time zone; nothing: now.
    pub(crate) at: Option<LocalTime>,
}

/// What would be answered.
#[derive(Debug)]
pub(crate) struct Tried {
    /// In the order in which they are asked; the first without a hindrance answers.
    pub(crate) considered: Vec<Considered>,
    /// Of the one that answers, with its variables filled in; that of a group chosen by chance has all of them.
    pub(crate) reply: Option<RuleReply>,
    /// What answers when no rule does.
    pub(crate) bot: String,
    pub(crate) at: LocalTime,
}

impl Office {
    /// Asks the rules of an account; nothing is counted, sent or written down.
    pub(crate) async fn try_rules(&self, situation: &Situation) -> Result<Tried, Refused> {
        let entry = self.account(&situation.account).ok_or(Refused::Unknown)?;
        let account = entry.account();
        let account = account.map_err(|_| NotChanged::Unread(entry.id.as_str().into()))?;
        let at_ms = situation
            .at
            .map_or_else(now_ms, |at| moment(at, account.zone));
        let trial = Trial {
            message: Arc::new(message(situation, &account, at_ms)),
            at_ms,
        };
        let journal = Arc::clone(&self.0.journal) as Arc<dyn Journal>;
        let journal = situation.follower.as_ref().map(|_| &journal);
        let rules = self.0.rules.rules();
        let considered = rules.consider(&trial, &account, journal).await;
        let answering = considered.iter().find(|one| one.hindrance.is_none());
        let reply = answering.and_then(|one| rules.filled_in(&one.rule, &trial, &account));
        Ok(Tried {
            reply,
            considered,
            bot: account.bot.to_string(),
            at: account.zone.at(at_ms),
        })
    }
}

/// Unix milliseconds of what the clock on the wall says.
fn moment(at: LocalTime, zone: Zone) -> i64 {
    let minutes = |at: LocalTime| i64::from(at.day) * 24 * 60 + i64::from(at.minute);
    let ahead = minutes(zone.at(0));
    (minutes(at) - ahead) * 60_000
}

fn message(situation: &Situation, account: &Account, at_ms: i64) -> Message {
    let mut push = json!({
        "ToUserName": account.gh_id.as_deref().unwrap_or_default(),
        "FromUserName": situation.follower.as_deref().unwrap_or(NOBODY),
        "CreateTime": at_ms.div_euclid(1000),
    });
    let text = situation.text.as_deref().unwrap_or_default();
    if let Some(event) = situation.kind.strip_prefix("event.") {
        push["MsgType"] = "event".into();
        push["Event"] = event.into();
        push["EventKey"] = match (&situation.key, &situation.scene) {
            (Some(key), _) => key.as_str().into(),
            (None, Some(scene)) if event == "subscribe" => format!("qrscene_{scene}").into(),
            (None, scene) => scene.as_deref().unwrap_or_default().into(),
        };
    } else {
        push["MsgType"] = situation.kind.as_str().into();
        push["MsgId"] = 1.into();
        let field = match &*situation.kind {
            "voice" => "Recognition",
            _ => "Content",
        };
        push[field] = text.into();
    }
    let document = Document::parse(push.to_string().as_bytes());
    Message::parse(document.expect("it is an object of texts, and not too large"))
}
