//! Software that we did not write meets the simulated platform: servers that were made for the real one are pushed to, and their
//! followers see what is known of the platform; wechatpy's client calls it. They lie in `interop/`.

mod common;

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use common::{APP_ID, KEY, Right, TOKEN, broken, safe, token};
use echostr_protocol::{AppId, OpenId, Reply};
use echostr_simulator::conversation::{Bubble, Entry, From};
use echostr_simulator::exchange::What;
use echostr_simulator::world::{AccountSettings, ServerConfig};
use echostr_simulator::{Action, Clock, Mode, Platform, Push, Shown, Simulator};

/// The platform's clock, faster: an answer after [`SLOW_SECS`] is late for it.
const CLOCK: Clock = Clock {
    deadline: Duration::from_secs(1),
    deliveries: 3,
};
/// How long the peers take to answer 慢.
const SLOW_SECS: &str = "4";
/// Asking twice for the same does not count.
const FEWEST_ENDPOINTS: usize = 60;
/// Longer than any of them takes to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that was made for the platform, and how it is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    /// The server of the tutorials, which puts replies together from strings.
    Flask,
    WeRoBot,
    CoWechat,
}

/// One of the modes that a peer supports.
type AMode = fn() -> Mode;

const PEERS: [(Peer, &[AMode]); 3] = [
    (Peer::Flask, &[|| Mode::Plain]),
    (Peer::WeRoBot, &[|| Mode::Plain, safe]),
    (Peer::CoWechat, &[|| Mode::Plain, safe]),
];

/// What is pushed, and what the follower sees: of each peer, in their order above.
fn cases() -> Vec<(&'static str, Push, [String; 3])> {
    let all = |seen: &str| [seen, seen, seen].map(str::to_owned);
    let text = |content: &str| (Push::text(content), all(&format!("text {content}")));
    let with = |what, (push, seen)| (what, push, seen);
    // A Chinese character has three bytes.
    let [most, more] = ["ab", "abc"].map(|rest| "长".repeat(682) + rest);
    vec![
        ("follow", Push::subscribe(), all("text Hi~ 终于等到你")),
        with("text", text("你好")),
        with("emoji", text("😀👍🏽👨‍👩‍👧‍👦🇨🇳 /::)")),
        with(
            "markup",
            text("a < b && c > d \"</Content>\" &amp; <![CDATA["),
        ),
        with("lines", text("一\n二")),
        (
            "white space",
            Push::text("  hi "),
            ["text   hi ", "text hi", "text hi"].map(str::to_owned),
        ),
        (
            "end of a CDATA section",
            Push::text("x]]>y"),
            all("failure the reply is not well-formed: `]]>` stands outside of a CDATA section"),
        ),
        with("2048 bytes", text(&most)),
        (
            "2049 bytes",
            Push::text(&more),
            all("failure `Content` has 2049 bytes, 2048 are allowed"),
        ),
        (
            "a slow answer",
            Push::text("慢"),
            all("failure no complete response in time"),
        ),
        (
            "image",
            Push::image(
                "http://mmbiz.qpic.cn/mmbiz_jpg/a/0?wx_fmt=jpeg&tp=1",
                "b-J_7t<&>8",
            ),
            all("image b-J_7t<&>8"),
        ),
        (
            "voice, which has no handler",
            Push::voice("b-J_7t8"),
            all("nothing"),
        ),
        with(
            "sticker",
            (
                Push::unsupported(),
                all("text 【收到不支持的消息类型，暂无法显示】"),
            ),
        ),
        ("unfollow", Push::unsubscribe(), all("nothing")),
    ]
}

/// WeRoBot's documents begin with a line break. Sealed it is inside; in clear it stands before `<xml>`, and the notice
/// was reported for blanks there. Many accounts run WeRoBot in plain mode, so the platform may well forgive it: until somebody has
/// tried, the simulator is strict, and this says what that means for this peer.
fn of_werobot_in_clear(seen: String) -> String {
    match &*seen {
        "nothing" | "failure no complete response in time" => seen,
        _ => "failure white space stands before `<xml>`".into(),
    }
}

fn seen(shown: &Shown) -> String {
    match shown {
        Shown::Answer { reply, .. } => match &reply.reply {
            Reply::Text(content) => format!("text {content}"),
            Reply::Image(id) => format!("image {id}"),
            other => format!("{other:?}"),
        },
        Shown::Nothing => "nothing".into(),
        Shown::Failure(cause) => format!("failure {cause}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the peers: `cargo xtask check interop` runs it"]
async fn followers_of_other_servers_see_what_is_predicted() {
    let simulator = Simulator::start(CLOCK).await.expect("a port");
    let all = PEERS.iter().enumerate().flat_map(|(place, (peer, modes))| {
        let simulator = &simulator;
        modes
            .iter()
            .map(move |mode| with_peer(simulator, *peer, place, mode()))
    });
    let found = futures_util::future::join_all(all).await.concat();
    let faults: Vec<&str> = found
        .iter()
        .filter_map(|found| found.as_ref().err().map(String::as_str))
        .collect();
    assert!(
        faults.is_empty(),
        "{} of {}:\n{}",
        faults.len(),
        found.len(),
        faults.join("\n")
    );
    println!("{} pushes are seen as predicted", found.len());
}

/// One peer in one mode, with everything that is pushed to it.
async fn with_peer(
    simulator: &Simulator,
    peer: Peer,
    place: usize,
    mode: Mode,
) -> Vec<Result<(), String>> {
    let server = Running::start(peer, &mode).await;
    let named = format!("{peer:?} in {} mode", mode.name());
    let platform = Platform::new(&server.url, token(), mode.clone()).expect("an address");
    assert!(platform.handshake().await.passed(), "{named}: handshake");
    let stranger = Platform::new(
        &server.url,
        "AnotherToken1".parse().expect("a token"),
        mode.clone(),
    );
    let stranger = stranger.expect("an address");
    assert!(
        !stranger.handshake().await.passed(),
        "{named}: a wrong token"
    );

    let settings = AccountSettings {
        server: Some(ServerConfig {
            url: server.url.clone(),
            token: token(),
            mode,
        }),
        ..AccountSettings::new(named.clone())
    };
    let app_id = simulator.add_account(settings).expect("an address");
    let open_id = simulator
        .add_follower(&app_id, "小明")
        .expect("the account");
    let is_in_clear = peer == Peer::WeRoBot && platform.mode == Mode::Plain;
    let mut found = Vec::new();
    for (what, push, mut expected) in cases() {
        let mut expected = std::mem::take(&mut expected[place]);
        if is_in_clear {
            expected = of_werobot_in_clear(expected);
        }
        let push = push.by(open_id.clone());
        // A repeat that comes later is answered the same.
        for n in 1..=2 {
            let saw = pushed(simulator, &app_id, &open_id, &push).await;
            let expected = Saw::of(&expected);
            found.push(if saw == expected {
                Ok(())
            } else {
                Err(format!(
                    "{named}: {what}, {n}\n  expected {expected:?}\n  found    {saw:?}"
                ))
            });
        }
    }
    found
}

/// What comes of a push.
#[derive(Debug, PartialEq)]
struct Saw {
    /// In words.
    seen: String,
    n_deliveries: usize,
    /// What the phone shows of it.
    bubbles: Vec<(From, Bubble)>,
}

impl Saw {
    fn of(seen: &str) -> Self {
        let bubble = match seen.split_once(' ') {
            Some(("text", content)) => Some((From::Account, Bubble::text(content))),
            // The platform has no such file.
            Some(("image", _)) => Some((From::Account, Bubble::Image { url: String::new() })),
            Some(("failure", _)) => {
                let line = "该公众号提供的服务出现故障，请稍后再试".to_owned();
                Some((From::Client, Bubble::Line(line)))
            }
            _ => None,
        };
        Self {
            seen: seen.to_owned(),
            n_deliveries: if seen.starts_with("failure") { 3 } else { 1 },
            bubbles: bubble.into_iter().collect(),
        }
    }
}

async fn pushed(simulator: &Simulator, app_id: &AppId, open_id: &OpenId, push: &Push) -> Saw {
    let before = entries(simulator, app_id, open_id).len();
    let sent = simulator.push(app_id, push, true).expect("it has a server");
    let shown = sent.shown.await.expect("it does not panic");
    let entries = entries(simulator, app_id, open_id);
    let bubbles = entries.into_iter().skip(before);
    Saw {
        seen: seen(&shown),
        n_deliveries: n_deliveries(simulator, sent.record),
        bubbles: bubbles.map(|entry| (entry.from, entry.bubble)).collect(),
    }
}

fn entries(simulator: &Simulator, app_id: &AppId, open_id: &OpenId) -> Vec<Entry> {
    let world = simulator.world();
    let account = world.account(app_id.as_str());
    let follower = account.and_then(|account| account.follower(open_id.as_str()));
    follower
        .expect("the follower")
        .conversation
        .entries()
        .to_vec()
}

fn n_deliveries(simulator: &Simulator, record: u64) -> usize {
    match &simulator
        .world()
        .log
        .record(record)
        .expect("the record")
        .what
    {
        What::Push(pushed) => pushed.deliveries.len(),
        What::Call(_) => panic!("a push"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs wechatpy: `cargo xtask check interop` runs it"]
async fn wechatpy_reads_back_what_it_has_written() {
    let simulator = Simulator::start(Clock::default()).await.expect("a port");
    let settings = AccountSettings {
        server: Some(ServerConfig {
            url: format!("http://{}/wx", broken(safe(), Right::answer).await),
            token: token(),
            mode: safe(),
        }),
        ..AccountSettings::new("雯子")
    };
    let secret = settings.app_secret.clone();
    let app_id = simulator.add_account(settings).expect("an address");
    let mut script = python("wechatpy_simulated.py");
    script.args([
        &format!("--url={}", simulator.base()),
        &format!("--app-id={app_id}"),
        &format!("--secret={}", secret.expose()),
    ]);
    let mut followers = Vec::new();
    for name in ["小明", "小红", "小刚"] {
        let open_id = simulator.add_follower(&app_id, name).expect("the account");
        for action in [Action::Follow, Action::Say("在吗".into())] {
            let sent = simulator.act(&app_id, &open_id, action.clone());
            let sent = sent.expect("the follower").expect("it has a server");
            sent.shown.await.expect("it does not panic");
            if action == Action::Follow {
                // What that allowed the account to send is over; five messages for the text are left.
                simulator.advance(Duration::from_mins(2));
            }
        }
        script.arg(format!("--follower={open_id}"));
        followers.push(open_id);
    }
    let stranger = simulator
        .add_follower(&app_id, "路人")
        .expect("the account");
    script.arg(format!("--stranger={stranger}"));

    let mut changes = simulator.changes();
    let status = tokio::task::spawn_blocking(move || script.status()).await;
    let status = status.expect("it does not panic").expect("it can be run");
    assert!(status.success());

    let called: BTreeSet<_> = called(&simulator);
    assert!(called.len() >= FEWEST_ENDPOINTS, "only {called:?}");
    println!("{} different endpoints", called.len());

    // What the account's server is told of it, some of it a little later.
    let expected = [
        "TEMPLATESENDJOBFINISH",
        "MASSSENDJOBFINISH",
        "PUBLISHJOBFINISH",
    ];
    let told = async {
        while let Some(missing) = expected
            .into_iter()
            .find(|event| !was_pushed(&simulator, event))
        {
            let changed = tokio::time::timeout(PATIENCE, changes.recv()).await;
            assert!(changed.is_ok(), "{missing} is not pushed");
        }
    };
    told.await;
    // And what the first follower has seen of it, in the order in which it was sent.
    let seen: Vec<_> = entries(&simulator, &app_id, &followers[0])
        .into_iter()
        .filter(|entry| entry.from == From::Account)
        .map(|entry| kind(&entry.bubble))
        .collect();
    let expected = "text, notice, notice, text, image, voice, video, music, text, text, news";
    assert_eq!(seen.join(", "), expected);
}

/// The names of the endpoints that have been called and have done what was asked.
fn called(simulator: &Simulator) -> BTreeSet<&'static str> {
    let world = simulator.world();
    let done = world.log.records().filter_map(|record| match &record.what {
        What::Call(called) if called.errcode == 0 => called.endpoint,
        _ => None,
    });
    done.map(|endpoint| endpoint.name).collect()
}

/// Whether this event has been pushed and answered.
fn was_pushed(simulator: &Simulator, event: &str) -> bool {
    let name = format!("<Event><![CDATA[{event}]]></Event>");
    let world = simulator.world();
    world.log.records().any(|record| match &record.what {
        What::Push(pushed) => {
            pushed.document.contains(&name) && pushed.shown == Some(Shown::Nothing)
        }
        What::Call(_) => false,
    })
}

fn kind(bubble: &Bubble) -> &'static str {
    match bubble {
        Bubble::Text { .. } => "text",
        Bubble::Image { .. } => "image",
        Bubble::Voice { .. } => "voice",
        Bubble::Video { .. } => "video",
        Bubble::Music { .. } => "music",
        Bubble::News(_) => "news",
        Bubble::Notice { .. } => "notice",
        _ => "something else",
    }
}

/// A peer's process; it ends with the value.
struct Running {
    process: Child,
    url: String,
}

impl Running {
    async fn start(peer: Peer, mode: &Mode) -> Self {
        let address = free_address();
        let mut command = match peer {
            Peer::Flask => python("flask_server.py"),
            Peer::WeRoBot => {
                let mut command = python("werobot_server.py");
                command.arg("--naive");
                command
            }
            Peer::CoWechat => {
                let modules = std::env::var_os("INTEROP_NODE_MODULES").expect("the node modules");
                let mut command = Command::new("node");
                command
                    .arg("--no-deprecation")
                    .arg(interop().join("co_wechat_server.js"))
                    .env("NODE_PATH", modules);
                command
            }
        };
        command.args([
            &format!("--port={}", address.port()),
            &format!("--token={TOKEN}"),
            &format!("--slow={SLOW_SECS}"),
        ]);
        if mode.sealing().is_some() {
            command.args([&format!("--app-id={APP_ID}"), &format!("--aes-key={KEY}")]);
        }
        let process = command.spawn().expect("it can be run");
        let mut running = Self {
            process,
            url: format!("http://{address}/wx"),
        };
        running.wait_until_listening(address).await;
        running
    }

    async fn wait_until_listening(&mut self, address: SocketAddr) {
        let start = Instant::now();
        while tokio::net::TcpStream::connect(address).await.is_err() {
            let ended = self.process.try_wait().expect("it can be asked");
            assert_eq!(ended, None, "it ended by itself");
            assert!(
                start.elapsed() < PATIENCE,
                "it does not listen at {address}"
            );
            // Nothing tells when another process listens.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An address that was free a moment ago.
fn free_address() -> SocketAddr {
    std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
}

fn interop() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../interop")
}

/// One of the scripts there, not begun.
fn python(script: &str) -> Command {
    let python = std::env::var_os("INTEROP_PYTHON").expect("the Python that has the libraries");
    let mut command = Command::new(python);
    command.arg("-B").arg(interop().join(script));
    command
}
