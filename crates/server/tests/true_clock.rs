//! The five seconds as they are: the program of the documents thinks for up to a minute, the platform closes each delivery
//! after 5.0 s, and every follower gets the one answer; directly, sealed, through nginx, and with `kill -9` in between.
//!
//! The run writes the transcript that stands in `docs/deadline.md`: `deadline-transcript.txt` in cargo's `target/tmp`.

mod common;

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::program::{Program, Recorder, SLOW, documents};
use common::{APP_ID, Folder, KEY, Link, PATIENCE, SHOP, Server, TOKEN, sealing, text_shown};
use echostr_simulator::{Mode, Platform, Push};

const SAFE_TOKEN: &str = "SafeSafeSafe";
const COMPATIBLE_TOKEN: &str = "BothBothBoth";
const WAIT: &str = "这个问题需要多想一会儿。";

#[tokio::test(flavor = "multi_thread")]
async fn every_message_gets_its_one_answer_however_long_it_takes() {
    let program = Program::start(SLOW);
    let recorder = Recorder::before(program.address);
    let settings = settings(&recorder);
    let server = Server::start(&settings);
    let nginx = Nginx::start(server.address);

    let shop = server.platform("/mp/shop", TOKEN, Mode::Plain);
    let through = nginx.platform("/mp/shop", TOKEN);
    let safe = Mode::Safe(sealing(KEY, APP_ID));
    let safe = server.platform("/mp/safe", SAFE_TOKEN, safe);
    let compatible = Mode::Compatible(sealing(KEY, APP_ID));
    let compatible = server.platform("/mp/compatible", COMPATIBLE_TOKEN, compatible);

    let killed = tokio::spawn(killed(settings));
    let sections = [
        (
            "直接 · directly",
            vec![
                whole(&shop, "0.1", 1),
                whole(&shop, "3", 1),
                whole(&shop, "8", 2),
                whole(&shop, "12", 3),
                late(&shop, "20", &[21]),
                late(&shop, "60", &[20, 61]),
            ],
        ),
        (
            "经过 nginx · through nginx",
            vec![
                whole(&through, "3", 1),
                whole(&through, "8", 2),
                whole(&through, "12", 3),
                late(&through, "20", &[21]),
            ],
        ),
        (
            "安全模式 · safe mode",
            vec![whole(&safe, "8", 2), late(&safe, "20", &[21])],
        ),
        (
            "兼容模式 · compatible mode",
            vec![whole(&compatible, "12", 3), late(&compatible, "20", &[21])],
        ),
    ];
    let mut transcript = String::new();
    let mut stories = Vec::new();
    for (title, running) in sections {
        let _ = writeln!(transcript, "── {title}\n");
        for story in running {
            let story = story.await.expect("it went as it should");
            transcript.push_str(&story.lines);
            transcript.push('\n');
            stories.push(story);
        }
    }
    transcript.push_str("── kill -9\n\n");
    for story in killed.await.expect("it went as it should") {
        transcript.push_str(&story.lines);
        transcript.push('\n');
        stories.push(story);
    }
    for story in &stories {
        story.assert_was_asked(&recorder);
    }
    let n_asked = stories.iter().map(|story| story.runs).sum::<usize>();
    assert_eq!(recorder.asked().len(), n_asked, "the program was asked");

    println!("{transcript}");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deadline-transcript.txt");
    std::fs::write(path, transcript).expect("the folder of the tests can be written");
}

type Running = tokio::task::JoinHandle<Story>;

/// An answer that is there within the deliveries.
fn whole(platform: &Platform, seconds: &'static str, delivery: usize) -> Running {
    let mut story = Story::new(platform, seconds);
    tokio::spawn(async move {
        story.asks().await;
        story.expect(delivery, &answer(seconds));
        story
    })
}

/// An answer that is there later: its link is tapped at these seconds, all but the last time in vain.
fn late(platform: &Platform, seconds: &'static str, taps: &'static [u64]) -> Running {
    let mut story = Story::new(platform, seconds);
    tokio::spawn(async move {
        story.asks().await;
        let first = story.expect_wait();
        let (last, early) = taps.split_last().expect("a tap");
        let mut link = first.clone();
        for tap in early {
            story.until(Duration::from_secs(*tap)).await;
            story.taps(&link).await;
            // It was given all the time that a message has.
            link = story.expect_wait();
        }
        story.until(Duration::from_secs(*last)).await;
        story.taps(&link).await;
        story.expect(1, &answer(seconds));
        // Whichever link is tapped, however often: it leads there.
        if first != link {
            story.taps(&first).await;
            story.expect(1, &answer(seconds));
        }
        story
    })
}

/// The server is killed between links and taps, once when the answer is there, once while it is made.
async fn killed(settings: String) -> [Story; 2] {
    let folder = Arc::new(Folder::new());
    let mut server = Server::start_in(&folder, &settings);
    let platform = server.platform("/mp/shop", TOKEN, Mode::Plain);
    let (mut done, mut cut) = (Story::new(&platform, "20"), Story::new(&platform, "30"));
    tokio::join!(done.asks(), cut.asks());
    let (link_done, link_cut) = (done.expect_wait(), cut.expect_wait());

    done.until(Duration::from_secs(22)).await;
    let killed_at = Instant::now();
    server.kill();
    let server = Server::start_in(&folder, &settings);
    let restarted_at = Instant::now();
    for story in [&mut done, &mut cut] {
        story.note(killed_at, "kill -9");
        story.note(restarted_at, "重启 restarted");
        story.platform.url = server.platform("/mp/shop", TOKEN, Mode::Plain).url;
    }
    server.wait_for_log("1 unfinished answers are taken up again");
    cut.runs = 2;

    done.taps(&link_done).await;
    done.expect(1, &answer("20"));
    // The tap waits for the second run as the message waited for the first.
    cut.until(restarted_at + Duration::from_secs(22) - cut.start())
        .await;
    cut.taps(&link_cut).await;
    cut.expect(2, &answer("30"));
    [done, cut]
}

fn answer(seconds: &str) -> String {
    format!("想了 {seconds} 秒，这是回答。")
}

/// What one follower does and sees.
struct Story {
    platform: Platform,
    follower: String,
    seconds: &'static str,
    /// How often the program is to be asked.
    runs: usize,
    start: Option<Instant>,
    // Of the latest push: the delivery that showed something, how long it took from the first one on, and the text.
    shown: (usize, Duration, String),
    lines: String,
}

impl Story {
    fn new(platform: &Platform, seconds: &'static str) -> Self {
        Self {
            platform: platform.clone(),
            follower: format!("o{}-{seconds}-{:p}", platform.url.path(), platform),
            seconds,
            runs: 1,
            start: None,
            shown: <_>::default(),
            lines: format!("「{seconds}」\n"),
        }
    }

    fn start(&self) -> Instant {
        self.start.expect("a push was delivered")
    }

    async fn asks(&mut self) {
        let push = Push::text(self.seconds).by(&*self.follower);
        self.pushes(&push).await;
    }

    async fn taps(&mut self, link: &Link) {
        self.note(Instant::now(), &format!("点 tap ［{}］", link.label));
        self.pushes(&link.tap(&self.follower)).await;
    }

    async fn pushes(&mut self, push: &Push) {
        let outcome = self.platform.push(push).await;
        let text = text_shown(&outcome.shown).to_owned();
        let first = outcome.deliveries[0].start;
        let start = *self.start.get_or_insert(first);
        let mut end = first;
        for (delivery, place) in outcome.deliveries.iter().zip(["①", "②", "③"]) {
            end = delivery.start + delivery.took;
            let shown = match &delivery.answer {
                Err(_) => "断开 closed".into(),
                Ok(_) => match Link::of(&text) {
                    None => text.clone(),
                    Some(link) => format!("{}［{}］", link.before, link.label),
                },
            };
            let (from, to) = (delivery.start - start, end - start);
            let _ = writeln!(
                self.lines,
                "  {:>5.1} – {:>4.1}  {place}  {shown}",
                from.as_secs_f64(),
                to.as_secs_f64()
            );
        }
        self.shown = (outcome.deliveries.len(), end - first, text);
    }

    fn note(&mut self, at: Instant, what: &str) {
        let secs = (at - self.start()).as_secs_f64();
        let _ = writeln!(self.lines, "  {secs:>5.1}             {what}");
    }

    /// Waits until so long after the first delivery.
    async fn until(&self, time: Duration) {
        tokio::time::sleep_until((self.start() + time).into()).await;
    }

    #[track_caller]
    fn expect(&self, delivery: usize, text: &str) {
        let (on, _, shown) = &self.shown;
        assert_eq!((*on, &**shown), (delivery, text), "{}", self.lines);
    }

    /// Nothing of the answer was there at the end of the last delivery.
    #[track_caller]
    fn expect_wait(&self) -> Link {
        let (delivery, took, text) = &self.shown;
        let link = Link::of(text).unwrap_or_else(|| panic!("no link in `{text}`: {}", self.lines));
        assert_eq!(
            (*delivery, &*link.before, &*link.label),
            (3, WAIT, "点这里看回答"),
            "{}",
            self.lines
        );
        assert!(took.as_secs_f64() > 13.9, "{}", self.lines);
        link
    }

    fn assert_was_asked(&self, recorder: &Recorder) {
        let asked = recorder.asked();
        let mut asked = asked.iter().filter(|one| one.follower == self.follower);
        let first = asked.next().expect("it was asked");
        assert_eq!(first.content, self.seconds);
        let again: Vec<_> = asked.collect();
        assert_eq!(again.len() + 1, self.runs, "{}", self.lines);
        for again in again {
            assert_eq!(again.webhook_id, first.webhook_id, "{}", self.lines);
        }
    }
}

fn settings(recorder: &Recorder) -> String {
    let bot = recorder.bot();
    let sealed = |id: &str, mode: &str, token: &str| {
        format!(
            "[[account]]\nid = \"{id}\"\nmode = \"{mode}\"\ntoken = \"{token}\"\n\
             app_id = \"{APP_ID}\"\nencoding_aes_key = \"{KEY}\"\n{bot}"
        )
    };
    [
        format!("{SHOP}{bot}"),
        sealed("safe", "safe", SAFE_TOKEN),
        sealed("compatible", "compatible", COMPATIBLE_TOKEN),
    ]
    .concat()
}

/// nginx with the server block of the documents, which ends with this value.
struct Nginx {
    process: Child,
    address: SocketAddr,
    _folder: Folder,
}

impl Nginx {
    fn start(server: SocketAddr) -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        let address = free.expect("a free port");
        let folder = Folder::new();
        folder.write("nginx.conf", &Self::settings(address, server));
        // It lies where the shells of ordinary users do not look.
        let line =
            "PATH=\"$PATH:/usr/sbin:/sbin\"; exec nginx -p \"$0\" -c nginx.conf -e nginx.log";
        let process = Command::new("sh")
            .args(["-c", line])
            .arg(folder.path())
            .stdin(Stdio::null())
            .spawn()
            .expect("there is a shell");
        let mut nginx = Self {
            process,
            address,
            _folder: folder,
        };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            let ended = nginx.process.try_wait().expect("it is our child");
            assert!(
                ended.is_none(),
                "nginx ended ({ended:?}); `cargo xtask check tools` installs it"
            );
            assert!(start.elapsed() < PATIENCE, "nginx does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        nginx
    }

    /// The block as it stands there, without TLS, between our own addresses; every line of the `location` is kept.
    fn settings(address: SocketAddr, server: SocketAddr) -> String {
        let path = documents().join("deploy/nginx.conf");
        let block = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut block: String = block
            .lines()
            .filter(|line| !line.contains("listen ") && !line.contains("ssl_certificate"))
            .flat_map(|line| [line, "\n"])
            .collect();
        for (theirs, ours) in [
            ("server {\n", format!("server {{\n    listen {address};\n")),
            ("http://127.0.0.1:8080;", format!("http://{server};")),
            ("/var/log/nginx/error.log", "nginx.log".into()),
        ] {
            assert_eq!(block.matches(theirs).count(), 1, "{theirs} in {block}");
            block = block.replace(theirs, &ours);
        }
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {kind};\n"))
            .concat();
        format!(
            "daemon off;\nmaster_process off;\npid nginx.pid;\nevents {{}}\nhttp {{\n{temporary}{block}}}\n"
        )
    }

    fn platform(&self, path: &str, token: &str) -> Platform {
        let url = format!("http://{}{path}", self.address);
        Platform::new(&url, common::token(token), Mode::Plain).expect("an address")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
