//! The live page of an answer: `/a/{id}`, where it can be read, and watched while it is written.
//!
//! The id in the address is all that a reader has to know, so it is treated as a secret: it goes to nobody else, and an address
//! that is unknown looks like one that has expired.

mod html;
mod stream;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use echostr::journal::Id;
use echostr::{Bot, Clock, Language, Look, Markup, Pages, Stage};
use echostr_client::with_causes;
use echostr_store::{Busy, LivePage, LivePages};
use tokio::sync::watch;
use tracing::error;

use self::html::{html, last_block, shown_so_far};
use self::stream::Streams;

const STYLE: &str = include_str!("../templates/live.css");
const SCRIPT: &str = include_str!("../templates/live.js");

/// Nothing comes from elsewhere, nothing goes elsewhere, and nobody may put the page into another one.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

/// A day of the calendar in China; the platform and its followers live by it.
const CHINA_SECS: i64 = 8 * 3600;

/// Where answers can be read, for the bot.
pub(crate) struct Addresses {
    /// How the world reaches the server, without a slash at the end.
    pub(crate) public_url: String,
    /// How long a page can be read.
    pub(crate) kept: Duration,
}

impl Pages for Addresses {
    fn url(&self, page: Id) -> String {
        format!("{}/a/{}", self.public_url, word_of(page))
    }

    fn kept(&self) -> Duration {
        self.kept
    }
}

/// The id as it stands in an address: 22 characters.
fn word_of(page: Id) -> String {
    URL_SAFE_NO_PAD.encode(page.to_be_bytes())
}

fn id_of(word: &str) -> Option<Id> {
    let bytes = URL_SAFE_NO_PAD.decode(word).ok()?;
    bytes.try_into().map(Id::from_be_bytes).ok()
}

/// The pages of a server. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Live(Arc<Parts>);

struct Parts {
    bot: Bot,
    pages: LivePages,
    streams: Streams,
    /// How often a stream shows that it lives, and looks whether its page does.
    beat: Duration,
    stopping: watch::Sender<bool>,
    style: Asset,
    script: Asset,
}

/// A file whose address changes with what is in it, so that it never has to be asked for again.
#[derive(Clone)]
struct Asset {
    path: String,
    kind: &'static str,
    text: &'static str,
}

impl Asset {
    fn new(ending: &str, kind: &'static str, text: &'static str) -> Self {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Self {
            path: format!("/assets/live-{:016x}.{ending}", hasher.finish()),
            kind,
            text,
        }
    }

    fn response(&self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, self.kind),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (headers, self.text).into_response()
    }
}

impl Live {
    /// `patience` is how long the listener leaves a connection open on which nothing moves.
    pub(crate) fn new(bot: Bot, pages: LivePages, patience: Duration) -> Self {
        Self(Arc::new(Parts {
            bot,
            pages,
            streams: Streams::default(),
            beat: (patience / 2).min(Duration::from_secs(5)),
            stopping: watch::Sender::new(false),
            style: Asset::new("css", "text/css; charset=utf-8", STYLE),
            script: Asset::new("js", "text/javascript; charset=utf-8", SCRIPT),
        }))
    }

    /// Ends all streams; who reads comes back to the next process.
    pub(crate) fn stop(&self) {
        self.0.stopping.send_replace(true);
    }

    /// The addresses.
    pub(crate) fn router(&self) -> Router {
        let [style, script] = [&self.0.style, &self.0.script].map(|asset| {
            let file = asset.clone();
            (asset.path.clone(), get(async move || file.response()))
        });
        Router::new()
            .route(&style.0, style.1)
            .route(&script.0, script.1)
            .route("/a/{id}", get(page))
            .route("/a/{id}/events", get(stream::events))
            .route("/a/{id}/shown", post(shown))
            .with_state(self.clone())
    }

    /// The page with this word in its address, or what is answered instead.
    async fn find(&self, word: &str) -> Result<(Id, LivePage), Response> {
        let Some(id) = id_of(word) else {
            return Err(self.gone());
        };
        match self.look_up(id).await {
            Ok(Some(page)) => Ok((id, page)),
            Ok(None) => Err(self.gone()),
            Err(Away) => Err(self.busy()),
        }
    }

    /// The page, if it can be read now: from the journal, or from memory while that is away.
    async fn look_up(&self, id: Id) -> Result<Option<LivePage>, Away> {
        let is_away = self.0.bot.is_journal_away();
        let in_memory = match self.in_memory(id) {
            Some((page, is_written)) if is_away || !is_written => return Ok(Some(page)),
            known => known.map(|(page, _)| page),
        };
        match self.0.pages.find(id).await {
            // It may not have been written yet.
            Ok(None) if is_away => Err(Away),
            Ok(page) => Ok(page),
            Err(error) => {
                if !error.is::<Busy>() {
                    error!(
                        error = %with_causes(&*error),
                        "a live page cannot be read from the journal"
                    );
                }
                in_memory.map(Some).ok_or(Away)
            }
        }
    }

    /// The page of an answer that this process makes, and whether the journal knows it.
    fn in_memory(&self, id: Id) -> Option<(LivePage, bool)> {
        let page = self.0.bot.given_page(id)?;
        let is_revoked = self.0.pages.revoked().borrow().contains(&page.answer);
        if is_revoked || page.expires_at_ms <= now_ms() {
            return None;
        }
        let found = LivePage {
            answer: page.answer,
            account: page.account.id.to_string(),
            account_name: page.account.name.clone(),
            question: page.question,
            asked_at_ms: page.asked_at_ms,
            stage: Stage::Writing,
            text: String::new(),
            markup: Markup::Plain,
            expires_at_ms: page.expires_at_ms,
        };
        Some((found, page.is_written))
    }

    /// The same for what never was, has expired and was revoked.
    fn gone(&self) -> Response {
        instead(
            StatusCode::NOT_FOUND,
            &Gone {
                title: "这里没有内容",
                chinese: "链接已过期、被撤回，或者不完整。",
                english: "This link has expired, was withdrawn, or is not complete.",
                style: &self.0.style.path,
                is_busy: false,
            },
        )
    }

    /// Nobody knows at the moment whether there is such a page.
    fn busy(&self) -> Response {
        let mut response = instead(
            StatusCode::SERVICE_UNAVAILABLE,
            &Gone {
                title: "请稍候",
                chinese: "暂时读不到这条回答，页面会自己再试。",
                english: "The answer cannot be read at the moment. This page tries again by itself.",
                style: &self.0.style.path,
                is_busy: true,
            },
        );
        let later = HeaderValue::from_static("5");
        response.headers_mut().insert(header::RETRY_AFTER, later);
        response
    }
}

/// The journal cannot be read, or is asked too much, and memory does not know.
struct Away;

fn now_ms() -> i64 {
    Clock::system().unix_ms()
}

/// `GET /a/{id}`
async fn page(State(live): State<Live>, Path(word): Path<String>) -> Response {
    let (_, page) = match live.find(&word).await {
        Ok(found) => found,
        Err(instead) => return instead,
    };
    let words = Words::of(live.language(&page));
    let now = live
        .0
        .bot
        .follow(page.answer)
        .map(|following| following.look(0));
    let shown = Shown::of(now, &page, words);
    let template = Article {
        words,
        name: &page.account_name,
        question: &page.question,
        state: words.state(shown.stage),
        stage: word_of_stage(shown.stage),
        is_writing: shown.stage == Stage::Writing,
        at: &shown.at,
        settled: &shown.settled,
        last: &shown.last,
        expires: &words.expires(page.expires_at_ms),
        style: &live.0.style.path,
        script: &live.0.script.path,
    };
    respond(StatusCode::OK, template.render())
}

/// `POST /a/{id}/shown`: the page's own script says that all of the answer was there to read. What only looks at the address,
/// such as a preview of links, runs no script.
async fn shown(State(live): State<Live>, Path(word): Path<String>) -> StatusCode {
    if let Ok((_, page)) = live.find(&word).await
        && !live.0.bot.was_shown(page.answer).await
        && page.stage != Stage::Writing
        && let Err(error) = live.0.pages.shown(page.answer).await
        && !error.is::<Busy>()
    {
        error!(
            error = %with_causes(&*error),
            "it cannot be written down that an answer was read on its page"
        );
    }
    StatusCode::NO_CONTENT
}

impl Live {
    fn language(&self, page: &LivePage) -> Language {
        let account = self.0.bot.find(&page.account);
        account.map(|account| account.language).unwrap_or_default()
    }
}

/// What stands on a page at one moment.
struct Shown {
    stage: Stage,
    /// As far as the settled part goes: where a stream goes on.
    at: String,
    settled: String,
    last: String,
}

impl Shown {
    /// `now` when this process makes the answer, else what the journal says.
    fn of(now: Option<Look>, page: &LivePage, words: &Words) -> Self {
        let look = now.unwrap_or_else(|| Look {
            run: 0,
            from: 0,
            text: page.text.clone(),
            markup: page.markup,
            stage: page.stage,
        });
        if look.stage != Stage::Writing {
            return Self {
                stage: look.stage,
                at: String::new(),
                settled: words.whole(look.stage, &look.text, look.markup),
                last: String::new(),
            };
        }
        let Growth { settled, last, at } = Growth::of(&look);
        Self {
            stage: Stage::Writing,
            at: stream::event_id(look.run, at),
            settled,
            last,
        }
    }
}

/// An answer that is being written, from some byte of it on.
struct Growth {
    /// The blocks that do not change any more.
    settled: String,
    /// The one that does, as far as it can be shown.
    last: String,
    /// The byte with which that one begins.
    at: usize,
}

impl Growth {
    fn of(look: &Look) -> Self {
        let begin = last_block(&look.text, look.markup);
        let (settled, last) = look.text.split_at(begin);
        Self {
            settled: html(settled, look.markup),
            last: html(shown_so_far(last, look.markup), look.markup),
            at: look.from + begin,
        }
    }
}

/// How far an answer is, for the script and the colours of its page.
fn word_of_stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Writing => "writing",
        Stage::Written => "written",
        Stage::BrokenOff => "broken-off",
        Stage::Failed => "failed",
    }
}

/// The words of a page.
pub(crate) struct Words {
    language: &'static str,
    writing: &'static str,
    written: &'static str,
    broken_off: &'static str,
    failed: &'static str,
    rest_is_missing: &'static str,
    no_text: &'static str,
    no_answer: &'static str,
}

const CHINESE: Words = Words {
    language: "zh-CN",
    writing: "正在写…",
    written: "已写完",
    broken_off: "中断了，没有写完",
    failed: "没有写成",
    rest_is_missing: "回答到这里中断了，后面的没有写出来。可以回到公众号里再问一次。",
    no_text: "这条回答没有文字。如果是图片或语音，请回到公众号的对话里，回复 1 查看。",
    no_answer: "这个问题没有得到回答，请在公众号里再问一次。",
};

const ENGLISH: Words = Words {
    language: "en",
    writing: "Writing…",
    written: "Complete",
    broken_off: "Broken off",
    failed: "Not answered",
    rest_is_missing: "The answer broke off here, the rest was not written. You can ask again in the chat.",
    no_text: "This answer has no text. If it is a picture or a voice message, go back to the chat and send 1 to see it.",
    no_answer: "There is no answer to this question. Please ask it again in the chat.",
};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Words {
    fn of(language: Language) -> &'static Self {
        match language {
            Language::Chinese => &CHINESE,
            Language::English => &ENGLISH,
        }
    }

    fn state(&self, stage: Stage) -> &'static str {
        match stage {
            Stage::Writing => self.writing,
            Stage::Written => self.written,
            Stage::BrokenOff => self.broken_off,
            Stage::Failed => self.failed,
        }
    }

    /// All of an answer that has ended.
    fn whole(&self, stage: Stage, text: &str, markup: Markup) -> String {
        let note = match stage {
            Stage::BrokenOff => self.rest_is_missing,
            Stage::Failed if text.trim().is_empty() => self.no_answer,
            _ if text.trim().is_empty() => self.no_text,
            _ => return html(text, markup),
        };
        format!("{}<p class=\"note\">{note}</p>", html(text, markup))
    }

    /// Until which day the page can be read; the day itself counts.
    fn expires(&self, at_ms: i64) -> String {
        let (year, month, day) = date(at_ms.div_euclid(1000) + CHINA_SECS);
        if self.language == CHINESE.language {
            return format!(
                "链接有效期至 {year} 年 {month} 月 {day} 日，知道链接的人都能看到这一页。"
            );
        }
        let month = usize::try_from(month - 1).map_or("", |month| MONTHS[month % 12]);
        format!("This link works until {day} {month} {year}. Whoever has it can read this page.")
    }
}

/// Year, month and day of a moment, by the calendar that is used for dates since 1970.
fn date(unix_secs: i64) -> (i64, i64, i64) {
    // Days since 1 March of the year 0, when the leap day ends the year.
    let days = unix_secs.div_euclid(86_400) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[derive(Template)]
#[template(path = "live.html")]
struct Article<'a> {
    words: &'a Words,
    name: &'a str,
    question: &'a str,
    state: &'a str,
    stage: &'a str,
    is_writing: bool,
    at: &'a str,
    /// HTML.
    settled: &'a str,
    /// HTML.
    last: &'a str,
    expires: &'a str,
    style: &'a str,
    script: &'a str,
}

#[derive(Template)]
#[template(path = "live_gone.html")]
struct Gone<'a> {
    title: &'a str,
    chinese: &'a str,
    english: &'a str,
    style: &'a str,
    is_busy: bool,
}

fn instead(status: StatusCode, page: &Gone<'_>) -> Response {
    respond(status, page.render())
}

fn respond(status: StatusCode, page: askama::Result<String>) -> Response {
    let page = page.expect("a page is written into memory");
    let mut response = (status, page).into_response();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    guard(response.headers_mut());
    response
}

/// What keeps the address and the text to those who were given it.
fn guard(headers: &mut HeaderMap) {
    const GUARDS: [(HeaderName, &str); 6] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in GUARDS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_22_characters_and_leads_to_its_page() {
        for id in [0, 1, u128::MAX, 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef] {
            let word = word_of(id);
            assert_eq!(word.len(), 22);
            assert_eq!(id_of(&word), Some(id));
        }
        for wrong in ["", "a", "AAAAAAAAAAAAAAAAAAAAAB", "../../etc/passwd"] {
            assert_eq!(id_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_link_ends_on_a_day_of_the_chinese_calendar() {
        let day = |secs: i64| CHINESE.expires(secs * 1000);
        assert!(day(0).contains("1970 年 1 月 1 日"));
        assert!(day(1_709_164_799).contains("2024 年 2 月 29 日"));
        assert!(day(1_709_222_400).contains("2024 年 3 月 1 日"));
        assert!(
            ENGLISH
                .expires(1_795_363_200_000)
                .contains("23 November 2026")
        );
    }
}
