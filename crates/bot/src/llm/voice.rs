//! Voices that followers send, as text: by an OpenAI-compatible endpoint for transcriptions.
//!
//! The file goes as it comes from the platform, AMR at 8 kHz or Speex: the endpoint has to read these.
//!
//! Source: <https://platform.openai.com/docs/api-reference/audio/createTranscription> (read 2026-11-30)

use std::time::Duration;

use echostr_protocol::api::Secret;
use echostr_protocol::message::Voice;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::Value;
use tokio::time::Instant;

use super::web::{Endpoint, Fetched, Limits};
use super::{EndpointSettings, media};
use crate::BoxError;
use crate::handler::Context;

/// From the first call to the last byte.
const TIME: Duration = Duration::from_secs(30);
/// A minute of AMR is some 100 KB.
const MAX_VOICE_BYTES: usize = 2 * 1024 * 1024;
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// What was said.
///
/// # Errors
/// The platform does not give the voice, or the endpoint no text; none of the errors has what was said in it.
pub(super) async fn transcribed(
    context: &Context,
    voice: &Voice,
    endpoint: &EndpointSettings,
    key: Option<&Secret>,
) -> Result<String, BoxError> {
    if let Some(recognised) = voice
        .recognition
        .as_deref()
        .filter(|text| !text.trim().is_empty())
    {
        return Ok(recognised.to_owned());
    }
    let by = Instant::now() + TIME;
    let url = format!(
        "{}/audio/transcriptions",
        endpoint.url.trim().trim_end_matches('/')
    );
    let model = endpoint.model.clone();
    let endpoint = Endpoint::new("transcription endpoint", "voice", &url, key)?;
    let bytes = media::sent(context, &voice.media_id, TIME, MAX_VOICE_BYTES).await?;
    let (name, content_type) = match voice.format.to_ascii_lowercase().as_str() {
        "speex" => ("voice.speex", "audio/speex"),
        "mp3" => ("voice.mp3", "audio/mpeg"),
        _ => ("voice.amr", "audio/amr"),
    };
    let file = Part::bytes(bytes).file_name(name).mime_str(content_type)?;
    let form = Form::new().part("file", file).text("model", model);
    let limits = Limits {
        time: by.saturating_duration_since(Instant::now()),
        size_bytes: MAX_ANSWER_BYTES,
    };
    let request = endpoint.request(Method::POST).multipart(form);
    let answer = endpoint.fetch_whole(request, limits).await?;
    said(&answer).ok_or_else(|| {
        let what = "answered without a text, as JSON with `text` or as it is";
        endpoint.failed(what).into()
    })
}

/// `{"text": "…"}`, or the text itself; nothing when it is blank.
fn said(answer: &Fetched) -> Option<String> {
    let text = std::str::from_utf8(&answer.body).ok()?;
    let text = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(members)) => members.get("text")?.as_str()?.to_owned(),
        Ok(Value::String(text)) => text,
        // Someone can say a number.
        _ if answer.content_type != "text/html" => text.to_owned(),
        _ => return None,
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use axum::response::{IntoResponse as _, Response};
    use http::StatusCode;

    use super::*;
    use crate::llm::listening::{Listening, context, endless, of_type};

    const AMR: &[u8] = b"#!AMR\n\x3c\x00\x01";

    fn sent() -> Voice {
        Voice {
            media_id: "M2".into(),
            format: "amr".into(),
            ..Voice::default()
        }
    }

    async fn transcribed_by(server: &Listening, voice: &Voice) -> Result<String, String> {
        let platform = Listening::platform(AMR, "audio/amr").await;
        let endpoint = EndpointSettings {
            url: format!("{}/v1", server.url),
            model: "whisper-1".into(),
        };
        let key = "sk-planted".to_owned().into();
        let text = transcribed(&context(Some(&platform.url)), voice, &endpoint, Some(&key)).await;
        text.map_err(|error| error.to_string().replace(&server.url, "URL"))
    }

    #[tokio::test]
    async fn the_voice_is_sent_as_a_form() {
        let server =
            Listening::new(|| of_type("application/json", r#"{"text": " 几点开门？"}"#)).await;
        let text = transcribed_by(&server, &sent()).await;
        assert_eq!(text, Ok("几点开门？".to_owned()));
        let (head, body) = server.received();
        assert_eq!(
            (head.method.as_str(), head.uri.path()),
            ("POST", "/v1/audio/transcriptions")
        );
        assert_eq!(head.headers["authorization"], "Bearer sk-planted");
        let form = head.headers["content-type"].to_str().expect("text");
        assert!(form.starts_with("multipart/form-data; boundary="), "{form}");
        for part in [
            "name=\"file\"; filename=\"voice.amr\"\r\ncontent-type: audio/amr\r\n\r\n#!AMR\n",
            "name=\"model\"\r\n\r\nwhisper-1\r\n",
        ] {
            let is_there = body
                .to_ascii_lowercase()
                .contains(&part.to_ascii_lowercase());
            assert!(is_there, "{body}");
        }
    }

    #[tokio::test]
    async fn answers_are_read_leniently() {
        async fn check(answer: fn() -> Response, expected: Result<&str, &str>) {
            let server = Listening::new(answer).await;
            let text = transcribed_by(&server, &sent()).await;
            let expected = expected.map(str::to_owned);
            let at = "the transcription endpoint at URL/v1/audio/transcriptions ";
            assert_eq!(text, expected.map_err(|what| format!("{at}{what}")));
        }
        let none = Err("answered without a text, as JSON with `text` or as it is");
        check(|| of_type("text/plain", "几点开门？\n"), Ok("几点开门？")).await;
        check(|| of_type("text/plain", "12"), Ok("12")).await;
        check(|| of_type("application/json", "\"九点\""), Ok("九点")).await;
        check(|| of_type("application/json", "{\"text\": \"\"}"), none).await;
        check(|| of_type("application/json", "{\"error\": 1}"), none).await;
        check(|| of_type("text/html", "<p>busy"), none).await;
        let status = || (StatusCode::UNAUTHORIZED, "wrong key sk-planted").into_response();
        check(status, Err("answered with status 401, 2xx is needed")).await;
        let long = Err("answered with more than 262144 bytes");
        check(|| endless("text/plain", "好好好"), long).await;
    }

    #[tokio::test]
    async fn what_the_platform_recognised_is_taken() {
        let server = Listening::new(|| "other").await;
        let voice = Voice {
            recognition: Some("几点开门？".into()),
            ..sent()
        };
        assert_eq!(
            transcribed_by(&server, &voice).await,
            Ok("几点开门？".to_owned())
        );
        assert_eq!(server.n_received(), 0);
    }

    #[tokio::test]
    async fn a_voice_that_is_too_large_is_not_sent() {
        let server = Listening::new(|| "几点开门？").await;
        let platform = Listening::platform(vec![0; MAX_VOICE_BYTES + 1], "audio/amr").await;
        let endpoint = EndpointSettings {
            url: server.url.clone(),
            model: "whisper-1".into(),
        };
        let error = transcribed(&context(Some(&platform.url)), &sent(), &endpoint, None).await;
        let error = error.expect_err("it is too large").to_string();
        assert_eq!(error, "the file is larger than 2097152 bytes");
        assert_eq!(server.n_received(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_is_silent_is_given_up_after_30_seconds() {
        let server = Listening::silent().await;
        let start = Instant::now();
        let error = transcribed_by(&server, &sent())
            .await
            .expect_err("it is silent");
        assert!(error.contains("did not answer within"), "{error}");
        assert_eq!(start.elapsed().as_secs(), 30);
    }
}
