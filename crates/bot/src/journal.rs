//! [`Journal`]: what must survive the process, and what is read back of it.
//!
//! A reply leaves only after the [`Commit`] of the records that hold it. Bodies write many pushes in one transaction;
//! [`MemoryJournal`] is the one without a disk, the others are in `store`.

mod memory;

use std::fmt;
use std::sync::{Arc, OnceLock};

use echostr_protocol::{Key, MediaId, Message, OpenId, Reply, Str};
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use crate::{BoxError, Interactions, Markup, Stage};

pub use memory::MemoryJournal;

/// The journal (流水): durable facts about pushes, answers, followers and sessions.
///
/// Records are written in the order of the calls, those of one call together or not at all.
pub trait Journal: Send + Sync + 'static {
    /// Takes records over. They are written soon; [`Commit::wait`] tells when. This does not wait for anything.
    fn write(&self, records: Vec<Record>) -> Commit;

    /// Whether writing has failed for a second or more: then nobody waits for a [`Commit`].
    fn is_away(&self) -> bool {
        false
    }

    /// What is known of a push that may have come before.
    fn find<'a>(&'a self, push: &'a PushId) -> Reading<'a, Option<Found>>;

    /// The page that a link or a number of this follower leads to; nothing when it is another follower's.
    fn page<'a>(&'a self, of: Of<'a>, link: &'a Link) -> Reading<'a, Option<Page>>;

    /// The answers that this follower has not read to the end, oldest first, without those that have expired by `now_ms`.
    /// At most 100.
    fn unread<'a>(&'a self, of: Of<'a>, now_ms: i64) -> Reading<'a, Vec<SavedAnswer>>;

    /// The latest reply to this follower that is a text, since `since_ms`.
    fn latest_text<'a>(&'a self, of: Of<'a>, since_ms: i64) -> Reading<'a, Option<Shown>>;

    /// Draws the next number of this follower's counter, from 1. A number is never drawn twice.
    fn next_number<'a>(&'a self, of: Of<'a>) -> Reading<'a, u64>;

    /// The pushes received since `since_ms` whose answer was never finished, each handed out once after the process that
    /// received it has died; older ones are given up.
    fn take_up(&self, since_ms: i64) -> Reading<'_, Vec<Unfinished>>;

    /// What is known of a follower.
    fn follower<'a>(&'a self, of: Of<'a>) -> Reading<'a, Option<FollowerRecord>>;

    /// What this follower did since `since_ms` that allows messages, and which were sent since then. Of very many things the
    /// latest 50 are enough.
    fn interactions<'a>(&'a self, of: Of<'a>, since_ms: i64) -> Reading<'a, Interactions>;

    /// The id under which the platform has a file with this [hash](file_hash) for this account, if it can still be used at
    /// `now_ms`.
    fn uploaded<'a>(
        &'a self,
        account: &'a str,
        hash: &'a [u8; 32],
        now_ms: i64,
    ) -> Reading<'a, Option<MediaId>>;

    /// Whether this follower wrote a message (no event) before this push.
    fn has_written<'a>(&'a self, of: Of<'a>, before: &'a PushId) -> Reading<'a, bool>;

    /// The latest turns of this follower that are told to a model: [`Answered`](TurnOutcome::Answered) or
    /// [`Broken`](TurnOutcome::Broken), since `since_ms` and since the last [`Cleared`](TurnOutcome::Cleared), oldest first, at
    /// most `limit`.
    fn turns<'a>(&'a self, of: Of<'a>, since_ms: i64, limit: u32) -> Reading<'a, Vec<Turn>>;

    /// What this follower has spent on this [day](Turn::day).
    fn follower_spent<'a>(&'a self, of: Of<'a>, day: i32) -> Reading<'a, Spent>;

    /// What all followers of an account have spent on this day, and since `month`, the first day of the month. It goes on
    /// counting what followers spent who were forgotten.
    fn account_spent<'a>(
        &'a self,
        account: &'a str,
        day: i32,
        month: i32,
    ) -> Reading<'a, (Spent, Spent)>;

    /// What was kept in a session under this name.
    fn session<'a>(&'a self, of: Of<'a>, name: &'a str) -> Reading<'a, Option<String>>;
}

/// Something that is read from a journal.
///
/// Its error says what was tried and is printed with its sources; it never holds what a follower wrote.
pub type Reading<'a, T> = BoxFuture<'a, Result<T, BoxError>>;

/// A follower of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Of<'a> {
    /// The account's id.
    pub account: &'a str,
    /// The follower's OpenID.
    pub follower: &'a OpenId,
}

/// Which push: all its deliveries have the same.
#[derive(Debug, Clone)]
pub struct PushId {
    /// The id of the account that it was sent to.
    pub account: Str,
    /// Which of its pushes.
    pub key: Key,
    /// `CreateTime`, Unix seconds of the platform: it lets the index of keys grow at one end.
    pub created_at: i64,
}

/// What can be written down.
#[derive(Debug, Clone)]
pub enum Record {
    /// A push. When it is known already and has a reply, that counts: [`Written::Instead`].
    Received(Received),
    /// The reply to a push of this follower that was received before; one that is there already counts.
    Replied(PushId, OpenId, Replied),
    /// One delivery of a push, for its trace. Nothing waits for it.
    Delivery(PushId, Delivery),
    /// An answer that was not wholly delivered, as it is now: new, or instead of what was known under its id.
    Answer(SavedAnswer),
    /// A link that was shown: its number leads to the answer's part after `step`.
    Link(LinkRecord),
    /// The page behind a link, fixed: the next part of its answer. When it is fixed already, that counts.
    Page(PageRecord),
    /// A page on which an answer can be read by who knows its address. The answer stands in the same call, or was written
    /// before; without it there is no page either.
    LivePage {
        /// Of the id in the address, see [`page_hash`].
        hash: [u8; 32],
        /// Which answer.
        answer: Id,
        /// Unix milliseconds.
        created_at_ms: i64,
        /// When it can no longer be read, Unix milliseconds.
        expires_at_ms: i64,
    },
    /// A message to a follower outside of replies; or that there was none, and why.
    Sent(SentMessage),
    /// A file that the platform keeps for a while.
    Uploaded {
        /// Of which account, by its id.
        account: Str,
        /// Of its kind and content, see [`file_hash`].
        hash: [u8; 32],
        /// Under which id.
        media_id: MediaId,
        /// Until when it can be used, Unix milliseconds.
        expires_at_ms: i64,
    },
    /// What a session holds from now on; nothing ends it.
    Session {
        /// Of which account, by its id.
        account: Str,
        /// Of which follower.
        follower: OpenId,
        /// Which of the follower's sessions.
        name: String,
        /// JSON, or nothing to end it.
        value: Option<String>,
        /// Unix milliseconds.
        at_ms: i64,
    },
    /// What a language model was asked and what came of it.
    Turn(Turn),
    /// What a follower thinks of an answer of a model; the last word counts. Nothing when the turn is another's or unknown.
    Feedback {
        /// Of which account, by its id.
        account: Str,
        /// Who says it.
        follower: OpenId,
        /// Of which turn.
        turn: Id,
        /// 👍, else 👎.
        is_good: bool,
        /// Unix milliseconds.
        at_ms: i64,
    },
    /// Everything about a follower is deleted.
    Forget {
        /// Of which account, by its id.
        account: Str,
        /// Which follower.
        follower: OpenId,
    },
}

/// A question to a language model, and what came of it.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Its id.
    pub id: Id,
    /// Who asked.
    pub follower: OpenId,
    /// The push that asked; its account is the turn's.
    pub push: PushId,
    /// What the model was asked, without pictures; empty when nothing was.
    pub question: String,
    /// What it wrote, without its thinking, as far as it was shown.
    pub answer: String,
    /// What came of it.
    pub outcome: TurnOutcome,
    /// What each model that was called has used, in the order of their first calls: the turn is counted with the last, and so
    /// is what the follower thinks of it.
    pub used: Vec<ModelUse>,
    /// When it was asked, Unix milliseconds.
    pub at_ms: i64,
    /// On which day in the account's time zone, in days since 1970-01-01: budgets are counted by it.
    pub day: i32,
    /// What the follower thinks of it: 👍 or 👎. Read only.
    pub is_good: Option<bool>,
}

/// What came of a question to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TurnOutcome {
    /// It answered.
    Answered,
    /// It began to answer and broke off.
    Broken,
    /// It did not answer, nor did the fallback.
    Failed,
    /// The follower wrote what may not be said; no model was asked.
    BlockedInput,
    /// The model wrote what may not be said.
    BlockedOutput,
    /// There was no budget left; no model was asked.
    Spent,
    /// No question: what was said before is forgotten.
    Cleared,
}

/// What one model has used for one turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelUse {
    /// Its name in the settings.
    pub model: Str,
    /// Calls to it.
    pub calls: u32,
    /// Tokens of input.
    pub tokens_in: u64,
    /// Tokens of output.
    pub tokens_out: u64,
    /// Whether the tokens are a guess, because the endpoint did not tell.
    pub is_guessed: bool,
    /// Millionths of the currency of the settings.
    pub cost_micros: i64,
}

/// What was spent in some time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Turns for which a model was asked.
    pub messages: u64,
    /// Tokens of input and output.
    pub tokens: u64,
}

/// A message to a follower outside of replies.
#[derive(Debug, Clone)]
pub struct SentMessage {
    /// By which account, by its id.
    pub account: Str,
    /// To which follower.
    pub follower: OpenId,
    /// The push whose answer it is, or is a part of.
    pub push: Option<PushId>,
    /// JSON as it was sent: what `custom/send` takes, without `touser`.
    pub message: String,
    /// Who wrote it: the name of the account's bot, `key k_1a2b`, `command line`.
    pub by: Str,
    /// Unix milliseconds.
    pub sent_at_ms: i64,
    /// What came of it.
    pub outcome: SentOutcome,
}

/// What came of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SentOutcome {
    /// The platform has it.
    Sent,
    /// Nobody knows: the connection broke off, was too slow, or the platform was busy. It counts for how many may be sent, is
    /// not sent again; what is an answer stays in the outbox.
    Unsure(String),
    /// The platform does not have it, and why, in a sentence without secrets.
    Refused(String),
}

/// A push as it was received.
#[derive(Debug, Clone)]
pub struct Received {
    /// Which push.
    pub push: PushId,
    /// What it says; its [document](Message::document) is kept whole.
    pub message: Arc<Message>,
    /// Unix milliseconds of the first delivery.
    pub received_at_ms: i64,
    /// The reply, if it was ready at once.
    pub replied: Option<Replied>,
}

/// What was answered to a push.
#[derive(Debug, Clone)]
pub struct Replied {
    /// The reply itself.
    pub reply: Arc<Reply>,
    /// `CreateTime` of the reply, Unix seconds: a repeat gets the very same document.
    pub replied_at: i64,
    /// Who answered: the name of the account's bot, or [`by`].
    pub by: Str,
    /// To which delivery, from 1.
    pub delivery: u32,
    /// From the first delivery to the reply, milliseconds.
    pub latency_ms: u64,
}

/// Who answers beside bots.
pub mod by {
    /// A part of an earlier answer.
    pub const OUTBOX: &str = "outbox";
    /// Nobody in time: a placeholder, or the beginning of what comes, with a link to the rest.
    pub const DEADLINE: &str = "deadline";
    /// The fallback or welcome text, because the bot failed.
    pub const FALLBACK: &str = "fallback";
    /// The busy text: there was no room for a further job.
    pub const BUSY: &str = "busy";
}

/// One delivery of a push.
#[derive(Debug, Clone, Copy)]
pub struct Delivery {
    /// From 1.
    pub number: u32,
    /// Unix milliseconds.
    pub arrived_at_ms: i64,
    /// Unix milliseconds of its end.
    pub ended_at_ms: i64,
    /// How it ended.
    pub ended: Ended,
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was answered.
    Answered,
    /// It got the body that an earlier delivery had got.
    SameAgain,
    /// The platform closed the connection before there was an answer.
    Closed,
    /// The platform did not close; it got an empty 503.
    GivenUp,
}

/// The id of an [answer](SavedAnswer), a [link](LinkRecord) or a page: 128 random bits.
pub type Id = u128;

/// What is kept of the id of a page: who reads the journal cannot open pages.
pub fn page_hash(page: Id) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, &page.to_be_bytes());
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// By what a file is known again: its kind and what is in it.
pub fn file_hash(kind: &str, bytes: &[u8]) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    context.update(kind.as_bytes());
    context.update(&[0]);
    context.update(bytes);
    let digest = context.finish();
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// An answer that was not wholly delivered.
#[derive(Debug, Clone)]
pub struct SavedAnswer {
    /// Its id.
    pub id: Id,
    /// The push that it answers.
    pub push: PushId,
    /// Who asked.
    pub follower: OpenId,
    /// The question, shortened.
    pub question: String,
    /// Whether another question of the follower was received after this one. Read only.
    pub is_overtaken: bool,
    /// When the question came, Unix milliseconds.
    pub asked_at_ms: i64,
    /// When it is no longer given out, Unix milliseconds.
    pub expires_at_ms: i64,
    /// What it is.
    pub content: Content,
    /// How many parts of it were given out; each part moves it by one.
    pub step: u32,
    /// Whether it has a page: then nobody is told that it waits.
    pub has_page: bool,
    /// With a page, once all of it has come: what stands there, also after it was read. Written only, for it is long; an
    /// answer that is written again without it keeps what it had.
    pub written: Option<WrittenText>,
}

/// A text as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenText {
    /// The text.
    pub text: String,
    /// How it is written.
    pub markup: Markup,
    /// How it ended.
    pub stage: Stage,
}

/// What an answer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Not there yet: its job runs, or died with its process.
    Running,
    /// A text as followers read it.
    Text {
        /// All that is left from the last step that was given out while it ran.
        text: String,
        /// How many bytes of it were given out.
        shown_bytes: usize,
    },
    /// A picture, a voice, an article: one page.
    Other(Reply),
    /// Its job failed, or it was given up.
    Failed,
    /// It was read to the end.
    Read,
}

/// A link that was shown.
#[derive(Debug, Clone)]
pub struct LinkRecord {
    /// The id in the link.
    pub id: Id,
    /// The account's id.
    pub account: Str,
    /// Whose it is.
    pub follower: OpenId,
    /// The number in the visible text.
    pub number: u64,
    /// To which answer it leads.
    pub answer: Id,
    /// To the part after so many steps.
    pub step: u32,
}

/// The page behind a link.
#[derive(Debug, Clone)]
pub struct PageRecord {
    /// The link's id.
    pub link: Id,
    /// The answer's id.
    pub answer: Id,
    /// The page as it is shown.
    pub reply: Arc<Reply>,
    /// `CreateTime` of the page, Unix seconds.
    pub replied_at: i64,
    /// The answer's step before this page.
    pub step: u32,
    /// What the answer is after this page.
    pub content: Content,
}

/// How a follower names a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// By the id in the link that was tapped.
    Id(Id),
    /// By the number in the text.
    Number(u64),
}

/// A page that a link leads to.
#[derive(Debug, Clone)]
pub struct Page {
    /// The link.
    pub link: LinkRecord,
    /// The page, once it is fixed for this link or another one to the same part.
    pub fixed: Option<Reply>,
    /// The answer.
    pub answer: SavedAnswer,
}

/// A push that is known.
#[derive(Debug, Clone)]
pub struct Found {
    /// Unix milliseconds of its first delivery.
    pub received_at_ms: i64,
    /// The reply and its `CreateTime`, Unix seconds.
    pub reply: Option<(Reply, i64)>,
    /// Its answer, if that was saved on its own.
    pub answer: Option<SavedAnswer>,
}

/// A text that a follower was shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// In answer to which push.
    pub key: Key,
    /// `CreateTime` of that push.
    pub created_at: i64,
    /// The text.
    pub text: String,
    /// Unix seconds.
    pub replied_at: i64,
}

/// A push whose answer was never finished.
#[derive(Debug, Clone)]
pub struct Unfinished {
    /// The account's id.
    pub account: Str,
    /// The push.
    pub message: Arc<Message>,
    /// Unix milliseconds of its first delivery.
    pub received_at_ms: i64,
    /// Whether it has had a reply: then its answer goes to the outbox.
    pub is_replied: bool,
    /// Its answer as far as it was saved.
    pub answer: Option<SavedAnswer>,
}

/// What is known of a follower.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FollowerRecord {
    /// The first push, Unix milliseconds.
    pub first_seen_at_ms: i64,
    /// The latest push but for a minute, Unix milliseconds.
    pub last_seen_at_ms: i64,
    /// The latest follow, Unix milliseconds; nothing when it came before this journal.
    pub followed_at_ms: Option<i64>,
    /// The latest unfollow, Unix milliseconds; nothing while the follower follows.
    pub unfollowed_at_ms: Option<i64>,
    /// The scene of the QR code that was scanned to follow, or nothing.
    pub source: Option<String>,
    /// The last number that was [drawn](Journal::next_number); 0 before the first.
    pub last_number: u64,
}

/// When records are written, and what came of it. Cloning is cheap.
#[derive(Clone, Default)]
pub struct Commit(Option<(Arc<Batch>, usize)>);

/// What came of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// They are written.
    Done,
    /// Something stood there already: this reply, with this `CreateTime` in Unix seconds.
    Instead(Reply, i64),
    /// They could not be written and were given up.
    Lost,
}

/// Records of several calls that are written in one transaction; made by the bodies of [`Journal`].
#[derive(Default)]
pub struct Batch {
    outcome: OnceLock<Outcome>,
    is_done: Notify,
}

struct Outcome {
    is_lost: bool,
    // By the place of the call; nearly always empty.
    instead: Vec<(usize, Reply, i64)>,
}

impl PushId {
    /// Of this message to the account with this id.
    pub fn of(account: &Str, message: &Message) -> Self {
        Self {
            account: account.clone(),
            key: Key::of(message),
            created_at: message.created_at(),
        }
    }
}

impl Commit {
    /// Written already.
    pub fn done() -> Self {
        Self(None)
    }

    /// Something stood there already.
    pub fn instead(reply: Reply, replied_at: i64) -> Self {
        let batch = Arc::new(Batch::default());
        batch.finish(vec![(0, reply, replied_at)]);
        Self(Some((batch, 0)))
    }

    /// The records of call number `place` of `batch`.
    pub fn of(batch: &Arc<Batch>, place: usize) -> Self {
        Self(Some((Arc::clone(batch), place)))
    }

    /// What came of them, once it is known.
    pub fn now(&self) -> Option<Written> {
        let Some((batch, place)) = &self.0 else {
            return Some(Written::Done);
        };
        batch.outcome.get().map(|outcome| outcome.of(*place))
    }

    /// Waits until they are written or given up.
    pub async fn wait(&self) -> Written {
        let Some((batch, place)) = &self.0 else {
            return Written::Done;
        };
        loop {
            let mut is_done = std::pin::pin!(batch.is_done.notified());
            // Registered before the look, so that an outcome between the two is not missed.
            is_done.as_mut().enable();
            if let Some(outcome) = batch.outcome.get() {
                return outcome.of(*place);
            }
            is_done.await;
        }
    }
}

impl Outcome {
    fn of(&self, place: usize) -> Written {
        if self.is_lost {
            return Written::Lost;
        }
        let instead = self.instead.iter().find(|(other, ..)| *other == place);
        instead.map_or(Written::Done, |(_, reply, replied_at)| {
            Written::Instead(reply.clone(), *replied_at)
        })
    }
}

impl Batch {
    /// The batch is durable. `instead` names the calls whose records gave way to what stood there: place, reply, its
    /// `CreateTime` in Unix seconds.
    pub fn finish(&self, instead: Vec<(usize, Reply, i64)>) {
        let _ = self.outcome.set(Outcome {
            is_lost: false,
            instead,
        });
        self.is_done.notify_waiters();
    }

    /// The batch was given up: there was no room to keep it until it can be written.
    pub fn lose(&self) {
        let _ = self.outcome.set(Outcome {
            is_lost: true,
            instead: Vec::new(),
        });
        self.is_done.notify_waiters();
    }
}

impl fmt::Debug for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Commit").field(&self.now()).finish()
    }
}

impl Ended {
    /// The word in the journal.
    pub fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::SameAgain => "same again",
            Self::Closed => "closed",
            Self::GivenUp => "given up",
        }
    }
}

impl TurnOutcome {
    /// Every one, with its word in the journal.
    pub const WORDS: [(Self, &'static str); 7] = [
        (Self::Answered, "answered"),
        (Self::Broken, "broken"),
        (Self::Failed, "failed"),
        (Self::BlockedInput, "blocked input"),
        (Self::BlockedOutput, "blocked output"),
        (Self::Spent, "spent"),
        (Self::Cleared, "cleared"),
    ];

    /// The word in the journal.
    pub fn word(self) -> &'static str {
        let known = Self::WORDS.iter().find(|(outcome, _)| *outcome == self);
        known.map_or("", |(_, word)| word)
    }

    /// Whether a model was asked, so that it counts in budgets.
    pub fn is_counted(self) -> bool {
        matches!(
            self,
            Self::Answered | Self::Broken | Self::Failed | Self::BlockedOutput
        )
    }
}
