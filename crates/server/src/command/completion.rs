//! `echostr completion`: what a shell needs to complete commands, options and the names of calls.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use clap_complete::{Shell, generate};
use echostr_protocol::api;

use super::client::say;

/// For which shell.
#[derive(Args)]
pub struct Options {
    /// 例如：echostr completion bash > /etc/bash_completion.d/echostr · for example `echostr completion bash > /etc/bash_completion.d/echostr`
    shell: Shell,
}

/// Prints it; `command` is all that is completed.
pub fn run(options: &Options, mut command: clap::Command) -> ExitCode {
    let mut script = Vec::new();
    generate(options.shell, &mut command, "echostr", &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if options.shell == Shell::Fish {
        // It is told of options only.
        for call in api::all() {
            let _ = writeln!(
                script,
                "complete -c echostr -n '__fish_echostr_using_subcommand call' -f -a '{}' -d '{}'",
                call.call_name(),
                call.title
            );
        }
    }
    say(&script).unwrap_or(ExitCode::FAILURE)
}
