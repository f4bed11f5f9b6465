//! What is set about a bot of the kind `llm`: one table of all settings with their limits, and what is done by it. The defaults are
//! those of [`LlmSettings`], the manual is `docs/llm.md`.
//!
//! A new setting is one field there, one line here, and one line in each manual.

mod rule;
mod schema;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use echostr::{LlmBot, LlmKeys, LlmSettings, ModelSettings, PRESETS};
use echostr_protocol::api::Secret;
use serde_json::{Map, Value, json};

use self::rule::Rule::{
    self, Bytes, Characters, Command, Decimal, Flag, Key, Name, OneOf, Optional, Preset, Schema,
    Table, Tables, Url, Whole, Words,
};
use self::rule::described;
pub(crate) use self::schema::{LlmForm, LlmShown};
pub(crate) use self::written::{complete, drop_defaults, visible, written};
use crate::config::{nearest, shown};
use crate::rules;

/// A setting and what it may be.
type Field = (&'static str, Rule);

const MODEL: &[Field] = &[
    ("preset", Preset),
    ("url", Url),
    ("model", Characters(1, 200)),
    ("key", Key),
    ("temperature", Decimal(0, 2)),
    ("max_tokens", Whole(1, 100_000)),
    ("timeout_secs", Whole(1, 300)),
    ("retries", Whole(0, 3)),
    ("price_in", Decimal(0, 1_000_000)),
    ("price_out", Decimal(0, 1_000_000)),
];

const AROUND: &[Field] = &[
    ("prompt", Characters(0, 20_000)),
    ("fallback", Optional(MODEL)),
    ("history", Table(HISTORY)),
    ("commands", Table(COMMANDS)),
    ("vision", Table(VISION)),
    ("voice", Optional(ENDPOINT)),
    ("budget", Table(BUDGET)),
    ("words", Table(WORDS)),
    ("moderation", Optional(MODERATION)),
    ("label", Table(LABEL)),
    ("feedback", Flag),
    ("texts", Table(TEXTS)),
    ("tools", Tables(16, TOOL)),
    ("mcp", Tables(4, MCP)),
    ("tool_limits", Table(TOOL_LIMITS)),
];

const HISTORY: &[Field] = &[
    ("turns", Whole(0, 50)),
    ("tokens", Whole(0, 200_000)),
    ("hours", Whole(1, 720)),
];

const COMMANDS: &[Field] = &[
    ("clear", Words(10, 64)),
    ("usage", Words(10, 64)),
    ("help", Words(10, 64)),
];

const VISION: &[Field] = &[("enabled", Flag), ("max_edge", Whole(256, 4096))];

const ENDPOINT: &[Field] = &[("url", Url), ("model", Characters(1, 200)), ("key", Key)];

const MOST: u64 = 1_000_000_000_000;

const BUDGET: &[Field] = &[
    ("follower_day_messages", Whole(0, MOST)),
    ("follower_day_tokens", Whole(0, MOST)),
    ("account_day_messages", Whole(0, MOST)),
    ("account_day_tokens", Whole(0, MOST)),
    ("account_month_messages", Whole(0, MOST)),
    ("account_month_tokens", Whole(0, MOST)),
];

const WORDS: &[Field] = &[("input", Words(20_000, 64)), ("output", Words(20_000, 64))];

const MODERATION: &[Field] = &[
    ("url", Url),
    ("model", Characters(0, 200)),
    ("key", Key),
    ("input", Flag),
    ("output", Flag),
    ("passes_on_failure", Flag),
];

const LABEL: &[Field] = &[
    ("mode", OneOf(&["auto", "suffix", "platform", "none"])),
    ("text", Bytes(1, 64)),
];

const TEXTS: &[Field] = &[
    ("cleared", Bytes(0, 512)),
    ("spent_follower", Bytes(0, 512)),
    ("spent_account", Bytes(0, 512)),
    ("blocked", Bytes(0, 512)),
    ("unreadable", Bytes(0, 512)),
    ("thanks", Bytes(0, 512)),
    ("help", Bytes(0, 512)),
];

const TOOL: &[Field] = &[
    ("name", Name(64)),
    ("description", Characters(0, 1000)),
    ("url", Url),
    ("method", OneOf(&["GET", "POST"])),
    ("parameters", Schema),
    ("timeout_secs", Whole(1, 60)),
    ("key", Key),
];

const MCP: &[Field] = &[
    ("name", Name(32)),
    ("url", Url),
    ("command", Command),
    ("tools", Words(64, 64)),
    ("timeout_secs", Whole(1, 60)),
    ("key", Key),
];

const TOOL_LIMITS: &[Field] = &[
    ("rounds", Whole(1, 10)),
    ("time_secs", Whole(1, 120)),
    ("result_bytes", Whole(256, 262_144)),
];

/// All settings.
static ALL: LazyLock<Vec<Field>> = LazyLock::new(|| [MODEL, AROUND].concat());

/// Something that is given and cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LlmFault {
    /// Like `history.turns` or `tools[0].name`.
    pub(crate) field: String,
    /// Goes on after the field. No secret is in it.
    pub(crate) text: String,
}

/// Who gives settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The file of settings: whoever may write it may do everything.
    File,
    /// Somebody who may read all secrets anyway.
    Operator,
    /// Somebody who may not.
    Key,
}

/// Puts what is given into the settings before; what is not given stays, `null` is the default again. A list replaces the one
/// before, but what stands in it keeps its key by its name.
///
/// # Errors
/// Everything that is wrong.
pub(crate) fn read(
    given: &Map<String, Value>,
    before: Option<(&LlmSettings, &LlmKeys)>,
    by: By,
) -> Result<(LlmSettings, LlmKeys), Vec<LlmFault>> {
    let mut reading = Reading {
        by,
        keys: before.map(|(_, keys)| keys.0.clone()).unwrap_or_default(),
        keys_given: BTreeSet::new(),
        faults: Vec::new(),
    };
    let mut values = before.map_or_else(Map::new, |(settings, _)| as_json(settings));
    reading.table(&Place::default(), &ALL, given, &mut values);
    let settings = meant(values);
    let places = places(&settings);
    reading.whole(&settings);
    if let Some((before, _)) = before.filter(|_| by == By::Key) {
        reading.sent_elsewhere(before, &places);
    }
    reading.keys.retain(|key, _| places.contains_key(key));
    reading.finish(settings)
}

/// Every value in it was taken by its rule.
fn meant(values: Map<String, Value>) -> LlmSettings {
    serde_json::from_value(values.into())
        .expect("the rules allow what the settings can hold: a test reads the limits of each")
}

fn as_json(settings: &LlmSettings) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(map)) => map,
        _ => unreachable!("settings are an object of texts, numbers and flags"),
    }
}

/// Where keys may stand, like `tools.weather.key`: which field that is, and where the key is sent.
fn places(settings: &LlmSettings) -> BTreeMap<String, (String, Option<String>)> {
    let mut places = BTreeMap::new();
    let mut put = |table: String, field: String, url: Option<&str>| {
        let url = url.map(str::to_owned);
        places.insert(format!("{table}key"), (format!("{field}key"), url));
    };
    put(String::new(), String::new(), settings.main.endpoint());
    if let Some(model) = &settings.fallback {
        put("fallback.".into(), "fallback.".into(), model.endpoint());
    }
    if let Some(voice) = &settings.voice {
        put("voice.".into(), "voice.".into(), Some(&voice.url));
    }
    if let Some(moderation) = &settings.moderation {
        let url = Some(&*moderation.url);
        put("moderation.".into(), "moderation.".into(), url);
    }
    for (index, tool) in settings.tools.iter().enumerate() {
        let field = format!("tools[{index}].");
        put(format!("tools.{}.", tool.name), field, Some(&tool.url));
    }
    for (index, server) in settings.mcp.iter().enumerate() {
        let field = format!("mcp[{index}].");
        put(
            format!("mcp.{}.", server.name),
            field,
            server.url.as_deref(),
        );
    }
    places
}

/// A table within the settings, as faults and as keys name it: both end with a dot, unless this is the whole.
#[derive(Debug, Clone, Default)]
struct Place {
    field: String,
    key: String,
}

struct Reading {
    by: By,
    keys: BTreeMap<String, Secret>,
    keys_given: BTreeSet<String>,
    faults: Vec<LlmFault>,
}

impl Reading {
    fn finish(mut self, settings: LlmSettings) -> Result<(LlmSettings, LlmKeys), Vec<LlmFault>> {
        let keys = LlmKeys(self.keys);
        if self.faults.is_empty()
            && let Err(bad) = LlmBot::new(settings.clone(), keys.clone())
        {
            let (field, text) = (bad.field, bad.text);
            self.faults.push(LlmFault { field, text });
        }
        if self.faults.is_empty() {
            Ok((settings, keys))
        } else {
            Err(self.faults)
        }
    }

    fn table(
        &mut self,
        place: &Place,
        fields: &[Field],
        given: &Map<String, Value>,
        values: &mut Map<String, Value>,
    ) {
        for (name, value) in given {
            let field = format!("{}{}", place.field, shown(name));
            match fields.iter().find(|(known, _)| known == name) {
                Some((name, rule)) => self.field(place, name, *rule, value, values),
                None if name == "kind" && place.field.is_empty() => {}
                None => self.fault(field, unknown(name, fields)),
            }
        }
    }

    fn field(
        &mut self,
        place: &Place,
        name: &str,
        rule: Rule,
        value: &Value,
        values: &mut Map<String, Value>,
    ) {
        let field = format!("{}{name}", place.field);
        if value.is_null() {
            values.remove(name);
            if let Key = rule {
                self.keys.remove(&format!("{}{name}", place.key));
            }
            return;
        }
        match (rule, value) {
            (Key, value) => {
                let place = format!("{}{name}", place.key);
                match key(value) {
                    Ok(key) => {
                        self.keys.insert(place.clone(), key);
                    }
                    Err(text) => self.fault(field, text),
                }
                self.keys_given.insert(place);
            }
            (Table(fields) | Optional(fields), Value::Object(given)) => {
                let within = Place {
                    field: format!("{field}."),
                    key: format!("{}{name}.", place.key),
                };
                let mut inner = match values.remove(name) {
                    Some(Value::Object(inner)) => inner,
                    _ => Map::new(),
                };
                self.table(&within, fields, given, &mut inner);
                values.insert(name.into(), inner.into());
            }
            (Tables(most, fields), Value::Array(items)) => {
                if items.len() > most {
                    let n_items = items.len();
                    let text = format!("has {n_items} entries, at most {most} are allowed");
                    return self.fault(field, text);
                }
                let items = items.iter().enumerate();
                let items = items.map(|(index, item)| self.item(name, index, fields, item));
                let items: Vec<_> = items.collect();
                values.insert(name.into(), items.into());
            }
            (Command, _) if self.by != By::File => self.fault(
                field,
                "can be set in the server's file of settings only: it is a program that runs on the server"
                    .into(),
            ),
            (rule, value) => match rule.check(value) {
                Ok(()) => {
                    values.insert(name.into(), rule.kept(value));
                }
                Err(text) => self.fault(field, text),
            },
        }
    }

    /// One of a list, which has a name.
    fn item(&mut self, list: &str, index: usize, fields: &[Field], item: &Value) -> Value {
        let field = format!("{list}[{index}]");
        let Value::Object(given) = item else {
            let text = format!("is {}, an object is needed", described(item));
            self.fault(field, text);
            return json!({});
        };
        let name = given.get("name").and_then(Value::as_str);
        let place = Place {
            field: format!("{field}."),
            key: format!("{list}.{}.", name.unwrap_or_default()),
        };
        let mut values = Map::new();
        self.table(&place, fields, given, &mut values);
        values.into()
    }

    /// What the settings need of each other.
    fn whole(&mut self, settings: &LlmSettings) {
        self.model("", &settings.main, &settings.main);
        if let Some(fallback) = &settings.fallback {
            self.model("fallback.", fallback, &settings.main);
        }
        if let Some(voice) = &settings.voice {
            let what =
                "write where the endpoint is, up to what stands before `/audio/transcriptions`";
            self.needed("voice.url", &voice.url, what);
            self.needed("voice.model", &voice.model, "write its name");
        }
        if let Some(moderation) = &settings.moderation {
            let what = "write where the endpoint is, up to what stands before `/moderations`";
            self.needed("moderation.url", &moderation.url, what);
        }
        let what = "choose one, by which the model calls it";
        for (index, tool) in settings.tools.iter().enumerate() {
            self.needed(&format!("tools[{index}].name"), &tool.name, what);
            let what = "write what is called";
            self.needed(&format!("tools[{index}].url"), &tool.url, what);
        }
        for (index, server) in settings.mcp.iter().enumerate() {
            self.needed(&format!("mcp[{index}].name"), &server.name, what);
            let field = format!("mcp[{index}].url");
            if server.command.is_empty() {
                let url = server.url.as_deref().unwrap_or_default();
                self.needed(&field, url, "write where the server is");
            } else if server.url.is_some() {
                self.fault(field, "stands beside `command`; keep one of them".into());
            }
        }
        self.unique("tools", settings.tools.iter().map(|tool| &*tool.name));
        self.unique("mcp", settings.mcp.iter().map(|server| &*server.name));
    }

    /// Where it is, which it is, and the key that its vendor wants; `main` gives its own to who is at the same place.
    fn model(&mut self, table: &str, model: &ModelSettings, main: &ModelSettings) {
        let names: Vec<_> = PRESETS.iter().map(|it| format!("`{}`", it.name)).collect();
        let what = format!(
            "write where the endpoint is, like `https://api.example.com/v1`, or a `preset`: {}",
            names.join(", ")
        );
        if !self.is_faulty(&format!("{table}preset")) {
            let url = model.endpoint().unwrap_or_default();
            self.needed(&format!("{table}url"), url, &what);
        }
        let what = match model.known() {
            Some(preset) => format!("`{}` needs one of yours", preset.name),
            None => "write the name that the endpoint knows".into(),
        };
        if !self.is_faulty(&format!("{table}preset")) {
            self.needed(&format!("{table}model"), model.name(), &what);
        }
        let wants_key = model
            .known()
            .filter(|it| it.needs_key && model.url.is_none());
        let is_beside = model.endpoint() == main.endpoint() && self.keys.contains_key("key");
        if let Some(vendor) = wants_key
            && !is_beside
            && !self.keys.contains_key(&format!("{table}key"))
        {
            let what = format!("`{}` wants the one that you have there", vendor.name);
            self.needed(&format!("{table}key"), "", &what);
        }
    }

    /// No name twice.
    fn unique<'a>(&mut self, list: &str, names: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for (index, name) in names.enumerate() {
            if !name.is_empty() && !seen.insert(name) {
                let text = format!("is `{name}`, and so is another one; every one needs its own");
                self.fault(format!("{list}[{index}].name"), text);
            }
        }
    }

    /// Who does not know a key must not have it sent to another address.
    fn sent_elsewhere(
        &mut self,
        before: &LlmSettings,
        places: &BTreeMap<String, (String, Option<String>)>,
    ) {
        let before = self::places(before);
        for (place, (field, url)) in places {
            let is_kept = self.keys.contains_key(place) && !self.keys_given.contains(place);
            let had = before.get(place);
            if is_kept && had.is_some_and(|(_, before)| before != url) {
                let text =
                    "has to be given again together with another address, to which it is sent";
                self.fault(field.clone(), text.into());
            }
        }
    }

    fn needed(&mut self, field: &str, value: &str, what: &str) {
        // A faulty one is not missing.
        if value.is_empty() && !self.is_faulty(field) {
            self.fault(field.into(), format!("is missing; {what}"));
        }
    }

    /// Whether it, or what it is a part of, was refused.
    fn is_faulty(&self, field: &str) -> bool {
        let is_of = |fault: &LlmFault| {
            let rest = field.strip_prefix(&*fault.field);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.faults.iter().any(is_of)
    }

    fn fault(&mut self, field: String, text: String) {
        self.faults.push(LlmFault { field, text });
    }
}

/// It is never shown.
fn key(value: &Value) -> Result<Secret, String> {
    let Value::String(key) = value else {
        return Err("is not a text".into());
    };
    rules::llm_key(key)
}

/// A name that is none of these; it may be one of another table.
fn unknown(name: &str, fields: &[Field]) -> String {
    let near = nearest(name, fields.iter().map(|(known, _)| *known));
    let elsewhere = || {
        let all = paths();
        let last = |path: &&String| path.rsplit('.').next() == Some(name);
        all.iter().find(last).cloned()
    };
    if let Some(near) = near.map(str::to_owned).or_else(elsewhere) {
        return format!("is not known; did you mean `{near}`?");
    }
    let known: Vec<_> = fields.iter().map(|(name, _)| format!("`{name}`")).collect();
    format!("is not known; there are {}", known.join(", "))
}

/// The path of every setting, like `history.turns` or `tools[].name`.
fn paths() -> Vec<String> {
    fn collect(before: &str, fields: &[Field], paths: &mut Vec<String>) {
        for (name, rule) in fields {
            match rule {
                Table(fields) | Optional(fields) => {
                    collect(&format!("{before}{name}."), fields, paths);
                }
                Tables(_, fields) => collect(&format!("{before}{name}[]."), fields, paths),
                _ => paths.push(format!("{before}{name}")),
            }
        }
    }
    let mut paths = Vec::new();
    collect("", &ALL, &mut paths);
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MANUAL;

    const DOCUMENT: &str = include_str!("../../../docs/llm.md");

    /// What the manuals have to say of a setting: its limits in both languages, and its default.
    struct Expected {
        limits: [String; 2],
        default: Option<String>,
    }

    fn expected(rule: Rule, default: Option<&Value>) -> Expected {
        let limits = match rule {
            Whole(least, most) => [format!("{least}到{most}"), format!("{least}to{most}")],
            Decimal(least, most) => [format!("{least}到{most}"), format!("{least}to{most}")],
            Characters(0, most) => [format!("最多{most}字"), format!("atmost{most}characters")],
            Characters(least, most) => [
                format!("{least}到{most}字"),
                format!("{least}to{most}characters"),
            ],
            Bytes(0, most) => [format!("最多{most}字节"), format!("atmost{most}bytes")],
            Bytes(least, most) => [
                format!("{least}到{most}字节"),
                format!("{least}to{most}bytes"),
            ],
            Name(most) => [format!("1到{most}个"), format!("1to{most}of")],
            Words(most, characters) => [
                format!("最多{most}个，各1到{characters}字"),
                format!("atmost{most}of1to{characters}characters"),
            ],
            OneOf(words) => [words.join("、"), words.join(",")],
            _ => [String::new(), String::new()],
        };
        let default = default.filter(|it| !matches!(it, Value::String(text) if text.is_empty()));
        let default = default.map(|default| match default {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        Expected { limits, default }
    }

    /// Path, rule and default of each setting, those of `fallback` once: they are those of the model before it.
    fn settings() -> Vec<(String, Rule, Option<Value>)> {
        fn collect(
            before: &str,
            fields: &[Field],
            defaults: &Map<String, Value>,
            settings: &mut Vec<(String, Rule, Option<Value>)>,
        ) {
            for (name, rule) in fields {
                let path = format!("{before}{name}");
                let empty = |value: Value| {
                    let given = Map::from_iter([((*name).to_owned(), value)]);
                    as_json(&meant(given))[*name].clone()
                };
                match rule {
                    _ if path == "fallback" => settings.push(("fallback.*".into(), *rule, None)),
                    Table(fields) | Optional(fields) => {
                        let inner = empty(json!({}));
                        let inner = inner.as_object().expect("it is one");
                        collect(&format!("{path}."), fields, inner, settings);
                    }
                    Tables(_, fields) => {
                        let inner = empty(json!([{}]));
                        let inner = inner[0].as_object().expect("it is one");
                        collect(&format!("{path}[]."), fields, inner, settings);
                    }
                    rule => settings.push((path, *rule, defaults.get(*name).cloned())),
                }
            }
        }
        let mut settings = Vec::new();
        collect("", &ALL, &as_json(&LlmSettings::default()), &mut settings);
        settings
    }

    fn without_blanks(text: &str) -> String {
        text.replace([' ', '`', '\n'], "")
    }

    /// What stands in each language beside a name in the manual of the settings.
    fn in_the_manual(path: &str) -> Vec<String> {
        let begins = format!("#   {path} ");
        let places = MANUAL.match_indices(&begins);
        let entry = |(place, _): (usize, &str)| {
            let mut lines = MANUAL[place..].lines();
            let first = lines.next().unwrap_or_default();
            let more = lines.take_while(|line| line.starts_with("#      "));
            let more = more.map(|line| &line[1..]);
            without_blanks(&std::iter::once(first).chain(more).collect::<String>())
        };
        // Bots before this one have settings of the same name.
        let ours = places.filter(|(place, _)| {
            let before = MANUAL[..*place].rfind("#     [account.bot]");
            let kind = MANUAL[..*place].rfind("#     bot = {");
            before > kind
        });
        ours.map(entry).collect()
    }

    /// The row of each language in `docs/llm.md`.
    fn in_the_document(path: &str) -> Vec<String> {
        let begins = format!("| `{path}` |");
        let rows = DOCUMENT.lines().filter(|line| line.starts_with(&begins));
        rows.map(without_blanks).collect()
    }

    #[test]
    fn the_manuals_have_each_setting_with_its_limits_and_its_default() {
        let all = settings();
        assert!(all.len() > 60, "{}", all.len());
        for (path, rule, default) in &all {
            let Expected { limits, default } = expected(*rule, default.as_ref());
            let [manual, document] = [in_the_manual(path), in_the_document(path)];
            assert_eq!((manual.len(), document.len()), (2, 2), "{path}");
            for (language, limits) in limits.iter().enumerate() {
                let [manual, document] = [&manual[language], &document[language]];
                // Words stand for themselves.
                if !matches!(rule, OneOf(_)) || path == "label.mode" {
                    assert!(manual.contains(limits), "{path}: no {limits} in {manual}");
                }
                assert!(
                    document.contains(limits),
                    "{path}: no {limits} in {document}"
                );
                let Some(default) = &default else { continue };
                let default = without_blanks(default);
                let word = [["默认", "默认「"], ["default", "default"]][language];
                let is_told = word.map(|word| manual.contains(&format!("{word}{default}")));
                assert!(is_told.contains(&true), "{path}: no {default} in {manual}");
                assert!(
                    document.contains(&format!("|{default}|")),
                    "{path}: no {default} in {document}"
                );
            }
        }
        // And no others.
        let rows = DOCUMENT.lines().filter_map(|line| {
            let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
            (rest.matches(" | ").count() == 2).then_some(name)
        });
        let known: BTreeSet<_> = all.iter().map(|(path, ..)| &**path).collect();
        let others: Vec<_> = rows.filter(|name| !known.contains(name)).collect();
        assert_eq!(others, [""; 0]);
    }

    #[test]
    fn the_limits_of_each_setting_can_be_read() {
        fn at_most(fields: &[Field]) -> Value {
            let value = |rule: &Rule| match *rule {
                Flag => json!(true),
                Whole(_, most) => json!(most),
                Decimal(_, most) => json!(most),
                Characters(_, most) => json!("字".repeat(most)),
                Bytes(_, most) => json!("b".repeat(most)),
                Name(most) => json!("n".repeat(most)),
                OneOf(words) => json!(words[words.len() - 1]),
                Preset => json!("ollama"),
                Url => json!(" http://127.0.0.1:9/v1 "),
                Words(most, characters) => json!(vec!["字".repeat(characters); most]),
                Schema => json!({ "type": "object" }),
                Command => json!(["program", "argument"]),
                Key => json!("k".repeat(2048)),
                Table(fields) | Optional(fields) => at_most(fields),
                Tables(_, fields) => json!([at_most(fields)]),
            };
            let values = fields
                .iter()
                .map(|(name, rule)| ((*name).to_owned(), value(rule)));
            values.collect::<Map<_, _>>().into()
        }
        let mut given = at_most(&ALL);
        // An MCP server has one of the two.
        given["mcp"][0]["url"] = Value::Null;
        let given = given.as_object().expect("it is one");
        let (settings, keys) = read(given, None, By::File).expect("these are the limits");
        assert_eq!(settings.main.url.as_deref(), Some("http://127.0.0.1:9/v1"));
        assert_eq!((settings.words.input.len(), keys.0.len()), (20_000, 6));
    }
}
