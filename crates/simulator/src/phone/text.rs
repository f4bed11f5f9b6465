//! A text as the client shows it: links, taps, emoticons, and nothing else that could do something.
//!
//! Source: what is observed of the client; the platform documents links of replies and no more

use std::fmt::Write as _;

pub(super) use crate::text::escaped;

/// What a text may hold that the client makes something of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    Plain(&'a str),
    /// `<a href="https://…">label</a>`, or an address that stands alone.
    Page {
        url: String,
        label: &'a str,
    },
    /// `weixin://bizmsgmenu`: a tap sends `content`.
    Tap {
        content: String,
        id: String,
        label: &'a str,
    },
    /// A link to a page of a mini program.
    MiniProgram {
        app_id: String,
        path: String,
        label: &'a str,
    },
}

/// How much of a text a bubble shows, in bytes.
const MAX_SHOWN_BYTES: usize = 64 * 1024;
/// How long the head of a link may be, in bytes; a longer one is text.
const MAX_HEAD_BYTES: usize = 4 * 1024;
/// How many attributes it may have.
const MAX_ATTRIBUTES: usize = 16;

/// HTML of a text. `can_link` is false for what followers write themselves: there only addresses are links. A text that is longer than
/// 64 KiB ends with an ellipsis.
pub(super) fn html(text: &str, can_link: bool) -> String {
    let shown = start(text, MAX_SHOWN_BYTES);
    let mut html = String::with_capacity(shown.len() * 2);
    for part in parts(shown, can_link) {
        match part {
            Part::Plain(plain) => with_addresses(plain, &mut html),
            Part::Page { url, label } => page(&url, label, &mut html),
            Part::Tap { content, id, label } => {
                let (content, id, label) = (escaped(&content), escaped(&id), with_emoji(label));
                let _ = write!(
                    html,
                    "<a href=\"#\" role=\"button\" data-tap=\"{content}\" data-id=\"{id}\">{label}</a>"
                );
            }
            Part::MiniProgram {
                app_id,
                path,
                label,
            } => {
                let (app_id, path, label) = (escaped(&app_id), escaped(&path), with_emoji(label));
                let _ = write!(
                    html,
                    "<a href=\"#\" role=\"button\" class=\"mini\" data-mini=\"{app_id}\" data-path=\"{path}\">{label}</a>"
                );
            }
        }
    }
    if shown.len() < text.len() {
        html.push('…');
    }
    html
}

/// The text up to about this many bytes.
pub(super) fn start(text: &str, max_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(max_bytes)]
}

/// The text without its links, for a line of a list.
pub(crate) fn plain(text: &str) -> String {
    let parts = parts(text, true).into_iter().map(|part| match part {
        Part::Plain(text) => text,
        Part::Page { label, .. } | Part::Tap { label, .. } | Part::MiniProgram { label, .. } => {
            label
        }
    });
    parts.collect()
}

/// `http://` or `https://`: the only addresses that a browser is let to.
pub(super) fn is_web(url: &str) -> bool {
    let has = |scheme: &str| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    (has("http://") || has("https://"))
        && !url.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// The text, piece by piece; with `can_link` false there are no links in it. It is looked at once: whatever it holds takes a time that
/// grows with its length alone.
pub(crate) fn parts(text: &str, can_link: bool) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut ends = Ends {
        text,
        next: Some(0),
    };
    let (mut plain_from, mut from) = (0, 0);
    while can_link && let Some(at) = text[from..].find('<').map(|at| at + from) {
        let Some((part, end)) = link(text, at, &mut ends) else {
            from = at + 1;
            continue;
        };
        if at > plain_from {
            parts.push(Part::Plain(&text[plain_from..at]));
        }
        parts.push(part);
        (plain_from, from) = (end, end);
    }
    if plain_from < text.len() {
        parts.push(Part::Plain(&text[plain_from..]));
    }
    parts
}

/// Where links end, asked from the beginning of a text to its end.
struct Ends<'a> {
    text: &'a str,
    /// Before here there is none; nothing: there is none any more.
    next: Option<usize>,
}

impl Ends<'_> {
    /// The first `</a>` from here on.
    fn after(&mut self, from: usize) -> Option<usize> {
        let known = self.next?;
        if known < from || !self.is_end(known) {
            let from = known.max(from);
            let mut marks = self.text[from..].match_indices('<');
            self.next = marks
                .find(|(at, _)| self.is_end(from + at))
                .map(|(at, _)| from + at);
        }
        self.next
    }

    fn is_end(&self, at: usize) -> bool {
        let end = self.text.as_bytes().get(at..at + 4);
        end.is_some_and(|end| end.eq_ignore_ascii_case(b"</a>"))
    }
}

/// The link that begins here, and where it ends.
fn link<'a>(text: &'a str, at: usize, ends: &mut Ends<'_>) -> Option<(Part<'a>, usize)> {
    let head = start(&text[at..], MAX_HEAD_BYTES);
    let named = head
        .get(..2)
        .filter(|named| named.eq_ignore_ascii_case("<a"))?;
    let head = &head[named.len()..];
    if !head.starts_with(char::is_whitespace) {
        return None;
    }
    let (attributes, head_len) = attributes(head)?;
    let label_from = at + named.len() + head_len;
    let end = ends.after(label_from)?;
    let label = &text[label_from..end];
    let attribute = |name: &str| {
        let found = attributes
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name));
        found
            .map(|(_, value)| value.replace("&amp;", "&"))
            .unwrap_or_default()
    };
    let (href, app_id) = (attribute("href"), attribute("data-miniprogram-appid"));
    let part = if !app_id.is_empty() {
        let path = attribute("data-miniprogram-path");
        Part::MiniProgram {
            app_id,
            path,
            label,
        }
    } else if let Some(query) = href.strip_prefix("weixin://bizmsgmenu?") {
        let field = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs
                .find(|(found, _)| found == name)
                .map(|(_, value)| value.into_owned())
        };
        // Both are needed: without one of them a tap does nothing.
        let (content, id) = (field("msgmenucontent")?, field("msgmenuid")?);
        Part::Tap { content, id, label }
    } else if is_web(&href) {
        Part::Page { url: href, label }
    } else {
        return None;
    };
    Some((part, end + "</a>".len()))
}

/// The attributes of a tag up to its `>`, and the length of all that.
fn attributes(text: &str) -> Option<(Vec<(&str, &str)>, usize)> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('>') {
            return Some((found, text.len() - after.len()));
        }
        let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '-';
        let (name, after) = rest.split_at(rest.find(is_end)?);
        let after = after.trim_start().strip_prefix('=')?.trim_start();
        if name.is_empty() || found.len() == MAX_ATTRIBUTES {
            return None;
        }
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, after) = after[1..].split_once(quote)?;
        found.push((name, value));
        rest = after;
    }
}

/// Text in which addresses that stand alone are links.
fn with_addresses(text: &str, html: &mut String) {
    let mut plain_from = 0;
    for (at, _) in text.match_indices("http") {
        let address = &text[at..];
        // What stands in an address belongs to it.
        if at < plain_from || !(address.starts_with("http://") || address.starts_with("https://")) {
            continue;
        }
        let is_end = |c: char| {
            c.is_whitespace() || !c.is_ascii() || matches!(c, '<' | '>' | '"' | '\'' | '`')
        };
        let len = address.find(is_end).unwrap_or(address.len());
        let url = address[..len].trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
        html.push_str(&with_emoji(&text[plain_from..at]));
        page(url, url, html);
        plain_from = at + url.len();
    }
    html.push_str(&with_emoji(&text[plain_from..]));
}

fn page(url: &str, label: &str, html: &mut String) {
    let (url, label) = (escaped(url), with_emoji(label));
    let _ = write!(
        html,
        "<a href=\"{url}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">{label}</a>"
    );
}

/// Old emoticon codes, which the client turns into pictures.
const EMOTICONS: [(&str, &str, &str); 40] = [
    ("/::)", "[微笑]", "🙂"),
    ("/::~", "[撇嘴]", "😟"),
    ("/::B", "[色]", "😍"),
    ("/::|", "[发呆]", "😳"),
    ("/:8-)", "[得意]", "😎"),
    ("/::<", "[流泪]", "😭"),
    ("/::$", "[害羞]", "☺️"),
    ("/::X", "[闭嘴]", "🤐"),
    ("/::Z", "[睡]", "😴"),
    ("/::'(", "[大哭]", "😢"),
    ("/::-|", "[尴尬]", "😅"),
    ("/::@", "[发怒]", "😡"),
    ("/::P", "[调皮]", "😜"),
    ("/::D", "[呲牙]", "😁"),
    ("/::O", "[惊讶]", "😮"),
    ("/::(", "[难过]", "🙁"),
    ("/::+", "[酷]", "😎"),
    ("/:--b", "[囧]", "😓"),
    ("/::Q", "[抓狂]", "😫"),
    ("/::T", "[吐]", "🤮"),
    ("/:,@P", "[偷笑]", "🤭"),
    ("/:,@-D", "[愉快]", "😊"),
    ("/::d", "[白眼]", "🙄"),
    ("/:,@o", "[傲慢]", "😤"),
    ("/:|-)", "[困]", "😪"),
    ("/::!", "[惊恐]", "😱"),
    ("/::L", "[憨笑]", "😄"),
    ("/::,@", "[悠闲]", "😌"),
    ("/:,@f", "[奋斗]", "💪"),
    ("/:?", "[疑问]", "❓"),
    ("/:bye", "[再见]", "👋"),
    ("/:handclap", "[鼓掌]", "👏"),
    ("/:rose", "[玫瑰]", "🌹"),
    ("/:heart", "[爱心]", "❤️"),
    ("/:cake", "[蛋糕]", "🎂"),
    ("/:sun", "[太阳]", "☀️"),
    ("/:strong", "[强]", "👍"),
    ("/:weak", "[弱]", "👎"),
    ("/:share", "[握手]", "🤝"),
    ("/:v", "[胜利]", "✌️"),
];

/// Escaped, with emoji instead of emoticon codes.
fn with_emoji(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['/', '[']) {
        html.push_str(&escaped(&rest[..at]));
        let here = &rest[at..];
        // The longest that fits: `/::'(` is no `/::`.
        let fits = EMOTICONS
            .iter()
            .flat_map(|(code, name, emoji)| [(*code, *emoji), (*name, *emoji)])
            .filter(|(code, _)| here.starts_with(code))
            .max_by_key(|(code, _)| code.len());
        let (shown, len) = fits.map_or((&here[..1], 1), |(code, emoji)| (emoji, code.len()));
        html.push_str(shown);
        rest = &here[len..];
    }
    html + &escaped(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(html(text, true), expected, "{text}");
    }

    #[test]
    fn only_links_of_the_client_are_links() {
        check(
            r#"看<a href="https://a.cn/?x=1&y=2">这里</a>"#,
            r#"看<a href="https://a.cn/?x=1&amp;y=2" target="_blank" rel="noopener noreferrer nofollow">这里</a>"#,
        );
        check(
            r#"<a href="weixin://bizmsgmenu?msgmenucontent=%E7%BB%A7%E7%BB%AD%26&msgmenuid=7">继续</a>"#,
            r##"<a href="#" role="button" data-tap="继续&amp;" data-id="7">继续</a>"##,
        );
        check(
            r#"<a href="https://b.cn" data-miniprogram-appid="wx1" data-miniprogram-path="pages/x?a=1">点</a>"#,
            r##"<a href="#" role="button" class="mini" data-mini="wx1" data-path="pages/x?a=1">点</a>"##,
        );
        check(
            "见 https://c.cn/a。完",
            r#"见 <a href="https://c.cn/a" target="_blank" rel="noopener noreferrer nofollow">https://c.cn/a</a>。完"#,
        );
    }

    #[test]
    fn everything_else_is_text() {
        check(
            "<script>alert(1)</script>",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
        );
        check(
            r#"<a href="javascript:alert(1)">x</a>"#,
            "&lt;a href=&quot;javascript:alert(1)&quot;&gt;x&lt;/a&gt;",
        );
        check(
            r#"<a href="weixin://bizmsgmenu?msgmenucontent=a">x</a>"#,
            "&lt;a href=&quot;weixin://bizmsgmenu?msgmenucontent=a&quot;&gt;x&lt;/a&gt;",
        );
        check(
            "<b>粗</b> a < b && c > d ]]>",
            "&lt;b&gt;粗&lt;/b&gt; a &lt; b &amp;&amp; c &gt; d ]]&gt;",
        );
        check(
            r#"<a href="https://a.cn" onclick=alert(1)>x</a>"#,
            "&lt;a href=&quot;<a href=\"https://a.cn\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">https://a.cn</a>&quot; onclick=alert(1)&gt;x&lt;/a&gt;",
        );
        check("<a", "&lt;a");
        check("<a href=\"", "&lt;a href=&quot;");
    }

    #[test]
    fn what_a_follower_writes_holds_no_links_but_addresses() {
        let written = html(r#"<a href="https://a.cn">x</a>"#, false);
        assert!(written.starts_with("&lt;a href"), "{written}");
    }

    #[test]
    fn emoticon_codes_are_emoji() {
        check("你好/::)[微笑][不是]/::'(/", "你好🙂🙂[不是]😢/");
    }

    #[test]
    fn a_list_shows_the_words_of_links() {
        assert_eq!(plain(r#"点<a href="https://a.cn">这里</a>吧"#), "点这里吧");
    }

    /// It merely has to finish: whoever looks once more at the rest for each piece takes minutes.
    #[test]
    fn a_hostile_text_is_shown_as_fast_as_any() {
        let units = [
            r#"<a href="http://a">x</a>"#,
            r#"<a href="http://a">"#,
            r#"<a href="ftp://a">x"#,
            "<a b",
            "<a b='<a c=\"' d='\" e=\"' f='\"",
            "<A\u{3000}",
            "http://a ",
            "https:/",
            "[微笑/::",
        ];
        for unit in units {
            let text = unit.repeat((1 << 20) / unit.len());
            assert!(plain(&text).len() <= text.len(), "{unit}");
            let shown = html(&text, true);
            assert!(shown.ends_with('…'), "{unit}");
            assert!(shown.len() < 1 << 20, "{unit}: {}", shown.len());
        }
    }
}
