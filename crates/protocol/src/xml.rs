//! Takes XML apart into tags and text, without recursion and without copying.
//!
//! It knows what the platform can send and refuses the rest: any DOCTYPE or other declaration, mismatched tags, unknown
//! entities, what is cut off. Attributes, comments and processing instructions are passed over. It is written here because
//! the events of the general parser alone take half of the straightforward version's time for a whole message (see
//! `benches/push.rs`), and 0.70 is all that a message may take. That parser is its witness in the tests.

use std::ops::Range;

use memchr::memchr;

use crate::{Error, MAX_DEPTH};

/// What stands next in the text; ranges are byte positions in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Xml {
    /// A start tag, by its name.
    Start(Range<usize>),
    /// An element without content (`<A/>`), by its name.
    Empty(Range<usize>),
    /// The end tag of the innermost open element.
    End,
    /// The inside of a CDATA section.
    CData(Range<usize>),
    /// Text as written, and whether there is a reference in it.
    Text(Range<usize>, bool),
}

/// Reads one document from its begin to its end.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    // Where the names of the open elements begin and end, innermost last; the first `depth` count.
    open: [(u32, u32); MAX_DEPTH],
    depth: usize,
    has_root: bool,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            open: [(0, 0); MAX_DEPTH],
            depth: 0,
            has_root: false,
        }
    }

    /// How many elements are open.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Where the next piece begins.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The next piece, or `None` at the end of a complete document.
    pub(crate) fn next(&mut self) -> Result<Option<Xml>, Error> {
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            return match rest {
                [] if self.has_root && self.depth == 0 => Ok(None),
                [] => Err(cut_off()),
                [b'<', b'/', ..] => self.end_tag().map(Some),
                [b'<', b'!', b'[', ..] => self.section().map(Some),
                [b'<', b'!', b'-', b'-', ..] => {
                    self.skip_to("-->", 4)?;
                    continue;
                }
                [b'<', b'!', ..] => Err(malformed("a DOCTYPE is refused")),
                [b'<', b'?', ..] => {
                    self.skip_to("?>", 2)?;
                    continue;
                }
                [b'<', ..] => self.start_tag().map(Some),
                _ => {
                    let start = self.at;
                    // Short as a rule (a line end, a number), so a plain loop beats a vector search.
                    let mut has_reference = false;
                    let mut length = 0;
                    for byte in rest.iter().take_while(|byte| **byte != b'<') {
                        has_reference |= *byte == b'&';
                        length += 1;
                    }
                    self.at += length;
                    if self.depth == 0 {
                        if !self.text[start..self.at].trim_ascii().is_empty() {
                            return Err(malformed("there is text outside of the document"));
                        }
                        continue;
                    }
                    Ok(Some(Xml::Text(start..self.at, has_reference)))
                }
            };
        }
    }

    fn start_tag(&mut self) -> Result<Xml, Error> {
        if self.depth == 0 && self.has_root {
            return Err(malformed("there is something after the document"));
        }
        if self.depth == MAX_DEPTH {
            return Err(malformed(format!(
                "elements are nested deeper than {MAX_DEPTH}"
            )));
        }
        self.has_root = true;
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let length = bytes[start..]
            .iter()
            .position(|byte| ENDS_NAME[usize::from(*byte)])
            .ok_or_else(cut_off)?;
        let name = start..start + length;
        let first = bytes[start];
        if length == 0 || !(first.is_ascii_alphabetic() || matches!(first, b'_' | b':' | 0x80..)) {
            return Err(malformed("a tag has no name"));
        }
        let end = match bytes[name.end] {
            b'>' => name.end,
            b'/' | b' ' | b'\t' | b'\n' | b'\r' => self.end_of_attributes(name.end)?,
            _ => return Err(malformed("a tag has an impossible name")),
        };
        self.at = end + 1;
        if bytes[end - 1] == b'/' {
            return Ok(Xml::Empty(name));
        }
        self.open[self.depth] = (small(name.start), small(name.end));
        self.depth += 1;
        Ok(Xml::Start(name))
    }

    /// The position of the `>` that ends a start tag; one within quotes does not.
    fn end_of_attributes(&self, from: usize) -> Result<usize, Error> {
        let mut quote = None;
        for (position, byte) in self.text.bytes().enumerate().skip(from) {
            match (byte, quote) {
                (b'<', _) => return Err(malformed("a tag is not closed")),
                (b'>', None) => return Ok(position),
                (b'"' | b'\'', None) => quote = Some(byte),
                (byte, Some(open)) if byte == open => quote = None,
                _ => {}
            }
        }
        Err(cut_off())
    }

    fn end_tag(&mut self) -> Result<Xml, Error> {
        let innermost = self
            .depth
            .checked_sub(1)
            .ok_or_else(|| malformed("an element is closed that was not opened"))?;
        let (start, end) = self.open[innermost];
        let bytes = self.text.as_bytes();
        let after = bytes[self.at + 2..]
            .strip_prefix(&bytes[start as usize..end as usize])
            .and_then(|after| after.trim_ascii_start().strip_prefix(b">"))
            .ok_or_else(|| malformed("an element is closed by another's tag"))?;
        self.depth = innermost;
        self.at = bytes.len() - after.len();
        Ok(Xml::End)
    }

    fn section(&mut self) -> Result<Xml, Error> {
        const OPENING: &str = "<![CDATA[";
        if !self.text[self.at..].starts_with(OPENING) {
            return Err(malformed("a declaration is refused"));
        }
        if self.depth == 0 {
            return Err(malformed("there is text outside of the document"));
        }
        let start = self.at + OPENING.len();
        self.skip_to("]]>", OPENING.len())?;
        Ok(Xml::CData(start..self.at - "]]>".len()))
    }

    /// Goes behind the next `mark`, which stands at least `skipped` bytes ahead.
    fn skip_to(&mut self, mark: &str, skipped: usize) -> Result<(), Error> {
        let bytes = self.text.as_bytes();
        let mut from = self.at + skipped;
        let first = mark.as_bytes()[0];
        while let Some(offset) = bytes.get(from..).and_then(|rest| memchr(first, rest)) {
            from += offset;
            if bytes[from..].starts_with(mark.as_bytes()) {
                self.at = from + mark.len();
                return Ok(());
            }
            from += 1;
        }
        Err(cut_off())
    }
}

/// The bytes that cannot stand in a name.
const ENDS_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut place = 0;
    while place < ENDING.len() {
        table[ENDING[place] as usize] = true;
        place += 1;
    }
    table
};
const ENDING: &[u8] = b"> /\t\n\r<&=\"'";

/// Text with its references replaced: the five of XML and those by number; no others exist.
pub(crate) fn unescaped(text: &str) -> Result<String, Error> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, reference)) = rest.split_once('&') {
        let (name, after) = reference
            .split_once(';')
            .ok_or_else(|| malformed("a `&` begins no reference"))?;
        plain.push_str(before);
        plain.push(
            character(name)
                .ok_or_else(|| malformed("it uses an entity that XML does not define"))?,
        );
        rest = after;
    }
    plain.push_str(rest);
    Ok(plain)
}

fn character(name: &str) -> Option<char> {
    let number = match name {
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "amp" => return Some('&'),
        "apos" => return Some('\''),
        "quot" => return Some('"'),
        _ => name.strip_prefix('#')?,
    };
    let (digits, radix) = number
        .strip_prefix('x')
        .map_or((number, 10), |digits| (digits, 16));
    let is_number = !digits.is_empty()
        && digits
            .bytes()
            .all(|digit| char::from(digit).is_digit(radix));
    is_number
        .then(|| {
            u32::from_str_radix(digits, radix)
                .ok()
                .and_then(char::from_u32)
        })?
        .filter(|c| *c != '\0')
}

/// A position in a document.
pub(crate) fn small(position: usize) -> u32 {
    u32::try_from(position)
        .expect("a document has at most 1 MiB, what is put together from it no more")
}

pub(crate) fn malformed(what: impl Into<String>) -> Error {
    Error::BadXml(what.into())
}

fn cut_off() -> Error {
    malformed("it ends before the document does")
}
