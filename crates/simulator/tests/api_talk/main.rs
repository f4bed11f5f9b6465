//! The API side, first half: tokens and quotas, and everything that speaks to followers. Each state is shown by what comes of it.

#[path = "../common/mod.rs"]
mod common;
mod custom_message;
mod desk;
mod fault;
mod mass;
mod notice;
mod oauth;
mod quota;
mod stage;
mod token;
