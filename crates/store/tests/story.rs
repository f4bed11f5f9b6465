//! What a journal promises, told once and true of every database. SQLite always.

mod common;

use echostr::journal::{Content, Ended, Link, Written, by};
use echostr::{Journal, Reply};
use echostr_protocol::Message;

use common::*;

#[tokio::test]
async fn a_push_is_found_with_its_reply() {
    let folder = folder();
    let journal = open(folder.path()).await;
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

#[tokio::test]
async fn the_first_reply_counts() {
    let folder = folder();
    let journal = open(folder.path()).await;
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
    assert_eq!(count(folder.path(), "messages"), 1);

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

#[tokio::test]
async fn calls_of_one_batch_do_not_mix_their_outcomes() {
    let folder = folder();
    let journal = open(folder.path()).await;
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

#[tokio::test]
async fn every_kind_of_push_and_reply_is_kept() {
    let folder = folder();
    let journal = open(folder.path()).await;
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

#[tokio::test]
async fn of_two_pages_one_wins() {
    let folder = folder();
    let journal = open(folder.path()).await;
    let message = text("o1", 1, "多少钱");
    let records = vec![
        received(&message, Some(replied("稍等", by::DEADLINE))),
        echostr::journal::Record::Answer(answer(7, &message, rest("abcdef", 0))),
        echostr::journal::Record::Link(link(70, "o1", 1, 7, 0)),
        echostr::journal::Record::Link(link(71, "o1", 2, 7, 0)),
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

#[tokio::test]
async fn a_page_that_is_not_shown_does_not_move_its_answer() {
    let folder = folder();
    let journal = open(folder.path()).await;
    let (message, tap) = (text("o1", 1, "多少钱"), text("o1", 2, "继续"));
    let records = vec![
        received(&message, Some(replied("稍等", by::DEADLINE))),
        echostr::journal::Record::Answer(answer(7, &message, rest("abcdef", 0))),
        echostr::journal::Record::Link(link(70, "o1", 1, 7, 0)),
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

#[tokio::test]
async fn another_followers_link_leads_nowhere() {
    let folder = folder();
    let journal = open(folder.path()).await;
    let message = text("o1", 1, "多少钱");
    let records = vec![
        received(&message, None),
        received(&text("o2", 1, "hi"), None),
        echostr::journal::Record::Answer(answer(7, &message, rest("secret", 0))),
        echostr::journal::Record::Link(link(70, "o1", 1, 7, 0)),
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

#[tokio::test]
async fn a_link_without_a_number_is_found_by_its_id() {
    let folder = folder();
    let journal = open(folder.path()).await;
    let message = text("o1", 1, "多少钱");
    let records = vec![
        received(&message, None),
        echostr::journal::Record::Answer(answer(7, &message, Content::Running)),
        echostr::journal::Record::Link(link(70, "o1", 0, 7, 0)),
        echostr::journal::Record::Link(link(71, "o1", 0, 7, 0)),
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

#[tokio::test]
async fn unread_answers_come_oldest_first_and_expire() {
    let folder = folder();
    let journal = open(folder.path()).await;
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
        let records = vec![
            received(&message, None),
            echostr::journal::Record::Answer(saved),
        ];
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

#[tokio::test]
async fn an_answer_is_overtaken_by_questions_but_not_by_taps() {
    let folder = folder();
    let journal = open(folder.path()).await;
    let o1 = open_id("o1");
    let message = text("o1", 1, "多少钱");
    let saved = answer(7, &message, Content::Running);
    let records = vec![
        received(&message, None),
        echostr::journal::Record::Answer(saved),
    ];
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

#[tokio::test]
async fn a_new_question_overtakes() {
    let folder = folder();
    let journal = open(folder.path()).await;
    let o1 = open_id("o1");
    let message = text("o1", 1, "多少钱");
    let saved = answer(7, &message, Content::Running);
    let records = vec![
        received(&message, None),
        echostr::journal::Record::Answer(saved),
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

#[tokio::test]
async fn the_latest_text_is_the_last_one_that_was_shown() {
    let folder = folder();
    let journal = open(folder.path()).await;
    let o1 = open_id("o1");
    assert!(
        journal
            .latest_text(of(&o1), 0)
            .await
            .expect("read")
            .is_none()
    );
    let at = |reply: &str, replied_at| echostr::journal::Replied {
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

#[tokio::test]
async fn numbers_never_repeat() {
    let folder = folder();
    let (o1, o2) = (open_id("o1"), open_id("o2"));
    let journal = open(folder.path()).await;
    assert_eq!(journal.next_number(of(&o1)).await.expect("drawn"), 1);
    let (a, b) = tokio::join!(journal.next_number(of(&o1)), journal.next_number(of(&o1)));
    let mut both = [a.expect("drawn"), b.expect("drawn")];
    both.sort_unstable();
    assert_eq!(both, [2, 3]);
    assert_eq!(journal.next_number(of(&o2)).await.expect("drawn"), 1);
    journal.close().await;

    let journal = open(folder.path()).await;
    assert_eq!(journal.next_number(of(&o1)).await.expect("drawn"), 4);
    let record = journal
        .follower(of(&o1))
        .await
        .expect("read")
        .expect("known");
    assert_eq!(record.last_number, 4);
}

#[tokio::test]
async fn unfinished_pushes_are_taken_up_once() {
    let folder = folder();
    let answered = text("o1", 1, "answered");
    let held = text("o1", 2, "held");
    let placeholder = text("o1", 3, "placeholder");
    let finished = text("o1", 4, "finished, but not replied");
    let old = text("o1", -600, "too old");
    let records = vec![
        received(&old, Some(replied("稍等", by::DEADLINE))),
        echostr::journal::Record::Answer(answer(5, &old, Content::Running)),
        received(&answered, Some(replied("hi", "echo"))),
        received(&held, None),
        received(&placeholder, Some(replied("稍等", by::DEADLINE))),
        echostr::journal::Record::Answer(answer(6, &placeholder, Content::Running)),
        received(&finished, None),
        echostr::journal::Record::Answer(answer(7, &finished, rest("all", 0))),
    ];
    let journal = open(folder.path()).await;
    done(&written(&journal, records).await);
    let since_ms = (START - 300) * 1000;
    assert!(
        journal.take_up(since_ms).await.expect("taken").is_empty(),
        "this process still lives"
    );
    journal.close().await;

    let journal = open(folder.path()).await;
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

    let journal = open(folder.path()).await;
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

#[tokio::test]
async fn a_follower_is_known_by_what_came() {
    let folder = folder();
    let journal = open(folder.path()).await;
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

#[tokio::test]
async fn a_session_holds_what_was_set_last() {
    let folder = folder();
    let journal = open(folder.path()).await;
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

#[tokio::test]
async fn an_answer_outlives_the_push_that_was_given_up() {
    let folder = folder();
    let journal = open(folder.path()).await;
    let lost = text("o1", 1, "\"多少钱\" <b>");
    let saved = answer(7, &lost, Content::Running);
    let records = vec![
        echostr::journal::Record::Answer(saved),
        echostr::journal::Record::Link(link(70, "o1", 1, 7, 0)),
    ];
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
