//! Every endpoint of the platform answers, each request of the platform's documents in turn.

use std::path::Path;

use echostr_protocol::api::{self, Answer, Body, Endpoint, Method, Part};
use serde_json::{Map, Value};

use crate::desk::{Desk, JPEG, MP3, MP4, Page, client};
use crate::stage::Stage;

/// What is refused although everything is there that it needs: name, which of its requests (from 0), and the code that is right.
const REFUSED: &[(&str, usize, i64)] = &[
    // The documents' own sample has a sub-menu in a sub-menu.
    ("AddConditionalMenu", 0, 40022),
    // For the customer service of mini programs.
    ("SendCustomMessage", 11, 40008),
    // Coupons are not sent to many any more.
    ("SendAll", 5, 45113),
    ("MassSend", 5, 45113),
];

fn fixtures() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../protocol/fixtures/api"
    ))
}

/// The requests of the documents: one, or several.
fn requests(endpoint: &Endpoint) -> Vec<Value> {
    let path = fixtures()
        .join(endpoint.chapter)
        .join(format!("{}.request.json", endpoint.name));
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    match serde_json::from_slice(&text).expect("JSON") {
        Value::Array(requests) => requests,
        request => vec![request],
    }
}

#[test]
fn the_inventory_names_no_live_endpoint_that_is_not_defined() {
    let text = std::fs::read(fixtures().join("inventory.json")).expect("the inventory");
    let inventory: Vec<Value> = serde_json::from_slice(&text).expect("JSON");
    let live = inventory.iter().filter(|entry| entry["status"] == "live");
    let missing: Vec<_> = live
        .map(|entry| entry["type"].as_str().expect("a name"))
        .filter(|name| api::find(name).is_none())
        .collect();
    assert_eq!(missing, [""; 0]);
}

#[tokio::test]
async fn every_live_endpoint_answers() {
    let (client, mut wrong) = (client(), Vec::new());
    for endpoint in api::all() {
        for (n, request) in requests(endpoint).into_iter().enumerate() {
            let mut stage = Stage::open(client.clone()).await;
            let request = stage.set(endpoint, request).await;
            let page = call(&stage, endpoint, request).await;
            let refused = REFUSED
                .iter()
                .find(|(name, which, _)| *name == endpoint.name && *which == n);
            let expected = refused.map_or(0, |(.., errcode)| *errcode);
            if let Err(why) = check(endpoint, &page, expected) {
                wrong.push(format!("{} {n}: {why}", endpoint.name));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

async fn call(stage: &Stage, endpoint: &'static Endpoint, request: Value) -> Page {
    let desk: &Desk = &stage.desk;
    let fields = match request {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    let encoded = endpoint.encode(fields);
    let mut query = encoded.query;
    query.extend(stage.credential(endpoint.auth));
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query)
        .finish();
    let url = format!("{}{}?{query}", desk.base, encoded.path);
    match (endpoint.method, encoded.body) {
        (Method::Get | Method::Page, _) => desk.fetch(&url).await,
        (Method::Post, Body::None) => desk.send(&url, "text/plain", Vec::new()).await,
        (Method::Post, Body::Json(json)) => desk.send(&url, "application/json", json).await,
        (Method::Post, Body::Form(parts)) => {
            let content_type = "multipart/form-data; boundary=edge";
            desk.send(&url, content_type, multipart(parts)).await
        }
    }
}

/// Whether it is what the endpoint answers, or refused with this code.
fn check(endpoint: &'static Endpoint, page: &Page, expected: i64) -> Result<(), String> {
    if !page.content_type.starts_with("application/json") {
        let is_right = match page.status {
            200 => endpoint.answer == Answer::File || endpoint.method == Method::Page,
            303 | 302 => endpoint.method == Method::Page,
            _ => false,
        };
        return if is_right && expected == 0 {
            Ok(())
        } else {
            Err(format!("HTTP {} {}", page.status, page.content_type))
        };
    }
    let json: Value = serde_json::from_slice(&page.body).map_err(|error| error.to_string())?;
    let errcode = json["errcode"].as_i64().unwrap_or_default();
    match errcode == expected {
        false => Err(format!("{json} instead of {expected}")),
        true if errcode != 0 => Ok(()),
        true => match endpoint.read_response(json.clone()) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("{error}: {json}")),
        },
    }
}

/// A form. The files of the documents are invented ones: they are replaced by such as begin as they should.
fn multipart(parts: Vec<(String, Part)>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, part) in parts {
        body.extend_from_slice(
            format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"").as_bytes(),
        );
        match part {
            Part::Text(text) => body.extend_from_slice(format!("\r\n\r\n{text}").as_bytes()),
            Part::File(file) => {
                let (name, content_type) = (&file.name, &file.content_type);
                let head = format!("; filename=\"{name}\"\r\nContent-Type: {content_type}\r\n\r\n");
                body.extend_from_slice(head.as_bytes());
                body.extend_from_slice(match name.rsplit('.').next() {
                    Some("jpg") => JPEG,
                    Some("mp3") => MP3,
                    Some("mp4") => MP4,
                    _ => &file.bytes,
                });
            }
        }
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--edge--\r\n");
    body
}
