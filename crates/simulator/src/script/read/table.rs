//! Looks up keys in TOML whose values know their lines, and collects what is wrong.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Fault, Faults};
use crate::nearest::nearest;

/// A table, and where it begins.
pub(super) struct Table<'a> {
    pub(super) start: usize,
    table: &'a DeTable<'a>,
}

impl<'a> Table<'a> {
    pub(super) fn new(start: usize, table: &'a DeTable<'a>) -> Self {
        Self { start, table }
    }

    pub(super) fn find(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table.get(key)
    }

    /// Where the value of this key begins.
    pub(super) fn at(&self, key: &str) -> usize {
        self.find(key)
            .map_or(self.start, |value| value.span().start)
    }

    /// The keys of these that are given.
    pub(super) fn given<'k>(&self, keys: &[&'k str]) -> Vec<&'k str> {
        let given = keys.iter().filter(|key| self.find(key).is_some());
        given.copied().collect()
    }
}

/// A text, and where it comes from.
pub(super) struct Given {
    pub(super) value: String,
    /// Nothing: the command line.
    at: Option<usize>,
}

/// Looks up keys, and collects what is wrong.
pub(super) struct Reader<'a> {
    line_starts: Vec<usize>,
    environment: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &str, environment: &'a dyn Fn(&str) -> Option<String>) -> Self {
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        Self {
            line_starts: std::iter::once(0).chain(ends).collect(),
            environment,
            faults: Vec::new(),
        }
    }

    pub(super) fn line(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at)
    }

    pub(super) fn fault(&mut self, at: usize, text: impl Into<String>) {
        let line = Some(self.line(at));
        let text = text.into();
        self.faults.push(Fault { line, text });
    }

    /// Something that stands nowhere is missing.
    pub(super) fn missing(&mut self, text: String) {
        self.faults.push(Fault { line: None, text });
    }

    /// Always nothing, for whoever needed the value.
    pub(super) fn given_fault<T>(&mut self, given: &Given, text: impl Into<String>) -> Option<T> {
        match given.at {
            Some(at) => self.fault(at, text),
            None => self.missing(text.into()),
        }
        None
    }

    /// Whether something was said about this key already.
    pub(super) fn has_fault_of(&self, key: &str) -> bool {
        let quoted = format!("`{key}`");
        self.faults.iter().any(|fault| fault.text.contains(&quoted))
    }

    pub(super) fn is_faultless(&self) -> bool {
        self.faults.is_empty()
    }

    pub(super) fn faults(mut self, name: &str) -> Faults {
        self.faults.sort_by_key(|fault| fault.line);
        let name = name.to_owned();
        Faults {
            name,
            faults: self.faults,
        }
    }

    /// Every key that is none of these is a fault; whether there was none.
    pub(super) fn known(&mut self, table: &Table<'_>, known: &[&str]) -> bool {
        let n_faults = self.faults.len();
        for (key, _) in table.table {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let near = nearest(name, known);
            let hint = near.map_or_else(
                || format!("可以写 · there are: {}", known.join(", ")),
                |near| format!("是不是 · do you mean `{near}`?"),
            );
            let text = format!("没有 `{name}` 这个键，{hint} · no key is called `{name}`");
            self.fault(key.span().start, text);
        }
        self.faults.len() == n_faults
    }

    pub(super) fn text(&mut self, table: &Table<'_>, key: &str) -> Option<String> {
        let value = table.find(key)?;
        self.as_text(key, value)
    }

    fn as_text(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<String> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            let what = value.get_ref().type_str();
            let text = format!(
                "`{key}` 要写成引号里的文字 · `{key}` is no text but a value of type {what}; a text in quotes is needed"
            );
            self.fault(value.span().start, text);
        }
        text.map(str::to_owned)
    }

    /// A text; one that begins with `$` names a variable of the environment. What the command line says comes first.
    pub(super) fn setting(
        &mut self,
        table: &Table<'_>,
        key: &str,
        instead: Option<&String>,
    ) -> Option<Given> {
        if let Some(value) = instead.cloned() {
            return Some(Given { value, at: None });
        }
        let text = self.text(table, key)?;
        let at = table.at(key);
        let value = match text.strip_prefix('$') {
            None => text,
            Some(variable) => {
                let found = (self.environment)(variable);
                if found.is_none() {
                    let text = format!(
                        "`{key}`：没有环境变量 `{variable}` · the environment has no `{variable}`"
                    );
                    self.fault(at, text);
                }
                found?
            }
        };
        Some(Given {
            value,
            at: Some(at),
        })
    }

    /// A text, or a list of them, each with its place.
    pub(super) fn texts(&mut self, table: &Table<'_>, key: &str) -> Vec<(usize, String)> {
        let Some(value) = table.find(key) else {
            return Vec::new();
        };
        let values: Vec<_> = match value.get_ref().as_array() {
            Some(array) => array.iter().collect(),
            None => vec![value],
        };
        let mut texts = Vec::new();
        for value in values {
            if let Some(text) = self.as_text(key, value) {
                texts.push((value.span().start, text));
            }
        }
        texts
    }

    /// A text that `parse` understands; `example` is one.
    pub(super) fn parsed<T>(
        &mut self,
        table: &Table<'_>,
        key: &str,
        example: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(table, key)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            let text = format!(
                "`{key}`：`{text}` 看不懂，例如 · not understood; for example: `{example}`"
            );
            self.fault(table.at(key), text);
        }
        parsed
    }

    /// A text whose type says what is wrong with it.
    pub(super) fn typed<T: std::str::FromStr>(&mut self, table: &Table<'_>, key: &str) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        let text = self.text(table, key)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                // A regular expression's error draws where it is; what it is stands on the last line.
                let error = error.to_string();
                let last = error.lines().last().unwrap_or_default();
                self.fault(table.at(key), format!("`{key}`：{last}"));
                None
            }
        }
    }

    pub(super) fn integer(
        &mut self,
        table: &Table<'_>,
        key: &str,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        let value = table.find(key)?;
        let integer = value.get_ref().as_integer();
        let integer = integer.and_then(|n| i64::from_str_radix(n.as_str(), n.radix()).ok());
        let fitting = integer.filter(|integer| range.contains(integer));
        if fitting.is_none() {
            let (start, end) = range.into_inner();
            let text = format!(
                "`{key}` 是 {start} 到 {end} 的整数 · `{key}` is a whole number from {start} to {end}"
            );
            self.fault(value.span().start, text);
        }
        fitting
    }

    /// `true`; what can only be done or left out is not `false`.
    pub(super) fn is_set(&mut self, table: &Table<'_>, key: &str) -> bool {
        let Some(value) = table.find(key) else {
            return false;
        };
        let is_set = value.get_ref().as_bool() == Some(true);
        if !is_set {
            let text =
                format!("`{key}` 只能写 `true`，或者不写 · write `{key} = true`, or leave it out");
            self.fault(value.span().start, text);
        }
        is_set
    }
}

/// The same as JSON.
pub(super) fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(integer) => {
            i64::from_str_radix(integer.as_str(), integer.radix()).map_or(Value::Null, Value::from)
        }
        DeValue::Float(float) => float
            .as_str()
            .parse::<f64>()
            .map_or(Value::Null, Value::from),
        DeValue::Boolean(boolean) => Value::from(*boolean),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(array) => array.iter().map(|value| json(value.get_ref())).collect(),
        DeValue::Table(table) => {
            let members = table
                .iter()
                .map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())));
            Value::Object(members.collect::<Map<_, _>>())
        }
    }
}
