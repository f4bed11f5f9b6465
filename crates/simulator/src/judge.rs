//! What the follower sees, given what the server answered.
//!
//! Strict where the platform's behaviour is not established: what might show the failure notice is one here.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/guide/product/message/Passive_user_reply_message.html>
//! (read 2026-11-22)

use echostr_protocol::{
    Document, EncodingAesKey, Error, MAX_TEXT_BYTES, Query, Rendered, Token, encrypted_part, open,
};

use crate::push::{Envelope, Mode, Sealing, is_legal};
use crate::transport::{Answer, Transport};

/// What the follower sees after a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// A reply.
    Answer {
        /// The reply, read.
        reply: Rendered,
        /// Its document, decrypted if it was sealed.
        document: String,
    },
    /// Nothing: the server answered `success` or an empty body.
    Nothing,
    /// The grey notice 该公众号提供的服务出现故障，请稍后再试.
    Failure(Cause),
}

/// Why the platform shows the failure notice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// There was no complete response.
    #[error(transparent)]
    Transport(#[from] Transport),
    /// A redirect, which the platform does not follow.
    #[error("status {status}, a redirect to `{location}`, which the platform does not follow")]
    Redirect {
        /// The HTTP status.
        status: u16,
        /// Where it leads; empty when the response does not say.
        location: String,
    },
    /// Any other HTTP status than 200.
    #[error("status {0}, 200 is needed")]
    Status(u16),
    /// The response is longer than the platform would read.
    #[error("the response is longer than 1 MiB")]
    TooLarge,
    /// A byte order mark before the document.
    #[error("a byte order mark stands before `<xml>`")]
    ByteOrderMark,
    /// White space before the document.
    #[error("white space stands before `<xml>`")]
    LeadingBlank,
    /// JSON, `"success"` with quotes included.
    #[error("the response is JSON")]
    Json,
    /// A web page.
    #[error("the response is a web page")]
    Html,
    /// Neither `success` nor a document.
    #[error("the response is neither `success` nor XML")]
    NotXml,
    /// A document that is not well-formed.
    #[error("the reply is not well-formed: {0}")]
    Malformed(String),
    /// A document without an element that the platform needs, or of a kind that it does not know.
    #[error("the reply is incomplete: {0}")]
    Incomplete(String),
    /// A text without text; saying nothing is `success`.
    #[error("`Content` is empty; saying nothing is `success`")]
    EmptyContent,
    /// A text that is too long.
    #[error("`Content` has {0} bytes, {MAX_TEXT_BYTES} are allowed")]
    TooLong(usize),
    /// In clear, although the account is in safe mode.
    #[error("the reply is not encrypted, the account is in safe mode")]
    NotSealed,
    /// Encrypted, although the account is in plain mode.
    #[error("the reply is encrypted, the account is in plain mode")]
    Sealed,
    /// `MsgSignature` is not that of the account's token over what was sent.
    #[error("`MsgSignature` of the reply does not match")]
    BadMsgSignature,
    /// Not sealed with the account's key.
    #[error("the reply cannot be decrypted with the account's EncodingAESKey: {0}")]
    BadKey(String),
    /// Sealed with the account's key for another AppID.
    #[error("the reply was sealed for AppID `{found}`, the account has `{expected}`")]
    BadAppId {
        /// What stands at the end of the decrypted reply.
        found: String,
        /// The account's.
        expected: String,
    },
    /// Not for the follower who wrote.
    #[error("`ToUserName` of the reply is `{found}`, the follower is `{expected}`")]
    WrongTo {
        /// What the reply says.
        found: String,
        /// The OpenID in the push.
        expected: String,
    },
    /// Not from the account's original id; the AppID there is the usual mistake.
    #[error("`FromUserName` of the reply is `{found}`, the account's original id is `{expected}`")]
    WrongFrom {
        /// What the reply says.
        found: String,
        /// The original id in the push.
        expected: String,
    },
}

/// What the follower sees if this is the answer that counts.
pub(crate) fn shown(
    token: &Token,
    mode: &Mode,
    envelope: &Envelope,
    answer: &Result<Answer, Transport>,
) -> Shown {
    match read(token, mode, envelope, answer) {
        Ok(None) => Shown::Nothing,
        Ok(Some((reply, document))) => Shown::Answer { reply, document },
        Err(cause) => Shown::Failure(cause),
    }
}

fn read(
    token: &Token,
    mode: &Mode,
    envelope: &Envelope,
    answer: &Result<Answer, Transport>,
) -> Result<Option<(Rendered, String)>, Cause> {
    let answer = answer.as_ref().map_err(Transport::clone)?;
    status(answer)?;
    if answer.body.is_empty() || answer.body == b"success" {
        return Ok(None);
    }
    let body = document(&answer.body)?;
    let clear = match (mode, sealing_of(body)?) {
        (Mode::Plain, true) => return Err(Cause::Sealed),
        (Mode::Safe(_), false) => return Err(Cause::NotSealed),
        (Mode::Compatible(sealing) | Mode::Safe(sealing), true) => opened(token, sealing, body)?,
        (Mode::Plain | Mode::Compatible(_), false) => body.to_owned(),
    };
    let reply = reply(&clear, envelope)?;
    Ok(Some((reply, clear)))
}

fn status(answer: &Answer) -> Result<(), Cause> {
    match answer.status {
        _ if answer.is_cut => Err(Cause::TooLarge),
        200 => Ok(()),
        status @ (301 | 302 | 303 | 307 | 308) => Err(Cause::Redirect {
            status,
            location: answer.location().unwrap_or_default().into(),
        }),
        status => Err(Cause::Status(status)),
    }
}

/// The body as text, if it is a document and nothing stands before it.
fn document(body: &[u8]) -> Result<&str, Cause> {
    let text = std::str::from_utf8(body).map_err(|_| Cause::Malformed("it is not UTF-8".into()))?;
    let clean = text.trim_start_matches('\u{feff}').trim_start();
    if is_json(clean) {
        Err(Cause::Json)
    } else if is_html(clean) {
        Err(Cause::Html)
    } else if !clean.starts_with('<') {
        Err(Cause::NotXml)
    } else if text.starts_with('\u{feff}') {
        Err(Cause::ByteOrderMark)
    } else if clean.len() < text.len() {
        Err(Cause::LeadingBlank)
    } else {
        Ok(text)
    }
}

/// Whether it begins as JSON does; a bare number is no sign of it.
pub(crate) fn is_json(text: &str) -> bool {
    text.starts_with(['{', '[', '"'])
}

/// Whether it begins as a web page or a part of one does.
pub(crate) fn is_html(text: &str) -> bool {
    const STARTS: [&str; 11] = [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<title",
        "<script",
        "<center",
        "<div",
        "<h1",
        "<p>",
        "<pre",
    ];
    let start: String = text
        .trim_start()
        .chars()
        .take(16)
        .collect::<String>()
        .to_ascii_lowercase();
    STARTS.iter().any(|tag| start.starts_with(tag))
}

/// Stricter than what reads pushes: the platform's parser is not known to forgive.
fn parsed(text: &str) -> Result<Document, Cause> {
    if has_stray_section_end(text) {
        return Err(Cause::Malformed(
            "`]]>` stands outside of a CDATA section".into(),
        ));
    }
    if let Some(illegal) = text.chars().find(|character| !is_legal(*character)) {
        return Err(Cause::Malformed(format!(
            "it holds {illegal:?}, which XML does not allow"
        )));
    }
    Document::parse(text.as_bytes()).map_err(|error| Cause::Malformed(without_class(error)))
}

fn has_stray_section_end(text: &str) -> bool {
    let mut sections = text.split("<![CDATA[");
    let before = sections.next().unwrap_or_default();
    before.contains("]]>") || sections.any(|section| section.matches("]]>").count() > 1)
}

/// What is wrong with a document, without the sentence around it.
fn without_class(error: Error) -> String {
    match error {
        Error::BadXml(why) => why,
        other => other.to_string(),
    }
}

fn sealing_of(body: &str) -> Result<bool, Cause> {
    Ok(parsed(body)?.root().child("Encrypt").is_some())
}

/// Checks the signature of a sealed reply, then decrypts it.
fn opened(token: &Token, sealing: &Sealing, body: &str) -> Result<String, Cause> {
    let document = parsed(body)?;
    let needed = |name: &str| {
        let value = document
            .root()
            .child(name)
            .map(|element| element.text().to_owned());
        value
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Cause::Incomplete(format!("it has no `{name}`")))
    };
    let query = Query {
        msg_signature: Some(needed("MsgSignature")?.into()),
        timestamp: Some(needed("TimeStamp")?.into()),
        nonce: Some(needed("Nonce")?.into()),
        ..Query::default()
    };
    let encrypt =
        encrypted_part(body.as_bytes()).map_err(|error| Cause::Malformed(without_class(error)))?;
    token
        .verify_msg(&query, &encrypt)
        .map_err(|_| Cause::BadMsgSignature)?;
    let key: &EncodingAesKey = &sealing.key;
    match open(&[key], &encrypt, &sealing.app_id) {
        Ok((document, _)) => Ok(document.to_string()),
        Err(Error::BadAppId { found, expected }) => Err(Cause::BadAppId { found, expected }),
        Err(error) => Err(Cause::BadKey(error.class().to_owned())),
    }
}

fn reply(document: &str, envelope: &Envelope) -> Result<Rendered, Cause> {
    let parsed = parsed(document)?;
    let root = parsed.root();
    if root.name() != "xml" {
        return Err(Cause::Incomplete(format!(
            "its root is `{}`, `xml` is needed",
            root.name()
        )));
    }
    let text = |name: &str| root.child(name).map(|element| element.text().to_owned());
    if text("MsgType").as_deref() == Some("text") {
        let content = text("Content").unwrap_or_default();
        if content.trim().is_empty() {
            return Err(Cause::EmptyContent);
        }
        if content.len() > MAX_TEXT_BYTES {
            return Err(Cause::TooLong(content.len()));
        }
    }
    let reply =
        Rendered::parse(&parsed).map_err(|error| Cause::Incomplete(without_class(error)))?;
    if reply.to != envelope.from {
        return Err(Cause::WrongTo {
            found: reply.to.to_string(),
            expected: envelope.from.to_string(),
        });
    }
    if reply.from != envelope.to {
        return Err(Cause::WrongFrom {
            found: reply.from.to_string(),
            expected: envelope.to.to_string(),
        });
    }
    Ok(reply)
}
