//! What is given about a rule on the command line, as the API wants it.

use clap::Args;
use serde_json::{Map, Value, json};

use crate::command::call::{no_json, text_of};
use crate::command::client::Failure;

/// What is given; the rest is the default, or stays.
#[derive(Args)]
pub(super) struct Given {
    /// 哪个公众号的；空着是所有的 · of which account; empty: for all
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// 给人看的名字 · the name for people
    #[arg(long)]
    name: Option<String>,
    /// 大的先问，-1000 到 1000，默认 0 · higher ones are asked first, -1000 to 1000; 0 unless given
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER")]
    priority: Option<i64>,
    /// 回答过同一个人以后，多少秒内不再回答 · for so many seconds it does not answer the same follower again
    #[arg(long, value_name = "SECONDS")]
    cool_down: Option<u64>,
    /// 什么消息：text、image、event.subscribe……，message 是所有消息 · of which kinds: text, image, event.subscribe, …; message: all messages
    #[arg(long)]
    kind: Vec<String>,
    /// 文字里有，可以写多次（以下都是；rule edit 时空着就去掉） · somewhere in the text; may be repeated (like those below; empty in
    /// `rule edit`: none)
    #[arg(long, value_name = "TEXT")]
    contains: Vec<String>,
    /// 整条文字 · the whole text
    #[arg(long, value_name = "TEXT")]
    equals: Vec<String>,
    /// 文字以此开头 · the beginning of the text
    #[arg(long, value_name = "TEXT")]
    starts_with: Vec<String>,
    /// 正则表达式 · a regular expression
    #[arg(long)]
    regex: Vec<String>,
    /// 菜单的 key · the key of a menu entry
    #[arg(long)]
    key: Vec<String>,
    /// 刚扫的二维码的场景值，可以写 abc* · the scene of the QR code that was scanned just now; abc* is every one that begins so
    #[arg(long)]
    scene: Vec<String>,
    /// 几点到几点，例如 09:00-18:00 · hours of the day
    #[arg(long)]
    hours: Vec<String>,
    /// 星期几：mon 到 sun · days of the week: mon to sun
    #[arg(long, value_name = "DAY")]
    weekday: Vec<String>,
    /// 从哪天起，例如 2026-12-01；rule edit 时空着就去掉 · the first day; empty in `rule edit`: none
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// 到哪天止 · the last day
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// 回复的文字 · the text to answer
    #[arg(long, value_name = "TEXT", conflicts_with = "reply_json")]
    reply: Option<String>,
    /// 别的回复，JSON，例如 '{"image": "MEDIA_ID"}'；@文件 或 - 也行 · another reply as JSON; @file or - too
    #[arg(long, value_name = "JSON")]
    reply_json: Option<String>,
    /// 全部内容，JSON，写法与 HTTP API 相同；@文件 或 - 也行。其他选项盖过它 · all of it as JSON, as the HTTP API takes it; @file or - too; the other
    /// options count before it
    #[arg(long, value_name = "JSON")]
    file: Option<String>,
}

impl Given {
    /// Refuses a condition without a value: it takes one away in a change, and a new rule has none yet. Left out silently, the rule
    /// would answer everything.
    pub(super) fn refuse_empty(&self) -> Result<(), Failure> {
        let is_among = |texts: &[String]| texts.iter().any(String::is_empty);
        let is_empty = |text: &Option<String>| text.as_ref().is_some_and(String::is_empty);
        let conditions = [
            ("--kind", is_among(&self.kind)),
            ("--contains", is_among(&self.contains)),
            ("--equals", is_among(&self.equals)),
            ("--starts-with", is_among(&self.starts_with)),
            ("--regex", is_among(&self.regex)),
            ("--key", is_among(&self.key)),
            ("--scene", is_among(&self.scene)),
            ("--hours", is_among(&self.hours)),
            ("--weekday", is_among(&self.weekday)),
            ("--from", is_empty(&self.from)),
            ("--to", is_empty(&self.to)),
        ];
        match conditions.iter().find(|(_, is_empty)| *is_empty) {
            None => Ok(()),
            Some((option, _)) => Err(Failure::Usage(format!(
                "{option} 是空的：写上值，不要这个条件就去掉 {option} · `{option}` is empty: give it a value, or leave it out if the rule \
                 does not need this condition"
            ))),
        }
    }

    /// The fields of the API; conditions and replies that are not given are those before.
    pub(super) fn fields(self, before: &Value) -> Result<Map<String, Value>, Failure> {
        let mut fields = match &self.file {
            None => Map::new(),
            Some(given) => match parsed(given, "--file")? {
                Value::Object(fields) => fields,
                _ => return Err(no_object("--file")),
            },
        };
        let or_null = |text: String| {
            if text.is_empty() {
                Value::Null
            } else {
                text.into()
            }
        };
        let own = [
            ("account", self.account.map(or_null)),
            ("name", self.name.map(Value::from)),
            ("priority", self.priority.map(Value::from)),
            ("cool_down_secs", self.cool_down.map(Value::from)),
            ("reply", self.reply.map(|text| json!({ "text": text }))),
        ];
        for (name, value) in own {
            fields.extend(value.map(|value| (name.to_owned(), value)));
        }
        if let Some(given) = &self.reply_json {
            fields.insert("reply".into(), parsed(given, "--reply-json")?);
        }
        let list = |texts: Vec<String>| {
            let given = !texts.is_empty();
            let texts = texts.into_iter().filter(|text| !text.is_empty());
            given.then(|| texts.collect::<Value>())
        };
        let conditions = [
            ("kind", list(self.kind)),
            ("contains", list(self.contains)),
            ("equals", list(self.equals)),
            ("starts_with", list(self.starts_with)),
            ("regex", list(self.regex)),
            ("key", list(self.key)),
            ("scene", list(self.scene)),
            ("hours", list(self.hours)),
            ("weekdays", list(self.weekday)),
            ("from", self.from.map(or_null)),
            ("to", self.to.map(or_null)),
        ];
        let mut conditions = conditions
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .peekable();
        if conditions.peek().is_some() {
            let when = fields
                .entry("when")
                .or_insert_with(|| before["when"].clone());
            if !when.is_object() {
                *when = json!({});
            }
            for (name, value) in conditions {
                when[name] = value;
            }
        }
        Ok(fields)
    }
}

fn parsed(given: &str, option: &str) -> Result<Value, Failure> {
    let text = text_of(given)?;
    serde_json::from_str(&text).map_err(|error| {
        let (what, in_english) = (format!("{option} "), format!("`{option}`"));
        no_json(&what, &in_english, &text, &error)
    })
}

fn no_object(option: &str) -> Failure {
    Failure::Usage(format!(
        "{option} 要是一个 JSON 对象 · `{option}` has to be a JSON object"
    ))
}
