//! The platform's side of a push: what is sent, when it is repeated, and what the follower sees.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::token;
use common::{
    APP_ID, Asked, KEY, OTHER_KEY, Right, Said, broken, compatible, impatient, platform, safe,
    sealing, serve,
};
use echostr_protocol::{Document, Event, Message, Query, Reply};
use echostr_simulator::{
    Cause, Clock, Course, FOLLOWER, GH_ID, Mode, NotAnAddress, Outcome, Platform, Push, Shown,
};
use echostr_simulator::{Transport, Xml};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::sync::Barrier;

fn text_of(shown: &Shown) -> &str {
    match shown {
        Shown::Answer { reply, .. } => match &reply.reply {
            Reply::Text(content) => content,
            other => panic!("not a text: {other:?}"),
        },
        other => panic!("no answer: {other:?}"),
    }
}

#[tokio::test]
async fn a_right_server_is_understood_in_all_modes() {
    for mode in [Mode::Plain, compatible(), safe()] {
        let platform = platform(broken(mode.clone(), Right::answer).await, mode);
        assert!(platform.handshake().await.passed());
        for text in ["你好", "]]> ]]]]>", "😀\n", "a & b < c"] {
            let outcome = platform.push(&Push::text(text)).await;
            assert_eq!(
                text_of(&outcome.shown),
                format!("你说：{text}"),
                "{:?}",
                platform.mode.name()
            );
            assert_eq!(outcome.deliveries.len(), 1);
        }
        assert_eq!(
            platform.push(&Push::subscribe()).await.shown,
            Shown::Nothing
        );
    }
}

#[tokio::test]
async fn a_request_is_as_the_platform_makes_it() {
    let mut platform = platform(broken(safe(), Right::answer).await, safe());
    platform.url.set_query(Some("shop=1"));
    let outcome = platform.push(&Push::text("你好")).await;
    let request = &outcome.deliveries[0].request;
    let query = Query::parse(request.url.query().expect("a query"));
    assert!(
        request
            .url
            .query()
            .expect("a query")
            .starts_with("shop=1&signature=")
    );
    assert_eq!(query.encrypt_type.as_deref(), Some("aes"));
    assert_eq!(query.openid.as_deref(), Some(FOLLOWER));
    token().verify(&query).expect("rightly signed");
    assert_eq!(request.headers["user-agent"], "Mozilla/4.0");
    assert_eq!(request.headers["content-type"], "text/xml");

    let body = Document::parse(request.body.as_bytes()).expect("a document");
    let children: Vec<_> = body
        .root()
        .children()
        .map(|child| child.name().to_owned())
        .collect();
    assert_eq!(children, ["ToUserName", "Encrypt"]);
    platform.mode = compatible();
    let body = Document::parse(platform.envelope(&Push::text("你好")).body.as_bytes())
        .expect("a document");
    let children: Vec<_> = body
        .root()
        .children()
        .map(|child| child.name().to_owned())
        .collect();
    assert_eq!(
        children,
        [
            "ToUserName",
            "FromUserName",
            "CreateTime",
            "MsgType",
            "Content",
            "MsgId",
            "Encrypt"
        ]
    );
}

#[test]
fn an_address_has_to_be_one_that_the_platform_could_call() {
    let of = |url: &str| Platform::new(url, token(), Mode::Plain).map(|_| ());
    for host in ["bot.example.com", "localhost:8080"] {
        assert_eq!(
            of(&format!("{host}/wechatMP/hello123?x=1")),
            Err(NotAnAddress::NoScheme { host: host.into() })
        );
    }
    assert_eq!(
        of("ftp://example.com/wx"),
        Err(NotAnAddress::OtherScheme("ftp".into()))
    );
    assert!(matches!(of("https://"), Err(NotAnAddress::NotAUrl(_))));
    assert_eq!(of(" https://example.com/wx "), Ok(()));
    assert_eq!(of("HTTP://example.com/wx"), Ok(()));
}

#[test]
fn an_address_without_https_is_refused_in_one_sentence_without_its_token() {
    let refused = Platform::new("bot.example.com/wechatMP/hello123", token(), Mode::Plain);
    assert_eq!(
        refused.expect_err("no address").to_string(),
        "地址前面请写上 `https://`，例如 `https://bot.example.com/…` · \
         write `https://` in front of the address, such as `https://bot.example.com/…`"
    );
}

/// Reads a push back as a server would.
fn parsed(push: &Push) -> Message {
    let platform = Platform::new("http://127.0.0.1/", token(), Mode::Plain).expect("an address");
    Message::parse(Document::parse(platform.envelope(push).body.as_bytes()).expect("a document"))
}

#[test]
fn every_push_is_read_as_what_it_is() {
    let check = |push: Push, expected: fn(&Message) -> bool| {
        let message = parsed(&push);
        assert!(expected(&message), "{message:?}");
        assert_eq!(message.to_user(), &GH_ID);
        assert_eq!(message.from_user(), &FOLLOWER);
        assert_eq!(message.created_at(), push.created_at);
        assert_eq!(
            message.msg_id().map(ToString::to_string),
            push.msg_id.map(|id| id.to_string())
        );
    };
    check(
        Push::text("a]]>b\u{0}"),
        |m| matches!(m, Message::Text(text) if text.content == "a]]>b"),
    );
    check(
        Push::menu_text("是", "7"),
        |m| matches!(m, Message::Text(text) if text.menu_id.as_deref() == Some("7")),
    );
    check(Push::unsupported(), |m| {
        matches!(m, Message::Unsupported(_))
    });
    check(
        Push::image("http://mmbiz.qpic.cn/a", "M"),
        |m| matches!(m, Message::Image(image) if image.media_id == "M"),
    );
    check(
        Push::voice("M"),
        |m| matches!(m, Message::Voice(voice) if voice.format == "amr"),
    );
    check(
        Push::video("M", "T"),
        |m| matches!(m, Message::Video(video) if video.thumb_media_id == "T"),
    );
    check(
        Push::short_video("M", "T"),
        |m| matches!(m, Message::ShortVideo(video) if video.media_id == "M"),
    );
    check(
        Push::location(23.1, 113.3, 20, "广州"),
        |m| matches!(m, Message::Location(place) if place.label == "广州"),
    );
    check(
        Push::link("a", "b", "https://c"),
        |m| matches!(m, Message::Link(link) if link.url == "https://c"),
    );
    check(Push::message("music", []), |m| {
        matches!(m, Message::Unknown(_))
    });
    check(
        Push::subscribe(),
        |m| matches!(m, Message::Event(Event::Subscribe(event)) if event.scene.is_none()),
    );
    check(
        Push::subscribe_by_scan("9", "T"),
        |m| matches!(m, Message::Event(Event::Subscribe(event)) if event.scene.as_deref() == Some("9")),
    );
    check(Push::unsubscribe(), |m| {
        matches!(m, Message::Event(Event::Unsubscribe(_)))
    });
    check(
        Push::scan("9", "T"),
        |m| matches!(m, Message::Event(Event::Scan(event)) if event.ticket.as_deref() == Some("T")),
    );
    check(Push::report_location(23.1, 113.3, 119.4), |m| {
        matches!(m, Message::Event(Event::LocationReport(_)))
    });
    check(
        Push::click("K"),
        |m| matches!(m, Message::Event(Event::Click(event)) if event.event_key == "K"),
    );
    check(Push::view("https://c", "1"), |m| {
        matches!(m, Message::Event(Event::View(_)))
    });
    check(Push::scancode_waitmsg("K", "qrcode", "R"), |m| {
        matches!(m, Message::Event(Event::ScancodeWaitmsg(_)))
    });
    check(Push::template_sent(200_163_836, "success"), |m| {
        matches!(m, Message::Event(Event::TemplateSendJobFinish(_)))
    });
    check(Push::event("some_new_event", [Xml::number("N", 1)]), |m| {
        matches!(m, Message::Event(Event::Unknown(_)))
    });

    let raw = "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName></xml>";
    assert_eq!(parsed(&Push::xml(raw)).from_user(), &"o1");
    assert_eq!(
        parsed(&Push::text("hi").by("oOther")).from_user(),
        &"oOther"
    );
}

/// What the follower sees when a right server's answer to a text is spoilt.
async fn check(
    mode: Mode,
    spoil: impl Fn(&Right, Said) -> Said + Clone + Send + Sync + 'static,
    expected: &str,
) {
    let answer = move |right: &Right, asked: &Asked| spoil(right, right.answer(asked));
    let outcome = platform(broken(mode.clone(), answer).await, mode)
        .push(&Push::text("hi"))
        .await;
    check_outcome(&outcome, expected);
}

#[track_caller]
fn check_outcome(outcome: &Outcome, expected: &str) {
    match &outcome.shown {
        Shown::Failure(cause) => {
            assert_eq!(cause.to_string(), expected);
            assert_eq!(outcome.deliveries.len(), 3, "any failure is repeated");
        }
        Shown::Nothing => assert_eq!("nothing", expected),
        answer @ Shown::Answer { .. } => assert_eq!(text_of(answer), expected),
    }
}

fn said(body: impl Into<Vec<u8>>) -> impl Fn(&Right, Said) -> Said + Clone {
    let body = body.into();
    move |_, _| Said::ok(body.clone())
}

/// Alters the document that is in the answer, before it is sealed.
fn altered(from: &'static str, to: &str) -> impl Fn(&Right, Said) -> Said + Clone + use<> {
    let to = to.to_owned();
    move |_, said| Said {
        body: said.text().replace(from, &to).into(),
        ..said
    }
}

async fn check_altered(from: &'static str, to: &str, expected: &str) {
    check(Mode::Plain, altered(from, to), expected).await;
}

#[tokio::test]
async fn nothing_is_shown_for_success_and_for_an_empty_body() {
    for mode in [Mode::Plain, safe()] {
        check(mode.clone(), said("success"), "nothing").await;
        check(mode, said(""), "nothing").await;
    }
}

#[tokio::test]
async fn the_failure_notice_is_shown_for_what_is_no_reply() {
    let page = |_: &Right, _: Said| Said::page(200, "hi");
    let redirect = |_: &Right, _: Said| Said::redirect(302, "/login".into());
    check(
        Mode::Plain,
        |_, _| Said::status(500),
        "status 500, 200 is needed",
    )
    .await;
    check(
        Mode::Plain,
        |_, _| Said::status(404),
        "status 404, 200 is needed",
    )
    .await;
    check(
        Mode::Plain,
        redirect,
        "status 302, a redirect to `/login`, which the platform does not follow",
    )
    .await;
    check(Mode::Plain, page, "the response is a web page").await;
    check(Mode::Plain, said("\"success\""), "the response is JSON").await;
    check(Mode::Plain, said("{\"errcode\":0}"), "the response is JSON").await;
    for body in ["SUCCESS", "success\n", " ", "你好"] {
        check(
            Mode::Plain,
            said(body),
            "the response is neither `success` nor XML",
        )
        .await;
    }
    check(
        Mode::Plain,
        said(vec![b' '; 1 << 21]),
        "the response is longer than 1 MiB",
    )
    .await;
    check(
        Mode::Plain,
        said([b'<', 0xff]),
        "the reply is not well-formed: it is not UTF-8",
    )
    .await;
    check(
        Mode::Plain,
        said("<xml>"),
        "the reply is not well-formed: it ends before the document does",
    )
    .await;
}

#[tokio::test]
async fn the_failure_notice_is_shown_for_a_faulty_reply() {
    let longest = "长".repeat(682);
    check_altered(
        "<xml>",
        "\u{feff}<xml>",
        "a byte order mark stands before `<xml>`",
    )
    .await;
    check_altered("<xml>", "\r\n<xml>", "white space stands before `<xml>`").await;
    check_altered("<xml>", "<?xml version=\"1.0\"?>\n<xml>", "你说：hi").await;
    check_altered(
        "hi]]>",
        "]]>]]>",
        "the reply is not well-formed: `]]>` stands outside of a CDATA section",
    )
    .await;
    check_altered(
        "hi",
        "\u{b}",
        "the reply is not well-formed: it holds '\\u{b}', which XML does not allow",
    )
    .await;
    check_altered(
        "xml>",
        "doc>",
        "the reply is incomplete: its root is `doc`, `xml` is needed",
    )
    .await;
    check_altered(
        "MsgType",
        "Msgtype",
        "the reply is incomplete: the reply has no `MsgType`",
    )
    .await;
    check_altered(
        "[text]",
        "[file]",
        "the reply is incomplete: the platform has no reply of `MsgType` `file`",
    )
    .await;
    check_altered(
        "你说：hi",
        "",
        "`Content` is empty; saying nothing is `success`",
    )
    .await;
    check_altered("你说：hi", &longest, &longest).await;
    check_altered(
        "你说：hi",
        &(longest + "长"),
        "`Content` has 2049 bytes, 2048 are allowed",
    )
    .await;
    check_altered(
        FOLLOWER,
        "oOther",
        "`ToUserName` of the reply is `oOther`, the follower is `oEchostr-simulator-000000000`",
    )
    .await;
    check_altered(
        GH_ID,
        APP_ID,
        "`FromUserName` of the reply is `wx0123456789abcdef`, the account's original id is `gh_000000000000`",
    )
    .await;
}

#[tokio::test]
async fn the_failure_notice_is_shown_for_a_wrongly_sealed_reply() {
    let reply = format!(
        "<xml><ToUserName>{FOLLOWER}</ToUserName><FromUserName>{GH_ID}</FromUserName><CreateTime>1</CreateTime>\
         <MsgType>text</MsgType><Content>hi</Content></xml>"
    );
    let sealed_in = |mode: Mode| said(Right::new(mode).sealed(&reply));
    check(compatible(), sealed_in(Mode::Plain), "hi").await;
    check(compatible(), sealed_in(safe()), "hi").await;
    check(
        safe(),
        sealed_in(Mode::Plain),
        "the reply is not encrypted, the account is in safe mode",
    )
    .await;
    check(
        Mode::Plain,
        sealed_in(safe()),
        "the reply is encrypted, the account is in plain mode",
    )
    .await;

    let other_key = sealed_in(Mode::Safe(sealing(OTHER_KEY, APP_ID)));
    let unreadable = "the reply cannot be decrypted with the account's EncodingAESKey: bad_buffer";
    check(safe(), other_key, unreadable).await;
    let other_app_id = sealed_in(Mode::Safe(sealing(KEY, "wxffffffffffffffff")));
    let for_another =
        "the reply was sealed for AppID `wxffffffffffffffff`, the account has `wx0123456789abcdef`";
    check(safe(), other_app_id, for_another).await;

    check(
        safe(),
        altered("[7]", "[8]"),
        "`MsgSignature` of the reply does not match",
    )
    .await;
    check(
        safe(),
        altered("TimeStamp", "Timestamp"),
        "the reply is incomplete: it has no `TimeStamp`",
    )
    .await;
}

#[tokio::test]
async fn the_failure_notice_is_shown_when_the_server_is_away() {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket
        .bind(([127, 0, 0, 1], 0).into())
        .expect("a free port");
    let platform = platform(socket.local_addr().expect("an address"), Mode::Plain);
    let outcome = platform.push(&Push::text("hi")).await;
    assert_eq!(
        outcome.shown,
        Shown::Failure(Cause::Transport(Transport::Refused))
    );
    check_outcome(&outcome, "the connection was refused");
}

#[test]
fn the_clock_is_the_platforms() {
    assert_eq!(
        Clock::default(),
        Clock {
            deadline: Duration::from_secs(5),
            deliveries: 3
        }
    );
}

#[tokio::test]
async fn a_held_connection_is_closed_at_the_deadline_and_the_push_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let mut platform = impatient(platform(listener.local_addr().expect("an address"), safe()));
    platform.clock.deadline = Duration::from_millis(300);
    let server = tokio::spawn(async move {
        let mut bodies = Vec::new();
        for _ in 0..3 {
            let (mut stream, _) = listener.accept().await.expect("a delivery");
            let mut request = String::new();
            // Ends when the platform closes.
            stream
                .read_to_string(&mut request)
                .await
                .expect("the connection is closed, not reset");
            bodies.push(
                request
                    .split_once("\r\n\r\n")
                    .expect("a request")
                    .1
                    .to_owned(),
            );
        }
        bodies
    });
    let outcome = platform.push(&Push::text("hi")).await;
    check_outcome(&outcome, "no complete response in time");
    for delivery in &outcome.deliveries {
        assert!(
            delivery.took >= platform.clock.deadline,
            "{:?}",
            delivery.took
        );
        assert_eq!(delivery.answer.as_ref().err(), Some(&Transport::TimedOut));
    }
    for pair in outcome.deliveries.windows(2) {
        assert!(pair[1].start - pair[0].start >= platform.clock.deadline);
        assert_eq!(pair[0].request.body, pair[1].request.body);
        assert_ne!(pair[0].request.url, pair[1].request.url, "signed anew");
    }
    let bodies = server.await.expect("no panic");
    assert_eq!(bodies, vec![outcome.deliveries[0].request.body.clone(); 3]);
}

/// A server that says its `n`th word to the `n`th push, the last one again and again.
async fn saying(words: &'static [&'static str]) -> Platform {
    let n_pushes = Arc::new(AtomicUsize::new(0));
    let answer = move |right: &Right, asked: &Asked| {
        let n = n_pushes.fetch_add(1, Ordering::SeqCst).min(words.len() - 1);
        match words[n] {
            "error" => Said::status(500),
            word => right.answer_with(asked, |message| Reply::from(word).render(message, 1)),
        }
    };
    platform(broken(Mode::Plain, answer).await, Mode::Plain)
}

#[tokio::test]
async fn the_first_usable_answer_is_shown_and_ends_the_repeats() {
    let outcome = saying(&["error", "二", "三"])
        .await
        .push(&Push::text("hi"))
        .await;
    assert_eq!(text_of(&outcome.shown), "二");
    assert_eq!(outcome.deliveries.len(), 2);
}

#[tokio::test]
async fn a_lost_answer_is_not_shown() {
    let mut platform = saying(&["一", "二"]).await;
    platform.course = Course::FirstLost(Duration::from_secs(5));
    let outcome = platform.push(&Push::text("hi")).await;
    assert_eq!(text_of(&outcome.shown), "二");
    assert_eq!(outcome.deliveries.len(), 2);
}

#[tokio::test]
async fn a_delivery_is_given_up_at_the_deadline_even_if_it_would_be_lost_later() {
    let address = serve(|_| std::future::pending()).await;
    let mut platform = platform(address, Mode::Plain);
    platform.clock.deadline = Duration::from_millis(100);
    platform.course = Course::FirstLost(Duration::from_mins(1));
    let outcome = platform.push(&Push::text("hi")).await;
    assert_eq!(outcome.deliveries.len(), 3);
    let took = outcome.deliveries[0].took;
    assert!(took < Duration::from_secs(30), "{took:?}");
}

#[tokio::test]
async fn the_end_of_a_delivery_does_not_put_off_the_next_that_overlaps() {
    let n_asked = Arc::new(AtomicUsize::new(0));
    let address = serve(move |_| {
        let n = n_asked.fetch_add(1, Ordering::SeqCst);
        async move {
            if n > 0 {
                std::future::pending::<()>().await;
            }
            Said::status(500).late(Duration::from_millis(1150))
        }
    })
    .await;
    let mut platform = platform(address, Mode::Plain);
    platform.clock.deadline = Duration::from_millis(1500);
    platform.course = Course::Overlapping(Duration::from_millis(600));
    let outcome = platform.push(&Push::text("hi")).await;
    let starts: Vec<_> = outcome.deliveries.iter().map(|one| one.start).collect();
    // The first fails at 1150 ms; counted from then it would be 1750 ms.
    let third = starts[2] - starts[0];
    let expected = Duration::from_millis(1200)..Duration::from_millis(1700);
    assert!(expected.contains(&third), "{third:?}");
}

#[tokio::test]
async fn deliveries_overlap_when_told_to() {
    for gap in [Duration::ZERO, Duration::from_millis(50)] {
        // Answers only when two deliveries are there at once.
        let both = Arc::new(Barrier::new(2));
        let address = serve(move |asked| {
            let both = Arc::clone(&both);
            async move {
                both.wait().await;
                Right::new(Mode::Plain).answer(&asked)
            }
        })
        .await;
        let mut platform = platform(address, Mode::Plain);
        platform.clock.deliveries = 2;
        platform.course = Course::Overlapping(gap);
        let outcome = platform.push(&Push::text("hi")).await;
        assert_eq!(text_of(&outcome.shown), "你说：hi");
        assert_eq!(outcome.deliveries.len(), 2);
        assert!(outcome.deliveries[1].start - outcome.deliveries[0].start >= gap);
    }
}

#[tokio::test]
async fn a_posted_envelope_is_the_same_message_and_a_second_push_is_not() {
    let platform = saying(&["一"]).await;
    let (push, other) = (Push::text("hi"), Push::text("hi"));
    let bodies: Vec<String> = [&push, &push, &other]
        .map(|push| platform.envelope(push).body)
        .into();
    assert_eq!(bodies[0], bodies[1]);
    assert_ne!(bodies[0], bodies[2]);
}
