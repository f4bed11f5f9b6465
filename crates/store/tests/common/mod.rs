//! Pushes, and the journal that they are written to.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod postgres;

use std::path::Path;
use std::sync::Arc;

use echostr::journal::{
    Commit, Content, Delivery, Ended, Id, LinkRecord, ModelUse, Of, PageRecord, PushId, Received,
    Record, Replied, SavedAnswer, SentMessage, SentOutcome, Turn, TurnOutcome, Written, by,
};
use echostr::{Journal, Message, Reply};
use echostr_protocol::{Document, OpenId, Str};
use echostr_store::{Place, Retention, SqlJournal};
use rusqlite::Connection;
use tempfile::TempDir;

pub(crate) const SHOP: &str = "shop";
/// Unix seconds of the first push.
pub(crate) const START: i64 = 1_761_000_000;
pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

pub(crate) const FOR_EVER: Retention = Retention {
    journal_days: 0,
    unfollowed_days: 30,
};

/// A data folder of its own.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for temporary files")
}

/// Where a journal of a test is.
pub(crate) enum Ground {
    Sqlite(TempDir),
    Postgres(String),
}

impl Ground {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(folder())
    }

    pub(crate) fn postgres() -> Self {
        Self::Postgres(postgres::shared().database())
    }

    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Sqlite(folder) => Place::Folder(folder.path().to_owned()),
            Self::Postgres(url) => Place::Postgres(url.parse().expect("an address")),
        }
    }

    pub(crate) async fn open(&self) -> SqlJournal {
        self.open_with(FOR_EVER).await
    }

    pub(crate) async fn open_with(&self, retention: Retention) -> SqlJournal {
        SqlJournal::open(&self.place(), retention)
            .await
            .expect("a journal")
    }

    pub(crate) fn count(&self, table: &str) -> i64 {
        match self {
            Self::Sqlite(folder) => count(folder.path(), table),
            Self::Postgres(url) => {
                let sql = format!("SELECT count(*) FROM {table}");
                let printed = postgres::shared().psql(url, &sql);
                printed.parse().expect("a number")
            }
        }
    }
}

pub(crate) async fn open(folder: &Path) -> SqlJournal {
    SqlJournal::open(&Place::Folder(folder.to_owned()), FOR_EVER)
        .await
        .expect("a journal")
}

/// Reads the file beside the journal.
pub(crate) fn look(folder: &Path) -> Connection {
    Connection::open(folder.join(echostr_store::FILE_NAME)).expect("a database")
}

pub(crate) fn count(folder: &Path, table: &str) -> i64 {
    look(folder)
        .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
            row.get(0)
        })
        .expect("a count")
}

/// Runs a statement beside the journal.
pub(crate) fn execute(ground: &Ground, sql: &str) {
    match ground {
        Ground::Sqlite(folder) => {
            look(folder.path()).execute_batch(sql).expect("done");
        }
        Ground::Postgres(url) => {
            postgres::shared().psql(url, sql);
        }
    }
}

/// All that stands in the database: the bytes of its files, or every row of its tables.
pub(crate) fn stored(ground: &Ground) -> Vec<(String, Vec<u8>)> {
    match ground {
        Ground::Sqlite(folder) => {
            let files = std::fs::read_dir(folder.path()).expect("a folder");
            let files = files.map(|file| file.expect("a file").path());
            let files = files.filter(|path| path.is_file());
            files
                .map(|path| {
                    (
                        path.display().to_string(),
                        std::fs::read(&path).expect("read"),
                    )
                })
                .collect()
        }
        Ground::Postgres(url) => [
            "accounts",
            "rules",
            "secrets",
            "seen",
            "audit",
            "api_keys",
            "master_keys",
            "tokens",
        ]
        .map(|table| {
            let sql = format!("SELECT row_to_json(t) FROM {table} t");
            (
                table.to_owned(),
                postgres::shared().psql(url, &sql).into_bytes(),
            )
        })
        .into(),
    }
}

pub(crate) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("a clock after 1970");
    i64::try_from(since.as_millis()).expect("a clock before the year 292 million")
}

/// A text of a follower; `n` makes it another push.
pub(crate) fn text(follower: &str, n: i64, content: &str) -> Arc<Message> {
    push(
        follower,
        n,
        &format!(
            "<MsgType>text</MsgType><Content><![CDATA[{content}]]></Content><MsgId>{}</MsgId>",
            23_000 + n
        ),
    )
}

pub(crate) fn event(follower: &str, n: i64, event: &str, rest: &str) -> Arc<Message> {
    push(
        follower,
        n,
        &format!("<MsgType>event</MsgType><Event>{event}</Event>{rest}"),
    )
}

fn push(follower: &str, n: i64, rest: &str) -> Arc<Message> {
    let document = format!(
        "<xml><ToUserName>gh_e8df390a377e</ToUserName><FromUserName>{follower}</FromUserName>\
         <CreateTime>{}</CreateTime>{rest}</xml>",
        START + n
    );
    Arc::new(Message::parse(
        Document::parse(document.as_bytes()).expect("a push"),
    ))
}

pub(crate) fn id_of(message: &Message) -> PushId {
    PushId::of(&Str::from(SHOP), message)
}

pub(crate) fn open_id(follower: &str) -> OpenId {
    OpenId::from(follower)
}

pub(crate) fn of(follower: &OpenId) -> Of<'_> {
    Of {
        account: SHOP,
        follower,
    }
}

pub(crate) fn replied(reply: impl Into<Reply>, by: &str) -> Replied {
    Replied {
        reply: Arc::new(reply.into()),
        replied_at: START + 100,
        by: by.into(),
        delivery: 1,
        latency_ms: 12,
    }
}

pub(crate) fn received(message: &Arc<Message>, replied: Option<Replied>) -> Record {
    received_at(message, message.created_at() * 1000, replied)
}

pub(crate) fn received_at(
    message: &Arc<Message>,
    received_at_ms: i64,
    replied: Option<Replied>,
) -> Record {
    Record::Received(Received {
        push: id_of(message),
        message: Arc::clone(message),
        received_at_ms,
        replied,
    })
}

pub(crate) fn reply_to(message: &Message, replied: Replied) -> Record {
    Record::Replied(id_of(message), message.from_user().clone(), replied)
}

pub(crate) fn delivery(message: &Message, number: u32, ended: Ended) -> Record {
    let arrived_at_ms = message.created_at() * 1000 + i64::from(number) * 5000;
    Record::Delivery(
        id_of(message),
        Delivery {
            number,
            arrived_at_ms,
            ended_at_ms: arrived_at_ms + 4500,
            ended,
        },
    )
}

/// An answer to this push, asked when it was written, that expires a week later.
pub(crate) fn answer(id: Id, message: &Message, content: Content) -> SavedAnswer {
    SavedAnswer {
        id,
        push: id_of(message),
        follower: message.from_user().clone(),
        question: "多少钱".into(),
        is_overtaken: false,
        asked_at_ms: message.created_at() * 1000,
        expires_at_ms: message.created_at() * 1000 + 7 * DAY_MS,
        content,
        step: 0,
        has_page: false,
        written: None,
    }
}

pub(crate) fn rest(text: &str, shown_bytes: usize) -> Content {
    Content::Text {
        text: text.into(),
        shown_bytes,
    }
}

pub(crate) fn link(id: Id, follower: &str, number: u64, answer: Id, step: u32) -> LinkRecord {
    LinkRecord {
        id,
        account: SHOP.into(),
        follower: open_id(follower),
        number,
        answer,
        step,
    }
}

pub(crate) fn page(link: Id, answer: Id, step: u32, reply: &str, content: Content) -> Record {
    Record::Page(PageRecord {
        link,
        answer,
        reply: Arc::new(Reply::from(reply)),
        replied_at: START + 200,
        step,
        content,
    })
}

pub(crate) fn session(follower: &str, name: &str, value: Option<&str>) -> Record {
    Record::Session {
        account: SHOP.into(),
        follower: open_id(follower),
        name: name.into(),
        value: value.map(str::to_owned),
        at_ms: START * 1000,
    }
}

/// A text that was sent to a follower so many seconds after the start, or was not.
pub(crate) fn sent(
    follower: &str,
    n: i64,
    answers: Option<&Message>,
    outcome: SentOutcome,
) -> Record {
    Record::Sent(SentMessage {
        account: SHOP.into(),
        follower: open_id(follower),
        push: answers.map(id_of),
        message: format!(r#"{{"msgtype":"text","text":{{"content":"第{n}条"}}}}"#),
        by: "echo".into(),
        sent_at_ms: (START + n) * 1000,
        outcome,
    })
}

pub(crate) fn uploaded(hash: u8, media_id: &str, expires_at_ms: i64) -> Record {
    Record::Uploaded {
        account: SHOP.into(),
        hash: [hash; 32],
        media_id: media_id.into(),
        expires_at_ms,
    }
}

/// The day of the turns here.
pub(crate) const DAY: i32 = 20_400;

/// What a model was asked by this message: 10 tokens in, 5 out, for 7 millionths.
pub(crate) fn turn(id: Id, message: &Message, outcome: TurnOutcome) -> Turn {
    Turn {
        id,
        follower: message.from_user().clone(),
        push: id_of(message),
        question: format!("问题{id}"),
        answer: format!("回答{id}"),
        outcome,
        used: vec![used("small", 10, 5)],
        at_ms: message.created_at() * 1000,
        day: DAY,
        is_good: None,
    }
}

pub(crate) fn used(model: &str, tokens_in: u64, tokens_out: u64) -> ModelUse {
    ModelUse {
        model: model.into(),
        calls: 1,
        tokens_in,
        tokens_out,
        is_guessed: false,
        cost_micros: 7,
    }
}

pub(crate) fn feedback(follower: &str, turn: Id, is_good: bool) -> Record {
    Record::Feedback {
        account: SHOP.into(),
        follower: open_id(follower),
        turn,
        is_good,
        at_ms: START * 1000,
    }
}

pub(crate) fn forget(follower: &str) -> Record {
    Record::Forget {
        account: SHOP.into(),
        follower: open_id(follower),
    }
}

/// Writes and waits for the commit.
pub(crate) async fn written(journal: &dyn Journal, records: Vec<Record>) -> Written {
    let commit: Commit = journal.write(records);
    commit.wait().await
}

/// Writes what stands in nobody's way.
#[track_caller]
pub(crate) fn done(written: &Written) {
    assert_eq!(*written, Written::Done);
}

/// Looks again until it is so, for a minute at most.
#[track_caller]
pub(crate) fn until(mut is_so: impl AsyncFnMut() -> bool) -> impl Future<Output = ()> {
    let start = std::time::Instant::now();
    let caller = std::panic::Location::caller();
    async move {
        while !is_so().await {
            assert!(
                start.elapsed().as_secs() < 60,
                "not within a minute: {caller}"
            );
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}

/// Everything that can stand in a journal about a follower.
pub(crate) async fn fill(journal: &SqlJournal, follower: &str, n: i64) {
    let (question, tap) = (text(follower, n, "多少钱"), text(follower, n + 1, "继续1"));
    let id = u128::from(n.unsigned_abs()) * 1000 + follower.len() as u128;
    let records = vec![
        received(
            &event(follower, n, "subscribe", "<EventKey>qrscene_a</EventKey>"),
            None,
        ),
        received(&question, Some(replied("稍等", by::DEADLINE))),
        delivery(&question, 1, Ended::Closed),
        delivery(&question, 2, Ended::Answered),
        Record::Answer(answer(id, &question, rest("abcdef", 0))),
        Record::Link(link(id + 1, follower, 1, id, 0)),
        session(follower, "cart", Some("[1]")),
        sent(follower, n, Some(&question), SentOutcome::Sent),
        Record::Turn(turn(id, &question, TurnOutcome::Answered)),
        Record::Turn(turn(id + 1, &tap, TurnOutcome::Answered)),
    ];
    done(&written(journal, records).await);
    let records = vec![
        received(&tap, Some(replied("abc", by::OUTBOX))),
        page(id + 1, id, 0, "abc", rest("abcdef", 3)),
        delivery(&tap, 1, Ended::Answered),
    ];
    done(&written(journal, records).await);
    let open_id = open_id(follower);
    journal.next_number(of(&open_id)).await.expect("drawn");
}

/// The tables in which something of a follower may stand.
pub(crate) const TABLES: [&str; 10] = [
    "followers",
    "messages",
    "latest",
    "deliveries",
    "answers",
    "links",
    "sessions",
    "sent",
    "turns",
    "latest_turns",
];

/// All rows of these.
pub(crate) fn rows(ground: &Ground) -> Vec<(&'static str, i64)> {
    TABLES.map(|table| (table, ground.count(table))).to_vec()
}
