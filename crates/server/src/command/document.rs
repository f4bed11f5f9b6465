//! `echostr export` and `echostr apply`: accounts and rules as a document that can be kept, compared and taken to another machine.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::client::{Content, Failure, Where, path, run as ask, say};
use super::print::{clean, escaped, headed, table, text};

/// How large a document may be.
const DOCUMENT_BYTES: u64 = 8 * 1024 * 1024;

/// What to write down.
#[derive(Args)]
pub struct Export {
    /// 连同 Token 和密钥，要当密码一样保管 · with tokens and keys: keep it like a password
    #[arg(long)]
    secrets: bool,
    /// 写进一个新文件，只有自己能读 · into a new file that only its owner can read
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

/// Which document.
#[derive(Args)]
pub struct Apply {
    /// TOML 文件，写法与 echostr export 的输出相同；- 表示标准输入 · a document as `echostr export` writes it; `-` for standard input
    file: PathBuf,
    /// 不再询问，直接执行 · do it without asking
    #[arg(long)]
    yes: bool,
    /// 只看会改什么 · only say what would change
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// 打印 JSON · print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// Prints the accounts.
pub fn export(export: Export) -> ExitCode {
    let Export {
        secrets,
        output,
        place,
    } = export;
    ask(place, async move |client| {
        let query = [("secrets", secrets.then(|| "true".to_owned()))];
        let document = client.text(&path(&["export"], &query)).await?;
        match output {
            None => say(&document),
            Some(file) => {
                write(&file, &document)?;
                eprintln!("已写入 · written to {}", file.display());
                Ok(ExitCode::SUCCESS)
            }
        }
    })
}

fn write(file: &Path, document: &str) -> Result<(), Failure> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut new| {
            new.write_all(document.as_bytes())?;
            new.sync_all()
        });
    written.map_err(|error| Failure::Trouble(format!("cannot write {}: {error}", file.display())))
}

/// Shows what would change, and changes it.
pub fn apply(apply: Apply) -> ExitCode {
    let Apply {
        file,
        yes,
        dry_run,
        json,
        place,
    } = apply;
    ask(place, async move |client| {
        let document = read(&file)?;
        let query = [("dry_run", Some("true".to_owned()))];
        let dry = path(&["apply"], &query);
        let plan = client.post(&dry, Content::Toml(document.clone())).await?;
        let changes = plan["changes"].as_array().map_or(&[][..], Vec::as_slice);
        let n_changes = changes
            .iter()
            .filter(|change| text(&change["action"]) != "unchanged")
            .count();
        if !json {
            say(&planned(changes, n_changes))?;
        }
        if dry_run || n_changes == 0 {
            return if json {
                say(&(escaped(&plan.to_string()) + "\n"))
            } else {
                Ok(ExitCode::SUCCESS)
            };
        }
        if !yes && !agreed(&file)? {
            eprintln!("什么也没有改 · nothing was changed");
            return Ok(ExitCode::FAILURE);
        }
        let done = client
            .post(&path(&["apply"], &[]), Content::Toml(document))
            .await?;
        if json {
            return say(&(escaped(&done.to_string()) + "\n"));
        }
        say(&made(&done["changes"]))?;
        let [since, in_english] = client.since();
        eprintln!("已执行，{since} · done, {in_english}");
        Ok(ExitCode::SUCCESS)
    })
}

fn read(file: &Path) -> Result<String, Failure> {
    let mut document = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin()
            .take(DOCUMENT_BYTES + 1)
            .read_to_string(&mut document)
    } else {
        std::fs::File::open(file)
            .and_then(|file| file.take(DOCUMENT_BYTES + 1).read_to_string(&mut document))
    };
    match read {
        Ok(n) if n as u64 <= DOCUMENT_BYTES => Ok(document),
        Ok(_) => Err(Failure::Usage(format!(
            "{} has more than {DOCUMENT_BYTES} bytes, which is the limit; divide it",
            file.display()
        ))),
        Err(error) => Err(Failure::Usage(format!(
            "cannot read {}: {error}",
            file.display()
        ))),
    }
}

/// Asks on the terminal.
fn agreed(file: &Path) -> Result<bool, Failure> {
    if file == Path::new("-") || !std::io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "确定就加上 --yes · add `--yes` to do it".into(),
        ));
    }
    eprint!("执行吗？输入 yes · do it? type yes: ");
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    Ok(read.is_ok() && ["yes", "y"].contains(&answer.trim().to_lowercase().as_str()))
}

/// Tokens and keys that the document did not have; they are shown this once.
fn made(changes: &Value) -> String {
    let changes = changes.as_array().into_iter().flatten();
    let made = changes.filter(|change| change["made"].is_object());
    let rows: Vec<_> = made
        .map(|change| {
            let made = |name: &str| match text(&change["made"][name]) {
                "" => "—".into(),
                value => clean(value),
            };
            [
                clean(text(&change["id"])),
                made("token"),
                made("encoding_aes_key"),
            ]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    eprintln!(
        "\n文档里没有的密钥已经生成，只显示这一次 · secrets that the document did not have were made; they are shown this once:\n"
    );
    headed(["公众号 account", "Token", "EncodingAESKey"], rows)
}

fn planned(changes: &[Value], n_changes: usize) -> String {
    if n_changes == 0 {
        return "已经一致，没有要改的 · nothing to change\n".into();
    }
    let rows: Vec<_> = changes
        .iter()
        .filter_map(|change| {
            let action = match text(&change["action"]) {
                "unchanged" => return None,
                "create" => "+ 新建 create",
                "change" => "~ 修改 change",
                other => other,
            };
            let fields = change["fields"].as_array().into_iter().flatten();
            let fields: Vec<_> = fields
                .map(|field| match (text(field), &change["bot"]) {
                    ("bot", Value::Object(bot)) => {
                        format!("bot（{} → {}）", text(&bot["before"]), text(&bot["after"]))
                    }
                    (field, _) => field.to_owned(),
                })
                .collect();
            let thing = match text(&change["thing"]) {
                "rule" => "规则 rule",
                _ => "公众号 account",
            };
            Some(vec![
                clean(action),
                thing.into(),
                clean(text(&change["id"])),
                clean(&fields.join(" ")),
            ])
        })
        .collect();
    let n_unchanged = changes.len() - n_changes;
    format!(
        "{}不变 unchanged: {n_unchanged}；文档里没有的保持原样 · what is not in it stays as it is\n{}",
        table(&rows),
        lost(changes)
    )
}

/// What cannot be brought back, a line for each account or rule that loses something.
fn lost(changes: &[Value]) -> String {
    let mut lines = String::new();
    for change in changes {
        let names = change["lost"].as_array().into_iter().flatten();
        let names: Vec<_> = names.map(text).collect();
        let (id, names) = (clean(text(&change["id"])), clean(&names.join(", ")));
        if !names.is_empty() {
            let _ = writeln!(
                lines,
                "! {id} 的密钥会删除，无法恢复 · secrets of {id} are deleted for ever: {names}"
            );
        }
    }
    if lines.is_empty() {
        return lines;
    }
    lines
        + "  要留着就先 echostr export --secrets；文档里没写的字段恢复默认值，没写 bot 就是 echo · keep them with `echostr export --secrets` \
           before; a field that the document does not have becomes the default, as `bot` does: `echo`\n"
}
