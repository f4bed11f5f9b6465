//! Which handler answers, what it is given, and what its result means.

mod common;

use std::collections::HashMap;
use std::sync::Arc;

use common::{FALLBACK, Log, message, shop, shown, text_shown};
use echostr::prelude::*;
use echostr::{Argument, BoxError, Context, Error, Needs};
use echostr_simulator::{Push, Shown};

/// What the bot says to `push`.
#[track_caller]
fn check(bot: Bot, push: &Push, expected: impl Into<Reply>) {
    let answer = answer(bot, push).expect("the handler does not fail");
    assert_eq!(answer, expected.into());
}

fn answer(bot: Bot, push: &Push) -> Result<Reply, BoxError> {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(bot.account(shop()).answer(message(push)))
}

fn article(title: &str) -> Article {
    Article {
        title: title.into(),
        ..Article::default()
    }
}

#[test]
fn the_first_handler_that_takes_a_message_answers_it() {
    let bot = Bot::new()
        .on(async |_: Image| "an image")
        .on(async |text: Text| format!("first: {}", text.content))
        .on(async |text: Text| format!("second: {}", text.content))
        .on(async |_: Message| "anything");
    check(bot.clone(), &Push::text("hello"), "first: hello");
    check(
        bot.clone(),
        &Push::image("https://mmbiz.qpic.cn/1", "m1"),
        "an image",
    );
    check(bot.clone(), &Push::voice("m2"), "anything");
    check(bot, &Push::subscribe(), "anything");
}

#[test]
fn a_kind_takes_only_its_own_messages() {
    let bot = Bot::new()
        .on(async |_: Subscribe| "welcome")
        .on(async |_: Unsubscribe| "farewell")
        .on(async |click: Click| format!("clicked {}", click.event_key))
        .on(async |scan: Scan| format!("scanned {}", scan.scene))
        .on(async |_: Event| "another event")
        .on(async |place: Location| format!("{:?} {}", place.latitude, place.label))
        .on(async |_: Unsupported| "a sticker")
        .on(async |_: Text| "a text");
    check(bot.clone(), &Push::subscribe(), "welcome");
    check(bot.clone(), &Push::unsubscribe(), "farewell");
    check(bot.clone(), &Push::click("menu-1"), "clicked menu-1");
    check(bot.clone(), &Push::scan("table-7", "t"), "scanned table-7");
    check(
        bot.clone(),
        &Push::view("https://example.com", "1"),
        "another event",
    );
    check(
        bot.clone(),
        &Push::location(23.1, 113.3, 15, "Canton"),
        "Some(23.1) Canton",
    );
    check(bot.clone(), &Push::unsupported(), "a sticker");
    check(bot, &Push::text("hello"), "a text");
}

#[test]
fn what_no_handler_takes_gets_no_answer() {
    check(Bot::new(), &Push::text("hello"), Reply::Silence);
    check(
        Bot::new().on(async |_: Image| "an image"),
        &Push::text("hello"),
        Reply::Silence,
    );
}

#[test]
fn a_keyword_is_the_whole_text_but_for_white_space_around_it() {
    let bot = Bot::new()
        .keyword("价格", "99 元")
        .keyword("shop", vec![article("The shop")])
        .on(async |_: Text| "something else");
    for text in ["价格", " 价格\n", "\u{3000}价格"] {
        check(bot.clone(), &Push::text(text), "99 元");
    }
    for text in ["价格表", "问价格", "价 格", "Shop", ""] {
        check(bot.clone(), &Push::text(text), "something else");
    }
    check(bot.clone(), &Push::text("shop"), article("The shop"));
    check(bot.clone(), &Push::menu_text("价格", "menu-1"), "99 元");
    // As it was pasted.
    let padded = Bot::new().keyword(" 帮助 ", "what I can do");
    for text in ["帮助", " 帮助 "] {
        check(padded.clone(), &Push::text(text), "what I can do");
    }
    // It is asked in its turn, and not for what is no text.
    let late = Bot::new()
        .on(async |_: Text| "first")
        .keyword("价格", "99 元");
    check(late, &Push::text("价格"), "first");
    check(bot, &Push::click("价格"), Reply::Silence);
}

/// A text that ends with a question mark.
struct Question(String);

impl Kind for Question {
    fn take(message: &Message) -> Option<Self> {
        let Message::Text(text) = message else {
            return None;
        };
        let question = text.content.strip_suffix(['?', '？'])?;
        Some(Self(question.to_owned()))
    }
}

#[test]
fn a_filter_of_ones_own_is_a_type() {
    let bot = Bot::new()
        .on(async |Question(question): Question| format!("Who knows {question}"))
        .on(async |_: Text| "I see");
    check(bot.clone(), &Push::text("why？"), "Who knows why");
    check(bot.clone(), &Push::text("so"), "I see");
    check(
        bot,
        &Push::image("https://mmbiz.qpic.cn/1", "?"),
        Reply::Silence,
    );
}

#[derive(Clone)]
struct Prices(Arc<HashMap<&'static str, u32>>);

#[derive(Clone)]
struct Currency(&'static str);

async fn price(
    text: Text,
    State(prices): State<Prices>,
    State(Currency(unit)): State<Currency>,
) -> Option<String> {
    let price = prices.0.get(&*text.content)?;
    Some(format!("{price} {unit}"))
}

fn price_bot() -> Bot {
    Bot::new()
        .on(price)
        .state(Prices(Arc::new(HashMap::from([("tea", 12)]))))
        .state(Currency("元"))
}

#[test]
fn a_handler_is_given_the_states_the_account_and_the_message() {
    check(price_bot(), &Push::text("tea"), "12 元");
    check(price_bot(), &Push::text("cake"), Reply::Silence);
    check(
        price_bot().state(Currency("euro")),
        &Push::text("tea"),
        "12 euro",
    );

    let bot = Bot::new().on(async |_: Text, account: Arc<Account>, message: Message| {
        format!("{} to {}", message.from_user(), account.id)
    });
    check(bot, &Push::text("hello").by("oAnn"), "oAnn to shop");
}

/// How long the message is: an argument of one's own.
struct Length(usize);

impl Argument for Length {
    fn take(context: &Context) -> Option<Self> {
        let State(Currency(unit)) = State::take(context)?;
        match &*context.message {
            Message::Text(text) => Some(Self(text.content.len() + unit.len())),
            _ => Some(Self(0)),
        }
    }

    fn needs(needs: &mut Needs) {
        needs.state::<Currency>();
    }
}

#[test]
fn an_argument_of_ones_own_is_a_type() {
    let bot = Bot::new().on(async |_: Message, Length(length): Length| length.to_string());
    check(bot.clone().state(Currency("$")), &Push::text("hello"), "6");
    let error = bot.router().map(|_| ()).expect_err("a state is missing");
    assert!(error.to_string().contains("::Currency>`"), "{error}");
}

#[test]
fn a_missing_state_is_reported_at_the_start_with_its_type() {
    let error = Bot::new().on(price).account(shop()).router().map(|_| ());
    let sentence = "handlers ask for `State<handlers::Prices>` and `State<handlers::Currency>`; \
                    give the bot a value of that type with `.state(…)`";
    let error = error.expect_err("two states are missing");
    assert_eq!(error.to_string(), sentence);
    // `main` shows `Debug`.
    assert_eq!(format!("{error:?}"), sentence);

    let one = Bot::new()
        .on(price)
        .state(Currency("元"))
        .router()
        .map(|_| ());
    assert_eq!(
        one.expect_err("one state is missing").to_string(),
        "handlers ask for `State<handlers::Prices>`; give the bot a value of that type with `.state(…)`"
    );
    assert!(price_bot().router().is_ok());
}

#[tokio::test]
async fn serve_reports_a_missing_state_before_it_listens() {
    let error = Bot::new()
        .on(price)
        .account(shop())
        .serve("not an address")
        .await;
    let error = error.expect_err("two states are missing").to_string();
    assert!(
        error.contains("`State<handlers::Prices>` and `State<handlers::Currency>`"),
        "{error}"
    );
}

#[test]
fn a_state_that_several_handlers_miss_is_named_once() {
    let bot = Bot::new()
        .on(async |_: Text, State(Currency(_)): State<Currency>| "a")
        .on(async |_: Image, State(Currency(_)): State<Currency>| "b");
    let error = bot
        .router()
        .map(|_| ())
        .expect_err("a state is missing")
        .to_string();
    assert_eq!(error.matches("Currency").count(), 1, "{error}");
}

#[test]
fn a_missing_state_names_its_type_in_a_test_of_the_bot_too() {
    let bot = Bot::new().on(price).state(Currency("元"));
    let error = answer(bot, &Push::text("tea")).expect_err("a state is missing");
    assert_eq!(
        error.to_string(),
        "a handler asks for `echostr::bot::State<handlers::Prices>`, which the bot was not given; \
         give it with `.state(…)`"
    );
}

#[test]
fn every_result_means_a_reply() {
    let text = &Push::text("hello");
    check(Bot::new().on(async |_: Text| "a str"), text, "a str");
    check(
        Bot::new().on(async |_: Text| String::from("a string")),
        text,
        "a string",
    );
    // The words of the message itself are no `String`.
    check(
        Bot::new().on(async |text: Text| text.content),
        text,
        "hello",
    );
    check(Bot::new().on(async |_: Text| {}), text, Reply::Silence);
    check(
        Bot::new().on(async |_: Text| Reply::TransferBizAiIvr),
        text,
        Reply::TransferBizAiIvr,
    );
    check(
        Bot::new().on(async |_: Text| article("one")),
        text,
        article("one"),
    );
    check(
        Bot::new().on(async |_: Text| vec![article("one"), article("two")]),
        text,
        Reply::News(vec![article("one"), article("two")]),
    );
    check(Bot::new().on(async |_: Text| Some("some")), text, "some");
    check(
        Bot::new().on(async |_: Text| None::<String>),
        text,
        Reply::Silence,
    );
    check(
        Bot::new().on(async |_: Text| Ok::<_, BoxError>("fine")),
        text,
        "fine",
    );
    check(
        Bot::new().on(async |_: Text| Ok::<(), std::io::Error>(())),
        text,
        Reply::Silence,
    );
    check(
        Bot::new().on(async |_: Text| Ok::<_, std::num::ParseIntError>(Some(article("one")))),
        text,
        article("one"),
    );
}

/// The prelude's `Result` takes any error.
async fn numbered(text: Text) -> Result<Article> {
    let number: u32 = text.content.parse()?;
    Ok(article(&format!("No. {number}")))
}

#[test]
fn a_handler_may_return_an_article_or_any_error() {
    let bot = Bot::new().on(numbered);
    check(bot.clone(), &Push::text("7"), article("No. 7"));
    let error = answer(bot, &Push::text("x")).expect_err("it is no number");
    assert!(error.is::<std::num::ParseIntError>(), "{error:?}");
}

#[test]
fn the_error_of_a_handler_is_that_of_answer() {
    let bot = Bot::new().on(async |text: Text| {
        let number: i32 = text.content.parse()?;
        Ok::<_, BoxError>(format!("{}", number + 1))
    });
    check(bot.clone(), &Push::text("41"), "42");
    let error = answer(bot, &Push::text("x")).expect_err("it is no number");
    assert_eq!(error.to_string(), "invalid digit found in string");
}

#[tokio::test]
async fn answer_takes_a_message_made_by_hand() {
    let bot = Bot::new()
        .on(async |text: Text| format!("you said {}", text.content))
        .account(shop());
    let text = Text {
        content: "hello".into(),
        ..Text::default()
    };
    assert_eq!(
        bot.answer(text).await.expect("an answer"),
        "you said hello".into()
    );
}

#[tokio::test]
async fn answer_needs_no_account_and_serve_does() {
    let bot = Bot::new().on(async |_: Text| "hello");
    let answer = bot.answer(message(&Push::text("hello"))).await;
    assert_eq!(answer.expect("an answer"), "hello".into());

    let error = bot.serve("127.0.0.1:0").await.expect_err("no account");
    assert!(matches!(error.downcast_ref(), Some(Error::NoAccount)));
    assert_eq!(
        error.to_string(),
        "the bot has no account; make it with `Bot::from_env()` or give it one with `.account(…)`"
    );
}

/// What a follower sees when no handler has an answer, and what the log says of it.
#[track_caller]
fn check_failure(account: Account, push: &Push, expected: Option<&str>, logged: &str) {
    let bot = Bot::new()
        .on(async |text: Text| match &*text.content {
            "panic" => panic!("by the follower's wish"),
            _ => Err::<(), _>("something went wrong"),
        })
        .on(async |_: Message| -> Result<()> { Err("something went wrong".into()) })
        .account(account);
    let log = Log::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let shown = log.of(|| runtime.block_on(shown(&bot, push)));
    match expected {
        Some(text) => assert_eq!(text_shown(&shown), text, "{push:?}"),
        None => assert_eq!(shown, Shown::Nothing, "{push:?}"),
    }
    let log = log.text();
    assert!(
        log.contains(&format!("the follower gets {logged}")),
        "{log}"
    );
}

#[test]
fn when_a_handler_fails_a_follower_gets_the_fallback_where_an_answer_is_shown() {
    for push in [
        Push::text("panic"),
        Push::text("error"),
        Push::voice("m1"),
        Push::scan("7", "t"),
        Push::click("menu-1"),
        Push::report_location(23.1, 113.3, 60.0),
        Push::scancode_waitmsg("menu-2", "qrcode", "1"),
        Push::event("something_new", []),
    ] {
        check_failure(shop(), &push, Some(FALLBACK), "the fallback text");
        let silent = Account {
            fallback: String::new(),
            ..shop()
        };
        check_failure(silent, &push, None, "no answer");
    }
    for push in [
        Push::unsubscribe(),
        Push::view("https://example.com", "1"),
        Push::template_sent(7, "success"),
        Push::message("device_text", []),
    ] {
        check_failure(shop(), &push, None, "no answer");
    }
}

#[test]
fn when_a_handler_fails_a_new_follower_is_welcomed() {
    let welcome = |text: &str| Account {
        welcome: text.into(),
        ..shop()
    };
    for push in [Push::subscribe(), Push::subscribe_by_scan("7", "t")] {
        check_failure(
            welcome("Good to see you"),
            &push,
            Some("Good to see you"),
            "the welcome text",
        );
        check_failure(welcome(""), &push, None, "no answer");
    }
}
