//! The key by which repeated deliveries of one push are known.
//!
//! The platform repeats a push with the same body; timestamp and nonce of the query may or may not repeat, so they never
//! count. Events of one follower in one second differ only in their other children, so those count as a whole.

use std::fmt::Write as _;

use sha1::{Digest, Sha1};

use crate::{Message, Str};

/// A longer key, which only a forged push can have, is replaced by its hash: databases bound what they index.
const MAX_KEY_BYTES: usize = 256;

/// Equal for all deliveries of one push to one account, different for any two pushes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Str);

impl Key {
    /// Messages: sender and `MsgId`. Everything else: sender, `CreateTime`, kind and a hash of all other children.
    /// The account is not in it: keys are kept per account.
    pub fn of(message: &Message) -> Self {
        let from = message.from_user();
        let key = match message.msg_id() {
            Some(id) => format!("{from} {id}"),
            _ => format!(
                "{from} {} {} {}",
                message.created_at(),
                message.kind(),
                hash_of_children(message)
            ),
        };
        // Identifiers come from outside; a real one is far shorter.
        let key = if key.len() <= MAX_KEY_BYTES {
            key
        } else {
            hex(&Sha1::digest(key))
        };
        Self(key.into())
    }

    /// The key that was stored as this text.
    pub fn stored(text: &str) -> Self {
        Self(text.into())
    }

    /// The key as text, for storage: ASCII as long as the identifiers are.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 128 bits over names, values and nesting. `Encrypt` is left out: it differs between deliveries of one push.
fn hash_of_children(message: &Message) -> String {
    let mut hasher = Sha1::new();
    let in_key = |name| match name {
        "FromUserName" | "CreateTime" | "MsgType" | "Encrypt" => true,
        // The kind of an event, but not of a device's push or of one that is not known.
        "Event" => matches!(message, Message::Event(_)),
        _ => false,
    };
    let root = message.document().root();
    for child in root.children().filter(|child| !in_key(child.name())) {
        for element in child.with_descendants() {
            for text in [element.name(), element.text()] {
                hasher.update(text.len().to_le_bytes());
                hasher.update(text);
            }
            hasher.update(element.descendants().to_le_bytes());
        }
    }
    hex(&hasher.finalize()[..16])
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(40), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a string can be written to");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;

    fn key(kind: &str, event: &str) -> Key {
        let push = format!(
            "<xml><FromUserName>o1</FromUserName><CreateTime>1761138701</CreateTime>\
             <MsgType>{kind}</MsgType><Event>{event}</Event></xml>"
        );
        Key::of(&Message::parse(
            Document::parse(push.as_bytes()).expect("a push"),
        ))
    }

    #[test]
    fn a_device_that_was_bound_and_unbound_in_one_second_had_one_key() {
        assert_ne!(key("device_event", "bind"), key("device_event", "unbind"));
        assert_ne!(key("of_tomorrow", "a"), key("of_tomorrow", "b"));
        assert_eq!(key("event", "CLICK"), key("EVENT", "click"));
    }

    #[test]
    fn what_is_nested_otherwise_has_another_key() {
        let nested = |children: &str| {
            let push = format!("<xml><MsgType>event</MsgType><Event>e</Event>{children}</xml>");
            Key::of(&Message::parse(
                Document::parse(push.as_bytes()).expect("a push"),
            ))
        };
        assert_ne!(nested("<A><B/></A><C/>"), nested("<A><B/><C/></A>"));
        assert_ne!(nested("<A>b</A>"), nested("<A>bb</A>"));
        assert_eq!(nested("<A>b</A>"), nested("<A><![CDATA[b]]></A>"));
    }

    #[test]
    fn a_key_stays_short_whatever_is_pushed() {
        let long = "x".repeat(10_000);
        assert!(key("event", &long).as_str().len() <= MAX_KEY_BYTES);
        assert_ne!(key("event", &long), key("event", &long[1..]));
    }
}
