//! `echostr migrate-to`: moves everything from the data folder into PostgreSQL.

use std::error::Error as _;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use echostr_store::{Error, MigrateStep, PostgresUrl, migrate_to};
use indicatif::{ProgressBar, ProgressStyle};

use super::config::FAULTY;
use crate::config::{Sources, load};

/// Where the address comes from when it is not on the command line.
const VARIABLE: &str = "ECHOSTR_DATABASE__URL";

/// From where to where.
#[derive(Args)]
pub struct Options {
    /// PostgreSQL 的地址；写在环境变量 ECHOSTR_DATABASE__URL 里，密码就不会被 ps 看到 · where PostgreSQL is; in the
    /// environment variable ECHOSTR_DATABASE__URL its password is not seen by `ps`
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// 设置文件，默认是当前目录的 echostr.toml（如果有） · the settings, by default `echostr.toml` if there is one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// 数据文件夹 · the folder for data
    #[arg(long, value_name = "FOLDER")]
    data: Option<String>,
}

/// Copies, compares, and says what to do next.
pub fn run(options: Options) -> ExitCode {
    let sources = Sources {
        config: options.config,
        data: options.data,
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
    let Some(text) = options.url.or_else(|| std::env::var(VARIABLE).ok()) else {
        eprintln!(
            "不知道要搬到哪里：把 PostgreSQL 的地址写在环境变量 {VARIABLE} 里 · \
             where to is missing: put the address of PostgreSQL into the environment variable {VARIABLE}"
        );
        return ExitCode::from(FAULTY);
    };
    let url: PostgresUrl = match text.parse() {
        Ok(url) => url,
        Err(error) => {
            eprintln!(
                "PostgreSQL 的地址不对 · this is no address of a PostgreSQL database: {error}"
            );
            return ExitCode::from(FAULTY);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(copy(&config.data, &url))
}

async fn copy(folder: &Path, url: &PostgresUrl) -> ExitCode {
    let stop = Arc::new(AtomicBool::new(false));
    tokio::spawn({
        let stop = Arc::clone(&stop);
        async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                if stop.swap(true, Ordering::Relaxed) {
                    // Who does not want to wait for the portion loses nothing, either.
                    std::process::exit(130);
                }
            }
        }
    });
    let mut shown = Shown::default();
    let done = migrate_to(folder, url, &stop, |step| shown.step(step)).await;
    shown.end();
    match done {
        Ok(migrated) => {
            for (table, rows) in &migrated.tables {
                println!("{rows:>12}  {table}");
            }
            println!("{}", next(folder, url));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// What to do now.
fn next(folder: &Path, url: &PostgresUrl) -> String {
    let folder = folder.display();
    format!(
        "\n已搬到 {url}，两边逐表比对一致。接下来 · moved to {url}, and every table is the same on both sides. What to do now:\n\n\
         1. 设置 database.url（或环境变量 {VARIABLE}） · set `database.url` (or the environment variable {VARIABLE})\n\
         2. 把 {folder}/master.key 的内容放进环境变量 ECHOSTR_MASTER_KEY：用 PostgreSQL 时主密钥只从环境读取 · \
         put what is in {folder}/master.key into the environment variable ECHOSTR_MASTER_KEY: with PostgreSQL the master key \
         comes from there only\n\
         3. 启动服务器；搜索索引会在后台重建 · start the server; messages become searchable again in the background\n\
         4. 确认一切正常后再删除 {folder}：里面仍有全部数据 · when all is well, remove {folder}: everything is still in it"
    )
}

fn told(error: &Error) -> String {
    let mut text = match error {
        Error::Interrupted => {
            "已停止，搬好的都留着；再运行一次会接着搬 · stopped; what was copied stays, run it again and it goes on where it was"
                .to_owned()
        }
        other => other.to_string(),
    };
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The progress on the standard error: a bar, or lines where that is no terminal.
#[derive(Default)]
struct Shown {
    now: Option<(MigrateStep, ProgressBar)>,
}

impl Shown {
    fn step(&mut self, step: MigrateStep) {
        let is_same = self
            .now
            .as_ref()
            .is_some_and(|(now, _)| (now.table, now.is_compared) == (step.table, step.is_compared));
        if !is_same {
            self.end();
            let verb = if step.is_compared {
                "比对 compare"
            } else {
                "搬 copy"
            };
            if !std::io::stderr().is_terminal() {
                eprintln!("{verb} {}: {} / {}", step.table, step.rows, step.of);
            }
            // It shows nothing by itself where there is no terminal.
            let bar = ProgressBar::new(step.of).with_message(format!("{verb} {}", step.table));
            if let Ok(style) =
                ProgressStyle::with_template("{msg:26} {bar:30} {human_pos}/{human_len} {eta}")
            {
                bar.set_style(style);
            }
            self.now = Some((step, bar));
        }
        if let Some((_, bar)) = &self.now {
            bar.set_position(step.rows);
        }
    }

    fn end(&mut self) {
        if let Some((_, bar)) = self.now.take() {
            bar.finish_and_clear();
        }
    }
}
