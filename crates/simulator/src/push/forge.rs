//! What a stranger sends who does not know the account's secrets.

use super::{Envelope, Platform, Push, Sealing, Xml, nonce};
use crate::course::Forgery;
use crate::transport::{self, Exchange, Request};

impl Platform {
    /// Sends what a stranger could in place of this envelope. [`Forgery::is_refused`] tells whether the server noticed.
    pub async fn forge(&self, envelope: &Envelope, forgery: Forgery) -> Exchange {
        let request = self.forged(envelope, forgery);
        transport::exchange(&self.http, request, self.clock.deadline).await
    }

    pub(super) fn forged(&self, envelope: &Envelope, forgery: Forgery) -> Request {
        let (timestamp, nonce) = (self.now().to_string(), nonce());
        let mut signature = self.token.signature(&timestamp, &nonce);
        let encrypt = envelope.encrypt.as_deref().unwrap_or_default();
        let mut msg_signature = self.token.msg_signature(&timestamp, &nonce, encrypt);
        let mut body = envelope.body.clone();
        let mut is_sealed = envelope.encrypt.is_some();
        match forgery {
            Forgery::Signature => {
                signature = self.token.signature(&timestamp, "forged");
                msg_signature = self.token.msg_signature(&timestamp, "forged", encrypt);
            }
            Forgery::MsgSignature => {
                msg_signature = self.token.msg_signature(&timestamp, "forged", encrypt);
            }
            Forgery::OtherBody | Forgery::ClearBody => {
                let to = Xml::text("ToUserName", envelope.to.as_str());
                let push = Push::text("伪造 · forged").by(envelope.from.clone());
                let document = push.document(&envelope.to);
                is_sealed = is_sealed && forgery == Forgery::OtherBody;
                body = match self.mode.sealing() {
                    Some(sealing) if is_sealed => {
                        let key = "0".repeat(43).parse();
                        let stranger = Sealing {
                            key: key.expect("43 characters of base64"),
                            app_id: sealing.app_id.clone(),
                        };
                        let encrypt = Xml::text("Encrypt", &self.encrypt(&stranger, &document));
                        Xml::group("xml", [to, encrypt]).0
                    }
                    _ => document,
                };
            }
        }
        let url = self.signed(
            [&timestamp, &nonce, signature.as_str()],
            is_sealed.then(|| msg_signature.as_str()),
            envelope,
        );
        Request::post(url, body)
    }
}
