//! `replies.json`: replies as the platform has to find them, in clear and sealed, read by a parser that is not ours.

mod common;

use std::time::{SystemTime, UNIX_EPOCH};

use common::{Verdict, same};
use echostr_protocol::{
    AppId, Article, Document, EncodingAesKey, Message, Music, Reply, Token, Video, open, seal,
};
use roxmltree::Node;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    #[serde(rename = "tree_rules")]
    _tree_rules: IgnoredAny,
    account: Account,
    cases: Vec<Case>,
    encrypted: Encrypted,
    #[serde(rename = "none_encrypted")]
    _none_encrypted: NoneEncrypted,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    app_id: AppId,
    token: String,
    encoding_aes_key: String,
    aes_key_hex: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    inbound: Inbound,
    reply: Described,
    expect: Expect,
    #[serde(rename = "note")]
    _note: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Inbound {
    to_user: String,
    from_user: String,
    msg_type: String,
}

/// A reply as the vectors describe it. Variants are named as in the file.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Described {
    Text {
        content: String,
    },
    Image {
        media_id: String,
    },
    Voice {
        media_id: String,
    },
    Video {
        media_id: String,
        title: Option<String>,
        description: Option<String>,
    },
    Music {
        title: Option<String>,
        description: Option<String>,
        music_url: Option<String>,
        hq_music_url: Option<String>,
        thumb_media_id: String,
    },
    News {
        articles: Vec<DescribedArticle>,
    },
    TransferCustomerService {
        kf_account: Option<String>,
    },
    TransferBizAiIvr {},
    None {},
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DescribedArticle {
    title: String,
    description: String,
    pic_url: String,
    url: String,
}

#[derive(Deserialize)]
#[serde(tag = "body", rename_all = "lowercase", deny_unknown_fields)]
enum Expect {
    Xml {
        tree: Map<String, Value>,
        #[serde(default)]
        empty_ok: Vec<String>,
        #[serde(default)]
        truncated: bool,
    },
    Literal {
        one_of: Vec<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Encrypted {
    #[serde(rename = "rule")]
    _rule: IgnoredAny,
    cases: Vec<EncryptedCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EncryptedCase {
    id: String,
    of: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoneEncrypted {
    #[serde(rename = "rule")]
    _rule: IgnoredAny,
}

#[test]
fn the_replies_of_the_vectors_are_written_as_they_say() {
    let vectors: Vectors = common::load("replies.json", "wechat-reply-vectors/1");
    common::run(
        "replies.json",
        &vectors.cases,
        |case| &case.id,
        |case| case.check(&case.body(None)?),
    );

    let account = &vectors.account;
    common::run(
        "sealed replies of replies.json",
        &vectors.encrypted.cases,
        |case| &case.id,
        |sealed| {
            let plain = vectors.cases.iter().find(|case| case.id == sealed.of);
            let plain = plain.ok_or_else(|| format!("there is no case `{}`", sealed.of))?;
            plain.check(&account.opened(&plain.body(Some(account))?)?)
        },
    );

    let is_literal = |case: &&Case| matches!(case.expect, Expect::Literal { .. });
    let literal: Vec<&Case> = vectors.cases.iter().filter(is_literal).collect();
    common::run(
        "literal replies of replies.json, in safe mode",
        &literal,
        |case| &case.id,
        |case| case.check(&case.body(Some(account))?),
    );
}

impl Case {
    /// The body of the response: with an account as in safe mode.
    fn body(&self, account: Option<&Account>) -> Result<String, String> {
        let message = self.inbound.message()?;
        let Some(document) = self.reply.reply().render(&message, now()) else {
            return Ok("success".into());
        };
        account.map_or(Ok(document.clone()), |account| account.sealed(&document))
    }

    fn check(&self, body: &str) -> Verdict {
        match &self.expect {
            Expect::Literal { one_of } if one_of.iter().any(|literal| literal == body) => Ok(()),
            Expect::Literal { one_of } => {
                Err(format!("the body is {body:?}, expected one of {one_of:?}"))
            }
            Expect::Xml {
                tree,
                empty_ok,
                truncated,
            } => {
                let found = tree_of(body)?;
                compare_elements(&found, tree, "", empty_ok)?;
                let is_truncated = self.reply.n_articles() > n_items(&found);
                same("whether articles were left out", &is_truncated, truncated)
            }
        }
    }
}

impl Inbound {
    fn message(&self) -> Result<Message, String> {
        let Self {
            to_user,
            from_user,
            msg_type,
        } = self;
        let own = match msg_type.as_str() {
            "event" => "<Event>CLICK</Event><EventKey>KEY_HELP</EventKey>",
            _ => "<Content>你好</Content><MsgId>24495393430922919</MsgId>",
        };
        let xml = format!(
            "<xml><ToUserName>{to_user}</ToUserName><FromUserName>{from_user}</FromUserName>\
             <CreateTime>1761138701</CreateTime><MsgType>{msg_type}</MsgType>{own}</xml>"
        );
        let document = Document::parse(xml.as_bytes()).map_err(|error| error.to_string())?;
        Ok(Message::parse(document))
    }
}

impl Described {
    fn reply(&self) -> Reply {
        let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
        match self {
            Self::Text { content } => Reply::Text(content.clone()),
            Self::Image { media_id } => Reply::Image(media_id.as_str().into()),
            Self::Voice { media_id } => Reply::Voice(media_id.as_str().into()),
            Self::Video {
                media_id,
                title,
                description,
            } => Reply::Video(Video {
                media_id: media_id.as_str().into(),
                title: or_empty(title),
                description: or_empty(description),
            }),
            Self::Music {
                title,
                description,
                music_url,
                hq_music_url,
                thumb_media_id,
            } => Reply::Music(Music {
                title: or_empty(title),
                description: or_empty(description),
                music_url: or_empty(music_url),
                hq_music_url: or_empty(hq_music_url),
                thumb_media_id: thumb_media_id.as_str().into(),
            }),
            Self::News { articles } => {
                Reply::News(articles.iter().map(DescribedArticle::article).collect())
            }
            Self::TransferCustomerService { kf_account } => {
                Reply::TransferCustomerService(kf_account.clone())
            }
            Self::TransferBizAiIvr {} => Reply::TransferBizAiIvr,
            Self::None {} => Reply::Silence,
        }
    }

    fn n_articles(&self) -> usize {
        if let Self::News { articles } = self {
            articles.len()
        } else {
            0
        }
    }
}

impl DescribedArticle {
    fn article(&self) -> Article {
        Article {
            title: self.title.clone(),
            description: self.description.clone(),
            pic_url: self.pic_url.clone(),
            url: self.url.clone(),
        }
    }
}

impl Account {
    fn key_and_token(&self) -> Result<(EncodingAesKey, Token), String> {
        let key: EncodingAesKey = self
            .encoding_aes_key
            .parse()
            .map_err(|error| format!("{error}"))?;
        let digits: Vec<String> = key
            .expose()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        same("the key", &digits.concat(), &self.aes_key_hex)?;
        Ok((key, self.token.parse().map_err(|error| format!("{error}"))?))
    }

    fn sealed(&self, document: &str) -> Result<String, String> {
        let (key, token) = self.key_and_token()?;
        Ok(seal(
            &key,
            &token,
            &self.app_id,
            document,
            *b"0123456789abcdef",
            now(),
            "1995701966",
        ))
    }

    /// What is in the envelope, after its elements and its signature were checked.
    fn opened(&self, envelope: &str) -> Result<String, String> {
        let (key, token) = self.key_and_token()?;
        let elements = tree_of(envelope)?;
        let text = |name: &str| {
            elements
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        same(
            "the elements of the envelope",
            &elements.keys().map(String::as_str).collect::<Vec<_>>(),
            &vec!["Encrypt", "MsgSignature", "Nonce", "TimeStamp"],
        )?;
        is_now("TimeStamp", &elements["TimeStamp"])?;
        let signature = token.msg_signature(text("TimeStamp"), text("Nonce"), text("Encrypt"));
        same("`MsgSignature`", text("MsgSignature"), signature.as_str())?;
        let (document, _) =
            open(&[&key], text("Encrypt"), &self.app_id).map_err(|error| error.to_string())?;
        Ok(document.to_string())
    }
}

/// The document by the rules of the file: text or a map per element, `Articles.item` always a list.
fn tree_of(xml: &str) -> Result<Map<String, Value>, String> {
    let document = roxmltree::Document::parse(xml).map_err(|error| format!("{error} in {xml}"))?;
    let root = document.root_element();
    same("the root", root.tag_name().name(), "xml")?;
    match value_of(root)? {
        Value::Object(elements) => Ok(elements),
        _ => Err("the root has no elements".into()),
    }
}

fn value_of(element: Node<'_, '_>) -> Result<Value, String> {
    let mut elements = Map::new();
    let mut text = String::new();
    for child in element.children() {
        if !child.is_element() {
            text.push_str(child.text().unwrap_or_default());
            continue;
        }
        let name = child.tag_name().name();
        let value = value_of(child)?;
        if (element.tag_name().name(), name) == ("Articles", "item") {
            let list = elements
                .entry(name)
                .or_insert_with(|| Value::Array(Vec::new()));
            list.as_array_mut().expect("made as a list").push(value);
        } else if elements.insert(name.to_owned(), value).is_some() {
            return Err(format!("`{name}` is there twice"));
        }
    }
    match (elements.is_empty(), text.trim().is_empty()) {
        (true, _) => Ok(Value::String(text)),
        (false, true) => Ok(Value::Object(elements)),
        (false, false) => Err(format!("there is text between elements: {text:?}")),
    }
}

fn compare(found: &Value, expected: &Value, path: &str, empty_ok: &[String]) -> Verdict {
    match (found, expected) {
        (_, Value::Object(rule)) if rule.contains_key("$int") => {
            same("the rule", expected, &serde_json::json!({ "$int": true }))?;
            is_now(path, found)
        }
        (Value::Object(found), Value::Object(expected)) => {
            compare_elements(found, expected, path, empty_ok)
        }
        (Value::Array(found), Value::Array(expected)) => {
            same(
                &format!("the length of {path}"),
                &found.len(),
                &expected.len(),
            )?;
            found
                .iter()
                .zip(expected)
                .try_for_each(|(found, expected)| compare(found, expected, path, empty_ok))
        }
        _ => same(path, found, expected),
    }
}

fn compare_elements(
    found: &Map<String, Value>,
    expected: &Map<String, Value>,
    path: &str,
    empty_ok: &[String],
) -> Verdict {
    let path_of = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    for (name, expected) in expected {
        let path = path_of(name);
        compare(
            found
                .get(name)
                .ok_or_else(|| format!("{path} is missing"))?,
            expected,
            &path,
            empty_ok,
        )?;
    }
    for (name, found) in found
        .iter()
        .filter(|(name, _)| !expected.contains_key(*name))
    {
        let path = path_of(name);
        if path != "FuncFlag" && !(found == "" && empty_ok.contains(&path)) {
            return Err(format!("{path} should not be there, it is {found}"));
        }
    }
    Ok(())
}

fn is_now(path: &str, found: &Value) -> Verdict {
    let digits = found
        .as_str()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match digits.and_then(|digits| digits.parse::<i64>().ok()) {
        Some(seconds) if (seconds - now()).abs() <= 60 => Ok(()),
        _ => Err(format!("{path} is {found}, expected the seconds of now")),
    }
}

fn n_items(tree: &Map<String, Value>) -> usize {
    tree.get("Articles")
        .and_then(|articles| articles["item"].as_array())
        .map_or(0, Vec::len)
}

fn now() -> i64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is after 1970");
    i64::try_from(elapsed.as_secs()).expect("the clock is before the year 292 277 026 596")
}
