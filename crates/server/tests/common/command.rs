//! Commands as an owner types them, and what they say.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Instant;

use super::{Folder, PATIENCE, echostr};

/// What a command said.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Self {
            code: output.status.code().expect("no signal ended it"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

impl Said {
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    /// What stands behind this word at the beginning of a line.
    #[track_caller]
    pub(crate) fn line(&self, label: &str) -> String {
        let mut lines = self.out.lines();
        let value = lines.find_map(|line| line.strip_prefix(label));
        let value = value.unwrap_or_else(|| panic!("no line {label} in {self:?}"));
        value.trim().to_owned()
    }
}

/// Runs the command, with this on its standard input.
pub(crate) fn run_with(folder: &Folder, arguments: &[&str], input: &str) -> Said {
    let mut child = echostr(folder, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut stdin = child.stdin.take().expect("it is piped");
    // One that does not read it may have ended.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("it is our child").into()
}

/// Runs the command, which must end with this code and say all this.
#[track_caller]
pub(crate) fn check(folder: &Folder, arguments: &[&str], code: i32, words: &[&str]) -> Said {
    let said = run_with(folder, arguments, "");
    assert_eq!(said.code, code, "{arguments:?}: {said:#?}");
    let all = said.all();
    for words in words {
        assert!(all.contains(words), "no `{words}`: {arguments:?}:\n{all}");
    }
    said
}

/// A command that goes on, and its lines as they come, those of both outputs in turn.
pub(crate) struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
    /// All lines up to now.
    pub(crate) said: String,
}

impl Running {
    pub(crate) fn start(folder: &Folder, arguments: &[&str]) -> Self {
        Self::start_as(&mut echostr(folder, arguments))
    }

    pub(crate) fn start_as(command: &mut Command) -> Self {
        // Both outputs into one pipe, in the order in which they are written.
        let (out, sink) = std::io::pipe().expect("a pipe");
        let child = command
            .stdin(Stdio::null())
            .stdout(sink.try_clone().expect("a pipe"))
            .stderr(sink)
            .spawn()
            .expect("the binary runs");
        // The command has its ends of the pipe no longer than the process.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            lines,
            said: String::new(),
        }
    }

    /// The first line from here on that holds this.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        let start = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(start.elapsed());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("no `{words}` in:\n{}", self.said));
            self.said.push_str(&line);
            self.said.push('\n');
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Everything that it said, and its code, once it has ended.
    #[track_caller]
    pub(crate) fn end(mut self) -> (String, i32) {
        let start = Instant::now();
        loop {
            match self
                .lines
                .recv_timeout(PATIENCE.saturating_sub(start.elapsed()))
            {
                Ok(line) => {
                    self.said.push_str(&line);
                    self.said.push('\n');
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("it does not end:\n{}", self.said),
            }
        }
        let status = self.child.wait().expect("it is our child");
        (
            self.said.clone(),
            status.code().expect("no signal ended it"),
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
