//! Opens the journal for a command.

use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use echostr_store::Book;

use super::config::FAULTY;
use crate::config::{Sources, load};

/// Which journal: found as `serve` finds it.
#[derive(Args)]
pub struct Where {
    /// 设置文件，默认是当前目录的 echostr.toml（如果有） · the settings, by default `echostr.toml` if there is one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// 数据文件夹 · the folder for data
    #[arg(long, value_name = "FOLDER")]
    data: Option<String>,
}

/// Opens it, has the text made, prints that. What went wrong is printed with its causes.
pub(super) fn print<E: Error + 'static>(
    place: Where,
    text: impl AsyncFnOnce(Book) -> Result<(String, ExitCode), E>,
) -> ExitCode {
    let sources = Sources {
        config: place.config,
        data: place.data,
        environment: std::env::vars_os().collect(),
        ..Sources::default()
    };
    let config = match load(&sources) {
        Ok((config, _)) => config,
        Err(faults) => {
            eprintln!("{faults}");
            return ExitCode::from(FAULTY);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    runtime.block_on(async {
        let book = match Book::open(&config.data).await {
            Ok(book) => book,
            Err(error) => return failed(&error),
        };
        match text(book).await {
            Ok((text, code)) => match std::io::stdout().write_all(text.as_bytes()) {
                Ok(()) => code,
                // Whoever reads it has seen enough (`… | head`).
                Err(_) => ExitCode::FAILURE,
            },
            Err(error) => failed(&error),
        }
    })
}

fn failed(error: &dyn Error) -> ExitCode {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    eprintln!("{text}");
    ExitCode::FAILURE
}
