//! `echostr follower`: deletes what is known of one.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use echostr_protocol::OpenId;
use echostr_store::{Book, Error};

use super::book::{Where, print};
use super::config::FAULTY;
use super::print::clean;

/// What to do.
#[derive(Subcommand)]
pub enum Action {
    /// 删除一个用户的全部数据，服务器运行时也可以 · delete everything about a follower, also while the server runs
    Forget(Forget),
}

/// Whom.
#[derive(Args)]
pub struct Forget {
    /// 公众号的 id · the account's id
    account: String,
    /// 用户的 OpenID · the follower's OpenID
    #[arg(value_name = "OPENID")]
    follower: String,
    /// 确认：删除后无法恢复 · confirmed: what is deleted cannot be brought back
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: Where,
}

/// Deletes, and prints how much that was.
pub fn run(action: Action) -> ExitCode {
    let Action::Forget(forget) = action;
    let name = clean(&forget.follower);
    if !forget.yes {
        eprintln!(
            "将删除 {name} 的全部消息、回答和会话，无法恢复；确定就加上 --yes · \
             this deletes all messages, answers and sessions of {name} for ever; add `--yes` to do it"
        );
        return ExitCode::from(FAULTY);
    }
    let follower = OpenId::from(forget.follower);
    print(forget.place, async move |book: Book| {
        let gone = book.forget(&forget.account, &follower)?;
        let account = clean(&forget.account);
        Ok::<_, Error>(if gone.was_known {
            let text = format!(
                "已删除 {name}：消息 {0} 条，回答 {1} 条，会话 {2} 个 · \
                 deleted {name}: {0} message(s), {1} answer(s), {2} session(s)\n",
                gone.messages, gone.answers, gone.sessions
            );
            (text, ExitCode::SUCCESS)
        } else {
            let text = format!(
                "公众号 {account} 没有这个用户，什么也没有删除 · \
                 the account {account} has no such follower, nothing was deleted\n"
            );
            (text, ExitCode::FAILURE)
        })
    })
}
