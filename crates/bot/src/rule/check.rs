//! What the parts of a [`Rule`] must be: every fault at once.

use echostr_protocol::{Article, MAX_ARTICLES, MediaId};
use regex::Regex;

use super::kind::{MENU, SCANS, TEXTS, Word};
use super::template::{Form, Groups, Template};
use super::when::{Hours, WEEKDAYS, weekday};
use super::{Desk, Rule, RuleBot, RuleReply, RuleSecrets, When, fold, pattern};
use crate::day_of;

/// Something in a rule that cannot be used. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFault {
    /// Like `when.regex[2]`, `reply.all[1].text`.
    pub field: String,
    /// The rest of a sentence about it: what was found, what is allowed.
    pub text: String,
}

const MAX_NAME_CHARS: usize = 64;
const MAX_COOL_DOWN_SECS: u64 = 31 * 24 * 60 * 60;
/// In each list of patterns of a rule.
const MAX_PATTERNS: usize = 1000;
const MAX_PATTERN_CHARS: usize = 256;
const MAX_REGEXES: usize = 200;
/// Of those that need much memory.
const MAX_LARGE_REGEXES: usize = 10;
const MAX_REGEX_CHARS: usize = 1000;
/// Keys of menus and scenes; the address of a `VIEW` may be so long.
const MAX_KEY_BYTES: usize = 1024;
const MAX_HOURS: usize = 24;
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// Of titles, descriptions and addresses.
const MAX_PART_BYTES: usize = 2048;
const MAX_PROMPT_CHARS: usize = 8000;
const MAX_MEDIA_ID_BYTES: usize = 512;

impl Rule {
    /// Everything that is wrong with it.
    pub fn check(&self, secrets: &RuleSecrets) -> Vec<RuleFault> {
        let mut faults = Faults::default();
        check_head(self, &mut faults);
        check_kinds(&self.when, &mut faults);
        check_patterns(&self.when, &mut faults);
        let regexes = check_regexes(&self.when.regex, &mut faults);
        check_times(&self.when, &mut faults);
        let reply = ReplyCheck {
            kinds: &self.when.kinds(),
            groups: &Groups::of(&regexes),
            secrets,
        };
        reply.check(&self.reply, "reply", &mut faults);
        faults.0
    }
}

#[derive(Default)]
struct Faults(Vec<RuleFault>);

impl Faults {
    fn add(&mut self, field: impl Into<String>, text: impl Into<String>) {
        let (field, text) = (field.into(), text.into());
        self.0.push(RuleFault { field, text });
    }

    fn add_if(&mut self, field: &str, fault: Option<String>) {
        if let Some(text) = fault {
            self.add(field, text);
        }
    }
}

fn check_head(rule: &Rule, faults: &mut Faults) {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
    };
    if !(1..=64).contains(&rule.id.len()) || !rule.id.bytes().all(allowed) {
        let id = quoted(&rule.id);
        faults.add(
            "id",
            format!("is {id}, 1 to 64 of a-z, 0-9, `-` and `_` are allowed"),
        );
    }
    let n_chars = rule.name.chars().count();
    if n_chars > MAX_NAME_CHARS {
        faults.add(
            "name",
            format!("has {n_chars} characters, at most {MAX_NAME_CHARS} are allowed"),
        );
    }
    if !(-1000..=1000).contains(&rule.priority) {
        let priority = rule.priority;
        faults.add(
            "priority",
            format!("is {priority}, -1000 to 1000 is allowed"),
        );
    }
    let secs = rule.cool_down_secs;
    if secs > MAX_COOL_DOWN_SECS {
        faults.add(
            "cool_down_secs",
            format!("is {secs}, 0 to {MAX_COOL_DOWN_SECS} (31 days) is allowed"),
        );
    }
}

fn check_kinds(when: &When, faults: &mut Faults) {
    for (n, word) in when.kind.iter().enumerate() {
        if Word::parse(word).is_none() {
            faults.add(format!("when.kind[{n}]"), unknown_kind(word));
        }
    }
    if when.kind.len() > MAX_PATTERNS {
        faults.add("when.kind", too_many(when.kind.len(), MAX_PATTERNS));
    }
    let kinds = when.kinds();
    let needs = |words: &[Word]| !kinds.is_empty() && !kinds.iter().any(|it| it.is_among(words));
    let named = || when.kind.join(", ");
    let has_text = when.has_text();
    if has_text && needs(TEXTS) {
        faults.add(
            "when.kind",
            format!(
                "is {}, which have no text, but the rule has patterns for one; `text`, `voice` and `message` have",
                named()
            ),
        );
    }
    for (field, patterns, words, allowed) in [
        (
            "when.key",
            &when.key,
            MENU,
            "`event.click`, `event.view` and others of the menu",
        ),
        (
            "when.scene",
            &when.scene,
            SCANS,
            "`event.scan` and `event.subscribe`",
        ),
    ] {
        if patterns.is_empty() {
            continue;
        }
        if has_text {
            faults.add(
                field,
                "never holds together with a pattern for a text: make two rules of it",
            );
        } else if !when.kind.is_empty() && needs(words) {
            let kinds = named();
            faults.add(
                field,
                format!("never holds, because `when.kind` is {kinds}; only {allowed} have one"),
            );
        }
    }
    if !when.key.is_empty() && !when.scene.is_empty() {
        faults.add(
            "when.scene",
            "never holds together with `when.key`: make two rules of it",
        );
    }
    if when.first_message && !kinds.is_empty() && kinds.iter().all(|kind| kind.is_event()) {
        faults.add(
            "when.first_message",
            "never holds for events; it is about messages that followers write",
        );
    }
}

/// What is wrong with a word for the kind of a message; nothing when rules know it.
#[must_use]
pub fn fault_of_kind(word: &str) -> Option<String> {
    match Word::parse(word) {
        Some(_) => None,
        None => Some(unknown_kind(word)),
    }
}

fn unknown_kind(word: &str) -> String {
    let known: Vec<_> = Word::all().map(|word| word.to_string()).collect();
    let known = known.iter().map(String::as_str);
    let hint = match nearest(word, known) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => {
            "; there are `message`, `text`, `image`, `voice`, `event`, `event.subscribe`, `event.click` and others".into()
        }
    };
    format!("is {}, which is no known kind{hint}", quoted(word))
}

fn check_patterns(when: &When, faults: &mut Faults) {
    for (field, patterns) in [
        ("when.equals", &when.equals),
        ("when.contains", &when.contains),
        ("when.starts_with", &when.starts_with),
    ] {
        check_list(field, patterns, faults, |pattern| {
            match pattern.chars().count() {
                _ if fold::folded(pattern).trim().is_empty() => {
                    Some(format!("is {}, a word is needed", quoted(pattern)))
                }
                count if count > MAX_PATTERN_CHARS => Some(format!(
                    "has {count} characters, at most {MAX_PATTERN_CHARS} are allowed"
                )),
                _ => None,
            }
        });
    }
    for (field, patterns) in [
        ("when.key", &when.key),
        ("when.scene", &when.scene),
        ("when.source", &when.source),
    ] {
        check_list(field, patterns, faults, |pattern| match pattern.len() {
            0 => Some("is empty".into()),
            length if length > MAX_KEY_BYTES => Some(format!(
                "has {length} bytes, at most {MAX_KEY_BYTES} are allowed"
            )),
            _ => None,
        });
    }
}

/// Those that can be used.
fn check_regexes(patterns: &[String], faults: &mut Faults) -> Vec<Regex> {
    let mut regexes = Vec::new();
    let mut n_large = 0;
    if patterns.len() > MAX_REGEXES {
        faults.add("when.regex", too_many(patterns.len(), MAX_REGEXES));
        return regexes;
    }
    for (n, pattern) in patterns.iter().enumerate() {
        let compiled = match pattern.chars().count() {
            0 => Err("is empty; a regular expression is needed".into()),
            count if count > MAX_REGEX_CHARS => Err(format!(
                "has {count} characters, at most {MAX_REGEX_CHARS} are allowed"
            )),
            _ => pattern::compile(pattern),
        };
        match compiled {
            Ok(regex) => {
                n_large += usize::from(pattern::is_large(pattern));
                regexes.push(regex);
            }
            Err(fault) => faults.add(format!("when.regex[{n}]"), fault),
        }
    }
    if n_large > MAX_LARGE_REGEXES {
        faults.add(
            "when.regex",
            format!(
                "has {n_large} expressions that need more than {} bytes of memory each, at most {MAX_LARGE_REGEXES} are allowed; a \
                 number in braces repeats its part as often",
                pattern::LARGE_BYTES
            ),
        );
    }
    regexes
}

fn check_list(
    field: &str,
    patterns: &[String],
    faults: &mut Faults,
    fault: impl Fn(&str) -> Option<String>,
) {
    if patterns.len() > MAX_PATTERNS {
        faults.add(field, too_many(patterns.len(), MAX_PATTERNS));
        return;
    }
    for (n, pattern) in patterns.iter().enumerate() {
        faults.add_if(&format!("{field}[{n}]"), fault(pattern));
    }
}

fn too_many(count: usize, most: usize) -> String {
    format!("has {count} entries, at most {most} are allowed")
}

fn check_times(when: &When, faults: &mut Faults) {
    if when.hours.len() > MAX_HOURS {
        faults.add("when.hours", too_many(when.hours.len(), MAX_HOURS));
    }
    for (n, hours) in when.hours.iter().enumerate() {
        if Hours::parse(hours).is_none() {
            faults.add(
                format!("when.hours[{n}]"),
                format!(
                    "is {}, which are no hours like `09:00-18:00` or `22:00-06:00`; 00:00 to 24:00 is allowed, and the end may \
                     not be the beginning",
                    quoted(hours)
                ),
            );
        }
    }
    for (n, day) in when.weekdays.iter().enumerate() {
        if weekday(day).is_none() {
            let days = WEEKDAYS.map(|day| format!("`{day}`")).join(", ");
            faults.add(
                format!("when.weekdays[{n}]"),
                format!("is {}; allowed: {days}", quoted(day)),
            );
        }
    }
    let mut days = [None, None];
    for ((field, date), day) in [("when.from", &when.from), ("when.to", &when.to)]
        .into_iter()
        .zip(&mut days)
    {
        let Some(date) = date else { continue };
        *day = day_of(date);
        if day.is_none() {
            faults.add(
                field,
                format!("is {}, which is no date like `2026-12-01`", quoted(date)),
            );
        }
    }
    if let ([Some(from), Some(to)], Some(first), Some(last)) = (days, &when.from, &when.to)
        && from > to
    {
        faults.add(
            "when.to",
            format!("is `{last}`, before `when.from`, which is `{first}`"),
        );
    }
    if let Some(share) = when.share_percent.filter(|it| !(1..=99).contains(it)) {
        faults.add(
            "when.share_percent",
            format!("is {share}, 1 to 99 is allowed; leave it out for all followers"),
        );
    }
}

/// What a reply is checked against.
struct ReplyCheck<'a> {
    kinds: &'a [Word],
    groups: &'a Groups,
    secrets: &'a RuleSecrets,
}

impl ReplyCheck<'_> {
    fn check(&self, reply: &RuleReply, at: &str, faults: &mut Faults) {
        let field = format!("{at}.{}", word(reply));
        match reply {
            RuleReply::Text(text) => self.text(&field, text, Form::Text, faults),
            RuleReply::Markdown(text) => self.text(&field, text, Form::Markdown, faults),
            RuleReply::Image(id) | RuleReply::Voice(id) => media_id(&field, id, faults),
            RuleReply::Video(video) => {
                media_id(&format!("{field}.media_id"), &video.media_id, faults);
                for (name, text) in [("title", &video.title), ("description", &video.description)] {
                    short(&format!("{field}.{name}"), text, faults);
                }
            }
            RuleReply::Music(music) => {
                media_id(
                    &format!("{field}.thumb_media_id"),
                    &music.thumb_media_id,
                    faults,
                );
                for (name, text, form) in [
                    ("title", &music.title, Form::Text),
                    ("description", &music.description, Form::Text),
                    ("music_url", &music.music_url, Form::Url),
                    ("hq_music_url", &music.hq_music_url, Form::Url),
                ] {
                    self.part(&format!("{field}.{name}"), text, form, faults);
                }
            }
            RuleReply::News(articles) => self.news(&field, articles, faults),
            RuleReply::Desk(desk) => {
                self.is_for_messages(&field, faults);
                if let Desk::Agent(account) = desk
                    && (account.trim().is_empty() || account.len() > 128)
                {
                    faults.add(
                        &*field,
                        format!(
                            "is {}, the account of an agent like `kf2001@gh_…` or `true` is needed",
                            quoted(account)
                        ),
                    );
                }
            }
            RuleReply::Ai(_) => self.is_for_messages(&field, faults),
            RuleReply::Silence(_) => {}
            RuleReply::Random(replies) => self.several(&field, replies, 2..=20, faults),
            RuleReply::All(replies) => {
                self.several(&field, replies, 2..=5, faults);
                check_all(&field, replies, faults);
            }
            RuleReply::Relay(relay) => {
                if let Err(found) = relay.compiled(self.secrets) {
                    for (name, text) in found {
                        faults.add(format!("{field}.{name}"), text);
                    }
                }
            }
            RuleReply::Bot(bot) => self.bot(&field, bot, faults),
        }
    }

    fn text(&self, field: &str, text: &str, form: Form, faults: &mut Faults) {
        match text.len() {
            _ if text.trim().is_empty() => {
                faults.add(
                    field,
                    "is empty, a text is needed; nothing is answered with `silence`",
                );
            }
            length if length > MAX_TEXT_BYTES => faults.add(
                field,
                format!(
                    "has {length} bytes, at most {MAX_TEXT_BYTES} are allowed (a Chinese character has 3)"
                ),
            ),
            _ => self.template(field, text, form, faults),
        }
    }

    /// A title, a description or an address; may be empty.
    fn part(&self, field: &str, text: &str, form: Form, faults: &mut Faults) {
        let is_url = form == Form::Url && !text.is_empty();
        if is_url
            && !["http://", "https://"]
                .iter()
                .any(|it| text.starts_with(it))
        {
            let found = quoted(text);
            faults.add(
                field,
                format!("is {found}, an address with `https://` or `http://` is needed"),
            );
        } else if text.len() > MAX_PART_BYTES {
            short(field, text, faults);
        } else {
            self.template(field, text, form, faults);
        }
    }

    fn template(&self, field: &str, text: &str, form: Form, faults: &mut Faults) {
        faults.add_if(field, Template::parse(text, form, self.groups).err());
    }

    fn news(&self, field: &str, articles: &[Article], faults: &mut Faults) {
        let is_for_events = self.kinds.iter().all(|kind| kind.is_event());
        let most = if is_for_events { MAX_ARTICLES } else { 1 };
        if !(1..=most).contains(&articles.len()) {
            let count = articles.len();
            faults.add(
                field,
                if is_for_events {
                    format!("has {count} articles, 1 to {MAX_ARTICLES} are allowed")
                } else {
                    format!(
                        "has {count} articles, a message is answered with 1; up to {MAX_ARTICLES} are allowed when the rule is \
                         for events only"
                    )
                },
            );
        }
        for (n, article) in articles.iter().enumerate() {
            if article.title.trim().is_empty() {
                faults.add(format!("{field}[{n}].title"), "is empty, a title is needed");
            }
            for (name, text, form) in [
                ("title", &article.title, Form::Text),
                ("description", &article.description, Form::Text),
                ("pic_url", &article.pic_url, Form::Url),
                ("url", &article.url, Form::Url),
            ] {
                self.part(&format!("{field}[{n}].{name}"), text, form, faults);
            }
        }
    }

    fn is_for_messages(&self, field: &str, faults: &mut Faults) {
        if let Some(event) = self.kinds.iter().find(|kind| kind.is_event()) {
            faults.add(
                field,
                format!(
                    "is for messages that followers write only, but the rule is for `{event}` too"
                ),
            );
        }
    }

    fn several(
        &self,
        field: &str,
        replies: &[RuleReply],
        allowed: std::ops::RangeInclusive<usize>,
        faults: &mut Faults,
    ) {
        if !allowed.contains(&replies.len()) {
            let (count, least, most) = (replies.len(), allowed.start(), allowed.end());
            faults.add(
                field,
                format!("has {count} replies, {least} to {most} are allowed"),
            );
        }
        for (n, reply) in replies.iter().enumerate() {
            let at = format!("{field}[{n}]");
            if matches!(
                reply,
                RuleReply::Random(_) | RuleReply::All(_) | RuleReply::Relay(_) | RuleReply::Bot(_)
            ) {
                faults.add(
                    at,
                    format!(
                        "is `{}`, which cannot stand in another reply; make it the reply of a rule of its own",
                        word(reply)
                    ),
                );
            } else {
                self.check(reply, &at, faults);
            }
        }
    }

    fn bot(&self, field: &str, bot: &RuleBot, faults: &mut Faults) {
        if !["own", "echo"].contains(&&*bot.name) {
            faults.add(
                format!("{field}.name"),
                format!("is {}; allowed: `own`, `echo`", quoted(&bot.name)),
            );
        }
        let Some(prompt) = &bot.prompt else { return };
        let field = format!("{field}.prompt");
        let n_chars = prompt.chars().count();
        if bot.name == "echo" {
            faults.add(field, "is set, but `echo` has no prompt");
        } else if n_chars > MAX_PROMPT_CHARS {
            faults.add(
                field,
                format!("has {n_chars} characters, at most {MAX_PROMPT_CHARS} are allowed"),
            );
        } else if !self.kinds.is_empty() && self.kinds.iter().all(|kind| kind.is_event()) {
            faults.add(
                field,
                "is set, but the rule is for events only, and those never start a model",
            );
        } else {
            self.template(&field, prompt, Form::Prompt, faults);
        }
    }
}

/// What is sent after the first reply is a customer-service message.
fn check_all(field: &str, replies: &[RuleReply], faults: &mut Faults) {
    for (n, reply) in replies.iter().enumerate() {
        let at = format!("{field}[{n}]");
        match reply {
            RuleReply::Silence(_) => faults.add(at, "is `silence`, which is nothing among others"),
            RuleReply::Desk(_) | RuleReply::Ai(_) if n > 0 => faults.add(
                at,
                format!(
                    "is `{}`, which may only be the first: what comes after it is sent as messages",
                    word(reply)
                ),
            ),
            RuleReply::News(articles) if n > 0 && articles.len() > 1 => faults.add(
                at,
                format!(
                    "has {} articles, 1 is allowed in what comes after the first reply",
                    articles.len()
                ),
            ),
            _ => {}
        }
    }
}

fn media_id(field: &str, id: &MediaId, faults: &mut Faults) {
    let id = id.as_str();
    let length = id.len();
    if id.trim().is_empty() {
        faults.add(field, "is empty, the media id of an upload is needed");
    } else if length > MAX_MEDIA_ID_BYTES {
        faults.add(
            field,
            format!("has {length} bytes, at most {MAX_MEDIA_ID_BYTES} are allowed"),
        );
    }
}

fn short(field: &str, text: &str, faults: &mut Faults) {
    let length = text.len();
    if length > MAX_PART_BYTES {
        faults.add(
            field,
            format!("has {length} bytes, at most {MAX_PART_BYTES} are allowed (a Chinese character has 3)"),
        );
    }
}

/// As in JSON.
fn word(reply: &RuleReply) -> &'static str {
    match reply {
        RuleReply::Text(_) => "text",
        RuleReply::Markdown(_) => "markdown",
        RuleReply::Image(_) => "image",
        RuleReply::Voice(_) => "voice",
        RuleReply::Video(_) => "video",
        RuleReply::Music(_) => "music",
        RuleReply::News(_) => "news",
        RuleReply::Desk(_) => "desk",
        RuleReply::Ai(_) => "ai",
        RuleReply::Silence(_) => "silence",
        RuleReply::Random(_) => "random",
        RuleReply::All(_) => "all",
        RuleReply::Relay(_) => "relay",
        RuleReply::Bot(_) => "bot",
    }
}

/// In backticks, on one line and not too long.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN_CHARS: usize = 60;
    if text.is_empty() {
        return "empty".into();
    }
    let shown = text.chars().take(SHOWN_CHARS).flat_map(char::escape_debug);
    let more = text.chars().nth(SHOWN_CHARS).map_or("", |_| "…");
    let shown: String = shown.collect();
    format!("`{shown}{more}`")
}

/// The name that was probably meant.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.filter_map(|known| {
        let distance = distance(name, known);
        // An event is often named without its `event.`.
        let is_end = known
            .rsplit('.')
            .next()
            .is_some_and(|end| end.eq_ignore_ascii_case(name));
        let most = known.chars().count() / 3;
        (is_end || distance <= most).then_some((if is_end { 0 } else { distance }, known))
    });
    near.min().map(|(_, known)| known)
}

/// How many letters differ, without regard to case; two that have changed places are one.
fn distance(left: &str, right: &str) -> usize {
    let letters = |name: &str| -> String {
        let letters = name.chars().take(64);
        letters.map(|c| c.to_ascii_lowercase()).collect()
    };
    strsim::osa_distance(&letters(left), &letters(right))
}
