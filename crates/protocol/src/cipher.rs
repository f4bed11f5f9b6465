//! AES-256-CBC with the platform's key form, 32-byte padding and framing.
//!
//! The clear buffer is `random(16) ‖ length(4, big endian) ‖ document ‖ AppID`, padded to a multiple of 32.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/guide/dev/push/encryption.html> (read 2026-11-22)

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aes::Aes256;
use aes::cipher::{Block, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::xml::{Scanner, Xml, unescaped};
use crate::{AppId, Error, Token};

/// The platform pads to 32 bytes, twice the block of AES.
const PAD_BYTES: usize = 32;
/// Random prefix and length field.
const HEAD_BYTES: usize = 20;

/// Three of four keys have bits set after the 256th, which a strict base64 decoder refuses.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The account's AES key (消息加解密密钥), 43 characters of base64 on the platform's page. Prints as `***`.
///
/// Keys are compared by their 32 bytes: four spellings of the last character are one key.
#[derive(Clone)]
pub struct EncodingAesKey(Arc<Expanded>);

struct Expanded {
    // Expanded once; the key also gives the constant initialisation vector.
    cipher: Aes256,
    bytes: [u8; 32],
}

impl FromStr for EncodingAesKey {
    type Err = Error;

    /// Blanks around the key and one `=` at its end are cut off: they come from copying.
    fn from_str(text: &str) -> Result<Self, Error> {
        let key = text.trim();
        let key = key.strip_suffix('=').unwrap_or(key);
        let length = key.chars().count();
        if length != 43 {
            return Err(Error::BadKey(format!(
                "has {length} characters, 43 are needed"
            )));
        }
        let bytes = LENIENT
            .decode(key)
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .ok_or_else(|| {
                Error::BadKey("has characters other than A-Z, a-z, 0-9, + and /".into())
            })?;
        Ok(Self(Arc::new(Expanded {
            cipher: Aes256::new(&bytes.into()),
            bytes,
        })))
    }
}

impl EncodingAesKey {
    /// The 32 bytes of the key. Never log them.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0.bytes
    }

    /// The 43 characters, to be pasted into the platform's page. Never log them. What another spelling of the last one was
    /// read from is not remembered.
    pub fn to_base64(&self) -> String {
        STANDARD_NO_PAD.encode(self.0.bytes)
    }

    fn initialisation_vector(&self) -> &Block<Aes256> {
        self.0.bytes[..16].try_into().expect("16 of 32 bytes")
    }

    fn open(&self, encrypt: &str, app_id: &AppId) -> Result<Arc<str>, Error> {
        let mut buffer = base64_simd::STANDARD
            .decode_to_vec(encrypt)
            .map_err(|_| Error::BadBase64)?;
        if buffer.is_empty() || buffer.len() % 16 != 0 {
            return Err(Error::BadCiphertext(buffer.len()));
        }
        let (blocks, _) = Block::<Aes256>::slice_as_chunks_mut(&mut buffer);
        cbc::Decryptor::inner_iv_init(&self.0.cipher, self.initialisation_vector())
            .decrypt_blocks(blocks);

        let clear = without_padding(&buffer)?;
        let (head, rest) = clear
            .split_at_checked(HEAD_BYTES)
            .ok_or(Error::BadBuffer("shorter than 20 bytes"))?;
        let length = u32::from_be_bytes(head[16..].try_into().expect("four of 20 bytes"));
        let (document, id) = usize::try_from(length)
            .ok()
            .and_then(|length| rest.split_at_checked(length))
            .ok_or(Error::BadBuffer("the length field points past the end"))?;
        let document =
            simdutf8::basic::from_utf8(document).map_err(|_| Error::BadBuffer("not UTF-8"))?;
        if id != app_id.as_str().as_bytes() {
            let found = String::from_utf8_lossy(id).chars().take(64).collect();
            return Err(Error::BadAppId {
                found,
                expected: app_id.to_string(),
            });
        }
        Ok(document.into())
    }

    fn encrypt(&self, document: &str, app_id: &AppId, random: [u8; 16]) -> String {
        let length = u32::try_from(document.len()).expect("a document has less than 4 GiB");
        let mut buffer =
            Vec::with_capacity(HEAD_BYTES + document.len() + app_id.as_str().len() + PAD_BYTES);
        buffer.extend_from_slice(&random);
        buffer.extend_from_slice(&length.to_be_bytes());
        buffer.extend_from_slice(document.as_bytes());
        buffer.extend_from_slice(app_id.as_str().as_bytes());
        let padding = PAD_BYTES - buffer.len() % PAD_BYTES;
        buffer.resize(
            buffer.len() + padding,
            u8::try_from(padding).expect("1 to 32"),
        );
        let (blocks, _) = Block::<Aes256>::slice_as_chunks_mut(&mut buffer);
        cbc::Encryptor::inner_iv_init(&self.0.cipher, self.initialisation_vector())
            .encrypt_blocks(blocks);
        base64_simd::STANDARD.encode_to_string(buffer)
    }
}

impl PartialEq for EncodingAesKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.bytes.ct_eq(&other.0.bytes).into()
    }
}

impl Eq for EncodingAesKey {}

impl fmt::Debug for EncodingAesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Decrypts a push with the first of `keys` (the current, then the previous) that opens it.
///
/// Answers the document and the key's place in `keys`: the reply has to be sealed with that same key.
/// `msg_signature` must have been checked before, see [`Token::verify_msg`].
///
/// # Errors
/// [`Error::BadAppId`] when a key opened what was sealed for another account, else what the first key met: [`Error::BadBase64`], [`Error::BadCiphertext`], [`Error::BadBuffer`].
///
/// # Panics
/// When `keys` is empty.
pub fn open(
    keys: &[&EncodingAesKey],
    encrypt: &str,
    app_id: &AppId,
) -> Result<(Arc<str>, usize), Error> {
    let mut refused: Option<Error> = None;
    for (place, key) in keys.iter().enumerate() {
        match key.open(encrypt, app_id) {
            Ok(document) => return Ok((document, place)),
            // The right key with the wrong AppID tells more than the wrong key.
            Err(error @ Error::BadAppId { .. }) => refused = Some(error),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    Err(refused.expect("an encrypted account has a key"))
}

/// Seals a rendered reply (or, for who plays the platform, a push) into the envelope
/// `Encrypt`, `MsgSignature`, `TimeStamp`, `Nonce`.
///
/// `random` must come from a cryptographic generator; `timestamp` is Unix seconds. `success` is never sealed.
pub fn seal(
    key: &EncodingAesKey,
    token: &Token,
    app_id: &AppId,
    document: &str,
    random: [u8; 16],
    timestamp: i64,
    nonce: &str,
) -> String {
    let encrypt = key.encrypt(document, app_id, random);
    let timestamp = timestamp.to_string();
    let signature = token.msg_signature(&timestamp, nonce, &encrypt);
    [
        "<xml><Encrypt><![CDATA[",
        &encrypt,
        "]]></Encrypt><MsgSignature><![CDATA[",
        signature.as_str(),
        "]]></MsgSignature><TimeStamp>",
        &timestamp,
        "</TimeStamp><Nonce><![CDATA[",
        nonce,
        "]]></Nonce></xml>",
    ]
    .concat()
}

/// Finds the ciphertext in a compatible or safe body, XML or JSON, without reading further than it has to.
///
/// What stands beside it needs no reading: it is not authenticated, only the ciphertext is.
///
/// # Errors
/// [`Error::BadXml`] when the body is no document or has no `Encrypt`.
pub fn encrypted_part(body: &[u8]) -> Result<Cow<'_, str>, Error> {
    let text = crate::document::text_of(body)?;
    let found = if text.starts_with('{') {
        encrypt_in_json(text)
    } else {
        encrypt_in_xml(text)
    };
    found?.filter(|encrypt| !encrypt.is_empty()).ok_or_else(|| {
        Error::BadXml(
            "it has no `Encrypt`; is the platform's mode the one that is configured here?".into(),
        )
    })
}

fn encrypt_in_xml(text: &str) -> Result<Option<Cow<'_, str>>, Error> {
    let mut scanner = Scanner::new(text);
    let mut found: Option<Cow<'_, str>> = None;
    let mut inside = false;
    while let Some(piece) = scanner.next()? {
        match piece {
            Xml::Start(name) => inside = scanner.depth() == 2 && &text[name] == "Encrypt",
            Xml::End if inside => return Ok(found),
            Xml::CData(range) if inside => join(&mut found, text[range].into()),
            Xml::Text(range, _) if inside => {
                join(&mut found, unescaped(text[range].trim_ascii())?.into());
            }
            _ => {}
        }
    }
    Ok(None)
}

fn join<'a>(found: &mut Option<Cow<'a, str>>, piece: Cow<'a, str>) {
    match found {
        None => *found = Some(piece),
        Some(found) => found.to_mut().push_str(&piece),
    }
}

fn encrypt_in_json(text: &str) -> Result<Option<Cow<'_, str>>, Error> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(rename = "Encrypt", borrow)]
        encrypt: Option<Cow<'a, str>>,
    }
    let envelope: Envelope<'_> =
        serde_json::from_str(text).map_err(|error| Error::BadXml(error.to_string()))?;
    Ok(envelope.encrypt)
}

/// A clear document with `encrypt` as its last element `Encrypt`, as in compatible mode; all of that name that were there
/// are gone. Otherwise it stays as it is, byte for byte.
///
/// # Errors
/// [`Error::BadXml`] when it is no document.
pub fn with_encrypted_part(document: &str, encrypt: Option<&str>) -> Result<String, Error> {
    if document.trim_start().starts_with('{') {
        encrypt_to_json(document, encrypt)
    } else {
        encrypt_to_xml(document, encrypt)
    }
}

fn encrypt_to_xml(document: &str, encrypt: Option<&str>) -> Result<String, Error> {
    let mut scanner = Scanner::new(document);
    let mut written = String::with_capacity(document.len() + encrypt.map_or(0, str::len) + 64);
    // What stands before is written already; what stands behind `left_out`, if it is set, is left out.
    let mut from = 0;
    let mut left_out = None;
    let element = encrypt.map(|encrypt| format!("<Encrypt><![CDATA[{encrypt}]]></Encrypt>"));
    let element = element.unwrap_or_default();
    loop {
        let before = scanner.at();
        let Some(piece) = scanner.next()? else { break };
        match piece {
            Xml::Start(name) if scanner.depth() == 2 && &document[name.clone()] == "Encrypt" => {
                left_out = Some(name.start - 1);
            }
            Xml::Empty(name) if scanner.depth() == 1 && &document[name.clone()] == "Encrypt" => {
                written.push_str(&document[from..name.start - 1]);
                from = scanner.at();
            }
            Xml::End if scanner.depth() == 1 => {
                if let Some(start) = left_out.take() {
                    written.push_str(&document[from..start]);
                    from = scanner.at();
                }
            }
            Xml::End if scanner.depth() == 0 => {
                // Comments may stand before the end tag.
                let end = before
                    + document[before..scanner.at()]
                        .rfind("</")
                        .unwrap_or_default();
                written.push_str(&document[from..end]);
                written.push_str(&element);
                from = end;
            }
            Xml::Empty(name) if scanner.depth() == 0 && encrypt.is_some() => {
                let name = &document[name];
                written = format!("<{name}>{element}</{name}>");
                from = scanner.at();
            }
            _ => {}
        }
    }
    written.push_str(&document[from..]);
    Ok(written)
}

fn encrypt_to_json(document: &str, encrypt: Option<&str>) -> Result<String, Error> {
    let bad = |error: serde_json::Error| Error::BadXml(error.to_string());
    let mut members: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(document).map_err(bad)?;
    if members.remove("Encrypt").is_none() && encrypt.is_none() {
        return Ok(document.into());
    }
    if let Some(encrypt) = encrypt {
        members.insert("Encrypt".into(), encrypt.into());
    }
    serde_json::to_string(&members).map_err(bad)
}

/// Strict: the last byte is 1 to 32, not more than there is, and all padding bytes are equal.
fn without_padding(buffer: &[u8]) -> Result<&[u8], Error> {
    let last = *buffer.last().ok_or(Error::BadCiphertext(0))?;
    let padding = usize::from(last);
    if !(1..=PAD_BYTES).contains(&padding) || padding > buffer.len() {
        return Err(Error::BadBuffer("the padding is not 1 to 32"));
    }
    let (clear, tail) = buffer.split_at(buffer.len() - padding);
    if tail.iter().any(|byte| *byte != last) {
        return Err(Error::BadBuffer("the padding bytes differ"));
    }
    Ok(clear)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(document: &str, without: &str, with: &str) {
        assert_eq!(with_encrypted_part(document, None).as_deref(), Ok(without));
        assert_eq!(
            with_encrypted_part(document, Some("c+/=")).as_deref(),
            Ok(with)
        );
    }

    #[test]
    fn a_ciphertext_is_put_in_and_taken_out_and_all_else_stays_as_it_came() {
        const NEW: &str = "<Encrypt><![CDATA[c+/=]]></Encrypt>";
        let clear = "<?xml version=\"1.0\"?>\n<xml a='>'>\n<A>1</A><B><Encrypt>b</Encrypt></B>\n";
        let end = "<!-- </xml> --></xml >\n";
        let with = format!("{clear}<!-- </xml> -->{NEW}</xml >\n");
        check(&format!("{clear}{end}"), &format!("{clear}{end}"), &with);
        for old in [
            "<Encrypt/>",
            "<Encrypt>x</Encrypt>",
            "<Encrypt><Encrypt>x</Encrypt></Encrypt>",
            "<Encrypt><![CDATA[</Encrypt>]]></Encrypt ><Encrypt a='b' />",
        ] {
            check(
                &format!("{clear}{old}{end}"),
                &format!("{clear}{end}"),
                &with,
            );
        }
        check("<xml/>", "<xml/>", &format!("<xml>{NEW}</xml>"));
        let json = r#"{"A": 23238031123456789}"#;
        let sealed = r#"{"A":23238031123456789,"Encrypt":"c+/="}"#;
        check(json, json, sealed);
        check(sealed, &json.replace(' ', ""), sealed);
        assert!(with_encrypted_part("<xml>", None).is_err());
        assert!(with_encrypted_part("{", None).is_err());
    }
}
