//! `signatures.json`: `signature` and `msg_signature`, right ones and wrong ones.

mod common;

use common::{Verdict, same};
use echostr_protocol::{Query, Token};
use serde::Deserialize;
use serde::de::IgnoredAny;
use sha1::{Digest, Sha1};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    #[serde(rename = "rule")]
    _rule: IgnoredAny,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    kind: Kind,
    token: String,
    timestamp: String,
    nonce: String,
    encrypt: Option<String>,
    sorted: Vec<String>,
    correct: String,
    given: String,
    expect: Expect,
    #[serde(rename = "note")]
    _note: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Url,
    Msg,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expect {
    Accept,
    Reject,
    Either,
}

#[test]
fn the_signatures_of_the_vectors_are_made_and_checked_as_they_say() {
    let vectors: Vectors = common::load("signatures.json", "wechat-signature-vectors/1");
    common::run("signatures.json", &vectors.cases, |case| &case.id, check);
}

fn check(case: &Case) -> Verdict {
    let mut query = Query {
        timestamp: Some((&case.timestamp).into()),
        nonce: Some((&case.nonce).into()),
        ..Query::default()
    };
    let token: Token = case.token.parse().map_err(|error| format!("{error}"))?;
    let given = Some(case.given.as_str().into());
    let (made, verdict) = match (&case.kind, &case.encrypt) {
        (Kind::Url, None) => {
            query.signature = given;
            (
                token.signature(&case.timestamp, &case.nonce),
                token.verify(&query),
            )
        }
        (Kind::Msg, Some(encrypt)) => {
            query.msg_signature = given;
            let made = token.msg_signature(&case.timestamp, &case.nonce, encrypt);
            (made, token.verify_msg(&query, encrypt))
        }
        _ => return Err("`encrypt` belongs to `msg`, and only to it".into()),
    };
    same("the signature", made.as_str(), &*case.correct)?;
    same(
        "the hash over `sorted`",
        made.as_str(),
        &*hash_of(&case.sorted),
    )?;
    let error = verdict.err().map(|error| error.class());
    match case.expect {
        Expect::Accept => same("the error", &error, &None),
        Expect::Reject => same("the error", &error, &Some("bad_signature")),
        Expect::Either => Ok(()),
    }
}

fn hash_of(parts: &[String]) -> String {
    let bytes = Sha1::digest(parts.concat());
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}
