//! What a browser makes of the pages of a running server and of the simulator; the tests lie in `e2e/`, and what they saw in
//! `e2e/screenshots` of the target directory.

use crate::project::{Project, Result, succeed};
use crate::tools;

/// The tests under Node's own runner, against the binary that the tests were built with.
pub(crate) fn run(project: &Project) -> Result {
    let chromium = tools::chromium(project)?;
    let node_modules = tools::node_modules(project, "e2e")?;
    // As for interop: the compiled crates are those of `cargo test`.
    succeed(&mut project.cargo("build --workspace --bins --tests"))?;
    let mut node = project.command("node", "--test e2e/live.test.js e2e/phone.test.js");
    node.env("NODE_PATH", node_modules)
        .env("CHROMIUM", chromium)
        .env("SCREENSHOTS", project.target.join("e2e/screenshots"))
        .env("ECHOSTR_BINARY", project.target.join("debug/echostr"));
    succeed(&mut node)
}
