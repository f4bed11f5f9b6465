//! `[[step]]`: what is done, and what is expected.

use regex::Regex;
use toml::Spanned;
use toml::de::DeValue;

use super::super::{Deed, Expect, Step, Trait, What};
use super::table::{Reader, Table, json};
use crate::act::{Action, Attachment, Place};
use crate::duration;
use crate::fault::Fault as Rule;

/// The keys that say what is done; a step has one of them, or none.
const DEEDS: [&str; 14] = [
    "says",
    "taps",
    "follows",
    "leaves",
    "scans",
    "clicks",
    "sends",
    "does",
    "event",
    "handshake",
    "forges",
    "advance",
    "fault",
    "course",
];
/// The other keys of a step.
const OTHERS: [&str; 4] = ["who", "name", "expect", "fields"];
const EXPECT_KEYS: [&str; 9] = [
    "equals",
    "contains",
    "matches",
    "kind",
    "link",
    "nothing",
    "failure",
    "within",
    "on_delivery",
];
/// What a message can be.
const KINDS: [&str; 9] = [
    "text",
    "image",
    "voice",
    "video",
    "music",
    "news",
    "menu",
    "miniprogram",
    "notice",
];

pub(super) fn steps(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    followers: &[String],
    max: usize,
) -> Vec<Step> {
    let Some(value) = table.find("step") else {
        let text = "一步也没有，写 `[[step]]` · there are no steps: write `[[step]]`";
        reader.missing(text.into());
        return Vec::new();
    };
    let tables: Option<Vec<_>> = value.get_ref().as_array().and_then(|array| {
        let tables = array.iter().map(|item| {
            let table = item.get_ref().as_table()?;
            Some(Table::new(item.span().start, table))
        });
        tables.collect()
    });
    let Some(tables) = tables else {
        reader.fault(
            value.span().start,
            "每一步写成 `[[step]]` · write each step as `[[step]]`",
        );
        return Vec::new();
    };
    if tables.is_empty() {
        let text = "一步也没有，写 `[[step]]` · there are no steps: write `[[step]]`";
        reader.fault(value.span().start, text);
    }
    if tables.len() > max {
        let text = format!("最多 {max} 步 · at most {max} steps");
        reader.fault(tables[max].start, text);
    }
    let steps = tables.iter().map(|table| step(reader, table, followers));
    steps.collect()
}

fn step(reader: &mut Reader<'_>, table: &Table<'_>, followers: &[String]) -> Step {
    let keys = [DEEDS.as_slice(), &OTHERS].concat();
    let is_known = reader.known(table, &keys);
    let given = table.given(&DEEDS);
    if let [first, second, ..] = given[..] {
        let text = format!(
            "一步只做一件事：`{first}` 和 `{second}` 分成两步 · one thing in a step: `{first}` or `{second}`"
        );
        reader.fault(table.at(second), text);
    }
    let who = who(reader, table, followers);
    let deed = given.first().and_then(|key| deed(reader, table, key));
    let expects = expects(reader, table);
    if table.find("fields").is_some() && table.find("event").is_none() {
        reader.fault(
            table.at("fields"),
            "`fields` 属于 `event` · `fields` belongs to `event`",
        );
    }
    // Of a misspelt key it would only be the consequence.
    if is_known && given.is_empty() && table.find("expect").is_none() {
        let text = format!(
            "这一步什么也没做，什么也没等 · this step does nothing and expects nothing; write `expect` or one of: {}",
            DEEDS.join(", ")
        );
        reader.fault(table.start, text);
    }
    let is_alone = matches!(
        deed,
        Some(
            Deed::Handshake | Deed::Forge(_) | Deed::Advance(_) | Deed::Fault(_) | Deed::Course(_)
        )
    );
    if let (true, Some(expect)) = (is_alone, table.find("expect")) {
        let text = format!(
            "`{0}` 之后看不到什么，`expect` 另写一步 · nobody sees anything of `{0}`: `expect` is a step of its own",
            given[0]
        );
        reader.fault(expect.span().start, text);
    }
    Step {
        line: reader.line(table.start),
        name: reader.text(table, "name").unwrap_or_default(),
        who,
        deed,
        expects,
    }
}

fn who(reader: &mut Reader<'_>, table: &Table<'_>, followers: &[String]) -> usize {
    let Some(name) = reader.text(table, "who") else {
        return 0;
    };
    let place = followers.iter().position(|follower| *follower == name);
    if place.is_none() {
        let text = format!(
            "`followers` 里没有「{name}」，有 · there is no `{name}` in `followers`, there are: {}",
            followers.join("、")
        );
        reader.fault(table.at("who"), text);
    }
    place.unwrap_or_default()
}

fn deed(reader: &mut Reader<'_>, table: &Table<'_>, key: &str) -> Option<Deed> {
    Some(match key {
        "says" => Deed::Act(Action::Say(reader.text(table, key)?)),
        "taps" => Deed::Taps(reader.text(table, key)?),
        "follows" => {
            reader.is_set(table, key);
            Deed::Act(Action::Follow)
        }
        "leaves" => {
            reader.is_set(table, key);
            Deed::Act(Action::Unfollow)
        }
        "scans" => Deed::Scans(reader.text(table, key)?),
        "clicks" => Deed::Clicks(reader.text(table, key)?),
        "sends" => Deed::Act(reader.parsed(table, key, "picture", sample)?),
        "does" => Deed::Act(does(reader, table)?),
        "event" => Deed::Event(reader.text(table, key)?, fields(reader, table)),
        "handshake" => {
            reader.is_set(table, key);
            Deed::Handshake
        }
        "forges" => Deed::Forge(reader.typed(table, key)?),
        "advance" => Deed::Advance(reader.parsed(table, key, "2 h", duration::parse)?),
        "fault" if table.find(key).and_then(|value| value.get_ref().as_str()) == Some("none") => {
            Deed::Fault(None)
        }
        "fault" => Deed::Fault(Some(reader.typed::<Rule>(table, key)?)),
        _ => Deed::Course(reader.typed(table, "course")?),
    })
}

/// What is sent when it does not matter what is in it.
fn sample(name: &str) -> Option<Action> {
    Some(match name {
        "picture" => Action::Picture(Attachment::default()),
        "voice" => Action::Voice(Attachment::default()),
        "video" => Action::Video(Attachment::default()),
        "file" => Action::File(Attachment::default()),
        "location" => Action::Location(Place::default()),
        "sticker" => Action::Sticker,
        _ => return None,
    })
}

/// An action as the control API takes it.
fn does(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<Action> {
    let value = table.find("does")?;
    match serde_json::from_value(json(value.get_ref())) {
        Ok(action) => Some(action),
        Err(error) => {
            reader.fault(value.span().start, format!("`does`：{error}"));
            None
        }
    }
}

fn fields(reader: &mut Reader<'_>, table: &Table<'_>) -> Vec<(String, String)> {
    let Some(value) = table.find("fields") else {
        return Vec::new();
    };
    let Some(fields) = value.get_ref().as_table() else {
        reader.fault(
            value.span().start,
            "`fields` 写成 · write `fields = { EventKey = \"…\" }`",
        );
        return Vec::new();
    };
    let mut pairs = Vec::new();
    for (key, value) in fields {
        let name = key.get_ref().as_ref();
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let text = match json(value.get_ref()) {
            serde_json::Value::String(text) => Some(text),
            serde_json::Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        match text.filter(|_| is_name && !name.is_empty()) {
            Some(text) => pairs.push((name.to_owned(), text)),
            None => reader.fault(
                value.span().start,
                format!("`fields`：`{name}` 要是文字或整数 · `{name}` has to be a text or a number, its name letters and digits"),
            ),
        }
    }
    pairs
}

fn expects(reader: &mut Reader<'_>, table: &Table<'_>) -> Vec<Expect> {
    let Some(value) = table.find("expect") else {
        return Vec::new();
    };
    let one_by_one: Vec<_> = match value.get_ref().as_array() {
        Some(array) => array.iter().collect(),
        None => vec![value],
    };
    if one_by_one.is_empty() {
        let text = "`expect` 是空的，什么也看不到写 `{ nothing = true }` · `expect` is empty; that nothing is seen is written \
                    `{ nothing = true }`";
        reader.fault(value.span().start, text);
    }
    let mut expects = Vec::new();
    for value in one_by_one {
        expects.extend(expect(reader, value));
    }
    let nothing = |expect: &Expect| matches!(expect.what, What::Nothing);
    if expects.len() > 1 && expects[..expects.len() - 1].iter().any(nothing) {
        reader.fault(
            value.span().start,
            "`nothing` 只能是最后一个 · `nothing` can only be the last of several",
        );
    }
    expects
}

fn expect(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<Expect> {
    let at = value.span().start;
    if let Some(text) = value.get_ref().as_str() {
        let what = What::Message(vec![Trait::Equals(text.to_owned())]);
        return Some(Expect {
            what,
            within: None,
            on_delivery: None,
        });
    }
    let Some(table) = value.get_ref().as_table() else {
        let text = "`expect` 是文字，或者 · `expect` is a text, or `{ contains = \"…\" }`, or a list of both";
        reader.fault(at, text);
        return None;
    };
    let table = Table::new(at, table);
    reader.known(&table, &EXPECT_KEYS);
    let traits = traits(reader, &table);
    let nothing = reader.is_set(&table, "nothing");
    let failure = failure(reader, &table);
    let whats =
        usize::from(nothing) + usize::from(failure.is_some()) + usize::from(!traits.is_empty());
    let is_faulty = whats == 0
        && table
            .given(&EXPECT_KEYS[..7])
            .iter()
            .any(|key| reader.has_fault_of(key));
    if whats != 1 && !is_faulty {
        let text = "`expect` 里写 `equals`、`contains`、`matches`、`kind`、`link`，或者只写 `nothing`，或者只写 `failure` · \
                    write `equals`, `contains`, `matches`, `kind`, `link`, or `nothing` alone, or `failure` alone";
        reader.fault(at, text);
    }
    let within = reader.parsed(&table, "within", "5 s", duration::parse);
    let on_delivery = reader.integer(&table, "on_delivery", 1..=10);
    if nothing && on_delivery.is_some() {
        let text = "`nothing` 不是哪一次投递的回复 · `nothing` is the reply to no delivery: leave out `on_delivery`";
        reader.fault(table.at("on_delivery"), text);
    }
    Some(Expect {
        what: match failure {
            Some(cause) => What::Failure(cause),
            None if nothing => What::Nothing,
            None => What::Message(traits),
        },
        within,
        on_delivery: on_delivery.and_then(|n| usize::try_from(n).ok()),
    })
}

/// `true`, or a part of the cause.
fn failure(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<String> {
    let value = table.find("failure")?;
    if value.get_ref().as_str().is_some() {
        return reader.text(table, "failure");
    }
    reader.is_set(table, "failure");
    Some(String::new())
}

fn traits(reader: &mut Reader<'_>, table: &Table<'_>) -> Vec<Trait> {
    let mut traits = Vec::new();
    traits.extend(reader.text(table, "equals").map(Trait::Equals));
    let parts = reader.texts(table, "contains");
    traits.extend(parts.into_iter().map(|(_, text)| Trait::Contains(text)));
    traits.extend(reader.typed::<Regex>(table, "matches").map(Trait::Matches));
    let kind = |name: &str| KINDS.contains(&name).then(|| name.to_owned());
    traits.extend(
        reader
            .parsed(table, "kind", &KINDS.join("`, `"), kind)
            .map(Trait::Kind),
    );
    let links = reader.texts(table, "link");
    traits.extend(links.into_iter().map(|(_, label)| Trait::Link(label)));
    traits
}
