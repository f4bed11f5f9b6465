//! What the platform looks at before it takes a menu.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/custommenu/api_createcustommenu.html>

use std::collections::BTreeSet;

use axum::http::Uri;
use echostr_protocol::api::menu::{Button, ButtonType};

use super::super::{Call, Refusal};
use ButtonType as Type;

const MAX_KEY_BYTES: usize = 128;
const MAX_URL_BYTES: usize = 1024;

/// What is said of a button, by the place where it stands.
struct Codes {
    kind: i64,
    name: i64,
    max_name_bytes: usize,
    key: i64,
    url: i64,
    domain: i64,
    media: i64,
}

const FIRST: Codes = Codes {
    kind: 40017,
    name: 40018,
    max_name_bytes: 16,
    key: 40019,
    url: 40020,
    domain: 40055,
    media: 40117,
};
const SECOND: Codes = Codes {
    kind: 40024,
    name: 40025,
    max_name_bytes: 60,
    key: 40026,
    url: 40027,
    domain: 40054,
    media: 40118,
};

/// Whether the account can have a menu with these buttons. `is_conditional`: for some followers only.
pub(super) fn check(
    call: &Call<'_>,
    buttons: &[Button],
    is_conditional: bool,
) -> Result<(), Refusal> {
    if has_escapes(call.body) {
        return Err(Refusal::code(40033));
    }
    if !(1..=3).contains(&buttons.len()) {
        return Err(Refusal::code(40016));
    }
    let mut first = FIRST;
    let mut second = SECOND;
    if is_conditional {
        (first.domain, second.domain) = (65317, 65317);
    }
    for button in buttons {
        named(button, &first)?;
        if button.sub_button.is_empty() {
            // An empty list beside no type: a sub-menu without anything in it.
            acts(call, button, &first)?;
            continue;
        }
        if button.sub_button.len() > 5 {
            return Err(Refusal::code(40023));
        }
        for button in &button.sub_button {
            if !button.sub_button.is_empty() {
                return Err(Refusal::code(40022));
            }
            named(button, &second)?;
            acts(call, button, &second)?;
        }
    }
    Ok(())
}

/// Whether a text holds `\u` and hex digits, behind a backslash that is not escaped itself.
fn has_escapes(body: &[u8]) -> bool {
    let mut is_escaped = false;
    body.iter().any(|byte| {
        let is_escape = is_escaped && *byte == b'u';
        is_escaped = !is_escaped && *byte == b'\\';
        is_escape
    })
}

fn named(button: &Button, codes: &Codes) -> Result<(), Refusal> {
    bounded(&button.name, codes.max_name_bytes, codes.name)
}

/// What a button does, and whether it has what it needs for it.
fn acts(call: &Call<'_>, button: &Button, codes: &Codes) -> Result<(), Refusal> {
    let Some(kind) = &button.r#type else {
        return Err(Refusal::code(65308));
    };
    match kind {
        Type::Click
        | Type::ScancodePush
        | Type::ScancodeWaitmsg
        | Type::PicSysphoto
        | Type::PicPhotoOrAlbum
        | Type::PicWeixin
        | Type::LocationSelect => bounded(text(button.key.as_ref()), MAX_KEY_BYTES, codes.key),
        Type::View => page(button, codes),
        Type::MiniProgram => {
            page(button, codes)?;
            let app_id = button.appid.as_ref().map_or("", |app_id| app_id.as_str());
            let is_app_id = app_id
                .strip_prefix("wx")
                .is_some_and(|rest| rest.len() == 16);
            match text(button.pagepath.as_ref()) {
                _ if !is_app_id => Err(Refusal::code(40013)),
                "" => Err(Refusal::code(40097)),
                _ => Ok(()),
            }
        }
        Type::MediaId | Type::ViewLimited => {
            let media_id = button
                .media_id
                .as_ref()
                .ok_or_else(|| Refusal::code(codes.media))?;
            let state = &call.account.state;
            let is_file = state.media.in_library(media_id).is_some();
            // What is opened has to be a post, from before there were drafts.
            match state.material.cards(media_id) {
                Some(_) => Ok(()),
                None if is_file && *kind == Type::MediaId => Ok(()),
                None if is_file => Err(Refusal::code(40121)),
                None => Err(Refusal::code(40007)),
            }
        }
        Type::ArticleId | Type::ArticleViewLimited => {
            let article_id = text(button.article_id.as_ref());
            if call.account.state.publish.has(article_id, call.now_ms) {
                Ok(())
            } else {
                Err(Refusal::code(53600))
            }
        }
        _ => Err(Refusal::code(codes.kind)),
    }
}

fn page(button: &Button, codes: &Codes) -> Result<(), Refusal> {
    let url = text(button.url.as_ref());
    bounded(url, MAX_URL_BYTES, codes.url)?;
    match domain(url) {
        Some(_) => Ok(()),
        None => Err(Refusal::code(codes.domain)),
    }
}

fn bounded(text: &str, max_bytes: usize, code: i64) -> Result<(), Refusal> {
    if text.is_empty() || text.len() > max_bytes {
        Err(Refusal::code(code))
    } else {
        Ok(())
    }
}

fn text(text: Option<&String>) -> &str {
    text.map_or("", String::as_str)
}

/// The domain of a web page.
fn domain(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    // The path may hold characters that a strict reader would want escaped.
    let authority = rest.split(['/', '?', '#']).next()?;
    let uri: Uri = format!("http://{authority}/").parse().ok()?;
    uri.host()
        .filter(|host| !host.is_empty())
        .map(str::to_ascii_lowercase)
}

/// To how many domains these menus link.
pub(super) fn domains<'a>(menus: impl Iterator<Item = &'a Vec<Button>>) -> usize {
    let buttons = menus
        .flatten()
        .flat_map(|button| std::iter::once(button).chain(&button.sub_button));
    let domains: BTreeSet<_> = buttons
        .filter_map(|button| domain(button.url.as_ref()?))
        .collect();
    domains.len()
}
