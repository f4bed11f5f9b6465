//! The bot of the README.
//!
//! `ECHOSTR_TOKEN=hello123 cargo run -p echostr --example echo`, then put `https://your.name/mp/default` into the platform's
//! page.

use echostr::prelude::*;

#[tokio::main]
async fn main() -> Result<()> {
    Bot::from_env()?
        .keyword("帮助", "发任意文字，我会原样回复")
        .on(async |_: Subscribe| "Hi~ 终于等到你")
        .on(async |text: Text| format!("你说：{}", text.content))
        .serve("127.0.0.1:8080")
        .await
}
