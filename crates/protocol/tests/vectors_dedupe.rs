//! `dedupe.json`: which pushes are repeats of others.

mod common;

use std::collections::HashSet;
use std::fmt::Write as _;

use common::{Verdict, same};
use echostr_protocol::{Document, Key, Message};
use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    pushes: Vec<Push>,
    expect: Vec<String>,
    #[serde(rename = "note")]
    _note: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Push {
    Message(MessagePush),
    Event(EventPush),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessagePush {
    from_user: String,
    create_time: i64,
    msg_type: String,
    msg_id: Option<String>,
    content: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventPush {
    from_user: String,
    create_time: i64,
    event: String,
    event_key: Option<String>,
    msg_id: Option<String>,
}

#[test]
fn repeats_are_known_as_the_vectors_say() {
    let vectors: Vectors = common::load("dedupe.json", "wechat-dedupe-vectors/1");
    common::run("dedupe.json", &vectors.cases, |case| &case.id, check);
}

fn check(case: &Case) -> Verdict {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for push in &case.pushes {
        let document =
            Document::parse(push.document().as_bytes()).map_err(|error| error.to_string())?;
        let is_new = seen.insert(Key::of(&Message::parse(document)));
        found.push(if is_new { "new" } else { "dup" });
    }
    same("the outcome", &found, &case.expect)
}

impl Push {
    /// The push as the platform writes it.
    fn document(&self) -> String {
        let children = match self {
            Self::Message(push) => vec![
                ("FromUserName", Some(push.from_user.clone())),
                ("CreateTime", Some(push.create_time.to_string())),
                ("MsgType", Some(push.msg_type.clone())),
                ("Content", push.content.clone()),
                ("MsgId", push.msg_id.clone()),
            ],
            Self::Event(push) => vec![
                ("FromUserName", Some(push.from_user.clone())),
                ("CreateTime", Some(push.create_time.to_string())),
                ("MsgType", Some("event".into())),
                ("Event", Some(push.event.clone())),
                ("EventKey", push.event_key.clone()),
                ("MsgID", push.msg_id.clone()),
            ],
        };
        let mut xml = String::from("<xml><ToUserName><![CDATA[gh_ea156c5c452c]]></ToUserName>");
        for (name, value) in children {
            let Some(value) = value else { continue };
            write!(xml, "\n<{name}><![CDATA[{value}]]></{name}>")
                .expect("a string can be written to");
        }
        xml + "\n</xml>"
    }
}
