//! The parts of the `echostr` binary, as a library so that they can be tested.

pub mod command;
pub mod config;
pub mod log;
mod metrics;
pub mod notify;
mod page;
pub mod serve;
mod store;
