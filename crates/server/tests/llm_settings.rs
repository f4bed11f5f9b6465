//! A language model as an account's bot: every sentence that wrong settings can cause, the same in the file and in the API; what is
//! set comes back everywhere, except keys.

mod common;

use std::ffi::OsString;
use std::fs;
use std::sync::Arc;

use common::command::check as command;
use common::{Folder, Request, Response, SHOP, Server, run};
use echostr::{LlmKeys, LlmSettings};
use echostr_server::config::{Config, Faults, Sources, load};
use echostr_store::BotSettings;
use serde_json::{Map, Value, json};

const KEY: &str = "sk-PlantedKeyOne1";

/// The least that is needed, with this beside it.
fn with(more: Value) -> Value {
    let mut bot = json!({ "kind": "llm", "url": "http://127.0.0.1:9/v1", "model": "small" });
    merge(&mut bot, more);
    bot
}

fn merge(bot: &mut Value, more: Value) {
    if let (Value::Object(bot), Value::Object(more)) = (bot, more) {
        bot.extend(more);
    }
}

fn read(toml: &str) -> Result<Config, Faults> {
    let folder = Folder::new();
    folder.write("echostr.toml", toml);
    let sources = Sources {
        directory: folder.path().into(),
        environment: Vec::<(OsString, OsString)>::new(),
        ..Sources::default()
    };
    load(&sources).map(|(config, _)| config)
}

/// `bot` in a file; nothing when TOML cannot say it.
fn file(bot: &Value) -> Option<String> {
    let account = json!({ "id": "shop", "token": "S1qJ0JoQmYfy", "bot": bot });
    let file = toml::Table::try_from(json!({ "account": [account] })).ok()?;
    toml::to_string(&file).ok()
}

#[track_caller]
fn read_bot(toml: &str) -> (LlmSettings, LlmKeys) {
    let config = read(toml).unwrap_or_else(|faults| panic!("{faults}\n{toml}"));
    let account = &config.accounts[0];
    let BotSettings::Llm(settings) = &account.settings.bot else {
        panic!("{:?}", account.settings.bot);
    };
    ((**settings).clone(), account.secrets.llm_keys.clone())
}

/// Who uses the API of a server.
struct Program {
    server: Server,
    authorization: String,
}

impl Program {
    fn start(folder: &Arc<Folder>) -> Self {
        let room = "[api]\nrequests_per_second = 1000\nburst = 1000\n";
        let server = Server::start_in(folder, room);
        let made = run(folder, &["api-key", "create", "--scope", "*"]);
        let key = String::from_utf8(made.stdout).expect("UTF-8");
        Self {
            authorization: format!("Bearer {}", key.trim()),
            server,
        }
    }

    fn ask(&self, method: &str, target: &str, body: &Value) -> Response {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut headers = vec![("Authorization", &*self.authorization)];
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        self.server.send(&Request {
            method,
            target: &format!("/api/v1{target}"),
            headers,
            body: body.as_bytes(),
        })
    }

    #[track_caller]
    fn done(&self, method: &str, target: &str, body: &Value) -> Value {
        let response = self.ask(method, target, body);
        let text = response.text();
        assert!(matches!(response.status, 200 | 201), "{text}");
        serde_json::from_str(text).expect("JSON")
    }

    /// The sentences about what was wrong, sorted.
    #[track_caller]
    fn refused(&self, method: &str, target: &str, body: &Value) -> Vec<String> {
        let response = self.ask(method, target, body);
        assert_eq!(response.status, 422, "{}", response.text());
        let problem: Value = serde_json::from_str(response.text()).expect("JSON");
        let faults = problem["fields"].as_array().expect("a list").iter();
        let mut said: Vec<_> = faults
            .map(|fault| fault["message"].as_str().expect("a text").to_owned())
            .collect();
        said.sort_unstable();
        said
    }

    /// The API says exactly this about these settings, and so does the file, if TOML can say them.
    #[track_caller]
    fn check(&self, more: Value, expected: &[&str]) {
        self.check_whole(&with(more), expected);
    }

    #[track_caller]
    fn check_whole(&self, bot: &Value, expected: &[&str]) {
        let account = json!({ "id": "shop", "bot": bot });
        assert_eq!(
            self.refused("POST", "/accounts", &account),
            expected,
            "{bot}"
        );
        let Some(toml) = file(bot) else {
            assert!(bot.to_string().contains("null"), "{bot}");
            return;
        };
        let faults = read(&toml).expect_err("it is wrong");
        let in_the_file = |said: &str| said.replacen("`bot.", "`account[0].bot.", 1);
        let mut expected: Vec<_> = expected.iter().map(|said| in_the_file(said)).collect();
        let mut found: Vec<_> = faults.iter().map(|fault| fault.text.clone()).collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{toml}");
    }
}

#[test]
fn each_fault_is_told_alike_by_the_api_and_for_the_file() {
    let folder = Arc::new(Folder::new());
    let program = Program::start(&folder);
    let check = |more: Value, expected: &[&str]| program.check(more, expected);

    // Numbers and flags.
    check(
        json!({ "history": { "turns": 51, "tokens": -1, "hours": 0.5 } }),
        &[
            "`bot.history.hours` is the number 0.5, a whole number from 1 to 720 is needed",
            "`bot.history.tokens` is the number -1, a whole number from 0 to 200000 is needed",
            "`bot.history.turns` is the number 51, a whole number from 0 to 50 is needed",
        ],
    );
    check(
        json!({ "temperature": 2.5, "price_in": "1", "retries": true, "feedback": 1 }),
        &[
            "`bot.feedback` is the number 1, `true` or `false` is needed",
            "`bot.price_in` is a text, a number from 0 to 1000000 is needed",
            "`bot.retries` is `true`, a whole number from 0 to 3 is needed",
            "`bot.temperature` is the number 2.5, a number from 0 to 2 is needed",
        ],
    );
    check(
        json!({ "vision": { "enabled": "yes", "max_edge": 100 }, "budget": { "follower_day_tokens": 1.5 } }),
        &[
            "`bot.budget.follower_day_tokens` is the number 1.5, a whole number from 0 to 1000000000000 is needed",
            "`bot.vision.enabled` is a text, `true` or `false` is needed",
            "`bot.vision.max_edge` is the number 100, a whole number from 256 to 4096 is needed",
        ],
    );
    // Texts and words.
    check(
        json!({ "prompt": "长".repeat(20_001), "label": { "mode": "automatic", "text": "" }, "texts": { "help": "长".repeat(171) } }),
        &[
            "`bot.label.mode` is `automatic`; allowed: `auto`, `suffix`, `platform`, `none`; did you mean `auto`?",
            "`bot.label.text` has 0 bytes, 1 to 64 are allowed (a Chinese character has 3)",
            "`bot.prompt` has 20001 characters, 0 to 20000 are allowed",
            "`bot.texts.help` has 513 bytes, 0 to 512 are allowed (a Chinese character has 3)",
        ],
    );
    check(
        json!({ "commands": { "clear": [""], "usage": "用量", "help": ["a", 1] }, "words": { "input": vec!["x"; 20_001] } }),
        &[
            "`bot.commands.clear` has 0 characters in entry 1, 1 to 64 are allowed, none of them NUL",
            "`bot.commands.help` has the number 1 as entry 2, a text is needed",
            "`bot.commands.usage` is a text, a list of texts is needed",
            "`bot.words.input` has 20001 entries, at most 20000 are allowed",
        ],
    );
    // Tables.
    check(
        json!({ "history": 5, "fallback": "gpt", "tools": { "name": "x" } }),
        &[
            "`bot.fallback` is a text, an object is needed",
            "`bot.history` is the number 5, an object is needed",
            "`bot.tools` is an object, a list of objects is needed",
        ],
    );
    // Names that nobody knows: the neighbour's, another table's, none's.
    check(
        json!({ "history": { "turn": 5 }, "max_edge": 512, "xyzzy": 1, "budget": { "qqq": 1 } }),
        &[
            "`bot.budget.qqq` is not known; there are `follower_day_messages`, `follower_day_tokens`, `account_day_messages`, \
             `account_day_tokens`, `account_month_messages`, `account_month_tokens`",
            "`bot.history.turn` is not known; did you mean `turns`?",
            "`bot.max_edge` is not known; did you mean `vision.max_edge`?",
            "`bot.xyzzy` is not known; there are `preset`, `url`, `model`, `key`, `temperature`, `max_tokens`, `timeout_secs`, \
             `retries`, `price_in`, `price_out`, `prompt`, `fallback`, `history`, `commands`, `vision`, `voice`, `budget`, `words`, \
             `moderation`, `label`, `feedback`, `texts`, `tools`, `mcp`, `tool_limits`",
        ],
    );
    // Keys are never shown.
    check(
        json!({ "key": 17, "fallback": { "preset": "deepseek", "key": "sk with blanks" } }),
        &[
            "`bot.fallback.key` has blanks or other characters in it that no key has; letters, digits and signs are allowed",
            "`bot.key` is not a text",
        ],
    );
    // Addresses.
    check(
        json!({ "url": "https://me:pass@host/v1", "voice": { "url": "ftp://x", "model": "m" }, "moderation": { "url": "https://host/v1?key=secret" } }),
        &[
            "`bot.moderation.url` has a query; leave out the `?` and what follows it, a secret goes into `key`",
            "`bot.url` has a user name or a password in it; leave them out, a secret goes into `key`",
            "`bot.voice.url` is `ftp://x`, `http://` or `https://` is needed at the beginning",
        ],
    );
    // What they need of each other.
    check(
        json!({ "voice": {}, "moderation": {}, "fallback": {} }),
        &[
            "`bot.fallback.model` is missing; write the name that the endpoint knows",
            "`bot.fallback.url` is missing; write where the endpoint is, like `https://api.example.com/v1`, or a `preset`: \
             `deepseek`, `qwen`, `moonshot`, `zhipu`, `doubao`, `siliconflow`, `openai`, `ollama`",
            "`bot.moderation.url` is missing; write where the endpoint is, up to what stands before `/moderations`",
            "`bot.voice.model` is missing; write its name",
            "`bot.voice.url` is missing; write where the endpoint is, up to what stands before `/audio/transcriptions`",
        ],
    );
    program.check_whole(
        &json!({ "kind": "llm", "preset": "deepsek" }),
        &[
            "`bot.preset` is `deepsek`; allowed: `deepseek`, `qwen`, `moonshot`, `zhipu`, `doubao`, `siliconflow`, `openai`, \
             `ollama`; did you mean `deepseek`?",
        ],
    );
    program.check_whole(
        &json!({ "kind": "llm", "preset": "doubao" }),
        &[
            "`bot.key` is missing; `doubao` wants the one that you have there",
            "`bot.model` is missing; `doubao` needs one of yours",
        ],
    );
    // Lists.
    check(
        json!({ "tools": [
            { "name": "a b", "url": "http://127.0.0.1:9/", "method": "PUT", "timeout_secs": 61 },
            { "parameters": [] },
            "weather",
        ] }),
        &[
            "`bot.tools[0].method` is `PUT`; allowed: `GET`, `POST`",
            "`bot.tools[0].name` is `a b`, 1 to 64 of a-z, A-Z, 0-9, `_` and `-` are allowed",
            "`bot.tools[0].timeout_secs` is the number 61, a whole number from 1 to 60 is needed",
            "`bot.tools[1].name` is missing; choose one, by which the model calls it",
            "`bot.tools[1].parameters` is a list, an object is needed",
            "`bot.tools[1].url` is missing; write what is called",
            "`bot.tools[2]` is a text, an object is needed",
        ],
    );
    let tool = json!({ "name": "weather", "url": "http://127.0.0.1:9/" });
    check(
        json!({ "tools": [tool, tool] }),
        &["`bot.tools[1].name` is `weather`, and so is another one; every one needs its own"],
    );
    check(
        json!({ "tools": vec![&tool; 17], "mcp": [{ "name": "maps", "nam": "x" }] }),
        &[
            "`bot.mcp[0].nam` is not known; did you mean `name`?",
            "`bot.mcp[0].url` is missing; write where the server is",
            "`bot.tools` has 17 entries, at most 16 are allowed",
        ],
    );
    check(
        json!({ "tools": [{ "name": "weather", "url": "http://127.0.0.1:9/", "parameters": { "default": null } }] }),
        &[
            "`bot.tools[0].parameters` has `null` or a number beyond 64 bits in it; leave that out, `echostr export` could not write it",
        ],
    );
}

#[test]
fn what_only_one_of_them_can_say_is_told_as_well() {
    // A program that runs on the server is for whoever may write its file.
    let folder = Arc::new(Folder::new());
    let program = Program::start(&folder);
    let bot = with(json!({ "mcp": [{ "name": "files", "command": ["mcp-files", "/srv"] }] }));
    let account = json!({ "id": "shop", "bot": bot });
    assert_eq!(
        program.refused("POST", "/accounts", &account),
        [
            "`bot.mcp[0].command` can be set in the server's file of settings only: it is a program that runs on the server",
            "`bot.mcp[0].url` is missing; write where the server is",
        ]
    );
    let (settings, _) = read_bot(&file(&bot).expect("it has no null"));
    assert_eq!(settings.mcp[0].command, ["mcp-files", "/srv"]);

    let toml = format!(
        "{SHOP}[account.bot]\nkind = \"llm\"\nprompt = 1979-05-27\n\n[account.bot.history]\nturns = 99\n"
    );
    let faults = read(&toml).expect_err("it is wrong").to_string();
    assert!(
        faults.ends_with(
            "echostr.toml:6: `account[0].bot.prompt` is a date, which nothing here takes"
        ),
        "{faults}"
    );
    let faults = read(&toml.replace("prompt = 1979-05-27", "model = \"m\"\nurl = \"http://h/\""));
    let faults = faults.expect_err("it is wrong").to_string();
    assert!(
        faults.ends_with(
            "echostr.toml:10: `account[0].bot.history.turns` is the number 99, a whole number from 0 to 50 is needed"
        ),
        "{faults}"
    );
    let faults = read(&format!("{SHOP}bot = \"llm\"\n")).expect_err("it is no table");
    assert!(
        faults
            .to_string()
            .contains("is `llm`, which needs a table: `{ kind = \"llm\""),
        "{faults}"
    );
}

/// Everything at its upper limit, or at another value than the default.
fn everything() -> Value {
    json!({
        "kind": "llm", "url": "http://127.0.0.1:9/v1", "model": "small", "key": KEY, "temperature": 0.5, "max_tokens": 100_000,
        "timeout_secs": 300, "retries": 3, "price_in": 2, "price_out": 8.5,
        "prompt": "你是「雯子的店」的客服。\n今天是 {{date}}。\"'''",
        "fallback": { "preset": "qwen", "key": "sk-PlantedKeyTwo2", "retries": 0 },
        "history": { "turns": 50, "tokens": 200_000, "hours": 720 },
        "commands": { "clear": ["重来"], "usage": [], "help": ["帮助", "?"] },
        "vision": { "enabled": true, "max_edge": 4096 },
        "voice": { "url": "http://127.0.0.1:9/v1", "model": "whisper", "key": "sk-PlantedKeyThree3" },
        "budget": {
            "follower_day_messages": 1, "follower_day_tokens": 2, "account_day_messages": 3, "account_day_tokens": 4,
            "account_month_messages": 5, "account_month_tokens": 1_000_000_000_000_i64,
        },
        "words": { "input": ["甲"], "output": ["乙", "丙"] },
        "moderation": {
            "url": "http://127.0.0.1:9/v1", "model": "m", "key": "sk-PlantedKeyFour4", "input": false, "output": true,
            "passes_on_failure": true,
        },
        "label": { "mode": "suffix", "text": "（机器写的）" },
        "feedback": true,
        "texts": {
            "cleared": "忘了", "spent_follower": "a", "spent_account": "b", "blocked": "c", "unreadable": "d", "thanks": "e",
            "help": "",
        },
        "tools": [{
            "name": "weather", "description": "天气", "url": "http://127.0.0.1:9/weather", "method": "GET",
            "parameters": { "type": "object", "properties": { "city": { "type": "string" }, "days": { "maximum": 7.5 } } },
            "timeout_secs": 60, "key": "sk-PlantedKeyFive5",
        }],
        "tool_limits": { "rounds": 10, "time_secs": 120, "result_bytes": 262_144 },
    })
}

const KEYS: [(&str, &str); 5] = [
    ("fallback.key", "sk-PlantedKeyTwo2"),
    ("key", KEY),
    ("moderation.key", "sk-PlantedKeyFour4"),
    ("tools.weather.key", "sk-PlantedKeyFive5"),
    ("voice.key", "sk-PlantedKeyThree3"),
];

/// Without what is shown of keys only.
fn without_keys(bot: &Value) -> Value {
    match bot {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| *name != "key");
            let fields = fields.map(|(name, value)| (name.clone(), without_keys(value)));
            fields.collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(without_keys).collect(),
        other => other.clone(),
    }
}

/// Whether everything of `part` is in `whole`.
fn assert_within(part: &Value, whole: &Value) {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            for (name, value) in part {
                assert_within(value, whole.get(name).unwrap_or(&Value::Null));
            }
        }
        (Value::Array(part), Value::Array(whole)) if part.len() == whole.len() => {
            part.iter()
                .zip(whole)
                .for_each(|(part, whole)| assert_within(part, whole));
        }
        _ => assert_eq!(part, whole),
    }
}

#[test]
fn what_is_set_comes_back_from_the_file_the_api_and_a_document() {
    let (settings, keys) = read_bot(&file(&everything()).expect("it has no null"));
    let found: Vec<_> = keys
        .0
        .iter()
        .map(|(place, key)| (&**place, key.expose()))
        .collect();
    assert_eq!(found, KEYS);
    let as_json = serde_json::to_value(&settings).expect("settings are JSON");
    let mut expected = without_keys(&everything());
    expected.as_object_mut().expect("it is one").remove("kind");
    assert_within(&expected, &as_json);

    let folder = Arc::new(Folder::new());
    let program = Program::start(&folder);
    let account = json!({ "id": "shop", "time_zone": "-03:30", "bot": everything() });
    let made = program.done("POST", "/accounts", &account);
    let shown = program.done("GET", "/accounts/shop", &Value::Null);
    assert_eq!(made["account"]["bot"], shown["bot"]);
    assert_eq!(shown["time_zone"], "-03:30");
    assert_within(&without_keys(&everything()), &shown["bot"]);
    assert_eq!(shown["bot"]["tools"][0]["key"], json!({ "set": true }));

    // A document without keys changes nothing, and makes the same again where there was nothing.
    let bare = command(&folder, &["export"], 0, &["left out"]).out;
    assert!(
        bare.contains("bot.tools.weather.key") && !bare.contains("Planted"),
        "{bare}"
    );
    folder.write("bare.toml", &bare);
    command(
        &folder,
        &["apply", "bare.toml", "--yes"],
        0,
        &["nothing to change"],
    );
    let whole = command(&folder, &["export", "--secrets"], 0, &[]).out;
    command(&folder, &["account", "remove", "shop", "--yes"], 0, &[]);
    folder.write("whole.toml", &whole);
    command(&folder, &["apply", "whole.toml", "--yes"], 0, &[]);
    let again = program.done("GET", "/accounts/shop", &Value::Null);
    assert_eq!(again["bot"], shown["bot"]);
    let exported = command(&folder, &["export", "--secrets"], 0, &[]).out;
    assert_eq!(exported, whole);
    // It is written as in the file of settings.
    let (read, _) = read_bot(&whole);
    assert_eq!(read, settings);
}

#[test]
fn a_document_without_the_bot_says_that_its_keys_are_lost() {
    let folder = Arc::new(Folder::new());
    let program = Program::start(&folder);
    let account = json!({ "id": "shop", "bot": everything() });
    program.done("POST", "/accounts", &account);
    folder.write("less.toml", "[[account]]\nid = \"shop\"\n");
    let lost = [
        "bot（llm → echo）",
        "shop 的密钥会删除，无法恢复",
        "bot.tools.weather.key",
    ];
    let trial = ["apply", "less.toml", "--dry-run"];
    command(&folder, &trial, 0, &lost);
    command(&folder, &["apply", "less.toml", "--yes"], 0, &lost);
    let shown = program.done("GET", "/accounts/shop", &Value::Null);
    assert_eq!(shown["bot"], json!({ "kind": "echo" }));
}

#[test]
fn what_is_not_given_stays_and_null_is_the_default() {
    let folder = Arc::new(Folder::new());
    let program = Program::start(&folder);
    program.done(
        "POST",
        "/accounts",
        &json!({ "id": "shop", "bot": everything() }),
    );
    let patch = |bot: Value| {
        let account = program.done("PATCH", "/accounts/shop", &json!({ "bot": bot }));
        account["bot"].clone()
    };

    let bot = patch(json!({ "history": { "turns": 3 }, "retries": null, "voice": null }));
    assert_eq!(
        bot["history"],
        json!({ "turns": 3, "tokens": 200_000, "hours": 720 })
    );
    assert_eq!((&bot["retries"], &bot["voice"]), (&json!(1), &Value::Null));
    assert_eq!(bot["key"], json!({ "set": true }));
    // The key of what was removed is gone with it.
    let bot = patch(json!({ "voice": { "url": "http://127.0.0.1:9/v1", "model": "whisper" } }));
    assert_eq!(bot["voice"]["key"], json!({ "set": false }));

    // A list is replaced as a whole; what keeps its name keeps its key, if it is sent to the same address.
    let tool = |name: &str, path: &str| json!({ "name": name, "url": format!("http://127.0.0.1:9/{path}") });
    let bot = patch(json!({ "tools": [tool("news", "news"), tool("weather", "weather")] }));
    assert_eq!(bot["tools"][0]["key"], json!({ "set": false }));
    assert_eq!(bot["tools"][1]["key"], json!({ "set": true }));
    assert_eq!(bot["tools"][1]["method"], "POST");
    let elsewhere = json!({ "bot": {
        "url": "http://127.0.0.1:8/v1",
        "fallback": { "preset": "openai" },
        "tools": [tool("weather", "other")],
    } });
    let told = "has to be given again together with another address, to which it is sent";
    assert_eq!(
        program.refused("PATCH", "/accounts/shop", &elsewhere),
        [
            format!("`bot.fallback.key` {told}"),
            format!("`bot.key` {told}"),
            format!("`bot.tools[0].key` {told}"),
        ]
    );
    let bot =
        patch(json!({ "url": "http://127.0.0.1:8/v1", "key": "sk-PlantedKeySix6", "tools": null }));
    assert_eq!(bot["url"], "http://127.0.0.1:8/v1");
    assert_eq!(bot["tools"], Value::Null);
    // Who may read all secrets anyway may move them.
    folder.write(
        "bot.toml",
        "kind = \"llm\"\nurl = \"http://127.0.0.1:7/v1\"\n",
    );
    let set = ["account", "set", "shop", "--bot-file", "bot.toml"];
    command(&folder, &set, 0, &["small http://127.0.0.1:7/v1"]);
    let key = program.done("GET", "/accounts/shop", &Value::Null)["bot"]["key"].clone();
    assert_eq!(key, json!({ "set": true }));

    // Another kind has no keys of this one.
    let echo = ["account", "set", "shop", "--bot", "echo"];
    command(&folder, &echo, 2, &["bot.key", "bot.fallback.key", "--yes"]);
    command(&folder, &[&echo[..], &["--yes"]].concat(), 0, &[]);
    let bot = patch(json!({ "kind": "llm", "url": "http://127.0.0.1:9/v1", "model": "small" }));
    assert_eq!(bot["key"], json!({ "set": false }));
    assert_eq!(bot["history"]["turns"], 10);

    let bot = patch(json!({ "fallback": { "preset": "ollama", "model": "smaller" } }));
    assert_eq!(bot["fallback"]["model"], "smaller");
    let without = ["account", "set", "shop", "--default", "bot.fallback"];
    command(&folder, &without, 0, &["small http://127.0.0.1:9/v1"]);
    let bot = program.done("GET", "/accounts/shop", &Value::Null)["bot"].clone();
    assert_eq!(
        (&bot["fallback"], &bot["model"]),
        (&Value::Null, &json!("small"))
    );
}

#[test]
fn a_model_is_added_and_shown_on_the_command_line() {
    let folder = Arc::new(Folder::new());
    let _server = Server::start_in(&folder, "");
    folder.write("bot.toml", &format!("[bot]\nkind = \"llm\"\npreset = \"deepseek\"\nkey = \"{KEY}\"\n[bot.history]\nturns = 3\n"));
    let add = [
        "account",
        "add",
        "shop",
        "--bot-file",
        "bot.toml",
        "--time-zone",
        "-03:30",
    ];
    command(&folder, &add, 0, &[]);
    let page = command(
        &folder,
        &["account", "show", "shop"],
        0,
        &["llm deepseek deepseek-chat", "-03:30"],
    )
    .out;
    let lines: Vec<Vec<_>> = page
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    for line in [["history.turns", "3"], ["preset", "deepseek"]] {
        assert!(
            lines.iter().any(|found| *found == line),
            "{line:?} in {page}"
        );
    }
    assert!(!page.contains("history.hours"), "it is the default: {page}");
    assert!(
        lines
            .iter()
            .any(|found| found.starts_with(&["bot.key", "已设置"])),
        "{page}"
    );
    command(
        &folder,
        &["account", "set", "shop", "--time-zone", "8"],
        2,
        &["`time_zone` is `8`, a distance from UTC like `+08:00`"],
    );
    command(
        &folder,
        &["account", "list"],
        0,
        &["llm deepseek deepseek-chat"],
    );
}

#[test]
fn keys_of_models_and_tools_are_in_no_output_no_log_and_no_file() {
    let folder = Arc::new(Folder::new());
    let program = Program::start(&folder);
    let mut heard = String::new();
    let account = json!({ "id": "shop", "bot": everything() });
    for (method, target, body) in [
        ("POST", "/accounts", &account),
        ("POST", "/accounts", &account),
        (
            "PATCH",
            "/accounts/shop",
            &json!({ "bot": { "model": "large", "key": "sk-PlantedKeySix6" } }),
        ),
        (
            "PATCH",
            "/accounts/shop",
            &json!({ "bot": { "model": "sk-PlantedKeySix6".repeat(20) } }),
        ),
        (
            "PATCH",
            "/accounts/shop",
            &json!({ "bot": { "url": "https://x/?sk-PlantedKeySix6" } }),
        ),
        ("GET", "/accounts/shop", &Value::Null),
        ("GET", "/accounts", &Value::Null),
        ("GET", "/audit", &Value::Null),
    ] {
        heard += program.ask(method, target, body).text();
    }
    folder.write(
        "bad.toml",
        "kind = \"llm\"\nkey = \"sk-PlantedKeySix6 \nx\"\n",
    );
    for (arguments, code) in [
        ("account show shop", 0),
        ("account show shop --json", 0),
        ("account set shop --bot-file bad.toml", 2),
        ("account list --json", 0),
        ("export", 0),
        ("audit list --json", 0),
        ("secrets rotate", 0),
        ("account remove shop --yes", 0),
        ("audit list --json", 0),
    ] {
        let arguments: Vec<_> = arguments.split(' ').collect();
        heard += &command(&folder, &arguments, code, &[]).all();
    }
    heard += &program.server.log();
    for file in ["echostr.db", "echostr.db-wal"] {
        let bytes = fs::read(folder.path().join("data").join(file)).unwrap_or_default();
        heard += &String::from_utf8_lossy(&bytes);
    }
    let config = read(&file(&everything()).expect("it has no null")).expect("it is right");
    let shown = format!("{config:#?}");
    heard += &shown;
    let found = heard
        .find("PlantedKey")
        .map(|at| heard[..at].chars().rev().take(200).collect::<String>());
    let before = found.map(|text| text.chars().rev().collect::<String>());
    assert_eq!(before, None, "what stands before it");
    assert!(heard.contains("\"key\":{\"set\":true}") && heard.contains("llm_keys"));
}

#[test]
fn a_fallback_at_the_same_vendor_needs_no_key_of_its_own() {
    let bot = |fallback: &str| {
        format!(
            "{SHOP}[account.bot]\nkind = \"llm\"\npreset = \"deepseek\"\nkey = \"{KEY}\"\n[account.bot.fallback]\npreset = \"{fallback}\"\n"
        )
    };
    let (_, keys) = read_bot(&bot("deepseek"));
    assert_eq!(keys.0.len(), 1);
    let faults = read(&bot("qwen")).expect_err("it has none").to_string();
    assert!(
        faults.ends_with(
            "`account[0].bot.fallback.key` is missing; `qwen` wants the one that you have there"
        ),
        "{faults}"
    );
}

#[test]
fn open_access_asks_no_model() {
    let faults =
        read("[open_access]\nbot = { kind = \"llm\", preset = \"ollama\", model = \"qwen3\" }\n");
    let faults = faults
        .expect_err("it costs its owner something")
        .to_string();
    assert!(
        faults.contains("`open_access.bot.kind` is `llm`, but open access answers anybody, and your model is for your own accounts"),
        "{faults}"
    );
}
