//! The strategy `link`: what is late, or too long for a message, is read on a page that can be followed while it is written.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::phone::{Course, Phone, parts};
use common::{FALLBACK, shop};
use echostr::journal::{Commit, Content, Id, SavedAnswer, Spent, Turn, WrittenText, page_hash};
use echostr::journal::{
    FollowerRecord, Found, Link, Of, Page, PushId, Reading, Record, Shown, Unfinished,
};
use echostr::prelude::*;
use echostr::{Following, Interactions, Journal, Markup, MemoryJournal, Pages, Stage, Strategy};
use echostr_simulator::Push;
use futures_util::{StreamExt as _, stream};
use tokio::time::{sleep, timeout};

const WAIT: &str = "这个问题需要多想一会儿。";
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What the handler answers, by what it is asked. A stream has a piece per second, the first one after five.
#[derive(Debug, Clone, Copy)]
enum Script {
    Stream(Markup, &'static [&'static str]),
    Late(&'static str),
    LateMarkdown(&'static str),
    LateArticle,
    LatePicture,
    LateSilence,
    LateError,
    BrokenOff(&'static str),
    Long(usize),
}

impl Script {
    async fn answer(self) -> Result<echostr::Answer> {
        let late = sleep(Duration::from_secs(6));
        Ok(match self {
            Self::Stream(markup, pieces) => {
                let pieces =
                    stream::iter(pieces.iter().enumerate()).then(async |(place, piece)| {
                        sleep(Duration::from_secs(if place == 0 { 5 } else { 1 })).await;
                        (*piece).to_owned()
                    });
                match markup {
                    Markup::Plain => TextStream::new(pieces).into(),
                    Markup::Markdown => TextStream::markdown(pieces).into(),
                }
            }
            Self::Late(text) => {
                late.await;
                text.into()
            }
            Self::LateMarkdown(text) => {
                late.await;
                echostr::IntoAnswer::into_answer(Markdown(text))?
            }
            Self::LateArticle => {
                late.await;
                Article {
                    title: "*今日* [新闻]".into(),
                    description: "第一行\n# 第二行".into(),
                    url: "https://news.example/?a=1&b=2".into(),
                    ..Article::default()
                }
                .into()
            }
            Self::LatePicture => {
                late.await;
                Reply::Image("media".into()).into()
            }
            Self::LateSilence => {
                late.await;
                Reply::Silence.into()
            }
            Self::LateError => {
                late.await;
                return Err("the model is overloaded".into());
            }
            Self::BrokenOff(text) => {
                late.await;
                let pieces = [Ok(text), Err("the connection was reset")];
                TextStream::markdown(stream::iter(pieces)).into()
            }
            Self::Long(n) => "字".repeat(n).into(),
        })
    }
}

/// The journal in memory; it tells which records were written, in which calls.
#[derive(Clone, Default)]
struct Recorded {
    memory: Arc<MemoryJournal>,
    calls: Arc<Mutex<Vec<Vec<Record>>>>,
    unfinished: Arc<Mutex<Vec<Unfinished>>>,
    /// What is written is not done.
    hangs: Arc<Mutex<bool>>,
}

impl Recorded {
    /// The answer behind a page, and the call that has written it.
    #[track_caller]
    fn answer(&self, page: Id, phone: &Phone) -> Option<SavedAnswer> {
        self.memory
            .live_page(&page_hash(page), phone.clock.unix_ms())
    }

    fn calls(&self) -> Vec<Vec<Record>> {
        self.calls.lock().expect("nobody panics").clone()
    }

    /// The process that makes this answer has died: the journal hands out what it has.
    #[track_caller]
    fn die(&self, answer: &SavedAnswer) {
        let calls = self.calls();
        let received = calls.iter().flatten().find_map(|record| match record {
            Record::Received(received) => Some(received.clone()),
            _ => None,
        });
        let received = received.expect("the push was written down");
        *self.unfinished.lock().expect("nobody panics") = vec![Unfinished {
            account: "shop".into(),
            message: received.message,
            received_at_ms: received.received_at_ms,
            is_replied: true,
            answer: Some(SavedAnswer {
                written: None,
                ..answer.clone()
            }),
        }];
    }
}

impl Journal for Recorded {
    fn write(&self, records: Vec<Record>) -> Commit {
        let mut calls = self.calls.lock().expect("nobody panics");
        calls.push(records.clone());
        if *self.hangs.lock().expect("nobody panics") {
            return Commit::of(&Arc::default(), 0);
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
    fn take_up(&self, _: i64) -> Reading<'_, Vec<Unfinished>> {
        let unfinished = std::mem::take(&mut *self.unfinished.lock().expect("nobody panics"));
        Box::pin(std::future::ready(Ok(unfinished)))
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
        self.memory.turns(of, since_ms, limit)
    }

    fn follower_spent<'a>(&'a self, of: Of<'a>, day: i32) -> Reading<'a, Spent> {
        self.memory.follower_spent(of, day)
    }

    fn account_spent<'a>(
        &'a self,
        account: &'a str,
        day: i32,
        month: i32,
    ) -> Reading<'a, (Spent, Spent)> {
        self.memory.account_spent(account, day, month)
    }

    fn session<'a>(&'a self, of: Of<'a>, name: &'a str) -> Reading<'a, Option<String>> {
        self.memory.session(of, name)
    }
}

struct OnPages;

impl Pages for OnPages {
    fn url(&self, page: Id) -> String {
        format!("https://echostr.example/a/{page:032x}")
    }

    fn kept(&self) -> Duration {
        Duration::from_hours(24)
    }
}

fn bot(script: Script, journal: &Recorded) -> Bot {
    Bot::new()
        .on(async |text: Text, State(script): State<Script>| {
            if &*text.content == "写" {
                script.answer().await
            } else {
                Ok(format!("{}好", text.content).into())
            }
        })
        .state(script)
        .account(Account {
            delivery: Strategy::Link,
            ..shop()
        })
        .pages(Arc::new(OnPages))
        .journal(Arc::new(journal.clone()))
}

fn phone(script: Script) -> (Phone, Recorded) {
    let journal = Recorded::default();
    (Phone::new(bot(script, &journal)), journal)
}

/// What stands before the link to the page, the link's label, and the page.
#[track_caller]
fn page_of(text: &str) -> (&str, &str, Id) {
    let (before, link) = text
        .split_once("<a href=\"https://echostr.example/a/")
        .unwrap_or_else(|| panic!("no link to a page in {text:?}"));
    let (id, label) = link.split_once("\">").expect("the end of the tag");
    let id = Id::from_str_radix(id, 16).expect("32 digits");
    let label = label.strip_suffix("</a>").expect("the link ends the text");
    (before.trim_end(), label, id)
}

/// Asks, and gives the page on which the answer will be.
async fn ask(phone: &Phone) -> Id {
    let visit = phone.says("写").await;
    let (before, label, page) = page_of(visit.text());
    assert_eq!((before, label), (WAIT, "点这里看回答"));
    page
}

#[track_caller]
fn follow(phone: &Phone, answer: Id) -> Following {
    phone.bots[0].follow(answer).expect("it is being made")
}

/// What a page shows from now on until the end, one line per change.
async fn watched(following: &Following) -> Vec<String> {
    let mut shown = Vec::new();
    let mut look = following.look(0);
    let first = look.run;
    loop {
        let word = match look.stage {
            Stage::Writing => "…",
            Stage::Written => "。",
            Stage::BrokenOff => "~",
            Stage::Failed => "!",
        };
        let markup = match look.markup {
            Markup::Plain => "",
            Markup::Markdown => "#",
        };
        shown.push(format!("{markup}{}{word}", look.text));
        if look.stage != Stage::Writing {
            return shown;
        }
        let changed = timeout(Duration::from_secs(200), following.changed(&look)).await;
        changed.expect("it goes on");
        look = following.look(0);
        assert_eq!(look.run, first, "one attempt");
    }
}

/// What a page shows of an answer that is late, and what is kept of it. All of it can be read again after `1` has been sent.
async fn check(script: Script, watched_there: &[&str], written: &str, markup: Markup, one: &str) {
    check_end(script, watched_there, written, markup, Stage::Written, one).await;
}

async fn check_end(
    script: Script,
    watched_there: &[&str],
    written: &str,
    markup: Markup,
    stage: Stage,
    one: &str,
) {
    let (phone, journal) = phone(script);
    let page = ask(&phone).await;
    let answer = journal.answer(page, &phone).expect("it has a page");
    let following = follow(&phone, answer.id);
    assert_eq!(watched(&following).await, watched_there, "{script:?}");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(phone.says("1").await.text(), one, "{script:?}");
    // Also after it was read, and its job is forgotten.
    sleep(Duration::from_mins(2)).await;
    assert!(phone.bots[0].follow(answer.id).is_none(), "{script:?}");
    let answer = journal
        .answer(page, &phone)
        .expect("a page lives for a day");
    let expected = WrittenText {
        text: written.into(),
        markup,
        stage,
    };
    assert_eq!(answer.written, Some(expected), "{script:?}");
    phone.at(DAY_MS + 10_000).await;
    assert!(journal.answer(page, &phone).is_none(), "{script:?}");
}

#[tokio::test(start_paused = true)]
async fn a_page_shows_a_text_while_it_is_written_and_for_a_day() {
    use Markup::{Markdown, Plain};
    let pieces = &["# 一\n\n", "- **二**\n", "- 三"];
    check(
        Script::Stream(Markdown, pieces),
        // The stream has not begun after 4.5 s.
        &[
            "#…",
            "## 一\n\n…",
            "## 一\n\n- **二**\n…",
            "## 一\n\n- **二**\n- 三。",
        ],
        "# 一\n\n- **二**\n- 三",
        Markdown,
        "【一】\n\n• 二\n• 三",
    )
    .await;
    check(
        Script::Stream(Plain, &["一。", "二。"]),
        &["…", "一。…", "一。二。。"],
        "一。二。",
        Plain,
        "一。二。",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_page_shows_every_kind_of_answer() {
    use Markup::{Markdown, Plain};
    check(Script::Late("42"), &["…", "42。"], "42", Plain, "42").await;
    let table = "|a|b|\n|-|-|\n|1|2|";
    check(
        Script::LateMarkdown(table),
        &["…", &format!("#{table}。")],
        table,
        Markdown,
        "▎a: b\n1: 2",
    )
    .await;
    // Nothing is left to be read, so `1` is an ordinary text.
    check(Script::LateSilence, &["…", "。"], "", Plain, "1好").await;
}

#[tokio::test(start_paused = true)]
async fn a_page_tells_an_answer_that_broke_off_from_a_whole_one() {
    check_end(
        Script::BrokenOff("**一**。"),
        &["…", "#**一**。~"],
        "**一**。",
        Markup::Markdown,
        Stage::BrokenOff,
        "一。",
    )
    .await;
    check_end(
        Script::LateError,
        &["…", &format!("{FALLBACK}!")],
        FALLBACK,
        Markup::Plain,
        Stage::Failed,
        FALLBACK,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_takes_up_has_failed() {
    let (phone, journal) = phone(Script::Late("42"));
    let page = ask(&phone).await;
    let before = journal.answer(page, &phone).expect("it has a page");
    journal.die(&before);
    let next = Bot::new()
        .account(Account {
            id: "another".into(),
            ..shop()
        })
        .journal(Arc::new(journal.clone()));
    assert_eq!(next.resume().await.expect("the journal can be read"), 0);
    let after = journal.answer(page, &phone).expect("the same page");
    assert_eq!(after.content, Content::Failed);
}

#[tokio::test(start_paused = true)]
async fn an_article_can_be_read_on_a_page_and_a_picture_in_the_chat() {
    for (script, expected) in [
        (
            Script::LateArticle,
            "### \\*今日\\* \\[新闻\\]\n\n第一行 \\# 第二行\n\n<https://news.example/?a=1&b=2>",
        ),
        (Script::LatePicture, ""),
    ] {
        let (phone, journal) = phone(script);
        let page = ask(&phone).await;
        sleep(Duration::from_secs(10)).await;
        let answer = journal.answer(page, &phone).expect("it has a page");
        let look = follow(&phone, answer.id).look(0);
        assert_eq!((&*look.text, look.stage), (expected, Stage::Written));
        // A page cannot show it as the chat does: there it waits.
        assert!(phone.bots[0].was_shown(answer.id).await);
        assert!(matches!(
            phone.says("1").await.reply(),
            Some(Reply::News(_) | Reply::Image(_))
        ));
    }
}

#[tokio::test(start_paused = true)]
async fn the_page_is_written_together_with_the_reply_that_names_it() {
    let (phone, journal) = phone(Script::Late("42"));
    let page = ask(&phone).await;
    let calls = journal.calls();
    let call = calls.iter().find(|call| {
        let mut records = call.iter();
        records.any(|record| matches!(record, Record::LivePage { .. }))
    });
    let call = call.expect("a page was written");
    let [
        Record::Replied(_, _, replied),
        Record::Answer(answer),
        Record::LivePage {
            hash,
            answer: of,
            created_at_ms,
            expires_at_ms,
        },
    ] = &**call
    else {
        panic!("other records: {call:#?}");
    };
    let Reply::Text(text) = &*replied.reply else {
        panic!("not a text");
    };
    assert_eq!(page_of(text).2, page);
    assert_eq!(*hash, page_hash(page));
    assert_ne!(*of, page, "the address does not tell the answer's id");
    assert_eq!((*of, &answer.content), (answer.id, &Content::Running));
    assert_eq!(expires_at_ms - created_at_ms, 24 * 60 * 60 * 1000);

    let given = phone.bots[0].given_page(page).expect("it is in memory");
    assert_eq!((given.answer, &*given.question), (*of, "写"));
    assert_eq!(given.expires_at_ms, *expires_at_ms);
    assert!(given.is_written);
    assert!(phone.bots[0].given_page(page + 1).is_none());
    sleep(Duration::from_mins(2)).await;
    assert!(phone.bots[0].given_page(page).is_none(), "it has ended");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_not_written_yet_is_in_memory() {
    let (phone, journal) = phone(Script::Late("42"));
    *journal.hangs.lock().expect("nobody panics") = true;
    let page = ask(&phone).await;
    let given = phone.bots[0].given_page(page).expect("it is in memory");
    assert!(!given.is_written);
}

#[tokio::test(start_paused = true)]
async fn what_is_ready_in_time_and_fits_has_no_page() {
    let (phone, journal) = phone(Script::Long(600));
    assert_eq!(phone.says("写").await.text(), "字".repeat(600));
    let calls = journal.calls();
    let mut records = calls.iter().flatten();
    assert!(!records.any(|record| matches!(record, Record::LivePage { .. })));
}

#[tokio::test(start_paused = true)]
async fn what_is_ready_in_time_but_too_long_begins_in_the_chat_and_is_whole_on_its_page() {
    let (phone, journal) = phone(Script::Long(1_000));
    let visit = phone.says("写").await;
    let (begin, label, page) = page_of(visit.text());
    assert_eq!(label, "继续");
    assert!(begin.len() > 1_500 && begin.chars().all(|character| character == '字'));
    assert!(parts(visit.text()).1.is_empty(), "one link, not two");
    let answer = journal.answer(page, &phone).expect("it has a page");
    let written = answer.written.expect("all of it has come").text;
    assert_eq!(written, "字".repeat(1_000));
    // In the chat it goes on where it stopped.
    let rest = phone.says("1").await;
    assert_eq!(begin.len() + rest.text().len(), 3 * 1_000);
    assert_eq!(phone.says("1").await.text(), "1好");
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_still_answered_has_one_page_however_often_it_is_asked_for() {
    let (phone, journal) = phone(Script::Stream(
        Markup::Plain,
        &["一", "二", "三", "四", "五"],
    ));
    let page = ask(&phone).await;
    let again = phone.says("1").await;
    assert_eq!(page_of(again.text()).2, page);
    assert!(journal.answer(page, &phone).is_some());
    sleep(Duration::from_secs(10)).await;
    assert_eq!(phone.says("1").await.text(), "一二三四五");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_of_answers_that_have_pages() {
    let (phone, _) = phone(Script::Late("42"));
    for _ in 0..2 {
        ask(&phone).await;
    }
    sleep(Duration::from_mins(1)).await;
    for _ in 0..2 {
        let shown = phone.says("1").await;
        // No 「还有 1 条回答」.
        assert!(shown.text().ends_with("42"), "{}", shown.text());
    }
    assert_eq!(phone.says("1").await.text(), "1好");
}

#[tokio::test(start_paused = true)]
async fn what_a_page_has_shown_does_not_wait_in_the_chat() {
    let (phone, journal) = phone(Script::Late("42"));
    let page = ask(&phone).await;
    sleep(Duration::from_secs(7)).await;
    let answer = journal.answer(page, &phone).expect("it has a page");
    assert!(phone.bots[0].was_shown(answer.id).await);
    assert_eq!(phone.says("1").await.text(), "1好");
    sleep(Duration::from_mins(1)).await;
    assert_eq!(phone.says("继续").await.text(), "继续好");
    let answer = journal.answer(page, &phone).expect("it has a page");
    assert_eq!(answer.content, Content::Read);
    assert_eq!(answer.written.expect("it is kept").text, "42");
    // It is in the journal only.
    assert!(!phone.bots[0].was_shown(answer.id).await);
}

#[tokio::test(start_paused = true)]
async fn while_it_is_written_a_page_has_not_shown_all_of_it() {
    let (phone, journal) = phone(Script::Stream(Markup::Plain, &["一", "二"]));
    let page = ask(&phone).await;
    let answer = journal.answer(page, &phone).expect("it has a page");
    assert!(phone.bots[0].was_shown(answer.id).await);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(phone.says("1").await.text(), "一二");
}

#[tokio::test(start_paused = true)]
async fn a_page_goes_on_when_another_process_takes_the_answer_up() {
    let (phone, journal) = phone(Script::Stream(Markup::Markdown, &["一\n\n", "二"]));
    let page = ask(&phone).await;
    let before = journal.answer(page, &phone).expect("it has a page");
    let first = follow(&phone, before.id).look(0).run;
    journal.die(&before);
    let next = bot(
        Script::Stream(Markup::Markdown, &["三\n\n", "四"]),
        &journal,
    )
    .clock(phone.clock);
    assert_eq!(next.resume().await.expect("the journal can be read"), 1);
    let following = next.follow(before.id).expect("it is made again");
    assert_ne!(following.look(0).run, first);
    assert_eq!(watched(&following).await, ["…", "#三\n\n…", "#三\n\n四。"]);
    sleep(Duration::from_mins(1)).await;
    let answer = journal.answer(page, &phone).expect("the same page");
    assert_eq!(answer.written.expect("all has come").text, "三\n\n四");
}

#[tokio::test(start_paused = true)]
async fn an_account_without_the_strategy_has_no_pages() {
    let journal = Recorded::default();
    let bot = bot(Script::Late("42"), &journal).account(shop());
    let phone = Phone::new(bot);
    let visit = phone
        .push(Push::text("写"), &Course::at(&[0, 5_000, 10_000]))
        .await;
    assert_eq!(visit.text(), "42");
    let calls = journal.calls();
    assert!(calls.iter().flatten().all(|record| match record {
        Record::LivePage { .. } => false,
        Record::Answer(answer) => !answer.has_page && answer.written.is_none(),
        _ => true,
    }));
}
