//! Pages on which answers can be read: found by the id in their address, and by nothing else. SQLite, and a PostgreSQL that
//! these tests start.

mod common;

use echostr::journal::{Content, Id, Record, SavedAnswer, WrittenText, page_hash};
use echostr::{Journal, Markup, Stage};
use echostr_protocol::Message;
use echostr_store::{Busy, Retention};
use futures_util::FutureExt as _;
use tokio::time::{Duration, timeout};

use common::*;

/// Every one of these on every database.
macro_rules! story {
    ($($name:ident,)*) => {
        mod sqlite {
            $(#[tokio::test] async fn $name() { super::$name(crate::Ground::sqlite()).await; })*
        }

        mod postgres {
            $(#[tokio::test] async fn $name() { super::$name(crate::Ground::postgres()).await; })*
        }
    };
}

story! {
    a_page_shows_its_answer_from_its_beginning_to_its_expiry,
    a_page_tells_how_its_answer_ended,
    a_job_that_is_taken_up_knows_of_its_page,
    a_page_that_was_revoked_stays_closed,
    a_flood_of_page_views_leaves_the_journal_its_connections,
    what_a_page_has_shown_is_read,
    a_page_goes_with_its_follower,
    a_page_keeps_its_answer_until_it_expires_and_its_text_no_longer,
}

const PAGE: Id = 0x1234;
const ANSWER: Id = 7;

/// Looks again until it is so.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    while !is_so().await {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

fn live_page(page: Id, answer: Id, expires_at_ms: i64) -> Record {
    Record::LivePage {
        hash: page_hash(page),
        answer,
        created_at_ms: now_ms(),
        expires_at_ms,
    }
}

fn in_a_day() -> i64 {
    now_ms() + DAY_MS
}

fn running(message: &Message) -> SavedAnswer {
    SavedAnswer {
        has_page: true,
        ..answer(ANSWER, message, Content::Running)
    }
}

fn written_down(message: &Message, content: Content) -> SavedAnswer {
    SavedAnswer {
        written: Some(WrittenText {
            text: "**42**".into(),
            markup: Markup::Markdown,
            stage: Stage::Written,
        }),
        content,
        ..running(message)
    }
}

async fn a_page_shows_its_answer_from_its_beginning_to_its_expiry(ground: Ground) {
    let journal = ground.open().await;
    let pages = journal.pages();
    let message = text("o1", 1, "多少钱");
    let at_once = vec![
        received(&message, Some(replied("a link", "deadline"))),
        Record::Answer(running(&message)),
        live_page(PAGE, ANSWER, in_a_day()),
        live_page(PAGE + 1, ANSWER, now_ms()),
        // An answer that is not there.
        live_page(PAGE + 2, ANSWER + 1, in_a_day()),
    ];
    done(&written(&journal, at_once).await);

    let page = pages.find(PAGE).await.expect("read").expect("found");
    assert_eq!(
        (page.answer, &*page.account, &*page.question, page.stage),
        (ANSWER, SHOP, "多少钱", Stage::Writing)
    );
    for unknown in [0, ANSWER, PAGE + 1, PAGE + 2] {
        assert_eq!(pages.find(unknown).await.expect("read"), None, "{unknown}");
    }

    // It is written to its end, and read in the chat.
    for (content, step) in [(rest("42", 0), 0), (Content::Read, 1)] {
        let answer = SavedAnswer {
            step,
            written: written_down(&message, Content::Read)
                .written
                .filter(|_| step == 0),
            ..written_down(&message, content)
        };
        done(&written(&journal, vec![Record::Answer(answer)]).await);
        let page = pages.find(PAGE).await.expect("read").expect("found");
        assert_eq!(
            (&*page.text, page.markup, page.stage),
            ("**42**", Markup::Markdown, Stage::Written)
        );
    }
}

async fn a_page_tells_how_its_answer_ended(ground: Ground) {
    let journal = ground.open().await;
    let pages = journal.pages();
    let message = text("o1", 1, "多少钱");
    let begin = vec![
        received(&message, None),
        Record::Answer(running(&message)),
        live_page(PAGE, ANSWER, in_a_day()),
    ];
    done(&written(&journal, begin).await);
    for markup in [Markup::Plain, Markup::Markdown] {
        for stage in [Stage::Written, Stage::BrokenOff, Stage::Failed] {
            let written_so = WrittenText {
                text: "42".into(),
                markup,
                stage,
            };
            // Also after it was read in the chat.
            for written_so in [Some(written_so), None] {
                let answer = SavedAnswer {
                    written: written_so,
                    ..written_down(&message, Content::Read)
                };
                done(&written(&journal, vec![Record::Answer(answer)]).await);
                let page = pages.find(PAGE).await.expect("read").expect("found");
                assert_eq!((page.markup, page.stage), (markup, stage));
                assert_eq!(page.text, "42");
            }
        }
    }
    let failed = Record::Answer(answer(ANSWER, &message, Content::Failed));
    done(&written(&journal, vec![failed]).await);
    let page = pages.find(PAGE).await.expect("read").expect("found");
    assert_eq!(page.stage, Stage::Failed);
}

async fn a_job_that_is_taken_up_knows_of_its_page(ground: Ground) {
    let journal = ground.open().await;
    let message = text("o1", 1, "多少钱");
    let records = vec![
        received_at(&message, now_ms(), Some(replied("a link", "deadline"))),
        Record::Answer(running(&message)),
        live_page(PAGE, ANSWER, in_a_day()),
    ];
    done(&written(&journal, records).await);
    journal.close().await;
    let journal = ground.open().await;
    let unfinished = journal.take_up(now_ms() - DAY_MS).await.expect("read");
    let answer = unfinished[0].answer.as_ref().expect("an answer");
    assert!(answer.has_page);
    let open_id = open_id("o1");
    let unread = journal.unread(of(&open_id), 0).await.expect("read");
    assert!(unread[0].has_page);
}

async fn a_page_that_was_revoked_stays_closed(ground: Ground) {
    let journal = ground.open().await;
    let pages = journal.pages();
    let message = text("o1", 1, "多少钱");
    let records = vec![
        received(&message, None),
        Record::Answer(running(&message)),
        live_page(PAGE, ANSWER, in_a_day()),
        live_page(PAGE + 1, ANSWER, in_a_day()),
    ];
    done(&written(&journal, records).await);
    let mut told = pages.revoked();
    for (answer, revoked) in [(ANSWER + 1, 0), (ANSWER, 2), (ANSWER, 0)] {
        let done = journal.pages().revoke(answer, now_ms()).await;
        assert_eq!(done.expect("written"), revoked);
        assert!(told.has_changed().expect("the journal is open"));
        assert!(told.borrow_and_update().contains(&answer));
    }
    // It is not opened again by what is written twice.
    done(&written(&journal, vec![live_page(PAGE, ANSWER, in_a_day())]).await);
    assert_eq!(pages.find(PAGE).await.expect("read"), None);
}

async fn a_flood_of_page_views_leaves_the_journal_its_connections(ground: Ground) {
    let journal = ground.open().await;
    let pages = journal.pages();
    let message = text("o1", 1, "多少钱");
    let records = vec![
        received(&message, None),
        Record::Answer(running(&message)),
        live_page(PAGE, ANSWER, in_a_day()),
    ];
    done(&written(&journal, records).await);
    // All have asked before any is answered.
    let mut views: Vec<_> = (0..1_000).map(|_| Box::pin(pages.find(PAGE))).collect();
    let mut found: Vec<_> = views
        .iter_mut()
        .filter_map(|view| view.as_mut().now_or_never())
        .collect();
    let n_refused = found.len();
    assert!(n_refused >= 900, "{n_refused} are told to come later");
    for refused in found.drain(..) {
        let refused = refused.expect_err("too many");
        assert!(refused.is::<Busy>(), "{refused}");
    }
    // Those views hold two connections, and go no further meanwhile.
    let push = id_of(&message);
    let known = timeout(Duration::from_secs(4), journal.find(&push)).await;
    assert!(known.expect("in time").expect("read").is_some());
    drop(views);
    assert!(pages.find(PAGE).await.expect("read").is_some());
}

async fn what_a_page_has_shown_is_read(ground: Ground) {
    let journal = ground.open().await;
    let pages = journal.pages();
    let message = text("o1", 1, "多少钱");
    let records = vec![
        received(&message, None),
        Record::Answer(written_down(&message, rest("42", 0))),
        Record::Answer(answer(8, &message, rest("without a page", 0))),
        live_page(PAGE, ANSWER, in_a_day()),
    ];
    done(&written(&journal, records).await);
    for answer in [ANSWER, 8] {
        pages.shown(answer).await.expect("written");
    }
    let open_id = open_id("o1");
    let unread = journal.unread(of(&open_id), 0).await.expect("read");
    assert_eq!(unread.len(), 1, "{unread:?}");
    assert_eq!(unread[0].id, 8);
    // Who opens the page again does not wait for whoever writes.
    if let Ground::Sqlite(folder) = &ground {
        let writer = look(folder.path());
        writer.execute_batch("BEGIN IMMEDIATE").expect("locked");
        for answer in [ANSWER, 8, 9] {
            pages.shown(answer).await.expect("nothing is written");
        }
    }
    // What was on its way before does not bring it back.
    let late = Record::Answer(written_down(&message, rest("42", 0)));
    done(&written(&journal, vec![late]).await);
    assert_eq!(
        journal.unread(of(&open_id), 0).await.expect("read").len(),
        1
    );
    let page = pages.find(PAGE).await.expect("read").expect("found");
    assert_eq!(page.text, "**42**");
}

async fn a_page_goes_with_its_follower(ground: Ground) {
    let journal = ground.open().await;
    let pages = journal.pages();
    let message = text("o1", 1, "多少钱");
    let records = vec![
        received(&message, None),
        Record::Answer(written_down(&message, rest("42", 0))),
        live_page(PAGE, ANSWER, in_a_day()),
    ];
    done(&written(&journal, records).await);
    let forget = Record::Forget {
        account: SHOP.into(),
        follower: open_id("o1"),
    };
    done(&written(&journal, vec![forget]).await);
    assert_eq!(pages.find(PAGE).await.expect("read"), None);
    assert_eq!(ground.count("pages"), 0);
}

async fn a_page_keeps_its_answer_until_it_expires_and_its_text_no_longer(ground: Ground) {
    let journal = ground.open().await;
    let old = now_ms() - 40 * DAY_MS;
    let [lives, expires] = [text("o1", 1, "多少钱"), text("o2", 2, "多少钱")];
    let read = |id: Id, message: &Message| {
        Record::Answer(SavedAnswer {
            id,
            expires_at_ms: old,
            ..written_down(message, Content::Read)
        })
    };
    let records = vec![
        received_at(&lives, old, None),
        read(1, &lives),
        live_page(PAGE, 1, in_a_day()),
        received_at(&expires, now_ms(), None),
        read(2, &expires),
        live_page(PAGE + 1, 2, now_ms() - 1),
    ];
    done(&written(&journal, records).await);
    journal.close().await;
    let retention = Retention {
        journal_days: 30,
        unfollowed_days: 30,
    };
    let journal = ground.open_with(retention).await;
    let touch = async || done(&written(&journal, vec![session("o1", "touch", Some("1"))]).await);
    until(async || {
        touch().await;
        ground.count("pages") == 1
    })
    .await;
    let pages = journal.pages();
    let page = pages.find(PAGE).await.expect("read").expect("found");
    assert_eq!(page.text, "**42**");
    assert_eq!(
        ground.count("answers WHERE source IS NOT NULL"),
        1,
        "the text of the other has gone"
    );
}
