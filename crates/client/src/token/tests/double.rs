//! A double of the platform: it issues tokens, ends them, and says so when it is asked for one without need.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use echostr_protocol::api::Secret;
use futures_util::future::BoxFuture;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use reqwest::{Request, Response};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::{Asking, Kept, Leased, MemoryTokens, TokenStore};
use crate::platform::Transport;

/// So long before it expires, the platform has the next token.
const AGING: Duration = Duration::from_mins(5);
/// So far apart it allows `force_refresh`.
const FORCED_EVERY: Duration = Duration::from_secs(30);

/// The platform.
pub(super) struct Double {
    world: Mutex<World>,
}

/// How it behaves.
#[derive(Debug, Clone)]
pub(super) struct Manners {
    /// How long its tokens live.
    pub(super) lifetime: Duration,
    /// Each way takes up to so many milliseconds.
    pub(super) max_latency_ms: u64,
    /// Of a hundred times that it is asked for a token, it is busy so often.
    pub(super) busy_percent: u32,
    /// `stable_token` answers with what is invalid, until it is forced.
    pub(super) insists: bool,
    /// It gives a new `authorizer_refresh_token` with each token.
    pub(super) gives_refresh_tokens: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_hours(2),
            max_latency_ms: 0,
            busy_percent: 0,
            insists: false,
            gives_refresh_tokens: true,
        }
    }
}

/// What was asked, and what was wrong with it.
pub(super) struct World {
    pub(super) manners: Manners,
    random: StdRng,
    tokens: Vec<Issued>,
    /// Whether the newest token was ended: then the next one is due.
    is_ended: bool,
    asking: u32,
    forced_at: Option<Instant>,
    /// When the owner's other programs, or the platform itself, ended a token.
    pub(super) ended_at: Vec<Instant>,
    /// How often a token was given out, forced ones among them.
    pub(super) n_given: usize,
    pub(super) n_forced: usize,
    pub(super) n_busy: usize,
    /// Everything that asked for a token, as it came.
    pub(super) asked: Vec<Value>,
    /// The tokens that a store has kept.
    pub(super) known: Vec<String>,
    /// What must not be.
    pub(super) faults: Vec<String>,
    /// Whether it may be asked for a token that is good and known: the store fails.
    pub(super) may_ask_twice: bool,
}

struct Issued {
    value: String,
    expires_at: Instant,
    good_until: Instant,
}

impl Double {
    pub(super) fn new(seed: u64, manners: Manners) -> Arc<Self> {
        Arc::new(Self {
            world: Mutex::new(World {
                manners,
                random: StdRng::seed_from_u64(seed),
                tokens: Vec::new(),
                is_ended: false,
                asking: 0,
                forced_at: None,
                ended_at: Vec::new(),
                n_given: 0,
                n_forced: 0,
                n_busy: 0,
                asked: Vec::new(),
                known: Vec::new(),
                faults: Vec::new(),
                may_ask_twice: false,
            }),
        })
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("nobody panics while holding it")
    }

    /// Ends the token that counts.
    pub(super) fn end(&self) {
        self.world().end();
    }

    /// Another program forces the next one.
    pub(super) fn end_and_issue(&self) {
        let mut world = self.world();
        world.end();
        world.issue();
    }

    async fn latency(&self) {
        let latency_ms = {
            let mut world = self.world();
            let max_ms = world.manners.max_latency_ms;
            world.random.random_range(0..=max_ms)
        };
        if latency_ms > 0 {
            sleep(Duration::from_millis(latency_ms)).await;
        }
    }

    async fn answer(&self, request: &Request) -> Value {
        let asks = request.url().path() != "/cgi-bin/tags/get";
        let _asking = asks.then(|| Asks::of(self));
        self.latency().await;
        let answer = if asks {
            let body = request.body().and_then(|body| body.as_bytes());
            let body = body.and_then(|body| serde_json::from_slice(body).ok());
            self.world()
                .give(request.url().path(), &body.unwrap_or_default())
        } else {
            let token = request.url().query_pairs().next();
            let token = token.map(|(_, token)| token.into_owned());
            self.world().call(&token.unwrap_or_default())
        };
        self.latency().await;
        answer
    }
}

impl Transport for Double {
    fn send(&self, request: Request) -> BoxFuture<'_, reqwest::Result<Response>> {
        Box::pin(async move {
            let answer = self.answer(&request).await;
            Ok(http::Response::new(answer.to_string()).into())
        })
    }
}

/// A request for a token on its way.
struct Asks<'a>(&'a Double);

impl<'a> Asks<'a> {
    fn of(double: &'a Double) -> Self {
        let mut world = double.world();
        world.asking += 1;
        if world.asking > 1 && !world.may_ask_twice {
            world.faults.push("two asked at once".into());
        }
        Self(double)
    }
}

impl Drop for Asks<'_> {
    fn drop(&mut self) {
        self.0.world().asking -= 1;
    }
}

impl World {
    fn end(&mut self) {
        let now = Instant::now();
        self.ended_at.push(now);
        self.is_ended = true;
        for token in &mut self.tokens {
            token.good_until = token.good_until.min(now);
        }
    }

    fn issue(&mut self) {
        let expires_at = Instant::now() + self.manners.lifetime;
        self.is_ended = false;
        self.tokens.push(Issued {
            value: format!("token-{}", self.tokens.len()),
            expires_at,
            good_until: expires_at,
        });
    }

    /// How often a token has come to the time at which the next one is due, or past it.
    pub(super) fn n_aged(&self) -> usize {
        let now = Instant::now();
        let aged = self
            .tokens
            .iter()
            .filter(|token| token.expires_at <= now + AGING + Duration::from_secs(1));
        aged.count()
    }

    /// Whether the platform takes this token.
    pub(super) fn is_good(&self, token: &str) -> bool {
        let now = Instant::now();
        let mut tokens = self.tokens.iter();
        tokens.any(|issued| issued.value == token && issued.good_until > now)
    }

    fn call(&self, token: &str) -> Value {
        let now = Instant::now();
        match self.tokens.iter().find(|issued| issued.value == token) {
            Some(issued) if issued.good_until > now => json!({"tags": []}),
            Some(issued) if issued.expires_at <= now => {
                json!({"errcode": 42001, "errmsg": "access_token expired"})
            }
            _ => {
                json!({"errcode": 40001, "errmsg": "invalid credential, access_token is invalid or not latest"})
            }
        }
    }

    fn give(&mut self, path: &str, body: &Value) -> Value {
        let now = Instant::now();
        self.asked.push(body.clone());
        if self.random.random_range(0..100) < self.manners.busy_percent {
            self.n_busy += 1;
            return json!({"errcode": -1, "errmsg": "system error"});
        }
        let fresh = self
            .tokens
            .last()
            .filter(|last| !self.is_ended && last.expires_at > now + AGING);
        let is_fresh = fresh.is_some();
        let is_forced = body["force_refresh"] == true;
        // What is left to a token was told in whole seconds.
        let due_at = now + AGING + Duration::from_secs(1);
        if let Some(last) = self.tokens.last()
            && is_fresh
            && last.expires_at > due_at
            && !self.may_ask_twice
            && !is_forced
            && self.known.contains(&last.value)
        {
            let fault = format!("{} was good when another was asked for", last.value);
            self.faults.push(fault);
        }
        self.n_given += 1;
        match path {
            "/cgi-bin/stable_token" if is_forced => {
                self.n_forced += 1;
                if self.forced_at.is_some_and(|at| now < at + FORCED_EVERY) {
                    self.faults.push("one was forced too soon".into());
                }
                self.forced_at = Some(now);
                for token in &mut self.tokens {
                    token.good_until = token.good_until.min(now);
                }
                self.issue();
            }
            "/cgi-bin/stable_token" => {
                let insists = self.manners.insists && !self.tokens.is_empty();
                if !is_fresh && !insists {
                    self.issue();
                }
            }
            // The token before it goes on for five minutes.
            "/cgi-bin/token" => {
                for token in &mut self.tokens {
                    token.good_until = token.good_until.min(now + AGING);
                }
                self.issue();
            }
            "/cgi-bin/component/api_component_token" => {
                return json!({"component_access_token": "component-token", "expires_in": 7200});
            }
            "/cgi-bin/component/api_authorizer_token" => {
                self.issue();
                let n = self.tokens.len();
                let gives = self.manners.gives_refresh_tokens;
                return json!({
                    "authorizer_access_token": format!("token-{}", n - 1),
                    "expires_in": 7200,
                    "authorizer_refresh_token": if gives { format!("refresh-{n}") } else { String::new() },
                });
            }
            other => panic!("nobody asks for a token at {other}"),
        }
        let last = self
            .tokens
            .last()
            .expect("one was issued at the latest now");
        let left = last.expires_at.saturating_duration_since(now);
        json!({"access_token": last.value, "expires_in": left.as_secs()})
    }
}

/// A store that says what it has kept, and may fail, or die with its process.
pub(super) struct Watched {
    pub(super) store: Arc<MemoryTokens>,
    pub(super) double: Arc<Double>,
    /// Of a hundred times, it fails so often.
    pub(super) fails_percent: u32,
}

impl Watched {
    fn failed(&self) -> Result<(), crate::BoxError> {
        let percent = self.fails_percent;
        if percent > 0 && self.double.world().random.random_range(0..100) < percent {
            return Err("the database cannot be reached".into());
        }
        Ok(())
    }
}

impl TokenStore for Watched {
    fn lease<'a>(
        &'a self,
        name: &'a str,
        seen: Option<&'a Secret>,
        holder: u128,
        now_ms: i64,
    ) -> Asking<'a, Leased> {
        Box::pin(async move {
            self.double.latency().await;
            self.failed()?;
            self.store.lease(name, seen, holder, now_ms).await
        })
    }

    fn keep<'a>(&'a self, name: &'a str, holder: u128, kept: &'a Kept) -> Asking<'a, bool> {
        Box::pin(async move {
            self.double.latency().await;
            self.failed()?;
            let is_kept = self.store.keep(name, holder, kept).await?;
            if is_kept {
                let value = kept.value.expose().to_owned();
                self.double.world().known.push(value);
            }
            Ok(is_kept)
        })
    }

    fn release<'a>(&'a self, name: &'a str, holder: u128) -> Asking<'a, ()> {
        Box::pin(async move {
            self.double.latency().await;
            self.failed()?;
            self.store.release(name, holder).await
        })
    }
}

/// A process that may die: from then on nothing that it has begun goes on.
#[derive(Default)]
pub(super) struct Life {
    is_over: AtomicBool,
    end: Notify,
}

impl Life {
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.end.notify_waiters();
    }

    pub(super) async fn or_never<T>(&self, work: impl Future<Output = T>) -> T {
        let work = async {
            let end = self.end.notified();
            tokio::select! {
                biased;
                () = end => None,
                done = work, if !self.is_over.load(Ordering::Relaxed) => Some(done),
                else => None,
            }
        };
        match work.await {
            Some(done) if !self.is_over.load(Ordering::Relaxed) => done,
            _ => std::future::pending().await,
        }
    }
}

/// What a mortal process reaches.
pub(super) struct Mortal<T> {
    pub(super) life: Arc<Life>,
    pub(super) reaches: T,
}

impl Transport for Mortal<Arc<Double>> {
    fn send(&self, request: Request) -> BoxFuture<'_, reqwest::Result<Response>> {
        Box::pin(self.life.or_never(self.reaches.send(request)))
    }
}

impl TokenStore for Mortal<Watched> {
    fn lease<'a>(
        &'a self,
        name: &'a str,
        seen: Option<&'a Secret>,
        holder: u128,
        now_ms: i64,
    ) -> Asking<'a, Leased> {
        Box::pin(
            self.life
                .or_never(self.reaches.lease(name, seen, holder, now_ms)),
        )
    }

    fn keep<'a>(&'a self, name: &'a str, holder: u128, kept: &'a Kept) -> Asking<'a, bool> {
        Box::pin(self.life.or_never(self.reaches.keep(name, holder, kept)))
    }

    fn release<'a>(&'a self, name: &'a str, holder: u128) -> Asking<'a, ()> {
        Box::pin(self.life.or_never(self.reaches.release(name, holder)))
    }
}
