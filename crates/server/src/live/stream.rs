//! `GET /a/{id}/events`: what is written, as server-sent events, until the answer is whole.
//!
//! | event | data, as JSON |
//! |---|---|
//! | `text` | `settled`: HTML behind what is settled already; `last`: HTML of the block that still changes, instead of what was there but for its first `keep` UTF-16 units; `anew`: nothing that was there before counts |
//! | `end` | `html`: all of it; `stage`: how it ended, `written`, `broken-off` or `failed`; `state`: the words for that |
//! | `gone` | the page can no longer be read |
//!
//! The id of an event says how far the settled part goes, so that a reader who comes back gets what is missing.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use echostr::journal::Id;
use echostr::{Following, Look, Markup, Stage};
use echostr_store::LivePage;
use futures_util::stream::unfold;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::{Away, Growth, Live, Words, guard, now_ms, word_of_stage};

/// How many may watch one page at once, and how many pages in all may be watched.
const PER_PAGE: usize = 20;
const IN_ALL: usize = 2_000;

/// Events follow each other at this distance, and at a longer one when they are costly: a block that still changes is rendered
/// whole for each of them.
const APART: Duration = Duration::from_millis(200);
const APART_PER_BYTE: Duration = Duration::from_micros(4);
const FARTHEST: Duration = Duration::from_secs(2);

/// A stream ends after this time; the reader's browser begins another one.
const LONGEST: Duration = Duration::from_mins(15);

/// After this time a browser comes back.
const RETRY: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
pub(super) struct Asked {
    /// The id of the event up to which the page has the text.
    #[serde(default)]
    at: String,
}

pub(super) async fn events(
    State(live): State<Live>,
    Path(word): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let (id, page) = match live.find(&word).await {
        Ok(found) => found,
        Err(instead) => return instead,
    };
    let Some(place) = live.0.streams.enter(id) else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let last = headers
        .get("last-event-id")
        .and_then(|last| last.to_str().ok())
        .or(asked.as_ref().ok().map(|Query(asked)| &*asked.at));
    let (run, at) = last.and_then(place_of).unwrap_or_default();
    let began_at = Instant::now();
    let watching = Watching {
        words: Words::of(live.language(&page)),
        stopping: live.0.stopping.subscribe(),
        revoked: live.0.pages.revoked(),
        live,
        id,
        page,
        reader: Reader {
            run,
            at,
            last: None,
        },
        sent_at: None,
        began_at,
        looked_at: began_at,
        is_over: false,
        _place: place,
    };
    let events = unfold(watching, async |mut watching| {
        let event = watching.next().await?;
        Some((Ok::<_, std::convert::Infallible>(event), watching))
    });
    let mut response = Sse::new(events).into_response();
    guard(response.headers_mut());
    // nginx would wait for more.
    response.headers_mut().insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}

/// One reader of one page.
struct Watching {
    live: Live,
    id: Id,
    page: LivePage,
    words: &'static Words,
    stopping: watch::Receiver<bool>,
    revoked: watch::Receiver<VecDeque<Id>>,
    reader: Reader,
    sent_at: Option<Instant>,
    began_at: Instant,
    /// When it was last looked whether the page can still be read.
    looked_at: Instant,
    is_over: bool,
    _place: Place,
}

impl Watching {
    async fn next(&mut self) -> Option<Event> {
        if self.is_over || self.began_at.elapsed() >= LONGEST {
            return None;
        }
        if let Some(sent_at) = self.sent_at {
            sleep_until(sent_at + self.reader.pause()).await;
        }
        loop {
            if *self.stopping.borrow() {
                return None;
            }
            if self.is_gone().await {
                return Some(self.gone());
            }
            let following = self.live.0.bot.follow(self.page.answer);
            let event = match &following {
                Some(following) => self.grown(following),
                None => self.ended().await,
            };
            if let Some(event) = event {
                self.sent_at = Some(Instant::now());
                return Some(event.retry(RETRY));
            }
            let beat = self.live.0.beat;
            let seen = following.map(|following| {
                let look = following.look(self.reader.at);
                (following, look)
            });
            let changed = async {
                match &seen {
                    Some((following, look)) => following.changed(look).await,
                    // Nobody makes it at the moment; the journal says when it is there.
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = changed => sleep(APART).await,
                _ = self.stopping.changed() => return None,
                // Perhaps this one.
                _ = self.revoked.changed() => {}
                () = sleep(beat) => return Some(Event::default().comment("…")),
            }
        }
    }

    /// Whether the page can no longer be read. Revocations are heard of at once, anything else within a beat; what the journal
    /// cannot tell at the moment keeps it open.
    async fn is_gone(&mut self) -> bool {
        if self.revoked.borrow().contains(&self.page.answer) || self.page.expires_at_ms <= now_ms()
        {
            return true;
        }
        if self.looked_at.elapsed() < self.live.0.beat {
            return false;
        }
        self.looked_at = Instant::now();
        matches!(self.live.look_up(self.id).await, Ok(None))
    }

    fn gone(&mut self) -> Event {
        self.is_over = true;
        Event::default().event("gone").data("{}")
    }

    /// What the reader does not have yet of an answer that this process makes.
    fn grown(&mut self, following: &Following) -> Option<Event> {
        let look = following.look(self.reader.at);
        if look.stage != Stage::Writing {
            let whole = following.look(0);
            return Some(self.end(whole.stage, &whole.text, whole.markup));
        }
        let data = self.reader.grown(look, |from| following.look(from))?;
        Some(
            Event::default()
                .event("text")
                .id(event_id(self.reader.run, self.reader.at))
                .data(data),
        )
    }

    /// The end of an answer that this process does not make, if the journal has it.
    async fn ended(&mut self) -> Option<Event> {
        match self.live.look_up(self.id).await {
            Ok(Some(page)) if page.stage == Stage::Writing => None,
            Ok(Some(page)) => Some(self.end(page.stage, &page.text, page.markup)),
            Ok(None) => Some(self.gone()),
            Err(Away) => None,
        }
    }

    fn end(&mut self, stage: Stage, text: &str, markup: Markup) -> Event {
        self.is_over = true;
        let html = self.words.whole(stage, text, markup);
        let data = json!({
            "html": html,
            "stage": word_of_stage(stage),
            "state": self.words.state(stage),
        });
        Event::default().event("end").data(data.to_string())
    }
}

/// What a reader has of an answer that is being written.
struct Reader {
    /// Which attempt at it, and how much of that is settled there.
    run: u64,
    at: usize,
    /// HTML of the block behind that; nothing before the first event.
    last: Option<String>,
}

impl Reader {
    /// What is missing, if anything: `look` is from where the settled part ends, `again` looks from elsewhere.
    fn grown(&mut self, mut look: Look, again: impl Fn(usize) -> Look) -> Option<String> {
        let anew = look.run != self.run || look.from != self.at;
        if anew {
            look = again(0);
        }
        let Growth { settled, last, at } = Growth::of(&look);
        if !anew && settled.is_empty() && self.last.as_deref() == Some(&*last) {
            return None;
        }
        // A long block mostly grows at its end: with every piece sent whole, it would be sent a thousand times.
        let same = same(self.last.as_deref().unwrap_or_default(), &last);
        let keep = last[..same].encode_utf16().count();
        let data = json!({ "anew": anew, "settled": settled, "keep": keep, "last": &last[same..] });
        (self.run, self.at, self.last) = (look.run, at, Some(last));
        Some(data.to_string())
    }

    /// How long to wait for more, after an event.
    fn pause(&self) -> Duration {
        let n_bytes = self.last.as_ref().map_or(0, String::len);
        let costly = APART_PER_BYTE * u32::try_from(n_bytes).unwrap_or(u32::MAX);
        (APART + costly).min(FARTHEST)
    }
}

/// With how many bytes both begin.
fn same(before: &str, now: &str) -> usize {
    let mut bytes = before.bytes().zip(now.bytes());
    let same = bytes.position(|(before, now)| before != now);
    now.floor_char_boundary(same.unwrap_or(before.len().min(now.len())))
}

/// How far the settled part of an attempt goes.
pub(super) fn event_id(run: u64, at: usize) -> String {
    format!("{run:x}-{at}")
}

fn place_of(event_id: &str) -> Option<(u64, usize)> {
    let (run, at) = event_id.split_once('-')?;
    Some((u64::from_str_radix(run, 16).ok()?, at.parse().ok()?))
}

/// The streams that are open, by page.
#[derive(Clone, Default)]
pub(super) struct Streams(Arc<Mutex<HashMap<Id, usize>>>);

/// The place of a stream; it is free again when this is dropped.
struct Place {
    streams: Streams,
    page: Id,
}

impl Streams {
    fn enter(&self, page: Id) -> Option<Place> {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let n_all: usize = streams.values().sum();
        let n_here = streams.get(&page).copied().unwrap_or_default();
        if n_all >= IN_ALL || n_here >= PER_PAGE {
            return None;
        }
        streams.insert(page, n_here + 1);
        drop(streams);
        Some(Place {
            streams: self.clone(),
            page,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut streams = self
            .streams
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(n_here) = streams.get_mut(&self.page) {
            *n_here -= 1;
            if *n_here == 0 {
                streams.remove(&self.page);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_so_many_readers_at_once_and_no_more() {
        let streams = Streams::default();
        let mut places: Vec<_> = (0..PER_PAGE).map(|_| streams.enter(7)).collect();
        assert!(places.iter().all(Option::is_some));
        assert!(streams.enter(7).is_none());
        assert!(streams.enter(8).is_some(), "others have theirs");
        places.pop();
        assert!(streams.enter(7).is_some());
        drop(places);
        assert!(streams.0.lock().expect("nobody panics").is_empty());
    }

    /// Every event of a text that grows by these pieces, and what its page has in the end.
    fn grown(markup: Markup, pieces: &[&str]) -> (Vec<String>, String) {
        let mut reader = Reader {
            run: 7,
            at: 0,
            last: None,
        };
        let (mut text, mut settled, mut last) = (String::new(), String::new(), Vec::new());
        let mut events = Vec::new();
        for piece in pieces {
            text.push_str(piece);
            let look = |from: usize| Look {
                run: 7,
                from,
                text: text[from..].to_owned(),
                markup,
                stage: Stage::Writing,
            };
            let Some(event) = reader.grown(look(reader.at), look) else {
                continue;
            };
            // As the script does it.
            let data: serde_json::Value = serde_json::from_str(&event).expect("JSON");
            let part = |name: &str| data[name].as_str().expect("a text").to_owned();
            settled.push_str(&part("settled"));
            let keep = serde_json::from_value(data["keep"].clone());
            last.truncate(keep.expect("a number"));
            last.extend(part("last").encode_utf16());
            events.push(event);
        }
        (events, settled + &String::from_utf16(&last).expect("whole"))
    }

    #[test]
    fn what_a_reader_has_is_what_was_written() {
        let pieces: Vec<String> = "一 **二** 😀😁。\n三\n\n- 四\n- 五\n\n```\n六 <b>\n七\n"
            .chars()
            .map(String::from)
            .collect();
        let pieces: Vec<&str> = pieces.iter().map(|piece| &**piece).collect();
        for markup in [Markup::Plain, Markup::Markdown] {
            let (_, shown) = grown(markup, &pieces);
            assert_eq!(shown, super::super::html(&pieces.concat(), markup));
        }
    }

    #[test]
    fn a_long_block_is_not_sent_whole_with_every_piece() {
        let line = "let x = \"一二三四五六七八九十\" + &y[..100] // 😀 and more of the same, again and again.\n";
        assert_eq!(line.len(), 100);
        let code: Vec<&str> = std::iter::once("```rust\n").chain([line; 200]).collect();
        let (events, shown) = grown(Markup::Markdown, &code);
        assert_eq!((shown.matches("<pre").count(), events.len()), (1, 201));
        let n_bytes: usize = events.iter().map(String::len).sum();
        // Sent whole with every piece, it would be two million.
        assert!(n_bytes < 60_000, "{n_bytes} bytes");
        let prose = ["一二三四五六七八九十，"; 500];
        let (events, _) = grown(Markup::Plain, &prose);
        let n_bytes: usize = events.iter().map(String::len).sum();
        assert!(n_bytes < 60_000, "{n_bytes} bytes of prose");
    }

    #[test]
    fn an_event_says_where_to_go_on() {
        assert_eq!(place_of(&event_id(u64::MAX, 12)), Some((u64::MAX, 12)));
        for wrong in ["", "12", "-1", "x-1", "1--1"] {
            assert_eq!(place_of(wrong), None, "{wrong}");
        }
    }
}
