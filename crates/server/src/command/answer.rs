//! `echostr answer`: answers that were not delivered in one piece, and how far they were read.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use echostr::journal::Content;
use echostr_protocol::OpenId;
use echostr_store::{AnswerEntry, Book, Error};

use super::book::{Where, print};
use super::print::{short, table, time};

/// What to show.
#[derive(Subcommand)]
pub enum Action {
    /// 列出还没读完的回答，新的在前 · list answers that wait to be read, newest first
    List(List),
}

/// Which answers.
#[derive(Args)]
pub struct List {
    /// 只看这个公众号 · of this account only, by its id
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// 只看这个用户 · of this follower only
    #[arg(long, value_name = "OPENID")]
    follower: Option<String>,
    /// 也列出读完、失败和过期的 · those that were read, failed or expired as well
    #[arg(long)]
    all: bool,
    /// 最多几条 · at most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
    #[command(flatten)]
    place: Where,
}

/// Prints them.
pub fn run(action: Action) -> ExitCode {
    let Action::List(list) = action;
    let follower = list.follower.map(OpenId::from);
    print(list.place, async move |book: Book| {
        let account = list.account.as_deref();
        let answers = book
            .answers(account, follower.as_ref(), list.all, list.limit)
            .await?;
        let text = if answers.is_empty() {
            "没有未读的回答 · no answer waits to be read\n".into()
        } else {
            listed(&answers)
        };
        Ok::<_, Error>((text, ExitCode::SUCCESS))
    })
}

fn listed(answers: &[AnswerEntry]) -> String {
    let head = [
        "消息 message",
        "提问 asked",
        "公众号 account",
        "用户 follower",
        "问题 question",
        "状态 state",
        "到期 expires",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(answers.iter().map(
        |AnswerEntry {
             message, answer, ..
         }| {
            vec![
                message.to_string(),
                time(answer.asked_at_ms),
                answer.push.account.to_string(),
                short(answer.follower.as_str(), 28),
                short(&answer.question, 30),
                state(&answer.content),
                time(answer.expires_at_ms),
            ]
        },
    ));
    table(&rows)
}

fn state(content: &Content) -> String {
    match content {
        Content::Running => "还在生成 running".into(),
        Content::Text { text, shown_bytes } => {
            format!(
                "已读 {shown_bytes} / {} 字节 · bytes read of all",
                text.len()
            )
        }
        Content::Other(_) => "未读 unread".into(),
        Content::Failed => "失败 failed".into(),
        Content::Read => "已读完 read".into(),
    }
}
