//! `echostr simulate load URL`: messages at a rate, every answer checked, how long they took.

use std::io::{IsTerminal as _, stderr};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use echostr::stop_signal;
use echostr_simulator::load::{Expect, Load, Mix, Report};

use super::on_one_thread;
use super::target::Target;
use crate::command::config::FAULTY;
use crate::serve::raise_file_limit;

/// What is pushed, and how fast.
#[derive(Args)]
pub(super) struct Options {
    #[command(flatten)]
    target: Target,
    /// 每秒多少条，不管前面的答了没有；不写：每个连接答完一条就发下一条 · messages a second, whether or not earlier ones are answered;
    /// by default each connection sends its next one as soon as it is answered
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: Option<u32>,
    /// 多少个连接 · how many connections
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = connections)]
    connections: usize,
    /// 多少秒 · for how many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    duration: f64,
    /// 各种消息的比例 · the mix of kinds, such as text=80,image=10,event=10
    #[arg(long, value_name = "MIX", default_value = "text=1")]
    mix: Mix,
    /// 多少个关注者 · by how many followers
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    followers: u32,
    /// 怎样的回复才对 · which answers are right
    #[arg(long, value_enum, default_value = "echo")]
    expect: ExpectName,
    /// 打印 JSON · print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ExpectName {
    /// 回复里有发的文字、图片、语音；事件怎样都行 · what was sent comes back; to events, anything usable
    Echo,
    /// 能用就行，success 也算 · anything usable, `success` included
    Any,
    /// 只能是 success 或空 · `success` or an empty body only
    Silence,
}

/// Loads; 0: every answer was right, 1: some were not, or it was stopped, 2: it could not begin.
pub(super) fn run(options: &Options) -> ExitCode {
    match on_one_thread(load(options)) {
        Ok(report) => {
            if options.json {
                println!("{}", report.to_json());
            } else {
                println!("{report}");
            }
            if report.passed() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(problem) => {
            eprintln!("simulate load: {problem}");
            ExitCode::from(FAULTY)
        }
    }
}

async fn load(options: &Options) -> Result<Report, String> {
    let possible = raise_file_limit();
    if possible < options.connections as u64 {
        return Err(format!(
            "这里最多同时 {possible} 个连接：调高打开文件数的上限（ulimit -n），或调低 --connections · at most {possible} connections \
             at once are possible here: raise the limit of open files (`ulimit -n`), or lower `--connections`"
        ));
    }
    let load = Load {
        rate: options.rate,
        connections: options.connections,
        duration: Duration::from_secs_f64(options.duration),
        mix: options.mix.clone(),
        followers: options.followers,
        expect: match options.expect {
            ExpectName::Echo => Expect::Echo,
            ExpectName::Any => Expect::Any,
            ExpectName::Silence => Expect::Silence,
        },
        ..Load::new(options.target.platform()?)
    };
    let is_watched = stderr().is_terminal();
    let report = load.run(stop_signal(), |progress| {
        if is_watched {
            eprint!("\r\x1b[K{progress}");
        }
    });
    let report = report.await;
    if is_watched {
        eprint!("\r\x1b[K");
    }
    report.map_err(|error| error.to_string())
}

fn connections(text: &str) -> Result<usize, String> {
    let n = text.parse().ok();
    n.filter(|n| (1..=10_000).contains(n))
        .ok_or_else(|| "1 到 10000 · a number from 1 to 10000".into())
}

fn seconds(text: &str) -> Result<f64, String> {
    let secs = text.parse().ok();
    secs.filter(|secs| (0.1..=86_400.0).contains(secs))
        .ok_or_else(|| "0.1 到 86400 · a number from 0.1 to 86400".into())
}
