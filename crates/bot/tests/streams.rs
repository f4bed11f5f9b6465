//! Texts that are still being written when the platform stops waiting: what has come is shown, a tap gives the rest.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::phone::{Course, Desk, NoPages, Phone, assert_ms, parts};
use common::{FALLBACK, shop};
use echostr::prelude::*;
use echostr::{BoxError, JobLimits, Strategy};
use echostr_simulator::Push;
use futures_util::{StreamExt as _, stream};
use tokio::time::{Instant, sleep_until};

const WAIT: &str = "这个问题需要多想一会儿。";

/// A piece of a text, and how a text may end.
#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Error,
    Panic,
}

use Piece::{Error, Panic};

/// What comes at which millisecond; the text ends with the last.
type Pieces = Vec<(u64, Piece)>;

fn text(piece: &str) -> Piece {
    Piece::Text(piece.to_owned())
}

/// The text ends at this moment.
fn end() -> Piece {
    text("")
}

#[derive(Clone)]
struct Writing {
    pieces: Pieces,
    is_markdown: bool,
}

impl Writing {
    fn begin(self) -> TextStream {
        let start = Instant::now();
        let pieces = stream::iter(self.pieces).then(move |(ms, piece)| async move {
            sleep_until(start + Duration::from_millis(ms)).await;
            match piece {
                Piece::Text(text) => Ok::<_, BoxError>(text),
                Piece::Error => Err("the model is overloaded".into()),
                Piece::Panic => panic!("in the middle of the text"),
            }
        });
        if self.is_markdown {
            TextStream::markdown(pieces)
        } else {
            TextStream::new(pieces)
        }
    }
}

/// A bot that writes `pieces` when it is asked 写; other texts come back.
fn phone(
    delivery: Strategy,
    is_markdown: bool,
    pieces: &[(u64, Piece)],
    desk: &Arc<Desk>,
) -> Phone {
    let writing = Writing {
        pieces: pieces.to_vec(),
        is_markdown,
    };
    let bot = Bot::new()
        .on(async |message: Text, State(writing): State<Writing>| {
            if message.content == "写" {
                writing.begin()
            } else {
                TextStream::new(stream::iter([message.content.to_string()]))
            }
        })
        .state(writing)
        .account(Account { delivery, ..shop() })
        .sender(desk.clone())
        .pages(Arc::new(NoPages));
    Phone::new(bot)
}

/// `expected` is what is shown: to the question, then at the given milliseconds to a tap on the link that came before.
/// Each says which delivery gets it and what it is; `→` stands for the link 继续, `?` for the placeholder with its link.
async fn check(delivery: Strategy, pieces: &[(u64, Piece)], expected: &[(u64, &str)]) {
    check_as(delivery, false, pieces, expected).await;
}

async fn check_markdown(pieces: &[(u64, Piece)], expected: &[(u64, &str)]) {
    check_as(Strategy::Patient, true, pieces, expected).await;
}

async fn check_as(
    delivery: Strategy,
    is_markdown: bool,
    pieces: &[(u64, Piece)],
    expected: &[(u64, &str)],
) {
    let phone = phone(delivery, is_markdown, pieces, &Desk::new(usize::MAX));
    let mut link = None;
    for (at, expected) in expected {
        phone.at(*at).await;
        let visit = match link.take() {
            None => phone.says("写").await,
            Some(link) => phone.taps(&link).await,
        };
        let (shown, mut links) = parts(visit.text());
        let mark = match links.first().map(|link| &*link.label) {
            None => "",
            Some("继续") => "→",
            Some("点这里看回答") if shown == WAIT => "?",
            Some(label) => panic!("a link {label} after {shown}"),
        };
        let shown = if mark == "?" { "" } else { shown };
        assert_eq!(format!("{visit} {shown}{mark}"), *expected, "{pieces:?}");
        link = links.pop();
    }
    assert_eq!(link, None, "{pieces:?}");
}

#[tokio::test(start_paused = true)]
async fn the_last_delivery_shows_what_has_come_and_a_tap_gives_the_rest() {
    let pieces = [
        (2_000, text("第一句。")),
        (8_000, text("第二句。第三")),
        (20_000, text("句。完")),
    ];
    let expected = [(0, "3@14.3 第一句。第二句。→"), (16_000, "1@4 第三句。完")];
    check(Strategy::Patient, &pieces, &expected).await;
    check(Strategy::Auto, &pieces, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_quick_account_shows_in_time_what_has_come() {
    let pieces = [
        (2_000, text("第一句。")),
        (8_000, text("第二句。第三")),
        (20_000, text("句。完")),
    ];
    let expected = [
        (0, "1@4.5 第一句。→"),
        (5_000, "1@4.5 第二句。→"),
        (10_000, "1@4.5 ?"),
        (16_000, "1@4 第三句。完"),
    ];
    check(Strategy::Quick, &pieces, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_text_that_is_complete_in_time_goes_whole() {
    let pieces = |end_ms| {
        [
            (1_000, text("一。")),
            (2_000, text("二。")),
            (end_ms, end()),
        ]
    };
    for (end_ms, expected) in [
        (2_000, "1@2 一。二。"),
        (4_400, "1@4.4 一。二。"),
        (4_600, "2@5 一。二。"),
        (9_600, "3@10 一。二。"),
        (14_000, "3@14 一。二。"),
    ] {
        check(Strategy::Patient, &pieces(end_ms), &[(0, expected)]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_text_without_a_complete_sentence_waits_for_it() {
    let pieces = [(1_000, text("还没有说完")), (20_000, text("。"))];
    let expected = [(0, "3@14.3 ?"), (21_000, "1@0 还没有说完。")];
    check(Strategy::Patient, &pieces, &expected).await;
    let pieces = [(1_000, text("Pi is 3.14 or so")), (20_000, text(". Yes."))];
    let expected = [(0, "3@14.3 ?"), (21_000, "1@0 Pi is 3.14 or so. Yes.")];
    check(Strategy::Patient, &pieces, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_quotation_is_cut_behind_its_end() {
    let pieces = [(1_000, text("他说：“来。”然后")), (20_000, text("走了。"))];
    let expected = [(0, "3@14.3 他说：“来。”→"), (21_000, "1@0 然后走了。")];
    check(Strategy::Patient, &pieces, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn markdown_is_cut_between_blocks_and_the_rest_is_readable_on_its_own() {
    let pieces = [
        (
            1_000,
            text("# 标题\n\n第一段**重点**。\n\n- 甲\n- 乙\n- 丙"),
        ),
        (20_000, text("三\n- 丁\n\n**完**")),
    ];
    let expected = [
        (0, "3@14.3 【标题】\n\n第一段重点。\n\n• 甲→"),
        (21_000, "1@0 • 乙\n• 丙三\n• 丁\n\n完"),
    ];
    check_markdown(&pieces, &expected).await;
    let pieces = [
        (1_000, text("前言。\n\n```python\nprint(1)\n")),
        (20_000, text("print(2)\n```\n后记")),
    ];
    let expected = [
        (0, "3@14.3 前言。→"),
        (21_000, "1@0 —— python ——\nprint(1)\nprint(2)\n\n后记"),
    ];
    check_markdown(&pieces, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_text_that_breaks_off_is_shown_as_far_as_it_came() {
    for ends in [Error, Panic] {
        let pieces = [(1_000, text("一。二")), (3_000, ends.clone())];
        check(Strategy::Patient, &pieces, &[(0, "1@3 一。二")]).await;

        let pieces = [(1_000, text("一。二")), (20_000, ends.clone())];
        let expected = [(0, "3@14.3 一。→"), (21_000, "1@0 二")];
        check(Strategy::Patient, &pieces, &expected).await;

        let nothing_came = format!("1@3 {FALLBACK}");
        check(Strategy::Patient, &[(3_000, ends)], &[(0, &nothing_came)]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_text_that_never_ends_is_shown_as_far_as_it_came_after_two_minutes() {
    let pieces = [
        (1_000, text("一。")),
        (50_000, text("二。")),
        (u64::from(u32::MAX), end()),
    ];
    let expected = [
        (0, "3@14.3 一。→"),
        // By the closings that were measured until now.
        (60_000, "3@14.4 二。→"),
        (110_000, "3@10 这条回答到此为止"),
    ];
    check(Strategy::Patient, &pieces, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_tap_for_more_of_a_text_that_has_ended_is_told_so() {
    let pieces = [(1_000, text("全部。")), (20_000, end())];
    let expected = [(0, "3@14.3 全部。→"), (16_000, "1@4 这条回答到此为止")];
    check(Strategy::Patient, &pieces, &expected).await;
}

/// `n` sentences of 28 bytes, all different.
fn sentences(n: usize) -> String {
    let sentences = (0..n).map(|number| format!("这一句话是第{number:04}个。"));
    sentences.collect::<Vec<_>>().concat()
}

#[tokio::test(start_paused = true)]
async fn a_text_that_is_far_ahead_is_cut_at_the_page_limit() {
    let whole = sentences(100);
    assert_eq!(whole.len(), 2_800);
    let pieces = [(1_000, text(&whole)), (20_000, text("完。"))];
    let phone = phone(Strategy::Patient, false, &pieces, &Desk::new(0));
    let first = phone.says("写").await;
    assert!(first.text().len() <= 2_000, "{} bytes", first.text().len());
    let (begin, link) = first.text_and_link();
    assert!(begin.len() > 1_800 && begin.ends_with('。'), "{begin}");
    phone.at(21_000).await;
    let second = phone.taps(&link).await;
    assert_eq!(begin.to_owned() + second.text(), whole + "完。");
}

#[tokio::test(start_paused = true)]
async fn a_text_above_the_limit_ends_there() {
    let pieces = [(1_000, text("一。二。")), (1_100, text("三。"))];
    let phone = phone(Strategy::Patient, false, &pieces, &Desk::new(0));
    let limits = JobLimits {
        text_bytes: 13,
        ..JobLimits::default()
    };
    let bots = phone
        .bots
        .iter()
        .map(|bot| bot.clone().with_job_limits(limits));
    let phone = Phone::with(bots.collect::<Vec<_>>());
    assert_eq!(phone.says("写").await.text(), "一。二。…");
}

/// What is sent, when the desk takes `room` messages, and what is left for `1`.
async fn check_sent(room: usize, expected: &[(u64, &str)], left: &str) {
    let whole = sentences(100);
    let pieces = [(1_000, text(&whole)), (6_000, text("完。"))];
    let desk = Desk::new(room);
    let phone = phone(Strategy::Send, false, &pieces, &desk);
    assert_eq!(phone.says("写").await.text(), "");
    assert_ms(phone.began.elapsed(), 4_500);
    phone.at(7_000).await;
    let sent = desk.sent.lock().expect("nobody panics").clone();
    assert_eq!(sent.len(), expected.len());
    for ((at, reply), (expected_at, expected)) in sent.iter().zip(expected) {
        assert_ms(*at, *expected_at);
        assert_eq!(*reply, Reply::from(*expected));
    }
    let typed = desk.typed.lock().expect("nobody panics").clone();
    assert_eq!(typed.len(), 1);
    assert_ms(typed[0], 1_500);
    phone.at(20_000).await;
    assert_eq!(phone.says("1").await.text(), left);
}

#[tokio::test(start_paused = true)]
async fn a_long_text_is_sent_in_several_messages_and_what_is_refused_can_be_fetched() {
    let whole = sentences(100) + "完。";
    // 71 sentences are 1988 bytes.
    let (first, second) = whole.split_at(1_988);
    check_sent(usize::MAX, &[(6_000, first), (6_000, second)], "1").await;
    check_sent(1, &[(6_000, first)], second).await;
}

#[tokio::test(start_paused = true)]
async fn a_live_page_is_announced_while_the_text_is_written() {
    let pieces = [(1_000, text("一。")), (20_000, text("二。"))];
    let phone = phone(Strategy::Link, false, &pieces, &Desk::new(0));
    let visit = phone.says("写").await;
    assert_eq!(visit.to_string(), "1@4.5");
    let begin = format!("{WAIT}\n\n<a href=\"https://echostr.example/a/");
    assert!(visit.text().starts_with(&begin), "{}", visit.text());
    phone.at(21_000).await;
    assert_eq!(phone.says("1").await.text(), "一。二。");
}

#[tokio::test(start_paused = true)]
async fn what_was_shown_of_a_text_is_the_same_for_every_repeat() {
    let pieces = [
        (2_000, text("第一句。")),
        (16_000, text("第二句。")),
        (20_000, end()),
    ];
    let phone = phone(Strategy::Patient, false, &pieces, &Desk::new(0));
    // The third answer is lost, the fourth comes when more has been written.
    let course = Course {
        n_lost: 1,
        ..Course::at(&[0, 5_000, 10_000, 17_000])
    };
    let visit = phone.push(Push::text("写"), &course).await;
    assert_eq!(visit.to_string(), "4@17");
    let (shown, link) = visit.text_and_link();
    assert_eq!(shown, "第一句。");
    assert_eq!(phone.taps(&link).await.text(), "第二句。");
}
