//! Looks a key up in all sources, collects every fault, and finds the keys that nobody knows.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;

use echostr_store::MASTER_KEY_VARIABLE;
use serde_json::{Map, Number, Value as Json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Faults, Place, Warning};
use super::unknown::{self, Manual, REPEATED};

/// Variables of the same prefix that are no settings: one belongs to the tests, the other is a secret that is never in a file of
/// settings.
const NOT_SETTINGS: &[&str] = &["ECHOSTR_VECTORS", MASTER_KEY_VARIABLE];

/// Beginnings of syntax errors that stay inside one value or key, with what to say instead of them.
/// The rest of the file can still be checked.
const INSIDE_ONE_VALUE: &[(&str, &str)] = &[
    (
        "string values must be quoted",
        "a text needs straight quotes around it: `\"`",
    ),
    ("invalid mantissa", NO_NUMBER),
    ("invalid fraction", NO_NUMBER),
    ("invalid exponent", NO_NUMBER),
    ("invalid float", NO_NUMBER),
    ("invalid integer", NO_NUMBER),
    ("invalid date", NO_NUMBER),
    ("invalid time", NO_NUMBER),
    ("unexpected leading zero", NO_NUMBER),
    ("redundant numeric sign", NO_NUMBER),
    ("integers with a radix", NO_NUMBER),
    ("`_` may only go between digits", NO_NUMBER),
    (
        "invalid boolean",
        "`true` or `false` is needed, or a text in straight quotes: `\"`",
    ),
    ("invalid basic string", NO_TEXT),
    ("invalid literal string", NO_TEXT),
    (
        "missing escaped value",
        "after a `\\` comes one of b e f n r x u U \" \\; between `'` and `'` it stands for itself",
    ),
    (
        "too few unicode value digits",
        "a `\\u` needs four hex digits, a `\\U` eight",
    ),
    ("duplicate key", "a key is given twice"),
];
const NO_TEXT: &str = "this text has no closing quote on its line, or a control character in it";
const NO_NUMBER: &str = "this is neither a number nor a text in straight quotes: `\"`";

/// A TOML text whose values know their lines.
pub(super) struct Document<'a> {
    name: &'a str,
    line_starts: Vec<usize>,
    root: Spanned<DeValue<'a>>,
}

impl<'a> Document<'a> {
    /// `text` is the manual, [`uncommented`].
    pub(super) fn manual(text: &'a str) -> Self {
        let document = Self::parse("config.default.toml", text, &mut Faults::default());
        document.expect("the manual is TOML: a test loads it")
    }

    /// Nothing when the text is so broken that further faults would only be consequences.
    pub(super) fn parse(name: &'a str, text: &'a str, faults: &mut Faults) -> Option<Self> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        let line_starts = std::iter::once(0).chain(ends).collect();
        let document = Self {
            name,
            line_starts,
            root: Spanned::new(table.span(), DeValue::Table(table.into_inner())),
        };

        let is_inside = |error: &toml::de::Error| inside_one_value(error).is_some();
        let broken = errors
            .iter()
            .filter(|error| !is_inside(error))
            .min_by_key(|error| start(error));
        // What follows a broken structure is noise, and so is a second error on a line.
        let told = errors.iter().filter(|error| {
            is_inside(error) && broken.is_none_or(|first| start(error) < start(first))
        });
        let mut lines = HashSet::new();
        for error in told.chain(broken) {
            if lines.insert(document.line(start(error))) {
                faults.push(document.syntax_fault(error, text));
            }
        }
        broken.is_none().then_some(document)
    }

    fn syntax_fault(&self, error: &toml::de::Error, text: &str) -> Fault {
        let span = error.span().unwrap_or_default();
        let found = text.get(span.clone()).unwrap_or_default();
        let line = self.line(span.start);
        let column = 1 + text
            .get(self.line_starts[line - 1]..span.start)
            .map_or(0, |before| before.chars().count());
        let place = Place::File {
            name: self.name.into(),
            line: Some(line),
            column: Some(column),
        };
        if error.message() == "duplicate key" {
            return Fault::new(
                place,
                format!("`{}` is given twice; keep one of them", shown(found.trim())),
            );
        }
        // The source text is never shown: a secret may stand there.
        let first = found.chars().next();
        let what = if matches!(first, Some('“' | '”' | '‘' | '’' | '＂')) {
            "these quotes are typographic, straight ones are needed: `\"`"
        } else if error.message().starts_with("string values") && span.is_empty() {
            "a value is missing; an empty text is `\"\"`"
        } else {
            inside_one_value(error).unwrap_or(error.message())
        };
        Fault::new(place, format!("not valid TOML: {what}"))
    }

    fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    fn place(&self, offset: usize) -> Place {
        Place::File {
            name: self.name.into(),
            line: Some(self.line(offset)),
            column: None,
        }
    }

    fn given(&'a self, path: &str) -> Option<Given<'a>> {
        let value = self.find(path)?;
        let origin = Origin::File(self, value.span().start);
        Some(Given {
            origin,
            path: path.into(),
            value: Value::Toml(value.get_ref()),
        })
    }

    /// The value at a path like `limits.body_bytes` or `account[1].token`.
    fn find(&self, path: &str) -> Option<&Spanned<DeValue<'a>>> {
        let mut found = None;
        let mut table = self.root.get_ref().as_table();
        for segment in path.split('.') {
            let (name, index) = segment.split_once('[').unwrap_or((segment, ""));
            let mut value = table?.get(name)?;
            if let Some(index) = index.strip_suffix(']') {
                value = value
                    .get_ref()
                    .as_array()?
                    .get(index.parse::<usize>().ok()?)?;
            }
            table = value.get_ref().as_table();
            found = Some(value);
        }
        found
    }
}

fn inside_one_value(error: &toml::de::Error) -> Option<&'static str> {
    let known = INSIDE_ONE_VALUE
        .iter()
        .find(|(known, _)| error.message().starts_with(known));
    known.map(|(_, instead)| *instead)
}

fn start(error: &toml::de::Error) -> usize {
    error.span().map_or(0, |span| span.start)
}

/// The manual with its commented settings (`#key`, no blank) switched on; every line keeps its number.
pub(super) fn uncommented(manual: &str) -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting.to_owned(),
        _ => line.to_owned(),
    };
    manual.lines().map(|text| line(text) + "\n").collect()
}

/// A value as one source gives it.
pub(super) struct Given<'a> {
    origin: Origin<'a>,
    path: String,
    value: Value<'a>,
}

#[derive(Clone, Copy)]
enum Origin<'a> {
    File(&'a Document<'a>, usize),
    Environment(&'a str),
    Option(&'static str),
}

enum Value<'a> {
    Toml(&'a DeValue<'a>),
    /// Environment and command line know only text.
    Text(&'a str),
}

impl<'a> Given<'a> {
    /// This value's fault; `text` goes on after the key.
    pub(super) fn fault(&self, text: &str) -> Faults {
        Fault::new(self.place(), format!("`{}` {text}", self.path)).into()
    }

    /// The fault of something within this value, like `history.turns` or `tools[0].name`: at its line, or where it would stand.
    pub(super) fn fault_within(&self, field: &str, text: &str) -> Faults {
        let path = format!("{}.{field}", self.path);
        let mut place = self.place();
        if let Origin::File(document, _) = self.origin {
            let ends = path.match_indices(['.', '[']).map(|(end, _)| end);
            let ends = ends
                .chain([path.len()])
                .filter(|end| *end > self.path.len());
            let found = ends.rev().find_map(|end| document.find(&path[..end]));
            place = found.map_or(place, |value| document.place(value.span().start));
        }
        Fault::new(place, format!("`{path}` {text}")).into()
    }

    /// All of it as JSON, which has no dates.
    pub(super) fn json(&self) -> Result<Json, Faults> {
        let value = match self.value {
            Value::Text(text) => return Ok(text.into()),
            Value::Toml(value) => value,
        };
        let mut faults = Faults::default();
        let json = match value {
            DeValue::String(text) => Json::from(&**text),
            DeValue::Boolean(flag) => Json::from(*flag),
            DeValue::Integer(_) => {
                let number = Number::from_i128(self.integer()?);
                Json::from(number.ok_or_else(|| self.no_number())?)
            }
            DeValue::Float(float) => {
                let number = float.as_str().parse().ok().and_then(Number::from_f64);
                Json::from(number.ok_or_else(|| self.no_number())?)
            }
            DeValue::Array(_) => {
                let items = self.items()?;
                let items = items
                    .iter()
                    .filter_map(|item| faults.keep(Some(item.json())));
                Json::from_iter(items.collect::<Vec<_>>())
            }
            DeValue::Table(_) => {
                let mut map = Map::new();
                for (name, entry) in self.entries().unwrap_or_default() {
                    let json = faults.keep(Some(entry.json()));
                    map.extend(json.map(|json| (name.to_owned(), json)));
                }
                Json::Object(map)
            }
            DeValue::Datetime(_) => return Err(self.fault("is a date, which nothing here takes")),
        };
        faults.or(json)
    }

    fn no_number(&self) -> Faults {
        self.fault(&format!(
            "is {}, which no number here may be",
            self.written()
        ))
    }

    /// The text, or the fault that it is none.
    pub(super) fn text(&self) -> Result<&'a str, Faults> {
        self.as_text().ok_or_else(|| {
            self.fault(&format!(
                "is {}, a text in quotes is needed",
                self.describe()
            ))
        })
    }

    /// Like [`Given::text`]; the fault does not show what is there.
    pub(super) fn secret_text(&self) -> Result<&'a str, Faults> {
        self.as_text()
            .ok_or_else(|| self.fault("is not a text in quotes"))
    }

    fn as_text(&self) -> Option<&'a str> {
        match self.value {
            Value::Text(text) => Some(text),
            Value::Toml(value) => value.as_str(),
        }
    }

    pub(super) fn integer(&self) -> Result<i128, Faults> {
        let integer = match self.value {
            Value::Text(text) => text.trim().parse().ok(),
            Value::Toml(DeValue::Integer(integer)) => {
                // Beyond 128 bits it is out of every range as well.
                Some(i128::from_str_radix(integer.as_str(), integer.radix()).unwrap_or(i128::MAX))
            }
            Value::Toml(_) => None,
        };
        integer
            .ok_or_else(|| self.fault(&format!("is {}, a whole number is needed", self.describe())))
    }

    pub(super) fn boolean(&self) -> Result<bool, Faults> {
        match self.value {
            Value::Text("true") | Value::Toml(DeValue::Boolean(true)) => Ok(true),
            Value::Text("false") | Value::Toml(DeValue::Boolean(false)) => Ok(false),
            _ => Err(self.fault(&format!(
                "is {}, `true` or `false` is needed",
                self.describe()
            ))),
        }
    }

    /// The members of a list; a text of the environment is cut at its commas.
    pub(super) fn items(&self) -> Result<Vec<Self>, Faults> {
        let item = |(index, (origin, value))| Given {
            origin,
            path: format!("{}[{index}]", self.path),
            value,
        };
        match (self.origin, &self.value) {
            (origin, Value::Text(list)) => {
                let items = list
                    .split(',')
                    .map(str::trim)
                    .filter(|text| !text.is_empty());
                Ok(items
                    .map(|text| (origin, Value::Text(text)))
                    .enumerate()
                    .map(item)
                    .collect())
            }
            (Origin::File(document, _), Value::Toml(DeValue::Array(array))) => {
                let items = array.iter();
                let items = items.map(|spanned| {
                    (
                        Origin::File(document, spanned.span().start),
                        Value::Toml(spanned.get_ref()),
                    )
                });
                Ok(items.enumerate().map(item).collect())
            }
            _ => Err(self.fault(&format!(
                "is {}, a list in brackets is needed: `[\"…\"]`",
                self.describe()
            ))),
        }
    }

    /// The keys of a table, or nothing when this is none.
    pub(super) fn entries(&self) -> Option<Vec<(&'a str, Self)>> {
        let (Origin::File(document, _), Value::Toml(DeValue::Table(table))) =
            (self.origin, &self.value)
        else {
            return None;
        };
        let entry = |(key, value): (&'a Spanned<_>, &'a Spanned<_>)| {
            let name: &std::borrow::Cow<'a, str> = key.get_ref();
            let origin = Origin::File(document, key.span().start);
            let path = format!("{}.{}", self.path, shown(name));
            (
                name.as_ref(),
                Given {
                    origin,
                    path,
                    value: Value::Toml(value.get_ref()),
                },
            )
        };
        Some(table.iter().map(entry).collect())
    }

    fn place(&self) -> Place {
        match self.origin {
            Origin::File(document, offset) => document.place(offset),
            Origin::Environment(name) => Place::Environment(name.into()),
            Origin::Option(name) => Place::Option(name.into()),
        }
    }

    /// The value as it is written, on one line and not too long.
    pub(super) fn written(&self) -> String {
        match self.value {
            Value::Text(text) => shown(text),
            Value::Toml(DeValue::String(text)) => shown(text),
            Value::Toml(DeValue::Integer(integer)) => shown(&integer.to_string()),
            Value::Toml(value) => describe(value),
        }
    }

    fn describe(&self) -> String {
        match self.value {
            Value::Text(text) => quoted(text),
            Value::Toml(value) => describe(value),
        }
    }
}

/// What a value is, for people: `the text …`, `a list`.
pub(super) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.is_empty() => "empty".into(),
        DeValue::String(text) => format!("the text {}", quoted(text)),
        DeValue::Integer(integer) => format!("the number {}", shown(&integer.to_string())),
        DeValue::Float(float) => format!("the number {}", shown(&float.to_string())),
        DeValue::Boolean(boolean) => format!("`{boolean}`"),
        DeValue::Datetime(_) => "a date".into(),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

/// As a part of a sentence: `` `text` ``, or `empty`.
pub(crate) fn quoted(text: &str) -> String {
    if text.is_empty() {
        "empty".into()
    } else {
        format!("`{}`", shown(text))
    }
}

/// On one line and not too long.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    shown.replace("\\\"", "\"").replace("\\'", "'")
}

/// Key, name and value, if it was given.
type CommandLineOption<'a> = (&'static str, &'static str, Option<&'a str>);

/// All sources, in their order, and what was wrong with them so far.
pub(super) struct Reader<'a> {
    manual: &'a Document<'a>,
    file: Option<&'a Document<'a>>,
    /// By key.
    environment: BTreeMap<String, (&'a str, &'a str)>,
    options: &'a [CommandLineOption<'a>],
    faults: Faults,
    warnings: Vec<Warning>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        manual: &'a Document<'a>,
        file: Option<&'a Document<'a>>,
        environment: &'a [(OsString, OsString)],
        options: &'a [CommandLineOption<'a>],
        faults: Faults,
    ) -> Self {
        let mut reader = Self {
            manual,
            file,
            environment: BTreeMap::new(),
            options,
            faults,
            warnings: Vec::new(),
        };
        let names = Manual::new(manual.root.get_ref());
        reader.read_environment(&names, environment);
        if let Some(file) = file {
            let faults = &mut reader.faults;
            let mut report = |offset, text| faults.push(Fault::new(file.place(offset), text));
            unknown::keys(&names, manual.root.get_ref(), &file.root, "", &mut report);
        }
        reader
    }

    fn read_environment(&mut self, names: &Manual<'_>, environment: &'a [(OsString, OsString)]) {
        let known: BTreeMap<_, _> = names.variables().collect();
        for (name, value) in environment {
            let lossy = name.to_string_lossy();
            if !lossy.starts_with("ECHOSTR_") || NOT_SETTINGS.contains(&lossy.as_ref()) {
                continue;
            }
            let place = Place::Environment(shown(&lossy));
            match (name.to_str(), known.get(lossy.as_ref()), value.to_str()) {
                (Some(name), Some(path), Some(value)) => {
                    self.environment.insert(path.clone(), (name, value));
                }
                (_, Some(path), _) => self
                    .faults
                    .push(Fault::new(place, format!("`{path}` is not UTF-8"))),
                (_, None, _) => {
                    let text = names.unknown_variable(&lossy);
                    self.warnings.push(Warning(Fault::new(place, text)));
                }
            }
        }
    }

    /// The value of a key: the last source that gives one, else the manual's.
    pub(super) fn get<T>(
        &mut self,
        path: &str,
        parse: impl Fn(&Given<'_>) -> Result<T, Faults>,
    ) -> T {
        self.explicit(path, &parse)
            .unwrap_or_else(|| self.default(path, parse))
    }

    /// The value that some source gives. All sources are checked, also those that do not win.
    pub(super) fn explicit<T>(
        &mut self,
        path: &str,
        parse: impl Fn(&Given<'_>) -> Result<T, Faults>,
    ) -> Option<T> {
        debug_assert!(
            self.manual.find(&in_the_manual(path)).is_some(),
            "`{path}` is missing in config.default.toml"
        );
        let mut last = None;
        for given in self.given(path) {
            match parse(&given) {
                Ok(value) => last = Some(value),
                Err(faults) => self.faults.append(faults),
            }
        }
        last
    }

    /// The value of a key of an account that has no default; without it, the fault says what it is for.
    pub(super) fn required<T>(
        &mut self,
        path: &str,
        parse: impl Fn(&Given<'_>) -> Result<T, Faults>,
        what: &str,
    ) -> Option<T> {
        if !self.has(path) {
            let (table, _) = path
                .rsplit_once('.')
                .expect("a required key stands in a table");
            let place = self.place(table);
            self.faults
                .push(Fault::new(place, format!("`{path}` is missing; {what}")));
        }
        self.explicit(path, parse)
    }

    /// Whether some source gives this key, rightly or wrongly.
    pub(super) fn has(&self, path: &str) -> bool {
        !self.given(path).is_empty()
    }

    /// The paths of a list of tables: `account[0]`, `account[1]`, …
    pub(super) fn tables(&self, name: &str) -> Vec<String> {
        let list = self
            .file
            .and_then(|file| file.find(name)?.get_ref().as_array());
        let tables = list.into_iter().flat_map(|list| list.iter().enumerate());
        let tables = tables.filter(|(_, value)| value.get_ref().is_table());
        tables
            .map(|(index, _)| format!("{name}[{index}]"))
            .collect()
    }

    /// A fault of a key that can only be seen beside others.
    pub(super) fn fault(&mut self, path: &str, text: &str) {
        let fault = Fault::new(self.place(path), format!("`{path}` {text}"));
        self.faults.push(fault);
    }

    pub(super) fn warn(&mut self, path: &str, text: &str) {
        let fault = Fault::new(self.place(path), format!("`{path}` {text}"));
        self.warnings.push(Warning(fault));
    }

    /// A key with its line, to point to it from another place.
    pub(super) fn locate(&self, path: &str) -> String {
        match self.place(path) {
            Place::File {
                line: Some(line), ..
            } => format!("`{path}` on line {line}"),
            _ => format!("`{path}`"),
        }
    }

    /// The warnings, or everything that was wrong.
    pub(super) fn finish(mut self) -> Result<Vec<Warning>, Faults> {
        if self.faults.is_empty() {
            return Ok(self.warnings);
        }
        self.faults.sort();
        Err(self.faults.without_consequences())
    }

    /// From the weakest source to the strongest.
    fn given(&self, path: &str) -> Vec<Given<'a>> {
        let given = |origin, value| Given {
            origin,
            path: path.into(),
            value,
        };
        let file = self.file.and_then(|file| file.given(path));
        let environment = self.environment.get(path);
        let environment =
            environment.map(|(name, text)| given(Origin::Environment(name), Value::Text(text)));
        let option = self.options.iter().find(|(key, ..)| *key == path);
        let option = option
            .and_then(|(_, name, text)| Some(given(Origin::Option(name), Value::Text((*text)?))));
        file.into_iter().chain(environment).chain(option).collect()
    }

    fn default<T>(&self, path: &str, parse: impl Fn(&Given<'_>) -> Result<T, Faults>) -> T {
        let given = self
            .manual
            .given(&in_the_manual(path))
            .expect("the manual has every key: `explicit` asserts it");
        parse(&given)
            .unwrap_or_else(|faults| panic!("the manual is valid, a test loads it: {faults}"))
    }

    /// Where the strongest source gives this key.
    fn place(&self, path: &str) -> Place {
        let given = self.given(path).pop();
        given.map_or(
            Place::File {
                name: "config.default.toml".into(),
                line: None,
                column: None,
            },
            |given| given.place(),
        )
    }
}

/// The manual shows one of each.
fn in_the_manual(path: &str) -> String {
    match path.split_once('[') {
        Some((table, rest)) if REPEATED.contains(&table) => {
            let (_, name) = rest.split_once('.').unwrap_or_default();
            format!("{table}[0].{name}")
        }
        _ => path.into(),
    }
}
