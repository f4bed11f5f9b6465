//! `cargo xtask check`: one stage after the other, the first failure ends it.
//!
//! One build profile, so that the stages share what they compile; only trybuild, which compiles faulty bots in a folder of
//! its own, checks the bot's dependencies once more.

use std::time::{Duration, Instant};

use crate::project::{Project, Result, succeed};
use crate::{e2e, interop, tools, vendor};

type Stage = (&'static str, fn(&Project) -> Result);

const STAGES: [Stage; 8] = [
    ("tools", tools::install),
    ("vendor", vendor::check),
    ("format", format),
    ("clippy", clippy),
    ("docs", docs),
    ("tests", tests),
    ("interop", interop::run),
    ("e2e", e2e::run),
];

/// Runs the named stages, or all.
pub(crate) fn run(project: &Project, names: &[&str]) -> Result {
    let known = STAGES.map(|(name, _)| name);
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        return Err(format!(
            "`{unknown}` is not a stage of the check; there are: {}",
            known.join(", ")
        ));
    }
    let mut times = Vec::new();
    for (name, stage) in STAGES
        .iter()
        .filter(|(name, _)| names.is_empty() || names.contains(name))
    {
        println!("\n== {name}");
        let start = Instant::now();
        let result = stage(project);
        times.push((*name, start.elapsed()));
        if let Err(message) = result {
            print_times(&times);
            return Err(format!(
                "the check stopped at `{name}`: {message}\nto repeat this stage: cargo xtask check {name}"
            ));
        }
    }
    print_times(&times);
    println!("{} of {} stages passed", times.len(), STAGES.len());
    Ok(())
}

fn format(project: &Project) -> Result {
    succeed(&mut project.cargo("fmt --all --check"))
}

fn clippy(project: &Project) -> Result {
    succeed(&mut project.cargo("clippy --workspace --all-targets -- -D warnings"))
}

fn docs(project: &Project) -> Result {
    let mut doc = project.cargo("doc --workspace --no-deps");
    succeed(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

fn tests(project: &Project) -> Result {
    succeed(&mut project.cargo("test --workspace"))
}

fn print_times(times: &[(&str, Duration)]) {
    println!();
    for (name, time) in times {
        println!("{name:<8} {:>8.1} s", time.as_secs_f64());
    }
    let total: Duration = times.iter().map(|(_, time)| *time).sum();
    println!("{:<8} {:>8.1} s", "total", total.as_secs_f64());
}
