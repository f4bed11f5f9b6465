//! [`World`]: everything that the simulated platform knows — accounts, their followers, and what each of them sees.

use std::net::IpAddr;
use std::time::Duration;

use echostr_protocol::api::Secret;
use echostr_protocol::{AppId, GhId, OpenId, Token};

use crate::api::{Components, State};
use crate::conversation::Conversation;
use crate::course::Course;
use crate::exchange::Log;
use crate::fault::Faults;
use crate::push::{Clock, Mode, Platform, now_ms};
use crate::text::letters;
use crate::transport::NotAnAddress;

/// What kind of account it is: it decides what the account may do — 接口权限.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 未认证订阅号, all accounts of individuals among them: it answers, and that is nearly all.
    Subscription,
    /// 已认证订阅号.
    VerifiedSubscription,
    /// 未认证服务号.
    Service,
    /// 已认证服务号, and the platform's test accounts (测试号): it may do everything.
    VerifiedService,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Subscription,
        Self::VerifiedSubscription,
        Self::Service,
        Self::VerifiedService,
    ];

    /// The word in scripts, options and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Subscription => "subscription",
            Self::VerifiedSubscription => "verified-subscription",
            Self::Service => "service",
            Self::VerifiedService => "verified-service",
        }
    }

    /// The platform's own word.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Subscription => "未认证订阅号（个人号）",
            Self::VerifiedSubscription => "已认证订阅号",
            Self::Service => "未认证服务号",
            Self::VerifiedService => "已认证服务号",
        }
    }

    /// By its [`name`](Self::name).
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it was verified (微信认证).
    pub fn is_verified(self) -> bool {
        matches!(self, Self::VerifiedSubscription | Self::VerifiedService)
    }
}

/// 服务器配置: where the account's messages are pushed to.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// URL(服务器地址).
    pub url: String,
    /// 令牌.
    pub token: Token,
    /// 消息加解密方式, with what it needs.
    pub mode: Mode,
}

/// What an account is made with.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// What followers see.
    pub name: String,
    /// The AppID; it is the key of the account.
    pub app_id: AppId,
    /// The AppSecret, which access tokens are asked for with.
    pub app_secret: Secret,
    /// The original id.
    pub gh_id: GhId,
    /// What it may do.
    pub kind: Kind,
    /// Where its messages go; nothing: nowhere, and followers get no answer.
    pub server: Option<ServerConfig>,
    /// From where the API may be called (IP白名单); empty: from everywhere.
    pub allowed: Vec<IpAddr>,
}

impl AccountSettings {
    /// An account that may do everything and pushes nowhere yet, with AppID, AppSecret and original id made from random numbers.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            app_id: format!("wx{:016x}", rand::random::<u64>()).as_str().into(),
            app_secret: format!("{:032x}", rand::random::<u128>()).into(),
            gh_id: format!("gh_{:012x}", rand::random::<u64>() >> 16)
                .as_str()
                .into(),
            kind: Kind::VerifiedService,
            server: None,
            allowed: Vec::new(),
        }
    }

    /// What it pushes with.
    pub(crate) fn platform(&self, clock: Clock) -> Result<Option<Platform>, NotAnAddress> {
        let Some(server) = &self.server else {
            return Ok(None);
        };
        let mut platform = Platform::new(&server.url, server.token.clone(), server.mode.clone())?;
        platform.gh_id = self.gh_id.clone();
        platform.clock = clock;
        Ok(Some(platform))
    }
}

/// One account at the platform.
#[derive(Debug)]
pub struct Account {
    /// What it was made with.
    pub settings: AccountSettings,
    /// What it pushes with.
    pub(crate) platform: Option<Platform>,
    /// How the deliveries of its pushes go, with or without a server.
    course: Course,
    /// Everybody who has ever had to do with it, in the order in which they came.
    pub followers: Vec<Follower>,
    /// What was changed by calls.
    pub(crate) state: State,
}

impl Account {
    /// Somebody who follows it or did.
    pub fn follower(&self, open_id: &str) -> Option<&Follower> {
        self.followers
            .iter()
            .find(|follower| follower.open_id.as_str() == open_id)
    }

    /// Somebody who follows it or did.
    pub fn follower_mut(&mut self, open_id: &str) -> Option<&mut Follower> {
        self.followers
            .iter_mut()
            .find(|follower| follower.open_id.as_str() == open_id)
    }

    /// How the deliveries of its pushes go.
    pub fn course(&self) -> Course {
        self.course
    }

    pub(crate) fn set_course(&mut self, course: Course) {
        self.course = course;
        if let Some(platform) = &mut self.platform {
            platform.course = course;
        }
    }

    /// Those who follow it now.
    pub fn following(&self) -> impl Iterator<Item = &Follower> {
        self.followers
            .iter()
            .filter(|follower| follower.subscribed_at.is_some())
    }

    /// Whether this follower is on its blacklist: what they send is not pushed.
    pub(crate) fn blocks(&self, open_id: &OpenId) -> bool {
        self.follower(open_id.as_str())
            .is_some_and(|follower| follower.blocked_at.is_some())
    }
}

/// A person with a phone, as one account knows them.
#[derive(Debug)]
pub struct Follower {
    /// Their id at this account.
    pub open_id: OpenId,
    /// What they call themselves. The platform tells it to nobody any more; the phone shows it.
    pub name: String,
    /// Since when they follow, in Unix seconds; nothing: they do not.
    pub subscribed_at: Option<i64>,
    /// How they came to follow, as `subscribe_scene` has it: `ADD_SCENE_QR_CODE`.
    pub subscribe_scene: &'static str,
    /// The scene of the code by which they came.
    pub qr_scene: String,
    /// The account's own name for them (备注名).
    pub remark: String,
    /// The account's tags for them, by number.
    pub tags: Vec<i64>,
    /// Since when they are on the account's blacklist, in Unix seconds.
    pub blocked_at: Option<i64>,
    /// The language of their client: `zh_CN`.
    pub language: &'static str,
    /// On what it runs, as menus ask for it: 1 iOS, 2 Android, 3 others.
    pub client_platform_type: i64,
    /// What they see.
    pub conversation: Conversation,
    /// What lately allowed the account to send to them: the moment of each kind, and how many messages were sent since.
    pub(crate) allowances: crate::api::Allowances,
}

impl Follower {
    /// Somebody new, who does not follow yet.
    pub(crate) fn new(name: String) -> Self {
        Self {
            open_id: format!("o{}", letters(27)).into(),
            name,
            subscribed_at: None,
            subscribe_scene: "ADD_SCENE_SEARCH",
            qr_scene: String::new(),
            remark: String::new(),
            tags: Vec::new(),
            blocked_at: None,
            language: "zh_CN",
            client_platform_type: 2,
            conversation: Conversation::default(),
            allowances: crate::api::Allowances::default(),
        }
    }
}

/// Everything that the simulated platform knows.
#[derive(Debug)]
pub struct World {
    /// By AppID, in the order in which they were made.
    accounts: Vec<Account>,
    /// What was said over HTTP, in both directions.
    pub log: Log,
    /// What is made to fail.
    pub faults: Faults,
    /// The tokens of third-party platforms.
    pub(crate) components: Components,
    /// Where the simulator is reached, without a slash at the end: `http://127.0.0.1:8090`.
    pub base: String,
    /// How far the world's clock is ahead of that of the machine.
    ahead: Duration,
    last_id: u64,
}

impl World {
    pub(crate) fn new(base: String) -> Self {
        Self {
            accounts: Vec::new(),
            log: Log::default(),
            faults: Faults::default(),
            components: Components::default(),
            base,
            ahead: Duration::ZERO,
            last_id: 0,
        }
    }

    /// All accounts, in the order in which they were made.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The account with this AppID.
    pub fn account(&self, app_id: &str) -> Option<&Account> {
        self.accounts
            .iter()
            .find(|account| account.settings.app_id.as_str() == app_id)
    }

    /// The account with this AppID.
    pub fn account_mut(&mut self, app_id: &str) -> Option<&mut Account> {
        self.accounts
            .iter_mut()
            .find(|account| account.settings.app_id.as_str() == app_id)
    }

    /// The account, what was called before, and where numbers that nothing else has come from.
    pub(crate) fn account_and_ids(
        &mut self,
        app_id: &str,
    ) -> Option<(&mut Account, &Log, impl FnMut() -> u64)> {
        let last_id = &mut self.last_id;
        let mut accounts = self.accounts.iter_mut();
        let account = accounts.find(|account| account.settings.app_id.as_str() == app_id)?;
        Some((account, &self.log, || {
            *last_id += 1;
            *last_id
        }))
    }

    pub(crate) fn add(
        &mut self,
        settings: AccountSettings,
        clock: Clock,
    ) -> Result<(), NotAnAddress> {
        let platform = settings.platform(clock)?;
        self.accounts
            .retain(|account| account.settings.app_id != settings.app_id);
        self.accounts.push(Account {
            settings,
            platform,
            course: Course::default(),
            followers: Vec::new(),
            state: State::default(),
        });
        Ok(())
    }

    /// The world's time, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        now_ms() + i64::try_from(self.ahead.as_millis()).unwrap_or(i64::MAX / 2)
    }

    /// How far the world's clock is ahead of that of the machine, in seconds.
    pub(crate) fn ahead_secs(&self) -> i64 {
        i64::try_from(self.ahead.as_secs()).unwrap_or(i64::MAX / 2000)
    }

    /// Lets time pass at once: tokens and media expire, windows close.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.ahead = self.ahead.saturating_add(by);
    }

    /// A number that nothing else has.
    pub fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}
