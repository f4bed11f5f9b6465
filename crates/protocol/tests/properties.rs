//! What holds for any input: sealing and opening, writing and reading, cutting, and how the parsers treat hostile bodies.
//!
//! The bodies of the fuzz targets run here too, on inputs that are made on purpose and on damaged pushes.

#[path = "../../../fuzz/src/bodies.rs"]
#[expect(
    unreachable_pub,
    reason = "shared with the fuzz targets, which use it as a library"
)]
mod bodies;

use std::time::{Duration, Instant};

use bodies::{Leaf, leaves_of, witness};
use echostr_protocol::{
    AppId, Article, Document, EncodingAesKey, Error, Key, MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS,
    MAX_TEXT_BYTES, Message, Query, Rendered, Reply, Token, encrypted_part, open, seal, split,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation;

/// No files with failures: what is found becomes a test with a name.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

mod ciphers {
    use super::*;

    fn key() -> EncodingAesKey {
        "9mslVET4E7PN7mhpzXgEtB9Xamx9k9WDJimmMkH75sy"
            .parse()
            .expect("a good key")
    }

    fn token() -> Token {
        "Tz7QvmScWGBQmX2oDtEa".parse().expect("a good token")
    }

    fn sealed(document: &str, app_id: &AppId, random: [u8; 16]) -> String {
        let envelope = seal(
            &key(),
            &token(),
            app_id,
            document,
            random,
            1_761_069_226,
            "7",
        );
        encrypted_part(envelope.as_bytes())
            .expect("an envelope has `Encrypt`")
            .into_owned()
    }

    proptest! {
        #![proptest_config(config(200))]

        #[test]
        fn what_is_sealed_opens_to_the_same(document in texts(), app_id in any::<String>(), random: [u8; 16]) {
            let app_id = AppId::from(app_id);
            let encrypt = sealed(&document, &app_id, random);
            let (opened, place) = open(&[&key()], &encrypt, &app_id).expect("sealed just now");
            prop_assert_eq!((&*opened, place), (&*document, 0));
        }

        /// The cipher itself does not notice every change, which is why `msg_signature` is checked before it is used.
        #[test]
        fn a_changed_ciphertext_is_found_by_its_signature_and_never_panics(
            document in texts(), random: [u8; 16], change in any::<prop::sample::Index>(), bits in 1..=255_u8,
        ) {
            let app_id = AppId::from("wx94ddddbda515ca25");
            let encrypt = sealed(&document, &app_id, random);
            let signature = token().msg_signature("1761069226", "7", &encrypt);
            let mut bytes = base64_simd::STANDARD.decode_to_vec(&encrypt).expect("base64");
            let place = change.index(bytes.len());
            bytes[place] ^= bits;
            let changed = base64_simd::STANDARD.encode_to_string(&bytes);
            let query = Query {
                timestamp: Some("1761069226".into()),
                nonce: Some("7".into()),
                msg_signature: Some(signature.as_str().into()),
                ..Query::default()
            };
            prop_assert!(token().verify_msg(&query, &encrypt).is_ok());
            prop_assert_eq!(token().verify_msg(&query, &changed), Err(Error::BadSignature { name: "msg_signature" }));
            let opened = open(&[&key()], &changed, &app_id);
            // The last block holds padding or the end of the AppID.
            prop_assert!(opened.is_err() || place < bytes.len() - 16);
        }

        #[test]
        fn a_ciphertext_that_is_cut_off_does_not_open(document in texts(), random: [u8; 16], cut: prop::sample::Index) {
            let app_id = AppId::from("wx94ddddbda515ca25");
            let encrypt = sealed(&document, &app_id, random);
            let end = cut.index(encrypt.len());
            prop_assert!(open(&[&key()], &encrypt[..end], &app_id).is_err());
        }

        #[test]
        fn any_bytes_can_be_given_to_the_cipher(data: Vec<u8>) {
            bodies::cipher(&data);
        }
    }
}

mod replies {
    use super::*;

    fn inbound() -> Message {
        let push = "<xml><ToUserName>gh_e8df390a377e</ToUserName><FromUserName>osZFAyPrKrJBb2E3</FromUserName>\
                    <CreateTime>1761069225</CreateTime><MsgType>event</MsgType><Event>CLICK</Event></xml>";
        Message::parse(Document::parse(push.as_bytes()).expect("a push"))
    }

    /// What XML can hold of a text, with the line ends as every parser gives them back.
    fn readable(text: &str) -> String {
        let is_legal = |c: &char| match *c {
            '\t' | '\n' | '\r' => true,
            c => c >= ' ' && c != '\u{fffe}' && c != '\u{ffff}',
        };
        text.chars()
            .filter(is_legal)
            .collect::<String>()
            .replace("\r\n", "\n")
            .replace('\r', "\n")
    }

    /// What two parsers find in a rendered reply.
    fn read(xml: &str, path: &[&str]) -> (Reply, String) {
        let ours = Rendered::parse(&Document::from_text(xml.into()).expect("our parser reads it"))
            .expect("a reply");
        assert_eq!(
            (ours.to.as_str(), ours.from.as_str()),
            ("osZFAyPrKrJBb2E3", "gh_e8df390a377e")
        );
        let tree = roxmltree::Document::parse(xml).expect("another parser reads it");
        let element = path.iter().fold(tree.root_element(), |element, name| {
            element
                .children()
                .find(|child| child.has_tag_name(*name))
                .expect("the element is there")
        });
        (ours.reply, element.text().unwrap_or_default().to_owned())
    }

    proptest! {
        #![proptest_config(config(400))]

        #[test]
        fn any_text_is_read_back_as_it_was_sent(text in texts()) {
            let expected = readable(&text);
            let Some(xml) = Reply::from(text.as_str()).render(&inbound(), 1_761_069_226) else {
                prop_assert!(expected.trim().is_empty());
                return Ok(());
            };
            prop_assert!(!expected.trim().is_empty());
            let (reply, content) = read(&xml, &["Content"]);
            prop_assert_eq!(reply, Reply::Text(content.clone()));
            prop_assert!(content.len() <= MAX_TEXT_BYTES);
            if text.len() <= MAX_TEXT_BYTES {
                prop_assert_eq!(content, expected);
            } else {
                let kept = content.strip_suffix('…').expect("a cut text ends with an ellipsis");
                prop_assert!(expected.starts_with(kept));
            }
        }

        #[test]
        fn whatever_is_rendered_for_any_identifiers_is_read_back(
            to in texts(), from in texts(), media_id in texts(), kind in select(vec!["text", "event", "image", "?"]),
        ) {
            let push = json!({ "ToUserName": to, "FromUserName": from, "MsgType": kind, "Event": "CLICK", "MediaId": media_id });
            bodies::xml(push.to_string().as_bytes());
        }

        #[test]
        fn any_article_is_read_back_as_it_was_sent(title in texts(), description in texts(), url in texts()) {
            let article = Article { title, description, url, pic_url: String::new() };
            let xml = Reply::from(article.clone()).render(&inbound(), 1_761_069_226).expect("a visible reply");
            let (reply, title) = read(&xml, &["Articles", "item", "Title"]);
            prop_assert_eq!(&title, &readable(&article.title));
            prop_assert_eq!(reply, Reply::from(Article {
                title,
                description: readable(&article.description),
                url: readable(&article.url),
                ..Article::default()
            }));
        }
    }
}

mod cutting {
    use super::*;

    const LINK: &str = "<a href=\"https://example.com/p/42?a=1&b=2\">示例 Sample</a>";
    const LONG_LINK: &str = "<a href=\"weixin://bizmsgmenu?msgmenucontent=%E7%BB%A7%E7%BB%AD&msgmenuid=1761069226\">\
                             继续 the answer, which is long. 真的。</a>";

    /// Text as bots write it. No piece continues the grapheme of another.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = select(vec![
            "今天的天气怎么样？",
            "请问，",
            "a",
            " ",
            "\n",
            "\r\n",
            "\n\n",
            "word ",
            "End. ",
            "。",
            "：",
            "”",
            "<a ",
            "</a>",
            "👩‍👩‍👧‍👦",
            "👍🏽",
            "🇨🇳",
            "e\u{301}",
            "각",
            "क्षि",
            "\u{600}1",
            LINK,
            LONG_LINK,
        ]);
        vec((piece, 1..20_usize), 0..40).prop_map(|pieces| {
            pieces
                .into_iter()
                .map(|(piece, n)| piece.repeat(n))
                .collect()
        })
    }

    fn check(text: &str, limit_bytes: usize) {
        let parts = split(text, limit_bytes);
        assert_eq!(parts.concat(), text);
        assert!(
            parts
                .iter()
                .all(|part| (1..=limit_bytes).contains(&part.len()))
        );
        let mut cuts: Vec<usize> = parts
            .iter()
            .scan(0, |end, part| {
                *end += part.len();
                Some(*end)
            })
            .collect();
        cuts.pop();
        let is_cut = |start: usize, length: usize| {
            let after = cuts.partition_point(|cut| *cut <= start);
            length <= limit_bytes && cuts.get(after).is_some_and(|cut| *cut < start + length)
        };
        for (start, cluster) in text.grapheme_indices(true) {
            assert!(
                !is_cut(start, cluster.len()),
                "{cluster:?} is cut by {limit_bytes} in {text:?}"
            );
        }
        for link in [LINK, LONG_LINK] {
            // One that stands in a link that was not closed before is not a link of its own.
            for (start, _) in text
                .match_indices(link)
                .filter(|(start, _)| !is_in_link(&text[..*start]))
            {
                assert!(
                    !is_cut(start, link.len()),
                    "the link at {start} is cut by {limit_bytes} in {text:?}"
                );
            }
        }
    }

    fn is_in_link(before: &str) -> bool {
        before
            .rfind("<a ")
            .is_some_and(|start| !before[start..].contains("</a>"))
    }

    proptest! {
        #![proptest_config(config(300))]

        #[test]
        fn written_text_is_cut_between_graphemes_and_links(text in pieces(), limit in 4..600_usize) {
            check(&text, limit);
        }

        #[test]
        fn any_text_is_cut_between_graphemes(text in texts(), limit in 4..100_usize) {
            check(&text, limit);
        }
    }

    #[test]
    fn a_long_hostile_text_is_cut_quickly() {
        for unit in [
            "<a ",
            "<a </a>",
            "\"",
            "。”",
            "🇨🇳",
            "e\u{301}\u{301}",
            "\u{200d}",
            "\u{600}",
            " ",
            "\n",
            "a",
        ] {
            let text = unit.repeat(400_000 / unit.len());
            within(Duration::from_secs(5), || {
                assert_eq!(split(&text, 2000).concat(), text);
            });
        }
    }
}

mod documents {
    use super::*;

    /// A well-formed document with everything that a tolerant reader has to pass over.
    fn documents() -> impl Strategy<Value = String> {
        let leaf = vec(content(), 0..4).prop_map(|pieces| pieces.concat());
        let tree = leaf.prop_recursive(4, 40, 5, |inner| {
            vec((names(), attributes(), inner, junk()), 1..5).prop_map(|children| {
                let written =
                    children.into_iter().map(|(name, attributes, inner, junk)| {
                        match inner.as_str() {
                            "" => format!("{junk}<{name}{attributes}/>"),
                            _ => format!("{junk}<{name}{attributes}>{inner}</{name} >"),
                        }
                    });
                written.collect::<String>() + "\n"
            })
        });
        (
            select(vec![
                "",
                "\u{feff}",
                " \r\n",
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
                "<!-- < & -->",
            ]),
            tree,
        )
            .prop_map(|(prolog, tree)| format!("{prolog}<xml>{tree}</xml>\r\n<?end?><!---->"))
    }

    fn names() -> impl Strategy<Value = &'static str> {
        select(vec![
            "Content",
            "Title",
            "EventKey",
            "MsgType",
            "CreateTime",
            "item",
            "_x",
            "a-b.c",
            "姓名",
            "é",
        ])
    }

    fn attributes() -> impl Strategy<Value = &'static str> {
        select(vec![
            "",
            " ",
            " a=\"1\"",
            "\n a='>' b=\"/\"",
            " c=\"'&amp;\" ",
        ])
    }

    /// Between elements.
    fn junk() -> impl Strategy<Value = &'static str> {
        select(vec![
            "",
            "\r\n  ",
            "<!-- a > b -->",
            "<?pi <b>?>",
            "stray &lt; text",
            "<![CDATA[<stray>]]>",
        ])
    }

    /// Within an element without children.
    fn content() -> impl Strategy<Value = &'static str> {
        select(vec![
            "text",
            " ",
            "\r\n",
            "\r",
            " 你好 ",
            "&lt;&amp;&gt;",
            "&#128512;",
            "&#x1F600;",
            "&#32;",
            "&#13;",
            "<!-- c -->",
            "<?p?>",
            "<![CDATA[]]>",
            "<![CDATA[ in ]]>",
            "<![CDATA[]]]]><![CDATA[>]]>",
            "<![CDATA[<b>&amp;]]>",
            "1761069225",
        ])
    }

    /// A push of the vectors with a few bytes changed.
    fn damaged() -> impl Strategy<Value = Vec<u8>> {
        let token = select(vec![
            "<",
            ">",
            "/",
            "&",
            ";",
            "\"",
            "]]>",
            "<![CDATA[",
            "<!--",
            "-->",
            "<?",
            "?>",
            "</",
            "/>",
            "&lt;",
            "&#0;",
            "\u{feff}",
            "<!DOCTYPE a>",
            "<a>",
            "</a>",
            "<a/>",
            "<Encrypt>",
            "\0",
            "é",
            "\r",
            "{",
            "xml",
        ]);
        let change = (
            any::<prop::sample::Index>(),
            0..30_usize,
            prop_oneof![
                token.prop_map(|token| token.as_bytes().to_vec()),
                any::<u8>().prop_map(|byte| vec![byte]),
                Just(Vec::new()),
            ],
        );
        (select(pushes()), vec(change, 0..5)).prop_map(|(mut body, changes)| {
            for (place, removed, new) in changes {
                let start = place.index(body.len() + 1);
                // Most changes are small, so that some documents stay well-formed.
                let end = body.len().min(start + removed.saturating_sub(24));
                body.splice(start..end, new);
            }
            body
        })
    }

    fn pushes() -> Vec<Vec<u8>> {
        let folder = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../fixtures/vectors/messages"
        );
        let files = std::fs::read_dir(folder).expect("the fixtures are there");
        let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
        paths.sort();
        paths
            .iter()
            .map(|path| std::fs::read(path).expect("a readable file"))
            .collect()
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            texts().prop_map(Value::from),
        ];
        let tree = leaf.prop_recursive(4, 40, 6, |inner| {
            let members = prop::collection::btree_map(any::<String>(), inner.clone(), 0..5);
            prop_oneof![
                vec(inner, 0..5).prop_map(Value::from),
                members.prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        });
        prop::collection::btree_map("[A-Z][a-z]{0,3}|姓名|", tree, 0..5)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    /// An object is an element with children, an array repeated siblings, null nothing.
    fn leaves_of_json(name: &str, value: &Value, depth: usize, leaves: &mut Vec<Leaf>) {
        let text = match value {
            Value::Null => return,
            Value::Array(items) => {
                return items
                    .iter()
                    .for_each(|item| leaves_of_json(name, item, depth, leaves));
            }
            Value::Object(_) => String::new(),
            Value::String(text) => text.clone(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) if number.is_f64() => {
                number.as_f64().expect("a float").to_string()
            }
            Value::Number(number) => number.to_string(),
        };
        leaves.push(Leaf {
            depth,
            name: name.into(),
            text,
        });
        for (name, member) in value.as_object().into_iter().flatten() {
            leaves_of_json(name, member, depth + 1, leaves);
        }
    }

    proptest! {
        #![proptest_config(config(400))]

        #[test]
        fn a_well_formed_document_is_read_as_two_other_parsers_read_it(text in documents()) {
            prop_assert!(witness(&text).is_some(), "the generator makes documents that are not well-formed: {text}");
            bodies::xml(text.as_bytes());
        }

        #[test]
        fn a_damaged_push_is_refused_or_read_as_two_other_parsers_read_it(body in damaged()) {
            bodies::xml(&body);
        }

        #[test]
        fn any_bytes_can_be_given_to_the_parser(body: Vec<u8>, text: String) {
            bodies::xml(&body);
            bodies::xml(text.as_bytes());
        }

        #[test]
        fn json_is_read_as_another_parser_reads_it(value in any_json()) {
            let body = value.to_string();
            // Read again: the shortest form of a float may be read as its neighbour.
            let value: Value = serde_json::from_str(&body).expect("JSON");
            let mut expected = Vec::new();
            leaves_of_json("xml", &value, 1, &mut expected);
            let document = Document::parse(body.as_bytes()).expect("JSON within the bounds");
            prop_assert_eq!(leaves_of(document.root()), expected);
            bodies::xml(body.as_bytes());
        }

        #[test]
        fn any_query_can_be_parsed(data: Vec<u8>) {
            bodies::query(&data);
        }

        #[test]
        fn known_parameters_are_decoded_as_another_parser_does(
            pairs in vec((select(vec!["signature", "timestamp", "nonce", "echostr", "openid", "encrypt_type", "msg_signature", "x", ""]),
                          "[a-zA-Z0-9=+%;/]{0,12}|%E4%BD%A0(=|%)?|\\PC{0,6}"), 0..6)
        ) {
            let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            bodies::query(query.join("&").as_bytes());
        }
    }

    #[track_caller]
    fn refused_quickly(what: &str, body: &str) {
        within(Duration::from_secs(2), || {
            assert!(
                matches!(Document::parse(body.as_bytes()), Err(Error::BadXml(_))),
                "{what} is accepted"
            );
            let _ = encrypted_part(body.as_bytes());
        });
    }

    #[test]
    fn a_document_beyond_a_bound_is_refused_quickly() {
        let n = 200_000;
        refused_quickly("open tags", &"<a>".repeat(n));
        refused_quickly("open tags with attributes", &"<a b='c'>".repeat(100_000));
        refused_quickly("one level too much", &nested(MAX_DEPTH + 1));
        refused_quickly("one element too much", &wide(MAX_ELEMENTS));
        refused_quickly(
            "one byte too much",
            &format!("<xml>{}</xml>", "a".repeat(MAX_BYTES - 10)),
        );
        refused_quickly(
            "a tag that does not end",
            &format!("<xml {}", "a='b' ".repeat(n / 2)),
        );
        refused_quickly("a name that does not end", &format!("<{}", "a".repeat(n)));
        refused_quickly(
            "a huge name closed by another",
            &format!("<{0}></{0}b>", "a".repeat(n)),
        );
        refused_quickly(
            "comments that do not end",
            &format!("<xml>{}", "<!--".repeat(n)),
        );
        refused_quickly(
            "sections that do not end",
            &format!("<xml>{}", "<![CDATA[]]".repeat(n / 3)),
        );
        refused_quickly(
            "references that do not end",
            &format!("<xml>{}</xml>", "&".repeat(n)),
        );
        refused_quickly(
            "a reference with many digits",
            &format!("<xml>&#{};</xml>", "9".repeat(n)),
        );
        refused_quickly("instructions that do not end", &"<?".repeat(n));
        refused_quickly("deep objects", &r#"{"a":"#.repeat(n));
        refused_quickly("deep arrays", &format!(r#"{{"a":{}"#, "[".repeat(n)));
        refused_quickly(
            "deep closed arrays",
            &format!(r#"{{"a":{}{}}}"#, "[".repeat(n), "]".repeat(n)),
        );
        refused_quickly("many items", &format!(r#"{{"a":[{}0]}}"#, "0,".repeat(n)));
        refused_quickly(
            "many arrays of items",
            &format!(r#"{{"a":[{}[]]}}"#, "[{}],".repeat(n / 2)),
        );
        refused_quickly(
            "many members",
            &format!(r#"{{{}"a":0}}"#, r#""a":0,"#.repeat(n / 2)),
        );
    }

    #[test]
    fn a_document_at_a_bound_is_read_quickly() {
        let comments = format!("<xml><a>{}</a></xml>", "x<!---->".repeat(100_000));
        let sections = format!("<xml><a>{}</a></xml>", "x<![CDATA[y]]>".repeat(70_000));
        let attributes = format!("<xml {}/>", "a='b' ".repeat(100_000));
        let name = "a".repeat(500_000);
        let huge_name = format!("<{name}></{name}>");
        let references = format!("<xml>{}</xml>", "&amp;".repeat(200_000));
        let brackets = format!("<xml><![CDATA[{}]]></xml>", "]".repeat(1_000_000));
        let full = format!("<xml>{}</xml>", "a".repeat(MAX_BYTES - 11));
        let nulls = format!(r#"{{"a":[{}null]}}"#, "null,".repeat(200_000));
        let long_key = json!({ name: 1 }).to_string();
        let floats = format!(r#"{{"a":[{}1e308]}}"#, "1e308,".repeat(4_000));
        let bodies = [
            comments, sections, attributes, huge_name, references, brackets, full, nulls, long_key,
            floats,
        ];
        for body in bodies
            .into_iter()
            .chain([nested(MAX_DEPTH), wide(MAX_ELEMENTS - 1)])
        {
            within(Duration::from_secs(2), || {
                let document = Document::parse(body.as_bytes()).expect("within the bounds");
                Key::of(&Message::parse(document));
                let _ = encrypted_part(body.as_bytes());
            });
        }
    }

    fn nested(depth: usize) -> String {
        "<a>".repeat(depth) + &"</a>".repeat(depth)
    }

    /// A root with so many children.
    fn wide(n_children: usize) -> String {
        format!("<xml>{}</xml>", "<a/>".repeat(n_children))
    }
}

/// Any text, mostly with something in it that XML, CDATA or the cutting cares about.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        select(vec![
            "]]>",
            "]]",
            ">",
            "]",
            "<![CDATA[",
            "</xml>",
            "&amp;",
            "\0",
            "\u{1f}",
            "\u{fffe}",
            "\u{ffff}",
            "\u{fffd}",
            "￥",
            "\r\n",
            "\r",
            "\n",
            " ",
            "\t",
            "今天的天气怎么样？",
            "😀👍🏽",
            "\u{feff}",
            "\u{85}",
            "\u{2028}",
        ])
        .prop_map(String::from),
    ];
    let long = (piece.clone(), 1..400_usize).prop_map(|(piece, n)| piece.repeat(n));
    vec(prop_oneof![9 => piece, 1 => long], 0..12).prop_map(|pieces| pieces.concat())
}

/// Much more than is needed, and much less than what takes time with the square of the input.
#[track_caller]
fn within(limit: Duration, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    let elapsed = start.elapsed();
    assert!(
        elapsed < limit,
        "it took {elapsed:?}, {limit:?} are allowed"
    );
}
