//! `echostr doctor`: plays the platform against an address, calls the platform as an account does, and prints what it found.

mod api;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use echostr_client::{ApiAccount, ApiBase, Settings};
use echostr_protocol::api::Secret;
use echostr_protocol::{AppId, EncodingAesKey, GhId, Token};
use echostr_simulator::{Mode, Platform, Sealing, doctor};

use self::api::{Report, Way};
use super::client::{Client, Failure, Where, path, run as ask};
use super::print::text;

/// How large a file with an AppSecret may be.
const SECRET_BYTES: u64 = 4096;

/// What the owner pasted into the platform's page, and whose calls are tried.
#[derive(Args)]
pub struct Options {
    /// 填在公众平台的 URL · the address that stands on the platform's page
    #[arg(required_unless_present_any = ["account", "app_secret_file"], requires = "token")]
    url: Option<String>,
    /// 令牌 Token
    #[arg(long, requires = "url", required_unless_present_any = ["account", "app_secret_file"])]
    token: Option<String>,
    /// 消息加解密方式 · the platform's mode
    #[arg(long, value_enum, default_value = "plain")]
    mode: ModeName,
    /// 消息加解密密钥 · the EncodingAESKey, for compatible and safe
    #[arg(long, value_name = "KEY", requires = "url")]
    aes_key: Option<String>,
    /// AppID，兼容和安全模式需要，检查接口也需要 · for compatible and safe, and to try the API
    #[arg(long, value_name = "APPID")]
    app_id: Option<String>,
    /// 原始 ID（gh_…）；服务器只认自己的公众号时需要 · the original id, for a server that compares it with its account's
    #[arg(long, value_name = "GH_ID", requires = "url")]
    gh_id: Option<String>,
    /// 检查接口：用服务器上这个公众号的 AppSecret · try the API as this account of the server
    #[arg(long, value_name = "ID", conflicts_with = "app_secret_file")]
    account: Option<String>,
    /// 检查接口：从文件读 AppSecret，- 表示标准输入；在调用接口的机器上运行 · try the API with this AppSecret, `-` for standard input; to be run where calls are made
    #[arg(long, value_name = "FILE", requires = "app_id")]
    app_secret_file: Option<PathBuf>,
    /// 平台接口的地址，默认是平台自己的 · where the platform's API is, by default at its own address
    #[arg(long, value_name = "URL", requires = "app_secret_file")]
    api_base: Option<String>,
    /// 设置文件，和 --account 一起用 · the settings, for `--account`
    #[arg(long, value_name = "FILE", requires = "account")]
    config: Option<PathBuf>,
    /// 数据文件夹，和 --account 一起用 · the folder for data, for `--account`
    #[arg(long, value_name = "FOLDER", requires = "account")]
    data: Option<String>,
}

/// 消息加解密方式.
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

/// Examines what was asked for; the exit code says whether all of it passed, 2 that it could not even be tried.
pub fn run(options: Options) -> ExitCode {
    let (platform, own) = match (options.platform(), options.own()) {
        (Ok(platform), Ok(own)) => (platform, own),
        (Err(problem), _) | (_, Err(problem)) => {
            eprintln!("doctor: {problem}");
            return ExitCode::from(super::config::FAULTY);
        }
    };
    if let Some(id) = options.account {
        let place = Where::at(options.config, options.data);
        return ask(place, async move |server| {
            let api = of_account(server, &id);
            let (webhook, api) = tokio::join!(examined(platform.as_ref()), api);
            match api {
                Ok(api) => Ok(told(webhook.as_ref(), Some(&api))),
                Err(failure) => {
                    // What was found at the address counts all the same.
                    told(webhook.as_ref(), None);
                    Err(failure)
                }
            }
        });
    }
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("doctor: cannot start: {error}");
            return ExitCode::from(super::config::FAULTY);
        }
    };
    runtime.block_on(async {
        let api = async {
            let (app_id, way) = own.as_ref()?;
            Some(api::examine(way, app_id).await)
        };
        let (webhook, api) = tokio::join!(examined(platform.as_ref()), api);
        told(webhook.as_ref(), api.as_ref())
    })
}

async fn examined(platform: Option<&Platform>) -> Option<doctor::Report> {
    Some(doctor::examine(platform?).await)
}

/// The API as an account of the server has it. No secret leaves the server for it.
async fn of_account(server: &Client, id: &str) -> Result<Report, Failure> {
    let account = server.get(&path(&["accounts", id], &[])).await?;
    let is_own = ["stable", "plain"].contains(&text(&account["access_token"]));
    if is_own && account["app_secret"]["set"] != true {
        return Ok(api::without_secret(id));
    }
    Ok(api::examine(&Way::Server(server, id), id).await)
}

/// Prints the reports.
fn told(webhook: Option<&doctor::Report>, api: Option<&Report>) -> ExitCode {
    if let Some(report) = webhook {
        println!("{report}");
    }
    if let Some(report) = api {
        println!("{report}");
    }
    let is_well = webhook.is_none_or(doctor::Report::passed) && api.is_none_or(Report::passed);
    if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

impl Options {
    /// What plays the platform, when an address was given.
    fn platform(&self) -> Result<Option<Platform>, String> {
        let (Some(url), Some(token)) = (&self.url, &self.token) else {
            return Ok(None);
        };
        let token: Token = token
            .parse()
            .map_err(|error| format!("`--token`: {error}"))?;
        let mode = mode(self.mode, self.aes_key.as_deref(), self.app_id.as_deref())?;
        let mut platform = Platform::new(url, token, mode).map_err(|error| error.to_string())?;
        if let Some(gh_id) = &self.gh_id {
            platform.gh_id = GhId::from(gh_id.trim());
        }
        Ok(Some(platform))
    }

    /// What calls the platform by itself, when an AppSecret was given.
    fn own(&self) -> Result<Option<(String, Way<'static>)>, String> {
        let (Some(file), Some(app_id)) = (&self.app_secret_file, &self.app_id) else {
            return Ok(None);
        };
        let app_id = app_id.trim();
        let mut account = ApiAccount::new(app_id, secret(file)?);
        if let Some(base) = &self.api_base {
            let base: ApiBase = base
                .parse()
                .map_err(|error| format!("`--api-base`: {error}"))?;
            account.base = Some(base);
        }
        let platform = echostr_client::Platform::new(&Settings::default())
            .map_err(|error| error.to_string())?;
        let way = Way::Own(Box::new(platform.client(account)));
        Ok(Some((app_id.to_owned(), way)))
    }
}

/// An AppSecret; on the command line everybody on the machine could read it.
fn secret(file: &Path) -> Result<Secret, String> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin()
            .take(SECRET_BYTES)
            .read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(SECRET_BYTES).read_to_string(&mut text))
    };
    match read {
        Ok(_) if text.trim().is_empty() => {
            Err("`--app-secret-file`: 文件是空的 · the file is empty".into())
        }
        Ok(_) => Ok(text.trim().into()),
        Err(error) => Err(format!("`--app-secret-file` {}: {error}", file.display())),
    }
}

/// The mode with what it needs.
pub(super) fn mode(
    name: ModeName,
    aes_key: Option<&str>,
    app_id: Option<&str>,
) -> Result<Mode, String> {
    if name == ModeName::Plain {
        return Ok(Mode::Plain);
    }
    let (Some(key), Some(app_id)) = (aes_key, app_id) else {
        return Err("兼容模式和安全模式还需要 --aes-key 和 --app-id · \
                    compatible and safe mode need `--aes-key` and `--app-id` as well"
            .into());
    };
    let key: EncodingAesKey = key
        .parse()
        .map_err(|error| format!("`--aes-key`: {error}"))?;
    let sealing = Sealing {
        key,
        app_id: AppId::from(app_id.trim()),
    };
    Ok(match name {
        ModeName::Compatible => Mode::Compatible(sealing),
        _ => Mode::Safe(sealing),
    })
}
