//! `echostr secrets`: the secrets of all accounts, encrypted under another master key.

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
        let n_secrets = done["secrets"].as_u64().unwrap_or_default();
        let mut said = format!(
            "已用主密钥 {0} 重新加密 {n_secrets} 个密钥 · {n_secrets} secret(s) are now encrypted under the master key {0}\n",
            clean(text(&done["key_id"])),
        );
        let removable = done["removable"].as_array().into_iter().flatten();
        let removable: Vec<_> = removable.map(text).collect();
        if !removable.is_empty() {
            let ids = clean(&removable.join(", "));
            said += &format!(
                "ECHOSTR_MASTER_KEY 里的 {ids} 可以删掉了 · {ids} may now be taken out of ECHOSTR_MASTER_KEY\n"
            );
        }
        say(&said)
    })
}
