//! A right server on a real socket, and what broken ones are made of.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderName, HeaderValue, Method, Request, Response};
use axum::{Router, routing};
use echostr_protocol::{
    Document, EncodingAesKey, Message, Query, Reply, Token, encrypted_part, open, seal,
};
use echostr_simulator::{Clock, Mode, Platform, Sealing};

pub(crate) const TOKEN: &str = "S1qJ0JoQmYfy";
pub(crate) const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
pub(crate) const OTHER_KEY: &str = "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba";
pub(crate) const APP_ID: &str = "wx0123456789abcdef";

pub(crate) fn token() -> Token {
    TOKEN.parse().expect("a token")
}

pub(crate) fn sealing(key: &str, app_id: &str) -> Sealing {
    Sealing {
        key: key.parse::<EncodingAesKey>().expect("a key"),
        app_id: app_id.into(),
    }
}

pub(crate) fn safe() -> Mode {
    Mode::Safe(sealing(KEY, APP_ID))
}

pub(crate) fn compatible() -> Mode {
    Mode::Compatible(sealing(KEY, APP_ID))
}

/// The platform against the path `/wx` of this machine.
pub(crate) fn platform(address: SocketAddr, mode: Mode) -> Platform {
    Platform::new(&format!("http://{address}/wx"), token(), mode).expect("an address")
}

/// The same with a clock for servers that are too slow on purpose. A busy machine may be late by a second.
pub(crate) fn impatient(mut platform: Platform) -> Platform {
    platform.clock = Clock {
        deadline: Duration::from_secs(3),
        deliveries: 3,
    };
    platform
}

/// A request as a server gets it.
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) query: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn is_push(&self) -> bool {
        self.method == Method::POST
    }

    pub(crate) fn query(&self) -> Query<'_> {
        Query::parse(&self.query)
    }

    pub(crate) fn echostr(&self) -> String {
        self.query().echostr.unwrap_or_default().into_owned()
    }
}

/// A response, after some time.
#[derive(Clone)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) after: Duration,
}

impl Said {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self {
            status,
            headers,
            body: body.into(),
            after: Duration::ZERO,
        }
    }

    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, "text/plain", body)
    }

    pub(crate) fn page(status: u16, body: &str) -> Self {
        Self::new(
            status,
            "text/html",
            format!("<!DOCTYPE html><html><body>{body}</body></html>"),
        )
    }

    pub(crate) fn status(status: u16) -> Self {
        Self {
            headers: vec![],
            ..Self::new(status, "", "")
        }
    }

    pub(crate) fn redirect(status: u16, location: String) -> Self {
        Self {
            headers: vec![("location", location)],
            ..Self::status(status)
        }
    }

    pub(crate) fn late(self, after: Duration) -> Self {
        Self { after, ..self }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }
}

/// A server as it should be: it says `你说：` and what was said, `success` to what is no text.
pub(crate) struct Right {
    pub(crate) token: Token,
    pub(crate) mode: Mode,
}

impl Right {
    pub(crate) fn new(mode: Mode) -> Self {
        Self {
            token: token(),
            mode,
        }
    }

    pub(crate) fn answer(&self, asked: &Asked) -> Said {
        self.answer_with(asked, |message| match message {
            Message::Text(text) => {
                Reply::from(format!("你说：{}", text.content)).render(message, 1_761_069_226)
            }
            _ => None,
        })
    }

    /// What `reply` makes of the message, sealed as the mode wants it.
    pub(crate) fn answer_with(
        &self,
        asked: &Asked,
        reply: impl Fn(&Message) -> Option<String>,
    ) -> Said {
        let query = asked.query();
        if self.token.verify(&query).is_err() {
            return Said::status(404);
        }
        if !asked.is_push() {
            return Said::ok(asked.echostr());
        }
        let Some(document) = self.opened(asked) else {
            return Said::status(400);
        };
        match reply(&Message::parse(document)) {
            None => Said::ok("success"),
            Some(reply) => Said::new(200, "text/xml", self.sealed(&reply)),
        }
    }

    fn opened(&self, asked: &Asked) -> Option<Document> {
        let Some(Sealing { key, app_id }) = self.mode.sealing() else {
            return Document::parse(&asked.body).ok();
        };
        let encrypt = encrypted_part(&asked.body).ok()?;
        self.token.verify_msg(&asked.query(), &encrypt).ok()?;
        let (document, _) = open(&[key], &encrypt, app_id).ok()?;
        Document::from_text(document).ok()
    }

    pub(crate) fn sealed(&self, reply: &str) -> String {
        match self.mode.sealing() {
            None => reply.to_owned(),
            Some(Sealing { key, app_id }) => seal(
                key,
                &self.token,
                app_id,
                reply,
                *b"0123456789abcdef",
                1_761_069_226,
                "7",
            ),
        }
    }
}

/// Serves on a port of its own until the test ends.
pub(crate) async fn serve<F, Fut>(answer: F) -> SocketAddr
where
    F: Fn(Asked) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Said> + Send,
{
    let respond = move |request: Request<Body>| {
        let answer = answer.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
            let query = head.uri.query().unwrap_or_default().to_owned();
            let said = answer(Asked {
                method: head.method,
                query,
                body,
            })
            .await;
            tokio::time::sleep(said.after).await;
            let mut response = Response::new(Body::from(said.body));
            *response.status_mut() = said.status.try_into().expect("a status");
            for (name, value) in said.headers {
                let value = HeaderValue::from_str(&value).expect("a header's value");
                response
                    .headers_mut()
                    .insert(HeaderName::from_static(name), value);
            }
            response
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new().fallback(routing::any(respond));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A right server in this mode, with what it says put through `spoil`.
pub(crate) async fn broken(
    mode: Mode,
    spoil: impl Fn(&Right, &Asked) -> Said + Clone + Send + Sync + 'static,
) -> SocketAddr {
    serve(move |asked| {
        let said = spoil(&Right::new(mode.clone()), &asked);
        async move { said }
    })
    .await
}
