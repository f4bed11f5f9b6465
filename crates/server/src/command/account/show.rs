//! One account: what is set, what came, and what to do about what was refused.

use std::fmt::Write as _;

use echostr::PRESETS;
use serde_json::{Map, Value};

use crate::command::print::{ago, clean, facts, now_ms, short, text, time};
use crate::llm_form;

/// All about an account.
pub(super) fn page(account: &Value) -> String {
    let now = now_ms();
    let id = clean(text(&account["id"]));
    let mut page = format!(
        "公众号「{}」 · account {id}\n\n",
        short(name_of(account), 64)
    );
    page.push_str(&settings(account, now));
    page.push_str(&model(&account["bot"]));
    page.push_str("\n收到的 · what came\n");
    page.push_str(&came(account, now));
    page.push_str(&refusals(&account["seen"], now));
    page.push_str("\n密钥 · secrets\n");
    page.push_str(&secrets(account, now));
    if let Some(fault) = account["fault"].as_str() {
        let _ = writeln!(page, "\n不回答 · not answered: {}", clean(fault));
    }
    if is_disabled(account) {
        let _ = writeln!(
            page,
            "\n已停用，推送得到 404；启用：echostr account enable {id} · disabled, its pushes get 404; \
             `echostr account enable {id}` answers them again"
        );
    }
    page
}

fn settings(account: &Value, now: i64) -> String {
    let shown = |name: &str| clean(text(&account[name]));
    let gh_id = match text(&account["gh_id"]) {
        "" => "还不知道，从第一条推送学 · learnt from the first push".into(),
        gh_id => clean(gh_id),
    };
    let origin = match text(&account["origin"]) {
        "file" => "设置文件，在那里改 · the file of settings, to be changed there",
        _ => "命令行、API · the command line or the API",
    };
    let own_texts = account["texts"].as_object().map_or(0, |texts| {
        texts.values().filter(|text| !text.is_null()).count()
    });
    facts([
        ("URL", shown("url")),
        ("模式 mode", shown("mode")),
        ("AppID", shown("app_id")),
        ("原始 ID gh_id", gh_id),
        ("谁答 bot", clean(&bot(account))),
        ("平台接口 api_base", shown("api_base")),
        (
            "access_token",
            match text(&account["access_token"]) {
                "stable" => String::new(),
                from => clean(from),
            },
        ),
        ("投递 delivery", shown("delivery")),
        ("语言 language", shown("language")),
        ("时区 time_zone", shown("time_zone")),
        (
            "欢迎语 welcome",
            match &account["welcome"] {
                Value::String(text) if text.is_empty() => "（不欢迎 · none）".into(),
                Value::String(text) => short(text, 60),
                _ => "（默认 · the default）".into(),
            },
        ),
        ("出错时 fallback", short(text(&account["fallback"]), 60)),
        (
            "自己的文字 texts",
            if own_texts == 0 {
                String::new()
            } else {
                format!("{own_texts} 处，见 --json · see `--json`")
            },
        ),
        ("来自 from", origin.into()),
        ("新建 made", moment(&account["created_at_ms"], now)),
        ("修改 changed", moment(&account["updated_at_ms"], now)),
    ])
}

/// Whether it can make calls to the platform.
pub(super) fn has_access(account: &Value) -> bool {
    let has_token =
        account["app_secret"]["set"] == true || text(&account["access_token"]).contains("://");
    account["app_id"].is_string() && has_token
}

/// What it may do at the platform, with what a no means.
pub(super) fn able(able: &Value) -> String {
    let Some(items) = able["items"].as_array() else {
        return String::new();
    };
    let mut page = String::from("\n能做什么 · what it may do\n");
    let found = moment(&able["found_at_ms"], now_ms());
    if found.is_empty() {
        page.push_str(
            "  还没有查过，服务器启动后几分钟内会查 · not looked up yet; a server does so within minutes of its start\n",
        );
        return page;
    }
    page.push_str(&facts(items.iter().map(|item| {
        let errcode = &item["errcode"];
        let may = match (text(&item["may"]), errcode.as_i64()) {
            ("yes", _) => "能 · yes".into(),
            ("no", Some(code)) => format!("不能 · no（errcode {code}）"),
            ("no", None) => "不能 · no".into(),
            (_, Some(code)) => format!("不知道 · unknown（errcode {code}）"),
            _ => "不知道 · unknown".into(),
        };
        (text(&item["title"]), may)
    })));
    let _ = writeln!(page, "  查询时间 found {found}");
    if items.iter().any(|item| item["may"] == "no") {
        page.push_str(
            "  不能的：多半要先认证，或在公众平台的页面上开通 · \
             what it may not: mostly the account has to be verified (认证), or the platform's page has to permit it\n",
        );
    }
    page
}

fn came(account: &Value, now: i64) -> String {
    let seen = &account["seen"];
    let or_never = |at_ms: &Value| match moment(at_ms, now) {
        never if never.is_empty() => "还没有 · never".into(),
        at => at,
    };
    let (set, came) = (text(&account["mode"]), text(&seen["mode"]));
    let mode = match came {
        "" => String::new(),
        same if same == set => clean(same),
        other => format!(
            "{} ← 与设置的 {} 不一样：公众平台的页面上选的不是它 · not what is set here: change it there, or with --mode",
            clean(other),
            clean(set)
        ),
    };
    facts([
        ("握手 handshake", or_never(&seen["last_handshake_at_ms"])),
        ("推送 push", or_never(&seen["last_push_at_ms"])),
        ("推送的模式 its mode", mode),
    ])
}

/// Every class of refusal with what to do about it.
fn refusals(seen: &Value, now: i64) -> String {
    let mut lines = String::new();
    for (class, n_refused) in refused(seen) {
        let n_refused = number(n_refused);
        let _ = writeln!(lines, "  拒绝 refused  {n_refused} × {}", clean(class));
        let _ = writeln!(lines, "    {}", what_to_do(class));
    }
    let last = &seen["last_refusal"];
    if last.is_object() {
        let _ = writeln!(
            lines,
            "  最近一次拒绝 the latest  {}  {}",
            moment(&last["at_ms"], now),
            short(text(&last["what"]), 200)
        );
    }
    lines
}

/// The words of `Seen`, as an owner understands them.
pub(super) fn what_to_do(class: &str) -> &'static str {
    match class {
        "unsigned" => {
            "没有签名：浏览器、健康检查或扫描，不是公众平台 · \
             unsigned: a browser, a health check or a scanner, not the platform"
        }
        "bad_signature" => {
            "签名不对：页面上填的 Token 与这里的不同，或者有人在乱试 · \
             wrong signature: the token on the platform's page is another one, or somebody is guessing"
        }
        "bad_ciphertext" | "bad_buffer" | "bad_base64" => {
            "解不开：页面上的 EncodingAESKey 与这里的不同 · \
             it cannot be decrypted: the EncodingAESKey on the platform's page is another one"
        }
        "bad_appid" => {
            "AppID 不对：推送属于另一个公众号，或者这里的 app_id 填错了 · \
             another AppID: the push is of another account, or `app_id` is wrong here"
        }
        "bad_xml" => {
            "内容不合格式：多半是页面上选的加解密方式与这里的 mode 不同 · \
             not as expected: mostly the mode chosen on the platform's page differs from `mode` here"
        }
        "wrong_account" => {
            "推送给另一个公众号（原始 ID 不同）；确实换了号就用 --gh-id '' 重新学习 · \
             for another original id; if the account was exchanged, `echostr account set ID --gh-id ''` learns it anew"
        }
        "too_large" => "超过 1 MiB · larger than 1 MiB",
        "slow" => {
            "请求体没有及时传完：网络或代理太慢 · the body did not arrive in time: the network or a proxy is slow"
        }
        "broken_off" => {
            "传到一半断了：网络或代理 · it broke off on the way: the network or a proxy"
        }
        "method" => "既不是 GET 也不是 POST · neither GET nor POST",
        _ => "见日志 · see the log",
    }
}

fn secrets(account: &Value, now: i64) -> String {
    let mut own = Vec::new();
    own_secrets("bot", &account["bot"], &mut own);
    let own = own.iter().filter(|(_, secret)| secret["set"] == true);
    let own = own.map(|(name, it)| (clean(name), secret(it, now)));
    let own: Vec<_> = own.collect();
    let all = [
        ("Token", secret(&account["token"], now)),
        ("EncodingAESKey", secret(&account["encoding_aes_key"], now)),
        ("AppSecret", secret(&account["app_secret"], now)),
        (
            "access_token key",
            if account["access_token_key"]["set"] == true {
                secret(&account["access_token_key"], now)
            } else {
                String::new()
            },
        ),
    ];
    let own = own.iter().map(|(name, state)| (&**name, state.clone()));
    facts(all.into_iter().chain(own))
}

/// The secrets of a bot, with where they stand: `bot.secret`, `bot.fallback.key`, `bot.tools.weather.key`.
pub(super) fn own_secrets<'a>(place: &str, bot: &'a Value, found: &mut Vec<(String, &'a Value)>) {
    match bot {
        Value::Object(fields) if fields.get("set").is_some_and(Value::is_boolean) => {
            found.push((place.to_owned(), bot));
        }
        Value::Object(fields) => {
            for (name, inner) in fields {
                own_secrets(&format!("{place}.{name}"), inner, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                let name = text(&item["name"]);
                own_secrets(&format!("{place}.{name}"), item, found);
            }
        }
        _ => {}
    }
}

/// What of a language model is set and not the default.
fn model(bot: &Value) -> String {
    let Value::Object(fields) = bot else {
        return String::new();
    };
    if text(&bot["kind"]) != "llm" {
        return String::new();
    }
    let mut fields = fields.clone();
    fields.remove("kind");
    llm_form::drop_defaults(&mut fields);
    let mut lines = Vec::new();
    model_lines("", &fields, &mut lines);
    let lines = lines.iter().map(|(name, value)| (&**name, value.clone()));
    format!(
        "\n大模型的设置，只列与默认值不同的 · the model: settings that are not the default\n{}",
        facts(lines)
    )
}

fn model_lines(before: &str, fields: &Map<String, Value>, lines: &mut Vec<(String, String)>) {
    for (name, value) in fields {
        let place = format!("{before}{name}");
        let shown = match value {
            Value::Object(inner) if inner.contains_key("set") => continue,
            Value::Object(inner) if name != "parameters" => {
                model_lines(&format!("{place}."), inner, lines);
                continue;
            }
            Value::Array(items) if items.iter().all(Value::is_object) => {
                for item in items.iter().filter_map(Value::as_object) {
                    let own = item.get("name").map_or("", text);
                    model_lines(&format!("{place}.{own}."), item, lines);
                }
                continue;
            }
            Value::Array(items) if items.len() > 10 => format!("{} 个 · entries", items.len()),
            Value::String(text) => short(text, 60),
            other => short(&other.to_string(), 60),
        };
        lines.push((clean(&place), shown));
    }
}

/// Whether there is one, and until when the one before it counts.
fn secret(secret: &Value, now: i64) -> String {
    let is_set = secret["set"].as_bool() == Some(true);
    let state = if is_set {
        "已设置 · set"
    } else {
        "没有 · none"
    };
    let previous = &secret["previous"];
    match previous["until_ms"].as_i64() {
        Some(until) => format!(
            "{state}；旧的有效到 · the one before counts until {}（{}）",
            time(until),
            left(until - now)
        ),
        None if previous.is_object() => {
            format!("{state}；旧的也有效 · the one before counts as well")
        }
        None => state.into(),
    }
}

/// What is left of a time.
fn left(ms: i64) -> String {
    let minutes = ms.max(0) / 60_000;
    match minutes {
        0..120 => format!("还有 {minutes} 分钟"),
        _ => format!("还有 {} 小时", minutes / 60),
    }
}

/// The moment and how long ago it was; empty for none.
fn moment(at_ms: &Value, now: i64) -> String {
    let at_ms = at_ms.as_i64();
    at_ms.map_or_else(String::new, |at| {
        format!("{}（{}）", time(at), ago(now, at))
    })
}

/// A count, with blanks between thousands.
pub(super) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut number = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            number.push(' ');
        }
        number.push(digit);
    }
    number
}

/// How many were refused, by class.
pub(super) fn refused(seen: &Value) -> impl Iterator<Item = (&str, u64)> {
    let classes = seen["refused"].as_object().into_iter().flatten();
    classes.map(|(class, n)| (&**class, n.as_u64().unwrap_or_default()))
}

pub(super) fn is_disabled(account: &Value) -> bool {
    account["disabled_at_ms"].is_i64()
}

/// The name, which is the id when none was given.
pub(super) fn name_of(account: &Value) -> &str {
    match text(&account["name"]) {
        "" => text(&account["id"]),
        name => name,
    }
}

/// Which model it is, and where.
fn name_of_model(bot: &Value) -> String {
    let preset = PRESETS
        .iter()
        .find(|preset| preset.name == text(&bot["preset"]));
    let model = match (text(&bot["model"]), preset) {
        ("", Some(preset)) => preset.model,
        (model, _) => model,
    };
    match (text(&bot["url"]), preset) {
        ("", Some(preset)) => format!("{} {model}", preset.name),
        (url, _) => format!("{model} {url}"),
    }
}

/// The bot in a word, with the address when it has one.
pub(super) fn bot(account: &Value) -> String {
    let bot = &account["bot"];
    if text(&bot["kind"]) == "llm" {
        return format!("llm {}", name_of_model(bot));
    }
    match (bot, text(&bot["kind"]), text(&bot["url"])) {
        (Value::String(word), _, _) => word.clone(),
        (_, kind, "") => kind.into(),
        (_, kind, url) => format!("{kind} {url}"),
    }
}
