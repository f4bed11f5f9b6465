//! The tables of the HTTP API against the inventory of the platform's documents, and every type against its fixtures.
//!
//! `fixtures/api/inventory.json` lists what the platform has, with the `type` that it has here. What is `legacy` is no longer in
//! the platform's documents: it may have a type, and is reached by its path without one. The fixtures were made of the inventory,
//! before the types; where a request has alternatives, its file is a list with one of each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use echostr_protocol::api::{self, Answer, Auth, Endpoint, Method, Place};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Entry {
    r#type: String,
    name: String,
    method: String,
    host: Option<String>,
    path: String,
    auth: String,
    query: Vec<Field>,
    body: String,
    request: Vec<Field>,
    response: Vec<Field>,
    binary_response: bool,
    status: String,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    #[serde(default)]
    note: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/api")
}

fn inventory() -> Vec<Entry> {
    let json = fs::read_to_string(folder().join("inventory.json")).expect("the inventory");
    serde_json::from_str(&json).expect("a list of entries")
}

/// What stands in a table, or has to.
fn defined() -> impl Iterator<Item = Entry> {
    let is_there = |entry: &Entry| api::all().any(|endpoint| endpoint.name == entry.r#type);
    inventory()
        .into_iter()
        .filter(move |entry| entry.status != "legacy" || is_there(entry))
}

impl Entry {
    fn endpoint(&self) -> &'static Endpoint {
        api::all()
            .find(|endpoint| endpoint.name == self.r#type)
            .unwrap_or_else(|| panic!("no table has `{}`, {}", self.r#type, self.name))
    }

    /// What is always the same in the query, and the names of what is not.
    fn query(&self) -> (String, Vec<&str>) {
        let fixed = |field: &Field| {
            Some(format!(
                "{}={}",
                field.name,
                field.note.strip_prefix("fixed ")?
            ))
        };
        let always: Vec<_> = self.query.iter().filter_map(fixed).collect();
        let others = self.query.iter().filter(|field| fixed(field).is_none());
        (
            always.join("&"),
            others.map(|field| field.name.as_str()).collect(),
        )
    }
}

#[test]
fn the_tables_have_every_endpoint_of_the_inventory_and_no_other() {
    let known: BTreeSet<_> = inventory().into_iter().map(|entry| entry.r#type).collect();
    let n_live = inventory()
        .iter()
        .filter(|entry| entry.status == "live")
        .count();
    assert_eq!(n_live, 237);
    let mut names = BTreeSet::new();
    let mut titles = BTreeMap::new();
    for endpoint in api::all() {
        assert!(
            known.contains(endpoint.name),
            "`{}` is not in the inventory",
            endpoint.name
        );
        assert!(
            names.insert(endpoint.name),
            "`{}` stands in two tables",
            endpoint.name
        );
        let other = titles.insert(endpoint.title, endpoint.name);
        assert_eq!(other, None, "{}", endpoint.title);
    }
    for entry in defined() {
        entry.endpoint();
    }
}

#[test]
fn every_endpoint_goes_where_the_inventory_says() {
    for entry in defined() {
        let endpoint = entry.endpoint();
        let name = endpoint.name;
        let is_page = entry.host.is_some() && !entry.binary_response;
        let method = match entry.method.as_str() {
            _ if is_page => Method::Page,
            "GET" => Method::Get,
            _ => Method::Post,
        };
        assert_eq!(endpoint.method, method, "{name}");
        assert_eq!(
            endpoint.host,
            entry.host.as_deref().unwrap_or("api.weixin.qq.com"),
            "{name}"
        );
        assert_eq!(endpoint.path, entry.path, "{name}");
        let auth = match entry.auth.as_str() {
            "access_token" | "authorizer_access_token" => Auth::Account,
            "component_access_token" => Auth::Component,
            "sns_token" => Auth::Follower,
            _ => Auth::None,
        };
        assert_eq!(endpoint.auth, auth, "{name}");
        let (fixed, others) = entry.query();
        assert_eq!(endpoint.fixed, fixed, "{name}");
        let place = match entry.body.as_str() {
            "multipart" => Place::Form,
            "json" => Place::Json,
            _ => Place::Query,
        };
        assert_eq!(endpoint.place, place, "{name}");
        if place != Place::Query {
            assert_eq!(endpoint.query, others, "{name}");
        }
        let answer = if entry.binary_response {
            Answer::File
        } else {
            Answer::Json
        };
        assert_eq!(endpoint.answer, answer, "{name}");
        assert_eq!(
            endpoint.is_deprecated,
            entry.status == "deprecated",
            "{name}"
        );
    }
}

#[test]
fn every_type_knows_every_field_and_loses_none() {
    for entry in defined() {
        let endpoint = entry.endpoint();
        let (_, in_query) = entry.query();
        let mut asked: Vec<_> = in_query;
        asked.extend(entry.request.iter().map(|field| field.name.as_str()));
        check(endpoint, "request", &asked, |json| {
            endpoint.read_request(json)
        });
        let answered: Vec<_> = entry
            .response
            .iter()
            .map(|field| field.name.as_str())
            .collect();
        check(endpoint, "response", &answered, |json| {
            endpoint.read_response(json)
        });
    }
}

#[track_caller]
fn check(
    endpoint: &Endpoint,
    what: &str,
    fields: &[&str],
    reread: impl Fn(Value) -> serde_json::Result<Value>,
) {
    let path = format!("{}/{}.{what}.json", endpoint.chapter, endpoint.name);
    let json =
        fs::read_to_string(folder().join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let fixture: Value =
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("{path}: {error}"));
    let documents = match fixture {
        Value::Array(alternatives) => alternatives,
        one => vec![one],
    };
    for field in fields {
        let field = field.replace("[]", "");
        let way: Vec<_> = field.split('.').collect();
        assert!(
            documents.iter().any(|document| has(document, &way)),
            "{path} has no `{field}`"
        );
    }
    for document in documents {
        let again = reread(document.clone()).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(again, document, "{path} as it is written back");
    }
}

/// Whether something is there; `*` is any name.
fn has(value: &Value, way: &[&str]) -> bool {
    let Some((name, rest)) = way.split_first() else {
        return true;
    };
    match value {
        Value::Array(items) => items.iter().any(|item| has(item, way)),
        Value::Object(fields) if *name == "*" => fields.values().any(|value| has(value, rest)),
        Value::Object(fields) => fields.get(*name).is_some_and(|value| has(value, rest)),
        // JSON in a text.
        Value::String(text) => serde_json::from_str::<Value>(text)
            .is_ok_and(|json| json.is_object() && has(&json, way)),
        _ => false,
    }
}

#[test]
fn every_request_is_found_by_its_chinese_name() {
    for (chapter, table) in api::CHAPTERS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/api/{chapter}.rs"));
        let source = fs::read_to_string(path).expect("a chapter");
        for endpoint in *table {
            let alias = format!("#[doc(alias = \"{}\")]", endpoint.title);
            let (before, _) = source
                .split_once(&format!("pub struct {} ", endpoint.name))
                .expect("a request");
            let block = before.rsplit("\n\n").next().expect("its documentation");
            assert!(block.contains(&alias), "`{}` lacks {alias}", endpoint.name);
            assert_eq!(
                api::find(endpoint.title).expect("found").name,
                endpoint.name
            );
        }
    }
}
