//! Every push of `messages.json` is read as the vectors say: kind, each field, the typed values, or refused.
//!
//! The vectors are read from `fixtures/vectors`, or from the folder that `ECHOSTR_VECTORS` names. A key that is not known
//! here fails: nothing may be passed over without notice.

use std::collections::BTreeMap;
use std::path::PathBuf;

use echostr_protocol::event::{
    LocationReport, LocationSelect, MassSendJobFinish, PicPhotoOrAlbum, PicSysphoto, PicWeixin,
    PublishJobFinish, Scan, ShakearoundUserShake, Subscribe, SubscribeMsgChange, SubscribeMsgPopup,
    SubscribeMsgSent, View, ViewMiniprogram,
};
use echostr_protocol::message::{Location, Text, Unsupported, Voice};
use echostr_protocol::{Component, Document, Element, Event, Kind, Message};
use serde_json::{Map, Value, json};

/// What a case says about one message.
type Expected = Map<String, Value>;
/// `Ok`, or what is wrong.
type Verdict = Result<(), String>;

#[test]
fn the_messages_of_the_vectors_are_read_as_they_say() {
    let vectors = read_json("messages.json");
    assert_eq!(vectors["schema"], "wechat-message-vectors/1");
    let cases = vectors["cases"]
        .as_array()
        .expect("messages.json has `cases`");
    let pushes = vectors["json_pushes"]
        .as_array()
        .expect("messages.json has `json_pushes`");
    assert!(
        !cases.is_empty() && !pushes.is_empty(),
        "there are no cases"
    );

    let mut failures = Vec::new();
    for case in cases {
        note(&mut failures, case, check_case(case));
    }
    for push in pushes {
        note(&mut failures, push, check_json_push(push));
    }
    println!(
        "{} cases of messages.json run, of them {} JSON pushes",
        cases.len() + pushes.len(),
        pushes.len()
    );
    assert!(
        failures.is_empty(),
        "{} failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn note(failures: &mut Vec<String>, case: &Value, verdict: Verdict) {
    if let Err(what) = verdict {
        failures.push(format!("{}: {what}", case["id"]));
    }
}

/// A push in a file, with everything that can be said about it.
fn check_case(case: &Value) -> Verdict {
    let case = known(case, &["id", "file", "note", "cross_check_skip", "expect"])?;
    let body = read(text_of(&case["file"])?);
    any_outcome(&case["expect"], |expected| {
        known_keys(
            expected,
            &[
                "kind",
                "fields",
                "to_user",
                "from_user",
                "create_time",
                "msg_type",
                "event",
                "event_norm",
                "info_type",
                "msg_id",
                "view",
            ],
        )?;
        let Some(message) = parse(&body, expected)? else {
            return Ok(());
        };
        check_fields(&message, expected)?;
        check_head(&message, expected)?;
        check_view(&message, expected.get("view"))?;
        check_typed(&message)?;
        // Once more: of two values that are alike nobody can tell which is which.
        check_typed(&with_distinct_values(&message)?)
    })
}

/// A push in JSON: its keys stand in one list, and only some are given.
fn check_json_push(push: &Value) -> Verdict {
    let push = known(push, &["id", "body", "note", "expect"])?;
    let body = text_of(&push["body"])?.as_bytes();
    any_outcome(&push["expect"], |expected| {
        let Some(message) = parse(body, expected)? else {
            return Ok(());
        };
        let head = head_of(&message);
        for (key, value) in expected.iter().filter(|(key, _)| *key != "kind") {
            match head.get(key.as_str()) {
                Some(actual) => same(key, &json!(actual), value)?,
                None => check_one_view(&message, key, value)?,
            }
        }
        Ok(())
    })
}

/// Tries the expectation and whatever else the case tolerates: `or_reject` and `either` a refusal, `alternatives` other
/// values, `also_accept` other kinds. One of them has to fit.
fn any_outcome(expected: &Value, check: impl Fn(&Expected) -> Verdict) -> Verdict {
    let mut expected = expected.as_object().ok_or("`expect` is no object")?.clone();
    let refusal: Expected = [("kind".to_owned(), json!("reject"))].into_iter().collect();
    let mut tolerated: Vec<Expected> = Vec::new();
    for key in ["or_reject", "either"] {
        match expected.remove(key) {
            Some(Value::Bool(true)) => tolerated.push(refusal.clone()),
            None | Some(Value::Bool(false)) => {}
            Some(other) => return Err(format!("`{key}` is {other}, true or false is understood")),
        }
    }
    let alternatives = expected.remove("alternatives").unwrap_or_else(|| json!([]));
    let also_accept = expected.remove("also_accept").unwrap_or_else(|| json!([]));
    for changes in alternatives.as_array().ok_or("`alternatives` is no list")? {
        let mut other = expected.clone();
        other.extend(
            changes
                .as_object()
                .ok_or("an alternative is no object")?
                .clone(),
        );
        tolerated.push(other);
    }
    for kind in also_accept.as_array().ok_or("`also_accept` is no list")? {
        let mut other = if kind == "reject" {
            Expected::new()
        } else {
            expected.clone()
        };
        other.insert("kind".into(), kind.clone());
        tolerated.push(other);
    }
    let first = check(&expected);
    if first.is_err() && tolerated.iter().any(|other| check(other).is_ok()) {
        Ok(())
    } else {
        first
    }
}

/// The message, if it is of the expected kind; `None` when it was refused and should be.
fn parse(body: &[u8], expected: &Expected) -> Result<Option<Message>, String> {
    let kind = text_of(expected.get("kind").unwrap_or(&Value::Null))?;
    if kind == "reject" {
        if expected.len() > 1 {
            return Err("a refused push has no values".into());
        }
        return match Document::parse(body) {
            Ok(_) => Err("it was accepted, it should be refused".into()),
            Err(_) => Ok(None),
        };
    }
    let document = Document::parse(body).map_err(|error| format!("it was refused: {error}"))?;
    let message = Message::parse(document);
    let actual = match &message {
        Message::Event(Event::Unknown(_)) | Message::Unknown(_) => "unknown",
        Message::Event(_) => "event",
        Message::Device(_) => "device",
        // Also with an InfoType that is not known: having one is what tells these pushes apart.
        Message::Component(_) => "component",
        _ => "message",
    };
    same("kind", &json!(actual), &json!(kind))?;
    Ok(Some(message))
}

/// Each leaf of the document is listed, and nothing else is.
fn check_fields(message: &Message, expected: &Expected) -> Verdict {
    let actual = leaves(message.document().root(), "");
    let fields = fields_of(expected)?;
    for (path, value, field) in &fields {
        let Some((_, found)) = actual.iter().find(|(found, _)| found == path) else {
            return Err(format!("there is no `{path}`"));
        };
        if found != value {
            return Err(format!("`{path}` is {found:?}, expected {value:?}"));
        }
        let readable = match text_of(&field["type"])? {
            "str" => true,
            "int" => found.parse::<i64>().is_ok(),
            "u64" => found.parse::<u64>().is_ok(),
            "float" => found.parse::<f64>().is_ok(),
            other => return Err(format!("the type `{other}` is not known")),
        };
        if !readable {
            return Err(format!(
                "`{path}` is {found:?}, which is no {}",
                field["type"]
            ));
        }
    }
    match actual
        .iter()
        .find(|(path, _)| !fields.iter().any(|(listed, ..)| listed == path))
    {
        Some((path, _)) => Err(format!("`{path}` is not listed")),
        None => Ok(()),
    }
}

/// The listed fields as path, value and the whole entry.
fn fields_of(expected: &Expected) -> Result<Vec<(&str, &str, &Expected)>, String> {
    let fields = expected
        .get("fields")
        .and_then(Value::as_array)
        .ok_or("`fields` is no list")?;
    let entry = |field| {
        let field = known(field, &["path", "type", "value"])?;
        Ok((text_of(&field["path"])?, text_of(&field["value"])?, field))
    };
    fields.iter().map(entry).collect()
}

/// All leaves with their paths, `[i]` where a sibling's name repeats.
fn leaves(element: Element<'_>, prefix: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for child in element.children() {
        let nth = seen.entry(child.name()).or_default();
        let index = if element.all(child.name()).count() > 1 {
            format!("[{nth}]")
        } else {
            String::new()
        };
        *nth += 1;
        let path = format!("{prefix}{}{index}", child.name());
        if child.is_leaf() {
            found.push((path, child.text().to_owned()));
        } else {
            found.extend(leaves(child, &format!("{path}.")));
        }
    }
    found
}

/// What a key says that stands outside of `fields` and `view`; what is not expected must not be there.
fn check_head(message: &Message, expected: &Expected) -> Verdict {
    let head = head_of(message);
    for (key, actual) in &head {
        same(
            key,
            &json!(actual),
            expected.get(*key).unwrap_or(&Value::Null),
        )?;
    }
    let kind = match message {
        Message::Event(_) => &head["event_norm"],
        Message::Component(_) => &head["info_type"],
        _ => &head["msg_type"],
    };
    same(
        "Message::kind()",
        &json!(message.kind()),
        &json!(kind.as_deref().unwrap_or_default()),
    )
}

fn head_of(message: &Message) -> BTreeMap<&'static str, Option<String>> {
    let typed = serde_json::to_value(message).expect("messages serialise");
    let typed_text = |name: &str| {
        typed[name]
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let root = message.document().root();
    let created_at = message.created_at();
    let (event, event_norm) = match message {
        Message::Event(_) => (typed_text("event"), some(&message.kind())),
        // Its kind is `device_event`; the event's name is a field of it.
        Message::Device(device) => {
            let event = device.event.as_ref().map(ToString::to_string);
            (event.clone(), event.map(|event| event.to_ascii_lowercase()))
        }
        _ => (None, None),
    };
    BTreeMap::from([
        ("to_user", some(message.to_user().as_str())),
        ("from_user", some(message.from_user().as_str())),
        (
            "create_time",
            Some(created_at.to_string()).filter(|_| created_at != 0),
        ),
        (
            "msg_type",
            root.child("MsgType")
                .map(|kind| kind.text().to_ascii_lowercase()),
        ),
        ("event", event),
        ("event_norm", event_norm),
        ("info_type", typed_text("info_type")),
        ("msg_id", msg_id(message)),
    ])
}

/// The message's id; of the events the id of the job that they report on.
fn msg_id(message: &Message) -> Option<String> {
    let job = match message {
        Message::Event(Event::TemplateSendJobFinish(event)) => event.msg_id.as_ref(),
        Message::Event(Event::MassSendJobFinish(event)) => event.msg_id.as_ref(),
        _ => message.msg_id(),
    };
    job.map(ToString::to_string)
}

fn check_view(message: &Message, view: Option<&Value>) -> Verdict {
    let Some(view) = view else { return Ok(()) };
    let view = view
        .as_object()
        .filter(|view| !view.is_empty())
        .ok_or("`view` is no object with keys")?;
    view.iter()
        .try_for_each(|(key, value)| check_one_view(message, key, value))
}

fn check_one_view(message: &Message, key: &str, expected: &Value) -> Verdict {
    if let (Some(actual), Some(text)) = (degrees(message, key), expected.as_str()) {
        let expected: f64 = text
            .parse()
            .map_err(|error| format!("`{key}` {text:?}: {error}"))?;
        return same(key, &json!(actual), &json!(expected));
    }
    let actual = view_of(message, key)
        .ok_or_else(|| format!("`{key}` is not known of this kind of message"))?;
    same(key, &actual, expected)
}

fn degrees(message: &Message, key: &str) -> Option<f64> {
    let (latitude, longitude) = if let Some(message) = Location::take(message) {
        (message.latitude, message.longitude)
    } else if let Some(event) = LocationReport::take(message) {
        (event.latitude, event.longitude)
    } else {
        let place = LocationSelect::take(message)?.send_location_info?;
        (place.latitude, place.longitude)
    };
    match key {
        "lat" => latitude,
        "lon" => longitude,
        _ => None,
    }
}

/// The value of the typed message that a key of `view` means; `None` when there is no such key for it.
fn view_of(message: &Message, key: &str) -> Option<Value> {
    Some(match key {
        "content" => match message {
            Message::Text(Text { content, .. })
            | Message::Unsupported(Unsupported { content, .. }) => json!(content),
            _ => return None,
        },
        "menu_id" => match message {
            Message::Text(Text { menu_id, .. })
            | Message::Event(
                Event::View(View { menu_id, .. })
                | Event::ViewMiniprogram(ViewMiniprogram { menu_id, .. }),
            ) => json!(menu_id),
            _ => return None,
        },
        "recognition" => json!(Voice::take(message)?.recognition),
        "scene" => match message {
            Message::Event(Event::Subscribe(event)) => json!(event.scene),
            Message::Event(Event::Scan(event)) => json!(event.scene),
            _ => return None,
        },
        "ticket" => match message {
            Message::Event(
                Event::Subscribe(Subscribe { ticket, .. }) | Event::Scan(Scan { ticket, .. }),
            ) => {
                json!(ticket)
            }
            _ => return None,
        },
        "pictures" => match message {
            Message::Event(
                Event::PicSysphoto(PicSysphoto { pictures, .. })
                | Event::PicPhotoOrAlbum(PicPhotoOrAlbum { pictures, .. })
                | Event::PicWeixin(PicWeixin { pictures, .. }),
            ) => json!(pictures),
            _ => return None,
        },
        "articles" => match message {
            Message::Event(Event::MassSendJobFinish(event)) => event
                .articles
                .iter()
                .map(|article| json!(article.article_url))
                .collect(),
            Message::Event(Event::PublishJobFinish(event)) => event
                .articles
                .iter()
                .map(|article| json!(article.article_url))
                .collect(),
            _ => return None,
        },
        "copyright" => MassSendJobFinish::take(message)?
            .copyright
            .iter()
            .map(|item| json!(item.original_article_url))
            .collect(),
        "failed" => PublishJobFinish::take(message)?
            .fail_idx
            .iter()
            .map(|idx| json!(idx.to_string()))
            .collect(),
        "templates" => {
            if let Some(event) = SubscribeMsgPopup::take(message) {
                event
                    .list
                    .iter()
                    .map(|entry| json!(entry.template_id))
                    .collect()
            } else if let Some(event) = SubscribeMsgChange::take(message) {
                event
                    .list
                    .iter()
                    .map(|entry| json!(entry.template_id))
                    .collect()
            } else {
                SubscribeMsgSent::take(message)?
                    .list
                    .iter()
                    .map(|entry| json!(entry.template_id))
                    .collect()
            }
        }
        "beacons" => json!(ShakearoundUserShake::take(message)?.around_beacons.len()),
        _ => return None,
    })
}

/// What becomes of an element in the typed message, where that is not a field of its name: nothing of a wrapper, `[]`
/// means the entries of a list.
const PLACES: &[(&str, &str)] = &[
    ("SendPicsInfo", ""),
    ("SendPicsInfo.PicList", ""),
    ("SendPicsInfo.PicList.item", ""),
    ("SendPicsInfo.PicList.item.PicMd5Sum", "pictures[]"),
    ("CopyrightCheckResult", ""),
    ("CopyrightCheckResult.Count", "copyright_count"),
    ("CopyrightCheckResult.ResultList", ""),
    ("CopyrightCheckResult.ResultList.item", "copyright[]"),
    ("ArticleUrlResult", ""),
    ("ArticleUrlResult.Count", "article_count"),
    ("ArticleUrlResult.ResultList", ""),
    ("ArticleUrlResult.ResultList.item", "articles[]"),
    ("PublishEventInfo", ""),
    ("PublishEventInfo.article_detail", ""),
    ("PublishEventInfo.article_detail.item", "articles[]"),
    ("PublishEventInfo.fail_idx", "fail_idx[]"),
    ("SubscribeMsgPopupEvent", ""),
    ("SubscribeMsgPopupEvent.List", "list[]"),
    ("SubscribeMsgChangeEvent", ""),
    ("SubscribeMsgChangeEvent.List", "list[]"),
    ("SubscribeMsgSentEvent", ""),
    ("SubscribeMsgSentEvent.List", "list[]"),
    ("List", "list[]"),
    ("AroundBeacons", ""),
    ("AroundBeacons.AroundBeacon", "around_beacons[]"),
    ("GuideScanEvent", ""),
    ("GuideInviteEvent", ""),
    ("result_info", ""),
    ("material", "material[]"),
    ("material.illegal_material", ""),
    ("material.illegal_material.content", "illegal_content"),
    (
        "material.illegal_material.content_url",
        "illegal_content_url",
    ),
    ("material.appeal_material", ""),
    ("material.appeal_material.reason", "appeal_reason"),
];

/// Names of fields that are not the wire's in `snake_case`. The first that is there is meant.
const RENAMED: &[(&str, &str)] = &[
    ("ToUserName", "to"),
    ("FromUserName", "from"),
    ("CreateTime", "created_at"),
    ("EventKey", "event_key"),
    ("EventKey", "scene"),
    ("Location_X", "latitude"),
    ("Location_Y", "longitude"),
    ("MediaId16K", "media_id_16k"),
    ("bizmsgmenuid", "menu_id"),
    ("appid", "registered_app_id"),
    ("appid", "app_id"),
    ("AuthorizeAppId", "app_id"),
    ("openid", "open_id"),
    ("unionid", "union_id"),
    ("screenshot", "screen_shot"),
];

/// Each value is in the field of its name in the typed message, so that no documented field has to be searched in the
/// document. Only what is unheard of may be passed over.
fn check_typed(message: &Message) -> Verdict {
    let is_unknown = matches!(
        message,
        Message::Unknown(_)
            | Message::Event(Event::Unknown(_))
            | Message::Component(Component::Unknown(_))
    );
    let typed = serde_json::to_value(message).expect("messages serialise");
    let mut entries = Entries::new();
    for (path, value) in leaves(message.document().root(), "") {
        match typed_value(&typed, &path, &mut entries) {
            Ok(field) if field.is_none_or(|field| is_carried(field, &value)) => {}
            Ok(field) => {
                return Err(format!(
                    "`{path}` is {value:?}, but {} in the typed message",
                    field.unwrap_or(&Value::Null)
                ));
            }
            // `MsgType` is the type itself.
            Err(name) if is_unknown || name == "MsgType" || is_unheard_of(name) => {}
            Err(name) => return Err(format!("the typed message has no `{name}` of `{path}`")),
        }
    }
    Ok(())
}

/// The paths of each list's entries so far, under the list's path without `[i]`.
type Entries = BTreeMap<String, Vec<String>>;

/// The typed value of a leaf; none for what is repeated without being a list, where the first is typed.
///
/// # Errors
/// The name of the element for which there is no field.
fn typed_value<'a>(
    mut typed: &'a Value,
    path: &'a str,
    entries: &mut Entries,
) -> Result<Option<&'a Value>, &'a str> {
    let (mut entry, mut list) = (String::new(), String::new());
    for step in path.split('.') {
        let (name, index) = step.split_once('[').unwrap_or((step, "0]"));
        let separator = if list.is_empty() { "" } else { "." };
        entry = format!("{entry}{separator}{step}");
        list = format!("{list}{separator}{name}");
        let place = PLACES.iter().find(|(wire, _)| *wire == list);
        typed = match place.map(|(_, place)| (*place, place.strip_suffix("[]"))) {
            Some(("", _)) => typed,
            Some((_, Some(field))) => {
                let seen = entries.entry(list.clone()).or_default();
                if seen.last() != Some(&entry) {
                    seen.push(entry.clone());
                }
                let items = typed.get(field).ok_or(name)?;
                items.get(seen.len() - 1).unwrap_or(&Value::Null)
            }
            Some((field, None)) => typed.get(field).ok_or(name)?,
            None => {
                let field = field_of(typed, name).ok_or(name)?;
                if index != "0]" {
                    return Ok(None);
                }
                field
            }
        };
    }
    Ok(Some(typed))
}

fn field_of<'a>(typed: &'a Value, name: &str) -> Option<&'a Value> {
    let mut renamed = RENAMED.iter().filter(|(wire, _)| *wire == name);
    renamed
        .find_map(|(_, field)| typed.get(field))
        .or_else(|| typed.get(snake_case(name)))
}

/// `SessionID` is `session_id`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut was_small = false;
    for character in name.chars() {
        if was_small && character.is_ascii_uppercase() {
            snake.push('_');
        }
        was_small = character.is_ascii_lowercase();
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// Whether no kind of message has a field of that name: the tables of the sources tell. Of the vectors in this repository
/// it is known besides which names they made up, so that a field that is taken out of a table is missed.
fn is_unheard_of(name: &str) -> bool {
    const MADE_UP: [&str; 2] = ["NewField", "NewNode"];
    const SOURCES: [&str; 3] = [
        include_str!("../src/message.rs"),
        include_str!("../src/event.rs"),
        include_str!("../src/component.rs"),
    ];
    let is_in_a_table = SOURCES
        .iter()
        .flat_map(|source| source.lines().take_while(|line| *line != "#[cfg(test)]"))
        .filter(|line| !line.trim_start().starts_with("//"))
        // Before an arrow stands the name of a kind.
        .map(|line| line.rsplit_once("=>").map_or(line, |(_, after)| after))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .any(|path| path.split('.').any(|step| step == name));
    let is_other_set = std::env::var_os("ECHOSTR_VECTORS").is_some();
    !is_in_a_table && (is_other_set || MADE_UP.contains(&name))
}

/// An empty element carries nothing. A number counts by its value: `120.155070` is 120.15507.
fn is_carried(field: &Value, value: &str) -> bool {
    match field {
        Value::String(text) => text == value,
        Value::Number(number) if number.is_f64() => value.parse().ok() == number.as_f64(),
        Value::Number(number) => number.to_string() == value,
        Value::Null | Value::Array(_) | Value::Object(_) => value.is_empty(),
        Value::Bool(_) => false,
    }
}

/// The message with other values: no two alike, numbers still numbers, and of the same kind.
fn with_distinct_values(message: &Message) -> Result<Message, String> {
    let body = distinct(message.document().root(), &mut 1000).to_string();
    let document = Document::parse(body.as_bytes())
        .map_err(|error| format!("with other values it was refused: {error}"))?;
    Ok(Message::parse(document))
}

fn distinct(element: Element<'_>, last: &mut i64) -> Value {
    let mut members: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for child in element.children() {
        *last += 1;
        let value = match child.name() {
            "MsgType" | "Event" | "InfoType" => json!(child.text()),
            _ if !child.is_leaf() => distinct(child, last),
            _ if child.text().is_empty() => json!(""),
            _ if child.text().parse::<f64>().is_ok() => json!(last.to_string()),
            _ => json!(format!("text {last}")),
        };
        members.entry(child.name()).or_default().push(value);
    }
    json!(members)
}

fn same(key: &str, actual: &Value, expected: &Value) -> Verdict {
    if actual == expected {
        Ok(())
    } else {
        Err(format!("`{key}` is {actual}, expected {expected}"))
    }
}

fn known<'a>(object: &'a Value, keys: &[&str]) -> Result<&'a Expected, String> {
    let object = object
        .as_object()
        .ok_or_else(|| format!("{object} is no object"))?;
    known_keys(object, keys)?;
    Ok(object)
}

fn known_keys(object: &Expected, keys: &[&str]) -> Verdict {
    match object.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(format!("the key `{key}` is not known")),
        None => Ok(()),
    }
}

fn text_of(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("{value} is no text"))
}

fn read_json(name: &str) -> Value {
    serde_json::from_slice(&read(name))
        .unwrap_or_else(|error| panic!("cannot read {name}: {error}"))
}

fn read(name: &str) -> Vec<u8> {
    let path = folder().join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

fn folder() -> PathBuf {
    std::env::var_os("ECHOSTR_VECTORS").map_or_else(
        || concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/vectors").into(),
        PathBuf::from,
    )
}
