//! What is set about a bot of the kind `llm`, as it is shown and written down.

use echostr::{LlmKeys, LlmSettings};
use serde_json::{Map, Value, json};

use super::rule::Rule::{Key, Optional, Table, Tables};
use super::{ALL, Field, as_json, meant};

/// Everything that is set, defaults included; of keys only whether they are there.
pub(crate) fn visible(settings: &LlmSettings, keys: &LlmKeys) -> Map<String, Value> {
    let mut values = as_json(settings);
    let is_set = |place: &str| Some(json!({ "set": keys.get(place).is_some() }));
    put_keys("", &ALL, &mut values, &is_set);
    values
}

/// What is set and not the default; with keys in clear, if they are given.
pub(crate) fn written(settings: &LlmSettings, keys: Option<&LlmKeys>) -> Map<String, Value> {
    let mut values = as_json(settings);
    drop_defaults(&mut values);
    let clear = |place: &str| Some(keys?.get(place)?.expose().into());
    put_keys("", &ALL, &mut values, &clear);
    values
}

fn put_keys(
    place: &str,
    fields: &[Field],
    values: &mut Map<String, Value>,
    of: &impl Fn(&str) -> Option<Value>,
) {
    for (name, rule) in fields {
        match (rule, values.get_mut(*name)) {
            (Key, _) => {
                let key = of(&format!("{place}{name}"));
                values.extend(key.map(|key| ((*name).to_owned(), key)));
            }
            (Table(fields) | Optional(fields), Some(Value::Object(inner))) => {
                put_keys(&format!("{place}{name}."), fields, inner, of);
            }
            (Tables(_, fields), Some(Value::Array(items))) => {
                for item in items.iter_mut().filter_map(Value::as_object_mut) {
                    let own = item.get("name").and_then(Value::as_str).unwrap_or_default();
                    put_keys(&format!("{place}{name}.{own}."), fields, item, of);
                }
            }
            _ => {}
        }
    }
}

/// Leaves what differs from the defaults.
pub(crate) fn drop_defaults(values: &mut Map<String, Value>) {
    let default = as_json(&LlmSettings::default());
    drop_equal(&ALL, values, &default);
}

fn drop_equal(fields: &[Field], values: &mut Map<String, Value>, default: &Map<String, Value>) {
    for (name, rule) in fields {
        let is_equal = match (rule, values.get_mut(*name)) {
            (Table(fields), Some(Value::Object(inner))) => {
                let empty = Map::new();
                let default = default.get(*name).and_then(Value::as_object);
                drop_equal(fields, inner, default.unwrap_or(&empty));
                inner.is_empty()
            }
            (Optional(fields), Some(Value::Object(inner))) => {
                drop_equal(fields, inner, &fresh(name, &json!({}), |it| Some(it)));
                false
            }
            (Tables(_, fields), Some(Value::Array(items))) => {
                let default = fresh(name, &json!([{}]), |items| items.get(0));
                for item in items.iter_mut().filter_map(Value::as_object_mut) {
                    drop_equal(fields, item, &default);
                }
                items.is_empty()
            }
            (_, value) => value.is_some_and(|value| default.get(*name) == Some(&*value)),
        };
        if is_equal {
            values.remove(*name);
        }
    }
}

/// What a table has that is there and says nothing.
fn fresh(name: &str, empty: &Value, of: impl Fn(&Value) -> Option<&Value>) -> Map<String, Value> {
    let settings = meant(Map::from_iter([(name.to_owned(), empty.clone())]));
    let values = as_json(&settings);
    let fresh = values.get(name).and_then(of).and_then(Value::as_object);
    fresh.cloned().unwrap_or_default()
}

/// What a document does not say is the default, except keys.
pub(crate) fn complete(given: &mut Map<String, Value>) {
    complete_table(&ALL, given);
}

fn complete_table(fields: &[Field], given: &mut Map<String, Value>) {
    for (name, rule) in fields {
        match (rule, given.get_mut(*name)) {
            (Key, _) | (_, Some(Value::Null)) => {}
            (_, None) => {
                given.insert((*name).into(), Value::Null);
            }
            (Table(fields) | Optional(fields), Some(Value::Object(inner))) => {
                complete_table(fields, inner);
            }
            (_, Some(_)) => {}
        }
    }
}
