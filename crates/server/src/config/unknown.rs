//! Keys and variables that are not in the manual, and the one that was probably meant.

use toml::Spanned;
use toml::de::DeValue;

use super::reader::{describe, shown};

/// Compares what a file has at `path` with what the manual has there. `report` takes an offset and a text.
///
/// Values that the manual does not divide further are left to whoever reads them.
pub(super) fn keys(
    manual: &Manual<'_>,
    expected: &DeValue<'_>,
    found: &Spanned<DeValue<'_>>,
    path: &str,
    report: &mut impl FnMut(usize, String),
) {
    match (expected, found.get_ref()) {
        (DeValue::Table(expected), DeValue::Table(table)) => {
            for (key, value) in table {
                let name: &str = key.get_ref();
                let key_path = if path.is_empty() {
                    shown(name)
                } else {
                    format!("{path}.{}", shown(name))
                };
                let Some(expected) = expected.get(name) else {
                    let hint = manual.meant(path, name, is_group(value.get_ref()));
                    report(
                        key.span().start,
                        format!("`{key_path}` is not known; {hint}"),
                    );
                    continue;
                };
                keys(manual, expected.get_ref(), value, &key_path, report);
            }
        }
        (DeValue::Table(_), other) => {
            report(
                found.span().start,
                format!("`{path}` is {}, a table is needed", describe(other)),
            );
        }
        (DeValue::Array(expected), value) => {
            match (expected.first().map(Spanned::get_ref), value) {
                (Some(expected @ DeValue::Table(_)), DeValue::Array(elements)) => {
                    for (index, element) in elements.iter().enumerate() {
                        keys(
                            manual,
                            expected,
                            element,
                            &format!("{path}[{index}]"),
                            report,
                        );
                    }
                }
                (Some(DeValue::Table(_)), other) => {
                    let found_text = describe(other);
                    let text = format!(
                        "`{path}` is {found_text}, a list of tables is needed: `[[{path}]]`"
                    );
                    report(found.span().start, text);
                }
                _ => {}
            }
        }
        _ => {}
    }
}

/// Whether this is a table or a list of tables.
fn is_group(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::Array(elements) => elements
            .first()
            .is_some_and(|first| first.get_ref().is_table()),
        value => value.is_table(),
    }
}

/// The names that the manual defines.
pub(super) struct Manual<'a>(Vec<Key<'a>>);

struct Key<'a> {
    /// Like `account.texts`; empty for what stands above the first table.
    table: String,
    name: &'a str,
    /// Whether this is the name of a table.
    is_table: bool,
}

/// The only tables of which there are several; the environment cannot set them.
pub(super) const REPEATED: [&str; 2] = ["account", "notify"];

impl<'a> Manual<'a> {
    pub(super) fn new(root: &'a DeValue<'a>) -> Self {
        let mut names = Vec::new();
        Self::collect("", root, &mut names);
        Self(names)
    }

    fn collect(table: &str, value: &'a DeValue<'a>, names: &mut Vec<Key<'a>>) {
        for (key, value) in value.as_table().into_iter().flatten() {
            let name: &str = key.get_ref();
            let inner = match value.get_ref() {
                DeValue::Array(tables) => tables.first().map_or(value.get_ref(), Spanned::get_ref),
                value => value,
            };
            names.push(Key {
                table: table.into(),
                name,
                is_table: inner.is_table(),
            });
            let path = if table.is_empty() {
                name.into()
            } else {
                format!("{table}.{name}")
            };
            Self::collect(&path, inner, names);
        }
    }

    /// Variable and key of every setting that the environment may give.
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, String)> {
        self.0
            .iter()
            .filter(|key| !key.is_table && !key.is_repeated())
            .map(|key| {
                let path = if key.table.is_empty() {
                    key.name.into()
                } else {
                    format!("{}.{}", key.table, key.name)
                };
                (
                    format!("ECHOSTR_{}", path.to_uppercase().replace('.', "__")),
                    path,
                )
            })
    }

    /// What to do about an unknown key of the table at `path`.
    fn meant(&self, path: &str, name: &str, is_table: bool) -> String {
        let table = in_the_manual(path);
        let candidates = self
            .0
            .iter()
            .filter(|key| key.is_table || !is_table)
            .filter_map(|key| {
                // Of two that are equally near, the neighbour.
                Some(((distance(name, key.name)?, key.table != table), key))
            });
        match candidates.min_by_key(|(distance, _)| *distance) {
            None => "`echostr config` prints every key".into(),
            Some((_, key)) if key.table == table => format!("did you mean `{}`?", key.name),
            Some((_, key)) if key.table.is_empty() => {
                format!(
                    "did you mean `{}`, which stands above the first `[table]`?",
                    key.name
                )
            }
            Some((_, key)) if REPEATED.contains(&&*key.table) => {
                format!("did you mean `{}` under `[[{}]]`?", key.name, key.table)
            }
            Some((_, key)) => format!("did you mean `{}` under `[{}]`?", key.name, key.table),
        }
    }

    /// What to say about an unknown variable.
    pub(super) fn unknown_variable(&self, variable: &str) -> String {
        for (table, what) in [("ACCOUNT", "accounts"), ("NOTIFY", "notices")] {
            if variable.starts_with(&format!("ECHOSTR_{table}")) {
                return format!("this variable is ignored: {what} come from the file");
            }
        }
        let near = self
            .variables()
            .filter_map(|(known, _)| Some((distance(variable, &known)?, known)));
        match near.min() {
            None => "this variable is not known and is ignored; `echostr config` prints every key"
                .into(),
            Some((_, known)) => {
                format!("this variable is not known and is ignored; did you mean `{known}`?")
            }
        }
    }
}

impl Key<'_> {
    /// Whether it is a key of something of which there are several.
    fn is_repeated(&self) -> bool {
        let table = self.table.split('.').next().unwrap_or_default();
        REPEATED.contains(&table)
    }
}

/// `account[1].texts` → `account.texts`
fn in_the_manual(path: &str) -> String {
    let steps = path.split('.');
    let names: Vec<_> = steps.filter_map(|step| step.split('[').next()).collect();
    names.join(".")
}

/// The name that was probably meant.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.filter_map(|known| Some((distance(name, known)?, known)));
    near.min().map(|(_, known)| known)
}

/// How many letters differ, without regard to case and `_`; nothing when the names are not alike.
fn distance(left: &str, right: &str) -> Option<usize> {
    let letters = |name: &str| -> String {
        let name = name.strip_prefix("ECHOSTR_").unwrap_or(name);
        let letters = name.chars().filter(|c| !matches!(c, '_' | '-' | '.'));
        letters.map(|c| c.to_ascii_lowercase()).take(64).collect()
    };
    let (left, right) = (letters(left), letters(right));
    let distance = strsim::osa_distance(&left, &right);
    let (short, long) = if left.len() < right.len() {
        (&left, &right)
    } else {
        (&right, &left)
    };
    // `aes_key` is short for `encoding_aes_key`.
    let is_part = short.len() >= 4 && long.contains(short.as_str());
    (distance <= long.len() / 3 || is_part).then_some(distance)
}
