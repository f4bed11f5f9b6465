//! What the binary can do beside serving.

pub mod account;
pub mod answer;
pub mod api_key;
pub mod audit;
pub mod call;
pub mod completion;
pub mod config;
pub mod doctor;
pub mod document;
pub mod follower;
pub mod material;
pub mod menu;
pub mod message;
pub mod migrate_to;
pub mod rule;
pub mod secrets;
pub mod send;
pub mod simulate;
pub mod turn;
pub mod usage;

mod client;
mod here;
mod print;
