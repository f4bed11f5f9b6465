//! [`Toolbox`]: the calls that a model may make. What they answer is told to the model as text, and so is what goes wrong.

mod http;

use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

#[cfg(feature = "mcp")]
use super::mcp::servers;
use super::{BadLlm, LlmKeys, LlmSettings, ToolLimits, ToolSettings};

/// How long the arguments of a call may be.
const MAX_ARGUMENTS_BYTES: usize = 16 * 1024;
/// What the model is told about arguments that do not fit.
const MAX_FAULTS: usize = 3;
const MAX_FAULT_CHARS: usize = 200;
/// What the model is told of an answer that says what was wrong with the call.
pub(super) const MAX_REFUSAL_CHARS: usize = 500;

/// The calls that a model may make.
pub(super) struct Toolbox {
    sources: Vec<Box<dyn Tools>>,
    result_bytes: usize,
}

/// What has tools: an HTTP call is one, an MCP server has several.
pub(super) trait Tools: Send + Sync {
    /// Those that can be called now.
    fn offered(&self) -> BoxFuture<'_, Vec<Offered>>;

    /// Calls one; nothing when it has none of this name.
    fn call<'a>(
        &'a self,
        name: &'a str,
        arguments: Map<String, Value>,
        limits: CallLimits,
    ) -> BoxFuture<'a, Option<Result<String, String>>>;
}

/// A tool, as the model is told of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Offered {
    pub(super) name: String,
    pub(super) description: String,
    /// A JSON Schema.
    pub(super) parameters: Value,
}

/// What one call may cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallLimits {
    /// At most; a tool may have less.
    pub(super) time: Duration,
    /// How much of the result the model is told.
    pub(super) result_bytes: usize,
}

/// What is left to the tools of one answer.
#[derive(Debug)]
pub(super) struct ToolTime {
    left: Duration,
    rounds: u32,
}

impl ToolTime {
    pub(super) fn new(limits: &ToolLimits) -> Self {
        Self {
            left: Duration::from_secs(limits.time_secs),
            rounds: limits.rounds,
        }
    }

    /// Whether the model may be asked once more with what tools said.
    pub(super) fn next_round(&mut self) -> bool {
        let is_left = self.rounds > 0;
        self.rounds = self.rounds.saturating_sub(1);
        is_left
    }
}

impl Toolbox {
    /// Compiles the schemas; makes no connection yet.
    ///
    /// # Errors
    /// The first tool that cannot be called.
    pub(super) fn new(settings: &LlmSettings, keys: &LlmKeys) -> Result<Self, BadLlm> {
        let mut sources: Vec<Box<dyn Tools>> = Vec::new();
        for (n, tool) in settings.tools.iter().enumerate() {
            let same = |other: &ToolSettings| other.name == tool.name;
            if settings.tools[..n].iter().any(same) {
                let text = format!("is `{}`, as another tool's; each needs its own", tool.name);
                return Err(bad(n, "name", text));
            }
            let key = keys.get(&format!("tools.{}.key", tool.name)).cloned();
            sources.push(Box::new(http::HttpTool::new(n, tool, key)?));
        }
        sources.extend(servers(settings, keys)?);
        Ok(Self {
            sources,
            result_bytes: settings.tool_limits.result_bytes as usize,
        })
    }

    /// Whether the model can call nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// What the model is told that it can call: entries of `tools`.
    pub(super) async fn specs(&self) -> Vec<Value> {
        let offered = join_all(self.sources.iter().map(|source| source.offered())).await;
        let mut specs: Vec<Value> = Vec::new();
        for tool in offered.into_iter().flatten() {
            let spec = json!({ "type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.parameters,
            }});
            // The first of a name is the one that is called.
            if specs
                .iter()
                .all(|other| other["function"]["name"] != spec["function"]["name"])
            {
                specs.push(spec);
            }
        }
        specs
    }

    /// Makes the call; what comes back is for the model, also when it is about a failure.
    pub(super) async fn call(&self, name: &str, arguments: &str, time: &mut ToolTime) -> String {
        let start = Instant::now();
        let result = self.tried(name, arguments, time.left).await;
        time.left = time.left.saturating_sub(start.elapsed());
        result.unwrap_or_else(|what| json!({ "error": what }).to_string())
    }

    async fn tried(&self, name: &str, arguments: &str, left: Duration) -> Result<String, String> {
        if left.is_zero() {
            return Err("no time is left for tools; answer with what is known".into());
        }
        let arguments = object(arguments)?;
        let limits = CallLimits {
            time: left,
            result_bytes: self.result_bytes,
        };
        for source in &self.sources {
            if let Some(result) = source.call(name, arguments.clone(), limits).await {
                return result;
            }
        }
        let name = excerpt(name, 64);
        Err(format!(
            "there is no tool `{name}`; call only those that are offered"
        ))
    }
}

/// MCP servers.
#[cfg(not(feature = "mcp"))]
fn servers(settings: &LlmSettings, _keys: &LlmKeys) -> Result<Vec<Box<dyn Tools>>, BadLlm> {
    if settings.mcp.is_empty() {
        return Ok(Vec::new());
    }
    Err(BadLlm {
        field: "mcp".into(),
        text:
            "names servers, but this program was built without MCP; build it with the feature `mcp`"
                .into(),
    })
}

fn bad(n: usize, field: &str, text: impl Into<String>) -> BadLlm {
    BadLlm {
        field: format!("tools[{n}].{field}"),
        text: text.into(),
    }
}

/// The arguments of a call as the model wrote them.
fn object(arguments: &str) -> Result<Map<String, Value>, String> {
    if arguments.len() > MAX_ARGUMENTS_BYTES {
        return Err(format!(
            "the arguments have {} bytes, at most {MAX_ARGUMENTS_BYTES} are allowed",
            arguments.len()
        ));
    }
    // Models write nothing at all for no arguments.
    if arguments.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(arguments) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => Err("the arguments are no JSON object".into()),
        Err(error) => Err(format!("the arguments are no JSON: {error}")),
    }
}

/// A schema that checks arguments. It fetches nothing, and its patterns take no longer than they are long.
pub(super) fn compiled(schema: &Value) -> Result<Validator, String> {
    const MAX_PATTERN_BYTES: usize = 1024 * 1024;
    jsonschema::options()
        .offline()
        .with_pattern_options(PatternOptions::regex().size_limit(MAX_PATTERN_BYTES))
        .build(schema)
        .map_err(|error| excerpt(&error.to_string(), MAX_FAULT_CHARS))
}

/// What is wrong with arguments, for the model that wrote them.
pub(super) fn checked(schema: &Validator, arguments: &Value) -> Result<(), String> {
    let faults: Vec<_> = schema
        .iter_errors(arguments)
        .take(MAX_FAULTS)
        .map(|fault| match fault.instance_path().as_str() {
            "" => excerpt(&fault.to_string(), MAX_FAULT_CHARS),
            path => {
                let path = excerpt(path, MAX_FAULT_CHARS);
                format!("`{path}`: {}", excerpt(&fault.to_string(), MAX_FAULT_CHARS))
            }
        })
        .collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the arguments do not fit the schema: {}",
        faults.join("; ")
    ))
}

/// A result, cut where it is too long for the model.
pub(super) fn result(text: &str, is_cut: bool, result_bytes: usize) -> String {
    if text.len() <= result_bytes && !is_cut {
        return text.to_owned();
    }
    let whole = &text[..text.floor_char_boundary(result_bytes)];
    format!("{whole}\n[cut: only the first {result_bytes} bytes are shown]")
}

/// The beginning, on one line.
pub(super) fn excerpt(text: &str, n_chars: usize) -> String {
    let mut characters = text.chars().map(|character| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    });
    let mut excerpt: String = characters.by_ref().take(n_chars).collect();
    if characters.next().is_some() {
        excerpt.push('…');
    }
    excerpt
}

#[cfg(test)]
mod tests {
    use ::http::StatusCode;
    use axum::response::{IntoResponse as _, Response};

    use super::*;
    use crate::llm::listening::{Listening, endless, of_type};

    fn weather(server: &Listening) -> ToolSettings {
        let parameters = json!({
            "properties": {
                "city": { "type": "string", "minLength": 1 },
                "days": { "type": "integer" },
                "near": { "type": "object" },
            },
            "required": ["city"],
            "additionalProperties": false,
        });
        ToolSettings {
            name: "weather".into(),
            description: "The weather of a city".into(),
            url: format!("{}/weather?units=c", server.url),
            parameters: serde_json::from_value(parameters).expect("an object"),
            ..ToolSettings::default()
        }
    }

    fn settings(tool: ToolSettings) -> LlmSettings {
        LlmSettings {
            tools: vec![tool],
            tool_limits: ToolLimits {
                result_bytes: 256,
                ..ToolLimits::default()
            },
            ..LlmSettings::default()
        }
    }

    fn toolbox(tool: ToolSettings) -> Toolbox {
        let key = (
            "tools.weather.key".to_owned(),
            "sk-planted".to_owned().into(),
        );
        let keys = LlmKeys([key].into());
        Toolbox::new(&settings(tool), &keys).expect("it can be called")
    }

    async fn call(tool: ToolSettings, arguments: &str) -> String {
        let mut time = ToolTime::new(&ToolLimits::default());
        toolbox(tool).call("weather", arguments, &mut time).await
    }

    const BERLIN: &str = r#"{"city": "柏林", "days": 2}"#;

    #[tokio::test]
    async fn arguments_are_posted_as_json_with_the_key() {
        let server = Listening::new(|| of_type("application/json", r#"{"sky": "晴"}"#)).await;
        assert_eq!(call(weather(&server), BERLIN).await, r#"{"sky": "晴"}"#);
        let (head, body) = server.received();
        assert_eq!(head.method, "POST");
        assert_eq!(head.uri, "/weather?units=c");
        assert_eq!(head.headers["authorization"], "Bearer sk-planted");
        assert_eq!(head.headers["content-type"], "application/json");
        assert!(
            head.headers["user-agent"]
                .to_str()
                .is_ok_and(|agent| agent.starts_with("echostr/"))
        );
        assert_eq!(body, r#"{"city":"柏林","days":2}"#);
    }

    #[tokio::test]
    async fn arguments_of_a_get_stand_in_the_query() {
        async fn check(arguments: &str, expected: Result<&str, &str>) {
            let server = Listening::new(|| "晴").await;
            let tool = ToolSettings {
                method: "GET".into(),
                ..weather(&server)
            };
            let told = call(tool, arguments).await;
            match expected {
                Ok(uri) => {
                    assert_eq!(told, "晴");
                    let (head, body) = server.received();
                    assert_eq!((head.method.as_str(), body.as_str()), ("GET", ""));
                    assert_eq!(head.uri, uri);
                }
                Err(error) => {
                    assert_eq!(told, json!({ "error": error }).to_string());
                    assert_eq!(server.n_received(), 0);
                }
            }
        }
        let query = "/weather?units=c&city=%E6%9F%8F%E6%9E%97%26a%3D1&days=2";
        check(r#"{"city": "柏林&a=1", "days": 2}"#, Ok(query)).await;
        let error = "`near` is no text, number, true or false, as a query needs";
        check(r#"{"city": "柏林", "near": {}}"#, Err(error)).await;
    }

    #[tokio::test]
    async fn arguments_that_do_not_fit_are_told_and_never_sent() {
        async fn check(arguments: &str, expected: &str) {
            let server = Listening::new(|| "晴").await;
            let told = call(weather(&server), arguments).await;
            assert_eq!(told, json!({ "error": expected }).to_string());
            assert_eq!(server.n_received(), 0, "{arguments}");
        }
        let fit = |what: &str| format!("the arguments do not fit the schema: {what}");
        check("", &fit("\"city\" is a required property")).await;
        check(
            r#"{"city": 3}"#,
            &fit("`/city`: 3 is not of type \"string\""),
        )
        .await;
        let unexpected = "Additional properties are not allowed ('ci' was unexpected)";
        check(r#"{"city": "柏林", "ci": 1}"#, &fit(unexpected)).await;
        check("[]", "the arguments are no JSON object").await;
        let cut = "the arguments are no JSON: EOF while parsing a value at line 1 column 8";
        check(r#"{"city":"#, cut).await;
        let long = format!("{{\"city\": \"{}\"}}", "x".repeat(16 * 1024));
        check(
            &long,
            "the arguments have 16396 bytes, at most 16384 are allowed",
        )
        .await;
        let deep = "[".repeat(1000);
        check(
            &deep,
            "the arguments are no JSON: recursion limit exceeded at line 1 column 128",
        )
        .await;
    }

    #[tokio::test]
    async fn members_that_are_not_declared_are_sent_only_where_the_schema_allows_them() {
        async fn check(parameters: Value, is_sent: bool) {
            let server = Listening::new(|| "晴").await;
            let tool = ToolSettings {
                parameters: serde_json::from_value(parameters.clone()).expect("an object"),
                ..weather(&server)
            };
            let told = call(tool, r#"{"city": "柏林", "admin": true}"#).await;
            assert_eq!(told == "晴", is_sent, "{parameters}: {told}");
            assert_eq!(server.n_received(), usize::from(is_sent));
        }
        let city = json!({ "city": { "type": "string" } });
        check(json!({ "properties": city }), false).await;
        check(
            json!({ "properties": city, "additionalProperties": true }),
            true,
        )
        .await;
        let admin = json!({ "properties": { "admin": { "type": "boolean" } } });
        check(json!({ "properties": city, "allOf": [admin] }), true).await;
        check(json!({}), true).await;
    }

    #[tokio::test]
    async fn what_goes_wrong_is_told_without_secrets() {
        async fn check(answer: fn() -> Response, expected: &str) {
            let server = Listening::new(answer).await;
            let told = call(weather(&server), BERLIN).await;
            assert_eq!(told, json!({ "error": expected }).to_string());
            assert_eq!(server.n_received(), 1);
        }
        check(
            || (StatusCode::NOT_FOUND, "no such city; key: sk-planted\n").into_response(),
            "the tool answered with status 404: no such city; key: ***",
        )
        .await;
        check(
            || (StatusCode::BAD_GATEWAY, "at /srv/app.py line 3").into_response(),
            "the tool answered with status 502",
        )
        .await;
        // The redirect leads back to the same server, which would count it.
        check(
            || (StatusCode::FOUND, [("location", "/elsewhere")]).into_response(),
            "the tool answered with status 302",
        )
        .await;
        check(
            || of_type("image/png", &b"\x89PNG"[..]),
            "the tool answered with something else than text (image/png)",
        )
        .await;
        let server = Listening::new(|| "晴").await;
        let tool = ToolSettings {
            url: "http://127.0.0.1:1/planted".into(),
            ..weather(&server)
        };
        let told = call(tool, BERLIN).await;
        assert_eq!(told, r#"{"error":"the tool cannot be reached now"}"#);
    }

    #[tokio::test]
    async fn a_long_result_is_cut_at_a_character() {
        const CUT: &str = "\n[cut: only the first 256 bytes are shown]";
        async fn check(
            answer: impl Fn() -> Response + Clone + Send + Sync + 'static,
            expected: &str,
        ) {
            let server = Listening::new(answer).await;
            assert_eq!(call(weather(&server), BERLIN).await, expected);
        }
        let text = |text: String| move || text.clone().into_response();
        check(text("x".repeat(256)), &"x".repeat(256)).await;
        check(text("x".repeat(257)), &("x".repeat(256) + CUT)).await;
        check(text("好".repeat(100)), &("好".repeat(85) + CUT)).await;
        // It never ends.
        check(|| endless("text/plain", "x"), &("x".repeat(256) + CUT)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_tool_has_its_time_and_all_tools_have_theirs_together() {
        let server = Listening::silent().await;
        let tools = toolbox(ToolSettings {
            timeout_secs: 10,
            ..weather(&server)
        });
        let mut time = ToolTime::new(&ToolLimits {
            time_secs: 13,
            ..ToolLimits::default()
        });
        let unreached = r#"{"error":"the tool cannot be reached now"}"#;
        let spent = r#"{"error":"no time is left for tools; answer with what is known"}"#;
        let start = Instant::now();
        for (expected, elapsed_secs) in [(unreached, 10), (unreached, 13), (spent, 13)] {
            assert_eq!(tools.call("weather", BERLIN, &mut time).await, expected);
            assert_eq!(start.elapsed().as_secs(), elapsed_secs);
        }
    }

    #[test]
    fn rounds_are_counted() {
        let limits = ToolLimits {
            rounds: 2,
            ..ToolLimits::default()
        };
        let mut time = ToolTime::new(&limits);
        let rounds = [(); 4].map(|()| time.next_round());
        assert_eq!(rounds, [true, true, false, false]);
    }

    #[tokio::test]
    async fn the_model_is_told_what_it_can_call() {
        let server = Listening::new(|| "晴").await;
        let tools = toolbox(weather(&server));
        assert!(!tools.is_empty());
        let expected = json!([{ "type": "function", "function": {
            "name": "weather",
            "description": "The weather of a city",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": { "type": "string", "minLength": 1 },
                    "days": { "type": "integer" },
                    "near": { "type": "object" },
                },
                "required": ["city"],
                "additionalProperties": false,
            },
        }}]);
        assert_eq!(Value::from(tools.specs().await), expected);
        let mut time = ToolTime::new(&ToolLimits::default());
        let told = tools.call("wether", BERLIN, &mut time).await;
        let expected = "there is no tool `wether`; call only those that are offered";
        assert_eq!(told, json!({ "error": expected }).to_string());
        assert_eq!(server.n_received(), 0);
        let none = Toolbox::new(&LlmSettings::default(), &LlmKeys::default()).expect("nothing");
        assert!(none.is_empty());
        assert!(none.specs().await.is_empty());
    }

    #[test]
    fn a_tool_that_cannot_be_called_is_refused() {
        #[track_caller]
        fn check(tool: &Value, expected: &str) {
            let mut whole = json!({ "name": "weather", "url": "http://127.0.0.1:9/" });
            for (name, value) in tool.as_object().into_iter().flatten() {
                whole[name] = value.clone();
            }
            let tool = serde_json::from_value(whole).expect("settings");
            let error = Toolbox::new(&settings(tool), &LlmKeys::default()).err();
            let error = error.expect("it cannot be called").to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        check(&json!({ "name": "" }), "`tools[0].name` is ``; 1 to 64 of");
        check(
            &json!({ "name": "天气" }),
            "`tools[0].name` is `天气`; 1 to 64 of",
        );
        check(
            &json!({ "method": "PUT" }),
            "`tools[0].method` is `PUT`, `GET` or `POST` is needed",
        );
        check(
            &json!({ "url": "ftp://a" }),
            "`tools[0].url` is `ftp://a`, `http://` or",
        );
        check(
            &json!({ "parameters": { "type": "array" } }),
            "`tools[0].parameters` is of the type \"array\"; the arguments are an object",
        );
        let schema = "`tools[0].parameters` is no JSON Schema that can be used: ";
        check(
            &json!({ "parameters": { "properties": { "a": { "type": "text" } } } }),
            schema,
        );
        check(
            &json!({ "parameters": { "properties": { "a": { "pattern": "(" } } } }),
            schema,
        );
        // It would have to be fetched.
        check(
            &json!({ "parameters": { "$ref": "http://127.0.0.1:9/a.json" } }),
            schema,
        );
        // Patterns that would take a megabyte of memory.
        check(
            &json!({ "parameters": { "properties": { "a": { "pattern": "(\\w{999}){999}" } } } }),
            schema,
        );
        let twice = LlmSettings {
            tools: ["a", "a"]
                .map(|name| ToolSettings {
                    name: name.into(),
                    url: "http://127.0.0.1:9/".into(),
                    ..ToolSettings::default()
                })
                .to_vec(),
            ..LlmSettings::default()
        };
        let error = Toolbox::new(&twice, &LlmKeys::default())
            .err()
            .expect("the same name");
        assert_eq!(
            error.to_string(),
            "`tools[1].name` is `a`, as another tool's; each needs its own"
        );
    }
}
