//! The straightforward way: owned fields, one pass of quick-xml events, `sha1`, `aes`, `cbc` and `base64` as they come.
//! It stands here to be compared with and is not to be made faster or slower.
#![expect(clippy::assigning_clones, reason = "that is the straightforward way")]

use aes::cipher::{Block, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quick_xml::Reader;
use quick_xml::events::Event;
use sha1::{Digest, Sha1};

pub(crate) fn plain(token: &str, query: &Query<'_>, body: &str, now: i64) -> String {
    assert_eq!(
        sign(&[token, query.timestamp, query.nonce]),
        query.signature
    );
    render(&Message::parse(body), now)
}

pub(crate) struct Safe<'a> {
    pub(crate) token: &'a str,
    pub(crate) key: &'a [u8; 32],
    pub(crate) app_id: &'a str,
}

impl Safe<'_> {
    pub(crate) fn answer(
        &self,
        query: &Query<'_>,
        body: &str,
        random: [u8; 16],
        now: i64,
    ) -> String {
        assert_eq!(
            sign(&[self.token, query.timestamp, query.nonce]),
            query.signature
        );
        let encrypt = Message::parse(body).encrypt;
        assert_eq!(
            sign(&[self.token, query.timestamp, query.nonce, &encrypt]),
            query.msg_signature
        );
        let document = self.decrypt(&encrypt);
        let reply = render(&Message::parse(&document), now);
        let encrypt = self.encrypt(&reply, random);
        let (now, nonce) = (now.to_string(), "1995701966");
        let signature = sign(&[self.token, &now, nonce, &encrypt]);
        format!(
            "<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt><MsgSignature><![CDATA[{signature}]]></MsgSignature>\
             <TimeStamp>{now}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
        )
    }

    fn decrypt(&self, encrypt: &str) -> String {
        let mut buffer = STANDARD.decode(encrypt).expect("base64");
        let (blocks, _) = Block::<aes::Aes256>::slice_as_chunks_mut(&mut buffer);
        cbc::Decryptor::<aes::Aes256>::new_from_slices(self.key, &self.key[..16])
            .expect("lengths")
            .decrypt_blocks(blocks);
        let padding = usize::from(*buffer.last().expect("not empty"));
        buffer.truncate(buffer.len() - padding);
        let length = u32::from_be_bytes(buffer[16..20].try_into().expect("four bytes")) as usize;
        assert_eq!(&buffer[20 + length..], self.app_id.as_bytes());
        String::from_utf8(buffer[20..20 + length].to_vec()).expect("UTF-8")
    }

    fn encrypt(&self, document: &str, random: [u8; 16]) -> String {
        let mut buffer = random.to_vec();
        buffer.extend(u32::try_from(document.len()).expect("short").to_be_bytes());
        buffer.extend(document.as_bytes());
        buffer.extend(self.app_id.as_bytes());
        let padding = 32 - buffer.len() % 32;
        buffer.extend(std::iter::repeat_n(
            u8::try_from(padding).expect("1 to 32"),
            padding,
        ));
        let (blocks, _) = Block::<aes::Aes256>::slice_as_chunks_mut(&mut buffer);
        cbc::Encryptor::<aes::Aes256>::new_from_slices(self.key, &self.key[..16])
            .expect("lengths")
            .encrypt_blocks(blocks);
        STANDARD.encode(buffer)
    }
}

/// The parameters of the URL, as a web framework gives them.
pub(crate) struct Query<'a> {
    pub(crate) signature: &'a str,
    pub(crate) timestamp: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) msg_signature: &'a str,
}

fn sign(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    let digits = b"0123456789abcdef";
    let mut hex = String::with_capacity(40);
    for byte in Sha1::digest(parts.concat()) {
        hex.push(char::from(digits[usize::from(byte >> 4)]));
        hex.push(char::from(digits[usize::from(byte & 15)]));
    }
    hex
}

#[derive(Default)]
struct Message {
    to: String,
    from: String,
    created_at: String,
    kind: String,
    content: String,
    id: String,
    encrypt: String,
}

impl Message {
    fn parse(body: &str) -> Self {
        let mut message = Self::default();
        let mut reader = Reader::from_str(body);
        let mut name = String::new();
        let mut text = String::new();
        loop {
            match reader.read_event().expect("well-formed") {
                Event::Start(start) => {
                    name = start.name().as_ref().to_owned();
                    text.clear();
                }
                Event::Text(piece) => text.push_str(&piece.into_inner()),
                Event::CData(piece) => text = piece.into_inner().into_owned(),
                Event::End(_) => {
                    match name.as_str() {
                        "ToUserName" => message.to = text.trim().to_owned(),
                        "FromUserName" => message.from = text.trim().to_owned(),
                        "CreateTime" => message.created_at = text.trim().to_owned(),
                        "MsgType" => message.kind = text.trim().to_owned(),
                        "Content" => message.content = text.clone(),
                        "MsgId" => message.id = text.trim().to_owned(),
                        "Encrypt" => message.encrypt = text.clone(),
                        _ => {}
                    }
                    name.clear();
                }
                Event::Eof => return message,
                _ => {}
            }
        }
    }
}

fn render(message: &Message, now: i64) -> String {
    assert_eq!((message.kind.as_str(), message.id.len()), ("text", 17));
    assert!(!message.created_at.is_empty());
    format!(
        "<xml><ToUserName><![CDATA[{}]]></ToUserName><FromUserName><![CDATA[{}]]></FromUserName>\
         <CreateTime>{now}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{}]]></Content></xml>",
        message.from,
        message.to,
        message.content.replace("]]>", "]]]]><![CDATA[>")
    )
}
