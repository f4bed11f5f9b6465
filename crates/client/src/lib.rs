//! Calls to the platform's HTTP API: typed requests, access tokens that never race, errors that say what to do.
//!
//! ```no_run
//! use echostr_client::{ApiAccount, Platform, Settings};
//! use echostr_protocol::api::tag::{CreateTag, NewTag};
//!
//! # async fn example() -> Result<(), echostr_client::BoxError> {
//! let platform = Platform::new(&Settings::default())?;
//! let client = platform.client(ApiAccount::new("wx3aea277d7b497b65", "5f1c3b0e9d7a48c2b6e4f80a1d23c795"));
//! let made = client.call(CreateTag { tag: NewTag { name: "熟客".into() } }).await?;
//! println!("{}", made.tag.id);
//! # Ok(()) }
//! ```
//!
//! In the order of a call: [`Client::call`] encodes the request, takes an access token from the [`TokenStore`], sends it over
//! the [`Platform`]'s connections, reads the answer, and decides by the [`Error`] whether it may be tried again.

mod account;
mod answer;
mod capability;
mod client;
mod clock;
mod error;
mod media;
mod platform;
mod retry;
mod tls;
mod token;

use std::error::Error as StdError;

pub use account::{
    ApiAccount, ApiBase, BadBase, Component, ExternalToken, Ticket, TokenSource, TokenUrl,
};
pub use answer::{Download, FileStream};
pub use capability::{Capabilities, Capability, May};
pub use client::Client;
pub use clock::Clock;
pub use error::{Error, Refused, with_causes};
pub use media::{KEPT_FOR, UploadedMedia};
pub use platform::{Platform, Settings};
pub use tls::{has_roots, tls_config};
pub use token::{Asking, GivenToken, Kept, Leased, MemoryTokens, TokenStore};

/// Any error that can be sent between threads.
pub type BoxError = Box<dyn StdError + Send + Sync>;
