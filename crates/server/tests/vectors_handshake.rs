//! `handshake.json`: the platform verifies the address, in the three modes and through open access.

mod common;

use common::{APP_ID, KEY, Request, Response, Server, conclude, read_vectors};
use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    schema: String,
    token: String,
    #[serde(rename = "rules")]
    _rules: IgnoredAny,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    method: String,
    query: String,
    expect: Expect,
    #[serde(rename = "note")]
    _note: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(tag = "class", rename_all = "kebab-case", deny_unknown_fields)]
enum Expect {
    Echo { status: u16, body: String },
    Reject { status_not: u16 },
    NoCrash {},
}

#[test]
fn the_handshake_vectors_are_answered_as_they_say_in_every_mode_and_through_open_access() {
    let vectors: Vectors = read_vectors("handshake.json");
    assert_eq!(vectors.schema, "wechat-handshake-vectors/1");
    let token = &vectors.token;
    let account = |mode: &str| {
        format!(
            "[[account]]\nid = \"vectors\"\ntoken = \"{token}\"\nmode = \"{mode}\"\n\
             encoding_aes_key = \"{KEY}\"\napp_id = \"{APP_ID}\"\n"
        )
    };
    let open_access = format!("/wechatMP/{token}");
    let ways = [
        ("plain", account("plain"), "/mp/vectors"),
        ("compatible", account("compatible"), "/mp/vectors"),
        ("safe", account("safe"), "/mp/vectors"),
        ("open access", String::new(), &*open_access),
    ];
    let mut verdicts = Vec::new();
    for (way, settings, path) in ways {
        let server = Server::start(&settings);
        for case in &vectors.cases {
            let response = server.send(&Request {
                method: &case.method,
                target: &format!("{path}?{}", case.query),
                ..Request::default()
            });
            let verdict = check(case, &response);
            verdicts.push(verdict.map_err(|wrong| format!("{} ({way}): {wrong}", case.id)));
        }
        assert_eq!(
            server.get("/healthz").status,
            200,
            "after all cases ({way})"
        );
    }
    conclude("handshake.json, in four ways each", &verdicts);
}

fn check(case: &Case, response: &Response) -> Result<(), String> {
    let Response { status, body, .. } = response;
    let content_type = response.header("content-type");
    match &case.expect {
        Expect::Echo {
            status: expected, ..
        } if status != expected => Err(format!("the status is {status}, expected {expected}")),
        Expect::Echo { body: expected, .. } if body != expected.as_bytes() => Err(format!(
            "the body is {:?}, expected {expected:?}",
            String::from_utf8_lossy(body)
        )),
        Expect::Echo { .. } if content_type.split(';').next() != Some("text/plain") => Err(
            format!("the Content-Type is {content_type:?}, expected text/plain"),
        ),
        Expect::Reject { status_not } if status == status_not => {
            Err(format!("the status is {status}, expected another"))
        }
        // A refusal must not hold what was to be echoed.
        Expect::Reject { .. } if !body.is_empty() => Err(format!(
            "the body is {:?}, expected none",
            String::from_utf8_lossy(body)
        )),
        Expect::Echo { .. } | Expect::Reject { .. } | Expect::NoCrash {} => Ok(()),
    }
}
