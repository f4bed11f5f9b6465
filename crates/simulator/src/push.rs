//! The platform against a URL: handshake, pushes signed and sealed in the three modes, deliveries by its clock.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/guide/dev/push/> (read 2026-11-22)

mod forge;
mod kind;
mod menu;
mod ordinary;

use std::fmt;
use std::fmt::Write as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use echostr_protocol::{
    AppId, Document, EncodingAesKey, GhId, OpenId, Signature, Token, encrypted_part, seal,
};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use reqwest::Url;

pub use self::kind::{Accreditation, Authorization, MassSent, Published};
use crate::course::Course;
use crate::judge::{self, Shown};
use crate::transport::{self, Answer, Exchange, NotAnAddress, Request, Transport};

/// The original id that pushes carry unless another is set. No account has it, so a server can tell a trial by it.
pub const GH_ID: &str = "gh_000000000000";
/// The follower who writes unless another is named. Nobody has this OpenID.
pub const FOLLOWER: &str = "oEchostr-simulator-000000000";

/// The platform, with one account whose server configuration names one address.
#[derive(Debug, Clone)]
pub struct Platform {
    /// URL(服务器地址).
    pub url: Url,
    /// 令牌.
    pub token: Token,
    /// 消息加解密方式, with what it needs.
    pub mode: Mode,
    /// The account's original id, [`GH_ID`] unless set.
    pub gh_id: GhId,
    /// When a delivery is given up and how many there are.
    pub clock: Clock,
    /// How the deliveries of one push go.
    pub course: Course,
    /// How far a world's clock is ahead of that of the machine, in seconds.
    pub(crate) ahead_secs: i64,
    http: transport::Http,
}

/// How pushes are encrypted — 消息加解密方式.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// 明文模式: in clear, and so is the reply.
    Plain,
    /// 兼容模式: in clear and encrypted; the reply may be either.
    Compatible(Sealing),
    /// 安全模式: encrypted only, and so must be the reply.
    Safe(Sealing),
}

impl Mode {
    /// `plain`, `compatible` or `safe`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Compatible(_) => "compatible",
            Self::Safe(_) => "safe",
        }
    }

    /// What pushes are sealed with.
    pub fn sealing(&self) -> Option<&Sealing> {
        match self {
            Self::Plain => None,
            Self::Compatible(sealing) | Self::Safe(sealing) => Some(sealing),
        }
    }
}

/// What encrypted modes need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealing {
    /// 消息加解密密钥.
    pub key: EncodingAesKey,
    /// The account's AppID, which ends every encrypted document.
    pub app_id: AppId,
}

/// The platform's clock. The default is the real one; tests make it run faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// After this time without a complete response the connection is closed and the push repeated. 5 s.
    pub deadline: Duration,
    /// How many deliveries there are in all. 3.
    pub deliveries: usize,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            deliveries: 3,
        }
    }
}

/// A handshake and what came of it.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// The text that had to be answered.
    pub echostr: String,
    /// The request and its response.
    pub exchange: Exchange,
}

impl Handshake {
    /// Whether `echostr` came back, byte for byte and with status 200.
    pub fn passed(&self) -> bool {
        let answer = self.exchange.answer.as_ref();
        answer.is_ok_and(|answer| answer.status == 200 && answer.body == self.echostr.as_bytes())
    }
}

/// A push and what came of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// In the order in which they began.
    pub deliveries: Vec<Exchange>,
    /// What the follower sees: the first usable answer, or the last failure.
    pub shown: Shown,
}

/// What happens while a push is delivered.
#[derive(Debug, Clone, Copy)]
pub enum Moment<'a> {
    /// A delivery begins.
    Began {
        /// The first one is 1.
        n: usize,
        /// What is sent.
        request: &'a Request,
    },
    /// A delivery was answered, broke or was given up.
    Ended {
        /// The first one is 1.
        n: usize,
        /// What came of it.
        exchange: &'a Exchange,
    },
}

/// What kind of handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// As it should be; the nonce follows the timestamp in any order, that of numbers included.
    Right,
    /// Right as well, but the nonce is a single digit: it follows the timestamp as text and precedes it as a number.
    ShortNonce,
    /// The signature is that of another nonce.
    Forged,
}

impl Platform {
    /// The platform with an account in `mode` whose server configuration names `url`.
    ///
    /// # Errors
    /// When `url` is not one that the platform could call.
    pub fn new(url: &str, token: Token, mode: Mode) -> Result<Self, NotAnAddress> {
        let url = transport::address(url)?;
        let http = transport::Http::new(&url);
        Ok(Self {
            url,
            token,
            mode,
            gh_id: GH_ID.into(),
            clock: Clock::default(),
            course: Course::default(),
            ahead_secs: 0,
            http,
        })
    }

    /// What happens when somebody presses 提交 on the server configuration page.
    pub async fn handshake(&self) -> Handshake {
        self.greet(Greeting::Right, self.clock.deadline).await
    }

    pub(crate) async fn greet(&self, greeting: Greeting, deadline: Duration) -> Handshake {
        let timestamp = self.now().to_string();
        let nonce = match greeting {
            Greeting::Right | Greeting::Forged => nonce(),
            Greeting::ShortNonce => rand::random_range(2..=9).to_string(),
        };
        let signed_nonce = if greeting == Greeting::Forged {
            "forged"
        } else {
            &nonce
        };
        // 19 digits: above 2^53 and below 2^63, so that whoever takes it for a number is found out.
        let echostr = rand::random_range(1_000_000_000_000_000_000..9_000_000_000_000_000_000_u64)
            .to_string();
        let mut url = self.url.clone();
        url.query_pairs_mut()
            .append_pair(
                "signature",
                self.token.signature(&timestamp, signed_nonce).as_str(),
            )
            .append_pair("echostr", &echostr)
            .append_pair("timestamp", &timestamp)
            .append_pair("nonce", &nonce);
        let exchange = transport::exchange(&self.http, Request::get(url), deadline).await;
        Handshake { echostr, exchange }
    }

    /// Pushes, up to three times, and tells what the follower sees.
    pub async fn push(&self, push: &Push) -> Outcome {
        self.post(&self.envelope(push)).await
    }

    /// Delivers an envelope as [`Platform::push`] does. A second call is a repeat: the body is the same.
    ///
    /// Any failure causes the next delivery; which ones do at the real platform is not established.
    pub async fn post(&self, envelope: &Envelope) -> Outcome {
        self.post_watched(envelope, |_| {}).await
    }

    /// As [`Platform::post`], and tells what happens when it does.
    pub async fn post_watched(
        &self,
        envelope: &Envelope,
        mut watch: impl FnMut(Moment<'_>) + Send,
    ) -> Outcome {
        let mut running = FuturesUnordered::new();
        let mut deliveries = Vec::new();
        let mut shown = None;
        let mut is_lost = false;
        let mut n_started = 0;
        let mut last_start = Instant::now();
        let n_deliveries = match self.course {
            Course::Forged(_) => 1,
            _ => self.clock.deliveries,
        };
        loop {
            let is_answered = matches!(shown, Some(Shown::Answer { .. } | Shown::Nothing));
            let may_start = n_started < n_deliveries && !is_answered;
            let wait = match self.course {
                _ if running.is_empty() => Duration::ZERO,
                Course::Overlapping(gap) => gap.saturating_sub(last_start.elapsed()),
                _ => Duration::MAX,
            };
            tokio::select! {
                Some((n, exchange)) = running.next() => {
                    let exchange: Exchange = exchange;
                    let loses = !is_lost && match self.course {
                        Course::FirstLost(_) => deliveries.is_empty(),
                        Course::ResponseLost => exchange.answer.is_ok(),
                        _ => false,
                    };
                    if loses {
                        is_lost = true;
                        shown = Some(Shown::Failure(Transport::TimedOut.into()));
                    } else if !is_answered {
                        shown = Some(self.shown(envelope, &exchange));
                    }
                    watch(Moment::Ended { n, exchange: &exchange });
                    deliveries.push(exchange);
                }
                () = tokio::time::sleep(wait), if may_start => {
                    n_started += 1;
                    last_start = Instant::now();
                    let n = n_started;
                    let request = self.request(envelope);
                    watch(Moment::Began { n, request: &request });
                    let exchange = self.exchange(request, n, is_lost);
                    running.push(async move { (n, exchange.await) });
                }
                else => break,
            }
        }
        deliveries.sort_by_key(|exchange| exchange.start);
        Outcome {
            deliveries,
            shown: shown.unwrap_or(Shown::Failure(Transport::TimedOut.into())),
        }
    }

    /// The `n`th delivery, as the course has it.
    async fn exchange(&self, request: Request, n: usize, was_lost: bool) -> Exchange {
        let deadline = self.clock.deadline;
        match self.course {
            Course::FirstLost(after) if n == 1 => {
                transport::exchange(&self.http, request, after.min(deadline)).await
            }
            Course::Slow(by) => transport::slow(&self.http, request, deadline, by).await,
            Course::ResponseLost => {
                let exchange = transport::exchange(&self.http, request, deadline).await;
                if exchange.answer.is_ok() && !was_lost {
                    // Nobody tells the platform that something is lost: it waits on.
                    tokio::time::sleep_until((exchange.start + deadline).into()).await;
                }
                exchange
            }
            _ => transport::exchange(&self.http, request, deadline).await,
        }
    }

    /// One delivery. Dropping the future closes the connection, as when the platform gives up.
    ///
    /// Each delivery is signed anew, over the same body: whether the real platform repeats timestamp and nonce is not
    /// established, and nobody should rely on it.
    pub async fn deliver(&self, envelope: &Envelope) -> Exchange {
        self.deliver_within(envelope, self.clock.deadline).await
    }

    pub(crate) async fn deliver_within(&self, envelope: &Envelope, deadline: Duration) -> Exchange {
        transport::exchange(&self.http, self.request(envelope), deadline).await
    }

    /// What the follower would see if this delivery were the one that counts.
    pub fn shown(&self, envelope: &Envelope, exchange: &Exchange) -> Shown {
        self.judged(envelope, &exchange.answer)
    }

    pub(crate) fn judged(&self, envelope: &Envelope, answer: &Result<Answer, Transport>) -> Shown {
        judge::shown(&self.token, &self.mode, envelope, answer)
    }

    /// Writes a push and, in the encrypted modes, seals it.
    pub fn envelope(&self, push: &Push) -> Envelope {
        self.enclosed(&self.document(push))
    }

    /// The document of a push, by the platform's clock.
    pub(crate) fn document(&self, push: &Push) -> String {
        let mut push = push.clone();
        push.created_at = push.created_at.saturating_add(self.skew_secs());
        push.document(&self.gh_id)
    }

    /// A document as it is pushed.
    pub(crate) fn enclosed(&self, document: &str) -> Envelope {
        let encrypt = self
            .mode
            .sealing()
            .map(|sealing| self.encrypt(sealing, document));
        let (to, from) = addressees(document);
        let body = self.body(document, to.as_str(), encrypt.as_deref());
        Envelope {
            body,
            encrypt,
            to,
            from,
        }
    }

    /// What stands in the request.
    fn body(&self, document: &str, to: &str, encrypt: Option<&str>) -> String {
        match (&self.mode, encrypt) {
            (Mode::Safe(_), Some(encrypt)) => {
                let to = Xml::text("ToUserName", to);
                Xml::group("xml", [to, Xml::text("Encrypt", encrypt)]).0
            }
            (_, Some(encrypt)) => match document.rsplit_once("</xml>") {
                Some((children, rest)) => {
                    format!("{children}{}</xml>{rest}", Xml::text("Encrypt", encrypt))
                }
                None => document.to_owned(),
            },
            (_, None) => document.to_owned(),
        }
    }

    fn encrypt(&self, Sealing { key, app_id }: &Sealing, document: &str) -> String {
        let sealed = seal(
            key,
            &self.token,
            app_id,
            document,
            rand::random(),
            now(),
            &nonce(),
        );
        encrypted_part(sealed.as_bytes())
            .expect("`seal` writes an `Encrypt`")
            .into_owned()
    }

    /// The request of one delivery, signed at this moment; a forged one if that is the course.
    pub fn request(&self, envelope: &Envelope) -> Request {
        if let Course::Forged(forgery) = self.course {
            return self.forged(envelope, forgery);
        }
        let (timestamp, nonce) = (self.now().to_string(), nonce());
        let signature = self.token.signature(&timestamp, &nonce);
        let encrypt = envelope.encrypt.as_deref();
        let msg_signature =
            encrypt.map(|encrypt| self.token.msg_signature(&timestamp, &nonce, encrypt));
        let url = self.signed(
            [&timestamp, &nonce, signature.as_str()],
            msg_signature.as_ref().map(Signature::as_str),
            envelope,
        );
        Request::post(url, envelope.body.clone())
    }

    /// The address with what proves where the request comes from.
    fn signed(
        &self,
        [timestamp, nonce, signature]: [&str; 3],
        msg_signature: Option<&str>,
        envelope: &Envelope,
    ) -> Url {
        let mut url = self.url.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("signature", signature)
            .append_pair("timestamp", timestamp)
            .append_pair("nonce", nonce)
            .append_pair("openid", envelope.from.as_str());
        if let Some(msg_signature) = msg_signature {
            query
                .append_pair("encrypt_type", "aes")
                .append_pair("msg_signature", msg_signature);
        }
        drop(query);
        url
    }

    /// By how much the platform's clock is ahead.
    fn skew_secs(&self) -> i64 {
        match self.course {
            Course::Skewed(secs) => secs,
            _ => 0,
        }
    }

    /// Unix seconds by the platform's clock.
    fn now(&self) -> i64 {
        now()
            .saturating_add(self.ahead_secs)
            .saturating_add(self.skew_secs())
    }
}

/// A push as it stands in the body of all its deliveries.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The body.
    pub body: String,
    /// The ciphertext in it, which `msg_signature` covers.
    pub encrypt: Option<String>,
    /// The original id in the push; the reply must come from it.
    pub to: GhId,
    /// The follower in the push; the reply must go there.
    pub from: OpenId,
}

pub(crate) fn addressees(document: &str) -> (GhId, OpenId) {
    let document = Document::parse(document.as_bytes()).unwrap_or_default();
    let text = |name: &str| {
        document
            .root()
            .child(name)
            .map(|element| element.text().to_owned())
            .unwrap_or_default()
    };
    (text("ToUserName").into(), text("FromUserName").into())
}

/// One push: a message that a follower sends, or an event. Pushed again, it is the same message, not a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The follower, [`FOLLOWER`] unless set.
    pub from: OpenId,
    /// Unix seconds; when the value was made, unless set.
    pub created_at: i64,
    /// The message's id, random unless set. Events have none.
    pub msg_id: Option<u64>,
    content: Content,
    /// When the value was made.
    made_at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Children(String),
    Raw(String),
}

impl Push {
    /// An ordinary message of any kind, with the children that it has beside the common ones.
    pub fn message(kind: &str, children: impl IntoIterator<Item = Xml>) -> Self {
        // As today's: 17 digits, above 2^53.
        let msg_id = Some(rand::random_range(
            20_000_000_000_000_000..30_000_000_000_000_000,
        ));
        Self {
            msg_id,
            ..Self::of(kind, children)
        }
    }

    /// An event, with the children that it has beside the common ones.
    pub fn event(name: &str, children: impl IntoIterator<Item = Xml>) -> Self {
        Self::of(
            "event",
            std::iter::once(Xml::text("Event", name)).chain(children),
        )
    }

    /// The whole document, for anything else. It is sent as it is: the other settings of the value do not touch it.
    pub fn xml(document: impl Into<String>) -> Self {
        Self {
            content: Content::Raw(document.into()),
            ..Self::of("", [])
        }
    }

    fn of(kind: &str, children: impl IntoIterator<Item = Xml>) -> Self {
        let mut content = Xml::text("MsgType", kind).0;
        content.extend(children.into_iter().map(|child| child.0));
        let now = now();
        Self {
            from: FOLLOWER.into(),
            created_at: now,
            msg_id: None,
            content: Content::Children(content),
            made_at: now,
        }
    }

    /// The same push at this moment of another clock, unless its moment was set.
    pub(crate) fn at(mut self, now: i64) -> Self {
        if self.created_at == self.made_at {
            self.created_at = now;
        }
        self
    }

    /// The same push by another follower.
    #[must_use]
    pub fn by(self, follower: impl Into<OpenId>) -> Self {
        Self {
            from: follower.into(),
            ..self
        }
    }

    /// The document in the platform's form.
    pub(crate) fn document(&self, to: &GhId) -> String {
        let children = match &self.content {
            Content::Raw(document) => return document.clone(),
            Content::Children(children) => children,
        };
        let mut document = String::from("<xml>");
        let to = Xml::text("ToUserName", to.as_str());
        let (from, created_at) = (
            Xml::text("FromUserName", self.from.as_str()),
            Xml::number("CreateTime", self.created_at),
        );
        let _ = write!(document, "{to}\n{from}\n{created_at}\n{children}");
        if let Some(msg_id) = self.msg_id {
            let _ = write!(document, "\n{}", Xml::number("MsgId", msg_id));
        }
        document + "\n</xml>"
    }
}

/// One element of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xml(String);

impl Xml {
    /// Text in CDATA. `]]>` is split over two sections, and what XML cannot hold is left out.
    pub fn text(name: &str, text: &str) -> Self {
        let legal: String = text
            .chars()
            .filter(|character| is_legal(*character))
            .collect();
        Self(format!(
            "<{name}><![CDATA[{}]]></{name}>",
            legal.replace("]]>", "]]]]><![CDATA[>")
        ))
    }

    /// A number, which the platform writes without CDATA.
    pub fn number(name: &str, number: impl fmt::Display) -> Self {
        Self(format!("<{name}>{number}</{name}>"))
    }

    /// An element of elements.
    pub fn group(name: &str, children: impl IntoIterator<Item = Self>) -> Self {
        let children: String = children.into_iter().map(|child| child.0).collect();
        Self(format!("<{name}>{children}</{name}>"))
    }
}

impl fmt::Display for Xml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether XML can hold it.
pub(crate) fn is_legal(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..)
}

/// Unix seconds.
pub(crate) fn now() -> i64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}

/// Unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

/// A random number of ten digits that follows any timestamp, as text and as a number.
fn nonce() -> String {
    rand::random_range(2_000_000_000..=u32::MAX).to_string()
}
