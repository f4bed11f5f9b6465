//! Every event that the platform pushes, one block each in the tables below.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_event_pushes.html>
//! (read 2026-11-22)

use crate::document::{Document, Element};
use crate::fields::{Record, all_at, non_empty, part, record, records};
use crate::id::{AppId, GhId, MsgId, OpenId, Str, UnionId};
use crate::message::{Kind, Message, created_at, document};

/// Defines the structs and the enum over them; several wire names may share a struct.
macro_rules! events {
    ($($(#[$doc:meta])* $($wire:literal)|+ => $name:ident $own:tt)*) => {
        records! {
            {
                /// The account's original id (`ToUserName`).
                to: GhId = "ToUserName";
                /// The follower whom it is about, or a service of the platform (`FromUserName`).
                from: OpenId = "FromUserName";
                /// When it happened, in Unix seconds of the platform's clock.
                created_at: i64 = created_at;
                /// The event's name as it came.
                event: Str = "Event";
                /// The whole push, for fields that are not known here.
                #[serde(skip)]
                document: Document = document;
            }
            $($(#[$doc])* $name $own)*
            /// An event that is not known here: answer `success`, its fields are in the document.
            UnknownEvent {}
        }

        /// An event, by its name.
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[serde(untagged)]
        #[non_exhaustive]
        pub enum Event {
            $($(#[$doc])* $name($name),)*
            /// An event that is not known here.
            Unknown(UnknownEvent),
        }

        impl Event {
            pub(crate) fn parse(document: &Document) -> Self {
                let root = document.root();
                let event = root.child("Event").map(Element::text).unwrap_or_default();
                $(if $(event.eq_ignore_ascii_case($wire))||+ {
                    return Self::$name($name::of(root));
                })*
                Self::Unknown(UnknownEvent::of(root))
            }

            /// The account's original id.
            pub fn to(&self) -> &GhId {
                match self {
                    $(Self::$name(event) => &event.to,)*
                    Self::Unknown(event) => &event.to,
                }
            }

            /// The follower whom it is about, or a service of the platform.
            pub fn from(&self) -> &OpenId {
                match self {
                    $(Self::$name(event) => &event.from,)*
                    Self::Unknown(event) => &event.from,
                }
            }

            /// When it happened, in Unix seconds of the platform's clock.
            pub fn created_at(&self) -> i64 {
                match self {
                    $(Self::$name(event) => event.created_at,)*
                    Self::Unknown(event) => event.created_at,
                }
            }

            /// The whole push.
            pub fn document(&self) -> &Document {
                match self {
                    $(Self::$name(event) => &event.document,)*
                    Self::Unknown(event) => &event.document,
                }
            }
        }

        $(impl Kind for $name {
            fn take(message: &Message) -> Option<Self> {
                match message {
                    Message::Event(Event::$name(event)) => Some(event.clone()),
                    _ => None,
                }
            }
        })*
    };
}

events! {
    /// Somebody follows the account — 关注.
    "subscribe" => Subscribe {
        /// `qrscene_` and the scene after a scan; other prefixes (`last_trade_no_`) are no scenes; often empty or absent.
        event_key: Option<Str> = "EventKey";
        /// The scene of the QR code that was scanned, without its prefix.
        scene: Option<Str> = scene_of_subscribe;
        /// The ticket of that QR code.
        ticket: Option<Str> = "Ticket";
    }

    /// Somebody does not follow any more — 取消关注. Cannot be answered; personal data must be deleted.
    "unsubscribe" => Unsubscribe {
        /// A left-over that was seen in practice.
        event_key: Option<Str> = "EventKey";
    }

    /// A follower scanned a QR code of the account — 扫描带参数二维码.
    "scan" => Scan {
        /// The scene: text, never a number.
        scene: Str = "EventKey";
        /// The ticket of the QR code.
        ticket: Option<Str> = "Ticket";
    }

    /// A menu button with a key was tapped — 点击菜单拉取消息.
    "click" => Click {
        /// The button's key, at most 128 bytes.
        event_key: Str = "EventKey";
    }

    /// A QR code was scanned from the menu, the client opens the result — 扫码推事件.
    "scancode_push" => ScancodePush {
        /// The button's key.
        event_key: Str = "EventKey";
        /// What was scanned.
        scan_code_info: Option<ScanCodeInfo> = |root: Element<'_>| part(root, "ScanCodeInfo");
    }

    /// Several pictures chosen from the menu — 弹出微信相册发图器. The pictures follow as messages, in any order.
    "pic_weixin" => PicWeixin {
        /// The button's key.
        event_key: Str = "EventKey";
        /// How many were sent.
        count: Option<i64> = picture_count;
        /// The MD5 of each, from one list of several or several lists of one: both occur.
        pictures: Vec<Str> = pictures;
    }
}

record! {
    /// What was scanned.
    ScanCodeInfo {} {
        /// `qrcode`, `barcode` …
        scan_type: Str = "ScanType";
        /// The content; of bar codes `EAN_13,6901234567892`.
        scan_result: Str = "ScanResult";
    }
}

fn scene_of_subscribe(root: Element<'_>) -> Option<Str> {
    non_empty(root, "EventKey")?.without_prefix("qrscene_")
}

fn picture_count(root: Element<'_>) -> Option<i64> {
    root.at("SendPicsInfo.Count")?.text().trim().parse().ok()
}

fn pictures(root: Element<'_>) -> Vec<Str> {
    all_at(root, "SendPicsInfo.PicList.item.PicMd5Sum").into_iter().map(Element::str).collect()
}
