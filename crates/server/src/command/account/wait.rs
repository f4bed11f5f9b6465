//! Waits for the platform's handshake, and says in plain words what comes instead.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::show::{refused, what_to_do};
use crate::command::client::{Client, Failure};
use crate::command::print::{clean, text};

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// After such a time without any request, the way to the server is suspected.
const NOTHING_AFTER: Duration = Duration::from_secs(20);

/// How long the first message of an account with a key is waited for, after the handshake.
const MESSAGE_WITHIN: Duration = Duration::from_mins(1);

/// Follows what comes for an account that was just made. The code says whether the handshake came.
pub(super) async fn wait(
    client: &mut Client,
    account: &Value,
    secs: u64,
) -> Result<ExitCode, Failure> {
    let id = text(&account["id"]);
    let is_sealed = ["safe", "compatible"].contains(&text(&account["mode"]));
    eprintln!(
        "\n等待公众平台的请求，最多 {secs} 秒；随时可以按 Ctrl-C，公众号已经建好 · \
         waiting for the platform, {secs} s at most; Ctrl-C is fine, the account is there"
    );
    if !client.is_of_server() {
        client.let_go().await;
        eprintln!("服务器还没有运行，请启动它 · no server runs yet, start it: echostr serve");
    }
    let mut watch = Watch::new(account);
    let start = Instant::now();
    let mut ends = start + Duration::from_secs(secs);
    let mut shaken = false;
    loop {
        if let Some(account) = client.get_of_server(&super::of(id)).await? {
            for news in watch.look(&account["seen"]) {
                eprintln!("{}", news.words());
                match news {
                    News::Handshake if is_sealed => {
                        shaken = true;
                        ends = Instant::now() + MESSAGE_WITHIN;
                        eprintln!(
                            "请给公众号发一条消息，看看能不能解密 · send the account a message, to see whether it can be decrypted"
                        );
                    }
                    News::Handshake | News::Push => return Ok(ExitCode::SUCCESS),
                    // That came from the platform, so the first message was there, and could not be read.
                    News::Refused(class) if shaken && !is_strangers(&class) => {
                        return Ok(ExitCode::FAILURE);
                    }
                    News::Refused(_) => {}
                }
            }
        }
        if watch.is_silent && start.elapsed() > NOTHING_AFTER {
            watch.is_silent = false;
            let url = clean(text(&account["url"]));
            eprintln!(
                "还没有任何请求到达。检查：域名指向这台机器吗？反向代理转发到这里吗？80 和 443 端口对外开放吗？\
                 在别处打开 {url} 应该看到 Echostr 的页面 · \
                 nothing has arrived. Does the name lead to this machine, the proxy to this server, and are ports 80 and 443 \
                 open? Opened elsewhere, that address shows a page of Echostr"
            );
        }
        if Instant::now() >= ends {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    if shaken {
        eprintln!(
            "还没有消息；以后用 echostr account show {0} 看 · no message yet; `echostr account show {0}` says more later",
            clean(id)
        );
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "没有等到握手。在公众平台的页面上点「提交」才会来；之后用 echostr account show {0} 看 · \
         no handshake came; it comes when you submit the platform's page; `echostr account show {0}` says more later",
        clean(id)
    );
    Ok(ExitCode::FAILURE)
}

/// Whether such a request may be anybody's.
fn is_strangers(class: &str) -> bool {
    ["unsigned", "bad_signature", "method"].contains(&class)
}

/// Something that came.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Handshake,
    Push,
    /// For the first time of this class.
    Refused(String),
}

/// What has been seen up to now.
struct Watch {
    handshake: Option<i64>,
    push: Option<i64>,
    refused: BTreeMap<String, u64>,
    is_silent: bool,
}

impl Watch {
    fn new(account: &Value) -> Self {
        let mut watch = Self {
            handshake: None,
            push: None,
            refused: BTreeMap::new(),
            is_silent: true,
        };
        watch.look(&account["seen"]);
        watch.is_silent = true;
        watch
    }

    /// What is new.
    fn look(&mut self, seen: &Value) -> Vec<News> {
        let mut news = Vec::new();
        for (class, n_refused) in refused(seen) {
            let before = self.refused.insert(class.into(), n_refused);
            if n_refused > 0 && before.is_none_or(|before| before == 0) {
                news.push(News::Refused(class.into()));
            }
        }
        let handshake = seen["last_handshake_at_ms"].as_i64();
        if handshake > self.handshake {
            self.handshake = handshake;
            news.push(News::Handshake);
        }
        let push = seen["last_push_at_ms"].as_i64();
        if push > self.push {
            self.push = push;
            news.push(News::Push);
        }
        self.is_silent &= news.is_empty();
        news
    }
}

impl News {
    fn words(&self) -> String {
        match self {
            Self::Handshake => {
                "✓ 握手成功：平台找到了这里，Token 一致 · the handshake came: address and token are right".into()
            }
            Self::Push => "✓ 第一条推送已收到，并且读得懂 · the first push came and could be read".into(),
            Self::Refused(class) => format!("✗ {}", what_to_do(class)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_new_is_told_once() {
        let mut watch = Watch::new(&json!({ "seen": { "refused": { "bad_signature": 0 } } }));
        for (seen, expected) in [
            (json!({}), vec![]),
            (
                json!({ "refused": { "bad_signature": 1 } }),
                vec![News::Refused("bad_signature".into())],
            ),
            (json!({ "refused": { "bad_signature": 2 } }), vec![]),
            (json!({ "last_handshake_at_ms": 5 }), vec![News::Handshake]),
            (
                json!({ "last_handshake_at_ms": 5, "last_push_at_ms": 6, "refused": { "bad_buffer": 1 } }),
                vec![News::Refused("bad_buffer".into()), News::Push],
            ),
        ] {
            assert_eq!(watch.look(&seen), expected, "{seen}");
        }
    }
}
