//! An OpenAI-compatible endpoint that answers by a script, over a real socket, and what it was sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// What an endpoint does when it is called.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    status: u16,
    headers: Vec<String>,
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    Send(Vec<u8>),
    /// Goes on when the test lets it.
    Wait(Arc<Semaphore>),
    /// Says nothing more and keeps the connection.
    Hang,
    /// Closes the connection in the middle of the answer.
    Break,
}

impl Script {
    pub(crate) fn new(status: u16, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        Self {
            status,
            headers: vec![format!("Content-Type: {content_type}")],
            steps: Vec::new(),
        }
        .send(body)
    }

    /// A stream of these bytes.
    pub(crate) fn events(bytes: impl AsRef<[u8]>) -> Self {
        Self::new(200, "text/event-stream", bytes)
    }

    /// The pieces as a well-behaved endpoint streams them, then 7 tokens of input and 3 of output.
    pub(crate) fn says(pieces: &[&str]) -> Self {
        let mut script = Self::begins(pieces);
        let usage = json!({ "choices": [], "usage": { "prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10 } });
        script = script.send(event(&usage));
        script.send("data: [DONE]\n\n")
    }

    /// The same without an end.
    pub(crate) fn begins(pieces: &[&str]) -> Self {
        pieces
            .iter()
            .fold(Self::events(""), |script, piece| script.send(delta(piece)))
    }

    /// The model wants these tools: names and arguments.
    pub(crate) fn calls(text: &str, calls: &[(&str, &str)]) -> Self {
        let calls: Vec<_> = calls
            .iter()
            .enumerate()
            .map(|(index, (name, arguments))| {
                json!({ "index": index, "id": format!("id{index}"), "function": { "name": name, "arguments": arguments } })
            })
            .collect();
        let wanted = json!({ "choices": [{ "index": 0, "delta": { "tool_calls": calls }, "finish_reason": "tool_calls" }] });
        Self::begins(&[text])
            .send(event(&wanted))
            .send("data: [DONE]\n\n")
    }

    pub(crate) fn header(mut self, header: &str) -> Self {
        self.headers.push(header.into());
        self
    }

    pub(crate) fn send(self, bytes: impl AsRef<[u8]>) -> Self {
        if bytes.as_ref().is_empty() {
            return self;
        }
        self.then(Step::Send(bytes.as_ref().to_vec()))
    }

    /// Sends these bytes so many at a time.
    pub(crate) fn send_in_pieces(self, bytes: impl AsRef<[u8]>, size: usize) -> Self {
        bytes.as_ref().chunks(size).fold(self, Self::send)
    }

    pub(crate) fn wait(self, gate: &Arc<Semaphore>) -> Self {
        self.then(Step::Wait(Arc::clone(gate)))
    }

    pub(crate) fn hang(self) -> Self {
        self.then(Step::Hang)
    }

    pub(crate) fn break_off(self) -> Self {
        self.then(Step::Break)
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

/// An event with a piece of a text.
pub(crate) fn delta(text: &str) -> String {
    event(&json!({ "choices": [{ "index": 0, "delta": { "content": text } }] }))
}

/// The event that an answer is complete.
pub(crate) fn finished() -> String {
    event(&json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] }))
}

pub(crate) fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// What the endpoint was sent.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The first line and the headers.
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Asked {
    /// `role: content` of each message, a line each.
    pub(crate) fn conversation(&self) -> String {
        let messages = self.body["messages"].as_array().expect("messages");
        let lines = messages.iter().map(|message| {
            let role = message["role"].as_str().expect("a role");
            match &message["content"] {
                Value::String(text) => format!("{role}: {text}"),
                other => format!("{role}: {other}"),
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// An endpoint.
pub(crate) struct Model {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Model {
    /// The first call gets the first script, and so on; all further ones get the last.
    pub(crate) async fn new(scripts: impl Into<Vec<Script>>) -> Self {
        let scripts: Arc<[Script]> = scripts.into().into();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it listens");
        let asked = Arc::<Mutex<Vec<_>>>::default();
        let keep = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (scripts, asked) = (Arc::clone(&scripts), Arc::clone(&keep));
                tokio::spawn(async move {
                    // Who is called may hang up.
                    let _ = serve(socket, &scripts, &asked).await;
                });
            }
        });
        Self {
            url: format!("http://{address}/v1"),
            asked,
        }
    }

    /// An address where nobody listens.
    pub(crate) async fn nobody() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it listens");
        drop(listener);
        Self {
            url: format!("http://{address}/v1"),
            asked: Arc::default(),
        }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("nobody panics").clone()
    }

    pub(crate) fn n_asked(&self) -> usize {
        self.asked().len()
    }

    /// Waits until it was called so often.
    pub(crate) async fn was_asked(&self, n: usize) {
        super::soon(async {
            while self.n_asked() < n {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
        .await;
    }
}

async fn serve(
    mut socket: TcpStream,
    scripts: &[Script],
    asked: &Mutex<Vec<Asked>>,
) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let Some(request) = read(&mut socket).await? else {
        return Ok(());
    };
    let place = {
        let mut asked = asked.lock().expect("nobody panics");
        asked.push(request);
        asked.len() - 1
    };
    let script = &scripts[place.min(scripts.len() - 1)];
    let mut head = format!(
        "HTTP/1.1 {} Said\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n",
        script.status
    );
    for header in &script.headers {
        head += header;
        head += "\r\n";
    }
    socket.write_all(format!("{head}\r\n").as_bytes()).await?;
    for step in &script.steps {
        match step {
            Step::Send(bytes) => {
                let size = format!("{:x}\r\n", bytes.len());
                let chunk = [size.as_bytes(), bytes, b"\r\n"].concat();
                socket.write_all(&chunk).await?;
                tokio::task::yield_now().await;
            }
            Step::Wait(gate) => gate.acquire().await.expect("it stays open").forget(),
            Step::Hang => {
                // Until the other side hangs up.
                while socket.read(&mut [0; 64]).await? > 0 {}
            }
            Step::Break => return Ok(()),
        }
    }
    socket.write_all(b"0\r\n\r\n").await
}

/// A request with a length.
async fn read(socket: &mut TcpStream) -> std::io::Result<Option<Asked>> {
    let mut came = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let n = socket.read(&mut buffer).await?;
        if n == 0 {
            return Ok(None);
        }
        came.extend_from_slice(&buffer[..n]);
        let Some(end) = came.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&came[..end]).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.expect("a length").parse().expect("a number");
        if came.len() >= end + 4 + length {
            let head = String::from_utf8_lossy(&came[..end]).into_owned();
            let body = serde_json::from_slice(&came[end + 4..]).expect("JSON");
            return Ok(Some(Asked { head, body }));
        }
    }
}
