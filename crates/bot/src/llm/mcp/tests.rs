//! MCP servers that are scripts: what they answer is written here, not by the library that asks them.

use std::path::{Path, PathBuf};

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::json;

use super::*;
use crate::llm::ToolLimits;
use crate::llm::listening::{Listening, of_type};
use crate::llm::tools::{ToolTime, Toolbox};

/// A server over streamable HTTP that answers `tools/list` and `tools/call` with these results; a name stands for tools
/// without end, one on each page.
async fn server(tools: Value, result: Value) -> Listening {
    let answer = async move |request: Request| -> Response {
        let is_known = request
            .headers()
            .get("authorization")
            .is_some_and(|key| key == "Bearer sk-planted");
        if !is_known {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        if request.method() != "POST" {
            return StatusCode::METHOD_NOT_ALLOWED.into_response();
        }
        let body = request
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        let question: Value = serde_json::from_slice(&body).expect("JSON");
        let result = match question["method"].as_str() {
            Some("initialize") => initialized(),
            Some("tools/list") => listed(&tools, &question["params"]["cursor"]),
            Some("tools/call") if question["params"]["name"] == "silent" => {
                std::future::pending().await
            }
            Some("tools/call") if result.is_null() => {
                question["params"]["arguments"]["city"].clone()
            }
            Some("tools/call") => result,
            _ => return StatusCode::ACCEPTED.into_response(),
        };
        let result = match result {
            Value::String(text) => json!({ "content": [{ "type": "text", "text": text }] }),
            other => other,
        };
        let mut answer = json!({ "jsonrpc": "2.0", "id": question["id"] });
        match result.get("code") {
            Some(_) => answer["error"] = result,
            None => answer["result"] = result,
        }
        of_type("application/json", answer.to_string())
    };
    Listening::of(axum::Router::new().fallback(answer)).await
}

fn listed(tools: &Value, cursor: &Value) -> Value {
    let Value::String(name) = tools else {
        return json!({ "tools": tools });
    };
    let page = cursor.as_str().map_or(0, |n| n.parse().expect("a page"));
    json!({ "tools": [tool(&format!("{name}{page}"))], "nextCursor": (page + 1).to_string() })
}

fn initialized() -> Value {
    json!({
        "protocolVersion": "2025-06-18",
        "capabilities": { "tools": {} },
        "serverInfo": { "name": "script", "version": "1" },
    })
}

fn tool(name: &str) -> Value {
    let schema = json!({
        "type": "object",
        "properties": { "city": { "type": "string" } },
        "required": ["city"],
    });
    json!({ "name": name, "description": "The weather of a city", "inputSchema": schema })
}

fn at(server: &Listening) -> McpSettings {
    McpSettings {
        name: "sky".into(),
        url: Some(format!("{}/mcp", server.url)),
        ..McpSettings::default()
    }
}

fn toolbox(servers: &[McpSettings]) -> Result<Toolbox, BadLlm> {
    let settings = LlmSettings {
        mcp: servers.to_vec(),
        tool_limits: ToolLimits {
            result_bytes: 256,
            ..ToolLimits::default()
        },
        ..LlmSettings::default()
    };
    let keys = LlmKeys([("mcp.sky.key".to_owned(), "sk-planted".to_owned().into())].into());
    Toolbox::new(&settings, &keys)
}

fn tools(server: McpSettings) -> Toolbox {
    toolbox(&[server]).expect("it can be used")
}

async fn names(tools: &Toolbox) -> Vec<String> {
    let specs = tools.specs().await;
    let names = specs
        .iter()
        .map(|spec| spec["function"]["name"].as_str().expect("a name"));
    names.map(str::to_owned).collect()
}

async fn call(tools: &Toolbox, name: &str, arguments: &Value) -> String {
    let mut time = ToolTime::new(&ToolLimits::default());
    tools.call(name, &arguments.to_string(), &mut time).await
}

fn told(error: &str) -> String {
    json!({ "error": error }).to_string()
}

#[tokio::test]
async fn tools_of_a_server_are_offered_and_called() {
    let server = server(json!([tool("weather")]), Value::Null).await;
    let tools = tools(at(&server));
    let spec = json!([{ "type": "function", "function": {
        "name": "sky_weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": { "city": { "type": "string" } },
            "required": ["city"],
        },
    }}]);
    assert_eq!(Value::from(tools.specs().await), spec);
    let berlin = json!({ "city": "柏林" });
    assert_eq!(call(&tools, "sky_weather", &berlin).await, "柏林");
    let fit = "the arguments do not fit the schema: \"city\" is a required property";
    assert_eq!(call(&tools, "sky_weather", &json!({})).await, told(fit));
    let none = "there is no tool `sky_whether`; call only those that are offered";
    assert_eq!(call(&tools, "sky_whether", &berlin).await, told(none));
}

#[tokio::test]
async fn results_are_told_as_text() {
    async fn check(result: Value, expected: &str) {
        let server = server(json!([tool("weather")]), result.clone()).await;
        let tools = tools(at(&server));
        let told = call(&tools, "sky_weather", &json!({ "city": "柏林" })).await;
        assert_eq!(told, expected, "{result}");
    }
    let text = |text: &str| json!({ "type": "text", "text": text });
    check(json!({ "content": [text("晴"), text("20°")] }), "晴\n20°").await;
    let picture = json!({ "type": "image", "data": "aGk=", "mimeType": "image/png" });
    check(
        json!({ "content": [picture] }),
        "[a picture, which cannot be shown]",
    )
    .await;
    check(
        json!({ "content": [], "structuredContent": { "sky": "晴" } }),
        "{\"sky\":\"晴\"}",
    )
    .await;
    check(
        json!({ "content": [text("no such city")], "isError": true }),
        &told("no such city"),
    )
    .await;
    // Our key is nothing for the model, also where it would be cut.
    let key = "the key is sk-planted";
    check(json!({ "content": [text(key)] }), "the key is ***").await;
    check(
        json!({ "content": [text(key)], "isError": true }),
        &told("the key is ***"),
    )
    .await;
    check(
        json!({ "code": -32602, "message": "x".repeat(495) + "sk-planted" }),
        &told(&("x".repeat(495) + "***")),
    )
    .await;
    let cut = "x".repeat(256) + "\n[cut: only the first 256 bytes are shown]";
    check(json!({ "content": [text(&"x".repeat(300))] }), &cut).await;
    // More than is read of one message.
    let long = json!({ "content": [text(&"x".repeat(1024 * 1024))] });
    check(long, &told("the tool cannot be reached now")).await;
}

#[tokio::test]
async fn what_a_server_offers_is_bounded() {
    let long = |mut tool: Value| {
        tool["description"] = "好".repeat(2000).into();
        tool
    };
    let huge = |mut tool: Value| {
        tool["inputSchema"]["properties"]["city"]["description"] = "x".repeat(16 * 1024).into();
        tool
    };
    // Its arguments could not be checked.
    let wrong = |mut tool: Value| {
        tool["inputSchema"]["properties"]["city"]["type"] = "text".into();
        tool
    };
    let many: Vec<_> = (0..100).map(|n| tool(&format!("tool{n}"))).collect();
    let server_of_many = server(many.into(), Value::Null).await;
    assert_eq!(names(&tools(at(&server_of_many))).await.len(), 64);
    let only = McpSettings {
        tools: vec!["tool99".into(), "tool7".into()],
        ..at(&server_of_many)
    };
    assert_eq!(names(&tools(only)).await, ["sky_tool7", "sky_tool99"]);

    let endless = server("page".into(), Value::Null).await;
    let first: Vec<_> = (0..16).map(|n| format!("sky_page{n}")).collect();
    assert_eq!(names(&tools(at(&endless))).await, first);

    let odd = [
        long(tool("a.b/c")),
        huge(tool("huge")),
        wrong(tool("wrong")),
        tool(&"n".repeat(100)),
    ];
    let server = server(json!(odd), Value::Null).await;
    let specs = tools(at(&server)).specs().await;
    let description = specs[0]["function"]["description"]
        .as_str()
        .expect("a text");
    assert_eq!(description.chars().count(), 1000);
    let names: Vec<_> = specs
        .iter()
        .map(|spec| spec["function"]["name"].clone())
        .collect();
    let cut = format!("sky_{}", "n".repeat(60));
    assert_eq!(Value::from(names), json!(["sky_a_b_c", cut]));
}

#[tokio::test]
async fn a_server_that_is_away_takes_only_its_own_tools() {
    let good = server(json!([tool("weather")]), Value::Null).await;
    let strict = server(json!([tool("weather")]), Value::Null).await;
    let away = |name: &str, url: &str| McpSettings {
        name: name.into(),
        url: Some(url.into()),
        ..McpSettings::default()
    };
    let servers = [
        away("closed", "http://127.0.0.1:1/mcp"),
        // It is given no key.
        away("strict", &format!("{}/mcp", strict.url)),
        McpSettings {
            name: "missing".into(),
            command: vec!["/no/such/program".into()],
            ..McpSettings::default()
        },
        at(&good),
    ];
    let tools = toolbox(&servers).expect("they can be used");
    assert_eq!(names(&tools).await, ["sky_weather"]);
    assert_eq!(
        call(&tools, "sky_weather", &json!({ "city": "柏林" })).await,
        "柏林"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_waits_5_seconds_for_a_server_that_is_silent_and_the_next_not_at_all() {
    let server = Listening::silent().await;
    let tools = tools(at(&server));
    let start = Instant::now();
    for _ in 0..3 {
        assert!(names(&tools).await.is_empty());
        assert_eq!(start.elapsed().as_secs(), 5);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_of_a_server_has_its_time() {
    let server = server(json!([tool("silent")]), Value::Null).await;
    let tools = tools(McpSettings {
        timeout_secs: 7,
        ..at(&server)
    });
    assert_eq!(names(&tools).await, ["sky_silent"]);
    let start = Instant::now();
    let answer = call(&tools, "sky_silent", &json!({ "city": "柏林" })).await;
    assert_eq!(answer, told("the tool cannot be reached now"));
    assert_eq!(start.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_call_does_not_wait_for_a_server_whose_name_begins_alike() {
    let silent = Listening::silent().await;
    let good = server(json!([tool("weather")]), Value::Null).await;
    let silent = McpSettings {
        name: "sk".into(),
        ..at(&silent)
    };
    let tools = toolbox(&[silent, at(&good)]).expect("they can be used");
    assert_eq!(names(&tools).await, ["sky_weather"]);
    let start = Instant::now();
    let berlin = json!({ "city": "柏林" });
    assert_eq!(call(&tools, "sky_weather", &berlin).await, "柏林");
    assert_eq!(start.elapsed().as_secs(), 0);
}

/// A program that speaks MCP on its standard input and output. It writes its process id to a file when it starts, ends when
/// its tool is called with the city `end`, and has one tool more after the city `grow`,
/// and after the city `stall` does not tell its tools any more.
struct Program {
    script: PathBuf,
    ids: PathBuf,
}

impl Program {
    const SCRIPT: &str = r#"
echo $$ >> "$1"
tools='{"name": "weather", "inputSchema": {"type": "object"}}'
while read -r line; do
    id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
    case "$line" in
    *'"initialize"'*) result='{"protocolVersion": "2025-06-18", "capabilities": {"tools": {"listChanged": true}}, "serverInfo": {"name": "script", "version": "1"}}' ;;
    *'"tools/list"'*) [ -n "$is_stalled" ] && continue
        result="{\"tools\": [$tools]}" ;;
    *'"end"'*) exit 0 ;;
    *'"stall"'*)
        is_stalled=1
        echo '{"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}'
        result='{"content": [{"type": "text", "text": "stalled"}]}' ;;
    *'"grow"'*)
        tools="$tools, {\"name\": \"more\", \"inputSchema\": {\"type\": \"object\"}}"
        echo '{"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}'
        result='{"content": [{"type": "text", "text": "grown"}]}' ;;
    *'"tools/call"'*) result="{\"content\": [{\"type\": \"text\", \"text\": \"secret: $CARGO_MANIFEST_DIR, key of ${#MCP_KEY}\"}]}" ;;
    *) continue ;;
    esac
    echo "{\"jsonrpc\": \"2.0\", \"id\": $id, \"result\": $result}"
done
"#;

    fn new(folder: &Path) -> Self {
        let script = folder.join("mcp.sh");
        std::fs::write(&script, Self::SCRIPT).expect("a script");
        Self {
            script,
            ids: folder.join("ids"),
        }
    }

    fn settings(&self) -> McpSettings {
        let words = ["sh".as_ref(), self.script.as_path(), self.ids.as_path()];
        McpSettings {
            name: "sky".into(),
            command: words
                .map(|word| word.to_string_lossy().into_owned())
                .to_vec(),
            ..McpSettings::default()
        }
    }

    /// The process ids of all that were started.
    fn started(&self) -> Vec<String> {
        let ids = std::fs::read_to_string(&self.ids).unwrap_or_default();
        ids.lines().map(str::to_owned).collect()
    }
}

/// Waits until no process has this id, or only one that nobody has waited for.
async fn until_ended(id: &str) {
    let stat = format!("/proc/{id}/stat");
    while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_program_is_started_when_it_is_needed_again_when_it_died_and_ends_with_the_bot() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::new(folder.path());
    let tools = tools(program.settings());
    assert_eq!(program.started().len(), 0);

    assert_eq!(names(&tools).await, ["sky_weather"]);
    let berlin = json!({ "city": "柏林" });
    // Nothing of our environment that may be secret, but its own key.
    let without = "secret: , key of 10";
    assert_eq!(call(&tools, "sky_weather", &berlin).await, without);
    assert_eq!(program.started().len(), 1);

    let ended = call(&tools, "sky_weather", &json!({ "city": "end" })).await;
    assert_eq!(ended, told("the tool cannot be reached now"));
    until_ended(&program.started()[0]).await;
    assert_eq!(call(&tools, "sky_weather", &berlin).await, without);
    let started = program.started();
    assert_eq!(started.len(), 2);

    drop(tools);
    until_ended(&started[1]).await;
}

#[tokio::test]
async fn tools_are_asked_for_again_when_the_server_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::new(folder.path());
    let tools = tools(program.settings());
    assert_eq!(names(&tools).await, ["sky_weather"]);
    let grown = call(&tools, "sky_weather", &json!({ "city": "grow" })).await;
    assert_eq!(grown, "grown");
    assert_eq!(names(&tools).await, ["sky_weather", "sky_more"]);
    assert_eq!(program.started().len(), 1);
}

#[tokio::test]
async fn calls_go_on_while_a_server_does_not_tell_its_tools_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::new(folder.path());
    let tools = tools(McpSettings {
        timeout_secs: 2,
        ..program.settings()
    });
    assert_eq!(names(&tools).await, ["sky_weather"]);
    for (city, expected) in [("stall", "stalled"), ("柏林", "secret: , key of 10")] {
        let city = json!({ "city": city });
        assert_eq!(call(&tools, "sky_weather", &city).await, expected);
    }
    assert_eq!(program.started().len(), 1);
}

#[test]
fn a_server_that_cannot_be_used_is_refused() {
    #[track_caller]
    fn check(server: Value, expected: &str) {
        let server = serde_json::from_value(server).expect("settings");
        let error = toolbox(&[server])
            .err()
            .expect("it cannot be used")
            .to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let either = "`mcp[0].url` or `command` is needed, and not both";
    check(json!({ "name": "sky" }), either);
    check(json!({ "name": "sky", "command": [""] }), either);
    check(
        json!({ "name": "sky", "url": "http://a", "command": ["b"] }),
        either,
    );
    check(
        json!({ "name": "a b", "url": "http://a" }),
        "`mcp[0].name` is `a b`; 1 to 32 of",
    );
    check(
        json!({ "name": "sky", "url": "a" }),
        "`mcp[0].url` is `a`, `http://` or",
    );
    let server: McpSettings =
        serde_json::from_value(json!({ "name": "sky", "url": "http://a" })).expect("settings");
    let error = toolbox(&[server.clone(), server])
        .err()
        .expect("the same name");
    assert_eq!(
        error.to_string(),
        "`mcp[1].name` is `sky`, as another server's; each needs its own"
    );
}
