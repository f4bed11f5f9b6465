//! What comes back of a call: JSON, or a file.

#![expect(
    clippy::ptr_arg,
    reason = "errors keep the name of a call; most are borrowed, and cloning those copies nothing"
)]

use std::borrow::Cow;
use std::fmt;

use bytes::{Bytes, BytesMut};
use echostr_protocol::api::Secret;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use tokio::time::{Instant, timeout_at};

use crate::error::{Error, Refused, innermost, without};

/// What is shown of an answer that cannot be used.
const HEAD_BYTES: usize = 200;

/// What a download is answered with.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nobody keeps many of them")]
pub enum Download<J> {
    /// The file.
    File(FileStream),
    /// Words instead of it: of a video, where it can be downloaded; of articles, what is in them.
    Json(J),
}

impl<J> Download<J> {
    /// The same with the words understood.
    pub(crate) fn map<T>(
        self,
        read: impl FnOnce(J) -> Result<T, Error>,
    ) -> Result<Download<T>, Error> {
        Ok(match self {
            Self::File(file) => Download::File(file),
            Self::Json(json) => Download::Json(read(json)?),
        })
    }
}

/// A file as it comes.
pub struct FileStream {
    /// What the platform calls it.
    pub file_name: Option<String>,
    /// `image/jpeg`
    pub content_type: String,
    /// Its length, when the platform says so beforehand.
    pub size_bytes: Option<u64>,
    call: Cow<'static, str>,
    left_bytes: usize,
    limit_bytes: usize,
    until: Instant,
    // What was read to find out what it is.
    first: Option<Bytes>,
    response: reqwest::Response,
}

impl FileStream {
    pub(crate) fn new(
        call: Cow<'static, str>,
        first: Option<Bytes>,
        response: reqwest::Response,
        limit_bytes: usize,
        until: Instant,
    ) -> Self {
        let headers = response.headers();
        let kind = header(headers, CONTENT_TYPE).unwrap_or("application/octet-stream");
        Self {
            file_name: header(headers, CONTENT_DISPOSITION).and_then(file_name),
            content_type: kind.to_owned(),
            size_bytes: response.content_length(),
            call,
            left_bytes: limit_bytes,
            limit_bytes,
            until,
            first,
            response,
        }
    }

    /// The next piece; nothing at the end.
    ///
    /// # Errors
    /// It broke off, took too long, or is longer than [`max_file_bytes`](crate::Settings::max_file_bytes).
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let chunk = match self.first.take() {
            Some(first) => Some(first),
            None => next(&mut self.response, &self.call, self.until).await?,
        };
        let Some(chunk) = chunk else {
            return Ok(None);
        };
        self.left_bytes =
            self.left_bytes
                .checked_sub(chunk.len())
                .ok_or_else(|| Error::TooLarge {
                    call: self.call.clone(),
                    limit_bytes: self.limit_bytes,
                })?;
        Ok(Some(chunk))
    }

    /// All of it.
    ///
    /// # Errors
    /// Those of [`chunk`](Self::chunk).
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        let mut all = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }
}

impl fmt::Debug for FileStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStream")
            .field("file_name", &self.file_name)
            .field("content_type", &self.content_type)
            .field("size_bytes", &self.size_bytes)
            .finish_non_exhaustive()
    }
}

async fn next(
    response: &mut reqwest::Response,
    call: &Cow<'static, str>,
    until: Instant,
) -> Result<Option<Bytes>, Error> {
    match timeout_at(until, response.chunk()).await {
        Ok(Ok(chunk)) => Ok(chunk),
        Ok(Err(error)) => Err(Error::Unreadable {
            call: call.clone(),
            what: format!("it broke off: {}", innermost(&error)),
            head: String::new(),
        }),
        Err(_) => Err(Error::Unreadable {
            call: call.clone(),
            what: "it took too long to arrive".into(),
            head: String::new(),
        }),
    }
}

/// Whether this is JSON, by what the platform says of it and how it begins: a file, or words instead of it. Words are read.
pub(crate) async fn file_or_words(
    mut response: reqwest::Response,
    call: &Cow<'static, str>,
    limit_bytes: usize,
    until: Instant,
) -> Result<Result<Bytes, (Option<Bytes>, reqwest::Response)>, Error> {
    let kind = header(response.headers(), CONTENT_TYPE).unwrap_or_default();
    let is_json = kind.contains("json");
    if !is_json && !kind.starts_with("text/") {
        return Ok(Err((None, response)));
    }
    let mut read = BytesMut::new();
    while let Some(chunk) = next(&mut response, call, until).await? {
        read.extend_from_slice(&chunk);
        let is_object = read.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        if read.len() > limit_bytes || !(is_json || is_object) {
            return Ok(Err((Some(read.freeze()), response)));
        }
    }
    let is_object =
        serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&read).is_ok();
    let read = read.freeze();
    Ok(if is_json || is_object {
        Ok(read)
    } else {
        Err((Some(read), response))
    })
}

fn header(headers: &HeaderMap, name: http::HeaderName) -> Option<&str> {
    std::str::from_utf8(headers.get(name)?.as_bytes()).ok()
}

/// `attachment; filename="fish.jpg"` → `fish.jpg`, without a path.
fn file_name(disposition: &str) -> Option<String> {
    let (_, name) = disposition.split_once("filename=")?;
    let name = match name.trim().strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => name.split(';').next()?.trim(),
    };
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    (!name.is_empty() && name != "." && name != "..").then(|| name.to_owned())
}

/// Why an answer is not whole.
pub(crate) enum Cut {
    TooLarge,
    Broken(reqwest::Error),
}

/// All of an answer, if it is not too large.
pub(crate) async fn bounded(
    mut response: reqwest::Response,
    limit_bytes: usize,
) -> Result<Bytes, Cut> {
    if response
        .content_length()
        .is_some_and(|length| length > limit_bytes as u64)
    {
        return Err(Cut::TooLarge);
    }
    let Some(first) = response.chunk().await.map_err(Cut::Broken)? else {
        return Ok(Bytes::new());
    };
    let Some(second) = response.chunk().await.map_err(Cut::Broken)? else {
        return if first.len() > limit_bytes {
            Err(Cut::TooLarge)
        } else {
            Ok(first)
        };
    };
    let mut all = BytesMut::from(first);
    all.extend_from_slice(&second);
    while let Some(chunk) = response.chunk().await.map_err(Cut::Broken)? {
        all.extend_from_slice(&chunk);
        if all.len() > limit_bytes {
            return Err(Cut::TooLarge);
        }
    }
    if all.len() > limit_bytes {
        Err(Cut::TooLarge)
    } else {
        Ok(all.freeze())
    }
}

/// How every answer may begin. The advertising figures say it in `base_resp`, with numbers of their own.
#[derive(Deserialize)]
struct Said<'a> {
    errcode: Option<Number>,
    #[serde(borrow)]
    errmsg: Option<Cow<'a, str>>,
    #[serde(borrow)]
    base_resp: Option<BaseResp<'a>>,
}

#[derive(Deserialize)]
struct BaseResp<'a> {
    ret: Option<Number>,
    #[serde(borrow)]
    err_msg: Option<Cow<'a, str>>,
}

/// A number, or one in a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Int(i64),
    Text(String),
}

impl Number {
    fn get(&self) -> i64 {
        match self {
            Self::Int(number) => *number,
            Self::Text(text) => text.trim().parse().unwrap_or_default(),
        }
    }
}

/// Understands an answer in JSON that does not say no.
///
/// # Errors
/// It is not such an answer.
pub(crate) fn read<T: DeserializeOwned>(
    call: &Cow<'static, str>,
    body: &[u8],
    secrets: &[&Secret],
) -> Result<T, Error> {
    serde_json::from_slice(body)
        // Names of followers are known to come with bytes that JSON does not allow.
        .or_else(|error| serde_json::from_str(&mend(body)).map_err(|_| error))
        .map_err(|error| unreadable(call, body, &error, secrets))
}

/// Whether an answer says no. One that cannot be read does not; whoever reads it will say so.
pub(crate) fn refusal(
    call: &Cow<'static, str>,
    body: &[u8],
    secrets: &[&Secret],
) -> Result<(), Error> {
    if let Ok(said) = serde_json::from_slice::<Said<'_>>(body) {
        return refused(call, &said, secrets);
    }
    match serde_json::from_str(&mend(body)) {
        Ok(said) => refused(call, &said, secrets),
        Err(_) => Ok(()),
    }
}

fn refused(call: &Cow<'static, str>, said: &Said<'_>, secrets: &[&Secret]) -> Result<(), Error> {
    let refuse = |mut refused: Refused, is_known: bool| {
        if !is_known {
            refused.known = None;
        }
        Err(Error::Refused(Box::new(refused)))
    };
    let code = said.errcode.as_ref().map_or(0, Number::get);
    if code != 0 {
        let words = said.errmsg.as_deref().unwrap_or_default();
        return refuse(Refused::new(call.clone(), code, words, secrets), true);
    }
    if let Some(base) = &said.base_resp {
        let code = base.ret.as_ref().map_or(0, Number::get);
        if code != 0 {
            let words = base.err_msg.as_deref().unwrap_or_default();
            return refuse(Refused::new(call.clone(), code, words, secrets), false);
        }
    }
    Ok(())
}

fn mend(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.trim_start_matches('\u{feff}')
        .chars()
        .filter(|c| !c.is_control())
        .collect()
}

fn unreadable(
    call: &Cow<'static, str>,
    body: &[u8],
    error: &serde_json::Error,
    secrets: &[&Secret],
) -> Error {
    let head = String::from_utf8_lossy(&body[..body.len().min(HEAD_BYTES)]);
    let head: String = head
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    // An answer may hold the very token that was asked for, and what serde says of it quotes it.
    let may_be_secret = [call, head.as_str()]
        .map(str::to_ascii_lowercase)
        .iter()
        .any(|text| {
            ["token", "ticket", "secret"]
                .iter()
                .any(|word| text.contains(word))
        });
    let (what, head) = if may_be_secret {
        let (line, column) = (error.line(), error.column());
        let what = match error.classify() {
            Category::Data => "a value is of another type",
            _ => "it is not JSON",
        };
        (format!("{what} at line {line} column {column}"), "…".into())
    } else {
        (
            without(&error.to_string(), secrets),
            without(&head, secrets),
        )
    };
    Error::Unreadable {
        call: call.clone(),
        what,
        head,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[track_caller]
    fn check(body: &[u8], expected: Result<&str, i64>) {
        let call = "getFans".into();
        let found = refusal(&call, body, &[]).and_then(|()| read::<Value>(&call, body, &[]));
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found.to_string(), expected),
            (Err(Error::Refused(refused)), Err(code)) => assert_eq!(refused.code, code),
            (found, expected) => panic!("{found:?}, {expected:?} was expected"),
        }
    }

    #[test]
    fn success_has_no_code_or_zero_in_either_form() {
        check(br#"{"a":1}"#, Ok(r#"{"a":1}"#));
        check(br#"{"errcode":0}"#, Ok(r#"{"errcode":0}"#));
        check(br#"{"errcode":"0"}"#, Ok(r#"{"errcode":"0"}"#));
        check(br#"{"errcode":40001,"errmsg":"x"}"#, Err(40001));
        check(br#"{"errcode":"40001"}"#, Err(40001));
        check(
            br#"{"base_resp":{"ret":2009,"err_msg":"no data"}}"#,
            Err(2009),
        );
        check(
            br#"{"base_resp":{"ret":0}}"#,
            Ok(r#"{"base_resp":{"ret":0}}"#),
        );
    }

    #[test]
    fn bytes_that_json_does_not_allow_are_left_out() {
        check(
            b"\xef\xbb\xbf{\"name\":\"A\x01B\xff\"}",
            Ok("{\"name\":\"AB\u{fffd}\"}"),
        );
    }

    #[test]
    fn a_token_in_an_answer_that_cannot_be_read_is_not_shown() {
        let error = read::<Value>(
            &"getAccessToken".into(),
            br#"{"access_token":"tok_123""#,
            &[],
        )
        .expect_err("it is cut off");
        assert!(!format!("{error} {error:?}").contains("tok_123"));
    }

    #[test]
    fn a_file_name_has_no_path() {
        assert_eq!(
            file_name("attachment; filename=\"fish.jpg\"").as_deref(),
            Some("fish.jpg")
        );
        assert_eq!(
            file_name("attachment; filename=\"../../etc/passwd\"").as_deref(),
            Some("passwd")
        );
        assert_eq!(
            file_name("attachment; filename=\"菜单; 价格.jpg\"; size=3").as_deref(),
            Some("菜单; 价格.jpg")
        );
        assert_eq!(file_name("attachment"), None);
    }
}
