//! `echostr simulate replay FILE URL`: pushes of the journal again, and compares the replies.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use echostr::stop_signal;
use echostr_simulator::GH_ID;
use echostr_simulator::replay::{self, Pace, Replay, Report, Verdict};

use super::on_one_thread;
use super::target::Target;
use crate::command::config::FAULTY;

/// Which pushes, and how fast.
#[derive(Args)]
pub(super) struct Options {
    /// `echostr message list --json --source` 的输出；`-` 是标准输入 · what it prints; `-` is the standard input
    file: PathBuf,
    #[command(flatten)]
    target: Target,
    /// 比原来快多少倍，1 就是原来的间隔；不写：一条答完再发下一条 · how many times faster than then, 1 keeps the gaps; by default each
    /// comes as soon as the one before is answered
    #[arg(long, value_name = "N", value_parser = speed)]
    speed: Option<f64>,
    /// 换新的 MsgId 和时间：同一台服务器会把旧的当作重发 · new message ids and times: the same server would take old ones for repeats
    #[arg(long)]
    renew: bool,
    /// 打印 JSON · print JSON
    #[arg(long)]
    json: bool,
}

/// The exit code of a replay that found nothing, and did not compare all that it should have.
const INCOMPLETE: u8 = 3;

/// Replays; 0: all replies are the same, 1: some are not or failed, 2: it could not begin, 3: not all could be compared.
pub(super) fn run(options: &Options) -> ExitCode {
    match on_one_thread(again(options)) {
        Ok(report) => {
            if options.json {
                println!("{}", report.to_json());
            } else {
                println!("{report}");
            }
            if report.passed() {
                ExitCode::SUCCESS
            } else if report.found_something() {
                ExitCode::FAILURE
            } else {
                ExitCode::from(INCOMPLETE)
            }
        }
        Err(problem) => {
            eprintln!("simulate replay: {problem}");
            ExitCode::from(FAULTY)
        }
    }
}

async fn again(options: &Options) -> Result<Report, String> {
    let name = options.file.display();
    let text = if options.file.as_os_str() == "-" {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        read.map(|_| text)
    } else {
        std::fs::read_to_string(&options.file)
    };
    let text = text.map_err(|error| format!("{name}: 读不了 · cannot be read: {error}"))?;
    let recorded = replay::read(&text).map_err(|error| format!("{name}: {error}"))?;
    if recorded.is_empty() {
        return Err(format!("{name}: 没有消息 · there are no messages"));
    }
    let platform = options.target.platform()?;
    let replay = Replay {
        // Without `--gh-id` each goes to the account to which it went then.
        to: (platform.gh_id.as_str() != GH_ID).then(|| platform.gh_id.clone()),
        platform,
        pace: options.speed.map_or(Pace::InTurn, Pace::Times),
        is_renewed: options.renew,
    };
    let report = replay.run(&recorded, stop_signal(), |replayed| {
        let is_worth_a_line =
            matches!(replayed.verdict, Verdict::Different(_) | Verdict::Failed(_));
        if is_worth_a_line && !options.json {
            println!("{replayed}");
        }
    });
    Ok(report.await)
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok();
    speed
        .filter(|speed| (0.001..=1_000_000.0).contains(speed))
        .ok_or_else(|| "0.001 到 1000000 · a number from 0.001 to 1000000".into())
}
