//! `echostr simulate run`, `load` and `replay` against the server itself, as the documentation has them.

mod common;

use std::process::Output;
use std::sync::Arc;

use common::command::{Running, check};
use common::{Folder, SHOP, Server, TOKEN, echostr, run};
use serde_json::Value;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/simulate/echo.toml");

fn printed(output: &Output) -> String {
    let bytes = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8(bytes).expect("text")
}

#[track_caller]
fn ends_with(output: &Output, code: i32) -> String {
    let printed = printed(output);
    assert_eq!(output.status.code(), Some(code), "{printed}");
    printed
}

#[test]
fn the_example_of_the_documentation_is_what_the_default_bot_does() {
    let server = Server::start("");
    let folder = Folder::new();
    let url = format!("http://{}/wechatMP/{TOKEN}", server.address);
    let arguments = [
        "simulate",
        "run",
        EXAMPLE,
        "--url",
        &url,
        "--junit",
        "junit.xml",
    ];
    let printed = ends_with(&run(&folder, &arguments), 0);
    assert!(printed.contains("步都对 · all"), "{printed}");
    let junit = std::fs::read_to_string(folder.path().join("junit.xml")).expect("it was written");
    assert!(junit.contains("failures=\"0\""), "{junit}");

    // Another token is refused: every step that expects an answer goes wrong.
    let wrong = format!("http://{}/mp/nobody", server.address);
    let arguments = ["simulate", "run", EXAMPLE, "--url", &wrong, "--json"];
    let printed = ends_with(&run(&folder, &arguments), 1);
    let report: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(report["passed"], false);

    folder.write("bad.toml", "url = \"http://a/\"\ntokn = \"abc\"\n");
    let printed = ends_with(&run(&folder, &["simulate", "run", "bad.toml"]), 2);
    assert!(printed.contains("bad.toml:2: "), "{printed}");
    assert!(printed.contains("do you mean `token`?"), "{printed}");
}

#[test]
fn a_load_is_answered_rightly() {
    let server = Server::start(SHOP);
    let folder = Folder::new();
    let url = format!("http://{}/mp/shop", server.address);
    let arguments = [
        "simulate",
        "load",
        &url,
        "--token",
        TOKEN,
        "--rate",
        "200",
        "--duration",
        "1",
        "--connections",
        "8",
        "--mix",
        "text=8,image=1,event=1",
        "--json",
    ];
    let printed = ends_with(&run(&folder, &arguments), 0);
    let report: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(report["right"], 200, "{report}");
    assert_eq!(report["failed"], 0, "{report}");

    let arguments = ["simulate", "load", "https://a/", "--token", TOKEN];
    let printed = ends_with(&run(&folder, &arguments), 2);
    assert!(printed.contains("behind the reverse proxy"), "{printed}");
}

#[test]
fn what_the_journal_has_can_be_replayed_at_another_server() {
    let folder = Arc::new(Folder::new());
    let server = Server::start_in(&folder, SHOP);
    let script = format!(
        "url = \"http://{}/mp/shop\"\ntoken = \"{TOKEN}\"\n[[step]]\nsays = \"你好\"\nexpect = \"你好\"\n\
         [[step]]\nclicks = \"V1\"\nexpect = {{ nothing = true }}\n",
        server.address
    );
    folder.write("script.toml", &script);
    ends_with(&run(&folder, &["simulate", "run", "script.toml"]), 0);
    let listed = run(&folder, &["message", "list", "--json", "--source"]);
    let listed = ends_with(&listed, 0);
    assert_eq!(listed.lines().count(), 2, "{listed}");
    folder.write("then.jsonl", &listed);

    let other = Server::start(SHOP);
    let url = format!("http://{}/mp/shop", other.address);
    let replay = ["simulate", "replay", "then.jsonl", &url, "--token", TOKEN];
    let printed = ends_with(&run(&folder, &replay), 0);
    assert!(printed.contains("相同 · same 2"), "{printed}");

    // The same server with another bot says something else.
    folder.write(
        "then.jsonl",
        &listed.replace("{\"text\":\"你好\"}", "{\"text\":\"您好\"}"),
    );
    let replay = [replay.as_slice(), &["--renew"]].concat();
    let printed = ends_with(&run(&folder, &replay), 1);
    assert!(printed.contains("- 您好\n    + 你好"), "{printed}");

    // Without the replies of then nothing is compared.
    folder.write("then.jsonl", &listed.replace("\"reply\":", "\"formerly\":"));
    let printed = ends_with(&run(&folder, &replay), 3);
    assert!(printed.contains("no reply was compared"), "{printed}");
}

#[test]
fn what_was_played_is_written_down_when_a_later_script_cannot_begin() {
    let server = Server::start(SHOP);
    let folder = Folder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let api = taken.local_addr().expect("an address");
    let head = format!(
        "url = \"http://{}/mp/shop\"\ntoken = \"{TOKEN}\"\n",
        server.address
    );
    let step = "[[step]]\nsays = \"你好\"\nexpect = \"你好\"\n";
    folder.write("first.toml", &format!("{head}{step}"));
    folder.write(
        "second.toml",
        &format!(
            "{head}api = \"{api}\"\napp_id = \"wx0123456789abcdef\"\napp_secret = \"5f1c\"\n{step}"
        ),
    );
    let arguments = ["simulate", "run", "first.toml", "second.toml"];
    let arguments = [arguments.as_slice(), &["--junit", "junit.xml"]].concat();
    let printed = ends_with(&run(&folder, &arguments), 2);
    assert!(printed.contains("second.toml: 无法监听"), "{printed}");
    let junit = std::fs::read_to_string(folder.path().join("junit.xml")).expect("it was written");
    assert!(
        junit.contains("<testsuite name=\"first.toml\" tests=\"1\" failures=\"0\""),
        "{junit}"
    );
}

/// A simulator with a server, upon free ports.
const SIMULATE: [&str; 4] = ["simulate", "--serve", "--listen", "127.0.0.1:0"];

#[test]
fn other_commands_find_the_server_of_a_trial() {
    let folder = Folder::new();
    folder.write("own.toml", &format!("listen = \"127.0.0.1:0\"\n{SHOP}"));
    let own = [&SIMULATE[..], &["--config", "own.toml"]].concat();
    let mut trial = Running::start(&folder, &own);
    let line = trial.wait_for("echostr account list --data ");
    let (_, data) = line.split_once("--data ").expect("it was waited for");
    trial.wait_for("listening on http://");
    check(&folder, &["account", "list", "--data", data], 0, &["shop"]);
    let add = ["account", "add", "mine", "--data", data];
    check(&folder, &add, 0, &["立即生效"]);
    // Whoever forgets it is told that no server is there.
    check(&folder, &["account", "add", "mine"], 0, &["下次启动时生效"]);
}

#[test]
fn a_trial_listens_where_the_settings_say_or_says_why_not() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = Folder::new();
    let fails = |arguments: &[&str], listen: Option<&str>, words: &str| {
        let mut command = echostr(&folder, &[&SIMULATE, arguments].concat());
        command.envs(listen.map(|listen| ("ECHOSTR_LISTEN", listen)));
        let printed = ends_with(&command.output().expect("the binary runs"), 2);
        assert!(printed.contains(words), "{printed}");
    };
    let cannot = format!("服务器无法监听 {address}");
    fails(&[], Some(&address), &cannot);
    fails(&[], Some("8080"), "ECHOSTR_LISTEN 是 `8080`");
    folder.write("own.toml", &format!("listen = \"{address}\"\n{SHOP}"));
    fails(&["--config", "own.toml"], None, &cannot);

    folder.write("own.toml", &format!("listen = \"127.0.0.1:0\"\n{SHOP}"));
    let own = [&SIMULATE[..], &["--config", "own.toml"]].concat();
    let mut trial = Running::start(&folder, &own);
    let line = trial.wait_for("/mp/shop");
    assert!(!line.contains(":8080/"), "{line}");
}
