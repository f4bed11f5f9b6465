//! A replay: pushes of a journal once more, in order, and their replies compared with those of then.

mod common;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{Asked, Right, Said, broken, platform, safe, serve};
use echostr_protocol::{Document, Message, Reply};
use echostr_simulator::Mode;
use echostr_simulator::replay::{Pace, Recorded, Replay, Then, Verdict, read};
use serde_json::json;

/// A line of the journal: this was written then, and this was replied.
fn line(number: i64, at_ms: i64, text: &str, reply: Option<&str>) -> String {
    let source = format!(
        "<xml><ToUserName><![CDATA[gh_e8df390a377e]]></ToUserName><FromUserName><![CDATA[oA{number}]]></FromUserName>\
         <CreateTime>{}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content>\
         <MsgId>{number}</MsgId></xml>",
        at_ms / 1000
    );
    let reply = match reply {
        Some("silence") => json!("silence"),
        Some(text) => json!({ "text": text }),
        None => json!(null),
    };
    let line = json!({
        "id": number, "account": "shop", "received_at_ms": at_ms, "source": source, "reply": reply, "kind": "text",
    });
    line.to_string()
}

fn recorded(lines: &[String]) -> Vec<Recorded> {
    read(&lines.join("\n")).expect("they were recorded")
}

#[test]
fn what_the_journal_prints_is_read_in_the_order_in_which_it_came() {
    let lines = [
        line(3, 3000, "三", None),
        String::new(),
        line(1, 1000, "一", Some("你说：一")),
        json!({ "received_at_ms": 2000, "document": "<xml/>", "reply": { "new kind": 1 } })
            .to_string(),
    ];
    let found = recorded(&lines);
    let ids: Vec<_> = found.iter().map(|one| one.id).collect();
    assert_eq!(ids, [Some(1), None, Some(3)]);
    assert_eq!(found[0].reply, Then::Reply(Reply::from("你说：一")));
    assert_eq!(found[1].document, "<xml/>");
    assert_eq!(found[1].reply, Then::NotUnderstood, "a later version's");
    assert_eq!(found[2].reply, Then::NotRecorded);
    let wrong = read("{\"received_at_ms\":1,\"source\":\"\"}\n\nhello").expect_err("no JSON");
    assert_eq!(wrong.line, 3);
    let wrong = read("{\"id\":1}").expect_err("what `list --json` prints without `--source`");
    assert!(wrong.to_string().contains("--source"), "{wrong}");
}

#[tokio::test]
async fn replies_are_compared_with_those_of_then_in_all_modes() {
    for mode in [Mode::Plain, safe()] {
        let address = broken(mode.clone(), Right::answer).await;
        let replay = Replay {
            platform: platform(address, mode),
            pace: Pace::InTurn,
            is_renewed: false,
            to: None,
        };
        let lines = [
            line(1, 1000, "一", Some("你说：一")),
            line(2, 2000, "二", Some("你说：\n二")),
            line(3, 3000, "三", Some("silence")),
            line(4, 4000, "四", None),
        ];
        let mut seen = Vec::new();
        let watch = |one: &echostr_simulator::replay::Replayed| seen.push(one.verdict.clone());
        let report = replay
            .run(&recorded(&lines), std::future::pending(), watch)
            .await;
        let lines = |lines: &[&str]| lines.iter().map(ToString::to_string).collect::<Vec<_>>();
        let expected = [
            Verdict::Same,
            Verdict::Different(lines(&["- 你说：", "- 二", "+ 你说：二"])),
            Verdict::Different(lines(&["- \"silence\"", "+ 你说：三"])),
            Verdict::New("你说：四".into()),
        ];
        assert_eq!(seen, expected);
        assert_eq!((report.same, report.different, report.new), (1, 2, 1));
        assert!(!report.passed());
        assert_eq!(report.to_json()["differences"][0]["id"], 2);
    }
}

#[tokio::test]
async fn a_failure_is_told_by_its_cause() {
    let address = serve(|_| async { Said::status(500) }).await;
    let replay = Replay {
        platform: platform(address, Mode::Plain),
        pace: Pace::InTurn,
        is_renewed: false,
        to: None,
    };
    let lines = [line(1, 1000, "一", None)];
    let report = replay
        .run(&recorded(&lines), std::future::pending(), |_| {})
        .await;
    assert_eq!(report.n_failed(), 1);
    assert!(
        report.to_string().contains("status 500, 200 is needed"),
        "{report}"
    );
}

/// A server that remembers when which text came.
async fn remembering() -> (std::net::SocketAddr, Arc<Mutex<Vec<(Instant, Message)>>>) {
    let came = Arc::<Mutex<Vec<_>>>::default();
    let keep = Arc::clone(&came);
    let address = serve(move |asked: Asked| {
        let message = Message::parse(Document::parse(&asked.body).expect("a document"));
        let now = Instant::now();
        keep.lock().expect("nobody panics").push((now, message));
        async { Said::ok("success") }
    })
    .await;
    (address, came)
}

#[tokio::test]
async fn gaps_are_kept_and_can_be_made_shorter() {
    let (address, came) = remembering().await;
    let replay = Replay {
        platform: platform(address, Mode::Plain),
        pace: Pace::Times(10.0),
        is_renewed: false,
        to: None,
    };
    let lines = [
        line(1, 10_000, "一", None),
        line(2, 12_000, "二", None),
        line(3, 15_000, "三", None),
    ];
    let began = Instant::now();
    replay
        .run(&recorded(&lines), std::future::pending(), |_| {})
        .await;
    let came = came.lock().expect("nobody panics");
    let ids: Vec<_> = came
        .iter()
        .map(|(_, message)| message.msg_id().expect("an id").to_string())
        .collect();
    assert_eq!(ids, ["1", "2", "3"]);
    assert!(came[1].0 - began >= Duration::from_millis(200));
    assert!(came[2].0 - began >= Duration::from_millis(500));
}

#[tokio::test]
async fn a_renewed_push_is_another_message() {
    let (address, came) = remembering().await;
    let replay = Replay {
        platform: platform(address, Mode::Plain),
        pace: Pace::InTurn,
        is_renewed: true,
        to: None,
    };
    let lines = [line(1, 10_000, "<MsgId>1</MsgId>", Some("silence"))];
    let report = replay
        .run(&recorded(&lines), std::future::pending(), |_| {})
        .await;
    assert!(report.passed());
    let came = came.lock().expect("nobody panics");
    let Message::Text(text) = &came[0].1 else {
        panic!("a text")
    };
    assert_eq!(text.content, "<MsgId>1</MsgId>");
    assert_ne!(text.msg_id.as_ref().expect("an id").to_string(), "1");
    assert!(text.created_at > 1_700_000_000);
}

#[tokio::test]
async fn a_replay_can_be_ended_early() {
    let (address, _) = remembering().await;
    let replay = Replay {
        platform: platform(address, Mode::Plain),
        pace: Pace::Times(1.0),
        is_renewed: false,
        to: None,
    };
    let lines = [
        line(1, 0, "一", Some("silence")),
        line(2, 3_600_000, "二", None),
    ];
    let first = Arc::new(tokio::sync::Notify::new());
    let (stop, told) = (Arc::clone(&first), Arc::clone(&first));
    let report = replay
        .run(
            &recorded(&lines),
            async move { stop.notified().await },
            move |_| told.notify_one(),
        )
        .await;
    assert!(report.was_stopped);
    assert!(!report.passed(), "the rest is not known");
    assert_eq!(report.same, 1);
}

#[tokio::test]
async fn a_replay_in_which_something_was_not_compared_does_not_pass() {
    let (address, _) = remembering().await;
    let replay = Replay {
        platform: platform(address, Mode::Plain),
        pace: Pace::InTurn,
        is_renewed: false,
        to: None,
    };
    let same = line(1, 1000, "一", Some("silence"));
    let new = line(2, 2000, "二", None);
    let later = line(3, 3000, "三", None).replace("\"reply\":null", "\"reply\":{\"new kind\":1}");
    for (lines, passes, words) in [
        (vec![same.clone()], true, "same 1"),
        (
            vec![same.clone(), new.clone()],
            true,
            "nothing to compare 1",
        ),
        (vec![new], false, "no reply was compared"),
        (
            vec![same, later],
            false,
            "1 replies of then are not understood",
        ),
    ] {
        let report = replay
            .run(&recorded(&lines), std::future::pending(), |_| {})
            .await;
        assert_eq!(report.passed(), passes, "{report}");
        assert_eq!(report.to_json()["passed"], passes);
        assert!(!report.found_something(), "{report}");
        assert!(report.to_string().contains(words), "{report}");
    }
}

#[tokio::test]
async fn renewed_pushes_of_one_follower_have_different_times_and_go_to_the_account_that_is_named() {
    let (address, came) = remembering().await;
    let replay = Replay {
        platform: platform(address, Mode::Plain),
        pace: Pace::InTurn,
        is_renewed: true,
        to: Some("gh_0123456789ab".into()),
    };
    let event = |who: &str| {
        let source = format!(
            "<xml><ToUserName><![CDATA[gh_e8df390a377e]]></ToUserName><FromUserName><![CDATA[{who}]]></FromUserName>\
             <CreateTime>1</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[CLICK]]></Event>\
             <EventKey><![CDATA[V1]]></EventKey></xml>"
        );
        json!({ "received_at_ms": 1, "source": source, "reply": "silence" }).to_string()
    };
    let lines = [event("oA"), event("oB"), event("oA"), event("oA")];
    let began = now();
    let report = replay
        .run(&recorded(&lines), std::future::pending(), |_| {})
        .await;
    assert_eq!(report.same, 4);
    let came = came.lock().expect("nobody panics");
    let times: Vec<_> = came.iter().map(|(_, one)| one.created_at()).collect();
    assert!(times[0] >= began, "{times:?}");
    assert!(times[0] < times[2] && times[2] < times[3], "{times:?}");
    for (_, message) in came.iter() {
        assert_eq!(message.to_user().as_str(), "gh_0123456789ab");
    }
}

fn now() -> i64 {
    let elapsed = std::time::UNIX_EPOCH.elapsed().expect("it is later");
    i64::try_from(elapsed.as_secs()).expect("a time")
}
