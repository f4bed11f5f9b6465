//! A push as a tree: XML or JSON read once into a flat list of elements over one shared buffer.
//!
//! XML is read without recursion, JSON with `serde_json`'s bound of 128 levels. No entities are expanded but the five of
//! XML and character references, and any DOCTYPE is refused. Attributes, comments, processing instructions and text between elements are passed over.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use crate::xml::{Scanner, Xml, malformed, small, unescaped};
use crate::{Error, Str};

/// The largest body that is read, in bytes. Ordinary pushes are below 10 KB, compatible mode is three times larger.
pub const MAX_BYTES: usize = 1 << 20;
/// How deep elements may be nested.
pub const MAX_DEPTH: usize = 32;
/// How many elements a document may have.
pub const MAX_ELEMENTS: usize = 4096;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Elements whose white space is content even without CDATA.
const KEPT_AS_WRITTEN: [&str; 8] = [
    "Content",
    "Label",
    "Title",
    "Description",
    "Recognition",
    "Poiname",
    "EventKey",
    "ScanResult",
];

/// A parsed push. Cloning is cheap: clones share everything.
#[derive(Clone, Default)]
pub struct Document(Arc<Tree>);

#[derive(Default)]
struct Tree {
    // The document as it was read, and behind it the values that do not stand in it as they are.
    buffer: Arc<str>,
    source_bytes: usize,
    // In document order; the first is the root.
    nodes: Vec<Node>,
}

struct Node {
    name: Range<u32>,
    value: Range<u32>,
    // The place in `nodes` after the last descendant.
    end: u32,
}

impl Document {
    /// Reads a body: JSON when it begins with `{`, XML otherwise. A byte order mark and blanks before it are passed over.
    ///
    /// # Errors
    /// [`Error::BadXml`] when it is not UTF-8, not well-formed, has a DOCTYPE, or goes beyond a bound.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        Self::from_text(text_of(body)?.into())
    }

    /// Reads a decrypted document; the buffer is kept, not copied.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn from_text(text: Arc<str>) -> Result<Self, Error> {
        if text.len() > MAX_BYTES {
            return Err(Error::BadXml(format!(
                "it has {} bytes, {MAX_BYTES} are allowed",
                text.len()
            )));
        }
        if text.starts_with(BYTE_ORDER_MARK) {
            return Self::from_text(text.trim_start_matches(BYTE_ORDER_MARK).into());
        }
        if text.trim_start().starts_with('{') {
            return read_json(&text);
        }
        if memchr::memchr(b'\r', text.as_bytes()).is_some() {
            // XML reads every line end as one LF.
            return read_xml(text.replace("\r\n", "\n").replace('\r', "\n").into());
        }
        read_xml(text)
    }

    /// What was read, to be kept and [read again](Self::from_text).
    pub fn source(&self) -> &str {
        &self.0.buffer[..self.0.source_bytes]
    }

    /// The root element. A default document has an empty one.
    pub fn root(&self) -> Element<'_> {
        Element {
            document: self,
            place: 0,
        }
    }
}

impl fmt::Debug for Document {
    /// Shows sizes only: a push holds what a follower wrote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Document({} elements, {} bytes)",
            self.0.nodes.len(),
            self.0.buffer.len()
        )
    }
}

impl PartialEq for Document {
    /// Equal when names, values and nesting are, whatever form they came in.
    fn eq(&self, other: &Self) -> bool {
        self.0.nodes.len() == other.0.nodes.len()
            && (0..self.0.nodes.len()).all(|place| {
                let (a, b) = (
                    Element {
                        document: self,
                        place,
                    },
                    Element {
                        document: other,
                        place,
                    },
                );
                a.name() == b.name() && a.text() == b.text() && a.end() == b.end()
            })
    }
}

/// One element of a [`Document`].
#[derive(Clone, Copy)]
pub struct Element<'a> {
    document: &'a Document,
    place: usize,
}

impl<'a> Element<'a> {
    /// Its name as on the wire; names are case sensitive.
    pub fn name(self) -> &'a str {
        self.node().map_or("", |node| self.slice(&node.name))
    }

    /// Its text; empty for an element that has children.
    pub fn text(self) -> &'a str {
        self.node().map_or("", |node| self.slice(&node.value))
    }

    /// Its text, sharing the document's buffer.
    pub fn str(self) -> Str {
        self.node().map_or_else(Str::default, |node| {
            Str::slice(&self.document.0.buffer, node.value.clone())
        })
    }

    /// Its children in document order.
    pub fn children(self) -> impl Iterator<Item = Element<'a>> {
        let end = self.end();
        let mut place = self.place + 1;
        std::iter::from_fn(move || {
            let child = (place < end).then_some(Element {
                document: self.document,
                place,
            })?;
            place = child.end();
            Some(child)
        })
    }

    /// All children of this name: repeated siblings are a list, one is a list of one.
    pub fn all(self, name: &str) -> impl Iterator<Item = Element<'a>> {
        self.children().filter(move |child| child.is_named(name))
    }

    /// The first child of this name.
    pub fn child(self, name: &str) -> Option<Element<'a>> {
        self.children().find(|child| child.is_named(name))
    }

    /// The first element at the end of a path of names: `ScanCodeInfo.ScanType`.
    pub fn at(self, path: &str) -> Option<Element<'a>> {
        path.split('.').try_fold(self, Element::child)
    }

    /// Whether it has no child elements.
    pub fn is_leaf(self) -> bool {
        self.end() <= self.place + 1
    }

    /// Itself and all elements below it, in document order.
    pub(crate) fn with_descendants(self) -> impl Iterator<Item = Element<'a>> {
        (self.place..self.end()).map(move |place| Element { place, ..self })
    }

    /// How many elements are below it.
    pub(crate) fn descendants(self) -> usize {
        self.end().saturating_sub(self.place + 1)
    }

    /// The document that it is a part of.
    pub fn document(self) -> &'a Document {
        self.document
    }

    /// As `name() == name`; on the path of every message, so lengths are compared before texts are looked at.
    fn is_named(self, name: &str) -> bool {
        self.node().is_some_and(|node| {
            let range = node.name.start as usize..node.name.end as usize;
            range.len() == name.len()
                && self.document.0.buffer.as_bytes()[range] == *name.as_bytes()
        })
    }

    fn end(self) -> usize {
        self.node().map_or(0, |node| node.end as usize)
    }

    fn node(self) -> Option<&'a Node> {
        self.document.0.nodes.get(self.place)
    }

    fn slice(self, range: &Range<u32>) -> &'a str {
        &self.document.0.buffer[range.start as usize..range.end as usize]
    }
}

impl fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The body as text, without byte order mark and blanks around it.
pub(crate) fn text_of(body: &[u8]) -> Result<&str, Error> {
    let text = simdutf8::basic::from_utf8(body).map_err(|_| malformed("it is not UTF-8"))?;
    let text = text.trim_start_matches(BYTE_ORDER_MARK).trim_ascii();
    if text.is_empty() {
        Err(malformed("it is empty"))
    } else {
        Ok(text)
    }
}

/// Collects elements; values that do not stand in the source in one piece are put together in `joined`.
struct Builder {
    // Of an open element, `end` is the place of its parent.
    nodes: Vec<Node>,
    innermost: u32,
    depth: usize,
    joined: String,
    // Where `joined` will begin in the final buffer.
    base: usize,
}

impl Builder {
    fn new(source_bytes: usize) -> Self {
        Self {
            nodes: Vec::with_capacity(12),
            innermost: 0,
            depth: 0,
            joined: String::new(),
            base: source_bytes,
        }
    }

    fn start(&mut self, name: Range<u32>) -> Result<(), Error> {
        if self.depth == MAX_DEPTH {
            return Err(malformed(format!(
                "elements are nested deeper than {MAX_DEPTH}"
            )));
        }
        if self.nodes.len() == MAX_ELEMENTS {
            return Err(malformed(format!(
                "it has more than {MAX_ELEMENTS} elements"
            )));
        }
        self.depth += 1;
        let parent = std::mem::replace(&mut self.innermost, small(self.nodes.len()));
        self.nodes.push(Node {
            name,
            value: 0..0,
            end: parent,
        });
        Ok(())
    }

    fn end(&mut self, value: Range<u32>) {
        let end = small(self.nodes.len());
        let node = &mut self.nodes[self.innermost as usize];
        node.value = value;
        self.innermost = std::mem::replace(&mut node.end, end);
        self.depth -= 1;
    }

    /// Text of the innermost open element without the white space around it, unless that belongs to it.
    fn trimmed<'a>(&self, source: &str, text: &'a str) -> &'a str {
        let name = &self.nodes[self.innermost as usize].name;
        let name = &source[name.start as usize..name.end as usize];
        if KEPT_AS_WRITTEN.contains(&name) {
            text
        } else {
            text.trim_ascii()
        }
    }

    /// Puts text where it can be pointed at.
    fn keep(&mut self, text: &str) -> Range<u32> {
        let start = self.base + self.joined.len();
        self.joined.push_str(text);
        small(start)..small(start + text.len())
    }

    fn finish(self, source: Arc<str>) -> Result<Document, Error> {
        if self.nodes.is_empty() || self.depth > 0 {
            return Err(malformed("it ends before the document does"));
        }
        let source_bytes = source.len();
        let buffer = if self.joined.is_empty() {
            source
        } else {
            [&*source, &*self.joined].concat().into()
        };
        Ok(Document(Arc::new(Tree {
            buffer,
            source_bytes,
            nodes: self.nodes,
        })))
    }
}

/// A piece of an element's content.
struct Piece<'a> {
    text: Cow<'a, str>,
    is_cdata: bool,
}

/// The content of the innermost open element: nearly always nothing or one piece.
#[derive(Default)]
enum Content<'a> {
    #[default]
    Empty,
    One(Piece<'a>),
    Several(Vec<Piece<'a>>),
    /// It has children; text between them does not count.
    Elements,
}

impl<'a> Content<'a> {
    fn push(&mut self, text: Cow<'a, str>, is_cdata: bool) {
        let piece = Piece { text, is_cdata };
        *self = match std::mem::take(self) {
            Self::Empty => Self::One(piece),
            Self::One(first) => Self::Several(vec![first, piece]),
            Self::Several(mut pieces) => {
                pieces.push(piece);
                Self::Several(pieces)
            }
            Self::Elements => Self::Elements,
        }
    }
}

fn read_xml(source: Arc<str>) -> Result<Document, Error> {
    let mut builder = Builder::new(source.len());
    let mut scanner = Scanner::new(&source);
    let mut content = Content::Elements;
    while let Some(piece) = scanner.next()? {
        match piece {
            Xml::Start(name) => {
                builder.start(small(name.start)..small(name.end))?;
                content = Content::Empty;
            }
            Xml::End => {
                let value = value_of(&mut builder, &source, &content);
                builder.end(value);
                content = Content::Elements;
            }
            Xml::Empty(name) => {
                builder.start(small(name.start)..small(name.end))?;
                builder.end(0..0);
                content = Content::Elements;
            }
            Xml::CData(range) => content.push(source[range].into(), true),
            Xml::Text(range, false) => content.push(source[range].into(), false),
            Xml::Text(range, true) => content.push(unescaped(&source[range])?.into(), false),
        }
    }
    drop(content);
    builder.finish(source)
}

/// With a CDATA section: the sections and all text that is not only white space. Without: the text, trimmed unless
/// white space belongs to it.
fn value_of(builder: &mut Builder, source: &str, content: &Content<'_>) -> Range<u32> {
    match content {
        Content::Empty | Content::Elements => 0..0,
        Content::One(Piece {
            text: Cow::Borrowed(text),
            is_cdata: true,
        }) => place_of(text, source),
        Content::Several(pieces) if pieces.iter().any(|piece| piece.is_cdata) => {
            let is_content =
                |piece: &&Piece<'_>| piece.is_cdata || !piece.text.trim_ascii().is_empty();
            let texts: Vec<&Piece<'_>> = pieces.iter().filter(is_content).collect();
            match texts[..] {
                [
                    Piece {
                        text: Cow::Borrowed(text),
                        ..
                    },
                ] => place_of(text, source),
                _ => builder.keep(&texts.iter().map(|piece| &*piece.text).collect::<String>()),
            }
        }
        Content::One(Piece {
            text: Cow::Borrowed(text),
            ..
        }) => place_of(builder.trimmed(source, text), source),
        Content::One(Piece {
            text: Cow::Owned(text),
            ..
        }) => {
            let text = builder.trimmed(source, text);
            builder.keep(text)
        }
        // Text that a comment stands in.
        Content::Several(pieces) => {
            let text: String = pieces.iter().map(|piece| &*piece.text).collect();
            let text = builder.trimmed(source, &text);
            builder.keep(text)
        }
    }
}

/// Where `part`, which was borrowed from `source`, stands in it.
fn place_of(part: &str, source: &str) -> Range<u32> {
    let start = part.as_ptr() as usize - source.as_ptr() as usize;
    small(start)..small(start + part.len())
}

fn read_json(source: &str) -> Result<Document, Error> {
    let mut builder = Builder::new(source.len());
    let mut deserializer = serde_json::Deserializer::from_str(source);
    let name = builder.keep("xml");
    Member {
        builder: &mut builder,
        name,
    }
    .deserialize(&mut deserializer)
    .and_then(|()| deserializer.end())
    .map_err(|error| malformed(error.to_string()))?;
    builder.finish(source.into())
}

/// One JSON value under a name: an object becomes an element with children, an array repeated siblings, null nothing.
struct Member<'a> {
    builder: &'a mut Builder,
    // Kept once, also for the many elements of an array.
    name: Range<u32>,
}

impl Member<'_> {
    fn start<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.builder.start(self.name.clone()).map_err(E::custom)
    }

    fn leaf<E: serde::de::Error>(mut self, text: &str) -> Result<(), E> {
        self.start()?;
        let value = self.builder.keep(text);
        self.builder.end(value);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.leaf(if value { "true" } else { "false" })
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.leaf(&value.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.leaf(&value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.leaf(&value.to_string())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.leaf(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items
            .next_element_seed(Member {
                builder: &mut *self.builder,
                name: self.name.clone(),
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        self.start()?;
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            let name = self.builder.keep(&name);
            members.next_value_seed(Member {
                builder: &mut *self.builder,
                name,
            })?;
        }
        self.builder.end(0..0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_in_a_decrypted_document_was_refused() {
        for text in [
            "\u{feff}<xml><a>1</a></xml>",
            "\u{feff}\u{feff}\n<xml><a>1</a></xml>",
            "\u{feff}{\"a\":1}",
        ] {
            let document = Document::from_text(text.into()).expect("a document");
            assert_eq!(document.root().child("a").map(Element::text), Some("1"));
        }
    }
}
