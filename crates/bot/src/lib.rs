//! Bots for WeChat Official Accounts (微信公众号).
//!
//! ```no_run
//! use echostr::prelude::*;
//!
//! #[tokio::main]
//! async fn main() -> Result<()> {
//!     Bot::from_env()?
//!         .keyword("帮助", "发任意文字，我会原样回复")
//!         .on(async |_: Subscribe| "Hi~ 终于等到你")
//!         .on(async |text: Text| format!("你说：{}", text.content))
//!         .serve("127.0.0.1:8080")
//!         .await
//! }
//! ```
//!
//! A handler is an async function: its first argument says *when* (a kind of message), the others say *with what*
//! ([`State`], [`Session`], [`Follower`], `Arc<`[`Account`]`>`, the [`Message`]), its return value says what to answer. The
//! first handler that takes a message answers it.
//!
//! A handler never counts seconds, although the platform waits for five. An answer that is ready within fourteen is one
//! ordinary message; of one that takes longer, the follower gets what there is and a link to the rest. Only a handler that
//! panics, fails, or runs longer than [`JobLimits::timeout`] is answered for with the account's fallback text.
//!
//! One message's way: `webhook.rs` receives, verifies and opens; `deadline.rs` finds out whether it is a repeat, waits and
//! decides what this delivery gets; `bot.rs` chooses the handler; `webhook.rs` seals and responds.

mod able;
mod account;
mod allowance;
mod answer;
mod bot;
mod call;
mod deadline;
mod echo;
mod env;
mod error;
mod flight;
mod handler;
mod http_bot;
mod job;
pub mod journal;
mod listen;
mod live;
mod llm;
mod markdown;
mod metrics;
mod noted;
mod outbox;
mod own_bot;
mod pace;
mod progress;
mod relay;
mod rule;
mod seen;
mod send;
mod session;
mod shared;
mod trouble;
mod upload;
mod webhook;
mod zone;

pub use able::Able;
pub use account::{
    Account, AccountMap, Accounts, Language, Mode, Push, Sealing, Strategy, Texts, is_original_id,
};
pub use allowance::{Interactions, SendLimits, Trigger};
pub use answer::{Answer, Footer, IntoPiece, Markdown, Markup, TextStream};
pub use bot::{Bot, State};
pub use call::{BadProgram, ProgramUrl};
pub use deadline::Pages;
pub use echo::echo;
pub use echostr_client as client;
pub use echostr_client::{ApiAccount, Client, Clock, Platform};
pub use echostr_protocol as protocol;
pub use echostr_protocol::{Article, Kind, Message, Reply};
pub use error::{BoxError, Error, Result};
pub use flight::Flight;
pub use handler::{Answering, Argument, Context, Handler, IntoAnswer, Needs};
pub use http_bot::{HttpBot, Program, ProgramSecret};
pub use job::JobLimits;
pub use journal::{Journal, MemoryJournal};
pub use listen::{Limits, listen, stop_signal};
pub use live::{Following, GivenPage, Look, Stage};
pub use llm::{
    BadLlm, BudgetSettings, ByFeedback, CommandSettings, EndpointSettings, Feedback,
    HistorySettings, LabelMode, LabelSettings, LlmBot, LlmKeys, LlmSettings, LlmTextSettings,
    LlmTexts, McpSettings, ModelSettings, ModerationSettings, PRESETS, Preset, ToolLimits,
    ToolSettings, VisionSettings, WordSettings,
};
pub use markdown::{meant, readable, settled};
pub use metrics::Metrics;
pub use own_bot::OwnBot;
pub use progress::Progress;
pub use relay::{Relay, RelayBot};
pub use rule::{
    ByRules, Considered, Desk, Rule, RuleBot, RuleFault, RuleParts, RuleRelay, RuleReply,
    RuleSecrets, RuleSet, Rules, Trial, When, Yes, fault_of_kind,
};
pub use seen::{Came, LastRefusal, REFUSALS, Seen, SeenSnapshot, Used};
pub use send::{CustomMessages, NotSent, Sender, custom_message};
pub use session::{Follower, Session};
pub use shared::{InProcess, Place, Shared};
pub use trouble::{ApiTrouble, Trouble};
pub use upload::FileReply;
pub use webhook::{is_answered, not_allowed, not_found, receive};
pub use zone::{BadZone, LocalTime, Zone, day_of};

/// What most bots need.
pub mod prelude {
    pub use crate::protocol::event::{
        Click, LocationReport, Scan, ScancodePush, ScancodeWaitmsg, Subscribe, Unsubscribe, View,
    };
    pub use crate::protocol::message::{
        File, Image, Link, Location, MiniProgramPage, ShortVideo, Text, Unsupported, Video, Voice,
    };
    pub use crate::protocol::{Event, MediaId, OpenId};
    pub use crate::{
        Account, Article, Bot, Client, Follower, Kind, Markdown, Message, Reply, Result, Session,
        State, TextStream,
    };
}
