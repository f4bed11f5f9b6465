//! `echostr doctor URL`: plays the platform against an address and prints what it found.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use echostr_protocol::{AppId, EncodingAesKey, GhId, Token};
use echostr_simulator::{Mode, Platform, Sealing, doctor};

/// What the owner pasted into the platform's page.
#[derive(Args)]
pub struct Options {
    /// 填在公众平台的 URL · the address that stands on the platform's page
    url: String,
    /// 令牌 Token
    #[arg(long)]
    token: String,
    /// 消息加解密方式 · the platform's mode
    #[arg(long, value_enum, default_value = "plain")]
    mode: ModeName,
    /// 消息加解密密钥 · the EncodingAESKey, for compatible and safe
    #[arg(long, value_name = "KEY")]
    aes_key: Option<String>,
    /// AppID，兼容和安全模式需要 · for compatible and safe
    #[arg(long, value_name = "APPID")]
    app_id: Option<String>,
    /// 原始 ID（gh_…）；服务器只认自己的公众号时需要 · the original id, for a server that compares it with its account's
    #[arg(long, value_name = "GH_ID")]
    gh_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ModeName {
    /// 明文模式
    Plain,
    /// 兼容模式
    #[value(alias = "compat")]
    Compatible,
    /// 安全模式
    Safe,
}

/// Examines the address; the exit code says whether it passed, 2 that it could not even be tried.
pub fn run(options: &Options) -> ExitCode {
    let platform = match options.platform() {
        Ok(platform) => platform,
        Err(problem) => {
            eprintln!("doctor: {problem}");
            return ExitCode::from(super::config::FAULTY);
        }
    };
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
    let report = runtime.block_on(doctor::examine(&platform));
    println!("{report}");
    if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

impl Options {
    fn platform(&self) -> Result<Platform, String> {
        let token: Token = self
            .token
            .parse()
            .map_err(|error| format!("`--token`: {error}"))?;
        let mode = match self.mode {
            ModeName::Plain => Mode::Plain,
            ModeName::Compatible => Mode::Compatible(self.sealing()?),
            ModeName::Safe => Mode::Safe(self.sealing()?),
        };
        let mut platform =
            Platform::new(&self.url, token, mode).map_err(|error| error.to_string())?;
        if let Some(gh_id) = &self.gh_id {
            platform.gh_id = GhId::from(gh_id.trim());
        }
        Ok(platform)
    }

    fn sealing(&self) -> Result<Sealing, String> {
        let (Some(key), Some(app_id)) = (&self.aes_key, &self.app_id) else {
            return Err("兼容模式和安全模式还需要 --aes-key 和 --app-id · \
                        compatible and safe mode need `--aes-key` and `--app-id` as well"
                .into());
        };
        let key: EncodingAesKey = key
            .parse()
            .map_err(|error| format!("`--aes-key`: {error}"))?;
        Ok(Sealing {
            key,
            app_id: AppId::from(app_id.trim()),
        })
    }
}
