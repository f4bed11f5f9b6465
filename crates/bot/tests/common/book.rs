//! A journal in memory that shows the turns of language models, and can be slow or unreadable.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use echostr::journal::{
    Batch, Commit, FollowerRecord, Found, Journal, Link, Of, Page, PushId, Reading, Record,
    SavedAnswer, Shown, Spent, Turn, Unfinished,
};
use echostr::protocol::MediaId;
use echostr::{Interactions, MemoryJournal};

/// What was written about language models.
#[derive(Default)]
pub(crate) struct Book {
    memory: MemoryJournal,
    turns: Mutex<Vec<Turn>>,
    /// Turns, followers and what was spent cannot be read.
    pub(crate) is_unreadable: AtomicBool,
    /// What is written is not there at once, but when [`Book::settle`] says so.
    pub(crate) is_slow: AtomicBool,
    unsettled: Mutex<Vec<(Vec<Record>, Arc<Batch>)>>,
}

impl Book {
    /// All turns, in the order in which they were written.
    pub(crate) fn turns(&self) -> Vec<Turn> {
        self.turns.lock().expect("nobody panics").clone()
    }

    pub(crate) async fn has_turns(&self, n: usize) {
        super::soon(async {
            while self.turns().len() < n {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        })
        .await;
    }

    /// What was written slowly is there.
    pub(crate) fn settle(&self) {
        let unsettled = std::mem::take(&mut *self.unsettled.lock().expect("nobody panics"));
        for (records, batch) in unsettled {
            self.memory.write(records);
            batch.finish(Vec::new());
        }
    }

    fn read<'a, T: Send + 'a>(&self, reading: Reading<'a, T>) -> Reading<'a, T> {
        if self.is_unreadable.load(Ordering::Relaxed) {
            return Box::pin(async { Err("the disk is away".into()) });
        }
        reading
    }
}

impl Journal for Book {
    fn write(&self, records: Vec<Record>) -> Commit {
        let turns = records.iter().filter_map(|record| match record {
            Record::Turn(turn) => Some(turn.clone()),
            _ => None,
        });
        let turns: Vec<_> = turns.collect();
        let is_slow = self.is_slow.load(Ordering::Relaxed) && !turns.is_empty();
        self.turns.lock().expect("nobody panics").extend(turns);
        if is_slow {
            let batch = Arc::new(Batch::default());
            let commit = Commit::of(&batch, 0);
            let mut unsettled = self.unsettled.lock().expect("nobody panics");
            unsettled.push((records, batch));
            return commit;
        }
        self.memory.write(records)
    }

    fn find<'a>(&'a self, push: &'a PushId) -> Reading<'a, Option<Found>> {
        self.memory.find(push)
    }

    fn page<'a>(&'a self, of: Of<'a>, link: &'a Link) -> Reading<'a, Option<Page>> {
        self.memory.page(of, link)
    }

    fn unread<'a>(&'a self, of: Of<'a>, now_ms: i64) -> Reading<'a, Vec<SavedAnswer>> {
        self.memory.unread(of, now_ms)
    }

    fn latest_text<'a>(&'a self, of: Of<'a>, since_ms: i64) -> Reading<'a, Option<Shown>> {
        self.memory.latest_text(of, since_ms)
    }

    fn next_number<'a>(&'a self, of: Of<'a>) -> Reading<'a, u64> {
        self.memory.next_number(of)
    }

    fn take_up(&self, since_ms: i64) -> Reading<'_, Vec<Unfinished>> {
        self.memory.take_up(since_ms)
    }

    fn follower<'a>(&'a self, of: Of<'a>) -> Reading<'a, Option<FollowerRecord>> {
        self.memory.follower(of)
    }

    fn interactions<'a>(&'a self, of: Of<'a>, since_ms: i64) -> Reading<'a, Interactions> {
        self.memory.interactions(of, since_ms)
    }

    fn uploaded<'a>(
        &'a self,
        account: &'a str,
        hash: &'a [u8; 32],
        now_ms: i64,
    ) -> Reading<'a, Option<MediaId>> {
        self.memory.uploaded(account, hash, now_ms)
    }

    fn has_written<'a>(&'a self, of: Of<'a>, before: &'a PushId) -> Reading<'a, bool> {
        self.memory.has_written(of, before)
    }

    fn turns<'a>(&'a self, of: Of<'a>, since_ms: i64, limit: u32) -> Reading<'a, Vec<Turn>> {
        self.read(self.memory.turns(of, since_ms, limit))
    }

    fn follower_spent<'a>(&'a self, of: Of<'a>, day: i32) -> Reading<'a, Spent> {
        self.read(self.memory.follower_spent(of, day))
    }

    fn account_spent<'a>(
        &'a self,
        account: &'a str,
        day: i32,
        month: i32,
    ) -> Reading<'a, (Spent, Spent)> {
        self.read(self.memory.account_spent(account, day, month))
    }

    fn session<'a>(&'a self, of: Of<'a>, name: &'a str) -> Reading<'a, Option<String>> {
        self.memory.session(of, name)
    }
}
