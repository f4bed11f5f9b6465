//! The outbox: what a follower types or taps to read on, and the parts in which an answer is given out.

use std::fmt::Write as _;
use std::sync::Arc;

use echostr_protocol::{MAX_TEXT_BYTES, Message, Reply, TEXT_BUDGET_BYTES, cut};

use crate::answer::{Footer, Markup};
use crate::journal::{Id, Link, LinkRecord};
use crate::progress::Next;
use crate::{Language, Texts, settled};

/// How many characters of a question are kept to name it.
const QUESTION_CHARACTERS: usize = 20;

/// What a part has at the least, whatever stands around it.
const LEAST_BYTES: usize = 64;

/// What a follower wants of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A certain page. What is not one of ours is an ordinary text when only its number says so.
    Page(Link, Option<Link>),
    /// To read on, or to read the last text again: 继续.
    More,
    /// To read on: `1`.
    One,
}

/// What a message wants of the outbox, if anything: `1` and 继续 may still be ordinary texts.
pub(crate) fn wanted(message: &Message) -> Option<Wanted> {
    let Message::Text(text) = message else {
        return None;
    };
    let by_number = number(&text.content);
    if let Some(id) = text.menu_id.as_deref().and_then(id_of) {
        return Some(Wanted::Page(Link::Id(id), by_number.map(Link::Number)));
    }
    if let Some(number) = by_number {
        return Some(Wanted::Page(Link::Number(number), None));
    }
    match text.content.trim() {
        "1" | "１" => Some(Wanted::One),
        word if WORDS.iter().any(|more| word.eq_ignore_ascii_case(more)) => Some(Wanted::More),
        _ => None,
    }
}

/// The words for reading on: in front of the number in a link's text, and alone.
const WORDS: [&str; 3] = ["继续", "more", "continue"];

fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let word = WORDS.iter().find(|word| {
        text.get(..word.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(word))
    })?;
    let digits = text[word.len()..].trim_start();
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}

/// Our ids in `msgmenuid`; other ids are the owner's.
const ID_PREFIX: &str = "echostr-";

fn id_of(menu_id: &str) -> Option<Id> {
    let digits = menu_id.strip_prefix(ID_PREFIX)?;
    let is_id = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| Id::from_str_radix(digits, 16).ok())?
}

/// A link that makes the follower say `继续12`, by which the page is known even when a client drops the id.
pub(crate) fn link(link: &LinkRecord, label: &str, language: Language) -> String {
    let word = match language {
        Language::Chinese => WORDS[0],
        Language::English => WORDS[1],
    };
    let number = match link.number {
        0 => String::new(),
        number => number.to_string(),
    };
    format!(
        "<a href=\"weixin://bizmsgmenu?msgmenucontent={word}{number}&msgmenuid={ID_PREFIX}{:032x}\">{label}</a>",
        link.id
    )
}

/// A link to a page.
pub(crate) fn link_to(url: &str, label: &str) -> String {
    format!("<a href=\"{url}\">{label}</a>")
}

/// The beginning of a question, for people to know it by.
pub(crate) fn question(message: &Message) -> String {
    let Message::Text(text) = message else {
        return message.kind().chars().take(QUESTION_CHARACTERS).collect();
    };
    // What a follower wrote must not become a link in what we write.
    let line = text
        .content
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let line = line.replace(['<', '>'], "");
    let mut characters = line.chars();
    let mut question: String = characters.by_ref().take(QUESTION_CHARACTERS).collect();
    if characters.next().is_some() {
        question.push('…');
    }
    question
}

/// A part of an answer, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) reply: Reply,
    /// How many bytes of the text are in it; nothing when it is all that is left.
    pub(crate) bytes: Option<usize>,
    /// Whether it has anything of the answer: a placeholder has nothing.
    pub(crate) is_some: bool,
    /// Whether the answer was still made.
    pub(crate) is_so_far: bool,
}

/// What stands around a part.
pub(crate) struct Frame<'a> {
    pub(crate) texts: &'a Texts,
    /// The question, when the answer has to name it.
    pub(crate) question: Option<&'a str>,
    /// How many further answers wait.
    pub(crate) others: usize,
    /// What stands under a text; the links only under its last part.
    pub(crate) footer: Footer,
    /// The link to what follows.
    pub(crate) more: Option<String>,
    /// What stands for an answer of which nothing has come.
    pub(crate) wait: String,
}

impl Frame<'_> {
    /// Whether the next part is not the last: then a link is needed.
    pub(crate) fn needs_link(&self, next: &Next) -> bool {
        match next {
            Next::Text(text) => self.ending(text).is_none(),
            Next::SoFar(..) => true,
            Next::Other(_) | Next::Nothing => false,
        }
    }

    /// The next part.
    pub(crate) fn part(&self, next: Next) -> Part {
        match next {
            Next::Nothing => Part {
                reply: Reply::Silence,
                bytes: None,
                is_some: false,
                is_so_far: false,
            },
            Next::Other(reply) => Part {
                reply,
                bytes: None,
                is_some: true,
                is_so_far: false,
            },
            Next::Text(text) => {
                if let Some(whole) = self.ending(&text) {
                    return Part {
                        reply: Reply::Text(whole),
                        bytes: None,
                        is_some: true,
                        is_so_far: false,
                    };
                }
                let bytes = cut(&text, self.room());
                self.cut_part(&text[..bytes], bytes)
            }
            Next::SoFar(text, markup) => match so_far(&text, markup, self.room()) {
                Some((shown, bytes)) => Part {
                    is_so_far: true,
                    ..self.cut_part(&shown, bytes)
                },
                None => Part {
                    reply: Reply::Text(self.wait.clone()),
                    bytes: Some(0),
                    is_some: false,
                    is_so_far: false,
                },
            },
        }
    }

    /// The whole rest, if it fits into one message.
    fn ending(&self, text: &str) -> Option<String> {
        let labelled = Footer {
            links: String::new(),
            ..self.footer.clone()
        };
        // Links under a text are not worth a page of their own.
        [&self.footer, &labelled].into_iter().find_map(|footer| {
            let mut whole = footer.under(self.heading() + text);
            if self.others > 0 {
                whole = with_unread(&whole, self.texts, self.others);
            }
            (whole.len() <= MAX_TEXT_BYTES).then_some(whole)
        })
    }

    fn cut_part(&self, shown: &str, bytes: usize) -> Part {
        let mut text = self.heading();
        text.push_str(shown.trim_end());
        for part in [Some(&self.footer.label), self.more.as_ref()] {
            if let Some(part) = part.filter(|part| !part.is_empty()) {
                let _ = write!(text, "\n\n{part}");
            }
        }
        Part {
            reply: Reply::Text(text),
            bytes: Some(bytes),
            is_some: true,
            is_so_far: false,
        }
    }

    fn heading(&self) -> String {
        self.question.map_or_else(String::new, |question| {
            let earlier = self.texts.earlier.replacen("{question}", question, 1);
            format!("{earlier}\n")
        })
    }

    fn room(&self) -> usize {
        let below = [Some(&self.footer.label), self.more.as_ref()];
        let below = below.into_iter().flatten().map(|part| part.len() + 2);
        // Texts of sane length leave far more.
        TEXT_BUDGET_BYTES
            .saturating_sub(self.heading().len() + below.sum::<usize>())
            .max(LEAST_BYTES)
    }
}

/// The text, and that so many further answers wait.
pub(crate) fn with_unread(text: &str, texts: &Texts, n_others: usize) -> String {
    let others = texts.unread.replacen("{n}", &n_others.to_string(), 1);
    format!("{text}\n\n{others}")
}

/// What may be shown of a text that is still written, as it is shown, and how many bytes of the source that takes.
fn so_far(source: &str, markup: Markup, room: usize) -> Option<(String, usize)> {
    let mut limit = room;
    loop {
        let within = &source[..cut(source, limit)];
        let bytes = match markup {
            Markup::Plain => end_of_sentence(within),
            Markup::Markdown => settled(within),
        };
        // A text that is far ahead may be cut anywhere; one that just begins waits for its first sentence.
        let bytes = if bytes == 0 && source.len() > limit {
            within.len()
        } else {
            bytes
        };
        let shown = markup.shown(&source[..bytes]);
        if shown.len() <= room {
            return (!shown.trim().is_empty()).then_some((shown, bytes));
        }
        limit = limit * 3 / 4;
    }
}

/// Where the last line or sentence ends that is complete.
fn end_of_sentence(text: &str) -> usize {
    let mut ends = text.char_indices().filter_map(|(place, character)| {
        let end = place + character.len_utf8();
        let is_end = match character {
            '\n' | '。' | '！' | '？' | '…' | '；' => true,
            '.' | '!' | '?' | ';' => text[end..].starts_with([' ', '\n']),
            _ => false,
        };
        is_end.then_some(end)
    });
    let end = ends.next_back().unwrap_or_default();
    // A quotation ends with its sentence.
    let closing = ['”', '’', '」', '』', '）', ')', '"'];
    let rest = &text[end..];
    if end == 0 {
        return 0;
    }
    end + rest.len() - rest.trim_start_matches(closing).len()
}

/// A reply that carries a text as it is.
pub(crate) fn text(text: &str) -> Arc<Reply> {
    Arc::new(if text.is_empty() {
        Reply::Silence
    } else {
        Reply::from(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use echostr_protocol::Document;

    #[track_caller]
    fn check(content: &str, menu_id: &str, expected: Option<&Wanted>) {
        let menu_id = match menu_id {
            "" => String::new(),
            id => format!("<bizmsgmenuid><![CDATA[{id}]]></bizmsgmenuid>"),
        };
        let push = format!(
            "<xml><FromUserName>o1</FromUserName><MsgType>text</MsgType><Content><![CDATA[{content}]]></Content>{menu_id}</xml>"
        );
        let message = Message::parse(Document::parse(push.as_bytes()).expect("a push"));
        assert_eq!(wanted(&message).as_ref(), expected, "{content}");
    }

    #[test]
    fn a_page_is_asked_for_by_id_and_by_number() {
        let id = "echostr-000102030405060708090a0b0c0d0e0f";
        let link = Link::Id(0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f);
        check(
            "继续12",
            id,
            Some(&Wanted::Page(link.clone(), Some(Link::Number(12)))),
        );
        check("查看", id, Some(&Wanted::Page(link, None)));
        for text in ["继续12", " 继续 12 ", "more12", "More 12", "continue 12"] {
            check(text, "", Some(&Wanted::Page(Link::Number(12), None)));
        }
        check("继续12", "101", Some(&Wanted::Page(Link::Number(12), None)));
    }

    #[test]
    fn a_word_asks_for_whatever_waits() {
        check("继续", "", Some(&Wanted::More));
        check(" more\n", "", Some(&Wanted::More));
        check("1", "", Some(&Wanted::One));
        check("１", "", Some(&Wanted::One));
    }

    #[test]
    fn other_texts_are_the_bots() {
        for text in [
            "12",
            "继续说",
            "继续12吧",
            "11",
            "",
            "more or less",
            "继续-1",
        ] {
            check(text, "", None);
        }
        check("查看", "101", None);
        check("查看", "echostr-1", None);
        check("继续99999999999999999999999", "", None);
    }

    #[test]
    fn a_text_that_is_still_written_is_shown_to_the_end_of_a_sentence() {
        for (text, expected) in [
            ("", 0),
            ("还没有", 0),
            ("第一句。第二", 12),
            ("「第一句。」第二", 18),
            ("One. Two", 4),
            ("3.14 is", 0),
            ("一行\n两", 7),
        ] {
            assert_eq!(end_of_sentence(text), expected, "{text}");
        }
    }
}
