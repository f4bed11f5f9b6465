//! What Echostr keeps: every SQL statement of the project is in this crate.
//!
//! [`SqliteJournal`] is the [`Journal`](echostr::Journal) in the data folder; [`Book`] reads it for people, beside the
//! server that writes it.
//!
//! ```no_run
//! # async fn start() -> Result<(), echostr_store::Error> {
//! use echostr_store::{Retention, SqliteJournal};
//!
//! let journal = SqliteJournal::open("./data".as_ref(), Retention::default()).await?;
//! // … give it to the bot, serve, stop …
//! journal.close().await;
//! # Ok(())
//! # }
//! ```

mod book;
mod error;
mod health;
mod read;
mod schema;
mod sqlite;
mod value;

pub use book::{
    AnswerEntry, Book, DeliveryEntry, FollowerEntry, Forgotten, MessageEntry, Messages,
};
pub use error::Error;
pub use health::Health;
pub use schema::FILE_NAME;
pub use sqlite::{Retention, SqliteJournal};
