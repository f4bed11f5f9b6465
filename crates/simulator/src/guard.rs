//! Who may use the page and the control API: whoever reaches the port, but no other web page in the same browser.
//!
//! A page of another site could send requests to this machine (cross-site request forgery), or make its own name point to this
//! machine and read the answers (DNS rebinding). Programs send neither `Origin` nor `Sec-Fetch-Site` and are let in.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::simulator::Simulator;

pub(crate) async fn guard(
    State(simulator): State<Simulator>,
    request: Request,
    next: Next,
) -> Response {
    let base = simulator.base();
    let headers = request.headers();
    let host = text(headers, HOST.as_str());
    if !is_ours(host, &base) {
        return refused("`Host` has to be an IP address, `localhost` or the simulator's own name");
    }
    // A link elsewhere may lead to the page; nothing happens by it.
    let is_visit = request.method() == Method::GET && request.uri().path() == "/";
    if !is_visit && !is_same_origin(headers, host) {
        return refused("the request comes from another site");
    }
    next.run(request).await
}

fn refused(why: &str) -> Response {
    let text = format!("{{\"error\":\"拒绝 · refused: {why}\"}}");
    (
        StatusCode::FORBIDDEN,
        [("content-type", "application/json")],
        text,
    )
        .into_response()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Whether a page of the internet cannot have this name.
fn is_ours(host: &str, base: &str) -> bool {
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let configured = base.split_once("://").map_or(base, |(_, rest)| rest);
    bare.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || host.eq_ignore_ascii_case(configured)
}

fn is_same_origin(headers: &HeaderMap, host: &str) -> bool {
    let origin = text(headers, ORIGIN.as_str());
    let is_origin = origin.is_empty()
        || origin
            .split_once("://")
            .is_some_and(|(_, name)| name == host);
    is_origin && matches!(text(headers, "sec-fetch-site"), "" | "same-origin" | "none")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_no_page_of_the_internet_has_are_answered() {
        for host in [
            "127.0.0.1:8090",
            "[::1]:8090",
            "192.168.1.7",
            "localhost:8090",
            "sim.example.com",
        ] {
            assert!(is_ours(host, "https://sim.example.com"), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8090",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
        ] {
            assert!(!is_ours(host, "http://127.0.0.1:8090"), "{host}");
        }
    }

    #[test]
    fn requests_of_other_sites_are_told_by_their_headers() {
        #[track_caller]
        fn check(origin: &str, site: &str, expected: bool) {
            let mut headers = HeaderMap::new();
            for (name, value) in [("origin", origin), ("sec-fetch-site", site)] {
                if !value.is_empty() {
                    headers.insert(name, value.parse().expect("a header"));
                }
            }
            assert_eq!(
                is_same_origin(&headers, "127.0.0.1:8090"),
                expected,
                "{origin} {site}"
            );
        }
        check("", "", true);
        check("http://127.0.0.1:8090", "same-origin", true);
        check("", "none", true);
        check("http://evil.example", "", false);
        check("null", "", false);
        check("", "cross-site", false);
        check("http://127.0.0.1:8090", "same-site", false);
    }
}
