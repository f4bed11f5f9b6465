//! [`Script`]: what followers do and what they should see, as a file that a program plays: `echostr simulate run`.
//!
//! A script is TOML: where the bot is, then steps in order. Everything waits for the thing itself and is bounded; nothing sleeps.
//! What is wrong with a script is said at once and all together, each fault with its line.
//!
//! ```toml
//! url = "http://127.0.0.1:8080/wechatMP/S1qJ0JoQmYfy"
//! token = "S1qJ0JoQmYfy"
//!
//! [[step]]
//! says = "你好"
//! expect = "你好"
//! ```

mod expect;
mod perform;
mod read;
mod report;
mod trial;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use echostr_protocol::{AppId, OpenId};
use regex::Regex;

use crate::act::Action;
use crate::course::{Course, Forgery};
use crate::fault::Fault as Rule;
use crate::push::Clock;
use crate::transport::NotAnAddress;
use crate::world::AccountSettings;

pub use self::read::{Fault, Faults, Overrides};
pub use self::report::{Report, StepReport, Verdict};

/// A script that can be played.
#[derive(Debug, Clone)]
pub struct Script {
    /// As its file is named.
    pub name: String,
    /// The account, with its server.
    pub account: AccountSettings,
    /// The people, by their names.
    pub followers: Vec<String>,
    /// Where calls of the bot are answered; nothing: nowhere.
    pub api: Option<SocketAddr>,
    /// The platform's clock.
    pub clock: Clock,
    /// In order.
    pub steps: Vec<Step>,
}

/// One step: somebody does something, and sees something.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where it begins in the script.
    pub line: usize,
    /// What it is called in reports; empty: what is done.
    pub name: String,
    /// Which of the followers.
    pub who: usize,
    /// What is done; nothing: more is expected of what was done before.
    pub deed: Option<Deed>,
    /// What is seen of it, in order.
    pub expects: Vec<Expect>,
}

/// What is done in a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// What a person does with their phone.
    Act(Action),
    /// A tap on the link, or entry of a menu message, that has this label, in the latest message that has one.
    Taps(String),
    /// A scan of a QR code with this scene.
    Scans(String),
    /// A tap on a menu button with this key.
    Clicks(String),
    /// Any event, with its children.
    Event(String, Vec<(String, String)>),
    /// 提交 on the server configuration page; it has to succeed.
    Handshake,
    /// A stranger's forgery; it has to be refused.
    Forge(Forgery),
    /// Time passes at the platform.
    Advance(Duration),
    /// One more rule by which calls fail; nothing: none any more.
    Fault(Option<Rule>),
    /// How deliveries go from now on.
    Course(Course),
}

/// What is seen.
#[derive(Debug, Clone)]
pub struct Expect {
    /// What it has to be.
    pub what: What,
    /// Since the step began; nothing: as long as something may come.
    pub within: Option<Duration>,
    /// Which delivery has to be the one that is answered, from 1.
    pub on_delivery: Option<usize>,
}

/// What something seen has to be.
#[derive(Debug, Clone)]
pub enum What {
    /// All of these.
    Message(Vec<Trait>),
    /// Nothing.
    Nothing,
    /// The failure notice, with this in its cause.
    Failure(String),
}

/// One thing that is true of a message.
#[derive(Debug, Clone)]
pub enum Trait {
    /// Its text is exactly this.
    Equals(String),
    /// Its text holds this.
    Contains(String),
    /// Its text matches.
    Matches(Regex),
    /// `text`, `image`, `voice`, `video`, `music`, `news`, `menu`, `miniprogram`, `notice`.
    Kind(String),
    /// It has a link with this label.
    Link(String),
}

/// The script could not be played.
#[derive(Debug, thiserror::Error)]
pub enum NotPlayed {
    /// The address for calls cannot be had.
    #[error(
        "无法监听 `{address}`，换一个 `api` 地址 · cannot listen on `{address}`; choose another address for `api`"
    )]
    Listen {
        /// As it stands in the script.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Nobody is there to push to.
    #[error("脚本没有说机器人在哪里 · the script's account has no server")]
    NoServer,
    /// The server's address.
    #[error(transparent)]
    Address(#[from] NotAnAddress),
}

impl Script {
    /// Reads a script. `overrides` come from the command line and replace what the file says; `environment` knows variables.
    ///
    /// # Errors
    /// All faults of the file, each with its line.
    pub fn read(
        name: &str,
        text: &str,
        overrides: &Overrides,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Faults> {
        read::script(name, text, overrides, &environment)
    }

    /// Plays all steps, and tells `watch` of each when it is over. It has to be called within a runtime.
    ///
    /// # Errors
    /// It could not even begin.
    pub async fn play(self, watch: impl FnMut(&StepReport)) -> Result<Report, NotPlayed> {
        perform::play(self, watch).await
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Act(action) => write_action(action, f),
            Self::Taps(label) => write!(f, "点 · taps 「{label}」"),
            Self::Scans(scene) => write!(f, "扫码 · scans `{scene}`"),
            Self::Clicks(key) => write!(f, "点菜单 · clicks `{key}`"),
            Self::Event(name, _) => write!(f, "事件 · event `{name}`"),
            Self::Handshake => f.write_str("提交服务器配置 · submits the server configuration"),
            Self::Forge(forgery) => write!(f, "伪造 · forges `{}`", forgery.name()),
            Self::Advance(by) => write!(f, "时间过去 · time passes: {} s", by.as_secs()),
            Self::Fault(Some(rule)) => write!(f, "接口出错 · calls fail: {rule}"),
            Self::Fault(None) => f.write_str("接口正常 · no call fails"),
            Self::Course(course) => write!(f, "投递方式 · deliveries: {course}"),
        }
    }
}

fn write_action(action: &Action, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match action {
        Action::Say(text) => write!(f, "说 · says 「{text}」"),
        Action::Follow => f.write_str("关注 · follows"),
        Action::Unfollow => f.write_str("取消关注 · leaves"),
        other => {
            // `{"voice": …}` or `"sticker"`: the word is enough, a file is not.
            let json = serde_json::to_value(other).unwrap_or_default();
            let member = json.as_object().and_then(|object| object.keys().next());
            let word = member.map(String::as_str).or(json.as_str());
            write!(f, "操作 · does `{}`", word.unwrap_or_default())
        }
    }
}

/// Who plays: the account and its followers, in the order of the script.
struct Cast {
    app_id: AppId,
    followers: Vec<OpenId>,
}
