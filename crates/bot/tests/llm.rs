//! The `llm` bot against endpoints that answer well, badly, slowly or not at all.

mod common;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use common::model::{Model, Script, delta, event, finished};
use common::stage::{KEY, Stage};
use common::{FALLBACK, message, shop};
use echostr::journal::TurnOutcome;
use echostr::{BadLlm, JobLimits, LlmBot, LlmKeys, LlmSettings};
use echostr_simulator::Push;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

#[tokio::test]
async fn a_model_answers() {
    let model = Model::new([Script::says(&["九", "点", "。"])]).await;
    let stage = Stage::new(json!({
        "url": model.url,
        "prompt": "你是{{account.name}}的店员",
        "temperature": 0.5,
        "max_tokens": 100,
        "price_in": 2,
        "price_out": 0.5,
    }));
    assert_eq!(stage.ask("几点开门？").await, "九点。");
    let asked = &model.asked()[0];
    assert!(
        asked
            .head
            .starts_with("POST /v1/chat/completions HTTP/1.1\r\n")
    );
    let authorization = format!("authorization: Bearer {KEY}\r\n");
    assert!(asked.head.contains(&authorization), "{}", asked.head);
    let expected = json!({
        "model": "m",
        "messages": [
            { "role": "system", "content": "你是shop的店员" },
            { "role": "user", "content": "几点开门？" },
        ],
        "stream": true,
        "stream_options": { "include_usage": true },
        "temperature": 0.5,
        "max_tokens": 100,
    });
    assert_eq!(asked.body, expected);
    let turn = stage.turn();
    assert_eq!(turn.outcome, TurnOutcome::Answered);
    assert_eq!((&*turn.question, &*turn.answer), ("几点开门？", "九点。"));
    let used = &turn.used[0];
    assert_eq!((&*used.model, used.calls, used.is_guessed), ("m", 1, false));
    assert_eq!(
        (used.tokens_in, used.tokens_out, used.cost_micros),
        (7, 3, 16)
    );
}

/// The endpoint answers so; the follower reads this.
#[track_caller]
fn check(script: Script, expected: &str) -> impl Future<Output = Stage> {
    let place = std::panic::Location::caller();
    async move {
        let model = Model::new([script]).await;
        let stage = Stage::new(json!({ "url": model.url }));
        assert_eq!(stage.ask("几点开门？").await, expected, "{place}");
        stage
    }
}

#[tokio::test]
async fn the_address_of_an_endpoint_may_be_that_of_the_call() {
    for end in ["", "/", "/chat/completions", "/chat/completions/"] {
        let model = Model::new([Script::says(&["九点。"])]).await;
        let stage = Stage::new(json!({ "url": format!("{}{end}", model.url) }));
        assert_eq!(stage.ask("几点开门？").await, "九点。", "{end}");
        let line = model.asked()[0].head.lines().next().map(str::to_owned);
        assert_eq!(line.as_deref(), Some("POST /v1/chat/completions HTTP/1.1"));
    }
}

#[tokio::test]
async fn endpoints_differ() {
    let words = [delta("九"), delta("点。")].concat();
    check(Script::events(words.clone() + "data: [DONE]\n\n"), "九点。").await;
    let events = words + &finished();
    check(Script::events(&events), "九点。").await;
    // It is complete, however the connection ends.
    check(Script::events(&events).break_off(), "九点。").await;
    check(Script::events(&events).hang(), "九点。").await;
    check(
        Script::events(events.replace('\n', "\r\n") + "data: [DONE]\r\n\r\n"),
        "九点。",
    )
    .await;
    let cut = events.trim_end();
    check(Script::events(cut), "九点。").await;
    let comments =
        format!(": wait\n\n:\n\nid: 1\nevent: message\n{events}: end\n\ndata: [DONE]\n\n");
    check(Script::events(comments), "九点。").await;
    check(Script::new(200, "text/plain", &events), "九点。").await;
    check(
        Script::events(events.clone() + "data: [DONE]\n\n" + &delta("不算")),
        "九点。",
    )
    .await;
    let empty =
        json!({ "choices": [{ "delta": { "content": "" }, "finish_reason": "" }], "usage": {} });
    check(
        Script::events(event(&empty) + &events + &event(&json!({ "choices": [] }))),
        "九点。",
    )
    .await;
    for content_type in ["application/json", "Application/JSON; charset=utf-8"] {
        let whole = json!({ "choices": [{ "message": { "role": "assistant", "content": "九点。" }, "finish_reason": "stop" }] });
        check(Script::new(200, content_type, whole.to_string()), "九点。").await;
    }
}

#[tokio::test]
async fn characters_are_cut_between_packets() {
    let events = [delta("a好🙂"), delta("é。"), finished()].concat();
    for size in [1, 2, 3, 5, 7] {
        check(Script::events("").send_in_pieces(&events, size), "a好🙂é。").await;
    }
}

#[tokio::test]
async fn what_a_model_thinks_is_not_shown() {
    check(
        Script::says(&["<th", "ink>嗯，", "九点？</thi", "nk>\n\n", "九点。"]),
        "九点。",
    )
    .await;
    let reasoning =
        json!({ "choices": [{ "delta": { "reasoning_content": "嗯", "content": null } }] });
    let stage = check(
        Script::events(event(&reasoning) + &delta("九点。") + &finished()),
        "九点。",
    )
    .await;
    assert_eq!(stage.turn().answer, "九点。");
}

/// What a turn has used: tokens of input and output, and whether they are a guess.
async fn check_usage(events: String, expected: (u64, u64, bool)) {
    let script = Script::events(events.clone() + &finished());
    let stage = check(script, "九点开门。").await;
    let used = &stage.turn().used[0];
    assert_eq!(
        (used.tokens_in, used.tokens_out, used.is_guessed),
        expected,
        "{events}"
    );
}

#[tokio::test]
async fn tokens_are_told_or_guessed() {
    let said = delta("九点开门。");
    let usage = |tokens_in, tokens_out| {
        event(
            &json!({ "choices": [], "usage": { "prompt_tokens": tokens_in, "completion_tokens": tokens_out } }),
        )
    };
    check_usage(said.clone() + &usage(11, 5), (11, 5, false)).await;
    // Some endpoints count up in every event.
    check_usage(usage(11, 1) + &said + &usage(11, 5), (11, 5, false)).await;
    // Five characters of question and of answer, and what stands around a message.
    check_usage(said.clone(), (8, 4, true)).await;
    check_usage(said.clone() + &usage(0, 0), (8, 4, true)).await;
    let empty = event(&json!({ "choices": [], "usage": {} }));
    check_usage(said + &empty, (8, 4, true)).await;
}

/// The endpoint answers so; this is said about it.
async fn check_failure(script: Script, expected: &str) {
    let model = Model::new([script]).await;
    let stage = Stage::new(json!({ "url": model.url, "retries": 0, "timeout_secs": 1 }));
    let error = stage.fail("几点开门？").await.replace(&model.url, "URL");
    assert_eq!(
        error,
        format!("the model at URL/chat/completions {expected}")
    );
    assert_eq!(stage.outcomes(), [TurnOutcome::Failed], "{expected}");
}

#[tokio::test]
async fn what_cannot_be_used_is_named() {
    check_failure(
        Script::new(
            401,
            "application/json",
            format!(r#"{{"error":{{"message":"Incorrect API key provided: {KEY}"}}}}"#),
        ),
        "answered with status 401, 200 is needed: is the key right?; it begins: \
         {\"error\":{\"message\":\"Incorrect API key provided: ***\"}}",
    )
    .await;
    check_failure(
        Script::new(404, "text/plain", ""),
        "answered with status 404, 200 is needed: are `url` and `model` right?; nothing is in it",
    )
    .await;
    check_failure(
        Script::new(500, "text/html", "<html>\n<b>Bad\tday</b>"),
        "answered with status 500, 200 is needed; it begins: <html> <b>Bad day</b>",
    )
    .await;
    check_failure(
        Script::new(307, "text/plain", "").header("Location: http://127.0.0.1:1/"),
        "answered with the redirect 307, which is not followed; give the address that it leads to; nothing is in it",
    )
    .await;
    check_failure(
        Script::new(200, "text/html", "<p>九点</p>"),
        "answered with content type `text/html`; text/event-stream and application/json can be read; it begins: <p>九点</p>",
    )
    .await;
    check_failure(
        Script::new(
            200,
            "application/json",
            r#"{"error":{"message":"overloaded"}}"#,
        ),
        "answered with an error: overloaded",
    )
    .await;
    check_failure(
        Script::events(event(
            &json!({ "error": { "message": format!("no {KEY}") } }),
        )),
        "answered with an error: no ***",
    )
    .await;
    check_failure(
        Script::events("data: {\"choices\":[\n\n"),
        "sent what is no JSON: EOF while parsing a list at line 1 column 12",
    )
    .await;
    check_failure(
        Script::events(b"data: \xbe\xc5\n\n"),
        "sent what is no UTF-8",
    )
    .await;
    check_failure(Script::says(&[]), "answered with nothing").await;
    check_failure(
        Script::says(&["<think>嗯", "</think>\n"]),
        "answered with nothing",
    )
    .await;
    check_failure(Script::says(&["<think>没有结尾"]), "answered with nothing").await;
}

#[tokio::test]
async fn a_model_that_is_silent_is_given_up() {
    check_failure(
        Script::events("").hang(),
        "did not begin to answer within 1 s",
    )
    .await;
    // What keeps a connection open is no word.
    let waiting = (0..20).fold(Script::events(""), |script, _| script.send(": wait\n\n"));
    check_failure(waiting.hang(), "did not begin to answer within 1 s").await;
    check_failure(
        Script::new(200, "application/json", "{").hang(),
        "did not begin to answer within 1 s",
    )
    .await;
}

#[tokio::test]
async fn what_has_no_end_is_bounded() {
    let answer =
        |bytes: usize| Script::events(delta(&"x".repeat(bytes / 2)).repeat(2) + &finished());
    let longest = Model::new([answer(256 * 1024)]).await;
    let stage = Stage::new(json!({ "url": longest.url }));
    stage.ask("写").await;
    assert_eq!(stage.outcomes(), [TurnOutcome::Answered]);
    assert_eq!(stage.turn().answer.len(), 256 * 1024);

    let longer = Model::new([answer(256 * 1024 + 2)]).await;
    let stage = Stage::new(json!({ "url": longer.url }));
    stage.ask("写").await;
    assert_eq!(stage.outcomes(), [TurnOutcome::Broken]);
    assert_eq!(stage.turn().answer.len(), 128 * 1024 + 1);

    check_failure(
        Script::events("data: ".to_owned() + &"x".repeat(1024 * 1024)),
        "sent an event of more than 1048576 bytes",
    )
    .await;
    check_failure(
        Script::events(": wait\n\n".repeat(132 * 1024)),
        "sent an event of more than 1048576 bytes",
    )
    .await;
    // Each of them is short enough, and comes in time.
    let thought = r#"{"choices": [{"delta": {"reasoning_content": "想"}}]}"#;
    let event = format!("id: {}\ndata: {thought}\n\n", "x".repeat(1000 * 1024));
    check_failure(
        Script::events("").send_in_pieces(event.repeat(66), event.len()),
        "sent more than 67108864 bytes",
    )
    .await;
    check_failure(
        Script::new(200, "application/json", " ".repeat(1024 * 1024 + 1)),
        "answered with more than 1048576 bytes",
    )
    .await;
}

#[tokio::test]
async fn an_answer_has_a_hundred_thousand_tokens() {
    let events: String = (0..100_000).fold(String::new(), |mut events, n| {
        events += &delta(if n % 20 == 19 { "\n" } else { "ab" });
        events
    }) + &finished();
    let model = Model::new([Script::events("").send_in_pieces(events, 60_000)]).await;
    let stage = Stage::new(json!({ "url": model.url }));
    let question = message(&Push::text("写"));
    stage.bot.answer(question).await.expect("an answer");
    let turn = stage.turn();
    assert_eq!(turn.outcome, TurnOutcome::Answered);
    assert_eq!(turn.answer.len(), 195_000);
}

/// What endpoints do one after the other, how often they are called, and what the follower reads.
struct Course {
    main: Vec<Script>,
    settings: Value,
    fallback: Option<Script>,
    expected: &'static str,
    n_main: usize,
    n_fallback: usize,
    outcome: TurnOutcome,
}

impl Course {
    /// One try more, a fallback that answers 备用。
    fn of(main: impl Into<Vec<Script>>) -> Self {
        Self {
            main: main.into(),
            settings: json!({}),
            fallback: Some(Script::says(&["备用。"])),
            expected: "备用。",
            n_main: 1,
            n_fallback: 1,
            outcome: TurnOutcome::Answered,
        }
    }

    async fn check(self, place: &str) {
        let main = Model::new(self.main).await;
        let fallback = match self.fallback {
            Some(script) => Model::new([script]).await,
            None => Model::nobody().await,
        };
        let mut settings = self.settings;
        settings["url"] = json!(main.url);
        settings["fallback"] =
            json!({ "url": fallback.url, "model": "f", "timeout_secs": 1, "retries": 0 });
        let stage = Stage::new(settings);
        assert_eq!(stage.ask("几点开门？").await, self.expected, "{place}");
        let n_asked = (main.n_asked(), fallback.n_asked());
        assert_eq!(n_asked, (self.n_main, self.n_fallback), "{place}");
        assert_eq!(stage.outcomes(), [self.outcome], "{place}");
        let used = stage.turn().used;
        let calls: u32 = used.iter().map(|used| used.calls).sum();
        assert_eq!(
            calls as usize,
            self.n_main + stage_calls(&used, "f"),
            "{place}"
        );
        assert!(
            fallback
                .asked()
                .iter()
                .all(|asked| asked.body["model"] == "f")
        );
        // Another endpoint must not see the key.
        assert!(
            fallback
                .asked()
                .iter()
                .all(|asked| !asked.head.contains(KEY))
        );
    }
}

fn stage_calls(used: &[echostr::journal::ModelUse], model: &str) -> usize {
    let mut used = used.iter().filter(|used| &*used.model == model);
    used.next().map_or(0, |used| used.calls as usize)
}

#[tokio::test]
async fn a_call_that_failed_before_its_first_word_is_tried_again() {
    let good = || Script::says(&["九点。"]);
    let twice = |bad: Script| Course {
        n_main: 2,
        n_fallback: 0,
        expected: "九点。",
        ..Course::of([bad, good()])
    };
    twice(Script::new(500, "text/plain", "")).check("500").await;
    twice(Script::new(503, "text/plain", "").header("Retry-After: 1"))
        .check("503")
        .await;
    twice(Script::new(429, "text/plain", "").header("Retry-After: 1"))
        .check("429")
        .await;
    twice(Script::events(": wait\n\n").break_off())
        .check("break")
        .await;
    twice(Script::events("")).check("end").await;
    // As often as is set, not more.
    Course {
        settings: json!({ "retries": 3 }),
        n_main: 4,
        ..Course::of([Script::new(500, "text/plain", "")])
    }
    .check("four times")
    .await;
    Course {
        settings: json!({ "retries": 0 }),
        ..Course::of([Script::new(500, "text/plain", ""), good()])
    }
    .check("never")
    .await;
    // Nobody waits for a minute, and what is wrong stays wrong.
    for bad in [
        Script::new(429, "text/plain", "").header("Retry-After: 60"),
        Script::new(401, "text/plain", ""),
        Script::new(400, "text/plain", ""),
        Script::new(200, "text/html", ""),
        Script::events("data: x\n\n"),
        Script::says(&[]),
    ] {
        Course::of([bad.clone(), good()])
            .check(&format!("{bad:?}"))
            .await;
    }
    Course {
        settings: json!({ "timeout_secs": 1 }),
        ..Course::of([Script::events("").hang(), good()])
    }
    .check("silent")
    .await;
}

#[tokio::test]
async fn after_its_first_word_an_answer_is_not_begun_anew() {
    for (bad, timeout_secs) in [
        (Script::begins(&["九点，", "但是"]).break_off(), 10),
        (Script::begins(&["九点，", "但是"]), 10),
        (Script::begins(&["九点，", "但是"]).hang(), 1),
        (Script::begins(&["九点，", "但是"]).send("data: {\n\n"), 10),
        (
            Script::begins(&["九点，", "但是"]).send(event(&json!({ "error": "overloaded" }))),
            10,
        ),
    ] {
        let place = format!("{bad:?}");
        Course {
            settings: json!({ "timeout_secs": timeout_secs }),
            expected: "九点，但是",
            n_fallback: 0,
            outcome: TurnOutcome::Broken,
            ..Course::of([bad, Script::says(&["十点。"])])
        }
        .check(&place)
        .await;
    }
}

#[tokio::test]
async fn without_any_answer_there_is_the_fallback_text() {
    Course {
        fallback: None,
        expected: FALLBACK,
        n_fallback: 0,
        outcome: TurnOutcome::Failed,
        ..Course::of([Script::new(400, "text/plain", "")])
    }
    .check("nobody")
    .await;
    let nobody = Model::nobody().await;
    let stage = Stage::new(json!({ "url": nobody.url }));
    let error = stage.fail("几点开门？").await;
    let expected = format!(
        "cannot connect to the model at {}/chat/completions; does it run?: Connection refused (os error ",
        nobody.url
    );
    assert!(error.starts_with(&expected), "{error}");
    // It was tried twice.
    assert_eq!(stage.turn().used[0].calls, 2);
    assert_eq!(stage.turn().used[0].tokens_in, 0);
}

#[tokio::test]
async fn a_fallback_at_the_same_endpoint_has_the_same_key() {
    let model = Model::new([
        Script::new(400, "text/plain", ""),
        Script::says(&["九点。"]),
    ])
    .await;
    let stage = Stage::new(json!({
        "url": model.url,
        "fallback": { "url": model.url, "model": "f" },
    }));
    assert_eq!(stage.ask("几点开门？").await, "九点。");
    assert!(model.asked()[1].head.contains(KEY));
}

#[tokio::test]
async fn models_of_the_same_name_have_their_own_prices() {
    let main = Model::new([Script::events(event(
        &json!({ "choices": [], "usage": { "prompt_tokens": 5, "completion_tokens": 0 } }),
    ))])
    .await;
    let fallback = Model::new([Script::says(&["九点。"])]).await;
    let stage = Stage::new(json!({
        "url": main.url,
        "retries": 0,
        "price_in": 2,
        "fallback": { "url": fallback.url, "model": "m", "price_in": 10 },
    }));
    assert_eq!(stage.ask("几点开门？").await, "九点。");
    let costs: Vec<_> = stage.turn().used.iter().map(|it| it.cost_micros).collect();
    assert_eq!(costs, [10, 70]);
}

#[tokio::test]
async fn a_job_that_is_cut_off_is_written_down() {
    let model = Model::new([Script::begins(&["九点，"]).hang()]).await;
    let stage = Stage::new(json!({ "url": model.url }));
    let limits = JobLimits {
        timeout: Duration::from_millis(500),
        ..JobLimits::default()
    };
    let stage = Stage {
        bot: stage.bot.with_job_limits(limits),
        ..stage
    };
    assert_eq!(stage.ask("几点开门？").await, "九点，");
    stage.book.has_turns(1).await;
    let turn = stage.turn();
    assert_eq!(
        (turn.outcome, &*turn.answer),
        (TurnOutcome::Broken, "九点，")
    );
    let used = &turn.used[0];
    assert_eq!((used.tokens_in, used.tokens_out), (8, 2));
    assert!(used.is_guessed);
}

#[tokio::test]
async fn the_first_words_are_there_before_the_last() {
    let gate = Arc::new(Semaphore::new(0));
    let script = Script::begins(&["第一句。\n\n"])
        .wait(&gate)
        .send(delta("第二句。") + &finished());
    let model = Model::new([script]).await;
    let account = echostr::Account {
        delivery: echostr::Strategy::Quick,
        ..shop()
    };
    let stage = Stage::of(json!({ "url": model.url }), account);
    let first = stage.ask("写").await;
    assert!(first.starts_with("第一句。"), "{first}");
    gate.add_permits(1);
    stage.book.has_turns(1).await;
    assert_eq!(stage.turn().answer, "第一句。\n\n第二句。");
}

#[tokio::test]
async fn no_secret_is_ever_shown() {
    let settings = json!({ "url": "http://127.0.0.1:1/v1", "model": "m" });
    let settings: LlmSettings = serde_json::from_value(settings).expect("settings");
    let keys = LlmKeys([("key".to_owned(), KEY.into())].into());
    let mut shown = format!("{keys:?}");
    let bot = LlmBot::new(settings, keys).expect("a bot");
    write!(shown, "{bot:?} {bot:#?}").expect("a text");
    assert!(!shown.contains("Planted"), "{shown}");
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    #[track_caller]
    fn check(settings: Value, key: &str, field: &str, text: &str) {
        let settings: LlmSettings = serde_json::from_value(settings).expect("settings");
        let keys = LlmKeys([(key.to_owned(), "a\nb".into())].into());
        let expected = BadLlm {
            field: field.into(),
            text: text.into(),
        };
        assert_eq!(LlmBot::new(settings, keys).err(), Some(expected));
    }
    let url = "http://127.0.0.1:1/v1";
    let no_url = "is not set, and there is no known `preset`; one of the two is needed";
    let no_model = "is not set; the endpoint has to know which";
    check(json!({ "model": "m" }), "", "url", no_url);
    check(json!({ "url": url }), "", "model", no_model);
    check(json!({ "preset": "doubao" }), "", "model", no_model);
    check(
        json!({ "url": "ftp://a/v1", "model": "m" }),
        "",
        "url",
        "is `ftp://a/v1/chat/completions`, `http://` or `https://` is needed at the beginning",
    );
    let fallback = |fallback: Value| json!({ "url": url, "model": "m", "fallback": fallback });
    check(
        fallback(json!({ "model": "f" })),
        "",
        "fallback.url",
        no_url,
    );
    check(
        fallback(json!({ "url": url })),
        "",
        "fallback.model",
        no_model,
    );
    let no_key = "has characters that no key has";
    check(json!({ "url": url, "model": "m" }), "key", "key", no_key);
    check(
        fallback(json!({ "url": url, "model": "f" })),
        "fallback.key",
        "fallback.key",
        no_key,
    );
}
