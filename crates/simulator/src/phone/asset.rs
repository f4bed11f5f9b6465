//! The files of the page, in the binary. Their addresses change with what is in them, so they never have to be asked for again.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "assets"]
struct Files;

/// Where the page finds its files.
pub(super) struct Addresses {
    pub(super) weui: String,
    pub(super) style: String,
    pub(super) script: String,
}

pub(super) static ADDRESSES: LazyLock<Addresses> = LazyLock::new(|| Addresses {
    weui: address("vendor/weui-2.6.26/weui.min.css"),
    style: address("phone.css"),
    script: address("phone.js"),
});

/// One hash over all of ours and the vendored: the modules of the script name each other, so that they change together.
static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut hex = String::new();
    let mut sum = [0; 8];
    for name in Files::iter() {
        let file = Files::get(&name).expect("it is in the binary");
        for (sum, byte) in sum.iter_mut().zip(file.metadata.sha256_hash()) {
            *sum ^= byte;
        }
    }
    for byte in sum {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
});

fn address(name: &str) -> String {
    format!("/phone/assets/{}/{name}", *HASH)
}

/// `GET /phone/assets/{hash}/{name}`
pub(super) async fn file(Path((_, name)): Path<(String, String)>) -> Response {
    let Some(file) = Files::get(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, file.data).into_response()
}
