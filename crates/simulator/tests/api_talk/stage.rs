//! An account with a server that takes note of what is pushed, and calls with its token.

use std::time::Duration;

use echostr_protocol::{AppId, Document, OpenId};
use echostr_simulator::conversation::{Bubble, From};
use echostr_simulator::world::{Account, AccountSettings, Kind, ServerConfig};
use echostr_simulator::{Action, Clock, Mode, Simulator};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::common::{Right, Said, serve, token};

const DAY_MS: i64 = 24 * 3600 * 1000;

pub(crate) struct Stage {
    pub(crate) simulator: Simulator,
    pub(crate) app_id: AppId,
    pub(crate) base: String,
    pub(crate) token: String,
    pushed: UnboundedReceiver<Document>,
    http: reqwest::Client,
}

impl Stage {
    /// A verified service account, whose server answers `success`.
    pub(crate) async fn new() -> Self {
        Self::with(AccountSettings::new("雯子"), "success").await
    }

    pub(crate) async fn of_kind(kind: Kind) -> Self {
        let settings = AccountSettings {
            kind,
            ..AccountSettings::new("雯子")
        };
        Self::with(settings, "success").await
    }

    /// The same with these settings and a server that answers `reply`, in which `{from}` and `{to}` stand for those of the push.
    pub(crate) async fn with(settings: AccountSettings, reply: &'static str) -> Self {
        let (sender, pushed) = unbounded_channel();
        let address = serve(move |asked| {
            let document = Document::parse(&asked.body).expect("a document");
            let text = |name: &str| {
                let child = document.root().child(name);
                child
                    .map(|child| child.text().to_owned())
                    .unwrap_or_default()
            };
            let reply = reply
                .replace("{from}", &text("ToUserName"))
                .replace("{to}", &text("FromUserName"));
            assert!(Right::new(Mode::Plain).token.verify(&asked.query()).is_ok());
            // Nobody listens when the test has seen enough.
            let _ = sender.send(document);
            async move { Said::ok(reply) }
        })
        .await;
        let simulator = Simulator::start(Clock::default()).await.expect("a port");
        // Noon in Beijing, so that no day ends within a test.
        let past_noon_ms = (simulator.world().now_ms() - 4 * DAY_MS / 24).rem_euclid(DAY_MS);
        simulator.advance(Duration::from_millis(
            (DAY_MS - past_noon_ms).unsigned_abs(),
        ));
        let settings = AccountSettings {
            server: Some(ServerConfig {
                url: format!("http://{address}/wx"),
                token: token(),
                mode: Mode::Plain,
            }),
            ..settings
        };
        let app_id = simulator.add_account(settings).expect("an address");
        // Another test of this process may have done it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("it has what it needs");
        let mut stage = Self {
            base: simulator.base(),
            simulator,
            app_id,
            token: String::new(),
            pushed,
            http,
        };
        stage.renew_token().await;
        stage
    }

    pub(crate) fn secret(&self) -> String {
        let world = self.simulator.world();
        let account = world.account(self.app_id.as_str()).expect("the account");
        account.settings.app_secret.expose().to_owned()
    }

    /// A plain token, with which the calls from now on are made.
    pub(crate) async fn renew_token(&mut self) {
        let answer = self.plain_token().await;
        let token = answer["access_token"].as_str().unwrap_or_default();
        token.clone_into(&mut self.token);
    }

    pub(crate) async fn plain_token(&self) -> Value {
        let secret = self.secret();
        let app_id = &self.app_id;
        self.bare(&format!(
            "/cgi-bin/token?grant_type=client_credential&appid={app_id}&secret={secret}"
        ))
        .await
    }

    /// GET, without a token.
    pub(crate) async fn bare(&self, path: &str) -> Value {
        self.json(self.http.get(format!("{}{path}", self.base)))
            .await
    }

    /// POST, without a token.
    pub(crate) async fn bare_post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.base);
        self.json(self.http.post(url).body(body.to_string())).await
    }

    /// POST with the token.
    pub(crate) async fn call(&self, path: &str, body: Value) -> Value {
        let token = &self.token;
        self.bare_post(&format!("{path}?access_token={token}"), body)
            .await
    }

    /// GET with the token.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let joint = if path.contains('?') { '&' } else { '?' };
        self.bare(&format!("{path}{joint}access_token={}", self.token))
            .await
    }

    async fn json(&self, request: reqwest::RequestBuilder) -> Value {
        let answer = request.send().await.expect("it answers");
        serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON")
    }

    /// POST of a file, with the token.
    pub(crate) async fn upload(&self, path: &str, name: &str, bytes: &[u8]) -> Value {
        let joint = if path.contains('?') { '&' } else { '?' };
        let head = format!(
            "--x\r\nContent-Disposition: form-data; name=\"media\"; filename=\"{name}\"\r\n\r\n"
        );
        let body = [head.as_bytes(), bytes, b"\r\n--x--\r\n"].concat();
        let url = format!("{}{path}{joint}access_token={}", self.base, self.token);
        let form = self
            .http
            .post(url)
            .header("content-type", "multipart/form-data; boundary=x");
        self.json(form.body(body)).await
    }

    /// What comes of a call at HTTP: status and body, or nothing when the connection broke.
    pub(crate) async fn http(&self, path: &str, body: Value) -> Option<(u16, String)> {
        let url = format!("{}{path}?access_token={}", self.base, self.token);
        let answer = self
            .http
            .post(url)
            .body(body.to_string())
            .send()
            .await
            .ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// What a browser gets: the page, or where it is sent.
    pub(crate) async fn browse(&self, path: &str) -> Result<String, String> {
        let answer = self
            .http
            .get(format!("{}{path}", self.base))
            .send()
            .await
            .expect("it answers");
        if let Some(to) = answer.headers().get("location") {
            return Err(to.to_str().expect("text").to_owned());
        }
        Ok(answer.text().await.expect("a page"))
    }

    /// Somebody who follows.
    pub(crate) async fn follower(&mut self, name: &str) -> OpenId {
        let open_id = self.person(name);
        self.act(&open_id, Action::Follow).await;
        self.event("subscribe").await;
        open_id
    }

    /// Somebody who does not.
    pub(crate) fn person(&self, name: &str) -> OpenId {
        self.simulator
            .add_follower(&self.app_id, name)
            .expect("the account")
    }

    /// Does it, until its outcome is seen.
    pub(crate) async fn act(&self, open_id: &OpenId, action: Action) {
        let sent = self
            .simulator
            .act(&self.app_id, open_id, action)
            .expect("the follower");
        if let Some(sent) = sent {
            sent.shown.await.expect("it does not panic");
        }
    }

    pub(crate) async fn say(&self, open_id: &OpenId, text: &str) {
        self.act(open_id, Action::Say(text.into())).await;
    }

    /// Puts them on the blacklist.
    pub(crate) async fn block(&self, open_id: &OpenId) {
        let listed = json!({ "openid_list": [open_id] });
        done(
            &self
                .call("/cgi-bin/tags/members/batchblacklist", listed)
                .await,
        );
    }

    /// Changes the account at the platform itself.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Account)) {
        let mut world = self.simulator.world();
        change(
            world
                .account_mut(self.app_id.as_str())
                .expect("the account"),
        );
    }

    /// The next event of this name that is pushed.
    pub(crate) async fn event(&mut self, name: &str) -> Document {
        let next = async {
            loop {
                let document = self.pushed.recv().await.expect("the server runs");
                if at(&document, "Event") == name {
                    return document;
                }
            }
        };
        let within = tokio::time::timeout(Duration::from_secs(20), next).await;
        within.unwrap_or_else(|_| panic!("`{name}` is pushed"))
    }

    /// What was pushed so far and not looked at, by `Content` or `Event`.
    pub(crate) fn pushed(&mut self) -> Vec<String> {
        let mut pushed = Vec::new();
        while let Ok(document) = self.pushed.try_recv() {
            pushed.push(at(&document, "Content") + &at(&document, "Event"));
        }
        pushed
    }

    /// What the account has said to them.
    pub(crate) fn seen(&self, open_id: &OpenId) -> Vec<Bubble> {
        let world = self.simulator.world();
        let account = world.account(self.app_id.as_str()).expect("the account");
        let follower = account.follower(open_id.as_str()).expect("the follower");
        let entries = follower.conversation.entries().iter();
        let of_account = entries.filter(|entry| entry.from == From::Account);
        of_account.map(|entry| entry.bubble.clone()).collect()
    }

    pub(crate) async fn send_text(&self, to: &OpenId, content: &str) -> Value {
        let message = json!({ "touser": to, "msgtype": "text", "text": { "content": content } });
        self.call("/cgi-bin/message/custom/send", message).await
    }

    pub(crate) fn advance_secs(&self, secs: u64) {
        self.simulator.advance(Duration::from_secs(secs));
    }
}

/// The text at this path of a document.
pub(crate) fn at(document: &Document, path: &str) -> String {
    let element = document.root().at(path);
    element
        .map(|element| element.text().to_owned())
        .unwrap_or_default()
}

/// It was refused with this code, in these words.
#[track_caller]
pub(crate) fn refused(answer: &Value, errcode: i64, errmsg: &str) {
    assert_eq!(answer["errcode"], errcode, "{answer}");
    let said = answer["errmsg"].as_str().unwrap_or_default();
    assert!(said.starts_with(&format!("{errmsg} rid: ")), "{said}");
}

/// It was done, and there is nothing more to say.
#[track_caller]
pub(crate) fn done(answer: &Value) {
    assert_eq!(*answer, json!({ "errcode": 0, "errmsg": "ok" }));
}
