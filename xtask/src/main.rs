//! The project's chores: `cargo xtask check` is everything that must hold, the rest stands beside it.

mod check;
mod deny;
mod description;
mod e2e;
mod fuzz;
mod interop;
mod project;
mod tools;
mod vendor;

use std::process::ExitCode;

use project::{Project, Result};

const HELP: &str = "\
cargo xtask check [STAGE…]           install what the tests need, then format, lints, docs, tests, interop, e2e;
                                     with names of stages: only these
cargo xtask deny                     licences, banned crates, advisories (installs cargo-deny when it is missing)
cargo xtask vendor [--check]         fetch the web assets that others wrote, as vendor.toml names them; --check: only hash them
cargo xtask fuzz [TARGET] [SECONDS]  run the fuzz targets, each for 60 seconds (needs nightly and cargo-fuzz)
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result {
    match words {
        ["check", stages @ ..] => check::run(&Project::find()?, stages),
        ["deny"] => deny::run(&Project::find()?),
        ["vendor"] => vendor::fetch(&Project::find()?),
        ["vendor", "--check"] => vendor::check(&Project::find()?),
        ["fuzz", target_and_seconds @ ..] => fuzz::run(&Project::find()?, target_and_seconds),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        _ => Err(format!(
            "`{}` is not a command; there are:\n{HELP}",
            words.join(" ")
        )),
    }
}
