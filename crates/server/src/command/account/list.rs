//! The list of accounts.

use serde_json::Value;

use super::show::{bot, name_of, number, refused};
use crate::command::print::{ago, clean, headed, now_ms, short, text};

/// A line for each.
pub(super) fn table(accounts: &[Value]) -> String {
    if accounts.is_empty() {
        return "还没有公众号；用 echostr account add ID 新建 · no accounts yet; add one with `echostr account add ID`\n"
            .into();
    }
    let now = now_ms();
    let when = |at_ms: &Value| at_ms.as_i64().map_or("—".into(), |then| ago(now, then));
    headed(
        [
            "公众号 account",
            "名称 name",
            "模式 mode",
            "谁答 bot",
            "握手 handshake",
            "推送 push",
            "拒绝 refused",
            "状态 state",
        ],
        accounts.iter().map(|account| {
            let seen = &account["seen"];
            let n_refused: u64 = refused(seen).map(|(_, n)| n).sum();
            [
                clean(text(&account["id"])),
                short(name_of(account), 30),
                clean(text(&account["mode"])),
                clean(&bot(account)),
                when(&seen["last_handshake_at_ms"]),
                when(&seen["last_push_at_ms"]),
                number(n_refused),
                state(account).into(),
            ]
        }),
    )
}

fn state(account: &Value) -> &'static str {
    let is_of_file = text(&account["origin"]) == "file";
    if account["fault"].is_string() {
        return "有误 faulty";
    }
    match (super::show::is_disabled(account), is_of_file) {
        (true, _) => "停用 disabled",
        (false, true) => "来自文件 from the file",
        (false, false) => "启用 on",
    }
}
