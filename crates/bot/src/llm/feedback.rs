//! 👍 and 👎 under an answer: the links, and the handler that takes the taps.

use echostr_protocol::{Message, message::Text};
use tokio::time::timeout;

use crate::deadline::JOURNAL_WITHIN;
use crate::handler::{Answering, Context, Handler, Needs};
use crate::journal::{Id, Of, Record};
use crate::{Answer, Language};

/// Our ids in `msgmenuid`, each with what it says.
const PREFIXES: [(&str, bool); 2] = [("echostr-good-", true), ("echostr-bad-", false)];
/// What a tap makes the follower say, where a client drops the id.
const SIGNS: [(&str, bool); 2] = [("👍", true), ("👎", false)];
/// A sign without an id is about an answer of the last day.
const SINCE_MS: i64 = 24 * 3_600_000;

/// The handler for taps on 👍 and 👎 under the answers of a language model. It stands before the rules: `bot.on(Feedback)`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Feedback;

/// Tells the implementation of [`Handler`] from those for functions.
#[derive(Debug)]
pub struct ByFeedback;

impl Handler<ByFeedback> for Feedback {
    fn call(&self, context: &Context) -> Option<Answering> {
        let Message::Text(text) = &*context.message else {
            return None;
        };
        let said = Said::of(text)?;
        let context = context.clone();
        Some(Box::pin(async move { Ok(said.taken(&context).await) }))
    }

    fn needs(&self, _: &mut Needs) {}
}

/// What a follower says of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Said {
    is_good: bool,
    /// Nothing: the latest.
    turn: Option<Id>,
}

impl Said {
    fn of(text: &Text) -> Option<Self> {
        let by_id = text.menu_id.as_deref().and_then(|id| {
            PREFIXES.iter().find_map(|(prefix, is_good)| {
                let turn = Some(id_of(id.strip_prefix(prefix)?)?);
                Some(Self {
                    is_good: *is_good,
                    turn,
                })
            })
        });
        by_id.or_else(|| {
            let mut signs = SIGNS.iter();
            let (_, is_good) = signs.find(|(sign, _)| text.content.trim() == *sign)?;
            Some(Self {
                is_good: *is_good,
                turn: None,
            })
        })
    }

    /// Writes it down, and thanks; a sign that is about no answer is an ordinary text.
    async fn taken(self, context: &Context) -> Answer {
        let bot = context.account.own_bot.as_ref();
        let thanks = bot.and_then(|bot| bot.thanks(context.account.language));
        let (Some(journal), Some(thanks)) = (&context.journal, thanks) else {
            return self.unknown();
        };
        let of = Of {
            account: &context.account.id,
            follower: context.message.from_user(),
        };
        let now_ms = context.clock.unix_ms();
        let turn = if let Some(turn) = self.turn {
            turn
        } else {
            let turns = timeout(JOURNAL_WITHIN, journal.turns(of, now_ms - SINCE_MS, 1)).await;
            let latest = turns.ok().and_then(Result::ok).and_then(|mut it| it.pop());
            let Some(turn) = latest else {
                return self.unknown();
            };
            turn.id
        };
        journal.write(vec![Record::Feedback {
            account: context.account.id.clone(),
            follower: of.follower.clone(),
            turn,
            is_good: self.is_good,
            at_ms: now_ms,
        }]);
        thanks.into()
    }

    /// A tap never becomes a question.
    fn unknown(self) -> Answer {
        match self.turn {
            Some(_) => crate::Reply::Silence.into(),
            None => Answer::Pass,
        }
    }
}

fn id_of(digits: &str) -> Option<Id> {
    let is_id = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| Id::from_str_radix(digits, 16).ok())?
}

/// The two links under the answer of this turn.
pub(super) fn links(turn: Id, language: Language) -> String {
    let labels = match language {
        Language::Chinese => ["有用", "没用"],
        Language::English => ["Helpful", "Not helpful"],
    };
    let mut links = Vec::new();
    for place in 0..2 {
        let ((prefix, _), (sign, _), label) = (PREFIXES[place], SIGNS[place], labels[place]);
        links.push(format!(
            "<a href=\"weixin://bizmsgmenu?msgmenucontent={sign}&msgmenuid={prefix}{turn:032x}\">{sign} {label}</a>"
        ));
    }
    links.join("  ")
}
