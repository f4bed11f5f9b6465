//! What a browser opens below the simulator's address, beside the API: files, and articles.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use echostr_protocol::MediaId;
use echostr_protocol::api::draft::Article as Drafted;

use crate::simulator::Simulator;
use crate::text::escaped;
use crate::world::World;

/// Nothing in a file or an article may run: it came from who knows whom.
const POLICY: &str = "sandbox allow-popups; default-src 'none'; media-src 'self'; img-src 'self' data:; style-src 'unsafe-inline'";

/// What a reader finds where there is no article, or no more.
const GONE: &str = "<!DOCTYPE html><html lang=zh-CN><meta charset=utf-8><title>404</title>\
    <p>该内容已被发布者删除或不存在 · this article does not exist</p>";

/// Their addresses.
pub(crate) fn router(simulator: Simulator) -> Router {
    Router::new()
        .route("/sim/media/{app_id}/{media_id}", get(media))
        .route("/s", get(article))
        .with_state(simulator)
}

/// A file, for the phone.
async fn media(
    State(simulator): State<Simulator>,
    Path((app_id, media_id)): Path<(String, String)>,
) -> Response {
    let world = simulator.world();
    let account = world.account(&app_id);
    let file =
        account.and_then(|account| account.state.media.file(&MediaId::from(media_id)).cloned());
    drop(world);
    match file {
        Some(file) => guarded(&content_type(&file.content_type), file.bytes.to_vec()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Pictures, voices and videos as what they are, everything else as bytes: a page is no page here.
fn content_type(said: &str) -> String {
    let is_shown = ["image/", "audio/", "video/"]
        .iter()
        .any(|kind| said.starts_with(kind));
    let is_shown = is_shown && !said.contains("svg") && !said.contains("xml");
    if is_shown {
        said
    } else {
        "application/octet-stream"
    }
    .to_owned()
}

/// A published article (`mid`), or a draft that is looked at (`tempkey`), of the account `__biz`; `idx` from 1.
async fn article(State(simulator): State<Simulator>, uri: Uri) -> Response {
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let query: HashMap<_, _> = query.into_owned().collect();
    let page = page(&simulator.world(), &query);
    if let Some(page) = page {
        return guarded("text/html; charset=utf-8", page.into_bytes());
    }
    let gone = guarded("text/html; charset=utf-8", GONE.into());
    (StatusCode::NOT_FOUND, gone).into_response()
}

fn page(world: &World, query: &HashMap<String, String>) -> Option<String> {
    let parameter = |name: &str| query.get(name).map_or("", String::as_str);
    let account = world.account(parameter("__biz"))?;
    let idx = parameter("idx").parse::<usize>().unwrap_or(1);
    let name = &account.settings.name;
    if let Ok(mid) = parameter("mid").parse() {
        let article = account.state.publish.article(mid, idx, world.now_ms())?;
        return Some(rendered(
            name,
            &article.title,
            &article.author,
            &article.content,
        ));
    }
    let draft = account
        .state
        .draft
        .articles(&MediaId::from(parameter("tempkey")))?;
    Some(match draft.get(idx.checked_sub(1)?)? {
        Drafted::News(news) => {
            let author = news.author.as_deref().unwrap_or_default();
            rendered(name, &news.title, author, &news.content)
        }
        Drafted::Newspic(newspic) => rendered(name, &newspic.title, "", &escaped(&newspic.content)),
    })
}

/// The content is HTML, and shown as such: the policy lets nothing in it run.
fn rendered(account: &str, title: &str, author: &str, content: &str) -> String {
    let (account, title, author) = (escaped(account), escaped(title), escaped(author));
    format!(
        "<!DOCTYPE html>\n<html lang=zh-CN><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title>\
         <style>body{{max-width:40em;margin:1em auto;padding:0 1em;font-family:sans-serif;line-height:1.6}}\
         img{{max-width:100%}}header p{{color:#888}}</style></head>\
         <body><header><h1>{title}</h1><p>{author} {account}</p></header>\n<article>{content}</article></body></html>\n"
    )
}

fn guarded(content_type: &str, body: Vec<u8>) -> Response {
    let bytes = HeaderValue::from_static("application/octet-stream");
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_str(content_type).unwrap_or(bytes),
        ),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    (headers, body).into_response()
}
