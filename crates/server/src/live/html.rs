//! An answer as HTML that can do no harm: nothing that a model or a follower wrote becomes a tag, a script, or an address that
//! is opened without a tap.
//!
//! Source: <https://spec.commonmark.org/0.31.2/> with the tables, task lists and strikethrough of GitHub

use std::fmt::Write as _;

use echostr::{Markup, meant, settled};
use pulldown_cmark::{
    Alignment, CodeBlockKind, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd,
    TextMergeStream,
};
use reqwest::Url;

/// How deep tags stand in each other; what is deeper stays at that level. Browsers have such a limit too.
const DEEPEST: usize = 24;

/// Addresses that are longer are no links.
const LONGEST_ADDRESS: usize = 2048;

/// What `prepared` Markdown has for a `~`, and for nothing.
const TILDE: char = '\u{FDD0}';
const NOTHING: char = '\u{FDD1}';

/// A whole text.
pub(crate) fn html(text: &str, markup: Markup) -> String {
    match markup {
        Markup::Plain => plain(text),
        Markup::Markdown => markdown(text),
    }
}

/// Where the last block of a text begins that is still being written: what stands before does not change any more, but for
/// the labels of links that are defined later.
pub(crate) fn last_block(text: &str, markup: Markup) -> usize {
    // The last line may still become anything.
    let lines = &text[..text.rfind('\n').map_or(0, |place| place + 1)];
    match markup {
        Markup::Plain => lines.rfind("\n\n").map_or(0, |place| place + 2),
        Markup::Markdown => {
            let (mut depth, mut begin) = (0_usize, 0);
            for (event, range) in Parser::new_ext(lines, options()).into_offset_iter() {
                match event {
                    Event::Start(_) => {
                        if depth == 0 {
                            begin = range.start;
                        }
                        depth += 1;
                    }
                    Event::End(_) => depth = depth.saturating_sub(1),
                    _ if depth == 0 => begin = range.start,
                    _ => {}
                }
            }
            // From the beginning of its line: indentation counts.
            lines[..begin].rfind('\n').map_or(0, |place| place + 1)
        }
    }
}

/// How much of the last block can be shown: nothing that is half open, but every line of code and every row of a table.
pub(crate) fn shown_so_far(block: &str, markup: Markup) -> &str {
    match markup {
        Markup::Plain => block,
        Markup::Markdown => {
            let lines = &block[..block.rfind('\n').map_or(0, |place| place + 1)];
            let last = Parser::new_ext(lines, options()).find_map(|event| match event {
                Event::Start(Tag::CodeBlock(_) | Tag::Table(_)) => Some(lines.len()),
                Event::Start(_) => Some(0),
                _ => None,
            });
            &block[..settled(block).max(last.unwrap_or_default())]
        }
    }
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH
}

fn markdown(text: &str) -> String {
    let source = meant(text);
    let mut writer = Writer::default();
    for event in TextMergeStream::new(Parser::new_ext(&source, options())) {
        writer.event(event);
    }
    writer.out
}

/// Paragraphs with line breaks, and the links that a WeChat text can have.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for paragraph in text.split("\n\n") {
        let paragraph = paragraph.trim_matches('\n');
        if paragraph.trim().is_empty() {
            continue;
        }
        out.push_str("<p>");
        for (place, line) in paragraph.lines().enumerate() {
            if place > 0 {
                out.push_str("<br>");
            }
            plain_line(line, &mut out);
        }
        out.push_str("</p>");
    }
    out
}

/// `<a href="https://…">label</a>` is what an account's own text may have in it; it is a link in WeChat, too.
fn plain_line(line: &str, out: &mut String) {
    let mut rest = line;
    while let Some(begin) = rest.find("<a href=\"") {
        let link = &rest[begin + "<a href=\"".len()..];
        let parts = link.split_once("\">").and_then(|(address, more)| {
            let (label, more) = more.split_once("</a>")?;
            Some((address, label, more))
        });
        let Some((address, label, more)) = parts else {
            break;
        };
        text_with_addresses(&rest[..begin], out);
        match Address::of(address) {
            Some(address) => {
                address.open(out);
                text_only(label, out);
                address.close(label, out);
            }
            None => text_only(label, out),
        }
        rest = more;
    }
    text_with_addresses(rest, out);
}

/// Turns events into tags of our own.
#[derive(Default)]
struct Writer {
    out: String,
    /// What closes each tag that is open; nothing for those that are too deep.
    open: Vec<&'static str>,
    /// The link that is open, with what was written of its label.
    link: Option<(Option<Address>, usize)>,
    /// The picture that is open: its address and its description.
    image: Option<(Option<Address>, String)>,
    alignments: Vec<Alignment>,
    column: usize,
    is_head: bool,
    is_code: bool,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        if let Some((_, description)) = &mut self.image {
            // A description has no tags.
            match event {
                Event::End(TagEnd::Image) => self.end_of_image(),
                Event::Text(text) | Event::Code(text) | Event::InlineMath(text) => {
                    description.push_str(&text);
                }
                Event::SoftBreak | Event::HardBreak => description.push(' '),
                _ => {}
            }
            return;
        }
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.is_code || self.link.is_some() => {
                text_only(&text, &mut self.out);
            }
            Event::Text(text) => text_with_addresses(&text, &mut self.out),
            Event::Code(code) => {
                self.out.push_str("<code>");
                text_only(&code, &mut self.out);
                self.out.push_str("</code>");
            }
            Event::InlineMath(formula) => self.formula("$", &formula),
            Event::DisplayMath(formula) => self.formula("$$", &formula),
            Event::Html(html) | Event::InlineHtml(html) => {
                if is_line_break(&html) {
                    self.out.push_str("<br>");
                } else {
                    text_only(&html, &mut self.out);
                }
            }
            Event::FootnoteReference(label) => {
                text_only(&format!("[^{label}]"), &mut self.out);
            }
            // As models mean it.
            Event::SoftBreak | Event::HardBreak => self.out.push_str("<br>"),
            Event::Rule => self.out.push_str("<hr>"),
            Event::TaskListMarker(is_done) => {
                self.out.push_str(if is_done { "☑ " } else { "☐ " });
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.tag("<p>", "</p>"),
            Tag::HtmlBlock => self.tag("<p class=\"raw\">", "</p>"),
            Tag::Heading { level, .. } => {
                let (begin, end) = heading(level);
                self.tag(begin, end);
            }
            Tag::BlockQuote(_) => self.nested("<blockquote>", "</blockquote>"),
            Tag::CodeBlock(kind) => {
                self.is_code = true;
                self.out.push_str("<pre");
                if let Some(language) = language(&kind) {
                    let _ = write!(self.out, " data-language=\"{language}\"");
                }
                // It can be scrolled by keys, too.
                self.tag(" tabindex=\"0\"><code>", "</code></pre>");
            }
            Tag::List(None) => self.nested("<ul>", "</ul>"),
            Tag::List(Some(1)) => self.nested("<ol>", "</ol>"),
            Tag::List(Some(number)) => {
                let is_open = self.open.len() < DEEPEST;
                if is_open {
                    let _ = write!(self.out, "<ol start=\"{number}\">");
                }
                self.open.push(if is_open { "</ol>" } else { "" });
            }
            Tag::Item => self.nested("<li>", "</li>"),
            Tag::Table(alignments) => {
                self.alignments = alignments;
                self.tag(
                    "<div class=\"table\" tabindex=\"0\"><table>",
                    "</tbody></table></div>",
                );
            }
            Tag::TableHead => {
                (self.is_head, self.column) = (true, 0);
                self.tag("<thead><tr>", "</tr></thead><tbody>");
            }
            Tag::TableRow => {
                self.column = 0;
                self.tag("<tr>", "</tr>");
            }
            Tag::TableCell => self.cell(),
            Tag::Emphasis => self.nested("<em>", "</em>"),
            Tag::Strong => self.nested("<strong>", "</strong>"),
            Tag::Strikethrough => self.nested("<del>", "</del>"),
            Tag::Link {
                link_type,
                dest_url,
                ..
            } => {
                let address = match link_type {
                    LinkType::Email => Address::of(&format!("mailto:{dest_url}")),
                    _ => Address::of(&dest_url),
                };
                if let Some(address) = &address {
                    address.open(&mut self.out);
                }
                self.link = Some((address, self.out.len()));
                self.open.push("");
            }
            Tag::Image { dest_url, .. } => {
                self.image = Some((Address::of(&dest_url), String::new()));
            }
            _ => self.tag("", ""),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::CodeBlock => self.is_code = false,
            TagEnd::TableHead => self.is_head = false,
            TagEnd::Link => {
                if let Some((Some(address), begin)) = self.link.take() {
                    let label = without_tags(&self.out[begin..]);
                    address.close(&label, &mut self.out);
                }
            }
            _ => {}
        }
        self.out.push_str(self.open.pop().unwrap_or_default());
    }

    fn tag(&mut self, begin: &'static str, end: &'static str) {
        self.out.push_str(begin);
        self.open.push(end);
    }

    /// A tag that can stand in others of its kind.
    fn nested(&mut self, begin: &'static str, end: &'static str) {
        if self.open.len() < DEEPEST {
            self.tag(begin, end);
        } else {
            self.tag("", "");
        }
    }

    fn cell(&mut self) {
        let alignment = self.alignments.get(self.column);
        self.column += 1;
        let class = match alignment {
            Some(Alignment::Center) => " class=\"center\"",
            Some(Alignment::Right) => " class=\"right\"",
            _ => "",
        };
        let (name, end) = if self.is_head {
            ("th", "</th>")
        } else {
            ("td", "</td>")
        };
        let _ = write!(self.out, "<{name}{class}>");
        self.open.push(end);
    }

    fn formula(&mut self, sign: &str, formula: &str) {
        text_only(&format!("{sign}{formula}{sign}"), &mut self.out);
    }

    /// Nothing is loaded from elsewhere: a picture is a link to it.
    fn end_of_image(&mut self) {
        let Some((address, description)) = self.image.take() else {
            return;
        };
        let description = match description.trim() {
            "" => "🖼",
            description => &format!("🖼 {description}"),
        };
        match address.filter(|_| self.link.is_none()) {
            Some(address) => {
                address.open(&mut self.out);
                text_only(description, &mut self.out);
                address.close(description, &mut self.out);
            }
            None => text_only(description, &mut self.out),
        }
    }
}

/// The page has a heading of its own.
fn heading(level: HeadingLevel) -> (&'static str, &'static str) {
    match level {
        HeadingLevel::H1 => ("<h2>", "</h2>"),
        HeadingLevel::H2 => ("<h3>", "</h3>"),
        HeadingLevel::H3 => ("<h4>", "</h4>"),
        HeadingLevel::H4 => ("<h5>", "</h5>"),
        HeadingLevel::H5 | HeadingLevel::H6 => ("<h6>", "</h6>"),
    }
}

/// The language that is named for a block of code, if it is a name.
fn language<'a>(kind: &'a CodeBlockKind<'_>) -> Option<&'a str> {
    let CodeBlockKind::Fenced(info) = kind else {
        return None;
    };
    let name = info.split_whitespace().next()?;
    let is_name = |name: &str| {
        name.len() <= 20
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+#._-".contains(&byte))
    };
    is_name(name).then_some(name)
}

fn is_line_break(html: &str) -> bool {
    let html = html.trim().to_ascii_lowercase();
    matches!(&*html, "<br>" | "<br/>" | "<br />")
}

/// Where a link may lead.
struct Address {
    href: String,
    host: Option<String>,
}

impl Address {
    /// An absolute address of the web or of e-mail, read as browsers read it. One with a name before the host (`a@b`) is none:
    /// it is only ever written to deceive.
    fn of(address: &str) -> Option<Self> {
        if address.len() > LONGEST_ADDRESS {
            return None;
        }
        let address = address.replace(TILDE, "~").replace(NOTHING, "");
        let mut url = Url::parse(&address).ok()?;
        match url.scheme() {
            "http" | "https" => {
                let is_open = url.username().is_empty() && url.password().is_none();
                let host = url.host_str().filter(|_| is_open)?.to_owned();
                Some(Self {
                    href: url.into(),
                    host: Some(host),
                })
            }
            "mailto" => {
                // No text and no further recipients.
                url.set_query(None);
                url.set_fragment(None);
                url.path().contains('@').then(|| Self {
                    href: url.into(),
                    host: None,
                })
            }
            _ => None,
        }
    }

    fn open(&self, out: &mut String) {
        out.push_str("<a href=\"");
        text_only(&self.href, out);
        out.push_str("\" rel=\"noopener noreferrer nofollow\">");
    }

    /// Ends the link. When its label names another host, or the host is not written in Latin letters, the true one stands
    /// beside it.
    fn close(&self, label: &str, out: &mut String) {
        out.push_str("</a>");
        if let Some(host) = &self.host
            && (names_another_host(label, host) || host.contains("xn--"))
        {
            out.push_str("<span class=\"host\">");
            text_only(host, out);
            out.push_str("</span>");
        }
    }
}

/// The text of HTML that was written here.
fn without_tags(html: &str) -> String {
    let pieces = html
        .split('<')
        .enumerate()
        .map(|(place, piece)| match place {
            0 => piece,
            _ => piece.split_once('>').map_or("", |(_, text)| text),
        });
    pieces.collect()
}

fn names_another_host(label: &str, host: &str) -> bool {
    let is_of_host = |character: char| character.is_alphanumeric() || ".-".contains(character);
    let host = host.strip_prefix("www.").unwrap_or(host);
    // Only what may be an address: `3.14` and `Node.js 有` are none, but neither of them leads anywhere.
    let mut words = label.split(|character| !is_of_host(character));
    words.any(|word| {
        let word = word.trim_matches(['.', '-']).to_lowercase();
        let word = word.strip_prefix("www.").unwrap_or(&word);
        let ending = word.rsplit('.').next().unwrap_or_default();
        let is_host = word.contains('.')
            && ending.chars().count() >= 2
            && ending.chars().all(char::is_alphabetic);
        is_host && word != host && !host.ends_with(&format!(".{word}"))
    })
}

/// A text in which addresses of the web are links.
fn text_with_addresses(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(begin) = begin_of_address(rest) {
        let (before, address) = rest.split_at(begin);
        text_only(before, out);
        let address = &address[..end_of_address(address)];
        match Address::of(address) {
            Some(known) => {
                known.open(out);
                text_only(address, out);
                known.close(address, out);
            }
            None => text_only(address, out),
        }
        rest = &rest[begin + address.len()..];
    }
    text_only(rest, out);
}

fn begin_of_address(text: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let begin = from + text[from..].find("http")?;
        let scheme = &text[begin..];
        let is_begin = !text[..begin].ends_with(|before: char| before.is_ascii_alphanumeric());
        if is_begin && (scheme.starts_with("http://") || scheme.starts_with("https://")) {
            return Some(begin);
        }
        from = begin + "http".len();
    }
}

/// Punctuation at the end belongs to the sentence, and so does whatever is not ASCII.
fn end_of_address(text: &str) -> usize {
    let is_part = |character: char| {
        character == TILDE || character.is_ascii_graphic() && !"<>\"`\\^{}|".contains(character)
    };
    let end = text
        .find(|character| !is_part(character))
        .unwrap_or(text.len());
    let mut address = &text[..end];
    loop {
        let trimmed = address.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_']);
        let has_open = trimmed.matches('(').count() >= trimmed.matches(')').count();
        let trimmed = match trimmed.strip_suffix(')') {
            Some(shorter) if !has_open => shorter,
            _ => trimmed,
        };
        if trimmed.len() == address.len() {
            return address.len();
        }
        address = trimmed;
    }
}

/// A text with nothing in it that means anything in HTML. Characters that cannot be seen and change how others are shown are
/// left out.
fn text_only(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            TILDE => out.push('~'),
            NOTHING => {}
            '\n' | '\t' => out.push(character),
            // Embeddings and overrides of the direction.
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {}
            _ if character.is_control() => {}
            _ => out.push(character),
        }
    }
}
