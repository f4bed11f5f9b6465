//! What the binary can do beside serving.

pub mod config;
pub mod doctor;
