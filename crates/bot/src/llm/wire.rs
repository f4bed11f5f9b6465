//! The wire format of chat completions: what an endpoint is sent, and what it may answer. Nothing in an answer is needed but
//! what is used, for "compatible" endpoints leave out and add what they like.
//!
//! Source: <https://platform.openai.com/docs/api-reference/chat> (read 2026-11-22)

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// How many tool calls of one answer are looked at.
const MAX_CALLS: usize = 16;
/// How long the arguments of one call may be, in bytes.
const MAX_ARGUMENT_BYTES: usize = 64 * 1024;

/// More tokens than any call has: who tells more tells nothing.
const MAX_TOKENS: u64 = 1_000_000_000;

/// What a request says beside its messages.
pub(super) fn request(
    settings: &super::ModelSettings,
    messages: &[Value],
    tools: &[Value],
    may_call: bool,
) -> Value {
    let mut request = json!({
        "model": settings.name(),
        "messages": messages,
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    if let Some(temperature) = &settings.temperature {
        request["temperature"] = Value::Number(temperature.clone());
    }
    if let Some(max_tokens) = settings.max_tokens {
        request["max_tokens"] = max_tokens.into();
    }
    if !tools.is_empty() {
        // Some endpoints refuse what tools said when no tools are named.
        request["tools"] = tools.into();
        if !may_call {
            request["tool_choice"] = "none".into();
        }
    }
    request
}

pub(super) fn system(text: &str) -> Value {
    json!({ "role": "system", "content": text })
}

pub(super) fn user(text: &str) -> Value {
    json!({ "role": "user", "content": text })
}

/// A question with a picture, as a `data:` URL.
pub(super) fn user_with_picture(text: &str, picture: &str) -> Value {
    json!({
        "role": "user",
        "content": [
            { "type": "text", "text": text },
            { "type": "image_url", "image_url": { "url": picture } },
        ],
    })
}

pub(super) fn assistant(text: &str) -> Value {
    json!({ "role": "assistant", "content": text })
}

/// What the model wrote before it asked for tools, and for which.
pub(super) fn assistant_calling(text: &str, calls: &[Call]) -> Value {
    let calls: Vec<_> = calls
        .iter()
        .map(|Call { id, name, arguments }| {
            // An endpoint that checks them must not refuse the model's own.
            let is_object = serde_json::from_str::<Map<String, Value>>(arguments).is_ok();
            let arguments = if is_object { arguments } else { "{}" };
            json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } })
        })
        .collect();
    json!({ "role": "assistant", "content": text, "tool_calls": calls })
}

/// What a tool said.
pub(super) fn tool(call: &Call, result: &str) -> Value {
    json!({ "role": "tool", "tool_call_id": call.id, "content": result })
}

/// What one event says, or a whole answer that does not stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// More of the text.
    pub(super) text: String,
    /// What the model thinks, which is for nobody.
    pub(super) thinking: String,
    pub(super) calls: Vec<CallPart>,
    pub(super) usage: Option<Usage>,
    /// It says why it ends: at its own will, by `max_tokens`, because of a filter.
    pub(super) is_complete: bool,
}

impl Heard {
    /// Whether the model has said, thought or wanted something.
    pub(super) fn is_word(&self) -> bool {
        !self.thinking.is_empty() || !self.text.is_empty() || !self.calls.is_empty()
    }

    /// All that the model has written, for whomever.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let calls = self.calls.iter();
        let calls = calls.flat_map(|part| [&*part.name, &*part.arguments]);
        [&*self.text, &*self.thinking].into_iter().chain(calls)
    }
}

/// A part of a tool call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CallPart {
    // Nothing where the endpoint leaves it out.
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

/// What an endpoint says that a call has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) tokens_in: u64,
    pub(super) tokens_out: u64,
}

/// What the data of an event, or a whole answer, says; or the rest of a sentence about what is wrong with it.
pub(super) fn heard(json: &str) -> Result<Heard, String> {
    let value: Value =
        serde_json::from_str(json).map_err(|error| format!("sent what is no JSON: {error}"))?;
    let Value::Object(value) = value else {
        return Err("sent JSON that is no object".into());
    };
    // Some endpoints have `"error": null` in every answer.
    if let Some(error) = value.get("error").filter(|error| !error.is_null()) {
        return Err(format!("answered with an error: {}", said(error)));
    }
    let usage = value.get("usage").and_then(usage);
    // An answer has one choice; events about usage alone have none.
    let choice = value.get("choices").and_then(|choices| choices.get(0));
    let reason = choice.and_then(|choice| choice.get("finish_reason")?.as_str());
    // Some endpoints have an empty one, or the word, until they end.
    let is_complete = reason.is_some_and(|reason| !reason.is_empty() && reason != "null");
    let part = choice.and_then(|choice| {
        let part = |name| choice.get(name).filter(|part| part.is_object());
        part("delta").or_else(|| part("message"))
    });
    let Some(part) = part else {
        return Ok(Heard {
            usage,
            is_complete,
            ..Heard::default()
        });
    };
    let calls = part.get("tool_calls").and_then(Value::as_array);
    Ok(Heard {
        text: text(part.get("content")),
        thinking: ["reasoning_content", "reasoning"]
            .iter()
            .map(|name| text(part.get(name)))
            .find(|thinking| !thinking.is_empty())
            .unwrap_or_default(),
        calls: calls.into_iter().flatten().filter_map(call_part).collect(),
        usage,
        is_complete,
    })
}

/// A text, or the texts of a list of parts.
fn text(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts
            .iter()
            .filter_map(|part| part.get("text")?.as_str())
            .collect(),
        _ => String::new(),
    }
}

fn usage(usage: &Value) -> Option<Usage> {
    let tokens = |name| {
        let tokens = usage.get(name).and_then(Value::as_u64);
        tokens.filter(|tokens| *tokens <= MAX_TOKENS)
    };
    let (tokens_in, tokens_out) = (tokens("prompt_tokens")?, tokens("completion_tokens")?);
    // Events before the last one have zeros at some endpoints.
    (tokens_in + tokens_out > 0).then_some(Usage {
        tokens_in,
        tokens_out,
    })
}

fn call_part(part: &Value) -> Option<CallPart> {
    let function = part.get("function")?;
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        // Some endpoints write the arguments as an object.
        Some(Value::Object(object)) => Value::Object(object.clone()).to_string(),
        _ => String::new(),
    };
    Some(CallPart {
        index: part.get("index").and_then(Value::as_u64),
        id: text(part.get("id")),
        name: text(function.get("name")),
        arguments: text(function.get("arguments")),
    })
}

/// What an error says, whatever its form.
fn said(error: &Value) -> String {
    let message = error.get("message").or_else(|| error.get("msg"));
    match message.unwrap_or(error) {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A call of a tool, as the model wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    /// JSON, if the model has written any.
    pub(super) arguments: String,
}

/// The calls of one answer while their parts come.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<Call>,
    // Place in `calls`, by the endpoint's own number.
    places: BTreeMap<u64, usize>,
}

impl Calls {
    /// Adds a part to its call; what is wrong, as the rest of a sentence.
    pub(super) fn add(&mut self, part: CallPart) -> Result<(), String> {
        let place = self.place(&part);
        if place == self.calls.len() {
            if place == MAX_CALLS {
                return Err(format!(
                    "wants more than {MAX_CALLS} tool calls in one answer"
                ));
            }
            self.calls.push(Call {
                id: String::new(),
                name: String::new(),
                arguments: String::new(),
            });
        }
        if let Some(index) = part.index {
            self.places.insert(index, place);
        }
        let call = &mut self.calls[place];
        // The id comes once, or with every part.
        if call.id.is_empty() {
            call.id = part.id;
        }
        if call.name != part.name {
            call.name.push_str(&part.name);
        }
        call.arguments.push_str(&part.arguments);
        if call.arguments.len() + call.name.len() > MAX_ARGUMENT_BYTES {
            return Err(format!(
                "wants a tool call with arguments of more than {MAX_ARGUMENT_BYTES} bytes"
            ));
        }
        Ok(())
    }

    /// Where the call of a part stands, or would stand.
    fn place(&self, part: &CallPart) -> usize {
        let n_calls = self.calls.len();
        if let Some(index) = part.index {
            let place = self.places.get(&index).copied();
            // Some endpoints give each call the same number.
            let goes_on = |place: &usize| {
                let id = &self.calls[*place].id;
                [&part.id, &part.name, id].iter().any(|it| it.is_empty()) || *id == part.id
            };
            return place.filter(goes_on).unwrap_or(n_calls);
        }
        let same = |call: &Call| !part.id.is_empty() && call.id == part.id;
        if let Some(place) = self.calls.iter().position(same) {
            return place;
        }
        // A name begins a call; what has none goes on with the last one.
        if part.name.is_empty() {
            n_calls.saturating_sub(1)
        } else {
            n_calls
        }
    }

    /// All of them; those without an id get one, for their results are told by it.
    pub(super) fn finish(self) -> Vec<Call> {
        let mut calls = self.calls;
        for (place, call) in calls.iter_mut().enumerate() {
            if call.id.is_empty() {
                call.id = format!("call_{place}");
            }
        }
        calls
    }
}

/// How many tokens texts have, roughly: two of three Chinese characters, four bytes of anything else.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Guess {
    wide: u64,
    bytes: u64,
}

impl Guess {
    pub(super) fn of(text: &str) -> Self {
        let mut guess = Self::default();
        guess.add(text);
        guess
    }

    pub(super) fn add(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '\u{2e80}'..='\u{9fff}'
                | '\u{ac00}'..='\u{d7af}'
                | '\u{f900}'..='\u{faff}'
                | '\u{ff00}'..='\u{ffef}'
                | '\u{20000}'..='\u{3ffff}' => self.wide += 1,
                other => self.bytes += other.len_utf8() as u64,
            }
        }
    }

    pub(super) fn tokens(self) -> u64 {
        (self.wide * 2).div_ceil(3) + self.bytes.div_ceil(4)
    }
}

/// How many tokens messages have, and the tools that are told with them, roughly.
pub(super) fn tokens(messages: &[Value], tools: &[Value]) -> u64 {
    const PICTURE: u64 = 1000;
    const AROUND: u64 = 4;
    let of = |message: &Value| {
        let text = text(message.get("content"));
        let parts = message.get("content").and_then(Value::as_array);
        let pictures = parts.into_iter().flatten();
        let n_pictures = pictures
            .filter(|part| part.get("image_url").is_some())
            .count() as u64;
        let calls = message.get("tool_calls").map(Value::to_string);
        let mut guess = Guess::of(&text);
        guess.add(&calls.unwrap_or_default());
        guess.tokens() + n_pictures * PICTURE + AROUND
    };
    let tools = tools
        .iter()
        .map(|tool| Guess::of(&tool.to_string()).tokens());
    messages.iter().map(of).chain(tools).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: &Heard) {
        assert_eq!(heard(json).as_ref(), Ok(expected), "{json}");
    }

    fn says(text: &str) -> Heard {
        Heard {
            text: text.into(),
            ..Heard::default()
        }
    }

    #[test]
    fn events_of_many_vendors_are_understood() {
        let used = |tokens_in, tokens_out| Heard {
            usage: Some(Usage {
                tokens_in,
                tokens_out,
            }),
            ..Heard::default()
        };
        for (json, expected) in [
            (
                r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"好"}}]}"#,
                says("好"),
            ),
            (
                r#"{"choices":[{"delta":{"content":"好"},"finish_reason":""}]}"#,
                says("好"),
            ),
            (
                r#"{"choices":[{"delta":{"content":"好"}}],"usage":{}}"#,
                says("好"),
            ),
            (
                r#"{"choices":[{"delta":{"content":"好"}}],"usage":null,"error":null}"#,
                says("好"),
            ),
            (r#"{"choices":[{"delta":{"content":null}}]}"#, says("")),
            (
                r#"{"choices":[{"delta":null,"message":{"content":"好"}}]}"#,
                says("好"),
            ),
            (
                r#"{"choices":[{"delta":{"content":[{"type":"text","text":"好"},{"type":"x"}]}}]}"#,
                says("好"),
            ),
            (
                r#"{"choices":[{"finish_reason":"stop"}]}"#,
                Heard {
                    is_complete: true,
                    ..Heard::default()
                },
            ),
            (
                r#"{"choices":[{"delta":{"content":"好"},"finish_reason":"length"}]}"#,
                Heard {
                    is_complete: true,
                    ..says("好")
                },
            ),
            (
                r#"{"choices":[{"delta":{"content":"好"},"finish_reason":"null"}]}"#,
                says("好"),
            ),
            (r#"{"choices":[]}"#, says("")),
            ("{}", says("")),
            (
                r#"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}"#,
                used(7, 3),
            ),
            (
                r#"{"usage":{"prompt_tokens":0,"completion_tokens":0}}"#,
                says(""),
            ),
            (r#"{"usage":{"total_tokens":9}}"#, says("")),
            (
                r#"{"usage":{"prompt_tokens":1000000000,"completion_tokens":1}}"#,
                used(1_000_000_000, 1),
            ),
            (
                r#"{"usage":{"prompt_tokens":1000000001,"completion_tokens":1}}"#,
                says(""),
            ),
            (
                r#"{"usage":{"prompt_tokens":1,"completion_tokens":18446744073709551615}}"#,
                says(""),
            ),
            (
                r#"{"choices":[{"delta":{"reasoning_content":"嗯","content":""}}]}"#,
                Heard {
                    thinking: "嗯".into(),
                    ..Heard::default()
                },
            ),
        ] {
            check(json, &expected);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (json, expected) in [
            (
                "",
                "sent what is no JSON: EOF while parsing a value at line 1 column 0",
            ),
            ("[1]", "sent JSON that is no object"),
            (
                r#"{"error":{"message":"overloaded","code":1}}"#,
                "answered with an error: overloaded",
            ),
            (
                r#"{"error":"overloaded"}"#,
                "answered with an error: overloaded",
            ),
            (
                r#"{"error":{"code":1305}}"#,
                r#"answered with an error: {"code":1305}"#,
            ),
        ] {
            assert_eq!(heard(json), Err(expected.into()), "{json}");
        }
    }

    /// The calls that these parts make: each as `id name arguments`.
    #[track_caller]
    fn check_calls(parts: &[&str], expected: &[&str]) {
        let mut calls = Calls::default();
        for part in parts {
            let event = format!(r#"{{"choices":[{{"delta":{{"tool_calls":[{part}]}}}}]}}"#);
            for part in heard(&event).expect("an event").calls {
                calls.add(part).expect("few calls");
            }
        }
        let calls = calls.finish();
        let calls: Vec<_> = calls
            .iter()
            .map(|call| format!("{} {} {}", call.id, call.name, call.arguments))
            .collect();
        assert_eq!(calls, expected, "{parts:?}");
    }

    #[test]
    fn parts_of_calls_are_joined() {
        check_calls(
            &[
                r#"{"index":0,"id":"a","type":"function","function":{"name":"stock","arguments":""}}"#,
                r#"{"index":0,"function":{"arguments":"{\"a\":"}}"#,
                r#"{"index":1,"id":"b","function":{"name":"price","arguments":"{}"}}"#,
                r#"{"index":0,"function":{"arguments":"1}"}}"#,
            ],
            &[r#"a stock {"a":1}"#, "b price {}"],
        );
        // Without numbers, whole or in parts, with the id in each part or in none.
        check_calls(
            &[
                r#"{"id":"a","function":{"name":"stock","arguments":"{\"a\":"}}"#,
                r#"{"id":"a","function":{"name":"stock","arguments":"1}"}}"#,
                r#"{"id":"b","function":{"name":"stock","arguments":{"a":2}}}"#,
            ],
            &[r#"a stock {"a":1}"#, r#"b stock {"a":2}"#],
        );
        check_calls(
            &[
                r#"{"function":{"name":"stock","arguments":""}}"#,
                r#"{"function":{"arguments":"{\"a\":1}"}}"#,
                r#"{"function":{"name":"price"}}"#,
            ],
            &[r#"call_0 stock {"a":1}"#, "call_1 price "],
        );
        check_calls(&[r#"{"index":0}"#], &[]);
        // All have the same number.
        check_calls(
            &[
                r#"{"index":0,"id":"a","function":{"name":"stock","arguments":"{\"a\":1"}}"#,
                r#"{"index":0,"id":"a","function":{"name":"stock","arguments":"}"}}"#,
                r#"{"index":0,"id":"b","function":{"name":"stock","arguments":"{\"a\":"}}"#,
                r#"{"index":0,"id":"c","function":{"arguments":"2}"}}"#,
            ],
            &[r#"a stock {"a":1}"#, r#"b stock {"a":2}"#],
        );
    }

    #[test]
    fn calls_are_bounded() {
        let part = |index, arguments: String| CallPart {
            index: Some(index),
            arguments,
            ..CallPart::default()
        };
        let mut calls = Calls::default();
        for index in 0..16 {
            calls
                .add(part(index, String::new()))
                .expect("there is room");
        }
        assert_eq!(
            calls.add(part(16, String::new())),
            Err("wants more than 16 tool calls in one answer".into())
        );
        assert_eq!(calls.add(part(0, "x".repeat(64 * 1024))), Ok(()));
        assert_eq!(
            calls.add(part(0, "x".into())),
            Err("wants a tool call with arguments of more than 65536 bytes".into())
        );
    }

    #[test]
    fn tokens_are_guessed_by_characters() {
        for (text, expected) in [
            ("", 0),
            ("几点开门", 3),
            ("几点开门？", 4),
            ("hello world!", 3),
            ("早上 9 点", 3),
        ] {
            assert_eq!(Guess::of(text).tokens(), expected, "{text}");
        }
        let (messages, tools) = ([user("几点开门")], [json!({ "name": "库存" })]);
        assert_eq!(tokens(&messages, &[]), 7);
        assert_eq!(tokens(&messages, &tools), 12);
    }
}
