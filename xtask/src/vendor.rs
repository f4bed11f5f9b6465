//! Web assets that others wrote: committed files, named with their hashes in `vendor.toml`, fetched from the npm registry.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::{Project, Result, output, succeed};

/// Where they are.
const FOLDERS: [&str; 1] = ["crates/simulator/assets/vendor"];

/// A package of the registry, and what of it is used.
#[derive(Default)]
struct Package {
    name: String,
    version: String,
    integrity: String,
    files: Vec<File>,
}

#[derive(Default)]
struct File {
    from: String,
    to: String,
    sha256: String,
}

/// Hashes what is committed, without the network; nothing else may lie there.
pub(crate) fn check(project: &Project) -> Result {
    for folder in FOLDERS.map(|folder| project.root.join(folder)) {
        let packages = read(&folder)?;
        let files: Vec<&File> = packages.iter().flat_map(|package| &package.files).collect();
        for file in &files {
            hashed(&folder.join(&file.to), &file.sha256)?;
        }
        for found in all_files(&folder)? {
            let is_named = files.iter().any(|file| folder.join(&file.to) == found);
            if !is_named && found != folder.join("vendor.toml") {
                return Err(format!("{} does not stand in vendor.toml", found.display()));
            }
        }
    }
    Ok(())
}

/// Downloads exactly the named packages, checks them, and writes the files.
pub(crate) fn fetch(project: &Project) -> Result {
    for folder in FOLDERS.map(|folder| project.root.join(folder)) {
        for package in read(&folder)? {
            let unpacked = unpacked(project, &package)?;
            for file in &package.files {
                let (from, to) = (
                    unpacked.join("package").join(&file.from),
                    folder.join(&file.to),
                );
                hashed(&from, &file.sha256)?;
                let parent = to.parent().unwrap_or(&folder);
                fs::create_dir_all(parent)
                    .and_then(|()| fs::copy(&from, &to))
                    .map_err(|error| format!("cannot write {}: {error}", to.display()))?;
            }
        }
    }
    check(project)
}

/// Downloads one package; the folder in which it lies.
fn unpacked(project: &Project, package: &Package) -> Result<PathBuf> {
    let Package { name, version, .. } = package;
    let folder = project
        .target
        .join("vendor")
        .join(format!("{name}-{version}"));
    fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let tarball = folder.join("package.tgz");
    let base = name.rsplit('/').next().unwrap_or(name);
    let url = format!("https://registry.npmjs.org/{name}/-/{base}-{version}.tgz");
    succeed(
        project
            .command("curl", "--fail --silent --show-error --output")
            .arg(&tarball)
            .arg(url),
    )?;
    let expected = hex_of_base64(package.integrity.trim_start_matches("sha512-"));
    let found = hash("sha512sum", &tarball)?;
    if found != expected {
        return Err(format!(
            "{name} {version} is not the package whose integrity stands in vendor.toml: sha512 {found}"
        ));
    }
    succeed(
        project
            .command("tar", "-xzf")
            .arg(&tarball)
            .arg("-C")
            .arg(&folder),
    )?;
    Ok(folder)
}

fn hashed(path: &Path, sha256: &str) -> Result {
    let found = hash("sha256sum", path)?;
    if found == sha256 {
        return Ok(());
    }
    let path = path.display();
    Err(format!(
        "{path} has sha256 {found}, vendor.toml says {sha256}; `cargo xtask vendor` writes it anew"
    ))
}

fn hash(program: &str, path: &Path) -> Result<String> {
    let line = output(Command::new(program).arg(path))?;
    Ok(line
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned())
}

fn all_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| format!("cannot read {}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            files.extend(all_files(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

/// The few forms of TOML that `vendor.toml` has: `[[package]]`, `[[file]]` of the package above, and `key = "value"`.
fn read(folder: &Path) -> Result<Vec<Package>> {
    let path = folder.join("vendor.toml");
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let mut packages: Vec<Package> = Vec::new();
    for (n, line) in (1..).zip(text.lines().map(str::trim)) {
        let wrong = || format!("{}, line {n}: `{line}` is not understood", path.display());
        match line {
            "[[package]]" => packages.push(Package::default()),
            "[[file]]" => packages
                .last_mut()
                .ok_or_else(wrong)?
                .files
                .push(File::default()),
            _ if line.is_empty() || line.starts_with('#') => {}
            _ => {
                let (key, value) = line.split_once(" = ").ok_or_else(wrong)?;
                let value = value.trim_matches('"').to_owned();
                let package = packages.last_mut().ok_or_else(wrong)?;
                match (key, package.files.last_mut()) {
                    ("name", None) => package.name = value,
                    ("version", None) => package.version = value,
                    ("integrity", None) => package.integrity = value,
                    ("licence", None) => {}
                    ("from", Some(file)) => file.from = value,
                    ("to", Some(file)) => file.to = value,
                    ("sha256", Some(file)) => file.sha256 = value,
                    _ => return Err(wrong()),
                }
            }
        }
    }
    Ok(packages)
}

/// The registry writes a hash in base64, the programs in hexadecimal digits.
fn hex_of_base64(base64: &str) -> String {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut hex, mut bits, mut n_bits) = (String::new(), 0_u32, 0);
    for value in base64.chars().filter_map(|letter| LETTERS.find(letter)) {
        bits = (bits << 6) | u32::try_from(value).unwrap_or_default();
        n_bits += 6;
        if n_bits >= 8 {
            n_bits -= 8;
            let _ = write!(hex, "{:02x}", (bits >> n_bits) & 0xff);
        }
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_written_as_hexadecimal_digits() {
        assert_eq!(hex_of_base64("AAEC/f7/"), "000102fdfeff");
        assert_eq!(hex_of_base64("Zm9vYg=="), "666f6f62");
    }
}
