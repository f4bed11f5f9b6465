//! What has to hold for any bytes that arrive: one function per fuzz target, also run as property tests.

use echostr_protocol::{
    AppId, Article, Document, Element, EncodingAesKey, Key, MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS,
    MediaId, Message, Music, Query, Rendered, Reply, Token, Video, encrypted_part, open, seal,
};

/// A body, XML or JSON: nothing panics, every bound holds, and what two other parsers can read is read alike.
pub fn xml(body: &[u8]) {
    let _ = encrypted_part(body);
    let parsed = Document::parse(body);
    if let Ok(document) = &parsed {
        let leaves = leaves_of(document.root());
        assert!(
            leaves.len() <= MAX_ELEMENTS,
            "{} elements were accepted",
            leaves.len()
        );
        assert!(
            leaves.iter().all(|leaf| leaf.depth <= MAX_DEPTH),
            "too deep a document was accepted"
        );
        use_as_push(document.clone());
    }
    if let Some(expected) = std::str::from_utf8(body).ok().and_then(witness) {
        let fits = expected.len() <= MAX_ELEMENTS
            && expected.iter().all(|leaf| leaf.depth <= MAX_DEPTH)
            && body.len() <= MAX_BYTES;
        assert_eq!(
            parsed.is_ok(),
            fits,
            "two other parsers accept it: {:?}",
            parsed.err()
        );
        if let Ok(document) = parsed {
            assert_eq!(leaves_of(document.root()), expected);
        }
    }
}

/// Everything that the server does with a document, up to reading its own replies: whatever is rendered is read back.
fn use_as_push(document: Document) {
    let media_id = document.root().child("MediaId").map(Element::text);
    let media_id = MediaId::from(media_id.unwrap_or_default());
    let message = Message::parse(document);
    assert_eq!(Key::of(&message), Key::of(&message.clone()));
    let replies = [
        Reply::from("收到"),
        Reply::from(Article::default()),
        Reply::Image(media_id.clone()),
        Reply::Voice(media_id.clone()),
        Reply::Video(Video {
            media_id: media_id.clone(),
            ..Video::default()
        }),
        Reply::Music(Music {
            thumb_media_id: media_id,
            ..Music::default()
        }),
        Reply::TransferCustomerService(None),
        Reply::TransferBizAiIvr,
    ];
    for reply in replies {
        let Some(xml) = reply.render(&message, 1_761_069_226) else {
            continue;
        };
        let document = Document::from_text(xml.into()).expect("what is rendered can be read");
        let rendered = Rendered::parse(&document).expect("what is rendered is a reply");
        let kind = std::mem::discriminant;
        assert_eq!(kind(&rendered.reply), kind(&reply));
    }
}

/// Any text as ciphertext, any bytes as ciphertext, and any document sealed and opened again.
pub fn cipher(data: &[u8]) {
    let key: EncodingAesKey = "NjF3rEjG0e0U3rlz5PokyLE9pyyIpnZgQn3n0eCkVXV"
        .parse()
        .expect("a good key");
    let token: Token = "jOE0EBTtcHpGI0ThbrPK".parse().expect("a good token");
    let app_id = AppId::from("wx3aea277d7b497b65");
    let _ = open(&[&key], &String::from_utf8_lossy(data), &app_id);
    let _ = open(
        &[&key],
        &base64_simd::STANDARD.encode_to_string(data),
        &app_id,
    );

    let Some((random, document)) = data.split_first_chunk() else {
        return;
    };
    let document = String::from_utf8_lossy(document);
    let envelope = seal(
        &key,
        &token,
        &app_id,
        &document,
        *random,
        1_761_069_226,
        "7",
    );
    let encrypt = encrypted_part(envelope.as_bytes()).expect("an envelope has `Encrypt`");
    let (opened, place) = open(&[&key], &encrypt, &app_id).expect("what is sealed can be opened");
    assert_eq!((&*opened, place), (&*document, 0));
}

/// A query string: nothing panics, and the known parameters are those of another parser.
pub fn query(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let query = Query::parse(&text);
    let _ = query.is_encrypted();
    // A name is not decoded here: the platform writes it plainly.
    let names = text
        .split('&')
        .map(|pair| pair.split('=').next().unwrap_or_default());
    if names.into_iter().any(|name| name.contains(['%', '+'])) {
        return;
    }
    let expected =
        |wanted| form_urlencoded::parse(text.as_bytes()).find(|(name, _)| name == wanted);
    for (name, found) in [
        ("signature", &query.signature),
        ("timestamp", &query.timestamp),
        ("nonce", &query.nonce),
        ("echostr", &query.echostr),
        ("openid", &query.openid),
        ("encrypt_type", &query.encrypt_type),
        ("msg_signature", &query.msg_signature),
    ] {
        assert_eq!(
            found.as_deref(),
            expected(name).as_ref().map(|(_, value)| &**value),
            "{name}"
        );
    }
}

/// An element of a document in document order; those that have children have no text.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// The root has 1.
    pub depth: usize,
    /// As on the wire.
    pub name: String,
    /// The value.
    pub text: String,
}

/// The elements as this project reads them.
pub fn leaves_of(root: Element<'_>) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    let mut waiting = vec![(1, root)];
    while let Some((depth, element)) = waiting.pop() {
        leaves.push(Leaf {
            depth,
            name: element.name().into(),
            text: element.text().into(),
        });
        let first = waiting.len();
        waiting.extend(element.children().map(|child| (depth + 1, child)));
        waiting[first..].reverse();
    }
    leaves
}

/// The elements by two parsers that are not ours; `None` when one of them refuses the text or it has a DOCTYPE.
pub fn witness(text: &str) -> Option<Vec<Leaf>> {
    let text = text.trim_start_matches('\u{feff}').trim_ascii();
    let tree = roxmltree::Document::parse(text).ok()?;
    let leaves = leaves_of_events(text)?;
    let without_space = |text: &str| text.split_ascii_whitespace().collect::<String>();
    let elements: Vec<_> = tree
        .descendants()
        .filter(roxmltree::Node::is_element)
        .collect();
    assert_eq!(
        elements.len(),
        leaves.len(),
        "the two witnesses do not agree"
    );
    for (element, leaf) in elements.into_iter().zip(&leaves) {
        if !element.children().any(|child| child.is_element()) {
            let text: String = element
                .children()
                .filter(roxmltree::Node::is_text)
                .filter_map(|child| child.text())
                .collect();
            assert_eq!(
                without_space(&text),
                without_space(&leaf.text),
                "the two witnesses do not agree"
            );
        }
        assert!(
            leaf.name.ends_with(element.tag_name().name()),
            "the two witnesses do not agree"
        );
    }
    Some(leaves)
}

/// The value rules once more, from the events of a general parser: with CDATA the sections and all text that is not only
/// white space, without it the trimmed text, except where white space is content.
fn leaves_of_events(text: &str) -> Option<Vec<Leaf>> {
    use quick_xml::events::Event;
    const KEPT: [&str; 8] = [
        "Content",
        "Label",
        "Title",
        "Description",
        "Recognition",
        "Poiname",
        "EventKey",
        "ScanResult",
    ];

    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = quick_xml::Reader::from_str(&text);
    let mut leaves: Vec<Leaf> = Vec::new();
    let mut unclosed: Vec<Unclosed> = Vec::new();
    let mut is_in_text = false;
    loop {
        let event = reader.read_event().ok()?;
        let was_in_text = std::mem::replace(
            &mut is_in_text,
            matches!(event, Event::Text(_) | Event::GeneralRef(_)),
        );
        let innermost = unclosed.last_mut();
        match event {
            Event::Start(ref tag) | Event::Empty(ref tag) => {
                if let Some(parent) = innermost {
                    parent.has_children = true;
                }
                let name = tag.name().into_inner().to_owned();
                leaves.push(Leaf {
                    depth: unclosed.len() + 1,
                    name,
                    text: String::new(),
                });
                if matches!(event, Event::Start(_)) {
                    unclosed.push(Unclosed {
                        place: leaves.len() - 1,
                        ..Unclosed::default()
                    });
                }
            }
            Event::End(_) => {
                let element = unclosed.pop()?;
                let leaf = &mut leaves[element.place];
                leaf.text = element.value(KEPT.contains(&leaf.name.as_str()));
            }
            Event::Text(text) => add(innermost, &text, was_in_text),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok()?.map(String::from);
                let text = match &character {
                    Some(character) => character,
                    None => quick_xml::escape::resolve_xml_entity(&reference)?,
                };
                add(innermost, text, was_in_text);
            }
            Event::CData(section) => {
                if let Some(element) = innermost {
                    element.texts.push((true, section.to_string()));
                }
            }
            Event::DocType(_) => return None,
            Event::Eof => return unclosed.is_empty().then_some(leaves),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
        }
    }
}

/// An element whose end was not read yet.
#[derive(Default)]
struct Unclosed {
    place: usize,
    has_children: bool,
    // Each with whether it is CDATA.
    texts: Vec<(bool, String)>,
}

/// Adds text to an element; there is none around the root.
fn add(element: Option<&mut Unclosed>, text: &str, continues: bool) {
    let Some(element) = element else { return };
    match element.texts.last_mut() {
        Some((_, last)) if continues => last.push_str(text),
        _ => element.texts.push((false, text.to_owned())),
    }
}

impl Unclosed {
    fn value(&self, is_kept: bool) -> String {
        if self.has_children {
            return String::new();
        }
        let has_cdata = self.texts.iter().any(|(is_cdata, _)| *is_cdata);
        let counts = |(is_cdata, text): &&(bool, String)| {
            !has_cdata || *is_cdata || !text.trim_ascii().is_empty()
        };
        let joined: String = self
            .texts
            .iter()
            .filter(counts)
            .map(|(_, text)| text.as_str())
            .collect();
        if has_cdata || is_kept {
            joined
        } else {
            joined.trim_ascii().to_owned()
        }
    }
}
