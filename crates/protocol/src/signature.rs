//! `signature` and `msg_signature`: SHA-1 over the byte-wise sorted parts.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/guide/dev/push/> (read 2026-11-22)

use std::fmt;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

use crate::{Error, Query};

/// The shared secret of the server configuration (令牌): 3 to 32 letters and digits. Prints as `***`.
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// Checks `signature`, which every request carries: proof that the sender knew the token at some time.
    ///
    /// # Errors
    /// [`Error::BadSignature`] when it is wrong, or when it, `timestamp` or `nonce` is missing.
    pub fn verify(&self, query: &Query<'_>) -> Result<(), Error> {
        check(
            "signature",
            query.signature.as_deref(),
            self.signature_of(query, None),
        )
    }

    /// Checks `msg_signature`, which covers the ciphertext as well.
    ///
    /// # Errors
    /// [`Error::BadSignature`] when it is wrong, or when it, `timestamp` or `nonce` is missing.
    pub fn verify_msg(&self, query: &Query<'_>, encrypt: &str) -> Result<(), Error> {
        check(
            "msg_signature",
            query.msg_signature.as_deref(),
            self.signature_of(query, Some(encrypt)),
        )
    }

    /// `signature` for the given texts; who plays the platform needs it.
    pub fn signature(&self, timestamp: &str, nonce: &str) -> Signature {
        sign([self.0.expose_secret(), timestamp, nonce])
    }

    /// `msg_signature` for the given texts, as replies carry it.
    pub fn msg_signature(&self, timestamp: &str, nonce: &str, encrypt: &str) -> Signature {
        sign([self.0.expose_secret(), timestamp, nonce, encrypt])
    }

    /// The token in clear, for the page where it must be pasted. Never log it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    fn signature_of(&self, query: &Query<'_>, encrypt: Option<&str>) -> Option<Signature> {
        let (timestamp, nonce) = (query.timestamp.as_deref()?, query.nonce.as_deref()?);
        Some(match encrypt {
            None => self.signature(timestamp, nonce),
            Some(encrypt) => self.msg_signature(timestamp, nonce, encrypt),
        })
    }
}

impl FromStr for Token {
    type Err = Error;

    /// Blanks around the token are cut off: they come from copying.
    fn from_str(text: &str) -> Result<Self, Error> {
        let token = text.trim();
        let length = token.chars().count();
        if !(3..=32).contains(&length) {
            return Err(Error::BadToken(format!("has {length} characters")));
        }
        if !token.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Error::BadToken(
                "has characters other than letters and digits".into(),
            ));
        }
        Ok(Self(token.to_owned().into()))
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.expose()
            .as_bytes()
            .ct_eq(other.expose().as_bytes())
            .into()
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// 40 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 40]);

impl Signature {
    /// The digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("hex digits are ASCII")
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Compares in constant time; only the length of what was given can be told from the time.
fn check(
    name: &'static str,
    given: Option<&str>,
    expected: Option<Signature>,
) -> Result<(), Error> {
    match (given, expected) {
        (Some(given), Some(expected)) if bool::from(given.as_bytes().ct_eq(&expected.0)) => Ok(()),
        _ => Err(Error::BadSignature { name }),
    }
}

/// Sorted as bytes, never as numbers: nonce `7` comes after timestamp `1761…`.
fn sign<const N: usize>(mut parts: [&str; N]) -> Signature {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    parts.sort_unstable();
    let mut hasher = Sha1::new();
    for part in parts {
        hasher.update(part);
    }
    let mut hex = [0; 40];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(hasher.finalize()) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    Signature(hex)
}
