//! An `llm` bot with a journal, and followers who ask it.

use std::sync::Arc;

use echostr::journal::{Turn, TurnOutcome};
use echostr::prelude::*;
use echostr::{Account, BoxError, Clock, Context, LlmBot, LlmKeys, LlmSettings};
use echostr_client::with_causes;
use echostr_simulator::{Push, Shown};
use serde_json::{Value, json};

use super::book::Book;
use super::{message, shop, shown};

/// The key of the model.
pub(crate) const KEY: &str = "sk-Planted0123456789";

/// A bot, and what it writes down.
pub(crate) struct Stage {
    pub(crate) bot: Bot,
    pub(crate) book: Arc<Book>,
}

impl Stage {
    /// `settings` are those of the bot, as they are written in JSON.
    pub(crate) fn new(settings: Value) -> Self {
        Self::of(settings, shop())
    }

    pub(crate) fn of(settings: Value, account: Account) -> Self {
        Self::with(settings, account, Arc::default())
    }

    /// The same with a journal that others have, too.
    pub(crate) fn with(settings: Value, account: Account, book: Arc<Book>) -> Self {
        let account = Account {
            own_bot: Some(Arc::new(llm(settings))),
            ..account
        };
        let bot = Bot::new()
            .on(echostr::Feedback)
            .on(async |_: Message, context: Context| {
                let bot = context.account.own_bot.clone().expect("it was given");
                bot.answer(&context).await
            })
            .journal(Arc::clone(&book) as _)
            .account(account);
        Self { bot, book }
    }

    /// The bot goes by this clock.
    pub(crate) fn clock(self, clock: Clock) -> Self {
        Self {
            bot: self.bot.clock(clock),
            ..self
        }
    }

    /// What the follower reads who asks this; nothing for `success`.
    pub(crate) async fn ask(&self, question: &str) -> String {
        self.push(&Push::text(question)).await
    }

    pub(crate) async fn ask_as(&self, follower: &str, question: &str) -> String {
        self.push(&Push::text(question).by(follower.to_owned()))
            .await
    }

    pub(crate) async fn push(&self, push: &Push) -> String {
        match shown(&self.bot, push).await {
            Shown::Answer { reply, .. } => match reply.reply {
                echostr::Reply::Text(text) => text,
                other => panic!("not a text: {other:?}"),
            },
            Shown::Nothing => String::new(),
            Shown::Failure(why) => panic!("no answer: {why:?}"),
        }
    }

    /// Why there is no answer, with all its causes.
    pub(crate) async fn fail(&self, question: &str) -> String {
        let error: BoxError = match self.bot.answer(message(&Push::text(question))).await {
            Ok(reply) => panic!("an answer: {reply:?}"),
            Err(error) => error,
        };
        with_causes(&*error)
    }

    /// The only turn that was written.
    #[track_caller]
    pub(crate) fn turn(&self) -> Turn {
        let mut turns = self.book.turns();
        assert_eq!(turns.len(), 1, "{turns:?}");
        turns.remove(0)
    }

    /// What has come of all turns.
    pub(crate) fn outcomes(&self) -> Vec<TurnOutcome> {
        self.book.turns().iter().map(|turn| turn.outcome).collect()
    }
}

/// The model is `m`, answers are not marked, and a silence of ten seconds is too long, if nothing else is set.
pub(crate) fn llm(mut settings: Value) -> LlmBot {
    let defaults = [
        ("model", json!("m")),
        ("label", json!({ "mode": "none" })),
        ("timeout_secs", json!(10)),
    ];
    for (name, value) in defaults {
        if settings[name].is_null() {
            settings[name] = value;
        }
    }
    let settings: LlmSettings = serde_json::from_value(settings).expect("settings");
    let keys = LlmKeys([("key".to_owned(), KEY.into())].into());
    LlmBot::new(settings, keys).expect("a bot")
}
