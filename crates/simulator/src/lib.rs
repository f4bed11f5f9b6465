//! The platform as a double: it pushes to a server as the real one does, and judges what comes back.
//!
//! [`Platform`] is the platform against one address: [handshake](Platform::handshake), [pushes](Push) of every kind in the
//! three modes, up to three deliveries by the platform's clock, and what the follower would [see](Shown).
//! [`doctor::examine`] stands on it and explains what is wrong with a server.
//!
//! ```no_run
//! use echostr_simulator::{Mode, Platform, Push, Shown};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let platform = Platform::new("http://127.0.0.1:8080/wechatMP/S1qJ0JoQmYfy", "S1qJ0JoQmYfy".parse()?, Mode::Plain)?;
//! assert!(platform.handshake().await.passed());
//! let outcome = platform.push(&Push::text("你好")).await;
//! assert!(matches!(outcome.shown, Shown::Answer { .. }));
//! # Ok(())
//! # }
//! ```

mod act;
mod api;
mod control;
pub mod conversation;
mod course;
mod difference;
pub mod doctor;
mod duration;
pub mod exchange;
pub mod fault;
mod files;
mod guard;
mod judge;
mod listen;
pub mod load;
mod mask;
mod nearest;
mod phone;
mod push;
pub mod replay;
pub mod script;
mod shown;
mod simulator;
mod text;
mod transport;
pub mod world;

pub use act::{Action, Attachment, MenuTap, NotDone, Place};
pub use api::{Asked, Consent, QrCode};
pub use simulator::{Change, NotConfigured, NotThere, Sent, Simulator};

pub use course::{Course, Forgery, NotACourse};
pub use judge::{Cause, Shown};
pub use push::{Accreditation, Authorization, MassSent, Published};
pub use push::{Clock, Envelope, Handshake, Mode, Moment, Outcome, Platform, Push, Sealing, Xml};
pub use push::{FOLLOWER, GH_ID};
pub use transport::{Answer, Exchange, MAX_ANSWER_BYTES, NotAnAddress, Request, Transport};
