//! Texts and links in HTML: the only places where something that was written by others is put into it.

use reqwest::Url;

/// Addresses that are longer are no links.
pub(super) const LONGEST_ADDRESS: usize = 2048;

/// What Markdown has, once it is [meant](echostr::meant) so, for a `~`, and for nothing.
const TILDE: char = '\u{FDD0}';
const NOTHING: char = '\u{FDD1}';

/// Where a link may lead.
pub(super) struct Address {
    href: String,
    host: Option<String>,
}

impl Address {
    /// An absolute address of the web or of e-mail, read as browsers read it. One with a name before the host (`a@b`) is none:
    /// it is only ever written to deceive.
    pub(super) fn of(address: &str) -> Option<Self> {
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

    pub(super) fn open(&self, out: &mut String) {
        out.push_str("<a href=\"");
        text_only(&self.href, out);
        out.push_str("\" rel=\"noopener noreferrer nofollow\">");
    }

    /// Ends the link. When its label names another host, or the host is not written in Latin letters, the true one stands
    /// beside it.
    pub(super) fn close(&self, label: &str, out: &mut String) {
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
pub(super) fn without_tags(html: &str) -> String {
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
pub(super) fn text_with_addresses(text: &str, out: &mut String) {
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
pub(super) fn text_only(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            TILDE => out.push('~'),
            '\n' | '\t' => out.push(character),
            // Embeddings and overrides of the direction.
            NOTHING | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {}
            _ if character.is_control() => {}
            _ => out.push(character),
        }
    }
}
