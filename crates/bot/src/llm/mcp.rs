//! [`McpServer`]: the tools of a program that speaks MCP (Model Context Protocol), over streamable HTTP or on its standard
//! input and output.
//!
//! Nothing runs before a model is asked for the first time. What a server offers is known for five minutes, or until it says
//! that it has changed. A server that is away costs an answer nothing but its tools, and is tried again.
//!
//! Source: <https://modelcontextprotocol.io/specification/2025-11-25> (read 2026-11-30)

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use http::header::{HeaderValue, USER_AGENT};
use jsonschema::Validator;
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ContentBlock,
    Implementation, PaginatedRequestParams, Tool,
};
use rmcp::service::{NotificationContext, RunningService, ServiceError};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, RoleClient, ServiceExt as _};
use serde_json::{Map, Value};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{info, warn};

use super::tools::{
    CallLimits, MAX_REFUSAL_CHARS, Offered, Tools, checked, compiled, excerpt, result,
};
use super::web::token;
use super::{BadLlm, LlmKeys, LlmSettings, McpSettings};
use crate::call::{AGENT, BadProgram, ProgramUrl, client, innermost, shown};

/// What is known of a server's tools is asked for again after this time.
const KNOWN_FOR: Duration = Duration::from_mins(5);
/// How long an answer waits for a server that begins; it may take longer, then its tools are there for a later one.
const WAIT: Duration = Duration::from_secs(5);
/// How long a server may take to begin: some fetch what they need first.
const START: Duration = Duration::from_mins(1);
/// When a server is tried again that could not be used.
const RETRY_AFTER: Duration = Duration::from_secs(15);
const MAX_TOOLS: usize = 64;
const MAX_PAGES: usize = 16;
const MAX_DESCRIPTION_CHARS: usize = 1000;
const MAX_SCHEMA_BYTES: usize = 16 * 1024;
const MAX_NAME_CHARS: usize = 64;
/// What is read of one message of a server.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
const MAX_ERROR_BYTES: usize = 4096;

/// All that the settings name.
///
/// # Errors
/// The first that cannot be used.
pub(super) fn servers(
    settings: &LlmSettings,
    keys: &LlmKeys,
) -> Result<Vec<Box<dyn Tools>>, BadLlm> {
    let mut servers: Vec<Box<dyn Tools>> = Vec::new();
    for (n, server) in settings.mcp.iter().enumerate() {
        if settings.mcp[..n]
            .iter()
            .any(|other| other.name == server.name)
        {
            let text = format!(
                "is `{}`, as another server's; each needs its own",
                server.name
            );
            return Err(bad(n, "name", text));
        }
        servers.push(Box::new(McpServer::new(n, server, keys)?));
    }
    Ok(servers)
}

fn bad(n: usize, field: &str, text: impl Into<String>) -> BadLlm {
    BadLlm {
        field: format!("mcp[{n}].{field}"),
        text: text.into(),
    }
}

/// A server and its tools.
struct McpServer(Arc<Parts>);

struct Parts {
    name: String,
    reach: Reach,
    key: Option<String>,
    /// Only these; empty: all.
    wanted: Vec<String>,
    timeout: Duration,
    /// Whether the log says which tool has a schema that cannot be used.
    is_fault_told: AtomicBool,
    state: Mutex<State>,
}

/// Where it is.
enum Reach {
    Http(ProgramUrl),
    Program(Vec<String>),
}

#[derive(Default)]
struct State {
    connection: Option<Arc<Connection>>,
    tools: Arc<[Known]>,
    /// When the tools are to be asked for again.
    known_until: Option<Instant>,
    /// It could not be used; when it is tried again.
    retry_at: Option<Instant>,
    /// Since when it is asked for its tools.
    refreshing: Option<Refreshing>,
}

/// Since when, and until then.
type Refreshing = (Instant, Shared<BoxFuture<'static, ()>>);

/// A tool of a server.
struct Known {
    offered: Offered,
    /// As the server calls it.
    name: String,
    schema: Validator,
}

struct Connection {
    service: RunningService<RoleClient, Listener>,
    /// Ends with this value.
    _child: Option<Child>,
}

/// Listens to what the server says of itself.
#[derive(Clone, Default)]
struct Listener {
    has_changed: Arc<AtomicBool>,
}

impl McpServer {
    fn new(n: usize, settings: &McpSettings, keys: &LlmKeys) -> Result<Self, BadLlm> {
        let name = &settings.name;
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !(1..=32).contains(&name.len()) || !name.bytes().all(is_fit) {
            let shown = excerpt(name, 32);
            let text = format!("is `{shown}`; 1 to 32 of a-z, A-Z, 0-9, `_` and `-` are allowed");
            return Err(bad(n, "name", text));
        }
        let reach = match (&settings.url, &*settings.command) {
            (Some(url), []) => {
                let url = url.parse().map_err(|error| {
                    let (BadProgram::Url(text) | BadProgram::Secret(text)) = error;
                    bad(n, "url", text)
                })?;
                Reach::Http(url)
            }
            (None, [program, ..]) if !program.is_empty() => {
                Reach::Program(settings.command.clone())
            }
            _ => return Err(bad(n, "url", "or `command` is needed, and not both")),
        };
        let key = keys.get(&format!("mcp.{name}.key"));
        let key = key.map(token).transpose();
        Ok(Self(Arc::new(Parts {
            name: name.clone(),
            reach,
            key: key.map_err(|text| bad(n, "key", text))?,
            wanted: settings.tools.clone(),
            timeout: Duration::from_secs(settings.timeout_secs),
            is_fault_told: AtomicBool::new(false),
            state: Mutex::default(),
        })))
    }
}

impl Tools for McpServer {
    fn offered(&self) -> BoxFuture<'_, Vec<Offered>> {
        Box::pin(async move {
            let (_, tools) = self.0.ready(None).await;
            tools.iter().map(|tool| tool.offered.clone()).collect()
        })
    }

    fn call<'a>(
        &'a self,
        name: &'a str,
        arguments: Map<String, Value>,
        limits: CallLimits,
    ) -> BoxFuture<'a, Option<Result<String, String>>> {
        Box::pin(async move {
            let is_ours = name
                .strip_prefix(&self.0.name)
                .is_some_and(|rest| rest.starts_with('_'));
            if !is_ours {
                return None;
            }
            let by = Instant::now() + self.0.timeout.min(limits.time);
            let (connection, tools) = self.0.ready(Some(by)).await;
            let tool = tools.iter().find(|tool| tool.offered.name == name)?;
            let connection = connection?;
            let called = self.0.called(&connection, tool, arguments, by).await;
            Some(called.map(|text| result(&text, false, limits.result_bytes)))
        })
    }
}

impl Parts {
    /// The connection and the tools behind it; neither when there is none before this moment. Without a moment, only the first
    /// to ask for them waits, not each answer while a server hangs. A call waits only when there is nothing that it could use.
    async fn ready(
        self: &Arc<Self>,
        by: Option<Instant>,
    ) -> (Option<Arc<Connection>>, Arc<[Known]>) {
        if let Some((since, refreshing)) = self.refreshing()
            && (by.is_none() || !self.state().is_usable())
        {
            let _late = timeout_at(by.unwrap_or(since + WAIT), refreshing).await;
        }
        let state = self.state();
        if state.is_usable() {
            (state.connection.clone(), Arc::clone(&state.tools))
        } else {
            (None, Arc::default())
        }
    }

    /// Asks the server for its tools, unless they are known or it was away a moment ago.
    fn refreshing(self: &Arc<Self>) -> Option<Refreshing> {
        let mut state = self.state();
        if let Some((since, refreshing)) = &state.refreshing
            && refreshing.peek().is_none()
        {
            return Some((*since, refreshing.clone()));
        }
        let now = Instant::now();
        let is_known = state.known_until.is_some_and(|until| now < until)
            && state
                .connection
                .as_ref()
                .is_some_and(|connection| connection.is_as_known());
        let was_away = state.retry_at.is_some_and(|at| now < at);
        if is_known || was_away {
            return None;
        }
        // A task of its own: it goes on when the answer that waits for it does not.
        let task = tokio::spawn(Arc::clone(self).refresh());
        let refreshing = (now, task.map(|_| ()).boxed().shared());
        state.refreshing = Some(refreshing.clone());
        Some(refreshing)
    }

    async fn refresh(self: Arc<Self>) {
        // Calls use it until there is another.
        let old = self.state().usable();
        let refreshed = timeout(START, self.refreshed(old)).await;
        let refreshed = refreshed
            .unwrap_or_else(|_| Err(format!("did not tell its tools within {}", shown(START))));
        let name = &self.name;
        let mut state = self.state();
        match refreshed {
            Ok((connection, tools)) => {
                if state.retry_at.take().is_some() {
                    info!(mcp = name, "the MCP server `{name}` can be used again");
                }
                state.connection = Some(connection);
                state.tools = tools;
                state.known_until = Some(Instant::now() + KNOWN_FOR);
            }
            Err(error) => {
                let error = self.without_secrets(&error);
                if state.retry_at.is_none() {
                    warn!(
                        mcp = name,
                        error, "the MCP server `{name}` {error}; answers do without its tools"
                    );
                }
                state.connection = None;
                state.tools = Arc::default();
                state.known_until = None;
                state.retry_at = Some(Instant::now() + RETRY_AFTER);
            }
        }
    }

    async fn refreshed(
        &self,
        old: Option<Arc<Connection>>,
    ) -> Result<(Arc<Connection>, Arc<[Known]>), String> {
        let connection = match old {
            Some(connection) => connection,
            None => Arc::new(self.connected().await?),
        };
        connection.has_changed().store(false, Ordering::Relaxed);
        let listed = connection.listed().await?;
        let tools = self.known(listed);
        Ok((connection, tools))
    }

    async fn connected(&self) -> Result<Connection, String> {
        let listener = Listener::default();
        let (service, child) = match &self.reach {
            Reach::Http(url) => {
                let headers = [(USER_AGENT, HeaderValue::from_static(AGENT))];
                let mut config = StreamableHttpClientTransportConfig::with_uri(url.expose())
                    .custom_headers(headers.into())
                    .max_sse_event_size(MAX_MESSAGE_BYTES)
                    .max_json_response_size(MAX_MESSAGE_BYTES)
                    .max_error_response_size(MAX_ERROR_BYTES);
                if let Some(key) = &self.key {
                    config = config.auth_header(key);
                }
                let transport = StreamableHttpClientTransport::with_client(client(url), config);
                (listener.serve(transport).await, None)
            }
            Reach::Program(command) => {
                let (mut child, name) = spawned(command, self.key.as_deref())?;
                let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
                    return Err(format!(
                        "cannot run `{name}`: it has no standard input or output"
                    ));
                };
                let transport = AsyncRwTransport::new(stdout, stdin);
                let transport = transport.with_max_line_length(MAX_MESSAGE_BYTES);
                (listener.serve(transport).await, Some(child))
            }
        };
        let service = service.map_err(|error| format!("cannot be used: {}", innermost(&error)))?;
        Ok(Connection {
            service,
            _child: child,
        })
    }

    /// What the model is offered of a server's tools: those whose arguments can be checked.
    fn known(&self, listed: Vec<Tool>) -> Arc<[Known]> {
        let mut known: Vec<Known> = Vec::new();
        for tool in listed {
            let is_wanted =
                self.wanted.is_empty() || self.wanted.iter().any(|name| *name == tool.name);
            let offered = is_wanted.then(|| offered(&self.name, &tool)).flatten();
            let Some(offered) = offered else {
                continue;
            };
            if known.len() == MAX_TOOLS
                || known.iter().any(|other| other.offered.name == offered.name)
            {
                continue;
            }
            match compiled(&offered.parameters) {
                Ok(schema) => known.push(Known {
                    schema,
                    offered,
                    name: tool.name.into_owned(),
                }),
                Err(error) => self.tell_fault(&offered.name, &error),
            }
        }
        known.into()
    }

    /// Once: it is found again each time that the server tells its tools.
    fn tell_fault(&self, tool: &str, error: &str) {
        if !self.is_fault_told.swap(true, Ordering::Relaxed) {
            let error = self.without_secrets(error);
            warn!(
                tool,
                error,
                "the schema of the tool `{tool}` cannot be used: {error}; answers do without the tool"
            );
        }
    }

    async fn called(
        &self,
        connection: &Connection,
        tool: &Known,
        arguments: Map<String, Value>,
        by: Instant,
    ) -> Result<String, String> {
        checked(&tool.schema, &Value::Object(arguments.clone()))?;
        let call = CallToolRequestParams::new(tool.name.clone()).with_arguments(arguments);
        let failure = match timeout_at(by, connection.service.call_tool(call)).await {
            Ok(Ok(answer)) => {
                let text = self.without_secrets(&said(&answer));
                return if answer.is_error == Some(true) {
                    Err(excerpt(text.trim(), MAX_REFUSAL_CHARS))
                } else {
                    Ok(text)
                };
            }
            Ok(Err(ServiceError::McpError(error))) => {
                let text = self.without_secrets(&error.message);
                return Err(excerpt(&text, MAX_REFUSAL_CHARS));
            }
            Ok(Err(error)) => self.without_secrets(&innermost(&error)),
            Err(_) => "it did not answer in time".to_owned(),
        };
        let name = &tool.offered.name;
        warn!(
            tool = name,
            error = failure,
            "a call of the tool `{name}` failed: {failure}"
        );
        Err("the tool cannot be reached now".into())
    }

    fn without_secrets(&self, text: &str) -> String {
        let text = match &self.reach {
            Reach::Http(url) => text.replace(url.expose(), &url.to_string()),
            Reach::Program(_) => text.to_owned(),
        };
        match self.key.as_deref() {
            Some(key) if !key.is_empty() => text.replace(key, "***"),
            _ => text,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_usable(&self) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(|connection| connection.is_usable())
    }

    /// The connection; one that has ended is dropped.
    fn usable(&mut self) -> Option<Arc<Connection>> {
        self.connection = self.connection.take().filter(|it| it.is_usable());
        self.connection.clone()
    }
}

impl Connection {
    fn is_usable(&self) -> bool {
        !self.service.is_closed() && !self.service.is_transport_closed()
    }

    /// Whether it can be used and offers what it did.
    fn is_as_known(&self) -> bool {
        self.is_usable() && !self.has_changed().load(Ordering::Relaxed)
    }

    fn has_changed(&self) -> &AtomicBool {
        &self.service.service().has_changed
    }

    async fn listed(&self) -> Result<Vec<Tool>, String> {
        let mut tools = Vec::new();
        let mut cursor = None;
        for _ in 0..MAX_PAGES {
            let page = PaginatedRequestParams::default().with_cursor(cursor);
            let listed = self.service.list_tools(Some(page)).await;
            let listed = listed
                .map_err(|error| format!("does not tell its tools: {}", innermost(&error)))?;
            tools.extend(listed.tools);
            cursor = listed.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        Ok(tools)
    }
}

impl ClientHandler for Listener {
    fn get_info(&self) -> ClientConfig {
        let name = Implementation::new("echostr", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), name)
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.has_changed.store(true, Ordering::Relaxed);
    }
}

/// A program that ends with its handle. Of our environment it gets what every program needs, not our secrets, and its own key;
/// what it writes to its standard error is nobody's.
fn spawned<'a>(command: &'a [String], key: Option<&str>) -> Result<(Child, &'a str), String> {
    const KEY: &str = "MCP_KEY";
    const ENVIRONMENT: [&str; 8] = [
        "HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "USER",
    ];
    let (name, arguments) = command.split_first().ok_or("has no program")?;
    let kept = ENVIRONMENT.into_iter();
    let kept = kept.filter_map(|name| std::env::var_os(name).map(|value| (name, value)));
    let child = Command::new(name)
        .args(arguments)
        .env_clear()
        .envs(kept)
        .envs(key.map(|key| (KEY, key)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("cannot run `{name}`: {error}"))?;
    Ok((child, name))
}

/// A tool as the model is told of it; nothing when its schema is too long.
fn offered(server: &str, tool: &Tool) -> Option<Offered> {
    let parameters = Value::Object((*tool.input_schema).clone());
    if parameters.to_string().len() > MAX_SCHEMA_BYTES {
        return None;
    }
    let name: String = format!("{server}_{}", tool.name)
        .chars()
        .map(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' => character,
            _ => '_',
        })
        .take(MAX_NAME_CHARS)
        .collect();
    let description = tool.description.as_deref().unwrap_or_default();
    Some(Offered {
        name,
        description: description.chars().take(MAX_DESCRIPTION_CHARS).collect(),
        parameters,
    })
}

/// What a tool answered: its texts, or what it has instead.
fn said(answer: &CallToolResult) -> String {
    let parts: Vec<_> = answer.content.iter().map(part).collect();
    match &answer.structured_content {
        Some(value) if parts.is_empty() => value.to_string(),
        _ => parts.join("\n"),
    }
}

fn part(content: &ContentBlock) -> &str {
    match content {
        ContentBlock::Text(text) => &text.text,
        ContentBlock::Image(_) => "[a picture, which cannot be shown]",
        ContentBlock::Audio(_) => "[a sound, which cannot be played]",
        ContentBlock::ResourceLink(resource) => &resource.uri,
        _ => "[something that is no text]",
    }
}

#[cfg(test)]
mod tests;
