//! Which server is pushed to, and what is on the platform's page about it.

use clap::Args;
use echostr_protocol::{GhId, Token};
use echostr_simulator::Platform;

use super::secret;
use crate::command::doctor::{self, ModeName};

/// The server, and its account.
#[derive(Args)]
pub(super) struct Target {
    /// 被测服务器的 URL，像填在公众平台上一样 · the address that stands on the platform's page
    url: String,
    /// 令牌 Token；写 '$NAME' 就取环境变量 NAME，命令行上看不到它 · '$NAME' takes the environment's NAME, so that it is not on the
    /// command line
    #[arg(long, value_parser = secret)]
    token: String,
    /// 消息加解密方式 · the mode
    #[arg(long, value_enum, default_value = "plain")]
    mode: ModeName,
    /// 消息加解密密钥，也可以是 '$NAME' · the EncodingAESKey, for compatible and safe; '$NAME' will do
    #[arg(long, value_name = "KEY", value_parser = secret)]
    aes_key: Option<String>,
    /// AppID，兼容和安全模式需要 · for compatible and safe
    #[arg(long, value_name = "APPID")]
    app_id: Option<String>,
    /// 原始 ID（gh_…）；服务器只认自己的公众号时需要 · the original id, for a server that compares it with its account's
    #[arg(long, value_name = "GH_ID")]
    gh_id: Option<String>,
}

impl Target {
    /// The platform against it.
    pub(super) fn platform(&self) -> Result<Platform, String> {
        let token: Token = self
            .token
            .parse()
            .map_err(|error| format!("`--token`: {error}"))?;
        let mode = doctor::mode(self.mode, self.aes_key.as_deref(), self.app_id.as_deref())?;
        let mut platform =
            Platform::new(&self.url, token, mode).map_err(|error| error.to_string())?;
        if let Some(gh_id) = &self.gh_id {
            platform.gh_id = GhId::from(gh_id.trim());
        }
        Ok(platform)
    }
}
