//! Why something was shown or not, in the words of the platform's rules.

use super::language::Language;
use crate::conversation::{Entry, From};
use crate::doctor::{self, Fault};
use crate::exchange::{Delivery, Pushed, What};
use crate::judge::{Cause, Shown};
use crate::push::Clock;
use crate::transport::Transport;
use crate::world::{Account, World};

/// The cause of a failure notice in one line; empty for everything else.
pub(super) fn failure(
    world: &World,
    account: &Account,
    entry: &Entry,
    language: Language,
) -> String {
    if entry.from != From::Client {
        return String::new();
    }
    let record = entry.exchange.and_then(|id| world.log.record(id));
    let Some(What::Push(pushed)) = record.map(|record| &record.what) else {
        return String::new();
    };
    match &pushed.shown {
        Some(Shown::Failure(cause)) => cause_in_short(account, pushed, cause, language),
        _ => String::new(),
    }
}

fn cause_in_short(account: &Account, pushed: &Pushed, cause: &Cause, language: Language) -> String {
    if let Cause::Transport(Transport::TimedOut) = cause {
        let n = pushed.deliveries.len();
        return language
            .t(
                "投递 {n} 次，都没有在期限内等到回复",
                "{n} deliveries, no answer in time",
            )
            .replace("{n}", &n.to_string());
    }
    let told = of_cause(account, cause, language)
        .into_iter()
        .next()
        .unwrap_or_default();
    let end = told
        .find(['。', '：', '；'])
        .or_else(|| told.find(". "))
        .unwrap_or(told.len());
    told[..end].to_owned()
}

/// What is wrong and what to do, most likely reason first.
pub(super) fn of_cause(account: &Account, cause: &Cause, language: Language) -> Vec<String> {
    let Some(platform) = &account.platform else {
        return vec![cause.to_string()];
    };
    let faults = doctor::why_no_answer(platform, cause);
    faults
        .iter()
        .map(|fault| in_language(fault, language))
        .collect()
}

fn in_language(fault: &Fault, language: Language) -> String {
    match language {
        Language::Chinese => fault.chinese(),
        Language::English => fault.english(),
    }
}

/// What came of a delivery, in a word or two for the time line.
pub(super) fn delivery(delivery: &Delivery, language: Language) -> (&'static str, String) {
    let took = span(delivery.took_ms.unwrap_or_default());
    match (&delivery.answer, &delivery.shown) {
        (None, _) => ("running", language.t("等待中…", "waiting…").to_owned()),
        (Some(Err(Transport::TimedOut)), _) => {
            ("late", format!("{took} {}", language.t("断开", "closed")))
        }
        (Some(Err(_)), _) => (
            "failed",
            format!("{took} {}", language.t("连接失败", "no connection")),
        ),
        (Some(Ok(_)), Some(Shown::Answer { .. })) => {
            ("answer", format!("{took} {}", language.t("回复", "reply")))
        }
        (Some(Ok(_)), Some(Shown::Nothing)) => ("answer", format!("{took} success")),
        (Some(Ok(answer)), _) => ("failed", format!("{took} HTTP {}", answer.status)),
    }
}

/// How a push ended and why, sentence by sentence.
pub(super) fn push(
    account: &Account,
    pushed: &Pushed,
    clock: Clock,
    language: Language,
) -> Vec<String> {
    let deadline = format!("{}", clock.deadline.as_secs_f64());
    let fill = |text: &str, n: usize| {
        text.replace("{n}", &n.to_string())
            .replace("{deadline}", &deadline)
    };
    let mut told = Vec::new();
    for (n, delivery) in (1..).zip(&pushed.deliveries) {
        let is_last = n == clock.deliveries;
        match (&delivery.answer, &delivery.shown) {
            (Some(Err(Transport::TimedOut)), _) if is_last => told.push(fill(
                language.t(
                    "第 {n} 次也是最后一次投递：{deadline} 秒内没有完整的回复，平台断开连接，不再投递。",
                    "Delivery {n}, the last: no complete response within {deadline} s, the platform closed the connection and delivers no more.",
                ),
                n,
            )),
            (Some(Err(Transport::TimedOut)), _) => told.push(fill(
                language.t(
                    "第 {n} 次投递：{deadline} 秒内没有完整的回复，平台断开连接，把同样的正文（同一个 MsgId）再投一次。",
                    "Delivery {n}: no complete response within {deadline} s; the platform closed the connection and delivers the same body (same MsgId) again.",
                ),
                n,
            )),
            (Some(_), Some(Shown::Failure(cause))) if pushed.shown.as_ref() != delivery.shown.as_ref() => {
                let why = of_cause(account, cause, language).into_iter().next().unwrap_or_default();
                told.push(format!("{}{why}", fill(language.t("第 {n} 次投递没有得到能用的回复：", "Delivery {n} got no usable response: "), n)));
            }
            _ => {}
        }
    }
    match &pushed.shown {
        None => told.push(language.t("还在等服务器的回复。", "The server's response is being waited for.").to_owned()),
        Some(Shown::Answer { .. }) => told.push(answered(pushed, language)),
        Some(Shown::Nothing) => told.push(
            language
                .t(
                    "服务器回答 success 或空正文：关注者什么也看不到，平台不再投递。",
                    "The server answered success or an empty body: the follower sees nothing, and it is not delivered again.",
                )
                .to_owned(),
        ),
        Some(Shown::Failure(Cause::Transport(Transport::TimedOut))) => told.push(fill(
            language.t(
                "{n} 次投递都没有及时的回复，所以关注者看到灰色的故障提示。想避免它：{deadline} 秒内先回 success，答案稍后用客服消息发；没有客服消息权限的号，就让重复的投递等同一个结果，在后面的投递里回复。",
                "None of {n} deliveries was answered in time, so the follower sees the grey failure notice. To avoid it: answer success within {deadline} s and send the answer later by customer-service message; an account without that right lets the repeats wait for the same result and answers a later delivery.",
            ),
            pushed.deliveries.len(),
        )),
        Some(Shown::Failure(cause)) => {
            told.push(fill(
                language.t(
                    "投递了 {n} 次，最后一次也没有得到能用的回复：",
                    "It was delivered {n} times; the last got no usable response either:",
                ),
                pushed.deliveries.len(),
            ));
            told.extend(of_cause(account, cause, language));
            told.push(
                language
                    .t("所以关注者看到灰色的故障提示。", "So the follower sees the grey failure notice.")
                    .to_owned(),
            );
        }
    }
    told
}

fn answered(pushed: &Pushed, language: Language) -> String {
    let is_answer = |delivery: &&Delivery| matches!(delivery.shown, Some(Shown::Answer { .. }));
    let n = 1 + pushed
        .deliveries
        .iter()
        .take_while(|delivery| !is_answer(delivery))
        .count();
    let answer = pushed.deliveries.get(n - 1);
    let at = answer.map_or(0, |answer| {
        answer.began_ms + answer.took_ms.unwrap_or_default()
    });
    let text = if n == 1 {
        language.t(
            "第一次投递在 {at} 后得到回复，关注者马上看到。",
            "The first delivery was answered after {at}; the follower sees it at once.",
        )
    } else {
        language.t(
            "回复在第 {n} 次投递里到达，距关注者发送 {at}。对任何一次投递的及时回复都会显示；写到已断开的连接上的回复会丢失。",
            "The reply came with delivery {n}, {at} after the follower wrote. A timely response to any delivery is shown; one that is written to a closed connection is lost.",
        )
    };
    text.replace("{n}", &n.to_string())
        .replace("{at}", &span(at))
}

/// `22 ms`, `1.5 s`.
fn span(ms: u64) -> String {
    match ms {
        ..100 => format!("{ms} ms"),
        ms => format!("{:.1} s", seconds(ms)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody waits so long")]
pub(super) fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}
