//! `cargo xtask deny`: licences, banned crates, sources and advisories, as `deny.toml` has them.
//!
//! Outside the check: cargo-deny is a long build, and the advisories come over the network.

use crate::project::{Project, Result, succeed, works};

pub(crate) fn run(project: &Project) -> Result {
    if !works(&mut project.cargo("deny --version")) {
        println!("cargo-deny is not installed; building it takes some minutes");
        succeed(&mut project.cargo("install cargo-deny@0.20.2 --locked"))?;
    }
    succeed(&mut project.cargo("deny check"))
}
