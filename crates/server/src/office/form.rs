//! An account as it is written down in JSON or TOML: what is given is put into it, and every fault is told at once.

use echostr::{LlmKeys, Strategy};
use echostr_store::{AccessTokenFrom, AccountEntry, BotSettings, ModeWord, TextSettings};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::{nearest, shown};
use crate::llm_form::{self, By};
use crate::rules;

/// Something that is given and cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FormFault {
    /// Like `texts.unread`.
    pub(crate) field: String,
    /// A sentence that begins with the field. No secret is in it.
    pub(crate) message: String,
}

impl FormFault {
    /// `text` goes on after the field.
    pub(super) fn new(field: &str, text: &str) -> Self {
        Self {
            field: field.into(),
            message: format!("`{field}` {text}"),
        }
    }

    /// The same fault of a field that is part of something with an id: who reads a long document does not count.
    pub(super) fn at(self, place: &str, id: &str) -> Self {
        let own = format!("`{}`", self.field);
        let field = format!("{place}.{}", self.field);
        let message = self.message.replacen(&own, &format!("`{field}`"), 1);
        Self {
            message: format!("{message} (id = `{}`)", shown(id)),
            field,
        }
    }
}

/// What the values of an account are measured by, beside themselves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances {
    /// The strategy `link` needs an address.
    pub(super) has_public_url: bool,
    /// Whether it is given by somebody who may read all secrets anyway.
    pub(super) is_operator: bool,
    /// Unix milliseconds.
    pub(super) now_ms: i64,
}

/// The fields of an account, without its id, which never changes.
pub(super) const FIELDS: [&str; 18] = [
    "name",
    "token",
    "mode",
    "app_id",
    "app_secret",
    "api_base",
    "access_token",
    "access_token_key",
    "encoding_aes_key",
    "gh_id",
    "delivery",
    "welcome",
    "fallback",
    "language",
    "time_zone",
    "texts",
    "bot",
    "disabled",
];
/// The texts of an account.
pub(super) const TEXTS: [&str; 9] = [
    "wait",
    "wait_label",
    "more_label",
    "end",
    "expired",
    "failed",
    "unread",
    "earlier",
    "busy",
];

/// Puts what is given into the account; `null` is the default again. What is not given stays.
///
/// # Errors
/// Everything that is wrong; then the account must not be used.
pub(super) fn fill_in(
    entry: &mut AccountEntry,
    given: &Map<String, Value>,
    circumstances: Circumstances,
) -> Result<(), Vec<FormFault>> {
    let mut form = Form::default();
    let sent_to = destination(entry);
    for (name, value) in given {
        form.field(entry, name, value, circumstances);
    }
    form.whole(entry, circumstances);
    if !circumstances.is_operator && destination(entry) != sent_to {
        form.sent_elsewhere(entry, given);
    }
    if form.faults.is_empty() {
        Ok(())
    } else {
        Err(form.faults)
    }
}

/// Where the secrets of an account are sent.
fn destination(entry: &AccountEntry) -> (Option<String>, AccessTokenFrom) {
    let settings = &entry.settings;
    (settings.api_base.clone(), settings.access_token.clone())
}

/// The id of a new account.
pub(super) fn id(given: Option<Value>, faults: &mut Vec<FormFault>) -> Option<String> {
    let mut form = Form::default();
    let id = given.and_then(|value| form.required("id", &value, rules::account_id));
    form.needed("id", id.is_some(), "choose 1 to 32 of a-z, 0-9 and `-`");
    faults.append(&mut form.faults);
    id
}

/// The faults of something that is written down, as they are found.
#[derive(Default)]
pub(super) struct Form {
    pub(super) faults: Vec<FormFault>,
}

impl Form {
    fn field(
        &mut self,
        entry: &mut AccountEntry,
        name: &str,
        value: &Value,
        circumstances: Circumstances,
    ) {
        let now_ms = circumstances.now_ms;
        let settings = &mut entry.settings;
        match name {
            "name" => {
                let name = self.optional(name, value, rules::account_name);
                // Without one, the id.
                let or_id = |name: Option<String>| name.filter(|name| !name.is_empty());
                set(name.map(or_id), |name| {
                    settings.name = name.unwrap_or_else(|| entry.id.clone());
                });
            }
            "token" => {
                let token = self.required(name, value, rules::token);
                set(
                    token.filter(|token| *token != entry.secrets.token),
                    |token| {
                        entry.rotate_token(token, now_ms);
                    },
                );
            }
            "encoding_aes_key" => {
                let key = self.optional(name, value, rules::encoding_aes_key);
                set(
                    key.filter(|key| *key != entry.secrets.encoding_aes_key),
                    |key| {
                        if let Some(key) = key {
                            entry.rotate_encoding_aes_key(key, now_ms);
                        } else {
                            entry.secrets.encoding_aes_key = None;
                            entry.secrets.previous_encoding_aes_key = None;
                        }
                    },
                );
            }
            "app_secret" => {
                let secret = self.optional(name, value, rules::app_secret);
                set(secret, |secret| entry.secrets.app_secret = secret);
            }
            "api_base" => {
                let base = self.optional(name, value, rules::api_base);
                set(base, |base| settings.api_base = base.flatten());
            }
            "access_token" => {
                let from = self.optional(name, value, rules::access_token);
                set(from, |from| {
                    settings.access_token = from.unwrap_or_default();
                });
            }
            "access_token_key" => {
                let key = self.optional(name, value, rules::access_token_key);
                set(key, |key| entry.secrets.access_token_key = key);
            }
            "mode" => {
                let mode = self.optional(name, value, rules::mode);
                set(mode, |mode| settings.mode = mode.unwrap_or_default());
            }
            "app_id" => {
                let app_id = self.optional(name, value, rules::app_id);
                set(app_id, |app_id| settings.app_id = app_id);
            }
            "gh_id" => {
                // Empty, it is learnt anew.
                let value = match value {
                    Value::String(text) if text.is_empty() => &Value::Null,
                    value => value,
                };
                let gh_id = self.optional(name, value, rules::gh_id);
                set(gh_id, |gh_id| settings.gh_id = gh_id);
            }
            "delivery" => {
                let delivery = self.optional(name, value, rules::delivery);
                set(delivery, |delivery| {
                    settings.delivery = delivery.unwrap_or_default();
                });
            }
            "welcome" => {
                let welcome = self.optional(name, value, rules::text);
                set(welcome, |welcome| settings.welcome = welcome);
            }
            "fallback" => {
                let fallback = self.optional(name, value, rules::text);
                set(fallback, |fallback| {
                    settings.fallback = fallback.unwrap_or_default();
                });
            }
            "language" => {
                let language = self.optional(name, value, rules::language);
                set(language, |language| {
                    settings.language = language.unwrap_or_default();
                });
            }
            "time_zone" => {
                let zone = self.optional(name, value, rules::time_zone);
                set(zone, |zone| settings.time_zone = zone.unwrap_or_default());
            }
            "texts" => self.texts(&mut settings.texts, value),
            "bot" => self.bot(entry, value, circumstances),
            "disabled" => match value {
                Value::Bool(true) => {
                    entry.disabled_at_ms.get_or_insert(now_ms);
                }
                Value::Bool(false) | Value::Null => entry.disabled_at_ms = None,
                other => self.wrong_type(name, other, "`true` or `false`"),
            },
            "id" => self.fault(name, "is fixed; make another account instead"),
            unknown => self.unknown("", unknown, &FIELDS),
        }
    }

    fn texts(&mut self, texts: &mut TextSettings, value: &Value) {
        let given = match value {
            Value::Null => return *texts = TextSettings::default(),
            Value::Object(given) => given,
            other => return self.wrong_type("texts", other, "an object"),
        };
        for (name, value) in given {
            let place = match name.as_str() {
                "wait" => &mut texts.wait,
                "wait_label" => &mut texts.wait_label,
                "more_label" => &mut texts.more_label,
                "end" => &mut texts.end,
                "expired" => &mut texts.expired,
                "failed" => &mut texts.failed,
                "unread" => &mut texts.unread,
                "earlier" => &mut texts.earlier,
                "busy" => &mut texts.busy,
                unknown => {
                    self.unknown("texts.", unknown, &TEXTS);
                    continue;
                }
            };
            let rule = |text: &str| rules::text_beside(name, text);
            let text = self.optional(&format!("texts.{name}"), value, rule);
            set(text, |text| *place = text);
        }
    }

    /// A name, or an object with `kind`. Of the same kind as before, what is not given stays.
    fn bot(&mut self, entry: &mut AccountEntry, value: &Value, circumstances: Circumstances) {
        let empty = Map::new();
        let (word, given) = match value {
            Value::Null => (Some("echo"), &empty),
            Value::String(word) => (Some(word.as_str()), &empty),
            Value::Object(given) => match given.get("kind") {
                None => (None, given),
                Some(Value::String(word)) => (Some(word.as_str()), given),
                Some(other) => return self.wrong_type("bot.kind", other, "a text"),
            },
            other => return self.wrong_type("bot", other, "a name or an object"),
        };
        let before = &entry.settings.bot;
        let word = word.unwrap_or_else(|| before.kind());
        match word {
            "echo" | "none" => {
                for name in given.keys().filter(|name| *name != "kind") {
                    let field = format!("bot.{}", shown(name));
                    self.fault(&field, "is not known; this bot has no field but `kind`");
                }
                entry.settings.bot = if word == "echo" {
                    BotSettings::Echo
                } else {
                    BotSettings::None
                };
            }
            "http" => self.http(entry, given),
            "relay" => self.relay(entry, given),
            "llm" => self.llm(entry, given, circumstances),
            other => {
                let text = format!(
                    "is `{}`; allowed: `echo`, `http`, `llm`, `none`, `relay`",
                    shown(other)
                );
                self.fault("bot", &text);
            }
        }
    }

    fn http(&mut self, entry: &mut AccountEntry, given: &Map<String, Value>) {
        let (mut url, mut timeout_secs, mut events) = (None, rules::DEFAULT_TIMEOUT_SECS, false);
        let mut secret = None;
        if let BotSettings::Http {
            url: before,
            timeout_secs: before_secs,
            events: before_events,
        } = &entry.settings.bot
        {
            url = Some(before.clone());
            (timeout_secs, events) = (*before_secs, *before_events);
            secret.clone_from(&entry.secrets.bot_secret);
        }
        for (name, value) in given {
            let field = format!("bot.{}", shown(name));
            match name.as_str() {
                "kind" => {}
                "url" => set(self.required(&field, value, rules::url), |it| {
                    url = Some(it);
                }),
                "secret" => set(self.required(&field, value, rules::bot_secret), |it| {
                    secret = Some(it);
                }),
                "timeout_secs" => set(self.seconds(&field, value), |it| timeout_secs = it),
                "events" => match value {
                    Value::Bool(flag) => events = *flag,
                    Value::Null => events = false,
                    other => self.wrong_type(&field, other, "`true` or `false`"),
                },
                _ => self.unknown(
                    "bot.",
                    name,
                    &["kind", "url", "secret", "timeout_secs", "events"],
                ),
            }
        }
        self.needed("bot.url", url.is_some(), "write where the program listens");
        let what = "make one with: echo \"whsec_$(openssl rand -base64 32)\"";
        self.needed("bot.secret", secret.is_some(), what);
        entry.secrets.bot_secret = secret;
        entry.settings.bot = BotSettings::Http {
            url: url.unwrap_or_default(),
            timeout_secs,
            events,
        };
    }

    fn relay(&mut self, entry: &mut AccountEntry, given: &Map<String, Value>) {
        let (mut url, mut mode, mut app_id) = (None, ModeWord::default(), None);
        let mut timeout_secs = rules::DEFAULT_TIMEOUT_SECS;
        let (mut token, mut key) = (None, None);
        if let BotSettings::Relay {
            url: before,
            mode: before_mode,
            app_id: before_app_id,
            timeout_secs: before_secs,
        } = &entry.settings.bot
        {
            url = Some(before.clone());
            mode = *before_mode;
            app_id.clone_from(before_app_id);
            timeout_secs = *before_secs;
            token.clone_from(&entry.secrets.relay_token);
            key.clone_from(&entry.secrets.relay_encoding_aes_key);
        }
        for (name, value) in given {
            let field = format!("bot.{}", shown(name));
            match name.as_str() {
                "kind" => {}
                "url" => set(self.required(&field, value, rules::url), |it| {
                    url = Some(it);
                }),
                "token" => set(self.required(&field, value, rules::token), |it| {
                    token = Some(it);
                }),
                "mode" => set(self.optional(&field, value, rules::mode), |it| {
                    mode = it.unwrap_or_default();
                }),
                "app_id" => set(self.optional(&field, value, rules::app_id), |it| {
                    app_id = it;
                }),
                "encoding_aes_key" => {
                    set(
                        self.optional(&field, value, rules::encoding_aes_key),
                        |it| {
                            key = it;
                        },
                    );
                }
                "timeout_secs" => set(self.seconds(&field, value), |it| timeout_secs = it),
                _ => {
                    let known = [
                        "kind",
                        "url",
                        "token",
                        "mode",
                        "app_id",
                        "encoding_aes_key",
                        "timeout_secs",
                    ];
                    self.unknown("bot.", name, &known);
                }
            }
        }
        self.needed("bot.url", url.is_some(), "write where the server listens");
        let what = "write the token that the server expects";
        self.needed("bot.token", token.is_some(), what);
        if mode != ModeWord::Plain {
            let what = "the modes `compatible` and `safe` of the server need it";
            self.needed("bot.app_id", app_id.is_some(), what);
            self.needed("bot.encoding_aes_key", key.is_some(), what);
        }
        entry.secrets.relay_token = token;
        entry.secrets.relay_encoding_aes_key = key;
        entry.settings.bot = BotSettings::Relay {
            url: url.unwrap_or_default(),
            mode,
            app_id,
            timeout_secs,
        };
    }

    fn llm(
        &mut self,
        entry: &mut AccountEntry,
        given: &Map<String, Value>,
        circumstances: Circumstances,
    ) {
        let by = if circumstances.is_operator {
            By::Operator
        } else {
            By::Key
        };
        let keys = &entry.secrets.llm_keys;
        let before = match &entry.settings.bot {
            BotSettings::Llm(settings) => Some((&**settings, keys)),
            _ => None,
        };
        match llm_form::read(given, before, by) {
            Ok((settings, keys)) => {
                entry.settings.bot = BotSettings::Llm(Box::new(settings));
                entry.secrets.llm_keys = keys;
            }
            Err(faults) => {
                for fault in faults {
                    self.fault(&format!("bot.{}", fault.field), &fault.text);
                }
            }
        }
    }

    /// Who does not know a secret must not have it sent to another address.
    fn sent_elsewhere(&mut self, entry: &AccountEntry, given: &Map<String, Value>) {
        let secrets = &entry.secrets;
        for (name, secret) in [
            ("app_secret", &secrets.app_secret),
            ("access_token_key", &secrets.access_token_key),
        ] {
            if secret.is_some() && !given.contains_key(name) {
                let text = "has to be given again together with another `api_base` or `access_token`, which say where it is sent";
                self.fault(name, text);
            }
        }
    }

    /// What the fields need of each other.
    fn whole(&mut self, entry: &mut AccountEntry, circumstances: Circumstances) {
        if entry.settings.mode != ModeWord::Plain {
            let what = "the modes `compatible` and `safe` need it, copy it from the platform's page (开发者ID)";
            self.needed("app_id", entry.settings.app_id.is_some(), what);
            let what = "the modes `compatible` and `safe` need it; rotating makes one";
            let key = &entry.secrets.encoding_aes_key;
            self.needed("encoding_aes_key", key.is_some(), what);
        }
        if entry.settings.delivery == Strategy::Link && !circumstances.has_public_url {
            self.fault(
                "delivery",
                "is `link`, which needs `public_url` in the server's settings: followers open the page there",
            );
        }
        if entry.settings.delivery == Strategy::Send {
            let (settings, secrets) = (&entry.settings, &entry.secrets);
            let lacking = rules::lacking_for_send(
                settings.app_id.is_some(),
                secrets.app_secret.is_some(),
                &settings.access_token,
            );
            // A faulty one is not missing.
            let parts = ["app_id", "app_secret", "access_token"];
            let is_told = |fault: &FormFault| parts.contains(&&*fault.field);
            if let Some(lacking) = lacking
                && !self.faults.iter().any(is_told)
            {
                self.fault("delivery", &lacking);
            }
        }
        // What the bot before this one needed.
        if !matches!(entry.settings.bot, BotSettings::Http { .. }) {
            entry.secrets.bot_secret = None;
        }
        if !matches!(entry.settings.bot, BotSettings::Relay { .. }) {
            entry.secrets.relay_token = None;
            entry.secrets.relay_encoding_aes_key = None;
        }
        if !matches!(entry.settings.bot, BotSettings::Llm(_)) {
            entry.secrets.llm_keys = LlmKeys::default();
        }
    }

    /// The value by its rule; nothing when it is faulty.
    pub(super) fn required<T>(
        &mut self,
        field: &str,
        value: &Value,
        rule: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let Value::String(text) = value else {
            self.wrong_type(field, value, "a text");
            return None;
        };
        if text.contains('\0') {
            self.fault(field, "has a NUL character in it, which no text has here");
            return None;
        }
        rule(text).map_err(|text| self.fault(field, &text)).ok()
    }

    /// The same for what may be `null`.
    #[expect(clippy::option_option, reason = "faulty, empty, or a value")]
    pub(super) fn optional<T>(
        &mut self,
        field: &str,
        value: &Value,
        rule: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        match value {
            Value::Null => Some(None),
            value => self.required(field, value, rule).map(Some),
        }
    }

    fn seconds(&mut self, field: &str, value: &Value) -> Option<u64> {
        if value.is_null() {
            return Some(rules::DEFAULT_TIMEOUT_SECS);
        }
        let seconds = value
            .as_u64()
            .filter(|secs| rules::TIMEOUT_SECS.contains(secs));
        if seconds.is_none() {
            let (least, most) = (rules::TIMEOUT_SECS.start(), rules::TIMEOUT_SECS.end());
            let needed = format!("a whole number from {least} to {most}");
            self.wrong_type(field, value, &needed);
        }
        seconds
    }

    pub(super) fn needed(&mut self, field: &str, is_there: bool, what: &str) {
        // A faulty one is not missing.
        if !is_there && self.faults.iter().all(|fault| fault.field != field) {
            self.fault(field, &format!("is missing; {what}"));
        }
    }

    /// The value is not told: it may be a secret in the wrong place.
    pub(super) fn wrong_type(&mut self, field: &str, value: &Value, needed: &str) {
        let found = match value {
            Value::Null => "`null`".into(),
            Value::Bool(flag) => format!("`{flag}`"),
            Value::Number(number) => format!("the number {number}"),
            Value::String(_) => "a text".into(),
            Value::Array(_) => "a list".into(),
            Value::Object(_) => "an object".into(),
        };
        self.fault(field, &format!("is {found}, {needed} is needed"));
    }

    pub(super) fn unknown(&mut self, before: &str, name: &str, known: &[&'static str]) {
        let field = format!("{before}{}", shown(name));
        let hint = if let Some(near) = nearest(name, known.iter().copied()) {
            format!("did you mean `{before}{near}`?")
        } else {
            let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("there are {}", known.join(", "))
        };
        self.fault(&field, &format!("is not known; {hint}"));
    }

    pub(super) fn fault(&mut self, field: &str, text: &str) {
        self.faults.push(FormFault::new(field, text));
    }
}

/// The word of one of a few, as it is written.
pub(crate) fn word_of(value: &impl Serialize) -> Option<String> {
    let json = serde_json::to_value(value).ok()?;
    json.as_str().map(str::to_owned)
}

fn set<T>(value: Option<T>, put: impl FnOnce(T)) {
    if let Some(value) = value {
        put(value);
    }
}
