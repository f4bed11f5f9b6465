//! Whether what is seen is what was expected, and how it is written down.

use std::fmt;

use super::{Expect, Trait, What};
use crate::conversation::Bubble;
use crate::difference::difference;
use crate::phone::text::{self, Part};

/// What a person sees of a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    /// `text`, `image` …; `line` for what the client says itself.
    pub(super) kind: &'static str,
    /// All of its words, links as their labels.
    pub(super) text: String,
    /// The labels of what can be tapped.
    pub(super) links: Vec<String>,
}

impl Seen {
    pub(super) fn of(bubble: &Bubble) -> Self {
        let (kind, text, links) = match bubble {
            Bubble::Text { content, .. } => ("text", text::plain(content), labels(content)),
            Bubble::Image { .. } => ("image", String::new(), Vec::new()),
            Bubble::Voice { .. } => ("voice", String::new(), Vec::new()),
            Bubble::Video {
                title, description, ..
            } => ("video", joined([title, description]), Vec::new()),
            Bubble::Music {
                title, description, ..
            } => ("music", joined([title, description]), Vec::new()),
            Bubble::News(articles) => {
                let titles: Vec<_> = articles.iter().map(|one| one.title.clone()).collect();
                let words = articles
                    .iter()
                    .flat_map(|article| [&article.title, &article.description]);
                ("news", joined(words), titles)
            }
            Bubble::Location { label, .. } => ("location", label.clone(), Vec::new()),
            Bubble::Link {
                title, description, ..
            } => ("link", joined([title, description]), vec![title.clone()]),
            Bubble::File { name, .. } => ("file", name.clone(), Vec::new()),
            Bubble::Unsupported { what } => ("unsupported", what.clone(), Vec::new()),
            Bubble::Menu {
                head,
                entries,
                tail,
            } => {
                let labels: Vec<_> = entries.iter().map(|(_, label)| label.clone()).collect();
                let words = std::iter::once(head).chain(&labels).chain([tail]);
                ("menu", joined(words), labels)
            }
            Bubble::MiniProgram { title, .. } => ("miniprogram", title.clone(), Vec::new()),
            Bubble::Notice { title, fields, .. } => {
                let lines = fields
                    .iter()
                    .map(|(label, value)| format!("{label}{value}"));
                let lines: Vec<_> = std::iter::once(title.clone()).chain(lines).collect();
                ("notice", joined(&lines), Vec::new())
            }
            Bubble::Line(line) => ("line", line.clone(), Vec::new()),
        };
        Self { kind, text, links }
    }
}

fn joined<'a>(parts: impl IntoIterator<Item = &'a String>) -> String {
    let parts: Vec<&str> = parts
        .into_iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    parts.join("\n")
}

fn labels(content: &str) -> Vec<String> {
    let labels = text::parts(content, true)
        .into_iter()
        .filter_map(|part| match part {
            Part::Plain(_) => None,
            Part::Page { label, .. }
            | Part::Tap { label, .. }
            | Part::MiniProgram { label, .. } => Some(label.to_owned()),
        });
    labels.collect()
}

/// What a tap on this label sends, by the latest message that has it: content and id.
pub(super) fn tap_of(bubble: &Bubble, wanted: &str) -> Option<(String, String)> {
    match bubble {
        Bubble::Text { content, .. } => {
            text::parts(content, true)
                .into_iter()
                .find_map(|part| match part {
                    Part::Tap { content, id, label } if label == wanted => Some((content, id)),
                    _ => None,
                })
        }
        Bubble::Menu { entries, .. } => entries
            .iter()
            .find(|(_, label)| label == wanted)
            .map(|(id, label)| (label.clone(), id.clone())),
        _ => None,
    }
}

/// What of a message is not as it should be; nothing: it is right.
pub(super) fn mismatch(traits: &[Trait], seen: &Seen) -> Option<Vec<String>> {
    let wrong = traits.iter().find(|one| !holds(one, seen))?;
    Some(match wrong {
        Trait::Equals(expected) => difference(expected, &seen.text),
        Trait::Link(_) => vec![
            format!("- {wrong}"),
            format!("+ 链接 · links: {}", seen.links.join("、")),
        ],
        Trait::Kind(_) => vec![format!("- {wrong}"), format!("+ {seen}")],
        Trait::Contains(_) | Trait::Matches(_) => {
            let found = seen.to_string();
            let found = found.lines().map(|line| format!("+ {line}"));
            std::iter::once(format!("- {wrong}")).chain(found).collect()
        }
    })
}

fn holds(one: &Trait, seen: &Seen) -> bool {
    match one {
        Trait::Equals(text) => seen.text == *text,
        Trait::Contains(text) => seen.text.contains(text),
        Trait::Matches(regex) => regex.is_match(&seen.text),
        Trait::Kind(kind) => seen.kind == kind,
        Trait::Link(label) => seen.links.iter().any(|link| link == label),
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.text.as_str()) {
            ("text" | "line", text) => f.write_str(text),
            (kind, "") => write!(f, "[{kind}]"),
            (kind, text) => write!(f, "[{kind}] {text}"),
        }
    }
}

impl fmt::Display for Trait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(text) => write!(f, "等于 · equals: {text}"),
            Self::Contains(text) => write!(f, "包含 · contains: {text}"),
            Self::Matches(regex) => write!(f, "符合 · matches: {regex}"),
            Self::Kind(kind) => write!(f, "种类 · kind: {kind}"),
            Self::Link(label) => write!(f, "有链接 · link: {label}"),
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Nothing => f.write_str("没有回复 · nothing")?,
            What::Failure(cause) if cause.is_empty() => {
                f.write_str("出故障的提示 · the failure notice")?;
            }
            What::Failure(cause) => write!(f, "出故障的提示 · the failure notice: {cause}")?,
            What::Message(traits) => {
                for (i, one) in traits.iter().enumerate() {
                    let comma = if i == 0 { "" } else { "；" };
                    write!(f, "{comma}{one}")?;
                }
            }
        }
        if let Some(within) = self.within {
            write!(f, "，{:.1} 秒之内 · within", within.as_secs_f64())?;
        }
        if let Some(n) = self.on_delivery {
            write!(f, "，第 {n} 次投递 · on delivery {n}")?;
        }
        Ok(())
    }
}
