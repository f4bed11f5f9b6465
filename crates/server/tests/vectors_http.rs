//! `http.json`: whole requests to the running binary, in each of the modes that a case names.

mod common;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use common::{Connection, Request, Response, Server, conclude, read_vectors, token};
use echostr_protocol::{EncodingAesKey, Query, open};
use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    schema: String,
    account: Account,
    #[serde(rename = "classes")]
    _classes: IgnoredAny,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    token: String,
    encoding_aes_key: String,
    app_id: String,
    gh_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    modes: Vec<Mode>,
    method: String,
    query: String,
    headers: BTreeMap<String, String>,
    body: String,
    expect: Expect,
    #[serde(rename = "note")]
    _note: Option<IgnoredAny>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Plain,
    Compat,
    Safe,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    class: Class,
    from_user: Option<String>,
    content: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Class {
    Accept,
    Reject,
    Either,
    NoCrash,
    RejectOrAcceptFast,
}

/// What stands for the 5 MiB of the huge body.
const PAD: &str = "@@PAD@@";

#[test]
fn the_http_vectors_are_answered_as_they_say_in_every_mode() {
    let vectors: Vectors = read_vectors("http.json");
    assert_eq!(vectors.schema, "wechat-http-vectors/1");
    let mut verdicts = Vec::new();
    for mode in [Mode::Plain, Mode::Compat, Mode::Safe] {
        let server = Server::start(&settings(&vectors.account, mode));
        let cases: Vec<_> = vectors
            .cases
            .iter()
            .filter(|case| case.modes.contains(&mode))
            .collect();
        assert!(!cases.is_empty(), "there are no cases for {mode:?}");
        for case in cases {
            let verdict = check(&server, &vectors.account, mode, case);
            verdicts.push(verdict.map_err(|wrong| format!("{} ({mode:?}): {wrong}", case.id)));
        }
    }
    let n_expected: usize = vectors.cases.iter().map(|case| case.modes.len()).sum();
    assert_eq!(verdicts.len(), n_expected, "every mode of every case");
    conclude("http.json, in the modes of each", &verdicts);
}

fn settings(account: &Account, mode: Mode) -> String {
    let Account {
        token,
        encoding_aes_key,
        app_id,
        ..
    } = account;
    let mode = match mode {
        Mode::Plain => "plain",
        Mode::Compat => "compat",
        Mode::Safe => "safe",
    };
    format!(
        "[[account]]\nid = \"vectors\"\ntoken = \"{token}\"\nmode = \"{mode}\"\n\
         encoding_aes_key = \"{encoding_aes_key}\"\napp_id = \"{app_id}\"\n"
    )
}

fn check(server: &Server, account: &Account, mode: Mode, case: &Case) -> Result<(), String> {
    let body = case.body.replace(PAD, &"a".repeat(5 << 20));
    let target = format!("/mp/vectors?{}", case.query);
    let request = Request {
        method: &case.method,
        target: &target,
        headers: case
            .headers
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect(),
        body: body.as_bytes(),
    };
    let before = server.peak_memory_bytes();
    let start = Instant::now();
    let mut connection = server.connect();
    // Of a body that is too large the server may leave the rest unread.
    let written = connection.try_write(&request.bytes(""));
    let response = connection
        .try_response()
        .ok_or_else(|| format!("there is no response; the request was sent: {written:?}"))?;
    let took = start.elapsed();

    let accepted = || accepted(account, mode, case, &body, &response);
    match case.expect.class {
        Class::Accept => accepted(),
        Class::Reject => rejected(&response),
        Class::Either => accepted().or_else(|not_accepted| {
            rejected(&response).map_err(|not_rejected| format!("{not_accepted}; {not_rejected}"))
        }),
        Class::NoCrash => within(took, Duration::from_secs(5)),
        Class::RejectOrAcceptFast => {
            within(took, Duration::from_secs(2))?;
            // Without what the process has in any case, which in a debug build is near the 64 MiB that the vectors allow.
            let peak = before.zip(server.peak_memory_bytes());
            if peak.is_some_and(|(before, after)| after - before > 32 << 20) {
                return Err("it took more than 32 MiB of memory".into());
            }
            if response.status == 413 {
                rejected(&response)
            } else {
                accepted()
            }
        }
    }?;
    is_alive(server)
}

/// The push reached the handler: the bot answers its sender, a text with the same words, as the mode demands.
fn accepted(
    account: &Account,
    mode: Mode,
    case: &Case,
    body: &str,
    response: &Response,
) -> Result<(), String> {
    same("the status", &response.status, &200)?;
    let push = match mode {
        Mode::Plain => body.to_owned(),
        Mode::Compat | Mode::Safe => decrypted(account, body)?,
    };
    let words = match &case.expect.content {
        Some(content) => Some(content.clone()),
        None if child(&push, "MsgType")? == "text" => Some(child(&push, "Content")?),
        None => None,
    };
    if words.is_none() && response.body == b"success" {
        return Ok(());
    }
    let reply = match mode {
        Mode::Plain => response.text().to_owned(),
        Mode::Compat | Mode::Safe => opened(account, response.text())?,
    };
    let sender = child(&push, "FromUserName")?;
    let from_user = case.expect.from_user.clone().unwrap_or(sender);
    same("`ToUserName`", &child(&reply, "ToUserName")?, &from_user)?;
    same(
        "`FromUserName`",
        &child(&reply, "FromUserName")?,
        &account.gh_id,
    )?;
    match words {
        Some(words) => same("`Content`", &child(&reply, "Content")?, &words),
        None => Ok(()),
    }
}

fn rejected(response: &Response) -> Result<(), String> {
    if !(400..500).contains(&response.status) {
        return Err(format!(
            "the status is {}, 4xx is expected",
            response.status
        ));
    }
    if response.body == b"success" {
        return Err("the body of a refusal is `success`".into());
    }
    Ok(())
}

fn is_alive(server: &Server) -> Result<(), String> {
    let mut connection: Connection = server.connect();
    connection.write(&Request::get("/healthz").bytes(""));
    let health = connection.try_response().ok_or("the server is gone")?;
    same("the status of /healthz afterwards", &health.status, &200)
}

/// Checks the signature of a sealed reply and decrypts it.
fn opened(account: &Account, envelope: &str) -> Result<String, String> {
    let query = Query {
        msg_signature: Some(child(envelope, "MsgSignature")?.into()),
        timestamp: Some(child(envelope, "TimeStamp")?.into()),
        nonce: Some(child(envelope, "Nonce")?.into()),
        ..Query::default()
    };
    token(&account.token)
        .verify_msg(&query, &child(envelope, "Encrypt")?)
        .map_err(|error| error.to_string())?;
    decrypted(account, envelope)
}

/// What `Encrypt` holds.
fn decrypted(account: &Account, envelope: &str) -> Result<String, String> {
    let key: EncodingAesKey = account.encoding_aes_key.parse().expect("the vectors' key");
    let app_id = account.app_id.as_str().into();
    let opened = open(&[&key], &child(envelope, "Encrypt")?, &app_id);
    opened
        .map(|(document, _)| document.to_string())
        .map_err(|error| error.to_string())
}

/// The text of a child of the root, by another XML parser than the server's.
fn child(document: &str, name: &str) -> Result<String, String> {
    let parsed = roxmltree::Document::parse(document)
        .map_err(|error| format!("it is no document: {error}: {document:.200}"))?;
    let child = parsed
        .root_element()
        .children()
        .find(|child| child.has_tag_name(name))
        .ok_or_else(|| format!("it has no `{name}`: {document:.200}"))?;
    Ok(child.children().filter_map(|node| node.text()).collect())
}

fn within(took: Duration, limit: Duration) -> Result<(), String> {
    if took > limit {
        return Err(format!("it took {took:?}, {limit:?} is the limit"));
    }
    Ok(())
}

fn same<T: std::fmt::Debug + PartialEq>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what} is {found:?}, expected {expected:?}"))
    }
}
