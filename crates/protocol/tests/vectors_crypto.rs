//! `crypto.json`: keys, sealing and opening, key rotation, and the envelopes around the ciphertext.

mod common;

use std::collections::BTreeMap;

use common::{Verdict, same};
use echostr_protocol::{
    AppId, Document, EncodingAesKey, Error, Message, Query, Token, encrypted_part, open, seal,
};
use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    accounts: BTreeMap<String, Account>,
    error_classes: BTreeMap<String, Class>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    app_id: AppId,
    token: String,
    encoding_aes_key: String,
    aes_key_hex: String,
    trailing_bits_of_last_char: usize,
    previous_encoding_aes_key: Option<String>,
    previous_aes_key_hex: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Class {
    code: i32,
    #[serde(rename = "meaning")]
    _meaning: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Case {
    Key(KeyCase),
    Roundtrip(Roundtrip),
    Decrypt(Decrypt),
    Rotation(Rotation),
    Envelope(Envelope),
    ReplyEnvelope(ReplyEnvelope),
}

/// What a case expects: an error, or what the type says.
#[derive(Deserialize)]
#[serde(untagged)]
enum Expect<T> {
    Failure(Failure),
    Success(T),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    error: String,
    code: i32,
    #[serde(default)]
    also_accept: Vec<String>,
}

#[test]
fn the_ciphers_of_the_vectors_are_opened_and_sealed_as_they_say() {
    let vectors: Vectors = common::load("crypto.json", "wechat-crypto-vectors/1");
    let accounts: Vec<(&String, &Account)> = vectors.accounts.iter().collect();
    common::run(
        "accounts of crypto.json",
        &accounts,
        |(name, _)| name,
        |(_, account)| account.check(),
    );
    common::run("crypto.json", &vectors.cases, Case::id, |case| match case {
        Case::Key(case) => case.check(&vectors),
        Case::Roundtrip(case) => case.check(&vectors),
        Case::Decrypt(case) => case.check(&vectors),
        Case::Rotation(case) => case.check(&vectors),
        Case::Envelope(case) => case.check(&vectors),
        Case::ReplyEnvelope(case) => case.check(&vectors),
    });
}

impl Case {
    fn id(&self) -> &str {
        match self {
            Case::Key(case) => &case.id,
            Case::Roundtrip(case) => &case.id,
            Case::Decrypt(case) => &case.id,
            Case::Rotation(case) => &case.id,
            Case::Envelope(case) => &case.id,
            Case::ReplyEnvelope(case) => &case.id,
        }
    }
}

impl Account {
    fn check(&self) -> Verdict {
        const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        same(
            "the key",
            &self.key()?.expose()[..],
            &*bytes_of(&self.aes_key_hex)?,
        )?;
        let last = self
            .encoding_aes_key
            .chars()
            .last()
            .and_then(|last| ALPHABET.find(last));
        same(
            "the unused bits",
            &last.map(|last| last % 4),
            &Some(self.trailing_bits_of_last_char),
        )?;
        let previous = self
            .previous_encoding_aes_key
            .as_deref()
            .map(key)
            .transpose()?;
        let expected = self
            .previous_aes_key_hex
            .as_deref()
            .map(bytes_of)
            .transpose()?;
        same(
            "the previous key",
            &previous.map(|key| key.expose().to_vec()),
            &expected,
        )
    }

    fn key(&self) -> Result<EncodingAesKey, String> {
        key(&self.encoding_aes_key)
    }

    fn token(&self) -> Result<Token, String> {
        self.token.parse().map_err(|error: Error| error.to_string())
    }
}

impl Vectors {
    fn account(&self, name: &str) -> Result<&Account, String> {
        self.accounts
            .get(name)
            .ok_or_else(|| format!("there is no account `{name}`"))
    }

    /// Compares an outcome with an expected error, or hands what was expected instead to `compare`.
    fn judge<V, T>(
        &self,
        found: Result<V, Error>,
        expect: &Expect<T>,
        compare: impl FnOnce(Result<V, Error>, &T) -> Verdict,
    ) -> Verdict {
        if let Err(error) = &found {
            let class = self.error_classes.get(error.class());
            same(
                "the code of the class",
                &class.map(|class| class.code),
                &Some(error.code()),
            )?;
        }
        match (expect, found) {
            (Expect::Success(expected), found) => compare(found, expected),
            (Expect::Failure(failure), Ok(_)) => {
                Err(format!("it was accepted, expected {}", failure.error))
            }
            (Expect::Failure(failure), Err(error)) if failure.error == error.class() => {
                same("the code", &error.code(), &failure.code)
            }
            (Expect::Failure(failure), Err(error)) => {
                if failure
                    .also_accept
                    .iter()
                    .any(|class| class == error.class())
                {
                    return Ok(());
                }
                Err(format!(
                    "the error is {}, expected {}",
                    error.class(),
                    failure.error
                ))
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyCase {
    id: String,
    encoding_aes_key: String,
    expect: Expect<KeyExpect>,
    #[serde(rename = "note")]
    _note: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyExpect {
    ok: Option<bool>,
    either: Option<bool>,
    aes_key_hex: String,
}

impl KeyCase {
    fn check(&self, vectors: &Vectors) -> Verdict {
        vectors.judge(
            self.encoding_aes_key.parse(),
            &self.expect,
            |found, expected| {
                let Some(key): Option<EncodingAesKey> =
                    accepted(found, expected.ok, expected.either)?
                else {
                    return Ok(());
                };
                same(
                    "the key",
                    &key.expose()[..],
                    &*bytes_of(&expected.aes_key_hex)?,
                )
            },
        )
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Roundtrip {
    id: String,
    account: String,
    random_hex: String,
    plaintext: String,
    plaintext_bytes: usize,
    timestamp: String,
    nonce: String,
    encrypt: String,
    msg_signature: String,
    expect: Expect<RoundtripExpect>,
    #[serde(rename = "note")]
    _note: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoundtripExpect {
    ok: bool,
}

impl Roundtrip {
    fn check(&self, vectors: &Vectors) -> Verdict {
        let account = vectors.account(&self.account)?;
        let (token, key) = (account.token()?, account.key()?);
        same("the length", &self.plaintext.len(), &self.plaintext_bytes)?;
        let signature = token.msg_signature(&self.timestamp, &self.nonce, &self.encrypt);
        same("the signature", signature.as_str(), &*self.msg_signature)?;
        let query = query(&self.timestamp, &self.nonce, &self.msg_signature);
        vectors.judge(
            verified(&token, &query, &self.encrypt, &[&key], &account.app_id),
            &self.expect,
            |found, expected| {
                let (plaintext, _) =
                    accepted(found, Some(expected.ok), None)?.ok_or("it was not opened")?;
                same("the document", &*plaintext, &*self.plaintext)
            },
        )?;
        let sealed = sealed(
            &key,
            account,
            &self.plaintext,
            &self.random_hex,
            &self.timestamp,
            &self.nonce,
        )?;
        same(
            "`Encrypt` of the same document",
            &*sealed["Encrypt"],
            &*self.encrypt,
        )
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decrypt {
    id: String,
    account: String,
    timestamp: String,
    nonce: String,
    encrypt: String,
    msg_signature: String,
    expect: Expect<DecryptExpect>,
    #[serde(rename = "reference_libraries")]
    _reference_libraries: Option<IgnoredAny>,
    #[serde(rename = "note")]
    _note: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecryptExpect {
    ok: Option<bool>,
    either: Option<bool>,
    plaintext: String,
}

impl Decrypt {
    fn check(&self, vectors: &Vectors) -> Verdict {
        let account = vectors.account(&self.account)?;
        let (token, key) = (account.token()?, account.key()?);
        let query = query(&self.timestamp, &self.nonce, &self.msg_signature);
        vectors.judge(
            verified(&token, &query, &self.encrypt, &[&key], &account.app_id),
            &self.expect,
            |found, expected| {
                let Some((plaintext, _)) = accepted(found, expected.ok, expected.either)? else {
                    return Ok(());
                };
                same("the document", &*plaintext, &*expected.plaintext)
            },
        )
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    id: String,
    account: String,
    keys: Vec<String>,
    random_hex: String,
    plaintext: String,
    timestamp: String,
    nonce: String,
    encrypt: String,
    msg_signature: String,
    expect: Expect<RotationExpect>,
    #[serde(rename = "note")]
    _note: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RotationExpect {
    ok: bool,
    key_index: usize,
    reply_key_index: usize,
}

impl Rotation {
    fn check(&self, vectors: &Vectors) -> Verdict {
        let account = vectors.account(&self.account)?;
        let token = account.token()?;
        let keys = self
            .keys
            .iter()
            .map(|text| key(text))
            .collect::<Result<Vec<_>, _>>()?;
        let keys: Vec<&EncodingAesKey> = keys.iter().collect();
        let query = query(&self.timestamp, &self.nonce, &self.msg_signature);
        vectors.judge(
            verified(&token, &query, &self.encrypt, &keys, &account.app_id),
            &self.expect,
            |found, expected| {
                let (plaintext, place) =
                    accepted(found, Some(expected.ok), None)?.ok_or("it was not opened")?;
                same("the document", &*plaintext, &*self.plaintext)?;
                same("the key that opened it", &place, &expected.key_index)?;
                // Sealed with the key that opened it, the same document gives the same ciphertext, and no other key opens it.
                let reply = sealed(
                    keys[place],
                    account,
                    &self.plaintext,
                    &self.random_hex,
                    &self.timestamp,
                    &self.nonce,
                )?;
                same("`Encrypt` of the reply", &*reply["Encrypt"], &*self.encrypt)?;
                let opening = (0..keys.len()).filter(|place| {
                    open(&[keys[*place]], &reply["Encrypt"], &account.app_id).is_ok()
                });
                same(
                    "the keys that open the reply",
                    &opening.collect::<Vec<_>>(),
                    &vec![expected.reply_key_index],
                )
            },
        )
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    id: String,
    format: Format,
    mode: Mode,
    account: String,
    timestamp: String,
    nonce: String,
    msg_signature: String,
    signature: String,
    body: String,
    expect: Expect<EnvelopeExpect>,
    #[serde(rename = "note")]
    _note: Option<IgnoredAny>,
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Xml,
    Json,
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Compat,
    Safe,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeExpect {
    ok: bool,
    plaintext: String,
    from: Option<String>,
    to: Option<String>,
    content: Option<String>,
    msg_id: Option<String>,
}

impl Envelope {
    fn check(&self, vectors: &Vectors) -> Verdict {
        let account = vectors.account(&self.account)?;
        let (token, key) = (account.token()?, account.key()?);
        let mut query = query(&self.timestamp, &self.nonce, &self.msg_signature);
        query.signature = Some((&self.signature).into());
        let opened = token
            .verify(&query)
            .and_then(|()| encrypted_part(self.body.as_bytes()))
            .and_then(|encrypt| verified(&token, &query, &encrypt, &[&key], &account.app_id));
        vectors.judge(opened, &self.expect, |found, expected| {
            let (plaintext, _) =
                accepted(found, Some(expected.ok), None)?.ok_or("it was not opened")?;
            same("the document", &*plaintext, &*expected.plaintext)?;
            let is_json = self.body.starts_with('{');
            same(
                "whether it is JSON",
                &is_json,
                &(self.format == Format::Json),
            )?;
            let envelope =
                Document::parse(self.body.as_bytes()).map_err(|error| error.to_string())?;
            let has_clear_part = envelope.root().child("MsgType").is_some();
            same(
                "whether it has a clear part",
                &has_clear_part,
                &(self.mode == Mode::Compat),
            )?;

            let message =
                Message::parse(Document::from_text(plaintext).map_err(|error| error.to_string())?);
            let Message::Text(text) = &message else {
                return Err(format!("it is read as {}", message.kind()));
            };
            same_if_given("the sender", text.from.as_str(), expected.from.as_deref())?;
            same_if_given("the receiver", text.to.as_str(), expected.to.as_deref())?;
            same_if_given("the content", &text.content, expected.content.as_deref())?;
            let msg_id = message.msg_id().ok_or("it has no MsgId")?;
            same_if_given("the id", msg_id.as_str(), expected.msg_id.as_deref())
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyEnvelope {
    id: String,
    account: String,
    random_hex: String,
    plaintext: String,
    timestamp: String,
    nonce: String,
    /// Exactly these elements.
    expect: BTreeMap<String, String>,
    #[serde(rename = "note")]
    _note: Option<IgnoredAny>,
}

impl ReplyEnvelope {
    fn check(&self, vectors: &Vectors) -> Verdict {
        let account = vectors.account(&self.account)?;
        let sealed = sealed(
            &account.key()?,
            account,
            &self.plaintext,
            &self.random_hex,
            &self.timestamp,
            &self.nonce,
        )?;
        same("the envelope", &sealed, &self.expect)
    }
}

/// The order that counts: the signature first, then the ciphertext.
fn verified(
    token: &Token,
    query: &Query<'_>,
    encrypt: &str,
    keys: &[&EncodingAesKey],
    app_id: &AppId,
) -> Result<(std::sync::Arc<str>, usize), Error> {
    token.verify_msg(query, encrypt)?;
    open(keys, encrypt, app_id)
}

/// What was accepted; `None` where the vectors allow a refusal and there was one.
fn accepted<V>(
    found: Result<V, Error>,
    ok: Option<bool>,
    either: Option<bool>,
) -> Result<Option<V>, String> {
    match (ok, either, found) {
        (Some(true), None, Ok(value)) | (None, Some(true), Ok(value)) => Ok(Some(value)),
        (None, Some(true), Err(_)) => Ok(None),
        (Some(true), None, Err(error)) => Err(format!("it was refused: {error}")),
        _ => Err("it expects neither `ok` nor `either`".into()),
    }
}

/// The elements of the envelope around a reply, read by a parser that is not ours.
fn sealed(
    key: &EncodingAesKey,
    account: &Account,
    document: &str,
    random_hex: &str,
    timestamp: &str,
    nonce: &str,
) -> Result<BTreeMap<String, String>, String> {
    let random = bytes_of(random_hex)?
        .try_into()
        .map_err(|_| "the random prefix is not 16 bytes")?;
    let timestamp = timestamp
        .parse()
        .map_err(|_| "the timestamp is no number")?;
    let envelope = seal(
        key,
        &account.token()?,
        &account.app_id,
        document,
        random,
        timestamp,
        nonce,
    );
    let part = encrypted_part(envelope.as_bytes()).map_err(|error| error.to_string())?;
    let tree = roxmltree::Document::parse(&envelope).map_err(|error| error.to_string())?;
    same("the root", tree.root_element().tag_name().name(), "xml")?;
    let mut elements = BTreeMap::new();
    for element in tree.root_element().children() {
        let text = element.text().unwrap_or_default().to_owned();
        let again = elements.insert(element.tag_name().name().to_owned(), text);
        same("an element of the same name", &again, &None)?;
    }
    same(
        "`Encrypt` by the shortcut",
        &elements.get("Encrypt").map(String::as_str),
        &Some(&*part),
    )?;
    Ok(elements)
}

fn query<'a>(timestamp: &'a str, nonce: &'a str, msg_signature: &'a str) -> Query<'a> {
    Query {
        timestamp: Some(timestamp.into()),
        nonce: Some(nonce.into()),
        msg_signature: Some(msg_signature.into()),
        ..Query::default()
    }
}

fn same_if_given(what: &str, found: &str, expected: Option<&str>) -> Verdict {
    expected.map_or(Ok(()), |expected| same(what, found, expected))
}

fn key(text: &str) -> Result<EncodingAesKey, String> {
    text.parse().map_err(|error: Error| error.to_string())
}

fn bytes_of(hex: &str) -> Result<Vec<u8>, String> {
    let pairs = (0..hex.len())
        .step_by(2)
        .map(|start| hex.get(start..start + 2));
    let bytes = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok());
    bytes
        .collect::<Option<_>>()
        .ok_or_else(|| format!("{hex:?} is not hex"))
}
