//! Whether an answer is the right one: for this follower, from this account, with what was expected.
//!
//! A text in the plainest form, which nearly all replies have, is read without building a tree. Whatever is not in that form is
//! read as the platform reads it, and that is what decides.

use echostr_protocol::{EncodingAesKey, GhId, Query, Reply, open};
use reqwest::header::HeaderMap;

use super::connection::Response;
use super::mix::Kind;
use super::request::Sent;
use crate::judge::{self, Cause, Shown};
use crate::push::{Envelope, Mode, Platform, Sealing};
use crate::transport::{Answer, Transport};

/// What a right answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// What was sent comes back: the text of the reply holds it, a picture and a voice have its media id. To events, anything
    /// usable.
    Echo,
    /// Anything usable, `success` included.
    Any,
    /// `success`, or an empty body.
    Silence,
}

/// Why an answer is not right.
#[derive(Debug, Clone)]
pub(super) enum Wrong {
    /// The follower would see the failure notice.
    Cause(Cause),
    /// `success`, but an answer was expected.
    Silent,
    /// An answer, but `success` was expected.
    Spoke(String),
    /// An answer, but to something else.
    Content { expected: String, found: String },
}

impl From<Transport> for Wrong {
    fn from(transport: Transport) -> Self {
        Self::Cause(transport.into())
    }
}

impl Wrong {
    /// In words of which there are few.
    pub(super) fn class(&self) -> String {
        match self {
            Self::Silent => "没有回复 · no answer, `success`".into(),
            Self::Spoke(_) => "不该有回复 · an answer, `success` was expected".into(),
            Self::Content { .. } => "内容不对 · the content is not what was expected".into(),
            Self::Cause(cause) => match cause {
                Cause::Redirect { status, .. } => format!("status {status}, a redirect"),
                Cause::Malformed(_) => "the reply is not well-formed".into(),
                Cause::Incomplete(_) => "the reply is incomplete".into(),
                Cause::TooLong(_) => "`Content` is too long".into(),
                Cause::BadKey(_) => "the reply cannot be decrypted".into(),
                Cause::BadAppId { .. } => "the reply was sealed for another AppID".into(),
                Cause::WrongTo { .. } => "给了别的用户 · `ToUserName` is not the follower".into(),
                Cause::WrongFrom { .. } => "`FromUserName` is not the account".into(),
                other => other.to_string(),
            },
        }
    }

    /// With what was found.
    pub(super) fn example(&self) -> String {
        match self {
            Self::Silent => self.class(),
            Self::Spoke(found) => format!("`success` was expected, found: {found}"),
            Self::Content { expected, found } => format!("expected: {expected}; found: {found}"),
            Self::Cause(cause) => cause.to_string(),
        }
    }
}

/// Checks answers.
pub(super) struct Checker<'a> {
    platform: &'a Platform,
    expect: Expect,
}

impl<'a> Checker<'a> {
    pub(super) fn new(platform: &'a Platform, expect: Expect) -> Self {
        Self { platform, expect }
    }

    pub(super) fn check(&self, sent: &Sent, response: &Response, body: &[u8]) -> Result<(), Wrong> {
        if response.status == 200 {
            if body.is_empty() || body == b"success" {
                return self.silent(sent);
            }
            if let Some(is_right) = self.plainly(sent, body)
                && is_right
            {
                return Ok(());
            }
        }
        self.carefully(sent, response.status, body)
    }

    fn silent(&self, sent: &Sent) -> Result<(), Wrong> {
        let is_event = matches!(sent.kind, Kind::Event | Kind::Subscribe);
        if self.expect == Expect::Echo && !is_event {
            return Err(Wrong::Silent);
        }
        Ok(())
    }

    /// Whether it is right, if it can be told without a tree.
    fn plainly(&self, sent: &Sent, body: &[u8]) -> Option<bool> {
        let text = std::str::from_utf8(body).ok()?;
        match &self.platform.mode {
            Mode::Plain => self.is_plainly_right(sent, text),
            Mode::Compatible(sealing) | Mode::Safe(sealing) => {
                let Sealing { key, app_id } = sealing;
                let names = ["Encrypt", "MsgSignature", "TimeStamp", "Nonce"];
                let [encrypt, signature, timestamp, nonce] = flat(text, names)?;
                let query = Query {
                    msg_signature: Some(signature?.into()),
                    timestamp: Some(timestamp?.into()),
                    nonce: Some(nonce?.into()),
                    ..Query::default()
                };
                let encrypt = encrypt?;
                self.platform.token.verify_msg(&query, encrypt).ok()?;
                let keys: [&EncodingAesKey; 1] = [key];
                let (clear, _) = open(&keys, encrypt, app_id).ok()?;
                self.is_plainly_right(sent, &clear)
            }
        }
    }

    fn is_plainly_right(&self, sent: &Sent, document: &str) -> Option<bool> {
        let names = [
            "ToUserName",
            "FromUserName",
            "MsgType",
            "Content",
            "Encrypt",
        ];
        let [to, from, kind, content, encrypt] = flat(document, names)?;
        let content = content?;
        let is_text = kind? == "text" && encrypt.is_none();
        let fits = !content.trim().is_empty() && content.len() <= echostr_protocol::MAX_TEXT_BYTES;
        let is_addressed = to? == sent.follower && from? == self.platform.gh_id.as_str();
        let is_expected = match self.expect {
            Expect::Echo if sent.kind == Kind::Text => content.contains(&sent.content),
            Expect::Echo => matches!(sent.kind, Kind::Event | Kind::Subscribe),
            Expect::Any => true,
            Expect::Silence => false,
        };
        Some(is_text && fits && is_addressed && is_expected)
    }

    /// As the platform reads it.
    fn carefully(&self, sent: &Sent, status: u16, body: &[u8]) -> Result<(), Wrong> {
        let envelope = Envelope {
            body: String::new(),
            encrypt: None,
            to: GhId::from(self.platform.gh_id.as_str()),
            from: sent.follower.as_str().into(),
        };
        let answer = Answer {
            status,
            headers: HeaderMap::new(),
            body: body.to_vec(),
            is_cut: false,
        };
        let platform = self.platform;
        let reply = match judge::shown(&platform.token, &platform.mode, &envelope, &Ok(answer)) {
            Shown::Failure(cause) => return Err(Wrong::Cause(cause)),
            Shown::Nothing => return self.silent(sent),
            Shown::Answer { reply, .. } => reply.reply,
        };
        let found = match &reply {
            Reply::Text(content) => content.as_str(),
            Reply::Image(id) | Reply::Voice(id) => id.as_str(),
            _ => "",
        };
        let is_echoed = match (sent.kind, &reply) {
            (Kind::Text, Reply::Text(content)) => content.contains(&sent.content),
            (Kind::Image, Reply::Image(id)) | (Kind::Voice, Reply::Voice(id)) => {
                id.as_str() == sent.content
            }
            (Kind::Event | Kind::Subscribe, _) => true,
            _ => false,
        };
        match self.expect {
            Expect::Any => Ok(()),
            Expect::Silence => Err(Wrong::Spoke(short(found))),
            Expect::Echo if is_echoed => Ok(()),
            Expect::Echo => Err(Wrong::Content {
                expected: short(&sent.content),
                found: short(found),
            }),
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

/// The texts of these children of a well-formed `<xml>` of which no child has children; nothing when the document is in any
/// way different from that.
fn flat<'a, const N: usize>(document: &'a str, names: [&str; N]) -> Option<[Option<&'a str>; N]> {
    if !is_clean(document.as_bytes()) {
        return None;
    }
    let mut found = [None; N];
    let mut rest = document.strip_prefix("<xml>")?;
    loop {
        rest = rest.trim_start_matches([' ', '\n', '\r', '\t']);
        rest = rest.strip_prefix('<')?;
        if let Some(rest) = rest.strip_prefix("/xml>") {
            return rest.trim_ascii().is_empty().then_some(found);
        }
        let (name, after) = rest.split_once('>')?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return None;
        }
        let (text, after) = if let Some(section) = after.strip_prefix("<![CDATA[") {
            section.split_once("]]>")?
        } else {
            let (text, after) = after.split_at(after.find('<')?);
            if text.contains(['&', '>']) || text.trim() != text {
                return None;
            }
            (text, after)
        };
        rest = after
            .strip_prefix("</")?
            .strip_prefix(name)?
            .strip_prefix('>')?;
        if let Some(place) = names.iter().position(|wanted| *wanted == name) {
            // A second one is not plain.
            if found[place].replace(text).is_some() {
                return None;
            }
        }
    }
}

/// Whether there is nothing that XML cannot hold.
fn is_clean(bytes: &[u8]) -> bool {
    let is_control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    let is_no_character = |three: &[u8]| matches!(three, [0xef, 0xbf, 0xbe | 0xbf]);
    !bytes.iter().any(is_control) && !bytes.windows(3).any(is_no_character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_plain_is_read_without_a_tree() {
        let check = |document: &str, expected: Option<[Option<&str>; 2]>| {
            assert_eq!(flat(document, ["A", "B"]), expected, "{document}");
        };
        check("<xml></xml>", Some([None, None]));
        check("<xml><A>1</A></xml>\n", Some([Some("1"), None]));
        check(
            "<xml>\n<B><![CDATA[a & <b>]]></B><A><![CDATA[]]></A>\n</xml>",
            Some([Some(""), Some("a & <b>")]),
        );
        for other in [
            "",
            " <xml></xml>",
            "<xml><A>1</A>",
            "<xml><A>1</B></xml>",
            "<xml><A>1</A></xml>x",
            "<xml><A>1</A><A>2</A></xml>",
            "<xml><A>&lt;</A></xml>",
            "<xml><A>]]></A></xml>",
            "<xml><A> 1</A></xml>",
            "<xml><A><![CDATA[a]]]]><![CDATA[>]]></A></xml>",
            "<xml><A><C>1</C></A></xml>",
            "<xml><A b='c'>1</A></xml>",
            "<xml><A><![CDATA[\u{1}]]></A></xml>",
            "<xml><A><![CDATA[\u{ffff}]]></A></xml>",
            "<xml>text</xml>",
            "<xml><!-- --></xml>",
        ] {
            check(other, None);
        }
    }
}
