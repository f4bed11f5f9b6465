//! What a journal promises, told once and true of every database: SQLite, and a PostgreSQL that these tests start.

mod common;

use echostr::journal::{
    Content, Ended, Link, Record, Replied, SavedAnswer, SentMessage, SentOutcome, TurnOutcome,
    Written, by,
};
use echostr::{Interactions, Journal, Reply, Trigger};
use echostr_protocol::Message;
use echostr_store::Retention;

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
    a_batch_of_known_and_new_pushes_keeps_everything,
    a_push_is_found_with_its_reply,
    the_first_reply_counts,
    calls_of_one_batch_do_not_mix_their_outcomes,
    every_kind_of_push_and_reply_is_kept,
    of_two_pages_one_wins,
    a_page_that_is_not_shown_does_not_move_its_answer,
    another_followers_link_leads_nowhere,
    a_link_without_a_number_is_found_by_its_id,
    unread_answers_come_oldest_first_and_expire,
    an_answer_is_overtaken_by_questions_but_not_by_taps,
    a_new_question_overtakes,
    the_latest_text_is_the_last_one_that_was_shown,
    numbers_never_repeat,
    unfinished_pushes_are_taken_up_once,
    a_follower_is_known_by_what_came,
    a_session_holds_what_was_set_last,
    an_answer_outlives_the_push_that_was_given_up,
    what_a_follower_did_and_was_sent_lately_is_known,
    what_allows_nothing_does_not_hide_what_does,
    nobody_becomes_known_by_a_message_that_was_refused,
    a_file_is_known_until_the_platform_deletes_it,
    what_was_written_is_there_after_opening_again,
    forgetting_leaves_nothing,
    what_a_job_still_writes_does_not_bring_a_forgotten_follower_back,
    what_is_too_old_is_deleted_but_for_answers_that_can_be_read,
}

async fn a_push_is_found_with_its_reply(ground: Ground) {
    let journal = ground.open().await;
    let message = text("o1", 1, "你好");
    assert!(
        journal
            .find(&id_of(&message))
            .await
            .expect("read")
            .is_none()
    );

    let records = vec![
        received(&message, Some(replied("你好，再见", "echo"))),
        delivery(&message, 1, Ended::Answered),
    ];
    done(&written(&journal, records).await);

    let found = journal
        .find(&id_of(&message))
        .await
        .expect("read")
        .expect("found");
    assert_eq!(found.received_at_ms, (START + 1) * 1000);
    assert_eq!(found.reply, Some((Reply::from("你好，再见"), START + 100)));
    assert!(found.answer.is_none());
    let other = id_of(&text("o1", 2, "你好"));
    assert!(journal.find(&other).await.expect("read").is_none());
}

async fn the_first_reply_counts(ground: Ground) {
    let journal = ground.open().await;
    let message = text("o1", 1, "你好");
    let first = Written::Instead(Reply::from("first"), START + 100);

    done(&written(&journal, vec![received(&message, None)]).await);
    done(&written(&journal, vec![received(&message, None)]).await);
    let filled_in = received(&message, Some(replied("first", "echo")));
    done(&written(&journal, vec![filled_in]).await);

    let later = received(&message, Some(replied("second", "echo")));
    assert_eq!(written(&journal, vec![later]).await, first);
    let later = reply_to(&message, replied("third", "echo"));
    assert_eq!(written(&journal, vec![later]).await, first);
    assert_eq!(
        written(&journal, vec![received(&message, None)]).await,
        first
    );
    assert_eq!(ground.count("messages"), 1);

    // Silence is a reply.
    let quiet = text("o1", 2, "…");
    let records = vec![
        received(&quiet, None),
        reply_to(&quiet, replied(Reply::Silence, "none")),
    ];
    done(&written(&journal, records).await);
    let later = reply_to(&quiet, replied("late", "echo"));
    let silence = Written::Instead(Reply::Silence, START + 100);
    assert_eq!(written(&journal, vec![later]).await, silence);
}

async fn calls_of_one_batch_do_not_mix_their_outcomes(ground: Ground) {
    let journal = ground.open().await;
    let (known, new) = (text("o1", 1, "a"), text("o2", 1, "b"));
    done(&written(&journal, vec![received(&known, Some(replied("A", "echo")))]).await);
    let commits = [
        journal.write(vec![received(&new, Some(replied("B", "echo")))]),
        journal.write(vec![received(&known, Some(replied("C", "echo")))]),
        journal.write(vec![delivery(&new, 1, Ended::Answered)]),
    ];
    let instead = Written::Instead(Reply::from("A"), START + 100);
    for (commit, expected) in commits.iter().zip([Written::Done, instead, Written::Done]) {
        assert_eq!(commit.wait().await, expected);
    }
}

async fn a_batch_of_known_and_new_pushes_keeps_everything(ground: Ground) {
    let journal = ground.open().await;
    let push = |n| text("o1", n, "hi");
    let hi = |reply: &str| Some(replied(reply, "echo"));
    done(&written(&journal, vec![received(&push(1), hi("A"))]).await);
    let mut commits = vec![
        journal.write(vec![
            received(&push(2), None),
            delivery(&push(2), 1, Ended::Closed),
        ]),
        // Known, between two that are new.
        journal.write(vec![received(&push(1), hi("B"))]),
        journal.write(vec![
            received(&push(3), hi("C")),
            delivery(&push(3), 1, Ended::Answered),
        ]),
        // New a moment ago.
        journal.write(vec![received(&push(2), None)]),
        journal.write(vec![received(&push(2), hi("D"))]),
        journal.write(vec![reply_to(&push(2), replied("E", "echo"))]),
        journal.write(vec![reply_to(&push(9), replied("never received", "echo"))]),
        journal.write(vec![delivery(&push(9), 1, Ended::Answered)]),
        journal.write(vec![
            delivery(&push(2), 2, Ended::Closed),
            delivery(&push(2), 3, Ended::Answered),
        ]),
        journal.write(vec![received(&push(1), None), received(&push(4), None)]),
    ];
    commits.extend((10..40).map(|n| journal.write(vec![received(&text("o2", n, "hi"), None)])));
    let instead = |reply: &str| Written::Instead(Reply::from(reply), START + 100);
    let expected = [
        Written::Done,
        instead("A"),
        Written::Done,
        Written::Done,
        Written::Done,
        instead("D"),
        Written::Done,
        Written::Done,
        Written::Done,
        instead("A"),
    ];
    for (commit, expected) in commits.iter().zip(expected) {
        assert_eq!(commit.wait().await, expected);
    }
    journal.close().await;
    assert_eq!(ground.count("messages"), 34);
    assert_eq!(ground.count("deliveries"), 4);
    assert_eq!(ground.count("followers"), 2);

    // All of them hang together, also for the next process.
    let journal = ground.open().await;
    done(&written(&journal, vec![forget("o1")]).await);
    assert_eq!(ground.count("messages"), 30);
    assert_eq!(ground.count("deliveries"), 0);
    done(&written(&journal, vec![forget("o2")]).await);
    for (table, n_rows) in rows(&ground) {
        assert_eq!(n_rows, 0, "{table}");
    }
}

async fn every_kind_of_push_and_reply_is_kept(ground: Ground) {
    let journal = ground.open().await;
    let article = echostr::Article {
        title: "标题".into(),
        url: "https://example.com/".into(),
        ..echostr::Article::default()
    };
    let replies = [
        Reply::from("'; DROP TABLE messages; --"),
        Reply::Image("media".into()),
        Reply::from(article),
        Reply::TransferCustomerService(None),
        Reply::TransferBizAiIvr,
        Reply::Silence,
    ];
    for (n, reply) in (1..).zip(replies) {
        let message = event("o1", n, "CLICK", "<EventKey>'\"</EventKey>");
        done(
            &written(
                &journal,
                vec![received(&message, Some(replied(reply.clone(), "echo")))],
            )
            .await,
        );
        let found = journal
            .find(&id_of(&message))
            .await
            .expect("read")
            .expect("found");
        assert_eq!(found.reply, Some((reply, START + 100)));
    }
}

async fn of_two_pages_one_wins(ground: Ground) {
    let journal = ground.open().await;
    let message = text("o1", 1, "多少钱");
    let records = vec![
        received(&message, Some(replied("稍等", by::DEADLINE))),
        Record::Answer(answer(7, &message, rest("abcdef", 0))),
        Record::Link(link(70, "o1", 1, 7, 0)),
        Record::Link(link(71, "o1", 2, 7, 0)),
    ];
    done(&written(&journal, records).await);

    // Two taps on two links to one part: two pushes, one page.
    let (tap, other_tap) = (text("o1", 2, "继续1"), text("o1", 3, "继续2"));
    let fetch = |tap: &std::sync::Arc<Message>, link, shown: &str| {
        vec![
            received(tap, Some(replied(shown, by::OUTBOX))),
            page(link, 7, 0, shown, rest("abcdef", 3)),
        ]
    };
    done(&written(&journal, fetch(&tap, 70, "abc")).await);
    let o1 = open_id("o1");
    let other_link = journal.page(of(&o1), &Link::Id(71)).await;
    let other_link = other_link.expect("read").expect("a page");
    assert_eq!(other_link.fixed, Some(Reply::from("abc")), "fixed for both");
    let instead = Written::Instead(Reply::from("abc"), START + 200);
    assert_eq!(
        written(&journal, fetch(&other_tap, 71, "ab")).await,
        instead
    );
    // The push that came second has the page that counts.
    let found = journal
        .find(&id_of(&other_tap))
        .await
        .expect("read")
        .expect("found");
    assert_eq!(found.reply.expect("a reply").0, Reply::from("abc"));

    for link in [Link::Id(70), Link::Number(1), Link::Id(71), Link::Number(2)] {
        let page = journal
            .page(of(&o1), &link)
            .await
            .expect("read")
            .expect("a page");
        assert_eq!(page.fixed, Some(Reply::from("abc")), "{link:?}");
        assert_eq!(page.answer.content, rest("abcdef", 3));
        assert_eq!(page.answer.step, 1, "it moved once");
    }

    // The same tap again, on another server: the same page, and nothing moves.
    assert_eq!(
        written(&journal, fetch(&tap, 70, "abc")).await,
        Written::Instead(Reply::from("abc"), START + 100)
    );
    let page = journal
        .page(of(&o1), &Link::Id(70))
        .await
        .expect("read")
        .expect("a page");
    assert_eq!(page.answer.step, 1);
}

async fn a_page_that_is_not_shown_does_not_move_its_answer(ground: Ground) {
    let journal = ground.open().await;
    let (message, tap) = (text("o1", 1, "多少钱"), text("o1", 2, "继续"));
    let records = vec![
        received(&message, Some(replied("稍等", by::DEADLINE))),
        Record::Answer(answer(7, &message, rest("abcdef", 0))),
        Record::Link(link(70, "o1", 1, 7, 0)),
        received(&tap, Some(replied("busy", by::BUSY))),
    ];
    done(&written(&journal, records).await);
    let records = vec![
        page(70, 7, 0, "abc", rest("abcdef", 3)),
        reply_to(&tap, replied("abc", by::OUTBOX)),
    ];
    let busy = Written::Instead(Reply::from("busy"), START + 100);
    assert_eq!(written(&journal, records).await, busy);
    let o1 = open_id("o1");
    let page = journal
        .page(of(&o1), &Link::Id(70))
        .await
        .expect("read")
        .expect("a page");
    assert_eq!((page.fixed, page.answer.step), (None, 0));
}

async fn another_followers_link_leads_nowhere(ground: Ground) {
    let journal = ground.open().await;
    let message = text("o1", 1, "多少钱");
    let records = vec![
        received(&message, None),
        received(&text("o2", 1, "hi"), None),
        Record::Answer(answer(7, &message, rest("secret", 0))),
        Record::Link(link(70, "o1", 1, 7, 0)),
    ];
    done(&written(&journal, records).await);
    let (o1, o2, nobody) = (open_id("o1"), open_id("o2"), open_id("o3"));
    for link in [Link::Id(70), Link::Number(1)] {
        assert!(journal.page(of(&o1), &link).await.expect("read").is_some());
        assert!(journal.page(of(&o2), &link).await.expect("read").is_none());
        assert!(
            journal
                .page(of(&nobody), &link)
                .await
                .expect("read")
                .is_none()
        );
    }
    let elsewhere = echostr::journal::Of {
        account: "other",
        follower: &o1,
    };
    assert!(
        journal
            .page(elsewhere, &Link::Id(70))
            .await
            .expect("read")
            .is_none()
    );
    assert!(
        journal
            .page(of(&o1), &Link::Number(u64::MAX))
            .await
            .expect("read")
            .is_none()
    );
}

async fn a_link_without_a_number_is_found_by_its_id(ground: Ground) {
    let journal = ground.open().await;
    let message = text("o1", 1, "多少钱");
    let records = vec![
        received(&message, None),
        Record::Answer(answer(7, &message, Content::Running)),
        Record::Link(link(70, "o1", 0, 7, 0)),
        Record::Link(link(71, "o1", 0, 7, 0)),
    ];
    done(&written(&journal, records).await);
    let o1 = open_id("o1");
    for id in [70, 71] {
        let page = journal
            .page(of(&o1), &Link::Id(id))
            .await
            .expect("read")
            .expect("a page");
        assert_eq!(
            (page.link.number, page.answer.content),
            (0, Content::Running)
        );
    }
    assert!(
        journal
            .page(of(&o1), &Link::Number(0))
            .await
            .expect("read")
            .is_none()
    );
}

async fn unread_answers_come_oldest_first_and_expire(ground: Ground) {
    let journal = ground.open().await;
    let o1 = open_id("o1");
    let contents = [
        Content::Running,
        rest("text", 2),
        Content::Other(Reply::Image("media".into())),
        Content::Failed,
        Content::Read,
    ];
    // Written in another order than asked.
    for (n, content) in (0_u32..5).zip(contents).rev() {
        let message = text("o1", i64::from(n), "多少钱");
        let saved = answer(u128::from(n), &message, content);
        let records = vec![received(&message, None), Record::Answer(saved)];
        done(&written(&journal, records).await);
    }
    let ids = |now_ms| {
        let (journal, o1) = (&journal, &o1);
        async move {
            let unread = journal.unread(of(o1), now_ms).await.expect("read");
            unread.iter().map(|answer| answer.id).collect::<Vec<_>>()
        }
    };
    let week_ms = 7 * DAY_MS;
    assert_eq!(ids(START * 1000).await, [0, 1, 2]);
    assert_eq!(ids(START * 1000 + week_ms).await, [1, 2]);
    assert_eq!(ids((START + 2) * 1000 + week_ms).await, [] as [u128; 0]);
    let nobody = open_id("o2");
    assert!(
        journal
            .unread(of(&nobody), 0)
            .await
            .expect("read")
            .is_empty()
    );

    let unread = journal.unread(of(&o1), 0).await.expect("read");
    assert_eq!(unread[1].content, rest("text", 2));
    assert_eq!(unread[1].push.key, id_of(&text("o1", 1, "多少钱")).key);
    assert_eq!(&*unread[1].push.account, SHOP);
    assert_eq!(unread[1].question, "多少钱");
}

async fn an_answer_is_overtaken_by_questions_but_not_by_taps(ground: Ground) {
    let journal = ground.open().await;
    let o1 = open_id("o1");
    let message = text("o1", 1, "多少钱");
    let saved = answer(7, &message, Content::Running);
    let records = vec![received(&message, None), Record::Answer(saved)];
    done(&written(&journal, records).await);
    let is_overtaken = || async { journal.unread(of(&o1), 0).await.expect("read")[0].is_overtaken };
    assert!(!is_overtaken().await);
    for (n, what) in (2..).zip(["继续", "1", "more12"]) {
        done(&written(&journal, vec![received(&text("o1", n, what), None)]).await);
        assert!(!is_overtaken().await, "{what}");
    }
    done(&written(&journal, vec![received(&event("o1", 5, "VIEW", ""), None)]).await);
    let fetched = received(&text("o1", 6, "给我"), Some(replied("…", by::OUTBOX)));
    done(&written(&journal, vec![fetched]).await);
    done(&written(&journal, vec![received(&text("o2", 7, "别人的问题"), None)]).await);
    assert!(!is_overtaken().await);
    // The bot answered it, so it was a question after all.
    let one = text("o1", 3, "1");
    done(&written(&journal, vec![reply_to(&one, replied("一", "echo"))]).await);
    assert!(is_overtaken().await);
}

async fn a_new_question_overtakes(ground: Ground) {
    let journal = ground.open().await;
    let o1 = open_id("o1");
    let message = text("o1", 1, "多少钱");
    let saved = answer(7, &message, Content::Running);
    let records = vec![
        received(&message, None),
        Record::Answer(saved),
        received(&text("o1", 2, "在哪里"), None),
    ];
    done(&written(&journal, records).await);
    assert!(journal.unread(of(&o1), 0).await.expect("read")[0].is_overtaken);
    let found = journal
        .find(&id_of(&message))
        .await
        .expect("read")
        .expect("found");
    assert!(found.answer.expect("its answer").is_overtaken);
}

async fn the_latest_text_is_the_last_one_that_was_shown(ground: Ground) {
    let journal = ground.open().await;
    let o1 = open_id("o1");
    assert!(
        journal
            .latest_text(of(&o1), 0)
            .await
            .expect("read")
            .is_none()
    );
    let at = |reply: &str, replied_at| Replied {
        replied_at,
        ..replied(reply, "echo")
    };
    let held = text("o1", 1, "慢");
    let records = vec![
        received(&held, None),
        received(&text("o1", 2, "快"), Some(at("quick", START + 3))),
        received(
            &text("o1", 3, "图"),
            Some(replied(Reply::Image("media".into()), "echo")),
        ),
        received(&text("o2", 3, "别人"), Some(at("not theirs", START + 99))),
    ];
    done(&written(&journal, records).await);
    let shown = journal
        .latest_text(of(&o1), START * 1000)
        .await
        .expect("read")
        .expect("a text");
    assert_eq!(
        (shown.text.as_str(), shown.replied_at),
        ("quick", START + 3)
    );
    assert_eq!(shown.created_at, START + 2);
    assert_eq!(shown.key, id_of(&text("o1", 2, "快")).key);

    done(&written(&journal, vec![reply_to(&held, at("slow", START + 9))]).await);
    let shown = journal
        .latest_text(of(&o1), START * 1000)
        .await
        .expect("read")
        .expect("a text");
    assert_eq!(shown.text, "slow", "shown later, though asked earlier");
    let later = journal.latest_text(of(&o1), (START + 10) * 1000).await;
    assert!(later.expect("read").is_none());
}

async fn numbers_never_repeat(ground: Ground) {
    let (o1, o2) = (open_id("o1"), open_id("o2"));
    let journal = ground.open().await;
    assert_eq!(journal.next_number(of(&o1)).await.expect("drawn"), 1);
    let (a, b) = tokio::join!(journal.next_number(of(&o1)), journal.next_number(of(&o1)));
    let mut both = [a.expect("drawn"), b.expect("drawn")];
    both.sort_unstable();
    assert_eq!(both, [2, 3]);
    assert_eq!(journal.next_number(of(&o2)).await.expect("drawn"), 1);
    journal.close().await;

    let journal = ground.open().await;
    assert_eq!(journal.next_number(of(&o1)).await.expect("drawn"), 4);
    let record = journal
        .follower(of(&o1))
        .await
        .expect("read")
        .expect("known");
    assert_eq!(record.last_number, 4);
}

async fn unfinished_pushes_are_taken_up_once(ground: Ground) {
    let answered = text("o1", 1, "answered");
    let held = text("o1", 2, "held");
    let placeholder = text("o1", 3, "placeholder");
    let finished = text("o1", 4, "finished, but not replied");
    let old = text("o1", -600, "too old");
    let records = vec![
        received(&old, Some(replied("稍等", by::DEADLINE))),
        Record::Answer(answer(5, &old, Content::Running)),
        received(&answered, Some(replied("hi", "echo"))),
        received(&held, None),
        received(&placeholder, Some(replied("稍等", by::DEADLINE))),
        Record::Answer(answer(6, &placeholder, Content::Running)),
        received(&finished, None),
        Record::Answer(answer(7, &finished, rest("all", 0))),
    ];
    let journal = ground.open().await;
    done(&written(&journal, records).await);
    let since_ms = (START - 300) * 1000;
    assert!(
        journal.take_up(since_ms).await.expect("taken").is_empty(),
        "this process still lives"
    );
    journal.close().await;

    let journal = ground.open().await;
    // What comes before it is asked is this process's own.
    let own = text("o1", 9, "own");
    done(&written(&journal, vec![received(&own, None)]).await);
    let unfinished = journal.take_up(since_ms).await.expect("taken");
    let of_each: Vec<_> = unfinished
        .iter()
        .map(|push| {
            (
                push.message.as_ref(),
                push.is_replied,
                push.answer.as_ref().map(|answer| answer.id),
            )
        })
        .collect();
    assert_eq!(
        of_each,
        [
            (held.as_ref(), false, None),
            (placeholder.as_ref(), true, Some(6))
        ]
    );
    assert_eq!(&*unfinished[0].account, SHOP);
    assert_eq!(unfinished[0].received_at_ms, (START + 2) * 1000);
    // The old one is given up.
    let found = journal
        .find(&id_of(&old))
        .await
        .expect("read")
        .expect("found");
    assert_eq!(found.answer.expect("its answer").content, Content::Failed);
    assert!(journal.take_up(since_ms).await.expect("taken").is_empty());
    journal.close().await;

    let journal = ground.open().await;
    let unfinished = journal.take_up(since_ms).await.expect("taken");
    let messages: Vec<_> = unfinished
        .iter()
        .map(|push| push.message.as_ref())
        .collect();
    assert_eq!(
        messages,
        [own.as_ref()],
        "the others were handed out before"
    );
    let found = journal
        .find(&id_of(&placeholder))
        .await
        .expect("read")
        .expect("found");
    assert_eq!(
        found.answer.expect("its answer").content,
        Content::Failed,
        "given up after the second run"
    );
}

async fn a_follower_is_known_by_what_came(ground: Ground) {
    let journal = ground.open().await;
    let o1 = open_id("o1");
    assert!(journal.follower(of(&o1)).await.expect("read").is_none());
    let record = || async {
        journal
            .follower(of(&o1))
            .await
            .expect("read")
            .expect("known")
    };

    let follows = event("o1", 1, "subscribe", "<EventKey>qrscene_door</EventKey>");
    done(&written(&journal, vec![received(&follows, None)]).await);
    let known = record().await;
    assert_eq!(known.first_seen_at_ms, (START + 1) * 1000);
    assert_eq!(known.followed_at_ms, Some((START + 1) * 1000));
    assert_eq!(
        (known.unfollowed_at_ms, known.source.as_deref()),
        (None, Some("door"))
    );

    done(&written(&journal, vec![received(&text("o1", 90, "hi"), None)]).await);
    done(&written(&journal, vec![received(&text("o1", 100, "hi"), None)]).await);
    let known = record().await;
    assert_eq!(known.first_seen_at_ms, (START + 1) * 1000);
    assert_eq!(
        known.last_seen_at_ms,
        (START + 90) * 1000,
        "not each time anew"
    );

    done(
        &written(
            &journal,
            vec![received(&event("o1", 200, "unsubscribe", ""), None)],
        )
        .await,
    );
    assert_eq!(record().await.unfollowed_at_ms, Some((START + 200) * 1000));
    done(
        &written(
            &journal,
            vec![received(&event("o1", 300, "subscribe", ""), None)],
        )
        .await,
    );
    let known = record().await;
    assert_eq!((known.unfollowed_at_ms, known.source), (None, None));
    assert_eq!(known.followed_at_ms, Some((START + 300) * 1000));
}

async fn a_session_holds_what_was_set_last(ground: Ground) {
    let journal = ground.open().await;
    let (o1, o2) = (open_id("o1"), open_id("o2"));
    let get = async |name| journal.session(of(&o1), name).await.expect("read");
    assert_eq!(get("cart").await, None);
    // Before its push is written down: the handler runs first.
    done(&written(&journal, vec![session("o1", "cart", Some("[1]"))]).await);
    let records = vec![
        session("o1", "cart", Some("[1,2]")),
        session("o1", "game", Some("{}")),
    ];
    done(&written(&journal, records).await);
    assert_eq!(get("cart").await.as_deref(), Some("[1,2]"));
    assert_eq!(get("game").await.as_deref(), Some("{}"));
    assert_eq!(journal.session(of(&o2), "cart").await.expect("read"), None);
    done(&written(&journal, vec![session("o1", "cart", None)]).await);
    assert_eq!(get("cart").await, None);
}

async fn an_answer_outlives_the_push_that_was_given_up(ground: Ground) {
    let journal = ground.open().await;
    let lost = text("o1", 1, "\"多少钱\" <b>");
    let saved = answer(7, &lost, Content::Running);
    let records = vec![Record::Answer(saved), Record::Link(link(70, "o1", 1, 7, 0))];
    done(&written(&journal, records).await);
    let o1 = open_id("o1");
    let page = journal
        .page(of(&o1), &Link::Id(70))
        .await
        .expect("read")
        .expect("a page");
    assert_eq!(page.answer.push.key, id_of(&lost).key);
    let found = journal
        .find(&id_of(&lost))
        .await
        .expect("read")
        .expect("found");
    assert_eq!(found.answer.expect("its answer").id, 7);
}

async fn what_a_follower_did_and_was_sent_lately_is_known(ground: Ground) {
    let journal = ground.open().await;
    let o1 = open_id("o1");
    let lately = async |since: i64| {
        let since_ms = (START + since) * 1000;
        let mut happened = journal.interactions(of(&o1), since_ms).await.expect("read");
        happened.done.sort_by_key(|(_, at_ms)| *at_ms);
        happened.sent_at_ms.sort_unstable();
        happened
    };
    assert_eq!(lately(0).await, Interactions::default());
    let ask = text("o1", 2, "多少钱");
    let records = vec![
        received(&event("o1", 1, "subscribe", ""), None),
        received(&ask, None),
        received(&event("o1", 3, "VIEW", "<EventKey>/</EventKey>"), None),
        received(&event("o1", 4, "CLICK", "<EventKey>a</EventKey>"), None),
        received(&event("o1", 5, "SCAN", "<EventKey>a</EventKey>"), None),
        received(&text("o2", 6, "别人"), None),
        sent("o1", 7, Some(&ask), SentOutcome::Sent),
        sent("o1", 8, None, SentOutcome::Unsure("it broke off".into())),
        sent("o1", 9, None, SentOutcome::Refused("too many".into())),
        // A push that nobody has received.
        sent("o1", 10, Some(&text("o1", 99, "?")), SentOutcome::Sent),
        sent("o2", 11, None, SentOutcome::Sent),
    ];
    done(&written(&journal, records).await);
    let at = |n: i64| (START + n) * 1000;
    let expected = Interactions {
        done: vec![
            (Trigger::Follow, at(1)),
            (Trigger::Message, at(2)),
            (Trigger::Menu, at(4)),
            (Trigger::Scan, at(5)),
        ],
        sent_at_ms: vec![at(7), at(8), at(10)],
    };
    assert_eq!(lately(0).await, expected);
    let expected = Interactions {
        done: vec![(Trigger::Scan, at(5))],
        sent_at_ms: expected.sent_at_ms,
    };
    assert_eq!(lately(5).await, expected);
    assert_eq!(lately(12).await, Interactions::default());
    assert_eq!(ground.count("sent"), 5);
    assert_eq!(ground.count("sent WHERE message_id IS NOT NULL"), 1);
}

async fn what_allows_nothing_does_not_hide_what_does(ground: Ground) {
    let journal = ground.open().await;
    let mut records = vec![received(&text("o1", 0, "多少钱"), None)];
    records.extend((1..=100).map(|n| received(&event("o1", n, "LOCATION", ""), None)));
    done(&written(&journal, records).await);
    let o1 = open_id("o1");
    let happened = journal.interactions(of(&o1), 0).await.expect("read");
    assert_eq!(happened.done, [(Trigger::Message, START * 1000)]);
    // Of very many, the latest are enough.
    let mut records: Vec<_> = (101..=160)
        .map(|n| received(&text("o1", n, "在吗"), None))
        .collect();
    records.extend((101..=160).map(|n| sent("o1", n, None, SentOutcome::Sent)));
    done(&written(&journal, records).await);
    let happened = journal.interactions(of(&o1), 0).await.expect("read");
    assert_eq!((happened.done.len(), happened.sent_at_ms.len()), (50, 50));
    let latest = (START + 160) * 1000;
    assert!(happened.done.contains(&(Trigger::Message, latest)));
    assert!(happened.sent_at_ms.contains(&latest));
}

async fn nobody_becomes_known_by_a_message_that_was_refused(ground: Ground) {
    let journal = ground.open().await;
    let refused = SentOutcome::Refused("there is no such follower".into());
    done(&written(&journal, vec![sent("o1", 1, None, refused)]).await);
    for (table, n_rows) in rows(&ground) {
        assert_eq!(n_rows, 0, "{table}");
    }
    // Who was sent one is there.
    done(&written(&journal, vec![sent("o1", 1, None, SentOutcome::Sent)]).await);
    assert_eq!((ground.count("followers"), ground.count("sent")), (1, 1));
}

async fn a_file_is_known_until_the_platform_deletes_it(ground: Ground) {
    let journal = ground.open().await;
    let until = now_ms() + DAY_MS;
    let find = async |account: &str, hash: u8, at_ms: i64| {
        let found = journal.uploaded(account, &[hash; 32], at_ms).await;
        found.expect("read").map(|media_id| media_id.to_string())
    };
    assert_eq!(find(SHOP, 1, 0).await, None);
    let records = vec![uploaded(1, "media1", until), uploaded(2, "media2", until)];
    done(&written(&journal, records).await);
    assert_eq!(find(SHOP, 1, until - 1).await.as_deref(), Some("media1"));
    assert_eq!(find(SHOP, 1, until).await, None);
    assert_eq!(find("other", 1, 0).await, None);
    done(&written(&journal, vec![uploaded(1, "media3", until + 1)]).await);
    assert_eq!(find(SHOP, 1, until).await.as_deref(), Some("media3"));
    assert_eq!(find(SHOP, 2, 0).await.as_deref(), Some("media2"));
}

async fn what_was_written_is_there_after_opening_again(ground: Ground) {
    let message = text("o1", 1, "你好");
    let journal = ground.open().await;
    let commit = journal.write(vec![received(&message, Some(replied("hi", "echo")))]);
    // Nobody waits for a delivery, but closing does.
    journal.write(vec![delivery(&message, 1, Ended::Answered)]);
    journal.close().await;
    assert_eq!(commit.now(), Some(Written::Done));
    assert_eq!(ground.count("deliveries"), 1);

    let journal = ground.open().await;
    let found = journal
        .find(&id_of(&message))
        .await
        .expect("read")
        .expect("found");
    assert_eq!(found.reply, Some((Reply::from("hi"), START + 100)));
    drop(journal);
    assert_eq!(ground.count("messages"), 1);
}

async fn forgetting_leaves_nothing(ground: Ground) {
    let journal = ground.open().await;
    fill(&journal, "o1", 1).await;
    for (table, n_rows) in rows(&ground) {
        assert!(n_rows > 0, "the test has to fill {table}");
    }
    done(&written(&journal, vec![forget("o1")]).await);
    for (table, n_rows) in rows(&ground) {
        assert_eq!(n_rows, 0, "{table}");
    }

    // The other follower keeps everything.
    fill(&journal, "o22", 50).await;
    let before = rows(&ground);
    fill(&journal, "o1", 100).await;
    done(&written(&journal, vec![forget("o1")]).await);
    assert_eq!(rows(&ground), before);
}

async fn what_a_job_still_writes_does_not_bring_a_forgotten_follower_back(ground: Ground) {
    let journal = ground.open().await;
    let (before, question) = (text("o1", 1, "a"), text("o1", 2, "b"));
    done(&written(&journal, vec![received(&question, None)]).await);
    let saved = answer(7, &question, Content::Running);
    let leftovers = vec![
        received(&before, Some(replied("a", "echo"))),
        reply_to(&question, replied("b", "echo")),
        delivery(&question, 1, Ended::Answered),
        Record::Answer(saved.clone()),
        Record::Link(link(70, "o1", 1, 7, 0)),
        session("o1", "cart", Some("[]")),
        sent("o1", 3, Some(&question), SentOutcome::Sent),
        Record::Turn(turn(9, &question, TurnOutcome::Answered)),
        feedback("o1", 9, true),
    ];
    // In one batch, in one call, and later.
    let forgotten = journal.write(vec![forget("o1")]);
    journal.write(leftovers.clone());
    done(&forgotten.wait().await);
    done(&written(&journal, [vec![forget("o1")], leftovers.clone()].concat()).await);
    done(&written(&journal, leftovers).await);
    for (table, n_rows) in rows(&ground) {
        assert_eq!(n_rows, 0, "{table}");
    }

    // A push that comes later does.
    let later = received_at(&text("o1", 3, "c"), now_ms() + 1000, None);
    done(&written(&journal, vec![later, session("o1", "cart", Some("[]"))]).await);
    assert_eq!(ground.count("messages"), 1);
    assert_eq!(ground.count("sessions"), 1);
}

async fn what_is_too_old_is_deleted_but_for_answers_that_can_be_read(ground: Ground) {
    let journal = ground.open().await;
    let now = now_ms();
    let ago = |days: i64| now - days * DAY_MS;
    let mut records = Vec::new();
    for n in 0..450 {
        let old = text("o1", n, "old");
        records.push(received_at(&old, ago(31), Some(replied("x", "echo"))));
        records.push(delivery(&old, 1, Ended::Answered));
    }
    let kept = text("o1", 500, "kept");
    let read = text("o1", 501, "read");
    let alive = SavedAnswer {
        expires_at_ms: now + DAY_MS,
        ..answer(7, &kept, rest("all", 0))
    };
    let over = SavedAnswer {
        expires_at_ms: now + DAY_MS,
        ..answer(8, &read, Content::Read)
    };
    records.extend([
        received_at(&kept, ago(40), None),
        Record::Answer(alive),
        received_at(&read, ago(40), None),
        Record::Answer(over),
        Record::Link(link(80, "o1", 1, 8, 0)),
        // Unfollowed, and long ago.
        received_at(&event("o3", 1, "unsubscribe", ""), ago(31), None),
        session("o3", "cart", Some("[]")),
        received_at(&event("o4", 1, "subscribe", ""), ago(31), None),
        // Pushes come in the order of time.
        received_at(&event("o2", 1, "unsubscribe", ""), ago(29), None),
        received_at(&text("o1", 600, "new"), ago(29), None),
        uploaded(1, "gone", now - 1),
        uploaded(2, "there", now + DAY_MS),
    ]);
    records.extend([31_u8, 30, 29].map(|days| {
        let mut old = turn(days.into(), &kept, TurnOutcome::Answered);
        old.at_ms = ago(days.into()) - 1;
        Record::Turn(old)
    }));
    records.extend(
        [31, 29].map(|days| match sent("o1", 0, None, SentOutcome::Sent) {
            Record::Sent(sent) => Record::Sent(SentMessage {
                sent_at_ms: ago(days),
                ..sent
            }),
            other => other,
        }),
    );
    done(&written(&journal, records).await);
    journal.close().await;

    let retention = Retention {
        journal_days: 30,
        unfollowed_days: 30,
    };
    let journal = ground.open_with(retention).await;
    let touch = async || done(&written(&journal, vec![session("o1", "touch", Some("1"))]).await);
    // o1: kept and new; o2: its event.
    until(async || {
        touch().await;
        ground.count("messages") == 3
    })
    .await;
    let o1 = open_id("o1");
    let unread = journal.unread(of(&o1), now).await.expect("read");
    assert_eq!(unread.len(), 1);
    assert_eq!(unread[0].content, rest("all", 0));
    for (table, expected) in [
        ("deliveries", 0),
        ("answers", 1),
        ("links", 0),
        ("sessions", 1),
        ("sent", 1),
        ("uploads", 1),
        ("turns", 1),
        ("model_usage", 1),
    ] {
        assert_eq!(ground.count(table), expected, "{table}");
    }
    let known = async |follower: &str| {
        let open_id = open_id(follower);
        journal
            .follower(of(&open_id))
            .await
            .expect("read")
            .is_some()
    };
    assert!(known("o2").await && !known("o3").await && known("o4").await);

    // What the chain of messages lost with them does not hide the rest.
    done(&written(&journal, vec![forget("o1")]).await);
    assert_eq!(ground.count("messages"), 1);
    assert_eq!(ground.count("answers"), 0);
    assert_eq!(ground.count("turns"), 0);
    assert_eq!(ground.count("model_usage"), 1);
}
