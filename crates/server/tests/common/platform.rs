//! The platform's HTTP API as a script: it gives out tokens, takes only the one that counts, answers as it is told, and
//! remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Response, Uri};
use serde_json::{Value, json};

use super::PATIENCE;

pub(crate) const APP_ID: &str = "wx3aea277d7b497b65";
pub(crate) const APP_SECRET: &str = "5f1c3b0e9d7a48c2b6e4f80a1d23c795";

/// A running one; it ends with the process.
#[derive(Clone)]
pub(crate) struct Script {
    address: SocketAddr,
    told: Arc<(Mutex<Told>, Condvar)>,
}

#[derive(Default)]
struct Told {
    /// The number of the token that counts.
    token: u32,
    answers: BTreeMap<String, VecDeque<Reaction>>,
    asked: Vec<Asked>,
    is_held: bool,
}

/// What was asked: path, query without the token, body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: String,
}

/// What is answered once; without one, `{"errcode":0,"errmsg":"ok"}`.
#[derive(Debug, Clone)]
pub(crate) enum Reaction {
    Json(Value),
    File(&'static str, &'static [u8]),
    Status(u16),
    /// Not before [`Script::go_on`].
    Held,
}

impl Script {
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let told = Arc::<(Mutex<Told>, Condvar)>::default();
        told.0.lock().expect("nobody panics").token = 1;
        let script = Self { address, told };
        serve(
            listener,
            Router::new().fallback(answer).with_state(script.clone()),
        );
        script
    }

    /// The settings of an account that has its API there.
    pub(crate) fn account(&self, id: &str) -> String {
        format!(
            "[[account]]\nid = \"{id}\"\ntoken = \"Token{id}\"\napp_id = \"{APP_ID}\"\napp_secret = \"{APP_SECRET}\"\napi_base = \"{}\"\n",
            self.base()
        )
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next answers at this path.
    pub(crate) fn will_answer(&self, path: &str, reactions: impl IntoIterator<Item = Reaction>) {
        let mut told = self.told.0.lock().expect("nobody panics");
        let answers = told.answers.entry(path.to_owned()).or_default();
        answers.extend(reactions);
    }

    /// No token that was given out counts any more.
    pub(crate) fn expire(&self) {
        self.told.0.lock().expect("nobody panics").token += 1;
    }

    pub(crate) fn go_on(&self) {
        self.told.0.lock().expect("nobody panics").is_held = false;
        self.told.1.notify_all();
    }

    /// What was asked at this path up to now.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let told = self.told.0.lock().expect("nobody panics");
        let asked = told.asked.iter().filter(|asked| asked.path == path);
        asked.cloned().collect()
    }

    /// Waits until something was asked at this path.
    #[track_caller]
    pub(crate) fn wait_for(&self, path: &str) {
        let told = self.told.0.lock().expect("nobody panics");
        let is_missing = |told: &mut Told| told.asked.iter().all(|asked| asked.path != path);
        let waited = self.told.1.wait_timeout_while(told, PATIENCE, is_missing);
        let timed_out = waited.expect("nobody panics").1.timed_out();
        assert!(!timed_out, "nobody asks at {path}");
    }

    fn take(&self, uri: &Uri, body: &Bytes) -> Reaction {
        let mut token = None;
        let mut query = Vec::new();
        for pair in uri.query().unwrap_or_default().split('&') {
            match pair.strip_prefix("access_token=") {
                Some(own) => token = Some(own.to_owned()),
                None => query.push(pair),
            }
        }
        let path = uri.path().to_owned();
        let mut told = self.told.0.lock().expect("nobody panics");
        told.asked.push(Asked {
            path: path.clone(),
            query: query.join("&"),
            body: String::from_utf8_lossy(body).into_owned(),
        });
        self.told.1.notify_all();
        let right = format!("tok-{}", told.token);
        if path == "/cgi-bin/stable_token" && !told.answers.contains_key(&path) {
            return Reaction::Json(json!({ "access_token": right, "expires_in": 7200 }));
        }
        if path != "/cgi-bin/stable_token" && token != Some(right) {
            return Reaction::Json(
                json!({ "errcode": 40001, "errmsg": "invalid credential rid: 61725984-6126f6f9-040f19c4" }),
            );
        }
        let next = told.answers.get_mut(&path).and_then(VecDeque::pop_front);
        let reaction =
            next.unwrap_or_else(|| Reaction::Json(json!({ "errcode": 0, "errmsg": "ok" })));
        told.is_held |= matches!(reaction, Reaction::Held);
        reaction
    }

    fn hold(&self) {
        let told = self.told.0.lock().expect("nobody panics");
        let waited = self
            .told
            .1
            .wait_timeout_while(told, PATIENCE, |told| told.is_held);
        drop(waited);
    }
}

async fn answer(State(script): State<Script>, uri: Uri, body: Bytes) -> Response<Body> {
    let mut reaction = script.take(&uri, &body);
    if matches!(reaction, Reaction::Held) {
        let held = tokio::task::spawn_blocking(move || script.hold());
        held.await.expect("it only waits");
        reaction = Reaction::Json(json!({ "errcode": 0, "errmsg": "ok" }));
    }
    let response = Response::builder();
    let response = match reaction {
        Reaction::Json(json) => response
            .header("content-type", "application/json")
            .body(Body::from(json.to_string())),
        Reaction::File(kind, bytes) => response
            .header("content-type", kind)
            .header("content-disposition", "attachment; filename=\"fish.jpg\"")
            .body(Body::from(bytes)),
        Reaction::Status(status) => response.status(status).body(Body::empty()),
        Reaction::Held => unreachable!("it was held"),
    };
    response.expect("a response")
}

fn serve(listener: std::net::TcpListener, app: Router) {
    listener.set_nonblocking(true).expect("it is a socket");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
            axum::serve(listener, app).await.expect("it serves");
        });
    });
}

/// A program that takes whatever is sent to it.
pub(crate) fn listener(take: impl Fn(String) + Clone + Send + Sync + 'static) -> SocketAddr {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let app = Router::new().fallback(async move |body: String| take(body));
    serve(listener, app);
    address
}
