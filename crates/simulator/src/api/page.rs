//! Pages that the platform shows in WeChat's browser, made simple.

use std::fmt::Write as _;

use super::{Call, Output};
use crate::text::escaped;
use crate::world::Follower;

/// A page with this title.
pub(super) fn page(title: &str, body: &str) -> Output {
    let title = escaped(title);
    Output::Page(format!(
        "<!DOCTYPE html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>\
         body{{font:17px/1.5 system-ui,sans-serif;max-width:26em;margin:3em auto;padding:0 1.5em;color:#191919;background:#ededed}}\
         h1{{font-size:1.2em}}label{{display:block;padding:.7em 1em;background:#fff;border-bottom:1px solid #e5e5e5}}\
         button{{font:inherit;width:100%;padding:.6em;margin-top:1em;border:0;border-radius:8px;background:#07c160;color:#fff}}\
         button[value=\"0\"]{{background:#fff;color:#191919}}small{{color:#737373}}</style></head>\
         <body><h1>{title}</h1>{body}</body></html>"
    ))
}

/// A page that says why nothing can be done here.
pub(super) fn failure(words: &str) -> Output {
    page(
        "无法打开 · cannot be opened",
        &format!("<p>{}</p>", escaped(words)),
    )
}

/// A page that asks one of these people; the answer comes back to the same address, with `follower` and with `agreed`, which is
/// `1` or `0`.
pub(super) fn question(call: &Call<'_>, title: &str, asked: &str, people: &[&Follower]) -> Output {
    let mut body = format!("<p>{}</p><form method=\"get\">", escaped(asked));
    for (name, value) in call.query {
        if !matches!(name.as_str(), "follower" | "agreed") {
            let _ = write!(
                body,
                "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
                escaped(name),
                escaped(value)
            );
        }
    }
    for (n, person) in people.iter().enumerate() {
        let _ = write!(
            body,
            "<label><input type=\"radio\" name=\"follower\" value=\"{}\"{}> {}</label>",
            escaped(person.open_id.as_str()),
            if n == 0 { " checked" } else { "" },
            escaped(&person.name)
        );
    }
    body += "<button name=\"agreed\" value=\"1\">允许 · Allow</button><button name=\"agreed\" value=\"0\">拒绝 · Refuse</button></form>";
    page(title, &body)
}
