//! [`Refusal`]: how the platform says no.

use echostr_protocol::api::errcode;
use serde_json::{Map, Value};

use super::words::words;

/// A call was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) errcode: i64,
    pub(crate) errmsg: String,
    /// What stands beside the code: the `msg_id` of a message that was sent before.
    pub(crate) beside: Map<String, Value>,
}

impl Refusal {
    /// In the platform's own words, such as `invalid openid`.
    pub(crate) fn new(errcode: i64, errmsg: impl Into<String>) -> Self {
        Self {
            errcode,
            errmsg: errmsg.into(),
            beside: Map::new(),
        }
    }

    /// In the platform's own words, where they are known; else in those of the table of return codes.
    pub(crate) fn code(code: i64) -> Self {
        let meaning = || errcode(code).map(|errcode| errcode.meaning);
        Self::new(code, words(code).or_else(meaning).unwrap_or("error"))
    }

    /// With this beside the code.
    pub(crate) fn beside(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.beside.insert(name.to_owned(), value.into());
        self
    }

    /// The request is not such a request.
    pub(crate) fn format(error: &serde_json::Error) -> Self {
        Self::new(47001, format!("data format error hint: [{error}]"))
    }

    /// As the platform writes it, with the id by which it finds the call again.
    pub(crate) fn json(self, rid: &str) -> Value {
        let mut json = self.beside;
        json.insert("errcode".into(), self.errcode.into());
        json.insert(
            "errmsg".into(),
            format!("{} rid: {rid}", self.errmsg).into(),
        );
        Value::Object(json)
    }
}

/// A new id of a call: the moment in Unix seconds, and two random numbers, in hex: `61725984-6126f6f9-040f19c4`.
pub(super) fn rid(now: i64) -> String {
    format!(
        "{now:08x}-{:08x}-{:08x}",
        rand::random::<u32>(),
        rand::random::<u32>()
    )
}
