//! An account of the simulated platform, its access token, and the server that its pushes go to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use echostr_protocol::api::File;
use echostr_protocol::{AppId, Document, Message, OpenId, Reply};
use echostr_simulator::conversation::Bubble;
use echostr_simulator::world::{AccountSettings, ServerConfig, World};
use echostr_simulator::{Clock, Mode, Simulator};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::common::{Said, serve, token};

/// How long a push may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Desk {
    pub(crate) simulator: Simulator,
    pub(crate) app_id: AppId,
    pub(crate) base: String,
    token: String,
    client: reqwest::Client,
    pushes: mpsc::UnboundedReceiver<Vec<u8>>,
    /// What the server says to every push; nothing: `success`.
    reply: Arc<Mutex<Option<Reply>>>,
}

/// What was answered to a browser.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Desk {
    pub(crate) async fn open() -> Self {
        let settings = AccountSettings::new("雯子的店");
        let secret = settings.app_secret.expose().to_owned();
        Self::open_as(client(), settings.app_id.as_str(), &secret).await
    }

    /// An account with this AppID and AppSecret.
    pub(crate) async fn open_as(client: reqwest::Client, app_id: &str, secret: &str) -> Self {
        let (sender, pushes) = mpsc::unbounded_channel();
        let reply = Arc::new(Mutex::new(None::<Reply>));
        let said = reply.clone();
        let address = serve(move |asked| {
            let message = Document::parse(&asked.body).map(Message::parse);
            let reply = said.lock().expect("nobody panics").clone();
            let reply = reply
                .zip(message.ok())
                .and_then(|(reply, message)| reply.render(&message, 1_761_069_226));
            let _ = sender.send(asked.body);
            async { Said::ok(reply.unwrap_or_else(|| "success".into())) }
        })
        .await;
        let simulator = Simulator::start(Clock::default()).await.expect("a port");
        let settings = AccountSettings {
            server: Some(ServerConfig {
                url: format!("http://{address}/wx"),
                token: token(),
                mode: Mode::Plain,
            }),
            app_id: app_id.into(),
            app_secret: secret.into(),
            ..AccountSettings::new("雯子的店")
        };
        let app_id = simulator.add_account(settings).expect("an address");
        let mut desk = Self {
            base: simulator.base(),
            simulator,
            app_id: app_id.clone(),
            token: String::new(),
            client,
            pushes,
            reply,
        };
        desk.token = desk.fresh_token(secret).await;
        desk
    }

    /// The same with a new access token.
    pub(crate) async fn renewed(mut self) -> Self {
        let secret = {
            let world = self.world();
            let account = world.account(self.app_id.as_str()).expect("the account");
            account.settings.app_secret.expose().to_owned()
        };
        self.token = self.fresh_token(&secret).await;
        self
    }

    async fn fresh_token(&self, secret: &str) -> String {
        let query = format!(
            "grant_type=client_credential&appid={}&secret={secret}",
            self.app_id
        );
        let answer = self.get(&format!("/cgi-bin/token?{query}")).await;
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    fn url(&self, path: &str) -> String {
        let sign = if path.contains('?') { '&' } else { '?' };
        format!("{}{path}{sign}access_token={}", self.base, self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        read(self.client.get(self.url(path))).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.post_bytes(path, body.to_string()).await
    }

    pub(crate) async fn post_bytes(&self, path: &str, body: impl Into<reqwest::Body>) -> Value {
        read(self.client.post(self.url(path)).body(body)).await
    }

    /// A form with a file, and what stands beside it.
    pub(crate) async fn upload(
        &self,
        path: &str,
        name: &str,
        bytes: &[u8],
        fields: &[(&str, &str)],
    ) -> Value {
        self.upload_file(path, &File::named(name, bytes), fields)
            .await
    }

    async fn upload_file(&self, path: &str, file: &File, fields: &[(&str, &str)]) -> Value {
        let mut body = Vec::new();
        for (field, value) in fields {
            let part = format!(
                "--edge\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        }
        let head = "--edge\r\nContent-Disposition: form-data; name=\"media\"; filename=";
        let (name, content_type) = (&file.name, &file.content_type);
        body.extend_from_slice(
            format!("{head}\"{name}\"\r\nContent-Type: {content_type}\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(&file.bytes);
        body.extend_from_slice(b"\r\n--edge--\r\n");
        let request = self.client.post(self.url(path)).body(body);
        read(request.header("content-type", "multipart/form-data; boundary=edge")).await
    }

    /// The same with a content type of its own.
    pub(crate) async fn upload_as(
        &self,
        path: &str,
        name: &str,
        content_type: &str,
        bytes: &[u8],
    ) -> Value {
        self.upload_file(
            path,
            &File {
                name: name.into(),
                content_type: content_type.into(),
                bytes: bytes.into(),
            },
            &[],
        )
        .await
    }

    /// A permanent picture.
    pub(crate) async fn picture(&self) -> Value {
        let added = self
            .upload(
                "/cgi-bin/material/add_material?type=image",
                "fish.png",
                PNG,
                &[],
            )
            .await;
        added["media_id"].clone()
    }

    /// As a browser, or a downloading client, gets it: with an access token on the API, without one elsewhere.
    pub(crate) async fn fetch(&self, url: &str) -> Page {
        let url = match url.strip_prefix('/') {
            Some(_) => self.url(url),
            None => url.to_owned(),
        };
        page(self.client.get(url)).await
    }

    /// The same with a body.
    pub(crate) async fn send(&self, url: &str, content_type: &str, body: Vec<u8>) -> Page {
        page(
            self.client
                .post(url)
                .header("content-type", content_type)
                .body(body),
        )
        .await
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Somebody who follows the account.
    pub(crate) fn follower(&self, name: &str) -> OpenId {
        let open_id = self
            .simulator
            .add_follower(&self.app_id, name)
            .expect("the account");
        let mut world = self.simulator.world();
        let account = world
            .account_mut(self.app_id.as_str())
            .expect("the account");
        let follower = account
            .follower_mut(open_id.as_str())
            .expect("the follower");
        follower.subscribed_at = Some(1_763_600_000);
        open_id
    }

    /// What the account's server says from now on.
    pub(crate) fn replies(&self, reply: Reply) {
        *self.reply.lock().expect("nobody panics") = Some(reply);
    }

    /// What a follower sees, oldest first.
    pub(crate) fn seen(&self, open_id: &OpenId) -> Vec<Bubble> {
        let world = self.world();
        let account = world.account(self.app_id.as_str()).expect("the account");
        let follower = account.follower(open_id.as_str()).expect("the follower");
        let entries = follower.conversation.entries().iter();
        entries.map(|entry| entry.bubble.clone()).collect()
    }

    /// What comes next to the account's server.
    pub(crate) async fn pushed(&mut self) -> Message {
        let body = tokio::time::timeout(PATIENCE, self.pushes.recv()).await;
        let body = body.expect("a push in time").expect("the server runs");
        Message::parse(Document::parse(&body).expect("a document"))
    }

    pub(crate) fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.simulator.world()
    }

    /// A call that is done.
    #[track_caller]
    pub(crate) fn done(&self, path: &str, body: Value) -> impl Future<Output = ()> {
        let at = std::panic::Location::caller();
        let path = path.to_owned();
        async move {
            let answer = self.post(&path, body).await;
            assert_eq!(
                answer,
                json!({ "errcode": 0, "errmsg": "ok" }),
                "{path} at {at}"
            );
        }
    }

    /// A call that is refused with this code.
    #[track_caller]
    pub(crate) fn refused(
        &self,
        path: &str,
        body: Value,
        errcode: i64,
    ) -> impl Future<Output = ()> {
        let at = std::panic::Location::caller();
        let path = path.to_owned();
        async move {
            let answer = self.post(&path, body).await;
            assert_eq!(answer["errcode"], errcode, "{path} at {at}: {answer}");
        }
    }
}

async fn read(request: reqwest::RequestBuilder) -> Value {
    let response = request.send().await.expect("it answers");
    let bytes = response.bytes().await.expect("a body");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// The smallest of each kind that begins as it should.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1A\n";
pub(crate) const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0";
pub(crate) const MP3: &[u8] = b"ID3\x03\x00\x00\x00\x00\x00\x00";
pub(crate) const MP4: &[u8] = b"\x00\x00\x00\x18ftypmp42";

async fn page(request: reqwest::RequestBuilder) -> Page {
    let response = request.send().await.expect("it answers");
    let headers = response.headers().clone();
    let content_type = headers.get("content-type");
    let content_type = content_type.map(|value| value.to_str().expect("text").to_owned());
    Page {
        status: response.status().as_u16(),
        content_type: content_type.unwrap_or_default(),
        headers,
        body: response.bytes().await.expect("a body").to_vec(),
    }
}

pub(crate) fn client() -> reqwest::Client {
    // A second test of this process has done it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy();
    let client = client.redirect(reqwest::redirect::Policy::none());
    client.build().expect("it has what it needs")
}
