//! One HTTP exchange as the platform makes it: no redirects, no proxy, a connection of its own, and everything recorded.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::body::{Bytes, Frame, SizeHint};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, USER_AGENT};
use reqwest::{Body, Client, Method, Url, redirect};
use rustls::CertificateError;
use rustls_platform_verifier::Verifier;

/// How much of a response is read, in bytes; a reply has a few thousand.
pub const MAX_ANSWER_BYTES: usize = 1 << 20;

/// A request, as it was sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET` for the handshake, `POST` for pushes.
    pub method: Method,
    /// With its query: whoever has it can send it again, so it belongs into no log.
    pub url: Url,
    /// What was set; `Host` and `Content-Length` are added on the way.
    pub headers: HeaderMap,
    /// Empty for the handshake.
    pub body: String,
}

impl Request {
    pub(crate) fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: user_agent(),
            body: String::new(),
        }
    }

    pub(crate) fn post(url: Url, body: String) -> Self {
        let mut headers = user_agent();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
        Self {
            method: Method::POST,
            url,
            headers,
            body,
        }
    }
}

impl Request {
    /// Head and body, as they are sent.
    pub fn raw(&self) -> String {
        let query = self
            .url
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let mut raw = format!("{} {}{query} HTTP/1.1\r\n", self.method, self.url.path());
        let port = self
            .url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let host = self.url.host_str().unwrap_or_default();
        let _ = write!(raw, "host: {host}{port}\r\n");
        for (name, value) in &self.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            let _ = write!(raw, "{name}: {value}\r\n");
        }
        if self.method == Method::POST {
            let _ = write!(raw, "content-length: {}\r\n", self.body.len());
        }
        raw + "\r\n" + &self.body
    }
}

fn user_agent() -> HeaderMap {
    HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static("Mozilla/4.0"))])
}

/// A request and what came of it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// What was sent.
    pub request: Request,
    /// When it began, connecting included.
    pub start: Instant,
    /// How long it took until the response was complete, the connection failed, or it was given up.
    pub took: Duration,
    /// What came back.
    pub answer: Result<Answer, Transport>,
}

/// A complete response.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The response's headers.
    pub headers: HeaderMap,
    /// The response's body, at most [`MAX_ANSWER_BYTES`] of it.
    pub body: Vec<u8>,
    /// Whether there was more.
    pub is_cut: bool,
}

impl Answer {
    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The type without parameters, empty when the response names none.
    pub fn content_type(&self) -> &str {
        let value = self
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim()
    }

    /// Where a redirect leads, as it stands in the response.
    pub fn location(&self) -> Option<&str> {
        self.headers.get(LOCATION)?.to_str().ok()
    }
}

/// Why there is no complete response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Transport {
    /// The platform closed the connection itself.
    #[error("no complete response in time")]
    TimedOut,
    /// DNS does not know the name.
    #[error("the name `{0}` could not be resolved")]
    NotResolved(String),
    /// Nothing listens there.
    #[error("the connection was refused")]
    Refused,
    /// The connection broke before the response was complete.
    #[error("the connection was closed before the response was complete")]
    Closed,
    /// No encrypted connection came about; the text says what was wrong with it.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The other side's certificate may be good: this machine cannot tell.
    #[error("this machine has no root certificates to check the server's certificate with")]
    NoRoots,
    /// What came back is not HTTP.
    #[error("the response is not HTTP")]
    NotHttp,
    /// Anything else, in the operating system's words.
    #[error("the address could not be reached: {0}")]
    Unreachable(String),
}

/// What was given is no address that the platform could call. No path is repeated: it may hold a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAddress {
    /// It begins with the host.
    #[error(
        "地址前面请写上 `https://`，例如 `https://{host}/…` · \
         write `https://` in front of the address, such as `https://{host}/…`"
    )]
    NoScheme {
        /// What stands where the scheme should.
        host: String,
    },
    /// It begins with neither `http://` nor `https://`.
    #[error(
        "地址要以 `https://` 或 `http://` 开头，不能是 `{0}://` · \
         the address has to begin with `https://` or `http://`, not with `{0}://`"
    )]
    OtherScheme(String),
    /// It is no URL; why.
    #[error("地址不是有效的网址（{0}） · the address is not a valid URL ({0})")]
    NotAUrl(String),
}

/// Reads an address as it would be pasted into the platform's page.
pub(crate) fn address(text: &str) -> Result<Url, NotAnAddress> {
    let text = text.trim();
    let is_scheme = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric());
    match text.split_once("://") {
        Some((scheme, _)) if ["http", "https"].contains(&&*scheme.to_ascii_lowercase()) => {
            Url::parse(text).map_err(|error| NotAnAddress::NotAUrl(error.to_string()))
        }
        Some((scheme, _)) if is_scheme(scheme) => Err(NotAnAddress::OtherScheme(scheme.into())),
        _ => Err(NotAnAddress::NoScheme {
            host: text
                .split(['/', '?', '#'])
                .next()
                .unwrap_or_default()
                .into(),
        }),
    }
}

/// What the platform calls servers with.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    has_roots: bool,
}

impl Http {
    /// The TLS provider is passed explicitly, so nobody has to install one. A machine without root certificates can still
    /// call `http://`, and learns whether `https://` gets as far as the certificate.
    pub(crate) fn new(url: &Url) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Some(Arc::clone(&provider))
            .filter(|_| url.scheme() == "https")
            .and_then(|provider| Verifier::new(provider).ok());
        let has_roots = verifier.is_some();
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks TLS 1.2 and 1.3");
        let mut tls = match verifier {
            Some(verifier) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier)),
            None => builder.with_root_certificates(rustls::RootCertStore::empty()),
        }
        .with_no_client_auth();
        tls.alpn_protocols = vec!["http/1.1".into()];
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(Resolver))
            .build()
            .expect("what could fail is given: TLS, proxies and the resolver");
        Self { client, has_roots }
    }
}

/// Sends the request and waits for the complete response at most `deadline`; then, and when the future is dropped, the
/// connection is closed.
pub(crate) async fn exchange(http: &Http, request: Request, deadline: Duration) -> Exchange {
    slow(http, request, deadline, Duration::ZERO).await
}

/// The same over a slow network: the body comes in pieces over this time, and the answer arrives so much later.
pub(crate) async fn slow(
    http: &Http,
    request: Request,
    deadline: Duration,
    by: Duration,
) -> Exchange {
    let start = Instant::now();
    let answered = async {
        let answer = answer(&http.client, &request, by).await;
        tokio::time::sleep(by).await;
        answer
    };
    let answer = match tokio::time::timeout(deadline, answered).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(classify(&error, &request.url, http.has_roots)),
        Err(_) => Err(Transport::TimedOut),
    };
    Exchange {
        request,
        start,
        took: start.elapsed(),
        answer,
    }
}

/// A body whose bytes come one piece after another.
struct Trickle {
    pieces: VecDeque<Bytes>,
    n_bytes: u64,
    pause: Duration,
    sleep: Pin<Box<tokio::time::Sleep>>,
}

impl Trickle {
    /// In how many pieces a body comes.
    const PIECES: usize = 10;

    fn new(body: &str, over: Duration) -> Self {
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let length = bytes.len().div_ceil(Self::PIECES).max(1);
        let pause = over / u32::try_from(Self::PIECES).expect("ten");
        Self {
            n_bytes: bytes.len() as u64,
            pieces: bytes.chunks(length).map(Bytes::copy_from_slice).collect(),
            pause,
            sleep: Box::pin(tokio::time::sleep(pause)),
        }
    }
}

impl hyper::body::Body for Trickle {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.pieces.is_empty() {
            return Poll::Ready(None);
        }
        ready!(self.sleep.as_mut().poll(context));
        let next = tokio::time::Instant::now() + self.pause;
        self.sleep.as_mut().reset(next);
        let piece = self.pieces.pop_front();
        Poll::Ready(piece.map(|piece| {
            self.n_bytes -= piece.len() as u64;
            Ok(Frame::data(piece))
        }))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.n_bytes)
    }
}

async fn answer(
    client: &Client,
    request: &Request,
    slower_by: Duration,
) -> Result<Answer, reqwest::Error> {
    let mut builder = client
        .request(request.method.clone(), request.url.clone())
        .headers(request.headers.clone());
    if request.method == Method::POST {
        builder = if slower_by.is_zero() {
            builder.body(request.body.clone())
        } else {
            builder.body(Body::wrap(Trickle::new(&request.body, slower_by)))
        };
    }
    let mut response = builder.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = Vec::new();
    let mut is_cut = false;
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER_BYTES {
            body.truncate(MAX_ANSWER_BYTES);
            is_cut = true;
            break;
        }
    }
    Ok(Answer {
        status,
        headers,
        body,
        is_cut,
    })
}

/// Finds the reason in the chain of causes.
fn classify(error: &reqwest::Error, url: &Url, has_roots: bool) -> Transport {
    let mut found = None;
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(NotResolved(name)) = cause.downcast_ref() {
            return Transport::NotResolved(name.clone());
        }
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return match tls {
                rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)
                    if !has_roots =>
                {
                    Transport::NoRoots
                }
                tls => Transport::Tls(tls.to_string()),
            };
        }
        let io = cause.downcast_ref::<io::Error>();
        found = found.or_else(|| match (io, cause.downcast_ref()) {
            (Some(io), _) => of_io(io),
            (_, Some(hyper)) => of_hyper(hyper),
            _ => None,
        });
        // The source of an I/O error is the source of what it wraps, so what it wraps is asked for.
        let wrapped = io
            .and_then(io::Error::get_ref)
            .map(|wrapped| wrapped as &(dyn StdError + 'static));
        next = wrapped.or_else(|| cause.source());
    }
    match found {
        Some(Transport::Closed) if url.scheme() == "https" && error.is_connect() => {
            Transport::Tls("the connection was closed while it was being encrypted".into())
        }
        Some(found) => found,
        None => Transport::Unreachable(chain(error)),
    }
}

fn of_io(error: &io::Error) -> Option<Transport> {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionRefused => Some(Transport::Refused),
        Kind::ConnectionReset
        | Kind::ConnectionAborted
        | Kind::BrokenPipe
        | Kind::UnexpectedEof => Some(Transport::Closed),
        _ => error
            .raw_os_error()
            .map(|_| Transport::Unreachable(error.to_string())),
    }
}

fn of_hyper(error: &hyper::Error) -> Option<Transport> {
    let is_without_cause = error.source().is_none();
    if error.is_incomplete_message()
        || error.is_closed()
        || (error.is_canceled() && is_without_cause)
    {
        Some(Transport::Closed)
    } else if error.is_parse() || (is_without_cause && !error.is_user()) {
        // Without a cause it is the answer that came before the request: an SSH or mail server greets first.
        Some(Transport::NotHttp)
    } else {
        None
    }
}

/// The innermost cause in words; the outer ones name the URL, and with it the signature.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// The system's resolver, with an error that can be told from others.
struct Resolver;

#[derive(Debug, thiserror::Error)]
#[error("the name `{0}` could not be resolved")]
struct NotResolved(String);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let name = name.as_str();
            let found = tokio::net::lookup_host((name, 0)).await;
            let found: Vec<SocketAddr> = found.map(Iterator::collect).unwrap_or_default();
            if found.is_empty() {
                return Err(NotResolved(name.to_owned()).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
