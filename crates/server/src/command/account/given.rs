//! What is given about an account on the command line, as the API wants it. Secrets come from files, so that no list of
//! processes shows them.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::command::client::Failure;

/// How large a file with a secret or a table may be.
const FILE_BYTES: u64 = 64 * 1024;

/// What is given; the rest is made or stays.
#[derive(Args)]
pub(super) struct Given {
    /// 给人看的名字 · the name for people
    #[arg(long)]
    name: Option<String>,
    /// 消息加解密方式；有 --app-id 时默认 safe，否则 plain · the platform's mode; a new account with `--app-id` has `safe`, else `plain`
    #[arg(long, value_enum)]
    mode: Option<ModeName>,
    /// 开发者 ID（AppID）；空着就去掉 · the AppID; empty: none
    #[arg(long, value_name = "APPID")]
    app_id: Option<String>,
    /// 原始 ID；空着就从下一条推送重新学习 · the original id; empty: learnt anew from the next push
    #[arg(long, value_name = "GH_ID")]
    gh_id: Option<String>,
    /// 令牌（Token）；不写就生成一个。命令行上的内容会被 ps 看到，请用 --token-file · the token, made by us unless given; `ps` shows it, prefer `--token-file`
    #[arg(long, conflicts_with = "token_file")]
    token: Option<String>,
    /// 从文件读 Token，- 表示标准输入 · the token from a file, `-` for standard input
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// 从文件读 EncodingAESKey，- 表示标准输入 · the EncodingAESKey from a file, `-` for standard input
    #[arg(long, value_name = "FILE")]
    encoding_aes_key_file: Option<PathBuf>,
    /// 从文件读 AppSecret，- 表示标准输入 · the AppSecret from a file, `-` for standard input
    #[arg(long, value_name = "FILE")]
    app_secret_file: Option<PathBuf>,
    /// 平台接口的地址，经过自己的转发时才写；空着就是平台的 · where the platform's API is, if it is reached by a relay of yours; empty: at its own address
    #[arg(long, value_name = "URL")]
    api_base: Option<String>,
    /// access_token 从哪里来：stable、plain，或发放它的程序的地址；空着就是 stable · where access tokens come from: stable, plain, or the address of a program; empty: stable
    #[arg(long, value_name = "FROM")]
    access_token: Option<String>,
    /// 从文件读那个程序要的密钥，- 表示标准输入 · the key for that program from a file, `-` for standard input
    #[arg(long, value_name = "FILE")]
    access_token_key_file: Option<PathBuf>,
    /// 回答来晚了怎么办：auto、patient、quick…… · how late answers arrive: auto, patient, quick, …
    #[arg(long, value_name = "STRATEGY")]
    delivery: Option<String>,
    /// 欢迎语；空着就不欢迎 · for new followers; empty: none
    #[arg(long, value_name = "TEXT")]
    welcome: Option<String>,
    /// 出错时的回复；空着就不回复 · for answers that failed; empty: none
    #[arg(long, value_name = "TEXT")]
    fallback: Option<String>,
    /// 自带文字的语言：zh 或 en · the language of built-in texts: zh or en
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
    /// 时区，与 UTC 的差，例如 +08:00 · the time zone, as the distance from UTC
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    time_zone: Option<String>,
    /// 关注者看到的一句话，例如 --text wait=让我想想，可以写多次 · a text that followers read, like `--text wait=…`; may be repeated
    #[arg(long, value_name = "NAME=TEXT", value_parser = text)]
    text: Vec<(String, String)>,
    /// 谁来回答：echo 或 none · who answers: echo or none
    #[arg(long, value_name = "NAME", conflicts_with = "bot_file")]
    bot: Option<String>,
    /// 从文件读 bot 表（TOML，写法见 echostr config），- 表示标准输入 · the table `bot` (TOML, as in `echostr config`) from a file, `-` for standard input
    #[arg(long, value_name = "FILE")]
    bot_file: Option<PathBuf>,
}

/// The platform's modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ModeName {
    /// 明文模式
    Plain,
    /// 兼容模式
    #[value(alias = "compat")]
    Compatible,
    /// 安全模式
    Safe,
}

fn text(given: &str) -> Result<(String, String), String> {
    let (name, text) = given
        .split_once('=')
        .ok_or("it needs a name, `=` and the text")?;
    Ok((name.into(), text.into()))
}

impl Given {
    /// The fields of the API; reads the files.
    pub(super) fn fields(self) -> Result<Map<String, Value>, Failure> {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(name.into(), value);
            }
        };
        // Without a value they are not set at all.
        let or_null = |value: Option<String>| {
            value.map(|value| {
                if value.is_empty() {
                    Value::Null
                } else {
                    value.into()
                }
            })
        };
        put("name", self.name.map(Value::from));
        put("mode", self.mode.map(|mode| mode.word().into()));
        put("app_id", or_null(self.app_id));
        put("gh_id", or_null(self.gh_id));
        put("api_base", or_null(self.api_base));
        put("access_token", or_null(self.access_token));
        put("delivery", self.delivery.map(Value::from));
        put("welcome", self.welcome.map(Value::from));
        put("fallback", self.fallback.map(Value::from));
        put("language", self.language.map(Value::from));
        put("time_zone", self.time_zone.map(Value::from));
        if !self.text.is_empty() {
            let texts = self.text.into_iter();
            put(
                "texts",
                Some(
                    texts
                        .map(|(name, text)| (name, Value::from(text)))
                        .collect(),
                ),
            );
        }

        let mut files = Files { stdin_for: None };
        if self.token.is_some() {
            eprintln!(
                "注意：命令行上的 Token 会被 ps 和 shell 历史看到，请用 --token-file · \
                 note: `ps` and the shell's history show a token on the command line; use `--token-file`"
            );
        }
        put("token", self.token.map(Value::from));
        for (name, option, file) in [
            ("token", "--token-file", self.token_file),
            (
                "encoding_aes_key",
                "--encoding-aes-key-file",
                self.encoding_aes_key_file,
            ),
            ("app_secret", "--app-secret-file", self.app_secret_file),
            (
                "access_token_key",
                "--access-token-key-file",
                self.access_token_key_file,
            ),
        ] {
            if let Some(file) = file {
                put(name, Some(files.read(option, &file)?.trim().into()));
            }
        }
        put("bot", self.bot.map(|kind| json!({ "kind": kind })));
        if let Some(file) = self.bot_file {
            let table = files.read("--bot-file", &file)?;
            put("bot", Some(table_of(&table, &file)?));
        }
        Ok(fields)
    }
}

impl ModeName {
    fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Compatible => "compatible",
            Self::Safe => "safe",
        }
    }
}

/// A table of TOML as JSON. What cannot be read is not shown: secrets may be in it.
fn table_of(text: &str, file: &Path) -> Result<Value, Failure> {
    let faulty = |what: &str| {
        let file = file.display();
        Failure::Usage(format!(
            "`--bot-file` {file}: {what}; write its keys as in the manual (`echostr config`), \
             for example `kind = \"http\"`, each on a line"
        ))
    };
    let mut table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        faulty(&format!("it is no table of TOML: {}", error.message()))
    })?;
    // Cut out of a file of settings, it may be a table within.
    if let (1, Some(toml::Value::Table(bot))) = (table.len(), table.get("bot")) {
        table = bot.clone();
    }
    serde_json::to_value(table)
        .map_err(|_| faulty("it has values that are no text, number or flag"))
}

/// Files that are read; standard input is one of them, once.
struct Files {
    stdin_for: Option<&'static str>,
}

impl Files {
    fn read(&mut self, option: &'static str, file: &Path) -> Result<String, Failure> {
        let mut text = String::new();
        let read = if file == Path::new("-") {
            if let Some(before) = self.stdin_for.replace(option) {
                return Err(Failure::Usage(format!(
                    "`{before} -` and `{option} -` both want the standard input; give one of them a file"
                )));
            }
            std::io::stdin()
                .take(FILE_BYTES + 1)
                .read_to_string(&mut text)
        } else {
            std::fs::File::open(file)
                .and_then(|file| file.take(FILE_BYTES + 1).read_to_string(&mut text))
        };
        match read {
            Ok(n_bytes) if n_bytes as u64 > FILE_BYTES => Err(Failure::Usage(format!(
                "the file of `{option}`, {}, has more than {FILE_BYTES} bytes, which is the limit; \
                 long lists of words go through `echostr apply`",
                file.display()
            ))),
            Ok(_) => Ok(text),
            Err(error) => Err(Failure::Usage(format!(
                "cannot read the file of `{option}`, {}: {error}",
                file.display()
            ))),
        }
    }
}
