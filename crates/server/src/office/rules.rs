//! Rules: listing, making, changing, removing and trying them out; the form is in `form.rs`.

pub(super) mod document;
mod form;
mod trial;

use std::cmp::Reverse;
use std::sync::Arc;

use echostr::{Rule, RuleReply};
use echostr_store::{Actor, RuleEdit, RuleEntry, RuleNotChanged};
use serde_json::{Map, Value};
use tracing::error;

pub(super) use self::document::differing;
pub(super) use self::form::Draft;
pub(crate) use self::trial::{Situation, Tried};
use super::form::FormFault;
use super::{Office, Refused};

/// How often a change is tried again because another was made meanwhile.
const TRIES: usize = 5;

/// Which rules.
#[derive(Debug, Clone, Default)]
pub(crate) struct RulesWanted {
    /// Those of this account, and those for all.
    pub(crate) account: Option<String>,
    /// Those in which this stands somewhere, in upper or lower case.
    pub(crate) text: Option<String>,
    /// Those that are asked after this place.
    pub(crate) after: Option<AskingPlace>,
    pub(crate) limit: usize,
}

/// The place of a rule in the order in which they are asked; it stays when other rules come and go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AskingPlace {
    priority: Reverse<i32>,
    is_for_all: bool,
    id: String,
}

impl AskingPlace {
    pub(crate) fn of(rule: &Rule) -> Self {
        Self {
            priority: Reverse(rule.priority),
            is_for_all: rule.account.is_none(),
            id: rule.id.clone(),
        }
    }

    /// As [`Self::text`] writes it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let (priority, scope, id) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            priority: Reverse(priority.parse().ok()?),
            is_for_all: match scope {
                "own" => false,
                "all" => true,
                _ => return None,
            },
            id: id.into(),
        })
    }

    pub(crate) fn text(&self) -> String {
        let scope = if self.is_for_all { "all" } else { "own" };
        format!("{}.{scope}.{}", self.priority.0, self.id)
    }
}

/// Rules.
impl Office {
    /// At most `limit` of them, in the order in which they are asked.
    pub(crate) async fn rules(&self, wanted: RulesWanted) -> Result<Vec<Arc<RuleEntry>>, Refused> {
        let rules = Arc::clone(&self.0.rules);
        // There may be very many.
        aside(move || {
            let text = wanted.text.map(|text| text.to_lowercase());
            let all = rules.list(wanted.account.as_deref()).into_iter();
            all.filter(|entry| {
                let is_after = |after: &AskingPlace| AskingPlace::of(&entry.rule) > *after;
                wanted.after.as_ref().is_none_or(is_after)
            })
            .filter(|entry| text.as_ref().is_none_or(|text| has(&entry.rule, text)))
            .take(wanted.limit)
            .collect()
        })
        .await
    }

    pub(crate) fn rule(&self, id: &str) -> Option<Arc<RuleEntry>> {
        self.0.rules.get(id)
    }

    /// Adds one. An id that is not given is made.
    pub(crate) async fn create_rule(
        &self,
        by: &Actor,
        mut given: Map<String, Value>,
    ) -> Result<Arc<RuleEntry>, Refused> {
        let mut faults = Vec::new();
        let id = match given.remove("id") {
            None | Some(Value::Null) => format!("r_{:08x}", rand::random::<u32>()),
            Some(Value::String(id)) => id,
            Some(_) => {
                faults.push(FormFault::new(
                    "id",
                    "is no text; leave it out, and one is made",
                ));
                String::from("faulty")
            }
        };
        let is_without_reply = !given.contains_key("reply");
        let (draft, others) = self.filled(Draft::new(id.clone()), given).await?;
        faults.extend(others);
        if is_without_reply {
            faults.push(without_reply());
        }
        if !faults.is_empty() {
            return Err(Refused::Faulty(faults));
        }
        self.0.rules.edit(by, vec![put(draft, None)]).await?;
        self.rule(&id).ok_or(Refused::Unknown)
    }

    /// Changes what is given of one; `null` is the default again. `expected` is its `updated_at_ms` as it was seen by who changes
    /// it.
    pub(crate) async fn change_rule(
        &self,
        by: &Actor,
        id: &str,
        given: &Map<String, Value>,
        expected: Option<i64>,
    ) -> Result<Arc<RuleEntry>, Refused> {
        for _ in 0..TRIES {
            let entry = self.rule(id).ok_or(Refused::Unknown)?;
            let seen = expected.unwrap_or(entry.updated_at_ms);
            if seen != entry.updated_at_ms {
                return Err(RuleNotChanged::Moved(id.into()).into());
            }
            if let Some(why) = &entry.unread {
                return Err(Refused::RuleUnread(format!(
                    "the rule `{id}` cannot be changed: {why}; remove it and make it anew"
                )));
            }
            let draft = Draft {
                rule: Rule::clone(&entry.rule),
                secrets: (*entry.secrets).clone(),
            };
            let (draft, faults) = self.filled(draft, given.clone()).await?;
            if !faults.is_empty() {
                return Err(Refused::Faulty(faults));
            }
            let edit = put(draft, Some(seen));
            match self.0.rules.edit(by, vec![edit]).await {
                Err(RuleNotChanged::Moved(_)) if expected.is_none() => {}
                changed => {
                    changed?;
                    return self.rule(id).ok_or(Refused::Unknown);
                }
            }
        }
        Err(RuleNotChanged::Moved(id.into()).into())
    }

    /// With what is given, and what is wrong with it. Regular expressions are looked at, which takes its time.
    async fn filled(
        &self,
        mut draft: Draft,
        given: Map<String, Value>,
    ) -> Result<(Draft, Vec<FormFault>), Refused> {
        let office = self.clone();
        aside(move || {
            let filled = draft.fill_in(&given, |account| office.account(account).is_some());
            (draft, filled.err().unwrap_or_default())
        })
        .await
    }

    pub(crate) async fn remove_rule(&self, by: &Actor, id: &str) -> Result<(), Refused> {
        let edit = RuleEdit::Remove { id: id.into() };
        Ok(self.0.rules.edit(by, vec![edit]).await?)
    }
}

/// Does what takes long where nobody waits for it.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refused> {
    tokio::task::spawn_blocking(work).await.map_err(|failed| {
        error!("a request about rules failed: {failed}");
        Refused::Database
    })
}

fn without_reply() -> FormFault {
    FormFault::new(
        "reply",
        "is missing; say what to answer, like `{\"text\": \"…\"}`",
    )
}

/// Makes a rule what is drafted; `before` is its [`updated_at_ms`](RuleEntry::updated_at_ms), if there is one.
pub(super) fn put(draft: Draft, before: Option<i64>) -> RuleEdit {
    RuleEdit::Put {
        rule: Box::new(draft.rule),
        secrets: draft.secrets,
        before,
    }
}

/// Whether this, in lower case, stands somewhere in what people wrote into the rule.
fn has(rule: &Rule, text: &str) -> bool {
    let when = &rule.when;
    let lists = [
        &when.kind,
        &when.equals,
        &when.contains,
        &when.starts_with,
        &when.regex,
        &when.key,
        &when.scene,
        &when.source,
    ];
    let mut words = [rule.id.as_str(), &rule.name]
        .into_iter()
        .chain(lists.into_iter().flatten().map(String::as_str));
    words.any(|word| word.to_lowercase().contains(text)) || says(&rule.reply, text)
}

fn says(reply: &RuleReply, text: &str) -> bool {
    let is_in = |words: &str| words.to_lowercase().contains(text);
    match reply {
        RuleReply::Text(words) | RuleReply::Markdown(words) => is_in(words),
        RuleReply::Image(id) | RuleReply::Voice(id) => is_in(id.as_str()),
        RuleReply::Video(video) => is_in(&video.title) || is_in(&video.description),
        RuleReply::Music(music) => is_in(&music.title) || is_in(&music.description),
        RuleReply::News(articles) => articles
            .iter()
            .any(|article| is_in(&article.title) || is_in(&article.description)),
        RuleReply::Random(replies) | RuleReply::All(replies) => {
            replies.iter().any(|reply| says(reply, text))
        }
        RuleReply::Bot(bot) => bot.prompt.as_deref().is_some_and(is_in),
        RuleReply::Desk(_) | RuleReply::Ai(_) | RuleReply::Silence(_) | RuleReply::Relay(_) => {
            false
        }
    }
}

impl From<RuleNotChanged> for Refused {
    fn from(why: RuleNotChanged) -> Self {
        match why {
            RuleNotChanged::Database(error) => error.into(),
            RuleNotChanged::Unknown(_) => Self::Unknown,
            why => Self::Rule(why),
        }
    }
}
