//! A rule as it is written down in JSON or TOML: what is given is put into it, and every fault is told at once.

use std::ops::RangeInclusive;

use echostr::{Desk, Rule, RuleBot, RuleRelay, RuleReply, RuleSecrets, When, Yes};
use echostr_protocol::{Article, Music, Video};
use serde_json::{Map, Value};

use crate::config::shown;
use crate::office::form::{Form, FormFault};
use crate::rules;

/// The fields of a rule, without its id, which never changes.
pub(super) const FIELDS: [&str; 7] = [
    "account",
    "name",
    "priority",
    "enabled",
    "cool_down_secs",
    "when",
    "reply",
];
const WHEN: [&str; 14] = [
    "kind",
    "equals",
    "contains",
    "starts_with",
    "regex",
    "key",
    "scene",
    "source",
    "hours",
    "weekdays",
    "from",
    "to",
    "first_message",
    "share_percent",
];
const REPLY: [&str; 14] = [
    "text", "markdown", "image", "voice", "video", "music", "news", "desk", "ai", "silence",
    "random", "all", "relay", "bot",
];
/// Of those, what cannot stand in `random` and `all`.
const WHOLE: [&str; 4] = ["random", "all", "relay", "bot"];
const RELAY: [&str; 6] = [
    "url",
    "mode",
    "app_id",
    "timeout_secs",
    "token",
    "encoding_aes_key",
];

/// No rule can have this id: `/rules/test` is where they are tried out.
const TRY_OUT: &str = "test";

const PRIORITY: RangeInclusive<i64> = -1000..=1000;
const COOL_DOWN_SECS: RangeInclusive<i64> = 0..=2_678_400;
const SHARE_PERCENT: RangeInclusive<i64> = 1..=99;

/// A rule, and what nobody may see of it.
#[derive(Debug, Clone)]
pub(in crate::office) struct Draft {
    pub(in crate::office) rule: Rule,
    pub(in crate::office) secrets: RuleSecrets,
}

impl Draft {
    /// A new rule, of which nothing is given yet.
    pub(in crate::office) fn new(id: String) -> Self {
        Self {
            rule: Rule {
                id,
                account: None,
                name: String::new(),
                priority: 0,
                enabled: true,
                cool_down_secs: 0,
                when: When::default(),
                reply: RuleReply::Silence(Yes),
            },
            secrets: RuleSecrets::default(),
        }
    }

    /// Puts in what is given; `null` is the default again, what is not given stays. `when` and `reply` are given as a whole, but
    /// for the secrets of a relay and the query of its address, which stay. `is_account` tells whether there is one with an id.
    ///
    /// # Errors
    /// Everything that is wrong; then the draft must not be used.
    pub(super) fn fill_in(
        &mut self,
        given: &Map<String, Value>,
        is_account: impl Fn(&str) -> bool,
    ) -> Result<(), Vec<FormFault>> {
        let mut form = Form::default();
        for (name, value) in given {
            form.rule_field(self, name, value, &is_account);
        }
        if self.rule.id == TRY_OUT {
            let text = "is `test`, where rules are tried out in the API; choose another";
            form.fault("id", text);
        }
        let told = form.faults.len();
        for fault in self.rule.check(&self.secrets) {
            // What could not be read is not judged as well.
            let is_told = |other: &FormFault| {
                fault.field == other.field
                    || (fault.field.starts_with(&other.field)
                        && fault.field[other.field.len()..].starts_with(['.', '[']))
            };
            if !form.faults[..told].iter().any(is_told) {
                form.fault(&fault.field, &fault.text);
            }
        }
        if form.faults.is_empty() {
            Ok(())
        } else {
            Err(form.faults)
        }
    }
}

impl Form {
    fn rule_field(
        &mut self,
        draft: &mut Draft,
        name: &str,
        value: &Value,
        is_account: &impl Fn(&str) -> bool,
    ) {
        let rule = &mut draft.rule;
        match name {
            "account" => {
                let known = |id: &str| {
                    if is_account(id) {
                        return Ok(id.to_owned());
                    }
                    let id = shown(id);
                    Err(format!(
                        "is `{id}`, but there is no such account; `echostr account list` prints those that there are"
                    ))
                };
                if let Some(account) = self.optional(name, value, known) {
                    rule.account = account;
                }
            }
            "name" => {
                let name = self.optional(name, value, |name| Ok(name.trim().to_owned()));
                rule.name = name.flatten().unwrap_or_default();
            }
            "priority" => {
                let priority = self.whole_number(name, value, PRIORITY).unwrap_or_default();
                rule.priority = i32::try_from(priority).unwrap_or_default();
            }
            "enabled" => rule.enabled = self.is_true(name, value).unwrap_or(true),
            "cool_down_secs" => {
                let secs = self.whole_number(name, value, COOL_DOWN_SECS);
                rule.cool_down_secs = secs.unwrap_or_default().unsigned_abs();
            }
            "when" => rule.when = self.when(value),
            "reply" => {
                let before = (rule.reply.clone(), draft.secrets.clone());
                let (reply, secrets) = self.whole_reply(value, before);
                if let Some(reply) = reply {
                    rule.reply = reply;
                    draft.secrets = secrets;
                }
            }
            "id" => self.fault(name, "is fixed; make another rule instead"),
            unknown => self.unknown("", unknown, &FIELDS),
        }
    }

    fn when(&mut self, value: &Value) -> When {
        let mut when = When::default();
        let given = match value {
            Value::Null => return when,
            Value::Object(given) => given,
            other => {
                self.wrong_type("when", other, "an object");
                return when;
            }
        };
        for (name, value) in given {
            let field = format!("when.{}", shown(name));
            match name.as_str() {
                "kind" => when.kind = self.list(&field, value),
                "equals" => when.equals = self.list(&field, value),
                "contains" => when.contains = self.list(&field, value),
                "starts_with" => when.starts_with = self.list(&field, value),
                "regex" => when.regex = self.list(&field, value),
                "key" => when.key = self.list(&field, value),
                "scene" => when.scene = self.list(&field, value),
                "source" => when.source = self.list(&field, value),
                "hours" => when.hours = self.list(&field, value),
                "weekdays" => when.weekdays = self.list(&field, value),
                "from" => when.from = self.optional(&field, value, as_it_is).flatten(),
                "to" => when.to = self.optional(&field, value, as_it_is).flatten(),
                "first_message" => {
                    when.first_message = self.is_true(&field, value).unwrap_or_default();
                }
                "share_percent" => {
                    let percent = self.whole_number(&field, value, SHARE_PERCENT);
                    when.share_percent = percent.and_then(|it| u8::try_from(it).ok());
                }
                _ => self.unknown("when.", name, &WHEN),
            }
        }
        when
    }

    /// The reply of a rule, and its secrets.
    fn whole_reply(
        &mut self,
        value: &Value,
        before: (RuleReply, RuleSecrets),
    ) -> (Option<RuleReply>, RuleSecrets) {
        let relay = value.as_object().filter(|given| given.len() == 1);
        match relay.and_then(|given| given.get("relay")) {
            None => (
                self.reply("reply", value, &REPLY, ""),
                RuleSecrets::default(),
            ),
            Some(relay) => {
                let (relay, secrets) = self.relay_to(relay, before);
                (relay.map(RuleReply::Relay), secrets)
            }
        }
    }

    /// One reply: an object with one member; `beside` is said of those that are not allowed here.
    fn reply(
        &mut self,
        field: &str,
        value: &Value,
        allowed: &[&'static str],
        beside: &str,
    ) -> Option<RuleReply> {
        let Value::Object(given) = value else {
            self.wrong_type(field, value, "an object like `{\"text\": \"…\"}`");
            return None;
        };
        let mut members = given.iter();
        let (Some((name, value)), None) = (members.next(), members.next()) else {
            let n_members = given.len();
            let what = "one is needed, like `{\"text\": \"…\"}`; several replies stand in `all`";
            self.fault(field, &format!("has {n_members} members, {what}"));
            return None;
        };
        if !allowed.contains(&name.as_str()) {
            if WHOLE.contains(&name.as_str()) {
                let field = format!("{field}.{name}");
                self.fault(&field, beside);
            } else {
                self.unknown(&format!("{field}."), name, allowed);
            }
            return None;
        }
        let field = format!("{field}.{name}");
        let yes = |form: &mut Self| match form.is_true(&field, value) {
            Some(true) => Some(Yes),
            Some(false) => {
                form.fault(&field, "is `false`, only `true` says something here");
                None
            }
            None => {
                form.needed(&field, false, "`true` is needed");
                None
            }
        };
        Some(match name.as_str() {
            "text" => RuleReply::Text(self.required(&field, value, as_it_is)?),
            "markdown" => RuleReply::Markdown(self.required(&field, value, as_it_is)?),
            "image" => RuleReply::Image(self.required(&field, value, as_it_is)?.into()),
            "voice" => RuleReply::Voice(self.required(&field, value, as_it_is)?.into()),
            "video" => {
                let names = ["media_id", "title", "description"];
                let [media_id, title, description] = self.texts_of(&field, value, names)?;
                RuleReply::Video(Video {
                    media_id: media_id.into(),
                    title,
                    description,
                })
            }
            "music" => {
                let names = [
                    "title",
                    "description",
                    "music_url",
                    "hq_music_url",
                    "thumb_media_id",
                ];
                let [title, description, music_url, hq_music_url, thumb_media_id] =
                    self.texts_of(&field, value, names)?;
                RuleReply::Music(Music {
                    title,
                    description,
                    music_url,
                    hq_music_url,
                    thumb_media_id: thumb_media_id.into(),
                })
            }
            "news" => RuleReply::News(self.each(&field, value, Self::article)?),
            "desk" => match value {
                Value::String(_) => {
                    let agent = self.required(&field, value, as_it_is)?;
                    RuleReply::Desk(Desk::Agent(agent))
                }
                _ => RuleReply::Desk(Desk::Any(yes(self)?)),
            },
            "ai" => RuleReply::Ai(yes(self)?),
            "silence" => RuleReply::Silence(yes(self)?),
            "random" => RuleReply::Random(self.each(&field, value, Self::part)?),
            "all" => RuleReply::All(self.each(&field, value, Self::part)?),
            "bot" => RuleReply::Bot(self.rule_bot(&field, value)?),
            _ => return None,
        })
    }

    /// A reply in `random` or `all`.
    fn part(&mut self, field: &str, value: &Value) -> Option<RuleReply> {
        let allowed: Vec<_> = REPLY
            .into_iter()
            .filter(|name| !WHOLE.contains(name))
            .collect();
        self.reply(
            field,
            value,
            &allowed,
            "cannot stand in a list of replies; make a rule of its own",
        )
    }

    fn article(&mut self, field: &str, value: &Value) -> Option<Article> {
        let names = ["title", "description", "pic_url", "url"];
        let [title, description, pic_url, url] = self.texts_of(field, value, names)?;
        Some(Article {
            title,
            description,
            pic_url,
            url,
        })
    }

    fn relay_to(
        &mut self,
        value: &Value,
        (before, secrets): (RuleReply, RuleSecrets),
    ) -> (Option<RuleRelay>, RuleSecrets) {
        let Value::Object(given) = value else {
            self.wrong_type("reply.relay", value, "an object");
            return (None, RuleSecrets::default());
        };
        let (mut secrets, url_before) = match before {
            RuleReply::Relay(relay) => (secrets, relay.url),
            _ => (RuleSecrets::default(), String::new()),
        };
        let mut relay = RuleRelay {
            url: String::new(),
            mode: "plain".into(),
            app_id: None,
            timeout_secs: rules::DEFAULT_TIMEOUT_SECS,
        };
        let (least, most) = rules::TIMEOUT_SECS.into_inner();
        let timeout_secs = i64::try_from(least).unwrap_or(1)..=i64::try_from(most).unwrap_or(600);
        for (name, value) in given {
            let field = format!("reply.relay.{}", shown(name));
            match name.as_str() {
                "url" => {
                    let url = self.required(&field, value, rules::url);
                    relay.url = with_its_query(url.unwrap_or_default(), url_before.clone());
                }
                "mode" => {
                    let mode = self.optional(&field, value, rules::mode).flatten();
                    relay.mode = mode.unwrap_or_default().as_str().into();
                }
                "app_id" => relay.app_id = self.optional(&field, value, rules::app_id).flatten(),
                "timeout_secs" => {
                    let secs = self.whole_number(&field, value, timeout_secs.clone());
                    relay.timeout_secs =
                        secs.map_or(rules::DEFAULT_TIMEOUT_SECS, i64::unsigned_abs);
                }
                "token" => {
                    if let Some(token) = self.optional(&field, value, rules::token) {
                        secrets.token = token;
                    }
                }
                "encoding_aes_key" => {
                    let key = self.optional(&field, value, rules::encoding_aes_key);
                    if let Some(key) = key {
                        secrets.encoding_aes_key = key;
                    }
                }
                _ => self.unknown("reply.relay.", name, &RELAY),
            }
        }
        let is_there = given.contains_key("url");
        self.needed(
            "reply.relay.url",
            is_there,
            "write where the server listens",
        );
        (Some(relay), secrets)
    }

    fn rule_bot(&mut self, field: &str, value: &Value) -> Option<RuleBot> {
        let Value::Object(given) = value else {
            let needed = "an object like `{\"name\": \"own\"}`";
            self.wrong_type(field, value, needed);
            return None;
        };
        let mut bot = RuleBot {
            name: "own".into(),
            prompt: None,
        };
        for (name, value) in given {
            let place = format!("{field}.{}", shown(name));
            match name.as_str() {
                "name" => {
                    if let Some(name) = self.optional(&place, value, as_it_is).flatten() {
                        bot.name = name;
                    }
                }
                "prompt" => bot.prompt = self.optional(&place, value, as_it_is).flatten(),
                _ => self.unknown(&format!("{field}."), name, &["name", "prompt"]),
            }
        }
        Some(bot)
    }

    /// A list of texts.
    fn list(&mut self, field: &str, value: &Value) -> Vec<String> {
        let items = match value {
            Value::Null => return Vec::new(),
            Value::Array(items) => items,
            other => {
                self.wrong_type(field, other, "a list of texts");
                return Vec::new();
            }
        };
        let texts = items.iter().enumerate().map(|(index, item)| {
            self.required(&format!("{field}[{index}]"), item, as_it_is)
                .unwrap_or_default()
        });
        texts.collect()
    }

    /// A list of things, all of them read; nothing when one of them cannot be.
    fn each<T>(
        &mut self,
        field: &str,
        value: &Value,
        read: impl Fn(&mut Self, &str, &Value) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Value::Array(items) = value else {
            self.wrong_type(field, value, "a list");
            return None;
        };
        let mut all = Some(Vec::new());
        for (index, item) in items.iter().enumerate() {
            let read = read(self, &format!("{field}[{index}]"), item);
            all = all.zip(read).map(|(mut all, read)| {
                all.push(read);
                all
            });
        }
        all
    }

    /// An object of texts with these names; those that are not given are empty.
    fn texts_of<const N: usize>(
        &mut self,
        field: &str,
        value: &Value,
        names: [&'static str; N],
    ) -> Option<[String; N]> {
        let Value::Object(given) = value else {
            self.wrong_type(field, value, "an object");
            return None;
        };
        for name in given.keys().filter(|name| !names.contains(&&***name)) {
            self.unknown(&format!("{field}."), name, &names);
        }
        Some(names.map(|name| {
            let value = given.get(name).unwrap_or(&Value::Null);
            let text = self.optional(&format!("{field}.{name}"), value, as_it_is);
            text.flatten().unwrap_or_default()
        }))
    }

    /// `true` or `false`; nothing when it is `null` or faulty.
    fn is_true(&mut self, field: &str, value: &Value) -> Option<bool> {
        match value {
            Value::Null => None,
            Value::Bool(flag) => Some(*flag),
            other => {
                self.wrong_type(field, other, "`true` or `false`");
                None
            }
        }
    }

    /// A whole number in this range; nothing when it is `null` or faulty.
    fn whole_number(
        &mut self,
        field: &str,
        value: &Value,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        if value.is_null() {
            return None;
        }
        // 7.0 is 7, as JSON sees it.
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
        let whole =
            |number: f64| (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64);
        let number = value.as_i64().or_else(|| value.as_f64().and_then(whole));
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let needed = format!("a whole number from {} to {}", range.start(), range.end());
            self.wrong_type(field, value, &needed);
        }
        number
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands where rules stand")]
fn as_it_is(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

/// The query of an address is not shown, as a secret is not: who gives the address as it is shown means the same.
fn with_its_query(url: String, before: String) -> String {
    match before.split_once('?') {
        Some((address, _)) if address == url => before,
        _ => url,
    }
}
