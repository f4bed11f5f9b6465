//! What the check needs beside Rust: installed when it is missing, left alone when it is there.
//!
//! Python packages and node modules go to `interop/` and `e2e/` in cargo's target directory; `cargo clean` removes them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::{Project, Result, output, succeed, works};

/// A program of the distribution.
struct Tool {
    name: &'static str,
    /// Succeeds when the program is there, whole and new enough.
    test: &'static [&'static str],
    debian_packages: &'static str,
}

const PYTHON: Tool = Tool {
    name: "Python 3.10 or newer, with venv",
    test: &[
        "python3",
        "-c",
        "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))",
    ],
    debian_packages: "python3 python3-venv",
};
const NODE: Tool = Tool {
    name: "Node.js 20 or newer",
    test: &[
        "node",
        "-e",
        "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)",
    ],
    debian_packages: "nodejs",
};
const NPM: Tool = Tool {
    name: "npm",
    test: &["npm", "--version"],
    debian_packages: "npm",
};
const CURL: Tool = Tool {
    name: "curl, which runs the lines of the README",
    test: &["curl", "--version"],
    debian_packages: "curl",
};

const NGINX: Tool = Tool {
    name: "nginx, which a test puts in front of the server",
    // It lies where the shells of ordinary users do not look.
    test: &["sh", "-c", "PATH=\"$PATH:/usr/sbin:/sbin\" nginx -v"],
    debian_packages: "nginx",
};

const CHROMIUM: Tool = Tool {
    name: "Chromium, which opens our pages",
    test: &["chromium", "--version"],
    debian_packages: "chromium",
};
const CHINESE_FONT: Tool = Tool {
    name: "a Chinese font, so that pages are as wide as on a phone",
    test: &["sh", "-c", "fc-list :lang=zh-cn family | grep -q ."],
    debian_packages: "fontconfig fonts-noto-cjk",
};
const POSTGRESQL: Tool = Tool {
    name: "PostgreSQL, which the tests start by themselves",
    // Debian puts the server where no shell looks.
    test: &[
        "sh",
        "-c",
        "for bin in /usr/lib/postgresql/*/bin $(echo \"$PATH\" | tr : ' '); do \
         [ -x \"$bin/initdb\" ] && [ -x \"$bin/postgres\" ] && [ -x \"$bin/psql\" ] && exit 0; done; exit 1",
    ],
    debian_packages: "postgresql",
};

impl Tool {
    fn is_there(&self) -> bool {
        works(Command::new(self.test[0]).args(&self.test[1..]))
    }
}

/// Everything, before the first stage that needs it, so that what cannot be installed is known at once.
pub(crate) fn install(project: &Project) -> Result {
    rust_component(project, "rustfmt", "fmt")?;
    rust_component(project, "clippy", "clippy")?;
    require(project, &CURL)?;
    require(project, &NGINX)?;
    require(project, &POSTGRESQL)?;
    python(project)?;
    chromium(project)?;
    for folder in ["interop", "e2e"] {
        node_modules(project, folder)?;
    }
    Ok(())
}

/// The browser, with a font for what it has to show.
pub(crate) fn chromium(project: &Project) -> Result<PathBuf> {
    require(project, &CHROMIUM)?;
    require(project, &CHINESE_FONT)?;
    let path = output(Command::new("sh").args(["-c", "command -v chromium"]))?;
    Ok(path.trim().into())
}

/// The folder for all that the interop runs make.
pub(crate) fn interop_folder(project: &Project) -> Result<PathBuf> {
    made_folder(project, "interop")
}

fn made_folder(project: &Project, name: &str) -> Result<PathBuf> {
    let folder = project.target.join(name);
    fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    Ok(folder)
}

/// The interpreter of a virtual environment that has `interop/requirements.txt` installed.
pub(crate) fn python(project: &Project) -> Result<PathBuf> {
    let folder = interop_folder(project)?;
    let environment = folder.join("venv");
    let python = environment.join("bin/python");
    let requirements = project.root.join("interop/requirements.txt");
    let ready = works(Command::new(&python).arg("--version"));
    let stamp = folder.join("venv.installed");
    once(&stamp, ready, &[&requirements], || {
        require(project, &PYTHON)?;
        succeed(
            project
                .command("python3", "-m venv --clear")
                .arg(&environment),
        )?;
        let mut pip = project.command(
            &python,
            "-m pip install --quiet --disable-pip-version-check",
        );
        succeed(pip.arg("--requirement").arg(&requirements))
    })?;
    Ok(python)
}

/// A `node_modules` folder with what the `package.json` of this folder names.
pub(crate) fn node_modules(project: &Project, of: &str) -> Result<PathBuf> {
    let folder = made_folder(project, of)?;
    let [package, lock] =
        ["package.json", "package-lock.json"].map(|name| project.root.join(of).join(name));
    let node_modules = folder.join("node_modules");
    let ready = node_modules.is_dir() && NODE.is_there();
    let stamp = folder.join("node_modules.installed");
    once(&stamp, ready, &[&package, &lock], || {
        require(project, &NODE)?;
        require(project, &NPM)?;
        for source in [&package, &lock] {
            let copy = folder.join(source.file_name().unwrap_or_default());
            fs::copy(source, &copy)
                .map_err(|error| format!("cannot write {}: {error}", copy.display()))?;
        }
        let mut npm = project.command(
            "npm",
            "ci --ignore-scripts --no-audit --no-fund --loglevel=error",
        );
        succeed(npm.current_dir(&folder))
    })?;
    Ok(node_modules)
}

/// Installs unless the stamp says that exactly these files were installed and the result is still there.
fn once(stamp: &Path, ready: bool, sources: &[&Path], install: impl FnOnce() -> Result) -> Result {
    let mut wanted = String::new();
    for source in sources {
        let text = fs::read_to_string(source)
            .map_err(|error| format!("cannot read {}: {error}", source.display()))?;
        wanted.push_str(&text);
    }
    if ready && fs::read_to_string(stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    install()?;
    fs::write(stamp, wanted).map_err(|error| format!("cannot write {}: {error}", stamp.display()))
}

fn rust_component(project: &Project, component: &str, subcommand: &str) -> Result {
    if works(project.cargo(subcommand).arg("--version")) {
        return Ok(());
    }
    succeed(project.command("rustup", "component add").arg(component)).map_err(|error| {
        format!(
            "`cargo {subcommand}` is missing: {error}; install the Rust component `{component}`"
        )
    })
}

/// Makes sure of a program of the distribution: with apt-get when we may, otherwise by saying what to install.
fn require(project: &Project, tool: &Tool) -> Result {
    if tool.is_there() {
        return Ok(());
    }
    let Tool {
        name,
        debian_packages,
        ..
    } = tool;
    let advice = format!("install it (Debian, Ubuntu: `sudo apt-get install {debian_packages}`)");
    let (program, line) = apt_get(project).ok_or_else(|| format!("{name} is missing: {advice}"))?;
    let install = format!("{line} -qq install --yes --no-install-recommends {debian_packages}");
    succeed(&mut project.command(program, &format!("{line} -qq update")))
        .and_then(|()| succeed(&mut project.command(program, &install)))
        .map_err(|error| format!("{name} is missing: {error}; {advice}"))?;
    if !tool.is_there() {
        return Err(format!(
            "{name} is missing, also after apt-get installed {debian_packages}: {advice}"
        ));
    }
    Ok(())
}

/// How we may run apt-get, if we may: as root, or by a sudo that asks for no password. It asks no questions either, and
/// in runlevel 1, as it believes, it starts no service: nobody wants nginx on port 80 for a test.
fn apt_get(project: &Project) -> Option<(&'static str, &'static str)> {
    const AS_ROOT: (&str, &str) = ("env", "RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get");
    const BY_SUDO: (&str, &str) = (
        "sudo",
        "-n env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get",
    );
    let is_root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let (program, line) = if is_root { AS_ROOT } else { BY_SUDO };
    works(project.command(program, line).arg("--version")).then_some((program, line))
}
