//! [`Log`]: what was said over HTTP, in both directions, with its bytes.

use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;

use echostr_protocol::api::Endpoint;
use echostr_protocol::{AppId, OpenId, Reply};
use reqwest::header::HeaderMap;

use crate::judge::{Cause, Shown};
use crate::text::cut;
use crate::transport::{Answer, Transport};

/// How many records are kept.
const MAX_RECORDS: usize = 1000;
/// How much of a request or response is kept, in bytes.
pub(crate) const MAX_KEPT_BYTES: usize = 64 * 1024;

/// What was said over HTTP, in the order of the ids.
#[derive(Debug, Default)]
pub struct Log(VecDeque<Record>);

impl Log {
    /// Oldest first.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.0.iter()
    }

    /// The record with this number.
    pub fn record(&self, id: u64) -> Option<&Record> {
        self.0.iter().rev().find(|record| record.id == id)
    }

    pub(crate) fn record_mut(&mut self, id: u64) -> Option<&mut Record> {
        self.0.iter_mut().rev().find(|record| record.id == id)
    }

    pub(crate) fn add(&mut self, record: Record) {
        if self.0.len() == MAX_RECORDS {
            self.0.pop_front();
        }
        self.0.push_back(record);
    }
}

/// A push with its deliveries, or a call.
#[derive(Debug, Clone)]
pub struct Record {
    /// Unique in the world.
    pub id: u64,
    /// When it began, in Unix milliseconds of the world's clock.
    pub at_ms: i64,
    /// Whose; nothing: it could not be told from the call.
    pub app_id: Option<AppId>,
    /// What it was.
    pub what: What,
}

/// A push with its deliveries, or a call.
#[derive(Debug, Clone)]
pub enum What {
    /// From the platform to the account's server.
    Push(Pushed),
    /// From the account's server to the platform.
    Call(Called),
}

/// From the platform to the account's server.
#[derive(Debug, Clone)]
pub struct Pushed {
    /// Who it comes from.
    pub follower: OpenId,
    /// The document, in clear; a long one is cut.
    pub document: String,
    /// In the order in which they began.
    pub deliveries: Vec<Delivery>,
    /// What the follower sees; nothing: it is not decided yet.
    pub shown: Option<Shown>,
}

/// One delivery of a push.
#[derive(Clone)]
pub struct Delivery {
    /// When it began, in milliseconds since the push did.
    pub began_ms: u64,
    /// How long it took; nothing: it is running.
    pub took_ms: Option<u64>,
    /// Head and body, as they were sent; what is long is cut.
    pub request: String,
    /// What came back; a long body is cut.
    pub answer: Option<Result<Answer, Transport>>,
    /// What the follower would see if this were the answer that counts.
    pub shown: Option<Shown>,
}

/// From the account's server to the platform.
#[derive(Clone)]
pub struct Called {
    /// What was called; nothing: nothing that the platform has.
    pub endpoint: Option<&'static Endpoint>,
    /// From where.
    pub peer: IpAddr,
    /// Head and body, as they came; what is long is cut.
    pub request: Vec<u8>,
    /// Head and body, as they went; a long body is cut. Empty: the connection was broken on purpose.
    pub response: Vec<u8>,
    /// The HTTP status of the answer; nothing: the connection was broken on purpose.
    pub status: Option<u16>,
    /// 0: it was done.
    pub errcode: i64,
    /// The id at the end of the `errmsg` of a call that was refused; empty when it was done.
    pub rid: String,
    /// What is worth knowing about it: fields that the platform does not know, what a fault did.
    pub notes: Vec<String>,
    /// How long it took.
    pub took_ms: u64,
}

// Both hold what whoever reads a log must not have: signatures that work again, and tokens.

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("began_ms", &self.began_ms)
            .field("took_ms", &self.took_ms)
            .field("request_bytes", &self.request.len())
            .field("answer", &self.answer)
            .field("shown", &self.shown)
            .finish()
    }
}

impl fmt::Debug for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Called")
            .field("endpoint", &self.endpoint.map(|endpoint| endpoint.name))
            .field("peer", &self.peer)
            .field("request_bytes", &self.request.len())
            .field("response_bytes", &self.response.len())
            .field("status", &self.status)
            .field("errcode", &self.errcode)
            .field("rid", &self.rid)
            .field("notes", &self.notes)
            .field("took_ms", &self.took_ms)
            .finish()
    }
}

/// A response, as far as it is kept.
pub(crate) fn kept_answer(answer: &Answer) -> Answer {
    let mut n_bytes = 0;
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        n_bytes += name.as_str().len() + value.len();
        if n_bytes <= MAX_KEPT_BYTES {
            headers.append(name.clone(), value.clone());
        }
    }
    Answer {
        status: answer.status,
        headers,
        body: answer.body[..answer.body.len().min(MAX_KEPT_BYTES)].to_vec(),
        is_cut: answer.is_cut,
    }
}

/// What a follower sees, as far as it is kept: an answer may have a mebibyte.
pub(crate) fn kept(mut shown: Shown) -> Shown {
    match &mut shown {
        Shown::Answer { reply, document } => {
            if document.len() > MAX_KEPT_BYTES {
                cut(document, MAX_KEPT_BYTES);
                for text in texts(&mut reply.reply) {
                    cut(text, MAX_KEPT_BYTES / 32);
                }
            }
        }
        Shown::Failure(Cause::WrongTo { found, .. } | Cause::WrongFrom { found, .. }) => {
            cut(found, MAX_KEPT_BYTES / 32);
        }
        Shown::Failure(_) | Shown::Nothing => {}
    }
    shown
}

/// The texts of a reply that nothing else bounds.
fn texts(reply: &mut Reply) -> Vec<&mut String> {
    match reply {
        Reply::News(articles) => {
            articles.truncate(echostr_protocol::MAX_ARTICLES);
            let texts = articles.iter_mut().flat_map(|article| {
                [
                    &mut article.title,
                    &mut article.description,
                    &mut article.pic_url,
                    &mut article.url,
                ]
            });
            texts.collect()
        }
        Reply::Video(video) => vec![&mut video.title, &mut video.description],
        Reply::Music(music) => vec![
            &mut music.title,
            &mut music.description,
            &mut music.music_url,
            &mut music.hq_music_url,
        ],
        _ => Vec::new(),
    }
}
