//! A server with rules, and what it answers.

use std::cell::Cell;
use std::sync::Arc;

use serde_json::Value;

use super::command::check;
use super::{Folder, Request, Response, Server, TOKEN, run, signed, text_push};

/// Room for as many requests as a test wants.
const ROOM: &str = "[api]\nrequests_per_second = 1000\nburst = 1000\n";

/// A server whose account `shop` is kept in its store.
pub(crate) struct Shop {
    pub(crate) server: Server,
    authorization: String,
    msg_id: Cell<u64>,
}

/// What the API answered.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) response: Response,
}

impl Shop {
    pub(crate) fn open() -> Self {
        let shop = Self::empty();
        let token = shop.server.folder().write("token.txt", TOKEN);
        let token = token.display().to_string();
        shop.command(&["account", "add", "shop", "--token-file", &token]);
        shop
    }

    /// Without the account.
    pub(crate) fn empty() -> Self {
        let server = Server::start_in(&Arc::new(Folder::new()), ROOM);
        let key = key(&server, "*");
        Self {
            server,
            authorization: format!("Bearer {key}"),
            msg_id: Cell::new(1),
        }
    }

    /// What a command prints that goes well.
    #[track_caller]
    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        check(self.server.folder(), arguments, 0, &[]).out
    }

    #[track_caller]
    pub(crate) fn call(&self, method: &str, target: &str, body: &Value) -> Said {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.send(method, target, "application/json", &body)
    }

    #[track_caller]
    pub(crate) fn send(&self, method: &str, target: &str, kind: &str, body: &str) -> Said {
        send_as(
            &self.server,
            &self.authorization,
            method,
            target,
            kind,
            body,
        )
    }

    /// A text of a follower, and the text of the reply; empty without one.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> String {
        self.push(&text_push(text, self.next_id()))
    }

    /// Something that happened, and the text of the reply.
    #[track_caller]
    pub(crate) fn event(&self, name: &str, key: &str) -> String {
        let at = 1_761_069_225 + self.next_id();
        self.push(&format!(
            "<xml><ToUserName>gh_e8df390a377e</ToUserName><FromUserName>osZFAyPrKrJBb2E3</FromUserName>\
             <CreateTime>{at}</CreateTime><MsgType>event</MsgType><Event>{name}</Event><EventKey>{key}</EventKey></xml>"
        ))
    }

    fn next_id(&self) -> u64 {
        self.msg_id.set(self.msg_id.get() + 1);
        self.msg_id.get()
    }

    #[track_caller]
    fn push(&self, push: &str) -> String {
        let target = signed("/mp/shop", TOKEN, "");
        let answer = self.server.send(&Request::post(&target, push.as_bytes()));
        assert_eq!(answer.status, 200, "{answer:?}");
        let Ok(document) = roxmltree::Document::parse(answer.text()) else {
            return String::new();
        };
        let mut all = document.descendants();
        let content = all.find(|node| node.has_tag_name("Content"));
        let text = content.and_then(|node| node.text());
        text.unwrap_or("(no text)").to_owned()
    }
}

/// A key that is good for this.
pub(crate) fn key(server: &Server, scope: &str) -> String {
    let made = run(server.folder(), &["api-key", "create", "--scope", scope]);
    let key = String::from_utf8(made.stdout).expect("UTF-8");
    key.trim().to_owned()
}

/// What somebody else gets.
#[track_caller]
pub(crate) fn send_as(
    server: &Server,
    authorization: &str,
    method: &str,
    target: &str,
    kind: &str,
    body: &str,
) -> Said {
    let target = format!("/api/v1{target}");
    let mut headers = vec![("Authorization", authorization)];
    if !body.is_empty() {
        headers.push(("Content-Type", kind));
    }
    let response = server.send(&Request {
        method,
        target: &target,
        headers,
        body: body.as_bytes(),
    });
    Said {
        status: response.status,
        body: serde_json::from_slice(&response.body).unwrap_or_default(),
        response,
    }
}
