//! [`Rule`]: what a setting of a bot of the kind `llm` may be.

use echostr::PRESETS;
use serde_json::{Map, Value};

use self::Rule::{
    Bytes, Characters, Command, Decimal, Flag, Key, Name, OneOf, Optional, Preset, Schema, Table,
    Tables, Url, Whole, Words,
};
use super::Field;
use crate::config::{nearest, quoted, shown};
use crate::rules;

/// What a setting may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Whole(u64, u64),
    /// A number.
    Decimal(u32, u32),
    /// A text of so many characters.
    Characters(usize, usize),
    /// A text of so many bytes of UTF-8.
    Bytes(usize, usize),
    /// At most so many of a-z, A-Z, 0-9, `_` and `-`.
    Name(usize),
    OneOf(&'static [&'static str]),
    /// The name of one of [`PRESETS`].
    Preset,
    /// Without user, query and fragment.
    Url,
    /// At most so many texts of at most so many characters.
    Words(usize, usize),
    /// An object, which is not looked into here.
    Schema,
    /// A program and its arguments, only in the file of settings.
    Command,
    /// A secret.
    Key,
    /// Settings that are always there.
    Table(&'static [Field]),
    /// Settings that are there or not.
    Optional(&'static [Field]),
    /// At most so many, each with its own `name`.
    Tables(usize, &'static [Field]),
}

impl Rule {
    /// What is wrong with a value, as the rest of a sentence.
    pub(super) fn check(self, value: &Value) -> Result<(), String> {
        let is_fine = match (self, value) {
            (Flag, Value::Bool(_)) => true,
            (Whole(least, most), Value::Number(number)) => number
                .as_u64()
                .is_some_and(|number| (least..=most).contains(&number)),
            (Decimal(least, most), Value::Number(number)) => number
                .as_f64()
                .is_some_and(|number| (f64::from(least)..=f64::from(most)).contains(&number)),
            (_, Value::String(text)) => return self.check_text(text),
            (Words(most, characters), Value::Array(items)) => {
                return check_words(items, most, characters);
            }
            (Command, Value::Array(items)) if !items.is_empty() => {
                return check_words(items, 64, 4096);
            }
            (Schema, Value::Object(map)) => return check_schema(map),
            _ => false,
        };
        if is_fine {
            Ok(())
        } else {
            Err(format!(
                "is {}, {} is needed",
                described(value),
                self.needed()
            ))
        }
    }

    /// A value that was checked, without the blanks that come from copying.
    pub(super) fn kept(self, value: &Value) -> Value {
        match (self, value) {
            (Url, Value::String(url)) => url.trim().into(),
            _ => value.clone(),
        }
    }

    fn check_text(self, text: &str) -> Result<(), String> {
        if text.contains('\0') {
            return Err("has a NUL character in it, which no text has here".into());
        }
        let (length, least, most, unit) = match self {
            Characters(least, most) => (text.chars().count(), least, most, "characters"),
            Bytes(least, most) => (text.len(), least, most, "bytes"),
            Name(most) => return check_name(text, most),
            Url => return rules::endpoint(text).map(drop),
            Preset => return one_of(text, PRESETS.iter().map(|preset| preset.name)),
            OneOf(words) => return one_of(text, words.iter().copied()),
            _ => return Err(format!("is a text, {} is needed", self.needed())),
        };
        if (least..=most).contains(&length) {
            return Ok(());
        }
        let note = if unit == "bytes" {
            " (a Chinese character has 3)"
        } else {
            ""
        };
        Err(format!(
            "has {length} {unit}, {least} to {most} are allowed{note}"
        ))
    }

    /// What is needed, for people.
    fn needed(self) -> String {
        match self {
            Flag => "`true` or `false`".into(),
            Whole(least, most) => format!("a whole number from {least} to {most}"),
            Decimal(least, most) => format!("a number from {least} to {most}"),
            Characters(..) | Bytes(..) | Name(_) | OneOf(_) | Preset | Url | Key => "a text".into(),
            Words(..) => "a list of texts".into(),
            Command => "a list of texts, a program and its arguments,".into(),
            Schema | Table(_) | Optional(_) => "an object".into(),
            Tables(..) => "a list of objects".into(),
        }
    }
}

fn check_name(name: &str, most: usize) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=most).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(format!(
        "is {}, 1 to {most} of a-z, A-Z, 0-9, `_` and `-` are allowed",
        quoted(name)
    ))
}

fn one_of(found: &str, allowed: impl Iterator<Item = &'static str> + Clone) -> Result<(), String> {
    if allowed.clone().any(|word| word == found) {
        return Ok(());
    }
    let near = nearest(found, allowed.clone());
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let all: Vec<_> = allowed.map(|word| format!("`{word}`")).collect();
    Err(format!(
        "is {}; allowed: {}{near}",
        quoted(found),
        all.join(", ")
    ))
}

fn check_words(items: &[Value], most: usize, characters: usize) -> Result<(), String> {
    let n_items = items.len();
    if n_items > most {
        return Err(format!("has {n_items} entries, at most {most} are allowed"));
    }
    for (index, item) in items.iter().enumerate() {
        let number = index + 1;
        let Value::String(word) = item else {
            let found = described(item);
            return Err(format!("has {found} as entry {number}, a text is needed"));
        };
        let length = word.chars().count();
        if !(1..=characters).contains(&length) || word.contains('\0') {
            return Err(format!(
                "has {length} characters in entry {number}, 1 to {characters} are allowed, none of them NUL"
            ));
        }
    }
    Ok(())
}

/// How large the schema of a tool's arguments may be.
const SCHEMA_BYTES: usize = 16 * 1024;

/// What can also be written in TOML, which has no `null`.
fn check_schema(schema: &Map<String, Value>) -> Result<(), String> {
    fn has_null(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Array(items) => items.iter().any(has_null),
            Value::Object(map) => map.values().any(has_null),
            Value::Number(number) => number.as_i64().is_none() && !number.is_f64(),
            Value::Bool(_) | Value::String(_) => false,
        }
    }
    let length = serde_json::to_string(schema).map_or(0, |json| json.len());
    if length > SCHEMA_BYTES {
        return Err(format!(
            "has {length} bytes of JSON, at most {SCHEMA_BYTES} are allowed"
        ));
    }
    if schema.values().any(has_null) {
        return Err(
            "has `null` or a number beyond 64 bits in it; leave that out, `echostr export` could not write it"
                .into(),
        );
    }
    Ok(())
}

/// What a value is, for people. A text is not told: it may be a secret in the wrong place.
pub(super) fn described(value: &Value) -> String {
    match value {
        Value::Null => "`null`".into(),
        Value::Bool(flag) => format!("`{flag}`"),
        Value::Number(number) => format!("the number {}", shown(&number.to_string())),
        Value::String(_) => "a text".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}
