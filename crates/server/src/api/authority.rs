//! Who may ask for what: keys, scopes and rates. What a route asks for is what its description says.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::Method;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use echostr::Limits;
use echostr_store::{Actor, ApiKey};
use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use serde_json::Value;

use super::problem::{Code, Problem};
use crate::config::ApiSettings;
use crate::office::Office;

/// What a key may be good for.
pub const SCOPES: [&str; 18] = [
    "*",
    "accounts:read",
    "accounts:write",
    "answers:read",
    "answers:write",
    "audit:read",
    "followers:read",
    "followers:write",
    "health:read",
    "keys:write",
    "messages:read",
    "messages:write",
    "platform:call",
    "rules:read",
    "rules:write",
    "secrets:write",
    "tokens:read",
    "usage:read",
];

/// The name of the security scheme in the description.
pub(super) const SCHEME: &str = "key";

/// How many failures an address may have at once, and how many more each second. Nobody guesses 256 bits: this only keeps the
/// work small that a broken program makes.
const FAILURES: NonZeroU32 = NonZeroU32::new(300).expect("it is not 0");
const FAILURES_PER_SECOND: NonZeroU32 = NonZeroU32::new(5).expect("it is not 0");
/// How many addresses with failures are remembered.
const ADDRESSES: usize = 10_000;

/// Who asks on a way by which requests come.
#[derive(Debug, Clone)]
pub enum Authority {
    /// Whoever may open the socket in the data folder: may do everything.
    Operator,
    /// Anybody who shows a key.
    Keys {
        /// How often a key may ask.
        settings: ApiSettings,
        /// Says from which address a request comes.
        limits: Limits,
    },
}

/// Who asks, once that is known to be allowed.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// For the audit log.
    pub(super) actor: Actor,
    key: Option<ApiKey>,
}

impl Caller {
    /// Whether it is the command line on the server itself.
    pub(super) fn is_operator(&self) -> bool {
        self.key.is_none()
    }

    /// Whether it may ask for this.
    pub(super) fn may(&self, scope: &str) -> bool {
        let Some(key) = &self.key else {
            return true;
        };
        key.scopes.iter().any(|own| own == scope || own == "*")
    }

    /// Until when its key counts, Unix milliseconds; nothing: for ever.
    pub(super) fn expires_at_ms(&self) -> Option<i64> {
        self.key.as_ref()?.expires_at_ms
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // A route whose description asks for no key has no caller: it must not ask for one.
        let caller = parts.extensions.get().cloned();
        caller.ok_or_else(|| no_key("this address"))
    }
}

type Limiter<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock>;

/// Stands before every route.
pub(super) struct Guard {
    office: Office,
    /// By method and path: the scope that the description asks for.
    scopes: HashMap<(Method, String), String>,
    at: At,
}

/// Where it stands.
enum At {
    Socket,
    Network(Box<Network>),
}

/// What is counted of who asks through the network.
struct Network {
    limits: Limits,
    by_key: Limiter<String>,
    failures: Limiter<IpAddr>,
}

impl Guard {
    pub(super) fn new(office: Office, authority: Authority, document: &Value) -> Arc<Self> {
        let at = match authority {
            Authority::Operator => At::Socket,
            Authority::Keys { settings, limits } => At::Network(Box::new(Network {
                limits,
                by_key: RateLimiter::keyed(
                    Quota::per_second(settings.requests_per_second).allow_burst(settings.burst),
                ),
                failures: RateLimiter::keyed(
                    Quota::per_second(FAILURES_PER_SECOND).allow_burst(FAILURES),
                ),
            })),
        };
        Arc::new(Self {
            office,
            scopes: scopes(document),
            at,
        })
    }

    /// The caller, if the request may be made; nothing when the route is for everybody.
    fn check(&self, request: &Parts) -> Result<Option<Caller>, Problem> {
        let At::Network(network) = &self.at else {
            return Ok(Some(Caller {
                actor: Actor::command_line(),
                key: None,
            }));
        };
        let Some(scope) = self.scope(request) else {
            return Ok(None);
        };
        let key = match self.key(request, scope) {
            Ok(key) => key,
            Err(problem) => {
                fail(&network.failures, network.limits.peer_of(request))?;
                return Err(problem);
            }
        };
        let until = network.by_key.check_key(&key.id);
        until.map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            too_many("this key asks too often", wait.as_secs() + 1)
        })?;
        let caller = Caller {
            actor: Actor(format!("key {}", key.id)),
            key: Some(key),
        };
        if caller.may(scope) {
            return Ok(Some(caller));
        }
        Err(Problem::new(
            Code::MissingScope,
            format!(
                "this key does not have the scope `{scope}`; make one that has it with `echostr api-key create --scope {scope}`"
            ),
        ))
    }

    /// What the route asks for. A method that it does not know is none of our business.
    fn scope(&self, request: &Parts) -> Option<&str> {
        let path = request.extensions.get::<MatchedPath>()?.as_str();
        let method = match &request.method {
            &Method::HEAD => Method::GET,
            other => other.clone(),
        };
        let scope = self.scopes.get(&(method, path.to_owned()));
        scope.map(String::as_str)
    }

    fn key(&self, request: &Parts, scope: &str) -> Result<ApiKey, Problem> {
        let header = request.headers.get(AUTHORIZATION);
        let header = header.ok_or_else(|| no_key(&format!("`{scope}`")))?;
        let shown = header.to_str().ok().and_then(|text| {
            let (scheme, key) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
        });
        let shown = shown.ok_or_else(|| {
            let detail = "the header `Authorization` is not `Bearer` with a key after it";
            Problem::new(Code::WrongKey, detail)
        })?;
        self.office.key(shown).ok_or_else(|| {
            let detail = "this key is not known, was revoked or has expired; `echostr api-key list` prints those that there are";
            Problem::new(Code::WrongKey, detail)
        })
    }
}

/// Lets a request through to its route.
pub(super) async fn admit(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    match guard.check(&parts) {
        Ok(caller) => {
            if let Some(caller) = caller {
                parts.extensions.insert(caller);
            }
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    }
}

fn no_key(what: &str) -> Problem {
    Problem::new(
        Code::NoKey,
        format!(
            "{what} needs a key in the header `Authorization: Bearer echostr_…`; make one with `echostr api-key create`"
        ),
    )
}

fn too_many(what: &str, wait_secs: u64) -> Problem {
    Problem::new(
        Code::TooManyRequests,
        format!("{what}; try again in {wait_secs} s"),
    )
    .retry_after(wait_secs)
}

/// Counts a failure of this address.
fn fail(failures: &Limiter<IpAddr>, address: Option<IpAddr>) -> Result<(), Problem> {
    // Whoever has one IPv6 address has the 2^64 of its network.
    let address = match address {
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        Some(address) => address,
        None => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    if failures.len() >= ADDRESSES {
        failures.retain_recent();
        if failures.len() >= ADDRESSES {
            let what = "requests without a valid key come from too many addresses";
            return Err(too_many(what, 1));
        }
    }
    failures.check_key(&address).map_err(|until| {
        let wait = until.wait_time_from(DefaultClock::default().now());
        let what = "too many requests without a valid key came from this address";
        too_many(what, wait.as_secs() + 1)
    })
}

/// What each route asks for, as its description says.
fn scopes(document: &Value) -> HashMap<(Method, String), String> {
    let mut scopes = HashMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let scope = operation["security"][0][SCHEME][0].as_str();
            let method = method.to_ascii_uppercase().parse::<Method>().ok();
            if let (Some(scope), Some(method)) = (scope, method) {
                scopes.insert((method, path.clone()), scope.to_owned());
            }
        }
    }
    scopes
}
