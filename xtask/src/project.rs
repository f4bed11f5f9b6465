//! Where the project lies, and how a command is run in it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An error is a sentence for the person at the terminal: what was tried, what was found, what to do.
pub(crate) type Result<T = ()> = std::result::Result<T, String>;

pub(crate) struct Project {
    pub(crate) root: PathBuf,
    /// Cargo's target directory, wherever the environment or a cargo configuration puts it.
    pub(crate) target: PathBuf,
}

impl Project {
    pub(crate) fn find() -> Result<Project> {
        let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
            .unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&xtask)
            .parent()
            .ok_or("xtask must lie in the project's folder")?
            .to_path_buf();
        let metadata = output(
            Command::new("cargo")
                .args(["metadata", "--format-version=1", "--no-deps"])
                .current_dir(&root),
        )?;
        let target = text_member(&metadata, "target_directory")
            .ok_or("`cargo metadata` names no `target_directory`")?;
        Ok(Project {
            root,
            target: target.into(),
        })
    }

    /// A program in the project's folder; its arguments are the words of `line`.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, line: &str) -> Command {
        let mut command = Command::new(program);
        command
            .args(line.split_whitespace())
            .current_dir(&self.root);
        command
    }

    pub(crate) fn cargo(&self, line: &str) -> Command {
        self.command("cargo", line)
    }
}

/// Runs a command with its output on the terminal.
pub(crate) fn succeed(command: &mut Command) -> Result {
    println!("$ {}", shown(command));
    let status = command
        .status()
        .map_err(|error| format!("cannot run `{}`: {error}", shown(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{}` failed ({status})", shown(command)))
    }
}

/// Runs a command for what it prints.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .map_err(|error| format!("cannot run `{}`: {error}", shown(command)))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let complaint = String::from_utf8_lossy(&output.stderr);
        Err(format!(
            "`{}` failed ({}): {}",
            shown(command),
            output.status,
            complaint.trim()
        ))
    }
}

/// Whether a command runs and is content, silently.
pub(crate) fn works(command: &mut Command) -> bool {
    let silent = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    silent.status().is_ok_and(|status| status.success())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The text of `"name":"text"` in a JSON document that has this name once.
fn text_member(json: &str, name: &str) -> Option<String> {
    let (_, after) = json.split_once(&format!("\"{name}\":\""))?;
    let mut characters = after.chars();
    let mut text = String::new();
    loop {
        match characters.next()? {
            '"' => return Some(text),
            '\\' => text.push(characters.next()?),
            character => text.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::text_member;

    #[test]
    fn the_target_directory_is_found_in_what_cargo_prints() {
        let metadata = r#"{"packages":[],"target_directory":"/home/a \"b\"/target","version":1}"#;
        assert_eq!(
            text_member(metadata, "target_directory").as_deref(),
            Some("/home/a \"b\"/target")
        );
        assert_eq!(text_member(metadata, "workspace_root"), None);
    }
}
