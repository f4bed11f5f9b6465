//! The one page for people: what this is, and the three things to paste.

use axum::response::Html;

use crate::config::Config;

const HOME: &str = include_str!("page/home.html");

/// The page at `/`. It names no account: anybody may read it.
pub(crate) fn home(config: &Config) -> Html<String> {
    let url = config.public_url.as_deref().unwrap_or("https://你的域名");
    let path = if config.open_access.enabled {
        "/wechatMP/你的Token"
    } else {
        "/mp/公众号id"
    };
    Html(HOME.replace("{{url}}", &escaped(&format!("{url}{path}"))))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
