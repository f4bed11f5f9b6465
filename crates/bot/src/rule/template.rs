//! Variables in replies: `{{message.content}}` becomes what the follower wrote, and never a link.

use std::fmt::Write as _;

use echostr_protocol::Message;
use regex::{Captures, Regex};

use super::check::{nearest, quoted};
use super::question::{Question, written};
use crate::Language;

/// A text with variables, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Box<[Part]>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(Box<str>),
    Value(Variable, Place),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Variable {
    Content,
    Kind,
    Key,
    Scene,
    OpenId,
    AccountId,
    AccountName,
    Date,
    Time,
    Weekday,
    Group(usize),
    NamedGroup(Box<str>),
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Followers read it; it may have links.
    Text,
    Markdown,
    /// All of it is an address.
    Url,
    /// A language model reads it.
    Prompt,
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    Markdown,
    Url,
    Prompt,
}

/// The groups of a rule's regular expressions.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// With that for the whole match.
    count: usize,
    names: Vec<String>,
}

/// Where the values of variables come from.
pub(super) struct Values<'a> {
    pub(super) question: &'a Question<'a>,
    /// What a regular expression has caught.
    pub(super) groups: Option<Captures<'a>>,
}

const NAMES: [(&str, Variable); 10] = [
    ("message.content", Variable::Content),
    ("message.kind", Variable::Kind),
    ("message.key", Variable::Key),
    ("message.scene", Variable::Scene),
    ("follower.openid", Variable::OpenId),
    ("account.id", Variable::AccountId),
    ("account.name", Variable::AccountName),
    ("date", Variable::Date),
    ("time", Variable::Time),
    ("weekday", Variable::Weekday),
];

/// How long a value may be, in characters.
const MAX_CHARS: usize = 500;
/// How many variables may be in one text.
const MAX_VARIABLES: usize = 100;
/// Nobody sees it, and what it stands in is no link.
const BREAK: char = '\u{200b}';
const OPEN: &str = "{{";
const CLOSE: &str = "}}";

impl Groups {
    pub(super) fn of<'r>(regexes: impl IntoIterator<Item = &'r Regex>) -> Self {
        let mut groups = Self::default();
        for regex in regexes {
            groups.count = groups.count.max(regex.captures_len());
            let names = regex.capture_names().flatten();
            groups.names.extend(names.map(str::to_owned));
        }
        groups
    }
}

impl Template {
    /// Parses a text: variables stand in `{{` and `}}`, and `{{{{` is `{{` itself.
    ///
    /// # Errors
    /// The rest of a sentence about the text.
    pub(super) fn parse(text: &str, form: Form, groups: &Groups) -> Result<Self, String> {
        let mut scanner = Scanner::new(form);
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut n_variables = 0;
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            literal.push_str(before);
            if let Some(after) = after.strip_prefix(OPEN) {
                literal.push_str(OPEN);
                rest = after;
                continue;
            }
            let Some((name, after)) = after.split_once(CLOSE) else {
                return Err(format!(
                    "has `{{{{` without `}}}}`: {}; two braces that are none of a variable are written `{{{{{{{{`",
                    quoted(after)
                ));
            };
            scanner.read(&literal);
            let variable = Variable::parse(name.trim(), groups)?;
            let place = scanner.place(name.trim(), &variable)?;
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal).into()));
            }
            parts.push(Part::Value(variable, place));
            n_variables += 1;
            rest = after;
        }
        if n_variables > MAX_VARIABLES {
            return Err(format!(
                "has {n_variables} variables, at most {MAX_VARIABLES} are allowed"
            ));
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal.into()));
        }
        Ok(Self(parts.into()))
    }

    /// A text without variables.
    pub(super) fn literal(text: &str) -> Self {
        Self([Part::Literal(text.into())].into())
    }

    /// The text with its values; `values` is asked for them when there is a variable.
    pub(super) fn render(&self, values: &Values<'_>) -> String {
        let literals = self.0.iter().map(|part| match part {
            Part::Literal(text) => text.len(),
            Part::Value(..) => 32,
        });
        let mut text = String::with_capacity(literals.sum());
        let mut is_after_value = false;
        for part in &self.0 {
            match part {
                Part::Literal(literal) => {
                    if is_after_value {
                        break_before(&mut text, literal);
                    }
                    text.push_str(literal);
                }
                Part::Value(variable, place) => {
                    place.put(&mut text, &variable.value(values), variable.is_ours());
                }
            }
            is_after_value = matches!(part, Part::Value(_, Place::Text | Place::Markdown));
        }
        text
    }

    /// Whether a value comes from a group of a regular expression.
    pub(super) fn has_groups(&self) -> bool {
        self.0.iter().any(|part| {
            matches!(
                part,
                Part::Value(Variable::Group(_) | Variable::NamedGroup(_), _)
            )
        })
    }
}

impl Variable {
    fn parse(name: &str, groups: &Groups) -> Result<Self, String> {
        if let Some((_, variable)) = NAMES.iter().find(|(known, _)| *known == name) {
            return Ok(variable.clone());
        }
        if let Ok(number) = name.parse::<usize>() {
            return if number < groups.count {
                Ok(Self::Group(number))
            } else {
                Err(match groups.count {
                    0 => format!("has `{{{{{name}}}}}`, but the rule has no `when.regex`"),
                    1 => format!(
                        "has `{{{{{name}}}}}`, but no regular expression of the rule has a group in parentheses; `{{{{0}}}}` is \
                         all that it matches"
                    ),
                    2 => format!(
                        "has `{{{{{name}}}}}`, but no regular expression of the rule has more than 1 group"
                    ),
                    count => format!(
                        "has `{{{{{name}}}}}`, but no regular expression of the rule has more than {} groups",
                        count - 1
                    ),
                })
            };
        }
        if groups.names.iter().any(|known| known == name) {
            return Ok(Self::NamedGroup(name.into()));
        }
        let known = NAMES.iter().map(|(known, _)| *known);
        let known = known.chain(groups.names.iter().map(String::as_str));
        let hint = match nearest(name, known) {
            Some(near) => format!("; did you mean `{{{{{near}}}}}`?"),
            None => format!(
                "; there are {}",
                NAMES
                    .map(|(known, _)| format!("`{{{{{known}}}}}`"))
                    .join(", ")
            ),
        };
        let name = quoted(name);
        Err(format!("has the variable {name}, which is not known{hint}"))
    }

    /// Whether no follower has a say in it.
    fn is_ours(&self) -> bool {
        matches!(
            self,
            Self::Kind
                | Self::AccountId
                | Self::AccountName
                | Self::Date
                | Self::Time
                | Self::Weekday
        )
    }

    fn value(&self, values: &Values<'_>) -> String {
        let question = values.question;
        let Values { groups, .. } = values;
        match self {
            Self::Content => written(question.message).unwrap_or_default().into(),
            Self::Kind => question.kind.to_string(),
            Self::Key => question.key.unwrap_or_default().into(),
            Self::Scene => question.scene.unwrap_or_default().into(),
            Self::OpenId => Message::from_user(question.message).to_string(),
            Self::AccountId => question.account.id.to_string(),
            Self::AccountName => question.account.name.clone(),
            Self::Date => question.local.date(),
            Self::Time => question.local.time(),
            Self::Weekday => weekday(question).into(),
            Self::Group(number) => {
                let group = groups.as_ref().and_then(|groups| groups.get(*number));
                group.map_or_else(String::new, |group| group.as_str().into())
            }
            Self::NamedGroup(name) => {
                let group = groups.as_ref().and_then(|groups| groups.name(name));
                group.map_or_else(String::new, |group| group.as_str().into())
            }
        }
    }
}

fn weekday(question: &Question<'_>) -> &'static str {
    const CHINESE: [&str; 7] = [
        "星期一",
        "星期二",
        "星期三",
        "星期四",
        "星期五",
        "星期六",
        "星期日",
    ];
    const ENGLISH: [&str; 7] = [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ];
    let names = match question.account.language {
        Language::Chinese => CHINESE,
        Language::English => ENGLISH,
    };
    names[usize::from(question.local.weekday()) - 1]
}

impl Place {
    /// Writes a value down so that it is nothing but text; what is ours may be a link.
    fn put(self, text: &mut String, value: &str, is_ours: bool) {
        let value = value.chars().filter(|character| !is_control(*character));
        for character in value.take(MAX_CHARS) {
            if !is_ours && matches!(self, Self::Text | Self::Markdown) && is_link(text, character) {
                text.push(BREAK);
            }
            match self {
                Self::Text => text.push(wide(character)),
                Self::Markdown => {
                    if "\\`*_[]#|~!&".contains(character) {
                        text.push('\\');
                    }
                    text.push(wide(character));
                }
                Self::Url => put_percent(text, character),
                Self::Prompt => text.push(character),
            }
        }
    }
}

fn wide(character: char) -> char {
    match character {
        '<' => '＜',
        '>' => '＞',
        other => other,
    }
}

/// Breaks the link that a value and what stands behind it would be.
fn break_before(text: &mut String, literal: &str) {
    if let Some(next) = literal.chars().next()
        && is_link(text, next)
    {
        text.push(BREAK);
    }
}

/// Whether clients may take `text` and what comes next for a link: `http:/`, `www.e`, `name.t`.
fn is_link(text: &str, next: char) -> bool {
    match text.as_bytes().last() {
        Some(b'.') => next.is_alphanumeric() && !next.is_ascii_digit(),
        Some(b':') => next == '/',
        _ => false,
    }
}

fn put_percent(text: &mut String, character: char) {
    if character == '\n' {
        return;
    }
    let mut bytes = [0; 4];
    for byte in character.encode_utf8(&mut bytes).bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
}

/// What is not seen and only does harm; ends of lines stay.
fn is_control(character: char) -> bool {
    match character {
        '\n' => false,
        '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => true,
        other => other.is_control(),
    }
}

/// Follows a text up to a variable, to know where that stands.
struct Scanner {
    form: Form,
    state: State,
    /// Of the attribute.
    name: String,
    /// What may be an address, up to here.
    url: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The last character of `url` is the last of the text.
    Text,
    /// After `<`.
    Opening,
    /// Between `<a` and `>`.
    Tag,
    /// Between these quotes in a tag.
    Attribute(char),
    /// Between `](` and `)` in Markdown.
    Target,
}

impl Scanner {
    fn new(form: Form) -> Self {
        Self {
            form,
            state: State::Text,
            name: String::new(),
            url: String::new(),
        }
    }

    fn read(&mut self, literal: &str) {
        match self.form {
            Form::Prompt => {}
            Form::Url => self.url.push_str(literal),
            Form::Text | Form::Markdown => {
                literal.chars().for_each(|it| self.read_one(it));
            }
        }
    }

    fn read_one(&mut self, character: char) {
        let is_markdown = self.form == Form::Markdown;
        self.state = match (self.state, character) {
            (State::Opening, 'a'..='z' | 'A'..='Z' | '/' | '!') => {
                self.name.clear();
                State::Tag
            }
            (State::Text | State::Opening, '<') => {
                self.url.clear();
                State::Opening
            }
            (State::Text, '(') if is_markdown && self.url.ends_with(']') => {
                self.url.clear();
                State::Target
            }
            (State::Text | State::Opening, other) => {
                if other.is_whitespace() || !other.is_ascii() || other == '"' {
                    self.url.clear();
                } else {
                    self.url.push(other);
                }
                // `](` is seen by its `]`, whatever stands before it.
                if other == ']' {
                    self.url = "]".into();
                }
                State::Text
            }
            (State::Tag, quote @ ('"' | '\'')) => {
                self.url.clear();
                State::Attribute(quote)
            }
            (State::Tag, '>') | (State::Target, ')') => {
                self.url.clear();
                State::Text
            }
            (State::Tag, other) => {
                if other.is_whitespace() {
                    self.name.clear();
                } else if other != '=' {
                    self.name.push(other.to_ascii_lowercase());
                }
                State::Tag
            }
            (State::Attribute(quote), other) if quote == other => {
                self.name.clear();
                State::Tag
            }
            (state @ (State::Attribute(_) | State::Target), other) => {
                self.url.push(other);
                state
            }
        };
    }

    /// Where a variable stands that comes now.
    fn place(&mut self, name: &str, variable: &Variable) -> Result<Place, String> {
        let place = match (self.form, self.state) {
            (Form::Prompt, _) if variable.is_ours() || *variable == Variable::OpenId => {
                Place::Prompt
            }
            (Form::Prompt, _) => {
                return Err(format!(
                    "has `{{{{{name}}}}}`, but what a follower writes has no place in a prompt: the model is asked it anyway"
                ));
            }
            (Form::Url, _) => self.in_url(name)?,
            (_, State::Opening | State::Tag) => {
                return Err(format!(
                    "has `{{{{{name}}}}}` within `<` and `>`, where it may only stand between quotes, as in \
                     `<a href=\"https://example.com/{{{{{name}}}}}\">`"
                ));
            }
            (_, State::Attribute(_)) if self.name != "href" => Place::Url,
            (_, State::Attribute(_) | State::Target) => self.in_url(name)?,
            (Form::Text | Form::Markdown, State::Text) if self.url.contains("://") => {
                self.in_url(name)?
            }
            (Form::Markdown, State::Text) => Place::Markdown,
            (Form::Text, State::Text) => Place::Text,
        };
        // Whatever it will be, it is something.
        self.url.push('_');
        Ok(place)
    }

    fn in_url(&self, name: &str) -> Result<Place, String> {
        let after_scheme = self.url.split_once("://").map(|(_, rest)| rest);
        let is_after_host =
            after_scheme.is_some_and(|rest| rest.find(['/', '?', '#']).is_some_and(|end| end > 0));
        if is_after_host {
            Ok(Place::Url)
        } else {
            Err(format!(
                "has `{{{{{name}}}}}` in an address before its path, so that followers could choose where it leads; it may \
                 stand behind the host, as in `https://example.com/{{{{{name}}}}}`"
            ))
        }
    }
}
