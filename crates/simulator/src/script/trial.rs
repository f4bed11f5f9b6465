//! What no follower does: a handshake, which has to succeed, and a forgery, which has to be refused.

use echostr_protocol::OpenId;

use crate::course::Forgery;
use crate::push::{Platform, Push};
use crate::simulator::Sent;

/// Nothing is sent that anybody would see; what is wrong, line by line.
type Tried = Result<Vec<Sent>, Vec<String>>;

pub(super) async fn handshake(platform: &Platform) -> Tried {
    let handshake = platform.handshake().await;
    if handshake.passed() {
        return Ok(Vec::new());
    }
    let found = match &handshake.exchange.answer {
        Ok(answer) => {
            let body: String = answer.text().chars().take(200).collect();
            format!("+ HTTP {}: {body}", answer.status)
        }
        Err(error) => format!("+ {error}"),
    };
    Err(vec![format!("- HTTP 200: {}", handshake.echostr), found])
}

pub(super) async fn forge(platform: &Platform, open_id: &OpenId, forgery: Forgery) -> Tried {
    if !forgery.can_be_told(&platform.mode) {
        let why = "明文模式保护不了内容，看不出伪造 · in plain mode nothing protects the body: a server cannot tell";
        return Err(vec![why.into()]);
    }
    let envelope = platform.envelope(&Push::text("你好").by(open_id.clone()));
    let exchange = platform.forge(&envelope, forgery).await;
    if Forgery::is_refused(&exchange) {
        return Ok(Vec::new());
    }
    let found = match &exchange.answer {
        Ok(answer) => format!("+ HTTP {}", answer.status),
        Err(error) => format!("+ {error}"),
    };
    Err(vec![format!("- HTTP {}", forgery.right_status()), found])
}
