//! The phone in the browser: `/`, and what it needs below `/phone/`.
//!
//! The page is rendered here; what a person does goes to the [control API](crate::control) as any program's requests do, and what
//! changes comes back as [events].

mod account;
mod asset;
mod entry;
mod events;
mod exchange;
mod explain;
mod language;
pub(crate) mod text;
mod view;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tokio::sync::Semaphore;
use tower_http::compression::CompressionLayer;

pub(crate) use self::exchange::raw;
use self::language::Language;
use self::view::Opened;
use crate::simulator::Simulator;

/// Nothing comes from elsewhere, nothing goes elsewhere. WeUI draws its icons with `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// How many pages may be open at once.
const MAX_WATCHERS: usize = 100;
/// How many exchanges the panel begins with.
const MAX_RECORDS: usize = 100;
/// How long the language is remembered, in seconds.
const YEAR_SECS: u32 = 365 * 86_400;

/// Its addresses.
pub(crate) fn router(simulator: Simulator) -> Router {
    let places = Arc::new(Semaphore::new(MAX_WATCHERS));
    Router::new()
        .route("/", get(page))
        .route("/phone/exchange/{id}", get(exchange::detail))
        .route("/phone/assets/{hash}/{*name}", get(asset::file))
        .layer(CompressionLayer::new())
        .route(
            "/phone/events",
            get(async move |state, query, headers: HeaderMap| {
                events::events(state, query, &headers, Arc::clone(&places))
            }),
        )
        .with_state(simulator)
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    language: Language,
    assets: &'a asset::Addresses,
    /// The accounts, in the list of conversations.
    groups: Vec<String>,
    phones: Vec<String>,
    records: Vec<String>,
    accounts: Vec<String>,
    /// Where the events of what is open come from.
    events: String,
    /// The address of the page as it is, without a language.
    here: String,
}

/// `GET /`: `?p=APPID.OPENID`, as often as phones are open; `?lang=en` changes the language.
async fn page(
    State(simulator): State<Simulator>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let asked = view::field(&query, "lang").and_then(|word| Language::by_word(&word));
    let language = asked.unwrap_or_else(|| language(&headers));
    let world = simulator.world();
    let opened = Opened::of_query(&query).or_first(&world);
    let records = view::records(&world, &opened, 0, MAX_RECORDS);
    let from_record = view::first_that_changes(&records);
    let page = Page {
        language,
        assets: &asset::ADDRESSES,
        groups: view::groups(&world, &opened, language),
        phones: view::phones(&world, &opened, language),
        records: records
            .iter()
            .rev()
            .map(|record| exchange::line(&world, record, language))
            .collect(),
        accounts: account::panels(&world, &opened, language),
        events: format!(
            "/phone/events?{}&record={from_record}",
            opened.with_last(&world)
        ),
        here: opened.address(),
    };
    let rendered = page.render();
    drop(world);
    let mut response = fragment(rendered);
    if asked.is_some() {
        let cookie = format!(
            "language={}; Path=/; Max-Age={YEAR_SECS}; SameSite=Lax",
            language.word()
        );
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// The page's language: that of its cookie, or the browser's, or Chinese.
fn language(headers: &HeaderMap) -> Language {
    let text = |name: HeaderName| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    Language::of_cookies(text(header::COOKIE))
        .or_else(|| Language::of_accept(text(header::ACCEPT_LANGUAGE)))
        .unwrap_or_default()
}

/// HTML, with what keeps it harmless.
fn fragment(html: askama::Result<String>) -> Response {
    let html = html.expect("it is written into memory");
    let mut response = (StatusCode::OK, html).into_response();
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    guard(response.headers_mut());
    response
}

fn guard(headers: &mut HeaderMap) {
    const GUARDS: [(HeaderName, &str); 4] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in GUARDS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
