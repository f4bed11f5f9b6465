//! The doctor names the right fault first, for servers that are broken on purpose.

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::{
    APP_ID, Asked, KEY, OTHER_KEY, Right, Said, TOKEN, broken, compatible, impatient, platform,
    safe,
};
use common::{sealing, serve, token};
use echostr_protocol::{Message, Reply, Token};
use echostr_simulator::doctor::{self, Report};
use echostr_simulator::{Mode, Platform};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A right server, spoilt: is `fault` the first finding (none when empty)? And the whole text is as before.
async fn check(
    fault: &str,
    mode: Mode,
    spoil: impl Fn(&Right, &Asked) -> Said + Clone + Send + Sync + 'static,
) -> Report {
    let address = broken(mode.clone(), spoil).await;
    check_platform(fault, fault, &platform(address, mode)).await
}

async fn check_platform(name: &str, fault: &str, platform: &Platform) -> Report {
    let report = doctor::examine(platform).await;
    let first = report
        .findings
        .first()
        .map_or("", |finding| finding.fault.name());
    assert_eq!(first, fault, "{report}");
    assert_eq!(report.passed(), fault.is_empty());
    let text = report.to_string();
    for secret in [TOKEN, &KEY[..42]] {
        assert!(!text.contains(secret), "a secret is in the report:\n{text}");
    }
    let text = match platform.url.port() {
        Some(port) => [":", "端口 ", "port "].iter().fold(text, |text, before| {
            text.replace(&format!("{before}{port}"), &format!("{before}PORT"))
        }),
        None => text,
    };
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, without_chance(&text));
    });
    report
}

/// Replaces what differs from run to run: times, and long numbers.
fn without_chance(text: &str) -> String {
    let mut clean = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|character: char| character.is_ascii_digit()) {
        clean.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest
            .find(|character: char| !character.is_ascii_digit())
            .unwrap_or(rest.len());
        let number = &rest[..end];
        rest = &rest[end..];
        match rest
            .strip_prefix('.')
            .filter(|rest| rest.starts_with(|digit: char| digit.is_ascii_digit()))
        {
            Some(decimals) if decimals[1..].starts_with(' ') => {
                clean.push_str("#.#");
                rest = &decimals[1..];
            }
            _ if number.len() >= 18 => clean.push('#'),
            _ => clean.push_str(number),
        }
    }
    clean + rest
}

fn right(right: &Right, asked: &Asked) -> Said {
    right.answer(asked)
}

/// A right server, but for its answer to handshakes.
fn echoing(echo: impl Fn(&str) -> Said + Clone) -> impl Fn(&Right, &Asked) -> Said + Clone {
    move |right, asked| {
        let said = right.answer(asked);
        if asked.is_push() || said.status != 200 {
            said
        } else {
            echo(&asked.echostr())
        }
    }
}

/// A right server, but for its answer to pushes.
fn answering(
    answer: impl Fn(&Right, &Asked) -> Said + Clone,
) -> impl Fn(&Right, &Asked) -> Said + Clone {
    move |right, asked| {
        if asked.is_push() {
            answer(right, asked)
        } else {
            right.answer(asked)
        }
    }
}

/// A right server, but for the document that it replies with.
fn replying(spoil: impl Fn(String) -> String + Clone) -> impl Fn(&Right, &Asked) -> Said + Clone {
    move |right, asked| {
        right.answer_with(asked, |message| {
            Reply::from("好的")
                .render(message, 1_761_069_226)
                .map(&spoil)
        })
    }
}

#[tokio::test]
async fn a_right_server_has_no_fault() {
    for mode in [Mode::Plain, compatible(), safe()] {
        let address = broken(mode.clone(), right).await;
        check_platform(
            &format!("right-{}", mode.name()),
            "",
            &platform(address, mode),
        )
        .await;
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_has_no_fault() {
    let silent = |right: &Right, asked: &Asked| right.answer_with(asked, |_| None);
    for mode in [Mode::Plain, safe()] {
        let address = broken(mode.clone(), silent).await;
        check_platform(
            &format!("silent-{}", mode.name()),
            "",
            &platform(address, mode),
        )
        .await;
    }
}

#[tokio::test]
async fn a_wrong_token_is_named() {
    let other = |mode: &Mode| Right {
        token: "AnotherToken1".parse::<Token>().expect("a token"),
        mode: mode.clone(),
    };
    check("wrong-token", Mode::Plain, move |right, asked| {
        other(&right.mode).answer(asked)
    })
    .await;
    for (name, refusal) in [
        ("wrong-token-403", Said::status(403)),
        ("wrong-token-empty", Said::ok("")),
        ("wrong-token-words", Said::ok("check signature failed")),
        (
            "wrong-token-json",
            Said::new(
                200,
                "application/json",
                r#"{"code":401,"message":"invalid signature"}"#,
            ),
        ),
    ] {
        let address = broken(Mode::Plain, move |_, _| refusal.clone()).await;
        check_platform(name, "wrong-token", &platform(address, Mode::Plain)).await;
    }
}

#[tokio::test]
async fn what_stands_around_echostr_is_named() {
    let json = |body: String| Said::new(200, "application/json", body);
    check(
        "quoted-echostr",
        Mode::Plain,
        echoing(move |echo| json(format!("\"{echo}\""))),
    )
    .await;
    let address = broken(
        Mode::Plain,
        echoing(move |echo| json(format!("{{\"echostr\":\"{echo}\"}}"))),
    )
    .await;
    check_platform(
        "quoted-echostr-object",
        "quoted-echostr",
        &platform(address, Mode::Plain),
    )
    .await;

    check(
        "trailing-newline",
        Mode::Plain,
        echoing(|echo| Said::ok(format!("{echo}\n"))),
    )
    .await;
    check(
        "leading-blank",
        Mode::Plain,
        echoing(|echo| Said::ok(format!("\r\n{echo}"))),
    )
    .await;
    check(
        "byte-order-mark",
        Mode::Plain,
        echoing(|echo| Said::ok(format!("\u{feff}{echo}"))),
    )
    .await;
    check(
        "extra-output",
        Mode::Plain,
        echoing(|echo| Said::ok(format!("Notice: {TOKEN} undefined\n{echo}"))),
    )
    .await;
    check(
        "echostr-in-html",
        Mode::Plain,
        echoing(|echo| Said::page(200, echo)),
    )
    .await;
    let converted = |echo: &str| {
        let (digits, last) = echo.split_at(echo.len() - 2);
        let other = if last == "00" { "24" } else { "00" };
        Said::ok(format!("{digits}{other}"))
    };
    check("converted-echostr", safe(), echoing(converted)).await;
}

#[tokio::test]
async fn what_is_no_answer_to_a_handshake_is_named() {
    check(
        "html-page",
        Mode::Plain,
        echoing(|_| Said::page(200, "欢迎光临")),
    )
    .await;
    check("wrong-route", Mode::Plain, |_, _| {
        Said::page(404, "Cannot GET /wx")
    })
    .await;
    check("get-refused", Mode::Plain, |right, asked| {
        if asked.is_push() {
            right.answer(asked)
        } else {
            Said::status(405)
        }
    })
    .await;
    check("bad-gateway", Mode::Plain, |_, _| {
        Said::page(502, "502 Bad Gateway")
    })
    .await;
    check("server-error", Mode::Plain, |_, _| Said::status(500)).await;
    check(
        "unexpected-status",
        Mode::Plain,
        echoing(|echo| Said::new(201, "text/plain", echo)),
    )
    .await;
}

#[tokio::test]
async fn a_redirect_is_named_with_where_it_leads() {
    for status in [301, 302, 308] {
        let moved = move |_: &Right, asked: &Asked| {
            Said::redirect(status, format!("https://example.com/wx/?{}", asked.query))
        };
        let address = broken(Mode::Plain, moved).await;
        check_platform(
            &format!("redirect-{status}"),
            "redirect",
            &platform(address, Mode::Plain),
        )
        .await;
    }
    let relative = |right: &Right, asked: &Asked| {
        if asked.is_push() {
            Said::redirect(307, "/wx/".into())
        } else {
            right.answer(asked)
        }
    };
    let address = broken(Mode::Plain, relative).await;
    check_platform(
        "redirect-of-pushes",
        "redirect",
        &platform(address, Mode::Plain),
    )
    .await;
}

#[tokio::test]
async fn signatures_that_are_sorted_as_numbers_or_not_checked_are_named() {
    let numeric = |right: &Right, asked: &Asked| {
        let query = asked.query();
        let (timestamp, nonce) = (
            query.timestamp.as_deref().unwrap_or("0"),
            query.nonce.as_deref().unwrap_or("0"),
        );
        if nonce.parse::<u64>().expect("a number") < timestamp.parse().expect("a number") {
            return Said::status(404);
        }
        right.answer(asked)
    };
    check("numeric-sort", Mode::Plain, numeric).await;
    check("no-verification", Mode::Plain, |right, asked| {
        if asked.is_push() {
            right.answer(asked)
        } else {
            Said::ok(asked.echostr())
        }
    })
    .await;
}

#[tokio::test]
async fn an_address_that_cannot_be_reached_is_named() {
    // Bound and not listening: nobody else can take the port meanwhile.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket
        .bind(([127, 0, 0, 1], 0).into())
        .expect("a free port");
    let address = socket.local_addr().expect("an address");
    check_platform(
        "connection-refused",
        "connection-refused",
        &platform(address, Mode::Plain),
    )
    .await;

    // Too long for a name: no name server has to be asked.
    let url = format!("http://{}.example/wx", "a".repeat(64));
    let nowhere = Platform::new(&url, token(), Mode::Plain).expect("an address");
    check_platform("name-not-resolved", "name-not-resolved", &nowhere).await;

    let address = broken(Mode::Plain, right).await;
    let encrypted =
        Platform::new(&format!("https://{address}/wx"), token(), Mode::Plain).expect("an address");
    check_platform("tls-failed", "tls-failed", &encrypted).await;

    let address = listen(b"").await;
    check_platform(
        "connection-closed",
        "connection-closed",
        &platform(address, Mode::Plain),
    )
    .await;
    let address = listen(b"SSH-2.0-OpenSSH_9.2\r\n").await;
    check_platform("not-http", "not-http", &platform(address, Mode::Plain)).await;
}

/// Greets whoever connects with these bytes, or, without any, closes the connection after the request.
async fn listen(greeting: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream
                .write_all(greeting)
                .await
                .expect("the client listens");
            let mut request = [0; 4096];
            while stream.read(&mut request).await.is_ok_and(|n| n > 0) && !greeting.is_empty() {}
        }
    });
    address
}

#[tokio::test]
async fn an_answer_after_six_seconds_is_named() {
    let late = echoing(|echo| Said::ok(echo).late(Duration::from_secs(6)));
    let report = check("handshake-slow", Mode::Plain, late).await;
    assert!(
        report.steps[0]
            .took
            .is_some_and(|took| (6..10).contains(&took.as_secs())),
        "{report}"
    );
}

#[tokio::test]
async fn a_wrong_answer_that_is_late_is_not_called_right() {
    let late = |_: &Right, _: &Asked| Said::status(404).late(Duration::from_secs(4));
    let address = broken(Mode::Plain, late).await;
    let report = doctor::examine(&impatient(platform(address, Mode::Plain))).await;
    let faults: Vec<_> = report.findings.iter().map(|f| f.fault.name()).collect();
    assert_eq!(faults, ["wrong-token", "wrong-route"], "{report}");
}

#[tokio::test]
async fn an_answer_after_the_deadline_is_named() {
    let check = async |fault: &'static str, after: Duration, is_push_late: bool| {
        let address = broken(Mode::Plain, move |right, asked| {
            let is_late = asked.is_push() == is_push_late;
            right
                .answer(asked)
                .late(if is_late { after } else { Duration::ZERO })
        })
        .await;
        check_platform(fault, fault, &impatient(platform(address, Mode::Plain))).await
    };
    // Between the deadline of 3 seconds and the 6 that the doctor waits.
    let (late, never) = (Duration::from_secs(4), Duration::from_mins(1));
    tokio::join!(
        check("push-slow", late, true),
        check("push-no-answer", never, true),
        check("handshake-no-answer", never, false),
    );
}

#[tokio::test]
async fn a_server_that_answers_a_later_delivery_has_no_fault() {
    let n_pushes = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let address = serve(move |asked| {
        let said = Right::new(Mode::Plain).answer(&asked);
        let is_first =
            asked.is_push() && n_pushes.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        async move {
            if is_first {
                said.late(Duration::from_mins(1))
            } else {
                said
            }
        }
    })
    .await;
    check_platform(
        "later-delivery",
        "",
        &impatient(platform(address, Mode::Plain)),
    )
    .await;
}

#[tokio::test]
async fn a_wrong_key_and_a_wrong_app_id_are_told_apart_when_the_reply_reveals_it() {
    let with =
        |key: &'static str, app_id: &'static str| Right::new(Mode::Safe(sealing(key, app_id)));
    // A strict server answers 400 to either.
    for (name, key, app_id) in [
        ("bare-400-key", OTHER_KEY, APP_ID),
        ("bare-400-app-id", KEY, "wxffffffffffffffff"),
    ] {
        let address = broken(safe(), move |_, asked| with(key, app_id).answer(asked)).await;
        check_platform(name, "wrong-key-or-app-id", &platform(address, safe())).await;
    }
    // A careless one reads on and seals its reply with what it has.
    let sealed_by = |other: Right, right: &Right, asked: &Asked| {
        let mut reply = String::new();
        let echo = right.answer_with(asked, |message| {
            Reply::from("好的").render(message, 1_761_069_226)
        });
        if !asked.is_push() {
            return echo;
        }
        let plain = Right::new(Mode::Plain);
        let clear =
            Message::parse(echostr_protocol::Document::parse(&asked.body).expect("the clear copy"));
        reply.push_str(
            &Reply::from("好的")
                .render(&clear, 1_761_069_226)
                .unwrap_or_else(|| plain.sealed("")),
        );
        Said::new(200, "text/xml", other.sealed(&reply))
    };
    check("wrong-key", compatible(), move |right, asked| {
        sealed_by(with(OTHER_KEY, APP_ID), right, asked)
    })
    .await;
    check("wrong-app-id", compatible(), move |right, asked| {
        sealed_by(with(KEY, "wxffffffffffffffff"), right, asked)
    })
    .await;
}

#[tokio::test]
async fn a_reply_in_the_wrong_mode_is_named() {
    let in_clear = |right: &Right, asked: &Asked| {
        let reply = std::cell::RefCell::new(String::new());
        let said = right.answer_with(asked, |message| {
            *reply.borrow_mut() = Reply::from("好的").render(message, 1_761_069_226)?;
            None
        });
        if asked.is_push() {
            Said::new(200, "text/xml", reply.into_inner())
        } else {
            said
        }
    };
    check("reply-in-clear", safe(), in_clear).await;
    check("reply-sealed", Mode::Plain, |right, asked| {
        let said = right.answer(asked);
        if asked.is_push() {
            Said::ok(Right::new(safe()).sealed(&said.text()))
        } else {
            said
        }
    })
    .await;
    check("reply-bad-signature", safe(), |right, asked| {
        let said = right.answer(asked);
        Said {
            body: said
                .text()
                .replace("<Nonce><![CDATA[7]]>", "<Nonce><![CDATA[8]]>")
                .into(),
            ..said
        }
    })
    .await;
    check("mode-differs", Mode::Plain, |_, asked| {
        Right::new(safe()).answer(asked)
    })
    .await;
}

#[tokio::test]
async fn a_push_that_is_not_taken_is_named() {
    check(
        "post-route-missing",
        Mode::Plain,
        answering(|_, _| Said::status(404)),
    )
    .await;
    let address = broken(Mode::Plain, answering(|_, _| Said::status(405))).await;
    check_platform(
        "post-route-missing-405",
        "post-route-missing",
        &platform(address, Mode::Plain),
    )
    .await;
    check(
        "post-blocked",
        Mode::Plain,
        answering(|_, _| Said::page(403, "CSRF verification failed.")),
    )
    .await;
    check(
        "body-refused",
        Mode::Plain,
        answering(|_, _| Said::status(415)),
    )
    .await;
    let address = broken(
        safe(),
        answering(|_, _| Said::page(500, &format!("key={KEY} token={TOKEN}"))),
    )
    .await;
    check_platform(
        "server-error-in-safe-mode",
        "server-error",
        &platform(address, safe()),
    )
    .await;
}

#[tokio::test]
async fn a_reply_that_cannot_be_shown_is_named() {
    check(
        "empty-content",
        Mode::Plain,
        replying(|document| document.replace("好的", "")),
    )
    .await;
    check(
        "text-too-long",
        safe(),
        replying(|document| document.replace("好的", &"长".repeat(683))),
    )
    .await;
    check(
        "wrong-recipient",
        safe(),
        replying(|document| document.replace("oEchostr-simulator-000000000", "oSomebodyElse")),
    )
    .await;
    check(
        "wrong-sender",
        safe(),
        replying(|document| document.replace("gh_000000000000", APP_ID)),
    )
    .await;
    check(
        "reply-byte-order-mark",
        Mode::Plain,
        replying(|document| format!("\u{feff}{document}")),
    )
    .await;
    check(
        "reply-leading-blank",
        Mode::Plain,
        replying(|document| format!("\n{document}")),
    )
    .await;
    check(
        "reply-malformed",
        Mode::Plain,
        replying(|document| document.replace("好的", "]]>")),
    )
    .await;
    check(
        "reply-incomplete",
        Mode::Plain,
        replying(|document| document.replace("CreateTime", "Createtime")),
    )
    .await;
    check(
        "reply-json",
        Mode::Plain,
        answering(|_, _| Said::new(200, "application/json", "\"success\"")),
    )
    .await;
    check(
        "reply-html",
        Mode::Plain,
        answering(|_, _| Said::page(200, "Whoops")),
    )
    .await;
    check(
        "reply-plain-text",
        Mode::Plain,
        answering(|_, _| Said::ok("你好")),
    )
    .await;
    check(
        "reply-too-large",
        Mode::Plain,
        answering(|_, _| Said::ok(" ".repeat(2 << 20))),
    )
    .await;
}

#[tokio::test]
async fn a_repeat_with_another_answer_is_named() {
    let n_pushes = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    check("repeat-differs", Mode::Plain, move |right, asked| {
        let n = if asked.is_push() {
            n_pushes.fetch_add(1, std::sync::atomic::Ordering::SeqCst)
        } else {
            0
        };
        right.answer_with(asked, |message| {
            Reply::from(format!("第 {n} 次")).render(message, 1_761_069_226)
        })
    })
    .await;
}

/// A right server that answers the slow text on its second delivery, and before that after so long.
async fn slow(first_after: Duration, later: &'static str) -> SocketAddr {
    let n_pushes = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    broken(Mode::Plain, move |right, asked| {
        if !String::from_utf8_lossy(&asked.body).contains(doctor::SLOW_TEXT) {
            return right.answer(asked);
        }
        let said = right.answer_with(asked, |message| {
            Reply::from(later).render(message, 1_761_069_226)
        });
        let is_first = n_pushes.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        said.late(if is_first {
            first_after
        } else {
            Duration::ZERO
        })
    })
    .await
}

/// A proxy that waits 2 s for an answer, then says this and closes.
async fn hasty(server: SocketAddr, farewell: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut server = TcpStream::connect(server).await.expect("it listens");
                let copying = tokio::io::copy_bidirectional(&mut client, &mut server);
                if tokio::time::timeout(Duration::from_secs(2), copying)
                    .await
                    .is_err()
                {
                    // The doctor may have gone.
                    let _ = client.write_all(farewell.as_bytes()).await;
                }
            });
        }
    });
    address
}

const NEVER: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_connection_that_is_held_and_answered_on_a_later_delivery_has_no_fault() {
    let address = slow(NEVER, doctor::SLOW_ANSWER).await;
    check_platform(
        "slow-answer",
        "",
        &impatient(platform(address, Mode::Plain)),
    )
    .await;
}

#[tokio::test]
async fn a_proxy_that_does_not_hold_connections_is_named() {
    let check = async |name: &'static str, fault: &'static str, farewell: &'static str| {
        let address = hasty(slow(NEVER, doctor::SLOW_ANSWER).await, farewell).await;
        let report = check_platform(name, fault, &impatient(platform(address, Mode::Plain))).await;
        let took = report.steps.last().and_then(|step| step.took);
        assert!(
            took.is_some_and(|took| (2..3).contains(&took.as_secs())),
            "{report}"
        );
    };
    tokio::join!(
        check(
            "held-cut",
            "held-cut",
            "HTTP/1.1 504 Gateway Time-out\r\ncontent-type: text/html\r\ncontent-length: 37\r\n\r\n<html><h1>504 Gateway Time-out</html>",
        ),
        check("held-closed", "held-closed", ""),
        check(
            "held-emptied",
            "held-emptied",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        ),
    );
}

#[tokio::test]
async fn a_held_message_that_is_never_answered_is_named() {
    let never = |right: &Right, asked: &Asked| {
        let is_slow = String::from_utf8_lossy(&asked.body).contains(doctor::SLOW_TEXT);
        let said = right.answer(asked);
        said.late(if is_slow { NEVER } else { Duration::ZERO })
    };
    let address = broken(Mode::Plain, never).await;
    let never = impatient(platform(address, Mode::Plain));
    // `success` on a later delivery is no answer either.
    let address = slow(NEVER, "").await;
    let silent = impatient(platform(address, Mode::Plain));
    tokio::join!(
        check_platform("held-answer-lost", "held-answer-lost", &never),
        check_platform("held-then-silent", "held-answer-lost", &silent),
    );
}

#[tokio::test]
async fn a_server_that_answers_the_slow_text_in_time_has_no_fault() {
    let address = slow(Duration::from_secs(2), "点这里看回答").await;
    check_platform(
        "slow-answer-before",
        "",
        &impatient(platform(address, Mode::Plain)),
    )
    .await;
}

#[tokio::test]
async fn a_held_message_with_two_answers_is_named() {
    let n_pushes = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let address = broken(Mode::Plain, move |right, asked| {
        if !String::from_utf8_lossy(&asked.body).contains(doctor::SLOW_TEXT) {
            return right.answer(asked);
        }
        let n = n_pushes.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let said = right.answer_with(asked, |message| {
            Reply::from(format!("第 {n} 次")).render(message, 1_761_069_226)
        });
        said.late(if n == 0 { NEVER } else { Duration::ZERO })
    })
    .await;
    check_platform(
        "slow-answer-differs",
        "repeat-differs",
        &impatient(platform(address, Mode::Plain)),
    )
    .await;
}

#[tokio::test]
async fn a_token_in_the_path_is_not_printed() {
    let address = broken(Mode::Plain, right).await;
    let url = format!("http://{address}/wechatMP/{TOKEN}?x=1");
    let platform = Platform::new(&url, token(), Mode::Plain).expect("an address");
    check_platform("token-in-path", "", &platform).await;
}
