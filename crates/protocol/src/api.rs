//! The platform's HTTP API — 服务端接口: every endpoint as a type and a line in its chapter's table.
//!
//! A chapter's table is the registry: the client calls what stands in it, the command line lists it, a double of the platform
//! answers it. A request is a struct whose fields have the names on the wire; where they travel is in the [`Endpoint`].
//!
//! ```
//! use echostr_protocol::api::{self, Body, tag::{CreateTag, NewTag}};
//!
//! let request = CreateTag { tag: NewTag { name: "熟客".into() } };
//! let encoded = api::encode(&request);
//! assert_eq!(encoded.path, "/cgi-bin/tags/create");
//! let Body::Json(json) = encoded.body else { panic!("a JSON body") };
//! assert_eq!(json, r#"{"tag":{"name":"熟客"}}"#.as_bytes());
//! assert_eq!(api::find("创建标签").expect("the same by its Chinese name").name, "CreateTag");
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/> (read 2026-11-22)

mod endpoint;
mod errcode;
mod file;
mod form;
mod node;
mod wire;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::endpoint::{Answer, Auth, Endpoint, Method, Place};
pub use self::errcode::{Class, ERRCODES, ErrCode, Retry, errcode};
pub use self::file::File;
use self::form::address;
pub use self::form::{Body, Encoded, Part, encode};
pub use self::wire::Secret;

/// A request that the platform answers, or that a browser is sent with: one struct and one line in a table.
pub trait Request: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// What comes back. For a page of a browser: the parameters with which the browser comes back.
    type Response: Serialize + DeserializeOwned + Send + 'static;
    /// Where it goes, and how.
    const ENDPOINT: &'static Endpoint;
}

/// An answer that says no more than that it was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Empty {}

/// The lines of a chapter's table: `METHOD "path" Request -> Response, "中文名";`, with what is unusual about it behind, such as
/// `auth(Auth::Component)` or `query(&["type"])`.
macro_rules! endpoints {
    ($($method:ident $path:literal $request:ident -> $response:ident, $title:literal $(, $option:ident($($value:expr),*))*;)*) => {
        $(
            impl $crate::api::Request for $request {
                type Response = $response;
                const ENDPOINT: &'static $crate::api::Endpoint = &$crate::api::Endpoint::new::<Self>(
                    $crate::api::Method::$method, $path, stringify!($request), $title, module_path!(),
                )$(.$option($($value),*))*;
            }
        )*

        /// The chapter's table.
        pub const TABLE: &[&$crate::api::Endpoint] = &[
            $(<$request as $crate::api::Request>::ENDPOINT),*
        ];
    };
}

/// Enumerations by the platform's words; one that is not known is kept.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$word_doc])* $variant,)*
            /// One that is not known here.
            Other(String),
        }

        impl $name {
            /// The word on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }
        }

        impl Default for $name {
            /// No word.
            fn default() -> Self {
                Self::Other(String::new())
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <::std::borrow::Cow<'de, str> as ::serde::Deserialize>::deserialize(deserializer)?;
                Ok(Self::from(&*word))
            }
        }
    )*};
}
/// The chapters, in the order of the platform's documents.
macro_rules! chapters {
    ($($chapter:ident)*) => {
        $(pub mod $chapter;)*

        /// The tables of all chapters.
        pub const CHAPTERS: &[(&str, &[&Endpoint])] = &[$((stringify!($chapter), $chapter::TABLE)),*];
    };
}

chapters! {
    token base quota menu autoreply custom_message kf_account kf_session template_message subscribe_message mass_message media
    material draft publish comment tag user blacklist qrcode short_link oauth js_sdk datacube ad_stats ai_voice ocr image invoice
    store_miniapp one_code nontax medical component_token component_authorizer component_oauth component_admin open_account
}

/// All endpoints.
pub fn all() -> impl Iterator<Item = &'static Endpoint> {
    CHAPTERS.iter().flat_map(|(_, table)| table.iter().copied())
}

/// The endpoint with this name (`CreateTag`, `createTag`), Chinese name or path.
pub fn find(name: &str) -> Option<&'static Endpoint> {
    all().find(|endpoint| {
        endpoint.name.eq_ignore_ascii_case(name) || endpoint.title == name || endpoint.path == name
    })
}
