//! The requests of a load: written into the same buffers again, signed and sealed message by message.

use std::fmt::Write as _;

use echostr_protocol::{encrypted_part, seal};

use super::Load;
use super::mix::Kind;
use crate::push::{Mode, Sealing, now};

/// What the answer to a message is compared with.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) kind: Kind,
    pub(super) follower: String,
    /// The text or the media id; empty when the kind has neither.
    pub(super) content: String,
}

/// A request, ready to be sent.
pub(super) struct Request<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) sent: Sent,
}

/// Writes requests.
pub(super) struct Requests<'a> {
    load: &'a Load,
    /// No other run has ids from here on: a server takes nothing for a repeat.
    first_id: u64,
    /// `POST /path?query&`
    start: String,
    /// The lines of the head that are always the same.
    head: String,
    document: String,
    request: String,
}

impl<'a> Requests<'a> {
    pub(super) fn new(load: &'a Load, first_id: u64) -> Self {
        let url = &load.platform.url;
        let query = url.query().map(|query| format!("{query}&"));
        let host = url.host_str().unwrap_or_default();
        let port = url.port().map(|port| format!(":{port}"));
        Self {
            load,
            first_id,
            start: format!("POST {}?{}", url.path(), query.unwrap_or_default()),
            head: format!(
                " HTTP/1.1\r\nhost: {host}{}\r\nuser-agent: Mozilla/4.0\r\naccept: */*\r\ncontent-type: text/xml\r\n",
                port.unwrap_or_default()
            ),
            document: String::new(),
            request: String::new(),
        }
    }

    /// The message with this number.
    pub(super) fn write(&mut self, number: u64) -> Request<'_> {
        let sent = self.sent(number);
        let now = now();
        self.write_document(number, &sent, now);
        let (timestamp, nonce) = (now.to_string(), (2_000_000_000 + number).to_string());
        let platform = &self.load.platform;
        let signature = platform.token.signature(&timestamp, &nonce);
        let Self {
            start,
            head,
            document,
            request,
            ..
        } = self;
        request.clear();
        let _ = write!(
            request,
            "{start}signature={signature}&timestamp={timestamp}&nonce={nonce}&openid={}",
            sent.follower
        );
        let (before, after) = match &platform.mode {
            Mode::Plain => ("", ""),
            Mode::Safe(_) => ("", "</xml>"),
            // The encrypted copy stands beside the clear children.
            Mode::Compatible(_) => (
                document.strip_suffix("</xml>").unwrap_or_default(),
                "</xml>",
            ),
        };
        match platform.mode.sealing() {
            None => {
                let _ = write!(
                    request,
                    "{head}content-length: {}\r\n\r\n{document}",
                    document.len()
                );
            }
            Some(Sealing { key, app_id }) => {
                let random = rand::random();
                let token = &platform.token;
                let sealed = seal(key, token, app_id, document, random, now, &nonce);
                let encrypt = encrypted_part(sealed.as_bytes()).unwrap_or_default();
                let msg_signature = token.msg_signature(&timestamp, &nonce, &encrypt);
                let to = &platform.gh_id;
                let envelope = match before {
                    "" => format!(
                        "<xml><ToUserName><![CDATA[{to}]]></ToUserName>\n<Encrypt><![CDATA[{encrypt}]]></Encrypt>\n{after}"
                    ),
                    clear => format!("{clear}<Encrypt><![CDATA[{encrypt}]]></Encrypt>\n{after}"),
                };
                let _ = write!(
                    request,
                    "&encrypt_type=aes&msg_signature={msg_signature}{head}content-length: {}\r\n\r\n{envelope}",
                    envelope.len()
                );
            }
        }
        Request {
            bytes: self.request.as_bytes(),
            sent,
        }
    }

    /// What is sent: every text and media id is another one, so that answers cannot be mixed up unnoticed. So is every
    /// `EventKey`: an event has no id, and two alike in one second are a repeat.
    fn sent(&self, number: u64) -> Sent {
        let kind = self.load.mix.kind(number);
        // Followers come in no order.
        let follower = number.wrapping_mul(7919) % u64::from(self.load.followers.max(1));
        Sent {
            kind,
            follower: format!("oEchostr-load-{follower:014}"),
            content: match kind {
                Kind::Text => format!("第 {number} 条，请问今天营业到几点，周末开门吗？"),
                Kind::Image | Kind::Voice => format!("load-media-{}-{number}", self.first_id),
                Kind::Event | Kind::Subscribe => String::new(),
            },
        }
    }

    fn write_document(&mut self, number: u64, sent: &Sent, now: i64) {
        let document = &mut self.document;
        document.clear();
        let Sent {
            kind,
            follower,
            content,
        } = sent;
        let _ = write!(
            document,
            "<xml><ToUserName><![CDATA[{}]]></ToUserName>\n<FromUserName><![CDATA[{follower}]]></FromUserName>\n\
             <CreateTime>{now}</CreateTime>\n",
            self.load.platform.gh_id
        );
        let _ = match kind {
            Kind::Text => write!(
                document,
                "<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[{content}]]></Content>\n"
            ),
            Kind::Image => write!(
                document,
                "<MsgType><![CDATA[image]]></MsgType>\n<PicUrl><![CDATA[http://mmbiz.qpic.cn/{number}]]></PicUrl>\n\
                 <MediaId><![CDATA[{content}]]></MediaId>\n"
            ),
            Kind::Voice => write!(
                document,
                "<MsgType><![CDATA[voice]]></MsgType>\n<Format><![CDATA[amr]]></Format>\n\
                 <MediaId><![CDATA[{content}]]></MediaId>\n"
            ),
            Kind::Event => write!(
                document,
                "<MsgType><![CDATA[event]]></MsgType>\n<Event><![CDATA[CLICK]]></Event>\n\
                 <EventKey><![CDATA[load-{number}]]></EventKey>\n"
            ),
            Kind::Subscribe => write!(
                document,
                "<MsgType><![CDATA[event]]></MsgType>\n<Event><![CDATA[subscribe]]></Event>\n\
                 <EventKey><![CDATA[qrscene_{number}]]></EventKey>\n"
            ),
        };
        let _ = match kind {
            Kind::Text | Kind::Image | Kind::Voice => write!(
                document,
                "<MsgId>{}</MsgId>\n</xml>",
                self.first_id + number
            ),
            Kind::Event | Kind::Subscribe => write!(document, "</xml>"),
        };
    }
}
