//! The strategy `send` from end to end and on the true clock: a program thinks for six seconds, a script plays the platform's
//! API, and whatever that says, the follower gets the answer: as messages, by `1`, or by 继续; and never a message twice.

mod common;

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::platform::{APP_ID, APP_SECRET, Reaction, Script};
use common::program::{Recorder, says};
use common::{Folder, Link, PATIENCE, Request, Server, run, text_shown};
use echostr_simulator::{Mode, Outcome, Push, Shown};
use serde_json::{Value, json};

const SEND: &str = "/cgi-bin/message/custom/send";
const TYPING: &str = "/cgi-bin/message/custom/typing";
const TOKEN: &str = "/cgi-bin/stable_token";

/// So many sentences fit into a message that is cut, and so many beside a link.
const CUT: usize = 111;
const LINKED: usize = 104;

/// What becomes of one question. Answers are counted in sentences.
struct Case {
    /// Of the account and of its follower.
    id: &'static str,
    n_sentences: usize,
    /// What the platform answers there, in turn; then it takes everything.
    platform: (&'static str, Vec<Reaction>),
    /// What was sent or tried, what became of it, and words of the reason.
    sent: &'static [(usize, &'static str, &'static str)],
    /// What the follower types then, and how much of the answer that gives; 0: it is an ordinary text.
    typed: &'static [(&'static str, usize)],
    next: Next,
}

/// How the next question is answered that takes as long.
enum Next {
    /// By a message.
    Sent,
    /// By a reply to the second delivery.
    Replied,
    /// It is not asked.
    Unasked,
}

fn refused(code: i64, words: &str) -> Reaction {
    let words = format!("{words} rid: 61725984-6126f6f9-040f19c4");
    Reaction::Json(json!({ "errcode": code, "errmsg": words }))
}

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    use Next::{Replied, Sent, Unasked};
    let address = || refused(40164, "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist");
    let quota = || refused(45047, "out of response count limit");
    let case = |id, n_sentences, platform, sent, typed, next| Case { id, n_sentences, platform, sent, typed, next };
    vec![
        case("taken", 3, (SEND, vec![]), &[(3, "sent", "")], &[("1", 0)], Sent),
        case("long", 300, (SEND, vec![]), &[(CUT, "sent", ""), (CUT, "sent", ""), (78, "sent", "")], &[("1", 0)], Unasked),
        case("quota", 3, (SEND, vec![quota()]), &[(3, "refused", "errcode 45047")], &[("1", 3), ("1", 0)], Sent),
        case("halfway", 300, (SEND, vec![Reaction::Json(json!({ "errcode": 0 })), quota()]),
            &[(CUT, "sent", ""), (CUT, "refused", "errcode 45047")], &[("1", LINKED), ("1", 85), ("1", 0)], Unasked),
        case("silent", 3, (SEND, vec![refused(45015, "response out of time limit")]),
            &[(3, "refused", "errcode 45015")], &[("1", 3), ("1", 0)], Sent),
        case("unverified", 3, (SEND, vec![refused(48001, "api unauthorized")]),
            &[(3, "refused", "errcode 48001")], &[("1", 3), ("1", 0)], Replied),
        case("address", 3, (SEND, vec![address()]),
            &[(3, "refused", "add 203.0.113.7 to the list")], &[("1", 3), ("1", 0)], Replied),
        // The sign that somebody writes is refused already: then even this answer is a reply.
        case("tokenless", 3, (TOKEN, vec![address(); 50]), &[], &[("1", 0)], Replied),
        case("busy", 3, (SEND, vec![refused(-1, "system error")]),
            &[(3, "unsure", "errcode -1")], &[("继续", 3), ("1", 0)], Sent),
        case("hanging", 3, (SEND, vec![Reaction::Held]),
            &[(3, "unsure", "no answer within 10")], &[("继续", 3), ("1", 0)], Unasked),
        case("hanging-long", 300, (SEND, vec![Reaction::Held]),
            &[(CUT, "unsure", "no answer within 10")], &[("1", LINKED), ("1", LINKED), ("1", 92), ("1", 0)], Unasked),
    ]
}

#[test]
fn an_answer_that_takes_six_seconds_arrives_once_whatever_the_platform_says() {
    let cases = cases();
    let house = House::new(&cases);
    std::thread::scope(|scope| {
        for case in &cases {
            scope.spawn(|| check(&house, case));
        }
    });
    for case in &cases {
        let mut troubles = case
            .sent
            .iter()
            .filter(|(_, outcome, _)| *outcome != "sent");
        let why = troubles.next().map(|(_, _, why)| *why);
        house.assert_is_told(case.id, why);
    }
    house.assert_is_discreet();
}

#[test]
fn a_server_that_is_killed_after_it_said_success_sends_what_it_had_not_begun_to_send() {
    let case = |id, answers| Case {
        id,
        n_sentences: 3,
        platform: (SEND, answers),
        sent: &[],
        typed: &[],
        next: Next::Unasked,
    };
    let cases = [
        case("sending", vec![Reaction::Held]),
        case("thinking", vec![]),
    ];
    let mut house = House::new(&cases);
    for case in &cases {
        assert_is_later(case.id, &Story::new(&house, case).asks(3));
    }
    // The first one's message is on its way by now, the second one's program thinks.
    house.scripts[0].1.wait_for(SEND);
    house.restart();

    let [sending, thinking] = cases.each_ref().map(|case| Story::new(&house, case));
    let message = thinking.wait_for_sent(1);
    assert_eq!(message["sent"][0]["outcome"], "sent", "{message}");
    let whole = || json!({ "content": sentences(3) });
    assert_eq!(thinking.tried(), [whole()]);
    assert_eq!(thinking.n_asked(), 2, "its program was asked again");
    assert_eq!(text_shown(&thinking.says("1").shown), "你说：1");
    // Whether it has arrived nobody knows: it is there to be read, and is not sent again.
    assert_eq!(text_shown(&sending.says("1").shown), sentences(3));
    assert_eq!(text_shown(&sending.says("1").shown), "你说：1");
    assert_eq!(sending.tried(), [whole()]);
    assert_eq!(sending.n_asked(), 1);
    house.assert_is_discreet();
}

/// One question from its push to what is read of its answer, and the next one.
fn check(house: &House, case: &Case) {
    let id = case.id;
    let story = Story::new(house, case);
    let first = story.asks(case.n_sentences);
    let mut read = String::new();
    let is_reached = case.platform.0 == SEND;
    if is_reached {
        assert_is_later(id, &first);
    } else {
        assert_eq!(first.deliveries.len(), 2, "{id}");
        read.push_str(text_shown(&first.shown));
    }
    let message = story.wait_for_sent(case.sent.len());

    let sent = list(&message["sent"]);
    assert_eq!(sent.len(), case.sent.len(), "{id}: {message}");
    for (found, (n, outcome, why)) in sent.iter().zip(case.sent) {
        let text = found["message"]["text"]["content"]
            .as_str()
            .expect("a text");
        assert_eq!(n_in(text), *n, "{id}: {found}");
        assert_eq!(found["outcome"], *outcome, "{id}: {found}");
        assert_eq!(found["by"], "http", "{id}");
        let found_why = found["why"].as_str().unwrap_or_default();
        assert_eq!(found_why.is_empty(), why.is_empty(), "{id}: {found}");
        assert!(found_why.contains(why), "{id}: {found}");
        if *outcome == "sent" {
            read.push_str(text);
        }
    }
    story.assert_is_shown(&message);
    let tried = story.tried();
    if is_reached {
        let journaled: Vec<_> = sent
            .iter()
            .map(|one| one["message"]["text"].clone())
            .collect();
        assert_eq!(tried, journaled, "{id}");
    } else {
        assert_eq!(tried, [] as [Value; 0], "{id}");
    }
    assert_eq!(story.n_typing(), usize::from(is_reached), "{id}");

    for (word, n) in case.typed {
        let outcome = story.says(word);
        let shown = text_shown(&outcome.shown);
        if *n == 0 {
            assert_eq!(shown, format!("你说：{word}"), "{id}");
            continue;
        }
        assert_eq!(n_in(shown), *n, "{id}: {word}: {shown}");
        read.push_str(&Link::of(shown).map_or_else(|| shown.to_owned(), |link| link.before));
    }
    assert_eq!(read, sentences(case.n_sentences), "{id}");
    assert_eq!(
        story.tried().len(),
        tried.len(),
        "{id}: nothing more was sent"
    );

    let n_asked = match case.next {
        Next::Unasked => 1,
        Next::Sent => {
            assert_is_later(id, &story.asks(2));
            story.wait_for_sent(1);
            let last = story.tried().pop();
            assert_eq!(last, Some(json!({ "content": sentences(2) })), "{id}");
            assert_eq!(story.tried().len(), tried.len() + 1, "{id}");
            2
        }
        Next::Replied => {
            let outcome = story.asks(2);
            assert_eq!(text_shown(&outcome.shown), sentences(2), "{id}");
            assert_eq!(outcome.deliveries.len(), 2, "{id}");
            assert_eq!(story.tried().len(), tried.len(), "{id}");
            2
        }
    };
    assert_eq!(story.n_asked(), n_asked, "{id}");
}

/// The platform was answered with `success`, in time, and no sooner than needed.
#[track_caller]
fn assert_is_later(id: &str, outcome: &Outcome) {
    assert_eq!(outcome.shown, Shown::Nothing, "{id}");
    let [delivery] = &outcome.deliveries[..] else {
        panic!("{id}: {} deliveries", outcome.deliveries.len());
    };
    let secs = delivery.took.as_secs_f64();
    assert!((4.4..4.9).contains(&secs), "{id}: after {secs} s");
}

fn sentences(n: usize) -> String {
    let mut text = String::new();
    for n in 0..n {
        let _ = write!(text, "这是第{n:03}句。");
    }
    text
}

fn n_in(text: &str) -> usize {
    text.matches("句。").count()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().expect("a list").clone()
}

/// A server with an account for each case, and everything that it ever said.
struct House {
    folder: Arc<Folder>,
    server: Server,
    settings: String,
    scripts: Vec<(&'static str, Script)>,
    recorder: Recorder,
    authorization: String,
    heard: Mutex<String>,
}

impl House {
    fn new(cases: &[Case]) -> Self {
        let recorder = Recorder::start(|asked| {
            let n_sentences = asked.content.strip_prefix('写').map(str::parse);
            let Some(Ok(n_sentences)) = n_sentences else {
                return says(&format!("你说：{}", asked.content));
            };
            // It thinks.
            std::thread::sleep(Duration::from_secs(6));
            says(&sentences(n_sentences))
        });
        let mut settings = "[api]\nrequests_per_second = 1000\nburst = 1000\n".to_owned();
        let mut scripts = Vec::new();
        for (number, case) in cases.iter().enumerate() {
            let script = Script::start();
            let (path, answers) = &case.platform;
            script.will_answer(path, answers.clone());
            // Tokens are an AppID's.
            let account = script.account(case.id).replace(APP_ID, &app_id(number));
            let name = case.id.replace('-', "");
            let account = account.replace(&format!("Token{}", case.id), &format!("Token{name}"));
            let bot = recorder.bot();
            let _ = write!(settings, "{account}delivery = \"send\"\n{bot}");
            scripts.push((case.id, script));
        }
        let folder = Arc::new(Folder::new());
        let server = Server::start_in(&folder, &settings);
        let made = run(&folder, &["api-key", "create", "--scope", "*"]);
        let key = String::from_utf8(made.stdout).expect("UTF-8");
        let mut house = Self {
            folder,
            server,
            settings,
            scripts,
            recorder,
            authorization: format!("Bearer {}", key.trim()),
            heard: Mutex::default(),
        };
        // Found out now, it is not found out again in the midst of the test.
        for case in cases {
            let target = format!("/accounts/{}/capabilities?refresh=true", case.id);
            let expected = if case.platform.0 == TOKEN { 424 } else { 200 };
            assert_eq!(house.get(&target).0, expected, "{}", case.id);
        }
        house.restart();
        house
    }

    /// After `kill -9`.
    fn restart(&mut self) {
        self.server.kill();
        self.server = Server::start_in(&self.folder, &self.settings);
    }

    fn get(&self, target: &str) -> (u16, Value) {
        let response = self.server.send(&Request {
            method: "GET",
            target: &format!("/api/v1{target}"),
            headers: vec![("Authorization", &self.authorization)],
            body: b"",
        });
        self.hear(response.text());
        let body = serde_json::from_slice(&response.body).expect("JSON");
        (response.status, body)
    }

    fn hear(&self, text: &str) {
        self.heard.lock().expect("nobody panics").push_str(text);
    }

    /// The log says once that an answer of this account could not be sent, and why; or not at all.
    fn assert_is_told(&self, account: &str, why: Option<&str>) {
        let account = format!("\"account.id\":\"{account}\"");
        let log = self.server.log();
        let lines = log.lines().filter(|line| line.contains(&account));
        let lines: Vec<_> = lines
            .filter(|line| line.contains("an answer could not be sent"))
            .collect();
        assert_eq!(
            lines.len(),
            usize::from(why.is_some()),
            "{account}: {lines:?}"
        );
        for (line, why) in lines.iter().zip(why) {
            assert!(line.contains(why), "{why}: {line}");
        }
    }

    /// No secret is anywhere, and nothing that people wrote is in the log.
    fn assert_is_discreet(&self) {
        let (heard, log) = (self.heard.lock().expect("nobody panics"), self.server.log());
        for secret in [APP_SECRET, "tok-1", "access_token"] {
            assert!(!heard.contains(secret), "{secret} in an answer");
            assert!(!log.contains(secret), "{secret} in the log:\n{log}");
        }
        for words in ["写3", "这是第"] {
            assert!(!log.contains(words), "{words} in the log:\n{log}");
        }
    }
}

fn app_id(number: usize) -> String {
    format!("wx3aea277d7b497b{number:02}")
}

/// A follower of the account of a case.
struct Story<'a> {
    house: &'a House,
    id: &'static str,
    script: &'a Script,
    platform: echostr_simulator::Platform,
    runtime: tokio::runtime::Runtime,
}

impl<'a> Story<'a> {
    fn new(house: &'a House, case: &Case) -> Self {
        let id = case.id;
        let mut scripts = house.scripts.iter();
        let (_, script) = scripts.find(|(of, _)| *of == id).expect("it has one");
        let token = format!("Token{}", id.replace('-', ""));
        Self {
            house,
            id,
            script,
            platform: house
                .server
                .platform(&format!("/mp/{id}"), &token, Mode::Plain),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
        }
    }

    fn asks(&self, n_sentences: usize) -> Outcome {
        self.says(&format!("写{n_sentences}"))
    }

    fn says(&self, content: &str) -> Outcome {
        let push = Push::text(content).by(self.id);
        let outcome = self.runtime.block_on(self.platform.push(&push));
        self.house.hear(&format!("{outcome:?}"));
        outcome
    }

    /// The latest message of the follower, once so much was sent of its answer.
    #[track_caller]
    fn wait_for_sent(&self, n: usize) -> Value {
        let start = Instant::now();
        loop {
            let (_, page) = self.house.get(&format!("/messages?account={}", self.id));
            let latest = &page["items"][0]["id"];
            let (_, message) = self.house.get(&format!("/messages/{latest}"));
            if list(&message["sent"]).len() >= n {
                return message;
            }
            assert!(start.elapsed() < PATIENCE, "{}: {message}", self.id);
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The command shows the same as the API.
    #[track_caller]
    fn assert_is_shown(&self, message: &Value) {
        let id = message["id"].to_string();
        let said = run(self.house.server.folder(), &["message", "show", &id]);
        let said = String::from_utf8(said.stdout).expect("UTF-8");
        self.house.hear(&said);
        for sent in list(&message["sent"]) {
            let outcome = match &sent["outcome"] {
                word if word == "sent" => "已送出 sent",
                word if word == "unsure" => "不知道送到没有 nobody knows",
                _ => "平台没收 refused",
            };
            let why = sent["why"].as_str().unwrap_or_default();
            let text = sent["message"]["text"]["content"].as_str();
            let text: String = text.expect("a text").chars().take(20).collect();
            let is_line = |line: &str| [outcome, why, &text].iter().all(|part| line.contains(part));
            assert!(said.lines().any(is_line), "{outcome} {why}: {said}");
        }
    }

    /// What came to the platform as messages.
    #[track_caller]
    fn tried(&self) -> Vec<Value> {
        let asked = self.script.asked(SEND).into_iter();
        let texts = asked.map(|asked| {
            let mut body: Value = serde_json::from_str(&asked.body).expect("JSON");
            let text = json!({ "content": body["text"]["content"] });
            let expected = json!({ "touser": self.id, "msgtype": "text", "text": text });
            assert_eq!(body, expected, "{}", self.id);
            body["text"].take()
        });
        texts.collect()
    }

    /// How often the follower was shown that somebody writes.
    fn n_typing(&self) -> usize {
        let asked = self.script.asked(TYPING);
        let bodies = asked.iter().map(|asked| {
            let body: Value = serde_json::from_str(&asked.body).expect("JSON");
            body
        });
        let typing = json!({ "touser": self.id, "command": "Typing" });
        bodies.filter(|body| *body == typing).count()
    }

    /// How often the program was asked something that takes long.
    fn n_asked(&self) -> usize {
        let asked = self.house.recorder.asked();
        let mine = asked.iter().filter(|asked| asked.follower == self.id);
        mine.filter(|asked| asked.content.starts_with('写')).count()
    }
}
