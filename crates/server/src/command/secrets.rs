//! `echostr secrets`: the secrets of all accounts, encrypted under another master key.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::client::{Content, Where, run as ask, say};
use super::print::{clean, text};

/// What to do.
#[derive(Subcommand)]
pub enum Action {
    /// 换一把主密钥，重新加密所有公众号的密钥 · a new master key: all secrets are encrypted anew
    Rotate(Rotate),
}

/// A new master key.
#[derive(Args)]
pub struct Rotate {
    #[command(flatten)]
    place: Where,
}

/// Does it.
pub fn run(action: Action) -> ExitCode {
    let Action::Rotate(Rotate { place }) = action;
    ask(place, async move |client| {
        let done = client.post("/secrets/rotate", Content::None).await?;
        let n_secrets = done["n_secrets"].as_u64().unwrap_or_default();
        let mut said = format!(
            "已用主密钥 {0} 重新加密 {n_secrets} 个密钥 · {n_secrets} secret(s) are now encrypted under the master key {0}\n",
            clean(text(&done["key_id"])),
        );
        let retired = done["retired"].as_array().into_iter().flatten();
        let retired: Vec<_> = retired.map(text).collect();
        let retired = clean(&retired.join(", "));
        if done["in_file"].as_bool() == Some(true) {
            said += "主密钥在数据文件夹的 master.key 里，备份时不要漏掉 · \
                     it is in master.key in the data folder; keep it with the backups\n";
        } else if retired.is_empty() {
            said += "要换一把，就把新的写在 ECHOSTR_MASTER_KEY 的最前面、旧的后面加逗号，重启后再运行一次 · \
                     for another key, put it first in ECHOSTR_MASTER_KEY, before the old one and a comma, restart, \
                     and run this again\n";
        } else {
            let _ = writeln!(
                said,
                "ECHOSTR_MASTER_KEY 里的 {retired} 可以删掉了 · {retired} may now be taken out of ECHOSTR_MASTER_KEY"
            );
        }
        say(&said)
    })
}
