//! A load: every message is pushed once, every answer is looked at, and waiting is not left out.

mod common;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Asked, Right, Said, broken, compatible, platform, safe, serve};
use echostr_protocol::{Message, Reply};
use echostr_simulator::load::{Expect, Load, Report};
use echostr_simulator::{Mode, Platform};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// An echo bot: texts, pictures and voices come back.
fn echo(right: &Right, asked: &Asked) -> Said {
    right.answer_with(asked, |message| {
        let reply = match message {
            Message::Text(text) => Reply::from(&*text.content),
            Message::Image(image) => Reply::Image(image.media_id.clone()),
            Message::Voice(voice) => Reply::Voice(voice.media_id.clone()),
            _ => Reply::Silence,
        };
        reply.render(message, 1_761_069_226)
    })
}

/// A short load of few messages.
fn load(platform: Platform) -> Load {
    Load {
        rate: Some(200),
        connections: 4,
        duration: Duration::from_millis(500),
        followers: 7,
        ..Load::new(platform)
    }
}

async fn run(load: Load) -> Report {
    let report = load.run(std::future::pending(), |_| {}).await;
    report.expect("an address")
}

/// What a server in plain mode whose echo is spoilt comes to: nothing, or the only cause.
async fn check(
    expect: Expect,
    spoil: impl Fn(String) -> String + Clone + Send + Sync + 'static,
    expected: Option<&str>,
) {
    let address = broken(Mode::Plain, move |right: &Right, asked: &Asked| {
        let said = echo(right, asked);
        let body = spoil(said.text()).into();
        Said { body, ..said }
    })
    .await;
    let report = run(Load {
        expect,
        ..load(platform(address, Mode::Plain))
    })
    .await;
    let causes: Vec<_> = report.failed.keys().map(String::as_str).collect();
    assert_eq!(causes, Vec::from_iter(expected), "{report}");
    assert_eq!(report.right + report.n_failed(), 100, "{report}");
    // What is wrong at once says nothing about how long right answers take.
    assert_eq!(report.latencies.count(), report.right);
    assert_eq!(report.lateness.count(), 100);
    assert_eq!(report.passed(), expected.is_none());
}

#[tokio::test]
async fn every_answer_of_an_echo_bot_is_right_in_all_modes() {
    for mode in [Mode::Plain, compatible(), safe()] {
        let address = broken(mode.clone(), echo).await;
        let report = run(Load {
            mix: "text=60,image=10,voice=10,event=10,subscribe=10"
                .parse()
                .expect("a mix"),
            ..load(platform(address, mode))
        })
        .await;
        assert!(report.passed(), "{report}");
        assert_eq!(report.right, 100);
    }
}

#[tokio::test]
async fn a_wrong_answer_is_noticed() {
    check(Expect::Echo, |body| body, None).await;
    check(Expect::Any, |_| "success".into(), None).await;
    check(Expect::Silence, |_| String::new(), None).await;
    let none = "没有回复 · no answer, `success`";
    check(Expect::Echo, |_| "success".into(), Some(none)).await;
    let other = "内容不对 · the content is not what was expected";
    let off = |body: String| body.replace("营业", "休息");
    check(Expect::Echo, off, Some(other)).await;
    let spoke = "不该有回复 · an answer, `success` was expected";
    check(Expect::Silence, |body| body, Some(spoke)).await;
    let follower = "给了别的用户 · `ToUserName` is not the follower";
    let for_another = |body: String| body.replace("oEchostr-load-", "oEchostr-load_");
    check(Expect::Any, for_another, Some(follower)).await;
    let account = "`FromUserName` is not the account";
    let from_another = |body: String| body.replace("gh_", "wx_");
    check(Expect::Any, from_another, Some(account)).await;
    let malformed = "the reply is not well-formed";
    let cut = |body: String| body.replace("</xml>", "");
    check(Expect::Any, cut, Some(malformed)).await;
}

#[tokio::test]
async fn a_reply_that_is_sealed_wrongly_is_noticed() {
    // It knows the key, but signs with another token.
    let address = serve(|_| async {
        let other = Right {
            token: "another".parse().expect("a token"),
            mode: safe(),
        };
        Said::new(200, "text/xml", other.sealed("<xml></xml>"))
    })
    .await;
    let report = run(load(platform(address, safe()))).await;
    let causes: Vec<_> = report.failed.keys().map(String::as_str).collect();
    assert_eq!(causes, ["`MsgSignature` of the reply does not match"]);
}

#[tokio::test]
async fn every_message_is_another_one() {
    let bodies = Arc::<Mutex<Vec<String>>>::default();
    let keep = Arc::clone(&bodies);
    let address = serve(move |asked: Asked| {
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        keep.lock().expect("nobody panics").push(body);
        let said = echo(&Right::new(Mode::Plain), &asked);
        async move { said }
    })
    .await;
    let report = run(load(platform(address, Mode::Plain))).await;
    assert!(report.passed(), "{report}");
    let bodies = bodies.lock().expect("nobody panics");
    let part = |body: &String, name: &str| -> String {
        let (_, rest) = body.split_once(&format!("<{name}>")).expect("it is there");
        rest.split_once("</").expect("it ends").0.to_owned()
    };
    let ids: HashSet<_> = bodies.iter().map(|body| part(body, "MsgId")).collect();
    assert_eq!(ids.len(), 100);
    let followers: HashSet<_> = bodies
        .iter()
        .map(|body| part(body, "FromUserName"))
        .collect();
    assert_eq!(followers.len(), 7);
}

#[tokio::test]
async fn two_events_of_one_follower_are_not_alike() {
    for mix in ["event=1", "subscribe=1"] {
        let bodies = Arc::<Mutex<HashSet<Vec<u8>>>>::default();
        let keep = Arc::clone(&bodies);
        let address = serve(move |asked: Asked| {
            keep.lock().expect("nobody panics").insert(asked.body);
            async { Said::ok("success") }
        })
        .await;
        let report = run(Load {
            mix: mix.parse().expect("a mix"),
            followers: 1,
            ..load(platform(address, Mode::Plain))
        })
        .await;
        assert!(report.passed(), "{report}");
        assert_eq!(bodies.lock().expect("nobody panics").len(), 100, "{mix}");
    }
}

/// A server that answers `success` on each connection `n_answers` times, without saying that it is the last, and closes it
/// then: at once, or after it has read one more message.
async fn fickle(n_answers: usize, reads_one_more: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                for _ in 0..n_answers {
                    read_request(&mut stream).await?;
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nsuccess";
                    stream.write_all(answer).await.ok()?;
                }
                if reads_one_more {
                    read_request(&mut stream).await?;
                }
                Some(())
            });
        }
    });
    address
}

/// Reads up to the end of the message.
async fn read_request(stream: &mut TcpStream) -> Option<()> {
    let (mut request, mut bytes) = (Vec::new(), [0; 4096]);
    while !request.ends_with(b"</xml>") {
        let n = stream.read(&mut bytes).await.ok().filter(|n| *n > 0)?;
        request.extend_from_slice(&bytes[..n]);
    }
    Some(())
}

#[tokio::test]
async fn a_connection_that_is_closed_after_the_message_was_read_is_a_failure() {
    let address = fickle(1, true).await;
    let report = run(Load {
        expect: Expect::Any,
        ..load(platform(address, Mode::Plain))
    })
    .await;
    // On each connection, the first message is answered and the second one is not.
    let closed = "the connection was closed before the response was complete";
    let failed = report.failed.get(closed).copied().unwrap_or_default();
    assert_eq!(report.right + failed, 100, "{report}");
    assert!((48..=50).contains(&failed), "{report}");
    assert!(!report.passed());
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_while_nothing_was_asked_is_no_failure() {
    let address = fickle(1, false).await;
    let report = run(Load {
        rate: Some(20),
        connections: 1,
        expect: Expect::Any,
        ..load(platform(address, Mode::Plain))
    })
    .await;
    assert!(report.passed(), "{report}");
    assert_eq!(report.right, 10);
}

#[tokio::test]
async fn waiting_for_a_slow_server_is_not_left_out() {
    // One answer takes 100 ms, one connection waits for it, and twenty messages are due in 200 ms: the last one waits for most
    // of two seconds, although each answer came within little more than 100 ms.
    let address = serve(|asked: Asked| async move {
        echo(&Right::new(Mode::Plain), &asked).late(Duration::from_millis(100))
    })
    .await;
    let report = run(Load {
        rate: Some(100),
        connections: 1,
        duration: Duration::from_millis(200),
        ..load(platform(address, Mode::Plain))
    })
    .await;
    assert_eq!(report.right, 20, "{report}");
    let longest = report.latencies.longest();
    assert!(longest >= Duration::from_millis(1700), "{longest:?}");
    let median = report.latencies.percentile(50.0);
    assert!(median >= Duration::from_millis(800), "{median:?}");
    // Ten a second is what the server can do: not 100, at which they were due.
    let per_second = report.per_second();
    assert!(per_second <= 10.5, "{per_second}");
}

#[tokio::test]
async fn messages_that_never_got_a_connection_are_counted_with_their_waiting() {
    let address = serve(|asked: Asked| async move {
        echo(&Right::new(Mode::Plain), &asked).late(Duration::from_millis(150))
    })
    .await;
    let mut platform = platform(address, Mode::Plain);
    platform.clock.deadline = Duration::from_millis(400);
    let report = run(Load {
        rate: Some(100),
        connections: 1,
        duration: Duration::from_millis(500),
        ..load(platform)
    })
    .await;
    assert_eq!(report.right + report.n_failed(), 50, "{report}");
    let unsent = "没有发出，连接一直占用 · never sent: all connections were busy";
    assert!(report.failed.contains_key(unsent), "{report}");
    assert_eq!(report.latencies.count(), 50);
}

#[tokio::test]
async fn a_server_that_is_away_or_holds_its_answers_is_told_by_its_cause() {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket
        .bind(([127, 0, 0, 1], 0).into())
        .expect("a free port");
    let address = socket.local_addr().expect("an address");
    let report = run(Load {
        rate: None,
        duration: Duration::from_millis(100),
        ..load(platform(address, Mode::Plain))
    })
    .await;
    assert_eq!(report.right, 0);
    assert!(report.failed.contains_key("the connection was refused"));
    // Each of four connections tries again after 20 ms, and not at once.
    assert!(report.n_failed() <= 24, "{report}");
    assert_eq!(report.latencies.count(), 0);

    let address = serve(|_| std::future::pending::<Said>()).await;
    let mut platform = platform(address, Mode::Plain);
    platform.clock.deadline = Duration::from_millis(200);
    let report = run(Load {
        rate: None,
        duration: Duration::from_millis(100),
        ..load(platform)
    })
    .await;
    let late = "no complete response in time";
    assert_eq!(report.failed.get(late), Some(&4), "{report}");
    assert_eq!(report.latencies.count(), 4);
    assert!(report.latencies.percentile(50.0) >= Duration::from_millis(200));
}

#[tokio::test]
async fn without_a_rate_each_connection_goes_on_as_soon_as_it_is_answered() {
    let address = broken(safe(), echo).await;
    let load = Load {
        rate: None,
        ..load(platform(address, safe()))
    };
    let report = run(load.clone()).await;
    assert!(report.passed(), "{report}");
    assert!(report.right > 20, "{report}");
    // It can be ended early.
    let report = Load {
        duration: Duration::from_hours(1),
        ..load
    }
    .run(tokio::time::sleep(Duration::from_millis(50)), |_| {})
    .await
    .expect("an address");
    assert!(report.was_stopped);
    let json = report.to_json();
    assert_eq!(json["stopped"], true);
    // At the most, what each connection was at.
    assert!(report.n_failed() <= 4, "{report}");
    assert!(!report.passed());
}

#[tokio::test]
async fn what_has_no_answer_when_it_is_stopped_has_failed() {
    let address = serve(|_| std::future::pending::<Said>()).await;
    let report = Load {
        rate: Some(100),
        connections: 2,
        duration: Duration::from_hours(1),
        ..load(platform(address, Mode::Plain))
    }
    .run(tokio::time::sleep(Duration::from_millis(200)), |_| {})
    .await
    .expect("an address");
    // The two under way, and those that were due in 200 ms or a little more.
    let under_way = "结束时还没有回答 · not answered when it was stopped";
    assert_eq!(report.failed.get(under_way), Some(&2), "{report}");
    let unsent = "没有发出，连接一直占用 · never sent: all connections were busy";
    let n_unsent = report.failed.get(unsent).copied().unwrap_or_default();
    assert!(n_unsent >= 18, "{report}");
    assert_eq!(report.n_failed(), 2 + n_unsent);
    // Nobody knows how long they would have taken.
    assert_eq!(report.latencies.count(), 0);
    assert!(!report.passed());
}

#[tokio::test]
async fn https_is_refused_in_a_sentence() {
    let platform = Platform::new("https://127.0.0.1/wx", common::token(), Mode::Plain);
    let refused = Load::new(platform.expect("an address"))
        .run(std::future::pending(), |_| {})
        .await
        .expect_err("it is TLS");
    assert!(refused.to_string().contains("behind the reverse proxy"));
}
