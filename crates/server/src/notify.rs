//! Tells the owner what needs a person: looks every few seconds at what is counted, and writes to the addresses of
//! `[[notify]]`. Nothing on a message's way waits for it.

mod send;
mod watch;

use std::fmt::Write as _;
use std::time::Duration;

use echostr::{Clock, Program};
use lettre::message::Mailbox;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

pub use self::send::{BadMailServer, MailServer, Patience};
use self::send::{Queue, Way};
pub use self::watch::{Sight, Watched, Watcher};

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(5);
/// How many accounts a notice names; further ones are counted.
const MAX_NAMED: usize = 10;

/// Why the owner is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The journal cannot be written.
    JournalAway,
    /// It can be written again.
    JournalBack,
    /// Many requests had a wrong signature.
    ManyForged,
    /// Nothing was pushed for hours.
    NoPush,
    /// Pushes were meant for another account than the one whose original id was learnt.
    WrongAccount,
    /// The platform's API refuses calls until somebody changes something.
    ApiRefused,
}

/// The words of the settings and, behind `notice.`, of what is sent.
pub const CAUSES: &[(&str, Cause)] = &[
    ("api_refused", Cause::ApiRefused),
    ("journal_away", Cause::JournalAway),
    ("journal_back", Cause::JournalBack),
    ("many_forged", Cause::ManyForged),
    ("no_push", Cause::NoPush),
    ("wrong_account", Cause::WrongAccount),
];

/// Where notices go, and about what: one `[[notify]]`.
#[derive(Debug, Clone)]
pub struct Notify {
    /// A program that takes signed JSON.
    pub program: Option<Program>,
    /// People who read e-mail.
    pub mail: Option<Mail>,
    /// What it is about.
    pub causes: Vec<Cause>,
    /// How long an account that had pushes may have none; nothing: for ever.
    pub no_push: Option<Duration>,
    /// How many requests with a wrong signature are many, for one account in ten minutes.
    pub forged_per_10_min: u64,
}

/// E-mail: by which server, from whom, to whom.
#[derive(Debug, Clone)]
pub struct Mail {
    /// What takes it.
    pub server: MailServer,
    /// Who writes.
    pub from: Mailbox,
    /// Who reads; at least one.
    pub to: Vec<Mailbox>,
}

/// What the owner is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Why.
    pub cause: Cause,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// The accounts that it is about, if it is about any.
    pub accounts: Vec<Concerned>,
}

/// An account that a notice is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concerned {
    /// The public id.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// How many requests, or how many hours.
    pub n: u64,
    /// What to do for this account, in Chinese and English, where that is not the same for all.
    pub remedy: Option<[&'static str; 2]>,
    /// An address that the remedy is about.
    pub address: Option<String>,
}

/// Looks and writes until it is dropped. `server` says which one this is, `look` sees how it is.
pub struct Notices {
    _tasks: JoinSet<()>,
}

impl Notices {
    /// Begins to look. Without any settings, nothing runs.
    pub fn start(
        settings: &[Notify],
        server: &str,
        clock: Clock,
        patience: Patience,
        mut look: impl FnMut() -> Sight + Send + 'static,
    ) -> Self {
        let mut tasks = JoinSet::new();
        let mut all = Vec::new();
        for notify in settings {
            let ways = notify.program.clone().map(Way::Program).into_iter();
            let ways = ways.chain(notify.mail.clone().map(Way::Mail));
            let queues: Vec<_> = ways
                .map(|way| Queue::start(way, server.to_owned(), patience, &mut tasks))
                .collect();
            all.push((Watcher::new(notify, clock.unix_ms()), queues));
        }
        if all.is_empty() {
            return Self { _tasks: tasks };
        }
        let mut round = move || {
            let sight = look();
            for (watcher, queues) in &mut all {
                for notice in watcher.look(&sight, clock.unix_ms()) {
                    for queue in &*queues {
                        queue.put(&notice);
                    }
                }
            }
        };
        // What is counted from here on is news.
        round();
        tasks.spawn(async move {
            let mut ticks = interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                round();
            }
        });
        Self { _tasks: tasks }
    }
}

impl Cause {
    /// The word in the settings.
    pub fn as_str(self) -> &'static str {
        let found = CAUSES.iter().find(|(_, cause)| *cause == self);
        found.expect("the table names every cause").0
    }

    /// In Chinese and English.
    fn title(self) -> [&'static str; 2] {
        match self {
            Self::JournalAway => ["流水写不进去", "the journal cannot be written"],
            Self::JournalBack => ["流水恢复了", "the journal can be written again"],
            Self::ManyForged => ["很多签名不对的请求", "many requests with a wrong signature"],
            Self::NoPush => ["很久没有收到推送", "no pushes for a long time"],
            Self::ApiRefused => [
                "微信平台拒绝调用接口",
                "the platform refuses calls to its API",
            ],
            Self::WrongAccount => [
                "收到了别的公众号的推送",
                "pushes that were meant for another account",
            ],
        }
    }

    /// What it means and what to do, in Chinese and English.
    fn explanation(self) -> [&'static str; 2] {
        match self {
            Self::JournalAway => [
                "消息照常回答，但在恢复之前，断电或崩溃会丢失消息和没看完的回答。请检查磁盘空间和数据库。",
                "Followers are answered, but until it is back a crash loses messages and answers that were not read to the \
                 end. Check the space on the disk, and the database.",
            ],
            Self::JournalBack => [
                "积压的内容会自动补写，不用做什么。",
                "What waited is being written; there is nothing to do.",
            ],
            Self::ManyForged => [
                "十分钟内签名不对的请求，个数见下。要么有人在试探，要么平台上填的 Token 与这里的不同，请比较一下。这些请求都已拒绝。",
                "Requests with a wrong signature within ten minutes, counted below. Either somebody is trying, or the token on \
                 the platform's page is not the one here: compare them. All of these requests were refused.",
            ],
            Self::NoPush => [
                "多少小时没有推送见下。请看平台的服务器配置是否还启用，地址能否访问：echostr doctor。",
                "For how many hours, see below. Look whether the server configuration is still enabled on the platform's page, \
                 and whether the address can be reached: echostr doctor.",
            ],
            Self::ApiRefused => [
                "要有人改了才会好，怎么改见下。在那之前，客服消息、菜单、素材等都用不了；晚到的回答改用回复和「继续」链接送达，不会丢。",
                "Somebody has to change something, see below. Until then nothing that needs the API can be done; late answers arrive as \
                 replies with links instead, and none is lost.",
            ],
            Self::WrongAccount => [
                "这些推送的原始 ID 不是这个公众号的，个数见下，都已拒绝。如果确实换了公众号：echostr account set ID --gh-id ''",
                "These pushes, counted below, went to another original id (原始ID) and were refused. If the account really was \
                 replaced by another one: echostr account set ID --gh-id ''",
            ],
        }
    }

    /// What is counted, in Chinese and English.
    fn unit(self) -> [&'static str; 2] {
        match self {
            Self::NoPush => ["小时", "hours"],
            Self::ApiRefused => ["次", "calls"],
            _ => ["个", "requests"],
        }
    }
}

impl Concerned {
    /// What to do, after the count.
    fn remedy(&self, place: usize) -> String {
        let Some(remedy) = self.remedy else {
            return String::new();
        };
        let separator = ["；", "; "][place];
        let address = self.address.as_deref().unwrap_or("?");
        format!("{separator}{}", remedy[place].replace("{address}", address))
    }
}

impl Notice {
    /// The subject of an e-mail.
    fn subject(&self) -> String {
        let [chinese, english] = self.cause.title();
        format!("[Echostr] {chinese} · {english}")
    }

    /// For people, Chinese first. `server` is the one that writes.
    fn text(&self, server: &str) -> String {
        let mut text = String::new();
        let titles = self.cause.title();
        let explanations = self.cause.explanation();
        let units = self.cause.unit();
        for (place, title) in titles.into_iter().enumerate() {
            let _ = writeln!(text, "{title}\n{}", explanations[place]);
            for concerned in self.accounts.iter().take(MAX_NAMED) {
                let Concerned { id, name, n, .. } = concerned;
                let unit = units[place];
                let remedy = concerned.remedy(place);
                let _ = match place {
                    0 => writeln!(text, "- 公众号「{name}」({id})：{n} {unit}{remedy}"),
                    _ => writeln!(text, "- {name} ({id}): {n} {unit}{remedy}"),
                };
            }
            if let Some(further) = self.accounts.len().checked_sub(MAX_NAMED + 1) {
                let further = further + 1;
                let _ = match place {
                    0 => writeln!(text, "- 还有 {further} 个公众号"),
                    _ => writeln!(text, "- and {further} more accounts"),
                };
            }
            text.push('\n');
        }
        let _ = writeln!(text, "{} · {server}", self.moment());
        text
    }

    /// For programs, in the form of Standard Webhooks.
    fn json(&self, server: &str) -> String {
        let cause = self.cause.as_str();
        let accounts = self.accounts.iter().take(MAX_NAMED);
        let accounts: Vec<Value> = accounts
            .map(|Concerned { id, name, n, .. }| json!({ "id": id, "name": name, "n": n }))
            .collect();
        json!({
            "type": format!("notice.{cause}"),
            "timestamp": self.moment(),
            "data": {
                "cause": cause,
                "server": server,
                "title": self.cause.title().join(" · "),
                "text": self.text(server),
                "accounts": accounts,
                "n_accounts": self.accounts.len(),
            },
        })
        .to_string()
    }

    /// In UTC.
    fn moment(&self) -> String {
        let moment = OffsetDateTime::from_unix_timestamp(self.at_ms.div_euclid(1000));
        let moment = moment.unwrap_or(OffsetDateTime::UNIX_EPOCH);
        moment.format(&Rfc3339).unwrap_or_default()
    }
}
