//! Rules as people read them.

use std::fmt::Write as _;

use serde_json::Value;

use crate::command::print::{
    ago, clean, facts, headed, now_ms, short, table as columns, text, time,
};

/// A line for each rule.
pub(super) fn table(rules: &[Value]) -> String {
    let now = now_ms();
    headed(
        [
            "规则 rule",
            "公众号 account",
            "优先 priority",
            "何时 when",
            "回复 reply",
            "次数 hits",
            "最近 last",
            "状态 state",
        ],
        rules.iter().map(|rule| {
            let last = rule["last_hit_at_ms"].as_i64();
            [
                clean(text(&rule["id"])),
                account(rule),
                rule["priority"].to_string(),
                short(&when(&rule["when"]), 40),
                short(&reply(&rule["reply"]), 40),
                rule["hits"].to_string(),
                last.map_or("—".into(), |then| ago(now, then)),
                state(rule).into(),
            ]
        }),
    )
}

/// All about one.
pub(super) fn page(rule: &Value) -> String {
    let at = |name: &str| rule[name].as_i64().map(time).unwrap_or_default();
    let cool_down = match rule["cool_down_secs"].as_u64() {
        None | Some(0) => String::new(),
        Some(secs) => format!("{secs} s"),
    };
    let secrets = ["token", "encoding_aes_key"];
    let secrets = secrets.map(|name| match rule["secrets"][name]["set"].as_bool() {
        Some(true) => format!("{name}: 已设置 set"),
        Some(false) => format!("{name}: —"),
        None => String::new(),
    });
    let secrets: Vec<_> = secrets.into_iter().filter(|it| !it.is_empty()).collect();
    let head = format!("{}  {}", text(&rule["id"]), text(&rule["name"]));
    clean(head.trim_end())
        + "\n"
        + &facts([
            ("公众号 account", account(rule)),
            ("状态 state", state(rule).into()),
            ("问题 fault", clean(text(&rule["fault"]))),
            ("优先 priority", rule["priority"].to_string()),
            ("冷却 cool-down", cool_down),
            ("何时 when", clean(&when(&rule["when"]))),
            ("回复 reply", indented(&reply(&rule["reply"]))),
            (
                "提示词 prompt",
                indented(text(&rule["reply"]["bot"]["prompt"])),
            ),
            ("密钥 secrets", secrets.join("  ")),
            ("次数 hits", rule["hits"].to_string()),
            ("最近 last", at("last_hit_at_ms")),
            ("新建 created", at("created_at_ms")),
            ("修改 changed", at("updated_at_ms")),
        ])
}

/// What a try-out has found.
pub(super) fn verdict(verdict: &Value, is_event: bool) -> String {
    let answering = text(&verdict["rule"]);
    let mut said = String::new();
    if answering.is_empty() {
        let bot = clean(text(&verdict["bot"]));
        let _ = match (&*bot, is_event) {
            ("llm", true) => writeln!(
                said,
                "没有规则回答，{bot} 也不回答事件（关注时发送欢迎语） · no rule answers, and `{bot}` answers no events (who follows gets \
                 the welcome)"
            ),
            (_, true) => writeln!(
                said,
                "没有规则回答，接着问 {bot}，它不一定回答事件 · no rule answers; the bot `{bot}` is asked next, and may not answer events"
            ),
            (_, false) => writeln!(
                said,
                "没有规则回答，接着问 {bot} · no rule answers; the bot `{bot}` is asked next"
            ),
        };
    } else {
        let _ = writeln!(
            said,
            "✓ {0} 回答 · {0} answers:\n\n  {1}",
            clean(answering),
            indented(&reply(&verdict["reply"]))
        );
    }
    let mut is_decided = false;
    let rows = verdict["considered"].as_array().into_iter().flatten();
    let rows: Vec<_> = rows
        .map(|one| {
            let hindrance = text(&one["hindrance"]);
            let (mark, why) = match (hindrance, is_decided) {
                ("", false) => ("✓", String::new()),
                ("", true) => (" ", "排在后面 · comes after".to_owned()),
                (hindrance, _) => ("✗", clean(hindrance)),
            };
            is_decided |= hindrance.is_empty();
            vec![
                mark.to_owned(),
                clean(text(&one["rule"])),
                short(text(&one["name"]), 30),
                short(text(&one["because"]), 40),
                why,
            ]
        })
        .collect();
    if !rows.is_empty() {
        let head = [
            "",
            "规则 rule",
            "名称 name",
            "对得上 fits",
            "不回答的原因 why not",
        ];
        let head = [head.map(str::to_owned).to_vec()];
        let all: Vec<_> = head.into_iter().chain(rows).collect();
        let _ = write!(said, "\n{}", columns(&all));
    }
    let _ = writeln!(said, "\n时间 time: {}", clean(text(&verdict["at"])));
    said
}

fn account(rule: &Value) -> String {
    match text(&rule["account"]) {
        "" => "所有 all".into(),
        account => clean(account),
    }
}

fn state(rule: &Value) -> &'static str {
    if rule["fault"].is_string() {
        return "有误 faulty";
    }
    if rule["enabled"] == false {
        return "停用 disabled";
    }
    "启用 on"
}

/// What is written may fit any of these: they are one list together.
const PATTERNS: [&str; 4] = ["equals", "contains", "starts_with", "regex"];

/// `contains 价格, 多少钱 / equals 价钱; hours 09:00-18:00`: all between semicolons must hold, one of what slashes and commas part.
pub(in crate::command) fn when(when: &Value) -> String {
    let conditions = when.as_object().into_iter().flatten();
    let (patterns, others): (Vec<_>, Vec<_>) =
        conditions.partition(|(name, _)| PATTERNS.contains(&name.as_str()));
    let patterns: Vec<_> = patterns.into_iter().map(condition).collect();
    let patterns = (!patterns.is_empty()).then(|| patterns.join(" / "));
    let all = patterns
        .into_iter()
        .chain(others.into_iter().map(condition));
    match all.collect::<Vec<_>>().join("; ") {
        all if all.is_empty() => "所有消息 all messages".into(),
        all => all,
    }
}

fn condition((name, value): (&String, &Value)) -> String {
    match value {
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(text).collect();
            format!("{name} {}", values.join(", "))
        }
        Value::String(value) => format!("{name} {value}"),
        Value::Bool(_) => name.clone(),
        other => format!("{name} {other}"),
    }
}

/// A text as it is; of anything else, what it is.
pub(in crate::command) fn reply(reply: &Value) -> String {
    let mut members = reply.as_object().into_iter().flatten();
    let Some((name, value)) = members.next() else {
        return "—".into();
    };
    match (&**name, value) {
        ("text" | "markdown", Value::String(text)) => text.clone(),
        ("desk", Value::Bool(_)) => "客服 desk".into(),
        ("ai", Value::Bool(_)) => "平台的 AI ai".into(),
        ("silence", Value::Bool(_)) => "不回答 silence".into(),
        (name, Value::String(value)) => format!("{name} {value}"),
        (name, Value::Array(values)) => {
            let values: Vec<_> = values
                .iter()
                .map(|value| match value["title"].as_str() {
                    Some(title) => title.to_owned(),
                    None => self::reply(value),
                })
                .collect();
            format!("{name}: {}", values.join(" | "))
        }
        (name, value) => {
            let parts = ["title", "url", "name", "media_id"];
            let part = parts.iter().find_map(|part| value[*part].as_str());
            format!("{name} {}", part.unwrap_or_default())
        }
    }
}

/// Further lines stand below the first.
fn indented(text: &str) -> String {
    clean(text).replace('\n', "\n  ")
}
