//! Owners' programs: those of the documents as child processes, and one inside the test that tells what it was asked.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::{Folder, PATIENCE, SHOP, Server};

pub(crate) const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
pub(crate) const SLOW: &[&str] = &["python3", "-B", "slow.py"];

/// A program that runs; it ends with this value.
pub(crate) struct Program {
    process: Child,
    pub(crate) address: SocketAddr,
    _folder: Option<Folder>,
}

pub(crate) fn documents() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

impl Program {
    /// Runs it in `docs/http-bot`, and waits until it listens.
    pub(crate) fn start(line: &[&str]) -> Self {
        Self::start_in(documents().join("http-bot"), line, None)
    }

    /// Runs a changed program.
    pub(crate) fn start_changed(line: &[&str], text: &str) -> Self {
        let folder = Folder::new();
        let path = folder.write(line.last().expect("a program"), text);
        let path = path.parent().expect("the folder").to_owned();
        Self::start_in(path, line, Some(folder))
    }

    fn start_in(path: PathBuf, line: &[&str], folder: Option<Folder>) -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        let address = free.expect("a free port");
        let process = Command::new(line[0])
            .args(&line[1..])
            .current_dir(path)
            .env("SECRET", SECRET)
            .env("PORT", address.port().to_string())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let process = process.unwrap_or_else(|error| {
            panic!(
                "cannot run {}: {error}; `cargo xtask check tools` installs it",
                line[0]
            )
        });
        let mut program = Self {
            process,
            address,
            _folder: folder,
        };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            let ended = program.process.try_wait().expect("it is our child");
            assert!(ended.is_none(), "{line:?} ended: {ended:?}");
            assert!(start.elapsed() < PATIENCE, "{line:?} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        program
    }

    /// A server whose account has this program as its bot.
    pub(crate) fn server(&self, secret: &str) -> Server {
        let url = format!("http://{}/", self.address);
        // Few enough for any machine, so that nothing warns.
        let limits = "[limits]\nmax_connections = 1000\n";
        Server::start(&format!(
            "{limits}{SHOP}fallback = \"请稍后再试\"\nbot = {{ kind = \"http\", url = \"{url}\", secret = \"{secret}\" }}\n"
        ))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An owner's program inside the test.
pub(crate) struct Recorder {
    address: SocketAddr,
    asked: Arc<(Mutex<Vec<Asked>>, Condvar)>,
}

/// What a program was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) webhook_id: String,
    pub(crate) follower: String,
    pub(crate) content: String,
    request: Vec<u8>,
}

impl Recorder {
    /// `answer` gives the whole response, and may take its time.
    pub(crate) fn start(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let asked = Arc::<(Mutex<Vec<Asked>>, Condvar)>::default();
        let (answer, recorded) = (Arc::new(answer), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let (answer, recorded) = (Arc::clone(&answer), Arc::clone(&recorded));
                std::thread::spawn(move || {
                    // A server that was killed may leave half a request.
                    let Some(asked) = Asked::read(&mut stream) else {
                        return;
                    };
                    let (all, changed) = &*recorded;
                    all.lock().expect("nobody panics").push(asked.clone());
                    changed.notify_all();
                    // It may be gone by now.
                    let _ = stream.write_all(&answer(&asked));
                });
            }
        });
        Self { address, asked }
    }

    /// Asks another program, and gives what that says.
    pub(crate) fn before(program: SocketAddr) -> Self {
        Self::start(move |asked| {
            let mut answer = Vec::new();
            let mut stream = TcpStream::connect(program).expect("it listens");
            stream.write_all(&asked.request).expect("it reads");
            stream.read_to_end(&mut answer).expect("it answers");
            answer
        })
    }

    /// Says this to each question that the gate lets pass.
    pub(crate) fn behind(gate: &Gate, text: &'static str) -> Self {
        let gate = gate.clone();
        Self::start(move |asked| {
            gate.wait(&asked.content);
            says(text)
        })
    }

    /// What it was asked up to now.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.0.lock().expect("nobody panics").clone()
    }

    /// Waits until it was asked so often.
    #[track_caller]
    pub(crate) fn wait_for(&self, n_asked: usize) -> Vec<Asked> {
        let (all, changed) = &*self.asked;
        let all = all.lock().expect("nobody panics");
        let (all, waited) = changed
            .wait_timeout_while(all, PATIENCE, |all| all.len() < n_asked)
            .expect("nobody panics");
        assert!(!waited.timed_out(), "it was asked {} times", all.len());
        all.clone()
    }

    /// The setting of an account whose bot it is.
    pub(crate) fn bot(&self) -> String {
        format!(
            "bot = {{ kind = \"http\", url = \"http://{}/\", secret = \"{SECRET}\", timeout_secs = 90 }}\n",
            self.address
        )
    }
}

/// Which questions may be answered by now.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<BTreeSet<String>>, Condvar)>);

impl Gate {
    pub(crate) fn open(&self, question: &str) {
        let (open, changed) = &*self.0;
        open.lock().expect("nobody panics").insert(question.into());
        changed.notify_all();
    }

    fn wait(&self, question: &str) {
        let (open, changed) = &*self.0;
        let open = open.lock().expect("nobody panics");
        let is_closed = |open: &mut BTreeSet<String>| !open.contains(question);
        // In vain, it is answered all the same: the test has failed by then.
        drop(changed.wait_timeout_while(open, PATIENCE, is_closed));
    }
}

impl Asked {
    fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut request = Vec::new();
        let head = loop {
            if let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            read_some(stream, &mut request)?;
        };
        let text = String::from_utf8(request[..head].to_vec()).ok()?;
        let header = |wanted: &str| {
            let mut headers = text.lines().filter_map(|line| line.split_once(": "));
            let (_, value) = headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
            Some(value.to_owned())
        };
        let length: usize = header("content-length")?.parse().ok()?;
        while request.len() < head + length {
            read_some(stream, &mut request)?;
        }
        let push: serde_json::Value = serde_json::from_slice(&request[head..]).ok()?;
        let member = |name: &str| push["data"][name].as_str().unwrap_or_default().to_owned();
        Some(Self {
            webhook_id: header("webhook-id")?,
            follower: member("from"),
            content: member("content"),
            request,
        })
    }
}

fn read_some(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut some = [0; 4096];
    let n = stream.read(&mut some).ok().filter(|n| *n > 0)?;
    bytes.extend_from_slice(&some[..n]);
    Some(())
}

/// A response that says this text.
pub(crate) fn says(text: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{text}",
        text.len()
    )
    .into()
}
