//! Pushes to a third-party platform (第三方平台) about its authorisations, told apart by `InfoType`.
//!
//! Source: <https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/authorize_event.html>
//! (read 2026-11-22)

use std::fmt;

use serde::Serialize;

use std::borrow::Cow;

use crate::document::{Document, Element};
use crate::fields::{Field, Record, non_empty, part, record, records};
use crate::id::{AppId, Str};
use crate::message::{Kind, Message, created_at, document, lower_case};

/// Defines the structs and the enum over them.
macro_rules! components {
    ($($(#[$doc:meta])* $wire:literal => $name:ident $own:tt)*) => {
        records! {
            {
                /// The component's AppID.
                app_id: AppId = "AppId";
                /// Unix seconds.
                created_at: i64 = created_at;
                /// What it tells.
                info_type: Str = "InfoType";
                /// The whole push.
                #[serde(skip)]
                document: Document = document;
            }
            $($(#[$doc])* $name $own)*
            /// An `InfoType` that is not known here.
            UnknownComponent {}
        }

        /// A push to a third-party platform, by its `InfoType`. Always answered `success`.
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[serde(untagged)]
        #[non_exhaustive]
        pub enum Component {
            $($(#[$doc])* $name($name),)*
            /// An `InfoType` that is not known here.
            Unknown(UnknownComponent),
        }

        impl Component {
            pub(crate) fn parse(document: &Document) -> Self {
                let root = document.root();
                let info_type = root.child("InfoType").map(Element::text).unwrap_or_default();
                $(if info_type.eq_ignore_ascii_case($wire) {
                    return Self::$name($name::of(root));
                })*
                Self::Unknown(UnknownComponent::of(root))
            }

            /// The `InfoType` in lower case.
            pub fn kind(&self) -> Cow<'_, str> {
                match self {
                    $(Self::$name(_) => $wire.into(),)*
                    Self::Unknown(component) => lower_case(&component.info_type),
                }
            }

            /// When it happened, in Unix seconds of the platform's clock.
            pub fn created_at(&self) -> i64 {
                match self {
                    $(Self::$name(component) => component.created_at,)*
                    Self::Unknown(component) => component.created_at,
                }
            }

            /// The whole push.
            pub fn document(&self) -> &Document {
                match self {
                    $(Self::$name(component) => &component.document,)*
                    Self::Unknown(component) => &component.document,
                }
            }
        }

        $(impl Kind for $name {
            fn take(message: &Message) -> Option<Self> {
                match message {
                    Message::Component(Component::$name(component)) => Some(component.clone()),
                    _ => None,
                }
            }
        }

        impl From<$name> for Message {
            fn from(component: $name) -> Self {
                Self::Component(Component::$name(component))
            }
        })*

        impl Kind for UnknownComponent {
            fn take(message: &Message) -> Option<Self> {
                match message {
                    Message::Component(Component::Unknown(component)) => Some(component.clone()),
                    _ => None,
                }
            }
        }
    };
}

components! {
    /// The ticket that component access tokens are made with; every ten minutes, valid twelve hours: keep the latest.
    "component_verify_ticket" => ComponentVerifyTicket {
        /// A secret of the platform and the component.
        component_verify_ticket: Secret = "ComponentVerifyTicket";
    }

    /// An account gave its rights to the component — 授权成功.
    "authorized" => Authorized {
        /// The account.
        authorizer_appid: AppId = "AuthorizerAppid";
        /// What the account's refresh token is asked for with, once.
        authorization_code: Secret = "AuthorizationCode";
        /// Until when, in Unix seconds.
        authorization_code_expired_time: Option<i64> = "AuthorizationCodeExpiredTime";
        /// The code that the authorisation began with: tells which of the component's pages it was.
        pre_auth_code: Secret = "PreAuthCode";
    }

    /// An account changed the rights that it gives — 授权更新. Only pushed when the set of rights is another than before.
    "updateauthorized" => UpdateAuthorized {
        /// The account.
        authorizer_appid: AppId = "AuthorizerAppid";
        /// What the account's refresh token is asked for with, once.
        authorization_code: Secret = "AuthorizationCode";
        /// Until when, in Unix seconds.
        authorization_code_expired_time: Option<i64> = "AuthorizationCodeExpiredTime";
        /// The code that the authorisation began with.
        pre_auth_code: Secret = "PreAuthCode";
    }

    /// An account took its rights back — 取消授权.
    "unauthorized" => Unauthorized {
        /// The account.
        authorizer_appid: AppId = "AuthorizerAppid";
    }

    /// What became of a mini-program's registration by the component — 快速注册小程序.
    "notify_third_fasteregister" => NotifyThirdFasteregister {
        /// 0 when it worked; else a negative or positive code.
        status: Option<i64> = "status";
        /// `OK`, or why not.
        msg: Str = "msg";
        /// `appid`: the new mini-program, not to be mistaken for the component's `app_id`; absent on failure.
        registered_app_id: Option<AppId> = "appid";
        /// What the new mini-program's refresh token is asked for with; absent on failure.
        auth_code: Option<Secret> = "auth_code";
        /// Undocumented.
        taskid: Option<Str> = "taskid";
        /// What it was registered with; boxed, because the other pushes are half as large.
        info: Option<Box<FasteregisterInfo>> = |root: Element<'_>| part(root, "info").map(Box::new);
    }
}

record! {
    /// What a mini-program was registered with: by a company the first five, by a person `wxuser` and `idname`.
    FasteregisterInfo {} {
        /// The company's name.
        name: Option<Str> = "name";
        /// The company's number.
        code: Option<Str> = "code";
        /// Of which kind the number is: 1 unified social credit code (统一社会信用代码), 2 organisation code (组织机构代码),
        /// 3 business licence (营业执照注册号).
        code_type: Option<i64> = "code_type";
        /// The WeChat id of the company's legal representative.
        legal_persona_wechat: Option<Str> = "legal_persona_wechat";
        /// The name of the company's legal representative.
        legal_persona_name: Option<Str> = "legal_persona_name";
        /// The person's WeChat id.
        wxuser: Option<Str> = "wxuser";
        /// The person's name.
        idname: Option<Str> = "idname";
        /// The component's telephone.
        component_phone: Option<Str> = "component_phone";
    }
}

/// A ticket or code that gives access: it prints as `***`, and serialises as it is.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Secret(Str);

impl Secret {
    /// The ticket or code itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Field for Secret {
    fn read(parent: Element<'_>, name: &str) -> Self {
        Self(Str::read(parent, name))
    }
}

impl Field for Option<Secret> {
    fn read(parent: Element<'_>, name: &str) -> Self {
        non_empty(parent, name).map(Secret)
    }
}
