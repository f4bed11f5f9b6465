//! What the binary can do beside serving.

pub mod answer;
pub mod config;
pub mod doctor;
pub mod follower;
pub mod message;
pub mod migrate_to;

mod book;
mod print;
