//! The panel beside the phone: what was said over HTTP, with the deliveries of a push on a time line.

use std::fmt::Write as _;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use echostr_protocol::Document;
use echostr_protocol::api::{Retry, errcode};

use super::language::Language;
use super::{explain, fragment, language};
use crate::exchange::{Called, Delivery, Pushed, Record, What};
use crate::judge::Shown;
use crate::mask::masked;
use crate::push::Clock;
use crate::simulator::Simulator;
use crate::transport::Answer;
use crate::world::{Account, World};

/// One line of the list.
#[derive(Template)]
#[template(path = "record.html")]
struct Line<'a> {
    language: Language,
    id: u64,
    at_ms: i64,
    /// `push` or `call`.
    kind: &'static str,
    /// What it was.
    title: String,
    /// What it was about.
    about: String,
    /// In which colour its end stands: `good`, `bad`, `none` or `running`.
    verdict: &'static str,
    end: String,
    deliveries: Option<TimeLine>,
    account: &'a str,
}

/// The deliveries of a push, in percent of the time that the line spans.
struct TimeLine {
    marks: Vec<(f64, String)>,
    bars: Vec<Bar>,
    height: usize,
    /// How long ago the push began, and what the line spans, in milliseconds.
    age_ms: i64,
    span_ms: u64,
}

struct Bar {
    y: usize,
    x: f64,
    width: f64,
    began_ms: u64,
    class: &'static str,
    word: String,
    /// Where the word stands: behind the bar, or before its end.
    word_x: f64,
    anchor: &'static str,
}

/// How high one delivery stands in the picture, and the line of the marks below.
const BAR_HEIGHT: usize = 18;

/// One line of the list, without what stands in it when it is opened.
pub(super) fn line(world: &World, record: &Record, language: Language) -> String {
    let account = record
        .app_id
        .as_ref()
        .and_then(|app_id| world.account(app_id.as_str()));
    let name = account.map_or("", |account| &account.settings.name);
    let line = match &record.what {
        What::Push(pushed) => of_push(world, record, pushed, account, name, language),
        What::Call(called) => of_call(record, called, name, language),
    };
    line.render().expect("it is written into memory")
}

fn of_push<'a>(
    world: &World,
    record: &Record,
    pushed: &Pushed,
    account: Option<&Account>,
    name: &'a str,
    language: Language,
) -> Line<'a> {
    let clock = account
        .and_then(|account| account.platform.as_ref())
        .map_or_else(Clock::default, |platform| platform.clock);
    let (title, about) = what(&pushed.document);
    let quick_ms = quick_ms(pushed, clock);
    let time_line = match quick_ms {
        Some(_) => None,
        None => Some(time_line(
            pushed,
            clock,
            world.now_ms() - record.at_ms,
            language,
        )),
    };
    let (verdict, mut end) = match &pushed.shown {
        None => ("running", language.t("投递中", "delivering").to_owned()),
        Some(Shown::Answer { .. }) => ("good", language.t("已回复", "answered").to_owned()),
        Some(Shown::Nothing) => ("none", "success".to_owned()),
        Some(Shown::Failure(_)) => ("bad", language.t("故障提示", "failure notice").to_owned()),
    };
    if let Some(ms) = quick_ms {
        let _ = write!(end, " {ms} ms");
    }
    Line {
        language,
        id: record.id,
        at_ms: record.at_ms,
        kind: "push",
        title,
        about,
        verdict,
        end,
        deliveries: time_line,
        account: name,
    }
}

fn of_call<'a>(record: &Record, called: &Called, name: &'a str, language: Language) -> Line<'a> {
    let (title, about) = match called.endpoint {
        Some(endpoint) => (
            language.t(endpoint.title, endpoint.name).to_owned(),
            endpoint.path.to_owned(),
        ),
        None => (
            language.t("没有这个接口", "no such endpoint").to_owned(),
            first_line(&called.request),
        ),
    };
    let (verdict, end) = match called.errcode {
        _ if called.response.is_empty() => ("bad", language.t("连接断开", "reset").to_owned()),
        0 => match called.status {
            Some(status @ 400..) => ("bad", format!("HTTP {status}")),
            _ => ("good", "ok".to_owned()),
        },
        code => ("bad", code.to_string()),
    };
    Line {
        language,
        id: record.id,
        at_ms: record.at_ms,
        kind: "call",
        title,
        about,
        verdict,
        end,
        deliveries: None,
        account: name,
    }
}

/// Where the first line ends at the latest, in bytes.
const MAX_LINE_BYTES: usize = 2 * 1024;

fn first_line(request: &[u8]) -> String {
    let start = &request[..request.len().min(MAX_LINE_BYTES)];
    let line = start.split(|byte| matches!(byte, b'\r' | b'\n')).next();
    masked(line.unwrap_or_default())
}

/// The kind of a push, and what is in it in a few words.
fn what(document: &str) -> (String, String) {
    let document = Document::parse(document.as_bytes()).unwrap_or_default();
    let text = |path: &str| {
        document
            .root()
            .at(path)
            .map(|element| element.text().to_owned())
            .unwrap_or_default()
    };
    let (kind, event) = (text("MsgType"), text("Event"));
    let title = if event.is_empty() { kind } else { event };
    let about = ["Content", "EventKey", "Label", "Title", "MediaId", "Status"];
    let about = about
        .into_iter()
        .map(text)
        .find(|about| !about.is_empty())
        .unwrap_or_default();
    (title, about.chars().take(60).collect())
}

/// How long the answer took when there is nothing to be seen on a time line.
fn quick_ms(pushed: &Pushed, clock: Clock) -> Option<u64> {
    let [only] = &*pushed.deliveries else {
        return None;
    };
    let took_ms = only.took_ms.filter(|_| pushed.shown.is_some())?;
    (took_ms * 10 < crate::simulator::millis(clock.deadline)).then_some(took_ms)
}

#[expect(clippy::cast_precision_loss, reason = "nobody waits so long")]
fn time_line(pushed: &Pushed, clock: Clock, age_ms: i64, language: Language) -> TimeLine {
    let deadline_ms = crate::simulator::millis(clock.deadline).max(1);
    let n_deliveries = u64::try_from(clock.deliveries).unwrap_or(3);
    let ends = pushed
        .deliveries
        .iter()
        .map(|delivery| delivery.began_ms + delivery.took_ms.unwrap_or(deadline_ms));
    let last_ms = ends.max().unwrap_or_default();
    // A little more, so that the last mark is seen.
    let span_ms = (last_ms.max(deadline_ms * n_deliveries) * 51 / 50).max(1);
    let percent = |ms: u64| ms as f64 * 100.0 / span_ms as f64;
    let bars: Vec<Bar> = pushed
        .deliveries
        .iter()
        .enumerate()
        .map(|(n, delivery)| bar(n, delivery, &percent, language))
        .collect();
    let marks = (1..=(span_ms / deadline_ms).min(12)).map(|n| {
        let secs = explain::seconds(n * deadline_ms);
        (percent(n * deadline_ms), format!("{secs} s"))
    });
    TimeLine {
        marks: marks.collect(),
        height: bars.len() * BAR_HEIGHT + 14,
        bars,
        age_ms,
        span_ms,
    }
}

fn bar(n: usize, delivery: &Delivery, percent: &impl Fn(u64) -> f64, language: Language) -> Bar {
    let (class, word) = explain::delivery(delivery, language);
    let x = percent(delivery.began_ms);
    // What took no time is seen all the same.
    let width = percent(delivery.took_ms.unwrap_or_default()).max(0.6);
    let is_at_the_end = x + width > 55.0;
    Bar {
        y: n * BAR_HEIGHT + 3,
        x,
        width,
        began_ms: delivery.began_ms,
        class,
        word,
        word_x: if is_at_the_end {
            x - 1.5
        } else {
            x + width + 1.5
        },
        anchor: if is_at_the_end { "end" } else { "start" },
    }
}

/// What stands in a line when it is opened.
#[derive(Template)]
#[template(path = "exchange.html")]
struct Detail<'a> {
    told: Vec<String>,
    notes: &'a [String],
    /// Heading and text of each part.
    parts: Vec<(String, String)>,
    record: &'a Record,
}

/// `GET /phone/exchange/{id}`
pub(super) async fn detail(
    State(simulator): State<Simulator>,
    Path(id): Path<u64>,
    headers: HeaderMap,
) -> Response {
    let language = language(&headers);
    let world = simulator.world();
    let Some(record) = world.log.record(id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let account = record
        .app_id
        .as_ref()
        .and_then(|app_id| world.account(app_id.as_str()));
    let no_notes = Vec::new();
    let detail = match &record.what {
        What::Push(pushed) => Detail {
            told: account
                .map(|account| {
                    let clock = account
                        .platform
                        .as_ref()
                        .map_or_else(Clock::default, |platform| platform.clock);
                    explain::push(account, pushed, clock, language)
                })
                .unwrap_or_default(),
            notes: &no_notes,
            parts: parts_of_push(pushed, language),
            record,
        },
        What::Call(called) => Detail {
            told: told_of_call(called, language),
            notes: &called.notes,
            parts: parts_of_call(called, language),
            record,
        },
    };
    fragment(detail.render())
}

fn parts_of_push(pushed: &Pushed, language: Language) -> Vec<(String, String)> {
    let t = |chinese, english| language.t(chinese, english).to_owned();
    let mut parts = vec![(
        t("推送的内容（明文）", "What is pushed, in clear"),
        pushed.document.clone(),
    )];
    if let Some(Shown::Answer { document, .. }) = &pushed.shown {
        parts.push((
            t("回复的内容（明文）", "The reply, in clear"),
            document.clone(),
        ));
    }
    for (n, delivery) in (1..).zip(&pushed.deliveries) {
        let titled = |chinese, english| format!("{} {n}", language.t(chinese, english));
        parts.push((titled("请求", "Request"), delivery.request.clone()));
        let answer = match &delivery.answer {
            None => continue,
            Some(Ok(answer)) => raw(answer),
            Some(Err(transport)) => transport.to_string(),
        };
        parts.push((titled("响应", "Response"), answer));
    }
    parts
}

/// A response as it came, as far as it is worth looking at.
pub(crate) fn raw(answer: &Answer) -> String {
    let mut raw = format!("HTTP/1.1 {}\r\n", answer.status);
    for (name, value) in &answer.headers {
        let _ = write!(
            raw,
            "{name}: {}\r\n",
            String::from_utf8_lossy(value.as_bytes())
        );
    }
    let body = answer.text();
    let kept: String = body
        .chars()
        .take(crate::exchange::MAX_KEPT_BYTES / 4)
        .collect();
    raw + "\r\n" + &kept
}

fn parts_of_call(called: &Called, language: Language) -> Vec<(String, String)> {
    vec![
        (
            language.t("请求", "Request").to_owned(),
            masked(&called.request),
        ),
        (
            language.t("响应", "Response").to_owned(),
            masked(&called.response),
        ),
    ]
}

fn told_of_call(called: &Called, language: Language) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(endpoint) = called.endpoint {
        told.push(format!("{} · {}", endpoint.name, endpoint.title));
    }
    if called.errcode != 0 {
        told.push(match errcode(called.errcode) {
            Some(known) => format!("errcode {}: {}", known.code, known.meaning),
            None => format!("errcode {}", called.errcode),
        });
        told.push(
            retry(
                errcode(called.errcode).map_or(Retry::No, |known| known.retry),
                language,
            )
            .to_owned(),
        );
    }
    told
}

fn retry(retry: Retry, language: Language) -> &'static str {
    match retry {
        Retry::RefreshToken => language.t(
            "换一个新的 access_token，再试一次。",
            "Get a new access token and try once more.",
        ),
        Retry::Backoff => language.t("稍后再试。", "Try again after a while."),
        Retry::No => language.t(
            "改好请求或它所指的东西再试，原样重试没有用。",
            "Change the request, or what it is about: the same again fails again.",
        ),
        Retry::Never => language.t(
            "先在公众平台改好账号或设置。",
            "Somebody has to change the account or its settings first.",
        ),
    }
}
