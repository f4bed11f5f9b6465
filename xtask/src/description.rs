//! schemathesis asks the HTTP API for everything that its description allows, and for much that it does not: no answer may be
//! a server error, or one that the description does not know.

use std::net::SocketAddr;
use std::path::Path;

use crate::project::{Project, Result, output, succeed};

/// What is not judged: some limits count bytes, and some fields need each other, which a schema cannot say; so the server may
/// refuse what fits the schema.
const NOT_JUDGED: &str = "positive_data_acceptance";

/// Against the server at `address`, whose settings lie in `folder`.
pub(crate) fn run(
    project: &Project,
    python: &Path,
    address: SocketAddr,
    folder: &Path,
    seed: &str,
) -> Result {
    let mut create = project.command(
        project.target.join("debug/echostr"),
        "api-key create --scope * --name schemathesis --json --config echostr.toml",
    );
    let made = output(create.current_dir(folder))?;
    let member = |name: &str| {
        let (_, after) = made.split_once(&format!("\"{name}\":\""))?;
        after.split_once('"').map(|(value, _)| value.to_owned())
    };
    let (key, id) = member("key")
        .zip(member("id"))
        .ok_or_else(|| "`echostr api-key create --json` printed no key".to_owned())?;
    let mut schemathesis = project.command(
        python,
        "-B -m schemathesis.cli run --checks all --max-examples 20 --workers 1 --no-shrink --continue-on-failure \
         --request-timeout 10 --warnings off",
    );
    schemathesis
        .args(["--exclude-checks", NOT_JUDGED])
        .args(["--seed", seed])
        .args(["--header", &format!("Authorization: Bearer {key}")])
        .arg(format!("http://{address}/api/v1/openapi.json"))
        .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
        .env("PYTHONPATH", project.root.join("interop"))
        .env("ECHOSTR_KEY_ID", id)
        // It leaves notes behind.
        .current_dir(folder);
    succeed(&mut schemathesis)
}
