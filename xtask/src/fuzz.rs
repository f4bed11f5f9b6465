//! `cargo xtask fuzz [TARGET] [SECONDS]`: runs the targets in `fuzz/`, all of them or one.

use std::fs;

use crate::project::{Project, Result, succeed, works};

const SECONDS: &str = "60";

pub(crate) fn run(project: &Project, words: &[&str]) -> Result {
    let targets = targets(project)?;
    let (chosen, seconds) = match words {
        [] => (targets.clone(), SECONDS),
        [target] => (vec![(*target).to_string()], SECONDS),
        [target, seconds] => (vec![(*target).to_string()], *seconds),
        _ => {
            return Err(format!(
                "`{}` is too much; the form is: cargo xtask fuzz [TARGET] [SECONDS]",
                words.join(" ")
            ));
        }
    };
    if let Some(unknown) = chosen.iter().find(|target| !targets.contains(target)) {
        return Err(format!(
            "`{unknown}` is not a fuzz target; there are: {}",
            targets.join(", ")
        ));
    }
    if seconds.parse::<u32>().is_err() {
        return Err(format!("`{seconds}` is not a number of seconds"));
    }
    require_tools(project)?;
    for target in chosen {
        let line = format!("run nightly cargo fuzz run {target} -- -max_total_time={seconds}");
        succeed(&mut project.command("rustup", &line))?;
    }
    Ok(())
}

/// The names of the files in `fuzz/fuzz_targets/`.
fn targets(project: &Project) -> Result<Vec<String>> {
    let folder = project.root.join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder)
        .map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut names: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| {
            path.file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
        })
        .collect();
    names.sort();
    Ok(names)
}

fn require_tools(project: &Project) -> Result {
    if !works(&mut project.command("rustup", "run nightly rustc --version")) {
        return Err("fuzzing needs a nightly compiler: rustup toolchain install nightly".into());
    }
    if !works(&mut project.command("rustup", "run nightly cargo fuzz --version")) {
        return Err("fuzzing needs cargo-fuzz: cargo install cargo-fuzz@0.13.2 --locked".into());
    }
    Ok(())
}
