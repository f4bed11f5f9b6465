//! An answer as HTML that can do no harm: nothing that a model or a follower wrote becomes a tag, a script, or an address that
//! is opened without a tap.
//!
//! Source: <https://spec.commonmark.org/0.31.2/> with the tables, task lists and strikethrough of GitHub

mod text;

use std::fmt::Write as _;

use echostr::{Markup, meant, settled};
use pulldown_cmark::{
    Alignment, CodeBlockKind, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd,
    TextMergeStream,
};

use self::text::{Address, text_only, text_with_addresses, without_tags};

/// How deep tags stand in each other; what is deeper stays at that level. Browsers have such a limit too.
const DEEPEST: usize = 24;

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
        // With more in it than an address, it is none.
        match Address::of(address).filter(|_| !address.contains(['"', ' '])) {
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
                // The box stands where others have a bullet.
                for begin in ["<li>", "<li><p>"] {
                    if self.out.ends_with(begin) {
                        self.out.truncate(self.out.len() - begin.len());
                        let _ = write!(self.out, "<li class=\"task\">{}", &begin["<li>".len()..]);
                        break;
                    }
                }
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

#[cfg(test)]
mod tests {
    use super::text::LONGEST_ADDRESS;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(html(text, Markup::Markdown), expected, "{text}");
    }

    const A: &str = "<a href=\"https://a.example/\" rel=\"noopener noreferrer nofollow\">";

    #[test]
    fn blocks_become_tags() {
        for (text, expected) in [
            ("", ""),
            ("一", "<p>一</p>"),
            ("一\n二", "<p>一<br>二</p>"),
            ("一  \n二", "<p>一<br>二</p>"),
            ("一\n\n二", "<p>一</p><p>二</p>"),
            ("# 一", "<h2>一</h2>"),
            ("###### 一", "<h6>一</h6>"),
            ("> 一\n> 二", "<blockquote><p>一<br>二</p></blockquote>"),
            ("---", "<hr>"),
            ("- 一\n- 二", "<ul><li>一</li><li>二</li></ul>"),
            (
                "- 一\n\n- 二",
                "<ul><li><p>一</p></li><li><p>二</p></li></ul>",
            ),
            ("1. 一\n2. 二", "<ol><li>一</li><li>二</li></ol>"),
            ("3) 一", "<ol start=\"3\"><li>一</li></ol>"),
            (
                "- [x] 一\n- [ ] 二",
                "<ul><li class=\"task\">☑ 一</li><li class=\"task\">☐ 二</li></ul>",
            ),
            (
                "```rust ignore\na < b\n```",
                "<pre data-language=\"rust\" tabindex=\"0\"><code>a &lt; b\n</code></pre>",
            ),
            (
                "```\"><b\na\n```",
                "<pre tabindex=\"0\"><code>a\n</code></pre>",
            ),
            ("```\na", "<pre tabindex=\"0\"><code>a</code></pre>"),
            (
                "说明\n| a | b | c |\n|---|:-:|--:|\n| 1 | 2 |",
                "<p>说明</p><div class=\"table\" tabindex=\"0\"><table><thead><tr><th>a</th><th class=\"center\">b</th>\
                 <th class=\"right\">c</th></tr></thead><tbody><tr><td>1</td><td class=\"center\">2</td>\
                 <td class=\"right\"></td></tr></tbody></table></div>",
            ),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn what_stands_in_a_line_becomes_tags() {
        for (text, expected) in [
            (
                "**一** *二* ~~三~~ `四`",
                "<p><strong>一</strong> <em>二</em> <del>三</del> <code>四</code></p>",
            ),
            ("**注意：**请看", "<p><strong>注意：</strong>请看</p>"),
            ("3~5 天或 7~9 天", "<p>3~5 天或 7~9 天</p>"),
            ("`a~b`", "<p><code>a~b</code></p>"),
            ("$a_1 + b_2$", "<p>$a_1 + b_2$</p>"),
            ("一<br>二", "<p>一<br>二</p>"),
            ("A & B <c>", "<p>A &amp; B &lt;c&gt;</p>"),
            ("\"'", "<p>&quot;&#39;</p>"),
            ("&lt;b&gt;", "<p>&lt;b&gt;</p>"),
            ("a[^1]", "<p>a[^1]</p>"),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn addresses_of_the_web_and_of_mail_are_links() {
        let a = |rest: &str| format!("<p>{A}{rest}</p>");
        for (text, expected) in [
            ("[一](https://a.example/)", a("一</a>")),
            ("[**一**](https://a.example)", a("<strong>一</strong></a>")),
            ("<https://a.example/>", a("https://a.example/</a>")),
            ("https://a.example/", a("https://a.example/</a>")),
            ("https://a.example/。", a("https://a.example/</a>。")),
            ("https://a.example/）", a("https://a.example/</a>）")),
            ("https://a.example/, b", a("https://a.example/</a>, b")),
            ("https://a.example/) b", a("https://a.example/</a>) b")),
            ("![图](https://a.example/)", a("🖼 图</a>")),
            ("![](https://a.example/)", a("🖼</a>")),
            (
                "[![图](https://b.example/)](https://a.example/)",
                a("🖼 图</a>"),
            ),
            (
                "[a@b.example](mailto:a@b.example?cc=x)",
                "<p><a href=\"mailto:a@b.example\" rel=\"noopener noreferrer nofollow\">a@b.example</a></p>".into(),
            ),
            (
                "<a@b.example>",
                "<p><a href=\"mailto:a@b.example\" rel=\"noopener noreferrer nofollow\">a@b.example</a></p>".into(),
            ),
            (
                "https://a.example/x_y_z~1(2)?a=1&b=2",
                "<p><a href=\"https://a.example/x_y_z~1(2)?a=1&amp;b=2\" rel=\"noopener noreferrer nofollow\">\
                 https://a.example/x_y_z~1(2)?a=1&amp;b=2</a></p>"
                    .into(),
            ),
        ] {
            check(text, &expected);
        }
    }

    #[test]
    fn other_addresses_are_no_links() {
        for address in [
            "javascript:alert(1)",
            "JAVASCRIPT:alert(1)",
            "java&Tab;script:alert(1)",
            "&#106;avascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "weixin://bizmsgmenu?msgmenucontent=1",
            "tel:1",
            "//a.example/",
            "/a",
            "a.html",
            "#a",
            "https://good.example@a.example/",
            "https://a:b@a.example/",
            "https://",
            "mailto:",
        ] {
            check(&format!("[一](<{address}>)"), "<p>一</p>");
            check(&format!("![一](<{address}>)"), "<p>🖼 一</p>");
        }
        let long = format!("https://a.example/{}", "a".repeat(LONGEST_ADDRESS));
        check(&format!("[一]({long})"), "<p>一</p>");
        check("xhttps://a.example/", "<p>xhttps://a.example/</p>");
    }

    #[test]
    fn a_label_that_names_another_host_is_shown_with_the_true_one() {
        let host = |host: &str| format!("<span class=\"host\">{host}</span>");
        for (label, address, expected) in [
            ("good.example", "https://a.example/", host("a.example")),
            (
                "https://good.example",
                "https://a.example/",
                host("a.example"),
            ),
            (
                "见 WWW.Good.Example 。",
                "https://a.example/",
                host("a.example"),
            ),
            ("goo**d.exam**ple", "https://a.example/", host("a.example")),
            ("银行.中国", "https://a.example/", host("a.example")),
            ("a.example", "https://a.example/", String::new()),
            ("a.example/x", "https://www.a.example/", String::new()),
            ("example", "https://a.example/", String::new()),
            ("版本 3.14", "https://a.example/", String::new()),
            ("一", "https://аpple.example/", host("xn--pple-43d.example")),
        ] {
            let shown = html(&format!("[{label}]({address})"), Markup::Markdown);
            let (_, after) = shown.split_once("</a>").expect("a link");
            assert_eq!(after, format!("{expected}</p>"), "{label}");
        }
    }

    #[test]
    fn html_and_what_cannot_be_seen_do_nothing() {
        for (text, expected) in [
            ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
            (
                "<script>\nx\n</script>",
                "<p class=\"raw\">&lt;script&gt;\nx\n&lt;/script&gt;</p>",
            ),
            ("<!-- x -->", "<p class=\"raw\">&lt;!-- x --&gt;</p>"),
            ("a\u{202E}b\u{2066}c\u{1}d", "<p>abcd</p>"),
            ("a\u{FDD0}b\u{FDD1}c", "<p>a\u{FFFD}b\u{FFFD}c</p>"),
            ("a\0b", "<p>ab</p>"),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn a_plain_text_keeps_its_lines_and_its_links() {
        for (text, expected) in [
            ("一\n二\n\n\n三", "<p>一<br>二</p><p>三</p>".to_owned()),
            ("**一**", "<p>**一**</p>".into()),
            ("<b>", "<p>&lt;b&gt;</p>".into()),
            (
                "看<a href=\"https://a.example/\">这里</a>。",
                format!("<p>看{A}这里</a>。</p>"),
            ),
            (
                "<a href=\"javascript:alert(1)\">这里</a>",
                "<p>这里</p>".into(),
            ),
            (
                "<a href=\"javascript:x\" onclick=\"https://a.example/\">这里</a>",
                "<p>这里</p>".into(),
            ),
            (
                "https://a.example/ 好",
                format!("<p>{A}https://a.example/</a> 好</p>"),
            ),
        ] {
            assert_eq!(html(text, Markup::Plain), expected, "{text}");
        }
    }

    /// However a text is cut into pieces, what was settled stays, and together it is what the whole text is.
    #[test]
    fn a_text_that_grows_ends_as_the_whole() {
        let text = "# 一\n\n二 **三** 四。五\n六\n\n- 七\n- 八\n  - 九\n\n  十\n\n说明\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\n\
                    ```rust\nfn main() {\n\n}\n```\n\n> 引\n> 用\n\n1. 一\n2. 二\n\n---\n\n<b>x</b> [链](https://a.example/) 完";
        let whole = html(text, Markup::Markdown);
        let (mut settled, mut at) = (String::new(), 0);
        let ends: Vec<_> = text.char_indices().map(|(place, _)| place).collect();
        for end in ends {
            let rest = &text[at..end];
            let begin = last_block(rest, Markup::Markdown);
            settled.push_str(&html(&rest[..begin], Markup::Markdown));
            at += begin;
            assert!(
                whole.starts_with(&settled),
                "{settled}\nis not the beginning of\n{whole}"
            );
            let last = html(
                shown_so_far(&text[at..end], Markup::Markdown),
                Markup::Markdown,
            );
            let both = format!("{settled}{last}");
            assert!(
                !both.contains("**") && !both.contains("]("),
                "half open: {both}"
            );
        }
        settled.push_str(&html(&text[at..], Markup::Markdown));
        assert_eq!(settled, whole);
    }

    #[test]
    fn code_and_tables_appear_line_by_line() {
        for (block, expected) in [
            ("```rust\nfn a() {\n  b", "```rust\nfn a() {\n"),
            ("| a |\n|---|\n| 1 |\n| 2", "| a |\n|---|\n| 1 |\n"),
            ("一句。两", "一句。"),
            ("一 **二", ""),
        ] {
            assert_eq!(shown_so_far(block, Markup::Markdown), expected);
        }
    }

    #[test]
    fn what_is_deep_or_long_takes_no_time() {
        let start = std::time::Instant::now();
        for text in [
            ">".repeat(100_000),
            "- ".repeat(100_000),
            "[".repeat(100_000),
            "**a ".repeat(50_000),
            "`".repeat(100_000),
            "<a href=\"".repeat(20_000),
            "http://".repeat(30_000),
            "| a ".repeat(50_000),
            "https://a.example/) ".repeat(10_000),
        ] {
            for markup in [Markup::Plain, Markup::Markdown] {
                let shown = html(&text, markup);
                assert!(shown.len() < 40 * text.len(), "{} bytes", shown.len());
                let begin = last_block(&text, markup);
                shown_so_far(&text[begin..], markup);
            }
        }
        let took = start.elapsed();
        assert!(took.as_secs() < 20, "{took:?}");
    }
}
