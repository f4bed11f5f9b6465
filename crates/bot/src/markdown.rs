//! Markdown, as language models write it, made readable in a WeChat text: line breaks, links and signs are all it has.
//!
//! Source: <https://spec.commonmark.org/0.31.2/> with the tables, task lists, strikethrough and footnotes of GitHub

use std::collections::{BTreeMap, HashMap};
use std::mem::take;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// A Markdown text as it reads well in a WeChat text message. Without white space at its ends.
///
/// | Markdown | here |
/// |---|---|
/// | blocks | a blank line between them where the Markdown has one, and always before a heading and around code and tables; never two |
/// | a line break | stays a line break, as models mean it; no wrapped lines are joined |
/// | `# A`, `## A` | `【A】` |
/// | `### A` and below | `▎A` |
/// | `A` with `---` or `===` under it | `A` and a rule: most often the rule was meant |
/// | `- a` | `• a`, then `◦`, then `▪`; one full-width space of indentation per level |
/// | `3. a`, `3) a` | as written, counting on |
/// | `- [ ] a`, `- [x] a` | `☐ a`, `☑ a` |
/// | `> a` | `｜a` |
/// | `---` | `——————` |
/// | code | as it is, without its fence, under a line `—— python ——` when the language is named |
/// | a table with two columns | its head `▎水果：价格`, then a line `苹果：5 元` per row |
/// | a wider table | a paragraph per row, a line `表头：值` per cell that is not empty |
/// | `[a](https://…)` | a link; an address as its own label, and an address in the text, stay bare |
/// | `[a](mailto:b)`, `[a](tel:b)` | `a（b）` |
/// | `[a](other)` | `a` |
/// | `![a](https://…)` | a link `图片：a`; without an address that can be opened `[图片：a]` |
/// | emphasis | its text |
/// | `a[^x]` | `a[1]`, and a line `[1] …` at the end |
/// | HTML | its text; `<br>` is a line break, `<sup>` is `^`, tags that HTML does not have (`Vec<u8>`) stay |
/// | `$a_1$` | as it is |
///
/// Only the links in this table can be tapped: an `<a` in the text or in code is written `＜a`, so that a model cannot
/// make a link to `weixin://…`. Quotes are shown three levels deep, lists six; what is deeper stays at that level.
pub fn readable(markdown: &str) -> String {
    let prepared = prepare(markdown);
    let mut writer = Writer::new(&prepared.source);
    for (event, range) in parse(&prepared.source) {
        writer.write(event, &range);
    }
    writer.finish()
}

/// How much of a Markdown text that is still being written can be shown: a byte position. [`readable`] makes of the text
/// before it the beginning of what it makes of the whole text, whatever comes.
///
/// It is the end of the last complete block (a paragraph or a list item before a blank line or another block, a heading,
/// a closed code block, a table before a blank line), or of the last complete sentence in a paragraph or list item, as long
/// as no emphasis, code, link or formula is open before it. 0 when nothing is complete. Whether a sentence is over shows
/// in the character after it: `。` may be followed by `”`.
///
/// The line breaks behind the position are not part of it. What is left reads well on its own; an inner list whose
/// beginning was shown goes on as an outer one then. A later definition of a `[label]` or of a footnote is the exception
/// to the promise.
pub fn settled(markdown: &str) -> usize {
    let prepared = prepare(markdown);
    let source = &prepared.source;
    // The last line may still become anything. A sentence that ends in it shows that it is text.
    let lines = &source[..source.rfind('\n').map_or(0, |position| position + 1)];
    let finished = Outline::of(lines);
    let end = finished
        .end_of_blocks()
        .max(finished.end_of_sentences())
        .max(Outline::of(source).end_of_sentences());
    prepared.position(without_blank_lines(&source[..end]).len())
}

/// A Markdown text in which a parser of CommonMark finds what a Chinese model meant: `**注意：**请` is emphasis, `3~5 天`
/// strikes nothing out, a table needs no blank line before it.
///
/// U+FDD0 stands in it for a `~`, and U+FDD1 for nothing at all; Unicode keeps them for such use, and they are in no text that
/// comes from elsewhere. Whoever shows the text puts back what they stand for.
pub fn meant(markdown: &str) -> String {
    prepare(markdown).source
}

fn parse(source: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_MATH;
    Parser::new_ext(source, options).into_offset_iter()
}

// Stand-ins inside this file: Unicode keeps these code points for that.

/// A single `~`: in `3~5 天` it does not strike anything out.
const TILDE: char = '\u{FDD0}';
/// Nothing. It stands between punctuation and `**`.
const NOTHING: char = '\u{FDD1}';
/// The `<` of a link of ours.
const LINK: char = '\u{FDD2}';

/// A text in which CommonMark finds what a Chinese model meant.
struct Prepared {
    source: String,
    /// Where line breaks were added, as positions in `source`.
    added: Vec<usize>,
    /// Where indentation was removed, and how many bytes.
    removed: Vec<(usize, usize)>,
}

/// - `**注意：**请` is no emphasis in CommonMark, because the second `**` stands between punctuation and a letter.
/// - A pair of single `~` would strike out what stands between two ranges.
/// - A table needs a blank line before it.
/// - The rest of a text may begin with an item of an inner list: it is no code.
fn prepare(markdown: &str) -> Prepared {
    let mut source = String::with_capacity(markdown.len() + markdown.len() / 8);
    let mut added = Vec::new();
    let mut removed = Vec::new();
    let mut indentation = usize::MAX;
    let mut fence: Option<Fence> = None;
    let mut before_is_text = false;
    let mut lines = markdown.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let begins_table = line.trim_start().starts_with('|')
            && !is_delimiter_row(line)
            && lines.peek().is_some_and(|next| is_delimiter_row(next));
        if begins_table && before_is_text && fence.is_none() {
            added.push(source.len());
            source.push('\n');
        }
        match (&fence, Fence::of(line)) {
            (Some(open), Some(close)) if close.closes(open) => fence = None,
            (None, opened) => fence = opened,
            _ => {}
        }
        before_is_text = !line.trim().is_empty();
        let spaces = line.len() - line.trim_start_matches(' ').len();
        if before_is_text {
            indentation = indentation.min(spaces);
        }
        let spaces = spaces.min(indentation);
        if spaces > 0 {
            removed.push((source.len(), spaces));
        }
        prepare_line(&line[spaces..], &mut source);
    }
    Prepared {
        source,
        added,
        removed,
    }
}

/// Whether the text ends within a fenced code block: what follows is code.
pub(crate) fn ends_in_code(markdown: &str) -> bool {
    let fences = markdown.lines().filter_map(Fence::of);
    let open = fences.fold(None, |open: Option<Fence>, fence| match open {
        Some(open) if fence.closes(&open) => None,
        Some(open) => Some(open),
        None => Some(fence),
    });
    open.is_some()
}

fn prepare_line(line: &str, source: &mut String) {
    let mut before = None;
    let mut rest = line.chars().peekable();
    while let Some(character) = rest.next() {
        if character != '*' && character != '~' {
            source.push(match character {
                TILDE | NOTHING | LINK => char::REPLACEMENT_CHARACTER,
                other => other,
            });
            before = Some(character);
            continue;
        }
        let mut run = 1;
        while rest.next_if_eq(&character).is_some() {
            run += 1;
        }
        let after = rest.peek().copied();
        let stands_between =
            |sign: Option<char>, letter: Option<char>| is_sign(sign) && is_chinese_letter(letter);
        if run == 1 && character == '~' {
            source.push(TILDE);
        } else {
            if stands_between(before, after) && before != Some('\\') {
                source.push(NOTHING);
            }
            source.extend(std::iter::repeat_n(character, run));
            if stands_between(after, before) {
                source.push(NOTHING);
            }
        }
        before = Some(character);
    }
}

impl Prepared {
    /// The position in the text as it came.
    fn position(&self, position: usize) -> usize {
        let stand_ins = self.source[..position].chars();
        let longer: usize = stand_ins
            .map(|character| match character {
                TILDE => TILDE.len_utf8() - 1,
                NOTHING => NOTHING.len_utf8(),
                _ => 0,
            })
            .sum();
        let added = self.added.iter().filter(|added| **added < position);
        let removed = self.removed.iter().filter(|(line, _)| *line < position);
        position - longer - added.count() + removed.map(|(_, bytes)| bytes).sum::<usize>()
    }
}

/// The line that opens or closes a code block: three or more of its sign.
struct Fence {
    sign: char,
    length: usize,
    has_info: bool,
}

impl Fence {
    fn of(line: &str) -> Option<Self> {
        let line = line.trim();
        let sign = line
            .chars()
            .next()
            .filter(|sign| ['`', '~'].contains(sign))?;
        let info = line.trim_start_matches(sign);
        let length = line.len() - info.len();
        (length >= 3 && !(sign == '`' && info.contains('`'))).then_some(Self {
            sign,
            length,
            has_info: !info.is_empty(),
        })
    }

    fn closes(&self, open: &Self) -> bool {
        self.sign == open.sign && self.length >= open.length && !self.has_info
    }
}

/// The line under the head of a table: `|---|:-:|`.
fn is_delimiter_row(line: &str) -> bool {
    let line = line.trim();
    line.contains('|')
        && line.contains('-')
        && line.trim_matches(['|', ':', '-', ' ', '\t']).is_empty()
}

fn is_sign(character: Option<char>) -> bool {
    character.is_some_and(|character| !character.is_alphanumeric() && !character.is_whitespace())
}

fn is_chinese_letter(character: Option<char>) -> bool {
    character.is_some_and(|character| !character.is_ascii() && character.is_alphanumeric())
}

/// Writes the events of the parser down.
struct Writer<'a> {
    source: &'a str,
    page: Page,
    /// The pages that wait while a footnote is written, each with the number of that footnote.
    waiting: Vec<(Page, usize)>,
    footnotes: BTreeMap<usize, String>,
    numbers: HashMap<String, usize>,
    /// Headings, table cells and labels are written aside: they are shown when they are complete.
    aside: Vec<String>,
    /// The link or image whose label is being written, and how many are open: only the outermost is shown as one.
    target: Option<Target>,
    n_targets: usize,
    code: Option<String>,
    html: Option<String>,
    table: Vec<Vec<String>>,
    is_underlined: bool,
}

enum Target {
    Link(String),
    Image(String),
}

impl<'a> Writer<'a> {
    fn new(source: &'a str) -> Self {
        Self {
            source,
            page: Page::default(),
            waiting: Vec::new(),
            footnotes: BTreeMap::new(),
            numbers: HashMap::new(),
            aside: Vec::new(),
            target: None,
            n_targets: 0,
            code: None,
            html: None,
            table: Vec::new(),
            is_underlined: false,
        }
    }

    fn write(&mut self, event: Event<'_>, range: &Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match (&mut self.code, &mut self.html) {
                (Some(verbatim), _) | (_, Some(verbatim)) => verbatim.push_str(&text),
                _ => self.text(&text, range),
            },
            Event::Html(html) => self.html.get_or_insert_default().push_str(&html),
            Event::Code(text) => self.text(&text, range),
            Event::InlineMath(formula) => self.text(&format!("${formula}$"), range),
            Event::DisplayMath(formula) => self.text(&format!("$${formula}$$"), range),
            Event::InlineHtml(tag) => self.text(&text_of_html(&tag), range),
            // After `<br>` the line is new already.
            Event::SoftBreak | Event::HardBreak
                if self.aside.is_empty() && self.page.is_new_line => {}
            Event::SoftBreak | Event::HardBreak => self.text("\n", range),
            Event::Rule => {
                self.block(range, false);
                self.page.push(RULE);
            }
            Event::TaskListMarker(is_done) => self.page.mark(is_done),
            Event::FootnoteReference(label) => {
                let number = self.number(&label);
                self.text(&format!("[{number}]"), range);
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: &Range<usize>) {
        match tag {
            Tag::Paragraph => {
                self.block(range, false);
                self.page.set_in_text(true);
            }
            Tag::Heading { .. } => {
                self.is_underlined = is_underlined(&self.source[range.clone()]);
                self.block(range, !self.is_underlined);
                if self.is_underlined {
                    self.page.set_in_text(true);
                } else {
                    self.aside.push(String::new());
                }
            }
            Tag::BlockQuote(_) => {
                self.block(range, false);
                self.page.enter_quote();
            }
            Tag::List(start) => {
                self.block(range, false);
                self.page.enter_list(start);
            }
            Tag::Item => {
                self.block(range, false);
                let after_number =
                    self.source[range.clone()].trim_start_matches(|c: char| c.is_ascii_digit());
                self.page
                    .enter_item(after_number.chars().next().unwrap_or('.'));
            }
            Tag::CodeBlock(kind) => {
                self.block(range, true);
                self.code = Some(title_of_code(&kind));
            }
            Tag::HtmlBlock => {
                self.block(range, false);
                self.html = Some(String::new());
            }
            Tag::Table(_) => self.block(range, true),
            Tag::TableHead | Tag::TableRow => self.table.push(Vec::new()),
            Tag::TableCell => self.aside.push(String::new()),
            Tag::FootnoteDefinition(label) => {
                let number = self.number(&label);
                self.waiting.push((take(&mut self.page), number));
            }
            Tag::Link { dest_url, .. } => {
                self.start_label(Target::Link(url_of(&dest_url)), range);
            }
            Tag::Image { dest_url, .. } => {
                self.start_label(Target::Image(url_of(&dest_url)), range);
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.page.set_in_text(false),
            TagEnd::Heading(_) if self.is_underlined => {
                self.page.set_in_text(false);
                self.page.break_line();
                self.page.push(RULE);
            }
            TagEnd::Heading(level) => {
                let heading = self.aside.pop().unwrap_or_default();
                self.page.push(&shown_heading(&heading, level));
            }
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item => self.page.leave(),
            TagEnd::CodeBlock => {
                let code = self.code.take().unwrap_or_default();
                self.page
                    .push_code(&code.chars().filter_map(shown).collect::<String>());
            }
            TagEnd::HtmlBlock => {
                let html = self.html.take().unwrap_or_default();
                let text: String = text_of_html(&html).chars().filter_map(shown).collect();
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                self.page.push(&lines.collect::<Vec<_>>().join("\n"));
            }
            TagEnd::TableCell => {
                let cell = self.aside.pop().unwrap_or_default();
                if let Some(row) = self.table.last_mut() {
                    row.push(cell.trim().to_owned());
                }
            }
            TagEnd::Table => {
                let rows = take(&mut self.table);
                self.page.push(&shown_table(&rows));
                self.page.is_apart = true;
            }
            TagEnd::FootnoteDefinition => {
                if let Some((page, number)) = self.waiting.pop() {
                    let footnote = std::mem::replace(&mut self.page, page).out;
                    self.footnotes.entry(number).or_insert(footnote);
                }
            }
            TagEnd::Link | TagEnd::Image => self.end_label(),
            _ => {}
        }
    }

    /// Begins a block: after a blank line when it has to stand apart or does so in the source.
    fn block(&mut self, range: &Range<usize>, stands_apart: bool) {
        let is_apart = || stands_apart || is_blank_before(self.source, range.start);
        self.page.begin_block(is_apart);
    }

    fn text(&mut self, text: &str, range: &Range<usize>) {
        let text = text.chars().filter_map(shown);
        if let Some(aside) = self.aside.last_mut() {
            aside.extend(text);
            return;
        }
        let text: String = text.collect();
        self.begin_text(range);
        self.page.push(&text);
    }

    /// The text of an item in a list without blank lines is no paragraph for the parser.
    fn begin_text(&mut self, range: &Range<usize>) {
        if !self.page.is_in_text() {
            self.block(range, false);
            self.page.set_in_text(true);
        }
    }

    fn start_label(&mut self, target: Target, range: &Range<usize>) {
        self.n_targets += 1;
        if self.n_targets == 1 {
            if self.aside.is_empty() {
                self.begin_text(range);
            }
            self.target = Some(target);
            self.aside.push(String::new());
        }
    }

    fn end_label(&mut self) {
        self.n_targets -= 1;
        if self.n_targets > 0 {
            return;
        }
        let label = one_line(&self.aside.pop().unwrap_or_default());
        let link = match self.target.take() {
            Some(Target::Link(url)) => shown_link(&url, &label),
            Some(Target::Image(url)) => shown_image(&url, &label),
            None => label,
        };
        match self.aside.last_mut() {
            Some(aside) => aside.push_str(&link),
            None => self.page.push(&link),
        }
    }

    /// The number of a footnote, in the order in which they are mentioned.
    fn number(&mut self, label: &str) -> usize {
        let next = self.numbers.len() + 1;
        *self.numbers.entry(label.to_lowercase()).or_insert(next)
    }

    fn finish(self) -> String {
        let mut out = self.page.out;
        for (index, (number, footnote)) in self.footnotes.iter().enumerate() {
            out.push_str(if index == 0 { "\n\n" } else { "\n" });
            out.push_str(&shown_footnote(*number));
            out.push(' ');
            out.push_str(footnote);
        }
        harmless(out.trim_start_matches('\n').trim_end())
    }
}

/// The lines written so far, and how the next one begins.
struct Page {
    out: String,
    is_new_line: bool,
    /// A blank line comes before the next one; it begins with this.
    gap: Option<String>,
    /// The last block stands apart from whatever follows.
    is_apart: bool,
    /// What a line begins with inside the open quotes and items.
    prefix: String,
    /// The same without the indentation of items: code is copied.
    code_prefix: String,
    /// The first line of an item begins with this instead.
    lead: Option<String>,
    frames: Vec<Frame>,
    n_quotes: usize,
    n_lists: usize,
}

/// An open quote, list or item, or the page itself.
struct Frame {
    kind: FrameKind,
    has_block: bool,
    is_in_text: bool,
    /// The prefixes outside of it.
    prefix_bytes: usize,
    code_prefix_bytes: usize,
}

enum FrameKind {
    Page,
    Quote,
    /// The number of the next item, if they have numbers.
    List(Option<u64>),
    /// The bytes of the bullet, which a task's box replaces; 0 for a number.
    Item(usize),
}

const RULE: &str = "——————";
const INDENT: &str = "　";
const QUOTE: &str = "｜";
const DEEPEST_QUOTE: usize = 3;
const DEEPEST_LIST: usize = 6;

impl Default for Page {
    fn default() -> Self {
        let mut page = Self {
            out: String::new(),
            is_new_line: true,
            gap: None,
            is_apart: false,
            prefix: String::new(),
            code_prefix: String::new(),
            lead: None,
            frames: Vec::new(),
            n_quotes: 0,
            n_lists: 0,
        };
        page.enter(FrameKind::Page);
        page
    }
}

impl Page {
    fn begin_block(&mut self, stands_apart: impl FnOnce() -> bool) {
        let frame = self.frame();
        frame.is_in_text = false;
        let is_first = !std::mem::replace(&mut frame.has_block, true);
        self.is_new_line = true;
        // The first block of an item stands on the line of its bullet.
        if is_first || self.lead.is_some() || !(self.is_apart || stands_apart()) {
            return;
        }
        // Where several begin, the blank line is outside of them all.
        if self
            .gap
            .as_ref()
            .is_none_or(|gap| self.prefix.len() < gap.len())
        {
            self.gap = Some(self.prefix.clone());
        }
    }

    fn enter_quote(&mut self) {
        self.enter(FrameKind::Quote);
        self.n_quotes += 1;
        if self.n_quotes <= DEEPEST_QUOTE {
            self.prefix.push_str(QUOTE);
            self.code_prefix.push_str(QUOTE);
            if let Some(lead) = &mut self.lead {
                lead.push_str(QUOTE);
            }
        }
    }

    fn enter_list(&mut self, start: Option<u64>) {
        self.enter(FrameKind::List(start));
        self.n_lists += 1;
    }

    /// The sign after the number is the one of the source: `1.` or `1)`.
    fn enter_item(&mut self, after_number: char) {
        let bullet = match self.n_lists {
            1 => "• ",
            2 => "◦ ",
            _ => "▪ ",
        };
        let mut marker = bullet.to_owned();
        let mut bullet_bytes = bullet.len();
        if let FrameKind::List(Some(number)) = &mut self.frame().kind {
            marker = format!("{number}{after_number} ");
            bullet_bytes = 0;
            *number = number.saturating_add(1);
        }
        let lead = self.lead.take().unwrap_or_else(|| self.prefix.clone());
        if self.n_lists <= DEEPEST_LIST {
            self.enter(FrameKind::Item(bullet_bytes));
            self.prefix.push_str(INDENT);
            self.lead = Some(lead + &marker);
        } else {
            self.enter(FrameKind::Item(0));
            self.lead = Some(lead);
        }
    }

    fn mark(&mut self, is_done: bool) {
        let bullet_bytes = match self.frame().kind {
            FrameKind::Item(bullet_bytes) => bullet_bytes,
            _ => 0,
        };
        if let Some(lead) = &mut self.lead {
            lead.truncate(lead.len() - bullet_bytes);
            lead.push_str(if is_done { "☑ " } else { "☐ " });
        }
    }

    fn enter(&mut self, kind: FrameKind) {
        self.frames.push(Frame {
            kind,
            has_block: false,
            is_in_text: false,
            prefix_bytes: self.prefix.len(),
            code_prefix_bytes: self.code_prefix.len(),
        });
    }

    fn leave(&mut self) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        self.prefix.truncate(frame.prefix_bytes);
        self.code_prefix.truncate(frame.code_prefix_bytes);
        match frame.kind {
            FrameKind::Quote => self.n_quotes -= 1,
            FrameKind::List(_) => self.n_lists -= 1,
            FrameKind::Item(_) => self.push_lead(),
            FrameKind::Page => {}
        }
    }

    /// An empty item is its bullet or number: a line `1998.` is one.
    fn push_lead(&mut self) {
        if self.lead.is_some() {
            self.begin_line(false);
            self.out.truncate(self.out.trim_end_matches(' ').len());
            self.is_new_line = true;
        }
    }

    fn push(&mut self, text: &str) {
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.break_line();
            }
            if !line.is_empty() {
                if self.is_new_line {
                    self.begin_line(false);
                }
                self.out.push_str(line);
            }
        }
    }

    fn push_code(&mut self, code: &str) {
        self.push_lead();
        for line in code.trim_end().lines() {
            self.begin_line(true);
            self.out.push_str(line);
        }
        self.is_apart = true;
    }

    fn break_line(&mut self) {
        if self.is_new_line && self.lead.is_none() && self.gap.is_none() {
            self.gap = Some(self.prefix.clone());
        }
        self.is_new_line = true;
    }

    fn begin_line(&mut self, is_code: bool) {
        let gap = self.gap.take();
        if !self.out.is_empty() {
            self.out.push('\n');
            if let Some(prefix) = gap {
                self.out.push_str(prefix.trim_end());
                self.out.push('\n');
            }
        }
        match self.lead.take() {
            Some(lead) => self.out.push_str(&lead),
            None if is_code => self.out.push_str(&self.code_prefix),
            None => self.out.push_str(&self.prefix),
        }
        self.is_new_line = false;
        self.is_apart = false;
    }

    fn is_in_text(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.is_in_text)
    }

    fn set_in_text(&mut self, is_in_text: bool) {
        self.frame().is_in_text = is_in_text;
    }

    fn frame(&mut self) -> &mut Frame {
        self.frames
            .last_mut()
            .expect("the page's own frame is never left")
    }
}

fn shown_heading(heading: &str, level: HeadingLevel) -> String {
    let heading = one_line(heading);
    match level {
        _ if heading.is_empty() => heading,
        HeadingLevel::H1 | HeadingLevel::H2
            if heading.starts_with('【') && heading.ends_with('】') =>
        {
            heading
        }
        HeadingLevel::H1 | HeadingLevel::H2 => format!("【{heading}】"),
        _ => format!("▎{heading}"),
    }
}

fn title_of_code(kind: &CodeBlockKind<'_>) -> String {
    let CodeBlockKind::Fenced(info) = kind else {
        return String::new();
    };
    let language = info.split([' ', ',', '{', '\t']).next().unwrap_or_default();
    match language {
        "" | "text" | "txt" | "plain" | "plaintext" => String::new(),
        _ => format!("—— {language} ——\n"),
    }
}

/// A table's head and rows as lines of `key：value`: on a phone no columns stand under each other.
fn shown_table(rows: &[Vec<String>]) -> String {
    let Some((head, rows)) = rows.split_first() else {
        return String::new();
    };
    if head.len() > 2 && !rows.is_empty() {
        let paragraphs = rows
            .iter()
            .enumerate()
            .map(|(index, row)| shown_row(head, row, index == 0));
        return paragraphs
            .filter(|row| !row.is_empty())
            .collect::<Vec<_>>()
            .join("\n\n");
    }
    let line = |row: &Vec<String>| match row.as_slice() {
        [key, value] => pair(key, value),
        cells => cells.join("、"),
    };
    let title = Some(line(head)).filter(|title| !title.is_empty());
    let lines = title
        .map(|title| format!("▎{title}"))
        .into_iter()
        .chain(rows.iter().map(line));
    lines
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The longest head of a column that is repeated for each row. A table must not become the square of itself.
const LONGEST_KEY_BYTES: usize = 120;

fn shown_row(head: &[String], row: &[String], is_first: bool) -> String {
    let cells = head.iter().zip(row).filter(|(_, value)| !value.is_empty());
    let lines = cells.map(|(key, value)| match key.len() {
        0..=LONGEST_KEY_BYTES => pair(key, value),
        _ if is_first => pair(key, value),
        _ => value.clone(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn pair(key: &str, value: &str) -> String {
    let key = key.trim_end_matches(['：', ':']);
    match (key, value) {
        ("", _) => value.to_owned(),
        (_, "") => key.to_owned(),
        _ if key.is_ascii() => format!("{key}: {value}"),
        _ => format!("{key}：{value}"),
    }
}

fn shown_link(url: &str, label: &str) -> String {
    let address = url
        .strip_prefix("mailto:")
        .or_else(|| url.strip_prefix("tel:"))
        .map(|rest| rest.split('?').next().unwrap_or_default());
    match address {
        Some(address) if label.is_empty() || label == address || label == url => address.to_owned(),
        Some(address) if label.is_ascii() => format!("{label} ({address})"),
        Some(address) => format!("{label}（{address}）"),
        None if !is_web(url) => label.to_owned(),
        None if label.is_empty() || label == url => url.to_owned(),
        None => link(url, label),
    }
}

fn shown_image(url: &str, alt: &str) -> String {
    let label = match alt {
        "" => "图片".to_owned(),
        _ => format!("图片：{alt}"),
    };
    if is_web(url) {
        link(url, &label)
    } else {
        format!("[{label}]")
    }
}

fn shown_footnote(number: usize) -> String {
    format!("[{number}]")
}

fn link(url: &str, label: &str) -> String {
    let label = label.replace('<', "＜");
    format!("{LINK}a href=\"{url}\">{label}{LINK}/a>")
}

fn is_web(url: &str) -> bool {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    !rest.is_empty()
        && (scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http"))
}

/// An address that stands between double quotes.
fn url_of(address: &str) -> String {
    let mut url = String::with_capacity(address.len());
    for character in address.trim().chars() {
        if ['"', '<', '>'].contains(&character)
            || character.is_whitespace()
            || character.is_control()
        {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                url.push('%');
                url.extend(
                    [byte >> 4, byte & 15]
                        .map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])),
                );
            }
        } else {
            url.extend(shown(character));
        }
    }
    url
}

/// A label in which no line breaks: between Chinese characters there is no space instead.
fn one_line(label: &str) -> String {
    let mut line = String::with_capacity(label.len());
    for part in label
        .split('\n')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let is_chinese = line.chars().next_back().is_some_and(is_wide)
            && part.chars().next().is_some_and(is_wide);
        if !line.is_empty() && !is_chinese {
            line.push(' ');
        }
        line.push_str(part);
    }
    line
}

/// Chinese characters and punctuation, Japanese kana.
fn is_wide(character: char) -> bool {
    matches!(character, '\u{2E80}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FFEF}' | '\u{20000}'..='\u{3FFFF}')
}

/// A character of the source without its stand-in; nothing for one that no message may have.
fn shown(character: char) -> Option<char> {
    match character {
        TILDE => Some('~'),
        NOTHING | LINK => None,
        '\n' | '\t' => Some(character),
        _ if character.is_control() => None,
        _ => Some(character),
    }
}

/// Puts the links of ours in, and breaks what only looks like one.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (position, character) in text.char_indices() {
        out.push(match character {
            LINK => '<',
            '<' if begins_link(&text[position + 1..]) => '＜',
            _ => character,
        });
    }
    out
}

/// Whether WeChat could take what follows a `<` for a link or the end of one. `_wc_custom_link_` is its own element.
fn begins_link(text: &str) -> bool {
    let name = text.strip_prefix('/').unwrap_or(text);
    match name.strip_prefix(['a', 'A']) {
        Some(rest) => !rest.starts_with(|character: char| character.is_ascii_alphanumeric()),
        None => name.starts_with('_'),
    }
}

/// HTML without comments and tags. A `<` that begins neither stays.
fn text_of_html(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        push_decoded(&rest[..start], &mut text);
        rest = &rest[start..];
        if rest.starts_with("<!--") {
            rest = rest.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let end = rest[1..].find(['<', '>']).map(|end| end + 1);
        if let Some(end) = end.filter(|end| rest[*end..].starts_with('>')) {
            let (tag, after) = rest.split_at(end + 1);
            text.push_str(text_of_tag(tag).unwrap_or(tag));
            rest = after;
        } else {
            text.push('<');
            rest = &rest[1..];
        }
    }
    push_decoded(rest, &mut text);
    text
}

/// What stands for a tag, nothing if HTML has no such element: `Vec<String>` was meant as text.
fn text_of_tag(tag: &str) -> Option<&'static str> {
    let tag = tag.trim_matches(['<', '>']);
    if tag.starts_with(['!', '?']) {
        return Some("");
    }
    let is_end = tag.starts_with('/');
    let name = tag
        .trim_start_matches('/')
        .split(|c: char| !c.is_ascii_alphanumeric())
        .next();
    match name.unwrap_or_default().to_ascii_lowercase().as_str() {
        "sup" => Some(if is_end { "" } else { "^" }),
        "li" => Some(if is_end { "\n" } else { "\n• " }),
        "td" | "th" => Some(" "),
        name if LINE_ELEMENTS.contains(&name) => Some("\n"),
        name if TEXT_ELEMENTS.contains(&name) => Some(""),
        _ => None,
    }
}

/// The elements that stand on lines of their own.
const LINE_ELEMENTS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "title",
    "tr",
    "ul",
];

const TEXT_ELEMENTS: &[&str] = &[
    "a", "abbr", "audio", "b", "bdi", "bdo", "big", "button", "caption", "cite", "code", "col",
    "colgroup", "data", "del", "dfn", "em", "font", "i", "iframe", "img", "input", "ins", "kbd",
    "label", "link", "mark", "meta", "picture", "q", "rp", "rt", "ruby", "s", "samp", "script",
    "small", "source", "span", "strike", "strong", "style", "sub", "svg", "textarea", "time", "tt",
    "u", "var", "video", "wbr",
];

/// The parser decodes the entities of text, not those of an HTML block.
fn push_decoded(html: &str, text: &mut String) {
    const ENTITIES: [(&str, char); 6] = [
        ("&nbsp;", ' '),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&quot;", '"'),
        ("&#39;", '\''),
        ("&amp;", '&'),
    ];
    let mut rest = html;
    while let Some(start) = rest.find('&') {
        text.push_str(&rest[..start]);
        rest = &rest[start..];
        let entity = ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity));
        let (entity, character) = entity.copied().unwrap_or(("&", '&'));
        text.push(character);
        rest = &rest[entity.len()..];
    }
    text.push_str(rest);
}

/// Whether the line before this one is blank, a quote's sign aside.
fn is_blank_before(source: &str, position: usize) -> bool {
    let before = &source[..position];
    let Some(line_end) = before.rfind('\n') else {
        return false;
    };
    let line = before[..line_end].trim_end_matches([' ', '\t', '\r', '>']);
    line.is_empty() || line.ends_with('\n')
}

/// A heading whose sign is the line under it.
fn is_underlined(heading: &str) -> bool {
    !heading.starts_with('#')
}

/// What [`settled`] needs to know: the last block, and the sentences in it.
struct Outline<'a> {
    source: &'a str,
    last: Block,
    is_in_text: bool,
    /// Where its sentences end.
    sentences: Vec<usize>,
    /// The first sign that may begin emphasis, code, a link or a formula.
    open: Option<usize>,
    brackets: Vec<usize>,
}

#[derive(Default)]
struct Block {
    kind: BlockKind,
    range: Range<usize>,
}

/// Blocks by what completes them.
#[derive(Default, PartialEq)]
enum BlockKind {
    /// The end of the line.
    Line,
    /// A blank line. There are sentences in it.
    Text,
    /// A blank line.
    Lines,
    /// A blank line behind it: it can have some itself.
    Html,
    /// Its closing fence: without one it reaches behind the last line.
    Fenced,
    /// Only another block.
    #[default]
    Open,
}

impl<'a> Outline<'a> {
    fn of(source: &'a str) -> Self {
        let mut outline = Self {
            source,
            last: Block::default(),
            is_in_text: false,
            sentences: Vec::new(),
            open: None,
            brackets: Vec::new(),
        };
        // Blocks whose inside does not matter, and emphasis or links.
        let (mut n_closed, mut n_spans) = (0_usize, 0_usize);
        for (event, range) in parse(source) {
            match event {
                Event::Start(_) if n_closed > 0 => n_closed += 1,
                Event::End(_) if n_closed > 0 => n_closed -= 1,
                _ if n_closed > 0 => {}
                Event::Start(tag) => match outline.kind(&tag, &range) {
                    None => {
                        outline.begin_text(range);
                        n_spans += 1;
                    }
                    Some(kind) => {
                        let is_closed =
                            kind != BlockKind::Text && !matches!(tag, Tag::List(_) | Tag::Item);
                        n_closed += usize::from(is_closed);
                        outline.begin(kind, range);
                    }
                },
                Event::End(_) if n_spans > 0 => n_spans -= 1,
                Event::End(_) => outline.is_in_text = false,
                Event::Rule => outline.begin(BlockKind::Line, range),
                Event::Text(_) => {
                    outline.begin_text(range.clone());
                    if n_spans == 0 {
                        outline.read(range);
                    }
                }
                _ => outline.begin_text(range),
            }
        }
        outline
    }

    /// Nothing for what stands inside a paragraph.
    fn kind(&self, tag: &Tag<'_>, range: &Range<usize>) -> Option<BlockKind> {
        match tag {
            Tag::Paragraph => Some(BlockKind::Text),
            Tag::Heading { .. } if is_underlined(&self.source[range.clone()]) => {
                Some(BlockKind::Text)
            }
            Tag::Heading { .. } => Some(BlockKind::Line),
            Tag::BlockQuote(_) | Tag::Table(_) => Some(BlockKind::Lines),
            Tag::HtmlBlock => Some(BlockKind::Html),
            Tag::CodeBlock(CodeBlockKind::Fenced(_)) => Some(BlockKind::Fenced),
            Tag::CodeBlock(CodeBlockKind::Indented)
            | Tag::List(_)
            | Tag::Item
            | Tag::FootnoteDefinition(_) => Some(BlockKind::Open),
            _ => None,
        }
    }

    fn begin(&mut self, kind: BlockKind, range: Range<usize>) {
        self.is_in_text = kind == BlockKind::Text;
        self.last = Block { kind, range };
        self.sentences.clear();
        self.brackets.clear();
        self.open = None;
    }

    fn begin_text(&mut self, range: Range<usize>) {
        if !self.is_in_text {
            self.begin(BlockKind::Text, range);
        }
    }

    fn read(&mut self, range: Range<usize>) {
        for (offset, character) in self.source[range.clone()].char_indices() {
            let position = range.start + offset;
            let end = position + character.len_utf8();
            let before = &self.source[..position];
            let is_escaped = offset == 0 && before.ends_with('\\') && !before.ends_with("\\\\");
            if is_escaped {
                continue;
            }
            match character {
                '[' => self.brackets.push(position),
                ']' => {
                    self.brackets.pop();
                }
                _ if may_open(character, before, &self.source[end..]) => {
                    self.open.get_or_insert(position);
                }
                _ => {}
            }
            if self.brackets.is_empty() && ends_sentence(self.source, end) {
                self.sentences.push(end);
            }
        }
    }

    /// The end of the last complete block.
    fn end_of_blocks(&self) -> usize {
        let source = self.source;
        let Block { kind, range } = &self.last;
        let is_complete = match kind {
            BlockKind::Line => true,
            BlockKind::Text | BlockKind::Lines => ends_blank(source),
            BlockKind::Html => range.end < source.len() && ends_blank(source),
            BlockKind::Fenced => !source[range.clone()].ends_with('\n'),
            BlockKind::Open => false,
        };
        if is_complete {
            source.len()
        } else {
            line_start(source, range.start)
        }
    }

    /// The end of the last complete sentence, if the last block is made of sentences.
    fn end_of_sentences(&self) -> usize {
        if self.last.kind != BlockKind::Text {
            return 0;
        }
        let text = &self.source[self.last.range.start..];
        // A line with a `|` may become the head of a table.
        let table = text
            .find('|')
            .map(|position| line_start(self.source, self.last.range.start + position));
        let limits = [self.open, self.brackets.first().copied(), table];
        let limit = limits
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(self.source.len());
        let mut complete = self.sentences.iter().rev().filter(|end| **end <= limit);
        complete.next().copied().unwrap_or(0)
    }
}

/// Whether something that is closed later may begin with this character.
fn may_open(character: char, before: &str, after: &str) -> bool {
    let next = after.chars().next();
    let stands_before_text = next.is_none_or(|next| !next.is_whitespace());
    match character {
        '`' => true,
        '*' | '~' | '$' => stands_before_text,
        '_' => stands_before_text && !before.ends_with(char::is_alphanumeric),
        '<' => {
            next.is_none_or(|next| next.is_ascii_alphabetic() || ['/', '!', '?'].contains(&next))
        }
        _ => false,
    }
}

/// Whether a sentence ends here, with the quotes and parentheses around it. The next character has to be known.
fn ends_sentence(text: &str, position: usize) -> bool {
    const CLOSING: [char; 8] = ['”', '’', '」', '』', '）', ')', '"', '\''];
    const ENDING: [char; 7] = ['。', '！', '？', '…', '.', '!', '?'];
    let Some(next) = text[position..].chars().find(|next| *next != NOTHING) else {
        return false;
    };
    if CLOSING.contains(&next) || ENDING.contains(&next) {
        return false;
    }
    let before =
        text[..position].trim_end_matches(|last| last == NOTHING || CLOSING.contains(&last));
    before.ends_with(['。', '！', '？', '…'])
        || (before.ends_with(['.', '!', '?']) && next.is_whitespace() && !is_number_of_item(before))
}

/// Whether the line is `1.` so far.
fn is_number_of_item(text: &str) -> bool {
    let number = text.strip_suffix('.').unwrap_or(text);
    let line = number.trim_end_matches(|character: char| character.is_ascii_digit());
    line.len() < number.len() && (line.is_empty() || line.trim_end_matches(' ').ends_with('\n'))
}

fn ends_blank(source: &str) -> bool {
    let line = source
        .trim_end_matches([' ', '\t', '\r'])
        .strip_suffix('\n');
    line.is_some_and(|before| before.trim_end_matches([' ', '\t', '\r']).ends_with('\n'))
}

/// Spaces stay in a line that has more: `- ` is an item and `-` may not be.
fn without_blank_lines(text: &str) -> &str {
    let written = text.trim_end_matches([' ', '\t', '\r', '\n']);
    let spaces = text[written.len()..].find(['\r', '\n']);
    spaces.map_or(text, |length| &text[..written.len() + length])
}

fn line_start(source: &str, position: usize) -> usize {
    source[..position]
        .rfind('\n')
        .map_or(0, |position| position + 1)
}
