//! A PostgreSQL for tests: made in a temporary folder, and gone with the process that started it, however that ends.
//!
//! It needs nothing but the standard library, `tempfile` and the programs of PostgreSQL, so that other crates' tests include
//! this file by its path.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The superuser in it, who needs no password.
const USER: &str = "echostr";

/// How long it may take to start or to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// Ends the server and removes its folder when its standard input ends, because the test's process is gone.
const GUARD: &str = r#"
trap '' INT TERM HUP
read -r nothing
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
    kill -QUIT "$pid"
    n=0
    while kill -0 "$pid" && [ $n -lt 100 ]; do sleep 0.05; n=$((n + 1)); done
    kill -9 "$pid"
fi
rm -rf "$1"
"#;

/// One server, with any number of databases.
pub(crate) struct Postgres {
    bin: PathBuf,
    folder: PathBuf,
    port: u16,
    // Servers of PostgreSQL refuse to run as root: then as this user and group.
    owner: Option<(u32, u32)>,
    child: Mutex<Option<Child>>,
    databases: AtomicU32,
    // The end of its input is what the guard waits for; it outlives this process.
    _guard: (ChildStdin, Child),
}

/// The one server of this test process.
pub(crate) fn shared() -> &'static Postgres {
    static SHARED: OnceLock<Postgres> = OnceLock::new();
    SHARED.get_or_init(Postgres::start)
}

impl Postgres {
    /// Makes and starts one.
    pub(crate) fn start() -> Self {
        let bin = bin();
        let owner = owner();
        let folder = folder(owner);
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(&folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let server = Self {
            bin,
            port: free_port(),
            owner,
            child: Mutex::new(None),
            databases: AtomicU32::new(0),
            _guard: (guard.stdin.take().expect("piped"), guard),
            folder,
        };
        let mut initdb = server.command("initdb");
        initdb
            .args(["--username", USER, "--auth", "trust"])
            .args(["--encoding", "UTF8", "--locale", "C"])
            .args(["--no-sync", "--no-instructions", "--pgdata"])
            .arg(server.folder.join("data"));
        let made = initdb.output().expect("initdb");
        assert!(
            made.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        server.resume();
        server
    }

    /// The address of a new database with nothing in it.
    pub(crate) fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The address of this database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// The address of this database by the Unix socket.
    pub(crate) fn socket_url(&self, database: &str) -> String {
        let socket = self
            .folder
            .to_str()
            .expect("a plain path")
            .replace('/', "%2F");
        format!("postgres://{USER}@{socket}:{}/{database}", self.port)
    }

    /// Runs statements and returns what they print: columns with `|` between them, one row on each line. `database` is a name
    /// or an address.
    pub(crate) fn psql(&self, database: &str, sql: &str) -> String {
        let url = if database.contains("://") {
            database.to_owned()
        } else {
            self.url(database)
        };
        let done = Command::new(self.bin.join("psql"))
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                sql,
                "-d",
                &url,
            ])
            .stdin(Stdio::null())
            .output()
            .expect("psql");
        assert!(
            done.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout)
            .expect("UTF-8")
            .trim_end()
            .to_owned()
    }

    /// Kills every process of it, as a crash would.
    pub(crate) fn kill(&self) {
        let mut child = self.child();
        let Some(mut postmaster) = child.take() else {
            return;
        };
        let mut doomed = children(postmaster.id());
        doomed.insert(0, postmaster.id());
        signal("-KILL", &doomed);
        postmaster.wait().expect("dead");
        wait_until("its processes are gone", || {
            !doomed[1..].iter().any(|pid| is_alive(*pid))
        });
    }

    /// Ends it in order; connections are cut.
    pub(crate) fn stop(&self) {
        let mut child = self.child();
        if let Some(mut postmaster) = child.take() {
            signal("-INT", &[postmaster.id()]);
            postmaster.wait().expect("ended");
        }
    }

    /// Starts it again, on the same port; returns when it answers.
    pub(crate) fn resume(&self) {
        let mut child = self.child();
        let start = Instant::now();
        loop {
            let mut postmaster = self.spawn();
            loop {
                if let Some(status) = postmaster.try_wait().expect("looked") {
                    // Somebody else may have had the port for a moment.
                    assert!(
                        start.elapsed() < PATIENCE,
                        "PostgreSQL does not start ({status}): {}",
                        self.log()
                    );
                    break;
                }
                let is_ready = self
                    .command("pg_isready")
                    .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                    .status()
                    .expect("pg_isready");
                if is_ready.success() {
                    *child = Some(postmaster);
                    return;
                }
                assert!(
                    start.elapsed() < PATIENCE,
                    "PostgreSQL does not start: {}",
                    self.log()
                );
                sleep(Duration::from_millis(20));
            }
            sleep(Duration::from_millis(100));
        }
    }

    /// CPU time of all its processes in microseconds, without those that have ended.
    pub(crate) fn cpu_us(&self) -> f64 {
        let Some(postmaster) = self.child().as_ref().map(Child::id) else {
            return 0.0;
        };
        let mut pids = children(postmaster);
        pids.push(postmaster);
        pids.iter().filter_map(|pid| cpu_us(*pid)).sum()
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn spawn(&self) -> Child {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))
            .expect("a log");
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(self.folder.join("data"));
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", self.port),
            format!("unix_socket_directories={}", self.folder.display()),
            "fsync=on".to_owned(),
            // After a crash, one call for all files instead of one for each of more than a thousand.
            "recovery_init_sync_method=syncfs".to_owned(),
            "max_connections=200".to_owned(),
        ] {
            postgres.args(["-c", &setting]);
        }
        postgres
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("postgres")
    }

    /// One of its programs, run as its owner.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.current_dir(&self.folder).stdin(Stdio::null());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where its programs are: Debian does not put all of them where shells look.
fn bin() -> PathBuf {
    let in_path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&in_path).collect();
    // The newest first.
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    versions.sort();
    versions.reverse();
    // Links to some of them, as a distribution makes, are not enough.
    folders.splice(0..0, versions);
    folders
        .into_iter()
        .find(|folder| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).exists()))
        .expect(
            "PostgreSQL is missing, these tests start one: install it (Debian, Ubuntu: `sudo apt-get install postgresql`; it need \
             not run)",
        )
}

/// Whose the server is to be, when it is root who runs the tests.
fn owner() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").expect("Linux").uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("users");
    let user = ["postgres:", "nobody:"]
        .iter()
        .find_map(|name| users.lines().find(|line| line.starts_with(name)))
        .expect("a user who is not root: postgres or nobody");
    let number = |place| {
        user.split(':')
            .nth(place)
            .and_then(|number| number.parse().ok())
    };
    number(2).zip(number(3))
}

/// A folder of its owner.
fn folder(owner: Option<(u32, u32)>) -> PathBuf {
    // The path of a socket has 107 bytes at most.
    let temporary = std::env::temp_dir();
    let parent = if temporary.as_os_str().len() < 60 {
        temporary
    } else {
        PathBuf::from("/tmp")
    };
    let folder = tempfile::Builder::new()
        .prefix("echostr-pg-")
        .tempdir_in(parent)
        .expect("a folder for temporary files")
        // The guard removes it.
        .keep();
    if let Some((user, group)) = owner {
        chown(&folder, Some(user), Some(group)).expect("its owner");
    }
    folder
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// The processes that this one has started.
fn children(pid: u32) -> Vec<u32> {
    let lists = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten();
    lists
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok())
        .flat_map(|list| {
            list.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

/// One that has ended may wait for whoever started it.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ")
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

/// CPU time of a process, all threads.
fn cpu_us(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields = stat.rsplit(')').next()?.split_whitespace().skip(11).take(2);
    let ticks: f64 = fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    Some(ticks * 10_000.0)
}

fn signal(signal: &str, pids: &[u32]) {
    let pids = pids.iter().map(u32::to_string);
    // One of them may have ended by itself.
    let _ = Command::new("kill")
        .arg(signal)
        .args(pids)
        .stderr(Stdio::null())
        .status();
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "not within a minute: {what}");
        sleep(Duration::from_millis(10));
    }
}
