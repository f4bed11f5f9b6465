//! A language model behind an OpenAI-compatible endpoint, as slow as it is asked to be.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{sleep, spawn};
use std::time::Duration;

use serde_json::{Value, json};

/// The key that it wants.
pub(crate) const KEY: &str = "sk-4f2b8c1d9e";

/// It writes `n` sentences over so many seconds, when the last message says `讲 n seconds`.
pub(crate) struct Model {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Model {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it has one");
        let asked = Arc::<Mutex<Vec<Value>>>::default();
        let all = Arc::clone(&asked);
        spawn(move || {
            for stream in listener.incoming().flatten() {
                let asked = Arc::clone(&all);
                // Who goes away in the middle of an answer is no matter here.
                spawn(move || drop(answer(stream, &asked)));
            }
        });
        Self { address, asked }
    }

    /// The lines in a file of settings that make it an account's bot.
    pub(crate) fn bot(&self) -> String {
        format!(
            "bot = {{ kind = \"llm\", url = \"http://{}/v1\", key = \"{KEY}\", model = \"teller\" }}\n",
            self.address
        )
    }

    /// What it was asked.
    pub(crate) fn asked(&self) -> Vec<Value> {
        self.asked.lock().expect("nobody panics").clone()
    }
}

/// What it writes.
pub(crate) fn sentence(n: usize) -> String {
    format!("这是**第{n:03}句**。\n\n")
}

fn answer(stream: TcpStream, asked: &Mutex<Vec<Value>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut length, mut is_known) = (0, false);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
        is_known |= line.trim().ends_with(&format!("Bearer {KEY}"));
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut stream = stream;
    if !is_known {
        return stream.write_all(
            b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let last = body["messages"].as_array().and_then(|all| all.last());
    let last = last.and_then(|message| message["content"].as_str());
    let words: Vec<_> = last.unwrap_or_default().split(' ').collect();
    let [n, seconds] =
        [1, 2].map(|place| words.get(place).and_then(|word| word.parse::<f64>().ok()));
    let (n, seconds) = (n.unwrap_or(1.0), seconds.unwrap_or_default());
    asked.lock().expect("nobody panics").push(body);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes())?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small number of sentences"
    )]
    for number in 0..n as usize {
        sleep(Duration::from_secs_f64(seconds / n));
        event(&mut stream, &json!({ "content": sentence(number) }))?;
    }
    let usage = json!({ "choices": [], "usage": { "prompt_tokens": 20, "completion_tokens": 30 } });
    stream.write_all(format!("data: {usage}\n\ndata: [DONE]\n\n").as_bytes())
}

fn event(stream: &mut TcpStream, delta: &Value) -> std::io::Result<()> {
    let chunk = json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] });
    stream.write_all(format!("data: {chunk}\n\n").as_bytes())
}
