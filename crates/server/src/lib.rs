//! The parts of the `echostr` binary, as a library so that they can be tested.

pub mod api;
mod capabilities;
pub mod command;
pub mod config;
mod live;
mod llm_form;
pub mod log;
mod metrics;
pub mod notify;
pub mod office;
mod page;
pub mod platform;
mod rules;
pub mod serve;
mod slow;
pub mod socket;
mod store;
