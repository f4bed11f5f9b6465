//! [`Writing`]: a model's answer while it is written, with all that may come between: a second try, the fallback, tools.

use std::sync::Arc;

use axum::body::Bytes;
use echostr_client::with_causes;
use echostr_protocol::Str;
use serde_json::Value;
use tokio::time::sleep;
use tracing::warn;

use super::Parts;
use super::call::{Failed, Hearing, Model};
use super::gate::Gate;
use super::think::Thinking;
use super::tools::ToolTime;
use super::turn::Asking;
use super::wire::{self, Call, Calls, Heard};
use super::words::Blocked;
use crate::BoxError;
use crate::journal::TurnOutcome;

/// How long an answer may become, in bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// An answer while it is written.
pub(super) struct Writing {
    bot: Arc<Parts>,
    account: Str,
    messages: Vec<Value>,
    asking: Asking,
    stage: Stage,
    is_fallback: bool,
    /// Of the call that is tried.
    n_tries: u32,
    /// Whether anything of this call was shown: then it cannot be tried again.
    has_shown: bool,
    n_bytes: usize,
    /// What can be called; nothing until it is known.
    tools: Option<Vec<Value>>,
    tool_time: ToolTime,
    /// Whether the model may be asked once more with what tools say.
    may_call: bool,
}

enum Stage {
    /// The model is to be called.
    Calling,
    Hearing(Box<Speech>),
    /// It wants to know what these say, and has written this.
    Using(String, Vec<Call>),
    Over,
}

/// What a call says.
struct Speech {
    hearing: Hearing,
    thinking: Thinking,
    gate: Gate,
    /// Without its thinking.
    written: String,
    calls: Calls,
}

/// What the follower gets next.
#[derive(Debug)]
pub(super) enum Piece {
    Text(String),
    /// The rest may not be said.
    Blocked,
}

/// Why a step has brought nothing.
enum Stop {
    Failed(Failed),
    Blocked,
}

impl Writing {
    pub(super) fn new(bot: Arc<Parts>, account: Str, messages: Vec<Value>, asking: Asking) -> Self {
        let mut tool_time = ToolTime::new(&bot.settings.tool_limits);
        Self {
            may_call: tool_time.next_round(),
            tool_time,
            bot,
            account,
            messages,
            asking,
            stage: Stage::Calling,
            is_fallback: false,
            n_tries: 0,
            has_shown: false,
            n_bytes: 0,
            tools: None,
        }
    }

    /// The next piece, or nothing at the end.
    ///
    /// # Errors
    /// When nobody has an answer, or what was shown already cannot go on.
    pub(super) async fn next(&mut self) -> Result<Option<Piece>, BoxError> {
        while !matches!(self.stage, Stage::Over) {
            let step = self.step().await;
            match step {
                Ok(text) => {
                    if !text.is_empty() {
                        self.asking.show(&text);
                    }
                    if matches!(self.stage, Stage::Over) {
                        self.asking.comes_to(TurnOutcome::Answered);
                    }
                    if !text.is_empty() {
                        return Ok(Some(Piece::Text(text)));
                    }
                }
                Err(Stop::Blocked) => {
                    self.asking.comes_to(TurnOutcome::BlockedOutput);
                    return Ok(Some(Piece::Blocked));
                }
                Err(Stop::Failed(failed)) => self.recover(failed).await?,
            }
        }
        Ok(None)
    }

    /// What can be shown now; it may be nothing. A step that brings nothing ends it, unless that can be recovered.
    async fn step(&mut self) -> Result<String, Stop> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Calling => {
                let speech = self.call().await?;
                self.stage = Stage::Hearing(Box::new(speech));
                Ok(String::new())
            }
            Stage::Hearing(mut speech) => match speech.hearing.next().await? {
                Some(heard) => {
                    let text = self.hear(&mut speech, heard).await?;
                    self.stage = Stage::Hearing(speech);
                    Ok(text)
                }
                None => self.end(*speech).await,
            },
            Stage::Using(written, calls) => {
                self.use_tools(&written, &calls).await;
                self.stage = Stage::Calling;
                Ok(String::new())
            }
            Stage::Over => Ok(String::new()),
        }
    }

    async fn call(&mut self) -> Result<Speech, Stop> {
        self.has_shown = false;
        let tools = match &self.tools {
            Some(tools) => tools,
            None => self.tools.insert(self.bot.tools.specs().await),
        };
        let model = model(&self.bot, self.is_fallback);
        let request = wire::request(&model.settings, &self.messages, tools, self.may_call);
        self.asking
            .call(&model.settings, wire::tokens(&self.messages, tools));
        let hearing = model.ask(Bytes::from(request.to_string())).await?;
        self.asking.is_charged();
        Ok(Speech {
            hearing,
            thinking: Thinking::default(),
            gate: self.bot.gates.out(),
            written: String::new(),
            calls: Calls::default(),
        })
    }

    async fn hear(&mut self, speech: &mut Speech, heard: Heard) -> Result<String, Stop> {
        self.asking.hear(&heard);
        for part in heard.calls {
            let added = speech.calls.add(part);
            added.map_err(|why| self.model().fails(&why))?;
        }
        let text = speech.thinking.push(&heard.text);
        self.written(speech, &text)?;
        let shown = speech.gate.push(&text).await?;
        Ok(self.shown(shown))
    }

    /// The call has said all.
    async fn end(&mut self, mut speech: Speech) -> Result<String, Stop> {
        let rest = std::mem::take(&mut speech.thinking).finish();
        self.written(&mut speech, &rest)?;
        let Speech {
            mut gate,
            written,
            calls,
            ..
        } = speech;
        let mut shown = gate.push(&rest).await?;
        shown += &gate.finish().await?;
        let shown = self.shown(shown);
        let calls = calls.finish();
        if !calls.is_empty() && self.may_call && !self.bot.tools.is_empty() {
            self.stage = Stage::Using(written, calls);
        } else if written.trim().is_empty() {
            return Err(self.model().fails("answered with nothing").into());
        }
        Ok(shown)
    }

    /// More was written than before.
    fn written(&mut self, speech: &mut Speech, text: &str) -> Result<(), Stop> {
        speech.written.push_str(text);
        self.n_bytes += text.len();
        if self.n_bytes > MAX_ANSWER_BYTES {
            let what = format!("answered with more than {MAX_ANSWER_BYTES} bytes");
            return Err(self.model().fails(&what).into());
        }
        Ok(())
    }

    fn shown(&mut self, text: String) -> String {
        // What it writes after it has asked a tool is a paragraph of its own.
        let is_further = !text.is_empty() && !self.has_shown && self.asking.has_shown();
        self.has_shown |= !text.is_empty();
        if is_further {
            format!("\n\n{text}")
        } else {
            text
        }
    }

    async fn use_tools(&mut self, written: &str, calls: &[Call]) {
        self.messages.push(wire::assistant_calling(written, calls));
        for call in calls {
            let Call {
                name, arguments, ..
            } = call;
            let tools = &self.bot.tools;
            let said = tools.call(name, arguments, &mut self.tool_time).await;
            self.messages.push(wire::tool(call, &said));
        }
        self.may_call = self.tool_time.next_round();
        self.n_tries = 0;
    }

    /// Tries again, asks the fallback, or gives up: what was shown once cannot be written anew.
    async fn recover(&mut self, failed: Failed) -> Result<(), BoxError> {
        if !self.has_shown {
            if let Some(wait) = failed.again_after
                && self.n_tries < self.model().settings.retries
            {
                self.n_tries += 1;
                sleep(wait).await;
                self.stage = Stage::Calling;
                return Ok(());
            }
            if !self.is_fallback && self.bot.fallback.is_some() {
                warn!(
                    account.id = &*self.account,
                    error = with_causes(&failed.why),
                    "a language model does not answer, its fallback is asked"
                );
                self.is_fallback = true;
                self.n_tries = 0;
                self.stage = Stage::Calling;
                return Ok(());
            }
        }
        Err(failed.why.into())
    }

    fn model(&self) -> &Arc<Model> {
        model(&self.bot, self.is_fallback)
    }
}

fn model(bot: &Parts, is_fallback: bool) -> &Arc<Model> {
    let fallback = bot.fallback.as_ref().filter(|_| is_fallback);
    fallback.unwrap_or(&bot.main)
}

impl From<Failed> for Stop {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

impl From<Blocked> for Stop {
    fn from(_: Blocked) -> Self {
        Self::Blocked
    }
}
