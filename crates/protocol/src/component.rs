//! Pushes to a third-party platform (第三方平台) about its authorisations, told apart by `InfoType`.
//!
//! Source: <https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/authorize_event.html>
//! (read 2026-11-22)

use crate::document::{Document, Element};
use crate::fields::{Record, part, record, records};
use crate::id::{AppId, Str};
use crate::message::{Kind, Message, created_at, document};

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
        })*
    };
}

components! {
    /// The ticket that component access tokens are made with; every ten minutes, valid twelve hours: keep the latest.
    "component_verify_ticket" => ComponentVerifyTicket {
        /// A secret of the platform and the component.
        component_verify_ticket: Str = "ComponentVerifyTicket";
    }
}
