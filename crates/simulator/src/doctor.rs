//! Plays the platform against a running address and says what is wrong with it, most likely reason first.
//!
//! The reasons are those behind 「Token验证失败」 and 「该公众号提供的服务出现故障」. Which one it is, is judged by what came
//! back, so that an owner who is no programmer knows what to change.

mod fault;
mod report;
mod slow;

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use echostr_protocol::Reply;

pub use self::fault::{Fault, Seconds};
pub use self::report::{Finding, Line, Note, Reason, Report, Step, StepKind, Verdict, write_body};
pub use self::slow::{SLOW, SLOW_ANSWER, SLOW_FOLLOWER, SLOW_TEXT};

use crate::judge::{Cause, Shown, is_html, is_json};
use crate::push::{Envelope, Greeting, Handshake, Mode, Outcome, Platform, Push};
use crate::transport::{Answer, Exchange, Transport};

/// What the doctor writes as a follower.
pub const TEXT: &str = "回音体检 Echostr doctor";

/// Examines the address of `platform`: a handshake, one whose nonce is short, one wrongly signed, a text, its repeat, and a text
/// whose answer is late on purpose.
///
/// After a failed step the others are left out, but for the wrong signature, which says nothing about pushes.
/// They are real pushes, of [`TEXT`] from [`FOLLOWER`](crate::FOLLOWER) and [`SLOW_TEXT`] from [`SLOW_FOLLOWER`] to [`Platform::gh_id`]; a server that compares
/// the latter with its account's has to be examined with the right one.
///
/// The handshake is waited for twice as long as the platform does, so that the report can say how long it took;
/// a text that gets no answer in three deliveries is pushed once more for the same reason. The worst case takes less
/// than two minutes, a server without fault some ten seconds.
pub async fn examine(platform: &Platform) -> Report {
    let mut visit = Visit::new(platform);
    if visit.handshake(StepKind::Handshake, Greeting::Right).await
        && visit
            .handshake(StepKind::ShortNonce, Greeting::ShortNonce)
            .await
    {
        let is_verified = visit.wrong_signature().await;
        let envelope = platform.envelope(&Push::text(TEXT));
        if let Some(shown) = visit.text(&envelope, is_verified).await
            && visit.repeat(&envelope, &shown, is_verified).await
        {
            visit.slow_answer(&shown, is_verified).await;
        }
        if !is_verified {
            visit.find(StepKind::WrongSignature, vec![Fault::NoVerification]);
        }
    }
    visit.report()
}

/// Why a handshake failed, most likely reason first; nothing when it passed.
pub(crate) fn why_no_handshake(platform: &Platform, handshake: &Handshake) -> Vec<Fault> {
    Visit::new(platform).of_handshake(handshake)
}

/// Why the answer to a push is no good, most likely reason first.
pub(crate) fn why_no_answer(platform: &Platform, cause: &Cause) -> Vec<Fault> {
    Visit::new(platform).of_push(cause, true)
}

struct Visit<'a> {
    platform: &'a Platform,
    mask: Mask,
    steps: Vec<Step>,
    findings: Vec<Finding>,
    notes: Vec<Note>,
}

impl<'a> Visit<'a> {
    fn new(platform: &'a Platform) -> Self {
        let notes = note_on_address(platform).into_iter().collect();
        Self {
            platform,
            mask: Mask::new(platform),
            steps: Vec::new(),
            findings: Vec::new(),
            notes,
        }
    }

    /// Whether it passed.
    async fn handshake(&mut self, kind: StepKind, greeting: Greeting) -> bool {
        let handshake = self
            .platform
            .greet(greeting, self.platform.clock.deadline * 2)
            .await;
        let faults = match self.of_handshake(&handshake) {
            // The handshake before this one passed: only the order of sorting is different.
            faults if kind == StepKind::ShortNonce && faults.contains(&Fault::WrongToken) => {
                vec![Fault::NumericSort]
            }
            faults => faults,
        };
        let got = match &handshake.exchange.answer {
            Ok(_) if handshake.passed() => {
                "200 · 原样返回 echostr · echostr as it was sent".to_owned()
            }
            answer => self.got(answer),
        };
        self.step(kind, &handshake.exchange, got, faults)
    }

    /// Whether the server looks at the signature.
    async fn wrong_signature(&mut self) -> bool {
        let kind = StepKind::WrongSignature;
        let handshake = self
            .platform
            .greet(Greeting::Forged, self.platform.clock.deadline * 2)
            .await;
        let answer = &handshake.exchange.answer;
        let is_verified = !answer
            .as_ref()
            .is_ok_and(|answer| answer.text().contains(&handshake.echostr));
        let got = match answer {
            Ok(answer) if !is_verified => format!(
                "{} · 仍然返回了 echostr · echostr all the same",
                answer.status
            ),
            Ok(answer) => format!(
                "{} · 没有返回 echostr（回音会在日志里记一行 bad_signature）· no echostr (Echostr's log gets a line with bad_signature)",
                answer.status
            ),
            Err(_) => self.got(answer),
        };
        self.step(kind, &handshake.exchange, got, vec![]);
        if !is_verified {
            // Its finding comes last: whatever else is wrong is what keeps the account from working.
            self.steps.last_mut().expect("just added").verdict = Verdict::Failed;
        }
        is_verified
    }

    /// What the follower sees, if that is no failure.
    async fn text(&mut self, envelope: &Envelope, is_verified: bool) -> Option<Shown> {
        let outcome = self.platform.post(envelope).await;
        let sealed = self.platform.mode.sealing().is_some();
        match &outcome.shown {
            Shown::Nothing => self.notes.push(if sealed {
                Note::SilentSealed
            } else {
                Note::Silent
            }),
            Shown::Answer { .. } if outcome.deliveries.len() > 1 => {
                self.notes
                    .push(Note::LateDelivery(outcome.deliveries.len()));
            }
            Shown::Answer { .. } | Shown::Failure(_) => {}
        }
        if outcome.shown == Shown::Failure(Transport::TimedOut.into()) {
            self.measure(is_verified).await;
            return None;
        }
        self.push_step(StepKind::Text, &outcome, is_verified)
            .then_some(outcome.shown)
    }

    /// Pushes a text of its own, once, and waits longer than the platform does: how late is the answer?
    async fn measure(&mut self, is_verified: bool) {
        let envelope = self.platform.envelope(&Push::text(TEXT));
        let exchange = self
            .platform
            .deliver_within(&envelope, self.platform.clock.deadline * 2)
            .await;
        let took = Seconds(exchange.took);
        let shown = self.platform.shown(&envelope, &exchange);
        let faults = match &shown {
            Shown::Failure(Cause::Transport(Transport::TimedOut)) => {
                vec![Fault::PushNoAnswer { waited: took }]
            }
            Shown::Failure(cause) => [
                vec![Fault::PushSlow { took }],
                self.of_push(cause, is_verified),
            ]
            .concat(),
            Shown::Answer { .. } | Shown::Nothing => vec![Fault::PushSlow { took }],
        };
        let got = format!(
            "{}（三次投递都已超时 · after three deliveries in vain）",
            self.got_shown(&shown, &exchange)
        );
        self.step(StepKind::Text, &exchange, got, faults);
    }

    /// Whether it was answered as before.
    async fn repeat(&mut self, envelope: &Envelope, before: &Shown, is_verified: bool) -> bool {
        let outcome = self.platform.post(envelope).await;
        let is_same = match (before, &outcome.shown) {
            (Shown::Answer { reply: a, .. }, Shown::Answer { reply: b, .. }) => a.reply == b.reply,
            (a, b) => a == b,
        };
        if is_same || matches!(outcome.shown, Shown::Failure(_)) {
            self.push_step(StepKind::Repeat, &outcome, is_verified)
        } else {
            let exchange = outcome
                .deliveries
                .last()
                .expect("there is at least one delivery");
            self.step(
                StepKind::Repeat,
                exchange,
                self.got_outcome(&outcome, exchange),
                vec![Fault::RepeatDiffers],
            )
        }
    }

    /// Whether the follower sees no failure.
    fn push_step(&mut self, kind: StepKind, outcome: &Outcome, is_verified: bool) -> bool {
        let faults = match &outcome.shown {
            Shown::Failure(cause) => self.of_push(cause, is_verified),
            Shown::Answer { .. } | Shown::Nothing => vec![],
        };
        let Some(exchange) = outcome.deliveries.last() else {
            return true;
        };
        self.step(kind, exchange, self.got_outcome(outcome, exchange), faults)
    }

    /// Writes a step down. Whether it went well.
    fn step(
        &mut self,
        kind: StepKind,
        exchange: &Exchange,
        got: String,
        faults: Vec<Fault>,
    ) -> bool {
        let verdict = if faults.is_empty() {
            Verdict::Ok
        } else {
            Verdict::Failed
        };
        self.steps.push(Step {
            kind,
            verdict,
            took: Some(exchange.took),
            got,
        });
        self.find(kind, faults);
        verdict == Verdict::Ok
    }

    fn find(&mut self, step: StepKind, faults: Vec<Fault>) {
        self.findings
            .extend(faults.into_iter().map(|fault| Finding { fault, step }));
    }

    fn report(mut self) -> Report {
        for kind in StepKind::ALL.into_iter().skip(self.steps.len()) {
            self.steps.push(Step {
                kind,
                verdict: Verdict::Skipped,
                took: None,
                got: String::new(),
            });
        }
        Report {
            address: self.mask.address(&self.platform.url),
            mode: self.platform.mode.name(),
            steps: self.steps,
            findings: self.findings,
            notes: self.notes,
        }
    }

    /// Why a handshake failed, most likely reason first; nothing when it passed.
    fn of_handshake(&self, handshake: &Handshake) -> Vec<Fault> {
        let exchange = &handshake.exchange;
        let answer = match &exchange.answer {
            Ok(answer) => answer,
            Err(Transport::TimedOut) => {
                return vec![Fault::HandshakeNoAnswer {
                    waited: Seconds(exchange.took),
                }];
            }
            Err(transport) => return vec![self.of_transport(transport)],
        };
        match answer.status {
            200 if handshake.passed() && exchange.took > self.platform.clock.deadline => {
                vec![Fault::HandshakeSlow {
                    took: Seconds(exchange.took),
                }]
            }
            200 if handshake.passed() => vec![],
            200 => of_echo(&answer.text(), &handshake.echostr),
            status @ 300..=399 => {
                vec![self.redirect(status, answer.location().unwrap_or_default())]
            }
            404 | 410 if is_html(&answer.text()) => vec![Fault::WrongRoute, Fault::WrongToken],
            404 | 410 => vec![Fault::WrongToken, Fault::WrongRoute],
            status @ (405 | 501) => vec![Fault::GetRefused { status }],
            status @ (401 | 403) => vec![Fault::WrongToken, Fault::Blocked { status }],
            status @ 502..=504 => vec![Fault::BadGateway { status }],
            status @ 500..=599 => vec![Fault::ServerError { status }],
            status if answer.text().contains(&handshake.echostr) => {
                vec![Fault::UnexpectedStatus { status }]
            }
            status => vec![Fault::WrongToken, Fault::UnexpectedStatus { status }],
        }
    }

    /// Why a push failed, most likely reason first.
    fn of_push(&self, cause: &Cause, is_verified: bool) -> Vec<Fault> {
        let is_plain = self.platform.mode == Mode::Plain;
        let clean = |text: &str| self.mask.clean(text);
        match cause {
            // All three deliveries in vain is measured elsewhere; here a repeat was.
            Cause::Transport(Transport::TimedOut) => {
                vec![Fault::PushNoAnswer {
                    waited: Seconds(self.platform.clock.deadline),
                }]
            }
            Cause::Transport(transport) => vec![self.of_transport(transport)],
            Cause::Redirect { status, location } => vec![self.redirect(*status, location)],
            &Cause::Status(status @ (404 | 405 | 410 | 501)) if is_verified => {
                vec![Fault::PostRouteMissing { status }]
            }
            // Whoever echoes for any signature has not yet shown that the tokens are the same.
            &Cause::Status(status @ (404 | 405 | 410 | 501)) => {
                vec![Fault::PostRouteMissing { status }, Fault::WrongToken]
            }
            &Cause::Status(status @ (401 | 403)) if !is_verified => {
                vec![Fault::WrongToken, Fault::PostBlocked { status }]
            }
            &Cause::Status(status @ (401 | 403)) if is_plain => vec![Fault::PostBlocked { status }],
            &Cause::Status(status @ (401 | 403)) => vec![
                Fault::PostBlocked { status },
                Fault::WrongKeyOrAppId { status },
            ],
            &Cause::Status(status @ 400) if is_plain => {
                vec![Fault::ModeDiffers { status }, Fault::BodyRefused { status }]
            }
            &Cause::Status(status @ 400) => vec![
                Fault::WrongKeyOrAppId { status },
                Fault::ModeDiffers { status },
            ],
            &Cause::Status(status @ (406 | 411 | 413 | 415 | 422)) => {
                vec![Fault::BodyRefused { status }]
            }
            &Cause::Status(status @ 502..=504) => vec![Fault::BadGateway { status }],
            &Cause::Status(status @ 500..=599) if is_plain => vec![Fault::ServerError { status }],
            &Cause::Status(status @ 500..=599) => vec![
                Fault::ServerError { status },
                Fault::WrongKeyOrAppId { status },
            ],
            &Cause::Status(status) => vec![Fault::UnexpectedStatus { status }],
            Cause::TooLarge => vec![Fault::ReplyTooLarge],
            Cause::ByteOrderMark => vec![Fault::ReplyByteOrderMark],
            Cause::LeadingBlank => vec![Fault::ReplyLeadingBlank],
            Cause::Json => vec![Fault::ReplyJson],
            Cause::Html => vec![Fault::ReplyHtml],
            Cause::NotXml => vec![Fault::ReplyPlainText],
            Cause::Malformed(why) => vec![Fault::ReplyMalformed { why: clean(why) }],
            Cause::Incomplete(why) => vec![Fault::ReplyIncomplete { why: clean(why) }],
            Cause::EmptyContent => vec![Fault::EmptyContent],
            &Cause::TooLong(bytes) => vec![Fault::TextTooLong { bytes }],
            Cause::NotSealed => vec![Fault::ReplyInClear],
            Cause::Sealed => vec![Fault::ReplySealed],
            Cause::BadMsgSignature if is_verified => vec![Fault::ReplyBadSignature],
            Cause::BadMsgSignature => vec![Fault::WrongToken, Fault::ReplyBadSignature],
            Cause::BadKey(_) => vec![Fault::WrongKey],
            Cause::BadAppId { found, expected } => {
                vec![Fault::WrongAppId {
                    found: clean(found),
                    expected: expected.clone(),
                }]
            }
            Cause::WrongTo { found, .. } => vec![Fault::WrongRecipient {
                found: clean(found),
            }],
            Cause::WrongFrom { found, .. } => vec![Fault::WrongSender {
                found: clean(found),
            }],
        }
    }

    fn of_transport(&self, transport: &Transport) -> Fault {
        match transport {
            Transport::NotResolved(host) => Fault::NameNotResolved { host: host.clone() },
            Transport::Refused => Fault::ConnectionRefused {
                port: self
                    .platform
                    .url
                    .port_or_known_default()
                    .unwrap_or_default(),
            },
            Transport::Closed => Fault::ConnectionClosed,
            Transport::Tls(why) => Fault::TlsFailed {
                why: self.mask.clean(why),
            },
            Transport::NoRoots => Fault::NoRoots,
            Transport::NotHttp => Fault::NotHttp,
            Transport::Unreachable(why) => Fault::Unreachable {
                why: self.mask.clean(why),
            },
            Transport::TimedOut => Fault::Unreachable {
                why: transport.to_string(),
            },
        }
    }

    /// Its query is ours, signature included: it is left out.
    fn redirect(&self, status: u16, location: &str) -> Fault {
        let location = match self.platform.url.join(location) {
            Ok(url) => self.mask.address(&url),
            Err(_) => self
                .mask
                .clean(location.split('?').next().unwrap_or_default()),
        };
        Fault::Redirect { status, location }
    }

    fn got_outcome(&self, outcome: &Outcome, exchange: &Exchange) -> String {
        let got = self.got_shown(&outcome.shown, exchange);
        match outcome.deliveries.len() {
            1 => got,
            n => format!("{got}（投递 {n} 次 · {n} deliveries）"),
        }
    }

    /// What came back from a push, in words.
    fn got_shown(&self, shown: &Shown, exchange: &Exchange) -> String {
        match (shown, &exchange.answer) {
            (Shown::Nothing, _) => {
                "200 · 不显示任何内容（success）· success, nothing is shown".into()
            }
            (Shown::Answer { reply, .. }, _) => format!("200 · {}", self.in_words(&reply.reply)),
            (Shown::Failure(_), Ok(answer)) if answer.text().contains("<Encrypt>") => {
                format!("{} · 加密的回复 · an encrypted reply", answer.status)
            }
            (Shown::Failure(_), answer) => self.got(answer),
        }
    }

    fn in_words(&self, reply: &Reply) -> String {
        match reply {
            Reply::Text(content) => format!("文本 · a text: {}", self.mask.excerpt(content)),
            Reply::Image(_) => "图片 · an image".into(),
            Reply::Voice(_) => "语音 · a voice message".into(),
            Reply::Video(_) => "视频 · a video".into(),
            Reply::Music(_) => "音乐 · a piece of music".into(),
            Reply::News(articles) => format!("图文 · articles: {}", articles.len()),
            Reply::TransferCustomerService(_) => {
                "转人工客服 · handed to the customer-service desk".into()
            }
            Reply::TransferBizAiIvr => "转平台智能回复 · handed to the platform's AI reply".into(),
            Reply::Silence => "不显示任何内容 · nothing is shown".into(),
        }
    }

    /// What came back, as it came.
    fn got(&self, answer: &Result<Answer, Transport>) -> String {
        let answer = match answer {
            Ok(answer) => answer,
            Err(transport) => return self.mask.clean(&in_chinese(transport)),
        };
        let location =
            answer
                .location()
                .map(|location| match self.redirect(answer.status, location) {
                    Fault::Redirect { location, .. } => format!(" → {location}"),
                    _ => String::new(),
                });
        let kind = if answer.content_type().is_empty() {
            String::new()
        } else {
            format!(" · {}", answer.content_type())
        };
        let body = match answer.text() {
            body if body.is_empty() => "空 · empty".to_owned(),
            body => self.mask.excerpt(&body),
        };
        self.mask.clean(&format!(
            "{}{}{kind} · {body}",
            answer.status,
            location.unwrap_or_default()
        ))
    }
}

/// The system's own words follow in the finding.
fn in_chinese(transport: &Transport) -> String {
    let chinese = match transport {
        Transport::TimedOut => "没有等到回答",
        Transport::NotResolved(_) => "域名解析不到地址",
        Transport::Refused => "连接被拒绝",
        Transport::Closed => "连接中途断开",
        Transport::Tls(_) => "HTTPS 连接失败",
        Transport::NoRoots => "本机没有根证书",
        Transport::NotHttp => "回答的不是 HTTP",
        Transport::Unreachable(_) => "连不上",
    };
    format!("{chinese} · {transport}")
}

/// What became of `echostr` in a response with status 200 that is not exactly it.
fn of_echo(body: &str, echostr: &str) -> Vec<Fault> {
    let is_blank = |text: &str| text.trim_start_matches('\u{feff}').trim().is_empty();
    match body.split_once(echostr) {
        Some(_) if is_html(body) => vec![Fault::EchostrInHtml],
        Some((before, after)) if is_blank(before) && is_blank(after) => match before {
            "" => vec![Fault::TrailingNewline],
            _ if before.contains('\u{feff}') => vec![Fault::ByteOrderMark],
            _ => vec![Fault::LeadingBlank],
        },
        Some((before, _)) if is_json(body.trim()) || before.ends_with('\'') => {
            vec![Fault::QuotedEchostr]
        }
        Some(_) => vec![Fault::ExtraOutput],
        None if is_html(body) => vec![Fault::HtmlPage],
        None if body
            .trim_matches('"')
            .trim()
            .parse::<f64>()
            .is_ok_and(|number| number > 1e17) =>
        {
            vec![Fault::ConvertedEchostr]
        }
        None if is_blank(body) => vec![Fault::WrongToken, Fault::WrongRoute],
        None => vec![Fault::WrongToken, Fault::UnexpectedAnswer],
    }
}

fn note_on_address(platform: &Platform) -> Option<Note> {
    let host = platform.url.host_str().unwrap_or_default();
    let is_local = match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => {
            address.is_loopback() || address.is_private() || address.is_link_local()
        }
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    };
    match (is_local, platform.url.port_or_known_default()) {
        (true, _) => Some(Note::LocalAddress),
        (false, Some(80 | 443) | None) => None,
        (false, Some(port)) => Some(Note::OtherPort(port)),
    }
}

/// Keeps the secrets out of the report: a server's error page may well show them.
struct Mask {
    secrets: Vec<String>,
}

impl Mask {
    fn new(platform: &Platform) -> Self {
        let mut secrets = vec![platform.token.expose().to_owned()];
        if let Some(sealing) = platform.mode.sealing() {
            // The last character of a key has four spellings.
            let mut key = STANDARD_NO_PAD.encode(sealing.key.expose());
            key.pop();
            secrets.push(key);
        }
        Self { secrets }
    }

    fn clean(&self, text: &str) -> String {
        self.secrets
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }

    /// The beginning, in quotes, with invisible characters made visible.
    fn excerpt(&self, text: &str) -> String {
        const SHOWN_CHARS: usize = 300;
        let text = self.clean(text);
        let shown: String = text.chars().take(SHOWN_CHARS).collect();
        let rest = if shown.len() < text.len() { " …" } else { "" };
        format!("{shown:?}{rest}")
    }

    /// An address without its query. In an open-access address the path holds the token.
    fn address(&self, url: &reqwest::Url) -> String {
        let path = self.clean(url.path());
        format!("{}{path}", url.origin().ascii_serialization())
    }
}
