//! `echostr call`: any call of the platform's HTTP API, by its name or its path.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use axum::body::Body;
use axum::http::Response;
use axum::http::header::CONTENT_TYPE;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Args, error};
use echostr_protocol::api::{self, CHAPTERS, File};
use futures_util::TryStreamExt as _;
use serde_json::{Map, Value, json};

use super::client::{
    Client, Content, Failure, Where, broken_off, json as read, path, run as ask, say,
};
use super::print::{clean, escaped};

/// How large a request may be: the server's limit.
const REQUEST_BYTES: u64 = 16 * 1024 * 1024;
/// How large a file may be: in base64 it is a third longer.
pub(super) const FILE_BYTES: u64 = REQUEST_BYTES / 4 * 3 - 4096;

/// What to call.
#[derive(Args)]
#[command(after_long_help = list())]
pub struct Options {
    /// 公众号的 id · the account's id
    #[arg(required_unless_present = "list")]
    account: Option<String>,
    /// 接口：createTag、创建标签，或它的路径 /cgi-bin/… · the call: createTag, 创建标签, or its path /cgi-bin/…
    #[arg(required_unless_present = "list", value_parser = Names, hide_possible_values = true)]
    name: Option<String>,
    /// 请求，写法见平台的文档；@文件 从文件读，- 是标准输入；不写就是 {} · the request as the platform's documents write it; @FILE reads a file, `-` standard input; without it {}
    json: Option<String>,
    /// 把一个文件放进请求，例如 --file media=photo.jpg，可以写多次 · puts a file into the request, may be repeated
    #[arg(long, value_name = "FIELD=FILE", value_parser = file)]
    file: Vec<(String, PathBuf)>,
    /// 把回答写进文件 · write the answer into a file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// 按路径调用时用 GET（没有请求时默认） · for a path: GET, the default without a request
    #[arg(long)]
    get: bool,
    /// 按路径调用时用 POST（有请求时默认） · for a path: POST, the default with a request
    #[arg(long, conflicts_with = "get")]
    post: bool,
    /// 列出所有接口 · list all calls
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    place: Where,
}

/// Any text; shells complete the names of calls.
#[derive(Clone)]
struct Names;

impl TypedValueParser for Names {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, error::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let names = api::all().map(|call| PossibleValue::new(call.call_name()).help(call.title));
        Some(Box::new(names))
    }
}

fn file(given: &str) -> Result<(String, PathBuf), String> {
    let (field, file) = given
        .split_once('=')
        .ok_or("it needs the name of a field, `=` and a file")?;
    Ok((field.into(), file.into()))
}

/// Does it.
pub fn run(options: Options) -> ExitCode {
    let Options {
        account,
        name,
        json,
        file,
        output,
        get,
        post,
        list: is_list,
        place,
    } = options;
    let (false, Some(account), Some(name)) = (is_list, account, name) else {
        return match say(&list()) {
            Ok(code) => code,
            Err(_) => ExitCode::FAILURE,
        };
    };
    ask(place, async move |client| {
        let request = request(json.as_deref(), &file)?;
        let address = if name.starts_with('/') {
            let method = match (get, post) {
                (true, _) => Some("get".to_owned()),
                (_, true) => Some("post".to_owned()),
                _ => None,
            };
            let query = [("path", Some(name)), ("method", method)];
            path(&["accounts", &account, "call"], &query)
        } else if get || post {
            return Err(Failure::Usage(
                "--get 和 --post 只用于路径（/cgi-bin/…）；有名字的接口自己知道 · \
                 `--get` and `--post` are for paths (/cgi-bin/…); a call by name knows its own"
                    .into(),
            ));
        } else {
            path(&["accounts", &account, "call", &name], &[])
        };
        let content = request.map_or(Content::None, Content::Raw);
        let answer = client.fetch(&address, content).await?;
        answered(answer, output.as_deref()).await
    })
}

/// Makes a call by name whose answer is JSON.
pub(super) async fn call(
    client: &Client,
    account: &str,
    name: &str,
    request: &Value,
) -> Result<Value, Failure> {
    let address = path(&["accounts", account, "call", name], &[]);
    let content = Content::Raw(request.to_string().into());
    client.post(&address, content).await
}

/// The body; nothing when nothing was given.
fn request(json: Option<&str>, files: &[(String, PathBuf)]) -> Result<Option<Vec<u8>>, Failure> {
    let text = json.map(text_of).transpose()?;
    if files.is_empty() {
        let Some(text) = text else {
            return Ok(None);
        };
        serde_json::from_str::<serde::de::IgnoredAny>(&text)
            .map_err(|error| no_json("请求", "the request", &text, &error))?;
        return Ok(Some(text.into()));
    }
    let mut fields = match text.as_deref().map(serde_json::from_str) {
        None => Map::new(),
        Some(Ok(Value::Object(fields))) => fields,
        Some(Ok(_)) => {
            let text = "请求要是一个 JSON 对象，才能放进文件 · a file goes into a request that is a JSON object";
            return Err(Failure::Usage(text.into()));
        }
        Some(Err(error)) => {
            let text = text.as_deref().unwrap_or_default();
            return Err(no_json("请求", "the request", text, &error));
        }
    };
    for (field, file) in files {
        fields.insert(field.clone(), recorded(file)?);
    }
    Ok(Some(Value::from(fields).to_string().into()))
}

/// What is wrong with a text that should be JSON; one that looks like the name of a file may lack its `@`.
pub(super) fn no_json(
    what: &str,
    in_english: &str,
    text: &str,
    error: &serde_json::Error,
) -> Failure {
    let (line, column) = (error.line(), error.column());
    let file = Path::new(text);
    let is_json = file.extension().is_some_and(|end| end == "json");
    let may_be_one = text.len() < 256 && !text.contains(['{', '[', '"', '\n']);
    let hint = if may_be_one && (is_json || file.is_file()) {
        let file = clean(text);
        format!("\n从文件读就写 @{file} · to read it from a file, write `@{file}`")
    } else {
        String::new()
    };
    Failure::Usage(format!(
        "{what}不是 JSON（第 {line} 行第 {column} 列） · {in_english} is no JSON: error in line {line}, column {column}{hint}"
    ))
}

/// What is given on the command line, in a file (`@file`), or on standard input (`-`).
pub(super) fn text_of(given: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let read = match (given, given.strip_prefix('@')) {
        ("-", _) => io::stdin()
            .take(REQUEST_BYTES + 1)
            .read_to_string(&mut text),
        (_, Some(file)) => std::fs::File::open(file)
            .and_then(|file| file.take(REQUEST_BYTES + 1).read_to_string(&mut text)),
        _ => return Ok(given.to_owned()),
    };
    match read {
        Ok(n) if n as u64 > REQUEST_BYTES => Err(Failure::Usage(format!(
            "请求超过 {REQUEST_BYTES} 字节 · the request has more than {REQUEST_BYTES} bytes, which is the limit"
        ))),
        Ok(_) => Ok(text),
        Err(error) => Err(Failure::Usage(format!(
            "cannot read {}: {error}",
            clean(given.trim_start_matches('@'))
        ))),
    }
}

/// A file as the API takes it.
pub(super) fn recorded(file: &Path) -> Result<Value, Failure> {
    let shown = file.display();
    let mut bytes = Vec::new();
    let read = std::fs::File::open(file)
        .and_then(|file| file.take(FILE_BYTES + 1).read_to_end(&mut bytes));
    match read {
        Ok(n) if n as u64 <= FILE_BYTES => {}
        Ok(_) => {
            return Err(Failure::Usage(format!(
                "{shown} has more than {FILE_BYTES} bytes, which is the limit"
            )));
        }
        Err(error) => return Err(Failure::Usage(format!("cannot read {shown}: {error}"))),
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Ok(json!(File::named(name, bytes)))
}

/// Prints what the platform has answered, or writes it into a file.
async fn answered(answer: Response<Body>, output: Option<&Path>) -> Result<ExitCode, Failure> {
    let kind = answer.headers().get(CONTENT_TYPE);
    let kind = kind
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    if kind.starts_with("application/json") {
        let value = read(answer).await?;
        let text = printed(&value, output.is_some() || io::stdout().is_terminal());
        return match output {
            None => say(&text),
            Some(file) => {
                let written = std::fs::write(file, &text);
                written.map_err(|error| unwritten(file, &error))?;
                Ok(told(file, text.len() as u64))
            }
        };
    }
    match output {
        Some(file) => {
            // Beside it, so that what is there stays when the answer breaks off.
            let mut part = file.as_os_str().to_owned();
            part.push(".part");
            let part = PathBuf::from(part);
            let unwritten = |error: &io::Error| unwritten(file, error);
            let mut new = std::fs::File::create(&part).map_err(|error| unwritten(&error))?;
            let poured = pour(answer, &mut new, unwritten).await;
            let n_bytes = poured.inspect_err(|_| {
                let _ = std::fs::remove_file(&part);
            })?;
            std::fs::rename(&part, file).map_err(|error| unwritten(&error))?;
            Ok(told(file, n_bytes))
        }
        None if io::stdout().is_terminal() => {
            let kind = clean(&kind);
            Err(Failure::Usage(format!(
                "回答是一个文件（{kind}），用 --output 写进文件 · the answer is a file ({kind}); write it into one with `--output`"
            )))
        }
        None => {
            pour(answer, &mut io::stdout(), |_| Failure::Unread).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn unwritten(file: &Path, error: &io::Error) -> Failure {
    Failure::Trouble(format!("cannot write {}: {error}", file.display()))
}

fn told(file: &Path, n_bytes: u64) -> ExitCode {
    eprintln!(
        "已写入 {0}，{n_bytes} 字节 · written to {0}, {n_bytes} bytes",
        file.display()
    );
    ExitCode::SUCCESS
}

/// Writes an answer piece by piece.
async fn pour(
    answer: Response<Body>,
    to: &mut impl io::Write,
    unwritten: impl Fn(&io::Error) -> Failure,
) -> Result<u64, Failure> {
    let mut pieces = answer.into_body().into_data_stream();
    let mut n_bytes = 0;
    while let Some(piece) = pieces
        .try_next()
        .await
        .map_err(|error| broken_off(&error))?
    {
        n_bytes += piece.len() as u64;
        to.write_all(&piece).map_err(|error| unwritten(&error))?;
    }
    to.flush().map_err(|error| unwritten(&error))?;
    Ok(n_bytes)
}

/// JSON for people, or on one line for programs.
pub(super) fn printed(value: &Value, is_for_people: bool) -> String {
    let text = if is_for_people {
        serde_json::to_string_pretty(value).unwrap_or_default()
    } else {
        value.to_string()
    };
    escaped(&text) + "\n"
}

/// Every call, by chapter.
fn list() -> String {
    let mut list = String::from("接口 · the calls:\n");
    for (chapter, table) in CHAPTERS {
        let _ = writeln!(list, "\n{chapter}");
        for call in *table {
            let old = if call.is_deprecated {
                "（已停用 · not maintained）"
            } else {
                ""
            };
            let _ = writeln!(list, "  {:<34} {}{old}", call.call_name(), call.title);
        }
    }
    list
}
