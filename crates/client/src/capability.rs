//! [`Capabilities`]: what an account may do, found out by calls that change nothing.

use std::time::Duration;

use echostr_protocol::api::custom_message::{Typing, TypingCommand};
use echostr_protocol::api::draft::DraftCount;
use echostr_protocol::api::kf_account::GetKfList;
use echostr_protocol::api::mass_message::GetSpeed;
use echostr_protocol::api::material::GetMaterialCount;
use echostr_protocol::api::menu::GetMenu;
use echostr_protocol::api::publish::FreePublishBatchGet;
use echostr_protocol::api::subscribe_message::GetWxaPubNewTemplate;
use echostr_protocol::api::tag::GetTags;
use echostr_protocol::api::template_message::GetAllTemplates;
use echostr_protocol::api::{Class, Request};
use serde::{Deserialize, Serialize};

use crate::Client;
use crate::error::Error;

/// Something that not every account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Capability {
    /// Customer-service messages, 客服消息: the strategy `send` needs them.
    CustomMessage,
    /// Menus by the API, 自定义菜单.
    Menu,
    /// Followers and tags, 用户管理.
    User,
    /// Permanent material, 永久素材.
    Material,
    /// Drafts, 草稿箱.
    Draft,
    /// Publishing, 发布能力.
    Publish,
    /// Mass messages, 群发.
    MassMessage,
    /// Template messages, 模板消息.
    TemplateMessage,
    /// Subscription notices, 订阅通知.
    SubscribeMessage,
    /// Desk accounts, 客服账号.
    Desk,
}

/// Whether an account may do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum May {
    /// It may.
    Yes,
    /// The platform refuses, with this code.
    No(i64),
    /// It could not be found out: the platform could not be reached, or answered with this code.
    Unknown(Option<i64>),
}

/// What an account may do, at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Unix milliseconds; 0 when it was never asked for as a whole.
    pub found_at_ms: i64,
    /// In the order of [`Capability::ALL`].
    pub found: Vec<(Capability, May)>,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::CustomMessage,
        Self::Menu,
        Self::User,
        Self::Material,
        Self::Draft,
        Self::Publish,
        Self::MassMessage,
        Self::TemplateMessage,
        Self::SubscribeMessage,
        Self::Desk,
    ];

    /// In Chinese, as the platform's documents call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::CustomMessage => "客服消息",
            Self::Menu => "自定义菜单",
            Self::User => "用户管理",
            Self::Material => "永久素材",
            Self::Draft => "草稿箱",
            Self::Publish => "发布能力",
            Self::MassMessage => "群发",
            Self::TemplateMessage => "模板消息",
            Self::SubscribeMessage => "订阅通知",
            Self::Desk => "客服账号",
        }
    }

    /// In English.
    pub fn english(self) -> &'static str {
        match self {
            Self::CustomMessage => "customer-service messages",
            Self::Menu => "menus",
            Self::User => "followers and tags",
            Self::Material => "permanent material",
            Self::Draft => "drafts",
            Self::Publish => "publishing",
            Self::MassMessage => "mass messages",
            Self::TemplateMessage => "template messages",
            Self::SubscribeMessage => "subscription notices",
            Self::Desk => "desk accounts",
        }
    }

    /// Asks for something that only who may do it is given, and that changes nothing.
    async fn probe(self, client: &Client) -> Result<(), Error> {
        async fn ask<R: Request>(client: &Client, request: R) -> Result<(), Error> {
            client.call(request).await.map(|_| ())
        }
        match self {
            // To nobody: who may send is told that there is no such follower.
            Self::CustomMessage => {
                let request = Typing {
                    touser: NOBODY.into(),
                    command: TypingCommand::CancelTyping,
                };
                ask(client, request).await
            }
            Self::Menu => ask(client, GetMenu::default()).await,
            Self::User => ask(client, GetTags::default()).await,
            Self::Material => ask(client, GetMaterialCount::default()).await,
            Self::Draft => ask(client, DraftCount::default()).await,
            Self::Publish => {
                let request = FreePublishBatchGet {
                    offset: 0,
                    count: 1,
                    no_content: Some(true),
                };
                ask(client, request).await
            }
            Self::MassMessage => ask(client, GetSpeed::default()).await,
            Self::TemplateMessage => ask(client, GetAllTemplates::default()).await,
            Self::SubscribeMessage => ask(client, GetWxaPubNewTemplate::default()).await,
            Self::Desk => ask(client, GetKfList::default()).await,
        }
    }
}

/// An OpenID that nobody has.
const NOBODY: &str = "o0000000000000000000000000000";

impl Capabilities {
    /// Whether the account may do this.
    pub fn may(&self, what: Capability) -> May {
        let found = self
            .found
            .iter()
            .find(|(capability, _)| *capability == what);
        found.map_or(May::Unknown(None), |(_, may)| *may)
    }

    /// Notes what a call has taught meanwhile.
    pub fn learn(&mut self, what: Capability, may: May) {
        self.found.retain(|(capability, _)| *capability != what);
        self.found.push((what, may));
        self.found.sort_by_key(|(capability, _)| *capability);
    }
}

impl Client {
    /// Finds out what the account may do, by one call for each that changes nothing.
    ///
    /// # Errors
    /// [`Error::NoToken`] and [`Error::Lacking`]: then nothing can be found out.
    pub async fn capabilities(&self) -> Result<Capabilities, Error> {
        self.access_token().await?;
        let client = self.within(Duration::from_secs(10));
        let mut found = Vec::new();
        for capability in Capability::ALL {
            found.push((capability, judge(capability.probe(&client).await)?));
        }
        Ok(Capabilities {
            found_at_ms: self.now_ms(),
            found,
        })
    }
}

fn judge(probed: Result<(), Error>) -> Result<May, Error> {
    let error = match probed {
        Ok(()) => return Ok(May::Yes),
        Err(error @ (Error::NoToken { .. } | Error::Lacking { .. })) => return Err(error),
        Err(error) => error,
    };
    let Error::Refused(refused) = &error else {
        return Ok(May::Unknown(None));
    };
    Ok(match refused.class() {
        Class::Permission => May::No(refused.code),
        Class::TokenInvalid | Class::IpNotWhitelisted | Class::SystemBusy | Class::RateLimit => {
            May::Unknown(Some(refused.code))
        }
        // It was let in and is told something about what it asked for.
        _ => May::Yes,
    })
}
