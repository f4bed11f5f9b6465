//! `echostr config`: the manual, and the check of a file.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::config::{MANUAL, Sources, load};

/// The exit code of a configuration that cannot be used.
pub const FAULTY: u8 = 2;

/// Prints every key with its default and explanation; the output is itself a file of settings.
pub fn print_manual() -> ExitCode {
    match std::io::stdout().write_all(MANUAL.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads it has seen enough (`echostr config | head`).
        Err(_) => ExitCode::FAILURE,
    }
}

/// Reads the file as `serve` would, without environment and options, and says what is wrong with it.
pub fn check(file: PathBuf) -> ExitCode {
    let sources = Sources {
        config: Some(file),
        ..Sources::default()
    };
    match load(&sources) {
        Ok((config, warnings)) => {
            for warning in warnings {
                eprintln!("{warning}");
            }
            println!(
                "设置没有问题，公众号 {0} 个 · the settings are in order, {0} account(s)",
                config.accounts.len()
            );
            ExitCode::SUCCESS
        }
        Err(faults) => {
            eprintln!("{faults}");
            ExitCode::from(FAULTY)
        }
    }
}
