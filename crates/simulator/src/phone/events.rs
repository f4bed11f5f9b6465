//! `GET /phone/events`: what changes on the page, as server-sent events.
//!
//! Each event is a list of patches, as JSON: `append` adds HTML to the element `to`, `replace` puts it in its place, `set` sets an
//! attribute; `record` adds a line to the exchanges or renews it, and so do `group` with an account of the list and `row` with a
//! conversation in it. The page knows what it has by ids, so a patch may come twice.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use echostr_protocol::{AppId, OpenId};
use futures_util::stream::unfold;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::language::Language;
use super::view::{self, Key, Opened};
use super::{entry, exchange, guard, language};
use crate::simulator::{Change, Simulator};
use crate::world::World;

/// Events follow each other at least at this distance, so that a burst comes as one.
const APART: Duration = Duration::from_millis(40);
/// How many exchanges an event holds at most; the others come with the next.
const MAX_RECORDS: usize = 60;
/// How many exchanges a page keeps, so that all of them can be renewed.
const MAX_KEPT_RECORDS: usize = 200;
/// How many conversations of the list are renewed one by one; of more of them, the whole accounts are.
const MAX_ROWS: usize = 100;
/// Whole accounts of the list follow each other at least at this distance.
const GROUPS_APART: Duration = Duration::from_millis(500);

pub(super) fn events(
    State(simulator): State<Simulator>,
    RawQuery(query): RawQuery,
    headers: &HeaderMap,
    places: Arc<Semaphore>,
) -> Response {
    let Ok(place) = places.try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let query = query.unwrap_or_default();
    let watching = Watching {
        changes: simulator.changes(),
        opened: Opened::of_query(&query),
        from_record: view::field(&query, "record")
            .and_then(|id| id.parse().ok())
            .unwrap_or_default(),
        records: HashSet::new(),
        groups: HashSet::new(),
        groups_at: None,
        language: language(headers),
        has_begun: false,
        simulator,
        _place: place,
    };
    let events = unfold(watching, async |mut watching| {
        let patches = watching.next().await?;
        let event = Event::default().data(Value::from(patches).to_string());
        Some((Ok::<_, Infallible>(event), watching))
    });
    let alive = KeepAlive::new().interval(Duration::from_secs(15));
    let mut response = Sse::new(events).keep_alive(alive).into_response();
    guard(response.headers_mut());
    // nginx would wait for more.
    let no = HeaderValue::from_static("no");
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-accel-buffering"), no);
    response
}

/// One page that is open somewhere.
struct Watching {
    simulator: Simulator,
    changes: Receiver<Change>,
    opened: Opened,
    /// The first exchange that may be other than the page has it.
    from_record: u64,
    /// What the page has to be told yet: exchanges, and accounts in the list.
    records: HashSet<u64>,
    groups: HashSet<AppId>,
    /// When it was told of whole accounts.
    groups_at: Option<Instant>,
    language: Language,
    has_begun: bool,
    _place: OwnedSemaphorePermit,
}

/// What changed, gathered.
#[derive(Default)]
struct Changed {
    all: bool,
    conversations: HashSet<(AppId, OpenId)>,
    accounts: HashSet<AppId>,
    records: HashSet<u64>,
}

impl Changed {
    fn add(&mut self, change: Change) {
        match change {
            Change::Conversation(app_id, open_id) => {
                self.conversations.insert((app_id, open_id));
            }
            Change::Record(id) => {
                self.records.insert(id);
            }
            Change::Account(app_id) => {
                self.accounts.insert(app_id);
            }
        }
    }
}

impl Watching {
    /// The next patches; nothing: the simulator has ended.
    async fn next(&mut self) -> Option<Vec<Value>> {
        loop {
            let changed = self.changed().await?;
            let patches = self.patches(&changed);
            if !patches.is_empty() {
                return Some(patches);
            }
        }
    }

    /// What has changed. First, and for one who was too slow, that is everything since the page was made.
    async fn changed(&mut self) -> Option<Changed> {
        let mut changed = Changed::default();
        if !self.has_begun {
            self.has_begun = true;
            changed.all = true;
            return Some(changed);
        }
        if self.records.is_empty() && self.groups.is_empty() {
            match self.changes.recv().await {
                Ok(change) => changed.add(change),
                Err(RecvError::Lagged(_)) => changed.all = true,
                Err(RecvError::Closed) => return None,
            }
        }
        tokio::time::sleep(APART).await;
        loop {
            match self.changes.try_recv() {
                Ok(change) => changed.add(change),
                Err(TryRecvError::Lagged(_)) => changed.all = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return Some(changed),
            }
        }
    }

    fn patches(&mut self, changed: &Changed) -> Vec<Value> {
        let simulator = self.simulator.clone();
        let world = simulator.world();
        let mut patches = self.of_list(&world, changed);
        patches.extend(self.of_phones(&world, changed));
        patches.extend(self.of_records(&world, changed));
        patches
    }

    fn of_list(&mut self, world: &World, changed: &Changed) -> Vec<Value> {
        let Changed {
            accounts,
            conversations,
            ..
        } = changed;
        self.groups.extend(accounts.iter().cloned());
        if changed.all {
            let all = world.accounts().iter();
            self.groups
                .extend(all.map(|account| account.settings.app_id.clone()));
        } else if conversations.len() > MAX_ROWS {
            let theirs = conversations.iter().map(|(app_id, _)| app_id.clone());
            self.groups.extend(theirs);
        }
        let is_time = self
            .groups_at
            .is_none_or(|told| told.elapsed() >= GROUPS_APART);
        let mut patches = Vec::new();
        if is_time && !self.groups.is_empty() {
            self.groups_at = Some(Instant::now());
            patches.extend(self.groups.drain().filter_map(|app_id| {
                let html = view::group(world, &app_id, &self.opened, self.language)?;
                Some(json!({"op": "group", "to": format!("group-{app_id}"), "html": html}))
            }));
        } else if conversations.len() <= MAX_ROWS {
            patches.extend(conversations.iter().filter_map(|(app_id, open_id)| {
                let key = Key::of(app_id, open_id);
                let html = view::conversation(world, &key, &self.opened, self.language)?;
                let to = format!("row-{}", key.word());
                Some(json!({"op": "row", "to": to, "list": format!("rows-{app_id}"), "html": html}))
            }));
        }
        patches
    }

    fn of_phones(&mut self, world: &World, changed: &Changed) -> Vec<Value> {
        let language = self.language;
        let mut patches = Vec::new();
        for key in &mut self.opened.0 {
            let Some((account, follower)) = key.find(world) else {
                continue;
            };
            let word = key.word();
            if changed.all || changed.accounts.contains(&key.app_id) {
                let follows = follower.subscribed_at.is_some().to_string();
                patches.push(json!({"op": "set", "to": format!("phone-{word}"), "name": "data-follows", "value": follows}));
                let menu = view::menu(world, key, language);
                patches.extend(menu.map(|menu| replace(&format!("menu-{word}"), &menu)));
            }
            let is_spoken = changed
                .conversations
                .contains(&(key.app_id.clone(), key.open_id.clone()));
            if changed.all || is_spoken {
                let title = view::title(world, key, language);
                patches.extend(title.map(|title| replace(&format!("title-{word}"), &title)));
                let html = entry::html(world, account, follower, key.after, language);
                if !html.is_empty() {
                    patches.push(
                        json!({"op": "append", "to": format!("entries-{word}"), "html": html}),
                    );
                }
                let last = follower.conversation.entries().last();
                key.after = last.map_or(key.after, |entry| entry.id);
            }
        }
        patches
    }

    fn of_records(&mut self, world: &World, changed: &Changed) -> Vec<Value> {
        self.records.extend(&changed.records);
        if changed.all {
            let all = view::records(world, &self.opened, self.from_record, MAX_KEPT_RECORDS);
            self.records.extend(all.iter().map(|record| record.id));
            // Whoever was too slow may have missed the end of any.
            self.from_record = 0;
        }
        if self.records.is_empty() {
            return Vec::new();
        }
        let newest = world.log.records().rev();
        let mut due = newest.filter(|record| {
            self.records.contains(&record.id) && view::concerns(record, &self.opened)
        });
        let now: Vec<_> = due.by_ref().take(MAX_RECORDS).collect();
        let later = due.map(|record| record.id).collect();
        self.records = later;
        let patches = now.into_iter().rev().map(|record| {
            let html = exchange::line(world, record, self.language);
            json!({"op": "record", "to": format!("record-{}", record.id), "html": html})
        });
        patches.collect()
    }
}

fn replace(to: &str, html: &str) -> Value {
    json!({"op": "replace", "to": to, "html": html})
}
