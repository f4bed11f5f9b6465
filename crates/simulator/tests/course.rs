//! The unpleasant on the pushing side: what is lost, slow, off or forged.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Asked, Right, Said, broken, compatible, platform, safe, serve};
use echostr_protocol::{Document, Message, Reply};
use echostr_simulator::world::{AccountSettings, ServerConfig};
use echostr_simulator::{Clock, Course, Forgery, Mode, Outcome, Platform, Push, Shown, Simulator};

fn text_of(outcome: &Outcome) -> &str {
    match &outcome.shown {
        Shown::Answer { reply, .. } => match &reply.reply {
            Reply::Text(content) => content,
            other => panic!("not a text: {other:?}"),
        },
        other => panic!("no answer: {other:?}"),
    }
}

/// A right server that remembers what it got.
async fn remembering(mode: Mode) -> (Platform, Arc<Mutex<Vec<String>>>) {
    let bodies = Arc::<Mutex<Vec<String>>>::default();
    let keep = Arc::clone(&bodies);
    let address = broken(mode.clone(), move |right: &Right, asked: &Asked| {
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        keep.lock().expect("nobody panics").push(body);
        right.answer(asked)
    })
    .await;
    (platform(address, mode), bodies)
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_the_same_body_come_again_at_the_end_of_the_deadline() {
    let (mut platform, bodies) = remembering(safe()).await;
    platform.clock.deadline = Duration::from_millis(600);
    platform.course = Course::ResponseLost;
    let outcome = platform.push(&Push::text("你好")).await;
    assert_eq!(text_of(&outcome), "你说：你好");
    assert_eq!(outcome.deliveries.len(), 2);
    assert!(outcome.deliveries[0].answer.is_ok(), "it was complete");
    let gap = outcome.deliveries[1].start - outcome.deliveries[0].start;
    assert!(gap >= platform.clock.deadline, "{gap:?}");
    let bodies = bodies.lock().expect("nobody panics");
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn over_a_slow_network_the_body_trickles_and_the_answer_is_late() {
    let (mut platform, bodies) = remembering(Mode::Plain).await;
    platform.course = Course::Slow(Duration::from_millis(100));
    let push = Push::text("你好");
    let outcome = platform.push(&push).await;
    assert_eq!(text_of(&outcome), "你说：你好");
    let took = outcome.deliveries[0].took;
    assert!(took >= Duration::from_millis(200), "{took:?}");
    let expected = platform.envelope(&push).body;
    assert_eq!(*bodies.lock().expect("nobody panics"), [expected]);
}

#[tokio::test]
async fn a_network_that_is_slower_than_the_deadline_shows_the_failure_notice() {
    let (mut platform, _) = remembering(Mode::Plain).await;
    platform.clock.deadline = Duration::from_millis(200);
    platform.course = Course::Slow(Duration::from_millis(150));
    let outcome = platform.push(&Push::text("你好")).await;
    assert!(matches!(outcome.shown, Shown::Failure(_)));
    assert_eq!(outcome.deliveries.len(), 3);
}

#[tokio::test]
async fn a_clock_that_is_off_stands_in_the_query_and_in_the_document() {
    let mut platform =
        Platform::new("http://127.0.0.1/", common::token(), Mode::Plain).expect("an address");
    let push = Push::text("你好");
    for secs in [-3600, 90] {
        platform.course = Course::Skewed(secs);
        let envelope = platform.envelope(&push);
        let document = Document::parse(envelope.body.as_bytes()).expect("a document");
        let message = Message::parse(document);
        assert_eq!(message.created_at(), push.created_at + secs);
        let request = platform.request(&envelope);
        let query = echostr_protocol::Query::parse(request.url.query().expect("a query"));
        common::token().verify(&query).expect("rightly signed");
        let timestamp: i64 = query
            .timestamp
            .as_deref()
            .and_then(|timestamp| timestamp.parse().ok())
            .expect("a number");
        let off = timestamp - push.created_at - secs;
        assert!((0..=5).contains(&off), "{off}");
    }
}

#[tokio::test]
async fn a_right_server_refuses_every_forgery_that_can_be_told() {
    for mode in [Mode::Plain, compatible(), safe()] {
        let (platform, _) = remembering(mode).await;
        let envelope = platform.envelope(&Push::text("你好"));
        for forgery in Forgery::ALL {
            if !forgery.can_be_told(&platform.mode) {
                continue;
            }
            let exchange = platform.forge(&envelope, forgery).await;
            let name = (platform.mode.name(), forgery.name());
            assert!(Forgery::is_refused(&exchange), "{name:?}: {exchange:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_looks_at_nothing_is_found_out() {
    let address = serve(|_| async { Said::ok("success") }).await;
    let platform = platform(address, safe());
    let envelope = platform.envelope(&Push::text("你好"));
    for forgery in Forgery::ALL {
        let exchange = platform.forge(&envelope, forgery).await;
        assert!(!Forgery::is_refused(&exchange), "{}", forgery.name());
    }
}

#[tokio::test]
async fn a_forged_push_is_sent_once() {
    let (mut platform, bodies) = remembering(safe()).await;
    platform.course = "forged clear-body".parse().expect("a course");
    let outcome = platform.push(&Push::text("你好")).await;
    assert!(matches!(outcome.shown, Shown::Failure(_)));
    assert_eq!(outcome.deliveries.len(), 1);
    let bodies = bodies.lock().expect("nobody panics");
    assert!(bodies[0].contains("伪造"), "{}", bodies[0]);
}

#[tokio::test]
async fn an_account_keeps_its_course_when_its_server_is_changed() {
    let simulator = Simulator::start(Clock::default()).await.expect("a port");
    let server = ServerConfig {
        url: "http://127.0.0.1:9/".into(),
        token: common::token(),
        mode: Mode::Plain,
    };
    let settings = AccountSettings {
        server: Some(server.clone()),
        ..AccountSettings::new("雯子")
    };
    let app_id = simulator.add_account(settings).expect("an address");
    let course = Course::FirstLost(Duration::from_secs(2));
    simulator.set_course(&app_id, course).expect("the account");
    simulator
        .configure(&app_id, Some(server))
        .expect("the account");
    let world = simulator.world();
    let account = world.account(app_id.as_str()).expect("the account");
    assert_eq!(account.course(), course);
}
