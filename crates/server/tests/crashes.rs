//! `kill -9` at any moment, of the server or of its PostgreSQL: what a follower was told stays so, what was not told is told
//! after the restart.

mod common;
#[path = "../../store/tests/common/postgres.rs"]
mod postgres;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use common::program::{Recorder, says};
use common::{Folder, Link, PATIENCE, SHOP, Server, TOKEN};
use echostr_protocol::{Document, Rendered, Reply};
use echostr_simulator::{Cause, Clock, Envelope, Mode, Platform, Push, Shown};
use echostr_store::{FILE_NAME, History, MessageFilter, Place, Retention, SqlJournal};
use postgres::Postgres;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

/// How long the platform waits.
const DEADLINE: Duration = Duration::from_secs(5);

const PROGRAM_TOKEN: &str = "ProgramProgram";

/// Those who write at the same time, and what they get: the text itself, the text itself in pages, and answers of a program
/// that takes its time, some of them in pages.
const FOLLOWERS: [&str; 8] = [
    "fast-0", "fast-1", "fast-2", "long-0", "long-1", "slow-0", "slow-1", "slow-2",
];

/// One after the other: each needs the machine for itself, so that enough happens between two crashes.
static TURN: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn fifty_ends_without_warning_lose_nothing_and_change_nothing() {
    let _turn = TURN.lock().await;
    check_ends_of_the_server(50, &Journal::new(None)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_ends_without_warning_lose_nothing_in_postgresql() {
    let _turn = TURN.lock().await;
    let postgres = Arc::new(Postgres::start());
    check_ends_of_the_server(30, &Journal::new(Some(postgres))).await;
}

async fn check_ends_of_the_server(n_rounds: u64, journal: &Journal) {
    let recorder = program();
    let mut count = Count::default();
    for round in 0..n_rounds {
        let mut server = journal.serve(&recorder);
        let extent = Arc::new(Extent::default());
        let writing = FOLLOWERS.map(|name| {
            let phone = phone(&server, name, PATIENCE);
            tokio::spawn(writes(phone, round, Duration::ZERO, Arc::clone(&extent)))
        });
        tokio::time::sleep(moment(round, n_rounds)).await;
        // On a slow machine little has happened by then.
        extent.wait_for_answers(round * 37 % n_rounds).await;
        server.kill();
        let mut told = BTreeMap::new();
        for (name, writing) in FOLLOWERS.iter().zip(writing) {
            told.insert(*name, writing.await.expect("nothing wrong was answered"));
        }
        journal.look_up(&mut told, &mut count).await;

        let mut server = journal.serve(&recorder);
        count.read_on += all_repeat(&server, told).await;
        // The next one finds what a crash leaves.
        server.kill();
    }

    assert_is_asked_alike(&recorder);
    journal.assert_is_once().await;
    println!("{count:?}");
    let Count {
        answered,
        journaled,
        unknown,
        read_on,
    } = count;
    let n_rounds = usize::try_from(n_rounds).expect("not so many");
    assert!(
        answered > 10 * n_rounds
            && journaled + unknown > 2 * n_rounds
            && unknown > n_rounds / 5
            && read_on > n_rounds,
        "too little happened to prove anything: {count:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_crashes_of_postgresql_under_load_are_not_noticed_and_lose_nothing() {
    const ROUNDS: u64 = 30;
    // Between two messages of one follower: what was written in a round is looked up in it.
    const PAUSE: Duration = Duration::from_millis(10);
    let _turn = TURN.lock().await;
    let postgres = Arc::new(Postgres::start());
    let journal = Journal::new(Some(Arc::clone(&postgres)));
    let recorder = program();
    let mut count = Count::default();
    let server = journal.serve(&recorder);
    for round in 0..ROUNDS {
        let extent = Arc::new(Extent::default());
        let writing = FOLLOWERS.map(|name| {
            let phone = phone(&server, name, DEADLINE);
            tokio::spawn(writes(phone, round, PAUSE, Arc::clone(&extent)))
        });
        tokio::time::sleep(moment(round, ROUNDS)).await;
        let crashing = Arc::clone(&postgres);
        let crash = spawn_blocking(move || {
            crashing.kill();
            crashing.resume();
        });
        crash.await.expect("it is there again");
        extent.is_enough.store(true, Ordering::Relaxed);
        let mut told = BTreeMap::new();
        for (name, writing) in FOLLOWERS.iter().zip(writing) {
            told.insert(*name, writing.await.expect("nothing wrong was answered"));
        }
        // What waited in memory is written.
        let metrics = server.wait_for_metrics(|metrics| {
            let is_so = |name| metrics.get(name) < 0.5;
            is_so("echostr_journal_away") && is_so("echostr_journal_queue_records")
        });
        metrics.check(&[("echostr_journal_lost_records_total", 0.0)]);
        journal.look_up(&mut told, &mut count).await;
        count.read_on += all_repeat(&server, told).await;
    }
    assert_is_asked_alike(&recorder);
    journal.assert_is_once().await;
    println!("{count:?}");
    assert_eq!(count.journaled + count.unknown, 0, "all were answered");
    assert!(
        count.answered > 500,
        "too little happened to prove anything: {count:?}"
    );
}

/// At any moment, before the first answer and after many: 0 to 245 ms, each of them once.
fn moment(round: u64, n_rounds: u64) -> Duration {
    Duration::from_millis(round * 37 % n_rounds * (250 / n_rounds))
}

fn program() -> Recorder {
    Recorder::start(|asked| {
        std::thread::sleep(Duration::from_millis(60));
        says(&answer(&asked.content))
    })
}

/// A repeat of a message is one for the program, too.
#[track_caller]
fn assert_is_asked_alike(recorder: &Recorder) {
    let ids: BTreeSet<_> = recorder
        .asked()
        .into_iter()
        .map(|asked| (asked.follower, asked.content, asked.webhook_id))
        .collect();
    let messages: BTreeSet<_> = ids.iter().map(|(from, text, _)| (from, text)).collect();
    assert_eq!(ids.len(), messages.len(), "a message has one `webhook-id`");
}

/// Where everything is kept.
struct Journal {
    folder: Arc<Folder>,
    /// Otherwise it is in the folder.
    postgres: Option<(Arc<Postgres>, String)>,
}

impl Journal {
    fn new(postgres: Option<Arc<Postgres>>) -> Self {
        Self {
            folder: Arc::new(Folder::new()),
            postgres: postgres.map(|postgres| {
                let database = postgres.database();
                (postgres, database)
            }),
        }
    }

    fn serve(&self, recorder: &Recorder) -> Server {
        let settings = format!(
            "[open_access]\nenabled = false\n{SHOP}[[account]]\nid = \"program\"\ntoken = \"{PROGRAM_TOKEN}\"\n{}",
            recorder.bot()
        );
        match &self.postgres {
            Some((_, database)) => Server::start_on(database, &self.folder, &settings),
            None => Server::start_in(&self.folder, &settings),
        }
    }

    /// The latest messages, so many at the most.
    async fn messages(&self, limit: usize) -> Vec<Entry> {
        let Some((postgres, database)) = &self.postgres else {
            return kept(&self.folder.path().join("data"), limit).await;
        };
        let rows = postgres.psql(
            database,
            &format!(
                "SELECT json_build_array(source, reply, replied_at) FROM messages ORDER BY id DESC LIMIT {limit}"
            ),
        );
        let rows = rows.lines().map(|row| {
            let row: (String, Option<String>, Option<i64>) =
                serde_json::from_str(row).expect("three columns");
            let (source, reply, replied_at) = row;
            let reply = reply.map(|reply| serde_json::from_str(&reply).expect("a reply"));
            Entry::new(&source, reply, replied_at)
        });
        rows.collect()
    }

    /// Each push that was answered is in the journal with this answer. Of the others, the journal's answer will be theirs.
    async fn look_up(&self, told: &mut BTreeMap<&str, Vec<Told>>, count: &mut Count) {
        let entries = self.messages(told.values().map(Vec::len).sum()).await;
        let entries: BTreeMap<_, _> = entries
            .into_iter()
            .map(|entry| (entry.msg_id, entry.given))
            .collect();
        for told in told.values_mut().flatten() {
            let journaled = entries.get(&told.msg_id).and_then(Option::as_ref);
            match (&told.answer, journaled) {
                (Some(answer), Some(journaled)) => {
                    answer.assert_is(journaled);
                    count.answered += 1;
                }
                (Some(answer), None) => panic!("{answer:?} was not journaled"),
                (None, Some(journaled)) => {
                    told.answer = Some(journaled.clone());
                    told.follow();
                    count.journaled += 1;
                }
                (None, None) => count.unknown += 1,
            }
        }
    }

    /// No push stands in the journal twice.
    async fn assert_is_once(&self) {
        let messages = self.messages(usize::MAX >> 1).await;
        let ids: BTreeSet<_> = messages.iter().map(|entry| entry.msg_id).collect();
        assert_eq!(ids.len(), messages.len(), "a push is journaled once");
        let unanswered = messages.iter().find(|entry| entry.given.is_none());
        assert!(unanswered.is_none(), "{unanswered:?}");
    }
}

/// The latest messages in a data folder that nobody is at work on. A copy is read: the next server is to find what the crash
/// has left.
async fn kept(data: &Path, limit: usize) -> Vec<Entry> {
    let copy = tempfile::tempdir().expect("a folder");
    for file in [FILE_NAME.to_owned(), format!("{FILE_NAME}-wal")] {
        // There may be no log.
        let _ = std::fs::copy(data.join(&file), copy.path().join(&file));
    }
    let place = Place::Folder(copy.path().to_owned());
    let journal = SqlJournal::open(&place, Retention::default()).await;
    let journal = journal.expect("the journal can be opened after the crash");
    let history = History::new(journal.db());
    let mut entries = Vec::new();
    let mut filter = MessageFilter {
        limit: echostr_store::MAX_LIMIT,
        ..MessageFilter::default()
    };
    while entries.len() < limit {
        let page = history.messages(&filter).await.expect("it can be read");
        let items = page.items.into_iter();
        entries.extend(items.map(|entry| Entry::new(&entry.source, entry.reply, entry.replied_at)));
        match page.next {
            Some(_) => filter.before = page.next,
            None => break,
        }
    }
    journal.close().await;
    entries
}

/// A message in the journal.
#[derive(Debug)]
struct Entry {
    msg_id: u64,
    given: Option<Given>,
}

impl Entry {
    #[track_caller]
    fn new(source: &str, reply: Option<Reply>, replied_at: Option<i64>) -> Self {
        let document = Document::parse(source.as_bytes()).expect("it was a push");
        let msg_id = document.root().child("MsgId").expect("a message");
        let given = match (reply, replied_at) {
            (Some(Reply::Text(text)), Some(created_at)) => Some(Given {
                text,
                created_at,
                document: None,
            }),
            (None, None) => None,
            other => panic!("{other:?} was journaled"),
        };
        Self {
            msg_id: msg_id.text().parse().expect("a number"),
            given,
        }
    }
}

/// What happened to pushes.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    /// They got a 200 with an answer before the crash.
    answered: usize,
    /// They did not, but their answer was in the journal.
    journaled: usize,
    /// Nothing was.
    unknown: usize,
    /// Links that led to the rest after the restart.
    read_on: usize,
}

/// A push, what is left to be told when it comes, and what it got, if it did.
struct Told {
    envelope: Envelope,
    msg_id: u64,
    rest: String,
    answer: Option<Given>,
    /// Whether the link in its answer was tapped already.
    is_followed: bool,
}

/// What a push got: the text and its `CreateTime`, and the document if it came over the wire.
#[derive(Debug, Clone)]
struct Given {
    text: String,
    created_at: i64,
    document: Option<String>,
}

/// One follower of a running server.
struct Phone {
    platform: Platform,
    name: &'static str,
}

fn phone(server: &Server, name: &'static str, deadline: Duration) -> Phone {
    let (path, token) = if name.starts_with("slow") {
        ("/mp/program", PROGRAM_TOKEN)
    } else {
        ("/mp/shop", TOKEN)
    };
    let mut platform = server.platform(path, token, Mode::Plain);
    platform.clock = Clock {
        deadline,
        deliveries: 1,
    };
    Phone { platform, name }
}

/// What the program answers: pages for every second message.
fn answer(question: &str) -> String {
    if question.ends_with(['0', '2', '4', '6', '8']) {
        long(question)
    } else {
        format!("答：{question}")
    }
}

/// Some pages without a blank, so that they are the text again when they are put together.
fn long(subject: &str) -> String {
    let mut text = subject.replace(' ', "·");
    for number in 0..110 {
        let _ = write!(text, "这是其中的第{number:03}句话。");
    }
    text
}

impl Phone {
    /// What this push gets; nothing when the server died meanwhile.
    async fn push(&self, envelope: &Envelope) -> Option<Given> {
        let exchange = self.platform.deliver(envelope).await;
        match self.platform.shown(envelope, &exchange) {
            Shown::Answer {
                reply:
                    Rendered {
                        reply: Reply::Text(text),
                        created_at,
                        ..
                    },
                document,
            } => Some(Given {
                text,
                created_at,
                document: Some(document),
            }),
            Shown::Failure(Cause::Transport(_)) => None,
            other => panic!("{}: {other:?}", self.name),
        }
    }

    async fn tell(&self, push: &Push, rest: String) -> Told {
        let envelope = self.platform.envelope(push);
        let answer = self.push(&envelope).await;
        let told = Told {
            envelope,
            msg_id: push.msg_id.expect("a message"),
            rest,
            answer,
            is_followed: false,
        };
        told.follow();
        told
    }

    /// Taps the link in the answer, and those that follow; the pages and what came of them.
    async fn reads_on(&self, told: &mut Told) -> Vec<Told> {
        let mut pages: Vec<Told> = Vec::new();
        loop {
            let latest = pages.last_mut().unwrap_or(told);
            let Some((link, rest)) = latest.follow() else {
                return pages;
            };
            latest.is_followed = true;
            let page = self.tell(&link.tap(self.name), rest).await;
            let is_over = page.answer.is_none();
            pages.push(page);
            if is_over {
                return pages;
            }
        }
    }
}

impl Told {
    /// The link to the rest, and that rest. What was told must be its beginning, and all of it if there is no link.
    #[track_caller]
    fn follow(&self) -> Option<(Link, String)> {
        let Given { text, .. } = self.answer.as_ref()?;
        let Some(link) = Link::of(text) else {
            assert_eq!(*text, self.rest, "the whole rest");
            return None;
        };
        let rest = self.rest.strip_prefix(&*link.before);
        let rest = rest.unwrap_or_else(|| panic!("`{text}` does not begin `{}`", self.rest));
        assert!(!link.before.is_empty() && !rest.is_empty(), "`{text}`");
        Some((link, rest.to_owned()))
    }
}

/// How much is written in a round.
#[derive(Default)]
struct Extent {
    n_answered: AtomicU64,
    is_enough: AtomicBool,
}

impl Extent {
    async fn wait_for_answers(&self, n: u64) {
        let wait = async {
            while self.n_answered.load(Ordering::Relaxed) < n {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        waited.expect("followers are answered");
    }
}

/// Writes one message after the other, with this pause, until the server dies or it is enough, and reads on in every second answer.
async fn writes(phone: Phone, round: u64, pause: Duration, extent: Arc<Extent>) -> Vec<Told> {
    let name = phone.name;
    let mut told = Vec::new();
    for number in 0.. {
        let text = format!("{name} {round} {number}");
        let (text, rest) = match name.split_once('-') {
            Some(("fast", _)) => (text.clone(), text),
            Some(("long", _)) => (long(&text), long(&text)),
            _ => (text.clone(), answer(&text)),
        };
        let push = Push::text(&text).by(name);
        let mut own = phone.tell(&push, rest).await;
        let pages = if number % 2 == 0 {
            phone.reads_on(&mut own).await
        } else {
            Vec::new()
        };
        let is_over = [&own]
            .into_iter()
            .chain(&pages)
            .any(|told| told.answer.is_none());
        told.push(own);
        told.extend(pages);
        if is_over || extent.is_enough.load(Ordering::Relaxed) {
            break;
        }
        extent.n_answered.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(pause).await;
    }
    told
}

impl Given {
    #[track_caller]
    fn assert_is(&self, other: &Self) {
        assert_eq!(
            (&self.text, self.created_at),
            (&other.text, other.created_at)
        );
        if let (Some(one), Some(other)) = (&self.document, &other.document) {
            assert_eq!(one, other);
        }
    }
}

/// How often something was left to be read.
async fn all_repeat(server: &Server, told: BTreeMap<&'static str, Vec<Told>>) -> usize {
    let repeating: Vec<_> = told
        .into_iter()
        .map(|(name, told)| tokio::spawn(repeats(phone(server, name, PATIENCE), told)))
        .collect();
    let mut read_on = 0;
    for repeating in repeating {
        read_on += repeating.await.expect("nothing wrong was answered");
    }
    read_on
}

/// After the restart the platform repeats the latest pushes, and the follower reads on wherever something is left.
/// How often something was left.
async fn repeats(phone: Phone, told: Vec<Told>) -> usize {
    let mut read_on = 0;
    let n_older = told.len().saturating_sub(6);
    for (place, mut told) in told.into_iter().enumerate() {
        let is_open = !told.is_followed && told.follow().is_some();
        if place < n_older && !is_open && told.answer.is_some() {
            continue;
        }
        let again = phone.push(&told.envelope).await.expect("it is answered");
        if let Some(before) = &told.answer {
            again.assert_is(before);
        }
        told.answer = Some(again);
        if told.is_followed || told.follow().is_none() {
            continue;
        }
        let pages = phone.reads_on(&mut told).await;
        assert!(
            pages.iter().all(|page| page.answer.is_some()),
            "it is answered"
        );
        read_on += 1;
        // A link leads to the same page, however often it is tapped.
        let (link, rest) = told.follow().expect("it has a link");
        let again = phone.tell(&link.tap(phone.name), rest).await;
        let page = again.answer.expect("it is answered");
        let first = pages[0].answer.as_ref().expect("it was answered");
        assert_eq!(page.text, first.text);
    }
    read_on
}
