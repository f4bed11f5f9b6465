//! [`LlmBot`]: a language model answers, through any OpenAI-compatible endpoint. `docs/llm.md` is the manual for owners.
//!
//! One question's way: `reply` below is the table of contents; `history.rs` and `wire.rs` make what the model is told,
//! `writing.rs` lets it write, `call.rs` calls it once, and `turn.rs` takes down what came of it.

mod budget;
mod call;
mod command;
mod feedback;
mod gate;
mod history;
#[cfg(test)]
mod listening;
#[cfg(feature = "mcp")]
mod mcp;
mod media;
mod moderation;
mod prompt;
mod question;
mod settings;
mod think;
mod tools;
mod turn;
mod vision;
mod voice;
mod web;
mod wire;
mod words;
mod writing;

use std::fmt;
use std::sync::Arc;

use echostr_protocol::{Event, Message};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt as _};
use serde_json::Value;
use tokio::time::timeout;

pub use feedback::{ByFeedback, Feedback};
pub use settings::{
    BudgetSettings, CommandSettings, EndpointSettings, HistorySettings, LabelMode, LabelSettings,
    LlmKeys, LlmSettings, LlmTextSettings, LlmTexts, McpSettings, ModelSettings,
    ModerationSettings, PRESETS, Preset, ToolLimits, ToolSettings, VisionSettings, WordSettings,
};

use crate::answer::{Footer, TextStream};
use crate::deadline::JOURNAL_WITHIN;
use crate::handler::Context;
use crate::journal::{Id, Of, TurnOutcome, Written};
use crate::{Answer, BoxError, Language, LocalTime, OwnBot, Reply};
use budget::{Budget, Limit, Place};
use call::Model;
use command::{Command, Commands};
use gate::Gates;
use history::earlier;
use question::{Question, Questions};
use tools::Toolbox;
use turn::Asking;
use writing::{Piece, Writing};

/// A language model as a bot. Cloning is cheap.
#[derive(Clone)]
pub struct LlmBot(Arc<Parts>);

struct Parts {
    settings: LlmSettings,
    main: Arc<Model>,
    fallback: Option<Arc<Model>>,
    commands: Commands,
    budget: Budget,
    gates: Gates,
    tools: Toolbox,
    questions: Questions,
}

/// Why a bot cannot be made of its settings. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {text}")]
pub struct BadLlm {
    /// Like `url`, `fallback.model`, `tools[0].parameters`.
    pub field: String,
    /// The rest of a sentence about it.
    pub text: String,
}

impl LlmBot {
    /// Compiles word lists and schemas; makes no connection yet.
    ///
    /// # Errors
    /// The first thing that cannot be used: no endpoint, no model, a schema that is none.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "who makes a bot gives its keys away"
    )]
    pub fn new(settings: LlmSettings, keys: LlmKeys) -> Result<Self, BadLlm> {
        let main = Model::new(&settings.main, "", &keys)?;
        let fallback = settings.fallback.as_ref();
        let fallback = fallback
            .map(|fallback| Model::new(fallback, "fallback.", &keys))
            .transpose()?
            .map(|fallback| Arc::new(fallback.beside(&main)));
        Ok(Self(Arc::new(Parts {
            main: Arc::new(main),
            fallback,
            commands: Commands::new(&settings.commands),
            budget: Budget::new(&settings.budget),
            gates: Gates::new(&settings, &keys)?,
            tools: Toolbox::new(&settings, &keys)?,
            questions: Questions::new(&settings, &keys),
            settings,
        })))
    }

    async fn reply(&self, context: &Context) -> Result<Answer, BoxError> {
        if !context.message.is_ordinary() {
            return Ok(unasked(context).into());
        }
        let texts = self.0.settings.texts(context.account.language);
        if let Message::Text(text) = &*context.message
            && let Some(command) = self.0.commands.find(&text.content)
        {
            return self.obey(command, texts, context).await;
        }
        // All that follows may cost something, also to hear a voice and to have a text looked at.
        let place = match self.0.enter(context).await? {
            Ok(place) => place,
            Err(limit) => {
                Asking::new(context).comes_to(TurnOutcome::Spent);
                return Ok(match limit {
                    Limit::Follower => texts.spent_follower.into(),
                    Limit::Account => texts.spent_account.into(),
                });
            }
        };
        let Some(question) = self.0.questions.read(context).await? else {
            return Ok(texts.unreadable.into());
        };
        if let Some(command) = self.0.commands.find(&question.text) {
            return self.obey(command, texts, context).await;
        }
        if !self.0.gates.lets_in(&question.text).await {
            Asking::new(context).comes_to(TurnOutcome::BlockedInput);
            return Ok(texts.blocked.into());
        }
        let messages = self.0.messages(&question, context).await?;
        // Only what a model is asked is written down, and counts.
        let mut asking = Asking::new(context);
        asking.ask(question.text, place);
        let footer = self.0.footer(asking.id(), &texts, context.account.language);
        let account = context.account.id.clone();
        let writing = Writing::new(Arc::clone(&self.0), account, messages, asking);
        let mode = self.0.settings.label.mode;
        begin(writing, mode, footer, texts.blocked).await
    }

    async fn obey(
        &self,
        command: Command,
        texts: LlmTexts,
        context: &Context,
    ) -> Result<Answer, BoxError> {
        let text = match command {
            Command::Help => texts.help,
            Command::Clear => {
                let mut asking = Asking::new(context);
                asking.comes_to(TurnOutcome::Cleared);
                // What is asked next comes after it.
                let written = timeout(JOURNAL_WITHIN, asking.write().wait()).await;
                if written == Ok(Written::Lost) {
                    return Err("that a conversation is forgotten could not be written".into());
                }
                texts.cleared
            }
            Command::Usage => {
                let budget = &self.0.budget;
                let (spent, most) = budget
                    .of_follower(context.journal.as_ref(), of(context), today(context))
                    .await?;
                command::usage(spent, most, context.account.language)
            }
        };
        Ok(text.into())
    }
}

impl Parts {
    async fn enter(&self, context: &Context) -> Result<Result<Place, Limit>, BoxError> {
        let entering = self
            .budget
            .enter(context.journal.as_ref(), of(context), today(context));
        entering.await
    }

    /// What the model is told: the prompt, what was said before, the question. Nothing that a follower wrote stands anywhere but in
    /// a message of the follower.
    async fn messages(
        &self,
        question: &Question,
        context: &Context,
    ) -> Result<Vec<Value>, BoxError> {
        let mut messages = Vec::new();
        let prompt = self.prompt(context);
        if !prompt.trim().is_empty() {
            messages.push(wire::system(&prompt));
        }
        let now_ms = context.clock.unix_ms();
        let settings = &self.settings.history;
        messages.extend(earlier(context.journal.as_ref(), of(context), settings, now_ms).await);
        messages.push(self.questions.message(question, context).await?);
        Ok(messages)
    }

    /// A rule's own has its variables replaced already.
    fn prompt(&self, context: &Context) -> String {
        match &context.prompt {
            Some(prompt) => prompt.to_string(),
            None => prompt::filled(&self.settings.prompt, context),
        }
    }

    /// What stands under an answer.
    fn footer(&self, turn: Option<Id>, texts: &LlmTexts, language: Language) -> Footer {
        let mode = self.settings.label.mode;
        let is_labelled = matches!(mode, LabelMode::Auto | LabelMode::Suffix);
        let links = turn.filter(|_| self.settings.feedback);
        Footer {
            label: if is_labelled {
                texts.label.clone()
            } else {
                String::new()
            },
            is_always_labelled: mode == LabelMode::Suffix,
            links: links
                .map(|turn| feedback::links(turn, language))
                .unwrap_or_default(),
        }
    }
}

/// Waits for the first words, so that what has none is no text by a model.
async fn begin(
    mut writing: Writing,
    mode: LabelMode,
    footer: Footer,
    blocked: String,
) -> Result<Answer, BoxError> {
    let first = match writing.next().await? {
        Some(Piece::Text(first)) => first,
        Some(Piece::Blocked) => return Ok(blocked.into()),
        None => return Ok(Reply::Silence.into()),
    };
    let rest = stream::unfold(writing, move |mut writing| {
        let blocked = blocked.clone();
        async move {
            let piece = match writing.next().await.transpose()? {
                Ok(Piece::Text(text)) => Ok(text),
                Ok(Piece::Blocked) => Ok(format!("\n\n{blocked}")),
                Err(error) => Err(error),
            };
            Some((piece, writing))
        }
    });
    let pieces = stream::once(async { Ok(first) }).chain(rest);
    let text = TextStream::markdown(pieces).footer(footer);
    Ok(marked(text, mode).into())
}

/// The text, marked for the platform unless the owner will have no mark.
fn marked(text: TextStream, mode: LabelMode) -> TextStream {
    match mode {
        LabelMode::None => text,
        LabelMode::Auto | LabelMode::Suffix | LabelMode::Platform => text.by_model(),
    }
}

/// What a push gets that no follower has written.
fn unasked(context: &Context) -> Reply {
    match &*context.message {
        Message::Event(Event::Subscribe(_)) => Reply::from(&*context.account.welcome),
        _ => Reply::Silence,
    }
}

fn of(context: &Context) -> Of<'_> {
    Of {
        account: &context.account.id,
        follower: context.message.from_user(),
    }
}

fn today(context: &Context) -> LocalTime {
    context.account.zone.at(context.clock.unix_ms())
}

impl OwnBot for LlmBot {
    fn answer<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Answer, BoxError>> {
        Box::pin(self.reply(context))
    }

    fn thanks(&self, language: Language) -> Option<String> {
        let Parts { settings, .. } = &*self.0;
        settings.feedback.then(|| settings.texts(language).thanks)
    }
}

impl fmt::Debug for LlmBot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LlmBot")
            .field(&self.0.settings.main)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_marked_for_the_platform_unless_nothing_is_to_be_marked() {
        use LabelMode::{Auto, None, Platform, Suffix};

        let is_marked = |mode| marked(TextStream::new(stream::iter(["答。"])), mode).is_ai;
        assert_eq!(
            [Auto, Suffix, Platform, None].map(is_marked),
            [true, true, true, false]
        );
    }
}
