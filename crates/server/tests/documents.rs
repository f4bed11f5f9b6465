//! The documents tell the truth: what they name exists, what they quote is what it is, and what they promise comes back.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Folder, Server, run};

const READMES: [&str; 2] = ["README.md", "README.zh-CN.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// A fenced block: its language and its text, with a line break at the end of each line.
struct Block {
    language: String,
    text: String,
}

/// What a document is made of: the depth of its headings, and its blocks, in their order.
fn outline(document: &str) -> (Vec<usize>, Vec<Block>) {
    let (mut headings, mut blocks) = (Vec::new(), Vec::new());
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let inside = lines.by_ref().take_while(|line| *line != "```");
            blocks.push(Block {
                language: language.into(),
                text: inside.flat_map(|line| [line, "\n"]).collect(),
            });
        } else if line.starts_with('#') {
            headings.push(line.len() - line.trim_start_matches('#').len());
        }
    }
    (headings, blocks)
}

/// The first block whose text holds `mark`, and the one after it.
#[track_caller]
fn block_and_next(readme: &str, mark: &str) -> (String, String) {
    let (_, blocks) = outline(&read(readme));
    let mut blocks = blocks
        .into_iter()
        .skip_while(|block| !block.text.contains(mark));
    let mut next = || {
        let block = blocks.next();
        block.map(|block| block.text)
    };
    (next().zip(next())).unwrap_or_else(|| panic!("{readme} has no block with `{mark}`"))
}

/// The texts between single backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_rust(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "rs")
}

/// The same, but for what differs from run to run.
fn timeless(answer: &str) -> String {
    let Some((before, after)) = answer.split_once("<CreateTime>") else {
        return answer.into();
    };
    let after = after.trim_start_matches(|character: char| character.is_ascii_digit());
    format!("{before}<CreateTime>{after}")
}

#[test]
fn what_the_walk_names_exists() {
    let architecture = read("ARCHITECTURE.md");
    let (_, walk) = architecture
        .split_once("\n## One message's way\n")
        .expect("the walk has this heading");
    let walk = walk.split("\n## ").next().expect("there is a first part");
    let (mut files, mut n_functions, mut source) = (Vec::new(), 0, String::new());
    for word in quoted(walk) {
        if let Some(function) = word.strip_suffix("()") {
            let file = files.last().expect("a file stands before its functions");
            let is_there = [format!("fn {function}("), format!("fn {function}<")]
                .iter()
                .any(|declared| source.contains(declared));
            assert!(is_there, "the walk names `{word}`, {file} has none");
            n_functions += 1;
        } else if is_rust(word) {
            source = read(Path::new("crates").join(word));
            files.push(word);
        }
    }
    assert!(files.len() >= 10 && n_functions >= files.len(), "{files:?}");
    let twice: Vec<_> = (1..files.len())
        .filter(|place| files[..*place].contains(&files[*place]))
        .map(|place| files[place])
        .collect();
    assert_eq!(twice, ["bot/src/webhook.rs"], "one return, and only there");
}

#[test]
fn the_map_has_every_file_and_no_other() {
    let architecture = read("ARCHITECTURE.md");
    let mut named: Vec<&str> = architecture
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(name, _)| name)
        .filter(|name| name.contains("/src/"))
        .collect();
    named.sort_unstable();
    let mut found = Vec::new();
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            let name = path
                .strip_prefix(root().join("crates"))
                .expect("it lies there")
                .to_str()
                .expect("names are ASCII")
                .replace('\\', "/");
            if path.is_dir() {
                folders.push(path);
            } else if name.contains("/src/") && is_rust(&name) {
                found.push(name);
            }
        }
    }
    found.sort_unstable();
    assert_eq!(named, found);
}

#[test]
fn the_readmes_quote_the_files_that_are_installed() {
    for name in ["Caddyfile", "nginx.conf", "echostr.service"] {
        let file = read(Path::new("docs/deploy").join(name));
        for readme in READMES {
            let (_, blocks) = outline(&read(readme));
            assert!(
                blocks.iter().any(|block| block.text == file),
                "{readme} has no block that is docs/deploy/{name}"
            );
        }
    }
}

#[test]
fn the_calls_of_the_readmes_are_the_example() {
    let example = read("crates/bot/examples/new_tag.rs");
    let (_, example) = example.split_once("\n\n").expect("a comment, then code");
    for readme in READMES {
        let (_, blocks) = outline(&read(readme));
        let mut blocks = blocks
            .into_iter()
            .filter(|block| block.text.contains("CreateTag"));
        let found = blocks.next().map(|block| (block.language, block.text));
        assert_eq!(found, Some(("rust".into(), example.into())), "{readme}");
    }
}

#[test]
fn the_bot_of_the_readmes_is_the_example_and_the_doc_test() {
    let example = read("crates/bot/examples/echo.rs");
    let (_, example) = example.split_once("\n\n").expect("a comment, then code");
    let library = read("crates/bot/src/lib.rs");
    let documentation: String = library
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .flat_map(|line| [line.strip_prefix(' ').unwrap_or(line), "\n"])
        .collect();
    let (_, blocks) = outline(&documentation);
    assert_eq!(blocks[0].text, example, "of crates/bot/src/lib.rs");
    for readme in READMES {
        let (_, blocks) = outline(&read(readme));
        let bot = blocks.iter().find(|block| block.language == "rust");
        assert_eq!(
            bot.map(|block| block.text.as_str()),
            Some(example),
            "{readme}"
        );
    }
}

#[test]
fn both_readmes_have_the_same_parts() {
    let [(headings, blocks), (other_headings, other_blocks)] =
        READMES.map(|readme| outline(&read(readme)));
    assert!(headings.len() > 10, "{headings:?}");
    assert_eq!(headings, other_headings);
    let languages = |blocks: &[Block]| -> Vec<String> {
        let languages = blocks.iter().map(|block| block.language.clone());
        languages.collect()
    };
    assert_eq!(languages(&blocks), languages(&other_blocks));
    // Only the comments of the first block are in the readers' language.
    for (block, other) in blocks.iter().zip(&other_blocks).skip(1) {
        assert_eq!(block.text, other.text);
    }
}

#[test]
fn the_readmes_name_every_scope_of_a_key() {
    for readme in READMES {
        let document = read(readme);
        for scope in echostr_server::api::SCOPES {
            let is_named = quoted(&document).any(|word| word == scope);
            assert!(is_named, "{readme} does not name the scope `{scope}`");
        }
    }
}

#[test]
fn the_curl_lines_show_handshake_and_echo() {
    const WRITTEN: &str = "http://127.0.0.1:8080";
    let server = Server::start("");
    for readme in READMES {
        let (commands, expected) = block_and_next(readme, "sha1sum");
        assert!(
            commands.contains(WRITTEN),
            "{readme} asks the default address"
        );
        let commands = commands.replace(WRITTEN, &format!("http://{}", server.address));
        let output = Command::new("bash")
            .args(["-c", &commands])
            .env("no_proxy", "*")
            .output()
            .expect("bash runs");
        let answer = String::from_utf8_lossy(&output.stdout);
        assert_eq!(
            timeless(&answer),
            timeless(&expected),
            "{readme}; is curl there? {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn the_settings_of_the_readmes_are_in_order() {
    let folder = Folder::new();
    for readme in READMES {
        let (settings, _) = block_and_next(readme, "[[account]]");
        folder.write("readme.toml", &settings);
        let output = run(&folder, &["config", "check", "readme.toml"]);
        let faults = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{readme}: {faults}");
        assert_eq!(faults, "", "{readme}");
    }
}

#[test]
fn the_doctor_says_what_the_readmes_quote() {
    let server = Server::start("");
    let address = format!("http://{}/wechatMP/hello123", server.address);
    let output = run(
        &Folder::new(),
        &["doctor", &address, "--token", "WrongToken"],
    );
    assert_eq!(output.status.code(), Some(1));
    let report = String::from_utf8_lossy(&output.stdout);
    for readme in READMES {
        let (_, excerpt) = block_and_next(readme, "--token WrongToken");
        let mut lines = report.lines();
        for quoted in excerpt.lines() {
            // The time that it took may differ.
            let (_, quoted) = quoted.split_once(" s → ").unwrap_or(("", quoted));
            assert!(
                lines.any(|line| line.ends_with(quoted)),
                "{readme} quotes `{quoted}` here, the doctor said:\n{report}"
            );
        }
    }
}
