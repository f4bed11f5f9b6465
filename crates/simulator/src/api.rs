//! The platform's HTTP API: the table of `protocol::api` is the router, a chapter's file is what the platform does.
//!
//! What has no state is answered as the platform's documents show it.

mod notice;
mod page;
mod read;
mod receive;
mod refusal;
mod sample;
mod spoil;
mod words;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State as Extracted};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use echostr_protocol::api::{Auth, Endpoint, Request};
use echostr_protocol::{AppId, OpenId};
use serde::Serialize;
use serde_json::{Value, json};

pub(crate) use self::component_token::Components;
pub(crate) use self::custom_message::{Allowances, Trigger};
pub(crate) use self::kf_session::hand_over;
pub use self::qrcode::QrCode;
use self::read::Read;
use self::receive::{Received, endpoint, fields};
pub(crate) use self::refusal::Refusal;
use self::spoil::{between, late, told};
pub use self::subscribe_message::{Asked, Consent};
use crate::conversation::{Bubble, From};
use crate::exchange::{Called, Log, MAX_KEPT_BYTES, Record, What};
use crate::fault::Effect;
use crate::listen::Broken;
use crate::push::Push;
use crate::simulator::{Change, Simulator, millis};
use crate::world::{Account, World};

/// The chapters that have a state: each is a file with a `State`, which every account has, and `handlers`.
macro_rules! chapters {
    ($($chapter:ident)*) => {
        $(
            #[allow(
                clippy::needless_pass_by_value,
                clippy::unnecessary_wraps,
                reason = "all handlers have the same form"
            )]
            pub(crate) mod $chapter;
        )*

        /// What was changed by calls, chapter by chapter.
        #[derive(Debug, Default)]
        #[allow(dead_code, reason = "not every chapter keeps something")]
        pub(crate) struct State {
            $(pub(crate) $chapter: $chapter::State,)*
        }

        static HANDLERS: LazyLock<Handlers> = LazyLock::new(|| {
            let mut handlers = Handlers::default();
            $($chapter::handlers(&mut handlers);)*
            handlers
        });
    };
}

chapters! {
    token permission quota custom_message kf_account kf_session template_message subscribe_message mass_message
    oauth js_sdk component_token
    menu user tag blacklist media material draft publish comment qrcode base autoreply short_link
}

/// What is done when something is called, by the name of the endpoint.
#[derive(Default)]
pub(crate) struct Handlers(HashMap<&'static str, Box<dyn Handle>>);

/// Reads a request, which takes a while when there is a file in it, and gives what is done then.
trait Handle: Fn(Value) -> Result<Deed, Refusal> + Send + Sync {}
impl<F: Fn(Value) -> Result<Deed, Refusal> + Send + Sync> Handle for F {}

/// What is done with a call that was read.
type Deed = Box<dyn FnOnce(&mut Call<'_>) -> Result<Output, Refusal> + Send>;

/// What a call gives.
pub(crate) enum Output {
    /// JSON.
    Json(Value),
    /// A file.
    File {
        name: String,
        content_type: String,
        bytes: Vec<u8>,
    },
    /// A page for a browser.
    Page(String),
    /// Sends a browser elsewhere.
    Redirect(String),
    /// There is no such page or file: HTTP 404.
    Missing,
    /// What takes a while to find out; the world goes on meanwhile.
    Later(Pin<Box<dyn Future<Output = Output> + Send>>),
}

impl Handlers {
    /// What is done when this is called.
    pub(crate) fn on<R: Request>(
        &mut self,
        handler: fn(&mut Call<'_>, R) -> Result<R::Response, Refusal>,
    ) {
        self.on_raw::<R>(move |call, request| {
            let response =
                serde_json::to_value(handler(call, request)?).expect("answers are structs");
            let is_empty = response.as_object().is_some_and(serde_json::Map::is_empty);
            Ok(Output::Json(if is_empty { ok() } else { response }))
        });
    }

    /// The same for what does not answer as its type says: a file, a page.
    pub(crate) fn on_raw<R: Request>(
        &mut self,
        handler: impl Fn(&mut Call<'_>, R) -> Result<Output, Refusal> + Send + Sync + 'static,
    ) {
        let handler = Arc::new(handler);
        let read = move |request: Value| -> Result<Deed, Refusal> {
            let request =
                serde_json::from_value::<R>(request).map_err(|error| Refusal::format(&error))?;
            let handler = Arc::clone(&handler);
            Ok(Box::new(move |call| handler(call, request)))
        };
        let before = self.0.insert(R::ENDPOINT.name, Box::new(read));
        assert!(before.is_none(), "`{}` is handled twice", R::ENDPOINT.name);
    }
}

/// A call that is being answered: the account, and what else it touches.
pub(crate) struct Call<'a> {
    /// What was called.
    pub(crate) endpoint: &'static Endpoint,
    /// The account whose token it carries, or whose AppID stands in it.
    pub(crate) account: &'a mut Account,
    /// Unix milliseconds of the world's clock.
    pub(crate) now_ms: i64,
    /// Where the simulator is reached: `http://127.0.0.1:8090`.
    pub(crate) base: &'a str,
    /// The body as it came.
    pub(crate) body: &'a [u8],
    /// Who calls.
    pub(crate) peer: IpAddr,
    /// The access token that it carries; empty when it needs none.
    pub(crate) token: &'a str,
    /// The whole query, for what a page is told that no request of the table has.
    pub(crate) query: &'a BTreeMap<String, String>,
    /// What was called before.
    pub(crate) log: &'a Log,
    /// What happens in consequence.
    pub(crate) effects: &'a mut Vec<Consequence>,
    ids: &'a mut dyn FnMut() -> u64,
}

impl Call<'_> {
    /// A number that nothing else has.
    pub(crate) fn next_id(&mut self) -> u64 {
        (self.ids)()
    }

    /// Unix seconds of the world's clock.
    pub(crate) fn now(&self) -> i64 {
        self.now_ms / 1000
    }

    /// Tells the account's server, as soon as the call is answered.
    pub(crate) fn push(&mut self, push: Push) {
        self.effects.push(Consequence::Push(push, EVENT_AFTER));
    }

    /// Shows this to a follower.
    pub(crate) fn show(&mut self, open_id: &OpenId, bubble: Bubble) {
        self.effects
            .push(Consequence::Show(open_id.clone(), bubble));
    }
}

/// How long after a call the event about it is pushed.
const EVENT_AFTER: Duration = Duration::from_millis(100);

/// What a call has as a consequence, beside its answer.
pub(crate) enum Consequence {
    /// A push, after a while: `TEMPLATESENDJOBFINISH` and its like. The follower sees no answer to it.
    Push(Push, Duration),
    /// Something appears in a follower's conversation.
    Show(OpenId, Bubble),
    /// What stands above a follower's conversation has changed.
    Conversation(OpenId),
    /// The menu, the tags or the followers have changed.
    Account,
}

/// All addresses of the API.
pub(crate) fn router(simulator: Simulator) -> Router {
    Router::new().fallback(respond).with_state(simulator)
}

/// One call, from its bytes to those of its answer.
async fn respond(
    Extracted(simulator): Extracted<Simulator>,
    ConnectInfo(peer): ConnectInfo<std::net::SocketAddr>,
    request: axum::extract::Request,
) -> Response {
    let start = std::time::Instant::now();
    let received = match Received::read(request, peer.ip().to_canonical()).await {
        Ok(received) => received,
        Err(status) => return status.into_response(),
    };
    let at_ms = simulator.world().now_ms();
    let mut seen = Seen::default();
    let output = answered(&simulator, &received, &mut seen).await;
    let errcode = match &output {
        Ok(_) => 0,
        Err(refusal) => refusal.errcode,
    };
    let rid = refusal::rid(at_ms / 1000);
    let (response, bytes) = match seen.fault {
        Some(Effect::Reset | Effect::Lost) => {
            let mut response = Response::new(Body::empty());
            response.extensions_mut().insert(Broken);
            (response, Vec::new())
        }
        Some(Effect::Status(status)) => between(status),
        _ => rendered(output.unwrap_or_else(|refusal| Output::Json(refusal.json(&rid)))),
    };
    let status = match seen.fault {
        Some(Effect::Reset | Effect::Lost) => None,
        _ => Some(response.status().as_u16()),
    };
    let what = What::Call(Called {
        endpoint: seen.endpoint,
        peer: received.peer,
        request: received.raw(MAX_KEPT_BYTES),
        response: bytes,
        status,
        errcode,
        rid: if errcode == 0 { String::new() } else { rid },
        notes: seen.notes,
        took_ms: millis(start.elapsed() + late(seen.fault)),
    });
    let id = noted(&simulator, at_ms, seen.app_id.clone(), what);
    for consequence in seen.consequences {
        follow(&simulator, seen.app_id.as_ref(), id, consequence);
    }
    simulator.changed(Change::Record(id));
    // It is in the log already: it was done, only its answer is late.
    tokio::time::sleep(late(seen.fault)).await;
    response
}

/// Writes down a call. The number is taken when it is added, so that the log is in the order of its numbers.
fn noted(simulator: &Simulator, at_ms: i64, app_id: Option<AppId>, what: What) -> u64 {
    let mut world = simulator.world();
    let id = world.next_id();
    world.log.add(Record {
        id,
        at_ms,
        app_id,
        what,
    });
    id
}

/// What is found out about a call on its way.
#[derive(Default)]
struct Seen {
    endpoint: Option<&'static Endpoint>,
    app_id: Option<AppId>,
    fault: Option<Effect>,
    notes: Vec<String>,
    consequences: Vec<Consequence>,
}

/// What the platform says to a call: the steps in its order.
async fn answered(
    simulator: &Simulator,
    received: &Received,
    seen: &mut Seen,
) -> Result<Output, Refusal> {
    let endpoint = endpoint(received)?;
    seen.endpoint = Some(endpoint);
    // Whoever has no token is refused before anything large is taken apart.
    let is_admitted = endpoint.auth == Auth::None
        || token::whose(&simulator.world(), endpoint, received, &Value::Null).is_ok();
    let read = if is_admitted {
        Read::new(endpoint, fields(endpoint, received).await?)
    } else {
        Read::unread()
    };
    let output = decided(simulator, endpoint, read, received, seen)?;
    Ok(match output {
        Output::Later(later) => later.await,
        output => output,
    })
}

/// The same as far as it is known at once.
fn decided(
    simulator: &Simulator,
    endpoint: &'static Endpoint,
    read: Read,
    received: &Received,
    seen: &mut Seen,
) -> Result<Output, Refusal> {
    let request = &read.sent;
    let mut world = simulator.world();
    let whose = token::whose(&world, endpoint, received, request);
    seen.app_id = whose.as_ref().ok().cloned().flatten();
    seen.fault = world.faults.of(endpoint, seen.app_id.as_ref());
    seen.notes.extend(seen.fault.map(told));
    match seen.fault {
        Some(Effect::Errcode(40164)) => return Err(token::not_allowed(received.peer)),
        Some(Effect::Errcode(code)) => return Err(Refusal::code(code)),
        Some(Effect::Reset | Effect::Status(_)) => return Ok(Output::Json(Value::Null)),
        Some(Effect::Late(_) | Effect::Lost) | None => {}
    }
    let app_id = whose?;
    let checked = read.checked?;
    seen.notes
        .extend(receive::unknown_fields(request, &checked));
    if endpoint.name == "ShowQrCode" {
        return Ok(qrcode::show(&world, request));
    }
    let Some(app_id) = app_id else {
        return component_token::answer(&mut world, endpoint, request);
    };
    run(
        &mut world,
        endpoint,
        &app_id,
        (&checked, read.deed),
        received,
        &mut seen.consequences,
    )
}

/// What an account is answered.
fn run(
    world: &mut World,
    endpoint: &'static Endpoint,
    app_id: &AppId,
    (request, deed): (&Value, Option<Result<Deed, Refusal>>),
    received: &Received,
    effects: &mut Vec<Consequence>,
) -> Result<Output, Refusal> {
    let (base, now_ms) = (world.base.clone(), world.now_ms());
    let (account, log, mut ids) = world
        .account_and_ids(app_id.as_str())
        .ok_or_else(|| Refusal::code(40013))?;
    let mut call = Call {
        endpoint,
        account,
        now_ms,
        base: &base,
        body: &received.body,
        peer: received.peer,
        token: received.access_token(),
        query: &received.query,
        log,
        effects,
        ids: &mut ids,
    };
    if endpoint.auth == Auth::Account {
        permission::check(&call)?;
        quota::count(&mut call)?;
    }
    match deed {
        Some(deed) => deed?(&mut call),
        None => Ok(sample::answer(endpoint, request)),
    }
}

fn follow(simulator: &Simulator, app_id: Option<&AppId>, record: u64, consequence: Consequence) {
    let Some(app_id) = app_id.cloned() else {
        return;
    };
    match consequence {
        Consequence::Push(push, after) => {
            let simulator = simulator.clone();
            tokio::spawn(async move {
                tokio::time::sleep(after).await;
                simulator.push(&app_id, &push, false);
            });
        }
        Consequence::Show(open_id, bubble) => {
            simulator.show(&app_id, &open_id, From::Account, bubble, Some(record));
        }
        Consequence::Conversation(open_id) => {
            simulator.changed(Change::Conversation(app_id, open_id));
        }
        Consequence::Account => simulator.changed(Change::Account(app_id)),
    }
}

/// The answer and its bytes, as far as they are kept.
fn rendered(output: Output) -> (Response, Vec<u8>) {
    let (content_type, body, name) = match output {
        Output::Json(json) => (
            "application/json; encoding=utf-8".to_owned(),
            written(&json),
            None,
        ),
        Output::Page(html) => (
            "text/html; charset=utf-8".to_owned(),
            html.into_bytes(),
            None,
        ),
        Output::Redirect(to) => {
            let raw = format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\n\r\n");
            return (
                axum::response::Redirect::to(&to).into_response(),
                raw.into_bytes(),
            );
        }
        Output::Missing | Output::Later(_) => {
            let raw = b"HTTP/1.1 404 Not Found\r\n\r\n".to_vec();
            return (StatusCode::NOT_FOUND.into_response(), raw);
        }
        Output::File {
            name,
            content_type,
            bytes,
        } => (content_type, bytes, Some(name)),
    };
    let mut raw = format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n");
    let mut response = Response::builder().header(CONTENT_TYPE, &content_type);
    if let Some(name) = name {
        let disposition = format!(
            "attachment; filename=\"{}\"",
            name.replace(['"', '\r', '\n'], "_")
        );
        raw = raw + "content-disposition: " + &disposition + "\r\n";
        response = response.header(CONTENT_DISPOSITION, disposition);
    }
    let mut raw = (raw + "\r\n").into_bytes();
    raw.extend_from_slice(&body[..body.len().min(MAX_KEPT_BYTES)]);
    let response = response.body(Body::from(body));
    (
        response.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        raw,
    )
}

fn written(json: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(json).expect("it came from JSON")
}

/// `{"errcode":0,"errmsg":"ok"}`
pub(crate) fn ok() -> Value {
    json!({ "errcode": 0, "errmsg": "ok" })
}
