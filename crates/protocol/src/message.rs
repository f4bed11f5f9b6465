//! Bytes → [`Message`]: every kind of ordinary message, one block each in the table below.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_standard_messages.html>
//! (read 2026-11-22)

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::component::Component;
use crate::document::{Document, Element};
use crate::event::Event;
use crate::fields::{Record, non_empty, record, records};
use crate::id::{AppId, GhId, MediaId, MsgId, OpenId, Str};

/// What the platform sends as text when it does not forward what the follower sent (stickers above all).
const PLACEHOLDER: &str = "【收到不支持的消息类型，暂无法显示】";

/// Defines the structs and the enum over them. A kind with a condition stands before the one without.
macro_rules! messages {
    ($($(#[$doc:meta])* $wire:literal $(if $condition:ident)? => $name:ident $own:tt)*) => {
        records! {
            {
                /// The account's original id (`ToUserName`).
                to: GhId = "ToUserName";
                /// The follower who wrote (`FromUserName`).
                from: OpenId = "FromUserName";
                /// When it was written, in Unix seconds of the platform's clock; 0 when the platform left it out.
                created_at: i64 = created_at;
                /// The message's id, the same for all deliveries of it.
                msg_id: Option<MsgId> = "MsgId";
                /// The article from whose page it was sent; only then present (`2247483652_1`).
                msg_data_id: Option<Str> = "MsgDataId";
                /// The 1-based number of that article in a post of several.
                idx: Option<i64> = "Idx";
                /// Sub-merchant routing, rare.
                business_id: Option<u64> = "BusinessId";
                /// The whole push, for fields that are not known here.
                #[serde(skip)]
                document: Document = document;
            }
            $($(#[$doc])* $name $own)*
        }

        /// A push, by its kind. Unknown kinds, events and fields are kept, never an error.
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[serde(untagged)]
        #[non_exhaustive]
        pub enum Message {
            $($(#[$doc])* $name($name),)*
            /// An event: something that happened, other than that a follower wrote.
            Event(Event),
            /// A push of the discontinued hardware platform.
            Device(Device),
            /// A push to a third-party platform about its authorisations.
            Component(Component),
            /// A kind that is not known here.
            Unknown(Unknown),
        }

        impl Message {
            /// What [`kind`](Self::kind) can be of a message that is known here; the first is that of [`Unsupported`].
            pub const KINDS: &[&str] = &[$($wire),*];

            /// Sorts a document into its kind. Never fails: what is not known is [`Message::Unknown`].
            pub fn parse(document: Document) -> Self {
                let root = document.root();
                let Some(kind) = root.child("MsgType").map(Element::text) else {
                    return if root.child("InfoType").is_some() {
                        Self::Component(Component::parse(&document))
                    } else {
                        Self::Unknown(Unknown::of(root))
                    };
                };
                $(if kind.eq_ignore_ascii_case($wire) $(&& $condition(root))? {
                    return Self::$name($name::of(root));
                })*
                if kind.eq_ignore_ascii_case("event") {
                    return Self::Event(Event::parse(&document));
                }
                if DEVICE_KINDS.iter().any(|device| kind.eq_ignore_ascii_case(device)) {
                    return Self::Device(Device::of(root));
                }
                Self::Unknown(Unknown::of(root))
            }

            /// The account's original id; empty in component pushes.
            pub fn to_user(&self) -> &GhId {
                match self {
                    $(Self::$name(message) => &message.to,)*
                    Self::Event(event) => event.to_user(),
                    Self::Device(device) => &device.to,
                    Self::Component(_) => &TO_NOBODY,
                    Self::Unknown(unknown) => &unknown.to,
                }
            }

            /// Who wrote, or whom the event is about; some events come from a platform service instead.
            pub fn from_user(&self) -> &OpenId {
                match self {
                    $(Self::$name(message) => &message.from,)*
                    Self::Event(event) => event.from_user(),
                    Self::Device(device) => &device.from,
                    Self::Component(_) => &FROM_NOBODY,
                    Self::Unknown(unknown) => &unknown.from,
                }
            }

            /// The kind in lower case, as on the wire: the event's name, else the message's type, else a component's info
            /// type; empty when the platform named none.
            pub fn kind(&self) -> Cow<'_, str> {
                match self {
                    $(Self::$name(_) => $wire.into(),)*
                    Self::Event(event) => event.kind(),
                    Self::Device(device) => lower_case(&device.msg_type),
                    Self::Component(component) => component.kind(),
                    Self::Unknown(unknown) => lower_case(&unknown.msg_type),
                }
            }

            /// When it happened, in Unix seconds of the platform's clock.
            pub fn created_at(&self) -> i64 {
                match self {
                    $(Self::$name(message) => message.created_at,)*
                    Self::Event(event) => event.created_at(),
                    Self::Device(device) => device.created_at,
                    Self::Component(component) => component.created_at(),
                    Self::Unknown(unknown) => unknown.created_at,
                }
            }

            /// The message's id. Events have none: their `MsgID` is that of the job that they report on.
            pub fn msg_id(&self) -> Option<&MsgId> {
                match self {
                    $(Self::$name(message) => message.msg_id.as_ref(),)*
                    Self::Event(_) | Self::Component(_) => None,
                    Self::Device(device) => device.msg_id.as_ref(),
                    Self::Unknown(unknown) => unknown.msg_id.as_ref(),
                }
            }

            /// The whole push.
            pub fn document(&self) -> &Document {
                match self {
                    $(Self::$name(message) => &message.document,)*
                    Self::Event(event) => event.document(),
                    Self::Device(device) => &device.document,
                    Self::Component(component) => component.document(),
                    Self::Unknown(unknown) => &unknown.document,
                }
            }

            /// Whether a follower wrote it: such a message may be handed to the desk, and one article is shown at most.
            pub fn is_ordinary(&self) -> bool {
                match self {
                    $(Self::$name(_) => true,)*
                    Self::Event(_) | Self::Device(_) | Self::Component(_) | Self::Unknown(_) => false,
                }
            }
        }

        $(impl Kind for $name {
            fn take(message: &Message) -> Option<Self> {
                match message {
                    Message::$name(message) => Some(message.clone()),
                    _ => None,
                }
            }
        }

        impl From<$name> for Message {
            fn from(message: $name) -> Self {
                Self::$name(message)
            }
        })*
    };
}

messages! {
    /// What stands in for a message that the platform does not forward, such as a sticker — 不支持的消息类型.
    /// It arrives as a text that the follower did not write: neither echo it nor give it to a model.
    "text" if is_placeholder => Unsupported {
        /// The platform's wording.
        content: Str = "Content";
    }

    /// A text — 文本消息.
    "text" => Text {
        /// What was written; empty when the platform left it out. Built-in emoticons are `/::)` or `[微笑]`.
        content: Str = "Content";
        /// The id of the menu entry or `weixin://bizmsgmenu` link that was tapped; then the content is that entry's.
        menu_id: Option<Str> = "bizmsgmenuid";
    }

    /// A picture — 图片消息.
    "image" => Image {
        /// Where the platform keeps it; no authentication, long-lived.
        pic_url: Str = "PicUrl";
        /// Temporary material, three days.
        media_id: MediaId = "MediaId";
    }

    /// A voice message — 语音消息.
    "voice" => Voice {
        /// Temporary material, three days.
        media_id: MediaId = "MediaId";
        /// `amr` (8 kHz) or `speex`.
        format: Str = "Format";
        /// A copy at 16 kHz, when there is one.
        media_id_16k: Option<MediaId> = "MediaId16K";
        /// What the platform understood; absent when recognition is off or understood nothing.
        recognition: Option<Str> = recognition;
    }

    /// A video — 视频消息.
    "video" => Video {
        /// Temporary material, three days.
        media_id: MediaId = "MediaId";
        /// Its first picture.
        thumb_media_id: MediaId = "ThumbMediaId";
    }

    /// A short clip of older clients — 小视频消息.
    "shortvideo" => ShortVideo {
        /// Temporary material, three days.
        media_id: MediaId = "MediaId";
        /// Its first picture.
        thumb_media_id: MediaId = "ThumbMediaId";
    }

    /// A place — 地理位置消息.
    "location" => Location {
        /// `Location_X`: degrees north. The datum is believed to be GCJ-02.
        latitude: Option<f64> = "Location_X";
        /// `Location_Y`: degrees east.
        longitude: Option<f64> = "Location_Y";
        /// The zoom of the map.
        scale: Option<i64> = "Scale";
        /// The address, may be empty.
        label: Str = "Label";
    }

    /// A card that was forwarded to the account — 链接消息.
    "link" => Link {
        /// Its title.
        title: Str = "Title";
        /// Its description, may be empty.
        description: Str = "Description";
        /// Where it leads.
        url: Str = "Url";
    }

    /// A file — 文件消息. Undocumented; the platform names no way to download it.
    "file" => File {
        /// The file's name.
        title: Str = "Title";
        /// Often empty.
        description: Str = "Description";
        /// The platform's key of the file.
        file_key: Str = "FileKey";
        /// MD5 in hex.
        file_md5: Str = "FileMd5";
        /// Size in bytes.
        file_total_len: Option<u64> = "FileTotalLen";
    }

    /// A mini-program card — 小程序卡片消息. Documented for mini-programs only.
    "miniprogrampage" => MiniProgramPage {
        /// The card's title.
        title: Str = "Title";
        /// The mini-program.
        app_id: AppId = "AppId";
        /// The page in it, with its parameters.
        page_path: Str = "PagePath";
        /// The card's picture.
        thumb_url: Str = "ThumbUrl";
        /// The same as temporary material.
        thumb_media_id: MediaId = "ThumbMediaId";
    }
}

/// Component pushes have no sender and no receiver.
static TO_NOBODY: LazyLock<GhId> = LazyLock::new(GhId::default);
static FROM_NOBODY: LazyLock<OpenId> = LazyLock::new(OpenId::default);

/// The kinds of the discontinued hardware platform.
const DEVICE_KINDS: [&str; 4] = ["device_text", "device_event", "device_status", "hardware"];

record! {
    /// A push of the discontinued hardware platform — 微信硬件.
    Device {} {
        /// The account's original id.
        to: GhId = "ToUserName";
        /// The follower whose device it is.
        from: OpenId = "FromUserName";
        /// Unix seconds.
        created_at: i64 = created_at;
        /// `device_text`, `device_event`, `device_status` or `hardware`.
        msg_type: Str = "MsgType";
        /// With `device_event`: `bind`, `unbind`, `subscribe_status` or `unsubscribe_status`.
        event: Option<Str> = "Event";
        /// With `device_text`.
        msg_id: Option<MsgId> = "MsgId";
        /// The maker; equal to the account's original id.
        device_type: Str = "DeviceType";
        /// The device.
        device_id: Str = "DeviceID";
        /// The session.
        session_id: Option<u64> = "SessionID";
        /// The follower once more.
        open_id: OpenId = "OpenID";
        /// What the device sent, in base64.
        content: Str = "Content";
        /// With `device_status`: 0 to stop, 1 to start telling the device's state.
        op_type: Option<i64> = "OpType";
        /// With `device_status`: 0 not connected, 1 connected.
        device_status: Option<i64> = "DeviceStatus";
        /// The whole push.
        #[serde(skip)]
        document: Document = document;
    }
}

record! {
    /// A push whose kind is not known here: answer `success`, its fields are in the document.
    Unknown {} {
        /// The account's original id, if there is one.
        to: GhId = "ToUserName";
        /// The sender, if there is one.
        from: OpenId = "FromUserName";
        /// Unix seconds.
        created_at: i64 = created_at;
        /// The kind as it came; empty when it was left out.
        msg_type: Str = "MsgType";
        /// The message's id, if there is one.
        msg_id: Option<MsgId> = "MsgId";
        /// The whole push.
        #[serde(skip)]
        document: Document = document;
    }
}

/// A kind of message that a handler can ask for. Implement it for a type of your own to make a filter:
///
/// ```
/// use echostr_protocol::{Kind, Message};
///
/// /// A text that ends with a question mark.
/// struct Question(String);
///
/// impl Kind for Question {
///     fn take(message: &Message) -> Option<Self> {
///         let Message::Text(text) = message else { return None };
///         text.content.ends_with(['?', '？']).then(|| Self(text.content.to_string()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no kind of message",
    label = "the first argument of a handler says which messages it takes",
    note = "take `Text`, `Image`, `Subscribe`, `Message` (all of them) or another kind, or implement `Kind` for `{Self}`"
)]
pub trait Kind: Sized {
    /// The message as this kind, or `None` when it is not of it.
    fn take(message: &Message) -> Option<Self>;
}

impl Kind for Message {
    /// Every message is a message.
    fn take(message: &Message) -> Option<Self> {
        Some(message.clone())
    }
}

macro_rules! more_kinds {
    ($($name:ident)*) => {$(
        impl Kind for $name {
            fn take(message: &Message) -> Option<Self> {
                match message {
                    Message::$name(message) => Some(message.clone()),
                    _ => None,
                }
            }
        }

        impl From<$name> for Message {
            fn from(message: $name) -> Self {
                Self::$name(message)
            }
        }
    )*};
}
more_kinds! { Event Device Component Unknown }

impl Message {
    /// Whether the platform shows an answer to it. To reports of jobs, of accreditation and of authorisation, to
    /// unsubscribing and to menu buttons that lead elsewhere, `success` is the only answer.
    pub fn is_answerable(&self) -> bool {
        match self {
            Self::Event(event) => event.is_answerable(),
            Self::Device(_) | Self::Component(_) => false,
            _ => true,
        }
    }
}

pub(crate) fn lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        name.to_ascii_lowercase().into()
    } else {
        name.into()
    }
}

pub(crate) fn document(root: Element<'_>) -> Document {
    root.document().clone()
}

pub(crate) fn created_at(root: Element<'_>) -> i64 {
    root.child("CreateTime")
        .and_then(|time| time.text().trim().parse().ok())
        .unwrap_or_default()
}

fn is_placeholder(root: Element<'_>) -> bool {
    root.child("Content")
        .is_some_and(|content| content.text().trim() == PLACEHOLDER)
}

fn recognition(root: Element<'_>) -> Option<Str> {
    non_empty(root, "Recognition")
}
