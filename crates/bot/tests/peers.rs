//! Software that we did not write answers the `llm` bot: LiteLLM's proxy is its model, servers of the reference implementation
//! of MCP are its tools. They lie in `interop/`.

mod common;

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[cfg(feature = "mcp")]
use common::model::{Model, Script};
use common::stage::{KEY, Stage};
use common::{message, shop};
use echostr::journal::TurnOutcome;
use echostr::{Account, LlmBot, LlmKeys, LlmSettings};
use echostr_client::with_causes;
use echostr_simulator::Push;
#[cfg(feature = "mcp")]
use serde_json::Value;
use serde_json::json;

/// Longer than any of them takes to start: LiteLLM reads a lot of Python.
const PATIENCE: Duration = Duration::from_mins(3);

/// The interpreter that has the peers.
fn python() -> PathBuf {
    let python = std::env::var_os("INTEROP_PYTHON");
    python
        .expect("`cargo xtask check interop` sets INTEROP_PYTHON")
        .into()
}

/// A file of `interop/`.
fn file(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("../../interop").join(name)
}

/// A server that listens; ends with this value.
struct Running {
    process: Child,
    port: u16,
}

impl Running {
    /// `command` is given `--port`.
    fn start(command: &mut Command) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("it listens").port();
        drop(listener);
        let process = command
            .args(["--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the peer can be run");
        let mut running = Self { process, port };
        running.wait_until_listening();
        running
    }

    fn wait_until_listening(&mut self) {
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let ended = self.process.try_wait().expect("it was started");
            assert_eq!(ended, None, "the peer ended by itself");
            assert!(start.elapsed() < PATIENCE, "the peer does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn litellm() -> Running {
    let mut command = Command::new(python().with_file_name("litellm"));
    command
        .arg("--config")
        .arg(file("litellm.yaml"))
        .args(["--host", "127.0.0.1"])
        // It would fetch its prices from GitHub.
        .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        .env("LITELLM_TELEMETRY", "False");
    Running::start(&mut command)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the peers: `cargo xtask check interop` runs it"]
async fn litellm_answers() {
    let proxy = litellm();
    let stage = Stage::new(json!({ "url": proxy.url("/v1"), "model": "interop" }));
    assert_eq!(stage.ask("几点开门？").await, "回音：一 二 三");
    let turn = stage.turn();
    assert_eq!(turn.outcome, TurnOutcome::Answered);
    let used = &turn.used[0];
    assert!(!used.is_guessed, "its usage is read");
    assert!(used.tokens_in > 0 && used.tokens_out > 0, "{used:?}");

    let unknown = Stage::new(json!({ "url": proxy.url("/v1"), "model": "other", "retries": 0 }));
    let error = unknown.fail("几点开门？").await;
    assert!(error.contains("answered with status 400"), "{error}");

    let error = failure_with_key(&proxy.url("/v1"), "sk-Wrong0123456789").await;
    assert!(error.contains("answered with status 40"), "{error}");
    assert!(!error.contains("sk-Wrong"), "{error}");
    assert_eq!(KEY, "sk-Planted0123456789", "the key of `litellm.yaml`");
}

async fn failure_with_key(url: &str, key: &str) -> String {
    let settings = json!({ "url": url, "model": "interop", "retries": 0 });
    let settings: LlmSettings = serde_json::from_value(settings).expect("settings");
    let keys = LlmKeys([("key".to_owned(), key.into())].into());
    let mut stage = Stage::new(json!({ "url": url }));
    stage.bot = stage.bot.account(Account {
        own_bot: Some(Arc::new(LlmBot::new(settings, keys).expect("a bot"))),
        ..shop()
    });
    let answer = stage.bot.answer(message(&Push::text("几点开门？"))).await;
    with_causes(&*answer.expect_err("the key is wrong"))
}

/// What a model is told that calls the tools `sky_weather` and `sky_fail` of this MCP server.
#[cfg(feature = "mcp")]
async fn told(server: Value) -> Vec<String> {
    let calls = [
        ("sky_weather", r#"{"city": "柏林", "days": 2}"#),
        ("sky_weather", r#"{"days": 2}"#),
        ("sky_fail", r#"{"city": "X"}"#),
    ];
    let scripts = [Script::calls("", &calls), Script::says(&["晴。"])];
    let scripts: Vec<_> = std::iter::repeat_n(scripts, 2000).flatten().collect();
    let model = Model::new(scripts).await;
    let stage = Stage::new(json!({ "url": model.url, "mcp": [server] }));
    let start = Instant::now();
    let [first, second] = loop {
        let answer = stage.bot.answer(message(&Push::text("柏林天气？"))).await;
        answer.expect("an answer");
        let asked = model.asked().into_iter().rev().take(2);
        let [second, first] = asked.collect::<Vec<_>>().try_into().expect("two calls");
        // A program that begins slowly has its tools for a later answer.
        if !first.body["tools"].is_null() {
            break [first, second];
        }
        assert!(start.elapsed() < PATIENCE, "it never told its tools");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let offered = first.body["tools"].as_array().expect("tools");
    let names: Vec<_> = offered
        .iter()
        .map(|tool| tool["function"]["name"].clone())
        .collect();
    assert_eq!(Value::from(names), json!(["sky_weather", "sky_fail"]));
    let messages = second.body["messages"].as_array().expect("messages");
    let results = messages.iter().filter(|message| message["role"] == "tool");
    results
        .map(|message| message["content"].as_str().expect("a text").to_owned())
        .collect()
}

#[cfg(feature = "mcp")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the peers: `cargo xtask check interop` runs it"]
async fn tools_of_the_reference_mcp_server_are_called() {
    let expected = [
        "柏林：晴，2 天",
        "{\"error\":\"the arguments do not fit the schema: \\\"city\\\" is a required property\"}",
        // What went wrong in it is its own affair.
        "{\"error\":\"Error executing tool fail\"}",
    ];
    let script = file("mcp_server.py");
    let mut command = Command::new(python());
    let running = Running::start(command.arg("-B").arg(&script));
    let over_http = json!({ "name": "sky", "url": running.url("/mcp") });
    let program = [python().as_path(), "-B".as_ref(), &script]
        .map(|word| word.to_string_lossy().into_owned());
    let on_standard_input = json!({ "name": "sky", "command": program });
    for server in [over_http, on_standard_input] {
        assert_eq!(told(server.clone()).await, expected, "{server}");
    }
}
