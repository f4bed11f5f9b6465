//! What is to be pasted into the platform's page: three lines, and around them, on standard error, where and how.

use serde_json::Value;

use crate::command::client::{Failure, say};
use crate::command::print::{clean, table, text};

/// Prints the lines of what was made, and nothing else on standard output; what is said of a secret that was not made is
/// `otherwise`.
pub(super) fn print(made: &Value, otherwise: &str) -> Result<(), Failure> {
    let (account, paste) = (&made["account"], &made["paste"]);
    let rows: Vec<_> = LINES
        .into_iter()
        .filter(|(_, name)| paste[name].is_string())
        .map(|(label, name)| vec![label.to_owned(), clean(text(&paste[name]))])
        .collect();
    eprintln!(
        "填进公众平台的「服务器配置」，每行一格 · to paste into the platform's page 服务器配置, a field each:\n"
    );
    say(&table(&rows))?;
    let mode = match text(&account["mode"]) {
        "safe" => "安全模式 · safe",
        "compatible" => "兼容模式 · compatible",
        _ => "明文模式 · plain",
    };
    for (label, name) in LINES {
        if !paste[name].is_string() {
            eprintln!("{label}：{otherwise}");
        }
    }
    eprintln!("\n消息加解密方式 · the mode to choose there: {mode}");
    eprintln!(
        "Token 和 EncodingAESKey 以后不会再显示，忘了就用 echostr account rotate 换新的 · \
         token and key are not shown again; `echostr account rotate` makes new ones"
    );
    if text(&paste["url"]).contains(PLACEHOLDER) {
        eprintln!(
            "「{PLACEHOLDER}」换成您自己的；在 echostr.toml 里写上 public_url = \"https://…\"，这里就会显示完整的地址 · \
             put your own host in its place; with `public_url` in echostr.toml the whole address is printed here"
        );
    }
    Ok(())
}

/// As the platform's page names them, and the API.
const LINES: [(&str, &str); 3] = [
    ("URL", "url"),
    ("Token", "token"),
    ("EncodingAESKey", "encoding_aes_key"),
];

/// Stands for the host while `public_url` is not set.
const PLACEHOLDER: &str = "你的域名";
