//! [`Moderator`]: another model looks at what is said, by an OpenAI-compatible endpoint; [`Segments`] cuts a text that streams
//! into what it looks at.
//!
//! Source: <https://platform.openai.com/docs/api-reference/moderations> (read 2026-11-30)

use std::time::Duration;

use echostr_client::with_causes;
use echostr_protocol::api::Secret;
use serde_json::{Value, json};
use tracing::warn;

use super::web::{Endpoint, Limits};
use super::{BadLlm, ModerationSettings};
use crate::call::Failure;

const LIMITS: Limits = Limits {
    time: Duration::from_secs(5),
    size_bytes: 256 * 1024,
};

/// Looks at what is said.
pub(super) struct Moderator {
    endpoint: Endpoint,
    /// Empty: the endpoint's own.
    model: String,
    /// Whether it looks at what followers write.
    pub(super) input: bool,
    /// Whether it looks at what the model writes.
    pub(super) output: bool,
    passes_on_failure: bool,
}

impl Moderator {
    /// Makes no connection yet.
    ///
    /// # Errors
    /// When the address cannot be called.
    pub(super) fn new(settings: &ModerationSettings, key: Option<&Secret>) -> Result<Self, BadLlm> {
        let url = format!("{}/moderations", settings.url.trim().trim_end_matches('/'));
        let endpoint = Endpoint::new("moderation endpoint", "moderation", &url, key)?;
        Ok(Self {
            endpoint,
            model: settings.model.clone(),
            input: settings.input,
            output: settings.output,
            passes_on_failure: settings.passes_on_failure,
        })
    }

    /// Whether the text may be said. When the endpoint does not tell in time, the settings do.
    pub(super) async fn passes(&self, text: &str) -> bool {
        match self.is_flagged(text).await {
            Ok(is_flagged) => !is_flagged,
            Err(error) => {
                let done = if self.passes_on_failure {
                    "the text passes"
                } else {
                    "the text does not pass"
                };
                let error = with_causes(&error);
                warn!(error, "{error}; {done}, by `moderation.passes_on_failure`");
                self.passes_on_failure
            }
        }
    }

    async fn is_flagged(&self, text: &str) -> Result<bool, Failure> {
        let mut question = json!({ "input": text });
        if !self.model.is_empty() {
            question["model"] = self.model.as_str().into();
        }
        let answer = self.endpoint.ask(&question, LIMITS).await?;
        verdict(&answer).ok_or_else(|| {
            let what =
                "answered without `flagged` in its `results`, so it did not look at the text";
            self.endpoint.failed(what)
        })
    }
}

/// Whether one of the results is flagged; nothing when there is none that says so or denies it.
fn verdict(answer: &Value) -> Option<bool> {
    let results = match answer.get("results")? {
        Value::Array(results) => results.as_slice(),
        // Some endpoints forget the list around the only result.
        result => std::slice::from_ref(result),
    };
    let mut verdicts = results.iter().map(|result| match result.get("flagged")? {
        Value::Bool(is_flagged) => Some(*is_flagged),
        Value::Number(number) => Some(number.as_f64() != Some(0.0)),
        _ => None,
    });
    let first = verdicts.next()??;
    verdicts.try_fold(first, |is_flagged, next| Some(is_flagged | next?))
}

/// Cuts a text that streams into what is looked at: whole sentences, of together at least 200 characters.
#[derive(Default)]
pub(super) struct Segments {
    gathered: String,
}

impl Segments {
    /// Few calls, and no long wait.
    const LEAST_CHARS: usize = 200;
    /// A text without sentences is cut here.
    const MOST_CHARS: usize = 1000;

    /// Adds to the text; gives what is to be looked at now.
    pub(super) fn push(&mut self, piece: &str) -> Option<String> {
        self.gathered.push_str(piece);
        let end = self.end()?;
        let rest = self.gathered.split_off(end);
        Some(std::mem::replace(&mut self.gathered, rest))
    }

    /// What is left at the end of the text.
    pub(super) fn finish(self) -> Option<String> {
        (!self.gathered.is_empty()).then_some(self.gathered)
    }

    /// Where the last sentence ends, if it is far enough from the beginning.
    fn end(&self) -> Option<usize> {
        let text = &self.gathered;
        let (least, _) = text.char_indices().nth(Self::LEAST_CHARS - 1)?;
        let sentence = text[least..].char_indices().rfind(|(at, character)| {
            let after = least + at + character.len_utf8();
            match character {
                '。' | '！' | '？' | '；' | '…' | '\n' => true,
                // In `3.14` and `example.com` nothing ends.
                '.' | '!' | '?' | ';' => text[after..].starts_with(char::is_whitespace),
                _ => false,
            }
        });
        match sentence {
            Some((at, character)) => Some(least + at + character.len_utf8()),
            None => (text.chars().count() >= Self::MOST_CHARS).then_some(text.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::response::{IntoResponse as _, Response};
    use http::StatusCode;

    use super::*;
    use crate::llm::listening::{Listening, endless, of_type};

    fn moderator(server: &Listening, passes_on_failure: bool) -> Moderator {
        let settings = ModerationSettings {
            url: format!("{}/v1/", server.url),
            model: "omni-moderation-latest".into(),
            passes_on_failure,
            ..ModerationSettings::default()
        };
        Moderator::new(&settings, Some(&"sk-planted".to_owned().into())).expect("an address")
    }

    const FLAGGED: &str = r#"{"id": "modr-1", "results": [{"flagged": true}]}"#;
    const CLEAN: &str = r#"{"id": "modr-1", "results": [{"flagged": false}]}"#;

    #[tokio::test]
    async fn the_endpoint_is_asked_with_text_model_and_key() {
        let server = Listening::new(|| of_type("application/json", CLEAN)).await;
        assert!(moderator(&server, false).passes("你好").await);
        let (head, body) = server.received();
        assert_eq!(head.method, "POST");
        assert_eq!(head.uri, "/v1/moderations");
        assert_eq!(head.headers["authorization"], "Bearer sk-planted");
        assert_eq!(head.headers["content-type"], "application/json");
        let expected = json!({ "input": "你好", "model": "omni-moderation-latest" });
        assert_eq!(body, expected.to_string());
    }

    #[tokio::test]
    async fn the_settings_say_what_passes_when_the_endpoint_does_not() {
        async fn check(answer: fn() -> Response, expected: Option<bool>) {
            for passes_on_failure in [false, true] {
                let server = Listening::new(answer).await;
                let passes = moderator(&server, passes_on_failure).passes("你好").await;
                assert_eq!(
                    passes,
                    expected.unwrap_or(passes_on_failure),
                    "{expected:?}"
                );
                assert_eq!(server.n_received(), 1);
            }
        }
        check(|| of_type("application/json", CLEAN), Some(true)).await;
        check(|| of_type("application/json", FLAGGED), Some(false)).await;
        check(|| of_type("text/html", "<p>busy"), None).await;
        check(|| of_type("application/json", "{}"), None).await;
        check(|| (StatusCode::BAD_GATEWAY, CLEAN).into_response(), None).await;
        // It never ends.
        check(|| endless("application/json", "[[[["), None).await;
        let long = || {
            of_type(
                "application/json",
                CLEAN.to_owned() + &" ".repeat(256 * 1024),
            )
        };
        check(long, None).await;
        let elsewhere = || (StatusCode::FOUND, [("location", "/there")]).into_response();
        check(elsewhere, None).await;
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_is_silent_is_given_up_after_5_seconds() {
        for passes_on_failure in [false, true] {
            let server = Listening::silent().await;
            let start = tokio::time::Instant::now();
            let passes = moderator(&server, passes_on_failure).passes("你好").await;
            assert_eq!(passes, passes_on_failure);
            assert_eq!(start.elapsed().as_secs(), 5);
        }
    }

    #[test]
    fn what_cannot_be_called_is_refused() {
        #[track_caller]
        fn check(url: &str, key: &str, expected: &str) {
            let settings = ModerationSettings {
                url: url.into(),
                ..ModerationSettings::default()
            };
            let error = Moderator::new(&settings, Some(&key.to_owned().into())).err();
            let error = error.expect("it cannot be called").to_string();
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.contains("planted"), "{error}");
        }
        check(
            "api.example.com",
            "sk-1",
            "`moderation.url` is `api.example.com/moderations`, `http://` or",
        );
        check(
            "https://api.example.com",
            "sk-planted\n2",
            "`moderation.key` has characters",
        );
    }

    #[test]
    fn segments_are_whole_sentences() {
        #[track_caller]
        fn check(pieces: &[&str], expected: &[&str]) {
            let mut segments = Segments::default();
            let mut found: Vec<_> = pieces
                .iter()
                .filter_map(|piece| segments.push(piece))
                .collect();
            found.extend(segments.finish());
            assert_eq!(found, expected, "{pieces:?}");
        }
        let long = "好".repeat(199);
        check(&[], &[]);
        check(&["好。", "好。"], &["好。好。"]);
        check(&[&long, "。", "好。"], &[&format!("{long}。"), "好。"]);
        check(&[&long, "。好"], &[&format!("{long}。"), "好"]);
        check(&["好。", &long, "好"], &[&format!("好。{long}好")]);
        check(
            &[&long, "3.", "14 3. 好"],
            &[&format!("{long}3.14 3."), " 好"],
        );
        check(
            &[&long, "example.com\n"],
            &[&format!("{long}example.com\n")],
        );
        let longest = "x".repeat(999);
        check(&[&longest, "x", "x"], &[&format!("{longest}x"), "x"]);
    }

    #[test]
    fn a_verdict_is_read_leniently() {
        #[track_caller]
        fn check(answer: &str, expected: Option<bool>) {
            let answer: Value = serde_json::from_str(answer).expect("JSON");
            assert_eq!(verdict(&answer), expected, "{answer}");
        }
        check(r#"{"results": [{"flagged": false}]}"#, Some(false));
        check(
            r#"{"results": [{"flagged": true, "categories": {"hate": true}}]}"#,
            Some(true),
        );
        check(
            r#"{"results": [{"flagged": false}, {"flagged": true}]}"#,
            Some(true),
        );
        check(r#"{"results": {"flagged": 1}}"#, Some(true));
        check(r#"{"results": [{"flagged": 0}]}"#, Some(false));
        check(r#"{"results": []}"#, None);
        check(r#"{"results": [{}]}"#, None);
        check(r#"{"results": [{"flagged": false}, {}]}"#, None);
        check(r#"{"results": [{"flagged": "no"}]}"#, None);
        check(r#"{"error": {"message": "no such model"}}"#, None);
        check("[]", None);
    }
}
