//! What can be wrong with a push, by the class names and codes of the platform's sample library.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/guide/dev/push/encryption.html> (read 2026-11-22)

/// A push or a setting that cannot be used. No variant holds a secret, a clear text or an expected signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `signature` or `msg_signature` is missing or is not that of the account's token.
    #[error(
        "`{name}` is missing or does not match the account's token; compare the token with the platform's server configuration page"
    )]
    BadSignature {
        /// `signature` or `msg_signature`.
        name: &'static str,
    },
    /// The body is no well-formed document, or goes beyond a bound, or lacks `Encrypt` where one is needed.
    #[error("the body cannot be read: {0}")]
    BadXml(String),
    /// The EncodingAESKey is not 43 characters of base64.
    #[error(
        "the EncodingAESKey {0}; copy the 43 characters from the platform's server configuration page"
    )]
    BadKey(String),
    /// The document was sealed for another account.
    #[error(
        "the push was sealed for AppID `{found}`, this account has `{expected}`; correct the `app_id` of the account"
    )]
    BadAppId {
        /// The id at the end of the decrypted buffer, at most 64 characters of it.
        found: String,
        /// The account's own id.
        expected: String,
    },
    /// The ciphertext is empty or no multiple of 16 bytes.
    #[error("the ciphertext has {0} bytes, a positive multiple of 16 is needed")]
    BadCiphertext(usize),
    /// The decrypted buffer is malformed: nearly always the wrong EncodingAESKey.
    #[error(
        "the decrypted push is malformed ({0}); compare the EncodingAESKey with the platform's server configuration page"
    )]
    BadBuffer(&'static str),
    /// `Encrypt` is not base64.
    #[error("`Encrypt` is not base64")]
    BadBase64,
    /// A token that the platform would not accept.
    #[error("the token {0}; 3 to 32 letters and digits are allowed")]
    BadToken(String),
}

impl Error {
    /// The short name of the class, for logs and metrics.
    pub fn class(&self) -> &'static str {
        self.class_and_code().0
    }

    /// The platform's conventional number of the class, -40001 to -40010; 0 for a setting, which has none.
    pub fn code(&self) -> i32 {
        self.class_and_code().1
    }

    fn class_and_code(&self) -> (&'static str, i32) {
        match self {
            Self::BadSignature { .. } => ("bad_signature", -40001),
            Self::BadXml(_) => ("bad_xml", -40002),
            Self::BadToken(_) => ("bad_token", 0),
            Self::BadKey(_) => ("bad_key", -40004),
            Self::BadAppId { .. } => ("bad_appid", -40005),
            Self::BadCiphertext(_) => ("bad_ciphertext", -40007),
            Self::BadBuffer(_) => ("bad_buffer", -40008),
            Self::BadBase64 => ("bad_base64", -40010),
        }
    }
}
