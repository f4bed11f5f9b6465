//! Log lines: for people on a terminal, one JSON object a line elsewhere.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{Format, Log};

/// Starts logging to standard error. Called once, by `serve` or by a command that opens the store itself.
pub fn start(log: Log) {
    // The library that speaks MCP writes what goes over the wire, and with it what followers wrote.
    let filter = EnvFilter::new(format!("{},rmcp=off", log.level.as_str()));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    let is_terminal = std::io::stderr().is_terminal();
    match log.format {
        Format::Json => lines.json().flatten_event(true).init(),
        Format::Auto if !is_terminal => lines.json().flatten_event(true).init(),
        Format::Auto | Format::Pretty => lines.with_ansi(is_terminal).init(),
    }
}
