//! The strategy `send` from end to end and on the true clock: a program thinks for six seconds at the simulated platform, and
//! whatever that says, the follower gets the answer: as messages, by `1`, or by 继续; and never a message twice.

mod common;

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::program::{Recorder, says};
use common::{Folder, Link, PATIENCE, Request, Server, run, text_shown};
use echostr_protocol::{AppId, OpenId};
use echostr_simulator::exchange::What;
use echostr_simulator::world::{AccountSettings, ServerConfig};
use echostr_simulator::{Action, Clock, Mode, Sent, Shown, Simulator};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const SEND: &str = "SendCustomMessage";
const TYPING: &str = "Typing";

/// So many sentences fit into a message that is cut, and so many beside a link.
const CUT: usize = 111;
const LINKED: usize = 104;

/// What becomes of one question. Answers are counted in sentences.
struct Case {
    /// Of the account and of its follower.
    id: &'static str,
    n_sentences: usize,
    /// What goes wrong at the platform; nothing: it takes everything.
    fault: &'static str,
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

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    use Next::{Replied, Sent, Unasked};
    let case = |id, n_sentences, fault, sent, typed, next| Case { id, n_sentences, fault, sent, typed, next };
    vec![
        case("taken", 3, "", &[(3, "sent", "")], &[("1", 0)], Sent),
        case("long", 300, "", &[(CUT, "sent", ""), (CUT, "sent", ""), (78, "sent", "")], &[("1", 0)], Unasked),
        case("quota", 3, "fail 45047 on message/custom/send once", &[(3, "refused", "errcode 45047")], &[("1", 3), ("1", 0)], Sent),
        case("halfway", 300, "fail 45047 on message/custom/send after 1 once",
            &[(CUT, "sent", ""), (CUT, "refused", "errcode 45047")], &[("1", LINKED), ("1", 85), ("1", 0)], Unasked),
        case("silent", 3, "fail 45015 on message/custom/send once",
            &[(3, "refused", "errcode 45015")], &[("1", 3), ("1", 0)], Sent),
        case("unverified", 3, "fail 48001 on message/custom/send once",
            &[(3, "refused", "errcode 48001")], &[("1", 3), ("1", 0)], Replied),
        case("address", 3, "fail 40164 on message/custom/send once",
            &[(3, "refused", "add 127.0.0.1 to the list")], &[("1", 3), ("1", 0)], Replied),
        // The sign that somebody writes is refused already: then even this answer is a reply.
        case("tokenless", 3, TOKENLESS, &[], &[("1", 0)], Replied),
        case("busy", 3, "fail -1 on message/custom/send once",
            &[(3, "unsure", "errcode -1")], &[("继续", 3), ("1", 0)], Sent),
        case("hanging", 3, HANGING,
            &[(3, "unsure", "no answer within 10")], &[("继续", 3), ("1", 0)], Unasked),
        case("hanging-long", 300, HANGING,
            &[(CUT, "unsure", "no answer within 10")], &[("1", LINKED), ("1", LINKED), ("1", 92), ("1", 0)], Unasked),
    ]
}

const TOKENLESS: &str = "fail 40164 on stable_token";
const HANGING: &str = "late 600 s on message/custom/send once";

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
    let case = |id, fault| Case {
        id,
        n_sentences: 3,
        fault,
        sent: &[],
        typed: &[],
        next: Next::Unasked,
    };
    let cases = [case("sending", HANGING), case("thinking", "")];
    let mut house = House::new(&cases);
    for case in &cases {
        assert_is_later(case.id, &Story::new(&house, case).asks(3));
    }
    // The first one's message is on its way by now, the second one's program thinks.
    let waiting = Story::new(&house, &cases[0]);
    let start = Instant::now();
    while waiting.tried().is_empty() {
        assert!(start.elapsed() < PATIENCE, "nothing is sent");
        std::thread::sleep(Duration::from_millis(20));
    }
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

#[test]
fn a_server_that_is_killed_before_it_said_anything_sends_its_answer_all_the_same() {
    let case = Case {
        id: "away",
        n_sentences: 3,
        fault: "",
        sent: &[],
        typed: &[],
        next: Next::Unasked,
    };
    let mut house = House::new(std::slice::from_ref(&case));
    let begun = Story::new(&house, &case).begins_to_say("写3");
    let start = Instant::now();
    let is_written = || {
        let (_, page) = house.get("/messages?account=away");
        page["items"][0]["kind"] == "text"
    };
    while !is_written() {
        assert!(start.elapsed() < PATIENCE, "it is not written down");
        std::thread::sleep(Duration::from_millis(20));
    }
    // The platform finds nobody at the old address.
    house.restart();
    let shown = house.runtime.block_on(begun.shown);
    let shown = shown.expect("it is tried");
    assert!(matches!(shown, Shown::Failure(_)), "{shown:?}");

    let story = Story::new(&house, &case);
    story.wait_for_sent(1);
    assert_eq!(story.tried(), [json!({ "content": sentences(3) })]);
    assert_eq!(text_shown(&story.says("1").shown), "你说：1");
    house.assert_is_discreet();
}

/// One question from its push to what is read of its answer, and the next one.
fn check(house: &House, case: &Case) {
    let id = case.id;
    let story = Story::new(house, case);
    let first = story.asks(case.n_sentences);
    let mut read = String::new();
    let is_reached = case.fault != TOKENLESS;
    if is_reached {
        assert_is_later(id, &first);
    } else {
        assert_eq!(first.took_ms.len(), 2, "{id}");
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
            assert_eq!(outcome.took_ms.len(), 2, "{id}");
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
    let [took_ms] = outcome.took_ms[..] else {
        panic!("{id}: {} deliveries", outcome.took_ms.len());
    };
    assert!(
        (4_400..4_900).contains(&took_ms),
        "{id}: after {took_ms} ms"
    );
}

/// What came of something that a follower said: what they see, and how long each delivery took.
struct Outcome {
    shown: Shown,
    took_ms: Vec<u64>,
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
    simulator: Simulator,
    /// The simulator's.
    runtime: Runtime,
    /// AppID and follower of each case.
    people: Vec<(&'static str, AppId, OpenId)>,
    secrets: Vec<String>,
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
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let simulator = runtime.block_on(Simulator::start(Clock::default()));
        let simulator = simulator.expect("a port");
        let (mut people, mut secrets) = (Vec::new(), Vec::new());
        for case in cases {
            let account = AccountSettings::new(case.id);
            let (app_id, secret) = (account.app_id.clone(), account.app_secret.clone());
            simulator.add_account(account).expect("it has no server");
            let _ = write!(
                settings,
                "[[account]]\nid = \"{}\"\ntoken = \"{}\"\napp_id = \"{app_id}\"\napp_secret = \"{}\"\napi_base = \"{}\"\n\
                 delivery = \"send\"\n{}",
                case.id,
                token(case.id),
                secret.expose(),
                simulator.base(),
                recorder.bot()
            );
            if !case.fault.is_empty() {
                let rule = format!("{} of {app_id}", case.fault);
                let rule = rule.parse().expect("a rule");
                simulator.world().faults.0.push(rule);
            }
            let follower = simulator
                .add_follower(&app_id, "小明")
                .expect("it is there");
            secrets.push(secret.expose().to_owned());
            people.push((case.id, app_id, follower));
        }
        let folder = Arc::new(Folder::new());
        let server = Server::start_in(&folder, &settings);
        let made = run(&folder, &["api-key", "create", "--scope", "*"]);
        let key = String::from_utf8(made.stdout).expect("UTF-8");
        let mut house = Self {
            folder,
            server,
            settings,
            simulator,
            runtime,
            people,
            secrets,
            recorder,
            authorization: format!("Bearer {}", key.trim()),
            heard: Mutex::default(),
        };
        // Found out now, it is not found out again in the midst of the test.
        for case in cases {
            let target = format!("/accounts/{}/capabilities?refresh=true", case.id);
            let expected = if case.fault == TOKENLESS { 424 } else { 200 };
            assert_eq!(house.get(&target).0, expected, "{}", case.id);
        }
        house.restart();
        for case in cases {
            house.begin(case);
        }
        house
    }

    /// Connects the account of a case with the server; and its follower follows.
    fn begin(&self, case: &Case) {
        let (_, app_id, follower) = self.person(case.id);
        let server = ServerConfig {
            url: format!("http://{}/mp/{}", self.server.address, case.id),
            token: token(case.id).parse().expect("a token"),
            mode: Mode::Plain,
        };
        let configured = self.simulator.configure(app_id, Some(server));
        configured.expect("it is there");
        let _runtime = self.runtime.enter();
        let followed = self.simulator.act(app_id, follower, Action::Follow);
        let welcome = followed.expect("they are there").expect("it has a server");
        let shown = self
            .runtime
            .block_on(welcome.shown)
            .expect("it is delivered");
        assert_eq!(text_shown(&shown), "Hi~ 终于等到你", "{}", case.id);
    }

    fn person(&self, id: &str) -> &(&'static str, AppId, OpenId) {
        let mut people = self.people.iter();
        people.find(|(of, _, _)| *of == id).expect("it has one")
    }

    /// After `kill -9`.
    fn restart(&mut self) {
        self.server.kill();
        self.server = Server::start_in(&self.folder, &self.settings);
        for (id, app_id, _) in &self.people {
            let world = self.simulator.world();
            let account = world.account(app_id.as_str()).expect("it is there");
            let server = account.settings.server.clone();
            drop(world);
            let Some(mut server) = server else { continue };
            server.url = format!("http://{}/mp/{id}", self.server.address);
            let configured = self.simulator.configure(app_id, Some(server));
            configured.expect("it is there");
        }
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
        let secrets = self.secrets.iter().map(String::as_str);
        for secret in secrets.chain(["access_token"]) {
            assert!(!heard.contains(secret), "{secret} in an answer");
            assert!(!log.contains(secret), "{secret} in the log:\n{log}");
        }
        for words in ["写3", "这是第"] {
            assert!(!log.contains(words), "{words} in the log:\n{log}");
        }
    }
}

fn token(id: &str) -> String {
    format!("Token{}", id.replace('-', ""))
}

/// A follower of the account of a case.
struct Story<'a> {
    house: &'a House,
    id: &'static str,
    app_id: &'a AppId,
    follower: &'a OpenId,
}

impl<'a> Story<'a> {
    fn new(house: &'a House, case: &Case) -> Self {
        let (_, app_id, follower) = house.person(case.id);
        Self {
            house,
            id: case.id,
            app_id,
            follower,
        }
    }

    fn asks(&self, n_sentences: usize) -> Outcome {
        self.says(&format!("写{n_sentences}"))
    }

    fn begins_to_say(&self, content: &str) -> Sent {
        let House {
            simulator, runtime, ..
        } = self.house;
        let _runtime = runtime.enter();
        let said = simulator.act(self.app_id, self.follower, Action::Say(content.into()));
        said.expect("they are there").expect("it has a server")
    }

    fn says(&self, content: &str) -> Outcome {
        let House {
            simulator, runtime, ..
        } = self.house;
        let sent = self.begins_to_say(content);
        let shown = runtime.block_on(sent.shown).expect("it is delivered");
        self.house.hear(&format!("{shown:?}"));
        let world = simulator.world();
        let record = world.log.record(sent.record).expect("it is in the log");
        let What::Push(pushed) = &record.what else {
            panic!("it is a push")
        };
        let took_ms = pushed
            .deliveries
            .iter()
            .filter_map(|delivery| delivery.took_ms);
        Outcome {
            shown,
            took_ms: took_ms.collect(),
        }
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
            // What nobody asks for again is sent after 20 s.
            assert!(start.elapsed() < 2 * PATIENCE, "{}: {message}", self.id);
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

    /// The bodies of the calls of this name.
    fn calls(&self, name: &str) -> Vec<Value> {
        let world = self.house.simulator.world();
        let calls = world.log.records().filter_map(|record| match &record.what {
            What::Call(call) if record.app_id.as_ref() == Some(self.app_id) => Some(call),
            _ => None,
        });
        let named =
            calls.filter(|call| call.endpoint.is_some_and(|endpoint| endpoint.name == name));
        let bodies = named.map(|call| {
            let text = std::str::from_utf8(&call.request).expect("UTF-8");
            let (_, body) = text.split_once("\r\n\r\n").expect("a head");
            serde_json::from_str(body).expect("JSON")
        });
        bodies.collect()
    }

    /// What came to the platform as messages.
    #[track_caller]
    fn tried(&self) -> Vec<Value> {
        let texts = self.calls(SEND).into_iter().map(|mut body| {
            let text = json!({ "content": body["text"]["content"] });
            let expected = json!({ "touser": self.follower, "msgtype": "text", "text": text });
            assert_eq!(body, expected, "{}", self.id);
            body["text"].take()
        });
        texts.collect()
    }

    /// How often the follower was shown that somebody writes.
    fn n_typing(&self) -> usize {
        let typing = json!({ "touser": self.follower, "command": "Typing" });
        let typed = self.calls(TYPING).into_iter();
        typed.filter(|body| *body == typing).count()
    }

    /// How often the program was asked something that takes long.
    fn n_asked(&self) -> usize {
        let asked = self.house.recorder.asked();
        let mine = asked
            .iter()
            .filter(|asked| asked.follower == self.follower.as_str());
        mine.filter(|asked| asked.content.starts_with('写')).count()
    }
}
