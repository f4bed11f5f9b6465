//! `echostr simulate run SCRIPT`: plays a script, for the owner's own CI.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use echostr_simulator::script::{Overrides, Report, Script};

use super::{on_one_thread, secret};
use crate::command::config::FAULTY;

/// Which script, and what is different from what it says.
#[derive(Args)]
pub(super) struct Options {
    /// 脚本（TOML），可以有几个 · scripts, in TOML
    #[arg(required = true, value_name = "SCRIPT")]
    scripts: Vec<PathBuf>,
    /// 代替脚本里的 `url` · in place of the script's
    #[arg(long)]
    url: Option<String>,
    /// 代替脚本里的 `token`；写 '$NAME' 就取环境变量 NAME · in place of the script's; '$NAME' takes the environment's NAME
    #[arg(long, value_parser = secret)]
    token: Option<String>,
    /// 代替脚本里的 `mode` · in place of the script's: plain, compatible, safe
    #[arg(long)]
    mode: Option<String>,
    /// 代替脚本里的 `aes_key`，也可以是 '$NAME' · in place of the script's; '$NAME' will do
    #[arg(long, value_name = "KEY", value_parser = secret)]
    aes_key: Option<String>,
    /// 代替脚本里的 `app_id` · in place of the script's
    #[arg(long, value_name = "APPID")]
    app_id: Option<String>,
    /// 代替脚本里的 `app_secret`，也可以是 '$NAME' · in place of the script's; '$NAME' will do
    #[arg(long, value_name = "SECRET", value_parser = secret)]
    app_secret: Option<String>,
    /// 代替脚本里的 `gh_id` · in place of the script's
    #[arg(long, value_name = "GH_ID")]
    gh_id: Option<String>,
    /// 每个脚本打印一行 JSON · one JSON object for each script
    #[arg(long)]
    json: bool,
    /// 另外写一个 JUnit 文件，给 CI 服务器 · write a JUnit file as well, for a CI server
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Plays; 0: all went as expected, 1: something did not, 2: a script could not be played.
pub(super) fn run(options: &Options) -> ExitCode {
    match on_one_thread(play(options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(FAULTY)
        }
    }
}

async fn play(options: &Options) -> Result<bool, String> {
    // All of them are read first: a fault is found before anything is pushed.
    let mut scripts = Vec::new();
    let mut problems = Vec::new();
    for path in &options.scripts {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Err(error) => problems.push(format!("{name}: 读不了 · cannot be read: {error}")),
            Ok(text) => {
                let environment = |name: &str| std::env::var(name).ok();
                match Script::read(&name, &text, &options.overrides(), environment) {
                    Ok(script) => scripts.push(script),
                    Err(faults) => problems.push(faults.to_string()),
                }
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems.join("\n"));
    }
    let mut reports = Vec::new();
    let mut problem = None;
    for script in scripts {
        let name = script.name.clone();
        if !options.json {
            println!("{}", script.name);
        }
        let played = script.play(|step| {
            if !options.json {
                println!("{step}");
            }
        });
        let report = match played.await {
            Ok(report) => report,
            Err(error) => {
                problem = Some(format!("{name}: {error}"));
                break;
            }
        };
        if options.json {
            println!("{}", report.to_json());
        } else {
            println!("{report}\n");
        }
        reports.push(report);
    }
    // What was played is written down even if a later script could not begin.
    if let Some(file) = &options.junit {
        std::fs::write(file, Report::junit(&reports))
            .map_err(|error| format!("写不了 · cannot write {}: {error}", file.display()))?;
    }
    match problem {
        Some(problem) => Err(problem),
        None => Ok(reports.iter().all(Report::passed)),
    }
}

impl Options {
    fn overrides(&self) -> Overrides {
        Overrides {
            url: self.url.clone(),
            token: self.token.clone(),
            mode: self.mode.clone(),
            aes_key: self.aes_key.clone(),
            app_id: self.app_id.clone(),
            app_secret: self.app_secret.clone(),
            gh_id: self.gh_id.clone(),
        }
    }
}
