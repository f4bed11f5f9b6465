//! What the WeChat Official Account platform defines, and nothing else: signatures, ciphers, messages, events, replies.
//!
//! This crate does no I/O, reads no clock and draws no random numbers: the caller passes bytes, times and randomness in.
//! The order in which a push goes through it is the order of its modules:
//!
//! ```
//! use echostr_protocol::{Document, Message, Query, Reply, Token};
//!
//! let query = Query::parse("signature=0000&timestamp=1761000760&nonce=7");
//! let token: Token = "S1qJ0JoQmYfy".parse()?;
//! assert!(token.verify(&query).is_err(), "a stranger's signature");
//!
//! let body = "<xml><ToUserName>gh_e8df390a377e</ToUserName><FromUserName>osZFAyPrKrJBb2E3</FromUserName>\
//!             <CreateTime>1761069225</CreateTime><MsgType>text</MsgType><Content>你好</Content><MsgId>1</MsgId></xml>";
//! let message = Message::parse(Document::parse(body.as_bytes())?);
//! let Message::Text(text) = &message else { panic!("a text") };
//! let reply = Reply::from(format!("你说：{}", text.content));
//! assert!(reply.render(&message, 1_761_069_226).expect("a visible reply").contains("你说：你好"));
//! # Ok::<(), echostr_protocol::Error>(())
//! ```

pub mod api;
mod cipher;
pub mod component;
mod dedupe;
mod document;
mod error;
pub mod event;
mod fields;
mod id;
pub mod message;
mod query;
mod reply;
mod signature;
mod text;
mod xml;

pub use cipher::{EncodingAesKey, encrypted_part, open, seal, with_encrypted_part};
pub use component::Component;
pub use dedupe::Key;
pub use document::{Document, Element, MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS};
pub use error::Error;
pub use event::Event;
pub use id::{AppId, GhId, MediaId, MsgId, OpenId, Str, UnionId};
pub use message::{Kind, Message};
pub use query::Query;
pub use reply::{Article, MAX_ARTICLES, Music, Rendered, Reply, Video};
pub use signature::{Signature, Token};
pub use text::{MAX_TEXT_BYTES, TEXT_BUDGET_BYTES, cut, split};
