//! Software that we did not write plays the platform against the running server, stands behind its relay, makes the same
//! calls as our client, is pushed to by the simulator and calls it, is the model and the tools of the `llm` bot; the peers lie in
//! `interop/`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant, SystemTime};

use crate::project::{Project, Result, succeed};
use crate::{description, tools};

/// An account of the server.
struct Account {
    id: &'static str,
    mode: &'static str,
    token: &'static str,
    app_id: &'static str,
    /// Three of four real keys are not canonical base64, as these: their last character carries bits that count nothing.
    aes_key: &'static str,
    /// The mode of the server that answers for it; nothing: the default bot does.
    behind: Option<&'static str>,
}

/// One for each mode, and two behind which another server stands, in another mode than theirs.
const ACCOUNTS: [Account; 5] = [
    Account {
        id: "plain",
        mode: "plain",
        token: "interopPlain1",
        app_id: "",
        aes_key: "",
        behind: None,
    },
    Account {
        id: "compatible",
        mode: "compatible",
        token: "interopCompatible2",
        app_id: "wx0123456789abcdef",
        aes_key: "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2D",
        behind: None,
    },
    Account {
        id: "safe",
        mode: "safe",
        token: "interopSafe3",
        app_id: "wxfedcba9876543210",
        aes_key: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFH",
        behind: None,
    },
    Account {
        id: "behind-plain",
        mode: "safe",
        token: "interopRelayed4",
        app_id: "wx0123456789abcdef",
        aes_key: "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2D",
        behind: Some("plain"),
    },
    Account {
        id: "behind-safe",
        mode: "plain",
        token: "interopRelayed5",
        app_id: "",
        aes_key: "",
        behind: Some("safe"),
    },
];

/// Every peer in every mode, against the binary that the tests were built with; before that, the calls to the platform.
pub(crate) fn run(project: &Project) -> Result {
    let python = tools::python(project)?;
    let node_modules = tools::node_modules(project, "interop")?;
    // The test targets are named so that the features, and with them the compiled crates, are those of `cargo test`.
    succeed(&mut project.cargo("build --workspace --bins --tests"))?;
    let mut calls = project.cargo("test --workspace --test peers -- --ignored --nocapture");
    calls
        .env("INTEROP_PYTHON", &python)
        .env("INTEROP_NODE_MODULES", &node_modules);
    succeed(&mut calls)?;
    let behind = [
        Behind::start(project, &python, "plain")?,
        Behind::start(project, &python, "safe")?,
    ];
    let mut server = Server::start(project, &behind)?;
    let seed = seed();
    let peers = [
        (python.as_path(), "-B", "interop/wechatpy_peer.py"),
        (python.as_path(), "-B", "interop/werobot_peer.py"),
        (
            Path::new("node"),
            "--no-deprecation",
            "interop/wechat_crypto_peer.js",
        ),
    ];
    for Account {
        id,
        mode,
        token,
        app_id,
        aes_key,
        ..
    } in ACCOUNTS
    {
        let options = [
            format!("--url=http://{}/mp/{id}", server.address),
            format!("--mode={mode}"),
            format!("--token={token}"),
            format!("--app-id={app_id}"),
            format!("--aes-key={aes_key}"),
            format!("--seed={seed}"),
        ];
        for (program, flag, script) in peers {
            let mut peer = project.command(program, flag);
            peer.arg(script)
                .args(&options)
                .env("NODE_PATH", &node_modules);
            succeed(&mut peer).map_err(|error| server.with_log(&error))?;
        }
    }
    let folder = tools::interop_folder(project)?;
    description::run(project, &python, server.address, &folder, &seed)
        .map_err(|error| server.with_log(&error))?;
    server.must_still_run()
}

/// The runs differ from day to day; `INTEROP_SEED` repeats one, each peer prints what it used.
fn seed() -> String {
    std::env::var("INTEROP_SEED").unwrap_or_else(|_| {
        let since_epoch = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        since_epoch.as_secs().to_string()
    })
}

/// WeRoBot as a server that was made for the platform; ends with this value.
struct Behind {
    process: Child,
    address: SocketAddr,
    mode: &'static str,
}

impl Behind {
    const TOKEN: &str = "interopBehind6";
    const APP_ID: &str = "wxfedcba9876543210";
    const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFH";

    fn start(project: &Project, python: &Path, mode: &'static str) -> Result<Behind> {
        let address = free_address()?;
        let mut command = project.command(python, "-B interop/werobot_server.py");
        command
            .arg(format!("--port={}", address.port()))
            .arg(format!("--token={}", Self::TOKEN));
        if mode == "safe" {
            command
                .arg(format!("--app-id={}", Self::APP_ID))
                .arg(format!("--aes-key={}", Self::AES_KEY));
        }
        let process = command
            .spawn()
            .map_err(|error| format!("cannot run {}: {error}", python.display()))?;
        let mut behind = Behind {
            process,
            address,
            mode,
        };
        behind.wait_until_listening()?;
        Ok(behind)
    }

    fn wait_until_listening(&mut self) -> Result {
        let limit = Duration::from_secs(20);
        let start = Instant::now();
        while start.elapsed() < limit {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(format!(
                    "interop/werobot_server.py ended by itself ({status})"
                ));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(format!(
            "interop/werobot_server.py did not listen at {} within {} s",
            self.address,
            limit.as_secs()
        ))
    }

    /// The line in the settings that makes it answer for an account.
    fn bot(&self) -> String {
        let keys = if self.mode == "safe" {
            format!(
                ", app_id = \"{}\", encoding_aes_key = \"{}\"",
                Self::APP_ID,
                Self::AES_KEY
            )
        } else {
            String::new()
        };
        format!(
            "bot = {{ kind = \"relay\", url = \"http://{}/wx\", token = \"{}\", mode = \"{}\"{keys} }}\n",
            self.address,
            Self::TOKEN,
            self.mode
        )
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `echostr serve` with the accounts; ends with this value.
struct Server {
    process: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl Server {
    fn start(project: &Project, behind: &[Behind]) -> Result<Server> {
        let folder = tools::interop_folder(project)?;
        let [config, log] = ["echostr.toml", "server.log"].map(|name| folder.join(name));
        fs::write(&config, configuration(behind))
            .map_err(|error| format!("cannot write {}: {error}", config.display()))?;
        let output = File::create(&log)
            .map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        let errors = output
            .try_clone()
            .map_err(|error| format!("cannot write {} twice: {error}", log.display()))?;
        let address = free_address()?;

        let binary = project.target.join("debug/echostr");
        let mut command = Command::new(&binary);
        command
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .arg("--listen")
            .arg(address.to_string());
        // Its data folder comes to lie beside the log, and no setting of the person at the terminal reaches it.
        command.current_dir(&folder).stdout(output).stderr(errors);
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ECHOSTR_"))
        {
            command.env_remove(name);
        }
        let process = command
            .spawn()
            .map_err(|error| format!("cannot run {}: {error}", binary.display()))?;
        let mut server = Server {
            process,
            address,
            log,
        };
        server.wait_until_ready()?;
        Ok(server)
    }

    fn wait_until_ready(&mut self) -> Result {
        let limit = Duration::from_secs(20);
        let start = Instant::now();
        while start.elapsed() < limit {
            if is_ready(self.address) {
                return Ok(());
            }
            self.must_still_run()?;
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(self.with_log(&format!(
            "`GET /readyz` at {} did not answer 200 within {} s",
            self.address,
            limit.as_secs()
        )))
    }

    fn must_still_run(&mut self) -> Result {
        match self.process.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => {
                Err(self.with_log(&format!("the server ended by itself ({status})")))
            }
            Err(error) => Err(format!(
                "cannot tell whether the server still runs: {error}"
            )),
        }
    }

    fn with_log(&self, error: &str) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = &lines[lines.len().saturating_sub(20)..];
        format!(
            "{error}\nthe last lines of the server's log, {}:\n{}",
            self.log.display(),
            last.join("\n")
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn configuration(servers: &[Behind]) -> String {
    let accounts = ACCOUNTS.map(
        |Account {
             id,
             mode,
             token,
             app_id,
             aes_key,
             behind,
         }| {
            let cipher = if aes_key.is_empty() {
                String::new()
            } else {
                format!("app_id = \"{app_id}\"\nencoding_aes_key = \"{aes_key}\"\n")
            };
            let server = servers.iter().find(|server| Some(server.mode) == behind);
            let bot = server.map(Behind::bot).unwrap_or_default();
            format!(
                "[[account]]\nid = \"{id}\"\nname = \"interop {id}\"\nmode = \"{mode}\"\n\
                 token = \"{token}\"\n{cipher}{bot}"
            )
        },
    );
    format!(
        "# Written by `cargo xtask check interop`.\n\n[api]\nrequests_per_second = 10000\nburst = 100000\n\n{}",
        accounts.join("\n")
    )
}

/// An address that was free a moment ago.
fn free_address() -> Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|error| format!("no free port at {}: {error}", Ipv4Addr::LOCALHOST))
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(
            stream,
            "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
}
