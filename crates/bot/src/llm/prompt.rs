//! The system prompt: what the owner has written, with variables that no follower can fill.

use crate::Language;
use crate::handler::Context;

/// The prompt with its variables replaced: `{{date}}`, `{{time}}`, `{{weekday}}`, `{{account.id}}`, `{{account.name}}`. Other
/// braces stay as they are, for prompts may be about anything.
pub(super) fn filled(prompt: &str, context: &Context) -> String {
    let now = context.account.zone.at(context.clock.unix_ms());
    let mut filled = String::with_capacity(prompt.len());
    let mut rest = prompt;
    // Each value is written once and never looked at again.
    while let Some(place) = rest.find("{{") {
        filled.push_str(&rest[..place]);
        rest = &rest[place..];
        let name = rest[2..].split_once("}}").map(|(name, _)| name);
        let value = name.and_then(|name| match name.trim() {
            "date" => Some(now.date()),
            "time" => Some(now.time()),
            "weekday" => Some(weekday(now.weekday(), context.account.language).into()),
            "account.id" => Some(context.account.id.to_string()),
            "account.name" => Some(context.account.name.clone()),
            _ => None,
        });
        if let (Some(name), Some(value)) = (name, value) {
            filled.push_str(&value);
            rest = &rest[name.len() + 4..];
        } else {
            filled.push_str("{{");
            rest = &rest[2..];
        }
    }
    filled.push_str(rest);
    filled
}

fn weekday(weekday: u8, language: Language) -> &'static str {
    let names = match language {
        Language::Chinese => [
            "星期一",
            "星期二",
            "星期三",
            "星期四",
            "星期五",
            "星期六",
            "星期日",
        ],
        Language::English => [
            "Monday",
            "Tuesday",
            "Wednesday",
            "Thursday",
            "Friday",
            "Saturday",
            "Sunday",
        ],
    };
    names[usize::from(weekday) - 1]
}
