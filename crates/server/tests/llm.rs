//! The bot `llm` from end to end and on the true clock: a model streams for up to a minute, and every follower of the simulated
//! platform reads its first words in time and all of them in the end, whatever the strategy.

mod common;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::model::{Model, sentence};
use common::{Folder, Link, PATIENCE, Server, run, text_shown};
use echostr_protocol::{AppId, OpenId};
use echostr_simulator::conversation::{Bubble, From};
use echostr_simulator::world::{AccountSettings, Kind, ServerConfig};
use echostr_simulator::{Action, Clock, Mode, Shown, Simulator};
use tokio::runtime::Runtime;

/// How long models take.
const SECONDS: [&str; 5] = ["0.5", "3", "8", "20", "60"];
const STRATEGIES: [&str; 4] = ["patient", "quick", "send", "link"];
const N_SENTENCES: usize = 120;
const LABEL: &str = "（AI 生成）";
const WAIT: &str = "这个问题需要多想一会儿。";

#[test]
fn the_first_words_of_a_model_are_there_in_time_and_all_of_them_in_the_end() {
    let model = Model::start();
    let house = House::new(&model);
    std::thread::scope(|scope| {
        for case in &house.cases {
            scope.spawn(|| house.check(case));
        }
    });
    // Each question was asked once, however often it was delivered and its answer read on.
    assert_eq!(model.asked().len(), house.cases.len());
    house.assert_usage_is_told();
    let log = house.server.log();
    for words in ["这是", "讲", common::model::KEY] {
        assert!(!log.contains(words), "{words} in the log:\n{log}");
    }
}

/// One follower, one account, one question.
struct Case {
    strategy: &'static str,
    seconds: &'static str,
    id: String,
    app_id: AppId,
    follower: OpenId,
}

struct House {
    simulator: Simulator,
    runtime: Runtime,
    server: Server,
    cases: Vec<Case>,
}

impl House {
    fn new(model: &Model) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let simulator = runtime.block_on(Simulator::start(Clock::default()));
        let simulator = simulator.expect("a port");
        let mut settings = "public_url = \"http://127.0.0.1\"\n".to_owned();
        let mut cases = Vec::new();
        for strategy in STRATEGIES {
            for seconds in SECONDS {
                let id = format!("{strategy}-{}", seconds.replace('.', "-"));
                let mut account = AccountSettings::new(&id);
                let (app_id, secret) = (account.app_id.clone(), account.app_secret.clone());
                let can_send = strategy == "send";
                if !can_send {
                    account.kind = Kind::Subscription;
                }
                simulator.add_account(account).expect("it has no server");
                let follower = simulator.add_follower(&app_id, "小明");
                let _ = write!(
                    settings,
                    "[[account]]\nid = \"{id}\"\ntoken = \"{}\"\ndelivery = \"{strategy}\"\n{}",
                    token(&id),
                    model.bot()
                );
                if can_send {
                    let _ = write!(
                        settings,
                        "app_id = \"{app_id}\"\napp_secret = \"{}\"\napi_base = \"{}\"\n",
                        secret.expose(),
                        simulator.base(),
                    );
                }
                cases.push(Case {
                    strategy,
                    seconds,
                    id,
                    app_id,
                    follower: follower.expect("it is there"),
                });
            }
        }
        let server = Server::start_in(&Arc::new(Folder::new()), &settings);
        for case in &cases {
            let server = ServerConfig {
                url: format!("http://{}/mp/{}", server.address, case.id),
                token: token(&case.id).parse().expect("a token"),
                mode: Mode::Plain,
            };
            let configured = simulator.configure(&case.app_id, Some(server));
            configured.expect("it is there");
        }
        let house = Self {
            simulator,
            runtime,
            server,
            cases,
        };
        for case in &house.cases {
            let shown = house.act(case, Action::Follow);
            assert_eq!(text_shown(&shown), "Hi~ 终于等到你", "{}", case.id);
        }
        house
    }

    fn act(&self, case: &Case, action: Action) -> Shown {
        let _runtime = self.runtime.enter();
        let sent = self.simulator.act(&case.app_id, &case.follower, action);
        let sent = sent.expect("they are there").expect("it has a server");
        self.runtime.block_on(sent.shown).expect("it is delivered")
    }

    fn check(&self, case: &Case) {
        let Case {
            strategy, seconds, ..
        } = *case;
        let told = format!("{strategy}, {seconds} s");
        let start = Instant::now();
        let question = format!("讲 {N_SENTENCES} {seconds}");
        let shown = self.act(case, Action::Say(question));
        let took = start.elapsed().as_secs_f64();
        let limit = match strategy {
            "patient" => 14.6,
            _ => 4.8,
        };
        println!("{told}: {took:.2} s");
        // A busy machine may be a little late.
        assert!(took <= limit + 0.1, "{told}: {took} s");
        let lasts: f64 = seconds.parse().expect("a number");
        let mut read = match strategy {
            "send" if lasts > 4.0 => {
                assert_eq!(shown, Shown::Nothing, "{told}");
                self.sent(case, Duration::from_secs_f64(lasts))
            }
            "link" => {
                // All of it is on the page, and some of it here if it was there in time.
                let text = text_shown(&shown);
                assert!(
                    text.contains("<a href=\"http://127.0.0.1/a/"),
                    "{told}: {text}"
                );
                assert_eq!(text.contains("第000句"), lasts < 4.0, "{told}: {text}");
                return;
            }
            _ => {
                let text = text_shown(&shown);
                // Something of the model, no placeholder.
                assert!(!text.starts_with(WAIT), "{told}: {text}");
                assert!(text.contains("第000句"), "{told}: {text}");
                vec![text.to_owned()]
            }
        };
        while let Some(link) = read.last().and_then(|text| Link::of(text)) {
            assert!(
                start.elapsed().as_secs_f64() < lasts + 60.0,
                "{told}: {read:?}"
            );
            let shown = self.act(case, link.action());
            read.push(text_shown(&shown).to_owned());
        }
        let is_marked = strategy == "send" && lasts > 4.0;
        for text in &read {
            assert!(text.len() <= 2048, "{told}");
            // Where nothing had come since the last tap, nothing is labelled.
            let is_empty = text.starts_with(WAIT);
            assert_eq!(
                text.contains(LABEL),
                !is_marked && !is_empty,
                "{told}: {text}"
            );
        }
        let all = read.concat();
        let places: Vec<_> = (0..N_SENTENCES)
            .map(|n| all.find(&format!("第{n:03}句")))
            .collect();
        assert!(places.iter().all(Option::is_some), "{told}: {all}");
        assert!(places.is_sorted(), "{told}: {all}");
        assert_eq!(all.matches("句").count(), N_SENTENCES, "{told}: {all}");
        // Markdown is readable.
        assert!(!all.contains("**"), "{told}: {all}");
        assert!(sentence(0).contains("**"));
    }

    /// The messages that the platform has, once all of it was sent.
    fn sent(&self, case: &Case, lasts: Duration) -> Vec<String> {
        let start = Instant::now();
        let last = format!("第{:03}句", N_SENTENCES - 1);
        loop {
            let world = self.simulator.world();
            let account = world.account(case.app_id.as_str()).expect("it is there");
            let follower = account.follower(case.follower.as_str());
            let entries = follower.expect("it is there").conversation.entries();
            let entries = entries.iter().filter(|entry| entry.from == From::Account);
            let texts: Vec<_> = entries
                .filter_map(|entry| match &entry.bubble {
                    Bubble::Text { content, is_ai } => {
                        Some((content.clone(), *is_ai)).filter(|(text, _)| text.contains('句'))
                    }
                    _ => None,
                })
                .collect();
            drop(world);
            if texts.iter().any(|(text, _)| text.contains(&last)) {
                assert!(texts.iter().all(|(_, is_ai)| *is_ai), "{texts:?}");
                return texts.into_iter().map(|(text, _)| text).collect();
            }
            assert!(start.elapsed() < lasts + PATIENCE, "{}: {texts:?}", case.id);
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What it cost is there for the owner.
    fn assert_usage_is_told(&self) {
        let said = run(self.server.folder(), &["usage", "quick-3", "--json"]);
        let said = String::from_utf8(said.stdout).expect("UTF-8");
        let used: serde_json::Value = serde_json::from_str(&said).expect("JSON");
        let day = &used["items"][0];
        assert_eq!(
            (&day["model"], &day["tokens_in"], &day["tokens_out"]),
            (&"teller".into(), &20.into(), &30.into()),
            "{said}"
        );
    }
}

fn token(id: &str) -> String {
    format!("Token{}", id.replace('-', ""))
}
