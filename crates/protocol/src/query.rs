//! The query string that comes with every request of the platform.

use std::borrow::Cow;

use memchr::memchr;

/// The parameters of a handshake or push, percent-decoded once. The first of repeated parameters counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query<'a> {
    /// 40 lower-case hex digits over token, timestamp and nonce; it does not cover the body.
    pub signature: Option<Cow<'a, str>>,
    /// Unix seconds as decimal text; signed as text, so never converted.
    pub timestamp: Option<Cow<'a, str>>,
    /// A random number as text.
    pub nonce: Option<Cow<'a, str>>,
    /// Handshake only: the text to answer, byte for byte. Not covered by the signature.
    pub echostr: Option<Cow<'a, str>>,
    /// The sender's OpenID. Not signed and sometimes absent: for logs only.
    pub openid: Option<Cow<'a, str>>,
    /// `aes` when the body carries a ciphertext; `raw` or absent otherwise.
    pub encrypt_type: Option<Cow<'a, str>>,
    /// 40 lower-case hex digits over token, timestamp, nonce and ciphertext.
    pub msg_signature: Option<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    /// Reads the part of a URL after `?`. Unknown parameters are passed over; nothing is an error here.
    pub fn parse(query: &'a str) -> Self {
        let mut parsed = Self::default();
        let mut rest = query;
        while !rest.is_empty() {
            let (pair, after) = split_at_byte(rest, b'&');
            let (name, value) = split_at_byte(pair, b'=');
            rest = after;
            let field = match name {
                "signature" => &mut parsed.signature,
                "timestamp" => &mut parsed.timestamp,
                "nonce" => &mut parsed.nonce,
                "echostr" => &mut parsed.echostr,
                "openid" => &mut parsed.openid,
                "encrypt_type" => &mut parsed.encrypt_type,
                "msg_signature" => &mut parsed.msg_signature,
                _ => continue,
            };
            if field.is_none() {
                *field = Some(decoded(pair, value));
            }
        }
        parsed
    }

    /// Whether the platform says that the body is encrypted (compatible and safe mode).
    pub fn is_encrypted(&self) -> bool {
        self.encrypt_type
            .as_deref()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("aes"))
    }
}

/// What stands before and behind the first `byte`, which is ASCII; all and nothing when there is none.
fn split_at_byte(text: &str, byte: u8) -> (&str, &str) {
    match memchr(byte, text.as_bytes()) {
        Some(place) => (&text[..place], &text[place + 1..]),
        None => (text, ""),
    }
}

/// The value of a pair. Hardly any of the platform is encoded, so most are borrowed as they stand.
fn decoded<'a>(pair: &'a str, value: &'a str) -> Cow<'a, str> {
    if value.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        let (_, decoded) = form_urlencoded::parse(pair.as_bytes())
            .next()
            .unwrap_or_default();
        decoded.into_owned().into()
    } else {
        value.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_value_ended_at_its_equals_sign() {
        let query = Query::parse("echostr=a%2Bb==&nonce=7=%37");
        assert_eq!(query.echostr.as_deref(), Some("a+b=="));
        assert_eq!(query.nonce.as_deref(), Some("7=7"));
    }
}
